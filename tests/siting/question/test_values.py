"""The values of a siting question and of its answer say what they promise, in the toy town (``toy_town.py``)."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

from quarterhour.siting.question.evaluate import in_plan_units, of_plan_units
from quarterhour.siting.question.fingerprint import asked, input_hash
from quarterhour.siting.question.plan import Level, Reason, SitingPlan, Ties, relative_gap
from quarterhour.siting.question.problem import Coverage, Goal, Near, SitingProblem, Standard
from quarterhour.siting.question.quotas import shortfalls
from quarterhour.siting.question.rules import Budget, Capacity, Quota
from toy_town import SITES, states, town

STEPS = Standard(15, ((5, 100), (15, 60)))
TIERS = SITES.assign(tiers=["a", "b", "a b", ""])


# --- the question ------------------------------------------------------------------------------------


def test_what_goals_are_about() -> None:
    most = {"max-cover": (True, True), "equity": (True, True), "gini": (False, True), "min-time": (False, False)}
    assert {name: (Goal(name).most, Goal(name).of_coverage) for name in most} == most


def test_a_standard_as_a_ladder() -> None:
    assert (Standard(15).ladder(), Standard(15).plain) == (((90_000, 100),), True)
    assert (STEPS.ladder(), STEPS.plain) == (((30_000, 100), (90_000, 60)), False)
    assert not Standard(15, ((15, 60),)).plain


def test_areas_that_share_their_sites_go_by_the_name_of_the_group() -> None:
    quota = Quota("town", ("A", "B"), groups=(("A", "B"),))
    assert quota.group_of == {"A": "A + B", "B": "A + B"}
    assert Quota("town").group_of == {}
    problem = town(quotas=[quota, Quota("county", ("K",), tier="b")], sites=TIERS)
    first, second = problem.area_of.values()
    assert (first.tolist(), second.tolist()) == (["A + B"] * 3 + [""], ["", "K", "K", ""])


def test_some_of_the_pairs() -> None:
    near = Near(np.array([0, 2, 2, 3]), np.array([4, 5, 6]), np.array([7, 8, 9]))
    assert near.row.tolist() == [0, 0, 2]
    some = near.only(np.array([False, True, True]))
    assert (some.start.tolist(), some.site.tolist(), some.cs.tolist()) == ([0, 1, 1, 2], [5, 6], [8, 9])
    assert near.only(np.ones(3, dtype=bool)) is near


def test_a_question_says_in_a_line_what_it_asks() -> None:
    problem = town(objective=("max-cover", "min-time"))
    said = "max-cover > min-time, 6 communities, 1 existing, 0 required, 3 candidate, 0 upgradeable"
    assert repr(problem) == f"<SitingProblem matrix: {said}>"
    assert problem.objective == "max-cover"


@pytest.mark.parametrize(
    ("changed", "unit"),
    [
        ({}, "old"), ({"people": {"old": 2}}, "weighted"), ({"people": {"old": 1, "hardship": 1}}, "weighted"),
        ({"capacity": Capacity("beds", split=True)}, "beds"), ({"capacity": Capacity("beds")}, "old"),
    ],
)  # fmt: skip
def test_what_its_people_are(changed: dict[str, Any], unit: str) -> None:
    assert town(**changed).unit == unit


@pytest.mark.parametrize(
    ("changed", "everyone"),
    [
        ({}, False), ({"objective": "min-time"}, True), ({"objective": "gini"}, False),
        ({"objective": "min-time", "coverage": Coverage(at_least=1)}, False),
        ({"coverage": Coverage(everyone=True)}, True),
        ({"objective": "min-time", "coverage": Coverage(everyone=False)}, False),
    ],
)  # fmt: skip
def test_whether_everyone_must_be_covered(changed: dict[str, Any], everyone: bool) -> None:
    problem = town(**changed)
    assert problem.everyone is everyone
    assert problem.must_be_covered.tolist() == [everyone] * 4 + [False, False]


def test_two_must_be_near_where_one_alone_counts_for_nothing() -> None:
    both = town(coverage=Coverage(backup=0))
    assert (both.enough, both.reachable.tolist()) == (2, [True, True, True, False, False, False])
    one = town(coverage=Coverage(backup=1))
    assert (one.enough, one.reachable.tolist()) == (1, [True, True, True, True, False, True])


def test_states_of_sites() -> None:
    problem = town(sites=states("existing", "required", "candidate", "upgradeable"))
    assert (problem.existing.tolist(), problem.required.tolist()) == ([1, 0, 0, 0], [0, 1, 0, 0])
    assert problem.free.tolist() == [False, False, True, True]
    barred = dataclasses.replace(problem, conflicts=np.array([[0, 1], [1, 2], [2, 3]]))
    assert barred.barred.tolist() == [False, False, True, False]
    assert not town(conflicts=[["s1", "s2"]]).barred.any()


def test_the_standard_of_each_class_and_the_pairs_within_it() -> None:
    classes = dict(zip(town().demand.index, "uurruu", strict=True))
    problem = town(within={"u": 4, "r": STEPS}, classes=classes)
    assert problem.limit_cs.tolist() == [n * 6_000 for n in (4, 4, 15, 15, 4, 4)]
    assert (problem.minutes, problem.plain, town().plain) == (15, False, True)
    assert (problem.pairs.start.tolist(), problem.pairs.site.tolist()) == ([0, 1, 2, 5, 6, 6, 7], [0, 1, 1, 2, 3, 3, 2])


def test_only_sites_of_the_tier_cover() -> None:
    problem = town(sites=TIERS, coverage=Coverage(tier="b"))
    assert (problem.near.start.tolist(), problem.near.site.tolist()) == ([0, 1, 2, 4, 4, 4, 5], [1, 1, 1, 2, 2])
    assert {tier: held.tolist() for tier, held in problem.of_tier.items()} == {"": [1] * 4, "b": [0, 1, 1, 0]}
    assert town().near.site.tolist() == [0, 1, 0, 1, 1, 2, 3, 3, 2]


def test_people_money_and_room() -> None:
    problem = town(budget=Budget(None, 3), capacity=Capacity(), sites=SITES.assign(capacity=[30, None, 0, 5]))
    assert {name: n.tolist() for name, n in problem.people_of.items()} == {
        "old": [10, 20, 30, 40, 5, 0], "hardship": [1, 0, 5, 0, 2, 3], "": [10, 20, 30, 40, 5, 0]
    }  # fmt: skip
    assert problem.yuan.tolist() == [0, 8, 6, 13]
    assert problem.room.tolist() == [30, 2**53, 0, 5]


# --- its hash ----------------------------------------------------------------------------------------


def test_what_is_asked_beside_the_tables() -> None:
    quotas = [Quota("town", ("A", "B"), 1, 2, groups=(("A", "B"),)), Quota("county", ("K",), tier="a")]
    problem = town(within=STEPS, quotas=quotas, sites=TIERS, budget=Budget(99, 2), coverage=Coverage(50, "a", None, 7))
    assert asked(problem) == {
        "goals": [["max-cover", "", "town"]],
        "new_sites": 4,
        "quotas": [["town", ["A + B"], 1, 2, "", [["A", "B"]]], ["county", ["K"], 1, None, "a"]],
        "standards": {"": [[30_000, 100], [90_000, 60]]},
        "coverage": [50, "a", False, 7],
        "budget": [99, 2],
        "capacity": None,
        "weights": {"old": 1},
    }
    free = asked(town(objective="min-sites", new_sites=None, capacity=Capacity("beds", split=True)))
    assert (free["new_sites"], free["budget"], free["coverage"]) == (None, [None, 0], [None, "", True, 0])
    assert free["capacity"] == ["beds", True]


def test_each_table_of_a_question_changes_its_hash() -> None:
    changed: list[dict[str, Any]] = [
        {}, {"sites": SITES.assign(name="x")}, {"within": 16}, {"conflicts": [["s1", "s2"]]}, {"areas": None},
        {"people": "hardship"}, {"capacity": Capacity()}, {"capacity": Capacity(load=[1, 2, 3, 4, 5, 0])},
    ]  # fmt: skip
    hashes = [input_hash(town(**some)) for some in changed]
    assert len({*hashes}) == len(changed)
    assert hashes[0] == input_hash(town()) and len(hashes[0]) == 64


# --- the answer --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "bound", "gap"),
    [(10, 10, 0), (0, 0, 0), (10, 12, 0.2), (10, 8, 0.2), (0, 3, math.inf), (2.5, 3.0, 0.2)],
)
def test_how_far_a_plan_may_be_from_the_best(value: float, bound: float, gap: float) -> None:
    assert relative_gap(value, bound) == gap


def test_a_level_is_proven_where_value_and_bound_meet() -> None:
    assert Level("max-cover", "", 1, 1, 0, "counting").status == "optimal"
    assert Level("max-cover", "", 1, 2, 1, "counting").status == "bounded"


def _plan(problem: SitingProblem, **changed: Any) -> SitingPlan:
    made = SitingPlan(
        problem.id, "max-cover", ("s3",), pd.Series({"s3": 70}), pd.Series(dtype=object), 100, 100, 0, "optimal", 30,
        100, 105, 100, shortfalls(problem), "counting", 0, 0, "", unit="old",
    )  # fmt: skip
    return dataclasses.replace(made, **changed)


def test_a_plan_says_in_a_line_how_good_it_is() -> None:
    plan = _plan(town())
    assert repr(plan) == "<SitingPlan matrix: optimal, 1 new site, 95.2% covered, 5 of 105 old out of reach>"
    several = dataclasses.replace(plan, chosen=("s1", "s3"), demand_total=100)
    assert repr(several) == "<SitingPlan matrix: optimal, 2 new sites, 100.0% covered>"
    nobody = dataclasses.replace(plan, chosen=(), covered=0, demand_total=0, reachable=0)
    assert repr(nobody) == "<SitingPlan matrix: optimal, 0 new sites, — covered>"
    assert ", 2 quotas not met>" in repr(_plan(town(quotas=Quota("town", ("X", "Y")))))


def test_before_is_what_covered_compares_with() -> None:
    plan = _plan(town())
    assert (plan.placed, plan.before) == (False, 30)
    placed = dataclasses.replace(plan, served=pd.DataFrame(), placed_before=20)
    assert (placed.placed, placed.before) == (True, 20)


def test_values_of_a_reason_are_said_in_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    from quarterhour.base import i18n

    said: dict[str, Any] = {}
    monkeypatch.setattr(i18n, "say", lambda key, lang, **values: said.update(values) or f" [{key} {lang}] ")
    monkeypatch.setattr(i18n, "label", lambda _page, name, lang: f"{name}.{lang}")
    within = (("inner", {"n": 1}), ("other", {}))
    given = {
        "level": ("town", "county"), "within": within, "dict": {"zh": "人", "en": "people"}, "ids": tuple("abcdef"),
        "none": (), "many": 1_234, "flag": True, "unit": "xyz", "name": "xyz", "share": 0.5,
    }  # fmt: skip
    Reason("outer", given).sentence("en")
    joined = "town.en [explanation.and en] county.en"
    assert said == {
        "n": "1", "level": joined, "within": " [inner en]  [explanation.between en]  [other en] ", "dict": "people",
        "ids": "a, b, c, d, e … (6 in all)", "none": "-", "many": "1,234", "flag": True, "unit": "xyz", "name": "xyz",
        "share": 0.5,
    }  # fmt: skip
    Reason("outer", {"level": "town", "rules": within[:1]}).sentence("zh")
    assert (said["level"], said["rules"]) == ("town.zh", " [inner zh] ")


def test_values_of_a_plan_are_counted_again_as_they_were():
    for objective, exact in (("max-cover", 12_300), ("min-time", 900_001), ("equity", Fraction(3, 8))):
        goal = Goal(objective)
        assert of_plan_units(goal, in_plan_units(goal, exact)) == exact


def test_ties_say_what_is_shared_what_not_and_what_is_open():
    none, some, any_ = Ties((), ("b",), ()), Ties((("a", "b"),), ("b",), ()), Ties((("c",),), (), ("d",))
    assert [len(ties.sentences("en")) for ties in (none, some, any_)] == [1, 1, 2]
    assert "Bao" in some.sentences("en", {"b": "Bao"})[0]
    assert "d" in any_.sentences("zh")[1]
    assert len(Ties((), (), ("d",)).sentences("en")) == 1
