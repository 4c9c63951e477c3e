"""Which engine answers which question: the classes that are solved at any size, in arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.siting.methods.capacity.capacitated_median import solve_capacitated_median
from quarterhour.siting.methods.covering.adapter import is_cover_question, solve_cover_question
from quarterhour.siting.methods.median.median_instance import MUST, Pairs
from quarterhour.siting.methods.median.p_center import solve_p_center
from quarterhour.siting.methods.median.p_median import solve_p_median
from quarterhour.siting.methods.solver.incumbent import LastMade, SitesResult
from quarterhour.siting.methods.whole.solve_whole import solve_whole
from quarterhour.siting.methods.whole.whole_instance import Lost, WholeInstance, build_whole_instance
from quarterhour.siting.question.bounds import GoalResult, counting_bound, is_better
from quarterhour.siting.question.evaluate import Choice, Measure, as_choice
from quarterhour.siting.question.feasible import SITE_GOALS, QuestionRules
from quarterhour.siting.question.least_load import asks_least_load
from quarterhour.siting.question.problem import WHOLE, Goal
from quarterhour.siting.question.search import COUNTING, Exact, SearchBudget, SearchResult

_ALL = 100
_PRICES = (10, 1000, 100_000)
"""How many times the standard somebody not covered pays beside it, until nobody is left out for others' time."""


def solve_by_method(
    rules: QuestionRules, goal: Goal, start: Choice | None, *, budget: SearchBudget
) -> GoalResult | None:
    """The answer of the engine of a goal's class; None where there is none, and the generic model is asked."""
    if asks_least_load(rules.measure.problem):
        return None
    if not rules.attained and is_cover_question(rules.measure.problem):
        return solve_cover_question(rules.measure, budget)
    if is_whole_question(rules, goal):
        return _served_whole(rules, goal, start, budget)
    if _is_most_then_time(rules, goal):
        return _most_then_time(rules, goal, start, budget)
    return _by_times(rules, goal, start, budget) if _is_timed(rules, goal) else None


# --- least time, and the farthest -----------------------------------------------------------------


def _is_timed(rules: QuestionRules, goal: Goal) -> bool:
    """Whether a goal is about times alone, and what else is asked are rules on sites and who must be served."""
    problem = rules.measure.problem
    capacity, coverage = problem.capacity, problem.coverage
    if goal.objective not in ("min-time", "min-worst") or coverage.at_least:
        return False
    if capacity is not None and not (capacity.split and goal.objective == "min-time"):
        return False
    if coverage.backup == 0 and problem.everyone:
        return False
    if any(g.objective not in (*SITE_GOALS, "min-worst") for g, _ in rules.attained):
        return False
    return not (_must(rules) & (problem.people_of[goal.people] == 0)).any()


def _must(rules: QuestionRules) -> BoolArray:
    """The communities that must be served by some site."""
    measure, problem = rules.measure, rules.measure.problem
    must = measure.takes_part if problem.everyone else np.zeros_like(measure.takes_part)
    for goal, value in rules.attained:
        if goal.objective == "min-worst":
            must = must | _bound_by(rules, goal, int(value))
    return must


def _bound_by(rules: QuestionRules, goal: Goal, cs: int) -> BoolArray:
    """Those who may not have farther than so many centiseconds, and whose standard is longer."""
    problem = rules.measure.problem
    return rules.measure.reachable & (problem.people_of[goal.people] > 0) & (problem.limit_cs > cs)


def _by_times(rules: QuestionRules, goal: Goal, start: Choice | None, budget: SearchBudget) -> GoalResult | None:
    measure, problem = rules.measure, rules.measure.problem
    easy = int(counting_bound(measure, goal))
    better = _offering(rules, goal, budget, lambda bound: max(easy, bound))
    people = np.where(measure.reachable, problem.people_of[goal.people], 0)
    otherwise = np.where(_must(rules), MUST, problem.limit_cs)
    inner = replace(budget, incumbent=better)
    if goal.objective == "min-time":
        verdict = _timed(rules, people, _pairs(rules), otherwise, start, inner)
    else:
        begin = None if start is None else np.flatnonzero(start.opened)
        verdict = solve_p_center(people, _pairs(rules), rules.limits, otherwise=otherwise, budget=inner, start=begin)
    return _answer(rules, goal, verdict, start)


