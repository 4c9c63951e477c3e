"""The door of the siting rooms: what came is checked here, and trusted behind it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from quarterhour.errors import CutoffError, DataError, first_ids
from quarterhour.modes import centiseconds
from quarterhour.reach import TravelTimes
from quarterhour.siting.problem import (
    AREA_LEVELS,
    OBJECTIVES,
    SITE_COLUMNS,
    SITE_FIGURES,
    STATES,
    WHOLE,
    Budget,
    Capacity,
    Coverage,
    Goal,
    Ints,
    Quota,
    SitingProblem,
    Spacing,
    Standard,
)

Standards = Mapping[str, Standard]
_LARGEST = 2**53
"""Sums stay below, so that they are exact as floats too."""


def join_sites(existing: pd.DataFrame, candidates: pd.DataFrame, *, required: Sequence[str] = ()) -> pd.DataFrame:
    """Existing sites and candidates (place tables) as the ``sites`` of a question, existing first.

    ``required`` names candidates that must be built. The columns that a question may use beside those it must have
    (``cost_yuan``, ``running_yuan``, ``capacity``, ``tiers``) come along. DataError where an id stands in both tables.
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
    kept |= {c: places[c] for c in (*SITE_FIGURES, "tiers") if c in places}
    return pd.DataFrame({"state": state, **kept}, index=places.index.astype("str"))


def as_problem(
    name: str,
    *,
    demand: pd.Series | pd.DataFrame,
    sites: pd.DataFrame,
    times: TravelTimes | Mapping[str, TravelTimes],
    minutes: float | Standard | Mapping[str, float | Standard],
    objective: str | Goal | Sequence[str | Goal],
    new_sites: int | None = None,
    quotas: Sequence[Quota] = (),
    people: str | Mapping[str, int] | None = None,
    classes: pd.Series | None = None,
    areas: pd.DataFrame | None = None,
    coverage: Coverage = Coverage(),  # noqa: B008 - frozen
    budget: Budget = Budget(),  # noqa: B008 - frozen
    capacity: Capacity | None = None,
    spacing: Spacing | None = None,
    conflicts: Sequence[Sequence[str]] = (),
) -> SitingProblem:
    """A siting question that the rest may trust.

    Parameters
    ----------
    name : id of the question.
    demand : whole people by community id, a Series or a column a group; the same communities as ``times``, in any
        order.
    sites : as ``join_sites`` makes it; ``times`` may know more sites, which are left out.
    times : searched at least as far as ``minutes``; one, or one a class of communities (who walks, who drives).
    minutes : the standard, or one a class; a trip of exactly this long counts. ``Standard`` for steps.
    objective : one of ``OBJECTIVES``, a ``Goal``, or a chain of them, the first bettered first.
    new_sites : how many sites to build or upgrade at most, required ones counted. Only a question that asks for few
        sites or little money, or has a budget, may leave it out.
    quotas : sites per town and county.
    people : the column of ``demand`` that counts, or whole weights by column; the others are reported.
    classes : each community's class, where ``times`` or ``minutes`` have several.
    areas : ``town`` and ``county`` of each community, for ``equity``.
    coverage : backup, tier, who must be covered.
    budget, capacity, spacing : of money, of what sites can serve, of distance between new sites.
    conflicts : groups of sites of which at most one may be open.

    Raises
    ------
    DataError : what came cannot be a siting question; the message says which ids.
    CutoffError : the standard is beyond what was searched.
    """
    goals = _goals(objective)
    standards = _standards(minutes, times)
    _check_sites(sites)
    table = _people_table(demand)
    weights = _weights(people, table)
    kept, classes = _times(times, standards, classes=classes, communities=table.index, sites=sites.index)
    table = _in_order(table, kept)
    frame = _site_frame(sites, costs=_money_counts(goals, budget), capacity=capacity)
    counted = sum((table[c] * w for c, w in weights.items()), start=pd.Series(0, index=table.index))
    problem = SitingProblem(
        id=name,
        demand=counted.astype("int64").rename("people"),
        sites=frame,
        times=kept,
        goals=goals,
        standards=standards,
        classes=classes,
        people=table,
        weights=weights,
        areas=_areas(areas, table.index),
        load=_load(capacity, counted),
        new_sites=new_sites,
        quotas=tuple(quotas),
        coverage=coverage,
        budget=budget,
        capacity=None if capacity is None else replace(capacity, load=None),
        conflicts=_conflicts(frame, conflicts, _close(sites, spacing)),
    )
    _check_together(problem)
    return problem


