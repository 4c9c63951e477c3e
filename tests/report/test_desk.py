"""Results in a notebook: short reprs, cards, frames by id, pictures, pages."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import shapely
from matplotlib import pyplot
from PIL import Image

import quarterhour as qh
from chromium import HOSTILE, offline_page
from quarterhour.base.cards import Card
from quarterhour.base.labels import percent
from quarterhour.report.desk.comparison import Comparison
from quarterhour.report.papers import fonts
from quarterhour.study.study import study_mode
from streets import X0, Y0

HOME, CARE, CENTRES = "home-care-circle", "care-circle", "centres"
needs_font = pytest.mark.skipif(fonts.chinese_font() is None, reason="no Chinese font on this machine")


@pytest.fixture(autouse=True)
def _drawn_without_a_screen() -> Iterator[None]:
    before = mpl.get_backend()
    mpl.use("Agg", force=True)
    yield
    pyplot.close("all")
    mpl.use(before, force=True)


@pytest.fixture(scope="module")
def town(toy_run: qh.Results) -> qh.Results:
    """The toy town, its run as it stands, with outlines and a county beside."""
    land = [shapely.box(399_000, 4_149_000, 405_000, 4_151_500)]
    towns = gpd.GeoDataFrame({"name": ["大水泊镇"], "county": ["c1"]}, index=["t1"], geometry=land, crs="EPSG:32651")
    counties = gpd.GeoDataFrame({"name": ["文登区"]}, index=["c1"], geometry=land, crs="EPSG:32651")
    return replace(toy_run, inputs=replace(toy_run.inputs, towns=towns, counties=counties))


@pytest.fixture(scope="module")
def compared(town: qh.Results) -> Comparison:
    """The town, and the same with a day-care centre in the east and a circle of half an hour at a quick walk."""
    east = gpd.GeoDataFrame({"kind": ["day_care"]}, geometry=gpd.points_from_xy([X0 + 3600], [Y0]), crs="EPSG:32651")
    return qh.compare(town, town.study.scenario(circle=HOME, minutes=20, speed=0.8, add=east))


def hostile(town: qh.Results) -> qh.Results:
    """The town, every name in it one that would run."""
    told = " ".join(HOSTILE)
    tables = {
        name: getattr(town.inputs, name).assign(name=told)
        for name in ("communities", "facilities", "towns", "counties")
    }
    checks = tuple(
        replace(check, circle=replace(check.circle, zh=told, en=told), mode_names={"zh": told, "en": told})
        for check in town.checks
    )
    plans = tuple(
        replace(p, zh=told, en=told, sites=p.sites.assign(name=told)) for p in town.proposals
    )  # fmt: skip
    named = town.study.file.study.model_copy(update={"zh": told, "en": told})
    study = replace(town.study, file=town.study.file.model_copy(update={"study": named}))
    return replace(town, study=study, inputs=replace(town.inputs, **tables), checks=checks, proposals=plans)


def png_of(ax: Any, path: Path) -> np.ndarray:
    ax.figure.savefig(path)
    return np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3)


def texts_of(ax: Any) -> list[str]:
    legend = [] if ax.get_legend() is None else [text.get_text() for text in ax.get_legend().get_texts()]
    return [ax.get_title(), *legend, *(text.get_text() for text in ax.texts)]


def cards_of(card: Card) -> Iterator[Card]:
    yield card
    for part in card.parts:
        yield from cards_of(part)


# --- one line, and a card --------------------------------------------------------------------------


def test_a_repr_is_one_short_line(town: qh.Results, compared: Comparison) -> None:
    net = qh.build_network(town.inputs.roads, study_mode(town.study, "walk", HOME))
    times = qh.travel_times(net, town.inputs.communities, town.inputs.facilities, minutes=15, heading="to_site")
    shown = [
        town, town.study, compared, town[HOME], town[CENTRES], town.proposals[0].plan, town.scorecard, net, times,
        town.card(), town.inputs, town.explore(),
    ]  # fmt: skip
    for one in shown:
        told = repr(one)
        assert re.fullmatch(r"<\w+[ :][^\n]{5,160}>", told), told
    assert repr(town) == "<Results of toy: 4 communities, home-care-circle 80.2%, care-circle 57.1%, 1 siting plan>"
    for one in (town.study, net, times, town.scorecard, compared):
        assert one is not None
        assert one._repr_html_().startswith("<div") and one.card("en").kind != one.card("zh").kind


def test_a_card_says_what_the_checks_say(town: qh.Results) -> None:
    card = town.card()
    home = card.parts[0]
    assert (home.heading, home.big, home.share) == ("居家养老服务圈", "80.2%", pytest.approx(150 / 187))
    assert home.said == "老年人：187 人中 150 人在圈内"
    assert [(row.name, row.said) for row in home.rows] == [("文登区", "80.2%（150 / 187）")]
    assert "步行（规划标准）到设施，15 分钟以内" in home.lines
    for check, part in zip(town.checks, card.parts, strict=False):
        assert part.big == percent(check.share())
    plan = card.parts[-1]
    assert plan.big == percent(town.proposals[0].plan.covered / 187) == "96.3%"
    assert plan.rows[0].said == "96.3%（180 / 187）"
    assert "已证明最优" in plan.lines
    assert any("示例（模拟）" in line for line in card.lines)


def test_the_scorecard_counts_what_is_met_everywhere(town: qh.Results) -> None:
    assert town.scorecard is not None
    table, card = town.scorecard.summary(), town.scorecard.card()
    assert card.big == f"{(table['areas'] == table['areas_met']).sum()} / {len(table)}"
    assert len(card.rows) == len(table)


def test_a_circle_of_a_kind_that_stands_nowhere_has_no_share(town: qh.Results) -> None:
    nowhere = replace(town.checks[0], absent=town.checks[0].circle.kinds)
    card = nowhere.card()
    assert (card.big, card.share, card.rows[0].share) == ("—", None, None)


def test_a_question_without_a_plan_says_why_and_is_drawn_as_it_stands(toy_study: Path) -> None:
    file = toy_study / "study.toml"
    file.write_text(file.read_text(encoding="utf-8") + "\nat_least = 187\n", encoding="utf-8")
    found = qh.run_study(qh.read_study(toy_study))[CENTRES]
    card = found.card()
    assert (card.big, card.share, card.count) == ("—", None, None)
    assert [(row.said, row.count) for row in card.rows] == [("现有设施 80.2%（150 / 187）", None)]
    assert card.lines == ("要求至少覆盖 187 人，而全部站点建成也只能覆盖 180；无站点可达的社区：i。",)
    assert found.gdf.empty and "planned" not in set(found.communities["after"])
    assert found.plot().get_title() == "养老中心选址"
    assert found.explore().startswith("<!DOCTYPE html>")


def test_what_stands_nowhere_has_no_share_in_a_comparison(town: qh.Results) -> None:
    found = qh.compare(town, town.study.scenario(close="d"))
    assert found.card().parts[0].big == "80.2% → —"
    assert found.areas.loc[(HOME, "city", "city"), "lost"] == 150
    assert [ax.get_title() for ax in found.plot("minutes")] == ["之前：80.2%", "之后：—"]


def test_a_card_of_hostile_names_is_inert(town: qh.Results, tmp_path: Path) -> None:
    html = (
        f'<!doctype html><html lang="zh"><meta charset="utf-8"><body><main>{hostile(town)._repr_html_()}</main></body>'
    )
    with offline_page(html, tmp_path, shown="main") as page:
        assert page.evaluate("window.broken") is None
        assert not page.trouble
        assert page.evaluate("document.querySelectorAll('main img, main script, main a').length") == 0
        assert "<img src=x onerror=window.broken=1>" in page.inner_text("main")


# --- by id, as frames ------------------------------------------------------------------------------


def test_a_circle_and_a_question_come_by_their_ids(town: qh.Results) -> None:
    assert town[HOME].check is town.checks[0]
    assert town[CENTRES].plan is town.proposals[0].plan
    assert town.ids == [HOME, CARE, CENTRES]
    assert list(town[HOME].compare) == ["walk-frail"]
    with pytest.raises(KeyError) as told:
        town["home-care-cirle"]
    assert str(told.value).startswith("The results have no 'home-care-cirle'. They have: home-care-circle, care-circle")
    assert "是不是：home-care-circle" in told.value.sentence("zh")


def test_the_frame_of_communities_has_every_circle(town: qh.Results) -> None:
    frame = town.communities
    assert list(frame.columns) == [
        "name", "town", "county", "older", "hardship", f"{HOME}_minutes", f"{HOME}_met", f"{CARE}_minutes",
        f"{CARE}_met", "geometry",
    ]  # fmt: skip
    assert frame.index.equals(town.inputs.communities.index) and frame.crs == town.inputs.communities.crs
    for check in town.checks:
        assert frame[f"{check.circle.id}_met"].equals(check.communities["met"].reindex(frame.index))
    assert frame["county"].cat.categories.tolist() == ["c1"]
    assert frame.to_crs("EPSG:4326").total_bounds[0] > 100


def test_the_frame_of_a_circle_is_its_check(town: qh.Results) -> None:
    frame, check = town[HOME].gdf, town.checks[0]
    assert list(frame.columns) == ["name", "town", "county", "people", "minutes", "met", "reason", "nearest", "quality",
                                   "geometry"]  # fmt: skip
    pd.testing.assert_series_equal(frame["minutes"], check.communities["minutes"].reindex(frame.index))
    assert int(frame.loc[frame["met"], "people"].sum()) == 150
    assert frame["reason"].cat.ordered and frame["reason"].max() == "not_snapped"
    assert frame["quality"].cat.ordered
    areas = town[HOME].areas
    assert areas.loc[("county", "c1"), "name"] == "文登区"
    assert areas.loc[("city", "city"), "share_people"] == check.share()


def test_the_frames_of_a_plan_are_its_sites_and_whom_they_cover(town: qh.Results) -> None:
    found = town[CENTRES]
    assert found.gdf.index.tolist() == list(found.plan.chosen)
    assert found.gdf["gain"].tolist() == [30] and found.gdf["order"].tolist() == [1]
    people = found.communities.groupby("after", observed=True)["people"].sum()
    assert people["met"] + people["planned"] == found.plan.covered
    assert people.sum() == found.plan.demand_total


def test_a_comparison_has_ordered_classes(compared: Comparison) -> None:
    assert compared.communities["change"].cat.ordered
    assert compared.circles == [HOME, CARE]
    home = next(part for part in compared.card().parts if part.heading == "居家养老服务圈")
    assert home.big == "80.2% → 96.3%" and home.said == "30 人进圈，0 人出圈"


# --- who travels, by name --------------------------------------------------------------------------


def test_a_mode_of_a_scenario_goes_by_its_name(compared: Comparison) -> None:
    (check, _), lines = compared.after.checks, compared.after.study.changes.sentences("zh")
    assert check.mode_name("zh") == "步行（规划标准）（速度的 0.8 倍）"
    assert any("步行（规划标准） → 步行（规划标准）（速度的 0.8 倍）" in line for line in lines)
    shown = [compared.after[HOME].card("zh"), compared.card("zh"), *cards_of(compared.after.card())]
    assert not any("walk-x0_8" in repr((card.said, card.lines)) for card in shown)


def test_the_map_says_what_a_scenario_changes(compared: Comparison, tmp_path: Path) -> None:
    with offline_page(compared.explore(), tmp_path, shown=".qh-panel") as page:
        assert not page.trouble
        said = page.inner_text(".qh-changed")
        notes = page.inner_text(".qh-panel")
    assert said.startswith("本结果按改动后的研究算出：") and "新增设施 1 处：new-1" in said
    assert "walk-x0_8" not in said and "前后对比" in notes


def test_the_map_of_a_study_as_it_stands_says_nothing_of_changes(town: qh.Results) -> None:
    assert '"changed":""' in town.explore()


# --- pictures --------------------------------------------------------------------------------------


@needs_font
@pytest.mark.parametrize("column", ["met", "reason", "quality", "minutes", "people", "county"])
def test_a_circle_is_drawn(town: qh.Results, tmp_path: Path, column: str) -> None:
    ax = town[HOME].plot(column, figsize=(6, 5))
    assert ax.get_title() == "居家养老服务圈：80.2%（步行（规划标准），15 分钟）"
    assert ax.title.get_fontfamily()[0] in fonts.CHINESE
    assert "示例（模拟）数据" in texts_of(ax)
    assert len(np.unique(png_of(ax, tmp_path / "a.png"), axis=0)) > 20


@needs_font
def test_classes_stand_in_the_legend_with_their_counts(town: qh.Results) -> None:
    assert texts_of(town[HOME].plot())[1:3] == ["圈内（2 个）", "圈外（2 个）"]
    assert texts_of(town[HOME].plot(lang="en"))[1:3] == ["inside (2)", "outside (2)"]
    assert town[HOME].plot(legend=False).get_legend() is None
    assert town.plot("county").get_legend().get_texts()[0].get_text() == "文登区"


def test_pictures_go_onto_axes_of_the_caller(town: qh.Results, compared: Comparison) -> None:
    _, given = pyplot.subplots(1, 2)
    assert town.plot(ax=given[0]) is given[0]
    assert town[CENTRES].plot(ax=given[1]) is given[1]
    assert compared.plot(ax=given) == (given[0], given[1])
    with pytest.raises(qh.errors.DataError, match="two axes"):
        compared.plot(ax=given[0])


@needs_font
def test_a_plan_is_drawn_with_its_sites_numbered(town: qh.Results, tmp_path: Path) -> None:
    told = texts_of(town[CENTRES].plot())
    assert told[0] == "养老中心选址" and "1" in told
    assert "方案新覆盖（1 个）" in told and "方案站点（按顺序编号）" in told
    today = town[CENTRES].plot("today")
    assert "1" not in texts_of(today)
    assert len(np.unique(png_of(today, tmp_path / "a.png"), axis=0)) > 20


@needs_font
@pytest.mark.parametrize("column", ["met", "minutes"])
def test_a_comparison_is_drawn_side_by_side(compared: Comparison, tmp_path: Path, column: str) -> None:
    before, after = compared.plot(column)
    assert (before.get_title(), after.get_title()) == ("之前：80.2%", "之后：96.3%")
    assert before.figure is after.figure
    if column == "met":
        assert "新进圈（1 个）" in texts_of(after)
    else:
        assert before.collections[-2].get_clim() == after.collections[-2].get_clim()
    png_of(before, tmp_path / "a.png")


@needs_font
def test_hostile_names_are_letters_in_a_picture(town: qh.Results, tmp_path: Path) -> None:
    formula = replace(town.checks[0].circle, zh="$x_1$ \\frac{{\n\x07")
    check = replace(town.checks[0], circle=formula)
    ax = replace(town, checks=(check, *town.checks[1:]))[HOME].plot()
    assert ax.get_title().startswith("$x_1$ \\frac{{ ：")
    png_of(ax, tmp_path / "a.png")


def test_a_column_that_is_not_there_names_those_that_are(town: qh.Results) -> None:
    for found in (town, town[HOME], town[CENTRES]):
        with pytest.raises(KeyError, match="no column minuts. It has: name, town"):
            found.plot("minuts")


def test_without_a_chinese_font_the_words_are_english(town: qh.Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "chinese_font", lambda: None)
    with pytest.warns(UserWarning, match="No font on this machine has Chinese letters"):
        ax = town[HOME].plot()
    assert ax.get_title().startswith("home-care circle: 80.2%")


@needs_font
def test_the_user_s_settings_of_matplotlib_stay(town: qh.Results) -> None:
    before = dict(mpl.rcParams)
    town[HOME].plot()
    assert dict(mpl.rcParams) == before


@needs_font
def test_geopandas_draws_classes_by_a_scheme(town: qh.Results) -> None:
    pytest.importorskip("mapclassify")
    assert town.communities.plot(column="older", scheme="equalinterval", k=2, legend=True) is not None
    drawn = town[HOME].plot("minutes", scheme="equalinterval", k=2)
    assert len(drawn.get_legend().get_texts()) == 3


def test_the_extra_for_notebooks_is_in_the_environment() -> None:
    root = Path(__file__).resolve().parents[2]
    extra = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]["notebook"]
    listed = (root / "environment.yml").read_text("utf-8")
    for wanted in extra:
        assert re.search(rf"^  - {re.split('[<>=]', wanted)[0]}(-base)? ", listed, re.M), wanted


# --- pages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", ["", HOME, CENTRES])
def test_a_page_of_hostile_names_opens_without_a_request(town: qh.Results, tmp_path: Path, of: str) -> None:
    results = hostile(town)
    page_of = results.explore() if not of else results[of].explore()
    saved = page_of.save(tmp_path / "saved.html")
    assert saved.read_bytes().decode("utf-8") == page_of
    with offline_page(page_of, tmp_path, shown=".qh-panel") as page:
        assert page.evaluate("window.broken") is None
        assert not page.trouble


def test_the_page_of_a_circle_has_that_circle_and_its_plan(town: qh.Results, tmp_path: Path) -> None:
    with offline_page(town[HOME].explore(), tmp_path, shown=".qh-panel") as page:
        names = page.evaluate("quarterhourPicture.questions.map((asked) => asked.name)")
        plans = page.evaluate("quarterhourPicture.plans.length")
    assert names == ["居家养老服务圈"] and plans == 1
    with offline_page(town[CARE].explore(), tmp_path, shown=".qh-panel") as page:
        assert page.evaluate("quarterhourPicture.plans.length") == 0
    frail = town[HOME].compare["walk-frail"].explore()
    with offline_page(frail, tmp_path, shown=".qh-panel") as page:
        assert page.evaluate("quarterhourPicture.circles.length") == 1
