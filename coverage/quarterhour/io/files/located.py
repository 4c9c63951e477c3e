"""From a table to places: the columns under our names, a point for each row, web-map coordinates set right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from quarterhour.base.cells import texts
from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding, no_findings
from quarterhour.io import web_maps as datums
from quarterhour.io.coordinates import with_xy
from quarterhour.io.files.header import Roles, Table, column_name

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "ID", "code", "编号", "代码", "编码"),
    "name": ("name", "NAME", "名称"),
    "x": ("x", "X", "lon", "lng", "longitude", "经度"),
    "y": ("y", "Y", "lat", "latitude", "纬度"),
}


_WKT_NAMES = ("wkt", "geom", "geometry", "the_geom", "shape", "wkt_geom")
_WKT = r"(?i)\s*(?:MULTI)?(?:POINT|POLYGON|LINESTRING)\s*(?:Z|M|ZM)?\s*\("
_TEXTS = ("id", "name", "kind", "town", "county", "quality", "source")


def roles_of(columns: Mapping[str, str], people: Sequence[str]) -> Roles:
    """What the study file says of the columns of a file: which hold names, coordinates, people."""

    def theirs(*ours: str) -> frozenset[str]:
        named = {o: (columns[o],) if o in columns else (o, *_ALIASES.get(o, ())) for o in ours}
        return frozenset(form for names in named.values() for n in names for form in (n, column_name(n)))

    return Roles(texts=theirs(*_TEXTS), numeric=theirs("x", "y"), amounts=theirs(*people))


def column_list(frame: pd.DataFrame) -> str:
    """The columns of a table, for a message."""
    return ", ".join(str(c) for c in frame.columns)


def renamed(read: Table, columns: dict[str, str], *, table: str) -> pd.DataFrame:
    """The user's columns under our names; a column that had our name by chance steps aside."""
    frame = read.frame
    for ours, named in columns.items():
        # A heading is kept in its plain form; whoever copies it as it stands in the file means the same column.
        if named not in frame.columns and column_name(named) in frame.columns:
            columns[ours] = column_name(named)
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
        known = with_known_crs(frame, file=read.file)
        if known.crs is not None:
            return known, no_findings()
        taken = CRS.from_user_input(crs)
        note = finding("crs_taken", severity="note", table=table, file=read.file, value=taken.name)
        return known.set_crs(taken), note
    at = {"table": table, "file": read.file, "sheet": read.sheet}
    xy, told = with_xy(frame, degrees=CRS.from_user_input(crs).is_geographic, at=at)
    if xy is not None:
        x, y = xy["x"], xy["y"]
        points = np.where(x.isna() | y.isna(), None, shapely.points(x.to_numpy(), y.to_numpy()))
        frame = frame.assign(x=xy["given"], y=xy["given"]) if "given" in xy else frame
        return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(points, index=frame.index, crs=crs)), told
    shapes = _from_wkt(frame)
    if shapes is not None:
        return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, index=frame.index, crs=crs)), no_findings()
    if geometry == "any":
        return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([None] * len(frame), index=frame.index, crs=crs)), (
            no_findings()
        )
    raise DataError("places.missing_columns", table=table, file=read.file, missing="x, y", found=column_list(frame))


def _from_wkt(frame: pd.DataFrame) -> np.ndarray[Any, Any] | None:
    """The shapes of a column that holds them as well-known text; what does not parse has none. None without one."""
    named = [c for c in frame.columns if str(c).lower() in _WKT_NAMES]
    for column in named:
        text = texts(frame[column]).str.replace(r"^SRID=\d+;", "", regex=True)
        some = text[text.ne("")]
        if len(some) and some.str.match(_WKT).any():
            return np.asarray(
                shapely.from_wkt(text.where(text.ne(""), None).to_numpy(dtype=object), on_invalid="ignore")
            )
    return None


def with_known_crs(frame: gpd.GeoDataFrame, *, file: str) -> gpd.GeoDataFrame:
    """The rows without a CRS that only says it is undefined; DataError for one that leads to no place on Earth."""
    if frame.crs is None:
        return frame
    crs = CRS(frame.crs)
    if crs.is_engineering and crs.name.lower().startswith(("undefined", "unknown", "unnamed")):
        return frame.set_crs(None, allow_override=True)
    try:
        Transformer.from_crs(crs, 4326, always_xy=True)
    except ProjError as error:
        raise DataError("files.unfit_crs", file=file, crs=crs.name) from error
    return frame


def onto_wgs84(frame: gpd.GeoDataFrame, datum: str, *, file: str) -> gpd.GeoDataFrame:
    """Shapes off a web map (GCJ-02, BD-09) where they truly lie."""
    if datum == "wgs84":
        return frame
    if not CRS(frame.crs).is_geographic:
        raise DataError("files.datum_metres", file=file, datum=datum, crs=CRS(frame.crs).name)

    def shift(xy: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.column_stack(datums.to_wgs84(xy[:, 0], xy[:, 1], datum=datum))

    return frame.set_geometry(gpd.GeoSeries(shapely.transform(frame.geometry.values, shift), frame.index, crs=4326))
