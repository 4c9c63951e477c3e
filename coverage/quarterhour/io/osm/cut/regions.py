"""Where the pieces lie: which areas, with their margin, a box or a point may reach into.

The margin is held on a grid, whose cells count as a whole: a piece is never smaller than asked, and larger by a cell at
most. How far is far: in degrees of latitude, each at least 110,574 m (at the equator), with longitudes shrunk to the
parallel farthest from the equator, no two places are farther apart than on the ground, so whatever lies within the
margin is found to lie within it.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import pandas as pd
import shapely

from quarterhour.base.arrays import AnyArray, BoolArray, FloatArray, IntArray
from quarterhour.base.errors import DataError

_METRES_A_DEGREE = 110_574.0
_UNITS = 1e7
_HALF_TURN = 180.0
_CELLS = 1024
"""Along the longer side of all areas."""
_BLOCK = 32
_FINER = 2
"""A box is looked at in cells of its own size, halved so often."""
_NUMBER = np.int64((1 << 32) - 1)


class AreaSets:
    """Sets of areas, each by a number; 0 is the empty one. ``masks``: by number the areas, a bit each."""

    def __init__(self) -> None:
        self.masks = [0]
        self._numbers = {0: 0}

    def number(self, mask: int) -> int:
        """The number of a set."""
        found = self._numbers.setdefault(mask, len(self.masks))
        if found == len(self.masks):
            self.masks.append(mask)
        return found

    def union(self, one: AnyArray, other: AnyArray) -> IntArray:
        """Pairs of sets as one set each."""
        one, other = np.broadcast_arrays(one, other)
        found = np.maximum(one, other).astype(np.int64)
        odd = (one != other) & (one != 0) & (other != 0)
        if odd.any():
            which, pairs = pd.factorize(one[odd].astype(np.int64) << 32 | other[odd].astype(np.int64))
            both = [self.number(self.masks[p >> 32] | self.masks[p & int(_NUMBER)]) for p in pairs.tolist()]
            found[odd] = np.array(both, np.int64)[which]
        return found

    def gather(self, group: IntArray, sets: AnyArray) -> tuple[IntArray, IntArray]:
        """Every group that has a set, rising, and the union of its sets."""
        some = sets > 0
        pairs = np.sort(group[some] << 32 | sets[some].astype(np.int64))
        pairs = pairs[np.diff(pairs, prepend=-1) != 0]
        groups, numbers = pairs >> 32, pairs & _NUMBER
        first = np.flatnonzero(np.diff(groups, prepend=-1))
        count = np.diff(first, append=len(groups))
        found = numbers[first]
        for k in range(1, int(count.max(initial=0))):
            more = np.flatnonzero(count > k)
            found[more] = self.union(found[more], numbers[first[more] + k])
        return groups[first], found


class Regions:
    """Areas (shapes in degrees) with a margin."""

    def __init__(self, areas: Sequence[shapely.Geometry], margin_m: float, sets: AreaSets) -> None:
        self._sets, self._degrees = sets, margin_m / _METRES_A_DEGREE
        around = [self.around(shape) for shape in areas]
        west, south = np.min(around, axis=0)[:2]
        east, north = np.max(around, axis=0)[2:]
        self._corner = np.floor(np.array([west, south]) * _UNITS).astype(np.int64)
        size = np.ceil(np.array([east, north]) * _UNITS).astype(np.int64) - self._corner + 1
        self._cell = int(max(-(-int(size.max()) // _CELLS), 1))
        self._shape = tuple(int(n) for n in -(-size // self._cell))
        grid = np.zeros(self._shape, np.int64)
        for bit, (shape, box) in enumerate(zip(areas, around, strict=True)):
            (left, low), (right, high) = (self._cells(np.array(box[i : i + 2]) * _UNITS) for i in (0, 2))
            part = grid[left : right + 1, low : high + 1]
            here = self._near(shape, box, left, low, part.shape)
            part[...] = sets.union(part, np.where(here, sets.number(1 << bit), 0))
        self._grids = [grid]
        while max(self._grids[-1].shape) > 1:
            self._grids.append(self._coarser(self._grids[-1]))

    def around(self, shape: shapely.Geometry) -> tuple[float, float, float, float]:
        """The box of an area and its margin in degrees."""
        west, south, east, north = shapely.bounds(shape).tolist()
        wide = self._degrees / _narrowest(south - self._degrees, north + self._degrees)
        if west - wide < -_HALF_TURN or east + wide > _HALF_TURN:
            raise DataError("osm.cut_date_line")
        return west - wide, south - self._degrees, east + wide, north + self._degrees

    def _cells(self, units: AnyArray) -> IntArray:
        found: IntArray = (np.floor(units).astype(np.int64) - self._corner) // self._cell
        return np.clip(found, 0, np.array(self._shape) - 1)

    def _near(
        self, shape: shapely.Geometry, box: tuple[float, ...], left: int, low: int, size: tuple[int, ...]
    ) -> BoolArray:
        """Which cells of a part of the grid come near enough to an area; first by blocks of many cells, of which only
        those at the edge are looked into."""
        narrow, many = _narrowest(box[1], box[3]), [-(-n // _BLOCK) for n in size]
        flat = shapely.transform(shape, functools.partial(np.multiply, (narrow, 1.0)))
        shapely.prepare(flat)
        blocks = self._sides(np.indices(many).reshape(2, -1), (left, low), _BLOCK, narrow)
        near = shapely.dwithin(flat, shapely.box(*blocks), self._degrees)
        west, south, east, north = blocks
        spare = self._degrees - np.hypot(east - west, north - south) / 2
        middle = shapely.points((west + east) / 2, (south + north) / 2)
        whole = shapely.dwithin(flat, middle, np.maximum(spare, 0)) & (spare >= 0)
        state = np.where(whole, 2, near).reshape(many)
        fine = np.repeat(np.repeat(state, _BLOCK, 0), _BLOCK, 1)[: size[0], : size[1]]
        found: BoolArray = fine == 2
        edge = np.argwhere(fine == 1).T
        cells = shapely.box(*self._sides(edge, (left, low), 1, narrow))
        found[tuple(edge)] = shapely.dwithin(flat, cells, self._degrees)
        return found

    def _sides(self, at: AnyArray, first: tuple[int, int], step: int, narrow: float) -> tuple[AnyArray, ...]:
        """West, south, east, north of squares of so many cells, longitudes shrunk."""
        begin = (np.array(first)[:, None] + step * at) * self._cell + self._corner[:, None]
        low, high = (side / _UNITS * np.array([[narrow], [1.0]]) for side in (begin, begin + step * self._cell))
        return low[0], low[1], high[0], high[1]

    def _coarser(self, grid: IntArray) -> IntArray:
        even = np.pad(grid, [(0, n % 2) for n in grid.shape])
        rows = self._sets.union(even[::2], even[1::2])
        return self._sets.union(rows[:, ::2], rows[:, 1::2])

    def near(self, west: AnyArray, south: AnyArray, east: AnyArray, north: AnyArray) -> IntArray:
        """The areas that boxes (1e-7 degrees) may reach into; a large one counts as coarser cells."""
        low = np.column_stack([west, south]).astype(np.int64)
        high = np.column_stack([east, north]).astype(np.int64)
        end = self._corner + np.array(self._shape) * self._cell
        found = np.zeros(len(low), np.int64)
        there = np.flatnonzero((high >= low).all(1) & (high >= self._corner).all(1) & (low < end).all(1))
        first, last = self._cells(low[there]), self._cells(high[there])
        span = (last - first).max(axis=1, initial=0)
        level = np.maximum(np.ceil(np.log2(np.maximum(span, 1))).astype(np.int64) - _FINER, 0)
        for step in np.unique(level).tolist():
            some = level == step
            (i, j), (k, m), grid = (first[some] >> step).T, (last[some] >> step).T, self._grids[step]
            held = grid[i, j]
            for a, b in np.ndindex(int((k - i).max()) + 1, int((m - j).max()) + 1):
                held = self._sets.union(held, grid[np.minimum(i + a, k), np.minimum(j + b, m)])
            found[there[some]] = held
        return found


def with_ferries(
    areas: Sequence[shapely.Geometry], margin_m: float, sets: AreaSets, *, boxes: IntArray, carried_m: FloatArray
) -> Regions:
    """Areas with a margin, and with the ground of each ferry (``boxes``: n x 4 in 1e-7 degrees) that comes within it,
    as far as it carries (metres)."""
    shapes, met = list(areas), np.zeros(len(boxes), np.int64)
    while True:
        regions = Regions(shapes, margin_m, sets)
        now = sets.union(met, regions.near(*boxes.T)) if len(boxes) else met
        if (now == met).all():
            return regions
        for bit, shape in enumerate(shapes):
            new = [i for i in np.flatnonzero(now != met) if (sets.masks[now[i]] & ~sets.masks[met[i]]) >> bit & 1]
            grounds = [_within(boxes[i] / _UNITS, regions.around(shape), carried_m[i]) for i in new]
            shapes[bit] = shapely.union_all([shape, *grounds])
        met = now


def _within(box: FloatArray, around: tuple[float, ...], metres: float) -> shapely.Geometry:
    """The part of a box that lies so near to another box."""
    south, north = around[1] - metres / _METRES_A_DEGREE, around[3] + metres / _METRES_A_DEGREE
    wide = metres / _METRES_A_DEGREE / _narrowest(south, north)
    return shapely.intersection(shapely.box(*box), shapely.box(around[0] - wide, south, around[2] + wide, north))


def _narrowest(south: float, north: float) -> float:
    """How long a degree of longitude is, as a share of one at the equator, where it is shortest between parallels."""
    farthest = float(np.clip(max(abs(south), abs(north)), 0, 89))
    return float(np.cos(np.radians(farthest)))


def metres_along(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Metres from each of some places to the next, rounded up by half a per cent at most."""
    east = np.diff(lon) * np.cos(np.radians(np.minimum(np.abs(lat[1:]), np.abs(lat[:-1]))))
    return np.asarray(np.hypot(east, np.diff(lat)) * 111_700.0)
