"""The nearest sources: the one, of each kind, or several. Time and owner in one word, so ties go to the lower owner.

A key is centiseconds << 32 | owner. One search from all sources at once keeps the least key of each junction, or
the k least with different owners; what is least at a junction is least at the places joined to it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quarterhour.base.arrays import AnyArray, Csr, IntArray, StopFlag
from quarterhour.base.jit import COMPILED, kernel
from quarterhour.travel import dijkstra_scipy
from quarterhour.travel.dijkstra import (
    NIL,
    OWNED,
    QUEUE,
    SHORT,
    STOPPED,
    UNREACHED,
    Queue,
    as_csr,
    as_stop,
    cutoff_table,
    deal_out,
    entry,
    none_direct,
    push,
    settle,
)

NOBODY = np.uint64(2**64 - 1)
"""The key of what nobody reaches."""
Nearest = tuple[NDArray[np.int32], NDArray[np.int32]]


@kernel
def key_of(time, owner):  # type: ignore[no-untyped-def]
    return (np.uint64(time) << np.uint64(32)) | np.uint64(owner)


@kernel
def _spread(arcs, nodes, keys, limit, shift, buckets, room, stop):  # type: ignore[no-untyped-def]
    """The least key of every junction, the limit where nobody comes; more room where it ran short."""
    indptr, head, cs = arcs
    key, first = np.full(indptr.size - 1, limit, np.uint64), np.full(buckets + 1, NIL, np.uint32)
    waiting = np.empty(room, np.uint64)
    while settle(indptr, head, cs, nodes, keys, OWNED, shift, stop, key, first, waiting) == SHORT:
        key[:] = limit
        first[:] = NIL
        waiting = np.empty(2 * waiting.size + 2 * nodes.size + 2, np.uint64)
    return key


@kernel
def _begin(sources, chosen):  # type: ignore[no-untyped-def]
    """Junctions and keys by which the chosen sources enter."""
    start, nodes, offsets = sources
    size = np.int64(0)
    for s in chosen:
        size += start[s + 1] - start[s]
    node, key, at = np.empty(size, np.uint32), np.empty(size, np.uint64), 0
    for s in chosen:
        for e in range(start[s], start[s + 1]):
            node[at], key[at] = nodes[e], key_of(offsets[e], s)
            at += 1
    return node, key


@kernel
def _nearest(arcs, sources, chosen, targets, direct, target_count, limit, shift, buckets, room, stop):  # type: ignore[no-untyped-def]  # noqa: E501
    """The least key of every target."""
    by_node, target, offset = targets
    start, near, time = direct
    node, key = _begin(sources, chosen)
    found = _spread(arcs, node, key, limit, shift, buckets, room, stop)
    best = np.full(target_count, limit, np.uint64)
    for v in range(found.size):
        if found[v] < limit:
            for k in range(by_node[v], by_node[v + 1]):
                best[target[k]] = min(best[target[k]], found[v] + (np.uint64(offset[k]) << np.uint64(32)))
    for s in chosen:
        for k in range(start[s], start[s + 1]):
            best[near[k]] = min(best[near[k]], key_of(time[k], s))
    return best


# --- several


@kernel
def _take_in(least, at, k, key):  # type: ignore[no-untyped-def]
    """Put a key among the k least with different owners, in order; is it one of them?"""
    if key >= least[at + k - 1]:
        return False
    owner, end = np.uint32(key), at + k - 1
    for i in range(at, at + k):
        if np.uint32(least[i]) == owner and least[i] != NOBODY:
            if least[i] <= key:
                return False
            end = i
            break
    while end > at and least[end - 1] > key:
        least[end] = least[end - 1]
        end -= 1
    least[end] = key
    return True


@kernel
def _settle_several(indptr, head, cs, k, nodes, keys, limit, shift, stop, least, first, waiting, held, where):  # type: ignore[no-untyped-def]  # noqa: E501
    """As ``_settle`` with the k least keys of each junction, ``least[k * v : k * (v + 1)]``, rising."""
    last, size = np.int64(first.size - 1), np.int64(held.size)
    base, b, live = np.int64(2**62), np.int64(0), np.int64(0)
    top, free = np.uint32(0), NIL
    for i in range(nodes.size):
        base = min(base, np.int64(keys[i] >> shift))
    for i in range(nodes.size):
        if keys[i] >= limit or not _take_in(least, k * np.int64(nodes[i]), k, keys[i]):
            continue
        if top == size:
            return SHORT
        held[top], where[top] = keys[i], nodes[i]
        push(first, waiting, top, top, np.int64(keys[i] >> shift) - base)
        top += np.uint32(1)
        live += 1
    while live > 0:
        e = first[b]
        if e == NIL or b == last:
            if stop[0] != 0:
                return STOPPED
            b += 1
            if b > last:
                base, _ = deal_out(first, waiting, held, shift, base)
                b = np.int64(0)
            continue
        first[b] = np.uint32(waiting[e] >> np.uint64(32))
        waiting[e] = entry(e, free)
        free = e
        live -= 1
        u, mine = np.int64(where[e]), held[e]
        if mine > least[k * u + k - 1]:
            continue
        current = False
        for i in range(k * u, k * u + k):
            current = current or least[i] == mine
        if not current:
            continue
        for j in range(indptr[u], indptr[u + 1]):
            longer = mine + (np.uint64(cs[j]) << np.uint64(32))
            if longer >= limit or not _take_in(least, k * np.int64(head[j]), k, longer):
                continue
            if free != NIL:
                e = free
                free = np.uint32(waiting[e] >> np.uint64(32))
            else:
                if top == size:
                    return SHORT
                e = top
                top += np.uint32(1)
            held[e], where[e] = longer, head[j]
            push(first, waiting, e, e, np.int64(longer >> shift) - base)
            live += 1
    return 0


@kernel
def _several(arcs, sources, chosen, k, targets, direct, target_count, limit, shift, buckets, room, stop):  # type: ignore[no-untyped-def]  # noqa: E501
    """The k least keys of every target, rising."""
    indptr, head, cs = arcs
    by_node, target, offset = targets
    start, near, time = direct
    node, key = _begin(sources, chosen)
    least, first = np.full(k * (indptr.size - 1), NOBODY, np.uint64), np.full(buckets + 1, NIL, np.uint32)
    while True:
        waiting, held, where = np.empty(room, np.uint64), np.empty(room, np.uint64), np.empty(room, np.uint32)
        found = _settle_several(
            indptr, head, cs, k, node, key, limit, shift, stop, least, first, waiting, held, where
        )  # fmt: skip
        if found != SHORT:
            break
        least[:] = NOBODY
        first[:] = NIL
        room = 2 * room + 2 * node.size
    best = np.full(k * target_count, NOBODY, np.uint64)
    for v in range(indptr.size - 1):
        for e in range(by_node[v], by_node[v + 1]):
            for i in range(k * v, k * v + k):
                longer = least[i] + (np.uint64(offset[e]) << np.uint64(32))
                if least[i] == NOBODY or longer >= limit:
                    break
                _take_in(best, k * np.int64(target[e]), k, longer)
    for s in chosen:
        for e in range(start[s], start[s + 1]):
            if key_of(time[e], s) < limit:
                _take_in(best, k * np.int64(near[e]), k, key_of(time[e], s))
    return best


# --- in arrays


def nearest_source(
    arcs: Csr,
    sources: Csr,
    *,
    cut: int,
    queue: Queue = QUEUE,
    stop: StopFlag | None = None,
) -> Nearest:
    """For every junction the centiseconds from its nearest source, and which source that is.

    ``sources``: junctions, centiseconds until there, owners (a source may enter by several junctions). Of sources
    equally near, the lowest. A junction beyond the cutoff has UNREACHED and owner -1.
    """
    arcs = as_csr(arcs)
    nodes, offsets, owners = (np.ascontiguousarray(a, t) for a, t in zip(sources, _OWNED, strict=True))
    if not COMPILED:
        return _parted(dijkstra_scipy.nearest(arcs, nodes, offsets, owners, cut=cut))
    keys = (offsets.astype(np.uint64) << np.uint64(32)) | owners.astype(np.uint64)
    return _parted(_spread(arcs, nodes, keys, _limit(cut), *_measures(queue, arcs), as_stop(stop)), _limit(cut))


def nearest_to_targets(
    arcs: Csr,
    sources: Csr,
    *,
    targets: Csr,
    direct: Csr | None = None,
    target_count: int,
    cut: int,
    chosen: AnyArray | None = None,
    queue: Queue = QUEUE,
    stop: StopFlag | None = None,
) -> Nearest:
    """For every target the centiseconds from its nearest source, UNREACHED beyond the cutoff, and which, else -1.

    Arrays as ``search.cutoff_table`` has them; ``chosen``: these sources alone. Of sources equally near, the lowest.
    """
    arcs, sources, held = as_csr(arcs), as_csr(sources, start=np.int64), as_csr(targets)
    some = _chosen(chosen, sources)
    legs = as_csr(none_direct(len(sources[0]) - 1) if direct is None else direct, start=np.int64)
    if not COMPILED:
        owner = np.repeat(np.arange(len(sources[0]) - 1), np.diff(sources[0]))
        mine = np.isin(owner, some)
        keys = dijkstra_scipy.nearest(arcs, sources[1][mine], sources[2][mine], owner[mine], cut=cut)
        return _parted(dijkstra_scipy.keys_at_targets(keys, held, legs, some, target_count, cut))
    rest = np.int64(target_count), _limit(cut), *_measures(queue, arcs), as_stop(stop)
    return _parted(_nearest(arcs, sources, some, held, legs, *rest), _limit(cut))


def several_to_targets(
    arcs: Csr,
    sources: Csr,
    *,
    k: int,
    targets: Csr,
    direct: Csr | None = None,
    target_count: int,
    cut: int,
    chosen: AnyArray | None = None,
    queue: Queue = QUEUE,
    stop: StopFlag | None = None,
) -> Nearest:
    """As ``nearest_to_targets``, with k sources a target (targets x k), nearest first."""
    arcs, sources, held = as_csr(arcs), as_csr(sources, start=np.int64), as_csr(targets)
    some = _chosen(chosen, sources)
    legs = as_csr(none_direct(len(sources[0]) - 1) if direct is None else direct, start=np.int64)
    if not COMPILED:
        found = cutoff_table(arcs, sources, targets=held, direct=legs, target_count=target_count, cut=cut, stop=stop)
        return _parted(dijkstra_scipy.several(found, some, target_count, k))
    rest = np.int64(target_count), _limit(cut), *_measures(queue, arcs), as_stop(stop)
    return _parted(_several(arcs, sources, some, np.int64(k), held, legs, *rest).reshape(target_count, k))


_OWNED = (np.uint32, np.int32, np.int32)


def _chosen(chosen: AnyArray | None, sources: Csr) -> IntArray:
    return np.arange(len(sources[0]) - 1) if chosen is None else np.sort(np.asarray(chosen, np.int64))


def _limit(cut: int) -> np.uint64:
    """Keys below are within the cutoff."""
    return np.uint64((cut + 1) << 32)


def _measures(queue: Queue, arcs: Csr) -> tuple[np.uint64, np.int64, np.int64]:
    room = len(arcs[0]) + len(arcs[1]) if queue.room is None else queue.room
    return np.uint64(32 + queue.shift), np.int64(queue.buckets), np.int64(room)


def _parted(keys: NDArray[np.uint64], limit: np.uint64 = NOBODY) -> Nearest:
    """Centiseconds and owners of the keys below a limit."""
    some = keys < limit
    cs = np.where(some, (keys >> np.uint64(32)).astype(np.int32), UNREACHED)
    return cs, np.where(some, keys.astype(np.uint32).view(np.int32), np.int32(-1))
