"""Whether a choice of sites keeps every rule of its question, in whole numbers, on the solvers' side."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from quarterhour.base.arrays import IntArray
from quarterhour.siting.question.evaluate import Choice, Measure, is_covered
from quarterhour.siting.question.problem import WHOLE, Goal
from quarterhour.siting.question.quotas import area_rules
from quarterhour.siting.question.search_result import Exact

Kept = tuple[Goal, Exact]
"""A goal that is settled, and the value that every further choice must keep."""


@dataclass(frozen=True, eq=False)
class Rules:
    """The rules of a question, and the goals kept so far."""

    measure: Measure
    kept: tuple[Kept, ...] = field(default=())

    def keeping(self, kept: Kept) -> Rules:
        """The same, and a further goal kept."""
        return replace(self, kept=(*self.kept, kept))

    @cached_property
    def areas(self) -> list[tuple[IntArray, int, int]]:
        """Of each quota's areas the free sites, and how many of them at least and at most; where that can bind."""
        return [(rule.sites, rule.low, rule.high) for rule in area_rules(self.measure.problem)]

    @cached_property
    def cliques(self) -> list[IntArray]:
        """Conflicts among free sites, as few and as large groups of which at most one is open as greed finds."""
        free = self.measure.problem.free
        pairs = [(a, b) for a, b in self.measure.problem.conflicts.tolist() if free[a] and free[b]]
        beside: dict[int, set[int]] = {}
        for a, b in pairs:
            beside.setdefault(a, set()).add(b)
            beside.setdefault(b, set()).add(a)
        left, cliques = {a: set(others) for a, others in beside.items()}, []
        for a, b in pairs:
            if b not in left[a]:
                continue
            clique, common = [a, b], beside[a] & beside[b]
            while common:
                first = min(common)
                clique.append(first)
                common &= beside[first]
            for site in clique:
                left[site].difference_update(clique)
            cliques.append(np.array(sorted(clique), dtype=np.int64))
        return cliques

    def hold(self, choice: Choice) -> bool:
        """Whether a choice keeps every rule."""
        problem = self.measure.problem
        new = self.measure.new(choice)
        if not choice.opened[~problem.free].all():
            return False
        if problem.new_sites is not None and len(new) > problem.new_sites:
            return False
        if problem.budget.yuan is not None and int(problem.yuan[new].sum()) > problem.budget.yuan:
            return False
        if any(not low <= int(choice.opened[sites].sum()) <= high for sites, low, high in self.areas):
            return False
        if choice.opened[problem.conflicts].all(axis=1).any():
            return False
        return self._serves(choice) and self._covers(choice) and all(self._keeps(choice, k) for k in self.kept)

    def _covers(self, choice: Choice) -> bool:
        problem, measure = self.measure.problem, self.measure
        if problem.everyone and not is_covered(measure, choice)[measure.takes_part].all():
            return False
        least = problem.coverage.at_least * WHOLE
        return not least or int(measure.points(choice, problem.demand.to_numpy()).sum()) >= least

    def _serves(self, choice: Choice) -> bool:
        if choice.served is None:
            return self.measure.problem.capacity is None
        problem, near = self.measure.problem, self.measure.problem.near
        row, site = self.measure.row[choice.served.pair], near.site[choice.served.pair]
        if not choice.opened[site].all():
            return False
        got = np.bincount(row, choice.served.people, len(problem.demand)).astype(np.int64)
        people, load = problem.demand.to_numpy(), problem.load.to_numpy()
        split = problem.capacity is not None and problem.capacity.split
        if (got > people).any() or (not split and len(np.unique(row)) < len(row)):
            return False
        used = np.bincount(site, choice.served.people if split else load[row], len(problem.sites)).astype(np.int64)
        return bool((used <= problem.room).all())

    def _keeps(self, choice: Choice, kept: Kept) -> bool:
        goal, value = kept
        now = self.measure.value(choice, goal)
        return now >= value if goal.most else now <= value
