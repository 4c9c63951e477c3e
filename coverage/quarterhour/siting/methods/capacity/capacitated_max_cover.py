"""Capacitated max-cover whose sites share communities: an integer program of sites with Benders cuts from minimum cuts.

How many find a place with some sites open is a greatest flow, from communities to sites near enough and through their
room. Whatever communities one picks, no more are placed than all the others and, for each open site, the lesser of its
room and of those picked that are near it (Gale 1957). Each such cut is a row over the sites, true at every number of
them; the smallest cut of a solution is the row that it breaks most (Benders 1962).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.base.errors import DataError
from quarterhour.siting.methods.capacity.transportation import MOST_FLOW, smallest_cut
from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.incumbent import Incumbent, SitesResult
from quarterhour.siting.methods.solver.presolve import merge_pairs
from quarterhour.siting.methods.solver.program import Outcome, Program, whole_bound, widened
from quarterhour.siting.methods.solver.within import solve_within
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.question.site_limits import SiteLimits

_FINE = 4096
"""Parts of a site that a flow knows, where people are few enough."""
_BROKEN = 1e-3
"""People by which a row must be broken to be learned while sites are open in part."""


@dataclass(frozen=True, eq=False)
class Cut:
    """Benders cut: at most ``const + each @ opened`` people are placed; ``placed``: where it was made."""

    placed: float
    const: int
    each: IntArray


class CapacitatedMaxCover:
    """Capacitated max-cover for every number of sites: a cut made at one number holds at all.

    Parameters
    ----------
    people : by row, whole numbers.
    start, site : row i may go to ``site[start[i]:start[i + 1]]``, rising.
    limits : what a choice must keep, the number of sites aside; fixed sites are open in it.
    room : by site, people that it can hold.

    DataError : more people than can be counted exactly.
    """

    def __init__(
        self, people: IntArray, start: IntArray, site: IntArray, limits: SiteLimits, room: IntArray,
        *, budget: SearchBudget,
    ) -> None:  # fmt: skip
        sites = len(room)
        cover, self.people = merge_pairs(start, site, people, sites=sites)
        self.all = int(self.people.sum())
        if self.all > MOST_FLOW:
            raise DataError("question.too_many_people", people=self.all)
        self.row, self.site = np.repeat(np.arange(len(self.people)), np.diff(cover.indptr)), cover.indices
        self.room, self.budget = np.minimum(room, self.all), budget
        free = sp.csr_array((~limits.fixed).astype(np.int64)[None, :])
        rows = sp.csr_array(sp.vstack([free, limits.rows], format="csr"))
        self.limits = SiteLimits(rows, np.r_[0, limits.low], np.r_[sites, limits.high], limits.fixed)
        self.solver = Solver(self._program(), seed=budget.seed)
        self.add_cut(self.cut(limits.fixed.astype(np.float64)))

    def _program(self) -> Program:
        """Sites, then the people placed."""
        limits, sites = self.limits, len(self.room)
        rows = widened(limits.rows, sites + 1)
        lower, upper = np.r_[limits.fixed.astype(float), 0.0], np.r_[np.ones(sites), float(self.all)]
        low, high = limits.low.astype(float), limits.high.astype(float)
        return Program(np.r_[np.zeros(sites), 1.0], rows, low, high, lower, upper, most=True)

    def cut(self, opened: FloatArray) -> Cut:
        """The smallest cut where sites are open, or open in part."""
        whole = bool(np.isin(opened, (0.0, 1.0)).all())
        fine = 1 if whole else max(1, min(_FINE, MOST_FLOW // max(self.all, 1)))
        part = np.rint(opened * fine).astype(np.int64)
        use = part[self.site] > 0
        row, site = self.row[use], self.site[use]
        width = self.people[row] * part[site]
        flow, picked, _ = smallest_cut(self.people * fine, row, site, width, self.room * part)
        mine = picked[self.row]
        near = np.bincount(self.site[mine], self.people[self.row[mine]], len(self.room)).astype(np.int64)
        return Cut(flow / fine, int(self.people[~picked].sum()), np.minimum(self.room, near))

    def placed(self, opened: IntArray) -> int:
        """How many find a place with these sites open, fixed ones included."""
        return int(self.cut_of(opened).placed)

    def cut_of(self, opened: IntArray) -> Cut:
        """The smallest cut with these sites open."""
        return self.cut(np.isin(np.arange(len(self.room)), opened).astype(np.float64))

    def add_cut(self, cut: Cut) -> None:
        """Keep a cut for good."""
        row = sp.csr_array(np.r_[-cut.each.astype(float), 1.0][None, :])
        self.solver.add_rows(row, np.array([-math.inf]), np.array([float(cut.const)]))

    def solve(self, size: int, start: IntArray | None, *, looks: float = math.inf) -> SitesResult:
        """The choice of so many sites beside the fixed ones that places most, and what none beats.

        ``start``: open sites of a known choice. ``looks``: integer programs solved at most.
        """
        self.limits = replace(self.limits, high=np.r_[size, self.limits.high[1:]])
        self.solver.bound_rows(np.array([0]), np.array([-math.inf]), np.array([float(size)]))
        best = _Placed(self, start)
        outcome = self._relaxed(best)
        while outcome.status != "infeasible" and not best.is_finished and best.looks < looks:
            known = len(best.seen), best.bound
            outcome = self._whole(best)
            if outcome.values is None or known == (len(best.seen), best.bound):
                break  # nothing was learned
        infeasible = outcome.status == "infeasible"
        return best.result(nodes=best.looks, infeasible=infeasible)

    def _relaxed(self, best: _Placed) -> Outcome:
        """The linear program until no cut is broken."""
        while True:
            out = solve_within(self.solver, self.budget)
            best.at_most(out.bound)
            if out.values is None or best.is_finished:
                return out
            opened = out.values[:-1]
            cut = self.cut(np.clip(opened, 0.0, 1.0))
            best.take(self._likely(opened))
            if out.values[-1] <= cut.const + cut.each @ opened + _BROKEN:
                return out
            self.add_cut(cut)

    def _whole(self, best: _Placed) -> Outcome:
        """The program with whole sites; what it chooses is counted and learned."""
        whole = np.r_[np.ones(len(self.room), dtype=np.bool_), False]
        solver = Solver(replace(self.solver.program, whole=whole), seed=self.budget.seed)
        out = solve_within(solver, self.budget, bounded=best.at_most)
        best.looks += 1
        best.at_most(out.bound)
        if out.values is not None:
            best.take(np.flatnonzero(out.values[:-1] > 0.5).astype(np.int64))
        return out

    def _likely(self, opened: FloatArray) -> IntArray:
        """The sites most open, as far as they fit."""
        chosen, used = self.limits.fixed.copy(), self.limits.used(self.limits.fixed_sites)
        columns = sp.csc_array(self.limits.rows)
        for s in np.argsort(-opened, kind="stable").tolist():
            if used[0] == self.limits.high[0]:
                break
            after = used.copy()
            mine = slice(columns.indptr[s], columns.indptr[s + 1])
            after[columns.indices[mine]] += columns.data[mine]
            if not chosen[s] and (after <= self.limits.high).all():
                chosen[s], used = True, after
        return np.flatnonzero(chosen).astype(np.int64)


class _Placed(Incumbent[IntArray, int]):
    """The incumbent of a number of sites, by how many find a place; each choice is counted, and its cut learned."""

    def __init__(self, problem: CapacitatedMaxCover, start: IntArray | None) -> None:
        super().__init__(problem.budget, bound=problem.all, most=True)
        self.problem, self.looks = problem, 0
        self.seen: set[bytes] = set()
        if start is not None:
            self.take(start)

    def at_most(self, placed: float) -> None:
        """No choice of this size places more."""
        self.tighten(whole_bound(placed, most=True), by=f"Benders, {self.problem.solver.version}")

    def take(self, opened: IntArray) -> None:
        """Count a choice that keeps the rules, and learn its cut."""
        if opened.tobytes() in self.seen or not self.problem.limits.holds(opened):
            return
        self.seen.add(opened.tobytes())
        cut = self.problem.cut_of(opened)
        self.problem.add_cut(cut)
        self.offer(opened, int(cut.placed))
