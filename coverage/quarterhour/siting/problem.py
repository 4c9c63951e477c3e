"""A siting question, its answer, and the recount that checks the answer."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from quarterhour import words
from quarterhour.errors import CutoffError, DataError, PlanError, first_ids
from quarterhour.modes import centiseconds

if TYPE_CHECKING:
    from quarterhour.reach import TravelTimes

Objective = Literal["max-cover", "min-sites"]
Status = Literal["optimal", "bounded", "infeasible", "no_plan"]
OBJECTIVES = ("max-cover", "min-sites")
STATES = ("existing", "required", "candidate")
QUOTA_LEVELS = ("town", "county")
SITE_COLUMNS = ("state", "town", "county", "name", "quality")
UNMET_COLUMNS = ("level", "area", "minimum", "open", "candidates", "reason")


@dataclass(frozen=True, slots=True)
class Quota:
    """At least ``minimum`` (and at most ``maximum``) open sites in every area of a level.

    ``level``: ``town`` or ``county``, the column of the sites that is counted; existing sites count.
    ``areas``: the ids that must have them (every town, also those without a candidate).
    """

    level: str
    areas: tuple[str, ...]
    minimum: int = 1
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why no plan exists: a sentence of the table of words and the values that fill it."""

    key: str
    values: Mapping[str, object]

    def told(self, lang: str) -> str:
        """The sentence in a language."""
        return words.say(self.key, lang, **self.values)


@dataclass(frozen=True, eq=False)
class SitingProblem:
    """A siting question in the planner's terms; existing sites are part of it. ``as_problem`` makes it.

    ``demand``: Series of whole people by community id. ``sites``: DataFrame by site id with columns
    ``state`` (``existing``, ``required``, ``candidate``), ``town``, ``county``, ``name``, ``quality``.
    ``times``: TravelTimes of all communities x all sites, searched at least as far as ``minutes``;
    demand and sites are in its order.
    ``new_sites``: how many sites to build at most, required ones counted; None (min-sites only): as
    many as needed. Under min-sites everyone whom some site could cover must be covered.
    """

    id: str
    demand: pd.Series
    sites: pd.DataFrame
    times: TravelTimes
    minutes: float
    objective: Objective
    new_sites: int | None = None
    quotas: tuple[Quota, ...] = ()

    def __repr__(self) -> str:
        states = self.sites["state"].value_counts()
        counts = ", ".join(f"{states.get(s, 0)} {s}" for s in STATES)
        return f"<SitingProblem {self.id}: {self.objective}, {len(self.demand)} communities, {counts}>"


@dataclass(frozen=True, eq=False)
class SitingPlan:
    """An answer with its proof.

    ``chosen``: site ids in the order of building (required sites first, each group best first).
    ``gain``: Series by chosen site id: people newly covered when built in that order.
    ``assignment``: Series by community id: the nearest open site within the standard (missing: not covered).
    ``value``: people covered (max-cover) or new sites (min-sites). ``bound``: no plan does better.
    ``gap``: |bound - value| / value, 0 when proven. ``status``: ``optimal`` when gap is 0,
    ``bounded`` otherwise, ``infeasible``, ``no_plan`` (stopped before any plan was found); the last
    two choose nothing and have no value, bound or gap (NaN).
    ``covered_before``: people covered by the existing sites alone; ``covered``: by the plan;
    ``demand_total``; ``reachable``: people whom some site could cover at all.
    ``unmet``: quota rows lowered to what is possible since the area has too few admissible sites, as
    DataFrame ``level, area, minimum, open, candidates, reason`` (``no_candidate``, ``too_few_candidates``).
    ``proved_by``: what proved the bound. ``input_hash``: sha256 of the question.
    ``reasons``: why there is no plan, empty where there is one.
    """

    problem_id: str
    objective: Objective
    chosen: tuple[str, ...]
    gain: pd.Series
    assignment: pd.Series
    value: float
    bound: float
    gap: float
    status: Status
    covered_before: int
    covered: int
    demand_total: int
    reachable: int
    unmet: pd.DataFrame
    proved_by: str
    seconds: float
    seed: int
    input_hash: str
    reasons: tuple[Reason, ...] = field(default=())

    def __repr__(self) -> str:
        share = self.covered / self.demand_total if self.demand_total else math.nan
        return f"<SitingPlan {self.problem_id}: {self.status}, {len(self.chosen)} new sites, {share:.1%} covered>"


