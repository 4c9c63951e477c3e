"""A sheet written: title, headings in one row or two, cells, and how it is printed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from quarterhour.base import i18n
from quarterhour.report.book import looks
from quarterhour.report.book.columns import Column, columns_of, wide
from quarterhour.report.book.leaf import Leaf
from quarterhour.report.book.looks import Looks

_TONES = {"report.met_true": "good", "report.met_false": "bad", "report.met_no_data": "none",
          "report.severity_error": "bad", "report.severity_warning": "middle",
          "report.status_optimal": "good", "report.status_bounded": "middle", "report.status_infeasible": "bad",
          "report.status_no_plan": "bad", "report.became_kept": "good", "report.became_broken": "bad",
          "sensitivity.always": "good", "sensitivity.sometimes": "middle", "sensitivity.never": "bad"}  # fmt: skip
_TONED = ("met", "judged", "severity", "status", "became", "covered_when")
"""Columns whose cells are filled by what they say; the word stands in the cell too."""
_BARS = ("share_people_share", "kept_share", "always_share", "sometimes_share", "never_share", "full_share",
         "chosen_share", "before_share", "after_share", "within_share")  # fmt: skip
"""Shares that are results: they get a bar."""
_A4, _LONGEST_FOOTER = 9, 80
_LINE_POINTS, _MOST_LINES = 14.5, 25


@dataclass(frozen=True, eq=False)
class Shelf:
    """The workbook that sheets are added to; each page says its title at the foot, and the warning behind it."""

    book: Any
    looks: Looks
    lang: str
    title: str
    warning: str = ""

    def say(self, key: str, /, **values: object) -> str:
        """A sentence of the workbook's page of words."""
        return i18n.say(f"workbook.{key}", self.lang, **values)


def leaf_name(leaf: Leaf, lang: str) -> str:
    """The name of a leaf's sheet."""
    name = i18n.say(f"report.sheet_{leaf.key}", lang)
    return name if leaf.number == 1 else f"{name} ({leaf.number})"


def leaf_title(leaf: Leaf, lang: str) -> str:
    """The title on a leaf's sheet."""
    own = f"workbook.title_{leaf.key}"
    return i18n.say(own if i18n.entry(own) else f"report.part_{leaf.key}", lang)


def leaf_about(leaf: Leaf, lang: str) -> str:
    """What a leaf's sheet holds, in a line; "" where nothing is written of it."""
    own = f"workbook.about_{leaf.key}"
    return i18n.say(own, lang) if i18n.entry(own) else ""


def link_to(sheet: str) -> str:
    """A link to the top of a sheet of the same workbook."""
    quoted = sheet.replace("'", "''")
    return f"internal:'{quoted}'!A1"


def put_on_paper(sheet: Any, shelf: Shelf, *, upright: bool = False, on_one: bool = False) -> None:
    """A4 and one page wide, landscape unless ``upright``; title and page number at the foot. ``on_one``: one page."""
    sheet.set_paper(_A4)
    if upright:
        sheet.set_portrait()
    else:
        sheet.set_landscape()
    sheet.fit_to_pages(1, int(on_one))
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
    sheet.center_horizontally()
    title = (" ".join(shelf.title.split())[:_LONGEST_FOOTER] + shelf.warning).replace("&", "&&")
    sheet.set_footer(f"&L&9{_apart(title)}&C&9&A&R&9{shelf.say('page_of')}")


def _apart(text: str) -> str:
    # Digits behind a font size would be read as part of it.
    return f" {text}" if text[:1].isdigit() else text


def write_leaf(shelf: Shelf, leaf: Leaf) -> Any:
    """The sheet of a leaf; the sheet as xlsxwriter has it."""
    columns = columns_of(leaf.table, shelf.lang, shares=leaf.shares)
    sheet = shelf.book.add_worksheet(leaf_name(leaf, shelf.lang))
    put_on_paper(sheet, shelf)
    head = _write_top(shelf, sheet, leaf, columns)
    _set_heights(sheet, columns[: leaf.printed_columns], top=head + 1)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width)
        _write_column(shelf, sheet, leaf, column, place=place, top=head + 1)
    _finish(shelf, sheet, leaf, columns, head=head)
    return sheet


def _write_top(shelf: Shelf, sheet: Any, leaf: Leaf, columns: Sequence[Column]) -> int:
    """Title, a line on what it is, headings; the row of the headings, from 0."""
    sheet.set_row(0, 26)
    sheet.write_string(0, 0, leaf_title(leaf, shelf.lang), shelf.looks.title())
    sheet.write_url(1, 0, link_to(shelf.say("cover")), shelf.looks.link(), shelf.say("to_cover"))
    said = leaf_about(leaf, shelf.lang)
    if leaf.printed_rows < len(leaf.table):
        said += shelf.say("printed_part", printed=leaf.printed_rows, rows=len(leaf.table))
    if len(columns) > 1 and said:
        sheet.write_string(1, 1, said, shelf.looks.said())
    head = 3 if any(c.group for c in columns) else 2
    if head == 3:
        _write_groups(shelf, sheet, columns)
    for place, column in enumerate(columns):
        sheet.write_string(head, place, column.head, shelf.looks.head())
    sheet.set_row(head, _height(columns))
    return head


