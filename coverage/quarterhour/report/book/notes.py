"""The sheet that says how to read the others: their sentences, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quarterhour.report.book.columns import LONGEST_CELL, wide
from quarterhour.report.book.sheets import Shelf, link_to, put_on_paper

_WIDTHS = (30, 104)


def write_notes(shelf: Shelf, notes: Sequence[tuple[str, str, str]]) -> Any:
    """Notes as title, sheet ("" where it has none) and sentence; the title stands once, with a link to its sheet."""
    sheet = shelf.book.add_worksheet(shelf.say("notes"))
    put_on_paper(sheet, shelf)
    for place, width in enumerate(_WIDTHS):
        sheet.set_column(place, place, width)
    sheet.set_row(0, 26)
    sheet.write_string(0, 0, shelf.say("title_notes"), shelf.looks.title())
    sheet.write_url(1, 0, link_to(shelf.say("cover")), shelf.looks.link(), shelf.say("to_cover"))
    for place, key in enumerate(("sheet", "note")):
        sheet.write_string(2, place, shelf.say(key), shelf.looks.head())
    before = ""
    for row, (title, name, sentence) in enumerate(notes, start=3):
        _write_note(shelf, sheet, row, ("" if title == before else title, name, sentence))
        before = title
    sheet.freeze_panes(3, 0)
    sheet.repeat_rows(2)
    sheet.print_area(0, 0, 2 + max(len(notes), 1), len(_WIDTHS) - 1)
    return sheet


def _write_note(shelf: Shelf, sheet: Any, row: int, note: tuple[str, str, str]) -> None:
    title, name, sentence = note
    if title and name:
        look = shelf.looks.get(font_color="#1F5FA8", underline=1, border=1, border_color="#C9D1DA", valign="top",
                               text_wrap=True)  # fmt: skip
        sheet.write_url(row, 0, link_to(name), look, title)
    elif title:
        sheet.write_string(row, 0, title, shelf.looks.cell(wrap=True))
    else:
        sheet.write_blank(row, 0, None, shelf.looks.cell(wrap=True))
    sheet.write_string(row, 1, sentence[:LONGEST_CELL], shelf.looks.cell(wrap=True))
    sheet.set_row(row, 15.0 * -(-wide(sentence) // (_WIDTHS[1] - 2)) + 3)
