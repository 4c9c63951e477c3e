"""How a table of trips is searched: each source afresh, or over a contraction hierarchy prepared once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np

from quarterhour.base.arrays import Csr, StopFlag
from quarterhour.network.network import Network
from quarterhour.network.search_graph import search_graph
from quarterhour.travel.ch import choose_method
from quarterhour.travel.ch.buckets import fill_buckets, table_by_buckets
from quarterhour.travel.ch.build import Hierarchy, build_hierarchy, hierarchy_path, kept_hierarchy
from quarterhour.travel.dijkstra import cutoff_table
from quarterhour.travel.od_pairs import Trips

Search = Callable[[slice, StopFlag], Csr]
Progress = Callable[[float], None]
WORTH_LOOKING = 1000
"""Searches before it is worth trying a few, to know how far they reach."""
TRIED = 8
_KEPT = "contraction hierarchy"
_log = logging.getLogger(__name__)


def plain_search(trips: Trips, cut: int, *, most: int | None = None) -> Search:
    """Search from each source afresh; with more than ``most`` pairs a block ends."""

    def search(span: slice, stop: StopFlag) -> Csr:
        return cutoff_table(trips.arcs, trips.entering(span), **trips.ends(span), cut=cut, stop=stop, most=most)

    return search


def searcher(
    network: Network, trips: Trips, cut: int, *, scenarios: int, folder: Path | None, progress: Progress | None
) -> tuple[Search, float]:
    """The way that costs less, and the share of the work that is done already; the log says which and why."""
    arcs = search_graph(network).arcs()
    forward = (arcs.indptr, arcs.head, arcs.cs)
    ready = _KEPT in network.kept or (folder is not None and hierarchy_path(*forward, folder=folder).is_dir())
    choice = choose_method(
        junctions=len(arcs.indptr) - 1,
        sources=len(trips.order),
        targets=trips.target_count,
        scenarios=scenarios,
        reached=_reached(trips, cut) if len(trips.order) * scenarios >= WORTH_LOOKING else None,
        ready=ready,
    )
    _log.info("%s", choice)
    if choice.method == "search":
        return plain_search(trips, cut), 0.0
    share = 0.0 if ready else choice.build_seconds / choice.hierarchy_seconds
    told = None if progress is None else _first(progress, share)
    hierarchy = _hierarchy(network, forward, folder, told)
    return _over(hierarchy if trips.leaving else hierarchy.turned(), trips, cut), share


def _reached(trips: Trips, cut: int) -> int:
    """Junctions that a search reaches on average, from a few of them."""
    count = len(trips.order)
    some = [trips.entering(slice(i, i + 1)) for i in np.unique(np.linspace(0, count - 1, TRIED).astype(int))]
    return round(sum(len(cutoff_table(trips.arcs, s, cut=cut)[1]) for s in some) / len(some))


def _hierarchy(network: Network, arcs: Csr, folder: Path | None, progress: Progress | None) -> Hierarchy:
    """The network's own, made once and kept on it; one serves both headings."""
    if _KEPT not in network.kept:
        made = build_hierarchy(*arcs, progress=progress) if folder is None else kept_hierarchy(
            *arcs, folder=folder, progress=progress
        )  # fmt: skip
        network.kept[_KEPT] = made
    found: Hierarchy = network.kept[_KEPT]
    return found


def _over(hierarchy: Hierarchy, trips: Trips, cut: int) -> Search:
    buckets = fill_buckets(hierarchy, trips.targets, target_count=trips.target_count, cut=cut)

    def search(span: slice, stop: StopFlag) -> Csr:
        ends = trips.ends(span)
        if stop[0]:
            return ends["direct"]
        return table_by_buckets(
            hierarchy, trips.entering(span), targets=buckets, direct=ends["direct"], target_count=buckets.target_count,
            cut=cut,
        )  # fmt: skip

    return search


def _first(progress: Progress, share: float) -> Progress:
    return lambda done: progress(share * done)
