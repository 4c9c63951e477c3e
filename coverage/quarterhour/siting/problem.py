"""A siting question, its answer, and the recount that checks the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from quarterhour.reach import TravelTimes

Objective = Literal["max-cover", "min-sites"]


@dataclass(frozen=True, slots=True)
class Quota:
    """At least ``minimum`` (and at most ``maximum``) open sites in every area of a level.

    ``areas``: the ids that must have them (every town, also those without a candidate).
    """

    level: str
    areas: tuple[str, ...]
    minimum: int = 1
    maximum: int | None = None


@dataclass(frozen=True, eq=False)
class SitingProblem:
    """A siting question in the planner's terms; existing sites are part of it.

    ``demand``: Series of whole people by community id. ``sites``: DataFrame by site id with columns
    ``state`` (``existing``, ``required``, ``candidate``), ``town``, ``county``, ``name``, ``quality``.
    ``times``: TravelTimes of all communities x all sites, searched at least as far as ``minutes``.
    ``new_sites``: how many candidates at most (max-cover); None: as many as needed (min-sites).
    ``coverable_share``: for min-sites, everyone who can be covered at all must be.
    """

    id: str
    demand: pd.Series
    sites: pd.DataFrame
    times: TravelTimes
    minutes: float
    objective: Objective
    new_sites: int | None = None
    quotas: tuple[Quota, ...] = ()


@dataclass(frozen=True, eq=False)
class SitingPlan:
    """An answer with its proof.

    ``chosen``: site ids in the order of building (best first; required sites before candidates).
    ``gain``: Series by chosen site id: people newly covered when built in that order.
    ``assignment``: Series by community id: the nearest open site within the standard (missing: not covered).
    ``value``: people covered (max-cover) or new sites (min-sites). ``bound``: no plan does better.
    ``gap``: (bound - value) / value, 0 when proven. ``status``: ``optimal`` when gap is 0,
    ``bounded`` otherwise, ``infeasible``, ``no_plan`` (stopped before any plan was found).
    ``covered_before``: people covered by the existing sites alone; ``covered``: by the plan;
    ``demand_total``; ``reachable``: people whom some site could cover at all.
    ``unmet``: quota rows set aside since the area has no admissible candidate, as
    DataFrame ``level, area, minimum, open, candidates, reason``.
    ``proved_by``: what proved the bound. ``input_hash``: sha256 of the question.
    """

    problem_id: str
    objective: Objective
    chosen: tuple[str, ...]
    gain: pd.Series
    assignment: pd.Series
    value: float
    bound: float
    gap: float
    status: Literal["optimal", "bounded", "infeasible", "no_plan"]
    covered_before: int
    covered: int
    demand_total: int
    reachable: int
    unmet: pd.DataFrame
    proved_by: str
    seconds: float
    seed: int
    input_hash: str