# --- goals and standards --------------------------------------------------------------------------


def _goals(objective: str | Goal | Sequence[str | Goal]) -> tuple[Goal, ...]:
    chain = (objective,) if isinstance(objective, (str, Goal)) else tuple(objective)
    goals = tuple(g if isinstance(g, Goal) else Goal(g) for g in chain)
    known = ", ".join(OBJECTIVES)
    for goal in goals:
        if goal.objective not in OBJECTIVES:
            raise DataError("siting.bad_objective", objective=goal.objective, known=known)
        if goal.level not in AREA_LEVELS:
            raise DataError("siting.area_level", level=goal.level, known=", ".join(AREA_LEVELS))
    if not goals:
        raise DataError("siting.bad_objective", objective="", known=known)
    if len(set(goals)) < len(goals):
        raise DataError("siting.goal_again", goals=", ".join(g.objective for g in goals))
    return goals


def _standards(minutes: float | Standard | Mapping[str, float | Standard], times: Any) -> Standards:
    named = minutes if isinstance(minutes, Mapping) else {"": minutes}
    if isinstance(times, Mapping) and not isinstance(minutes, Mapping):
        named = dict.fromkeys(times, minutes)
    standards = {str(c): m if isinstance(m, Standard) else Standard(m) for c, m in named.items()}
    if not standards:
        raise DataError("siting.bad_minutes", minutes="")
    return {c: _checked_standard(s) for c, s in standards.items()}


def _checked_standard(standard: Standard) -> Standard:
    if not (_is_number(standard.minutes) and standard.minutes > 0):
        raise DataError("siting.bad_minutes", minutes=standard.minutes)
    if not all(_is_number(m) and m >= 0 and _is_whole(p) and 0 < p <= 100 for m, p in standard.steps):
        raise DataError("siting.bad_steps", steps=standard.steps)
    ladder = standard.ladder()
    rising = all(a[0] < b[0] and a[1] > b[1] for a, b in zip(ladder, ladder[1:], strict=False))
    if not rising or ladder[-1][0] != centiseconds(standard.minutes):
        raise DataError("siting.bad_steps", steps=standard.steps)
    return replace(standard, minutes=float(standard.minutes))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and math.isfinite(value)


def _is_whole(value: object, least: int = 0) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) >= least


# --- sites ----------------------------------------------------------------------------------------


def _check_sites(sites: pd.DataFrame) -> None:
    missing = [c for c in SITE_COLUMNS if c not in sites.columns]
    if missing:
        raise DataError("siting.site_columns", missing=", ".join(missing), found=", ".join(map(str, sites.columns)))
    if not sites.index.is_unique:
        raise DataError("siting.site_again", ids=first_ids(sites.index[sites.index.duplicated()].unique()))
    strange = sites.index[~sites["state"].isin(STATES)]
    if len(strange):
        raise DataError("siting.bad_state", ids=first_ids(strange), known=", ".join(STATES))


def _money_counts(goals: Sequence[Goal], budget: Budget) -> bool:
    return budget.yuan is not None or any(g.objective == "min-cost" for g in goals)


def _site_frame(sites: pd.DataFrame, *, costs: bool, capacity: Capacity | None) -> pd.DataFrame:
    frame = sites.loc[:, list(SITE_COLUMNS)].copy()
    frame["tiers"] = sites["tiers"].fillna("").astype("str") if "tiers" in sites else ""
    new = sites["state"].ne("existing")
    for column in ("cost_yuan", "running_yuan"):
        frame[column] = _figures(sites, column, asked=new & (costs and column == "cost_yuan")).fillna(0)
    if capacity is not None and "capacity" not in sites:
        raise DataError("siting.no_column", column="capacity", ids=first_ids(sites.index))
    frame["capacity"] = _figures(sites, "capacity", asked=new & False)
    return frame


