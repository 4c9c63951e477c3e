"""The recount refuses every forged line of a plan with its own word, and takes the true plan."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from quarterhour.base.errors import PlanError
from quarterhour.siting.proof.assemble import certificate, no_plan
from quarterhour.siting.proof.recount import check_rules_of_sites, verify_plan
from quarterhour.siting.question.evaluate import Measure
from quarterhour.siting.question.plan import Evidence
from quarterhour.siting.question.problem import Coverage
from quarterhour.siting.question.rules import Budget, Capacity, Quota
from street import SITES, VILLAGES, legs, planned, street

EASY = {"objective": ("max-cover", "min-time"), "coverage": Coverage(everyone=False)}


def refused(problem, plan):
    """The key and the values with which a plan is refused."""
    with pytest.raises(PlanError) as why:
        verify_plan(problem, plan)
    assert why.value.sentence("zh")
    return why.value.key.partition(".")[2], why.value.values


def differs(problem, plan):
    """What a plan says wrongly."""
    key, values = refused(problem, plan)
    assert key == "recount_differs"
    return values["what"], values["said"], values["counted"]


def test_the_true_plan_holds():
    problem = street(**EASY)
    count = verify_plan(problem, planned(problem, "Q", "P"))
    assert (count.covered, count.new_sites) == (25, 2)


@pytest.mark.parametrize(
    ("what", "said", "counted"),
    [
        ("input_hash", "x", None), ("objective", "min-time", "max-cover"), ("unit", "graves", "older"),
        ("covered_before", 9, 10), ("covered", 24, 25), ("reachable", 28, 25), ("demand_total", 27, 28),
        ("stopped", "time", ""), ("value", 24.0, 25.0), ("bound", 26.0, 25.0), ("gap", 0.5, 0.0),
        ("proved_by", "x", "hand"), ("status", "bounded", "optimal"),
    ],
)  # fmt: skip
def test_a_forged_line_is_named(what, said, counted):
    problem = street(**EASY)
    plan = planned(problem, "Q", "P")
    expected = plan.input_hash if what == "input_hash" else counted
    assert differs(problem, replace(plan, **{what: said})) == (what, said, expected)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("cost_yuan", 71), ("people_minutes", 161.0), ("worst_minutes", 9.0), ("gini", 0.1), ("least_share", 0.9),
        ("least_area", "S"), ("by_column", {"older": 25}), ("least_share", math.nan), ("least_area", math.nan),
    ],
)  # fmt: skip
def test_a_forged_figure_is_named(what, said):
    problem = street(**EASY)
    plan = planned(problem, "Q", "P")
    assert differs(problem, replace(plan, figures=replace(plan.figures, **{what: said})))[0] == what


def test_figures_that_are_left_out_are_missed_and_unknown_ones_are_not():
    unknown = street(areas=None)
    plan = planned(unknown, "Q", "P")
    assert math.isnan(plan.figures.least_share)
    verify_plan(unknown, plan)
    assert differs(unknown, replace(plan, figures=replace(plan.figures, least_share=1.0)))[0] == "least_share"
    assert differs(unknown, replace(plan, figures=None))[0] == "cost_yuan"


@pytest.mark.parametrize(
    ("chosen", "key", "ids"),
    [(("O", "Q"), "not_buildable", "O"), (("Q", "Z"), "not_buildable", "Z"), (("Q", "Q"), "chosen_again", "Q")],
)
def test_only_candidates_are_built_and_each_once(chosen, key, ids):
    problem = street(**EASY)
    said, values = refused(problem, replace(planned(problem, "Q", "P"), chosen=chosen))
    assert (said, values["ids"]) == (key, ids)


# --- assignment and gain ---


def test_each_village_is_told_its_nearest_site():
    problem = street(**EASY)
    plan = planned(problem, "Q", "P")
    right = plan.assignment
    assert differs(problem, replace(plan, assignment=right[:-1])) == ("assignment", 4, 5)
    swapped = right.iloc[[1, 0, 2, 3, 4]]
    for other, ids in (
        (swapped, "b, a"),
        (right.where(right.index != "a", "Q"), "a"),
        (right.where(right.index != "c", None), "c"),
        (right.where(right.index != "d", "R"), "d"),
        (right.where(right.index != "d", "nowhere"), "d"),
        (right.where(right.index != "a", "nowhere"), "a"),
    ):
        key, values = refused(problem, replace(plan, assignment=other))
        assert (key, values["ids"]) == ("assignment_differs", ids)


def test_gains_are_those_of_the_order():
    problem = street(**EASY)
    plan = planned(problem, "Q", "P")
    for gain, ids in (
        ({"Q": 9, "P": 5}, "P"), ({"P": 6, "Q": 9}, "Q, P"), ({"Q": 9}, "P"), ({"Q": 9, "P": 6, "R": 0}, "Q, P"),
    ):  # fmt: skip
        key, values = refused(problem, replace(plan, gain=pd.Series(gain)))
        assert (key, values["ids"]) == ("gain_differs", ids)


def test_parts_are_told_where_sites_have_room_and_nowhere_else():
    served = [("a", "O", 10), ("c", "Q", 5), ("e", "Q", 4), ("b", "P", 6)]
    free = street(**EASY)
    assert differs(free, replace(planned(free, "Q", "P"), served=legs(*served))) == ("served", True, False)
    problem = street(sites=SITES.assign(capacity=20), capacity=Capacity("beds"))
    plan = planned(problem, "Q", "P", served=served)
    verify_plan(problem, plan)
    assert differs(problem, replace(plan, served=None)) == ("served", False, True)


# --- goals ---


def with_levels(plan, *changes, **other):
    """A plan whose goals say something else."""
    levels = tuple(replace(level, **change) for level, change in zip(plan.levels, changes, strict=True))
    return replace(plan, levels=levels, **other)


def test_goals_say_their_value_bound_and_gap():
    problem = street(**EASY)
    plan = planned(problem, "Q", "P")
    assert [level.value for level in plan.levels] == [25, 162]
    assert differs(problem, replace(plan, levels=plan.levels[:1]))[0] == "levels"
    assert differs(problem, with_levels(plan, {"people": "poor"}, {}))[0] == "levels"
    assert differs(problem, with_levels(plan, {"objective": "equity"}, {}))[0] == "levels"
    assert differs(problem, with_levels(plan, {"value": 24.0}, {})) == ("value of max-cover", 24, 25)
    assert differs(problem, with_levels(plan, {}, {"value": 161.0})) == ("value of min-time", 161, 162)
    assert differs(problem, with_levels(plan, {"bound": 30.0}, {})) == ("gap", 0, 0.2)
    assert differs(problem, with_levels(plan, {}, {"bound": 81.0})) == ("gap", 0, 0.5)
    for changes in (
        ({"bound": 24.0}, {}),
        ({"bound": math.inf}, {}),
        ({}, {"bound": 163.0}),
        ({}, {"bound": math.nan}),
    ):
        assert refused(problem, with_levels(plan, *changes))[0] == "bad_bound"


def test_an_open_bound_is_told_as_such():
    problem = street(**EASY)
    plan = planned(problem, "Q", "P")
    both = ({"bound": 30.0, "gap": 0.2}, {"bound": 81.0, "gap": 0.5})
    wide = with_levels(plan, *both, bound=30.0, gap=0.5, status="bounded", stopped="time")
    verify_plan(problem, wide)
    assert differs(problem, replace(wide, gap=0.2)) == ("gap", 0.2, 0.5)
    assert differs(problem, replace(wide, status="optimal", stopped="")) == ("status", "optimal", "bounded")
    assert differs(problem, replace(wide, bound=25.0)) == ("bound", 25, 30)


@pytest.mark.parametrize(
    ("objective", "bound", "holds"), [("equity", 0.5, True), ("min-sites", -1.0, True), ("equity", -0.5, False)]
)
def test_of_a_value_of_nothing_any_bound_is_infinitely_far(objective, bound, holds):
    """No share of an area, no site: the gap of such a plan has no measure."""
    problem = street(
        objective=objective, existing=[], coverage=Coverage(everyone=False), areas=["N", "N", "S", "S", "S"]
    )
    plan = planned(problem)
    (level,) = plan.levels
    assert level.value == 0
    wide = with_levels(plan, {"bound": bound, "gap": math.inf}, bound=bound, gap=math.inf, status="bounded")
    if holds:
        verify_plan(problem, wide)
        assert differs(problem, with_levels(wide, {"gap": 1.0}))[0] == "gap"
    else:
        assert refused(problem, wide)[0] == "bad_bound"


def test_equity_is_bounded_from_above_and_time_from_below():
    problem = street(objective="equity", new_sites=1, coverage=Coverage(everyone=False))
    plan = planned(problem, "Q")
    wide = with_levels(plan, {"bound": 1.0, "gap": 0.6}, bound=1.0, gap=0.6, status="bounded")
    verify_plan(problem, wide)
    assert refused(problem, with_levels(plan, {"bound": 0.5}))[0] == "bad_bound"


# --- no plan ---


def nothing(problem, status="infeasible", **known):
    return no_plan(certificate(Measure(problem), 0, **known), status, (), proved_by="hand", seconds=0.0)


@pytest.mark.parametrize("status", ["infeasible", "no_plan"])
def test_a_plan_that_chooses_nothing_says_nothing_more(status):
    problem = street()
    plan, full = nothing(problem, status), planned(problem, "Q")
    count = verify_plan(problem, plan)
    assert (count.covered, count.new_sites) == (10, 0)
    assert differs(problem, replace(plan, value=1.0)) == ("value", False, True)
    assert differs(problem, replace(plan, bound=1.0))[0] == "bound"
    assert differs(problem, replace(plan, gap=0.0))[0] == "gap"
    assert differs(problem, replace(plan, levels=full.levels))[0] == "levels"
    evidence = (Evidence(1, np.zeros((1, 5), dtype=np.int64), np.array([-1])),)
    assert differs(problem, replace(plan, evidence=evidence))[0] == "evidence"
    assert refused(problem, replace(plan, assignment=full.assignment))[0] == "assignment_differs"
    assert differs(problem, replace(full, status=status))[0] == "chosen"
    assert differs(problem, replace(nothing(problem), stopped="time")) == ("stopped", "time", "")
    verify_plan(problem, replace(nothing(problem, "no_plan"), stopped="time"))


# --- who finds a place today ---

ROOM = SITES.assign(capacity=[8, 7, 9, 20])


def test_who_is_placed_today_is_the_flow_where_communities_are_shared_out():
    problem = street(sites=ROOM, capacity=Capacity(split=True))
    for said, holds in ((8, True), (7, False), (9, False)):
        plan = nothing(problem, placed_before=said)
        if holds:
            verify_plan(problem, plan)
        else:
            assert differs(problem, plan) == ("placed_before", said, 8)


def test_fewer_may_be_placed_today_where_communities_go_whole():
    problem = street(sites=ROOM, capacity=Capacity("beds"))
    for said in (0, 8):
        verify_plan(problem, nothing(problem, placed_before=said))
    for said in (-1, 9):
        assert differs(problem, nothing(problem, placed_before=said)) == ("placed_before", said, 8)


def test_room_in_something_else_than_people_places_no_more_than_there_are():
    problem = street(sites=ROOM, capacity=Capacity("visits", pd.Series([5, 5, 5, 5, 5], VILLAGES)))
    verify_plan(problem, nothing(problem, placed_before=28))
    assert differs(problem, nothing(problem, placed_before=29)) == ("placed_before", 29, 28)


def test_nobody_is_placed_where_sites_have_no_room_to_speak_of():
    problem = street()
    assert differs(problem, replace(planned(problem, "Q", "P"), placed_before=10)) == ("placed_before", False, True)


# --- quotas that nothing can meet ---


def test_quotas_that_no_choice_meets_are_told():
    quotas = [Quota("town", ("N", "S", "M"), 3), Quota("town", ("S",), 2, tier="high"), Quota("town", ("N",), 2)]
    problem = street(quotas=quotas, new_sites=3)
    plan = planned(problem, "P", "Q", "R")
    rows = [tuple(row) for row in plan.unmet.to_numpy().tolist()]
    assert rows == [
        ("town", "N", 3, 1, 1, "too_few_candidates"), ("town", "S", 3, 0, 2, "too_few_candidates"),
        ("town", "M", 3, 0, 0, "no_candidate"), ("town", "S", 2, 0, 1, "too_few_candidates"),
    ]  # fmt: skip
    verify_plan(problem, plan)
    assert differs(problem, replace(plan, unmet=plan.unmet[1:]))[0] == "unmet"
    required = street(quotas=[Quota("town", ("N",), 3)], required=["P"])
    assert planned(required, "P").unmet.to_numpy().tolist() == [["town", "N", 3, 2, 0, "no_candidate"]]
    verify_plan(required, planned(required, "P"))
    upgraded = street(
        quotas=[Quota("town", ("S",), 3)], existing=[], sites=SITES.assign(state=["existing", *["upgradeable"] * 3])
    )
    assert planned(upgraded, "P").unmet.to_numpy().tolist() == [["town", "S", 3, 0, 2, "too_few_candidates"]]
    both = planned(upgraded, "Q", "R")
    verify_plan(upgraded, both)


# --- rules on sites ---


def broken(problem, *chosen):
    """The key and values of the first rule that a choice breaks; nothing where it keeps them."""
    try:
        check_rules_of_sites(problem, chosen)
    except PlanError as why:
        return why.key, why.values
    return None


def test_required_sites_and_no_more_than_asked():
    problem = street(required=["R"])
    assert broken(problem, "Q", "P") == ("proof.required_left_out", {"ids": "R"})
    assert broken(problem, "Q", "R") is None
    assert broken(problem, "Q", "R", "P") == ("proof.too_many", {"chosen": 3, "new_sites": 2})
    assert broken(replace(street(), new_sites=None), "Q", "R", "P") is None
    assert broken(problem, "O", "R") == ("proof.not_buildable", {"ids": "O"})
    assert broken(problem, "R", "R") == ("proof.chosen_again", {"ids": "R"})


def test_quotas_hold_from_below_and_above():
    def quota(found, area):
        return "proof.quota_broken", {"level": "town", "area": area, "found": found}

    low = street(quotas=[Quota("town", ("N", "S"), 1)])
    assert broken(low, "P") == quota(0, "S")
    assert broken(low, "Q") is None
    high = street(quotas=[Quota("town", ("S", "N"), 0, 1)])
    assert broken(high, "Q", "R") == quota(2, "S")
    assert broken(high, "P") == quota(2, "N")
    assert broken(high, "Q") is None
    lowered = street(quotas=[Quota("town", ("N",), 3)])
    assert broken(lowered, "P") is None
    assert broken(lowered, "Q") == quota(1, "N")
    tier = street(quotas=[Quota("town", ("N",), 1, tier="high")])
    assert broken(tier, "Q") == quota(0, "N")
    assert broken(tier, "P") is None
    together = street(quotas=[Quota("town", ("N", "S"), 2, groups=(("N", "S"),))])
    assert together.quotas[0].areas == ("N + S",)
    assert broken(together) == quota(1, "N + S")
    assert broken(together, "R") is None


def test_money_is_counted_in_whole_yuan_over_the_years():
    """P costs 30 and 1 a year, Q 40 and 3: 90 over five years."""
    assert broken(street(budget=Budget(90, 5)), "P", "Q") is None
    assert broken(street(budget=Budget(89, 5)), "P", "Q") == ("explanation.over_budget", {"spent": 90, "yuan": 89})
    assert broken(street(budget=Budget(None, 5)), "P", "Q") is None


def test_what_may_not_stand_together_does_not():
    problem = street(conflicts=[["Q", "R"], ["O", "P"]])
    assert broken(problem, "Q", "R") == ("proof.conflict_broken", {"ids": "Q + R"})
    assert broken(problem, "P") == ("proof.conflict_broken", {"ids": "O + P"})
    assert broken(problem, "Q") is None


def test_a_plan_that_breaks_a_rule_is_refused():
    problem = street(required=["R"], **EASY)
    assert refused(problem, planned(problem, "Q", "P"))[0] == "required_left_out"


def test_everyone_is_covered_where_that_is_asked():
    problem = street(coverage=Coverage(everyone=True))
    verify_plan(problem, planned(problem, "Q", "P"))
    key, values = refused(problem, planned(problem, "Q"))
    assert (key, values["ids"]) == ("not_everyone", "b")


def test_so_many_are_covered_as_are_asked_for():
    verify_plan(street(coverage=Coverage(at_least=19)), planned(street(coverage=Coverage(at_least=19)), "Q"))
    problem = street(coverage=Coverage(at_least=20))
    key, values = refused(problem, planned(problem, "Q"))
    assert (key, values["covered"], values["at_least"]) == ("too_few_covered", 19, 20)


def test_evidence_is_looked_at_last():
    problem = street()
    plan = planned(problem, "Q")
    verify_plan(problem, plan)
    one = Evidence(1, np.zeros((1, 5), dtype=np.int64), np.array([-1], dtype=np.int64))
    assert refused(problem, replace(plan, evidence=(one,)))[0] == "evidence_differs"
    assert refused(problem, replace(plan, evidence=(one, one))) == ("evidence_differs", {"goal": "-"})
