"""The roads of a made country as an OSM extract: nodes, then ways, then relations, each by rising ids.

Nodes are written as prefectures are made; ways wait in files beside the extract, one a prefecture, so that no more
than one prefecture is held.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import osmium
from numpy.typing import NDArray
from osmium.osm import mutable
from pyproj import Transformer

from benchmarks.country.plan import CRS, Prefecture
from benchmarks.synthetic import CLASSES, MadeRoads

SIGNAL_SHARE, TURNS_A_JUNCTION = 0.2, 1 / 2000
"""Of junctions of two main roads so many have signals; of all junctions so many forbid a turn."""
LINK = {"highway": "trunk", "name": "国道"}
_MAIN = CLASSES.index("secondary")

Ints = NDArray[np.int64]


class Extract:
    """An ``.osm.pbf`` in the making; ids run on over all prefectures."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.unlink(missing_ok=True)
        self._writer = osmium.SimpleWriter(str(path))
        self._lonlat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
        self.nodes = self.ways = self.relations = self.junctions = 0
        self._parts: list[Path] = []
        self._links: list[tuple[tuple[int, ...], dict[str, str]]] = []

    def add(self, of: Prefecture, roads: MadeRoads) -> Ints:
        """Write the nodes of some roads and keep their ways for later; the node ids of the junctions."""
        inner = np.ones(len(roads.coords), bool)
        inner[roads.coord_start[:-1]] = inner[roads.coord_start[1:] - 1] = False
        first = self.nodes + 1
        junctions = first + np.arange(len(roads.xy))
        ref = np.empty(len(roads.coords), np.int64)
        ref[roads.coord_start[:-1]], ref[roads.coord_start[1:] - 1] = junctions[roads.tail], junctions[roads.head]
        ref[inner] = junctions[-1] + 1 + np.arange(int(inner.sum()))
        rng = of.rng(1)
        self._write_nodes(np.concatenate([roads.xy, roads.coords[inner]]), _signals(roads, rng))
        self.junctions += len(roads.xy)
        part = self.path.with_suffix(f".{len(self._parts)}.npz")
        np.savez(
            part, ref=ref, start=roads.coord_start, code=roads.class_code, oneway=roads.oneway,
            turns=_turns(roads, rng), tail=junctions[roads.tail], head=junctions[roads.head],
        )  # fmt: skip
        self._parts.append(part)
        return junctions

    def link(self, nodes: Sequence[int], tags: dict[str, str]) -> None:
        """A way between nodes of two parts, written behind all others."""
        self._links.append((tuple(map(int, nodes)), tags))

    def close(self) -> None:
        """Write the ways and the turns that nobody may take; the waiting files go."""
        turns: list[tuple[int, int, int]] = []
        for part in self._parts:
            with np.load(part) as held:
                turns += self._write_ways(held)
            part.unlink()
        for nodes, tags in self._links:
            self._way(list(nodes), tags)
        for begin, via, end in turns:
            members = [("w", begin, "from"), ("n", via, "via"), ("w", end, "to")]
            self.relations += 1
            tags = {"type": "restriction", "restriction": "no_left_turn"}
            self._writer.add_relation(mutable.Relation(id=self.relations, version=1, members=members, tags=tags))
        self._writer.close()

    def _write_nodes(self, xy: NDArray[np.float64], signals: Ints) -> None:
        lon, lat = self._lonlat.transform(*xy.T)
        tagged = set(signals.tolist())
        signal = {"highway": "traffic_signals"}
        for i, place in enumerate(zip(lon.tolist(), lat.tolist(), strict=True)):
            self.nodes += 1
            tags = signal if i in tagged else None
            self._writer.add_node(mutable.Node(id=self.nodes, version=1, location=place, tags=tags))

    def _write_ways(self, held: Any) -> list[tuple[int, int, int]]:
        first = self.ways + 1
        refs, start = held["ref"].tolist(), held["start"].tolist()
        for i, (code, oneway) in enumerate(zip(held["code"].tolist(), held["oneway"].tolist(), strict=True)):
            tags = {"highway": CLASSES[code]} | ({"oneway": "yes"} if oneway else {})
            if code >= _MAIN:
                tags["name"] = f"{code}{(first + i) % 997}号路"
            self._way(refs[start[i] : start[i + 1]], tags)
        return [(first + a, via, first + b) for a, via, b in held["turns"].tolist() for via in [self._via(held, a, b)]]

    @staticmethod
    def _via(held: Any, a: int, b: int) -> int:
        ends = {int(held["tail"][a]), int(held["head"][a])} & {int(held["tail"][b]), int(held["head"][b])}
        return min(ends)

    def _way(self, nodes: list[int], tags: dict[str, str]) -> None:
        self.ways += 1
        self._writer.add_way(mutable.Way(id=self.ways, version=1, nodes=nodes, tags=tags))


def _signals(roads: MadeRoads, rng: np.random.Generator) -> Ints:
    """Junctions with signals, among those where three main roads or more meet."""
    main = roads.class_code >= _MAIN
    meet = np.bincount(np.concatenate([roads.tail[main], roads.head[main]]), minlength=len(roads.xy))
    found: Ints = np.flatnonzero((meet >= 3) & (rng.random(len(meet)) < SIGNAL_SHARE))
    return found


def _turns(roads: MadeRoads, rng: np.random.Generator) -> Ints:
    """Pairs of two-way roads at a junction of four or more, from the first into the second of which nobody may turn."""
    ends = np.concatenate([roads.tail, roads.head])
    order = np.argsort(ends, kind="stable")
    degree = np.bincount(ends, minlength=len(roads.xy))
    start = np.r_[0, np.cumsum(degree)]
    spots = np.flatnonzero(degree >= 4)
    chosen = rng.choice(spots, min(len(spots), round(len(roads.xy) * TURNS_A_JUNCTION)), replace=False)
    rows = []
    for spot in np.sort(chosen):
        a, b = order[start[spot] : start[spot] + 2] % len(roads.tail)
        shared = {roads.tail[a], roads.head[a]} & {roads.tail[b], roads.head[b]}
        if a != b and len(shared) == 1 and not roads.oneway[[a, b]].any():
            rows.append((a, 0, b))
    return np.array(rows, np.int64).reshape(-1, 3)
