"""How places enter the searched graph and leave it."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from quarterhour.base.arrays import AnyArray, BoolArray, Csr, ragged
from quarterhour.network.network import Network
from quarterhour.network.search_graph import UNREACHED, SearchGraph, compounds_of, met_by, search_graph, verge_of

AT_GATE_M = 1.0
"""A place so near a gate along its road stands at the gate: tables round degrees to six digits, or to five."""
SAME_POINT_M = 0.001
"""One point to the millimetre: tables that come by different projections differ by less."""


@dataclass(frozen=True, eq=False)
class Entries:
    """How each place joins the searched graph: the states next to it and the centiseconds between.

    ``road``, ``share``: where it stands (-1: nowhere). ``link``: of the road; ``open``, ``passed``: whether one may go
    along it and against it, and the centiseconds from where it begins in that direction to the place. ``extra``: gap
    and turnout; ``turnout`` alone. ``state, cs, arc[start[i]:start[i + 1]]``: by place; ``arc``: the link arc that the
    trip begins or ends on, -1 where the place stands on the junction. ``states``: how many the graph has.
    """

    road: AnyArray
    share: AnyArray
    link: AnyArray
    open: BoolArray
    passed: AnyArray
    extra: AnyArray
    turnout: int
    start: AnyArray
    state: AnyArray
    cs: AnyArray
    arc: AnyArray
    states: int

    def rows(self, places: slice | AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Start, states and centiseconds of the entries of some places: a span of them, or any."""
        if isinstance(places, slice):
            start = self.start[places.start : places.stop + 1]
            mine = slice(int(start[0]), int(start[-1]))
            return start - start[0], self.state[mine], self.cs[mine]
        count = self.start[places + 1] - self.start[places]
        _, at = ragged(self.start[places], count)
        return np.r_[0, np.cumsum(count)].astype(np.int64), self.state[at], self.cs[at]

    def first_states(self) -> tuple[AnyArray, BoolArray]:
        """By place a state that it enters by, 0 for none; and which places have one."""
        stands = self.start[1:] > self.start[:-1]
        at = np.zeros(len(stands), np.int64)
        at[stands] = self.state[self.start[:-1][stands]]
        return at, stands

    @functools.cached_property
    def by_link(self) -> tuple[AnyArray, AnyArray]:
        """Links (rising) and the places on them; those on none are left out."""
        held = np.flatnonzero(self.link >= 0)
        held = held[np.argsort(self.link[held], kind="stable")]
        return self.link[held], held

    def by_state(self) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Start of each state's places, the places, the centiseconds between."""
        place = np.repeat(np.arange(len(self.road), dtype=np.int32), np.diff(self.start))
        order = np.argsort(self.state, kind="stable")
        start = np.r_[0, np.cumsum(np.bincount(self.state, minlength=self.states))].astype(np.int64)
        return start, place[order], self.cs[order]


def entries_of(network: Network, snapped: pd.DataFrame, *, leaves: bool, turnout: int) -> Entries:
    """Where snapped places join ``search_graph(network)``; ``leaves``: there trips begin (else they end).

    The way to the tail of a road is round(share x time), to the head the rest, so that pieces add up. ``turnout``
    centiseconds come on top, as does the gap between place and road. A place at the very end of a road stands on the
    junction: its trips leave by any road, and arrive by any. One within a metre of a gate belongs to its other sides.
    """
    graph = search_graph(network)
    road = snapped["road"].to_numpy()
    on = road >= 0
    at = np.where(on, road, 0)
    share = np.where(on, snapped["share"].to_numpy(dtype=float), 0.0)
    gap = np.where(on, snapped["gap_m"].to_numpy(dtype=float), 0.0)
    off = np.rint(gap * 360.0 / network.mode.gap_kmh).astype(np.int64) + turnout
    spot = _Spots(network, graph, at, share)
    place, state, cs, arc = spot.leaving() if leaves else spot.arriving()
    kept = on[place]
    place, state, cs, arc = place[kept], state[kept], cs[kept] + off[place[kept]], arc[kept]
    order = np.argsort(place, kind="stable")
    return Entries(
        road=road,
        share=share,
        link=np.where(on, spot.link, -1),
        open=spot.open,
        passed=spot.passed,
        extra=off,
        turnout=turnout,
        start=np.r_[0, np.cumsum(np.bincount(place, minlength=len(road)))].astype(np.int64),
        state=state[order].astype(np.uint32),
        cs=np.minimum(cs[order], UNREACHED).astype(np.int32),
        arc=arc[order].astype(np.int32),
        states=graph.count,
    )


