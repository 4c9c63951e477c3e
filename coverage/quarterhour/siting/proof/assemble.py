"""From a choice of sites and what was proved about it to a plan."""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from quarterhour import __version__
from quarterhour.siting.question.building_order import building_order
from quarterhour.siting.question.evaluate import Choice, Measure, Outcome, Served, in_plan_units
from quarterhour.siting.question.fingerprint import input_hash
from quarterhour.siting.question.plan import Level, Reason, SitingPlan, Status, Stopped, relative_gap
from quarterhour.siting.question.problem import Goal
from quarterhour.siting.question.quotas import shortfalls
from quarterhour.siting.question.search import Exact


@dataclass(frozen=True, slots=True)
class Proof:
    """What no choice that keeps the goals before can beat by a goal, and who proved it."""

    goal: Goal
    bound: Exact
    proved_by: str
    nodes: int = 0


@dataclass(frozen=True, eq=False)
class Certificate:
    """What goes into every plan of one search."""

    measure: Measure
    seed: int
    input_hash: str
    covered_before: int
    unmet: pd.DataFrame
    versions: dict[str, str]
    placed_before: int | None = None


def certificate(measure: Measure, seed: int, *, placed_before: int | None = None) -> Certificate:
    """Counted once for all the plans of a search. ``placed_before``: where sites have a capacity and it is known."""
    versions = {"quarterhour": __version__, "highspy": importlib.metadata.version("highspy")}
    problem = measure.problem
    before = int(problem.people_of[""][measure.share(problem.existing) > 0].sum())
    return Certificate(measure, seed, input_hash(problem), before, shortfalls(problem), versions, placed_before)


def as_plan(
    known: Certificate, choice: Choice, proofs: Sequence[Proof], *, seconds: float, stopped: Stopped = ""
) -> SitingPlan:
    """A plan of a choice that keeps all rules."""
    outcome = Outcome(known.measure, choice)
    levels = tuple(as_level(outcome, proof) for proof in proofs)
    gain = building_order(known.measure, choice)
    gap = max(level.gap for level in levels)
    first = levels[0]
    return SitingPlan(
        **_counts(known, outcome),
        chosen=tuple(str(s) for s in gain.index),
        gain=gain,
        assignment=_assignment(outcome),
        value=first.value,
        bound=first.bound,
        gap=gap,
        status="optimal" if gap == 0 else "bounded",
        unmet=known.unmet,
        proved_by=first.proved_by,
        seconds=seconds,
        seed=known.seed,
        input_hash=known.input_hash,
        levels=levels,
        served=_served(outcome),
        figures=outcome.figures(),
        versions=known.versions,
        stopped=stopped,
        unit=known.measure.problem.unit,
    )


def no_plan(
    known: Certificate,
    status: Status,
    reasons: tuple[Reason, ...],
    *,
    proved_by: str,
    seconds: float,
    stopped: Stopped = "",
) -> SitingPlan:
    """An answer that chooses nothing, and why."""
    measure = known.measure
    today = Choice(measure.problem.existing)
    if measure.problem.capacity is not None:
        today = replace(today, served=no_one())
    outcome = Outcome(measure, today)
    return SitingPlan(
        **_counts(known, outcome),
        chosen=(),
        gain=pd.Series([], index=measure.problem.sites.index[:0], dtype="int64", name="gain"),
        assignment=_assignment(outcome),
        value=math.nan,
        bound=math.nan,
        gap=math.nan,
        status=status,
        unmet=known.unmet,
        proved_by=proved_by,
        seconds=seconds,
        seed=known.seed,
        input_hash=known.input_hash,
        reasons=reasons,
        served=_served(outcome),
        versions=known.versions,
        stopped=stopped,
        unit=measure.problem.unit,
    )


def no_one() -> Served:
    """Nobody is served anywhere."""
    return Served(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


def as_level(outcome: Outcome, proof: Proof) -> Level:
    """How good a choice is by a goal, in the plan's units."""
    goal = proof.goal
    value, bound = (in_plan_units(goal, exact) for exact in (outcome.value(goal), proof.bound))
    return Level(goal.objective, goal.people, value, bound, relative_gap(value, bound), proof.proved_by, proof.nodes)


def _counts(known: Certificate, outcome: Outcome) -> dict[str, Any]:
    problem, served = outcome.measure.problem, outcome.choice.served
    people = problem.people_of[""]
    return {
        "problem_id": problem.id,
        "objective": problem.objective,
        "covered_before": known.covered_before,
        "placed_before": known.placed_before,
        "covered": int(people[outcome.covered].sum()) if served is None else int(served.people.sum()),
        "demand_total": int(people.sum()),
        "reachable": int(people[problem.reachable].sum()),
    }


def _assignment(outcome: Outcome) -> pd.Series:
    problem, served = outcome.measure.problem, outcome.choice.served
    if served is None:
        site = outcome.scan.nearest
    else:
        site = np.full(len(problem.demand), -1, dtype=np.int64)
        pair = served.pair[np.lexsort((-problem.near.site[served.pair], served.people))]
        site[outcome.measure.row[pair]] = problem.near.site[pair]
    nearest = pd.Series(pd.NA, index=problem.demand.index, dtype="str", name="site")
    met = np.flatnonzero(site >= 0)
    nearest.iloc[met] = problem.sites.index[site[met]].to_numpy()
    return nearest if problem.came is None else nearest.reindex(problem.came)


def _served(outcome: Outcome) -> pd.DataFrame | None:
    problem, served = outcome.measure.problem, outcome.choice.served
    if served is None:
        return None
    row, site = outcome.measure.row[served.pair], problem.near.site[served.pair]
    ids = {"community": problem.demand.index[row], "site": problem.sites.index[site]}
    return pd.DataFrame({**ids, "people": served.people})
