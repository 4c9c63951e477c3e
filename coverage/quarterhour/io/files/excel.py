"""Workbooks: the sheet, its merged cells and headings over several columns, formulas that were never reckoned."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from quarterhour.base.errors import DataError
from quarterhour.base.findings import Severity, finding, join_findings
from quarterhour.io.files.header import Cells, Table, clean_cell, from_grid, header_at, reads_as_number

LARGEST_CELLS = 20_000_000


def read_xlsx(file: Path, *, sheet: str | None, header_row: int | None) -> Table:
    """A sheet of a workbook; its header is found below the titles unless ``header_row`` says where."""
    import openpyxl

    formulas = _formulas_in(file)
    try:
        book = openpyxl.load_workbook(file, data_only=True)
        written = openpyxl.load_workbook(file) if formulas else None
    except DataError:
        raise
    except Exception as error:  # openpyxl raises whatever the broken part makes it raise
        raise DataError("files.broken", file=str(file), detail=f"{type(error).__name__}: {error}") from error
    name = _sheet_name(book, file, sheet)
    page = book[name]
    if page.max_row * page.max_column > LARGEST_CELLS:
        raise DataError("files.too_wide", file=str(file), sheet=name, cells=page.max_row * page.max_column)
    grid = [[clean_cell(c) for c in row] for row in page.iter_rows(values_only=True)]
    at = {"table": "", "file": str(file), "sheet": name}
    found = _blank_formulas(page, written[name], at) if written else []
    head = header_at(grid, file=str(file), header_row=header_row)
    depth = _header_depth(page, head)
    found += _unmerge(grid, page, head + depth, at)
    frame, first, more = from_grid(grid, file=str(file), sheet=name, header_row=head + 1, depth=depth)
    return Table(frame, str(file), name, "", first, join_findings([*found, more]))


def _formulas_in(file: Path) -> bool:
    """Whether any sheet has formulas; a DTD in any part is refused (entity bombs)."""
    some = False
    with zipfile.ZipFile(file) as packed:
        for member in packed.namelist():
            if not member.endswith((".xml", ".rels")):
                continue
            try:
                data = packed.read(member)
            # RuntimeError: locked by a password; NotImplementedError: packed in a way that zipfile does not know
            except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError) as error:
                raise DataError("files.broken", file=str(file), detail=str(error)) from error
            if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
                raise DataError("files.broken", file=str(file), detail=f"DTD in {member}")
            some |= "worksheets/" in member and (b"<f>" in data or b"<f " in data)
    return some


def _sheet_name(book: Any, file: Path, sheet: str | None) -> str:
    names = [s.title for s in book.worksheets]
    if sheet is not None and sheet not in names:
        raise DataError("files.no_sheet", file=str(file), sheet=sheet, found=", ".join(names))
    filled = [s.title for s in book.worksheets if s.max_row > 1 or s.max_column > 1]
    if sheet is None and len(filled) > 1:
        raise DataError("files.which_sheet", file=str(file), found=", ".join(filled))
    return sheet or (filled or names)[0]


def _blank_formulas(values: Any, written: Any, at: Mapping[str, str]) -> list[pd.DataFrame]:
    return [
        finding("formula_blank", severity="warning", row=c.row, value=c.coordinate, **_any(at))
        for row in written.iter_rows()
        for c in row
        if c.data_type == "f" and values[c.coordinate].value is None
    ]


def _any(at: Mapping[str, str]) -> dict[str, Any]:
    return dict(at)


def _header_depth(page: Any, head: int) -> int:
    """Two rows when a heading spans several columns (人口 over 60岁以上, 80岁以上)."""
    spans = [m for m in page.merged_cells.ranges if m.min_row == head + 1]
    deep = max((m.max_row - head for m in spans), default=1)
    across = any(m.max_col > m.min_col for m in spans)
    return max(deep, 2) if across else deep


def _unmerge(grid: list[Cells], page: Any, body_at: int, at: Mapping[str, str]) -> list[pd.DataFrame]:
    found = []
    for merged in sorted(page.merged_cells.ranges, key=lambda m: (m.min_row, m.min_col)):
        value = grid[merged.min_row - 1][merged.min_col - 1]
        in_body = merged.min_row > body_at
        if value is None or (in_body and merged.max_col > merged.min_col):
            continue
        # A number that is repeated in every row would count its people several times.
        if not (in_body and reads_as_number(value)):
            for r in range(merged.min_row - 1, merged.max_row):
                for c in range(merged.min_col - 1, merged.max_col):
                    grid[r][c] = value
        if in_body:
            rule = "merged_number" if reads_as_number(value) else "merged_filled"
            severity: Severity = "warning" if reads_as_number(value) else "note"
            told = finding(rule, severity=severity, row=merged.min_row, value=merged.coord, **_any(at))
            found.append(told)
    return found
