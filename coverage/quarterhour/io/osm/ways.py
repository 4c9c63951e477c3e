"""The ways of an OSM extract that are roads, as flat arrays, with what stands on their nodes.

A way is a road by its own tags, or as a member of a relation: a ferry route, or the outline of a square (a multipolygon
``highway=pedestrian``). Piers, platforms and outlines that no road meets are left out: nobody comes there.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import osmium
from scipy import sparse
from scipy.sparse import csgraph

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.io.osm.access import barrier_word
from quarterhour.io.osm.open import Box, stream
from quarterhour.io.osm.tags import FERRY_TAGS, NODE_TAGS, WAY_TAGS, Tags, is_area, road_class, signal
from quarterhour.network.modes import osm_words

_UNITS_PER_DEGREE = 1e7  # osmium keeps coordinates as whole numbers of 1e-7 degrees
_NO_PLACE = 2**31 - 1  # osmium's mark for a node that the extract was cut off from
_ROAD_KEYS = ("highway", "route")
_WALKED_KEYS = ("man_made", "railway", "public_transport", "indoor")
_KEPT = frozenset(WAY_TAGS)
_FREQUENT = (
    "highway", "surface", "name", "tracktype", "maxspeed", "oneway", "smoothness", "lit", "lanes", "bicycle", "access",
    "foot", "ref", "service", "sidewalk", "width", "incline", "motor_vehicle",
)  # fmt: skip
"""The keys of most roads, read or not, the most frequent first."""
_KEPT_OF_NODES = frozenset(NODE_TAGS)


@dataclass(frozen=True, eq=False)
class Ways:
    """Ways as flat arrays: the nodes of all ways one after the other.

    ``tags``, ``journey``: of each way; ways that say the same hold one and the same set of tags, and ways of one
    journey share one crossing's minutes. ``way``, ``node``, ``lon``,
    ``lat``: of each node the position of its way, its id and place (missing where the extract was cut).
    ``areas``: ground that one crosses.
    """

    way_ids: IntArray
    tags: list[dict[str, str]]
    journey: IntArray
    way: IntArray
    node: IntArray
    lon: FloatArray
    lat: FloatArray
    areas: tuple[Area, ...] = ()


class Ring(NamedTuple):
    """A piece of an outline: position of its way (-1: no road), node ids, and places (n x 2 degrees)."""

    way: int
    node: IntArray
    lonlat: FloatArray


@dataclass(frozen=True, eq=False)
class Area:
    """Open ground: position of the way whose tags hold on it, and the pieces of its outline and of its holes'."""

    way: int
    outer: tuple[Ring, ...]
    inner: tuple[Ring, ...] = ()

    def numbered(self, number: IntArray) -> Area:
        """The same with other positions of ways."""
        outer, inner = (
            tuple(r._replace(way=int(number[r.way]) if r.way >= 0 else -1) for r in rings)
            for rings in (self.outer, self.inner)
        )
        return Area(int(number[self.way]), outer, inner)


@dataclass(frozen=True, eq=False)
class Marks:
    """What stands at nodes: whom a barrier stops, and which way a signal faces."""

    barrier: dict[int, str] = field(default_factory=dict)
    signal: dict[int, tuple[bool, bool]] = field(default_factory=dict)

    def take(self, node: int, tags: Tags) -> None:
        """Keep what a node's tags say."""
        word, faces = barrier_word(tags), signal(tags)
        if word:
            self.barrier[node] = word
        if any(faces):
            self.signal[node] = faces


@dataclass(frozen=True, eq=False)
class Extract:
    """What was read: ways, marks, how many ways lie outside the box.

    ``no_roads``, ``alone``: how many were left out, by their tag since they are no roads, by their class since no road
    meets them.
    """

    ways: Ways
    marks: Marks
    outside: int
    no_roads: Mapping[str, int]
    alone: Mapping[str, int]


class _Member(NamedTuple):
    """The part of a way in a relation."""

    relation: int
    inner: bool
    tags: Mapping[str, str]


def read_ways(file: Path, box: Box | None) -> Extract:
    """Roads and what stands on them; with a box those that have a node in it."""
    found = _Collector(_members(file), [round(side * _UNITS_PER_DEGREE) for side in box or ()])
    for one in stream(file, osmium.osm.NODE | osmium.osm.WAY, [*_ROAD_KEYS, "barrier"], others=found):
        if one.is_node():
            found.marks.take(one.id, {t.k: t.v for t in one.tags if t.k in _KEPT_OF_NODES})
        else:
            found.take(one)
    return found.extract()


