"""The workbook as a clerk opens, prints and hands it on; its numbers against the results."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import openpyxl.utils
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

import quarterhour as qh
from quarterhour.base import i18n
from quarterhour.report.book.key_numbers import MOST, key_numbers
from quarterhour.report.book.leaf import PRINTED_OF_DATA, PRINTED_ROWS
from quarterhour.report.section import Section
from quarterhour.report.workbook import write_workbook
from quarterhour.report.write import build_report_parts
from quarterhour.standards.circle import by_level
from tables import book_tables, sheet_table

HOSTILE = "=cmd|'/C calc'!A0 & <b>\"圈\"</b>"


def written(results: qh.Results, path: Path, lang: str = "zh") -> openpyxl.Workbook:
    """The workbook of a run, with all of its sections."""
    write_workbook(path, results, lang, sections=build_report_parts(results, lang).sections)
    return openpyxl.load_workbook(path)


@pytest.fixture(scope="module")
def toy_book(toy_run: qh.Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "coverage.xlsx"
    written(toy_run, path)
    return path


@pytest.fixture
def hostile_run(toy_study: Path) -> qh.Results:
    """The toy town whose study, circle, facility and community are called by what Excel would run."""
    text = (toy_study / "study.toml").read_text(encoding="utf-8")
    for name in ("玩具镇", "居家养老服务圈", "养老中心选址"):
        text = text.replace(f'"{name}"', f"'''{HOSTILE}'''")
    (toy_study / "study.toml").write_text(text, encoding="utf-8")
    rows = (toy_study / "communities.csv").read_bytes().decode("gb18030")
    (toy_study / "communities.csv").write_bytes(rows.replace("西村", "=HYPERLINK(1)").encode("gb18030"))
    sites = (toy_study / "facilities.csv").read_text(encoding="utf-8")
    (toy_study / "facilities.csv").write_text(sites.replace("日间照料", "@SUM(A1)"), encoding="utf-8")
    return qh.run_study(qh.read_study(toy_study))


def cells(book: openpyxl.Workbook) -> Iterator[Any]:
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            yield from (cell for cell in row if cell.value is not None)


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["county", "town"])
def test_areas_say_what_the_circles_came_to(toy_run: qh.Results, toy_book: Path, level: str) -> None:
    table = book_tables(toy_book)[i18n.say(f"report.sheet_by_{level}", "zh")].set_index("编号")
    for check in toy_run.checks:
        found = pd.concat([by_level(check.shares, level), by_level(check.shares, "city")])
        heads = {"社区数": "communities", "圈内社区数": "communities_met", "人数": "people", "圈内人数": "people_met",
                 "圈内人口占比": "share_people"}  # fmt: skip
        for head, column in heads.items():
            (name,) = [c for c in table if c.startswith(check.circle.name("zh")) and c.endswith(f" {head}")
                       and f"· {_mode(check)} " in c]  # fmt: skip
            assert table[name].to_dict() == pytest.approx(found[column].to_dict())


def _mode(check: qh.CircleCheck) -> str:
    return qh.read_modes()[check.mode_id].name("zh")


def test_communities_say_what_the_circles_came_to(toy_run: qh.Results, toy_book: Path) -> None:
    table = book_tables(toy_book)["社区（村）"].set_index("编号")
    names = toy_run.inputs.facilities["name"]
    for check in toy_run.checks:
        own = table[[c for c in table if c.startswith(f"{check.circle.name('zh')} · {_mode(check)} ")]]
        own.columns = [c.rpartition(" ")[2] for c in own]
        found = check.communities
        assert own["达标"].eq("达标").to_dict() == found["met"].to_dict()
        assert own["分钟"].dropna().to_dict() == pytest.approx(found["minutes"].round(2).dropna().to_dict())
        assert own["最近设施"].dropna().to_dict() == found["nearest"].dropna().map(names).to_dict()
        assert own["最近设施编号"].dropna().to_dict() == found["nearest"].dropna().to_dict()


def test_another_reader_reads_the_same_cells(toy_book: Path) -> None:
    other = CalamineWorkbook.from_path(str(toy_book))
    for sheet in openpyxl.load_workbook(toy_book).worksheets:
        mine = [_plain(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None]
        theirs = [_plain(v) for row in other.get_sheet_by_name(sheet.title).to_python() for v in row if v != ""]
        assert mine == theirs, sheet.title


def _plain(value: object) -> object:
    day = value.date() if isinstance(value, datetime) else value
    return float(day) if isinstance(day, int) else day


def test_the_key_numbers_stand_on_the_sheets_that_they_name(toy_run: qh.Results, toy_book: Path) -> None:
    book = openpyxl.load_workbook(toy_book)
    cover = book.worksheets[0]
    numbers = key_numbers(toy_run, "zh")
    assert 0 < len(numbers) <= MOST
    shown = {str(row[1].value): row for row in cover.iter_rows() if row[1].value}
    for number in numbers:
        row = shown[number.label]
        assert row[2].value == pytest.approx(number.value)
        name = str(row[4].value)
        assert row[4].hyperlink.location == f"'{name}'!A1" and name in book.sheetnames
        found = [c.value for r in book[name].iter_rows() for c in r]
        figures = {round(float(v), 9) for v in found if isinstance(v, int | float)}
        counted = {float(found.count(word)) for word in ("达标", "搁置")}
        assert round(float(number.value), 9) in figures | counted, number


def test_promises_are_numbers_in_the_unit_of_their_row(toy_run: qh.Results, toy_book: Path) -> None:
    assert toy_run.scorecard is not None
    rows = toy_run.scorecard.summary()
    sheet = openpyxl.load_workbook(toy_book)["目标完成"]
    table = sheet_table(sheet)
    assert table["目标值"].tolist() == pytest.approx(rows["threshold"].tolist())
    assert table["现值"].astype(float).tolist() == pytest.approx(rows["value"].tolist(), nan_ok=True)
    place = list(table).index("目标值") + 1
    forms = [sheet.cell(row, place).number_format for row in range(4, 4 + len(rows))]
    assert [form == "0.0%" for form in forms] == rows["unit"].eq("share").tolist()


# --- a clerk's habits -----------------------------------------------------------------------------


def test_the_cover_tells_the_day_and_links_every_sheet(toy_run: qh.Results, toy_book: Path) -> None:
    book = openpyxl.load_workbook(toy_book)
    cover, *others = book.worksheets
    links = {cell.hyperlink.location for row in cover.iter_rows() for cell in row if cell.hyperlink}
    assert {f"'{sheet.title}'!A1" for sheet in others} <= links
    days = [cell for row in cover.iter_rows() for cell in row if isinstance(cell.value, datetime)]
    assert [d.value.date() for d in days] == [toy_run.study.file.study.reference_date] == [date(2025, 12, 31)]
    assert any("示例" in str(cell.value) for row in cover.iter_rows() for cell in row)


def test_every_sheet_prints_one_page_wide_with_its_headings_and_number(toy_book: Path) -> None:
    for sheet in openpyxl.load_workbook(toy_book).worksheets:
        assert sheet.page_setup.fitToWidth in (None, 1) and sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.paperSize == 9
        assert sheet.print_area and "&P" in sheet.oddFooter.right.text
        if sheet.auto_filter.ref:
            head = sheet.auto_filter.ref.split(":")[0].strip("A")
            assert sheet.page_setup.orientation == "landscape"
            assert str(sheet.print_title_rows).endswith(head)


def test_a_sheet_of_data_prints_one_page_and_says_so(weihai_run: qh.Results, tmp_path: Path) -> None:
    book = written(weihai_run, tmp_path / "a.xlsx")
    for sheet in book.worksheets:
        if sheet.auto_filter.ref:
            first, last = (
                int("".join(c for c in part if c.isdigit())) for part in sheet.print_area.split("!")[1].split(":")
            )
            assert last - 4 <= PRINTED_ROWS
    communities = book["社区（村）"]
    assert f"打印前 {PRINTED_OF_DATA} 行，全表 2,768 行" in str(communities["B2"].value)


def test_ids_stand_last_and_are_not_printed(toy_book: Path) -> None:
    sheet = openpyxl.load_workbook(toy_book)["社区（村）"]
    heads = list(sheet_table(sheet))
    assert heads[0] == "名称" and heads[-3] == "编号" and all(h.endswith("最近设施编号") for h in heads[-2:])
    last = sheet.print_area.split(":")[1].split("$")[1]
    assert openpyxl.utils.column_index_from_string(last) <= len(heads) - 3


def test_the_worst_come_first(toy_run: qh.Results, toy_book: Path) -> None:
    met = next(c for c in book_tables(toy_book)["社区（村）"] if c.endswith(" 达标"))
    assert book_tables(toy_book)["社区（村）"][met].tolist() == ["未达标", "未达标", "达标", "达标"]
    assert toy_run.checks[0].communities["met"].sum() == 2


def test_met_and_not_met_have_a_fill_beside_the_word(toy_book: Path) -> None:
    fills: dict[str, set[str]] = {}
    for cell in cells(openpyxl.load_workbook(toy_book)):
        if cell.value in ("达标", "未达标") and cell.fill.fgColor.rgb in ("FFC6EFCE", "FFFFC7CE"):
            fills.setdefault(cell.value, set()).add(cell.fill.fgColor.rgb)
    assert fills == {"达标": {"FFC6EFCE"}, "未达标": {"FFFFC7CE"}}


def test_charts_are_native_and_carry_their_figures(toy_run: qh.Results, toy_book: Path) -> None:
    with zipfile.ZipFile(toy_book) as packed:
        charts = [packed.read(n).decode() for n in sorted(packed.namelist()) if n.startswith("xl/charts/chart")]
    share = by_level(toy_run.checks[0].shares, "county")["share_people"].iloc[0]
    assert any(f"<c:v>{share:.10g}"[:14] in chart for chart in charts)


def test_two_sections_of_a_kind_have_a_sheet_each(toy_run: qh.Results, tmp_path: Path) -> None:
    two = [Section("access", pd.DataFrame({"town": ["a"], "served": [n]}), (f"line {n}",)) for n in (1, 2)]
    write_workbook(tmp_path / "a.xlsx", toy_run, "en", sections=two)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    name = i18n.say("report.sheet_access", "en")
    assert {name, f"{name} (2)"} <= set(book.sheetnames)
    assert [row[1].value for row in book["Notes"].iter_rows(min_row=4)] == ["line 1", "line 2"]


def test_every_sheet_is_told_in_a_line() -> None:
    """Also those that only other studies have."""
    keys = {name.removeprefix("sheet_") for name in i18n.names_on("report") if name.startswith("sheet_")}
    untold = {key for key in keys if i18n.entry(f"workbook.about_{key}") is None}
    assert not untold
    untitled = {k for k in keys if not (i18n.entry(f"workbook.title_{k}") or i18n.entry(f"report.part_{k}"))}
    assert not untitled


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_names_that_excel_would_run_are_text_everywhere(hostile_run: qh.Results, tmp_path: Path, lang: str) -> None:
    book = written(hostile_run, tmp_path / "a.xlsx", lang)
    assert {cell.data_type for cell in cells(book)} <= {"s", "n", "d"}
    links = [cell.hyperlink for cell in cells(book) if cell.hyperlink]
    assert links and all(link.target is None and link.location.endswith("!A1") for link in links)
    said = [str(cell.value) for cell in cells(book)]
    assert "=HYPERLINK(1)" in said and "@SUM(A1)" in said
    if lang == "zh":
        assert any(HOSTILE in text for text in said)
        with zipfile.ZipFile(tmp_path / "a.xlsx") as packed:
            page = packed.read("xl/worksheets/sheet1.xml").decode()
        assert (
            "A0 &amp;&amp; &lt;b&gt;" in page and "（含示例数据）" in page
        )  # a single & at the foot would be a command


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_the_same_run_gives_the_same_bytes(toy_run: qh.Results, tmp_path: Path, lang: str) -> None:
    for name in ("a", "b"):
        written(toy_run, tmp_path / f"{name}.xlsx", lang)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
