"""A cover instance: what is left to decide, in positions and whole numbers; and its incumbent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import scipy.sparse as sp

from quarterhour.base.arrays import AnyArray, IntArray
from quarterhour.base.jit import kernel
from quarterhour.siting.methods.solver.elite_pool import near_sites
from quarterhour.siting.methods.solver.incumbent import Incumbent
from quarterhour.siting.methods.solver.presolve import columns_of, rows_of
from quarterhour.siting.question.search import SearchBudget


@dataclass(frozen=True, eq=False)
class CoverInstance:
    """What is left to decide once existing and required sites stand, in positions.

    ``people``: by row; a row is all the people with the same candidates in reach. ``cover``: rows x
    candidates, 0 and 1. ``sites``: ids of the candidates. ``group[q, c]``: which area of quota q
    candidate c is in, -1 none; ``low``, ``high``: candidates to build in each area.
    ``limit``: candidates at most. ``all_rows``: every row must be covered (min-sites).
    """

    people: IntArray
    cover: sp.csr_array
    sites: pd.Index
    group: IntArray
    low: IntArray
    high: IntArray
    limit: int
    all_rows: bool

    def holds(self, chosen: IntArray) -> bool:
        """Whether a choice of candidates keeps every rule."""
        opened = self.opened(chosen)
        if len(chosen) > self.limit or (opened < self.low).any() or (opened > self.high).any():
            return False
        return not self.all_rows or self.covered(chosen) == int(self.people.sum())

    @property
    def is_infeasible(self) -> bool:
        """Whether counting alone tells that no choice keeps the rules."""
        short = (self.opened(np.arange(len(self.sites))) < self.low).any() or (self.low > self.high).any()
        return bool(short or (self.high < 0).any() or self.limit < int(self.low.max(initial=0)))

    @cached_property
    def table(self) -> tuple[AnyArray, AnyArray, AnyArray, AnyArray]:
        """The rows of each site, and the sites of each row: where they begin, and they."""
        return (*columns_of(self.cover), *rows_of(self.cover))

    @cached_property
    def near(self) -> tuple[AnyArray, AnyArray]:
        """Of each site the sites that share a row with it, as ``near_sites`` lists them."""
        return near_sites(self.table[:2], self.table[2:])

    def opened(self, chosen: IntArray) -> IntArray:
        """How many candidates a choice opens in each area."""
        inside = self.group[:, chosen].ravel()
        return np.bincount(inside[inside >= 0], minlength=len(self.low)).astype(np.int64)

    def covered(self, chosen: IntArray) -> int:
        """The people whom a choice covers."""
        if not len(chosen):
            return 0
        mark = np.zeros(len(self.sites), dtype=np.int64)
        mark[chosen] = 1
        return int(self.people[self.cover @ mark > 0].sum())

    def value_of(self, chosen: IntArray) -> int:
        """The value of a choice: people covered, or sites where everybody must be."""
        return len(chosen) if self.all_rows else self.covered(chosen)


class CoverIncumbent(Incumbent[IntArray, int]):
    """The incumbent of a cover instance: people covered, or sites where everybody must be; each choice is recounted."""

    def __init__(self, core: CoverInstance, budget: SearchBudget, *, bound: int) -> None:
        super().__init__(budget, bound=bound, most=not core.all_rows)
        self.core = core

    def take(self, choice: IntArray | None) -> bool:
        """Offer a choice, if it keeps the rules; whether it is the best yet."""
        if choice is None or not self.core.holds(choice):
            return False
        return self.offer(np.sort(choice), self.core.value_of(choice))


@kernel
def count_in_areas(group, opened, site, step):  # type: ignore[no-untyped-def]
    """A candidate comes (step 1) or goes (-1) in each of its areas."""
    for q in range(group.shape[0]):
        if group[q, site] >= 0:
            opened[group[q, site]] += step
