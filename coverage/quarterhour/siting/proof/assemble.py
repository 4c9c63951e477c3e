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
from quarterhour.siting.question.building_order import order_of_building
from quarterhour.siting.question.evaluate import Choice, Measure, Served, as_said, figures, is_covered
from quarterhour.siting.question.plan import Level, Reason, SitingPlan, Status, Stopped, relative_gap
from quarterhour.siting.question.problem import Goal, input_hash
from quarterhour.siting.question.quotas import shortfalls
from quarterhour.siting.question.search_result import Exact


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
    unmet: pd.DataFrame
    versions: dict[str, str]


def certificate(measure: Measure, seed: int) -> Certificate:
    """Counted once for all the plans of a search."""
    versions = {"quarterhour": __version__, "highspy": importlib.metadata.version("highspy")}
    problem = measure.problem
    return Certificate(measure, seed, input_hash(problem), shortfalls(problem), versions)


def as_plan(
    known: Certificate, choice: Choice, proofs: Sequence[Proof], *, seconds: float, stopped: Stopped = ""
) -> SitingPlan:
    """A plan of a choice that keeps all rules."""
    measure = known.measure
    levels = tuple(_level(measure, choice, proof) for proof in proofs)
    gain = order_of_building(measure, choice)
    gap = max(level.gap for level in levels)
    first = levels[0]
    return SitingPlan(
        **_counts(measure, choice),
        chosen=tuple(str(s) for s in gain.index),
        gain=gain,
        assignment=_assignment(measure, choice),
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
        served=_served(measure, choice),
        figures=figures(measure, choice),
        versions=known.versions,
        stopped=stopped,
        unit=measure.problem.unit,
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
    today = Choice(measure.problem.sites["state"].eq("existing").to_numpy())
    if measure.problem.capacity is not None:
        today = replace(today, served=no_one())
    return SitingPlan(
        **_counts(measure, today),
        chosen=(),
        gain=pd.Series([], index=measure.problem.sites.index[:0], dtype="int64", name="gain"),
        assignment=_assignment(measure, today),
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
        served=_served(measure, today),
        versions=known.versions,
        stopped=stopped,
        unit=measure.problem.unit,
    )


def no_one() -> Served:
    """Nobody is served anywhere."""
    return Served(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


def _level(measure: Measure, choice: Choice, proof: Proof) -> Level:
    goal = proof.goal
    value, bound = (as_said(goal, exact) for exact in (measure.value(choice, goal), proof.bound))
    return Level(goal.objective, goal.people, value, bound, relative_gap(value, bound), proof.proved_by, proof.nodes)


def _counts(measure: Measure, choice: Choice) -> dict[str, Any]:
    problem = measure.problem
    people = problem.demand.to_numpy(dtype=np.int64)
    before = measure.share(problem.sites["state"].eq("existing").to_numpy()) > 0
    served = None if choice.served is None else int(choice.served.people.sum())
    return {
        "problem_id": problem.id,
        "objective": problem.objective,
        "covered_before": int(people[before].sum()),
        "covered": int(people[is_covered(measure, choice)].sum()) if served is None else served,
        "demand_total": int(people.sum()),
        "reachable": int(people[measure.reachable].sum()),
    }


def _assignment(measure: Measure, choice: Choice) -> pd.Series:
    problem = measure.problem
    if choice.served is None:
        site = measure.scan(choice.opened).nearest
    else:
        site = np.full(len(problem.demand), -1, dtype=np.int64)
        pair = choice.served.pair[np.lexsort((-problem.near.site[choice.served.pair], choice.served.people))]
        site[measure.row[pair]] = problem.near.site[pair]
    nearest = pd.Series(pd.NA, index=problem.demand.index, dtype="str", name="site")
    met = np.flatnonzero(site >= 0)
    nearest.iloc[met] = problem.sites.index[site[met]].to_numpy()
    return nearest


def _served(measure: Measure, choice: Choice) -> pd.DataFrame | None:
    if choice.served is None:
        return None
    problem, pair = measure.problem, choice.served.pair
    ids = {"community": problem.demand.index[measure.row[pair]], "site": problem.sites.index[problem.near.site[pair]]}
    return pd.DataFrame({**ids, "people": choice.served.people})