@dataclass(frozen=True, slots=True)
class Recount:
    """What an independent count of a plan came to, in whole people and sites."""

    covered_before: int
    covered: int
    reachable: int
    demand_total: int
    new_sites: int


# --- the door ---------------------------------------------------------------------------------


def join_sites(existing: pd.DataFrame, candidates: pd.DataFrame, *, required: Sequence[str] = ()) -> pd.DataFrame:
    """Existing sites and candidates (place tables) as the ``sites`` of a question, existing first.

    ``required`` names candidates that must be built. DataError where an id stands in both tables.
    """
    both = existing.index.intersection(candidates.index)
    if len(both):
        raise DataError("siting.id_in_both", ids=first_ids(both))
    unknown = [i for i in required if i not in candidates.index]
    if unknown:
        raise DataError("siting.required_unknown", ids=first_ids(unknown))
    state = np.where(candidates.index.isin(list(required)), "required", "candidate")
    parts = [_site_columns(existing, "existing"), _site_columns(candidates, state)]
    joined = pd.concat([p for p in parts if len(p)]) if any(len(p) for p in parts) else parts[0]
    return joined.rename_axis("id")


def _site_columns(places: pd.DataFrame, state: Any) -> pd.DataFrame:
    kept = {c: places[c].astype("str") if c in places else "" for c in SITE_COLUMNS[1:]}
    return pd.DataFrame({"state": state, **kept}, index=places.index.astype("str"), columns=list(SITE_COLUMNS))


def as_problem(
    name: str,
    *,
    demand: pd.Series,
    sites: pd.DataFrame,
    times: TravelTimes,
    minutes: float,
    objective: str,
    new_sites: int | None = None,
    quotas: Sequence[Quota] = (),
) -> SitingProblem:
    """A siting question that the rest may trust.

    Parameters
    ----------
    name : id of the question.
    demand : whole people by community id; the same communities as ``times``, in any order.
    sites : as ``join_sites`` makes it; ``times`` may know more sites, which are left out.
    times : searched at least as far as ``minutes``.
    minutes : the standard; a trip of exactly this long counts.
    objective : ``max-cover`` (needs ``new_sites``) or ``min-sites``.
    new_sites : how many sites to build at most, required ones counted.
    quotas : sites per town and county.

    Raises
    ------
    DataError : what came cannot be a siting question; the message says which ids.
    CutoffError : the standard is beyond what was searched.
    """
    _check_standard(minutes, times)
    _check_objective(objective, new_sites)
    _check_sites(sites, times)
    for quota in quotas:
        _check_quota(quota)
    people = _whole_people(demand, times)
    kept = times if list(times.sites) == list(sites.index) else times.only(sites.index)
    frame = sites.loc[:, list(SITE_COLUMNS)].copy()
    return SitingProblem(name, people, frame, kept, float(minutes), objective, new_sites, tuple(quotas))  # type: ignore[arg-type]


def _check_standard(minutes: float, times: TravelTimes) -> None:
    if not (math.isfinite(minutes) and minutes > 0):
        raise DataError("siting.bad_minutes", minutes=minutes)
    if centiseconds(minutes) > centiseconds(times.cutoff_minutes):
        raise CutoffError("siting.beyond_cutoff", minutes=minutes, cutoff=times.cutoff_minutes)


def _check_objective(objective: str, new_sites: int | None) -> None:
    if objective not in OBJECTIVES:
        raise DataError("siting.bad_objective", objective=objective, known=", ".join(OBJECTIVES))
    if new_sites is None and objective == "min-sites":
        return
    if isinstance(new_sites, bool) or not isinstance(new_sites, (int, np.integer)) or new_sites < 0:
        raise DataError("siting.bad_new_sites", new_sites=new_sites)


