"""Iterated local search for the p-median: some sites move to near places, and exchanges go on from there."""

from __future__ import annotations

import numpy as np

from quarterhour.base.arrays import IntArray
from quarterhour.siting.methods.median.median_instance import MedianExchange
from quarterhour.siting.methods.solver.elite_pool import KICK, ElitePool, moved, near_sites
from quarterhour.siting.methods.solver.incumbent import SitesIncumbent

_KICKS = 10
"""Of a turn."""
_MOST_ROWS = 50_000_000
"""Pairs beyond which an exchange search takes too long to be begun again and again."""


class KickedMedian:
    """Exchanges of a p-median with kicks, as the pool asks for."""

    def __init__(self, exchange: MedianExchange) -> None:
        self.exchange, self.median = exchange, exchange.median
        self.near = near_sites((exchange.column, exchange.row), (self.median.start, self.median.site))

    def may_move(self, chosen: IntArray) -> bool:
        """Whether there is anything to exchange."""
        return 0 < len(chosen) < len(self.median.sites) and len(self.median.cs) <= _MOST_ROWS

    def holds(self, chosen: IntArray) -> bool:
        """Whether a choice keeps the limits."""
        return self.median.limits.holds(chosen)

    def run(self, begin: IntArray, *, kicks: int, seed: int, guide: IntArray | None) -> tuple[int, IntArray]:
        """The best choice met, and its value with the sign that makes more better; whoever must be served counts."""
        rng = np.random.default_rng(seed)
        here = self.exchange.better(begin if guide is None else self._between(begin, guide, rng))
        worth = self._worth(here)
        for _ in range(kicks):
            many = int(rng.integers(min(KICK[0], len(here)), max(KICK[0], min(KICK[1], len(here) // 2)) + 1))
            other = self.exchange.better(moved(self, here, many, rng))
            if (gained := self._worth(other)) >= worth:
                here, worth = other, gained
        return worth, here

    def _between(self, begin: IntArray, guide: IntArray, rng: np.random.Generator) -> IntArray:
        """A choice half-way to another one, as far as the limits allow."""
        out, into = np.setdiff1d(begin, guide), np.setdiff1d(guide, begin)
        many, here = (min(len(out), len(into)) + 1) // 2, begin
        for leaving, coming in zip(rng.permutation(out)[:many], rng.permutation(into)[:many], strict=True):
            other = np.sort(np.append(here[here != leaving], coming))
            here = other if self.holds(other) else here
        return here

    def _worth(self, chosen: IntArray) -> int:
        """Less by a person's time for everyone, where a row is left that must be served."""
        return -int(self.median.people @ np.minimum(self.median.times(chosen), self.exchange.otherwise))


def pool_of(exchange: MedianExchange, best: SitesIncumbent, *, kicks: int = _KICKS) -> ElitePool:
    """A pool of choices of a p-median, which begins at the incumbent."""
    median = exchange.median

    def first() -> IntArray | None:
        chosen = None if best.choice is None else np.flatnonzero(np.isin(median.sites, best.choice))
        return chosen if chosen is not None and median.limits.holds(chosen) else None

    def offer(chosen: IntArray) -> bool:
        return median.limits.holds(chosen) and best.offer(median.whole(chosen), median.value(chosen))

    return ElitePool(KickedMedian(exchange), best, first=first, offer=offer, kicks=kicks)
