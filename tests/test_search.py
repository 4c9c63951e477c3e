"""The kernel alone: arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from quarterhour.search import UNREACHED, cutoff_table, nearest_source


def table(n: int, arcs: list[tuple[int, int, int]], cut: int, **queue: int) -> np.ndarray:
    u, v, w = np.array(arcs, np.int64).reshape(-1, 3).T
    order = np.argsort(u, kind="stable")
    indptr = np.r_[0, np.cumsum(np.bincount(u, minlength=n))].astype(np.uint32)
    each = np.arange(n + 1, dtype=np.int64)
    zero = np.zeros(n, np.int32)
    none = (np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int32))
    csr = (indptr, v[order].astype(np.uint32), w[order].astype(np.int32))
    places = each[:n].astype(np.int32)
    ptr, ids, times = cutoff_table(
        csr, (each, places, zero), targets=(each, places, zero), direct=none, target_count=n, cut=cut, **queue
    )
    full = np.full((n, n), -1, np.int64)
    full[np.repeat(np.arange(n), np.diff(ptr)), ids] = times
    return full


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_table_equals_scipy_on_random_multigraphs(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 12))
    node = st.integers(0, n - 1)
    # one very long arc among short ones must not break the ring of buckets
    arcs = data.draw(
        st.lists(st.tuples(node, node, st.integers(1, 300) | st.sampled_from([1, 10**5, 10**8])), max_size=40)
    )
    cut = data.draw(st.sampled_from([0, 50, 400, 10**6, 2**29]))
    least: dict[tuple[int, int], int] = {}
    for u, v, w in arcs:
        least[u, v] = min(w, least.get((u, v), w))
    u, v = np.array([*least]).reshape(-1, 2).T
    exact = dijkstra(coo_array((np.array([*least.values()], float), (u, v)), shape=(n, n)).tocsr())
    wanted = np.where(exact <= cut, exact, -1)
    assert (table(n, arcs, cut) == wanted).all()
    near = min(cut, 10**6)  # a ring of four small buckets: nearly all is far off
    assert (table(n, arcs, near, shift=4, buckets=4) == np.where(exact <= near, exact, -1)).all()


def test_zero_length_arcs_and_self_loops_do_no_harm() -> None:
    found = table(3, [(0, 0, 0), (0, 1, 0), (1, 2, 5), (2, 2, 1)], 5)
    assert found.tolist() == [[0, 0, 5], [-1, 0, 5], [-1, -1, 0]]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_the_nearest_source_equals_scipy_and_ties_go_to_the_lowest(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 12))
    node = st.integers(0, n - 1)
    arcs = data.draw(st.lists(st.tuples(node, node, st.integers(1, 4) | st.sampled_from([700, 10**6])), max_size=40))
    starts = data.draw(st.lists(st.tuples(node, st.integers(0, 3)), min_size=1, max_size=5))
    cut = data.draw(st.sampled_from([0, 3, 900, 10**7]))
    rows = np.array([table(n, arcs, cut)[u] for u, _ in starts])
    ahead = np.array([d for _, d in starts])[:, None]
    total = np.where((rows >= 0) & (rows + ahead <= cut), rows + ahead, UNREACHED)
    u, v, w = np.array(arcs, np.int64).reshape(-1, 3).T
    order = np.argsort(u, kind="stable")
    csr = (np.r_[0, np.cumsum(np.bincount(u, minlength=n))], v[order], w[order])
    sources = (np.array([u for u, _ in starts]), ahead[:, 0], np.arange(len(starts)))
    for queue in ({}, {"shift": 3, "buckets": 2}):
        cs, owner = nearest_source(csr, sources, cut=cut, **queue)
        assert (cs == total.min(axis=0)).all()
        assert (owner == np.where(total.min(axis=0) < UNREACHED, total.argmin(axis=0), -1)).all()
