"""Transportation problem: who goes to which open site of limited capacity, for the least time, in whole people.

Everybody starts at the nearest open site; then people are passed on from sites that are too full, each time
along the cheapest chain of sites that ends where there is room (successive shortest paths; Ahuja, Magnanti
and Orlin 1993, ch. 9). A community may be shared out among several sites.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.base.jit import kernel
from quarterhour.siting.methods.median.median_instance import MUST, MedianInstance

FAR = 2**40
MOST_FLOW = 2**31 - 1
"""scipy's flows are int32."""


@dataclass(frozen=True, eq=False)
class Flow:
    """``people``: by pair of the question; ``away``: by row, who goes to no site.

    ``value``: people times centiseconds, without what is settled; ``lost``: people left who must be served.
    ``price``: by site, what room for a person more saves; ``worth``: by row, what a person costs.
    """

    people: IntArray
    away: IntArray
    value: int
    lost: int
    price: IntArray
    worth: IntArray


def least_time_flow(
    median: MedianInstance, room: IntArray, chosen: IntArray, *, far: int = FAR, begin: Flow | None = None
) -> Flow:
    """The least time with some sites open (positions), each with room for so many people.

    ``far``: what it costs a person of a row that must be served to stay away; the default is more than any chain
    of sites. ``begin``: the flow of the same choice with as much room or more.
    """
    local = np.full(len(median.sites), -1, dtype=np.int64)
    local[chosen] = np.arange(len(chosen))
    use, row, start, site, column, order = _open_pairs(median.start, median.site, local, len(chosen))
    cs = median.cs[use].astype(np.int64)
    otherwise = np.where(median.otherwise == MUST, np.int64(far), median.otherwise)
    if begin is None:
        went, away = np.zeros(len(use), np.int64), np.zeros(len(start) - 1, np.int64)
        _begin(median.people, start, went, away)
    else:
        went, away = begin.people[use], begin.away.copy()
    price = np.zeros(len(chosen), np.int64)
    _pass_on(start, site, cs, otherwise, column, order, row, room[chosen], went, away, price)
    people, prices = np.zeros(len(median.site), np.int64), np.zeros(len(median.sites), np.int64)
    people[use], prices[chosen] = went, price
    must = median.otherwise == MUST
    value = int(went @ cs) + int(away[~must] @ median.otherwise[~must])
    worth = otherwise.copy()
    np.minimum.at(worth, row, cs + price[site])
    return Flow(people, away, value, int(away[must].sum()), prices, worth)


def smallest_cut(
    people: IntArray, row: IntArray, site: IntArray, width: IntArray, room: IntArray
) -> tuple[int, BoolArray, BoolArray]:
    """How many find a place at most (greatest flow), and the rows and sites on the people's side of the smallest cut.

    ``people``: by row, no more than ``MOST_FLOW`` in all. ``row``, ``site``, ``width``: pairs, and how many may go so.
    """
    rows, sites = len(people), len(room)
    source, sink = rows + sites, rows + sites + 1
    tail = np.concatenate([np.full(rows, source), row, rows + np.arange(sites)])
    head = np.concatenate([np.arange(rows), rows + site, np.full(sites, sink)])
    most = np.minimum(np.concatenate([people, width, room]), MOST_FLOW).astype(np.int32)
    graph = sp.csr_array((most, (tail, head)), shape=(sink + 1, sink + 1))
    found = maximum_flow(graph, source, sink)
    left = sp.csr_array(graph - found.flow)
    left.data = np.maximum(left.data, 0)
    left.eliminate_zeros()
    near = np.zeros(sink + 1, dtype=np.bool_)
    near[breadth_first_order(left, source, return_predecessors=False)] = True
    return int(found.flow_value), near[:rows], near[rows:source]


@kernel
def _open_pairs(start, site, local, sites):  # type: ignore[no-untyped-def]
    """The pairs of open sites: where they stand, rows, where rows begin, sites; where sites begin, pairs by site."""
    use = np.flatnonzero(local[site] >= 0)
    row, near, order = np.empty_like(use), np.empty_like(use), np.empty_like(use)
    begin, column = np.zeros(len(start), np.int64), np.zeros(sites + 1, np.int64)
    n = 0
    for i in range(len(start) - 1):
        while n < len(use) and use[n] < start[i + 1]:
            row[n], near[n] = i, local[site[use[n]]]
            column[near[n] + 1] += 1
            n += 1
        begin[i + 1] = n
    for s in range(sites):
        column[s + 1] += column[s]
    at = column.copy()
    for e in range(len(use)):
        order[at[near[e]]] = e
        at[near[e]] += 1
    return use, row, begin, near, column, order


@kernel
def _arcs(a, column, order, row, start, site, cs, otherwise, went, cost, via, leaves):  # type: ignore[no-untyped-def]
    """The cheapest person to pass on from a site to every other, and to nowhere (the last)."""
    sites = cost.shape[0] - 1
    for b in range(sites + 1):
        cost[a, b] = leaves
    for q in range(column[a], column[a + 1]):
        k = order[q]
        if went[k] == 0:
            continue
        i = row[k]
        if otherwise[i] - cs[k] < cost[a, sites]:
            cost[a, sites], via[a, sites] = otherwise[i] - cs[k], k
        for e in range(start[i], start[i + 1]):
            b = site[e]
            if b != a and cs[e] - cs[k] < cost[a, b]:
                cost[a, b], via[a, b] = cs[e] - cs[k], k