def distinct_tags(ways: Ways) -> tuple[list[dict[str, str]], IntArray]:
    """Every set of tags but the name once, and which of them each way has."""
    known: dict[frozenset[tuple[str, str]], int] = {}
    every: list[dict[str, str]] = []
    of: dict[int, int] = {}
    for tags in ways.tags:
        if id(tags) not in of:
            bare = {k: v for k, v in tags.items() if k != "name"}
            of[id(tags)] = known.setdefault(frozenset(bare.items()), len(every))
            if of[id(tags)] == len(every):
                every.append(bare)
    return every, np.array([of[id(tags)] for tags in ways.tags], np.int64)


def _members(file: Path) -> dict[int, list[_Member]]:
    """By way: the ferry routes and open grounds that it is part of."""
    members: dict[int, list[_Member]] = {}
    typed: Any = osmium.FileProcessor(str(file), osmium.osm.RELATION)
    for relation in typed.with_filter(osmium.filter.KeyFilter(*_ROAD_KEYS, *_WALKED_KEYS)):
        sort = relation.tags.get("type")
        tags = _kept(relation.tags) if sort in ("multipolygon", "route") else {}
        if (road_class(tags) == "ferry") if sort == "route" else _is_ground(tags):
            for member in relation.members:
                if member.type == "w":
                    members.setdefault(member.ref, []).append(_Member(relation.id, member.role == "inner", tags))
    return members


def _is_ground(tags: Tags) -> bool:
    return is_area({"area": "yes", **tags})


def _kept(tags: Any) -> dict[str, str]:
    """The tags that are read. Asking for a key is ten times quicker than going through the tags one by one."""
    found: dict[str, str] = {}
    left = len(tags)
    for key in _FREQUENT:
        value = tags.get(key)
        if value is not None:
            left -= 1
            if key in _KEPT:
                found[key] = value
            if not left:
                return found
    return {t.k: t.v for t in tags if t.k in _KEPT or t.k.endswith(":conditional")}


class _Collector:
    """Takes ways one by one, as the file has them, in a few bytes a node."""

    def __init__(self, members: Mapping[int, Sequence[_Member]], box: Sequence[int]) -> None:
        self.marks, self.outside, self.no_roads = Marks(), 0, Counter[str]()
        self._members, self._box = members, box
        self._ids, self._journey, self._node = array("q"), array("q"), array("q")
        self._x, self._y = array("i"), array("i")
        self._sizes, self._lone = array("i"), array("b")
        self._tags: list[dict[str, str]] = []
        self._known: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
        self._seen: set[int] = set()
        self._rings: dict[int, list[tuple[bool, Ring]]] = {}

    def way(self, one: Any) -> None:
        """A way without a road's keys: maybe people walk it, or it is part of a relation."""
        if one.id in self._members or any(key in one.tags for key in _WALKED_KEYS):
            self.take(one)

    def take(self, one: Any) -> None:
        """A way that may be a road."""
        parts = self._members.get(one.id, ())
        own = _kept(one.tags)
        own_class = road_class(own)
        tags, journey = _with_relations(own, own_class, parts) if parts else (own, 0)
        sort = road_class(tags) if parts else own_class
        if self._box and (sort or parts) and not self._is_within(one.nodes):
            self.outside += bool(sort)
            return
        if not sort:
            if "highway" in own:
                self.no_roads[f"highway={own['highway']}"] += 1
        else:
            self._take(one, tags, journey)
            in_itself = own_class == own.get("highway") and own_class not in osm_words()["roads"]["always_areas"]
            self._lone.append(sort != "ferry" and not in_itself)
        self._seen.update([one.id] if parts else ())
        for part in parts:
            if road_class(part.tags) != "ferry":
                ring = _ring(one.nodes, len(self._ids) - 1 if sort else -1)
                self._rings.setdefault(part.relation, []).append((part.inner, ring))

    def _take(self, one: Any, tags: dict[str, str], journey: int) -> None:
        nodes = list(one.nodes)
        places = [at.location for at in nodes]
        self._node.extend([at.ref for at in nodes])
        self._x.extend([place.x for place in places])
        self._y.extend([place.y for place in places])
        self._sizes.append(len(nodes))
        self._ids.append(one.id)
        self._tags.append(self._known.setdefault(tuple(tags.items()), tags))
        self._journey.append(journey or -one.id)

    def _is_within(self, nodes: Any) -> bool:
        """Whether a node lies in a box in osmium's whole numbers; asked of every road of a large extract."""
        west, south, east, north = self._box
        return any(west <= at.x <= east and south <= at.y <= north for at in nodes)

    def extract(self) -> Extract:
        """All that was taken; what was gathered is let go."""
        way = np.repeat(np.arange(len(self._ids)), np.frombuffer(self._sizes, np.int32))
        ids, journey, node = (np.frombuffer(some, np.int64) for some in (self._ids, self._journey, self._node))
        lon, lat = _degrees(self._x), _degrees(self._y)
        del self._x, self._y
        cut, unknown = self._cut(), dict.fromkeys(FERRY_TAGS, "")
        tags = [{**said, **unknown} if of in cut else said for said, of in zip(self._tags, self._journey, strict=True)]
        ways = Ways(ids, tags, journey, way, node, lon, lat)
        ways = replace(_without_repeats(ways), areas=tuple(_grounds(self._rings)))
        ways, alone = _joined(ways, np.frombuffer(self._lone, np.int8).astype(bool))
        return Extract(ways, self.marks, self.outside, self.no_roads, alone)

    def _cut(self) -> set[int]:
        """Relations of which a way was not there: how long the rest of the crossing takes is not known."""
        return {part.relation for way, parts in self._members.items() if way not in self._seen for part in parts}


