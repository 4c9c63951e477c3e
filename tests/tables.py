"""Small tables as files, the same rows in each format."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import openpyxl

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
