"""Sums along a search that keep no table: the pairs are counted as they are found.

Writing 36 million pairs costs more than finding them. Sums are floating point: whole numbers below 2**53 come out
exactly, in whatever order they were added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.base.jit import COMPILED, kernel
from quarterhour.travel.dijkstra import FRESH, SHORT, UNREACHED, Desk, cutoff_table, hits_of
from quarterhour.travel.search_arrays import SearchArrays


@kernel
def _of_targets(given, amounts, cuts, shift, stop, work, sums, s):  # type: ignore[no-untyped-def]
    """By source, cutoff and column: the sum over the targets within; where it ended and why, as tables have it."""
    _, _, _, best, hit = work
    columns = amounts.shape[1]
    while s < sums.shape[0]:
        hits = hits_of(given, s, cuts[cuts.size - 1], shift, stop, work)
        if hits < 0:
            return s, hits
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
def _of_sources(given, amounts, kind, cut, shift, stop, work, sums, s):  # type: ignore[no-untyped-def]
    """By target, kind and column: the sum over the sources within; where it ended and why."""
    _, _, _, best, hit = work
    while s < kind.size:
        hits = hits_of(given, s, cut, shift, stop, work)
        if hits < 0:
            return s, hits
        for j in range(hits):
            p = hit[j]
            best[p] = UNREACHED
            for c in range(amounts.shape[1]):
                sums[p, kind[s], c] += amounts[s, c]
        s += 1
    return s, np.int64(FRESH)


def _through(run: Callable[..., tuple[int, int]], search: SearchArrays, cut: int, *asked: object) -> None:
    """Run a kernel over all sources, with more room where it ran short; the last of ``asked`` are the sums."""
    desk, given = Desk(search, np.int32(cut + 1)), (search.arcs, search.sources, search.targets, search.direct)
    *how, sums = asked
    s, state = 0, SHORT
    while state == SHORT:
        s, state = run(given, *how, desk.shift, search.stop, desk.arrays, sums, np.int64(s))
        if state == SHORT:
            desk.make_room()


def sums_of_targets(search: SearchArrays, *, amounts: FloatArray, cuts: Sequence[int]) -> FloatArray:
    """For every source, cutoff and column of ``amounts`` (targets x columns): the sum over the targets within.

    ``cuts`` rise, each is inclusive.
    """
    whole, limits = np.ascontiguousarray(amounts, np.float64), np.asarray(cuts, np.int32)
    sums = np.zeros((search.source_count, len(limits), whole.shape[1]))
    if COMPILED:
        _through(_of_targets, search, cuts[-1], whole, limits, sums)
        return sums
    start, target, cs = cutoff_table(search, cut=cuts[-1])
    source = np.repeat(np.arange(len(start) - 1), np.diff(start))
    np.add.at(sums, (source, np.searchsorted(limits, cs)), whole[target])
    return sums.cumsum(axis=1)


def sums_of_sources(search: SearchArrays, *, amounts: FloatArray, kind: IntArray, kinds: int, cut: int) -> FloatArray:
    """For every target, kind and column of ``amounts`` (sources x columns): the sum over the sources within.

    ``kind``: of each source, 0 to ``kinds`` - 1.
    """
    whole, of = np.ascontiguousarray(amounts, np.float64), np.ascontiguousarray(kind, np.int64)
    sums = np.zeros((search.target_count, kinds, whole.shape[1]))
    if COMPILED:
        _through(_of_sources, search, cut, whole, of, np.int32(cut), sums)
        return sums
    start, target, _ = cutoff_table(search, cut=cut)
    source = np.repeat(np.arange(len(start) - 1), np.diff(start))
    np.add.at(sums, (target, of[source]), whole[source])
    return sums