def _write_groups(shelf: Shelf, sheet: Any, columns: Sequence[Column]) -> None:
    """What stands over several columns, merged; nothing over a column of its own."""
    look, place, lines = shelf.looks.head(group=True), 0, 1
    for group, members in groupby(columns, key=lambda c: c.group):
        some = list(members)
        end = place + len(some) - 1
        if group and end > place:
            sheet.merge_range(2, place, 2, end, "", look)
        for at in range(place, end + 1):
            sheet.write_blank(2, at, None, look if group else shelf.looks.head())
        if group:
            sheet.write_string(2, place, group[:255], look)
            lines = max(lines, math.ceil(wide(group) / max(sum(c.width for c in some) - 2, 1)))
        place = end + 1
    sheet.set_row(2, _LINE_POINTS * min(lines, 4) + 5)


def _height(columns: Sequence[Column]) -> float:
    lines = max((math.ceil(wide(c.head) / max(c.width - 3, 1)) for c in columns), default=1)
    return _LINE_POINTS * min(lines, 4) + 6


def _set_heights(sheet: Any, columns: Sequence[Column], *, top: int) -> None:
    """Rows whose texts take several lines in what is printed; not every program finds out by itself."""
    wrapped = [column.lines() for column in columns if column.wraps]
    for row, lines in enumerate(zip(*wrapped, strict=True)):
        if max(lines) > 1:
            sheet.set_row(top + row, _LINE_POINTS * min(max(lines), _MOST_LINES) + 2)


def _write_column(shelf: Shelf, sheet: Any, leaf: Leaf, column: Column, *, place: int, top: int) -> None:
    tones = _tones(shelf.lang) if column.key in _TONED else {}
    wrap, known = column.wraps, {}
    for row, value in enumerate(column.values):
        if value is None and row >= leaf.printed_rows:
            continue
        look = (column.form_of(row) if value is not None and not isinstance(value, str) else "",
                tones.get(value, "") if tones else "", row < leaf.totals)  # fmt: skip
        if look not in known:
            known[look] = shelf.looks.cell(look[0], tone=look[1], strong=look[2], wrap=wrap)
        _write(sheet, top + row, place, value, known[look])


def _write(sheet: Any, row: int, column: int, value: Any, look: Any) -> None:
    """Text is written as text: never a formula, a link or a number."""
    if value is None:
        sheet.write_blank(row, column, None, look)
    elif isinstance(value, str):
        sheet.write_string(row, column, value, look)
    elif isinstance(value, float):
        sheet.write_number(row, column, value, look)
    else:
        sheet.write_datetime(row, column, value, look)


def _tones(lang: str) -> Mapping[str, str]:
    return {i18n.say(key, lang): tone for key, tone in _TONES.items()}


def _finish(shelf: Shelf, sheet: Any, leaf: Leaf, columns: Sequence[Column], *, head: int) -> None:
    """Filter, frozen headings, bars in shares, what is printed."""
    rows, last = len(leaf.table), len(columns) - 1
    if not rows:
        sheet.write_string(head + 1, 0, shelf.say("no_rows"), shelf.looks.said())
    sheet.autofilter(head, 0, head + max(rows, 1), last)
    sheet.freeze_panes(head + 1, 1)
    sheet.repeat_rows(head - 1 if head == 3 else head, head)
    sheet.print_area(0, 0, head + max(leaf.printed_rows, 1), leaf.printed_columns - 1)
    for place, column in enumerate(columns):
        if column.key in _BARS and rows:
            sheet.conditional_format(head + 1, place, head + rows, place, _bar())
    if rows:  # an id or a code that looks like a number is still text
        sheet.ignore_errors({"number_stored_as_text": _range(head + 1, head + rows, last)})


def _bar() -> dict[str, Any]:
    # As Excel 2007 has it: later kinds of bars are told as unknown by other readers of workbooks.
    return {"type": "data_bar", "bar_color": looks.BAR, "min_type": "num", "max_type": "num", "min_value": 0,
            "max_value": 1, "min_length": 0, "max_length": 100}  # fmt: skip


def _range(first: int, end: int, last: int) -> str:
    from xlsxwriter.utility import xl_range

    return str(xl_range(first, 0, end, last))
