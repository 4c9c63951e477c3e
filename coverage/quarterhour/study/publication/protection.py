"""What was done to counts of persons before they were published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from quarterhour.base.arrays import BoolArray
from quarterhour.standards.levels import AREA_COLUMNS, FURTHER_LEVELS
from quarterhour.study.publication.pools import ALONE


@dataclass(frozen=True, eq=False)
class Protection:
    """What was done before publishing.

    ``columns``: every guarded column that goes on; ``pools``: by column the pool of each community (-1: its own count
    is shown), in the order of the communities. ``smallest``: the smallest count that is shown.
    """

    smallest: int
    columns: tuple[str, ...]
    pools: Mapping[str, pd.Series]

    def hidden(self, column: str) -> pd.Series:
        """The communities whose count is not shown."""
        return self.pools[column].ne(ALONE)

    def further(self, communities: pd.DataFrame) -> dict[str, pd.Series]:
        """By level beside towns and counties the area of each community, where they have one."""
        there = [v for v in FURTHER_LEVELS if AREA_COLUMNS[v] in communities]
        return {level: communities[AREA_COLUMNS[level]].astype("str") for level in there}

    def about(self, column: str, communities: pd.DataFrame) -> dict[str, set[str]]:
        """By further level the areas whose people are only about so many: a pool lies in more than one of them."""
        if column not in self.pools:
            return {}
        pools = self.pools[column]
        return {v: set(areas[crossed(pools, areas)]) for v, areas in self.further(communities).items()}


def crossed(pools: pd.Series, of: pd.Series) -> BoolArray:
    """Whether a community is in a pool that lies in more than one of some areas."""
    some = pools.ne(ALONE)
    count = of[some].groupby(pools[some]).nunique()
    found: BoolArray = (some & pools.map(count).fillna(0).gt(1)).to_numpy(dtype=bool)
    return found
