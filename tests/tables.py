"""Small tables as files, the same rows in each format."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from openpyxl.utils import range_boundaries

STUDY = "EPSG:32651"
Rows = list[list[Any]]


def save_csv(path: Path, rows: Rows) -> Path:
    """The rows as ``path.csv``, in UTF-8."""
    target = path.with_suffix(".csv")
    with target.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return target


def save_xlsx(path: Path, rows: Rows, *, merged: tuple[str, ...] = (), title: str = "Sheet") -> Path:
    """The rows as the only sheet of ``path.xlsx``."""
    target = path.with_suffix(".xlsx")
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.title = title
    for row in rows:
        page.append(row)
    for span in merged:
        page.merge_cells(span)
    book.save(target)
    return target


def sheet_table(sheet: Any) -> pd.DataFrame:
    """The table of a sheet of ``coverage.xlsx``: headings where its filter is, with what stands over them before."""
    _, first, _, last = range_boundaries(sheet.auto_filter.ref)
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=1)]
    heads = rows[first - 1]
    over = _groups(sheet, first - 1) if first == 4 else [""] * len(heads)
    said = [f"{group} {head}".strip() for group, head in zip(over, heads, strict=True)]
    return pd.DataFrame([row for row in rows[first:last] if any(v is not None for v in row)], columns=said)


def _groups(sheet: Any, row: int) -> list[str]:
    """What stands over each column, merged cells filled."""
    found = [str(cell.value or "") for cell in sheet[row]]
    for span in sheet.merged_cells.ranges:
        if span.min_row == row:
            found[span.min_col - 1 : span.max_col] = [found[span.min_col - 1]] * (span.max_col - span.min_col + 1)
    return found


def book_tables(path: Path) -> dict[str, pd.DataFrame]:
    """Every table of ``coverage.xlsx`` by the name of its sheet."""
    return {s.title: sheet_table(s) for s in openpyxl.load_workbook(path).worksheets if s.auto_filter.ref}
