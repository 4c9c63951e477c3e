"""The search of the page: names, codes, pinyin and initials, by keyboard, with names that are text and nothing else."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from chromium import offline_page
from quarterhour.maps.draw import draw_map
from quarterhour.maps.pinyin import readings_of
from quarterhour.siting.question.plan import SitingPlan

CRS = "EPSG:32651"
HOSTILE = "</script><img src=x onerror=window.broken=1>{{7*7}}`${window.broken=1}"
NAMES = {
    "371003102001": "大水泊村委会",
    "371003102002": "绿杨村",
    "371003102003": "女儿寨村",
    "371082104001": "蚕埠村",
    "371082104002": "西大水村",
    "371082104003": "重阳村",
    "371082104004": "长会口村",
    "371082104005": "São João",
    "371082104006": HOSTILE,
    f"<b>{HOSTILE}": "宁津村",
}
TOWNS = {"371003102": "大水泊镇", "371002104": "泊于镇", "371082104": "埠柳镇"}


def tables() -> dict[str, Any]:
    """Ten communities on a line of three towns, two facilities; one community has no point."""
    x = [420_000.0 + 1000 * i for i in range(len(NAMES))]
    points = gpd.GeoSeries(gpd.points_from_xy(x, [4_120_500.0] * len(x)), index=list(NAMES), crs=CRS)
    points.iloc[5] = None
    town = [list(TOWNS)[i // 4] for i in range(len(NAMES))]
    columns = {"name": list(NAMES.values()), "town": town}
    communities = gpd.GeoDataFrame(columns, index=list(NAMES), geometry=points, crs=CRS)
    shapes = [shapely.box(420_000 + 4000 * k, 4_119_000, 424_000 + 4000 * k, 4_122_000) for k in range(3)]
    towns = gpd.GeoDataFrame({"name": list(TOWNS.values())}, index=list(TOWNS), geometry=shapes, crs=CRS)
    sites = {"name": ["大水泊照料护理基地", HOSTILE], "kind": "care_base", "town": list(TOWNS)[:2]}
    facilities = gpd.GeoDataFrame(sites, index=["f1", "f2"], geometry=points.iloc[:2].to_numpy(), crs=CRS)
    return {"communities": communities, "towns": towns, "facilities": facilities}


def plan() -> Any:
    """One site to build, in the village that bears a hostile name."""
    sites = gpd.GeoDataFrame(
        {"name": ["泊于拟建点"]}, index=["s1"], geometry=gpd.points_from_xy([424_500], [4_120_000]), crs=CRS
    )
    answer = SitingPlan(
        problem_id="bases", chosen=("s1",), gain=pd.Series([30], index=["s1"]), assignment=pd.Series(dtype=object),
        status="bounded", gap=0.1, bound=60.0, covered_before=0, covered=30, demand_total=100,
        unmet=pd.DataFrame(),
        unit="older", objective="max-cover", value=30.0, reachable=100, proved_by="counting", seconds=0.0, seed=0,
        input_hash="",
    )  # fmt: skip
    return "照料护理基地选址", answer, sites


def page(**also: Any) -> str:
    asked: dict[str, Any] = {"plans": [plan()], "lang": "zh"} | also
    return draw_map(title="检索", checks=[], scorecard=None, roads=None, quality_note="", **tables(), **asked)


# --- readings


def test_characters_have_all_their_readings_and_u_with_dots_is_typed_both_ways() -> None:
    found = readings_of(NAMES.values())
    assert {"po", "bo"} <= set(found["泊"])
    assert found["埠"] == ("bu",)
    assert found["绿"][:1] == ("lv",) and "lu" in found["绿"]
    assert {"nv", "nu"} <= set(found["女"])
    assert {"chang", "zhang"} <= set(found["长"]) and {"chong", "zhong"} <= set(found["重"])
    assert not set("Sabr<") & set(found)


def test_names_without_chinese_need_no_table() -> None:
    assert readings_of(["São João", "Porto"]) == {}


def text_of(packed: str) -> str:
    return zlib.decompress(base64.b64decode(packed)).decode("utf-8")


def test_what_the_search_carries_is_small_and_the_same_each_time() -> None:
    """Ids stand in it as they are, within base64, so that no text of theirs is read as script."""
    one, two = page(), page()
    assert one == two
    search = json.loads(one.split("quarterhourPicture=")[1].split(";</script>")[0])["search"]
    assert json.loads(text_of(search["codes"]))["communities"] == list(NAMES)
    assert "bo泊" in text_of(search["seldom"]).split("\n")
    assert sum(len(search[part]) for part in ("often", "seldom", "codes")) < 3000


# --- in the browser


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The page in a browser without a network; what it complains of is in ``trouble``."""
    with offline_page(page(), tmp_path_factory.mktemp("page"), shown="#qh-search") as opened:
        yield opened


