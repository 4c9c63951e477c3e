"""Siting questions as we are asked and as a solver is: the same land, the same rules, values recounted in whole units.

A unit is a hundredth of a person (max-cover), a site (min-sites), a person's centisecond (min-time), a centisecond
(min-worst): of each goal ``UNITS`` to what a planner reads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from benchmarks import siting_peers as peers
from benchmarks.siting_lands import NEAR_CS, Array, Land
from benchmarks.siting_peers import Found
from quarterhour.siting.methods.solver.program import Program
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.solve import solve_siting

UNITS = {"max-cover": 100, "min-sites": 1, "min-time": 6000, "min-worst": 6000}
INF = math.inf


@dataclass(frozen=True, eq=False)
class Answer:
    """Values and bounds by goal, in whole units; a bound is NaN where none is told, a value None without an answer.

    ``widest``: the gap where it is not that of the sums. ``check``: recounts it, outside the clock.
    """

    values: tuple[int | None, ...]
    bounds: tuple[float, ...]
    proven: bool
    said: str
    widest: float | None = None
    check: Callable[[], str] = lambda: ""

    @property
    def gap(self) -> float:
        """The largest of the goals; 0 is proven, infinite without a value or a bound."""
        if self.widest is not None:
            return self.widest
        gaps = [_gap(v, b) for v, b in zip(self.values, self.bounds, strict=True)]
        return max(gaps)


def _gap(value: int | None, bound: float) -> float:
    if value is None or not math.isfinite(bound):
        return INF
    return 0.0 if value == bound else abs(bound - value) / value if value else INF


Stage = Callable[[list[Found]], Program]
Count = Callable[[list[Found]], tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class Question:
    """``ours`` within so many seconds; ``stages`` for a solver, ``spopt``, ``greedy`` within so many; ``count`` of what
    they find.

    ``summed``: the stages are questions side by side and the bounds are added up; else goals of a chain.
    """

    goals: tuple[str, ...]
    ours: Callable[[float], Answer]
    stages: list[Stage]
    count: Count
    spopt: Callable[[float], Found] | None = None
    greedy: Callable[[float], Found] | None = None
    summed: bool = False
    told: dict[str, Any] = field(default_factory=dict)

    def peer(self, name: str, seconds: float) -> Answer:
        """What a peer answers."""
        if name in ("spopt", "greedy"):
            way = {"spopt": self.spopt, "greedy": self.greedy}[name]
            assert way is not None
            founds = [way(seconds)]
        else:
            solve = {"highspy": peers.by_highspy, "scip": peers.by_scip}[name]
            founds = peers.by_stages(solve, self.stages, seconds)
        said = "; ".join(dict.fromkeys(f.status for f in founds))
        whole = len(founds) == max(1, len(self.stages)) and all(f.status and _any(f) for f in founds)
        values = self.count(founds) if whole else (None,) * len(self.goals)
        proven = whole and all(f.proven for f in founds)
        return Answer(values, self._bounds(founds, values, proven=proven), proven, said)

    def _bounds(self, founds: list[Found], values: tuple[int | None, ...], *, proven: bool) -> tuple[float, ...]:
        if proven:
            return tuple(float(v) for v in values if v is not None)
        told = [f.bound for f in founds] + [math.nan] * (len(self.stages) - len(founds))
        told = [math.fsum(told)] if self.summed else told[: len(self.goals)]
        return tuple(_whole(b, most=g == "max-cover") for b, g in zip(told, self.goals, strict=True))


def _any(found: Found) -> bool:
    return found.values is not None or found.opened is not None


def _whole(bound: float, *, most: bool) -> float:
    """The nearest whole value that a bound allows, with a solver's tolerance."""
    if not math.isfinite(bound):
        return math.nan
    slack = 1e-6 + 1e-9 * abs(bound)
    return float(math.floor(bound + slack) if most else math.ceil(bound - slack))


