"""Min-sites by region: each region covers the rows that it alone reaches, and its share of those of the border.

The bound. Whoever covers everybody covers, with the candidates of each region, the rows that no other region reaches:
what each region needs for these adds up. Where no row is shared that is the answer; else it is a bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.siting.methods.covering.greedy import without_redundant
from quarterhour.siting.methods.covering.min_sites import solve_min_sites
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.regions.each import Each
from quarterhour.siting.regions.split import BY_REGION, DividedCover, RegionQuestion, Split

_TURNS = 4
"""How often border rows that are left out are given to regions; the last time all of them are."""


@dataclass(frozen=True, eq=False)
class RegionFewest:
    """The fewest candidates that cover a region's rows, as positions among those of the whole, and the bound."""

    choice: IntArray | None
    bound: int
    nodes: int


def region_fewest(question: RegionQuestion, nodes: int) -> RegionFewest:
    """The fewest candidates of a region for all its rows; its work is counted, not timed. ``nodes``: at most."""
    core = question.core
    if not len(core.people) and not core.low.max(initial=0):
        return RegionFewest(np.empty(0, dtype=np.int64), 0, 0)
    found = solve_min_sites(core, SearchBudget(seed=question.seed, nodes=nodes))
    sites = core.sites.to_numpy(dtype=np.int64)
    return RegionFewest(None if found.choice is None else sites[found.choice], found.bound, found.nodes)


def divide_fewest(
    split: Split, *, nodes: int, seed: int, each: Each, progress: Callable[[float], None] = lambda _: None
) -> DividedCover:
    """Fewest sites that cover every row, region by region."""
    whole, regions = split.whole, range(len(split.names))
    if whole.is_infeasible:
        return DividedCover(None, 0, BY_REGION)

    def ask(rows: BoolArray) -> list[RegionFewest]:
        parts = [split.part(r, whole.people, rows=rows & (owner == r)) for r in regions]
        return list(each(region_fewest, [(RegionQuestion(part, whole.limit, seed), nodes) for part in parts]))

    owner = np.asarray(split.reached.argmax(axis=1)).ravel().astype(np.int64)
    own = found = ask(~split.shared)
    bounds, spent = np.array([part.bound for part in own], dtype=np.int64), sum(part.nodes for part in own)
    rows, uncovered = ~split.shared, ~_covered(whole.cover, found)
    for turn in range(_TURNS):
        progress((turn + 1) / (1 + _TURNS))
        if not uncovered.any():
            break
        rows = rows | uncovered if turn < _TURNS - 1 else np.ones_like(rows)
        found = ask(rows)
        spent += sum(part.nodes for part in found)
        uncovered = ~_covered(whole.cover, found)
    if any(part.choice is None for part in found):
        return DividedCover(None, int(bounds.sum()), BY_REGION, spent)
    choice = np.concatenate([part.choice for part in found if part.choice is not None])
    choice = without_redundant(whole, choice)
    if not whole.holds(choice):
        return DividedCover(None, int(bounds.sum()), BY_REGION, spent)
    more = np.bincount(split.region[choice], minlength=len(bounds)) - bounds
    return DividedCover(choice, int(bounds.sum()), BY_REGION, spent, more)


def _covered(cover: sp.csr_array, found: list[RegionFewest]) -> BoolArray:
    """The rows that some region's choice covers."""
    opened = np.zeros(cover.shape[1], dtype=np.int64)
    for part in found:
        if part.choice is not None:
            opened[part.choice] = 1
    return np.asarray(cover @ opened > 0, dtype=np.bool_)
