"""A search may end at any moment: killed, interrupted or out of time, the best plan so far is there with its bound."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pytest

from quarterhour.base.machine.stop import interrupts
from quarterhour.siting.proof import checkpoint
from quarterhour.siting.proof.assemble import certificate
from quarterhour.siting.proof.checkpoint import Keeper
from quarterhour.siting.proof.plan_record import verify_record
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.bounds import counting_bound
from quarterhour.siting.question.evaluate import Choice, Measure
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.problem import Coverage
from quarterhour.siting.question.rules import Budget, Capacity
from quarterhour.siting.question.search import COUNTING, SearchBudget, SearchResult
from quarterhour.siting.solve import solve_siting

HARD = """
import numpy as np
import pandas as pd
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.rules import Budget, Capacity

def hard(communities=300, candidates=60):
    rng = np.random.default_rng(5)
    place, site = rng.random((communities, 2)) * 60, rng.random((candidates, 2)) * 60
    minutes = np.hypot(*(place[:, None] - site[None]).transpose(2, 0, 1))
    sites = pd.DataFrame({"capacity": rng.integers(300, 900, candidates)})
    sites["cost_yuan"] = rng.integers(50, 150, candidates)
    return siting_from_matrix(
        minutes, rng.integers(1, 60, communities), objective=("max-cover", "min-time"), within=15, new_sites=12,
        sites=sites, capacity=Capacity("beds"), budget=Budget(1100),
    )
"""


@pytest.fixture(scope="module")
def hard():
    space = {}
    exec(HARD, space)  # noqa: S102 - the same words as in the other process
    return space["hard"]()


def test_a_killed_search_leaves_the_last_plan_whole(tmp_path):
    file = tmp_path / "plan.json"
    code = f"""{HARD}
from quarterhour.siting.solve import solve_siting
solve_siting(hard(), seconds=float("inf"), keep={str(file)!r}, found=lambda plan: print("found", flush=True))
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "found\n"
        run.kill()
        assert run.wait() != 0
    record = json.loads(file.read_text(encoding="utf-8"))
    assert verify_record(record).new_sites > 0
    assert record["status"] == "bounded"
    assert record["bound"] >= record["value"] > 0


ENGINES = {
    "median": {"objective": "min-time", "within": 20, "new_sites": 14},
    "centre": {"objective": "min-worst", "within": 60, "new_sites": 12},
    "shared": {"objective": "min-time", "within": 30, "new_sites": 18, "capacity": Capacity("beds", split=True)},
    "cover": {"objective": "max-cover", "within": 8, "new_sites": 12},
    "whole": {"objective": "max-cover", "within": 15, "new_sites": 12, "capacity": Capacity("beds")},
    "backup": {"objective": "max-cover", "within": 12, "new_sites": 12, "coverage": Coverage(backup=50)},
}


def _engine(name):
    rng = np.random.default_rng(6)
    place, site = rng.random((300, 2)) * 60, rng.random((60, 2)) * 60
    minutes = np.hypot(*(place[:, None] - site[None]).transpose(2, 0, 1))
    sites = pd.DataFrame({"capacity": rng.integers(500, 1200, 60)})
    loose = {"coverage": Coverage(everyone=False)} if ENGINES[name]["objective"] == "min-time" else {}
    return siting_from_matrix(minutes, rng.integers(1, 60, 300), sites=sites, **{**loose, **ENGINES[name]})


ENOUGH = 4
"""Plans on the way, after which a search is ended by Ctrl-C: by what it found, not by the clock."""


@pytest.fixture
def every_plan_is_told(monkeypatch):
    """However long it takes to tell them."""
    monkeypatch.setattr(checkpoint, "_SHARE", math.inf)


def end_after(most, told):
    """Ctrl-C once so many plans were told."""
    if len(told) == most:
        signal.raise_signal(signal.SIGINT)


