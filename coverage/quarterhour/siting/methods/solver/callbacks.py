"""What a run of a solver is asked and tells: whether to stop, better solutions, tighter bounds."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from quarterhour.base.arrays import FloatArray
from quarterhour.siting.question.search import Stop

Found = Callable[[FloatArray, float], None]
"""Called with each better solution of an integer program and the solver's bound at that moment."""
Bounded = Callable[[float], None]
"""Called with the solver's bound on an integer program when it has moved."""


class RunCallbacks:
    """Stop request and incumbents of one run; once closed it takes nothing more.

    An exception must not leave a callback: HiGHS would swallow it and say "error". It ends the run and is kept.
    """

    def __init__(
        self, bound: float, stop: Stop | None = None, found: Found | None = None, bounded: Bounded | None = None
    ) -> None:
        self.bound = bound
        self.values: FloatArray | None = None
        self.broken: BaseException | None = None
        self._told = math.nan
        self._stop, self._found, self._bounded, self._closed = stop, found, bounded, False
        self._lock = threading.Lock()

    def should_stop(self) -> bool:
        """Whether the run is to stop."""
        try:
            return self._closed or self.broken is not None or (self._stop is not None and self._stop())
        except BaseException as broken:
            self.broken = broken
            return True

    def improved(self, values: FloatArray, bound: float) -> None:
        """A better solution, and what none can beat by then."""
        with self._lock:
            if self._closed:
                return
            self.values, self.bound = values, bound
            try:
                if self._found is not None:
                    self._found(values, bound)
            except BaseException as broken:
                self.broken = broken

    def tightened(self, bound: float) -> None:
        """What none can beat by now, where that is something new."""
        if self._bounded is None or not math.isfinite(bound) or bound == self._told:
            return
        with self._lock:
            if self._closed:
                return
            self._told = self.bound = bound
            try:
                self._bounded(bound)
            except BaseException as broken:
                self.broken = broken

    def close(self) -> None:
        """Take nothing more from now on."""
        with self._lock:
            self._closed = True
