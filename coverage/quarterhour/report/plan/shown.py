"""How a cell of a plan's tables is read: the same in text, workbook and atlas; what nobody knows says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from quarterhour.base.cells import blank
from quarterhour.base.labels import percent
from quarterhour.report.papers.blocks import cell_text
from quarterhour.report.section import say_of

say = partial(say_of, "plan_tables")
NOT_OF_IT = "—"
"""Stands where a column has no meaning for a row: beds of a cemetery."""
_PLAIN = ("year", "number")


@dataclass(frozen=True, eq=False)
class PlanTable:
    """A table of a plan.

    ``table``: columns by key, numbers as numbers, shares as shares of 1. ``heads``: what stands over each column.
    ``shares``: rows whose figures (``figures``) are shares. ``kept``: the columns that a page has room for; ``paper``:
    which rows stand in the text (all, where it is empty). ``by_area``: a row an area of the layout. ``about``: a line
    on what it is.
    """

    key: str
    title: str
    table: pd.DataFrame
    heads: Mapping[str, str]
    about: str = ""
    shares: tuple[bool, ...] = ()
    figures: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    paper: tuple[bool, ...] = ()
    by_area: bool = False

    def shown(self, lang: str) -> pd.DataFrame:
        """The cells as they are read, by key."""
        rows = range(len(self.table))
        made = {}
        for key in self.heads:
            share = key in self.figures and self.shares
            values = self.table[key].tolist()
            made[key] = [shown(values[i], "share" if share and self.shares[i] else key, lang) for i in rows]
        return pd.DataFrame(made, index=self.table.index, dtype=object)


def shown(value: Any, key: str, lang: str) -> str:
    """A cell as it is read; what is missing says that there is no data."""
    if blank(value):
        return no_data(lang)
    if isinstance(value, str):
        return value
    if key in _PLAIN:
        return str(int(value))
    return percent(value) if key.endswith("share") else cell_text(value, key)


def no_data(lang: str) -> str:
    """What stands in a cell that no result fills."""
    return say("no_data", lang)


def heads_of(keys: Sequence[str], lang: str, **special: str) -> dict[str, str]:
    """Headings by key, those that are made for a study first."""
    return {key: special.get(key) or say(f"col_{key}", lang) for key in keys}
