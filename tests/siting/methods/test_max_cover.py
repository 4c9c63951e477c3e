"""Most people, fewest sites, on arrays: every choice tried by hand, larger ones proven, bounds true when stopped."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.siting.methods.covering.cover_instance import CoverInstance
from quarterhour.siting.methods.covering.exchange import iterated_local_search
from quarterhour.siting.methods.covering.greedy import heuristic_choice
from quarterhour.siting.methods.covering.max_cover import solve_max_cover
from quarterhour.siting.methods.covering.min_sites import presolve_min_sites, solve_min_sites
from quarterhour.siting.methods.solver import presolve
from quarterhour.siting.methods.solver.presolve import (
    dominated_columns,
    dominated_rows,
    merge_pairs,
    merge_rows,
    rows_of,
)
from quarterhour.siting.question.search import SearchBudget
from repeatable import examples


def _core(cover, people, *, limit, group=None, low=(), high=(), all_rows=False):
    dense = np.asarray(cover)
    areas = np.empty((0, dense.shape[1]), dtype=np.int64) if group is None else np.asarray(group, dtype=np.int64)
    return CoverInstance(
        people=np.asarray(people, dtype=np.int64),
        cover=sp.csr_array(dense.astype(np.int64)),
        sites=pd.RangeIndex(dense.shape[1]),
        group=areas,
        low=np.asarray(low, dtype=np.int64),
        high=np.asarray(high, dtype=np.int64),
        limit=limit,
        all_rows=all_rows,
    )


@st.composite
def small_cores(draw, *, all_rows=False):
    sites, rows = draw(st.integers(1, 10)), draw(st.integers(1, 12))
    cell = st.sampled_from([0, 0, 1])
    cover = np.array([[draw(cell) for _ in range(sites)] for _ in range(rows)])
    if sites > 1 and draw(st.booleans()):
        cover[:, draw(st.integers(0, sites - 1))] = cover[:, draw(st.integers(0, sites - 1))]
    if rows > 1 and draw(st.booleans()):
        cover[draw(st.integers(0, rows - 1))] = cover[draw(st.integers(0, rows - 1))]
    people = np.array([draw(st.integers(1, 9)) for _ in range(rows)])
    reached = cover.sum(axis=1) > 0
    cover, people = cover[reached], people[reached]
    quotas, low, high = [], [], []
    for _ in range(draw(st.integers(0, 2))):
        areas = [draw(st.integers(-1, 2)) for _ in range(sites)]
        quotas.append([a + len(low) if a >= 0 else -1 for a in areas])
        for a in range(3):
            least = draw(st.integers(0, min(1, areas.count(a))))
            low.append(least)
            high.append(draw(st.integers(least, max(least, areas.count(a)))))
    group = np.array(quotas, dtype=np.int64).reshape(len(quotas), sites)
    limit = draw(st.integers(0, sites))
    return _core(cover, people, limit=limit, group=group, low=low, high=high, all_rows=all_rows)


def _by_hand(core):
    values = []
    for n in range(core.limit + 1):
        for choice in itertools.combinations(range(len(core.sites)), n):
            if core.holds(np.array(choice, dtype=np.int64)):
                values.append(core.value_of(np.array(choice, dtype=np.int64)))
    return (min if core.all_rows else max)(values) if values else None


@examples(120)
@given(small_cores(), st.integers(0, 3))
def test_no_choice_covers_more(core, seed):
    found, best = solve_max_cover(core, SearchBudget(seed=seed)), _by_hand(core)
    if best is None:
        assert found.infeasible
        assert found.choice is None
    else:
        assert core.holds(found.choice)
        assert core.covered(found.choice) == best == found.bound


@examples(90, 600)
@given(small_cores(all_rows=True), st.integers(0, 3))
def test_no_choice_needs_fewer_sites(core, seed):
    found, best = solve_min_sites(core, SearchBudget(seed=seed)), _by_hand(core)
    if best is None:
        assert found.infeasible
        assert found.choice is None
    else:
        assert core.holds(found.choice)
        assert len(found.choice) == best == found.bound


@examples(80)
@given(small_cores(all_rows=True))
def test_what_is_left_out_decides_nothing(core):
    small, kept = presolve_min_sites(core)
    assert _by_hand(small) == _by_hand(core)
    assert (small.sites == core.sites[kept]).all()


@examples(80)
@given(small_cores(), st.integers(2, 50))
def test_the_unit_of_the_people_changes_no_choice(core, unit):
    one, many = solve_max_cover(core), solve_max_cover(replace(core, people=core.people * unit))
    assert one.infeasible == many.infeasible
    if one.choice is not None:
        assert list(one.choice) == list(many.choice)
        assert many.bound == unit * one.bound


# --- equal and dominated rows ------------------------------------------------------------------


@examples(80)
@given(small_cores(), st.data())
def test_rows_with_the_same_sites_become_one(core, data):
    rows, sites = core.cover.shape
    keep = np.array([data.draw(st.booleans()) for _ in range(sites)], dtype=bool)
    settled = ~keep & np.array([data.draw(st.booleans()) for _ in range(sites)], dtype=bool)
    start, site = rows_of(core.cover)
    merged, people = merge_pairs(start, site, core.people, sites=sites, keep=keep, settled=settled)
    expected: dict[tuple[int, ...], int] = {}
    dense = core.cover.toarray()
    for row in range(rows):
        mine = tuple(dense[row][keep])
        if any(mine) and not dense[row][settled].any():
            expected[mine] = expected.get(mine, 0) + int(core.people[row])
    assert [tuple(r) for r in merged.toarray()] == list(expected)
    assert people.tolist() == list(expected.values())


def test_the_same_rows_without_compiled_kernels(monkeypatch):
    rng = np.random.default_rng(1)
    cover, people = sp.csr_array(rng.integers(0, 2, (200, 6))), rng.integers(0, 5, 200)
    compiled = merge_rows(cover, people)
    monkeypatch.setattr(presolve, "COMPILED", False)
    plain = merge_rows(cover, people)
    assert (compiled[0] != plain[0]).nnz == 0
    assert (compiled[1] == plain[1]).all()


@examples(80)
@given(small_cores())
def test_dominated_rows_and_columns_are_those_that_hold_or_are_held(core):
    sets = [frozenset(np.flatnonzero(r)) for r in core.cover.toarray()]
    lost = dominated_rows(core.cover)
    for i, mine in enumerate(sets):
        smaller = any(sets[j] < mine or (sets[j] == mine and j < i) for j in range(len(sets)))
        assert lost[i] == smaller
    sets = [frozenset(np.flatnonzero(c)) for c in core.cover.toarray().T]
    lost = dominated_columns(core.cover)
    standing = [s for s, gone in zip(sets, lost, strict=True) if not gone]
    assert len(set(standing)) == len(standing)
    for mine, gone in zip(sets, lost, strict=True):
        assert gone == any(mine < other for other in sets) or mine in standing


# --- larger ones --------------------------------------------------------------------------------


def _town(*, rows=3000, sites=120, limit=12, seed=1, quotas=False, all_rows=False, reach=9.0):
    rng = np.random.default_rng(seed)
    place, site = rng.random((rows, 2)) * 60, rng.random((sites, 2)) * 60
    cover = np.hypot(*(place[:, None] - site[None]).transpose(2, 0, 1)) < reach
    merged, people = merge_rows(sp.csr_array(cover.astype(np.int64)), rng.integers(1, 100, rows))
    group = (site[:, 0] // 20 * 3 + site[:, 1] // 20).astype(np.int64)[None]
    none = np.empty(0, dtype=np.int64)
    areas = (
        (group, np.ones(9, dtype=np.int64), np.full(9, 2)) if quotas else (np.empty((0, sites), np.int64), none, none)
    )
    return CoverInstance(people, merged, pd.RangeIndex(sites), *areas, limit, all_rows)


def _compact(core):
    """A second opinion: the whole matrix given to scipy's milp."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    rows, sites = core.cover.shape
    inside = np.array([core.group[0] == a for a in range(len(core.low))], dtype=float).reshape(-1, sites)
    if core.all_rows:
        rules = [
            LinearConstraint(core.cover.astype(float), 1, np.inf),
            LinearConstraint(np.ones((1, sites)), 0, core.limit),
        ]
        if len(inside):
            rules.append(LinearConstraint(inside, core.low, core.high))
        return milp(np.ones(sites), constraints=rules, bounds=Bounds(0, 1), integrality=np.ones(sites)).fun
    matrix = sp.hstack([core.cover.astype(float), -sp.eye_array(rows)]).tocsr()
    wide = [np.hstack([m, np.zeros((len(m), rows))]) for m in (np.ones((1, sites)), inside)]
    rules = [LinearConstraint(matrix, 0, np.inf), LinearConstraint(wide[0], 0, core.limit)]
    if len(inside):
        rules.append(LinearConstraint(wide[1], core.low, core.high))
    cost = np.append(np.zeros(sites), -core.people.astype(float))
    whole = np.append(np.ones(sites), np.zeros(rows))
    return -milp(cost, constraints=rules, bounds=Bounds(0, 1), integrality=whole, options={"mip_rel_gap": 0}).fun


