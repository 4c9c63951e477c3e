"""Why no plan can exist, told in the question's own terms, in a moment: counting, a maximum flow, a few sums.

Each cause is a proof: where one is named, no plan exists. Where none is, one may still not exist, since rules can
clash in ways that only a search finds; ``relax`` asks then what would have to give.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from scipy.sparse import csgraph

from quarterhour.errors import first_ids
from quarterhour.siting.counting import contradictions, quota_rows, shortfalls
from quarterhour.siting.measure import Measure
from quarterhour.siting.plan import Reason
from quarterhour.siting.problem import WHOLE, Bools, Ints, Quota, SitingProblem

MOST_FLOW = 2**31 - 1
"""scipy's flows are int32."""


def causes(problem: SitingProblem) -> tuple[Reason, ...]:
    """Every cause that can be proven without a search; empty does not promise that a plan exists.

    Towns without a candidate are no cause: their quota is lowered and told as ``unmet`` (``shortfalls``).
    """
    found = list(contradictions(problem))
    for look in (_people, _shut_out, _money, _apart, _spread, _beds):
        found += look(problem)
    return tuple(found)


def lowered(problem: SitingProblem) -> tuple[Reason, ...]:
    """Quotas that no plan can meet for want of admissible sites, as sentences."""
    rows = shortfalls(problem)
    return tuple(
        Reason(f"siting.cause_{reason}", {"level": level, "areas": first_ids(group["area"]), "count": len(group)})
        for (reason, level), group in rows.groupby(["reason", "level"], sort=False)
    )


# --- people


def _coverable(problem: SitingProblem) -> Bools:
    """Communities that enough sites are near to: two, where one alone counts for nothing."""
    enough = 2 if problem.coverage.backup == 0 else 1
    return np.asarray(np.diff(problem.near.start) >= enough, dtype=np.bool_)


def _must(problem: SitingProblem) -> Bools:
    """Communities that must be covered: where everyone must, those with people whom some site could cover."""
    near = _coverable(problem)
    return near & (problem.demand.to_numpy() > 0) if problem.everyone else np.zeros(len(near), dtype=np.bool_)


def _people(problem: SitingProblem) -> Iterator[Reason]:
    wanted = int(problem.coverage.at_least)
    share = Measure(problem).share(~problem.barred)
    people = problem.demand.to_numpy(dtype=np.int64)
    most = int(people @ share)
    if wanted * WHOLE > most:
        far = problem.demand[(share < WHOLE) & (people > 0)].sort_values(ascending=False, kind="stable")
        values = {"at_least": wanted, "reachable": most // WHOLE, "communities": first_ids(far.index)}
        yield Reason("siting.cause_unreachable", values)


def _shut_out(problem: SitingProblem) -> Iterator[Reason]:
    """Communities that must be covered, and whose sites what stands or must be built rules out."""
    if not len(problem.conflicts) or not problem.everyone:
        return
    bare = _must(problem) & (Measure(problem).share(~problem.barred) == 0)
    if bare.any():
        named = {"count": int(bare.sum()), "communities": first_ids(problem.demand.index[bare])}
        yield Reason("siting.cause_shut_out", named)


def _spread(problem: SitingProblem) -> Iterator[Reason]:
    """Communities of which no two can share a site, more than the sites that may be built."""
    if problem.new_sites is None or not problem.everyone:
        return
    near, free = problem.near, problem.free
    settled = np.bincount(near.row[~free[near.site]], minlength=len(problem.demand)) > 0
    left = np.flatnonzero(_must(problem) & ~settled)
    required = int(problem.sites["state"].eq("required").sum())
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
            "count": len(alone), "required": required, "new_sites": problem.new_sites,
            "communities": first_ids(problem.demand.index[alone]),
        }  # fmt: skip
        yield Reason("siting.cause_spread", values)


# --- money


