"""A max-cover or min-sites instance cut by region: each region's candidates, and the rows that these reach."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
import scipy.sparse as sp

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.siting.methods.covering.cover_instance import CoverInstance
from quarterhour.siting.methods.covering.greedy import without_dominated
from quarterhour.siting.methods.solver.presolve import merge_rows

BY_REGION = "regions"
"""Who proved a bound that the regions' own bounds add up to."""


@dataclass(frozen=True, eq=False)
class RegionQuestion:
    """What is to decide in one region, as arrays that go anywhere. ``core.sites``: positions among all candidates.

    ``most``: candidates that the whole may build. ``cost``: of each candidate, where money is divided; else nothing.
    """

    core: CoverInstance
    most: int
    seed: int
    cost: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class DividedCover:
    """A choice of candidates divided by region, and what no choice beats: people of the instance, or sites.

    ``choice``: without candidates that add nothing; None where none within the quotas was found. ``short``: by region
    by how much its part of the choice may fall short of the best of as many sites there, as the regions are counted,
    or how many sites more it has than are proven to be needed; None without a choice.
    """

    choice: IntArray | None
    bound: int
    proved_by: str
    nodes: int = 0
    short: IntArray | None = None


@dataclass(frozen=True, eq=False)
class Split:
    """An instance and the region of each of its candidates, by position among ``names``.

    ``cost``: of each candidate, where money is divided; then none is left out for another that may be dearer.
    """

    whole: CoverInstance
    names: tuple[str, ...]
    region: IntArray
    cost: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @cached_property
    def reached(self) -> sp.csr_array:
        """Rows x regions: how many candidates of a region reach a row."""
        sites = len(self.region)
        where = sp.csr_array(
            (np.ones(sites, dtype=np.int64), (np.arange(sites), self.region)), shape=(sites, len(self.names))
        )
        return sp.csr_array(self.whole.cover @ where)

    @cached_property
    def shared(self) -> BoolArray:
        """The rows that candidates of several regions reach."""
        return np.asarray(np.diff(self.reached.indptr) > 1, dtype=np.bool_)

    @cached_property
    def by_site(self) -> sp.csc_array:
        """The cover of the whole, candidate by candidate."""
        return sp.csc_array(self.whole.cover)

    def sites_of(self, region: int) -> IntArray:
        """The candidates of a region, by position in the whole."""
        return np.flatnonzero(self.region == region).astype(np.int64)

    def part(self, region: int, people: IntArray, *, rows: BoolArray | None = None) -> CoverInstance:
        """The instance of a region, each row with so many ``people``; some ``rows`` alone, if said."""
        whole, sites = self.whole, self.sites_of(region)
        columns = self.by_site[:, sites]
        mine = np.diff(sp.csr_array(columns).indptr) > 0
        mine = np.flatnonzero(mine if rows is None else mine & rows)
        cover, merged = merge_rows(sp.csr_array(sp.csr_array(columns)[mine]), people[mine])
        group, low, high = _own_areas(whole, sites)
        core = CoverInstance(merged, cover, pd.Index(sites), group, low, high, len(sites), whole.all_rows)
        return core if len(self.cost) else without_dominated(core)


def _own_areas(whole: CoverInstance, sites: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """The areas that some candidates lie in, numbered anew, with their quotas."""
    group = whole.group[:, sites]
    inside = np.unique(group[group >= 0])
    number = np.full(len(whole.low) + 1, -1, dtype=np.int64)  # the last stands for group -1
    number[inside] = np.arange(len(inside))
    return number[group], whole.low[inside], whole.high[inside]


def border_people(split: Split, prices: FloatArray | None) -> IntArray:
    """By row what each region may count for it, so that what all regions count bounds what all cover together.

    A row of one region counts in full. Of a shared row every region counts ``a`` people, from 0 to all ``w`` of them,
    and ``w - a`` count in any case: where nobody covers it that is not too little, and where regions do, ``w - a + a``
    times their number is not. ``prices``: by row, the share of its people that the linear program would pay for it;
    None: all.
    """
    people = split.whole.people
    if prices is None:
        return people
    paid = np.clip(np.rint(prices * people), 0, people).astype(np.int64)
    return np.where(split.shared, paid, people)
