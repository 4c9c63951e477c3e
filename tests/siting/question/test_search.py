"""Limits of a search: what is left of time and of work is counted by hand, on a clock that stands still."""

from __future__ import annotations

import math
import threading
import time
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from quarterhour.base.errors import DataError
from quarterhour.base.machine.stop import asked_through
from quarterhour.siting.question.search import SEEDS, Limits, SearchBudget, Work, as_limits, check_seconds

NOON = 1_000.0


@pytest.fixture(autouse=True)
def _clock_at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "perf_counter", lambda: NOON)


def test_a_search_that_works_for_another_thread_ends_with_it() -> None:
    """Unless it was told what stops it: then it ends with what it has."""
    asked = threading.Event()
    context = asked_through(asked)
    assert not context.run(SearchBudget().over)
    asked.set()
    with pytest.raises(KeyboardInterrupt):
        context.run(SearchBudget().share(0.5).over)
    assert context.run(SearchBudget(stop=asked.is_set).over)
    assert not SearchBudget().over()


# --- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "counted", "given"),
    [
        (Limits(), False, {"seconds": math.inf}),
        (Limits(5.0), False, {"seconds": 5.0}),
        (Limits(nodes=3), True, {"seconds": math.inf, "nodes": 3}),
        (Limits(7.0, rounds=4), True, {"seconds": 7.0, "rounds": 4}),
        (Limits(7.0, 1, 2), True, {"seconds": 7.0, "nodes": 1, "rounds": 2}),
    ],
)
def test_limits_say_whether_they_count_work_and_go_back_in_as_they_came(
    limits: Limits, counted: bool, given: dict[str, Any]
) -> None:
    assert limits.counted is counted
    assert limits.given == given
    assert {type(n) for name, n in limits.given.items() if name != "seconds"} <= {int}
    assert as_limits(**limits.given, otherwise=60) == limits


def test_some_times_as_much_is_whole_where_it_is_work() -> None:
    assert Limits(10.0, 7, 9).times(0.5) == Limits(5.0, 4, 5)
    assert Limits(10.0, 7, 9).times(3) == Limits(30.0, 21, 27)
    assert Limits(10.0).times(0.5) == Limits(5.0)


def test_a_budget_begins_now_with_the_limits_it_was_given() -> None:
    budget = Limits(8.0, 5, 6).budget(seed=11, begun=NOON - 3)
    assert (budget.seconds, budget.nodes, budget.rounds, budget.seed, budget.left()) == (8.0, 5, 6, 11, 5.0)


@pytest.mark.parametrize(
    ("given", "limits"),
    [
        ((None, None, None), Limits(60.0)),
        ((2.5, None, None), Limits(2.5)),
        ((None, 3, None), Limits(nodes=3)),
        ((None, None, np.int64(4)), Limits(rounds=4)),
        ((0, 1, 1), Limits(0, 1, 1)),
    ],
)
def test_where_work_is_given_no_clock_has_a_say(given: tuple[Any, ...], limits: Limits) -> None:
    assert as_limits(*given, otherwise=60.0) == limits


@pytest.mark.parametrize("name", ["nodes", "rounds"])
@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "9", np.bool_(True)])
def test_work_is_a_whole_number_of_one_or_more(name: str, wrong: Any) -> None:
    with pytest.raises(DataError, match=name) as why:
        as_limits(**{name: wrong}, otherwise=60.0)
    assert why.value.sentence("zh")


@pytest.mark.parametrize("wrong", [math.nan, "soon", None, True, 2**1100, -(2**1100), 3j])
def test_a_time_is_a_number_of_seconds(wrong: Any) -> None:
    with pytest.raises(DataError):
        check_seconds(wrong)
    if wrong is not None:
        with pytest.raises(DataError):
            as_limits(wrong, otherwise=60.0)
        with pytest.raises(DataError):
            SearchBudget(seconds=wrong)


def test_any_number_is_a_time_one_without_an_end_too() -> None:
    for right in (0, -1, 2.5, Fraction(1, 3), np.float32(4), math.inf):
        check_seconds(right)


# --- a search that runs -----------------------------------------------------------------------------


def test_no_work_is_done_before_a_search() -> None:
    work = Work()
    assert (work.nodes, work.rounds, work.by_clock, work.by_count) == (0, 0, False, False)


