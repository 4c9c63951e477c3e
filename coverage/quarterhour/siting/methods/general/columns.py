"""Columns and rows of the general integer program: coverage patterns, ladder of times, assignment within capacity."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.siting.methods.general.load_columns import add_least_rows
from quarterhour.siting.methods.solver.program import Rows
from quarterhour.siting.question.evaluate import Choice, Measure, Served
from quarterhour.siting.question.least_load import least_load

_FEW = 12
"""Sites in reach of a community, up to which needing two of them is written row by row instead of by a whole number."""


@dataclass(frozen=True, eq=False)
class CoverPatterns:
    """How communities may be covered: a row a set of sites, of which ``need`` (a site of weight 2 counts twice).

    ``weight``: patterns x free sites. ``worth``: patterns x communities, ten thousandths of each person covered
    when the pattern is met. ``settled``: what is covered in any case, by community. ``must``: met in every choice.
    """

    weight: sp.csr_array
    need: IntArray
    worth: sp.csr_array
    settled: IntArray
    must: BoolArray


def cover_patterns(measure: Measure) -> CoverPatterns:
    """The patterns of a question, each once: communities with the same sites in reach share theirs."""
    problem = measure.problem
    alone = problem.coverage.backup
    firsts = measure.percent * (100 if alone is None else alone)
    seconds = firsts if alone is None else measure.percent * 100
    gathered = _PatternBuilder(measure)
    below = np.zeros(len(problem.demand), dtype=np.int64)
    for level in sorted({int(v) for v in np.unique(np.r_[firsts, seconds]) if v > 0}):
        weight = np.where(firsts >= level, 2, np.where(seconds >= level, 1, 0))
        below = gathered.add(weight, level, below)
    return gathered.build()


class _PatternBuilder:
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
            sites, need = self.column[near.site[legs][use]], 2 - int(have[i])
            self._append(i, sites, weight[legs][use], need, level - int(below[i]))
            if below[i] == 0 and self.measure.problem.everyone:
                self.must.add(len(self.worth) - 1)
        return np.where(can, level, below)

    def _append(self, community: int, sites: IntArray, weight: IntArray, need: int, worth: int) -> None:
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

    def build(self) -> CoverPatterns:
        """All of them in arrays."""
        count, free = len(self.rows), int(self.free.sum())
        start = np.r_[0, np.cumsum([len(s) for s, _ in self.rows])].astype(np.int64)
        site = np.concatenate([s for s, _ in self.rows]) if count else np.empty(0, dtype=np.int64)
        weight = np.concatenate([w for _, w in self.rows]) if count else np.empty(0, dtype=np.int64)
        place, community, worth = np.array(self.worth, dtype=np.int64).reshape(-1, 3).T
        must = np.zeros(count, dtype=np.bool_)
        must[place[sorted(self.must)]] = True
        return CoverPatterns(
            sp.csr_array((weight, site, start), shape=(count, free)),
            np.array(self.need, dtype=np.int64),
            sp.csr_array((worth, (place, community)), shape=(count, len(self.settled))),
            self.settled,
            must,
        )


class CoverColumns:
    """A column a pattern of coverage: 1 only where the pattern is met at most; ``both_ways``: and wherever it is."""

    def __init__(self, measure: Measure, *, both_ways: bool = False) -> None:
        self.patterns, self.both_ways = cover_patterns(measure), both_ways
        self.free = np.flatnonzero(measure.problem.free)
        reach = np.diff(self.patterns.weight.indptr)
        self.one = _one_of(self.patterns)
        self.exact: BoolArray = (self.patterns.need == 1) | _no_better_alone(self.patterns, self.one)
        self.whole: BoolArray = (~self.exact & (reach > _FEW)) | (both_ways & (self.patterns.need > 1))
        self.lower = self.patterns.must.astype(float)
        self.upper = np.ones(len(reach))

    def add_rows(self, rows: Rows, first: int) -> None:
        """The open weight is ``need`` at least where the column is 1; two are met without any single site of them.

        One and two of the same sites together come to no more than the sites that are open: a row that says much
        more of fractions.
        """
        weight, need = self.patterns.weight.tocoo(), self.patterns.need
        each = np.arange(len(need))
        row, column = np.r_[weight.coords[0], each], np.r_[weight.coords[1], first + each]
        rows.add(row, column, np.r_[weight.data, -need], count=len(need), low=0, high=math.inf)
        table, paired = self.patterns.weight, np.flatnonzero(self.one >= 0)
        both = sp.csr_array(table[paired]).tocoo()
        every = np.arange(len(paired))
        columns = np.r_[both.coords[1], first + self.one[paired], first + paired]
        values = np.r_[both.data, -np.ones(2 * len(paired))]
        rows.add(np.r_[both.coords[0], every, every], columns, values, count=len(paired), low=0, high=math.inf)
        for p in np.flatnonzero(~self.exact & ~self.whole).tolist():
            legs = slice(table.indptr[p], table.indptr[p + 1])
            site, light = table.indices[legs], table.data[legs] == 1
            for left_out in site[light].tolist():
                others = site[site != left_out]
                value = np.r_[np.ones(len(others)), -1.0]
                one = np.zeros(len(value), dtype=np.int64)
                rows.add(one, np.r_[others, first + p], value, count=1, low=0, high=math.inf)
        if self.both_ways:
            self._add_met_rows(rows, first)

    def _add_met_rows(self, rows: Rows, first: int) -> None:
        """The column is 1 as soon as one site of a pattern of one is open, or the weight of two."""
        table, two = self.patterns.weight.tocoo(), self.patterns.need > 1
        (pattern, site), each = table.coords, np.arange(table.nnz)
        alone = np.flatnonzero(~two[pattern])
        row, column = np.tile(each[: len(alone)], 2), np.r_[first + pattern[alone], site[alone]]
        rows.add(row, column, np.repeat([1.0, -1.0], len(alone)), count=len(alone), low=0, high=math.inf)
        paired, of_two = np.flatnonzero(two), np.flatnonzero(two[pattern])
        most = np.asarray(self.patterns.weight.sum(axis=1))[paired] - 1
        place = np.cumsum(two) - 1
        row, column = np.r_[place[pattern[of_two]], place[paired]], np.r_[site[of_two], first + paired]
        rows.add(row, column, np.r_[table.data[of_two], -most], count=len(paired), low=-math.inf, high=1)

    def points(self, people: IntArray) -> tuple[int, IntArray]:
        """Ten thousandths of people covered: what is settled, and what each column adds."""
        return int(self.patterns.settled @ people), self.patterns.worth @ people

    def start_values(self, choice: Choice) -> FloatArray:
        """Its columns at a choice."""
        opened = choice.opened[self.free].astype(np.int64)
        met: BoolArray = self.patterns.weight @ opened >= self.patterns.need
        return met.astype(float)


def _one_of(known: CoverPatterns) -> IntArray:
    """For each pattern of two among sites that count alike, the pattern of one among the same; -1: none."""
    table, need = known.weight, known.need
    legs = [slice(a, b) for a, b in itertools.pairwise(table.indptr.tolist())]
    alone = {table.indices[legs[p]].tobytes(): p for p in np.flatnonzero(need == 1).tolist()}
    one = np.full(len(need), -1, dtype=np.int64)
    for p in np.flatnonzero(need == 2).tolist():
        if (table.data[legs[p]] == 1).all():
            one[p] = alone.get(table.indices[legs[p]].tobytes(), -1)
    return one


def _no_better_alone(known: CoverPatterns, one: IntArray) -> BoolArray:
    """Patterns of two that are worth no more than their pattern of one to anybody: with one open site, nothing is
    gained by calling it two."""
    paired = np.flatnonzero(one >= 0)
    more = sp.csr_array(known.worth[paired] - known.worth[one[paired]])
    gained = np.zeros(len(one), dtype=np.bool_)
    gained[paired] = True
    gained[paired[np.unique(more.tocoo().coords[0][more.data > 0])]] = False
    return gained


class TimeColumns:
    """A column a community and time: 1 where an open site is that near (Elloumi's ladder for the p-median).

    Each rung adds the people times the time to the next one.
    """

    def __init__(self, measure: Measure, counts: BoolArray) -> None:
        problem, near = measure.problem, measure.problem.near
        self.settled_cs = measure.scan(~problem.free).far
        free = problem.free[near.site] & (near.cs < self.settled_cs[measure.row])
        use = np.flatnonzero(free & (counts & measure.reachable)[measure.row])
        row, cs = measure.row[use], near.cs[use].astype(np.int64)
        order = np.lexsort((cs, row))
        self.row, cs, self.site = row[order], cs[order], near.site[use][order]
        fresh = np.r_[True, (self.row[1:] != self.row[:-1]) | (cs[1:] != cs[:-1])][: len(cs)]
        self.rung = np.cumsum(fresh) - 1
        self.community, self.cs = self.row[fresh], cs[fresh]
        self.follows = np.r_[False, self.community[1:] == self.community[:-1]][: len(self.cs)]
        until = self.settled_cs[self.community]
        until[:-1] = np.where(self.follows[1:], self.cs[1:], until[:-1])
        self.step = until - self.cs
        self.column = np.cumsum(problem.free) - 1
        self.lower, self.upper = np.zeros(len(self.cs)), np.ones(len(self.cs))
        self.whole: BoolArray = np.zeros(len(self.cs), dtype=np.bool_)
        self.reachable = measure.reachable

    def add_rows(self, rows: Rows, first: int) -> None:
        """A rung is reached by a site at its time, or where the rung before it is."""
        each = np.arange(len(self.cs))
        after = np.flatnonzero(self.follows)
        row = np.r_[self.rung, each, after]
        column = np.r_[self.column[self.site], first + each, first + after - 1]
        value = np.r_[np.ones(len(self.rung)), -np.ones(len(each)), np.ones(len(after))]
        rows.add(row, column, value, count=len(each), low=0, high=math.inf)

    def time(self, people: IntArray) -> tuple[int, IntArray]:
        """People x centiseconds: with settled sites alone, and less by each column."""
        return int(self.settled_cs[self.reachable] @ people[self.reachable]), -people[self.community] * self.step

    def start_values(self, choice: Choice) -> FloatArray:
        """Its columns at a choice."""
        here = np.bincount(self.rung[choice.opened[self.site]], minlength=len(self.cs)) > 0
        count = np.cumsum(here)
        before = np.where(self.follows, 0, count - here)
        return (count > np.maximum.accumulate(before)).astype(float)


class ServiceColumns:
    """A column a near pair: whether, or with how many people, the community is served there."""

    def __init__(self, measure: Measure) -> None:
        problem = measure.problem
        capacity = problem.capacity
        self.measure, self.problem, self.near = measure, problem, problem.near
        self.split = capacity is not None and capacity.split
        people, load = problem.demand.to_numpy(), problem.load.to_numpy()
        row, site = measure.row, self.near.site
        takes = measure.takes_part[row]
        if self.split:
            full = np.minimum(people[row], problem.room[site])
        else:
            full = (load[row] <= problem.room[site]).astype(np.int64)
        self.full = np.where(takes, full, 0)
        self.load = np.ones(len(row), dtype=np.int64) if self.split else load[row]
        self.whole: BoolArray = np.ones(len(row), dtype=np.bool_)
        self.lower, self.upper = np.zeros(len(row)), self.full.astype(float)
        self.column = np.cumsum(problem.free) - 1

    def add_rows(self, rows: Rows, first: int) -> None:
        """Nobody is served twice, or where nothing is open, or beyond what there is room for."""
        problem, row, site = self.problem, self.measure.row, self.near.site
        all_of = np.where(self.measure.takes_part, problem.demand.to_numpy() if self.split else 1, 0)
        least = all_of if problem.everyone else 0
        each = np.arange(len(row))
        rows.add(row, first + each, 1.0, count=len(all_of), low=least, high=all_of)
        link = np.flatnonzero(problem.free[site] & (self.full > 0))
        k = np.arange(len(link))
        value = np.r_[-np.ones(len(link)), self.full[link]]
        rows.add(
            np.r_[k, k], np.r_[first + link, self.column[site[link]]], value, count=len(link), low=0, high=math.inf
        )
        self._add_capacity_rows(rows, first)
        least = least_load(problem)
        if least.any():
            load = np.where(self.full > 0, self.load, 0)
            add_least_rows(rows, least, problem.free, site=site.astype(np.int64), column=first + each, load=load)

    def _add_capacity_rows(self, rows: Rows, first: int) -> None:
        problem, site = self.problem, self.near.site
        load = np.bincount(site, self.load * self.full, len(problem.room)).astype(np.int64)
        tight = np.flatnonzero(load > problem.room)
        place = np.full(len(problem.room), -1, dtype=np.int64)
        place[tight] = np.arange(len(tight))
        use = np.flatnonzero((place[site] >= 0) & (self.full > 0))
        free = tight[problem.free[tight]]
        row = np.r_[place[site[use]], place[free]]
        column = np.r_[first + use, self.column[free]]
        value = np.r_[self.load[use], -problem.room[free]]
        high = np.where(problem.free[tight], 0, problem.room[tight])
        rows.add(row, column, value, count=len(tight), low=-math.inf, high=high)
        if problem.everyone and len(tight):
            self._add_total_capacity(rows)

    def _add_total_capacity(self, rows: Rows) -> None:
        """What is open has room for all: implied by the rest, and a bound for the solver."""
        problem = self.problem
        met = np.unique(self.near.site[self.full > 0])
        load = problem.demand if self.split else problem.load
        needed = int(load.to_numpy()[self.measure.takes_part].sum())
        room = np.minimum(problem.room, needed)
        settled = int(room[met[~problem.free[met]]].sum())
        free = met[problem.free[met]]
        row = np.zeros(len(free), dtype=np.int64)
        rows.add(row, self.column[free], room[free], count=1, low=needed - settled, high=math.inf)

    def points(self, people: IntArray) -> tuple[int, IntArray]:
        """Ten thousandths of people covered by each column."""
        return 0, self._people(people) * self.measure.percent * 100

    def time(self, people: IntArray) -> tuple[int, IntArray]:
        """People x centiseconds: all at the standard, and less by each column."""
        here, limit = self.measure.reachable, self.problem.limit_cs
        nearer = self.near.cs.astype(np.int64) - limit[self.measure.row]
        return int(limit[here] @ people[here]), self._people(people) * nearer

    def _people(self, people: IntArray) -> IntArray:
        there = people[self.measure.row]
        return (there > 0).astype(np.int64) if self.split else there

    def start_values(self, choice: Choice) -> FloatArray:
        """Its columns at a choice."""
        values = np.zeros(len(self.full))
        if choice.served is not None:
            values[choice.served.pair] = choice.served.people if self.split else 1.0
        return values

    def served(self, values: FloatArray) -> Served:
        """Who is served where."""
        amount = np.rint(values).astype(np.int64)
        pair = np.flatnonzero(amount > 0)
        people = amount[pair] if self.split else self.problem.demand.to_numpy()[self.measure.row[pair]]
        return Served(pair, people)
