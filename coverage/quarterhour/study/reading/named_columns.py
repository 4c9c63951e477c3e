"""What of the tables of a study goes on: the columns that the program reads and those that the study names.

Whatever else stands in a file (names of households, telephones, numbers of identity cards) ends here, before a result
or a finding can hold it. This is the one place; writers need not know.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd

from quarterhour.io.synonyms import heading_key, headings
from quarterhour.standards.levels import CLASS, UNIT
from quarterhour.study.file.columns import known_columns
from quarterhour.study.file.declared import sources
from quarterhour.study.file.fields import Addressed
from quarterhour.study.file.study import StudyFile
from quarterhour.study.inputs import Inputs

_PLACES = ("communities", "towns", "counties", "facilities", "candidates")
_ALWAYS = ("name", "kind", "town", "county", "community", "quality", "source", "geometry", UNIT, CLASS)
_WHOLE_ROWS = ("second_table", "footnote_row")
"""Findings that quote cells of any column: who drew up a table, with a telephone."""
_OF_HEADS = ("offices.unit_changed", "offices.unit_unknown")
"""Findings that quote the unit in a heading, and no cell."""
_OF_FIGURES = ("level",)
"""What the program reads of every long table of figures, and no person's."""
_OF_NO_CELLS = ("where.", "osm.")
"""Findings of where tables lie and of OpenStreetMap: their column is a key of the study file (datum, crs) or a figure,
and what they say is what to write there."""
HIDDEN = "***"


def only_named(file: StudyFile, folder: Path, made: Inputs) -> Inputs:
    """The tables of places without a column that neither the program reads nor the study names."""
    known = known_columns(file, folder)
    tables = {name: _only(getattr(made, name), {*_ALWAYS, *known[name], *_addresses(file, name)}) for name in _PLACES}
    return replace(made, **tables)


def _only(table: gpd.GeoDataFrame, known: Iterable[str]) -> gpd.GeoDataFrame:
    some = set(known)
    return table[[c for c in table.columns if c in some or c == table.geometry.name]]


def _addresses(file: StudyFile, table: str) -> set[str]:
    parts = [part for where, _, part in sources(file) if where[0] == table]
    return {part.address for part in parts if isinstance(part, Addressed) and part.address}


def without_unnamed(file: StudyFile, folder: Path, findings: pd.DataFrame) -> pd.DataFrame:
    """Findings that quote no cell of a column which the study does not name and the program does not read.

    Roads tell of no person: what is said of them stays whole.
    """
    if findings.empty:
        return findings
    known = {name: _said(columns, name) for name, columns in known_columns(file, folder).items()}
    for where, _, part in sources(file):
        name = str(getattr(part, "name", where[0])) if where[0] in ("tables", "layers") else str(where[0])
        read = _OF_FIGURES if where[0] == "tables" else ()
        known.setdefault(name, set()).update(heading_key(c) for c in (*part.columns, *part.columns.values(), *read))
    for name in _PLACES:
        known[name] |= {heading_key(c) for c in _addresses(file, name)}
    unnamed = [
        bool(column) and table in known and not all(heading_key(c) in known[table] for c in column.split(", "))
        for table, column in zip(findings["table"], findings["column"], strict=True)
    ]
    guarded = findings["column"].isin([c for family in file.guarded for c in family])
    own = findings["table"].isin(["registers", "roads"]) | findings["rule"].isin(_OF_HEADS)
    own |= findings["rule"].str.startswith(_OF_NO_CELLS)
    loose = findings["rule"].isin(_WHOLE_ROWS)
    hidden = (pd.Series(unnamed, index=findings.index) | guarded | loose) & ~own
    return findings.assign(**{c: findings[c].mask(hidden & findings[c].ne(""), HIDDEN) for c in ("value", "detail")})


def _said(columns: Iterable[str], table: str) -> set[str]:
    """Columns as findings call them, as headings are compared: by our name, or by a heading that means it."""
    meant = {key for keys in headings(table).values() for key in keys}
    return {"", *meant, *(heading_key(c) for c in (*_ALWAYS, *columns))}
