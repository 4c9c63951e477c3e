"""What is left to decide, in positions and whole numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Core:
    """What is left to decide once existing and required sites stand, in positions.

    ``people``: by row; a row is all the people with the same candidates in reach. ``cover``: rows x
    candidates, 0 and 1. ``sites``: ids of the candidates. ``group[q, c]``: which area of quota q
    candidate c is in, -1 none; ``low``, ``high``: candidates to build in each area.
    ``limit``: candidates at most. ``all_rows``: every row must be covered (min-sites).
    """

    people: Ints
    cover: sp.csr_array
    sites: pd.Index
    group: Ints
    low: Ints
    high: Ints
    limit: int
    all_rows: bool

    def holds(self, chosen: Ints) -> bool:
        """Whether a choice of candidates keeps every rule."""
        opened = self.opened(chosen)
        if len(chosen) > self.limit or (opened < self.low).any() or (opened > self.high).any():
            return False
        return not self.all_rows or self.covered(chosen) == int(self.people.sum())

    def opened(self, chosen: Ints) -> Ints:
        """How many candidates a choice opens in each area."""
        inside = self.group[:, chosen].ravel()
        return np.bincount(inside[inside >= 0], minlength=len(self.low)).astype(np.int64)

    def covered(self, chosen: Ints) -> int:
        """The people whom a choice covers."""
        if not len(chosen):
            return 0
        mark = np.zeros(len(self.sites), dtype=np.int64)
        mark[chosen] = 1
        return int(self.people[self.cover @ mark > 0].sum())
