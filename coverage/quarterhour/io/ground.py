"""What places can be held against: the roads, and the outlines of the towns that they name."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS, Transformer
from scipy.spatial import cKDTree

from quarterhour.base.arrays import AnyArray, FloatArray, IntArray
from quarterhour.base.cells import texts

Pair = tuple[FloatArray, FloatArray]
FARTHEST_M = 2000.0
"""Beyond it distances to roads are not told apart where many are asked."""
_ALONG_M, _ALONG_MOST = 15.0, 1e6
_CELL_M = 4000.0


@dataclass(frozen=True, eq=False)
class Ground:
    """Roads and outlines of towns in the study CRS. ``names``: name by id of each town with an outline.

    ``datum``, ``towns_datum``: the datum that roads and outlines are declared to have had in their files.
    """

    crs: CRS
    roads: shapely.STRtree
    bounds: tuple[float, float, float, float]
    outlines: AnyArray
    names: pd.Series
    datum: str = "wgs84"
    towns_datum: str = "wgs84"
    kept: dict[str, Any] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        return f"<Ground: {len(self.roads)} roads, {len(self.outlines)} towns with outlines, {self.crs.name}>"

    def road_m(self, x: FloatArray, y: FloatArray, *, most: float | None = FARTHEST_M) -> FloatArray:
        """Metres to the nearest road; ``most`` where it is farther (None: told in full), NaN without a place."""
        there = np.isfinite(x) & np.isfinite(y)
        gap = np.where(there, np.inf if most is None else most, np.nan)
        if len(self.roads) and there.any():
            points = shapely.points(x[there], y[there])
            (point, _), off = self.roads.query_nearest(
                points, max_distance=most, return_distance=True, all_matches=False
            )
            gap[np.flatnonzero(there)[point]] = off
        return gap

    def about_m(self, xy: FloatArray) -> FloatArray:
        """Metres from each of (n, 2) to the nearest of points set along the roads, soon told for very many.

        A few metres more than to the road itself; FARTHEST_M where it is farther, or no place.
        """
        there = np.isfinite(xy).all(axis=1)
        gap = np.full(len(xy), FARTHEST_M)
        for tree in self.along(xy[there]):
            gap[there] = np.minimum(gap[there], tree.query(xy[there], distance_upper_bound=FARTHEST_M)[0])
        return gap

    def along(self, xy: FloatArray) -> list[cKDTree]:
        """Points along the roads within FARTHEST_M of some places, and maybe along more, each road's in one tree.

        They are no farther apart than 15 m (on networks of 15,000 km and more, than it takes). The points about the
        places that were asked before stay; those of other roads stand in a tree beside.
        """
        cells = set(map(tuple, np.unique(np.floor(xy / _CELL_M), axis=0).tolist()))
        asked, held, trees = self.kept.setdefault("along", (set(), np.zeros(len(self.roads), bool), []))
        if more := sorted(cells - asked):
            near = self._about(np.array(more))
            points = shapely.get_coordinates(shapely.segmentize(self.roads.geometries[near[~held[near]]], self.step_m))
            trees += [cKDTree(points)] if len(points) else []
            asked |= cells
            held[near] = True
        return list(trees)

    def _about(self, cells: FloatArray) -> IntArray:
        """The roads that reach within FARTHEST_M of some cells; GEOS cannot cut those of no length."""
        low, high = cells * _CELL_M - FARTHEST_M, (cells + 1) * _CELL_M + FARTHEST_M
        near = np.unique(self.roads.query(shapely.box(*low.T, *high.T))[1])
        return np.asarray(near[shapely.length(self.roads.geometries[near]) > 0])

    @functools.cached_property
    def step_m(self) -> float:
        """How far points along the roads lie apart at most."""
        return max(_ALONG_M, float(shapely.length(self.roads.geometries).sum()) / _ALONG_MOST)

    def town_of(self, towns: pd.Series) -> AnyArray:
        """The position of each place's town among the outlines, by id or else by name; -1 where there is none."""
        at = pd.Series(np.arange(len(self.names)), index=self.names.index)
        once = ~self.names.duplicated(keep=False)
        named = pd.Series(at[once].to_numpy(), index=self.names[once].to_numpy())
        known = texts(towns)
        return np.asarray(known.map(at).fillna(known.map(named)).fillna(-1).astype("int64"))

    def outside_m(self, x: FloatArray, y: FloatArray, town: AnyArray) -> FloatArray:
        """Metres from each place to the outline at that position, 0 inside; NaN for -1."""
        off = np.full(len(x), np.nan)
        some = np.flatnonzero((town >= 0) & np.isfinite(x) & np.isfinite(y))
        off[some] = shapely.distance(shapely.points(x[some], y[some]), self.outlines[town[some]])
        return off

    def holding(self, x: FloatArray, y: FloatArray) -> AnyArray:
        """The position of the first outline that holds each place, -1 where none does."""
        held = np.full(len(x), -1)
        there = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        tree = shapely.STRtree(self.outlines)
        place, outline = tree.query(shapely.points(x[there], y[there]), predicate="intersects")
        order = np.lexsort((-outline, place))
        held[there[place[order]]] = outline[order]
        return held

    def to_xy(self, lonlat: Pair) -> Pair:
        """Degrees of WGS 84 in the study CRS; NaN where there are none."""
        x, y = Transformer.from_crs("EPSG:4326", self.crs, always_xy=True).transform(*lonlat)
        lost = ~(np.isfinite(x) & np.isfinite(y))
        return np.where(lost, np.nan, x), np.where(lost, np.nan, y)

    def to_lonlat(self, xy: Pair) -> Pair:
        """Places of the study CRS in degrees of WGS 84."""
        lon, lat = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True).transform(*xy)
        return np.asarray(lon), np.asarray(lat)

    def corners(self, most: int) -> Pair:
        """Where roads begin, at most so many of them, spread over the table."""
        lines = self.roads.geometries[:: max(1, -(-len(self.roads) // most))]
        first = shapely.get_point(lines, 0)
        return shapely.get_x(first), shapely.get_y(first)

    def centre(self) -> Pair:
        """Degrees of the middle of the roads."""
        west, south, east, north = self.bounds
        x, y = np.array([(west + east) / 2]), np.array([(south + north) / 2])
        lon, lat = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True).transform(x, y)
        return np.asarray(lon), np.asarray(lat)

    def near(self, x: float, y: float, *, within: float) -> bool:
        """Whether a place lies in the box of the roads, widened by so many metres."""
        west, south, east, north = self.bounds
        return west - within <= x <= east + within and south - within <= y <= north + within


def ground_of(
    roads: gpd.GeoDataFrame, towns: gpd.GeoDataFrame, *, datum: str = "wgs84", towns_datum: str = "wgs84"
) -> Ground:
    """Roads as lines and towns by id, both in the study CRS; towns without an outline do not count.

    ``datum``, ``towns_datum``: what they were declared to be in their files, and read as.
    """
    lines = roads.geometry.to_numpy()
    lines = lines[~(shapely.is_missing(lines) | shapely.is_empty(lines))]
    areas = towns[towns.geom_type.isin(["Polygon", "MultiPolygon"])] if len(towns) else towns
    names = pd.Series(texts(areas["name"]).to_numpy() if "name" in areas else "", index=areas.index.astype("str"))
    shapes = np.asarray(areas.geometry.to_numpy(), dtype=object)
    shapely.prepare(shapes)
    west, south, east, north = map(float, roads.total_bounds)
    bounds = (west, south, east, north)
    return Ground(CRS(roads.crs), shapely.STRtree(lines), bounds, shapes, names, datum, towns_datum)
