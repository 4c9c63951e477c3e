"""Fewest sites: where the linear program, rounded up, is attained by exchanges, and where only a tree tells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from quarterhour.siting.methods.covering import min_sites
from quarterhour.siting.methods.covering.greedy import build_cover_instance
from quarterhour.siting.methods.covering.min_sites import solve_min_sites
from quarterhour.siting.methods.relative import Kind, small_relative
from quarterhour.siting.question.search import SearchBudget


def core_of(seed, *, quotas=False):
    kind = Kind(("min-sites",), None, None, True, False, False, False, False, quotas)
    return build_cover_instance(small_relative(kind, seed))


@pytest.mark.parametrize(("seed", "quotas"), [(16, False), (30, False), (5, True), (15, True)])
def test_exchanges_that_attain_the_linear_program_ask_for_no_tree(seed, quotas, monkeypatch):
    whole = solve_min_sites(core_of(seed, quotas=quotas))
    monkeypatch.setattr(min_sites, "_proven", None)
    found = solve_min_sites(core_of(seed, quotas=quotas))
    assert found.choice.tolist() == whole.choice.tolist() and found.nodes == 0
    assert found.value == found.bound and found.proved_by.startswith("HiGHS")


@pytest.mark.parametrize(("seed", "quotas"), [(3, False), (50, False), (8, True), (14, True)])
def test_a_tree_tells_where_the_linear_program_falls_short(seed, quotas, monkeypatch):
    found = solve_min_sites(core_of(seed, quotas=quotas))
    assert found.value == found.bound == 4
    monkeypatch.setattr(min_sites, "_proven", lambda *_: (False, 0))
    without = solve_min_sites(core_of(seed, quotas=quotas))
    assert (without.value, without.bound) == (4, 3)


def test_no_work_left_asks_nobody():
    core = core_of(16)
    found = solve_min_sites(core, SearchBudget(seconds=0))
    assert found.choice is None or core.holds(found.choice)
    assert found.bound <= 3
    few = replace(core, limit=2)
    assert solve_min_sites(few).infeasible
    assert solve_min_sites(replace(core, limit=0)).infeasible


def test_quotas_hold_on_the_way_down():
    core = core_of(5, quotas=True)
    found = solve_min_sites(core)
    assert core.holds(found.choice) and np.array_equal(found.choice, np.unique(found.choice))
