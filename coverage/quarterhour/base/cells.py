"""Cells of a table as people type them: numbers and texts, read alike everywhere."""

from __future__ import annotations

import datetime
import math
import numbers as abstract
import re
import sys
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import pandas as pd

from quarterhour.base.arrays import FloatArray

Strange = Literal["", "bool", "complex", "duration", "date", "text", "other"]
"""What a cell of a table in a program is instead of a number; "" where it is one, or is missing."""

_NUMBER = r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]*)?|[+-]?\.[0-9]+"
_EXPONENT = r"(?:[eE][+-]?[0-9]{1,3})?"
_FULL_WIDTH = str.maketrans("０１２３４５６７８９，．＋－\N{MINUS SIGN}", "0123456789,.+--")
# Shown by no font, so nobody can have meant them: marks of width zero, of direction, of line ends, control characters.
# Line ends and tabs are blanks. What joins letters of a script (U+200C, U+200D) plays no part in codes; nor do the
# fillers of Hangul and the empty cell of Braille (U+2800).
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def half_width(text: str) -> str:
    """Full-width digits, comma, point and signs as those of the keyboard; every other character stays.

    Not Unicode's NFKC, which makes 9511 of 951①, 9512 of 951² and 9511⁄2 of 951½.
    """
    return text.translate(_FULL_WIDTH)


def seen(text: str) -> str:
    """A text without the characters that nobody sees, and without blanks around it."""
    return _UNSEEN.sub("", text).strip()


def has_unseen(text: str) -> bool:
    """Whether a text holds characters that nobody sees."""
    return _UNSEEN.search(text) is not None


def blank(value: Any) -> bool:
    """Whether a cell has nothing to show: missing, empty, without an end."""
    return value is None or value is pd.NA or value is pd.NaT or value != value or value in ("", float("inf"))


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, small enough for a float; true, false and text that reads as one are not."""
    if isinstance(value, (float, np.floating)):
        return math.isfinite(value)
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.timedelta64))
    return whole and abs(int(value)) <= sys.float_info.max


def numbers(values: pd.Series) -> pd.Series:
    """Numbers as float64, read as people type them: full-width digits, 1,234, blanks around.

    What is no finite number (八十, 951①, 951人, #REF!, inf, TRUE) is NaN.
    """
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return values.astype("Float64").astype("float64").where(lambda v: np.isfinite(v))
    text = texts(values).map(half_width).astype("str")
    good = text.str.fullmatch(f"(?:{_NUMBER}){_EXPONENT}").astype(bool)
    found = pd.to_numeric(text.where(good).str.replace(",", ""), errors="coerce").astype("float64")
    return found.where(np.isfinite(found))


def texts(values: pd.Series) -> pd.Series:
    """Values as text: missing is "", 371002001001.0 is "371002001001", blanks around are off."""
    if pd.api.types.is_string_dtype(values) and values.dtype != object:
        return values.fillna("").astype("str").str.strip()
    return values.map(_text).astype("str")


def _text(value: object) -> str:
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def figures(values: Sequence[Any]) -> tuple[FloatArray, dict[int, Strange]]:
    """Cells of a table in a program as numbers, and by position what is none.

    Missing (None, NaN, NA, NaT) is NaN, and so is what is no number; infinite stays so; whole numbers that no float
    holds are the largest float. Text counts as ``numbers`` reads it. True, durations and numbers with an imaginary part
    are no numbers: nobody can know what was meant.
    """
    found: FloatArray = np.full(len(values), np.nan)
    strange: dict[int, Strange] = {}
    for k, value in enumerate(values):
        found[k], kind = _figure(value)
        if kind:
            strange[k] = kind
    return found, strange


def figure_table(given: Any) -> tuple[FloatArray, dict[int, Strange]]:
    """A table of numbers in rows, missing ones NaN, and by position in it what is none; lists of any shape may come."""
    cells = np.asarray(given) if hasattr(given, "__array__") else np.array(given, dtype=object)
    if cells.dtype.kind in "iuf":
        with np.errstate(over="ignore"):  # what is beyond a float is infinite, as among ``figures``
            return cells.astype(np.float64), {}
    found, strange = figures(list(cells.ravel()) if cells.dtype.kind in "mM" else cells.ravel().tolist())
    return found.reshape(cells.shape), strange


def as_figure(value: Any) -> float:
    """One number of any type; NaN where it is none, or text."""
    return math.nan if isinstance(value, str) else float(figures([value])[0][0])


def _figure(value: Any) -> tuple[float, Strange]:
    kind = _strange(value)
    if kind:
        return math.nan, kind
    if isinstance(value, str):
        return _typed(value)
    if isinstance(value, Decimal):
        return (math.nan, "") if value.is_nan() else (float(value), "")
    if not isinstance(value, abstract.Real):
        return math.nan, "" if value is None or value is pd.NA or value is pd.NaT else "other"
    try:
        return float(value), ""
    except OverflowError:
        return (-sys.float_info.max if value < Fraction(0) else sys.float_info.max), ""


def _strange(value: Any) -> Strange:
    if value is pd.NaT:
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "bool"
    if isinstance(value, (datetime.timedelta, np.timedelta64)):  # numpy's is a whole number, too
        return "duration"
    if isinstance(value, (datetime.date, datetime.time, np.datetime64)):
        return "date"
    return "complex" if isinstance(value, abstract.Complex) and not isinstance(value, abstract.Real) else ""


def _typed(text: str) -> tuple[float, Strange]:
    plain = half_width(text.strip())
    if not re.fullmatch(f"(?:{_NUMBER}){_EXPONENT}", plain):
        return math.nan, "text"
    return float(plain.replace(",", "")), ""
