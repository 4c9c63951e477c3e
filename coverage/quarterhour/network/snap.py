"""Where each place meets the road, how far off it lies, and whether that can be trusted."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from quarterhour.base.arguments import takes
from quarterhour.base.arrays import AnyArray, BoolArray, FloatArray
from quarterhour.base.cells import texts
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.findings import findings_from
from quarterhour.base.jit import COMPILED
from quarterhour.network.network import Network, once
from quarterhour.network.segment_grid import SAME_M, first_vertices, grid_of, search_grid
from quarterhour.network.snap_scipy import nearest_segment, segments_of

SMALLEST_COMPONENT = 50
"""Junctions. Roads that join fewer count as an island (50 is Valhalla's ``minimum_reachability``)."""
LONGEST_DETOUR_M = 250.0
"""A yard's paths are passed over for the street at the gate; an islet's road is not for one across the water."""
DOUBTFUL_GAP_M = 300.0
"""Five minutes of walking off every road: is a road missing, or the point wrong?"""
_REASONS = np.array(["", "too_far", "no_point"], dtype=object)
_DOUBTS = np.array(["", "far_off", "no_stopping", "passed_over", "island"], dtype=object)


@takes(network=Network, places=gpd.GeoDataFrame)
def snap_places(
    network: Network,
    places: gpd.GeoDataFrame,
    *,
    limit_m: float = 1000.0,
    smallest_component: int = SMALLEST_COMPONENT,
    longest_detour_m: float = LONGEST_DETOUR_M,
) -> pd.DataFrame:
    """The nearest point of the nearest road for each place; one row a place, always.

    Parameters
    ----------
    network : roads of one mode.
    places : points in the CRS of the network.
    limit_m : a place farther off is not snapped, and its row says ``too_far``.
    smallest_component : roads that can reach fewer junctions there and back are islands; for a vehicle so are
        one-way stubs. 1: every road counts. Where no road can reach as many, none is an island.
    longest_detour_m : a road of an island, or one where nobody stops (tunnel, motorway), is passed over
        when another lies within the limit and at most this much farther off.

    Returns
    -------
    Indexed as ``places``: ``road`` (position in the network, -1 when not snapped), ``share`` along it
    (0 at its tail), ``gap_m`` (told for places too far as well), ``x``, ``y`` (metres, on the road),
    ``place_x``, ``place_y`` (metres, the place itself; missing without a point), ``snapped``, ``reason`` ("",
    ``too_far``, ``no_point``) and ``doubt`` ("", ``far_off``, ``no_stopping``, ``passed_over``, ``island``: see
    ``doubtful_snaps``). Of roads equally near, the first in the network.

    Raises
    ------
    DataError : the places are in another CRS, or the network has no coordinates.

    Examples
    --------
    >>> import quarterhour as qh
    >>> from quarterhour.testing import town
    >>> drawn = town("A--1--B")
    >>> qh.snap_places(drawn.network("walk"), drawn.places("1"))[["road", "share", "gap_m", "snapped"]]
        road  share  gap_m  snapped
    id
    1      0    0.5    0.0     True
    """
    _check_crs(network, places)
    x, y = _points(places)
    pointed = np.isfinite(x) & np.isfinite(y)
    island, bad = once(network.kept, f"poor {smallest_component}", lambda: _poor(network, smallest_component))
    vertex, along, gap, passed = _search(network, x, y, limit_m, longest_detour_m, bad)
    snapped = vertex >= 0
    far = pointed & ~snapped
    gap[far] = _search(network, x[far], y[far], np.inf, 0.0, bad[:1])[2]
    road, share, on = _on_road(network, vertex, along)
    doubt = np.select(
        [~snapped, island[road], passed, network.no_stopping[road], gap > DOUBTFUL_GAP_M], [0, 4, 3, 2, 1], 0
    )
    reason = np.where(snapped, 0, np.where(pointed, 1, 2))
    made = {"road": road, "share": share, "gap_m": gap, "x": on[:, 0], "y": on[:, 1]}
    own = {"place_x": np.where(pointed, x, np.nan), "place_y": np.where(pointed, y, np.nan), "snapped": snapped}
    return pd.DataFrame({**made, **own, "reason": _REASONS[reason], "doubt": _DOUBTS[doubt]}, index=places.index)


@takes(network=Network, junctions=pd.Series)
def at_junctions(network: Network, junctions: pd.Series) -> pd.DataFrame:
    """Places that stand on junctions of the network, as ``snap_places`` would tell them; no geometry is needed.

    Parameters
    ----------
    network : one that knows the ids of its junctions, as ``network_from_edges`` makes it.
    junctions : for each place (the index) the id of its junction, as the table of edges names it.

    Returns
    -------
    As ``snap_places``, a row a place; one that no road meets has the reason ``no_roads``.

    Raises
    ------
    DataError : an id that the network does not have, or a network that does not know its ids.

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> network = qh.network_from_edges(pd.DataFrame({"u": ["a", "b"], "v": ["b", "c"], "minutes": [5, 6]}))
    >>> qh.at_junctions(network, pd.Series({"west": "a", "east": "c"}))[["road", "share", "snapped"]]
          road  share  snapped
    west     0    0.0     True
    east     1    1.0     True
    """
    if network.junction_ids is None:
        raise DataError("snap.no_junction_ids")
    position = network.junction_ids.get_indexer(pd.Index(texts(junctions)))
    if (position < 0).any():
        unknown = first_ids(junctions[position < 0].unique())
        raise DataError("snap.unknown_junction", ids=unknown, known=first_ids(network.junction_ids))
    ends = np.concatenate([network.tail, network.head])
    first = np.full(len(network.x), -1)
    first[ends[::-1]] = np.arange(len(ends))[::-1]
    at, roads = first[position], len(network.tail)
    on = at >= 0
    made = {"road": np.where(on, at % roads, -1).astype(np.int32), "share": np.where(on, at >= roads, np.nan)}
    x, y = network.x[position], network.y[position]
    where = {"gap_m": np.where(on, 0.0, np.nan), "x": x, "y": y, "place_x": x, "place_y": y, "snapped": on}
    reason = np.where(on, "", "no_roads").astype(object)
    return pd.DataFrame({**made, **where, "reason": reason, "doubt": ""}, index=junctions.index)


def doubtful_snaps(snapped: pd.DataFrame, places: pd.DataFrame, *, table: str) -> pd.DataFrame:
    """A finding for each place whose road is missing or may be the wrong one; read them beside a map.

    ``too_far`` and ``no_point``: no road, so no times. ``island``: on roads from which almost nothing is reached.
    ``passed_over``: a nearer road leads nowhere. ``no_stopping``: only a tunnel or motorway is near.
    ``far_off``: over 300 m from its road.
    """
    rule = snapped["reason"].where(snapped["reason"] != "", snapped["doubt"])
    names = places["name"] if "name" in places else pd.Series("", index=places.index)
    rows = zip(snapped.index, rule, snapped["gap_m"], names.reindex(snapped.index), strict=True)
    return findings_from(
        [
            {
                "severity": "warning",
                "rule": f"snap.{why}",
                "table": table,
                "id": place,
                "value": "" if np.isnan(gap) else f"{gap:.0f}",
                "detail": name,
            }
            for place, why, gap, name in rows
            if why
        ]
    )


def _check_crs(network: Network, places: gpd.GeoDataFrame) -> None:
    if len(network.x) and not np.isfinite(network.x[0]):
        raise DataError("snap.no_coordinates")
    if places.crs is None or (places.crs is not network.crs and places.crs != network.crs):
        raise DataError("snap.other_crs", came=str(places.crs), needed=network.crs.name)


def _points(places: gpd.GeoDataFrame) -> tuple[FloatArray, FloatArray]:
    shapes = places.geometry.to_numpy()
    shapes = np.where(shapely.is_empty(shapes), None, shapes)  # GEOS knows no x of an empty point
    return shapely.get_x(shapes), shapely.get_y(shapes)


def _poor(network: Network, smallest: int) -> tuple[BoolArray, BoolArray]:
    """Which roads belong to islands, and which vertices to roads that are passed over."""
    size = np.bincount(network.mutual)[network.mutual]
    least = np.minimum(size[network.tail], size[network.head])
    island = (least < smallest) & (least.max() >= smallest)
    poor = island | network.no_stopping
    return island, np.repeat(poor, np.diff(network.coord_start)) if poor.any() else np.zeros(1, bool)


def _on_road(network: Network, vertex: AnyArray, along: FloatArray) -> tuple[NDArray[np.int32], FloatArray, FloatArray]:
    """Road, share of it and point, from the first vertex of a segment and the share of that."""
    hit = vertex >= 0
    at, part = vertex[hit], along[hit]
    found = np.searchsorted(network.coord_start, at, side="right") - 1
    line, xy = network.line_m, network.coords
    whole = line[network.coord_start[found + 1] - 1]
    metres = line[at] + part * (line[at + 1] - line[at])
    road = np.full(len(vertex), -1, np.int32)
    share, on = np.full(len(vertex), np.nan), np.full((len(vertex), 2), np.nan)
    road[hit] = found
    share[hit] = np.clip(np.divide(metres, whole, out=np.zeros(len(metres)), where=whole > 0), 0, 1)
    on[hit] = xy[at] + part[:, None] * (xy[at + 1] - xy[at])
    return road, share, on


Found = tuple[AnyArray, FloatArray, FloatArray, BoolArray]
"""First vertex of the segment and share of it, metres off, whether a nearer road was passed over."""


def _search(network: Network, x: FloatArray, y: FloatArray, limit: float, detour: float, bad: BoolArray) -> Found:
    vertex, along = np.full(len(x), -1, np.int32), np.zeros(len(x))
    gap, passed = np.full(len(x), np.nan), np.zeros(len(x), bool)
    if not len(x):
        return vertex, along, gap, passed
    if not COMPILED:
        return _search_plain(network, x, y, limit, detour, bad)
    grid = grid_of(network)
    search_grid(
        x, y, network.coords, (grid.start, grid.held), (grid.low[0], grid.low[1], grid.cell), grid.shape, bad,
        float(limit), float(detour), vertex, along, gap, passed,
    )  # fmt: skip
    return vertex, along, gap, passed


def _search_plain(network: Network, x: FloatArray, y: FloatArray, limit: float, detour: float, bad: BoolArray) -> Found:
    """The same by the rules of ``search_grid``, through a tree of segments."""
    pointed = np.isfinite(x) & np.isfinite(y)
    limits = np.where(pointed, float(limit), -1.0)
    choosy = bad.size > 1
    first = first_vertices(network)
    whole = once(network.kept, "segments", lambda: segments_of(network.coords, first))
    vertex, along, gap = nearest_segment(whole, x, y, limits, SAME_M, bad if choosy else None)
    passed = np.zeros(len(x), bool)
    if choosy:
        doubtful = np.flatnonzero((vertex >= 0) & bad[vertex])
        at = x[doubtful], y[doubtful], np.minimum(limit, gap[doubtful] + detour)
        better = nearest_segment(segments_of(network.coords, first[~bad[first]]), *at, SAME_M)
        found = better[0] >= 0
        mine = doubtful[found]
        passed[mine] = better[2][found] > gap[mine] + SAME_M
        vertex[mine], along[mine], gap[mine] = (a[found] for a in better)
    return vertex, along, np.where(vertex >= 0, gap, np.nan), passed
