"""The incumbent of a search: the best choice so far, and the tightest bound on all choices so far."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Generic, TypeVar, cast

from quarterhour.base.arrays import IntArray
from quarterhour.siting.question.search import COUNTING, C, Exact, RowsServed, SearchBudget, SearchResult, V

M = TypeVar("M")
SitesResult = SearchResult[IntArray, int]
"""Of an engine: positions of sites, values in whole numbers."""


class Incumbent(Generic[C, V]):
    """The best choice so far with its value, and ``bound``: no choice is better.

    ``most``: the greatest value is the best, else the least. Values are whole numbers or fractions, so nothing is
    compared within a tolerance. ``steps``: a whole number of which all values differ by multiples, and one such value,
    so that a bound between two of them says the nearer one. ``budget.incumbent`` is called with each better choice,
    and when the bound moves.
    """

    def __init__(
        self,
        budget: SearchBudget,
        *,
        bound: V,
        proved_by: str = COUNTING,
        most: bool = False,
        steps: tuple[int, int] = (1, 0),
    ) -> None:
        self.budget, self.most, self.steps = budget, most, steps
        self.choice: C | None = None
        self.value: V | None = None
        self.served: RowsServed | None = None
        self.bound, self.proved_by = bound, proved_by

    def offer(self, choice: C, value: V | None, served: RowsServed | None = None) -> bool:
        """A choice within the rules with its recounted value (None: it has none); whether it is the best yet."""
        if value is None or (self.value is not None and not self._better(value, self.value)):
            return False
        self.choice, self.value, self.served = choice, value, served
        self.budget.incumbent(self.result())
        return True

    def tighten(self, bound: V | float, *, by: str) -> None:
        """No choice is better than ``bound``; a looser one changes nothing. A float is rounded to a whole number."""
        if not math.isfinite(bound):
            return
        exact = self._rounded(bound)
        if self.value is not None and self._better(self.value, exact):
            exact = self.value
        if self._better(self.bound, exact):
            self.bound, self.proved_by = exact, by
            if self.value is not None:
                self.budget.incumbent(self.result())

    def closes(self, bound: V | float) -> bool:
        """Whether nothing better than the best choice can lie where no choice beats ``bound``."""
        if self.value is None or not math.isfinite(bound):
            return self.value is not None and (bound < 0) == self.most
        return not self._better(self._rounded(bound), self.value)

    @property
    def is_optimal(self) -> bool:
        """Whether value and bound meet."""
        return self.value is not None and not self._better(self.bound, self.value)

    @property
    def is_finished(self) -> bool:
        """Whether value and bound meet, or time is up."""
        return self.is_optimal or self.budget.over()

    @property
    def gap(self) -> float:
        """By how much of its value the best choice may fall short."""
        short = Fraction(self.bound) - Fraction(self.value or 0)
        return 0.0 if self.is_optimal else float(abs(short) / self.value) if self.value else math.inf

    def result(self, *, nodes: int = 0, infeasible: bool = False) -> SearchResult[C, V]:
        """What the search has come to."""
        return SearchResult(self.choice, self.value, self.bound, self.proved_by, nodes, infeasible, self.served)

    def _better(self, one: V, other: V) -> bool:
        first: Exact = one
        second: Exact = other
        return first > second if self.most else first < second

    def _rounded(self, bound: V | float) -> V:
        if isinstance(bound, float):
            exact: Exact = math.floor(bound) if self.most else math.ceil(bound)
        else:
            exact = bound
        step, value = self.steps
        if step > 1:
            exact = exact - (exact - value) % step if self.most else exact + (value - exact) % step
        return cast(V, exact)


SitesIncumbent = Incumbent[IntArray, int]


class LastMade(Generic[C, V, M]):
    """What is made of a choice, once for as long as the choice is the same and only its bound moves."""

    def __init__(self, make: Callable[[SearchResult[C, V]], M]) -> None:
        self._make = make
        self._last: tuple[C, M] | None = None

    def __call__(self, found: SearchResult[C, V]) -> M:
        """The same again where the choice is the very one of the last call."""
        assert found.choice is not None
        if self._last is None or self._last[0] is not found.choice:
            self._last = found.choice, self._make(found)
        return self._last[1]
