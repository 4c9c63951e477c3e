"""What it costs to get from each community to each site, read out of a user's matrix in blocks of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from quarterhour.base.arrays import AnyArray, Csr, FloatArray
from quarterhour.base.cells import Strange, figures
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE
from quarterhour.base.errors import DataError
from quarterhour.base.jit import COMPILED, kernel
from quarterhour.siting.question.figures import cell_said
from quarterhour.siting.question.ids import as_ids

MOST = 2**30 // CENTISECONDS_PER_MINUTE
"""Whole times stay below 2**30 centiseconds, as everywhere in the house."""
_CELLS = 2**20
"""Of a matrix that are looked at together: little beside any matrix that fills a memory."""
_NO_NUMBERS: dict[str, Strange] = {"b": "bool", "c": "complex", "m": "duration", "M": "date"}
"""Kinds of arrays whose cells are no numbers."""


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows of a matrix: the ``column`` and ``cost`` of what is not too far, ``count`` of them in each row."""

    count: AnyArray
    column: AnyArray
    cost: FloatArray


@dataclass(frozen=True, eq=False)
class Costs:
    """A checked matrix, its blocks made anew each time; ``communities`` and ``sites`` are None where it has no ids.

    ``stored``: how many costs there are; ``most``: the largest, 0 where there is none.
    """

    shape: tuple[int, ...]
    blocks: Callable[[], Iterator[Block]]
    stored: int
    most: float
    communities: pd.Index | None = None
    sites: pd.Index | None = None

    def beyond(self, standard: float) -> int:
        """How many costs are above a standard."""
        return sum(int((block.cost > standard).sum()) for block in self.blocks())

    def within(self, cutoff: float) -> Csr:
        """Row starts, columns and whole centiseconds of the costs up to a cutoff, made once at their full size."""
        limit = round(cutoff * CENTISECONDS_PER_MINUTE)
        counts = [_near_counts(block, limit) for block in self.blocks()]
        start = np.r_[0, np.cumsum(np.concatenate([*counts, np.empty(0, np.int64)]))].astype(np.int64)
        column, cs = np.empty(start[-1], np.int32), np.empty(start[-1], np.int32)
        end = 0
        for block in self.blocks():
            whole = _whole(block.cost)
            near = whole <= limit
            begin, end = end, end + int(near.sum())
            column[begin:end], cs[begin:end] = block.column[near], whole[near]
        return start, column, cs


def _whole(cost: FloatArray) -> FloatArray:
    whole = cost * CENTISECONDS_PER_MINUTE
    np.rint(whole, out=whole)
    return whole


def _near_counts(block: Block, limit: int) -> AnyArray:
    """By row how many costs are up to a limit."""
    near = np.r_[0, np.cumsum(_whole(block.cost) <= limit)]
    counts: AnyArray = np.diff(near[np.r_[0, np.cumsum(block.count)]])
    return counts


def as_costs(matrix: Any) -> Costs:
    """A user's matrix, checked; DataError where it is none, or holds what is no cost, by row, column and value."""
    ids = (as_ids(matrix.index), as_ids(matrix.columns)) if isinstance(matrix, pd.DataFrame) else (None, None)
    table = sparse_table(matrix) if sparse.issparse(matrix) else dense_table(matrix)
    if len(table.shape) != 2:
        raise DataError("question.matrix_shape", people="?", shape=shape_said(table.shape))
    names = _Names(matrix)
    blocks = _stored_blocks(table) if sparse.issparse(table) else _dense_blocks(table, names)
    stored, most = _checked(blocks(), names)
    return Costs(tuple(table.shape), blocks, stored, most, *ids)


def shape_said(shape: tuple[int, ...]) -> str:
    """The size of an array: 3 x 4."""
    return " x ".join(map(str, shape)) or "?"


def _checked(blocks: Iterator[Block], names: _Names) -> tuple[int, float]:
    """How many costs there are and the largest; DataError where one cannot be kept."""
    stored, most, bad, first, above = 0, 0.0, 0, None, 0
    for block in blocks:
        wrong = np.flatnonzero(~((block.cost >= 0) & (block.cost < MOST)))
        if len(wrong) and first is None:
            row = above + int(np.searchsorted(np.cumsum(block.count), wrong[0], side="right"))
            first = row, int(block.column[wrong[0]]), float(block.cost[wrong[0]])
        bad, stored, above = bad + len(wrong), stored + len(block.cost), above + len(block.count)
        most = max(most, float(block.cost.max(initial=0.0)))
    if first is not None:
        raise DataError("question.matrix_values", most=MOST, count=bad, **names.at(*first[:2]), value=f"{first[2]:g}")
    return stored, most


class _Names:
    """What rows and columns of a matrix are called: their ids, or their numbers from 0."""

    def __init__(self, matrix: Any) -> None:
        self._axes = (matrix.index, matrix.columns) if isinstance(matrix, pd.DataFrame) else None

    def at(self, row: int, column: int) -> dict[str, str]:
        """Row and column of a cell."""
        named = (row, column) if self._axes is None else (self._axes[0][row], self._axes[1][column])
        return {"row": str(named[0]), "column": str(named[1])}

    def refuse(self, row: int, column: int, value: object, why: Strange) -> DataError:
        """The error for a cell that holds no number."""
        return DataError("question.matrix_garbled", detail=cell_said(**self.at(row, column), value=value, why=why))


