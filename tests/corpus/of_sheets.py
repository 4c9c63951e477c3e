"""Workbooks: merged, hidden, filtered and struck-out cells, formulas, stray cells, several sheets and tables."""

# ruff: noqa: ARG005, E501 (a case is a line of a table: what is changed, what must be said)

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font

from corpus.city import City, grid, numbers_in
from corpus.verdict import Book

BOOK = Book()
add = BOOK.add
TITLE = "环翠区社区老年人口统计表（2025年）"
TOTAL = ["合计", None, None, None, None, None, 20999, 253]


def book(*, edit: Callable[[Any], None] | None = None, cells: Callable[[list[Any]], Any] | None = None,
         table: str = "communities", **keys: Any) -> Callable[[City], None]:  # fmt: skip
    """The table as a workbook of numbers and texts; ``cells`` changes the rows, ``edit`` the sheet."""

    def change(city: City) -> None:
        every = grid(numbers_in(city.rows(table)))
        city.save_book(table, cells(every) if cells else every, edit=edit, **keys)

    return change


def set_cells(**values: Any) -> Callable[[Any], None]:
    """Cells of a sheet by their address."""

    def edit(page: Any) -> None:
        for address, value in values.items():
            page[address] = value

    return edit


for _table in ("communities", "facilities"):
    add(f"{_table}-xlsx", book(table=_table), circles=_table == "communities")
    add(f"{_table}-xlsx_all_text", lambda c, t=_table: c.save_book(t, grid(c.rows(t))))
    add(f"{_table}-xlsx_codes_as_numbers", book(table=_table, cells=lambda g: [
        [int(v) if isinstance(v, str) and v.isdigit() else v for v in r] for r in g]))  # fmt: skip
    add(f"{_table}-title_merged", book(table=_table, cells=lambda g: [[TITLE], *g],
        edit=lambda p: p.merge_cells("A1:H1")))  # fmt: skip
add("xlsm", lambda c: (c.save_book("communities", grid(numbers_in(c.communities))),
    c.path("communities.xlsx").rename(c.use("communities", "c.xlsm"))))  # fmt: skip
add(
    "titles_and_units_above",
    book(cells=lambda g: [[TITLE], ["单位：环翠区民政局", None, None, None, "单位：人"], [], *g]),
)
add("table_begins_at_c5", book(cells=lambda g: [[], [], [], [], *([None, None, *r] for r in g)]))
add("numbered_rows", book(cells=lambda g: [["序号", *g[0]], *([i, *r] for i, r in enumerate(g[1:], 1))]))
add("total_below", book(cells=lambda g: [*g, TOTAL]), "totals_row@26")
add("total_below_a_blank_row", book(cells=lambda g: [*g, [], TOTAL]), "totals_row@27")
add("total_with_formula", book(cells=lambda g: [*g, ["合计", *[None] * 5, "=SUM(G2:G25)", "=SUM(H2:H25)"]]),
    "totals_row@26")  # fmt: skip
add("signatures_below", book(cells=lambda g: [*g, [], ["制表人：张三", None, None, "审核人：李四"]]))
add("note_below", book(cells=lambda g: [*g, ["注：数据截至2025年底"]]))
add(
    "note_below_merged",
    book(cells=lambda g: [*g, ["备注：以上数据来源于民政局"]], edit=lambda p: p.merge_cells("A26:H26")),
)
add("note_beside", book(edit=set_cells(K3="核对过")), "stray_cells")
add("stray_cell_far_right", book(edit=set_cells(XFD1="x")))
add("stray_cell_in_the_far_corner", book(edit=set_cells(XFD99="x")), "stray_cells")
add("stray_cell_far_down", book(edit=set_cells(A9000="x")), "no_place@9000")
add("stray_blank_far_down", book(edit=set_cells(A9000=" ")))
add("stray_format_far_down", book(edit=lambda p: setattr(p["H90000"], "font", Font(bold=True))))
add("nameless_column", book(edit=lambda p: [p.cell(i, 9, 5) for i in range(2, 26)]), "stray_cells")
add("nameless_column_between", book(cells=lambda g: [[*r[:3], "" if i == 0 else 7, *r[3:]] for i, r in enumerate(g)]),
    "nameless_columns")  # fmt: skip


# --- merged -------------------------------------------------------------------------------------------------------


def _merged(column: str, *, numbers: bool = False) -> Callable[[City], None]:
    """Rows in the order of a column, whose equal cells are merged: only the first keeps its value."""

    def change(city: City) -> None:
        city.communities.sort(key=lambda r: r[column])
        cells = grid(numbers_in(city.communities))
        at = cells[0].index(column)
        spans, start = [], 1
        for i in range(2, len(cells) + 1):
            if i == len(cells) or cells[i][at] != cells[start][at]:
                spans.append((start + 1, i))
                start = i
        for low, high in spans:
            for row in cells[low:high]:
                row[at] = None
        name = "ABCDEFGH"[at]
        if numbers:
            for row in cells[1:]:
                row[at] = int(row[at]) if row[at] else None
        city.save_book("communities", cells, edit=lambda p: [p.merge_cells(f"{name}{a}:{name}{b}") for a, b in spans])

    return change


