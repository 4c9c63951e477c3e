"""What each number of sites covers in a region, and what no choice of so many beats there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from quarterhour.base.arrays import IntArray
from quarterhour.siting.methods.covering.cover_instance import CoverIncumbent, CoverInstance
from quarterhour.siting.methods.covering.primal_dual import bounds_by_number, primal_dual_bound
from quarterhour.siting.outlook.frontier import solve_frontier
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.regions.split import RegionQuestion

NONE = -1
"""The value of a number of sites that no choice is known of, and the bound of one that has none."""
_CLOSE, _LOOKS = 1e-5, 200
"""How near prices come to the linear program, and rounds of them at most."""


@dataclass(frozen=True, eq=False)
class RegionFrontier:
    """By number of candidates, 0 to the most that the region may build: ``values`` of what was found, ``bounds``.

    ``choices``: by number that was searched, what was found and the people that it counts, as positions among the
    candidates of the whole. ``nodes``: of search trees.
    """

    values: IntArray
    bounds: IntArray
    choices: Mapping[int, tuple[int, IntArray]]
    nodes: int = 0

    def choice(self, number: int) -> IntArray:
        """The best choice known of so many at the most, the smallest of equal ones."""
        return self.choices[int(np.searchsorted(self.values[: number + 1], self.values[number]))][1]

    def joined(self, other: RegionFrontier) -> RegionFrontier:
        """What is known of the same region by two searches."""
        better = {
            n: found for n, found in other.choices.items() if n not in self.choices or found[0] > self.choices[n][0]
        }
        bounds = _falling(np.minimum(self.bounds, other.bounds))
        values = np.maximum.accumulate(np.maximum(self.values, other.values))
        return RegionFrontier(values, bounds, {**self.choices, **better}, self.nodes + other.nodes)


def region_frontier(question: RegionQuestion, first: int, last: int, nodes: int) -> RegionFrontier:
    """The frontier of a region, searched from ``first`` to ``last`` candidates; its work is counted, not timed.

    ``nodes``: of the search tree at most, at each number. Numbers that are not searched have the bound of prices.
    """
    core, most = question.core, min(question.most, len(question.core.sites))
    first, last = min(max(first, 0), most), min(max(last, 0), most)
    bounds = np.full(most + 1, int(core.people.sum()), dtype=np.int64)
    values = np.full(most + 1, NONE, dtype=np.int64)
    choices: dict[int, tuple[int, IntArray]] = {}
    bounds[0] = values[0] = NONE if core.low.max(initial=0) > 0 else 0
    if values[0] == 0:
        choices[0] = 0, np.empty(0, dtype=np.int64)
    budget, spent = SearchBudget(seed=question.seed), 0
    for number in {max(first, 1), last} if last else ():
        bounds = np.minimum(bounds, _priced(replace(core, limit=number), budget, most))
    begin = max(first, 1)
    found = solve_frontier(replace(core, limit=last), budget, nodes=nodes, first=begin) if last else []
    for number, point in enumerate(found, start=begin):
        spent += point.nodes
        bounds[number] = NONE if point.infeasible else min(bounds[number], point.bound)
        if point.choice is not None:
            values[number] = core.covered(point.choice)
            choices[number] = int(values[number]), core.sites.to_numpy(dtype=np.int64)[point.choice]
    return RegionFrontier(np.maximum.accumulate(values), _falling(bounds), choices, spent)


def _priced(core: CoverInstance, budget: SearchBudget, most: int) -> IntArray:
    """A bound of every number of sites, by prices that suit the number of the instance."""
    search, part = primal_dual_bound(core), replace(budget, rounds=budget.work.rounds + _LOOKS)
    if search is None:
        return bounds_by_number(core, np.ones(len(core.people)), most)
    search.run(part, CoverIncumbent(core, part, bound=int(core.people.sum())), close=_CLOSE)
    return bounds_by_number(core, search.prices, most)


def _falling(bounds: IntArray) -> IntArray:
    """Bounds of which none is above that of more sites."""
    return np.minimum.accumulate(bounds[::-1])[::-1]
