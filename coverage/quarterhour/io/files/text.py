"""Text as offices save it: UTF-8, GB18030, UTF-16 with a mark; and the CSV in it.

Excel runs a text of a CSV that begins with =, +, - or @ as a formula. What we write has a ' before such a text (and
before one that begins with ' and then such a sign, so that the rule can be turned back), and a last column without
values whose heading is '=. Of a file with that column the reader takes the ' off again and leaves the column out; in
any other file a ' is what somebody wrote, and stays.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from quarterhour.base import limits
from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding, join_findings, no_findings
from quarterhour.io.files.checks import bytes_of
from quarterhour.io.files.grid import from_grid
from quarterhour.io.files.header import NUMBERLIKE, Cells, Table, is_texty, titles_above
from quarterhour.io.files.unseen import clean_grid

_ARMED, _UNARMED = re.compile(r"'*[=+\-@\t\r\n]"), re.compile(r"'+[=+\-@\t\r\n]")
_SAYS_SO = "'="
"""The heading of our last column: texts left of it were unarmed. A column called = comes out so too, before it."""


def decoded(data: bytes, file: Path, encoding: str | None) -> tuple[str, str]:
    """The text and the encoding it was read as: named, by its mark, strict UTF-8, strict GB18030."""
    if encoding:
        return _decoded_as(data, file, encoding)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded_as(data, file, "utf-16")
    for guess in ("utf-8-sig", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(guess), guess.removesuffix("-sig")
    raise DataError("files.encoding", file=str(file), encoding="UTF-8, GB18030", at=_broken_at(data, "gb18030"))


def _decoded_as(data: bytes, file: Path, encoding: str) -> tuple[str, str]:
    try:
        return data.decode(encoding).removeprefix("\ufeff"), encoding
    except LookupError as error:
        raise DataError("files.unknown_encoding", file=str(file), encoding=encoding) from error
    except UnicodeError as error:
        at = _broken_at(data, encoding)
        raise DataError("files.encoding", file=str(file), encoding=encoding, at=at) from error


def _broken_at(data: bytes, encoding: str) -> int:
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start
    return 0


def encoding_findings(file: Path, encoding: str) -> pd.DataFrame:
    """A note on an encoding other than UTF-8."""
    if encoding in ("utf-8", ""):
        return no_findings()
    return finding("encoding_taken", severity="note", table="", file=str(file), value=encoding.upper())


def read_csv(file: Path, *, encoding: str | None, header_row: int | None) -> Table:
    """A CSV file, with commas, tabs, semicolons or bars."""
    text, used = decoded(bytes_of(file), file, encoding)
    if "\0" in text:
        raise DataError("files.broken", file=str(file), detail="NUL")
    mark = _delimiter(text)
    if text.count(mark) > _MARKS_A_CELL * limits.limit("sheet_cells"):  # before a line of them becomes a list
        raise limits.too_much("sheet_cells", text.count(mark), of=file)
    reader = csv.reader(_lines(text), delimiter=mark, strict=True)
    try:
        grid, marks = clean_grid(_few_enough(reader, file))
    except csv.Error as error:
        raise DataError("files.csv_broken", file=str(file), line=reader.line_num, detail=str(error)) from error
    grid = as_it_was(grid)
    frame, first, found, rows = from_grid(
        grid, file=str(file), sheet="", header_row=header_row, ragged=True, marks=marks
    )
    told = join_findings([encoding_findings(file, used), found])
    return Table(frame, str(file), "", used, first, told, rows, titles_above(grid, first - 2))


_MARKS_A_CELL = 4
"""Commas stand in quoted cells too: a shape in WKT has one for each corner."""


def _lines(text: str) -> Iterator[str]:
    """The lines of a text with their ends, as they are: a stream of it would take four bytes for each character."""
    begin, feed, back, end = 0, -1, -1, len(text)
    while begin < end:
        feed = _next("\n", text, begin) if feed < begin else feed
        back = _next("\r", text, begin) if back < begin else back
        stop = min(feed, back) + (2 if back + 1 == feed else 1)
        yield text[begin:stop]
        begin = stop


def _next(mark: str, text: str, begin: int) -> int:
    """Where a mark stands next; behind the text where it does not."""
    at = text.find(mark, begin)
    return len(text) + 1 if at < 0 else at


def _few_enough(rows: Iterable[list[str]], file: Path) -> Iterator[list[str]]:
    """The rows; DataError as soon as they have more cells than a table may."""
    most, cells = limits.limit("sheet_cells"), 0
    for row in rows:
        cells += len(row)
        if cells > most:
            raise limits.too_much("sheet_cells", of=file)
        yield row


def _delimiter(text: str) -> str:
    """The mark that parts most lines into the same number of pieces; a comma of decimals does not reach the header."""
    lines = [line for line in text[:20_000].splitlines() if line.strip()]
    return max((",", "\t", ";", "|"), key=lambda mark: _evenness([line.count(mark) for line in lines]))


def _evenness(counts: list[int]) -> tuple[int, int]:
    often = Counter(c for c in counts if c).most_common(1)
    return (often[0][1], sum(counts)) if often else (0, 0)


def unarmed(frame: pd.DataFrame) -> pd.DataFrame:
    """A table whose texts and headings Excel does not run, with a column that says so where any was changed."""
    safe = frame.copy()
    for column in safe.columns:
        if is_texty(safe[column]):
            safe[column] = safe[column].map(_disarm)
    safe.columns = pd.Index([_disarm(column) for column in frame.columns])
    if not _same(safe, frame):
        safe.insert(len(safe.columns), _SAYS_SO, "", allow_duplicates=True)
    return safe


def _same(safe: pd.DataFrame, frame: pd.DataFrame) -> bool:
    texts = [c for c in frame.columns if is_texty(frame[c])]
    return list(safe.columns) == list(frame.columns) and safe[texts].equals(frame[texts])


def _disarm(value: Any) -> Any:
    armed = isinstance(value, str) and _ARMED.match(value) and not NUMBERLIKE.fullmatch(value)
    return f"'{value}" if armed else value


def as_it_was(grid: list[Cells]) -> list[Cells]:
    """The cells of a CSV before ``unarmed``; those of a file that says nothing of it as they are.

    What stands left of the column that says so was written by the program; what somebody added right of it is theirs,
    and stays as it is.
    """
    places = [at for at, heading in enumerate(grid[0]) if heading == _SAYS_SO] if grid else []
    at = places[-1] if places else 0
    if at < 1 or any(row[at : at + 1] not in ([], [None]) for row in grid[1:]):
        return grid
    return [[*map(_arm, row[:at]), *row[at + 1 :]] for row in grid]


def _arm(cell: Any) -> Any:
    return cell[1:] if isinstance(cell, str) and _UNARMED.match(cell) else cell