@pytest.mark.parametrize("seed", [0, 1, np.int64(7), SEEDS - 1])
def test_a_seed_is_as_far_as_highs_takes_them(seed: Any) -> None:
    assert SearchBudget(seed=seed).seed == seed


@pytest.mark.parametrize("seed", [-1, SEEDS, 1.0, True, "7", None])
def test_another_seed_is_refused_and_the_largest_told(seed: Any) -> None:
    with pytest.raises(DataError, match="2147483647") as why:
        SearchBudget(seed=seed)
    assert why.value.sentence("zh")


def test_a_node_is_a_round_too() -> None:
    budget = SearchBudget(nodes=10, rounds=12)
    budget.spend(nodes=4)
    assert (budget.nodes_left(), budget.rounds_left()) == (6, 8)
    budget.spend(rounds=5)
    assert (budget.nodes_left(), budget.rounds_left()) == (3, 3)
    budget.spend(nodes=1, rounds=1)
    assert (budget.work.nodes, budget.work.rounds) == (5, 11)
    assert (budget.nodes_left(), budget.rounds_left()) == (1, 1)


def test_seconds_left_are_counted_from_when_it_began() -> None:
    assert SearchBudget(seconds=30.0, begun=NOON - 10).left() == 20.0
    assert SearchBudget(seconds=30.0, begun=NOON).left() == 30.0


@pytest.mark.parametrize(
    ("fields", "spent", "over", "by"),
    [
        ({}, 10**6, False, (False, False)),
        ({"seconds": 30.0, "begun": NOON - 29.5}, 0, False, (False, False)),
        ({"seconds": 30.0, "begun": NOON - 30}, 0, True, (True, False)),
        ({"seconds": 30.0, "begun": NOON - 31, "rounds": 3}, 3, True, (True, False)),
        ({"rounds": 3}, 2, False, (False, False)),
        ({"rounds": 3}, 3, True, (False, True)),
        ({"nodes": 3, "rounds": 2}, 2, True, (False, True)),
        ({"stop": lambda: True}, 0, True, (False, False)),
    ],
)
def test_a_search_is_over_by_clock_by_work_or_when_asked(
    fields: dict[str, Any], spent: int, over: bool, by: tuple[bool, bool]
) -> None:
    budget = SearchBudget(**fields)
    budget.spend(rounds=spent)
    assert budget.over() is over
    assert (budget.work.by_clock, budget.work.by_count) == by


def test_nodes_end_a_search_before_its_rounds_do() -> None:
    budget = SearchBudget(nodes=2, rounds=9)
    budget.spend(nodes=1)
    assert not budget.over()
    budget.spend(nodes=1)
    assert budget.over()


def test_a_search_inside_another_tells_nobody_but_counts_and_stops_with_it() -> None:
    told: list[Any] = []
    outer = SearchBudget(seconds=9.0, nodes=5, stop=lambda: True, progress=told.append, incumbent=told.append)
    inner = outer.without_callbacks()
    inner.progress(0.5)
    inner.incumbent(None)
    assert told == []
    inner.spend(nodes=2)
    assert (outer.nodes_left(), inner.seconds, inner.over()) == (3, 9.0, True)


def test_each_turn_has_a_seed_of_its_own_that_stays_in_range() -> None:
    budget = SearchBudget(seed=SEEDS - 2)
    assert [budget.reseeded(turn).seed for turn in range(4)] == [SEEDS - 2, SEEDS - 1, 0, 1]


def test_a_share_is_of_what_is_left() -> None:
    budget = SearchBudget(seconds=30.0, begun=NOON - 10, nodes=10, rounds=100)
    budget.spend(nodes=3, rounds=17)
    part = budget.share(0.25)
    assert part.left() == 5.0  # of 20
    assert (part.nodes, part.rounds) == (3 + 2, 20 + 20)  # of 7 nodes, a quarter is begun twice; of 80 rounds
    part.spend(nodes=1)
    assert budget.work.nodes == 4


def test_of_what_is_used_up_or_has_no_end_a_share_is_that() -> None:
    endless = SearchBudget().share(0.5)
    assert (endless.seconds, endless.nodes, endless.rounds) == (math.inf, math.inf, math.inf)
    late = SearchBudget(seconds=5.0, begun=NOON - 10, nodes=1, rounds=1)
    late.spend(nodes=3, rounds=2)
    part = late.share(0.5)
    assert (part.left(), part.nodes_left(), part.rounds_left()) == (-5.0, 0, 0)
