"""Where numba has no wheel: the same answers through scipy and shapely, slower. In tests, the second opinion.

scipy counts in floating point. Whole centiseconds below 2**53 are whole there too, so nothing is rounded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from quarterhour.base.arrays import AnyArray, Csr, FloatArray, IntArray, ragged

Keys = NDArray[np.uint64]
NOBODY = np.uint64(2**64 - 1)
"""The key (centiseconds << 32 | owner) of what nobody reaches."""
AT_ONCE = 1 << 22
"""Times held at once, 32 MB; scipy fills a whole row a source."""
OWNERS = 1 << 20
"""Sources told apart in one search: times and owners share 53 bits."""


def table(
    arcs: Csr, sources: Csr, *, targets: Csr | None, direct: Csr, target_count: int, cut: int, most: int, stop: AnyArray
) -> Csr:
    """As ``dijkstra.cutoff_table``; without ``targets`` the junctions are the targets."""
    graph, (start, nodes, offsets) = graph_of(arcs, cut), sources
    width = max(1, AT_ONCE // (graph.shape[0] + target_count + 1))
    found: list[tuple[AnyArray, AnyArray, AnyArray]] = [
        (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64))
    ]
    done, pairs = 0, 0
    for first in range(0, len(start) - 1, width):
        if stop[0] or pairs > most:
            break
        rows = np.arange(first, min(first + width, len(start) - 1))
        block = slice(int(start[rows[0]]), int(start[rows[-1] + 1]))
        owner = np.repeat(np.arange(len(rows)), _counts(start[rows[0] : rows[-1] + 2]))
        times = _from_each(graph, owner, nodes[block], offsets[block], len(rows), cut)
        if targets is not None:
            times = _at_targets(times, targets, target_count)
        _take_legs(times, direct, rows)
        row, target = np.nonzero(times <= cut)
        found.append((row + first, target, times[row, target]))
        done, pairs = int(rows[-1]) + 1, pairs + len(row)
    row, target, cs = (np.concatenate(a) for a in zip(*found, strict=True))
    ptr = np.r_[0, np.cumsum(np.bincount(row, minlength=done))].astype(np.int64)
    return ptr, target.astype(np.int32), cs.astype(np.int32)


def graph_of(arcs: Csr, cut: int) -> sparse.csr_array:
    """The arcs that a search within the cutoff may take, of parallel ones the quickest."""
    indptr, head, cs = (np.asarray(a) for a in arcs)
    n = len(indptr) - 1
    tail = np.repeat(np.arange(n, dtype=np.int64), _counts(indptr))
    near = cs <= cut
    return _least(tail[near], head[near].astype(np.int64), cs[near], (n, n))


def _counts(start: AnyArray) -> IntArray:
    whole = np.asarray(start, np.int64)
    return whole[1:] - whole[:-1]


def _least(row: AnyArray, column: AnyArray, value: AnyArray, shape: tuple[int, int]) -> sparse.csr_array:
    """scipy would add up what stands twice, where the least is meant."""
    key = row * shape[1] + column
    if (key[1:] < key[:-1]).any():
        order = np.argsort(key, kind="stable")
        key, row, column, value = key[order], row[order], column[order], value[order]
    begins = np.flatnonzero(np.r_[True, key[1:] != key[:-1]][: len(key)])
    least = np.minimum.reduceat(value, begins) if len(begins) else value
    start = np.r_[0, np.cumsum(np.bincount(row[begins], minlength=shape[0]))]
    made = least.astype(np.float64), column[begins].astype(np.int32), start.astype(np.int32)
    return sparse.csr_array(made, shape=shape)


def _with_starts(graph: sparse.csr_array, entries: sparse.csr_array) -> sparse.csr_array:
    """The graph and one more junction for each row of entries, from which they lead."""
    n, more = graph.shape[0], entries.shape[0]
    indptr = np.r_[graph.indptr, graph.indptr[-1] + entries.indptr[1:]]
    made = np.r_[graph.data, entries.data], np.r_[graph.indices, entries.indices], indptr
    return sparse.csr_array(made, shape=(n + more, n + more))


def _from_each(
    graph: sparse.csr_array, owner: AnyArray, nodes: AnyArray, offsets: AnyArray, count: int, cut: int
) -> FloatArray:
    n, near = graph.shape[0], offsets <= cut
    entries = _least(owner[near], nodes[near].astype(np.int64), offsets[near], (count, n))
    whole = _with_starts(graph, entries)
    times = csgraph.dijkstra(whole, indices=np.arange(n, n + count), limit=float(cut))
    return np.asarray(times[:, :n])


def _at_targets(times: FloatArray, targets: Csr, count: int) -> FloatArray:
    start, target, offset = targets
    node = np.repeat(np.arange(len(start) - 1), _counts(start))
    order = np.argsort(target, kind="stable")
    best = np.full((len(times), count), np.inf)
    if len(order):
        held = target[order]
        begins = np.flatnonzero(np.r_[True, held[1:] != held[:-1]])
        best[:, held[begins]] = np.minimum.reduceat(times[:, node[order]] + offset[order], begins, axis=1)
    return best


def _take_legs(times: FloatArray, direct: Csr, rows: IntArray) -> None:
    start, target, time = direct
    legs = slice(int(start[rows[0]]), int(start[rows[-1] + 1]))
    row = np.repeat(np.arange(len(rows)), _counts(start[rows[0] : rows[-1] + 2]))
    np.minimum.at(times, (row, target[legs]), time[legs])


def nearest(arcs: Csr, nodes: AnyArray, offsets: AnyArray, owners: AnyArray, *, cut: int) -> Keys:
    """For every junction the least (centiseconds << 32 | owner) within the cutoff.

    Times and owners are searched as one number, time x owners + owner, so equal times go to the lower owner.
    """
    graph = graph_of(arcs, cut)
    best = np.full(graph.shape[0], NOBODY)
    named = np.unique(owners[offsets <= cut])
    for first in range(0, len(named), OWNERS):
        some = named[first : first + OWNERS]
        mine = (offsets <= cut) & (owners >= some[0]) & (owners <= some[-1])
        rank = np.searchsorted(some, owners[mine])
        best = np.minimum(best, _nearest_of(graph, nodes[mine], offsets[mine], rank, some, cut))
    return best


def _nearest_of(
    graph: sparse.csr_array, nodes: AnyArray, offsets: AnyArray, rank: AnyArray, owners: AnyArray, cut: int
) -> Keys:
    n, size = graph.shape[0], len(owners)
    both = offsets.astype(np.int64) * size + rank
    entries = _least(np.zeros(len(nodes), np.int64), nodes.astype(np.int64), both, (1, n))
    whole = _with_starts(graph * float(size), entries)
    found = csgraph.dijkstra(whole, indices=n, limit=float(cut) * size + size - 1)[:n]
    near = np.isfinite(found)
    time, place = np.divmod(found[near].astype(np.int64), size)
    keys = np.full(n, NOBODY)
    keys[near] = (time.astype(np.uint64) << np.uint64(32)) | owners[place].astype(np.uint64)
    return keys


def keys_at_targets(keys: Keys, targets: Csr, direct: Csr, chosen: AnyArray, count: int) -> Keys:
    """The least key at each target: through the junctions it is joined to, or along its own road."""
    start, target, offset = targets
    node = np.repeat(np.arange(len(start) - 1), _counts(start))
    there = keys[node] != NOBODY
    row, legs = ragged(direct[0][chosen], _counts(direct[0])[chosen])
    made = np.r_[
        keys[node[there]] + (offset[there].astype(np.uint64) << np.uint64(32)),
        (direct[2][legs].astype(np.uint64) << np.uint64(32)) | chosen[row].astype(np.uint64),
    ]
    best = np.full(count, NOBODY)
    np.minimum.at(best, np.r_[target[there], direct[1][legs]], made)
    return best


def several(found: Csr, chosen: AnyArray, count: int, k: int) -> Keys:
    """The k least keys of every target of a table (rows: sources), among the chosen sources."""
    start, target, cs = found
    source = np.repeat(np.arange(len(start) - 1), _counts(start))
    mine = np.isin(source, chosen)
    keys = (cs[mine].astype(np.uint64) << np.uint64(32)) | source[mine].astype(np.uint64)
    order = np.lexsort((keys, target[mine]))
    held, keys = target[mine][order], keys[order]
    place = np.arange(len(held)) - np.searchsorted(held, held)
    best = np.full((count, k), NOBODY)
    best[held[place < k], place[place < k]] = keys[place < k]
    return best