# --- most people, then least time -----------------------------------------------------------------


def _is_most_then_time(rules: QuestionRules, goal: Goal) -> bool:
    """Whether a goal is the people covered within rooms that may share, or the least time that keeps them covered.

    Both are questions of times: of 0 for all who are covered and 1 for who is not, and of times with a price upon
    everybody who is not covered.
    """
    problem, kept = rules.measure.problem, [g for g, _ in rules.attained]
    coverage, people = problem.coverage, {g.people for g in (goal, *kept)}
    whole = bool((rules.measure.percent == _ALL).all()) and coverage.backup is None and not coverage.at_least
    if not whole or people != {""} or (problem.capacity is not None and not problem.capacity.split):
        return False
    if goal.objective == "max-cover":
        return problem.capacity is not None and all(g.objective in SITE_GOALS for g in kept)
    cover = [g for g in kept if g.objective == "max-cover"]
    return goal.objective == "min-time" and bool(cover) and all(g in cover or g.objective in SITE_GOALS for g in kept)


def _most_then_time(rules: QuestionRules, goal: Goal, start: Choice | None, budget: SearchBudget) -> GoalResult | None:
    measure, problem = rules.measure, rules.measure.problem
    people = np.where(measure.reachable, problem.people_of[goal.people], 0)
    near, must, everyone = problem.near, _must(rules), int(people.sum())
    easy = counting_bound(measure, goal)

    def inner(bound_of: Callable[[int], Exact]) -> SearchBudget:
        return replace(budget, incumbent=_offering(rules, goal, budget, bound_of))

    if goal.objective == "max-cover":
        pairs = near.start, near.site, np.zeros_like(near.cs)
        away = inner(lambda bound: min(easy, WHOLE * (everyone - bound)))
        verdict = _timed(rules, people, pairs, np.where(must, MUST, 1), start, away)
        most = WHOLE * (everyone - verdict.bound)
        return _answer(rules, goal, replace(verdict, bound=most), start)
    left = everyone - sum(int(v) for g, v in rules.attained if g.objective == "max-cover") // WHOLE
    for price in _PRICES if left else _PRICES[:1]:
        beyond = price * int(problem.limit_cs.max(initial=1))
        pairs, otherwise = (near.start, near.site, near.cs), problem.limit_cs + beyond
        # Nobody who keeps the people covered pays the price more often than they do.
        paid = beyond * left
        priced = inner(partial(_without_price, easy, paid))
        verdict = _timed(rules, people, pairs, np.where(must, MUST, otherwise), start, priced)
        answer = _answer(rules, goal, replace(verdict, bound=verdict.bound - paid), start)
        if answer is not None or budget.over():
            break
    return answer


def _without_price(easy: Exact, paid: int, bound: int) -> Exact:
    return max(easy, bound - paid)


def _timed(
    rules: QuestionRules, people: IntArray, pairs: Pairs, otherwise: IntArray, start: Choice | None,
    budget: SearchBudget,
) -> SitesResult:  # fmt: skip
    problem, begin = rules.measure.problem, None if start is None else np.flatnonzero(start.opened)
    if problem.capacity is None:
        return solve_p_median(people, pairs, rules.limits, otherwise=otherwise, budget=budget, start=begin)
    return solve_capacitated_median(
        people, pairs, rules.limits, problem.room, otherwise=otherwise, budget=budget, start=begin
    )


