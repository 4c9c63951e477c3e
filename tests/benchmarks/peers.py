"""What a user would pick instead, each asked in its quickest documented way.

Graphs are built before the clock runs, of the same arcs in the same order (of parallel arcs the quickest, no loops:
some peers know no others). Times are whole centiseconds, so answers can be compared exactly.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from benchmarks.measure import Skipped
from quarterhour.network.network import Network

Array = NDArray[Any]
Table = tuple[Array, Array, Array]


def peer(name: str) -> Any:
    """A library that may not be installed."""
    try:
        return importlib.import_module(name)
    except ImportError as why:
        raise Skipped(f"{name} is not installed: `make bench` does it") from why


def peer_version(name: str) -> str:
    """The version of a peer, or that it is absent."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


@dataclass(frozen=True, eq=False)
class Plain:
    """Arcs of a search from the sites, as all peers can take them: no loops, none parallel, sorted by tail."""

    count: int
    tail: Array
    head: Array
    cs: Array

    def scipy(self) -> sparse.csr_array:
        """As scipy's Dijkstra wants it: float64, int32, nothing to convert when it is called."""
        made = sparse.csr_array((self.cs.astype(float), (self.tail, self.head)), shape=(self.count, self.count))
        made.indices, made.indptr = made.indices.astype(np.int32), made.indptr.astype(np.int32)
        return made

    def with_root(self, sources: Array) -> Plain:
        """And one more junction that leads to all sources in no time, for peers that know one source alone."""
        root = np.full(len(sources), self.count)
        return Plain(
            self.count + 1,
            np.concatenate([self.tail, root]),
            np.concatenate([self.head, sources]),
            np.concatenate([self.cs, np.zeros(len(sources), self.cs.dtype)]),
        )


def plain_arcs(network: Network, heading: str) -> Plain:
    """The arcs that a search from the sites runs along."""
    arcs = network.arcs(heading)
    count = len(network.x)
    tail = np.repeat(np.arange(count), np.diff(arcs.indptr).astype(np.int64))
    head, cs = arcs.head.astype(np.int64), arcs.cs.astype(np.int64)
    order = np.lexsort((cs, head, tail))
    tail, head, cs = tail[order], head[order], cs[order]
    kept = np.r_[True, (np.diff(tail) != 0) | (np.diff(head) != 0)] & (tail != head)
    return Plain(count, tail[kept], head[kept], cs[kept])


# --- the nearest source of every junction: centiseconds (-1 beyond the cutoff), and its junction where it is told


def scipy_nearest(plain: Plain, sources: Array, cut: int, *, owner: bool) -> Callable[[], Any]:
    """scipy tells the source together with the predecessors."""
    graph = plain.scipy()

    def ask() -> Any:
        found = csgraph.dijkstra(graph, indices=sources, min_only=True, limit=cut, return_predecessors=owner)
        return (found[0], found[2]) if owner else (found, None)

    return ask


def networkx_nearest(plain: Plain, sources: Array, cut: int, *, owner: bool) -> Callable[[], Any]:
    """The source is the first junction of each path."""
    nx, graph = peer("networkx"), networkx_graph(plain)
    start = sources.tolist()

    def ask() -> Any:
        if not owner:
            return nx.multi_source_dijkstra_path_length(graph, start, cutoff=cut, weight="cs"), None
        times, paths = nx.multi_source_dijkstra(graph, start, cutoff=cut, weight="cs")
        return times, {junction: path[0] for junction, path in paths.items()}

    return ask


def pandana_nearest(plain: Plain, sources: Array, cut: int, *, owner: bool) -> Callable[[], Any]:
    """pandana gives what it does not reach the distance searched: one more tells the two apart."""
    import pandas as pd

    net = pandana_network(plain)
    net.set_pois("site", cut + 1, 1, pd.Series(sources.astype(float)), pd.Series(np.zeros(len(sources))))

    def ask() -> Any:
        return net.nearest_pois(cut + 1, "site", num_pois=1, include_poi_ids=owner)

    return ask


def igraph_nearest(plain: Plain, sources: Array) -> Callable[[], Any]:
    """No cutoff, no owner: all times from a root that leads to every source."""
    ig, rooted = peer("igraph"), plain.with_root(sources)
    graph = ig.Graph(n=rooted.count, edges=np.column_stack([rooted.tail, rooted.head]), directed=True)
    graph.es["cs"] = rooted.cs.astype(float).tolist()
    return lambda: graph.distances(source=plain.count, weights="cs", mode="out", algorithm="dijkstra")[0][:-1]


