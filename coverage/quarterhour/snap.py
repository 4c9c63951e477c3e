"""Where each place meets the road, and how far off it lies."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numba
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from quarterhour.errors import DataError
from quarterhour.network import Network

CELL_M = 150.0
SAME_M = 1e-6
"""Roads whose distances differ by less are equally near: rounding must not choose between them."""
MOST_CELLS_A_SEGMENT = 16


def snap_places(network: Network, places: gpd.GeoDataFrame, *, limit_m: float = 1000.0) -> pd.DataFrame:
    """The nearest point of the nearest road for each place; one row a place, always.

    Parameters
    ----------
    network : roads of one mode.
    places : points in the CRS of the network.
    limit_m : a place farther off is not snapped, and its row says ``too_far``.

    Returns
    -------
    Indexed as ``places``: ``road`` (position in the network, -1 when not snapped), ``share`` along it
    (0 at its tail), ``gap_m`` (told for places too far as well), ``x``, ``y`` (metres, on the road),
    ``snapped``, ``reason`` ("", ``too_far``, ``no_point``). Of roads equally near, the first in the network.

    Raises
    ------
    DataError : the places are in another CRS.
    """
    if places.crs is None or places.crs != network.crs:
        raise DataError("snap.other_crs", came=str(places.crs), needed=network.crs.name)
    x, y, pointed = _points(places)
    road, share, gap, on_x, on_y = _nearest(network, x, y, limit_m)
    snapped = road >= 0
    far = pointed & ~snapped
    gap[far] = _gaps(network, x[far], y[far])
    reason = np.where(~pointed, "no_point", np.where(snapped, "", "too_far"))
    made = {"road": road, "share": share, "gap_m": gap, "x": on_x, "y": on_y, "snapped": snapped, "reason": reason}
    return pd.DataFrame(made, index=places.index)


def _points(places: gpd.GeoDataFrame) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    shape = places.geometry
    pointed = ((shape.geom_type == "Point") & ~shape.is_empty).to_numpy(dtype=bool)
    x, y = np.full(len(places), np.nan), np.full(len(places), np.nan)
    x[pointed], y[pointed] = shape[pointed].x, shape[pointed].y
    return x, y, pointed & np.isfinite(x) & np.isfinite(y)


def _gaps(network: Network, x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """Metres to the nearest road for the few places beyond the limit, which the grid is not made for."""
    if not len(x):
        return np.empty(0)
    counts = np.diff(network.coord_start)
    lines = shapely.linestrings(network.coords, indices=np.repeat(np.arange(len(counts)), counts))
    points = shapely.points(x, y)
    nearest = shapely.STRtree(lines).nearest(points)
    gaps: NDArray[np.float64] = shapely.distance(points, lines[nearest])
    return gaps


def _nearest(network: Network, x: NDArray[Any], y: NDArray[Any], limit_m: float) -> tuple[NDArray[Any], ...]:
    a, road = _segments(network)
    xy = network.coords
    cell, low, shape = _grid_shape(xy[a], xy[a + 1])
    start, held = _fill(xy, a, low[0], low[1], cell, shape[0], shape[1])
    found = np.full(len(x), -1, np.int64)
    along = np.zeros(len(x))
    off = np.full(len(x), np.nan)
    _query(x, y, xy, a, start, held, low[0], low[1], cell, shape[0], shape[1], limit_m, found, along, off)
    hit = found >= 0
    segment = a[found[hit]]
    line = network.line_m
    whole = line[network.coord_start[1:] - 1][road[found[hit]]]
    metres = line[segment] + along[hit] * (line[segment + 1] - line[segment])
    share, on = np.full(len(x), np.nan), np.full((len(x), 2), np.nan)
    share[hit] = np.clip(np.divide(metres, whole, out=np.zeros(len(metres)), where=whole > 0), 0, 1)
    on[hit] = xy[segment] + along[hit, None] * (xy[segment + 1] - xy[segment])
    roads = np.full(len(x), -1, np.int32)
    roads[hit] = road[found[hit]]
    return roads, share, off, on[:, 0], on[:, 1]


def _segments(network: Network) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    counts = np.diff(network.coord_start)
    road = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    first = np.ones(len(network.coords), bool)
    first[network.coord_start[1:] - 1] = False
    return np.flatnonzero(first), road[first]


def _grid_shape(one: NDArray[Any], two: NDArray[Any]) -> tuple[float, NDArray[Any], NDArray[np.int64]]:
    low, high = np.minimum(one, two).min(axis=0) - 1, np.maximum(one, two).max(axis=0) + 1
    cell = CELL_M
    while True:
        spans = np.prod(np.floor(np.abs(two - one) / cell) + 2, axis=1).sum()
        shape = ((high - low) / cell).astype(np.int64) + 1
        if max(spans, float(shape[0]) * float(shape[1])) <= MOST_CELLS_A_SEGMENT * len(one) + 4096:
            return cell, low, shape
        cell *= 2


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _fill(xy, a, x0, y0, cell, nx, ny):  # type: ignore[no-untyped-def]
    start = np.zeros(nx * ny + 1, np.int64)
    held = np.empty(0, np.int64)
    for turn in range(2):
        if turn == 1:
            for c in range(nx * ny):
                start[c + 1] += start[c]
            held = np.empty(start[-1], np.int64)
            free = start[:-1].copy()
        for s in range(a.size):
            p, q = a[s], a[s] + 1
            i0 = int((min(xy[p, 0], xy[q, 0]) - x0) / cell)
            i1 = int((max(xy[p, 0], xy[q, 0]) - x0) / cell)
            j0 = int((min(xy[p, 1], xy[q, 1]) - y0) / cell)
            j1 = int((max(xy[p, 1], xy[q, 1]) - y0) / cell)
            for j in range(j0, j1 + 1):
                for i in range(i0, i1 + 1):
                    c = j * nx + i
                    if turn == 0:
                        start[c + 1] += 1
                    else:
                        held[free[c]] = s
                        free[c] += 1
    return start, held


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _off(px, py, ax, ay, bx, by):  # type: ignore[no-untyped-def]
    """Metres from a point to a segment, and the share along it; ends are taken as they stand."""
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    f = ((px - ax) * dx + (py - ay) * dy) / length if length > 0 else 0.0
    if f <= 0:
        return np.hypot(ax - px, ay - py), 0.0
    if f >= 1:
        return np.hypot(bx - px, by - py), 1.0
    return np.hypot(ax + f * dx - px, ay + f * dy - py), f


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _rings(px, py, xy, a, start, held, x0, y0, cell, nx, ny, limit, first):  # type: ignore[no-untyped-def]
    """The nearest segment within the limit, or, with ``first``, the first of all within the limit."""
    best, hit, share = limit, -1, 0.0
    ci, cj = int(np.floor((px - x0) / cell)), int(np.floor((py - y0) / cell))
    left, low = px - x0 - ci * cell, py - y0 - cj * cell
    border = min(min(left, cell - left), min(low, cell - low))
    ring = max(0, max(max(-ci, ci - nx + 1), max(-cj, cj - ny + 1)))
    # all that is nearer than (ring - 1) * cell + border lies in the rings already searched
    while ring == 0 or (ring - 1) * cell + border <= best:
        for j in range(max(0, cj - ring), min(ny - 1, cj + ring) + 1):
            step = 1 if ring == 0 or j == cj - ring or j == cj + ring else 2 * ring
            for i in range(ci - ring, ci + ring + 1, step):
                if i < 0 or i >= nx:
                    continue
                for k in range(start[j * nx + i], start[j * nx + i + 1]):
                    s = held[k]
                    d, f = _off(px, py, xy[a[s], 0], xy[a[s], 1], xy[a[s] + 1, 0], xy[a[s] + 1, 1])
                    if d > best or (hit >= 0 and s >= hit and (first or d == best)):
                        continue
                    hit, share = s, f
                    if not first:
                        best = d
        if ci - ring <= 0 and cj - ring <= 0 and ci + ring >= nx - 1 and cj + ring >= ny - 1:
            break
        ring += 1
    return hit, share, best


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _query(x, y, xy, a, start, held, x0, y0, cell, nx, ny, limit, found, along, off):  # type: ignore[no-untyped-def]
    for p in range(x.size):
        px, py = x[p], y[p]
        outside = max(max(x0 - px, px - x0 - nx * cell), max(y0 - py, py - y0 - ny * cell))
        if not outside <= limit:
            continue
        hit, share, best = _rings(px, py, xy, a, start, held, x0, y0, cell, nx, ny, limit, False)
        if hit >= 0:
            near = min(best + SAME_M, limit)
            found[p], along[p], _ = _rings(px, py, xy, a, start, held, x0, y0, cell, nx, ny, near, True)
            off[p] = best
