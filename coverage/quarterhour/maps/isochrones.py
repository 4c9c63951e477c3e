"""How sure a circle is at a range of paces, and the ground reached, as columns for the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import shapely

from quarterhour.base.escape import escape_html
from quarterhour.maps.columns import PageWords, coded, in_degrees, share_of, steps, thousands
from quarterhour.maps.generalize import thin_areas
from quarterhour.standards.circle import CITY, by_level
from quarterhour.standards.sensitivity import COVERED, flip_sentence, pace_label

if TYPE_CHECKING:
    from quarterhour.standards.circle import CircleCheck
    from quarterhour.standards.sensitivity import CoverageRange

MOST_CORNERS = 100_000
"""Some 700 kB; a ground of more corners is left to the layers, so that the page stays light."""
TOLERANCE_OF_RADIUS = 0.1


def range_columns(
    ranges: Sequence[CoverageRange], checks: Sequence[CircleCheck], communities: gpd.GeoDataFrame, say: PageWords
) -> list[dict[str, Any]]:
    """By circle whose pace is known as a range: each community's class and flip, and the city's shares."""
    at = {check.circle.id: i for i, check in enumerate(checks)}
    return [_range(known, at[known.circle.id], communities, say) for known in ranges]


def _range(known: CoverageRange, circle: int, communities: gpd.GeoDataFrame, say: PageWords) -> dict[str, Any]:
    found = known.communities.reindex(communities.index)
    return {
        "circle": circle,
        "name": escape_html(known.circle.name(say.lang)),
        "covered": coded(["" if pd.isna(c) else str(c) for c in found["covered"]]),
        "flip": coded([escape_html(flip_sentence(known, factor, say.lang)) for factor in found["flip_factor"]]),
        "pace": escape_html(pace_label(known, say.lang)),
        "city": [_city(known, covered) for covered in COVERED],
    }


def _city(known: CoverageRange, covered: str) -> dict[str, Any]:
    row = by_level(known.shares, CITY).iloc[0]
    share, people = row[f"share_{covered}"], thousands({"people": row[f"people_{covered}"]})
    width = 0.0 if pd.isna(share) else round(float(share), 4)
    return {"covered": covered, "share": share_of(share), "width": width, **people}


def ground_columns(
    pictures: gpd.GeoDataFrame | None, checks: Sequence[CircleCheck], say: PageWords
) -> list[dict[str, Any]]:
    """By circle with a picture: its bands, the largest first, and the sentence that it judges nothing."""
    if pictures is None:
        return []
    at = {check.circle.id: i for i, check in enumerate(checks)}
    names = {check.circle.id: check.circle.name(say.lang) for check in checks}
    drawn = pictures.groupby("circle", sort=False)
    return [{"circle": at[str(circle)]} | _ground(names[str(circle)], rows, say) for circle, rows in drawn]


def _ground(name: str, rows: gpd.GeoDataFrame, say: PageWords) -> dict[str, Any]:
    thin = thin_areas(rows.geometry, TOLERANCE_OF_RADIUS * rows["radius_m"].iloc[0])
    light = shapely.get_num_coordinates(thin).sum() <= MOST_CORNERS
    drawn = rows.set_geometry(thin, crs=rows.crs) if light else rows.iloc[:0]
    bands = [
        {"label": _label(start, end, say), "shapes": _shapes(band)}
        for (end, start), band in sorted(drawn.groupby(["minutes", "from_minutes"]), reverse=True)
    ]
    return {
        "name": escape_html(name),
        "bands": bands,
        "note": say("ground_note", radius=f"{rows['radius_m'].iloc[0]:g}"),
        "missing": "" if light else say("ground_left_out", name=name),
    }


def _label(start: float, end: float, say: PageWords) -> str:
    return say("ground_band", start=f"{start:g}", end=f"{end:g}") if start else say("ground_within", end=f"{end:g}")


def _shapes(rows: gpd.GeoDataFrame) -> list[list[list[int]]]:
    """Polygons as their rings, each ring as whole 1e-5 degrees, the first point and then steps.

    Shells run one way and holes the other, so that grounds which overlap are filled as one.
    """
    parts = shapely.get_parts(shapely.normalize(in_degrees(rows, "pictures").to_numpy()))
    return [steps(shapely.get_rings(part)) for part in parts]
