"""Iterated local search of rows that are served whole: kicks of sites and rows, room overrun at a moving price.

While choices do not fit the price of a person too many rises, and falls while they do (strategic oscillation, Glover);
what does not fit at the end of a descent is pressed with a rising price. A kick moves a few sites, half of the times
from those that the prices of rows seldom take to those that they often take, or throws rows to other near sites. The
same seed and number of turns give the same choices.
"""

from __future__ import annotations

import math

import numpy as np

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.base.jit import COMPILED, kernel
from quarterhour.siting.methods.solver.draw import drawn
from quarterhour.siting.methods.whole.whole_instance import MUST, WholeInstance
from quarterhour.siting.methods.whole.whole_moves import (
    descend,
    exchange,
    move_sites,
    near_open,
    over,
    place_rows,
    put,
    share,
)
from quarterhour.siting.question.site_limits import may_change

_LOST_AT_FIRST = 4.0
"""Times what going nowhere costs somebody, the price of who is left out beyond those that may be, at first."""
_WIDE = (300, 30), (1000, 12), (math.inf, 8)
"""Near open sites of a row that a search looks at, by how many rows there are."""
_FEWER = 50
"""Times fewer turns where kernels are not compiled."""
_NEVER = 1e18
_STALE = 150
"""Turns without a better choice after which it begins again at the best."""