@pytest.mark.parametrize("quotas", [False, True])
def test_a_town_is_proven_as_scipy_finds_it(quotas):
    core = _town(quotas=quotas)
    found = solve_max_cover(core)
    assert core.holds(found.choice)
    assert core.covered(found.choice) == found.bound == pytest.approx(_compact(core))
    core = _town(quotas=quotas, all_rows=True, limit=120, rows=800)
    core = replace(core, high=np.full(len(core.high), 14))
    found = solve_min_sites(core)
    assert core.holds(found.choice)
    assert len(found.choice) == found.bound == pytest.approx(_compact(core))


def test_a_seed_gives_one_choice_and_every_seed_one_value():
    core = _town(rows=1500)
    found = [solve_max_cover(core, SearchBudget(seed=s)) for s in (1, 1, 2, 3)]
    assert list(found[0].choice) == list(found[1].choice)
    assert found[0].nodes == found[1].nodes
    assert len({core.covered(f.choice) for f in found}) == 1


@pytest.mark.parametrize("all_rows", [False, True])
def test_a_stopped_search_tells_what_it_has_and_a_true_bound(all_rows):
    core = _town(limit=14 if not all_rows else 120, all_rows=all_rows, reach=7.0)
    solve = solve_min_sites if all_rows else solve_max_cover
    best = solve(core)
    told, asked = [], []

    def incumbent(found):
        told.append((found.choice.copy(), found.bound))

    for after in (0, 1, 3, 10, 40):
        asked.clear()

        def stop(after=after):
            asked.append(1)
            return len(asked) > after

        found = solve(core, SearchBudget(stop=stop, incumbent=incumbent))
        worth = core.value_of(found.choice)
        assert core.holds(found.choice)
        if all_rows:
            assert found.bound <= best.bound <= worth
        else:
            assert worth <= best.bound <= found.bound
    for choice, bound in told:
        assert core.holds(choice)
        assert bound <= core.value_of(choice) if all_rows else bound >= core.value_of(choice)


