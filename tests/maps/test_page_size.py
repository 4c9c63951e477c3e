"""How heavy the page is: budgets in bytes and in what is drawn, at a city's size."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import quarterhour as qh
from maps.toy import drawn_in, lines_of, meeting, streets
from quarterhour.base.findings import finding_sentences
from quarterhour.base.i18n import LANGUAGES
from quarterhour.maps import draw as maps
from quarterhour.maps import layers as picture_room
from quarterhour.report.map_notes import with_page_finding
from quarterhour.report.write import meeting_map
from quarterhour.testing import small_study

WEIHAI_BYTES = 3_000_000
CITY_BYTES = 15_000_000
BYTES_A_WAY = 8
"""Two steps of two numbers, most of them of one or two signs."""


def text_of(group: dict[str, Any]) -> int:
    return sum(len(tile["lines"]) for tile in group["tiles"])


def test_a_town_of_fifty_thousand_ways_and_ten_times_the_communities_stays_light() -> None:
    roads = streets(158)
    assert len(roads) > 50_000
    html = maps.draw_map(**meeting(27_680) | {"roads": roads})
    assert len(html.encode()) < CITY_BYTES
    (minor,) = drawn_in(html)["roads"]
    assert text_of(minor) < BYTES_A_WAY * len(roads)
    assert text_of(minor) < 0.4 * len(json.dumps([line.tolist() for line in lines_of(minor)]))


@pytest.mark.parametrize("blocks", [8, 24])
def test_bytes_of_roads_grow_as_the_roads_do(blocks: int) -> None:
    roads = streets(blocks)
    (minor,) = picture_room.road_lines(roads)
    assert text_of(minor) < BYTES_A_WAY * len(roads)


@pytest.fixture(scope="module")
def weihai_page(weihai_run: qh.Results) -> str:
    return meeting_map(weihai_run)


def test_the_page_of_the_embedded_study_stays_under_three_megabytes(weihai_page: str) -> None:
    assert len(weihai_page.encode()) < WEIHAI_BYTES


def test_the_embedded_study_joins_both_circles_with_what_closes_them(weihai_page: str) -> None:
    picture: dict[str, Any] = drawn_in(weihai_page)
    questions = picture["questions"]
    assert [q["circle"] for q in questions] == [0, 1, None, None]
    closing = [picture["plans"][q["plan"]]["name"] for q in questions]
    assert closing[:2] == ["照料护理服务基地选址", "社区居家养老服务设施选址"] and len(set(closing)) == 4
    for question in questions:
        plan = picture["plans"][question["plan"]]
        assert f"新建 {len(plan['site'])} 处" in question["closes"]
        card = picture["cards"]["circles" if question["circle"] is not None else "plans"]
        rows = card[question["plan"] if question["circle"] is None else question["circle"]]["rows"]
        assert [row["id"] for row in rows] == [county["id"] for county in picture["counties"]] and len(rows) == 4
    assert [county["name"] for county in picture["counties"]] == ["环翠区", "文登区", "荣成市", "乳山市"]


def test_too_many_minor_roads_stay_off_the_page_and_main_ones_stay_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    roads = streets(8)
    mixed = roads.assign(road_class=["trunk_link", *["primary"] * 9, *["residential"] * (len(roads) - 10)])
    whole = picture_room.road_lines(mixed)
    monkeypatch.setattr(picture_room, "MOST_MINOR_ROADS", len(roads) - 10)
    assert picture_room.road_lines(mixed) == whole and picture_room.too_many_minor(mixed) == 0
    monkeypatch.setattr(picture_room, "MOST_MINOR_ROADS", len(roads) - 11)
    assert picture_room.road_lines(mixed) == whole[:-1] and picture_room.too_many_minor(mixed) == len(roads) - 10
    assert picture_room.too_many_minor(roads) == 0  # of one class: it is all there is to see
    assert picture_room.road_lines(roads)


def test_roads_that_a_page_leaves_out_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = qh.run_study(qh.read_study(small_study(tmp_path)), circles_only=True)
    classes = ["primary", *["residential"] * (len(results.inputs.roads) - 1)]
    roads = results.inputs.roads.assign(road_class=classes)
    results = replace(results, inputs=replace(results.inputs, roads=roads))
    assert with_page_finding(results) is results
    monkeypatch.setattr(picture_room, "MOST_MINOR_ROADS", 1)
    told = with_page_finding(results).findings
    assert told[["rule", "severity", "value"]].to_numpy().tolist()[-1] == ["map_notes.minor_left_out", "note", "3"]
    assert all("map.html" in finding_sentences(told.tail(1), lang)[0] for lang in LANGUAGES)
