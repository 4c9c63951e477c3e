"""Why no plan can exist, told in the question's own terms, in a moment: counting, a maximum flow, small programs.

Each cause is a proof: where one is named, no plan exists. Where none is, one may still not exist, since rules can
clash in ways that only a search finds; ``relax`` asks then what would have to give.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.siting.explanation.conflicts import clash, least
from quarterhour.siting.explanation.contradictions import contradictions
from quarterhour.siting.methods.capacity.transportation import MOST_FLOW, smallest_cut
from quarterhour.siting.question.evaluate import Measure
from quarterhour.siting.question.least_load import could_load, least_load
from quarterhour.siting.question.plan import Reason
from quarterhour.siting.question.problem import WHOLE, SitingProblem
from quarterhour.siting.question.quotas import AreaRule, area_rules, shortfalls


def causes(problem: SitingProblem, measure: Measure | None = None) -> tuple[Reason, ...]:
    """Every cause that can be proven in a moment; empty does not promise that a plan exists.

    Towns without a candidate are no cause: their quota is lowered and told as ``unmet`` (``shortfalls``).
    ``measure``: of the question, where it is at hand.
    """
    rules = area_rules(problem)
    share = (measure or Measure(problem)).share(~problem.barred)
    found = [*contradictions(problem), *_quotas(problem, rules), *_people(problem, share), *_shut_out(problem, share)]
    return (*found, *_never_filled(problem), *_apart(problem, rules), *_spread(problem), *_beds(problem))


def lowered(problem: SitingProblem) -> tuple[Reason, ...]:
    """Quotas that no plan can meet for want of admissible sites, as sentences."""
    rows = shortfalls(problem)
    return tuple(
        Reason(f"explanation.cause_{reason}", {"level": level, "areas": tuple(group["area"]), "count": len(group)})
        for (reason, level), group in rows.groupby(["reason", "level"], sort=False)
    )


# --- people


def _people(problem: SitingProblem, share: IntArray) -> Iterator[Reason]:
    wanted = int(problem.coverage.at_least)
    people = problem.demand.to_numpy(dtype=np.int64)
    most = int(people @ share)
    if wanted * WHOLE > most:
        far = problem.demand[(share < WHOLE) & (people > 0)].sort_values(ascending=False, kind="stable")
        told = {"at_least": wanted, "reachable": most // WHOLE, "communities": tuple(far.index)}
        yield Reason("explanation.cause_unreachable", {**told, "unit": problem.unit})


def _shut_out(problem: SitingProblem, share: IntArray) -> Iterator[Reason]:
    """Communities that must be covered, and whose sites what stands or must be built rules out."""
    if not len(problem.conflicts) or not problem.everyone:
        return
    bare = problem.must_be_covered & (share == 0)
    if bare.any():
        named = {"count": int(bare.sum()), "communities": tuple(problem.demand.index[bare])}
        yield Reason("explanation.cause_shut_out", named)


def _spread(problem: SitingProblem) -> Iterator[Reason]:
    """Communities of which no two can share a site, more than the sites that may be built."""
    if problem.new_sites is None or not problem.everyone:
        return
    near, free = problem.near, problem.free
    settled = np.bincount(near.row[~free[near.site]], minlength=len(problem.demand)) > 0
    left = np.flatnonzero(problem.must_be_covered & ~settled)
    required = int(problem.required.sum())
    alone: list[int] = []
    taken = np.zeros(len(problem.sites), dtype=np.bool_)
    # Few sites in reach first: they shut out the fewest others.
    for i in sorted(left.tolist(), key=lambda i: (near.start[i + 1] - near.start[i], i)):
        mine = near.site[near.start[i] : near.start[i + 1]]
        if not taken[mine].any():
            taken[mine] = True
            alone.append(i)
    if required + len(alone) > problem.new_sites:
        values = {
            "count": len(alone), "required": required, "new_sites": int(problem.new_sites),
            "communities": tuple(problem.demand.index[alone]),
        }  # fmt: skip
        yield Reason("explanation.cause_spread_required" if required else "explanation.cause_spread", values)


# --- quotas


def _quotas(problem: SitingProblem, rules: list[AreaRule]) -> Iterator[Reason]:
    """Quotas that clash, or that ask for more sites or more money together than there may be."""
    if any(r.high < 0 for r in rules):
        return
    one, required = np.ones(len(problem.sites), dtype=np.int64), problem.required
    fewest = least(rules, one)
    if fewest is None:
        yield from clash(problem, rules)
        return
    asked = [r for r in rules if r.low > 0]
    areas = tuple(dict.fromkeys(r.name for r in asked))
    built, most = int(required.sum()), problem.new_sites
    if most is not None and built <= most < built + fewest:
        yield Reason(
            "explanation.quotas_over_new_sites", {"needed": built + fewest, "new_sites": int(most), "areas": areas}
        )
    if problem.budget.yuan is None:
        return
    must = int(problem.yuan[required].sum())
    within = None if most is None or most < built + fewest else most - built
    cheapest = least(rules, problem.yuan, most=within) or 0
    if must <= problem.budget.yuan < must + cheapest:
        levels = tuple(dict.fromkeys(r.quota.level for r in asked))
        values = {"yuan": must + cheapest, "budget": int(problem.budget.yuan), "level": levels, "areas": areas}
        yield Reason("explanation.cause_budget", values)


# --- sites that rule each other out


def _apart(problem: SitingProblem, rules: list[AreaRule]) -> Iterator[Reason]:
    """Areas whose candidates all clash with what stands, or with each other, or with all those of another area."""
    if not len(problem.conflicts):
        return
    pairs = np.vstack([problem.conflicts, problem.conflicts[:, ::-1]])
    shape = len(problem.sites), len(problem.sites)
    beside = sp.csr_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=shape)
    asked: list[tuple[AreaRule, IntArray]] = []
    for rule in rules:
        open_to, named = rule.sites[~problem.barred[rule.sites]], {"level": rule.quota.level, "area": rule.name}
        if len(open_to) < rule.low:
            yield Reason("explanation.cause_barred", {**named, "count": len(rule.sites)})
        elif rule.low > 1 and _most_apart(beside, open_to, rule.low) < rule.low:
            yield Reason("explanation.cause_clash", {**named, "minimum": rule.low})
        elif rule.low > 0:
            asked.append((rule, open_to))
    clashing = [*_between(beside, asked)]
    if len(clashing) > 1:
        level = tuple(dict.fromkeys(one.quota.level for one, _ in clashing))
        both = tuple(f"{one.name} + {other.name}" for one, other in clashing)
        yield Reason("explanation.cause_between_many", {"level": level, "pairs": both, "count": len(both)})
    for one, other in clashing[: len(clashing) == 1]:
        named = {"level": one.quota.level, "area": one.name, "other": other.name}
        yield Reason("explanation.cause_between", named)


def _most_apart(pairs: sp.csr_array, sites: IntArray, enough: int) -> int:
    """No more of some sites than this can be open: the groups, found by greed, within which any two clash.

    Counting ends at ``enough``.
    """
    inside, left, groups = sp.csr_array(pairs[sites][:, sites]), set(range(len(sites))), 0
    beside = [set(inside.indices[a:b].tolist()) for a, b in itertools.pairwise(inside.indptr.tolist())]
    while left and groups < enough:
        # Who clashes with fewest is shut out of most groups, so it goes first.
        first = min(left, key=lambda s: (len(beside[s] & left), s))
        left.discard(first)
        common = beside[first] & left
        while common:
            one = max(common, key=lambda s: (len(beside[s] & common), -s))  # noqa: B023
            left.discard(one)
            common &= beside[one]
        groups += 1
    return groups


def _between(beside: sp.csr_array, asked: list[tuple[AreaRule, IntArray]]) -> Iterator[tuple[AreaRule, AreaRule]]:
    """Two areas each of which needs a site, every candidate of one ruling out every one of the other."""
    for k, (one, mine) in enumerate(asked):
        near = np.unique(beside[mine].indices)
        for other, theirs in asked[k + 1 :]:
            if one.quota.level != other.quota.level or not np.isin(theirs, near).all():
                continue
            if int(beside[mine][:, theirs].nnz) == len(mine) * len(theirs):
                yield one, other


# --- beds, and sites that must be used


def _never_filled(problem: SitingProblem) -> Iterator[Reason]:
    """Sites that must be built, and that can never be used by as many as they must be."""
    short = problem.required & (could_load(problem) < least_load(problem))
    if short.any():
        yield Reason("explanation.cause_never_filled", {"sites": tuple(problem.sites.index[short])})


def _beds(problem: SitingProblem) -> Iterator[Reason]:
    """Capacity short in all, or in a part of the city that the smallest cut names."""
    if problem.capacity is None:
        return
    load, room = problem.load.to_numpy(dtype=np.int64), problem.room
    must = problem.must_be_covered
    wanted = int(load[must].sum())
    if (load == problem.demand.to_numpy()).all():
        wanted = max(wanted, int(problem.coverage.at_least))
    if wanted == 0:
        return
    unit = problem.capacity.unit
    best = _best_room(problem)
    if best < wanted:
        yield Reason("explanation.cause_capacity", {"wanted": wanted, "room": best, "unit": unit})
    cut = _short(problem, must, load, room)
    if cut is not None:
        communities, sites, short = cut
        towns = tuple(t for t in problem.areas["town"].iloc[communities].unique() if t)
        yield Reason(
            "explanation.cause_region_in" if towns else "explanation.cause_region",
            {"unit": unit, "short": short, "wanted": int(load[communities].sum()), "room": int(room[sites].sum()),
             "level": "town", "areas": towns, "count": len(communities),
             "communities": tuple(problem.demand.index[communities]), "sites": tuple(problem.sites.index[sites])},
        )  # fmt: skip


def _best_room(problem: SitingProblem) -> int:
    """The most that as many sites as may be built can serve, with those that stand."""
    room = np.minimum(problem.room, int(problem.load.sum()))
    free = np.sort(room[problem.free])[::-1]
    required = int(problem.required.sum())
    most = len(free) if problem.new_sites is None else max(0, problem.new_sites - required)
    return int(room[~problem.free].sum() + free[:most].sum())


def _short(
    problem: SitingProblem, must: BoolArray, load: IntArray, room: IntArray
) -> tuple[IntArray, IntArray, int] | None:
    """The communities and sites of the smallest cut when every site is open, and how much is short there."""
    near = problem.near
    homes = np.flatnonzero(must & (load > 0))
    if int(load[homes].sum()) > MOST_FLOW:
        return None
    place = np.full(len(must), -1)
    place[homes] = np.arange(len(homes))
    use = place[near.row] >= 0
    row, wanted = place[near.row][use], load[homes]
    flow, lacking, full = smallest_cut(wanted, row, near.site[use], wanted[row], room)
    short = int(wanted.sum()) - flow
    return (homes[lacking], np.flatnonzero(full), short) if short > 0 else None