add("town_merged", _merged("town"), "merged_filled")
add("town_merged_as_numbers", _merged("town", numbers=True), "merged_filled")
add("county_merged", _merged("county"), "merged_filled")
add("people_merged", book(edit=lambda p: p.merge_cells("G2:G3")), "merged_number@2", "people_missing@3", right=False)
add("name_and_town_merged_across", book(edit=lambda p: p.merge_cells("B2:C2")), "inputs.no_area", right=False)
add("header_merged", book(cells=lambda g: [["基本情况", None, None, None, "位置", None, "人数", None], *g],
    edit=lambda p: [p.merge_cells(s) for s in ("A1:D1", "E1:F1", "G1:H1")]))  # fmt: skip


def _left_blank(city: City) -> None:
    """The town in its first row alone, not merged: as a table made for the eye."""
    city.communities.sort(key=lambda r: r["town"])
    seen = ""
    for row in city.communities:
        row["town"], seen = ("" if row["town"] == seen else row["town"]), row["town"] or seen
    city.save_book("communities", grid(numbers_in(city.communities)))


add("town_in_its_first_row_alone", _left_blank, "inputs.no_area", right=False)

# --- hidden, filtered, struck out ---------------------------------------------------------------------------------


def _hide(page: Any) -> None:
    page.row_dimensions[3].hidden = True


def _filter(page: Any) -> None:
    page.auto_filter.ref = "A1:H25"
    page.auto_filter.add_filter_column(2, ["371002002"])
    for row in range(2, 26):
        page.row_dimensions[row].hidden = page.cell(row, 3).value != "371002002"


def _strike(page: Any) -> None:
    for cell in page[3]:
        cell.font = Font(strike=True)


add("row_flat", book(edit=lambda p: setattr(p.row_dimensions[3], "height", 0.75)), "hidden_rows_used")
add("row_struck_out_but_for_its_figures", book(edit=lambda p: [setattr(p.cell(3, i), "font", Font(strike=True)) for i in range(1, 7)]),
    "struck_rows_used")  # fmt: skip
add("row_hidden", book(edit=_hide), "hidden_rows_used")
add("row_hidden_skipped", book(edit=_hide, hidden_rows="skip"), "hidden_rows_skipped", right=False)
add("rows_filtered", book(edit=_filter), "hidden_rows_used")
add("rows_filtered_skipped", book(edit=_filter, hidden_rows="skip"), "hidden_rows_skipped", right=False)
add("row_struck_out", book(edit=_strike), "struck_rows_used")
add("row_struck_out_skipped", book(edit=_strike, hidden_rows="skip"), "struck_rows_skipped", right=False)
add("figure_struck_out", book(edit=lambda p: setattr(p["G3"], "font", Font(strike=True))), "struck_cells@3")
add("name_struck_out_in_part", book(edit=lambda p: setattr(p["B3"], "value", CellRichText(
    TextBlock(InlineFont(strike=True), "旧"), str(p["B3"].value)))), "struck_cells@3")  # fmt: skip
add("rows_without_cells_hidden", book(edit=lambda p: setattr(p.sheet_format, "zeroHeight", True)), "rows_folded")
add("rows_of_no_height", book(edit=lambda p: setattr(p.sheet_format, "defaultRowHeight", 0)), "hidden_rows_used")
add("column_hidden", book(edit=lambda p: setattr(p.column_dimensions["G"], "hidden", True)))
add("row_grouped", book(edit=lambda p: p.row_dimensions.group(3, 5, hidden=True)), "hidden_rows_used")
add("facility_hidden", book(table="facilities", edit=_hide), "hidden_rows_used")

# --- cells --------------------------------------------------------------------------------------------------------

add("formula_without_result", book(edit=set_cells(G2="=900+51")), "formula_blank", "people_missing@2", right=False)
add("formula_in_a_name", book(edit=set_cells(B2="=A2")), "formula_blank", "blank@2")
add("error_value", book(edit=set_cells(G2="#DIV/0!")), "people_not_number@2", right=False)
add(
    "people_as_text",
    book(edit=lambda p: [setattr(p.cell(i, 7), "value", str(p.cell(i, 7).value)) for i in range(2, 26)]),
)
add(
    "people_as_float",
    book(edit=lambda p: [setattr(p.cell(i, 7), "value", float(p.cell(i, 7).value)) for i in range(2, 26)]),
)
add("people_as_date", book(edit=set_cells(G2=datetime.date(2025, 1, 2))), "people_not_number@2", right=False)
add("people_as_true", book(edit=set_cells(G2=True)), "people_not_number@2", right=False)
add(
    "people_with_date_format",
    book(edit=lambda p: setattr(p["G2"], "number_format", "yyyy-mm-dd")),
    "people_not_number@2",
    right=False,
)
add(
    "people_with_thousands_format",
    book(edit=lambda p: [setattr(p.cell(i, 7), "number_format", "#,##0") for i in range(2, 26)]),
)
add(
    "people_in_ten_thousands_format",
    book(edit=lambda p: [setattr(p.cell(i, 7), "number_format", "0.0,") for i in range(2, 26)]),
)
add(
    "id_as_large_number",
    book(edit=lambda p: [setattr(p.cell(i, 1), "value", int(p.cell(i, 1).value)) for i in range(2, 26)]),
)
add(
    "id_as_float",
    book(edit=lambda p: [setattr(p.cell(i, 1), "value", float(p.cell(i, 1).value)) for i in range(2, 26)]),
)
add("ids_of_18_digits_as_numbers", book(edit=lambda p: [
    setattr(p.cell(i, 1), "value", float(p.cell(i, 1).value + "123457")) for i in range(2, 26)]))  # fmt: skip
