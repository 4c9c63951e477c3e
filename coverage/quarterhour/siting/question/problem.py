"""A siting question in the planner's terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.base.centiseconds import centiseconds
from quarterhour.siting.question.rules import Budget, Capacity, Quota

if TYPE_CHECKING:
    from quarterhour.travel.times import TravelTimes

OBJECTIVES = ("max-cover", "min-sites", "min-time", "min-worst", "min-cost", "equity", "gini")
STATES = ("existing", "required", "candidate", "upgradeable")
SITE_COLUMNS = ("state", "town", "county", "name", "quality")
SITE_FIGURES = ("cost_yuan", "running_yuan", "capacity", "least_load")
AREA_LEVELS = ("town", "county")
QUOTA_LEVELS = (*AREA_LEVELS, "state")
PPM = 1_000_000
"""A coefficient is counted in millionths, rounded up, so that it stays a whole number."""
WHOLE = 10_000
"""One person wholly covered: coverage is counted in ten thousandths, so that steps and backup stay whole numbers."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a plan is to be best at; in a chain each is kept while the next is bettered.

    ``objective``: ``max-cover`` people covered; ``min-sites`` sites built; ``min-time`` minutes of all people to the
    nearest open site; ``min-worst`` minutes of the farthest community; ``min-cost`` yuan; ``equity`` the least share
    covered of the people of an area whom some site could cover; ``gini`` how unlike these shares are.
    ``people``: the column of people that it counts; "" for the counted ones. ``level``: whose shares ``equity`` and
    ``gini`` compare, ``town`` or ``county`` of the communities.

    ``gini`` is Gini's coefficient among the people whom some site could cover, each with the share of their area: 0
    where all areas are alike, towards 1 where one has all, 1 where nobody is covered; in millionths, rounded up. Areas
    are alike, too, where hardly anybody is covered in any: as the only goal it wants quotas or ``at_least`` beside it,
    and serves best behind others, as most people, then ``gini``.

    Under ``min-time`` and ``min-worst`` somebody without an open site within the standard counts as if just at it
    (under backup the way is to the nearest open site, even where two must be near), and people whom no site could
    cover do not count. ``equity`` is 1 where no site could cover anybody: no area has less than it could.

    Examples
    --------
    >>> import quarterhour as qh
    >>> chain = [qh.siting.Goal("max-cover"), qh.siting.Goal("min-time")]
    >>> problem = qh.siting_from_matrix([[4, 6], [8, 9]], [50, 30], objective=chain, within=10, new_sites=1)
    >>> [(level.objective, level.value) for level in qh.solve_siting(problem).levels]
    [('max-cover', 80.0), ('min-time', 440.0)]
    """

    objective: str
    people: str = ""
    level: str = "town"

    @property
    def most(self) -> bool:
        """Whether more is better."""
        return self.objective in ("max-cover", "equity")

    @property
    def of_coverage(self) -> bool:
        """Whether it is about who is covered, so that nobody must be unless that is asked for."""
        return self.objective in ("max-cover", "equity", "gini")


@dataclass(frozen=True, slots=True)
class Standard:
    """How near is near enough: ``minutes``, a trip of exactly so many included.

    ``steps``: what share of the people counts, as (minutes, percent), farther ones less:
    ``((10, 100), (15, 60))``; the last is the standard itself. Empty: all up to the standard.

    Examples
    --------
    >>> import quarterhour as qh
    >>> steps = qh.siting.Standard(15, steps=((10, 100), (15, 60)))
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=steps, new_sites=1)
    >>> qh.solve_siting(problem).value  # 50, and 60 % of 30
    78.0
    """

    minutes: float
    steps: tuple[tuple[float, int], ...] = ()

    def ladder(self) -> tuple[tuple[int, int], ...]:
        """The steps as (centiseconds, percent)."""
        return tuple((centiseconds(m), int(p)) for m, p in self.steps or ((self.minutes, 100),))

    @property
    def plain(self) -> bool:
        """Whether everybody up to it counts in full."""
        return [percent for _, percent in self.ladder()] == [100]


@dataclass(frozen=True, slots=True)
class Coverage:
    """When a community is covered, and who must be.

    ``backup``: None where one open site within the standard is enough; else the percent that counts with one
    alone, and two make 100 (0: covered only with two). With steps the better counts: what the nearest is worth,
    times ``backup``, or what the second nearest is worth in full. ``tier``: only sites that count for this tier cover.
    ``everyone``: whoever some site could cover must be covered; None: so where the first goal is not
    ``max-cover``, ``equity`` or ``gini`` and ``at_least`` is 0. ``at_least``: people to cover in any case.
    ``farthest``: minutes within which everyone must have an open site whom some site is so near to, covered or not: a
    limit apart from the standard, nearer or farther than that.

    Examples
    --------
    >>> import quarterhour as qh
    >>> two = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=15, new_sites=2,
    ...                             coverage=qh.siting.Coverage(backup=0))
    >>> qh.solve_siting(two).covered  # only the second community has two sites within 15 minutes
    30
    """

    backup: int | None = None
    tier: str = ""
    everyone: bool | None = None
    at_least: int = 0
    farthest: float | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Apart:
    """How far sites stand apart at the ``least``, in metres, and the ``metres`` between those of each conflict.

    NaN: a conflict by rule, whatever the distance.
    """

    least: float
    metres: FloatArray


@dataclass(frozen=True, eq=False, slots=True)
class Near:
    """Pairs within the standard, a row a community: ``site[start[i]:start[i + 1]]`` and their ``cs``."""

    start: IntArray
    site: IntArray
    cs: IntArray

    @property
    def row(self) -> IntArray:
        """The community of each pair."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def only(self, kept: BoolArray) -> Near:
        """Some of the pairs."""
        if kept.all():
            return self
        start = np.r_[0, np.cumsum(kept)][self.start]
        return Near(start.astype(np.int64), self.site[kept], self.cs[kept])


