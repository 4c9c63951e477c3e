"""Iterated local search for max-cover: the best exchange of two sites, a kick of neighbours, again; and path relinking.

Two sites that share no row have nothing in common, so the best exchange is looked for among *near* sites pair by pair
and among all others by the greatest gain and the smallest loss alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from quarterhour.base.arrays import IntArray
from quarterhour.base.jit import COMPILED, kernel
from quarterhour.siting.methods.covering.cover_instance import CoverIncumbent, CoverInstance, count_in_areas
from quarterhour.siting.methods.solver.draw import drawn
from quarterhour.siting.methods.solver.elite_pool import KICK, ElitePool
from quarterhour.siting.question.search import SearchBudget

_LARGEST_TABLE = 20_000_000
_ROUND = 3e7
_MOST = 5_000
"""Steps, by exchanges and pairs that there are: a small question is searched through sooner."""
_SLOWER = 1e-2
"""Of the effort that is spent where kernels are not compiled."""
_KICKS, _TURN = 300, 3e8
"""Kicks of a turn of the pool, and steps that it may take."""
_HEAT = 3e-4
"""A choice worse by this share is kept, for the next kick, about once in three times."""


class ExchangeSearch:
    """The exchanges of an instance: its rows by site, its sites by row, and near sites; ``kinds`` of the same areas."""

    def __init__(self, core: CoverInstance) -> None:
        self.core, self.sites = core, len(core.sites)
        self.table = (*core.table, core.people)
        self.near = core.near
        kinds, kind = np.unique(core.group, axis=1, return_inverse=True)
        one = np.zeros((0, 1), dtype=np.int64), np.zeros(self.sites, dtype=np.int64)
        areas, kind = (kinds, kind.ravel().astype(np.int64)) if len(core.group) else one
        self.rules = core.group, core.low, core.high, kind, np.ascontiguousarray(areas)

    def may_move(self, chosen: IntArray) -> bool:
        """Whether there is anything to exchange in a choice, in the memory that there is."""
        return 0 < len(chosen) < self.sites and self.sites * len(chosen) <= _LARGEST_TABLE

    def holds(self, chosen: IntArray) -> bool:
        """Whether a choice keeps the quotas."""
        return not len(self.core.group) or self.core.holds(chosen)

    def run(self, begin: IntArray, *, kicks: int, seed: int, guide: IntArray | None = None) -> tuple[int, IntArray]:
        """The best choice met and its people, from ``begin`` or half-way from there to ``guide``."""
        people, met, _ = self.within(_TURN, begin, kicks=kicks, seed=seed, guide=guide)
        return people, met

    def within(
        self, effort: float, begin: IntArray, *, kicks: int, seed: int, guide: IntArray | None = None
    ) -> tuple[int, IntArray, float]:
        """The same, and the steps spent, of which no more kicks are made once they are ``effort``."""
        here = np.array(begin, dtype=np.int64)
        best, towards = here.copy(), np.empty(0, dtype=np.int64) if guide is None else np.asarray(guide, np.int64)
        fewest = min(KICK[0], len(here))
        kick = fewest, max(fewest, min(KICK[1], len(here) // 2))
        where = self.table, self.near, here, best, towards, self.rules
        value, spent = _search(*where, effort, kicks, kick, _HEAT, np.uint64(1 + 2 * seed))
        return int(value), np.sort(best), float(spent)


def pool_of(best: CoverIncumbent, *, kicks: int = _KICKS) -> ElitePool:
    """A pool of choices of an instance, which begins at the incumbent."""
    search = ExchangeSearch(best.core)
    return ElitePool(search, best, first=lambda: best.choice, offer=best.take, kicks=kicks)


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

    What each exchange would bring is kept up to date rather than counted anew (Resende and Werneck 2007).

    Parameters
    ----------
    choice : keeps the rules.
    effort : elementary steps to spend, some 3e8 a second; the same effort and seed give the same choice
        unless ``budget`` ends it.
    bound : no choice covers more; where one covers as many, the search ends.
    found : told better choices on the way.
    """
    search = ExchangeSearch(core)
    if not search.may_move(choice):
        return choice
    effort = min(effort, _MOST * (search.sites * len(choice) + core.cover.nnz))
    if not COMPILED:
        effort *= _SLOWER
    best, most, turn = np.sort(choice), core.covered(choice), 0
    while effort > 0 and most < bound and not budget.over():
        seed = budget.seed * 1_000_003 + turn
        value, met, spent = search.within(min(effort, _ROUND), best, kicks=2**31, seed=seed)
        effort -= max(spent, 1.0)
        budget.spend(rounds=1)
        turn += 1
        if value > most:
            best, most = met, value
            if found is not None:
                found(best)
    return best


