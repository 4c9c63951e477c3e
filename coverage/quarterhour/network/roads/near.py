"""Ends of roads that stop just short of another road: found, and joined within a tolerance.

::

    ----A  ----     an end near another end
    ----B  |        an end near a line that it points at

Lines are met only by an end where no other road begins: a street that ends beside a parallel one is a dead end and
stays. Two junctions within a metre of each other, which no short road joins, miss each other too. A junction that lies
on a line is one with it, whatever a tolerance says: it only lacks its vertex there.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from quarterhour.base.arrays import AnyArray, BoolArray, FloatArray, IntArray
from quarterhour.base.errors import first_ids
from quarterhour.base.findings import no_findings
from quarterhour.network.network import JOINED_M
from quarterhour.network.roads.junctions import JOIN_M, joined, junctions_of, vertices_of
from quarterhour.network.roads.marks import levels_of
from quarterhour.network.roads.told import Where

MISS_M = 5.0
"""Ends so near another road are told, where they are not joined."""
TOUCH_M = 1e-4
"""An end so near a line lies on it."""
_NOISE_M = 2 * JOIN_M
"""Gaps of rounding, not worth a word."""
_SINE = 0.34
"""An end points at a line when it meets it at 20 degrees or more."""
_SHORT = 3.0
"""A road is at least so many times as long as the gap that is closed at its end."""
_NEIGHBOURS = 8
_EDGE_M = 1e-6


@dataclass(frozen=True, eq=False)
class NearMisses:
    """Spots of ends that stop short of another road, one entry a spot.

    ``own``: the spot, of ``road``; ``gap_m`` to ``other``, a road that has the spot ``spot`` (-1: to its line, at
    ``xy``, ``along_m`` from its beginning).
    """

    own: IntArray
    road: IntArray
    gap_m: FloatArray
    other: IntArray
    spot: IntArray
    xy: FloatArray
    along_m: FloatArray

    def __len__(self) -> int:
        return len(self.own)

    def some(self, which: AnyArray) -> NearMisses:
        """Those of a mask."""
        return NearMisses(*(getattr(self, name)[which] for name in self.__dataclass_fields__))

    def once(self) -> NearMisses:
        """Of two ends that miss each other the first."""
        pair = np.sort(np.column_stack([self.own, self.spot]), axis=1)
        return self.some(~(pd.DataFrame(pair).duplicated().to_numpy() & (self.spot >= 0)))


@dataclass(frozen=True, eq=False)
class _Ends:
    """First ends of all roads, then last ends, each with its spot; of spots: where, how many ends, a road, high up.

    ``level``: of each road.
    """

    spot: IntArray
    spots: FloatArray
    degree: IntArray
    road: IntArray
    high: BoolArray
    level: IntArray
    length_m: FloatArray
    start: IntArray
    coords: FloatArray


def _ends(roads: gpd.GeoDataFrame) -> _Ends:
    coords, start = vertices_of(roads)
    tail, head, spots, _ = junctions_of(roads, coords, start)
    spot, count = np.r_[tail, head].astype(np.int64), np.arange(len(roads))
    level = levels_of(roads)
    road, high = np.full(len(spots), -1), np.ones(len(spots), bool)
    road[spot[::-1]] = np.r_[count, count][::-1]
    high[spot[np.r_[level, level] == 0]] = False
    degree = np.bincount(spot, minlength=len(spots))
    return _Ends(spot, spots, degree, road, high, level, roads.geometry.length.to_numpy(), start, coords)


def near_misses(roads: gpd.GeoDataFrame, *, within_m: float) -> NearMisses:
    """Ends that lie within so many metres of another road's end, or of a line they point at, and do not meet it."""
    return _misses(roads, _ends(roads), within_m)


def _misses(roads: gpd.GeoDataFrame, ends: _Ends, within_m: float) -> NearMisses:
    alone = ends.degree == 1
    met, at_met, lone, at_lone = _nearest_spots(ends, within_m)
    line, at_line, along, on_line = _nearest_line(roads, ends, np.flatnonzero(alone), within_m)
    corner, at_corner = _at_its_end(ends, line, at_line, along)
    order = [np.isfinite(at_met), np.isfinite(at_corner), np.isfinite(at_line), np.isfinite(at_lone)]
    spot = np.select(order, [met, corner, np.full(len(alone), -1), lone], -1)
    found = NearMisses(
        own=np.arange(len(alone)),
        road=ends.road,
        gap_m=np.select(order, [at_met, at_corner, at_line, at_lone], np.inf),
        other=np.where(spot >= 0, ends.road[spot], line),
        spot=spot,
        xy=np.where((spot >= 0)[:, None], ends.spots[spot], on_line),
        along_m=along,
    )
    return found.some(np.isfinite(found.gap_m))


