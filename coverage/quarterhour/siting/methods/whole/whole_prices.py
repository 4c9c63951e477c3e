"""Lagrangian bound of rows that are served whole: a price for each row, a 0-1 knapsack a site, the cheapest sites.

For any prices no choice is better than what the rows pay (or what going nowhere costs them, if that is less) less what
the cheapest sites within the nest of quotas save, each by the best filling of its room. Its best is the bound of
column generation over whole groups of rows, which no linear program over pairs exceeds. Prices are whole parts of a
step, so the bound is exact whatever the search for prices came to.

A step moves the prices of a row in proportion to what its way usually costs: communities of 20 and of 20,000 people
are as far from their prices in parts of these, not in people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.base.jit import kernel
from quarterhour.siting.methods.solver.nest import pick_in_order
from quarterhour.siting.methods.whole.knapsack import LARGEST_TABLE, dantzig_bound, fill, gather
from quarterhour.siting.methods.whole.whole_instance import Narrowed

_ROOM, _FINEST = 60, 20
_DEAREST = 8
"""A row that must be served is priced up to so many times the dearest of all ways."""
_AT_ONCE = 10
"""Rounds between two looks at the clock."""
_WEAKEST, _SLOWER, _GAINED = 0.004, 0.66, 1e-5


@dataclass(frozen=True, eq=False)
class AssignmentPrices:
    """The best prices found: ``total`` in ``1 / 2**parts`` of a step, ``bound`` the same as whole steps.

    ``open``: how often each site was among the cheapest, later rounds counting more.
    """

    prices: IntArray
    total: int
    parts: int
    open: FloatArray

    @property
    def bound(self) -> int:
        """No choice comes to less, in steps."""
        return -(-self.total >> self.parts)


class AssignmentBound:
    """Bounds of what is left of an instance, at any prices."""

    def __init__(self, left: Narrowed, parts: int) -> None:
        whole, nest = left.whole, left.nest
        assert nest is not None
        self.left, self.parts = left, parts
        self.lists = left.by_site[:3]
        self.nest = nest.leaf, nest.parent, nest.low, nest.high, nest.size
        longest = int(np.diff(self.lists[0]).max(initial=0)) + 1
        width = min(LARGEST_TABLE, int(whole.room.max(initial=0))) + 1
        self.items = tuple(np.zeros(longest, dtype=np.int64) for _ in range(3))
        self.work = np.zeros((longest + 1, width), dtype=np.int64), np.zeros(longest, dtype=np.int64)
        self.most = most_of(left)
        self.scale = _scale(left)
        sites, pairs = len(whole.room), len(self.lists[1])
        self.cost, self.exact = np.zeros(sites, dtype=np.int64), np.zeros(sites, dtype=np.bool_)
        self.taken, self.chosen = np.zeros(pairs, dtype=np.uint8), np.zeros(sites, dtype=np.bool_)

    @cached_property
    def ask(self):  # type: ignore[no-untyped-def]
        """What kernels ask for."""
        whole, left = self.left.whole, self.left
        side = left.free, np.flatnonzero(left.opened).astype(np.int64)
        ceiling = np.minimum(left.paid_away, self.most) << self.parts
        book = self.cost, self.exact, self.taken, self.chosen
        return self.lists, whole.load, whole.room, side, self.nest, ceiling, self.parts, self.items, self.work, book

    def first(self) -> IntArray:
        """Prices to begin with: what each row is likely to pay."""
        whole = self.left.whole
        start = np.zeros(len(whole.load))
        _usual(whole.start, whole.cost, self.left.kept, max(1, len(whole.room) // max(1, self._open)), start)
        first: IntArray = np.minimum((start * (1 << self.parts)).astype(np.int64), self.ask[5])
        return first

    def carried(self, prices: IntArray, before: AssignmentBound) -> IntArray:
        """Prices of another price of who is left out: who paid all that he could does so again."""
        most: IntArray = self.ask[5]
        carried: IntArray = np.where(prices >= before.ask[5], most, np.minimum(prices, most))
        return carried

    @property
    def _open(self) -> int:
        return int(self.nest[4] + self.left.opened.sum())

    def rounds(
        self, begin: IntArray, *, target: int, enough: int, most: int, theta: float, patience: int,
        over: Callable[[int], bool],
    ) -> AssignmentPrices:  # fmt: skip
        """Subgradient steps, smoothed, until the bound exceeds ``enough`` (steps) or nothing is gained.

        ``target``: where the bound is likely to end. ``over``: told of rounds done, whether to leave off.
        """
        prices, best = begin.copy(), begin.copy()
        way, hit = np.zeros(len(prices)), np.zeros(len(prices))
        mean, mark = np.zeros(len(self.cost) + 1), np.array([theta, 0.0])
        told = np.array([-(2**62), 0], dtype=np.int64)
        rebate = self.left.rebate
        limit = np.int64(enough + rebate) << self.parts
        aim = float(target + rebate) * 2.0**self.parts
        done = 0
        while done < most:
            turn = min(_AT_ONCE, most - done)
            going = _subgradient(
                self.ask, prices, best, way, hit, self.scale, mean, mark, told, limit, aim, patience, turn
            )
            done += turn
            if over(turn) or not going:
                break
        share = mean[:-1] / mean[-1] if mean[-1] > 0 else mean[:-1]
        return AssignmentPrices(best, int(told[0]) - (rebate << self.parts), self.parts, share)


def parts_of(left: Narrowed) -> int:
    """How many binary digits behind the point prices may have, so that no sum leaves 64 bits."""
    most = int(np.minimum(left.paid_away, most_of(left)).astype(object).sum()) + left.rebate + 1
    return max(0, min(_FINEST, _ROOM - most.bit_length()))


def most_of(left: Narrowed) -> int:
    """What a row that must be served may pay at most."""
    whole, price = left.whole, left.price
    dearest = max(
        (whole.cost + price * whole.lost.pair).max(initial=0),
        (whole.otherwise + price * whole.lost.away).max(initial=0),
    )
    return _DEAREST * int(dearest) + 1


def _scale(left: Narrowed) -> FloatArray:
    typical = left.whole.typical
    mean = float(typical.mean()) if len(typical) else 1.0
    return np.maximum(typical / mean, 0.05)


@kernel
def _usual(start, cost, kept, rank, prices):  # type: ignore[no-untyped-def]
    """The cost at a rank among each row's pairs."""
    for i in range(len(prices)):
        seen = 0
        for e in range(start[i], start[i + 1]):
            if kept[e]:
                prices[i] = cost[e]
                seen += 1
                if seen > rank:
                    break


