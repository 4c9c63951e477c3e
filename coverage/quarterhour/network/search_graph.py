"""The graph that searches run on: the network without its mere bends, with its forbidden and slow turns.

A state is "at this junction, and free to leave by any road", or "at this junction, come by this arc", where that
forbids some way on or makes it slower. Where nothing is forbidden or slow, a junction is one state, and a network
without bends is searched as it stands. Where only two roads meet and whoever comes by one may leave by the other,
a road merely goes on: nobody turns round there, however a road is cut into pieces.

Roads for ends only (private, customers) are driven twice: out of the place where a trip began, and into that where it
ends. A trip that has come in from the other roads is ``inside``, in states of its own from which none leads out::

    begins inside ----> a junction with other roads, free ----> the other roads ----> inside ----> ends
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from quarterhour.base.arrays import AnyArray, BoolArray, FloatArray, ragged
from quarterhour.base.errors import DataError
from quarterhour.network.network import Arcs, Network, arc_order, arcs_in, once, road_arcs
from quarterhour.network.roads.junctions import joined
from quarterhour.network.simplify import Links, continuations, link_roads
from quarterhour.network.turns import Contexts, contexts_of, turn_centiseconds

BEYOND_CS = 1 << 30
"""No cutoff is as long: a link that takes longer may as well take this."""
UNREACHED = 2**31 - 1
LOOK_M = 10.0
"""A road's direction at a junction is that of its first metres: the very first vertex may be a splayed corner."""