def _figures(sites: pd.DataFrame, column: str, *, asked: pd.Series) -> pd.Series:
    if column not in sites:
        if asked.any():
            raise DataError("siting.no_column", column=column, ids=first_ids(sites.index[asked]))
        return pd.Series(pd.NA, index=sites.index, dtype="Int64")
    given = pd.to_numeric(sites[column], errors="coerce").astype("float64")
    garbled = given.isna() & sites[column].notna() & sites[column].astype("str").ne("")
    bad = garbled | (given.isna() & asked) | given.lt(0) | given.mod(1).gt(0) | given.ge(_LARGEST)
    if bad.any():
        raise DataError("siting.bad_figure", column=column, ids=first_ids(sites.index[bad]))
    return given.round().astype("Int64")


def _conflicts(frame: pd.DataFrame, groups: Sequence[Sequence[str]], close: Ints) -> Ints:
    pairs = {(int(a), int(b)) for a, b in close}
    for group in groups:
        place = frame.index.get_indexer(pd.Index(list(group)))
        if (place < 0).any() or len(set(place.tolist())) < max(2, len(place)):
            raise DataError("siting.bad_conflict", ids=first_ids(group))
        ordered = sorted(place.tolist())
        pairs |= {(a, b) for k, a in enumerate(ordered) for b in ordered[k + 1 :]}
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)


def _close(sites: pd.DataFrame, spacing: Spacing | None) -> Ints:
    """Pairs of sites that stand too near each other, one of them new."""
    if spacing is None:
        return np.empty((0, 2), dtype=np.int64)
    if not (_is_number(spacing.metres) and spacing.metres > 0):
        raise DataError("siting.bad_spacing", metres=spacing.metres)
    new = sites["state"].isin(("required", "candidate")).to_numpy()
    pairs = _near_pairs(sites, spacing)
    a, b = pairs[:, 0], pairs[:, 1]
    return pairs[(new[a] & new[b]) if not spacing.existing else (new[a] | new[b])]


def _near_pairs(sites: pd.DataFrame, spacing: Spacing) -> Ints:
    if spacing.distances is None:
        if not {"x", "y"} <= set(sites.columns):
            raise DataError("siting.no_column", column="x, y", ids=first_ids(sites.index))
        xy = sites[["x", "y"]].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
        lost = sites.index[~np.isfinite(xy).all(axis=1)]
        if len(lost):
            raise DataError("siting.bad_figure", column="x, y", ids=first_ids(lost))
        pairs = np.sort(cKDTree(xy).query_pairs(spacing.metres, output_type="ndarray").astype(np.int64), axis=1)
        apart = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
        return np.asarray(pairs[apart < spacing.metres], dtype=np.int64)
    given = spacing.distances
    if isinstance(given, pd.DataFrame):
        given = given.reindex(index=sites.index, columns=sites.index)
    metres = np.asarray(given, dtype=float)
    if metres.shape != (len(sites), len(sites)) or np.isnan(metres).any() or (metres < 0).any():
        raise DataError("siting.bad_distances", sites=len(sites), shape=" x ".join(map(str, metres.shape)))
    return np.argwhere(np.triu(np.minimum(metres, metres.T) < spacing.metres, k=1)).astype(np.int64)


# --- communities ----------------------------------------------------------------------------------


def _people_table(demand: pd.Series | pd.DataFrame) -> pd.DataFrame:
    table = demand.to_frame("people") if isinstance(demand, pd.Series) else demand
    if not table.index.is_unique:
        raise DataError("siting.community_again", ids=first_ids(table.index[table.index.duplicated()].unique()))
    if not len(table.columns) or not table.columns.is_unique:
        raise DataError("siting.no_people_column", column="", known=", ".join(map(str, table.columns)))
    for column in table:
        bad = ~_whole_numbers(table[column])
        if bad.any():
            raise DataError("siting.people_not_whole", ids=first_ids(table.index[bad]))
    return table.rename(columns=str).astype("int64")


def _whole_numbers(values: pd.Series) -> pd.Series:
    number = pd.to_numeric(values, errors="coerce").astype("float64")
    return number.ge(0) & number.mod(1).eq(0) & number.lt(_LARGEST)