def found(tab: Any, asked: str) -> list[str]:
    """What is listed for a text, each with what stands beside it."""
    tab.press("#qh-search", "Escape")
    tab.fill("#qh-search", asked)
    tab.wait_for_selector("#qh-found li")
    return [" ".join(text.split()) for text in tab.locator("#qh-found li").all_inner_texts()]


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("大水泊", "大水泊镇 镇街"),
        ("dashuibo", "大水泊镇 镇街"),
        ("dashuipo", "大水泊镇 镇街"),
        ("DaShuiBo", "大水泊镇 镇街"),
        ("da shui bo zhen", "大水泊镇 镇街"),
        ("dsb", "大水泊镇 镇街"),
        ("dashuib", "大水泊镇 镇街"),
        ("dsbcwh", "大水泊村委会 大水泊镇"),
        ("boyu", "泊于镇 镇街"),
        ("buliu", "埠柳镇 镇街"),
        ("lvyang", "绿杨村 大水泊镇"),
        ("luyang", "绿杨村 大水泊镇"),
        ("nverzhai", "女儿寨村 大水泊镇"),
        ("xidashui", "西大水村 泊于镇"),
        ("chongyang", "重阳村 泊于镇"),
        ("zhanghuikou", "长会口村 泊于镇"),
        ("sao jo", "São João 泊于镇"),
        ("371082104003", "重阳村 泊于镇 371082104003"),
        ("371002104", "泊于镇 镇街 371002104"),
        ("照料", "大水泊照料护理基地 照料护理基地"),
        ("拟建", "泊于拟建点 照料护理基地选址"),
        ("nijian", "泊于拟建点 照料护理基地选址"),
    ],
)
def test_a_place_is_found_first_by_what_people_type(tab: Any, asked: str, first: str) -> None:
    assert found(tab, asked)[0] == first


def test_names_that_begin_so_stand_before_those_that_hold_it(tab: Any) -> None:
    assert [text.split()[0] for text in found(tab, "dashui")] == [
        "大水泊镇", "大水泊村委会", "大水泊照料护理基地", "西大水村",
    ]  # fmt: skip


def test_what_is_not_there_is_said(tab: Any) -> None:
    assert found(tab, "beijing") == ["没有找到"]


def test_arrows_enter_and_escape_do_what_a_list_of_choices_does(tab: Any) -> None:
    found(tab, "dashui")
    state = "(name) => document.getElementById('qh-search').getAttribute(name)"
    assert tab.evaluate(state, "role") == "combobox" and tab.evaluate(state, "aria-expanded") == "true"
    chosen = lambda: [i.get_attribute("aria-selected") for i in tab.query_selector_all("#qh-found [role=option]")]  # noqa: E731
    assert chosen() == ["false"] * 4
    tab.press("#qh-search", "ArrowDown")
    tab.press("#qh-search", "ArrowDown")
    assert chosen() == ["false", "true", "false", "false"]
    assert tab.evaluate(state, "aria-activedescendant") == "qh-found-1"
    tab.press("#qh-search", "ArrowUp")
    tab.press("#qh-search", "ArrowUp")
    assert chosen() == ["false", "false", "false", "true"]
    tab.press("#qh-search", "Escape")
    assert tab.input_value("#qh-search") == "" and tab.evaluate(state, "aria-expanded") == "false"
    found(tab, "dashui")
    tab.press("#qh-search", "ArrowDown")
    tab.press("#qh-search", "ArrowDown")
    tab.press("#qh-search", "Enter")
    assert tab.locator(".leaflet-popup h3").last.inner_text() == "大水泊村委会"
    assert tab.input_value("#qh-search") == "大水泊村委会"
    assert tab.query_selector("#qh-found li") is None


def test_a_town_is_shown_whole_with_its_outline(tab: Any) -> None:
    found(tab, "buliu")
    tab.press("#qh-search", "Enter")
    view = "() => Object.values(window).find((v) => v instanceof L.Map).getBounds().toBBoxString()"
    west, south, east, north = map(float, tab.evaluate(view).split(","))
    shown = shapely.box(west, south, east, north)
    town = tables()["towns"].to_crs(4326).geometry["371082104"]
    assert shown.contains(town) and town.area > 0.02 * shown.area


def test_hostile_names_and_codes_stay_text(tab: Any) -> None:
    listed = found(tab, "onerror")
    assert len(listed) == 2 and all(text.startswith(HOSTILE[:20]) for text in listed)
    tab.press("#qh-search", "Enter")
    assert tab.locator(".leaflet-popup h3").last.inner_text() == HOSTILE
    assert found(tab, f"<b>{HOSTILE}") == [f"宁津村 埠柳镇 <b>{HOSTILE}"]
    assert tab.evaluate("window.broken === undefined")
    assert tab.trouble == []
