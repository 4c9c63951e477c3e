"""Squares, piers and platforms: ground that is crossed in straight lines between the places where roads meet its edge.

::

    A-----------+            A, B, C: roads end there. Besides the edge one walks A-C and B-C, but not A-B: that
    |    +------B            would leave the ground.
    |    |
    +----C
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import shapely

from quarterhour.base.arrays import IntArray
from quarterhour.io.osm.tags import is_area
from quarterhour.io.osm.ways import Area, Ring, Ways

MOST_ENTRANCES = 60
"""Ground that more roads meet is walked along its edge only: its lines would be too many."""
_EDGE_DEGREES = 1e-7
"""A centimetre: a line along the edge lies within the ground."""


def with_crossings(ways: Ways) -> tuple[Ways, IntArray, int, int]:
    """Ways with two nodes more for each straight line over open ground, the positions where these lines begin, and how
    many grounds are crossed by them and how many only walked along their edge."""
    grounds = [*_closed(ways), *ways.areas]
    if not grounds:
        return ways, np.empty(0, np.int64), 0, 0
    met = _ways_at(ways, grounds)
    place: dict[int, tuple[float, float]] = {}
    lines: list[tuple[int, int, int]] = []
    crossed = edge_only = 0
    for ground in grounds:
        found = _lines(ground, met, place)
        lines += found or []
        crossed += bool(found)
        edge_only += found is None
    if not lines:
        return ways, np.empty(0, np.int64), crossed, edge_only
    way, start, end = np.array(lines, np.int64).T
    node = np.column_stack([start, end]).ravel()
    xy = np.array([place[n] for n in node.tolist()])
    longer = replace(
        ways, way=np.r_[ways.way, np.repeat(way, 2)], node=np.r_[ways.node, node],
        lon=np.r_[ways.lon, xy[:, 0]], lat=np.r_[ways.lat, xy[:, 1]],
    )  # fmt: skip
    return longer, len(ways.way) + 2 * np.arange(len(lines)), crossed, edge_only


def _closed(ways: Ways) -> Iterable[Area]:
    """The areas that a single closed way draws."""
    bounds = np.searchsorted(ways.way, np.arange(len(ways.tags) + 1))
    first, last = bounds[:-1], bounds[1:] - 1
    closed = (last - first > 2) & (ways.node[np.minimum(first, len(ways.node) - 1)] == ways.node[last])
    closed[[ring.way for area in ways.areas for ring in area.outer if ring.way >= 0]] = False
    for way in np.flatnonzero(closed).tolist():
        if is_area(ways.tags[way]):
            part = slice(first[way], last[way] + 1)
            yield Area(way, (Ring(way, ways.node[part], np.column_stack([ways.lon[part], ways.lat[part]])),))


def _ways_at(ways: Ways, grounds: Iterable[Area]) -> dict[int, int]:
    """How many ways meet at a node of some grounds, where more than one do."""
    there = np.isin(ways.node, np.concatenate([r.node for g in grounds for r in (*g.outer, *g.inner)]))
    pairs = np.unique(np.column_stack([ways.node[there], ways.way[there]]), axis=0)[:, 0]
    node, times = np.unique(pairs, return_counts=True)
    return dict(zip(node[times > 1].tolist(), times[times > 1].tolist(), strict=True))


def _lines(
    ground: Area, met: Mapping[int, int], place: dict[int, tuple[float, float]]
) -> list[tuple[int, int, int]] | None:
    """Straight lines between the entrances of a ground (its way, two nodes), which ``place`` keeps; None where the
    ground cannot be drawn, has too many, or none that does not leave it."""
    shape, spots = _shape(ground), _entrances(ground, met)
    if shape is None or len(spots) > MOST_ENTRANCES:
        return None
    steps = {pair for ring in (*ground.outer, *ground.inner) for pair in _steps(ring)}
    pairs = [pair for pair in itertools.combinations(sorted(spots), 2) if pair not in steps]
    if not pairs:
        return []
    shapely.prepare(shape)
    inside = shapely.covers(shape, shapely.linestrings([[spots[a], spots[b]] for a, b in pairs]))
    place.update(spots)
    return [(ground.way, a, b) for (a, b), good in zip(pairs, inside, strict=True) if good] or None


def _entrances(ground: Area, met: Mapping[int, int]) -> dict[int, tuple[float, float]]:
    """Nodes of the outline where more ways meet than the outline's own, and their places."""
    own: Counter[int] = Counter()
    spots: dict[int, tuple[float, float]] = {}
    for ring in (*ground.outer, *ground.inner):
        own.update(set(ring.node.tolist()) if ring.way >= 0 else ())
        spots |= {n: (x, y) for n, (x, y) in zip(ring.node.tolist(), ring.lonlat.tolist(), strict=True) if n in met}
    return {n: at for n, at in spots.items() if met[n] > own[n]}


def _steps(ring: Ring) -> Iterable[tuple[int, int]]:
    """Pairs of nodes with a piece of the edge between them, the smaller first."""
    return ((min(pair), max(pair)) for pair in itertools.pairwise(ring.node.tolist()) if ring.way >= 0)


def _shape(ground: Area) -> shapely.Geometry | None:
    """The ground in degrees, a centimetre wider; None where its outline does not close."""
    if not all(np.isfinite(ring.lonlat).all() for ring in (*ground.outer, *ground.inner)):
        return None
    outer, inner = (shapely.polygonize([shapely.LineString(r.lonlat) for r in rings if len(r.node) > 1])
                    for rings in (ground.outer, ground.inner))  # fmt: skip
    whole = shapely.difference(shapely.union_all(outer), shapely.union_all(inner))
    return None if shapely.is_empty(whole) else shapely.buffer(whole, _EDGE_DEGREES)
