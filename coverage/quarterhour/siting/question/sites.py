"""The table of sites of a question: joined, checked, and which of them rule each other out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from quarterhour.base import limits
from quarterhour.base.arguments import takes
from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.base.cells import figure_table
from quarterhour.base.errors import DataError, first_ids
from quarterhour.siting.question.figures import LARGEST, as_figures, cell_said, short_repr, whole_figures
from quarterhour.siting.question.ids import as_list, goes_by_row, id_texts
from quarterhour.siting.question.problem import SITE_COLUMNS, SITE_FIGURES, STATES, Apart, Goal
from quarterhour.siting.question.rules import Budget, Capacity, Spacing

NO_PAIRS: IntArray = np.empty((0, 2), dtype=np.int64)


@takes(existing=pd.DataFrame, candidates=pd.DataFrame)
def join_sites(existing: pd.DataFrame, candidates: pd.DataFrame, *, required: Sequence[str] = ()) -> pd.DataFrame:
    """Existing sites and candidates (place tables) as the ``sites`` of a question, existing first.

    Parameters
    ----------
    existing, candidates : tables of places by id. The columns that a question may use beside those it must have
        (``cost_yuan``, ``running_yuan``, ``capacity``, ``tiers``) come along.
    required : candidates that must be built.

    Returns
    -------
    By site id: ``state`` (``existing``, ``required``, ``candidate``), ``town``, ``county``, ``name``, ``quality`` ...

    Raises
    ------
    DataError : an id stands in both tables, or a required one in neither.

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> where = {"town": "t1", "county": "c1", "quality": "fact"}
    >>> now = pd.DataFrame({"name": ["老站"], **where}, index=["a"])
    >>> new = pd.DataFrame({"name": ["东村", "西村"], **where}, index=["b", "c"])
    >>> qh.siting.join_sites(now, new, required=["c"])["state"].to_dict()
    {'a': 'existing', 'b': 'candidate', 'c': 'required'}
    """
    both = existing.index.intersection(candidates.index)
    if len(both):
        raise DataError("question.id_in_both", ids=first_ids(both))
    unknown = [i for i in required if i not in candidates.index]
    if unknown:
        raise DataError("question.required_unknown", ids=first_ids(unknown))
    state = np.where(candidates.index.isin(list(required)), "required", "candidate")
    parts = [_site_columns(existing, "existing"), _site_columns(candidates, state)]
    joined = pd.concat([p for p in parts if len(p)]) if any(len(p) for p in parts) else parts[0]
    return joined.rename_axis("id")


def _site_columns(places: pd.DataFrame, state: Any) -> pd.DataFrame:
    kept = {c: id_texts(places[c]) if c in places else "" for c in SITE_COLUMNS[1:]}
    kept |= {c: places[c] for c in (*SITE_FIGURES, "tiers") if c in places}
    return pd.DataFrame({"state": state, **kept}, index=places.index.astype("str"))


def check_sites(sites: pd.DataFrame) -> None:
    """DataError where the table lacks a column, names a site twice, or a state is unknown."""
    missing = [c for c in SITE_COLUMNS if c not in sites.columns]
    if missing:
        raise DataError("question.site_columns", missing=", ".join(missing), found=", ".join(map(str, sites.columns)))
    if not sites.index.is_unique:
        raise DataError("question.site_again", ids=first_ids(sites.index[sites.index.duplicated()].unique()))
    strange = sites.index[~sites["state"].isin(STATES)]
    if len(strange):
        raise DataError("question.bad_state", ids=first_ids(strange), known=", ".join(STATES))


def money_counts(goals: Sequence[Goal], budget: Budget) -> bool:
    """Whether a question needs to know what sites cost."""
    return budget.yuan is not None or any(g.objective == "min-cost" for g in goals)


def site_frame(sites: pd.DataFrame, *, costs: bool, capacity: Capacity | None) -> pd.DataFrame:
    """The columns that questions use, figures as whole numbers; a capacity may be missing (no limit)."""
    frame = sites.loc[:, list(SITE_COLUMNS)].copy()
    for column in SITE_COLUMNS[1:]:
        frame[column] = id_texts(sites[column])
    frame["tiers"] = sites["tiers"].fillna("").astype("str") if "tiers" in sites else ""
    new = sites["state"].ne("existing")
    for column in ("cost_yuan", "running_yuan"):
        frame[column] = _figures(sites, column, asked=new & (costs and column == "cost_yuan")).fillna(0)
    if capacity is not None and "capacity" not in sites:
        raise DataError("question.no_column", column="capacity", ids=first_ids(sites.index))
    frame["capacity"] = _figures(sites, "capacity", asked=new & False)
    if "least_load" in sites:
        least = _figures(sites, "least_load", asked=new & False).where(new)
        return frame.assign(least_load=least) if least.fillna(0).gt(0).any() else frame
    return frame


def _figures(sites: pd.DataFrame, column: str, *, asked: pd.Series) -> pd.Series:
    if column not in sites:
        if asked.any():
            raise DataError("question.no_column", column=column, ids=first_ids(sites.index[asked]))
        return pd.Series(pd.NA, index=sites.index, dtype="Int64")
    given = sites[column]
    empty = given.map(lambda value: isinstance(value, str) and not value.strip()).astype(bool)
    given = given.astype("object").where(~empty, None) if empty.any() else given
    return whole_figures(given, "question.bad_figure", needed=asked.to_numpy(dtype=bool), column=column)


def conflicting_pairs(frame: pd.DataFrame, groups: Iterable[Iterable[Any]], close: IntArray) -> IntArray:
    """Pairs of positions of which at most one site may be open, in order and each once."""
    pairs = {(int(a), int(b)) for a, b in close}
    listed = as_list(groups)
    if listed is None:
        raise DataError("question.bad_conflict", ids=short_repr(groups))
    for given in listed:
        group = as_list(given)
        if group is None:
            raise DataError("question.bad_conflict", ids=short_repr(given))
        place = frame.index.astype("str").get_indexer(pd.Index([str(i) for i in group], dtype="str"))
        if (place < 0).any() or len(set(place.tolist())) < max(2, len(place)):
            raise DataError("question.bad_conflict", ids=first_ids(group))
        ordered = sorted(place.tolist())
        pairs |= {(a, b) for k, a in enumerate(ordered) for b in ordered[k + 1 :]}
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)


def close_pairs(sites: pd.DataFrame, spacing: Spacing) -> IntArray:
    """Pairs of sites that stand too near each other, one of them new."""
    new = sites["state"].isin(("required", "candidate")).to_numpy()
    pairs = _near_pairs(sites, spacing)
    a, b = pairs[:, 0], pairs[:, 1]
    return pairs[(new[a] & new[b]) if not spacing.existing else (new[a] | new[b])]


def conflicts_of(
    frame: pd.DataFrame, sites: pd.DataFrame, groups: Iterable[Iterable[Any]], spacing: Spacing | None
) -> tuple[IntArray, Apart | None]:
    """Pairs of sites of which at most one may be open, by rule or for want of distance, and how far apart they are."""
    by_rule = conflicting_pairs(frame, groups, NO_PAIRS)
    if spacing is None:
        return by_rule, None
    pairs = conflicting_pairs(frame, (), np.vstack([by_rule, close_pairs(sites, spacing)]))
    return pairs, _how_far_apart(sites, spacing, pairs, by_rule)


def _how_far_apart(sites: pd.DataFrame, spacing: Spacing, pairs: IntArray, by_rule: IntArray) -> Apart:
    """The metres between the sites of each pair; NaN for those that are a pair by rule."""
    (a, b), (c, d) = pairs.T, by_rule.T
    ruled = np.isin(a * len(sites) + b, c * len(sites) + d)
    return Apart(float(spacing.metres), np.where(ruled, np.nan, _metres(sites, spacing, pairs)))


def _metres(sites: pd.DataFrame, spacing: Spacing, pairs: IntArray) -> FloatArray:
    a, b = pairs.T
    if spacing.distances is None:
        xy = _xy(sites)
        apart: FloatArray = np.hypot(*(xy[a] - xy[b]).T)
        return apart
    table = _table_of(sites, spacing.distances)
    metres: FloatArray = np.minimum(table[a, b], table[b, a])
    return metres


def _xy(sites: pd.DataFrame) -> FloatArray:
    return np.column_stack([_metres_along(sites[axis]) for axis in ("x", "y")])


def _metres_along(column: pd.Series) -> FloatArray:
    found, strange = as_figures(column)
    bad = sorted({*np.flatnonzero(~(abs(found) < LARGEST)).tolist(), *strange})
    if bad:
        first = bad[0]
        why = strange.get(first, "missing" if np.isnan(found[first]) else "large")
        detail = cell_said(column.index[first], column.name, column.iloc[first], why)
        raise DataError("question.bad_figure", column="x, y", ids=first_ids(column.index[bad]), detail=detail)
    return found


def _table_of(sites: pd.DataFrame, given: Any) -> FloatArray:
    if isinstance(given, pd.DataFrame):
        given = _of_sites(_of_sites(given, sites.index).T, sites.index).T
    metres, strange = figure_table(given)
    if metres.shape != (len(sites), len(sites)):
        raise DataError("question.bad_distances", sites=len(sites), shape=" x ".join(map(str, metres.shape)), detail="")
    bad = sorted({*np.flatnonzero(~(metres.ravel() >= 0)).tolist(), *strange})
    if bad:
        row, column = divmod(bad[0], len(sites))
        why = strange.get(bad[0], "negative" if metres[row, column] < 0 else "missing")
        held = given.iat[row, column] if isinstance(given, pd.DataFrame) else given[row][column]
        detail = cell_said(sites.index[row], sites.index[column], held, why)
        shape = " x ".join(map(str, metres.shape))
        raise DataError("question.bad_distances", sites=len(sites), shape=shape, detail=detail)
    return metres


def _near_pairs(sites: pd.DataFrame, spacing: Spacing) -> IntArray:
    if spacing.distances is None:
        if not {"x", "y"} <= set(sites.columns):
            raise DataError("question.no_column", column="x, y", ids=first_ids(sites.index))
        tree = cKDTree(_xy(sites))
        limits.check("near_pairs", int(tree.count_neighbors(tree, spacing.metres)) // 2, of="min_distance_m")
        pairs = np.sort(tree.query_pairs(spacing.metres, output_type="ndarray").astype(np.int64), axis=1)
        return np.asarray(pairs[_metres(sites, spacing, pairs) < spacing.metres], dtype=np.int64)
    metres = _table_of(sites, spacing.distances)
    return np.argwhere(np.triu(np.minimum(metres, metres.T) < spacing.metres, k=1)).astype(np.int64)


def _of_sites(distances: pd.DataFrame, sites: pd.Index) -> pd.DataFrame:
    """The rows of these sites, by id; in their order where the rows are only numbered, and no site has such an id."""
    if goes_by_row(distances.index, sites):
        return distances
    index = distances.index.astype("str")
    if not index.is_unique:
        raise DataError("question.named_twice", table="distances", ids=first_ids(index[index.duplicated()].unique()))
    return distances.set_axis(index).reindex(sites.astype("str"))
