"""The frontier is what the best plan of each size covers."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from quarterhour.errors import DataError
from quarterhour.reach import times_from_matrix
from quarterhour.siting.door import as_problem
from quarterhour.siting.frontier import frontier
from quarterhour.siting.problem import Budget


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
    table = frontier(problem, 5, seconds=20)
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
