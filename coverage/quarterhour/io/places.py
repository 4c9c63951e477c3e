"""What a table of communities, facilities, candidates or areas must hold.

``as_places`` is the door: behind it every row has an id, a place in metres and whole people.
What did not pass is not lost but told: *findings* is a table of one row a problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from quarterhour.base import i18n
from quarterhour.base.cells import numbers, texts
from quarterhour.base.errors import DataError
from quarterhour.base.findings import QUALITIES, Severity, findings_from, join_findings
from quarterhour.base.planar import flat, inner_points
from quarterhour.io.plausible import Doubt, doubts
from quarterhour.io.synonyms import columns_to_say

_MARGIN_DEGREES = 3.0
_MANGLED = r"\d(?:\.\d+)?[eE]\+?\d+"
_TEXTS = ("name", "kind", "town", "county", "source")
_TOLD_EACH = 5
"""Of what is no error, more rows than this are told in one sentence."""


def as_places(
    frame: gpd.GeoDataFrame,
    *,
    table: str,
    crs: object,
    people: Sequence[str] = (),
    parts: Mapping[str, str] | None = None,
    required: Sequence[str] = ("name",),
    file: str = "",
    sheet: str = "",
    rows: Sequence[int] | None = None,
    geometry: Literal["point", "any"] = "point",
    quality: str = "unstated",
    source: str = "",
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Places that the rest may trust, and what was found on the way.

    The kept rows keep their order and come indexed by ``id`` (text, unique) in the study CRS in
    metres, with ``name``, ``town``, ``county``, ``quality`` and ``source`` filled and people as
    int64. Set aside with severity error: no id, id met before (the first good one stays), an id
    that Excel turned into 3.71E+11, no or a broken geometry, a place outside the area of the CRS
    (told as swapped when that explains it) or without coordinates in it, people that are missing,
    negative or no number. Places are in the plane: heights and measures of the geometry go.
    Warnings tell what can hardly be meant (``io/plausible``): a part above its whole, a figure far
    beyond the others, a place that stands there twice. More than five of a kind are one sentence.

    Parameters
    ----------
    frame : geometry with a CRS; ``id`` as a column or as the name of the index.
    table : what the user calls it (communities, facilities ...), for the messages.
    crs : the study CRS, projected, in metres.
    people : columns that count people.
    parts : columns that count a part of what another counts, beside those known by name.
    required : columns that must be there; a blank in one is a warning.
    file, sheet, rows : where the rows came from; rows as the user sees them in Excel.
    geometry : "point" (an outline becomes a point inside it) or "any" (areas; may be missing).
    quality, source : for rows that do not say.

    Returns
    -------
    The places that are kept, by ``id``; and the findings, a row each: ``severity``, ``rule``, ``table``, ``file``,
    ``sheet``, ``row``, ``column``, ``id``, ``value``, ``detail``.

    Raises
    ------
    DataError : columns missing, no CRS, a study CRS that is not in metres.

    Examples
    --------
    >>> import geopandas as gpd, quarterhour as qh
    >>> villages = gpd.GeoDataFrame({"id": ["a", "b"], "name": ["东村", "西村"], "older": [120, -4]},
    ...                             geometry=gpd.points_from_xy([122.1, 122.2], [37.5, 37.5]), crs=4326)
    >>> places, findings = qh.as_places(villages, table="communities", crs="EPSG:32651", people=["older"])
    >>> places["older"].to_dict()
    {'a': 120}
    >>> findings[["severity", "rule", "id", "value"]].values.tolist()
    [['error', 'people_impossible', 'b', '-4']]
    """
    metres = _metres(crs)
    data = _with_id(frame, table=table, file=file, needed=(*required, *people))
    door = _RowChecks(data, table=table, file=file, sheet=sheet, rows=rows)
    door.check_ids()
    data = _texts_filled(data, source=source)
    data["quality"] = door.qualities(quality)
    for column in required:
        door.report("blank", texts(data[column]).eq(""), column=column, severity="warning")
    for column in people:
        data[column] = door.people(column)
    data = door.placed(data, metres, point=geometry == "point")
    door.check_duplicates()
    door.check_plausible(data, people=people, parts=parts or {})
    kept = data.loc[~door.bad].copy()
    kept.index = pd.Index(door.ids[~door.bad].astype("str"), name="id")
    for column in people:
        kept[column] = kept[column].astype("int64")
    return kept, door.findings()


