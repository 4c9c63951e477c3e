"""A pool of good choices that differ: each turn searches on from one of them, or from between two (path relinking)."""

from __future__ import annotations

import math

import numpy as np

from quarterhour.base.arrays import IntArray
from quarterhour.base.jit import COMPILED
from quarterhour.siting.methods.covering.cover_instance import CoverIncumbent
from quarterhour.siting.methods.covering.exchange import ExchangeSearch
from quarterhour.siting.question.search import SearchBudget

_SIZE, _KICKS, _EFFORT = 8, 300, 3e8
"""Choices in the pool; kicks, and steps, of a turn at most."""
_STALE = 6
"""Turns without a better choice, by the size of the pool, after which it begins again around the best."""


class ElitePool:
    """Good choices that differ, the incumbent's first; ``run`` makes better ones of them and offers them to it.

    Turns are whole, so the same seed and number of turns give the same choices.
    """

    def __init__(self, best: CoverIncumbent, *, kicks: int = _KICKS) -> None:
        self.best, self.search = best, ExchangeSearch(best.core)
        self.kicks = kicks if COMPILED else max(1, kicks // 50)
        self.rng = np.random.default_rng(best.budget.seed)
        self.turns = self.stale = 0
        self.pool: list[tuple[int, IntArray]] = []

    def run(self, budget: SearchBudget, *, turns: float = math.inf) -> None:
        """So many turns, unless the incumbent is proven best, or ``budget`` is over, before."""
        first = self.best.choice
        if first is None or not self.search.may_move(len(first)):
            return
        until = self.turns + turns
        while self.turns < until and not self.best.is_optimal and not budget.over():
            begin, guide = self._pair(first)
            seed = self.best.budget.seed * 1_000_003 + self.turns
            value, met, _ = self.search.run(begin, effort=_EFFORT, kicks=self.kicks, seed=seed, guide=guide)
            self.turns += 1
            budget.spend(rounds=1)
            self.stale = 0 if self.best.take(met) else self.stale + 1
            self._keep(value, met)
            if self.stale > _STALE * _SIZE:
                self._begin_again()

    def _pair(self, first: IntArray) -> tuple[IntArray, IntArray | None]:
        """Where a turn begins, and towards what it goes first."""
        if len(self.pool) >= _SIZE:
            here, there = self.rng.permutation(len(self.pool))[:2]
            return self.pool[here][1], self.pool[there][1]
        return (self._strewn(first) if self.turns else first), None

    def _strewn(self, first: IntArray) -> IntArray:
        """Half of the sites of a choice moved to places near them, as far as the rules allow."""
        core, chosen = self.best.core, first.copy()
        begins, near = self.search.near
        for slot in self.rng.permutation(len(chosen))[: max(1, len(chosen) // 2)]:
            out = chosen[slot]
            mine = near[begins[out] : begins[out + 1]] if len(near) else np.arange(self.search.sites)
            site = int(mine[self.rng.integers(len(mine))])
            if site not in chosen:
                chosen[slot] = site
                if len(core.group) and not core.holds(chosen):
                    chosen[slot] = out
        return chosen

    def _keep(self, value: int, met: IntArray) -> None:
        """Put a choice into the pool: in the place of the one most like it among those that are no better."""
        if any(value == worth and (met == other).all() for worth, other in self.pool):
            return
        if len(self.pool) < _SIZE:
            self.pool.append((value, met))
            return
        apart = [len(np.setdiff1d(other, met)) for _, other in self.pool]
        worse = [k for k, (worth, _) in enumerate(self.pool) if worth <= value]
        if worse:
            self.pool[min(worse, key=lambda k: (apart[k], self.pool[k][0]))] = value, met
        top = max(self.pool, key=lambda known: known[0])[1]
        if max(len(np.setdiff1d(other, top)) for _, other in self.pool) <= 1:
            self._begin_again()

    def _begin_again(self) -> None:
        """Keep the best alone: the others are like it, or brought nothing for long."""
        self.pool, self.stale = [max(self.pool, key=lambda known: known[0])], 0