def _check_sites(sites: pd.DataFrame, times: TravelTimes) -> None:
    missing = [c for c in SITE_COLUMNS if c not in sites.columns]
    if missing:
        raise DataError("siting.site_columns", missing=", ".join(missing), found=", ".join(map(str, sites.columns)))
    if not sites.index.is_unique:
        raise DataError("siting.site_again", ids=first_ids(sites.index[sites.index.duplicated()].unique()))
    strange = sites.index[~sites["state"].isin(STATES)]
    if len(strange):
        raise DataError("siting.bad_state", ids=first_ids(strange), known=", ".join(STATES))
    lost = sites.index.difference(times.sites, sort=False)
    if len(lost):
        raise DataError("siting.site_without_times", ids=first_ids(lost))


def _check_quota(quota: Quota) -> None:
    if quota.level not in QUOTA_LEVELS:
        raise DataError("siting.quota_level", level=quota.level, known=", ".join(QUOTA_LEVELS))
    if quota.minimum < 0 or (quota.maximum is not None and quota.maximum < quota.minimum):
        raise DataError("siting.quota_bounds", level=quota.level, minimum=quota.minimum, maximum=quota.maximum)
    again = [a for a, n in Counter(quota.areas).items() if n > 1 or not a]
    if again or not quota.areas:
        raise DataError("siting.quota_areas", level=quota.level, ids=first_ids(again))


def _whole_people(demand: pd.Series, times: TravelTimes) -> pd.Series:
    if not demand.index.is_unique:
        raise DataError("siting.community_again", ids=first_ids(demand.index[demand.index.duplicated()].unique()))
    apart = demand.index.symmetric_difference(times.communities, sort=False)
    if len(apart):
        raise DataError("siting.community_without_times", ids=first_ids(apart))
    count = pd.to_numeric(demand, errors="coerce").astype("float64")
    bad = demand.index[~(np.isfinite(count) & count.ge(0) & count.mod(1).eq(0))]
    if len(bad):
        raise DataError("siting.people_not_whole", ids=first_ids(bad))
    return demand.astype("int64").reindex(times.communities).rename("people")


def input_hash(problem: SitingProblem) -> str:
    """sha256 of everything that the answer depends on; the same question has the same hash."""
    near = problem.times.within(problem.minutes)
    quotas = [[q.level, list(q.areas), q.minimum, q.maximum] for q in problem.quotas]
    new_sites = None if problem.new_sites is None else int(problem.new_sites)
    head = [problem.objective, centiseconds(problem.minutes), new_sites, quotas]
    sites = problem.sites[["state", "town", "county"]].reset_index().astype("str").to_numpy().tolist()
    people = [[str(i), int(n)] for i, n in problem.demand.items()]
    digest = hashlib.sha256(json.dumps([head, sites, people], ensure_ascii=False).encode())
    for array, kind in ((near.indptr, "<i8"), (near.site_index, "<i4"), (near.cs, "<i4")):
        digest.update(np.ascontiguousarray(array, dtype=kind).tobytes())
    return digest.hexdigest()


# --- checks in an instant -----------------------------------------------------------------------


def shortfalls(problem: SitingProblem) -> pd.DataFrame:
    """Areas whose quota no plan can meet, since too few sites are or may be there.

    One row a quota and area: ``level, area, minimum, open`` (existing and required sites),
    ``candidates``, ``reason`` (``no_candidate`` or ``too_few_candidates``). The solver lowers these
    minima to what is possible, and the plan carries the rows as ``unmet``.
    """
    rows = []
    for quota in problem.quotas:
        fixed, free = _counts(problem, quota.level)
        for area in quota.areas:
            if fixed[area] + free[area] < quota.minimum:
                reason = "too_few_candidates" if free[area] else "no_candidate"
                rows.append((quota.level, area, quota.minimum, fixed[area], free[area], reason))
    return pd.DataFrame(rows, columns=list(UNMET_COLUMNS)).astype(_UNMET_TYPES)


