"""The map page: safe with any text, alone without a network, the same bytes each time."""

from __future__ import annotations

import hashlib
import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from chromium import HOSTILE
from maps.toy import (
    CRS,
    drawn_in,
    grid_roads,
    islands,
    lines_of,
    opened,
    streets,
    study,
    unpacked,
)
from quarterhour.base import i18n
from quarterhour.base.errors import DataError
from quarterhour.base.escape import escape_html
from quarterhour.base.kinds import KindLook
from quarterhour.maps import draw as maps
from quarterhour.maps import layers as picture_room
from quarterhour.maps import page as page_room
from quarterhour.maps import popups
from quarterhour.maps.columns import PageWords, place_names, share_of
from quarterhour.maps.generalize import thin_areas


def test_an_escaped_text_holds_nothing_that_runs_and_reads_as_written() -> None:
    for text in HOSTILE:
        safe = escape_html(text)
        assert not set(re.sub(r"&#\d+;", "", safe)) & set("&<>\"'`${}\\")
        assert re.sub(r"&#(\d+);", lambda m: chr(int(m[1])), safe) == text


def test_the_same_study_gives_the_same_bytes() -> None:
    assert maps.draw_map(**study()) == maps.draw_map(**study())


def test_an_empty_study_is_still_a_map() -> None:
    empty = study(3)
    none = {k: empty[k].iloc[:0] for k in ("communities", "towns", "facilities")}
    html = maps.draw_map(**{**empty, **none, "checks": [], "plans": [], "scorecard": None, "roads": None,
                             "ranges": [], "pictures": None})  # fmt: skip
    assert html.startswith("<!DOCTYPE html>")


def test_heights_of_the_tables_play_no_part(raised: Any) -> None:
    flat, given = maps.draw_map(**study(3)), study(3)
    for table in ("communities", "facilities", "towns"):
        given[table] = raised(given[table], np.nan)
    assert maps.draw_map(**given) == flat


def test_a_table_without_crs_is_told() -> None:
    given = study(3)
    given["communities"] = given["communities"].set_crs(None, allow_override=True)
    with pytest.raises(DataError, match="no coordinate reference system"):
        maps.draw_map(**given)


def test_three_thousand_communities_with_hostile_names_open_offline_and_nothing_runs(
    browser: Any, tmp_path: Path
) -> None:
    given = study(3000, names=HOSTILE)
    html = maps.draw_map(**given)
    tab, trouble = opened(browser, html, tmp_path)
    tab.click(".qh-layers summary")
    for question in range(tab.locator("[data-question]").count()):
        tab.click(f"[data-question='{question}']")
        for key in ("score", "range", "ground", "others"):
            if tab.locator(f"[data-key={key}]").count():
                tab.check(f"[data-key={key}]")
    for text in HOSTILE:
        tab.fill("#qh-search", text)
        tab.press("#qh-search", "Enter")
        assert text in tab.inner_text(".leaflet-popup-content h3 >> nth=-1")
    assert "49" not in tab.inner_text(".qh-panel h1")
    assert HOSTILE[0] in tab.inner_text(".qh-panel h1")
    assert tab.evaluate("window.broken === undefined")
    assert trouble == []


def test_search_opens_the_reason_in_chinese(browser: Any, tmp_path: Path) -> None:
    tab, trouble = opened(browser, maps.draw_map(**study()), tmp_path)
    for label in ("图例", "圈内", "圈外", "日间照料中心", "本页数据 60 % 为合成", "规划目标", "2.10%", "600"):
        assert label in tab.content()
    tab.fill("#qh-search", "没有这个村")
    assert "没有找到" in tab.inner_text("#qh-found")
    tab.fill("#qh-search", "西港村19")
    tab.click("#qh-found li")
    assert tab.evaluate("Object.values(window).find(v => v instanceof L.Map)._popup.isOpen()")  # and does not fade away
    told = tab.inner_text(".leaflet-popup-content")
    for part in ("西港村19", "老年人", "圈外：最近设施超过时限", "农村幸福院", "分钟", "镇级中心"):
        assert part in told
    assert trouble == []


