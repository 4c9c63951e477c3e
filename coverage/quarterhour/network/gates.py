"""Where a mode's roads meet: barriers part them, and what is private serves only trips that start or end behind it.

A road is for ends only where its access says so (``walk_ends``, ``drive_ends``, ``cycle_ends``: private, customers,
destination), and where nothing but such roads and such gates joins it to the others::

    A-------------B-------------C      all may go
                  |
                  G  a private gate    closed to through traffic
                  |
                  D-------E            behind it: for ends only, though no tag of theirs says so

Of the parts into which private roads and gates divide a connected network the longest is open, the others lie behind.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quarterhour.base.arrays import AnyArray, BoolArray, FloatArray
from quarterhour.network import access
from quarterhour.network.network import Mode
from quarterhour.network.roads.junctions import joined, junctions_of

_BARRIERS = (("barrier_from", "from_node"), ("barrier_to", "to_node"))


@dataclass(frozen=True, eq=False)
class Meetings:
    """Junctions of a mode's roads, once barriers have parted them.

    ``tail, head``: of each road; ``xy, ids``: of each junction. ``ends_only``: roads closed to through traffic.
    ``gate``: junctions of one number stand on the sides of one barrier; -1: no barrier.
    """

    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    xy: FloatArray
    ids: pd.Index | None
    ends_only: BoolArray
    gate: NDArray[np.int32]


def meetings_of(
    roads: gpd.GeoDataFrame, mode: Mode, *, coords: AnyArray, start: AnyArray, length_m: FloatArray
) -> Meetings:
    """How the roads that a mode uses meet; ``coords, start``: their lines, as ``vertices_of`` has them."""
    tail, head, xy, ids = junctions_of(roads, coords, start)
    whole = np.column_stack([tail, head])
    stopped, gated = (_at_ends(roads, told) for told in access.barriers(mode))
    private = access.ends_only(roads, mode)
    if not (stopped.any() or gated.any() or private.any()):
        return Meetings(tail, head, xy, ids, private, np.full(len(xy), -1, np.int32))
    node = np.where(stopped | gated, len(xy) + np.arange(whole.size).reshape(whole.shape), whole)
    # where no gate is shut, all of a connected network
    private = _behind(node, np.where(gated, whole, node), private, length_m, xy[tail])
    node = np.where(_opened(node, whole, gated, private, roads.index), whole, node)
    return _parted(roads, node, whole, xy, ids, private)


def _at_ends(roads: gpd.GeoDataFrame, words: frozenset[str]) -> BoolArray:
    """Which road ends (roads x 2) hold a barrier that is called by one of the words."""
    found = np.zeros((len(roads), 2), bool)
    for end, (barrier, node) in enumerate(_BARRIERS):
        if words and barrier in roads and node in roads:
            found[:, end] = access.by_value(roads[barrier], lambda said: not words.isdisjoint(str(said).split(";"))) > 0
    return found


def _behind(
    parted: AnyArray, whole: AnyArray, private: BoolArray, length_m: FloatArray, where: FloatArray
) -> BoolArray:
    """Private roads, and those that only private ones join to the longest open part of their network.

    ``parted, whole``: the nodes of road ends while private gates are shut, and while they are open.
    """
    count = int(max(parted.max(), whole.max())) + 1
    open_ = ~private
    if not open_.any():
        return private
    part = joined(parted[open_, 0], parted[open_, 1], count)[parted[:, 0]]
    network = joined(whole[:, 0], whole[:, 1], count)[whole[:, 0]]
    told = pd.DataFrame({"network": network, "part": part, "m": length_m.round(1), "x": where[:, 0], "y": where[:, 1]})
    parts = told[open_].groupby("part").agg({"network": "first", "m": "sum", "x": "min", "y": "min"})
    # of equally long ones the one farthest west: which row came first has no say
    longest = parts.sort_values(["m", "x", "y"], ascending=[False, True, True]).drop_duplicates("network").index
    return private | ~told["part"].isin(longest).to_numpy()


def _opened(parted: AnyArray, whole: AnyArray, gated: BoolArray, private: BoolArray, ids: pd.Index) -> BoolArray:
    """The road ends whose gate joins them again, so that nobody passes from one open side to another.

    Where at most one side is open to all, all of them; else what lies behind and one open side.
    """
    names = np.repeat(ids.astype(str).to_numpy(), 2)
    sides = pd.DataFrame({"gate": whole.ravel(), "side": parted.ravel(), "open": ~np.repeat(private, 2), "id": names})
    some = sides[np.isin(sides["gate"], whole[gated])]
    shut = some.groupby(["gate", "side"])["open"].any().groupby("gate").sum()
    through = some["gate"].isin(shut.index[shut > 1]) & some["open"]
    first = some[through].sort_values("id").drop_duplicates("gate").index
    kept = np.isin(np.arange(whole.size), some.index[through].difference(first)).reshape(whole.shape)
    opened: BoolArray = gated & ~kept
    return opened


def _parted(
    roads: gpd.GeoDataFrame, node: AnyArray, whole: AnyArray, xy: FloatArray, ids: pd.Index | None, private: BoolArray
) -> Meetings:
    """Junctions numbered anew; one that a barrier made has a name of its own."""
    old, first, place = np.unique(node.ravel(), return_index=True, return_inverse=True)
    origin = whole.ravel()[first]
    several = np.bincount(origin, minlength=len(xy)) > 1
    gate = np.where(several[origin], origin, -1).astype(np.int32)
    names = None
    if ids is not None:
        road, end = np.divmod(first, 2)
        own = [f"{ids[o]}|{roads.index[r]}|{_BARRIERS[e][1]}" for o, r, e in zip(origin, road, end, strict=True)]
        names = pd.Index(np.where(old < len(xy), ids[origin].to_numpy(), np.array(own, dtype=object)))
    tail, head = place.reshape(node.shape).T.astype(np.int32)
    return Meetings(tail, head, xy[origin], names, private, gate)
