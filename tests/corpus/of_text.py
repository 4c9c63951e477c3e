"""Tables as text: encodings, delimiters, headers, what stands above, between and below the rows."""

# ruff: noqa: ARG005, E501 (a case is a line of a table: what is changed, what must be said)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from corpus.city import City, csv_bytes, grid
from corpus.verdict import Book

BOOK = Book()
add = BOOK.add
TABLES = ("communities", "facilities")


def _encoded(table: str, encoding: str, declared: str | None) -> Any:
    def change(city: City) -> None:
        city.save(table, encoding=encoding)
        if declared is not None:
            city.part(table)["encoding"] = declared

    return change


for _table in TABLES:
    add(f"{_table}-utf8", _encoded(_table, "utf-8", None))
    add(f"{_table}-utf8_declared", _encoded(_table, "utf-8", "utf-8"))
    add(f"{_table}-bom", _encoded(_table, "utf-8-sig", None))
    add(f"{_table}-bom_declared_utf8", _encoded(_table, "utf-8-sig", "utf-8"))
    add(f"{_table}-gb18030", _encoded(_table, "gb18030", None))
    add(f"{_table}-gbk_declared", _encoded(_table, "gbk", "gbk"))
    add(f"{_table}-gb2312_declared", _encoded(_table, "gb18030", "gb2312"))
    add(f"{_table}-utf16", _encoded(_table, "utf-16", None))
    add(f"{_table}-utf16_be_mark", lambda c, t=_table: _raw(c, t, b"\xfe\xff" + _bytes(c, t, "utf-16-be")))
    add(f"{_table}-utf16_no_mark", _encoded(_table, "utf-16-le", None), error="files.encoding")
    add(f"{_table}-utf16_declared", _encoded(_table, "utf-16-le", "utf-16-le"))
    add(f"{_table}-utf32", _encoded(_table, "utf-32", None), error="files.broken")
    add(f"{_table}-declared_wrong", _encoded(_table, "gb18030", "utf-8"), error="files.encoding")
    add(f"{_table}-declared_unknown", _encoded(_table, "utf-8", "klingon"), error="study.bad_fields")


def _bytes(city: City, table: str, encoding: str, **how: Any) -> bytes:
    return csv_bytes(grid(city.rows(table)), encoding=encoding, **how)


def _raw(city: City, table: str, data: bytes, name: str = "") -> None:
    city.use(table, name or f"{table}.csv").write_bytes(data)


def _traditional(city: City) -> None:
    for row in city.communities:
        row["name"] = f"村{row['id'][-3:]}號"
    city.save("communities", encoding="big5")
    city.part("communities")["encoding"] = "big5"


add("big5_declared", _traditional)


def _cut_encoding(city: City) -> None:
    data = _bytes(city, "communities", "utf-8")
    _raw(city, "communities", data[:400] + b"\xff" + data[400:])


add("one_byte_that_is_no_text", _cut_encoding, error="files.encoding")

# --- delimiters and lines -----------------------------------------------------------------------------------------

for _name, _how in {
    "semicolons": {"delimiter": ";"}, "tabs": {"delimiter": "\t"}, "bars": {"delimiter": "|"},
    "all_quoted": {"quoting": 1}, "lf": {"lineterminator": "\n"}, "cr": {"lineterminator": "\r"},
    "single_quotes": {"quotechar": "'"},
}.items():  # fmt: skip
    for _table in TABLES:
        add(f"{_table}-{_name}", lambda c, t=_table, h=_how: c.save(t, **h))
