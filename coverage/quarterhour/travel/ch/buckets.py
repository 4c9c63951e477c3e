"""Times within a cutoff from sources that climb to what targets left in buckets (Knopp et al. 2007)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quarterhour.base.arrays import Csr
from quarterhour.base.errors import CutoffError
from quarterhour.base.jit import kernel
from quarterhour.travel.ch.build import Hierarchy
from quarterhour.travel.ch.heap import NEVER, key_of, pop, push


@kernel
def _climb(start, arcs, back_start, back, nodes, offsets, cut, time, touched, heap, kept):  # type: ignore[no-untyped-def]
    """Climb from some junctions as far as the cutoff; how many junctions of ``kept`` may be the top of a quickest way.

    ``time`` comes all NEVER and holds the times afterwards; the last word of ``kept`` counts ``touched``.
    A junction is passed over when a more important one leads down to it sooner: no quickest way turns there.
    """
    count, size, tops = np.uint64(0), 0, 0
    for i in range(nodes.size):
        v, d = nodes[i], np.uint32(offsets[i])
        if d <= cut and d < time[v]:
            if time[v] == NEVER:
                touched[count] = v
                count += np.uint64(1)
            time[v] = d
            push(heap, size, key_of(d, v))
            size += 1
    while size > 0:
        key = pop(heap, size)
        size -= 1
        d, u = np.uint32(key >> np.uint64(32)), np.uint32(key)
        if d > time[u]:
            continue
        passed = False
        for k in range(back_start[u], back_start[np.uint64(u) + np.uint64(1)]):
            if np.uint64(time[back[k, 0]]) + np.uint64(back[k, 1]) < d:
                passed = True
                break
        if passed:
            continue
        kept[tops] = u
        tops += 1
        for k in range(start[u], start[np.uint64(u) + np.uint64(1)]):
            longer = np.uint64(d) + np.uint64(arcs[k, 1])
            v = arcs[k, 0]
            if longer <= cut and longer < time[v]:
                if time[v] == NEVER:
                    touched[count] = v
                    count += np.uint64(1)
                time[v] = longer
                push(heap, size, key_of(longer, v))
                size += 1
    kept[kept.size - 1] = count
    return tops


@kernel
def _forget(time, touched, count):  # type: ignore[no-untyped-def]
    for j in range(count):
        time[touched[j]] = NEVER


@kernel
def _grown(array, size, used):  # type: ignore[no-untyped-def]
    larger = np.empty(size, array.dtype)
    larger[:used] = array[:used]
    return larger


@kernel
def _leave_times(climbs, ptr, nodes, offsets, cut):  # type: ignore[no-untyped-def]
    """What every target leaves on its way: (position, target, centiseconds)."""
    start, arcs, back_start, back = climbs
    n = start.size - 1
    time, touched, kept = np.full(n, NEVER, np.uint32), np.empty(n, np.uint32), np.empty(n + 1, np.uint32)
    heap = np.empty(len(arcs) + nodes.size + 1, np.uint64)
    where, who, when, used = np.empty(1 << 16, np.uint32), np.empty(1 << 16, np.uint32), np.empty(1 << 16, np.uint32), 0
    for t in range(ptr.size - 1):
        lo, hi = ptr[t], ptr[t + 1]
        tops = _climb(
            start, arcs, back_start, back, nodes[lo:hi], offsets[lo:hi], cut, time, touched, heap, kept
        )  # fmt: skip
        if used + tops > where.size:
            size = 2 * (used + tops)
            where, who, when = _grown(where, size, used), _grown(who, size, used), _grown(when, size, used)
        for j in range(tops):
            where[used + j], who[used + j], when[used + j] = kept[j], t, time[kept[j]]
        used += tops
        _forget(time, touched, kept[kept.size - 1])
    return where[:used].copy(), who[:used].copy(), when[:used].copy()


@kernel
def _sort_in(n, order, where, who, when):  # type: ignore[no-untyped-def]
    """Buckets by position, each in the given order: their starts and what they hold."""
    start = np.zeros(n + 1, np.uint32)
    for j in range(where.size):
        start[np.uint64(where[j]) + np.uint64(1)] += np.uint32(1)
    for i in range(n):
        start[i + 1] += start[i]
    free, held = start.copy(), np.empty(where.size, np.uint64)
    for j in range(where.size):
        entry = np.uint32(order[j])
        at = where[entry]
        held[free[at]] = key_of(when[entry], who[entry])
        free[at] += np.uint32(1)
    return start, held


@kernel
def _look_into(start, held, tops, kept, time, cut, best, hit, hits):  # type: ignore[no-untyped-def]
    for j in range(tops):
        v = kept[j]
        d = np.uint64(time[v])
        last = ((np.uint64(cut) - d + np.uint64(1)) << np.uint64(32)) - np.uint64(1)
        for k in range(start[v], start[np.uint64(v) + np.uint64(1)]):
            word = held[k]
            if word > last:
                break
            t, whole = np.uint32(word), np.uint32(d + (word >> np.uint64(32)))
            if whole < best[t]:
                if best[t] == NEVER:
                    hit[hits] = t
                    hits += 1
                best[t] = whole
    return hits


@kernel
def _table(climbs, buckets, sources, direct, n_targets, cut):  # type: ignore[no-untyped-def]
    start, arcs, back_start, back = climbs
    bucket_start, held = buckets
    ptr, nodes, offsets = sources
    near_ptr, near, near_cs = direct
    n = start.size - 1
    time, touched, kept = np.full(n, NEVER, np.uint32), np.empty(n, np.uint32), np.empty(n + 1, np.uint32)
    heap = np.empty(len(arcs) + nodes.size + 1, np.uint64)
    best, hit = np.full(n_targets, NEVER, np.uint32), np.empty(n_targets, np.uint32)
    row = np.zeros(ptr.size, np.int64)
    ids, times = np.empty(4096, np.int32), np.empty(4096, np.int32)
    for s in range(ptr.size - 1):
        lo, hi = ptr[s], ptr[s + 1]
        tops = _climb(
            start, arcs, back_start, back, nodes[lo:hi], offsets[lo:hi], cut, time, touched, heap, kept
        )  # fmt: skip
        hits = np.int64(0)
        for k in range(near_ptr[s], near_ptr[s + 1]):
            t = near[k]
            if near_cs[k] <= cut and near_cs[k] < best[t]:
                if best[t] == NEVER:
                    hit[hits] = t
                    hits += 1
                best[t] = near_cs[k]
        hits = _look_into(bucket_start, held, tops, kept, time, cut, best, hit, hits)
        _forget(time, touched, kept[kept.size - 1])
        used = row[s]
        if used + hits > ids.size:
            ids = _grown(ids, max(2 * ids.size, used + hits), used)
            times = _grown(times, ids.size, used)
        for j in range(hits):
            ids[used + j], times[used + j] = hit[j], best[hit[j]]
            best[hit[j]] = NEVER
        row[s + 1] = used + hits
    return row, ids[: row[-1]].copy(), times[: row[-1]].copy()


@dataclass(frozen=True, eq=False)
class Buckets:
    """What the targets of a scenario left at the junctions, the nearest first in each bucket.

    ``held[start[i]:start[i + 1]]``: centiseconds << 32 | target, at position i of the hierarchy.
    """

    start: NDArray[np.uint32]
    held: NDArray[np.uint64]
    target_count: int
    cut: int


def fill_buckets(hierarchy: Hierarchy, targets: Csr, *, target_count: int, cut: int) -> Buckets:
    """Let every target leave its times; for many blocks of sources, do it once.

    ``targets``: start of each junction's targets, the targets, the centiseconds from the junction to them.
    """
    junction_ptr, target, offset = targets
    order = np.argsort(target, kind="stable")
    node = np.repeat(hierarchy.place, np.diff(np.asarray(junction_ptr)).astype(np.int64))[order]
    ptr = np.r_[0, np.cumsum(np.bincount(target, minlength=target_count))].astype(np.int64)
    climbs = (hierarchy.down_start, hierarchy.down, hierarchy.up_start, hierarchy.up)
    where, who, when = _leave_times(climbs, ptr, node, np.asarray(offset, np.int32)[order], np.uint32(cut))
    by_time = (when.astype(np.uint64) << np.uint64(32)) | np.arange(len(when), dtype=np.uint64)
    by_time.sort()
    start, held = _sort_in(np.int64(len(hierarchy.place)), by_time, where, who, when)
    return Buckets(start, held, target_count, cut)


def table_by_buckets(
    hierarchy: Hierarchy,
    sources: Csr,
    *,
    targets: Csr | Buckets,
    direct: Csr | None = None,
    target_count: int,
    cut: int,
) -> Csr:
    """Times from each source to every target within an inclusive cutoff: the same pairs as ``search.cutoff_table``.

    Parameters
    ----------
    hierarchy : of the arcs that lead from the sources to the targets (``turned()`` for the other heading).
    sources : start of each source's entries, the junctions it enters by, the centiseconds until there.
    targets : start of each junction's targets, the targets, the centiseconds from the junction to them; or
        what ``fill_buckets`` made of them, with this cutoff or a longer one.
    direct : start of each source's direct legs (both on one road, or at one point), the targets, the whole time.
    target_count, cut : number of targets; centiseconds below 2**30.

    Returns
    -------
    Start of each source's row, the targets reached (in no order), their centiseconds.
    """
    if not isinstance(targets, Buckets):
        targets = fill_buckets(hierarchy, targets, target_count=target_count, cut=cut)
    if targets.cut < cut:
        raise CutoffError("ch.beyond_cutoff", filled=targets.cut, cut=cut)
    ptr, nodes, offsets = sources
    if direct is None:
        direct = (np.zeros(len(ptr), np.int64), np.empty(0, np.int32), np.empty(0, np.int32))
    climbs = (hierarchy.up_start, hierarchy.up, hierarchy.down_start, hierarchy.down)
    found: Csr = _table(
        climbs,
        (targets.start, targets.held),
        (np.asarray(ptr, np.int64), hierarchy.place[nodes], np.ascontiguousarray(offsets, np.int32)),
        tuple(np.ascontiguousarray(a, t) for a, t in zip(direct, (np.int64, np.int32, np.int32), strict=True)),
        np.int64(target_count),
        np.uint32(cut),
    )
    return found
