"""The files of pieces: read the extract once more, and write to each what belongs to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import osmium

from quarterhour.base.arrays import AnyArray, IntArray
from quarterhour.io.osm.cut.belonging import Belonging
from quarterhour.io.osm.cut.survey import Survey, Tell
from quarterhour.io.osm.open import as_data_errors

_WRITERS_AT_ONCE = 100
"""Each holds a file open, a thread and some buffers."""
_BUFFER = 1 << 18
_SAID = ("osmosis_replication_timestamp", "osmosis_replication_base_url")
_ROWS = 1 << 17
"""Nodes or ways whose sets are held at once."""
_NO_WAY = (None, 0)


def write_pieces(
    file: Path, found: Survey, to: Belonging, pieces: Sequence[Path], tell: Tell
) -> tuple[IntArray, IntArray, IntArray]:
    """Write every piece; how many nodes, ways and relations each has. A piece without a way is not written."""
    ways = _counted(to, to.ways, len(pieces))
    relations = _counted(to, np.array(list(to.relations.values()), np.int64), len(pieces))
    nodes = np.zeros(len(pieces), np.int64)
    for first in range(0, to.nodes.count, _ROWS):
        nodes += _counted(to, to.nodes.part(first, _ROWS), len(pieces))
    wanted = np.flatnonzero(ways).tolist()
    for first in range(0, len(wanted), _WRITERS_AT_ONCE):
        some = {number: pieces[number] for number in wanted[first : first + _WRITERS_AT_ONCE]}
        as_data_errors(file, lambda some=some: _write(file, found, to, some, tell))  # type: ignore[misc]
    return np.where(ways > 0, nodes, 0), ways, relations


def _counted(to: Belonging, sets: AnyArray, count: int) -> IntArray:
    """How many of some sets hold each area."""
    found = np.zeros(count, np.int64)
    for number, times in zip(*(some.tolist() for some in np.unique(sets, return_counts=True)), strict=True):
        for area in _areas(to.sets.masks[number]):
            found[area] += times
    return found


def _areas(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]


def _write(file: Path, found: Survey, to: Belonging, pieces: dict[int, Path], tell: Tell) -> None:
    """Write some pieces side by side."""
    header, pool = _header(file), osmium.io.ThreadPool()
    with ExitStack() as stack:
        writers = {}
        for number, path in pieces.items():
            kind = osmium.io.File(str(path), "pbf,add_metadata=false")
            writers[number] = stack.enter_context(osmium.SimpleWriter(kind, _BUFFER, header, thread_pool=pool))
        by_set = [[writers[n] for n in _areas(mask) if n in writers] for mask in to.sets.masks]
        osmium.apply(str(file), _Sharing(found, to, by_set, tell))
    tell(1.0)


def _header(file: Path) -> Any:
    """What a piece says of itself, with day and source of the data where the extract has them."""
    made = osmium.io.Header()
    with osmium.io.Reader(str(file), osmium.osm.NOTHING) as reader:
        said = reader.header()
        for name in _SAID:
            made.set(name, said.get(name, ""))
    made.set("generator", "quarterhour")
    made.set("sorting", "Type_then_ID")
    return made


class _Sharing:
    """Hears all objects of a file and gives each to the writers of its set. Nodes, and the ways that were taken, come
    in the order in which they came before."""

    def __init__(self, found: Survey, to: Belonging, by_set: Sequence[Sequence[Any]], tell: Tell) -> None:
        self._found, self._to, self._tell = found, to, tell
        self._add_node = [[writer.add_node for writer in some] for some in by_set]
        self._add_way = [[writer.add_way for writer in some] for some in by_set]
        self._add_relation = [[writer.add_relation for writer in some] for some in by_set]
        self._nodes, self._ways = self._sets_of_nodes(), self._taken_ways()
        self._next = next(self._ways, _NO_WAY)

    def node(self, one: Any) -> None:
        """Write a node where it belongs."""
        for add in self._add_node[next(self._nodes, 0)]:
            add(one)

    def way(self, one: Any) -> None:
        """Write a way where it belongs, if it is the next of those that were taken."""
        number, where = self._next
        if one.id == number:
            for add in self._add_way[where]:
                add(one)
            self._next = next(self._ways, _NO_WAY)

    def relation(self, one: Any) -> None:
        """Write a relation where it belongs."""
        for add in self._add_relation[self._to.relations.get(one.id, 0)]:
            add(one)

    def _sets_of_nodes(self) -> Iterator[int]:
        for first in range(0, self._to.nodes.count, _ROWS):
            yield from self._to.nodes.part(first, _ROWS).tolist()
            self._tell(first / (self._to.nodes.count + len(self._to.ways)))

    def _taken_ways(self) -> Iterator[tuple[int, int]]:
        for first in range(0, len(self._to.ways), _ROWS):
            part = self._found.ids.part(first, _ROWS).tolist()
            yield from zip(part, self._to.ways[first : first + _ROWS].tolist(), strict=True)
            self._tell((self._to.nodes.count + first) / (self._to.nodes.count + len(self._to.ways)))
