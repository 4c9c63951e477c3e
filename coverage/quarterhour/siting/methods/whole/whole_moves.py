"""Moves of rows that are served whole among open sites, with room that may be overrun at a price (compiled).

A choice is ``went`` (the site of each row; the last place: nowhere), ``load`` of each place, ``opened`` and the open
sites in ``slots``. A move puts a row elsewhere, or lets two rows of different places change, the best for each row in
turn; and a site moves to where its rows have it best.
"""

from __future__ import annotations

import numpy as np

from quarterhour.base.jit import kernel
from quarterhour.siting.methods.solver.draw import drawn
from quarterhour.siting.question.site_limits import count_site, may_change

_LEAST = -1e-9
"""What a move must gain."""


@kernel
def share(state):  # type: ignore[no-untyped-def]
    """A number from 0 to 1."""
    return drawn(state, 2**40) / 2.0**40


@kernel
def near_open(pairs, opened, near):  # type: ignore[no-untyped-def]
    """The cheapest open sites of each row, as many as ``near`` is wide but one; the last is nowhere."""
    start, site = pairs
    wide = near.shape[1] - 1
    for i in range(near.shape[0]):
        n = 0
        for e in range(start[i], start[i + 1]):
            if n == wide:
                break
            if opened[site[e]]:
                near[i, n] = site[e]
                n += 1
        near[i, n] = len(opened)
        near[i, n + 1 :] = -1


@kernel
def put(i, place, asks, choice):  # type: ignore[no-untyped-def]
    """Send a row elsewhere."""
    went, load = choice[0], choice[1]
    load[went[i]] -= asks[i]
    load[place] += asks[i]
    went[i] = place


@kernel
def place_rows(rows, loose, table, asks, room, near, choice, state):  # type: ignore[no-untyped-def]
    """Rows that go nowhere to a near site that has room, those first that lose most by their second; with chance."""
    load = choice[1]
    urgent = np.empty(len(rows))
    for t in range(len(rows)):
        i = rows[t]
        first, second = near[i, 0], near[i, 1]
        spread = table[i, second] - table[i, first] if second >= 0 else 2.0 * table[i, first]
        urgent[t] = -spread * (1.0 + loose * share(state)) - 1e-3 * asks[i]
    for t in np.argsort(urgent, kind="mergesort"):
        i = rows[t]
        for place in near[i]:
            if place < 0:
                break
            if load[place] + asks[i] <= room[place]:
                put(i, place, asks, choice)
                break


@kernel
def over(load, room):  # type: ignore[no-untyped-def]
    """By how much a room is overrun."""
    return load - room if load > room else 0


@kernel
def best_move(i, table, asks, room, near, choice, chain, price):  # type: ignore[no-untyped-def]
    """Where a row best goes, and which row comes in its place (-1: none); -1 where nothing is gained."""
    went, load = choice[0], choice[1]
    head, after = chain[0], chain[1]
    here, mine = went[i], asks[i]
    there_over = over(load[here], room[here])
    freed = there_over - over(load[here] - mine, room[here])
    best, place, other = _LEAST, -1, -1
    for j in near[i]:
        if j < 0:
            break
        if j == here:
            continue
        change = table[i, j] - table[i, here]
        now = over(load[j], room[j])
        d = change + price * (over(load[j] + mine, room[j]) - now - freed)
        if d < best:
            best, place, other = d, j, -1
        k = head[j]
        while k >= 0:
            d = change + table[k, here] - table[k, j]
            if d < best + price * (there_over + now):
                more = mine - asks[k]
                d += price * (over(load[j] + more, room[j]) - now + over(load[here] - more, room[here]) - there_over)
                if d < best:
                    best, place, other = d, j, k
            k = after[k]
    return place, other


@kernel
def _rechain(i, place, went, chain):  # type: ignore[no-untyped-def]
    """Take a row out of the chain of its place and into another."""
    head, after, before = chain
    if before[i] >= 0:
        after[before[i]] = after[i]
    else:
        head[went[i]] = after[i]
    if after[i] >= 0:
        before[after[i]] = before[i]
    first = head[place]
    after[i], before[i] = first, -1
    if first >= 0:
        before[first] = i
    head[place] = i


@kernel
def chained(went, chain):  # type: ignore[no-untyped-def]
    """The rows of each place as a chain."""
    head, after, before = chain
    head[:], after[:], before[:] = -1, -1, -1
    for i in range(len(went)):
        first = head[went[i]]
        after[i] = first
        if first >= 0:
            before[first] = i
        head[went[i]] = i


@kernel
def descend(table, asks, room, near, choice, chain, price, most):  # type: ignore[no-untyped-def]
    """The best move of each row in turn until none gains, over the table ``most`` times at most.

    A row is passed over while no place near it has changed since it was looked at.
    """
    went = choice[0]
    rows, places = table.shape
    chained(went, chain)
    changed, seen, clock = np.ones(places, np.int64), np.zeros(rows, np.int64), 1
    for _ in range(most):
        gained = False
        for i in range(rows):
            last = changed[went[i]]
            for j in near[i]:
                if j < 0:
                    break
                last = max(last, changed[j])
            if last <= seen[i]:
                continue
            seen[i] = clock
            here = went[i]
            place, other = best_move(i, table, asks, room, near, choice, chain, price)
            if place < 0:
                continue
            gained, clock = True, clock + 1
            changed[here], changed[place] = clock, clock
            _rechain(i, place, went, chain)
            put(i, place, asks, choice)
            if other >= 0:
                _rechain(other, here, went, chain)
                put(other, here, asks, choice)
        if not gained:
            break


@kernel
def move_sites(table, asks, room, rules, fixed, choice, price):  # type: ignore[no-untyped-def]
    """Each site to the place, not yet open, where its rows have it best; whether any moved."""
    went, load, opened, slots = choice
    start, row, weight, used, low, high = rules
    sites, slot_of = len(opened), np.full(len(opened) + 1, -1, np.int64)
    for t in range(len(slots)):
        slot_of[slots[t]] = t
    total = np.zeros((len(slots), sites))
    for i in range(len(went)):
        if slot_of[went[i]] >= 0:
            total[slot_of[went[i]]] += table[i, :sites]
    moved = False
    for t in range(len(slots)):
        here = slots[t]
        if fixed[here]:
            continue
        best, place = total[t, here] + price * over(load[here], room[here]) + _LEAST, here
        for j in range(sites):
            if not opened[j]:
                worth = total[t, j] + price * over(load[here], room[j])
                if worth < best and may_change(start, row, weight, used, low, high, here, j):
                    best, place = worth, j
        if place != here:
            moved = True
            exchange(t, place, rules, choice)
            for i in range(len(went)):
                if went[i] == here:
                    put(i, place, asks, choice)
    return moved


@kernel
def exchange(slot, site, rules, choice):  # type: ignore[no-untyped-def]
    """Another site opens in a slot; whoever went to the first one still does."""
    opened, slots = choice[2], choice[3]
    start, row, weight, used = rules[0], rules[1], rules[2], rules[3]
    here = slots[slot]
    opened[here], opened[site], slots[slot] = False, True, site
    count_site(start, row, weight, used, here, -1)
    count_site(start, row, weight, used, site, 1)
