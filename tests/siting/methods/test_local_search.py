"""Exchanges where coverage is more than one site in reach: within the rules, never worse, the best on small towns."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.siting.methods.general.local_search import improve_start
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.evaluate import Choice, Measure
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.problem import Coverage, Goal, Standard
from quarterhour.siting.question.rules import Budget, Quota
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.solve import solve_siting
from repeatable import examples

GOAL = Goal("max-cover")
STEPS = Standard(20, ((8, 100), (15, 60), (20, 30)))


def _ask(seed, rows=12, sites=8, **changed):
    rng = np.random.default_rng(seed)
    minutes = rng.integers(0, 30, (rows, sites)).astype(float)
    table = pd.DataFrame({"cost_yuan": rng.integers(1, 9, sites), "town": [f"T{k % 3}" for k in range(sites)]})
    asked = {"objective": "max-cover", "within": 20, "new_sites": 3, "sites": table, **changed}
    return siting_from_matrix(minutes, rng.integers(0, 40, rows), **asked)


QUESTIONS = [
    {"coverage": Coverage(backup=0)},
    {"coverage": Coverage(backup=50), "within": STEPS},
    {"within": STEPS, "budget": Budget(12)},
    {"coverage": Coverage(backup=30), "quotas": (Quota("town", ("T0", "T1", "T2"), 1, 2),)},
    {"coverage": Coverage(backup=0), "conflicts": (("0", "1", "2"), ("3", "4"))},
]


def _choices(rules):
    problem = rules.measure.problem
    free = np.flatnonzero(problem.free)
    for n in range(problem.new_sites + 1):
        for some in itertools.combinations(free, n):
            opened = ~problem.free
            opened[list(some)] = True
            if rules.hold(choice := Choice(opened)):
                yield choice


@examples(12, 300)
@given(st.integers(0, 10**6), st.sampled_from(QUESTIONS))
def test_what_is_found_keeps_the_rules_and_no_choice_beats_the_proof(seed, question):
    problem = _ask(seed, **question)
    rules = QuestionRules(Measure(problem))
    found = improve_start(rules, GOAL, None, budget=SearchBudget(seed=1))
    values = [rules.measure.value(c, GOAL) for c in _choices(rules)]
    if found is not None:
        assert rules.hold(found)
        assert rules.measure.value(found, GOAL) <= max(values)
    if values:
        plan = solve_siting(problem)
        verify_plan(problem, plan)
        assert (plan.status, plan.value) == ("optimal", max(values) / 10_000)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_start_is_never_made_worse_and_a_seed_gives_one_choice(question):
    problem = _ask(3, rows=80, sites=30, **question)
    rules = QuestionRules(Measure(problem))
    first, again = (improve_start(rules, GOAL, None, budget=SearchBudget(seed=2)) for _ in range(2))
    if first is not None:
        assert (first.opened == again.opened).all()
        later = improve_start(rules, GOAL, first, budget=SearchBudget(seed=5))
        assert rules.measure.value(later, GOAL) >= rules.measure.value(first, GOAL)


def test_two_sites_side_by_side_are_better_than_two_apart():
    """Greedy opens the site with most people first; with backup that only counts where another is in reach too."""
    minutes = np.array([[5, 25, 25, 25], [25, 5, 5, 25], [25, 5, 5, 25], [25, 25, 25, 5.0]])
    problem = siting_from_matrix(
        minutes, [100, 30, 30, 90], objective="max-cover", within=20, new_sites=2, coverage=Coverage(backup=0)
    )
    rules = QuestionRules(Measure(problem))
    apart = Choice(np.array([True, False, False, True]))
    found = improve_start(rules, GOAL, apart, budget=SearchBudget())
    assert found.opened.tolist() == [False, True, True, False]


def test_other_questions_keep_their_start():
    start = Choice(np.zeros(8, dtype=bool))
    for problem, goal in (
        (_ask(1, objective="min-sites"), Goal("min-sites")),
        (_ask(1, objective="min-time"), Goal("min-time")),
    ):
        assert improve_start(QuestionRules(Measure(problem)), goal, start, budget=SearchBudget()) is start


@examples(8, 200)
@given(st.integers(0, 10**6), st.sampled_from([*QUESTIONS, {"new_sites": 4}, {"quotas": (Quota("town", ("T1",), 2),)}]))
def test_areas_come_to_be_more_alike_within_the_rules_and_none_beats_the_proof(seed, question):
    areas = pd.DataFrame({"town": [f"T{k % 4}" for k in range(12)]}, index=[str(k) for k in range(12)])
    goal, problem = Goal("gini"), _ask(seed, objective="gini", areas=areas, **question)
    rules = QuestionRules(Measure(problem))
    choices = list(_choices(rules))
    values = [rules.measure.value(c, goal) for c in choices]
    if not choices:
        assert solve_siting(problem).status == "infeasible"
        return
    found = improve_start(rules, goal, choices[0], budget=SearchBudget(seed=1))
    assert rules.hold(found) and min(values) <= rules.measure.value(found, goal) <= values[0]
    plan = solve_siting(problem)
    verify_plan(problem, plan)
    assert (plan.status, plan.value) == ("optimal", min(values) / 1_000_000)
