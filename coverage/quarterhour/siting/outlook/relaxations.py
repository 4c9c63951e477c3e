"""The smallest change that makes a plan possible: one rule at a time gives, by as little as can be proven."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from quarterhour.base.arguments import takes
from quarterhour.siting.outlook.answers import Relaxation
from quarterhour.siting.outlook.smallest_change import (
    MOST_PAIRS,
    Change,
    at_metres,
    by_rule,
    conflict_change,
    may_give,
    quota_change,
    room_change,
    spacing_change,
)
from quarterhour.siting.proof.assemble import Proof, as_plan, certificate
from quarterhour.siting.question.bounds import counting_bound
from quarterhour.siting.question.evaluate import Measure
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.least_load import asks_least_load
from quarterhour.siting.question.levels import PLACE
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import Coverage, Goal, SitingProblem
from quarterhour.siting.question.rules import Budget, Quota
from quarterhour.siting.question.search import COUNTING, Limits, as_limits
from quarterhour.siting.solve import solve_or_stop

_SECONDS = 20.0
_SHARE = 0.4
"""Of the time, or work, of a rule, for finding by how little it must give; the rest is for a plan that shows it."""
_ORDER = ("new_sites", "budget", "people", "quotas", "spacing", "conflicts", "capacity", "farthest", "least_load")


@takes(problem=SitingProblem)
def smallest_relaxations(
    problem: SitingProblem,
    *,
    seconds: float | None = None,
    nodes: int | None = None,
    rounds: int | None = None,
    seed: int = 0,
    by_clock: Callable[[], object] | None = None,
) -> list[Relaxation]:
    """For a question without a plan, each rule that alone can give enough, and by how much.

    More sites, more money, fewer people, smaller minima and larger maxima, less distance, fewer conflicts, more room,
    people as far as they may be, sites as empty: each is tried by itself with the rest kept. An amount that was not
    proven within its part says so, and a rule of which no amount was found is tried without.

    Parameters
    ----------
    problem : a question without a plan.
    seconds, nodes, rounds : shared out among the rules (None: 20 seconds, or no limit where work is given).
    seed : of the search.
    by_clock : as ``solve_siting``.

    Returns
    -------
    A list of ``Relaxation``. Empty: no single rule is enough.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], objective="min-sites", within=10,
    ...                                 new_sites=1)
    >>> [relaxation.sentence("en") for relaxation in qh.siting.smallest_relaxations(problem)]
    ['2 new sites instead of 1 are enough, and no fewer.', '60 people covered instead of 110 is possible, and no more.']
    """
    limits = as_limits(seconds, nodes, rounds, otherwise=_SECONDS)
    tries = [*_tries(problem)]
    begun, made = time.perf_counter(), []
    for place, look in enumerate(tries):
        left = (limits.seconds - (time.perf_counter() - begun)) / (len(tries) - place)
        mine = replace(limits.times(1 / len(tries)), seconds=max(0.2, left))
        found = look(_Asking(mine, seed, by_clock))
        made += [] if found is None else [found]
    return sorted(made, key=lambda change: _ORDER.index(change.rule))


@dataclass(frozen=True)
class _Asking:
    """How a changed question is asked: within what, with which seed, and who hears that a clock had a say."""

    limits: Limits
    seed: int
    by_clock: Callable[[], object] | None

    def solve(self, problem: SitingProblem, within: Limits | None = None) -> SitingPlan:
        """Its plan."""
        return solve_or_stop(problem, **(within or self.limits).given, seed=self.seed, by_clock=self.by_clock)


_Look = Callable[[_Asking], Relaxation | None]


def _tries(problem: SitingProblem) -> Iterator[_Look]:
    """What is quick first, so that the others have the time that is left."""
    small = len(problem.near.site) <= MOST_PAIRS
    if any(q.level != PLACE and (q.minimum or q.maximum is not None) for q in problem.quotas):
        none = tuple(q if q.level == PLACE else Quota(q.level, q.areas, 0, None, q.tier) for q in problem.quotas)
        yield partial(_by_little, problem, "quotas", quota_change if small else None, replace(problem, quotas=none))
    if problem.apart is not None and not by_rule(problem).all():
        yield partial(_by_little, problem, "spacing", spacing_change if small else None, at_metres(problem, 0.0))
    if may_give(problem).any():
        rest = replace(problem, conflicts=problem.conflicts[~may_give(problem)], apart=None)
        yield partial(_by_little, problem, "conflicts", conflict_change if small else None, rest)
    if problem.capacity is not None:
        loose = replace(problem, capacity=None)
        yield partial(_by_little, problem, "capacity", room_change if small else None, loose)
    if problem.coverage.farthest is not None:
        anywhere = replace(problem, coverage=replace(problem.coverage, farthest=None))
        yield partial(_by_little, problem, "farthest", None, anywhere)
    if asks_least_load(problem):
        empty = replace(problem, sites=problem.sites.drop(columns="least_load"))
        yield partial(_by_little, problem, "least_load", None, empty)
    if problem.everyone or problem.coverage.at_least:
        could = int(problem.demand[Measure(problem).reachable].sum())
        people = could if problem.everyone else problem.coverage.at_least
        loose = replace(problem, coverage=replace(problem.coverage, everyone=False, at_least=0))
        yield partial(_amount, loose, "people", float(people), Goal("max-cover"))
    if problem.budget.yuan is not None:
        free = replace(problem, budget=Budget(None, problem.budget.years), coverage=_fixed(problem))
        yield partial(_amount, free, "budget", float(problem.budget.yuan), Goal("min-cost"))
    if problem.new_sites is not None:
        more = replace(problem, new_sites=None, coverage=_fixed(problem))
        yield partial(_amount, more, "new_sites", float(problem.new_sites), Goal("min-sites"))


def _amount(softer: SitingProblem, rule: str, asked: float, goal: Goal, asking: _Asking) -> Relaxation | None:
    """A rule that gives by what the best value of a goal is."""
    # Whose people any goal counts must be covered: columns that the goals counted are named by goals that ask nothing.
    columns = {g.people for g in softer.goals if g.people and softer.everyone}
    goals = (goal, *(Goal("min-sites", people) for people in sorted(columns)))
    plan = asking.solve(replace(softer, goals=goals))
    gives = bool(plan.levels) and plan.value != asked
    return Relaxation(rule, asked, float(plan.value), plan.levels[0].gap == 0, plan) if gives else None


def _by_little(
    problem: SitingProblem, rule: str, look: Callable[..., Change | None] | None, without: SitingProblem,
    asking: _Asking,
) -> Relaxation | None:  # fmt: skip
    """A rule that gives as little as is enough; where that is not found, the question without it."""
    until = time.perf_counter() + asking.limits.seconds

    def solved(softer: SitingProblem) -> SitingPlan:
        left = replace(asking.limits.times(1 - _SHARE), seconds=max(0.2, until - time.perf_counter()))
        return asking.solve(replace(softer, coverage=replace(softer.coverage, everyone=problem.everyone)), left)

    change = None if look is None else look(problem, within=asking.limits.times(_SHARE))
    if change is not None:
        plan = _as_it_is(change, asking.seed) or solved(change.softer)
        if plan.levels:
            return Relaxation(rule, change.asked, change.needed, change.least, plan, change.changes)
    plan = solved(without)
    if not plan.levels:
        return None
    if rule == "spacing" and problem.apart is not None:
        return Relaxation(rule, problem.apart.least, 0.0, False, plan)
    known = {"conflicts": float(may_give(problem).sum()), "farthest": problem.coverage.farthest or math.nan}
    asked = known.get(rule, math.nan)
    return Relaxation(rule, asked, math.nan, True, plan)


def _as_it_is(change: Change, seed: int) -> SitingPlan | None:
    """The plan of the choice that a change comes with, if it keeps all rules then."""
    measure = Measure(change.softer)
    if change.choice is None or not QuestionRules(measure).hold(change.choice):
        return None
    proofs = [Proof(goal, counting_bound(measure, goal), COUNTING, 0) for goal in change.softer.goals]
    return as_plan(certificate(measure, seed), change.choice, proofs, seconds=0.0, stopped="")


def _fixed(problem: SitingProblem) -> Coverage:
    """Who must be covered, whatever goal is put in the place of the question's own."""
    return replace(problem.coverage, everyone=problem.everyone)
