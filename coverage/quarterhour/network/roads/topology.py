"""How well a table of roads hangs together, measured: near misses, crossings, parts, one-way traps, lines drawn twice.

Each measure is one row of a table, whatever its size, and a layer of the places where it holds, to look at on a map.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from quarterhour.base.arrays import AnyArray, BoolArray, FloatArray, IntArray
from quarterhour.base.errors import first_ids
from quarterhour.base.findings import Severity, join_findings
from quarterhour.base.labels import percent
from quarterhour.network.network import by_size
from quarterhour.network.roads.crossings import crossing_pairs
from quarterhour.network.roads.junctions import JOIN_M, components_of, junctions_of, vertices_of
from quarterhour.network.roads.marks import levels_of
from quarterhour.network.roads.near import MISS_M, near_misses
from quarterhour.network.roads.told import Where

_LINES_AT_ONCE = 200_000
MANY = 0.01
"""Crossings without a node are a fault of the table, not a handful of flyovers, beyond this share of its junctions."""
MANY_NAMED = 0.05
"""The same where node ids say which roads meet; and one-way traps beyond this share of the junctions."""


@dataclass(frozen=True, eq=False)
class Topology:
    """What was measured.

    ``table``: findings, a row a measure that holds somewhere: ``value`` how many, ``detail`` the first road ids.
    ``places``: a point each with ``rule`` (as in the table), ``roads`` (ids, joined by " + ") and ``size`` (metres of
    a near miss, kilometres of a part).
    """

    table: pd.DataFrame
    places: gpd.GeoDataFrame

    def __repr__(self) -> str:
        counts = self.places["rule"].value_counts(sort=False)
        told = ", ".join(f"{n} {rule.removeprefix('roads.')}" for rule, n in counts.items())
        return f"<Topology: {told or 'nothing to look at'}>"


@dataclass(frozen=True, eq=False)
class _Graph:
    """Roads as they are joined: tail and head of each, places and component of the junctions."""

    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    xy: FloatArray
    component: NDArray[np.int32]


_Found = tuple[str, Severity, str, pd.DataFrame]
"""A rule, how bad, what the sentence says besides, and its places: x, y, roads, size."""


def measure_topology(roads: gpd.GeoDataFrame, *, table: str = "roads", file: str = "") -> Topology:
    """Every measure of a table of roads as ``as_roads`` makes it, in about its own size of time."""
    graph = _graph(roads)
    found = [m(roads, graph) for m in (_near, _crossings, _parts, _entered, _left, _twice)]
    some = [f for f in found if len(f[3])]
    where = Where(table, file)
    told = [_told(where, *f) for f in some]
    rows = (
        pd.concat([f[3].assign(rule=f"roads.{f[0]}") for f in some])
        if some
        else _places(np.empty((0, 2)), [], np.empty(0)).assign(rule="")
    )
    points = gpd.points_from_xy(rows["x"], rows["y"], crs=roads.crs)
    layer = gpd.GeoDataFrame(rows[["rule", "roads", "size"]].reset_index(drop=True), geometry=points)
    return Topology(join_findings(told), layer)


def _told(where: Where, rule: str, severity: Severity, besides: str, places: pd.DataFrame) -> pd.DataFrame:
    return where.say(rule, severity=severity, value=str(len(places)), column=besides, detail=first_ids(places["roads"]))


def _graph(roads: gpd.GeoDataFrame) -> _Graph:
    tail, head, xy, _ = junctions_of(roads, *vertices_of(roads))
    return _Graph(tail, head, xy, components_of(tail, head, len(xy)))


def _places(xy: AnyArray, roads: Iterable[str], size: AnyArray) -> pd.DataFrame:
    at = np.asarray(xy, float).reshape(-1, 2)
    return pd.DataFrame({"x": at[:, 0], "y": at[:, 1], "roads": list(roads), "size": np.asarray(size, float)})


def _named(roads: gpd.GeoDataFrame) -> bool:
    return "from_node" in roads and "to_node" in roads


def _pairs(roads: gpd.GeoDataFrame, one: AnyArray, other: AnyArray) -> list[str]:
    return [f"{a} + {b}" for a, b in zip(roads.index[one], roads.index[other], strict=True)]


def _near(roads: gpd.GeoDataFrame, _graph: _Graph) -> _Found:
    """Ends of a single road that stop within a few metres of another road."""
    found = near_misses(roads, within_m=MISS_M).once()
    places = _places(found.xy, _pairs(roads, found.road, found.other), found.gap_m)
    return "near_miss", "note" if _named(roads) else "warning", f"{MISS_M:g}", places


def _crossings(roads: gpd.GeoDataFrame, graph: _Graph) -> _Found:
    """Lines that cross where neither has an end, and neither is a bridge or a tunnel."""
    flat, said = _flat(roads)
    row = np.flatnonzero(flat)
    lines = roads.geometry.to_numpy()[row]
    one, other = crossing_pairs(lines)
    parts, pair = shapely.get_parts(shapely.intersection(lines[one], lines[other]), return_index=True)
    one, other = row[one[pair]], row[other[pair]]
    real = (shapely.get_type_id(parts) == 0) & ~_at_joint(
        graph, one, other, shapely.get_coordinates(shapely.centroid(parts))
    )
    parts, one, other = parts[real], one[real], other[real]
    names = _pairs(roads, one, other)
    places = _places(shapely.get_coordinates(parts), names, np.zeros(len(parts)))
    junctions = int((np.bincount(np.r_[graph.tail, graph.head]) > 2).sum())
    many = len(places) > (MANY_NAMED if _named(roads) else MANY) * max(junctions, 1)
    return "crossing" if said else "crossing_unsaid", "warning" if many else "note", "", places


def _at_joint(graph: _Graph, one: AnyArray, other: AnyArray, xy: FloatArray) -> BoolArray:
    """Whether two roads cross no farther from a junction of both than ends may miss each other and still be joined."""
    mine, theirs = (np.column_stack([graph.tail[r], graph.head[r]]) for r in (one, other))
    shared = (mine[:, :, None] == theirs[:, None, :]).any(axis=2)
    off = np.linalg.norm(graph.xy[mine] - xy[:, None, :], axis=2)
    return np.asarray((shared & (off <= 2 * JOIN_M)).any(axis=1))


def _flat(roads: gpd.GeoDataFrame) -> tuple[BoolArray, bool]:
    """Roads that are neither bridge nor tunnel, and whether any column says which are."""
    return levels_of(roads) == 0, any(c in roads for c in ("bridge", "tunnel", "layer"))


def _parts(roads: gpd.GeoDataFrame, graph: _Graph) -> _Found:
    """Parts that no road joins to the largest one: where each lies, with its kilometres."""
    km = roads.geometry.length.to_numpy() / 1000
    part = graph.component[graph.tail]
    size = np.bincount(part, weights=km)
    longest = np.lexsort((-km, part))
    first = longest[np.r_[True, np.diff(part[longest]) != 0]][1:]
    xy = shapely.get_coordinates(shapely.line_interpolate_point(roads.geometry.to_numpy()[first], 0.5, normalized=True))
    away = size[1:].sum()
    said = f"{away:,.1f} km, {percent(away / size.sum() if size.sum() else 0)}"
    return "parts", "note", said, _places(xy, roads.index[first].astype(str), size[1:])


def _entered(roads: gpd.GeoDataFrame, graph: _Graph) -> _Found:
    """Junctions of the largest part that vehicles reach by one-way streets and never leave."""
    return _trapped(roads, graph, "trap", out=True)


def _left(roads: gpd.GeoDataFrame, graph: _Graph) -> _Found:
    """Junctions of the largest part that vehicles can leave and never reach."""
    return _trapped(roads, graph, "source", out=False)


def _trapped(roads: gpd.GeoDataFrame, graph: _Graph, name: str, *, out: bool) -> _Found:
    rule = f"oneway_{name}"
    way = roads["oneway"].to_numpy()
    if not way.any():
        return rule, "note", "", _places(np.empty((0, 2)), [], np.empty(0))
    open_ = roads["drive"].to_numpy(dtype=bool) if "drive" in roads else np.ones(len(roads), bool)
    along, against = open_ & (way >= 0), open_ & (way <= 0)
    start = np.r_[graph.tail[along], graph.head[against]]
    end = np.r_[graph.head[along], graph.tail[against]]
    size = len(graph.xy)
    arcs = sparse.csr_array((np.ones(len(start), np.int8), (start, end)), shape=(size, size))
    core = by_size(csgraph.connected_components(arcs, connection="strong")[1]) == 0
    there, back = (_reached(a, core) for a in (arcs, arcs.T.tocsr()))
    caught = np.flatnonzero((there & ~back) if out else (back & ~there))
    known = np.full(size, -1)
    known[np.r_[graph.head, graph.tail]] = np.r_[np.arange(len(roads)), np.arange(len(roads))]
    places = _places(graph.xy[caught], roads.index[known[caught]].astype(str), np.zeros(len(caught)))
    many = len(caught) > MANY_NAMED * int((graph.component == 0).sum())
    return rule, "warning" if many else "note", "", places


def _reached(arcs: sparse.csr_array, core: BoolArray) -> BoolArray:
    """What is reached from the core."""
    found = np.zeros(len(core), bool)
    found[csgraph.breadth_first_order(arcs, int(np.argmax(core)), return_predecessors=False)] = True
    return found


def _twice(roads: gpd.GeoDataFrame, _graph: _Graph) -> _Found:
    """Lines that are drawn like an earlier one, in the same direction; worse where class or direction differ."""
    same = pd.Series(_same_line(roads))
    again = same.duplicated().to_numpy()
    first = same.drop_duplicates()
    earlier = pd.Series(first.index, index=first.to_numpy())[same[again]].to_numpy()
    row = np.flatnonzero(again)
    said = pd.DataFrame({"class": roads["road_class"].astype(str).to_numpy(), "oneway": roads["oneway"].to_numpy()})
    differ = (said.iloc[row].to_numpy() != said.iloc[earlier].to_numpy()).any()
    xy = shapely.get_coordinates(shapely.line_interpolate_point(roads.geometry.to_numpy()[row], 0.5, normalized=True))
    return "twice", "warning" if differ else "note", "", _places(xy, _pairs(roads, earlier, row), np.zeros(len(row)))


def _same_line(roads: gpd.GeoDataFrame) -> IntArray:
    """A number for each line; lines with the same vertices, to a centimetre and in their order, have one number."""
    parts = range(0, len(roads), _LINES_AT_ONCE)
    lines = roads[["geometry"]]
    keys = [np.empty(0, np.uint64), *(_line_keys(lines.iloc[first : first + _LINES_AT_ONCE]) for first in parts)]
    return np.asarray(pd.factorize(np.concatenate(keys))[0], np.int64)


def _line_keys(roads: gpd.GeoDataFrame) -> NDArray[np.uint64]:
    xy, start = vertices_of(roads)
    whole = np.rint(xy / JOIN_M).astype(np.int64).astype(np.uint64)
    place = np.arange(len(xy)) - np.repeat(start[:-1], np.diff(start))
    mixed = _mixed(
        _mixed(whole[:, 0]) ^ (_mixed(whole[:, 1]) << np.uint64(1)) ^ (place.astype(np.uint64) << np.uint64(40))
    )
    return np.asarray(np.add.reduceat(mixed, start[:-1]), np.uint64)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Bits stirred well (splitmix64), so that sums of them tell lines apart."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
