"""What a search comes to: the best choice it found, what no choice beats, and who proved that."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

from quarterhour.base.arrays import IntArray

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
