"""Registers of persons summed to counts of the communities; the rows end here and go nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.base.arrays import IntArray
from quarterhour.base.errors import StudyError
from quarterhour.base.findings import finding, join_findings
from quarterhour.io import files
from quarterhour.io.files.located import WGS84, onto_wgs84
from quarterhour.io.registers import CARE, GRADES, Persons, Says, is_mangled, read_persons, sealed
from quarterhour.study.file.declared import format_of
from quarterhour.study.file.registers import RegisterFile
from quarterhour.study.file.study import StudyFile

TABLE = "registers"
_POINTS = ("csv", "xlsx", "xls")
"""Tables whose communities are points."""


def with_outlines(file: StudyFile) -> bool:
    """Whether doors of a register may lie in outlines of communities."""
    outlined = format_of(file.communities.path) not in _POINTS and "x" not in file.communities.columns
    return outlined and any(register.has_doors for register in file.registers)


def count_register(
    asked: RegisterFile, path: Path | files.Table, communities: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, pd.DataFrame, dict[str, Any]]:
    """The communities with the columns that a register makes (int64), findings, and the account of its rows.

    Rows of the register are used or set aside; those used are the sum of the column ``asked.people``. Communities
    may be points or outlines.
    """
    if asked.people in communities and not asked.replace:
        raise StudyError("registers.there_already", people=asked.people, file=path.name)
    persons = read_persons(
        path, table=TABLE, columns=asked.columns, words=asked.words, sheet=_text(asked.sheet), encoding=asked.encoding,
        header_row=asked.header_row, layer=asked.layer, hidden_rows=asked.hidden_rows,
    )  # fmt: skip
    said = Says(TABLE, asked.columns, persons.read.file, persons.read.sheet)
    at = sealed(path.name, lambda: _communities_of(asked, persons, communities, said))
    counted = persons.rows[at >= 0].assign(at=at[at >= 0])
    made = {column: _sums(asked, counted, column, len(communities)) for column in asked.made}
    told = join_findings([persons.findings, *said.told, _summed(asked, len(counted), made, path.name)])
    account = files.account_row(TABLE, persons.read, used=len(counted), door=_refused(persons.findings, said))
    quality = {f"{column}_quality": asked.quality for column in made}
    return communities.assign(**made, **quality), told, account


def _refused(read: pd.DataFrame, said: Says) -> pd.DataFrame:
    """What set single rows aside behind the reader, whose own count stands in its table."""
    every = join_findings([read, *said.told])
    return every[every["rule"].str.startswith("registers.")]


def _communities_of(asked: RegisterFile, persons: Persons, communities: gpd.GeoDataFrame, said: Says) -> IntArray:
    """The position of each person's community, -1 where it is not known, which is told."""
    rows = persons.rows
    ids = pd.Index(communities.index.astype(str))
    at: IntArray = ids.get_indexer(rows["community"]).astype(np.int64)
    blank = rows["community"].eq("").to_numpy()
    mangled = is_mangled(rows["community"]).to_numpy()
    said.aside("code_mangled", rows.index[mangled], "community")
    said.aside("code_unknown", rows.index[(at < 0) & ~blank & ~mangled], "community")
    if asked.has_doors:
        at[blank] = _by_door(asked, rows[blank], communities, said)
    else:
        said.aside("code_blank", rows.index[blank], "community")
    return at


def _by_door(asked: RegisterFile, rows: pd.DataFrame, communities: gpd.GeoDataFrame, said: Says) -> IntArray:
    """The outline that each door lies in, else the nearest community, if it is near enough."""
    there = (np.isfinite(rows["x"]) & np.isfinite(rows["y"])).to_numpy()
    said.aside("door_missing", rows.index[~there], "x")
    crs = WGS84 if asked.crs is None else asked.crs
    doors = gpd.GeoDataFrame(geometry=gpd.points_from_xy(rows["x"][there], rows["y"][there]), crs=crs)
    plane = onto_wgs84(doors, asked.datum, file=said.same["file"]).to_crs(communities.crs).geometry.to_numpy()
    good = np.isfinite(shapely.get_coordinates(plane)).all(axis=1) if len(plane) else np.zeros(0, dtype=bool)
    at = np.full(len(rows), -1, dtype=np.int64)
    found = np.full(len(plane), -1, dtype=np.int64)
    tree = shapely.STRtree(communities.geometry.to_numpy())
    (of, near), far = tree.query_nearest(plane[good], return_distance=True, all_matches=False)
    found[np.flatnonzero(good)[of]] = np.where(far <= asked.within_m, near, -1)
    at[there] = found
    said.aside("door_far", rows.index[there][found < 0], "x")
    return at


def _sums(asked: RegisterFile, counted: pd.DataFrame, column: str, size: int) -> IntArray:
    end = column.removeprefix(f"{asked.people}_") if column != asked.people else ""
    part = "care" if end in CARE else "grade" if end in GRADES else ""
    some = counted[counted[part] == end] if part else counted
    return np.bincount(some["at"].to_numpy(dtype=np.int64), minlength=size).astype(np.int64)


def _summed(asked: RegisterFile, used: int, made: dict[str, IntArray], file: str) -> pd.DataFrame:
    """That it was summed; no number of persons is said of it: how many rows were used stands in the account."""
    columns = ", ".join(made)
    rule = "registers.summed" if used else "registers.nobody"
    severity = "note" if used else "warning"
    return finding(rule, severity=severity, table=TABLE, file=file, column=asked.people, detail=columns)  # type: ignore[arg-type]


def _text(sheet: str | int | None) -> str | None:
    return None if sheet is None else str(sheet)
