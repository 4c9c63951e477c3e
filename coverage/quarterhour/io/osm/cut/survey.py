"""What an extract holds: its nodes, ways and relations on the disk, a few bytes each.

Which ways: those that are roads, by their tags or as part of a ferry route or a square; what else is tagged
``highway``; and the outlines of the kinds of places that are known.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import osmium

from quarterhour.base.arrays import AnyArray
from quarterhour.base.errors import DataError
from quarterhour.io.osm.cut.margin import Ferry
from quarterhour.io.osm.open import as_data_errors
from quarterhour.io.osm.tags import Rules, Tags, ferry_minutes, is_area, kind_of, known_kinds, road_class, rules_of
from quarterhour.network.modes import osm_words

Tell: TypeAlias = Callable[[float | None], None]
"""Called now and then with the share that is done, where it is known."""
PLACE = np.dtype([("id", "<i8"), ("x", "<i4"), ("y", "<i4"), ("tagged", "<i4")])
_NODES_AT_ONCE = 100_000
_REFS_AT_ONCE = 1 << 21
_NODES, _WAYS, _RELATIONS = range(3)
_LEAST = -(1 << 63)
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


def survey_of(file: Path, folder: Path, stack: ExitStack, tell: Tell) -> Survey:
    """Look through a file; what is kept on the disk goes with the stack."""
    places, ids, sizes, road, refs = (Column(folder, dtype) for dtype in (PLACE, "<i8", "<i4", "u1", "<i8"))
    for one in (places, ids, sizes, road, refs):
        stack.callback(one.close)
    found = Survey(places, ids, sizes, road, refs)
    taken = _Taker(found, tell)
    as_data_errors(file, lambda: _read_relations(file, taken))
    taken.wanted = {way for ways in found.whole.values() for way in ways}
    taken.wanted |= {way for turn in found.turns.values() for way in (*turn.begin, *turn.via, *turn.end)}
    as_data_errors(file, lambda: _read_all(file, taken))
    return found


def _read_relations(file: Path, taken: _Taker) -> None:
    for one in osmium.FileProcessor(str(file), osmium.osm.RELATION):
        taken.relation(one)


def _read_all(file: Path, taken: _Taker) -> None:
    """Nodes and ways. Osmium's filters part them: untagged nodes, and ways that say nothing to us, go another way."""
    keys = {*_KEYS, *(key for _, tags in _place_rules() for key in tags)}
    tagged, known = osmium.filter.EmptyTagFilter(), osmium.filter.KeyFilter(*sorted(keys))
    tagged.enable_for(osmium.osm.NODE)
    known.enable_for(osmium.osm.WAY)
    read: Any = osmium.FileProcessor(str(file)).with_filter(tagged).with_filter(known)
    for one in read.handler_for_filtered(_Others(taken)):
        if one.is_node():
            taken.tagged_node(one)
        elif one.is_way():
            taken.way(one)
        else:
            taken.begin(_RELATIONS)
    taken.flush_nodes()
    taken.flush_ways()


def _place_rules() -> Rules:
    return rules_of(known_kinds())


class _Others:
    """Hears of what a filter kept back."""

    def __init__(self, taken: _Taker) -> None:
        self.node, self.way = taken.node, taken.other


class _Taker:
    """Takes relations, then nodes and ways, one by one."""

    def __init__(self, found: Survey, tell: Tell) -> None:
        self._found, self._tell, self._rules = found, tell, _place_rules()
        self.wanted: set[int] = set()
        self._classes = frozenset(osm_words()["roads"]["classes"])
        self._of_road: dict[int, tuple[int, Mapping[str, str]]] = {}
        self._nodes, self._x, self._y, self._tagged = array("q"), array("i"), array("i"), array("q")
        self._ids, self._road, self._sizes, self._refs = array("q"), array("B"), array("i"), array("q")
        self._begun, self._last, self._last_way = _NODES, _LEAST, _LEAST

    def begin(self, kind: int) -> None:
        """Say what comes now; DataError where it should have come before."""
        if kind < self._begun:
            raise DataError("osm.cut_unsorted")
        if kind > self._begun:
            self.flush_nodes()
            self._begun = kind

    def node(self, one: Any) -> None:
        """A node: its id and where it is."""
        place = one.location
        self._nodes.append(one.id)
        self._x.append(place.x)
        self._y.append(place.y)
        if len(self._nodes) >= _NODES_AT_ONCE:
            self.flush_nodes()

    def tagged_node(self, one: Any) -> None:
        """A node that has a tag."""
        self._tagged.append(len(self._nodes))
        self.node(one)

    def flush_nodes(self) -> None:
        """Put on the disk which nodes came."""
        rows = np.zeros(len(self._nodes), PLACE)
        if not len(rows):
            return
        self.begin(_NODES)
        rows["id"], rows["x"], rows["y"] = self._nodes, self._x, self._y
        rows["tagged"][np.array(self._tagged, np.int64)] = 1
        if rows["id"][0] <= self._last or (np.diff(rows["id"]) <= 0).any():
            raise DataError("osm.cut_unsorted")
        self._last = int(rows["id"][-1])
        self._found.places.append(rows)
        self._nodes, self._x, self._y, self._tagged = array("q"), array("i"), array("i"), array("q")
        self._tell(None)

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
        self._rising(number)
        if said in self._classes and number not in self._of_road:
            self._take(one, number, road=True)
            return
        tags = dict(one.tags)
        sort = road_class(tags)
        road = bool(sort) or number in self._of_road
        if road or said is not None or number in self.wanted or kind_of(tags, self._rules):
            self._take(one, number, road=road)
        if sort == "ferry" or number in self._of_road:
            self._ferry(number, tags)

    def other(self, one: Any) -> None:
        """A way whose tags say nothing to us; maybe it is part of a relation."""
        if one.id in self.wanted:
            self.way(one)
        else:
            self._rising(one.id)

    def _rising(self, way: int) -> None:
        """DataError for a way that does not come in its turn; a file may not have two of one id."""
        self.begin(_WAYS)
        if way <= self._last_way:
            raise DataError("osm.cut_unsorted")
        self._last_way = way

    def _take(self, one: Any, number: int, *, road: bool) -> None:
        if number in self.wanted:
            self._found.position[number] = self._found.ids.count + len(self._ids)
        nodes = one.nodes
        self._ids.append(number)
        self._road.append(road)
        self._sizes.append(len(nodes))
        self._refs.extend([nodes[i].ref for i in range(len(nodes))])
        if len(self._refs) > _REFS_AT_ONCE:
            self.flush_ways()

    def _ferry(self, number: int, own: Tags) -> None:
        relation, tags = self._of_road.get(number, (0, {}))
        told = {**tags, **own}
        if road_class(own) not in ("", "ferry") or road_class(told) != "ferry":
            return
        journey = relation if relation and "duration" not in own else -number
        minutes = min((m for m in ferry_minutes(told) if m == m), default=float("nan"))
        place = self._found.ids.count + len(self._ids) - 1
        self._found.ferries.append(Ferry(place, journey, minutes, str(told.get("maxspeed", ""))))

    def flush_ways(self) -> None:
        """Put on the disk which ways were taken, and which nodes they have."""
        found = self._found
        found.parts.append((len(self._ids), len(self._refs)))
        found.ids.append(self._ids)
        found.road.append(self._road)
        found.sizes.append(self._sizes)
        found.refs.append(self._refs)
        self._ids, self._road, self._sizes, self._refs = array("q"), array("B"), array("i"), array("q")
        self._tell(None)


def _is_square(tags: Tags) -> bool:
    return is_area({"area": "yes", **tags})
