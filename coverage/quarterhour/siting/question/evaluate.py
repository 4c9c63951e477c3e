"""What a choice of sites comes to: who is covered how well, how far it is, what it costs, in which order to build."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE
from quarterhour.base.jit import kernel
from quarterhour.siting.question.plan import Figures
from quarterhour.siting.question.problem import PPM, WHOLE, Goal, SitingProblem
from quarterhour.siting.question.search import Exact, RowsServed

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

    ``far``: centiseconds, the standard where no open site is near. ``share``: how well it is covered, in ten
    thousandths of each of its people.
    """

    first: IntArray
    second: IntArray
    nearest: IntArray
    far: IntArray
    share: IntArray


@dataclass(frozen=True, eq=False)
class Measure:
    """A question as arrays, worked out once: what every choice is evaluated on.

    ``reachable``: the communities that some choice could cover. ``percent``: what share of the people counts at each
    near pair. ``worth``: what the percents of the best and the second best open site come to, in ten thousandths.
    """

    problem: SitingProblem
    reachable: BoolArray = field(init=False)
    percent: npt.NDArray[np.int16] = field(init=False)
    worth: IntArray = field(init=False)

    def __post_init__(self) -> None:
        problem, percents = self.problem, np.arange(101)
        near, percent = problem.near, np.full(len(problem.near.cs), 100, dtype=np.int16)
        if not problem.plain:
            row, classes = self.row, problem.classes.to_numpy()
            for name, standard in problem.standards.items():
                mine = (classes == name)[row]
                cs, share = np.array(standard.ladder()).T
                percent[mine] = share[np.searchsorted(cs, near.cs[mine])]
        alone = 100 if problem.coverage.backup is None else problem.coverage.backup
        two = 0 if problem.coverage.backup is None else 100
        worth = np.maximum(percents[:, None] * alone, percents[None, :] * two)
        for name, value in (("reachable", problem.reachable), ("percent", percent), ("worth", worth)):
            object.__setattr__(self, name, value)

    @cached_property
    def row(self) -> IntArray:
        """The community of each near pair."""
        start = self.problem.near.start
        return np.repeat(np.arange(len(start) - 1), np.diff(start))

    @cached_property
    def counted(self) -> BoolArray:
        """The communities with people whom some goal counts."""
        people = [self.problem.people_of[c] for c in {"", *(g.people for g in self.problem.goals)}]
        return np.asarray((np.array(people) > 0).any(axis=0), dtype=np.bool_)

    @cached_property
    def takes_part(self) -> BoolArray:
        """The reachable ones of these."""
        return np.asarray(self.counted & self.reachable, dtype=np.bool_)

    def scan(self, opened: BoolArray) -> Scan:
        """What each community has of open sites; ties to the earlier in the table of sites."""
        near, count = self.problem.near, len(self.problem.demand)
        first, second, share = np.zeros((3, count), dtype=np.int64)
        nearest, far = np.full(count, -1, dtype=np.int64), self.problem.limit_cs.copy()
        _scan(near.start, near.site, near.cs, self.percent, opened, self.worth, first, second, nearest, far, share)
        return Scan(first, second, nearest, far, share)

    def share(self, opened: BoolArray) -> IntArray:
        """How well each community is covered whatever the capacity, in ten thousandths of each of its people."""
        return self.scan(opened).share

    def points(self, choice: Choice, people: IntArray) -> IntArray:
        """The people that each community has covered, in ten thousandths."""
        return Outcome(self, choice).points(people)

    def new(self, choice: Choice) -> IntArray:
        """Positions of the sites that are built or upgraded."""
        return np.flatnonzero(choice.opened & ~self.problem.existing)

    def value(self, choice: Choice, goal: Goal) -> Exact:
        """A goal's value in whole numbers: ten thousandths of people, sites, people x centiseconds, centiseconds,
        yuan, millionths (gini); a share as a fraction.
        """
        return Outcome(self, choice).value(goal)

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
            people = pd.Series(np.where(self.reachable, self.problem.people_of[goal.people], 0))
            named = self.problem.areas[goal.level]
            sums = people.groupby(named.to_numpy()).sum()
            totals = [(str(name), int(n)) for name, n in sums.items() if name and n > 0]
            place = {name: k for k, (name, _) in enumerate(totals)}
            self._known[goal] = totals, np.asarray(named.map(place).fillna(-1), dtype=np.int64)
        return self._known[goal]

    @cached_property
    def _known(self) -> dict[Goal, tuple[list[tuple[str, int]], IntArray]]:
        return {}


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one choice comes to: the pairs are scanned once for all that is asked of it."""

    measure: Measure
    choice: Choice

    @cached_property
    def scan(self) -> Scan:
        """What each community has of the open sites."""
        return self.measure.scan(self.choice.opened)

    @cached_property
    def covered(self) -> BoolArray:
        """Which communities are covered, to whatever share; where sites have a capacity, served whole."""
        served, people = self.choice.served, self.measure.problem.people_of[""]
        if served is None:
            covered: BoolArray = self.scan.share > 0
            return covered
        row = self.measure.row[served.pair]
        got = np.bincount(row, served.people, len(people)).astype(np.int64)
        whole: BoolArray = (np.bincount(row, minlength=len(people)) > 0) & (got == people)
        return whole

    def points(self, people: IntArray) -> IntArray:
        """The people that each community has covered, in ten thousandths."""
        if self.choice.served is None:
            return people * self.scan.share
        pair = self.choice.served.pair
        part = self._parts(self.choice.served, people) * self.measure.percent[pair] * 100
        return np.bincount(self.measure.row[pair], part, len(people)).astype(np.int64)

    def _parts(self, served: Served, people: IntArray) -> IntArray:
        capacity = self.measure.problem.capacity
        whole = capacity is not None and not capacity.split
        return people[self.measure.row[served.pair]] if whole else served.people

    def legs(self, people: IntArray) -> Legs:
        """How far everyone reachable has to go; who is not covered counts as just at the standard."""
        problem, served = self.measure.problem, self.choice.served
        here = np.flatnonzero(self.measure.reachable)
        if served is None:
            return Legs(here, people[here], self.scan.far[here])
        row, part = self.measure.row[served.pair], self._parts(served, people)
        rest = (people - np.bincount(row, part, len(people)).astype(np.int64))[here]
        cs, some = problem.near.cs[served.pair].astype(np.int64), rest > 0
        return Legs(
            np.append(row, here[some]), np.append(part, rest[some]), np.append(cs, problem.limit_cs[here][some])
        )

    def value(self, goal: Goal) -> Exact:
        """A goal's value, as ``Measure.value`` has it."""
        problem, new = self.measure.problem, self.choice.opened & ~self.measure.problem.existing
        if goal.objective == "min-sites":
            return int(new.sum())
        if goal.objective == "min-cost":
            return int(problem.yuan[new].sum())
        people = problem.people_of[goal.people]
        if goal.objective == "max-cover":
            return int(self.points(people).sum())
        if goal.objective == "equity":
            return self.least_share(goal)[0]
        if goal.objective == "gini":
            return self.unevenness(goal)
        legs = self.legs(people)
        return int(legs.people @ legs.cs) if goal.objective == "min-time" else _worst(legs)

    def _by_area(self, goal: Goal) -> tuple[IntArray, list[tuple[str, int]]]:
        points = self.points(self.measure.problem.people_of[goal.people])
        return self.measure.by_area(points, goal), self.measure.totals(goal)

    def least_share(self, goal: Goal) -> tuple[Fraction, str]:
        """The least share of an area's reachable people that is covered, and where (1 and "" without areas)."""
        covered, totals = self._by_area(goal)
        shares = [(Fraction(int(covered[k]), WHOLE * total), name) for k, (name, total) in enumerate(totals)]
        return min(shares, default=(Fraction(1), ""))

    def unevenness(self, goal: Goal) -> int:
        """Gini's coefficient of the shares of areas among their people, in millionths, rounded up.

        A million where nobody is covered; 0 without areas.
        """
        covered, totals = self._by_area(goal)
        if not covered.any():
            return PPM if totals else 0
        shares = [(Fraction(c, n), n) for c, (_, n) in zip(covered.tolist(), totals, strict=True)]
        return math.ceil(PPM * _gini(sorted(shares)))

    def figures(self) -> Figures:
        """What the choice comes to beside the goals."""
        problem = self.measure.problem
        legs = self.legs(problem.people_of[""])
        equity = next((g for g in problem.goals if g.objective == "equity"), Goal("equity"))
        known = bool(problem.areas[equity.level].ne("").any())
        share, area = self.least_share(equity)
        return Figures(
            cost_yuan=int(problem.yuan[self.choice.opened & ~problem.existing].sum()),
            people_minutes=float(Fraction(int(legs.people @ legs.cs), CENTISECONDS_PER_MINUTE)),
            worst_minutes=float(Fraction(_worst(legs), CENTISECONDS_PER_MINUTE)),
            gini=gini(legs.cs, legs.people),
            least_share=float(share) if known else math.nan,
            least_area=area,
            by_column={str(c): int(problem.people_of[str(c)][self.covered].sum()) for c in problem.people},
        )