def _with_relations(own: dict[str, str], sort: str, parts: Sequence[_Member]) -> tuple[dict[str, str], int]:
    """The tags of a way (``sort``: its class) with those of the relation that makes it a road, and the relation whose
    crossing it shares.

    What the way says itself goes before; an inner ring is the edge of a hole, not of the ground.
    """
    for part in parts:
        if sort in ("", "ferry") and road_class(part.tags) == "ferry":
            return {**part.tags, **own}, 0 if "duration" in own else part.relation
        if not sort and not part.inner:
            return {**own, **part.tags}, 0
    return own, 0


def _ring(nodes: Any, way: int) -> Ring:
    refs, x, y = ([getattr(at, name) for at in nodes] for name in ("ref", "x", "y"))
    return Ring(way, np.array(refs, np.int64), np.column_stack([_degrees(x), _degrees(y)]))


def _grounds(rings: Mapping[int, Sequence[tuple[bool, Ring]]]) -> Iterable[Area]:
    """The areas of relations; one whose outer ways are not in the extract is none."""
    for parts in rings.values():
        outer = tuple(ring for inner, ring in parts if not inner)
        owner = next((ring.way for ring in outer if ring.way >= 0), -1)
        if owner >= 0:
            yield Area(owner, outer, tuple(ring for inner, ring in parts if inner))


def _degrees(values: Sequence[int]) -> FloatArray:
    whole = np.asarray(values, np.int32)
    degrees: FloatArray = whole / _UNITS_PER_DEGREE
    degrees[whole == _NO_PLACE] = np.nan
    return degrees


def _without_repeats(ways: Ways) -> Ways:
    """A node named twice in a row is one node."""
    keep = np.ones(len(ways.node), bool)
    keep[1:] = (ways.node[1:] != ways.node[:-1]) | (ways.way[1:] != ways.way[:-1])
    return ways if keep.all() else _nodes_kept(ways, keep)


def _nodes_kept(ways: Ways, keep: BoolArray) -> Ways:
    return replace(ways, way=ways.way[keep], node=ways.node[keep], lon=ways.lon[keep], lat=ways.lat[keep])


def _joined(ways: Ways, lone: BoolArray) -> tuple[Ways, Counter[str]]:
    """Without the piers, platforms and outlines that no street, path or ferry meets; how many of each were left out."""
    if not lone.any():
        return ways, Counter()
    mine = lone[ways.way]
    way, place = ways.way[mine], np.unique(ways.node[mine], return_inverse=True)[1]
    size = len(ways.tags) + int(place.max()) + 1
    links = sparse.coo_array((np.ones(len(way), np.int8), (way, len(ways.tags) + place)), shape=(size, size))
    part = csgraph.connected_components(links, directed=False)[1][: len(ways.tags)]
    met = np.unique(part[way[np.isin(ways.node[mine], ways.node[~mine])]])
    drop = lone & ~np.isin(part, met)
    return _without(ways, drop), Counter(road_class(ways.tags[i]) for i in np.flatnonzero(drop))


def _without(ways: Ways, drop: BoolArray) -> Ways:
    kept = np.flatnonzero(~drop)
    number = np.cumsum(~drop) - 1
    left = _nodes_kept(ways, ~drop[ways.way])
    return replace(
        left,
        way_ids=ways.way_ids[kept],
        tags=[ways.tags[i] for i in kept],
        journey=ways.journey[kept],
        way=number[left.way],
        areas=tuple(a.numbered(number) for a in ways.areas if not drop[a.way]),
    )