def _nearest_spots(ends: _Ends, within_m: float) -> tuple[IntArray, FloatArray, IntArray, FloatArray]:
    """For each spot the nearest junction and, of a lone end, the nearest lone end, with the metres (inf: none).

    Spots that short roads join do not miss each other.
    """
    size, half = len(ends.spots), len(ends.spot) // 2
    short = ends.length_m <= _SHORT * within_m
    part = joined(ends.spot[:half][short], ends.spot[half:][short], size)
    far, near = cKDTree(ends.spots).query(ends.spots, k=_NEIGHBOURS, distance_upper_bound=within_m + _EDGE_M)
    here, column = np.nonzero(np.isfinite(far))
    there, gap = near[here, column], far[here, column]
    alone = ends.degree == 1
    ok = (part[here] != part[there]) & ~ends.high[here] & ~ends.high[there]
    to_junction = ok & ~alone[there] & (alone[here] | (gap <= JOINED_M + _EDGE_M))
    to_lone = ok & alone[there] & alone[here]
    return (*_first_of(here, there, gap, to_junction, size), *_first_of(here, there, gap, to_lone, size))


def _first_of(
    here: IntArray, there: IntArray, gap: FloatArray, which: BoolArray, size: int
) -> tuple[IntArray, FloatArray]:
    """The first partner of each spot, the nearest, and the metres."""
    spot, far = np.full(size, -1), np.full(size, np.inf)
    rows = np.flatnonzero(which)[::-1]
    spot[here[rows]], far[here[rows]] = there[rows], gap[rows]
    return spot, far


