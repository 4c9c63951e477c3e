"""How far is it then? Past the search the minutes are still told, and no way at all is told apart from too far."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

import quarterhour as qh
from quarterhour.study.scorecards import SEARCHED_BEYOND


@pytest.fixture
def isle(toy_study: Path) -> Path:
    """The toy town with a circle of 5 minutes and a road of its own at the island's village: e walks 45 minutes."""
    roads = gpd.read_file(toy_study / "roads.geojson")
    line = shapely.LineString([(400_000, 4_240_000), (400_900, 4_240_000)])
    own = gpd.GeoDataFrame({"highway": ["residential"]}, geometry=[line], crs="EPSG:32651").to_crs(roads.crs)
    pd.concat([roads, own]).to_file(toy_study / "roads.geojson", driver="GeoJSON", COORDINATE_PRECISION=14)
    file = toy_study / "study.toml"
    text = file.read_text(encoding="utf-8")
    own_minutes = 'compare_modes = ["walk-frail"]\nminutes = '
    assert own_minutes + "15" in text
    file.write_text(text.replace(own_minutes + "15", own_minutes + "5"), encoding="utf-8")
    return toy_study


def test_past_the_search_the_minutes_of_the_nearest_are_told(isle: Path) -> None:
    results = qh.run_study(qh.read_study(isle))
    home = results.checks[0].communities
    assert home.loc[["w", "m", "e"], "minutes"].tolist() == [15, 15, 45]
    assert home["reason"].to_dict() == {"w": "too_long", "m": "too_long", "e": "too_long", "i": "no_way"}
    assert home.loc["e", "nearest"] == "d" and pd.isna(home.at["i", "minutes"])
    frail = results.compare[0].communities
    assert frail.at["e", "minutes"] == pytest.approx(2700 / (2304 / 60), abs=0.01)


@pytest.mark.parametrize(
    ("lang", "line", "why", "there"),
    [
        (
            "en",
            "for 3 the nearest facility is too far; for 1 no road leads to any facility",
            "no road leads to any facility",
            "no road leads to one",
        ),
        ("zh", "最近设施超过时限 3 个；没有路通到任何设施 1 个", "没有路通到任何设施", "没有路通到"),
    ],
)
def test_every_output_says_which_it_is(isle: Path, tmp_path: Path, lang: str, line: str, why: str, there: str) -> None:
    out = tmp_path / "out"
    qh.write_results(qh.run_study(qh.read_study(isle)), out, lang=lang)
    assert line in (out / "report.md").read_text(encoding="utf-8")
    assert there in (out / "map.html").read_text(encoding="utf-8")
    layer = gpd.read_file(out / "results.gpkg", layer="communities").set_index("id")
    assert layer.at["e", "home-care-circle_minutes"] == 45 and layer.at["i", "home-care-circle_reason"] == "no_way"
    book = openpyxl.load_workbook(out / "coverage.xlsx", read_only=True)
    cells = {str(c) for sheet in book for row in sheet.iter_rows(values_only=True) for c in row}
    assert why in cells and "45" in cells


def test_a_check_that_looked_no_farther_says_how_far(isle: Path, tmp_path: Path) -> None:
    results = qh.run_study(qh.read_study(isle))
    (home, *rest), found = results.checks, results.checks[0].communities.copy()
    found.loc["e", ["nearest", "minutes", "reason"]] = [None, float("nan"), "out_of_reach"]
    short = replace(home, communities=found, searched_minutes=10)
    qh.write_results(replace(results, checks=(short, *rest)), tmp_path / "out", lang="zh")
    assert "10 分钟内没有设施（只搜索到此）1 个" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "10 分钟内没有（只搜索到此）" in (tmp_path / "out" / "map.html").read_text(encoding="utf-8")


def test_the_words_of_the_tiers_say_how_far_is_searched() -> None:
    """``within twice the minutes``."""
    assert SEARCHED_BEYOND == 2
