"""The layout plan on a study of two towns: what becomes of facilities, need and balance, text, atlas, layers."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

import persons
import quarterhour as qh
from bytes_of import found_in
from command import quarterhour
from quarterhour.base.errors import StudyError
from quarterhour.report.papers import fonts
from quarterhour.report.papers.blocks import Grid, Heading, Paragraph, Points, chinese_number
from quarterhour.report.plan.atlas.atlas import atlas_sheets, draw_atlas
from quarterhour.report.plan.atlas.draw import draw_sheet
from quarterhour.report.plan.atlas.earlier import clear_old_sheets
from quarterhour.report.plan.atlas.graticule import build_graticule
from quarterhour.report.plan.atlas.sheet import MAP_WIDE, Frame, Lines, Sheet, Table, frame_around
from quarterhour.report.plan.atlas.town_sheets import town_stem
from quarterhour.report.plan.layers import plan_layers
from quarterhour.report.plan.shown import PlanTable
from quarterhour.report.plan.template import Filling, fill_template, parse_template
from quarterhour.report.plan.text import PAPERS, PlanContent, plan_content, plan_paper
from quarterhour.report.plan.told import told_of
from quarterhour.report.plan.write import write_plan
from quarterhour.services.burial_balance import balance_of_city, burial_balance
from quarterhour.services.forecast.values import Forecast, Making
from quarterhour.services.graves import grave_demand
from quarterhour.study.layout.facilities import planned_facilities
from quarterhour.study.layout.groups import plan_groups, template_text
from quarterhour.study.layout.layout import Layout, make_layout
from quarterhour.study.results import BurialBalance
from quarterhour.study.run import publishable

needs_font = pytest.mark.skipif(fonts.chinese_font() is None, reason="no Chinese font on this machine")
X0, Y0 = 400_000.0, 4_150_000.0
MONEY = "money = { cost_yuan = 50, running_yuan = 8, beds = 4, staff = 3, source = '示例' }\n"
MORE = """
[towns]
path = "towns.geojson"
columns = { id = "id", name = "name", county = "county" }

[counties]
path = "counties.geojson"
columns = { id = "id", name = "name" }

[beds]
kinds = ["home"]
share = 0.6

[[access]]
id = "beds"
zh = "床位"
en = "beds"
kinds = ["home"]
capacity = "beds"
people = "older"
share = 0.4
mode = "car"
minutes = 30

[plan]
near = 2030
horizon = 2035
"""
"""West town holds 西村 (100 older people) and 中村 (50), east town 东村 (30) and 孤岛村 (7).

Two homes stand in the west: 40 beds of which 10 are nursing beds, a bed for 1,000 yuan; 20 and 15. 60 % of 60 beds are
36: 11 more, all from the first, 11,000 yuan. Wanted: 40 of 100 older people, by community 40 + 20 and 12 + 3.
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> qh.Results:
    """The two towns, run once."""
    from conftest import TOY_STUDY, write_toy_study

    folder = write_toy_study(tmp_path_factory.mktemp("two-towns"))
    places = [("w", "西村", 0, 0, "t1", 100, 4), ("m", "中村", 1800, 0, "t1", 50, 0),
              ("e", "东村", 3600, 0, "t2", 30, 2), ("i", "孤岛村", 0, 90_000, "t2", 7, 1)]  # fmt: skip
    rows = "".join(f"{i},{n},{X0 + x},{Y0 + y},{t},c1,{o},{h}\n" for i, n, x, y, t, o, h in places)
    (folder / "communities.csv").write_text("id,name,x,y,town,county,older,hardship\n" + rows, encoding="utf-8")
    sites = [("d", "日间照料", "day_care", 900, "", "", ""), ("b", "照料基地", "care_base", 0, "", "", ""),
             ("h1", "西养老院", "home", 100, 40, 10, 1000), ("h2", "中养老院", "home", 1700, 20, 15, 1000)]  # fmt: skip
    rows = "".join(f"{i},{n},{k},{X0 + x},{Y0},{b},{u},{y}\n" for i, n, k, x, b, u, y in sites)
    (folder / "facilities.csv").write_text("id,name,kind,x,y,beds,nursing_beds,bed_yuan\n" + rows, encoding="utf-8")
    towns = {"id": ["t1", "t2"], "name": ["西镇", "东街道"], "county": ["c1", "c1"]}
    shapes = [
        shapely.box(X0 - 500, Y0 - 1000, X0 + 2500, Y0 + 1000),
        shapely.box(X0 + 2500, Y0 - 1000, X0 + 4500, Y0 + 1000),
    ]
    for name, table, areas in (
        ("towns", towns, shapes),
        ("counties", {"id": ["c1"], "name": ["甲区"]}, [shapely.union_all(shapes)]),
    ):
        frame = gpd.GeoDataFrame(table, geometry=areas, crs="EPSG:32651").to_crs("EPSG:4326")
        frame.to_file(folder / f"{name}.geojson", driver="GeoJSON")
    asked = TOY_STUDY + "phases = { per_year = 1, first_year = 2027 }\n" + MONEY + MORE
    (folder / "study.toml").write_text(asked, encoding="utf-8")
    return qh.run_study(qh.read_study(folder))


