"""Registers of persons, read for the few columns that a study names and forgotten once they are counted.

A row is a person: what of it is kept is the code of the village or the point of the door, care and grade, never a name,
a number or a telephone. Every finding says file, row, column and what was wrong, and no message quotes a cell.
"""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.cells import half_width, numbers, texts
from quarterhour.base.errors import DataError
from quarterhour.base.findings import findings_from, join_findings
from quarterhour.io import files
from quarterhour.io.files.excel import HiddenRows
from quarterhour.io.files.header import column_name
from quarterhour.io.registers.sealed import masked, sealed, told_sheet

__all__ = ["CARE", "GRADES", "Persons", "Says", "is_mangled", "read_persons", "sealed"]
CARE, GRADES = ("home", "institution"), ("able", "half_disabled", "disabled")
_TOLD_EACH = 5
_MANGLED = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+")
_NUMBER = re.compile("[1-9]")
"""What neither 无, 不详, a dash nor a row of noughts has."""
_MASKED = re.compile(r"[*×●•■?？#_]|[xX]{2}")
_BRACKETS = re.compile(r"\(.*?\)|[\s_\-—·.。,，、()]")
_APOSTROPHES = "'’‘`\u02bc＇"
_WHOLE_DIGITS = 15
"""A number of more digits was rounded by whatever kept it as a number."""


@dataclass(frozen=True, eq=False)
class Persons:
    """Rows that may be counted, by their number in the file: ``community`` (code or ""), ``x``, ``y`` (NaN), ``care``
    and ``grade`` ("" where nobody says or it is in doubt). ``findings``: of the rows that are not there, and of doubts.
    ``read``: the table without its cells, for the account.
    """

    rows: pd.DataFrame
    findings: pd.DataFrame
    read: files.Table

    def __repr__(self) -> str:
        return f"<Persons: {len(self.rows)} rows>"


def read_persons(
    path: str | Path | files.Table,
    *,
    table: str,
    columns: Mapping[str, str],
    words: Mapping[str, str] | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    header_row: int | None = None,
    layer: str | None = None,
    hidden_rows: HiddenRows = "use",
) -> Persons:
    """The rows of a register, one a person; a person who is there twice (column ``person``) once.

    ``columns``: our name -> theirs, of ``community, x, y, care, grade, person``; nothing else is looked at. ``words``:
    what further words of care and grade mean. DataError and MissingError, whose messages quote no cell and no heading
    or sheet that the study does not name.
    """
    name = path.name if isinstance(path, files.Table) else Path(path).name

    def read() -> Persons:
        found = files.read_records(
            path, sheet=sheet, encoding=encoding, header_row=header_row, layer=layer, hidden_rows=hidden_rows,
            held=tuple(columns[c] for c in columns if c != "person"),
        )  # fmt: skip
        return _persons(found, table, columns, words or {}, sheet)

    return sealed(name, read)


def _persons(
    read: files.Table, table: str, columns: Mapping[str, str], words: Mapping[str, str], named: str | None
) -> Persons:
    sheet = told_sheet(read.sheet, named)
    said, known = Says(table, columns, read.file, sheet), _only_named(read, columns)
    rows = pd.DataFrame(index=read.frame.index)
    rows["community"] = _codes(known["community"]) if "community" in known else ""
    for axis in ("x", "y"):
        rows[axis] = numbers(known[axis]) if axis in known else np.nan
    for part in ("care", "grade"):
        rows[part] = _words(known, part, _facts()[part], words, said)
    again = _again(known.get("person"), said)
    told = join_findings([masked(read.findings, columns, table, named), *said.told])
    bare = files.Table(read.frame[[]], read.file, sheet, rows=read.rows)
    return Persons(rows[~rows.index.isin(again)], told, bare)