def offer_improved(best: CoverIncumbent, choice: IntArray, *, effort: float, turn: int = 0) -> None:
    """Offer a choice, if it keeps the rules, and what exchanges make of it; others each ``turn``."""
    if best.core.holds(choice):
        core, take = best.core, best.take
        take(
            iterated_local_search(core, choice, best.budget.reseeded(turn), effort=effort, bound=best.bound, found=take)
        )


@kernel
def _search(  # type: ignore[no-untyped-def]
    table, near, chosen, best, guide, rules, effort, kicks, kick, heat, seed
):
    """Relink towards ``guide`` (empty: not), then best exchanges, a kick, best exchanges, until the effort is spent.

    ``best`` becomes the best choice met; its people and the steps spent come back.
    """
    start, people = table[0], table[4]
    sites, size, ints = len(start) - 1, len(chosen), np.int64
    gain, loss, kept = np.zeros(sites, ints), np.zeros(size, ints), np.zeros((size, sites), ints)
    times, who = np.zeros(len(people), ints), np.zeros(len(people), ints)
    standing, opened = np.zeros(sites, np.bool_), np.zeros(len(rules[1]), ints)
    book = times, who, gain, loss, kept, standing, opened
    state = np.array([seed], np.uint64)
    spent = _begin(table, chosen, rules, book, state)
    value = _people_of(people, times)
    if len(guide) == size:
        gained, steps = _relinked(table, chosen, guide, rules, book)
        value += gained
        spent += steps
    best[:] = chosen
    most, here, back = value, ints(-1), chosen.copy()
    mark, around = np.full(sites, -1, ints), np.empty(size, ints)
    turn = 0
    while turn == 0 or (turn <= kicks and spent < effort):
        if turn > 0:
            gained, steps = _kicked(table, near, chosen, rules, book, state, kick, mark, around, turn)
            value += gained
            spent += steps
        turn += 1
        while True:
            gained, slot, site, looked = _best_exchange(near, chosen, rules, book)
            spent += looked
            if gained <= 0:
                break
            value += gained
            spent += _swap(table, chosen, slot, site, rules, book)
        if value > most:
            most = value
            best[:] = chosen
        lost = here - value
        if lost <= 0 or drawn(state, 1_000_000) < 1_000_000 * np.exp(-lost / (heat * here)):
            here = value
            back[:] = chosen
        else:
            spent += _return(table, chosen, back, rules, book)
            value = here
    return most, spent


@kernel
def _best_exchange(near, chosen, rules, book):  # type: ignore[no-untyped-def]
    """The allowed exchange that gains most: what it gains, the slot, the site, and how many pairs were looked at.

    A pair's worth is gain - loss + kept, and kept is 0 where the two share no row: there the greatest gain and the
    smallest loss of each kind of area are enough.
    """
    begins, site_near = near
    _, low, high, kind, areas = rules
    _, _, gain, loss, kept, standing, opened = book
    kinds, sites = areas.shape[1], len(gain)
    dearest, cheapest = np.full(kinds, -1, np.int64), np.full(kinds, -1, np.int64)
    for s in range(sites):
        if not standing[s] and (dearest[kind[s]] < 0 or gain[s] > gain[dearest[kind[s]]]):
            dearest[kind[s]] = s
    for q in range(len(chosen)):
        k = kind[chosen[q]]
        if cheapest[k] < 0 or loss[q] < loss[cheapest[k]]:
            cheapest[k] = q
    most, slot, site, looked = np.int64(0), -1, -1, sites + kinds
    for a in range(kinds):
        q = cheapest[a]
        for b in range(kinds if q >= 0 else 0):
            s = dearest[b]
            if s >= 0 and gain[s] - loss[q] + kept[q, s] > most and _allowed(areas, low, high, opened, a, b):
                most, slot, site = gain[s] - loss[q] + kept[q, s], q, s
    for q in range(len(chosen)):
        out = chosen[q]
        first, last = (begins[out], begins[out + 1]) if len(site_near) else (0, sites)
        looked += last - first
        for k in range(first, last):
            s = site_near[k] if len(site_near) else k
            d = gain[s] - loss[q] + kept[q, s]
            if d > most and not standing[s] and _allowed(areas, low, high, opened, kind[out], kind[s]):
                most, slot, site = d, q, s
    return most, slot, site, looked


