"""From a table to places: the columns under our names, a point for each row, web-map coordinates set right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from quarterhour.base.cells import numbers
from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding, no_findings
from quarterhour.io import web_maps as datums
from quarterhour.io.files.header import Table

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "ID", "code", "编号", "代码", "编码"),
    "name": ("name", "NAME", "名称"),
    "x": ("x", "X", "lon", "lng", "longitude", "经度"),
    "y": ("y", "Y", "lat", "latitude", "纬度"),
}


def column_list(frame: pd.DataFrame) -> str:
    """The columns of a table, for a message."""
    return ", ".join(str(c) for c in frame.columns)


def renamed(read: Table, columns: dict[str, str], *, table: str) -> pd.DataFrame:
    """The user's columns under our names; a column that had our name by chance steps aside."""
    frame = read.frame
    missing = [theirs for theirs in columns.values() if theirs not in frame.columns]
    if missing:
        told = ", ".join(missing)
        raise DataError("places.missing_columns", table=table, file=read.file, missing=told, found=column_list(frame))
    for ours, theirs in _ALIASES.items():
        known = [n for n in theirs if n in frame.columns and n not in columns.values()]
        if ours not in columns and known:
            columns[ours] = known[0]
    out = frame.copy()
    shape = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    aside = {c: f"{c} (file)" for c in frame.columns if c in columns and columns[c] != c and c != shape}
    out = out.rename(columns=aside)
    # One column of theirs may serve twice (a code that is also the name).
    return out.assign(**{ours: frame[theirs] for ours, theirs in columns.items()})


def with_geometry(
    frame: pd.DataFrame, read: Table, *, crs: object, table: str, geometry: str
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """The rows with a shape each: their own, or a point from x and y."""
    if isinstance(frame, gpd.GeoDataFrame):
        if frame.crs is not None:
            return frame, no_findings()
        taken = CRS.from_user_input(crs)
        note = finding("crs_taken", severity="note", table=table, file=read.file, value=taken.name)
        return frame.set_crs(taken), note
    if "x" in frame.columns and "y" in frame.columns:
        x, y = numbers(frame["x"]), numbers(frame["y"])
        points = np.where(x.isna() | y.isna(), None, shapely.points(x.to_numpy(), y.to_numpy()))
        return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(points, index=frame.index, crs=crs)), no_findings()
    if geometry == "any":
        return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([None] * len(frame), index=frame.index, crs=crs)), (
            no_findings()
        )
    raise DataError("places.missing_columns", table=table, file=read.file, missing="x, y", found=column_list(frame))


def onto_wgs84(frame: gpd.GeoDataFrame, datum: str, *, file: str) -> gpd.GeoDataFrame:
    """Shapes off a web map (GCJ-02, BD-09) where they truly lie."""
    if datum == "wgs84":
        return frame
    if not CRS(frame.crs).is_geographic:
        raise DataError("files.datum_metres", file=file, datum=datum, crs=CRS(frame.crs).name)

    def shift(xy: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.column_stack(datums.to_wgs84(xy[:, 0], xy[:, 1], datum=datum))

    return frame.set_geometry(gpd.GeoSeries(shapely.transform(frame.geometry.values, shift), frame.index, crs=4326))
