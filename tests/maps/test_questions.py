"""Questions of the page: which plan stands with which circle, and what is said of both."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import quarterhour as qh
from conftest import write_toy_study
from maps.toy import asked_of, drawn_in, meeting, study
from quarterhour.maps import draw as maps
from quarterhour.study.siting.coverage import coverage_by_area, coverage_by_community


def questions(**changes: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = drawn_in(maps.draw_map(**meeting(**changes)))["questions"]
    return found


def test_a_plan_stands_with_the_circle_whose_gap_it_closes() -> None:
    assert [(q["circle"], q["plan"]) for q in questions()] == [(0, 0), (1, None), (2, None)]


@pytest.mark.parametrize("other", [{"kind": "care_base"}, {"mode": "car"}, {"people": "hardship"}])
def test_a_plan_for_another_kind_mode_or_people_is_a_question_of_its_own(other: dict[str, str]) -> None:
    found = questions(asked=[asked_of(study(60), **other)])
    assert [(q["circle"], q["plan"]) for q in found] == [(0, None), (1, None), (2, None), (None, 0)]


def test_a_plan_whose_count_is_not_the_circle_s_own_is_a_question_of_its_own() -> None:
    found = questions(asked=[asked_of(study(60), circles=())])
    assert [(q["circle"], q["plan"]) for q in found] == [(0, None), (1, None), (2, None), (None, 0)]


def test_each_circle_and_each_plan_stands_in_exactly_one_question() -> None:
    given = meeting()
    twice = given["plans"] * 2
    found = drawn_in(maps.draw_map(**given | {"plans": twice, "asked": given["asked"] * 2}))["questions"]
    assert [(q["circle"], q["plan"]) for q in found] == [(0, 0), (1, 1), (2, None)]


def test_a_question_says_who_how_many_and_what_closes_it() -> None:
    first = questions()[0]
    assert first["who"] == "老年人 · 步行前往 · 15 分钟以内"
    assert first["today"] == {"out": "500 人", "line": "老年人 1,000 人中，圈内 500 人，占 50.0%"}
    assert first["closes"] == "新建 3 处：圈内由 400 增至 1,000 人，圈外降至 2,000 人。"
    assert first["after"]["out"] == "2,000 人"


def test_each_county_has_its_share_today_and_after() -> None:
    drawn = drawn_in(maps.draw_map(**meeting()))
    first, cards = drawn["questions"][0], drawn["cards"]
    assert first["unit"] == "人" and [county["id"] for county in drawn["counties"]] == ["c1", "c2"]
    today, after = cards["circles"][first["circle"]]["rows"], cards["plans"][first["plan"]]["rows"]
    assert [(row["id"], row["name"]) for row in today] == [("c1", "东区"), ("c2", "西县")]
    half = {"met": 300, "total": 600, "left": 300, "share": 0.5, "percent": "50.0%"}
    more = {"met": 450, "total": 600, "left": 150, "share": 0.75, "percent": "75.0%"}
    assert today[0]["count"] == after[0]["before"] == half and after[0]["count"] == more
    assert today[1]["count"]["percent"] == "25.0%"


def test_a_question_without_a_plan_says_so_and_has_no_view_after_it() -> None:
    second = questions()[1]
    assert second["closes"] == "尚未做选址方案。" and second["after"] is None and second["states_after"] == ""


def test_a_plan_that_nobody_was_asked_for_is_still_a_question() -> None:
    last = questions(asked=[])[-1]
    assert (last["circle"], last["plan"], last["who"]) == (None, 0, "")
    assert set(last["states"]) == {"x"}


def test_a_plan_that_found_nothing_says_why() -> None:
    given = meeting()
    none = replace(given["plans"][0][1], chosen=(), status="infeasible")
    found = drawn_in(maps.draw_map(**given | {"plans": [(given["plans"][0][0], none, given["plans"][0][2])]}))
    assert "不能同时满足" in found["questions"][0]["closes"]


def test_counties_without_outlines_of_their_own_are_their_towns_joined() -> None:
    given = meeting()
    outlines = drawn_in(maps.draw_map(**given | {"counties": None}))["counties"]
    assert [len(county["shape"]["coordinates"]) for county in outlines] == [1, 1]
    assert [county["name"] for county in outlines] == ["", ""]  # nobody says their names: an id is none


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("toy")
    return qh.run_study(qh.read_study(write_toy_study(folder)))


def test_people_by_community_add_up_to_the_plan_before_and_after(results: Any) -> None:
    for proposal in results.proposals:
        found = coverage_by_community(proposal.problem, proposal.plan)
        assert found["after_people"].sum() == proposal.plan.covered
        assert found["people"].sum() == proposal.plan.demand_total
        if not proposal.plan.placed:
            assert found["before"].sum() == proposal.plan.covered_before
            assert found.loc[found["today"] == "met", "people"].sum() == proposal.plan.covered_before
            assert found.loc[found["after"] != "not_met", "people"].sum() == proposal.plan.covered
        by_county = coverage_by_area(proposal.problem, found).query("level == 'county'")
        assert by_county["after"].sum() == proposal.plan.covered
