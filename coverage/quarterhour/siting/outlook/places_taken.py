"""Where everybody goes under a choice of sites: the nearest, or the one that has room for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quarterhour.base.arrays import BoolArray, IntArray, ragged
from quarterhour.base.errors import DataError, first_ids
from quarterhour.siting.methods.capacity.transportation import least_time_flow
from quarterhour.siting.methods.median.median_instance import build_median_instance
from quarterhour.siting.question.evaluate import Measure
from quarterhour.siting.question.fingerprint import input_hash
from quarterhour.siting.question.ids import positions
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.question.site_limits import count_limits

NOWHERE = -1
"""In place of a site: none is within the standard, or none has room."""
OpenSites = SitingPlan | Iterable[str] | None
"""Which sites of a question are open: those of its plan, those named by id, or (None) those that stand."""
_ELSEWHERE, _AWAY = 2**30, 2**44
"""What it weighs to go to another site, and to go to none: each more than any chain of what is below it."""


@dataclass(frozen=True, eq=False)
class PlacesTaken:
    """Parts of communities by where they go, in the order of communities: all of the people are in it.

    ``row``, ``site`` (``NOWHERE``), ``people``, ``cs``: the community, its site, how many, and how far (0 to nowhere).
    ``opened``: which sites are open. ``whole``: each community is one part.
    """

    row: IntArray
    site: IntArray
    people: IntArray
    cs: IntArray
    opened: BoolArray
    whole: bool

    def renumbered(self, rows: IntArray, sites: IntArray, *, of: int) -> PlacesTaken:
        """The same with other numbers for communities and for sites, of which there are so many."""
        row, opened = rows[self.row], np.zeros(of, dtype=np.bool_)
        opened[sites[self.opened]] = True
        site = np.where(self.site == NOWHERE, NOWHERE, sites[self.site])
        at = np.lexsort((site, row))
        return PlacesTaken(row[at], site[at], self.people[at], self.cs[at], opened, self.whole)


def both_taken(
    old: SitingProblem, before: OpenSites, new: SitingProblem, after: OpenSites, order: IntArray
) -> tuple[PlacesTaken, PlacesTaken]:
    """Where everybody goes before and after, each in the numbers of its own question.

    ``order``: the place of each community of the old question in the new one. A choice without a plan is held against
    the other one: whoever can keep a place keeps it.
    """
    if isinstance(before, SitingPlan) and not isinstance(after, SitingPlan):
        first = places_taken(old, before)
        return first, places_taken(new, after, like=_told_in(first, new, old, order))
    second = places_taken(new, after)
    return places_taken(old, before, like=_told_in(second, old, new, np.argsort(order))), second


def _told_in(taken: PlacesTaken, problem: SitingProblem, own: SitingProblem, rows: IntArray) -> PlacesTaken:
    """The same in the numbers of another question; a site that it lacks has the number behind its last."""
    place = np.asarray(problem.sites.index.get_indexer(own.sites.index), dtype=np.int64)
    return taken.renumbered(rows, np.where(place < 0, len(problem.sites), place), of=len(problem.sites) + 1)


def places_taken(problem: SitingProblem, choice: OpenSites, *, like: PlacesTaken | None = None) -> PlacesTaken:
    """Where everybody goes: by a plan, with the sites open that are named, or (None) with those that stand.

    DataError where the plan answers another question, or none does, or nobody says who is served.
    """
    if isinstance(choice, SitingPlan):
        return _of_plan(problem, choice)
    opened = problem.existing.copy()
    if choice is not None:
        opened = np.isin(np.arange(len(problem.sites)), positions(choice, problem.sites.index))
    if problem.capacity is None:
        return _nearest(problem, opened)
    if not problem.capacity.split:
        raise DataError("change.who_is_served", problem=problem.id)
    return _with_rest(problem, opened, *_shared_out(problem, opened, like))


def _of_plan(problem: SitingProblem, plan: SitingPlan) -> PlacesTaken:
    if plan.status in ("infeasible", "no_plan"):
        raise DataError("change.no_plan", plan=plan.problem_id, status=plan.status)
    if plan.input_hash != input_hash(problem):
        raise DataError("phasing.other_question", plan=plan.problem_id, problem=problem.id)
    opened = problem.existing | np.isin(np.arange(len(problem.sites)), positions(plan.chosen, problem.sites.index))
    if plan.served is None:
        return _nearest(problem, opened)
    row = np.asarray(problem.demand.index.get_indexer(pd.Index(plan.served["community"])), dtype=np.int64)
    site = np.asarray(problem.sites.index.get_indexer(pd.Index(plan.served["site"])), dtype=np.int64)
    cs = _centiseconds(problem, row, site)
    return _with_rest(problem, opened, row, site, plan.served["people"].to_numpy(dtype=np.int64), cs)


def _nearest(problem: SitingProblem, opened: BoolArray) -> PlacesTaken:
    found, people = Measure(problem).scan(opened), problem.people_of[""]
    site = np.where(found.share > 0, found.nearest, NOWHERE)
    cs = np.where(site == NOWHERE, 0, found.far)
    return PlacesTaken(np.arange(len(people), dtype=np.int64), site, people, cs, opened, whole=True)


def _shared_out(
    problem: SitingProblem, opened: BoolArray, like: PlacesTaken | None
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Most people at a place of some sites: community, site, people, centiseconds.

    Of all ways that place most, one in which most of those find a place who do in ``like``, then most at the same site,
    then in the least time. (Whom a network can place are a matroid, so that both weights are met at once.)
    """
    near, people = problem.near.only(opened[problem.near.site]), problem.people_of[""]
    parts = (np.arange(len(people)), np.full(len(people), NOWHERE), people)
    community, stays, people = parts if like is None else (like.row, like.site, like.people)
    count = np.diff(near.start)[community]
    part, pair = ragged(near.start[community], count)
    cost = near.cs[pair] + np.where(near.site[pair] == stays[part], 0, _ELSEWHERE)
    start = np.r_[0, np.cumsum(count)].astype(np.int64)
    away = np.where(stays == NOWHERE, _AWAY, 2 * _AWAY)
    free = count_limits(len(problem.sites))
    median = build_median_instance(people, (start, near.site[pair], cost), free, otherwise=away)
    flow = least_time_flow(median, np.minimum(problem.room, people.sum()), np.flatnonzero(opened).astype(np.int64))
    row = community[np.repeat(median.rows, np.diff(median.start))]
    site, some = median.site.astype(np.int64), flow.people > 0
    table = pd.DataFrame({"row": row[some], "site": site[some], "people": flow.people[some]})
    sums = table.groupby(["row", "site"], as_index=False)["people"].sum()
    row, site = sums["row"].to_numpy(dtype=np.int64), sums["site"].to_numpy(dtype=np.int64)
    return row, site, sums["people"].to_numpy(dtype=np.int64), _centiseconds(problem, row, site)


