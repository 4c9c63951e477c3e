"""Capacitated p-median: exchange search, and the Lagrangian bound with a knapsack a site.

For any prices of the rows, no choice is better than what the rows pay less what each of the cheapest sites
saves by filling its room with those who gain most. People of a row may go to different sites, so this is
as good as the linear program in which a row sends a site nobody, or in part what the site is open in part.
"""

from __future__ import annotations

import numpy as np

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.base.jit import kernel
from quarterhour.siting.methods.capacity.transportation import FAR, Flow, least_time_flow
from quarterhour.siting.methods.median.lagrangian import LagrangianBound, LagrangianPrices
from quarterhour.siting.methods.median.median_instance import MedianInstance
from quarterhour.siting.methods.solver.incumbent import SitesIncumbent
from quarterhour.siting.methods.solver.nest import Nest, cheapest
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.question.site_limits import SiteLimits, may_change

_SWAPS = 3
"""Sites tried in full for one that leaves."""


_FAR = 4
"""Times the longest trip, what a person left away counts for where exchanges are weighed."""
_WORTH = 2**61
"""What all people together are worth at most, so that no sum of prices leaves 64 bits."""


class CapacitatedInstance:
    """The question: a ``MedianInstance`` whose sites have room, some of them fixed; and its flows by choice."""

    def __init__(self, median: MedianInstance, room: IntArray, limits: SiteLimits) -> None:
        self.median, self.limits = median, limits
        served = np.bincount(median.site, np.repeat(median.people, np.diff(median.start)), len(median.sites))
        self.room = np.minimum(np.asarray(room, dtype=np.int64), served.astype(np.int64))
        self.fixed = limits.fixed_sites
        self.free = np.flatnonzero(~limits.fixed).astype(np.int64)
        self.order = np.argsort(median.site, kind="stable")
        self.column = np.r_[0, np.cumsum(np.bincount(median.site, minlength=len(median.sites)))].astype(np.int64)
        self.row = np.repeat(np.arange(len(median.people)), np.diff(median.start))
        self.rules = limits.by_site()
        self.far = _FAR * (int(median.cs.max(initial=0)) + 1)
        self.lost = min(FAR, _WORTH // max(1, int(median.people.sum())))

    def flow(self, chosen: IntArray) -> Flow:
        """Who goes where."""
        return least_time_flow(self.median, self.room, chosen)

    def take(self, chosen: IntArray, best: SitesIncumbent) -> Flow:
        """A choice within the limits, told if it is the best yet."""
        found = self.flow(chosen)
        if not found.lost and self.limits.holds(chosen):
            pair = np.flatnonzero(found.people)
            served = self.median.rows[self.row[pair]], self.median.site[pair].astype(np.int64), found.people[pair]
            best.offer(chosen, self.median.settled + found.value, served)
        return found

    def better(self, chosen: IntArray, best: SitesIncumbent, *, budget: SearchBudget | None = None) -> IntArray:
        """The choice that exchanges of one site for another lead to, while each saves time.

        For each that leaves, the prices of the rows without it tell which others are likely to save more.
        """
        budget = budget or best.budget
        now, place, idle = self.take(chosen, best), 0, 0
        leaving = np.setdiff1d(chosen, self.fixed)
        while idle < len(leaving) and not budget.over():
            budget.spend(rounds=1)
            for coming in self._likely(chosen, int(leaving[place]), now):
                other = np.sort(np.append(chosen[chosen != leaving[place]], coming))
                then = self.take(other, best)
                if (then.lost, then.value) < (now.lost, now.value):
                    chosen, now, leaving[place], idle = other, then, coming, -1
                    break
            place, idle = (place + 1) % len(leaving), idle + 1
        return chosen

    def _likely(self, chosen: IntArray, leaving: int, now: Flow) -> list[int]:
        """The sites that may be worth more than one that leaves, the likeliest first."""
        m, room = self.median, self.room.copy()
        room[leaving] = 0
        far = self.far if not now.lost else self.lost
        then = least_time_flow(m, room, chosen, far=far, begin=now)
        saved = np.zeros(len(m.sites), dtype=np.int64)
        _knapsacks(m.people, self.column, self.order, self.row, m.cs, self.room, then.worth, 0, saved)
        # Whole numbers of Python: people who stay away, times what that costs, may leave 64 bits.
        spare = now.value + now.lost * far - then.value - then.lost * far
        used = self.limits.used(chosen)
        closed = np.setdiff1d(self.free, chosen)
        hope = closed[saved[closed] < spare]
        rules = *self.rules, used, self.limits.low, self.limits.high
        found = [s for s in hope[np.argsort(saved[hope], kind="stable")].tolist() if may_change(*rules, leaving, s)]
        return found[:_SWAPS]


class KnapsackPrices(LagrangianBound):
    """Prices of rows whose sites have room."""

    def __init__(self, room: CapacitatedInstance, nest: Nest, *, step: int = 1) -> None:
        super().__init__(room.median, nest, step=step)
        self.room = room

    def costs(self, prices: IntArray, cost: IntArray) -> int:
        """What all rows pay; and what each site saves with those in its room who gain most."""
        m, r = self.median, self.room
        _knapsacks(m.people, r.column, r.order, r.row, m.cs, r.room, prices, self.parts, cost)
        return int(m.people @ prices)

    def pick(self, cost: IntArray) -> IntArray:
        """The fixed sites and the cheapest others."""
        free = self.room.free
        return np.sort(np.concatenate([self.room.fixed, free[cheapest(self.nest, cost[free])]]))

    def first(self, chosen: IntArray) -> IntArray:
        """What each person costs in a choice."""
        worth: IntArray = np.minimum(self.room.flow(chosen).worth, self.ceiling >> self.parts)
        return worth << self.parts

    def slope(self, now: LagrangianPrices) -> FloatArray:
        """The people of each row, less those whom the cheapest sites take."""
        m, r = self.median, self.room
        left = m.people.astype(np.float64)
        _filled(m.people, r.column, r.order, r.row, m.cs, r.room, now.prices, self.parts, now.chosen, left)
        return left


@kernel
def _knapsacks(people, column, order, row, cs, room, prices, parts, cost):  # type: ignore[no-untyped-def]
    """By site, what filling its room with those who gain most saves (0 or less)."""
    below, who, left = np.empty(len(people), np.int64), np.empty(len(people), np.int64), np.zeros(len(people))
    for s in range(len(room)):
        cost[s] += _fill(s, people, column, order, row, cs, room, prices, parts, below, who, left)


@kernel
def _filled(people, column, order, row, cs, room, prices, parts, chosen, left):  # type: ignore[no-untyped-def]
    """Take from ``left`` the people whom the chosen sites fill their room with."""
    below, who = np.empty(len(people), np.int64), np.empty(len(people), np.int64)
    for s in chosen:
        _fill(s, people, column, order, row, cs, room, prices, parts, below, who, left)


@kernel
def _fill(s, people, column, order, row, cs, room, prices, parts, below, who, left):  # type: ignore[no-untyped-def]
    """What filling one site's room saves (0 or less); who fills it is taken from ``left``."""
    n, saved, free = 0, np.int64(0), room[s]
    for q in range(column[s], column[s + 1]):
        k = order[q]
        gain = (np.int64(cs[k]) << parts) - prices[row[k]]
        if gain < 0:
            below[n], who[n] = gain, row[k]
            n += 1
    for e in np.argsort(below[:n]):
        many = min(free, people[who[e]])
        saved += many * below[e]
        left[who[e]] -= many
        free -= many
        if free == 0:
            break
    return saved