def _weights(people: str | Mapping[str, int] | None, table: pd.DataFrame) -> dict[str, int]:
    known = ", ".join(table.columns)
    if people is None and len(table.columns) > 1:
        raise DataError("siting.no_people_column", column="", known=known)
    given = {table.columns[0]: 1} if people is None else {people: 1} if isinstance(people, str) else dict(people)
    for column, weight in given.items():
        if column not in table.columns or not _is_whole(weight):
            raise DataError("siting.no_people_column", column=column, known=known)
    return {c: int(w) for c, w in given.items()}


def _in_order(table: pd.DataFrame, times: TravelTimes) -> pd.DataFrame:
    apart = table.index.symmetric_difference(times.communities, sort=False)
    if len(apart):
        raise DataError("siting.community_without_times", ids=first_ids(apart))
    return table.reindex(times.communities)


def _areas(areas: pd.DataFrame | None, communities: pd.Index) -> pd.DataFrame:
    given = pd.DataFrame(index=communities) if areas is None else areas.reindex(communities)
    return pd.DataFrame({c: given[c].fillna("").astype("str") if c in given else "" for c in AREA_LEVELS}, communities)


def _load(capacity: Capacity | None, counted: pd.Series) -> pd.Series:
    if capacity is None or capacity.load is None:
        return counted.astype("int64").rename("load")
    load = capacity.load.reindex(counted.index)
    bad = ~_whole_numbers(load) | (load.ne(0) & counted.eq(0))
    if bad.any():
        raise DataError("siting.bad_load", unit=capacity.unit, ids=first_ids(counted.index[bad]))
    if capacity.split and load.ne(counted).any():
        raise DataError("siting.split_load", unit=capacity.unit)
    return load.astype("int64").rename("load")


# --- times ----------------------------------------------------------------------------------------


def _times(
    times: TravelTimes | Mapping[str, TravelTimes],
    standards: Standards,
    *,
    classes: pd.Series | None,
    communities: pd.Index,
    sites: pd.Index,
) -> tuple[TravelTimes, pd.Series]:
    named = times if isinstance(times, Mapping) else dict.fromkeys(standards, times)
    if set(map(str, named)) != set(standards):
        raise DataError("siting.classes_differ", times=", ".join(map(str, named)), minutes=", ".join(standards))
    for name, table in named.items():
        _check_reach(standards[str(name)], table, sites)
    single = not isinstance(times, Mapping) and len(standards) == 1
    order = next(iter(named.values())).communities if single else communities
    known = pd.Series(next(iter(standards)), order) if len(standards) == 1 else _classes(classes, standards, order)
    known = known.astype("str").rename("class")
    if single:
        table = next(iter(named.values()))
        return table if list(table.sites) == list(sites) else table.only(sites), known
    parts = [_Part(standards[str(name)], t.only(sites), known.eq(str(name)).to_numpy()) for name, t in named.items()]
    return _merged(parts, order), known


def _check_reach(standard: Standard, times: TravelTimes, sites: pd.Index) -> None:
    if centiseconds(standard.minutes) > centiseconds(times.cutoff_minutes):
        raise CutoffError("siting.beyond_cutoff", minutes=standard.minutes, cutoff=times.cutoff_minutes)
    lost = sites.difference(times.sites, sort=False)
    if len(lost):
        raise DataError("siting.site_without_times", ids=first_ids(lost))


def _classes(classes: pd.Series | None, standards: Standards, communities: pd.Index) -> pd.Series:
    known = ", ".join(standards)
    if classes is None:
        raise DataError("siting.no_class", ids=first_ids(communities), known=known)
    given = classes.reindex(communities)
    strange = communities[~given.isin(list(standards)).to_numpy()]
    if len(strange):
        raise DataError("siting.no_class", ids=first_ids(strange), known=known)
    return given


@dataclass(frozen=True, eq=False)
class _Part:
    """The times of one class of communities, and which rows of the whole are its own."""

    standard: Standard
    times: TravelTimes
    mine: Any