@pytest.fixture(scope="module")
def layout(results: qh.Results) -> Layout:
    return make_layout(results)


@pytest.fixture(scope="module")
def content(results: qh.Results, layout: Layout) -> PlanContent:
    return plan_content(told_of(results, layout, "zh"))


def area(layout: Layout, level: str, name: str) -> Any:
    rows = layout.areas
    return rows[rows["level"].eq(level) & rows["area"].eq(name)].iloc[0]


# --- what becomes of facilities, need and balance --------------------------------------------------


def test_each_facility_is_kept_altered_enlarged_new_or_closed(results: qh.Results, layout: Layout) -> None:
    rows = layout.facilities.set_index("site")
    assert rows["treatment"].drop(index=list(rows.index[rows["question"].ne("")])).to_dict() == {
        "h1": "alter", "d": "keep", "b": "keep", "h2": "keep"}  # fmt: skip
    new = rows[rows["question"].eq("centres")]
    assert (
        new["treatment"].tolist() == ["build"] and new["year"].tolist() == [2027] and new["period"].tolist() == ["near"]
    )
    assert rows.at["h1", "nursing_beds"] == 21 and rows.at["h1", "yuan"] == 11_000 and rows.at["h1", "beds"] == 40
    told = results.inputs.facilities.assign(beds_added=pd.Series({"h2": 10}), closes=pd.Series({"d": 2029}))
    changed = planned_facilities(replace(results, inputs=replace(results.inputs, facilities=told)), layout.groups)
    rows = changed.set_index("site")
    assert rows.loc[["h2", "d"], "treatment"].tolist() == ["extend", "close"]
    assert rows.at["h2", "beds"] == 30 and rows.at["h2", "beds_now"] == 20 and rows.at["d", "year"] == 2029


def test_need_and_balance_of_beds_by_hand(layout: Layout) -> None:
    west, east, city = (area(layout, *a) for a in (("town", "t1"), ("town", "t2"), ("city", "city")))
    assert (west["beds_need"], west["beds_now"], west["beds_balance"]) == (60, 60, 0)
    assert (east["beds_need"], east["beds_now"], east["beds_balance"]) == (15, 0, -15)
    assert (city["beds_need"], city["beds_balance"], city["converted"], city["convert_yuan"]) == (75, -15, 11, 11_000)
    assert west["older"] == 150 and east["older"] == 37 and west["area_km2"] == 6.0 and west["older_per_km2"] == 25.0
    assert pd.isna(city["older_near"]) and pd.isna(city["beds_need_far"])


