"""One phrase, one count: what workbook, report, map and plan say under one name is one number, defined once."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import quarterhour as qh
from graves import write_graves_study
from quarterhour.report.glossary import glossary
from quarterhour.siting.proof.most_placed import most_placed_today
from quarterhour.study.results import Results
from tables import book_tables

GRAVES = """
capacity = { unit = "graves", column = "free", source = "示例" }
frontier = 2
phases = { per_year = 1, first_year = 2026 }

[[tables]]
name = "deaths"
path = "deaths.csv"

[graves]
table = "deaths"
eco_share = 0.5

[candidates]
path = "parcels.csv"
columns = { id = "id", name = "name", x = "x", y = "y" }
crs = "EPSG:32651"
"""
PLACED_BEFORE, IN_REACH, ROOM = 24, 60, 24
"""The yard of the street holds 24 graves; 40 + 20 of the 75 that are needed are within reach of it."""


@pytest.fixture
def out(toy_study: Path, tmp_path: Path) -> tuple[Results, Path]:
    """The toy street needs 75 graves; the yard in reach of the first two villages has room for 24 only."""
    parcels = "id,name,x,y,free\np1,近地,401800,4150000,25\np2,远地,403600,4150000,20\n"
    write_graves_study(toy_study, GRAVES, yard=ROOM, parcels=parcels)
    results = qh.run_study(qh.read_study(toy_study))
    qh.write_results(results, tmp_path)
    return results, tmp_path


def number(pattern: str, text: str) -> int:
    (found,) = set(re.findall(pattern, text))
    return int(found.replace(",", ""))


def test_before_and_after_are_both_placed_in_every_output(out: tuple[Results, Path]) -> None:
    results, folder = out
    (proposal,) = results.proposals
    plan = proposal.plan
    assert plan.placed and plan.placed_before == plan.before == PLACED_BEFORE == proposal.prospects.now
    assert plan.covered_before == IN_REACH
    assert most_placed_today(proposal.problem) == PLACED_BEFORE

    (record,) = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    assert (record["placed_before"], record["covered"]) == (PLACED_BEFORE, plan.covered)

    page = (folder / "report.md").read_text(encoding="utf-8")
    assert set(re.findall(r"可安置(?:墓穴)?由 ([\d,]+) 增至 ([\d,]+) 穴", page)) == {
        (f"{PLACED_BEFORE}", f"{plan.covered}")
    }
    assert number(r"现状可安置 ([\d,]+) 穴", page) == PLACED_BEFORE
    assert number(r"不计容量，现有设施可达 ([\d,]+) 穴", page) == IN_REACH
    assert number(r"现有设施容量 ([\d,]+) 穴", page) == ROOM

    sheets = book_tables(folder / "coverage.xlsx")
    (row,) = sheets["选址方案"].to_dict("records")
    assert (row["建成前覆盖（或安置）"], row["建成后覆盖（或安置）"]) == (PLACED_BEFORE, plan.covered)
    assert row["现有设施可达（不计容量）"] == IN_REACH
    years = sheets["分年建设"]
    assert years["按本方案"].iloc[[0, -1]].tolist() == [PLACED_BEFORE, plan.covered]
    assert picture(folder)["plans"][0]["result"][1].startswith(
        f"新增 2 处；可安置墓穴由 {PLACED_BEFORE} 增至 {plan.covered} 穴"
    )


def picture(folder: Path) -> dict[str, Any]:
    text = (folder / "map.html").read_text(encoding="utf-8")
    shown: dict[str, Any] = json.loads(text.split("window.quarterhourPicture=", 1)[1].split(";</script>", 1)[0])
    return shown


def test_people_of_the_own_base_are_not_called_people_of_any_base(weihai_run: Results) -> None:
    page = qh_page(weihai_run)
    row = weihai_run.checks[0].shares.set_index("level").loc["city"]
    assert number(r"从本片区基地出发 15 分钟内能到的 ([\d,]+) 人", page) < int(row["people_met"])
    assert f"| {row['people_met']:,} | {row['people']:,} |" in page
    assert "从基地出发" not in page


def qh_page(results: Results, lang: str = "zh") -> str:
    from quarterhour.report.write import page

    return page(results, lang)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_phrase_has_one_definition_and_stands_in_report_and_workbook(out: tuple[Results, Path], lang: str) -> None:
    results, folder = out
    terms = glossary(lang)
    assert len({term for term, _ in terms}) == len(terms) >= 20 and all(means for _, means in terms)
    page = qh_page(results, lang)
    assert all(f"| {term} |" in page for term, _ in terms)
    if lang == "zh":
        book = book_tables(folder / "coverage.xlsx")["名词解释"]
        assert list(book.itertuples(index=False, name=None)) == terms


def test_what_is_defined_is_what_the_outputs_say(weihai_run: Results) -> None:
    """Phrases of the glossary are those of headings and sentences, not others."""
    page = qh_page(weihai_run).split("## 名词解释")[0]
    said = (
        "圈内人数",
        "圈内人口占比",
        "圈内社区数",
        "本片区基地",
        "可安置",
        "容量",
        "理论上界",
        "差距",
        "建设次序",
        "可靠程度",
        "基尼系数",
    )
    for phrase in said:
        assert phrase in page
        assert any(phrase in term or phrase in means for term, means in glossary("zh")), phrase


def test_before_a_plan_is_what_the_circle_of_the_same_question_has(weihai_run: Results) -> None:
    """A question of a circle's kinds, mode, minutes and people begins with the circle's people inside."""
    circles = {c.circle.id: c for c in weihai_run.checks}
    asked = {q.id: q for q in weihai_run.study.file.siting}
    same = {"care-bases": "care-circle", "day-care-sites": "home-care-circle"}
    for proposal in weihai_run.proposals:
        if proposal.id in same:
            check = circles[same[proposal.id]]
            assert asked[proposal.id].minutes == check.circle.minutes
            inside = check.shares.set_index("level").loc["city", "people_met"]
            assert proposal.plan.before == proposal.plan.covered_before == inside
    assert {p.id for p in weihai_run.proposals} >= set(same)
