"""Square cells of road segments, and the nearest segment looked up in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.base.jit import kernel
from quarterhour.network.network import Network, once

SAME_M = 1e-6
"""Roads whose distances differ by less are equally near: rounding must not choose between them."""
_CELL_M = 75.0
_MOST_CELLS_A_SEGMENT = 16


@dataclass(frozen=True, eq=False)
class Grid:
    """Which segments (by their first vertex) touch each square cell."""

    start: NDArray[np.int32]
    held: NDArray[np.int32]
    low: FloatArray
    cell: float
    shape: tuple[int, int]


def grid_of(network: Network) -> Grid:
    """The grid of a network, made once and kept on it."""
    return once(network.kept, "grid", lambda: _grid(network))


def _grid(network: Network) -> Grid:
    a = first_vertices(network).astype(np.int32)
    cell, low, shape = _grid_shape(network.coords, a)
    start, held = _fill(network.coords, a, low[0], low[1], cell, *shape)
    return Grid(start, held, low, cell, shape)


def first_vertices(network: Network) -> IntArray:
    """Of all segments."""
    first = np.ones(len(network.coords), bool)
    first[network.coord_start[1:] - 1] = False
    return np.flatnonzero(first)


def _grid_shape(xy: FloatArray, a: NDArray[np.int32]) -> tuple[float, FloatArray, tuple[int, int]]:
    low, high = xy.min(axis=0) - 1, xy.max(axis=0) + 1
    span = np.abs(xy[a + 1] - xy[a])
    cell = _CELL_M
    while True:
        held = np.prod(np.floor(span / cell) + 2, axis=1).sum()
        nx, ny = (float(n) + 1 for n in np.floor((high - low) / cell))
        if max(held, nx * ny) <= _MOST_CELLS_A_SEGMENT * len(a) + 4096:
            return cell, low, (int(nx), int(ny))
        cell *= 2


@kernel
def _fill(xy, a, x0, y0, cell, nx, ny):  # type: ignore[no-untyped-def]
    start = np.zeros(nx * ny + 1, np.int64)
    held = np.empty(0, np.int32)
    free = np.empty(0, np.int64)
    for turn in range(2):
        if turn == 1:
            for c in range(nx * ny):
                start[c + 1] += start[c]
            held = np.empty(start[-1], np.int32)
            free = start[:-1].copy()
        for s in range(a.size):
            p = a[s]
            i0 = int((min(xy[p, 0], xy[p + 1, 0]) - x0) / cell)
            i1 = int((max(xy[p, 0], xy[p + 1, 0]) - x0) / cell)
            j0 = int((min(xy[p, 1], xy[p + 1, 1]) - y0) / cell)
            j1 = int((max(xy[p, 1], xy[p + 1, 1]) - y0) / cell)
            for j in range(j0, j1 + 1):
                for i in range(i0, i1 + 1):
                    c = j * nx + i
                    if turn == 0:
                        start[c + 1] += 1
                    else:
                        held[free[c]] = p
                        free[c] += 1
    return start.astype(np.int32), held


@kernel
def _square_m(x, y, dx, dy):  # type: ignore[no-untyped-def]
    """Square metres from a point to a segment, both as seen from its first vertex; no branches."""
    f = min(max((x * dx + y * dy) / max(dx * dx + dy * dy, 1e-300), 0.0), 1.0)
    ex, ey = f * dx - x, f * dy - y
    return ex * ex + ey * ey


@kernel
def _foot(px, py, xy, p):  # type: ignore[no-untyped-def]
    """Share along a segment of its point nearest to another, and metres off; ends are taken as they stand."""
    ax, ay, bx, by = xy[p, 0], xy[p, 1], xy[p + 1, 0], xy[p + 1, 1]
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    f = ((px - ax) * dx + (py - ay) * dy) / length if length > 0 else 0.0
    if f <= 0:
        return 0.0, np.hypot(ax - px, ay - py)
    if f >= 1:
        return 1.0, np.hypot(bx - px, by - py)
    return f, np.hypot(ax + f * dx - px, ay + f * dy - py)


@kernel
def _beyond(px, py, low, cells, ci, cj, ring):  # type: ignore[no-untyped-def]
    """Square metres from the point to the nearest cell that the rings so far leave out; infinite when none is."""
    x0, y0, cell = low
    nx, ny = cells
    out_x, out_y = max(0.0, x0 - px, px - x0 - nx * cell), max(0.0, y0 - py, py - y0 - ny * cell)
    bound = np.inf
    if ci - ring > 0:
        bound = min(bound, max(0.0, px - x0 - (ci - ring) * cell) ** 2 + out_y * out_y)
    if ci + ring < nx - 1:
        bound = min(bound, max(0.0, x0 + (ci + ring + 1) * cell - px) ** 2 + out_y * out_y)
    if cj - ring > 0:
        bound = min(bound, max(0.0, py - y0 - (cj - ring) * cell) ** 2 + out_x * out_x)
    if cj + ring < ny - 1:
        bound = min(bound, max(0.0, y0 + (cj + ring + 1) * cell - py) ** 2 + out_x * out_x)
    return bound


@kernel
def _rings(px, py, xy, lists, low, cells, bad, avoid, first, limit):  # type: ignore[no-untyped-def]
    """The nearest segment within the limit, its share and metres, and whether another is as near.

    With ``first``: the first of all within the limit. With ``avoid``: of those that are not bad.
    """
    start, held = lists
    x0, y0, cell = low
    nx, ny = cells
    ci = int(min(max((px - x0) / cell, 0.0), nx - 1.0))
    cj = int(min(max((py - y0) / cell, 0.0), ny - 1.0))
    best, second, within = np.inf, np.inf, limit * limit * (1 + 1e-12)
    hit = np.int64(-1)
    ring = 0
    while True:
        for j in range(max(0, cj - ring), min(ny - 1, cj + ring) + 1):
            over = max(0.0, y0 + j * cell - py, py - y0 - (j + 1) * cell)
            if over * over > within:
                continue
            whole_row = j == cj - ring or j == cj + ring
            i, step = (max(0, ci - ring), 1) if whole_row else (ci - ring, 2 * ring)
            if i < 0:
                i += step
            while i <= min(nx - 1, ci + ring):
                beside = max(0.0, x0 + i * cell - px, px - x0 - (i + 1) * cell)
                if beside * beside + over * over <= within:
                    for k in range(start[j * nx + i], start[j * nx + i + 1]):
                        p = np.int64(held[k])
                        d = _square_m(px - xy[p, 0], py - xy[p, 1], xy[p + 1, 0] - xy[p, 0], xy[p + 1, 1] - xy[p, 1])
                        if d > within or (avoid and bad[p]):
                            continue
                        if first:
                            if hit < 0 or p < hit:
                                hit = p
                        elif d < best or (d == best and p < hit):
                            # two neighbours of one line that meet in a vertex are no tie
                            second = best if abs(p - hit) > 1 else second
                            hit, best = p, d
                            within = min(within, (np.sqrt(d) + SAME_M) ** 2)
                        elif abs(p - hit) > 1:
                            second = min(second, d)
                i += step
        left_out = _beyond(px, py, low, cells, ci, cj, ring)
        if left_out > within or left_out == np.inf:
            break
        ring += 1
    if hit < 0:
        return hit, 0.0, np.inf, False
    share, off = _foot(px, py, xy, hit)
    return hit, share, off, second <= within


@kernel
def search_grid(x, y, xy, lists, low, cells, bad, limit, detour, vertex, along, gap, passed):  # type: ignore[no-untyped-def]  # noqa: E501
    """Fill in what ``snap`` calls Found, place by place."""
    for p in range(x.size):
        px, py = x[p], y[p]
        if not (np.isfinite(px) and np.isfinite(py)):
            continue
        hit, share, off, tied = _rings(px, py, xy, lists, low, cells, bad, False, False, limit)
        if hit >= 0 and bad.size > 1 and bad[hit]:
            better = _rings(px, py, xy, lists, low, cells, bad, True, False, min(limit, off + detour))
            if better[0] >= 0:
                passed[p] = better[2] > off + SAME_M
                hit, share, off, tied = better
        if hit < 0 or off > limit:
            continue
        if tied:
            avoid = bad.size > 1 and not bad[hit]
            near = min(off + SAME_M, limit)
            hit, share, _, _ = _rings(px, py, xy, lists, low, cells, bad, avoid, True, near)
        vertex[p], along[p], gap[p] = hit, share, off