def test_towns_add_up_to_county_and_city(layout: Layout) -> None:
    rows = layout.areas.set_index("level")
    counted = [
        c for c in rows if c.endswith(("_now", "_new", "_people", "_met", "_outside")) or c in ("older", "beds_need")
    ]
    for column in counted:
        towns, county, city = rows.loc["town", column], rows.loc["county", column], rows.loc["city", column]
        assert pd.isna(city) or pd.to_numeric(towns).sum() == county == city, column


def test_indicators_say_what_the_plan_comes_to_and_when(results: qh.Results, layout: Layout) -> None:
    rows = layout.indicators.set_index("key")
    reach = rows.loc["circle-home-care-circle"]
    plan = results.proposals[0].plan
    assert (
        reach["base"] == plan.before / plan.demand_total
        and reach["near"] == reach["far"] == plan.covered / plan.demand_total
    )
    assert rows.loc["kind-day_care", ["base", "near", "far"]].tolist() == [1, 2, 2]
    assert rows.at["nursing-share", "base"] == 25 / 60 and rows.at["nursing-share", "far"] == 36 / 60
    assert np.isnan(rows.at["nursing-share", "near"])  # no result dates a conversion
    early = results.study.file.model_copy(update={"plan": results.study.file.plan.model_copy(update={"near": 2026})})
    made = make_layout(replace(results, study=replace(results.study, file=early)))
    assert made.indicators.set_index("key").at["circle-home-care-circle", "near"] == reach["base"]
    assert made.facilities["period"].tolist().count("far") == 1


def test_what_no_result_holds_says_no_data(content: PlanContent) -> None:
    shown = content.table("balance").shown("zh")
    assert shown["older_near"].tolist() == ["无数据"] * 4
    planned = content.table("planned").shown("zh").set_index("name")
    assert planned.at["中养老院", "land_m2"] == "无数据" and planned.at["日间照料", "beds"] == "—"


def test_money_and_staff_of_new_sites_come_from_the_programme(layout: Layout, content: PlanContent) -> None:
    new = layout.facilities[layout.facilities["treatment"].eq("build")].iloc[0]
    assert (new["yuan"], new["running_yuan"], new["staff"], new["beds"]) == (50, 8, 3, 4)
    money = content.table("money").shown("zh")
    assert money.iloc[0, :5].tolist() == ["2027", "甲区", "养老中心选址", "1", "50"]


def test_years_to_come_are_the_middle_of_the_forecast(results: qh.Results) -> None:
    """360 and 400 older people, of whom 40 in 100 want a bed: 144 and 160; 60 beds are known."""
    people = [("city", "city", 2030, 360), ("city", "city", 2035, 400), ("town", "t1", 2030, 300)]
    rows = [(area, level, year, variant, "older", n + add) for level, area, year, n in people
            for variant, add in (("low", -10), ("middle", 0), ("high", 10))]  # fmt: skip
    table = pd.DataFrame(rows, columns=["area", "level", "year", "variant", "group", "people"])
    made = Making({}, (2020,), (0.5, 2.0), 0.0, pd.DataFrame(), 0, pd.DataFrame(), {})
    found = make_layout(replace(results, forecast=Forecast(table, 2020, (2030, 2035), made)))
    city, west, east = (area(found, *a) for a in (("city", "city"), ("town", "t1"), ("town", "t2")))
    assert (city["older_near"], city["older_far"], city["beds_need_near"], city["beds_need_far"]) == (
        360,
        400,
        144,
        160,
    )
    assert (city["beds_balance_near"], west["beds_need_near"]) == (-84, 120) and pd.isna(east["older_near"])
    assert found.forecast[["low", "middle", "high"]].iloc[0].tolist() == [350, 360, 370]


