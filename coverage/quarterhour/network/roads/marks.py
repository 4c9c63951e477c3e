"""What a cell of a road says: the first of a list, open or closed, bridge or not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from quarterhour.base.arrays import BoolArray
from quarterhour.base.cells import half_width

_HOUSES_ABOVE = ("building_passage", "culvert", "avalanche_protector")
"""Values of OSM's ``tunnel`` that are no tunnel to somebody who lives there."""
NO = frozenset({"no", "false", "0", "否", "n", "无", "不是", "非"})
BLANK = frozenset({"", "none", "nan"})
_CLOSED = NO | {
    "private", "forbidden", "prohibited", "closed", "不", "不可", "不能", "不通", "不许", "不允许", "不准", "不得",
    "禁", "禁止", "禁行", "禁止通行", "不可通行", "不能通行", "不允许通行", "封闭", "关闭",
}  # fmt: skip
_OPEN = BLANK | {
    "yes", "true", "1", "y", "t", "open", "designated", "permissive", "permit", "destination", "customers", "delivery",
    "residents", "allowed", "public", "official", "是", "有", "可", "可以", "能", "允许", "可通行", "通行", "通",
    "开放",
}  # fmt: skip


def first_of(value: object) -> str:
    """OSMnx keeps lists, or their text, where merged roads differ: the first counts."""
    if isinstance(value, list | tuple | np.ndarray):
        return str(value[0]) if len(value) else ""
    text = "" if value is None or value is pd.NA or value != value else str(value)
    return text.strip("[]").split(",")[0].strip(" '\"") if text.startswith("[") else text.strip()


def marks_of(values: pd.Series) -> pd.Series:
    """Cells as small letters: the first of a list, 1.0 is 1, full-width digits are digits."""
    return values.map(first_of).astype(str).map(half_width).astype(str).str.lower().str.removesuffix(".0")


def are_truths(marks: pd.Series) -> bool:
    """Whether ``t`` and ``f`` mean true and false: where Geofabrik's third mark, ``b``, and all others are absent."""
    said = set(marks.unique()) - BLANK
    return bool(said) and said <= {"t", "f"}


def open_of(values: pd.Series) -> tuple[BoolArray, pd.Index]:
    """Where a column of access lets somebody through, everywhere but at a no, and the rows not understood (open)."""
    text = marks_of(values)
    if are_truths(text):
        text = text.replace({"f": "false"})
    closed: BoolArray = text.isin(_CLOSED).to_numpy(dtype=bool)
    return ~closed, values.index[~text.isin(_CLOSED | _OPEN)]


def built_of(values: pd.Series) -> BoolArray:
    """Where a column of bridges or tunnels says that there is one."""
    none: BoolArray = marks_of(values).isin({*BLANK, *NO, *_HOUSES_ABOVE, "f"}).to_numpy(dtype=bool)  # T, F: Geofabrik
    return ~none
