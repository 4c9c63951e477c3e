"""The ground of the atlas: outlines, roads, communities and facilities of a run in the metres that its maps have."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.base.arrays import FloatArray
from quarterhour.maps.generalize import thin_areas
from quarterhour.report.papers.ground import (
    COUNTY_LINE,
    LAND,
    TOWN_LINE,
    base_picture,
    in_crs,
    outline_path,
    outlines,
    points_of,
)
from quarterhour.report.papers.map_labels import inner_points
from quarterhour.report.plan.atlas.sheet import (
    MAP_HIGH,
    MAP_WIDE,
    Areas,
    Base,
    Drawn,
    Frame,
    Names,
    Strokes,
    frame_around,
)
from quarterhour.study.inputs import Inputs

_BASE_DPI = 150
_ROADS = (("#e0a95e", 1.6, ("motorway", "trunk")), ("#e6c083", 1.2, ("primary",)), ("#d8cfc0", 0.9, ("secondary",)),
          ("#ddd6cb", 0.6, ("tertiary",)))  # fmt: skip
_MINOR = ("#e6e1d9", 0.4)
_WEST, _EAST, _FIRST_ZONE = 73.5, 136.5, 4534
"""Longitudes that the three-degree zones of CGCS2000 reach over; the code of the zone about 75 degrees east."""


def map_crs(places: gpd.GeoDataFrame) -> str:
    """The CRS of the atlas: the study's where it is projected CGCS2000; within China the three-degree zone of
    CGCS2000 (Gauss-Kruger) about the middle; else the study's."""
    own = places.crs
    if own is None or (own.is_projected and "China" in str(own.geodetic_crs and own.geodetic_crs.name)):
        return str(own.to_string()) if own is not None else "EPSG:4490"
    west, _, east, _ = places.to_crs("EPSG:4490").total_bounds
    middle = (west + east) / 2
    if not _WEST <= middle <= _EAST:
        return str(own.to_string())
    return f"EPSG:{_FIRST_ZONE + round((middle - 75) / 3)}"


@dataclass(frozen=True, eq=False)
class AtlasGround:
    """What lies beneath the maps of an atlas, in metres of ``crs``.

    ``towns``, ``counties``: outlines with ``name``; without rows where there are none. ``communities``: points by
    their row. ``roads`` with ``road_class``. ``frame``: of the whole.
    """

    crs: str
    towns: gpd.GeoDataFrame
    counties: gpd.GeoDataFrame
    communities: FloatArray
    roads: gpd.GeoDataFrame
    frame: Frame

    @functools.cached_property
    def base(self) -> Base:
        """Land, sea and main roads of the whole, drawn once."""
        land = self.counties if len(self.counties) else self.towns
        picture = base_picture(self.roads, land, self.frame.window, size_cm=(MAP_WIDE, MAP_HIGH), dpi=_BASE_DPI)
        return Base(picture, self.frame.window)

    @functools.cached_property
    def borders(self) -> tuple[Areas, Areas]:
        """Outlines of towns and of counties at the scale of the whole, thinned once."""
        towns, counties = self.towns.geometry.to_numpy(), self.counties.geometry.to_numpy()
        return (areas_of(towns, self.frame, edge=TOWN_LINE, width=0.5, order=3.0),
                areas_of(counties, self.frame, edge=COUNTY_LINE, width=1.3, order=3.2))  # fmt: skip

    @functools.cached_property
    def town_points(self) -> FloatArray:
        """A point well inside each town."""
        return inner_points(self.towns.geometry)

    @functools.cached_property
    def county_points(self) -> FloatArray:
        """A point well inside each county."""
        return inner_points(self.counties.geometry)

    @functools.cached_property
    def _road_tree(self) -> Any:
        return shapely.STRtree(self.roads.geometry.to_numpy())

    @functools.cached_property
    def road_classes(self) -> Any:
        """The class of each road without ``_link``."""
        return self.roads["road_class"].astype(str).str.removesuffix("_link").to_numpy()

    def roads_in(self, frame: Frame) -> list[Strokes]:
        """The roads of a frame by class, the main ones above."""
        found = np.sort(self._road_tree.query(shapely.box(*frame.window)))
        classes, shapes = self.road_classes[found], self.roads.geometry.to_numpy()[found]
        made = [Strokes(_lines(shapes[~np.isin(classes, _MAIN)], frame), *_MINOR, order=2.0)]
        for place, (colour, width, names) in enumerate(reversed(_ROADS)):
            made.append(Strokes(_lines(shapes[np.isin(classes, names)], frame), colour, width, 2.1 + place / 10))
        return made


