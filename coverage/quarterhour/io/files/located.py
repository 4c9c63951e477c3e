"""From a table to places: the columns under our names, a point for each row, web-map coordinates set right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from quarterhour.base import i18n
from quarterhour.base.arrays import FloatArray
from quarterhour.base.cells import texts
from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding, join_findings, no_findings
from quarterhour.io import web_maps as datums
from quarterhour.io.coordinates import with_xy
from quarterhour.io.files.header import Roles, Table, column_name
from quarterhour.io.synonyms import Headings, by_heading, columns_to_say, headings, wanted_of

WGS84 = "EPSG:4326"
ROW_NUMBERS = "#row"
"""In place of the column of ids: rows are known by their number in the file."""
_LOOKED_AT = 200
_SAME_DEGREES = 1e-5
"""A metre: places that two CRS put no farther apart are the same."""
_WKT_NAMES = ("wkt", "geom", "geometry", "the_geom", "shape", "wkt_geom")
_WKT = r"(?i)\s*(?:MULTI)?(?:POINT|POLYGON|LINESTRING)\s*(?:Z|M|ZM)?\s*\("
_TEXTS = ("id", "name", "kind", "town", "county", "quality", "source")


def roles_of(columns: Mapping[str, str], people: Sequence[str], *, table: str = "") -> Roles:
    """What the study file says of the columns of a file: which hold names, coordinates, people."""
    known = headings(table)

    def theirs(*ours: str) -> Headings:
        named = {columns.get(o, o) for o in ours}
        keys = (known.get(o, frozenset()) for o in ours if o not in columns)
        return Headings(frozenset(f for n in named for f in (n, column_name(n))), frozenset[str]().union(*keys))

    return Roles(texts=theirs(*_TEXTS), numeric=theirs("x", "y"), amounts=theirs(*people))


def column_list(frame: pd.DataFrame) -> str:
    """The columns of a table, for a message."""
    return ", ".join(str(c) for c in frame.columns)


def renamed(
    read: Table, columns: Mapping[str, str], *, table: str, people: Sequence[str] = (), kind: bool = True
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The columns of places under our names, those that the user names and those known by their heading; what is told.

    ``people``: columns that must count people; ``kind``: whether one says what kind a place is of.
    """
    frame = read.frame
    shapes = isinstance(frame, gpd.GeoDataFrame)
    if shapes and {"x", "y"} & set(columns):
        raise DataError("files.xy_and_shapes", table=table, file=read.file)
    numbered = columns.get("id") == ROW_NUMBERS
    said = _as_kept({o: t for o, t in columns.items() if not (numbered and o == "id")}, frame)
    wanted = wanted_of(table, people=people, shapes=shapes, kind=kind)
    taken, told = by_heading(
        frame,
        table=table,
        wanted=[w for w in wanted if not (numbered and w == "id")],
        named=said,
        people=people,
        file=read.file,
        sheet=read.sheet,
    )
    out = named(read, {**said, **taken}, table=table)
    if not numbered:
        return out, told
    made, note = _row_ids(read, table=table)
    return _out_of_the_way(out, "id").assign(id=made), join_findings([told, note])


def _row_ids(read: Table, *, table: str) -> tuple[list[str], pd.DataFrame]:
    """An id for each row out of its file and its number there; told."""
    file = "-".join(part for part in (read.name, read.sheet) if part)
    ids = [f"{file}-{row}" for row in read.frame.index]
    shown = ", ".join(ids[:2])
    return ids, finding("ids_of_rows", severity="note", table=table, file=read.file, sheet=read.sheet, detail=shown)


