"""Linear and integer programs as arrays: rows gathered, outcomes of runs, bounds safe of a solver's tolerances."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.siting.question.site_limits import SiteLimits

TOLERANCE = 1e-6
"""How far a solver's whole numbers may be from whole."""
_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Program:
    """The best ``cost @ x`` with ``low <= rows @ x <= high`` and ``lower <= x <= upper``.

    ``most``: the greatest (else the least). ``whole``: which x are whole numbers; None: a linear program.
    ``rows``: CSR, one row a rule; a side without a bound is infinite.
    """

    cost: FloatArray
    rows: sp.csr_array
    low: FloatArray
    high: FloatArray
    lower: FloatArray
    upper: FloatArray
    most: bool = False
    whole: BoolArray | None = None

    def without_rows(self, rows: IntArray) -> Program:
        """The same with some rows left out; those below move up."""
        stays = np.ones(len(self.low), dtype=np.bool_)
        stays[rows] = False
        left = sp.csr_array(self.rows[np.flatnonzero(stays)])
        return replace(self, rows=left, low=self.low[stays], high=self.high[stays])

    @property
    def no_bound(self) -> float:
        """The bound of which nothing is known."""
        return math.inf if self.most else -math.inf

    @property
    def farthest(self) -> FloatArray:
        """How far from 0 each x can be."""
        return np.maximum(np.abs(self.lower), np.abs(self.upper))

    def largest(self, cost: FloatArray) -> float:
        """How far from 0 a cost can be."""
        counts = cost != 0
        return float(np.abs(cost[counts]) @ self.farthest[counts])


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run came to.

    ``status``: ``optimal``; ``infeasible``; ``stopped`` (time or ``stop``); ``failed`` (nothing may be
    concluded). ``values``: the solution, None where none was found, its objective ``value`` (NaN).
    ``bound``: no solution is better; infinite on the far side unless proven. A linear program's bound is
    computed anew from the prices, so that it holds whatever the solver's tolerances.
    ``prices`` (a row) and ``reduced`` (a column): a linear program's duals, in the objective's unit per
    unit of the row's or column's bound. ``nodes``: of the search tree.
    """

    status: Literal["optimal", "infeasible", "stopped", "failed"]
    values: FloatArray | None
    value: float
    bound: float
    nodes: int = 0
    prices: FloatArray | None = None
    reduced: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class Sum:
    """``constant + of @ x``: a whole number at every choice."""

    constant: int
    of: IntArray

    @property
    def scale(self) -> int:
        """What divides every coefficient."""
        return int(np.gcd.reduce(self.of)) or 1

    def cost(self) -> FloatArray:
        """The coefficients, as small as whole numbers can be."""
        return (self.of // self.scale).astype(float)


@dataclass(eq=False)
class Rows:
    """Rules as they are gathered: ``low <= row @ x <= high`` over so many columns."""

    columns: int
    parts: list[sp.csr_array] = field(default_factory=list)
    lows: list[FloatArray] = field(default_factory=list)
    highs: list[FloatArray] = field(default_factory=list)

    def add(
        self, row: IntArray, column: IntArray, value: FloatArray | float, *, count: int, low: object, high: object
    ) -> None:
        """``count`` rows from the places and values of what is not zero in them."""
        if not count:
            return
        data = np.broadcast_to(np.asarray(value, dtype=float), len(row))
        self.parts.append(sp.csr_array((data, (row, column)), shape=(count, self.columns)))
        for kept, side in ((self.lows, low), (self.highs, high)):
            kept.append(np.broadcast_to(np.asarray(side, dtype=float), count))

    def add_sum(self, total: Sum, *, low: int | None = None, high: int | None = None) -> None:
        """One rule on a sum of whole numbers, divided by what all coefficients share."""
        cost, scale = total.cost(), total.scale
        column = np.flatnonzero(cost)
        least = -math.inf if low is None else -((total.constant - low) // scale)
        most = math.inf if high is None else (high - total.constant) // scale
        self.add(np.zeros(len(column), dtype=np.int64), column, cost[column], count=1, low=least, high=most)

    def add_limits(self, limits: SiteLimits, *, at_most: bool = False) -> None:
        """Rules on sites, of which the free ones are the first columns; each divided by what its weights share.

        ``at_most``: without their lower sides.
        """
        left = limits.of_free_sites()
        table, count = left.rows.tocoo(), len(left.low)
        unit = np.zeros(count, dtype=np.int64)
        np.gcd.at(unit, table.coords[0], table.data)
        unit = np.maximum(unit, 1)
        row, column = table.coords
        low = -math.inf if at_most else -(-left.low // unit)
        self.add(row, column, table.data // unit[row], count=count, low=low, high=left.high // unit)

    def joined(self, others: Rows) -> Rows:
        """These and others, as new rows."""
        return Rows(self.columns, self.parts + others.parts, self.lows + others.lows, self.highs + others.highs)

    def stacked(self) -> tuple[sp.csr_array, FloatArray, FloatArray]:
        """All of them."""
        if not self.parts:
            return sp.csr_array((0, self.columns)), np.empty(0), np.empty(0)
        matrix = sp.csr_array(sp.vstack(self.parts, format="csr"))
        return matrix, np.concatenate(self.lows), np.concatenate(self.highs)


def safe_bound(program: Program, prices: FloatArray) -> tuple[float, FloatArray]:
    """What no x can beat, by weak duality from any prices of the rows, and the reduced costs that go with them.

    Prices whose side has no bound count as 0, so the bound holds whatever tolerances the prices come from
    (Neumaier and Shcherbina 2004). It is moved outwards by all that adding floats may have lost, in the reduced
    costs too: moved by a reduced cost, it holds for an x that is moved from one side to the other.
    """
    sign = 1.0 if program.most else -1.0
    price = sign * np.asarray(prices, dtype=np.float64)
    price = np.where(price > 0, np.where(np.isfinite(program.high), price, 0.0), price)
    price = np.where(price < 0, np.where(np.isfinite(program.low), price, 0.0), price)
    rows = program.rows
    reduced = sign * program.cost - rows.T @ price
    sides = np.where(price > 0, program.high, np.where(price < 0, program.low, 0.0)) * price
    boxes = np.where(reduced > 0, program.upper, np.where(reduced < 0, program.lower, 0.0)) * reduced
    bound = math.fsum(sides) + math.fsum(boxes)
    lost = 4 * _EPSILON * (np.abs(sides).sum() + np.abs(boxes).sum()) + _rounded(program, price)
    bound = bound + lost if math.isfinite(bound) else math.inf
    return sign * bound, sign * reduced


def _rounded(program: Program, price: FloatArray) -> float:
    """What the reduced costs may be off by, over as far as each column may go."""
    rows = program.rows
    size = sp.csr_array((np.abs(rows.data), rows.indices, rows.indptr), shape=rows.shape).T @ np.abs(price)
    terms = 2 + np.bincount(rows.indices, minlength=rows.shape[1])
    farthest = np.where(np.isfinite(program.farthest), program.farthest, 0.0)
    return _EPSILON * float((terms * farthest) @ (size + np.abs(program.cost)))


def widened(rows: sp.csr_array, columns: int) -> sp.csr_array:
    """Rows over more columns, in which those they have come first, as floats."""
    return sp.csr_array((rows.data.astype(float), rows.indices, rows.indptr), shape=(rows.shape[0], columns))


def integer_outcome(
    program: Program,
    status: Literal["optimal", "stopped"],
    values: FloatArray | None,
    bound: float,
    *,
    nodes: int = 0,
) -> Outcome:
    """What a run of an integer program came to, whose solver proved ``bound``."""
    value = math.nan if values is None else float(program.cost @ values)
    return Outcome(status, values, value, bound, nodes)


def linear_outcome(
    program: Program, status: Literal["optimal", "stopped"], values: FloatArray | None, prices: FloatArray
) -> Outcome:
    """What a run of a linear program came to; its bound from the prices of the rows, none where they are missing."""
    if len(prices) != len(program.low):
        return Outcome(status, None, math.nan, program.no_bound)
    bound, reduced = safe_bound(program, prices)
    value = math.nan if values is None else float(program.cost @ values)
    return Outcome(status, values, value, bound, 0, prices, reduced)


def whole_bound(bound: float, *, most: bool) -> float:
    """A bound on a whole number, rounded to the safe side of the solver's tolerance."""
    if not math.isfinite(bound):
        return bound
    slack = TOLERANCE * (1.0 + abs(bound) * 1e-4)
    return float(math.floor(bound + slack) if most else math.ceil(bound - slack))


