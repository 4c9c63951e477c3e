"""Geometry in the plane: heights and measures are off before anything is measured."""

from __future__ import annotations

import geopandas as gpd
import shapely


def flat(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The table with ``flat_shapes``."""
    return frame.set_geometry(shapely.force_2d(frame.geometry.to_numpy()), crs=frame.crs)


def flat_shapes(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Shapes with x and y alone: no travel time asks for their heights (Z) or measures (M).

    Files that never had heights may say NaN for them, and a change of CRS then loses x and y as well.
    """
    return gpd.GeoSeries(shapely.force_2d(shapes.to_numpy()), index=shapes.index, crs=shapes.crs)
