"""A grid of how many people live in each cell, counted by outlines: a cell's people by the share of it inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from quarterhour.base import limits
from quarterhour.base.areal import Shapes, Shared
from quarterhour.base.arrays import AnyArray, FloatArray, IntArray
from quarterhour.base.errors import DataError
from quarterhour.network.slope import grid_cells, in_grid_crs, opened_grid

_BLOCK = 5
"""Cells a side that are looked at together first: most of a village's are inside or outside as a block."""
_STEP_M = 1_000.0


def people_of_grid(path: Path, areas: gpd.GeoSeries) -> Shared:
    """The people of a grid's cells in each area; cells on a border by the exact share of them that lies inside.

    Parameters
    ----------
    path : a GeoTIFF of any CRS; its first band counts the people of each cell. Cells without a value, or beyond the
        grid, are not known.
    areas : polygons in metres that do not overlap.

    Raises
    ------
    MissingError, DataError : no such file, no grid with a CRS, fewer than no people in a cell.
    """
    people, known = np.zeros(len(areas)), np.zeros(len(areas))
    with opened_grid(path, page="population") as grid:
        for place, shape in enumerate(_in_cells(areas, grid)):
            row, column, share = cells_inside(shape, grid.width, grid.height, of=path)
            count = _values(grid, row, column, path.name)
            told = np.isfinite(count)
            people[place] = float((count[told] * share[told]).sum())
            known[place] = float(share[told].sum()) / max(shape.area, 1e-12)
    return Shared(people, 0.0, np.minimum(known, 1.0))


def _in_cells(areas: gpd.GeoSeries, grid: Any) -> Shapes:
    """Outlines in columns and rows of the grid, where each cell is a square of side 1."""
    fine = gpd.GeoSeries(shapely.segmentize(areas.to_numpy(), _STEP_M), crs=areas.crs)
    there = in_grid_crs(fine, grid, page="population")
    a, b, c, d, e, f = tuple(~grid.transform)[:6]

    def moved(xy: FloatArray) -> FloatArray:
        x, y = xy[:, 0], xy[:, 1]
        return np.column_stack([a * x + b * y + c, d * x + e * y + f])

    shapes: Shapes = shapely.transform(there, moved)
    broken = np.isfinite(shapely.bounds(shapes)).all(axis=1) & ~shapely.is_valid(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken])
    return shapes


def cells_inside(shape: Any, width: int, height: int, *, of: object = "grid") -> tuple[IntArray, IntArray, FloatArray]:
    """Row and column of each cell that a shape touches, and the share of the cell that lies in it.

    ``of``: the file that an error names where the shape lies over more cells than may be.

    >>> row, column, share = cells_inside(shapely.box(0.5, 0, 2, 1), 9, 9)
    >>> column.tolist(), share.tolist()
    ([0, 1], [0.5, 1.0])
    """
    if shape.is_empty or not np.isfinite(shape.bounds).all():
        return _none()
    left, top = np.maximum(np.floor(shape.bounds[:2]), 0).astype(np.int64)
    right, bottom = np.minimum(np.ceil(shape.bounds[2:]), (width, height)).astype(np.int64)
    if left >= right or top >= bottom:
        return _none()
    limits.check("area_cells", int((right - left) * (bottom - top)), of=of)
    shapely.prepare(shape)
    x, y = _grid_of(np.arange(left, right, _BLOCK), np.arange(top, bottom, _BLOCK))
    blocks = shapely.box(x, y, x + _BLOCK, y + _BLOCK)
    whole = shapely.covers(shape, blocks)
    border = ~whole & shapely.intersects(shape, blocks)
    full, cut = _cells_of(x[whole], y[whole]), _cells_of(x[border], y[border])
    here = (cut[0] < right) & (cut[1] < bottom)
    x, y, share = _on_the_border(shape, cut[0][here], cut[1][here])
    x, y, share = np.r_[full[0], x], np.r_[full[1], y], np.r_[np.ones(len(full[0])), share]
    here = (share > 0) & (x < right) & (y < bottom)
    order = np.lexsort((x[here], y[here]))
    return y[here][order], x[here][order], share[here][order]


def _cells_of(x: IntArray, y: IntArray) -> tuple[IntArray, IntArray]:
    """The cells of blocks that begin there."""
    across, down = _grid_of(np.arange(_BLOCK), np.arange(_BLOCK))
    return np.add.outer(x, across).ravel(), np.add.outer(y, down).ravel()


def _on_the_border(shape: Any, x: IntArray, y: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
    squares = shapely.box(x, y, x + 1, y + 1)
    whole = shapely.covers(shape, squares)
    share = whole.astype(float)
    cut = ~whole & shapely.intersects(shape, squares)
    share[cut] = shapely.area(shapely.intersection(shape, squares[cut]))
    return x, y, share


def _none() -> tuple[IntArray, IntArray, FloatArray]:
    return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)


def _grid_of(x: IntArray, y: IntArray) -> tuple[IntArray, IntArray]:
    columns, rows = np.meshgrid(x, y)
    return columns.ravel(), rows.ravel()


def _values(grid: Any, row: IntArray, column: IntArray, file: str) -> AnyArray:
    """What the grid says of cells; missing where it says nothing."""
    if not len(row):
        return np.zeros(0)
    top, left = row.min(), column.min()
    window = ((int(top), int(row.max()) + 1), (int(left), int(column.max()) + 1))
    cells = grid_cells(grid, page="population", window=window)
    count = cells[row - top, column - left]
    if (count < 0).any():
        raise DataError("population.negative", file=file, value=f"{np.nanmin(count):g}")
    return np.asarray(count)