def _pairs(rules: QuestionRules) -> Pairs:
    """The near pairs without those farther than a kept worst allows."""
    measure, near = rules.measure, rules.measure.problem.near
    kept = np.ones(len(near.cs), dtype=np.bool_)
    for goal, value in rules.attained:
        if goal.objective == "min-worst":
            kept &= ~(_bound_by(rules, goal, int(value))[measure.row] & (near.cs > int(value)))
    near = near.only(kept)
    return near.start, near.site, near.cs


# --- communities served whole ---------------------------------------------------------------------


def is_whole_question(rules: QuestionRules, goal: Goal) -> bool:
    """Whether communities go whole to sites with room, and a goal is the people covered or the time.

    What is kept may be goals of sites, the farthest, and one sum of people covered.
    """
    problem, kept = rules.measure.problem, [g for g, _ in rules.attained]
    if problem.capacity is None or problem.capacity.split or problem.coverage.at_least:
        return False
    if goal.objective not in ("max-cover", "min-time") or sum(g.objective == "max-cover" for g in kept) > 1:
        return False
    return all(g.objective in (*SITE_GOALS, "min-worst", "max-cover") for g in kept)


def _served_whole(rules: QuestionRules, goal: Goal, start: Choice | None, budget: SearchBudget) -> GoalResult | None:
    """A goal by the engine of whole communities; None where there are too many of them."""
    measure = rules.measure
    best: GoalResult = SearchResult(start, None, counting_bound(measure, goal), COUNTING)
    asked = _whole_question(rules, goal)
    return None if asked is None else _whole_at(rules, goal, best, asked, budget)


def _bound_of(rules: QuestionRules, goal: Goal, best: GoalResult, least: int) -> Exact:
    """A goal's bound where no choice comes to less than so much in the engine."""
    if not goal.most:
        return max(best.bound, least) if best.value is None else min(best.value, max(best.bound, least))
    bound = WHOLE * int(_people(rules.measure, goal).sum()) - least
    return min(best.bound, bound) if best.value is None else max(best.value, min(best.bound, bound))


def _whole_start(measure: Measure, choice: Choice) -> tuple[IntArray, IntArray]:
    """The open sites of a choice, and the site of each community in it (-1: none)."""
    assert choice.served is not None
    went = np.full(len(measure.reachable), -1, dtype=np.int64)
    went[measure.row[choice.served.pair]] = measure.problem.near.site[choice.served.pair]
    return np.flatnonzero(choice.opened).astype(np.int64), went


def _whole_question(rules: QuestionRules, goal: Goal) -> WholeInstance | None:
    """A goal as costs of whole communities, and of whom no more may be left out; None where they are too many."""
    measure, problem = rules.measure, rules.measure.problem
    start, site, cs = _pairs(rules)
    row = np.repeat(np.arange(len(start) - 1), np.diff(start))
    short = WHOLE - 100 * measure.percent[_place_of(measure, row, site)].astype(np.int64)
    people, lost = _people(measure, goal), None
    cost, away = (people[row] * short, people * WHOLE) if goal.most else (people[row] * cs, people * problem.limit_cs)
    for kept, value in rules.attained:
        if kept.objective == "max-cover":
            counted = _people(measure, kept)
            lost = Lost(counted[row] * short, counted * WHOLE, WHOLE * int(counted.sum()) - int(value))
    otherwise = np.where(_must(rules), MUST, away)
    load = problem.load.to_numpy(dtype=np.int64)
    pairs = start, site, cost
    whole = build_whole_instance(load, pairs, rules.limits, problem.room, otherwise=otherwise, lost=lost)
    return whole if whole.fits_memory else None


