"""What each budget buys: every choice of small towns tried by hand, and each point asked as a question of its own."""

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
from quarterhour.siting.audit import behind_on_its_word, on_its_word
from quarterhour.siting.outlook.money.budget_frontier import BUDGET_COLUMNS, budget_frontier
from quarterhour.siting.proof.behind_record import behind_record
from quarterhour.siting.proof.counted_choice import recounts_value
from quarterhour.siting.proof.plan_record import plan_record, verify_record
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.problem import Coverage
from quarterhour.siting.question.rules import Budget, Capacity, Quota
from quarterhour.siting.solve import solve_siting
from repeatable import examples

GOALS = ("max-cover", "min-time", "min-worst", "min-sites", "equity", "gini")
AMOUNTS = (0, 2, 5, 9, 14, 22, 70)
YEARS = 2


def town(seed, **asked):
    """Seven villages and six sites with costs, some standing and some required."""
    rng = np.random.default_rng(seed)
    minutes = rng.choice([3.0, 7.0, 9.0, 12.0, 15.0, 22.0], (7, 6))
    people = rng.integers(0, 9, 7)
    states = rng.choice(["candidate"] * 5 + ["existing", "required", "upgradeable"], 6)
    sites = pd.DataFrame({
        "state": states, "cost_yuan": rng.integers(1, 9, 6), "running_yuan": rng.integers(0, 2, 6),
        "capacity": rng.integers(3, 14, 6), "town": rng.choice(["a", "b"], 6),
    })  # fmt: skip
    areas = pd.DataFrame({"town": rng.choice(["a", "b"], 7)})
    question = {"objective": GOALS[seed % len(GOALS)], "new_sites": int(rng.integers(1, 5)), "areas": areas}
    question |= {"budget": Budget(30, YEARS), "within": 15}
    return siting_from_matrix(minutes, people, sites=sites, **{**question, **asked}), minutes, people, sites


def by_hand(problem, minutes, people, sites, yuan):
    """The best value within so much money where everybody goes to the nearest; None where no choice keeps the rules."""
    standing, free = (np.flatnonzero(sites["state"].eq("existing") == here).tolist() for here in (True, False))
    cost = (sites["cost_yuan"] + YEARS * sites["running_yuan"]).tolist()
    reach, found = (minutes <= 15).any(axis=1), []
    for built in itertools.chain.from_iterable(
        itertools.combinations(free, n) for n in range(min(problem.new_sites, len(free)) + 1)
    ):
        required = set(np.flatnonzero(sites["state"].eq("required")).tolist())
        if not required <= set(built) or sum(cost[s] for s in built) > yuan:
            continue
        opened = [*standing, *built]
        near = minutes[:, opened].min(axis=1) if opened else np.full(7, 99.0)
        if problem.everyone and (reach & (near > 15) & (people > 0)).any():
            continue
        value = {
            "max-cover": -people[near <= 15].sum(),
            "min-time": (people * np.minimum(near, 15))[reach].sum(),
            "min-worst": np.minimum(near, 15)[reach & (people > 0)].max(initial=0),
            "min-sites": len(built),
        }[problem.objective]
        found.append(float(value))
    return min(found, default=None)


@examples(25)
@given(st.integers(0, 10_000), st.sampled_from(GOALS[:4]))
def test_each_budget_buys_what_the_best_of_all_choices_does(seed, goal):
    problem, minutes, people, sites = town(seed, objective=goal)
    table = budget_frontier(problem, AMOUNTS)
    assert list(table.columns) == list(BUDGET_COLUMNS)
    for row in table.itertuples():
        best = by_hand(problem, minutes, people, sites, row.yuan)
        if best is None:
            assert row.status == "infeasible" and row.chosen is None and pd.isna(row.bound)
            continue
        assert row.status == "optimal" and row.gap == 0 and row.value == row.bound == abs(best)
        assert row.spent_yuan <= row.yuan and row.sites == len(row.chosen) <= problem.new_sites


