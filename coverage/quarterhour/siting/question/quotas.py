"""What counting alone tells of a question: quotas that cannot be met, contradictions, how many sites at least."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quarterhour.base.arrays import IntArray
from quarterhour.siting.question.plan import UNMET_COLUMNS
from quarterhour.siting.question.problem import AREA_LEVELS, Quota, SitingProblem

_UNMET_TYPES = dict(zip(UNMET_COLUMNS, ("str", "str", "int64", "int64", "int64", "str"), strict=True))


@dataclass(frozen=True, eq=False)
class AreaRule:
    """An area of a quota: its free sites, how many of them to build at least and at most, and how many stand there."""

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


def shortfalls(problem: SitingProblem) -> pd.DataFrame:
    """Areas whose quota no plan can meet, since too few sites are or may be there.

    One row a quota and area: ``level, area, minimum, open`` (existing and required sites),
    ``candidates``, ``reason`` (``no_candidate`` or ``too_few_candidates``). The solver lowers these
    minima to what is possible, and the plan carries the rows as ``unmet``.
    """
    rows = []
    for quota in problem.quotas:
        fixed, free = _counts(problem, quota)
        for area in quota.areas:
            if fixed[area] + free[area] < quota.minimum:
                reason = "too_few_candidates" if free[area] else "no_candidate"
                rows.append((quota.level, area, quota.minimum, fixed[area], free[area], reason))
    return pd.DataFrame(rows, columns=list(UNMET_COLUMNS)).astype(_UNMET_TYPES)


def quota_rows(problem: SitingProblem) -> list[tuple[str, str, int, int]]:
    """Each area's quota as ``(level, area, low, high)`` in candidates to build beside what is fixed.

    Minima are lowered to what is possible (``shortfalls`` names those). Without a maximum, ``high`` is
    the number of candidates there. ``high`` is negative where fixed sites are over the maximum.
    """
    rows = []
    for quota in problem.quotas:
        fixed, free = _counts(problem, quota)
        for area in quota.areas:
            low = max(0, min(quota.minimum - fixed[area], free[area]))
            high = free[area] if quota.maximum is None else min(quota.maximum - fixed[area], free[area])
            rows.append((quota.level, area, low, high))
    return rows


def area_rules(problem: SitingProblem) -> list[AreaRule]:
    """The rows of ``quota_rows`` that can bind, each with its sites."""
    found, rows, free = [], iter(quota_rows(problem)), np.flatnonzero(problem.free)
    for quota in problem.quotas:
        area_of = problem.area_of(quota).to_numpy()
        inside = pd.Series(free).groupby(area_of[free]).groups
        standing = Counter(area_of[~problem.free])
        for _ in quota.areas:
            _, area, low, high = next(rows)
            sites = free[np.asarray(inside.get(area, []), dtype=np.int64)]
            if low > 0 or high < len(sites):
                found.append(AreaRule(quota, area, sites, low, high, standing[area]))
    return found


def _counts(problem: SitingProblem, quota: Quota) -> tuple[Counter[str], Counter[str]]:
    areas, free = problem.area_of(quota), problem.free
    return Counter(areas[~free]), Counter(areas[free])


def least_for_quotas(problem: SitingProblem) -> int:
    """How many candidates the quotas need at the least (exact where each town lies in one county)."""
    levels = dict.fromkeys([*AREA_LEVELS, *(q.level for q in problem.quotas)])
    need: dict[str, dict[str, int]] = {level: {} for level in levels}
    for level, area, low, _ in quota_rows(problem):
        need[level][area] = max(low, need[level].get(area, 0))
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
