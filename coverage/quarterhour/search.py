"""Shortest-path kernels: arrays in, arrays out.

A bucket queue over whole centiseconds (Dial 1969), buckets wider than one, label correcting inside a bucket, so
exact. A junction that came nearer is put into its bucket once more; what it left behind is passed over. The last
bucket holds all that lies beyond the others and is dealt out when its turn comes, so one long road (a ferry of two
hours) does not size the queue. The loop over the arcs of a junction has no branch that a processor could guess
wrongly, its arrays are made outside and none is bound anew in it: measured, together 2.4 times as quick.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quarterhour import plain
from quarterhour.kernels import COMPILED, kernel

UNREACHED = np.int32(2**31 - 1)
NIL = np.uint32(0xFFFFFFFF)
SHORT, STOPPED = -1, -2
"""What a search returns when its queue needs more room, and when it was told to stop."""

Csr = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
Stop = NDArray[np.uint8]


class Queue(NamedTuple):
    """Measures of the queue; no answer depends on them.

    Buckets are 2**shift centiseconds wide, less than most roads take; so many of them (an hour and a half) that
    their heads fit into the nearest cache. ``room``: junctions that wait at once, at first.
    """

    shift: int = 7
    buckets: int = 1 << 12
    room: int | None = None

    def of(self, arcs: Csr) -> tuple[np.int64, np.int64, np.int64]:
        """In the one type that kernels are compiled for."""
        size = len(arcs[0]) + len(arcs[1]) if self.room is None else self.room
        return np.int64(self.shift), np.int64(self.buckets), np.int64(size)


QUEUE = Queue()


@kernel
def deal_out(first, waiting, dist, shift, base):  # type: ignore[no-untyped-def]
    """Spread what waits in the last bucket over a queue that begins anew; where it begins, how many were dropped."""
    last = np.int64(first.size - 1)
    e = first[last]
    first[last] = NIL
    start, held, dropped = np.int64(2**62), NIL, np.int64(0)
    while e != NIL:
        following = waiting[e, 1]
        bucket = np.int64(dist[waiting[e, 0]] >> shift)
        if bucket < base + last:  # it came nearer and was settled
            dropped += 1
        else:
            start = min(start, bucket)
            waiting[e, 1] = held
            held = e
        e = following
    while held != NIL:
        following = waiting[held, 1]
        slot = min(np.int64(dist[waiting[held, 0]] >> shift) - start, last)
        waiting[held, 1] = first[slot]
        first[slot] = held
        held = following
    return start, dropped


@kernel
def settle(indptr, head, cs, nodes, offsets, cut, shift, stop, dist, first, waiting, touched):  # type: ignore[no-untyped-def]  # noqa: E501
    """Reach all junctions within the cutoff: how many stand in ``touched``, their centiseconds in ``dist``.

    ``dist`` comes all UNREACHED, ``first`` all NIL and leaves so. ``waiting``: room for (junction, next in its bucket).
    SHORT when that does not suffice, STOPPED when ``stop`` was set; then nothing else holds.
    """
    last, size = np.int64(first.size - 1), np.int64(waiting.shape[0])
    base, b, live = np.int64(cut >> shift), np.int64(0), np.int64(0)
    top, count = np.uint32(0), np.uint32(0)
    for i in range(nodes.size):
        base = min(base, np.int64(offsets[i] >> shift))
    for i in range(nodes.size):
        v, d = nodes[i], offsets[i]
        if d > cut or d >= dist[v]:
            continue
        if top == size:
            return SHORT
        if dist[v] == UNREACHED:
            touched[count] = v
            count += np.uint32(1)
        dist[v] = d
        slot = min(np.int64(d >> shift) - base, last)
        waiting[top, 0], waiting[top, 1] = v, first[slot]
        first[slot] = top
        top += np.uint32(1)
        live += 1
    while live > 0:
        e = first[b]
        if e == NIL or b == last:
            if stop[0] != 0:
                return STOPPED
            b += 1
            if b > last:
                base, dropped = deal_out(first, waiting, dist, shift, base)
                live -= dropped
                b = np.int64(0)
            continue
        first[b] = waiting[e, 1]
        u = waiting[e, 0]
        live -= 1
        d = dist[u]
        if np.int64(d >> shift) - base != b:
            continue
        since, until = indptr[u], indptr[np.uint64(u) + np.uint64(1)]
        if np.int64(top) + np.int64(until - since) > size:
            return SHORT
        for k in range(since, until):
            v = head[k]
            longer = np.int64(d) + np.int64(cs[k])
            known = dist[v]
            better = (longer < known) & (longer <= cut)
            touched[count] = v
            count += np.uint32(better & (known == UNREACHED))
            dist[v] = longer if better else known
            place = np.uint64(min((longer >> shift) - base, last))
            nearest = first[place]
            waiting[top, 0], waiting[top, 1] = v, nearest
            first[place] = top if better else nearest
            top += np.uint32(better)
            live += np.int64(better)
    return np.int64(count)


@kernel
def desk(junctions, buckets, room):  # type: ignore[no-untyped-def]
    """What a search writes on, made once for many: dist, first, waiting, touched."""
    return (
        np.full(junctions, UNREACHED, np.int32),
        np.full(buckets + 1, NIL, np.uint32),
        np.empty((room, 2), np.uint32),
        np.empty(junctions + 1, np.uint32),
    )


@kernel
def spread(arcs, nodes, offsets, cut, shift, stop, work):  # type: ignore[no-untyped-def]
    """``settle``, with more room where it ran short; the desk is given back, it may be another."""
    indptr, head, cs = arcs
    dist, first, waiting, touched = work
    while True:
        count = settle(indptr, head, cs, nodes, offsets, cut, shift, stop, dist, first, waiting, touched)
        if count != SHORT:
            return count, (dist, first, waiting, touched)
        dist[:] = UNREACHED
        first[:] = NIL
        waiting = np.empty((2 * waiting.shape[0] + 2 * nodes.size, 2), np.uint32)


@kernel
def gather(touched, count, dist, targets, cut, best, hit):  # type: ignore[no-untyped-def]
    """Best times of the targets at the junctions touched, which are forgotten; how many targets were hit."""
    by_node, target, offset = targets
    hits = np.int64(0)
    for j in range(count):
        v = touched[j]
        d = np.int64(dist[v])
        dist[v] = UNREACHED
        for k in range(by_node[v], by_node[np.uint64(v) + np.uint64(1)]):
            p, t = target[k], d + np.int64(offset[k])
            known = best[p]
            better = (t < known) & (t <= cut)
            hit[hits] = p
            hits += np.int64(better & (known == UNREACHED))
            best[p] = t if better else known
    return hits


@kernel
def gather_direct(direct, s, cut, best, hit, hits):  # type: ignore[no-untyped-def]
    """The same for the legs of source s along its own road."""
    start, target, time = direct
    for k in range(start[s], start[s + 1]):
        p, t = target[k], time[k]
        if t <= cut and t < best[p]:
            if best[p] == UNREACHED:
                hit[hits] = p
                hits += 1
            best[p] = t
    return hits


@kernel
def _grown(array, size, used):  # type: ignore[no-untyped-def]
    larger = np.empty(size, array.dtype)
    larger[:used] = array[:used]
    return larger


@kernel
def _emit(hit, hits, best, ids, times):  # type: ignore[no-untyped-def]
    for j in range(hits):
        p = hit[j]
        ids[j], times[j] = p, best[p]
        best[p] = UNREACHED


@kernel
def _table(arcs, sources, targets, direct, target_count, cut, most, shift, buckets, room, stop):  # type: ignore[no-untyped-def]  # noqa: E501
    start, nodes, offsets = sources
    work = desk(arcs[0].size - 1, buckets, room)
    best, hit = np.full(target_count, UNREACHED, np.int32), np.empty(target_count + 1, np.uint32)
    row = np.zeros(start.size, np.int64)
    ids, times = np.empty(4096, np.uint32), np.empty(4096, np.int32)
    for s in range(start.size - 1):
        lo, hi = start[s], start[s + 1]
        count, work = spread(arcs, nodes[lo:hi], offsets[lo:hi], cut, shift, stop, work)
        if count == STOPPED:
            break
        hits = gather(work[3], count, work[0], targets, cut, best, hit)
        hits = gather_direct(direct, s, cut, best, hit, hits)
        used = row[s]
        if used + hits > ids.size:
            ids = _grown(ids, max(2 * ids.size, used + hits), used)
            times = _grown(times, ids.size, used)
        _emit(hit, hits, best, ids[used:], times[used:])
        row[s + 1] = used + hits
        if row[s + 1] > most:
            row = row[: s + 2]
            break
    return row, ids, times


@kernel
def _balls(arcs, sources, cut, shift, buckets, room, stop):  # type: ignore[no-untyped-def]
    start, nodes, offsets = sources
    n = arcs[0].size - 1
    dist, first, waiting, _ = desk(n, buckets, room)
    row = np.zeros(start.size, np.int64)
    ids, times = np.empty(2 * (n + 1), np.uint32), np.empty(2 * (n + 1), np.int32)
    for s in range(start.size - 1):
        lo, hi, used = start[s], start[s + 1], row[s]
        if used + n + 1 > ids.size:
            ids = _grown(ids, 2 * ids.size, used)
            times = _grown(times, ids.size, used)
        touched = ids[used:]
        count, (dist, first, waiting, touched) = spread(
            arcs, nodes[lo:hi], offsets[lo:hi], cut, shift, stop, (dist, first, waiting, touched)
        )
        if count == STOPPED:
            break
        out = times[used:]
        for j in range(count):
            out[j] = dist[touched[j]]
            dist[touched[j]] = UNREACHED
        row[s + 1] = used + count
    return row, ids, times


def cutoff_table(
    arcs: Csr,
    sources: Csr,
    *,
    targets: Csr | None = None,
    direct: Csr | None = None,
    target_count: int | None = None,
    cut: int,
    queue: Queue = QUEUE,
    stop: Stop | None = None,
    most: int | None = None,
) -> Csr:
    """Times from each source to every target within an inclusive cutoff.

    Parameters
    ----------
    arcs : CSR of the network: start of each junction's arcs, their heads, their centiseconds (0 or more).
    sources : start of each source's entries, the junctions it enters by, the centiseconds until there.
    targets : start of each junction's targets, the targets, the centiseconds from the junction to them; without
        them the junctions are the targets.
    direct : start of each source's direct legs (both on one road), the targets, the whole time.
    target_count, cut : number of targets; centiseconds below 2**30.
    queue : its measures; the answer does not depend on them.
    stop : set its one element and the search ends soon; what is returned then is not whole.
    most : with more pairs than that the table ends; the sources that are left out have no rows.

    Returns
    -------
    Start of each source's row, the targets reached (in no order), their centiseconds.
    """
    arcs, sources = as_csr(arcs), as_csr(sources, start=np.int64)
    told, pairs = as_stop(stop), np.int64(2**62) if most is None else np.int64(most)
    count = len(arcs[0]) - 1 if target_count is None or targets is None else target_count
    legs = as_csr(none_direct(len(sources[0]) - 1) if direct is None else direct, start=np.int64)
    if not COMPILED:
        return plain.table(
            arcs, sources, targets=targets, direct=legs, target_count=count, cut=cut, most=int(pairs), stop=told
        )  # fmt: skip
    if targets is None and direct is None and most is None:
        row, ids, times = _balls(arcs, sources, np.int32(cut), *queue.of(arcs), told)
    else:
        held = as_csr(each_junction(count) if targets is None else targets)
        row, ids, times = _table(
            arcs, sources, held, legs, np.int64(count), np.int32(cut), pairs, *queue.of(arcs), told
        )
    return row, ids[: row[-1]].view(np.int32), times[: row[-1]]


def as_stop(stop: Stop | None) -> Stop:
    """What a kernel looks at to know whether to go on."""
    return np.zeros(1, np.uint8) if stop is None else stop


def as_csr(csr: Csr, *, start: type = np.uint32) -> Csr:
    """One layout a kernel: another would be compiled anew."""
    first, second, third = csr
    return (
        np.ascontiguousarray(first, start),
        np.ascontiguousarray(second, np.uint32),
        np.ascontiguousarray(third, np.int32),
    )


def none_direct(count: int) -> Csr:
    """No direct legs for so many sources."""
    return np.zeros(count + 1, np.int64), np.empty(0, np.uint32), np.empty(0, np.int32)


def each_junction(count: int) -> Csr:
    """Targets that stand on the junctions, one each."""
    every = np.arange(count + 1, dtype=np.uint32)
    return every, every[:-1], np.zeros(count, np.int32)