@pytest.mark.usefixtures("every_plan_is_told")
@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_keeps_its_plans_on_the_way(name, tmp_path):
    """At any moment the file is a whole plan, verified, and no worse than the one before."""
    problem, file, values = _engine(name), tmp_path / "plan.json", []

    def found(_plan):
        record = json.loads(file.read_text(encoding="utf-8"))
        verify_record(record)
        values.append(record["value"])
        end_after(ENOUGH, values)

    plan = solve_siting(problem, seconds=math.inf, keep=file, found=found)
    assert values == sorted(values, reverse=not problem.goals[0].most)
    assert values[-1] == plan.value


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_ctrl_c_gives_the_plan_so_far_and_its_bound():
    code = f"""{HARD}
from quarterhour.siting.solve import solve_siting
from quarterhour.siting.proof.recount import verify_plan
problem = hard()
plan = solve_siting(problem, seconds=float("inf"), found=lambda plan: print("found", flush=True))
verify_plan(problem, plan)
print("plan", plan.stopped, plan.status, plan.value > 0, plan.bound >= plan.value, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "found\n"
        run.send_signal(signal.SIGINT)
        told = [line for line in run.stdout if line.startswith("plan")]
        assert run.wait() == 0
    assert told == ["plan interrupt bounded True True\n"]


@pytest.mark.usefixtures("every_plan_is_told")
def test_every_plan_on_the_way_holds_and_is_better(hard, tmp_path):
    seen = []

    def found(plan):
        seen.append(plan)
        end_after(ENOUGH, seen)

    plan = solve_siting(hard, seconds=math.inf, keep=tmp_path / "plan.json", found=found)
    assert len(seen) > 1
    for step in seen:
        verify_plan(hard, step)
    values = [step.value for step in seen]
    assert values == sorted(values)
    assert all(step.bound >= plan.value for step in seen)
    record = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    assert (record["value"], record["input_hash"]) == (plan.value, plan.input_hash)
    assert seen[-1].chosen == plan.chosen


def test_a_plan_kept_back_is_told_when_there_is_time_again(monkeypatch):
    problem = _easy()
    measure, told = Measure(problem), []
    keeper = Keeper(certificate(measure, 0), SearchBudget(), found=told.append)
    goal, best = problem.goals[0], solve_siting(problem)
    hear, budget = keeper.hearing(goal, []), keeper.asking(SearchBudget())
    monkeypatch.setattr(checkpoint, "_SHARE", -1.0)
    for opened in ((), best.chosen):
        choice = Choice(problem.sites.index.isin(opened))
        hear(SearchResult(choice, measure.value(choice, goal), counting_bound(measure, goal), COUNTING))
    assert not told
    monkeypatch.setattr(checkpoint, "_SHARE", 1.0)
    assert not budget.over()
    assert [p.value for p in told] == [best.value]
    assert not budget.over() and len(told) == 1


def test_time_that_ends_a_search_is_told(hard, clock):
    """An hour is over as soon as there is a plan."""
    assert solve_siting(_easy()).stopped == ""
    plan = solve_siting(hard, seconds=3600, found=lambda _: clock.skip(3600))
    verify_plan(hard, plan)
    assert (plan.status, plan.stopped) == ("bounded", "time")


def _easy(**changed):
    rng = np.random.default_rng(2)
    minutes = rng.integers(1, 30, (30, 10)).astype(float)
    asked = {"objective": ("max-cover", "min-time"), "within": 10, "new_sites": 3, **changed}
    return siting_from_matrix(minutes, rng.integers(0, 50, 30), **asked)


def test_the_same_seed_gives_the_same_plan():
    first, again = (solve_siting(_easy(coverage=Coverage(backup=50)), seed=3) for _ in range(2))
    assert (first.chosen, first.levels, first.versions) == (again.chosen, again.levels, again.versions)
    assert {"quarterhour", "highspy"} <= set(first.versions)
    assert first.seed == 3


def test_an_interrupt_elsewhere_is_nobody_elses_business():
    before = signal.getsignal(signal.SIGINT)
    solve_siting(_easy())
    assert signal.getsignal(signal.SIGINT) is before
    plans = []
    thread = threading.Thread(target=lambda: plans.append(solve_siting(_easy())))
    thread.start()
    thread.join()
    assert plans[0].status == "optimal"


def test_a_second_interrupt_ends_as_always():
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append("before"))
    try:
        with interrupts() as asked:
            signal.raise_signal(signal.SIGINT)
            assert (asked.is_set(), heard) == (True, [])
            signal.raise_signal(signal.SIGINT)
            assert heard == ["before"]
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_comes_to_who_hears_it_when_the_plan_is_kept(number):
    """It is lost on no way, not where the plan is proven meanwhile either, and nobody hears it who did not ask to."""
    heard = []
    before = signal.signal(number, lambda *_: heard.append("end"))
    try:
        assert solve_siting(_easy(), found=lambda _: heard or signal.raise_signal(number)).chosen
        assert "end" in heard
        signal.signal(number, signal.SIG_DFL)
        with interrupts():
            assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, before)


def test_a_choice_that_breaks_a_rule_by_a_hair_is_refused():
    """Money as large as the solver's tolerance hides: what it takes for a plan is counted again in whole yuan."""
    rng = np.random.default_rng(4)
    minutes = np.where(np.eye(12) > 0, 1.0, np.nan)
    cost = rng.integers(10**9, 2 * 10**9, 12) * 1000 + rng.integers(0, 999, 12)
    budget = int(np.sort(cost)[:6].sum()) - 1
    asked = {"sites": pd.DataFrame({"cost_yuan": cost}), "budget": Budget(budget), "within": 5}
    problem = siting_from_matrix(minutes, [1] * 12, objective="max-cover", **asked)
    plan = solve_siting(problem)
    verify_plan(problem, plan)
    assert (plan.value, plan.status) == (5, "optimal")


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("objective", ["max-cover", "min-time"])
def test_a_plan_within_the_room_is_known_without_any_time(objective, split):
    rng = np.random.default_rng(8)
    problem = siting_from_matrix(
        rng.integers(1, 30, (40, 10)), rng.integers(1, 90, 40), within=20, objective=objective, new_sites=4,
        sites=pd.DataFrame({"capacity": np.full(10, 300)}), capacity=Capacity(split=split),
        coverage=Coverage(everyone=False),
    )  # fmt: skip
    told = []
    plan = solve_siting(problem, seconds=0, found=told.append)
    assert plan.status == "bounded" and plan.covered > 0 and plan.stopped == "time"
    assert told[0].covered == plan.covered
