"""A siting question without geography: from a matrix of costs and a vector of people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from quarterhour.errors import DataError, first_ids
from quarterhour.modes import CENTISECONDS_PER_MINUTE
from quarterhour.reach import TravelTimes
from quarterhour.siting.door import as_problem
from quarterhour.siting.problem import SITE_COLUMNS, Goal, SitingProblem, Standard
from quarterhour.siting.sites import check_ids

_MOST = 2**30 // CENTISECONDS_PER_MINUTE
"""Whole times stay below 2**30 centiseconds, as everywhere in the house."""


def siting_from_matrix(
    matrix: Any,
    demand: Any,
    *,
    objective: str | Goal | Sequence[str | Goal] = "max-cover",
    new_sites: int | None = None,
    within: float | Standard | Mapping[str, float | Standard] | None = None,
    searched: float | None = None,
    existing: Iterable[Any] = (),
    required: Iterable[Any] = (),
    sites: pd.DataFrame | None = None,
    name: str = "matrix",
    **rules: Any,
) -> SitingProblem:
    """A siting question from what it costs to get from each community to each site.

    Parameters
    ----------
    matrix : communities x sites in minutes (or any unit, kept to 1/6000 of it): numpy, where NaN and infinity are too
        far; a scipy sparse one, where what is not stored is too far and a stored zero is a cost of zero; or a
        DataFrame, whose index and columns are the ids. Other ids are 0, 1, 2 ...
    demand : whole people of each community, in the order of the rows; a DataFrame for several columns.
    objective, new_sites : as in ``as_problem``.
    within : the standard, a cost of exactly so much included, or one by class of communities; None: all that the
        matrix holds.
    searched : how far costs are kept and known to be all there, for ``robust_sites``, which asks farther than the
        standard at faster speeds; None: as far as the standard.
    existing, required : ids or positions of sites that stand, and of candidates that must be built; the rest are
        candidates.
    sites : further columns of the sites, in their order: ``state``, ``town``, ``cost_yuan``, ``capacity`` ...
    rules : quotas, people, classes, areas, coverage, budget, capacity, spacing, conflicts, as in ``as_problem``.

    Raises
    ------
    DataError : the shapes differ, a cost is negative or larger than can be kept, or the question cannot be asked.

    Examples
    --------
    >>> import quarterhour as qh
    >>> minutes = [[5, 20, 30], [12, 8, 25], [40, 14, 9], [50, 35, 11]]
    >>> plan = qh.solve_siting(qh.siting_from_matrix(minutes, [100, 40, 30, 7], within=15, new_sites=1))
    >>> plan.chosen, plan.covered, plan.status
    (('0',), 140, 'optimal')
    """
    table, communities, columns = _as_sparse(matrix)
    people = demand if isinstance(demand, (pd.Series, pd.DataFrame)) else _as_column(demand)
    if len(people) != len(communities):
        raise DataError("siting.matrix_shape", people=len(people), shape=" x ".join(map(str, table.shape)))
    known = isinstance(matrix, pd.DataFrame) and people is demand
    people = people.set_axis(people.index.astype("str") if known else communities)
    standard = _cutoff(table, within)
    cutoff = standard if searched is None else max(standard, searched)
    return as_problem(
        name,
        demand=people,
        sites=_site_table(columns, sites, existing, required),
        times=_times(table, communities, columns, cutoff),
        minutes=standard if within is None else within,
        objective=objective,
        new_sites=new_sites,
        **rules,
    )


def _as_sparse(matrix: Any) -> tuple[sparse.csr_array, pd.Index, pd.Index]:
    """The costs that there are, in order, with the ids of rows and columns."""
    if sparse.issparse(matrix):
        table = sparse.csr_array(matrix)
        table.sort_indices()
    else:
        table = _from_dense(_as_numbers(matrix))
    if isinstance(matrix, pd.DataFrame):
        return table, _as_ids(matrix.index), _as_ids(matrix.columns)
    rows, columns = (pd.RangeIndex(n).astype("str") for n in table.shape)
    return table, rows, columns


def _as_ids(given: pd.Index) -> pd.Index:
    if given.nlevels > 1:
        raise DataError("siting.bad_ids", ids=first_ids(given))
    check_ids(given.tolist())
    return given.astype("str")


def _as_numbers(matrix: Any) -> np.ndarray[Any, Any]:
    try:
        return np.asarray(matrix, dtype=float)
    except (ValueError, TypeError) as error:
        raise DataError("siting.matrix_garbled", detail=str(error)) from error


def _as_column(demand: Any) -> pd.Series:
    people = np.asarray(demand)
    if people.ndim != 1:
        raise DataError("siting.matrix_shape", people=" x ".join(map(str, people.shape)), shape="?")
    return pd.Series(people)


def _from_dense(costs: np.ndarray[Any, Any]) -> sparse.csr_array:
    if costs.ndim != 2:
        raise DataError("siting.matrix_shape", people="?", shape=" x ".join(map(str, costs.shape)))
    row, column = np.nonzero(~(np.isnan(costs) | np.isposinf(costs)))
    start = np.r_[0, np.cumsum(np.bincount(row, minlength=len(costs)))]
    return sparse.csr_array((costs[row, column], column, start), shape=costs.shape)


def _cutoff(table: sparse.csr_array, within: float | Standard | Mapping[str, float | Standard] | None) -> float:
    if isinstance(within, Mapping):
        return max(_cutoff(table, one) for one in within.values())
    if isinstance(within, Standard):
        return float(within.minutes)
    if within is not None:
        return float(within)
    return float(max(table.data.max(initial=0.0), 1 / CENTISECONDS_PER_MINUTE))


def _times(table: sparse.csr_array, communities: pd.Index, sites: pd.Index, cutoff: float) -> TravelTimes:
    bad = ~((table.data >= 0) & (table.data < _MOST))
    if bad.any() or not cutoff < _MOST:
        raise DataError("siting.matrix_values", most=_MOST, count=int(bad.sum()))
    whole = table.data * CENTISECONDS_PER_MINUTE
    np.rint(whole, out=whole)
    near = whole <= round(cutoff * CENTISECONDS_PER_MINUTE)
    start = np.r_[0, np.cumsum(near)][table.indptr].astype(np.int64)
    site, cs = table.indices[near].astype(np.int32, copy=False), whole[near].astype(np.int32)
    nowhere = pd.DataFrame()
    return TravelTimes(start, site, cs, communities, sites, cutoff, "to_site", 0.0, "matrix", nowhere, nowhere)


def _site_table(
    ids: pd.Index, given: pd.DataFrame | None, existing: Iterable[Any], required: Iterable[Any]
) -> pd.DataFrame:
    if given is not None and len(given) != len(ids):
        raise DataError("siting.matrix_sites", rows=len(given), sites=len(ids))
    table = pd.DataFrame(index=ids) if given is None else given.set_axis(ids)
    state = table["state"].astype("str") if "state" in table else pd.Series("candidate", index=ids)
    for what, wanted in (("existing", existing), ("required", required)):
        named = pd.Index([wanted] if isinstance(wanted, str) else [str(i) for i in wanted], dtype="str")
        if not named.isin(ids).all():
            raise DataError("siting.site_unknown", ids=first_ids(named[~named.isin(ids)]), known=first_ids(ids))
        state = state.mask(ids.isin(named), what)
    plain = {c: table[c].astype("str") if c in table else "" for c in SITE_COLUMNS[1:]}
    return table.assign(**plain, state=state)
