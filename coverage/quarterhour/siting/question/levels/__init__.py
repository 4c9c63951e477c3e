"""Candidates that can be built in one of several sizes: a site a size, at most one of a place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from quarterhour.base.arguments import takes
from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.base.errors import DataError, first_ids
from quarterhour.siting.question.figures import short_repr, whole_figures
from quarterhour.siting.question.problem import Apart, SitingProblem
from quarterhour.siting.question.rules import Quota

LEVEL_FIGURES = ("cost_yuan", "running_yuan")
BEFORE_SIZE = "@"
"""Between the id of a place and the capacity of a level."""
PLACE = "place"
"""The column of the sites that names the place of which each is a size; "" for a site that is a place of its own. By
it a quota asks for one size of each place that must be built."""


def level_ids(sites: Sequence[object], capacity: Sequence[object]) -> list[str]:
    """The id of each level: that of its place, and what it holds."""
    return [f"{site}{BEFORE_SIZE}{size}" for site, size in zip(sites, capacity, strict=True)]


def level_names(names: Sequence[str], sites: Sequence[object], capacity: Sequence[object]) -> list[str]:
    """What each level is called: as its place, and what it holds."""
    return [f"{name or site} ({int(str(size)):,})" for name, site, size in zip(names, sites, capacity, strict=True)]


@takes(problem=SitingProblem)
def with_levels(problem: SitingProblem, levels: pd.DataFrame) -> SitingProblem:
    """The question in which some candidates can be built in one of several sizes, each with its own cost.

    Each level is a candidate of its own at the same place, called ``PLACE@CAPACITY``, and at most one of a place is
    open: a group of conflicts. It counts as one new site, and in quotas as one. All else (times, area, tiers, conflicts
    with others) is that of its place. Of a place that must be built exactly one level is open: a quota asks for it.

    Parameters
    ----------
    problem : a question with a capacity.
    levels : a row a level, indexed by the id of the place, which is a candidate, a site that must be built or one that
        may be upgraded: ``capacity``, whole and different for each level of a place; ``cost_yuan`` and
        ``running_yuan`` where they differ from those of the place. Places that it does not name have the one size that
        they have.

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
    several = new & (np.bincount(place, minlength=len(problem.sites))[place] > 1)
    sites["state"] = sites["state"].mask(several & problem.required[place], "candidate")
    made = replace(problem, sites=sites, times=times, conflicts=conflicts, apart=apart)
    own = pd.Series(problem.sites.index.astype("str")[place], sites.index, dtype="str").where(several, "")
    return at_places(made, own, own[several & problem.required[place]])


def at_places(problem: SitingProblem, place: pd.Series, required: Iterable[str]) -> SitingProblem:
    """The question whose sites are sizes of places, of which some must be built: a quota asks for one size of each.

    ``place``: by site the place that it is a size of, "" for one that is a place of its own. The sizes of one place
    rule each other out already, and none of them is ``required`` by itself.
    """
    if not place.ne("").any():
        return problem
    sites, known = problem.sites, {quota.level: quota.areas for quota in problem.quotas}
    before = sites[PLACE] if PLACE in sites else pd.Series("", sites.index)
    own = before.where(before.ne(""), place).astype("str")
    must = tuple(dict.fromkeys([*known.get(PLACE, ()), *required]))
    quotas = [quota for quota in problem.quotas if quota.level != PLACE]
    quotas += [Quota(PLACE, must, 1)] if must else []
    return replace(problem, sites=sites.assign(**{PLACE: own}), quotas=tuple(quotas))


def must_be_built(problem: SitingProblem) -> set[str]:
    """The places of which one size must be built."""
    return {place for quota in problem.quotas if quota.level == PLACE for place in quota.areas}


def without_minima(quotas: Iterable[Quota]) -> tuple[Quota, ...]:
    """Quotas of areas without what they ask for at least; places that must be built stay so."""
    return tuple(
        q if q.level == PLACE else replace(q, minimum=0) for q in quotas if q.level == PLACE or q.maximum is not None
    )


def of_one_place(problem: SitingProblem) -> BoolArray:
    """Which conflicts are between two sizes of one place, of which no rule that gives allows both."""
    if PLACE not in problem.sites:
        return np.zeros(len(problem.conflicts), dtype=np.bool_)
    place = problem.sites[PLACE].to_numpy(dtype=object)[problem.conflicts]
    return np.asarray((place[:, 0] == place[:, 1]) & (place[:, 0] != ""), dtype=np.bool_)


def _checked(problem: SitingProblem, levels: pd.DataFrame) -> pd.DataFrame:
    """The levels with whole figures; DataError for what is none."""
    if not isinstance(levels, pd.DataFrame) or "capacity" not in levels:
        raise DataError("levels.no_table", came=short_repr(levels))
    table = pd.DataFrame(levels).set_axis(levels.index.astype("str"))
    strange = table.index[~table.index.isin(problem.sites.index[~problem.existing])].unique()
    if len(strange):
        raise DataError("levels.stands", ids=first_ids(strange))
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
