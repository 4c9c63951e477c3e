"""Shortest-path kernels: arrays in, arrays out.

A bucket queue over whole centiseconds (Dial 1969), buckets wider than one, label correcting inside a bucket, so
exact. A junction that came nearer waits once more; what it left behind is passed over. The last
bucket holds all that lies beyond the others and is dealt out when its turn comes, so one long road (a ferry of two
hours) does not size the queue. The loop over the arcs of a junction has no branch that a processor could guess
wrongly, its arrays are made outside and none is bound anew in it: measured, together three times as quick.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quarterhour.base.arrays import AnyArray, Csr
from quarterhour.base.jit import COMPILED, kernel
from quarterhour.travel import dijkstra_scipy
from quarterhour.travel.search_arrays import SearchArrays

UNREACHED = np.int32(2**31 - 1)
NIL = np.uint32(0xFFFFFFFF)
SHORT, STOPPED, FRESH = -1, -2, -3
"""A search whose queue needs more room, that was told to stop, that is yet to begin."""

FINE, OWNED = np.uint64(0), np.uint64(32)
"""Grains: centiseconds alone, and with an owner below."""

Work = tuple[AnyArray, NDArray[np.uint32], NDArray[np.uint64], NDArray[np.int32], NDArray[np.uint32]]
"""``Desk.arrays``: ``dist``, ``first``, ``waiting``, ``best``, ``hit``."""


@kernel
def entry(junction, following):  # type: ignore[no-untyped-def]
    """Who waits, and who comes next in the same bucket, in one word."""
    return (np.uint64(following) << np.uint64(32)) | np.uint64(junction)


@kernel
def push(first, waiting, e, v, bucket):  # type: ignore[no-untyped-def]
    """Entry e waits for v in a bucket, or in the last, which holds what lies beyond."""
    slot = min(bucket, np.int64(first.size - 1))
    waiting[e] = entry(v, first[slot])
    first[slot] = e


@kernel
def deal_out(first, waiting, dist, shift, base):  # type: ignore[no-untyped-def]
    """Spread what waits in the last bucket over a queue that begins anew; where it begins, how many were dropped."""
    last = np.int64(first.size - 1)
    e = first[last]
    first[last] = NIL
    start, held, dropped = np.int64(2**62), NIL, np.int64(0)
    while e != NIL:
        v, following = np.uint32(waiting[e]), np.uint32(waiting[e] >> np.uint64(32))
        bucket = np.int64(np.uint64(dist[v]) >> shift)
        if bucket < base + last:  # it came nearer and was settled
            dropped += 1
        else:
            start = min(start, bucket)
            waiting[e] = entry(v, held)
            held = e
        e = following
    while held != NIL:
        v, following = np.uint32(waiting[held]), np.uint32(waiting[held] >> np.uint64(32))
        push(first, waiting, held, v, np.int64(np.uint64(dist[v]) >> shift) - start)
        held = following
    return start, dropped


@kernel
def settle(indptr, head, cs, nodes, offsets, grain, shift, stop, dist, first, waiting):  # type: ignore[no-untyped-def]
    """Lower ``dist`` of all junctions to the least that leads there; how many entries of ``waiting`` name them.

    ``dist``: whole centiseconds, ``grain`` 0; or centiseconds << ``grain`` with an owner below them, which goes along.
    It comes all at what nothing reaches; ``first`` comes all NIL and leaves so. A junction may be named more than
    once. SHORT when ``waiting`` does not suffice, STOPPED when ``stop`` was set; then nothing else holds.
    """
    last, size = np.int64(first.size - 1), np.int64(waiting.size)
    base, b, done, top = np.int64(2**62), np.int64(0), np.int64(0), np.uint32(0)
    for i in range(nodes.size):
        base = min(base, np.int64(np.uint64(offsets[i]) >> shift))
    for i in range(nodes.size):
        v, d = nodes[i], offsets[i]
        if d >= dist[v]:
            continue
        if top == size:
            return SHORT
        dist[v] = d
        push(first, waiting, top, v, np.int64(np.uint64(d) >> shift) - base)
        top += np.uint32(1)
    while done < np.int64(top):
        e = first[b]
        if e == NIL or b == last:
            if stop[0] != 0:
                return STOPPED
            b += 1
            if b > last:
                base, dropped = deal_out(first, waiting, dist, shift, base)
                done += dropped
                b = np.int64(0)
            continue
        word = waiting[e]
        first[b] = np.uint32(word >> np.uint64(32))
        u = np.uint32(word)
        done += 1
        mine = np.uint64(dist[u])
        if np.int64(mine >> shift) - base != b:
            continue
        since, until = indptr[u], indptr[np.uint64(u) + np.uint64(1)]
        if np.int64(top) + np.int64(until - since) >= size:
            return SHORT
        for k in range(since, until):
            v = head[k]
            longer = mine + (np.uint64(cs[k]) << grain)
            known = np.uint64(dist[v])
            better = longer < known
            dist[v] = longer if better else known
            place = np.uint64(min(np.int64(longer >> shift) - base, last))
            nearest = first[place]
            waiting[top] = entry(v, nearest)
            first[place] = top if better else nearest
            top += np.uint32(better)
    return np.int64(top)


@kernel
def _reach(arcs, sources, s, shift, stop, work):  # type: ignore[no-untyped-def]
    """``settle`` from source s."""
    indptr, head, cs = arcs
    start, nodes, offsets = sources
    dist, first, waiting, _, _ = work
    lo, hi = start[s], start[s + 1]
    return settle(indptr, head, cs, nodes[lo:hi], offsets[lo:hi], FINE, shift, stop, dist, first, waiting)


@kernel
def _gather(work, named, targets, cut):  # type: ignore[no-untyped-def]
    """Best times of the targets at the junctions reached, which are forgotten; how many targets were hit."""
    dist, _, waiting, best, hit = work
    by_node, target, offset = targets
    hits, far = np.int64(0), np.int32(cut + 1)
    for j in range(named):
        v = np.uint32(waiting[j])
        d = np.int64(dist[v])
        if d == far:
            continue
        dist[v] = far
        for k in range(by_node[v], by_node[np.uint64(v) + np.uint64(1)]):
            p, t = target[k], d + np.int64(offset[k])
            known = best[p]
            better = (t < known) & (t <= cut)
            hit[hits] = p
            hits += np.int64(better & (known == UNREACHED))
            best[p] = t if better else known
    return hits


@kernel
def hits_of(given, s, cut, shift, stop, work):  # type: ignore[no-untyped-def]
    """Search from source s: how many targets were hit, which, and their best times; SHORT; STOPPED."""
    arcs, sources, targets, (start, target, time) = given
    _, _, _, best, hit = work
    hits = _reach(arcs, sources, s, shift, stop, work)
    if hits < 0:
        return hits
    hits = _gather(work, hits, targets, cut)
    for k in range(start[s], start[s + 1]):
        p, t = target[k], time[k]
        if t <= cut and t < best[p]:
            if best[p] == UNREACHED:
                hit[hits] = p
                hits += 1
            best[p] = t
    return hits


@kernel
def _emit(work, hits, ids, times):  # type: ignore[no-untyped-def]
    _, _, _, best, hit = work
    for j in range(hits):
        p = hit[j]
        ids[j], times[j] = p, best[p]
        best[p] = UNREACHED


@kernel
def _table(given, cut, most, shift, stop, work, row, ids, times, s, hits):  # type: ignore[no-untyped-def]
    """Fill the rows from source s on, whose hits may wait already; at which source it ended, and why.

    FRESH at the end; hits that found no room; SHORT; STOPPED.
    """
    while s < row.size - 1:
        if hits == FRESH:
            hits = hits_of(given, s, cut, shift, stop, work)
            if hits < 0:
                return s, hits
        used = row[s]
        if used + hits > ids.size:
            return s, hits
        _emit(work, hits, ids[used:], times[used:])
        s += 1
        row[s] = used + hits
        hits = np.int64(FRESH)
        if row[s] > most:
            break
    return s, hits


@kernel
def _take_down(work, named, cut, ids, times):  # type: ignore[no-untyped-def]
    """Write down the junctions reached and their centiseconds, and forget them; how many there were."""
    dist, _, waiting, _, _ = work
    used, far = np.uint64(0), np.int32(cut + 1)
    for j in range(named):
        v = np.uint32(waiting[j])
        ids[used], times[used] = v, dist[v]
        used += np.uint64(dist[v] != far)
        dist[v] = far
    return np.int64(used)


@kernel
def _balls(given, cut, most, shift, stop, work, row, ids, times, s, named):  # type: ignore[no-untyped-def]
    """``_table`` with the junctions as targets, which need not be looked up: a quarter less."""
    arcs, sources, _, _ = given
    while s < row.size - 1:
        if named == FRESH:
            named = _reach(arcs, sources, s, shift, stop, work)
            if named < 0:
                return s, named
        used = row[s]
        if used + named > ids.size:
            return s, named
        s += 1
        row[s] = used + _take_down(work, named, cut, ids[used:], times[used:])
        named = np.int64(FRESH)
        if row[s] > most:
            break
    return s, named


class Desk:
    """What searches write on: made once for many, roomier where they run short.

    ``far``: what nothing reaches, centiseconds or such with an owner; ``width`` of them a junction.
    """

    def __init__(self, search: SearchArrays, far: np.int32 | np.uint64, *, width: int = 1) -> None:
        arcs, queue, grain = search.arcs, search.queue, 0 if isinstance(far, np.int32) else OWNED
        self.far, self.shift = far, np.uint64(grain + queue.shift)
        room = len(arcs[0]) + len(arcs[1]) if queue.room is None else queue.room
        self.dist: AnyArray = np.full(width * (len(arcs[0]) - 1), far)
        self.first, self.waiting = np.full(queue.buckets + 1, NIL), np.empty(room, np.uint64)
        hits = 0 if search.targets is None else search.target_count
        self.best, self.hit = np.full(hits, UNREACHED), np.empty(hits + 1, np.uint32)

    @property
    def arrays(self) -> Work:
        """As kernels take them."""
        return self.dist, self.first, self.waiting, self.best, self.hit

    def make_room(self) -> None:
        """Clean, and with more room for those who wait."""
        self.dist.fill(self.far)
        self.first.fill(NIL)
        self.waiting = np.empty(2 * len(self.waiting) + 64, np.uint64)


class _Rows:
    """The table as it grows: where each row begins, targets, centiseconds."""

    def __init__(self, sources: int) -> None:
        self.row = np.zeros(sources + 1, np.int64)
        self.ids, self.times = np.empty(1 << 14, np.uint32), np.empty(1 << 14, np.int32)

    def make_room(self, s: int, more: int) -> None:
        """For source s, and for the rest if they reach as many as those so far, and a tenth."""
        used = int(self.row[s])
        needed = used + more
        foreseen = int(1.1 * needed * (len(self.row) - 1) / (s + 1))
        size = max(needed, 2 * used, min(foreseen, 64 * needed))
        self.ids, self.times = _copied(self.ids, used, size), _copied(self.times, used, size)

    def done(self, sources: int) -> Csr:
        """Without the room that was not needed."""
        row = self.row[: sources + 1]
        used = int(row[-1])
        for array in (self.ids, self.times):
            array.resize(used, refcheck=False)
        return row, self.ids.view(np.int32), self.times


def _copied(array: AnyArray, used: int, size: int) -> AnyArray:
    larger = np.empty(size, array.dtype)
    larger[:used] = array[:used]
    return larger


def cutoff_table(search: SearchArrays, *, cut: int, most: int | None = None) -> Csr:
    """Times from each source to every target within an inclusive cutoff (centiseconds below 2**30).

    Start of each source's row, the targets reached (in no order), their centiseconds. With more than ``most`` pairs the
    table ends; the sources that are left out have no rows.
    """
    pairs = np.int64(2**62) if most is None else np.int64(most)
    if not COMPILED:
        return dijkstra_scipy.table(
            search.arcs, search.sources, targets=search.targets, direct=search.direct,
            target_count=search.target_count, cut=cut, most=int(pairs), stop=search.stop,
        )  # fmt: skip
    desk, rows = Desk(search, np.int32(cut + 1)), _Rows(search.source_count)
    given = search.arcs, search.sources, search.targets, search.direct
    fill, s, state = _balls if search.targets is None else _table, 0, FRESH
    while True:
        filled = rows.row, rows.ids, rows.times, np.int64(s), np.int64(state)
        s, state = fill(given, np.int32(cut), pairs, desk.shift, search.stop, desk.arrays, *filled)
        if state == SHORT:
            desk.make_room()
            state = FRESH
        elif state >= 0:
            rows.make_room(s, state)
        else:
            return rows.done(s)