def test_notes_are_read_in_the_panel_and_in_popups(browser: Any, tmp_path: Path) -> None:
    tab, trouble = opened(browser, maps.draw_map(**study(names=("{{7*7}}", "西港村"))), tmp_path)
    tab.click("summary:has-text('容量')")
    assert "第一句 {{7*7}}" in tab.inner_text(".qh-panel")
    tab.fill("#qh-search", "西港村19")
    tab.click("#qh-found li")
    told = tab.inner_text(".leaflet-popup-content")
    assert "上门服务{{7*7}}" in told and "途中可及 {{7*7}}" in told and "空" not in told
    assert trouble == []


def test_a_click_on_a_community_says_why(browser: Any, tmp_path: Path) -> None:
    given = study(1)
    tab, _ = opened(browser, maps.draw_map(**given), tmp_path)
    at = tab.evaluate(
        "() => { const p = quarterhourPicture.communities;"
        " const m = Object.values(window).find(v => v instanceof L.Map);"
        " const q = m.latLngToContainerPoint([p.y[0], p.x[0]]); return [q.x, q.y]; }"
    )
    tab.mouse.click(*at)
    assert "东北村0" in tab.inner_text(".leaflet-popup-content")


def test_every_carried_file_is_as_its_manifest_says() -> None:
    folder = resources.files("quarterhour") / "data" / "vendor"
    listed = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))["file"]
    assert listed
    for entry in listed:
        assert hashlib.sha256((folder / entry["path"]).read_bytes()).hexdigest() == entry["sha256"]
        assert (folder / entry["licence_text"]).is_file()


def test_an_address_that_is_not_carried_is_an_error() -> None:
    for tag in ('<script src="https://cdn.example/a.js"></script>', '<img src="b.png">', '<link href="c.css" rel="x">'):
        with pytest.raises(DataError, match="not carried"):
            page_room._inlined(f"<html><head>{tag}</head></html>", {})


def test_the_page_names_no_address_that_a_browser_would_fetch() -> None:
    html = maps.draw_map(**study())
    assert "sourceMappingURL" not in html
    outside_scripts = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert not re.search(r"(?:src|href)\s*=|@import|url\(\s*[\"']?(?!data:|#)", outside_scripts)
    assert html.index("Content-Security-Policy") < html.index("<script")


def test_minutes_beyond_the_standard_never_read_as_the_standard() -> None:
    assert popups._minutes([15.0, 15.0002, 14.96, np.nan], 15.0) == ["15.0", "15.1", "15.0", ""]


def test_a_share_of_nobody_is_blank_on_the_map() -> None:
    assert [share_of(s) for s in (0.9996, np.nan)] == ["&#62;99.9%", ""]


@pytest.mark.parametrize(("own", "known"), [(101, "101"), ("101", 101), ("101", "101")])
def test_a_town_has_its_name_whether_ids_are_numbers_or_texts(own: Any, known: Any) -> None:
    towns = pd.DataFrame({"name": ["East"]}, index=[known])
    assert place_names([own, "", None, 102], towns) == ["East", "", "", "102"]


def test_roads_are_read_back_where_they_lie() -> None:
    given = grid_roads()
    back = []
    for group in picture_room.road_lines(given):
        back += [shapely.LineString(xy) for xy in lines_of(group)]
    again = gpd.GeoSeries(back, crs="EPSG:4326").to_crs(CRS)
    assert again.length.sum() == pytest.approx(given.length.sum(), rel=1e-3)
    assert shapely.hausdorff_distance(again.union_all(), given.union_all()) < 15


