"""Communities, towns, circles, facilities, promises and roads as columns of the map page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.base import i18n
from quarterhour.base.escape import escape_html
from quarterhour.maps.columns import (
    DEGREE_DECIMALS,
    PageWords,
    coded,
    filled,
    in_degrees,
    place_names,
    quality_of,
    share_of,
    steps,
    texts_of,
    thousands,
    xy_of,
)
from quarterhour.maps.generalize import thin_areas, thin_lines
from quarterhour.standards.circle import people_quality, worse_quality

if TYPE_CHECKING:
    from quarterhour.standards.circle import CircleCheck
    from quarterhour.standards.scorecard import Scorecard

MAIN_ROADS = ("motorway", "trunk", "primary", "secondary", "tertiary")
ROAD_TOLERANCE_M = 12.0  # a schematic base, not a survey
TOWN_TOLERANCE_DEGREES = 0.0002


def _town_names(frame: pd.DataFrame, towns: pd.DataFrame) -> list[str]:
    own = frame["town"] if "town" in frame else pd.Series("", index=frame.index)
    return place_names(own, towns)


def _worst(communities: pd.DataFrame, people: Sequence[str]) -> pd.DataFrame:
    """The quality of each row, or of its least known people column."""
    known = communities.get("quality", pd.Series("", index=communities.index))
    for column in people:
        known = worse_quality(known, people_quality(communities, column))
    return pd.DataFrame({"quality": known})


def community_columns(
    communities: gpd.GeoDataFrame, towns: gpd.GeoDataFrame, checks: Sequence[CircleCheck], say: PageWords
) -> dict[str, Any]:
    columns = [c for c in dict.fromkeys(check.circle.people for check in checks) if c in communities]
    people = {say.label("maps", c, prefix="people_"): communities[c] for c in columns}
    where = xy_of(communities, "communities")
    return {
        **where,
        "name": texts_of(communities, "name"),
        "town": coded(_town_names(communities, towns)),
        "quality": quality_of(_worst(communities, columns), say),
        "source": coded(texts_of(communities, "source")),
        "people": {k: [None if pd.isna(v) else f"{v:,.0f}" for v in column] for k, column in people.items()},
        "missing": _missing("communities", where, say),
    }


def _missing(table: str, where: Mapping[str, Sequence[float | None]], say: PageWords) -> str:
    count = sum(x is None for x in where["x"])
    return say("not_drawn", table=i18n.say(f"maps.{table}", say.lang), count=count) if count else ""


def _minutes(values: Iterable[Any], standard: float) -> list[str]:
    """Minutes to a tenth; those beyond the standard are rounded up, never back onto it."""
    return ["" if pd.isna(v) else _tenth(float(v), beyond=float(v) > standard) for v in values]


def _tenth(value: float, *, beyond: bool) -> str:
    tenths = math.ceil(round(value * 10, 4)) if beyond else math.floor(value * 10 + 0.5)
    return f"{tenths / 10:.1f}"


def circle_columns(
    check: CircleCheck, communities: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, say: PageWords
) -> dict[str, Any]:
    circle, found = check.circle, check.communities.reindex(communities.index)
    reasons = ["unknown" if pd.isna(r) else str(r) for r in found["reason"]]
    return {
        "name": escape_html(circle.name(say.lang)),
        "standard": f"{circle.minutes:g}",
        "kinds": [say.label("kinds", kind) for kind in circle.kinds],
        "clause": escape_html(circle.clause),
        "reason": coded(reasons),
        "nearest": coded(place_names(found["nearest"], facilities)),
        "minutes": _minutes(found["minutes"], circle.minutes),
        "each": _each_kind(check, communities, say),
        "city": _city_share(check, say),
    }


def _each_kind(check: CircleCheck, communities: gpd.GeoDataFrame, say: PageWords) -> list[dict[str, Any]]:
    """What was found for each kind, where a community needs all of several kinds."""
    if check.circle.need != "all" or len(check.circle.kinds) < 2:
        return []
    by_kind = {kind: rows.set_index("community") for kind, rows in check.rows.groupby("kind")}
    return [
        _one_kind(by_kind[kind].reindex(communities.index), kind, check, say)
        for kind in check.circle.kinds
        if kind in by_kind
    ]


def _one_kind(rows: pd.DataFrame, kind: str, check: CircleCheck, say: PageWords) -> dict[str, Any]:
    met = [int(not pd.isna(v) and bool(v)) for v in rows["met"]]
    return {"kind": say.label("kinds", kind), "minutes": _minutes(rows["minutes"], check.circle.minutes), "met": met}


def _city_share(check: CircleCheck, say: PageWords) -> dict[str, str]:
    city = check.shares[check.shares["level"] == "city"]
    if city.empty or pd.isna(city["share_people"].iloc[0]):
        return {"share": "", "text": say("no_people"), "quality": ""}
    row = city.iloc[0]
    people = {"met": row["people_met"], "all": row["people"]}
    rests = {"synthetic": row["people_synthetic"], "estimated": row["people_estimated"]}
    name = say.label("maps", check.circle.people, prefix="people_")
    return {
        "share": share_of(row["share_people"]),
        "text": filled("city_share", say, people=name, **thousands(people)),
        "quality": filled("city_synthetic", say, **thousands(rests)),
    }


def kind_columns(
    facilities: gpd.GeoDataFrame, towns: gpd.GeoDataFrame, checks: Sequence[CircleCheck], say: PageWords
) -> list[dict[str, Any]]:
    """Facilities by kind; the kinds that circles ask for come first."""
    if facilities.empty:
        return []
    asked = dict.fromkeys(kind for check in checks for kind in check.circle.kinds)
    have = facilities["kind"].astype(str)
    order = [k for k in asked if (have == k).any()] + sorted(set(have) - set(asked))
    first = checks[0].circle.kinds if checks else order
    return [_kind(facilities[have == kind], kind, towns, say) | {"show": kind in first} for kind in order]


def _kind(places: gpd.GeoDataFrame, kind: str, towns: gpd.GeoDataFrame, say: PageWords) -> dict[str, Any]:
    where = xy_of(places, "facilities")
    return {
        **where,
        "label": say.label("kinds", kind),
        "name": texts_of(places, "name"),
        "town": coded(_town_names(places, towns)),
        "quality": quality_of(places, say),
        "source": coded(texts_of(places, "source")),
        "missing": _missing("facilities", where, say),
    }


def town_columns(
    towns: gpd.GeoDataFrame, checks: Sequence[CircleCheck], scorecard: Scorecard | None, say: PageWords
) -> list[dict[str, Any]]:
    shapes = thin_areas(in_degrees(towns, "towns"), TOWN_TOLERANCE_DEGREES) if len(towns) else ()
    shares = [check.shares[check.shares["level"] == "town"].set_index("area")["share_people"] for check in checks]
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


def promise_rows(scorecard: Scorecard | None, level: str, area: Any, say: PageWords) -> list[list[str]]:
    """Name, value, threshold and whether it is met, of the targets of a level (of one area)."""
    if scorecard is None:
        return []
    rows = scorecard.rows[scorecard.rows["level"] == level]
    rows = rows if area is None else rows[rows["area"] == area]
    return [_promise(row, say) for row in rows.to_dict("records")]


def _promise(row: Mapping[Any, Any], say: PageWords) -> list[str]:
    state = "no_data" if pd.isna(row["met"]) else "met" if row["met"] else "not_met"
    unit = "" if pd.isna(row["unit"]) else str(row["unit"])
    value, threshold = (_figure(row[key], unit, say) for key in ("value", "threshold"))
    return [escape_html(row[say.lang]), value, threshold, state]


def _figure(value: Any, unit: str, say: PageWords) -> str:
    if value is None or pd.isna(value):
        return ""
    if unit == "share":
        return share_of(value)
    return escape_html(f"{value:,.2f}".rstrip("0").rstrip(".")) + say.label("maps", unit, prefix="unit_")


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
