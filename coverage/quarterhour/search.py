"""Shortest-path kernels: arrays in, arrays out.

A bucket queue over whole centiseconds (Dial 1969), buckets wider than one, label correcting inside a bucket,
so exact. A junction waits in one place at most: the buckets are doubly linked lists through the
junctions, and no network can outgrow them. What lies beyond the ring of buckets (a ferry of two hours) waits
in a list of its own, so one long road does not size the ring. Positions are unsigned, arrays made
outside the hot loop and none rebound in it: measured, each of these tells.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterhour.kernels import kernel

UNREACHED = np.int32(2**31 - 1)
NIL = np.uint32(0xFFFFFFFF)
SHIFT = 7
"""Buckets are 2**SHIFT centiseconds wide."""
BUCKETS = 1 << 10
"""A power of two: the ring spans 22 minutes at once."""
NEVER = np.int64(2**62)

Csr = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]


@kernel
def _take_out(v, after, before):  # type: ignore[no-untyped-def]
    left, right = before[v], after[v]
    after[left] = right
    if right != NIL:
        before[right] = left
    before[v] = NIL


@kernel
def _put_in(v, slot, after, before):  # type: ignore[no-untyped-def]
    first = after[slot]
    after[v], before[v] = first, slot
    if first != NIL:
        before[first] = v
    after[slot] = v


@kernel
def _slot(bucket, b, junctions, mask):  # type: ignore[no-untyped-def]
    """The head of the list for a bucket when the ring begins at bucket b; the last head is "far off"."""
    return np.uint32(junctions + (bucket & mask)) if bucket <= b + mask else np.uint32(junctions + mask + 1)


@kernel
def _fetch_far(b, junctions, mask, shift, dist, after, before):  # type: ignore[no-untyped-def]
    """Move what has come within the ring; returns the nearest bucket still far off."""
    far = NEVER
    v = after[np.uint32(junctions + mask + 1)]
    while v != NIL:
        following = after[v]
        bucket = np.int64(dist[v] >> shift)
        if bucket <= b + mask:
            _take_out(v, after, before)
            _put_in(v, _slot(bucket, b, junctions, mask), after, before)
        else:
            far = min(far, bucket)
        v = following
    return far


@kernel
def _search(indptr, head, cs, nodes, offsets, owners, owned, cut, shift, mask, dist, owner, after, before, touched):  # type: ignore[no-untyped-def]  # noqa: E501
    """Settle all within the cutoff. ``dist`` comes all UNREACHED, ``after`` and ``before`` all NIL; these leave so.

    Returns how many junctions of ``touched`` were reached. Equal times go to the lower owner.
    """
    junctions = np.int64(indptr.size - 1)
    count, waiting, far = np.uint32(0), np.int64(0), NEVER
    b = np.int64(cut >> shift)
    for i in range(nodes.size):
        b = min(b, np.int64(offsets[i] >> shift))
    for i in range(nodes.size):
        v, d = nodes[i], offsets[i]
        if d > cut or d > dist[v] or (d == dist[v] and not (owned and owners[i] < owner[v])):
            continue
        if dist[v] == UNREACHED:
            touched[count] = v
            count += np.uint32(1)
        else:
            _take_out(v, after, before)
            waiting -= 1
        dist[v] = d
        if owned:
            owner[v] = owners[i]
        bucket = np.int64(d >> shift)
        if bucket > b + mask:
            far = min(far, bucket)
        _put_in(v, _slot(bucket, b, junctions, mask), after, before)
        waiting += 1
    while waiting > 0:
        u = after[np.uint32(junctions + (b & mask))]
        if u == NIL:
            b += 1
            if b >= far:
                far = _fetch_far(b, junctions, mask, shift, dist, after, before)
            continue
        _take_out(u, after, before)
        waiting -= 1
        d = dist[u]
        for k in range(indptr[u], indptr[np.uint64(u) + np.uint64(1)]):
            longer = np.int32(d + cs[k])
            if longer > cut:
                continue
            v = head[k]
            known = dist[v]
            better = longer < known
            if owned and longer == known:
                better = owner[u] < owner[v]
            if better:
                if known == UNREACHED:
                    touched[count] = v
                    count += np.uint32(1)
                elif before[v] != NIL:
                    _take_out(v, after, before)
                    waiting -= 1
                dist[v] = longer
                if owned:
                    owner[v] = owner[u]
                bucket = np.int64(longer >> shift)
                if bucket > b + mask:
                    far = min(far, bucket)
                _put_in(v, _slot(bucket, b, junctions, mask), after, before)
                waiting += 1
    return count


@kernel
def _gather(touched, count, dist, by_node, target, offset, cut, best, hit):  # type: ignore[no-untyped-def]
    hits = np.int64(0)
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


@kernel
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


@kernel
def _emit(hit, hits, best, ids, times, at):  # type: ignore[no-untyped-def]
    for j in range(hits):
        p = hit[j]
        ids[at + j] = p
        times[at + j] = best[p]
        best[p] = UNREACHED


@kernel
def _grown(array, size, used):  # type: ignore[no-untyped-def]
    larger = np.empty(size, array.dtype)
    larger[:used] = array[:used]
    return larger


@kernel
def _table(arcs, sources, targets, direct, n_targets, cut, shift, buckets):  # type: ignore[no-untyped-def]
    indptr, head, cs = arcs
    src_ptr, src_node, src_off = sources
    by_node, target, offset = targets
    near_ptr, near, near_cs = direct
    n = indptr.size - 1
    dist, touched = np.full(n, UNREACHED, np.int32), np.empty(n, np.uint32)
    after, before = np.full(n + buckets + 1, NIL, np.uint32), np.full(n, NIL, np.uint32)
    best, hit = np.full(n_targets, UNREACHED, np.int32), np.empty(n_targets, np.int32)
    nobody = np.empty(0, np.int32)
    ptr = np.zeros(src_ptr.size, np.int64)
    ids, times = np.empty(4096, np.int32), np.empty(4096, np.int32)
    for s in range(src_ptr.size - 1):
        lo, hi = src_ptr[s], src_ptr[s + 1]
        count = _search(
            indptr, head, cs, src_node[lo:hi], src_off[lo:hi], nobody, False,
            cut, shift, buckets - 1, dist, nobody, after, before, touched,
        )  # fmt: skip
        hits = _gather(touched, count, dist, by_node, target, offset, cut, best, hit)
        hits = _direct(near_ptr[s], near_ptr[s + 1], near, near_cs, cut, best, hit, hits)
        used = ptr[s]
        if used + hits > ids.size:
            ids = _grown(ids, max(2 * ids.size, used + hits), used)
            times = _grown(times, ids.size, used)
        _emit(hit, hits, best, ids, times, used)
        ptr[s + 1] = used + hits
    return ptr, ids[: ptr[-1]].copy(), times[: ptr[-1]].copy()


@kernel
def _nearest(arcs, nodes, offsets, owners, cut, shift, buckets):  # type: ignore[no-untyped-def]
    indptr, head, cs = arcs
    n = indptr.size - 1
    dist, owner, touched = np.full(n, UNREACHED, np.int32), np.full(n, -1, np.int32), np.empty(n, np.uint32)
    after, before = np.full(n + buckets + 1, NIL, np.uint32), np.full(n, NIL, np.uint32)
    _search(
        indptr, head, cs, nodes, offsets, owners, True,
        cut, shift, buckets - 1, dist, owner, after, before, touched,
    )  # fmt: skip
    return dist, owner


def cutoff_table(
    arcs: Csr,
    sources: Csr,
    *,
    targets: Csr,
    direct: Csr,
    target_count: int,
    cut: int,
    shift: int = SHIFT,
    buckets: int = BUCKETS,
) -> Csr:
    """Times from each source to every target within an inclusive cutoff.

    Parameters
    ----------
    arcs : CSR of the network: start of each junction's arcs, their heads, their centiseconds (at least 1).
    sources : start of each source's entries, the junctions it enters by, the centiseconds until there.
    targets : start of each junction's targets, the targets, the centiseconds from the junction to them.
    direct : start of each source's direct legs (both on one road), the targets, the whole time.
    target_count, cut : number of targets; centiseconds below 2**30.
    shift, buckets : of the queue; the answer does not depend on them.

    Returns
    -------
    Start of each source's row, the targets reached (in no order), their centiseconds.
    """
    found: Csr = _table(
        _as_csr(arcs, np.uint32, np.uint32),
        _as_csr(sources, np.int64, np.uint32),
        _as_csr(targets, np.int64, np.int32),
        _as_csr(direct, np.int64, np.int32),
        np.int64(target_count),
        np.int32(cut),
        np.int64(shift),
        np.int64(buckets),
    )
    return found


def nearest_source(
    arcs: Csr, sources: Csr, *, cut: int, shift: int = SHIFT, buckets: int = BUCKETS
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """For every junction the centiseconds from its nearest source, and which source that is.

    ``sources``: junctions, centiseconds until there, owners (a source may enter by several junctions). Of sources
    equally near, the lowest. A junction beyond the cutoff has UNREACHED and owner -1.
    """
    nodes, offsets, owners = (np.ascontiguousarray(a, t) for a, t in zip(sources, _OWNED, strict=True))
    csr = _as_csr(arcs, np.uint32, np.uint32)
    dist, owner = _nearest(csr, nodes, offsets, owners, np.int32(cut), np.int64(shift), np.int64(buckets))
    return dist, owner


_OWNED = (np.uint32, np.int32, np.int32)


def _as_csr(csr: Csr, start: type, place: type) -> Csr:
    """One layout a kernel: another would be compiled anew."""
    first, second, third = csr
    return (
        np.ascontiguousarray(first, start),
        np.ascontiguousarray(second, place),
        np.ascontiguousarray(third, np.int32),
    )