@dataclass(frozen=True, eq=False)
class SearchGraph:
    """States, and how roads lead from one to the next.

    ``states[j]:states[j + 1]`` are those of junction j: none within a link, else first the free one. ``arc, before``:
    link arc of each road arc, and centiseconds along it until that begins; ``road_cs``: the road arc's own.
    ``begin``: junction where each link arc begins; ``cs``: its whole time, 0 where one may not go.
    ``split_arc`` (rising), ``split_state``: link arcs that arrive in a state of their own.
    ``exit_arc`` (rising), ``exit_state``, ``exit_cs``: the states besides the free one from which a link arc may be
    taken, and what the turn costs. ``passing`` (rising): states inside at junctions
    with other roads: whoever were bound for these would have passed through. ``follows``: the link arc of each arc of
    ``arcs()``. ``plain``: states are junctions and links roads. ``kept``: arcs, by heading.
    """

    states: AnyArray
    arc: AnyArray
    before: AnyArray
    road_cs: AnyArray
    begin: AnyArray
    cs: AnyArray
    split_arc: AnyArray
    split_state: AnyArray
    exit_arc: AnyArray
    exit_state: AnyArray
    exit_cs: AnyArray
    passing: AnyArray
    follows: AnyArray
    plain: bool
    kept: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def count(self) -> int:
        """How many states there are."""
        return int(self.states[-1])

    def arcs(self, heading: str = "to_community") -> Arcs:
        """Arcs for a search from the sites: along the roads when the carer leaves, reversed when people come."""
        return once(self.kept, heading, lambda: self.arcs().turned())

    def arrivals(self, arcs: AnyArray) -> AnyArray:
        """The state in which each of some link arcs ends, for a trip that began on it."""
        at = np.minimum(np.searchsorted(self.split_arc, arcs), max(len(self.split_arc) - 1, 0))
        free: AnyArray = self.states[self.begin[arcs ^ 1]]
        if not len(self.split_arc):
            return free
        return np.asarray(np.where(self.split_arc[at] == arcs, self.split_state[at], free))

    def exits(self, arcs: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
        """The states from which each of some link arcs may be taken: position in ``arcs``, state, cost of the turn."""
        rows, free = np.arange(len(arcs)), self.states[self.begin[arcs]]
        low, high = (np.searchsorted(self.exit_arc, arcs, side) for side in ("left", "right"))
        which, more = ragged(low, high - low)
        states, cost = np.r_[free, self.exit_state[more]], np.r_[np.zeros(len(arcs), np.int64), self.exit_cs[more]]
        return np.r_[rows, which], states, cost

    def endings(self, junctions: AnyArray) -> tuple[AnyArray, AnyArray]:
        """The states in which a trip may end at each of some junctions: position in ``junctions``, state."""
        first = self.states[junctions]
        row, state = ragged(first, self.states[junctions + 1] - first)
        ends = ~np.isin(state, self.passing)
        return row[ends], state[ends]

    def roads_by_link(self) -> tuple[AnyArray, AnyArray]:
        """Roads, those of one link side by side, and where each link's begin."""
        return once(self.kept, "roads by link", lambda: _grouped(self.arc[::2] >> 1))

    def road_times(self, times: AnyArray, *, leaving: bool) -> AnyArray:
        """When a search sets out along each road from its tail and from its head (roads x 2).

        ``times``: by state, UNREACHED where it did not come. ``leaving``: the search follows the trips; else it runs
        against them, and sets out where trips arrive. What begins within a link itself is not in it.
        """
        if self.plain:
            return np.asarray(times[self.begin].reshape(-1, 2))
        known = times.astype(np.int64)
        if leaving:
            set_out = known[self.states[self.begin]]
            np.minimum.at(set_out, self.exit_arc, known[self.exit_state] + self.exit_cs)
            found = np.where(self.cs > 0, set_out, UNREACHED)[self.arc] + self.before
        else:
            set_out = known[self.arrivals(np.arange(len(self.begin)))]
            ended = np.where(self.cs > 0, set_out + self.cs, UNREACHED)[self.arc] - self.before - self.road_cs
            found = ended.reshape(-1, 2)[:, ::-1].ravel()
        return np.asarray(np.minimum(found, UNREACHED).astype(np.int32).reshape(-1, 2))

    def __repr__(self) -> str:
        arcs, split = len(self.kept["to_community"].head), len(self.split_arc)
        inner = int((np.diff(self.states) == 0).sum())
        return f"<SearchGraph: {self.count:,} states, {arcs:,} arcs; {inner:,} bends left out, {split:,} arcs apart>"


def search_graph(network: Network) -> SearchGraph:
    """What is searched in the place of a network; derived once, and kept with it."""
    return once(network.kept, "graph", lambda: _graph(network))


def followed(network: Network) -> AnyArray:
    """By arc of ``search_graph(network).arcs()`` the link arc that it follows."""
    graph = search_graph(network)
    return once(network.kept, "followed", lambda: _road_arcs(network)) if graph.plain else graph.follows


def _road_arcs(network: Network) -> AnyArray:
    start, end, cs, arc = road_arcs(network)
    return arc[arc_order(start, end, cs)]


def met_by(network: Network, roads: BoolArray) -> BoolArray:
    """Junctions at which some of the roads (a mask) end."""
    found = np.zeros(len(network.x), bool)
    for end in (network.tail, network.head):
        found[end[roads]] = True
    return found


def verge_of(network: Network) -> BoolArray:
    """Junctions where roads for ends only meet others."""
    private = network.ends_only
    return once(network.kept, "verge", lambda: met_by(network, private) & met_by(network, ~private))


def compounds_of(network: Network) -> AnyArray:
    """By road its compound, roads for ends only that meet where no open road does; -1 for open roads."""
    return once(network.kept, "compounds", lambda: _compounds(network))


def _compounds(network: Network) -> AnyArray:
    inside, size = network.ends_only, len(network.x)
    if not inside.any():
        return np.full(len(inside), -1)
    road = np.tile(np.flatnonzero(inside), 2)
    node = np.r_[network.tail[inside], network.head[inside]]
    met = ~verge_of(network)[node]
    part = joined(size + road[met], node[met], size + len(inside))[size:]
    return np.where(inside, part, -1)


# --- made from the network


def _grouped(link: AnyArray) -> tuple[AnyArray, AnyArray]:
    return np.argsort(link, kind="stable"), np.r_[0, np.cumsum(np.bincount(link))]


def _graph(network: Network) -> SearchGraph:
    at = np.column_stack([network.tail, network.head]).ravel()
    road_cs = np.column_stack([network.forward_cs, network.backward_cs]).ravel()
    sequences = network.turns.sequences() if network.turns else []
    named = np.zeros(len(network.x), bool)
    named[[at[arc] for sequence in sequences for arc in sequence[1:]]] = True
    private, verge = np.repeat(network.ends_only, 2), verge_of(network)
    links = link_roads(at, road_cs, len(network.x), stay=named | verge)
    begin = at[links.end]
    if sequences or (verge.any() and any(network.mode.turn_seconds.values())):
        sequences += _no_turning_round(at, road_cs, named | verge)
    rows = _split(network, links, begin, contexts_of(_on_links(sequences, links)), _Ends.of(links, private, verge))
    states = np.r_[0, np.cumsum(~links.inner + np.bincount(rows.junction, minlength=len(network.x)))].astype(np.int32)
    plain = not len(rows.arc) and not links.inner.any()
    return _with_arcs(network, links, begin, road_cs, states, rows, plain)


@dataclass(frozen=True, eq=False)
class _Ends:
    """Which link arcs are for ends only, and the junctions where they meet others."""

    arc: BoolArray
    verge: BoolArray

    @classmethod
    def of(cls, links: Links, private: BoolArray, verge: BoolArray) -> _Ends:
        arc = np.zeros(len(links.cs), bool)
        arc[links.arc] = private
        return cls(arc & verge.any(), verge)


def _no_turning_round(at: AnyArray, cs: AnyArray, named: BoolArray) -> list[tuple[int, ...]]:
    """Where a road merely goes on, but a restriction needs the junction."""
    ends = np.concatenate(continuations(at, cs, len(named)))
    ends = ends[named[at[ends]] & (cs[ends] > 0) & (cs[ends ^ 1] > 0)]
    return [(int(end ^ 1), int(end)) for end in ends]


def _on_links(sequences: list[tuple[int, ...]], links: Links) -> list[tuple[int, ...]]:
    return [tuple(links.arc[list(sequence)].tolist()) for sequence in sequences]


@dataclass(frozen=True, eq=False)
class _Split:
    """States besides the free ones, by junction: how one came (``arc``), in which context (-1: in none).

    ``base``: the state in which an arc ends that neither led into a longer context nor ``inside``.
    """

    arc: AnyArray
    context: AnyArray
    inside: BoolArray
    junction: AnyArray
    base: BoolArray
    contexts: Contexts
    costly: BoolArray
    ends: _Ends


def _split(network: Network, links: Links, begin: AnyArray, contexts: Contexts, ends: _Ends) -> _Split:
    mode, count = network.mode, len(network.x)
    costly = np.zeros(count, bool)
    if mode.travels == "vehicle" and any(mode.turn_seconds.values()):
        costly = np.bincount(network.tail, minlength=count) + np.bincount(network.head, minlength=count) >= 3
    open_, end = links.cs > 0, begin[np.arange(len(begin)) ^ 1]
    slow = np.flatnonzero(open_ & (costly[end] | ends.arc & ends.verge[end]))
    base = np.union1d(slow, contexts.arc[contexts.short])
    longer, own = np.flatnonzero(~contexts.short), np.flatnonzero(ends.arc & open_)
    within = longer[ends.arc[contexts.arc[longer]]]
    short = np.full(len(begin), -1)
    short[contexts.arc[contexts.short]] = np.flatnonzero(contexts.short)
    arc = np.concatenate([base, contexts.arc[longer], own, contexts.arc[within]]).astype(np.int64)
    context = np.concatenate([short[base], longer, short[own], within])
    inside = np.arange(len(arc)) >= len(base) + len(longer)
    junction = end[arc]
    order = np.lexsort((inside, context, arc, junction))
    is_base = (np.arange(len(arc)) < len(base))[order]
    return _Split(arc[order], context[order], inside[order], junction[order], is_base, contexts, costly, ends)


def _with_arcs(
    network: Network, links: Links, begin: AnyArray, road_cs: AnyArray, states: AnyArray, rows: _Split, plain: bool
) -> SearchGraph:
    own = states[rows.junction] + 1 + np.arange(len(rows.arc)) - np.searchsorted(rows.junction, rows.junction)
    by_arc = np.flatnonzero(rows.base)[np.argsort(rows.arc[rows.base])]
    graph = SearchGraph(
        states=states,
        arc=links.arc,
        before=links.before,
        road_cs=road_cs,
        begin=begin,
        cs=links.cs,
        split_arc=rows.arc[by_arc],
        split_state=own[by_arc],
        exit_arc=np.empty(0, np.int64),
        exit_state=np.empty(0, np.int64),
        exit_cs=np.empty(0, np.int64),
        passing=own[rows.inside & rows.ends.verge[rows.junction]],
        follows=np.empty(0, np.int32),
        plain=plain,
    )
    if plain:
        network.arcs("to_community")
        return replace(graph, kept=network.kept)  # the same arcs: reversed once for both
    out = np.flatnonzero(links.cs > 0)
    enter = _enterings(rows, own, len(links.cs))
    start, cs, taken = states[begin[out]], links.cs[out], out
    end = np.where(rows.ends.arc[out] & rows.ends.verge[begin[out]], enter[out], graph.arrivals(out))
    if len(own):
        row, arc, cost, to = _ways_on(network, links, graph, rows, own, enter)
        start, end, cs = np.r_[start, own[row]], np.r_[end, to], np.r_[cs, links.cs[arc] + cost]
        taken = np.r_[taken, arc]
        order = np.argsort(arc, kind="stable")
        graph = replace(graph, exit_arc=arc[order], exit_state=own[row][order], exit_cs=cost[order])
    cs = np.minimum(cs, BEYOND_CS)
    chosen = arc_order(start, end, cs, simple=True)
    arcs = arcs_in(chosen, start, end, cs, graph.count)
    return replace(graph, follows=taken[chosen].astype(np.int32), kept={"to_community": arcs})


def _enterings(rows: _Split, own: AnyArray, arcs: int) -> AnyArray:
    """The state inside in which each arc for ends only ends, for a trip that comes in by it; -1 for all others."""
    base = rows.inside & np.r_[rows.contexts.short, True][rows.context]
    state = np.full(arcs, -1)
    state[rows.arc[base]] = own[base]
    return state


def _ways_on(
    network: Network, links: Links, graph: SearchGraph, rows: _Split, own: AnyArray, enter: AnyArray
) -> tuple[AnyArray, AnyArray, AnyArray, AnyArray]:
    """From each state besides the free ones: its row, the link arc taken, the cost of the turn, where that leads."""
    out = np.flatnonzero(links.cs > 0)
    out = out[np.argsort(graph.begin[out], kind="stable")]
    first = np.searchsorted(graph.begin[out], np.arange(len(graph.states)))
    row, at = ragged(first[rows.junction], first[rows.junction + 1] - first[rows.junction])
    arc, stops, private = out[at], rows.contexts.stops, rows.ends.arc
    key = _pair(rows.context[row], arc, len(links.cs))
    allowed = ~np.isin(key, _pair(stops[:, 0], stops[:, 1], len(links.cs))) & (private[arc] | ~rows.inside[row])
    row, arc, key = row[allowed], arc[allowed], key[allowed]
    inside = private[arc] & (rows.inside[row] | ~private[rows.arc[row]])
    to = np.where(inside, enter[arc], graph.arrivals(arc))
    moves = rows.contexts.moves
    if len(moves):
        state_of = np.full((2, len(rows.contexts.arc)), -1)
        held = rows.context >= 0
        state_of[rows.inside[held].astype(int), rows.context[held]] = own[held]
        known = _pair(moves[:, 0], moves[:, 1], len(links.cs))
        order = np.argsort(known)
        place = np.minimum(np.searchsorted(known[order], key), len(known) - 1)
        moved = known[order][place] == key
        to[moved] = state_of[inside[moved].astype(int), moves[order[place[moved]], 2]]
    return row, arc, _costs(network, links, rows, row, arc), to


def _pair(context: AnyArray, arc: AnyArray, arcs: int) -> AnyArray:
    """One number for a context and an arc; negative without a context."""
    return np.where(context >= 0, context * arcs + arc, -1)


def _costs(network: Network, links: Links, rows: _Split, row: AnyArray, arc: AnyArray) -> AnyArray:
    cost = np.zeros(len(row), np.int64)
    slow = np.flatnonzero(rows.costly[rows.junction[row]])
    if len(slow):
        away, came, leaves = _directions(network), rows.arc[row[slow]], arc[slow]
        arriving, leaving = -away[links.end[came ^ 1]], away[links.end[leaves]]
        cost[slow] = turn_centiseconds(network.mode, arriving, leaving, came ^ 1 == leaves)
    return cost


def _directions(network: Network) -> FloatArray:
    """The way from each road end into its road (metres, x and y). DataError without coordinates."""
    if not np.isfinite(network.coords).all():
        raise DataError("turns.no_coordinates", mode=network.mode.id)
    first, last = network.coord_start[:-1], network.coord_start[1:] - 1
    line, xy, length = network.line_m, network.coords, network.line_m[last]
    begun = np.cumsum(length) - length
    rising = line + np.repeat(begun, np.diff(network.coord_start))
    found = np.empty((2 * len(first), 2))
    near = np.minimum(LOOK_M, length)
    for side, (end, wanted) in enumerate([(first, near), (last, length - near)]):
        at = np.clip(np.searchsorted(rising, begun + wanted, "right") - 1, first, last - 1)
        step = line[at + 1] - line[at]
        share = np.clip(np.divide(wanted - line[at], step, out=np.zeros(len(at)), where=step > 0), 0.0, 1.0)
        found[side::2] = xy[at] + share[:, None] * (xy[at + 1] - xy[at]) - xy[end]
    return found
