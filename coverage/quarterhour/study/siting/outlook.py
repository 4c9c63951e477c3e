"""What lies behind a plan: what each further site brings, in which order to build, what sites are worth, which stay."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import pandas as pd

from quarterhour.siting.outlook.frontier import covered_now, frontier
from quarterhour.siting.outlook.phasing import Phasing, phase_plan, site_values
from quarterhour.siting.outlook.robust import RobustSites, robust_sites
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.study.file.siting import RobustFile, SitingFile
from quarterhour.travel.times import TravelTimes

_NODES = 64
"""Of the search tree, at each number of sites."""


@dataclass(frozen=True, eq=False)
class Prospects:
    """What the study asks for beside the plan; None where it does not, or where there is no plan.

    ``frontier``: ``siting.frontier`` without the minima of quotas: the most that 1, 2, 3 ... new sites cover or place;
    ``now``: what stands today covers or places.
    ``phasing``: the order of building, and ``first_year`` of its steps. ``values``: of each open site, if it alone
    closes. ``robust``: how often each site stays chosen.
    """

    frontier: pd.DataFrame | None = None
    now: int = 0
    phasing: Phasing | None = None
    first_year: int = 0
    values: pd.DataFrame | None = None
    robust: RobustSites | None = None


def searched_as_far(file: SitingFile, minutes: float) -> float:
    """Minutes that times must be searched for a standard: past it where the speed may be higher.

    Several standards are searched as many times as far each, in whole minutes, turnout or not.
    """
    if file.robust is None:
        return minutes
    if file.classes:
        return max(minutes, float(math.ceil(file.robust.speed[1] * minutes)))
    return max(minutes, file.robust.speed[1] * (minutes - file.turnout_minutes) + file.turnout_minutes)


def prospects(file: SitingFile, problem: SitingProblem, plan: SitingPlan, *, far: TravelTimes, seed: int) -> Prospects:
    """All that a question asks beside its plan. ``far``: times searched ``searched_as_far``.

    Each search has the question's own seconds, far more than it takes, so that time does not shape the answer; the
    frontier ends by its share of nodes.
    """
    curve, now = None, 0
    if file.frontier:
        asked, seconds = _without_minima(problem), file.seconds * file.frontier
        curve = frontier(asked, file.frontier, seconds=seconds, seed=seed, gap=0.0, nodes=_NODES)
        now = covered_now(problem)
    if plan.status not in ("optimal", "bounded"):
        return Prospects(curve, now)
    phasing, first_year = None, 0
    if file.phases and plan.chosen:
        per_year, first_year = file.phases.per_year, file.phases.first_year
        steps = -(-len(plan.chosen) // per_year)
        phasing = phase_plan(problem, plan, per_step=per_year, seconds=file.seconds * steps, seed=seed, best=curve)
    values = site_values(problem, plan) if file.values else None
    robust = _robust(file.robust, problem, plan, far, file.seconds, seed) if file.robust else None
    return Prospects(curve, now, phasing, first_year, values, robust)


def _without_minima(problem: SitingProblem) -> SitingProblem:
    return replace(problem, quotas=tuple(replace(q, minimum=0) for q in problem.quotas if q.maximum is not None))


def _robust(
    asked: RobustFile, problem: SitingProblem, plan: SitingPlan, far: TravelTimes, seconds: float, seed: int
) -> RobustSites:
    """By the first goal, which decides who is covered."""
    return robust_sites(
        replace(problem, times=far, goals=problem.goals[:1]),
        scenarios=asked.scenarios,
        speed=asked.speed,
        people=asked.people,
        plan=plan,
        seconds=seconds * asked.scenarios,
        seed=seed,
    )
