"""Each goal and rule on one street, worked by hand.

A house every 10 minutes from 0 to 60, people 5 3 8 1 9 4 6; a site may stand at any house; the standard is 10 minutes::

    c0 ---- c1 ---- c2 ---- c3 ---- c4 ---- c5 ---- c6
    5       3       8       1       9       4       6        36 in all
    T0      T0      T0      T1      T1      T1      T2       towns
"""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pandas as pd
import pytest

from quarterhour.base.errors import PlanError
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.fingerprint import input_hash
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.problem import Coverage, Goal, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota, Spacing
from quarterhour.siting.solve import solve_siting

PEOPLE = [5, 3, 8, 1, 9, 4, 6]
TOWNS = ["T0", "T0", "T0", "T1", "T1", "T1", "T2"]
MINUTES = 10.0 * np.abs(np.subtract.outer(np.arange(7), np.arange(7)))
SITES = pd.DataFrame({"town": TOWNS, "cost_yuan": [9, 1, 9, 1, 9, 1, 9], "x": 10.0 * np.arange(7), "y": 0.0})
AREAS = pd.DataFrame({"town": TOWNS}, index=[str(k) for k in range(7)])


def _ask(**changed):
    asked = {"objective": "max-cover", "within": 10, "new_sites": 1, "sites": SITES, "areas": AREAS, **changed}
    return siting_from_matrix(MINUTES, asked.pop("demand", PEOPLE), **asked)


def _solved(**changed):
    problem = _ask(**changed)
    plan = solve_siting(problem)
    verify_plan(problem, plan)
    return plan


def _values(plan):
    assert plan.status == "optimal"
    return [level.value for level in plan.levels]


def test_most_people():
    plan = _solved()
    assert (plan.chosen, _values(plan)) == (("5",), [19])  # 9 + 4 + 6; the middle has 8 + 1 + 9
    assert _solved(new_sites=2).covered == 35  # 1 and 5 leave c3 out


def test_fewest_sites():
    assert _values(_solved(objective="min-sites", new_sites=None)) == [3]
    assert _values(_solved(objective="min-sites", new_sites=None, coverage=Coverage(at_least=35))) == [2]
    assert _values(_solved(objective="min-sites", new_sites=None, coverage=Coverage(at_least=36))) == [3]


def test_least_time_of_all_people():
    plan = _solved(objective="min-time", within=60, new_sites=2)
    assert (set(plan.chosen), _values(plan)) == ({"2", "5"}, [10 * (2 * 5 + 3 + 1 + 9 + 6)])
    assert plan.figures.people_minutes == 290


def test_who_is_not_covered_counts_as_just_at_the_standard():
    plan = _solved(objective="min-time", coverage=Coverage(everyone=False))
    assert (plan.chosen, _values(plan)) == (("4",), [10 * (36 - 9)])


def test_the_farthest_is_as_near_as_can_be():
    plan = _solved(objective="min-worst", within=60, new_sites=2)
    assert (_values(plan), plan.figures.worst_minutes) == ([20], 20)
    assert _values(_solved(objective="min-worst", within=60, new_sites=3)) == [10]
    nobody_at_the_ends = [0, 3, 8, 1, 9, 4, 0]
    assert _values(_solved(objective="min-worst", within=60, new_sites=2, demand=nobody_at_the_ends)) == [10]


def test_least_money():
    assert _values(_solved(objective="min-cost", new_sites=None)) == [3]  # 1, 3, 5
    asked = {"objective": "min-cost", "new_sites": None, "sites": SITES.assign(running_yuan=[0, 1, 0, 1, 0, 1, 0])}
    assert _values(_solved(**asked, budget=Budget(None, years=2))) == [9]
    plan = _solved(**asked, budget=Budget(None, years=20))
    assert (_values(plan), plan.figures.cost_yuan) == ([36], 36)  # 0, 2, 4, 6: four that cost nothing to run


def test_the_worst_town_first():
    plan = _solved(objective="equity", new_sites=2)
    assert (set(plan.chosen), _values(plan)) == ({"1", "5"}, [13 / 14])
    assert (plan.figures.least_share, plan.figures.least_area) == (13 / 14, "T1")
    assert _values(_solved(objective=Goal("equity", level="county"), areas=AREAS.assign(county="K"))) == [19 / 36]