def _money(problem: SitingProblem) -> Iterator[Reason]:
    """The cheapest sites that the quotas ask for cost more than the budget."""
    if problem.budget.yuan is None:
        return
    required = problem.sites["state"].eq("required").to_numpy()
    must = int(problem.yuan[required].sum())
    least, level, areas = _cheapest(problem)
    if must <= problem.budget.yuan < must + least:
        values = {"yuan": must + least, "budget": problem.budget.yuan, "level": level, "areas": first_ids(areas)}
        yield Reason("siting.cause_budget", values)


def _cheapest(problem: SitingProblem) -> tuple[int, str, list[str]]:
    """What the candidates cost that the quotas ask for at the least, by which level, and the areas that lack one."""
    picked: dict[str, dict[str, Ints]] = {}
    for quota in problem.quotas:
        area, of_level = problem.area_of(quota).to_numpy(dtype=object), picked.setdefault(quota.level, {})
        for name, low in _lows(problem, quota):
            mine = np.flatnonzero(problem.free & (area == name)).astype(np.int64)
            mine = mine[np.argsort(problem.yuan[mine], kind="stable")][:low]
            if _yuan(problem, mine) >= _yuan(problem, of_level.get(name, mine[:0])):
                of_level[name] = mine
    found = [(sum(_yuan(problem, s) for s in sets.values()), level, list(sets)) for level, sets in picked.items()]
    lies_in = problem.sites.loc[problem.free, ["town", "county"]].drop_duplicates()
    nested = not lies_in["town"].duplicated().any() and not any(q.tier for q in problem.quotas)
    if nested and {"town", "county"} <= set(picked):
        found.append(_nested(problem, picked["town"], picked["county"]))
    return max(found, key=lambda f: f[0], default=(0, "", []))


def _nested(problem: SitingProblem, towns: dict[str, Ints], counties: dict[str, Ints]) -> tuple[int, str, list[str]]:
    """The sites that towns ask for count in their counties, which then take the cheapest that are left."""
    chosen = np.zeros(len(problem.sites), dtype=np.bool_)
    chosen[np.concatenate([*towns.values(), np.empty(0, dtype=np.int64)])] = True
    county = problem.sites["county"].to_numpy(dtype=object)
    for name, asked in counties.items():
        here = np.flatnonzero(problem.free & (county == name))
        left = here[~chosen[here]]
        more = max(0, len(asked) - int(chosen[here].sum()))
        chosen[left[np.argsort(problem.yuan[left], kind="stable")][:more]] = True
    return _yuan(problem, np.flatnonzero(chosen)), "town_county", [*towns, *counties]


def _yuan(problem: SitingProblem, sites: Ints) -> int:
    return int(problem.yuan[sites].sum())


def _lows(problem: SitingProblem, quota: Quota) -> list[tuple[str, int]]:
    """Areas of a quota and how many candidates they still ask for, lowered to what is there."""
    rows = quota_rows(replace(problem, quotas=(quota,)))
    return [(area, low) for _, area, low, _ in rows if low > 0]


# --- sites that rule each other out


def _apart(problem: SitingProblem) -> Iterator[Reason]:
    """Areas whose candidates all clash with what stands, or with each other, or with all those of another area."""
    if not len(problem.conflicts):
        return
    size, free = len(problem.sites), problem.free
    pairs = np.vstack([problem.conflicts, problem.conflicts[:, ::-1]])
    clash = sp.csr_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    asked: dict[tuple[str, str], tuple[Ints, int]] = {}
    for quota in problem.quotas:
        area = problem.area_of(quota).to_numpy(dtype=object)
        for name, low in _lows(problem, quota):
            mine = np.flatnonzero(free & (area == name)).astype(np.int64)
            open_to = mine[~problem.barred[mine]]
            if len(open_to) < low:
                yield Reason("siting.cause_barred", {"level": quota.level, "area": name, "count": len(mine)})
            elif low > 1 and _most_apart(clash, open_to, low) < low:
                yield Reason("siting.cause_clash", {"level": quota.level, "area": name, "minimum": low})
            else:
                asked[quota.level, name] = (open_to, low)
    yield from _between(clash, asked)