add("tabs_as_txt", lambda c: _raw(c, "communities", _bytes(c, "communities", "utf-8", delimiter="\t"), "c.txt"))
add("tabs_as_tsv", lambda c: _raw(c, "communities", _bytes(c, "communities", "utf-8", delimiter="\t"), "c.tsv"))
add("capital_suffix", lambda c: _raw(c, "communities", _bytes(c, "communities", "utf-8"), "C.CSV"))
add("chinese_file_name", lambda c: _raw(c, "communities", _bytes(c, "communities", "utf-8"), "社区 表(2025).csv"))
add("no_newline_at_the_end", lambda c: _raw(c, "communities", _bytes(c, "communities", "utf-8").rstrip()))
add("blank_lines_between", lambda c: _lines(c, lambda ls: [x for line in ls for x in (line, "")]))
add("blank_lines_of_commas", lambda c: _lines(c, lambda ls: [x for line in ls for x in (line, "," * 7)]))
add("blank_lines_at_the_end", lambda c: _lines(c, lambda ls: [*ls, "", "", ",,,,,,,", "   "]))
add("trailing_comma", lambda c: _lines(c, lambda ls: [line + "," for line in ls]))
add("sep_line", lambda c: _lines(c, lambda ls: ["sep=,", *ls]))
add("ctrl_z_at_the_end", lambda c: _lines(c, lambda ls: [*ls, "\x1a"]), "unseen@26")
add("comment_line", lambda c: _lines(c, lambda ls: ["# 2025 民政局", *ls]))


def _lines(city: City, change: Any, table: str = "communities") -> None:
    lines = _bytes(city, table, "utf-8").decode().splitlines()
    _raw(city, table, "\n".join(change(lines)).encode())


def _with(line: str, at: int) -> Any:
    return lambda c: _lines(c, lambda ls: [*ls[:at], line, *ls[at:]])


add("quote_never_closed", _with('9,"x,1,2,122.1,37.5,1,1', 5), error="files.csv_broken")
add("row_too_long", _with("9,村,371002001,371002,122.11,37.52,3,1,7,7", 5), "ragged_row@6")
add("row_too_short", _with("9,村,371002001,371002,122.11,37.52", 5), "people_missing@6", "short_row@6")
add("comma_in_a_name", lambda c: _lines(c, lambda ls: [ls[0], ls[1].replace("东涝台", "东,涝台"), *ls[2:]]),
    "ragged_row@2", right=False)  # fmt: skip
add("comma_in_a_figure", lambda c: _lines(c, lambda ls: [ls[0], ls[1].replace(",951,", ",1,951,"), *ls[2:]]),
    "ragged_row@2", right=False)  # fmt: skip
add("nul_byte", lambda c: _lines(c, lambda ls: [ls[0], ls[1] + "\0", *ls[2:]]), error="files.broken")
add("empty_file", lambda c: _raw(c, "communities", b""), error="files.empty")
add("header_alone", lambda c: _lines(c, lambda ls: ls[:1]), error="inputs.empty")
add("no_header_at_all", lambda c: _lines(c, lambda ls: ls[1:]), error="files.no_header")
add("file_is_a_folder", lambda c: c.use("communities", "d.csv").mkdir(), error="study.no_file")
add("file_not_there", lambda c: c.use("communities", "gone.csv"), error="study.no_file")
add("xlsx_called_csv", lambda c: (c.save_book("communities", grid(c.communities)),
    c.path("communities.xlsx").rename(c.use("communities", "x.csv"))), error="files.not_what_it_says")  # fmt: skip
add("csv_called_xlsx", lambda c: _raw(c, "communities", _bytes(c, "communities", "utf-8"), "c.xlsx"),
    error="files.not_what_it_says")  # fmt: skip
add("csv_called_geojson", lambda c: (c.use_layer("communities", "c.geojson").write_bytes(
    _bytes(c, "communities", "utf-8"))), error="files.not_what_it_says")  # fmt: skip
add("cut_in_the_middle_of_a_row", lambda c: _raw(c, "communities", _bytes(c, "communities", "utf-8")[:-9]),
    "people_missing@25", right=False)  # fmt: skip

# --- headers ------------------------------------------------------------------------------------------------------

TITLE = "环翠区社区老年人口统计表（2025年）"


