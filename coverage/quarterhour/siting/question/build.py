"""The door of the siting rooms: what came is checked here, and trusted behind it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.arrays import IntArray
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE, centiseconds
from quarterhour.base.errors import CutoffError, DataError, first_ids
from quarterhour.base.labels import unit_by_language
from quarterhour.base.row_order import is_unique
from quarterhour.siting.question.figures import LARGEST, cell_said, is_whole, short_repr, whole_figures
from quarterhour.siting.question.ids import by_id, check_ids, id_texts, own_index, own_table
from quarterhour.siting.question.problem import AREA_LEVELS, WHOLE, Coverage, Goal, SitingProblem, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota, Spacing
from quarterhour.siting.question.sites import check_sites, conflicts_of, money_counts, site_frame
from quarterhour.siting.question.terms import (
    Standards,
    as_budget,
    as_capacity,
    as_coverage,
    as_goals,
    as_new_sites,
    as_quotas,
    as_spacing,
    as_standards,
    as_text,
)
from quarterhour.travel.times import TravelTimes


def as_problem(
    name: str,
    *,
    demand: pd.Series | pd.DataFrame,
    sites: pd.DataFrame,
    times: TravelTimes | Mapping[str, TravelTimes],
    minutes: float | Standard | Mapping[str, float | Standard],
    objective: str | Goal | Sequence[str | Goal],
    new_sites: int | None = None,
    quotas: Quota | Sequence[Quota] = (),
    people: str | Mapping[str, int] | None = None,
    classes: pd.Series | Mapping[Any, str] | None = None,
    areas: pd.DataFrame | None = None,
    coverage: Coverage = Coverage(),  # noqa: B008 - frozen
    budget: float | Budget = Budget(),  # noqa: B008 - frozen
    capacity: Capacity | None = None,
    spacing: float | Spacing | None = None,
    conflicts: Iterable[Iterable[Any]] = (),
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
    quotas : sites per town and county; one that names no areas is for every area of its level.
    people : the column of ``demand`` that counts, or whole weights by column; the others are reported.
    classes : each community's class, where ``times`` or ``minutes`` have several.
    areas : ``town`` and ``county`` of each community, for ``equity`` and ``gini``; blank where not known. Classes,
        areas and loads name every community, and no other.
    coverage : backup, tier, who must be covered.
    budget, capacity, spacing : of money, of what sites can serve, of distance between new sites; a number alone is
        yuan for building, and metres between new sites.
    conflicts : groups of sites of which at most one may be open.

    Returns
    -------
    A ``SitingProblem``, its communities and sites in the order of ``times``.

    Raises
    ------
    DataError : what came cannot be a siting question; the message says which ids.
    CutoffError : the standard is beyond what was searched.

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> network = qh.network_from_edges(pd.DataFrame({"u": ["a", "b"], "v": ["b", "c"], "minutes": [5, 16]}))
    >>> homes = qh.at_junctions(network, pd.Series({"west": "a", "east": "c"}))
    >>> times = qh.travel_times(network, homes, homes, minutes=15, heading="to_site")
    >>> columns = {"state": "candidate", "town": "", "county": "", "name": "", "quality": ""}
    >>> sites = pd.DataFrame(columns, index=homes.index)
    >>> qh.siting.as_problem("canteens", demand=pd.Series({"west": 120, "east": 40}), sites=sites, times=times,
    ...                      minutes=15, objective="max-cover", new_sites=1)
    <SitingProblem canteens: max-cover, 2 communities, 0 existing, 0 required, 2 candidate, 0 upgradeable>
    """
    goals = as_goals(objective)
    standards = as_standards(minutes, times)
    budget, spacing = as_budget(budget), as_spacing(spacing)
    coverage, capacity = as_coverage(coverage), as_capacity(capacity)
    spends = budget.yuan is not None or goals[0].objective in ("min-sites", "min-cost")
    new_sites = as_new_sites(new_sites, spends=spends)
    check_sites(sites)
    sites, table = own_table(sites), _people_table(demand)
    check_ids(table.index, sites.index)
    weights = _weights(people, table)
    kept, classes = _times(
        times, standards, coverage.farthest, classes=classes, communities=table.index, sites=sites.index
    )
    table = _in_order(table, kept)
    frame = site_frame(sites, costs=money_counts(goals, budget), capacity=capacity)
    counted = sum((table[c] * w for c, w in weights.items()), start=pd.Series(0, index=table.index))
    pairs, apart = conflicts_of(frame, sites, conflicts, spacing)
    problem = SitingProblem(
        id=as_text(name, "name"),
        demand=counted.astype("int64").rename("people"),
        sites=frame,
        times=kept,
        goals=goals,
        standards=standards,
        classes=classes,
        people=table,
        weights=weights,
        areas=(known := _areas(areas, table.index)),
        load=_load(capacity, counted),
        new_sites=new_sites,
        quotas=as_quotas(quotas, frame, known),
        coverage=coverage,
        budget=budget,
        capacity=None if capacity is None else replace(capacity, load=None),
        conflicts=pairs,
        apart=apart,
    )
    _check_together(problem)
    return problem


