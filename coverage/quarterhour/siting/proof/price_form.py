"""A question at prices: the form in which a bound can be checked by adding and comparing whole numbers.

Every choice of sites costs something: of each community what it is from the nearest open site, or what it is without
one, and of each site what building it costs. A community may be given a price: it then pays the price, and each open
site nearer than that pays the difference back. Whatever the prices, no choice costs less than all prices together and
the cheapest sites after what they pay back (Lagrange's bound, for places the p-median's of Cornuejols, Fisher and
Nemhauser). Rules on sites and goals kept before have prices too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE
from quarterhour.siting.question.plan import Level
from quarterhour.siting.question.problem import Goal, Near, SitingProblem

_FULL = 100
_KEPT = ("max-cover", "min-sites", "min-time", "min-cost")
_BOUNDED = (*_KEPT, "min-worst")
_ROOM = 2**62
"""Sums stay below."""


@dataclass(frozen=True, eq=False)
class Part:
    """What a goal costs, whole: by community its ``weight``, by pair and ``without`` a site the cost of each of them.

    ``building``: of each site that is built. ``most``: what all of it may come to, of a goal that is kept.
    """

    weight: IntArray
    near: IntArray
    without: IntArray
    building: IntArray
    most: int = 0

    def pair_costs(self, row: IntArray) -> IntArray:
        """The cost of each pair."""
        costs: IntArray = self.weight[row] * self.near
        return costs

    @property
    def otherwise(self) -> IntArray:
        """The cost of each community without a site."""
        costs: IntArray = self.weight * self.without
        return costs


@dataclass(frozen=True, eq=False)
class PriceForm:
    """A goal of a question at prices.

    ``near``: pairs that count. ``own``: the goal's costs, ``kept``: those of goals before it. ``must``: communities
    that a site must be near. ``rows``: rules on sites, ``low <= rows @ opened <= high`` (``high`` -1: no limit).
    ``opened``: sites that are open in any case, ``free`` those to choose from, ``limit`` of them at most.
    ``target``: what no choice is said to cost less than; costs are multiples of ``step``.
    """

    near: Near
    own: Part
    kept: tuple[Part, ...]
    must: BoolArray
    rows: sp.csr_array
    low: IntArray
    high: IntArray
    opened: BoolArray
    free: BoolArray
    limit: int
    target: int
    step: int

    @property
    def width(self) -> int:
        """Prices in a vector."""
        return len(self.kept) + len(self.low) + len(self.must)

    def divided(self, prices: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """The prices of kept goals, of rules on sites and of communities in a vector, each a view of it."""
        kept, rules, own = np.split(prices, [len(self.kept), len(self.kept) + len(self.low)])
        return kept, rules, own

    def paid_without(self, scale: int, kept: IntArray) -> IntArray:
        """What each community pays without a site, at the prices of kept goals."""
        paid = scale * self.own.otherwise
        for price, part in zip(kept.tolist(), self.kept, strict=True):
            paid = paid + price * part.otherwise
        return paid

    def settles(self, scale: int, prices: IntArray, taken: IntArray, left: IntArray) -> bool:
        """Whether prices show that no choice with some sites and without others costs less than ``target``.

        Not so where the prices are none: negative for a kept goal, above what a community pays without a site.
        """
        if len(taken) > self.limit:
            return True
        kept, rules, own = self.divided(prices)
        if not self._allowed(scale, kept, rules, own):
            return False
        total = self._total(scale, kept, rules, own, taken, left)
        return total > scale * (self.target - self.step)

    def _allowed(self, scale: int, kept: IntArray, rules: IntArray, own: IntArray) -> bool:
        if scale < 1 or (kept < 0).any() or ((rules < 0) & (self.high < 0)).any():
            return False
        sums = [scale * self._size(self.own), sum(abs(int(v)) for v in own)]
        sums += [int(k) * self._size(part) for k, part in zip(kept, self.kept, strict=True)]
        heavy = np.asarray(abs(self.rows).sum(axis=1), dtype=np.int64) + np.maximum(self.low, self.high)
        sums += [abs(int(r)) * int(each) for r, each in zip(rules, heavy, strict=True)]
        if 4 * sum(sums) >= _ROOM:
            return False
        return bool((self.must | (own <= self.paid_without(scale, kept))).all())

    def _size(self, part: Part) -> int:
        each = max(int(part.near.max(initial=0)), int(part.without.max(initial=0)))
        return int(part.weight.sum()) * each + int(np.abs(part.building).sum()) + abs(part.most)

    def _total(
        self, scale: int, kept: IntArray, rules: IntArray, own: IntArray, taken: IntArray, left: IntArray
    ) -> int:
        row = self.near.row
        costs, sites = scale * self.own.pair_costs(row), scale * self.own.building
        total = int(own.sum()) + sum(
            int(p) * int(a if p > 0 else b) for p, a, b in zip(rules, self.low, self.high, strict=True)
        )
        for price, part in zip(kept.tolist(), self.kept, strict=True):
            costs, sites = costs + price * part.pair_costs(row), sites + price * part.building
            total -= price * part.most
        sites = sites - np.asarray(self.rows.T @ rules, dtype=np.int64)
        np.add.at(sites, self.near.site, np.minimum(0, costs - own[row]))
        opened, open_to = self.opened.copy(), self.free.copy()
        opened[taken] = True
        open_to[taken], open_to[left] = False, False
        cheapest = np.sort(sites[open_to])[: self.limit - len(taken)]
        return total + int(sites[opened].sum()) + int(np.minimum(0, cheapest).sum())


def has_price_form(problem: SitingProblem, place: int) -> bool:
    """Whether the bound of a goal, by its place in the chain, can have such evidence at all."""
    goal, before = problem.goals[place], problem.goals[:place]
    plain = problem.coverage.backup is None and problem.capacity is None and "least_load" not in problem.sites
    return plain and goal.objective in _BOUNDED and all(g.objective in _KEPT for g in before)


def price_form(problem: SitingProblem, place: int, levels: Sequence[Level]) -> PriceForm:
    """The goal at a place of the chain, whose goals before are kept at their values, against its bound."""
    goal, bound = problem.goals[place], levels[place].bound
    near, must = problem.near, _must(problem)
    if goal.objective == "min-worst":
        near, must = _nearer(problem, goal, must, round(bound * CENTISECONDS_PER_MINUTE))
    kept = [_part(problem, near, g, level.value) for g, level in zip(problem.goals[:place], levels, strict=False)]
    if problem.coverage.at_least:
        kept.append(_part(problem, near, Goal("max-cover"), problem.coverage.at_least))
    own = _part(problem, near, goal, bound)
    step = _step(own, near.row)
    rows, low, high = _rows(problem)
    limit = int(problem.free.sum())
    if problem.new_sites is not None:
        limit = min(limit, problem.new_sites - int(problem.required.sum()))
    target = -(-own.most // step) * step
    return PriceForm(near, own, tuple(kept), must, rows, low, high, ~problem.free, problem.free, limit, target, step)


def _part(problem: SitingProblem, near: Near, goal: Goal, value: float) -> Part:
    """A goal's costs, and what its value costs; of the farthest: nothing, one where somebody has none near enough."""
    people = np.where(problem.reachable, problem.people_of[goal.people], 0).astype(np.int64)
    nothing, new = np.zeros(len(problem.sites), dtype=np.int64), (~problem.existing).astype(np.int64)
    none, far = np.zeros(len(near.cs), dtype=np.int64), np.zeros(len(people), dtype=np.int64)
    if goal.objective == "max-cover":
        most = _FULL * int(people.sum()) - round(Fraction(value) * _FULL * _FULL) // _FULL
        return Part(people, _FULL - _percent(problem, near), far + _FULL, nothing, most)
    if goal.objective == "min-time":
        return Part(people, near.cs.astype(np.int64), problem.limit_cs, nothing, round(value * CENTISECONDS_PER_MINUTE))
    if goal.objective == "min-worst":
        return Part(people, none, far, nothing, 1)
    return Part(people, none, far, new if goal.objective == "min-sites" else problem.yuan, round(value))


