"""How large tiles are: by work that is counted, so that a tile is worth the way to another machine."""

from __future__ import annotations

import numpy as np
import pandas as pd

from quarterhour.base.arrays import AnyArray, IntArray, StopFlag, ragged
from quarterhour.base.errors import DataError
from quarterhour.base.parallel import in_blocks
from quarterhour.travel.dijkstra import cutoff_table
from quarterhour.travel.search_arrays import search_arrays
from quarterhour.travel.tiles.question import TileQuestion

TILE_WORK = 16_000_000
"""Junctions reached and pairs written down for all sources of a tile: at 20 to 50 ns each, 0.3 to 0.8 s."""
_SAMPLES, _SOURCES_A_SAMPLE, _AT_ONCE = 96, 16, 16
_LEAST, _MOST = 0.5, 2.0
"""A tile has at least and at most so many times that work, as far as samples tell."""


def tile_spans(question: TileQuestion, *, work: int = TILE_WORK) -> list[slice]:
    """The sources in spans of about so much work each, cut where the places themselves say so.

    Where a span ends depends on the roads around and on the sources before it, as far back as the cut before: one place
    more or less moves the cuts beside it and no others (content-defined chunking), so that all other tiles are what
    they were. No answer depends on it. How much work a source is, some junctions evenly spaced along the curve tell,
    searched as far as the cutoff; a power of two, which one road more or less hardly changes.
    """
    count = question.source_count
    if count == 0:
        return []
    at, stands = question.source.first_states()
    weight, chance = _weights(question, at, min(_SAMPLES, count // _SOURCES_A_SAMPLE)), _chances(question)
    cuts, held = [], 0.0
    for source in np.flatnonzero(stands).tolist():
        held += weight[source]
        if held >= _MOST * work or (held >= _LEAST * work and chance[source] * work < weight[source]):
            cuts.append(source + 1)
            held = 0.0
    return _between(count, np.array(cuts, np.int64))


def even_spans(count: int, size: int) -> list[slice]:
    """Spans of so many sources. DataError for less than one."""
    if size < 1:
        raise DataError("tiles.bad_size", size=size)
    return _between(count, np.arange(size, count, size))


def _between(count: int, cuts: IntArray) -> list[slice]:
    ends = np.unique(np.r_[0, cuts, count])
    return [slice(int(a), int(b)) for a, b in zip(ends[:-1], ends[1:], strict=True)]


def _weights(question: TileQuestion, at: AnyArray, samples: int) -> list[float]:
    """For each source the states it reaches and its pairs, as the nearest sample along the curve has them."""
    states = question.source.states
    if samples < 1:
        return [1.0] * len(at)
    some = np.unique(np.linspace(0, states - 1, samples).astype(np.int64))
    weight = 2.0 ** np.rint(np.log2(_work(question, some)))
    nearest = np.searchsorted((some[:-1] + some[1:] + 1) // 2, at, side="right")
    found: list[float] = weight[nearest].tolist()
    return found


def _work(question: TileQuestion, states: IntArray) -> IntArray:
    """For each of some states those that are reached from it, the pairs, and one for itself."""
    cut = max(question.cut - question.source.turnout - question.target.turnout, 0)
    begin, target, offset = question.target.by_state()

    def work(some: slice, stop: StopFlag) -> IntArray:
        mine = states[some]
        each = np.arange(len(mine) + 1), mine, np.zeros(len(mine), np.int64)
        start, state, cs = cutoff_table(search_arrays(question.arcs, each, stop=stop), cut=cut)
        sample = np.repeat(np.arange(len(start) - 1), np.diff(start))
        row, at = ragged(begin[state], begin[state + 1] - begin[state])
        near = cs[row] + offset[at] <= cut
        paired = np.zeros((len(mine), question.target_count), bool)
        paired[sample[row[near]], target[at[near]]] = True
        return np.asarray(1 + np.diff(start) + paired[: len(start) - 1].sum(axis=1))

    return np.concatenate([part for _, part in in_blocks(work, len(states), size=_AT_ONCE)])


def _chances(question: TileQuestion) -> list[float]:
    """By source a number from 0 to 1 that only where its junction lies has a say in."""
    where = pd.DataFrame(question.spot, columns=["x", "y"])
    found: list[float] = (pd.util.hash_pandas_object(where, index=False).to_numpy() / 2.0**64).tolist()
    return found