# --- communities ----------------------------------------------------------------------------------


def _people_table(demand: pd.Series | pd.DataFrame) -> pd.DataFrame:
    given = demand.to_frame("people") if isinstance(demand, pd.Series) else demand
    table = own_table(given.set_axis([str(column) for column in given.columns], axis=1))
    if not is_unique(table.index):
        raise DataError("question.community_again", ids=first_ids(table.index[table.index.duplicated()].unique()))
    if not len(table.columns) or not table.columns.is_unique:
        raise DataError("question.no_people_column", column="", known=", ".join(map(str, table.columns)))
    whole = {c: whole_figures(table[c], "question.people_not_whole").astype("int64") for c in table}
    return pd.DataFrame(whole, index=table.index)


def _weights(people: str | Mapping[str, int] | None, table: pd.DataFrame) -> dict[str, int]:
    known = ", ".join(table.columns)
    if people is None and len(table.columns) > 1:
        raise DataError("question.no_people_column", column="", known=known)
    if not isinstance(people, (str, Mapping, type(None))):
        raise DataError("question.no_people_column", column=short_repr(people), known=known)
    given = {table.columns[0]: 1} if people is None else {people: 1} if isinstance(people, str) else dict(people)
    if not given:
        raise DataError("question.no_people_column", column="", known=known)
    for column, weight in given.items():
        if column not in table.columns:
            raise DataError("question.no_people_column", column=short_repr(column), known=known)
        if not is_whole(weight):
            raise DataError("question.bad_weight", column=column, weight=short_repr(weight))
    counted = sum(_exact_sum(table[c].to_numpy()) * int(w) for c, w in given.items())
    if counted >= LARGEST:
        raise DataError("question.too_many_people", people=counted)
    return {c: int(w) for c, w in given.items()}


def _exact_sum(whole: IntArray) -> int:
    """The sum of numbers of which one alone may be as large as can be: high and low halves apart."""
    return (int((whole >> 32).sum()) << 32) + int((whole & (2**32 - 1)).sum())


def _in_order(table: pd.DataFrame, times: TravelTimes) -> pd.DataFrame:
    if table.index.equals(times.communities):
        return table
    apart = table.index.symmetric_difference(times.communities, sort=False)
    if len(apart):
        raise DataError("question.community_without_times", ids=first_ids(apart))
    return table.reindex(times.communities)


def _areas(areas: pd.DataFrame | None, communities: pd.Index) -> pd.DataFrame:
    if areas is not None and not isinstance(areas, pd.DataFrame):
        raise DataError(
            "question.bad_kind", what="areas", wanted="a DataFrame of town and county", came=short_repr(areas)
        )
    if areas is not None and not {*AREA_LEVELS} & {*areas.columns}:
        raise DataError("question.areas_columns", found=", ".join(map(str, areas.columns)))
    given = pd.DataFrame(index=communities) if areas is None else by_id(areas, communities, "areas")
    return pd.DataFrame({c: id_texts(given[c]) if c in given else "" for c in AREA_LEVELS}, communities)


