"""In which order to build, and what each site is worth: every order tried by hand, every site closed in turn."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from quarterhour.base.errors import CutoffError, DataError
from quarterhour.siting.methods.median.median_instance import build_median_instance
from quarterhour.siting.outlook import sequence
from quarterhour.siting.outlook.frontier import frontier
from quarterhour.siting.outlook.phasing import candidate_values, phase_plan, site_values
from quarterhour.siting.outlook.relaxations import smallest_relaxations
from quarterhour.siting.outlook.robust import robust_sites
from quarterhour.siting.outlook.sequence import Worth, best_order
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.problem import Coverage
from quarterhour.siting.question.rules import Capacity, Quota
from quarterhour.siting.question.site_limits import count_limits
from quarterhour.siting.solve import solve_siting
from quarterhour.travel.times import times_from_matrix
from repeatable import examples


def ask(minutes, people, states, *, cutoff=20, **asked):
    """A question from a matrix of minutes."""
    sites = pd.Index([f"s{k}" for k in range(len(states))], dtype="str")
    communities = pd.Index([f"c{k}" for k in range(len(people))], dtype="str")
    times = times_from_matrix(np.array(minutes, dtype=float), communities=communities, sites=sites, cutoff=cutoff)
    frame = pd.DataFrame({"state": states, "town": "T", "county": "K", "name": "", "quality": "fact"}, sites)
    frame["capacity"], frame["cost_yuan"] = asked.pop("room", None), asked.pop("cost", 0)
    demand = pd.Series(people, index=communities)
    return as_problem("small", demand=demand, sites=frame, times=times, minutes=15, **asked)


def worth_by_hand(minutes, people, opened, objective):
    """People covered (counted down) or people-minutes, somebody not covered at the standard."""
    total = 0
    for row, count in zip(minutes, people, strict=True):
        near = [m for m in row if m <= 15]
        legs = [row[s] for s in opened if row[s] <= 15]
        if near:
            total += count * (min(legs, default=15) if objective == "min-time" else 0 if legs else 1)
    return total


@st.composite
def questions(draw):
    sites, rows = draw(st.integers(1, 5)), draw(st.integers(1, 7))
    minute = st.sampled_from([0.0, 2.0, 7.0, 15.0, 15.5, math.nan])
    minutes = [[draw(minute) for _ in range(sites)] for _ in range(rows)]
    people = [draw(st.integers(0, 9)) for _ in range(rows)]
    states = [
        draw(st.sampled_from(["candidate", "candidate", "candidate", "required", "existing"])) for _ in range(sites)
    ]
    objective = draw(st.sampled_from(["max-cover", "min-time"]))
    asked = {"objective": objective, "new_sites": sites, "coverage": Coverage(everyone=False)}
    return minutes, people, states, asked


@examples(40, 400)
@given(questions())
def test_no_order_is_better_and_no_plan_of_a_size_beats_its_bound(drawn):
    minutes, people, states, asked = drawn
    problem = ask(minutes, people, states, **asked)
    plan = solve_siting(problem)
    phasing = phase_plan(problem, plan)
    existing = [k for k, s in enumerate(states) if s == "existing"]
    objective, chosen = asked["objective"], [int(s[1:]) for s in plan.chosen]

    def curve(order):
        return [worth_by_hand(minutes, people, existing + list(order[:n]), objective) for n in range(len(order) + 1)]

    best = min(sum(curve(order)[:-1]) for order in itertools.permutations(chosen))
    mine = curve([int(s[1:]) for s in phasing.order])
    assert phasing.proven and sum(mine[:-1]) == best
    whole = sum(n for n, row in zip(people, minutes, strict=True) if any(m <= 15 for m in row))
    value = [v if objective == "min-time" else whole - v for v in mine]
    assert phasing.steps["value"].tolist() == value
    others = [k for k in range(len(states)) if k not in existing]
    for built, row in phasing.steps.set_index("built").iterrows():
        least = min(
            worth_by_hand(minutes, people, existing + list(some), objective)
            for some in itertools.combinations(others, built)
        )
        least = least if objective == "min-time" else whole - least
        assert row["best"] == row["bound"] == least
        assert row["loss"] == row["loss_at_most"] == abs(row["value"] - least)


def valued(values, drawn):
    """The plan of a question, what its sites are worth, and the positions of those that are open."""
    minutes, people, states, asked = drawn
    problem = ask(minutes, people, states, **asked)
    plan = solve_siting(problem)
    opened = [k for k, s in enumerate(states) if s == "existing" or f"s{k}" in plan.chosen]
    return plan, values(problem, plan), opened


@examples(40, 300)
@given(questions())
def test_a_site_is_worth_what_is_lost_when_it_closes(drawn):
    minutes, people, states, asked = drawn
    plan, values, opened = valued(site_values, drawn)
    assert set(values.index) == {f"s{k}" for k in opened}
    before = worth_by_hand(minutes, people, opened, asked["objective"])
    for site, row in values.iterrows():
        less = [k for k in opened if k != int(site[1:])]
        assert row["loss"] == worth_by_hand(minutes, people, less, asked["objective"]) - before
        alone = [
            n for n, m in zip(people, minutes, strict=True) if [k for k in opened if m[k] <= 15] == [int(site[1:])]
        ]
        assert row["left"] == sum(alone)
    assert values["people"].sum() == plan.covered


NO_WAY = ([[math.nan, 2.0]], [3], ["existing", "candidate"])
"""One community, which the site that stands cannot be reached from; nothing may be built."""


@example((*NO_WAY, {"objective": "max-cover", "new_sites": 0, "coverage": Coverage(everyone=False)}))
@examples(40, 300)
@given(questions())
def test_a_candidate_left_out_is_worth_what_it_would_add(drawn):
    minutes, people, states, asked = drawn
    _, values, opened = valued(candidate_values, drawn)
    assert set(values.index) == {f"s{k}" for k in range(len(states))} - {f"s{k}" for k in opened}
    assert values["gain"].is_monotonic_decreasing
    before = worth_by_hand(minutes, people, opened, asked["objective"])
    for site, row in values.iterrows():
        k = int(site[1:])
        assert row["gain"] == before - worth_by_hand(minutes, people, [*opened, k], asked["objective"])
        alone = [n for n, m in zip(people, minutes, strict=True) if m[k] <= 15 and not any(m[o] <= 15 for o in opened)]
        assert row["reached"] == sum(alone)


def test_a_candidate_with_room_adds_what_all_gain_when_they_go_anew():
    problem = plane(7, rows=15, objective="min-time", new_sites=3, capacity=Capacity(split=True), room=90)
    plan = solve_siting(problem)
    values = candidate_values(problem, plan)
    assert len(values) == 3 and (values["gain"] >= 0).all() and (values["reached"] >= 0).all()
    more = [*plan.chosen, values.index[0]]
    built = problem.sites["state"].where(~problem.sites.index.isin(more), "required")
    forced = solve_siting(replace(problem, sites=problem.sites.assign(state=built), new_sites=len(more)))
    assert plan.value - forced.value == pytest.approx(values["gain"].iloc[0])


def test_the_plan_of_another_question_is_not_valued():
    problem = plane(5, objective="max-cover", new_sites=3)
    plan = solve_siting(replace(problem, new_sites=2))
    for value in (site_values, candidate_values, phase_plan):
        with pytest.raises(DataError, match="answers another question"):
            value(problem, plan)


def plane(sites, rows=60, seed=2, **asked):
    """Villages and places to build on a square."""
    rng = np.random.default_rng(seed)
    place, site = rng.random((rows, 2)) * 30, rng.random((sites, 2)) * 30
    minutes = np.hypot(*(place[:, None] - site[None]).transpose(2, 0, 1)) * 1.5
    given_ = {"coverage": Coverage(everyone=False), **asked}
    return ask(minutes, rng.integers(1, 50, rows), ["existing"] + ["candidate"] * (sites - 1), **given_)


def test_sums_over_sets_give_what_each_part_comes_to():
    rng = np.random.default_rng(5)
    cs = rng.integers(-5, 60, (40, 9))
    median = build_median_instance(rng.integers(0, 9, 40), cs, count_limits(9), otherwise=np.full(40, 50))
    worth = Worth(median, np.array([8]))
    sites = np.array([0, 2, 3, 6])
    parts = worth.parts(sites)
    for n, value in enumerate(parts.tolist()):
        assert value == worth.value(sites[[k for k in range(4) if n >> k & 1]])
    order = np.array([6, 0, 3, 2])
    assert worth.curve(order).tolist() == [worth.value(order[:n]) for n in range(5)]


def test_moving_sites_comes_close_to_the_best_of_all_orders(monkeypatch):
    problem = plane(14, objective="min-time", new_sites=9)
    plan = solve_siting(problem)
    exact = phase_plan(problem, plan)
    monkeypatch.setattr(sequence, "_ALL_ORDERS", 3)
    moved = phase_plan(problem, plan)
    assert exact.proven and not moved.proven
    assert exact.steps["value"].sum() <= moved.steps["value"].sum() <= 1.01 * exact.steps["value"].sum()
    assert set(moved.order) == set(plan.chosen)


def test_several_sites_a_step_and_years_count():
    """Two hamlets of 4 share one site each; a town of 9 has its own. With a long first year the town comes first."""
    minutes = [[1, math.nan, math.nan], [math.nan, 1, math.nan], [math.nan, math.nan, 1]]
    problem = ask(minutes, [4, 4, 9], ["candidate"] * 3, objective="max-cover", new_sites=3)
    plan = solve_siting(problem)
    one = phase_plan(problem, plan)
    assert one.order == ("s2", "s0", "s1") and one.steps["value"].tolist() == [0, 9, 13, 17]
    two = phase_plan(problem, plan, per_step=[1, 2], years=[1, 5])
    assert two.steps["sites"].tolist() == [(), ("s2",), ("s0", "s1")] and two.steps["loss_at_most"].tolist() == [0] * 3
    assert phase_plan(problem, plan, per_step=2).steps["built"].tolist() == [0, 2, 3]


def test_a_step_is_held_against_the_best_plan_of_its_size():
    """The site that serves both villages is not in the plan, which must build the other two."""
    minutes = [[1, math.nan, 1], [math.nan, 1, 1]]
    problem = ask(minutes, [5, 6], ["required", "required", "candidate"], objective="max-cover", new_sites=2)
    steps = phase_plan(problem, solve_siting(problem)).steps
    assert steps["value"].tolist() == [0, 6, 11] and steps["best"].tolist() == [0, 11, 11]
    assert steps["loss"].tolist() == steps["loss_at_most"].tolist() == [0, 5, 0]


def test_room_is_shared_out_over_the_years():
    problem = plane(7, rows=15, objective="min-time", new_sites=4, capacity=Capacity(split=True), room=90)
    plan = solve_siting(problem)
    phasing = phase_plan(problem, plan)
    assert phasing.proven and phasing.steps["value"].is_monotonic_decreasing
    assert phasing.steps["value"].iloc[-1] == pytest.approx(plan.value)
    assert (phasing.steps["loss_at_most"] >= phasing.steps["loss"]).all() and phasing.steps["loss"].iloc[-1] == 0
    values = site_values(problem, plan)
    assert (values["loss"] >= 0).all() and values["people"].sum() == plan.served["people"].sum()


def test_what_cannot_be_phased_is_told():
    problem = plane(5, objective="max-cover", new_sites=3)
    plan = solve_siting(problem)
    for wrong, key in (
        ({"per_step": 0}, "phasing.bad_steps"),
        ({"per_step": 1.5}, "phasing.bad_steps"),
        ({"per_step": True}, "phasing.bad_steps"),
        ({"per_step": None}, "phasing.bad_steps"),
        ({"per_step": "12"}, "phasing.bad_steps"),
        ({"per_step": [1, 1.5]}, "phasing.bad_steps"),
        ({"per_step": [1, 1]}, "phasing.steps_differ"),
        ({"years": [1]}, "phasing.bad_years"),
        ({"years": ["a"] * 3}, "phasing.bad_years"),
    ):
        with pytest.raises(DataError) as told:
            phase_plan(problem, plan, **wrong)
        assert told.value.key == key
    backup = plane(5, objective="max-cover", new_sites=3, coverage=Coverage(backup=50, everyone=False))
    with pytest.raises(DataError, match="two sites"):
        phase_plan(backup, plan)
    never = ask([[1.0]], [1], ["candidate"], objective="max-cover", new_sites=0, quotas=(Quota("town", ("T",), 1),))
    with pytest.raises(DataError, match="no plan"):
        phase_plan(never, solve_siting(never))
    with pytest.raises(DataError, match="s3, s2"):
        phase_plan(ask([[1.0]], [1], ["candidate"], objective="max-cover", new_sites=1), plan)


def test_a_plan_that_builds_nothing_has_one_step():
    problem = ask([[1.0]], [3], ["existing"], objective="max-cover", new_sites=2)
    phasing = phase_plan(problem, solve_siting(problem))
    assert phasing.order == () and phasing.steps["value"].tolist() == [3]


# --- robust sites -------------------------------------------------------------------------------


def test_a_site_that_every_pace_needs_is_always_chosen():
    """A village 14 minutes off falls out at slow paces; one a minute off never does."""
    minutes = [[1, math.nan, math.nan], [math.nan, 14, math.nan], [math.nan, math.nan, 13.9]]
    problem = ask(minutes, [9, 8, 7], ["candidate"] * 3, objective="max-cover", new_sites=2)
    plan = solve_siting(problem)
    found = robust_sites(problem, scenarios=12, speed=(0.8, 1.2), people=0.0, plan=plan, seed=4)
    assert found.sites.loc["s0", "share"] == 1.0 and found.always() == ["s0"]
    assert found.proven == 12 and found.sites["in_plan"].to_dict() == {"s0": True, "s1": True, "s2": False}
    slow = found.scenarios["speed"] < 13.9 / 15
    late = found.scenarios["speed"] < 14 / 15
    assert found.sites.loc["s1", "chosen"] == int((~late).sum())
    assert found.scenarios["value"].tolist() == [9 if s else 16 if x else 17 for s, x in zip(slow, late, strict=True)]


def test_whole_numbers_of_any_kind_are_steps():
    problem = plane(5, objective="max-cover", new_sites=3)
    plan = solve_siting(problem)
    ones = phase_plan(problem, plan).steps
    for steps in (np.int64(1), 1.0, np.array([1, 1, 1]), [1.0] * 3):
        pd.testing.assert_frame_equal(phase_plan(problem, plan, per_step=steps).steps, ones)


@pytest.mark.parametrize("seconds", ["5", math.nan, True])
def test_a_time_that_is_none_is_told_at_every_door(seconds):
    problem = plane(5, rows=9, objective="max-cover", new_sites=2)
    plan = solve_siting(problem)
    for ask_it in (
        lambda: solve_siting(problem, seconds=seconds),
        lambda: frontier(problem, 2, seconds=seconds),
        lambda: phase_plan(problem, plan, seconds=seconds),
        lambda: robust_sites(problem, scenarios=2, speed=(1, 1), seconds=seconds),
    ):
        with pytest.raises(DataError, match="must be a number of seconds") as caught:
            ask_it()
        assert str(seconds) in caught.value.sentence("zh")
    assert solve_siting(problem, seconds=np.int64(5)).value == solve_siting(problem, seconds=math.inf).value


def test_the_same_seed_draws_the_same_scenarios_whatever_their_number():
    problem = plane(12, objective="max-cover", new_sites=3, cutoff=30)
    few, many = (robust_sites(problem, scenarios=n, seed=7) for n in (3, 5))
    pd.testing.assert_frame_equal(few.scenarios, many.scenarios.iloc[:3])
    assert few.scenarios["people"].nunique() > 1
    assert "5 scenarios" in repr(many)


def test_ranges_that_cannot_be_meant_are_told():
    problem = ask([[1.0]], [1], ["candidate"], objective="max-cover", new_sites=1, cutoff=15)
    for wrong in (
        {"scenarios": 0}, {"scenarios": 2.5}, {"speed": (1.2, 0.8)}, {"speed": 1.1}, {"speed": ("a", "b")},
        {"speed": (0.8, math.nan)}, {"people": 2.0}, {"people": "few"},
    ):  # fmt: skip
        with pytest.raises(DataError):
            robust_sites(problem, **{"speed": (0.8, 1.0), **wrong})
    with pytest.raises(CutoffError, match="18"):
        robust_sites(problem)


def test_best_first_alone_orders_sites_with_room(monkeypatch):
    rng = np.random.default_rng(1)
    median = build_median_instance(
        rng.integers(1, 9, 20), rng.integers(0, 60, (20, 4)), count_limits(4), otherwise=np.full(20, 60)
    )
    worth = Worth(median, np.empty(0, dtype=np.int64), np.full(4, 25))
    best, proven = best_order(worth, np.arange(4))
    monkeypatch.setattr(sequence, "_ALL_ORDERS_WITH_ROOM", 2)
    greedy, sure = best_order(worth, np.arange(4))
    assert proven and not sure
    assert worth.curve(best).sum() <= worth.curve(greedy).sum()


def test_the_plans_compared_with_keep_the_maximum_by_state_that_was_asked():
    """At most one candidate beside a required site; the cheaper one was taken, the dearer one covers 4 more."""
    minutes = [[1, math.nan, math.nan], [math.nan, 1, math.nan], [math.nan, math.nan, 1]]
    problem = ask(
        minutes, [10, 2, 6], ["required", "candidate", "candidate"], cost=[1, 1, 5], objective="min-cost", new_sites=2,
        quotas=[Quota("state", ("candidate",), 1, 1)], coverage=Coverage(at_least=12),
    )  # fmt: skip
    plan = solve_siting(problem)
    assert plan.chosen == ("s0", "s1")
    steps = phase_plan(problem, plan).steps.set_index("built")
    assert steps.loc[2, ["value", "best", "bound", "loss", "loss_at_most"]].tolist() == [12, 16, 16, 4, 4]


@pytest.mark.parametrize("seed", [-1, 2**31, 1.5, True, None])
def test_a_seed_that_no_search_takes_is_told_at_every_door(seed):
    problem = plane(5, rows=9, objective="max-cover", new_sites=2)
    plan = solve_siting(problem)
    asked = [
        lambda: solve_siting(problem, seed=seed),
        lambda: frontier(problem, 2, seed=seed),
        lambda: phase_plan(problem, plan, seed=seed),
        lambda: robust_sites(problem, scenarios=2, speed=(1, 1), seed=seed),
        lambda: smallest_relaxations(plane(5, rows=9, objective="min-sites", new_sites=0), seed=seed),
    ]
    for ask_it in asked:
        with pytest.raises(DataError, match="the seed must be a whole number from 0 to 2147483647") as caught:
            ask_it()
        assert str(seed) in caught.value.sentence("zh")


def test_the_largest_seed_is_taken():
    problem = plane(8, objective="max-cover", new_sites=3)
    assert solve_siting(problem, seed=2**31 - 1).value == solve_siting(problem, seed=np.int64(5)).value
