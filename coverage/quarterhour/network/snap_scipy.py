"""Nearest road segment by shapely's tree, where numba has no wheel; in tests, the second opinion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from quarterhour.base.arrays import AnyArray, BoolArray, FloatArray


@dataclass(frozen=True, eq=False)
class Segments:
    """Segments by their first vertex, and a tree to look them up in."""

    first: AnyArray
    tree: shapely.STRtree
    coords: FloatArray


def segments_of(coords: FloatArray, first: AnyArray) -> Segments:
    """All segments, or some, of lines given by their vertices."""
    lines = shapely.linestrings(np.stack([coords[first], coords[first + 1]], axis=1))
    return Segments(np.asarray(first, np.int64), shapely.STRtree(lines), coords)


def nearest_segment(
    held: Segments, x: FloatArray, y: FloatArray, limit: FloatArray, same_m: float, bad: BoolArray | None = None
) -> tuple[AnyArray, FloatArray, FloatArray]:
    """For each point the first vertex of its nearest segment (-1: none within its limit), the share of it, the metres.

    Of segments that are as near but for ``same_m`` the first counts, unless they are neighbours of one line; a
    segment that is not ``bad`` does not give way to one that is.
    """
    vertex, along, gap = np.full(len(x), -1), np.zeros(len(x)), np.full(len(x), np.inf)
    point, p, square = _candidates(held, x, y, limit, same_m)
    order = np.lexsort((p, square, point))
    best = order[np.r_[True, np.diff(point[order]) != 0][: len(order)]]
    vertex[point[best]] = p[best]
    closest = np.full(len(x), np.inf)
    closest[point[best]] = square[best]
    some = np.flatnonzero(vertex >= 0)
    along[some], gap[some] = _foot(held.coords, vertex[some], x[some], y[some])
    hit = vertex[point]
    rivals = (np.abs(p - hit) > 1) & (square <= (np.sqrt(closest[point]) + same_m) ** 2)
    among = np.isin(point, point[rivals]) & (square <= np.minimum(gap + same_m, limit)[point] ** 2 * (1 + 1e-12))
    if bad is not None:
        among &= bad[hit] | ~bad[p]
    np.minimum.at(vertex, point[among], p[among])
    moved = np.unique(point[among])
    along[moved] = _foot(held.coords, vertex[moved], x[moved], y[moved])[0]
    vertex[gap > limit] = -1
    return vertex, along, gap


def _candidates(
    held: Segments, x: FloatArray, y: FloatArray, limit: FloatArray, same_m: float
) -> tuple[AnyArray, AnyArray, FloatArray]:
    """Points, first vertices of the segments that may be their nearest, square metres between."""
    there = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    points, most = shapely.points(x[there], y[there]), limit.max(initial=0.0) * (1 + 1e-9) + same_m
    (point, _), off = held.tree.query_nearest(
        points, max_distance=most if most < np.inf else None, return_distance=True, all_matches=False
    )
    wide = off * (1 + 1e-9) + 2 * same_m
    found, candidate = held.tree.query(points[point], predicate="dwithin", distance=wide)
    point = there[point]
    at, p = point[found], held.first[candidate]
    square = _square_m(x[at] - held.coords[p, 0], y[at] - held.coords[p, 1], *(held.coords[p + 1] - held.coords[p]).T)
    near = square <= limit[at] * limit[at] * (1 + 1e-12)
    return at[near], p[near], square[near]


def _square_m(x: FloatArray, y: FloatArray, dx: FloatArray, dy: FloatArray) -> FloatArray:
    f = np.minimum(np.maximum((x * dx + y * dy) / np.maximum(dx * dx + dy * dy, 1e-300), 0.0), 1.0)
    ex, ey = f * dx - x, f * dy - y
    return np.asarray(ex * ex + ey * ey)


def _foot(coords: FloatArray, p: AnyArray, px: FloatArray, py: FloatArray) -> tuple[FloatArray, FloatArray]:
    (ax, ay), (bx, by) = coords[p].T, coords[p + 1].T
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    f = np.divide((px - ax) * dx + (py - ay) * dy, length, out=np.zeros(len(p)), where=length > 0)
    f = np.clip(f, 0.0, 1.0)
    x, y = np.where(f < 1, ax + f * dx, bx), np.where(f < 1, ay + f * dy, by)
    return f, np.hypot(x - px, y - py)
