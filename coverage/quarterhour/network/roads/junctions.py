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
from quarterhour.network.network import by_size

JOIN_M = 0.01
"""Ends of roads within this many metres are one junction, where no node ids say so."""
_NEIGHBOURS = 8
_HALF = 2**31


def spots_of(xy: FloatArray) -> IntArray:
    """Points as numbers 0.. in the order in which they come; points of one centimetre have one number."""
    whole = np.rint(xy / JOIN_M).astype(np.int64)
    if not len(whole) or np.abs(whole).max() < _HALF:
        return np.asarray(pd.factorize(whole[:, 0] * (2 * _HALF) + whole[:, 1])[0], np.int64)
    return np.asarray(pd.factorize(pd.MultiIndex.from_arrays([whole[:, 0], whole[:, 1]]))[0], np.int64)


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

    ``coords[start[i]:start[i + 1]]``: the line of road i.
    """
    ends = np.vstack([coords[start[:-1]], coords[start[1:] - 1]])
    ids = None
    if "from_node" in roads and "to_node" in roads:
        position, named = pd.factorize(np.concatenate([roads["from_node"], roads["to_node"]]).astype(str))
        ids = pd.Index(named)
    else:
        position = spots_of(ends)
    xy = np.empty((int(position.max()) + 1, 2))
    xy[position[::-1]] = ends[::-1]
    half = len(roads)
    return position[:half].astype(np.int32), position[half:].astype(np.int32), xy, ids


def components_of(tail: NDArray[np.int32], head: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """The weak component of each junction, 0 the largest."""
    return by_size(joined(tail, head, count))


def vertices_of(roads: gpd.GeoDataFrame) -> tuple[FloatArray, IntArray]:
    """The vertices of all lines one after the other, and where each line begins (one more at the end)."""
    xy, owner = shapely.get_coordinates(roads.geometry.to_numpy(), return_index=True)
    return xy, np.searchsorted(owner, np.arange(len(roads) + 1)).astype(np.int64)