@kernel
def evaluate(ask, prices):  # type: ignore[no-untyped-def]
    """The bound at some prices, in parts. Costs of the sites that are chosen are exact, of others no more than so."""
    lists, load, room, side, nest, _, parts, items, work, book = ask
    cost, exact, taken, chosen = book
    free, opened = side
    for part in side:
        for s in part:
            n, _ = gather(s, lists, load, prices, parts, items)
            cost[s], exact[s] = -dantzig_bound(items, n, room[s]), False
    again = True
    while again:
        again = False
        chosen[:] = False
        chosen[opened] = True
        order = np.argsort(cost[free], kind="mergesort")
        chosen[free[pick_in_order(order, nest[0], nest[1], nest[2], nest[3], nest[4])]] = True
        for s in range(len(cost)):
            if chosen[s] and not exact[s]:
                found = _filled(s, ask, prices)
                again = again or found != cost[s]
                cost[s], exact[s] = found, True
    total = prices.sum()
    for s in range(len(cost)):
        if chosen[s]:
            total += cost[s]
    return total


@kernel
def _filled(s, ask, prices):  # type: ignore[no-untyped-def]
    """What a site saves by filling its room (0 or less); the pairs of it that do are marked."""
    lists, load, room, _, _, _, parts, items, work, book = ask
    taken = book[2]
    n, total = gather(s, lists, load, prices, parts, items)
    mine = np.zeros(n, np.uint8)
    worth = fill(items, n, total, room[s], work, mine)
    taken[lists[0][s] : lists[0][s + 1]] = 0
    for t in range(n):
        taken[items[2][t]] = mine[t]
    return -worth


@kernel
def _subgradient(  # type: ignore[no-untyped-def]
    ask, prices, best, way, hit, scale, mean, mark, told, limit, aim, patience, turns
):
    """So many rounds; False where the search is at its end. ``mark``: step, weight; ``told``: best, rounds in vain."""
    column, row, _ = ask[0]
    ceiling, chosen, taken = ask[5], ask[9][3], ask[9][2]
    for _ in range(turns):
        total = evaluate(ask, prices)
        if total > told[0]:
            told[1] = 0 if total > told[0] + np.int64(_GAINED * abs(total)) else told[1] + 1
            told[0] = total
            best[:] = prices
            if total > limit:
                return False
        else:
            told[1] += 1
        if told[1] >= patience:
            mark[0] *= _SLOWER
            told[1] = 0
            prices[:] = best
            if mark[0] < _WEAKEST:
                return False
        mark[1] = 1.0 if mark[1] == 0.0 else mark[1] * 1.06
        if mark[1] > 1e12:
            mean *= 1e-12
            mark[1] *= 1e-12
        mean[-1] += mark[1]
        hit[:] = 1.0
        for s in range(len(chosen)):
            if chosen[s]:
                mean[s] += mark[1]
                for e in range(column[s], column[s + 1]):
                    if taken[e]:
                        hit[row[e]] -= 1.0
        length = 0.0
        for i in range(len(prices)):
            if prices[i] >= ceiling[i] and hit[i] > 0:
                hit[i] = way[i] = 0.0
            way[i] = 0.6 * way[i] + hit[i]
            length += way[i] * way[i] * scale[i]
        if length < 1e-12:
            return False
        step = mark[0] * max(aim - total, 0.001 * abs(aim), 1.0) / length
        for i in range(len(prices)):
            moved = prices[i] + step * way[i] * scale[i]
            prices[i] = np.int64(min(max(moved, 0.0), float(ceiling[i])))
            if prices[i] > ceiling[i]:
                prices[i] = ceiling[i]
    return True
