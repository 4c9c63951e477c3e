"""The least time of the farthest row to its nearest open site (p-center), by halving the times that it can be.

For each time tried: can all be that near? Exchanges on the time beyond it often say yes. Else an integer
program covers some rows; if it cannot, nobody can cover all, and if it can, the rows it leaves far join them
(Chen and Chen 2009).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from quarterhour.siting.limits import Ints, Limits, Nest, cheapest, nest_of
from quarterhour.siting.median import MUST, Exchange, Median, Pairs, as_median, covering
from quarterhour.siting.solver import Solver
from quarterhour.siting.verdict import Best, Verdict
from quarterhour.siting.watch import COUNTING, Watch

_STARTS = 3
_ANY = 2**31 - 1
"""A time that all sites in reach are within."""


def solve_centre(
    people: Ints,
    times: Pairs | npt.NDArray[Any],
    limits: Limits,
    *,
    otherwise: Ints | None = None,
    watch: Watch | None = None,
    start: Ints | None = None,
) -> Verdict:
    """The choice of sites with the least centiseconds of the farthest row to the nearest open one, and its proof.

    Parameters are those of ``solve_median``; people only say which rows count.
    """
    watch = watch or Watch()
    median = as_median(people, times, limits, otherwise=otherwise)
    search = _Search(median, watch)
    nest = nest_of(median.limits)
    if nest is None or median.hopeless:
        return search.best.verdict(infeasible=True)
    infeasible = search.first(nest, start)
    if not infeasible:
        search.halve()
    watch.progress(1.0)
    return search.best.verdict(nodes=search.nodes, infeasible=infeasible)


class _Search:
    """Between the greatest time known to be too short and the best choice known."""

    def __init__(self, median: Median, watch: Watch) -> None:
        self.median, self.exchange = median, Exchange(median)
        open_end = median.otherwise[median.otherwise != MUST]
        times = np.unique(np.concatenate([median.cs, open_end, [median.farthest]]))
        least = max(int(median.cs[median.start[:-1]].max(initial=0)), median.farthest)
        self.times = times[times >= least]
        self.best = Best(watch, least, COUNTING)
        self.nodes = 0
        self.asked = np.zeros(len(median.people), dtype=bool)
        self.by = ""

    def first(self, nest: Nest, start: Ints | None) -> bool:
        """Some choice within the limits; True: there is none."""
        rng = np.random.default_rng(self.best.watch.seed)
        begins = [cheapest(nest, rng.random(len(self.median.sites))) for _ in range(_STARTS)]
        if start is not None:
            begins.insert(0, np.flatnonzero(np.isin(self.median.sites, start)))
        for begin in begins:
            if self.best.value is None or not self.best.done:
                self.take(begin, self.exchange)
        if self.best.value is not None:
            return False
        infeasible = self.cover(_ANY)
        self.best.proved_by = self.by if infeasible else self.best.proved_by
        return infeasible

    def halve(self) -> None:
        """Try the middle of what is open until nothing is."""
        while self.best.value is not None and not self.best.done:
            open_times = self.times[(self.times >= self.best.bound) & (self.times < self.best.value)]
            cs = int(open_times[(len(open_times) - 1) // 2])
            self.best.watch.progress(1 / (1 + len(open_times).bit_length()))
            near = self.exchange.beyond(cs)
            known = self.best.chosen if self.best.chosen is not None else self.median.opened
            self.take(np.flatnonzero(np.isin(self.median.sites, known)), near)
            if self.best.value <= cs:
                continue
            if self.cover(cs):
                self.best.proved(int(self.times[np.searchsorted(self.times, cs, side="right")]), self.by)
            elif self.best.value > cs:
                return

    def cover(self, cs: int) -> bool:
        """Look for a choice that brings all within a time, and take it; whether it is proven that there is none."""
        m, watch = self.median, self.best.watch
        far = (m.otherwise == MUST) | (m.otherwise > cs)
        exchange = self.exchange.beyond(cs)
        while True:
            solver = Solver(covering(m, far & self.asked, cs=cs), seed=watch.seed)
            self.by = solver.version
            out = solver.solve(seconds=max(0.0, watch.left()), stop=watch.stop)
            self.nodes += out.nodes
            if out.values is None:
                return out.status == "infeasible"
            chosen = np.flatnonzero(out.values > 0.5)
            self.take(chosen, exchange)
            if not m.limits.holds(chosen) or (self.best.value is not None and self.best.value <= cs):
                return False
            if not self.ask(cs, m.times(chosen)):
                return False

    def ask(self, cs: int, times: Ints) -> bool:
        """Cover the farthest rows too from now on, no two of them with a site within reach in common."""
        m = self.median
        near = np.zeros(len(m.sites), dtype=bool)
        far = np.flatnonzero((times > cs) & ~self.asked)
        for row in far[np.argsort(-times[far], kind="stable")]:
            reach = slice(m.start[row], m.start[row + 1])
            sites = m.site[reach][m.cs[reach] <= cs]
            if not near[sites].any():
                self.asked[row], near[sites] = True, True
        return len(far) > 0

    def take(self, chosen: Ints, exchange: Exchange) -> None:
        """A choice as it is, and after exchanges."""
        if self.median.limits.holds(chosen):
            for some in (chosen, exchange.better(chosen)):
                self.best.found(self.median.whole(some), self.median.worst(some))
