"""Capacitated p-median: exchange search, Lagrangian bound, and an integer program with cuts for the gap.

A row may be shared out among several sites, in whole people: a village of 40 may send 25 here and 15 there.
The program knows the pairs that can matter; the others of a row stand together as one way to go that is as
near as the nearest of them and asks for no site, so its bound holds for all pairs.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import AnyArray, FloatArray, IntArray
from quarterhour.siting.methods.capacity.knapsack_bound import CapacitatedInstance, KnapsackPrices
from quarterhour.siting.methods.median.lagrangian import LagrangianPrices, reduced_cost_fixing
from quarterhour.siting.methods.median.median_instance import MUST, Pairs, build_median_instance
from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.incumbent import Incumbent, SitesIncumbent, SitesResult
from quarterhour.siting.methods.solver.nest import Nest, nest_of, random_choices
from quarterhour.siting.methods.solver.program import Outcome, Program, whole_bound, widened
from quarterhour.siting.methods.solver.within import solve_within
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.question.site_limits import SiteLimits

PRICES = "Lagrangian"
_STARTS = 3
_SHARE = 0.3
"""Of the time left that exchanges, and then prices, may take."""
_CLOSE = 1.02
"""A cheapest choice that is no worse than so many times the best is bettered by exchanges."""
_REACH = (2, 8, None)
"""Pairs up to so many times a row's price are in the program, until those left out do not matter; None: all."""
_BROKEN = 1e-6


def solve_capacitated_median(
    people: IntArray,
    times: Pairs | AnyArray,
    limits: SiteLimits,
    room: IntArray,
    *,
    otherwise: IntArray | None = None,
    budget: SearchBudget | None = None,
    start: IntArray | None = None,
) -> SitesResult:
    """The choice of sites with the least people times centiseconds when each serves no more than its room.

    Who goes where is chosen too (``served``), for the least time of all; people of a row may go to different sites.

    Parameters
    ----------
    people : by row, whole numbers of 0 or more; rows without people do not count.
    times : whole centiseconds, as ``Pairs`` (an absent pair cannot be served) or as a matrix rows x sites, where
        less than 0 means so.
    limits : what the choice must keep; fixed sites are open in it, with their room.
    room : by site, people that it can serve.
    otherwise : centiseconds of a person of each row whom no site serves; ``MUST``: all must be served. None: all
        that some site could serve, room aside. Rows that no site could serve do not count.
    budget : time, seed, stop; its callbacks.
    start : open sites of a known choice.
    """
    budget = budget or SearchBudget()
    unfixed = replace(limits, fixed=np.zeros_like(limits.fixed))
    space = CapacitatedInstance(build_median_instance(people, times, unfixed, otherwise=otherwise), room, limits)
    best: SitesIncumbent = Incumbent(budget, bound=space.median.least, steps=space.median.steps(whole=False))
    nest = nest_of(limits.without(limits.fixed, unfixed.fixed))
    if nest is None:
        return best.result(infeasible=True)
    _first(space, nest, best, start)
    budget.progress(0.3)
    if best.is_optimal:
        return best.result()
    priced = _priced(space, nest, best)
    budget.progress(0.6)
    if best.is_finished and best.value is not None:
        return best.result()
    nodes, infeasible = 0, False
    for reach in _REACH if best.value is not None else (None,):
        search = _Search(space, nest, priced, best, reach)
        out = search.run()
        nodes += out.nodes
        infeasible = best.value is None and out.status == "infeasible"
        if best.is_finished or infeasible or search.complete:
            break
    return best.result(nodes=nodes, infeasible=infeasible)


def _first(space: CapacitatedInstance, nest: Nest, best: SitesIncumbent, start: IntArray | None) -> None:
    begins = random_choices(nest, _STARTS, seed=best.budget.seed)
    begins = [np.sort(np.concatenate([space.fixed, space.free[b]])) for b in begins]
    if start is not None:
        begins.insert(0, np.union1d(start, space.fixed).astype(np.int64))
    part = best.budget.share(_SHARE)
    for begin in begins:
        if space.limits.holds(begin) and (best.value is None or not part.over()):
            space.better(begin, best, budget=part)


