"""The workbook that a planner hands on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import blank, is_number
from quarterhour.base.labels import gap_percent, percent
from quarterhour.report.section import Section, area_names, headed, rule_names, yes_or_no
from quarterhour.report.tables import (
    by_area,
    by_community,
    finding_table,
    ledger_table,
    plan_table,
    quality_table,
    score_table,
    site_table,
    summary_table,
    unmet_table,
)
from quarterhour.study.results import Results

MADE = datetime(2020, 1, 1)  # noqa: DTZ001 - a workbook's own field; fixed, so that the same study gives the same bytes
FONT = "Microsoft YaHei"
_LONGEST_CELL = 32_000


def write_workbook(path: str | Path, results: Results, lang: str, *, sections: Sequence[Section] = ()) -> None:
    """The results as an Excel workbook, a sheet a table; text is never taken for a formula or a link.

    ``sections``: further tables, a sheet each. The same results give the same bytes. The file is written at ``path``
    itself: whoever calls puts it in its place.
    """
    import xlsxwriter

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), {**options, "nan_inf_to_errors": False}) as book:
        book.set_properties({"created": MADE, "title": i18n.say("report.workbook", lang)})
        book.formats[0].set_font_name(FONT)
        sheet, card = _Sheets(book, lang), results.scorecard
        every, plans = [*results.checks, *results.compare], results.proposals
        names = area_names(results)
        sheet.add("by_community", by_community(results.inputs.communities, every, results.ranges, names, lang))
        for level in ("town", "county"):
            sheet.add(f"by_{level}", by_area(every, level, names, lang))
        if card is not None:
            sheet.add("scorecard", summary_table(card, lang))
            sheet.add("scorecard_areas", score_table(card, lang), shares=card.rows["unit"].eq("share").tolist())
        sheet.add("plans", plan_table(plans, lang))
        sheet.add("sites", site_table(plans, names, lang))
        sheet.add("unmet", unmet_table(plans, names, lang))
        sheet.add("ledger", ledger_table(plans, rule_names(results, lang), lang))
        for section in sections:
            sheet.add(section.key, headed(section.table, lang))
        sheet.add("quality", quality_table(results.inputs.quality, lang))
        sheet.add("findings", finding_table(results.findings, lang))


_SHARE, _GAP, _WHOLE, _NUMBER = "0.0%", "0.00%", "#,##0", "#,##0.0##"
_ENDS = ('"<0.1%"', '">99.9%"', '"<0.01%"', '">99.99%"')
_OF_UNIT = ("value", "threshold", "missing")
"""Columns of the scorecard whose unit stands in their row."""


class _Sheets:
    """Adds tables to a workbook; a column whose key ends in ``share`` or ``gap`` is a percentage."""

    def __init__(self, book: Any, lang: str) -> None:
        self.book, self.lang = book, lang
        plain = {"font_name": FONT, "font_size": 10}
        self.head = book.add_format({**plain, "bold": True, "bg_color": "#E7EEF5", "text_wrap": True, "bottom": 1})
        self.text = book.add_format(plain)
        self.formats = {f: book.add_format({**plain, "num_format": f}) for f in (_SHARE, _GAP, _WHOLE, _NUMBER, *_ENDS)}

    def add(self, name: str, table: pd.DataFrame, *, shares: Sequence[bool] | None = None) -> None:
        """A sheet with a frozen header and a filter; its name is a key of the words. ``shares``: rows in percent."""
        sheet = self.book.add_worksheet(i18n.say(f"report.sheet_{name}", self.lang))
        for column, label in enumerate(table.columns):
            key, _, said = str(label).partition("\t")
            sheet.write_string(0, column, said, self.head)
            values = table.iloc[:, column].tolist()
            sheet.set_column(column, column, _width(said, values))
            form = _number_format(key, values)
            for row, value in enumerate(values, start=1):
                share = shares is not None and key in _OF_UNIT and bool(shares[row - 1])
                self._write(sheet, row, column, value, _SHARE if share else form)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(len(table), 1), max(len(table.columns) - 1, 0))

    def _write(self, sheet: Any, row: int, column: int, value: Any, form: str) -> None:
        if blank(value):
            return
        if isinstance(value, bool) or not is_number(value):
            said = yes_or_no(value, self.lang) if isinstance(value, bool) else str(value)
            sheet.write_string(row, column, said[:_LONGEST_CELL], self.text)
        else:
            sheet.write_number(row, column, float(value), self.formats[_at_the_end(value, form)])


def _number_format(key: str, values: Sequence[Any]) -> str:
    if key.endswith(("share", "gap")):
        return _SHARE if key.endswith("share") else _GAP
    numbers = [v for v in values if not blank(v) and is_number(v)]
    return _WHOLE if all(float(v).is_integer() for v in numbers) else _NUMBER


def _at_the_end(value: float, form: str) -> str:
    """The format of a percentage that is short of everything, or more than nothing, by less than is shown."""
    if form not in (_SHARE, _GAP):
        return form
    text = f'"{percent(value) if form == _SHARE else gap_percent(value)}"'
    return text if text in _ENDS else form


def _width(head: str, values: Sequence[Any]) -> int:
    # A Chinese character is two columns wide; a sample is enough, and the same each time.
    longest = max((_columns_wide(str(v)) for v in values[:200] if not blank(v)), default=0)
    return min(max(min(longest, 44), _columns_wide(head) + 3, 8), 48)


def _columns_wide(text: str) -> int:
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text)