def test_reporting_units_add_up_to_the_city_in_every_table_by_area(results: qh.Results) -> None:
    """The west village is a zone: 100 older people, a home of 40 beds and 40 wanted; the rest of the county has 87."""
    communities = results.inputs.communities
    units = pd.DataFrame(
        {"name": ["甲区", "高新区"], "county": ["c1", "c1"], "rest": [True, False]}, index=["c1", "z9"]
    )
    split = communities.assign(reporting_unit=np.where(communities.index == "w", "z9", "c1"))
    told = replace(results, inputs=replace(results.inputs, communities=split, units=units))
    made = plan_content(told_of(told, make_layout(told), "zh"))
    rows = make_layout(told).areas
    zone, rest, city = (rows[rows["area"].eq(a) & rows["level"].eq(of)].iloc[0]
                        for a, of in (("z9", "unit"), ("c1", "unit"), ("city", "city")))  # fmt: skip
    assert (zone["older"], zone["beds_now"], zone["beds_need"]) == (100, 40, 40) and rest["older"] == 87
    assert pd.isna(zone["area_km2"]) and pd.isna(rest["area_km2"])  # the west town is cut in two
    added = ["older", "communities", "beds_now", "beds_need", "beds_balance", "converted", "beds", "nursing_beds",
             "institutions_now", "community_now", "community_new", "community_after"]  # fmt: skip
    for column in added:
        assert zone[column] + rest[column] == city[column], column
    shown = made.table("balance").shown("zh")
    assert shown["name"].tolist()[:4] == ["全市", "甲区", "甲区（其余）", "高新区"]
    assert shown["area_level"].tolist()[:4] == ["全市", "区市", "上报单位", "上报单位"]


def test_burial_is_told_as_the_balance_has_it(results: qh.Results, content: PlanContent) -> None:
    """Twelve deaths a year in the west, four in the east: half of 320 in public cemeteries, half of those in graves."""
    deaths = pd.DataFrame({"deaths": [12, 4]}, index=["t1", "t2"])
    figures = {"horizon-years": 20, "share-in-public": 0.5, "site-per-grave": 2.0, "site-per-niche": 0.3}
    demand = grave_demand(deaths, eco_share=0.5, figures=figures)
    stands = pd.DataFrame({"graves": [40.0, 2.0], "niches": [float("nan"), 0.0]}, index=deaths.index)
    towns = burial_balance(demand, standing=stands, built=pd.DataFrame({"later": [3, 1]}, index=deaths.index))
    found = BurialBalance(towns, balance_of_city(towns))
    told = replace(results, burial=found, care=replace(results.care, graves=demand))
    made = plan_content(told_of(told, make_layout(told), "zh"))
    graves = made.table("graves").shown("zh").set_index("name")
    parts = ["deaths", *(f"graves_{part}" for part in ("need", "now", "new", "missing"))]
    assert graves.loc["西镇", parts].tolist() == ["12", "60", "40", "3", "17"]
    assert graves.loc["全市", parts].tolist() == ["16", "80", "42", "4", "34"]
    assert graves.loc[["西镇", "东街道", "全市"], "niches_missing"].tolist() == ["无数据", "19", "无数据"]
    assert "trees_need" not in graves and made.table("burial_forms").table["dead"].sum() == 160
    text = "".join(said(plan_paper(made, "text").parts))
    assert "2026–2045 年需要墓穴 80 穴，方案在现有公墓安排 42 穴、新建公墓安排 4 穴，尚缺 34 穴" in text
    none = content.table("graves").shown("zh")
    assert set(none["graves_missing"]) == {"无数据"} and not len(content.table("burial").table)
    assert "没有测算墓位需求" in "".join(said(plan_paper(content, "text").parts))


