"""Covers found by exchanges keep the limits and leave no row; where there is none, none is found."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.sparse as sp

from quarterhour.siting.methods.covering.cover_search import cover_by_exchanges
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.question.site_limits import count_limits


@pytest.mark.parametrize("seed", range(12))
def test_a_cover_is_found_where_trying_all_finds_one(seed):
    rng = np.random.default_rng(seed)
    reach = rng.random((25, 10)) < 0.35
    reach[np.arange(25), rng.integers(0, 10, 25)] = True
    limits = count_limits(10, most=4, areas=[(range(6), 1, 3)])
    kept = [c for c in itertools.combinations(range(10), 4) if limits.holds(np.array(c, dtype=np.int64))]
    some = any(reach[:, list(c)].any(axis=1).all() for c in kept)
    begin = np.array(kept[0], dtype=np.int64)
    found, left = cover_by_exchanges(sp.csr_array(reach.astype(float)), limits, begin, SearchBudget(), steps=5_000)
    assert (found is not None) == some
    if found is None:
        assert left == 0
    else:
        assert limits.holds(found) and reach[:, found].any(axis=1).all()


def test_sites_are_added_while_there_is_room_for_more():
    limits, one_each = count_limits(6, most=6), sp.csr_array(np.eye(6))
    found, left = cover_by_exchanges(one_each, limits, np.empty(0, dtype=np.int64), SearchBudget(), steps=50)
    assert found is not None and found.tolist() == [0, 1, 2, 3, 4, 5] and left == 44


def test_work_and_time_end_the_search():
    limits, apart = count_limits(6, most=2), sp.csr_array(np.eye(6))
    budget = SearchBudget(rounds=1)
    found, left = cover_by_exchanges(apart, limits, np.array([0, 1]), budget, steps=9_000)
    assert found is None and left == 7_000 and budget.work.by_count
