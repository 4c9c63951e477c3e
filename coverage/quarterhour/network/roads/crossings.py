"""Lines that cross: GEOS is asked only of the few pairs that may.

Two lines do not cross where all that they have in common is an end of both. Most neighbours in a network are such a
pair, and telling that of a pair of segments takes a few multiplications.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.base.jit import COMPILED, kernel

_AT_ONCE = 200_000
"""Lines whose neighbours are looked up together: the pairs of all would be held at once."""
_SURE = 1e-12
"""A cross product larger than this share of its two products has the sign that it shows: rounding is a thousandth."""


def crossing_pairs(lines: NDArray[np.object_]) -> tuple[IntArray, IntArray]:
    """The pairs of lines (positions, the lower first) that cross as GEOS has it, in the order of its tree."""
    tree = shapely.STRtree(lines)
    if not COMPILED:
        one, other = tree.query(lines, predicate="crosses")
        return one[one < other], other[one < other]
    coords, owner = shapely.get_coordinates(lines, return_index=True)
    start = np.searchsorted(owner, np.arange(len(lines) + 1)).astype(np.int64)
    found = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    for first in range(0, len(lines), _AT_ONCE):
        one, other = tree.query(lines[first : first + _AT_ONCE])
        one = one + first
        one, other = one[one < other], other[one < other]
        may = _may_cross(coords, start, one, other)
        one, other = one[may], other[may]
        real = shapely.crosses(lines[one], lines[other])
        found.append((one[real], other[real]))
    pairs = [np.concatenate(part) for part in zip(*found, strict=True)]
    return pairs[0], pairs[1]


def _may_cross(coords: FloatArray, start: IntArray, one: IntArray, other: IntArray) -> BoolArray:
    found = np.zeros(len(one), np.bool_)
    _look(coords, start, one.astype(np.int64), other.astype(np.int64), found)
    return found


@kernel
def _look(xy, start, one, other, found):  # type: ignore[no-untyped-def]
    """Mark the pairs of lines that have more in common than an end of both, or may have."""
    for k in range(len(one)):
        a0, a1, b0, b1 = start[one[k]], start[one[k] + 1] - 1, start[other[k]], start[other[k] + 1] - 1
        rings = (xy[a0, 0] == xy[a1, 0] and xy[a0, 1] == xy[a1, 1]) or (
            xy[b0, 0] == xy[b1, 0] and xy[b0, 1] == xy[b1, 1]
        )
        for i in range(a0, a1):
            if found[k]:
                break
            for j in range(b0, b1):
                if _apart(xy, i, i + 1, j, j + 1):
                    continue
                if rings or not (
                    _meet_at(xy, i, i + 1, j, j + 1, i == a0 and j == b0)
                    or _meet_at(xy, i, i + 1, j + 1, j, i == a0 and j + 1 == b1)
                    or _meet_at(xy, i + 1, i, j, j + 1, i + 1 == a1 and j == b0)
                    or _meet_at(xy, i + 1, i, j + 1, j, i + 1 == a1 and j + 1 == b1)
                ):
                    found[k] = True
                    break


@kernel
def _side(xy, p, q, r):  # type: ignore[no-untyped-def]
    """On which side of p-q the vertex r surely lies; 0 where that is not sure."""
    left = (xy[q, 0] - xy[p, 0]) * (xy[r, 1] - xy[p, 1])
    right = (xy[q, 1] - xy[p, 1]) * (xy[r, 0] - xy[p, 0])
    least = _SURE * (abs(left) + abs(right))
    if left - right > least:
        return 1
    return -1 if right - left > least else 0


@kernel
def _apart(xy, p, q, r, s):  # type: ignore[no-untyped-def]
    """Whether two segments surely have no point in common."""
    for c in range(2):
        if max(xy[p, c], xy[q, c]) < min(xy[r, c], xy[s, c]) or max(xy[r, c], xy[s, c]) < min(xy[p, c], xy[q, c]):
            return True
    side = _side(xy, p, q, r)
    if side != 0 and side == _side(xy, p, q, s):
        return True
    side = _side(xy, r, s, p)
    return side != 0 and side == _side(xy, r, s, q)


@kernel
def _meet_at(xy, p, q, r, s, ends):  # type: ignore[no-untyped-def]
    """Whether segments p-q and r-s surely share nothing but p, which is r; ``ends``: that is an end of both lines."""
    if not (ends and xy[p, 0] == xy[r, 0] and xy[p, 1] == xy[r, 1]):
        return False
    along, across = (xy[q, 0] - xy[p, 0]) * (xy[s, 0] - xy[p, 0]), (xy[q, 1] - xy[p, 1]) * (xy[s, 1] - xy[p, 1])
    onward = along + across < -_SURE * (abs(along) + abs(across))
    return onward or _side(xy, p, q, s) != 0
