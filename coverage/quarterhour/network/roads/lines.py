"""The lines of roads: what has none, what has a vertex far off, lines of several parts, lines that meet at vertices."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.base.arrays import AnyArray, BoolArray, FloatArray, IntArray
from quarterhour.base.findings import Severity, join_findings, no_findings
from quarterhour.network.roads.junctions import spots_of, times_in
from quarterhour.network.roads.marks import levels_of
from quarterhour.network.roads.told import Where

SPIKE_M = 500.0
"""A vertex is far off its road when both ways to it are this long and five times the common step of the table, and
its neighbours lie close together beside that."""
_COMMON_STEPS, _NARROW = 5.0, 0.2
FAR_M = 20_000.0
"""A vertex is far off all roads when one step of this length leads there, and it lies outside the middle half of all
vertices by this and by ten times the size of that half."""
_HALVES = 10.0
_LONG_M, _LONG_STEPS, _LONGEST = 2_000.0, 10.0, 0.99
"""A straight run is long beside the longest hundredth of all."""


def lines_alone(roads: gpd.GeoDataFrame, where: Where) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Rows with a line that has finite coordinates; the others are set aside and told."""
    whole = ~(roads.geometry.isna() | roads.is_empty).to_numpy()
    good = roads.geom_type.isin(["LineString", "MultiLineString"]).to_numpy() & whole
    xy, owner = shapely.get_coordinates(roads.geometry.to_numpy(), return_index=True)
    good[owner[~np.isfinite(xy).all(axis=1)]] = False
    told = [
        where.say("no_line", severity="error", id=i, value=str(t or "-"))
        for i, t in zip(roads.index[~good], roads.geom_type[~good], strict=True)
    ]
    return roads if good.all() else roads[good], join_findings(told)


def without_far_vertices(roads: gpd.GeoDataFrame, where: Where) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Lines without the vertices that lie kilometres off, told by id.

    One between two others is left out: the line goes straight on. A line that would lose an end is set aside, unless
    it is a ferry; one that runs straight to an end far from all is told.
    """
    if not len(roads):
        return roads, no_findings()
    shapes = roads.geometry.to_numpy()
    every = _every_vertex(shapes)
    if not len(every.rows):
        return roads, no_findings()
    # nothing below is about lines without a long step: of those only what is common counts
    xy, owner = shapely.get_coordinates(shapes[every.rows], return_index=True)
    owner = every.rows[owner]
    step = _steps(xy, owner)[0]
    far, common = _outside(xy, owner, step, every), every.common_m
    if "road_class" in roads:
        far &= ~(roads["road_class"].astype(str) == "ferry").to_numpy()[owner]
    spike = _spikes(xy, owner, max(SPIKE_M, _COMMON_STEPS * common))
    ends = np.r_[True, owner[1:] != owner[:-1]] | np.r_[owner[1:] != owner[:-1], True]
    lost = np.unique(owner[far & ends])
    mended = np.setdiff1d(np.unique(owner[(far | spike) & ~ends]), lost)
    told = _told_far("far_end", roads, lost, step, owner, where)
    told += _told_far("far_vertex", roads, mended, step, owner, where)
    if len(mended):
        keep = ~(far | spike) & np.isin(owner, mended)
        shapes = shapes.copy()
        shapes[mended] = shapely.linestrings(xy[keep], indices=np.unique(owner[keep], return_inverse=True)[1])
        roads = roads.set_geometry(shapes, crs=roads.crs)
    told += _long_legs(roads, lost, where, rows=every.rows)
    return roads.drop(index=roads.index[lost]) if len(lost) else roads, join_findings(told)


@dataclass(frozen=True, eq=False)
class _Every:
    """What all vertices have in common, and the ``rows`` of lines with a step of ``SPIKE_M``.

    ``low, high``: the box of their middle half; ``common_m``: the median step.
    """

    rows: IntArray
    low: FloatArray
    high: FloatArray
    common_m: float


def _every_vertex(shapes: AnyArray) -> _Every:
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    step, one_line = _steps(xy, owner)
    rows = np.unique(owner[:-1][one_line & (step >= SPIKE_M)])
    if not len(rows):
        return _Every(rows, xy[:1], xy[:1], 0.0)
    low, high = np.array([np.quantile(along, [0.25, 0.75]) for along in xy.T]).T
    return _Every(rows, low, high, float(np.median(step[one_line])))


def _told_far(
    rule: str, roads: gpd.GeoDataFrame, rows: IntArray, step: FloatArray, owner: IntArray, where: Where
) -> list[pd.DataFrame]:
    longest = np.zeros(len(roads))
    np.maximum.at(longest, owner[:-1], np.where(owner[1:] == owner[:-1], step, 0.0))
    severity: Severity = "error" if rule == "far_end" else "warning"
    return [where.say(rule, severity=severity, id=roads.index[r], value=f"{longest[r] / 1000:,.1f}") for r in rows]


def _steps(xy: FloatArray, owner: IntArray) -> tuple[FloatArray, BoolArray]:
    """Metres from each vertex to the next, and whether that is one of the same line."""
    step: FloatArray = np.hypot(np.diff(xy[:, 0]), np.diff(xy[:, 1]))
    return step, owner[1:] == owner[:-1]


def _spikes(xy: FloatArray, owner: IntArray, long_m: float) -> BoolArray:
    """Vertices inside lines to which one goes far out and comes back beside where one left."""
    spike = np.zeros(len(xy), bool)
    inner = np.flatnonzero(owner[2:] == owner[:-2]) + 1
    out, back, across = (np.hypot(*(xy[inner + a] - xy[inner + b]).T) for a, b in ((0, -1), (1, 0), (1, -1)))
    spike[inner] = (np.minimum(out, back) >= long_m) & (across <= _NARROW * (out + back))
    return spike


def _outside(xy: FloatArray, owner: IntArray, step: FloatArray, every: _Every) -> BoolArray:
    """Vertices far outside the box of all roads, of lines that lie inside it too, where one came a long way."""
    low, high = every.low, every.high
    pad = max(FAR_M, _HALVES * float((high - low).max()))
    out = np.asarray(((xy < low - pad) | (xy > high + pad)).any(axis=1))
    jump = (owner[1:] == owner[:-1]) & (step >= FAR_M) & (out[1:] != out[:-1])
    return np.asarray(out & np.isin(owner, owner[:-1][jump]))


def _long_legs(roads: gpd.GeoDataFrame, lost: AnyArray, where: Where, *, rows: IntArray) -> list[pd.DataFrame]:
    """Lines that run straight, longer than any other, to an end where no other road is; ``rows``: those to look at."""
    shapes = roads.geometry.to_numpy()
    every, owner = shapely.get_coordinates(shapes, return_index=True)
    step, one_line = _steps(every, owner)
    long_m = max(_LONG_M, _LONG_STEPS * float(np.quantile(step[one_line], _LONGEST, method="lower")))
    del step, one_line
    xy, owner = shapely.get_coordinates(shapes[rows], return_index=True)
    owner = rows[owner]
    step, one_line = _steps(xy, owner)
    opens, closes = np.r_[True, owner[1:] != owner[:-1]], np.r_[owner[1:] != owner[:-1], True]
    long = one_line & (step >= long_m)
    ends = np.flatnonzero(np.r_[long, False] & opens | np.r_[False, long] & closes)
    alone = np.zeros(len(xy), bool)
    alone[ends] = times_in(xy[ends], every) == 1
    leg = long & ((opens & alone)[:-1] | (closes & alone)[1:])
    rows = np.setdiff1d(owner[:-1][leg], lost)
    if "road_class" in roads:
        rows = rows[~(roads["road_class"].astype(str) == "ferry").to_numpy()[rows]]
    return _told_far("long_leg", roads, rows, step, owner, where)


def taken_apart(roads: gpd.GeoDataFrame, where: Where) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Lines of several parts as several roads; nodes and length of the whole are not those of its parts."""
    if not (roads.geom_type == "MultiLineString").any():
        return roads, no_findings()
    parts = roads.explode()
    several = parts.index.duplicated(keep=False)
    number = parts.groupby(level=0, sort=False).cumcount()
    names = [f"{i}.{n}" if s else i for i, n, s in zip(parts.index, number, several, strict=True)]
    parts.index = pd.Index(names, name="id")
    if not several.any():
        return parts, no_findings()
    if "length_m" in parts:
        parts["length_m"] = parts["length_m"].where(~several)
    told = where.about("no_nodes", parts.index, severity="note") if "from_node" in parts else no_findings()
    return parts.drop(columns=["from_node", "to_node"], errors="ignore"), told


