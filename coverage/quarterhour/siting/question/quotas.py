"""Quotas of areas by counting: the row of each area, minima that cannot be met, the fewest sites that keep all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quarterhour.base.arrays import IntArray
from quarterhour.siting.question.plan import UNMET_COLUMNS
from quarterhour.siting.question.problem import AREA_LEVELS, SitingProblem
from quarterhour.siting.question.rules import Quota
from quarterhour.siting.question.site_limits import LimitRow

_UNMET_TYPES = dict(zip(UNMET_COLUMNS, ("str", "str", "int64", "int64", "int64", "str"), strict=True))


@dataclass(frozen=True, eq=False)
class AreaRule:
    """An area of a quota: its free sites, how many of them to build at least and at most, and how many stand there.

    Minima are lowered to what is possible (``shortfalls`` names those). Without a maximum, ``high`` is the number of
    free sites. ``high`` is negative where fixed sites are over the maximum.
    """

    quota: Quota
    area: str
    sites: IntArray
    low: int
    high: int
    standing: int

    @property
    def name(self) -> str:
        """The area, and the tier of which its sites are asked."""
        return f"{self.area} ({self.quota.tier})" if self.quota.tier else self.area

    @property
    def row(self) -> LimitRow:
        """It as a row over the sites."""
        return self.sites, np.ones(len(self.sites), dtype=np.int64), self.low, self.high


def area_rules(problem: SitingProblem) -> list[AreaRule]:
    """The areas of quotas whose minimum or maximum can bind."""
    return [rule for rule in quota_areas(problem) if rule.low > 0 or rule.high < len(rule.sites)]


def quota_areas(problem: SitingProblem) -> list[AreaRule]:
    """Every area of every quota, in their order."""
    found, free = [], problem.free
    for quota in problem.quotas:
        area_of = problem.area_of[quota].to_numpy()
        standing = Counter(area_of[~free])
        inside = pd.Series(np.flatnonzero(free)).groupby(area_of[free]).indices
        for area in quota.areas:
            sites, built = np.flatnonzero(free)[inside.get(area, [])], standing[area]
            low = max(0, min(quota.minimum - built, len(sites)))
            high = len(sites) if quota.maximum is None else min(quota.maximum - built, len(sites))
            found.append(AreaRule(quota, area, sites, low, high, built))
    return found


def shortfalls(problem: SitingProblem) -> pd.DataFrame:
    """Areas whose quota no plan can meet, since too few sites are or may be there.

    One row a quota and area: ``level, area, minimum, open`` (existing and required sites),
    ``candidates``, ``reason`` (``no_candidate`` or ``too_few_candidates``). The solver lowers these
    minima to what is possible, and the plan carries the rows as ``unmet``.
    """
    rows = []
    for rule in quota_areas(problem):
        minimum, free = rule.quota.minimum, len(rule.sites)
        if rule.standing + free < minimum:
            reason = "too_few_candidates" if free else "no_candidate"
            rows.append((rule.quota.level, rule.area, minimum, rule.standing, free, reason))
    return pd.DataFrame(rows, columns=list(UNMET_COLUMNS)).astype(_UNMET_TYPES)


def _partition(quota: Quota) -> str:
    """What parts the sites among the areas of a quota: its level, with the groups where there are some.

    Areas of one such parting share no site, so that their minima add up; those of two may.
    """
    return f"{quota.level} {quota.groups}" if quota.groups else quota.level


def min_sites_for_quotas(problem: SitingProblem) -> int:
    """How many candidates the quotas need at the least (exact where each town lies in one county)."""
    levels = dict.fromkeys([*AREA_LEVELS, *map(_partition, problem.quotas)])
    need: dict[str, dict[str, int]] = {level: {} for level in levels}
    for rule in quota_areas(problem):
        areas = need[_partition(rule.quota)]
        areas[rule.area] = max(rule.low, areas.get(rule.area, 0))
    by_level = max(sum(n.values()) for n in need.values())
    pairs = problem.sites.loc[problem.free, ["town", "county"]].drop_duplicates()
    if pairs["town"].duplicated().any():
        return by_level
    county_of = dict(zip(pairs["town"], pairs["county"], strict=True))
    from_towns: Counter[str] = Counter()
    for town, low in need["town"].items():
        from_towns[county_of.get(town, "")] += low
    counties = {*from_towns, *need["county"]}
    return max(by_level, sum(max(from_towns[c], need["county"].get(c, 0)) for c in counties))
