"""Numbers out of a user's table: each one right, or a sentence that names the row, the column and what stands there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.arrays import BoolArray, FloatArray
from quarterhour.base.cells import Strange, figures, is_number
from quarterhour.base.errors import DataError, first_ids

LARGEST = 2**53
"""Sums stay below, so that they are exact as floats too."""
_SAID = {
    "bool": "question.cell_bool",
    "complex": "question.cell_complex",
    "duration": "question.cell_duration",
    "date": "question.cell_date",
    "text": "question.cell_text",
    "other": "question.cell_other",
    "missing": "question.cell_missing",
    "negative": "question.cell_negative",
    "fraction": "question.cell_fraction",
    "large": "question.cell_large",
    "nobody": "question.cell_nobody",
}


def cell_said(row: object, column: object, value: object, why: str) -> Mapping[str, str]:
    """In both languages what stands in a cell and why it cannot be used."""
    shown = {"row": str(row), "column": str(column), "value": short_repr(value), "largest": f"{LARGEST:,}"}
    return {lang: i18n.say(_SAID[why], lang, **shown) for lang in i18n.LANGUAGES}


def short_repr(given: object) -> str:
    """What came, short enough for a message."""
    plain = given.item() if isinstance(given, np.generic) and given.dtype.kind in "biufc" else given
    try:
        text = repr(plain).replace("\n", " ")
    except ValueError:  # a whole number of more digits than Python writes out
        text = f"{type(given).__name__} ..."
    return text if len(text) <= 60 else f"{type(given).__name__} {text[:40]}..."


def as_figures(column: pd.Series) -> tuple[FloatArray, dict[int, Strange]]:
    """A column as numbers, missing ones NaN, and by position what is none."""
    kind = column.dtype.kind
    if kind in "iuf" and isinstance(column.dtype, np.dtype):
        with np.errstate(over="ignore"):  # what is beyond a float is infinite, and told as too large
            return column.to_numpy(dtype=np.float64), {}
    return figures(column.astype("object").tolist())


def whole_figures(column: pd.Series, key: str, /, *, needed: BoolArray | bool = True, **said: Any) -> pd.Series:
    """A column of whole numbers from 0 to below ``LARGEST``, as Int64.

    Parameters
    ----------
    column : as the user has it; text counts where it reads as a number.
    key, said : the sentence of the error, and what fills it beside ``ids`` and ``detail``.
    needed : of which rows a number is asked for; others may be missing.

    Raises
    ------
    DataError : a number is missing, negative, no whole one or too large, or what came is none.
    """
    found, strange = as_figures(column)
    faults = _faults(found, np.broadcast_to(needed, found.shape), strange)
    if faults:
        first = min(faults)
        detail = cell_said(column.index[first], column.name, column.iloc[first], faults[first])
        raise DataError(key, ids=first_ids(column.index[sorted(faults)]), detail=detail, **said)
    return pd.Series(found, column.index, name=column.name).astype("Int64")


def _faults(found: FloatArray, needed: BoolArray, strange: Mapping[int, Strange]) -> dict[int, str]:
    """By position why a number cannot be used."""
    missing, negative, large = np.isnan(found), found < 0, found >= LARGEST
    fraction = ~(missing | negative | large) & (np.floor(found) != found)
    faults: dict[int, str] = {}
    tested = {"missing": missing & needed, "fraction": fraction, "large": large, "negative": negative}
    for why, where in tested.items():
        faults |= dict.fromkeys(np.flatnonzero(where).tolist(), why)
    return faults | dict(strange)


def is_whole(value: object, least: int = 0) -> bool:
    """Whether a value is a whole number, not too small and below ``LARGEST``; true and false are none."""
    return isinstance(value, (int, np.integer)) and is_number(value) and least <= int(value) < LARGEST