def networkit_nearest(plain: Plain, sources: Array) -> Callable[[], Any]:
    """No cutoff, no owner: all times from a root that leads to every source."""
    nk, rooted = peer("networkit"), plain.with_root(sources)
    weights = (rooted.cs.astype(float), (rooted.tail, rooted.head))
    graph = nk.GraphFromCoo(weights, n=rooted.count, weighted=True, directed=True)

    def ask() -> Any:
        search = nk.distance.Dijkstra(graph, plain.count, storePaths=False, storeNodesSortedByDistance=False)
        return search.run().getDistances(asarray=True)[:-1]

    return ask


def rustworkx_nearest(plain: Plain, sources: Array) -> Callable[[], Any]:
    """No cutoff, no owner: all times from a root that leads to every source."""
    rx, rooted = peer("rustworkx"), plain.with_root(sources)
    graph = rx.PyDiGraph(multigraph=False)
    graph.add_nodes_from(range(rooted.count))
    rows = zip(rooted.tail.tolist(), rooted.head.tolist(), rooted.cs.astype(float).tolist(), strict=True)
    graph.add_edges_from(list(rows))
    return lambda: rx.digraph_dijkstra_shortest_path_lengths(graph, plain.count, edge_cost_fn=float)


def times_of(answer: Any, count: int, cut: int) -> Array:
    """Any peer's times as whole centiseconds, -1 where there is none or it is beyond the cutoff."""
    if hasattr(answer, "items"):
        junction = np.fromiter(answer.keys(), np.int64)
        values = np.full(count + 1, np.inf)
        values[junction] = np.fromiter(answer.values(), float)
        values = values[:count]
    else:
        values = np.asarray(answer, float)
    near = values <= cut  # networkit's unreached is the largest float
    return np.where(near, np.rint(np.where(near, values, 0)), -1).astype(np.int64)


def owners_of(answer: Any, count: int) -> Array:
    """Any peer's owners as junctions, -1 where there is none."""
    if hasattr(answer, "items"):
        owner = np.full(count, -1)
        owner[np.fromiter(answer.keys(), np.int64)] = np.fromiter(answer.values(), np.int64)
        return owner
    return np.asarray(answer, np.int64)


# --- all that is reached from each source


def in_blocks(sources: Array, size: int = 256) -> list[Array]:
    """Some hundred sources at a time."""
    return [sources[i : i + size] for i in range(0, len(sources), size)]


def scipy_table(plain: Plain, sources: Array, cut: int) -> Callable[[], Any]:
    """Sparse arrays of some hundred sources each: a dense row a source, what is finite of it, and then all joined.

    Rows one at a time are quickest, and quicker than what is finite of many rows at once (``scipy_csr``).
    """
    graph = plain.scipy()

    def ask() -> list[sparse.csr_array]:
        made = []
        for block in in_blocks(sources):
            start, ids, times = [0], [], []
            for source in block:
                row = csgraph.dijkstra(graph, indices=source, limit=cut)
                ids.append(np.flatnonzero(row < np.inf))
                times.append(row[ids[-1]])
                start.append(start[-1] + len(ids[-1]))
            parts = np.concatenate(times), np.concatenate(ids), np.array(start)
            made.append(sparse.csr_array(parts, shape=(len(block), plain.count)))
        return made

    return ask


def scipy_csr(plain: Plain, sources: Array, cut: int) -> Callable[[], Any]:
    """The same with fewer lines to write: some hundred dense rows in one call, then what is finite of them."""
    graph = plain.scipy()

    def ask() -> list[sparse.csr_array]:
        made = []
        for block in in_blocks(sources):
            rows = csgraph.dijkstra(graph, indices=block, limit=cut)
            at = np.nonzero(np.isfinite(rows))
            made.append(sparse.csr_array((rows[at], at), shape=rows.shape))
        return made

    return ask


def scipy_rows(plain: Plain, sources: Array, cut: int) -> Callable[[], Any]:
    """Dense rows alone, for a user who has the room."""
    graph = plain.scipy()
    return lambda: csgraph.dijkstra(graph, indices=sources, limit=cut)


def networkx_table(plain: Plain, sources: Array, cut: int) -> Callable[[], Any]:
    """A dictionary a source."""
    nx, graph = peer("networkx"), networkx_graph(plain)
    start = sources.tolist()
    return lambda: [nx.single_source_dijkstra_path_length(graph, s, cutoff=cut, weight="cs") for s in start]


def pandana_table(plain: Plain, sources: Array, cut: int) -> Callable[[], Any]:
    """A range query a source."""
    net = pandana_network(plain)
    start = sources.tolist()
    return lambda: net.nodes_in_range(start, cut + 1)


