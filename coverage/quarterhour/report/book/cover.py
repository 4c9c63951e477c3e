"""The first sheet: what this is, for which day, ten numbers, and what the other sheets hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quarterhour.base import i18n
from quarterhour.report.book.columns import wide
from quarterhour.report.book.key_numbers import KeyNumber
from quarterhour.report.book.looks import DATE, WHOLE, share_form
from quarterhour.report.book.sheets import Shelf, link_to, put_on_paper
from quarterhour.report.tables import quality_note
from quarterhour.study.results import Results

_WIDTHS = (6, 46, 14, 50, 20)
_LAST = len(_WIDTHS) - 1
_ALL_WIDE = sum(_WIDTHS)


def write_cover(
    shelf: Shelf,
    results: Results,
    numbers: Sequence[KeyNumber],
    contents: Sequence[tuple[str, str, int | None]],
    names: Mapping[str, str],
) -> Any:
    """The cover. ``contents``: name, line and rows of each other sheet. ``names``: by its key the sheet of a number."""
    sheet = shelf.book.add_worksheet(shelf.say("cover"))
    put_on_paper(sheet, shelf, upright=True, on_one=True)
    sheet.hide_gridlines(2)
    for place, width in enumerate(_WIDTHS):
        sheet.set_column(place, place, width)
    row = _write_title(shelf, sheet, results)
    row = _write_ribbon(shelf, sheet, results, row)
    row = _write_numbers(shelf, sheet, numbers, names, row)
    row = _write_contents(shelf, sheet, contents, row)
    sheet.print_area(0, 0, row, _LAST)
    return sheet


def _write_title(shelf: Shelf, sheet: Any, results: Results) -> int:
    sheet.set_row(0, 40)
    sheet.write_string(0, 0, shelf.title, shelf.looks.get(bold=True, font_size=22, valign="vcenter"))
    sheet.write_string(1, 0, shelf.say("subtitle"), shelf.looks.said())
    label = shelf.looks.get(font_color="#5D636C", align="right")
    sheet.write_string(1, 3, shelf.say("reference_date"), label)
    day = shelf.looks.get(num_format=DATE, align="left", bold=True)
    sheet.write_datetime(1, 4, results.study.file.study.reference_date, day)
    return 2


def _write_ribbon(shelf: Shelf, sheet: Any, results: Results, row: int) -> int:
    """What the figures rest on; a band of colour where some rows are made up."""
    quality = results.inputs.quality
    if quality["synthetic"].gt(0).any():
        band = shelf.looks.get(bold=True, bg_color="#FFE7B3", font_color="#7F4A00", valign="vcenter", text_wrap=True,
                               border=1, border_color="#E0A84A", align="center")  # fmt: skip
        _across(sheet, row, shelf.say("demonstration"), band)
        sheet.set_row(row, 24)
        row += 1
    note = quality_note(quality, results.proposals, shelf.lang)
    _across(sheet, row, note, shelf.looks.get(font_color="#5D636C", font_size=9, text_wrap=True, valign="top"))
    sheet.set_row(row, 13.5 * -(-wide(note) // (_ALL_WIDE + 5)) + 6)
    return row + 1


def _across(sheet: Any, row: int, text: str, look: Any) -> None:
    sheet.merge_range(row, 0, row, _LAST, "", look)
    sheet.write_string(row, 0, text, look)


def _write_numbers(
    shelf: Shelf, sheet: Any, numbers: Sequence[KeyNumber], names: Mapping[str, str], row: int
) -> int:  # fmt: skip
    if not numbers:
        return row
    row = _heads(shelf, sheet, row, ("key_number", "key_value", "key_note", "key_sheet"))
    plain, wraps = _middle(shelf), shelf.looks.cell(wrap=True)
    for place, number in enumerate(numbers, start=1):
        sheet.set_row(row, 21)
        sheet.write_number(row, 0, place, plain)
        sheet.write_string(row, 1, number.label, wraps)
        form = share_form(number.value, number.form)
        big = shelf.looks.get(num_format=form, bold=True, font_size=13, font_color="#1F5FA8", border=1,
                              border_color="#C9D1DA", valign="vcenter")  # fmt: skip
        sheet.write_number(row, 2, float(number.value), big)
        sheet.write_string(row, 3, number.note, wraps)
        _link(shelf, sheet, row, 4, names.get(number.sheet, ""))
        row += 1
    return row + 1


def _middle(shelf: Shelf) -> Any:
    return shelf.looks.get(border=1, border_color="#C9D1DA", align="center", valign="vcenter")


def _heads(shelf: Shelf, sheet: Any, row: int, keys: Sequence[str]) -> int:
    sheet.write_blank(row, 0, None, shelf.looks.head())
    for place, key in enumerate(keys, start=1):
        sheet.write_string(row, place, shelf.say(key), shelf.looks.head())
    sheet.set_row(row, 20)
    return row + 1


def _link(shelf: Shelf, sheet: Any, row: int, column: int, name: str) -> None:
    look = shelf.looks.get(font_color="#1F5FA8", underline=1, border=1, border_color="#C9D1DA", valign="vcenter",
                           indent=1)  # fmt: skip
    if name:
        sheet.write_url(row, column, link_to(name), look, name)
    else:
        sheet.write_blank(row, column, None, look)


def _count(shelf: Shelf, sheet: Any, row: int, rows: int | None) -> None:
    look = shelf.looks.cell(WHOLE)
    if rows is None:
        sheet.write_blank(row, _LAST, None, look)
    else:
        sheet.write_number(row, _LAST, rows, look)


def _write_contents(shelf: Shelf, sheet: Any, contents: Sequence[tuple[str, str, int | None]], row: int) -> int:
    """The other sheets: name with its link, and what it holds."""
    head = shelf.looks.head()
    sheet.merge_range(row, 2, row, _LAST - 1, "", head)
    sheet.write_blank(row, 0, None, head)
    for column, key in ((1, "sheet"), (2, "holds"), (_LAST, "rows")):
        sheet.write_string(row, column, shelf.say(key), head)
    said, plain = shelf.looks.cell(), _middle(shelf)
    for place, (name, about, rows) in enumerate(contents, start=1):
        row += 1
        sheet.write_number(row, 0, place, plain)
        _link(shelf, sheet, row, 1, name)
        sheet.merge_range(row, 2, row, _LAST - 1, "", said)
        sheet.write_string(row, 2, about, said)
        _count(shelf, sheet, row, rows)
    sheet.write_string(row + 1, 0, i18n.say("workbook.made_by", shelf.lang), shelf.looks.said())
    return row + 1
