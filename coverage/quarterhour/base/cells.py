"""Cells of a table as people type them: numbers and texts, read alike everywhere."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pandas as pd

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
    """Whether a value is a finite number; text that reads as one is not."""
    return isinstance(value, (int, float, np.integer, np.floating)) and math.isfinite(value)


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
