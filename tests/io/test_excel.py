"""What a sheet hides, merges, strikes out and carries at its far edge; another library reads the same cells."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font

from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding_sentences
from quarterhour.io import files
from tables import STUDY, save_csv, save_xlsx

HEAD = ["id", "name", "town", "lon", "lat", "older"]
ROWS = [[f"37100200100{i}", f"村{i}", "371002001", 122.1137 + i / 100, 37.50211, 10 * i] for i in range(1, 6)]


def read(path: Path, **more: Any) -> tuple[Any, Any]:
    columns = {"id": "id", "name": "name", "town": "town", "x": "lon", "y": "lat"}
    return files.read_places(path, table="communities", crs=STUDY, columns=columns, people=["older"], **more)


def changed(path: Path, change: Any) -> Path:
    book = openpyxl.load_workbook(path)
    change(book)
    book.save(path)
    return path


def rules(found: Any) -> list[str]:
    return found["rule"].tolist()


# --- merged cells ---------------------------------------------------------------------------------


@pytest.mark.parametrize("town", ["371002001", 371002001, "鲸园街道"])
def test_a_merged_town_is_that_of_every_village_below(tmp_path: Path, town: Any) -> None:
    """A code is a text whatever its digits, and whatever the type of its cell."""
    rows = [[*r[:2], town if i == 0 else None, *r[3:]] for i, r in enumerate(ROWS)]
    kept, found = read(save_xlsx(tmp_path / "a", [HEAD, *rows], merged=("C2:C6",)))
    assert kept["town"].tolist() == [str(town)] * 5
    assert found[["severity", "rule", "column", "value"]].values.tolist() == [
        ["note", "merged_filled", "town", "C2:C6"]
    ]


@pytest.mark.parametrize("amount", [90, "90"])
def test_merged_people_are_counted_once(tmp_path: Path, amount: Any) -> None:
    rows = [*ROWS[:3], [*ROWS[3][:5], amount], [*ROWS[4][:5], None]]
    kept, found = read(save_xlsx(tmp_path / "a", [HEAD, *rows], merged=("F5:F6",)))
    assert kept["older"].sum() == 150 and rules(found) == ["merged_number", "people_missing"]


def test_merged_coordinates_hold_for_all_in_the_house(tmp_path: Path) -> None:
    rows = [*ROWS[:3], ROWS[3], [*ROWS[4][:3], None, None, ROWS[4][5]]]
    kept, _ = read(save_xlsx(tmp_path / "a", [HEAD, *rows], merged=("D5:D6", "E5:E6")))
    assert len(kept) == 5 and kept.geometry.iloc[3].equals(kept.geometry.iloc[4])


def test_without_roles_the_type_of_the_cell_decides(tmp_path: Path) -> None:
    rows = [["a", "007", 9], ["b", None, None]]
    table = files.read_table(save_xlsx(tmp_path / "a", [["id", "area", "beds"], *rows], merged=("B2:B3", "C2:C3")))
    assert table.frame["area"].tolist() == ["007", "007"] and table.frame["beds"].sum() == 9


@pytest.mark.parametrize("span", ["B2:B1048576", "A2:XFD1048576", "B2:B9"])
def test_a_merged_range_reaches_no_farther_than_the_table(tmp_path: Path, span: str) -> None:
    rows = [["id", "name"], ["a", "甲"], ["b", None]]
    written = [[f'<c t="inlineStr"><is><t>{c}</t></is></c>' if c else "<c/>" for c in row] for row in rows]
    sheet = "".join(f"<row>{''.join(cells)}</row>" for cells in written)
    table = files.read_table(_package(tmp_path / "a.xlsx", sheet, merged=span))
    assert table.frame["id"].tolist() == (["a", "b"] if span.startswith("B") else ["a", "a"])
    assert table.frame["name"].iloc[0] == "甲"


# --- hidden rows, sheets, struck out --------------------------------------------------------------


def _hide(book: Any) -> None:
    for row in (2, 4):
        book.worksheets[0].row_dimensions[row].hidden = True


def _strike(book: Any) -> None:
    for row in (2, 4):
        for cell in book.worksheets[0][row]:
            cell.font = Font(strike=True)


@pytest.mark.parametrize(("change", "rule"), [(_hide, "hidden_rows"), (_strike, "struck_rows")])
def test_hidden_and_struck_rows_are_used_or_not_as_asked_and_told(tmp_path: Path, change: Any, rule: str) -> None:
    path = changed(save_xlsx(tmp_path / "a", [HEAD, *ROWS]), change)
    kept, found = read(path)
    assert len(kept) == 5
    assert found[["severity", "rule", "row", "value"]].values.tolist() == [["warning", f"{rule}_used", 2, "2"]]
    kept, found = read(path, hidden_rows="skip")
    assert kept["older"].tolist() == [20, 40, 50] and rules(found) == [f"{rule}_skipped"]
    assert "2, 4" in finding_sentences(found, "zh").iloc[0]


def test_one_struck_cell_strikes_no_row(tmp_path: Path) -> None:
    def strike_name(book: Any) -> None:
        book.worksheets[0]["B2"].font = Font(strike=True)

    kept, found = read(changed(save_xlsx(tmp_path / "a", [HEAD, *ROWS]), strike_name))
    assert len(kept) == 5
    assert found[["severity", "rule", "row", "detail"]].values.tolist() == [["warning", "struck_cells", 2, "B2"]]


def _rich(*parts: tuple[str, bool]) -> CellRichText:
    return CellRichText(*(TextBlock(InlineFont(strike=True), text) if struck else text for text, struck in parts))


def test_a_text_that_is_struck_in_part_is_told_and_read_whole(tmp_path: Path) -> None:
    def strike(book: Any) -> None:
        book.worksheets[0]["B3"] = _rich(("甲", True), ("乙村", False))

    kept, found = read(changed(save_xlsx(tmp_path / "a", [HEAD, *ROWS]), strike))
    assert "甲乙村" in set(kept["name"])
    assert found[["severity", "rule", "row", "detail"]].values.tolist() == [["warning", "struck_cells", 3, "B3"]]
    assert "B3" in finding_sentences(found, "zh").iloc[0]


def test_texts_struck_letter_by_letter_strike_their_row(tmp_path: Path) -> None:
    def strike(book: Any) -> None:
        for cell in book.worksheets[0][2]:
            cell.font = Font(strike=True)
        book.worksheets[0]["B2"].font = Font()
        book.worksheets[0]["B2"] = _rich(("甲", True), ("乙村", True))

    assert rules(read(changed(save_xlsx(tmp_path / "a", [HEAD, *ROWS]), strike))[1]) == ["struck_rows_used"]


def test_a_sheet_that_hides_what_it_does_not_list_shows_its_rows(tmp_path: Path) -> None:
    """ECMA-376, zeroHeight: rows are hidden by default; Excel and its writers list every row that has cells."""

    def fold(book: Any) -> None:
        book.worksheets[0].sheet_format.zeroHeight = True

    path = changed(save_xlsx(tmp_path / "a", [HEAD, *ROWS]), fold)
    kept, found = read(path, hidden_rows="skip")
    assert len(kept) == 5 and found[["severity", "rule"]].values.tolist() == [["note", "rows_folded"]]


def test_rows_of_a_default_height_of_nothing_are_hidden_but_those_with_their_own(tmp_path: Path) -> None:
    def flatten(book: Any) -> None:
        book.worksheets[0].sheet_format.defaultRowHeight = 0
        for row in (1, 2, 3):
            book.worksheets[0].row_dimensions[row].height = 15

    kept, found = read(changed(save_xlsx(tmp_path / "a", [HEAD, *ROWS]), flatten), hidden_rows="skip")
    assert len(kept) == 2 and rules(found) == ["hidden_rows_skipped"]


def test_hidden_titles_and_empty_rows_are_not_told(tmp_path: Path) -> None:
    def hide(book: Any) -> None:
        for row in (1, 30):
            book.worksheets[0].row_dimensions[row].hidden = True

    assert read(changed(save_xlsx(tmp_path / "a", [["表"], HEAD, *ROWS]), hide))[1].empty


def test_a_hidden_sheet_is_told_and_does_not_stand_in_the_way(tmp_path: Path) -> None:
    def add(book: Any) -> None:
        book.create_sheet("旧").sheet_state = "hidden"
        for row in (HEAD, *ROWS[:2]):
            book["旧"].append(row)

    path = changed(save_xlsx(tmp_path / "a", [HEAD, *ROWS]), add)
    kept, found = read(path)
    assert len(kept) == 5 and rules(found) == ["hidden_sheet"] and found["value"].tolist() == ["旧"]
    kept, found = read(path, sheet="旧")
    assert len(kept) == 2 and rules(found) == ["hidden_sheet_read"]


# --- beyond the table -----------------------------------------------------------------------------


@pytest.mark.parametrize(("cell", "told"), [("XFD1", []), ("XFD3", ["stray_cells"]), ("XFD1048576", ["stray_cells"])])
def test_a_stray_cell_far_off_costs_no_row_and_no_column(tmp_path: Path, cell: str, told: list[str]) -> None:
    path = changed(save_xlsx(tmp_path / "a", [HEAD, *ROWS]), lambda b: b.worksheets[0].__setitem__(cell, "x"))
    kept, found = read(path)
    assert len(kept) == 5 and kept["older"].sum() == 150 and rules(found) == told
    assert len(kept.columns) < 12


def test_a_column_without_a_name_does_not_travel_on(tmp_path: Path) -> None:
    rows = [[*HEAD[:2], None, *HEAD[2:]], *([*r[:2], "?", *r[2:]] for r in ROWS)]
    for path in (save_xlsx(tmp_path / "a", rows), save_csv(tmp_path / "a", rows)):
        kept, found = read(path)
        assert len(kept) == 5 and not [c for c in kept.columns if "column" in c]
        assert found[["severity", "rule", "detail"]].values.tolist() == [["note", "nameless_columns", "C"]]


@pytest.mark.parametrize("save", [save_csv, save_xlsx])
def test_a_second_table_below_is_told_and_not_read(tmp_path: Path, save: Any) -> None:
    second = [[], ["类型", "数量", "镇街", "床位", "x"], ["日间", 3, "鲸园", 20, 1], ["托老", 4, "鲸园", 10, 2]]
    kept, found = read(save(tmp_path / "a", [HEAD, *ROWS, *second]))
    assert len(kept) == 5
    assert found[["severity", "rule", "row", "detail"]].values.tolist() == [["error", "second_table", 8, "3"]]


@pytest.mark.parametrize("save", [save_csv, save_xlsx])
def test_the_header_once_more_is_no_second_table(tmp_path: Path, save: Any) -> None:
    kept, found = read(save(tmp_path / "a", [HEAD, *ROWS[:2], [], HEAD, *ROWS[2:]]))
    assert len(kept) == 5 and rules(found) == ["header_again"]


def test_blank_rows_and_notes_are_no_second_table(tmp_path: Path) -> None:
    notes = [[], ["制表：张三", "审核：李四"], ["① 含流动人口"], ["单位：人"]]
    kept, found = read(save_xlsx(tmp_path / "a", [HEAD, *ROWS[:2], [], *ROWS[2:], *notes]))
    assert len(kept) == 5 and rules(found) == ["footnote_row"] * 3


# --- another reading of the same cells ------------------------------------------------------------


def test_another_library_reads_the_same_cells(tmp_path: Path) -> None:
    day, moment = datetime.date(2025, 12, 31), datetime.datetime(2025, 1, 2, 3, 4, 5)
    rows = [
        ["id", "a", "b", "c", "d", "e"], ["x1", 1, 2.5, True, day, moment],
        ["x2", -3, 1e-7, False, "#N/A", "a & b <c>"], ["x3", 371002001001, 0.1, None, " 甲 ", "line\nline"],
    ]  # fmt: skip
    table = files.read_table(save_xlsx(tmp_path / "a", rows))
    oracle = openpyxl.load_workbook(tmp_path / "a.xlsx", data_only=True).worksheets[0]
    written = [[str(c.value).strip() for c in row] for row in oracle.iter_rows(min_row=2)]
    ours = [["None" if v is None or v != v else str(v) for v in row] for row in table.frame.values.tolist()]
    for their_row, our_row in zip(written, ours, strict=True):
        for theirs, one in zip(their_row, our_row, strict=True):
            assert one in (theirs, theirs.replace(" ", "T", 1)) or float(one) == float(theirs)


def _package(path: Path, sheet: str, strings: str = "", *, merged: str = "") -> Path:
    """A workbook written by hand, as other programs than Excel do."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packages = "http://schemas.openxmlformats.org/package/2006/relationships"

    def relations(*parts: tuple[str, str]) -> str:
        inside = "".join(f'<Relationship Id="r{i}" Type="{rel}/{k}" Target="{t}"/>' for i, (k, t) in enumerate(parts))
        return f'<Relationships xmlns="{packages}">{inside}</Relationships>'

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("_rels/.rels", relations(("officeDocument", "/book/b.xml")))
        packed.writestr("book/_rels/b.xml.rels", relations(("worksheet", "s.xml"), ("sharedStrings", "/book/t.xml")))
        sheets = f'<sheets><sheet name="表" sheetId="1" q:id="r0" xmlns:q="{rel}"/></sheets>'
        packed.writestr("book/b.xml", f'<x:workbook xmlns:x="{main}" xmlns="{main}">{sheets}</x:workbook>')
        packed.writestr("book/t.xml", f'<sst xmlns="{main}">{strings}</sst>')
        spans = f'<mergeCells><mergeCell ref="{merged}"/></mergeCells>' if merged else ""
        packed.writestr("book/s.xml", f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData>{spans}</worksheet>')
    return path


def test_cells_without_places_rich_text_and_readings_are_understood(tmp_path: Path) -> None:
    strings = "<si><r><t>编</t></r><r><t>号</t></r><rPh><t>h</t></rPh></si><si><t>n</t></si><si><t>a_x200B_1</t></si>"
    sheet = (
        '<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>'
        '<row><c t="s"><v>2</v></c><c><v>1.2E1</v></c></row>'
        '<row ht="0"><c t="inlineStr"><is><t>b1</t></is></c><c t="str"><f>1</f><v>7</v></c></row>'
    )
    table = files.read_table(_package(tmp_path / "a.xlsx", sheet, strings))
    assert table.frame["编号"].tolist() == ["a1", "b1"] and table.frame["n"].tolist() == [12, 7]
    assert sorted(rules(table.findings)) == ["hidden_rows_used", "unseen"]


@pytest.mark.parametrize(
    "sheet",
    ['<row r="9999999"><c r="A1"><v>1</v></c></row>', '<row r="1"><c r="ZZZZ1"><v>1</v></c></row>',
     '<row r="1"><c r="A1" t="s"><v>7</v></c></row>', "<row", '<row r="x"/>'],
)  # fmt: skip
def test_a_damaged_sheet_is_told_with_its_file(tmp_path: Path, sheet: str) -> None:
    with pytest.raises(DataError, match=r"a\.xlsx' is broken"):
        files.read_table(_package(tmp_path / "a.xlsx", sheet))


def test_entities_are_refused_in_any_encoding(tmp_path: Path) -> None:
    path = save_xlsx(tmp_path / "a", [["id"], ["a"]])
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("xl/evil.xml", '<!DOCTYPE a [<!ENTITY b "cc">]><a>&b;</a>'.encode("utf-16"))
    with pytest.raises(DataError, match=r"DTD in xl/evil\.xml"):
        files.read_table(path)
