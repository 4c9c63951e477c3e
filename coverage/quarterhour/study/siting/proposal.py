"""A siting question of a study from its candidates to its plan, and what lies behind that."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import geopandas as gpd
import pandas as pd

from quarterhour.base.findings import finding, in_both, join_findings
from quarterhour.network.network import Mode, Network
from quarterhour.network.paces import at_pace
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.study.file.siting import SitingFile
from quarterhour.study.forecast.carry import scenarios
from quarterhour.study.inputs import Inputs
from quarterhour.study.results import Proposal
from quarterhour.study.session import Run
from quarterhour.study.siting.answer.behind import AskedWith, Told
from quarterhour.study.siting.answer.kept import ground_key
from quarterhour.study.siting.answer.search import find_answer
from quarterhour.study.siting.demand import asked_of_sites
from quarterhour.study.siting.money import check_costs_known, site_money, without_added
from quarterhour.study.siting.moving import asked_moving
from quarterhour.study.siting.question import siting_problem
from quarterhour.study.siting.regions import regions_of_sites
from quarterhour.study.siting.sites import counted_people, offered_sites, with_neighbours
from quarterhour.study.study import study_mode, study_rules_in_force
from quarterhour.travel.times import TravelTimes


def network_modes(run: Run, files: Sequence[SitingFile]) -> list[Mode]:
    """The modes whose networks questions ask for."""
    asked = [(mode, file.id) for file in files for mode in (*(s.mode for s in file.standards), file.mode)]
    return [study_mode(run.study, mode, part) for mode, part in asked]


def propose(run: Run, tables: Inputs, file: SitingFile) -> Proposal:
    """The plan of a question, and what the study asks beside it."""
    run.say("study.step_siting", name=file.name(run.lang))
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

    def paced(factor: float) -> TravelTimes:
        again = {name: at_pace(net, factor) for name, net in nets.items()}
        found = _times_at(run, tables, file, again, offered.sites, max(1.0, factor))
        return siting_problem(file, tables, offered, times=found, asked=asked).times

    told, names = _forecast_people(run, tables, file), tables.communities["name"]
    regions = regions_of_sites(file, tables, problem.sites)
    asked_with = AskedWith(wide, paced, told, money["cost_yuan"], moving, names, regions)
    ground = partial(ground_key, run, tables.roads, [n.mode for n in nets.values()], (tables.communities, sites))
    answer = find_answer(run, file, problem, asked_with, ground, shaped)
    plan = answer.plan
    run.doubts.append(_what_ended(file, plan, shaped))
    people = counted_people(file, tables.communities)
    offered = with_neighbours(offered, problem.times, communities=tables.communities, people=people)
    return Proposal(
        file.id, file.zh, file.en, file.kind, problem, plan, sites, offered.ledger, offered.relaxations,
        offered.unchecked, answer.changes, answer.behind, offered.reported, money,
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
        rule = "study.by_regions" if file.by_region else "study.by_work"
        told.append(finding(rule, severity="note", table="candidates", id=question))
    return join_findings(told)


def searched_as_far(file: SitingFile, minutes: float, factor: float) -> float:
    """Minutes that times must be searched for a standard at so many times the pace, 1 or more.

    Several standards are searched as many times as far each, in whole minutes, turnout or not.
    """
    if file.classes and factor > 1:
        return max(minutes, float(math.ceil(factor * minutes)))
    return max(minutes, factor * (minutes - file.turnout_minutes) + file.turnout_minutes)