def _header_names(renames: dict[str, str], *, named: bool = True, table: str = "communities") -> Any:
    def change(city: City) -> None:
        _lines(city, lambda ls: [",".join(renames.get(h, h) for h in ls[0].split(",")), *ls[1:]], table)
        if named:
            columns = city.part(table)["columns"]
            city.part(table)["columns"] = {k: renames.get(v, v) for k, v in columns.items()}

    return change


CHINESE = {"id": "编码", "name": "名称", "town": "街道", "county": "区县", "lon": "经度", "lat": "纬度"}
add("chinese_headers", _header_names(CHINESE))
add("headers_with_units", _header_names({"lon": "经度(°)", "lat": "纬度(°)"}))
add("headers_with_wide_brackets", _header_names({"lon": "经度（度）", "lat": "纬度（度）"}))
add("header_with_a_blank", lambda c: _lines(c, lambda ls: [ls[0].replace("name", " name "), *ls[1:]]))
add("header_with_zero_width", lambda c: _lines(c, lambda ls: [ls[0].replace("older", "ol\u200bder"), *ls[1:]]),
    "unseen@1")  # fmt: skip
add("header_in_capitals_unnamed", _header_names({"lon": "LON"}, named=False), error="places.missing_columns")
add("header_twice", lambda c: _lines(c, lambda ls: [ls[0], *ls[:1], *ls[1:]]), "header_again@2")
add("header_again_below", lambda c: _lines(c, lambda ls: [*ls[:9], ls[0], *ls[9:]]), "header_again@10")
add("title_above", lambda c: _lines(c, lambda ls: [TITLE, *ls]))
add("title_of_all_cells", lambda c: _lines(c, lambda ls: [",".join([TITLE] * 8), *ls]), error="places.missing_columns")
add("two_titles_above", lambda c: _lines(c, lambda ls: [TITLE, "单位：人", "", *ls]))
add("title_and_header_row", lambda c: (_lines(c, lambda ls: [TITLE, *ls]), c.part("communities").update(header_row=2)))
add("header_row_wrong", lambda c: c.part("communities").update(header_row=3), error="places.missing_columns")
add("header_row_beyond", lambda c: c.part("communities").update(header_row=99), error="files.header_row")
add("header_row_0", lambda c: c.part("communities").update(header_row=0), error="study.bad_fields")
add("column_twice", lambda c: _lines(c, lambda ls: [f"{line},{'older' if i == 0 else 1}" for i, line in enumerate(ls)]),
    "column_again")  # fmt: skip
add("column_twice_before", lambda c: _lines(c, lambda ls: [f"{'older' if i == 0 else 1},{x}" for i, x in enumerate(ls)]),
    "column_again", right=False)  # fmt: skip
add("header_of_two_rows", lambda c: _lines(c, lambda ls: [
    "基本情况,,,,位置,,人数,", *ls]))  # fmt: skip
add("units_below_the_header", lambda c: _lines(c, lambda ls: [ls[0], ",,,,度,度,人,人", *ls[1:]]), "no_id@2")

# --- totals and notes ---------------------------------------------------------------------------------------------

TOTAL = "合计,,,,,,20999,253"
for _name, _line in {
    "at_the_end": TOTAL, "wide_blank": "合　计,,,,,,20999,253", "in_the_name": ",合计,,,,,20999,253",
    "in_english": "Total,,,,,,20999,253", "with_a_point": "370000,全区合计,,,122.12,37.52,20999,253",
    "with_brackets": "合计（人）,,,,,,20999,253", "sum_unnamed": "x,威海,,,122.12,37.52,20999,253",
    "traditional": "合計,,,,,,20999,253", "average": "平均,,,,,,875,11",
}.items():  # fmt: skip
    add(f"total_{_name}", _with(_line, 25), "totals_row@26" if _name != "sum_unnamed" else "totals_by_sum@26")