@pytest.mark.parametrize(
    "rules",
    [
        {"quotas": (Quota("town", ("a",), 1, 2),)},
        {"conflicts": [["0", "1"], ["2", "3"]]},
        {"capacity": Capacity(split=True)},
        {"capacity": Capacity(split=False)},
        {"coverage": Coverage(backup=50)},
        {"coverage": Coverage(at_least=12)},
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_each_point_is_the_question_with_that_budget(rules, seed):
    """What one point tells the others changes no answer."""
    problem = town(seed, **rules)[0]
    for row in budget_frontier(problem, AMOUNTS).itertuples():
        plan = solve_siting(replace(problem, goals=problem.goals[:1], budget=Budget(row.yuan, YEARS)))
        assert row.status == plan.status
        if plan.levels:
            assert (row.value, row.bound) == (plan.value, plan.bound)


@pytest.mark.parametrize("rules", [{}, {"capacity": Capacity(split=True)}, {"capacity": Capacity(split=False)}])
@pytest.mark.parametrize("seed", [0, 1, 4, 6, 12])
def test_points_stand_in_a_record_and_are_counted_again(rules, seed):
    problem = town(seed, **rules)[0]
    plan = solve_siting(problem)
    table = budget_frontier(problem, AMOUNTS, plan=plan)
    record = json.loads(json.dumps(plan_record(plan, problem, behind=behind_record(budgets=table)), allow_nan=False))
    verify_record(record)
    told = {reason.key for reason in behind_on_its_word(problem, record)}
    assert "proof.word_budgets" in told
    assert ("proof.word_budget_values" in told) == (not recounts_value(problem))
    assert all(reason.sentence("zh") for reason in (*on_its_word(problem, plan), *behind_on_its_word(problem, record)))


def three():
    """Three villages, each with a site of its own, and what 300 and 500 yuan buy."""
    sites = pd.DataFrame({"cost_yuan": [300, 100, 200]}, index=["a", "b", "c"])
    minutes = [[5, 20, 30], [12, 8, 25], [40, 14, 9]]
    problem = siting_from_matrix(minutes, [100, 40, 30], sites=sites, within=12, new_sites=3, budget=Budget(400))
    plan = solve_siting(problem)
    table = budget_frontier(problem, (300, 500), plan=plan)
    assert (
        table["value"].tolist() == [140, 170]
        and table["spent_yuan"].tolist() == [300, 500]
        and table["status"].eq("optimal").all()
    )
    return problem, plan, table


def test_among_equals_the_cheaper_is_taken():
    sites = pd.DataFrame({"cost_yuan": [300, 100]}, index=["a", "b"])
    problem = siting_from_matrix([[5, 5]], [10], sites=sites, new_sites=1)
    assert budget_frontier(problem, (100, 300))["chosen"].tolist() == [("b",), ("b",)]


def _forged(row, name):
    changed = {
        "yuan": 0, "value": row["value"] + 1, "bound": row["value"] - 1, "gap": 0.5, "spent_yuan": 1,
        "status": "bounded", "sites": 9, "chosen": [],
    }  # fmt: skip
    return {**row, name: changed[name]}


@pytest.mark.parametrize("name", BUDGET_COLUMNS)
def test_a_point_that_was_changed_is_found(name):
    problem, plan, table = three()
    behind = behind_record(budgets=table)
    behind["budgets"][-1] = _forged(behind["budgets"][-1], name)
    with pytest.raises(PlanError):
        verify_record(plan_record(plan, problem, behind=behind))


def test_less_for_more_money_is_found():
    problem, plan, table = three()
    behind = behind_record(budgets=table)
    first, second = behind["budgets"]
    behind["budgets"] = [{**second, "yuan": 500}, {**first, "yuan": 501}]
    with pytest.raises(PlanError):
        verify_record(plan_record(plan, problem, behind=behind))


def test_a_search_without_time_or_work_tells_a_bound():
    problem = town(2, objective="min-time")[0]
    table = budget_frontier(problem, (30,), seconds=0)
    assert table["status"].isin(["no_plan", "bounded", "optimal"]).all() and table["bound"].notna().all()
    heard: list[bool] = []
    budget_frontier(problem, AMOUNTS, seconds=0, by_clock=lambda: heard.append(True))
    assert heard == [True]
    first, again = (budget_frontier(problem, AMOUNTS, nodes=1) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)


def test_sites_that_nobody_gave_a_cost_are_not_free():
    problem = siting_from_matrix([[5, 20], [20, 5]], [3, 4], new_sites=2)
    with pytest.raises(DataError, match="cost nothing or do not say"):
        budget_frontier(problem, [10])


@pytest.mark.parametrize("yuan", [[], [3, 3], [5, 2], [-1], [1.5], ["7"], [True], range(501)])
def test_amounts_that_cannot_be_meant_are_told(yuan):
    with pytest.raises(DataError, match="the budgets must be whole yuan"):
        budget_frontier(town(0)[0], yuan)


def test_the_least_cost_has_no_frontier():
    with pytest.raises(DataError, match="min-cost"):
        budget_frontier(town(0, objective="min-cost")[0], [5])