def check_columns(data: pd.DataFrame, needed: Iterable[str], *, table: str, file: str, found: Iterable[object]) -> None:
    """DataError for columns that are not there; ``found``: those of the file, as the user knows them."""
    missing = [c for c in dict.fromkeys(needed) if c not in data.columns]
    if not missing:
        return
    every = list(found)
    at = {"table": i18n.both("tables", table), "file": file, "found": ", ".join(map(str, every))}
    if missing == ["id"]:
        raise DataError("places.no_id_column", **at)
    hint = columns_to_say(every, table=table, missing=missing)
    raise DataError("places.missing_columns", missing=", ".join(missing), hint=hint, **at)


def _metres(crs: object) -> CRS:
    known = CRS.from_user_input(crs)
    units = {axis.unit_name for axis in known.axis_info}
    if not known.is_projected or units != {"metre"}:
        raise DataError("places.not_metres", crs=known.name)
    return known


def _with_id(frame: gpd.GeoDataFrame, *, table: str, file: str, needed: Sequence[str]) -> gpd.GeoDataFrame:
    data = frame.reset_index() if "id" not in frame.columns and frame.index.name == "id" else frame
    data = data.reset_index(drop=True).copy()
    check_columns(data, ("id", *needed), table=table, file=file, found=data.columns)
    if data.crs is None:
        raise DataError("places.no_crs", table=table, file=file)
    return flat(data)


def _texts_filled(data: gpd.GeoDataFrame, *, source: str) -> gpd.GeoDataFrame:
    for column in _TEXTS:
        if column in data.columns:
            data[column] = texts(data[column])
        elif column != "kind":
            data[column] = pd.Series("", index=data.index, dtype="str")
    data["source"] = data["source"].where(data["source"].ne(""), source)
    return data


