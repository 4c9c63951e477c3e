"""Shortest-path kernels: arrays in, arrays out.

Bucket queue over whole centiseconds (Dial 1969, buckets of a power-of-two width, label correcting inside a
bucket, so exact). Unsigned positions, pools made outside the hot loop, and no array rebound in it: measured, each
of these halves the time.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

UNREACHED = np.int32(2**31 - 1)
NIL = np.uint32(0xFFFFFFFF)
MOST_BUCKETS = 1 << 15

_kernel = numba.njit(cache=True, nogil=True, error_model="numpy")


@_kernel
def _search(indptr, head, cs, nodes, offsets, cut, shift, mask, dist, bucket, after, node, at, touched):  # type: ignore[no-untyped-def]
    count, free, top, live = np.uint32(0), NIL, np.uint32(0), np.int64(0)
    b = np.int64(cut >> shift)
    for i in range(nodes.size):
        v, d = nodes[i], offsets[i]
        if d <= cut and d < dist[v]:
            if dist[v] == UNREACHED:
                touched[count] = v
                count += np.uint32(1)
            dist[v] = d
            node[top], at[top] = v, d
            q = np.uint64((d >> shift) & mask)
            after[top] = bucket[q]
            bucket[q] = top
            top += np.uint32(1)
            live += 1
            b = min(b, np.int64(d >> shift))
    while live > 0:
        q = np.uint64(b & mask)
        e = bucket[q]
        if e == NIL:
            b += 1
            continue
        u, d = node[e], at[e]
        bucket[q] = after[e]
        after[e] = free
        free = e
        live -= 1
        if d != dist[u]:
            continue
        for k in range(indptr[u], indptr[np.uint64(u) + np.uint64(1)]):
            v = head[k]
            longer = np.int32(d + cs[k])
            if longer <= cut:
                known = dist[v]
                if longer < known:
                    if known == UNREACHED:
                        touched[count] = v
                        count += np.uint32(1)
                    dist[v] = longer
                    if free != NIL:
                        e = free
                        free = after[e]
                    else:
                        e = top
                        top += np.uint32(1)
                    node[e], at[e] = v, longer
                    q = np.uint64((longer >> shift) & mask)
                    after[e] = bucket[q]
                    bucket[q] = e
                    live += 1
    return count


@_kernel
def _gather(touched, count, dist, by_node, target, offset, cut, best, hit, hits):  # type: ignore[no-untyped-def]
    for j in range(count):
        v = touched[j]
        d = dist[v]
        dist[v] = UNREACHED
        for k in range(by_node[v], by_node[np.uint64(v) + np.uint64(1)]):
            t = np.int64(d) + offset[k]
            if t <= cut:
                p = target[k]
                if t < best[p]:
                    if best[p] == UNREACHED:
                        hit[hits] = p
                        hits += 1
                    best[p] = np.int32(t)
    return hits


@_kernel
def _direct(first, last, target, time, cut, best, hit, hits):  # type: ignore[no-untyped-def]
    for k in range(first, last):
        if time[k] <= cut:
            p = target[k]
            if time[k] < best[p]:
                if best[p] == UNREACHED:
                    hit[hits] = p
                    hits += 1
                best[p] = time[k]
    return hits


@_kernel
def _emit(hit, hits, best, ids, times, at):  # type: ignore[no-untyped-def]
    for j in range(hits):
        p = hit[j]
        ids[at + j] = p
        times[at + j] = best[p]
        best[p] = UNREACHED


@_kernel
def _grown(array, size, used):  # type: ignore[no-untyped-def]
    larger = np.empty(size, array.dtype)
    larger[:used] = array[:used]
    return larger


@_kernel
def _block(indptr, head, cs, src_ptr, src_node, src_off, by_node, target, offset, near_ptr, near, near_cs, n_targets, cut, shift, buckets):  # type: ignore[no-untyped-def]  # noqa: E501
    n, m = indptr.size - 1, head.size
    dist = np.full(n, UNREACHED, np.int32)
    touched = np.empty(n, np.uint32)
    bucket = np.full(buckets, NIL, np.uint32)
    after, node, at = np.empty(m + n + 8, np.uint32), np.empty(m + n + 8, np.uint32), np.empty(m + n + 8, np.int32)
    best, hit = np.full(n_targets, UNREACHED, np.int32), np.empty(n_targets, np.int32)
    sources = src_ptr.size - 1
    ptr = np.zeros(sources + 1, np.int64)
    ids, times = np.empty(4096, np.int32), np.empty(4096, np.int32)
    for s in range(sources):
        lo, hi = src_ptr[s], src_ptr[s + 1]
        count = _search(
            indptr, head, cs, src_node[lo:hi], src_off[lo:hi], cut, shift, buckets - 1, dist, bucket, after, node, at, touched
        )  # fmt: skip
        hits = _gather(touched, count, dist, by_node, target, offset, cut, best, hit, 0)
        hits = _direct(near_ptr[s], near_ptr[s + 1], near, near_cs, cut, best, hit, hits)
        used = ptr[s]
        if used + hits > ids.size:
            ids = _grown(ids, max(2 * ids.size, used + hits), used)
            times = _grown(times, ids.size, used)
        _emit(hit, hits, best, ids, times, used)
        ptr[s + 1] = used + hits
    return ptr, ids[: ptr[-1]].copy(), times[: ptr[-1]].copy()


def cutoff_table(
    arcs: tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.int32]],
    sources: tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.int32]],
    targets: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]],
    direct: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]],
    *,
    target_count: int,
    cut: int,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Times from each source to every target within an inclusive cutoff.

    Parameters
    ----------
    arcs : CSR of the network: start of each junction's arcs, their heads, their centiseconds.
    sources : start of each source's entries, the junctions it enters by, the centiseconds until there.
    targets : start of each junction's targets, the targets, the centiseconds from the junction to them.
    direct : start of each source's direct legs (both on one road), the targets, the whole time.
    target_count, cut : number of targets; centiseconds.

    Returns
    -------
    Start of each source's row, the targets reached (in no order), their centiseconds.
    """
    longest = int(min(arcs[2].max(initial=1), cut))
    spread = int(sources[2].max(initial=0) - sources[2].min(initial=0)) if sources[2].size else 0
    span = max(longest, min(spread, cut)) + 1
    shift = 7
    while (span >> shift) + 2 > MOST_BUCKETS:
        shift += 1
    buckets = 1 << int((span >> shift) + 2).bit_length()
    found: Any = _block(*arcs, *sources, *targets, *direct, target_count, np.int32(cut), shift, buckets)
    return found[0], found[1], found[2]