def _worst(legs: Legs) -> int:
    return int(legs.cs[legs.people > 0].max(initial=0))


def as_choice(measure: Measure, chosen: IntArray, served: RowsServed | None = None) -> Choice:
    """A choice from the positions of its open sites, and, where sites have a capacity, who goes where.

    Where communities go whole, ``served`` may count what they ask of a site: all their people go.
    """
    opened = np.zeros(len(measure.problem.sites), dtype=np.bool_)
    opened[chosen] = True
    if served is None:
        return Choice(opened)
    row, site, people = served
    sites, capacity = len(opened), measure.problem.capacity
    if capacity is not None and not capacity.split:
        people = measure.problem.demand.to_numpy()[row]
    pair = np.searchsorted(measure.row * sites + measure.problem.near.site, row * sites + site)
    order = np.argsort(pair, kind="stable")
    return Choice(opened, Served(pair[order].astype(np.int64), people[order].astype(np.int64)))


def in_plan_units(goal: Goal, exact: Exact) -> float:
    """A value in the unit of the plan: people, sites, people-minutes, minutes, yuan, a share, a coefficient."""
    return float(Fraction(exact) / _SCALE.get(goal.objective, 1))


def of_plan_units(goal: Goal, value: float) -> Exact:
    """A value of a plan as it is counted: whole numbers, of a share the fraction that the float is."""
    return Fraction(value) if goal.objective == "equity" else round(value * _SCALE.get(goal.objective, 1))


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
def _scan(start, site, cs, percent, opened, worth, first, second, nearest, far, share):  # type: ignore[no-untyped-def]
    for i in range(len(start) - 1):
        for k in range(start[i], start[i + 1]):
            if not opened[site[k]]:
                continue
            second[i] = max(second[i], min(first[i], percent[k]))
            first[i] = max(first[i], percent[k])
            if nearest[i] < 0 or cs[k] < far[i]:
                nearest[i] = site[k]
                far[i] = cs[k]
        share[i] = worth[first[i], second[i]]
