"""Who is covered before a plan and after it, community by community and area by area."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quarterhour.siting.question.evaluate import Choice, Measure, Outcome
from quarterhour.siting.question.problem import AREA_LEVELS, WHOLE
from quarterhour.standards.levels import AREA_COLUMNS, FURTHER_LEVELS

if TYPE_CHECKING:
    from quarterhour.base.arrays import BoolArray
    from quarterhour.siting.question.plan import SitingPlan
    from quarterhour.siting.question.problem import SitingProblem


def coverage_by_community(problem: SitingProblem, plan: SitingPlan) -> pd.DataFrame:
    """One row a community of the question: its people, and ``today`` and ``after``: ``met``, ``planned``, ``not_met``.

    ``people`` count; ``before`` and ``after_people`` of them are covered, in the plan's own unit. Where sites have a
    capacity, ``before`` is missing (who would find a place today is nobody's result by community), ``today`` says
    whether a standing site is within the standard, and ``after`` who places the community.
    """
    measure = Measure(problem)
    now = Outcome(measure, Choice(problem.existing))
    found = pd.DataFrame({"people": problem.demand.to_numpy()}, index=problem.demand.index)
    found["before"] = np.nan if plan.placed else now.points(measure.problem.people_of[""]) // WHOLE
    found["after_people"] = _after(measure, plan)
    reached, covered = now.scan.share > 0, plan.assignment.reindex(found.index).notna().to_numpy()
    by_plan = plan.assignment.reindex(found.index).isin(plan.chosen).to_numpy()
    found["today"] = np.where(reached, "met", "not_met")
    stands = covered & (~by_plan if plan.placed else reached)
    found["after"] = np.select([stands, covered], ["met", "planned"], "not_met")
    return found


def _after(measure: Measure, plan: SitingPlan) -> pd.Series:
    problem = measure.problem
    if plan.served is not None:
        served = plan.served.groupby("community")["people"].sum()
        return served.reindex(problem.demand.index).fillna(0).astype(np.int64)
    opened: BoolArray = problem.existing | problem.sites.index.isin(plan.chosen)
    points = Outcome(measure, Choice(opened)).points(problem.people_of[""])
    return pd.Series(points // WHOLE, index=problem.demand.index)


def coverage_by_area(
    problem: SitingProblem, found: pd.DataFrame, communities: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The people of ``coverage_by_community`` by area: ``level, area, people, before, after``.

    By town and county; by reporting unit and class too where ``communities`` has them (``standards/levels``).
    """
    amounts = found[["people", "before", "after_people"]].rename(columns={"after_people": "after"})
    areas = {level: problem.areas[level] for level in AREA_LEVELS if level in problem.areas}
    if communities is not None:
        areas |= {v: communities[AREA_COLUMNS[v]] for v in FURTHER_LEVELS if AREA_COLUMNS[v] in communities}
    sums = [amounts.groupby(area.reindex(found.index)).sum(min_count=1) for area in areas.values()]
    tables = [table.rename_axis("area").reset_index().assign(level=k) for k, table in zip(areas, sums, strict=True)]
    return pd.concat(tables, ignore_index=True)[["level", "area", "people", "before", "after"]]
