"""The least time of the farthest row to its nearest open site (p-center), by halving the times that it can be.

For each time tried: can all be that near? Exchanges on the time beyond it often say yes. A linear program that may
open parts of sites refutes most times that are too short; what neither decides is left to an integer program. Both
programs cover some rows at first; if they cannot, nobody can cover all, and if they can, the rows they leave far join
(Chen and Chen 2009).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import AnyArray, FloatArray, IntArray
from quarterhour.siting.methods.median.median_instance import (
    MUST,
    MedianExchange,
    MedianInstance,
    Pairs,
    build_median_instance,
    cover_program,
)
from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.incumbent import Incumbent, SitesIncumbent, SitesResult
from quarterhour.siting.methods.solver.nest import Nest, cheapest, nest_of, random_choices
from quarterhour.siting.methods.solver.presolve import dominated_rows
from quarterhour.siting.methods.solver.program import TOLERANCE, Program
from quarterhour.siting.methods.solver.within import solve_within
from quarterhour.siting.question.search import COUNTING, SearchBudget, SearchResult
from quarterhour.siting.question.site_limits import SiteLimits

_STARTS = 3
_SHARE = 0.5
"""Of the time left that an integer program may take while shorter times are open too."""
_JOIN = 60
"""Rows that join a linear program at once."""
_ANY = 2**31 - 1
"""A time that all sites in reach are within."""


def solve_p_center(
    people: IntArray,
    times: Pairs | AnyArray,
    limits: SiteLimits,
    *,
    otherwise: IntArray | None = None,
    budget: SearchBudget | None = None,
    start: IntArray | None = None,
) -> SitesResult:
    """The choice of sites with the least centiseconds of the farthest row to the nearest open one, and its proof.

    Parameters are those of ``solve_p_median``; people only say which rows count.
    """
    budget = budget or SearchBudget()
    median = build_median_instance(people, times, limits, otherwise=otherwise)
    nest = nest_of(median.limits)
    if nest is None or median.hopeless:
        return SearchResult(None, None, median.farthest, COUNTING, infeasible=True)
    search = _Search(median, nest, budget)
    infeasible = search.first(start)
    if not infeasible:
        search.halve()
    budget.progress(1.0)
    return search.best.result(nodes=search.nodes, infeasible=infeasible)


class _Search:
    """Between the greatest time known to be too short and the best choice known."""

    def __init__(self, median: MedianInstance, nest: Nest, budget: SearchBudget) -> None:
        self.median, self.nest, self.exchange = median, nest, MedianExchange(median)
        open_end = median.otherwise[median.otherwise != MUST]
        times = np.unique(np.concatenate([median.cs, open_end, [median.farthest]]))
        least = max(int(median.cs[median.start[:-1]].max(initial=0)), median.farthest)
        self.times = times[times >= least]
        self.best: SitesIncumbent = Incumbent(budget, bound=least)
        self.nodes = 0
        self.asked = np.zeros(len(median.people), dtype=bool)
        self.hard = self.asked.copy()
        self.by = ""

    def first(self, start: IntArray | None) -> bool:
        """Some choice within the limits; True: there is none."""
        begins = random_choices(self.nest, _STARTS, seed=self.best.budget.seed)
        if start is not None:
            begins.insert(0, np.flatnonzero(np.isin(self.median.sites, start)))
        for begin in begins:
            if self.best.value is None or not self.best.is_finished:
                self.take(begin, self.exchange)
        if self.best.value is not None:
            return False
        infeasible = self.cover(_ANY, self.best.budget)
        self.best.proved_by = self.by if infeasible else self.best.proved_by
        return infeasible

    def halve(self) -> None:
        """Try the middle of what is open until nothing is: by linear programs first, then by integer ones."""
        self._decide(lambda cs, _: self.refuted(cs))
        self._decide(lambda cs, last: self.cover(cs, self.best.budget if last else self.best.budget.share(_SHARE)))

    def _decide(self, infeasible: Callable[[int, bool], bool]) -> None:
        """Halve by a way that tells which times are too short; one that it does not refute is not asked again."""
        below = _ANY
        while self.best.value is not None and not self.best.is_finished:
            top = min(below, self.best.value)
            open_times = self.times[(self.times >= self.best.bound) & (self.times < top)]
            if not len(open_times):
                return
            cs = int(open_times[(len(open_times) - 1) // 2])
            self.best.budget.progress(1 / (1 + len(open_times).bit_length()))
            self._approach(cs)
            if self.best.value <= cs:
                continue
            if infeasible(cs, len(open_times) == 1):
                self.best.tighten(int(self.times[np.searchsorted(self.times, cs, side="right")]), by=self.by)
            else:
                below = cs

    def _approach(self, cs: int) -> None:
        """Exchanges from the best choice on the time beyond so much."""
        known = self.best.choice if self.best.choice is not None else self.median.opened
        self.take(np.flatnonzero(np.isin(self.median.sites, known)), self.exchange.beyond(cs))

    def refuted(self, cs: int) -> bool:
        """Whether not even parts of sites, within the limits in sum, bring all within a time."""
        m, budget = self.median, self.best.budget
        far = (m.otherwise == MUST) | (m.otherwise > cs)
        solver = Solver(_short(cover_program(m, far & self.hard, cs=cs), len(m.limits.low)), seed=budget.seed)
        self.by, asked = solver.version, far & self.hard
        near = m.cs <= cs
        row = np.repeat(np.arange(len(m.people)), np.diff(m.start))[near]
        reach = sp.csr_array((np.ones(len(row)), (row, m.site[near])), shape=(len(m.people), len(m.sites)))
        while True:
            out = solve_within(solver, budget)
            if math.isfinite(out.bound) and out.bound > TOLERANCE:
                return True
            if out.values is None or out.status != "optimal":
                return out.status == "infeasible"
            opened = out.values[:-1]
            missing = np.where(far & ~asked, 1.0 - reach @ opened, 0.0)
            join = np.argsort(-missing, kind="stable")[:_JOIN]
            join = join[missing[join] > TOLERANCE]
            if not len(join):
                self._rounded(opened, cs)
                return False
            asked[join] = self.hard[join] = True
            rows = sp.csr_array(sp.hstack([reach[join], np.ones((len(join), 1))], format="csr"))
            solver.add_rows(rows, np.ones(len(join)), np.full(len(join), math.inf))

    def _rounded(self, opened: FloatArray, cs: int) -> None:
        """The choice within the limits of the sites that a linear program opens most of."""
        self.take(cheapest(self.nest, -opened), self.exchange.beyond(cs))

    def cover(self, cs: int, budget: SearchBudget) -> bool:
        """Look for a choice that brings all within a time, and take it; whether it is proven that there is none."""
        m = self.median
        far = (m.otherwise == MUST) | (m.otherwise > cs)
        exchange = self.exchange.beyond(cs)
        self.asked |= self.hard
        while True:
            program = _fewer_rows(cover_program(m, far & self.asked, cs=cs), len(m.limits.low))
            solver = Solver(program, seed=budget.seed)
            self.by = solver.version
            out = solve_within(solver, budget)
            self.nodes += out.nodes
            if out.values is None:
                return out.status == "infeasible"
            chosen = np.flatnonzero(out.values > 0.5)
            self.take(chosen, exchange)
            if not m.limits.holds(chosen) or (self.best.value is not None and self.best.value <= cs):
                return False
            if not self.ask(cs, m.times(chosen)):
                return False

    def ask(self, cs: int, times: IntArray) -> bool:
        """Cover the farthest rows too from now on, no two of them with a site within reach in common."""
        m = self.median
        near = np.zeros(len(m.sites), dtype=bool)
        far = np.flatnonzero((times > cs) & ~self.asked)
        for row in far[np.argsort(-times[far], kind="stable")]:
            reach = slice(m.start[row], m.start[row + 1])
            sites = m.site[reach][m.cs[reach] <= cs]
            if not near[sites].any():
                self.asked[row], near[sites] = True, True
        return len(far) > 0

    def take(self, chosen: IntArray, exchange: MedianExchange) -> None:
        """A choice as it is, and after exchanges."""
        if self.median.limits.holds(chosen):
            for some in (chosen, exchange.better(chosen)):
                self.best.offer(self.median.whole(some), self.median.worst(some))


def _short(whole: Program, limits: int) -> Program:
    """By how much the row covered least falls short of one site, at least, when sites may open in part."""
    short = np.r_[np.zeros(limits), np.ones(len(whole.low) - limits)]
    rows = sp.csr_array(sp.hstack([whole.rows, short[:, None]], format="csr"))
    cost = np.r_[np.zeros(len(whole.cost)), 1.0]
    return replace(
        whole, cost=cost, rows=rows, lower=np.r_[whole.lower, 0.0], upper=np.r_[whole.upper, 1.0], whole=None
    )


def _fewer_rows(program: Program, limits: int) -> Program:
    """Without the rows that are covered whenever another is."""
    decides = ~dominated_rows(sp.csr_array(program.rows[limits:]))
    rows = np.r_[np.arange(limits), limits + np.flatnonzero(decides)]
    return replace(program, rows=sp.csr_array(program.rows[rows]), low=program.low[rows], high=program.high[rows])
