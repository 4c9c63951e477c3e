"""Registers of persons: what is read of them, what is said of them, and that nothing of them is quoted."""

from __future__ import annotations

import gc
from pathlib import Path

import pandas as pd
import pytest

from quarterhour.base.errors import DataError, MissingError
from quarterhour.base.findings import finding_sentences
from quarterhour.io.registers import Persons, read_persons
from tables import save_csv, save_xlsx

COLUMNS = {"community": "村代码", "care": "供养方式", "grade": "自理能力", "person": "身份证号"}
HEAD = ["姓名", "身份证号", "村代码", "供养方式", "自理能力"]


def read(path: Path, **more: object) -> Persons:
    return read_persons(path, table="registers", columns=COLUMNS, **more)  # type: ignore[arg-type]


def rules(persons: Persons) -> list[str]:
    return persons.findings["rule"].tolist()


def test_words_of_offices_say_care_and_grade(tmp_path: Path) -> None:
    said = [("分散", "自理"), ("分散供养", "半失能"), ("集中（敬老院）", "全 护理"), ("机构", "完全丧失生活自理能力")]
    rows = [["甲", f"37109919400101700{k}", "1", *words] for k, words in enumerate(said)]
    found = read(save_csv(tmp_path / "r", [HEAD, *rows])).rows
    assert found["care"].tolist() == ["home", "home", "institution", "institution"]
    assert found["grade"].tolist() == ["able", "half_disabled", "disabled", "disabled"]


def test_a_misspelt_grade_is_told_and_guessed_by_nobody(tmp_path: Path) -> None:
    found = read(save_csv(tmp_path / "r", [HEAD, ["甲", "371099194001017001", "1", "分散", "失龙"]]))
    assert found.rows["grade"].tolist() == [""]
    assert rules(found) == ["registers.grade_unknown"]
    assert "失龙" not in "".join(finding_sentences(found.findings, "zh"))


def test_the_study_can_say_what_its_own_words_mean(tmp_path: Path) -> None:
    path = save_csv(tmp_path / "r", [HEAD, ["甲", "371099194001017001", "1", "散居户", "三档"]])
    found = read(path, words={"散居户": "home", "三档": "disabled"}).rows
    assert found[["care", "grade"]].to_numpy().tolist() == [["home", "disabled"]]


def test_the_same_person_is_told_by_the_rows_and_counted_once(tmp_path: Path) -> None:
    number = "37109919400101700x"
    rows = [["甲", number, "1", "分散", "自理"], ["乙", "371099194001017002", "1", "分散", "自理"],
            ["甲", f" '{number.upper()}", "2", "集中", "失能"]]  # fmt: skip
    found = read(save_csv(tmp_path / "r", [HEAD, *rows]))
    assert found.rows["community"].tolist() == ["1", "1"]
    told = found.findings.iloc[0]
    assert (told["rule"], told["row"], told["detail"]) == ("registers.same_person", 4, "2")
    assert number.upper() not in found.findings.to_csv()


def test_numbers_that_a_spreadsheet_rounded_tell_nobody_from_another(tmp_path: Path) -> None:
    rows = [["甲", 371099194001017001.0, "1", "分散", "自理"], ["乙", 371099194001017002.0, "1", "分散", "自理"]]
    found = read(save_xlsx(tmp_path / "r", [HEAD, *rows]))
    assert len(found.rows) == 2
    assert rules(found) == ["registers.person_rounded"]
    assert "3710991940" not in found.findings.to_csv()


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        ("无", "blank"),
        ("-", "blank"),
        ("0", "blank"),
        ("371002********101X", "masked"),
        ("371002XXXXXXXX1011", "masked"),
    ],
)
def test_a_number_that_many_share_makes_no_persons_one(tmp_path: Path, number: str, rule: str) -> None:
    rows = [[name, number, "1", "分散", "自理"] for name in "甲乙丙"]
    found = read(save_csv(tmp_path / "r", [HEAD, *rows]))
    assert len(found.rows) == 3
    assert rules(found) == [f"registers.person_{rule}"]


def test_codes_are_read_as_offices_keep_them(tmp_path: Path) -> None:
    codes = [371001001201, 371001001201.0, "371001001201 ", "'371001001201", "３７１００１００１２０１"]
    rows = [["甲", f"37109919400101700{k}", code, "分散", "自理"] for k, code in enumerate(codes)]
    assert set(read(save_xlsx(tmp_path / "r", [HEAD, *rows])).rows["community"]) == {"371001001201"}


