"""A siting question from a matrix, as users of other location packages bring it."""

from __future__ import annotations

import doctest

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import quarterhour as qh
from quarterhour.errors import DataError
from quarterhour.siting import matrix as room
from quarterhour.siting.problem import Standard

COSTS = np.array([[5, np.nan, 20, np.inf], [np.inf, 10, 15, np.nan], [np.nan, np.nan, 9, 10], [np.nan] * 4])
PEOPLE = [100, 40, 30, 7]


def _stored(costs):
    row, column = np.nonzero(np.isfinite(costs))
    return sparse.coo_array((costs[row, column], (row, column)), shape=costs.shape)


def test_the_example_runs():
    done = doctest.testmod(room)
    assert (done.attempted, done.failed) == (4, 0)


def test_three_lines_are_enough():
    problem = qh.siting_from_matrix(COSTS, PEOPLE, within=15, new_sites=1)
    plan = qh.solve_siting(problem)
    assert (plan.chosen, plan.covered, plan.status) == (("0",), 100, "optimal")


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "dok", "lil"])
def test_a_sparse_matrix_says_the_same(form):
    dense = qh.siting_from_matrix(COSTS, PEOPLE, within=15, new_sites=2, existing=[0])
    stored = qh.siting_from_matrix(_stored(COSTS).asformat(form), PEOPLE, within=15, new_sites=2, existing=[0])
    assert qh.solve_siting(stored).input_hash == qh.solve_siting(dense).input_hash


def test_a_stored_zero_is_near_and_what_is_not_stored_is_far():
    costs = sparse.csr_array((np.array([0.0, 3.0]), np.array([0, 1]), np.array([0, 1, 2])), shape=(2, 2))
    plan = qh.solve_siting(qh.siting_from_matrix(costs, [5, 4], within=1, new_sites=2))
    assert (plan.chosen, plan.covered, plan.reachable) == (("0",), 5, 5)


def test_ids_of_a_table_are_kept():
    table = pd.DataFrame(COSTS, index=["n", "m", "s", "f"], columns=["old", "a", "b", "c"])
    people = pd.Series(PEOPLE[::-1], index=["f", "s", "m", "n"])
    towns = pd.DataFrame({"town": ["T1", "T1", "T2", "T3"]}, index=table.columns)
    asked = {"within": 15, "new_sites": 2, "existing": ["old"], "sites": towns}
    plan = qh.solve_siting(qh.siting_from_matrix(table, people, quotas=[qh.Quota("town", ("T3",))], **asked))
    assert (set(plan.chosen), plan.covered_before, plan.covered) == ({"b", "c"}, 100, 170)


def test_without_a_standard_everything_counts_as_in_a_p_median():
    costs = np.abs(np.subtract.outer(np.arange(7), np.arange(7)))
    plan = qh.solve_siting(qh.siting_from_matrix(costs, [1] * 7, objective="min-time", new_sites=2))
    assert (plan.value, plan.status) == (6, "optimal")
    worst = qh.solve_siting(qh.siting_from_matrix(costs, [1] * 7, objective="min-worst", new_sites=2))
    assert (worst.value, worst.bound) == (2, 2)


def test_steps_and_required_sites_come_along():
    asked = {"within": Standard(15, ((10, 100), (15, 50))), "new_sites": 1, "required": ["2"]}
    plan = qh.solve_siting(qh.siting_from_matrix(COSTS, PEOPLE, **asked))
    assert (plan.chosen, plan.value, plan.covered) == (("2",), 50, 70)


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"people": [1, 2]}, "for 2 communities"),
        ({"matrix": -COSTS}, "8 do not"),
        ({"matrix": COSTS * 1e6}, "between 0 and"),
        ({"matrix": [1, 2]}, "communities x sites"),
        ({"matrix": [["near", "far"]] * 4}, "numbers alone"),
        ({"matrix": np.full(COSTS.shape, -np.inf)}, "between 0 and"),
        ({"matrix": pd.DataFrame(COSTS).rename(columns={0: "\ud800"})}, "a file can hold"),
        ({"matrix": pd.DataFrame(COSTS).rename(columns={0: 1})}, "more than once: 1"),
        ({"matrix": pd.DataFrame(COSTS).rename(columns={0: "1"})}, "more than once: 1"),
        ({"matrix": pd.concat({"a": pd.DataFrame(COSTS)}, axis=1)}, "a file can hold"),
        ({"people": [[1, 2]] * 4}, "communities x sites"),
        ({"sites": pd.DataFrame({"town": ["T1"]})}, "has 1 rows"),
        ({"within": 1e9}, "between 0 and"),
        ({"within": 0}, "positive number"),
        ({"existing": ["z"]}, "no such sites: z"),
        ({"people": [1, 2, 3.5, 4]}, "whole numbers"),
        ({"new_sites": None}, "new_sites"),
    ],
)
def test_what_cannot_be_asked_is_told(changed, part):
    asked = {"matrix": COSTS, "people": PEOPLE, "within": 15, "new_sites": 1, **changed}
    with pytest.raises(DataError) as why:
        qh.siting_from_matrix(asked.pop("matrix"), asked.pop("people"), **asked)
    assert part in str(why.value)
    assert why.value.told("zh")
