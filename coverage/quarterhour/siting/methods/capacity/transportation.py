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
    use = np.flatnonzero(local[median.site] >= 0)
    row = np.repeat(np.arange(len(median.people)), np.diff(median.start))[use]
    start = np.searchsorted(row, np.arange(len(median.people) + 1)).astype(np.int64)
    site, cs = local[median.site[use]], median.cs[use].astype(np.int64)
    otherwise = np.where(median.otherwise == MUST, np.int64(far), median.otherwise)
    order = np.argsort(site, kind="stable")
    column = np.searchsorted(site[order], np.arange(len(chosen) + 1)).astype(np.int64)
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
def _ways(cost, load, room, leaves, far, onward):  # type: ignore[no-untyped-def]
    """By site, what passing one on costs until there is room, and the next site on that way (Bellman and Ford)."""
    sites = len(load)
    for a in range(sites):
        far[a], onward[a] = leaves, -1
        if load[a] < room[a]:
            far[a] = 0
    far[sites], onward[sites] = 0, -1
    changed = True
    while changed:
        changed = False
        for a in range(sites):
            for b in range(sites + 1):
                if cost[a, b] < leaves and far[b] < leaves and cost[a, b] + far[b] < far[a]:
                    far[a], onward[a], changed = cost[a, b] + far[b], b, True


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
    for a in range(sites):
        _arcs(a, column, order, row, start, site, cs, otherwise, went, cost, via, leaves)
    while True:
        _ways(cost, load, room, leaves, far, onward)
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
        if a < sites:
            many = min(many, room[a] - load[a])
        load[full] -= many
        if a < sites:
            load[a] += many
        a = full
        while onward[a] >= 0:
            k, b = via[a, onward[a]], onward[a]
            went[k] -= many
            if b == sites:
                away[row[k]] += many
            else:
                for e in range(start[row[k]], start[row[k] + 1]):
                    if site[e] == b:
                        went[e] += many
            a = b
        a = full
        while a >= 0 and a < sites:
            _arcs(a, column, order, row, start, site, cs, otherwise, went, cost, via, leaves)
            a = onward[a]
    for a in range(sites):
        price[a] = min(far[a], leaves)
