"""Rules as rows of whole numbers, gathered for an integer program."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import FloatArray, IntArray


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

    def add_groups(self, groups: list[IntArray], *, low: object, high: object) -> None:
        """For each group of columns the sum of them."""
        row = np.repeat(np.arange(len(groups)), [len(g) for g in groups])
        column = np.concatenate(groups) if groups else np.empty(0, dtype=np.int64)
        self.add(row, column, 1.0, count=len(groups), low=low, high=high)

    def joined(self, others: Rows) -> Rows:
        """These and others, as new rows."""
        return Rows(self.columns, self.parts + others.parts, self.lows + others.lows, self.highs + others.highs)

    def stacked(self) -> tuple[sp.csr_array, FloatArray, FloatArray]:
        """All of them."""
        if not self.parts:
            return sp.csr_array((0, self.columns)), np.empty(0), np.empty(0)
        matrix = sp.csr_array(sp.vstack(self.parts, format="csr"))
        return matrix, np.concatenate(self.lows), np.concatenate(self.highs)
