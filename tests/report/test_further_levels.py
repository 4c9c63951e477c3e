"""Rows by reporting unit and class in every output: workbook, report, leaflet, layers, and the page in a browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pytest

import chromium as cut_off
import quarterhour as qh
from maps.toy import drawn_in, opened
from quarterhour.report import write
from quarterhour.report.layers.tables import named_layers
from quarterhour.report.papers.leaflet import _told
from quarterhour.report.papers.summary import circle_facts
from study.test_reporting import with_areas
from tables import sheet_table


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> qh.Results:
    from conftest import write_toy_study

    folder = with_areas(write_toy_study(tmp_path_factory.mktemp("units")))
    return qh.run_study(qh.read_study(folder))


@pytest.fixture(scope="module")
def folder(results: qh.Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("written")
    qh.write_results(results, made)
    return made


@pytest.mark.parametrize(
    ("sheet", "rows"),
    [
        ("上报单位", {"全市": (150, 187), "c1（其余）": (50, 80), "c2": (0, 7), "高新区": (100, 100)}),
        ("城乡", {"全市": (150, 187), "城镇": (100, 100), "农村": (50, 57), "类别不详": (0, 30)}),
    ],
)
def test_the_workbook_has_a_sheet_that_adds_up(folder: Path, sheet: str, rows: dict[str, tuple[int, int]]) -> None:
    table = sheet_table(openpyxl.load_workbook(folder / "coverage.xlsx")[sheet])
    met = next(c for c in table if "圈内人数" in str(c) and "居家" in str(c) and "步行" in str(c))
    people = next(
        c for c in table if "人数" in str(c) and "圈内" not in str(c) and "居家" in str(c) and "步行" in str(c)
    )
    found = {n: (int(m), int(p)) for n, m, p in zip(table["名称"], table[met], table[people], strict=True)}
    assert found == rows


def test_communities_carry_their_unit_and_class_by_name(results: qh.Results, folder: Path) -> None:
    table = sheet_table(openpyxl.load_workbook(folder / "coverage.xlsx")["社区（村）"]).set_index("名称")
    assert table.loc["西村", ["上报单位", "城乡"]].tolist() == ["高新区", "城镇"]
    assert table.loc["东村", ["上报单位", "城乡"]].tolist() == ["c1（其余）", "类别不详"]
    layer = named_layers(results, "zh")["communities"]
    assert layer.loc["i", ["reporting_unit_name", "reporting_class_name"]].tolist() == ["c2", "农村"]
    stored = gpd.read_file(folder / "results.gpkg", layer="communities").set_index("id")
    assert stored.loc["w", ["reporting_unit", "reporting_class"]].tolist() == ["z9", "urban"]


@pytest.mark.parametrize("name", ["report.md"])
def test_the_report_has_both_tables_and_the_sentence(folder: Path, name: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert "各上报单位圈内人口占比" in text and "城乡圈内人口占比" in text
    assert "其中城镇 100.0%、农村 87.7%、类别不详 0.0%。" in text


def test_the_leaflet_has_bars_of_classes_behind_those_of_counties(results: qh.Results) -> None:
    told = _told(results, circle_facts(results, "zh"), "zh", title="题", ribbon="")
    assert [bar["name"] for bar in told["circles"][0]["counties"]] == ["c2", "c1", "城镇", "农村", "类别不详"]
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_shows_bars_of_units_and_classes_today_and_after(
    results: qh.Results, tmp_path: Path, lang: str
) -> None:
    words = {"zh": ("各上报单位", "城乡", "城镇", "c1（其余）", "62.5%"),
             "en": ("By reporting unit", "Town and countryside", "town", "c1 (the rest)", "62.5%")}[lang]  # fmt: skip
    with cut_off.chromium() as browser:
        tab, trouble = opened(browser, write.meeting_map(results, lang), tmp_path)
        heads = [h.inner_text() for h in tab.query_selector_all(".qh-further h4")]
        assert heads == [words[1], words[0]]
        told = tab.inner_text("#qh-opening")
        for word in words:
            assert word in told
        assert len(tab.query_selector_all(".qh-further .qh-county-row")) == 6
        tab.click("[data-after='1']")
        after = tab.inner_text("#qh-opening")
        assert "100.0%" in after and after.count("62.5%") == 0  # the east is reached once the plan is built
        assert trouble == []


def test_names_of_units_are_text_on_the_page(tmp_path: Path) -> None:
    from conftest import write_toy_study

    hostile = "<img src=x onerror=window.broken=1>"
    said = f"\n[reporting]\ncolumn = \"unit\"\nnames = {{ z9 = '{hostile}' }}\n"
    made = with_areas(write_toy_study(tmp_path), said=said)
    html = write.meeting_map(qh.run_study(qh.read_study(made)))
    drawn: Any = drawn_in(html)
    assert "&#60;img src=x" in drawn["cards"]["circles"][0]["further"][1]["rows"][1]["name"] and hostile not in html
