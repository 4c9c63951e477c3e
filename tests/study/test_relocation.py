"""Existing sites that could move, asked in a study: page, workbook, console and record, in both languages."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

import quarterhour as qh
from quarterhour.report.console import summary_lines
from quarterhour.siting.proof.plan_record import verify_record
from study.test_siting import asked, question, street

COUNTS = {"counts_kinds": '["day_care"]', "new_sites": "2"}


def test_a_study_says_what_closes_and_what_opens(toy_study: Path) -> None:
    proposal = asked(toy_study, question(relocation="{ closings = 1 }", **COUNTS))
    (one,) = proposal.prospects.relocations
    assert one.status == "optimal" and len(one.closed) == 1 and len(one.opened) <= 1
    assert one.closing_yuan is None and proposal.prospects.moving is not None
    assert one.change is not None and one.change.closed == one.closed


def test_closing_costs_what_the_question_says(toy_study: Path) -> None:
    money = {"budget": "{ yuan = 900, years = 0, new_each = 100 }"}
    (one,) = asked(
        toy_study, question(relocation="{ closings = 1, closing_each = 70 }", **money, **COUNTS)
    ).prospects.relocations
    assert one.closing_yuan == 70 and one.building_yuan > 0


def test_what_running_saves_must_be_known_of_all(toy_study: Path) -> None:
    lines = {"budget": "{ yuan = 900, years = 2, new_each = 100 }", "relocation": "{ closings = 1, closing_each = 70 }"}
    with pytest.raises(qh.errors.StudyError, match="running_yuan") as told:
        asked(toy_study, question(**lines, **COUNTS))
    assert told.value.sentence("zh")


@pytest.mark.parametrize(
    ("relocation", "said"),
    [
        ("{ closings = 0 }", "closings"),
        ("{ }", "closings"),
        ("{ closings = 40 }", "only"),
        ('{ closings = 1, may_close = ["nowhere"] }', "nowhere"),
        ("{ closings = 1, openings = -1 }", "openings"),
    ],
)
def test_what_cannot_be_meant_is_said(toy_study: Path, relocation: str, said: str) -> None:
    with pytest.raises(qh.errors.StudyError, match=said) as told:
        asked(toy_study, question(relocation=relocation, **COUNTS))
    assert told.value.sentence("zh")


def test_the_fewest_sites_do_not_move(toy_study: Path) -> None:
    with pytest.raises(qh.errors.StudyError, match="relocation"):
        asked(toy_study, question('"min-sites"', relocation="{ closings = 1 }", **COUNTS))


@pytest.mark.parametrize(
    ("lang", "heading", "sheet", "line"),
    [("zh", "关闭与新开：现有设施的搬迁", "搬迁比较", "已证明没有更好的搬迁办法"),
     ("en", "Closing and opening: existing sites that could move", "moving sites", "which is proven to be the best")],
)  # fmt: skip
def test_moves_stand_in_page_workbook_console_and_record(
    toy_study: Path, tmp_path: Path, lang: str, heading: str, sheet: str, line: str
) -> None:
    must = question(required='["p0", "p4"]', relocation="{ closings = 1 }", **COUNTS).replace('id = "q"', 'id = "must"')
    equal = question('"equity"', relocation="{ closings = 1, closing_each = 5 }", **COUNTS)
    street(
        toy_study, question(relocation="{ closings = 1 }", **COUNTS), must, equal.replace('id = "q"', 'id = "equal"')
    )
    results = qh.run_study(qh.read_study(toy_study), checks=False)
    assert results.proposals[1].prospects.relocations[0].status == "infeasible"
    assert any(line in said for said in summary_lines(results, lang))
    qh.write_results(results, tmp_path / "out", lang=lang)
    page = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert heading in page and line in page
    assert sheet in openpyxl.load_workbook(tmp_path / "out" / "coverage.xlsx").sheetnames
    for record in json.loads((tmp_path / "out" / "plan.json").read_text("utf-8")):
        assert record["relocations"]["rows"]
        verify_record(record)
