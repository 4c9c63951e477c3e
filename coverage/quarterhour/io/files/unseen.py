"""Characters that nobody sees, in cells and in names of columns: taken out and told, one line a column.

A zero-width mark in a code makes another code of it; a blank as wide as a character, or one that does not break,
at the edge of a cell does the same to whoever compares without taking blanks off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import geopandas as gpd
import pandas as pd

from quarterhour.base.cells import has_unseen, seen
from quarterhour.base.findings import Severity, finding, join_findings
from quarterhour.io.files.header import Cells, clean_cell, free_name, is_texty

_SHOWN_ROWS = 5
_PLAIN_BLANKS = " \t\r\n"
Marks = dict[tuple[int, int], bool]
"""Row and column (from 0) of the cells that lost something: True for unseen characters, False for wide blanks."""


def clean_grid(rows: Iterable[Cells]) -> tuple[list[Cells], Marks]:
    """Every cell as kept (``clean_cell``), and where something was taken off that nobody sees."""
    grid: list[Cells] = []
    marks: Marks = {}
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            if isinstance(cell, str) and not (cell.isascii() and cell.isprintable()) and _lost(cell):
                marks[r, c] = has_unseen(cell)
        grid.append([clean_cell(cell) for cell in row])
    return grid, marks


def _lost(text: str) -> bool:
    return has_unseen(text) or text.strip(_PLAIN_BLANKS) != text.strip()


def marks_told(
    marks: Marks, names: Mapping[int, str], *, first: int, last: int, file: str, sheet: str
) -> list[pd.DataFrame]:
    """One finding a column for the cells between two rows (from 0, the last left out)."""
    by_column: dict[int, list[tuple[int, bool]]] = {}
    for (r, c), hidden in sorted(marks.items()):
        if c in names and first <= r < last:
            by_column.setdefault(c, []).append((r + 1, hidden))
    at = {"file": file, "sheet": sheet}
    return [_told(names[c], lost, at) for c, lost in sorted(by_column.items())]


def _told(column: str, lost: list[tuple[int, bool]], at: Mapping[str, str]) -> pd.DataFrame:
    hidden = any(h for _, h in lost)
    rows = [r for r, h in lost if h or not hidden]
    severity: Severity = "warning" if hidden else "note"
    rule = "unseen" if hidden else "wide_blanks"
    return finding(
        rule, severity=severity, table="", row=rows[0], column=column, value=str(len(rows)), detail=_some(rows), **at
    )


def _some(rows: list[int]) -> str:
    return ", ".join(map(str, rows[:_SHOWN_ROWS])) + (" …" if len(rows) > _SHOWN_ROWS else "")


def clean_frame(frame: pd.DataFrame, *, file: str, layer: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A layer whose texts and names of columns hold nothing unseen; what was taken out is told."""
    at = {"file": file, "sheet": layer}
    out, told = _named(frame, at)
    shape = out.geometry.name if isinstance(out, gpd.GeoDataFrame) else None
    for column in out.columns:
        values = out[column]
        if column == shape or not is_texty(values):
            continue
        odd = {v for v in values.dropna().unique() if isinstance(v, str) and _lost(v)}
        if not odd:
            continue
        where = values.isin(odd)
        lost = [(int(row), has_unseen(v)) for row, v in zip(out.index[where], values[where], strict=True)]
        out = out.assign(**{column: values.map(lambda v: seen(v) if isinstance(v, str) else v)})
        told.append(_told(str(column), lost, at))
    return out, join_findings(told)


def _named(frame: pd.DataFrame, at: Mapping[str, str]) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    odd = [c for c in frame.columns if isinstance(c, str) and _lost(c)]
    used = {c for c in frame.columns if c not in odd}
    names: dict[str, str] = {}
    for column in odd:
        names[column] = free_name(seen(column), used)
        used.add(names[column])
    told = [finding("unseen_name", severity="note", table="", column=n, **at) for n in names.values()]
    return (frame.rename(columns=names) if names else frame), told