_UNMET_TYPES = dict(zip(UNMET_COLUMNS, ("str", "str", "int64", "int64", "int64", "str"), strict=True))


def quota_rows(problem: SitingProblem) -> list[tuple[str, str, int, int]]:
    """Each area's quota as ``(level, area, low, high)`` in candidates to build beside what is fixed.

    Minima are lowered to what is possible (``shortfalls`` names those). Without a maximum, ``high`` is
    the number of candidates there. ``high`` is negative where fixed sites are over the maximum.
    """
    rows = []
    for quota in problem.quotas:
        fixed, free = _counts(problem, quota.level)
        for area in quota.areas:
            low = max(0, min(quota.minimum - fixed[area], free[area]))
            high = free[area] if quota.maximum is None else min(quota.maximum - fixed[area], free[area])
            rows.append((quota.level, area, low, high))
    return rows


def _counts(problem: SitingProblem, level: str) -> tuple[Counter[str], Counter[str]]:
    areas, free = problem.sites[level], problem.sites["state"].eq("candidate")
    return Counter(areas[~free]), Counter(areas[free])


def contradictions(problem: SitingProblem) -> tuple[Reason, ...]:
    """Why no plan can exist, as far as counting tells; empty does not promise that one does."""
    found = [*_over_maximum(problem)]
    required = int(problem.sites["state"].eq("required").sum())
    if problem.new_sites is not None:
        needed = required + least_for_quotas(problem)
        if required > problem.new_sites:
            found.append(
                Reason("siting.required_over_new_sites", {"required": required, "new_sites": problem.new_sites})
            )
        elif needed > problem.new_sites:
            areas = [a for _, a, low, _ in quota_rows(problem) if low > 0]
            values = {"needed": needed, "new_sites": problem.new_sites, "areas": first_ids(dict.fromkeys(areas))}
            found.append(Reason("siting.quotas_over_new_sites", values))
    return tuple(found)


def _over_maximum(problem: SitingProblem) -> list[Reason]:
    found = []
    for quota in problem.quotas:
        fixed, _ = _counts(problem, quota.level)
        over = [a for a in quota.areas if quota.maximum is not None and fixed[a] > quota.maximum]
        if over:
            values = {"level": quota.level, "areas": first_ids(over), "maximum": quota.maximum}
            found.append(Reason("siting.over_maximum", values))
    return found


def least_for_quotas(problem: SitingProblem) -> int:
    """How many candidates the quotas need at the least (exact where each town lies in one county)."""
    need: dict[str, dict[str, int]] = {level: {} for level in QUOTA_LEVELS}
    for level, area, low, _ in quota_rows(problem):
        need[level][area] = max(low, need[level].get(area, 0))
    by_level = max(sum(n.values()) for n in need.values())
    pairs = problem.sites.loc[problem.sites["state"].eq("candidate"), ["town", "county"]].drop_duplicates()
    if pairs["town"].duplicated().any():
        return by_level
    county_of = dict(zip(pairs["town"], pairs["county"], strict=True))
    from_towns: Counter[str] = Counter()
    for town, low in need["town"].items():
        from_towns[county_of.get(town, "")] += low
    counties = {*from_towns, *need["county"]}
    return max(by_level, sum(max(from_towns[c], need["county"].get(c, 0)) for c in counties))


# --- the recount ------------------------------------------------------------------------------


