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
from quarterhour.base.machine.stop import heed

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
"""Called with each better choice, recounted, and the bound of that moment; again with the same when the bound moves."""
SEEDS = 2**31
"""Seeds are whole numbers from 0 to one less: as far as HiGHS takes them."""
DEFAULT_SECONDS = 60.0
"""Of a search that is told neither a time nor an amount of work."""


@dataclass(frozen=True)
class Limits:
    """What a search may take at the most; whatever comes first ends it.

    ``seconds`` depend on the machine; ``nodes`` (of search trees) and ``rounds`` (every step of a search: an exchange
    round, a round of prices, a program solved, a node of its tree) do not.
    """

    seconds: float = math.inf
    nodes: float = math.inf
    rounds: float = math.inf

    @property
    def counted(self) -> bool:
        """Whether an amount of work is among them."""
        return self.nodes < math.inf or self.rounds < math.inf

    @property
    def given(self) -> dict[str, Any]:
        """As the arguments that ``as_limits`` takes."""
        work = {"nodes": self.nodes, "rounds": self.rounds}
        return {"seconds": self.seconds, **{name: int(n) for name, n in work.items() if n < math.inf}}

    def budget(self, **fields: Any) -> SearchBudget:
        """A search that begins now, its other fields given."""
        return SearchBudget(seconds=self.seconds, nodes=self.nodes, rounds=self.rounds, **fields)

    def times(self, many: float) -> Limits:
        """So many times as much; of work no part is below one."""
        return Limits(self.seconds * many, _whole_part(self.nodes * many), _whole_part(self.rounds * many))


def as_limits(
    seconds: float | None = None, nodes: int | None = None, rounds: int | None = None, *, otherwise: float
) -> Limits:
    """Limits as they are given; ``otherwise``: seconds where nothing is. With work and no seconds no clock has a say.

    DataError : a time that is no number of seconds; work that is no whole number of 1 or more.
    """
    for name, count in (("nodes", nodes), ("rounds", rounds)):
        whole = isinstance(count, (int, np.integer)) and not isinstance(count, bool)
        if count is not None and not (whole and count >= 1):
            raise DataError("question.bad_work", name=name, count=count)
    if seconds is not None:
        check_seconds(seconds)
    counted = nodes is not None or rounds is not None
    at_most = seconds if seconds is not None else math.inf if counted else otherwise
    return Limits(at_most, *(math.inf if count is None else int(count) for count in (nodes, rounds)))


def _go_on() -> bool:
    """Nobody asked this search to stop; one that works for another thread ends with that one (``heed``)."""
    heed()
    return False


class Work:
    """What a search has done so far, in all its parts together, and what cut a part of it short."""

    def __init__(self) -> None:
        self.nodes = self.rounds = 0
        self.by_clock = self.by_count = False
        """Whether a clock, or an amount of work, ended any part of the search."""


@dataclass(frozen=True, eq=False)
class SearchBudget:
    """Search limits (time, work, seed, stop) and callbacks; the clock runs from when it is made.

    ``nodes``, ``rounds``: of ``work``, what all parts of the search have done together, as ``Limits`` counts them.
    ``stop``: asked often; True ends the search with what it has. ``progress``: called with the share done,
    0 to 1. ``incumbent``: called with each better choice and the bound of that moment, and when the bound moves.
    Every search of the siting wing has one, so a seed that no search could begin with is refused here, and a time
    that never ends: DataError.
    """

    seconds: float = math.inf
    seed: int = 0
    stop: Stop = _go_on
    progress: Callable[[float], None] = lambda _: None
    incumbent: OnIncumbent = lambda _: None
    begun: float = field(default_factory=time.perf_counter)
    nodes: float = math.inf
    rounds: float = math.inf
    work: Work = field(default_factory=Work)

    def __post_init__(self) -> None:
        whole = isinstance(self.seed, (int, np.integer)) and not isinstance(self.seed, bool)
        if not (whole and 0 <= self.seed < SEEDS):
            raise DataError("question.bad_seed", seed=self.seed, most=SEEDS - 1)
        check_seconds(self.seconds)

    def left(self) -> float:
        """Seconds left."""
        return self.begun + self.seconds - time.perf_counter()

    def nodes_left(self) -> float:
        """Nodes left, each of which is a round too."""
        return min(self.nodes - self.work.nodes, self.rounds_left())

    def rounds_left(self) -> float:
        """Rounds left."""
        return self.rounds - self.work.rounds

    def spend(self, *, nodes: int = 0, rounds: int = 0) -> None:
        """Count work that was done."""
        self.work.nodes += nodes
        self.work.rounds += rounds + nodes

    def over(self) -> bool:
        """Whether to stop: the time is up, the work is done, or a stop was asked for."""
        if self.left() <= 0:
            self.work.by_clock = True
            return True
        if self.nodes_left() <= 0:
            self.work.by_count = True
            return True
        return self.stop()

    def without_callbacks(self) -> SearchBudget:
        """The same limits, for a search inside another one."""
        return replace(self, progress=lambda _: None, incumbent=lambda _: None)

    def reseeded(self, turn: int) -> SearchBudget:
        """The same limits with another seed for each turn."""
        return replace(self, seed=(self.seed + turn) % SEEDS)

    def share(self, share: float) -> SearchBudget:
        """The same, over when a share of the time left, or of the work left, is spent."""
        left, done = max(0.0, self.left()), self.work
        return replace(
            self,
            seconds=self.seconds - (1 - share) * left if left < math.inf else self.seconds,
            nodes=done.nodes + _whole_part(share * max(0.0, self.nodes - done.nodes)),
            rounds=done.rounds + _whole_part(share * max(0.0, self.rounds_left())),
        )


def _whole_part(count: float) -> float:
    return math.ceil(count) if count < math.inf else count


def check_seconds(seconds: object) -> None:
    """DataError where a time for a search is no number of seconds."""
    if math.isnan(as_figure(seconds)) or abs(as_figure(seconds)) == sys.float_info.max:
        raise DataError("question.bad_seconds", seconds=seconds)
