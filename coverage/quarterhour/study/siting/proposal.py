"""A siting question of a study from its candidates to its plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.errors import WriteError
from quarterhour.siting.outlook.relaxations import Relaxation, smallest_relaxations
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.solve import solve_siting
from quarterhour.study.file.siting import SitingFile
from quarterhour.study.inputs import Inputs
from quarterhour.study.session import Run
from quarterhour.study.siting.demand import asked_of_sites
from quarterhour.study.siting.outlook import Prospects, prospects, searched_as_far
from quarterhour.study.siting.question import siting_problem
from quarterhour.study.siting.sites import counted_people, offered_sites, with_neighbours
from quarterhour.study.study import study_mode, study_rules_in_force


@dataclass(frozen=True, eq=False)
class Proposal:
    """A siting question's plan, its sites on the ground, and the ledger of candidates removed.

    ``relaxations`` and ``unchecked`` as ``sites.Offered`` has them. ``changes``: where there is no plan, what would
    make one. ``prospects``: what lies behind it.
    """

    id: str
    zh: str
    en: str
    kind: str
    problem: SitingProblem
    plan: SitingPlan
    sites: gpd.GeoDataFrame
    ledger: pd.DataFrame
    relaxations: pd.DataFrame = field(default_factory=pd.DataFrame)
    unchecked: tuple[str, ...] = ()
    changes: tuple[Relaxation, ...] = ()
    prospects: Prospects = Prospects()

    def name(self, lang: str) -> str:
        """The question's name in a language."""
        return self.zh if lang == "zh" else self.en

    @property
    def unit(self) -> str:
        """What the plan counts: a column of people, or what a capacity is in."""
        return self.problem.unit


def propose(run: Run, tables: Inputs, file: SitingFile) -> Proposal:
    """The plan of a question, and what the study asks beside it."""
    run.say("study.step_siting", name=file.zh if run.lang == "zh" else file.en)
    standards = file.standards
    nets = {s.name: run.network(tables.roads, study_mode(run.study, s.mode, file.id)) for s in standards}
    own = run.network(tables.roads, study_mode(run.study, file.mode, file.id))
    with run.timed(f"siting {file.id}"):
        rules, seed = study_rules_in_force(run.study), run.study.file.study.seed
        offered = offered_sites(file, tables, network=own, rules=rules, parcels=run.parcels, seed=seed)
        far = {
            s.name: run.travel_times(
                nets[s.name], tables.communities, offered.sites, minutes=searched_as_far(file, s.minutes),
                heading=file.heading, turnout_minutes=file.turnout_minutes,
            )
            for s in standards
        }  # fmt: skip
        times = {s.name: far[s.name].within(s.minutes) for s in standards}
        sites = offered.sites
        asked = asked_of_sites(file, run.study.file, tables, sites, rules=rules)
        if asked is not None:
            run.doubts.append(asked.findings)
            sites = sites.assign(capacity=asked.rooms, room_quality=asked.quality)
        problem = siting_problem(file, tables, offered, times=times, asked=asked)
        wide = siting_problem(file, tables, offered, times=far, asked=asked).times if file.robust else problem.times
        plan = _kept_on_the_way(run, problem, file)
    impossible = plan.status == "infeasible"
    changes = smallest_relaxations(problem, seconds=min(20, file.seconds)) if impossible else []
    run.say("study.step_prospects", name=file.zh if run.lang == "zh" else file.en)
    with run.timed(f"prospects {file.id}"):
        behind = prospects(file, problem, plan, far=wide, seed=seed)
    people = counted_people(file, tables.communities)
    offered = with_neighbours(offered, problem.times, communities=tables.communities, people=people)
    return Proposal(
        file.id, file.zh, file.en, file.kind, problem, plan, sites, offered.ledger, offered.relaxations,
        offered.unchecked, tuple(changes), behind,
    )  # fmt: skip


def _kept_on_the_way(run: Run, problem: SitingProblem, file: SitingFile) -> SitingPlan:
    """The plan, its predecessors kept on disk; a search that was interrupted ends the run."""
    keep = None if run.keep is None else kept_plan(run.keep, file.id)
    mine: list[Path] = []

    def found(_: SitingPlan) -> None:
        if keep is not None and not mine:
            mine.append(keep)
            run.kept(keep)
            run.tell(i18n.say("study.plan_kept", run.lang, path=keep))

    plan = solve_siting(problem, seconds=file.seconds, seed=run.study.file.study.seed, keep=keep, found=found)
    if plan.stopped == "interrupt":
        raise KeyboardInterrupt
    if run.keep is not None and not mine:
        _set_aside(run, run.keep, file.id)
    verify_plan(problem, plan)
    return plan


def kept_plan(folder: Path, question: str) -> Path:
    """Where the best plan so far of a question stands."""
    return folder / f"{question}.json"


def earlier_plan(folder: Path, question: str) -> Path:
    """Where the plan of an earlier run lies once a later one ended without a plan; no question has this name."""
    return folder / f"{question}.earlier.json"


def _set_aside(run: Run, folder: Path, question: str) -> None:
    """The question has no plan now: one of an earlier run must not stand there as if it were its answer."""
    stale, aside = kept_plan(folder, question), earlier_plan(folder, question)
    if not stale.is_file():
        return
    try:
        stale.replace(aside)
    except OSError as error:
        raise WriteError("files.cannot_write", file=str(aside), detail=str(error)) from error
    run.tell(i18n.say("study.plan_earlier", run.lang, path=aside))
