"""How figures are read: one rule for shares, the same in every output."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

import quarterhour as qh
from quarterhour.base.errors import first_ids
from quarterhour.base.labels import figure, gap_percent, percent, threshold_figure
from quarterhour.maps.columns import PageWords
from quarterhour.maps.popups import _promise
from quarterhour.report.console import summary_lines
from quarterhour.report.section import figures, thresholds
from quarterhour.report.write import page
from quarterhour.siting.explanation.headline import headline

SOURCE = Path(__file__).resolve().parents[2] / "coverage" / "quarterhour"


@pytest.mark.parametrize(
    ("share", "text"),
    [(1.0, "100.0%"), (0.9996, ">99.9%"), (0.9994, "99.9%"), (0.5, "50.0%"), (0.0006, "0.1%"), (0.0004, "<0.1%"),
     (0.0, "0.0%"), (1.25, "125.0%"), (np.float64(0.9996), ">99.9%"), (1, "100.0%")],
)  # fmt: skip
def test_all_and_nothing_are_read_only_where_they_are(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT, "", float("inf")])
def test_a_missing_share_is_a_dash(missing: object) -> None:
    assert percent(missing) == gap_percent(missing) == "—"


def test_a_gap_that_is_not_closed_never_reads_as_none() -> None:
    assert [gap_percent(g) for g in (0.0, 1e-9, 0.0001, 0.59)] == ["0.00%", "<0.01%", "0.01%", "59.00%"]


@pytest.mark.parametrize(
    ("value", "against", "unit", "text"),
    [(16.75, 16.8, "", "16.75"), (16.8, 16.8, "", "16.8"), (16.75, 20, "", "16.8"), (16.796, 16.8, "", "16.796"),
     (20.04, 20, "", "20.04"), (20, 20, "", "20"), (1234.5, None, "", "1,234.5"), (16.76, 16.75, "", "16.8"),
     (16.74, 16.75, "", "16.7"), (0.8996, 0.9, "share", "89.96%"), (0.9, 0.9, "share", "90.0%"),
     (0.9996, 1.0, "share", ">99.9%"), (0.0004, 0.0, "share", "<0.1%"), (0.1 + 0.2, 0.3, "", "0.3"),
     (np.nan, 16.8, "", ""), (16.75, np.nan, "", "16.8")],
)  # fmt: skip
def test_a_figure_is_never_rounded_across_its_threshold(value: float, against: object, unit: str, text: str) -> None:
    assert figure(value, unit, against=against) == text


@pytest.mark.parametrize(
    ("threshold", "unit", "text"),
    [(16.75, "", "16.75"), (20.0, "", "20"), (16.8, "", "16.8"), (0.855, "share", "85.5%"), (0.8525, "share", "85.25%"),
     (1 / 3, "", "0.3"), (np.nan, "", "")],
)  # fmt: skip
def test_a_threshold_is_read_as_it_is(threshold: float, unit: str, text: str) -> None:
    assert threshold_figure(threshold, unit) == text


def test_no_share_is_formatted_outside_the_labels() -> None:
    own = SOURCE / "base" / "labels.py"
    files = [
        p for kind in ("*.py", "*.toml", "*.js") for p in SOURCE.rglob(kind) if p != own and "vendor" not in p.parts
    ]
    formatted = re.compile(r":[^{}\s\"']*%\}|%\.\d+f%%|toFixed\(\d\)\s*\+?\s*[\"'`]?%")
    found = [f"{p.name}: {m}" for p in files for m in formatted.findall(p.read_text(encoding="utf-8"))]
    assert not found


@pytest.fixture
def nearly_all(toy_study: Path) -> qh.Results:
    """The toy town with so many people in the west that 0.9996 of all are inside the circle."""
    table = toy_study / "communities.csv"
    table.write_bytes(table.read_bytes().replace(b",100,4", b",92413,4"))
    results = qh.run_study(qh.read_study(toy_study))
    assert round(results.checks[0].share(), 4) == 0.9996
    return results


def test_one_share_reads_the_same_in_workbook_page_map_console_and_headline(
    nearly_all: qh.Results, tmp_path: Path
) -> None:
    qh.write_results(nearly_all, tmp_path, lang="en")
    sheet = openpyxl.load_workbook(tmp_path / "coverage.xlsx")["by county"]
    shown = [cell for row in sheet.iter_rows() for cell in row if cell.value == nearly_all.checks[0].share()]
    assert shown and {cell.number_format for cell in shown} == {'">99.9%"'}
    assert r"| \>99.9% |" in page(nearly_all, "en")
    picture = re.search(r"quarterhourPicture=(\{.*\});", (tmp_path / "map.html").read_text(encoding="utf-8"))
    assert picture and json.loads(picture[1])["circles"][0]["city"]["share"] == "&#62;99.9%"
    assert ">99.9%" in summary_lines(nearly_all, "en")[0]
    assert "goes from >99.9% to >99.9%" in headline(nearly_all.proposals[0].plan, "en")


def test_many_ids_are_shown_in_a_form_that_both_languages_read() -> None:
    assert first_ids("abcdefg") == "a, b, c, d, e … (7)"
    assert first_ids("abcdefg", lang="en") == "a, b, c, d, e … (7 in all)"
    assert first_ids("abcdefg", lang="zh") == "a、b、c、d、e 等 7 个"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_console_report_and_map_read_a_figure_alike(lang: str) -> None:
    """16.75 of 16.8 is short of it: no output says 16.8."""
    row = {"value": 16.75, "threshold": 16.8, "unit": "m2_per_bed", "about": False, "met": False, "zh": "甲", "en": "a"}
    _, value, threshold, state = _promise(row, PageWords(lang))
    assert value.startswith("16.75 ") and threshold.startswith("16.8 ") and state == "not_met"
    table = pd.DataFrame([row])
    assert figures(table, "value") == ["16.75"] and thresholds(table, lang) == ["16.8"]
