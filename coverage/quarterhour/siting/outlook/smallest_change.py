"""By how little a rule would have to give, and where: which quotas, which sites, how many metres, how many beds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.siting.explanation.conflicts import Side, joined, one_row, other_sides, quota_sides
from quarterhour.siting.explanation.needs import cover_sides
from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.program import whole_bound
from quarterhour.siting.methods.solver.within import solve_within
from quarterhour.siting.question.evaluate import Choice, Measure, Served
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.levels import PLACE, of_one_place
from quarterhour.siting.question.plan import Phrase
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.question.quotas import area_rules
from quarterhour.siting.question.rules import Quota
from quarterhour.siting.question.search import Limits, SearchBudget

MOST_PAIRS = 2_000_000
"""Pairs within the standard, beyond which the programs take too long."""
_MOST_CONFLICTS = 3_000
"""Pairs of sites that rule each other out, beyond which no single ones are looked for."""


@dataclass(frozen=True, eq=False)
class Change:
    """A rule that gives, and the question with that change.

    ``asked``, ``needed``: where the change is one number. ``least``: no smaller change is enough, provided that this
    one is. ``changes``: what becomes of single areas or sites. ``choice``: of sites that keep the rules then, if known.
    """

    rule: str
    softer: SitingProblem
    asked: float
    needed: float
    least: bool
    changes: tuple[Phrase, ...] = ()
    choice: Choice | None = None


def quota_change(problem: SitingProblem, *, within: Limits) -> Change | None:
    """The fewest sites by which minima and maxima of areas must give; None where that is no way or not found."""
    count, areas = len(problem.sites), area_rules(problem)
    rules = QuestionRules(Measure(problem))
    soft = [(rule, side) for rule in areas if rule.quota.level != PLACE for side in quota_sides([rule], count)]
    must_be_built = quota_sides([rule for rule in areas if rule.quota.level == PLACE], count)
    hard = [*cover_sides(rules.measure), *must_be_built, *other_sides(rules)]
    found = _least_slack(hard, [side for _, side in soft], count, within=within)
    if found is None:
        return None
    slack, least = found
    said: list[Phrase] = []
    low: dict[tuple[Quota, str], int] = {}
    high: dict[tuple[Quota, str], int] = {}
    for (rule, side), by in zip(soft, slack.tolist(), strict=True):
        key, values = side.said
        what, sign, held = ("minimum", -1, low) if key.endswith("least") else ("maximum", 1, high)
        if by:
            now = int(values[what]) + sign * by  # type: ignore[call-overload]
            held[rule.quota, rule.area] = now
            where = {"level": rule.quota.level, "area": rule.name}
            said.append((f"outlook.change_{what}", {**where, "asked": values[what], "needed": now}))
    softer = replace(problem, quotas=tuple(_changed(problem.quotas, low, high)))
    return Change("quotas", softer, math.nan, math.nan, least, tuple(said))


def _changed(
    quotas: Sequence[Quota], low: dict[tuple[Quota, str], int], high: dict[tuple[Quota, str], int]
) -> Iterator[Quota]:
    for quota in quotas:
        other = {a for q, a in (*low, *high) if q == quota}
        same = tuple(a for a in quota.areas if a not in other)
        if same:
            yield replace(quota, areas=same)
        for area in (a for a in quota.areas if a in other):
            at_least, at_most = low.get((quota, area), quota.minimum), high.get((quota, area), quota.maximum)
            yield replace(quota, areas=(area,), minimum=at_least, maximum=at_most)


def conflict_change(problem: SitingProblem, *, within: Limits) -> Change | None:
    """The fewest pairs of sites that must be allowed beside each other, those too near each other left as they are."""
    loose = may_give(problem)
    pairs, free, count = problem.conflicts[loose], problem.free, len(problem.sites)
    if not 0 < len(pairs) <= _MOST_CONFLICTS:
        return None
    rest = replace(problem, conflicts=problem.conflicts[~loose])
    soft = []
    for pair in pairs:
        may = pair[free[pair]]
        one, left = np.ones(len(may), dtype=np.int64), len(may) - 1
        soft.append(one_row(("explanation.rule_apart", {}), count, may, one, -math.inf, left))
    found = _least_slack([*_sides(rest)], soft, count, within=within)
    if found is None:
        return None
    slack, least = found
    ids, given = problem.sites.index, slack > 0
    both = [f"{ids[a]} + {ids[b]}" for a, b in pairs[given].tolist()]
    said: tuple[Phrase, ...] = tuple(("outlook.change_both", {"pair": pair}) for pair in both)
    kept = np.vstack([rest.conflicts, pairs[~given]])
    softer = replace(problem, conflicts=kept[np.lexsort(kept.T[::-1])], apart=None)
    return Change("conflicts", softer, float(len(pairs)), float(given.sum()), least, said)


def by_rule(problem: SitingProblem) -> BoolArray:
    """Which conflicts are by rule, not for want of distance alone."""
    if problem.apart is None:
        return np.ones(len(problem.conflicts), dtype=np.bool_)
    return np.asarray(np.isnan(problem.apart.metres))


def may_give(problem: SitingProblem) -> BoolArray:
    """Which conflicts a planner may allow: those by rule, but for two sizes of one place."""
    return by_rule(problem) & ~of_one_place(problem)


def spacing_change(problem: SitingProblem, *, within: Limits) -> Change | None:
    """The greatest least distance that leaves a choice of sites, in whole metres, by halving."""
    if problem.apart is None:
        return None
    budget, metres = within.budget(), problem.apart.metres
    steps = np.unique(metres[metres < problem.apart.least])
    low, high, sure = -1, len(steps), True
    while high - low > 1 and not budget.over():
        half = (low + high) // 2
        can = _some_choice(at_metres(problem, float(steps[half])), budget)
        low, high = (half, high) if can else (low, half)
        sure = sure and can is not None
    if low < 0:
        return None
    needed = float(math.floor(steps[low])) if steps[low] >= 1 else float(steps[low])
    return Change("spacing", at_metres(problem, needed), problem.apart.least, needed, sure and high - low == 1)


def at_metres(problem: SitingProblem, least: float) -> SitingProblem:
    """The question with another least distance, no greater than its own."""
    if problem.apart is None:
        return problem
    metres = problem.apart.metres
    kept = np.isnan(metres) | (metres < least)
    apart = replace(problem.apart, least=least, metres=metres[kept])
    return replace(problem, conflicts=problem.conflicts[kept], apart=apart)


def _some_choice(problem: SitingProblem, budget: SearchBudget) -> bool | None:
    """Whether some sites keep all rules but capacity and steps; None where time or work was short."""
    if not problem.free[problem.conflicts].any(axis=1).all():
        return False  # both of a pair stand already or must be built
    program = joined([*_sides(problem)], np.zeros(len(problem.sites)), whole=True)
    done = solve_within(Solver(program), budget)
    return True if done.values is not None else False if done.status == "infeasible" else None


def _sides(problem: SitingProblem) -> Iterator[Side]:
    rules = QuestionRules(Measure(problem))
    yield from cover_sides(rules.measure)
    yield from quota_sides(area_rules(problem), len(problem.sites))
    yield from other_sides(rules)


def _least_slack(
    hard: Sequence[Side], soft: Sequence[Side], sites: int, *, within: Limits
) -> tuple[IntArray, bool] | None:
    """By how much each soft side (of one row) gives, in all as little as can be, and whether that is proven."""
    own = sum(len(s.most) for s in hard)
    program = joined([*hard, *map(_soft, soft)], np.zeros(sites), whole=True)
    cost = program.cost.copy()
    cost[sites + own :] = 1.0
    done = solve_within(Solver(replace(program, cost=cost)), within.budget())
    if done.values is None:
        return None
    slack = np.rint(done.values[sites + own :]).astype(np.int64)
    return slack, whole_bound(done.bound, most=False) >= slack.sum()


def _soft(side: Side) -> Side:
    """A side that may give, by a column of its own."""
    gives = 1.0 if math.isfinite(side.low[0]) else -1.0
    rows = sp.csr_array(sp.hstack([side.rows, sp.csr_array([[gives]])], format="csr"))
    return replace(side, rows=rows, most=np.array([float(2 + side.rows.shape[1])]))


# --- beds -------------------------------------------------------------------------------------------


def room_change(problem: SitingProblem, *, within: Limits) -> Change | None:
    """How much more room is needed and at which sites, those being open that have most room within the other rules."""
    must, load = problem.must_be_covered, problem.load.to_numpy(dtype=np.int64)
    wanted = int(load[must].sum())
    if problem.capacity is None or not wanted or problem.coverage.at_least:
        return None
    most = _most_room(problem, wanted, within=within)
    if most is None:
        return None
    opened, could = most
    more, served = _overflow(problem, opened, must, load)
    needed = int(more.sum())
    where = np.flatnonzero(more)
    ids, unit = problem.sites.index, problem.capacity.unit
    said = tuple(("outlook.change_room", {"site": ids[k], "more": int(more[k]), "unit": unit}) for k in where.tolist())
    rooms = problem.sites["capacity"] + more
    softer = replace(problem, sites=problem.sites.assign(capacity=rooms.astype(problem.sites["capacity"].dtype)))
    return Change(
        "capacity", softer, 0.0, float(needed), needed == max(0, wanted - could), said, Choice(opened, served)
    )


def _most_room(problem: SitingProblem, wanted: int, *, within: Limits) -> tuple[BoolArray, int] | None:
    """The sites that have most room in all within the other rules, and what no choice has more of."""
    free, room = problem.free, np.minimum(problem.room, wanted)
    loose = replace(problem, capacity=None)
    program = joined([*_sides(loose)], -np.where(free, room, 0).astype(float), whole=True)
    done = solve_within(Solver(program), within.budget())
    if done.values is None or not math.isfinite(done.bound):
        return None
    opened = ~free | (done.values[: len(free)] > 0.5)
    could = int(-whole_bound(done.bound, most=False)) + int(room[~free].sum())
    return opened, could


def _overflow(problem: SitingProblem, opened: BoolArray, must: BoolArray, load: IntArray) -> tuple[IntArray, Served]:
    """By site what it lacks, and who goes where: the largest first, each where it fits or where most room is left."""
    near, left, pairs = problem.near, problem.room.copy(), []
    for i in sorted(np.flatnonzero(must).tolist(), key=lambda i: (-load[i], i)):
        legs = near.start[i] + np.flatnonzero(opened[near.site[near.start[i] : near.start[i + 1]]])
        pair = int(legs[int(np.argmax(left[near.site[legs]]))])
        left[near.site[pair]] -= load[i]
        pairs.append(pair)
    pair_of = np.array(sorted(pairs), dtype=np.int64)
    people = problem.demand.to_numpy(dtype=np.int64)[near.row[pair_of]]
    return np.maximum(0, -left), Served(pair_of, people)
