"""Which of a plan's sites to build in which year when each year has only so much money.

Up to a dozen sites every way of building year by year is weighed: a table of the parts of a choice, a year at a time.
More sites are built in an order, each in the first year that can pay for it; the order is improved by moving sites.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np
import pandas as pd

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.base.errors import DataError
from quarterhour.base.jit import kernel
from quarterhour.siting.outlook.sequence import Worth, best_order

_ALL_WAYS, _ALL_WAYS_WITH_ROOM = 12, 8
"""Sites up to which every way is weighed, without and with room."""
MOST_YEARS = 60
"""Of a yearly sum that goes on; what is not built by then is told as too dear."""
_NEVER = np.int64(2**62)


@dataclass(frozen=True)
class YearlyMoney:
    """What may be spent on building each year.

    ``yuan``: of the first year, the second ...; ``goes_on``: the last of them holds in all later years, else nothing
    may be spent after them. ``carry_over``: what a year does not spend is there in the next. ``most_sites`` a year.
    """

    yuan: tuple[int, ...]
    goes_on: bool = False
    carry_over: bool = False
    most_sites: int | None = None

    def __post_init__(self) -> None:
        whole = all(isinstance(y, (int, np.integer)) and not isinstance(y, bool) and y >= 0 for y in self.yuan)
        most = self.most_sites
        if not self.yuan or not whole or sum(self.yuan) >= 2**53 or (most is not None and most < 1):
            raise DataError("phasing.bad_money", yuan=", ".join(map(str, self.yuan)) or "-", most=most)

    @property
    def years(self) -> int:
        """How many years there may be."""
        return MOST_YEARS if self.goes_on else len(self.yuan)

    def of_year(self, year: int) -> int:
        """What a year is given; the first is 0."""
        return int(self.yuan[min(year, len(self.yuan) - 1)]) if year < self.years else 0

    @cached_property
    def _sums(self) -> tuple[int, ...]:
        return tuple(accumulate(map(self.of_year, range(self.years))))

    def so_far(self, year: int) -> int:
        """What all years up to this one are given together."""
        return self._sums[min(year, self.years - 1)]

    def ever_pays(self, cost: IntArray) -> BoolArray:
        """Which sites could be built in some year if it were for them alone."""
        most = self.so_far(self.years - 1) if self.carry_over else max(self.yuan)
        return np.asarray(cost <= most, dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class Schedule:
    """Sites by year, as positions. ``late``: those that no year builds. ``proven``: no way has a better sum of years.

    The sum is that of what the choice comes to at the end of each year; of ways alike the one that builds sooner.
    """

    years: tuple[IntArray, ...]
    late: IntArray
    proven: bool


def build_by_year(worth: Worth, sites: IntArray, cost: IntArray, money: YearlyMoney) -> Schedule:
    """The years in which to build some sites, as positions. ``cost``: yuan of each of them."""
    order = np.argsort(sites, kind="stable")
    sites, cost = np.asarray(sites, dtype=np.int64)[order], np.asarray(cost, dtype=np.int64)[order]
    pays = money.ever_pays(cost)
    some, dear = sites[pays], sites[~pays]
    if len(some) <= (_ALL_WAYS if worth.room is None else _ALL_WAYS_WITH_ROOM):
        years, late = _every_way(worth, some, cost[pays], money)
        proven = True
    else:
        years, late = _in_order(worth, some, cost[pays], money)
        proven = False
    return Schedule(_without_tail(years), np.r_[late, dear].astype(np.int64), proven)


def money_by_year(found: Schedule, cost: Mapping[int, int], money: YearlyMoney) -> pd.DataFrame:
    """A row a step from 0 (as it is now): ``cap_yuan, available_yuan, spent_yuan, left_yuan``."""
    rows, over = [(0, 0, 0, 0)], 0
    for year, built in enumerate(found.years):
        cap, spent = money.of_year(year), sum(cost[s] for s in built.tolist())
        available = cap + (over if money.carry_over else 0)
        over = available - spent
        rows.append((cap, available, spent, over))
    columns = ["cap_yuan", "available_yuan", "spent_yuan", "left_yuan"]
    return pd.DataFrame(rows, columns=columns).rename_axis("step")


def _without_tail(years: Sequence[IntArray]) -> tuple[IntArray, ...]:
    """The years up to the last in which something is built."""
    last = max((k for k, built in enumerate(years) if len(built)), default=-1)
    return tuple(years[: last + 1])


# --- every way ------------------------------------------------------------------------------------


def _every_way(worth: Worth, sites: IntArray, cost: IntArray, money: YearlyMoney) -> tuple[list[IntArray], IntArray]:
    """Year by year, for every part of the sites the least sum with which it can stand built by then."""
    value = worth.parts(sites)
    above = value - value[-1]
    spent, count = _sums(cost), _sums(np.ones(len(sites), dtype=np.int64))
    left = len(sites) - count
    total, late = (np.full(len(value), _NEVER, dtype=np.int64) for _ in range(2))
    total[0], late[0] = 0, 0
    befores, full = [], len(value) - 1
    for year in range(money.years):
        before = np.full(len(value), -1, dtype=np.int64)
        then, later = (np.full(len(value), _NEVER, dtype=np.int64) for _ in range(2))
        most = len(sites) if money.most_sites is None else money.most_sites
        _one_year(total, late, spent, count, money.of_year(year), money.so_far(year), money.carry_over, most, above,
                  left, then, later, before)  # fmt: skip
        total, late = then, later
        befores.append(before)
        if money.goes_on and total[full] < _NEVER and _least(total, late) == full:
            break
    part = _least(total, late)
    late_sites = sites[[k for k in range(len(sites)) if not part >> k & 1]]
    years = []
    for before in reversed(befores):
        built = part ^ int(before[part])
        years.append(sites[[k for k in range(len(sites)) if built >> k & 1]])
        part = int(before[part])
    return years[::-1], late_sites


def _sums(weight: IntArray) -> IntArray:
    """Of every part of some sites; bit k of the place stands for the k-th of them."""
    sums = np.zeros(1 << len(weight), dtype=np.int64)
    for k, w in enumerate(weight.tolist()):
        sums[1 << k : 2 << k] = sums[: 1 << k] + w
    return sums


def _least(total: IntArray, late: IntArray) -> int:
    """The part with the least sum; of those alike the one that was built soonest, then the one with most sites."""
    return int(np.lexsort((-np.arange(len(total)), late, total))[0])


@kernel
def _one_year(total, late, spent, count, yuan, so_far, carry, most, above, left, then, later, before):  # type: ignore[no-untyped-def]
    """A year further: every part out of the parts of it that it can be built from with the year's money."""
    for after in range(len(total)):
        if carry and spent[after] > so_far:
            continue
        part = after
        while True:
            built = after ^ part
            pays = count[built] <= most and (carry or spent[built] <= yuan)
            if pays and (total[part] < then[after] or (total[part] == then[after] and late[part] < later[after])):
                then[after], later[after], before[after] = total[part], late[part], part
            if part == 0:
                break
            part = (part - 1) & after
        if before[after] >= 0:
            then[after] += above[after]
            later[after] += left[after]


