"""In which order to build a choice of sites, so that the years on the way are as good as can be.

What a row has is the time to the nearest site built so far, so the value of every part of a choice comes out
of sums over sets of sites (a zeta transform), and the best of all orders out of a table of the parts (Held
and Karp's way). Longer choices are ordered best first and improved by moving sites forward and back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quarterhour.base.arrays import IntArray
from quarterhour.base.jit import kernel
from quarterhour.siting.methods.capacity.transportation import least_time_flow
from quarterhour.siting.methods.median.median_instance import MedianInstance

_ALL_ORDERS, _ALL_ORDERS_WITH_ROOM = 16, 8
"""Sites up to which every order is weighed, without and with room."""


@dataclass(frozen=True, eq=False)
class Worth:
    """What a choice of sites comes to (less is better): a ``MedianInstance`` where no row must be served; its ``room``.

    ``standing``: positions of the sites that are open anyway.
    """

    median: MedianInstance
    standing: IntArray
    room: IntArray | None = None

    def value(self, chosen: IntArray) -> int:
        """Of a choice, as positions, beside what stands."""
        opened = np.union1d(self.standing, chosen).astype(np.int64)
        if self.room is None:
            return self.median.settled + int(self.median.people @ self.median.times(opened))
        return self.median.settled + least_time_flow(self.median, self.room, opened).value

    def curve(self, order: IntArray) -> IntArray:
        """With none, one, two … of some sites built in their order."""
        if self.room is not None:
            return np.array([self.value(order[:n]) for n in range(len(order) + 1)], dtype=np.int64)
        m = self.median
        place = np.full(len(m.sites), len(order), dtype=np.int64)
        place[order], place[self.standing] = np.arange(len(order)), -1
        steps = np.zeros(len(order) + 2, dtype=np.int64)
        _curve(m.people, m.start, m.site, m.cs, m.otherwise, place, len(order), steps)
        return m.settled + np.cumsum(steps)[:-1]

    def parts(self, sites: IntArray) -> IntArray:
        """Of every part of some sites; bit k of the place stands for the k-th of them."""
        if self.room is not None:
            every = [self.value(sites[[k for k in range(len(sites)) if n >> k & 1]]) for n in range(1 << len(sites))]
            return np.array(every, dtype=np.int64)
        m = self.median
        bit = np.full(len(m.sites), -1, dtype=np.int64)
        bit[sites], bit[self.standing] = 1 << np.arange(len(sites)), 0
        sums = np.zeros(1 << len(sites), dtype=np.int64)
        least = int(_without(m.people, m.start, m.site, m.cs, m.otherwise, bit, sums))
        for k in range(len(sites)):
            halves = sums.reshape(-1, 2, 1 << k)
            halves[:, 1] += halves[:, 0]
        return m.settled + least + sums[::-1]


def best_order(worth: Worth, sites: IntArray, *, years: IntArray | None = None) -> tuple[IntArray, bool]:
    """An order of building with the least sum of the values on the way, and whether no order has less.

    ``years``: how long the choice stands with none, one, two … of the sites built; None: a year each. Orders that
    come to the same are told apart as if every step counted alike, then by position.
    """
    sites = np.sort(np.asarray(sites, dtype=np.int64))
    counts = np.ones(len(sites) + 1, dtype=np.int64) if years is None else np.asarray(years, dtype=np.int64)
    if len(sites) <= (_ALL_ORDERS if worth.room is None else _ALL_ORDERS_WITH_ROOM):
        order = np.empty(len(sites), dtype=np.int64)
        _weigh(worth.parts(sites), counts, order)
        return sites[order], True
    order = _best_first(worth, sites)
    return (order if worth.room is not None else _moved(worth, order, counts)), False


def _best_first(worth: Worth, sites: IntArray) -> IntArray:
    """Each time the site that gains most; the first of those that gain alike.

    A site never gains more later than before (who goes where is an assignment), so most need not be weighed again.
    """
    order: list[int] = []
    left, now = set(sites.tolist()), worth.value(np.empty(0, dtype=np.int64))
    most = dict.fromkeys(left, now + 1)
    while left:
        best, gain = -1, -1
        for site in sorted(left, key=lambda s: (-most[s], s)):
            if most[site] < gain:
                break
            if most[site] == gain and site > best:
                continue
            most[site] = now - worth.value(np.array([*order, site], dtype=np.int64))
            if most[site] > gain or (most[site] == gain and site < best):
                best, gain = site, most[site]
        order.append(best)
        left.remove(best)
        now -= gain
    return np.array(order, dtype=np.int64)


def _moved(worth: Worth, order: IntArray, years: IntArray) -> IntArray:
    """Move single sites forward and back while that lowers the sum."""

    def total(some: IntArray) -> tuple[int, int]:
        curve = worth.curve(some)
        return int(years @ curve), int(curve.sum())

    best, better = total(order), True
    while better:
        better = False
        for a in range(len(order)):
            for b in range(len(order)):
                other = np.insert(np.delete(order, a), b, order[a])
                then = total(other)
                if then < best:
                    order, best, better = other, then, True
    return order


@kernel
def _curve(people, start, site, cs, otherwise, place, last, steps):  # type: ignore[no-untyped-def]
    """Add to ``steps`` by how much each step changes the value (the first: what it is with nothing built)."""
    for i in range(len(people)):
        until = last + 1
        for k in range(start[i], start[i + 1]):
            since = place[site[k]] + 1
            if since < until and since <= last:
                steps[since] += people[i] * cs[k]
                steps[until] -= people[i] * cs[k]
                until = since
        steps[0] += people[i] * otherwise[i]
        steps[until] -= people[i] * otherwise[i]


@kernel
def _without(people, start, site, cs, otherwise, bit, sums):  # type: ignore[no-untyped-def]
    """By set of sites, what is added where none of just these is built; returns the value with all built.

    ``bit``: of each site, 0 where it stands anyway, -1 where it is not built at all.
    """
    least = np.int64(0)
    for i in range(len(people)):
        known, missing, stands = np.int64(-1), np.int64(0), False
        for k in range(start[i], start[i + 1]):
            mine = bit[site[k]]
            if mine < 0:
                continue
            if known < 0:
                least += people[i] * cs[k]
            else:
                sums[missing] += people[i] * (cs[k] - known)
            known = np.int64(cs[k])
            missing |= mine
            if mine == 0:
                stands = True
                break
        if known < 0:
            least += people[i] * otherwise[i]
        elif not stands:
            sums[missing] += people[i] * (otherwise[i] - known)
    return least


@kernel
def _weigh(value, years, order):  # type: ignore[no-untyped-def]
    """The order with the least sum; ties by the sum of all steps, then the later position is built last."""
    sites = len(order)
    total, steps = np.zeros(len(value), np.int64), np.zeros(len(value), np.int64)
    last = np.zeros(len(value), np.int64)
    for part in range(len(value)):
        count, first = 0, True
        for k in range(sites):
            if part >> k & 1:
                count += 1
                before = part ^ (1 << k)
                a, b = total[before], steps[before]
                if first or a < total[part] or (a == total[part] and b <= steps[part]):
                    total[part], steps[part], last[part], first = a, b, k, False
        total[part] += years[count] * value[part]
        steps[part] += value[part]
    part = len(value) - 1
    for n in range(sites - 1, -1, -1):
        order[n] = last[part]
        part ^= 1 << last[part]


def lost_without(worth: Worth, opened: IntArray) -> tuple[IntArray, IntArray]:
    """By open site: how much worse it is without it, and how many then have no site at all.

    All others stay open. With room, each is closed in turn and everybody goes anew.
    """
    m = worth.median
    lost, bare = (np.zeros(len(m.sites), dtype=np.int64) for _ in range(2))
    if worth.room is None:
        mark = np.zeros(len(m.sites), dtype=bool)
        mark[opened] = True
        _lost(m.people, m.start, m.site, m.cs, m.otherwise, mark, lost, bare)
        return lost[opened], bare[opened]
    before = least_time_flow(m, worth.room, np.sort(opened))
    for site in opened:
        after = least_time_flow(m, worth.room, np.setdiff1d(opened, site))
        lost[site], bare[site] = after.value - before.value, after.away.sum() - before.away.sum()
    return lost[opened], bare[opened]


def gained_with(worth: Worth, opened: IntArray, closed: IntArray) -> tuple[IntArray, IntArray]:
    """By closed site: how much better it is with it beside the open ones, and how many have a site only then."""
    m = worth.median
    if worth.room is None:
        row, mark = np.repeat(np.arange(len(m.people)), np.diff(m.start)), np.zeros(len(m.sites), dtype=bool)
        mark[opened] = True
        bare = np.bincount(row[mark[m.site]], minlength=len(m.people)) == 0
        saved = np.maximum(m.times(opened)[row] - m.cs, 0) * m.people[row]
        gain, reached = (np.zeros(len(m.sites), dtype=np.int64) for _ in range(2))
        np.add.at(gain, m.site, saved)
        np.add.at(reached, m.site, np.where(bare[row], m.people[row], 0))
        return gain[closed], reached[closed]
    before = least_time_flow(m, worth.room, np.sort(opened))
    after = [least_time_flow(m, worth.room, np.union1d(opened, site).astype(np.int64)) for site in closed]
    gain = np.array([before.value - a.value for a in after], dtype=np.int64)
    return gain, np.array([before.away.sum() - a.away.sum() for a in after], dtype=np.int64)


@kernel
def _lost(people, start, site, cs, otherwise, opened, lost, bare):  # type: ignore[no-untyped-def]
    for i in range(len(people)):
        first, first_cs = -1, np.int64(0)
        second = False
        for k in range(start[i], start[i + 1]):
            if opened[site[k]]:
                if first < 0:
                    first, first_cs = site[k], np.int64(cs[k])
                else:
                    lost[first] += people[i] * (cs[k] - first_cs)
                    second = True
                    break
        if first >= 0 and not second:
            lost[first] += people[i] * (otherwise[i] - first_cs)
            bare[first] += people[i]
