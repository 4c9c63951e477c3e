"""The kernel alone: arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from quarterhour.search import cutoff_table


def table(n: int, arcs: list[tuple[int, int, int]], cut: int) -> np.ndarray:
    u, v, w = np.array(arcs, np.int64).reshape(-1, 3).T
    order = np.argsort(u, kind="stable")
    indptr = np.r_[0, np.cumsum(np.bincount(u, minlength=n))].astype(np.uint32)
    each = np.arange(n + 1, dtype=np.int64)
    zero = np.zeros(n, np.int32)
    none = (np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int32))
    csr = (indptr, v[order].astype(np.uint32), w[order].astype(np.int32))
    places = each[:n].astype(np.int32)
    ptr, ids, times = cutoff_table(
        csr, (each, places.astype(np.uint32), zero), (each, places, zero), none, target_count=n, cut=cut
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


def test_zero_length_arcs_and_self_loops_do_no_harm() -> None:
    found = table(3, [(0, 0, 0), (0, 1, 0), (1, 2, 5), (2, 2, 1)], 5)
    assert found.tolist() == [[0, 0, 5], [-1, 0, 5], [-1, -1, 0]]
