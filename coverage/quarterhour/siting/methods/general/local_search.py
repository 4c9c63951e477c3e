"""Iterated local search over sites: for coverage of any kind within all rules, and for a low Gini coefficient.

Under backup, steps, money, conflicts sites come and go, one for another, while more people are covered; then some are
changed at random and the search goes on from there (iterated local search), and so for the Gini coefficient. How often
is settled beforehand, so that the same seed gives the same choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.base.jit import kernel
from quarterhour.siting.methods.general.columns import CoverPatterns, cover_patterns
from quarterhour.siting.methods.general.gini_rows import gini_of_shares
from quarterhour.siting.methods.solver.nest import cheapest, nest_of
from quarterhour.siting.question.evaluate import Choice
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.problem import Goal
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.question.site_limits import SiteLimits, count_site, may_change

_ROUNDS, _ROUNDS_A_SITE = 600, 6
_SHAKEN = 3
_TRIED = 10_000
"""Choices weighed by their Gini coefficient."""
_SHARE = 0.25
"""Of the time left."""


def improve_start(rules: QuestionRules, goal: Goal, start: Choice | None, *, budget: SearchBudget) -> Choice | None:
    """The best choice that exchanges find, from one that is known; the known one where they find none that holds."""
    problem = rules.measure.problem
    if start is not None and problem.capacity is None and goal.objective == "gini":
        return _lower_gini(rules, goal, start, budget.share(_SHARE))
    if problem.capacity is not None or goal.objective != "max-cover" or not problem.free.any():
        return start
    search = _CoverSearch(cover_patterns(rules.measure), problem.people_of[goal.people], rules.limits, problem.free)
    part, rng = budget.share(_SHARE), np.random.default_rng(budget.seed)
    opened = search.begin(start, rng)
    if opened is None:
        return start
    best, most = start, -1 if start is None else int(rules.measure.value(start, goal))
    every, worth, looked = np.arange(len(opened)), search.climb(opened), -1
    for _ in range(min(_ROUNDS, _ROUNDS_A_SITE * len(opened))):
        if worth > looked:
            choice, looked = Choice(search.whole(opened)), worth
            if rules.hold(choice) and (value := int(rules.measure.value(choice, goal))) > most:
                best, most = choice, value
        part.spend(rounds=1)
        if part.over():
            break
        other = _shaken(opened, every, rng, search.holds).copy()
        if (gained := search.climb(other)) >= worth:
            opened, worth = other, gained
    return best


def _lower_gini(rules: QuestionRules, goal: Goal, start: Choice, budget: SearchBudget) -> Choice:
    """The choice of least Gini coefficient that exchanges find from one that holds."""
    search = _GiniSearch(rules, goal, budget)
    best, least = search.climb(start.opened)
    while least > 0 and search.may_go_on():
        other = _shaken(best, search.sites, search.rng, search.holds)
        if other is best:
            break
        there, now = search.climb(other)
        if now < least:
            best, least = there, now
    return Choice(best)


def _shaken(
    opened: BoolArray, sites: IntArray, rng: np.random.Generator, holds: Callable[[BoolArray], bool]
) -> BoolArray:
    """Some of these sites exchanged for others; the very same choice where no exchange that is drawn holds."""
    for _ in range(_SHAKEN):
        there, away = np.flatnonzero(opened[sites]), np.flatnonzero(~opened[sites])
        if not (len(there) and len(away)):
            break
        other = opened.copy()
        other[sites[int(rng.choice(there))]] = False
        other[sites[int(rng.choice(away))]] = True
        opened = other if holds(other) else opened
    return opened


class _GiniSearch:
    """Exchanges of sites that lower the Gini coefficient, so many choices weighed."""

    def __init__(self, rules: QuestionRules, goal: Goal, budget: SearchBudget) -> None:
        self.rules, self.goal, self.budget, self.left = rules, goal, budget, _TRIED
        problem = rules.measure.problem
        self.people = np.array([n for _, n in rules.measure.totals(goal)], dtype=np.float64)
        self.counted = problem.people_of[goal.people]
        self.rng = np.random.default_rng(budget.seed)
        self.sites = self.rng.permutation(np.flatnonzero(problem.free & ~problem.barred))

    def may_go_on(self) -> bool:
        """Whether more may be weighed."""
        return self.left > 0 and not self.budget.over()

    def holds(self, opened: BoolArray) -> bool:
        """Whether a choice keeps every rule."""
        return self.rules.hold(Choice(opened))

    def gini(self, opened: BoolArray) -> float:
        """The Gini coefficient of area coverage."""
        measure = self.rules.measure
        return gini_of_shares(measure.by_area(measure.points(Choice(opened), self.counted), self.goal), self.people)

    def climb(self, opened: BoolArray) -> tuple[BoolArray, float]:
        """One site for another, one more, or one less, the first that helps, until none does."""
        least, turn, idle = self.gini(opened), 0, 0
        while idle < len(self.sites) and self.may_go_on():
            site, turn, idle = self.sites[turn % len(self.sites)], turn + 1, idle + 1
            self.budget.spend(rounds=1)
            for other in _neighbours(opened, site, self.sites):
                self.left -= 1
                now = self.gini(other)
                if now < least and self.holds(other):
                    opened, least, idle = other, now, 0
                    break
        return opened, least


def _neighbours(opened: BoolArray, site: int, sites: IntArray) -> Iterator[BoolArray]:
    """A site closed if it is open; else opened, beside the others and in the place of each."""
    for out in (None, *(sites[opened[sites]] if not opened[site] else ())):
        other = opened.copy()
        other[site] = not opened[site]
        if out is not None:
            other[out] = False
        yield other


class _CoverSearch:
    """Patterns and limits in the arrays that exchanges walk along; sites are the free ones."""

    def __init__(self, known: CoverPatterns, people: IntArray, limits: SiteLimits, free: BoolArray) -> None:
        self.free = free
        self.limits = limits.without(limits.fixed, np.zeros_like(free))
        weight = known.weight
        by_site = weight.tocsc()
        self.rows = by_site.indptr.astype(np.int64), by_site.indices.astype(np.int64), by_site.data.astype(np.int64)
        self.weight, self.need = weight, known.need
        worth = np.asarray(known.worth @ people, dtype=np.int64)
        # Whom every choice must cover counts for more than all others together.
        self.worth = worth + np.where(known.must, int(worth.sum()) + 1, 0)
        self.by_site = self.limits.by_site()

    def whole(self, opened: BoolArray) -> BoolArray:
        """All open sites."""
        all_of = ~self.free
        all_of[self.free] = opened
        return all_of

    def begin(self, start: Choice | None, rng: np.random.Generator) -> BoolArray | None:
        """The free sites of a known choice, else some within the limits; None where none is at hand."""
        opened = np.zeros(int(self.free.sum()), dtype=np.bool_)
        if start is not None:
            return np.asarray(start.opened[self.free], dtype=np.bool_)
        nest = nest_of(self.limits)
        if nest is None:
            return None
        chosen = cheapest(nest, rng.random(len(opened)))
        for some in (chosen, np.empty(0, dtype=np.int64)):
            if self.limits.holds(some):
                opened[some] = True
                return opened
        return None

    def climb(self, opened: BoolArray) -> int:
        """Exchange until nothing is gained; ``opened`` is changed. What it then comes to."""
        used = self.limits.used(np.flatnonzero(opened))
        have = np.asarray(self.weight @ opened.astype(np.int64), dtype=np.int64)
        sides = self.limits.low, self.limits.high
        _climb(*self.rows, self.need, self.worth, *self.by_site, used, *sides, opened, have)
        return int(self.worth[have >= self.need].sum())

    def holds(self, opened: BoolArray) -> bool:
        """Whether a choice of the free sites is within the limits."""
        used = self.limits.rows @ opened.astype(np.int64)
        return bool(((self.limits.low <= used) & (used <= self.limits.high)).all())


@kernel
def _climb(  # type: ignore[no-untyped-def]
    column, row, weight, need, worth, rule_start, rule, rule_weight, used, low, high, opened, have
):
    sites, idle, s = len(opened), 0, 0
    while idle < sites:
        if not opened[s]:
            gain = np.int64(0)
            for k in range(column[s], column[s + 1]):
                p = row[k]
                if have[p] < need[p] and have[p] + weight[k] >= need[p]:
                    gain += worth[p]
                have[p] += weight[k]
            out, least = -1, gain
            alone = gain > 0 and may_change(rule_start, rule, rule_weight, used, low, high, -1, s)
            if not alone:
                for o in range(sites):
                    if not opened[o]:
                        continue
                    loss = np.int64(0)
                    for k in range(column[o], column[o + 1]):
                        p = row[k]
                        if have[p] >= need[p] and have[p] - weight[k] < need[p]:
                            loss += worth[p]
                    if loss < least and may_change(rule_start, rule, rule_weight, used, low, high, o, s):
                        out, least = o, loss
            if alone or out >= 0:
                idle = 0
                opened[s] = True
                count_site(rule_start, rule, rule_weight, used, s, 1)
                if out >= 0:
                    opened[out] = False
                    count_site(rule_start, rule, rule_weight, used, out, -1)
                    for k in range(column[out], column[out + 1]):
                        have[row[k]] -= weight[k]
            else:
                for k in range(column[s], column[s + 1]):
                    have[row[k]] -= weight[k]
        idle += 1
        s = s + 1 if s + 1 < sites else 0
