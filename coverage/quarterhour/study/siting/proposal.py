"""A siting question of a study from its candidates to its plan, and what lies behind that."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.findings import finding, in_both, join_findings
from quarterhour.network.network import Network
from quarterhour.network.paces import at_pace
from quarterhour.siting.certify import certify_plan
from quarterhour.siting.outlook.answers import NearBest, Relaxation, RobustSites
from quarterhour.siting.outlook.frontier import covered_now, frontier
from quarterhour.siting.outlook.money.budget_frontier import budget_frontier
from quarterhour.siting.outlook.near_best import near_best
from quarterhour.siting.outlook.phasing import by_years, phase_plan, site_values
from quarterhour.siting.outlook.relaxations import smallest_relaxations
from quarterhour.siting.outlook.reserves import reserve_sites
from quarterhour.siting.outlook.robust import robust_sites
from quarterhour.siting.proof.checkpoint import write_plan
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.fingerprint import input_hash
from quarterhour.siting.question.levels import without_minima
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.question.search import DEFAULT_SECONDS, Limits, as_limits
from quarterhour.siting.solve import prepare_kernels, solve_siting
from quarterhour.study.file.siting import NearBestFile, RobustFile, SitingFile
from quarterhour.study.file.siting_money import BudgetFrontierFile
from quarterhour.study.forecast.carry import scenarios
from quarterhour.study.inputs import Inputs
from quarterhour.study.results import Proposal, Prospects
from quarterhour.study.session import Run
from quarterhour.study.siting.demand import asked_of_sites
from quarterhour.study.siting.earlier import earlier_plan, kept_before, kept_plan, set_aside
from quarterhour.study.siting.money import check_costs_known, site_money, without_added, yearly_money
from quarterhour.study.siting.moving import asked_moving, relocations
from quarterhour.study.siting.question import siting_problem
from quarterhour.study.siting.sites import counted_people, offered_sites, with_neighbours
from quarterhour.study.study import study_mode, study_rules_in_force
from quarterhour.travel.times import TravelTimes

_log = logging.getLogger(__name__)
Told = tuple[tuple[str, pd.DataFrame], ...]
"""Scenarios with people of their own, by name."""
_COUNTED, _RELAXING = 20_000, 20.0
"""Nodes of a search beside the plan where the study gives none, and seconds for finding out which rule could give."""
_NODES = 64
"""Of the search tree, at each number of sites."""


def propose(run: Run, tables: Inputs, file: SitingFile) -> Proposal:
    """The plan of a question, and what the study asks beside it."""
    name = file.zh if run.lang == "zh" else file.en
    run.say("study.step_siting", name=name)
    shaped: list[str] = []
    standards = file.standards
    nets = {s.name: run.network(tables.roads, study_mode(run.study, s.mode, file.id)) for s in standards}
    own = run.network(tables.roads, study_mode(run.study, file.mode, file.id))
    with run.timed(f"siting {file.id}"):
        rules, seed = study_rules_in_force(run.study), run.study.file.study.seed
        offered = offered_sites(file, tables, network=own, rules=rules, parcels=run.parcels, seed=seed)
        money = site_money(file, offered.sites)
        check_costs_known(file, offered.sites, money)
        moving = None if file.relocation is None else asked_moving(file, file.relocation, offered.sites)
        offered = replace(offered, sites=without_added(file, offered.sites))
        far = _times_at(run, tables, file, nets, offered.sites, _fastest(file))
        times = {s.name: far[s.name].within(max(s.minutes, file.farthest or 0)) for s in standards}
        sites = offered.sites
        asked = asked_of_sites(file, run.study.file, tables, sites, rules=rules)
        if asked is not None:
            run.doubts.append(asked.findings)
            sites = sites.assign(capacity=asked.rooms, room_quality=asked.quality)
        problem = siting_problem(file, tables, offered, times=times, asked=asked)
        wide = siting_problem(file, tables, offered, times=far, asked=asked).times if file.robust else problem.times
        run.say("study.step_preparing", name=name)
        prepare_kernels(problem)
        run.say("study.step_siting", name=name)
        plan = _kept_on_the_way(run, problem, file, lambda: shaped.append("plan"))
    by_clock, changes = (lambda: shaped.append("prospects")), list[Relaxation]()
    if plan.status == "infeasible":
        changes = smallest_relaxations(problem, **_relaxing(file).given, by_clock=by_clock)
    run.say("study.step_prospects", name=name)

    def paced(factor: float) -> TravelTimes:
        again = {name: at_pace(net, factor) for name, net in nets.items()}
        found = _times_at(run, tables, file, again, offered.sites, max(1.0, factor))
        return siting_problem(file, tables, offered, times=found, asked=asked).times

    with run.timed(f"prospects {file.id}"):
        told = _forecast_people(run, tables, file)
        behind = prospects(
            file, problem, plan, far=wide, paced=paced, seed=seed, told=told, cost_yuan=money["cost_yuan"],
            by_clock=by_clock,
        )  # fmt: skip
        if file.relocation is not None and moving is not None:
            names, limits = tables.communities["name"], _beside(file, file.relocation.closings)
            moved = relocations(file.relocation, problem, moving, names, limits=limits, seed=seed, by_clock=by_clock)
            behind = replace(behind, relocations=moved, moving=moving)
        plan = _with_ties(_by_years(problem, plan, behind), behind)
    plan = _with_evidence(run, problem, plan, file)
    run.doubts.append(_what_ended(file, plan, shaped))
    people = counted_people(file, tables.communities)
    offered = with_neighbours(offered, problem.times, communities=tables.communities, people=people)
    return Proposal(
        file.id, file.zh, file.en, file.kind, problem, plan, sites, offered.ledger, offered.relaxations,
        offered.unchecked, tuple(changes), behind, offered.reported, money,
        quota_classes=tuple(quota.applies_to for quota in file.quotas),
    )  # fmt: skip


def _forecast_people(run: Run, tables: Inputs, file: SitingFile) -> Told:
    """The people of each year and variant of the forecast, where the question asks which sites hold then."""
    if file.robust is None or not file.robust.forecast or run.forecast is None:
        return ()
    return tuple(scenarios(run.study.file, tables, run.forecast, file))


def _times_at(
    run: Run, tables: Inputs, file: SitingFile, nets: Mapping[str, Network], sites: gpd.GeoDataFrame, factor: float
) -> dict[str, TravelTimes]:
    """Times by standard, searched as far as so many times the pace asks."""
    return {
        s.name: run.travel_times(
            nets[s.name], tables.communities, sites,
            minutes=searched_as_far(file, max(s.minutes, file.farthest or 0), factor), heading=file.heading,
            turnout_minutes=file.turnout_minutes, progress=run.share,
        )
        for s in file.standards
    }  # fmt: skip


def _fastest(file: SitingFile) -> float:
    return max(1.0, file.robust.speed[1]) if file.robust else 1.0


def _what_ended(file: SitingFile, plan: SitingPlan, shaped: Sequence[str]) -> pd.DataFrame:
    """Whether a clock had a say in an answer, and another machine may answer otherwise; whether work was spent."""
    told, question = [], in_both(file.zh, file.en)
    if shaped:
        told.append(finding("study.by_clock", severity="warning", table="candidates", id=question))
    if plan.stopped == "work":
        told.append(finding("study.by_work", severity="note", table="candidates", id=question))
    return join_findings(told)


def _limits(file: SitingFile) -> Limits:
    """What the study gives the search for a plan."""
    return as_limits(file.seconds, file.nodes, file.rounds, otherwise=DEFAULT_SECONDS)


def _beside(file: SitingFile, searches: int) -> Limits:
    """The same for so many searches beside it, counted in any case."""
    mine = _limits(file)
    return (mine if mine.counted else replace(mine, nodes=_COUNTED)).times(searches)


def _relaxing(file: SitingFile) -> Limits:
    mine = _beside(file, 1)
    return replace(mine, seconds=min(_RELAXING, mine.seconds)) if mine.seconds < math.inf else mine


def _kept_on_the_way(run: Run, problem: SitingProblem, file: SitingFile, by_clock: Callable[[], object]) -> SitingPlan:
    """The plan, its predecessors kept on disk; a search that was interrupted ends the run."""
    keep = None if run.keep is None else kept_plan(run.keep, file.id)
    mine: list[Path] = []

    def found(_: SitingPlan) -> None:
        if keep is not None and not mine:
            mine.append(keep)
            run.kept(keep)
            _log.info(i18n.say("study.plan_kept", run.lang, path=keep))

    with kept_before(keep, mine, input_hash(problem)) as aside:
        plan = solve_siting(
            problem, **_limits(file).given, seed=run.study.file.study.seed, keep=keep, found=found, by_clock=by_clock
        )
        if plan.stopped == "interrupt":
            raise KeyboardInterrupt
    if keep is not None and aside is not None and mine:
        run.tell(i18n.say("study.plan_others", run.lang, file=keep, path=aside))
    if run.keep is not None and not mine:
        _set_aside(run, run.keep, file.id)
    verify_plan(problem, plan)
    return plan


def _by_years(problem: SitingProblem, plan: SitingPlan, behind: Prospects) -> SitingPlan:
    """The plan in the order of its years, where it has years."""
    return plan if behind.phasing is None else by_years(problem, plan, behind.phasing)


def _with_ties(plan: SitingPlan, behind: Prospects) -> SitingPlan:
    """The plan with what is known of others that are as good."""
    return plan if behind.near_best is None else replace(plan, ties=behind.near_best.ties)


def _with_evidence(run: Run, problem: SitingProblem, plan: SitingPlan, file: SitingFile) -> SitingPlan:
    """The plan with what its bounds rest on, recounted; the one on disk as well."""
    if not plan.levels:
        return plan
    run.say("study.step_evidence", name=file.zh if run.lang == "zh" else file.en)
    with run.timed(f"evidence {file.id}"):
        plan = certify_plan(problem, plan)
        verify_plan(problem, plan)
    if run.keep is not None and kept_plan(run.keep, file.id).is_file():
        write_plan(kept_plan(run.keep, file.id), plan, problem)
    return plan


def _set_aside(run: Run, folder: Path, question: str) -> None:
    """The question has no plan now: one of an earlier run must not stand there as if it were its answer."""
    stale = kept_plan(folder, question)
    if stale.is_file():
        aside = set_aside(stale, earlier_plan(folder, question))
        run.tell(i18n.say("study.plan_earlier", run.lang, path=aside))


def searched_as_far(file: SitingFile, minutes: float, factor: float) -> float:
    """Minutes that times must be searched for a standard at so many times the pace, 1 or more.

    Several standards are searched as many times as far each, in whole minutes, turnout or not.
    """
    if file.classes and factor > 1:
        return max(minutes, float(math.ceil(factor * minutes)))
    return max(minutes, factor * (minutes - file.turnout_minutes) + file.turnout_minutes)


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
        asked, seconds = replace(problem, quotas=without_minima(problem.quotas)), _beside(file, file.frontier).seconds
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
            problem, plan, per_step=per_year, **_beside(file, steps).given, seed=seed, best=curve,
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
    limits = _beside(file, len(asked.amounts)).given
    return budget_frontier(problem, asked.amounts, plan=plan, **limits, seed=seed, by_clock=by_clock)


def _near_best(
    file: SitingFile, problem: SitingProblem, plan: SitingPlan, seed: int, by_clock: Callable[[], object] | None
) -> NearBest:
    asked = file.near_best or NearBestFile()
    return near_best(
        problem, plan, within=asked.within, least_difference=asked.least_difference, most=asked.plans,
        **_beside(file, asked.plans).given, seed=seed, by_clock=by_clock,
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
        **_beside(file, len(told) + 1 if told else asked.scenarios).given,
        seed=seed,
        by_clock=by_clock,
    )
