"""Proven plans: each goal of a question by the engine of its class, or by the generic model."""

from __future__ import annotations

import functools
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from quarterhour.base.arguments import takes
from quarterhour.base.arrays import BoolArray
from quarterhour.base.jit import COMPILED
from quarterhour.base.machine.stop import interrupts
from quarterhour.siting.explanation.causes import causes
from quarterhour.siting.explanation.needs import explained, needs
from quarterhour.siting.methods.capacity.today import as_it_stands, placed_today
from quarterhour.siting.methods.covering.adapter import greedy_start
from quarterhour.siting.methods.dispatch import solve_by_method
from quarterhour.siting.methods.general.goal_search import GoalSearch
from quarterhour.siting.methods.general.local_search import improve_start
from quarterhour.siting.methods.general.model import Model
from quarterhour.siting.methods.relative import Kind, kind_of, relatives, small_relative
from quarterhour.siting.methods.whole_communities import serves_whole_communities, solve_whole_communities
from quarterhour.siting.proof.assemble import Certificate, Proof, as_plan, certificate, no_plan
from quarterhour.siting.proof.checkpoint import Keeper
from quarterhour.siting.question.bounds import GoalResult, counting_bound
from quarterhour.siting.question.evaluate import Choice, Measure
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.plan import Reason, SitingPlan, Stopped
from quarterhour.siting.question.problem import Goal, SitingProblem
from quarterhour.siting.question.search import COUNTING, DEFAULT_SECONDS, SearchBudget, SearchResult, as_limits

Progress = Callable[[float], None]
"""Called with the share done, 0 to 1."""
AskingGoal = Callable[[SearchBudget, Goal, Sequence[Proof]], SearchBudget]
"""The budget with which a goal of a chain is searched, and who hears of it; the proofs are those of the goals before.
"""
_EACH = 0.7
"""Of the time, or work, left that a goal may take when others follow it."""
_TODAY = 0.1
"""Of the time, or work, for who goes whole to which site that stands today."""
_PREPARED = 3
"""Nodes of the search that compiles kernels."""
_NEARLY, _MOST_PAIRS = 1e-7, 300_000
"""Of a value, what an engine may leave open that the generic model, in questions of so many pairs, then looks at."""


@takes(problem=SitingProblem)
def solve_siting(
    problem: SitingProblem,
    *,
    seconds: float | None = None,
    nodes: int | None = None,
    rounds: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    keep: str | Path | None = None,
    found: Callable[[SitingPlan], None] | None = None,
    by_clock: Callable[[], object] | None = None,
) -> SitingPlan:
    """The best plan and its proof, goal by goal.

    Areas with too few admissible sites do not stop the rest: their minimum is lowered to what is
    possible, and the plan says so in ``unmet``. A search that ends by work (``nodes``, ``rounds``) and not by
    ``seconds`` gives the same plan for the same question on any machine; what ended it stands in ``stopped``.
    Ctrl-C gives the best plan so far with its bound; a second one ends as always.

    Parameters
    ----------
    problem : as ``as_problem`` makes it.
    seconds : time for the search; after it the best plan found comes with its bound. None: 60, or no limit where
        ``nodes`` or ``rounds`` are given. Kernels are compiled before it begins.
    nodes : of all search trees together, at most.
    rounds : every step of the search at most: rounds of exchange or of prices, programs solved, nodes.
    seed : of the solver.
    progress : called with the share done.
    keep : a file in which the best plan so far stands, verified and whole, at every moment.
    found : called with each better plan, verified, with the bound of that moment, and again as the bound moves.
    by_clock : called at the end where ``seconds`` ended any part of the search, so that another machine may find
        another plan.

    Returns
    -------
    A ``SitingPlan``: ``chosen``, ``value``, ``bound``, ``gap``, ``status``; where no plan exists, ``reasons``.

    Raises
    ------
    DataError : an argument is of another sort, or a limit that cannot be meant.

    Examples
    --------
    >>> import quarterhour as qh
    >>> plan = qh.solve_siting(qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=10, new_sites=1))
    >>> plan.chosen, plan.status, plan.value, plan.bound
    (('0',), 'optimal', 60.0, 60.0)
    """
    limits = as_limits(seconds, nodes, rounds, otherwise=DEFAULT_SECONDS)
    measure = Measure(problem)
    prepare_kernels(problem)
    with interrupts() as asked:
        budget = limits.budget(seed=seed, stop=asked.is_set, progress=progress or (lambda _: None))
        budget.progress(0.0)
        known = certificate(measure, seed, placed_before=_placed_before(problem, budget, asked))
        keeper = Keeper(known, budget, keep, found)
        plan = _solved(known, keeper.asking(budget), keeper, asked)
        budget.progress(1.0)
    if budget.work.by_clock and by_clock is not None:
        by_clock()
    return plan


