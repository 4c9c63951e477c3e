"""Moving sites: every closing with every opening of small towns tried by hand."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.base.errors import DataError, PlanError
from quarterhour.siting.audit import behind_on_its_word
from quarterhour.siting.outlook.change import compare_plans
from quarterhour.siting.outlook.relocation import relocate
from quarterhour.siting.proof.choices_record import relocations_record
from quarterhour.siting.proof.plan_record import plan_record, verify_record
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.problem import Coverage
from quarterhour.siting.question.rules import Budget, Capacity, Quota
from quarterhour.siting.solve import solve_siting
from repeatable import examples

GOALS = ("max-cover", "min-time", "min-worst")
YEARS = 1
CAPACITIES = [Capacity(split=True), Capacity(split=False)]


def town(seed, **asked):
    """Seven villages and seven sites, three of which stand at least; conflicts, quotas and money in some."""
    rng = np.random.default_rng(seed)
    minutes = rng.choice([3.0, 7.0, 9.0, 12.0, 15.0, 22.0], (7, 7))
    people = rng.integers(0, 9, 7)
    sites = pd.DataFrame({
        "state": ["existing"] * 3 + list(rng.choice(["candidate"] * 4 + ["required", "upgradeable", "existing"], 4)),
        "cost_yuan": rng.integers(1, 9, 7), "running_yuan": rng.integers(0, 2, 7),
        "capacity": rng.integers(4, 14, 7), "town": rng.choice(["a", "b"], 7),
    })  # fmt: skip
    question = {
        "objective": GOALS[seed % 3], "within": 15, "new_sites": 2,
        "budget": Budget([None, 6, 12][seed // 3 % 3], YEARS),
        "conflicts": [["0", "4"]] if seed % 4 == 0 else [],
        "quotas": (Quota("town", ("a",), 1, 3), Quota("state", ("upgradeable",), 0, 1)) if seed % 5 < 2 else (),
    }  # fmt: skip
    return siting_from_matrix(minutes, people, sites=sites, **{**question, **asked}), minutes, people, sites


def ways(problem, sites, closings, openings, yuan):
    """Every way to close so many and open at most so many that keeps the rules on sites."""
    standing, free = (np.flatnonzero(sites["state"].eq("existing") == here).tolist() for here in (True, False))
    required = set(np.flatnonzero(sites["state"].eq("required")).tolist())
    cost = (sites["cost_yuan"] + YEARS * sites["running_yuan"]).tolist()
    for closed in itertools.combinations(standing, closings):
        for built in itertools.chain.from_iterable(itertools.combinations(free, n) for n in range(openings + 1)):
            opened = [*(s for s in standing if s not in closed), *built]
            spent = sum(cost[s] for s in built) + sum(0 if yuan is None else yuan[str(s)] for s in closed)
            keeps = required <= set(built) and (problem.budget.yuan is None or spent <= problem.budget.yuan)
            keeps = keeps and not any(a in opened and b in opened for a, b in problem.conflicts.tolist())
            if keeps and (not problem.quotas or _in_quotas(sites, opened)):
                yield closed, built, opened


def _in_quotas(sites, opened):
    in_town = sites["town"].eq("a")
    upgraded = sites["state"].iloc[opened].eq("upgradeable").sum()
    return min(1, int(in_town.sum())) <= in_town.iloc[opened].sum() <= 3 and upgraded <= 1


def worth(problem, minutes, people, opened):
    """What some open sites come to; None where somebody is left out who may not be."""
    reach = (minutes <= 15).any(axis=1)
    near = minutes[:, opened].min(axis=1) if opened else np.full(7, 99.0)
    if problem.everyone and (reach & (near > 15) & (people > 0)).any():
        return None
    return {
        "max-cover": people[near <= 15].sum(),
        "min-time": (people * np.minimum(near, 15))[reach].sum(),
        "min-worst": np.minimum(near, 15)[reach & (people > 0)].max(initial=0),
    }[problem.objective]


@examples(40)
@given(st.integers(0, 10_000))
def test_each_number_of_closings_is_the_best_of_all_ways(seed):
    problem, minutes, people, sites = town(seed)
    standing = problem.sites.index[problem.existing]
    yuan = {s: int(n) for s, n in zip(standing, np.random.default_rng(seed).integers(-4, 6, 9), strict=False)}
    yuan = yuan if seed % 2 else None
    for number, one in enumerate(relocate(problem, 2, openings=1 if seed % 7 == 0 else None, closing_yuan=yuan), 1):
        assert (one.closings, one.openings) == (number, 1 if seed % 7 == 0 else number)
        values = [
            worth(problem, minutes, people, opened) for _, _, opened in ways(problem, sites, number, one.openings, yuan)
        ]
        values = [value for value in values if value is not None]
        if not values:
            assert one.status == "infeasible" and one.reasons and not one.closed
            assert all(reason.sentence("zh") and reason.sentence("en") for reason in one.reasons)
            continue
        best = max(values) if problem.objective == "max-cover" else min(values)
        assert one.status == "optimal" and one.value == one.bound == best
        assert len(one.closed) == number and len(one.opened) <= one.openings
        assert one.closing_yuan == (None if yuan is None else sum(yuan[s] for s in one.closed))
        assert one.change is not None and one.not_compared is None
        assert {*one.change.closed} == {*one.closed} and {*one.change.opened} == {*one.opened}


@pytest.mark.parametrize("capacity", CAPACITIES)
@pytest.mark.parametrize("seed", range(4))
def test_with_room_it_is_the_best_of_the_questions_in_which_one_is_gone(capacity, seed):
    """Each standing site in turn taken off the table, and the question asked again."""
    problem = town(seed, objective="max-cover", budget=Budget(), quotas=(), conflicts=(), capacity=capacity,
                   coverage=Coverage(everyone=False))[0]  # fmt: skip
    (one,) = relocate(problem, 1)
    values = []
    for gone in problem.sites.index[problem.existing]:
        left = problem.sites.drop(index=gone)
        again = replace(problem, sites=left, times=problem.times.only(left.index), new_sites=1)
        plan = solve_siting(again)
        values += [plan.value] if plan.levels else []
    if not values:
        assert one.status == "infeasible"
    else:
        assert one.value == one.bound == max(values)


@pytest.mark.parametrize("asked", [{}, {"capacity": CAPACITIES[0]}, {"capacity": CAPACITIES[1]}])
@pytest.mark.parametrize("seed", [0, 3, 4, 6, 7, 9])
def test_they_stand_in_a_record_and_are_counted_again(asked, seed):
    problem = town(seed, **asked)[0]
    yuan = dict.fromkeys(map(str, problem.sites.index[problem.existing]), -2)
    found = relocate(problem, 2, closing_yuan=yuan)
    held = relocations_record(problem, [one.row for one in found], closing_yuan=yuan)
    plan = solve_siting(problem)
    record = json.loads(json.dumps(plan_record(plan, problem, behind={"relocations": held}), allow_nan=False))
    verify_record(record)
    assert all(reason.sentence("zh") for reason in behind_on_its_word(problem, record))


def moved():
    """Two sites at the one end of a street and nobody at the other: one of them moves."""
    minutes = [[4, 6, 40, 60], [11, 3, 35, 60], [50, 45, 5, 60]]
    problem = siting_from_matrix(minutes, [50, 30, 40], within=10, new_sites=1, existing=[0, 1])
    return problem, relocate(problem, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"closed": []}, {"closed": ["2"]}, {"closed": ["1"], "value": 121}, {"closed": ["0", "1"]}, {"opened": ["3"]},
        {"opened": ["2", "3"]}, {"opened": ["0"]}, {"value": 119}, {"bound": 119}, {"gap": 1}, {"status": "bounded"},
        {"closings": 2}, {"building_yuan": 1}, {"closing_yuan": 1}, {"openings": 0}, {"x": 1}, {"value": None},
    ],
)  # fmt: skip
def test_a_relocation_that_was_changed_is_found(change):
    problem, found = moved()
    plan = solve_siting(problem)
    held = relocations_record(problem, [one.row for one in found])
    assert verify_record(plan_record(plan, problem, behind={"relocations": held}))
    held["rows"][0] |= change
    with pytest.raises(PlanError):
        verify_record(plan_record(plan, problem, behind={"relocations": held}))


def test_what_changes_is_told_against_today():
    problem, (one,) = moved()
    assert one.closed == ("0",) and one.opened == ("2",) and one.change is not None
    again = compare_plans((problem, None), (problem, ["1", "2"]))
    pd.testing.assert_frame_equal(one.change.groups, again.groups)


def test_only_named_sites_close():
    problem, _ = moved()
    (one,) = relocate(problem, 1, may_close=["1"])
    assert one.closed == ("1",)


def test_closing_that_costs_more_than_the_budget_is_told():
    problem = replace(moved()[0], budget=Budget(2, 1))
    for yuan in (3, 9):
        (one,) = relocate(problem, 1, closing_yuan={"0": yuan, "1": yuan})
        assert one.status == "infeasible" and one.row["closed"] == [] and one.reasons[0].sentence("zh")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"closings": 0}, "closings"), ({"closings": 3}, "closings"), ({"closings": 1.5}, "closings"),
        ({"closings": 1, "openings": -1}, "openings"), ({"closings": 1, "may_close": ["2"]}, "do not stand"),
        ({"closings": 1, "closing_yuan": {"0": 1}}, "closing costs"),
        ({"closings": 1, "closing_yuan": {"0": 1.5, "1": 2}}, "closing costs"),
        ({"closings": 1, "closing_yuan": {"0": "x", "1": 2}}, "closing costs"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told(asked, said):
    with pytest.raises(DataError, match=said) as told:
        relocate(moved()[0], **asked)
    assert told.value.sentence("zh")


@pytest.mark.parametrize("goal", ["min-sites", "min-cost"])
def test_the_number_of_sites_is_no_goal_of_a_move(goal):
    with pytest.raises(DataError, match=goal):
        relocate(town(0, objective=goal)[0], 1)
