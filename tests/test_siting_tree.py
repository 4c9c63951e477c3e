"""The tree proves what it says: against every choice, against HiGHS on the whole matrix, and against its old mistake."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import highspy
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterhour.siting import cover, covertree
from quarterhour.siting.core import Core, Record
from quarterhour.siting.cover import inside_of, solve_cover
from quarterhour.siting.covertree import Tree
from quarterhour.siting.frontier import solve_frontier
from quarterhour.siting.heuristic import greedy, without_idle
from quarterhour.siting.master import Master
from quarterhour.siting.sets import solve_sets
from quarterhour.siting.solver import Program, safe_bound
from quarterhour.siting.watch import Watch


def _core(rng, *, rows, sites, most=100, quotas=None, all_rows=False):
    """A noisy town: who reaches what depends on the place and much on chance; some rows without people or sites."""
    place, site = rng.random((rows, 2)), rng.random((sites, 2))
    away = np.hypot(*(place[:, None] - site[None]).transpose(2, 0, 1)) * np.exp(rng.normal(0, 0.5, (rows, sites)))
    within = away < np.sqrt(rng.uniform(2, 9) / sites / np.pi)
    people = rng.integers(0 if rng.random() < 0.2 else 1, most, rows)
    limit = int(rng.integers(1, max(2, sites // 2)))
    group, low, high = [], [], []
    for _ in range(int(rng.integers(0, 4)) if quotas is None else quotas):
        areas = int(rng.integers(2, 2 + max(1, sites // 6)))
        inside = rng.integers(-1 if rng.random() < 0.3 else 0, areas, sites)
        if rng.random() < 0.5:
            inside = (site[:, 0] * areas).astype(np.int64)
        count = np.bincount(inside[inside >= 0], minlength=areas)
        share = limit * count / sites
        least = np.minimum(count, np.floor(share * rng.uniform(0, 1.3, areas))).astype(np.int64)
        group.append(np.where(inside >= 0, inside + len(low), -1))
        high += np.maximum(least, np.ceil(share * rng.uniform(0.7, 2.5, areas))).astype(np.int64).tolist()
        low += least.tolist()
    return Core(
        people=people.astype(np.int64),
        cover=sp.csr_array(within.astype(np.int64)),
        sites=pd.RangeIndex(sites),
        group=np.array(group, dtype=np.int64).reshape(len(group), sites),
        low=np.array(low, dtype=np.int64),
        high=np.array(high, dtype=np.int64),
        limit=limit,
        all_rows=all_rows,
    )


def _by_highs(core):
    """A second opinion: the whole matrix given to HiGHS; its choice is counted here. None: there is no choice."""
    rows, sites = core.cover.shape
    highs = highspy.Highs()
    for option, value in {"output_flag": False, "threads": 1, "mip_rel_gap": 0.0, "mip_abs_gap": 0.99}.items():
        highs.setOptionValue(option, value)
    wide = 0 if core.all_rows else rows
    inside = sp.csr_array(np.array([(core.group == a).any(axis=0) for a in range(len(core.low))]).reshape(-1, sites))
    every = sp.csr_array(np.ones((1, sites)))
    rules = sp.vstack([every, inside], format="csr")
    right = sp.csr_array((rules.shape[0], wide))
    top = core.cover if core.all_rows else sp.hstack([core.cover, -sp.eye_array(rows)])
    matrix = sp.csr_array(sp.vstack([top, sp.hstack([rules, right])], format="csr"), dtype=float)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = sites + wide, matrix.shape[0]
    lp.sense_ = highspy.ObjSense.kMinimize if core.all_rows else highspy.ObjSense.kMaximize
    cost = np.ones(sites) if core.all_rows else np.append(np.zeros(sites), core.people.astype(float))
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, np.zeros(sites + wide), np.ones(sites + wide)
    least = (core.people > 0).astype(float) if core.all_rows else np.zeros(rows)
    lp.row_lower_ = np.concatenate([least, [0.0], core.low.astype(float)])
    lp.row_upper_ = np.concatenate([np.full(rows, highspy.kHighsInf), [float(core.limit)], core.high.astype(float)])
    whole, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    lp.integrality_ = [whole] * sites + [real] * wide
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data
    highs.passModel(lp)
    highs.run()
    if highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        return None
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    choice = np.flatnonzero(np.array(highs.getSolution().col_value[:sites]) > 0.5)
    assert core.holds(choice)
    return core.worth(choice)


def _by_hand(core):
    values = []
    for n in range(core.limit + 1):
        for some in itertools.combinations(range(len(core.sites)), n):
            if core.holds(choice := np.array(some, dtype=np.int64)):
                values.append(core.worth(choice))
    return (min if core.all_rows else max)(values) if values else None


def _agrees(core, found, best):
    if best is None:
        assert found.infeasible
        assert found.choice is None
    else:
        assert core.holds(found.choice)
        assert not found.infeasible
        assert core.worth(found.choice) == best == found.bound


def _bare(monkeypatch, rng):
    """The tree alone must find and prove: no local search, few cuts a node, whatever else chance says."""
    rough = rng.integers(0, 4)
    if rough > 0:
        monkeypatch.setattr(covertree, "exchange", lambda _core, choice, *_, **__: choice)
        monkeypatch.setattr(cover, "exchange", lambda _core, choice, *_, **__: choice)
        monkeypatch.setattr(cover, "good_choice", _by_greed if rough == 1 else lambda *_, **__: None)
    monkeypatch.setattr(covertree, "_ROUNDS", int(rng.integers(0, 4)))
    monkeypatch.setattr(covertree, "_TIDY", int(rng.integers(1, 6)))
    monkeypatch.setattr(covertree, "_TRIED", int(rng.integers(1, 12)))


def _by_greed(core, *_, **__):
    chosen = without_idle(core, greedy(core))
    return chosen if core.holds(chosen) else None


def _seeded(seed, monkeypatch, *, largest=120):
    rng = np.random.default_rng(seed)
    most = int(rng.choice([3, 100, 1_000_000, 30_000_000]))
    sites = int(rng.integers(largest // 3, largest))
    core = _core(rng, rows=int(rng.integers(3, 8)) * sites, sites=sites, most=most)
    _bare(monkeypatch, rng)
    found = solve_cover(core, Watch(seed=seed))
    _agrees(core, found, _by_highs(core))
    return found.nodes


@pytest.mark.parametrize("seed", range(40))
def test_the_tree_alone_finds_what_highs_does(seed, monkeypatch):
    _seeded(seed, monkeypatch, largest=50)
