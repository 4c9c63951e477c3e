"""What a cell of a road says: the first of a list, one way or both, open or closed, bridge or not."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quarterhour.base.arrays import BoolArray

_HOUSES_ABOVE = ("building_passage", "culvert", "avalanche_protector")
"""Values of OSM's ``tunnel`` that are no tunnel to somebody who lives there."""
_ALONG = {"yes", "true", "1", "f", "ft", "forward", "y", "是", "正向"}
_AGAINST = {"-1", "reverse", "t", "tf", "backward", "反向", "逆向"}
_NO = {"no", "false", "0", "否"}
_BLANK = {"", "none", "nan"}
_BOTH = _BLANK | _NO | {"n", "b", "both", "reversible", "alternating", "双向"}


def first_of(value: object) -> str:
    """OSMnx keeps lists, or their text, where merged roads differ: the first counts."""
    if isinstance(value, list | tuple | np.ndarray):
        return str(value[0]) if len(value) else ""
    text = "" if value is None or value is pd.NA or value != value else str(value)
    return text.strip("[]").split(",")[0].strip(" '\"") if text.startswith("[") else text.strip()


def marks_of(values: pd.Series) -> pd.Series:
    """Cells as small letters: the first of a list, 1.0 is 1."""
    return values.map(first_of).astype(str).str.lower().str.removesuffix(".0")


def are_truths(marks: pd.Series) -> bool:
    """Whether ``t`` and ``f`` mean true and false: where Geofabrik's third mark, ``b``, and all others are absent."""
    said = set(marks.unique()) - _BLANK
    return bool(said) and said <= {"t", "f"}


def oneway_of(roads: pd.DataFrame) -> tuple[NDArray[np.int8], pd.Index]:
    """One-way marks of any make as 1 (along the drawn line), -1 (against), 0 (both), and the rows not understood.

    ``F``, ``T``, ``B`` are Geofabrik's (from-to, to-from, both); a column of ``T`` and ``F`` alone is true and false.
    """
    if "oneway" not in roads:
        return np.zeros(len(roads), np.int8), roads.index[:0]
    text = marks_of(roads["oneway"])
    if are_truths(text):
        text = text.replace({"t": "true", "f": "false"})
    values = np.where(text.isin(_ALONG), 1, np.where(text.isin(_AGAINST), -1, 0)).astype(np.int8)
    return values, roads.index[~text.isin(_ALONG | _AGAINST | _BOTH)]


def open_of(values: pd.Series) -> BoolArray:
    """Where a column of access lets somebody through: everywhere but at a no."""
    closed: BoolArray = marks_of(values).isin(_NO).to_numpy(dtype=bool)
    return ~closed


def built_of(values: pd.Series) -> BoolArray:
    """Where a column of bridges or tunnels says that there is one."""
    none: BoolArray = marks_of(values).isin({*_BOTH, *_HOUSES_ABOVE, "f"}).to_numpy(dtype=bool)  # T, F: Geofabrik
    return ~none