def _load(capacity: Capacity | None, counted: pd.Series) -> pd.Series:
    if capacity is None or capacity.load is None:
        return counted.astype("int64").rename("load")
    unit = unit_by_language(capacity.unit)
    given = _by_community(capacity.load, counted.index, "load").rename("load")
    load = whole_figures(given, "question.bad_load", unit=unit).astype("int64")
    nobody = load.ne(0) & counted.eq(0)
    if nobody.any():
        detail = cell_said(load.index[nobody][0], "load", load[nobody].iloc[0], "nobody")
        raise DataError("question.bad_load", unit=unit, ids=first_ids(counted.index[nobody]), detail=detail)
    if capacity.split and load.ne(counted).any():
        raise DataError("question.split_load", unit=unit)
    return load


def _by_community(given: Any, communities: pd.Index, what: str) -> pd.Series:
    """One value for each community, by id: a list says nothing of whose order it is in."""
    if not isinstance(given, (pd.Series, Mapping)):
        raise DataError("question.bad_kind", what=what, wanted="a Series by community id", came=short_repr(given))
    return by_id(pd.Series(given), communities, what)


# --- times ----------------------------------------------------------------------------------------


def _times(
    times: TravelTimes | Mapping[str, TravelTimes],
    standards: Standards,
    farthest: float | None,
    *,
    classes: pd.Series | Mapping[Any, str] | None,
    communities: pd.Index,
    sites: pd.Index,
) -> tuple[TravelTimes, pd.Series]:
    given = times if isinstance(times, Mapping) else dict.fromkeys(standards, times)
    named = {name: _own_names(table) for name, table in given.items()}
    if set(map(str, named)) != set(standards):
        raise DataError("question.classes_differ", times=", ".join(map(str, named)), minutes=", ".join(standards))
    for name, table in named.items():
        _check_reach(max(standards[str(name)].minutes, farthest or 0), table, sites)
    single = not isinstance(times, Mapping) and len(standards) == 1
    order = next(iter(named.values())).communities if single else communities
    one_for_all = len(standards) == 1 and (classes is None or "" in standards)
    known = pd.Series(next(iter(standards)), order) if one_for_all else _classes(classes, standards, order)
    known = known.astype("str").rename("class")
    if single:
        table = next(iter(named.values()))
        return table if list(table.sites) == list(sites) else table.only(sites), known
    parts = [_Part(standards[str(name)], t.only(sites), known.eq(str(name)).to_numpy()) for name, t in named.items()]
    return _merged(parts, order, centiseconds(farthest or 0)), known


def _own_names(times: TravelTimes) -> TravelTimes:
    return replace(times, communities=own_index(times.communities), sites=own_index(times.sites))


def _check_reach(minutes: float, times: TravelTimes, sites: pd.Index) -> None:
    if centiseconds(minutes) > centiseconds(times.cutoff_minutes):
        raise CutoffError("question.beyond_cutoff", minutes=minutes, cutoff=times.cutoff_minutes)
    lost = sites.difference(times.sites, sort=False)
    if len(lost):
        raise DataError("question.site_without_times", ids=first_ids(lost))


def _classes(classes: pd.Series | Mapping[Any, str] | None, standards: Standards, communities: pd.Index) -> pd.Series:
    known = ", ".join(standards)
    if classes is None:
        raise DataError("question.no_class", ids=first_ids(communities), known=known)
    given = _by_community(classes, communities, "classes")
    strange = communities[~given.isin(list(standards)).to_numpy()]
    if len(strange):
        raise DataError("question.no_class", ids=first_ids(strange), known=known)
    return given


