"""The streets of made towns, as the file that a study of such a town reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
from shapely import LineString

X0, Y0 = 400_000.0, 4_150_000.0
"""The corner of every such town, in the metres of EPSG:32651."""


def write_streets(folder: Path, lines: Sequence[LineString]) -> None:
    """Each line a residential street in ``roads.geojson``: WGS 84, as GeoJSON wants it, with nanometre decimals."""
    roads = gpd.GeoDataFrame({"highway": "residential"}, geometry=lines, crs="EPSG:32651", index=range(len(lines)))
    roads.to_crs("EPSG:4326").to_file(folder / "roads.geojson", driver="GeoJSON", COORDINATE_PRECISION=14)


def grid(wide: int, high: int, step_m: float) -> list[LineString]:
    """Equal blocks: ``wide`` junctions from west to east and ``high`` from south to north, a line between two."""
    return [
        LineString([(X0 + step_m * x, Y0 + step_m * y) for x, y in ((i, j), (i + di, j + dj))])
        for i in range(wide)
        for j in range(high)
        for di, dj in ((1, 0), (0, 1))
        if i + di < wide and j + dj < high
    ]
