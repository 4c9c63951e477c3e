"""The files of pieces: read the extract once more, and write to each what belongs to it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import osmium

from quarterhour.base.arrays import AnyArray, IntArray
from quarterhour.io.osm.cut.belonging import Belonging
from quarterhour.io.osm.cut.blocks import blocks_of, joined, write_head, write_nodes
from quarterhour.io.osm.cut.survey import Column, Source, Survey, Tell
from quarterhour.io.osm.open import as_data_errors

_WRITERS_AT_ONCE = 100
"""Each holds a file open, a thread and some buffers."""
_BUFFER = 1 << 18
_SAID = ("osmosis_replication_timestamp", "osmosis_replication_base_url")
_WAYS_AT_ONCE = 1 << 19


def write_pieces(
    source: Source, found: Survey, to: Belonging, files: Sequence[Path], tell: Tell
) -> tuple[IntArray, IntArray, IntArray]:
    """Write every piece; how many nodes, ways and relations each has. A piece without a way is not written."""
    ways = _counted(to, to.ways, len(files))
    relations = _counted(to, np.array(list(to.relations.values()), np.int64), len(files))
    wanted = [number for number in range(len(files)) if ways[number]]
    nodes = _write_nodes(source, to, {number: files[number] for number in wanted}, len(files), tell)
    for first in range(0, len(wanted), _WRITERS_AT_ONCE):
        some = {number: files[number] for number in wanted[first : first + _WRITERS_AT_ONCE]}
        as_data_errors(source.path, lambda some=some: _write_others(source, found, to, some, tell))  # type: ignore[misc]
    return nodes, ways, relations


def _counted(to: Belonging, sets: AnyArray, count: int) -> IntArray:
    """How many of some sets hold each area."""
    found = np.zeros(count, np.int64)
    for number, times in zip(*(some.tolist() for some in np.unique(sets, return_counts=True)), strict=True):
        for area in _areas(to.sets.masks[number]):
            found[area] += times
    return found


def _areas(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]


def _write_nodes(source: Source, to: Belonging, files: dict[int, Path], count: int, tell: Tell) -> IntArray:
    head = write_head(_said(source))
    for path in files.values():
        path.write_bytes(head)
    mine = {number: np.array([mask >> number & 1 for mask in to.sets.masks], bool) for number in files}
    first, written = 0, np.zeros(count, np.int64)
    for part in source.nodes(tell):
        nodes = joined(part)
        held = to.nodes.part(first, len(nodes.ids))
        first += len(nodes.ids)
        for number, path in files.items():
            rows = np.flatnonzero(mine[number][held])
            if len(rows):
                written[number] += len(rows)
                with path.open("ab") as stream:
                    stream.write(write_nodes(nodes.take(rows)))
    return written


def _said(source: Source) -> list[tuple[str, str]]:
    """Day and source of the data, where the extract has them."""
    held = source.head
    with osmium.io.Reader(osmium.io.FileBuffer(held, "pbf")) as reader:
        header = reader.header()
        found = [(name, header.get(name, "")) for name in _SAID]
    return [(name, value) for name, value in found if value]


def _write_others(source: Source, found: Survey, to: Belonging, files: dict[int, Path], tell: Tell) -> None:
    """Ways and relations, written by osmium beside the nodes and put behind them."""
    with ExitStack() as stack:
        pool, writers, aside = osmium.io.ThreadPool(), {}, {}
        for number, path in files.items():
            aside[number] = path.with_name(f"{path.name}.ways")
            kind = osmium.io.File(str(aside[number]), "pbf,add_metadata=false")
            writers[number] = stack.enter_context(osmium.SimpleWriter(kind, _BUFFER, thread_pool=pool))
        by_set = [tuple(writers[n] for n in _areas(mask) if n in writers) for mask in to.sets.masks]
        ways = _Ways(found.ids, to.ways, by_set)
        source.ways(ways.write, ways.write, tell)
        source.relations(lambda one: _add(one, by_set[to.relations.get(one.id, 0)]))
    for number, path in files.items():
        _put_behind(aside[number], path)


def _add(relation: Any, writers: Sequence[Any]) -> None:
    for writer in writers:
        writer.add_relation(relation)


class _Ways:
    """Writes the ways that were taken, which come again in their order."""

    def __init__(self, ids: Column, sets: IntArray, by_set: Sequence[Sequence[Any]]) -> None:
        self._ids, self._sets, self._by_set = ids, sets, by_set
        self._next = self._end = 0
        self._held: list[int] = []
        self._numbers: list[int] = []

    def write(self, one: Any) -> None:
        """Write a way where it belongs, if it is the next of those that were taken."""
        if not self._held:
            if self._end >= len(self._sets):
                return
            part = slice(self._end, self._end + _WAYS_AT_ONCE)
            self._held = self._ids.part(self._end, _WAYS_AT_ONCE)[: len(self._sets) - self._end].tolist()[::-1]
            self._numbers = self._sets[part].tolist()[::-1]
            self._end = part.stop
        if one.id == self._held[-1]:
            self._held.pop()
            for writer in self._by_set[self._numbers.pop()]:
                writer.add_way(one)


def _put_behind(aside: Path, path: Path) -> None:
    """The blocks of one file, but for its first, behind those of another."""
    with aside.open("rb") as stream, path.open("ab") as piece:
        _, _, head = next(blocks_of(stream))
        stream.seek(len(head))
        shutil.copyfileobj(stream, piece)
    aside.unlink()