class _Spots:
    """Where places stand on their links, and on which junctions."""

    def __init__(self, network: Network, graph: SearchGraph, road: AnyArray, share: AnyArray) -> None:
        self.graph = graph
        cs, from_tail = _along(network, road, share)
        # At the very end of a road one stands on the junction, whatever way the road runs: then it does not
        # matter which of the roads that meet there the place was snapped to.
        at_tail, at_head = _at_ends(cs, from_tail, share)
        arcs = np.column_stack([2 * road, 2 * road + 1])
        on_road = np.column_stack([from_tail[:, 0], cs[:, 1] - from_tail[:, 1]])
        turned = graph.arc[arcs] & 1
        place = np.arange(len(road))[:, None]
        self.link = graph.arc[2 * road] >> 1
        self.passed = np.empty((len(road), 2), np.int64)
        self.passed[place, turned] = graph.before[arcs] + on_road
        self.open = graph.cs[2 * self.link[:, None] + [0, 1]] > 0
        standing = [(at_tail, network.tail[road]), (at_head, network.head[road])]
        free = [here & (graph.states[node + 1] > graph.states[node]) for here, node in standing]
        self.standing = np.concatenate([np.flatnonzero(f) for f in free])
        self.junction = np.concatenate([node[f] for f, (_, node) in zip(free, standing, strict=True)])
        self.on_junction = free[0] | free[1]
        if network.ends_only.any():
            # on a junction with open roads one is not inside
            outside = np.isin(np.arange(len(road)), self.standing[verge_of(network)[self.junction]])
            self.link = np.where(outside & network.ends_only[road], -1, self.link)
        side, self.junction = _on_all_sides(network.gate, self.junction)
        self.standing = self.standing[side]
        self.walked = np.zeros(len(side), np.int64)
        if (network.gate >= 0).any():
            self._stand_at_gates(network, road, share, cs)

    def _stand_at_gates(self, network: Network, road: AnyArray, share: AnyArray, cs: AnyArray) -> None:
        """Let places beside a gate begin and end on its other sides too."""
        metres = network.line_m[network.coord_start[road + 1] - 1]
        for node, far in ((network.tail[road], share), (network.head[road], 1 - share)):
            beside = (far * metres <= AT_GATE_M) & (far < 0.5)  # nearer than the road's other end
            near = np.flatnonzero(beside & ~self.on_junction & (network.gate[node] >= 0))
            side, junction = _on_all_sides(network.gate, node[near])
            other = junction != node[near][side]
            place, junction = near[side[other]], junction[other]
            self.standing, self.junction = np.r_[self.standing, place], np.r_[self.junction, junction]
            self.walked = np.r_[self.walked, np.rint(far[place] * cs[place].max(axis=1)).astype(np.int64)]

    def leaving(self) -> tuple[AnyArray, AnyArray, AnyArray, AnyArray]:
        """Place, state, centiseconds, link arc (-1: from a junction) of each way to begin a trip."""
        place, side = np.nonzero(self.open & ~self.on_junction[:, None])
        arc = 2 * self.link[place] + side
        rest = self.graph.cs[arc] - self.passed[place, side]
        return (
            np.r_[self.standing, place],
            np.r_[self.graph.states[self.junction], self.graph.arrivals(arc)],
            np.r_[self.walked, rest],
            np.r_[np.full(len(self.standing), -1), arc],
        )

    def arriving(self) -> tuple[AnyArray, AnyArray, AnyArray, AnyArray]:
        """Place, state, centiseconds, link arc (-1: at a junction) of each way to end a trip."""
        place, side = np.nonzero(self.open & ~self.on_junction[:, None])
        arc = 2 * self.link[place] + side
        row, state, turn = self.graph.exits(arc)
        which, every = self.graph.endings(self.junction)
        return (
            np.r_[self.standing[which], place[row]],
            np.r_[every, state],
            np.r_[self.walked[which], self.passed[place, side][row] + turn],
            np.r_[np.full(len(which), -1), arc[row]],
        )