def test_beds_of_the_near_term_are_those_that_stand_then(results: qh.Results) -> None:
    """The first home closes in 2033: its 40 beds stand in 2030 and not at the horizon; nobody dates the 10 added."""
    table = pd.DataFrame([("city", "city", y, "middle", "older", 100) for y in (2030, 2035)],
                         columns=["area", "level", "year", "variant", "group", "people"])  # fmt: skip
    made = Making({}, (2020,), (0.5, 2.0), 0.0, pd.DataFrame(), 0, pd.DataFrame(), {})
    told = results.inputs.facilities.assign(beds_added=[None, None, None, 10], closes=[None, None, 2033, None])
    found = make_layout(replace(results, inputs=replace(results.inputs, facilities=told),
                                forecast=Forecast(table, 2020, (2030, 2035), made)))  # fmt: skip
    city = area(found, "city", "city")
    assert (city["beds_balance_near"], city["beds_balance_far"]) == (60 - 40, 30 - 40)


def test_the_layout_table_on_a_page_has_what_is_planned(content: PlanContent) -> None:
    grids = [b for b in plan_paper(content, "text").parts if isinstance(b, Grid)]
    (grid,) = [grid for grid in grids if grid.caption == content.table("layout").title]
    assert grid.kept[-1] == "after" and len(grid.kept) <= grid.most


def test_the_text_says_of_which_year_the_people_are(results: qh.Results) -> None:
    file = results.study.file
    dated = file.model_copy(update={"communities": file.communities.model_copy(update={"year": {"older": 2020}})})
    told = replace(results, study=replace(results.study, file=dated))
    made = plan_content(told_of(told, make_layout(told), "zh"))
    assert "上述人口为 2020 年数据" in "".join(said(plan_paper(made, "text").parts))


# --- text ------------------------------------------------------------------------------------------


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?%?", text))


def numbers_of_tables(tables: tuple[PlanTable, ...], lang: str) -> set[str]:
    cells = (cell for t in tables for column in t.shown(lang).to_numpy().T for cell in column)
    heads = (head for t in tables for head in t.heads.values())
    return {number for text in (*cells, *heads) for number in numbers(str(text))}


def said(blocks: Any) -> list[str]:
    made = []
    for block in blocks:
        if isinstance(block, Points):
            made += block.lines
        elif isinstance(block, Grid):
            made += [str(cell) for row in block.table.to_numpy() for cell in row]
        elif isinstance(block, Heading | Paragraph):
            made.append(re.sub(r"^(Chapter|Section) \d+\. ", "", block.text))
    return made


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", PAPERS)
def test_every_number_of_a_paper_stands_in_the_tables(
    results: qh.Results, layout: Layout, name: str, lang: str
) -> None:
    content = plan_content(told_of(results, layout, lang))
    known = numbers_of_tables(content.tables, lang) | numbers(template_text(f"{name}.{lang}.txt", None)[0])
    known |= {
        number
        for key in ("day", "base_year", "near_year", "far_year")
        for number in numbers(content.filling.figures[key])
    }
    blocks = plan_paper(content, name).parts
    texts = said(blocks)
    assert len(texts) > 40
    assert {n for text in texts for n in numbers(text)} <= known


def test_articles_are_numbered_through_all_chapters(content: PlanContent) -> None:
    marks = [b.mark for b in plan_paper(content, "text").parts if isinstance(b, Paragraph) and b.mark]
    assert marks == [f"第{chinese_number(n)}条" for n in range(1, len(marks) + 1)] and len(marks) > 25
    heads = [b.text for b in plan_paper(content, "text").parts if isinstance(b, Heading) and b.level == 1]
    assert heads[0] == "第一章　总则" and len(heads) == 10


def test_numbers_of_articles_go_beyond_a_hundred() -> None:
    assert [chinese_number(n) for n in (10, 11, 20, 100, 101, 110, 119, 120, 215)] == [
        "十", "十一", "二十", "一百", "一百零一", "一百一十", "一百一十九", "一百二十", "二百一十五"]  # fmt: skip


def test_each_town_is_guided(content: PlanContent) -> None:
    lines = [line for b in plan_paper(content, "text").parts if isinstance(b, Points) for line in b.lines]
    west, east = (next(line for line in lines if line.startswith(f"{name}：")) for name in ("西镇", "东街道"))
    assert "改建养老机构 1 处" in west and "现有床位 0 张" in east


