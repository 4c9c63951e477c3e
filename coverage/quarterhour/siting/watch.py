"""What a search may spend, when it must leave off, and whom it tells."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

Stop = Callable[[], bool]
"""Asked often: whether to leave off now."""
COUNTING = "counting"
"""Who proved a bound that needs no search."""
Incumbent = Callable[[npt.NDArray[np.int64], float], None]
"""Told each better choice, recounted, and the bound of that moment."""


@dataclass(frozen=True, eq=False)
class Watch:
    """Time, a seed, a stop, and ears for better choices; it runs from when it is made.

    ``stop``: asked often; True ends the search with what it has. ``progress``: told the share done,
    0 to 1. ``incumbent``: told each better choice with the bound of that moment (infinite: none yet).
    """

    seconds: float = math.inf
    seed: int = 0
    stop: Stop = lambda: False
    progress: Callable[[float], None] = lambda _: None
    incumbent: Incumbent = lambda _choice, _bound: None
    begun: float = field(default_factory=time.perf_counter)

    def left(self) -> float:
        """Seconds left."""
        return self.begun + self.seconds - time.perf_counter()

    def over(self) -> bool:
        """Whether to leave off."""
        return self.left() <= 0 or self.stop()

    def quiet(self) -> Watch:
        """The same, which tells nobody."""
        return replace(self, progress=lambda _: None, incumbent=lambda _choice, _bound: None)

    def part(self, share: float) -> Watch:
        """The same, over when a share of what is left is spent."""
        left = self.left()
        return replace(self, seconds=self.seconds - (1 - share) * max(0.0, left)) if left < math.inf else self