def solve_or_stop(problem: SitingProblem, **asked: Any) -> SitingPlan:
    """As ``solve_siting``, for a search that is one of several: Ctrl-C ends them all, KeyboardInterrupt."""
    plan = solve_siting(problem, **asked)
    if plan.stopped == "interrupt":
        raise KeyboardInterrupt
    return plan


def prepare_kernels(problem: SitingProblem) -> None:
    """Compile what the search for a plan of such a question calls, once in a process: a small relative is answered.

    ``solve_siting`` does so before its clock begins; called on its own it tells when that is done.
    """
    if COMPILED:
        for kind, seed in relatives(kind_of(problem)):
            _prepare(kind, seed)


@functools.cache
def _prepare(kind: Kind, seed: int) -> None:
    budget = SearchBudget(nodes=_PREPARED, rounds=100 * _PREPARED)
    known = certificate(Measure(small_relative(kind, seed)), budget.seed)
    _solved(known, budget, Keeper(known, budget), threading.Event())


def _solved(known: Certificate, budget: SearchBudget, keeper: Keeper, asked: threading.Event) -> SitingPlan:
    problem = known.measure.problem
    reasons, by = causes(problem, known.measure), COUNTING
    rules = QuestionRules(known.measure)
    if not reasons:
        start = greedy_start(rules)
        reasons = () if start is not None or budget.over() else needs(rules, seconds=budget.left() / 4)
    if not reasons:
        choice, proofs, answer = solve_goals(rules, start, budget, keeper.asking_goal)
        stopped = _stopped(budget, asked, proofs, choice, known.measure)
        if choice is not None:
            plan = as_plan(known, choice, proofs, seconds=_spent(budget), stopped=stopped)
            keeper.write(plan)
            return plan
        by = answer.proved_by
        if not answer.infeasible:
            timed = budget.seconds < math.inf and not budget.work.by_count
            told = {"seconds": budget.seconds} if timed else {}
            reasons = (Reason("explanation.stopped" if timed else "explanation.stopped_by_work", told),)
            return no_plan(known, "no_plan", reasons, proved_by=by, seconds=_spent(budget), stopped=stopped)
        reasons = explained(rules)
    return no_plan(known, "infeasible", reasons, proved_by=by, seconds=_spent(budget))


def _placed_before(problem: SitingProblem, budget: SearchBudget, asked: threading.Event) -> int | None:
    """How many find a place at what stands today; of communities that are served whole, as many as were found."""
    if problem.capacity is None:
        return None
    if problem.capacity.split:
        return placed_today(problem)
    if not problem.existing.any():
        return 0
    known, inner = certificate(Measure(as_it_stands(problem)), budget.seed), budget.share(_TODAY).without_callbacks()
    return _solved(known, inner, Keeper(known, inner), asked).covered


def _spent(budget: SearchBudget) -> float:
    return time.perf_counter() - budget.begun


def _stopped(
    budget: SearchBudget, asked: threading.Event, proofs: list[Proof], choice: Choice | None, measure: Measure
) -> Stopped:
    """What ended the search before all was proven."""
    open_end = choice is None or any(measure.value(choice, p.goal) != p.bound for p in proofs)
    if not open_end:
        return ""
    work = budget.work
    return "interrupt" if asked.is_set() else "time" if work.by_clock else "work" if work.by_count else ""


# --- goal by goal -------------------------------------------------------------------------------


