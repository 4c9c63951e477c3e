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
from quarterhour.base.labels import gap_percent, percent
from quarterhour.report.console import summary_lines
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
