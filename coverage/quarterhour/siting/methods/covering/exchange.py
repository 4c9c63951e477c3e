"""Exchange: one site out, another in, while that covers more; then a kick, and again."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from quarterhour.base.arrays import IntArray
from quarterhour.base.jit import COMPILED, kernel
from quarterhour.siting.methods.covering.cover_instance import CoverIncumbent, CoverInstance, count_in_areas
from quarterhour.siting.methods.solver.presolve import columns_of, rows_of
from quarterhour.siting.question.search import SearchBudget

_LARGEST_TABLE = 20_000_000
_ROUND = 3e7
_MOST = 5_000
"""Steps, by exchanges and pairs that there are: a small question is searched through sooner."""
_SLOWER = 1e-2
"""Of the effort that is spent where kernels are not compiled."""
_HEATS = 3e-4, 2e-3
"""A choice worse by this share is kept, for the next kick, about once in three times; turn and turn about."""


def iterated_local_search(
    core: CoverInstance,
    choice: IntArray,
    budget: SearchBudget,
    *,
    effort: float = 3e8,
    bound: float = math.inf,
    found: Callable[[IntArray], object] | None = None,
) -> IntArray:
    """A choice inside the rules that covers at least as many people, by iterated local search.

    What each exchange would bring is kept up to date rather than counted anew (Resende and Werneck 2007),
    and the first that gains is made, which strays farther than the best one.

    Parameters
    ----------
    choice : keeps the rules.
    effort : elementary steps to spend, some 3e8 a second; the same effort and seed give the same choice
        unless ``budget`` ends it.
    bound : no choice covers more; where one covers as many, the search ends.
    found : told better choices on the way.
    """
    sites, size = len(core.sites), len(choice)
    if size == 0 or size == sites or sites * size > _LARGEST_TABLE:
        return choice
    effort = min(effort, _MOST * (sites * size + core.cover.nnz))
    if not COMPILED:
        effort *= _SLOWER
    table = (*columns_of(core.cover), *rows_of(core.cover), core.people)
    here = np.array(choice, dtype=np.int64)
    best, most, turn = here.copy(), core.covered(here), 0
    while effort > 0 and most < bound and not budget.over():
        seed = np.uint64(1 + 2 * (budget.seed * 1_000_003 + turn))
        met = here.copy()
        rules, heat = (core.group, core.low, core.high), _HEATS[turn % len(_HEATS)]
        value, spent = _search(table, here, met, rules, min(effort, _ROUND), heat, seed)
        effort -= max(spent, 1.0)
        budget.spend(rounds=1)
        turn += 1
        if value > most:
            best, most = met, value
            if found is not None:
                found(np.sort(best))
    return np.sort(best)


def offer_improved(best: CoverIncumbent, choice: IntArray, *, effort: float, turn: int = 0) -> None:
    """Offer a choice, if it keeps the rules, and what exchanges make of it; others each ``turn``."""
    if best.core.holds(choice):
        core, take = best.core, best.take
        take(
            iterated_local_search(core, choice, best.budget.reseeded(turn), effort=effort, bound=best.bound, found=take)
        )


@kernel
def _search(table, chosen, best, rules, effort, heat, seed):  # type: ignore[no-untyped-def]
    """Local search, a kick, local search, until the effort is spent.

    ``chosen`` is left where the search stands, ``best`` at the best choice met; its people and the steps
    spent come back.
    """
    start, _, _, _, people = table
    group, low, high = rules
    sites, size = len(start) - 1, len(chosen)
    ints = np.int64
    gain, loss, kept = np.zeros(sites, ints), np.zeros(size, ints), np.zeros((size, sites), ints)
    book = np.zeros(len(people), ints), np.zeros(len(people), ints), gain, loss, kept
    standing, opened = np.zeros(sites, np.bool_), np.zeros(len(low), ints)
    state = np.array([seed], np.uint64)
    spent = _begin(table, chosen, group, standing, opened, book, state)
    value = _people_of(table, book)
    most, here, back = value, value, chosen.copy()
    best[:] = chosen
    first = True
    while first or spent < effort:
        kick = 0 if first else 1 + _drawn(state, 3)
        first = False
        for _ in range(kick):
            q, s = _drawn(state, size), _drawn(state, sites)
            if not standing[s] and _allowed(group, low, high, opened, chosen[q], s):
                value += gain[s] - loss[q] + kept[q, s]
                spent += _swap(table, chosen, q, s, group, standing, opened, book)
        idle, s = 0, _drawn(state, sites)
        while idle < sites:
            idle += 1
            s = s + 1 if s + 1 < sites else 0
            if standing[s]:
                continue
            slot, delta = -1, 0
            for q in range(size):
                d = gain[s] - loss[q] + kept[q, s]
                if d > delta and _allowed(group, low, high, opened, chosen[q], s):
                    slot, delta = q, d
            spent += size
            if slot >= 0:
                value += delta
                spent += _swap(table, chosen, slot, s, group, standing, opened, book)
                idle = 0
        if value > most:
            most = value
            best[:] = chosen
        lost = here - value
        if lost <= 0 or _drawn(state, 1_000_000) < 1_000_000 * np.exp(-lost / (heat * here)):
            here = value
            back[:] = chosen
        else:
            spent += _return(table, chosen, back, group, standing, opened, book)
            value = here
    return most, spent


@kernel
def _drawn(state, below):  # type: ignore[no-untyped-def]
    """A number below ``below``, and the state moved on (xorshift)."""
    x = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return np.int64((x >> np.uint64(11)) % np.uint64(below))


@kernel
def _allowed(group, low, high, opened, leaving, coming):  # type: ignore[no-untyped-def]
    for q in range(group.shape[0]):
        a, b = group[q, leaving], group[q, coming]
        if a != b and ((a >= 0 and opened[a] <= low[a]) or (b >= 0 and opened[b] >= high[b])):
            return False
    return True


@kernel
def _begin(table, chosen, group, standing, opened, book, state):  # type: ignore[no-untyped-def]
    start, row, _, _, people = table
    gain = book[2]
    for _ in range(8):
        _drawn(state, 2)
    for s in range(len(start) - 1):
        for k in range(start[s], start[s + 1]):
            gain[s] += people[row[k]]
    spent = len(row)
    for q in range(len(chosen)):
        spent += _set_open(table, chosen[q], q, 1, group, standing, opened, book)
    return spent


@kernel
def _people_of(table, book):  # type: ignore[no-untyped-def]
    people, times = table[4], book[0]
    total = 0
    for r in range(len(people)):
        if times[r] > 0:
            total += people[r]
    return total


@kernel
def _swap(table, chosen, slot, site, group, standing, opened, book):  # type: ignore[no-untyped-def]
    spent = _set_open(table, chosen[slot], slot, -1, group, standing, opened, book)
    chosen[slot] = site
    return spent + _set_open(table, site, slot, 1, group, standing, opened, book)


@kernel
def _return(table, chosen, back, group, standing, opened, book):  # type: ignore[no-untyped-def]
    spent = 0
    for q in range(len(chosen)):
        if chosen[q] != back[q]:
            spent += _set_open(table, chosen[q], q, -1, group, standing, opened, book)
    for q in range(len(chosen)):
        if chosen[q] != back[q]:
            chosen[q] = back[q]
            spent += _set_open(table, chosen[q], q, 1, group, standing, opened, book)
    return spent


@kernel
def _set_open(table, site, slot, step, group, standing, opened, book):  # type: ignore[no-untyped-def]
    """A site opens in a slot (step 1), or closes there (-1), which undoes that.

    ``gain[j]``: people whom nobody covers and j would. ``loss[q]``: people whom only the site in slot q
    covers; ``kept[q, j]``: those of them whom j would cover too. A row that is covered once knows by whom
    through ``who``, the sum of the slots that cover it.
    """
    start, row, row_start, row_site, people = table
    times, who, gain, loss, kept = book
    spent = 0
    for k in range(start[site], start[site + 1]):
        r = row[k]
        w = step * people[r]
        if step < 0:
            times[r] -= 1
            who[r] -= slot
        if times[r] == 0:
            loss[slot] += w
            spent += row_start[r + 1] - row_start[r]
            for e in range(row_start[r], row_start[r + 1]):
                gain[row_site[e]] -= w
                kept[slot, row_site[e]] += w
        elif times[r] == 1:
            other = who[r]
            loss[other] -= w
            spent += row_start[r + 1] - row_start[r]
            for e in range(row_start[r], row_start[r + 1]):
                kept[other, row_site[e]] -= w
        if step > 0:
            times[r] += 1
            who[r] += slot
    standing[site] = step > 0
    count_in_areas(group, opened, site, step)
    return spent + start[site + 1] - start[site]
