"""What a choice of sites comes to: who is covered how well, how far it is, what it costs, in which order to build."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.base.jit import kernel
from quarterhour.base.units import CENTISECONDS_PER_MINUTE
from quarterhour.siting.question.plan import Figures
from quarterhour.siting.question.problem import PPM, WHOLE, Goal, SitingProblem
from quarterhour.siting.question.search_result import Exact

_SCALE = {
    "max-cover": WHOLE,
    "min-time": CENTISECONDS_PER_MINUTE,
    "min-worst": CENTISECONDS_PER_MINUTE,
    "gini": PPM,
}


@dataclass(frozen=True, eq=False)
class Served:
    """Who is served where, when sites have a capacity: positions among the near pairs, and the people of each."""

    pair: IntArray
    people: IntArray


@dataclass(frozen=True, eq=False)
class Choice:
    """Which sites are open, existing ones too, and, where sites have a capacity, whom they serve."""

    opened: BoolArray
    served: Served | None = None


@dataclass(frozen=True, eq=False)
class Legs:
    """People and the centiseconds they have to go, a row a community or a part of one."""

    row: IntArray
    people: IntArray
    cs: IntArray


@dataclass(frozen=True, eq=False)
class Scan:
    """By community: the percents that its best and second best open site count, the nearest (-1: none), how far it is.

    ``far``: centiseconds, the standard where no open site is near.
    """

    first: IntArray
    second: IntArray
    nearest: IntArray
    far: IntArray


@dataclass(frozen=True, eq=False)
class Measure:
    """A question, with what is asked of it again and again kept at hand."""

    problem: SitingProblem

    @cached_property
    def row(self) -> IntArray:
        """The community of each near pair."""
        return self.problem.near.row

    @cached_property
    def percent(self) -> npt.NDArray[np.int16]:
        """What share of the people counts at each near pair."""
        near, problem = self.problem.near, self.problem
        percent = np.full(len(near.cs), 100, dtype=np.int16)
        if problem.plain:
            return percent
        classes = problem.classes.to_numpy()
        for name, standard in problem.standards.items():
            mine = (classes == name)[self.row]
            cs, share = np.array(standard.ladder()).T
            percent[mine] = share[np.searchsorted(cs, near.cs[mine])]
        return percent

    @property
    def reachable(self) -> BoolArray:
        """The communities that some choice could cover."""
        return self.problem.reachable

    @cached_property
    def takes_part(self) -> BoolArray:
        """The reachable communities with people whom some goal counts."""
        people = [self.problem.demand.to_numpy(), *(self.problem.counted(g) for g in self.problem.goals)]
        return np.asarray((np.array(people) > 0).any(axis=0) & self.reachable, dtype=np.bool_)

    def scan(self, opened: BoolArray) -> Scan:
        """What each community has of open sites; ties to the earlier in the table of sites."""
        near, count = self.problem.near, len(self.problem.demand)
        first, second = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
        nearest, far = np.full(count, -1, dtype=np.int64), self.problem.limit_cs.copy()
        _scan(near.start, near.site, near.cs, self.percent, opened, first, second, nearest, far)
        return Scan(first, second, nearest, far)

    def share(self, opened: BoolArray) -> IntArray:
        """How well each community is covered whatever the capacity, in ten thousandths of each of its people."""
        found = self.scan(opened)
        return self.credit(found.first, found.second)

    def credit(self, first: IntArray, second: IntArray) -> IntArray:
        """What the percents of the best and the second best open site come to."""
        alone = self.problem.coverage.backup
        return first * 100 if alone is None else np.maximum(first * alone, second * 100)

    def points(self, choice: Choice, people: IntArray) -> IntArray:
        """The people that each community has covered, in ten thousandths."""
        if choice.served is None:
            return people * self.share(choice.opened)
        part = self._parts(choice.served, people) * self.percent[choice.served.pair] * 100
        return np.bincount(self.row[choice.served.pair], part, len(people)).astype(np.int64)

    def _parts(self, served: Served, people: IntArray) -> IntArray:
        whole = self.problem.capacity is not None and not self.problem.capacity.split
        return people[self.row[served.pair]] if whole else served.people

    def legs(self, choice: Choice, people: IntArray) -> Legs:
        """How far everyone reachable has to go; who is not covered counts as just at the standard."""
        here = np.flatnonzero(self.reachable)
        if choice.served is None:
            return Legs(here, people[here], self.scan(choice.opened).far[here])
        row, part = self.row[choice.served.pair], self._parts(choice.served, people)
        rest = (people - np.bincount(row, part, len(people)).astype(np.int64))[here]
        cs = self.problem.near.cs[choice.served.pair].astype(np.int64)
        some = rest > 0
        return Legs(
            np.append(row, here[some]), np.append(part, rest[some]), np.append(cs, self.problem.limit_cs[here][some])
        )

    def new(self, choice: Choice) -> IntArray:
        """Positions of the sites that are built or upgraded."""
        return np.flatnonzero(choice.opened & self.problem.sites["state"].ne("existing").to_numpy())

    def value(self, choice: Choice, goal: Goal) -> Exact:
        """A goal's value in whole numbers: ten thousandths of people, sites, people x centiseconds, centiseconds,
        yuan, millionths (gini); a share as a fraction.
        """
        people = self.problem.counted(goal)
        if goal.objective == "max-cover":
            return int(self.points(choice, people).sum())
        if goal.objective == "equity":
            return self.least_share(choice, goal)[0]
        if goal.objective == "gini":
            return self.unlikeness(choice, goal)
        if goal.objective == "min-sites":
            return len(self.new(choice))
        if goal.objective == "min-cost":
            return int(self.problem.yuan[self.new(choice)].sum())
        legs = self.legs(choice, people)
        return int(legs.people @ legs.cs) if goal.objective == "min-time" else _worst(legs)

    def least_share(self, choice: Choice, goal: Goal) -> tuple[Fraction, str]:
        """The least share of an area's reachable people that is covered, and where (1 and "" without areas)."""
        covered, totals = self.by_area(self.points(choice, self.problem.counted(goal)), goal), self.totals(goal)
        shares = [(Fraction(int(covered[k]), WHOLE * total), name) for k, (name, total) in enumerate(totals)]
        return min(shares, default=(Fraction(1), ""))

    def unlikeness(self, choice: Choice, goal: Goal) -> int:
        """Gini's coefficient of the shares of areas among their people, in millionths, rounded up.

        A million where nobody is covered; 0 without areas.
        """
        covered, totals = self.by_area(self.points(choice, self.problem.counted(goal)), goal), self.totals(goal)
        if not covered.any():
            return PPM if totals else 0
        shares = [(Fraction(c, n), n) for c, (_, n) in zip(covered.tolist(), totals, strict=True)]
        return math.ceil(PPM * _gini(sorted(shares)))

    def by_area(self, points: IntArray, goal: Goal) -> IntArray:
        """Sums by the areas of ``totals``."""
        totals, area = self._areas(goal)
        sums = np.zeros(len(totals) + 1, dtype=np.int64)
        np.add.at(sums, area, points)
        return sums[:-1]

    def totals(self, goal: Goal) -> list[tuple[str, int]]:
        """The areas that a goal compares and the people there whom some site could cover."""
        return self._areas(goal)[0]

    def _areas(self, goal: Goal) -> tuple[list[tuple[str, int]], IntArray]:
        """The areas with their people, and the place of each community among them (-1: none)."""
        if goal not in self._known:
            totals = self._counted(goal)
            place = {name: k for k, (name, _) in enumerate(totals)}
            area = self.problem.areas[goal.level].map(place).fillna(-1)
            self._known[goal] = totals, np.asarray(area, dtype=np.int64)
        return self._known[goal]

    @cached_property
    def _known(self) -> dict[Goal, tuple[list[tuple[str, int]], IntArray]]:
        return {}

    def _counted(self, goal: Goal) -> list[tuple[str, int]]:
        people = pd.Series(np.where(self.reachable, self.problem.counted(goal), 0), index=self.problem.areas.index)
        sums = people.groupby(self.problem.areas[goal.level]).sum()
        return [(str(name), int(n)) for name, n in sums.items() if name and n > 0]