@pytest.fixture
def simplified(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Lines and rings, and corners, of each geometry handed over to be simplified."""
    seen: list[tuple[int, int]] = []
    simplify = shapely.simplify

    def counted(given: Any, *tolerance: Any, **options: Any) -> Any:
        for shape in np.atleast_1d(np.asarray(given, dtype=object)):
            rings = shapely.get_rings(shapely.get_parts(shape))
            seen.append((len(rings) or int(shapely.get_num_geometries(shape)), int(shapely.get_num_coordinates(shape))))
        return simplify(given, *tolerance, **options)

    monkeypatch.setattr(shapely, "simplify", counted)
    return seen


def test_a_city_is_simplified_street_by_street(simplified: list[tuple[int, int]]) -> None:
    for blocks in (3, 12):
        simplified.clear()
        assert sum(len(lines_of(g)) for g in picture_room.road_lines(streets(blocks))) == len(simplified)
        assert set(simplified) == {(1, 3), (1, 5)}  # a street, and the two that go on round a corner of the town


def test_the_streets_of_a_town_are_drawn_as_if_handed_over_in_one_piece() -> None:
    given = streets(6)
    whole = shapely.simplify(shapely.line_merge(given.union_all()), picture_room.ROAD_TOLERANCE_M)
    parts = gpd.GeoSeries(shapely.get_parts(shapely.normalize(whole)), crs=CRS).to_crs("EPSG:4326")
    (minor,) = picture_room.road_lines(given)
    drawn = lines_of(minor)
    assert len(drawn) == len(parts)
    for ours, line in zip(drawn, parts, strict=True):
        assert np.array_equal(ours, np.round(shapely.get_coordinates(line) * 1e5) / 1e5)


def test_many_roads_stand_in_tiles_of_neighbours_within_their_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    given = streets(12)
    (whole,) = picture_room.road_lines(given)
    monkeypatch.setattr(picture_room, "LINES_A_TILE", 20)
    (cut,) = picture_room.road_lines(given)
    assert len(cut["tiles"]) == -(-cut["count"] // 20) > 5 and len(whole["tiles"]) == 1

    def every(group: dict[str, Any]) -> list[bytes]:
        return sorted(np.round(line * 1e5).astype(int).tobytes() for line in lines_of(group))

    assert every(cut) == every(whole)
    width = whole["tiles"][0]["box"][2] - whole["tiles"][0]["box"][0]
    for tile in cut["tiles"]:
        west, south, east, north = tile["box"]
        xy = np.concatenate(unpacked(tile["lines"])) * 1e5
        assert np.array_equal(np.round([*xy.min(0), *xy.max(0)]), tile["box"])
        assert max(east - west, north - south) < 0.8 * width


def test_of_very_many_roads_a_part_at_a_time_is_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    given = streets(12)
    (whole,) = picture_room.road_lines(given)
    monkeypatch.setattr(picture_room, "LINES_AT_ONCE", 60)
    (cut,) = picture_room.road_lines(given)
    assert cut["count"] == pytest.approx(whole["count"], rel=0.1) and len(cut["tiles"]) > 3
    length = [sum(shapely.LineString(line).length for line in lines_of(group)) for group in (whole, cut)]
    assert length[0] == pytest.approx(length[1], rel=1e-3)


def test_roads_without_a_line_draw_nothing() -> None:
    given = gpd.GeoDataFrame({"road_class": "primary"}, index=[0, 1], geometry=[None, shapely.LineString()], crs=CRS)
    assert picture_room.road_lines(given) == [{"road_class": "primary", "main": True, "count": 0, "tiles": []}]


def test_towns_and_ground_are_simplified_ring_by_ring(simplified: list[tuple[int, int]]) -> None:
    given = study(3)
    for many in (2, 8):
        simplified.clear()
        shape = islands(many, blocks=many)
        towns = given["towns"].set_geometry([shape] * 4)
        ground = given["pictures"].set_geometry([shape] * 2)
        html = maps.draw_map(**given | {"towns": towns, "pictures": ground, "roads": None})
        assert {rings for rings, _ in simplified} == {1}
        drawn = drawn_in(html)
        assert [[len(p) for p in t["shape"]["coordinates"]] for t in drawn["towns"]] == [[many + 1] * many] * 4
        assert [[len(p) for p in b["shapes"]] for b in drawn["grounds"][0]["bands"]] == [[many + 1] * many] * 2


def test_areas_are_drawn_as_if_handed_over_in_one_piece() -> None:
    one, empty = islands(3, blocks=2), shapely.MultiPolygon()
    given = [
        one,
        None,
        one.geoms[0],
        empty,
        shapely.MultiPolygon([one.geoms[1], shapely.Polygon()]),
        shapely.Point(1, 2),
    ]
    for tolerance in (5.0, 40.0):
        for ours, whole in zip(thin_areas(given, tolerance), shapely.simplify(given, tolerance), strict=True):
            assert ours is whole is None or (ours.equals_exact(whole) and ours.geom_type == whole.geom_type)


def test_no_community_is_lost_without_a_place_it_is_told() -> None:
    given = study(9)
    given["communities"].loc["c3", "geometry"] = None
    html = maps.draw_map(**given)
    data = drawn_in(html)
    assert len(data["communities"]["name"]) == 9
    assert data["communities"]["x"][3] is None
    assert "1 条没有位置" in data["communities"]["missing"]


def test_the_legend_names_only_what_is_on_the_map(browser: Any, tmp_path: Path) -> None:
    tab, trouble = opened(browser, maps.draw_map(**study()), tmp_path)
    legend = tab.locator(".qh-legend")
    assert legend.locator(".qh-dot").count() == 3 and not tab.is_visible(".qh-ramp")
    assert "拟建点" not in legend.inner_text()  # the circle has no plan; the plan is a question of its own
    tab.click(".qh-layers summary")
    tab.check("text=各镇街圈内人口占比")
    assert tab.is_visible(".qh-ramp") and legend.locator(".qh-dot").count() == 0  # a score hides the communities
    tab.click("[data-question='3']")
    assert "拟建点（数字为建设次序）" in legend.inner_text() and not tab.is_visible(".qh-ramp")
    assert trouble == []


def test_a_kind_is_named_coloured_and_marked_as_the_study_says(browser: Any, tmp_path: Path) -> None:
    looks = {"day_care": KindLook(zh="日托所<b>", colour="#123456", symbol="triangle")}
    html = maps.draw_map(**study(), kinds=looks)
    tab, trouble = opened(browser, html, tmp_path)
    assert not trouble
    key = tab.query_selector(".qh-legend .qh-mark >> text=日托所<b>")
    assert "clip-path" in key.inner_html() and "#123456" in key.inner_html()
    assert {kind["symbol"] for kind in drawn_in(html)["kinds"]} == {"triangle", "square"}


def test_a_circle_at_a_range_of_paces_says_how_sure_it_is(browser: Any, tmp_path: Path) -> None:
    tab, trouble = opened(browser, maps.draw_map(**study()), tmp_path)
    assert "可靠程度" not in tab.locator(".qh-layers").text_content()  # this circle's pace is known
    tab.click("text=养老服务圈西港村")
    assert "始终达标 61.7%" in tab.inner_text(".qh-panel") and tab.query_selector_all(".qh-bar i[title='1,234 人']")
    assert not tab.is_visible(".qh-key >> text=有时达标") and tab.is_visible(".qh-key >> text=圈外")
    tab.click(".qh-layers summary")
    tab.check(".qh-layers >> text=可靠程度")
    assert tab.is_visible(".qh-key >> text=有时达标") and not tab.query_selector(".qh-key >> text=/^圈外$/")
    tab.fill("#qh-search", "西港村1")
    tab.press("#qh-search", "Enter")
    told = tab.inner_text(".leaflet-popup-content")
    assert "速度降到原定的 0.57 倍仍达标（出动准备 3.5 分钟时）" in told
    assert "速度为原定的 0.8–1.2 倍，出动准备 2–5 分钟" in told and told.count("可靠程度") == 1
    assert trouble == []


def test_the_ground_reached_is_off_at_first_and_says_that_it_judges_nothing(browser: Any, tmp_path: Path) -> None:
    for lang, layer, told, band in (
        ("zh", "等时圈（仅示意）", "不作圈内外判定", "5–10 分钟"),
        ("en", "Area reached (for display)", "coverage is", "5 to 10 min"),
    ):
        tab, trouble = opened(browser, maps.draw_map(**study(lang=lang)), tmp_path)
        assert told not in tab.inner_text("body")
        tab.click(".qh-layers summary")
        tab.check(f"text={layer}")
        said = tab.inner_text(".qh-legend")
        assert told in said and "R = 100" in said and band in said
        assert trouble == []


def test_the_ground_is_read_back_where_it_lies_with_its_holes() -> None:
    given = study(3)
    drawn = drawn_in(maps.draw_map(**given))["grounds"][0]
    assert [band["label"] for band in drawn["bands"]] == ["5–10 分钟", "5 分钟以内"]
    rings = [np.cumsum(np.asarray(r).reshape(-1, 2), axis=0) / 1e5 for r in drawn["bands"][0]["shapes"][0]]
    back = gpd.GeoSeries([shapely.Polygon(rings[0], rings[1:])], crs="EPSG:4326").to_crs(CRS)
    truth = given["pictures"].geometry[1]
    assert len(rings) == 3 and back[0].symmetric_difference(truth).area < 0.001 * truth.area


def test_grounds_that_overlap_are_filled_as_one(browser: Any, tmp_path: Path) -> None:
    """Two facilities whose grounds overlap, the second with its ring the other way round."""
    given = study(3)
    one = shapely.box(405_000, 4_115_000, 415_000, 4_125_000)
    two = shapely.Polygon(list(shapely.box(410_000, 4_115_000, 420_000, 4_125_000).exterior.coords)[::-1])
    shapes = [shapely.MultiPolygon([one]), shapely.MultiPolygon([two])]
    given["pictures"] = (
        given["pictures"].assign(site=["a", "b"], from_minutes=0.0, minutes=5.0).set_geometry(shapes, crs=CRS)
    )
    tab, _ = opened(browser, maps.draw_map(**given), tmp_path)
    tab.click(".qh-layers summary")
    tab.check("text=等时圈（仅示意）")
    spots = gpd.GeoSeries.from_xy([407e3, 412e3, 418e3, 430e3], [4_120e3] * 4, crs=CRS).to_crs("EPSG:4326")
    shade = """(spots) => {
      const map = Object.values(window).find((v) => v instanceof L.Map);
      const canvas = map.getPane("qh-grounds").querySelector("canvas");
      if (!canvas) return [0];
      const ink = canvas.getContext("2d");
      const ratio = canvas.width / parseFloat(canvas.style.width), corner = L.DomUtil.getPosition(canvas);
      return spots.map((at) => map.latLngToLayerPoint(at).subtract(corner).multiplyBy(ratio).round())
        .map((q) => ink.getImageData(q.x, q.y, 1, 1).data[3]);
    }"""
    where = [[y, x] for x, y in zip(spots.x, spots.y, strict=True)]
    tab.wait_for_function(f"(spots) => ({shade})(spots)[0]", arg=where)  # the grounds are drawn
    assert tab.evaluate(shade, where) == [255, 255, 255, 0]


def test_a_ground_of_too_many_corners_is_left_to_the_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterhour.maps.isochrones.MOST_CORNERS", 10)
    drawn = drawn_in(maps.draw_map(**study(3)))["grounds"][0]
    assert drawn["bands"] == [] and "细节太多，未放入地图" in drawn["missing"]


def test_every_word_that_the_page_uses_is_in_both_languages() -> None:
    assert "undefined" not in maps.draw_map(**study(lang="en")).split("quarterhourPicture=")[1].split("</script>")[0]
    script = page_room._carried()["map.js"].decode("utf-8")
    used = set(re.findall(r"\bw\.([a-z_]+)", script))
    assert used <= set(PageWords("zh").page())


def test_every_unit_of_a_promise_is_said_in_words() -> None:
    page = resources.files("quarterhour") / "data" / "words" / "standards" / "scorecard.toml"
    units = {key for key in tomllib.loads(page.read_text(encoding="utf-8")) if key.startswith("unit_")} - {"unit_share"}
    assert {unit for unit in units if i18n.entry(f"maps.{unit}") is None} == set()