@kernel
def _kicked(table, near, chosen, rules, book, state, kick, mark, around, turn):  # type: ignore[no-untyped-def]
    """Move a few neighbouring open sites to places near them, where that is allowed: what is gained, and the steps."""
    begins, site_near = near
    _, low, high, kind, areas = rules
    _, _, gain, loss, kept, standing, opened = book
    size, sites, spent, gained, many = len(chosen), len(gain), 0, np.int64(0), 0
    if len(site_near):
        middle = chosen[drawn(state, size)]
        for k in range(begins[middle], begins[middle + 1]):
            mark[site_near[k]] = turn
        for q in range(size):
            if mark[chosen[q]] == turn:
                around[many] = q
                many += 1
    for i in range(kick[0] + drawn(state, kick[1] - kick[0] + 1)):
        if i < many:
            j = i + drawn(state, many - i)
            q = around[j]
            around[j], around[i] = around[i], q
        else:
            q = drawn(state, size)
        out = chosen[q]
        if len(site_near):
            s = site_near[begins[out] + drawn(state, begins[out + 1] - begins[out])]
        else:
            s = drawn(state, sites)
        if not standing[s] and _allowed(areas, low, high, opened, kind[out], kind[s]):
            gained += gain[s] - loss[q] + kept[q, s]
            spent += _swap(table, chosen, q, s, rules, book)
    return gained, spent


@kernel
def _relinked(table, chosen, guide, rules, book):  # type: ignore[no-untyped-def]
    """Step by step towards ``guide`` by the best allowed exchange, then back to the best choice of the middle half."""
    _, low, high, kind, areas = rules
    _, _, gain, loss, kept, standing, opened = book
    size, spent = len(chosen), 0
    wanted, missing, left = np.zeros(len(gain), np.bool_), np.empty(size, np.int64), 0
    for s in guide:
        wanted[s] = True
        if not standing[s]:
            missing[left] = s
            left += 1
    total, middle, value, best = left, chosen.copy(), np.int64(0), np.int64(0)
    reached = False
    while left > max(1, total // 4):
        most, slot, at = np.int64(-(1 << 60)), -1, -1
        for q in range(size):
            for i in range(0 if wanted[chosen[q]] else left):
                d = gain[missing[i]] - loss[q] + kept[q, missing[i]]
                if d > most and _allowed(areas, low, high, opened, kind[chosen[q]], kind[missing[i]]):
                    most, slot, at = d, q, i
        spent += size * left
        if slot < 0:
            break
        value += most
        spent += _swap(table, chosen, slot, missing[at], rules, book)
        left -= 1
        missing[at] = missing[left]
        if total - left >= total // 4 and (not reached or value > best):
            best, reached = value, True
            middle[:] = chosen
    if reached:
        spent += _return(table, chosen, middle, rules, book)
        value = best
    return value, spent


@kernel
def _allowed(areas, low, high, opened, leaving, coming):  # type: ignore[no-untyped-def]
    """Whether a site of one kind may leave for one of another."""
    if leaving == coming:
        return True
    for q in range(areas.shape[0]):
        a, b = areas[q, leaving], areas[q, coming]
        if a != b and ((a >= 0 and opened[a] <= low[a]) or (b >= 0 and opened[b] >= high[b])):
            return False
    return True


@kernel
def _begin(table, chosen, rules, book, state):  # type: ignore[no-untyped-def]
    start, row, _, _, people = table
    gain = book[2]
    for _ in range(8):
        drawn(state, 2)
    for s in range(len(start) - 1):
        for k in range(start[s], start[s + 1]):
            gain[s] += people[row[k]]
    spent = len(row)
    for q in range(len(chosen)):
        spent += _set_open(table, chosen[q], q, 1, rules, book)
    return spent


@kernel
def _people_of(people, times):  # type: ignore[no-untyped-def]
    total = np.int64(0)
    for r in range(len(people)):
        if times[r] > 0:
            total += people[r]
    return total


@kernel
def _swap(table, chosen, slot, site, rules, book):  # type: ignore[no-untyped-def]
    spent = _set_open(table, chosen[slot], slot, -1, rules, book)
    chosen[slot] = site
    return spent + _set_open(table, site, slot, 1, rules, book)


@kernel
def _return(table, chosen, back, rules, book):  # type: ignore[no-untyped-def]
    spent = 0
    for q in range(len(chosen)):
        if chosen[q] != back[q]:
            spent += _set_open(table, chosen[q], q, -1, rules, book)
    for q in range(len(chosen)):
        if chosen[q] != back[q]:
            chosen[q] = back[q]
            spent += _set_open(table, chosen[q], q, 1, rules, book)
    return spent


@kernel
def _set_open(table, site, slot, step, rules, book):  # type: ignore[no-untyped-def]
    """A site opens in a slot (step 1), or closes there (-1), which undoes that.

    ``gain[j]``: people whom nobody covers and j would. ``loss[q]``: people whom only the site in slot q
    covers; ``kept[q, j]``: those of them whom j would cover too. A row that is covered once knows by whom
    through ``who``, the sum of the slots that cover it.
    """
    start, row, row_start, row_site, people = table
    times, who, gain, loss, kept, standing, opened = book
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
    count_in_areas(rules[0], opened, site, step)
    return spent + start[site + 1] - start[site]
