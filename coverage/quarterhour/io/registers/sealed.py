"""What may be said of a register that could not be read: no cell, no heading, no line of it is quoted."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from typing import TypeVar

import pandas as pd

from quarterhour.base.errors import DataError, MissingError, QuarterhourError, WriteError

_Made = TypeVar("_Made")
_OWN = ("registers.", "geocode.")
_SAFE = {"files.missing", "files.not_a_file", "files.refused", "files.unknown_format", "files.empty", "limits.too_much",
         "files.not_what_it_says", "files.header_row", "files.no_header", "files.which_sheet", "files.no_sheet",
         "files.no_layer", "files.which_layer", "files.book_locked", "files.zip_locked", "files.unknown_encoding",
         "files.encoding", "files.datum_metres", "files.bomb", "files.zip_packed"}  # fmt: skip
"""Errors that say a file or a number of rows, and a sheet or a layer that the study names."""
_LISTED = "found"
"""What else there is, of sheets or layers: somebody may have named one after a person."""
_USUAL = re.compile(r"(?:sheet|工作表|表)? ?\d{1,3}", re.IGNORECASE)
_PLACE = re.compile(r"[A-Z]{0,3}\d{1,7}(?:[:\-–][A-Z]{0,3}\d{1,7})?|…|\d{1,3}(?:,\d{3})+")
"""The number of a row, a cell as B7, a range of them, a count."""
_TELLS = {"encoding_taken"}
HIDDEN = "***"


def sealed(file: str, work: Callable[[], _Made]) -> _Made:
    """What ``work`` makes; what it raises says which file it was and what kind of thing went wrong, and quotes nothing.

    The error has neither cause nor context: a parser's own words may hold a cell.
    """
    told: QuarterhourError | None = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return work()
    except (MissingError, WriteError) as error:
        told = type(error)(error.key, **error.values)
    except QuarterhourError as error:
        listed = {k: HIDDEN for k in error.values if k == _LISTED and not error.key.startswith(_OWN)}
        values = {**error.values, **listed}
        told = type(error)(error.key, **values) if _quotes_nothing(error) else _unreadable(file, error.key)
    except MemoryError:
        raise
    except Exception as error:
        told = _unreadable(file, type(error).__name__)
    raise told  # out here it has no context


def _unreadable(file: str, kind: str) -> DataError:
    return DataError("registers.unreadable", file=file, kind=kind)


def _quotes_nothing(error: QuarterhourError) -> bool:
    return error.key in _SAFE or error.key.startswith((*_OWN, "study.", "postgis.no_variable", "postgis.no_table"))


def told_sheet(name: str, named: str | None) -> str:
    """The name of a sheet as it may be told: as the study names it, or as spreadsheets do."""
    return name if not name or name == named or _USUAL.fullmatch(name) else HIDDEN


def masked(findings: pd.DataFrame, columns: Mapping[str, str], table: str, sheet: str | None) -> pd.DataFrame:
    """What a reader found in a register's file, without a word of a cell, a heading or a sheet that the study does not
    name.

    Numbers of rows, cells and counts stay.
    """
    if findings.empty:
        return findings
    theirs = set(columns.values())
    plain = findings["rule"].isin(_TELLS)
    out = findings.assign(table=table, id="")
    out["column"] = out["column"].where(out["column"].isin(theirs), "")
    out["sheet"] = out["sheet"].map(lambda name: told_sheet(name, sheet))
    for field in ("value", "detail"):
        out[field] = out[field].where(plain | out[field].map(_is_place), HIDDEN)
    return out


def _is_place(text: str) -> bool:
    return all(_PLACE.fullmatch(part) for part in re.split(r"[,\s、()]+", text) if part)
