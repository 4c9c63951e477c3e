"""Search limits (time, seed, stop) with callbacks for progress and incumbents, and what a search comes to."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Generic, TypeVar

import numpy as np

from quarterhour.base.arrays import IntArray
from quarterhour.base.cells import as_figure
from quarterhour.base.errors import DataError

C = TypeVar("C")
"""A choice: positions of sites inside an engine, ``Choice`` outside."""
Exact = int | Fraction
V = TypeVar("V", bound=Exact)
"""A value, exact: whole numbers inside an engine, fractions too outside."""
RowsServed = tuple[IntArray, IntArray, IntArray]
"""Row, site and how many of the row's people go there."""


@dataclass(frozen=True, eq=False)
class SearchResult(Generic[C, V]):
    """The best choice of a search and its proof.

    ``choice``: None where none was found; positions of sites rise, and fixed sites are among them where an engine has
    some. ``value``: of that choice, recounted; None without one. ``bound``: no choice is better.
    ``proved_by``: who says so. ``nodes``: of the search tree. ``infeasible``: no choice keeps the rules, which is
    proven. ``served``: who goes where, if sites have a capacity; else everybody goes to the nearest.
    """

    choice: C | None
    value: V | None
    bound: V
    proved_by: str
    nodes: int = 0
    infeasible: bool = False
    served: RowsServed | None = None


Stop = Callable[[], bool]
"""Asked often: whether to leave off now."""
COUNTING = "counting"
"""Who proved a bound that needs no search."""
OnIncumbent = Callable[[SearchResult[Any, Any]], None]
"""Called with each better choice, recounted, and the bound of that moment."""
SEEDS = 2**31
"""Seeds are whole numbers from 0 to one less: as far as HiGHS takes them."""


@dataclass(frozen=True, eq=False)
class SearchBudget:
    """Search limits (time, seed, stop) and callbacks; the clock runs from when it is made.

    ``stop``: asked often; True ends the search with what it has. ``progress``: called with the share done,
    0 to 1. ``incumbent``: called with each better choice and the bound of that moment.
    Every search of the siting wing has one, so a seed that no search could begin with is refused here, and a time
    that never ends: DataError.
    """

    seconds: float = math.inf
    seed: int = 0
    stop: Stop = lambda: False
    progress: Callable[[float], None] = lambda _: None
    incumbent: OnIncumbent = lambda _: None
    begun: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        whole = isinstance(self.seed, (int, np.integer)) and not isinstance(self.seed, bool)
        if not (whole and 0 <= self.seed < SEEDS):
            raise DataError("question.bad_seed", seed=self.seed, most=SEEDS - 1)
        check_seconds(self.seconds)

    def left(self) -> float:
        """Seconds left."""
        return self.begun + self.seconds - time.perf_counter()

    def over(self) -> bool:
        """Whether to stop: the time is up, or a stop was asked for."""
        return self.left() <= 0 or self.stop()

    def without_callbacks(self) -> SearchBudget:
        """The same limits, for a search inside another one."""
        return replace(self, progress=lambda _: None, incumbent=lambda _: None)

    def reseeded(self, turn: int) -> SearchBudget:
        """The same limits with another seed for each turn."""
        return replace(self, seed=(self.seed + turn) % SEEDS)

    def share(self, share: float) -> SearchBudget:
        """The same, over when a share of the time left is spent."""
        left = self.left()
        return replace(self, seconds=self.seconds - (1 - share) * max(0.0, left)) if left < math.inf else self


def check_seconds(seconds: object) -> None:
    """DataError where a time for a search is no number of seconds."""
    if math.isnan(as_figure(seconds)) or abs(as_figure(seconds)) == sys.float_info.max:
        raise DataError("question.bad_seconds", seconds=seconds)