def _percent(problem: SitingProblem, near: Near) -> IntArray:
    """What share of the people counts at each pair."""
    percent, names = np.full(len(near.cs), _FULL, dtype=np.int64), problem.classes.to_numpy(dtype=object)[near.row]
    for name, standard in problem.standards.items():
        for cs, share in reversed(standard.ladder()):
            percent[(names == name) & (near.cs <= cs)] = share
    return percent


def _must(problem: SitingProblem) -> BoolArray:
    """Communities with people whom some goal counts, where everybody must be covered whom some site could cover."""
    columns = [problem.people_of[c] > 0 for c in dict.fromkeys(["", *(g.people for g in problem.goals)])]
    must: BoolArray = problem.reachable & np.array(columns).any(axis=0) & problem.everyone
    return must


def _near_enough(problem: SitingProblem) -> list[IntArray]:
    """The sites near enough to each community with counted people, apart from the standard, each list once."""
    near, columns = problem.far_enough, {"", *(g.people for g in problem.goals)}
    people = np.array([problem.people_of[c] > 0 for c in columns]).any(axis=0)
    lists = {tuple(near.site[near.start[i] : near.start[i + 1]].tolist()) for i in np.flatnonzero(people).tolist()}
    return [np.array(sites, dtype=np.int64) for sites in sorted(lists) if sites]


