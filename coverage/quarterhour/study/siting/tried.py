"""A choice tried on the page, back at the engine: recounted, held against its question, set beside what is proven."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE
from quarterhour.base.errors import DataError, PlanError, first_ids
from quarterhour.network.paces import at_pace
from quarterhour.siting.outlook.change import PlanChange, compare_plans
from quarterhour.siting.proof.assemble import Proof, as_plan, certificate
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.bounds import counting_bound
from quarterhour.siting.question.evaluate import Choice, Measure
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import Coverage, Goal, SitingProblem
from quarterhour.siting.solve import solve_or_stop
from quarterhour.study.file.circles import CircleFile
from quarterhour.study.file.siting import GoalFile, SitingFile
from quarterhour.study.file.tried import Tried
from quarterhour.study.inputs import Inputs
from quarterhour.study.session import Run
from quarterhour.study.siting.question import siting_problem
from quarterhour.study.siting.sites import counted_people, offered_sites
from quarterhour.study.study import Study, study_mode, study_rules_in_force
from quarterhour.study.what_if import limit_cs, not_plain, what_is_counted
from quarterhour.travel.times import TravelTimes

_TOO_FAR = "proof.too_far"


@dataclass(frozen=True, eq=False)
class TriedAgain:
    """What the engine makes of a choice that was tried on the page.

    ``before``, ``after``, ``total``: people, whole. ``broken``: the first condition of the siting question that it
    breaks; None where it keeps them all or a circle alone asks. ``best``: the plan with most people and as many new
    sites, the same sites closed; ``conditions``: whether it keeps the conditions of the question, which no plan of so
    many sites may be able to. ``own_standard``: whether minutes, turnout, mode and pace are the question's own.
    ``change``: who gains and loses against the sites that stand, as ``compare_plans`` has it.
    """

    tried: Tried
    zh: str
    en: str
    unit: str
    before: int
    after: int
    total: int
    broken: PlanError | None
    best: SitingPlan
    conditions: bool
    own_standard: bool
    without_room: bool
    change: PlanChange

    @property
    def agrees(self) -> bool:
        """Whether the engine counts what the browser did."""
        said = self.tried
        return (self.before, self.after, self.total) == (said.before, said.after, said.total)

    @property
    def most(self) -> int:
        """So many people at most are covered with as many new sites."""
        return math.floor(self.best.bound)


# --- the question as it was tried -----------------------------------------------------------------


def tried_again(run: Run, tables: Inputs, tried: Tried) -> TriedAgain:
    """A choice recounted on fresh times, held against its question, and the best with as many new sites.

    Raises
    ------
    DataError : the file is about another study, a question that it does not have or that is not counted plainly, or
        names sites that cannot be opened or closed.
    """
    file = tried_question(run.study, tried)
    run.say("tried.step_count")
    net = at_pace(run.network(tables.roads, study_mode(run.study, tried.mode, file.id)), tried.pace / 100)
    rules, seed = study_rules_in_force(run.study), run.study.file.study.seed
    offered = offered_sites(file, tables, network=net, rules=rules, parcels=run.parcels, seed=seed)
    _check_sites(offered.sites["state"], tried)
    limit = limit_cs(tried.minutes, tried.turnout_minutes, tried.pace)
    minutes = max(limit, 0) / CENTISECONDS_PER_MINUTE
    farthest = _farthest(file, tried)
    far = run.travel_times(
        net, tables.communities, offered.sites, minutes=max(minutes, farthest or 0), heading=file.heading,
        progress=run.share,
    )  # fmt: skip
    times = far.within(minutes)
    people = counted_people(file, tables.communities)
    existing = offered.sites.index[offered.sites["state"] == "existing"]
    standing = existing[~existing.isin(tried.closed)]
    opened = standing.append(pd.Index(tried.opened, dtype="str"))
    before, after = (0 if limit < 0 else _met(times, people, sites) for sites in (existing, opened))
    left = replace(
        offered,
        sites=offered.sites.drop(list(tried.closed)),
        ledger=pd.concat([offered.ledger, pd.DataFrame({"candidate": list(tried.closed)})], ignore_index=True),
    )
    asked = file.model_copy(update={"minutes": minutes, "turnout_minutes": 0.0, "farthest": farthest})
    whole = siting_problem(asked, tables, offered, times={"": far}, asked=None)
    problem = siting_problem(asked, tables, left, times={"": far.only(left.sites.index)}, asked=None)
    run.say("tried.step_best", count=len(tried.opened))
    best, conditions = _best(problem, len(tried.opened), file, seed=seed)
    return TriedAgain(
        tried, file.zh, file.en, what_is_counted(file), before, after, int(people.sum()),
        _broken(problem, tried, file, seed) if tried.question else None, best, conditions,
        own_standard=_own_standard(run.study, tried),
        without_room=bool(tried.question) and _question_of(run.study, tried).capacity is not None,
        change=compare_plans((whole, None), (whole, list(opened)), names=tables.communities["name"]),
    )  # fmt: skip


def tried_question(study: Study, tried: Tried) -> SitingFile:
    """The siting question that a choice answers: that of the study, or one that a circle alone asks."""
    if tried.study != study.file.study.id:
        raise DataError("tried.other_study", given=tried.study, study=study.file.study.id)
    circle = _named(study.file.circles, tried.circle, "circle") if tried.circle else None
    if circle is not None and circle.need == "all" and len(circle.kinds) > 1:
        raise DataError("tried.not_plain", id=circle.id)
    if not tried.question:
        assert circle is not None
        return _of_circle(circle, tried)
    file = _question_of(study, tried)
    if circle is None and not_plain(file):
        raise DataError("tried.not_plain", id=file.id)
    changed: dict[str, Any] = {"mode": tried.mode, "capacity": None}
    if circle is not None:
        changed |= _as_the_circle_asks(file, circle)
    return file.model_copy(update=changed)


def _as_the_circle_asks(file: SitingFile, circle: CircleFile) -> dict[str, Any]:
    """What a question takes from the circle that it stands with: whose people and which sites count, and plainly."""
    return {
        "heading": circle.heading,
        "people": {circle.people: 1},
        "counts_kinds": tuple(kind for kind in circle.kinds if kind != file.kind),
        "upgrade_kinds": tuple(kind for kind in file.upgrade_kinds if kind not in circle.kinds),
        **{"classes": (), "steps": (), "backup": None, "tier": ""},
    }


def _question_of(study: Study, tried: Tried) -> SitingFile:
    found: SitingFile = _named(study.file.siting, tried.question, "question")
    return found


def _named(asked: Any, wanted: str, what: str) -> Any:
    found = [one for one in asked if one.id == wanted]
    if not found:
        raise DataError("tried.unknown", what=what, id=wanted, known=", ".join(one.id for one in asked) or "-")
    return found[0]


def _of_circle(circle: CircleFile, tried: Tried) -> SitingFile:
    kind, *others = circle.kinds
    return SitingFile(
        id=circle.id, zh=circle.zh, en=circle.en, kind=kind, counts_kinds=tuple(others), mode=tried.mode,
        minutes=circle.minutes, heading=circle.heading, people={circle.people: 1},
        objective=(GoalFile(objective="max-cover"),), new_sites=len(tried.opened), candidates="communities",
    )  # fmt: skip


def _own_standard(study: Study, tried: Tried) -> bool:
    asked: Any = _named(study.file.circles, tried.circle, "circle") if tried.circle else _question_of(study, tried)
    turnout = asked.turnout_minutes
    if turnout is None:
        turnout = study_mode(study, asked.mode, asked.id).turnout_minutes
    return (tried.mode, tried.minutes, tried.turnout_minutes, tried.pace) == (asked.mode, asked.minutes, turnout, 100)


def _check_sites(state: pd.Series, tried: Tried) -> None:
    new = set(state.index[state != "existing"])
    standing = set(state.index[state == "existing"])
    for what, ids, known in (("open", tried.opened, new), ("closed", tried.closed, standing)):
        wrong = [i for i in ids if i not in known]
        if wrong:
            raise DataError(f"tried.not_{what}", ids=first_ids(wrong))


def _farthest(file: SitingFile, tried: Tried) -> float | None:
    """The farthest of the question in the minutes in which the choice is counted; None where it asks nobody."""
    limit = -1 if file.farthest is None else limit_cs(file.farthest, tried.turnout_minutes, tried.pace)
    return None if limit < 0 else max(limit, 1) / CENTISECONDS_PER_MINUTE


# --- counting and proving -------------------------------------------------------------------------


def _met(times: TravelTimes, people: pd.Series, sites: pd.Index) -> int:
    near = times.only(sites).count_within(times.cutoff_minutes)
    return int(people[near.reindex(people.index).gt(0)].sum())


def _broken(problem: SitingProblem, tried: Tried, file: SitingFile, seed: int) -> PlanError | None:
    """The first condition of a question that the choice breaks, its minutes as the question says them."""
    measure = Measure(problem)
    opened = problem.existing | problem.sites.index.isin(tried.opened)
    proofs = [Proof(goal, counting_bound(measure, goal), "counting") for goal in problem.goals]
    plan = as_plan(certificate(measure, seed), Choice(np.asarray(opened)), proofs, seconds=0.0)
    try:
        verify_plan(problem, plan)
    except PlanError as why:
        return PlanError(why.key, **{**why.values, "minutes": f"{file.farthest:g}"}) if why.key == _TOO_FAR else why
    return None


def _best(problem: SitingProblem, count: int, file: SitingFile, *, seed: int) -> tuple[SitingPlan, bool]:
    """The plan of so many new sites that covers most people, and whether it keeps the question's conditions."""
    asked = replace(problem, goals=(Goal("max-cover"),), new_sites=count)
    best = solve_or_stop(asked, seconds=file.seconds, nodes=file.nodes, rounds=file.rounds, seed=seed)
    if best.status in ("optimal", "bounded"):
        return best, True
    states = problem.sites["state"].replace("required", "candidate")
    sites = problem.sites.assign(state=states).drop(columns="least_load", errors="ignore")
    free = replace(
        asked, quotas=(), coverage=Coverage(), sites=sites,
        conflicts=np.empty((0, 2), dtype=np.int64), budget=replace(problem.budget, yuan=None),
    )  # fmt: skip
    return solve_or_stop(free, seconds=file.seconds, nodes=file.nodes, rounds=file.rounds, seed=seed), False
