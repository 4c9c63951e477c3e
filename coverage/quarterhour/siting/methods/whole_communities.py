"""Capacity with communities served whole: sites of the shared question, then a generalised assignment to them.

If communities may be shared out among sites no choice can be worse, and that question has engines of its own: its bound
holds here too, and its sites are good ones. Which communities then go whole to which of these few sites is a small
program (a generalised assignment). What that leaves open goes to the general integer program, which begins there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np

from quarterhour.base.arrays import BoolArray
from quarterhour.siting.methods.general.goal_search import GoalSearch
from quarterhour.siting.methods.general.model import Model
from quarterhour.siting.question.bounds import GoalResult
from quarterhour.siting.question.evaluate import Choice, Measure
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.least_load import asks_least_load
from quarterhour.siting.question.problem import Goal
from quarterhour.siting.question.search import SearchBudget, SearchResult

_SHARED, _ASSIGNED = 0.5, 0.25
"""Of the time left: for the question whose communities may be shared out, for who goes where at its sites."""
_MOST_TRIED = 4


class Method(Protocol):
    """A search for one goal; None where the question is not of its kind."""

    def __call__(
        self, rules: QuestionRules, goal: Goal, start: Choice | None, /, *, budget: SearchBudget
    ) -> GoalResult | None: ...


def serves_whole_communities(rules: QuestionRules, goal: Goal) -> bool:
    """Whether communities are served whole, as many as they have people, and a goal is a sum."""
    problem = rules.measure.problem
    if problem.capacity is None or problem.capacity.split or goal.objective in ("min-worst", "equity", "gini"):
        return False
    if asks_least_load(problem) or any(g.people for g in (goal, *(g for g, _ in rules.attained))):
        return False
    return bool((problem.load.to_numpy() == problem.demand.to_numpy()).all())


def solve_whole_communities(
    rules: QuestionRules, goal: Goal, start: Choice | None, model: Callable[[], Model], method: Method, *,
    budget: SearchBudget,
) -> GoalResult:  # fmt: skip
    """The answer; ``start``: a choice that holds, if one is known. ``method``: for the question with communities shared
    out.
    """
    shared, tried = _shared(rules, goal, start, method, budget.share(_SHARED))
    if shared.infeasible:
        return SearchResult(None, None, 0, shared.proved_by, shared.nodes, infeasible=True)
    search = GoalSearch(model(), goal, rules, budget=budget)
    search.best.tighten(shared.bound, by=shared.proved_by)
    search.nodes = shared.nodes
    if start is not None:
        search.take(start)
        tried.append(start.opened)
    for opened in tried:
        if not search.best.is_optimal and not budget.over():
            _assign(search, opened)
    return search.run(search.best.choice)


def _shared(
    rules: QuestionRules, goal: Goal, start: Choice | None, method: Method, budget: SearchBudget
) -> tuple[GoalResult, list[BoolArray]]:
    """The answer when communities may be shared out, and the sites of its last choices, the best first."""
    problem = rules.measure.problem
    assert problem.capacity is not None
    # Goals still to come may count another column, which cannot be shared out; who must be covered is as before.
    goals, coverage = (*(g for g, _ in rules.attained), goal), replace(problem.coverage, everyone=problem.everyone)
    capacity = replace(problem.capacity, split=True)
    measure = Measure(replace(problem, goals=goals, coverage=coverage, capacity=capacity))
    loose = QuestionRules(measure, rules.attained)
    start = start if start is not None and loose.hold(start) else None
    tried: list[BoolArray] = []

    def better(found: GoalResult) -> None:
        if found.choice is not None and (not tried or (tried[0] != found.choice.opened).any()):
            tried.insert(0, found.choice.opened)

    inner = replace(budget, progress=lambda _: None, incumbent=better)
    answer = method(loose, goal, start, budget=inner)
    if answer is None:
        answer = GoalSearch(Model(loose), goal, loose, budget=inner).run(start)
    better(answer)
    return answer, tried[:_MOST_TRIED]


def _assign(search: GoalSearch, opened: BoolArray) -> None:
    """Whom some open sites serve best; what holds is taken."""
    model = search.model
    program = model.program(search.attained_rows(), model.sum_of(search.goal), most=search.goal.most)
    sites = np.arange(len(model.free))
    lower, upper = program.lower.copy(), program.upper.copy()
    lower[sites] = upper[sites] = opened[model.free]
    fixed = replace(program, lower=lower, upper=upper)
    search.solve(fixed, whole=True, budget=search.budget.share(_ASSIGNED))
