"""A range of paces in a study whose roads have a ferry: who is inside always, sometimes, never."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest

import quarterhour as qh

WALKER = """
[modes.walker]
travels = "walk"
speed_kmh = 3.6
ferry_wait_minutes = 10
"""


@pytest.fixture
def crossing(toy_study: Path) -> Path:
    """The toy town, its first road a ferry of 7 minutes: 17 from w, 15 of walking from m; 12 for the frail."""
    roads = gpd.read_file(toy_study / "roads.geojson")
    roads["highway"] = ["ferry", "residential", "residential", "residential"]
    roads["minutes_along"] = roads["minutes_against"] = [7.0, None, None, None]
    roads.to_file(toy_study / "roads.geojson", driver="GeoJSON", COORDINATE_PRECISION=14)
    file = toy_study / "study.toml"
    text = file.read_text(encoding="utf-8")
    own = 'mode = "walk"\ncompare_modes = ["walk-frail"]\nminutes = 15'
    ranged = 'mode = "walker"\nminutes = 15\nuncertain = { speed = [0.8, 1.2] }'
    site = 'mode = "walk"\nminutes = 15\npeople = "older"\nnew_sites = 1'
    robust = site.replace('"walk"', '"walker"') + "\nrobust = { scenarios = 6, speed = [0.8, 1.2], people = 0.0 }"
    assert own in text and site in text
    file.write_text(text.replace(own, ranged).replace(site, robust) + WALKER, encoding="utf-8")
    return toy_study


def test_a_crossing_of_seventeen_minutes_is_never_a_quarter_of_an_hour(crossing: Path) -> None:
    results = qh.run_study(qh.read_study(crossing))
    (known,) = results.ranges
    assert known.communities["covered"].to_dict() == dict.fromkeys("eiw", "never") | {"m": "sometimes"}
    assert known.argument == "fixed_time"
    robust = results.proposals[0].prospects.robust
    assert robust is not None and robust.proven == 6


def test_the_page_says_what_the_pace_does_not_change(crossing: Path, tmp_path: Path) -> None:
    qh.write_results(qh.run_study(qh.read_study(crossing)), tmp_path / "out", lang="zh")
    assert "轮渡、候船" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")


def test_two_modes_and_a_factor_keep_the_crossing(crossing: Path) -> None:
    file = crossing / "study.toml"
    text = file.read_text(encoding="utf-8").replace(
        "speed = [0.8, 1.2] }", 'speed = [0.8, 1.2], modes = ["slow", "quick"] }', 1
    )
    slow, quick = (WALKER.replace("walker", n).replace("3.6", s) for n, s in (("slow", "3.0"), ("quick", "5.4")))
    file.write_text(text + slow + quick, encoding="utf-8")
    (known,) = qh.run_study(qh.read_study(file)).ranges
    assert known.communities["covered"].to_dict() == dict.fromkeys("eiw", "never") | {"m": "sometimes"}
