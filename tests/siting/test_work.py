"""A search that ends by work gives one answer on any machine; what is kept of it on the way is what is known."""

from __future__ import annotations

import json
import time
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import quarterhour as qh
from quarterhour.siting.outlook.relaxations import smallest_relaxations
from quarterhour.siting.outlook.robust import robust_sites
from quarterhour.siting.proof.plan_record import plan_record, verify_record
from quarterhour.siting.question.problem import Goal, SitingProblem
from quarterhour.siting.question.rules import Capacity
from quarterhour.siting.question.search import Limits, SearchBudget, as_limits
from quarterhour.siting.solve import solve_siting


def question(objective: Any = "max-cover", *, seed: int = 1, new_sites: int = 4, **asked: Any) -> SitingProblem:
    """Minutes drawn at random, which no bound is tight on."""
    rng = np.random.default_rng(seed)
    minutes, people = rng.integers(1, 75, (40, 14)), rng.integers(50, 2_000, 40)
    return qh.siting_from_matrix(minutes, people, within=30, new_sites=new_sites, objective=objective, **asked)


CHAINS: dict[str, dict[str, Any]] = {
    "cover": {"objective": ("max-cover", "min-time")},
    "median": {"objective": "min-time", "coverage": qh.siting.Coverage(everyone=False)},
    "center": {"objective": "min-worst", "coverage": qh.siting.Coverage(everyone=False)},
    "shared room": {"objective": "max-cover", "capacity": Capacity(split=True), "sites": True},
    "whole": {"objective": ("max-cover", "min-time"), "capacity": Capacity(), "sites": True},
    "backup": {"objective": "max-cover", "coverage": qh.siting.Coverage(backup=50)},
    "shares": {"objective": "equity", "areas": True},
}


def of_kind(kind: str) -> SitingProblem:
    import pandas as pd

    asked = dict(CHAINS[kind])
    if asked.pop("sites", False):
        asked["sites"] = pd.DataFrame({"capacity": 6_000}, index=range(14))
    if asked.pop("areas", False):
        asked["areas"] = ["a" if k % 3 else "b" for k in range(40)]
    return question(asked.pop("objective"), **asked)


def record(problem: SitingProblem, **limits: Any) -> dict[str, Any]:
    plan = solve_siting(problem, **limits)
    made = plan_record(plan, problem)
    verify_record(json.loads(json.dumps(made)))
    return {key: value for key, value in made.items() if key not in ("seconds", "seal")}


@pytest.mark.parametrize("kind", CHAINS)
def test_work_ends_a_search_at_the_same_plan_on_a_slow_machine(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = of_kind(kind)
    quick = [record(problem, seconds=np.inf, nodes=2), record(problem, seconds=np.inf, rounds=40)]
    ticks = count()
    monkeypatch.setattr(time, "perf_counter", lambda: 1e4 * next(ticks))  # hours between any two looks
    slow = [record(problem, seconds=np.inf, nodes=2), record(problem, seconds=np.inf, rounds=40)]
    assert slow == quick


def test_a_plan_says_that_work_ended_its_search_and_more_work_is_no_worse() -> None:
    problem, gaps = question(("max-cover", "min-time")), []
    for nodes in (1, 4, 64):
        plan = solve_siting(problem, nodes=nodes)
        assert plan.status == "optimal" or plan.stopped == "work"
        gaps.append(plan.gap)
    assert gaps == sorted(gaps, reverse=True)
    few = solve_siting(problem, rounds=1)
    assert (few.status, few.stopped) == ("bounded", "work")


def test_where_a_clock_had_a_say_it_is_told_and_where_not_not() -> None:
    told: list[str] = []
    problem = question(("max-cover", "min-time"))
    solve_siting(problem, nodes=3, seconds=np.inf, by_clock=lambda: told.append("nodes"))
    assert not told
    plan = solve_siting(problem, seconds=0, by_clock=lambda: told.append("seconds"))
    assert (plan.stopped, told) == ("time", ["seconds"])


def test_kept_plans_rise_as_the_bound_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import quarterhour.siting.proof.checkpoint as room

    monkeypatch.setattr(room, "_SHARE", np.inf)
    monkeypatch.setattr(room, "_BOUND_SHARE", np.inf)
    seen: list[tuple[tuple[str, ...], float, float]] = []
    kept = tmp_path / "plan.json"

    def found(plan: qh.siting.SitingPlan) -> None:
        on_disk = json.loads(kept.read_text("utf-8"))
        assert on_disk["bound"] == plan.bound
        seen.append((plan.chosen, plan.value, plan.bound))

    problem = question("min-time", coverage=qh.siting.Coverage(everyone=False))
    plan = solve_siting(problem, nodes=200, keep=kept, found=found)
    assert all(before[2] <= after[2] for before, after in pairwise(seen))
    assert any(before[:2] == after[:2] and before[2] < after[2] for before, after in pairwise(seen))
    assert seen[-1] == (plan.chosen, plan.value, plan.bound)


def test_a_share_of_work_is_counted_from_what_is_left() -> None:
    budget = SearchBudget(nodes=10, rounds=100)
    budget.spend(nodes=4)
    part = budget.share(0.5)
    assert (part.nodes_left(), part.rounds_left()) == (3, 48)
    part.spend(nodes=3)
    assert part.over()
    assert not budget.over()
    assert budget.nodes_left() == 3
    assert Limits(nodes=3, rounds=7).times(0.1) == Limits(nodes=1, rounds=1)
    assert as_limits(None, 5, None, otherwise=60) == Limits(nodes=5)
    assert as_limits(None, None, None, otherwise=60) == Limits(seconds=60)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "9"])
@pytest.mark.parametrize("name", ["nodes", "rounds"])
def test_work_is_a_whole_number_of_one_or_more(name: str, wrong: Any) -> None:
    with pytest.raises(qh.errors.DataError, match=name):
        solve_siting(question(), **{name: wrong})


def test_what_lies_behind_a_plan_ends_by_work_too(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = question("max-cover")
    impossible = question("min-time", coverage=qh.siting.Coverage(everyone=True), new_sites=1)
    first = robust_sites(problem, scenarios=3, speed=(1, 1), seconds=np.inf, nodes=30).scenarios
    rules = [c.rule for c in smallest_relaxations(impossible, seconds=np.inf, nodes=50)]
    ticks = count()
    monkeypatch.setattr(time, "perf_counter", lambda: 1e4 * next(ticks))
    assert robust_sites(problem, scenarios=3, speed=(1, 1), seconds=np.inf, nodes=30).scenarios.equals(first)
    assert [c.rule for c in smallest_relaxations(impossible, seconds=np.inf, nodes=50)] == rules
    assert "new_sites" in rules


def test_a_goal_of_no_work_left_says_what_counting_knows() -> None:
    plan = solve_siting(question((Goal("max-cover"), Goal("min-time"))), rounds=2)
    assert {level.proved_by for level in plan.levels} <= {"counting", "Lagrangian"} or plan.stopped == "work"
