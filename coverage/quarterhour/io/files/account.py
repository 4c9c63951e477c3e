"""The account of a table: where each row stands in its file, and whether it is used, set aside or something else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from quarterhour.base.planar import inner_points
from quarterhour.io.files.header import Rows, Table

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
    points = inner_points(shapes[there])
    raw = pd.DataFrame({"x": shapely.get_x(points), "y": shapely.get_y(points)}, index=located.loc[there, ROW])
    return Origin(read.file, read.sheet, CRS(located.crs), datum, raw, kept[ROW].astype("int64"))


def account_row(
    table: str, read: Table, *, used: int, totals: int = 0, door: pd.DataFrame | None = None
) -> dict[str, Any]:
    """What became of the rows of a table: ``rows`` were in the file, ``used`` went on, the others did not.

    ``set_aside`` counts rows of a wrong shape and those that the door of places refused (its findings of severity
    error, ``door``); ``totals`` rows that sum up others; ``notes`` notes, repeated headings and strays; ``left_out``
    rows that the study does not want or the file has deleted. They add up to ``rows``.
    """
    rows = read.rows or Rows(found=len(read.frame))
    refused = 0 if door is None else int(door.loc[door["severity"].eq("error"), "row"].nunique())
    return {
        "table": table,
        "file": read.file,
        "rows": rows.found,
        "used": used,
        "set_aside": rows.aside + refused,
        "totals": rows.totals + totals,
        "notes": rows.notes,
        "left_out": rows.left_out,
    }
