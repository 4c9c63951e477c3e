"""Where roads meet: spots of their ends, junctions, connected parts."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import cKDTree

from quarterhour.base.arrays import AnyArray, FloatArray, IntArray
from quarterhour.base.cells import texts
from quarterhour.network.network import by_size
from quarterhour.network.roads.marks import levels_of

JOIN_M = 0.01
"""Ends of roads within this many metres are one junction, where no node ids say so."""
_NEIGHBOURS = 8
_LINES_AT_ONCE = 200_000
_HALF = 2**31
_ONWARDS = np.radians(120)


def spots_of(xy: FloatArray) -> IntArray:
    """Points as numbers 0.. in the order in which they come; points of one centimetre have one number."""
    keys = _keys(xy)
    if keys is not None:
        return np.asarray(pd.factorize(keys)[0], np.int64)
    whole = np.rint(xy / JOIN_M).astype(np.int64)
    return np.asarray(pd.factorize(pd.MultiIndex.from_arrays([whole[:, 0], whole[:, 1]]))[0], np.int64)


def times_in(some: FloatArray, xy: FloatArray) -> IntArray:
    """How often the spot of each of some points is the spot of one of all points; without numbering them all."""
    mine, every = _keys(some), _keys(xy)
    if mine is None or every is None:
        spot = spots_of(np.vstack([some, xy]))
        return np.asarray(np.bincount(spot[len(some) :], minlength=spot.max(initial=0) + 1)[spot[: len(some)]])
    rising, which = np.unique(mine, return_inverse=True)
    if not len(rising):
        return np.empty(0, np.int64)
    at = np.minimum(np.searchsorted(rising, every), len(rising) - 1)
    return np.asarray(np.bincount(at[rising[at] == every], minlength=len(rising))[which])


def _keys(xy: FloatArray) -> IntArray | None:
    """Points as one number each, the same for those of one centimetre; None where they lie too far out for that."""
    whole = np.rint(xy / JOIN_M).astype(np.int64)
    return None if len(whole) and np.abs(whole).max() >= _HALF else whole[:, 0] * (2 * _HALF) + whole[:, 1]


def spots_within(xy: FloatArray, metres: float) -> IntArray:
    """Points as numbers; points that lie within so many metres, one of the next, have one number."""
    spot = spots_of(xy)
    first = np.unique(spot, return_index=True)[1]
    tree = cKDTree(xy[first])
    far, near = tree.query(xy[first], k=min(_NEIGHBOURS, len(first) + 1), distance_upper_bound=metres)
    one, other = np.repeat(np.arange(len(first)), near.shape[1]), near.ravel()
    met = np.isfinite(far.ravel())
    return np.asarray(joined(one[met], other[met], len(first))[spot], np.int64)


def joined(one: AnyArray, other: AnyArray, count: int) -> NDArray[np.int32]:
    """The connected part of each of ``count`` things, where some are joined in pairs."""
    pairs = sparse.coo_array((np.ones(len(one), np.int32), (one, other)), shape=(count, count))
    parts: NDArray[np.int32] = csgraph.connected_components(pairs, directed=False)[1]
    return parts


def junctions_of(
    roads: gpd.GeoDataFrame, coords: FloatArray, start: IntArray
) -> tuple[NDArray[np.int32], NDArray[np.int32], FloatArray, pd.Index | None]:
    """Tail and head of each road, where the junctions lie, and their ids where the roads name them.

    ``coords[start[i]:start[i + 1]]``: the line of road i. Where a bridge crosses a street and both are cut there, each
    goes on by itself.
    """
    ends = np.vstack([coords[start[:-1]], coords[start[1:] - 1]])
    ids = None
    if "from_node" in roads and "to_node" in roads:
        position, ids = named_ends(roads)
    else:
        position = _by_level(spots_of(ends), levels_of(roads), coords, start)
    xy = np.empty((int(position.max()) + 1, 2))
    xy[position[::-1]] = ends[::-1]
    half = len(roads)
    return position[:half].astype(np.int32), position[half:].astype(np.int32), xy, ids


def end_points(lines: NDArray[np.object_]) -> FloatArray:
    """Where lines begin (all first) and where they end; so many at once that their vertices take little beside them."""
    half = len(lines)
    found = np.empty((2 * half, 2))
    for first in range(0, half, _LINES_AT_ONCE):
        xy, owner = shapely.get_coordinates(lines[first : first + _LINES_AT_ONCE], return_index=True)
        last = min(first + _LINES_AT_ONCE, half)
        start = np.searchsorted(owner, np.arange(last - first + 1))
        found[first:last], found[half + first : half + last] = xy[start[:-1]], xy[start[1:] - 1]
    return found


def named_ends(roads: pd.DataFrame) -> tuple[IntArray, pd.Index]:
    """The nodes at the ends of roads (all first, then all last) as numbers in the order they come, and their names."""
    ends = [roads["from_node"], roads["to_node"]]
    if not all(isinstance(end.dtype, pd.StringDtype) and not end.hasnans for end in ends):
        ends = [texts(end) for end in ends]  # a node is one node, a whole number here and a float there
    number, names = pd.factorize(pd.concat(ends, ignore_index=True))
    return np.asarray(number, np.int64), pd.Index(names)


def _by_level(spot: IntArray, level: IntArray, coords: FloatArray, start: IntArray) -> IntArray:
    """Spots of road ends (all first, then all last), parted where roads of two levels cross and both are cut.

    They cross where each goes on beyond the spot, and going round it one meets them by turns; where bridges begin on
    one side of a street, they meet it.
    """
    if not level.any():
        return spot
    high = np.tile(level, 2)
    ends = pd.DataFrame({"spot": spot, "level": high})
    some = ends.groupby("spot")["level"].agg(["min", "max", "size"])
    mixed = ends[ends["spot"].isin(some.index[(some["min"] < some["max"]) & (some["size"] >= 4)])]
    if not len(mixed):
        return spot
    at, beside = np.r_[start[:-1], start[1:] - 1][mixed.index], np.r_[start[:-1] + 1, start[1:] - 2][mixed.index]
    away = coords[beside] - coords[at]
    mixed = mixed.assign(angle=np.arctan2(away[:, 1], away[:, 0])).sort_values(["spot", "angle"])
    rounds = mixed.groupby("spot")
    crossed = [node for node, r in rounds if _by_turns(r["level"].to_numpy(), r["angle"].to_numpy())]
    apart = pd.Series(spot).isin(crossed).to_numpy()
    return np.asarray(pd.factorize(pd.MultiIndex.from_arrays([spot, np.where(apart, high, 0)]))[0], np.int64)


def _by_turns(levels: IntArray, angles: FloatArray) -> bool:
    """Whether levels in their order round a spot change twice for each of them, and each goes on there."""
    known = np.unique(levels)
    changes = int((levels != np.roll(levels, 1)).sum())
    return changes >= 2 * len(known) and all(_goes_on(angles[levels == one]) for one in known)


def _goes_on(angles: FloatArray) -> bool:
    """Whether two of the directions lead away from each other."""
    between = np.abs(angles[:, None] - angles)
    return bool(np.minimum(between, 2 * np.pi - between).max() >= _ONWARDS)


def components_of(tail: NDArray[np.int32], head: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """The weak component of each junction, 0 the largest."""
    return by_size(joined(tail, head, count))


def vertices_of(roads: gpd.GeoDataFrame) -> tuple[FloatArray, IntArray]:
    """The vertices of all lines one after the other, and where each line begins (one more at the end)."""
    xy, owner = shapely.get_coordinates(roads.geometry.to_numpy(), return_index=True)
    return xy, np.searchsorted(owner, np.arange(len(roads) + 1)).astype(np.int64)
