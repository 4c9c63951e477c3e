"""Names wherever an id stands, also without rules; headings that say what they count; ties told as ties."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import quarterhour as qh
from quarterhour.base.planar import inner_points
from quarterhour.maps.columns import xy_of
from quarterhour.report.console import summary_lines
from quarterhour.report.score_sections import rank_said
from quarterhour.report.service_sections import _overlay
from quarterhour.report.write import page
from quarterhour.standards.league import outside_table
from quarterhour.study.results import Results
from tables import book_tables


@pytest.fixture
def without_rules(toy_study: Path) -> Path:
    """The toy town without rules: its towns and county have names, the rows say ids."""
    rows = (toy_study / "communities.csv").read_bytes().decode("gb18030")
    east = [line.replace(",t1,", ",t2,") if line.startswith("e,") else line for line in rows.splitlines()]
    (toy_study / "communities.csv").write_text("\n".join(east) + "\n", encoding="utf-8")
    (toy_study / "towns.csv").write_text("id,name,county\nt1,西镇,c1\nt2,东镇,c1\n", encoding="utf-8")
    (toy_study / "counties.csv").write_text("id,name\nc1,某县\n", encoding="utf-8")
    file = toy_study / "study.toml"
    text = file.read_text(encoding="utf-8").replace('[targets]\nrules = ["weihai-14fyp"]\n', "")
    text += '\n[towns]\npath = "towns.csv"\ncolumns = { id = "id", name = "name", county = "county" }\n'
    text += '\n[counties]\npath = "counties.csv"\ncolumns = { id = "id", name = "name" }\n'
    file.write_text(text, encoding="utf-8")
    return toy_study


def test_towns_and_counties_go_by_their_names_in_every_output_without_rules(
    without_rules: Path, tmp_path: Path
) -> None:
    results = qh.run_study(qh.read_study(without_rules))
    assert results.scorecard is None or results.scorecard.rows.empty
    qh.write_results(results, tmp_path)
    sheets = book_tables(tmp_path / "coverage.xlsx")
    assert dict(zip(sheets["社区（村）"]["名称"], sheets["社区（村）"]["镇街"], strict=True)) == {
        "西村": "西镇", "中村": "西镇", "东村": "东镇", "孤岛村": "西镇",
    }  # fmt: skip
    assert set(sheets["社区（村）"]["区市"]) == {"某县"}
    assert set(sheets["镇街"]["名称"]) >= {"西镇", "东镇"}
    assert sheets["拟建点"][["镇街", "区市"]].to_numpy().tolist() == [["东镇", "某县"]]
    nearest = next(c for c in sheets["社区（村）"] if "居家养老服务圈" in c and c.endswith("最近设施"))
    assert sheets["社区（村）"][nearest].dropna().unique().tolist() == ["日间照料"]
    told = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "| 某县 |" in told and "西镇" in told
    assert not re.search(r"\| (t1|t2|c1) \|", told)
    text = (tmp_path / "map.html").read_text(encoding="utf-8")
    shown = json.loads(text.split("window.quarterhourPicture=", 1)[1].split(";</script>", 1)[0])
    assert set(shown["communities"]["town"]["text"]) == {"西镇", "东镇"}


def test_towns_are_ranked_by_people_outside_and_ties_are_told(toy_run: Results) -> None:
    table = outside_table(toy_run.checks)
    of_all = sum(c.shares.set_index("level").loc["city", "people"] for c in toy_run.checks)
    met = sum(c.shares.set_index("level").loc["city", "people_met"] for c in toy_run.checks)
    assert table["outside"].sum() == of_all - met
    assert [rank_said(1, True, "zh"), rank_said(3, False, "zh"), rank_said(1, True, "en")] == [
        "并列第1名", "第3名", "1 (tied)",
    ]  # fmt: skip
    two = pd.concat([toy_run.checks[0].shares.assign(area=a) for a in ("x", "y")])
    tied = outside_table([replace(toy_run.checks[0], shares=two[two["level"] == "town"])])
    assert tied["tied"].all() and tied["rank"].tolist() == [1, 1]


def test_a_kind_without_any_facility_heads_the_results_and_has_no_share(toy_study: Path) -> None:
    rows = (toy_study / "facilities.csv").read_text(encoding="utf-8").splitlines()
    kept = [row for row in rows if "care_base" not in row]
    (toy_study / "facilities.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    results = qh.run_study(qh.read_study(toy_study), siting=False)
    check = next(c for c in results.checks if c.circle.id == "care-circle")
    assert check.absent == ("care_base",) and check.impossible
    lines = summary_lines(results, "zh")
    assert lines[0].startswith("照料护理服务圈：数据中没有一处照料护理基地")
    assert not any(line.startswith("照料护理服务圈") and "0.0%" in line for line in lines[:3])
    told = page(results, "zh")
    assert told.split("## 摘要\n\n")[1].startswith("照料护理服务圈：数据中没有一处照料护理基地")
    row = next(line for line in told.splitlines() if line.startswith("| 照料护理服务圈 |"))
    assert "| — |" in row and "0.0%" not in row.split("| 特困人员 |")[1].split("| — |")[0]
    found = results.findings[results.findings["rule"] == "study.no_facility"]
    assert found["severity"].tolist() == ["warning"]


def test_the_headings_of_access_to_beds_say_what_is_counted(weihai_run: Results) -> None:
    told = page(weihai_run, "zh")
    heads = [line for line in told.splitlines() if "需要床位" in line and line.startswith("|")]
    assert any("时限内有机构可达的人数" in head for head in heads) and not any("候选点全建" in head for head in heads)


def test_no_id_file_or_solver_stands_before_a_leader(weihai_run: Results) -> None:
    """Before the annexes of the page; ids, hashes and who proved what are in these and in the workbook."""
    told = page(weihai_run, "zh").split("## 测算方法")[0]
    for name in ("scripts/", ".py", "Benders", "HiGHS", "counting", "state-farmland", "shandong-", "draft-housing",
                 "horizon-years", "three-tier", "social_workers", "communities”", "beds-for-older-people",
                 "elderly-centre-0", "town-cemetery-0"):  # fmt: skip
        assert name not in told, name
    assert "按“距铁路500米”" in told and "耕地（土地管理法）" in told
    for word in ("把握程度", "合成", "吸附"):
        assert word not in told


OUTLINES = {
    "box": shapely.box(0, 0, 1000, 1000),
    "crescent": shapely.Point(0, 0).buffer(1000).difference(shapely.Point(300, 0).buffer(950)),
}


@pytest.mark.parametrize(
    ("lang", "told"), [("zh", ["坡度过陡", "不可建的地类"]), ("en", ["too steep", "land that may not"])]
)
def test_cells_that_are_too_steep_or_of_another_cover_are_told_in_words(lang: str, told: list[str]) -> None:
    cells = pd.DataFrame({"town": ["t1"], "lawful": [False]})
    removed = pd.DataFrame({"slope": [1], "land_cover": [0]}, index=pd.Index(["t1"]))
    overlay = SimpleNamespace(cells=cells, cell_m=100.0, removed=removed, unchecked=(), reported={})
    parcels = pd.DataFrame({"town": ["t1"], "area_m2": [1.0], "score": [1.0], "quality": ["fact"]}, index=["p1"])
    care: Any = SimpleNamespace(overlay=overlay, parcels=parcels)
    table = next(_overlay(care, {"t1": "一镇"}, {}, lang)).table
    heads = [str(c) for c in table if str(c).startswith("removed@")]
    assert all(word in head for word, head in zip(told, heads, strict=True))


@pytest.mark.parametrize("name", sorted(OUTLINES))
def test_an_outline_is_drawn_at_its_inner_point_in_the_plane(name: str) -> None:
    """Far north a middle in degrees of a long shape is another place; a crescent's middle lies outside it."""
    shape = shapely.transform(OUTLINES[name], lambda xy: xy + (400_000, 4_150_000))
    (point,) = inner_points([shape])
    inside = shape.covers(shape.centroid)
    assert inside == (name == "box") and shape.covers(point)
    assert not inside or point.equals(shape.centroid)
    frame = gpd.GeoDataFrame({"name": [name]}, geometry=[shape], crs="EPSG:32651")
    where = xy_of(frame, "communities")
    drawn = gpd.GeoSeries(gpd.points_from_xy(where["x"], where["y"]), crs=4326).to_crs(32651).iloc[0]
    assert drawn.distance(point) < 1.0


def test_outlines_in_degrees_become_points_in_the_plane_of_the_study() -> None:
    """A strip of 4 degrees: its middle in degrees lies kilometres from its middle on the ground."""
    strip = shapely.Polygon([(121, 36), (125, 38), (125, 38.2), (121, 36.2)])
    frame = gpd.GeoDataFrame({"id": ["s"], "name": ["条"], "older": [1]}, geometry=[strip], crs=4326)
    places, _ = qh.as_places(frame, table="communities", crs="EPSG:32651", people=("older",))
    plane = gpd.GeoSeries([strip], crs=4326).to_crs(32651).iloc[0]
    assert places.geometry.iloc[0].distance(plane.centroid) < 0.01
    degrees = gpd.GeoSeries([strip.centroid], crs=4326).to_crs(32651).iloc[0]
    assert degrees.distance(plane.centroid) > 100
