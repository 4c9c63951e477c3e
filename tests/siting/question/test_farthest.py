"""The farthest that anybody may have, apart from the standard: every choice of toy towns tried by hand."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.base.errors import CutoffError, DataError, PlanError
from quarterhour.siting.certify import certify_plan
from quarterhour.siting.outlook.frontier import frontier
from quarterhour.siting.outlook.relaxations import smallest_relaxations
from quarterhour.siting.outlook.reserves import reserve_sites
from quarterhour.siting.outlook.robust import robust_sites
from quarterhour.siting.proof.behind_record import behind_record
from quarterhour.siting.proof.evidence import check_evidence
from quarterhour.siting.proof.plan_record import plan_record, read_record, verify_record
from quarterhour.siting.proof.recount import check_rules_of_sites, verify_plan
from quarterhour.siting.question.fingerprint import asked, input_hash
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.problem import Coverage
from quarterhour.siting.question.rules import Capacity
from quarterhour.siting.solve import solve_siting
from repeatable import examples

STANDARD = 15
GOALS = ("max-cover", "min-time", "min-worst", "min-sites", "min-cost", "max-cover")


def town(seed):
    """Six villages and six sites, what each costs, the farthest, and the question."""
    rng = np.random.default_rng(seed)
    minutes = rng.choice([3.0, 9.0, 15.0, 15.5, 22.0, 30.0, 41.0], (6, 6))
    minutes[rng.random((6, 6)) < 0.2] = np.nan
    people, cost = rng.integers(0, 6, 6), rng.integers(1, 6, 6)
    states = rng.choice(["candidate"] * 5 + ["existing", "required"], 6)
    farthest, most = float(rng.choice([8, 9, 16, 22, 30])), int(rng.integers(1, 4))
    goal = GOALS[seed % len(GOALS)]
    coverage = Coverage(farthest=farthest, everyone=bool(seed % 2) if goal != "max-cover" else None)
    sites = pd.DataFrame({"state": states, "cost_yuan": cost})
    problem = siting_from_matrix(
        minutes, people, objective=goal, within=STANDARD, new_sites=most, sites=sites, coverage=coverage
    )
    return minutes, people, cost, states, farthest, most, goal, problem


def by_hand(minutes, people, cost, states, farthest, most, goal, everyone):
    """The best value of any choice that keeps the rules; None where none does."""
    fixed = [s for s, state in enumerate(states) if state == "existing"]
    free = [s for s in range(6) if s not in fixed]
    best = None
    for n in range(len(free) + 1):
        for built in itertools.combinations(free, n):
            if n > most or any(states[s] == "required" and s not in built for s in free):
                continue
            opened = [*fixed, *built]
            legs = [min((row[s] for s in opened if row[s] <= STANDARD), default=None) for row in minutes]
            reach = [(row <= STANDARD).any() for row in minutes]
            far = [
                n > 0 and (row <= farthest).any() and not any(row[s] <= farthest for s in opened)
                for row, n in zip(minutes, people, strict=True)
            ]
            lost = [n > 0 and r and leg is None for n, r, leg in zip(people, reach, legs, strict=True)]
            if any(far) or (everyone and any(lost)):
                continue
            ways = [(n, STANDARD if g is None else g) for n, g, r in zip(people, legs, reach, strict=True) if r]
            value = {
                "max-cover": -sum(n for n, leg in zip(people, legs, strict=True) if leg is not None),
                "min-time": sum(n * leg for n, leg in ways),
                "min-worst": max((leg for n, leg in ways if n), default=0),
                "min-sites": len(built),
                "min-cost": sum(cost[s] for s in built),
            }[goal]
            best = value if best is None else min(best, value)
    return best


@examples(80, 3000)
@given(st.integers(0, 10**6))
def test_a_plan_is_the_best_of_all_that_keep_the_farthest(seed):
    *drawn, problem = town(seed)
    plan, best = solve_siting(problem, rounds=2_000), by_hand(*drawn, problem.everyone)
    if best is None:
        assert plan.status == "infeasible" and plan.reasons
        assert all(reason.sentence("zh") and reason.sentence("en") for reason in plan.reasons)
        return
    assert plan.status == "optimal" and plan.value == abs(best)
    verify_plan(problem, plan)
    verify_record(plan_record(plan, problem))


@examples(20, 600)
@given(st.integers(0, 10**6))
def test_a_record_reads_as_the_same_question(seed):
    *_, problem = town(seed)
    plan = solve_siting(problem, rounds=2_000)
    again, said = read_record(plan_record(plan, problem))
    assert input_hash(again) == input_hash(problem) == said.input_hash
    assert again.coverage.farthest == problem.coverage.farthest
    for name in ("pairs", "farther", "far_enough"):
        one, other = getattr(problem, name), getattr(again, name)
        assert all((a == b).all() for a, b in ((one.start, other.start), (one.site, other.site), (one.cs, other.cs)))


# --- by hand --------------------------------------------------------------------------------------

STREET = pd.DataFrame([[5, 30, 30], [9, 25, 30], [30, 20, 40], [50, 50, 22]], list("abcd"), list("pqr"))


def street(**rules):
    """Within 15 minutes p has a and b and nobody else has anything; q is 20 from c, r 22 from d."""
    return siting_from_matrix(
        STREET, pd.Series([10, 6, 1, 1], list("abcd")), within=15, new_sites=2, searched=60, coverage=Coverage(**rules)
    )


def test_the_farthest_asks_for_a_site_that_covers_nobody():
    assert solve_siting(street()).chosen == ("p",)
    plan = solve_siting(street(farthest=20))
    assert set(plan.chosen) == {"p", "q"} and plan.covered == 16 and plan.status == "optimal"
    verify_plan(street(farthest=20), plan)


def test_a_plan_that_leaves_somebody_farther_is_refused():
    problem = street(farthest=20)
    check_rules_of_sites(problem, ["p", "q"])
    with pytest.raises(PlanError, match="no open site is within 20 minutes of c") as told:
        check_rules_of_sites(problem, ["p", "r"])
    assert "超过 20 分钟" in told.value.sentence("zh")


def test_what_cannot_be_kept_is_named_and_given_up():
    problem = street(farthest=22)
    plan = solve_siting(problem)
    assert plan.status == "infeasible"
    said = " ".join(reason.sentence("en") for reason in plan.reasons)
    assert "within 22 minutes" in said and "22 分钟" in plan.reasons[0].sentence("zh")
    found = {change.rule: change for change in smallest_relaxations(problem, rounds=5_000)}
    assert found["new_sites"].needed == 3 and found["farthest"].asked == 22
    assert "22 minutes" in found["farthest"].sentence("en") and "22 分钟" in found["farthest"].sentence("zh")


def test_reserves_keep_the_farthest():
    problem = street(farthest=20)
    plan = solve_siting(problem)
    table = reserve_sites(problem, plan)
    assert table["substitute"].isna().all()
    verify_record(plan_record(plan, problem, behind=behind_record(reserves=table)))


def test_a_bound_that_rests_on_the_farthest_is_shown_by_prices():
    for seed in range(12):
        *_, drawn = town(seed)
        plan = certify_plan(drawn, solve_siting(drawn, rounds=2_000))
        if plan.levels:
            assert all(check_evidence(drawn, plan))
            verify_record(plan_record(plan, drawn))


def test_scenarios_know_times_up_to_the_farthest():
    problem = street(farthest=20)
    found = robust_sites(problem, scenarios=3, speed=(1, 1.5), rounds=3_000)
    assert found.scenarios["status"].isin(["optimal", "infeasible"]).all()
    with pytest.raises(CutoffError):
        robust_sites(problem, scenarios=2, speed=(1, 4), rounds=3_000)
    classes = siting_from_matrix(
        STREET, pd.Series([10, 6, 1, 1], list("abcd")), within={"x": 15, "y": 9}, classes=list("xxyy"), new_sites=2,
        searched=60, coverage=Coverage(farthest=20),
    )  # fmt: skip
    assert set(solve_siting(classes).chosen) == {"p", "q"}
    with pytest.raises(DataError, match="several standards"):
        robust_sites(classes, scenarios=2)


def test_a_class_with_times_of_its_own_is_known_up_to_the_farthest():
    costs = {"x": STREET, "y": STREET}
    problem = siting_from_matrix(
        costs, pd.Series([10, 6, 1, 1], list("abcd")), within={"x": 15, "y": 9}, classes=list("xxyy"), new_sites=2,
        coverage=Coverage(farthest=20),
    )  # fmt: skip
    plan = solve_siting(problem)
    assert set(plan.chosen) == {"p", "q"}
    verify_record(plan_record(plan, problem))


@pytest.mark.parametrize("farthest", [0, -1, "20", True, float("nan"), float("inf")])
def test_minutes_are_above_nothing(farthest):
    with pytest.raises(DataError, match="farthest") as told:
        street(farthest=farthest)
    assert "最远时间" in told.value.sentence("zh")


def test_it_goes_with_no_capacity_and_no_frontier_and_within_what_was_searched():
    with pytest.raises(DataError, match="together with a capacity"):
        siting_from_matrix([[5]], [1], sites=pd.DataFrame({"capacity": [5]}), new_sites=1, capacity=Capacity(),
                           coverage=Coverage(farthest=3))  # fmt: skip
    with pytest.raises(DataError):
        frontier(street(farthest=20), 2)
    sparse = STREET.where(STREET < 30)
    with pytest.raises(CutoffError, match="farthest"):
        siting_from_matrix(sparse, [1, 1, 1, 1], within=15, searched=15, new_sites=1, coverage=Coverage(farthest=60))


def test_a_question_without_it_is_asked_as_before():
    plain = street()
    assert asked(plain)["coverage"] == [None, "", False, 0]
    record = plan_record(solve_siting(plain), plain)
    assert "farther" not in record["question"] and len(record["question"]["coverage"]) == 4


def test_a_forged_farthest_is_refused():
    problem = street(farthest=20)
    record = plan_record(solve_siting(problem), problem)
    for change in (lambda q: q["coverage"].pop(), lambda q: q["coverage"].append(1), lambda q: q.pop("farther"),
                   lambda q: q["farther"].update(x=1), lambda q: q["coverage"].__setitem__(4, 60 * 100)):  # fmt: skip
        forged = copy.deepcopy(record)
        change(forged["question"])
        with pytest.raises(PlanError):
            verify_record(forged)
