"""Candidates that can be built in one of several sizes: a site a size, at most one of a place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.base.errors import DataError, first_ids
from quarterhour.siting.question.figures import short_repr, whole_figures
from quarterhour.siting.question.problem import Apart, SitingProblem

LEVEL_FIGURES = ("cost_yuan", "running_yuan")
BEFORE_SIZE = "@"
"""Between the id of a place and the capacity of a level."""


def level_ids(sites: Sequence[object], capacity: Sequence[object]) -> list[str]:
    """The id of each level: that of its place, and what it holds."""
    return [f"{site}{BEFORE_SIZE}{size}" for site, size in zip(sites, capacity, strict=True)]


def level_names(names: Sequence[str], sites: Sequence[object], capacity: Sequence[object]) -> list[str]:
    """What each level is called: as its place, and what it holds."""
    return [f"{name or site} ({int(str(size)):,})" for name, site, size in zip(names, sites, capacity, strict=True)]


def with_levels(problem: SitingProblem, levels: pd.DataFrame) -> SitingProblem:
    """The question in which some candidates can be built in one of several sizes, each with its own cost.

    Each level is a candidate of its own at the same place, called ``PLACE@CAPACITY``, and at most one of a place is
    open: a group of conflicts. It counts as one new site, and in quotas as one. All else (times, area, tiers, conflicts
    with others) is that of its place.

    Parameters
    ----------
    problem : a question with a capacity.
    levels : a row a level, indexed by the id of the place, which is a candidate or a site that may be upgraded:
        ``capacity``, whole and different for each level of a place; ``cost_yuan`` and ``running_yuan`` where they
        differ from those of the place. Places that it does not name have the one size that they have.

    Returns
    -------
    A ``SitingProblem`` of its own; the one that was given stays as it is.

    Raises
    ------
    DataError : the question has no capacity, a place is not one that may be built or left, or a figure is no whole
        number.

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> sites = pd.DataFrame({"capacity": [0, 50], "cost_yuan": [0, 90]}, index=["a", "b"])
    >>> problem = qh.siting_from_matrix([[5, 9], [9, 5]], [70, 60], sites=sites, new_sites=2, budget=250,
    ...                                 capacity=qh.siting.Capacity(split=True))
    >>> sizes = pd.DataFrame({"capacity": [40, 80], "cost_yuan": [100, 150]}, index=["a", "a"])
    >>> plan = qh.solve_siting(qh.siting.with_levels(problem, sizes))
    >>> plan.chosen, plan.value
    (('a@80', 'b'), 130.0)
    """
    if problem.capacity is None:
        raise DataError("levels.no_capacity")
    table = _checked(problem, levels)
    place, row = _order(problem, table)
    sites = problem.sites.iloc[place].copy()
    new = row >= 0
    ids = sites.index.astype("str").to_numpy(dtype=object)
    held = table["capacity"].to_numpy()[row[new]]
    names = level_names(list(sites["name"][new]), list(ids[new]), list(held))
    ids[new] = level_ids(list(ids[new]), list(held))
    sites.index = pd.Index(ids, name=problem.sites.index.name, dtype="str")
    if not sites.index.is_unique:
        raise DataError("question.site_again", ids=first_ids(sites.index[sites.index.duplicated()]))
    sites.loc[new, "name"] = names
    for column in ("capacity", *(c for c in LEVEL_FIGURES if c in table)):
        sites.loc[new, column] = table[column].to_numpy()[row[new]]
    conflicts, metres = _conflicts(problem, place)
    apart = None if problem.apart is None else Apart(problem.apart.least, metres)
    times = problem.times.repeated(place, sites.index)
    return replace(problem, sites=sites, times=times, conflicts=conflicts, apart=apart)


def _checked(problem: SitingProblem, levels: pd.DataFrame) -> pd.DataFrame:
    """The levels with whole figures; DataError for what is none."""
    if not isinstance(levels, pd.DataFrame) or "capacity" not in levels:
        raise DataError("levels.no_table", came=short_repr(levels))
    table = pd.DataFrame(levels).set_axis(levels.index.astype("str"))
    free = problem.sites.index[problem.free]
    strange = table.index[~table.index.isin(free)].unique()
    if len(strange):
        raise DataError("levels.not_free", ids=first_ids(strange))
    figures = {
        c: whole_figures(table[c], "levels.bad_figure", column=c) for c in ("capacity", *LEVEL_FIGURES) if c in table
    }
    made = pd.DataFrame({c: column.astype("int64").to_numpy() for c, column in figures.items()}, index=table.index)
    twice = made.index[pd.MultiIndex.from_arrays([made.index, made["capacity"]]).duplicated()].unique()
    if len(twice):
        raise DataError("levels.twice", ids=first_ids(twice))
    return made


def _order(problem: SitingProblem, table: pd.DataFrame) -> tuple[IntArray, IntArray]:
    """Of each new row its place among the sites, and its row among the levels (-1: the place as it is)."""
    where = problem.sites.index.get_indexer(table.index)
    found: list[tuple[int, int]] = []
    for place in range(len(problem.sites)):
        own = sorted(np.flatnonzero(where == place).tolist(), key=lambda row: int(table["capacity"].iloc[row]))
        found += [(place, row) for row in own] or [(place, -1)]
    made = np.array(found, dtype=np.int64).reshape(-1, 2)
    return made[:, 0], made[:, 1]


def _conflicts(problem: SitingProblem, place: IntArray) -> tuple[IntArray, FloatArray]:
    """Pairs of levels of which one may be open: those of one place, and those of places that were one; their metres."""
    rows = [np.flatnonzero(place == k).tolist() for k in range(len(problem.sites))]
    metres = dict.fromkeys(_within(rows), np.nan)
    apart = np.full(len(problem.conflicts), np.nan) if problem.apart is None else problem.apart.metres
    for (a, b), far in zip(problem.conflicts.tolist(), apart.tolist(), strict=True):
        metres |= {(min(i, j), max(i, j)): far for i in rows[a] for j in rows[b]}
    pairs = sorted(metres)
    return np.array(pairs, dtype=np.int64).reshape(-1, 2), np.array([metres[pair] for pair in pairs], dtype=np.float64)


def _within(rows: Sequence[Sequence[int]]) -> Iterator[tuple[int, int]]:
    for own in rows:
        yield from ((a, b) for k, a in enumerate(own) for b in own[k + 1 :])