def _whole_at(
    rules: QuestionRules, goal: Goal, best: GoalResult, asked: WholeInstance, budget: SearchBudget
) -> GoalResult:
    """The better of a known answer and that of the engine."""
    start, begin, went = best.choice, None, None
    if start is not None:
        begin = np.flatnonzero(start.opened).astype(np.int64)
        went = _whole_start(rules.measure, start)[1] if start.served is not None else None
    least = partial(_bound_of, rules, goal, replace(best, value=None))
    seen = _Best(rules, goal, start)
    inner = replace(budget, incumbent=seen.hearing(_offering(rules, goal, budget, least)))
    verdict = solve_whole(asked, budget=inner, start=begin, went=went)
    if verdict.infeasible and seen.choice is None:
        return SearchResult(None, None, 0, verdict.proved_by, verdict.nodes, infeasible=True)
    if verdict.choice is not None:
        seen.take(verdict)
    known = replace(best, value=seen.value)
    bound = best.bound if verdict.infeasible else _bound_of(rules, goal, known, verdict.bound)
    by = verdict.proved_by if bound != best.bound else best.proved_by
    return SearchResult(seen.choice, seen.value, bound, by, best.nodes + verdict.nodes)


class _Best:
    """The best choice among those of an engine that keep all rules of the question."""

    def __init__(self, rules: QuestionRules, goal: Goal, start: Choice | None) -> None:
        self.rules, self.goal, self.choice = rules, goal, start
        self.value = None if start is None else rules.measure.value(start, goal)

    def take(self, found: SitesResult) -> bool:
        """Whether a choice keeps the rules; kept if it is the best yet."""
        assert found.choice is not None
        choice = as_choice(self.rules.measure, found.choice, found.served)
        if not self.rules.hold(choice):
            return False
        value = self.rules.measure.value(choice, self.goal)
        if self.value is None or is_better(self.goal, value, self.value):
            self.choice, self.value = choice, value
        return True

    def hearing(self, on: Callable[[SitesResult], None]) -> Callable[[SitesResult], None]:
        """Take each choice that is told, and tell it on."""
        taken = LastMade[IntArray, int, bool](self.take)

        def heard(found: SitesResult) -> None:
            if taken(found):
                on(found)

        return heard


def _people(measure: Measure, goal: Goal) -> IntArray:
    return np.where(measure.reachable, measure.problem.people_of[goal.people], 0)


def _place_of(measure: Measure, row: IntArray, site: IntArray) -> IntArray:
    """Where pairs stand among the near ones."""
    sites = len(measure.problem.sites)
    return np.searchsorted(measure.row * sites + measure.problem.near.site, row * sites + site)


def _answer(rules: QuestionRules, goal: Goal, verdict: SitesResult, start: Choice | None) -> GoalResult | None:
    measure = rules.measure
    if verdict.infeasible and start is None:
        return SearchResult(None, None, 0, verdict.proved_by, verdict.nodes, infeasible=True)
    found = None if verdict.choice is None else as_choice(measure, verdict.choice, verdict.served)
    choices = [c for c in (found, start) if c is not None and rules.hold(c)]
    if found is not None and (not choices or choices[0] is not found):
        return None
    worse, better = (min, max) if goal.most else (max, min)
    best = better(choices, key=lambda c: measure.value(c, goal), default=None)
    easy = counting_bound(measure, goal)
    bound = easy if verdict.infeasible else worse(easy, verdict.bound)
    value = None if best is None else measure.value(best, goal)
    bound = bound if value is None else better(bound, value)
    return SearchResult(best, value, bound, verdict.proved_by, verdict.nodes)


def _offering(
    rules: QuestionRules, goal: Goal, budget: SearchBudget, bound_of: Callable[[int], Exact]
) -> Callable[[SitesResult], None]:
    """Pass on the better choices of an engine that keep all rules of the question, and the bounds on them.

    ``bound_of``: the goal's bound from that of the engine.
    """

    def made(found: SitesResult) -> tuple[Choice, Exact] | None:
        assert found.choice is not None
        choice = as_choice(rules.measure, found.choice, found.served)
        return (choice, rules.measure.value(choice, goal)) if rules.hold(choice) else None

    of = LastMade(made)

    def better(found: SitesResult) -> None:
        known = of(found)
        if known is not None:
            choice, value = known
            clip = min if not goal.most else max
            budget.incumbent(SearchResult(choice, value, clip(bound_of(found.bound), value), found.proved_by))

    return better
