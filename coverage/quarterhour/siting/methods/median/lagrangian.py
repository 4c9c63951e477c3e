"""What no choice of sites beats in time, by a price for each row (Lagrangian bound), and which sites that settles.

Prices are whole parts of a centisecond, so the bound is exact whatever the search for prices came to:
for any prices ``u``, no choice is better than the sum of ``people * u`` and, for the cheapest choice
within the nest of quotas, of ``people * min(0, cs - u)`` over its sites.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.base.jit import kernel
from quarterhour.siting.methods.median.median_instance import MUST, MedianInstance
from quarterhour.siting.methods.solver.nest import Nest, cheapest, exchange_prices

_ROOM = 61
_FINEST = 20
_DEAREST = 8
"""A row that must be served is priced up to so many times the longest trip."""
_STALLS, _WEAKEST, _MOST_ROUNDS = 20, 1e-3, 1500
_LOOK = 25
"""Rounds after which the cheapest choice is tried as a plan."""


@dataclass(frozen=True, eq=False)
class LagrangianPrices:
    """The best prices found: ``bound`` (whole), by site the ``cost`` in parts, the cheapest ``chosen`` at them.

    ``prices``: by row, in ``1 / 2**parts`` of a centisecond; ``total``: the bound in parts, without what is settled.
    """

    bound: int
    prices: IntArray
    cost: IntArray
    chosen: IntArray
    total: int
    parts: int


class LagrangianBound:
    """The search for prices; ``rounds`` goes on until nothing is gained, or what is known is proven best.

    ``step``: values differ by multiples of it.
    """

    def __init__(self, median: MedianInstance, nest: Nest, *, step: int = 1) -> None:
        self.median, self.nest, self.step = median, nest, step
        longest = int(max(median.cs.max(initial=0), median.otherwise.max(initial=0)))
        dearest = np.where(median.otherwise == MUST, _DEAREST * longest + 1, median.otherwise)
        self.parts = max(0, min(_FINEST, _ROOM - int(median.people @ dearest + 1).bit_length()))
        self.ceiling = dearest << self.parts
        self.best: LagrangianPrices | None = None

    def at(self, prices: IntArray) -> LagrangianPrices:
        """The bound at some prices."""
        cost = np.zeros(len(self.median.sites), dtype=np.int64)
        paid = self.costs(prices, cost)
        chosen = self.pick(cost)
        total = paid + sum(cost[chosen].tolist())
        return LagrangianPrices(self.median.settled - (-total >> self.parts), prices, cost, chosen, total, self.parts)

    def costs(self, prices: IntArray, cost: IntArray) -> int:
        """What all rows pay; ``cost`` (zeros) becomes what each site saves them, 0 or less."""
        m = self.median
        return int(_costs(m.people, m.start, m.site, m.cs, prices, self.parts, cost))

    def pick(self, cost: IntArray) -> IntArray:
        """The cheapest sites."""
        return cheapest(self.nest, cost)

    def first(self, chosen: IntArray) -> IntArray:
        """Prices to begin with: what a choice gives each row, and some of the way to its second nearest site."""
        m = self.median
        opened = np.zeros(len(m.sites), dtype=bool)
        opened[chosen] = True
        start = np.zeros(len(m.people), dtype=np.int64)
        _between(m.start, m.site, m.cs, self.ceiling, self.parts, opened, start)
        return start

    def rounds(
        self, chosen: IntArray, value: int | None, *, over: Callable[[], bool], look: Callable[[IntArray], int | None]
    ) -> LagrangianPrices:
        """Subgradient steps, smoothed; ``look`` is shown a cheapest choice and says what the best known plan is worth.

        ``chosen``: where to begin; ``value``: of the best known plan, None where there is none.
        """
        m = self.median
        now = self.at(self.first(chosen))
        best, step, stall = now, 1.5, 0
        way: FloatArray | None = None
        seen: set[bytes] = set()
        for n in range(_MOST_ROUNDS):
            if n:
                now = self.at(now.prices)
            gained = now.total > best.total
            stall = 0 if now.total > best.total + 1e-5 * abs(best.total) or not n else stall + 1
            best = now if gained or not n else best
            if n % _LOOK == _LOOK - 1 and now.chosen.tobytes() not in seen:
                seen.add(now.chosen.tobytes())
                value = look(now.chosen)
            if (value is not None and best.bound > value - self.step) or step < _WEAKEST or over():
                break
            if stall >= _STALLS:
                step, stall, now, way = 0.6 * step, 0, best, None
            slope = self.slope(now)
            way = slope if way is None else 0.6 * slope + 0.4 * way
            length = float(way @ way)
            if length < 1e-9:
                break
            worth = 1.05 * best.total if value is None else 1.01 * ((value - m.settled) << self.parts)
            prices = now.prices + step * max(worth - now.total, 1.0) / length * way
            now = LagrangianPrices(
                0, np.clip(prices, 0, self.ceiling).astype(np.int64), now.cost, now.chosen, 0, self.parts
            )
        self.best = best
        return best

    def slope(self, now: LagrangianPrices) -> FloatArray:
        """How the bound changes with each price: the people, less them once for each chosen site below the price."""
        m = self.median
        picked = np.zeros(len(m.sites), dtype=bool)
        picked[now.chosen] = True
        slope = np.zeros(len(m.people))
        _slopes(m.people, m.start, m.site, m.cs, now.prices, self.parts, picked, slope)
        return slope


def reduced_cost_fixing(nest: Nest, priced: LagrangianPrices, value: int, settled: int) -> tuple[BoolArray, BoolArray]:
    """The sites that every plan of ``value`` or better opens, and those that none opens."""
    prices = exchange_prices(nest, priced.cost, priced.chosen)
    room = ((value - settled) << priced.parts) - priced.total
    sure = prices > room
    picked = np.zeros(len(prices), dtype=bool)
    picked[priced.chosen] = True
    return sure & picked, sure & ~picked


@kernel
def _costs(people, start, site, cs, prices, parts, cost):  # type: ignore[no-untyped-def]
    """What each site saves its rows at their prices (0 or less); returns what the rows pay."""
    paid = np.int64(0)
    for i in range(len(people)):
        price = prices[i]
        paid += people[i] * price
        for k in range(start[i], start[i + 1]):
            below = (np.int64(cs[k]) << parts) - price
            if below >= 0:
                break
            cost[site[k]] += people[i] * below
    return paid


@kernel
def _slopes(people, start, site, cs, prices, parts, picked, slope):  # type: ignore[no-untyped-def]
    for i in range(len(people)):
        times = 1
        for k in range(start[i], start[i + 1]):
            if (np.int64(cs[k]) << parts) >= prices[i]:
                break
            if picked[site[k]]:
                times -= 1
        slope[i] = people[i] * times


@kernel
def _between(start, site, cs, ceiling, parts, opened, prices):  # type: ignore[no-untyped-def]
    for i in range(len(ceiling)):
        near, next_near = ceiling[i], ceiling[i]
        found = 0
        for k in range(start[i], start[i + 1]):
            if opened[site[k]]:
                if found == 1:
                    next_near = np.int64(cs[k]) << parts
                    break
                near = np.int64(cs[k]) << parts
                found = 1
        prices[i] = near + 3 * min(next_near - near, max(near, np.int64(1) << parts)) // 10