# --- in an order ----------------------------------------------------------------------------------


def _in_order(worth: Worth, sites: IntArray, cost: IntArray, money: YearlyMoney) -> tuple[list[IntArray], IntArray]:
    """In the better of two orders (most gain first, cheapest first), improved by moving sites if there is no room."""
    yuan = dict(zip(sites.tolist(), cost.tolist(), strict=True))
    first, _ = best_order(worth, sites)
    orders = [first, sites[np.argsort(cost, kind="stable")]]
    order = min(orders, key=lambda some: _total(worth, some, yuan, money))
    if worth.room is None:
        order = _moved(worth, order, yuan, money)
    years, late = paid_in_order(order.tolist(), yuan, money)
    return [np.array(built, dtype=np.int64) for built in years], np.array(late, dtype=np.int64)


def paid_in_order(
    order: Sequence[int], cost: Mapping[int, int], money: YearlyMoney
) -> tuple[list[list[int]], list[int]]:
    """Each site in the first year, no earlier than the one before it, that can pay for it; those that none can."""
    years: list[list[int]] = [[] for _ in range(money.years)]
    late: list[int] = []
    year, spent, now = 0, 0, 0
    for site in order:
        first = _first_year(money, year, len(years[year]), now, spent, cost[site])
        if first == money.years:
            late.append(site)
            continue
        now = cost[site] + (now if first == year else 0)
        year, spent = first, spent + cost[site]
        years[year].append(site)
    return years, late


def _first_year(money: YearlyMoney, year: int, built: int, now: int, spent: int, cost: int) -> int:
    """The first year from one on, in which so many are built for so much now, that pays for one more site."""
    for later in range(year, money.years):
        full = money.most_sites is not None and built >= money.most_sites
        pays = spent + cost <= money.so_far(later) if money.carry_over else now + cost <= money.of_year(later)
        if pays and not full:
            return later
        built, now = 0, 0
    return money.years


def _total(worth: Worth, order: IntArray, cost: Mapping[int, int], money: YearlyMoney) -> tuple[int, int]:
    """The sum over the years, above that of all; then the years that sites wait."""
    years, late = paid_in_order(order.tolist(), cost, money)
    built = [s for year in years for s in year]
    curve = worth.curve(np.array([*built, *late], dtype=np.int64))
    ends = np.cumsum([len(year) for year in years])
    return int((curve[ends] - curve[-1]).sum()), int((len(order) - ends).sum())


def _moved(worth: Worth, order: IntArray, cost: Mapping[int, int], money: YearlyMoney) -> IntArray:
    """Move single sites forward and back while that lowers the sum."""
    best, better = _total(worth, order, cost, money), True
    while better:
        better = False
        for a in range(len(order)):
            for b in range(len(order)):
                other = np.insert(np.delete(order, a), b, order[a])
                then = _total(worth, other, cost, money)
                if then < best:
                    order, best, better = other, then, True
    return order
