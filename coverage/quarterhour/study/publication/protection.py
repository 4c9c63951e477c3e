"""What was done to counts of persons before they were published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from quarterhour.base.arrays import BoolArray
from quarterhour.base.cells import texts
from quarterhour.base.labels import undated
from quarterhour.standards.levels import AREA_COLUMNS, FURTHER_LEVELS
from quarterhour.study.publication.pools import ALONE


@dataclass(frozen=True, eq=False)
class Protection:
    """What was done before publishing.

    ``columns``: every guarded column that goes on; ``pools``: by column the pool of each community (-1: its own count
    is shown), in the order of the communities. ``smallest``: the smallest count that is shown. ``lost``: the columns
    that count nobody in what is published, because they are too few in all or nothing counts them: no sum of them is
    a number.
    """

    smallest: int
    columns: tuple[str, ...]
    pools: Mapping[str, pd.Series]
    lost: frozenset[str] = frozenset()

    def hidden(self, column: str) -> pd.Series:
        """The communities whose count is not shown."""
        return self.pools[column].ne(ALONE)

    def further(self, communities: pd.DataFrame) -> dict[str, pd.Series]:
        """By level beside towns and counties the area of each community, where they have one."""
        there = [v for v in FURTHER_LEVELS if AREA_COLUMNS[v] in communities]
        return {level: communities[AREA_COLUMNS[level]].astype("str") for level in there}

    def of_every_year(self, communities: pd.DataFrame) -> Protection:
        """With the columns of a forecast that were carried on from guarded ones."""
        later = {str(c): undated(str(c)) for c in communities if str(c) not in self.pools}
        later = {column: first for column, first in later.items() if first in self.pools}
        pools = {**self.pools, **{column: self.pools[first] for column, first in later.items()}}
        lost = self.lost | {column for column, first in later.items() if first in self.lost}
        return replace(self, columns=(*self.columns, *later), pools=pools, lost=lost)

    def about(self, column: str, communities: pd.DataFrame) -> dict[str, set[str]]:
        """By level the counties, units and classes whose people are only about so many: a pool lies in more than one
        of them. Of a lost column, every one."""
        if column not in self.pools:
            return {}
        pools, every = self.pools[column], {"county": texts(communities["county"]), **self.further(communities)}
        return {v: set(a if column in self.lost else a[crossed(pools, a)]) for v, a in every.items()}


def crossed(pools: pd.Series, of: pd.Series) -> BoolArray:
    """Whether a community is in a pool that lies in more than one of some areas."""
    some = pools.ne(ALONE)
    count = of[some].groupby(pools[some]).nunique()
    found: BoolArray = (some & pools.map(count).fillna(0).gt(1)).to_numpy(dtype=bool)
    return found