def _priced(space: CapacitatedInstance, nest: Nest, best: SitesIncumbent) -> LagrangianPrices:
    part = best.budget.share(_SHARE)

    def look(chosen: IntArray) -> int | None:
        if space.limits.holds(chosen):
            found = space.take(chosen, best)
            worth = space.median.settled + found.value
            if not found.lost and best.value is not None and worth <= _CLOSE * best.value:
                space.better(chosen, best, budget=part)
        return best.value

    def over() -> bool:
        part.spend(rounds=1)
        return part.over()

    begin = space.fixed if best.choice is None else best.choice
    priced = KnapsackPrices(space, nest, step=best.steps[0]).rounds(begin, best.value, over=over, look=look)
    best.tighten(priced.bound, by=PRICES)
    return priced


class _Search:
    """The program: sites, then pairs, then who goes by none of these pairs."""

    def __init__(
        self, space: CapacitatedInstance, nest: Nest, priced: LagrangianPrices, best: SitesIncumbent, reach: int | None
    ) -> None:
        self.space, self.best = space, best
        m = space.median
        self.sites, self.rows = len(m.sites), len(m.people)
        self.lower, self.upper = space.limits.fixed.astype(float), np.ones(self.sites)
        if best.value is not None:
            self._settle(nest, priced, best.value - best.steps[0])
        self.pair, self.beyond = self._pairs(priced, reach)
        self.base = self._base()
        self.settled = m.settled + int(m.people @ self.base)
        self.solver = Solver(self._program(), seed=best.budget.seed)

    def _settle(self, nest: Nest, priced: LagrangianPrices, value: int) -> None:
        free = self.space.free
        mine = replace(priced, cost=priced.cost[free], chosen=np.flatnonzero(np.isin(free, priced.chosen)))
        opened, closed = reduced_cost_fixing(nest, mine, value, self.space.median.settled)
        self.lower[free[opened]], self.upper[free[closed]] = 1.0, 0.0

    def _base(self) -> IntArray:
        """What a person of each row pays in the best choice, rounded down: the program tells what differs from it.

        Everybody goes somewhere, so that this is a constant; small numbers leave a solver's last digits no room.
        """
        m, row = self.space.median, self.space.row
        base = np.zeros(self.rows, dtype=np.int64)
        if self.best.choice is not None:
            went = self.space.flow(self.best.choice).people.astype(np.int64)
            paid, gone = np.zeros_like(base), np.zeros_like(base)
            np.add.at(paid, row, went * m.cs)
            np.add.at(gone, row, went)
            paid += (m.people - gone) * np.maximum(m.otherwise, 0)
            base = paid // np.maximum(m.people, 1)
        return base

    def _pairs(self, priced: LagrangianPrices, reach: int | None) -> tuple[IntArray, IntArray]:
        """The pairs of the program, and by row the least time of what is not among them, ``MUST`` if nothing is."""
        m, row = self.space.median, self.space.row
        can = self.upper[m.site] > 0
        near = np.ones(len(m.cs), dtype=bool)
        if reach is not None:
            near = m.cs <= reach * (priced.prices >> priced.parts)[row]
        beyond = np.where(m.otherwise == MUST, np.int64(2**62), m.otherwise)
        left_out = can & ~near
        self.complete = not left_out.any()
        np.minimum.at(beyond, row[left_out], m.cs[left_out])
        return np.flatnonzero(can & near), np.where(beyond == 2**62, MUST, beyond)

    def _program(self) -> Program:
        m, space, pair = self.space.median, self.space, self.pair
        first, pairs = self.sites, len(pair)
        columns = first + pairs + self.rows
        row, site, each = space.row[pair], m.site[pair], first + np.arange(pairs)
        every = np.arange(self.rows)
        serve = sp.csr_array(
            (np.ones(pairs + self.rows), (np.r_[row, every], np.r_[each, first + pairs + every])),
            shape=(self.rows, columns),
        )
        sites = np.arange(self.sites)
        room = sp.csr_array(
            (np.r_[np.ones(pairs), -space.room.astype(float)], (np.r_[site, sites], np.r_[each, sites])),
            shape=(self.sites, columns),
        )
        matrix = sp.csr_array(sp.vstack([serve, room, widened(space.limits.rows, columns)], format="csr"))
        low = np.r_[m.people, np.full(self.sites, -math.inf), space.limits.low]
        high = np.r_[m.people, np.zeros(self.sites), space.limits.high]
        rest = np.where(self.beyond == MUST, 0, self.beyond - self.base)
        cost = np.r_[np.zeros(first), m.cs[pair] - self.base[row], rest].astype(float)
        lower = np.r_[self.lower, np.zeros(pairs + self.rows)]
        upper = np.r_[self.upper, m.people[row], np.where(self.beyond == MUST, 0, m.people)].astype(float)
        return Program(cost, matrix, low.astype(float), high.astype(float), lower, upper)

    def run(self) -> Outcome:
        """Tighten the linear program, then look for whole sites."""
        out = self._tighten()
        if out.status == "infeasible" or self.best.is_finished:
            return self._closed(out)
        if self.best.value is not None:
            self._settle_by(out, self.best.value)
        whole = np.zeros(len(self.solver.program.cost), dtype=bool)
        whole[: self.sites] = True
        solver = Solver(replace(self.solver.program, whole=whole), seed=self.best.budget.seed)
        begin, budget = self._start(), self.best.budget
        out = solve_within(solver, budget, start=begin, found=self._found, bounded=self._bounded)
        if out.values is not None:
            self._found(out.values, out.bound)
        return self._closed(out)

    def _closed(self, out: Outcome) -> Outcome:
        by = self.solver.version
        if out.status == "infeasible":
            self.best.proved_by = by
            if self.best.value is not None:
                self.best.tighten(self.best.value, by=by)
        elif math.isfinite(out.bound):
            self.best.tighten(self.settled + int(whole_bound(out.bound, most=False)), by=by)
        return out

    def _tighten(self) -> Outcome:
        """Add what a linear solution breaks of "nobody goes to a site beyond the part of it that is open"."""
        m, first, pairs = self.space.median, self.sites, len(self.pair)
        people, site = m.people[self.space.row[self.pair]].astype(float), m.site[self.pair]
        while True:
            out = solve_within(self.solver, self.best.budget)
            self._closed(out)
            if out.values is None or self.best.is_finished:
                return out
            share = out.values[first : first + pairs] - people * out.values[site]
            broken = np.flatnonzero(share > _BROKEN * np.maximum(people, 1.0))
            if not len(broken):
                return out
            many = np.arange(len(broken))
            entries = np.r_[np.ones(len(broken)), -people[broken]]
            place = np.r_[many, many], np.r_[first + broken, site[broken]]
            rows = sp.csr_array((entries, place), shape=(len(broken), len(out.values)))
            self.solver.add_rows(rows, np.full(len(broken), -math.inf), np.zeros(len(broken)))

    def _settle_by(self, out: Outcome, value: int) -> None:
        reduced = (np.zeros(self.sites) if out.reduced is None else out.reduced)[: self.sites]
        bound = np.ceil(out.bound + np.abs(reduced)) + self.settled
        free = self.upper > self.lower
        self.upper[free & (reduced > 0) & (bound >= value)] = 0.0
        self.lower[free & (reduced < 0) & (bound >= value)] = 1.0
        self.solver.bound_columns(np.arange(self.sites, dtype=np.int64), self.lower, self.upper)

    def _start(self) -> FloatArray | None:
        """The best choice as a solution, if the program still allows it."""
        if self.best.choice is None:
            return None
        opened = np.zeros(self.sites)
        opened[self.best.choice] = 1.0
        if (opened < self.lower).any() or (opened > self.upper).any():
            return None
        m, program = self.space.median, self.solver.program
        went = self.space.flow(self.best.choice).people[self.pair]
        got = np.bincount(self.space.row[self.pair], went, self.rows)
        return np.concatenate([opened, went, np.minimum(m.people - got, program.upper[-self.rows :])])

    def _found(self, values: FloatArray, bound: float) -> None:
        chosen = np.flatnonzero(values[: self.sites] > 0.5).astype(np.int64)
        self._bounded(bound)
        self.space.take(chosen, self.best)

    def _bounded(self, bound: float) -> None:
        if math.isfinite(bound):
            self.best.tighten(self.settled + int(whole_bound(bound, most=False)), by=self.solver.version)
