"""A study that reads offices' own forms: an export of institutions, a return, layers of a plan; and the command."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from pyproj import Transformer

import quarterhour as qh
from command import quarterhour
from quarterhour.base.errors import DataError, StudyError
from quarterhour.io.web_maps import from_wgs84
from quarterhour.study.run import read_study_inputs
from quarterhour.study.siting.secrets import coarse_ledger, coarse_relaxations
from tables import save_xlsx

TO_DEGREES = Transformer.from_crs("EPSG:32651", "EPSG:4326", always_xy=True)
X0, Y0 = 400_000.0, 4_150_000.0
ID_NUMBER = "11010519491231002X"


def picked(x: float, y: float) -> tuple[float, float]:
    """A place of the toy as Amap shows it."""
    lon, lat = from_wgs84(*TO_DEGREES.transform(x, y), datum="gcj02")
    return float(lon), float(lat)


def export(folder: Path) -> Path:
    lon, lat = picked(X0 + 900, Y0)
    rows = [
        ["养老机构信息导出", *[None] * 7],
        ["机构名称", "统一社会信用代码", "机构类型", "规模", None, "经度", "纬度", "法定代表人身份证号"],
        [None, None, None, "床位数（张）", "建筑面积（亩）", None, None, None],
        ["东山养老院", "52371002MJE123456X", "日间照料中心", 80, 3, lon, lat, ID_NUMBER],
        ["合计", None, None, 80, 3, None, None, None],
    ]
    merged = ("A1:H1", "A2:A3", "B2:B3", "C2:C3", "D2:E2", "F2:F3", "G2:G3", "H2:H3")
    return save_xlsx(folder / "export", rows, merged=merged)


def asked(folder: Path, text: str) -> qh.Study:
    file = folder / "study.toml"
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")
    return qh.read_study(folder)


EXPORT = '\n[[facilities]]\npath = "export.xlsx"\nformat = "elderly-system-export"\ndatum = "gcj02"\n'


def test_institutions_of_an_export_stand_where_they_are(toy_study: Path) -> None:
    export(toy_study)
    tables = read_study_inputs(asked(toy_study, EXPORT))
    home = tables.facilities.loc["52371002MJE123456X"]
    assert home.geometry.distance(shapely.Point(X0 + 900, Y0)) < 0.01
    assert home["beds"] == 80 and home["area_m2"] == pytest.approx(2000) and home["kind"] == "day_care"
    assert ID_NUMBER not in tables.facilities.to_csv() + tables.findings.to_csv()
    assert tables.findings.set_index("rule").loc["offices.unit_changed", "value"] == "亩"  # of the heading, no cell
    account = tables.account[tables.account["file"].str.endswith("export.xlsx")].iloc[0]
    assert (account["rows"], account["used"], account["totals"]) == (2, 1, 1)


def test_no_person_of_an_export_is_in_any_output(toy_study: Path, tmp_path: Path) -> None:
    export(toy_study)
    qh.write_results(qh.run_study(asked(toy_study, EXPORT)), tmp_path / "out")
    whole = b"".join(
        p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.suffix in (".html", ".md", ".gpkg", ".csv")
    )
    assert ID_NUMBER.encode() not in whole and "东山养老院".encode() in whole


def test_a_datum_that_nobody_states_is_told(toy_study: Path) -> None:
    export(toy_study)
    tables = read_study_inputs(asked(toy_study, EXPORT.replace('datum = "gcj02"\n', "")))
    assert "offices.datum_unsaid" in set(tables.findings["rule"])


def test_a_format_of_another_part_is_refused(toy_study: Path) -> None:
    with pytest.raises(StudyError, match=r"facilities\.1\.format"):
        asked(toy_study, EXPORT.replace("elderly-system-export", "jbzh0001"))


def return_book(folder: Path, code: str = "371002000000") -> Path:
    rows = [
        ["民政统计季报表", None, None, None],
        [f"地区编码：{code}", None, None, "2025年12月"],
        ["指标名称", "单位", "代码", "数量"],
        ["一、综合", None, "JZH011000000", None],
        ["  1.镇", "个", "JZH011111000", "1,010"],
    ]
    return save_xlsx(folder / "return", rows)


def test_a_return_is_a_table_of_figures(toy_study: Path) -> None:
    return_book(toy_study)
    study = asked(toy_study, '\n[[tables]]\nname = "figures"\npath = "return.xlsx"\nformat = "jbzh0001"\n')
    table = read_study_inputs(study).tables["figures"]
    assert table[["area", "level", "indicator"]].astype(str).iloc[0].tolist() == ["371002", "county", "JZH011111000"]
    assert table["value"].tolist() == [1010]


FIGURES = '\n[[tables]]\nname = "figures"\npath = "return.xlsx"\nformat = "jbzh0001"\n'


def with_ids(folder: Path, county: str, town: str) -> None:
    """The toy's communities in areas whose ids are these."""
    table = folder / "communities.csv"
    table.write_bytes(table.read_bytes().replace(b",t1,c1,", f",{town},{county},".encode()))