add("id_as_science_text", book(edit=set_cells(A2="3.71E+11")), "id_mangled@2", right=False)
add(
    "coordinates_as_text",
    book(edit=lambda p: [setattr(p.cell(i, 5), "value", str(p.cell(i, 5).value)) for i in range(2, 26)]),
)
add("cell_with_rich_text", book(edit=set_cells(B2="东涝台\n社区")))
add("cell_with_a_link", book(edit=lambda p: setattr(p["B2"], "hyperlink", "https://example.org/")))
add("cell_with_a_comment", book(edit=lambda p: setattr(p["G2"], "comment", openpyxl.comments.Comment("核", "王"))))
add("cell_with_x_escape", book(edit=set_cells(B2="东_x000D_村")))
add("row_blank_between", book(cells=lambda g: [*g[:9], [], *g[9:]]))
add("rows_blank_between", book(cells=lambda g: [*g[:9], [], [], *g[9:]]))

# --- tables and sheets --------------------------------------------------------------------------------------------

add("second_table_below", book(cells=lambda g: [*g, [], ["类型", "数量", "床位"], ["日间", 3, 4], ["合计", 3, 4]]),
    "second_table")  # fmt: skip
add("second_table_beside", book(edit=lambda p: [p.cell(i, j, v) for i, r in enumerate(
    [["街道", "人数"], ["环翠楼", 9], ["鲸园", 8]], 1) for j, v in enumerate(r, 11)]))  # fmt: skip
add("header_again_on_each_page", book(cells=lambda g: [*g[:13], g[0], *g[13:]]), "header_again@14")
add("title_again_on_each_page", book(cells=lambda g: [[TITLE], *g[:13], [TITLE], g[0], *g[13:]]), "header_again@16")


def _sheets(names: tuple[str, ...], *, hidden: tuple[str, ...] = (), asked: Any = None, other: Any = "rows") -> Any:
    def change(city: City) -> None:
        made = openpyxl.Workbook()
        for at, name in enumerate(names):
            page = made.worksheets[0] if at == 0 else made.create_sheet()
            page.title = name
            rows: Any = (
                grid(numbers_in(city.communities)) if name == "社区" else [["说明"], ["x"]] if other == "rows" else []
            )
            for row in rows:
                page.append(row)
            page.sheet_state = "hidden" if name in hidden else "visible"
        made.save(city.use("communities", "c.xlsx", sheet=asked))

    return change


add("two_sheets", _sheets(("社区", "说明")), error="files.which_sheet")
add("two_sheets_one_named", _sheets(("说明", "社区"), asked="社区"))
add("two_sheets_named_wrong", _sheets(("说明", "社区"), asked="社区表"), error="files.no_sheet")
add("two_sheets_one_empty", _sheets(("社区", "Sheet2"), other=None))
add("two_sheets_one_hidden", _sheets(("社区", "字典"), hidden=("字典",)), "hidden_sheet")
add("sheet_hidden_named", _sheets(("说明", "社区"), hidden=("社区",), asked="社区"), "hidden_sheet_read")
add("sheet_by_number", _sheets(("社区", "说明"), asked=1), error="files.no_sheet")
add("empty_workbook", lambda c: c.save_book("communities", []), error="files.no_header")
add("encrypted", lambda c: c.use("communities", "c.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 99),
    error="files.not_what_it_says")  # fmt: skip
add("old_xls", lambda c: c.use("communities", "c.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 99),
    error="files.broken")  # fmt: skip


def _cut(city: City) -> None:
    city.save_book("communities", grid(numbers_in(city.communities)))
    target = city.path("communities.xlsx")
    target.write_bytes(target.read_bytes()[:-300])


add("workbook_cut", _cut, error="files.broken")


def _without_styles(city: City) -> None:
    """As some programs write them: no styles, no shared strings that are used."""
    city.save_book("communities", grid(numbers_in(city.communities)))
    kept, target = city.path("communities.xlsx"), city.use("communities", "plain.xlsx")
    with zipfile.ZipFile(kept) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            if "styles" not in name:
                new.writestr(name, old.read(name))


add("workbook_without_styles", _without_styles, error="files.broken")
