"""Questions of who goes where: least time, people and then time, communities served whole, room and quotas."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks import siting_peers as peers
from benchmarks.siting_covered import count_covered, cover_program
from benchmarks.siting_lands import NEAR_CS, Array, Land
from benchmarks.siting_peers import Found
from benchmarks.siting_questions import (
    Question,
    Stage,
    as_program,
    at_most,
    left_of,
    opened_in,
    planned,
    right_of,
    size_told,
)
from quarterhour.siting.methods.solver.program import Program
from quarterhour.siting.question.rules import Capacity, Quota

INF = math.inf


def min_time(land: Land, new_sites: int) -> Question:
    """The fewest people-minutes to the nearest of so many sites (p-median); every site is near to all."""

    def count(founds: list[Found]) -> tuple[int, ...]:
        opened = opened_in(land, founds[-1])
        table = land.cs.reshape(land.rows, land.sites)
        return (int(land.people @ table[:, opened].min(axis=1).astype(np.int64)),)

    def spopt(seconds: float) -> Found:
        return peers.spopt_min_time(land.matrix(far=INF), land.people, new_sites, seconds)

    return Question(
        ("min-time",), planned(land, ["min-time"], new_sites=new_sites), [lambda _: served_program(land, new_sites)],
        count, spopt, told=size_told(land, new_sites),
    )  # fmt: skip


def people_then_time(land: Land, new_sites: int) -> Question:
    """The most people, then the fewest people-minutes; who is not covered counts as just at the standard."""

    def second(founds: list[Found]) -> Program:
        return served_program(land, new_sites, covered=count_covered(land, founds)[0] // 100)

    def count(founds: list[Found]) -> tuple[int, ...]:
        opened = opened_in(land, founds[-1])
        near = land.near.tocsc()[:, opened].tocoo()
        best = np.full(land.rows, NEAR_CS, dtype=np.int64)
        np.minimum.at(best, near.coords[0], near.data)
        return count_covered(land, founds)[0], int(land.people @ np.where(np.diff(land.start) > 0, best, 0))

    stages: list[Stage] = [lambda _: cover_program(land, new_sites), second]
    goals = ("max-cover", "min-time")
    return Question(goals, planned(land, goals, new_sites=new_sites), stages, count, told=size_told(land, new_sites))


def whole(land: Land, new_sites: int, *, share: float = 0.6) -> Question:
    """Communities served whole or not at all, by sites that together have room for ``share`` of all."""
    room = int(share * land.people.sum() / new_sites)

    def program(_: list[Found]) -> Program:
        return served_program(land, new_sites, room=np.full(land.sites, room), whole=True)

    def count(founds: list[Found]) -> tuple[int, ...]:
        values = founds[-1].values
        assert values is not None
        goes = values[land.sites :][: len(land.cs)] > 0.5
        row = np.repeat(np.arange(land.rows), np.diff(land.start))
        load = np.bincount(land.site[goes], weights=land.people[row[goes]], minlength=land.sites)
        kept = (load <= room * (values[: land.sites] > 0.5)).all() and np.bincount(row[goes]).max(initial=0) <= 1
        return (100 * int(land.people[row[goes]].sum()) if kept else 0,)

    table = land.site_table().assign(capacity=room)
    ours = planned(land, ["max-cover"], new_sites=new_sites, sites=table, capacity=Capacity("beds"))
    return Question(("max-cover",), ours, [program], count, told={**size_told(land, new_sites), "room": room})


def whole_time(towns: tuple[Land, Array], new_sites: int, *, spare: float = 1.075) -> Question:
    """The fewest people-minutes where every community goes whole to one site, whose rooms hold ``spare`` times all."""
    land, share = towns
    room = np.floor(share * spare * land.people.sum() / new_sites).astype(np.int64)
    row = np.repeat(np.arange(land.rows), np.diff(land.start))

    def program(_: list[Found]) -> Program:
        made = served_program(land, new_sites, room=room)
        return replace(made, whole=np.ones(len(made.cost), dtype=np.bool_))

    def count(founds: list[Found]) -> tuple[int, ...]:
        values = founds[-1].values
        assert values is not None
        goes = values[land.sites :] > 0.5
        load = np.bincount(land.site[goes], weights=land.people[row[goes]], minlength=land.sites)
        kept = (load <= room * (values[: land.sites] > 0.5)).all() and (np.bincount(row[goes]) == 1).all()
        return (int(land.people[row[goes]] @ land.cs[goes].astype(np.int64)) if kept else 0,)

    table = land.site_table().assign(capacity=room)
    ours = planned(land, ["min-time"], new_sites=new_sites, sites=table, capacity=Capacity("people"))
    told = {**size_told(land, new_sites), "spare": spare}
    return Question(("min-time",), ours, [program], count, told=told)


def whole_people_then_time(
    towns: tuple[Land, Array], new_sites: int, *, minutes: float = 30.0, spare: float = 1.0
) -> Question:
    """The most people within a standard, every community whole and within room, then the fewest people-minutes.

    Rooms as in ``whole_time``; who finds no room counts as just at the standard.
    """
    wide, share = towns
    near = wide.cs <= minutes * 6000
    start = np.r_[0, np.cumsum(near)][wide.start]
    land = replace(wide, start=start, site=wide.site[near], cs=wide.cs[near], minutes=minutes)
    room = np.floor(share * spare * land.people.sum() / new_sites).astype(np.int64)
    row = np.repeat(np.arange(land.rows), np.diff(land.start))

    def placed(found: Found) -> Array:
        assert found.values is not None
        goes: Array = found.values[land.sites :][: len(land.cs)] > 0.5
        load = np.bincount(land.site[goes], weights=land.people[row[goes]], minlength=land.sites)
        kept = (load <= room * (found.values[: land.sites] > 0.5)).all() and np.bincount(row[goes]).max(initial=0) <= 1
        return goes if kept else np.zeros_like(goes)

    def first(_: list[Found]) -> Program:
        return served_program(land, new_sites, room=room, whole=True)

    def second(founds: list[Found]) -> Program:
        made = served_program(land, new_sites, room=room, covered=int(land.people[row[placed(founds[0])]].sum()))
        return replace(made, whole=np.arange(len(made.cost)) < len(made.cost) - 1)

    def count(founds: list[Found]) -> tuple[int, ...]:
        goes, reached = placed(founds[-1]), np.diff(land.start) > 0
        won = land.people[row[goes]] @ (int(minutes * 6000) - land.cs[goes].astype(np.int64))
        return 100 * int(land.people[row[goes]].sum()), int(land.people[reached].sum() * int(minutes * 6000) - won)

    table, goals = land.site_table().assign(capacity=room), ("max-cover", "min-time")
    ours = planned(land, goals, new_sites=new_sites, sites=table, capacity=Capacity("people"))
    told = {**size_told(land, new_sites), "spare": spare}
    return Question(goals, ours, [first, second], count, told=told)


def room_and_quotas(land: Land, new_sites: int) -> Question:
    """The fewest people-minutes, a site in every town at least, and no room to spare; a community may be shared out."""
    room = math.ceil(land.people.sum() / new_sites)
    table = land.site_table().assign(capacity=room)
    towns = tuple(sorted(set(table["town"])))

    def program(_: list[Found]) -> Program:
        return served_program(land, new_sites, room=np.full(land.sites, room), towns=True)

    def count(founds: list[Found]) -> tuple[int, ...]:
        values = founds[-1].values
        assert values is not None
        row = np.repeat(np.arange(land.rows), np.diff(land.start))
        cost = land.people[row] * land.cs.astype(np.int64)
        return (math.ceil(float(values[land.sites :] @ cost) - 1e-3),)

    ours = planned(
        land, ["min-time"], new_sites=new_sites, sites=table, quotas=[Quota("town", towns)],
        capacity=Capacity("people", split=True),
    )  # fmt: skip
    return Question(("min-time",), ours, [program], count, told={**size_told(land, new_sites), "room": room})


def served_program(
    land: Land, new_sites: int, *, covered: int | None = None, room: Array | None = None, whole: bool = False,
    towns: bool = False,
) -> Program:  # fmt: skip
    """Sites open or not, and a column for each pair near enough: the share of a community that goes there.

    ``covered``: so many people must be served, the rest counts as just at the standard. ``whole``: nobody is
    shared out, and the most people are served. ``towns``: a site in each at least.
    """
    pairs, sites, rows = len(land.cs), land.sites, land.rows
    row, pair = np.repeat(np.arange(rows), np.diff(land.start)), np.arange(pairs)
    goes = sparse.csr_array((np.ones(pairs), (row, pair)), shape=(rows, pairs))
    opens = sparse.csr_array((np.ones(pairs), (pair, land.site)), shape=(pairs, sites))
    linked = sparse.hstack([-opens, sparse.eye_array(pairs)])
    blocks: list[tuple[Any, Array, Array]] = [(linked, np.full(pairs, -INF), np.zeros(pairs))]
    reached = np.diff(land.start) > 0
    all_of = np.zeros(rows) if whole or covered is not None else reached.astype(float)
    blocks.append((right_of(goes, sites), all_of, np.ones(rows)))
    if room is not None:
        load = sparse.csr_array((land.people[row].astype(float), (land.site, pair)), shape=(sites, pairs))
        fits = sparse.hstack([-sparse.diags_array(room.astype(float)), load])
        blocks.append((fits, np.full(sites, -INF), np.zeros(sites)))
    if covered is not None:
        people = sparse.csr_array(land.people[row].astype(float)[None, :])
        blocks.append((right_of(people, sites), np.array([float(covered)]), np.array([INF])))
    if towns:
        member = sparse.csr_array((np.ones(sites), (land.town, np.arange(sites))), shape=(land.town.max() + 1, sites))
        member = sparse.csr_array(member[np.unique(land.town)])
        count = member.shape[0]
        blocks.append((left_of(member, pairs), np.ones(count), np.full(count, INF)))
    limit, most = at_most(land, new_sites)
    blocks.append((left_of(limit, pairs), np.array([-INF]), np.array([most])))
    matrix = sparse.csr_array(sparse.vstack([b[0] for b in blocks], format="csr"))
    low, high = (np.concatenate([b[k] for b in blocks]) for k in (1, 2))
    away = int(land.minutes * 6000) if covered is not None else 0
    worth = 100 * land.people[row] if whole else land.people[row] * (land.cs.astype(np.int64) - away)
    made = as_program(np.r_[np.zeros(sites), worth.astype(float)], matrix, low, high,
                    whole=sites + (pairs if whole else 0), most=whole)  # fmt: skip
    if covered is None:
        return made
    # one column more, always open, holds what all would come to at the standard
    rest = float(land.people[reached].sum() * away)
    wider = sparse.csr_array(sparse.hstack([made.rows, sparse.csr_array((made.rows.shape[0], 1))], format="csr"))
    ends = {"lower": np.r_[made.lower, 1.0], "upper": np.r_[made.upper, 1.0]}
    is_whole = None if made.whole is None else np.r_[made.whole, False]
    return replace(made, cost=np.r_[made.cost, rest], rows=wider, whole=is_whole, **ends)
