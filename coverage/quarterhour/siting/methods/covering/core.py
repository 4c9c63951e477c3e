"""What is left to decide, in positions and whole numbers; and what a search answers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from quarterhour.base.arrays import IntArray
from quarterhour.siting.question.search_budget import SearchBudget


@dataclass(frozen=True, eq=False)
class Core:
    """What is left to decide once existing and required sites stand, in positions.

    ``people``: by row; a row is all the people with the same candidates in reach. ``cover``: rows x
    candidates, 0 and 1. ``sites``: ids of the candidates. ``group[q, c]``: which area of quota q
    candidate c is in, -1 none; ``low``, ``high``: candidates to build in each area.
    ``limit``: candidates at most. ``all_rows``: every row must be covered (min-sites).
    """

    people: IntArray
    cover: sp.csr_array
    sites: pd.Index
    group: IntArray
    low: IntArray
    high: IntArray
    limit: int
    all_rows: bool

    def holds(self, chosen: IntArray) -> bool:
        """Whether a choice of candidates keeps every rule."""
        opened = self.opened(chosen)
        if len(chosen) > self.limit or (opened < self.low).any() or (opened > self.high).any():
            return False
        return not self.all_rows or self.covered(chosen) == int(self.people.sum())

    @property
    def impossible(self) -> bool:
        """Whether counting alone tells that no choice keeps the rules."""
        short = (self.opened(np.arange(len(self.sites))) < self.low).any() or (self.low > self.high).any()
        return bool(short or (self.high < 0).any() or self.limit < int(self.low.max(initial=0)))

    def opened(self, chosen: IntArray) -> IntArray:
        """How many candidates a choice opens in each area."""
        inside = self.group[:, chosen].ravel()
        return np.bincount(inside[inside >= 0], minlength=len(self.low)).astype(np.int64)

    def covered(self, chosen: IntArray) -> int:
        """The people whom a choice covers."""
        if not len(chosen):
            return 0
        mark = np.zeros(len(self.sites), dtype=np.int64)
        mark[chosen] = 1
        return int(self.people[self.cover @ mark > 0].sum())

    def worth(self, chosen: IntArray) -> float:
        """The value of a choice: people covered, or sites where everybody must be."""
        return float(len(chosen) if self.all_rows else self.covered(chosen))


@dataclass(frozen=True, eq=False)
class Found:
    """A choice of candidates (None: none found), and what no choice can beat.

    ``bound``: in the unit of the value; infinite where nothing is proven. ``proved_by``: who says so.
    ``nodes``: of the search tree. ``infeasible``: no choice keeps the rules, which is proven.
    """

    choice: IntArray | None
    bound: float
    proved_by: str
    nodes: int = 0
    infeasible: bool = False


class Record:
    """The best choice so far, recounted, and the best bound so far; the budget is told as they get better."""

    def __init__(self, core: Core, budget: SearchBudget, *, bound: float, proved_by: str) -> None:
        self.core, self.budget = core, budget
        self.choice: IntArray | None = None
        self.value = math.inf if core.all_rows else -math.inf
        self.bound, self.proved_by = bound, proved_by

    def take(self, choice: IntArray | None) -> bool:
        """Whether a choice keeps the rules and is better than the best; then it is kept and told."""
        if choice is None or not self.core.holds(choice):
            return False
        value = self.core.worth(choice)
        if not (value < self.value if self.core.all_rows else value > self.value):
            return False
        self.choice, self.value = np.sort(choice), value
        self.budget.incumbent(self.choice, self.bound)
        return True

    def prove(self, bound: float, by: str) -> None:
        """No choice is better than ``bound``, which is rounded to a whole number; a looser one changes nothing."""
        most = not self.core.all_rows
        if math.isfinite(bound):
            bound = float(math.floor(bound) if most else math.ceil(bound))
        bound = max(bound, self.value) if most else min(bound, self.value)
        if bound < self.bound if most else bound > self.bound:
            self.bound, self.proved_by = bound, by

    def beats(self, bound: float) -> bool:
        """Whether nothing better than the best choice can lie where no choice beats ``bound``."""
        return bound > self.value - 1 if self.core.all_rows else bound < self.value + 1

    @property
    def met(self) -> bool:
        """Whether the best choice is proven."""
        return self.choice is not None and self.value == self.bound

    @property
    def gap(self) -> float:
        """By how much of its value the best choice may fall short."""
        return 0.0 if self.met else abs(self.bound - self.value) / self.value if self.value > 0 else math.inf

    def found(self, *, nodes: int = 0, infeasible: bool = False) -> Found:
        """The end of it."""
        return Found(self.choice, self.bound, self.proved_by, nodes, infeasible)
