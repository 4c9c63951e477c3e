"""Every set of sites keeps the rows of the question exactly when it keeps each rule as it is said."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from oracles.every_choice import ask, make
from quarterhour.siting.question.evaluate import Choice, Measure
from quarterhour.siting.question.feasible import QuestionRules

ON_SITES = ["quotas", "maximum", "tier quotas", "budget", "conflicts", "spacing", "existing", "required", "running"]


def keeps_each_rule(problem, opened):
    """Rule by rule, in the question's own words; minima of areas as far as there are sites for them."""
    stands = opened | problem.free
    built = opened & problem.sites["state"].ne("existing").to_numpy()
    if not stands.all() or (problem.new_sites is not None and built.sum() > problem.new_sites):
        return False
    if problem.budget.yuan is not None and problem.yuan[built].sum() > problem.budget.yuan:
        return False
    if any(opened[a] and opened[b] for a, b in problem.conflicts.tolist()):
        return False
    for quota in problem.quotas:
        area = problem.area_of[quota].to_numpy()
        for name in quota.areas:
            count, most = (opened & (area == name)).sum(), (area == name).sum()
            if count < min(quota.minimum, most) or (quota.maximum is not None and count > quota.maximum):
                return False
    return True


@pytest.mark.parametrize("seed", range(60))
def test_a_choice_keeps_the_rows_when_it_keeps_each_rule(seed):
    rng = np.random.default_rng([seed, 5])
    asked = make(seed, ["max-cover"], rng.permutation(ON_SITES)[: 1 + seed % 6].tolist())
    problem = ask(asked)
    rules = QuestionRules(Measure(problem))
    for some in itertools.product([False, True], repeat=len(problem.sites)):
        opened = np.array(some)
        assert rules.hold(Choice(opened)) == keeps_each_rule(problem, opened), (some, asked)
