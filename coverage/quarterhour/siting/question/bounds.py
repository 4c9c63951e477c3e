"""Bounds by counting: what no choice of sites beats, since not even all of them together would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from quarterhour.siting.question.evaluate import Choice, Exact, Measure
from quarterhour.siting.question.problem import Goal
from quarterhour.siting.question.quotas import least_for_quotas

Tell = Callable[[Choice, Exact, str], None]
"""Told each better choice that keeps all rules, what none can beat as far as known by then, and who proved that."""


@dataclass(frozen=True, eq=False)
class Answer:
    """A choice (None: none found) and what no choice can beat."""

    choice: Choice | None
    bound: Exact
    proved_by: str
    nodes: int = 0
    infeasible: bool = False


def easy_bound(measure: Measure, goal: Goal) -> Exact:
    """What no choice beats, since not even all sites together would."""
    problem = measure.problem
    if goal.objective == "gini":
        return 0
    required = problem.sites["state"].eq("required").to_numpy()
    if goal.objective == "min-sites":
        return int(required.sum()) + least_for_quotas(problem)
    if goal.objective == "min-cost":
        return int(problem.yuan[required].sum())
    free_for_all = Measure(replace(problem, capacity=None))
    return free_for_all.value(Choice(np.ones(len(problem.sites), dtype=np.bool_)), goal)


def better(goal: Goal, one: Exact | float, other: Exact | float) -> bool:
    """Whether one value is better than another."""
    return one > other if goal.most else one < other
