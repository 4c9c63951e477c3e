"""Why no plan exists: each planted cause is named exactly, and the smallest change that makes one."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from benchmarks.planted import large, with_lost
from quarterhour.siting.explain import explain_plan, out_of_reach
from quarterhour.siting.explanation.causes import causes, lowered
from quarterhour.siting.outlook.relaxations import smallest_relaxations
from quarterhour.siting.proof.plan_record import plan_record, read_record
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.problem import Coverage, SitingProblem, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota, Spacing
from quarterhour.siting.solve import solve_siting
from quarterhour.travel.times import times_from_matrix
from repeatable import examples


def keys(problem: SitingProblem) -> list[str]:
    for reason in causes(problem):
        assert reason.sentence("zh") and "{" not in reason.sentence("zh")
    return [r.key.removeprefix("explanation.") for r in causes(problem)]


def ask(**changed: Any) -> SitingProblem:
    return as_problem("large", **{**large(), **changed})


def test_a_question_that_has_a_plan_has_no_cause() -> None:
    assert keys(ask()) == [] and keys(ask(budget=Budget(12_000_000))) == []
    assert keys(ask(capacity=Capacity("beds"), objective="min-sites", new_sites=None)) == []


def test_a_town_without_a_candidate_is_named() -> None:
    sites = large()["sites"]
    (reason,) = lowered(ask(sites=sites[sites["town"] != "T05"]))
    assert reason.key == "explanation.cause_no_candidate" and reason.values["areas"] == ("T05",)
    assert "镇街" in reason.sentence("zh")


def test_people_whom_nobody_reaches_are_named() -> None:
    planted = with_lost()
    total = int(planted["demand"].sum())
    problem = ask(**planted)
    (reason,) = causes(problem)
    assert reason.key == "explanation.cause_unreachable" and "lost" in reason.values["communities"]
    assert reason.values["reachable"] <= total - 500


def test_quotas_over_the_number_of_sites_are_named() -> None:
    assert keys(ask(new_sites=11)) == ["quotas_over_new_sites"]


def test_a_budget_under_the_cheapest_quota_set_is_named_with_the_sum() -> None:
    (reason,) = causes(ask(budget=Budget(11_999_999)))
    assert reason.key == "explanation.cause_budget" and reason.values["yuan"] == 12_000_000
    sites = large()["sites"].assign(cost_yuan=np.where(large()["sites"]["town"] == "T03", 5_000_000, 1_000_000))
    (dearer,) = causes(ask(sites=sites, budget=Budget(15_999_999)))
    assert dearer.values["yuan"] == 16_000_000


def test_beds_short_in_a_region_name_its_communities_and_sites() -> None:
    sites = large()["sites"].copy()
    sites.loc[sites["town"] == "T11", "capacity"] = 1
    problem = ask(sites=sites, capacity=Capacity("beds", split=True), objective="min-sites", new_sites=None)
    (reason,) = causes(problem)
    assert reason.key == "explanation.cause_region"
    named = reason.values["communities"]
    assert len(named) == reason.values["count"] > 5 and all(int(c.removeprefix("c")) > 2500 for c in named)
    assert reason.values["short"] > 0 and reason.values["wanted"] == reason.values["room"] + reason.values["short"]


def test_beds_short_in_all_are_named() -> None:
    problem = ask(capacity=Capacity("beds"), new_sites=12, coverage=Coverage(everyone=True))
    assert "cause_capacity" in keys(problem)


def test_candidates_that_clash_with_what_stands_are_named() -> None:
    sites = large()["sites"].copy()
    mine = list(sites.index[sites["town"] == "T07"])
    other = sites.index[sites["town"] == "T02"][0]
    sites.loc[other, "state"] = "required"
    (reason,) = causes(ask(sites=sites, conflicts=[(other, s) for s in mine]))
    assert reason.key == "explanation.cause_barred" and reason.values["area"] == "T07"


def test_two_towns_whose_candidates_all_clash_are_named() -> None:
    sites = large()["sites"]
    one, two = (list(sites.index[sites["town"] == t][:4]) for t in ("T01", "T02"))
    kept = sites[~sites["town"].isin(["T01", "T02"]) | sites.index.isin([*one, *two])]
    (reason,) = causes(ask(sites=kept, conflicts=[(a, b) for a in one for b in two]))
    assert (reason.key, reason.values["area"], reason.values["other"]) == ("explanation.cause_between", "T01", "T02")


def test_a_least_distance_that_a_town_is_too_small_for_is_named() -> None:
    quotas = [Quota("town", ("T04",), 2)]
    assert keys(ask(quotas=quotas, spacing=Spacing(10_001))) == ["cause_clash"]
    assert keys(ask(quotas=quotas, spacing=Spacing(3_000))) == []


def test_communities_that_each_need_a_site_of_their_own_are_named() -> None:
    problem = ask(objective="min-sites", new_sites=13, quotas=[])
    (reason,) = causes(problem)
    assert reason.key == "explanation.cause_spread" and reason.values["count"] > 13


def test_the_plan_carries_its_causes() -> None:
    plan = solve_siting(ask(new_sites=11), seconds=math.inf)
    assert plan.status == "infeasible" and [r.key for r in plan.reasons] == ["explanation.quotas_over_new_sites"]


# --- the smallest change ------------------------------------------------------------------------------


def small(seed: int = 0, **changed: Any) -> SitingProblem:
    draw = np.random.default_rng(seed)
    n, m = 6, 5
    minutes = draw.choice([5.0, 10.0, np.nan], (n, m), p=[0.3, 0.2, 0.5])
    communities, sites = [f"c{i}" for i in range(n)], [f"s{i}" for i in range(m)]
    table = pd.DataFrame(
        {"state": "candidate", "town": [f"T{i % 2}" for i in range(m)], "county": "K", "name": sites,
         "quality": "fact", "cost_yuan": draw.integers(1, 9, m), "running_yuan": 0},
        index=sites,
    )  # fmt: skip
    given_ = {
        "demand": pd.Series(draw.integers(1, 9, n), index=communities), "sites": table,
        "times": times_from_matrix(minutes, communities=communities, sites=sites, cutoff=15), "minutes": 15,
        "objective": "min-sites", "quotas": [Quota("town", ("T0", "T1"))], "new_sites": None,
    }  # fmt: skip
    return as_problem("small", **{**given_, **changed})


def test_one_more_site_is_enough_and_said_to_be_the_least() -> None:
    need = solve_siting(small()).value
    found = {r.rule: r for r in smallest_relaxations(small(new_sites=int(need) - 1))}
    assert found["new_sites"].needed == need and found["new_sites"].proven
    assert "and no fewer" in found["new_sites"].sentence("en") and found["new_sites"].sentence("zh")


def test_the_least_budget_is_told() -> None:
    need = int(solve_siting(small(objective="min-cost")).value)
    found = {r.rule: r for r in smallest_relaxations(small(objective="min-cost", budget=Budget(need - 1)))}
    assert found["budget"].needed == need and found["budget"].proven


@examples(8, 125)
@given(st.integers(0, 10_000), st.integers(0, 2))
def test_a_cause_is_a_proof_and_a_relaxation_is_enough(seed: int, new_sites: int) -> None:
    problem = small(seed, new_sites=new_sites)
    plan = solve_siting(problem, seconds=math.inf)
    if causes(problem):
        assert plan.status == "infeasible"
    if plan.status == "infeasible":
        for change in smallest_relaxations(problem):
            assert change.sentence("en") and change.sentence("zh")
            if change.rule == "new_sites":
                assert solve_siting(small(seed, new_sites=int(change.needed))).status == "optimal"
                assert solve_siting(small(seed, new_sites=int(change.needed) - 1)).status == "infeasible"


def tiny(minutes: list[list[float]], people: list[int], **changed: Any) -> SitingProblem:
    """Sites s0, s1 ... on a table of minutes; the standard is 15."""
    sites = [f"s{k}" for k in range(len(minutes[0]))]
    table = pd.DataFrame(
        {"state": "candidate", "town": "T0", "county": "K0", "name": sites, "quality": "fact", "cost_yuan": 1,
         "running_yuan": 0, "capacity": 100, "x": 0.0, "y": 0.0}, index=sites,
    ).assign(**changed.pop("columns", {}))  # fmt: skip
    homes = [f"c{k}" for k in range(len(people))]
    return as_problem(
        "tiny", demand=pd.Series(people, index=homes), sites=table, minutes=15,
        times=times_from_matrix(np.array(minutes), communities=homes, sites=sites, cutoff=15),
        **{"objective": "max-cover", "new_sites": len(sites), **changed},
    )  # fmt: skip


def only(problem: SitingProblem) -> dict[str, Any]:
    """The values of the one cause, which the solver confirms."""
    found = causes(problem)
    assert len(found) == 1, found
    assert all("{" not in found[0].sentence(lang) for lang in ("zh", "en"))
    assert solve_siting(problem).status == "infeasible"
    return {"key": found[0].key.removeprefix("explanation."), **found[0].values}


def test_the_cheapest_quota_set_adds_up_over_quotas_and_levels() -> None:
    costs = {"columns": {"town": ["T0", "T1", "T2"], "county": ["K0", "K1", "K1"], "cost_yuan": [4, 5, 6]}}
    apart = [Quota("town", ("T0",)), Quota("town", ("T1",))]
    found = only(tiny([[1, 1, 1]], [3], quotas=apart, budget=Budget(8), **costs))
    assert (found["key"], found["yuan"], found["level"], found["areas"]) == ("cause_budget", 9, ("town",), ("T0", "T1"))
    assert not causes(tiny([[1, 1, 1]], [3], quotas=apart, budget=Budget(9), **costs))
    nested = [Quota("town", ("T0", "T2")), Quota("county", ("K1",), 2)]
    found = only(tiny([[1, 1, 1]], [3], quotas=nested, budget=Budget(14), **costs))
    assert (found["key"], found["yuan"], found["level"]) == ("cause_budget", 15, ("town", "county"))
    assert not causes(tiny([[1, 1, 1]], [3], quotas=nested, budget=Budget(15), **costs))


def test_a_town_that_lies_in_two_counties_is_not_paid_twice() -> None:
    costs = {"columns": {"county": ["K0", "K1"], "cost_yuan": [1, 3]}}
    quotas = [Quota("town", ("T0",)), Quota("county", ("K1",))]
    assert solve_siting(tiny([[1, 1]], [3], quotas=quotas, budget=Budget(3), **costs)).status == "optimal"


def test_people_whose_sites_what_stands_rules_out_are_named() -> None:
    stands = {"columns": {"state": ["existing", "candidate", "candidate"]}, "conflicts": [["s0", "s1"]]}
    minutes = [[20, 5, 20], [5, 20, 20], [20, 5, 5]]
    found = only(tiny(minutes, [3, 4, 5], objective="min-sites", **stands))
    assert (found["key"], found["communities"], found["count"]) == ("cause_shut_out", ("c0",), 1)
    found = only(tiny(minutes, [3, 4, 5], coverage=Coverage(at_least=10), **stands))
    assert (found["key"], found["reachable"], found["communities"]) == ("cause_unreachable", 9, ("c0",))


def test_people_who_count_in_part_are_not_counted_whole() -> None:
    stepped = Standard(15, ((5, 100), (15, 50)))
    table = tiny([[5, 20], [20, 10]], [6, 8])
    problem = replace(table, standards={"": stepped}, coverage=Coverage(at_least=11))
    found = only(problem)
    assert (found["key"], found["reachable"], found["communities"]) == ("cause_unreachable", 10, ("c1",))


def test_more_people_than_all_sites_can_serve_are_told() -> None:
    asked = {"capacity": Capacity("beds", split=True), "columns": {"capacity": [4, 3]}}
    found = only(tiny([[1, 1]], [20], coverage=Coverage(at_least=8), **asked))
    assert (found["key"], found["wanted"], found["room"]) == ("cause_capacity", 8, 7)


def test_a_town_with_room_for_two_of_three_sites_a_least_distance_apart_is_named() -> None:
    line = {"columns": {"x": [0.0, 300.0, 1000.0, 1400.0]}, "spacing": Spacing(500)}
    found = only(tiny([[1, 1, 1, 1]], [3], quotas=[Quota("town", ("T0",), 3)], **line))
    assert (found["key"], found["area"], found["minimum"]) == ("cause_clash", "T0", 3)
    assert not causes(tiny([[1, 1, 1, 1]], [3], quotas=[Quota("town", ("T0",), 2)], **line))


def test_two_causes_are_both_named() -> None:
    problem = tiny(
        [[20, 5, 20], [5, 20, 20]], [3, 4], objective="min-sites", new_sites=1, conflicts=[["s0", "s1"]],
        columns={"state": ["existing", "candidate", "candidate"], "town": ["T0", "T1", "T2"], "cost_yuan": [0, 5, 5]},
        quotas=[Quota("town", ("T1", "T2"))], budget=Budget(9),
    )  # fmt: skip
    assert keys(problem) == ["quotas_over_new_sites", "cause_budget", "cause_shut_out", "cause_barred"]


def test_a_relaxation_starts_from_whom_some_site_could_cover() -> None:
    problem = tiny([[5, 20], [20, 5], [20, 20]], [3, 4, 9], objective="min-sites", new_sites=1)
    found = {r.rule: r for r in smallest_relaxations(problem)}
    assert (found["people"].asked, found["people"].needed) == (7, 4)


def test_nothing_is_relaxed_that_was_not_asked() -> None:
    with pytest.raises(KeyError):
        {r.rule: r for r in smallest_relaxations(small(new_sites=0))}["capacity"]


def test_who_cannot_have_two_sites_need_not_be_covered_twice() -> None:
    """One site in reach, two asked for: nobody can be covered, so nobody must be."""
    alone = times_from_matrix([[5.0]], communities=["c0"], sites=["s0"], cutoff=15)
    site = pd.DataFrame(
        {"state": ["candidate"], "town": "T", "county": "K", "name": "s0", "quality": "fact"}, index=["s0"]
    )
    problem = as_problem(
        "alone", demand=pd.Series([2], index=["c0"]), sites=site, times=alone, minutes=15, objective="max-cover",
        new_sites=0, coverage=Coverage(backup=0, everyone=True),
    )  # fmt: skip
    assert causes(problem) == () and solve_siting(problem).status == "optimal"


def test_all_ids_are_in_a_reason_and_its_sentence_names_five() -> None:
    """Ninety villages without a site of their own: a program finds all of them, a reader five and how many."""
    n = 90
    minutes = np.where(np.eye(n, dtype=np.bool_), 5.0, 20.0)
    problem = tiny(minutes.tolist(), [1] * n, objective="min-sites", new_sites=3)
    (reason,) = causes(problem)
    assert reason.values["communities"] == tuple(f"c{k}" for k in range(n))
    assert "c0, c1, c2, c3, c4 … (90 in all)" in reason.sentence("en") and "required" not in reason.sentence("en")
    assert "c0、c1、c2、c3、c4 等 90 个" in reason.sentence("zh") and "in all" not in reason.sentence("zh")
    plan = solve_siting(problem)
    _, again = read_record(json.loads(json.dumps(plan_record(plan, problem))))
    assert again.reasons == plan.reasons == (reason,)


def test_beds_short_in_a_region_name_the_town_of_its_communities_where_it_is_known() -> None:
    minutes = [[5, 20], [20, 5]]
    asked = {"capacity": Capacity("beds"), "objective": "min-sites", "columns": {"capacity": [9_000, 900]}}
    areas = pd.DataFrame({"town": ["石岛", "崂山"], "county": "K0"}, index=["c0", "c1"])
    (reason,) = causes(tiny(minutes, [4_000, 3_000], areas=areas, **asked))
    assert [reason.values[k] for k in ("areas", "communities", "sites")] == [("崂山",), ("c1",), ("s1",)]
    assert "town 崂山: 1 communities ask for 3,000 beds" in reason.sentence("en") and "2,100 short" in reason.sentence(
        "en"
    )
    assert "镇街 崂山：1 个社区共需 3,000 张床" in reason.sentence("zh")


def test_a_plan_s_one_line_says_who_is_out_of_reach_and_which_quotas_are_not_met() -> None:
    minutes, quotas = [[5.0, 20.0], [20.0, 20.0]], [Quota("town", ("T0", "T9"))]
    plan = solve_siting(tiny(minutes, [3, 4], objective="min-sites", quotas=quotas))
    assert "4 of 7 people out of reach" in repr(plan) and "1 quotas not met" in repr(plan)


def test_who_is_out_of_reach_is_told_whatever_the_goal() -> None:
    minutes = [[5.0, 5.0], [20.0, 5.0], [20.0, 20.0]]
    for goal in ("min-sites", "min-time", "min-worst", "max-cover"):
        problem = tiny(minutes, [3, 4, 2_000], objective=goal)
        lines = explain_plan(problem, solve_siting(problem))
        assert "2,000 people in 1 communities have no site within the standard, built or not: c2." in lines
    both = tiny(minutes, [3, 4, 2_000], coverage=Coverage(backup=0))
    assert list(out_of_reach(both).index) == ["c2", "c1"]
    assert any(
        "2,004 人在标准时间内可达的站点（含候选点）不足两个" in s for s in explain_plan(both, solve_siting(both), "zh")
    )
