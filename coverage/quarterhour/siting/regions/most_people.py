"""Max-cover by region: a number of sites divided by the frontiers of regions, the bound of any division, a repair.

The bound. Each row is counted as ``border_people`` says, so for any choice the people that all regions count for it,
and those that count in any case, are no fewer than it covers. A region's part of the choice counts no more than the
region's bound for its number, so the best division of the number by these bounds bounds every choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.siting.methods.covering.branch_and_cut import round_by_score
from quarterhour.siting.methods.covering.cover_instance import CoverIncumbent, CoverInstance
from quarterhour.siting.methods.covering.exchange import offer_improved
from quarterhour.siting.methods.covering.greedy import greedy_order, without_redundant
from quarterhour.siting.methods.covering.max_cover import offer_first_choice
from quarterhour.siting.methods.covering.primal_dual import BY, primal_dual_bound
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.regions.division import divide
from quarterhour.siting.regions.each import Each
from quarterhour.siting.regions.frontiers import RegionFrontier, region_frontier
from quarterhour.siting.regions.in_turn import choose_in_turn
from quarterhour.siting.regions.split import BY_REGION, DividedCover, RegionQuestion, Split, border_people

_CLOSE, _LOOKS = 2e-4, 400
"""How near the prices of the whole come to its linear program, and rounds of them at most."""
_AROUND, _FIRST = 1, 1
"""Numbers of sites searched first on either side of a region's likely one, and nodes of their trees."""
_TURNS = 8
"""How often the numbers are searched further that the bound of the whole rests on, with those beside them."""
_EFFORT = 3e9
"""Steps of local search on the whole choice, at the end."""


def divide_cover(
    split: Split, *, nodes: int, seed: int, each: Each, progress: Callable[[float], None] = lambda _: None
) -> DividedCover:
    """Most people by so many sites as the whole instance allows, divided among regions."""
    whole = split.whole
    total, by = int(whole.people.sum()), BY_REGION
    if whole.is_infeasible:
        return DividedCover(None, 0, by)
    prices, likely = _prices_and_numbers(split, seed)
    progress(0.1)
    search = _Regions(split, prices.by_row, seed, each)
    search.run(likely, nodes, progress)
    if search.bound is None:
        return DividedCover(None, 0, by, search.nodes)
    bound = min(total, search.bound)
    if prices.bound < bound:
        bound, by = prices.bound, BY
    best = CoverIncumbent(replace(whole, all_rows=False), SearchBudget(seed=seed), bound=bound)
    for choice in [*search.choices(), *prices.rounded]:
        offer_improved(best, choice, effort=_EFFORT)
    if best.choice is None:
        offer_first_choice(best, effort=_EFFORT)
    if best.choice is None:
        return DividedCover(None, bound, by, search.nodes)
    progress(0.95)
    if not best.is_optimal:
        offer_improved(best, choose_in_turn(split, best.choice, seed=seed, each=each), effort=_EFFORT)
    progress(1.0)
    choice = without_redundant(whole, best.choice)
    return DividedCover(choice, bound, by, search.nodes, search.short_of_bound(choice))


@dataclass(frozen=True, eq=False)
class _Prices:
    """What the linear program of the whole says: of each row the share of its people that it pays for, and a bound.

    ``rounded``: the choice that its sites in parts come near to, if it was solved.
    """

    by_row: FloatArray | None
    bound: int
    rounded: tuple[IntArray, ...] = ()


def _prices_and_numbers(split: Split, seed: int) -> tuple[_Prices, IntArray]:
    """The prices of rows, and how many sites each region is likely to get."""
    whole, budget = split.whole, SearchBudget(seed=seed, rounds=_LOOKS)
    total, regions = int(whole.people.sum()), len(split.names)
    search = primal_dual_bound(whole)
    if search is None:
        opened = split.region[greedy_order(whole)]
        return _Prices(None, total), np.bincount(opened, minlength=regions).astype(np.int64)
    search.run(budget, CoverIncumbent(replace(whole, all_rows=False), budget, bound=total), close=_CLOSE)
    likely = np.bincount(split.region, weights=search.inside, minlength=regions)
    rounded = round_by_score(whole, search.inside)
    return _Prices(search.prices, search.bound, (rounded,)), np.rint(likely).astype(np.int64)


