"""The tables of a plan as one workbook: a sheet of contents, then a sheet a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quarterhour.base.cells import blank, is_number
from quarterhour.report.book import looks
from quarterhour.report.book.columns import LONGEST_CELL, Column
from quarterhour.report.book.looks import FONT, Looks
from quarterhour.report.book.sheets import Shelf, link_to, put_on_paper
from quarterhour.report.plan.shown import PlanTable, no_data, say
from quarterhour.report.workbook import MADE, OPTIONS

_YEARS = ("year", "number")
_LONGEST_NAME = 31


def write_plan_book(path: Path, tables: Sequence[PlanTable], *, title: str, lang: str, warning: str = "") -> None:
    """The workbook; text is never taken for a formula or a link, and the same tables give the same bytes."""
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), OPTIONS) as book:
        book.set_properties({"created": MADE, "title": title})
        book.formats[0].set_font_name(FONT)
        shelf = Shelf(book, Looks(book), lang, title, f" · {warning}" if warning else "")
        _write_contents(shelf, tables, warning)
        for table in tables:
            _write_table(shelf, table)


def _name(table: PlanTable) -> str:
    return table.title[:_LONGEST_NAME]


def _write_contents(shelf: Shelf, tables: Sequence[PlanTable], warning: str) -> None:
    sheet = shelf.book.add_worksheet(say("contents", shelf.lang))
    put_on_paper(sheet, shelf, upright=True, on_one=True)
    sheet.hide_gridlines(2)
    for place, width in enumerate((6, 36, 70, 10)):
        sheet.set_column(place, place, width)
    sheet.set_row(0, 34)
    sheet.write_string(0, 0, shelf.title, shelf.looks.title())
    if warning:
        sheet.write_string(1, 0, warning, shelf.looks.get(bold=True, font_color="#B45309"))
    for place, key in enumerate(("contents_place", "contents", "contents_about", "col_rows")):
        sheet.write_string(2, place, say(key, shelf.lang), shelf.looks.head())
    for row, table in enumerate(tables, start=3):
        sheet.write_number(row, 0, row - 2, shelf.looks.cell(looks.WHOLE))
        sheet.write_url(row, 1, link_to(_name(table)), shelf.looks.link(), _name(table))
        sheet.write_string(row, 2, table.about, shelf.looks.cell(wrap=True))
        sheet.write_number(row, 3, len(table.table), shelf.looks.cell(looks.WHOLE))


def _write_table(shelf: Shelf, table: PlanTable) -> None:
    columns = [_column(table, key, shelf.lang) for key in table.heads]
    sheet = shelf.book.add_worksheet(_name(table))
    put_on_paper(sheet, shelf)
    sheet.set_row(0, 26)
    sheet.write_string(0, 0, table.title, shelf.looks.title())
    sheet.write_url(1, 0, link_to(say("contents", shelf.lang)), shelf.looks.link(), say("to_contents", shelf.lang))
    if len(columns) > 1:
        sheet.write_string(1, 1, table.about, shelf.looks.said())
    sheet.set_row(2, 44)
    for place, column in enumerate(columns):
        sheet.write_string(2, place, column.head, shelf.looks.head())
        sheet.set_column(place, place, column.width)
        for row, value in enumerate(column.values):
            _write(shelf, sheet, (3 + row, place), value, column, row)
    rows = len(table.table)
    sheet.autofilter(2, 0, 2 + max(rows, 1), len(columns) - 1)
    sheet.freeze_panes(3, 1)
    sheet.repeat_rows(2)
    if rows:
        sheet.ignore_errors({"number_stored_as_text": f"A1:ZZ{rows + 3}"})


def _column(table: PlanTable, key: str, lang: str) -> Column:
    values = [_cell(v, lang) for v in table.table[key].tolist()]
    shares = table.shares if key in table.figures and table.shares else None
    return Column(key, "", table.heads[key], values, _form(key, values), shares)


def _cell(value: Any, lang: str) -> Any:
    """A number as a number, a text as text; what is missing says so."""
    if blank(value):
        return no_data(lang)
    return float(value) if is_number(value) and not isinstance(value, bool) else str(value)[:LONGEST_CELL]


def _form(key: str, values: Sequence[Any]) -> str:
    if key in _YEARS:
        return looks.PLAIN
    if key.endswith("share"):
        return looks.SHARE
    known = [v for v in values if isinstance(v, float)]
    return looks.WHOLE if all(v.is_integer() for v in known) else looks.TENTH


def _write(shelf: Shelf, sheet: Any, at: tuple[int, int], value: Any, column: Column, row: int) -> None:
    if isinstance(value, str):
        sheet.write_string(*at, value, shelf.looks.cell(tone="none" if value == no_data(shelf.lang) else ""))
    else:
        sheet.write_number(*at, value, shelf.looks.cell(column.form_of(row)))
