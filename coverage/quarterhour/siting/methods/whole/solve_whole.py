"""Communities served whole within room, solved: local search, prices, fixing, integer programs and a tree on sites."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from quarterhour.base.arrays import IntArray
from quarterhour.siting.methods.solver.incumbent import Incumbent, SitesIncumbent, SitesResult
from quarterhour.siting.methods.solver.nest import Nest, cheapest, random_choices
from quarterhour.siting.methods.whole.whole_fixing import fixed_by_prices, settled_by_counting
from quarterhour.siting.methods.whole.whole_groups import site_groups
from quarterhour.siting.methods.whole.whole_instance import MUST, Narrowed, WholeInstance, all_of
from quarterhour.siting.methods.whole.whole_prices import AssignmentBound, AssignmentPrices, parts_of
from quarterhour.siting.methods.whole.whole_program import LeafResult, solve_leaf
from quarterhour.siting.methods.whole.whole_search import WholeSearch
from quarterhour.siting.methods.whole.whole_tree import PRICES, TreeAsks, WholeTree, likely
from quarterhour.siting.question.search import COUNTING, SearchBudget, SearchResult

_STARTS, _MOST_STARTS = 3, 12
_TURNS = (1000, 40), (math.inf, 10)
"""Turns of a local search at once, by how many rows there are."""
_SEARCH = 0.15
"""Of the time left that the search between prices and tree may take; it ends after so many runs in vain."""
_IN_VAIN = 16
_PRICED, _SETTLED_ROUNDS = 1500, 600
_LOOSE, _PROGRAM, _ALONE = 0.6, 12_000, (0.75, 0.3)
"""Where fixing leaves more than such a share of the pairs, and so many at most, an integer program of them all takes
such a share of what is left before the tree, the less where people of a goal before are kept."""
_REGROUPED, _GROUP, _LARGEST_GROUP = 0.3, 0.15, 14
"""Of what is left, for the sites of one group after another, and for one of them; how many sites it may have."""
_PRICED_OUT, _HALVED = 300, 2
"""Rounds at each price of who is left out; how often the gaps beside the best one are halved."""
_LEAST_OUT, _MOST_OUT = -3, 9
"""The prices tried: powers of two times what going nowhere costs somebody."""
_FIRST, _PRICES, _POLISH, _LEAF = 0.1, 0.3, 0.08, 0.25
"""Of the time or work left: first choices, prices, who goes where at given sites, a leaf of the tree."""
_SMALL = 150
"""Rows up to which the sites of the best choice are not looked at on their own."""
_POLISHED, _SEARCHED = 3, 9
"""Nodes between two looks at who goes where at the sites a node likes, and between two local searches."""
_POLISHED_PAIRS = 2500


def solve_whole(
    whole: WholeInstance,
    *,
    budget: SearchBudget | None = None,
    start: IntArray | None = None,
    went: IntArray | None = None,
    known: tuple[int, str] | None = None,
    tried: Sequence[IntArray] = (),
) -> SitesResult:
    """The choice of sites, and of one site within its room for each row, that costs least, and its proof.

    ``start``: open sites of a known choice; ``went``: the site of each row of the table in it, -1 for none. ``known``:
    what no choice costs less than, and who says so. ``tried``: open sites at which it is asked first who goes where.
    ``served`` of the answer: row, site and what the row asks for of those that are served. The value is in the unit of
    the costs that came. What is left when the budget is over is in the bound.

    ArithmeticError : a bound beyond the value of a known choice: one of them is wrong.
    """
    budget = budget or SearchBudget()
    root = settled_by_counting(all_of(whole))
    best: SitesIncumbent = Incumbent(budget, bound=whole.settled, steps=(whole.unit, whole.settled))
    if root is None or whole.hopeless:
        return SearchResult(None, None, whole.settled, COUNTING, infeasible=True)
    if known is not None:
        best.tighten(known[0], by=known[1])
    solve = _WholeSolve(whole, root, best)
    if start is not None and went is not None:
        solve.take(whole.went(went), start)
    return solve.run(start, tried)


class _WholeSolve:
    """The stages one after another; each ends where value and bound meet, or the budget is over."""

    def __init__(self, whole: WholeInstance, root: Narrowed, best: SitesIncumbent) -> None:
        self.whole, self.root, self.best, self.budget = whole, root, best, best.budget
        self.search = WholeSearch(whole, seed=self.budget.seed)
        self.turns = next(t for most, t in _TURNS if len(whole.load) <= most)
        self.went: tuple[IntArray, IntArray] | None = None
        self.polished: set[bytes] = set()
        self.nodes = self.visits = 0
        self.begin: IntArray | None = None
        assert root.nest is not None
        self.nest: Nest = root.nest

    def run(self, start: IntArray | None, tried: Sequence[IntArray] = ()) -> SitesResult:
        """The answer."""
        for sites in tried:
            self._assign(sites)
        if self.whole.lost.binds and self.went is not None:
            self._run(None, self.turns)
        self._first(start)
        self.budget.progress(0.1)
        if self.whole.lost.binds and not self.best.is_finished:
            self._regroup(self.budget.share(_REGROUPED))
        if self.best.is_finished:
            return self._result()
        priced = self.price(self.budget.share(_PRICES))
        self.budget.progress(0.4)
        if not self.best.is_finished:
            self._search_on(priced)
        if not self.best.is_finished and self.went is not None and len(self.whole.load) > _SMALL:
            for sites in (self.went[1], self._liked(self.root, priced)):
                self._polish(sites, priced.parts)
        infeasible = not self.best.is_finished and self._closed(priced)
        return self._result(infeasible=infeasible)

    def _result(self, *, infeasible: bool = False) -> SitesResult:
        return self.best.result(nodes=self.nodes, infeasible=infeasible and self.best.value is None)

    # --- choices ----------------------------------------------------------------------------------

    @property
    def limit(self) -> int:
        """The steps that a better choice comes to at most."""
        if self.best.value is None:
            return self._most()
        return (self.best.value - self.whole.settled) // self.whole.unit - 1

    def _most(self) -> int:
        """No choice comes to more."""
        whole = self.whole
        dear = whole.otherwise.copy()
        np.maximum.at(dear, whole.row, whole.cost)
        return int(np.maximum(dear, 0).sum())

    def take(self, went: IntArray, opened: IntArray) -> None:
        """A choice, recounted and offered if it holds."""
        value = self.whole.value(went, opened)
        if value is not None and self.best.offer(opened, self.whole.worth(value), self.whole.served(went)):
            self.went = went, opened
            self.search.best, self.search.best_went, self.search.best_open = float(value), went, opened

    def _run(self, begin: IntArray | None, turns: int) -> bool:
        better = self.search.run_on(turns) if begin is None else self.search.run(begin, turns)
        self.budget.spend(rounds=turns)
        if better:
            self.take(self.search.best_went, self.search.best_open)
        return better

    def _with_fixed(self, chosen: IntArray) -> IntArray:
        return np.union1d(np.flatnonzero(self.root.opened), self.root.free[chosen]).astype(np.int64)

    def _first(self, start: IntArray | None) -> None:
        begins = [self._with_fixed(c) for c in random_choices(self.nest, _MOST_STARTS, seed=self.budget.seed)]
        if start is not None:
            begins.insert(0, np.union1d(start, np.flatnonzero(self.root.opened)).astype(np.int64))
        sites = len(self.whole.room)
        self.take(np.full(len(self.whole.load), sites, dtype=np.int64), self._with_fixed(np.empty(0, dtype=np.int64)))
        part = self.budget.share(_FIRST)
        for n, begin in enumerate(begins):
            if (n >= _STARTS and self.best.value is not None) or (n and part.over()) or self.best.is_optimal:
                break
            if len(begin) and self.whole.limits.holds(begin):
                self._run(begin, self.turns)

    def _search_on(self, priced: AssignmentPrices) -> None:
        """From the sites that prices like, then from the best choice, until little is to be hoped for."""
        part = self.budget.share(_SEARCH)
        liked, vain, turn = self._liked(self.root, priced), 0, 0
        while vain < _IN_VAIN and not part.over() and not self.best.is_optimal:
            begin = liked if turn % 4 == 0 and self.whole.limits.holds(liked) else None
            if begin is None and turn % 2 and self.went is not None:
                begin = self.went[1]
            if begin is None and self.went is None:
                begin = self._with_fixed(random_choices(self.nest, 1, seed=self.budget.seed + turn + 1)[0])
            held = begin is None or (len(begin) > 0 and self.whole.limits.holds(begin))
            vain = 0 if held and self._run(begin, self.turns) else vain + 1
            turn += 1

    def _liked(self, left: Narrowed, priced: AssignmentPrices) -> IntArray:
        """The sites that prices take most often, within the nest."""
        assert left.nest is not None
        free = left.free
        chosen = free[cheapest(left.nest, -likely(left, priced.open)[free])]
        return np.union1d(np.flatnonzero(left.opened), chosen).astype(np.int64)

    def _assign(self, sites: IntArray) -> None:
        """Who goes where at given sites, by an integer program on all their pairs."""
        at = None if self.best.is_finished else settled_by_counting(all_of(self.whole).at(sites))
        if at is not None:
            self._at_leaf(at, self.budget.share(_POLISH))

    def _at_leaf(self, left: Narrowed, part: SearchBudget) -> LeafResult:
        found = solve_leaf(left, self.went, budget=part, seed=self.budget.seed)
        if found.went is not None and found.opened is not None:
            self.take(found.went, found.opened)
        return found

    def _regroup(self, part: SearchBudget) -> None:
        """Which sites of a group open, and who goes there, the others as they are, group by group while that betters.

        Where nearly nobody may be left out rooms are full, and no move of a few rows leads to other sites.
        """
        groups = [g for g in site_groups(self.whole)[::-1] if len(g) <= _LARGEST_GROUP]
        vain, turn = 0, 0
        while groups and vain < len(groups) and not part.over() and not self.best.is_optimal:
            near = self._near_known(groups[turn % len(groups)])
            before, turn = self.best.value, turn + 1
            if near is not None and near.pairs <= _PROGRAM:
                self._at_leaf(near, part.share(_GROUP))
            vain = 0 if self.best.value != before else vain + 1

    def _near_known(self, group: IntArray) -> Narrowed | None:
        """The choices like the known one but for the sites of a group and who goes there; None where there is none."""
        if self.went is None:
            return None
        went, opened = self.went
        inside, known = np.zeros(len(self.whole.room) + 1, dtype=np.bool_), np.zeros_like(self.root.opened)
        inside[group], known[opened] = True, True
        pair, stays = inside[:-1][self.whole.site], went[self.whole.row] == self.whole.site
        loose = (inside[went] | (went == len(known)))[self.whole.row] & known[self.whole.site]
        kept = self.root.kept & (pair | stays | loose)
        others = ~inside[:-1]
        closed = self.root.closed | (others & ~known)
        return settled_by_counting(
            replace(
                self.root,
                kept=kept & ~closed[self.whole.site],
                opened=self.root.opened | (others & known),
                closed=closed,
            )
        )

    # --- bounds -----------------------------------------------------------------------------------

    def price(self, part: SearchBudget) -> AssignmentPrices:
        """The best prices of the whole question; their bound is kept."""

        def over(rounds: int) -> bool:
            part.spend(rounds=rounds)
            return part.over()

        parts = parts_of(replace(self.root, price=self._prices_out()[-1]))
        if self.whole.lost.binds:
            self._price_lost(parts, over)
        bound = AssignmentBound(self.root, parts)
        priced = self._rounds(bound, bound.first() if self.begin is None else self.begin, _PRICED, over)
        self._proven(priced.bound, PRICES)
        self.search.like(priced.open)
        return priced

    def _rounds(
        self, bound: AssignmentBound, first: IntArray, most: int, over: Callable[[int], bool]
    ) -> AssignmentPrices:
        known = self.best.value is not None
        target = self.limit + 1 if known else int(1.2 * float(first.sum()) / 2.0**bound.parts) + 1
        return bound.rounds(first, target=target, enough=self.limit, most=most, theta=1.0, patience=20, over=over)

    def _prices_out(self) -> list[int]:
        """Prices of who is left out to be tried, in steps, each twice the last."""
        lost = self.whole.lost
        if not lost.binds:
            return [0]
        free = (self.whole.otherwise != MUST) & (lost.away > 0)
        each = float(np.median(self.whole.otherwise[free] / lost.away[free])) if free.any() else 1.0
        return [0, *(max(1, round(each * 2.0**k)) for k in range(_LEAST_OUT, _MOST_OUT))]

    def _price_lost(self, parts: int, over: Callable[[int], bool]) -> None:
        """The price of who is left out at which most is proven: the bound is concave in it."""
        prices, at, found = self._prices_out(), 0, dict[int, AssignmentPrices]()

        def tell(price: int) -> int:
            if price not in found:
                bound = AssignmentBound(replace(self.root, price=price), parts)
                near = min(found, key=lambda p: abs(p - price), default=None)
                first = bound.first()
                if near is not None:
                    first = bound.carried(found[near].prices, AssignmentBound(replace(self.root, price=near), parts))
                found[price] = self._rounds(bound, first, _PRICED_OUT, over)
                self._proven(found[price].bound, PRICES)
            return found[price].total

        while at + 1 < len(prices) and tell(prices[at + 1]) > tell(prices[at]) and not over(0):
            at += 1
        low, high = prices[max(0, at - 1)], prices[min(at + 1, len(prices) - 1)]
        for _ in range(_HALVED):
            best = max(found, key=lambda p: found[p].total)
            for price in ((low + best) // 2, (best + high) // 2):
                if not over(0):
                    tell(price)
            best = max(found, key=lambda p: found[p].total)
            low = max((p for p in found if p < best), default=low)
            high = min((p for p in found if p > best), default=high)
        best = max(found, key=lambda p: found[p].total)
        self.root, self.begin = replace(self.root, price=best), found[best].prices

    def _proven(self, bound: int, by: str) -> None:
        """No choice comes to less than so many steps; ArithmeticError where one is known that does."""
        worth = self.whole.worth(bound)
        if self.best.value is not None and worth > self.best.value:
            raise ArithmeticError(f"{by}: bound {worth} beyond the known value {self.best.value}")
        self.best.tighten(worth, by=by)

    def _closed(self, priced: AssignmentPrices) -> bool:
        """The tree on what prices leave; whether no choice keeps the rules."""
        root = self.root if self.best.value is None else fixed_by_prices(self.root, priced, self.limit)
        if root is None:
            self._proven(self.limit + 1, PRICES)
            return False
        if _LOOSE * self.root.pairs < root.pairs <= _PROGRAM:
            found = self._at_leaf(root, self.budget.share(_ALONE[self.whole.lost.binds]))
            if self.best.value is not None:
                self._proven(int(min(found.bound, self.limit + 1)) if found.bound > -math.inf else 0, found.by)
            if found.closed:
                return self.best.value is None
        asks = TreeAsks(lambda: self.limit, self._leaf, self._tree_proven, self._visited)
        tree = WholeTree(root, priced, asks, budget=self.budget, dearest=self._prices_out()[-1])
        tree.search()
        self.nodes += tree.nodes
        return self.best.value is None and not tree.heap and not tree.unsolved

    def _tree_proven(self, bound: int, by: str) -> None:
        if self.best.value is not None:
            self._proven(min(bound, self.limit + 1), by)

    def _leaf(self, left: Narrowed, again: bool) -> LeafResult:
        """What is left by an integer program, within a part of what is left, ``again`` all of it; finds are taken."""
        return self._at_leaf(left, self.budget if again else self.budget.share(_LEAF))

    def _polish(self, sites: IntArray, parts: int) -> None:
        """Who goes where at given sites: prices, the pairs that choices up to a hope can have, an integer program."""
        key = np.sort(sites).tobytes()
        at = None if key in self.polished or self.best.is_finished else settled_by_counting(self._all().at(sites))
        self.polished.add(key)
        if at is None:
            return
        part = self.budget.share(_POLISH)

        def over(rounds: int) -> bool:
            part.spend(rounds=rounds)
            return part.over()

        bound = AssignmentBound(at, parts)
        priced = bound.rounds(
            bound.first(), target=self.limit + 1, enough=self.limit, most=_SETTLED_ROUNDS, theta=1.0, patience=20,
            over=over,
        )  # fmt: skip
        few = self._hoped(at, priced) if priced.bound <= self.limit else None
        if few is not None:
            self._at_leaf(few, part)

    def _all(self) -> Narrowed:
        return replace(all_of(self.whole), price=self.root.price)

    def _hoped(self, at: Narrowed, priced: AssignmentPrices) -> Narrowed | None:
        """The pairs of choices up to a hope between bound and value: as many as a program settles in a moment."""
        low, high, kept, share = 0.0, 1.0, None, 1.0
        for _ in range(12):
            hope = priced.bound + int(share * (self.limit - priced.bound))
            few = fixed_by_prices(at, priced, hope)
            if few is not None and few.pairs - len(few.ways) > _POLISHED_PAIRS:
                high = share
            else:
                low, kept = share, few if few is not None else kept
                if share == 1.0 or (few is not None and few.pairs - len(few.ways) > _POLISHED_PAIRS // 2):
                    break
            share = 0.5 * (low + high)
        return kept

    def _visited(self, left: Narrowed, priced: AssignmentPrices) -> None:
        """Now and then a local search from what a node's prices like, or who goes where there."""
        self.visits += 1
        sites = self._liked(left, priced)
        if not self.whole.limits.holds(sites) or self.best.is_finished:
            return
        if self.visits % _SEARCHED == 0:
            self._run(sites, max(1, self.turns // 2))
            if self.went is not None:
                self._run(None, max(1, self.turns // 2))
        if self.visits % _POLISHED == 0 and self.went is not None and len(self.whole.load) > _SMALL:
            self._polish(sites, priced.parts)
