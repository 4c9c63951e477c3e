"""Most people first, then the least time that keeps them: by the engines of times as by the generic model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from quarterhour.siting.methods import dispatch
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.problem import Goal, SitingProblem
from quarterhour.siting.question.rules import Capacity, Quota
from quarterhour.siting.solve import solve_siting


def county(
    seed: int, *, room: bool, new_sites: int = 4, objective: object = ("max-cover", "min-time")
) -> SitingProblem:
    rng = np.random.default_rng(seed)
    place, site = rng.random((50, 2)) * 60, rng.random((15, 2)) * 60
    minutes = np.round(np.hypot(*(place[:, None] - site[None]).transpose(2, 0, 1)), 1)
    towns = [f"t{k % 3}" for k in range(15)]
    sites = pd.DataFrame({"town": towns, "state": ["existing"] * 2 + ["candidate"] * 13})
    sites["capacity"] = rng.integers(60, 250, 15)
    capacity = Capacity("graves", split=True) if room else None
    quotas = (Quota("town", ("t0", "t1", "t2")),)
    return siting_from_matrix(
        minutes, rng.integers(0, 40, 50), objective=objective, within=15, new_sites=new_sites, sites=sites,
        quotas=quotas, capacity=capacity,
    )  # fmt: skip


@pytest.mark.parametrize("room", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_engine_of_times_agrees_with_the_generic_model(
    seed: int, room: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = county(seed, room=room)
    quick = solve_siting(problem)
    verify_plan(problem, quick)
    monkeypatch.setattr(dispatch, "_is_most_then_time", lambda _rules, _goal: False)
    slow = solve_siting(problem)
    assert quick.status == slow.status == "optimal"
    assert [level.value for level in quick.levels] == [level.value for level in slow.levels]


def test_nobody_is_left_out_to_save_others_time() -> None:
    # One site may be built: near 11 people (all within 1 minute), or 15 minutes from 12.
    minutes = [[1.0, np.nan]] * 11 + [[np.nan, 15.0]] * 12
    problem = siting_from_matrix(minutes, [1] * 23, objective=("max-cover", "min-time"), within=15, new_sites=1)
    plan = solve_siting(problem)
    verify_plan(problem, plan)
    assert (plan.chosen, plan.covered, plan.status) == (("1",), 12, "optimal")
    assert plan.levels[1].value == 12 * 15 + 11 * 15


def test_rooms_that_are_full_leave_the_fewest_without_a_place() -> None:
    # 30 graves are asked; the near site holds 10, the far one 12.
    sites = pd.DataFrame({"capacity": [10, 12]})
    asked = {"objective": ("max-cover", "min-time"), "within": 15, "new_sites": 2, "sites": sites}
    problem = siting_from_matrix([[2.0, 9.0]], [30], capacity=Capacity("graves", split=True), **asked)
    plan = solve_siting(problem)
    verify_plan(problem, plan)
    assert (plan.covered, plan.value, plan.status) == (22, 22, "optimal")
    assert plan.levels[1].value == 10 * 2 + 12 * 9 + 8 * 15


def test_few_sites_may_come_between() -> None:
    chain = ("max-cover", "min-sites", "min-time")
    problem = county(1, room=False, new_sites=9, objective=chain)
    plan = solve_siting(problem)
    verify_plan(problem, plan)
    again = solve_siting(county(1, room=False, new_sites=len(plan.chosen), objective=("max-cover", "min-time")))
    assert plan.status == "optimal"
    assert (plan.levels[0].value, plan.levels[2].value) == (again.levels[0].value, again.levels[1].value)


def test_the_plans_on_the_way_hold() -> None:
    seen = []
    problem = county(2, room=True, objective=(Goal("max-cover"), Goal("min-time")))
    plan = solve_siting(problem, found=seen.append)
    for step in seen:
        verify_plan(problem, step)
    assert seen[-1].chosen == plan.chosen