def test_a_gap_that_is_wide_enough_ends_the_search():
    core = _town(limit=14, reach=7.0)
    best, near = solve_max_cover(core), solve_max_cover(core, gap=0.05)
    assert near.nodes <= best.nodes
    assert near.bound <= 1.05 * core.covered(near.choice)
    assert near.bound >= best.bound


def test_progress_rises_to_one():
    told = []
    solve_max_cover(_town(rows=500), SearchBudget(progress=told.append))
    assert told == sorted(told)
    assert told[-1] == 1.0


# --- exchange -----------------------------------------------------------------------------------


@examples(80)
@given(small_cores(), st.integers(0, 9))
def test_exchange_keeps_the_rules_and_never_loses(core, seed):
    choice = heuristic_choice(core, effort=1)
    if choice is None:
        return
    better = iterated_local_search(core, choice, SearchBudget(seed=seed), effort=1e4)
    assert core.holds(better)
    assert len(better) == len(choice)
    assert core.covered(better) >= core.covered(choice)


def test_exchange_finds_what_greedy_misses():
    # Greedy takes the middle site first; two at the ends cover all.
    core = _core([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]], [3, 3, 3, 3], limit=2)
    assert core.covered(iterated_local_search(core, np.array([0, 1]), SearchBudget(), effort=1e4)) == 12


def test_every_better_choice_is_told_recounted():
    core, told = _town(limit=14), []
    budget = SearchBudget(incumbent=lambda found: told.append((core.covered(found.choice), found.bound)))
    found = solve_max_cover(core, budget)
    values = [v for v, _ in told]
    assert values == sorted(values)
    assert values[-1] == core.covered(found.choice)
    assert all(b >= v for v, b in told)
    assert not any(math.isnan(b) for _, b in told)