def test_a_template_is_filled_once_and_loops_keep_to_their_county() -> None:
    filling = Filling({"a": "{b}", "b": "2"}, {"counties": [{"county_id": "1"}, {"county_id": "2"}],
                      "towns": [{"name": "x", "in_county": "1"}, {"name": "{a}", "in_county": "2"}]}, {},
                      {"towns": ("in_county", "county_id")}, "none")  # fmt: skip
    lines = "{a}\n[each counties]\n- {county_id}\n[each towns]\n- {name}\n[end]\n[end]\n[with c]\nno\n[end]"
    with pytest.raises(StudyError, match="line 1"):
        fill_template(parse_template("{d}", "t"), filling, file="t", lang="zh")
    found = fill_template(parse_template(lines, "t"), filling, file="t", lang="zh")
    assert found == [Paragraph("{b}"), Points(("1", "x", "2", "{a}"))]


@pytest.mark.parametrize(
    ("text", "line"), [("[each towns]\nx", 1), ("x\n[end]", 2), ("\n[unless x]", 2), ("[table]", 1)]
)
def test_a_mistake_in_a_template_is_told_by_file_and_line(text: str, line: int) -> None:
    with pytest.raises(StudyError, match=rf"own\.txt, line {line}:"):
        parse_template(text, "own.txt")


def test_a_folder_of_templates_stands_in_for_the_programs(results: qh.Results, tmp_path: Path) -> None:
    (tmp_path / "text.zh.txt").write_text("# 本局格式\n@ 床位 {beds_now} 张。\n", encoding="utf-8-sig")
    (tmp_path / "plan.toml").write_text('[groups]\ncommunity = ["day_care"]\n', encoding="utf-8")
    groups = plan_groups(results.study, tmp_path)
    assert groups.kinds["community"] == ("day_care", "care_base") and groups.kinds["institutions"] == ()
    content = plan_content(told_of(results, make_layout(results), "zh"))
    paper = plan_paper(content, "text", tmp_path)
    assert said(paper.parts) == ["第一章　本局格式", "床位 60 张。"]
    with pytest.raises(StudyError, match="no folder"):
        write_plan(results, tmp_path / "out", templates=tmp_path / "none")


# --- atlas -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sheets(content: PlanContent) -> list[Sheet]:
    count, made = atlas_sheets(content)
    found = list(made)
    assert len(found) == count
    return found


def test_a_frame_holds_its_bounds_at_a_round_scale() -> None:
    frame = frame_around(np.array([0.0, 0.0, 10_000.0, 2_000.0]))
    assert frame.scale == 40_000 and frame.window[2] - frame.window[0] == MAP_WIDE * 400
    assert frame.centimetres(np.array([[frame.window[0], frame.window[1]]])).tolist() == [[0.0, 0.0]]


def test_the_grid_stands_where_the_central_meridian_is() -> None:
    """In the zone about 123 degrees east x = 500,000 m is that meridian at every latitude."""
    grid = build_graticule(Frame((480_000.0, 4_100_000.0, 520_000.0, 4_130_000.0), 100_000), "EPSG:4550")
    at = {text: place for side, place, text in grid.labels if side == "low"}
    assert at["123°00′E"] == pytest.approx(500_000, abs=1) and len(at) >= 3
    assert {text[-1] for side, _, text in grid.labels if side == "left"} == {"N"}


def test_every_town_has_a_sheet_and_the_whole_has_its_own(sheets: list[Sheet]) -> None:
    stems = [sheet.stem for sheet in sheets]
    assert [s for s in stems if s.startswith("towns/")] == stems[-2:] and "西镇" in stems[-2] and "东街道" in stems[-1]
    assert len({*stems}) == len(stems) and [s.partition("-")[0][-2:] for s in stems] == [
        f"{n:02d}" for n in range(1, len(stems) + 1)
    ]
    parts = " ".join(stems)
    assert all(
        part in parts for part in ("location", "present", "density", "reach-home", "gap-care", "institutions", "near")
    )
    assert sheets[0].map_crs == "EPSG:4550"


