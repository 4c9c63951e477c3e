"""What lies beneath the communities: counties, towns and roads as shapes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.base import i18n
from quarterhour.base.cells import blank
from quarterhour.base.escape import escape_html
from quarterhour.maps.columns import DEGREE_DECIMALS, PageWords, in_degrees, packed, share_of, texts_of
from quarterhour.maps.generalize import thin_areas, thin_lines
from quarterhour.maps.popups import promise_rows
from quarterhour.standards.circle import by_level, reach_classes

if TYPE_CHECKING:
    from quarterhour.standards.circle import CircleCheck
    from quarterhour.standards.scorecard import Scorecard

MAIN_ROADS = ("motorway", "trunk", "primary", "secondary", "tertiary")
LINES_A_TILE, LINES_AT_ONCE = 4096, 1 << 17
MOST_MINOR_ROADS = 8_000_000
"""More streets and lanes would make a page that no browser opens: a province has five millions, which are 60 MB."""
ROAD_TOLERANCE_M = 12.0  # a schematic base, not a survey
TOWN_TOLERANCE_DEGREES = 0.0002


def town_columns(
    towns: gpd.GeoDataFrame, checks: Sequence[CircleCheck], scorecard: Scorecard | None, say: PageWords
) -> list[dict[str, Any]]:
    shapes = thin_areas(in_degrees(towns, "towns"), TOWN_TOLERANCE_DEGREES) if len(towns) else ()
    tables = [by_level(check.shares, "town") for check in checks]
    shares = [check.shown_shares("town") for check in checks]
    classes = [reach_classes(table) for table in tables]
    names, promises = texts_of(towns, "name"), promise_rows(scorecard, "town", say)
    return [
        {
            "name": name,
            "shape": None if shape is None or shape.is_empty else _shape(shape),
            "share": [_share(table.get(town)) for table in shares],
            "shown": [
                share_of(share.get(town, math.nan)) or _class_said(of.get(town, ""), say)
                for share, of in zip(shares, classes, strict=True)
            ],
            "promises": promises.get(town, []),
        }
        for town, name, shape in zip(towns.index, names, shapes, strict=True)
    ]


def _class_said(name: str, say: PageWords) -> str:
    """How many communities of a town are inside, where its people are not told."""
    return escape_html(i18n.say(f"circle.reach_{name}", say.lang)) if name else ""


def county_columns(
    counties: gpd.GeoDataFrame | None, towns: gpd.GeoDataFrame, communities: gpd.GeoDataFrame
) -> list[dict[str, Any]]:
    """The counties where communities lie: id, name, outline and the place of its label.

    Without outlines of their own their towns' outlines are joined.
    """
    own = _counties(counties, towns)
    if "county" in communities and len(own):
        lived_in = own.index.astype(str).isin(communities["county"].dropna().astype(str))
        own = own[lived_in] if lived_in.any() else own
    shapes = in_degrees(own, "counties").to_numpy() if len(own) else ()
    names = texts_of(own, "name")
    ids = map(escape_html, own.index)
    return [_county(area, name, shape) for area, name, shape in zip(ids, names, shapes, strict=True)]


def _counties(counties: gpd.GeoDataFrame | None, towns: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    known = counties if counties is not None and len(counties) else None
    if known is not None and (~(known.geometry.is_empty | known.geometry.isna())).any():
        return known
    if "county" not in towns or towns.empty:
        return gpd.GeoDataFrame(geometry=[], crs=towns.crs)
    lying = towns[~(towns.geometry.isna() | towns.geometry.is_empty | towns["county"].map(blank))]
    areas = lying[shapely.get_dimensions(lying.geometry.to_numpy()) == 2]
    joined = areas.geometry.groupby(areas["county"].astype(str)).agg(lambda g: shapely.union_all(g.to_numpy()))
    names = {} if known is None or "name" not in known else known["name"].rename(index=str).to_dict()
    columns = {"name": [names.get(county, "") for county in joined.index]}
    return gpd.GeoDataFrame(columns, index=joined.index, geometry=list(joined), crs=towns.crs)


def _county(area: str, name: str, shape: shapely.Geometry | None) -> dict[str, Any]:
    if shape is None or shape.is_empty:
        return {"id": area, "name": name, "shape": None, "at": None}
    thin = thin_areas([shape], TOWN_TOLERANCE_DEGREES)[0]
    middle = shapely.point_on_surface(max(shapely.get_parts(shape), key=shapely.area))
    at = [round(middle.y, DEGREE_DECIMALS), round(middle.x, DEGREE_DECIMALS)]
    return {"id": area, "name": name, "shape": _shape(thin), "at": at}


def _share(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else round(float(value), 4)


def _shape(shape: shapely.Geometry) -> dict[str, Any]:
    rounded = shapely.transform(shape, lambda xy: np.round(xy, DEGREE_DECIMALS))
    return dict(rounded.__geo_interface__)


def road_lines(roads: gpd.GeoDataFrame | None) -> list[dict[str, Any]]:
    """Roads by class, joined and thinned; those of a class in tiles, each one text (see ``columns.packed``).

    A page unpacks a tile when it is looked at: a province has millions of roads. Of minor roads there is none where
    they are too many for a page even so (``too_many_minor``).
    """
    if roads is None or roads.empty:
        return []
    of_class = _classes(roads)
    order = [c for c in MAIN_ROADS if (of_class == c).any()]
    minor = [] if too_many_minor(roads) else [("minor", False, ~of_class.isin(MAIN_ROADS))]
    groups = [(c, True, of_class == c) for c in order] + minor
    return [
        {"road_class": name, "main": main, **_in_tiles(roads.loc[rows])} for name, main, rows in groups if rows.any()
    ]


def too_many_minor(roads: pd.DataFrame | None) -> int:
    """How many minor roads a page leaves out; 0 where it draws them, or where there are no others to draw."""
    if roads is None or len(roads) <= MOST_MINOR_ROADS:
        return 0
    minor = ~_classes(roads).isin(MAIN_ROADS)
    return int(minor.sum()) if minor.sum() > MOST_MINOR_ROADS and not minor.all() else 0


def _classes(roads: pd.DataFrame) -> pd.Series:
    return roads["road_class"].astype(str).str.removesuffix("_link")


def _in_tiles(roads: gpd.GeoDataFrame) -> dict[str, Any]:
    """How many lines there are, and they in tiles: so many that lie together, and the box around them in whole 1e-5
    degrees. Of very many a part at a time is joined, which may leave a line in two where parts meet.
    """
    lines = np.asarray(roads.geometry.to_numpy())
    lines = shapely.get_parts(lines[~(shapely.is_missing(lines) | shapely.is_empty(lines))])
    tiles: list[dict[str, Any]] = []
    count = 0
    for part in _together(lines, LINES_AT_ONCE):
        thin = gpd.GeoSeries(thin_lines(part, ROAD_TOLERANCE_M if _metres(roads) else 0.0), crs=roads.crs)
        found = in_degrees(gpd.GeoDataFrame(geometry=thin), "roads").to_numpy()
        count += len(found)
        for some in _together(found, LINES_A_TILE):
            box = np.round(shapely.total_bounds(some) * 10**DEGREE_DECIMALS).astype(int)
            tiles.append({"box": box.tolist(), "lines": packed(some)})
    return {"count": count, "tiles": tiles}


def _together(lines: np.ndarray, most: int) -> Iterator[np.ndarray]:
    """Lines in parts of so many at most that lie together; in their own order where one part holds them all."""
    if len(lines) > most:
        lines = lines[np.argsort(gpd.GeoSeries(lines).hilbert_distance().to_numpy(), kind="stable")]
    for first in range(0, len(lines), most):
        yield lines[first : first + most]


def _metres(frame: gpd.GeoDataFrame) -> bool:
    return frame.crs is not None and not frame.crs.is_geographic


def map_bounds(*tables: gpd.GeoDataFrame) -> list[list[float]] | None:
    """South-west and north-east corner of the first table that has places."""
    for frame in tables:
        west, south, east, north = in_degrees(frame, "communities").total_bounds if len(frame) else [math.nan] * 4
        if math.isfinite(west):
            return [[float(south), float(west)], [float(north), float(east)]]
    return None


def with_outlines(bounds: list[list[float]] | None, counties: Sequence[dict[str, Any]]) -> list[list[float]] | None:
    """The bounds widened to the outlines of the counties."""
    shapes = [shapely.geometry.shape(county["shape"]) for county in counties if county["shape"]]
    if not shapes:
        return bounds
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    if bounds is not None:
        (s, w), (n, e) = bounds
        west, south, east, north = min(west, w), min(south, s), max(east, e), max(north, n)
    return [[south, west], [north, east]]