# --- dense ----------------------------------------------------------------------------------------


def dense_table(matrix: Any) -> Any:
    """A DataFrame, or an array that keeps what the cells of a list are."""
    if isinstance(matrix, pd.DataFrame):
        return _shown(matrix)
    if hasattr(matrix, "__array__"):
        return unmasked(matrix)
    try:
        return np.array(matrix, dtype=object)
    except (ValueError, TypeError) as error:  # rows of several lengths
        raise DataError("question.matrix_shape", people="?", shape="?") from error


def unmasked(given: Any) -> AnyArray:
    """An array, its masked cells missing."""
    if isinstance(given, np.ma.MaskedArray):
        held: Any = given.astype(np.float64 if given.dtype.kind in "iuf" else object)
        return np.asarray(held.filled(np.nan))
    return np.asarray(given)


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame itself; DataError where a sparse one shows zeros for what it does not hold, which may be too far."""
    for k, kind in enumerate(frame.dtypes):
        if isinstance(kind, pd.SparseDtype) and kind.fill_value == 0:
            held: Any = frame.iloc[:, k].array
            if held.sp_index.npoints < len(frame):
                raise DataError("question.matrix_sparse_zeros", column=str(frame.columns[k]))
    return frame


def _dense_blocks(table: Any, names: _Names) -> Callable[[], Iterator[Block]]:
    size = max(1, _CELLS // max(1, table.shape[1]))

    def blocks() -> Iterator[Block]:
        for begin in range(0, len(table), size):
            some = table.iloc[begin : begin + size] if isinstance(table, pd.DataFrame) else table[begin : begin + size]
            yield _block(_numbers(some, begin, names))

    return blocks


def _block(costs: FloatArray) -> Block:
    if not COMPILED:
        row, column = np.nonzero(~(np.isnan(costs) | np.isposinf(costs)))
        return Block(np.bincount(row, minlength=len(costs)), column, costs[row, column])
    count = np.empty(len(costs), np.int64)
    column, cost = np.empty(costs.size, np.int32), np.empty(costs.size)
    end = _gather(costs, count, column, cost)
    return Block(count, column[:end], cost[:end])


@kernel
def _gather(costs, count, column, cost):  # type: ignore[no-untyped-def]
    end = 0
    for i in range(costs.shape[0]):
        begin = end
        for j in range(costs.shape[1]):
            if costs[i, j] < np.inf:
                column[end], cost[end] = j, costs[i, j]
                end += 1
        count[i] = end - begin
    return end


def _numbers(some: Any, begin: int, names: _Names) -> FloatArray:
    """Rows as numbers, missing ones NaN; DataError for the first cell that is none."""
    if isinstance(some, pd.DataFrame):
        if all(kind.kind in "iuf" and not isinstance(kind, pd.SparseDtype) for kind in some.dtypes):
            return _plain(some.to_numpy(dtype=np.float64, na_value=np.nan))
        some = some.astype("object").to_numpy(dtype=object)
    if some.dtype.kind in "iuf":
        return _plain(some)
    if some.dtype.kind in _NO_NUMBERS and some.size:
        raise names.refuse(begin, 0, some[0, 0], _NO_NUMBERS[some.dtype.kind])
    found, strange = figures(some.ravel().tolist())
    if strange:
        row, column = divmod(min(strange), some.shape[1])
        raise names.refuse(begin + row, column, some[row, column], strange[min(strange)])
    return found.reshape(some.shape)


def _plain(some: AnyArray) -> FloatArray:
    with np.errstate(over="ignore"):  # numpy's longest floats, beyond any cost
        return some.astype(np.float64, copy=False)


# --- sparse ---------------------------------------------------------------------------------------


def sparse_table(matrix: Any) -> Any:
    """A sparse matrix as floats by row, each cell once; its own where it is that already."""
    why = _NO_NUMBERS.get(matrix.dtype.kind)
    if why and matrix.nnz:
        first = sparse.coo_array(matrix)
        row, column = (int(axis[0]) for axis in first.coords[-2:]) if first.ndim == 2 else (0, int(first.coords[0][0]))
        raise _Names(matrix).refuse(row, column, first.data[0], why)
    table = sparse.csr_array(matrix.shape if why else matrix.astype(np.float64))
    if table.ndim == 2 and not table.has_canonical_format:
        table = table.copy()
        table.sum_duplicates()
    return table


def _stored_blocks(table: Any) -> Callable[[], Iterator[Block]]:
    start = table.indptr.astype(np.int64)
    size = max(1, len(table.data) // _CELLS)

    def blocks() -> Iterator[Block]:
        ends = np.unique(np.searchsorted(start, np.linspace(0, start[-1], size + 1), side="left"))
        edges = np.unique(np.r_[0, ends, table.shape[0]])
        for a, b in zip(edges, edges[1:], strict=False):
            mine = slice(int(start[a]), int(start[b]))
            yield Block(np.diff(start[a : b + 1]), table.indices[mine], table.data[mine])

    return blocks
