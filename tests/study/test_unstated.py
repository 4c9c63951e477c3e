"""Silence is not a fact: what nobody stated the quality of is unstated, to the last page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import quarterhour as qh
from quarterhour.base.labels import qualities_shown, unstated_said
from quarterhour.report.console import input_lines, summary_lines
from quarterhour.report.tables import quality_note, quality_table
from quarterhour.report.write import write_results
from quarterhour.standards.circle import people_quality, worse_quality
from quarterhour.study.run import read_study_inputs
from tables import book_tables


def test_a_study_that_says_nothing_has_no_facts(toy_run: qh.Results) -> None:
    quality = toy_run.inputs.quality.set_index("table")
    assert quality.loc[["communities", "facilities", "people_older"], "unstated"].tolist() == [1, 1, 1]
    assert quality["fact"].eq(0).all() and quality.at["roads", "synthetic"] == 1
    assert toy_run.checks[0].communities["quality"].eq("unstated").all()


def test_it_is_told_by_the_console_in_both_languages(toy_run: qh.Results) -> None:
    assert "communities: 4 rows (0.0% fact, 0.0% estimated, 0.0% simulated, 100.0% unstated)" in input_lines(
        toy_run.inputs, "en"
    )
    assert any("未注明 100.0%" in line for line in input_lines(toy_run.inputs, "zh"))
    assert any(", 187 unstated)" in line for line in summary_lines(toy_run, "en"))


def test_it_is_told_by_workbook_report_and_map(toy_run: qh.Results, tmp_path: Path) -> None:
    write_results(toy_run, tmp_path, lang="en")
    sheets = book_tables(tmp_path / "coverage.xlsx")
    assert any("not stated" in map(str, frame.columns) for frame in sheets.values())
    assert "unstated" in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "187 unstated" in (tmp_path / "map.html").read_text(encoding="utf-8")


def test_where_it_is_stated_nothing_is_said_of_it(toy_study: Path) -> None:
    file = toy_study / "study.toml"
    text = file.read_text(encoding="utf-8")
    text = text.replace('quality = "synthetic"', 'quality = "fact"').replace('.csv"', '.csv"\nquality = "fact"')
    file.write_text(text, encoding="utf-8")
    tables = read_study_inputs(qh.read_study(toy_study))
    assert not any("unstated" in line for line in input_lines(tables, "en"))
    assert "unstated" not in " ".join(map(str, quality_table(tables.quality, "en").columns))
    assert "not a fact" not in quality_note(tables.quality, (), "en")


def test_the_note_asks_for_what_nobody_stated(toy_study: Path) -> None:
    file = toy_study / "study.toml"
    text = file.read_text(encoding="utf-8").replace('quality = "synthetic"', 'quality = "fact"')
    file.write_text(text, encoding="utf-8")
    tables = read_study_inputs(qh.read_study(toy_study))
    assert "What nobody stated is not a fact" in quality_note(tables.quality, (), "en")


def test_what_is_not_stated_stands_between_fact_and_estimate() -> None:
    one, other = pd.Series(["fact", "unstated", "unstated"]), pd.Series(["unstated", "estimated", "synthetic"])
    assert worse_quality(one, other).tolist() == ["unstated", "estimated", "synthetic"]
    assert people_quality(pd.DataFrame({"older": [1]}), "older").tolist() == ["unstated"]


def test_labels_say_it_only_where_there_is_some() -> None:
    assert unstated_said(0, "en") == unstated_said(0.0, "zh") == ""
    assert unstated_said(1200, "en") == ", 1,200 unstated" and unstated_said(0.5, "zh") == "、未注明 50.0%"
    known = pd.DataFrame({"fact": [1.0], "unstated": [0.0], "estimated": [0.0], "synthetic": [0.0]})
    assert qualities_shown(known) == ["fact", "estimated", "synthetic"]
    assert "unstated" in qualities_shown(known.assign(unstated=0.5))