def test_the_areas_as_alike_as_can_be():
    """From c3 8 of 16, 10 of 14 and none of 6 are covered: every two areas crosswise, over 36 people x 18 covered."""
    plan = _solved(objective="gini")
    apart = abs(14 * 8 - 16 * 10) + abs(6 * 8 - 16 * 0) + abs(6 * 10 - 14 * 0)
    assert (plan.chosen, _values(plan)) == (("3",), [math.ceil(1e6 * apart / (36 * 18)) / 1e6])
    assert _values(_solved(objective="gini", new_sites=2)) == [0.017461]  # 1 and 5: 16 of 16, 13 of 14, 6 of 6
    assert _values(_solved(objective="gini", new_sites=3)) == [0]
    assert _values(_solved(objective=Goal("gini", level="county"), areas=AREAS.assign(county="K"))) == [0]


def test_where_nobody_is_covered_gini_is_at_its_worst():
    assert _values(_solved(objective="gini", new_sites=0)) == [1]
    nobody = _solved(objective="gini", demand=[0] * 7)
    assert (nobody.status, nobody.value) == ("optimal", 0)  # no area has anybody to compare


def test_alike_after_most_people_and_before_least_time():
    plan = _solved(objective=("max-cover", "gini", "min-time"), new_sites=3)
    assert (_values(plan), set(plan.chosen)) == ([36, 0, 180], {"1", "4", "6"})
    assert _values(_solved(objective=("max-cover", "gini"))) == [19, 0.453217]  # 5: none of 16, 13 of 14, 6 of 6
    assert _values(_solved(objective=("gini", "max-cover"))) == [0.240741, 18]
    few = {"new_sites": None, "coverage": Coverage(at_least=20)}
    assert _values(_solved(objective=("min-sites", "gini"), **few)) == [2, 0.017461]


def test_few_served_alike_are_alike():
    """Where people are shared out, everybody may be turned away but a few: what asks for people beside it helps."""
    asked = {"objective": "gini", "sites": SITES.assign(capacity=10), "capacity": Capacity(split=True), "new_sites": 3}
    assert _values(_solved(**asked)) == [0]
    plan = _solved(**asked, coverage=Coverage(at_least=30))
    assert (plan.covered, plan.status) == (30, "optimal")
    assert _values(_solved(**(asked | {"objective": ("max-cover", "gini")})))[0] == 30


def test_gini_of_a_plan_that_is_forged_is_found_out():
    problem = _ask(objective=("gini", "max-cover"))
    plan = solve_siting(problem)
    for less in (0.240740, 0.0):
        level = dataclasses.replace(plan.levels[0], value=less, bound=less)
        forged = dataclasses.replace(plan, value=less, bound=less, levels=(level, *plan.levels[1:]))
        with pytest.raises(PlanError, match="value of gini 0.24074|value of gini 0"):
            verify_plan(problem, forged)


def test_gini_of_access_is_told():
    assert _solved(objective="min-sites", new_sites=None, within=60, demand=[1, 0, 1, 0, 0, 0, 0]).figures.gini == 0.5


def test_a_chain_keeps_what_came_first():
    plan = _solved(objective=("max-cover", "min-time"), new_sites=2)
    assert _values(plan) == [35, 10 * (5 + 8 + 9 + 6 + 1)]
    assert (plan.value, plan.bound, plan.gap) == (35, 35, 0)
    assert _values(_solved(objective=("min-worst", "min-sites", "min-cost"), within=60, new_sites=5)) == [10, 3, 3]


def test_a_goal_may_count_another_column():
    people = pd.DataFrame({"older": PEOPLE, "hardship": [9, 0, 0, 0, 0, 0, 0]}, AREAS.index)
    asked = {"demand": people, "people": "older", "objective": (Goal("max-cover", "hardship"), "max-cover")}
    plan = _solved(**asked)
    assert (plan.chosen, _values(plan)) == (("1",), [9, 16])
    assert plan.figures.by_column == {"older": 16, "hardship": 9}


def test_coverage_falls_with_time():
    plan = _solved(within=Standard(20, ((10, 100), (20, 50))))
    assert (plan.chosen, _values(plan), plan.covered) == (("3",), [18 + 7 / 2], 25)
    assert plan.gain.to_dict() == {"3": 21.5}


