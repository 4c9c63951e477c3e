"""Questions of who is within the standard: most people, fewest sites, backup, steps, money, phases, the frontier."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks import siting_peers as peers
from benchmarks.siting_lands import NEAR_CS, Array, Land
from benchmarks.siting_peers import Found
from benchmarks.siting_questions import (
    Answer,
    Question,
    Stage,
    as_program,
    at_most,
    left_of,
    opened_in,
    planned,
    planned_problem,
    recounted,
    size_told,
    times_covered,
)
from quarterhour.siting.methods.solver.program import Program
from quarterhour.siting.outlook.frontier import frontier
from quarterhour.siting.outlook.phasing import phase_plan
from quarterhour.siting.question.problem import Coverage, Standard
from quarterhour.siting.question.rules import Budget
from quarterhour.siting.solve import solve_siting

INF = math.inf
STEPS = ((10, 100), (15, 60))
"""Full up to 10 minutes, 60 in 100 up to 15."""


def max_cover(land: Land, new_sites: int, **more: Any) -> Question:
    """The most people within the standard of so many sites (MCLP)."""
    cost = partial(land.matrix, far=10.0 * land.minutes)
    ours = planned(land, ["max-cover"], new_sites=new_sites, **more)

    def spopt(seconds: float) -> Found:
        return peers.spopt_max_cover(cost(), land.people, land.minutes, new_sites, seconds)

    def greedy(seconds: float) -> Found:
        return peers.greedy_max_cover(land.cover(), land.people, new_sites, seconds)

    program, count = partial(cover_program, land, new_sites), partial(count_covered, land)
    return Question(("max-cover",), ours, [lambda _: program()], count, spopt, greedy, told=size_told(land, new_sites))


def min_sites(land: Land) -> Question:
    """The fewest sites that cover all whom some site could (LSCP)."""

    def program(_: list[Found]) -> Program:
        cover, one = land.cover(), np.ones(land.rows)
        unbounded = np.full(land.rows, INF)
        return as_program(np.ones(land.sites), cover, one, unbounded, whole=land.sites, most=False)

    def count(founds: list[Found]) -> tuple[int, ...]:
        opened = opened_in(land, founds[-1])
        return (len(opened) if (times_covered(land, opened) > 0).all() else 10**9,)

    cost = partial(land.matrix, far=10.0 * land.minutes)
    return Question(
        ("min-sites",), planned(land, ["min-sites"]), [program], count,
        lambda seconds: peers.spopt_min_sites(cost(), land.minutes, seconds), told=size_told(land),
    )  # fmt: skip


def backup(land: Land, new_sites: int) -> Question:
    """One site near counts for half, two for the whole."""

    def program(_: list[Found]) -> Program:
        rows, cover, eye = land.rows, land.cover(), sparse.eye_array(land.rows, format="csr")
        matrix = sparse.hstack([-cover, eye, eye], format="csr")
        return _within(land, np.tile(50.0 * land.people, 2), matrix, np.zeros(rows), at_most(land, new_sites))

    def count(founds: list[Found]) -> tuple[int, ...]:
        twice = np.minimum(times_covered(land, opened_in(land, founds[-1])), 2)
        return (int(50 * land.people @ twice),)

    ours = planned(land, ["max-cover"], new_sites=new_sites, coverage=Coverage(backup=50))
    return Question(("max-cover",), ours, [program], count, told=size_told(land, new_sites))


def steps(land: Land, new_sites: int) -> Question:
    """Who lives near counts in full, who lives farther in part."""
    (near, _), (_, part) = STEPS

    def program(_: list[Found]) -> Program:
        inside, outside = land.cover(within=near * 6000), land.cover()
        matrix = sparse.vstack([inside, outside], format="csr")
        matrix = sparse.hstack([-matrix, sparse.eye_array(2 * land.rows, format="csr")], format="csr")
        worth = np.r_[(100.0 - part) * land.people, float(part) * land.people]
        return _within(land, worth, matrix, np.zeros(2 * land.rows), at_most(land, new_sites))

    def count(founds: list[Found]) -> tuple[int, ...]:
        opened = opened_in(land, founds[-1])
        close, all_ = (times_covered(land, opened, within=w) > 0 for w in (near * 6000, NEAR_CS))
        return (int(land.people @ ((100 - part) * close + part * all_)),)

    ours = planned(land, ["max-cover"], new_sites=new_sites, minutes=Standard(land.minutes, STEPS))
    return Question(("max-cover",), ours, [program], count, told=size_told(land, new_sites))


def budget(land: Land, sites: int) -> Question:
    """The most people for the money of so many mean sites."""
    yuan = int(sites * land.cost.mean()) * 10_000
    row = sparse.csr_array(land.cost[None, :].astype(float)), yuan / 10_000

    def count(founds: list[Found]) -> tuple[int, ...]:
        spent = int(land.cost[opened_in(land, founds[-1])].sum()) * 10_000
        return count_covered(land, founds) if spent <= yuan else (0,)

    ours = planned(land, ["max-cover"], budget=Budget(yuan))
    return Question(
        ("max-cover",), ours, [lambda _: cover_program(land, row=row)], count, told={**size_told(land), "yuan": yuan}
    )


def phasing(land: Land, new_sites: int) -> Question:
    """A plan in its order of building: the best of each size, added up."""
    asked = planned_problem(land, "max-cover", new_sites=new_sites)

    def ours(seconds: float) -> Answer:
        problem = asked()
        plan = solve_siting(problem, seconds=seconds / 2)
        made = phase_plan(problem, plan, seconds=seconds / 2)
        best, bound = (made.steps[c].iloc[1:] for c in ("best", "bound"))
        loss = float(made.steps["loss"].sum() / made.steps["value"].sum())
        said = f"order {'proven' if made.proven else 'found'}, its steps {loss:.2%} short of the best of their size"
        widest = float((bound / best - 1).max())
        proven = widest == 0
        # a plan has no idle sites: where fewer cover as many as all would, the rest of the sizes come to no more
        more = new_sites - len(best)
        sums = best.sum() + more * plan.value, bound.sum() + more * plan.bound
        whole = tuple(round(100 * float(of)) for of in sums)
        return Answer(whole[:1], (float(whole[1]),), proven, said, widest, partial(recounted, problem, plan))

    def count(founds: list[Found]) -> tuple[int, ...]:
        return (sum(count_covered(land, [f])[0] for f in founds),)

    stages: list[Stage] = [lambda _, p=p: cover_program(land, p) for p in range(1, new_sites + 1)]  # type: ignore[misc]
    return Question(("max-cover",), ours, stages, count, summed=True, told=size_told(land, new_sites))


def frontier_of(land: Land, most: int) -> Question:
    """The most people that 1, 2, 3, ... sites cover; the widest gap counts."""
    asked = planned_problem(land, "max-cover", new_sites=most)

    def ours(seconds: float) -> Answer:
        table = frontier(asked(), most, seconds=seconds)
        whole = [int(100 * table[c].sum()) for c in ("people", "bound")]
        gap = table["gap"].astype(float).fillna(INF)
        said = f"{int((gap == 0).sum())} of {len(table)} proven"
        return Answer((whole[0],), (float(whole[1]),), bool((gap == 0).all()), said, float(gap.max()))

    return Question(("max-cover",), ours, [], lambda _: (0,), told=size_told(land, most))


def cover_program(land: Land, new_sites: int | None = None, *, row: tuple[Any, float] | None = None) -> Program:
    """Sites open or not, communities covered (in hundredths of a person) no more than the sites near them."""
    cover, rows = land.cover(), land.rows
    matrix = sparse.hstack([-cover, sparse.eye_array(rows, format="csr")], format="csr")
    limit = at_most(land, new_sites) if row is None else row
    return _within(land, 100.0 * land.people, matrix, np.zeros(rows), limit)


def count_covered(land: Land, founds: list[Found]) -> tuple[int, ...]:
    """Hundredths of people who are within the standard of an open site."""
    return (int(100 * land.people[times_covered(land, opened_in(land, founds[-1])) > 0].sum()),)


def _within(land: Land, worth: Array, matrix: Any, high: Array, limit: tuple[Any, float]) -> Program:
    """The most worth of covered columns, each no more than the sites allow, the sites within one limit."""
    below = left_of(limit[0], len(worth))
    rows = sparse.csr_array(sparse.vstack([matrix, below], format="csr"))
    low = np.full(rows.shape[0], -INF)
    return as_program(np.r_[np.zeros(land.sites), worth], rows, low, np.r_[high, limit[1]], whole=land.sites, most=True)