def test_every_number_of_a_town_sheet_stands_in_the_tables(content: PlanContent, sheets: list[Sheet]) -> None:
    known = numbers_of_tables(content.tables, "zh") | {"15"}
    for sheet in sheets[-2:]:
        told: list[str] = []
        for block in sheet.panel:
            told += [cell for row in block.rows for cell in row] if isinstance(block, Table) else block.lines
        assert len(told) > 30 and {n for text in told for n in numbers(text)} <= known
        assert any(isinstance(block, Lines) for block in sheet.panel)


def test_a_town_of_any_name_has_a_file_of_its_own() -> None:
    assert town_stem(12, "西镇", "371002001") == "towns/12-西镇-371002001"
    for name in ("<script>alert(1)</script>", "../../x", "第一行\n第二行", "长" * 300, "a:b*c?"):
        stem = town_stem(9, name, "t/1").removeprefix("towns/")
        assert not set(stem) & set('/\\<>:"|?*\n') and len(stem.encode()) < 200 and stem.startswith("09-")


@needs_font
def test_old_sheets_of_the_program_are_cleared_and_nothing_else(sheets: list[Sheet], tmp_path: Path) -> None:
    drawing, towns = draw_sheet(sheets[-1], fonts.lettering("zh")), tmp_path / "towns"
    towns.mkdir()
    drawn = {"towns/98-old.pdf": drawing.pdf, "towns/98-old.png": drawing.png, "03-now.png": drawing.png,
             "towns/99-bureau.pdf": b"%PDF-1.4 theirs", "cover.png": drawing.png, "07-notes.txt": b"x"}  # fmt: skip
    for name, content in drawn.items():
        (tmp_path / name).write_bytes(content)
    cleared = clear_old_sheets(tmp_path, {tmp_path / "03-now.png"})
    assert [p.name for p in cleared] == ["98-old.pdf", "98-old.png"] and clear_old_sheets(tmp_path / "none", ()) == ()
    left = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    assert left == ["03-now.png", "07-notes.txt", "cover.png", "towns/99-bureau.pdf"]


@needs_font
def test_a_sheet_gives_the_same_bytes_and_needs_no_page_of_its_own(sheets: list[Sheet]) -> None:
    family = fonts.lettering("zh")
    one, two = draw_sheet(sheets[-1], family), draw_sheet(sheets[-1], family)
    assert one == two and one.pdf.startswith(b"%PDF") and one.png.startswith(b"\x89PNG")
    (drawn,) = draw_atlas(sheets[-1:], 1, family)
    assert drawn[1] == one


# --- files -----------------------------------------------------------------------------------------


