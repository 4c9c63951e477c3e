"""Workbooks as a person reads them: the sheet, merged cells, headings over several columns, hidden and struck rows."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from quarterhour.base import limits
from quarterhour.base.errors import DataError
from quarterhour.base.findings import Severity, finding, join_findings
from quarterhour.io.files.checks import read_checked
from quarterhour.io.files.grid import from_grid
from quarterhour.io.files.header import Cells, Roles, Table, column_letters, column_names, header_at, titles_above
from quarterhour.io.files.unseen import clean_grid
from quarterhour.io.files.workbook import Book, OtherBook, Page, SheetPart, Span

HiddenRows = Literal["use", "skip"]
OTHER_BOOKS = (".xls", ".et", ".ods")
_SHOWN = 5


def read_xlsx(
    file: Path, *, sheet: str | None, header_row: int | None, roles: Roles, hidden_rows: HiddenRows = "use"
) -> Table:
    """A sheet of a workbook; its header is found below the titles unless ``header_row`` says where.

    Rows that are hidden, filtered away or struck out are used or skipped as ``hidden_rows`` says, and told either way.
    """
    part, page, found = read_checked(file, lambda: _opened(file, sheet), part=sheet or "", slips=True)
    at: dict[str, Any] = {"table": "", "file": str(file), "sheet": part.name}
    grid, marks = clean_grid(page.grid)
    found += [finding("formula_blank", severity="warning", row=r, value=c, **at) for r, c in page.formulas]
    head = header_at(grid, file=str(file), header_row=header_row)
    depth = _header_depth(page.merged, head)
    top = head + depth
    _check_merged(grid, page.merged, top, file, part.name)
    _fill_header(grid, page.merged, top)
    names, _ = column_names(grid[head:top], file=str(file), sheet=part.name)
    found += _fill_body(grid, page.merged, top, names, roles, at)
    odd = {
        n for n in page.hidden | page.struck if n > top and n <= len(grid) and any(c is not None for c in grid[n - 1])
    }
    found += _hidden_told(odd & page.hidden, odd & page.struck, hidden_rows, at)
    found += _struck_cells_told([(n, c) for n, c in page.struck_cells if n > top and c in names], at)
    found += [finding("rows_folded", severity="note", **at)] if page.folded else []
    frame, first, more, rows = from_grid(
        grid, file=str(file), sheet=part.name, header_row=head + 1, depth=depth,
        left_out=odd if hidden_rows == "skip" else (), marks=marks,
    )  # fmt: skip
    above = titles_above(grid, head)
    return Table(frame, str(file), part.name, "", first, join_findings([*found, more]), rows, above)


def sheet_names(file: Path) -> list[str]:
    """The sheets of a workbook that show cells, in their order."""
    if file.suffix.lower() in OTHER_BOOKS:
        return _shown_sheets(OtherBook(file))
    with zipfile.ZipFile(file) as packed:
        return _shown_sheets(Book(packed, file))


def _shown_sheets(book: Book | OtherBook) -> list[str]:
    return [s.name for s in book.sheets if book.has_cells(s) and not s.hidden]


def _opened(file: Path, sheet: str | None) -> tuple[SheetPart, Page, list[pd.DataFrame]]:
    if file.suffix.lower() in OTHER_BOOKS:
        other = OtherBook(file)
        part, found = _chosen(other, file, sheet)
        return part, other.page(part), [*found, finding("rows_unseen", severity="note", table="", file=str(file))]
    with zipfile.ZipFile(file) as packed:
        book = Book(packed, file)
        part, found = _chosen(book, file, sheet)
        return part, book.page(part), found


def _chosen(book: Book | OtherBook, file: Path, sheet: str | None) -> tuple[SheetPart, list[pd.DataFrame]]:
    """The sheet that is named, or the only one that shows cells; hidden ones are told."""
    names = [s.name for s in book.sheets]
    if sheet is not None and sheet not in names:
        raise DataError("files.no_sheet", file=str(file), sheet=sheet, found=", ".join(names))
    filled = [s for s in book.sheets if book.has_cells(s)]
    shown = [s for s in filled if not s.hidden]
    if sheet is None and (len(shown) > 1 or (not shown and len(filled) > 1)):
        raise DataError("files.which_sheet", file=str(file), found=", ".join(s.name for s in shown or filled))
    chosen = book.sheets[names.index(sheet)] if sheet is not None else (shown or filled or book.sheets)[0]
    told = [_sheet_told("hidden_sheet_read", "warning", chosen, file)] if chosen.hidden else []
    others = [s for s in filled if s.hidden and s is not chosen] if sheet is None else []
    return chosen, [*told, *(_sheet_told("hidden_sheet", "note", s, file) for s in others)]


def _sheet_told(rule: str, severity: Severity, sheet: SheetPart, file: Path) -> pd.DataFrame:
    return finding(rule, severity=severity, table="", file=str(file), value=sheet.name)


def _check_merged(grid: list[Cells], merged: Sequence[Span], top: int, file: Path, sheet: str) -> None:
    """DataError where merged cells cover more cells of the sheet than a sheet may have."""
    wide, cells = max((len(row) for row in grid), default=0), 0
    for span in merged:
        first, left, last, right = span
        across = max(0, min(right + 1, wide) - left) if first < top else 1
        cells += max(0, min(last + 1, len(grid)) - first) * across
        if cells > limits.limit("sheet_cells"):
            more = f"> {limits.limit('sheet_cells'):,}"
            raise DataError("files.merged_far", file=str(file), sheet=sheet, range=_range_name(span), cells=more)


def _header_depth(merged: Sequence[Span], head: int) -> int:
    """Two rows when a heading spans several columns (人口 over 60岁以上, 80岁以上)."""
    spans = [m for m in merged if m[0] == head]
    deep = max((bottom - head + 1 for _, _, bottom, _ in spans), default=1)
    across = any(right > left for _, left, _, right in spans)
    return max(deep, 2) if across else deep


def _fill_header(grid: list[Cells], merged: Sequence[Span], top: int) -> None:
    """Merged cells above the body: their text in every cell of the range that the sheet uses."""
    wide = max((len(row) for row in grid), default=0)
    for first, left, last, right in merged:
        value = _cell(grid, first, left)
        if first < top and value is not None:
            for r in range(first, min(last + 1, top, len(grid))):
                for c in range(left, min(right + 1, wide)):
                    _set(grid, r, c, value)


def _fill_body(
    grid: list[Cells], merged: Sequence[Span], top: int, names: Mapping[int, str], roles: Roles, at: Mapping[str, str]
) -> list[pd.DataFrame]:
    """Merged cells of the body: a text, or what the column's role says holds for each row, is written to each row.

    An amount stays in the first row, lest it count several times; without a role a cell of the type number is one.
    A row without a cell of its own is no record and stays blank.
    """
    alive = [any(c is not None for c in row) for row in grid]
    filled: dict[str, list[Span]] = {}
    kept: dict[str, list[Span]] = {}
    for span in sorted(merged):
        first, left, last, _ = span
        value = _cell(grid, first, left)
        if first < top or value is None or left not in names or first == last:
            continue
        name = names[left]
        holds = name in roles.texts or name in roles.numeric or isinstance(value, str)
        once = name in roles.amounts or not holds
        (kept if once else filled).setdefault(name, []).append(span)
        for r in () if once else range(first, min(last + 1, len(grid))):
            if alive[r]:
                _set(grid, r, left, value)
    told = [_merged_told("merged_filled", "note", name, spans, at) for name, spans in filled.items()]
    return told + [_merged_told("merged_number", "warning", name, spans, at) for name, spans in kept.items()]


def _merged_told(
    rule: str, severity: Severity, name: str, spans: Sequence[Span], at: Mapping[str, str]
) -> pd.DataFrame:
    shown = ", ".join(map(_range_name, spans[:_SHOWN])) + (f" … ({len(spans):,})" if len(spans) > _SHOWN else "")
    return finding(rule, severity=severity, row=spans[0][0] + 1, column=name, value=shown, **_any(at))


def _range_name(span: Span) -> str:
    first, left, last, right = span
    return f"{column_letters(left)}{first + 1}:{column_letters(right)}{last + 1}"


def _hidden_told(hidden: set[int], struck: set[int], wanted: HiddenRows, at: Mapping[str, str]) -> list[pd.DataFrame]:
    told = []
    for rule, rows in (("hidden_rows", hidden), ("struck_rows", struck - hidden)):
        if rows:
            first = sorted(rows)
            shown = ", ".join(map(str, first[:_SHOWN])) + (" …" if len(rows) > _SHOWN else "")
            same = {"row": first[0], "value": str(len(rows)), "detail": shown, **at}
            told.append(finding(f"{rule}_{'used' if wanted == 'use' else 'skipped'}", severity="warning", **_any(same)))
    return told


def _struck_cells_told(cells: Sequence[tuple[int, int]], at: Mapping[str, str]) -> list[pd.DataFrame]:
    """A warning where a cell's text is struck out, all or part of it, in a row that is not: all of it was read."""
    if not cells:
        return []
    shown = ", ".join(f"{column_letters(c)}{n}" for n, c in cells[:_SHOWN]) + (" …" if len(cells) > _SHOWN else "")
    same = {"row": cells[0][0], "value": str(len(cells)), "detail": shown, **at}
    return [finding("struck_cells", severity="warning", **_any(same))]


def _cell(grid: Sequence[Cells], row: int, column: int) -> object:
    return grid[row][column] if row < len(grid) and column < len(grid[row]) else None


def _set(grid: list[Cells], row: int, column: int, value: object) -> None:
    cells = grid[row]
    grid[row] = [*cells, *[None] * (column + 1 - len(cells))]
    grid[row][column] = value


def _any(at: Mapping[str, object]) -> dict[str, Any]:
    return dict(at)
