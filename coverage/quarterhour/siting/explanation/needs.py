"""What covering people asks for: so many sites or so much money at the least, or which rules leave no way to it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import IntArray
from quarterhour.siting.explanation.conflicts import (
    SAFETY,
    Side,
    apart_sides,
    clash,
    few_that_clash,
    lightest,
    limit_sides,
    one_row,
    quota_sides,
)
from quarterhour.siting.question.evaluate import Measure
from quarterhour.siting.question.feasible import QuestionRules, farthest_rows
from quarterhour.siting.question.least_load import asks_least_load, could_load, least_load
from quarterhour.siting.question.plan import Phrase, Reason
from quarterhour.siting.question.problem import WHOLE, SitingProblem
from quarterhour.siting.question.quotas import area_rules
from quarterhour.siting.question.search import Limits
from quarterhour.siting.question.site_limits import as_limits

_QUICK, _LONG = Limits(SAFETY, rounds=50), Limits(SAFETY, rounds=2_000)
"""For a linear program, and for a program in whole sites once it is known that no plan exists."""
_MOST_PAIRS = 2_000_000
"""Pairs within the standard, beyond which a linear program takes too long for a look ahead."""
_SPARED = 1e-9
"""What is left off a sum of people, so that no rounding of floats makes a clash."""


def needs(rules: QuestionRules, *, whole: bool = False, seconds: float = math.inf) -> tuple[Reason, ...]:
    """Why the people who must be covered cannot be, as far as it is proven in a moment; empty proves nothing.

    First how many sites, or yuan, covering them takes at the least, alone or with the rules on sites; where that tells
    nothing, the few rules that clash. ``whole``: counted in whole sites, which takes longer and shows more.
    ``seconds``: of one program, at the most, where a clock is to have a say.
    """
    measure, problem = rules.measure, rules.measure.problem
    count, each = len(problem.sites), _LONG if whole else _QUICK
    each = replace(each, seconds=min(seconds, each.seconds))
    kept, limits = [*quota_sides(area_rules(problem), count), *apart_sides(rules)], [*limit_sides(problem)]
    if not kept and not limits:
        return ()  # nothing keeps all sites from being open, and counting told whether that is enough
    cover = [*cover_sides(measure)] if len(problem.near.site) <= _MOST_PAIRS else []
    if not cover and not len(problem.conflicts):
        return ()
    found = [*_short(problem, cover, kept, within=each, whole=whole)] if cover else []
    return tuple(found) or few_that_clash([*cover, *kept, *limits], count, within=each.times(2), whole=whole)


def explained(rules: QuestionRules) -> tuple[Reason, ...]:
    """Why a question that is known to have no plan has none: the few rules that clash, or all, where it is not known.

    Never empty. In seconds, since it counts in whole sites.
    """
    problem = rules.measure.problem
    return clash(problem, area_rules(problem), rules) or needs(rules, whole=True) or (every_rule(problem),)


def every_rule(problem: SitingProblem) -> Reason:
    """All rules that a question without a plan has, where it is not known which of them clash."""
    named = [s.said for s in (*cover_sides(Measure(problem)), *limit_sides(problem))]
    named += _in_short(problem)
    if problem.capacity is not None and not any(key == "explanation.rule_room" for key, _ in named):
        named.append(("explanation.rule_capacity", {"unit": problem.capacity.unit}))
    return Reason("explanation.cause_together", {"rules": tuple(named)})


def _in_short(problem: SitingProblem) -> list[Phrase]:
    """The quotas and the sites that rule each other out, each in a word."""
    levels = tuple(dict.fromkeys(r.quota.level for r in area_rules(problem)))
    named: list[Phrase] = [("explanation.rule_quotas", {"level": levels})] if levels else []
    return named + ([("explanation.rule_pairs", {"count": len(problem.conflicts)})] if len(problem.conflicts) else [])


def _short(
    problem: SitingProblem, cover: Sequence[Side], kept: Sequence[Side], *, within: Limits, whole: bool
) -> Iterator[Reason]:
    """The limits that covering alone goes beyond; where it goes beyond none, those that it does with other rules."""
    free, required = problem.free, problem.required
    limits: list[tuple[str, IntArray, int]] = []
    if problem.new_sites is not None:
        limits.append(("new_sites", np.ones(len(free), dtype=np.int64), int(problem.new_sites)))
    if problem.budget.yuan is not None:
        limits.append(("budget", problem.yuan, int(problem.budget.yuan)))
    asked: dict[str, object] = {"rules": tuple(s.said for s in cover)}
    for sides, key in ((cover, "cause_cover"), ([*cover, *kept], "cause_cover_within")):
        if key == "cause_cover_within" and not kept:
            return
        beside = {"within": tuple(_in_short(problem))} if key == "cause_cover_within" else {}
        found = False
        for name, weight, most in limits:
            built = int(weight[required].sum())
            least = built + (lightest(sides, np.where(free, weight, 0), within=within, whole=whole) or 0)
            if built <= most < least:
                found = True
                yield Reason(f"explanation.{key}_{name}", {**asked, **beside, "needed": least, name: most})
        if found:
            return


# --- who must be covered, as rows -------------------------------------------------------------------


def cover_sides(measure: Measure) -> Iterator[Side]:
    """What covering those who must be asks of the sites: no choice that covers them breaks it."""
    problem = measure.problem
    if problem.everyone:
        yield _all_near(measure)
    if problem.coverage.at_least:
        yield _so_many(measure)
    if problem.coverage.farthest is not None:
        yield _near_enough(measure, problem.coverage.farthest)
    if asks_least_load(problem):
        yield _filled(problem)
    room = _room(problem)
    if room is not None:
        yield room


def _all_near(measure: Measure) -> Side:
    """Of everyone an open site is near; two, where one alone counts for nothing."""
    problem, near, row = measure.problem, measure.problem.near, measure.row
    need, free = problem.enough, problem.free[near.site]
    stands = np.bincount(row[~free], minlength=len(problem.demand))
    left = problem.must_be_covered & (stands < need)
    place, use = np.cumsum(left) - 1, left[row] & free
    pairs = np.ones(int(use.sum())), (place[row[use]], near.site[use])
    rows = sp.csr_array(pairs, shape=(int(left.sum()), len(problem.sites)))
    low = (need - stands[left]).astype(float)
    return Side(("explanation.rule_everyone", {}), rows, low, np.full(len(low), math.inf))


def _near_enough(measure: Measure, minutes: float) -> Side:
    """Of each community a site is open that is no farther than that."""
    limits = as_limits(farthest_rows(measure), ~measure.problem.free)
    said: dict[str, object] = {"minutes": f"{minutes:g}"}
    high = np.full(len(limits.low), math.inf)
    return Side(("explanation.rule_farthest", said), limits.rows.astype(float), limits.low.astype(float), high)


def _filled(problem: SitingProblem) -> Side:
    """All together use no more sites than they can fill, and none that they never could."""
    least, could = least_load(problem), could_load(problem)
    asks = problem.demand if problem.capacity is None else problem.load
    reached = np.zeros(len(asks), dtype=np.bool_)
    reached[problem.near.row] = True
    empty, built = np.flatnonzero(could < least), np.flatnonzero(least)
    row = np.r_[np.zeros(len(built), dtype=np.int64), np.arange(1, len(empty) + 1)]
    value, shape = np.r_[least[built], np.ones(len(empty))].astype(float), (len(empty) + 1, len(least))
    high = np.r_[float(asks.to_numpy()[reached].sum()), np.zeros(len(empty))]
    rows = sp.csr_array((value, (row, np.r_[built, empty])), shape=shape)
    return Side(("explanation.rule_least_load", {"unit": problem.unit}), rows, np.full(len(high), -math.inf), high)


def _so_many(measure: Measure) -> Side:
    """So many people at least: of each community no more than its open sites count for, and than all would."""
    problem, near, row, sites = measure.problem, measure.problem.near, measure.row, len(measure.problem.sites)
    backup = problem.coverage.backup
    # Two sites that make up the whole together are half of it each, at the most.
    each = measure.percent.astype(np.int64) * (100 if backup is None else max(50, backup))
    free, people = problem.free[near.site], problem.demand.to_numpy(dtype=np.int64)
    stands = np.bincount(row[~free], each[~free], len(people)).astype(np.int64)
    most = measure.share(np.ones(sites, dtype=np.bool_))
    some = np.flatnonzero((most > 0) & (people > 0))
    place = np.full(len(people), -1)
    place[some] = np.arange(len(some))
    use = free & (place[row] >= 0)
    unit = int(np.gcd.reduce(np.r_[each, stands, most, WHOLE])) or 1
    own, last = sites + np.arange(len(some)), np.full(len(some), len(some))
    value = np.r_[-each[use] // unit, np.ones(len(some)), people[some]]
    row_of, column = np.r_[place[row[use]], place[some], last], np.r_[near.site[use], own, own]
    rows = sp.csr_array((value.astype(float), (row_of, column)), shape=(len(some) + 1, sites + len(some)))
    wanted = int(problem.coverage.at_least) * WHOLE // unit
    low = np.r_[np.full(len(some), -math.inf), wanted - max(1e-6, _SPARED * wanted)]
    high = np.r_[stands[some] // unit, math.inf]
    said = {"at_least": int(problem.coverage.at_least), "unit": problem.unit}
    return Side(("explanation.rule_at_least", said), rows, low, high, (most[some] // unit).astype(float))


def _room(problem: SitingProblem) -> Side | None:
    """The open sites have room for all who must be covered."""
    if problem.capacity is None:
        return None
    load, free, count = problem.load.to_numpy(dtype=np.int64), problem.free, len(problem.sites)
    wanted = int(load[problem.must_be_covered].sum())
    if (load == problem.demand.to_numpy()).all():
        wanted = max(wanted, int(problem.coverage.at_least))
    if not wanted:
        return None
    room = np.minimum(problem.room, wanted)
    low, sites = wanted - int(room[~free].sum()), np.flatnonzero(free)
    said = {"wanted": wanted, "unit": problem.capacity.unit}
    return one_row(("explanation.rule_room", said), count, sites, room[sites], low, math.inf)
