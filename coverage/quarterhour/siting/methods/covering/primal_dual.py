"""The linear program's bound of max-cover without a linear-program solver: restarted primal-dual steps, recounted.

The relaxation is the saddle point ``min over l, max over y of sum w (1 - l) + sum w l (A y)`` with ``l`` and ``y``
from 0 to 1 and ``y`` within the nest of quotas: who is covered is eliminated. Primal-dual hybrid gradient with diagonal
steps (Chambolle and Pock 2011), averages and restarts (Applegate and others 2021, PDLP). Any ``l`` gives a bound: the
people who are not priced and the dearest sites of the nest. It is counted in whole numbers, whatever floats lost.
"""

from __future__ import annotations

import math
from itertools import accumulate

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import AnyArray, FloatArray, IntArray
from quarterhour.base.jit import COMPILED, kernel
from quarterhour.siting.methods.covering.benders import site_rows
from quarterhour.siting.methods.covering.cover_instance import CoverIncumbent, CoverInstance
from quarterhour.siting.methods.solver.nest import Nest, cheapest, nest_of
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.question.site_limits import SiteLimits

BY = "Lagrangian"
_ROOM, _FINEST = 61, 20
"""Bits for the sum of all prices, and of a person's share at most."""
_EVERY = 40
"""Steps between two looks at the gap."""
_ENOUGH, _GOOD = 0.2, 0.8
"""A restart comes when the gap fell to the first share of what it was, or to the second and now rises."""
_LONGEST, _FEWEST = 0.36, 400
"""Or after this share of all steps, and so many at least."""
_BALANCE = 0.3
"""Primal to dual step at the beginning."""
_FEW = 20
"""Looks at the most where kernels are not compiled."""


class PrimalDualBound:
    """The search for prices of rows; it may be run in parts.

    ``inside``: by site, the best point of the relaxation found, 0 to 1. ``dual``, ``primal``: people, between which the
    value of the relaxation lies, in floats; ``bound`` is the one that holds.
    """

    def __init__(self, core: CoverInstance, nest: Nest) -> None:
        self.core, self.nest = core, nest
        self.order, areas = _by_area(nest)
        cover = sp.csr_array(core.cover[:, self.order])
        cover.sort_indices()
        turned = sp.csr_array(cover.T.tocsr())
        self.table = turned.indptr, turned.indices, cover.indptr, cover.indices
        self.people = core.people.astype(np.float64)
        self.areas, self.slopes = areas, np.zeros(len(nest.parent))
        rows, sites = cover.shape
        reach = self._costs(np.ones(rows))
        self.reach = np.maximum(reach, 1e-6 * float(reach.max(initial=1.0)))
        begin = np.full(sites, nest.size / max(1, sites))
        self.now: list[FloatArray] = [begin, np.full(rows, 0.5), np.asarray(cover @ begin)]
        self.start, self.mean = [x.copy() for x in self.now], [np.zeros_like(x) for x in self.now]
        self.begun = self.last = math.inf
        self.balance, self.steps, self.since = _BALANCE, 0, 0
        self.dual, self.primal = math.inf, -math.inf
        self.prices, self.point = self.now[1].copy(), begin.copy()

    def run(self, budget: SearchBudget, best: CoverIncumbent, *, close: float) -> None:
        """Steps until primal and dual are ``close``, the incumbent is proven best, or ``budget`` is over; tells it."""
        looks = 0
        while not self.is_close(close) and not budget.over() and (COMPILED or looks < _FEW):
            self._look()
            budget.spend(rounds=1)
            looks += 1
            if best.value is not None and self.dual < best.value + 1:
                best.tighten(self.bound, by=BY)
                if best.is_optimal:
                    return
        best.tighten(self.bound, by=BY)

    def is_close(self, close: float) -> bool:
        """Whether primal and dual differ by such a share at most."""
        return self.dual - self.primal <= close * abs(self.dual) if self.steps else False

    @property
    def inside(self) -> FloatArray:
        """The best point, by site of the instance."""
        point = np.empty_like(self.point)
        point[self.order] = self.point
        return point

    @property
    def bound(self) -> int:
        """No choice covers more people, by the best prices, counted in whole numbers."""
        total, parts, unpriced, cost = _whole_costs(self.core, self.prices)
        dearest: int = sum(cost[cheapest(self.nest, -cost)].tolist())
        return min(total, (unpriced + dearest) >> parts)

    def _look(self) -> None:
        """Some steps, then the better of where they ended and of their mean, from which to begin again if it helped."""
        balance = float(self.balance)
        _steps(self.table, self.people, self.areas, self.reach, balance, _EVERY, self.slopes, *self.now, *self.mean)
        self.steps, self.since = self.steps + _EVERY, self.since + _EVERY
        points = self.now, [x / self.since for x in self.mean]
        gaps = [self._gap(*point) for point in points]
        k = int(np.argmin(gaps))
        gap, long = gaps[k], self.since > max(_FEWEST, _LONGEST * self.steps)
        if gap < _ENOUGH * self.begun or self.last < gap < _GOOD * self.begun or long:
            self._restart([x.copy() for x in points[k]], gap)
        else:
            self.last = gap

    def _costs(self, prices: FloatArray) -> FloatArray:
        cost = np.zeros(len(self.order))
        _columns(self.table[0], self.table[1], self.people * prices, cost)
        return cost

    def _gap(self, point: FloatArray, prices: FloatArray, cover: FloatArray) -> float:
        """By how much a point falls short of what prices prove; the best of each is kept."""
        cost = np.empty(len(self.order))
        cost[self.order] = self._costs(prices)
        dual = float(self.people @ (1 - prices)) + float(cost[cheapest(self.nest, -cost)].sum())
        primal = float(self.people @ np.minimum(1, cover))
        if dual < self.dual:
            self.dual, self.prices = dual, prices.copy()
        if primal > self.primal:
            self.primal, self.point = primal, point.copy()
        return dual - primal

    def _restart(self, point: list[FloatArray], gap: float) -> None:
        width = np.diff(self.table[2])
        moved = math.sqrt(float(self.reach @ (point[0] - self.start[0]) ** 2))
        priced = math.sqrt(float((width * self.people) @ (point[1] - self.start[1]) ** 2))
        if min(moved, priced) > 1e-9:
            self.balance = math.sqrt(self.balance * moved / priced)
        for x, new in zip(self.now, point, strict=True):
            x[:] = new
        for x in self.mean:
            x[:] = 0
        self.start, self.begun, self.last, self.since = point, gap, math.inf, 0


