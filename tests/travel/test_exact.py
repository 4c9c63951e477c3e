"""Whole centiseconds equal scipy's on all junctions of real and made networks, from hundreds of them, both headings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from benchmarks.lands import land_size
from benchmarks.measure import Skipped
from benchmarks.places import real_network
from benchmarks.synthetic import made_network
from quarterhour.network.network import Network
from quarterhour.travel.dijkstra import UNREACHED, cutoff_table
from quarterhour.travel.nearest_kernels import nearest_to_targets, several_to_targets
from quarterhour.travel.search_arrays import search_arrays

pytestmark = pytest.mark.compiled
SLOW = ["heidelberg", "coquimbo", "wuhan", "200k", "2m"]
PLACES = pytest.mark.parametrize("place", ["liechtenstein", *(pytest.param(p, marks=pytest.mark.slow) for p in SLOW)])
HEADINGS = pytest.mark.parametrize("heading", ["to_site", "to_community"])
SOURCES = 300
NO_CUT = 2**30 - 1
AN_HOUR = 360_000


@lru_cache(maxsize=1)
def network_of(place: str) -> Network:
    size = land_size(place)
    return real_network(place) if size is None else made_network(size)


def arcs_and_graph(place: str, heading: Any) -> tuple[Any, sparse.csr_array]:
    """Arcs as kernels take them, and as scipy does: of parallel arcs the quickest, since scipy would add them up."""
    try:
        arcs = network_of(place).arcs(heading)
    except Skipped as absent:
        pytest.skip(str(absent))
    n = len(arcs.indptr) - 1
    tail = np.repeat(np.arange(n), np.diff(arcs.indptr.astype(np.int64)))
    order = np.lexsort((arcs.cs, arcs.head, tail))
    key = tail[order] * n + arcs.head[order]
    least = order[np.r_[True, key[1:] != key[:-1]]]
    made = (arcs.cs[least].astype(float), (tail[least], arcs.head[least].astype(np.int32)))
    return (arcs.indptr, arcs.head, arcs.cs), sparse.coo_array(made, shape=(n, n)).tocsr()


def scipys(graph: sparse.csr_array, sources: np.ndarray, cut: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Its rows, as many at once as 100 MB hold."""
    width = max(1, 12_000_000 // graph.shape[0])
    for first in range(0, len(sources), width):
        span = slice(first, min(first + width, len(sources)))
        yield span, dijkstra(graph, indices=sources[span], limit=cut)


def standing_on(junctions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.arange(len(junctions) + 1), junctions, np.zeros(len(junctions), np.int32)


@PLACES
@HEADINGS
def test_times_equal_scipys_on_all_junctions(place: str, heading: str) -> None:
    arcs, graph = arcs_and_graph(place, heading)
    n = graph.shape[0]
    sources = np.random.default_rng(0).choice(n, SOURCES, replace=False)
    cut = NO_CUT if n < 10**6 else AN_HOUR
    for span, exact in scipys(graph, sources, cut):
        start, reached, cs = cutoff_table(search_arrays(arcs, standing_on(sources[span])), cut=cut)
        found = np.full(exact.shape, np.inf)
        found[np.repeat(np.arange(len(found)), np.diff(start)), reached] = cs
        assert np.array_equal(found, exact)


@PLACES
@HEADINGS
def test_the_nearest_and_the_k_nearest_equal_brute_force(place: str, heading: str) -> None:
    arcs, graph = arcs_and_graph(place, heading)
    n = graph.shape[0]
    sources = np.random.default_rng(1).choice(n, 60 if n < 10**6 else 8, replace=False)
    every = np.concatenate([rows for _, rows in scipys(graph, sources, NO_CUT)])
    key = np.where(np.isfinite(every), every * len(sources) + np.arange(len(sources))[:, None], np.inf)
    del every
    key.sort(axis=0)
    some = np.isfinite(key[:4]).T
    time, rank = np.divmod(np.where(some, key[:4].T, 0), len(sources))
    wanted_cs, wanted = np.where(some, time, UNREACHED), np.where(some, rank, -1)
    every = np.arange(n + 1, dtype=np.uint32)
    search = search_arrays(arcs, standing_on(sources), targets=(every, every[:-1], np.zeros(n, np.int32)))
    cs, source = several_to_targets(search, k=4, cut=NO_CUT)
    assert np.array_equal(cs, wanted_cs)
    assert np.array_equal(source, wanted)
    first, owner = nearest_to_targets(search_arrays(arcs, standing_on(sources)), cut=NO_CUT)
    assert np.array_equal(first, wanted_cs[:, 0])
    assert np.array_equal(owner, wanted[:, 0])
