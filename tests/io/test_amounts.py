"""Decimal comma or thousands: the column decides, and says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from quarterhour.base.findings import finding_sentences
from quarterhour.io import files
from tables import STUDY, save_csv, save_xlsx


def column(path: Path, cells: list[Any]) -> tuple[list[Any], list[str]]:
    table = files.read_table(save_csv(path, [["area", "beds"], *([f"区{i}", c] for i, c in enumerate(cells))]))
    return table.frame["beds"].tolist(), table.findings["rule"].tolist()


@pytest.mark.parametrize(
    ("cells", "meant", "told"),
    [
        (["1.234,5", "1,5", "1,234"], [1234.5, 1.5, 1.234], ["comma_decimal"]),
        (["122,133217", "37,5"], [122.133217, 37.5], ["comma_decimal"]),
        (["1.234.567", "1.234"], [1234567, 1234], ["comma_decimal"]),
        (["0,123", "0,456"], [0.123, 0.456], ["comma_decimal"]),
        (["１，５", "2"], [1.5, 2], ["comma_decimal"]),
        (["1,234,567", "1,234"], [1234567, 1234], []),
        (["1,234.5", "1,234"], [1234.5, 1234], []),
        (["1,234", "567"], [1234, 567], ["comma_taken"]),
        (["1.234", "1.5"], [1.234, 1.5], []),
        (["12.5", "7"], [12.5, 7], []),
        (["1 234", "567"], [1234, 567], ["blank_thousands"]),
        (
            ["1 234 567", "1\u00a0234", "1\u202f234", "1\u2009234", "1\u2007234"],
            [1234567, *[1234] * 4],
            ["blank_thousands"],
        ),
        (["1 234,5", "7"], [1234.5, 7], ["blank_thousands", "comma_decimal"]),
        (["1'234", "1\u2019234"], [1234, 1234], ["blank_thousands"]),
        (["1 234", "12 34"], ["1 234", "12 34"], []),
        (["1 234", "see note"], ["1 234", "see note"], []),
        (["138 001 234", "138 001 235"], ["138 001 234", "138 001 235"], []),
        (["'12", "\u201912.5", "7"], [12, 12.5, 7], ["apostrophes"]),
        (["'1 234", "7"], [1234, 7], ["apostrophes", "blank_thousands"]),
        (['="12"', "7"], [12, 7], ["apostrophes"]),
        (["'80s", "'"], ["'80s", "'"], []),
    ],
)
def test_the_comma_is_what_the_column_makes_of_it(tmp_path: Path, cells: Any, meant: Any, told: Any) -> None:
    assert column(tmp_path / "a", cells) == (meant, told)


def test_a_column_of_both_ways_is_told_and_not_guessed(tmp_path: Path) -> None:
    found = column(tmp_path / "a", ["1.234,5", "1,234.5", "7"])
    assert found[1][0] == "commas_mixed" and found[0] == ["1.234,5", "1,234.5", "7"]


def test_coordinates_marked_as_text_are_read_and_told(tmp_path: Path) -> None:
    rows = [["id", "name", "lon", "lat"], ["a", "'7", "'122.13", "'37.5"], ["b", "乙", "'122°7'48\"", "37.5"]]
    kept, found = files.read_places(save_csv(tmp_path / "a", rows), table="c", crs=STUDY)
    assert kept.to_crs(4326).geometry.x.round(4).tolist() == [122.13, 122.13]
    assert kept["name"].tolist() == ["'7", "乙"]
    assert found[["severity", "rule", "column"]].values.tolist() == [["note", "apostrophes", c] for c in ("lon", "lat")]


def test_both_coordinates_in_one_cell_may_be_marked_as_text(tmp_path: Path) -> None:
    rows = [["id", "name", "坐标"], ["a", "甲", "'122.13,37.5"], ["b", "乙", "'122.14,37.5"]]
    kept, found = files.read_places(save_csv(tmp_path / "a", rows), table="c", crs=STUDY)
    assert kept.to_crs(4326).geometry.x.round(4).tolist() == [122.13, 122.14]
    assert found["rule"].tolist() == ["apostrophes"]


def test_metres_with_blanks_are_read_and_degrees_with_blanks_are_angles(tmp_path: Path) -> None:
    rows = [["id", "name", "lon", "lat"], ["a", "甲", "420 448.5", "4 150 722"]]
    kept, found = files.read_places(save_csv(tmp_path / "a", rows), table="c", crs=STUDY, source_crs=STUDY)
    assert (kept.geometry.x.iloc[0], kept.geometry.y.iloc[0]) == (420448.5, 4150722)
    assert set(found["rule"]) == {"blank_thousands"}
    rows = [["id", "name", "lon", "lat"], ["a", "甲", "122 7 48", "37 30 0"]]
    kept, found = files.read_places(save_csv(tmp_path / "b", rows), table="c", crs=STUDY)
    assert found.empty and round(kept.to_crs(4326).geometry.x.iloc[0], 4) == 122.13


def test_codes_and_names_keep_their_commas(tmp_path: Path) -> None:
    path = save_csv(tmp_path / "a", [["id", "name", "lon", "lat"], ["1,5", "7,5", "122,1", "37,5"]])
    kept, found = files.read_places(path, table="communities", crs=STUDY)
    assert list(kept.index) == ["1,5"] and kept["name"].tolist() == ["7,5"]
    assert found[["rule", "column"]].values.tolist() == [["comma_decimal", "lon"], ["comma_decimal", "lat"]]


def test_semicolons_part_columns_beside_commas_of_decimals(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id;x;y\na;122,1;37,5\nb;122,2;37,6\n", encoding="utf-8")
    kept, _ = files.read_places(tmp_path / "a.csv", table="c", crs=STUDY, required=())
    assert list(kept.index) == ["a", "b"]


@pytest.mark.parametrize("odd", ["951①", "951²", "951½", "951户", "1.2万人", "951余人", "约951", "9 51"])
@pytest.mark.parametrize("save", [save_csv, save_xlsx])
def test_people_that_are_no_number_set_their_row_aside(tmp_path: Path, odd: str, save: Any) -> None:
    rows = [["id", "name", "lon", "lat", "older"], ["a", "甲", 122.1, 37.5, odd], ["b", "乙", 122.1, 37.5, 7]]
    kept, found = files.read_places(save(tmp_path / "a", rows), table="c", crs=STUDY, people=["older"])
    assert kept["older"].tolist() == [7]
    assert found[["severity", "rule", "row", "value"]].values.tolist() == [["error", "people_not_number", 2, odd]]


@pytest.mark.parametrize("save", [save_csv, save_xlsx])
def test_people_with_the_word_for_persons_are_counted(tmp_path: Path, save: Any) -> None:
    """As offices type them: 951人, 1,204 名."""
    rows = [
        ["id", "name", "lon", "lat", "older"],
        ["a", "甲", 122.1, 37.5, "951人"],
        ["b", "乙", 122.1, 37.5, "1,204 名"],
    ]
    kept, found = files.read_places(save(tmp_path / "a", rows), table="c", crs=STUDY, people=["older"])
    assert kept["older"].tolist() == [951, 1204]
    told = found[found["rule"].eq("persons_counted")]
    assert (
        told[["severity", "value"]].values.tolist() == [["note", "2"]] and len(found[found["severity"] == "error"]) == 0
    )


def test_points_that_may_be_thousands_are_told(tmp_path: Path) -> None:
    rows = [["id", "name", "lon", "lat", "older"], ["a", "甲", 122.1, 37.5, "1.234"], ["b", "乙", 122.1, 37.5, "7"]]
    _, found = files.read_places(save_csv(tmp_path / "a", rows), table="c", crs=STUDY, people=["older"])
    assert found["rule"].tolist() == ["point_taken", "people_rounded"]


def test_figures_with_notes_or_units_are_told_not_dropped_in_silence(tmp_path: Path) -> None:
    rows = [["area", "beds", "staff"], *([f"区{i}", i if i else "20①", f"{i}人"] for i in range(9))]
    table = files.read_table(save_xlsx(tmp_path / "a", rows))
    told = table.findings
    assert told[["severity", "rule", "column", "row"]].values.tolist() == [
        ["warning", "no_numbers", "beds", 2], ["warning", "numbers_with_units", "staff", 2]
    ]  # fmt: skip
    assert "2: 20①" in finding_sentences(told, "en").iloc[0]


def test_texts_with_digits_in_them_are_texts(tmp_path: Path) -> None:
    phones = ["0631-5231234", "13906310000", "13906310001", "13906310002", "13906310003", "13906310004"]
    rows = [
        ["area", "phone", "street", "note"],
        *([f"区{i}", p, f"青岛路{i}号", "3层"] for i, p in enumerate(phones)),
    ]
    assert files.read_table(save_csv(tmp_path / "a", rows)).findings.empty


def test_a_heading_may_be_named_as_it_stands_in_the_file(tmp_path: Path) -> None:
    rows = [["id", "name", "lon", "lat", "人数（人）"], ["a", "甲", 122.1, 37.5, "９"]]
    for named in ("人数（人）", "人数(人)"):
        kept, _ = files.read_places(
            save_csv(tmp_path / "a", rows), table="c", crs=STUDY, columns={"older": named}, people=["older"]
        )
        assert kept["older"].tolist() == [9]
