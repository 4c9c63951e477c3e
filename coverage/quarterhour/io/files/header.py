"""From cells to a table: the header below the titles, totals and footnotes set aside, numbers made numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base import cells as found_cells
from quarterhour.base.cells import texts
from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding, findings_from, join_findings, no_findings

Cells = list[Any]
_TOTALS = re.compile(r"(合计|总计|小计|共计|总数|全市合计|total|subtotal|grandtotal|sum)[:：]?", re.IGNORECASE)
_FOOTNOTE = re.compile(r"(注|备注|说明|填表|制表|审核|数据来源|note|source)[^:：]{0,6}[:：]", re.IGNORECASE)
NUMBERLIKE = re.compile(r"[+-]?[\d,]*\.?\d+")
_MOST_TITLE_ROWS = 20


@dataclass(frozen=True, eq=False)
class Table:
    """A file as a table; the index ``row`` holds each row's number as the user sees it in Excel.

    ``first_row`` is the number of the first row of data, ``encoding`` what the text was read as
    ("" where the format says itself), ``findings`` what was set aside or assumed.
    """

    frame: pd.DataFrame
    file: str
    sheet: str = ""
    encoding: str = ""
    first_row: int = 1
    findings: pd.DataFrame = field(default_factory=no_findings)

    def __repr__(self) -> str:
        return f"<Table {self.file} {self.sheet}: {len(self.frame)} rows, {len(self.frame.columns)} columns>"


def clean_cell(value: Any) -> Any:
    """A cell as kept: None for blank, full-width digits as digits; names stay as written."""
    if not isinstance(value, str):
        return value.isoformat() if hasattr(value, "isoformat") else value
    text = value.strip()
    if text.isascii():
        return text or None
    plain = unicodedata.normalize("NFKC", text).strip()
    return plain if NUMBERLIKE.fullmatch(plain) else text


def from_grid(
    grid: list[Cells], *, file: str, sheet: str, header_row: int | None, ragged: bool = False, depth: int = 1
) -> tuple[pd.DataFrame, int, pd.DataFrame]:
    """The table below the header; totals, footnotes and rows of a wrong length are told."""
    head = header_at(grid, file=file, header_row=header_row)
    names, found = _column_names(grid[head : head + depth], file=file, sheet=sheet)
    width, rows, body, odds = len(names), [], [], []
    for number, cells in enumerate(grid[head + depth :], start=head + depth + 1):
        if not any(c is not None for c in cells):
            continue
        odd = _odd_row(cells, width, ragged=ragged)
        if odd:
            odds.append({**odd, "file": file, "sheet": sheet, "row": number, "detail": str(width)})
        if not odd or odd["rule"] == "short_row":
            rows.append(number)
            body.append((cells + [None] * width)[:width])
    found.append(findings_from(odds))
    index = pd.Index(rows, dtype="int64", name="row")
    columns = {n: pd.Series([r[i] for r in body], index=index, dtype="object") for i, n in enumerate(names)}
    return pd.DataFrame(columns, index=index), head + depth + 1, join_findings(found)


def _odd_row(cells: Cells, width: int, *, ragged: bool) -> dict[str, str] | None:
    filled = [c for c in cells if c is not None]
    first = re.sub(r"\s", "", str(filled[0]))
    if _TOTALS.fullmatch(first):
        return {"rule": "totals_row", "severity": "warning", "value": str(filled[0])}
    if len(filled) == 1 and _FOOTNOTE.match(first) and width > 1:
        return {"rule": "footnote_row", "severity": "note", "value": str(filled[0])}
    if any(c is not None for c in cells[width:]):
        return {"rule": "ragged_row", "severity": "error", "value": str(len(cells))}
    if ragged and len(cells) < width:
        return {"rule": "short_row", "severity": "warning", "value": str(len(cells))}
    return None


def header_at(grid: list[Cells], *, file: str, header_row: int | None) -> int:
    """The first row that names most columns: below the title, above the first number."""
    if header_row is not None:
        if not 1 <= header_row <= len(grid) or not any(c is not None for c in grid[header_row - 1]):
            raise DataError("files.header_row", file=file, header_row=header_row, rows=len(grid))
        return header_row - 1
    filled = [sum(c is not None for c in row) for row in grid[: _MOST_TITLE_ROWS * 2]]
    wide = max(filled, default=0)
    for at, row in enumerate(grid[:_MOST_TITLE_ROWS]):
        named = [c for c in row if c is not None]
        if named and len(named) >= max(min(2, wide), 0.6 * wide) and not any(map(reads_as_number, named)):
            return at
    raise DataError("files.no_header", file=file, rows=min(len(grid), _MOST_TITLE_ROWS))


def reads_as_number(cell: Any) -> bool:
    """Whether a cell is a number, or text that reads as one."""
    return not isinstance(cell, str) or NUMBERLIKE.fullmatch(cell) is not None


def _column_names(header: list[Cells], *, file: str, sheet: str) -> tuple[list[str], list[pd.DataFrame]]:
    width = max((i + 1 for row in header for i, c in enumerate(row) if c is not None), default=0)
    names: list[str] = []
    found: list[pd.DataFrame] = []
    for i in range(width):
        parts = dict.fromkeys(_column_name(row[i]) for row in header if i < len(row) and row[i] is not None)
        plain = name = "_".join(parts) or f"column_{i + 1}"
        turn = 2
        while name in names:
            name, turn = f"{plain} ({turn})", turn + 1
        if name != plain:
            at = {"file": file, "sheet": sheet, "value": plain, "column": name}
            found.append(finding("column_again", severity="warning", table="", **at))
        names.append(name)
    return names, found


def _column_name(cell: Any) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", str(cell))).strip()


def typed(frame: pd.DataFrame, *, keep: Sequence[str]) -> pd.DataFrame:
    """Columns of text that are all numbers become numbers, unless a code would lose by it."""
    out = frame.copy()
    active = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    for column in out.columns:
        if column == active or column in keep or not is_texty(out[column]):
            continue
        text = texts(out[column])
        out[column] = _numeric(text) if _all_plain_numbers(text) else _inferred(out[column])
    return out


def is_texty(values: pd.Series) -> bool:
    """Whether a column holds text."""
    return values.dtype == object or pd.api.types.is_string_dtype(values)


def _inferred(values: pd.Series) -> pd.Series:
    """Mixed columns as text, so that they can be written and compared."""
    kinds = {type(v) for v in values if v is not None and v == v}
    if kinds <= {str}:
        return values.astype("str")
    return texts(values).where(values.notna(), None).astype("str") if len(kinds) > 1 else values.infer_objects()


def _all_plain_numbers(text: pd.Series) -> bool:
    some = text[text.ne("")]
    code = some.str.match(r"[+-]?0\d") | (some.str.count(r"\d") > 15)
    return len(some) > 0 and not code.any() and bool(found_cells.numbers(some).notna().all())


def _numeric(text: pd.Series) -> pd.Series:
    numbers = found_cells.numbers(text)
    whole = numbers.notna().all() and numbers.eq(np.floor(numbers)).all()
    return numbers.astype("int64") if whole else numbers
