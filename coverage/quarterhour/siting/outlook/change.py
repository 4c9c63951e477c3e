"""What a change of sites means for people: who gains, who loses, who goes elsewhere, and who is worst off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.base.cells import texts
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE
from quarterhour.base.errors import DataError, first_ids
from quarterhour.siting.outlook.places_taken import NOWHERE, OpenSites, PlacesTaken, both_taken, same_people_paired
from quarterhour.siting.question.figures import is_whole, short_repr
from quarterhour.siting.question.problem import AREA_LEVELS, SitingProblem

Stand = tuple[SitingProblem, OpenSites]
"""A question, and which of its sites are open."""
MOST_WORST = 10
COUNTS = ("people", "before", "after", "gained", "lost", "stayed", "moved", "unserved", "nearer", "farther")
SUMS = ("minutes_nearer", "minutes_farther")


@dataclass(frozen=True, eq=False)
class PlanChange:
    """Who gains and who loses between two choices of sites, to the person.

    ``unit``, ``placed``: as a ``SitingPlan`` has them, of what comes after. ``sites_needed``: how many sites must be
    near for somebody to be covered. ``opened``, ``closed``: sites that are open only after, only before.
    ``same_times``: whether both go by the same minutes to the sites that both have; where not, roads or speeds are
    part of the change.
    ``groups``: a row a column of people, first "" (the people who count): ``people`` in all, covered ``before`` and
    ``after``; ``gained`` (covered now, not before), ``lost``, ``stayed`` (at the same site), ``moved`` (to another),
    ``unserved`` (neither before nor after), which five come to ``people``; ``nearer`` and ``farther`` of those covered
    both times, and ``minutes_nearer``, ``minutes_farther``: by how many minutes, all of them together. Where people of
    a community are shared out among sites, other columns count communities that are served whole, and what would
    part them is missing.
    ``areas``: the same of the people who count, with ``level`` and ``area`` (town, county; "" where not known).
    ``worst``: by community id the worst off after: who is not covered, first those who were, then most people; then
    the farthest. ``name, town, county, people, left_out`` (of them, not covered after), ``minutes_before``,
    ``minutes_after``: missing where no site is within the standard (or none has room for all of them).
    ``moves``: who goes elsewhere, a row a pair of sites, most people first: ``from_site, from_name, to_site, to_name``
    ("": to none), ``people, communities``.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=10, new_sites=1, existing=[0])
    >>> change = qh.compare_plans((problem, ["0"]), (problem, ["1"]))
    >>> change.people("lost"), change.opened, change.closed
    (60, ('1',), ('0',))
    """

    unit: str
    placed: bool
    sites_needed: int
    opened: tuple[str, ...]
    closed: tuple[str, ...]
    same_times: bool
    groups: pd.DataFrame
    areas: pd.DataFrame
    worst: pd.DataFrame
    moves: pd.DataFrame

    def people(self, count: str) -> int:
        """One of ``COUNTS`` of the people who count."""
        return int(self.groups[count].iloc[0])

    def __repr__(self) -> str:
        said = ", ".join(f"{self.people(c):,} {c}" for c in ("gained", "lost", "moved", "stayed", "unserved"))
        return f"<PlanChange of {self.people('people'):,} {self.unit}: {said}>"


def compare_plans(
    before: Stand, after: Stand, *, names: pd.Series | Mapping[str, str] | None = None, most: int = MOST_WORST
) -> PlanChange:
    """Who gains and who loses when one choice of sites takes the place of another, and who goes where.

    Each choice is a question and which of its sites are open: its plan; ids of all that are open, as for a closure or
    a move of a site that stands; or None for the sites that stand. Both questions ask of the same communities and
    people; sites, standard and rules may differ. ``read_record`` gives such a pair.

    Somebody goes to the nearest open site, or, where sites have a capacity, to the one where the plan places them.
    Of a choice without a plan nobody knows who has the places: as many as can have one, whoever has one by the other
    choice before others, and at the same site where that can be. Where communities go undivided a plan must say it.

    Parameters
    ----------
    before, after : as ``(problem, plan)``, ``(problem, ids)`` or ``(problem, None)``.
    names : of communities, by id.
    most : how many of the worst-off communities are named.

    Returns
    -------
    A ``PlanChange``: counts of people by group and area, who goes where, who is worst off.

    Raises
    ------
    DataError : the people are not the same; a plan answers another question, or there is none; a site is not known;
        ``most`` is no whole number.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [50, 30, 20], within=10, new_sites=1, existing=[0])
    >>> qh.compare_plans((problem, None), (problem, qh.solve_siting(problem)))
    <PlanChange of 100 people: 50 gained, 0 lost, 0 moved, 50 stayed, 0 unserved>
    >>> qh.compare_plans((problem, ["0"]), (problem, ["1"]))
    <PlanChange of 100 people: 50 gained, 50 lost, 0 moved, 0 stayed, 0 unserved>
    """
    if not is_whole(most):
        raise DataError("change.bad_most", most=short_repr(most))
    old, new = (_question(given, what) for given, what in ((before, "before"), (after, "after")))
    order = _same_communities(old, new)
    sites = old.sites.index.union(new.sites.index, sort=False)
    first, second = both_taken(old, before[1], new, after[1], order)
    first = first.renumbered(np.arange(len(order)), sites.get_indexer(old.sites.index), of=len(sites))
    second = second.renumbered(np.argsort(order), sites.get_indexer(new.sites.index), of=len(sites))
    pairs = _Pairs.of(old, first, second)
    return PlanChange(
        unit=new.unit,
        placed=new.capacity is not None,
        sites_needed=new.enough,
        opened=tuple(map(str, sites[second.opened & ~first.opened])),
        closed=tuple(map(str, sites[first.opened & ~second.opened])),
        same_times=_same_times(old, new, order),
        groups=_groups(pairs, old, new, order),
        areas=_areas(pairs, old, new, order),
        worst=_worst(pairs, _areas_of(old, new, order), names, most),
        moves=_moves(pairs, sites, [new.sites["name"], old.sites["name"]]),
    )


# --- what is compared -----------------------------------------------------------------------------


def _question(given: Stand, what: str) -> SitingProblem:
    if not (isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], SitingProblem)):
        raise DataError("question.bad_kind", what=what, wanted="(SitingProblem, SitingPlan)", came=short_repr(given))
    return given[0]


def _same_communities(old: SitingProblem, new: SitingProblem) -> IntArray:
    """The place of each community of the first question in the second; DataError where people differ."""
    order = np.asarray(new.demand.index.get_indexer(old.demand.index), dtype=np.int64)
    alone = old.demand.index.symmetric_difference(new.demand.index, sort=False)
    if len(alone):
        raise DataError("change.other_communities", ids=first_ids(alone))
    for column in ("", *_columns(old, new)):
        other = old.people_of[column] != new.people_of[column][order]
        if other.any():
            ids = first_ids(old.demand.index[other])
            raise DataError("change.other_people", column=column or new.unit, ids=ids)
    return order


def _columns(old: SitingProblem, new: SitingProblem) -> list[str]:
    """Columns of people that both questions have."""
    return [str(c) for c in new.people if c in old.people]


def _same_times(old: SitingProblem, new: SitingProblem, order: IntArray) -> bool:
    """Whether minutes within both standards to the sites that both have are the same."""
    if old.times is new.times:
        return True
    both = np.asarray(old.sites.index.get_indexer(new.sites.index), dtype=np.int64)
    here, limit = np.argsort(order), np.minimum(old.limit_cs, new.limit_cs[order])
    found = []
    for problem, row_of, site_of in ((old, None, None), (new, here, both)):
        row, site, cs = problem.pairs.row, problem.pairs.site.astype(np.int64), problem.pairs.cs
        row, site = (row, site) if row_of is None or site_of is None else (row_of[row], site_of[site])
        known = np.isin(site, both[both >= 0]) & (site >= 0)
        known &= cs <= limit[row]
        key = (row * len(old.sites) + site)[known]
        at = np.argsort(key, kind="stable")
        found.append((key[at], cs[known][at]))
    return all(np.array_equal(a, b) for a, b in zip(*found, strict=True))


# --- who goes where -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Pairs:
    """People by where they went and where they go, as positions (``NOWHERE``: to no site), with the centiseconds.

    ``whole``: each community is one row and in its place, so that any column of people can be counted.
    """

    community: pd.Index
    demand: IntArray
    row: IntArray
    before: IntArray
    after: IntArray
    people: IntArray
    cs_before: IntArray
    cs_after: IntArray
    whole: bool

    @classmethod
    def of(cls, problem: SitingProblem, first: PlacesTaken, second: PlacesTaken) -> _Pairs:
        people = problem.people_of[""]
        whole = first.whole and second.whole
        if whole:
            row = old = new = np.arange(len(people))
            count = people
        else:
            row, old, new, count = same_people_paired(first, second)
        return cls(
            problem.demand.index, people, row, first.site[old], second.site[new], count, first.cs[old], second.cs[new],
            whole,
        )  # fmt: skip

    def counts(self, of: IntArray, code: IntArray, groups: int) -> dict[str, IntArray]:
        """``COUNTS`` and ``SUMS`` (people times centiseconds) by code; ``of``: the people of each row."""
        was, is_ = self.before != NOWHERE, self.after != NOWHERE
        same, both = self.before == self.after, was & is_
        saved = np.where(both, self.cs_before - self.cs_after, 0)
        some: dict[str, BoolArray] = {
            "people": np.ones(len(of), dtype=np.bool_), "before": was, "after": is_, "gained": is_ & ~was,
            "lost": was & ~is_, "stayed": both & same, "moved": both & ~same, "unserved": ~was & ~is_,
            "nearer": saved > 0, "farther": saved < 0,
        }  # fmt: skip
        made = {name: _sums(of * mask, code, groups) for name, mask in some.items()}
        made["minutes_nearer"] = _sums(of * np.maximum(saved, 0), code, groups)
        made["minutes_farther"] = _sums(of * np.maximum(-saved, 0), code, groups)
        return made


def _sums(values: IntArray, code: IntArray, groups: int) -> IntArray:
    sums = np.zeros(groups, dtype=np.int64)
    np.add.at(sums, code, values)
    return sums


def _minutes(cs: IntArray) -> FloatArray:
    return cs / CENTISECONDS_PER_MINUTE


def _counted(rows: Mapping[str, IntArray]) -> pd.DataFrame:
    whole = {name: rows[name] for name in COUNTS}
    return pd.DataFrame({**whole, **{name: _minutes(rows[name]) for name in SUMS}})


def _groups(pairs: _Pairs, old: SitingProblem, new: SitingProblem, order: IntArray) -> pd.DataFrame:
    columns, none = ["", *_columns(old, new)], np.zeros(len(pairs.row), dtype=np.int64)
    rows = [_counted(pairs.counts(pairs.people, none, 1))]
    for column in columns[1:]:
        people = new.people_of[column][order]
        if pairs.whole:
            rows.append(_counted(pairs.counts(people, none, 1)))
        elif np.array_equal(people, pairs.demand):
            rows.append(rows[0])
        else:
            rows.append(_served_whole(pairs, people))
    made = pd.concat(rows, ignore_index=True).set_axis(pd.Index(columns, name="group"))
    return made.astype(dict.fromkeys(COUNTS, "Int64"))


def _served_whole(pairs: _Pairs, people: IntArray) -> pd.DataFrame:
    """Of people who are shared out, another column: by communities that are served whole before and after."""
    count = len(pairs.community)
    was, is_ = (
        (_sums(np.where(site == NOWHERE, pairs.people, 0), pairs.row, count) == 0) & (pairs.demand > 0)
        for site in (pairs.before, pairs.after)
    )
    known = {"people": np.ones(count, dtype=np.bool_), "before": was, "after": is_, "gained": is_ & ~was,
             "lost": was & ~is_, "unserved": ~was & ~is_}  # fmt: skip
    row: dict[str, object] = {name: int(people[mask].sum()) for name, mask in known.items()}
    return pd.DataFrame([{name: row.get(name, pd.NA if name in COUNTS else np.nan) for name in (*COUNTS, *SUMS)}])


def _areas_of(old: SitingProblem, new: SitingProblem, order: IntArray) -> pd.DataFrame:
    """Town and county of each community, of the later question where it knows them."""
    made = new.areas.iloc[order]
    return pd.DataFrame({v: made[v].where(made[v].ne(""), old.areas[v].to_numpy()) for v in AREA_LEVELS})


def _areas(pairs: _Pairs, old: SitingProblem, new: SitingProblem, order: IntArray) -> pd.DataFrame:
    made, known = [], _areas_of(old, new, order)
    for level in AREA_LEVELS:
        named = known[level]
        if not named.ne("").any():
            continue
        code, areas = pd.factorize(named, sort=True)
        table = _counted(pairs.counts(pairs.people, code[pairs.row].astype(np.int64), len(areas)))
        table.insert(0, "area", areas.to_numpy())
        table.insert(0, "level", level)
        made.append(table)
    none = pd.DataFrame(columns=["level", "area", *COUNTS, *SUMS])
    return pd.concat(made, ignore_index=True) if made else none


def _worst(pairs: _Pairs, areas: pd.DataFrame, names: pd.Series | Mapping[str, str] | None, most: int) -> pd.DataFrame:
    count = len(pairs.community)
    left, was_left = (
        _sums(np.where(site == NOWHERE, pairs.people, 0), pairs.row, count) for site in (pairs.after, pairs.before)
    )
    far = {name: np.zeros(count, dtype=np.int64) for name in ("before", "after")}
    np.maximum.at(far["before"], pairs.row, pairs.cs_before)
    np.maximum.at(far["after"], pairs.row, pairs.cs_after)
    out, lost = left > 0, (left > 0) & (was_left < left)
    rank = np.lexsort((
        np.arange(count), -pairs.demand, far["before"] - far["after"], np.where(out, -left, -far["after"]), ~lost, ~out,
    ))  # fmt: skip
    rank = rank[pairs.demand[rank] > 0][:most]
    ids = pairs.community[rank]
    known = pd.Series(names if names is not None else {}, dtype="object")
    return pd.DataFrame({
        "name": texts(known.reindex(ids)).to_numpy(),
        **{level: areas[level].to_numpy()[rank] for level in AREA_LEVELS},
        "people": pairs.demand[rank],
        "left_out": left[rank],
        "minutes_before": np.where(was_left[rank] > 0, np.nan, _minutes(far["before"][rank])),
        "minutes_after": np.where(out[rank], np.nan, _minutes(far["after"][rank])),
    }, index=ids.rename("community"))  # fmt: skip


def _moves(pairs: _Pairs, sites: pd.Index, names: Iterable[pd.Series]) -> pd.DataFrame:
    some = (pairs.before != pairs.after) & (pairs.people > 0)
    gone = pd.DataFrame({c: v[some] for c, v in (("from", pairs.before), ("to", pairs.after), ("people", pairs.people),
                                                 ("row", pairs.row))})  # fmt: skip
    table = gone.groupby(["from", "to"], as_index=False).agg(people=("people", "sum"), communities=("row", "nunique"))
    table = table.sort_values(["people", "from", "to"], ascending=[False, True, True], kind="stable")
    known = reduce(pd.Series.combine_first, (n.where(n.ne("")) for n in names)).reindex(sites)
    ids = np.array([*map(str, sites), ""], dtype=object)
    called = np.array([*texts(known), ""], dtype=object)
    made: dict[str, Any] = {}
    for end in ("from", "to"):
        place = table[end].to_numpy(dtype=np.int64)
        made |= {f"{end}_site": ids[place], f"{end}_name": called[place]}
    return pd.DataFrame({**made, "people": table["people"].to_numpy(), "communities": table["communities"].to_numpy()})
