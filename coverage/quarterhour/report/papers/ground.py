"""What lies beneath every map of a run: land, towns, counties and roads in the study's metres, made once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from quarterhour.base.arrays import BoolArray, FloatArray
from quarterhour.base.cells import texts
from quarterhour.maps.generalize import thin_areas
from quarterhour.report.papers.blocks import plain_text
from quarterhour.study.inputs import Inputs

WIDTH_CM = 16.5
"""Of a map: what an A4 page of a report leaves between its margins."""
_LOWEST_CM, _HIGHEST_CM = 8.0, 15.5
DOTS_PER_INCH = 200
CM_PER_INCH = 2.54
_CORNERS, _MOST_AT_ONCE, _MOST_VECTORS = 8, 2_000, 6_000
"""Of a disc; discs of one path, for the renderer's sake; discs of a map, above which an SVG keeps them as a picture."""
_EDGE = 0.03
"""Of the width and height of what is shown, left free on each side."""
LAND, SEA, TOWN_LINE, COUNTY_LINE = "#fbfaf7", "#e3eef4", "#c3c9d1", "#5b6675"
_ROAD, _ROAD_PT = "#d9d4cb", 0.5
_MAIN = ("motorway", "trunk", "primary", "secondary", "tertiary")
_FEW = 0.02
"""Of the roads: where fewer are of a main class, classes are not known, and all are drawn."""


class Measured(Protocol):
    """What places on paper need of a map: its scale, and where a point lies in its frame."""

    @property
    def metres_per_cm(self) -> float:
        """How much ground a centimetre of the map shows."""

    def centimetres(self, points: FloatArray) -> FloatArray:
        """Points in metres as centimetres from the frame's lower left corner."""


@dataclass(frozen=True, eq=False)
class Ground:
    """The base of a map.

    ``window``: west, south, east, north in metres. ``height_cm``: of the map's frame, beside ``WIDTH_CM``.
    ``towns``, ``counties``: outlines by id with ``name``, simplified to a dot of the print; without rows where there
    are no outlines. ``base``: a picture of land, sea and roads that fills the window.
    """

    window: tuple[float, float, float, float]
    height_cm: float
    towns: gpd.GeoDataFrame
    counties: gpd.GeoDataFrame
    base: npt.NDArray[np.uint8]
    crs: Any

    @property
    def metres_per_cm(self) -> float:
        """How much ground a centimetre of the map shows."""
        return (self.window[2] - self.window[0]) / WIDTH_CM

    def centimetres(self, points: FloatArray) -> FloatArray:
        """Points in metres as centimetres from the frame's lower left corner."""
        return cast(FloatArray, (points - np.array(self.window[:2])) / self.metres_per_cm)


def build_ground(tables: Inputs) -> Ground:
    """The base of a run's maps. The window holds every community and every outline."""
    crs = tables.communities.crs
    window, height = _framed(_bounds([tables.communities, tables.towns, tables.counties], crs))
    dot_m = (window[2] - window[0]) / WIDTH_CM * CM_PER_INCH / DOTS_PER_INCH
    towns, counties = (outlines(frame, crs, dot_m) for frame in (tables.towns, tables.counties))
    land = counties if len(counties) else towns
    base = base_picture(in_crs(tables.roads, crs), land, window, size_cm=(WIDTH_CM, height), dpi=DOTS_PER_INCH)
    return Ground(window, height, towns, counties, base, crs)


def _bounds(frames: list[gpd.GeoDataFrame], crs: Any) -> FloatArray:
    known = np.array([in_crs(frame, crs).total_bounds for frame in frames if len(frame)])
    known = known[np.isfinite(known).all(axis=1)] if len(known) else np.zeros((1, 4))
    known = known if len(known) else np.zeros((1, 4))
    return np.concatenate([known[:, :2].min(axis=0), known[:, 2:].max(axis=0)])


def _framed(bounds: FloatArray) -> tuple[tuple[float, float, float, float], float]:
    """The window around bounds, in the proportions of a frame that fits a page."""
    middle, size = (bounds[:2] + bounds[2:]) / 2, np.maximum(bounds[2:] - bounds[:2], 1_000.0) * (1 + 2 * _EDGE)
    height = min(max(WIDTH_CM * size[1] / size[0], _LOWEST_CM), _HIGHEST_CM)
    wide = max(size[0], size[1] * WIDTH_CM / height)
    half = np.array([wide, wide * height / WIDTH_CM]) / 2
    west, south, east, north = (*(middle - half), *(middle + half))
    return (float(west), float(south), float(east), float(north)), float(height)


def in_crs(frame: gpd.GeoDataFrame, crs: Any) -> gpd.GeoDataFrame:
    """A table in a CRS; as it is where it has none or stands in it."""
    return frame if frame.crs is None or crs is None or frame.crs == crs else frame.to_crs(crs)


def points_of(frame: gpd.GeoDataFrame, crs: Any) -> FloatArray:
    """A point for each row, in metres; a row without a place is not a number."""
    shapes = np.asarray(in_crs(frame, crs).geometry.to_numpy())
    bare = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    points = np.full((len(shapes), 2), math.nan)
    points[~bare] = shapely.get_coordinates(shapely.point_on_surface(shapes[~bare]))
    return points