def primal_dual_bound(core: CoverInstance) -> PrimalDualBound | None:
    """The search for prices of an instance; None where its quotas cannot be kept, or nothing is to decide."""
    rows, low, high = site_rows(core)
    low[0] = 0
    whole = sp.csr_array(rows.astype(np.int64))
    none = np.zeros(len(core.sites), dtype=np.bool_)
    nest = nest_of(SiteLimits(whole, low.astype(np.int64), high.astype(np.int64), none))
    return None if nest is None or not nest.size or not core.cover.nnz else PrimalDualBound(core, nest)


def bounds_by_number(core: CoverInstance, prices: FloatArray, most: int) -> IntArray:
    """No choice of 0, 1, ..., ``most`` candidates covers more people, by the same prices of rows, 0 to 1; no quotas."""
    total, parts, unpriced, cost = _whole_costs(core, prices)
    dearest = -np.sort(-cost)[:most]
    sums = accumulate(dearest.tolist(), initial=unpriced)  # in Python's own numbers, which no sum is too large for
    bounds = [min(total, paid >> parts) for paid in sums]
    return np.array(bounds + [bounds[-1]] * (most + 1 - len(bounds)), dtype=np.int64)


def _whole_costs(core: CoverInstance, prices: FloatArray) -> tuple[int, int, int, IntArray]:
    """All people; in how many bits of a person the rest is counted: people without a price, and each site's prices."""
    people = core.people
    total = int(people.sum())
    parts = max(0, min(_FINEST, _ROOM - total.bit_length()))
    price = np.clip(np.rint(prices * people.astype(np.float64) * 2.0**parts), 0, people << parts).astype(np.int64)
    cost = np.asarray(core.cover.T @ price, dtype=np.int64)
    return total, parts, (total << parts) - int(price.sum()), cost


def _by_area(nest: Nest) -> tuple[IntArray, tuple[AnyArray, ...]]:
    """Sites in an order in which those of an area stand together; the areas as the projection reads them."""
    areas = len(nest.parent)
    below: list[list[int]] = [[] for _ in range(areas)]
    for a in range(1, areas):
        below[nest.parent[a]].append(a)
    rank = np.zeros(areas, dtype=np.int64)
    last, stack, n = rank.copy(), [0], 0
    while stack:
        a = stack.pop()
        if a < 0:
            last[~a] = n
            continue
        rank[a] = n
        n += 1
        stack += [~a, *below[a]]
    order = np.argsort(rank[nest.leaf], kind="stable").astype(np.int64)
    ranks = rank[nest.leaf[order]]
    begins, ends = np.searchsorted(ranks, rank), np.searchsorted(ranks, last)
    low, high = nest.low.astype(np.float64), nest.high.astype(np.float64)
    low[0] = high[0] = nest.size
    return order, (nest.parent, low, high, nest.leaf[order], begins, ends)


