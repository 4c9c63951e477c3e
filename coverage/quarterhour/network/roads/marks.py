"""What a cell of a road says: the first of a list, its mark, bridge or not, how high."""

from __future__ import annotations

import numpy as np
import pandas as pd

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.base.cells import half_width

_HOUSES_ABOVE = ("building_passage", "culvert", "avalanche_protector")
"""Values of OSM's ``tunnel`` that are no tunnel to somebody who lives there."""
NO = frozenset({"no", "false", "0", "否", "n", "无", "不是", "非"})
BLANK = frozenset({"", "none", "nan"})


def first_of(value: object) -> str:
    """OSMnx keeps lists, or their text, where merged roads differ: the first counts."""
    if isinstance(value, list | tuple | np.ndarray):
        return str(value[0]) if len(value) else ""
    text = "" if value is None or value is pd.NA or value != value else str(value)
    return text.strip("[]").split(",")[0].strip(" '\"") if text.startswith("[") else text.strip()


def firsts_of(values: pd.Series) -> pd.Series:
    """``first_of`` each cell; where none can be a list, each value is read once."""
    if values.dtype == object and pd.api.types.infer_dtype(values, skipna=True) not in ("string", "empty"):
        return values.map(first_of)
    code, cells = pd.factorize(values, use_na_sentinel=False)
    read = np.array([first_of(cell) for cell in cells], dtype=object)
    return pd.Series(read[code], index=values.index, name=values.name)


def marks_of(values: pd.Series) -> pd.Series:
    """Cells as small letters: the first of a list, 1.0 is 1, full-width digits are digits.

    Of a column that can hold no lists each value is read once.
    """
    if values.dtype != object:
        code, cells = pd.factorize(values, use_na_sentinel=False)
        marks: pd.Series = _marks_of(pd.Series(cells)).take(code).set_axis(values.index)
        marks.name = values.name
        return marks
    return _marks_of(values)


def _marks_of(cells: pd.Series) -> pd.Series:
    return cells.map(first_of).astype(str).map(half_width).astype(str).str.lower().str.removesuffix(".0")


def are_truths(marks: pd.Series) -> bool:
    """Whether ``t`` and ``f`` mean true and false: where Geofabrik's third mark, ``b``, and all others are absent."""
    said = set(marks.unique()) - BLANK
    return bool(said) and said <= {"t", "f"}


def built_of(values: pd.Series) -> BoolArray:
    """Where a column of bridges or tunnels says that there is one."""
    none: BoolArray = marks_of(values).isin({*BLANK, *NO, *_HOUSES_ABOVE, "f"}).to_numpy(dtype=bool)  # T, F: Geofabrik
    return ~none


def levels_of(roads: pd.DataFrame) -> IntArray:
    """How high each road runs: its ``layer``, counted from the commonest, else 1 for a bridge, -1 for a tunnel."""
    level = np.zeros(len(roads), np.int64)
    for built, height in (("bridge", 1), ("tunnel", -1)):
        if built in roads:
            level[roads[built].to_numpy(dtype=bool)] = height
    if "layer" not in roads:
        return level
    said = pd.to_numeric(roads["layer"], errors="coerce").fillna(0).round().clip(-99, 99)
    above = (said - said.mode().min()).to_numpy(dtype=np.int64)
    return np.where(above != 0, above, level)