def differ(ours: Answer, theirs: Answer, goals: Sequence[str]) -> str:
    """How two answers contradict each other, or ours is worse; goals after the first that differs are not compared."""
    for goal, mine, other, my_bound, its_bound in zip(
        goals, ours.values, theirs.values, ours.bounds, theirs.bounds, strict=True
    ):
        up = 1 if goal == "max-cover" else -1
        unit = UNITS[goal]
        if mine is None:
            return "we found no plan" if other is not None else ""
        if math.isfinite(its_bound) and up * (mine - its_bound) > 0:
            return f"{goal}: ours {mine / unit:g} is beyond their bound {its_bound / unit:g}"
        if other is None:
            return ""
        if math.isfinite(my_bound) and up * (other - my_bound) > 0:
            return f"{goal}: theirs {other / unit:g} is beyond our bound {my_bound / unit:g}"
        if up * (other - mine) > 0:
            return f"{goal}: ours {mine / unit:g} is worse than theirs {other / unit:g}"
        if mine != other:
            return ""
    return ""


# --- ours ---------------------------------------------------------------------------------------------


def planned(land: Land, goals: Sequence[str], **asked: Any) -> Callable[[float], Answer]:
    """From the table to the plan, through the door that everybody uses; the clock of ``seconds`` is the search's."""
    question = planned_problem(land, goals, **asked)

    def ours(seconds: float) -> Answer:
        problem = question()
        return as_answer(problem, solve_siting(problem, seconds=seconds))

    return ours


def as_answer(problem: SitingProblem, plan: SitingPlan) -> Answer:
    """A plan in whole units."""
    goals = [g.objective for g in problem.goals]
    check = partial(recounted, problem, plan)
    if not plan.levels:
        return Answer((None,) * len(goals), (math.nan,) * len(goals), False, plan.status, check=check)
    values = tuple(round(level.value * UNITS[g]) for level, g in zip(plan.levels, goals, strict=True))
    bounds = tuple(
        float(round(level.bound * UNITS[g])) if math.isfinite(level.bound) else math.nan
        for level, g in zip(plan.levels, goals, strict=True)
    )
    said = f"{plan.status}, {'; '.join(dict.fromkeys(level.proved_by for level in plan.levels))}"
    return Answer(values, bounds, plan.status == "optimal", said, check=check)


def recounted(problem: SitingProblem, plan: SitingPlan) -> str:
    """ "" where the plan is recounted; what is wrong with it otherwise."""
    try:
        verify_plan(problem, plan)
    except ValueError as why:
        return str(why)
    return ""


def planned_problem(land: Land, goals: str | Sequence[str], **asked: Any) -> Callable[[], SitingProblem]:
    """The question itself, from the tables; ``asked`` may bring another table of sites or standard."""
    times = land.times()
    people = pd.Series(land.people, index=times.communities)
    objective = goals if isinstance(goals, str) else list(goals)
    asked = {"minutes": land.minutes, "sites": land.site_table(), **asked}
    return lambda: as_problem("bench", demand=people, times=times, objective=objective, **asked)


# --- parts of programs --------------------------------------------------------------------------------


def size_told(land: Land, new_sites: int | None = None) -> dict[str, Any]:
    told = {"communities": land.rows, "sites": land.sites, "pairs": len(land.cs)}
    return told if new_sites is None else {**told, "new_sites": new_sites}


def opened_in(land: Land, found: Found) -> Array:
    if found.opened is not None:
        return found.opened
    assert found.values is not None
    return np.flatnonzero(found.values[: land.sites] > 0.5)


def times_covered(land: Land, opened: Array, *, within: int = NEAR_CS) -> Array:
    mark = np.zeros(land.sites)
    mark[opened] = 1
    return np.asarray(land.cover(within=within) @ mark, dtype=np.int64)


def at_most(land: Land, new_sites: int | None) -> tuple[Any, float]:
    return sparse.csr_array(np.ones((1, land.sites))), float(land.sites if new_sites is None else new_sites)


def left_of(rows: Any, more: int) -> Any:
    return sparse.hstack([rows, sparse.csr_array((rows.shape[0], more))])


def right_of(rows: Any, before: int) -> Any:
    return sparse.hstack([sparse.csr_array((rows.shape[0], before)), rows])


def as_program(cost: Array, rows: Any, low: Array, high: Array, *, whole: int, most: bool) -> Program:
    box = np.zeros(len(cost)), np.ones(len(cost))
    is_whole = np.arange(len(cost)) < whole
    return Program(cost.astype(float), sparse.csr_array(rows), low, high, *box, most=most, whole=is_whole)
