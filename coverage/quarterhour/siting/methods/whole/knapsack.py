"""The 0-1 knapsack of a site: which rows, whole, fill its room for the most gain; all in whole numbers.

Small rooms are filled by a table over the room (Bellman), large ones depth first below Dantzig's bound (Horowitz and
Sahni 1974), which may be left early: what it then says is a bound, and true.
"""

from __future__ import annotations

import numpy as np

from quarterhour.base.jit import kernel

LARGEST_TABLE = 600
"""Room up to which a table is filled."""
MOST_NODES = 2000
"""Of a search depth first."""
FREE = 1e300
"""Gain a unit of load of what asks for none."""


@kernel
def gather(site, lists, load, prices, parts, items):  # type: ignore[no-untyped-def]
    """The rows that gain at a site, the most a unit of load first; how many, and what they ask for together.

    ``items``: their ``gain`` in parts, ``weight``, and ``place`` among the pairs site by site.
    """
    column, row, cost = lists
    gain, weight, place = items
    first, n, total = column[site], 0, np.int64(0)
    for e in range(first, column[site + 1]):
        more = prices[row[e]] - (cost[e] << parts)
        if more > 0:
            gain[n], weight[n], place[n] = more, load[row[e]], e
            total += load[row[e]]
            n += 1
    each = np.empty(n)
    for t in range(n):
        each[t] = -gain[t] / weight[t] if weight[t] > 0 else -FREE
    order = np.argsort(each, kind="mergesort")
    gains, weights, places = gain[:n].copy(), weight[:n].copy(), place[:n].copy()
    for t in range(n):
        gain[t], weight[t], place[t] = gains[order[t]], weights[order[t]], places[order[t]]
    return n, total


@kernel
def part_of(gain, room, weight):  # type: ignore[no-untyped-def]
    """What a part of an item gains at most, rounded up."""
    return gain // weight * room + (gain % weight) * room // weight + 1


@kernel
def dantzig_bound(items, n, room):  # type: ignore[no-untyped-def]
    """What no choice of items gains more than: the best first, and of the one that does not fit a part."""
    gain, weight, _ = items
    worth = np.int64(0)
    for t in range(n):
        if weight[t] > room:
            return worth + part_of(gain[t], room, weight[t])
        room -= weight[t]
        worth += gain[t]
    return worth


@kernel
def fill_by_table(items, n, room, best, taken):  # type: ignore[no-untyped-def]
    """The most gain. ``best[t, w]``: of the first t items in a room of w; ``taken``: which items."""
    gain, weight, _ = items
    best[0, : room + 1] = 0
    for t in range(n):
        w, g = weight[t], gain[t]
        now, then = best[t], best[t + 1]
        for r in range(min(w, room + 1)):
            then[r] = now[r]
        for r in range(w, room + 1):
            then[r] = max(now[r], now[r - w] + g)
    r = room
    for t in range(n - 1, -1, -1):
        taken[t] = best[t + 1, r] != best[t, r]
        if taken[t]:
            r -= weight[t]
    return best[n, room]


@kernel
def fill_from_behind(items, n, room, rest):  # type: ignore[no-untyped-def]
    """``rest[t, w]``: the most gain of the items from t on in a room of w."""
    gain, weight, _ = items
    rest[n, : room + 1] = 0
    for t in range(n - 1, -1, -1):
        w, g = weight[t], gain[t]
        for r in range(min(w, room + 1)):
            rest[t, r] = rest[t + 1, r]
        for r in range(w, room + 1):
            rest[t, r] = max(rest[t + 1, r], rest[t + 1, r - w] + g)


@kernel
def fill_depth_first(items, n, room, now, taken):  # type: ignore[no-untyped-def]
    """What no choice gains more than, and the best met (``taken``); both the same where the search came to its end."""
    gain, weight, _ = items
    root = dantzig_bound(items, n, room)
    best, worth, left, t, nodes = np.int64(-1), np.int64(0), room, 0, 0
    now[:n] = 0
    while True:
        nodes += 1
        free, bound, u = left, worth, t
        while u < n and weight[u] <= free:
            free -= weight[u]
            bound += gain[u]
            u += 1
        deeper = False
        if u == n:
            if bound > best:
                best = bound
                taken[:t] = now[:t]
                taken[t:n] = 1
        elif bound + part_of(gain[u], free, weight[u]) > best:
            now[t:u] = 1
            now[u] = 0
            left, worth, t = free, bound, u + 1
            if worth > best:
                best = worth
                taken[:u] = now[:u]
                taken[u:n] = 0
            deeper = t < n
        if best == root:
            return best, best
        if nodes > MOST_NODES:
            return root, best
        if deeper:
            continue
        u = t - 1
        while u >= 0 and now[u] == 0:
            u -= 1
        if u < 0:
            return best, best
        now[u] = 0
        left += weight[u]
        worth -= gain[u]
        t = u + 1


@kernel
def fill(items, n, total, room, work, taken):  # type: ignore[no-untyped-def]
    """What no choice gains more than; ``taken``: the best choice met."""
    if total <= room:
        taken[:n] = 1
        return items[0][:n].sum()
    if room <= LARGEST_TABLE:
        return fill_by_table(items, n, room, work[0], taken)
    return fill_depth_first(items, n, room, work[1], taken)[0]
