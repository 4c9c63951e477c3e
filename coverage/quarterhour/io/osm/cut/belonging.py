"""Which node, way and relation belongs to which pieces.

A way near an area, or part of a ferry route or square that is near it, is its *core*; the piece holds besides every
road that shares a node with one. So a road of the core is cut at the very junctions of the whole extract, turns are
told at the same crossings, and its pieces have the same ids and times.

Nodes are looked up by sorting those of some ways and going through all nodes once, so that neither fills the memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
import shapely

from quarterhour.base.arrays import AnyArray, IntArray
from quarterhour.io.osm.cut.margin import Asked
from quarterhour.io.osm.cut.regions import AreaSets, Regions, metres_along, with_ferries
from quarterhour.io.osm.cut.survey import Column, Survey, Turn

_ROWS = 1 << 20
"""Nodes that are looked at together."""
_NOWHERE = np.iinfo(np.int32).max
_UNITS = 1e7


@dataclass(frozen=True, eq=False)
class Belonging:
    """The sets of areas (``AreaSets``) of nodes, by position in the file, of ways that were taken, and of relations by
    id."""

    sets: AreaSets
    nodes: Column
    ways: IntArray
    relations: dict[int, int]


def belonging_of(
    found: Survey, areas: Sequence[shapely.Geometry], margin_m: float, asked: Asked | None, folder: Path,
    stack: ExitStack,
) -> Belonging:  # fmt: skip
    """Share out what was found among areas (degrees) with a margin."""
    sets, nodes, boxes = AreaSets(), Column(folder, "<u4"), Column(folder, "<i4")
    for one in (nodes, boxes):
        stack.callback(one.close)
    km = _locate(found, boxes)
    regions = _regions(found, areas, margin_m, asked, sets, boxes, km)
    ways = np.concatenate([np.zeros(0, np.int64), *(regions.near(*_box(boxes, *part[:2]).T) for part in _parts(found))])
    _keep_whole(found, ways, sets)
    for first in range(0, found.places.count, _ROWS):
        nodes.append(np.zeros(min(_ROWS, found.places.count - first), np.uint32))
    _mark(found, ways, sets, nodes, roads=True)
    ways = _with_those_met(found, ways, sets, nodes)
    _keep_whole(found, ways, sets)
    _mark(found, ways, sets, nodes, roads=False)
    _mark_tagged(found, regions, sets, nodes)
    return Belonging(sets, nodes, ways, _relations(found, ways, sets))


def _parts(found: Survey) -> Iterator[tuple[int, int, int, int]]:
    """Ways and nodes of them that are looked at together: first and number of each."""
    way = node = 0
    for ways, nodes in found.parts:
        yield way, ways, node, nodes
        way, node = way + ways, node + nodes


def _locate(found: Survey, boxes: Column) -> dict[int, float]:
    """Put the position of each node of a way in the place of its id (-1: it is not in the file), and the box of each
    way on the disk; the length of ferries in km by position."""
    ids = [found.places.part(first, _ROWS)["id"][[0, -1]] for first in range(0, found.places.count, _ROWS)]
    ferries = {one.way for one in found.ferries}
    km: dict[int, float] = {}
    for way, ways, node, nodes in _parts(found):
        refs = found.refs.part(node, nodes)
        order = np.argsort(refs, kind="stable")
        rising, places = refs[order], np.full((nodes, 2), _NOWHERE, np.int32)
        at = np.full(nodes, -1, np.int64)
        for i, (low, high) in enumerate(ids):
            begin, end = np.searchsorted(rising, [low, high + 1])
            if begin == end:
                continue
            block = found.places.part(i * _ROWS, _ROWS)
            place = np.searchsorted(block["id"], rising[begin:end])
            there = block["id"][place] == rising[begin:end]
            mine, place = order[begin:end][there], place[there]
            at[mine] = i * _ROWS + place
            places[mine, 0], places[mine, 1] = block["x"][place], block["y"][place]
        found.refs.put(node, at)
        sizes = found.sizes.part(way, ways)
        boxes.append(_boxes_of(places, sizes).ravel())
        km |= {w: _km(places, sizes, w - way) for w in ferries if way <= w < way + ways}
    return km


def _boxes_of(places: AnyArray, sizes: AnyArray) -> AnyArray:
    """West, south, east, north of each way; of one without places a box that is nowhere."""
    boxes = np.empty((len(sizes), 4), np.int32)
    boxes[:, :2], boxes[:, 2:] = _NOWHERE, -_NOWHERE
    some = sizes > 0
    if some.any():
        first = (np.cumsum(sizes) - sizes)[some]
        known = np.where(places == _NOWHERE, -_NOWHERE, places)
        boxes[some, :2] = np.minimum.reduceat(places, first)
        boxes[some, 2:] = np.maximum.reduceat(known, first)
    return boxes


def _km(places: AnyArray, sizes: AnyArray, way: int) -> float:
    end = int(sizes[: way + 1].sum())
    part = places[end - int(sizes[way]) : end]
    lon, lat = (part[(part != _NOWHERE).all(axis=1)] / _UNITS).T
    return float(metres_along(lon, lat).sum()) / 1000


def _box(boxes: Column, way: int, ways: int = 1) -> AnyArray:
    return boxes.part(4 * way, 4 * ways).reshape(-1, 4)


def _regions(
    found: Survey, areas: Sequence[shapely.Geometry], margin_m: float, asked: Asked | None, sets: AreaSets,
    boxes: Column, km: dict[int, float],
) -> Regions:  # fmt: skip
    fast = asked.fast_ferries(found.ferries, km) if asked else []
    sides, carried = [], []
    for ways, metres in fast:
        of = np.concatenate([_box(boxes, way) for way in ways])
        sides.append(np.r_[of[:, :2].min(axis=0), of[:, 2:].max(axis=0)])
        carried.append(metres)
    grounds = np.array(sides, np.int64).reshape(-1, 4)
    known = grounds[:, 0] <= grounds[:, 2]
    return with_ferries(areas, margin_m, sets, boxes=grounds[known], carried_m=np.array(carried)[known])


def _keep_whole(found: Survey, ways: IntArray, sets: AreaSets) -> None:
    """A ferry route, square or place of which a piece has one way has all of them there."""
    changed = True
    while changed:
        changed = False
        for members in found.whole.values():
            there = [found.position[way] for way in members if way in found.position]
            held = {int(one) for one in ways[there]}
            if len(held) > 1:
                ways[there] = sets.number(reduce(lambda a, b: a | b, (sets.masks[one] for one in held)))
                changed = True


def _mark(found: Survey, ways: IntArray, sets: AreaSets, nodes: Column, *, roads: bool) -> None:
    """Give each node the areas of its ways; ``roads``: of its roads."""
    for way, count, node, refs in _parts(found):
        mine = ways[way : way + count]
        mine = np.where(found.road.part(way, count) > 0, mine, 0) if roads else mine
        at, of = found.refs.part(node, refs), np.repeat(mine, found.sizes.part(way, count))
        _merge(nodes, sets, *sets.gather(at[at >= 0], of[at >= 0]))


def _merge(nodes: Column, sets: AreaSets, at: IntArray, of: IntArray) -> None:
    """Put sets to nodes at rising positions."""
    for first, begin, end in _blocks(at):
        held, place = nodes.part(first, _ROWS), at[begin:end] - first
        held[place] = sets.union(held[place], of[begin:end])
        nodes.put(first, held)


def _blocks(at: IntArray) -> Iterator[tuple[int, int, int]]:
    """Rising positions by block: where that begins, and which of them lie in it."""
    edges = np.searchsorted(at, np.arange(0, int(at[-1]) + _ROWS + 1, _ROWS)) if len(at) else np.zeros(0, np.int64)
    for i, (begin, end) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        if begin < end:
            yield i * _ROWS, begin, end


def _with_those_met(found: Survey, ways: IntArray, sets: AreaSets, nodes: Column) -> IntArray:
    """The areas of each way, and of roads those of their nodes besides."""
    met = ways.copy()
    for way, count, node, refs in _parts(found):
        at, sizes = found.refs.part(node, refs), found.sizes.part(way, count)
        order = np.argsort(at, kind="stable")
        order = order[np.searchsorted(at[order], 0) :]
        rising, of = at[order], np.zeros(refs, np.int64)
        for first, begin, end in _blocks(rising):
            of[order[begin:end]] = nodes.part(first, _ROWS)[rising[begin:end] - first]
        road = np.repeat(found.road.part(way, count) > 0, sizes)
        who, held = sets.gather(np.repeat(np.arange(count), sizes), np.where(road, of, 0))
        met[way + who] = sets.union(met[way + who], held)
    return met


def _mark_tagged(found: Survey, regions: Regions, sets: AreaSets, nodes: Column) -> None:
    """Nodes with tags belong to the areas that they are near, whether on a way or not."""
    for first in range(0, found.places.count, _ROWS):
        block, held = found.places.part(first, _ROWS), nodes.part(first, _ROWS)
        some = np.flatnonzero(block["tagged"])
        x, y = block["x"][some], block["y"][some]
        held[some] = sets.union(held[some], regions.near(x, y, x, y))
        nodes.put(first, held)


def _relations(found: Survey, ways: IntArray, sets: AreaSets) -> dict[int, int]:
    """The areas of each relation that a piece can use: of one way of a whole, and of those that a turn goes over."""

    def masks(some: Sequence[int]) -> list[int]:
        return [sets.masks[int(ways[found.position[way]])] if way in found.position else 0 for way in some]

    def either(some: Sequence[int]) -> int:
        return reduce(lambda a, b: a | b, masks(some), 0)

    def of_turn(turn: Turn) -> int:
        return reduce(lambda a, b: a & b, masks(turn.via), either(turn.begin) & either(turn.end))

    made = {number: either(members) for number, members in found.whole.items()}
    made |= {number: of_turn(turn) for number, turn in found.turns.items()}
    return {number: sets.number(mask) for number, mask in made.items() if mask}