@pytest.mark.parametrize("code", ["370100000000", "370102000000"])
@pytest.mark.parametrize(("county", "town"), [("371002", "t1"), ("c1", "371002001"), ("371002000000", "371002001000")])
def test_a_return_of_another_city_is_refused_with_both(toy_study: Path, code: str, county: str, town: str) -> None:
    """Its figures would stand as those of the study's city."""
    with_ids(toy_study, county, town)
    return_book(toy_study, code)
    with pytest.raises(DataError) as error:
        read_study_inputs(asked(toy_study, FIGURES))
    assert {"return.xlsx", code, "3701", "3710"} <= set(re.split(r"[^\w.]+", str(error.value)))


@pytest.mark.parametrize(("county", "town"), [("371002", "371002001"), ("c1", "t1"), ("100001", "100000001")])
def test_a_return_of_the_own_city_or_where_ids_are_no_codes_is_read(toy_study: Path, county: str, town: str) -> None:
    with_ids(toy_study, county, town)
    return_book(toy_study, "371000000000")
    table = read_study_inputs(asked(toy_study, FIGURES)).tables["figures"]
    assert table["area"].tolist() == ["city"] and table["area_code"].astype(str).tolist() == ["371000000000"]


@pytest.mark.parametrize("level", ["区县", "市", ""])
def test_figures_of_a_level_that_nobody_knows_are_told(toy_study: Path, level: str) -> None:
    rows = f"area,level,indicator,value\nc1,county,beds,3\nc1,{level},beds,4\n"
    (toy_study / "figures.csv").write_text(rows, "utf-8")
    found = read_study_inputs(asked(toy_study, '\n[[tables]]\nname = "figures"\npath = "figures.csv"\n')).findings
    (told,) = found[found["rule"].eq("doubts.figure_level_unknown")].to_dict("records")
    assert (told["table"], told["value"], told["detail"]) == ("figures", "1", level)


LAYER = '\n[[layers]]\nname = "redline"\npath = "STBHHX.gpkg"\nformat = "territorial-plan"\n'
PICTURE = '\n[[pictures]]\ncircle = "care-circle"\nminutes = [15]\nradius_m = 200\nwater = ["redline"]\n'


def redline(folder: Path) -> None:
    shape = shapely.box(X0 + 33.33, Y0 - 444.44, X0 + 222.22, Y0 + 444.44)
    columns = {"BSM": ["1"], "YSDM": ["2"], "XZQDM": ["371002"], "XZQMC": ["环翠区"], "BZ": ["机密备注"]}
    gpd.GeoDataFrame(columns, geometry=[shape], crs="EPSG:32651").to_file(folder / "STBHHX.gpkg")


def edges(results: qh.Results) -> set[float]:
    """How far east of the toy's west end the corners of its picture lie, to the centimetre."""
    assert results.pictures is not None
    return {round(float(x) - X0, 2) for x in shapely.get_coordinates(results.pictures.geometry.to_numpy())[:, 0]}


