"""A CSV that we wrote reads back as it was, whatever its texts begin with; a planner's own is left alone."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter

from quarterhour.io import files
from quarterhour.io.files.text import as_it_was, unarmed
from quarterhour.report.write import read_earlier
from quarterhour.standards.league import changes, kept_rows

SIGNS = "'=-@a1,\""
TEXTS = ["".join(letters) for size in range(1, 5) for letters in product(SIGNS, repeat=size)]
BLANKS = ["".join(letters) for size in range(1, 5) for letters in product("'=+\t\r\n ", repeat=size)]
EVERY = list(dict.fromkeys([*TEXTS, *BLANKS]))


def _written(tmp_path: Path, frame: pd.DataFrame) -> Path:
    files.write_csv(tmp_path / "a.csv", frame, index=False)
    return tmp_path / "a.csv"


def test_every_short_text_reads_back_from_a_csv(tmp_path: Path) -> None:
    rows = [f"r{n}" for n in range(len(TEXTS))]
    back = files.read_records(_written(tmp_path, pd.DataFrame({"row": rows, "text": TEXTS}))).frame
    assert list(back) == ["row", "text"]
    assert back["text"].tolist() == TEXTS


def test_every_short_text_reads_back_from_a_workbook_and_is_no_formula(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet()
        for n, text in enumerate(["text", *TEXTS]):
            sheet.write_string(n, 0, f"r{n}")
            sheet.write_string(n, 1, text)
    assert files.read_records(tmp_path / "a.xlsx").frame["text"].tolist() == TEXTS


def test_the_rule_can_be_turned_back_for_blanks_too() -> None:
    frame = pd.DataFrame({"text": EVERY})
    safe = unarmed(frame)
    grid = as_it_was([[*safe.columns], *[[text, None] for text in safe["text"]]])
    assert [row[0] for row in grid] == ["text", *EVERY]
    assert safe["text"].is_unique
    assert not safe["text"].str.match(r"[=+@\t\r\n]|-[^0-9,]").any()


def test_headings_are_no_formulas_and_read_back(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["a"], "=1+1": ["b"], "'=": ["c"]})
    path = _written(tmp_path, frame)
    assert path.read_text("utf-8-sig") == "id,'=1+1,''=,'=\na,b,c,\n"
    assert list(files.read_records(path).frame) == list(frame)


def test_a_column_called_by_a_sign_keeps_its_values(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["=a", "b"], "=": ["x", "y"]})
    back = files.read_records(_written(tmp_path, frame)).frame
    assert back.to_dict("list") == frame.to_dict("list")


def test_a_table_without_such_texts_has_no_column_of_ours(tmp_path: Path) -> None:
    path = _written(tmp_path, pd.DataFrame({"id": ["a", "-5", "it's"], "n": [1, -2, 3]}))
    assert path.read_text("utf-8-sig") == "id,n\na,1\n-5,-2\nit's,3\n"


@pytest.mark.parametrize("text", ["编号,名称\na,'=东\n", "编号,名称,'=\na,'=东,1\n", "编号,名称,备注\na,'=东,\n"])
def test_what_a_planner_wrote_is_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    assert files.read_records(tmp_path / "a.csv").frame["名称"].tolist() == ["'=东"]


def test_columns_that_somebody_added_stay_as_they_are_and_ours_read_back(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["=a", "b"], "=": ["x", "'-y"]})
    lines = _written(tmp_path, frame).read_text("utf-8-sig").splitlines()
    more = [",核实,'+备注", ",'=甲,1", ",,'@乙"]
    (tmp_path / "a.csv").write_text("\n".join(a + b for a, b in zip(lines, more, strict=True)), encoding="utf-8")
    back = files.read_records(tmp_path / "a.csv").frame
    assert back[["id", "="]].to_dict("list") == frame.to_dict("list")
    assert back["核实"].tolist()[0] == "'=甲" and back["'+备注"].tolist() == ["1", "'@乙"]


def test_it_reads_back_when_excel_has_saved_it_again(tmp_path: Path) -> None:
    text = "编号;名称;'=\r\n'=a;''=东;\r\nb;西;\r\n"
    (tmp_path / "a.csv").write_bytes(text.encode("gb18030"))
    back = files.read_records(tmp_path / "a.csv").frame
    assert back.to_dict("list") == {"编号": ["=a", "b"], "名称": ["'=东", "西"]}


def test_areas_of_any_name_match_those_of_an_earlier_run(tmp_path: Path) -> None:
    areas = ["=1+1", "+5", "-x", "@x", "'=b", "''-c", "1,234", "1e3", "007", "1.50", '="12"']
    same = {"target": "p", "level": "town", "area_name": areas, "county": "k", "binding": True, "threshold": 1.0}
    rest = {"unit": "share", "missing": 0.0, "closes": 0.0, "note": "", "needs": "", "rule_set": "x"}
    card = pd.DataFrame({"area": areas, "value": 0.5, **same, **rest, "met": pd.array([True] * 11, "boolean")})
    files.write_csv(tmp_path / "scorecard.csv", kept_rows(card), index=False)
    before = read_earlier(tmp_path)
    assert before["area"].tolist() == before["area_name"].tolist() == areas
    assert changes(before, card).empty
