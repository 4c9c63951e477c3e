"""What fixing left of rows that are served whole, as an integer program: sites, pairs, who goes nowhere."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.program import Program, Rows, whole_bound
from quarterhour.siting.methods.solver.within import solve_within
from quarterhour.siting.methods.whole.whole_instance import NEVER, Narrowed
from quarterhour.siting.question.search import SearchBudget


@dataclass(frozen=True, eq=False)
class LeafResult:
    """What a program came to: the best choice (``went``, ``opened``; None), and ``bound`` in steps, infinite where
    there is none; ``closed``: it is solved. ``by``: who says so.
    """

    went: IntArray | None
    opened: IntArray | None
    bound: float
    closed: bool
    by: str


class WholeProgram:
    """The program of what is left of an instance."""

    def __init__(self, left: Narrowed) -> None:
        self.left = left
        whole = left.whole
        self.pair = np.flatnonzero(left.kept)
        self.may_stay = np.flatnonzero(left.away < NEVER)
        self.first = len(left.free), len(left.free) + len(self.pair)
        self.columns = self.first[1] + len(self.may_stay)
        self.row, self.site = whole.row[self.pair], whole.site[self.pair]
        self.place = np.full(len(whole.room), -1, dtype=np.int64)
        self.place[left.free] = np.arange(len(left.free))

    def program(self) -> Program:
        """Each row goes one way, within the rooms of open sites, whose choice keeps the limits."""
        left, whole = self.left, self.left.whole
        each = self.first[0] + np.arange(len(self.pair))
        stays = self.first[1] + np.arange(len(self.may_stay))
        rows, count = Rows(self.columns), len(whole.load)
        rows.add(np.r_[self.row, self.may_stay], np.r_[each, stays], 1.0, count=count, low=1.0, high=1.0)
        free, sites = left.free, len(whole.room)
        room = np.where(left.opened, whole.room, 0).astype(float)
        load = np.r_[whole.load[self.row], -whole.room[free]].astype(float)
        rows.add(np.r_[self.site, free], np.r_[each, self.place[free]], load, count=sites, low=-math.inf, high=room)
        tied = np.flatnonzero(self.place[self.site] >= 0)
        k = np.arange(len(tied))
        ends = np.r_[each[tied], self.place[self.site[tied]]]
        rows.add(np.r_[k, k], ends, np.repeat([1.0, -1.0], len(k)), count=len(k), low=-math.inf, high=0.0)
        limits = left.limits
        table = limits.rows.tocoo()
        row, column = table.coords
        rows.add(row, column, table.data.astype(float), count=len(limits.low), low=limits.low, high=limits.high)
        lost, stay = whole.lost, self.may_stay
        if lost.binds:
            out = np.r_[lost.pair[self.pair], lost.away[stay]].astype(float)
            at = np.flatnonzero(out)
            rows.add(0 * at, self.first[0] + at, out[at], count=1, low=-math.inf, high=float(lost.most))
        matrix, low, high = rows.stacked()
        cost = np.r_[np.zeros(len(free)), whole.cost[self.pair], left.away[self.may_stay]].astype(float)
        box = np.zeros(self.columns), np.ones(self.columns)
        return Program(cost, sp.csr_array(matrix), low, high, *box, whole=np.ones(self.columns, dtype=np.bool_))

    def start(self, went: IntArray, opened: IntArray) -> FloatArray | None:
        """A choice as a solution; None where it is ruled out."""
        left, mark = self.left, np.zeros(len(self.left.whole.room), dtype=np.bool_)
        mark[opened] = True
        goes = went[self.row] == self.site
        stays = went[self.may_stay] == len(mark)
        every = np.bincount(np.r_[self.row[goes], self.may_stay[stays]], minlength=len(went))
        if (left.opened & ~mark).any() or (left.closed & mark).any() or (every != 1).any():
            return None
        values: FloatArray = np.r_[mark[left.free], goes, stays].astype(float)
        return values

    def choice(self, values: FloatArray) -> tuple[IntArray, IntArray]:
        """Where each row goes, and the open sites."""
        left, sites = self.left, len(self.left.whole.room)
        went = np.full(len(left.whole.load), sites, dtype=np.int64)
        goes = values[self.first[0] : self.first[1]] > 0.5
        went[self.row[goes]] = self.site[goes]
        opened = left.opened.copy()
        opened[left.free[values[: self.first[0]] > 0.5]] = True
        return went, np.flatnonzero(opened).astype(np.int64)


def solve_leaf(
    left: Narrowed, known: tuple[IntArray, IntArray] | None, *, budget: SearchBudget, seed: int
) -> LeafResult:
    """The best of what is left within a budget; ``known``: a choice that may be the start."""
    made = WholeProgram(left)
    solver = Solver(made.program(), seed=seed)
    start = None if known is None else made.start(*known)
    out = solve_within(solver, budget, start=start)
    bound = math.inf if out.status == "infeasible" else whole_bound(out.bound, most=False)
    went, opened = (None, None) if out.values is None else made.choice(out.values)
    done = out.status in ("optimal", "infeasible")
    return LeafResult(went, opened, bound, done, solver.version)
