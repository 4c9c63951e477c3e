"""Max-cover as a linear program over sites alone, which learns by cuts whom a group of rows can add (Benders)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.base.jit import kernel
from quarterhour.siting.methods.covering.cover_instance import CoverInstance
from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.presolve import rows_of
from quarterhour.siting.methods.solver.program import Outcome, Program
from quarterhour.siting.methods.solver.within import solve_within
from quarterhour.siting.question.search import SearchBudget

_TIDY = 5
"""Rounds of cuts after which those that do not bind are left out."""
_SLACK = 1e-4
_FEWEST, _GROUPS = 4, 800
"""Rows of a group that is split no further, and about how many groups there are of a large question."""
_LARGEST = 2**20
"""People of a group beyond which they are counted in larger units."""


class MaxCoverMaster:
    """Columns: sites (0 to 1), then people covered by group of rows; rows: how many sites, quotas, then cuts.

    Rows are grouped around the site that reaches most; ``fine``: in smaller groups, whose cuts say more and whose
    program is larger. A cut says of a group that at most so many people are covered: those covered anyway, and of the
    others as many as each open site may add (Cordeau, Furini and Ljubic 2019). Cuts hold for every number of sites,
    quota and branch, so one master serves a whole frontier.
    """

    def __init__(self, core: CoverInstance, *, seed: int = 0, fine: bool = True) -> None:
        self.core, self.sites = core, len(core.sites)
        start, site = rows_of(core.cover)
        group, self.groups = _groups(start, site, self.sites, fine=fine)
        order = np.argsort(group, kind="stable")
        begin = np.append(0, np.cumsum(np.bincount(group, minlength=self.groups)))
        most: FloatArray = np.bincount(group, weights=core.people, minlength=self.groups).astype(np.float64)
        # A power of two, so that nothing is rounded: HiGHS's tolerances are for numbers of middling size.
        self.unit = 2.0 ** max(0, math.frexp(float(most.max(initial=0)) / _LARGEST)[1])
        most = most / self.unit
        self._table = start, site, core.people.astype(np.float64) / self.unit, order, begin
        self._work = np.zeros(self.sites), np.empty(self.sites, dtype=np.int32)
        self._tolerance = 0.1 / max(1, self.groups) / self.unit + 1e-12 * float(most.sum())
        rules, low, high = site_rows(core)
        self.first_cut = len(low)
        rows = sp.csr_array((rules.data, rules.indices, rules.indptr), shape=(len(low), self.sites + self.groups))
        cost = np.append(np.zeros(self.sites), np.ones(self.groups))
        upper = np.append(np.ones(self.sites), most).astype(np.float64)
        self.solver = Solver(Program(cost, rows, low, high, np.zeros(len(cost)), upper, most=True), seed=seed)

    def limit(self, sites: int) -> None:
        """Another number of sites at most; the cuts stay."""
        self.solver.bound_rows(np.array([0]), np.array([-math.inf]), np.array([float(sites)]))

    def solve(self, budget: SearchBudget, *, iterations: int | None = None) -> Outcome:
        """The program as it stands, ``bound`` and ``reduced`` in people; the values of groups stay in ``unit``."""
        found = solve_within(self.solver, budget, iterations=iterations)
        reduced = None if found.reduced is None else found.reduced * self.unit
        return replace(found, value=found.value * self.unit, bound=found.bound * self.unit, reduced=reduced)

    def is_feasible(self, lower: BoolArray, upper: BoolArray) -> bool:
        """Whether the rules alone leave a choice between two sides, sites open in part."""
        rules, low, high = site_rows(self.core)
        high[0] = self.solver.program.high[0]
        sides = lower.astype(np.float64), upper.astype(np.float64)
        program = Program(np.zeros(self.sites), rules, low, high, *sides)
        return Solver(program).solve().status != "infeasible"

    def cut(self, at: FloatArray, outcome: Outcome) -> tuple[int, float]:
        """Cuts made at a point that an outcome breaks: how many, and the people covered there (sites in part count).

        ``at``: by site, 0 to 1.
        """
        if outcome.values is None:
            return 0, -math.inf
        size, const, here = np.zeros(self.groups, np.int64), np.zeros(self.groups), np.zeros(self.groups)
        broken = np.zeros(self.groups, dtype=np.bool_)
        y, covered = outcome.values[: self.sites], outcome.values[self.sites :]
        _looked(self._table, at, y, covered, self._work, size, const, here, broken, self._tolerance)
        which = np.flatnonzero(broken)
        if len(which):
            begins = np.append(0, np.cumsum(size[which] + 1))
            column, value = np.empty(begins[-1], np.int32), np.empty(begins[-1])
            _written(self._table, at, which, begins, self._work, column, value)
            rows = sp.csr_array((value, column, begins), shape=(len(which), self.sites + self.groups))
            self.solver.add_rows(rows, np.full(len(which), -math.inf), const[which])
        return len(which), float(here.sum()) * self.unit

    def tidy(self, outcome: Outcome) -> None:
        """Leave out the cuts that do not bind where an outcome stands."""
        if outcome.values is None:
            return
        program = self.solver.program
        spare = program.high - program.rows @ outcome.values > _SLACK * np.maximum(1.0, np.abs(program.high))
        spare[: self.first_cut] = False
        self.solver.drop_rows(np.flatnonzero(spare))

    def solve_relaxation(
        self, budget: SearchBudget, inside: FloatArray, *, close: float = 1e-7
    ) -> tuple[Outcome, FloatArray]:
        """Cuts until the program's value is true to ``close``: the last outcome, and a point well inside.

        Cuts are made half-way between where the program stands and the best point known, ``inside``
        (in-out, Ben-Ameur and Neto 2007).
        """
        most, turn = -math.inf, 0
        outcome = self.solve(budget)
        while outcome.values is not None and not budget.over():
            y = outcome.values[: self.sites]
            between = 0.5 * (y + inside)
            many, covered = self.cut(between, outcome)
            if covered > most:
                most, inside = covered, between
            if many == 0:
                many, covered = self.cut(y, outcome)
                if covered > most:
                    most, inside = covered, y
            if many == 0 or outcome.bound - most <= close * abs(outcome.bound):
                break
            turn += 1
            if turn % _TIDY == 0 and turn <= 60 * _TIDY:
                self.tidy(outcome)
            later = self.solve(budget)
            if later.values is None:
                break
            outcome = later
        return outcome, inside


def _area_rules(core: CoverInstance) -> tuple[sp.csr_array, FloatArray, FloatArray]:
    """The areas whose quotas can bind: candidates in each, and how many of them to open."""
    quota, site = np.nonzero(core.group >= 0)
    shape = (len(core.low), len(core.sites))
    member = sp.csr_array((np.ones(len(site)), (core.group[quota, site], site)), shape=shape)
    binds = np.flatnonzero((core.low > 0) | (core.high < np.diff(member.indptr)))
    return sp.csr_array(member[binds]), core.low[binds].astype(np.float64), core.high[binds].astype(np.float64)


def site_rows(core: CoverInstance) -> tuple[sp.csr_array, FloatArray, FloatArray]:
    """How many candidates to open, in all (the first row) and in each area whose quota can bind."""
    areas, low, high = _area_rules(core)
    every = sp.csr_array(np.ones((1, len(core.sites))))
    rows = sp.csr_array(sp.vstack([every, areas], format="csr"))
    return rows, np.append(-math.inf, low), np.append(float(core.limit), high)


def _groups(start: IntArray, site: npt.NDArray[np.int32], sites: int, *, fine: bool) -> tuple[IntArray, int]:
    """Each row to the site of its own that reaches most rows; ``fine``: few rows a group, then few cuts say much."""
    hub = np.zeros(len(start) - 1, dtype=np.int64)
    _hubs(start, site, np.bincount(site, minlength=sites), hub)
    order = np.lexsort((site[start[1:] - 1], site[start[:-1]], hub))
    begins = np.flatnonzero(np.diff(hub[order], prepend=-1))
    rank = np.arange(len(hub)) - np.repeat(begins, np.diff(np.append(begins, len(hub))))
    first = rank % (max(_FEWEST, math.ceil(len(hub) / _GROUPS)) if fine else max(1, len(hub))) == 0
    group = np.empty(len(hub), dtype=np.int64)
    group[order] = np.cumsum(first) - 1
    return group, int(first.sum())


@kernel
def _hubs(start, site, reach, hub):  # type: ignore[no-untyped-def]
    for r in range(len(hub)):
        hub[r] = site[start[r]]
        for k in range(start[r], start[r + 1]):
            if reach[site[k]] > reach[hub[r]]:
                hub[r] = site[k]


@kernel
def _gathered(table, at, g, work):  # type: ignore[no-untyped-def]
    """A group's cut: people covered anyway, and of the others those each site may add, in the first of ``work``."""
    start, site, people, order, begin = table
    weight, touched = work
    anyway, n = 0.0, 0
    for o in range(begin[g], begin[g + 1]):
        r = order[o]
        opened = 0.0
        for k in range(start[r], start[r + 1]):
            opened += at[site[k]]
        if opened >= 1 - 1e-9:
            anyway += people[r]
            continue
        for k in range(start[r], start[r + 1]):
            if weight[site[k]] == 0.0:
                touched[n] = site[k]
                n += 1
            weight[site[k]] += people[r]
    return anyway, n


@kernel
def _looked(table, at, y, covered, work, size, const, here, broken, tolerance):  # type: ignore[no-untyped-def]
    """By group the cut at ``at``: how long, what it allows there, and whether ``y`` and ``covered`` break it."""
    weight, touched = work
    for g in range(len(const)):
        const[g], size[g] = _gathered(table, at, g, work)
        allowed, here[g] = const[g], const[g]
        for t in range(size[g]):
            allowed += weight[touched[t]] * y[touched[t]]
            here[g] += weight[touched[t]] * at[touched[t]]
            weight[touched[t]] = 0.0
        broken[g] = covered[g] > allowed + tolerance


@kernel
def _written(table, at, which, begins, work, column, value):  # type: ignore[no-untyped-def]
    weight, touched = work
    for b in range(len(which)):
        _, n = _gathered(table, at, which[b], work)
        end = begins[b]
        for t in range(n):
            column[end], value[end] = touched[t], -weight[touched[t]]
            weight[touched[t]] = 0.0
            end += 1
        column[end], value[end] = len(weight) + which[b], 1.0
