"""Building by the money of each year: every way tried by hand, the cap held by counting."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.base.errors import DataError
from quarterhour.siting.outlook.money import yearly_money
from quarterhour.siting.outlook.money.yearly_money import YearlyMoney
from quarterhour.siting.outlook.phasing import by_years, phase_plan
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.problem import Coverage
from quarterhour.siting.question.rules import Capacity
from quarterhour.siting.solve import solve_siting
from quarterhour.travel.times import times_from_matrix
from repeatable import examples


def ask(minutes, people, *, room=None, **asked):
    """A question from a matrix of minutes in which all sites are built."""
    count = len(minutes[0])
    sites = pd.Index([f"s{k}" for k in range(count)], dtype="str")
    communities = pd.Index([f"c{k}" for k in range(len(people))], dtype="str")
    times = times_from_matrix(np.array(minutes, dtype=float), communities=communities, sites=sites, cutoff=20)
    frame = pd.DataFrame({"state": "required", "town": "T", "county": "K", "name": "", "quality": "fact"}, sites)
    frame["capacity"] = room
    given = {"objective": "max-cover", "new_sites": count, "coverage": Coverage(everyone=False), **asked}
    return as_problem(
        "small", demand=pd.Series(people, index=communities), sites=frame, times=times, minutes=15, **given
    )


def not_covered(minutes, people, opened):
    return sum(n for row, n in zip(minutes, people, strict=True) if not any(row[s] <= 15 for s in opened))


def by_trying(minutes, people, cost, money, years):
    """The least sum over the years of people whom somebody could cover and nobody does, in every way of building."""
    best = None
    reach = [any(m <= 15 for m in row) for row in minutes]
    people = [n if near else 0 for n, near in zip(people, reach, strict=True)]
    for when in itertools.product(range(years + 1), repeat=len(cost)):  # the last: never
        spent, fits = 0, True
        for year in range(years):
            built = [s for s, y in enumerate(when) if y == year]
            now = sum(cost[s] for s in built)
            spent += now
            pays = spent <= money.so_far(year) if money.carry_over else now <= money.of_year(year)
            fits = fits and pays and (money.most_sites is None or len(built) <= money.most_sites)
        if fits:
            total = sum(
                not_covered(minutes, people, [s for s, y in enumerate(when) if y <= year]) for year in range(years)
            )
            best = total if best is None or total < best else best
    return best


@st.composite
def questions(draw):
    sites, rows = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    minute = st.sampled_from([0.0, 7.0, 15.0, 15.5, math.nan])
    minutes = [[draw(minute) for _ in range(sites)] for _ in range(rows)]
    people = [draw(st.integers(0, 9)) for _ in range(rows)]
    cost = [draw(st.integers(0, 9)) for _ in range(sites)]
    yuan = tuple(draw(st.lists(st.integers(0, 12), min_size=1, max_size=4)))
    return minutes, people, cost, YearlyMoney(
        yuan, carry_over=draw(st.booleans()), most_sites=draw(st.sampled_from([None, 1, 2]))
    )  # fmt: skip


def phased(minutes, people, cost, money, **asked):
    problem = ask(minutes, people, **asked)
    plan = solve_siting(problem)
    return problem, plan, phase_plan(problem, plan, money=money, cost_yuan=pd.Series(cost, problem.sites.index))


def check_cap(phasing, cost, money):
    """No year spends more than it has, nothing is built twice, and what is late is not built."""
    steps, spent = phasing.steps["sites"].tolist(), 0
    assert steps[0] == ()
    for year, built in enumerate(steps[1:]):
        now = sum(cost[int(s[1:])] for s in built)
        spent += now
        assert spent <= money.so_far(year) if money.carry_over else now <= money.of_year(year)
        assert money.most_sites is None or len(built) <= money.most_sites
        assert phasing.money.at[year + 1, "spent_yuan"] == now
        assert phasing.money.at[year + 1, "left_yuan"] == phasing.money.at[year + 1, "available_yuan"] - now >= 0
    every = [s for built in steps for s in built]
    assert sorted([*every, *phasing.late]) == sorted(f"s{k}" for k in range(len(cost)))


@examples(60, 600)
@given(questions())
def test_no_way_of_building_year_by_year_is_better(drawn):
    minutes, people, cost, money = drawn
    problem, plan, phasing = phased(minutes, people, cost, money)
    check_cap(phasing, cost, money)
    assert phasing.proven
    reachable = sum(n for row, n in zip(minutes, people, strict=True) if any(m <= 15 for m in row))
    values = phasing.steps["value"].tolist()
    values = [*values[1:], *values[-1:] * (money.years + 1 - len(values))]
    assert sum(reachable - v for v in values) == by_trying(minutes, people, cost, money, money.years)
    verify_plan(problem, by_years(problem, plan, phasing))


@examples(40, 400)
@given(questions())
def test_in_an_order_the_cap_is_held_and_nothing_is_claimed(drawn):
    minutes, people, cost, money = drawn
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yearly_money, "_ALL_WAYS", 0)
        _, _, phasing = phased(minutes, people, cost, money)
    check_cap(phasing, cost, money)
    reachable = sum(n for row, n in zip(minutes, people, strict=True) if any(m <= 15 for m in row))
    values = phasing.steps["value"].tolist()
    values = [*values[1:], *values[-1:] * (money.years + 1 - len(values))]
    assert sum(reachable - v for v in values) >= by_trying(minutes, people, cost, money, money.years)
    assert not phasing.proven or set(phasing.late.values()) <= {"too_dear"}


FAR = math.nan
APART = [[0, FAR, FAR], [FAR, 0, FAR], [FAR, FAR, 0]]
"""Three sites, each with a community of its own."""


def test_the_dear_site_with_most_people_waits_until_money_is_saved() -> None:
    """s0 covers 9 for 30, s1 5 for 10, s2 4 for 10; ten a year are saved up or lost."""
    money = YearlyMoney((10,), goes_on=True, carry_over=True)
    _, _, saved = phased(APART, [9, 5, 4], [30, 10, 10], money)
    assert saved.steps["sites"].tolist() == [(), ("s1",), ("s2",), (), (), ("s0",)]
    assert saved.money["left_yuan"].tolist() == [0, 0, 0, 10, 20, 0]
    _, _, lost = phased(APART, [9, 5, 4], [30, 10, 10], YearlyMoney((10,), goes_on=True))
    assert lost.steps["sites"].tolist() == [(), ("s1",), ("s2",)] and lost.late == {"s0": "too_dear"}


def test_years_that_end_leave_sites_for_want_of_money() -> None:
    _, _, found = phased(APART, [9, 5, 4], [10, 10, 10], YearlyMoney((10, 0, 10)))
    assert found.steps["sites"].tolist() == [(), ("s0",), (), ("s1",)]
    assert found.late == {"s2": "no_money"} and found.steps["value"].tolist() == [0, 9, 9, 14]


def test_money_and_a_number_of_sites_a_year_hold_both() -> None:
    money = YearlyMoney((25,), goes_on=True, most_sites=1)
    _, _, found = phased(APART, [9, 5, 4], [10, 10, 10], money)
    assert found.steps["sites"].tolist() == [(), ("s0",), ("s1",), ("s2",)]


def test_with_room_every_way_is_weighed_too() -> None:
    """Two communities of 6 at both sites: room 4 for 5 yuan or 10 for 10; ten a year build the large one first."""
    _, _, found = phased(
        [[0, 0], [0, 0]], [6, 6], [5, 10], YearlyMoney((10,), goes_on=True), room=[4, 10],
        capacity=Capacity("beds", split=True),
    )  # fmt: skip
    assert found.steps["sites"].tolist() == [(), ("s1",), ("s0",)] and found.proven


def test_money_that_cannot_be_meant_and_costs_that_nobody_says_are_told() -> None:
    for yuan in ((), (-1,), (1.5,), (True,)):
        with pytest.raises(DataError, match="whole yuan"):
            YearlyMoney(yuan)
    with pytest.raises(DataError, match="whole yuan"):
        YearlyMoney((1,), most_sites=0)
    problem = ask(APART, [9, 5, 4])
    plan = solve_siting(problem)
    for cost in (None, pd.Series({"s0": 1, "s1": 1}), pd.Series({"s0": 1, "s1": -1, "s2": 1})):
        with pytest.raises(DataError, match="no data"):
            phase_plan(problem, plan, money=YearlyMoney((9,)), cost_yuan=cost)