@pytest.mark.parametrize("steps", [(), ((6.0, 100), (10.0, 40))])
@pytest.mark.parametrize("backup", [20, 50, 70])
def test_backup_among_fourteen_sites_equals_trying_all(backup, steps):
    """More sites in reach than are told apart one by one; worth more alone, the same, worth more together."""
    draw = np.random.default_rng(backup)
    minutes, people = draw.uniform(0, 12, (30, 14)).round(1), draw.integers(1, 50, 30)
    asked = {"objective": "max-cover", "within": Standard(10.0, steps), "new_sites": 3}
    problem = siting_from_matrix(minutes, people, **asked, coverage=Coverage(backup=backup))
    plan = solve_siting(problem, seconds=math.inf)
    verify_plan(problem, plan)
    share = np.where(minutes <= 10, 40 if steps else 100, 0)
    share = np.where(minutes <= (6 if steps else 10), 100, share)
    best = 0
    for three in itertools.combinations(range(14), 3):
        first, second = np.sort(share[:, three], axis=1)[:, [-1, -2]].T
        best = max(best, int(people @ np.maximum(first * backup, second * 100)))
    assert plan.status == "optimal" and plan.value == best / 10_000


def test_backup_asks_for_two_sites_in_reach():
    only = _solved(coverage=Coverage(backup=0), new_sites=2)
    assert (set(only.chosen), _values(only), only.covered) == ({"4", "5"}, [13], 13)
    better = _solved(coverage=Coverage(backup=50), new_sites=2)
    assert (set(better.chosen), _values(better), better.covered) == ({"3", "5"}, [9 + 19 / 2], 28)
    assert _values(_solved(objective="min-sites", new_sites=None, coverage=Coverage(backup=0))) == [6]


def test_a_site_may_count_for_several_tiers():
    sites = SITES.assign(tiers=["village", "", "town", "", "village town", "", "village"])
    quota = Quota("town", ("T0", "T1", "T2"), tier="village")
    plan = _solved(sites=sites, quotas=[quota], new_sites=3)
    assert (set(plan.chosen), _values(plan)) == ({"0", "4", "6"}, [28])
    both = [Quota("town", ("T1",), tier="village"), Quota("town", ("T1",), tier="town")]
    assert _solved(sites=sites, quotas=both).chosen == ("4",)
    assert _values(_solved(sites=sites, coverage=Coverage(tier="village"))) == [14]


def test_an_existing_site_may_count_only_when_it_is_upgraded():
    state = ["candidate"] * 5 + ["upgradeable", "candidate"]
    plan = _solved(sites=SITES.assign(state=state))
    assert (plan.chosen, plan.covered_before, plan.covered) == (("5",), 0, 19)
    none = Quota("state", ("upgradeable",), 0, 0)
    assert _solved(sites=SITES.assign(state=state), quotas=[none]).covered == 18


def test_two_standards_at_once():
    classes = pd.Series(["rural"] * 3 + ["urban"] * 4, AREAS.index)
    plan = _solved(within={"urban": 10, "rural": 30}, classes=classes)
    assert (plan.chosen, _values(plan)) == (("5",), [8 + 19])


def test_budget_conflicts_and_distance():
    assert _solved(budget=Budget(1)).covered == 19
    dear = SITES.assign(cost_yuan=[1, 1, 1, 1, 1, 9, 1])
    assert _solved(sites=dear, budget=Budget(8)).covered == 18
    assert _solved(sites=dear, budget=Budget(8), new_sites=None).covered == 36
    assert _solved(new_sites=2, conflicts=[["1", "5"]]).covered == 31
    assert set(_solved(new_sites=3, spacing=Spacing(31)).chosen) == {"1", "5"}