def test_text_tables_and_layers_are_written_the_same_each_time(results: qh.Results, tmp_path: Path) -> None:
    parts = ("text", "tables", "layers")
    one, two = (write_plan(results, tmp_path / name, parts=parts) for name in ("a", "b"))
    names = [path.relative_to(tmp_path / "a").as_posix() for path in one.paths]
    assert {"text.docx", "explanation.docx", "tables.xlsx", "layers.gpkg", "shapefiles/GHSS.shp"} <= set(names)
    for name in (n for n in names if n != "manifest.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    assert len(two.paths) == len(names) and zipfile.is_zipfile(tmp_path / "a" / "text.docx")


def test_the_workbook_has_every_table_as_shown(results: qh.Results, content: PlanContent, tmp_path: Path) -> None:
    write_plan(results, tmp_path, parts=("tables",))
    book = openpyxl.load_workbook(tmp_path / "tables.xlsx")
    assert book.sheetnames == ["目录", *(t.title for t in content.tables), "图层字段说明表"]
    table = content.table("balance")
    sheet = book[table.title]
    heads = [c.value for c in sheet[3]]
    assert heads == list(table.heads.values())
    beds = heads.index(table.heads["beds_balance"])
    assert [sheet.cell(row, beds + 1).value for row in range(4, 8)] == [-15, -15, 0, -15]
    assert sheet.cell(4, heads.index(table.heads["older_near"]) + 1).value == "无数据"


def test_layers_are_degrees_of_cgcs2000_with_names_that_a_shapefile_holds(results: qh.Results, tmp_path: Path) -> None:
    layers = plan_layers(told_of(results, make_layout(results), "zh"))
    assert list(layers) == ["GHSS", "XZSS", "SQ", "XZQ"] and {str(v.crs) for v in layers.values()} == {"EPSG:4490"}
    assert all(len(c) <= 10 for v in layers.values() for c in v.columns)
    write_plan(results, tmp_path, parts=("layers",))
    for name, layer in layers.items():
        for path, options in ((tmp_path / "layers.gpkg", {"layer": name}), (tmp_path / f"shapefiles/{name}.shp", {})):
            read = pyogrio.read_dataframe(path, **options)
            assert len(read) == len(layer) and read["XZQDM"].tolist() == layer["XZQDM"].tolist()
    planned = layers["GHSS"].set_index("SSMC")
    assert planned.at["西养老院", "CZFS"] == "改建" and planned.at["西养老院", "HLCWS"] == 21
    assert layers["XZSS"].set_index("SSMC").at["西养老院", "HLCWS"] == 10


def test_a_plan_that_is_stopped_leaves_nothing(results: qh.Results, tmp_path: Path) -> None:
    def stopped(text: str, _: float | None = None, /) -> None:
        if "附表" in text:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_plan(results, tmp_path / "out", parts=("text", "tables"), tell=stopped)
    assert list((tmp_path / "out").iterdir()) == []


def test_the_command_writes_what_is_asked_and_refuses_the_rest(results: qh.Results, tmp_path: Path) -> None:
    study = str(results.study.path)
    done = quarterhour("plan", study, "--out", str(tmp_path / "out"), "--only", "text,layers", "--quiet")
    assert done.returncode == 0 and "布局规划已写入" in done.stdout, done.stderr
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "explanation.docx",
        "layers.gpkg",
        "manifest.json",
        "shapefiles",
        "text.docx",
    ]
    refused = quarterhour("plan", study, "--only", "maps", "--lang", "en", "--quiet")
    assert refused.returncode == 1 and "--only does not know maps" in refused.stderr


def test_nothing_of_a_register_of_persons_is_in_any_byte_of_a_plan(tmp_path: Path) -> None:
    study = persons.write_persons_study(tmp_path / "study")
    done = quarterhour("plan", study, "--out", tmp_path / "out", "--only", "text,tables,layers")
    assert done.returncode == 0, done.stderr
    assert [word for word in persons.secrets() if word in done.stdout + done.stderr] == []
    assert found_in(tmp_path / "out", persons.secrets()) == []
    assert found_in(tmp_path / "out", ["镇0"]) != []


def test_people_whom_nobody_may_count_by_town_are_no_data(tmp_path: Path) -> None:
    """The truth is never summed: areas are those of the circle that counts the same people, as they may be known."""
    asked = qh.read_study(persons.write_persons_study(tmp_path / "study"))
    made = publishable(qh.run_study(asked))
    column = next(c.circle.people for c in made.checks if c.circle.people in made.protection.columns)
    counted = asked.file.communities.model_copy(update={"people": (column,)})
    told = replace(made, study=replace(made.study, file=made.study.file.model_copy(update={"communities": counted})))
    areas, check = make_layout(told).areas, next(c for c in made.checks if c.circle.people == column)
    shares = check.shares.set_index(["level", "area"])["people"]
    for row in areas.itertuples():
        known = shares.get((row.level, row.area), pd.NA)
        assert pd.isna(row.older) if pd.isna(known) else row.older == known
