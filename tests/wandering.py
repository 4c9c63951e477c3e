"""Streets that no shift repeats, and places beside them: what a datum can be told by."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS, Transformer

STUDY = CRS("EPSG:32651")
X0, Y0 = 420_000.0, 4_150_000.0
"""Weihai, more or less."""
Pair = tuple[np.ndarray, np.ndarray]


def crooked_roads(*, seed: int = 3, count: int = 150) -> gpd.GeoDataFrame:
    """Streets that wander over 6 x 6 km, so that no shift repeats them."""
    chance = np.random.default_rng(seed)
    start = chance.uniform(0, 6000, (count, 1, 2))
    heading = np.cumsum(chance.normal(0, 0.4, (count, 30)), axis=1) + chance.uniform(0, 2 * np.pi, (count, 1))
    steps = 60 * np.stack([np.cos(heading), np.sin(heading)], axis=2)
    lines = shapely.linestrings(start + np.cumsum(steps, axis=1) + [X0, Y0])
    return gpd.GeoDataFrame(geometry=lines, crs=STUDY)


def beside(roads: gpd.GeoDataFrame, count: int, *, off_m: float = 15.0, seed: int = 5) -> Pair:
    """Places some metres off the roads, in the study CRS."""
    chance = np.random.default_rng(seed)
    lines = roads.geometry.to_numpy()[chance.integers(0, len(roads), count)]
    on = shapely.line_interpolate_point(lines, chance.uniform(0, 1, count), normalized=True)
    return shapely.get_x(on) + chance.normal(0, off_m, count), shapely.get_y(on) + chance.normal(0, off_m, count)


def lonlat(x: np.ndarray, y: np.ndarray, crs: object = STUDY) -> Pair:
    return Transformer.from_crs(crs, 4326, always_xy=True).transform(x, y)
