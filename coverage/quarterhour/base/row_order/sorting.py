"""Rows in one order: by id where there are ids, by the line itself for roads, by all that they say for the rest.

The natural order of ids: figures in them count as numbers (2 before 10), all else goes by code point, capitals first;
no locale of a machine has a say.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.base.arrays import AnyArray, BoolArray, IntArray

Table = TypeVar("Table", bound=pd.DataFrame)
_FIGURES = re.compile("[0-9]+")
_NUMBER = "0|[1-9][0-9]{0,17}"


def id_order(ids: Iterable[Any]) -> IntArray:
    """The positions of ids in their natural order; of ids that read alike the first comes first.

    >>> id_order(["B2", "a", "B10", "B02"]).tolist()
    [3, 0, 2, 1]
    """
    numbers = as_numbers(ids)
    if numbers is not None:
        return np.asarray(np.argsort(numbers, kind="stable"), np.int64)
    names = [str(i) for i in ids]
    keys = [(_natural(name), name) for name in names]
    return np.array(sorted(range(len(names)), key=keys.__getitem__), dtype=np.int64)


def as_numbers(ids: Iterable[Any]) -> IntArray | None:
    """Text ids that are figures alone as numbers, of which no two that differ are one; None where some are not.

    >>> as_numbers(pd.Index(["2", "10"])).tolist(), as_numbers(pd.Index(["2", "02"]))
    ([2, 10], None)
    """
    if not isinstance(ids, pd.Index) or not isinstance(ids.dtype, pd.StringDtype):
        return None
    if not np.asarray(ids.str.fullmatch(_NUMBER, na=False), dtype=bool).all():
        return None
    return ids.astype("int64").to_numpy()


def is_unique(ids: pd.Index) -> bool:
    """Whether no id is there twice; of ids that are numbers without a table of them all."""
    numbers = as_numbers(ids)
    if numbers is None:
        return bool(ids.is_unique)
    numbers = np.sort(numbers)
    return not bool((numbers[1:] == numbers[:-1]).any())


def by_id(table: Table) -> Table:
    """The rows in the natural order of the ids in the index."""
    return _taken(table, id_order(table.index))


def by_content(table: Table) -> Table:
    """The rows of a table without ids, by what stands in them, column by column; shapes as ``by_line`` has them."""
    if isinstance(table, gpd.GeoDataFrame) and table.active_geometry_name is not None:
        return _taken(table, line_order(table))
    return _taken(table, id_order("\x00".join(row) for row in _rows_as_text(table)))


def by_line(roads: Table) -> Table:
    """Roads in the order of their lines (``line_order``)."""
    return _taken(roads, line_order(roads))


def place_names(table: gpd.GeoDataFrame) -> pd.Series:
    """A name for each shape after where it lies, ``x y`` in whole units of its CRS; those of one place are numbered.

    For shapes without ids, in one order already (``by_line``): a row of the file would be no name, as the same shapes
    in another order would be called otherwise. "" where there is no place. Indexed 0, 1, 2 ...
    """
    spots = shapely.point_on_surface(table.geometry.to_numpy())
    pairs = zip(shapely.get_x(spots).tolist(), shapely.get_y(spots).tolist(), strict=True)
    places = pd.Series([f"{x:.0f} {y:.0f}" if math.isfinite(x) and math.isfinite(y) else "" for x, y in pairs])
    number = places.groupby(places).cumcount()
    return places.where(places.eq("") | number.eq(0), places + "#" + number.astype("str")).astype("str")


def line_order(table: gpd.GeoDataFrame) -> IntArray:
    """The positions of shapes by their box, west to east; of shapes with one box by their bytes, then by their cells.

    Rows alike in all but the index go by that.
    """
    box = np.nan_to_num(shapely.bounds(table.geometry.to_numpy()), nan=np.inf) + 0.0  # -0.0 is 0.0
    order = np.lexsort(box.T[::-1])
    tied = _tied(box[order])
    if tied.any():
        rows = np.sort(order[tied])
        rank = np.zeros(len(table), dtype=np.int64)
        rank[rows[_told_apart(table.iloc[rows])]] = np.arange(len(rows))
        order = np.lexsort((rank, *box.T[::-1]))
    return np.asarray(order, np.int64)


def _tied(box: AnyArray) -> BoolArray:
    same = (box[1:] == box[:-1]).all(axis=1)
    return np.asarray(np.r_[False, same] | np.r_[same, False])


def _told_apart(table: gpd.GeoDataFrame) -> IntArray:
    shapes = [
        "" if shape is None else shape for shape in shapely.to_wkb(table.geometry.to_numpy(), hex=True, byte_order=1)
    ]
    cells = _rows_as_text(pd.DataFrame(table.drop(columns=table.geometry.name)))
    names = [str(i) for i in table.index]
    keys = [(s, *c, _natural(n), n) for s, c, n in zip(shapes, cells, names, strict=True)]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def _rows_as_text(table: pd.DataFrame) -> list[tuple[str, ...]]:
    columns = [[str(cell) for cell in table.iloc[:, c]] for c in range(len(table.columns))]
    return list(zip(*columns, strict=True)) if columns else [()] * len(table)


def _natural(name: str) -> str:
    return _FIGURES.sub(lambda found: _as_number(found.group()), name)


def _as_number(figures: str) -> str:
    """Figures as text that sorts as the number does: how many there are, then they."""
    plain = figures.lstrip("0")
    return f"{len(plain):06d}{plain}"


def _taken(table: Table, order: IntArray) -> Table:
    return table if (np.diff(order) == 1).all() else table.iloc[order]
