"""The way itself: through which states of the searched graph a shortest trip goes, traced back from settled times.

One search a site, no farther than its pairs need. Where several ways take the same time the trip goes straight across
before it follows its own road, and that before it passes junctions; it leaves the search as soon as it may, and else
comes by the state that stands first. So an answer does not depend on which other pairs were asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from quarterhour.base.arrays import AnyArray, IntArray, StopFlag
from quarterhour.base.jit import kernel
from quarterhour.base.parallel import Progress, in_blocks
from quarterhour.network.network import Network
from quarterhour.network.search_graph import UNREACHED, search_graph
from quarterhour.travel.access_legs import Entries, along_link
from quarterhour.travel.dijkstra import cutoff_table
from quarterhour.travel.od_pairs import Trips
from quarterhour.travel.search_arrays import search_arrays

NO_WAY, STRAIGHT, ON_LINK, THROUGH = 0, 1, 2, 3
"""How a trip goes: not at all, straight across, along one link, through states."""
STATES_AT_ONCE = 1 << 22
"""Times of states held at once, 32 MB."""
_BACK = {"to_site": "to_community", "to_community": "to_site"}


@dataclass(frozen=True, eq=False)
class Ways:
    """How each pair's trip goes, in the order of the pairs.

    ``cs``: whole centiseconds, UNREACHED beyond the pair's cutoff. ``how``: NO_WAY, STRAIGHT, ON_LINK, THROUGH.
    ``side``: along the link (0) or against it (1), where on one. ``state[start[i]:start[i + 1]]``: the states passed,
    in the order of the trip. ``at_site``, ``at_home``: positions among the entries of sites and of communities.
    """

    cs: IntArray
    how: AnyArray
    side: AnyArray
    start: IntArray
    state: IntArray
    at_site: IntArray
    at_home: IntArray


def find_ways(
    network: Network,
    trips: Trips,
    pairs: tuple[AnyArray, AnyArray],
    *,
    cut: AnyArray,
    threads: int = 1,
    progress: Progress | None = None,
) -> Ways:
    """The ways of pairs (positions of communities, of sites), each within a cutoff of its own (centiseconds).

    ``trips``: from the sites, as given. An empty way where none is within the cutoff.
    """
    home, site = pairs
    straight, (leg, side) = _straight(trips, home, site), _on_link(trips, home, site)
    cs = np.minimum(straight, leg)
    how = np.where(straight <= leg, STRAIGHT, ON_LINK)
    beyond = cs > cut
    cs[beyond], how[beyond] = UNREACHED, NO_WAY
    at_site, at_home = np.full((2, len(home)), -1)
    states = [np.empty(0, np.int64)] * len(home)
    search = _Search(network, trips, home, site, np.minimum(cut, cs - 1))
    for _, found in in_blocks(search, len(search.first) - 1, threads=threads, progress=progress):
        for rows, part in found:
            cs[rows], how[rows], at_site[rows], at_home[rows] = part.cs, THROUGH, part.first, part.last
            for row, (a, b) in zip(rows.tolist(), pairwise(part.start.tolist()), strict=True):
                states[row] = part.passed[a:b] if trips.leaving else part.passed[a:b][::-1]
    start = np.r_[0, np.cumsum([len(s) for s in states])].astype(np.int64)
    return Ways(cs, how, side, start, np.concatenate([np.empty(0, np.int64), *states]), at_site, at_home)


def _straight(trips: Trips, home: AnyArray, site: AnyArray) -> IntArray:
    """Whole centiseconds straight across, UNREACHED where that does not count."""
    start, near, cs = trips.straight
    width = max(trips.target_count, 1)
    known = np.repeat(np.arange(len(start) - 1), np.diff(start)) * width + near
    found = np.full(len(home), UNREACHED, np.int64)
    if len(known):
        wanted = site.astype(np.int64) * width + home
        at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        there = known[at] == wanted
        found[there] = cs[at[there]] + trips.source.turnout + trips.target.turnout
    return found


def _on_link(trips: Trips, home: AnyArray, site: AnyArray) -> tuple[IntArray, AnyArray]:
    """Whole centiseconds along the link that both stand on, and on which side of it that is."""
    ends = (trips.source, trips.target, site, home)
    begin, end, i, j = ends if trips.leaving else (ends[1], ends[0], home, site)
    leg = along_link(begin, end, i, j)
    leg[(begin.link[i] != end.link[j]) | (begin.link[i] < 0)] = UNREACHED
    side = np.argmin(leg, axis=1)
    return np.minimum(leg.min(axis=1) + begin.extra[i] + end.extra[j], UNREACHED).astype(np.int64), side


@dataclass(frozen=True, eq=False)
class _Part:
    """Ways from one site on: centiseconds, first and last entry, ``passed[start[i]:start[i + 1]]`` the states."""

    cs: IntArray
    first: IntArray
    last: IntArray
    start: IntArray
    passed: IntArray


class _Search:
    """Searches from sites, those with short trips first: pairs ``order[first[g]:first[g + 1]]`` are of one site."""

    def __init__(self, network: Network, trips: Trips, home: AnyArray, site: AnyArray, cut: AnyArray) -> None:
        graph = search_graph(network)
        back = graph.arcs(_BACK[trips.heading])
        self.trips, self.home, self.site, self.cut, self.count = trips, home, site, cut, graph.count
        self.back = back.indptr.astype(np.int64), back.head, back.cs
        self.target = trips.target.start, trips.target.state, trips.target.cs
        asked = np.flatnonzero(cut >= 0)
        self.longest = np.full(len(trips.bases), -1, np.int64)
        np.maximum.at(self.longest, site[asked], cut[asked])
        self.order = asked[np.lexsort((asked, site[asked], self.longest[site[asked]]))]
        begins = np.r_[True, np.diff(site[self.order]) != 0][: len(asked)]
        self.first = np.r_[np.flatnonzero(begins), len(asked)]

    def __call__(self, span: slice, stop: StopFlag) -> list[tuple[AnyArray, _Part]]:
        """Of the sites of a span: the pairs that have a way through states, and their ways."""
        desk, found = _Times(self.count), []
        at_once = max(1, STATES_AT_ONCE // max(self.count, 1))
        for first in range(span.start, span.stop, at_once):
            these = np.arange(first, min(first + at_once, span.stop))
            sites = self.site[self.order[self.first[these]]]
            searched = search_arrays(self.trips.arcs, self.trips.source.rows(sites), stop=stop)
            ball, state, cs = cutoff_table(searched, cut=int(self.longest[sites].max()))
            for g, site, (a, b) in zip(these, sites, pairwise(ball.tolist()), strict=False):
                entries = slice(int(self.trips.source.start[site]), int(self.trips.source.start[site + 1]))
                desk.put(state[a:b], cs[a:b], entries, self.trips.source)
                mine = self.order[self.first[g] : self.first[g + 1]]
                rows, part = self._ways(desk, mine)
                found.append((rows, part))
                desk.clear()
        return found

    def _ways(self, desk: _Times, pairs: AnyArray) -> tuple[AnyArray, _Part]:
        size = len(pairs)
        best, last, count = np.empty(size, np.int64), np.empty(size, np.int64), np.zeros(size, np.int64)
        times = desk.time, desk.enter
        _count_states(*times, self.back, self.target, self.home[pairs], self.cut[pairs], best, last, count)
        rows = np.flatnonzero(last >= 0)
        start = np.r_[0, np.cumsum(count[rows])].astype(np.int64)
        passed = np.empty(int(start[-1]), np.int64)
        _take_states(*times, self.back, self.target[1], last[rows], start, passed)
        return pairs[rows], _Part(best[rows], desk.by[passed[start[:-1]]], last[rows], start, passed)


class _Times:
    """Times by state, of one site at a time; and by which entry of the site a state is entered, in what time."""

    def __init__(self, count: int) -> None:
        self.time, self.enter = np.full((2, count), UNREACHED, np.int32)
        self.by = np.full(count, -1, np.int64)
        self.states, self.entered = np.empty((2, 0), np.int64)

    def put(self, states: AnyArray, cs: AnyArray, entries: slice, source: Entries) -> None:
        """What a search found; of entries into one state the quickest counts, then the first."""
        self.states, self.entered = states, source.state[entries]
        self.time[states] = cs
        for k in range(entries.stop - 1, entries.start - 1, -1):
            if source.cs[k] <= self.enter[source.state[k]]:
                self.enter[source.state[k]], self.by[source.state[k]] = source.cs[k], k

    def clear(self) -> None:
        """Forget it."""
        self.time[self.states], self.enter[self.entered], self.by[self.entered] = UNREACHED, UNREACHED, -1


@kernel
def _before(time, enter, arcs, v):  # type: ignore[no-untyped-def]
    """The state before v on the way from the site; -1 where the way begins."""
    indptr, head, cs = arcs
    mine = np.int64(time[v])
    until = indptr[v] if mine == enter[v] else indptr[v + 1]
    for k in range(indptr[v], until):
        u = np.int64(head[k])
        if np.int64(time[u]) + np.int64(cs[k]) == mine:
            return u
    return np.int64(-1)


@kernel
def _count_states(time, enter, arcs, target, homes, cut, best, last, count):  # type: ignore[no-untyped-def]
    """For each home its least time, the entry by which it is reached (-1: beyond its cutoff), how many states."""
    start, state, offset = target
    for i in range(homes.size):
        best[i], last[i] = cut[i] + 1, -1
        for k in range(start[homes[i]], start[homes[i] + 1]):
            whole = np.int64(time[state[k]]) + np.int64(offset[k])
            if time[state[k]] != UNREACHED and whole < best[i]:
                best[i], last[i] = whole, k
        v = np.int64(state[last[i]]) if last[i] >= 0 else np.int64(-1)
        while v >= 0:
            count[i] += 1
            v = _before(time, enter, arcs, v)


@kernel
def _take_states(time, enter, arcs, state, last, start, passed):  # type: ignore[no-untyped-def]
    """Write down the states from the site on to the home."""
    for i in range(last.size):
        at, v = start[i + 1], np.int64(state[last[i]])
        while v >= 0:
            at -= 1
            passed[at] = v
            v = _before(time, enter, arcs, v)