def _merged(parts: Sequence[_Part], communities: pd.Index) -> TravelTimes:
    """Each community's row out of the times of its own class, as far as its own standard."""
    rows, sites, legs = [], [], []
    for part in parts:
        place = part.times.communities.get_indexer(communities[part.mine])
        if (place < 0).any():
            raise DataError("siting.community_without_times", ids=first_ids(communities[part.mine][place < 0]))
        table = part.times.to_scipy()[place]
        row = np.repeat(np.flatnonzero(part.mine), np.diff(table.indptr))
        near = table.data <= centiseconds(part.standard.minutes)
        rows.append(row[near])
        sites.append(table.indices[near])
        legs.append(table.data[near])
    row, site, cs = np.concatenate(rows), np.concatenate(sites), np.concatenate(legs)
    order = np.lexsort((site, row))
    start = np.r_[0, np.cumsum(np.bincount(row, minlength=len(communities)))].astype(np.int64)
    first = parts[0].times
    return replace(
        first,
        indptr=start,
        site_index=site[order].astype(np.int32),
        cs=cs[order].astype(np.int32),
        communities=communities,
        cutoff_minutes=max(p.standard.minutes for p in parts),
        mode_id=" + ".join(dict.fromkeys(p.times.mode_id for p in parts)),
        community_snap=pd.DataFrame(),
        site_snap=pd.DataFrame(),
    )


# --- what must agree ------------------------------------------------------------------------------


def _check_together(problem: SitingProblem) -> None:
    _check_numbers(problem)
    _check_money(problem)
    for quota in problem.quotas:
        _check_quota(quota, problem)
    _check_tier(problem.coverage.tier, problem)
    for goal in problem.goals:
        if goal.people and goal.people not in problem.people.columns:
            known = ", ".join(problem.people.columns)
            raise DataError("siting.no_people_column", column=goal.people, known=known)
        if goal.people and problem.capacity is not None and problem.capacity.split:
            raise DataError("siting.split_people", column=goal.people)
        if goal.objective == "equity" and not problem.areas[goal.level].ne("").any():
            raise DataError("siting.no_areas", level=goal.level)
    if problem.capacity is not None and problem.coverage.backup is not None:
        raise DataError("siting.backup_and_capacity")


def _check_numbers(problem: SitingProblem) -> None:
    new_sites, coverage = problem.new_sites, problem.coverage
    spends = problem.budget.yuan is not None or problem.objective in ("min-sites", "min-cost")
    if not (new_sites is None and spends) and not _is_whole(new_sites):
        raise DataError("siting.bad_new_sites", new_sites=new_sites)
    if coverage.backup is not None and not (_is_whole(coverage.backup) and coverage.backup < 100):
        raise DataError("siting.bad_backup", backup=coverage.backup)
    if not _is_whole(coverage.at_least):
        raise DataError("siting.bad_at_least", at_least=coverage.at_least)
    people = int(problem.demand.sum())
    if people * max(WHOLE, int(problem.limit_cs.max(initial=0))) >= _LARGEST:
        raise DataError("siting.too_many_people", people=people)


def _check_money(problem: SitingProblem) -> None:
    budget = problem.budget
    if not _is_whole(budget.years) or not (budget.yuan is None or _is_whole(budget.yuan)):
        raise DataError("siting.bad_budget", yuan=budget.yuan, years=budget.years)
    if float(np.abs(problem.yuan.astype(float)).sum()) >= _LARGEST:
        raise DataError("siting.bad_budget", yuan=budget.yuan, years=budget.years)


def _check_quota(quota: Quota, problem: SitingProblem) -> None:
    levels = [c for c in problem.sites.columns if c not in SITE_FIGURES]
    if quota.level not in levels:
        raise DataError("siting.quota_level", level=quota.level, known=", ".join(levels))
    high = quota.maximum
    whole = _is_whole(quota.minimum) and (high is None or _is_whole(high))
    if not whole or (high is not None and high < quota.minimum):
        raise DataError("siting.quota_bounds", level=quota.level, minimum=quota.minimum, maximum=quota.maximum)
    again = [a for a, n in Counter(quota.areas).items() if n > 1 or not a]
    if again or not quota.areas:
        raise DataError("siting.quota_areas", level=quota.level, ids=first_ids(again))
    _check_tier(quota.tier, problem)


def _check_tier(tier: str, problem: SitingProblem) -> None:
    known: set[Hashable] = {t for said in problem.sites["tiers"] for t in said.split()}
    if tier and tier not in known:
        raise DataError("siting.unknown_tier", tier=tier, known=", ".join(sorted(map(str, known))))