def cut_at_shared_vertices(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Roads cut wherever a vertex of one is also a vertex of another (or of itself): there they meet.

    Lines that cross without a common vertex are bridges and tunnels, and stay whole; so do lines of different levels
    (``layer``, or ``bridge`` and ``tunnel``) that have a vertex in common on their way. Who ends there meets the line
    of its own level, or else any. Pieces are named ``road/0``, ``road/1``; a given length is shared out by the metres
    of each piece.
    """
    xy, owner = shapely.get_coordinates(roads.geometry.to_numpy(), return_index=True)
    spot = spots_of(xy)
    starts = np.r_[True, owner[1:] != owner[:-1]]
    ends = np.r_[starts[1:], True]
    fresh = starts | np.r_[True, spot[1:] != spot[:-1]]  # a vertex drawn twice in a row is one vertex
    cut = fresh & ~starts & ~ends & _met(spot, levels_of(roads)[owner], fresh, starts | ends)
    if not cut.any():
        return roads
    copies = np.repeat(np.arange(len(xy)), 1 + cut)
    opens = starts[copies] | np.r_[False, copies[1:] == copies[:-1]]
    lines = shapely.linestrings(xy[copies], indices=np.cumsum(opens) - 1)
    row = owner[copies[opens]]
    return _pieces(roads, row, gpd.GeoSeries(lines, crs=roads.crs))


def _met(spot: IntArray, level: IntArray, fresh: AnyArray, at_end: AnyArray) -> AnyArray:
    """By vertex, whether another road has one there at its level, or ends there and meets nobody of its own."""
    here, lines = np.bincount(spot[fresh])[spot], pd.factorize(pd.MultiIndex.from_arrays([spot, level]))[0]
    if not level.any():
        return np.asarray(here > 1)
    alike = np.bincount(lines[fresh])[lines]
    stray = np.bincount(spot[at_end & (alike == 1)], minlength=spot.max() + 1)[spot]
    return np.asarray((alike > 1) | (stray > 0))


def _pieces(roads: gpd.GeoDataFrame, row: IntArray, lines: gpd.GeoSeries) -> gpd.GeoDataFrame:
    pieces = roads.iloc[row]
    several = np.bincount(row)[row] > 1
    number = pd.Series(row).groupby(row).cumcount()
    names = [f"{i}/{n}" if s else i for i, n, s in zip(pieces.index, number, several, strict=True)]
    if "length_m" in pieces:
        share = lines.length.to_numpy() / np.bincount(row, weights=lines.length)[row]
        pieces = pieces.assign(length_m=pd.to_numeric(pieces["length_m"], errors="coerce") * share)
    return pieces.set_geometry(lines.to_numpy(), crs=roads.crs).set_axis(pd.Index(names, name="id"), axis=0)
