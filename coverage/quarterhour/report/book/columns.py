"""A column of a sheet: what stands over it, its values as Excel holds them, how wide it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import blank, is_number
from quarterhour.report.book import looks
from quarterhour.report.section import heading, yes_or_no

LONGEST_CELL = 32_000
_WIDEST, _NARROWEST, _SAMPLE, _EDGE, _LETTER = 32, 7, 300, 1.5, 0.95
_READ_WIDE, _SENTENCES = (
    40,
    frozenset({"note", "sentence", "built_now", "relaxation", "broken_targets", "clause", "rule", "means"}),
)
_ENDINGS = {"share": looks.SHARE, "gap": looks.GAP, "minutes": looks.TENTH, "_m": looks.WHOLE, "_m2": looks.WHOLE,
            "_yuan": looks.WHOLE, "_mu": looks.TENTH, "factor": looks.HUNDREDTH, "year": looks.PLAIN,
            "access_mean": looks.THOUSANDTH, "access_worst": looks.THOUSANDTH, "gini": looks.THOUSANDTH,
            "theil": looks.THOUSANDTH, "score": looks.HUNDREDTH}  # fmt: skip
"""By the end of a column's key the format of its numbers; of any other, whole where all are."""
OF_UNIT = ("value", "threshold", "missing", "value_before")
"""Columns whose unit stands in their row."""


@dataclass(frozen=True, eq=False)
class Column:
    """A column as a sheet holds it.

    ``group``: what stands over it and its neighbours, "" for nothing. ``values``: texts, finite numbers, dates; None
    where there is nothing. ``form``: format of its numbers. ``shares``: which rows are percentages all the same.
    """

    key: str
    group: str
    head: str
    values: list[Any]
    form: str
    shares: Sequence[bool] | None = None

    def form_of(self, row: int) -> str:
        """The number format of a row's cell."""
        value = self.values[row]
        if isinstance(value, date):
            return looks.DATE
        if self.shares is None:
            return looks.share_form(value, self.form)
        return looks.share_form(value, looks.SHARE) if self.shares[row] else _form("", [value])

    @property
    def wraps(self) -> bool:
        """Whether some text is longer than the widest column."""
        return any(isinstance(v, str) and wide(v) > _room(self._widest) for v in self.values[:_SAMPLE])

    def lines(self) -> list[int]:
        """How many lines the text of each row takes."""
        room = _room(self.width)
        return [math.ceil(wide(v) / room) if isinstance(v, str) else 1 for v in self.values]

    @property
    def width(self) -> float:
        """Width in characters of the font; a heading may take three lines."""
        shown = (_shown(v, self.form) for v in self.values[:_SAMPLE] if v is not None)
        longest = max(map(wide, shown), default=0)
        head = wide(self.head)
        least = max(math.ceil(head / 3) + 4, min(head + 4, 11), _NARROWEST)
        return float(min(max(longest + 2 * _EDGE, least), self._widest))

    @property
    def _widest(self) -> int:
        return _READ_WIDE if self.key in _SENTENCES else _WIDEST


def _room(width: float) -> float:
    """How many letters a column of a width takes; text stands a step in."""
    return max(width - _EDGE, 1) / _LETTER


def columns_of(table: pd.DataFrame, lang: str, *, shares: Sequence[bool] | None = None) -> list[Column]:
    """The columns of a table whose labels are ``key`` or ``key@group``. ``shares``: rows whose figures are percent."""
    return [_column(str(label), table.iloc[:, place], lang, shares) for place, label in enumerate(table.columns)]


def _column(label: str, values: pd.Series, lang: str, shares: Sequence[bool] | None) -> Column:
    key, _, group = label.partition("@")
    cells = [_cell(v, key, lang) for v in values.tolist()]
    return Column(key, group, heading(key, lang), cells, _form(key, cells), shares if key in OF_UNIT else None)


def _cell(value: Any, key: str, lang: str) -> Any:
    """A value as Excel holds it: a day as a date, a number as a number, all else as text."""
    if type(value) is str:
        return _text(value, key)
    if blank(value):
        return None
    if isinstance(value, bool):
        return i18n.say(f"report.met_{str(value).lower()}", lang) if key == "met" else yes_or_no(value, lang)
    if is_number(value):
        return float(value)
    return value if isinstance(value, date) else _text(str(value), key)


def _text(text: str, key: str) -> Any:
    if key in _READ and (read := _READ[key](text)) is not None:
        return read
    return text[:LONGEST_CELL] or None


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None


def _year(text: str) -> float | None:
    return float(text) if len(text) == 4 and text.isascii() and text.isdigit() else None


_READ: Mapping[str, Any] = {"on": _day, "date": _day, "year": _year}
"""Columns that hold days or years as text: read where they are one."""


def _form(key: str, cells: Sequence[Any]) -> str:
    for ending, form in _ENDINGS.items():
        if key.endswith(ending):
            return form
    known = [v for v in cells if isinstance(v, float)]
    if all(v.is_integer() for v in known):
        return looks.WHOLE
    return looks.TENTH if max(map(abs, known)) >= 1000 else looks.NUMBER


def _shown(value: Any, form: str) -> str:
    if isinstance(value, float):
        return "100.0%" if form.endswith("%") else f"{value:,.0f}" if form == looks.WHOLE else f"{value:,.1f}"
    return "2026-01-01" if isinstance(value, date) else str(value)


def wide(text: str) -> int:
    """How wide a text is; a Chinese character is two wide."""
    return len(text) if text.isascii() else sum(2 if ord(c) > 0x2E7F else 1 for c in text)
