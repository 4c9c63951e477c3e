"""Layers of the map: towns and roads as shapes, and the list that turns them on and off."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.maps.columns import (
    DEGREE_DECIMALS,
    PageWords,
    filled,
    in_degrees,
    share_of,
    steps,
    texts_of,
)
from quarterhour.maps.generalize import thin_areas, thin_lines
from quarterhour.maps.popups import promise_rows
from quarterhour.standards.circle import by_level

if TYPE_CHECKING:
    from quarterhour.standards.circle import CircleCheck
    from quarterhour.standards.scorecard import Scorecard

MAIN_ROADS = ("motorway", "trunk", "primary", "secondary", "tertiary")
ROAD_TOLERANCE_M = 12.0  # a schematic base, not a survey
TOWN_TOLERANCE_DEGREES = 0.0002


def town_columns(
    towns: gpd.GeoDataFrame, checks: Sequence[CircleCheck], scorecard: Scorecard | None, say: PageWords
) -> list[dict[str, Any]]:
    shapes = thin_areas(in_degrees(towns, "towns"), TOWN_TOLERANCE_DEGREES) if len(towns) else ()
    shares = [by_level(check.shares, "town")["share_people"] for check in checks]
    names = texts_of(towns, "name")
    return [
        {
            "name": name,
            "shape": None if shape is None or shape.is_empty else _shape(shape),
            "share": [_share(table.get(town)) for table in shares],
            "shown": [share_of(table.get(town, math.nan)) for table in shares],
            "promises": promise_rows(scorecard, "town", town, say),
        }
        for town, name, shape in zip(towns.index, names, shapes, strict=True)
    ]


def _share(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else round(float(value), 4)


def _shape(shape: shapely.Geometry) -> dict[str, Any]:
    rounded = shapely.transform(shape, lambda xy: np.round(xy, DEGREE_DECIMALS))
    return dict(rounded.__geo_interface__)


def road_lines(roads: gpd.GeoDataFrame | None) -> list[dict[str, Any]]:
    """Roads by class, joined and thinned; each line as whole 1e-5 degrees, the first point and then steps."""
    if roads is None or roads.empty:
        return []
    of_class = roads["road_class"].astype(str).str.removesuffix("_link")
    order = [c for c in MAIN_ROADS if (of_class == c).any()]
    groups = [(c, True, of_class == c) for c in order] + [("minor", False, ~of_class.isin(MAIN_ROADS))]
    return [
        {"road_class": name, "main": main, "lines": _lines(roads.loc[rows])}
        for name, main, rows in groups
        if rows.any()
    ]


def _lines(roads: gpd.GeoDataFrame) -> list[list[int]]:
    lines = np.asarray(roads.geometry.to_numpy())
    lines = shapely.get_parts(lines[~(shapely.is_missing(lines) | shapely.is_empty(lines))])
    thin = gpd.GeoSeries(thin_lines(lines, ROAD_TOLERANCE_M if _metres(roads) else 0.0), crs=roads.crs)
    return steps(in_degrees(gpd.GeoDataFrame(geometry=thin), "roads").to_numpy())


def _metres(frame: gpd.GeoDataFrame) -> bool:
    return frame.crs is not None and not frame.crs.is_geographic


def map_bounds(*tables: gpd.GeoDataFrame) -> list[list[float]] | None:
    """South-west and north-east corner of the first table that has places."""
    for frame in tables:
        west, south, east, north = in_degrees(frame, "communities").total_bounds if len(frame) else [math.nan] * 4
        if math.isfinite(west):
            return [[float(south), float(west)], [float(north), float(east)]]
    return None


def layer_list(picture: Mapping[str, Any], lang: str) -> list[dict[str, Any]]:
    """The layers of the page in the order of its layer control: key, name, one-at-a-time, shown at first."""
    say = PageWords(lang)

    def numbered(words: str, of: str, *, base: bool = False, first: bool = False) -> list[tuple[str, str, bool, bool]]:
        return [
            (f"{words.removesuffix('_layer')}_{i}", filled(words, say, name=made["name"]), base, first and i == 0)
            for i, made in enumerate(picture[of])
            if made.get("bands") != []  # a ground that was left out
        ]

    circles = numbered("circle_layer", "circles", base=True, first=True)
    roads = (("roads_main", True), ("roads_minor", False))
    have = {road["main"] for road in picture["roads"]}
    rows = [
        *(circles or [("communities", say("communities"), True, True)]),
        *numbered("range_layer", "ranges", base=True),
        ("none", say("no_communities"), True, False),
        *numbered("plan_layer", "plans", first=True),
        *((f"kind_{i}", kind["label"], False, kind["show"]) for i, kind in enumerate(picture["kinds"])),
        *numbered("score_layer", "circles"),
        *numbered("ground_layer", "grounds"),
        ("towns", say("towns"), False, True),
        *((key, say(key), False, True) for key, main in roads if main in have),
    ]
    names = _distinct([name for _, name, _, _ in rows])
    return [
        {"key": key, "name": name, "base": base, "show": show}
        for (key, _, base, show), name in zip(rows, names, strict=True)
    ]


def _distinct(names: Sequence[str]) -> list[str]:
    """The names with a number behind those that were there before: a layer control keeps one of a name."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return out