class _RowChecks:
    """Rows before the door, which of them are bad, and what was said about each."""

    def __init__(
        self, data: gpd.GeoDataFrame, *, table: str, file: str, sheet: str, rows: Sequence[int] | None
    ) -> None:
        self.data = data
        self.ids = texts(data.pop("id"))
        self.rows = np.arange(1, len(data) + 1) if rows is None else np.asarray(rows)
        self.bad = np.zeros(len(data), dtype=bool)
        self.fixed = {"table": table, "file": file, "sheet": sheet}
        self.told: list[pd.DataFrame] = []

    def report(
        self,
        rule: str,
        where: Any,
        *,
        severity: Severity = "error",
        column: str = "",
        values: pd.Series | None = None,
        detail: pd.Series | str = "",
        listed: pd.Series | None = None,
    ) -> None:
        mask = np.asarray(where, dtype=bool)
        if severity == "error":
            self.bad |= mask
        if not mask.any():
            return
        said = pd.Series("", index=self.data.index) if values is None else values
        some = pd.DataFrame(
            {"row": self.rows[mask], "id": self.ids[mask].to_numpy(), "value": texts(said[mask]).to_numpy()}
        )
        some["detail"] = detail[mask].to_numpy() if isinstance(detail, pd.Series) else detail
        same = {"severity": severity, "rule": rule, "column": column, **self.fixed}
        if severity != "error" and mask.sum() > _TOLD_EACH and i18n.entry(f"findings.{rule}_many"):
            names = self.ids if listed is None else listed
            some, same = _as_one(some, names[mask]), {**same, "rule": f"{rule}_many"}
        self.told.append(findings_from(some.assign(**same).to_dict("records")))

    def check_plausible(self, data: gpd.GeoDataFrame, *, people: Sequence[str], parts: Mapping[str, str]) -> None:
        """What the rows that are used can hardly mean, told."""
        used = ~self.bad
        rows = pd.Series(self.rows, index=self.data.index)
        for doubt in doubts(data[used], ids=self.ids[used], rows=rows[used], people=people, parts=parts):
            self._doubt(doubt)

    def _doubt(self, doubt: Doubt) -> None:
        if doubt.where is None:
            same = {"severity": "warning", "rule": doubt.rule, "column": doubt.column, **self.fixed}
            self.told.append(findings_from([{**same, "value": doubt.value, "detail": doubt.detail}]))
            return
        every = self.data.index
        self.report(
            doubt.rule,
            doubt.where.reindex(every, fill_value=False),
            severity="warning",
            column=doubt.column,
            values=None if doubt.values is None else doubt.values.reindex(every),
            detail=doubt.detail.reindex(every) if isinstance(doubt.detail, pd.Series) else doubt.detail,
            listed=None if doubt.listed is None else doubt.listed.reindex(every),
        )

    def check_ids(self) -> None:
        self.report("no_id", self.ids.eq(""), column="id")
        self.report("id_mangled", self.ids.str.fullmatch(_MANGLED), column="id", values=self.ids)

    def check_duplicates(self) -> None:
        again = self.ids.where(~self.bad).duplicated() & ~self.bad
        self.report("id_again", again, column="id", values=self.ids)

    def qualities(self, default: str) -> pd.Series:
        if default not in QUALITIES:
            raise DataError("places.bad_quality", quality=default, known=", ".join(QUALITIES))
        given: pd.Series = texts(self.data["quality"]) if "quality" in self.data.columns else self.ids.map(lambda _: "")
        given = given.astype("str").where(given.ne(""), default)
        known = given.isin(QUALITIES)
        self.report("bad_quality", ~known, column="quality", values=given, severity="warning")
        # A word we do not know must never pass for a fact.
        return given.where(known, "synthetic")

    def people(self, column: str) -> pd.Series:
        raw = self.data[column]
        count, blank = numbers(raw), texts(raw).eq("")
        self.report("people_missing", blank, column=column)
        self.report("people_not_number", ~blank & count.isna(), column=column, values=raw)
        wrong = count.lt(0) | count.gt(2e9)
        self.report("people_impossible", wrong, column=column, values=raw)
        whole = (count + 0.5).floordiv(1)
        parts = count.notna() & ~wrong & whole.ne(count)
        self.report("people_rounded", parts, column=column, values=raw, severity="warning")
        return whole.where(~wrong)

    def placed(self, data: gpd.GeoDataFrame, metres: CRS, *, point: bool) -> gpd.GeoDataFrame:
        shapes = data.geometry
        missing = shapes.isna() | shapes.is_empty
        broken = ~missing & ~(np.isfinite(shapes.bounds).all(axis=1) & shapes.is_valid)
        if point:
            written = _written(data)
            self.report("no_place", missing & written.eq(""))
            self.report("coordinates_unread", missing & written.ne(""), values=written)
            shapes = self._points(shapes, metres, ok=~missing & ~broken)
        nowhere = broken & shapes.geom_type.eq("Point")
        self.report("coordinates_unread", nowhere, values=_corners(shapes))
        self.report("broken_shape", broken & ~nowhere, values=shapes.geom_type.fillna(""))
        shapes = shapes.where(~missing & ~broken, None)
        self._check_area(shapes, metres)
        inside = data.set_geometry(shapes.where(~self.bad, None))
        if inside.geometry.name != "geometry":
            inside = inside.rename_geometry("geometry")
        return self._moved(inside, metres)

    def _moved(self, data: gpd.GeoDataFrame, metres: CRS) -> gpd.GeoDataFrame:
        """The places in metres; those that have no coordinates there are told as they came."""
        moved = data.to_crs(metres)
        lost = data.geometry.notna() & ~np.isfinite(moved.bounds).all(axis=1)
        self.report("no_metres", lost, values=_corners(data.geometry), detail=metres.name)
        return moved

    def _points(self, shapes: gpd.GeoSeries, metres: CRS, *, ok: pd.Series) -> gpd.GeoSeries:
        """Outlines as points, found in the study's plane: in degrees the middle of a shape is another place."""
        types = shapes.geom_type.fillna("")
        outline = ok & types.isin(["Polygon", "MultiPolygon"])
        single = types.eq("MultiPoint") & (shapely.get_num_geometries(shapes.values) == 1)
        self.report("outline_to_point", outline, values=types, severity="note")
        self.report("not_a_point", ok & ~(outline | single | types.eq("Point")), values=types)
        points = np.array(shapes.values, dtype=object)
        some = np.asarray(outline | (ok & single))
        plane = shapes[some].to_crs(metres)
        inside = gpd.GeoSeries(inner_points(plane.to_numpy()), crs=metres).to_crs(shapes.crs).to_numpy()
        lost = ~np.isfinite(shapely.bounds(inside)).all(axis=1)  # beyond the study's CRS, which is told further on
        points[some] = np.where(lost, shapely.point_on_surface(points[some]), inside)
        return gpd.GeoSeries(points, index=shapes.index, crs=shapes.crs)

    def _check_area(self, shapes: gpd.GeoSeries, metres: CRS) -> None:
        """Places beyond the area of the CRS (and 3 degrees) are typing errors, or swapped."""
        area = metres.area_of_use
        if area is None or shapes.notna().sum() == 0:
            return
        lonlat, said = shapes, _corners(shapes)
        if not CRS(shapes.crs).is_geographic:
            lonlat = shapes.to_crs("EPSG:4326")
            degrees = " (" + _corners(lonlat) + ")"
            said += degrees.where(np.isfinite(lonlat.bounds).all(axis=1), "")
        box = lonlat.bounds
        west, south, east, north = (area.west, area.south, area.east, area.north)
        here = (west - _MARGIN_DEGREES, south - _MARGIN_DEGREES, east + _MARGIN_DEGREES, north + _MARGIN_DEGREES)
        inside = _within(box, ("minx", "miny", "maxx", "maxy"), here)
        swapped = ~inside & _within(box, ("miny", "minx", "maxy", "maxx"), here)
        there = shapes.notna()
        limits = f"{west:g}-{east:g}, {south:g}-{north:g}"
        self.report("swapped", there & swapped, values=said, detail=limits)
        self.report("outside", there & ~inside & ~swapped, values=said, detail=limits)

    def findings(self) -> pd.DataFrame:
        every = join_findings(self.told)
        # Of a row that was set aside only that is said: "it was kept" would be untrue.
        every = every[every["severity"].eq("error") | ~every["row"].isin(self.rows[self.bad])]
        return every.sort_values("row", kind="stable", ignore_index=True) if len(every) else every


