"""The frontier is what the best plan of each size covers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from quarterhour.base.errors import DataError
from quarterhour.siting.methods.covering.cover_instance import CoverInstance
from quarterhour.siting.outlook.frontier import frontier, solve_frontier
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.rules import Budget
from quarterhour.travel.times import times_from_matrix


def ask(seed, **changed):
    rng = np.random.default_rng(seed)
    minutes = rng.uniform(1, 40, (60, 9))
    communities, sites = [f"c{i}" for i in range(60)], [f"s{i}" for i in range(9)]
    states = ["existing", "required", *["candidate"] * 7]
    frame = pd.DataFrame({"state": states, "town": "T", "county": "K", "name": sites, "quality": "fact"}, sites)
    asked = {
        "demand": pd.Series(rng.integers(0, 30, 60), index=communities), "sites": frame, "minutes": 12,
        "times": times_from_matrix(minutes, communities=communities, sites=sites, cutoff=20),
        "objective": "max-cover", "new_sites": 3,
    }  # fmt: skip
    return as_problem("town", **(asked | changed)), minutes


@pytest.mark.parametrize("seed", range(4))
def test_each_size_covers_what_the_best_of_all_choices_does(seed):
    problem, minutes = ask(seed)
    table = frontier(problem, 5, seconds=math.inf)
    people = problem.demand.to_numpy()
    for sites, found, bound in table[["sites", "people", "bound"]].itertuples(index=False):
        choices = ([0, 1, *some] for some in itertools.combinations(range(2, 9), sites - 1))
        best = max(int(people[(minutes[:, c] <= 12).any(axis=1)].sum()) for c in choices)
        assert found <= best <= bound
        assert bound - found <= 0.0005 * found
    assert table["sites"].tolist() == [2, 3, 4, 5]
    assert table["people"].is_monotonic_increasing


def test_a_question_with_a_budget_has_no_frontier():
    with pytest.raises(DataError):
        frontier(ask(0, budget=Budget(10))[0], 5)


@pytest.mark.parametrize("most", [0, -1, 2.5, "3", True])
def test_a_frontier_of_no_sites_is_told(most):
    with pytest.raises(DataError, match="the most new sites of a frontier"):
        frontier(ask(0)[0], most)


def test_a_share_of_nodes_gives_the_same_table_each_time():
    rng = np.random.default_rng(7)
    cover = sp.csr_array((rng.random((200, 50)) < 0.08).astype(np.int64))
    none = np.empty(0, dtype=np.int64)
    core = CoverInstance(
        rng.integers(1, 99, 200), cover, pd.RangeIndex(50), np.empty((0, 50), np.int64), none, none, 8, False
    )
    first, again = (solve_frontier(core, nodes=3) for _ in range(2))
    assert [(p.choice.tolist(), p.bound, p.nodes) for p in first] == [
        (p.choice.tolist(), p.bound, p.nodes) for p in again
    ]
    assert max(p.nodes for p in first) == 3
    assert any(p.bound > core.covered(p.choice) for p in first)
    longer = solve_frontier(core, nodes=9)
    assert all(more.bound <= less.bound for more, less in zip(longer, first, strict=True))