def test_a_picture_is_cut_by_a_secret_layer_coarsely_unless_the_study_says_so(toy_study: Path) -> None:
    redline(toy_study)
    secret = qh.run_study(asked(toy_study, LAYER + PICTURE), siting=False)
    assert secret.inputs.secret == {"redline"} and list(secret.inputs.layers["redline"]["theme"]) == [
        "ecological_redline"
    ]
    assert not {33.33, 222.22} & edges(secret)
    assert "机密备注" not in secret.inputs.layers["redline"].to_csv()
    file = toy_study / "study.toml"
    file.write_text(file.read_text("utf-8").replace('territorial-plan"', 'territorial-plan"\nprecise = true'), "utf-8")
    plain = qh.run_study(qh.read_study(toy_study), siting=False)
    assert not plain.inputs.secret and {33.33, 222.22} <= edges(plain)


def test_distances_to_a_secret_layer_are_rounded_down_in_the_ledger(toy_study: Path) -> None:
    redline(toy_study)
    file = toy_study / "study.toml"
    rule = 'candidates = "communities"\nexclude = [{ layer = "redline", metres = 2000, clause = "某条" }]'
    file.write_text(file.read_text("utf-8").replace('candidates = "communities"', rule), encoding="utf-8")
    results = qh.run_study(asked(toy_study, LAYER))
    ledger = results.proposals[0].ledger.set_index("candidate")
    assert ledger["distance_m"].to_dict() == {"w": 0, "m": 1500}  # 33.33 and 1577.78 m
    assert set(ledger["nearest"]) == {""}


def test_only_rules_on_secret_layers_are_rounded() -> None:
    ledger = pd.DataFrame(
        {"candidate": ["a", "a"], "rule": ["s", "p"], "distance_m": [487.3, 487.3], "nearest": ["n", "n"]}
    )
    made = coarse_ledger(ledger, frozenset({"s"}))
    assert made["distance_m"].tolist() == [400, 487.3] and made["nearest"].tolist() == ["", "n"]
    relaxed = pd.DataFrame({"rules": [["s", "p"], []], "relaxed_m": [[480.0, 480.0], []]})
    assert coarse_relaxations(relaxed, frozenset({"s"}))["relaxed_m"].tolist() == [[400.0, 480.0], []]


def test_precise_without_a_format_is_refused(toy_study: Path) -> None:
    with pytest.raises(StudyError, match="precise"):
        asked(toy_study, '\n[[layers]]\nname = "a"\npath = "a.gpkg"\nprecise = true\n')


# --- the command ---------------------------------------------------------------------------------------


def test_the_command_writes_a_table_that_a_study_reads(toy_study: Path) -> None:
    done = quarterhour("import", export(toy_study), "--as", "elderly-system-export", "--datum", "gcj02")
    assert done.returncode == 0, done.stderr
    made = toy_study / "export-elderly-system-export.csv"
    assert ID_NUMBER not in made.read_text("utf-8-sig") + done.stdout + done.stderr
    assert "[[facilities]]" in done.stdout and made.name in done.stdout and "法定代表人身份证号" in done.stderr
    tables = read_study_inputs(asked(toy_study, "\n" + "\n".join(done.stdout.splitlines()[1:]) + "\n"))
    home = tables.facilities.loc["52371002MJE123456X"]
    assert home.geometry.distance(shapely.Point(X0 + 900, Y0)) < 0.02


def test_the_command_names_the_layers_of_a_plan_and_copies_none(toy_study: Path) -> None:
    redline(toy_study)
    before = sorted(p.name for p in toy_study.iterdir())
    done = quarterhour("import", toy_study / "STBHHX.gpkg", "--as", "territorial-plan")
    assert done.returncode == 0 and sorted(p.name for p in toy_study.iterdir()) == before
    assert 'name = "ecological_redline"' in done.stdout and 'format = "territorial-plan"' in done.stdout


def test_the_command_refuses_a_form_that_nobody_knows(toy_study: Path) -> None:
    done = quarterhour("import", export(toy_study), "--as", "excel")
    assert done.returncode == 1 and "elderly-system-export, jbzh0001, territorial-plan" in done.stderr
