"""One of several sizes a place: every choice of places and sizes of small towns tried by hand."""

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
from quarterhour.siting.outlook.frontier import frontier
from quarterhour.siting.outlook.money.budget_frontier import budget_frontier
from quarterhour.siting.outlook.relaxations import smallest_relaxations
from quarterhour.siting.outlook.relocation import relocate
from quarterhour.siting.outlook.reserves import reserve_sites
from quarterhour.siting.proof.plan_record import plan_record, read_record, verify_record
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.fingerprint import input_hash
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.levels import with_levels
from quarterhour.siting.question.problem import Coverage
from quarterhour.siting.question.rules import Budget, Capacity, Quota, Spacing
from quarterhour.siting.solve import solve_siting
from repeatable import examples

PLACES = "abcd"


def town(seed, **asked):
    """Six villages, a site that stands, two candidates of two sizes each and one of one size; some must be built."""
    rng = np.random.default_rng(seed)
    state = ["existing", *(["required" if seed % 4 == k else "candidate" for k in range(3)])]
    minutes = rng.choice([0.0, 3.0, 9.0, 15.0, 22.0], (6, 4))
    sites = pd.DataFrame({
        "state": state, "cost_yuan": rng.integers(1, 9, 4),
        "capacity": rng.integers(2, 9, 4), "town": rng.choice(["t", "u"], 4),
    }, index=list(PLACES))  # fmt: skip
    rows = [(s, int(n), int(rng.integers(1, 12))) for s in "bc" for n in rng.choice([4, 8, 15], 2, replace=False)]
    levels = pd.DataFrame(rows, columns=["place", "capacity", "cost_yuan"]).set_index("place")
    question = {
        "within": 15, "new_sites": 2, "budget": Budget([None, 8, 14][seed // 4 % 3]),
        "capacity": Capacity(split=seed % 2 == 1),
        "conflicts": [["b", "d"]] if seed % 5 == 0 else [],
        "quotas": Quota("town", ("t",), 0, 2) if seed % 3 == 0 else (),
    }  # fmt: skip
    people = rng.integers(0, 9, 6)
    problem = siting_from_matrix(minutes, people, sites=sites, **{**question, **asked})
    return problem, levels, minutes, people, sites


def shared(people, near, rooms):
    """The most that find a place where communities may be shared out: the least cut, all of them tried."""
    cuts = itertools.product([False, True], repeat=len(rooms))
    return min(
        sum(r for r, cut in zip(rooms, cuts, strict=True) if cut)
        + sum(n for n, own in zip(people, near, strict=True) if any(not cuts[s] for s in own))
        for cuts in cuts
    )


def whole(people, near, rooms):
    """The same where each goes whole to one site: every way tried."""
    known = {tuple(0 for _ in rooms): 0}
    for n, own in zip(people, near, strict=True):
        after = dict(known)
        for used, placed in known.items():
            for s in own:
                if used[s] + n <= rooms[s]:
                    then = tuple(u + n * (k == s) for k, u in enumerate(used))
                    after[then] = max(after.get(then, -1), placed + n)
        known = after
    return max(known.values())


def best_by_hand(problem, levels, minutes, people, sites):
    """The most placed by any choice of places and sizes that keeps all rules, and its goal; None where none does."""
    sizes = {p: [None, *levels.loc[[p], ["capacity", "cost_yuan"]].itertuples(index=False, name=None)] for p in "bc"}
    sizes["d"] = [None, (int(sites.at["d", "capacity"]), int(sites.at["d", "cost_yuan"]))]
    must, best = {*sites.index[sites["state"].eq("required")]}, None
    for combination in itertools.product(*sizes.values()):
        chosen = {place: size for place, size in zip("bcd", combination, strict=True) if size is not None}
        spent, opened = sum(cost for _, cost in chosen.values()), ["a", *chosen]
        keeps = must <= {*chosen} and len(chosen) <= 2 and (problem.budget.yuan is None or spent <= problem.budget.yuan)
        keeps = keeps and not (len(problem.conflicts) and {"b", "d"} <= {*chosen})
        if not keeps or (problem.quotas and sum(sites.at[p, "town"] == "t" for p in opened) > 2):
            continue
        rooms = [int(sites.at["a", "capacity"]), *(room for room, _ in chosen.values())]
        near = [[k for k, p in enumerate(opened) if minutes[c][PLACES.index(p)] <= 15] for c in range(6)]
        placed = (shared if problem.capacity.split else whole)(people.tolist(), near, rooms)
        best = placed if best is None else max(best, placed)
    return best


@examples(40)
@given(st.integers(0, 10_000))
def test_places_and_sizes_are_the_best_of_all(seed):
    problem, levels, minutes, people, sites = town(seed)
    asked = with_levels(problem, levels)
    assert len(asked.sites) == 6 and asked.times.sites.equals(asked.sites.index)
    plan, best = solve_siting(asked), best_by_hand(problem, levels, minutes, people, sites)
    if best is None:
        assert plan.status == "infeasible" and plan.reasons
    else:
        assert plan.status == "optimal" and plan.value == plan.bound == best
    places = [site.partition("@")[0] for site in plan.chosen]
    assert len(places) == len(set(places)) <= 2
    assert best is None or {*sites.index[sites["state"].eq("required")]} <= {*places}
    record = json.loads(json.dumps(plan_record(plan, asked), allow_nan=False))
    verify_record(record)
    again, plan = read_record(record)
    verify_plan(again, plan)


def test_two_sizes_of_one_place_are_found_by_the_recount():
    sites = pd.DataFrame({"capacity": [0], "cost_yuan": [0]}, index=["a"])
    problem = siting_from_matrix([[5]], [90], sites=sites, new_sites=2, capacity=Capacity(split=True))
    sizes = pd.DataFrame({"capacity": [40, 60], "cost_yuan": [1, 2]}, index=["a", "a"])
    one = with_levels(problem, sizes)
    plan = solve_siting(one)
    assert plan.chosen == ("a@60",) and plan.value == 60 and plan.figures.cost_yuan == 2
    assert one.sites["name"].tolist() == ["a (40)", "a (60)"]
    both = solve_siting(replace(one, conflicts=one.conflicts[:0]))
    assert both.value == 90
    with pytest.raises(PlanError):
        verify_plan(one, replace(both, input_hash=plan.input_hash))


def required_place(**asked):
    """Two villages and two places; one, of two sizes, must be built, though nobody is nearer to it."""
    sites = pd.DataFrame({"state": ["required", "candidate"], "capacity": [0, 50], "cost_yuan": [0, 9],
                          "town": ["t", "u"]}, index=["a", "b"])  # fmt: skip
    question = {"sites": sites, "within": 10, "new_sites": 2, "budget": 150, "capacity": Capacity(split=True), **asked}
    problem = siting_from_matrix([[9, 5], [20, 5]], [30, 40], **question)
    return with_levels(problem, pd.DataFrame({"capacity": [10, 40], "cost_yuan": [100, 145]}, index=["a", "a"]))


def test_a_place_that_must_be_built_is_open_at_one_of_its_sizes():
    one = required_place()
    plan = solve_siting(one)
    assert plan.status == "optimal" and {*plan.chosen} == {"a@10", "b"} and plan.value == 60
    assert one.sites["state"].tolist() == ["candidate"] * 3 and one.sites["place"].tolist() == ["a", "a", ""]
    assert reserve_sites(one, plan)["substitute"].isna().all()
    rich = replace(one, budget=Budget(160))
    table = reserve_sites(rich, solve_siting(rich)).set_index("site")
    assert table["substitute"].fillna("-").to_dict() == {"b": "-", "a@40": "a@10"} and table.at["a@40", "value"] == 60
    single = replace(one, new_sites=1)
    missing = solve_siting(replace(single, quotas=()))
    assert missing.chosen == ("b",)
    with pytest.raises(PlanError) as told:
        verify_plan(single, replace(missing, input_hash=input_hash(single)))
    assert told.value.key == "proof.place_left_out" and "a" in told.value.sentence("zh")
    few = solve_siting(replace(one, new_sites=0))
    assert few.status == "infeasible" and "a" in few.reasons[0].sentence("en")


def test_the_smallest_change_leaves_a_place_its_one_size_and_builds_it():
    apart = required_place(conflicts=[["a", "b"]], coverage=Coverage(everyone=True), budget=160)
    assert solve_siting(apart).status == "infeasible"
    changes = {change.rule: change for change in smallest_relaxations(apart)}
    assert changes["conflicts"].changes == (("outlook.change_both", {"pair": "a@40 + b"}),)
    for change in changes.values():
        assert len([site for site in change.plan.chosen if site.startswith("a@")]) == 1
    quota = required_place(quotas=Quota("town", ("t",), 0, 0))
    (only,) = [change for change in smallest_relaxations(quota) if change.rule == "quotas"]
    assert [key for key, _ in only.changes] == ["outlook.change_maximum"]
    assert any(site.startswith("a@") for site in only.plan.chosen)


def test_no_change_opens_two_sizes_of_one_place():
    sites = pd.DataFrame({"capacity": [0], "cost_yuan": [0]}, index=["a"])
    problem = siting_from_matrix([[5]], [90], sites=sites, new_sites=2, capacity=Capacity(split=True),
                                 coverage=Coverage(everyone=True))  # fmt: skip
    asked = with_levels(problem, pd.DataFrame({"capacity": [40, 60]}, index=["a", "a"]))
    assert solve_siting(asked).status == "infeasible"
    changes = smallest_relaxations(asked)
    assert [change.rule for change in changes] == ["people", "capacity"]
    assert all(change.plan.chosen == ("a@60",) for change in changes)


def test_a_frontier_keeps_places_that_must_be_built():
    table = frontier(replace(required_place(), budget=Budget()), 2)
    assert table["chosen"].tolist() == [("a@40",), ("a@40", "b")] and table["people"].tolist() == [30, 70]


def test_levels_given_in_turn_keep_what_must_be_built():
    once = required_place()
    twice = with_levels(once, pd.DataFrame({"capacity": [50, 60]}, index=["b", "b"]))
    assert twice.sites["place"].tolist() == ["a", "a", "b", "b"] and [q.areas for q in twice.quotas] == [("a",)]
    single = with_levels(required_place(), pd.DataFrame({"capacity": [7]}, index=["a@10"]))
    assert single.sites["place"].tolist() == ["a", "a", ""] and [q.areas for q in single.quotas] == [("a",)]


def test_distances_and_rules_go_with_each_size():
    metres = np.array([[0.0, 400.0], [400.0, 0.0]])
    sites = pd.DataFrame({"capacity": [5, 5], "cost_yuan": [1, 1]}, index=["a", "b"])
    problem = siting_from_matrix([[5, 5]], [9], sites=sites, new_sites=2, capacity=Capacity(split=True),
                                 spacing=Spacing(500, metres))  # fmt: skip
    asked = with_levels(problem, pd.DataFrame({"capacity": [4, 8]}, index=["a", "a"]))
    assert asked.conflicts.tolist() == [[0, 1], [0, 2], [1, 2]] and asked.apart is not None
    assert np.isnan(asked.apart.metres[0]) and asked.apart.metres[1:].tolist() == [400, 400]
    assert asked.sites["cost_yuan"].tolist() == [1, 1, 1]
    assert solve_siting(asked).chosen == ("a@8",)


@pytest.mark.parametrize("seed", [3, 7])
def test_budgets_and_moves_choose_sizes_too(seed):
    asked = with_levels(*town(seed, budget=Budget(20))[:2])
    table = budget_frontier(asked, [0, 6, 20])
    assert table["status"].eq("optimal").all() and table["value"].is_monotonic_increasing
    (moved,) = relocate(asked, 1)
    assert moved.status == "optimal" and moved.closed == ("a",)


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        (pd.DataFrame({"capacity": [4]}, index=["a"]), "no candidates"),
        (pd.DataFrame({"capacity": [4]}, index=["x"]), "no candidates"),
        (pd.DataFrame({"capacity": [4, 4]}, index=["b", "b"]), "same capacity"),
        (pd.DataFrame({"capacity": [4.5]}, index=["b"]), "whole number"),
        (pd.DataFrame({"capacity": [4], "cost_yuan": [-1]}, index=["b"]), "whole number"),
        (pd.DataFrame({"room": [4]}, index=["b"]), "DataFrame"),
        ([4, 8], "DataFrame"),
    ],
)
def test_levels_that_cannot_be_meant_are_told(levels, said):
    with pytest.raises(DataError, match=said) as told:
        with_levels(town(0)[0], levels)
    assert told.value.sentence("zh")


def test_a_question_without_room_has_no_sizes():
    problem = siting_from_matrix([[5]], [9], new_sites=1)
    with pytest.raises(DataError, match="no capacity"):
        with_levels(problem, pd.DataFrame({"capacity": [4]}, index=["0"]))
