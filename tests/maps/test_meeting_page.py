"""The page as the room sees it: opened at four sizes, read in ten seconds, turned by tabs, printed on one sheet."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from maps.toy import asked_of, grid_roads, meeting, opened, streets, study
from quarterhour.base.cards import Count
from quarterhour.maps import draw as maps
from quarterhour.maps import layers

SIZES = ((1366, 768), (1920, 1080), (960, 600), (390, 844))
ROWS = "document.querySelectorAll('.qh-legend > .qh-key, .qh-legend > .qh-two').length"
OUTLINE = """() => {
  const box = quarterhour.map.getContainer().getBoundingClientRect();
  const [[s, w], [n, e]] = quarterhour.picture.bounds;
  const low = quarterhour.map.latLngToContainerPoint([s, w]), high = quarterhour.map.latLngToContainerPoint([n, e]);
  const panel = quarterhour.panel.getBoundingClientRect(), legend = quarterhour.legend.getBoundingClientRect();
  return { left: low.x, right: high.x, top: high.y, bottom: low.y, width: box.width, height: box.height,
           panelRight: panel.right, panelTop: panel.top, legend: legend.toJSON() };
}"""
PLACE = f"() => {{ const {{ legend, ...where }} = ({OUTLINE})(); return where; }}"


@pytest.mark.parametrize("size", SIZES)
def test_the_city_stands_in_the_free_part_of_every_window(browser: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    tab, trouble = opened(browser, maps.draw_map(**meeting()), tmp_path, size=size)
    where = tab.evaluate(OUTLINE)
    phone = size[0] <= 640
    assert where["left"] >= (0 if phone else where["panelRight"]) and where["right"] <= where["width"]
    assert where["top"] >= 0 and where["bottom"] <= (where["panelTop"] if phone else where["height"])
    assert where["bottom"] - where["top"] > 0.25 * size[1]  # and is not lost in it
    legend = where["legend"]
    beside = where["right"] <= legend["left"] or where["top"] >= legend["bottom"] or where["bottom"] <= legend["top"]
    assert beside
    assert tab.is_visible(".qh-legend") and tab.evaluate(ROWS) <= 5
    assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert trouble == []


def test_a_wide_city_stands_above_the_sheet_of_a_phone(browser: Any, tmp_path: Path) -> None:
    given = meeting()
    for table in ("communities", "facilities", "towns", "counties"):
        flat = given[table].geometry.scale(1, 0.4, origin=(420_000, 4_130_000))
        given[table] = given[table].set_geometry(flat, crs=given[table].crs)
    tab, _ = opened(browser, maps.draw_map(**given), tmp_path, size=(390, 844))
    where = tab.evaluate(OUTLINE)
    assert where["legend"]["bottom"] <= where["top"] < where["bottom"] <= where["panelTop"]


@pytest.mark.parametrize("size", SIZES)
def test_the_opening_says_who_how_many_what_closes_it_and_each_county(
    browser: Any, tmp_path: Path, size: tuple[int, int]
) -> None:
    tab, _ = opened(browser, maps.draw_map(**meeting()), tmp_path, size=size)
    told = tab.inner_text("#qh-opening")
    for fact in ("老年人 · 步行前往 · 15 分钟以内", "500 人", "圈外", "老年人 1,000 人中，圈内 500 人，占 50.0%",
                 "新建 3 处：圈内由 400 增至 1,000 人，圈外降至 2,000 人。", "东区", "50.0%", "西县",
                 "25.0%"):  # fmt: skip
        assert fact in told
    assert tab.locator("#qh-opening .qh-figure").is_visible()
    labels = [label.inner_text().split() for label in tab.query_selector_all(".qh-county")]
    assert labels == [["东区", "50.0%"], ["西县", "25.0%"]]
    assert not tab.is_visible(".qh-town span >> nth=0")  # towns have their names from one step nearer


def test_towns_are_named_one_step_nearer(browser: Any, tmp_path: Path) -> None:
    tab, _ = opened(browser, maps.draw_map(**meeting()), tmp_path)
    tab.evaluate("quarterhour.map.setZoom(quarterhour.homeZoom + 1.5, { animate: false })")
    assert tab.is_visible(".qh-town span >> nth=0") and tab.is_visible(".qh-county span >> nth=0")
    tab.evaluate("quarterhour.map.setZoom(quarterhour.homeZoom + 3, { animate: false })")
    assert not tab.is_visible(".qh-county span >> nth=0")


def test_a_tab_shows_its_own_gap_sites_and_facilities_alone(browser: Any, tmp_path: Path) -> None:
    tab, trouble = opened(browser, maps.draw_map(**meeting()), tmp_path)
    assert tab.locator(".leaflet-marker-pane .qh-site").count() == 3
    heard = "quarterhour.on('question', (q) => { window.heard = q; })"
    tab.evaluate(f"() => {{ {heard} }}")
    tab.click("[data-question='1']")
    assert tab.evaluate("window.heard") == 1
    assert tab.locator(".leaflet-marker-pane .qh-site").count() == 0
    assert tab.locator("[data-question='1']").get_attribute("aria-selected") == "true"
    assert "尚未做选址方案" in tab.inner_text("#qh-opening") and not tab.is_visible(".qh-switch")
    assert trouble == []


def test_after_the_plan_three_states_stand_on_map_legend_and_counties(browser: Any, tmp_path: Path) -> None:
    tab, trouble = opened(browser, maps.draw_map(**meeting()), tmp_path)
    tab.click("[data-after='1']")
    told = tab.inner_text(".qh-legend")
    assert all(state in told for state in ("现已在圈内", "方案新增圈内", "仍在圈外"))
    assert "2,000 人" in tab.inner_text("#qh-opening .qh-figure")
    assert [label.inner_text().split()[1] for label in tab.query_selector_all(".qh-county")] == ["75.0%", "37.5%"]
    states = tab.evaluate("[...Array(60).keys()].map(quarterhour.stateOf)")
    assert {"met", "planned", "not_met"} <= set(states)
    assert trouble == []


def test_no_county_shows_what_the_plan_brings_as_the_state_of_today(browser: Any, tmp_path: Path) -> None:
    given = meeting()
    asked = asked_of(given, kind="cemetery")
    assert asked.card is not None
    unknown = replace(asked.card, rows=tuple(replace(row, before=Count(total=600)) for row in asked.card.rows))
    tab, trouble = opened(browser, maps.draw_map(**given | {"asked": [replace(asked, card=unknown)]}), tmp_path)
    tab.click("[data-question='3']")
    assert tab.locator(".qh-counties").count() == 0
    assert [label.inner_text() for label in tab.query_selector_all(".qh-county")] == ["东区", "西县"]
    tab.click("[data-after='1']")
    assert "75.0%" in tab.inner_text(".qh-counties")
    assert trouble == []


def test_the_quality_of_a_community_is_told_as_the_worst_of_row_and_people(browser: Any, tmp_path: Path) -> None:
    given = meeting()
    given["communities"] = given["communities"].assign(quality="fact", older_quality="estimated")
    tab, trouble = opened(browser, maps.draw_map(**given), tmp_path)
    tab.evaluate("quarterhour.select(0)")
    told = tab.inner_text(".leaflet-popup-content")
    assert re.search(r"数据性质（含人数，取最差）\s+估计", told)
    assert trouble == []


def test_the_legend_has_at_most_five_rows_whatever_is_shown(browser: Any, tmp_path: Path) -> None:
    tab, trouble = opened(browser, maps.draw_map(**meeting()), tmp_path)
    every = """() => {
      const rows = [];
      for (const question of quarterhour.picture.questions.keys()) {
        for (let bits = 0; bits < 32; bits++) {
          quarterhour.question = question;
          const on = (k) => Boolean(bits & (1 << k));
          quarterhour.show({ after: on(0), score: on(1), range: on(2), ground: on(3), others: on(4) });
          rows.push(document.querySelectorAll(".qh-legend > .qh-key, .qh-legend > .qh-two").length);
        }
      }
      return rows;
    }"""
    rows = tab.evaluate(every)
    assert len(rows) == 96 and min(rows) >= 1 and max(rows) <= 5
    assert trouble == []


def test_what_has_no_content_is_not_offered(browser: Any, tmp_path: Path) -> None:
    given = meeting() | {"roads": None, "pictures": None}
    tab, _ = opened(browser, maps.draw_map(**given), tmp_path)
    assert tab.evaluate("[...document.querySelectorAll('.qh-layers input')].map((box) => box.dataset.key)") == [
        "score", "others", "towns"]  # fmt: skip
    tab.click("[data-question='1']")
    assert "range" in tab.evaluate("[...document.querySelectorAll('.qh-layers input')].map((box) => box.dataset.key)")


def test_other_scripts_colour_communities_and_hear_who_is_asked_about(browser: Any, tmp_path: Path) -> None:
    tab, trouble = opened(browser, maps.draw_map(**meeting()), tmp_path)
    seams = """() => {
      const heard = [];
      quarterhour.onSelect((i) => heard.push(i));
      quarterhour.recolour((i) => (i === 3 ? "planned" : "not_met"));
      const own = [quarterhour.stateOf(3), quarterhour.stateOf(4)];
      quarterhour.select(3);
      quarterhour.map.closePopup();
      quarterhour.recolour(null);
      return [own, heard, document.querySelectorAll("#qh-whatif, #qh-search-area").length];
    }"""
    assert tab.evaluate(seams) == [["planned", "not_met"], [3, None], 2]
    assert trouble == []


def test_text_grows_for_a_projector_and_comes_back(browser: Any, tmp_path: Path) -> None:
    tab, _ = opened(browser, maps.draw_map(**meeting()), tmp_path)
    size = "parseFloat(getComputedStyle(document.querySelector('.qh-line')).fontSize)"
    first = tab.evaluate(size)
    tab.click(".qh-larger")
    tab.click(".qh-larger")
    assert tab.evaluate(size) >= 1.4 * first
    tab.click(".qh-normal")
    assert tab.evaluate(size) == first
    tab.click(".qh-smaller")
    assert tab.evaluate(size) < first


def test_home_brings_the_whole_city_back_and_nobody_gets_lost(browser: Any, tmp_path: Path) -> None:
    tab, _ = opened(browser, maps.draw_map(**meeting()), tmp_path)
    before = tab.evaluate(PLACE)
    tab.evaluate("quarterhour.map.setView([0, 0], 16, { animate: false })")
    tab.click(".qh-home")
    assert tab.evaluate(PLACE) == pytest.approx(before, abs=1.5)
    assert tab.evaluate("quarterhour.map.getMinZoom() > 0 && Boolean(quarterhour.map.options.maxBounds)")


def test_sea_is_blue_only_where_outlines_say_what_is_land(browser: Any, tmp_path: Path) -> None:
    ground = "getComputedStyle(quarterhour.map.getContainer()).backgroundColor"
    tab, _ = opened(browser, maps.draw_map(**meeting()), tmp_path)
    other, _ = opened(browser, maps.draw_map(**study()), tmp_path)
    assert tab.evaluate(ground) != other.evaluate(ground)


def test_made_up_rows_show_a_ribbon_and_facts_none(browser: Any, tmp_path: Path) -> None:
    given = meeting()
    tab, _ = opened(browser, maps.draw_map(**given), tmp_path)
    assert tab.inner_text(".qh-ribbon") == "示例（模拟）数据"
    facts = {name: given[name].assign(quality="fact") for name in ("communities", "facilities")}
    tab, _ = opened(browser, maps.draw_map(**given | facts), tmp_path)
    assert not tab.query_selector(".qh-ribbon")


def test_roads_are_drawn_once_a_zoom_and_minor_ones_from_two_steps_nearer(browser: Any, tmp_path: Path) -> None:
    tab, _ = opened(browser, maps.draw_map(**meeting()), tmp_path)
    roads = "quarterhour.layers.roads"
    drawn = tab.evaluate(f"{roads}.drawings")
    tab.evaluate("quarterhour.map.panBy([80, 40], { animate: false })")
    tab.evaluate("quarterhour.map.panBy([-60, -70], { animate: false })")
    assert tab.evaluate(f"{roads}.drawings") == drawn
    ink = f"() => {{ let n = 0; {roads}.stroke = () => n++; {roads}.draw(quarterhour.map.getZoom()); return n; }}"
    groups = len({"trunk", "primary", "residential"} & set(grid_roads()["road_class"])) + 1
    assert tab.evaluate(ink) == groups - 1  # the minor ones stay away
    tab.evaluate("quarterhour.map.setZoom(quarterhour.homeZoom + 2.2, { animate: false })")
    assert tab.evaluate(ink) == groups


def test_tiles_of_roads_are_unpacked_when_they_are_looked_at(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "LINES_A_TILE", 40)
    given = meeting() | {"roads": streets(40).assign(road_class="unclassified")}
    tab, trouble = opened(browser, maps.draw_map(**given), tmp_path)
    count = "quarterhour.layers.roads.groups[0].tiles.filter((tile) => tile.lines).length"
    every = tab.evaluate("quarterhour.layers.roads.groups[0].tiles.length")
    home = tab.evaluate(count)
    assert every > 60 and home == every  # a small town is seen whole
    tab.evaluate("""() => {
      const roads = quarterhour.layers.roads;
      for (const tile of roads.groups[0].tiles) tile.lines = null;
      const box = roads.groups[0].tiles[3].box;
      roads.draw = QuarterhourRoads.prototype.draw;
      quarterhour.map.setView(quarterhour.map.options.crs.pointToLatLng(L.point(box[0], box[1])
        .multiplyBy(quarterhour.map.options.crs.scale(0)), 0), quarterhour.homeZoom + 5, { animate: false });
    }""")
    assert 0 < tab.evaluate(count) < every / 2
    assert tab.evaluate("quarterhour.layers.roads.groups[0].from") == -math.inf and not trouble


def test_roads_without_classes_are_there_from_the_start(browser: Any, tmp_path: Path) -> None:
    given = meeting() | {"roads": grid_roads().assign(road_class="unclassified")}
    tab, _ = opened(browser, maps.draw_map(**given), tmp_path)
    assert tab.evaluate("quarterhour.layers.roads.groups.map((group) => group.from)") == [-math.inf]


@pytest.mark.parametrize(("paper", "width_pt"), [("A4", 842), ("A3", 1191)])
def test_a_print_is_one_page_with_the_whole_city(browser: Any, tmp_path: Path, paper: str, width_pt: int) -> None:
    tab, trouble = opened(browser, maps.draw_map(**meeting()), tmp_path)
    before = tab.evaluate(PLACE)
    tab.evaluate(f"() => window.addEventListener('beforeprint', () => {{ window.paper = ({OUTLINE})(); }})")
    margin = dict.fromkeys(("top", "bottom", "left", "right"), "8mm")
    pdf = tab.pdf(format=paper, landscape=True, print_background=True, margin=margin)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    assert abs(float(re.search(rb"/MediaBox \[0 0 ([\d.]+)", pdf)[1]) - width_pt) < 2  # type: ignore[index]
    where = tab.evaluate("window.paper")
    assert where["panelRight"] <= where["left"] < where["right"] <= where["width"]
    assert 0 <= where["top"] < where["bottom"] <= where["height"]
    assert tab.evaluate(PLACE) == pytest.approx(before, abs=1.5)  # and the screen is as it was
    assert trouble == []


def test_a_printed_sheet_shows_outline_communities_legend_and_sources(browser: Any, tmp_path: Path) -> None:
    tab, _ = opened(browser, maps.draw_map(**meeting()), tmp_path)
    tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    told = tab.inner_text("body")
    assert "数据基准日 2025-12-31" in told and "图例" in told and "500 人" in told
    assert not tab.is_visible("#qh-search-area") and not tab.is_visible(".qh-buttons")
    inked = """() => [...document.querySelectorAll(".leaflet-map-pane img")].map(async (picture) => {
      await picture.decode();
      const sheet = document.createElement("canvas");
      [sheet.width, sheet.height] = [picture.naturalWidth, picture.naturalHeight];
      const pen = sheet.getContext("2d");
      pen.drawImage(picture, 0, 0);
      return pen.getImageData(0, 0, sheet.width, sheet.height).data.some((part) => part > 0);
    })"""
    drawn = tab.evaluate(f"async () => Promise.all(({inked})())")
    assert len(drawn) >= 4 and sum(drawn) >= 4  # land, borders, roads, communities
    tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert tab.query_selector_all(".leaflet-map-pane img") == [] and tab.is_visible("#qh-search-area")


def test_no_id_file_or_solver_is_named_to_a_leader(browser: Any, tmp_path: Path) -> None:
    tab, _ = opened(browser, maps.draw_map(**meeting()), tmp_path)
    told = "".join(tab.inner_text(part) for part in ("#qh-opening", ".qh-legend", ".qh-layers", ".qh-tabs"))
    assert not re.search(r"\.(py|gpkg|csv|toml)\b|highs|benders|day_care|max-cover|\bc1\b", told, re.IGNORECASE)


def test_the_page_shows_itself_in_a_notebook(browser: Any, tmp_path: Path) -> None:
    shown = maps.draw_map(**meeting())._repr_html_()
    assert shown.startswith("<iframe srcdoc=") and "allow-same-origin" not in shown
    page = tmp_path / "notebook.html"
    page.write_text(f"<!doctype html><body>{shown}</body>", encoding="utf-8")
    tab, trouble = browser.new_page(), []
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.goto(page.as_uri())
    frame = tab.frames[1]
    frame.wait_for_selector(".qh-legend")
    assert "500 人" in frame.inner_text("#qh-opening") and trouble == []
    frame.click("[role=tab] >> nth=1")
    assert trouble == []
