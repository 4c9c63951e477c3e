"""What a question asks beside its plan: other numbers of sites and sums of money, years, other plans, other paces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd

from quarterhour.siting.outlook.answers import NearBest, RobustSites
from quarterhour.siting.outlook.frontier import covered_now, frontier
from quarterhour.siting.outlook.money.budget_frontier import budget_frontier
from quarterhour.siting.outlook.near_best import near_best
from quarterhour.siting.outlook.phasing import phase_plan, site_values
from quarterhour.siting.outlook.reserves import reserve_sites
from quarterhour.siting.outlook.robust import robust_sites
from quarterhour.siting.question.levels import without_minima
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.study.file.siting import NearBestFile, RobustFile, SitingFile
from quarterhour.study.file.siting_money import BudgetFrontierFile
from quarterhour.study.results import Moving, Prospects
from quarterhour.study.siting.answer.limits import limits_beside
from quarterhour.study.siting.money import yearly_money
from quarterhour.travel.times import TravelTimes

Told = tuple[tuple[str, pd.DataFrame], ...]
"""Scenarios with people of their own, by name."""
_NODES = 64
"""Of the search tree, at each number of sites."""


@dataclass(frozen=True, eq=False)
class AskedWith:
    """What lies behind a plan is asked with, beside the question: times ``far`` enough and at another pace, the people
    ``told`` by the forecast, what sites cost, what may move, the names of communities. ``regions``: of each site, where
    the question is answered region by region."""

    far: TravelTimes
    paced: Callable[[float], TravelTimes]
    told: Told
    cost_yuan: pd.Series
    moving: Moving | None
    names: pd.Series
    regions: pd.Series | None = None


def prospects(
    file: SitingFile, problem: SitingProblem, plan: SitingPlan, *, far: TravelTimes,
    paced: Callable[[float], TravelTimes], seed: int, told: Told = (), cost_yuan: pd.Series | None = None,
    by_clock: Callable[[], object] | None = None,
) -> Prospects:  # fmt: skip
    """All that a question asks beside its plan. ``far``: times searched ``searched_as_far``; ``paced``: at a factor.

    ``told``: people of the forecast, where sites are to hold in its years and variants. ``cost_yuan``: of each site,
    for years that go by money.

    Each search ends by work: the question's own, or so many nodes; the frontier by its share of nodes. The question's
    seconds stand behind that, and ``by_clock`` hears where they ended one.
    """
    curve, now = None, 0
    if file.frontier:
        asked = replace(problem, quotas=without_minima(problem.quotas))
        seconds = limits_beside(file, file.frontier).seconds
        curve = frontier(asked, file.frontier, seconds=seconds, seed=seed, gap=0.0, nodes=_NODES, by_clock=by_clock)
        now = covered_now(problem)
    budgets = _budgets(file, problem, plan, seed, by_clock) if file.budget_frontier else None
    if plan.status not in ("optimal", "bounded"):
        return Prospects(curve, now, budgets=budgets)
    phasing, first_year = None, 0
    if file.phases and plan.chosen:
        per_year, first_year = file.phases.per_year or 1, file.phases.first_year
        steps = -(-len(plan.chosen) // per_year)
        phasing = phase_plan(
            problem, plan, per_step=per_year, **limits_beside(file, steps).given, seed=seed, best=curve,
            money=yearly_money(file.phases), cost_yuan=cost_yuan, by_clock=by_clock,
        )  # fmt: skip
    values = site_values(problem, plan) if file.values else None
    robust = _robust(file, problem, plan, far, paced, seed, told, by_clock) if file.robust else None
    near = _near_best(file, problem, plan, seed, by_clock) if file.near_best else None
    reserves = reserve_sites(problem, plan, most=file.reserves) if file.reserves else None
    return Prospects(curve, now, phasing, first_year, values, robust, near, reserves, budgets)


def _budgets(
    file: SitingFile, problem: SitingProblem, plan: SitingPlan, seed: int, by_clock: Callable[[], object] | None
) -> pd.DataFrame:
    asked = file.budget_frontier or BudgetFrontierFile()
    limits = limits_beside(file, len(asked.amounts)).given
    return budget_frontier(problem, asked.amounts, plan=plan, **limits, seed=seed, by_clock=by_clock)


def _near_best(
    file: SitingFile, problem: SitingProblem, plan: SitingPlan, seed: int, by_clock: Callable[[], object] | None
) -> NearBest:
    asked = file.near_best or NearBestFile()
    return near_best(
        problem, plan, within=asked.within, least_difference=asked.least_difference, most=asked.plans,
        **limits_beside(file, asked.plans).given, seed=seed, by_clock=by_clock,
    )  # fmt: skip


def _robust(
    file: SitingFile, problem: SitingProblem, plan: SitingPlan, far: TravelTimes,
    paced: Callable[[float], TravelTimes], seed: int, told: Told, by_clock: Callable[[], object] | None,
) -> RobustSites:  # fmt: skip
    """By the first goal, which decides who is covered."""
    asked = file.robust or RobustFile()
    return robust_sites(
        replace(problem, times=far, goals=problem.goals[:1]),
        scenarios=asked.scenarios,
        speed=asked.speed,
        people=asked.people,
        plan=plan,
        paced=paced,
        told=told,
        **limits_beside(file, len(told) + 1 if told else asked.scenarios).given,
        seed=seed,
        by_clock=by_clock,
    )
