"""What `inspect` leaves behind: the page, every finding, the rows set aside."""

from __future__ import annotations

import html
from pathlib import Path

import pandas as pd
import pytest

import quarterhour as qh
from command import quarterhour
from quarterhour.base.findings import finding_sentences
from quarterhour.report.inspection import doubtful_places, inspection_page
from quarterhour.study.inputs import Inputs
from quarterhour.study.run import read_study_inputs

HOSTILE = "{{7*7}}<img src=x onerror=alert(1)>`=1+1"


def odd_study(folder: Path) -> Path:
    """The toy study, with an id met twice, a community without a town, and a row of no number of people."""
    with (folder / "communities.csv").open("ab") as file:
        file.write("w,又一村,400000,4150000,t1,c1,5,0\n".encode("gb18030"))
        file.write("x,无镇村,400900,4150000,,c1,5,0\n".encode("gb18030"))
        file.write(f'"=y",{HOSTILE},400900,4150000,t1,c1,many,0\n'.encode("gb18030"))
    return folder


def tables_of(folder: Path) -> Inputs:
    return read_study_inputs(qh.read_study(folder))


def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, encoding="utf-8-sig", dtype=str, keep_default_na=False)


def test_every_finding_is_in_the_table_of_issues_and_rows_set_aside_in_their_own(
    toy_study: Path, tmp_path: Path
) -> None:
    found = tables_of(odd_study(toy_study)).findings
    done = quarterhour("inspect", toy_study, "--out", tmp_path / "out", "--lang", "en")
    issues, rejected = table(tmp_path / "out" / "issues.csv"), table(tmp_path / "out" / "rejected.csv")
    assert done.returncode == 1
    assert len(issues) == len(found)
    assert len(rejected) == (found["severity"] == "error").sum() == 2
    assert issues["finding"].tolist() == finding_sentences(found, "en").tolist()
    assert rejected["row"].tolist() == ["6", "8"]
    assert rejected["id"].tolist() == ["w", "'=y"]  # no formula for Excel


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_says_what_the_console_says(toy_study: Path, tmp_path: Path, lang: str) -> None:
    done = quarterhour("inspect", odd_study(toy_study), "--out", tmp_path / "out", "--lang", lang)
    page = html.unescape((tmp_path / "out" / "inspect.html").read_text(encoding="utf-8"))
    for line in done.stdout.splitlines()[:-1]:
        assert line in page or "<" in line, line
    assert done.stdout.splitlines()[-1].count("inspect.html") == 1


def test_a_place_that_a_finding_names_is_drawn_with_its_sentence(toy_study: Path) -> None:
    tables = tables_of(odd_study(toy_study))
    places = doubtful_places(tables, "en")
    about = tables.findings[tables.findings["id"].isin(tables.communities.index)]
    assert set(places["name"]) <= set(finding_sentences(about, "en")) | {""}
    assert places.crs == tables.communities.crs


def test_text_of_a_file_is_nothing_but_text_on_the_page(toy_study: Path) -> None:
    page = inspection_page(qh.read_study(toy_study), tables_of(odd_study(toy_study)))
    assert "<img src=x" not in page
    assert "{{7*7}}" not in page


def test_a_study_without_findings_has_empty_tables_and_a_page(toy_study: Path, tmp_path: Path) -> None:
    quarterhour("inspect", toy_study, "--out", tmp_path / "out")
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"inspect.html", "issues.csv", "rejected.csv"}
    assert not len(table(tmp_path / "out" / "rejected.csv"))
