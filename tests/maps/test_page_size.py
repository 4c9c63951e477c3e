"""How heavy the page is: budgets in bytes and in what is drawn, at a city's size."""

from __future__ import annotations

import json
from typing import Any

import pytest

import quarterhour as qh
from maps.toy import drawn_in, lines_of, meeting, streets
from quarterhour.maps import draw as maps
from quarterhour.maps import layers as picture_room
from quarterhour.report.write import meeting_map

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
