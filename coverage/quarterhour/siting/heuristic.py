"""Good plans quickly: greedy, then swaps, inside quotas; and the order in which to build."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from quarterhour.kernels import kernel
from quarterhour.siting.aggregate import merge_pairs, merge_rows
from quarterhour.siting.core import Core, Ints
from quarterhour.siting.counting import quota_rows
from quarterhour.siting.problem import SitingProblem

_MOST_PASSES = 50
_MOST_COMPARED = 1_000_000_000
"""Pairs of candidates that share a community, beyond which looking for dominated ones costs too much."""


def as_core(problem: SitingProblem) -> Core:
    """The question without what is settled: people covered already, equal rows, dominated candidates."""
    near, fixed = problem.near, ~problem.free
    demand = problem.demand.to_numpy(dtype=np.int64)
    rows, people = merge_pairs(
        near.start, near.site, demand, sites=len(problem.sites), keep=problem.free, settled=fixed
    )  # fmt: skip
    group, low, high = _groups(problem, problem.sites[~fixed])
    limit = int((~fixed).sum())
    if problem.new_sites is not None:
        limit = min(limit, int(problem.new_sites) - int(problem.sites["state"].eq("required").sum()))
    core = Core(people, rows, problem.sites.index[~fixed], group, low, high, limit, problem.everyone)
    return _without_dominated(core)


def _groups(problem: SitingProblem, sites: pd.DataFrame) -> tuple[Ints, Ints, Ints]:
    bounds = quota_rows(problem)
    group = np.full((len(problem.quotas), len(sites)), -1, dtype=np.int64)
    first = 0
    for q, quota in enumerate(problem.quotas):
        number = {area: first + k for k, area in enumerate(quota.areas)}
        group[q] = [number.get(a, -1) for a in problem.area_of(quota)[sites.index]]
        first += len(quota.areas)
    low = np.array([r[2] for r in bounds], dtype=np.int64)
    high = np.array([r[3] for r in bounds], dtype=np.int64)
    return group, low, high


def _without_dominated(core: Core) -> Core:
    """Leave out candidates whose people another of the same areas reaches too.

    Not where an area needs two or more: there the lesser one may be the second.
    """
    keep = ~_dominated(core)
    if keep.all():
        return core
    rows, people = merge_rows(core.cover[:, np.flatnonzero(keep)], core.people)
    # High stays at the count of all candidates: a looser bound that never binds.
    return Core(people, rows, core.sites[keep], core.group[:, keep], core.low, core.high, core.limit, core.all_rows)


def _dominated(core: Core) -> npt.NDArray[np.bool_]:
    size = np.asarray(core.cover.sum(axis=0)).ravel().astype(np.int64)
    lost: npt.NDArray[np.bool_] = (size == 0) & (core.group < 0).all(axis=0)
    if not len(core.people) or float((np.diff(core.cover.indptr).astype(float) ** 2).sum()) > _MOST_COMPARED:
        return lost
    shared = sp.coo_array(core.cover.T @ core.cover)
    a, b = shared.coords
    inside = (shared.data == size[a]) & (a != b) & ((size[a] < size[b]) | (a > b))
    a, b = a[inside], b[inside]
    same = (core.group[:, a] == core.group[:, b]).all(axis=0)
    many = np.append(core.low > 1, False)  # the last stands for group -1
    plain = ~many[core.group[:, a]].any(axis=0)
    lost[a[same & plain]] = True
    return lost


# --- greedy and swaps ---------------------------------------------------------------------------


def good_choice(core: Core) -> Ints | None:
    """Positions of a good choice of candidates within all rules, None where greedy finds none."""
    if core.limit < 0 or (core.high < 0).any():
        return None
    by_site = sp.csc_array(core.cover)
    start, row = by_site.indptr.astype(np.int64), by_site.indices.astype(np.int64)
    rules = (core.group, core.low, core.high, core.limit)
    row_start, row_site = core.cover.indptr.astype(np.int64), core.cover.indices.astype(np.int64)
    chosen = _greedy(start, row, row_start, row_site, core.people, *rules)
    if not core.all_rows and len(chosen):
        _swap(start, row, core.people, chosen, core.group, core.low, core.high, _MOST_PASSES)
    chosen = _needed(start, row, core.people, chosen, core.group, core.low)
    return np.sort(chosen) if core.holds(chosen) else None


def without_idle(core: Core, chosen: Ints) -> Ints:
    """A choice without the sites that add no people and no quota needs, in position order."""
    by_site = sp.csc_array(core.cover)
    start, row = by_site.indptr.astype(np.int64), by_site.indices.astype(np.int64)
    return np.sort(_needed(start, row, core.people, np.asarray(chosen, dtype=np.int64), core.group, core.low))


@kernel
def _fills(group, low, high, opened, site):  # type: ignore[no-untyped-def]
    """How many short areas a site helps; -1 where an area is full."""
    helped = 0
    for q in range(group.shape[0]):
        g = group[q, site]
        if g >= 0:
            if opened[g] >= high[g]:
                return -1
            if opened[g] < low[g]:
                helped += 1
    return helped


@kernel
def _count(group, opened, site, step):  # type: ignore[no-untyped-def]
    for q in range(group.shape[0]):
        if group[q, site] >= 0:
            opened[group[q, site]] += step


@kernel
def _greedy(start, row, row_start, row_site, people, group, low, high, limit):  # type: ignore[no-untyped-def]
    """Short areas first, then the most new people; ties to the lowest position."""
    sites = len(start) - 1
    gain = np.zeros(sites, np.int64)
    for s in range(sites):
        for k in range(start[s], start[s + 1]):
            gain[s] += people[row[k]]
    done, taken = np.zeros(len(people), np.bool_), np.zeros(sites, np.bool_)
    opened, chosen = np.zeros(len(low), np.int64), np.empty(max(0, limit), np.int64)
    n = 0
    while n < limit:
        best, most = -1, 0
        short = (opened < low).any()
        for s in range(sites):
            helped = -1 if taken[s] else _fills(group, low, high, opened, s)
            if helped < 0 or (short and helped == 0) or (not short and gain[s] == 0):
                continue
            if best < 0 or helped > most or (helped == most and gain[s] > gain[best]):
                best, most = s, helped
        if best < 0:
            break
        taken[best] = True
        chosen[n] = best
        n += 1
        _count(group, opened, best, 1)
        for k in range(start[best], start[best + 1]):
            r = row[k]
            if not done[r]:
                done[r] = True
                for e in range(row_start[r], row_start[r + 1]):
                    gain[row_site[e]] -= people[r]
    return chosen[:n]


@kernel
def _may_swap(group, low, high, opened, leaving, coming):  # type: ignore[no-untyped-def]
    for q in range(group.shape[0]):
        a, b = group[q, leaving], group[q, coming]
        if a != b and ((a >= 0 and opened[a] <= low[a]) or (b >= 0 and opened[b] >= high[b])):
            return False
    return True


@kernel
def _swap(start, row, people, chosen, group, low, high, passes):  # type: ignore[no-untyped-def]
    """Exchange one site for another while that covers more people; ``chosen`` is changed in place.

    A row covered once knows its coverer through the sum of their places in ``chosen`` (Whitaker's
    fast exchange, as in Resende and Werneck 2007).
    """
    sites, size = len(start) - 1, len(chosen)
    times, who = np.zeros(len(people), np.int64), np.zeros(len(people), np.int64)
    place, opened = np.full(sites, -1), np.zeros(len(low), np.int64)
    for p in range(size):
        place[chosen[p]] = p
        _count(group, opened, chosen[p], 1)
        for k in range(start[chosen[p]], start[chosen[p] + 1]):
            times[row[k]] += 1
            who[row[k]] += p
    loss, kept = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for r in range(len(people)):
        if times[r] == 1:
            loss[who[r]] += people[r]
    idle, tried, s = 0, 0, 0
    while idle < sites and tried < sites * passes:
        if place[s] < 0:
            won = 0
            kept[:] = 0
            for k in range(start[s], start[s + 1]):
                r = row[k]
                if times[r] == 0:
                    won += people[r]
                elif times[r] == 1:
                    kept[who[r]] += people[r]
            worst = -1
            for p in range(size):
                less = worst < 0 or loss[p] - kept[p] < loss[worst] - kept[worst]
                if less and _may_swap(group, low, high, opened, chosen[p], s):
                    worst = p
            if worst >= 0 and won > loss[worst] - kept[worst]:
                out = chosen[worst]
                for k in range(start[out], start[out + 1]):
                    r = row[k]
                    if times[r] == 1:
                        loss[worst] -= people[r]
                    times[r] -= 1
                    who[r] -= worst
                    if times[r] == 1:
                        loss[who[r]] += people[r]
                place[out], place[s], chosen[worst] = -1, worst, s
                _count(group, opened, out, -1)
                _count(group, opened, s, 1)
                for k in range(start[s], start[s + 1]):
                    r = row[k]
                    if times[r] == 0:
                        loss[worst] += people[r]
                    elif times[r] == 1:
                        loss[who[r]] -= people[r]
                    times[r] += 1
                    who[r] += worst
                idle = 0
        idle += 1
        tried += 1
        s = s + 1 if s + 1 < sites else 0


@kernel
def _needed(start, row, people, chosen, group, low):  # type: ignore[no-untyped-def]
    """Drop, last first, each site that alone covers nobody and that no area needs."""
    times, opened = np.zeros(len(people), np.int64), np.zeros(len(low), np.int64)
    for s in chosen:
        _count(group, opened, s, 1)
        for k in range(start[s], start[s + 1]):
            times[row[k]] += 1
    stays = np.ones(len(chosen), np.bool_)
    for p in range(len(chosen) - 1, -1, -1):
        s, alone = chosen[p], False
        for k in range(start[s], start[s + 1]):
            alone = alone or times[row[k]] == 1
        for q in range(group.shape[0]):
            g = group[q, s]
            alone = alone or (g >= 0 and opened[g] <= low[g])
        if not alone:
            stays[p] = False
            _count(group, opened, s, -1)
            for k in range(start[s], start[s + 1]):
                times[row[k]] -= 1
    return chosen[stays]
