"""Where a field on a raster lies under a level: polygons with their holes (marching squares, filled).

Between two nodes the line runs where the field would cross the level if it rose evenly between them. Rings keep the
low ground on their left, so shells run counter-clockwise and holes clockwise. A ring belongs to the polygon of the
ring where the run of low nodes beside it begins.
"""

from __future__ import annotations

import numpy as np
import shapely

from quarterhour.base.arrays import AnyArray
from quarterhour.base.jit import kernel


def ground_below(
    squared: AnyArray, radius: float, *, origin: tuple[int, int], cell: float, box: tuple[int, int, int, int]
) -> shapely.Geometry:
    """Where a distance, of which the field holds the squares, is less than a radius: one MultiPolygon.

    ``squared``: float32, row j and column i at ``(origin + (i, j)) * cell``. ``box``: first and end of the columns,
    first and end of the rows to look at; its rim lies beyond the radius. The level is put halfway between two float32,
    so at no node, and no ring touches itself there.
    """
    near = np.float32(radius * radius)
    level = (float(near) + float(np.nextafter(near, np.float32(np.inf)))) / 2
    left, right, low, high = box
    corners = np.zeros((high - low - 1, -(-(right - left - 1) // 8) * 8), np.uint8)
    _look(squared, near, left, right, low, high, corners)
    eights = corners.view(np.uint64)
    x, y, after, begins = _lines(squared, level, origin, (left, low), corners, eights, _count(eights))
    points, rings, shells = _rings(x, y, after, begins)
    points *= cell
    return shapely.multipolygons(shapely.from_ragged_array(shapely.GeometryType.POLYGON, points, (rings, shells)))


@kernel
def _look(squared, near, left, right, low, high, corners):  # type: ignore[no-untyped-def]
    """Which corners of each cell lie low: 1 south-west, 2 south-east, 4 north-east, 8 north-west."""
    for j in range(low, high - 1):
        south, north, found = squared[j, left:right], squared[j + 1, left:right], corners[j - low]
        for i in range(south.size - 1):
            found[i] = (
                np.uint8(south[i] <= near)
                | np.uint8(south[i + 1] <= near) << np.uint8(1)
                | np.uint8(north[i + 1] <= near) << np.uint8(2)
                | np.uint8(north[i] <= near) << np.uint8(3)
            )


@kernel
def _count(eights):  # type: ignore[no-untyped-def]
    """How many northern and eastern sides of cells the line crosses, of eight cells at once."""
    ones = np.uint64(0x0101010101010101)
    count = 0
    for row in range(eights.shape[0]):
        for k in range(eights.shape[1]):
            w = eights[row, k]
            north = ((w >> np.uint64(2)) ^ (w >> np.uint64(3))) & ones
            east = ((w >> np.uint64(1)) ^ (w >> np.uint64(2))) & ones
            count += int(((north + east) * ones) >> np.uint64(56))
    return count


@kernel
def _at(one, other, radius):  # type: ignore[no-untyped-def]
    """The share of the way between two nodes at which the distance is the radius."""
    a, b = np.sqrt(np.float64(one)), np.sqrt(np.float64(other))
    return (radius - a) / (b - a)


@kernel
def _lines(squared, level, origin, start, corners, eights, count):  # type: ignore[no-untyped-def]
    """Each crossing's place in cells, the one that follows it, and where the run of low nodes that it ends began."""
    radius = np.sqrt(level)
    full = np.uint64(0x0F0F0F0F0F0F0F0F)
    x, y = np.empty(count), np.empty(count)
    after, begins = np.empty(count, np.int32), np.full(count, -1, np.int32)
    below = np.full(corners.shape[1], -1, np.int32)
    found = 0
    for row in range(corners.shape[0]):
        run = west = -1
        j = start[1] + row
        for k in range(eights.shape[1]):
            if eights[row, k] == 0 or eights[row, k] == full:
                continue
            for column in range(8 * k, 8 * k + 8):
                known = corners[row, column]
                if known == 0 or known == 15:
                    continue
                i = start[0] + column
                a, b, c, d = squared[j, i], squared[j, i + 1], squared[j + 1, i + 1], squared[j + 1, i]
                north = east = -1
                if (known >> 2 ^ known >> 3) & 1:
                    north, x[found], y[found] = found, origin[0] + i + _at(d, c, radius), origin[1] + j + 1
                    if known & 4:
                        run = found
                    else:
                        begins[found] = run
                    found += 1
                if (known >> 1 ^ known >> 2) & 1:
                    east, x[found], y[found] = found, origin[0] + i + 1, origin[1] + j + _at(b, c, radius)
                    found += 1
                # a side that the line does not cross is not asked for below, so what stands there may be old
                _join(after, known, below[column], east, north, west, a, b, c, d, radius)
                below[column], west = north, east
    return x, y, after, begins


@kernel
def _join(after, corners, south, east, north, west, a, b, c, d, radius):  # type: ignore[no-untyped-def]
    """The pieces of line in one cell; of two low corners across, the middle of the cell says whether they join."""
    if corners == 1:
        after[south] = west
    elif corners == 2:
        after[east] = south
    elif corners == 3:
        after[east] = west
    elif corners == 4:
        after[north] = east
    elif corners == 6:
        after[north] = south
    elif corners == 7:
        after[north] = west
    elif corners == 8:
        after[west] = north
    elif corners == 9:
        after[south] = north
    elif corners == 11:
        after[east] = north
    elif corners == 12:
        after[west] = east
    elif corners == 13:
        after[south] = east
    elif corners == 14:
        after[west] = south
    else:
        whole = np.sqrt(np.float64(a)) + np.sqrt(np.float64(b)) + np.sqrt(np.float64(c)) + np.sqrt(np.float64(d))
        joined = whole < 4 * radius
        if corners == 5:
            after[south], after[north] = (east, west) if joined else (west, east)
        else:
            after[west], after[east] = (south, north) if joined else (north, south)


@kernel
def _rings(x, y, after, begins):  # type: ignore[no-untyped-def]
    """Points ring by ring, each closed; where each ring starts, and each polygon: its shell, then its holes."""
    ring, first, size, area = _traced(x, y, after)
    group = np.arange(first.size)
    for e in range(x.size):
        if begins[e] >= 0:
            a, b = ring[e], ring[begins[e]]
            while group[a] != a:
                group[a] = group[group[a]]
                a = group[a]
            while group[b] != b:
                group[b] = group[group[b]]
                b = group[b]
            group[max(a, b)] = min(a, b)
    for r in range(first.size):
        group[r] = group[group[r]]  # a smaller one is settled already
    order = np.argsort(2 * group + (area < 0), kind="mergesort")
    points = np.empty((x.size + first.size, 2))
    rings, shells = np.zeros(first.size + 1, np.int64), np.zeros(first.size + 1, np.int64)
    at = polygons = 0
    for k in range(order.size):
        r = order[k]
        if area[r] > 0:
            shells[polygons] = k
            polygons += 1
        e = first[r]
        for _ in range(size[r] + 1):
            points[at, 0], points[at, 1] = x[e], y[e]
            at, e = at + 1, after[e]
        rings[k + 1] = at
    shells[polygons] = order.size
    return points, rings, shells[: polygons + 1]


@kernel
def _traced(x, y, after):  # type: ignore[no-untyped-def]
    """The ring of each crossing; each ring's first crossing, their number, twice the area (negative round a hole)."""
    ring = np.full(x.size, -1, np.int32)
    first, size, area = np.empty(x.size, np.int32), np.zeros(x.size, np.int32), np.zeros(x.size)
    count = 0
    for begin in range(x.size):
        if ring[begin] >= 0:
            continue
        e = begin
        while ring[e] < 0:
            ring[e] = count
            f = after[e]
            area[count] += (x[e] - x[begin]) * (y[f] - y[begin]) - (x[f] - x[begin]) * (y[e] - y[begin])
            size[count] += 1
            e = f
        first[count] = begin
        count += 1
    return ring, first[:count], size[:count], area[:count]