class _Regions:
    """The frontiers of all regions as far as they are known, searched further where divisions need them."""

    def __init__(self, split: Split, prices: FloatArray | None, seed: int, each: Each) -> None:
        self.split, self.each, self.limit = split, each, split.whole.limit
        self.people = people = border_people(split, prices)
        self.anyway = int(split.whole.people.sum() - people.sum())
        self.questions = [RegionQuestion(split.part(r, people), self.limit, seed) for r in range(len(split.names))]
        self.known: list[RegionFrontier] = []
        self.bound: int | None = None

    @property
    def nodes(self) -> int:
        """Of all search trees."""
        return sum(known.nodes for known in self.known)

    def run(self, likely: IntArray, nodes: int, progress: Callable[[float], None]) -> None:
        """Ask around the likely numbers a little, then with all ``nodes`` for those that the bound rests on."""
        around = zip(self.questions, likely.tolist(), strict=True)
        self.known = self._ask([(question, n - _AROUND, n + _AROUND, min(_FIRST, nodes)) for question, n in around])
        searched = set[tuple[int, int]]()
        for turn in range(_TURNS):
            progress(0.1 + 0.8 * (1 + turn) / (1 + _TURNS))
            divided = [(r, n) for r, n in enumerate(self._divided()) if self._is_open(r, n)]
            open_ends = [end for end in divided if end not in searched]
            if not open_ends:
                return
            spans = [(r, n - ((r, n - 1) not in searched), n + ((r, n + 1) not in searched)) for r, n in open_ends]
            further = self._ask([(self.questions[r], first, last, nodes) for r, first, last in spans])
            for (r, first, last), more in zip(spans, further, strict=True):
                self.known[r] = self.known[r].joined(more)
                searched.update((r, n) for n in range(first, last + 1))
        self._divided()

    def _ask(self, tasks: Sequence[tuple[RegionQuestion, int, int, int]]) -> list[RegionFrontier]:
        return list(self.each(region_frontier, tasks))

    def _is_open(self, region: int, number: int) -> bool:
        known = self.known[region]
        return int(known.values[number]) != int(known.bounds[number])

    def _divided(self) -> list[int]:
        """The numbers of the best division by bounds, which gives the bound; none where no division can be had."""
        found = divide([known.bounds for known in self.known], self.limit)
        self.bound = None if found is None else self.anyway + found[0]
        return [] if found is None else found[1].tolist()

    def short_of_bound(self, choice: IntArray) -> IntArray:
        """By region how much more, at the most, another choice of as many of its candidates counts."""
        cover, short = self.split.by_site, np.zeros(len(self.known), dtype=np.int64)
        for r, known in enumerate(self.known):
            mine = choice[self.split.region[choice] == r]
            counted = int(self.people[np.unique(cover[:, mine].indices)].sum())
            short[r] = int(known.bounds[min(len(mine), len(known.bounds) - 1)]) - counted
        return short

    def choices(self) -> list[IntArray]:
        """The choice of the best division by values, filled up where regions together leave some of the number."""
        found = divide([known.values for known in self.known], self.limit)
        if found is None:
            return []
        parts = [known.choice(int(n)) for known, n in zip(self.known, found[1], strict=True)]
        return [_filled(self.split.whole, np.concatenate(parts).astype(np.int64))]


def _filled(whole: CoverInstance, chosen: IntArray) -> IntArray:
    """A choice with what greed adds to it, as far as the number goes."""
    return np.sort(greedy_order(whole, chosen)) if len(chosen) < whole.limit else np.sort(chosen)
