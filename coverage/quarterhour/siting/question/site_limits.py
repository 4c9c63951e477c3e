"""Rules on the choice of sites as sparse rows of whole numbers: how many in all and in each area, money, conflicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.base.jit import kernel

LimitRow = tuple[IntArray, IntArray, int, int]
"""Some sites, what each weighs, and how much they may weigh at least and at most."""


@dataclass(frozen=True, eq=False)
class SiteLimits:
    """``low <= rows @ opened <= high``, all in whole numbers.

    ``rows``: rows x sites. ``fixed``: sites that are open whatever is chosen; they count in the rows
    wherever the rows name them.
    """

    rows: sp.csr_array
    low: IntArray
    high: IntArray
    fixed: BoolArray

    def used(self, opened: IntArray) -> IntArray:
        """What open sites (positions, fixed ones included) come to in each row."""
        mark = np.zeros(self.rows.shape[1], dtype=np.int64)
        mark[opened] = 1
        return np.asarray(self.rows @ mark, dtype=np.int64)

    def holds(self, opened: IntArray) -> bool:
        """Whether open sites, fixed ones included, keep every row."""
        used = self.used(opened)
        return bool((used >= self.low).all() and (used <= self.high).all() and np.isin(self.fixed_sites, opened).all())

    @property
    def fixed_sites(self) -> IntArray:
        """Positions of the fixed sites."""
        return np.flatnonzero(self.fixed).astype(np.int64)

    def without(self, opened: BoolArray, closed: BoolArray) -> SiteLimits:
        """The rules for the sites left over when some are open for good (fixed ones too) and some closed."""
        opened = opened | self.fixed
        used = np.asarray(self.rows @ opened.astype(np.int64), dtype=np.int64)
        left = np.flatnonzero(~(opened | closed))
        rows = sp.csr_array(sp.csc_array(self.rows)[:, left])
        return SiteLimits(rows, self.low - used, self.high - used, np.zeros(len(left), dtype=bool))

    def of_free_sites(self) -> SiteLimits:
        """The rules for the sites that are not fixed."""
        return self.without(self.fixed, np.zeros_like(self.fixed))

    def by_site(self) -> tuple[IntArray, IntArray, IntArray]:
        """The rows of each site: ``start``, ``row``, ``weight``."""
        columns = sp.csc_array(self.rows)
        columns.sort_indices()
        return columns.indptr.astype(np.int64), columns.indices.astype(np.int64), columns.data.astype(np.int64)


def as_limits(rows: Iterable[LimitRow], fixed: BoolArray) -> SiteLimits:
    """Rows one by one as sparse rows; their order stays."""
    every, nothing = list(rows), np.empty(0, dtype=np.int64)
    start = np.r_[0, np.cumsum([len(sites) for sites, *_ in every])].astype(np.int64)
    site = np.concatenate([nothing, *(sites for sites, *_ in every)])
    weight = np.concatenate([nothing, *(weight for _, weight, *_ in every)])
    low, high = np.array([sides for _, _, *sides in every], dtype=np.int64).reshape(len(every), 2).T
    return SiteLimits(sp.csr_array((weight, site, start), shape=(len(every), len(fixed))), low, high, fixed)


def count_limits(
    sites: int,
    *,
    most: int | None = None,
    areas: Sequence[tuple[Sequence[int] | IntArray, int, int | None]] = (),
    fixed: Sequence[int] | IntArray = (),
) -> SiteLimits:
    """At most so many sites beside the fixed ones, and a minimum and maximum in each area.

    ``areas``: ``(positions, minimum, maximum)``; fixed sites count in them. A maximum of None is none.
    """
    open_anyway, one = np.zeros(sites, dtype=bool), np.ones(sites, dtype=np.int64)
    open_anyway[np.asarray(fixed, dtype=np.int64)] = True
    free = np.flatnonzero(~open_anyway)
    rows: list[LimitRow] = [(free, one[free], 0, len(free) if most is None else int(most))]
    for positions, low, high in areas:
        inside = np.asarray(positions, dtype=np.int64)
        rows.append((inside, one[inside], int(low), len(inside) if high is None else int(high)))
    return as_limits(rows, open_anyway)


def groups_of(limits: SiteLimits) -> IntArray:
    """Rows that count sites, in layers of rows that share none: ``group[layer, site]`` is a row, -1 for none."""
    start, sites = limits.rows.indptr.tolist(), limits.rows.shape[1]
    layers: list[IntArray] = []
    for row, legs in enumerate(map(slice, start, start[1:])):
        inside = limits.rows.indices[legs]
        if not layers or (layers[-1][inside] >= 0).any():
            layers.append(np.full(sites, -1, dtype=np.int64))
        layers[-1][inside] = row
    return np.array(layers, dtype=np.int64).reshape(len(layers), sites)


@kernel
def may_change(start, row, weight, used, low, high, leaving, coming):  # type: ignore[no-untyped-def]
    """Whether the rows still hold when one site leaves and another comes (-1: none)."""
    if leaving >= 0:
        for a in range(start[leaving], start[leaving + 1]):
            after = used[row[a]] - weight[a]
            if coming >= 0:
                for b in range(start[coming], start[coming + 1]):
                    if row[b] == row[a]:
                        after += weight[b]
            if (after < low[row[a]] and after < used[row[a]]) or (after > high[row[a]] and after > used[row[a]]):
                return False
    if coming >= 0:
        for b in range(start[coming], start[coming + 1]):
            shared = False
            if leaving >= 0:
                for a in range(start[leaving], start[leaving + 1]):
                    shared = shared or row[a] == row[b]
            if not shared and used[row[b]] + weight[b] > high[row[b]]:
                return False
    return True


@kernel
def count_site(start, row, weight, used, site, step):  # type: ignore[no-untyped-def]
    """A site comes (step 1) or goes (-1)."""
    for a in range(start[site], start[site + 1]):
        used[row[a]] += step * weight[a]
