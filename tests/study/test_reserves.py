"""Reserve candidates of a study: in the page, the workbook and the plan's record, in both languages."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

import quarterhour as qh
from quarterhour.siting.proof.plan_record import verify_record
from study.test_siting import asked, question, street

ROOM = '{ unit = "visits", column = "visits", new_each = 60, existing_each = 90 }'


def test_a_study_names_the_substitutes_of_each_site(toy_study: Path) -> None:
    proposal = asked(toy_study, question('["max-cover", "min-time"]', new_sites="2", reserves="2"))
    table = proposal.prospects.reserves
    assert table is not None and list(dict.fromkeys(table["site"])) == list(proposal.plan.chosen)
    assert set(table["place"]) <= {0, 1, 2} and (table["loss"].dropna() >= 0).all()


def test_nobody_who_does_not_ask_is_told(toy_study: Path) -> None:
    assert asked(toy_study, question()).prospects.reserves is None


@pytest.mark.parametrize("reserves", ["21", "-1", "true", '"2"'])
def test_how_many_can_be_meant(toy_study: Path, reserves: str) -> None:
    with pytest.raises(qh.errors.StudyError, match="reserves"):
        asked(toy_study, question(reserves=reserves))


@pytest.mark.parametrize(
    ("lang", "heading", "none", "sheet"),
    [("zh", "各拟建点的后备地点", "没有任何合乎条件的后备地点", "后备地点"),
     ("en", "Reserves for each proposed site", "no lawful candidate could stand in", "reserves")],
)  # fmt: skip
def test_reserves_stand_in_page_workbook_and_record(
    toy_study: Path, tmp_path: Path, lang: str, heading: str, none: str, sheet: str
) -> None:
    alone = question(conflicts='[["p0", "p4"], ["p1", "p4"], ["p2", "p4"]]', new_sites="2", reserves="1",
                     required='["p4"]')  # fmt: skip
    room = question(capacity=ROOM, new_sites="1", reserves="3").replace('id = "q"', 'id = "room"')
    equal = question('"equity"', new_sites="1", reserves="1").replace('id = "q"', 'id = "equal"')
    street(toy_study, question(reserves="2"), alone.replace('id = "q"', 'id = "alone"'), room, equal)
    results = qh.run_study(qh.read_study(toy_study), checks=False)
    qh.write_results(results, tmp_path / "out", lang=lang)
    page = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert f"## {heading}" in page and none in page
    assert sheet in openpyxl.load_workbook(tmp_path / "out" / "coverage.xlsx").sheetnames
    for record in json.loads((tmp_path / "out" / "plan.json").read_text("utf-8")):
        assert record["reserves"]
        verify_record(record)