def _on_all_sides(gate: AnyArray, junctions: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Junctions, and for one at a barrier those on all its sides: position in ``junctions``, junction.

    A gatehouse belongs to both sides of its gate.
    """
    sides = np.flatnonzero(gate >= 0)
    sides = sides[np.argsort(gate[sides], kind="stable")]
    low, high = (np.searchsorted(gate[sides], gate[junctions], side) for side in ("left", "right"))
    row, at = ragged(low, np.where(gate[junctions] >= 0, high - low, 0))
    alone = np.flatnonzero(gate[junctions] < 0)
    return np.r_[alone, row], np.r_[junctions[alone], sides[at]]


def straight_legs(network: Network, ones: pd.DataFrame, others: pd.DataFrame) -> Csr:
    """Near neighbours off the road, who walk straight across: by snapped place of ``ones``, rising.

    The straight line counts where it is no longer than the two gaps together, which are walked over the same ground;
    at one point (to the millimetre) it is nothing. None leads out of roads for ends only or into them, nor from one
    compound into the next: a wall may stand between. Start of each place's neighbours, the neighbours, the centiseconds
    at the speed of gaps. A place without a road has none: one so far off is in doubt. Nor have tables without
    ``place_x``, ``place_y``.
    """
    start, found, metres = _neighbours(*(_off_road(frame) for frame in (ones, others)))
    row = np.repeat(np.arange(len(ones)), np.diff(start))
    here, there = (_compound_of(network, frame) for frame in (ones, others))
    kept = here[row] == there[found]
    kept |= metres == 0
    start = np.r_[0, np.cumsum(np.bincount(row[kept], minlength=len(ones)))].astype(np.int64)
    return start, found[kept], np.rint(metres[kept] * 360.0 / network.mode.gap_kmh).astype(np.int32)


def _compound_of(network: Network, snapped: pd.DataFrame) -> AnyArray:
    """By place the compound of its road; -1 on an open road, on a junction with one, and on a gate."""
    road, share = snapped["road"].to_numpy(), snapped["share"].to_numpy(dtype=float)
    within: AnyArray = np.r_[compounds_of(network), -1][road]
    mine = np.flatnonzero(within >= 0)
    if len(mine):
        on, outside = road[mine], met_by(network, ~network.ends_only) | (network.gate >= 0)
        at_tail, at_head = _at_ends(*_along(network, on, share[mine]), share[mine])
        within[mine[at_tail & outside[network.tail[on]] | at_head & outside[network.head[on]]]] = -1
    return within


def _along(network: Network, road: AnyArray, share: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Centiseconds along and against the road of each place (places x 2), and how many of them from its tail."""
    cs = np.column_stack([network.forward_cs[road], network.backward_cs[road]]).astype(np.int64)
    return cs, np.rint(share[:, None] * cs).astype(np.int64)


def _at_ends(cs: AnyArray, from_tail: AnyArray, share: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Which places stand at the very tail of their road, and which at its head."""
    closed = (cs == 0).all(axis=1)
    at_tail = np.where(closed, share == 0, (from_tail == 0).all(axis=1))
    return at_tail, np.where(closed, share == 1, (from_tail == cs).all(axis=1))


def _off_road(snapped: pd.DataFrame) -> tuple[AnyArray, AnyArray]:
    """Points of places (missing where none counts), and how far each is from its road."""
    if not {"place_x", "place_y"} <= set(snapped.columns):
        return np.full(len(snapped), None), np.zeros(len(snapped))
    xy, gap = snapped[["place_x", "place_y"]].to_numpy(dtype=float), snapped["gap_m"].to_numpy(dtype=float)
    here = np.isfinite(xy).all(axis=1) & (snapped["road"].to_numpy() >= 0)
    points = np.full(len(snapped), None)
    points[here] = shapely.points(xy[here])
    return points, np.where(here, gap, 0.0)


def _neighbours(ones: tuple[AnyArray, AnyArray], others: tuple[AnyArray, AnyArray]) -> Csr:
    """Pairs no farther apart than their gaps together, with the metres between, by place of ``ones``.

    Within twice the larger of the two gaps: so each is sought from the place that lies farther off its road.
    """
    (here, gap), (there, far) = ones, others
    i, j = shapely.STRtree(there).query(here, predicate="dwithin", distance=2 * gap + SAME_POINT_M)
    m, k = shapely.STRtree(here).query(there, predicate="dwithin", distance=2 * far + SAME_POINT_M)
    pair = np.unique(np.r_[i, k].astype(np.int64) * max(len(there), 1) + np.r_[j, m])
    i, j = np.divmod(pair, max(len(there), 1))
    metres = shapely.distance(here[i], there[j])
    kept = metres <= gap[i] + far[j] + SAME_POINT_M
    i, j, metres = i[kept], j[kept], metres[kept]
    start = np.r_[0, np.cumsum(np.bincount(i, minlength=len(here)))].astype(np.int64)
    return start, j, np.where(metres <= SAME_POINT_M, 0.0, metres)


def direct_legs(source: Entries, target: Entries, span: slice, *, leaving: bool, straight: Csr) -> Csr:
    """Trips that pass no junction: between places on one link, in the directions that it allows, or straight across.

    For the sources of ``span``: start of each one's targets, the targets (some twice), the whole time. ``leaving``:
    trips begin at the sources. ``straight``: near neighbours of all sources (``straight_legs``), whose trips take the
    turnout on top and no gap.
    """
    s, t = _on_one_link(source.link[span], *target.by_link)
    s += span.start
    a, b, i, j = (source, target, s, t) if leaving else (target, source, t, s)
    whole = np.minimum(along_link(a, b, i, j).min(axis=1) + a.extra[i] + b.extra[j], UNREACHED)
    begin, near, cs = straight
    here, at = ragged(begin[span], np.diff(begin[span.start : span.stop + 1]))
    s, t = np.r_[s, here + span.start], np.r_[t, near[at]]
    order = np.argsort(s, kind="stable")
    s, t, whole = s[order], t[order], np.r_[whole, cs[at] + source.turnout + target.turnout][order]
    count = np.bincount(s - span.start, minlength=span.stop - span.start)
    return np.r_[0, np.cumsum(count)].astype(np.int64), t.astype(np.int32), whole.astype(np.int32)


def along_link(begin: Entries, end: Entries, i: AnyArray, j: AnyArray) -> AnyArray:
    """Centiseconds from places ``i`` on to places ``j`` of the same links, along each link and against it.

    UNREACHED where that direction is closed or leads away; gaps and turnout apart.
    """
    leg = end.passed[j] - begin.passed[i]
    return np.asarray(np.where(begin.open[i] & (leg >= 0), leg, UNREACHED))


def _on_one_link(sources: AnyArray, links: AnyArray, targets: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Sources and targets on the same link, by source; -1 is no link. ``links`` (rising): those of ``targets``."""
    low, high = np.searchsorted(links, sources, "left"), np.searchsorted(links, sources, "right")
    s, at = ragged(low, np.where(sources >= 0, high - low, 0))
    return s, targets[at]


def road_times(network: Network, entries: Entries, places: AnyArray, times: AnyArray, *, leaving: bool) -> AnyArray:
    """When a search from some places sets out along each road from its tail and its head (roads x 2).

    ``times``: by state, UNREACHED where the search did not come. ``leaving``: trips begin at the places. The roads
    of the places' own links are reached within these as well; what lies on their own road is not told here.
    """
    graph = search_graph(network)
    found = graph.road_times(times, leaving=leaving)
    mine = places[entries.link[places] >= 0]
    if graph.plain or not len(mine):
        return found
    order, first = graph.roads_by_link()
    link = entries.link[mine]
    row, at = ragged(first[link], first[link + 1] - first[link])
    place, road = mine[row], order[at]
    for side in (0, 1):
        arc = 2 * road + (side if leaving else 1 - side)
        way = graph.arc[arc] & 1
        on = graph.before[arc] if leaving else graph.before[arc] + graph.road_cs[arc]
        there = entries.passed[place, way]
        gone = on - there if leaving else there - on
        good = entries.open[place, way] & (gone >= 0)
        when = np.minimum(gone + entries.extra[place], UNREACHED).astype(np.int32)
        np.minimum.at(found[:, side], road[good], when[good])
    return found
