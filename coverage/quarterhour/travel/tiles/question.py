"""A travel-time question as arrays, and the part of it that a tile answers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from quarterhour.base.arrays import AnyArray, Csr, StopFlag, ragged
from quarterhour.base.parallel import Progress, in_blocks
from quarterhour.network.network import Network
from quarterhour.travel.access_legs import Entries, direct_legs
from quarterhour.travel.dijkstra import cutoff_table
from quarterhour.travel.od_pairs import Trips
from quarterhour.travel.search_arrays import SearchArrays, search_arrays
from quarterhour.travel.tiles.ground import Ground, ground_of


@dataclass(frozen=True, eq=False)
class TileQuestion:
    """Trips from sources to targets within a cutoff (centiseconds), as ``Trips`` has them.

    A tile is a span of the sources. They stand in the order of their junctions, and these along a curve that leaves no
    neighbourhood before it is done with it (``Network``), so a span is a piece of the land. Each source is in one tile
    alone, and its row is whole there: the rows of the tiles, one below the other, are the rows of the whole.

    Why a row is whole. A trip leaves its source by one of its entries: a state of the searched graph, after some
    centiseconds for gap, turnout and the rest of its road. What is left of the cutoff is at most the cutoff without the
    least of them, and ``Ground`` bounds how far from that state's junction the trip may come in that time. The tile has
    all states within that of the box around its entries, with all arcs among them, and every target that one may reach
    from one of these states. So the trip is in the tile as it is in the whole; and a trip of the tile is one of the
    whole. Trips that touch no junction (on one road, or straight across) are worked out for each source against all
    targets. Places are snapped before, once, to the whole network: a tile is handed their entries.
    """

    ground: Ground
    source: Entries
    target: Entries
    straight: Csr
    leaving: bool
    cut: int

    @property
    def source_count(self) -> int:
        """How many sources there are."""
        return len(self.source.road)

    @property
    def target_count(self) -> int:
        """How many targets there are."""
        return len(self.target.road)

    @functools.cached_property
    def _ends(self) -> Csr:
        """The states from which a target is reached (rising), the targets, the centiseconds between."""
        _, place, cs = self.target.by_state()
        return np.sort(self.target.state), place, cs

    def tile(self, span: slice, stop: StopFlag | None = None) -> Tile:
        """What is searched for the sources of a span."""
        start, state, cs = self.source.rows(span)
        near = cs <= self.cut
        row = np.repeat(np.arange(len(start) - 1), np.diff(start))[near]
        state, cs = state[near].astype(np.int64), cs[near]
        kept = np.arange(min(1, self.source.states), dtype=np.int64)  # a search has some state
        if len(state):
            kept = self.ground.states_around(state, self.cut - int(cs.min()))
        begin = np.r_[0, np.cumsum(np.bincount(row, minlength=len(start) - 1))]
        sources = begin, np.searchsorted(kept, state), cs
        direct = direct_legs(self.source, self.target, span, leaving=self.leaving, straight=self.straight)
        search = search_arrays(
            self.ground.arcs_among(kept) if len(kept) else self.ground.arcs, sources, targets=self._targets(kept),
            direct=direct, target_count=self.target_count, stop=stop,
        )  # fmt: skip
        return Tile(kept, search)

    def _targets(self, kept: AnyArray) -> Csr:
        state, place, cs = self._ends
        low, high = (np.searchsorted(state, kept, side) for side in ("left", "right"))
        _, at = ragged(low, high - low)
        return np.r_[0, np.cumsum(high - low)], place[at], cs[at]

    def rows(self, span: slice, stop: StopFlag | None = None) -> Csr:
        """By source of a span: where its row starts, the targets within the cutoff (in no order), their times."""
        return cutoff_table(self.tile(span, stop).search, cut=self.cut)


@dataclass(frozen=True, eq=False)
class Tile:
    """The states that a tile knows (rising), and what is searched in them, numbered as they stand there."""

    states: AnyArray
    search: SearchArrays


Compute = Callable[[TileQuestion, list[slice], Progress | None], Iterable[Csr]]
"""Whatever works out the rows of some tiles: here or on other machines, in the order in which they are asked."""


def tile_question(network: Network, trips: Trips, *, cut: int) -> TileQuestion:
    """Trips on a network, as far as ``cut`` centiseconds, ready to be cut into tiles."""
    ground = ground_of(network, trips.arcs)
    return TileQuestion(ground, trips.source, trips.target, trips.straight, trips.leaving, cut)


def here(question: TileQuestion, spans: list[slice], progress: Progress | None = None) -> list[Csr]:
    """The rows of tiles, one tile after the other in this process."""

    def work(some: slice, stop: StopFlag) -> Csr:
        return question.rows(spans[some.start], stop)

    return [part for _, part in in_blocks(work, len(spans), threads=1, progress=progress, size=1)]
