"""A travel-time question as arrays, and the part of it that a tile answers."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from quarterhour.base.arrays import AnyArray, Csr, StopFlag, ragged
from quarterhour.base.parallel import Progress, in_blocks
from quarterhour.io.network_store import program_sum
from quarterhour.network.network import Network
from quarterhour.network.search_graph import search_graph
from quarterhour.travel.access_legs import Entries, direct_legs
from quarterhour.travel.dijkstra import cutoff_table
from quarterhour.travel.od_pairs import Trips
from quarterhour.travel.search_arrays import SearchArrays, search_arrays
from quarterhour.travel.tiles.kept import KeptRows
from quarterhour.travel.tiles.reach import arcs_among, reached


@dataclass(frozen=True, eq=False)
class TileQuestion:
    """Trips from sources to targets within a cutoff (centiseconds), as ``Trips`` has them.

    A tile is a span of the sources. They stand in the order of their junctions, and these along a curve that leaves no
    neighbourhood before it is done with it (``Network``), so a span is a piece of the land. Each source is in one tile
    alone, and its row is whole there: the rows of the tiles, one below the other, are the rows of the whole.

    Why a row is whole. A trip leaves its source by one of its entries: a state of the searched graph, after some
    centiseconds for gap, turnout and the rest of its road. The tile has every state within the cutoff of these, with
    all arcs among them (``reach``: no trip needs another), and every target that one may reach from there. So the trip
    is in the tile as it is in the whole; and a trip of the tile is one of the whole. Trips that touch no junction (on
    one road, or straight across) are worked out for each source against all targets. Places are snapped before, once,
    to the whole network: a tile is handed their entries.

    ``arcs``: of the searched graph, CSR over states, as a search runs along them. ``spot``: by source x and y (metres)
    of the junction that it enters by.
    """

    arcs: Csr
    spot: AnyArray
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
            kept = reached(self.arcs, state, cs, cut=self.cut, stop=stop)
        begin = np.r_[0, np.cumsum(np.bincount(row, minlength=len(start) - 1))]
        sources = begin, np.searchsorted(kept, state), cs
        ends = self.targets_at(kept)
        direct = direct_legs(self.source, self.target, span, leaving=self.leaving, straight=self.straight)
        known = np.unique(np.r_[ends[1], direct[1]])
        search = search_arrays(
            arcs_among(self.arcs, kept) if len(kept) else self.arcs, sources, targets=_among(known, ends),
            direct=_among(known, direct), target_count=len(known), stop=stop,
        )  # fmt: skip
        return Tile(kept, known, search)

    def targets_at(self, states: AnyArray) -> Csr:
        """By state of some (rising) the targets reached from there, and the centiseconds between."""
        state, place, cs = self._ends
        low, high = (np.searchsorted(state, states, side) for side in ("left", "right"))
        _, at = ragged(low, high - low)
        return np.r_[0, np.cumsum(high - low)], place[at], cs[at]

    def rows(self, span: slice, stop: StopFlag | None = None, *, kept: KeptRows | None = None) -> Csr:
        """By source of a span: where its row starts, the targets within the cutoff (in no order), their times.

        ``kept``: rows of a tile that is the same to the last arc and place are taken from there, others put there.
        """
        tile = self.tile(span, stop)
        key = "" if kept is None else tile.key(self.cut)
        found = None if kept is None else kept.get(key)
        if found is None or not tile.may_have(found):
            found = cutoff_table(tile.search, cut=self.cut)
            if kept is not None and not tile.search.stop[0]:  # a search that was stopped is not whole
                kept.put(key, found)
        return found[0], tile.targets[found[1]], found[2]


def _among(known: AnyArray, csr: Csr) -> Csr:
    return csr[0], np.searchsorted(known, csr[1]), csr[2]


@dataclass(frozen=True, eq=False)
class Tile:
    """The states and the targets that a tile knows (rising), and what is searched in them, numbered as they stand
    there: nothing in ``search`` tells where in a larger land, or among how many places, the tile lies.
    """

    states: AnyArray
    targets: AnyArray
    search: SearchArrays

    def key(self, cut: int) -> str:
        """All that its rows depend on, as one SHA-256: every arc, every leg, the cutoff; the program as it stands."""
        digest = hashlib.sha256(f"{program_sum()} {cut} {len(self.targets)} ".encode())
        for csr in (self.search.arcs, self.search.sources, self.search.targets, self.search.direct):
            for array in csr or ():
                digest.update(f"{array.dtype.str} {len(array)} ".encode())
                digest.update(np.ascontiguousarray(array).view(np.uint8).data)
        return digest.hexdigest()

    def may_have(self, rows: Csr) -> bool:
        """Whether rows that were kept name only what it knows."""
        start, target, cs = rows
        fits = len(start) == self.search.source_count + 1 and len(target) == len(cs) == start[-1]
        return bool(fits and (np.diff(start) >= 0).all() and (not len(target) or target.max() < len(self.targets)))


Compute = Callable[[TileQuestion, list[slice], Progress | None], Iterable[Csr]]
"""Whatever works out the rows of some tiles: here or on other machines, in the order in which they are asked."""


def tile_question(network: Network, trips: Trips, *, cut: int) -> TileQuestion:
    """Trips on a network, as far as ``cut`` centiseconds, ready to be cut into tiles."""
    at, stands = trips.source.first_states()
    junction = np.searchsorted(search_graph(network).states, at, side="right") - 1
    spot = np.where(stands[:, None], np.c_[network.x, network.y][junction], 0.0)
    return TileQuestion(trips.arcs, spot, trips.source, trips.target, trips.straight, trips.leaving, cut)


def tiles_here(*, kept: KeptRows | None = None, threads: int = 1) -> Compute:
    """Tiles worked out in this process, so many side by side; ``kept`` as ``TileQuestion.rows`` has it."""

    def compute(question: TileQuestion, spans: list[slice], progress: Progress | None = None) -> list[Csr]:
        def work(some: slice, stop: StopFlag) -> Csr:
            return question.rows(spans[some.start], stop, kept=kept)

        return [part for _, part in in_blocks(work, len(spans), threads=threads, progress=progress, size=1)]

    return compute


here: Compute = tiles_here()
"""Tiles one after the other in this process, and none of them kept."""
