"""Text as offices save it: UTF-8, GB18030, UTF-16 with a mark; and the CSV in it."""

from __future__ import annotations

import codecs
import contextlib
import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from quarterhour.base import limits
from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding, join_findings, no_findings
from quarterhour.io.files.checks import bytes_of
from quarterhour.io.files.grid import from_grid
from quarterhour.io.files.header import Table, titles_above
from quarterhour.io.files.unseen import clean_grid


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
    frame, first, found, rows = from_grid(
        grid, file=str(file), sheet="", header_row=header_row, ragged=True, marks=marks
    )
    told = join_findings([encoding_findings(file, used), found])
    return Table(frame, str(file), "", used, first, told, rows, titles_above(grid, first - 2))


_MARKS_A_CELL = 4
"""Commas stand in quoted cells too: a shape in WKT has one for each corner."""
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")


def _lines(text: str) -> Iterator[str]:
    """The lines of a text with their ends, as they are: a stream of it would take four bytes for each character."""
    return (line[0] for line in _LINE.finditer(text))


def _few_enough(rows: Iterable[list[str]], file: Path) -> Iterator[list[str]]:
    """The rows; DataError as soon as they have more cells than a table may."""
    most, cells = limits.limit("sheet_cells"), 0
    for row in rows:
        cells += len(row)
        if cells > most:
            raise limits.too_much("sheet_cells", f"> {most:,}", of=file)
        yield row


def _delimiter(text: str) -> str:
    """The mark that parts most lines into the same number of pieces; a comma of decimals does not reach the header."""
    lines = [line for line in text[:20_000].splitlines() if line.strip()]
    return max((",", "\t", ";", "|"), key=lambda mark: _evenness([line.count(mark) for line in lines]))


def _evenness(counts: list[int]) -> tuple[int, int]:
    often = Counter(c for c in counts if c).most_common(1)
    return (often[0][1], sum(counts)) if often else (0, 0)