def _centiseconds(problem: SitingProblem, row: IntArray, site: IntArray) -> IntArray:
    """How far it is to the site that serves each part; DataError where it is not within the standard."""
    near, count = problem.near, len(problem.sites)
    key = near.row * count + near.site
    order = np.argsort(key, kind="stable")
    wanted = row * count + site
    at = order[np.minimum(np.searchsorted(key[order], wanted), len(order) - 1)] if len(order) else order[:0]
    wrong = (row < 0) | (site < 0) if len(order) else np.ones(len(row), dtype=np.bool_)
    if len(order):
        wrong = wrong | (key[at] != wanted)
    if wrong.any():
        raise DataError("change.served_too_far", problem=problem.id, ids=first_ids(problem.demand.index[row[wrong]]))
    return near.cs[at].astype(np.int64)


def _with_rest(
    problem: SitingProblem, opened: BoolArray, row: IntArray, site: IntArray, people: IntArray, cs: IntArray
) -> PlacesTaken:
    """The parts that are served, and what is left of each community."""
    demand = problem.people_of[""]
    count = len(demand)
    parts, got = np.bincount(row, minlength=count), np.bincount(row, people, count).astype(np.int64)
    whole = problem.capacity is not None and not problem.capacity.split and int(parts.max(initial=0)) <= 1
    rest = np.flatnonzero(parts == 0 if whole else got < demand)
    kept = np.ones(len(people), dtype=np.bool_) if whole else people > 0
    rows, sites = np.append(row[kept], rest), np.append(site[kept], np.full(len(rest), NOWHERE, dtype=np.int64))
    many, far = np.append(people[kept], (demand - got)[rest]), np.append(cs[kept], np.zeros(len(rest), dtype=np.int64))
    at = np.lexsort((sites, rows))
    return PlacesTaken(rows[at], sites[at], many[at], far[at], opened, whole)


def same_people_paired(first: PlacesTaken, second: PlacesTaken) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """The same people before and after: community, part before, part after, how many.

    Who can stay stays: of a community as many as go to one site both times, or find a place neither time. So nobody
    of a community gains while another of it loses. The others go in the order of the sites, to none last.
    """
    width = max(int(p.site.max(initial=0)) for p in (first, second)) + 2
    old_key, new_key = (p.row * width + (p.site + 1) for p in (first, second))
    _, a, b = np.intersect1d(old_key, new_key, assume_unique=True, return_indices=True)
    stay = np.minimum(first.people[a], second.people[b])
    left = []
    for part, at in ((first, a), (second, b)):
        rest = part.people.copy()
        rest[at] -= stay
        others = np.lexsort((part.site, part.site == NOWHERE, part.row))
        others = others[rest[others] > 0]
        left.append((others, np.cumsum(rest[others])))
    (old, old_end), (new, new_end) = left
    ends = np.union1d(old_end, new_end)
    old, new = old[np.searchsorted(old_end, ends)], new[np.searchsorted(new_end, ends)]
    before, after = np.append(a, old), np.append(b, new)
    people = np.append(stay, np.diff(ends, prepend=0))
    some = people > 0
    return first.row[before[some]], before[some], after[some], people[some]
