"""What may be said of a register that could not be read: no cell, no heading, no line of it is quoted."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pandas as pd

from quarterhour.base.errors import DataError, MissingError, QuarterhourError, WriteError

_OWN = ("registers.", "geocode.")
_SAFE = {"files.missing", "files.not_a_file", "files.refused", "files.unknown_format", "files.empty", "files.too_large",
         "files.not_what_it_says", "files.header_row", "files.no_header", "files.which_sheet", "files.no_sheet",
         "files.no_layer", "files.which_layer", "files.book_locked", "files.zip_locked", "files.unknown_encoding",
         "files.encoding", "files.datum_metres", "files.bomb", "files.zip_packed"}  # fmt: skip
"""Errors that say a file, a sheet or a number of rows."""
_PLACE = re.compile(r"[A-Z]{0,3}\d{1,7}(?:[:\-–][A-Z]{0,3}\d{1,7})?|…|\d{1,3}(?:,\d{3})+")
"""The number of a row, a cell as B7, a range of them, a count."""
_TELLS = {"encoding_taken", "sheet_taken", "hidden_sheet_taken"}


@contextmanager
def sealed(file: str) -> Iterator[None]:
    """What is raised inside says which file it was and what kind of thing went wrong, and quotes nothing of it."""
    told: QuarterhourError | None = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (MissingError, WriteError) as error:
        told = error
    except QuarterhourError as error:
        told = error if _quotes_nothing(error) else DataError("registers.unreadable", file=file, kind=error.key)
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:  # a parser's own words may hold a cell
        told = DataError("registers.unreadable", file=file, kind=type(error).__name__)
    if told is not None:  # out here, so that what was raised inside is not handed on as its context
        told.__cause__ = told.__context__ = None
        raise told.with_traceback(None)


def _quotes_nothing(error: QuarterhourError) -> bool:
    return error.key in _SAFE or error.key.startswith((*_OWN, "study.", "postgis.no_variable", "postgis.no_table"))


def masked(findings: pd.DataFrame, columns: Mapping[str, str], table: str) -> pd.DataFrame:
    """What a reader found in a register's file, without a word of a cell or of a heading that the study does not name.

    Numbers of rows, cells and counts stay.
    """
    if findings.empty:
        return findings
    theirs = set(columns.values())
    plain = findings["rule"].isin(_TELLS)
    out = findings.assign(table=table, id="")
    out["column"] = out["column"].where(out["column"].isin(theirs), "")
    for field in ("value", "detail"):
        out[field] = out[field].where(plain | out[field].map(_is_place), "***")
    return out


def _is_place(text: str) -> bool:
    return all(_PLACE.fullmatch(part) for part in re.split(r"[,\s、()]+", text) if part)
