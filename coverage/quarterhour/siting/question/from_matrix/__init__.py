"""A siting question without geography: from a matrix of costs and a vector of people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from quarterhour.base import row_order
from quarterhour.base.arrays import IntArray
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE
from quarterhour.base.errors import DataError, first_ids
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.figures import short_repr
from quarterhour.siting.question.from_matrix.costs import MOST, Costs, as_costs, shape_said, unmasked
from quarterhour.siting.question.ids import as_ids, as_list, by_id, each_one, goes_by_row, id_texts, positions
from quarterhour.siting.question.problem import AREA_LEVELS, SITE_COLUMNS, Coverage, Goal, SitingProblem, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota, Spacing
from quarterhour.siting.question.terms import check_minutes
from quarterhour.travel.times import TravelTimes

_BEYOND = 4_000_000
"""Costs beyond the standard that are kept unasked; more of them would take memory that most questions never use."""

Within = float | Standard | Mapping[str, float | Standard] | None


def siting_from_matrix(
    matrix: Any,
    demand: Any,
    *,
    objective: str | Goal | Sequence[str | Goal] = "max-cover",
    new_sites: int | None = None,
    within: Within = None,
    searched: float | None = None,
    existing: Any = (),
    required: Any = (),
    sites: pd.DataFrame | None = None,
    name: str = "matrix",
    quotas: Quota | Sequence[Quota] = (),
    people: str | Mapping[str, int] | None = None,
    classes: Any = None,
    areas: Any = None,
    coverage: Coverage = Coverage(),  # noqa: B008 - frozen
    budget: float | Budget = Budget(),  # noqa: B008 - frozen
    capacity: Capacity | None = None,
    spacing: float | Spacing | None = None,
    conflicts: Iterable[Iterable[Any]] | None = (),
) -> SitingProblem:
    """A siting question from what it costs to get from each community to each site.

    Parameters
    ----------
    matrix : communities x sites in minutes (or any unit, kept to 1/6000 of it): numpy, where NaN and infinity are too
        far; a scipy sparse one, where what is not stored is too far and a stored zero is a cost of zero; or a
        DataFrame, whose index and columns are the ids. Or one by class of communities (who walks, who drives).
    demand : whole people of each community, in the order of the rows, or by id where the matrix has ids; a DataFrame
        for several columns. Where the matrix has none, the index names the communities.
    objective, new_sites : as in ``as_problem``.
    within : the standard, a cost of exactly so much included, or one by class of communities; None: all that the
        matrix holds.
    searched : how far costs are kept and known to be all there, for ``robust_sites``, which asks farther than the
        standard at faster speeds; None: as far as the matrix holds them, or to the standard where some 4 million
        costs lie beyond.
    existing, required : sites that stand, and candidates that must be built, by id or position, or a list that says
        True or False of each; the rest are candidates.
    sites : further columns of the sites, by id: ``state``, ``town``, ``cost_yuan``, ``capacity`` ...; rows that are
        numbered 0, 1, 2 ... are in the order of the matrix. Where that has no ids, the index names the sites.
    classes, areas : of each community, by id or a list in the order of the matrix; areas that are no table are towns.
    capacity : as in ``as_problem``; its ``load`` may be such a list, too.
    conflicts : groups of sites, by id or position, of which at most one may be open.
    quotas, people, coverage, budget, spacing : as in ``as_problem``.

    Rows and columns are taken in the order of their ids, so that of plans equally good the same is chosen in whatever
    order they came; what a plan says of each community is in the order of the matrix.

    Returns
    -------
    A ``SitingProblem``, ready for ``solve_siting``.

    Raises
    ------
    DataError : the shapes or ids differ, a cost is negative or larger than can be kept, or the question cannot be
        asked.

    Examples
    --------
    >>> import quarterhour as qh
    >>> minutes = [[5, 20, 30], [12, 8, 25], [40, 14, 9], [50, 35, 11]]
    >>> plan = qh.solve_siting(qh.siting_from_matrix(minutes, [100, 40, 30, 7], within=15, new_sites=1))
    >>> plan.chosen, plan.covered, plan.status
    (('0',), 140, 'optimal')
    """
    by_class = isinstance(matrix, Mapping) and not sparse.issparse(matrix)
    if by_class and not matrix:
        raise DataError("question.matrix_shape", people="?", shape="{}")
    costs = {str(c): as_costs(m) for c, m in (matrix if by_class else {"": matrix}).items()}
    table = _people(demand, costs)
    columns, further = _sites(sites, costs)
    asked = {c: _standard(one, within, c) for c, one in costs.items()}
    times = {c: _times(one, table.index, columns, _cutoff(one, asked[c], searched)) for c, one in costs.items()}
    settled = {"existing": positions(existing, columns), "required": positions(required, columns)}
    problem = as_problem(
        name,
        demand=row_order.by_id(table.to_frame("people") if isinstance(table, pd.Series) else table),
        sites=row_order.by_id(_site_table(columns, further, settled)),
        times=times if by_class else times[""],
        minutes=within if within is not None else asked if by_class else asked[""],
        objective=objective,
        new_sites=new_sites,
        quotas=quotas,
        people=people,
        classes=None if classes is None else each_one(classes, table.index, "classes"),
        areas=None if areas is None else _areas(areas, table.index),
        coverage=coverage,
        budget=budget,
        capacity=_with_load(capacity, table.index),
        spacing=_by_site(spacing, columns),
        conflicts=_groups(conflicts, columns),
    )
    return problem if table.index.equals(problem.demand.index) else replace(problem, came=table.index)


# --- costs ----------------------------------------------------------------------------------------


def _standard(costs: Costs, within: Within, name: str) -> float:
    """The longest standard of the communities that go by a matrix."""
    if within is None:
        return max(costs.most, 1 / CENTISECONDS_PER_MINUTE)
    if isinstance(within, Mapping):
        given = {str(c): one for c, one in within.items()}
        mine = [given[name]] if name in given else list(given.values())
        return max((_standard(costs, one, name) for one in mine), default=1.0)
    minutes = within.minutes if isinstance(within, Standard) else within
    check_minutes(minutes)
    if minutes >= MOST:
        raise DataError("question.minutes_too_many", minutes=minutes, most=MOST)
    return float(minutes)


def _cutoff(costs: Costs, standard: float, searched: float | None) -> float:
    """How far costs are kept; a matrix that lacks none is known however far one asks."""
    if searched is not None:
        return max(standard, _standard(costs, searched, ""))
    if costs.stored > _BEYOND and costs.beyond(standard) > _BEYOND:
        return standard
    if costs.stored == costs.shape[0] * costs.shape[1]:
        return float(MOST - 1)
    return max(standard, costs.most)


def _times(costs: Costs, communities: pd.Index, sites: pd.Index, cutoff: float) -> TravelTimes:
    communities = communities if costs.communities is None else costs.communities
    sites = sites if costs.sites is None else costs.sites
    if costs.shape != (len(communities), len(sites)):
        raise DataError("question.matrix_shape", people=len(communities), shape=shape_said(costs.shape))
    start, site, cs = costs.within(cutoff)
    nowhere = pd.DataFrame()
    return TravelTimes(start, site, cs, communities, sites, cutoff, "to_site", 0.0, "matrix", nowhere, nowhere).by_id()


# --- communities ----------------------------------------------------------------------------------


def _people(demand: Any, costs: Mapping[str, Costs]) -> pd.Series | pd.DataFrame:
    """The people, by the ids of the matrix; where it has none, by their own."""
    own = [one.communities for one in costs.values() if one.communities is not None]
    demand = pd.Series(demand) if isinstance(demand, Mapping) and not sparse.issparse(demand) else demand
    table = demand if isinstance(demand, (pd.Series, pd.DataFrame)) else _as_column(demand)
    for one in own:
        _once(one, "question.community_again")
    ids = reduce(lambda a, b: a.append(b.difference(a, sort=False)), own) if own else None
    rows = next(iter(costs.values())).shape[0] if ids is None else len(ids)
    if len(table) != rows:
        raise DataError("question.matrix_shape", people=len(table), shape=shape_said(next(iter(costs.values())).shape))
    if ids is None:
        ids = _own_ids(table.index)
        _once(ids, "question.community_again")
        return table.set_axis(ids)
    return table.set_axis(ids) if table is not demand else by_id(table, ids, "demand", plain=True)


def _as_column(demand: Any) -> pd.Series:
    """A list of people; what each of them is stays as it came, since true is no number of people."""
    if not hasattr(demand, "__array__") and not sparse.issparse(demand):
        listed = None if isinstance(demand, (set, frozenset)) else as_list(demand)
        if listed is None or np.shape(listed[:1]) not in ((0,), (1,)):
            raise DataError("question.matrix_shape", people="?", shape="?")
        return pd.Series(listed, dtype="object", name="people")
    people = unmasked(demand)
    if people.ndim != 1 or people.dtype.names:
        raise DataError("question.matrix_shape", people=shape_said(people.shape), shape="?")
    return pd.Series(people, name="people")


def _once(ids: pd.Index, key: str) -> None:
    if not row_order.is_unique(ids):
        raise DataError(key, ids=first_ids(ids[ids.duplicated()].unique()))


def _own_ids(index: pd.Index) -> pd.Index:
    """The index of a table as the ids of a matrix that has none; DataError where the order cannot be told."""
    ids = as_ids(index)
    counted = pd.RangeIndex(len(ids)).astype("str")
    if not ids.equals(counted) and ids.isin(counted).all() and ids.is_unique:
        raise DataError("question.order_unclear", ids=first_ids(ids))
    return ids


def _areas(given: Any, communities: pd.Index) -> pd.DataFrame:
    """Town and county of each community; what is no table of them is the towns."""
    if isinstance(given, Mapping) and given and set(given) <= set(AREA_LEVELS):
        return pd.DataFrame({level: each_one(values, communities, "areas") for level, values in given.items()})
    if isinstance(given, pd.DataFrame):
        return by_id(given, communities, "areas", plain=True)
    level = given.name if isinstance(given, pd.Series) and given.name in AREA_LEVELS else "town"
    return each_one(given, communities, "areas").to_frame(level)


def _with_load(capacity: Capacity | None, communities: pd.Index) -> Capacity | None:
    if not isinstance(capacity, Capacity) or capacity.load is None:
        return capacity
    return replace(capacity, load=each_one(capacity.load, communities, "load"))


# --- sites ----------------------------------------------------------------------------------------


def _sites(given: pd.DataFrame | None, costs: Mapping[str, Costs]) -> tuple[pd.Index, pd.DataFrame]:
    """The ids of the sites in the order of the matrix, and the columns that came with them."""
    own = [one.sites for one in costs.values() if one.sites is not None]
    for ids in own:
        _once(ids, "question.site_again")
        apart = own[0].symmetric_difference(ids, sort=False)
        if len(apart):
            raise DataError("question.matrix_sites_differ", ids=first_ids(apart))
    many = next(iter(costs.values())).shape[1] if not own else len(own[0])
    if given is not None and not isinstance(given, pd.DataFrame):
        raise DataError("question.bad_kind", what="sites", wanted="a DataFrame, a row a site", came=short_repr(given))
    if given is not None and len(given) != many:
        raise DataError("question.matrix_sites", rows=len(given), sites=many)
    if own:
        return own[0], pd.DataFrame(index=own[0]) if given is None else by_id(given, own[0], "sites", plain=True)
    ids = pd.RangeIndex(many).astype("str") if given is None else _own_ids(given.index)
    _once(ids, "question.site_again")
    return ids, pd.DataFrame(index=ids) if given is None else given.set_axis(ids)


def _groups(given: Any, sites: pd.Index) -> list[list[str]]:
    """Groups of sites by their ids."""
    groups = [] if given is None else as_list(given)
    if groups is None:
        raise DataError("question.bad_conflict", ids=short_repr(given))
    return [sites[positions(group, sites)].tolist() for group in groups]


def _by_site(spacing: float | Spacing | None, sites: pd.Index) -> float | Spacing | None:
    """The same, distances in the order of the matrix named by site, as rows are put in the order of ids later."""
    given = spacing.distances if isinstance(spacing, Spacing) else None
    if given is None or not isinstance(spacing, Spacing):
        return spacing
    if not isinstance(given, pd.DataFrame):
        cells = np.asarray(given) if hasattr(given, "__array__") else np.array(given, dtype=object)
        given = pd.DataFrame(cells, sites, sites) if cells.shape == (len(sites), len(sites)) else None
    if given is None or given.shape != (len(sites), len(sites)):
        return spacing
    rows, columns = (sites if goes_by_row(axis, sites) else axis for axis in given.axes)
    return replace(spacing, distances=given.set_axis(rows, axis=0).set_axis(columns, axis=1))


def _site_table(ids: pd.Index, given: pd.DataFrame, settled: Mapping[str, IntArray]) -> pd.DataFrame:
    """The sites with their states; DataError where one is to stand already and to be built as well."""
    came = given["state"].astype("str") if "state" in given else pd.Series("candidate", index=ids)
    state = came.copy()
    for name, place in settled.items():
        state.iloc[place] = name
    stands = came.eq("existing").to_numpy(), np.isin(np.arange(len(ids)), settled["existing"])
    built = came.eq("required").to_numpy(), np.isin(np.arange(len(ids)), settled["required"])
    both = ids[(stands[0] | stands[1]) & (built[0] | built[1])]
    if len(both):
        raise DataError("question.stands_and_required", ids=first_ids(both))
    plain = {c: id_texts(given[c]) if c in given else "" for c in SITE_COLUMNS[1:]}
    return given.assign(**plain, state=state)
