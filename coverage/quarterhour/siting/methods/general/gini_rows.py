"""Gini coefficient of area coverage, linearised: columns and rows of the general integer program.

With ``s`` the shares of areas and ``w`` their part of all people, the coefficient is the sum of ``w_t w_u |s_t - s_u|``
over every two areas, over the sum of ``w_t s_t``. It is a ratio; that it is at most a given ``g`` is a linear row, and
so is the sum above ``g`` times the other, which is below 0 at just those choices whose coefficient is below ``g``.

Among few areas every two have a column. Among more the sum has one, above its tangents: for areas in any order, the sum
of ``w_t s_t`` times the people before less those behind ``t`` is never more, and just as much in the order of shares.
"""

from __future__ import annotations

import math

import numpy as np

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.siting.methods.solver.program import Rows, Sum
from quarterhour.siting.question.evaluate import Choice, Measure
from quarterhour.siting.question.problem import PPM, WHOLE, Goal

_MOST_AREAS = 30
"""Every two of which have a column."""
_TOUCHES = 1e-3
"""By how much the sum may be below its tangent, in ten thousandths: less than a millionth of most coefficients."""
_ROW = 100.0
"""What a row is multiplied by, so that a millionth is far above a solver's tolerance."""


class GiniColumns:
    """A column an area, its share in ten thousandths; then how much they differ at least, by pair or all in one."""

    def __init__(self, measure: Measure, goal: Goal) -> None:
        self.measure, self.goal = measure, goal
        self.people = np.array([n for _, n in measure.totals(goal)], dtype=np.float64)
        self.weight = self.people / max(1.0, float(self.people.sum()))
        self.few = len(self.people) <= _MOST_AREAS
        self.one, self.other = np.triu_indices(len(self.people) if self.few else 0, 1)
        self.apart = self.weight[self.one] * self.weight[self.other] if self.few else np.ones(1)
        self.tangents: list[FloatArray] = []
        self.lower = np.zeros(len(self.people) + len(self.apart))
        self.upper = np.full(len(self.lower), float(WHOLE))
        self.whole: BoolArray = np.zeros(len(self.lower), dtype=np.bool_)

    def add_rows(self, rows: Rows, first: int) -> None:
        """What two shares differ by is at least their difference, either way."""
        pair = np.arange(len(self.one))
        column = np.r_[first + len(self.people) + pair, first + self.one, first + self.other]
        for sign in (1.0, -1.0):
            value = np.repeat([1.0, sign, -sign], len(pair))
            rows.add(np.tile(pair, 3), column, value, count=len(pair), low=0, high=math.inf)

    def add_share_rows(self, rows: Rows, first: int, sums: list[tuple[Sum, int]]) -> None:
        """A share is what is covered of an area by its people."""
        for k, (covered, people) in enumerate(sums):
            column = np.flatnonzero(covered.of)
            value, side = np.r_[covered.of[column] / people, -1.0], -covered.constant / people
            row = np.zeros(len(value), dtype=np.int64)
            rows.add(row, np.r_[column, first + k], value, count=1, low=side, high=side)

    def excess(self, ppm: int) -> FloatArray:
        """Over its own columns the sum of differences, less so many millionths of the mean share."""
        return np.concatenate([-ppm / PPM * self.weight, self.apart])

    def add_limit(self, rows: Rows, first: int, ppm: int) -> None:
        """The coefficient is so many millionths at most."""
        own = self.excess(ppm) * _ROW
        column = np.flatnonzero(own)
        rows.add(0 * column, first + column, own[column], count=1, low=-math.inf, high=0)

    def add_new_tangent(self, rows: Rows, first: int, own: FloatArray) -> None:
        """The tangent where its columns have the sum of differences too small, kept for all programs to come."""
        share, apart = own[: len(self.people)], own[len(self.people) :]
        slope = self._slope(share)
        if not self.few and float(slope @ share - self.apart @ apart) > _TOUCHES:
            self.tangents.append(np.append(-slope, 1.0))
            self._add_tangents(rows, first, self.tangents[-1:])

    def _slope(self, share: FloatArray) -> FloatArray:
        order = np.argsort(share, kind="stable")
        here, slope = self.weight[order], np.empty(len(order))
        slope[order] = here * (2 * np.cumsum(here) - here - here.sum())
        return slope

    def add_tangents(self, rows: Rows, first: int) -> None:
        """The tangents kept so far."""
        self._add_tangents(rows, first, self.tangents)

    def _add_tangents(self, rows: Rows, first: int, tangents: list[FloatArray]) -> None:
        for tangent in tangents:
            column = first + np.arange(len(tangent))
            rows.add(0 * column, column, tangent, count=1, low=0, high=math.inf)

    def start_values(self, choice: Choice) -> FloatArray:
        """Its columns at a choice."""
        covered = self.measure.points(choice, self.measure.problem.people_of[self.goal.people])
        share = self.measure.by_area(covered, self.goal) / self.people
        apart = np.abs(share[self.one] - share[self.other]) if self.few else [max(0.0, self._slope(share) @ share)]
        return np.concatenate([share, apart])


def gini_of_shares(covered: IntArray, people: FloatArray) -> float:
    """Gini's coefficient of the shares covered of areas, as a real; 1 where nobody is covered."""
    if not covered.any():
        return 1.0
    order = np.argsort(covered / people)
    had, here = covered[order].astype(np.float64), people[order]
    before, below = np.cumsum(had) - had, np.cumsum(here) - here
    return float((had @ below - here @ before) / (had.sum() * here.sum()))


def millionths_above(ppm: int, above: float, mean: float) -> int | None:
    """What no coefficient is below, from what no choice has less of than ``above`` (see ``GiniColumns.excess``) and the
    least mean share that a choice has; None where that says nothing.
    """
    if above > 0:
        return ppm + 1
    return max(0, math.ceil(ppm + PPM * above / mean)) if mean > 0 and math.isfinite(above) else None
