"""Columns and rows of the general integer program for sites that so many must use, everybody going to the nearest."""

from __future__ import annotations

import math

import numpy as np

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.siting.methods.solver.program import Rows
from quarterhour.siting.question.evaluate import Choice, Measure
from quarterhour.siting.question.least_load import least_load


class LoadColumns:
    """Two columns a near pair, nearest first: whether the community goes there, and whether nobody so near is open.

    Both may be less than they are and never more, which is all that a least load asks for: ``goes`` there and ``left``
    over come to no more than was left over before, ``goes`` to no more than the site is open, ``left`` to no more than
    it is closed. What lies beyond a site that is open in any case is left out.
    """

    def __init__(self, measure: Measure) -> None:
        problem, near = measure.problem, measure.problem.near
        self.least, self.free = least_load(problem), problem.free
        people = problem.demand.to_numpy(dtype=np.int64)
        order = np.lexsort((near.site, near.cs, measure.row))
        row, site = measure.row[order], near.site[order].astype(np.int64)
        fixed = (~self.free[site]).astype(np.int64)
        begins = np.r_[True, row[1:] != row[:-1]][: len(row)]
        before = np.cumsum(fixed) - fixed
        use = (before == np.maximum.accumulate(np.where(begins, before, 0))) & (people[row] > 0)
        self.row, self.site = row[use], site[use]
        self.follows: BoolArray = np.r_[False, self.row[1:] == self.row[:-1]][: len(self.row)]
        self.people, self.column = people[self.row], np.cumsum(self.free) - 1
        self.lower = np.zeros(2 * len(self.row))
        closed = np.where(self.free[self.site], 1.0, 0.0)
        self.upper = np.r_[np.ones(len(self.row)), closed]
        self.whole: BoolArray = np.zeros(2 * len(self.row), dtype=np.bool_)

    def add_rows(self, rows: Rows, first: int) -> None:
        """Who goes where, and that every open site is used enough."""
        count = len(self.row)
        each, after, free = np.arange(count), np.flatnonzero(self.follows), np.flatnonzero(self.free[self.site])
        row, column = np.r_[each, each, after], np.r_[first + each, first + count + each, first + count + after - 1]
        value = np.r_[np.ones(2 * count), -np.ones(len(after))]
        rows.add(row, column, value, count=count, low=-math.inf, high=np.where(self.follows, 0.0, 1.0))
        pair, own = np.arange(len(free)), self.column[self.site[free]]
        both = np.r_[pair, pair]
        value = np.r_[np.ones(len(free)), -np.ones(len(free))]
        rows.add(both, np.r_[first + free, own], value, count=len(free), low=-math.inf, high=0)
        rows.add(both, np.r_[first + count + free, own], 1.0, count=len(free), low=-math.inf, high=1)
        add_least_rows(rows, self.least, self.free, site=self.site, column=first + each, load=self.people)

    def start_values(self, choice: Choice) -> FloatArray:
        """Its columns at a choice."""
        opened = choice.opened[self.site].astype(np.int64)
        upto = np.cumsum(opened)
        before = upto - opened
        nearer = before - np.maximum.accumulate(np.where(self.follows, 0, before))
        values: BoolArray = np.r_[(opened > 0) & (nearer == 0), nearer + opened == 0]
        return values.astype(float)


def add_least_rows(
    rows: Rows, least: IntArray, free: BoolArray, *, site: IntArray, column: IntArray, load: IntArray
) -> None:
    """Each site that must be used so much is, where it is open. ``site``, ``column``, ``load``: of each way to it."""
    asked = np.flatnonzero(least)
    place = np.full(len(least), -1, dtype=np.int64)
    place[asked] = np.arange(len(asked))
    use, some = place[site] >= 0, asked[free[asked]]
    row, columns = np.r_[place[site[use]], place[some]], np.r_[column[use], (np.cumsum(free) - 1)[some]]
    low = np.where(free[asked], 0, least[asked])
    rows.add(row, columns, np.r_[load[use], -least[some]], count=len(asked), low=low, high=math.inf)
