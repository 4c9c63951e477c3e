"""Exact reduced-cost fixing: the pairs, sites and ways to stay away that no choice within a limit can have.

At the best prices each pair is forced into its site's knapsack and kept out of it, by tables from before and from
behind where the room is small, else by Dantzig's bound with one row set; each site is forced into the cheapest choice
and kept out of it. What lifts the bound over the limit is ruled out. What follows by counting is ruled out then.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.base.jit import kernel
from quarterhour.siting.methods.solver.nest import cheapest, exchange_prices
from quarterhour.siting.methods.whole.knapsack import (
    LARGEST_TABLE,
    fill,
    fill_by_table,
    fill_from_behind,
    gather,
    part_of,
)
from quarterhour.siting.methods.whole.whole_instance import NEVER, Narrowed
from quarterhour.siting.methods.whole.whole_prices import AssignmentBound, AssignmentPrices, evaluate

_OVER = 2**60
"""More than any bound in parts."""


def fixed_by_prices(left: Narrowed, priced: AssignmentPrices, limit: int) -> Narrowed | None:
    """What the choices that come to ``limit`` steps at most can have; None where there is no such choice."""
    bound = AssignmentBound(left, priced.parts)
    evaluate(bound.ask, priced.prices)
    column, row, _, pair = left.by_site
    inside, outside = np.full(len(row), _OVER), np.full(len(row), _OVER)
    _each_pair(bound.ask, priced.prices, inside, outside)
    sites, cost = len(left.whole.room), bound.cost
    chosen, change = _exchanges(left, cost)
    total = int(priced.prices.sum()) + int(cost[chosen].sum())
    spare = ((limit + left.rebate) << priced.parts) - total
    if spare < 0:
        return None
    site = np.repeat(np.arange(sites), np.diff(column))
    with_it = np.where(chosen[site], 0, change[site]) + np.minimum(inside - cost[site], _OVER)
    without = np.where(chosen[site], np.minimum(change[site], np.minimum(outside - cost[site], _OVER)), 0)
    sure = without > spare
    if (with_it[sure] > spare).any() or np.bincount(row[sure], minlength=len(left.ways)).max(initial=0) > 1:
        return None
    kept, away = left.kept.copy(), left.away.copy()
    kept[pair[with_it > spare]] = False
    kept &= ~(np.isin(left.whole.row, row[sure]) & ~np.isin(np.arange(len(kept)), pair[sure]))
    paid = left.paid_away
    late = (paid < NEVER) & (np.where(paid < NEVER, (paid << priced.parts) - priced.prices, 0) > spare)
    away[late] = NEVER
    away[row[sure]] = NEVER
    free = ~(left.opened | left.closed)
    closed = left.closed | (free & ~chosen & (change > spare))
    opened = left.opened | (free & chosen & (change > spare))
    opened[site[sure]] = True
    if (opened & closed).any():
        return None
    kept &= ~closed[left.whole.site]
    return settled_by_counting(replace(left, kept=kept, away=away, opened=opened, closed=closed))


def _exchanges(left: Narrowed, cost: IntArray) -> tuple[BoolArray, IntArray]:
    """The cheapest sites, and by site how much dearer they grow at least when one leaves or another comes."""
    nest, free = left.nest, left.free
    assert nest is not None
    picked = cheapest(nest, cost[free])
    chosen = left.opened.copy()
    chosen[free[picked]] = True
    change = np.full(len(cost), _OVER)
    change[free] = np.minimum(exchange_prices(nest, cost[free], picked), _OVER)
    return chosen, change


def settled_by_counting(left: Narrowed) -> Narrowed | None:
    """What follows where rows have one way left and rooms and sites are counted; None where nothing is left."""
    whole, before = left.whole, (-1, -1)
    while (left.pairs, len(left.free)) != before:
        before = left.pairs, len(left.free)
        if left.nest is None:
            return None
        ways, must = left.ways, left.away == NEVER
        if (ways[must] == 0).any():
            return None
        only = left.kept & (must & (ways == 1))[whole.row]
        opened = left.opened.copy()
        opened[whole.site[only]] = True
        if (opened & left.closed).any():
            return None
        sure = np.bincount(whole.site[only], whole.load[whole.row[only]], len(whole.room)).astype(np.int64)
        if (sure > whole.room).any():
            return None
        fits = only | (whole.load[whole.row] + sure[whole.site] <= whole.room[whole.site])
        left = replace(left, opened=opened, kept=left.kept & fits)
        if left.nest is not None and left.nest.size == 0 and len(left.free):
            left = left.at(np.flatnonzero(left.opened))
    return left


@kernel
def _each_pair(ask, prices, inside, outside):  # type: ignore[no-untyped-def]
    """By pair what its site costs at least with the row in its room, and without it; costs of sites become exact."""
    lists, load, room, side, _, _, parts, items, work, book = ask
    column, row, cost = lists
    rest = np.zeros_like(work[0])
    place = np.full(len(row), -1, np.int64)
    for part in side:
        for s in part:
            n, total = gather(s, lists, load, prices, parts, items)
            mine = np.zeros(n, np.uint8)
            worth = fill(items, n, total, room[s], work, mine)
            book[0][s] = -worth
            for t in range(n):
                place[items[2][t]] = t
            if room[s] <= LARGEST_TABLE:
                if total <= room[s]:
                    fill_by_table(items, n, room[s], work[0], mine)
                fill_from_behind(items, n, room[s], rest)
            _set_each(s, ask, prices, n, worth, place, rest, inside, outside)


@kernel
def _set_each(s, ask, prices, n, worth, place, rest, inside, outside):  # type: ignore[no-untyped-def]
    lists, load, room, _, _, _, parts, items, work, _ = ask
    column, row, cost = lists
    gain, weight, _ = items
    table, exact = work[0], room[s] <= LARGEST_TABLE
    heavy, worthy = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)
    for t in range(n):
        heavy[t + 1], worthy[t + 1] = heavy[t] + weight[t], worthy[t] + gain[t]
    for e in range(column[s], column[s + 1]):
        t, w = place[e], load[row[e]]
        left, more = room[s] - w, prices[row[e]] - (cost[e] << parts)
        outside[e] = -worth
        if t < 0:
            most = table[n, left] if exact else _bound_at(left, n, heavy, worthy, gain, weight)
            inside[e] = -min(most, worth) - more
        elif exact:
            inside[e] = -_best_around(t, left, table, rest) - more
            outside[e] = -_best_around(t, room[s], table, rest)
        elif heavy[t + 1] <= room[s]:
            inside[e] = -worth
            outside[e] = -min(worth, _bound_at(room[s] + w, n, heavy, worthy, gain, weight) - gain[t])
        else:
            inside[e] = -min(worth, _bound_at(left, n, heavy, worthy, gain, weight) + gain[t])


@kernel
def _best_around(t, room, table, rest):  # type: ignore[no-untyped-def]
    """The most gain in a room without item t."""
    best = np.int64(0)
    for r in range(room + 1):
        best = max(best, table[t, r] + rest[t + 1, room - r])
    return best


@kernel
def _bound_at(room, n, heavy, worthy, gain, weight):  # type: ignore[no-untyped-def]
    """Dantzig's bound in any room, from running sums."""
    if room >= heavy[n]:
        return worthy[n]
    low, high = 0, n
    while high - low > 1:
        middle = (low + high) // 2
        if heavy[middle] <= room:
            low = middle
        else:
            high = middle
    return worthy[low] + part_of(gain[low], room - heavy[low], weight[low])