def outlines(frame: gpd.GeoDataFrame, crs: Any, dot_m: float = 0.0) -> gpd.GeoDataFrame:
    """Polygons of areas by id with ``name`` in a CRS, simplified to ``dot_m`` if any; no rows where there are none."""
    if not len(frame):
        return gpd.GeoDataFrame({"name": []}, geometry=[], crs=crs)
    area = in_crs(frame, crs)
    area = area[area.geom_type.isin(["Polygon", "MultiPolygon"]) & ~area.is_empty]
    names = map(plain_text, texts(area["name"]) if "name" in area else area.index)
    shapes = area.geometry.to_numpy()
    shapes = thin_areas(shapes, dot_m) if dot_m else shapes
    return gpd.GeoDataFrame({"name": list(names)}, geometry=shapes, index=area.index.astype(str), crs=crs)


def outline_path(shapes: Any) -> Any:
    """Polygons as one path of matplotlib, holes cut out."""
    from matplotlib.path import Path

    rings = shapely.get_rings(shapely.get_parts(np.asarray(shapes)))
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    codes = np.full(len(corners), Path.LINETO, dtype=np.uint8)
    starts = np.flatnonzero(np.diff(ring, prepend=-1))
    codes[starts] = Path.MOVETO
    codes[np.append(starts[1:], len(corners)) - 1] = Path.CLOSEPOLY
    return Path(corners, codes)


def base_picture(
    roads: gpd.GeoDataFrame,
    land: gpd.GeoDataFrame,
    window: tuple[float, float, float, float],
    *,
    size_cm: tuple[float, float],
    dpi: int,
) -> npt.NDArray[np.uint8]:
    """Land and roads as dots, drawn once for all maps: tens of thousands of lines would be drawn again by each.

    Without outlines nobody knows where the sea is: all is land.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import PathPatch

    colour = SEA if len(land) else LAND
    dot_m = (window[2] - window[0]) / size_cm[0] * CM_PER_INCH / dpi
    figure = Figure(figsize=(size_cm[0] / CM_PER_INCH, size_cm[1] / CM_PER_INCH), dpi=dpi, facecolor=colour)
    canvas: Any = FigureCanvasAgg(figure)
    axes = bare_axes(figure, (0, 0, 1, 1), window)
    if len(land):
        axes.add_artist(PathPatch(outline_path(land.geometry), facecolor=LAND, edgecolor="none"))
    if len(roads):
        _add_lines(axes, roads.geometry.to_numpy()[main_roads(roads["road_class"])], dot_m)
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3]


def main_roads(classes: pd.Series) -> BoolArray:
    """Which roads a map of a whole city shows: the main ones; all where nobody says which these are."""
    main = classes.astype(str).str.removesuffix("_link").isin(_MAIN).to_numpy(bool)
    return main if main.mean() > _FEW else np.ones(len(main), dtype=bool)


def _add_lines(axes: Any, shapes: Any, dot_m: float) -> None:
    from matplotlib.collections import LineCollection

    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    thin = shapely.simplify(shapely.get_parts(shapes), dot_m / 2, preserve_topology=False)
    corners, line = shapely.get_coordinates(thin, return_index=True)
    if len(corners):
        pieces = np.split(corners, np.flatnonzero(np.diff(line)) + 1)
        axes.add_collection(LineCollection(pieces, colors=_ROAD, linewidths=_ROAD_PT), autolim=False)


def bare_axes(figure: Any, place: tuple[float, float, float, float], window: tuple[float, float, float, float]) -> Any:
    """Axes without ticks or frame at a place of a figure (shares of it), showing a window in metres."""
    axes = figure.add_axes(place)
    axes.set_axis_off()
    axes.set_xlim(window[0], window[2])
    axes.set_ylim(window[1], window[3])
    axes.set_autoscale_on(False)
    return axes


def draw_ground(axes: Any, ground: Ground) -> None:
    """Land, sea and roads as a picture; outlines over whatever stands between (from 3 on)."""
    from matplotlib.patches import PathPatch

    west, south, east, north = ground.window
    # "none": an SVG keeps the picture as it is, which was drawn at the size at which it is printed.
    axes.imshow(ground.base, extent=(west, east, south, north), aspect="auto", zorder=1, interpolation="none")
    for areas, colour, width in ((ground.towns, TOWN_LINE, 0.4), (ground.counties, COUNTY_LINE, 0.9)):
        if len(areas):
            axes.add_artist(PathPatch(outline_path(areas.geometry), facecolor="none", edgecolor=colour,
                                      linewidth=width, joinstyle="round", zorder=3))  # fmt: skip


def draw_discs(
    axes: Any, points: FloatArray, *, points_across: float, colour: str, alpha: float, zorder: float
) -> None:
    """Round dots as few paths, joined where they overlap: a mark each would make thousands of elements of an SVG."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    low, high = axes.get_xlim()
    radius = points_across / 2 / 72 * CM_PER_INCH * (high - low) / WIDTH_CM
    turn = np.linspace(0, 2 * np.pi, _CORNERS + 1)
    rim = np.column_stack([np.cos(turn), np.sin(turn)]) * radius
    codes = np.full(len(rim), Path.LINETO, dtype=np.uint8)
    codes[0], codes[-1] = Path.MOVETO, Path.CLOSEPOLY
    for some in np.array_split(points, -(-len(points) // _MOST_AT_ONCE)):
        path = Path((some[:, None] + rim).reshape(-1, 2), np.tile(codes, len(some)))
        axes.add_artist(PathPatch(path, facecolor=colour, edgecolor="none", alpha=alpha, zorder=zorder,
                                  rasterized=len(points) > _MOST_VECTORS))  # fmt: skip
