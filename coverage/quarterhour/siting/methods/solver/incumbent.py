"""What an engine hands back: the best choice it found, what no choice beats, and who says so."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from quarterhour.base.arrays import IntArray
from quarterhour.siting.question.search_budget import SearchBudget

Served = tuple[IntArray, IntArray, IntArray]
"""Row, site and how many of the row's people go there."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """The least of something in whole numbers.

    ``chosen``: positions of the open sites, fixed ones too, rising; None where no choice was found.
    ``value``: of that choice; None without one. ``bound``: no choice comes to less; None where nothing is proven.
    ``proved_by``: who says so. ``infeasible``: no choice keeps the limits, which is proven.
    ``served``: who goes where, if sites have a capacity; else everybody goes to the nearest.
    """

    chosen: IntArray | None
    value: int | None
    bound: int | None
    proved_by: str
    nodes: int = 0
    infeasible: bool = False
    served: Served | None = None

    @property
    def optimal(self) -> bool:
        """Whether value and bound meet."""
        return self.value is not None and self.value == self.bound


class Best:
    """The best choice so far and the best bound so far, told to the budget (and ``heard``) as they get better."""

    def __init__(
        self, budget: SearchBudget, bound: int, proved_by: str, heard: Callable[[Verdict], None] | None = None
    ) -> None:
        self.budget, self.heard = budget, heard
        self.chosen: IntArray | None = None
        self.value: int | None = None
        self.served: Served | None = None
        self.bound, self.proved_by = bound, proved_by

    def found(self, chosen: IntArray, value: int | None, served: Served | None = None) -> bool:
        """A choice within the limits, with its recounted value; whether it is the best yet."""
        if value is None or (self.value is not None and value >= self.value):
            return False
        self.chosen, self.value, self.served = chosen, value, served
        self.budget.incumbent(chosen, float(self.bound))
        if self.heard is not None:
            self.heard(self.verdict())
        return True

    def proved(self, bound: int, by: str) -> None:
        """No choice comes to less."""
        bound = bound if self.value is None else min(bound, self.value)
        if bound > self.bound:
            self.bound, self.proved_by = bound, by

    @property
    def done(self) -> bool:
        """Whether value and bound meet, or time is up."""
        return self.met or self.budget.over()

    @property
    def met(self) -> bool:
        """Whether value and bound meet."""
        return self.value is not None and self.bound >= self.value

    def verdict(self, *, nodes: int = 0, infeasible: bool = False) -> Verdict:
        """The end of it."""
        bound = None if infeasible else self.bound
        return Verdict(self.chosen, self.value, bound, self.proved_by, nodes, infeasible, self.served)


def whole_up(bound: float, unit: float) -> int | None:
    """The least whole number that a proven bound, in units, allows; None where it is none."""
    return math.ceil(bound * unit) if math.isfinite(bound) else None
