"""Where the rows of a table of places came from, and the numbers that they had there."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from quarterhour.io.files.header import Table

ROW = "row of the file"
"""A column that goes through the door with the rows and comes off behind it."""


@dataclass(frozen=True, eq=False)
class Origin:
    """What a file says of its places, before anything is made of it.

    ``raw``: ``x, y`` as they stand in the file, by its rows as the user sees them, in ``crs`` and ``datum``; of an
    outline its centre; rows without a place are not there. ``rows``: the row of each place that passed the
    door, by id.
    """

    file: str
    sheet: str
    crs: CRS
    datum: str
    raw: pd.DataFrame
    rows: pd.Series

    def __repr__(self) -> str:
        return f"<Origin: {self.file}, {len(self.rows)} of {len(self.raw)} places, {self.crs.name}, {self.datum}>"


def numbered(located: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The rows with their numbers in the file, which are their index, in the column ``ROW`` as well."""
    return located.assign(**{ROW: [int(r) for r in located.index]})


def origin_of(located: gpd.GeoDataFrame, kept: gpd.GeoDataFrame, read: Table, *, datum: str) -> Origin:
    """The origin of the kept places among those of a file, both numbered."""
    shapes = shapely.force_2d(located.geometry.to_numpy())
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes)) & np.isfinite(shapely.bounds(shapes)).all(axis=1)
    points = shapely.centroid(shapes[there])
    raw = pd.DataFrame({"x": shapely.get_x(points), "y": shapely.get_y(points)}, index=located.loc[there, ROW])
    return Origin(read.file, read.sheet, CRS(located.crs), datum, raw, kept[ROW].astype("int64"))
