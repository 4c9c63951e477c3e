"""One order of building: map, workbook, report, plan.json and layers number the sites alike, and by year."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

import quarterhour as qh
from quarterhour.siting.proof.plan_record import verify_record
from quarterhour.study.results import Results
from tables import book_tables

QUESTION = """
[candidates]
path = "candidates.csv"
columns = { id = "id", name = "name", x = "x", y = "y" }
crs = "EPSG:32651"

[[siting]]
id = "clinics"
zh = "诊所选址"
en = "clinics"
kind = "clinic"
mode = "walk"
minutes = 15
people = "older"
new_sites = 3
required = ["mid"]
candidates = "table"
phases = { per_year = 2, first_year = 2026 }
"""
"""Four villages of 10, 20, 20 and 10 people, 900 m apart, and three places; 900 m are 15 minutes on foot.

::

    10        left       20        mid        20       right      10
    0 ------- 450 ------ 900 ----- 1350 ----- 1800 --- 2250 ----- 2700

``mid`` has most people near it and must be built; but ``left`` and ``right`` together cover all, so they come first.
"""


@pytest.fixture
def street(toy_study: Path) -> Path:
    places = [("a", 0, 10), ("b", 900, 20), ("c", 1800, 20), ("d2", 2700, 10)]
    rows = "".join(f"{i},{i}村,{400_000 + x},4150000,t1,c1,{n},0\n" for i, x, n in places)
    (toy_study / "communities.csv").write_text("id,name,x,y,town,county,older,hardship\n" + rows, encoding="utf-8")
    sites = [("left", "左所", 450), ("mid", "中所", 1350), ("right", "右所", 2250)]
    rows = "".join(f"{i},{n},{400_000 + x},4150000\n" for i, n, x in sites)
    (toy_study / "candidates.csv").write_text("id,name,x,y\n" + rows, encoding="utf-8")
    file = toy_study / "study.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text[: text.index("[[siting]]")] + QUESTION, encoding="utf-8")
    return toy_study


@pytest.fixture
def written(street: Path, tmp_path: Path) -> tuple[Results, Path]:
    results = qh.run_study(qh.read_study(street), keep=tmp_path / "plans")
    qh.write_results(results, tmp_path)
    return results, tmp_path


def test_the_years_order_the_plan_and_gains_are_those_of_that_order(written: tuple[Results, Path]) -> None:
    (proposal,) = written[0].proposals
    assert proposal.plan.chosen == ("left", "right", "mid")
    assert proposal.plan.gain.to_dict() == {"left": 30, "right": 30, "mid": 0}
    assert proposal.years == {"left": 2026, "right": 2026, "mid": 2027}
    phasing = proposal.prospects.phasing
    assert phasing is not None and phasing.order == proposal.plan.chosen
    assert [list(s) for s in phasing.steps["sites"]] == [[], ["left", "right"], ["mid"]]
    assert proposal.plan.gain.sum() == proposal.plan.covered - proposal.plan.covered_before


def test_every_output_numbers_the_sites_alike(written: tuple[Results, Path]) -> None:
    out = written[1]
    names, years = ["左所", "右所", "中所"], [2026, 2026, 2027]
    (record,) = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    assert [(s["name"], s["order"]) for s in record["sites"]] == list(zip(names, (1, 2, 3), strict=True))
    assert [step["sites"] for step in record["phases"]["steps"]] == [[], ["left", "right"], ["mid"]]
    verify_record(record)
    kept = json.loads((out / "plans" / "clinics.json").read_text(encoding="utf-8"))
    assert kept["sites"] == record["sites"]

    book = book_tables(out / "coverage.xlsx")["拟建点"]
    assert book["名称"].tolist() == names and book["建设次序"].tolist() == [1, 2, 3]
    assert book["建设年份"].astype(int).tolist() == years

    page = (out / "report.md").read_text(encoding="utf-8")
    assert [page.index(f"| {n} | {y} | {name} |") for n, y, name in zip((1, 2, 3), years, names, strict=True)]
    assert "左所、右所" in page

    text = (out / "map.html").read_text(encoding="utf-8")
    shown = json.loads(text.split("window.quarterhourPicture=", 1)[1].split(";</script>", 1)[0])
    assert shown["plans"][0]["site"] == names and shown["plans"][0]["year"] == ["2026", "2026", "2027"]

    layer = gpd.read_file(out / "results.gpkg", layer="sites")
    assert layer.sort_values("order")["name"].tolist() == names
    assert layer.sort_values("order")["year"].tolist() == years


def test_no_site_of_the_embedded_study_is_numbered_before_one_of_an_earlier_year(weihai_run: Results) -> None:
    for proposal in weihai_run.proposals:
        years = [proposal.years[site] for site in proposal.plan.chosen]
        assert years == sorted(years)
        gains = proposal.plan.gain.groupby(pd.Series(years, index=proposal.plan.gain.index))
        assert all(list(g) == sorted(g, reverse=True) for _, g in gains)
