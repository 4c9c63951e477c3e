"""Geometry in the plane: heights and measures are off before anything is measured."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from numpy.typing import ArrayLike
from pyproj import CRS, Proj, Transformer
from pyproj.exceptions import ProjError

_AREA = 2
"""The dimension of what has a surface."""
_PLANE, _TELLS_DIMENSIONS = 2, (3, 12, 0)
"""Before that version GEOS took a height of NaN for none."""


def flat(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The table with ``flat_shapes``."""
    return frame.set_geometry(_in_plane(frame.geometry.to_numpy()), crs=frame.crs)


def flat_shapes(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Shapes with x and y alone: no travel time asks for their heights (Z) or measures (M).

    Files that never had heights may say NaN for them, and a change of CRS then loses x and y as well.
    """
    return gpd.GeoSeries(_in_plane(shapes.to_numpy()), index=shapes.index, crs=shapes.crs)


def _in_plane(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Shapes with x and y alone; the very same ones where none has more, since millions of copies fill a machine."""
    known = shapely.geos_version >= _TELLS_DIMENSIONS
    if known and not (shapely.get_coordinate_dimension(shapes) > _PLANE).any():
        return shapes
    made: npt.NDArray[np.object_] = shapely.force_2d(shapes)
    return made


def inner_points(shapes: ArrayLike) -> npt.NDArray[np.object_]:
    """A point for each shape: its centroid where that lies on it, else, of an area, a point on its surface.

    A centroid is where people look for a place; that of a crescent, a ring or two islands lies outside it, perhaps at
    sea. Taken in the plane that the shapes are in: project first. A missing shape has no point, an empty one an empty.
    """
    given = np.asarray(shapes, dtype=object)
    middle = np.asarray(shapely.centroid(given), dtype=object)
    off = (shapely.get_dimensions(given) == _AREA) & ~shapely.is_empty(given) & ~shapely.intersects(given, middle)
    middle[off] = shapely.point_on_surface(given[off])
    return middle


def stretch_at(crs: object, x: float, y: float) -> float:
    """By what share lengths in a CRS are out of true at one of its points, in any direction.

    0 where PROJ cannot tell: no CRS on the earth, or a point where it has no coordinates.
    """
    known = CRS.from_user_input(crs)
    try:
        off = stretch(known, *Transformer.from_crs(known, 4326, always_xy=True).transform(x, y))
    except ProjError:
        return 0.0
    return off if np.isfinite(off) else 0.0


def stretch(crs: object, lon: Any, lat: Any) -> float:
    """By what share lengths in a CRS are out of true, at the worst of some places (degrees) and in any direction.

    Infinite where the CRS has no coordinates for one of them. ProjError where PROJ has no factors for this kind of CRS.
    """
    factors = Proj(CRS.from_user_input(crs)).get_factors(lon, lat)
    scales = np.array([factors.tissot_semimajor, factors.tissot_semiminor], dtype=float)
    return float(np.abs(scales - 1).max()) if np.isfinite(scales).all() else float("inf")
