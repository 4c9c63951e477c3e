"""The roads of a way in their order, with the shares used, and the line that they draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from quarterhour.base.arrays import AnyArray, FloatArray, IntArray, ragged
from quarterhour.network.network import Network, once
from quarterhour.network.search_graph import followed, search_graph
from quarterhour.travel.access_legs import Entries
from quarterhour.travel.od_pairs import Trips
from quarterhour.travel.path_search import NO_WAY, ON_LINK, STRAIGHT, THROUGH, Ways


@dataclass(frozen=True, eq=False)
class Parts:
    """Roads of ways, in the order of the trips: ``start[i]:start[i + 1]`` are those of way i.

    ``road``: position in the network; ``from_share``, ``to_share``: falling where it is gone against. ``cs``: whole
    centiseconds along it, ``turn_cs``: of the turn into it.
    """

    start: IntArray
    road: AnyArray
    from_share: FloatArray
    to_share: FloatArray
    cs: IntArray
    turn_cs: IntArray


@dataclass(frozen=True, eq=False)
class Ends:
    """Where each trip begins, or ends: entries of that side, position of its place, as snapped."""

    entries: Entries
    place: AnyArray
    at: IntArray
    snapped: pd.DataFrame

    @property
    def road(self) -> AnyArray:
        """The road of each place."""
        return self.entries.road[self.place]

    @property
    def share(self) -> FloatArray:
        """How far along it."""
        return self.entries.share[self.place]

    def points(self) -> FloatArray:
        """The places themselves, missing where their table does not say."""
        if not {"place_x", "place_y"} <= set(self.snapped.columns):
            return np.full((len(self.place), 2), np.nan)
        return self.snapped[["place_x", "place_y"]].to_numpy(dtype=float)[self.place]


def ends_of(trips: Trips, ways: Ways, pairs: tuple[AnyArray, AnyArray]) -> tuple[Ends, Ends]:
    """Where trips begin and where they end, whoever travels."""
    homes = Ends(trips.target, pairs[0], ways.at_home, trips.homes)
    bases = Ends(trips.source, pairs[1], ways.at_site, trips.bases)
    return (bases, homes) if trips.leaving else (homes, bases)


# --- roads

_FIRST, _LAST = -1, 1 << 31
"""Before and after all steps between states."""


def parts_of(network: Network, ways: Ways, begin: Ends, end: Ends) -> Parts:
    """The roads of each way."""
    pieces = pd.concat(
        [
            _first_pieces(network, ways, begin),
            _steps(network, ways),
            _last_pieces(network, ways, end),
            _on_links(network, ways, begin, end),
        ],
        ignore_index=True,
    )
    stubs = [_stubs(ways, begin, rank=_FIRST), _stubs(ways, end, rank=_LAST)]
    table = pd.concat([stubs[0], _roads_of(network, pieces), stubs[1]], ignore_index=True)
    table = table[table["from_share"] != table["to_share"]].sort_values(["way", "rank"], kind="stable")
    start = np.r_[0, np.cumsum(np.bincount(table["way"], minlength=len(ways.cs)))].astype(np.int64)
    return Parts(start, *(table[c].to_numpy() for c in ("road", "from_share", "to_share", "cs", "turn_cs")))


def _piece(way: AnyArray, rank: AnyArray | int, arc: AnyArray, **known: AnyArray) -> pd.DataFrame:
    """Pieces of links, a row each: from the share of a road arc to that of another (-1: begin, end of the link)."""
    every = {"turn_cs": 0, "begin": -1, "begin_share": 0.0, "end": -1, "end_share": 0.0}
    return pd.DataFrame({"way": way, "rank": rank, "arc": arc, **every, **known})


def _first_pieces(network: Network, ways: Ways, ends: Ends) -> pd.DataFrame:
    way, arc, _ = _by_link(ways, ends)
    return _piece(way, _FIRST, arc, begin=_road_arc(network, ends.road[way], arc), begin_share=ends.share[way])


def _last_pieces(network: Network, ways: Ways, ends: Ends) -> pd.DataFrame:
    way, arc, cs = _by_link(ways, ends)
    place = ends.place[way]
    turn = cs - ends.entries.extra[place] - ends.entries.passed[place, arc & 1]
    where = {"end": _road_arc(network, ends.road[way], arc), "end_share": ends.share[way]}
    return _piece(way, _LAST, arc, turn_cs=turn, **where)


def _by_link(ways: Ways, ends: Ends) -> tuple[AnyArray, AnyArray, AnyArray]:
    """The ways that begin or end along a link, the link arc, the centiseconds of the entry."""
    through = np.flatnonzero(ways.how == THROUGH)
    way = through[ends.entries.arc[ends.at[through]] >= 0]
    return way, ends.entries.arc[ends.at[way]], ends.entries.cs[ends.at[way]].astype(np.int64)


def _on_links(network: Network, ways: Ways, begin: Ends, end: Ends) -> pd.DataFrame:
    way = np.flatnonzero(ways.how == ON_LINK)
    arc = 2 * begin.entries.link[begin.place[way]] + ways.side[way]
    ones, others = (_road_arc(network, e.road[way], arc) for e in (begin, end))
    return _piece(
        way, _FIRST, arc, begin=ones, begin_share=begin.share[way], end=others, end_share=end.share[way]
    )  # fmt: skip


def _steps(network: Network, ways: Ways) -> pd.DataFrame:
    """From each state to the next: the link arc, and what the turn into it takes."""
    graph = search_graph(network)
    arcs = graph.arcs()
    inner = np.ones(len(ways.state), bool)
    inner[ways.start[1:][ways.start[1:] > ways.start[:-1]] - 1] = False
    at = np.flatnonzero(inner)
    here, there = ways.state[at], ways.state[at + 1]
    first = arcs.indptr.astype(np.int64)
    row, arc = ragged(first[here], first[here + 1] - first[here])
    same = np.flatnonzero(arcs.head[arc] == there[row])
    chosen = arc[same[np.unique(row[same], return_index=True)[1]]]  # of parallel ones the quickest stands first
    link = followed(network)[chosen]
    way = np.searchsorted(ways.start, at, "right") - 1
    return _piece(way, at - ways.start[way], link, turn_cs=arcs.cs[chosen] - graph.cs[link])


def _stubs(ways: Ways, ends: Ends, *, rank: int) -> pd.DataFrame:
    """The last step of who stands on a junction, or beside its gate: along their own road to that end of it."""
    through = np.flatnonzero(ways.how == THROUGH)
    way = through[ends.entries.arc[ends.at[through]] < 0]
    share = ends.share[way]
    junction = np.where(share <= 0.5, 0.0, 1.0)
    one, other = (share, junction) if rank == _FIRST else (junction, share)
    cs = ends.entries.cs[ends.at[way]].astype(np.int64) - ends.entries.extra[ends.place[way]]
    where = {"road": ends.road[way], "from_share": one, "to_share": other}
    return pd.DataFrame({"way": way, "rank": rank, **where, "cs": cs, "turn_cs": 0})


def _road_arc(network: Network, road: AnyArray, arc: AnyArray) -> AnyArray:
    """Which of the two arcs of a road is part of a link arc."""
    arcs = 2 * road.astype(np.int64)
    return np.asarray(arcs + (search_graph(network).arc[arcs] != arc))


def _roads_of(network: Network, pieces: pd.DataFrame) -> pd.DataFrame:
    """The roads of pieces of links, in their order."""
    order, first = _arcs_by_link(network)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    arc, begin, end = (pieces[c].to_numpy() for c in ("arc", "begin", "end"))
    low = np.where(begin >= 0, place[begin], first[arc])
    high = np.where(end >= 0, place[end], first[arc + 1] - 1)
    row, step = ragged(np.zeros(len(arc), np.int64), np.abs(high - low) + 1)
    back = (high < low)[row]  # two places at one spot between two roads, in no time
    arcs = order[low[row] + np.where(back, -step, step)]
    behind = ((arcs & 1) == 1) != back
    is_first, is_last = step == 0, step == np.abs(high - low)[row]
    shares = [pieces[c].to_numpy()[row] for c in ("begin_share", "end_share")]
    one = np.where(is_first & (begin >= 0)[row], shares[0], np.where(behind, 1.0, 0.0))
    other = np.where(is_last & (end >= 0)[row], shares[1], np.where(behind, 0.0, 1.0))
    return pd.DataFrame(
        {
            "way": pieces["way"].to_numpy()[row],
            "rank": pieces["rank"].to_numpy()[row],
            "road": arcs >> 1,
            "from_share": one,
            "to_share": other,
            "cs": _gone(network, arcs, other) - _gone(network, arcs, one),
            "turn_cs": np.where(is_first, pieces["turn_cs"].to_numpy()[row], 0),
        }
    )


def _arcs_by_link(network: Network) -> tuple[AnyArray, AnyArray]:
    """Road arcs, those of one link arc one after the other as it runs, and where each link arc's begin."""
    graph = search_graph(network)

    def made() -> tuple[AnyArray, AnyArray]:
        first = np.r_[0, np.cumsum(np.bincount(graph.arc, minlength=len(graph.begin)))]
        return np.lexsort((graph.before, graph.arc)), first

    return once(network.kept, "arcs by link", made)