def in_digits(program: Program, value: int) -> Program:
    """The solutions of a program that are better than a value, as those of one whose numbers are small.

    The costs are whole numbers and too large for a solver to tell one unit: each is split into a high and a low digit
    of about half its length. What the low ones come to is carried over (``t``), so that the objective is a high and a
    low digit as well (``r``), and better is a smaller high one, or as high and a smaller low one (``z`` says which).
    Three columns are added: t, r, z. Solutions whose columns are all whole are kept, one by one; those between may go.
    """
    sign = -1 if program.most else 1
    cost, least = sign * program.cost.astype(np.int64), sign * value
    base = 1 << (int(np.abs(cost).max(initial=1)).bit_length() + 1) // 2
    high, low = np.divmod(cost, base)
    most, rest = divmod(least, base)
    columns, carried = len(cost), float(low @ program.upper // base)
    rows = sp.csr_array(
        np.vstack([np.r_[low, -base, -1, 0], np.r_[high, 1, 0, 1], np.r_[np.zeros(columns), 0, 1, rest - base]]),
    )
    whole = np.zeros(columns, dtype=np.bool_) if program.whole is None else program.whole
    return Program(
        cost=np.r_[high, 1, 0, 0].astype(np.float64),
        rows=sp.csr_array(sp.vstack([widened(program.rows, columns + 3), rows], format="csr")),
        low=np.r_[program.low, 0.0, -math.inf, -math.inf],
        high=np.r_[program.high, 0.0, float(most), float(rest - 1)],
        lower=np.r_[program.lower, 0.0, 0.0, 0.0],
        upper=np.r_[program.upper, carried, float(base - 1), 1.0],
        whole=np.r_[whole, True, False, True],
    )