def _nearest_line(
    roads: gpd.GeoDataFrame, ends: _Ends, lone: IntArray, within_m: float
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """The nearest line that each lone end points at, the metres (inf: none so near), how far along it, the place."""
    lines, points, size = roads.geometry.to_numpy(), shapely.points(ends.spots[lone]), len(ends.spots)
    which, other = shapely.STRtree(lines).query(points, predicate="dwithin", distance=within_m + _EDGE_M)
    # what ends beside a bridge does not meet it
    kept = (other != ends.road[lone[which]]) & (ends.level == 0)[other]
    which, other = which[kept], other[kept]
    gap = shapely.distance(points[which], lines[other])
    along = shapely.line_locate_point(lines[other], points[which])
    ok = _points_at(ends, lone[which], lines[other], along)
    which, other, gap, along = which[ok], other[ok], gap[ok], along[ok]
    order = np.lexsort((other, gap, which))
    first = order[np.r_[True, np.diff(which[order]) != 0][: len(order)]]
    line, far, reach, xy = np.full(size, -1), np.full(size, np.inf), np.zeros(size), np.zeros((size, 2))
    at = lone[which[first]]
    line[at], far[at], reach[at] = other[first], gap[first], along[first]
    xy[at] = shapely.get_coordinates(shapely.line_interpolate_point(lines[other[first]], along[first]))
    return line, far, reach, xy


def _at_its_end(ends: _Ends, line: IntArray, far: FloatArray, along: FloatArray) -> tuple[IntArray, FloatArray]:
    """The spot of the end of a line that is hit within a metre of it, and the metres to the line (inf: it is not)."""
    left = ends.length_m[line] - along
    first, last = along < JOINED_M, left < JOINED_M
    spot = np.where(last, ends.spot[line + len(ends.length_m)], ends.spot[line])
    return spot, np.where(first | last, far, np.inf)


def _points_at(ends: _Ends, lone: IntArray, lines: AnyArray, along: FloatArray) -> BoolArray:
    """Whether an end meets the line beside it at an angle, so that it would run into it."""
    road = ends.road[lone]
    first = ends.spot[road] == lone
    before = np.where(first, ends.start[road] + 1, ends.start[road + 1] - 2)
    own = ends.spots[lone] - ends.coords[before]
    ahead, back = (shapely.line_interpolate_point(lines, np.maximum(along + step, 0)) for step in (0.5, -0.5))
    theirs = shapely.get_coordinates(ahead) - shapely.get_coordinates(back)
    cross = np.abs(own[:, 0] * theirs[:, 1] - own[:, 1] * theirs[:, 0])
    angled: BoolArray = cross >= _SINE * np.hypot(*own.T) * np.hypot(*theirs.T)
    return angled


def meet_on_lines(roads: gpd.GeoDataFrame, where: Where) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Roads with a vertex wherever a junction of others lies on their line within a centimetre; told, with their ids.

    ::

        --A--o--B--     A and B end on C, which runs through without a vertex (a main road that nobody cut,
             |          or a whole line drawn once more above its pieces)
             C

    Bridges, tunnels and ferries meet nothing on their way.
    """
    ends, lines = _ends(roads), roads.geometry.to_numpy()
    spots = np.flatnonzero((ends.degree > 1) & ~ends.high)
    which, line = shapely.STRtree(lines).query(shapely.points(ends.spots[spots]), predicate="dwithin", distance=JOIN_M)
    own = spots[which]
    half = len(lines)
    apart = (ends.level != 0) | (roads["road_class"].astype(str) == "ferry").to_numpy()
    kept = ~apart[line] & (ends.spot[line] != own) & (ends.spot[line + half] != own)
    own, line = own[kept], line[kept]
    along = shapely.line_locate_point(lines[line], shapely.points(ends.spots[own]))
    inside = (along > JOIN_M) & (along < ends.length_m[line] - JOIN_M)
    own, line, along = own[inside], line[inside], along[inside]
    if not len(own):
        return roads, no_findings()
    found = NearMisses(own, ends.road[own], np.zeros(len(own)), line, np.full(len(own), -1), ends.spots[own], along)
    told = where.say("met_on_line", value=str(len(np.unique(own))), detail=first_ids(roads.index[np.unique(line)]))
    return roads.set_geometry(_with_vertices(ends, ends.coords, found), crs=roads.crs), told


def join_near(roads: gpd.GeoDataFrame, where: Where, *, join_m: float) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Roads whose lone ends are moved onto the road that they miss by at most ``join_m`` metres.

    A line that is hit between its vertices gets a vertex there (``cut_at_shared_vertices`` cuts it). Gaps beyond a
    rounding are told: how many, the widest, the first ids.
    """
    if join_m <= 0 or not len(roads):
        return roads, no_findings()
    ends = _ends(roads)
    found = _misses(roads, ends, join_m)
    shortest = np.full(len(ends.spots), np.inf)
    np.minimum.at(shortest, ends.spot, np.r_[ends.length_m, ends.length_m])
    found = found.some(found.gap_m * _SHORT <= shortest[found.own])
    if not len(found):
        return roads, no_findings()
    moved = roads.set_geometry(_moved(ends, found), crs=roads.crs)
    wide = found.some(found.gap_m > _NOISE_M).once()
    if not len(wide):
        return moved, no_findings()
    ids = roads.index[np.unique(wide.road)]
    return moved, where.say("joined", value=str(len(wide)), column=f"{wide.gap_m.max():.2f}", detail=first_ids(ids))


def _moved(ends: _Ends, found: NearMisses) -> AnyArray:
    """The lines with their ends moved, and with vertices where ends meet them."""
    place, coords = _places(ends, found), ends.coords.copy()
    moves = (place != ends.spots).any(axis=1)[ends.spot]
    at = np.r_[ends.start[:-1], ends.start[1:] - 1]
    coords[at[moves]] = place[ends.spot[moves]]
    return _with_vertices(ends, coords, found.some(found.spot < 0))


def _with_vertices(ends: _Ends, coords: FloatArray, found: NearMisses) -> AnyArray:
    """The lines with a vertex where something was found on them."""
    before, xy = _new_vertices(ends, found)
    owner = np.repeat(np.arange(len(ends.length_m)), np.diff(ends.start))
    lines: AnyArray = shapely.linestrings(
        np.insert(coords, before, xy, axis=0), indices=np.insert(owner, before, owner[before])
    )
    return lines


def _places(ends: _Ends, found: NearMisses) -> FloatArray:
    """Where each spot goes: junctions to the largest of them, a lone end to what it misses, lone ends together."""
    place, alone = ends.spots.copy(), ends.degree[found.own] == 1
    for some in (found.some(~alone), found.some(alone)):
        if len(some):
            _settle(place, ends, some)
    return place


def _settle(place: FloatArray, ends: _Ends, found: NearMisses) -> None:
    """Put each spot on what it misses, if that stays; spots that miss each other on the first, or largest, of them."""
    own, moves = found.own, np.zeros(len(place), bool)
    moves[own] = True
    settled = (found.spot < 0) | ~moves[found.spot]
    on_spot = (found.spot >= 0)[settled, None]
    place[own[settled]] = kept = np.where(on_spot, place[found.spot[settled]], found.xy[settled])
    spots, widest = ends.spots[own], float(found.gap_m.max())
    far, near = cKDTree(spots).query(spots, k=_NEIGHBOURS, distance_upper_bound=widest + _EDGE_M)
    row, close = np.nonzero(np.isfinite(far))
    group = joined(np.r_[own[row], own[~settled]], np.r_[own[near[row, close]], found.spot[~settled]], len(place))
    last = own[np.lexsort((own, -ends.degree[own], ~settled))[::-1]]
    leader = np.full(len(place), -1)
    leader[group[last]] = last
    place[own] = place[leader[group[own]]]
    place[own[settled]] = kept


def _new_vertices(ends: _Ends, found: NearMisses) -> tuple[IntArray, FloatArray]:
    """Vertices to put into the lines that are hit: before which vertex, and where; in the order along the lines."""
    step = np.r_[0.0, np.hypot(*np.diff(ends.coords, axis=0).T)]
    step[ends.start[1:-1]] = 0.0  # from the end of one line to the beginning of the next
    reached = np.cumsum(step)
    first, last = ends.start[found.other], ends.start[found.other + 1] - 1
    place = reached[first] + found.along_m
    order = np.lexsort((place, found.other))
    before = np.clip(np.searchsorted(reached, place), first + 1, last)
    return before[order], found.xy[order]