def test_what_sites_can_serve():
    plan = _solved(sites=SITES.assign(capacity=10), capacity=Capacity(), new_sites=2)
    assert _values(plan) == [20]
    assert plan.served.groupby("site")["people"].sum().tolist() == [10, 10]
    few = {"objective": "min-sites", "new_sites": None}
    assert _values(_solved(sites=SITES.assign(capacity=10), capacity=Capacity(), **few)) == [4]
    assert _values(_solved(sites=SITES.assign(capacity=9), capacity=Capacity(), **few)) == [5]
    assert _values(_solved(sites=SITES.assign(capacity=9), capacity=Capacity(split=True), **few)) == [4]
    beds = pd.Series([1, 1, 1, 1, 3, 1, 1], AREAS.index)
    assert _values(_solved(sites=SITES.assign(capacity=2), capacity=Capacity("beds", beds))) == [5 + 8]


def test_a_community_that_asks_more_than_any_site_has_makes_all_impossible():
    problem = _ask(sites=SITES.assign(capacity=8), capacity=Capacity(), objective="min-sites", new_sites=None)
    plan = solve_siting(problem)
    verify_plan(problem, plan)
    assert (plan.status, plan.covered, len(plan.served)) == ("infeasible", 0, 0)


# --- planted mistakes ---

CAPACITY = {"sites": SITES.assign(capacity=10), "capacity": Capacity(), "new_sites": 2}


@pytest.mark.parametrize(
    ("loose", "strict", "part"),
    [
        ({"budget": Budget(20)}, {"budget": Budget(1)}, "over the budget of 1"),
        ({}, {"conflicts": [["1", "5"]]}, "rule each other out or stand too near: 1 + 5"),
        ({}, {"coverage": Coverage(everyone=True)}, "leaves out communities that some site could cover: 3"),
        ({}, {"coverage": Coverage(at_least=36)}, "covers 35.0 people, fewer than the 36"),
        ({}, {"quotas": [Quota("town", ("T2",))]}, "T2 has 0 sites"),
        (CAPACITY, {"sites": SITES.assign(capacity=9)}, "more of these sites than they can serve"),
    ],
)
def test_a_plan_of_a_looser_question_does_not_pass(loose, strict, part):
    asked = {"new_sites": 2, **loose}
    plan = solve_siting(_ask(**asked))
    problem = _ask(**(asked | strict))
    with pytest.raises(PlanError) as why:
        verify_plan(problem, dataclasses.replace(plan, input_hash=input_hash(problem)))
    assert part in str(why.value)
    assert why.value.sentence("zh")


def _forged(plan):
    served, level = plan.served, plan.levels[0]
    return {
        "served twice": {"served": pd.concat([served, served.iloc[:1]])},
        "served by a closed site": {"served": served.assign(site=["3", *served["site"][1:]])},
        "served beyond reach": {"served": served.assign(community=["0", *served["community"][1:]])},
        "served in part": {"served": served.assign(people=served["people"] - 1)},
        "served by nobody known": {"served": served.assign(site="z")},
        "serving forgotten": {"served": served.iloc[1:]},
        "no serving": {"served": None},
        "a cost": {"figures": dataclasses.replace(plan.figures, cost_yuan=plan.figures.cost_yuan + 1)},
        "people-minutes": {
            "figures": dataclasses.replace(plan.figures, people_minutes=plan.figures.people_minutes + 1)
        },
        "gini": {"figures": dataclasses.replace(plan.figures, gini=plan.figures.gini + 0.25)},
        "a share": {"figures": dataclasses.replace(plan.figures, least_share=plan.figures.least_share + 0.25)},
        "a column": {"figures": dataclasses.replace(plan.figures, by_column={"people": 36})},
        "no figures": {"figures": None},
        "no levels": {"levels": ()},
        "a level's value": {"levels": (dataclasses.replace(level, value=21.0, bound=21.0),)},
        "a level's goal": {"levels": (dataclasses.replace(level, objective="min-time"),)},
        "a level's bound": {"levels": (dataclasses.replace(level, bound=19.0),)},
        "a level's gap": {"levels": (dataclasses.replace(level, bound=22.0, gap=0.0),)},
        "who proved it": {"proved_by": "me"},
    }


_PLAN = solve_siting(_ask(**CAPACITY))


@pytest.mark.parametrize("what", list(_forged(_PLAN)))
def test_a_forged_plan_does_not_pass(what):
    with pytest.raises(PlanError) as why:
        verify_plan(_ask(**CAPACITY), dataclasses.replace(_PLAN, **_forged(_PLAN)[what]))
    assert why.value.sentence("zh")