add("total_at_the_top", _with(TOTAL, 1), "totals_row@2")
add("total_in_the_middle", _with("小计,,,,,,7000,99", 9), "totals_row@10")
add("footnote", _with("注：截至2025年底，数据来源民政局,,,,,,,", 25))
add("footnote_made_by", _with("制表人：张三,,,审核：李四,,,,", 25))
add("footnote_alone_in_its_line", lambda c: _lines(c, lambda ls: [*ls, "", "数据来源：民政局"]))
add("page_number", _with("第1页 共2页,,,,,,,", 25), "no_place@26")
add("subtotal_of_a_town_by_name", _with("371002001000,环翠楼街道小计,371002001,371002,122.11,37.52,7950,101", 25),
    "totals_row@26")  # fmt: skip


def _by_code(city: City) -> None:
    own = [r for r in city.communities if r["town"] == "371002001"]
    sums = {c: str(sum(int(r[c]) for r in own)) for c in ("older", "hardship")}
    city.communities.insert(0, {**own[0], "id": "371002001000", "name": "环翠楼", **sums})
    city.save("communities")


add("subtotal_of_a_town_by_code", _by_code, "totals_by_code@2")


def _town_as_row(city: City) -> None:
    own = [r for r in city.communities if r["town"] == "371002001"]
    sums = {c: str(sum(int(r[c]) for r in own)) for c in ("older", "hardship")}
    city.communities.append({**own[0], "id": "v99", "name": "环翠楼", "lon": "122.111", "lat": "37.521", **sums})
    city.save("communities")


add("subtotal_of_a_town_by_sum", _town_as_row, "totals_by_sum@26")


def _all_towns_as_rows(town: Callable[[str], str]) -> Callable[[City], None]:
    def change(city: City) -> None:
        for at, code in enumerate(dict.fromkeys(r["town"] for r in list(city.communities))):
            own = [r for r in city.communities if r["town"] == code and r["id"].isdigit()]
            sums = {c: str(sum(int(r[c]) for r in own)) for c in ("older", "hardship")}
            place = {"id": f"t{at}", "name": f"镇{at}", "town": town(code)}
            city.communities.append({**own[0], **place, "lon": "122.111", "lat": "37.521", **sums})
        city.save("communities")

    return change


add("subtotals_of_all_towns_by_sum", _all_towns_as_rows(str), "totals_by_sum@26", "totals_by_sum@28")
add("subtotals_of_no_town", _all_towns_as_rows(lambda code: ""), "totals_by_sum@26", "totals_by_sum@28")


def _nearly(city: City) -> None:
    _town_as_row(city)
    city.communities[-1]["older"] = str(int(city.communities[-1]["older"]) + 1)
    city.save("communities")


add("subtotal_of_a_town_off_by_one", _nearly, "maybe_total@26", right=False)

# --- harmless -----------------------------------------------------------------------------------------------------


def _reversed(city: City) -> None:
    city.communities.reverse()
    city.facilities.reverse()
    city.save("communities")
    city.save("facilities")


def _columns_turned(city: City) -> None:
    for table in TABLES:
        city.save_grid(table, [row[::-1] for row in grid(city.rows(table))])


def _more_columns(city: City) -> None:
    for i, row in enumerate(city.communities):
        row.update(备注="", 户数=str(300 + 7 * i), 联系人=f"王{i}", 电话=f"0631-52{i:05}", geometry="x", index=str(i))
    city.save("communities")


add("as_it_is", lambda c: None, circles=True)
add("rows_reversed", _reversed, circles=True)
add("columns_turned", _columns_turned, circles=True)
add("more_columns", _more_columns, circles=True)
add(
    "one_column_of_blanks",
    lambda c: _lines(c, lambda ls: [f"{x},{'备注' if i == 0 else ''}" for i, x in enumerate(ls)]),
)
add("blanks_around_cells", lambda c: _lines(c, lambda ls: [x.replace(",", " , ") for x in ls]))