def _most_apart(clash: sp.csr_array, sites: Ints, enough: int) -> int:
    """No more of some sites than this can be open: the groups, found by greed, within which any two clash.

    Counting ends at ``enough``.
    """
    inside, left, groups = sp.csr_array(clash[sites][:, sites]), set(range(len(sites))), 0
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


def _between(clash: sp.csr_array, asked: dict[tuple[str, str], tuple[Ints, int]]) -> Iterator[Reason]:
    """Two areas each of which needs a site, every candidate of one ruling out every one of the other."""
    names = list(asked)
    for k, one in enumerate(names):
        near = np.unique(clash[asked[one][0]].indices)
        for other in names[k + 1 :]:
            a, b = asked[one][0], asked[other][0]
            if one[0] != other[0] or not np.isin(b, near).all():
                continue
            if int(clash[a][:, b].nnz) == len(a) * len(b):
                yield Reason("siting.cause_between", {"level": one[0], "area": one[1], "other": other[1]})


# --- beds


def _beds(problem: SitingProblem) -> Iterator[Reason]:
    """Capacity short in all, or in a part of the city that the smallest cut names."""
    if problem.capacity is None:
        return
    load, room = problem.load.to_numpy(dtype=np.int64), problem.room
    must = _must(problem)
    wanted = int(load[must].sum())
    if (load == problem.demand.to_numpy()).all():
        wanted = max(wanted, int(problem.coverage.at_least))
    if wanted == 0:
        return
    unit = problem.capacity.unit
    best = _best_room(problem)
    if best < wanted:
        yield Reason("siting.cause_capacity", {"wanted": wanted, "room": best, "unit": unit})
    cut = _short(problem, must, load, room)
    if cut is not None:
        communities, sites, short = cut
        yield Reason(
            "siting.cause_region",
            {"unit": unit, "short": short, "wanted": int(load[communities].sum()), "room": int(room[sites].sum()),
             "count": len(communities), "communities": first_ids(problem.demand.index[communities]),
             "sites": first_ids(problem.sites.index[sites]) or "-"},
        )  # fmt: skip


def _best_room(problem: SitingProblem) -> int:
    """The most that as many sites as may be built can serve, with those that stand."""
    room = np.minimum(problem.room, int(problem.load.sum()))
    free = np.sort(room[problem.free])[::-1]
    required = int(problem.sites["state"].eq("required").sum())
    most = len(free) if problem.new_sites is None else max(0, problem.new_sites - required)
    return int(room[~problem.free].sum() + free[:most].sum())


def _short(problem: SitingProblem, must: Bools, load: Ints, room: Ints) -> tuple[Ints, Ints, int] | None:
    """The communities and sites of the smallest cut when every site is open, and how much is short there."""
    near = problem.near
    homes = np.flatnonzero(must & (load > 0))
    if int(load[homes].sum()) > MOST_FLOW:
        return None
    n, m = len(homes), len(problem.sites)
    place = np.full(len(must), -1)
    place[homes] = np.arange(n)
    use = place[near.row] >= 0
    a, b = place[near.row][use], near.site[use]
    wide = np.minimum(room, int(load.sum()))
    tail = np.r_[np.zeros(n, np.int64), 1 + a, 1 + n + np.arange(m)]
    head = np.r_[1 + np.arange(n), 1 + n + b, np.full(m, 1 + n + m)]
    width = np.r_[load[homes], load[homes][a], wide]
    graph = sp.csr_array((width.astype(np.int32), (tail, head)), shape=(n + m + 2, n + m + 2))
    found = csgraph.maximum_flow(graph, 0, n + m + 1)
    short = int(load[homes].sum()) - int(found.flow_value)
    if short <= 0:
        return None
    left = sp.csr_array(graph - found.flow)
    left.data = np.maximum(left.data, 0)
    left.eliminate_zeros()
    reached = csgraph.breadth_first_order(left, 0, return_predecessors=False)
    inside = np.zeros(n + m + 2, dtype=np.bool_)
    inside[reached] = True
    return homes[inside[1 : 1 + n]].astype(np.int64), np.flatnonzero(inside[1 + n : 1 + n + m]).astype(np.int64), short