def verify_plan(problem: SitingProblem, plan: SitingPlan) -> Recount:
    """Count a plan again from the question, by code that shares nothing with the solver.

    Everything a reader would rely on is counted in whole people and centiseconds: that only candidates
    are built, at most ``new_sites``, required ones among them; quotas; people covered, each site's gain in
    the order given, each community's nearest site; that value, bound, gap and status agree.

    Raises
    ------
    PlanError : the first thing that does not hold, with what the plan says and what was counted.
    """
    _same("input_hash", said=plan.input_hash, counted=input_hash(problem))
    _same("objective", said=plan.objective, counted=problem.objective)
    near = _near(problem)
    count = _recount(problem, plan, near)
    for what in ("covered_before", "covered", "reachable", "demand_total"):
        _same(what, said=getattr(plan, what), counted=getattr(count, what))
    _same("unmet", said=_rows(plan.unmet), counted=_rows(shortfalls(problem)))
    _check_assignment(problem, plan, near)
    if plan.status in ("infeasible", "no_plan"):
        _same("chosen", said=plan.chosen, counted=())
        return count
    _check_chosen(problem, plan)
    _check_quotas(problem, plan)
    _check_gain(problem, plan, near)
    _check_proof(problem, plan, count)
    return count


Near = dict[str, dict[str, int]]


def _people(problem: SitingProblem) -> dict[str, int]:
    return {str(c): int(n) for c, n in problem.demand.items()}


def _existing(problem: SitingProblem) -> set[str]:
    return {str(i) for i, s in problem.sites["state"].items() if s == "existing"}


def _same(what: str, *, said: object, counted: object) -> None:
    if said != counted:
        raise PlanError("siting.recount_differs", what=what, said=said, counted=counted)


def _near(problem: SitingProblem) -> Near:
    """For each community the sites within the standard and their centiseconds, as plain dictionaries."""
    limit, times = centiseconds(problem.minutes), problem.times
    sites, start = list(times.sites), times.indptr.tolist()
    site, cs = times.site_index.tolist(), times.cs.tolist()
    near: Near = {}
    for row, community in enumerate(times.communities):
        legs = range(start[row], start[row + 1])
        near[community] = {sites[site[k]]: cs[k] for k in legs if cs[k] <= limit}
    return near


def _recount(problem: SitingProblem, plan: SitingPlan, near: Near) -> Recount:
    existing, everything, people = _existing(problem), set(problem.sites.index), _people(problem)

    def covered(open_sites: set[str]) -> int:
        return sum(n for c, n in people.items() if not open_sites.isdisjoint(near[c]))

    plan_covers = covered(existing | set(plan.chosen))
    total = sum(people.values())
    return Recount(covered(existing), plan_covers, covered(everything), total, len(plan.chosen))


def _rows(unmet: pd.DataFrame) -> list[tuple[Any, ...]]:
    return [tuple(r) for r in unmet[list(UNMET_COLUMNS)].to_numpy().tolist()]


def _check_chosen(problem: SitingProblem, plan: SitingPlan) -> None:
    state = dict(problem.sites["state"])
    wrong = [s for s in plan.chosen if state.get(s) not in ("required", "candidate")]
    again = [s for s, n in Counter(plan.chosen).items() if n > 1]
    left_out = [s for s, what in state.items() if what == "required" and s not in plan.chosen]
    for what, ids in (("not_buildable", wrong), ("chosen_again", again), ("required_left_out", left_out)):
        if ids:
            raise PlanError(f"siting.{what}", ids=first_ids(ids))
    if problem.new_sites is not None and len(plan.chosen) > problem.new_sites:
        raise PlanError("siting.too_many", chosen=len(plan.chosen), new_sites=problem.new_sites)


def _check_quotas(problem: SitingProblem, plan: SitingPlan) -> None:
    every = problem.sites.to_dict("index")
    built = [r for i, r in every.items() if r["state"] == "existing" or i in plan.chosen]
    for quota in problem.quotas:
        possible = Counter(r[quota.level] for r in every.values())
        opened = Counter(r[quota.level] for r in built)
        for area in quota.areas:
            low, n = min(quota.minimum, possible[area]), opened[area]
            if n < low or (quota.maximum is not None and n > quota.maximum):
                raise PlanError("siting.quota_broken", level=quota.level, area=area, found=n)


