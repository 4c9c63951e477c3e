"""The rows of the files in another order: the same bytes in every file, on a town that is all ties."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
from shapely.geometry import box

import quarterhour as qh
from shuffled import other_files, shuffle_study
from streets import X0, Y0, grid, write_streets

STEP_M, WIDE, HIGH = 450, 6, 4
STUDY = """
[study]
id = "grid"
zh = "棋盘镇"
en = "Grid town"
crs = "EPSG:32651"
reference_date = 2025-12-31
seed = 1

[roads]
path = "roads.geojson"
quality = "synthetic"

[communities]
path = "communities.csv"
columns = { id = "id", name = "name", x = "x", y = "y", town = "town", county = "county" }
people = ["older", "hardship"]
crs = "EPSG:32651"

[towns]
path = "towns.geojson"
columns = { id = "id", name = "name", county = "county" }

[[facilities]]
path = "facilities.csv"
columns = { id = "id", name = "name", kind = "kind", x = "x", y = "y" }
crs = "EPSG:32651"

[[tables]]
name = "deaths"
path = "deaths.csv"
quality = "synthetic"

[[circles]]
id = "home-care-circle"
zh = "居家养老服务圈"
en = "home-care circle"
kinds = ["day_care"]
mode = "walk"
minutes = 15
heading = "to_site"
people = "older"

[targets]
rules = ["weihai-14fyp", "cemetery"]

[[siting]]
id = "centres"
zh = "选址"
en = "centres"
kind = "day_care"
mode = "walk"
minutes = 8
people = "older"
objective = ["max-cover", "min-time"]
new_sites = 3
candidates = "communities"
frontier = 4
values = true
reserves = 2
phases = { per_year = 1, first_year = 2026 }
robust = { scenarios = 3, source = "假定" }

[[siting]]
id = "made"
zh = "生成的候选点"
en = "made candidates"
kind = "care_base"
mode = "ebike"
minutes = 5
people = "hardship"
objective = "max-cover"
new_sites = 2
candidates = "network"
candidate_count = 7

[[access]]
id = "beds"
zh = "床位"
en = "beds"
kinds = ["home"]
capacity = "beds"
people = "older"
share = 0.1
mode = "car"
minutes = 5
methods = ["2sfca", "dai"]

[beds]
kinds = ["home"]
share = 0.6
level = "city"
source = "假定"

[rounds]
kinds = ["care_base"]
people = "hardship"
mode = "ebike"
minutes = 6
visits_a_week = 3
visit_minutes = 45
turnout_minutes = 3
seconds = 3600

[graves]
table = "deaths"
eco_share = 0.6

[outputs]
papers = false
"""


def write_grid_town(folder: Path) -> Path:
    """A town of equal blocks, every community like the next: which of the equals is taken must hang on ids."""
    folder.mkdir()
    spots = [(i, j) for i in range(WIDE) for j in range(HIGH)]
    write_streets(folder, grid(WIDE, HIGH, STEP_M))
    towns = [f"t{i // 2 + 1}" for i, _ in spots]
    rows = [
        f"v{n},村{n},{X0 + STEP_M * i},{Y0 + STEP_M * j},{town},c1,40,{2 + n % 2}"
        for n, ((i, j), town) in enumerate(zip(spots, towns, strict=True), 1)
    ]
    _write(folder / "communities.csv", "id,name,x,y,town,county,older,hardship", rows)
    outlines = [box(X0 + STEP_M * (2 * k - 0.5), Y0 - 900, X0 + STEP_M * (2 * k + 1.5), Y0 + 2700) for k in range(3)]
    table = {"id": ["t1", "t2", "t3"], "name": ["甲镇", "乙镇", "丙镇"], "county": "c1"}
    towns_table = gpd.GeoDataFrame(table, geometry=outlines, crs="EPSG:32651").to_crs("EPSG:4326")
    towns_table.to_file(folder / "towns.geojson", driver="GeoJSON")
    at = [(0, 0), (5, 3), (0, 3), (5, 0), (2, 1), (3, 2)]
    kinds = ["day_care", "day_care", "care_base", "care_base", "home", "home"]
    sites = [
        f"f{n},点{n},{kind},{X0 + STEP_M * i},{Y0 + STEP_M * j},{20 if kind == 'home' else ''},"
        f"{2 if kind == 'home' else ''},{1000 if kind == 'home' else ''},{2 if kind == 'care_base' else ''}"
        for n, (kind, (i, j)) in enumerate(zip(kinds, at, strict=True), 1)
    ]
    _write(folder / "facilities.csv", "id,name,kind,x,y,beds,nursing_beds,bed_yuan,staff", sites)
    _write(folder / "deaths.csv", "town,name,deaths,backlog", ["t1,甲镇,30,5", "t2,乙镇,30,5", "t3,丙镇,30,5"])
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return folder


def _write(path: Path, heading: str, rows: list[str]) -> None:
    path.write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")


def _written(folder: Path, out: Path) -> tuple[qh.Results, Path]:
    results = qh.run_study(qh.read_study(folder), keep=out / "plans")
    qh.write_results(results, out)
    return results, out


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[qh.Results, Path], tuple[qh.Results, Path]]:
    home = tmp_path_factory.mktemp("grid")
    folder = write_grid_town(home / "grid")
    shuffled = shuffle_study(folder, home / "shuffled" / "grid", seed=3)
    return _written(folder, home / "one"), _written(shuffled, home / "other")


def test_every_part_is_there_and_has_ties(pair: tuple[tuple[qh.Results, Path], tuple[qh.Results, Path]]) -> None:
    (results, _), (other, _) = pair
    care, (first, made) = results.care, results.proposals
    assert care.rounds is not None and care.conversions and care.graves is not None and care.access
    behind = first.prospects
    assert behind.robust is not None and behind.phasing is not None and behind.values is not None
    assert first.plan.status == made.plan.status == "optimal"
    assert list(other.inputs.communities.index) == [f"v{n}" for n in range(1, WIDE * HIGH + 1)]
    assert list(other.inputs.facilities.index) == [f"f{n}" for n in range(1, 7)]


def test_the_same_bytes_in_every_file(pair: tuple[tuple[qh.Results, Path], tuple[qh.Results, Path]]) -> None:
    (_, one), (_, other) = pair
    names = {p.name for p in one.rglob("*") if p.is_file()}
    assert {"coverage.xlsx", "results.gpkg", "plan.json", "map.html", "report.md"} <= names
    assert other_files(one, other) == []