def _nearer(problem: SitingProblem, goal: Goal, must: BoolArray, cs: int) -> tuple[Near, BoolArray]:
    """The pairs, and who must have one, where nobody whom a goal counts may have so many centiseconds."""
    asks = problem.reachable & (problem.people_of[goal.people] > 0) & (problem.limit_cs >= cs)
    return problem.near.only(~asks[problem.near.row] | (problem.near.cs < cs)), must | asks


def _step(own: Part, row: IntArray) -> int:
    """What all costs are multiples of."""
    costs = np.concatenate([own.pair_costs(row), own.otherwise, own.building])
    return math.gcd(*np.unique(costs).tolist()) or 1


def _rows(problem: SitingProblem) -> tuple[sp.csr_array, IntArray, IntArray]:
    """Quotas area by area, money, conflicts, and the farthest that anybody may have."""
    rows: list[tuple[IntArray, IntArray, int, int]] = []
    one = np.ones(len(problem.sites), dtype=np.int64)
    for quota, area_of in problem.area_of.items():
        names = area_of.to_numpy(dtype=object)
        for area in quota.areas:
            inside = np.flatnonzero(names == area).astype(np.int64)
            high = -1 if quota.maximum is None else int(quota.maximum)
            rows.append((inside, one[inside], min(int(quota.minimum), len(inside)), high))
    if problem.budget.yuan is not None:
        paid = np.flatnonzero(problem.yuan).astype(np.int64)
        rows.append((paid, problem.yuan[paid], 0, int(problem.budget.yuan)))
    rows += [(pair, one[pair], 0, 1) for pair in problem.conflicts.astype(np.int64)]
    if problem.coverage.farthest is not None:
        rows += [(sites, one[sites], 1, -1) for sites in _near_enough(problem)]
    start = np.r_[0, np.cumsum([len(sites) for sites, *_ in rows])].astype(np.int64)
    nothing = np.empty(0, dtype=np.int64)
    site = np.concatenate([nothing, *(sites for sites, *_ in rows)])
    weight = np.concatenate([nothing, *(weights for _, weights, *_ in rows)])
    low, high_ = np.array([sides for _, _, *sides in rows], dtype=np.int64).reshape(-1, 2).T
    return sp.csr_array((weight, site, start), shape=(len(rows), len(problem.sites))), low, high_