class Says:
    """Findings of one register: by rule, column and rows, never by what stands in a cell."""

    def __init__(self, table: str, columns: Mapping[str, str], file: str, sheet: str) -> None:
        self.columns, self.same = columns, {"table": table, "file": file, "sheet": sheet}
        self.told: list[pd.DataFrame] = []

    def aside(self, rule: str, rows: pd.Index, column: str, detail: Mapping[int, str] | None = None) -> None:
        """Rows that are not counted, each told."""
        known = detail or {}
        same = {"severity": "error", "rule": f"registers.{rule}", "column": self.columns.get(column, ""), **self.same}
        told = [{**same, "row": int(row), "detail": known.get(int(row), "")} for row in rows]
        self.told.append(findings_from(told))

    def doubt(self, rule: str, rows: pd.Index, column: str) -> None:
        """Rows that are counted all the same: how many, and the first of them."""
        if len(rows):
            shown = ", ".join(map(str, rows[:_TOLD_EACH])) + (" …" if len(rows) > _TOLD_EACH else "")
            about = {"column": self.columns.get(column, ""), "value": f"{len(rows):,}", "detail": shown}
            same = {"severity": "warning", "rule": f"registers.{rule}", **self.same}
            self.told.append(findings_from([{**same, **about, "row": int(rows[0])}]))


def _only_named(read: files.Table, columns: Mapping[str, str]) -> pd.DataFrame:
    """The named columns under our names; DataError names those that are not there, and no other."""
    plain = {column_name(c): c for c in read.frame.columns}
    lost = [theirs for theirs in columns.values() if column_name(theirs) not in plain]
    if lost:
        raise DataError("registers.no_column", file=read.file, missing=", ".join(lost))
    return pd.DataFrame({ours: read.frame[plain[column_name(theirs)]] for ours, theirs in columns.items()})


def _codes(cells: pd.Series) -> pd.Series:
    """Codes as text, without the apostrophe that marks text and the ".0" of a number."""
    plain = texts(cells).map(half_width).str.strip(_APOSTROPHES).str.strip()
    return plain.str.replace(r"^(\d+)\.0+$", r"\1", regex=True).astype("str")


def is_mangled(codes: pd.Series) -> pd.Series:
    """Codes that a spreadsheet turned into 3.71E+11."""
    return codes.map(lambda code: _MANGLED.fullmatch(code) is not None).astype(bool)


@functools.cache
def _facts() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    text = (resources.files("quarterhour") / "data" / "registers.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _word(text: str) -> str:
    return _BRACKETS.sub("", unicodedata.normalize("NFKC", text).casefold())


def _words(
    known: pd.DataFrame, part: str, meant: Mapping[str, tuple[str, ...]], own: Mapping[str, str], said: Says
) -> pd.Series:
    """What cells of care or grade mean; "" and told where they are blank or a word that nobody knows."""
    if part not in known:
        return pd.Series("", index=known.index, dtype="str")
    by_word = {_word(theirs): ours for ours, every in meant.items() for theirs in (ours, *every)}
    by_word |= {_word(theirs): ours for theirs, ours in own.items() if ours in meant}
    cells = texts(known[part])
    found = cells.map(lambda cell: by_word.get(_word(cell), "")).astype("str")
    said.doubt(f"{part}_blank", known.index[cells.eq("")], part)
    said.doubt(f"{part}_unknown", known.index[cells.ne("") & found.eq("")], part)
    return found


def _again(cells: pd.Series | None, said: Says) -> list[int]:
    """Rows of persons who stand above already; told by the number of the row alone."""
    if cells is None:
        return []
    rounded = cells.map(_rounded).astype(bool)
    plain = texts(cells).map(half_width).str.strip(_APOSTROPHES).str.replace(r"\s", "", regex=True).str.upper()
    rounded |= is_mangled(plain)
    said.doubt("person_rounded", cells.index[rounded], "person")
    blank = ~plain.str.contains(_NUMBER)
    masked_out = plain.str.contains(_MASKED) & ~blank
    said.doubt("person_blank", cells.index[blank], "person")
    said.doubt("person_masked", cells.index[masked_out], "person")
    usable = plain.where(~rounded & ~blank & ~masked_out)
    again = usable.notna() & usable.duplicated()
    new = usable[usable.notna() & ~again]
    first = dict(zip(new, new.index.astype(str), strict=True))
    rows = usable.index[again]
    above = [first[number] for number in usable[again]]
    said.aside("same_person", rows, "person", dict(zip(map(int, rows), above, strict=True)))
    return [int(r) for r in rows]


def _rounded(cell: Any) -> bool:
    """Whether a cell is a number too long to be known to its last digit."""
    return isinstance(cell, (float, np.floating)) and abs(cell) >= 10**_WHOLE_DIGITS
