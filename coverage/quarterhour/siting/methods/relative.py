"""A small relative of a question: of the same kind, some forty communities, answered in a moment.

Answering it compiles what the question itself will need, before the clock of its search begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.problem import Coverage, SitingProblem, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota

_COMMUNITIES, _SITES, _BUILT = 24, 12, 3
_FEWER = 8, 6, 2
"""The same where the general integer program is asked, whose kernels are few and whose root alone takes seconds."""
_WHOLE_GOALS = "max-cover", "min-time"
"""Goals that communities served whole have a method of their own for."""
_SEEDS = 4, 6
"""Of questions that no method answers at once: their gaps are open to the end, and rows and sites can be merged."""
_ALSO = {"min-sites": (3,)}
"""And by goal: one whose linear program falls short of the fewest sites, so that exchanges and a tree are asked too."""
_STANDARD, _NEAR, _FARTHEST = 30, 15, 75
"""Minutes: so that of each community two sites in five are within the standard."""
_YUAN = 100


@dataclass(frozen=True)
class Kind:
    """What decides which methods a question is answered by."""

    goals: tuple[str, ...]
    split: bool | None
    backup: int | None
    everyone: bool
    at_least: bool
    steps: bool
    budget: bool
    conflicts: bool
    quotas: bool


def kind_of(problem: SitingProblem) -> Kind:
    """The kind of a question."""
    capacity, coverage = problem.capacity, problem.coverage
    return Kind(
        tuple(dict.fromkeys(goal.objective for goal in problem.goals)),  # of several columns of people: one relative
        None if capacity is None else capacity.split,
        coverage.backup,
        problem.everyone,
        coverage.at_least > 0,
        not problem.plain,
        problem.budget.yuan is not None,
        len(problem.conflicts) > 0,
        len(problem.quotas) > 0,
    )


def relatives(kind: Kind) -> Iterator[tuple[Kind, int]]:
    """Kind and seed of the small relatives, which between them ask for all that a question of a kind may need.

    Those of each of its goals alone come first, so that kinds that share a goal share them.
    """
    for goal in kind.goals:
        for seed in (*_SEEDS, *_ALSO.get(goal, ())):
            yield replace(kind, goals=(goal,)), seed
    if len(kind.goals) > 1:
        yield kind, _SEEDS[0]


def small_relative(kind: Kind, seed: int) -> SitingProblem:
    """A question of a kind; always the same one for a seed."""
    whole = kind.split is False and kind.goals[0] not in _WHOLE_GOALS
    general = whole or kind.goals[0] in ("equity", "gini") or kind.backup is not None or kind.conflicts
    communities, count, most = _FEWER if general else (_COMMUNITIES, _SITES, _BUILT)
    rng = np.random.default_rng(seed)
    minutes = rng.integers(1, _FARTHEST, (communities, count)).astype(float)
    people = rng.integers(50, 2_000, communities)
    built = 2 * most if kind.everyone or kind.at_least else most
    sites = pd.DataFrame(
        {"cost_yuan": _YUAN, "capacity": int(people.sum()) // most}, index=[f"s{k}" for k in range(count)]
    )
    areas = pd.DataFrame({"town": np.where(np.arange(communities) % 2, "a", "b"), "county": "c"})
    standard = Standard(_STANDARD, ((_NEAR, 100), (_STANDARD, 60)) if kind.steps else ())
    return siting_from_matrix(
        minutes,
        people,
        sites=sites.assign(town=np.where(np.arange(count) % 2, "a", "b"), county="c"),
        areas=areas,
        within=standard,
        objective=kind.goals,
        new_sites=built,
        quotas=(Quota("town", ("a",), 1, built),) if kind.quotas else (),
        coverage=Coverage(
            backup=kind.backup, everyone=kind.everyone, at_least=int(people.sum()) // 2 if kind.at_least else 0
        ),
        budget=Budget(built * _YUAN if kind.budget else None),
        capacity=None if kind.split is None else Capacity(split=kind.split),
        conflicts=[["s0", "s1"]] if kind.conflicts else (),
    )
