"""A sheet of the workbook before it is written: its table, what it says, how much of it is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

PRINTED_ROWS, PRINTED_OF_DATA = 80, 25
"""Rows that are printed of a table, and of one that is data to work with rather than a result to read."""


@dataclass(frozen=True, eq=False)
class Leaf:
    """A sheet with a table.

    ``key``: words ``report.sheet_KEY``, ``workbook.title_KEY`` (else ``report.part_KEY``) and ``workbook.about_KEY``.
    ``table``: columns named ``key`` or ``key@group``; those of ids stand last. ``ids``: how many they are. ``apart``:
    how many columns before them are on the sheet and not printed. ``shares``: rows whose figures are percentages.
    ``totals``: how many rows at the top are sums. ``number``: 2 and more where a sheet of this key is there already.
    """

    key: str
    table: pd.DataFrame
    shares: Sequence[bool] | None = None
    totals: int = 0
    ids: int = 0
    apart: int = 0
    is_data: bool = False
    number: int = 1

    @property
    def printed_columns(self) -> int:
        """How many columns are printed, from the left."""
        return max(len(self.table.columns) - self.ids - self.apart, 1)

    @property
    def printed_rows(self) -> int:
        """How many rows are printed, from the top."""
        return min(len(self.table), PRINTED_OF_DATA if self.is_data else PRINTED_ROWS)