def as_table(answer: Any, sources: Array, cut: int) -> Table:
    """Any peer's answer: how many are reached from each source, which (rising), their centiseconds."""
    if isinstance(answer, list) and sparse.issparse(answer[0]):
        count = np.concatenate([np.diff(made.indptr) for made in answer])
        return count, *(np.concatenate([getattr(made, of) for made in answer]) for of in ("indices", "data"))
    if isinstance(answer, list):
        ids = [np.fromiter(row.keys(), np.int64) for row in answer]
        times = [np.fromiter(row.values(), np.int64) for row in answer]
    elif isinstance(answer, np.ndarray):
        ids = [np.flatnonzero(row <= cut) for row in answer]
        times = [row[i] for row, i in zip(answer, ids, strict=True)]
    else:
        frame = answer[answer.iloc[:, 2] <= cut]
        rows = dict(iter(frame.groupby(frame.columns[0])))
        ids = [rows[s].iloc[:, 1].to_numpy() for s in sources]
        times = [rows[s].iloc[:, 2].to_numpy() for s in sources]
    return np.array([len(i) for i in ids]), np.concatenate(ids), np.concatenate(times)


# --- graphs


def networkx_graph(plain: Plain) -> Any:
    """Whole centiseconds as ``cs``."""
    graph = peer("networkx").DiGraph()
    graph.add_nodes_from(range(plain.count))
    rows = zip(plain.tail.tolist(), plain.head.tolist(), plain.cs.tolist(), strict=True)
    graph.add_weighted_edges_from(rows, weight="cs")
    return graph


def pandana_network(plain: Plain) -> Any:
    """Prepared, as pandana does it by itself: a contraction hierarchy.

    Junctions stand in a row: pandana asks their places only to find the junction of a site, and two junctions of ours
    may stand on one spot (turn restrictions).
    """
    import pandas as pd

    weights, row = pd.DataFrame({"cs": plain.cs.astype(float)}), np.arange(plain.count, dtype=float)
    ends = pd.Series(plain.tail), pd.Series(plain.head)
    pandana = peer("pandana")
    with _quiet():
        return pandana.Network(pd.Series(row), pd.Series(np.zeros(plain.count)), *ends, weights, twoway=False)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What a library prints past Python goes nowhere."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


# --- places on roads, and pictures


def strtree_snap(network: Network, x: Array, y: Array) -> Callable[[], Any]:
    """shapely: the nearest line, how far off, and the share along it."""
    lines = road_lines(network)
    tree = shapely.STRtree(lines)
    tree.nearest(shapely.Point(x[0], y[0]))  # the tree is packed when it is first asked

    def ask() -> tuple[Array, Array, Array]:
        points = shapely.points(x, y)
        road = tree.nearest(points)
        share = shapely.line_locate_point(lines[road], points, normalized=True)
        return road, share, shapely.distance(lines[road], points)

    return ask


def road_lines(network: Network) -> Array:
    """The roads as shapely lines."""
    index = np.repeat(np.arange(len(network.tail)), np.diff(network.coord_start))
    lines: Array = shapely.linestrings(network.coords, indices=index)
    return lines


def buffer_and_union(parts: Sequence[Array], radius_m: float, quad_segs: int) -> list[Any]:
    """The ground within a radius of reached roads, exactly: a buffer each, then their union."""
    return [shapely.union_all(shapely.buffer(lines, radius_m, quad_segs=quad_segs)) for lines in parts]


def reached_parts(network: Network, plain: Plain, junction: int, cut: int) -> Array:
    """What is reached of each road from a junction, cut exactly where the time ends; scipy's times, shapely's lines."""
    time = csgraph.dijkstra(plain.scipy(), indices=junction, limit=cut)
    tail, head = time[network.tail], time[network.head]
    along, against = network.forward_cs.astype(float), network.backward_cs.astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where((along > 0) & (tail < cut), np.minimum(1, (cut - tail) / along), 0.0)
        high = np.where((against > 0) & (head < cut), np.maximum(0, 1 - (cut - head) / against), 1.0)
    lines = road_lines(network)
    whole = low >= high
    parts = [_between(lines[r], 0.0, low[r]) for r in np.flatnonzero(~whole & (low > 0))]
    parts += [_between(lines[r], high[r], 1.0) for r in np.flatnonzero(~whole & (high < 1))]
    return np.concatenate([lines[whole], np.array(parts, dtype=object)])


def _between(line: Any, low: float, high: float) -> Any:
    from shapely.ops import substring

    return substring(line, low, high, normalized=True)