def _gone(network: Network, arcs: AnyArray, share: AnyArray) -> AnyArray:
    """Centiseconds along road arcs until a share of the road, as places are put on it."""
    road, against = arcs >> 1, (arcs & 1) == 1
    cs = np.where(against, network.backward_cs[road], network.forward_cs[road]).astype(np.int64)
    from_tail = np.rint(share * cs).astype(np.int64)
    return np.asarray(np.where(against, cs - from_tail, from_tail))


# --- lines


def metres_of(network: Network, ways: Ways, parts: Parts, begin: Ends, end: Ends) -> FloatArray:
    """How long each way is, gaps included; missing where there is none, and where roads tell no length."""
    size = len(ways.cs)
    way = np.repeat(np.arange(size), np.diff(parts.start))
    along = network.length_m[parts.road] * np.abs(parts.to_share - parts.from_share)
    metres = np.bincount(way, weights=along, minlength=size)
    gaps = sum(e.snapped["gap_m"].to_numpy(dtype=float)[e.place] for e in (begin, end))
    straight = np.hypot(*(begin.points() - end.points()).T)
    return np.select([ways.how == NO_WAY, ways.how == STRAIGHT], [np.nan, straight], metres + gaps)


def lines_of(network: Network, ways: Ways, parts: Parts, begin: Ends, end: Ends) -> AnyArray:
    """The line of each way from place to place; None where there is none, and on roads without coordinates."""
    found = np.full(len(ways.cs), None, dtype=object)
    some = np.flatnonzero(ways.how != NO_WAY)
    if not len(some) or not np.isfinite(network.coords).all():
        return found
    xy, way, rank = _vertices(network, ways, parts, begin, end)
    order = np.lexsort((rank, way))
    xy, way = xy[order], way[order]
    kept = np.isfinite(xy).all(axis=1)
    xy, way = xy[kept], way[kept]
    again = np.r_[False, (way[1:] == way[:-1]) & (xy[1:] == xy[:-1]).all(axis=1)]
    xy, way = xy[~again], way[~again]
    alone = np.bincount(way, minlength=len(ways.cs)) == 1  # at one point
    twice = np.where(alone[way], 2, 1)
    found[some] = shapely.linestrings(
        np.repeat(xy, twice, axis=0), indices=np.searchsorted(some, np.repeat(way, twice))
    )
    return found


