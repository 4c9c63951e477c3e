"""Money and staff by fiscal year, from the study file to plan.json and back: worked by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import quarterhour as qh
from quarterhour.base.errors import PlanError, StudyError
from quarterhour.report.needs.money_sections import money_sections
from quarterhour.report.siting_sections import siting_sections
from quarterhour.siting.audit import record_lines
from quarterhour.siting.proof.money_record import verify_money
from quarterhour.study.results import Results
from tables import book_tables

TABLE = """
[candidates]
path = "parcels.csv"
columns = { id = "id", name = "name", x = "x", y = "y", town = "town", county = "county" }
crs = "EPSG:32651"
quality = "synthetic"
"""
PARCELS = """id,name,x,y,town,county,cost_yuan,running_yuan,beds,staff
p1,甲,401800,4150000,t1,c1,300,20,10,2
p2,乙,403600,4150000,t1,c2,100,,5,1
p3,丙,400000,4240000,t1,c1,,30,,
"""


@pytest.fixture
def priced(toy_study: Path) -> Path:
    """Three sites in two counties to build; p2 serves the east, the others nobody who has no site."""
    file = toy_study / "study.toml"
    text = file.read_text(encoding="utf-8").replace('candidates = "communities"', 'candidates = "table"')
    text = text.replace("new_sites = 1", 'new_sites = 3\nrequired = ["p1", "p2", "p3"]')
    file.write_text(text, encoding="utf-8")
    (toy_study / "parcels.csv").write_text(PARCELS, encoding="utf-8")
    return toy_study


def asked(folder: Path, keys: str) -> Path:
    """The study with further keys of its siting question."""
    file = folder / "study.toml"
    file.write_text(file.read_text(encoding="utf-8") + keys + TABLE, encoding="utf-8")
    return folder


def run(folder: Path) -> Results:
    return qh.run_study(qh.read_study(folder))


YEARLY = "phases = { per_year = 1, first_year = 2026 }\n"
FIGURES = "money = { cost_yuan = 50, running_yuan = 8, beds = 4, staff = 3, source = '示例' }\n"


def test_a_year_and_a_county_come_to_their_sites_by_hand(priced: Path) -> None:
    """p2 first (30 people in the east), then p1 and p3, which cover nobody more, in the order of their table."""
    found = run(asked(priced, YEARLY + FIGURES)).programme
    assert found is not None
    sites = found.sites.set_index("site")
    assert sites["year"].to_dict() == {"p2": 2026, "p1": 2027, "p3": 2028}
    assert sites.loc["p3", ["capital_yuan", "running_yuan", "beds", "staff"]].tolist() == [50, 30, 4, 3]
    assert sites.loc["p2", ["capital_yuan", "running_yuan", "beds", "staff"]].tolist() == [100, 8, 5, 1]
    years = found.years.set_index(["year", "county"])
    columns = ["sites", "capital_yuan", "running_yuan", "staff", "beds", "people"]
    assert years.loc[(2026, "c1"), columns].tolist() == [0, 0, 0, 0, 0, 0]
    assert years.loc[(2026, "c2"), columns].tolist() == [1, 100, 0, 1, 5, 30]
    assert years.loc[(2027, "c1"), columns].tolist() == [1, 300, 0, 2, 10, 0]
    assert years.loc[(2028, "c1"), columns].tolist() == [1, 50, 20, 3, 4, 0]
    assert years.loc[(2029, "c1"), columns].tolist() == [0, 0, 50, 0, 0, 0]
    assert years.loc[(2029, "c2"), columns].tolist() == [0, 0, 8, 0, 0, 0]
    totals = found.totals.set_index("year")
    assert totals["capital_yuan"].to_dict() == {2026: 100, 2027: 300, 2028: 50, 2029: 0}
    assert totals["running_yuan"].to_dict() == {2026: 0, 2027: 8, 2028: 28, 2029: 58}
    assert totals["beds_so_far"].to_dict() == {2026: 5, 2027: 15, 2028: 19, 2029: 19}


SECOND = """
[[siting]]
id = "bases"
zh = "基地"
en = "bases"
kind = "care_base"
mode = "walk"
minutes = 15
people = "older"
new_sites = 1
candidates = "communities"
phases = { per_year = 1, first_year = 2026 }
money = { cost_yuan = 7, running_yuan = 5, beds = 0, staff = 1 }
"""


def test_a_year_adds_up_over_questions_of_which_one_is_done_sooner(priced: Path) -> None:
    """The base is built in 2026 and run ever after, also in the years in which only the other question builds."""
    found = run(asked(priced, YEARLY + FIGURES + SECOND)).programme
    assert found is not None
    every = found.totals[found.totals["question"].eq("")].set_index("year")
    assert every["running_yuan"].to_dict() == {2026: 0, 2027: 8 + 5, 2028: 28 + 5, 2029: 58 + 5}
    assert every["capital_yuan"].to_dict() == {2026: 107, 2027: 300, 2028: 50, 2029: 0}
    assert every["people"].isna().all()


def test_running_may_count_from_the_year_of_building(priced: Path) -> None:
    figures = FIGURES.replace("}", ", running_from = 'same_year' }")
    found = run(asked(priced, YEARLY + figures)).programme
    assert found is not None
    assert found.totals.set_index("year")["running_yuan"].to_dict() == {2026: 8, 2027: 28, 2028: 58, 2029: 58}


def test_what_nobody_says_is_no_data_and_never_zero(priced: Path, tmp_path: Path) -> None:
    results = run(asked(priced, YEARLY))
    found = results.programme
    assert found is not None
    totals = found.totals.set_index("year")
    assert totals.at[2026, "capital_yuan"] == 100 and pd.isna(totals.at[2028, "capital_yuan"])
    assert pd.isna(totals.at[2027, "running_yuan"]) and pd.isna(totals.at[2028, "beds_so_far"])
    for lang, word in (("zh", "无数据"), ("en", "no data")):
        section = next(s for s in money_sections(results, lang) if s.key == "programme")
        assert section.table["capital_yuan"].tolist() == [100, 300, word, 0]
        assert any("cost_yuan" in line for line in section.lines)
    qh.write_results(results, tmp_path / "out")
    book = book_tables(tmp_path / "out" / "coverage.xlsx")
    assert {"年度投资", "年度×区市", "逐点投资"} <= set(book)
    assert book["年度×区市"]["建设投资（元）"].tolist()[:5] == [0, 100, 300, 0, "无数据"]
    (record,) = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))
    held = verify_money(record)
    assert held is not None and held.capital_yuan is None and held.sites == 3


def test_a_question_without_years_has_its_money_in_a_row_of_its_own(priced: Path, tmp_path: Path) -> None:
    """What the three sites cost to run is told as if they stood, and never as nothing."""
    results = run(asked(priced, FIGURES))
    found = results.programme
    assert found is not None
    row = found.totals[["running_yuan", "staff", "staff_so_far", "beds", "beds_so_far"]].iloc[0]
    assert row.tolist() == [20 + 8 + 30, 6, 6, 19, 19]
    section = next(s for s in money_sections(results, "zh") if s.key == "programme")
    assert any("没有排入年份" in line for line in section.lines)
    qh.write_results(results, tmp_path / "out")
    (record,) = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))
    assert verify_money(record) is not None
    assert found.years["year"].isna().all() and found.totals["capital_yuan"].tolist() == [450]


def test_a_study_that_speaks_of_neither_has_no_programme(toy_run: Results) -> None:
    assert toy_run.programme is None and not list(money_sections(toy_run, "zh"))


def test_the_money_of_each_year_is_kept_and_told(priced: Path, tmp_path: Path) -> None:
    """60 a year saved up: p2 (100, for 30 people) in 2027, then p3 (50) and, for nobody more, p1 (300) in 2033."""
    keys = "phases = { first_year = 2026, cap_yuan_a_year = 60, carry_over = true }\n" + FIGURES
    results = run(asked(priced, keys))
    (proposal,) = results.proposals
    assert proposal.years == {"p2": 2027, "p3": 2028, "p1": 2033}
    money = proposal.prospects.phasing.money  # type: ignore[union-attr]
    assert money is not None and money["left_yuan"].tolist() == [0, 60, 20, 30, 90, 150, 210, 270, 30]
    section = next(s for s in siting_sections(results, "zh") if s.key == "phases")
    assert any("2026、2029、2030、2031、2032" in line for line in section.lines)
    qh.write_results(results, tmp_path / "out")
    (record,) = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))
    assert record["money"]["caps"][0] == {"year": 2026, "cap_yuan": 60, "carry_over": True}
    said = list(record_lines("centres", record, "zh"))
    assert any("各年未超出可用资金" in line and "450" in line for line in said)


def test_a_site_that_no_year_can_pay_for_is_told(priced: Path, tmp_path: Path) -> None:
    keys = "phases = { first_year = 2026, budget_by_year = [100, 50] }\n" + FIGURES
    results = run(asked(priced, keys))
    (proposal,) = results.proposals
    assert proposal.years == {"p2": 2026, "p3": 2027}
    assert proposal.plan.chosen == ("p2", "p3", "p1")
    for lang, said in (("zh", "造价高于任何一年的可用资金"), ("en", "no year can pay for 甲")):
        section = next(s for s in siting_sections(results, lang) if s.key == "phases")
        assert any(said in line for line in section.lines)
    found = results.programme
    assert found is not None and found.totals["capital_yuan"].tolist() == [100, 50, 0, 300]
    qh.write_results(results, tmp_path / "out")
    (record,) = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))
    held = verify_money(record)
    assert held is not None and (held.sites, held.capital_yuan) == (2, 150)


def test_money_that_was_tampered_with_is_found(priced: Path, tmp_path: Path) -> None:
    keys = "phases = { first_year = 2026, budget_by_year = [100, 50, 300] }\n" + FIGURES
    qh.write_results(run(asked(priced, keys)), tmp_path / "out")
    (record,) = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))
    assert verify_money(record) is not None

    def changed(path: list[str | int], value: object) -> dict[str, object]:
        made = json.loads(json.dumps(record))
        here = made["money"]
        for key in path[:-1]:
            here = here[key]
        here[path[-1]] = value
        return made  # type: ignore[no-any-return]

    for path, value in (
        (["sites", 0, "cost_yuan"], 99), (["sites", 0, "year"], 2027), (["sites", 0, "id"], "p9"),
        (["years", 0, "capital_yuan"], 1), (["years", 1, "running_yuan"], None), (["years", 0, "sites"], 2),
        (["caps", 0, "cap_yuan"], 99), (["sites", 0, "beds"], -5), (["sites", 0, "cost_yuan"], "a"), (["caps"], 7),
        (["years"], []),
    ):  # fmt: skip
        with pytest.raises(PlanError):
            verify_money(changed(path, value))


def test_layers_hold_what_a_site_costs(priced: Path, tmp_path: Path) -> None:
    import pyogrio

    qh.write_results(run(asked(priced, YEARLY + FIGURES)), tmp_path / "out")
    layer = pyogrio.read_dataframe(tmp_path / "out" / "results.gpkg", layer="sites").set_index("name")
    assert layer["cost_yuan"].to_dict() == {"乙": 100, "丙": 50, "甲": 300}
    assert layer.loc["甲", ["running_yuan", "beds", "staff"]].tolist() == [20, 10, 2]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("phases = { first_year = 2026 }\n", "per_year"),
        ("phases = { first_year = 2026, cap_yuan_a_year = 0 }\n", "cap_yuan_a_year"),
        ("phases = { first_year = 2026, cap_yuan_a_year = 5, budget_by_year = [5] }\n", "cap_yuan_a_year"),
        ("phases = { first_year = 2026, budget_by_year = [-1] }\n", "budget_by_year"),
        ("phases = { first_year = 2026, budget_by_year = [1.5] }\n", "budget_by_year"),
        ("phases = { first_year = 2026, per_year = 1, carry_over = true }\n", "carry_over"),
        ("money = { cost_yuan = -1 }\n", "cost_yuan"),
        ("money = { running_from = 'never' }\n", "running_from"),
        ("money = { cost = 1 }\n", "cost"),
        ("money = { cost_yuan = 1 }\nbudget = { new_each = 1 }\n", r"budget\.new_each"),
        ("money = { running_yuan = 1 }\nbudget = { running_each = 1, new_each = 1 }\n", r"budget\.running_each"),
    ],
)
def test_what_cannot_be_meant_is_told_by_line_and_field(priced: Path, keys: str, said: str) -> None:
    with pytest.raises(StudyError, match=said) as told:
        qh.read_study(asked(priced, keys))
    assert "study.toml:" in str(told.value)


def test_years_by_money_want_every_cost_and_bad_cells_are_named(priced: Path) -> None:
    with pytest.raises(StudyError, match="p3"):
        run(asked(priced, "phases = { first_year = 2026, cap_yuan_a_year = 60 }\n"))
    for cell in ("abc", "-3", "1.5"):
        (priced / "parcels.csv").write_text(PARCELS.replace(",300,", f",{cell},"), encoding="utf-8")
        with pytest.raises(StudyError, match="p1"):
            run(priced)


@pytest.mark.parametrize("head", ["造价（万元）", "估算投资_亿元"])
def test_costs_under_a_head_in_other_units_are_refused(priced: Path, head: str) -> None:
    (priced / "parcels.csv").write_text(PARCELS.replace("cost_yuan", head), encoding="utf-8")
    file = asked(priced, YEARLY) / "study.toml"
    text = file.read_text(encoding="utf-8").replace('county = "county" }\ncrs = "EPSG:32651"\nquality', "@")
    new = f'county = "county", cost_yuan = "{head}" }}\ncrs = "EPSG:32651"\nquality'
    file.write_text(text.replace("@", new), encoding="utf-8")
    with pytest.raises(StudyError, match="read in yuan"):
        qh.read_study(priced)