class WholeSearch:
    """A local search over an instance; ``run`` goes on from where it stood, or from other sites."""

    def __init__(self, whole: WholeInstance, *, seed: int) -> None:
        self.whole = whole
        rows, sites = len(whole.load), len(whole.room)
        self.table = whole.table
        self.lost = whole.lost_table
        self.room = np.append(whole.room, int(whole.load.sum()) + 1)
        self.must = whole.otherwise == MUST
        self.fixed = whole.limits.fixed.copy()
        self.may_open = np.ones(sites, dtype=np.bool_)
        self.liking = np.zeros(sites)
        self.state = np.array([(seed * 0x9E3779B97F4A7C15 + 0x1234567) % 2**63 | 1], dtype=np.uint64)
        self.wide = next(k for most, k in _WIDE if rows <= most)
        finite = self.table[np.isfinite(self.table) & (self.table > 0)]
        load = float(whole.load.sum()) / max(1, len(whole.load))
        self.price = max(1e-3, float(finite.mean() if len(finite) else 1.0) / max(1.0, load))
        self.dear = max(1.0, math.ceil(_LOST_AT_FIRST * self._a_head())) if whole.lost.binds else 0.0
        self.best_went, self.best_open = np.full(rows, sites, dtype=np.int64), np.empty(0, dtype=np.int64)
        self.best = math.inf

    def _a_head(self) -> float:
        """What somebody left out costs, as far as going nowhere costs anything."""
        free = (self.whole.otherwise != MUST) & (self.whole.lost.away > 0)
        return float(np.max(self.whole.otherwise[free] / self.whole.lost.away[free], initial=0.0))

    def run(self, begin: IntArray, turns: int) -> bool:
        """So many turns from some open sites; whether they led to a better choice."""
        return self._run(begin, np.full(len(self.whole.load), len(self.whole.room), dtype=np.int64), turns)

    def run_on(self, turns: int) -> bool:
        """So many turns from the best choice; whether they led to a better one."""
        return self._run(self.best_open, self.best_went.copy(), turns)

    def _run(self, begin: IntArray, went: IntArray, turns: int) -> bool:
        whole, sites = self.whole, len(self.whole.room)
        if not len(begin) or not len(went):  # nothing can move, and kernels draw among what there is
            return False
        turns = turns if COMPILED else max(1, turns // _FEWER)
        opened = np.zeros(sites, dtype=np.bool_)
        opened[begin] = True
        slots = np.asarray(begin, dtype=np.int64).copy()
        load = np.bincount(went, whole.load, sites + 1).astype(np.int64)
        limits, used = whole.limits, whole.limits.used(slots)
        rules = *limits.by_site(), used, limits.low, limits.high
        near = np.full((len(whole.load), min(self.wide, len(slots)) + 2), -1, dtype=np.int64)
        ask = self.table, whole.load, self.room, near, self.must
        left_out = self.lost, float(whole.lost.most), np.array([0.0, self.dear])
        side = rules, (whole.start, whole.site), self.fixed, self.may_open, self.liking
        best_went, best_open = self.best_went.copy(), slots.copy()
        found = _turns(
            ask, side, left_out, (went, load, opened, slots), self.price, turns, self.best, best_went, best_open,
            self.state,
        )  # fmt: skip
        if found < self.best:
            self.best, self.best_went, self.best_open = float(found), best_went, np.sort(best_open)
            return True
        return False

    def like(self, liking: FloatArray) -> None:
        """How often the prices of rows take each site."""
        self.liking[:] = liking


@kernel
def _turns(  # type: ignore[no-untyped-def]
    ask, side, left_out, choice, price, turns, best, best_went, best_open, state
):
    """The best value, with the best choice in ``best_went`` and ``best_open``."""
    went, load, opened, slots = choice
    table, asks, room, near, must = ask
    lost_table, may_lose, dear = left_out
    rows, places = table.shape
    chain = np.empty(places, np.int64), np.empty(rows, np.int64), np.empty(rows, np.int64)
    here_went, here_open, here, here_out, first = went.copy(), slots.copy(), _NEVER, 0.0, price
    stale, misfits, short = 0, 0, 0
    _reprice(table, lost_table, dear, dear[1])
    for turn in range(turns):
        if turn == 0:
            near_open(side[1], opened, near)
            loose = np.flatnonzero(went == places - 1)
            place_rows(loose, 0.0, table, asks, room, near, choice, state)
            descend(table, asks, room, near, choice, chain, _NEVER, 30)
            best = _kept(ask, left_out, choice, best, best_went, best_open)
        else:
            _return(here_went, here_open, asks, side[0], choice)
            _kick(ask, side, choice, state)
        value, too_many = _descent(ask, side, choice, chain, price)
        misfits = misfits + 1 if too_many else max(0, misfits - 1)
        too_many = _pressed(ask, choice, chain, price, too_many)
        if too_many == 0:
            descend(table, asks, room, near, choice, chain, _NEVER, 30)
        value, too_many, lost = _worth(ask, choice)
        out = _left_out(lost_table, went)
        value, out = value - dear[0] * out, max(0.0, out - may_lose)
        stale += 1
        if too_many == 0 and lost == 0 and out == 0.0 and value < best - 1e-9:
            best, stale = value, 0
            best_went[:], best_open[:] = went, slots
        if misfits > 4:
            price, misfits = 1.5 * price, 0
        elif turn % 8 == 7:
            price = max(0.8 * price, 0.02 * first)
        value += 10.0 * price * too_many
        at = here + dear[0] * here_out
        if turn == 0 or value + dear[0] * out <= at + 0.015 * here * share(state) * share(state):
            here_went[:], here_open[:], here, here_out = went, slots, value, out
        short = short + 1 if out > 0.0 else max(0, short - 1)
        if short > 4 and dear[0] < 1e3 * dear[1]:
            _reprice(table, lost_table, dear, np.ceil(1.5 * dear[0]))
            short = 0
        elif turn % 8 == 7 and out == 0.0:
            _reprice(table, lost_table, dear, max(np.floor(0.8 * dear[0]), np.ceil(0.1 * dear[1])))
        if stale > _STALE and best < _NEVER and best_went[0] >= 0:
            stale, here, here_out = 0, best, 0.0
            here_went[:], here_open[:] = best_went, best_open
    _reprice(table, lost_table, dear, 0.0)
    return best


@kernel
def _kept(ask, left_out, choice, best, best_went, best_open):  # type: ignore[no-untyped-def]
    """The better of the best value and that of a choice, which is kept if it keeps all rules."""
    value, too_many, lost = _worth(ask, choice)
    out = _left_out(left_out[0], choice[0])
    value -= left_out[2][0] * out
    if too_many > 0 or lost > 0 or out > left_out[1] or value >= best - 1e-9:
        return best
    best_went[:], best_open[:] = choice[0], choice[3]
    return value


@kernel
def _reprice(table, lost_table, dear, price):  # type: ignore[no-untyped-def]
    """Another price of who is left out, in the costs; whole numbers, so that sums stay exact."""
    if lost_table.shape[0] and price != dear[0]:
        more = price - dear[0]
        for i in range(table.shape[0]):
            for j in range(table.shape[1]):
                if lost_table[i, j] > 0.0:
                    table[i, j] += more * lost_table[i, j]
        dear[0] = price


@kernel
def _left_out(lost_table, went):  # type: ignore[no-untyped-def]
    """How many a choice leaves out."""
    out = 0.0
    if lost_table.shape[0]:
        for i in range(len(went)):
            out += lost_table[i, went[i]]
    return out


@kernel
def _return(here_went, here_open, asks, rules, choice):  # type: ignore[no-untyped-def]
    """Back to a choice."""
    went, load, opened, slots = choice
    for t in range(len(slots)):
        opened[slots[t]] = False
    start, row, weight, used = rules[0], rules[1], rules[2], rules[3]
    for t in range(len(slots)):
        if slots[t] != here_open[t]:
            for e in range(start[slots[t]], start[slots[t] + 1]):
                used[row[e]] -= weight[e]
            for e in range(start[here_open[t]], start[here_open[t] + 1]):
                used[row[e]] += weight[e]
        slots[t] = here_open[t]
    opened[slots] = True
    load[:] = 0
    for i in range(len(went)):
        went[i] = here_went[i]
        load[went[i]] += asks[i]


@kernel
def _descent(ask, side, choice, chain, price):  # type: ignore[no-untyped-def]
    """Moves of rows and of sites in turn; the value, and by how much rooms are overrun."""
    table, asks, room, near, _ = ask
    for _ in range(6):
        near_open(side[1], choice[2], near)
        descend(table, asks, room, near, choice, chain, price, 50)
        if not move_sites(table, asks, room, side[0], side[2], choice, price):
            break
    near_open(side[1], choice[2], near)
    value, too_many, _ = _worth(ask, choice)
    return value, too_many


@kernel
def _pressed(ask, choice, chain, price, too_many):  # type: ignore[no-untyped-def]
    """What does not fit at a price, at rising ones."""
    table, asks, room, near, _ = ask
    for _ in range(5):
        if too_many == 0:
            break
        price *= 4.0
        descend(table, asks, room, near, choice, chain, price, 30)
        too_many = _worth(ask, choice)[1]
    return too_many


@kernel
def _worth(ask, choice):  # type: ignore[no-untyped-def]
    """What a choice comes to, by how much rooms are overrun, and how many rows that must be served are not."""
    table, _, room, _, must = ask
    went, load = choice[0], choice[1]
    value, too_many, lost, nowhere = 0.0, 0, 0, table.shape[1] - 1
    for i in range(len(went)):
        value += table[i, went[i]]
        lost += must[i] and went[i] == nowhere
    for j in range(len(load)):
        too_many += over(load[j], room[j])
    return value, too_many, lost


@kernel
def _kick(ask, side, choice, state):  # type: ignore[no-untyped-def]
    """Some sites to other places, or some rows to other sites near them."""
    table, asks, room, near, _ = ask
    went, _, opened, _ = choice
    rows = len(went)
    moved = False
    if share(state) < 0.7:
        for _ in range(1 + drawn(state, 3)):
            moved = _kick_site(ask, side, choice, state) or moved
    near_open(side[1], opened, near)
    if not moved:
        for _ in range(2 + drawn(state, max(1, min(rows // 12, 60)))):
            i = drawn(state, rows)
            place = near[i, drawn(state, min(4, near.shape[1]))]
            if place >= 0:
                put(i, place, asks, choice)
        return
    anew, nowhere, n = share(state) < 0.3, len(opened), 0
    again = np.empty(rows, np.int64)
    for i in range(rows):
        closed = went[i] < nowhere and not opened[went[i]]
        if anew or closed or (near[i, 0] != went[i] and share(state) < 0.1):
            put(i, nowhere, asks, choice)
            again[n] = i
            n += 1
    place_rows(again[:n], 0.5 if anew else 0.3, table, asks, room, near, choice, state)


@kernel
def _kick_site(ask, side, choice, state):  # type: ignore[no-untyped-def]
    """One open site for another, as far as the rules allow; whether any was."""
    rules, _, fixed, may_open, liking = side
    table, must = ask[0], ask[4]
    went, _, opened, slots = choice
    sites, way = len(opened), share(state)
    slot, site = drawn(state, len(slots)), -1
    top = -1.0
    if way < 0.5:
        for t in range(len(slots)):
            worth = share(state) / (0.03 + liking[slots[t]])
            if not fixed[slots[t]] and worth > top:
                top, slot = worth, t
    if fixed[slots[slot]]:
        return False
    i, top = _troubled_row(went, must, sites, state), -_NEVER
    for j in range(sites):
        if opened[j] or not may_open[j]:
            continue
        chance = share(state)
        worth = chance * (0.03 + liking[j]) if way < 0.5 else -table[i, j] * (0.5 + chance) if way < 0.85 else chance
        if worth > top and may_change(rules[0], rules[1], rules[2], rules[3], rules[4], rules[5], slots[slot], j):
            top, site = worth, j
    if site < 0:
        return False
    exchange(slot, site, rules, choice)
    return True


@kernel
def _troubled_row(went, must, nowhere, state):  # type: ignore[no-untyped-def]
    """A row that must be served and is not, if there is one from a random row on; else that row."""
    begin = drawn(state, len(went))
    for k in range(len(went)):
        i = (begin + k) % len(went)
        if must[i] and went[i] == nowhere:
            return i
    return begin
