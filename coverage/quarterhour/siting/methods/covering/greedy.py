"""Good plans quickly: greedy, then exchanges, inside quotas; and the order in which to build."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from quarterhour.base.arrays import IntArray
from quarterhour.base.jit import kernel
from quarterhour.siting.methods.covering.cover_instance import CoverInstance, count_in_areas
from quarterhour.siting.methods.covering.exchange import iterated_local_search
from quarterhour.siting.methods.solver.presolve import dominated_columns, merge_pairs, merge_rows
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.question.quotas import quota_areas
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.question.site_limits import as_limits, groups_of


def build_cover_instance(problem: SitingProblem, *, every_candidate: bool = False) -> CoverInstance:
    """The question without what is settled: people covered already, equal rows, dominated candidates.

    ``every_candidate``: the dominated ones stay, as where they may be cheaper.
    """
    near, free = problem.near, problem.free
    people = problem.demand.to_numpy(dtype=np.int64)
    rows, people = merge_pairs(near.start, near.site, people, sites=len(free), keep=free, settled=~free)
    quotas = as_limits((rule.row for rule in quota_areas(problem)), ~free).of_free_sites()
    limit = int(free.sum())
    if problem.new_sites is not None:
        limit = min(limit, int(problem.new_sites) - int(problem.required.sum()))
    core = CoverInstance(
        people, rows, problem.sites.index[free], groups_of(quotas), quotas.low, quotas.high, limit, problem.everyone
    )
    return core if every_candidate else without_dominated(core)


def without_dominated(core: CoverInstance) -> CoverInstance:
    """Leave out candidates whose people another of the same areas reaches too.

    Not where an area needs two or more: there the lesser one may be the second.
    """
    idle = (np.bincount(core.cover.indices, minlength=len(core.sites)) == 0) & (core.group < 0).all(axis=0)
    keep = ~(idle | dominated_columns(core.cover, kind=area_signatures(core)))
    if keep.all():
        return core
    rows, people = merge_rows(core.cover[:, np.flatnonzero(keep)], core.people)
    # High stays at the count of all candidates: a looser bound that never binds.
    return replace(core, people=people, cover=rows, sites=core.sites[keep], group=core.group[:, keep])


def area_signatures(core: CoverInstance) -> IntArray:
    """Candidates of the same areas have the same number; -1 where an area needs several, so that none may go."""
    if not len(core.group):
        return np.zeros(len(core.sites), dtype=np.int64)
    many = np.append(core.low > 1, False)  # the last stands for group -1
    _, kind = np.unique(core.group, axis=1, return_inverse=True)
    return np.where(many[core.group].any(axis=0), -1, kind.ravel()).astype(np.int64)


# --- greedy ---------------------------------------------------------------------------


def heuristic_choice(
    core: CoverInstance,
    budget: SearchBudget | None = None,
    *,
    effort: float = 5e7,
    found: Callable[[IntArray], object] | None = None,
) -> IntArray | None:
    """Positions of a good choice of candidates within all rules, None where greedy finds none.

    ``effort``: steps of local search after the greedy start. ``found``: told better choices on the way.
    """
    if core.is_infeasible:
        return None
    chosen = greedy_order(core)
    if not core.all_rows and len(chosen) and core.holds(chosen):
        most = float(core.people.sum())
        chosen = iterated_local_search(core, chosen, budget or SearchBudget(), effort=effort, bound=most, found=found)
    chosen = without_redundant(core, chosen)
    return chosen if core.holds(chosen) else None


def greedy_order(core: CoverInstance, begin: IntArray | None = None) -> IntArray:
    """Candidates in the order in which greedy takes them: short areas first, then the most new people.

    ``begin``: those that are taken already.
    """
    table = core.table
    first = np.empty(0, dtype=np.int64) if begin is None else begin
    chosen: IntArray = _greedy(*table, core.people, core.group, core.low, core.high, core.limit, first)
    return chosen


def without_redundant(core: CoverInstance, chosen: IntArray) -> IntArray:
    """A choice without the sites that add no people and no quota needs, in position order."""
    return np.sort(_needed(*core.table[:2], core.people, np.asarray(chosen, dtype=np.int64), core.group, core.low))


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
def _greedy(start, row, row_start, row_site, people, group, low, high, limit, first):  # type: ignore[no-untyped-def]
    """After the first ones short areas, then the most new people; ties to the lowest position."""
    sites = len(start) - 1
    gain = np.zeros(sites, np.int64)
    for s in range(sites):
        for k in range(start[s], start[s + 1]):
            gain[s] += people[row[k]]
    done, taken = np.zeros(len(people), np.bool_), np.zeros(sites, np.bool_)
    opened, chosen = np.zeros(len(low), np.int64), np.empty(max(0, limit), np.int64)
    n = 0
    while n < limit:
        best, most = first[n] if n < len(first) else -1, 0
        short = (opened < low).any()
        for s in range(sites if best < 0 else 0):
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
        count_in_areas(group, opened, best, 1)
        for k in range(start[best], start[best + 1]):
            r = row[k]
            if not done[r]:
                done[r] = True
                for e in range(row_start[r], row_start[r + 1]):
                    gain[row_site[e]] -= people[r]
    return chosen[:n]


@kernel
def _needed(start, row, people, chosen, group, low):  # type: ignore[no-untyped-def]
    """Drop, last first, each site that alone covers nobody and that no area needs."""
    times, opened = np.zeros(len(people), np.int64), np.zeros(len(low), np.int64)
    for s in chosen:
        count_in_areas(group, opened, s, 1)
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
            count_in_areas(group, opened, s, -1)
            for k in range(start[s], start[s + 1]):
                times[row[k]] -= 1
    return chosen[stays]
