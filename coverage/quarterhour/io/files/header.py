"""From a table's cells to its columns: the header below the titles, names of columns, numbers made numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base import cells as found_cells
from quarterhour.base import limits
from quarterhour.base.cells import half_width, seen, texts
from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding, no_findings

Cells = list[Any]
NUMBERLIKE = re.compile(r"[+-]?[0-9,]*\.?[0-9]+")
_MOST_TITLE_ROWS = 20
_LARGEST_AMOUNT = 1e15
"""Numbers of more than 15 digits are codes."""


@dataclass(frozen=True)
class Rows:
    """What became of the rows below a table's header, up to the reader's end.

    ``found``: all that are not blank. Of these ``totals`` and ``notes`` are no records, ``left_out`` were not wanted
    (hidden rows by the study's word, deleted records), ``aside`` are records of a wrong shape; the rest was handed on.
    ``sums``: the cells of the rows of totals by their number, under the file's names of columns.
    """

    found: int
    totals: int = 0
    notes: int = 0
    left_out: int = 0
    aside: int = 0
    sums: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Roles:
    """What the asker knows of a file's columns, by their names in it.

    ``texts`` are names and codes, ``numeric`` are coordinates: both hold for each row. ``amounts`` count something and
    may not be repeated.
    """

    texts: Container[str] = frozenset()
    numeric: Container[str] = frozenset()
    amounts: Container[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Table:
    """A file as a table; the index ``row`` holds each row's number as the user sees it in Excel.

    ``first_row`` is the number of the first row of data, ``encoding`` what the text was read as
    ("" where the format says itself), ``findings`` what was set aside or assumed, ``rows`` what became
    of the file's rows (None: all of them are in the frame). ``titles``: the cells above the header, a row each.
    """

    frame: pd.DataFrame
    file: str
    sheet: str = ""
    encoding: str = ""
    first_row: int = 1
    findings: pd.DataFrame = field(default_factory=no_findings)
    rows: Rows | None = None
    titles: tuple[tuple[Any, ...], ...] = ()

    @property
    def name(self) -> str:
        """The name of the file without its folders."""
        return PurePath(self.file).name

    def __repr__(self) -> str:
        return f"<Table {self.file} {self.sheet}: {len(self.frame)} rows, {len(self.frame.columns)} columns>"


def clean_cell(value: Any) -> Any:
    """A cell as kept: None for blank, full-width digits as digits, without what nobody sees; names stay as written."""
    if not isinstance(value, str):
        return value.isoformat() if hasattr(value, "isoformat") else value
    text = seen(value)
    if text.isascii():
        return text or None
    plain = half_width(text)
    return plain if NUMBERLIKE.fullmatch(plain) else text


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


def titles_above(grid: Sequence[Cells], head: int) -> tuple[tuple[Any, ...], ...]:
    """The cells above a header, without blanks: what a form says of the whole of it."""
    return tuple(tuple(c for c in row if c is not None) for row in grid[:head])


def reads_as_number(cell: Any) -> bool:
    """Whether a cell is a number, or text that reads as one."""
    return not isinstance(cell, str) or NUMBERLIKE.fullmatch(cell) is not None


def column_names(header: list[Cells], *, file: str, sheet: str) -> tuple[dict[int, str], list[pd.DataFrame]]:
    """The names of the columns that have one, by position; a name that comes again is numbered and told."""
    width = max((i + 1 for row in header for i, c in enumerate(row) if c is not None), default=0)
    names: dict[int, str] = {}
    used: set[str] = set()
    found: list[pd.DataFrame] = []
    for i in range(width):
        parts = dict.fromkeys(column_name(row[i]) for row in header if i < len(row) and row[i] is not None)
        plain = "_".join(parts)
        if not plain:
            continue
        name = free_name(plain, used)
        if name != plain:
            at = {"file": file, "sheet": sheet, "value": plain, "column": name}
            found.append(finding("column_again", severity="warning", table="", **at))
        names[i] = name
        used.add(name)
        if len(names) > limits.limit("table_columns"):
            raise limits.too_much("table_columns", of=f"{file} / {sheet}" if sheet else file)
    return names, found


def column_name(cell: Any) -> str:
    """A heading as the name of its column: full-width forms as plain ones, line ends as blanks."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", seen(str(cell)))).strip()


def column_letters(column: int) -> str:
    """A column as a sheet names it, counted from 0: 0 is A, 26 is AA."""
    name = ""
    while column >= 0:
        name = chr(ord("A") + column % 26) + name
        column = column // 26 - 1
    return name


def free_name(plain: str, used: set[str]) -> str:
    """The name, or the first of ``name (2)``, ``name (3)`` ... that is not used yet."""
    name, turn = plain, 2
    while name in used:
        name, turn = f"{plain} ({turn})", turn + 1
    return name


def typed(frame: pd.DataFrame, *, keep: Sequence[str]) -> pd.DataFrame:
    """Columns of text that are all numbers become numbers, unless a code would lose by it."""
    out = frame.copy()
    active = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    for column in out.columns:
        if column == active or column in keep or not is_texty(out[column]):
            continue
        numeric = _stored_numbers(out[column])
        if numeric is not None:
            out[column] = numeric
            continue
        text = texts(out[column])
        out[column] = _numeric(text) if _all_plain_numbers(text) else _inferred(out[column])
    return out


def _stored_numbers(values: pd.Series) -> pd.Series | None:
    """A column of numbers that were stored as such (a workbook's), without the way through text; else None."""
    kinds = set(map(type, values))
    if not kinds <= {int, float, type(None)} or not kinds & {int, float}:
        return None
    found = values.astype("float64")
    sizes = found.dropna().abs()
    return _whole(found) if len(sizes) and sizes.lt(_LARGEST_AMOUNT).all() else None


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
    if found_cells.numbers(some.head(1)).isna().any():
        return False
    code = some.str.match(r"[+-]?0\d") | (some.str.count(r"\d") > 15)
    return len(some) > 0 and not code.any() and bool(found_cells.numbers(some).notna().all())


def _numeric(text: pd.Series) -> pd.Series:
    return _whole(found_cells.numbers(text))


def _whole(numbers: pd.Series) -> pd.Series:
    whole = numbers.notna().all() and numbers.eq(np.floor(numbers)).all()
    return numbers.astype("int64") if whole else numbers
