"""What comes in at the door of a siting question, one value at a time: right, or refused in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from quarterhour.base.errors import DataError
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.figures import LARGEST, is_whole, short_repr, whole_figures
from quarterhour.siting.question.from_matrix.costs import as_costs
from quarterhour.siting.question.ids import by_id, each_one, positions
from quarterhour.siting.question.rules import Budget
from quarterhour.siting.question.sites import NO_PAIRS, conflicting_pairs
from quarterhour.siting.question.terms import as_budget
from toy_town import HOMES, PEOPLE, SITES, town

IDS = pd.Index(["a", "b", "c"])


def _refused(part: str, asked: Any, *given: Any, **more: Any) -> None:
    with pytest.raises(DataError) as why:
        asked(*given, **more)
    assert part in str(why.value)
    assert why.value.sentence("zh")


# --- figures -----------------------------------------------------------------------------------------


def test_what_came_is_shown_in_a_line_that_is_not_too_long() -> None:
    assert short_repr(np.int64(5)) == "5"
    assert short_repr(10**5000) == "int ..."  # more digits than Python writes out
    assert short_repr("x" * 58) == repr("x" * 58)
    assert short_repr("x" * 59) == f"str '{'x' * 39}..."
    assert short_repr(np.array([[1], [2]])) == "array([[1],        [2]])"


@pytest.mark.parametrize(("value", "least", "whole"), [
    (0, 0, True), (0, 1, False), (1, 1, True), (-1, 0, False), (LARGEST - 1, 0, True), (LARGEST, 0, False),
    (np.int8(3), 0, True), (True, 0, False), (2.0, 0, False), ("2", 0, False), (2**1100, 0, False),
])  # fmt: skip
def test_a_whole_number_is_one_and_exact_as_a_float(value: Any, least: int, whole: bool) -> None:
    assert is_whole(value, least) is whole


def test_a_column_of_whole_numbers() -> None:
    found = whole_figures(
        pd.Series([0, "7", None], IDS, name="n"), "question.people_not_whole", needed=np.array([1, 1, 0]) > 0
    )
    assert (found.tolist()[:2], found.isna().tolist(), str(found.dtype)) == ([0, 7], [False, False, True], "Int64")
    whole = pd.Series([3, LARGEST - 1], IDS[:2])
    assert whole_figures(whole, "question.people_not_whole").tolist() == [3, LARGEST - 1]
    for bad in (LARGEST, -1, 0.5, np.nan, True):
        _refused("b", whole_figures, pd.Series([3, bad, 4], IDS, dtype=object), "question.people_not_whole")


# --- ids ---------------------------------------------------------------------------------------------


def test_rows_go_by_the_id_as_a_number_or_as_text() -> None:
    ids = pd.Index(["1", "2"])
    assert by_id(pd.Series([7, 8], [2, 1]), ids, "x").to_dict() == {"1": 8, "2": 7}
    assert by_id(pd.Series([7, 8], [2.0, 1.0]), ids, "x").to_dict() == {"1": 8, "2": 7}
    assert by_id(pd.Series([7, 8], ids), ids, "x").tolist() == [7, 8]
    counted = pd.Series([7, 8, 9])
    assert by_id(counted, IDS, "x", plain=True).to_dict() == {"a": 7, "b": 8, "c": 9}
    _refused("Missing: a, b, c; unknown: 0, 1, 2", by_id, counted, IDS, "x")
    _refused("Missing: a, b, c", by_id, counted.set_axis([1, 2, 3]), IDS, "x", plain=True)
    _refused("Missing: c; unknown: -", by_id, counted.iloc[:2].set_axis(["b", "a"]), IDS, "x")
    _refused("Missing: -; unknown: d", by_id, pd.Series(0, [*"abcd"]), IDS, "x")
    _refused("more than once: a", by_id, pd.Series(0, [*"aab"]), IDS, "x")


def test_an_index_of_several_levels_names_no_row() -> None:
    levels = pd.MultiIndex.from_tuples([("a", 1), ("b", 1), ("c", 1)])
    _refused("('a', 1)", by_id, pd.Series(0, levels), IDS, "x")
    _refused("('c0', 1)", town, demand=PEOPLE.set_axis(pd.MultiIndex.from_product([HOMES, [1]])))


def test_a_list_holds_one_value_for_each() -> None:
    assert each_one([5, 6, 7], IDS, "x").to_dict() == each_one({"c": 7, "a": 5, "b": 6}, IDS, "x").to_dict()
    for wrong in ([5, 6], {5, 6, 7}, "abc", 5):
        _refused("must hold 3 values", each_one, wrong, IDS, "x")


@pytest.mark.parametrize(
    ("named", "place"),
    [
        (None, []), ("b", [1]), (2, [2]), (0, [0]), (["c", "a"], [2, 0]), ([2, "a"], [2, 0]), ([1.0], None),
        ([True, False, True], [0, 2]), ([True], None), (3, None), (-1, None), ("z", None), ((), []),
        (np.array([1]), [1]),
    ],
)  # fmt: skip
def test_sites_are_named_by_id_or_position_or_marked(named: Any, place: list[int] | None) -> None:
    if place is None:
        _refused("a, b, c", positions, named, IDS)
    else:
        assert positions(named, IDS).tolist() == place


def test_a_number_that_is_an_id_means_that_site() -> None:
    assert positions([1, 2, 0, 1.0], pd.Index(["2", "0", "1"])).tolist() == [2, 0, 1, 2]


# --- terms and sites ---------------------------------------------------------------------------------


def test_money_that_nobody_limits() -> None:
    assert as_budget(None) == Budget() == as_budget(Budget())
    assert as_budget(5.0) == Budget(5)


def test_groups_of_conflicts_are_lists_of_ids() -> None:
    assert conflicting_pairs(SITES, [["s3", "s0"], ("s0", "s3")], NO_PAIRS).tolist() == [[0, 3]]
    assert conflicting_pairs(SITES, [], np.array([[1, 2]])).tolist() == [[1, 2]]
    for wrong in (5, "s0 s1", [["s0"]], [["s0", "s0"]], [["s0", "z"]], [3]):
        _refused("group of conflicting sites cannot be used", conflicting_pairs, SITES, wrong, NO_PAIRS)


def test_money_that_cannot_be_summed_exactly_is_refused() -> None:
    """The new sites cost 5 + 6 + 7 to build and 1 + 0 + 2 a year."""
    assert town(budget=Budget(9, (LARGEST - 19) // 3)).yuan.sum() < LARGEST
    _refused("over 3002399751580331 years", town, budget=Budget(9, LARGEST // 3 + 1))


def test_a_community_that_is_named_twice_is_told() -> None:
    asked = town()
    twice = pd.concat([PEOPLE, PEOPLE.iloc[:1]])
    _refused(
        "c0", as_problem, "toy", demand=twice, people="old", sites=asked.sites, times=asked.times, minutes=15,
        objective="max-cover", new_sites=1,
    )  # fmt: skip
    assert list(asked.demand.index) == HOMES


# --- costs -------------------------------------------------------------------------------------------


def test_rows_of_several_lengths_are_no_matrix() -> None:
    _refused("communities x sites", as_costs, [np.zeros((2, 2)), np.zeros((2, 3))])
    _refused("communities x sites", as_costs, [[1, 2], [3]])


def test_a_sparse_matrix_that_holds_a_cell_twice_is_added_up_and_left_as_it_came() -> None:
    twice = sparse.csr_array((np.array([4.0, 1, 2]), np.array([1, 0, 1]), np.array([0, 3, 3])), shape=(2, 2))
    costs = as_costs(twice)
    start, column, cs = costs.within(10)
    assert (start.tolist(), column.tolist(), cs.tolist()) == ([0, 2, 2], [0, 1], [6_000, 36_000])
    assert (costs.stored, costs.most, costs.beyond(6), costs.beyond(5.9)) == (2, 6.0, 0, 1)
    assert twice.data.tolist() == [4, 1, 2]


def test_costs_up_to_a_cutoff_just_so_far_included() -> None:
    costs = as_costs([[1.5, np.nan], [0, 2], [np.inf, 3]])
    assert (costs.stored, costs.most, costs.shape) == (4, 3.0, (3, 2))
    start, column, cs = costs.within(2)
    assert (start.tolist(), column.tolist(), cs.tolist()) == ([0, 1, 3, 3], [0, 0, 1], [9_000, 0, 12_000])
    assert costs.beyond(1.5) == 2