def _check_gain(problem: SitingProblem, plan: SitingPlan, near: Near) -> None:
    opened = _existing(problem)
    waiting = {c: n for c, n in _people(problem).items() if opened.isdisjoint(near[c])}
    gains = {}
    for site in plan.chosen:
        won = [c for c in waiting if site in near[c]]
        gains[site] = sum(waiting.pop(c) for c in won)
    said = {i: int(n) for i, n in plan.gain.items()}
    if list(said) != list(plan.chosen) or said != gains:
        wrong = [s for s in gains if said.get(s) != gains[s]] or list(plan.chosen)
        raise PlanError("siting.gain_differs", ids=first_ids(wrong))


def _check_assignment(problem: SitingProblem, plan: SitingPlan, near: Near) -> None:
    rank = {s: k for k, s in enumerate(problem.sites.index)}
    opened = _existing(problem) | set(plan.chosen)
    _same("assignment", said=list(plan.assignment.index), counted=list(problem.demand.index))
    wrong = []
    for community, said in plan.assignment.items():
        legs = [(cs, rank[s], s) for s, cs in near[str(community)].items() if s in opened]
        nearest = min(legs)[2] if legs else None
        if (None if pd.isna(said) else said) != nearest:
            wrong.append(community)
    if wrong:
        raise PlanError("siting.assignment_differs", ids=first_ids(wrong))


def _check_proof(problem: SitingProblem, plan: SitingPlan, count: Recount) -> None:
    most = problem.objective == "max-cover"
    _same("value", said=plan.value, counted=count.covered if most else count.new_sites)
    if not most:
        _same("covered", said=plan.covered, counted=count.reachable)
    short = plan.bound - plan.value if most else plan.value - plan.bound
    if not (math.isfinite(short) and short >= 0):
        raise PlanError("siting.bad_bound", value=plan.value, bound=plan.bound)
    _same("gap", said=plan.gap, counted=relative_gap(plan.value, plan.bound))
    _same("status", said=plan.status, counted="optimal" if short == 0 else "bounded")


def relative_gap(value: float, bound: float) -> float:
    """How far a plan may be from the best: |bound - value| / value; 0 is proven, inf where value is 0."""
    if value == bound:
        return 0.0
    return abs(bound - value) / value if value else math.inf


# --- the record -------------------------------------------------------------------------------


def plan_record(plan: SitingPlan, problem: SitingProblem) -> dict[str, Any]:
    """A plan for ``plan.json``: plain values, no seconds, the same bytes each run.

    Counts are whole numbers; a real keeps all its digits; what does not exist is null.
    """
    plain = ("problem_id", "objective", "status", "covered_before", "covered", "demand_total", "reachable")
    record: dict[str, Any] = {name: getattr(plan, name) for name in plain}
    record |= {name: _number(getattr(plan, name)) for name in ("value", "bound", "gap")}
    record |= {"minutes": _number(problem.minutes), "new_sites": _number(problem.new_sites)}
    record["sites"] = [_site_record(problem, plan, place) for place in range(len(plan.chosen))]
    record["unmet"] = [dict(zip(UNMET_COLUMNS, row, strict=True)) for row in _rows(plan.unmet)]
    record["reasons"] = [{"zh": r.told("zh"), "en": r.told("en")} for r in plan.reasons]
    record["quotas"] = [{**_quota_record(q)} for q in problem.quotas]
    record["assignment"] = {str(c): None if pd.isna(s) else str(s) for c, s in plan.assignment.items()}
    record |= {"proved_by": plan.proved_by, "seed": int(plan.seed), "input_hash": plan.input_hash}
    return record


def _site_record(problem: SitingProblem, plan: SitingPlan, place: int) -> dict[str, Any]:
    site = plan.chosen[place]
    row = problem.sites.loc[site]
    told = {c: str(row[c]) for c in ("name", "town", "county", "state", "quality")}
    return {"order": place + 1, "id": str(site), **told, "gain": int(plan.gain.iloc[place])}


def _quota_record(quota: Quota) -> dict[str, Any]:
    return {
        "level": quota.level,
        "areas": list(quota.areas),
        "minimum": int(quota.minimum),
        "maximum": _number(quota.maximum),
    }


def _number(value: float | None) -> int | float | None:
    if value is None or not math.isfinite(value):
        return None
    return int(value) if float(value).is_integer() else float(value)
