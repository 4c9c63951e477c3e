"""The least load of a new site: every choice of toy towns tried by hand, and every way of sharing out."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.base.errors import DataError, PlanError
from quarterhour.siting.certify import certify_plan
from quarterhour.siting.methods.covering.adapter import greedy_start
from quarterhour.siting.outlook.frontier import frontier
from quarterhour.siting.outlook.phasing import phase_plan
from quarterhour.siting.outlook.relaxations import smallest_relaxations
from quarterhour.siting.outlook.reserves import reserve_sites
from quarterhour.siting.proof.behind_record import behind_record
from quarterhour.siting.proof.plan_record import plan_record, read_record, verify_record
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.evaluate import Measure
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.fingerprint import input_hash
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.least_load import asks_least_load, least_load
from quarterhour.siting.question.problem import Coverage
from quarterhour.siting.question.rules import Capacity
from quarterhour.siting.solve import solve_siting
from repeatable import examples

GOALS = ("max-cover", "min-time", "min-worst", "min-sites", "min-cost")


def town(seed, **asked):
    """Six villages and five sites, some of which so many must use."""
    rng = np.random.default_rng(seed)
    minutes = rng.choice([3.0, 3.0, 9.0, 12.0, 15.0, 22.0], (6, 5))
    people = rng.integers(0, 7, 6)
    sites = pd.DataFrame({
        "state": rng.choice(["candidate"] * 5 + ["existing", "required", "upgradeable"], 5),
        "cost_yuan": rng.integers(1, 6, 5), "least_load": rng.choice([None, 0, 4, 7, 11], 5),
        "capacity": rng.integers(3, 14, 5),
    })  # fmt: skip
    goal = GOALS[seed % len(GOALS)]
    coverage = Coverage(everyone=bool(seed % 2) if goal != "max-cover" else None)
    question = {"objective": goal, "within": 15, "new_sites": int(rng.integers(1, 4)), "coverage": coverage}
    return siting_from_matrix(minutes, people, sites=sites, **{**question, **asked}), minutes, people, sites


def choices(problem, sites):
    """Every choice of new sites that is not too large and has what must be built."""
    free = np.flatnonzero(sites["state"].ne("existing"))
    for n in range(min(problem.new_sites, len(free)) + 1):
        for built in itertools.combinations(free.tolist(), n):
            if all(s in built for s in np.flatnonzero(sites["state"].eq("required"))):
                yield built, [*np.flatnonzero(sites["state"].eq("existing")).tolist(), *built]


def asked_of(sites):
    """The least load of each site."""
    return [0 if pd.isna(n) else int(n) for n in sites["least_load"]]


def value_of(goal, built, sites, covered, legs):
    """What less is better of: people covered, people and their minutes, sites, money."""
    return {
        "max-cover": -covered, "min-time": sum(n * t for n, t in legs), "min-sites": len(built),
        "min-worst": max((t for n, t in legs if n), default=0), "min-cost": sum(sites["cost_yuan"].iloc[list(built)]),
    }[goal]  # fmt: skip


def nearest_by_hand(problem, minutes, people, sites):
    """The best value where everybody goes to the nearest open site; None where no choice fills its sites."""
    best, least = None, asked_of(sites)
    for built, opened in choices(problem, sites):
        went = [min(((row[s], s) for s in opened if row[s] <= 15), default=None) for row in minutes]
        loads = [sum(n for n, w in zip(people, went, strict=True) if w and w[1] == s) for s in range(5)]
        reach = [(row <= 15).any() for row in minutes]
        lost = any(n and r and w is None for n, r, w in zip(people, reach, went, strict=True))
        if any(loads[s] < least[s] for s in built) or (problem.everyone and lost):
            continue
        legs = [(n, w[0] if w else 15) for n, w, r in zip(people, went, reach, strict=True) if r]
        covered = sum(n for n, w in zip(people, went, strict=True) if w)
        value = value_of(problem.goals[0].objective, built, sites, covered, legs)
        best = value if best is None else min(best, value)
    return best


def shared_by_hand(problem, minutes, people, sites, *, split):
    """The most placed within room where every built site is filled: every way of sending people tried."""
    best, least, room = None, asked_of(sites), sites["capacity"].tolist()
    for built, opened in choices(problem, sites):
        states = {tuple([0] * len(opened)): 0}
        for row, n in zip(minutes, people, strict=True):
            after: dict[tuple[int, ...], int] = {}
            near = [k for k, s in enumerate(opened) if row[s] <= 15]
            ways = []
            for parts in itertools.product(range(n + 1), repeat=len(near)) if split else ():
                if sum(parts) <= n:
                    ways.append(dict(zip(near, parts, strict=True)))
            if not split:
                ways = [{}, *({k: n} for k in near)]
            for state, placed in states.items():
                for way in ways:
                    loads = tuple(load + way.get(k, 0) for k, load in enumerate(state))
                    if all(load <= room[s] for load, s in zip(loads, opened, strict=True)):
                        after[loads] = max(after.get(loads, -1), placed + sum(way.values()))
            states = after
        filled = [p for loads, p in states.items()
                  if all(load >= least[s] for load, s in zip(loads, opened, strict=True) if s in built)]  # fmt: skip
        if filled:
            best = max(filled) if best is None else max(best, *filled)
    return best


@examples(80, 3000)
@given(st.integers(0, 10**6))
def test_a_plan_is_the_best_of_all_whose_sites_are_filled(seed):
    problem, minutes, people, sites = town(seed)
    plan, best = solve_siting(problem, rounds=3_000), nearest_by_hand(problem, minutes, people, sites)
    if best is None:
        assert plan.status == "infeasible" and plan.reasons
        assert all(reason.sentence("zh") and reason.sentence("en") for reason in plan.reasons)
        return
    assert plan.status == "optimal" and plan.value == abs(best)
    verify_plan(problem, plan)
    plan = certify_plan(problem, plan)
    again, _ = read_record(plan_record(plan, problem))
    verify_record(plan_record(plan, problem))
    assert input_hash(again) == input_hash(problem)


@examples(30, 800)
@given(st.integers(0, 10**6), st.booleans())
def test_within_room_the_best_is_found_of_all_ways_of_sharing_out(seed, split):
    rng = np.random.default_rng(seed)
    problem, minutes, people, sites = town(
        seed, capacity=Capacity(split=split), objective="max-cover", coverage=Coverage(everyone=False)
    )
    people = rng.integers(0, 4, 6)
    problem = siting_from_matrix(
        minutes, people, within=15, new_sites=min(2, problem.new_sites), sites=sites, capacity=Capacity(split=split)
    )
    plan = solve_siting(problem, rounds=3_000)
    best = shared_by_hand(problem, minutes, people.tolist(), sites, split=split)
    if best is None:
        assert plan.status == "infeasible"
        return
    assert plan.status == "optimal" and plan.value == best
    verify_record(plan_record(plan, problem))


@examples(30, 800)
@given(st.integers(0, 10**6))
def test_reserves_leave_every_site_filled(seed):
    problem, *_ = town(seed)
    plan = solve_siting(problem, rounds=3_000)
    if plan.levels:
        table = reserve_sites(problem, plan)
        verify_record(plan_record(plan, problem, behind=behind_record(reserves=table)))


# --- by hand --------------------------------------------------------------------------------------

STREET = pd.DataFrame([[5, 9, 40], [7, 3, 40], [40, 8, 40], [40, 40, 6]], list("abcd"), list("pqr"))


def street(*least, **asked):
    """Within 15 minutes a and b go to p or q, c to q, d to r; they are 10, 6, 5 and 3."""
    sites = pd.DataFrame({"least_load": list(least)}, list("pqr"))
    question = {"within": 15, "new_sites": 3, "sites": sites}
    return siting_from_matrix(STREET, pd.Series([10, 6, 5, 3], list("abcd")), **{**question, **asked})


def test_a_site_too_few_use_is_not_built():
    assert set(solve_siting(street(None, None, None)).chosen) >= {"q", "r"}
    plan = solve_siting(street(None, None, 4))
    assert "r" not in plan.chosen and plan.covered == 21 and plan.status == "optimal"


def test_a_site_takes_from_another_what_that_needs():
    """Beside p only b and c are left to q, who are 11."""
    both = street(None, 12, None, objective="min-time")
    assert solve_siting(street(None, 11, None, objective="min-time")).figures.people_minutes == 50 + 18 + 40 + 18
    plan = solve_siting(both)
    assert set(plan.chosen) == {"q", "r"} and plan.figures.people_minutes == 90 + 18 + 40 + 18
    verify_plan(both, plan)


def test_greed_leaves_out_the_sites_that_too_few_use():
    """Of p, q and r, which are used by 10, 11 and 3, r lacks most, then p, whose people go to q."""
    for room in (None, Capacity(split=True)):
        sites = pd.DataFrame({"least_load": [12, 12, 13], "capacity": [40] * 3}, list("pqr"))
        rules = QuestionRules(Measure(street(None, 12, 13, sites=sites, capacity=room)))
        start = greedy_start(rules)
        assert start is not None and start.opened.tolist() == [False, True, False] and rules.hold(start)


def test_a_plan_with_an_empty_site_is_refused():
    free, asked = street(None, None, None), street(None, None, 4)
    plan = solve_siting(free)
    with pytest.raises(PlanError, match="used by fewer") as told:
        verify_plan(asked, replace(plan, input_hash=input_hash(asked)))
    assert "r (3 < 4)" in told.value.sentence("zh")


def test_what_can_never_be_filled_is_named_and_given_up():
    required = street(None, None, 4, required=["r"])
    (why, *_) = solve_siting(required).reasons
    assert why.key == "explanation.cause_never_filled" and "r" in why.sentence("zh")
    everyone = street(None, None, 4, coverage=Coverage(everyone=True))
    plan = solve_siting(everyone)
    said = " ".join(reason.sentence("en") for reason in plan.reasons)
    assert plan.status == "infeasible" and "used by as many as they must be" in said
    found = {change.rule: change.sentence("zh") for change in smallest_relaxations(everyone, rounds=5_000)}
    assert "最低使用量" in found["least_load"] and "people" in found


def test_no_bound_is_shown_by_prices_and_no_frontier_drawn():
    problem = street(None, 12, None)
    plan = certify_plan(problem, solve_siting(problem))
    assert [why.key for why in plan.evidence] == ["proof.evidence_form"]
    with pytest.raises(DataError):
        frontier(problem, 2)
    room = street(None, 12, None, capacity=Capacity(split=True),
                  sites=pd.DataFrame({"capacity": [20] * 3, "least_load": [2] * 3}, list("pqr")))  # fmt: skip
    for asked in (lambda: frontier(room, 2), lambda: reserve_sites(room, solve_siting(room))):
        with pytest.raises(DataError) as told:
            asked()
        assert told.value.sentence("zh")


def test_the_years_on_the_way_need_not_be_filled():
    problem = street(None, 11, None)
    plan = solve_siting(problem)
    assert len(phase_plan(problem, plan, rounds=3_000).steps) == len(plan.chosen) + 1


@pytest.mark.parametrize("least", [-1, 2.5, "many", True])
def test_a_least_load_is_a_whole_number(least):
    with pytest.raises(DataError, match="least_load") as told:
        street(None, least, None)
    assert told.value.sentence("zh")


def test_what_stands_is_not_asked_and_a_question_without_it_is_as_before():
    stands = street(99, None, None, existing=["p"])
    assert not asks_least_load(stands) and "least_load" not in stands.sites
    assert least_load(street(99, None, 3, existing=["p"])).tolist() == [0, 0, 3]
    plain = siting_from_matrix(STREET, pd.Series([10, 6, 5, 3], list("abcd")), within=15, new_sites=3)
    assert input_hash(plain) == input_hash(street(None, None, None)) == input_hash(street(0, 0, None))