def _vertices(
    network: Network, ways: Ways, parts: Parts, begin: Ends, end: Ends
) -> tuple[FloatArray, AnyArray, AnyArray]:
    """Points of all lines, whose they are, and their order within each."""
    going = np.flatnonzero(ways.how != NO_WAY)
    by_road = np.flatnonzero((ways.how == ON_LINK) | (ways.how == THROUGH))
    size = len(parts.road)
    owner = np.repeat(np.arange(len(ways.cs)), np.diff(parts.start))
    along = _rising(network)  # of all roads, so once
    part, bend = _bends(network, along, parts)
    low, high = np.full(len(going), _LOW), np.full(len(going), _HIGH)
    rows = [
        (begin.points()[going], going, low),
        (_on_road(network, along, begin.road[by_road], begin.share[by_road]), by_road, low[: len(by_road)] + 1),
        (_on_road(network, along, parts.road, parts.from_share), owner, 3 * np.arange(size)),
        (network.coords[bend], owner[part], 3 * part + 1),
        (_on_road(network, along, parts.road, parts.to_share), owner, 3 * np.arange(size) + 2),
        (_on_road(network, along, end.road[by_road], end.share[by_road]), by_road, high[: len(by_road)]),
        (end.points()[going], going, high + 1),
    ]
    xy, way, rank = zip(*rows, strict=True)
    return np.concatenate(xy), np.concatenate(way), np.concatenate(rank)


