"""Which questions can be divided by region, and the region of each site."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.errors import DataError, first_ids
from quarterhour.siting.question.figures import short_repr
from quarterhour.siting.question.ids import by_id, id_texts
from quarterhour.siting.question.least_load import asks_least_load
from quarterhour.siting.question.problem import AREA_LEVELS, SitingProblem
from quarterhour.siting.question.quotas import area_rules

DIVISIBLE = ("max-cover", "min-sites")
"""Goals whose value the regions' values add up to, or more: nobody is covered by two regions who is by none."""


def region_of_sites(problem: SitingProblem, regions: str | pd.Series) -> pd.Series:
    """The region of each site as text, in the order of the sites.

    ``regions``: ``town`` or ``county``, or a Series by site id. DataError where a site that may be built has none.
    """
    if isinstance(regions, str):
        if regions not in AREA_LEVELS:
            raise DataError("regions.bad_level", level=short_repr(regions), known=", ".join(AREA_LEVELS))
        found = problem.sites[regions]
    elif isinstance(regions, pd.Series):
        found = id_texts(by_id(regions, problem.sites.index, "regions"))
    else:
        raise DataError("regions.bad_level", level=short_repr(regions), known=", ".join(AREA_LEVELS))
    found = pd.Series(found.astype("str").to_numpy(), index=problem.sites.index, name="region")
    nowhere = problem.free & found.eq("").to_numpy()
    if nowhere.any():
        raise DataError("regions.site_without", ids=first_ids(problem.sites.index[nowhere]))
    return found


def check_divisible(problem: SitingProblem, regions: pd.Series) -> None:
    """DataError for the first thing in a question that cannot be divided, with what to do about it."""
    if len(problem.goals) > 1:
        raise DataError("regions.goals", goals=" > ".join(goal.objective for goal in problem.goals))
    if problem.objective not in DIVISIBLE:
        raise DataError("regions.objective", objective=problem.objective, known=", ".join(DIVISIBLE))
    rule = next(_rules_for_all(problem), "")
    if rule:
        raise DataError("regions.rule_for_all", rule=i18n.both("regions", f"rule_{rule}"))
    _check_quotas(problem, regions)


def _rules_for_all(problem: SitingProblem) -> Iterator[str]:
    """The rules that say something of all regions at once, or of which no bound adds up."""
    coverage, everyone = problem.coverage, problem.objective == "min-sites"
    asked = {
        "capacity": problem.capacity is not None,
        "budget": problem.budget.yuan is not None and everyone,
        "new_sites": problem.budget.yuan is not None and problem.new_sites is not None,
        "backup": coverage.backup is not None,
        "steps": not problem.plain,
        "at_least": coverage.at_least > 0,
        "farthest": coverage.farthest is not None,
        "everyone": problem.everyone != everyone,
        "conflicts": len(problem.conflicts) > 0,
        "least_load": asks_least_load(problem),
        "people": any(goal.people for goal in problem.goals),
    }
    yield from (rule for rule, is_asked in asked.items() if is_asked)


def _check_quotas(problem: SitingProblem, regions: pd.Series) -> None:
    """Each area of a quota that can bind lies in one region."""
    region = regions.to_numpy()
    for rule in area_rules(problem):
        inside = np.unique(region[rule.sites])
        if len(inside) > 1:
            level = i18n.both("explanation", rule.quota.level)
            raise DataError("regions.quota_across", level=level, area=rule.area, regions=first_ids(inside))
