"""Cells of a table as people type them: numbers and texts, read alike everywhere."""

from __future__ import annotations

import math
import unicodedata
from typing import Any

import numpy as np
import pandas as pd

_NUMBER = r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?|[+-]?\.\d+"
_EXPONENT = r"(?:[eE][+-]?\d{1,3})?"


def blank(value: Any) -> bool:
    """Whether a cell has nothing to show: missing, empty, without an end."""
    return value is None or value is pd.NA or value is pd.NaT or value != value or value in ("", float("inf"))


def is_number(value: Any) -> bool:
    """Whether a value is a finite number; text that reads as one is not."""
    return isinstance(value, (int, float, np.integer, np.floating)) and math.isfinite(value)


def numbers(values: pd.Series) -> pd.Series:
    """Numbers as float64, read as people type them: full-width digits, 1,234, blanks around.

    What is no finite number (八十, #REF!, inf, TRUE) is NaN.
    """
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return values.astype("Float64").astype("float64").where(lambda v: np.isfinite(v))
    text = texts(values).map(lambda v: unicodedata.normalize("NFKC", v).strip()).astype("str")
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