@dataclass(frozen=True, eq=False)
class SitingProblem:
    """A siting question in the planner's terms; existing sites are part of it. ``as_problem`` makes it.

    Its tables are its own, and not to be changed: what is worked out from them is kept. For another question call
    ``as_problem`` again, or ``dataclasses.replace`` with new tables.

    ``demand``: Series of the whole people that count, by community id. ``sites``: DataFrame by site id with
    ``state`` (``existing``; ``required``; ``candidate``; ``upgradeable``: stands already, but counts only when it is
    upgraded), ``town``, ``county``, ``name``, ``quality``, ``tiers`` (those it counts for, a blank between),
    ``cost_yuan``, ``running_yuan`` a year, ``capacity``; ``least_load`` (``question/least_load``) where any has one.
    ``times``: TravelTimes of all communities x all sites; demand and sites are in its order.
    ``standards``: by the name of a class of communities; ``classes``: each community's class.
    ``goals``: the first is bettered first. ``new_sites``: how many sites to build or upgrade at most, required ones
    counted; None: as many as needed.
    ``people``: all columns of people that came, by community; ``weights``: how those that count are added up.
    ``areas``: town and county of each community. ``load``: what each asks of a capacity.
    ``conflicts``: positions of two sites a row of which at most one may be open, by rule or for want of distance.
    ``apart``: which of them for want of distance, and how far apart they stand; None where no distance was asked for,
    and in a question out of a record. ``came``: the communities in the order in which they came, where that is another.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=10, new_sites=1)
    >>> problem
    <SitingProblem matrix: max-cover, 3 communities, 0 existing, 0 required, 2 candidate, 0 upgradeable>
    >>> problem.objective, problem.minutes, problem.demand.to_dict()
    ('max-cover', 10.0, {'0': 60, '1': 30, '2': 20})
    """

    id: str
    demand: pd.Series
    sites: pd.DataFrame
    times: TravelTimes
    goals: tuple[Goal, ...]
    standards: Mapping[str, Standard]
    classes: pd.Series
    people: pd.DataFrame
    weights: Mapping[str, int]
    areas: pd.DataFrame
    load: pd.Series
    new_sites: int | None = None
    quotas: tuple[Quota, ...] = ()
    coverage: Coverage = Coverage()
    budget: Budget = Budget()
    capacity: Capacity | None = None
    conflicts: IntArray = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))
    apart: Apart | None = None
    came: pd.Index | None = None

    def __repr__(self) -> str:
        states = self.sites["state"].value_counts()
        counts = ", ".join(f"{states.get(s, 0)} {s}" for s in STATES)
        chain = " > ".join(g.objective for g in self.goals)
        return f"<SitingProblem {self.id}: {chain}, {len(self.demand)} communities, {counts}>"

    @cached_property
    def objective(self) -> str:
        """The first goal's."""
        return self.goals[0].objective

    @cached_property
    def unit(self) -> str:
        """What its people are: the unit of a capacity that is shared out, else the column that counts.

        ``weighted`` where several columns are added up, or one is weighed.
        """
        if self.capacity is not None and self.capacity.split:
            return self.capacity.unit
        (column, weight), *more = self.weights.items()
        return column if weight == 1 and not more else "weighted"

    @cached_property
    def minutes(self) -> float:
        """The longest standard."""
        return max(s.minutes for s in self.standards.values())

    @cached_property
    def known_minutes(self) -> float:
        """How far times must be known: the longest standard, or the farthest that anybody may have."""
        return max(self.minutes, self.coverage.farthest or 0)

    @cached_property
    def everyone(self) -> bool:
        """Whether all must be covered whom some site could cover."""
        if self.coverage.everyone is not None:
            return self.coverage.everyone
        return not self.goals[0].of_coverage and not self.coverage.at_least

    @cached_property
    def plain(self) -> bool:
        """Whether whoever is near enough counts in full, by whatever standard."""
        return all(standard.plain for standard in self.standards.values())

    @cached_property
    def enough(self) -> int:
        """How many sites must be near for anybody to count: two, where one alone counts for nothing."""
        return 2 if self.coverage.backup == 0 else 1

    @cached_property
    def reachable(self) -> BoolArray:
        """The communities that some choice could cover: enough sites are near, built or not."""
        return np.asarray(np.diff(self.near.start) >= self.enough, dtype=np.bool_)

    @cached_property
    def must_be_covered(self) -> BoolArray:
        """Communities that every plan covers: where everyone must be, those with people whom a choice could cover."""
        return self.reachable & (self.people_of[""] > 0) & self.everyone

    @cached_property
    def existing(self) -> BoolArray:
        """Which sites stand and count already."""
        return self.sites["state"].eq("existing").to_numpy(dtype=np.bool_)

    @cached_property
    def required(self) -> BoolArray:
        """Which sites must be built."""
        return self.sites["state"].eq("required").to_numpy(dtype=np.bool_)

    @cached_property
    def free(self) -> BoolArray:
        """Which sites a plan may build, upgrade or leave."""
        return self.sites["state"].isin(("candidate", "upgradeable")).to_numpy(dtype=np.bool_)

    @cached_property
    def barred(self) -> BoolArray:
        """Sites that may be built but never are, since one that stands or must be built rules them out."""
        barred = np.zeros(len(self.sites), dtype=np.bool_)
        mixed = self.conflicts[self.free[self.conflicts].sum(axis=1) == 1]
        barred[mixed[self.free[mixed]]] = True
        return barred

    @cached_property
    def limit_cs(self) -> IntArray:
        """Each community's standard in centiseconds."""
        limit = {name: centiseconds(s.minutes) for name, s in self.standards.items()}
        code, names = pd.factorize(self.classes)
        return np.array([limit[name] for name in names], dtype=np.int64)[code]

    @cached_property
    def pairs(self) -> Near:
        """The pairs within each community's own standard."""
        start = self.times.indptr.astype(np.int64)
        whole, limit = Near(start, self.times.site_index, self.times.cs), self.limit_cs
        one = len(limit) > 0 and bool((limit == limit[0]).all())
        return whole.only(whole.cs <= (limit[0] if one else np.repeat(limit, np.diff(start))))

    @cached_property
    def near(self) -> Near:
        """The pairs that can cover: within the standard, the site of the tier that counts."""
        if not self.coverage.tier:
            return self.pairs
        return self.pairs.only(self.of_tier[self.coverage.tier][self.pairs.site])

    @cached_property
    def farther(self) -> Near:
        """The pairs beyond the standard that are no farther than anybody may have; none where that is not asked."""
        start = self.times.indptr.astype(np.int64)
        whole, farthest = Near(start, self.times.site_index, self.times.cs), centiseconds(self.coverage.farthest or 0)
        return whole.only((whole.cs > np.repeat(self.limit_cs, np.diff(start))) & (whole.cs <= farthest))

    @cached_property
    def far_enough(self) -> Near:
        """The pairs of a site that counts, no farther than anybody may have."""
        whole = Near(self.times.indptr.astype(np.int64), self.times.site_index, self.times.cs)
        near = whole.cs <= centiseconds(self.coverage.farthest or 0)
        return whole.only(near & self.of_tier[self.coverage.tier][whole.site])

    @cached_property
    def of_tier(self) -> dict[str, BoolArray]:
        """By each tier that the question names, which sites count for it; all for ""."""
        held = [set(tiers.split()) for tiers in self.sites["tiers"]]
        named = {"", self.coverage.tier, *(q.tier for q in self.quotas)}
        return {tier: np.array([not tier or tier in own for own in held], dtype=np.bool_) for tier in named}

    @cached_property
    def area_of(self) -> dict[Quota, pd.Series]:
        """By quota the area in which each site counts for it; "" where it does not."""
        return {quota: self._area_in(quota).where(self.of_tier[quota.tier], "") for quota in self.quotas}

    def _area_in(self, quota: Quota) -> pd.Series:
        """Of each site the area that a quota counts it in."""
        areas, group_of = self.sites[quota.level], quota.group_of
        return areas.map(lambda area: group_of.get(area, area)) if group_of else areas

    @cached_property
    def people_of(self) -> dict[str, IntArray]:
        """The people of each column by community; those that count for ""."""
        columns = {str(c): self.people[c].to_numpy(dtype=np.int64) for c in self.people}
        return {**columns, "": self.demand.to_numpy(dtype=np.int64)}

    @cached_property
    def room(self) -> IntArray:
        """What each site can serve; more than anybody asks for where it has no limit."""
        return np.asarray(self.sites["capacity"].fillna(2**53), dtype=np.int64)

    @cached_property
    def yuan(self) -> IntArray:
        """What building or upgrading each site costs over the years; nothing where it stands."""
        run = self.sites["running_yuan"].to_numpy(dtype=np.int64) * self.budget.years
        whole = self.sites["cost_yuan"].to_numpy(dtype=np.int64) + run
        yuan: IntArray = whole * ~self.existing
        return yuan
