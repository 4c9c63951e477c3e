"""Whether a choice of sites keeps every rule of its question, in whole numbers, on the solvers' side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from quarterhour.base.arrays import IntArray
from quarterhour.siting.question.evaluate import Choice, Measure, Outcome
from quarterhour.siting.question.least_load import is_filled
from quarterhour.siting.question.problem import WHOLE, Goal, SitingProblem
from quarterhour.siting.question.quotas import area_rules
from quarterhour.siting.question.search import Exact
from quarterhour.siting.question.site_limits import LimitRow, SiteLimits, as_limits

AttainedGoal = tuple[Goal, Exact]
"""A goal that is settled, and the value that every further choice must attain."""
SITE_GOALS = ("min-sites", "min-cost")
"""Goals that are a row over the sites."""


@dataclass(frozen=True, eq=False)
class QuestionRules:
    """The rules of a question, and the goals attained so far (lexicographic order)."""

    measure: Measure
    attained: tuple[AttainedGoal, ...] = field(default=())

    def attaining(self, goal: Goal, value: Exact) -> QuestionRules:
        """The same, and a goal further down the chain may not fall behind a value."""
        return replace(self, attained=(*self.attained, (goal, value)))

    @cached_property
    def limits(self) -> SiteLimits:
        """All rules on sites as rows, built once: quotas, conflicts, number, money, and attained goals of these."""
        problem = self.measure.problem
        rows = [rule.row for rule in area_rules(problem)]
        rows += [*conflict_rows(problem, self.cliques), barred_row(problem), *sum_rows(problem, self.attained)]
        rows += farthest_rows(self.measure)
        return as_limits(rows, ~problem.free)

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
        if not (self.limits.holds(np.flatnonzero(choice.opened)) and self._serves(choice)):
            return False
        outcome, attained = (
            Outcome(self.measure, choice),
            [a for a in self.attained if a[0].objective not in SITE_GOALS],
        )
        return (
            is_filled(outcome)
            and self._covers(outcome)
            and all(_attains(outcome, goal, value) for goal, value in attained)
        )

    def _covers(self, outcome: Outcome) -> bool:
        problem = self.measure.problem
        if problem.everyone and not outcome.covered[self.measure.takes_part].all():
            return False
        least = problem.coverage.at_least * WHOLE
        return not least or int(outcome.points(problem.people_of[""]).sum()) >= least

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


def _attains(outcome: Outcome, goal: Goal, value: Exact) -> bool:
    now = outcome.value(goal)
    return now >= value if goal.most else now <= value


def conflict_rows(problem: SitingProblem, cliques: list[IntArray]) -> Iterator[LimitRow]:
    """At most one of each clique, and of two sites that both stand already: no choice keeps that."""
    settled = problem.conflicts[~problem.free[problem.conflicts].any(axis=1)]
    one = np.ones(len(problem.free), dtype=np.int64)
    yield from ((sites, one[sites], 0, 1) for sites in (*cliques, *settled))


def farthest_rows(measure: Measure) -> Iterator[LimitRow]:
    """One site at least among those that are near enough to a community, apart from the standard.

    Communities with the same free sites share a row; those that a fixed site is near to, or none, have none.
    """
    problem = measure.problem
    if problem.coverage.farthest is None:
        return
    near, free = problem.far_enough, problem.free
    standing = np.bincount(near.row[~free[near.site]], minlength=len(problem.demand)) > 0
    asked = np.flatnonzero(measure.counted & ~standing & (np.diff(near.start) > 0))
    every = {near.site[near.start[i] : near.start[i + 1]].astype(np.int64).tobytes() for i in asked.tolist()}
    for sites in sorted(every):
        own = np.frombuffer(sites, dtype=np.int64)
        yield own, np.ones(len(own), dtype=np.int64), 1, len(own)


def barred_row(problem: SitingProblem) -> LimitRow:
    """None of the sites that what stands rules out."""
    barred = np.flatnonzero(problem.barred).astype(np.int64)
    return barred, np.ones(len(barred), dtype=np.int64), 0, 0


def sum_rows(problem: SitingProblem, attained: tuple[AttainedGoal, ...] = ()) -> Iterator[LimitRow]:
    """How many sites to build and for how much, by the question and by goals attained, beside the required ones."""
    free, yuan = np.flatnonzero(problem.free), problem.yuan
    required, one = problem.required, np.ones(len(yuan), dtype=np.int64)
    sums = [(one, problem.new_sites), (yuan, problem.budget.yuan)]
    sums += [(one if g.objective == "min-sites" else yuan, int(v)) for g, v in attained if g.objective in SITE_GOALS]
    yield from ((free, w[free], 0, int(most) - int(w[required].sum())) for w, most in sums if most is not None)