def _worst(legs: Legs) -> int:
    return int(legs.cs[legs.people > 0].max(initial=0))


def as_said(goal: Goal, exact: Exact) -> float:
    """A value in the unit of the plan: people, sites, people-minutes, minutes, yuan, a share, a coefficient."""
    return float(Fraction(exact) / _SCALE.get(goal.objective, 1))


def figures(measure: Measure, choice: Choice) -> Figures:
    """What a choice comes to beside the goals."""
    problem = measure.problem
    people = problem.demand.to_numpy(dtype=np.int64)
    legs = measure.legs(choice, people)
    equity = next((g for g in problem.goals if g.objective == "equity"), Goal("equity"))
    known = bool(problem.areas[equity.level].ne("").any())
    share, area = measure.least_share(choice, equity)
    covered = is_covered(measure, choice)
    return Figures(
        cost_yuan=int(problem.yuan[measure.new(choice)].sum()),
        people_minutes=float(Fraction(int(legs.people @ legs.cs), CENTISECONDS_PER_MINUTE)),
        worst_minutes=float(Fraction(_worst(legs), CENTISECONDS_PER_MINUTE)),
        gini=gini(legs.cs, legs.people),
        least_share=float(share) if known else math.nan,
        least_area=area,
        by_column={str(c): int(problem.people[c].to_numpy()[covered].sum()) for c in problem.people},
    )


def is_covered(measure: Measure, choice: Choice) -> BoolArray:
    """Which communities are covered, to whatever share; where sites have a capacity, served whole."""
    if choice.served is None:
        covered: BoolArray = measure.share(choice.opened) > 0
        return covered
    got = np.bincount(measure.row[choice.served.pair], choice.served.people, len(measure.problem.demand))
    met = np.bincount(measure.row[choice.served.pair], minlength=len(got)) > 0
    whole: BoolArray = met & (got.astype(np.int64) == measure.problem.demand.to_numpy())
    return whole


def gini(amount: IntArray, people: IntArray) -> float:
    """Gini's coefficient of an amount among people: 0 all alike, towards 1 one has it all; 0 without people."""
    each, place = np.unique(amount, return_inverse=True)
    count = np.bincount(place, people, len(each)).astype(np.int64)
    return float(_gini(list(zip(each.tolist(), count.tolist(), strict=True))))


def _gini(rising: Sequence[tuple[Exact, int]]) -> Fraction:
    """Of amounts in their order, and how many people have each; 0 where nobody has anything."""
    below = 0
    doubled: Exact = 0
    total: Exact = 0
    for amount, people in rising:
        doubled += people * amount * (2 * below + people)
        below += people
        total += people * amount
    return Fraction(doubled) / (below * total) - 1 if total else Fraction(0)


@kernel
def _scan(start, site, cs, percent, opened, first, second, nearest, far):  # type: ignore[no-untyped-def]
    for i in range(len(start) - 1):
        for k in range(start[i], start[i + 1]):
            if not opened[site[k]]:
                continue
            if percent[k] > first[i]:
                second[i] = first[i]
                first[i] = percent[k]
            elif percent[k] > second[i]:
                second[i] = percent[k]
            if nearest[i] < 0 or cs[k] < far[i]:
                nearest[i] = site[k]
                far[i] = cs[k]
