"""What was done to counts of persons before they were published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

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