@dataclass(frozen=True, eq=False)
class _Part:
    """The times of one class of communities, and which rows of the whole are its own."""

    standard: Standard
    times: TravelTimes
    mine: Any


def _merged(parts: Sequence[_Part], communities: pd.Index, farthest: int) -> TravelTimes:
    """Each community's row out of the times of its own class, all as many times their own standard far, and at least
    so many centiseconds.

    ``robust_sites`` asks as much farther as the fastest is faster.
    """
    standards = [centiseconds(p.standard.minutes) for p in parts]
    searched = [centiseconds(p.times.cutoff_minutes) for p in parts]
    farther = min(Fraction(cs, standard) for cs, standard in zip(searched, standards, strict=True))
    rows, sites, legs = [], [], []
    for part in parts:
        place = part.times.communities.get_indexer(communities[part.mine])
        if (place < 0).any():
            raise DataError("question.community_without_times", ids=first_ids(communities[part.mine][place < 0]))
        table = part.times.to_scipy()[place]
        row = np.repeat(np.flatnonzero(part.mine), np.diff(table.indptr))
        near = table.data <= max(farthest, math.floor(farther * centiseconds(part.standard.minutes)))
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
        cutoff_minutes=max(farthest, math.floor(farther * max(standards))) / CENTISECONDS_PER_MINUTE,
        mode_id=" + ".join(dict.fromkeys(p.times.mode_id for p in parts)),
        fixed_time=any(p.times.fixed_time for p in parts),
        community_snap=pd.DataFrame(),
        site_snap=pd.DataFrame(),
    )


# --- what must agree ------------------------------------------------------------------------------


def _check_together(problem: SitingProblem) -> None:
    for quota in problem.quotas:
        _check_quota(quota, problem)
    _check_tier(problem.coverage.tier, problem)
    for goal in problem.goals:
        if goal.people and goal.people not in problem.people.columns:
            known = ", ".join(problem.people.columns)
            raise DataError("question.no_people_column", column=goal.people, known=known)
        if goal.people and problem.capacity is not None and problem.capacity.split:
            raise DataError("question.split_people", column=goal.people)
        if goal.objective in ("equity", "gini") and not problem.areas[goal.level].ne("").any():
            raise DataError("question.no_areas", level=goal.level)
    _check_numbers(problem)
    _check_money(problem)
    if problem.capacity is not None and problem.coverage.backup is not None:
        raise DataError("question.backup_and_capacity")
    if problem.capacity is not None and problem.coverage.farthest is not None:
        raise DataError("question.farthest_and_capacity")


def _check_numbers(problem: SitingProblem) -> None:
    counted = [problem.demand, problem.load, *(problem.people[g.people] for g in problem.goals if g.people)]
    people = max(int(column.to_numpy(dtype=float).sum()) for column in counted)
    if people * max(WHOLE, int(problem.limit_cs.max(initial=0))) >= LARGEST:
        raise DataError("question.too_many_people", people=people)


def _check_money(problem: SitingProblem) -> None:
    budget = problem.budget
    new = problem.sites[problem.sites["state"].ne("existing")]
    whole_years = new["cost_yuan"].astype(float) + float(budget.years) * new["running_yuan"].astype(float)
    if whole_years.sum() >= LARGEST:
        raise DataError("question.bad_budget", yuan=budget.yuan, years=budget.years)


def _check_quota(quota: Quota, problem: SitingProblem) -> None:
    again = [a for a, n in Counter(quota.areas).items() if n > 1 or not a]
    if again or not quota.areas:
        raise DataError("question.quota_areas", level=quota.level, ids=first_ids(again))
    _check_tier(quota.tier, problem)


def _check_tier(tier: str, problem: SitingProblem) -> None:
    known: set[Hashable] = {t for said in problem.sites["tiers"] for t in said.split()}
    if tier and tier not in known:
        raise DataError("question.unknown_tier", tier=tier, known=", ".join(sorted(map(str, known))))
