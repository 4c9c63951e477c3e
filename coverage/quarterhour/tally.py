"""Sums along a search that keep no table: the pairs are counted as they are found.

Writing 36 million pairs costs more than finding them. Sums are floating point: whole numbers below 2**53 come out
exactly, in whatever order they were added.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quarterhour.kernels import COMPILED, kernel
from quarterhour.search import (
    QUEUE,
    STOPPED,
    UNREACHED,
    Csr,
    Queue,
    Stop,
    as_csr,
    as_stop,
    cutoff_table,
    desk,
    gather,
    gather_direct,
    none_direct,
    spread,
)

Floats = NDArray[np.float64]


@kernel
def _of_targets(arcs, sources, targets, direct, amounts, cuts, shift, buckets, room, stop):  # type: ignore[no-untyped-def]  # noqa: E501
    """By source, cutoff and column: the sum over the targets within."""
    start, nodes, offsets = sources
    count, columns = amounts.shape
    longest = cuts[cuts.size - 1]
    work = desk(arcs[0].size - 1, buckets, room)
    best, hit = np.full(count, UNREACHED, np.int32), np.empty(count + 1, np.uint32)
    sums = np.zeros((start.size - 1, cuts.size, columns))
    for s in range(start.size - 1):
        lo, hi = start[s], start[s + 1]
        reached, work = spread(arcs, nodes[lo:hi], offsets[lo:hi], longest, shift, stop, work)
        if reached == STOPPED:
            break
        hits = gather(work[3], reached, work[0], targets, longest, best, hit)
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
    return sums


@kernel
def _of_sources(arcs, sources, targets, direct, target_count, amounts, kind, kinds, cut, shift, buckets, room, stop):  # type: ignore[no-untyped-def]  # noqa: E501
    """By target, kind and column: the sum over the sources within."""
    start, nodes, offsets = sources
    columns = amounts.shape[1]
    work = desk(arcs[0].size - 1, buckets, room)
    best, hit = np.full(target_count, UNREACHED, np.int32), np.empty(target_count + 1, np.uint32)
    sums = np.zeros((target_count, kinds, columns))
    for s in range(start.size - 1):
        lo, hi = start[s], start[s + 1]
        reached, work = spread(arcs, nodes[lo:hi], offsets[lo:hi], cut, shift, stop, work)
        if reached == STOPPED:
            break
        hits = gather(work[3], reached, work[0], targets, cut, best, hit)
        hits = gather_direct(direct, s, cut, best, hit, hits)
        for j in range(hits):
            p = hit[j]
            best[p] = UNREACHED
            for c in range(columns):
                sums[p, kind[s], c] += amounts[s, c]
    return sums


def sums_of_targets(
    arcs: Csr,
    sources: Csr,
    *,
    targets: Csr,
    direct: Csr | None = None,
    amounts: Floats,
    cuts: Sequence[int],
    queue: Queue = QUEUE,
    stop: Stop | None = None,
) -> Floats:
    """For every source, cutoff and column of ``amounts`` (targets x columns): the sum over the targets within.

    Arrays as ``search.cutoff_table`` has them; ``cuts`` rise, each is inclusive.
    """
    arcs, sources, held = as_csr(arcs), as_csr(sources, start=np.int64), as_csr(targets)
    legs = as_csr(none_direct(len(sources[0]) - 1) if direct is None else direct, start=np.int64)
    whole, limits = np.ascontiguousarray(amounts, np.float64), np.asarray(cuts, np.int32)
    if COMPILED:
        return np.asarray(_of_targets(arcs, sources, held, legs, whole, limits, *queue.of(arcs), as_stop(stop)))
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
    amounts: Floats,
    kind: NDArray[np.int64],
    kinds: int,
    cut: int,
    queue: Queue = QUEUE,
    stop: Stop | None = None,
) -> Floats:
    """For every target, kind and column of ``amounts`` (sources x columns): the sum over the sources within.

    Arrays as ``search.cutoff_table`` has them; ``kind``: of each source, 0 to ``kinds`` - 1.
    """
    arcs, sources, held = as_csr(arcs), as_csr(sources, start=np.int64), as_csr(targets)
    legs = as_csr(none_direct(len(sources[0]) - 1) if direct is None else direct, start=np.int64)
    whole, of = np.ascontiguousarray(amounts, np.float64), np.ascontiguousarray(kind, np.int64)
    if COMPILED:
        found = _of_sources(
            arcs, sources, held, legs, np.int64(target_count), whole, of, np.int64(kinds), np.int32(cut),
            *queue.of(arcs), as_stop(stop),
        )  # fmt: skip
        return np.asarray(found)
    start, target, _ = cutoff_table(
        arcs, sources, targets=held, direct=legs, target_count=target_count, cut=cut, stop=stop
    )
    source = np.repeat(np.arange(len(start) - 1), np.diff(start))
    sums = np.zeros((target_count, kinds, whole.shape[1]))
    np.add.at(sums, (target, of[source]), whole[source])
    return sums
