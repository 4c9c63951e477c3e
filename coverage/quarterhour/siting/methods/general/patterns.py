"""How communities may be covered: the sets of sites of which one, or two, must be open, each said once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.siting.question.evaluate import Measure


@dataclass(frozen=True, eq=False)
class Patterns:
    """How communities may be covered: a row a set of sites, of which ``need`` (a site of weight 2 counts twice).

    ``weight``: patterns x free sites. ``worth``: patterns x communities, ten thousandths of each person covered
    when the pattern is met. ``settled``: what is covered in any case, by community. ``must``: met in every choice.
    """

    weight: sp.csr_array
    need: IntArray
    worth: sp.csr_array
    settled: IntArray
    must: BoolArray


def patterns(measure: Measure) -> Patterns:
    """The patterns of a question, each said once: communities with the same sites in reach share theirs."""
    problem = measure.problem
    alone = problem.coverage.backup
    firsts = measure.percent * (100 if alone is None else alone)
    seconds = firsts if alone is None else measure.percent * 100
    gathered = _Gathered(measure)
    below = np.zeros(len(problem.demand), dtype=np.int64)
    for level in sorted({int(v) for v in np.unique(np.r_[firsts, seconds]) if v > 0}):
        weight = np.where(firsts >= level, 2, np.where(seconds >= level, 1, 0))
        below = gathered.add(weight, level, below)
    return gathered.done()


class _Gathered:
    """Patterns as they are met, level by level of what is covered."""

    def __init__(self, measure: Measure) -> None:
        problem = measure.problem
        self.measure = measure
        self.free = problem.free
        self.column = np.cumsum(self.free) - 1
        self.settled = np.zeros(len(problem.demand), dtype=np.int64)
        self.place: dict[tuple[int, bytes, bytes], int] = {}
        self.rows: list[tuple[IntArray, IntArray]] = []
        self.need: list[int] = []
        self.worth: list[tuple[int, int, int]] = []
        self.must: set[int] = set()

    def add(self, weight: IntArray, level: int, below: IntArray) -> IntArray:
        """The patterns by which communities reach a level above the one below; that level where they can."""
        near, row = self.measure.problem.near, self.measure.row
        free = self.free[near.site]
        have = np.bincount(row, np.where(free, 0, weight), len(below)).astype(np.int64)
        could = np.bincount(row, weight, len(below)).astype(np.int64)
        can = self.measure.takes_part & (could >= 2)
        met = can & (have >= 2)
        self.settled[met] = level
        for i in np.flatnonzero(can & ~met).tolist():
            legs = slice(near.start[i], near.start[i + 1])
            use = free[legs] & (weight[legs] > 0)
            self._note(i, self.column[near.site[legs][use]], weight[legs][use], 2 - int(have[i]), level - int(below[i]))
            if below[i] == 0 and self.measure.problem.everyone:
                self.must.add(len(self.worth) - 1)
        return np.where(can, level, below)

    def _note(self, community: int, sites: IntArray, weight: IntArray, need: int, worth: int) -> None:
        if need == 1 or (weight == 2).all():
            need, weight = 1, np.ones_like(weight)
        order = np.argsort(sites)
        sites, weight = sites[order], weight[order]
        key = (need, sites.tobytes(), weight.tobytes())
        place = self.place.setdefault(key, len(self.rows))
        if place == len(self.rows):
            self.rows.append((sites, weight))
            self.need.append(need)
        self.worth.append((place, community, worth))

    def done(self) -> Patterns:
        """All of them in arrays."""
        count, free = len(self.rows), int(self.free.sum())
        start = np.r_[0, np.cumsum([len(s) for s, _ in self.rows])].astype(np.int64)
        site = np.concatenate([s for s, _ in self.rows]) if count else np.empty(0, dtype=np.int64)
        weight = np.concatenate([w for _, w in self.rows]) if count else np.empty(0, dtype=np.int64)
        place, community, worth = np.array(self.worth, dtype=np.int64).reshape(-1, 3).T
        must = np.zeros(count, dtype=np.bool_)
        must[place[sorted(self.must)]] = True
        return Patterns(
            sp.csr_array((weight, site, start), shape=(count, free)),
            np.array(self.need, dtype=np.int64),
            sp.csr_array((worth, (place, community)), shape=(count, len(self.settled))),
            self.settled,
            must,
        )
