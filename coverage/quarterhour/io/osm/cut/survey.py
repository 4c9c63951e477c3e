"""What an extract holds, read once: its nodes, ways and relations on the disk, a few bytes each.

Which ways: those that are roads, by their tags or as part of a ferry route or a square; what else is tagged
``highway``; and the outlines of the kinds of places that are known.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import osmium

from quarterhour.base.arrays import AnyArray, ragged
from quarterhour.base.errors import DataError
from quarterhour.io.osm.cut.blocks import (
    NODES,
    RELATIONS,
    WAYS,
    Block,
    Nodes,
    index_of,
    read_nodes,
    read_refs,
    unpacked,
)
from quarterhour.io.osm.cut.margin import Ferry
from quarterhour.io.osm.open import as_data_errors
from quarterhour.io.osm.tags import Rules, Tags, ferry_minutes, is_area, kind_of, known_kinds, road_class, rules_of
from quarterhour.network.modes import osm_words

Tell: TypeAlias = Callable[[float], None]
"""Called with the share of the file that was read."""
Each: TypeAlias = Callable[[Any], None]
PLACE = np.dtype([("id", "<i8"), ("x", "<i4"), ("y", "<i4"), ("tagged", "<i4")])
_AT_ONCE = 64
"""Blocks that are read together."""
_REFS_AT_ONCE = 1 << 21
_KEYS = ("highway", "route", "man_made", "railway", "public_transport", "indoor")


class Column:
    """Values of one type on the disk."""

    def __init__(self, folder: Path, dtype: Any) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - `close` does
        self._dtype, self.count = np.dtype(dtype), 0

    def append(self, values: Any) -> None:
        """Put some at the end."""
        made = np.ascontiguousarray(values, self._dtype)
        self.put(self.count, made)
        self.count += len(made)

    def put(self, first: int, values: AnyArray) -> None:
        """Put some from a position on."""
        self._file.seek(first * self._dtype.itemsize)
        self._file.write(np.ascontiguousarray(values, self._dtype).data)

    def part(self, first: int, count: int) -> AnyArray:
        """Some of them."""
        self._file.seek(first * self._dtype.itemsize)
        return np.frombuffer(bytearray(self._file.read(count * self._dtype.itemsize)), self._dtype)

    def close(self) -> None:
        """Let the disk have its room back."""
        self._file.close()


@dataclass(frozen=True)
class Turn:
    """The ways of a turn restriction."""

    begin: tuple[int, ...]
    via: tuple[int, ...]
    end: tuple[int, ...]


@dataclass(eq=False)
class Source:
    """The blocks of a file, in groups that osmium reads."""

    path: Path
    head: bytes
    blocks: Sequence[Block]

    @classmethod
    def of(cls, path: Path) -> Source:
        """A file that was looked through."""
        return cls(path, *index_of(path))

    def parts(self, kind: int, tell: Tell | None = None) -> Iterator[list[bytes]]:
        """Blocks of one kind, some at once."""
        size, wanted = self.path.stat().st_size, [one for one in self.blocks if one.kind == kind]
        with self.path.open("rb") as stream:
            for first in range(0, len(wanted), _AT_ONCE):
                found = []
                for one in wanted[first : first + _AT_ONCE]:
                    stream.seek(one.at)
                    found.append(stream.read(one.size))
                if tell:
                    tell((one.at + one.size) / size)
                yield found

    def nodes(self, tell: Tell | None = None) -> Iterator[list[Nodes]]:
        """All nodes, by block."""
        for part in self.parts(NODES, tell):
            yield [read_nodes(unpacked(block)) for block in part]

    def relations(self, each: Each) -> None:
        """Call ``each`` with every relation."""
        self._objects(RELATIONS, each)

    def ways(self, each: Each, other: Each, tell: Tell, after: Callable[[list[bytes]], Any] = len) -> None:
        """Call ``each`` with every way that has a key of a road or a place, ``other`` with the rest, all in their
        order, and ``after`` with blocks that were gone through."""
        self._objects(WAYS, each, other, tell, after)

    def _objects(
        self, kind: int, each: Each, other: Each | None = None, tell: Tell | None = None,
        after: Callable[[list[bytes]], Any] = len,
    ) -> None:  # fmt: skip
        entities, pool = osmium.osm.WAY if kind == WAYS else osmium.osm.RELATION, osmium.io.ThreadPool()
        for part in self.parts(kind, tell):
            held = b"".join([self.head, *part])  # osmium reads it where it lies
            read: Any = osmium.FileProcessor(osmium.io.FileBuffer(held, "pbf"), entities, pool)
            if other is not None:
                read = read.with_filter(_way_filter()).handler_for_filtered(_Others(other))
            for one in read:
                each(one)
            after(part)


class _Others:
    """Hears of what a filter kept back."""

    def __init__(self, way: Each) -> None:
        self.way = way


@dataclass(eq=False)
class Survey:
    """What was found. Columns on the disk: ``places`` of nodes; of ways ``ids``, ``sizes`` and whether it is a
    ``road``; ``refs``: the nodes of all ways. ``parts``: how many ways, and nodes of them, are looked at together.

    ``whole``: relations of which a piece holds all ways or none, by id; ``turns``: restrictions; ``position``: of the
    ways of both.
    """

    places: Column
    ids: Column
    sizes: Column
    road: Column
    refs: Column
    parts: list[tuple[int, int]] = field(default_factory=list)
    whole: dict[int, tuple[int, ...]] = field(default_factory=dict)
    turns: dict[int, Turn] = field(default_factory=dict)
    position: dict[int, int] = field(default_factory=dict)
    ferries: list[Ferry] = field(default_factory=list)


def survey_of(source: Source, folder: Path, stack: ExitStack, tell: Tell) -> Survey:
    """Look through a file; what is kept on the disk goes with the stack."""
    places, ids, sizes, road, refs = (Column(folder, dtype) for dtype in (PLACE, "<i8", "<i4", "u1", "<i8"))
    for one in (places, ids, sizes, road, refs):
        stack.callback(one.close)
    found = Survey(places, ids, sizes, road, refs)
    _read_places(source, found, tell)
    taken = _Taker(found)
    as_data_errors(source.path, lambda: source.relations(taken.relation))
    taken.wanted = {way for ways in found.whole.values() for way in ways}
    taken.wanted |= {way for turn in found.turns.values() for way in (*turn.begin, *turn.via, *turn.end)}
    as_data_errors(source.path, lambda: source.ways(taken.way, taken.other, tell, taken.nodes_of))
    taken.flush()
    return found


def _way_filter() -> Any:
    """Ways that may be taken by their tags."""
    return osmium.filter.KeyFilter(*_KEYS, *sorted({key for _, tags in _place_rules() for key in tags}))


def _place_rules() -> Rules:
    return rules_of(known_kinds())


def _read_places(source: Source, found: Survey, tell: Tell) -> None:
    last = -(1 << 63)
    for part in source.nodes(tell):
        for nodes in part:
            rows = np.zeros(len(nodes.ids), PLACE)
            rows["id"], rows["x"], rows["y"], rows["tagged"] = nodes.ids, nodes.x, nodes.y, nodes.tagged
            if len(rows) and (nodes.ids[0] <= last or (np.diff(nodes.ids) <= 0).any()):
                raise DataError("osm.cut_unsorted")
            last = int(nodes.ids[-1]) if len(rows) else last
            found.places.append(rows)


class _Taker:
    """Takes relations, then ways, one by one."""

    def __init__(self, found: Survey) -> None:
        self._found, self._rules = found, _place_rules()
        self.wanted: set[int] = set()
        self._classes = frozenset(osm_words()["roads"]["classes"])
        self._of_road: dict[int, tuple[int, Mapping[str, str]]] = {}
        self._ids, self._road = array("q"), array("B")
        self._pending: list[tuple[AnyArray, AnyArray]] = []
        self._refs = 0

    def relation(self, one: Any) -> None:
        """A ferry route, a square, a place or a restriction."""
        sort = one.tags.get("type", "")
        if sort.partition(":")[0] == "restriction":
            ways = {role: tuple(m.ref for m in one.members if (m.type, m.role) == ("w", role))
                    for role in ("from", "via", "to")}  # fmt: skip
            self._found.turns[one.id] = Turn(ways["from"], ways["via"], ways["to"])
            return
        tags = dict(one.tags)
        ferry, square = sort == "route" and road_class(tags) == "ferry", sort == "multipolygon" and _is_square(tags)
        if ferry or square or (sort != "boundary" and kind_of(tags, self._rules)):
            members = tuple(m.ref for m in one.members if m.type == "w")
            self._found.whole[one.id] = members
            for way in members if ferry or square else ():
                self._of_road.setdefault(way, (one.id if ferry else 0, tags if ferry else {}))

    def way(self, one: Any) -> None:
        """A way, which is taken if it is one of ours."""
        number, said = one.id, one.tags.get("highway")
        if said in self._classes and number not in self._of_road:
            self._take(number, road=True)
            return
        tags = dict(one.tags)
        sort = road_class(tags)
        road = bool(sort) or number in self._of_road
        if road or said is not None or number in self.wanted or kind_of(tags, self._rules):
            self._take(number, road=road)
        if sort == "ferry" or number in self._of_road:
            self._ferry(number, tags)

    def other(self, one: Any) -> None:
        """A way whose tags say nothing to us; maybe it is part of a relation."""
        if one.id in self.wanted:
            self.way(one)

    def _take(self, number: int, *, road: bool) -> None:
        if number in self.wanted:
            self._found.position[number] = self._found.ids.count + len(self._ids)
        self._ids.append(number)
        self._road.append(road)

    def nodes_of(self, part: Sequence[bytes]) -> None:
        """Take the nodes of those ways that were taken from some blocks."""
        ids, sizes, refs = (np.concatenate(some) for some in zip(*(read_refs(unpacked(b)) for b in part), strict=True))
        taken = np.flatnonzero(np.isin(ids, np.frombuffer(self._ids, np.int64)))
        if len(taken) != len(self._ids):
            raise DataError("osm.cut_unsorted")
        self._found.ids.append(self._ids)
        self._found.road.append(self._road)
        first = np.cumsum(sizes) - sizes
        self._pending.append((sizes[taken], refs[ragged(first[taken], sizes[taken])[1]]))
        self._refs += len(self._pending[-1][1])
        self._ids, self._road = array("q"), array("B")
        if self._refs > _REFS_AT_ONCE:
            self.flush()

    def _ferry(self, number: int, own: Tags) -> None:
        relation, tags = self._of_road.get(number, (0, {}))
        told = {**tags, **own}
        if road_class(own) not in ("", "ferry") or road_class(told) != "ferry":
            return
        journey = relation if relation and "duration" not in own else -number
        minutes = min((m for m in ferry_minutes(told) if m == m), default=float("nan"))
        place = self._found.ids.count + len(self._ids) - 1
        self._found.ferries.append(Ferry(place, journey, minutes, str(told.get("maxspeed", ""))))

    def flush(self) -> None:
        """Put on the disk which nodes they have."""
        self._found.parts.append((sum(len(sizes) for sizes, _ in self._pending), self._refs))
        for sizes, refs in self._pending:
            self._found.sizes.append(sizes)
            self._found.refs.append(refs)
        self._pending, self._refs = [], 0


def _is_square(tags: Tags) -> bool:
    return is_area({"area": "yes", **tags})