def _as_one(some: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """Many rows as one: how many, the first names, and in ``detail`` the first rows of the file."""
    rows, ids = _first(some["row"]), _first(names)
    return pd.DataFrame({"id": [ids], "value": [f"{len(some):,}"], "detail": [rows]})


def _first(values: pd.Series) -> str:
    return ", ".join(map(str, values.iloc[:_TOLD_EACH])) + (" …" if len(values) > _TOLD_EACH else "")


def _within(box: pd.DataFrame, sides: Sequence[str], area: Sequence[float]) -> pd.Series:
    low_x, low_y, high_x, high_y = (box[s] for s in sides)
    return low_x.ge(area[0]) & low_y.ge(area[1]) & high_x.le(area[2]) & high_y.le(area[3])


def _written(data: pd.DataFrame) -> pd.Series:
    """The coordinates as they stand in the table; "" where both cells are blank or there are no such columns."""
    if "x" not in data or "y" not in data:
        return pd.Series("", index=data.index, dtype="str")
    x, y = texts(data["x"]), texts(data["y"])
    both = x.where(x.eq(y), x.where(x.ne(""), "—") + " / " + y.where(y.ne(""), "—"))
    return both.where(x.ne("") | y.ne(""), "")


def _corners(shapes: gpd.GeoSeries) -> pd.Series:
    corners = shapes.bounds[["minx", "miny"]].to_numpy().tolist()
    return pd.Series([f"{x:.5f}, {y:.5f}" for x, y in corners], index=shapes.index, dtype="str")
