"""Sums along a search that keep no table: the pairs are counted as they are found.

Writing 36 million pairs costs more than finding them. Sums are floating point: whole numbers below 2**53 come out
exactly, in whatever order they were added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from quarterhour.base.arrays import Csr, FloatArray, IntArray, StopFlag
from quarterhour.base.jit import COMPILED, kernel
from quarterhour.travel.dijkstra import (
    FINE,
    FRESH,
    QUEUE,
    SHORT,
    UNREACHED,
    Desk,
    Queue,
    Work,
    as_csr,
    as_stop,
    cutoff_table,
    gather,
    gather_direct,
    none_direct,
    settle,
)


@kernel
def _of_targets(arcs, sources, targets, direct, amounts, cuts, shift, stop, work, best, hit, sums, s):  # type: ignore[no-untyped-def]  # noqa: E501
    """By source, cutoff and column: the sum over the targets within; where it ended and why, as ``search`` has it."""
    indptr, head, cs = arcs
    start, nodes, offsets = sources
    dist, first, waiting = work
    columns, longest = amounts.shape[1], cuts[cuts.size - 1]
    while s < start.size - 1:
        lo, hi = start[s], start[s + 1]
        named = settle(indptr, head, cs, nodes[lo:hi], offsets[lo:hi], FINE, shift, stop, dist, first, waiting)
        if named < 0:
            return s, named
        hits = gather(work, named, targets, longest, best, hit)
        hits = gather_direct(direct, s, longest, best, hit, hits)
        for j in range(hits):
            p = hit[j]
            band = 0
            while cuts[band] < best[p]:
                band += 1
            best[p] = UNREACHED
            for c in range(columns):
                sums[s, band, c] += amounts[p, c]
        for band in range(1, cuts.size):
            for c in range(columns):
                sums[s, band, c] += sums[s, band - 1, c]
        s += 1
    return s, np.int64(FRESH)


@kernel
def _of_sources(arcs, sources, targets, direct, amounts, kind, cut, shift, stop, work, best, hit, sums, s):  # type: ignore[no-untyped-def]  # noqa: E501
    """By target, kind and column: the sum over the sources within; where it ended and why."""
    indptr, head, cs = arcs
    start, nodes, offsets = sources
    dist, first, waiting = work
    columns = amounts.shape[1]
    while s < start.size - 1:
        lo, hi = start[s], start[s + 1]
        named = settle(indptr, head, cs, nodes[lo:hi], offsets[lo:hi], FINE, shift, stop, dist, first, waiting)
        if named < 0:
            return s, named
        hits = gather(work, named, targets, cut, best, hit)
        hits = gather_direct(direct, s, cut, best, hit, hits)
        for j in range(hits):
            p = hit[j]
            best[p] = UNREACHED
            for c in range(columns):
                sums[p, kind[s], c] += amounts[s, c]
        s += 1
    return s, np.int64(FRESH)


def _through(run: Callable[[Work, np.int64], tuple[int, int]], desk: Desk) -> None:
    """Run a kernel over all sources, with more room where it ran short."""
    s, state = run(desk.arrays, np.int64(0))
    while state == SHORT:
        desk.make_room()
        s, state = run(desk.arrays, np.int64(s))


def sums_of_targets(
    arcs: Csr,
    sources: Csr,
    *,
    targets: Csr,
    direct: Csr | None = None,
    amounts: FloatArray,
    cuts: Sequence[int],
    queue: Queue = QUEUE,
    stop: StopFlag | None = None,
) -> FloatArray:
    """For every source, cutoff and column of ``amounts`` (targets x columns): the sum over the targets within.

    Arrays as ``search.cutoff_table`` has them; ``cuts`` rise, each is inclusive.
    """
    arcs, sources, held = as_csr(arcs), as_csr(sources, start=np.int64), as_csr(targets)
    legs = as_csr(none_direct(len(sources[0]) - 1) if direct is None else direct, start=np.int64)
    whole, limits = np.ascontiguousarray(amounts, np.float64), np.asarray(cuts, np.int32)
    if COMPILED:
        desk, told = Desk(arcs, int(limits[-1]), queue), as_stop(stop)
        best, hit = np.full(len(whole), UNREACHED), np.empty(len(whole) + 1, np.uint32)
        sums = np.zeros((len(sources[0]) - 1, len(limits), whole.shape[1]))
        given = arcs, sources, held, legs, whole, limits, desk.shift, told
        _through(lambda work, s: _of_targets(*given, work, best, hit, sums, s), desk)
        return sums
    start, target, cs = cutoff_table(
        arcs, sources, targets=held, direct=legs, target_count=len(whole), cut=int(limits[-1]), stop=stop
    )
    source, band = np.repeat(np.arange(len(start) - 1), np.diff(start)), np.searchsorted(limits, cs)
    sums = np.zeros((len(start) - 1, len(limits), whole.shape[1]))
    np.add.at(sums, (source, band), whole[target])
    return sums.cumsum(axis=1)


def sums_of_sources(
    arcs: Csr,
    sources: Csr,
    *,
    targets: Csr,
    direct: Csr | None = None,
    target_count: int,
    amounts: FloatArray,
    kind: IntArray,
    kinds: int,
    cut: int,
    queue: Queue = QUEUE,
    stop: StopFlag | None = None,
) -> FloatArray:
    """For every target, kind and column of ``amounts`` (sources x columns): the sum over the sources within.

    Arrays as ``search.cutoff_table`` has them; ``kind``: of each source, 0 to ``kinds`` - 1.
    """
    arcs, sources, held = as_csr(arcs), as_csr(sources, start=np.int64), as_csr(targets)
    legs = as_csr(none_direct(len(sources[0]) - 1) if direct is None else direct, start=np.int64)
    whole, of = np.ascontiguousarray(amounts, np.float64), np.ascontiguousarray(kind, np.int64)
    sums = np.zeros((target_count, kinds, whole.shape[1]))
    if COMPILED:
        desk, told = Desk(arcs, cut, queue), as_stop(stop)
        best, hit = np.full(target_count, UNREACHED), np.empty(target_count + 1, np.uint32)
        given = arcs, sources, held, legs, whole, of, np.int32(cut), desk.shift, told
        _through(lambda work, s: _of_sources(*given, work, best, hit, sums, s), desk)
        return sums
    start, target, _ = cutoff_table(
        arcs, sources, targets=held, direct=legs, target_count=target_count, cut=cut, stop=stop
    )
    source = np.repeat(np.arange(len(start) - 1), np.diff(start))
    np.add.at(sums, (target, of[source]), whole[source])
    return sums
