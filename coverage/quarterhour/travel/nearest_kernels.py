"""The nearest sources: the one, of each kind, or several. Time and owner in one word, so ties go to the lower owner.

A key is centiseconds << 32 | owner. One search from all sources at once keeps the least key of each junction, or
the k least with different owners; what is least at a junction is least at the places joined to it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quarterhour.base.arrays import AnyArray, IntArray, ragged
from quarterhour.base.jit import COMPILED, kernel
from quarterhour.travel import dijkstra_scipy
from quarterhour.travel.dijkstra import (
    NIL,
    OWNED,
    SHORT,
    STOPPED,
    UNREACHED,
    Desk,
    cutoff_table,
    deal_out,
    entry,
    push,
    settle,
)
from quarterhour.travel.search_arrays import SearchArrays

NOBODY = np.uint64(2**64 - 1)
"""The key of what nobody reaches."""
_UNREACHED_BY_ANY = np.uint64(int(UNREACHED) << 32 | 0xFFFFFFFF)
Nearest = tuple[NDArray[np.int32], NDArray[np.int32]]


@kernel
def key_of(time, owner):  # type: ignore[no-untyped-def]
    return (np.uint64(time) << np.uint64(32)) | np.uint64(owner)


@kernel
def _at_targets(found, direct, chosen, targets, best, limit):  # type: ignore[no-untyped-def]
    """Lower the keys of targets to the least: through the junctions they are joined to, or along their own road."""
    by_node, target, offset = targets
    start, near, time = direct
    for v in range(found.size):
        if found[v] < limit:
            for k in range(by_node[v], by_node[v + 1]):
                best[target[k]] = min(best[target[k]], found[v] + (np.uint64(offset[k]) << np.uint64(32)))
    for s in chosen:
        for k in range(start[s], start[s + 1]):
            best[near[k]] = min(best[near[k]], key_of(time[k], s))


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
    """As ``dijkstra.settle`` with the k least keys of each junction, ``least[k * v : k * (v + 1)]``, rising."""
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
def _several_at_targets(least, k, direct, chosen, targets, best, limit):  # type: ignore[no-untyped-def]
    """The same with the k least keys of every target, rising."""
    by_node, target, offset = targets
    start, near, time = direct
    for v in range(by_node.size - 1):
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


# --- in arrays


def nearest_to_targets(search: SearchArrays, *, cut: int, chosen: AnyArray | None = None) -> Nearest:
    """For every target the centiseconds from its nearest source, UNREACHED beyond the cutoff, and which, else -1.

    ``chosen``: these sources alone. Of sources equally near, the lowest.
    """
    some, nodes, offsets, owners = _entering(search, chosen)
    limit, targets = np.uint64((cut + 1) << 32), search.targets
    if not COMPILED:
        found = dijkstra_scipy.nearest(search.arcs, nodes, offsets, owners, cut=cut)
        if targets is not None:
            found = dijkstra_scipy.keys_at_targets(found, targets, search.direct, some, search.target_count)
        return _parted(found, limit)
    desk, keys = Desk(search, limit), _keys(offsets, owners)
    while settle(*search.arcs, nodes, keys, OWNED, desk.shift, search.stop, *desk.arrays[:3]) == SHORT:
        desk.make_room()
    found = desk.dist
    if targets is not None:
        found = np.full(search.target_count, limit)
        _at_targets(desk.dist, search.direct, some, targets, found, limit)
    return _parted(found, limit)


def several_to_targets(search: SearchArrays, *, k: int, cut: int, chosen: AnyArray | None = None) -> Nearest:
    """As ``nearest_to_targets``, with k sources a target (targets x k), nearest first; it needs ``targets``."""
    some, nodes, offsets, owners = _entering(search, chosen)
    limit, each = np.uint64((cut + 1) << 32), (search.target_count, k)
    if not COMPILED:
        return _parted(dijkstra_scipy.several(cutoff_table(search, cut=cut), some, *each), limit)
    desk, keys, state = Desk(search, NOBODY, width=k), _keys(offsets, owners), SHORT
    while state == SHORT:
        room = len(desk.waiting)
        held = np.empty(room, np.uint64), np.empty(room, np.uint32)
        state = _settle_several(
            *search.arcs, k, nodes, keys, limit, desk.shift, search.stop, *desk.arrays[:3], *held
        )  # fmt: skip
        if state == SHORT:
            desk.make_room()
    best = np.full(each, NOBODY)
    _several_at_targets(desk.dist, k, search.direct, some, search.targets, best.ravel(), limit)
    return _parted(best, limit)


def _entering(search: SearchArrays, chosen: AnyArray | None) -> tuple[IntArray, AnyArray, AnyArray, AnyArray]:
    """The chosen sources; the junctions by which they enter, the centiseconds until there, and whose entry it is."""
    start, nodes, offsets = search.sources
    some = np.arange(search.source_count) if chosen is None else np.sort(np.asarray(chosen, np.int64))
    row, at = ragged(start[some], start[some + 1] - start[some])
    return some, nodes[at], offsets[at], some[row]


def _keys(cs: AnyArray, owners: AnyArray) -> NDArray[np.uint64]:
    return (cs.astype(np.uint64) << np.uint64(32)) | owners.astype(np.uint64)


def _parted(keys: NDArray[np.uint64], limit: np.uint64) -> Nearest:
    """Centiseconds and owners of the keys below a limit; ``keys`` is used up."""
    keys[keys >= limit] = _UNREACHED_BY_ANY
    halves = keys.astype("<u8", copy=False).view("<i4").reshape(*keys.shape, 2)
    return halves[..., 1].copy(), halves[..., 0].copy()
