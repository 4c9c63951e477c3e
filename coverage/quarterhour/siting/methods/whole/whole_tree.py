"""Branch and bound of rows that are served whole: prices and fixing at each node, then a site opened or closed.

The node with the least bound comes first. Of the sites that its prices take about half of the times a few are tried
both ways for some rounds, and the one that lifts the bound most is branched on (strong branching). Where the sites are
settled, or few pairs are left, an integer program says who goes where.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.siting.methods.whole.whole_fixing import fixed_by_prices, settled_by_counting
from quarterhour.siting.methods.whole.whole_groups import site_groups
from quarterhour.siting.methods.whole.whole_instance import Narrowed
from quarterhour.siting.methods.whole.whole_prices import AssignmentBound, AssignmentPrices
from quarterhour.siting.methods.whole.whole_program import LeafResult
from quarterhour.siting.question.search import SearchBudget

PRICES = "Lagrangian"
ROUNDS = 80
"""Of prices at a node, and again after each fixing that gave much."""
_TRIED, _TRIES = (1000, 8, 20), (math.inf, 4, 8)
"""Sites tried and rounds of each, by how many rows there are."""
_REPRICED = 30
"""Rounds at another price of who is left out."""
_UNSURE = 0.45
"""How near to one half beside a whole number the count of a group is to be for a branching."""
_AGAIN, _WORTH_IT = 3, 5
_FEW_PAIRS = 500
"""Pairs beyond one a row up to which a node goes to the integer program as it is."""


@dataclass(order=True)
class Node:
    """What is left, packed, below a bound in steps."""

    bound: int
    number: int
    kept: np.ndarray = field(compare=False)
    away: IntArray = field(compare=False)
    sites: np.ndarray = field(compare=False)
    price: int = field(compare=False)
    groups: tuple[tuple[IntArray, int, int], ...] = field(compare=False)
    prices: AssignmentPrices = field(compare=False)

    def left(self, like: Narrowed) -> Narrowed:
        """What is left, unpacked."""
        kept = np.unpackbits(self.kept, count=len(like.kept)).astype(np.bool_)
        opened, closed = self.sites
        return Narrowed(like.whole, kept, self.away, opened, closed, self.price, self.groups)


@dataclass(frozen=True, eq=False)
class TreeAsks:
    """What a tree asks of the search around it.

    ``limit``: the steps that a better choice comes to at most. ``leaf``: solve what is left, for the
    second time or not. ``proven``: told the
    bound in steps. ``visited``: told what each node's prices like.
    """

    limit: Callable[[], int]
    leaf: Callable[[Narrowed, bool], LeafResult]
    proven: Callable[[int, str], None]
    visited: Callable[[Narrowed, AssignmentPrices], None]


class WholeTree:
    """The tree over the sites of an instance; ``search`` runs until it is empty or the budget is over."""

    def __init__(
        self, root: Narrowed, priced: AssignmentPrices, asks: TreeAsks, *, budget: SearchBudget, dearest: int = 0
    ) -> None:
        self.dearest = dearest
        self.root, self.asks, self.budget = root, asks, budget
        self.nodes, self.made = 0, 0
        self.heap: list[Node] = []
        self.unsolved: list[Node] = []
        """Leaves whose program was not solved in its time."""
        self.groups = site_groups(root.whole)
        self.tried = _TRIED if len(root.whole.load) <= _TRIED[0] else _TRIES
        self._push(priced.bound, root, priced)

    def search(self) -> None:
        """Branch until nothing is left that may be better."""
        while self.heap and not self.budget.over():
            node = heapq.heappop(self.heap)
            if node.bound > self.asks.limit():
                continue
            self.nodes += 1
            self.budget.spend(nodes=1)
            if not self._visit(node):
                heapq.heappush(self.heap, node)
            self._tell(PRICES)
        self._tell(PRICES)
        for node in sorted(self.unsolved):
            if self.budget.over() or self.heap:
                break
            if node.bound <= self.asks.limit():
                self._solve_again(node)

    def _solve_again(self, node: Node) -> None:
        done = self.asks.leaf(node.left(self.root), True)
        self.unsolved.remove(node)
        if not done.closed:
            self.unsolved.append(replace(node, bound=int(max(node.bound, min(done.bound, self.asks.limit() + 1)))))
        self._tell(done.by)

    def _tell(self, by: str) -> None:
        least = min([self.asks.limit() + 1, *(node.bound for node in (*self.heap[:1], *self.unsolved))])
        self.asks.proven(least, by)

    def _push(self, bound: int, left: Narrowed, priced: AssignmentPrices) -> None:
        heapq.heappush(self.heap, self._node(bound, left, priced))

    def _node(self, bound: int, left: Narrowed, priced: AssignmentPrices) -> Node:
        self.made += 1
        sites = np.array([left.opened, left.closed])
        return Node(bound, self.made, np.packbits(left.kept), left.away, sites, left.price, left.groups, priced)

    def _over(self, rounds: int) -> bool:
        self.budget.spend(rounds=rounds)
        return self.budget.over()

    def _visit(self, node: Node) -> bool:
        """Bound, fix, solve or branch; False where time ran out before it was done."""
        got = self._tightened(node)
        if got is None or got[0] > self.asks.limit():
            return True
        bound, left, priced = got
        self.asks.visited(left, priced)
        if bound > self.asks.limit():
            return True
        if not len(left.free) or left.pairs <= len(left.ways) + _FEW_PAIRS:
            return self._solved(left, priced, bound)
        if self.budget.over():
            return False
        self._branch(left, priced, bound)
        return True

    def _tightened(self, node: Node) -> tuple[int, Narrowed, AssignmentPrices] | None:
        """Prices and fixing in turn; None where nothing better is left."""
        left, bound, begin, priced = node.left(self.root), node.bound, node.prices.prices, node.prices
        for _ in range(_AGAIN):
            priced = self._priced(left, begin, priced, rounds=ROUNDS, theta=0.5)
            if left.price:
                left, priced = self._repriced(left, priced)
            bound, begin = max(bound, priced.bound), priced.prices
            before = left.pairs + 2 * len(left.free)
            narrowed = None if bound > self.asks.limit() else fixed_by_prices(left, priced, self.asks.limit())
            if narrowed is None:
                return None
            left = narrowed
            if before - left.pairs - 2 * len(left.free) < _WORTH_IT or self.budget.over():
                break
        return bound, left, priced

    def _repriced(self, left: Narrowed, priced: AssignmentPrices) -> tuple[Narrowed, AssignmentPrices]:
        """The price of who is left out doubled or halved as long as that proves more."""
        for up in (True, False):
            moved = False
            while priced.bound <= self.asks.limit() and not self.budget.over():
                price = min(2 * left.price, self.dearest) if up else left.price // 2
                if price in (0, left.price):
                    break
                other = replace(left, price=price)
                now, then = AssignmentBound(left, priced.parts), AssignmentBound(other, priced.parts)
                begin = then.carried(priced.prices, now)
                found = self._priced(other, begin, priced, rounds=_REPRICED, theta=0.3)
                if found.total <= priced.total:
                    break
                moved, left, priced = True, other, found
            if moved:
                break
        return left, priced

    def _priced(
        self, left: Narrowed, begin: IntArray, known: AssignmentPrices, *, rounds: int, theta: float
    ) -> AssignmentPrices:
        limit = self.asks.limit()
        return AssignmentBound(left, known.parts).rounds(
            begin, target=limit + 1, enough=limit, most=rounds, theta=theta, patience=12, over=self._over
        )

    def _solved(self, left: Narrowed, priced: AssignmentPrices, bound: int) -> bool:
        done = self.asks.leaf(left, False)
        if not done.closed:
            self.unsolved.append(self._node(int(max(bound, min(done.bound, self.asks.limit() + 1))), left, priced))
        return True

    def _branch(self, left: Narrowed, priced: AssignmentPrices, bound: int) -> None:
        _, many, rounds = self.tried
        free, best = left.free, None
        unsure = free[np.argsort(np.abs(priced.open[free] - 0.5), kind="stable")][:many]
        ways = [*self._by_count(left, priced, max(1, many // 2)), *(_by_site(left, site) for site in unsure.tolist())]
        for way in ways:
            kids = [self._kid(kid, priced, bound, rounds) for kid in way]
            limit = self.asks.limit()
            rise = sorted((limit + 1 if kid is None else min(kid[0], limit + 1)) - bound for kid in kids)
            score = max(rise[0], 1e-3) * max(rise[1], 1e-3)
            if best is None or score > best[0]:
                best = score, kids
            if rise[0] > limit - bound or self.budget.over():
                break
        assert best is not None
        for kid in best[1]:
            if kid is not None and kid[0] <= self.asks.limit():
                self._push(*kid)

    def _by_count(self, left: Narrowed, priced: AssignmentPrices, most: int) -> list[tuple[Narrowed, Narrowed]]:
        """Those groups of sites of which about half a site is open too much or too little: at most so many, or more."""
        count = np.array([priced.open[group].sum() for group in self.groups])
        unsure = np.abs(count - np.floor(count) - 0.5)
        ways = []
        for g in np.argsort(unsure, kind="stable")[:most].tolist():
            if unsure[g] < _UNSURE:
                group, few = self.groups[g], int(count[g])
                ways.append((left.counted(group, few + 1, len(group)), left.counted(group, 0, few)))
        return ways

    def _kid(
        self, left: Narrowed, priced: AssignmentPrices, bound: int, rounds: int
    ) -> tuple[int, Narrowed, AssignmentPrices] | None:
        narrowed = settled_by_counting(left)
        if narrowed is None:
            return None
        found = self._priced(narrowed, priced.prices, priced, rounds=rounds, theta=0.3)
        return max(bound, found.bound), narrowed, found


def _by_site(left: Narrowed, site: int) -> tuple[Narrowed, Narrowed]:
    return left.branched(site, opens=True), left.branched(site, opens=False)


def likely(left: Narrowed, open_share: FloatArray) -> FloatArray:
    """How sure each site is to be open: what is settled, else how often prices take it."""
    return np.where(left.opened, 2.0, np.where(left.closed, -1.0, open_share))