_LOW, _HIGH = -2, 1 << 60
_Along = tuple[FloatArray, FloatArray, FloatArray]


def _bends(network: Network, along: _Along, parts: Parts) -> tuple[AnyArray, AnyArray]:
    """Vertices strictly between the shares of each part, as it is gone: the part, the vertex."""
    first, last = network.coord_start[parts.road], network.coord_start[parts.road + 1] - 1
    whole, begun, rising = along
    low, high = (
        begun[parts.road] + share * whole[parts.road]
        for share in (np.minimum(parts.from_share, parts.to_share), np.maximum(parts.from_share, parts.to_share))
    )
    since = np.clip(np.searchsorted(rising, low, "right"), first + 1, last)
    until = np.clip(np.searchsorted(rising, high, "left"), since, last)
    part, step = ragged(np.zeros(len(since), np.int64), until - since)
    against = (parts.from_share > parts.to_share)[part]
    return part, np.where(against, until[part] - 1 - step, since[part] + step)


def _rising(network: Network) -> _Along:
    """Length of each line, metres of all lines before it, and metres to every vertex, lines end to end."""
    whole = network.line_m[network.coord_start[1:] - 1]
    begun = np.cumsum(whole) - whole
    return whole, begun, network.line_m + np.repeat(begun, np.diff(network.coord_start))


def _on_road(network: Network, along: _Along, road: AnyArray, share: FloatArray) -> FloatArray:
    """Points at shares of roads; at the very ends their vertices."""
    found = network.coords[np.where(share >= 1, network.coord_start[road + 1] - 1, network.coord_start[road])]
    within = np.flatnonzero(~((share <= 0) | (share >= 1)))  # few: most roads are gone along as a whole
    road, share = road[within], share[within]
    first, last = network.coord_start[road], network.coord_start[road + 1] - 1
    whole, begun, rising = along
    wanted = share * whole[road]
    at = np.clip(np.searchsorted(rising, begun[road] + wanted, "right") - 1, first, np.maximum(last - 1, first))
    step = network.line_m[at + 1] - network.line_m[at]
    part = np.clip(np.divide(wanted - network.line_m[at], step, out=np.zeros(len(at)), where=step > 0), 0.0, 1.0)
    found[within] = network.coords[at] + part[:, None] * (network.coords[at + 1] - network.coords[at])
    return np.asarray(found)
