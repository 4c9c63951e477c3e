"""How large tiles are: by work that is counted, so that a tile is worth the way to another machine."""

from __future__ import annotations

import numpy as np

from quarterhour.base.arrays import IntArray
from quarterhour.base.errors import DataError
from quarterhour.travel.dijkstra import cutoff_table
from quarterhour.travel.od_pairs import Trips
from quarterhour.travel.search_arrays import search_arrays

TILE_WORK = 16_000_000
"""Junctions reached and pairs written down for all sources of a tile: at 20 to 50 ns each, 0.3 to 0.8 s."""
_SAMPLES = 48


def tile_spans(trips: Trips, *, cut: int, work: int = TILE_WORK) -> list[slice]:
    """The sources of trips in spans of about so much work each; the same trips are always cut in the same places.

    Some sources, evenly spaced in their order, are searched as far as ``cut`` centiseconds; those beside one are taken
    to reach as much as it does. No answer depends on it.
    """
    count = len(trips.order)
    some = np.unique(np.linspace(0, max(count - 1, 0), min(_SAMPLES, count)).astype(np.int64))
    if not len(some):
        return []
    nearest = np.searchsorted((some[:-1] + some[1:] + 1) // 2, np.arange(count), side="right")
    done = np.cumsum(_work(trips, some, cut)[nearest])
    tiles = max(1, round(int(done[-1]) / work))
    return _between(count, 1 + np.searchsorted(done, int(done[-1]) * np.arange(1, tiles) // tiles))


def even_spans(count: int, size: int) -> list[slice]:
    """Spans of so many sources. DataError for less than one."""
    if size < 1:
        raise DataError("tiles.bad_size", size=size)
    return _between(count, np.arange(size, count, size))


def _between(count: int, cuts: IntArray) -> list[slice]:
    ends = np.unique(np.r_[0, cuts, count])
    return [slice(int(a), int(b)) for a, b in zip(ends[:-1], ends[1:], strict=True)]


def _work(trips: Trips, sources: IntArray, cut: int) -> IntArray:
    """For each of some sources the junctions it reaches, its pairs, and one for itself."""
    entries = trips.source.rows(sources)
    reached = search_arrays(trips.arcs, entries)
    paired = search_arrays(trips.arcs, entries, targets=trips.targets, target_count=trips.target_count)
    found = [np.diff(cutoff_table(search, cut=cut)[0]) for search in (reached, paired)]
    return np.asarray(1 + found[0] + found[1])