@kernel
def _columns(start, row, price, cost):  # type: ignore[no-untyped-def]
    for j in range(len(start) - 1):
        total = 0.0
        for k in range(start[j], start[j + 1]):
            total += price[row[k]]
        cost[j] = total


@kernel
def _opened_at(v, step, slope, a, areas, total, change):  # type: ignore[no-untyped-def]
    """How far area ``a`` opens when opening costs ``slope``, quotas of areas in it kept; and how fast that falls."""
    parent, low, high, leaf, begins, ends = areas
    total[:] = 0.0
    change[:] = 0.0
    for j in range(begins[a], ends[a]):
        x = v[j] - step[j] * slope
        if x >= 1:
            total[leaf[j]] += 1
        elif x > 0:
            total[leaf[j]] += x
            change[leaf[j]] += step[j]
    for b in range(len(parent) - 1, a, -1):
        if low[b] < total[b] < high[b]:
            change[parent[b]] += change[b]
        total[parent[b]] += min(max(total[b], low[b]), high[b])
    return total[a], change[a]


@kernel
def _slope_for(v, step, target, a, areas, slope, total, change):  # type: ignore[no-untyped-def]
    """The slope at which area ``a`` opens as far as ``target``: Newton between two sides, from the last one."""
    begins, ends = areas[4], areas[5]
    least, most = np.inf, -np.inf
    for j in range(begins[a], ends[a]):
        least, most = min(least, (v[j] - 1) / step[j]), max(most, v[j] / step[j])
    if not least <= slope <= most:
        slope = 0.5 * (least + most)
    for _ in range(80):
        opened, falls = _opened_at(v, step, slope, a, areas, total, change)
        if abs(opened - target) <= 1e-10 * max(1.0, target):
            break
        if opened > target:
            least = slope
        else:
            most = slope
        newton = slope + (opened - target) / falls if falls > 0 else least
        slope = newton if least < newton < most else 0.5 * (least + most)
    return slope


@kernel
def _projected(v, step, areas, slopes, total, change, out):  # type: ignore[no-untyped-def]
    """The nearest point within the nest: an area whose quota binds has a slope of its own, others their parent's."""
    parent, low, high, leaf, begins, ends = areas
    for a in range(len(parent)):
        if begins[a] == ends[a]:
            continue
        if a > 0:
            above = slopes[parent[a]]
            opened, _ = _opened_at(v, step, above, a, areas, total, change)
            if low[a] <= opened <= high[a]:
                slopes[a] = above
                continue
            target = low[a] if opened < low[a] else high[a]
        else:
            target = low[0]
        slopes[a] = _slope_for(v, step, target, a, areas, slopes[a], total, change)
    for j in range(len(v)):
        out[j] = min(1.0, max(0.0, v[j] - step[j] * slopes[leaf[j]]))


@kernel
def _steps(  # type: ignore[no-untyped-def]
    table, people, areas, reach, balance, many, slopes, y, price, cover, y_sum, price_sum, cover_sum
):
    """So many primal-dual steps; the sums gather what each came to."""
    start, row, row_start, row_site = table
    sites, rows = len(y), len(price)
    cost, v, step, paid = np.empty(sites), np.empty(sites), np.empty(sites), np.empty(rows)
    total, change = np.zeros(len(slopes)), np.zeros(len(slopes))
    for j in range(sites):
        step[j] = balance / reach[j]
    for _ in range(many):
        for r in range(rows):
            paid[r] = people[r] * price[r]
        _columns(start, row, paid, cost)
        for j in range(sites):
            v[j] = y[j] + step[j] * cost[j]
        _projected(v, step, areas, slopes, total, change, y)
        for j in range(sites):
            y_sum[j] += y[j]
        for r in range(rows):
            first, last = row_start[r], row_start[r + 1]
            x = 0.0
            for e in range(first, last):
                x += y[row_site[e]]
            # The price falls where the cover, taken a step on, is above 1.
            price[r] = min(1.0, max(0.0, price[r] - (2 * x - cover[r] - 1) / (balance * (last - first))))
            cover[r] = x
            price_sum[r] += price[r]
            cover_sum[r] += x
