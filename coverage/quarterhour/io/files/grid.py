"""From rows of cells to a table: titles, totals, notes and a second table told apart from the records."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from quarterhour.base.findings import finding, findings_from, join_findings
from quarterhour.io.files.header import (
    Cells,
    Rows,
    column_letters,
    column_name,
    column_names,
    header_at,
    reads_as_number,
)
from quarterhour.io.files.totals import is_total
from quarterhour.io.files.unseen import Marks, marks_told

_FOOTNOTE = re.compile(
    r"(注|备注|说明|填表|填报|制表|审核|复核|单位|统计|数据来源|资料来源|note|source)[^:：]{0,6}[:：]|[①-⑳*＊※†‡]",
    re.IGNORECASE,
)
_MOST_FOOTNOTES = 5
_SHOWN = 5


@dataclass(eq=False)
class _Body:
    """The records met so far, and every other row by what it is."""

    numbers: list[int] = field(default_factory=list)
    records: list[Cells] = field(default_factory=list)
    odd: list[dict[str, Any]] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)
    sums: dict[int, dict[str, Any]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("totals", "notes", "left_out", "aside"), 0))

    def rows(self) -> Rows:
        return Rows(found=len(self.records) + sum(self.counts.values()), sums=self.sums, **self.counts)


_KINDS = {"totals_row": "totals", "footnote_row": "notes", "header_again": "notes", "ragged_row": "aside"}


def from_grid(
    grid: list[Cells],
    *,
    file: str,
    sheet: str,
    header_row: int | None,
    ragged: bool = False,
    depth: int = 1,
    left_out: Container[int] = frozenset(),
    marks: Marks | None = None,
) -> tuple[pd.DataFrame, int, pd.DataFrame, Rows]:
    """The table below the header, the number of its first row, what is told, and what became of each row.

    Only columns with a name go on. ``ragged``: a row longer than the header is a row with a comma too many (text);
    else its last cells are strays (a sheet). ``left_out``: numbers of rows that are not wanted.
    """
    head = header_at(grid, file=file, header_row=header_row)
    top = head + depth
    names, found = column_names(grid[head:top], file=file, sheet=sheet)
    body = _Body()
    end = _fill(body, grid, top, names, ragged=ragged, left_out=left_out)
    at = {"file": file, "sheet": sheet}
    found += marks_told(marks or {}, names, first=head, last=end, file=file, sheet=sheet)
    found.append(findings_from([{**row, **at} for row in body.odd]))
    found += _strays_told(body, at) + _nameless_told(grid[top:end], names, at)
    index = pd.Index(body.numbers, dtype="int64", name="row")
    columns = {
        name: pd.Series([r[i] if i < len(r) else None for r in body.records], index=index, dtype="object")
        for i, name in names.items()
    }
    return pd.DataFrame(columns, index=index), top + 1, join_findings(found), body.rows()


def _fill(
    body: _Body, grid: list[Cells], top: int, names: Mapping[int, str], *, ragged: bool, left_out: Container[int]
) -> int:
    """Sorts the rows below the header; where a second table begins it stops. The position behind the last row taken."""
    width = max(names, default=-1) + 1
    after_gap = False
    for at in range(top, len(grid)):
        cells, number = grid[at], at + 1
        if not any(c is not None for c in cells):
            after_gap = True
            continue
        if number in left_out:
            body.counts["left_out"] += 1
            continue
        again = _is_header(cells, names)
        if after_gap and not again and _begins_table(cells, body.records, _next_filled(grid, at)):
            rest = sum(any(c is not None for c in row) for row in grid[at:])
            body.counts["aside"] += rest
            said = ", ".join(str(c) for c in cells if c is not None)
            told = {"rule": "second_table", "severity": "error", "row": number, "value": said, "detail": str(rest)}
            body.odd.append(told)
            return at
        after_gap = False
        _sort_row(body, cells, number, names, width, ragged=ragged)
    return len(grid)


def _sort_row(body: _Body, cells: Cells, number: int, names: Mapping[int, str], width: int, *, ragged: bool) -> None:
    odd = _odd_row(cells, names, width, ragged=ragged)
    if odd:
        body.odd.append({**odd, "row": number, "detail": str(width)})
    kind = _KINDS.get(odd["rule"]) if odd else None
    beyond = [i for i, c in enumerate(cells) if c is not None and i >= width]
    if kind is None and beyond:
        body.stray.extend(f"{column_letters(i)}{number}" for i in beyond)
        if len(beyond) == sum(c is not None for c in cells):
            kind = "notes"
    if kind:
        body.counts[kind] += 1
        if kind == "totals":
            body.sums[number] = {name: cells[i] if i < len(cells) else None for i, name in names.items()}
        return
    body.numbers.append(number)
    body.records.append(cells)


def _odd_row(cells: Cells, names: Mapping[int, str], width: int, *, ragged: bool) -> dict[str, str] | None:
    filled = [c for c in cells if c is not None]
    if is_total(filled[0]):
        return {"rule": "totals_row", "severity": "warning", "value": str(filled[0])}
    if width > 1 and _is_footnote(filled):
        return {"rule": "footnote_row", "severity": "note", "value": str(filled[0])}
    if len(filled) > 1 and _is_header(cells, names):
        return {"rule": "header_again", "severity": "note", "value": ", ".join(map(str, filled[:_SHOWN]))}
    if ragged and any(c is not None for c in cells[width:]):
        return {"rule": "ragged_row", "severity": "error", "value": str(len(cells))}
    if ragged and len(cells) < width:
        return {"rule": "short_row", "severity": "warning", "value": str(len(cells))}
    return None


def _is_footnote(filled: Sequence[Any]) -> bool:
    """One cell that begins as a note does, or several that each do (制表：… 审核：…)."""
    return len(filled) <= _MOST_FOOTNOTES and all(_FOOTNOTE.match(re.sub(r"\s", "", str(c))) for c in filled)


def _is_header(cells: Cells, names: Mapping[int, str]) -> bool:
    """Whether a row is the header once more, as at the head of each printed page."""
    there = [(i, c) for i, c in enumerate(cells) if c is not None]
    return all(isinstance(c, str) and names.get(i) == column_name(c) for i, c in there)


def _next_filled(grid: list[Cells], at: int) -> Cells:
    return next((row for row in grid[at + 1 :] if any(c is not None for c in row)), [])


def _begins_table(cells: Cells, records: Sequence[Cells], below: Cells) -> bool:
    """Text alone, over a number, where the table above has nothing but numbers: the header of another table."""
    there = [i for i, c in enumerate(cells) if c is not None]
    if len(there) < 2 or any(reads_as_number(cells[i]) for i in there) or not records:
        return False
    over_number = any(i < len(below) and below[i] is not None and reads_as_number(below[i]) for i in there)
    return over_number and any(_only_numbers(records, i) for i in there)


def _only_numbers(records: Sequence[Cells], column: int) -> bool:
    above = [r[column] for r in records if column < len(r) and r[column] is not None]
    return bool(above) and all(map(reads_as_number, above))


def _strays_told(body: _Body, at: Mapping[str, str]) -> list[pd.DataFrame]:
    if not body.stray:
        return []
    shown = ", ".join(body.stray[:_SHOWN])
    return [finding("stray_cells", severity="warning", table="", value=str(len(body.stray)), detail=shown, **at)]


def _nameless_told(rows: Sequence[Cells], names: Mapping[int, str], at: Mapping[str, str]) -> list[pd.DataFrame]:
    """Columns with cells but without a heading, between those that have one."""
    width = min(max(names, default=-1) + 1, max((len(r) for r in rows), default=0))
    empty = [i for i in range(width) if i not in names]
    filled = [i for i in empty if any(i < len(r) and r[i] is not None for r in rows)]
    if not filled:
        return []
    shown = ", ".join(map(column_letters, filled[:_SHOWN]))
    return [finding("nameless_columns", severity="note", table="", value=str(len(filled)), detail=shown, **at)]
