"""Budgets compared in a study: in table, chart, console, workbook and the plan's record, in both languages."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

import quarterhour as qh
from quarterhour.report.console import summary_lines
from quarterhour.siting.proof.plan_record import verify_record
from study.test_siting import asked, question, street

BUDGETS = "{ least = 0, most = 900, step = 200 }"


def test_a_study_asks_its_question_at_each_budget(toy_study: Path) -> None:
    lines = {"budget": "{ yuan = 400, years = 1, new_each = 150 }", "new_sites": "3"}
    proposal = asked(toy_study, question(budget_frontier=BUDGETS, **lines))
    table = proposal.prospects.budgets
    assert table is not None and table["yuan"].tolist() == [0, 200, 400, 600, 800, 900]
    assert table["value"].is_monotonic_increasing and (table["spent_yuan"] <= table["yuan"]).all()
    assert table.loc[table["yuan"].eq(400), "value"].iloc[0] == proposal.plan.value


def test_a_budget_of_its_own_is_not_needed(toy_study: Path) -> None:
    money = "{ cost_yuan = 150 }"
    table = asked(toy_study, question(money=money, budget_frontier="{ yuan = [100, 500] }")).prospects.budgets
    assert table is not None and table["status"].eq("optimal").all()


def test_candidates_that_cost_nobody_knows_what_are_named(toy_study: Path) -> None:
    with pytest.raises(qh.errors.StudyError, match="budget_frontier") as told:
        asked(toy_study, question(budget_frontier=BUDGETS))
    assert "p3" in told.value.sentence("zh")


@pytest.mark.parametrize(
    ("budgets", "said"),
    [
        ("{ }", "say either `yuan`"),
        ("{ yuan = [1], least = 0, most = 9, step = 3 }", "say either `yuan`"),
        ("{ least = 0, most = 9 }", "say either `yuan`"),
        ("{ least = 10, most = 9, step = 1 }", "least: cannot be more than most"),
        ("{ least = 0, most = 9, step = 0 }", "step"),
        ("{ least = 0, most = 5000, step = 1 }", "501|5,001|5001"),
        ("{ yuan = [5, 5] }", "more than the one before"),
        ("{ yuan = [-1] }", "yuan"),
        ("[1, 2]", "budget_frontier"),
    ],
)
def test_budgets_that_cannot_be_meant_are_said(toy_study: Path, budgets: str, said: str) -> None:
    with pytest.raises(qh.errors.StudyError, match=said) as told:
        asked(toy_study, question(budget_frontier=budgets, money="{ cost_yuan = 1 }"))
    assert told.value.sentence("zh")


def test_the_least_cost_has_no_budgets(toy_study: Path) -> None:
    with pytest.raises(qh.errors.StudyError, match="min-cost"):
        asked(toy_study, question('"min-cost"', budget_frontier=BUDGETS, money="{ cost_yuan = 1 }"))


@pytest.mark.parametrize(
    ("lang", "heading", "sheet", "line"),
    [("zh", "各档预算的最好方案", "预算与效果", "没有满足全部要求的方案（已证明）"),
     ("en", "The best plan of each budget", "what budgets buy", "no plan that keeps all rules exists")],
)  # fmt: skip
def test_budgets_stand_in_page_workbook_console_and_record(
    toy_study: Path, tmp_path: Path, lang: str, heading: str, sheet: str, line: str
) -> None:
    money = {"money": "{ cost_yuan = 150 }", "budget_frontier": BUDGETS}
    must = question('"min-time"', required='["p4"]', new_sites="2", **money).replace('id = "q"', 'id = "must"')
    equal = question('"equity"', new_sites="2", **money).replace('id = "q"', 'id = "equal"')
    street(toy_study, question(new_sites="3", **money), must, equal)
    results = qh.run_study(qh.read_study(toy_study), checks=False)
    assert any(line in said for said in summary_lines(results, lang))
    qh.write_results(results, tmp_path / "out", lang=lang)
    page = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert heading in page and line in page and "sites-must-budgets.svg" in page
    assert (tmp_path / "out" / "sites-q-budgets.svg").read_text("utf-8").startswith("<svg")
    assert sheet in openpyxl.load_workbook(tmp_path / "out" / "coverage.xlsx").sheetnames
    for record in json.loads((tmp_path / "out" / "plan.json").read_text("utf-8")):
        assert record["budgets"]
        verify_record(record)