def solve_goals(
    rules: QuestionRules,
    choice: Choice | None,
    budget: SearchBudget,
    asking: AskingGoal,
    *,
    model: Callable[[], Model] | None = None,
) -> tuple[Choice | None, list[Proof], GoalResult]:
    """The best choice, goal by goal, what was proved about each, and the answer of the last goal that was asked.

    ``choice``: one that holds, if it is known. ``asking``: the budget of a goal, those before it proved.
    ``model``: the general program of the question, where several searches share it; what ``rules`` have attained is
    no part of it.
    """
    measure = rules.measure
    proofs: list[Proof] = []
    model = model or functools.cache(lambda: Model(QuestionRules(measure)))
    answer: GoalResult = SearchResult(None, None, 0, COUNTING)
    for goal in measure.problem.goals:
        mine = asking(budget, goal, proofs)
        if choice is not None and not proofs:
            mine.incumbent(_by_counting(measure, goal, choice))
        part = mine if goal is measure.problem.goals[-1] else mine.share(_EACH)
        answer = _goal(rules, goal, choice, model, budget=part)
        if answer.choice is None and not answer.infeasible and not mine.over():
            answer = _goal(rules, goal, choice, model, budget=mine)
        if answer.choice is None:
            return None, proofs, answer
        choice = answer.choice
        proofs.append(Proof(goal, answer.bound, answer.proved_by, answer.nodes))
        rules = rules.attaining(goal, measure.value(choice, goal))
    return None if choice is None else _without_idle(rules, choice), proofs, answer


def _goal(
    rules: QuestionRules, goal: Goal, choice: Choice | None, model: Callable[[], Model], *, budget: SearchBudget
) -> GoalResult:
    if choice is not None and budget.over():
        return _by_counting(rules.measure, goal, choice)
    answer = solve_by_method(rules, goal, choice, budget=budget)
    if answer is None and serves_whole_communities(rules, goal):
        answer = solve_whole_communities(rules, goal, choice, model, solve_by_method, budget=budget)
    if answer is None:
        start = improve_start(rules, goal, choice, budget=budget)
        return GoalSearch(model(), goal, rules, budget=budget).run(start)
    if budget.over() or not _nearly(rules.measure, goal, answer):
        return answer
    return GoalSearch(model(), goal, rules, budget=budget).finish(answer)


def _by_counting(measure: Measure, goal: Goal, choice: Choice) -> GoalResult:
    return SearchResult(choice, measure.value(choice, goal), counting_bound(measure, goal), COUNTING)


def _nearly(measure: Measure, goal: Goal, answer: GoalResult) -> bool:
    """Whether no more than a solver's last digits stand between an answer and its proof."""
    if answer.choice is None or len(measure.problem.near.cs) > _MOST_PAIRS:
        return False
    value = measure.value(answer.choice, goal)
    return value != answer.bound and abs(float(answer.bound - value)) <= _NEARLY * abs(float(value))


def _without_idle(rules: QuestionRules, choice: Choice) -> Choice:
    """Leave out, the last of the table first, each site without which nothing is worse."""
    problem = rules.measure.problem
    for site in np.flatnonzero(choice.opened & problem.free & ~_serving(rules, choice))[::-1].tolist():
        opened = choice.opened.copy()
        opened[site] = False
        less = replace(choice, opened=opened)
        if rules.hold(less):
            choice = less
    return choice


def _serving(rules: QuestionRules, choice: Choice) -> BoolArray:
    """Open sites that are surely not idle: somebody goes there, or has no other who must, or counts, as covered."""
    measure, problem = rules.measure, rules.measure.problem
    serving = np.zeros(len(problem.sites), dtype=np.bool_)
    if choice.served is not None:
        serving[problem.near.site[choice.served.pair]] = True
        return serving
    asks = measure.takes_part if problem.everyone else np.zeros(len(problem.demand), dtype=np.bool_)
    if problem.coverage.backup != 0:
        for goal, _ in rules.attained:
            if goal.objective == "max-cover":
                asks = asks | (problem.people_of[goal.people] > 0)
    if asks.any():
        found = measure.scan(choice.opened)
        serving[found.nearest[asks & (found.first > 0) & (found.second == 0)]] = True
    return serving
