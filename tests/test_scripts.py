"""Scripts for planners: each runs on a small study, says what it should, and explains itself in both languages."""

from __future__ import annotations

import ast
import re
import runpy
import sys
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest

import quarterhour as qh

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted(path for path in (ROOT / "scripts").glob("*.py") if path.name not in ("make_weihai.py", "licences.py"))
CARE = '<tag k="amenity" v="social_facility"/><tag k="social_facility" v="day_care"/>'
CARE += '<tag k="social_facility:for" v="senior"/>'


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that scripts run in; ``my-city`` is the study of one street."""
    monkeypatch.chdir(tmp_path)
    qh.testing.small_study("my-city")
    return tmp_path


def sheets_of(file: str) -> dict[str, pd.DataFrame]:
    return pd.read_excel(file, sheet_name=None, engine="openpyxl")


def run(name: str, *arguments: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [name, *arguments])
        runpy.run_path(str(ROOT / "scripts" / f"{name}.py"), run_name="__main__")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_short_and_says_in_both_languages_what_it_does(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    with pytest.raises(SystemExit) as ended:
        run(path.stem, "--help")
    told = capsys.readouterr().out
    assert ended.value.code == 0 and f"scripts/{path.name} " in told
    for said in (ast.get_docstring(ast.parse(text)) or "", *re.findall(r'help="([^"]+)"', text)):
        assert re.search("[\u4e00-\u9fff]", said) and re.search("[A-Za-z]{2}", said), said


def test_readme_and_book_name_every_script() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs" / "book" / code / "scripts.md" for code in ("zh", "en"))]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert [path.name for path in SCRIPTS if f"scripts/{path.name}" not in text] == [], page


@pytest.mark.usefixtures("city")
def test_communities_outside_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    run("outside_list", "my-city", "home-care-circle", "outside.xlsx")
    (sheet, listed), *others = sheets_of("outside.xlsx").items()
    assert sheet == "示例数据，不可用于决策" and not others
    assert listed.loc[0, ["编号", "社区（村）", "服务对象人数"]].tolist() == ["e", "东村", 30] and len(listed) == 1
    assert listed.loc[0, "到最近设施的分钟数（空白：到不了）"] == 45
    assert "2 of 3 communities" in capsys.readouterr().out


def test_counts_of_few_that_are_guarded_are_not_listed(city: Path) -> None:
    study = city / "my-city" / "study.toml"
    table = city / "my-city" / "communities.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",30", ",3"), encoding="utf-8")
    study.write_text(study.read_text(encoding="utf-8") + '\n[privacy]\nguards = ["older"]\n', encoding="utf-8")
    run("outside_list", "my-city", "home-care-circle", "outside.xlsx")
    (listed,) = sheets_of("outside.xlsx").values()
    assert len(listed) and listed["服务对象人数"].isna().all()


@pytest.mark.usefixtures("city")
def test_shares_stand_by_level() -> None:
    run("shares_table", "my-city", "home-care-circle", "shares.xlsx", "--lang", "en")
    sheets = sheets_of("shares.xlsx")
    assert {"demo-city", "demo-county", "demo-town"} <= set(sheets)
    assert sheets["demo-city"].loc[0, ["people", "people inside"]].tolist() == [180, 150]


@pytest.mark.usefixtures("city")
def test_two_scenarios_are_held_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    changes = ["--close", "d", "--add", "day_care,121.9095,37.4919", "--minutes", "20"]
    run("compare_scenarios", "my-city", "change.xlsx", *changes)
    assert "30 人进圈，150 人出圈" in capsys.readouterr().out
    moved = sheets_of("change.xlsx")["示例-communities"].set_index("community")["change"]
    assert moved.to_dict() == {"e": "gained", "m": "lost", "w": "lost"}


@pytest.mark.usefixtures("city")
def test_the_next_sites_come_in_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    run("next_sites", "my-city", "centres", "2", "sites.xlsx")
    sites = pd.read_excel("sites.xlsx", engine="openpyxl").set_index("id")
    assert sites.loc["e", ["order", "name", "gain"]].tolist() == [1, "东村", 30]
    assert sites.loc["e", "lon"] == pytest.approx(121.9095, abs=1e-4)
    assert "已证明为最优" in capsys.readouterr().out
    with pytest.raises(SystemExit, match=r"nowhere \(centres\)"):
        run("next_sites", "my-city", "nowhere", "2", "sites.xlsx")


def test_an_own_city_comes_to_a_first_map(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corners = "".join(
        f'<node id="{i}" lat="37.5" lon="{lon}" version="1"/>' for i, lon in ((1, 122.1), (2, 122.108), (3, 122.13))
    )
    care = f'<node id="9" lat="37.5001" lon="122.1079" version="1">{CARE}</node>'
    street = '<way id="5" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/></way>'
    (city / "city.osm").write_text(f'<osm version="0.6">{corners}{care}{street}</osm>', encoding="utf-8")
    table = "编号,名称,经度,纬度,老年人\na,西街,122.1001,37.5001,120\nb,东街,122.1299,37.4999,40\n"
    (city / "communities.csv").write_text(table, encoding="utf-8")
    run("own_city", "city.osm", "communities.csv", "first", "--people", "老年人")
    assert "1 of 2 communities, 75.0%" in capsys.readouterr().out
    assert (city / "first" / "map.html").stat().st_size > 100_000
    with pytest.raises(SystemExit, match="first"):
        run("own_city", "city.osm", "communities.csv", "first", "--people", "老年人")


def test_a_map_a_table_and_pictures_are_written(city: Path) -> None:
    run("gap_map", "my-city", "map.html")
    run("nearest_table", "my-city", "day_care", "30", "nearest.xlsx")
    run("ground_reached", "my-city", "home-care-circle", "5", "10", "ground.gpkg")
    assert (city / "map.html").stat().st_size > 100_000
    assert "中村" in pd.read_excel("nearest.xlsx", engine="openpyxl")["name"].tolist()
    assert gpd.read_file("ground.gpkg")["minutes"].tolist() == [5, 10]
    with pytest.raises(SystemExit, match=r"nowhere \(home-care-circle\)"):
        run("ground_reached", "my-city", "nowhere", "5", "ground.gpkg")


@pytest.mark.usefixtures("city")
def test_what_is_wrong_is_one_line() -> None:
    for name, rest in (("gap_map", ["map.html"]), ("outside_list", ["home-care-circle", "o.xlsx"])):
        with pytest.raises(SystemExit, match="nowhere"):
            run(name, "nowhere", *rest)
    with pytest.raises(SystemExit, match="home-care-circle"):
        run("outside_list", "my-city", "home-care", "o.xlsx")


def test_names_that_are_formulas_stay_texts(city: Path) -> None:
    table = city / "my-city" / "communities.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("东村", "=1+1"), encoding="utf-8")
    run("outside_list", "my-city", "home-care-circle", "outside.xlsx")
    run("compare_scenarios", "my-city", "change.xlsx", "--minutes", "60")
    run("nearest_table", "my-city", "day_care", "60", "nearest.xlsx")
    run("next_sites", "my-city", "centres", "1", "sites.xlsx")
    for book in ("outside.xlsx", "change.xlsx", "nearest.xlsx", "sites.xlsx"):
        cells = [c for sheet in openpyxl.load_workbook(book) for row in sheet for c in row if c.value == "=1+1"]
        assert cells and {cell.data_type for cell in cells} == {"s"}
