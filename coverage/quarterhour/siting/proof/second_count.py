"""The tally of a plan: who has which open site how near, counted by code that shares nothing with the solvers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pandas as pd

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.base.centiseconds import centiseconds
from quarterhour.base.errors import PlanError, first_ids
from quarterhour.siting.question.plan import Figures, SitingPlan
from quarterhour.siting.question.problem import Goal, SitingProblem


@dataclass(frozen=True, slots=True)
class Recount:
    """What an independent count of a plan came to, in whole people and sites."""

    covered_before: int
    covered: int
    reachable: int
    demand_total: int
    new_sites: int
    figures: Figures


@dataclass(frozen=True, eq=False)
class Count:
    """All that a plan is held against, counted in one go.

    ``site``: by community the place of the site that its assignment must name, -1 for none. ``covered``: which
    communities are; ``counts``: which of the reachable ones have people whom some goal counts. ``points``: people
    covered, in ten thousandths. ``gains``: by chosen site. ``values``: of each goal.
    """

    total: Recount
    site: IntArray
    covered: BoolArray
    counts: BoolArray
    points: int
    gains: dict[str, float]
    values: tuple[float, ...]


def count_again(problem: SitingProblem, plan: SitingPlan) -> Count:
    """Every count of a plan; PlanError where its parts are no assignment at all."""
    tally = Tally(problem, plan)
    columns = {"", *(g.people for g in problem.goals)}
    return Count(
        total=tally.count(),
        site=tally.assigned(),
        covered=tally.covered(),
        counts=tally.reachable & np.array([tally.counted(c) > 0 for c in columns]).any(axis=0),
        points=int(tally.points("").sum()),
        gains=tally.gains(),
        values=tuple(tally.value(goal) for goal in problem.goals),
    )


def wrong(key: str, ids: Sequence[object], **values: object) -> None:
    """PlanError of a key where there are any ids."""
    if ids:
        raise PlanError(f"proof.{key}", ids=first_ids(ids), **values)


class Tally:
    """Who has which open site how near, counted row by row over the travel times."""

    def __init__(self, problem: SitingProblem, plan: SitingPlan) -> None:
        self.problem, self.plan = problem, plan
        self.people = problem.demand.to_numpy(dtype=np.int64)
        self.stairs = {name: standard.ladder() for name, standard in problem.standards.items()}
        self.names = problem.classes.to_numpy(dtype=object)
        limit = {name: centiseconds(s.minutes) for name, s in problem.standards.items()}
        self.limit = np.array([limit[name] for name in self.names], dtype=np.int64)
        self._trim()
        states = problem.sites["state"].to_numpy(dtype=object)
        self.existing = np.array([s == "existing" for s in states], dtype=np.bool_)
        chosen = set(plan.chosen)
        self.opened = self.existing | np.array([i in chosen for i in problem.sites.index], dtype=np.bool_)
        self.reachable = self.credit(np.ones(len(states), dtype=np.bool_)) > 0
        self.now = self.credit(self.opened)
        self.parts = None if plan.served is None else _parts(self, plan.served)

    def _trim(self) -> None:
        """Keep the pairs within each community's standard whose site counts."""
        times, tier = self.problem.times, self.problem.coverage.tier
        counts = np.array([not tier or tier in t.split(" ") for t in self.problem.sites["tiers"]], dtype=np.bool_)
        limit = (
            np.repeat(self.limit.astype(np.int32), np.diff(times.indptr)) if len(self.stairs) > 1 else self.limit[:1]
        )
        use = (times.cs <= limit) & counts[times.site_index]
        self.start = times.indptr if use.all() else np.append(0, np.cumsum(use))[times.indptr]
        self.site, self.cs = (a if use.all() else a[use] for a in (times.site_index, times.cs))

    def pairs(self, sites: BoolArray) -> tuple[IntArray, IntArray, IntArray]:
        """Row, site and centiseconds of the pairs of some sites."""
        at = np.flatnonzero(sites[self.site])
        row = np.searchsorted(self.start, at, side="right") - 1
        return row, self.site[at].astype(np.int64), self.cs[at].astype(np.int64)

    def credit(self, opened: BoolArray) -> IntArray:
        """Ten thousandths of each person covered: for each step, by how many open sites are that near."""
        alone = self.problem.coverage.backup
        one, two = (100, 100) if alone is None else (alone, 100)
        credit = np.zeros(len(self.people), dtype=np.int64)
        is_open = opened[self.site]
        for name, stairs in self.stairs.items():
            mine = self.names == name
            for cs, percent in stairs:
                upto = np.append(0, np.cumsum(is_open & (self.cs <= cs), dtype=np.int32))
                near = np.minimum(upto[self.start[1:]] - upto[self.start[:-1]], 2)
                credit[mine] = np.maximum(credit, percent * np.choose(near, (0, one, two)))[mine]
        return credit

    def nearest(self) -> tuple[IntArray, IntArray]:
        """The nearest open site of each community, -1 for none, and its centiseconds."""
        row, site, cs = self.pairs(self.opened)
        least = _least(row, cs * (len(self.opened) + 1) + site, len(self.people))
        site = np.where(least < 0, -1, least % (len(self.opened) + 1))
        return site, np.where(least < 0, self.limit, least // (len(self.opened) + 1))

    def assigned(self) -> IntArray:
        """The site of each community: the nearest open one, or the one that serves most of it, the earlier at a tie."""
        if self.parts is None:
            return self.nearest()[0]
        most: dict[int, tuple[int, int]] = {}
        for row, place, people, _ in self.parts.legs:
            most[row] = max(most.get(row, (-1, 0)), (people, -place))
        return np.array([-most[r][1] if r in most else -1 for r in range(len(self.people))], dtype=np.int64)

    def gains(self) -> dict[str, float]:
        """What each chosen site adds in the order given: people newly covered, or those it serves."""
        place = {str(i): k for k, i in enumerate(self.problem.sites.index.tolist())}
        if self.parts is not None:
            serves: Counter[int] = Counter()
            for _, site, people, _ in self.parts.legs:
                serves[site] += people
            return {s: float(serves[place[s]]) for s in self.plan.chosen}
        stairs = Stairs(self)
        for k in np.flatnonzero(self.existing).tolist():
            stairs.add(k)
        return {s: float(Fraction(stairs.add(place[s]), 10_000)) for s in self.plan.chosen}

    def counted(self, column: str) -> IntArray:
        """The people of a column, or those that count."""
        return self.problem.people[column].to_numpy(dtype=np.int64) if column else self.people

    def points(self, column: str) -> IntArray:
        """Ten thousandths of people covered, by community."""
        people = self.counted(column)
        if self.parts is None:
            return people * self.now
        points = np.zeros(len(people), dtype=np.int64)
        for row, _, part, cs in self.parts.each(people):
            points[row] += part * 100 * self._percent(row, cs)
        return points

    def _percent(self, row: int, cs: int) -> int:
        return next(percent for step, percent in self.stairs[self.names[row]] if cs <= step)

    def covered(self) -> BoolArray:
        """Which communities are covered, or served whole."""
        if self.parts is None:
            covered: BoolArray = self.now > 0
            return covered
        return self.parts.whole

    def trips(self, column: str) -> tuple[IntArray, IntArray]:
        """People and centiseconds of all reachable ones; those not covered at the standard."""
        people, here = self.counted(column), np.flatnonzero(self.reachable)
        if self.parts is None:
            return people[here], self.nearest()[1][here]
        legs, rest = [], people.copy()
        for row, _, part, leg in self.parts.each(people):
            legs.append((part, leg))
            rest[row] -= part
        parts, times = np.array(legs, dtype=np.int64).reshape(-1, 2).T
        return np.append(parts, rest[here]), np.append(times, self.limit[here])

    def count(self) -> Recount:
        total = [int(self.people[m].sum()) for m in (self.credit(self.existing) > 0, self.reachable)]
        served = int(self.people[self.covered()].sum()) if self.parts is None else self.parts.total
        chosen = len(self.plan.chosen)
        return Recount(total[0], served, total[1], int(self.people.sum()), chosen, self._figures())

    def _figures(self) -> Figures:
        problem = self.problem
        people, cs = self.trips("")
        equity = [g for g in problem.goals if g.objective == "equity"] or [Goal("equity")]
        share, where = self.least_share(equity[0])
        known = any(a != "" for a in problem.areas[equity[0].level])
        covered = self.covered()
        return Figures(
            cost_yuan=self.cost(),
            people_minutes=float(Fraction(int(people @ cs), 6000)),
            worst_minutes=float(Fraction(int(cs[people > 0].max(initial=0)), 6000)),
            gini=_gini(people, cs),
            least_share=float(share) if known else math.nan,
            least_area=where,
            by_column={c: sum(problem.people[c].to_numpy()[covered].tolist()) for c in problem.people.columns},
        )

    def cost(self) -> int:
        """Yuan of what is built or upgraded, over the years."""
        sites, years = self.problem.sites, int(self.problem.budget.years)
        built = sites.loc[list(self.plan.chosen)]
        fixed, running = built["cost_yuan"].tolist(), built["running_yuan"].tolist()
        return sum(int(f) + years * int(r) for f, r in zip(fixed, running, strict=True))

    def least_share(self, goal: Goal) -> tuple[Fraction, str]:
        """The least share covered of the reachable people of an area, and the first such area."""
        share, area, _ = min(self._shares(goal), default=(Fraction(1), "", 0))
        return share, area

    def _shares(self, goal: Goal) -> list[tuple[Fraction, str, int]]:
        """Area by area the share covered of the reachable people, and how many these are."""
        codes, areas = pd.factorize(self.problem.areas[goal.level])
        have, could = np.zeros(len(areas), dtype=np.int64), np.zeros(len(areas), dtype=np.int64)
        np.add.at(have, codes, self.points(goal.people))
        np.add.at(could, codes, np.where(self.reachable, self.counted(goal.people), 0))
        found = zip(areas.tolist(), have.tolist(), could.tolist(), strict=True)
        return [(Fraction(some, 10_000 * every), area, every) for area, some, every in found if area and every]

    def unevenness(self, goal: Goal) -> int:
        """Gini's coefficient of the shares of areas among people, in millionths, rounded up: how far Lorenz's curve,
        the worst-off areas first, lies below the straight one.
        """
        people, points, under = 0, 0, 0
        for share, _, here in sorted(self._shares(goal)):
            had, points = points, points + int(share * here * 10_000)
            under += here * (had + points)
            people += here
        apart = people * points - under
        return -(-1_000_000 * apart // (people * points)) if points else 1_000_000 if people else 0

    def value(self, goal: Goal) -> float:
        """A goal's value, in the unit in which a plan says it."""
        return float(self.exact(goal))

    def exact(self, goal: Goal) -> Fraction:
        """The same as a fraction."""
        if goal.objective == "max-cover":
            return Fraction(int(self.points(goal.people).sum()), 10_000)
        if goal.objective == "equity":
            return self.least_share(goal)[0]
        if goal.objective == "gini":
            return Fraction(self.unevenness(goal), 1_000_000)
        if goal.objective == "min-sites":
            return Fraction(len(self.plan.chosen))
        if goal.objective == "min-cost":
            return Fraction(self.cost())
        people, cs = self.trips(goal.people)
        whole = int(people @ cs) if goal.objective == "min-time" else int(cs[people > 0].max(initial=0))
        return Fraction(whole, 6000)


class Parts:
    """Who is served where, as the plan says it, by position."""

    def __init__(self, tally: Tally, legs: list[tuple[int, int, int, int]]) -> None:
        self.legs = legs
        self.split = bool(tally.problem.capacity and tally.problem.capacity.split)
        got = np.zeros(len(tally.people), dtype=np.int64)
        met = np.zeros(len(tally.people), dtype=np.bool_)
        for row, _, people, _ in legs:
            got[row] += people
            met[row] = True
        self.got, self.total = got, int(got.sum())
        self.whole: BoolArray = met & (got == tally.people)

    def each(self, people: IntArray) -> Iterator[tuple[int, int, int, int]]:
        """Row, site, people of a column, and centiseconds of each part."""
        for row, site, part, cs in self.legs:
            yield row, site, part if self.split else int(people[row]), cs


def _least(row: IntArray, key: IntArray, rows: int) -> IntArray:
    """The least key of each row, -1 where it has none; rows come in order."""
    least = np.full(rows, -1, dtype=np.int64)
    if len(row):
        begins = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
        least[row[begins]] = np.minimum.reduceat(key, begins)
    return least


def _gini(people: IntArray, cs: IntArray) -> float:
    """Half the mean difference between two people, over the mean."""
    found, at = np.unique(cs, return_inverse=True)
    here = np.zeros(len(found), dtype=np.int64)
    np.add.at(here, at, people)
    steps, many = found.tolist(), here.tolist()
    total, amount = sum(many), sum(n * step for step, n in zip(steps, many, strict=True))
    if not amount:
        return 0.0
    # The sum of |a - b| over pairs grows, step by step of the amount, with the people on either side of the step.
    apart, below = 0, 0
    for low, high, n in zip(steps, steps[1:], many, strict=False):
        below += n
        apart += (high - low) * below * (total - below)
    return float(Fraction(apart, total * amount))


def _parts(tally: Tally, served: pd.DataFrame) -> Parts:
    """The parts of a plan, each checked: an open site within the standard, nobody twice, nothing over capacity."""
    problem = tally.problem
    split = bool(problem.capacity and problem.capacity.split)
    rows = {str(c): k for k, c in enumerate(problem.demand.index)}
    places = {str(s): k for k, s in enumerate(problem.sites.index)}
    wanted = {
        (rows.get(str(c), -1), places.get(str(s), -1)) for c, s in zip(served["community"], served["site"], strict=True)
    }
    row, site, cs = tally.pairs(tally.opened)
    named = np.array([r * len(places) + s for r, s in wanted if min(r, s) >= 0], dtype=np.int64)
    mine = np.isin(row * len(places) + site, named)
    near = {(r, s): t for r, s, t in zip(row[mine].tolist(), site[mine].tolist(), cs[mine].tolist(), strict=True)}
    legs, bad = [], []
    for c, s, n in served[["community", "site", "people"]].itertuples(index=False):
        pair = (rows.get(str(c), -1), places.get(str(s), -1))
        if pair not in near or not tally.opened[pair[1]] or n < 0 or (split and n == 0):
            bad.append(c)
        else:
            legs.append((*pair, int(n), near[pair]))
    wrong("assignment_differs", bad)
    again = [k for k, n in Counter((r, s) if split else r for r, s, _, _ in legs).items() if n > 1]
    parts = Parts(tally, legs)
    over = (parts.got > tally.people) if split else (parts.got != tally.people) & (parts.got != 0)
    wrong("assignment_differs", [*again, *problem.demand.index[over]])
    _check_capacity(problem, legs, split=split)
    return parts


def _check_capacity(problem: SitingProblem, legs: list[tuple[int, int, int, int]], *, split: bool) -> None:
    load, used = problem.load.to_numpy(dtype=np.int64), Counter[int]()
    for row, site, people, _ in legs:
        used[site] += people if split else int(load[row])
    capacity = problem.sites["capacity"]
    limit = {s: int(n) for s, n in enumerate(capacity.tolist()) if not pd.isna(n)}
    over = [s for s, n in sorted(used.items()) if s in limit and n > limit[s]]
    wrong("capacity_broken", [f"{problem.sites.index[s]} ({used[s]})" for s in over])


class Stairs:
    """How many sites stand within each step of each community, as they are built one by one."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        row, site, cs = tally.pairs(tally.opened)
        order = np.argsort(site, kind="stable")
        self.begins = np.searchsorted(site[order], np.arange(len(tally.opened) + 1))
        self.row, self.cs = row[order], cs[order]
        self.steps = max(len(s) for s in tally.stairs.values())
        self.near = np.zeros((self.steps, len(tally.people)), dtype=np.int64)
        self.step_cs = np.full((self.steps, len(tally.people)), -1, dtype=np.int64)
        self.percent = np.zeros((self.steps, len(tally.people)), dtype=np.int64)
        for name, stairs in tally.stairs.items():
            mine = tally.names == name
            for k, (step, percent) in enumerate(stairs):
                self.step_cs[k, mine], self.percent[k, mine] = step, percent

    def _worth(self, row: IntArray) -> IntArray:
        alone = self.tally.problem.coverage.backup
        one, two = (100, 100) if alone is None else (alone, 100)
        credit = np.choose(np.minimum(self.near[:, row], 2), (0, one, two)) * self.percent[:, row]
        worth: IntArray = self.tally.people[row] * credit.max(axis=0)
        return worth

    def add(self, site: int) -> int:
        """Build a site; the people newly covered, in ten thousandths."""
        mine = slice(self.begins[site], self.begins[site + 1])
        row, cs = self.row[mine], self.cs[mine]
        before = self._worth(row)
        for k in range(self.steps):
            self.near[k, row] += cs <= self.step_cs[k, row]
        return int((self._worth(row) - before).sum())