_MAIN = tuple(name for _, _, names in _ROADS for name in names)


def _lines(shapes: Any, frame: Frame) -> tuple[FloatArray, ...]:
    """Lines thinned to a tenth of a millimetre and cut at the frame."""
    thin = shapely.simplify(shapely.get_parts(shapes), frame.metres_per_cm / 100, preserve_topology=False)
    west, south, east, north = frame.window
    cut = shapely.get_parts(shapely.clip_by_rect(thin, west, south, east, north)) if len(thin) else thin
    return tuple(shapely.get_coordinates(line) for line in cut if not line.is_empty)


def build_atlas_ground(tables: Inputs) -> AtlasGround:
    """The ground of a run's atlas."""
    crs = map_crs(tables.communities)
    towns, counties = (outlines(frame, crs) for frame in (tables.towns, tables.counties))
    points = points_of(tables.communities, crs)
    known = points[np.isfinite(points).all(axis=1)]
    bounds = [area.total_bounds for area in (towns, counties) if len(area)]
    bounds += [np.concatenate([known.min(axis=0), known.max(axis=0)])] if len(known) else []
    every = np.array(bounds)
    frame = frame_around(np.concatenate([every[:, :2].min(axis=0), every[:, 2:].max(axis=0)]))
    roads = in_crs(tables.roads[["road_class", "geometry"]], crs)
    shapes = roads.geometry.to_numpy()
    roads = roads[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    return AtlasGround(crs, towns, counties, points, roads, frame)


def areas_of(shapes: Any, frame: Frame, **look: Any) -> Areas:
    """Polygons as they are drawn at a frame's scale."""
    thin: Any = thin_areas(np.asarray(shapes), frame.metres_per_cm / 100) if len(shapes) else []
    if not len(thin):
        return Areas(np.zeros((0, 2)), np.zeros(0, dtype=np.uint8), **look)
    path = outline_path(thin)
    return Areas(np.asarray(path.vertices, dtype=np.float64), np.asarray(path.codes, dtype=np.uint8), **look)


def city_ground(ground: AtlasGround, *, names: bool = True) -> list[Drawn]:
    """What lies beneath a sheet of the whole: the base, outlines of towns and counties, names of counties."""
    drawn: list[Drawn] = [ground.base, *ground.borders]
    if names and len(ground.counties):
        drawn.append(county_names(ground))
    return drawn


def county_names(ground: AtlasGround) -> Names:
    """Names of counties, moved where something stands there."""
    return Names(ground.county_points, tuple(ground.counties["name"]), 13.0, bold=True, roam=True)


def town_names(ground: AtlasGround, size: float = 7.5, texts_: Sequence[str] | None = None) -> Names:
    """Names of towns at their middles."""
    return Names(ground.town_points, tuple(texts_ or ground.towns["name"]), size, roam=True)


def town_ground(ground: AtlasGround, town: str, frame: Frame) -> list[Drawn]:
    """What lies beneath a town's sheet: its land light, its neighbours' grey, roads, outlines, neighbours' names."""
    others = ground.towns[ground.towns.index != town]
    near = others[others.intersects(shapely.box(*frame.window))]
    own = ground.towns.loc[[town]].geometry.to_numpy()
    drawn: list[Drawn] = [
        areas_of(near.geometry.to_numpy(), frame, face="#f0efec", edge=TOWN_LINE, width=0.7, order=1.0),
        areas_of(own, frame, face=LAND, order=1.2),
        *ground.roads_in(frame),
        areas_of(own, frame, edge=COUNTY_LINE, width=2.2, order=3.2),
    ]
    if len(near):
        cut = shapely.intersection(near.geometry.to_numpy(), shapely.box(*frame.window))
        drawn.append(Names(_middles(cut), tuple(near["name"]), 9.0, roam=True, colour="#7a8794"))
    return drawn


def _middles(shapes: Any) -> FloatArray:
    polygons = [s if s.geom_type in ("Polygon", "MultiPolygon") and not s.is_empty else s.buffer(1) for s in shapes]
    return inner_points(polygons)


def facility_points(facilities: pd.DataFrame, crs: str) -> FloatArray:
    """Facilities as points in metres of the maps."""
    return points_of(gpd.GeoDataFrame(facilities), crs)
