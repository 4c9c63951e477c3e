"""The road network: junctions, roads, integer travel times along them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy import sparse
from scipy.sparse import csgraph

from quarterhour.base.arguments import takes
from quarterhour.base.arrays import AnyArray, BoolArray, FloatArray, IntArray
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.labels import percent
from quarterhour.base.planar import stretch_at
from quarterhour.network import access, speeds
from quarterhour.network.gates import meetings_of
from quarterhour.network.network import Mode, Network, Turns
from quarterhour.network.roads.junctions import components_of, vertices_of
from quarterhour.network.slope import known_numbers
from quarterhour.network.turns import forbidden_turns

MAX_CS = 1 << 28
"""Longest time along one road, 31 days: sums of a search stay inside int32."""

MOST_STRETCH = 0.05
"""A zone too wide for a province is 1 % out of true; Web Mercator 8 % at Guangzhou and 26 % at Weihai."""

NOWHERE = CRS.from_wkt(
    'ENGCRS["no place on earth",EDATUM["none"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'
)
"""The CRS of a network without one."""

_NO_STOPPING = ("motorway", "motorway_link")


@takes(roads=gpd.GeoDataFrame, mode=Mode, turns=pd.DataFrame)
def build_network(roads: gpd.GeoDataFrame, mode: Mode, *, turns: pd.DataFrame | None = None) -> Network:
    """The network that a mode may use, its times in whole centiseconds.

    Parameters
    ----------
    roads : as ``as_roads`` makes it; what they say beyond length and class counts by ``speeds.py``.
    mode : who travels, of ``read_modes``.
    turns : restrictions that vehicles obey (``turns.py`` names the columns).

    Returns
    -------
    A ``Network``. Each road is quantised once: round(length / speed), at least one centisecond.

    Raises
    ------
    DataError : the mode may use none of the roads, or the CRS stretches lengths where they lie (Web Mercator).

    Examples
    --------
    >>> import geopandas as gpd, quarterhour as qh
    >>> from shapely import LineString
    >>> drawn = gpd.GeoDataFrame({"highway": ["residential"]}, geometry=[LineString([(0, 0), (700, 0)])], crs=32651)
    >>> roads, _ = qh.as_roads(drawn, crs="EPSG:32651")
    >>> qh.build_network(roads, qh.read_modes()["walk"])
    <Network for walk: 2 junctions, 1 roads, 1 km, 0 one-way, 0 islands>
    """
    _check_true(roads)
    speed = speeds.road_speeds(roads, mode)
    usable = (speed > 0) & access.may_use(roads, mode)
    if not usable.any():
        raise DataError(
            "network.none_usable", mode=mode.id, classes=first_ids(sorted(set(roads["road_class"].astype(str))))
        )
    used, speed = roads[usable], speed[usable]
    length, along, against = _quantised(used, mode, speed)
    fixed = _fixed(used, mode, length_m=length, speed_kmh=speed, most=np.column_stack([along, against]))
    way = access.one_way(used, mode)
    coords, start = vertices_of(used)
    meet = meetings_of(used, mode, coords=coords, start=start, length_m=length)
    along, against = np.where(way >= 0, along, 0), np.where(way <= 0, against, 0)
    return network_from_arrays(
        meet.tail,
        meet.head,
        forward_cs=along,
        backward_cs=against,
        xy=meet.xy,
        mode=mode,
        crs=roads.crs,
        length_m=length,
        lines=(coords, start),
        road_ids=used.index,
        road_class=used["road_class"].to_numpy(),
        no_stopping=_no_stopping(used),
        junction_ids=meet.ids,
        turns=obeyed_turns(turns, used.index, (meet.tail, meet.head), (along, against), mode, names=meet.ids),
        ends_only=meet.ends_only,
        gate=meet.gate,
        fixed_cs=fixed,
    )


def _check_true(roads: gpd.GeoDataFrame) -> None:
    xy = roads.geometry.to_numpy()[len(roads) // 2 : len(roads) // 2 + 1]
    if roads.crs is None or not len(xy):
        return
    off = stretch_at(roads.crs, *shapely.get_coordinates(xy)[0].tolist())
    if off > MOST_STRETCH:
        raise DataError("network.untrue_crs", crs=roads.crs.to_string(), off=percent(off))


def obeyed_turns(
    table: pd.DataFrame | None,
    road_ids: pd.Index,
    ends: tuple[Any, Any],
    times: tuple[AnyArray, AnyArray],
    mode: Mode,
    *,
    names: pd.Index | None,
) -> Turns | None:
    """The turn restrictions that a mode obeys on its roads, whose ends are numbered; walkers obey none."""
    if table is None or mode.travels != "vehicle":
        return None
    open_ = np.column_stack(times).ravel() > 0
    return forbidden_turns(table, road_ids=road_ids, ends=ends, open_=open_, mode=mode, names=names)


def _no_stopping(roads: gpd.GeoDataFrame) -> BoolArray:
    tunnel = roads["tunnel"].to_numpy(dtype=bool) if "tunnel" in roads else np.zeros(len(roads), bool)
    return np.asarray(tunnel | roads["road_class"].isin(_NO_STOPPING).to_numpy(dtype=bool))


def network_from_arrays(
    tail: AnyArray,
    head: AnyArray,
    *,
    forward_cs: AnyArray,
    mode: Mode,
    backward_cs: AnyArray | None = None,
    xy: AnyArray | None = None,
    crs: object = None,
    length_m: AnyArray | None = None,
    lines: tuple[AnyArray, AnyArray] | None = None,
    road_ids: pd.Index | None = None,
    road_class: AnyArray | None = None,
    no_stopping: AnyArray | None = None,
    junction_ids: pd.Index | None = None,
    turns: Turns | None = None,
    ends_only: AnyArray | None = None,
    gate: AnyArray | None = None,
    fixed_cs: AnyArray | None = None,
) -> Network:
    """A network straight from arrays, one entry a road; no geometry is needed.

    Parameters
    ----------
    tail, head : junctions 0..n-1 at the ends of each road.
    forward_cs, backward_cs : whole centiseconds along and against the road, 0 where one may not go;
        without ``backward_cs`` the same both ways.
    mode : who travels; its speed off the roads counts.
    xy, crs : junctions (n x 2) in metres, and the CRS; without them places can only stand on junctions.
    length_m : else the length of the lines, else nothing is known and it is NaN.
    lines : vertices of all lines and where each begins (one more at the end); else straight from end to end.
    road_ids, road_class, no_stopping, junction_ids : else 0.., "", False and no ids.
    turns : what ``forbidden_turns`` made of restrictions.
    ends_only : roads closed to trips that neither start nor end on such roads; else none is.
    gate : by junction, one number for those on the sides of one barrier, -1 for all others.
    fixed_cs : roads x 2, how much of each time does not depend on pace (ferries, waiting); else all of it does.

    Junctions are put in another order inside (Hilbert, or Cuthill-McKee without ``xy``); ``junction_ids`` follow.
    DataError for sizes that differ, a junction out of range, a time that is negative or too long.
    """
    tail, head = np.asarray(tail), np.asarray(head)
    times = [np.asarray(t) for t in (forward_cs, forward_cs if backward_cs is None else backward_cs)]
    count = _checked_count(tail, head, times, xy, junction_ids)
    if turns is not None and len(turns.arc) and not 0 <= turns.arc.min() <= turns.arc.max() < 2 * len(tail):
        raise DataError("turns.out_of_range", arcs=2 * len(tail), most=int(turns.arc.max()))
    xy = np.full((count, 2), np.nan) if xy is None else np.asarray(xy, float)
    order = _order(tail, head, xy)
    new = np.empty(count, np.int32)
    new[order] = np.arange(count, dtype=np.int32)
    tail, head, xy = new[tail], new[head], xy[order]
    coords, start = _straight(tail, head, xy) if lines is None else lines
    size = len(tail)
    return Network(
        x=xy[:, 0].copy(),
        y=xy[:, 1].copy(),
        tail=tail,
        head=head,
        length_m=_lengths(coords, start) if length_m is None else np.asarray(length_m, float),
        forward_cs=times[0].astype(np.int32),
        backward_cs=times[1].astype(np.int32),
        coords=np.ascontiguousarray(coords, float),
        coord_start=np.asarray(start, np.int64),
        road_ids=pd.RangeIndex(size) if road_ids is None else road_ids,
        road_class=np.full(size, "", object) if road_class is None else road_class,
        component=components_of(tail, head, count),
        mode=mode,
        crs=NOWHERE if crs is None else CRS.from_user_input(crs),
        no_stopping=np.zeros(size, bool) if no_stopping is None else np.asarray(no_stopping, bool),
        junction_ids=None if junction_ids is None else junction_ids[order],
        turns=turns,
        ends_only=np.zeros(size, bool) if ends_only is None else np.asarray(ends_only, bool),
        gate=np.full(count, -1, np.int32) if gate is None else np.asarray(gate, np.int32)[order],
        fixed_cs=None if fixed_cs is None or not fixed_cs.any() else np.asarray(fixed_cs, np.int32),
    )


def _checked_count(tail: AnyArray, head: AnyArray, times: list[AnyArray], xy: Any, ids: pd.Index | None) -> int:
    """How many junctions there are, once everything fits together."""
    if not len(tail) or len({len(tail), len(head), *map(len, times)}) > 1:
        raise DataError("network.sizes", sizes=", ".join(str(len(a)) for a in (tail, head, *times)))
    if any(a.dtype.kind not in "iu" for a in (tail, head, *times)):
        raise DataError("network.not_whole", types=", ".join(str(a.dtype) for a in (tail, head, *times)))
    known = {len(a) for a in (xy, ids) if a is not None}
    count = known.pop() if known else int(max(tail.max(), head.max())) + 1
    if known or min(tail.min(), head.min()) < 0 or max(tail.max(), head.max()) >= count:
        raise DataError("network.out_of_range", count=count, most=int(max(tail.max(), head.max())))
    if min(t.min() for t in times) < 0 or max(t.max() for t in times) > MAX_CS:
        bad = np.flatnonzero((np.minimum(*times) < 0) | (np.maximum(*times) > MAX_CS))
        raise DataError("network.bad_times", roads=first_ids(bad))
    return count


def _order(tail: AnyArray, head: AnyArray, xy: FloatArray) -> IntArray:
    """Junctions so that neighbours lie side by side; searches are four times as quick."""
    if np.isfinite(xy).all():
        points = gpd.GeoSeries(gpd.points_from_xy(*xy.T))
        return np.argsort(points.hilbert_distance().to_numpy(), kind="stable")
    both = (np.r_[tail, head], np.r_[head, tail])
    joined = sparse.csr_array((np.ones(2 * len(tail), np.int8), both), shape=(len(xy), len(xy)))
    return np.asarray(csgraph.reverse_cuthill_mckee(joined, symmetric_mode=True), np.int64)


def _straight(tail: AnyArray, head: AnyArray, xy: FloatArray) -> tuple[FloatArray, IntArray]:
    ends = np.column_stack([tail, head]).ravel()
    return xy[ends], np.arange(0, len(ends) + 1, 2, dtype=np.int64)


def _lengths(coords: FloatArray, start: IntArray) -> FloatArray:
    step = np.r_[np.hypot(*np.diff(coords, axis=0).T), 0.0]
    step[start[1:] - 1] = 0.0  # from the end of one line to the beginning of the next
    return np.add.reduceat(step, start[:-1])


def _quantised(
    roads: gpd.GeoDataFrame, mode: Mode, speed_kmh: FloatArray
) -> tuple[AnyArray, NDArray[np.int32], NDArray[np.int32]]:
    """Metres, and centiseconds along and against, rounded once."""
    length = roads.geometry.length.to_numpy()
    if "length_m" in roads:
        given = pd.to_numeric(roads["length_m"], errors="coerce").to_numpy(dtype=float)
        length = np.where(np.isfinite(given) & (given >= 0), given, length)
    cs = np.rint(speeds.directed_cs(roads, mode, length_m=length, speed_kmh=speed_kmh))
    if (cs > MAX_CS).any():
        raise DataError("network.too_long", ids=first_ids(roads.index[(cs > MAX_CS).any(axis=0)]))
    along, against = np.maximum(cs, 1).astype(np.int32)
    return length, along, against


def _fixed(
    roads: gpd.GeoDataFrame, mode: Mode, *, length_m: AnyArray, speed_kmh: FloatArray, most: AnyArray
) -> NDArray[np.int32] | None:
    """What of each time does not depend on pace: a ferry's crossing and waiting, signals."""
    ferry = (roads["road_class"] == "ferry").to_numpy()
    some = ferry.copy()
    for column in ("signals_along", "signals_against"):
        if column in roads and mode.signal_seconds:
            some |= known_numbers(roads[column]) > 0
    if not some.any():
        return None
    # A road without length takes only what its signals take.
    metres, level = np.where(ferry, length_m, 0.0)[some], replace(mode, slope=None)
    found = np.zeros((len(roads), 2))
    found[some] = np.column_stack(speeds.directed_cs(roads[some], level, length_m=metres, speed_kmh=speed_kmh[some]))
    return np.minimum(np.rint(found), most).astype(np.int32)