@kernel
def _arcs_of(a, k, row, start, site, cs, otherwise, cost, via):  # type: ignore[no-untyped-def]
    """The same when one more pair of a site is used: of pairs that come to the same the first is taken."""
    i, sites = row[k], cost.shape[0] - 1
    for e in range(start[i], start[i + 1] + 1):
        b, more = sites, otherwise[i] - cs[k]
        if e < start[i + 1]:
            b, more = site[e], cs[e] - cs[k]
        if b != a and (more < cost[a, b] or (more == cost[a, b] and k < via[a, b])):
            cost[a, b], via[a, b] = more, k


@kernel
def _base(a, cost, load, room, leaves, base, first):  # type: ignore[no-untyped-def]
    """The cheapest way from a site right to room, or to nowhere, and the first site on such a way."""
    sites = len(load)
    base[a], first[a] = leaves, -1
    for b in range(sites + 1):
        if (b == sites or load[b] < room[b]) and cost[a, b] < base[a]:
            base[a], first[a] = cost[a, b], b


@kernel
def _ways(cost, base, first, load, room, leaves, far, onward, read, told):  # type: ignore[no-untyped-def]
    """By site, what passing one on costs until there is room, and the next site on that way (Bellman and Ford).

    ``told``: sites whose way became shorter, in their order; ``read``: of each site how many of these it knows. Of next
    sites that come to the same the first is taken.
    """
    sites, many, turn = len(load), 0, 0
    for a in range(sites):
        far[a], onward[a], read[a] = leaves, -1, 0
        if load[a] < room[a]:
            far[a] = 0
    far[sites], onward[sites] = 0, -1
    changed = True
    while changed:
        changed = False
        for a in range(sites):
            best, to = far[a], np.int64(-1)
            if turn == 0 and base[a] < best:
                best, to = base[a], first[a]
            for t in range(read[a], many):
                b = told[t]
                if cost[a, b] < leaves:
                    way = cost[a, b] + far[b]
                    if way < best or (way == best and b < to):
                        best, to = way, b
            read[a] = many
            if to >= 0:
                far[a], onward[a], changed = best, to, True
                told[many] = a
                many += 1
        turn += 1
        # What all sites know goes: no more is left than one turn told.
        if changed:
            known = read.min()
            for t in range(known, many):
                told[t - known] = told[t]
            many -= known
            for a in range(sites):
                read[a] -= known


@kernel
def _begin(people, start, went, away):  # type: ignore[no-untyped-def]
    """Everybody to the nearest open site."""
    for i in range(len(people)):
        if start[i] == start[i + 1]:
            away[i] = people[i]
        else:
            went[start[i]] = people[i]


@kernel
def _pass_on(start, site, cs, otherwise, column, order, row, room, went, away, price):  # type: ignore[no-untyped-def]
    sites = len(room)
    leaves = np.int64(2**60)
    load = np.zeros(sites, np.int64)
    for k in range(len(went)):
        load[site[k]] += went[k]
    cost, via = np.full((sites + 1, sites + 1), leaves), np.full((sites + 1, sites + 1), -1)
    far, onward = np.full(sites + 1, leaves), np.full(sites + 1, -1)
    left, came = np.zeros(sites + 1, np.bool_), np.full(sites + 1, -1)
    read, told = np.zeros(sites, np.int64), np.empty(3 * (sites + 1), np.int64)
    base, first = np.full(sites, leaves), np.full(sites, -1)
    for a in range(sites):
        _arcs(a, column, order, row, start, site, cs, otherwise, went, cost, via, leaves)
        _base(a, cost, load, room, leaves, base, first)
    while True:
        _ways(cost, base, first, load, room, leaves, far, onward, read, told)
        full = -1
        for a in range(sites):
            if load[a] > room[a] and (full < 0 or far[a] < far[full]):
                full = a
        if full < 0:
            break
        many, a = load[full] - room[full], full
        while onward[a] >= 0:
            many = min(many, went[via[a, onward[a]]])
            a = onward[a]
        last = a
        if last < sites:
            many = min(many, room[last] - load[last])
        load[full] -= many
        if last < sites:
            load[last] += many
        a = full
        while onward[a] >= 0:
            k, b = via[a, onward[a]], onward[a]
            went[k] -= many
            left[a] = went[k] == 0
            if b == sites:
                away[row[k]] += many
            else:
                for e in range(start[row[k]], start[row[k] + 1]):
                    if site[e] == b:
                        went[e] += many
                        came[b] = e if went[e] == many else -1
            a = b
        a = full
        while a >= 0 and a < sites:
            if left[a]:
                _arcs(a, column, order, row, start, site, cs, otherwise, went, cost, via, leaves)
            elif came[a] >= 0:
                _arcs_of(a, came[a], row, start, site, cs, otherwise, cost, via)
            left[a], came[a] = False, -1
            _base(a, cost, load, room, leaves, base, first)
            a = onward[a]
        if last < sites and load[last] >= room[last]:
            for b in range(sites):
                if first[b] == last:
                    _base(b, cost, load, room, leaves, base, first)
    for a in range(sites):
        price[a] = min(far[a], leaves)
