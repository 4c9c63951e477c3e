"""Bounds by counting: what no choice of sites beats, since not even all of them together would."""

from __future__ import annotations

import numpy as np

from quarterhour.siting.question.evaluate import Choice, Measure
from quarterhour.siting.question.problem import Goal
from quarterhour.siting.question.quotas import min_sites_for_quotas
from quarterhour.siting.question.search import Exact, SearchResult

GoalResult = SearchResult[Choice, Exact]
"""The best choice of a goal, as the whole question counts it."""


def counting_bound(measure: Measure, goal: Goal) -> Exact:
    """What no choice beats, since not even all sites together would."""
    problem = measure.problem
    if goal.objective == "gini":
        return 0
    required = problem.required
    if goal.objective == "min-sites":
        return int(required.sum()) + min_sites_for_quotas(problem)
    if goal.objective == "min-cost":
        return int(problem.yuan[required].sum())
    return measure.value(Choice(np.ones(len(problem.sites), dtype=np.bool_)), goal)


def is_better(goal: Goal, one: Exact | float, other: Exact | float) -> bool:
    """Whether one value is better than another."""
    return one > other if goal.most else one < other