def _out_of_the_way(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    return frame.rename(columns={column: f"{column} (file)"}) if column in frame else frame


def named(read: Table, columns: Mapping[str, str], *, table: str) -> pd.DataFrame:
    """The user's columns under our names; a column that had our name by chance steps aside.

    DataError for a column that is not there.
    """
    frame = read.frame
    columns = _as_kept(columns, frame)
    missing = {ours: theirs for ours, theirs in columns.items() if theirs not in frame.columns}
    if missing:
        there = {ours: theirs for ours, theirs in columns.items() if ours not in missing}
        raise _missing(read, missing.values(), table=table, ours=missing, named=there)
    out = frame.copy()
    shape = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    aside = {c: f"{c} (file)" for c in frame.columns if c in columns and columns[c] != c and c != shape}
    out = out.rename(columns=aside)
    # One column of theirs may serve twice (a code that is also the name).
    return out.assign(**{ours: frame[theirs] for ours, theirs in columns.items()})


def _missing(
    read: Table, missing: Iterable[str], *, table: str, ours: Iterable[str], named: Mapping[str, str] | None = None
) -> DataError:
    hint = columns_to_say(read.frame.columns, table=table, missing=ours, named=named or {})
    said = {"missing": ", ".join(missing), "found": column_list(read.frame), "hint": hint}
    return DataError("places.missing_columns", table=i18n.both("tables", table), file=read.file, **said)


def _as_kept(columns: Mapping[str, str], frame: pd.DataFrame) -> dict[str, str]:
    """A heading is kept in its plain form; whoever copies it as it stands in the file means the same column."""
    plain = {ours: column_name(theirs) for ours, theirs in columns.items()}
    return {o: plain[o] if t not in frame.columns and plain[o] in frame.columns else t for o, t in columns.items()}


def with_geometry(
    frame: pd.DataFrame, read: Table, *, crs: object | None, table: str, geometry: str
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """The rows with a shape each: their own, or a point from x and y; ``crs`` as the study declares it."""
    if isinstance(frame, gpd.GeoDataFrame):
        return in_its_crs(with_known_crs(frame, file=read.file), crs, table=table, file=read.file)
    crs = WGS84 if crs is None else crs
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
    raise _missing(read, ("x", "y"), table=table, ours=("x", "y"))


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


def in_its_crs(
    frame: gpd.GeoDataFrame, declared: object | None, *, table: str, file: str
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """A layer in its own CRS; in the declared one, else WGS 84, where the file names none, which is told.

    Where the two say different things, the file's own counts, unless its coordinates are no degrees as it says, or are
    degrees where it says metres; both are told.
    """
    if frame.crs is None:
        taken = CRS.from_user_input(WGS84 if declared is None else declared)
        note = finding("crs_taken", severity="note", table=table, file=file, value=taken.name)
        return frame.set_crs(taken), note
    if declared is None or not len(frame):
        return frame, no_findings()
    own, said = CRS(frame.crs), CRS.from_user_input(declared)
    xy = shapely.get_coordinates(frame.geometry.to_numpy())
    if _say_the_same(own, said, xy):
        return frame, no_findings()
    wrong = own.is_geographic != said.is_geographic and own.is_geographic != can_be_degrees(frame)
    rule = "crs_declared_used" if wrong else "crs_own_used"
    told = finding(rule, severity="warning", table=table, file=file, value=own.name, detail=said.name)
    return (frame.set_crs(said, allow_override=True) if wrong else frame), told


def can_be_degrees(frame: gpd.GeoDataFrame) -> bool:
    """Whether most shapes of a layer lie where longitudes and latitudes can."""
    corners = frame.bounds[["minx", "miny"]].to_numpy(dtype=float)
    known = corners[np.isfinite(corners).all(axis=1)]
    return not len(known) or bool((np.abs(np.median(known, axis=0)) <= (180, 90)).all())


def _say_the_same(own: CRS, said: CRS, xy: FloatArray) -> bool:
    """Whether it makes no difference which of the two counts: of one name, or of like datums and the same places."""
    if own.equals(said, ignore_axis_order=True):
        return True
    sizes = [crs.ellipsoid.semi_major_metre if crs.ellipsoid else 0.0 for crs in (own, said)]
    some = xy[:: max(1, len(xy) // _LOOKED_AT)]
    if abs(sizes[0] - sizes[1]) > 1 or not len(some):
        return False
    one, other = (np.column_stack(_to_degrees(crs).transform(some[:, 0], some[:, 1])) for crs in (own, said))
    return bool((np.abs(one - other) <= _SAME_DEGREES).all())


def _to_degrees(crs: CRS) -> Transformer:
    return Transformer.from_crs(crs, WGS84, always_xy=True)


def lonlat_of(frame: gpd.GeoDataFrame) -> FloatArray:
    """Where the shapes of a layer lie, in degrees: a corner of each."""
    corners = frame.bounds[["minx", "miny"]].to_numpy(dtype=float)
    degrees: FloatArray = np.column_stack(_to_degrees(CRS(frame.crs)).transform(corners[:, 0], corners[:, 1]))
    return degrees


def onto_wgs84(frame: gpd.GeoDataFrame, datum: str, *, file: str) -> gpd.GeoDataFrame:
    """Shapes off a web map (GCJ-02, BD-09) where they truly lie."""
    if datum == "wgs84":
        return frame
    if not CRS(frame.crs).is_geographic:
        raise DataError("files.datum_metres", file=file, datum=datum, crs=CRS(frame.crs).name)

    def shift(xy: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.column_stack(datums.to_wgs84(xy[:, 0], xy[:, 1], datum=datum))

    return frame.set_geometry(gpd.GeoSeries(shapely.transform(frame.geometry.values, shift), frame.index, crs=4326))
