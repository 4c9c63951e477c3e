"""What a choice of sites comes to in the toy town (``toy_town.py``), every figure by hand."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from quarterhour.siting.question import evaluate
from quarterhour.siting.question.bounds import counting_bound, is_better
from quarterhour.siting.question.evaluate import Measure, Outcome, gini, in_plan_units
from quarterhour.siting.question.problem import Coverage, Goal, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota
from toy_town import HOMES, PEOPLE, choice, states, town

MINUTE = 6_000
STEPS = Standard(15, ((5, 100), (15, 60)))
OLD, HARDSHIP = PEOPLE["old"].to_numpy(), PEOPLE["hardship"].to_numpy()


def _listed(value: Any) -> list[list[Any]]:
    return [getattr(value, field.name).tolist() for field in dataclasses.fields(value)]


# --- what each community has ------------------------------------------------------------------------


def test_who_can_be_covered_and_how_much_each_pair_counts() -> None:
    measure = Measure(town(within=STEPS))
    assert measure.reachable.tolist() == [True, True, True, True, False, True]
    assert measure.percent.tolist() == [100, 60, 60, 100, 60, 60, 60, 100, 100]
    assert measure.row.tolist() == [0, 0, 1, 1, 2, 2, 2, 3, 5]
    assert Measure(town()).percent.tolist() == [100] * 9


def test_each_class_of_communities_goes_by_its_own_steps() -> None:
    near, far = Standard(15, ((5, 100), (15, 60))), Standard(15, ((11, 90), (15, 20)))
    measure = Measure(town(within={"u": near, "r": far}, classes=dict(zip(HOMES, "uurrrr", strict=True))))
    assert measure.percent.tolist() == [100, 60, 60, 100, 90, 90, 20, 90, 90]


@pytest.mark.parametrize("backup", [None, 0, 40, 99])
def test_what_the_best_and_the_second_best_come_to(backup: int | None) -> None:
    worth = Measure(town(coverage=Coverage(backup=backup))).worth
    alone, two = (100, 0) if backup is None else (backup, 100)
    assert worth.tolist() == [[max(alone * a, two * b) for b in range(101)] for a in range(101)]


def test_the_best_the_second_best_and_the_nearest_open_site() -> None:
    measure = Measure(town(within=STEPS))
    first, second, nearest, far, share = _listed(measure.scan(choice("02").opened))
    assert (first, second, nearest) == ([100, 60, 60, 0, 0, 100], [0] * 6, [0, 0, 2, -1, -1, 2])
    assert far == [n * MINUTE for n in (4, 10, 6, 15, 15, 4)]
    assert share == [10_000, 6_000, 6_000, 0, 0, 10_000]
    first, second, nearest, far, _ = _listed(measure.scan(choice("0123").opened))
    assert (first, second) == ([100, 100, 60, 100, 0, 100], [60, 60, 60, 0, 0, 0])
    assert nearest == [0, 1, 1, 3, -1, 2]  # of two as near, c2 has the earlier
    assert far == [n * MINUTE for n in (4, 2, 6, 3, 15, 4)]
    only = measure.scan(choice("3").opened)
    assert (only.nearest.tolist(), only.far[2]) == ([-1, -1, 3, 3, -1, -1], 15 * MINUTE)  # just at the standard


def test_a_scan_is_the_same_compiled_and_as_python_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = getattr(evaluate._scan, "py_func", evaluate._scan)
    for backup in (None, 40):
        measure = Measure(town(within=STEPS, coverage=Coverage(backup=backup)))
        for opened in ("", "0", "3", "02", "13", "012", "0123"):
            with monkeypatch.context() as context:
                compiled = _listed(measure.scan(choice(opened).opened))
                context.setattr(evaluate, "_scan", plain)
                assert _listed(measure.scan(choice(opened).opened)) == compiled


def test_how_well_each_is_covered_with_one_site_or_two() -> None:
    measure = Measure(town(within=STEPS, coverage=Coverage(backup=40)))
    assert measure.share(choice("01").opened).tolist() == [6_000, 6_000, 2_400, 0, 0, 0]
    assert Measure(town(coverage=Coverage(backup=0))).share(choice("01").opened).tolist() == [10_000] * 2 + [0] * 4


def test_whoever_a_goal_counts_and_a_site_could_cover_takes_part() -> None:
    assert Measure(town()).takes_part.tolist() == [True, True, True, True, False, False]
    both = town(objective=Goal("max-cover", "hardship"))
    assert Measure(both).takes_part.tolist() == [True, True, True, True, False, True]


def test_sites_that_stand_are_not_new() -> None:
    assert Measure(town()).new(choice("013")).tolist() == [1, 3]


# --- goals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opened", "goal", "value"),
    [
        ("013", Goal("max-cover"), 100 * 10_000),
        ("1", Goal("max-cover", "hardship"), 6 * 10_000),
        ("013", Goal("min-sites"), 2),
        ("0", Goal("min-sites"), 0),
        ("013", Goal("min-cost"), 5 + 7),
        ("013", Goal("min-time"), (10 * 4 + 20 * 2 + 30 * 6 + 40 * 3) * MINUTE),
        ("0", Goal("min-time"), (10 * 4 + 20 * 10 + (30 + 40) * 15) * MINUTE),
        ("013", Goal("min-worst"), 6 * MINUTE),  # nobody old lives in c5
        ("013", Goal("min-worst", "hardship"), 15 * MINUTE),
        ("013", Goal("equity"), 1),
        ("0", Goal("equity"), 0),
        ("1", Goal("equity", "hardship"), Fraction(5, 8)),
        ("0", Goal("equity", level="county"), 0),
        ("03", Goal("equity", level="county"), 1),
        ("013", Goal("gini"), 0),
        ("0", Goal("gini"), 500_000),  # one half has all
        ("1", Goal("gini", "hardship"), 55_556),  # 1 of 1 and 5 of 8: 1/18
        ("", Goal("gini"), 1_000_000),
    ],
)
def test_a_goal_of_a_choice(opened: str, goal: Goal, value: Any) -> None:
    measure = Measure(town())
    assert measure.value(choice(opened), goal) == value
    assert type(measure.value(choice(opened), goal)) is (Fraction if goal.objective == "equity" else int)


def test_money_counts_the_years_that_a_site_runs() -> None:
    assert Measure(town(budget=Budget(None, 3))).value(choice("013"), Goal("min-cost")) == 5 + 3 + 7 + 6


def test_without_areas_all_are_alike() -> None:
    measure = Measure(town(areas=None))
    assert (measure.value(choice(""), Goal("gini")), measure.value(choice(""), Goal("equity"))) == (0, 1)
    assert Outcome(measure, choice("")).least_share(Goal("equity")) == (1, "")


def test_areas_are_those_of_people_whom_a_site_could_cover() -> None:
    measure = Measure(town())
    assert measure.totals(Goal("equity")) == [("A", 30), ("B", 30)]  # not C, where none could
    assert measure.totals(Goal("equity", "hardship")) == [("A", 1), ("B", 8)]
    assert measure.totals(Goal("equity", level="county")) == [("K", 60), ("L", 40)]
    assert measure.by_area(OLD, Goal("equity")).tolist() == [30, 30]
    assert measure.by_area(OLD, Goal("equity", level="county")).tolist() == [60, 45]


def test_points_are_ten_thousandths_of_people() -> None:
    measure = Measure(town(within=STEPS))
    assert measure.points(choice("02"), OLD).tolist() == [100_000, 120_000, 180_000, 0, 0, 0]
    assert Outcome(measure, choice("02")).covered.tolist() == [True, True, True, False, False, True]


@pytest.mark.parametrize(
    ("objective", "exact", "value"),
    [
        ("max-cover", 185_000, 18.5), ("min-time", 9_000, 1.5), ("min-worst", 90_000, 15), ("gini", 55_556, 0.055556),
        ("min-sites", 3, 3), ("min-cost", 12, 12), ("equity", Fraction(5, 8), 0.625),
    ],
)  # fmt: skip
def test_values_in_the_unit_of_the_plan(objective: str, exact: Any, value: float) -> None:
    assert in_plan_units(Goal(objective), exact) == value


# --- sites that have room for so many ---------------------------------------------------------------

WHOLE, SHARED = {"capacity": Capacity()}, {"capacity": Capacity(split=True)}


def test_a_community_that_is_served_whole_is_covered() -> None:
    measure = Measure(town(**WHOLE, within=STEPS))
    outcome = Outcome(measure, choice("013", {0: 10, 4: 30, 7: 40}))
    assert outcome.covered.tolist() == [True, False, True, True, False, False]
    assert outcome.points(OLD).tolist() == [100_000, 0, 180_000, 400_000, 0, 0]
    assert outcome.points(HARDSHIP).tolist() == [10_000, 0, 30_000, 0, 0, 0]
    legs = outcome.legs(OLD)
    assert _listed(legs) == [[0, 2, 3, 1], [10, 30, 40, 20], [4 * MINUTE, 6 * MINUTE, 3 * MINUTE, 15 * MINUTE]]
    assert measure.value(outcome.choice, Goal("min-time")) == (40 + 180 + 120 + 300) * MINUTE
    assert Outcome(measure, choice("2", {8: 0})).covered.tolist() == [False] * 5 + [True]


def test_whole_communities_go_with_their_people_whatever_they_ask_of_a_site() -> None:
    """The second community asks 3 beds of the site and the third 5; the 20 and the 30 who live there go."""
    measure = Measure(town(**WHOLE))
    rows, sites = np.array([1, 2]), np.array([1, 1])
    made = evaluate.as_choice(measure, np.array([1]), (rows, sites, np.array([3, 5])))
    assert made.served is not None
    assert measure.row[made.served.pair].tolist() == [1, 2]
    assert made.served.people.tolist() == measure.problem.demand.to_numpy()[[1, 2]].tolist() == [20, 30]


def test_a_community_that_is_shared_out_counts_by_its_parts() -> None:
    outcome = Outcome(Measure(town(**SHARED)), choice("123", {4: 10, 5: 15, 7: 40}))
    assert outcome.covered.tolist() == [False, False, False, True, False, False]
    assert outcome.points(OLD).tolist() == [0, 0, 250_000, 400_000, 0, 0]
    rows, people, cs = _listed(outcome.legs(OLD))
    assert (rows, people) == ([2, 2, 3, 0, 1, 2], [10, 15, 40, 10, 20, 5])
    assert cs == [n * MINUTE for n in (6, 6, 3, 15, 15, 15)]
    assert Outcome(Measure(town(**SHARED)), choice("1", {4: 10, 1: 10})).covered.tolist() == [True] + [False] * 5


# --- figures beside the goals -----------------------------------------------------------------------


def test_figures_of_a_choice() -> None:
    """20 people have 2 minutes, 40 have 3, 10 have 4 and 30 have 6: 41/190 by the differences of every two."""
    figures = Outcome(Measure(town()), choice("013")).figures()
    assert (figures.cost_yuan, figures.people_minutes, figures.worst_minutes) == (12, 380.0, 6.0)
    had = [2] * 20 + [3] * 40 + [4] * 10 + [6] * 30
    assert figures.gini == sum(abs(a - b) for a in had for b in had) / (2 * 100 * sum(had)) == 41 / 190
    assert (figures.least_share, figures.least_area) == (1.0, "A")
    assert figures.by_column == {"old": 100, "hardship": 6}


def test_the_least_share_is_that_of_the_goal_of_equity() -> None:
    asked = {"objective": (Goal("max-cover", "hardship"), Goal("equity", level="county"))}
    figures = Outcome(Measure(town(**asked)), choice("0")).figures()
    assert (figures.least_share, figures.least_area) == (0.0, "L")
    plain = Outcome(Measure(town(objective=Goal("max-cover", "hardship"))), choice("01")).figures()
    assert (plain.least_share, plain.least_area) == (1.0, "A")  # of the people who count, not of the goal's column
    unknown = Outcome(Measure(town(areas=None)), choice("01")).figures()
    assert math.isnan(unknown.least_share) and unknown.least_area == ""


@pytest.mark.parametrize(
    ("amount", "people", "value"),
    [
        ([1, 0], [1, 1], 0.5),
        ([5, 5], [1, 9], 0),
        ([3, 0, 3], [1, 2, 1], 0.5),
        ([], [], 0),
        ([0], [4], 0),
        ([7], [0], 0),
    ],
)
def test_gini_of_an_amount_among_people(amount: list[int], people: list[int], value: float) -> None:
    assert gini(np.array(amount, dtype=np.int64), np.array(people, dtype=np.int64)) == value


# --- bounds by counting -----------------------------------------------------------------------------


def test_no_choice_beats_what_counting_says() -> None:
    """Every goal over all sixteen choices, s3 required and a quota of two in county K."""
    problem = town(
        sites=states("candidate", "candidate", "candidate", "required"), quotas=Quota("county", ("K",), 2),
        coverage=Coverage(everyone=False),
    )  # fmt: skip
    measure = Measure(problem)
    bounds = {
        Goal("max-cover"): 100 * 10_000, Goal("min-sites"): 1 + 2, Goal("min-cost"): 7, Goal("gini"): 0,
        Goal("min-time"): (40 + 40 + 180 + 120) * MINUTE, Goal("min-worst"): 6 * MINUTE, Goal("equity"): 1,
    }  # fmt: skip
    for goal, bound in bounds.items():
        assert counting_bound(measure, goal) == bound
        for opened in ("0123", "013", "123", "023"):
            assert not is_better(goal, measure.value(choice(opened), goal), bound)


def test_better_is_more_or_less_by_the_goal() -> None:
    assert is_better(Goal("max-cover"), 5, 4) and is_better(Goal("min-time"), 4, 5)
    for goal in (Goal("max-cover"), Goal("min-time")):
        assert not is_better(goal, 4, 4)
        assert is_better(goal, 4, 5) != is_better(goal, 5, 4)
