"""Forms that offices hand on, made in the shape in which they come, whole ones and spoilt ones."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from corpus.city import save_gdb
from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding_sentences
from quarterhour.io.offices import ELDERLY, RETURN, TERRITORIAL, read_office
from quarterhour.io.offices.forms import form_facts, heading_of
from quarterhour.io.offices.institutions import is_id_number
from quarterhour.io.offices.territorial import COARSE_M, coarse, coarse_distance, theme_of, themes_in
from quarterhour.io.web_maps import from_wgs84
from tables import save_csv, save_xlsx

ID_NUMBER = "11010519491231002X"  # the example of GB 11643-1999
HEADS = [
    ["全国养老服务信息系统 养老机构基本信息导出", *[None] * 13],
    ["序号", "机构基本情况", None, None, "法人信息", None, None, "机构规模", None, None, "位置", None, None, "备注"],
    [None, "机构名称", "统一社会信用代码", "机构类型", "法定代表人", "身份证号", "联系电话", "建筑面积（平方米）",
     "床位数（张）", "其中护理型床位（张）", "所属区县", "经度", "纬度", None],
]  # fmt: skip
MERGED = ("A1:N1", "A2:A3", "B2:D2", "E2:G2", "H2:J2", "K2:M2", "N2:N3")
LON, LAT = 122.1, 37.5
PICKED = tuple(float(v) for v in from_wgs84(LON, LAT, datum="gcj02"))
BODY = [
    [1, "东山养老院", "52371002MJE123456X", "养老院", "王某某", ID_NUMBER, "13800000000", "1,200.5", 80, 30, "环翠区",
     PICKED[0], PICKED[1], "公建民营"],
    [2, "西海敬老院", "12371003493000012B", "敬老院", "李某某", "370000190001010000", "0631-5200000", 900, 60, None,
     "文登区", PICKED[0] + 0.01, PICKED[1], None],
    ["合计", None, None, None, None, None, None, 2100.5, 140, 30, None, None, None, None],
]  # fmt: skip


def export(folder: Path, *, heads: list[list[object]] | None = None, body: list[list[object]] | None = None) -> Path:
    return save_xlsx(folder / "export", [*(heads or HEADS), *(body or BODY)], merged=MERGED)


def rules(found: pd.DataFrame) -> set[str]:
    return set(found["rule"])


def told(found: pd.DataFrame, rule: str) -> str:
    return str(found.set_index("rule").loc[[rule], "detail"].iloc[0])


# --- the elderly-care system's export --------------------------------------------------------------


def test_an_export_is_read_below_its_merged_heads(tmp_path: Path) -> None:
    read = read_office(export(tmp_path), ELDERLY, datum="gcj02")
    assert list(read.frame["name"]) == ["东山养老院", "西海敬老院"]
    assert list(read.frame["id"]) == ["52371002MJE123456X", "12371003493000012B"]
    assert list(read.frame["beds"]) == [80, 60] and list(read.frame["county"]) == ["环翠区", "文登区"]
    assert read.frame["nursing_beds"].tolist()[0] == 30 and pd.isna(read.frame["nursing_beds"].tolist()[1])
    assert "totals_row" in rules(read.findings)  # its row of 合计 is no institution
    assert "床位数(张) = beds" in told(read.findings, "offices.recognised")
    assert told(read.findings, "offices.not_taken") == "序号, 备注"


def test_nothing_about_persons_is_read_on(tmp_path: Path) -> None:
    read = read_office(export(tmp_path), ELDERLY, datum="gcj02", keep=("法定代表人", "备注"))
    shown = read.frame.to_csv() + read.findings.to_csv() + "".join(finding_sentences(read.findings, "zh"))
    for secret in (ID_NUMBER, "王某某", "13800000000", "0631-5200000", "370000190001010000"):
        assert secret not in shown
    assert "备注" in read.frame and not any("法" in str(c) for c in read.frame)
    assert told(read.findings, "offices.persons_left") == "法定代表人, 身份证号, 联系电话"


def test_an_id_number_under_another_heading_is_blanked_and_told_without_it(tmp_path: Path) -> None:
    body = [[*row[:1], f"{row[1]}", ID_NUMBER if row[0] == 1 else row[2], *row[3:]] for row in BODY]
    read = read_office(export(tmp_path, body=body), ELDERLY, datum="gcj02")
    assert list(read.frame["id"]) == ["", "12371003493000012B"]
    row = read.findings.set_index("rule").loc["offices.id_number"]
    assert row["row"] == 4 and row["value"] == "" and ID_NUMBER not in read.findings.to_csv()


@pytest.mark.parametrize(
    ("text", "is_one"),
    [(ID_NUMBER, True), (ID_NUMBER.lower(), True), ("110105194912310021", False), ("52371002MJE123456X", False),
     ("371002001001", False), ("", False)],
)  # fmt: skip
def test_only_a_number_with_its_check_digit_is_an_id_number(text: str, is_one: bool) -> None:
    assert is_id_number(text) is is_one


@pytest.mark.parametrize(("unit", "area"), [("平方米", 1200.5), ("亩", 800333.33), ("万平方米", 12005000.0)])
def test_areas_come_in_square_metres_whatever_the_heading_says(tmp_path: Path, unit: str, area: float) -> None:
    heads = [[c if c != "建筑面积（平方米）" else f"建筑面积（{unit}）" for c in row] for row in HEADS]
    read = read_office(export(tmp_path, heads=heads), ELDERLY, datum="gcj02")
    assert read.frame["area_m2"].iloc[0] == pytest.approx(area)


def test_a_unit_that_nobody_knows_makes_no_figure(tmp_path: Path) -> None:
    heads = [[c if c != "建筑面积（平方米）" else "建筑面积（间）" for c in row] for row in HEADS]
    read = read_office(export(tmp_path, heads=heads), ELDERLY, datum="gcj02")
    assert read.frame["area_m2"].isna().all() and "offices.unit_unknown" in rules(read.findings)


def test_a_heading_that_says_whose_coordinates_they_are_is_heeded(tmp_path: Path) -> None:
    heads = [[{"经度": "经度（GCJ-02）", "纬度": "纬度（GCJ-02）"}.get(str(c), c) for c in row] for row in HEADS]
    read = read_office(export(tmp_path, heads=heads), ELDERLY)
    assert read.frame["x"].iloc[0] == pytest.approx(LON, abs=1e-7)
    assert read.frame["y"].iloc[0] == pytest.approx(LAT, abs=1e-7)
    assert "offices.datum_by_heading" in rules(read.findings)
    declared = read_office(export(tmp_path, heads=heads), ELDERLY, datum="gcj02")
    assert declared.frame["x"].iloc[0] == pytest.approx(PICKED[0], abs=1e-9)  # set right behind this door, once
    with pytest.raises(DataError, match="another datum"):
        read_office(export(tmp_path, heads=heads), ELDERLY, datum="bd09")


def test_coordinates_that_nobody_speaks_for_are_told(tmp_path: Path) -> None:
    assert "offices.datum_unsaid" in rules(read_office(export(tmp_path), ELDERLY).findings)
    assert "offices.datum_unsaid" not in rules(read_office(export(tmp_path), ELDERLY, datum="gcj02").findings)


def test_two_columns_of_one_meaning_that_differ_are_told_and_none_is_taken(tmp_path: Path) -> None:
    heads = [[c if c != "其中护理型床位（张）" else "床位数（张）" for c in row] for row in HEADS]
    read = read_office(export(tmp_path, heads=heads), ELDERLY, datum="gcj02")
    assert "beds" not in read.frame and "offices.column_unsure" in rules(read.findings)


def test_a_file_without_names_of_institutions_is_refused_with_what_it_has(tmp_path: Path) -> None:
    heads = [[c if c != "机构名称" else "甲方" for c in row] for row in HEADS]
    with pytest.raises(DataError) as error:
        read_office(export(tmp_path, heads=heads), ELDERLY)
    assert "机构名称" in error.value.sentence("zh") and "床位数" in error.value.sentence("zh")


def test_a_register_taken_for_an_export_is_refused_without_a_word_of_its_rows(tmp_path: Path) -> None:
    rows = [["姓名", "身份证号", "村", "电话"], ["欧阳瑾瑜", "371099194001017001", "1", "139-8642-0000"],
            ["夏侯琬琰", "371099194001017002", "1", "139-8642-0001"]]  # fmt: skip
    path = save_xlsx(tmp_path / "r", [["登记册", None, None, "139 8642 0002"], *rows], merged=("C2:C4",))
    with pytest.raises(DataError) as told:
        read_office(path, ELDERLY)
    assert not [word for row in rows[1:] for word in row if len(word) > 1 and word in str(told.value)]


def test_a_heading_over_two_rows_is_known_by_its_last(tmp_path: Path) -> None:
    rows = [
        ["养老机构名册", None, None, None],
        ["机构名称", "规模", None, "法定代表人"],
        [None, "床位数（张）", "建筑面积（平方米）", None],
        ["东山养老院", 80, 900, "王某某"],
    ]
    path = save_xlsx(tmp_path / "e", rows, merged=("A1:D1", "A2:A3", "B2:C2", "D2:D3"))
    read = read_office(path, ELDERLY, datum="wgs84")
    assert "规模_床位数(张) = beds" in told(read.findings, "offices.recognised")
    assert read.frame[["name", "beds", "area_m2"]].iloc[0].tolist() == ["东山养老院", 80, 900]
    assert "王某某" not in read.frame.to_csv()


def test_an_export_as_csv_in_gb18030_says_the_same(tmp_path: Path) -> None:
    rows = [[str(h or "") for h in HEADS[2]], *[["" if c is None else str(c) for c in row] for row in BODY]]
    rows[0][0], rows[0][13] = "序号", "备注"
    path = save_csv(tmp_path / "export", rows)
    path.write_bytes(path.read_text("utf-8").encode("gb18030"))
    read = read_office(path, ELDERLY, datum="gcj02")
    assert list(read.frame["name"]) == ["东山养老院", "西海敬老院"] and list(read.frame["beds"]) == [80, 60]


def test_an_export_of_an_old_workbook_says_the_same() -> None:
    read = read_office(Path(__file__).parent / "data" / "institutions.xls", ELDERLY, datum="gcj02")
    assert list(read.frame["name"]) == ["东山养老院", "西海敬老院"] and list(read.frame["beds"]) == [80, 60]
    assert "法定代表人" in told(read.findings, "offices.persons_left")


def test_headings_are_taken_apart() -> None:
    head = heading_of("机构规模_床位数(张)")
    assert (head.leaf, head.unit) == ("床位数", "张")
    assert heading_of("备注").leaf == "备注" and heading_of("(张)").leaf == "(张)"


# --- the quarterly return ----------------------------------------------------------------------------


def return_rows(code: str = "371002000000", period: str = "2025年12月") -> list[list[object]]:
    blank = [None] * 4
    return [
        ["民政统计季报表", *[None] * 6],
        ["表    号：JBZH0001 表", *[None] * 6],
        ["编制单位：环翠区", None, None, "制表机关：民 政 部", None, None, None],
        [f"地区编码：{code}", None, None, period, None, None, "批转机关：国家统计局"],
        ["指标名称", "单位", "代码", "数量", "上季度", "环比", "上月"],
        ["甲", "乙", "丙", "1", "2", "3", "4"],
        ["一、综合", None, "JZH011000000", *blank],
        ["　（一）乡级行政区划", "个", "JZH011110000", "19", "19", None, "19"],
        ["　　1.镇", "个", "JZH011111000", "10", None, None, None],
        ["（二）民政事业费累计支出", "万元", "JZH011310000", "1,750,824.6", "1,142,713.9", "53.22", None],
        ["    其中：(1)儿童福利", "万元", "JZH011211100", None, "3", None, None],
        ["二、社会工作", None, "JZH012000000", *blank],
    ]


def test_a_return_becomes_area_by_indicator(tmp_path: Path) -> None:
    read = read_office(save_xlsx(tmp_path / "r", return_rows()), RETURN)
    rows = read.frame.set_index("indicator")
    assert rows["value"].to_dict() == {"JZH011110000": 19, "JZH011111000": 10, "JZH011310000": 1750824.6}
    assert set(rows["area"]) == {"371002"} and set(rows["level"]) == {"county"} and set(rows["period"]) == {"2025-12"}
    assert rows["path"]["JZH011111000"] == "综合/乡级行政区划/镇"
    assert rows["unit"]["JZH011310000"] == "万元" and rows["name"]["JZH011310000"] == "民政事业费累计支出"
    assert "上季度" in told(read.findings, "offices.columns_left")
    assert read.rows is not None and read.rows.found == 7 and read.rows.left_out == 3 and read.rows.notes == 1


@pytest.mark.parametrize(
    ("code", "area", "level"),
    [("371000000000", "city", "city"), ("371002000000", "371002", "county"), ("371002001000", "371002001", "town"),
     ("371002001001", "371002001001", "community")],
)  # fmt: skip
def test_the_code_says_the_level(tmp_path: Path, code: str, area: str, level: str) -> None:
    frame = read_office(save_xlsx(tmp_path / "r", return_rows(code)), RETURN).frame
    assert set(frame["area"]) == {area} and set(frame["level"]) == {level}


def test_every_sheet_of_a_workbook_is_an_area(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for k, code in enumerate(("371002000000", "371003000000")):
        page = book.worksheets[0] if k == 0 else book.create_sheet()
        page.title = code
        for row in return_rows(code):
            page.append(row)
    book.save(tmp_path / "r.xlsx")
    read = read_office(tmp_path / "r.xlsx", RETURN)
    assert read.frame.groupby("area")["value"].count().to_dict() == {"371002": 3, "371003": 3}
    assert read.rows is not None and read.rows.found == 14
    book.worksheets[1]["A4"] = "地区编码：371002000000"
    book.save(tmp_path / "twice.xlsx")
    with pytest.raises(DataError, match="stands twice"):
        read_office(tmp_path / "twice.xlsx", RETURN)


@pytest.mark.parametrize(
    ("row", "cell", "words"),
    [(3, "编制单位：环翠区", "地区编码"), (4, "项目", "指标名称")],
)
def test_a_return_without_its_area_or_its_heads_is_refused(tmp_path: Path, row: int, cell: str, words: str) -> None:
    rows = return_rows()
    rows[row][0] = cell
    with pytest.raises(DataError) as error:
        read_office(save_xlsx(tmp_path / "r", rows), RETURN)
    assert words in error.value.sentence("zh")


def test_a_return_without_a_date_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no year and month"):
        read_office(save_xlsx(tmp_path / "r", return_rows(period="本期")), RETURN)


def test_a_figure_that_is_none_is_set_aside_with_its_row(tmp_path: Path) -> None:
    rows = return_rows()
    rows[8][3] = "约10"
    read = read_office(save_xlsx(tmp_path / "r", rows), RETURN)
    row = read.findings.set_index("rule").loc["offices.not_a_figure"]
    assert (row["row"], row["id"], row["value"]) == (9, "镇", "约10") and "JZH011111000" not in set(
        read.frame["indicator"]
    )
    assert read.rows is not None and read.rows.aside == 1


def test_a_return_without_codes_goes_by_its_path(tmp_path: Path) -> None:
    rows = [[row[0], row[1], row[3]] for row in return_rows()]
    frame = read_office(save_xlsx(tmp_path / "r", rows), RETURN).frame
    assert "综合/乡级行政区划/镇" in set(frame["indicator"])


# --- layers of the territorial plan --------------------------------------------------------------------


def layer(**columns: object) -> gpd.GeoDataFrame:
    own = {"BSM": "371002000000000001", "YSDM": "2090020214", "XZQDM": "371002", "XZQMC": "环翠区", **columns}
    return gpd.GeoDataFrame({k: [v] for k, v in own.items()}, geometry=[shapely.box(0, 0, 1234.567, 987.654)],
                            crs="EPSG:4550")  # fmt: skip


@pytest.mark.parametrize(
    ("name", "theme"),
    [("YJJBNTTB", "farmland"), ("永久基本农田_2023", "farmland"), ("STBHHX371002", "ecological_redline"),
     ("城镇开发边界", "urban_boundary"), ("CZKFBJ", "urban_boundary"), ("天然林", "natural_forest"),
     ("STGYL", "public_forest"), ("威海市湿地", "wetland"), ("河湖岸线", "river_shore"), ("LSWHBHX", "heritage_line"),
     ("历史文化保护线", "heritage_line"), ("DLTB", ""), ("SDZ", ""), ("村界", "")],
)  # fmt: skip
def test_a_layer_is_known_by_its_name(name: str, theme: str) -> None:
    assert theme_of(name) == theme


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "gdb"])
def test_a_layer_keeps_its_shapes_and_no_attribute(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"STBHHX.{suffix}"
    if suffix == "gdb":
        save_gdb(path, STBHHX=layer())
    else:
        layer().to_file(path)
    read = read_office(path, TERRITORIAL)
    assert isinstance(read.frame, gpd.GeoDataFrame) and list(read.frame) == ["theme", "name", "geometry"]
    assert read.frame["theme"].tolist() == ["ecological_redline"] and read.frame.geometry.area.iloc[0] > 1e6
    assert told(read.findings, "offices.theme") == "BSM, YSDM, XZQDM, XZQMC"


def test_a_layer_of_no_theme_and_a_table_are_refused(tmp_path: Path) -> None:
    layer().to_file(tmp_path / "roads.gpkg")
    with pytest.raises(DataError) as error:
        read_office(tmp_path / "roads.gpkg", TERRITORIAL)
    assert "永久基本农田" in error.value.sentence("zh")
    with pytest.raises(DataError, match="no"):
        read_office(save_csv(tmp_path / "湿地", [["BSM", "YSDM"], ["1", "2"]]), TERRITORIAL)


def test_a_layer_without_the_columns_of_the_specification_is_told(tmp_path: Path) -> None:
    layer().drop(columns=["BSM", "YSDM", "XZQDM", "XZQMC"]).assign(a=1).to_file(tmp_path / "湿地.gpkg")
    assert "offices.theme_no_columns" in rules(read_office(tmp_path / "湿地.gpkg", TERRITORIAL).findings)


def test_the_layers_of_a_plan_are_listed_with_their_themes(tmp_path: Path) -> None:
    save_gdb(tmp_path / "plan.gdb", YJJBNTTB=layer(), DLTB=layer())
    assert themes_in(tmp_path / "plan.gdb") == {"YJJBNTTB": "farmland", "DLTB": ""}


def test_what_is_written_of_a_secret_layer_is_coarse() -> None:
    made = coarse(layer().geometry)
    corners = shapely.get_coordinates(made.to_numpy())
    assert (corners % COARSE_M == 0).all()
    assert coarse_distance(487.3) == 400 and coarse_distance(99.9) == 0


def test_every_theme_says_whether_its_codes_were_seen() -> None:
    themes = form_facts()[TERRITORIAL]["themes"]
    assert all({"zh", "en", "names", "codes", "seen"} == set(theme) for theme in themes.values())
    codes = [code for theme in themes.values() for code in theme["codes"]]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("code", ["370000000000", "000000000000"])
def test_the_return_of_a_province_is_not_the_citys(tmp_path: Path, code: str) -> None:
    with pytest.raises(DataError, match=code):
        read_office(save_xlsx(tmp_path / "r", return_rows(code)), RETURN)


def test_of_which_city_a_return_is_is_told(tmp_path: Path) -> None:
    found = read_office(save_xlsx(tmp_path / "r", return_rows("370100000000")), RETURN).findings
    assert found.set_index("rule").loc["offices.return_read", "id"] == "city (3701)"


@pytest.mark.parametrize(
    ("above", "period"),
    [
        ("有效期至：2027年1月 2025年12月", "2025-12"),
        ("填报日期：2026年1月10日 报告期：2025年第四季度", "2025-12"),
        ("报送 2026年1月10日 2025年9月", "2025-09"),
        ("截至2025年12月31日", "2025-12"),
    ],
)
def test_the_period_is_no_other_date_above_the_form(tmp_path: Path, above: str, period: str) -> None:
    frame = read_office(save_xlsx(tmp_path / "r", return_rows(period=above)), RETURN).frame
    assert set(frame["period"]) == {period}


def test_a_month_that_is_none_is_no_period(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="year and month"):
        read_office(save_xlsx(tmp_path / "r", return_rows(period="2025年13月")), RETURN)
