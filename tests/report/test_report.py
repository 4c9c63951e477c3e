"""The page and the workbook."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest

from quarterhour.base import i18n
from quarterhour.base.escape import escape_markdown
from quarterhour.base.findings import finding, join_findings, no_findings
from quarterhour.report.console import summary_lines
from quarterhour.report.markdown import report_markdown
from quarterhour.report.workbook import write_workbook
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.standards.circle import CircleCheck, check_circle
from quarterhour.standards.rules import Circle, as_targets
from quarterhour.standards.scorecard import Scorecard, score_targets
from quarterhour.study.results import Results
from quarterhour.study.scenario.changes import Changes
from quarterhour.study.siting.proposal import Proposal
from quarterhour.travel.times import times_from_matrix
from tables import sheet_table

HOSTILE = "=1+1 |<script>alert(1)</script>[x](http://evil) {{ 7*7 }} **b**\n# head"
RING = Circle("ring", "圈", "ring", kinds=("day",), mode="walk", minutes=15, heading="to_site", people="older")


def communities() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": [HOSTILE, "https://b.example", "00123"],
            "town": ["t1", "t1", "t2"],
            "county": ["c1", "c1", "c1"],
            "older": [999, 0, 1],
            "quality": ["fact", "estimated", "synthetic"],
        },
        index=pd.Index(["371002001001", "b", "c"], name="id"),
    )


def check(mode: str = "walk") -> CircleCheck:
    times = times_from_matrix([[15], [20], [np.nan]], communities=communities().index, sites=["f"], cutoff=30)
    made = replace(times, mode_id=mode)
    return check_circle(replace(RING, mode=mode), made, communities(), kinds=pd.Series({"f": "day"}))


def scorecard() -> Scorecard:
    common = {
        "zh": "目标",
        "en": "promise",
        "unit": "share",
        "threshold": 1,
        "clause": "clause 5",
        "source": "the plan",
    }
    targets = as_targets({"target": [
        {**common, "id": "ring", "measure": "circle_share", "of": "ring", "levels": ["town", "city"]},
        {**common, "id": "beds", "measure": "ratio", "table": "beds", "columns": ["nursing", "all"], "level": "city"},
    ]})  # fmt: skip
    towns = pd.DataFrame({"name": ["One", "Two"], "county": "c1"}, index=pd.Index(["t1", "t2"], name="id"))
    return score_targets(
        targets, communities=communities(), towns=towns, counties=towns.iloc[:0],
        facilities=pd.DataFrame({"kind": []}), checks={"ring": check()}, tables={},
    )  # fmt: skip


def a_plan(**changed: Any) -> Proposal:
    unmet = pd.DataFrame([("town", "t2", 1, 0, 0, "no_candidate")],
                         columns=["level", "area", "minimum", "open", "candidates", "reason"])  # fmt: skip
    plan = SitingPlan(
        problem_id="q", objective="max-cover", chosen=("n2", "n1"), gain=pd.Series({"n2": 40, "n1": 2}),
        assignment=pd.Series(dtype=object), value=42.0, bound=43.0, gap=1 / 42, status="bounded", covered_before=1000,
        covered=1042, demand_total=2000, reachable=1500, unmet=unmet, proved_by="a solver", seconds=1.5, seed=1,
        input_hash="00",
    )  # fmt: skip
    sites = pd.DataFrame(
        {"state": ["existing", "candidate", "candidate"], "name": ["old", HOSTILE, "new two"], "town": "t1",
         "county": "c1", "quality": ["fact", "synthetic", "estimated"]}, index=["f", "n1", "n2"],
    )  # fmt: skip
    ledger = pd.DataFrame({"candidate": ["n9", "n8", "n9"], "rule": ["water", "water", "roads"], "distance_m": 12.5,
                           "required_m": 500.0, "clause": "art. 10", "nearest": "w1"})  # fmt: skip
    problem = cast(SitingProblem, SimpleNamespace(quotas=()))  # the rest is read off the plan
    return Proposal("q", "选址", "where", "day", problem, replace(plan, **changed), gpd.GeoDataFrame(sites), ledger)


def findings() -> pd.DataFrame:
    many = [finding("blank", severity="warning", table="communities", id=str(i), column="name", file="a.csv")
            for i in range(25)]  # fmt: skip
    return join_findings([*many, finding("no_id", severity="error", table="t", file="b|c.csv", row=7)])


QUALITY = pd.DataFrame({"table": ["communities", "roads"], "rows": [3, 9], "fact": [0.5, 0.0], "unstated": [0.0, 0.0],
                        "estimated": [0.25, 0.0],
                        "synthetic": [0.25, 1.0], "synthetic_share": [0.25, 1.0]})  # fmt: skip


STUDY = SimpleNamespace(
    name=lambda _: "A *town*", kinds={}, changes=Changes(),
    file=SimpleNamespace(study=SimpleNamespace(reference_date=date(2026, 1, 1)), siting=(), circles=(), guarded=(),
                         targets=SimpleNamespace(rules=())),
)  # fmt: skip


def everything(**changed: Any) -> Results:
    facilities = pd.DataFrame({"name": ["the day centre"]}, index=pd.Index(["f"], name="id"))
    inputs = SimpleNamespace(
        communities=changed.pop("communities", communities()),
        facilities=facilities,
        quality=QUALITY,
        made_up=True,
        candidates=facilities.iloc[:0],
        towns=pd.DataFrame({"name": ["One", "Two"]}, index=pd.Index(["t1", "t2"], name="id")),
        counties=pd.DataFrame({"name": ["Shire"]}, index=pd.Index(["c1"], name="id")),
        units=pd.DataFrame(),
    )
    given = {
        "study": STUDY, "inputs": inputs, "checks": (check(),),
        "compare": (check("walk-frail"),), "scorecards": {date(2026, 1, 1): scorecard()}, "proposals": (a_plan(),),
        "findings": findings(),
    }  # fmt: skip
    return Results(**{**given, **changed})


NOTHING = {"checks": (), "compare": (), "scorecards": {}, "proposals": (), "findings": no_findings()}


def page(lang: str = "en", **changed: Any) -> str:
    return report_markdown(everything(**changed), lang)


def book(path: Path, lang: str = "en", **changed: Any) -> openpyxl.Workbook:
    write_workbook(path, everything(**changed), lang)
    return openpyxl.load_workbook(path)


# --- the workbook -----------------------------------------------------------------------------


def test_the_workbook_has_a_sheet_for_everything(tmp_path: Path) -> None:
    assert book(tmp_path / "a.xlsx").sheetnames == [
        "Cover", "Charts", "by county", "by town", "by community", "scorecard", "scorecard by area", "plans", "sites",
        "unmet numbers", "ledger", "data quality", "findings",
    ]  # fmt: skip
    assert book(tmp_path / "b.xlsx", lang="zh").sheetnames[4] == "社区（村）"


def test_every_sheet_has_a_frozen_header_a_filter_and_no_untranslated_heading(tmp_path: Path) -> None:
    for lang in i18n.LANGUAGES:
        _, _, *tables = book(tmp_path / f"{lang}.xlsx", lang=lang)
        for sheet in tables:
            heads = list(sheet_table(sheet))
            assert sheet.freeze_panes in ("B4", "B5") and sheet.auto_filter.ref
            assert not [h for h in heads if "_" in h or "\t" in h or "@" in h], heads
            assert sheet["A1"].font.name == "Microsoft YaHei"


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        book(tmp_path / f"{name}.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_text_is_never_a_formula_a_link_or_a_number(tmp_path: Path) -> None:
    sheet = book(tmp_path / "a.xlsx")["by community"]
    names = [sheet.cell(row, 1) for row in (5, 6, 7)]
    assert sorted(str(c.value) for c in names) == ["00123", HOSTILE, "https://b.example"]
    assert {c.data_type for c in names} == {"s"} and not any(c.hyperlink for c in names)
    assert "371002001001" in sheet_table(sheet)["id"].tolist()


def test_the_workbook_says_what_the_checks_say(tmp_path: Path) -> None:
    found = book(tmp_path / "a.xlsx")
    by_town = sheet_table(found["by town"])
    assert list(by_town["name"]) == ["whole city", "Two", "One"]
    share = next(c for c in by_town if c.endswith("share of people inside"))
    assert list(by_town[share]) == [0.999, 0, 1]
    assert found["by town"].cell(6, list(by_town).index(share) + 1).number_format == "0.0%"
    minutes = next(c for c in sheet_table(found["by community"]) if c.endswith("minutes"))
    assert sheet_table(found["by community"])[minutes].tolist()[1:] == [20, 15]
    sites = sheet_table(found["sites"])
    assert (
        list(sites["id"]) == ["n2", "n1"]
        and list(sites["order"]) == [1, 2]
        and list(sites["newly covered, or placed here"]) == [40, 2]
    )
    assert sheet_table(found["unmet numbers"])["area"].tolist() == ["Two"]
    assert len(sheet_table(found["ledger"])) == 3
    assert sheet_table(found["plans"])["bound"].tolist() == [43] and len(sheet_table(found["findings"])) == 26


def test_a_workbook_without_circles_or_plans_can_be_written(tmp_path: Path) -> None:
    found = book(tmp_path / "a.xlsx", **NOTHING)
    assert "scorecard" not in found.sheetnames and len(sheet_table(found["by community"])) == 3


def test_very_long_text_and_control_characters_do_not_break_the_workbook(tmp_path: Path) -> None:
    odd = communities().assign(name=["x" * 40_000, "bell\x07", ""])
    sheet = book(tmp_path / "a.xlsx", communities=odd)["by community"]
    assert len(sheet["A7"].value) == 32_000 and sheet["A5"].value is None


# --- the page ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_the_page_is_written_in_both_languages_with_every_heading(lang: str) -> None:
    text = page(lang=lang)
    for part in ("quality", "circles", "scorecard", "plans", "findings"):
        assert f"# {i18n.say(f'report.{part}', lang)}\n" in text
    assert f"\n**{i18n.say('report.by_county', lang)}**\n" in text
    assert "nan" not in text and "\\_share" not in text and "None" not in text


def test_a_name_can_be_nothing_but_text() -> None:
    text = page()
    assert "<script>" not in text and "{{" not in text and "](http" not in text and "\n# head" not in text
    row = next(line for line in text.splitlines() if "alert" in line)
    assert row.replace("\\|", "").count("|") == 9
    assert (
        escape_markdown("a|b\r\n# c") == "a\\|b \\# c"
        and escape_markdown(None) == ""
        and escape_markdown(float("nan")) == ""
    )


def test_every_table_row_has_as_many_cells_as_its_head() -> None:
    lines = page().replace("\\|", "").splitlines()
    widths = [[line.count("|") for line in group] for group in _tables(lines)]
    assert len(widths) >= 5 and all(len(set(w)) == 1 for w in widths)


def _tables(lines: list[str]) -> list[list[str]]:
    groups: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("|"):
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    return [g for g in groups if g]


def test_walkers_stand_side_by_side() -> None:
    part = page().partition("## Service circles")[2].partition("\n## ")[0]
    rows = [line for line in part.splitlines() if line.startswith("| ring |")]
    assert [r.split("|")[2].strip() for r in rows] == [
        "walking (planning standard)",
        "walking (frail older person)",
    ]


def test_almost_everyone_never_reads_as_everyone() -> None:
    many = communities().assign(older=[99_999, 0, 1])
    times = times_from_matrix([[15], [20], [np.nan]], communities=many.index, sites=["f"], cutoff=30)
    found = check_circle(RING, times, many, kinds=pd.Series({"f": "day"}))
    line, _ = summary_lines(everything(**NOTHING | {"checks": (found,)}), "en")
    assert "99.9% (99,999 of 100,000 older people" in line and "1 simulated)" in line


def test_a_plan_is_told_with_its_bound_and_what_could_not_be_had() -> None:
    text = page().replace("\\", "")
    assert "from 1,000 to 1,042 of 2,000 people" in text
    assert "value 42, bound 43, gap 2.38%, best found in the time allowed, not proven" in text
    assert "| 1 | new two |" in text and "no admissible candidate" in text
    assert "2 candidates removed by the rule 'water'. art. 10" in text
    assert "0 rest on facts, 1 on estimates, 1 are simulated" in text


def test_a_question_without_a_plan_says_so_and_no_figure() -> None:
    nothing = {"chosen": (), "gain": pd.Series(dtype="int64"), "value": np.nan, "bound": np.nan, "gap": np.nan}
    line, _ = summary_lines(everything(**NOTHING | {"proposals": (a_plan(status="infeasible", **nothing),)}), "en")
    assert line == "where: the conditions cannot all be met, so there is no plan."
    assert "nan" not in page(proposals=(a_plan(status="no_plan", **nothing),))


def test_the_worst_findings_come_first_and_the_rest_is_counted() -> None:
    text = page()
    lines = [line for line in text.splitlines() if line.startswith("- ")]
    assert any(line.startswith("- set aside: b\\|c") for line in lines) and lines[-1].startswith("- 6 more")
    assert "No problems were found." in page(findings=no_findings())


def test_what_has_no_data_says_what_to_supply() -> None:
    assert "no data: supply 'nursing, all' in the table 'beds'" in page().replace("\\", "")


def test_the_console_has_a_line_a_circle_a_promise_and_a_plan() -> None:
    lines = summary_lines(everything(), "en")
    assert len(lines) == 2 + 2 + 1 + 1 and "no data" in lines[3]
    assert "communities 50.0% fact, 25.0% estimated, 25.0% simulated" in lines[-1]
    assert "city 99.9% (target 100.0%, not met, 0.1% on simulated data)" in lines[2]