def test_a_code_that_is_merged_over_rows_holds_for_each(tmp_path: Path) -> None:
    rows = [["甲", "371099194001017001", "7", "分散", "自理"], ["乙", "371099194001017002", None, "分散", "自理"]]
    found = read(save_xlsx(tmp_path / "r", [["特困人员登记册"], HEAD, *rows], merged=("C3:C4",)))
    assert found.rows["community"].tolist() == ["7", "7"]


def test_a_register_without_headings_says_so_and_quotes_none_of_it(tmp_path: Path) -> None:
    row = ["欧阳瑾瑜", "371099194001017001", "371001001201", "分散", "自理"]
    with pytest.raises(DataError) as told:
        read(save_csv(tmp_path / "r", [row, row]))
    _quotes_nothing(told.value, row)


@pytest.mark.parametrize("name", ["r.csv", "r.xlsx", "r.geojson", "r.gpkg", "r.parquet", "r.xls"])
def test_a_broken_register_is_refused_without_a_word_of_it(tmp_path: Path, name: str) -> None:
    row = ["欧阳瑾瑜", "371099194001017001"]
    (tmp_path / name).write_bytes((",".join(HEAD) + "\n" + ",".join(row) + ',"\n\x00').encode("gb18030"))
    with pytest.raises(DataError) as told:
        read(tmp_path / name)
    _quotes_nothing(told.value, row)


def test_a_sheet_named_after_somebody_is_not_told_unless_the_study_names_it(tmp_path: Path) -> None:
    rows = [HEAD, ["甲", "371099194001017001", "1", "分散", "失龙"]]
    path = save_xlsx(tmp_path / "r", rows, title="欧阳瑾瑜")
    assert set(read(path).findings["sheet"]) == {"***"}
    assert read(path).read.sheet == "***"
    assert set(read(path, sheet="欧阳瑾瑜").findings["sheet"]) == {"欧阳瑾瑜"}
    with pytest.raises(DataError) as told:
        read(path, sheet="登记册")
    _quotes_nothing(told.value, ["欧阳瑾瑜"])


def test_what_a_parser_says_of_a_cell_is_said_by_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = ["欧阳瑾瑜", "371099194001017001", "371001001201", "分散", "自理"]

    def fail(values: pd.Series) -> pd.Series:
        raise ValueError(f"could not convert string to float: {values.iloc[0]!r}")

    monkeypatch.setattr("quarterhour.io.registers.texts", fail)
    with pytest.raises(DataError, match="ValueError") as told:
        read(save_csv(tmp_path / "r", [HEAD, row]))
    _quotes_nothing(told.value, row)


def test_a_register_that_is_not_there_is_missed_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"nobody\.csv"):
        read(tmp_path / "nobody.csv")


def test_only_the_columns_that_are_missing_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="自理能力") as told:
        read(save_csv(tmp_path / "r", [["欧阳瑾瑜的表", *HEAD[1:4]], ["a", "b", "c", "d"]]))
    _quotes_nothing(told.value, ["欧阳瑾瑜"])


def test_what_the_reader_finds_keeps_rows_and_counts_alone(tmp_path: Path) -> None:
    rows = [["甲", "371099194001017001", "1", "分散", "自理"], ["备注：欧阳瑾瑜 13986420000"], ["合计", "", "1"]]
    found = read(save_xlsx(tmp_path / "r", [HEAD, *rows]))
    assert len(found.rows) == 1
    said = "".join(finding_sentences(found.findings, "zh")) + found.findings.to_csv()
    assert "欧阳" not in said
    assert "1398642" not in said


def test_nothing_but_the_counted_columns_outlives_the_reading(tmp_path: Path) -> None:
    rows = [["欧阳瑾瑜", "371099194001017001", "1", "分散", "自理"]]
    found = read(save_csv(tmp_path / "r", [HEAD, *rows]))
    assert list(found.rows) == ["community", "x", "y", "care", "grade"]
    assert not len(found.read.frame.columns)
    gc.collect()
    frames = [o for o in gc.get_objects() if issubclass(type(o), pd.DataFrame)]  # a proxy says what it stands for
    assert not any("姓名" in frame.columns for frame in frames)


def _quotes_nothing(error: BaseException, cells: list[str]) -> None:
    """In either language, in what led to it, and in what its frames would tell."""
    every: BaseException | None = error
    while every is not None:
        said = str(every) + (every.sentence("zh") if isinstance(every, DataError) else "")
        assert not [cell for cell in cells if cell in said]
        every = every.__cause__ or every.__context__
