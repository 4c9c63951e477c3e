"""A pool of good choices that differ: each turn searches on from one of them, or from between two (path relinking)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np

from quarterhour.base.arrays import AnyArray, IntArray
from quarterhour.base.jit import COMPILED, kernel
from quarterhour.siting.methods.solver.incumbent import SitesIncumbent
from quarterhour.siting.question.search import SearchBudget

_SIZE = 8
"""Choices in the pool."""
_STALE = 6
"""Turns without a better choice, by the size of the pool, after which it begins again around the best."""
_FEWER = 50
"""Times fewer kicks where kernels are not compiled."""
_UNENDED = 128
"""Turns at the most where neither time nor rounds would end them: nodes alone are no limit to what grows no tree."""
_MOST_NEAR = 1_000_000_000
"""Pairs of sites, row by row, beyond which no list of near sites is made."""
KICK = 2, 6
"""Sites that a kick moves, at least and at most."""


class KickedSearch(Protocol):
    """A local search with kicks, over positions of sites."""

    near: tuple[AnyArray, AnyArray]
    """Of each site where its near sites begin, and they; an empty list: all are near."""

    def may_move(self, chosen: IntArray) -> bool:
        """Whether there is anything to exchange in a choice, in the memory that there is."""

    def holds(self, chosen: IntArray) -> bool:
        """Whether a choice keeps the rules."""

    def run(self, begin: IntArray, *, kicks: int, seed: int, guide: IntArray | None) -> tuple[int, IntArray]:
        """What the best choice met is worth (more is better), and it; from ``begin`` or half-way to ``guide``."""


class ElitePool:
    """Good choices that differ; ``run`` makes better ones of them and offers them.

    Turns are whole, so the same seed and number of turns give the same choices.
    """

    def __init__(
        self,
        search: KickedSearch,
        best: SitesIncumbent,
        *,
        first: Callable[[], IntArray | None],
        offer: Callable[[IntArray], bool],
        kicks: int,
    ) -> None:
        self.search, self.best, self.first, self.offer = search, best, first, offer
        self.kicks = kicks if COMPILED else max(1, kicks // _FEWER)
        self.rng = np.random.default_rng(best.budget.seed)
        self.turns = self.stale = 0
        self.pool: list[tuple[int, IntArray]] = []

    def run(self, budget: SearchBudget, *, turns: float = math.inf) -> None:
        """So many turns, unless the incumbent is proven best, or ``budget`` is over, before."""
        first = self.first()
        if first is None or not self.search.may_move(first):
            return
        until = self.turns + (turns if min(budget.seconds, budget.rounds) < math.inf else min(turns, _UNENDED))
        while self.turns < until and not self.best.is_optimal and not budget.over():
            begin, guide = self._pair(first)
            seed = self.best.budget.seed * 1_000_003 + self.turns
            worth, met = self.search.run(begin, kicks=self.kicks, seed=seed, guide=guide)
            self.turns += 1
            budget.spend(rounds=1)
            self.stale = 0 if self.offer(met) else self.stale + 1
            self._keep(worth, met)
            if self.stale > _STALE * _SIZE:
                self._begin_again()

    def _pair(self, first: IntArray) -> tuple[IntArray, IntArray | None]:
        """Where a turn begins, and towards what it goes first."""
        if len(self.pool) >= _SIZE:
            here, there = self.rng.permutation(len(self.pool))[:2]
            return self.pool[here][1], self.pool[there][1]
        return (moved(self.search, first, max(1, len(first) // 2), self.rng) if self.turns else first), None

    def _keep(self, worth: int, met: IntArray) -> None:
        """Put a choice into the pool: in the place of the one most like it among those that are no better."""
        if any(worth == known and np.array_equal(met, other) for known, other in self.pool):
            return
        if len(self.pool) < _SIZE:
            self.pool.append((worth, met))
            return
        apart = [len(np.setdiff1d(other, met)) for _, other in self.pool]
        worse = [k for k, (known, _) in enumerate(self.pool) if known <= worth]
        if worse:
            self.pool[min(worse, key=lambda k: (apart[k], self.pool[k][0]))] = worth, met
        top = max(self.pool, key=lambda known: known[0])[1]
        if max(len(np.setdiff1d(other, top)) for _, other in self.pool) <= 1:
            self._begin_again()

    def _begin_again(self) -> None:
        """Keep the best alone: the others are like it, or brought nothing for long."""
        self.pool, self.stale = [max(self.pool, key=lambda known: known[0])], 0


def moved(search: KickedSearch, chosen: IntArray, many: int, rng: np.random.Generator) -> IntArray:
    """A choice of which some sites, drawn at random, went to places near them, as far as the rules allow."""
    chosen, opened, (begins, near) = chosen.copy(), set(chosen.tolist()), search.near
    for slot in rng.permutation(len(chosen))[:many]:
        out = int(chosen[slot])
        mine = near[begins[out] : begins[out + 1]] if len(near) else np.arange(len(begins) - 1)
        site = int(mine[rng.integers(len(mine))])
        if site not in opened:
            chosen[slot] = site
            if search.holds(np.sort(chosen)):
                opened ^= {out, site}
            else:
                chosen[slot] = out
    return np.sort(chosen)


def near_sites(column: tuple[AnyArray, AnyArray], row: tuple[AnyArray, AnyArray]) -> tuple[AnyArray, AnyArray]:
    """Of each site the sites that share a row with it, itself too; no list where that is nearly all.

    ``column``: where each site's rows begin, and they; ``row``: where each row's sites begin, and they.
    """
    width = np.diff(row[0]).astype(np.float64)
    if float(width @ width) > _MOST_NEAR:
        return np.zeros(len(column[0]), dtype=np.int64), np.empty(0, dtype=np.int32)
    begins, site = _near(*column, *row)
    return begins, site


@kernel
def _near(start, row, row_start, row_site):  # type: ignore[no-untyped-def]
    n = len(start) - 1
    mark, begins, out = np.full(n, -1, np.int64), np.zeros(n + 1, np.int64), np.empty(0, np.int32)
    for turn in range(2):
        if turn == 1:
            out = np.empty(begins[n], np.int32)
        mark[:] = -1
        for a in range(n):
            c = begins[a]
            mark[a] = a
            if turn == 1:
                out[c] = a
            c += 1
            for k in range(start[a], start[a + 1]):
                r = row[k]
                for e in range(row_start[r], row_start[r + 1]):
                    s = row_site[e]
                    if mark[s] != a:
                        mark[s] = a
                        if turn == 1:
                            out[c] = s
                        c += 1
            if turn == 1:
                out[begins[a] : c].sort()
            else:
                begins[a + 1] = c
    return begins, out
