"""The made country: the same bytes each time, what it promises to hold, and a study that runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from benchmarks.country.places import WITHOUT_PLACE
from benchmarks.country.plan import CROSSINGS, Sizes
from benchmarks.country.study import make_country
from quarterhour.io.osm import cut_osm, read_areas
from quarterhour.network.build import build_network
from quarterhour.network.modes import read_modes
from quarterhour.study.run import check_study, read_study_inputs
from quarterhour.study.study import read_study

SIZES = Sizes(junctions=1500, communities=40, facilities=30, towns_a_side=3)


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    folder = tmp_path_factory.mktemp("country")
    return folder, make_country(folder, count=2, sizes=SIZES)


@pytest.fixture(scope="module")
def inputs(country: tuple[Path, dict[str, int]]) -> Any:
    return read_study_inputs(read_study(country[0]))


def test_the_same_call_writes_the_same_bytes(country: tuple[Path, dict[str, int]], tmp_path: Path) -> None:
    folder, made = country
    assert make_country(tmp_path, count=2, sizes=SIZES) == made
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    assert [name for name in names if (folder / name).read_bytes() != (tmp_path / name).read_bytes()] == []


def test_a_prefecture_is_the_same_however_many_follow(country: tuple[Path, dict[str, int]], tmp_path: Path) -> None:
    make_country(tmp_path, count=1, sizes=SIZES)
    for name in ("communities.csv", "facilities.csv"):
        assert (country[0] / name).read_text("utf-8").startswith((tmp_path / name).read_text("utf-8"))


def test_it_holds_what_it_promises(country: tuple[Path, dict[str, int]]) -> None:
    folder, made = country
    assert json.loads((folder / "made.json").read_text("utf-8")) == made
    communities, facilities = (pd.read_csv(folder / f"{name}.csv", dtype=str) for name in ("communities", "facilities"))
    assert len(communities) == made["communities"] + made["communities_without_place"] == 2 * (40 + WITHOUT_PLACE)
    assert len(facilities) == made["facilities"] == 60
    assert communities["id"].is_unique and facilities["id"].is_unique
    towns, counties = (gpd.read_file(folder / f"{name}.geojson") for name in ("towns", "counties"))
    assert len(towns) == 2 * 3**2 + 1 and set(towns["county"]) == set(counties["id"])
    assert set(communities["town"]) <= set(towns["id"]) and set(towns["prefecture"]) == {"4101", "4102"}
    assert made["junctions"] == pytest.approx(2 * 1500, rel=0.3)


def test_every_row_that_is_read_is_used_or_set_aside(country: tuple[Path, dict[str, int]], inputs: Any) -> None:
    told = inputs.account.set_index("table")
    assert (told["rows"] == told[["used", "set_aside", "totals", "notes", "left_out"]].sum(axis=1)).all()
    assert told.loc["communities", "set_aside"] == country[1]["communities_without_place"]
    assert told.loc["facilities", "used"] == country[1]["facilities"]


def test_its_prefectures_and_the_island_are_one_network(inputs: Any) -> None:
    car = build_network(inputs.roads, read_modes()["car"], turns=inputs.turns)
    assert (car.component == 0).mean() > 0.99
    assert (inputs.roads["road_class"] == "ferry").sum() == 2
    links = inputs.roads[inputs.roads["name"] == "国道"]
    assert links.index.str.partition(".").get_level_values(0).nunique() == len(CROSSINGS)


def test_a_prefecture_cut_out_of_it_has_the_circles_of_the_whole(
    country: tuple[Path, dict[str, int]], tmp_path: Path
) -> None:
    areas = read_areas(country[0] / "counties.geojson", "prefecture")
    modes = [read_modes()[mode] for mode in ("walk", "ebike")]
    made = cut_osm(country[0] / "roads.osm.pbf", areas, tmp_path, modes=modes, minutes=30)
    counties = gpd.read_file(country[0] / "counties.geojson").set_index("id")["prefecture"]
    communities = pd.read_csv(country[0] / "communities.csv", dtype=str)
    communities[communities["county"].map(counties) == "4102"].to_csv(tmp_path / "communities.csv", index=False)
    for name in ("facilities.csv", "towns.geojson", "counties.geojson", "study.toml"):
        shutil.copy(country[0] / name, tmp_path)
    (tmp_path / made.loc["4102", "file"]).rename(tmp_path / "roads.osm.pbf")
    whole, part = (check_study(read_study(folder)).checks for folder in (country[0], tmp_path))
    for one, other in zip(whole, part, strict=True):
        assert len(other.communities) == 40
        pd.testing.assert_frame_equal(one.communities.loc[other.communities.index], other.communities)


def test_its_circles_are_worked_out(country: tuple[Path, dict[str, int]]) -> None:
    checks = check_study(read_study(country[0])).checks
    assert [len(check.communities) for check in checks] == [80, 80]
    assert all(0.2 < check.communities["met"].mean() < 0.95 for check in checks)
