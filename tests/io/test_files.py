"""Files as offices send them, files as an attacker would, and writing under a kill."""

from __future__ import annotations

import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
from shapely.geometry import LineString, Point

from quarterhour.base import findings
from quarterhour.base.errors import DataError, MissingError, WriteError
from quarterhour.io import files, web_maps
from tables import save_xlsx

STUDY = "EPSG:32651"
ROWS = "code,name,lon,lat,older\n001,东北村,122.10,37.50,12\n002,鲸园,122.12,37.51,1\n"


def saved(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def workbook(path: Path, rows: list[list[Any]], *, merged: tuple[str, ...] = (), title: str = "表1") -> Path:
    return save_xlsx(path, rows, merged=merged, title=title)


def layer(n: int = 2) -> gpd.GeoDataFrame:
    spots = [Point(122.1 + i / 100, 37.5) for i in range(n)]
    return gpd.GeoDataFrame({"id": [str(i) for i in range(n)], "name": ["东北村"] * n}, geometry=spots, crs=4326)


def rules(found: pd.DataFrame) -> list[str]:
    return found["rule"].tolist()


# --- CSV ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "read_as", "told"),
    [("utf-8", "utf-8", []), ("utf-8-sig", "utf-8", []), ("gb18030", "gb18030", ["encoding_taken"]),
     ("gbk", "gb18030", ["encoding_taken"]), ("utf-16", "utf-16", ["encoding_taken"])],
)  # fmt: skip
def test_chinese_names_survive_every_office_encoding(tmp_path: Path, encoding: str, read_as: str, told: Any) -> None:
    table = files.read_table(saved(tmp_path / "村.csv", ROWS, encoding))
    assert table.frame["name"].tolist() == ["东北村", "鲸园"]
    assert table.encoding == read_as and rules(table.findings) == told
    assert list(table.frame.index) == [2, 3] and table.first_row == 2


def test_codes_keep_their_zeros_and_numbers_become_numbers(tmp_path: Path) -> None:
    text = ROWS.replace("12\n", "１２\n").replace("older", "older,credit").replace(",１２", ",１２,913710001234567890")
    frame = files.read_table(saved(tmp_path / "a.csv", text)).frame
    assert frame["code"].tolist() == ["001", "002"]
    assert frame["older"].tolist() == [12, 1] and frame["lon"].tolist() == [122.10, 122.12]
    assert frame["credit"].iloc[0] == "913710001234567890"


def test_titles_totals_and_footnotes_are_no_communities(tmp_path: Path) -> None:
    text = "威海市社区表,,,\n\ncode,name,older\nA,东,1\n合 计,,1\n注：截至2025年底,,\nB,西,2\n"
    table = files.read_table(saved(tmp_path / "a.csv", text))
    assert table.frame["code"].tolist() == ["A", "B"] and list(table.frame.index) == [4, 7]
    assert rules(table.findings) == ["totals_row", "footnote_row"] and table.findings["row"].tolist() == [5, 6]


def test_a_row_with_a_stray_comma_is_told_not_shifted(tmp_path: Path) -> None:
    table = files.read_table(saved(tmp_path / "a.csv", "id,name\n1,a,b\n2,c\n3\n"))
    assert list(table.frame.index) == [3, 4] and table.frame["name"].isna().tolist() == [False, True]
    assert rules(table.findings) == ["ragged_row", "short_row"]


@pytest.mark.parametrize("mark", [";", "\t"])
def test_semicolons_and_tabs_part_columns_too(tmp_path: Path, mark: str) -> None:
    frame = files.read_table(saved(tmp_path / "a.csv", ROWS.replace(",", mark))).frame
    assert list(frame.columns) == ["code", "name", "lon", "lat", "older"]


def test_a_column_that_comes_twice_is_renamed_and_told(tmp_path: Path) -> None:
    table = files.read_table(saved(tmp_path / "a.csv", "id,人数,人数\na,1,2\n"))
    assert list(table.frame.columns) == ["id", "人数", "人数 (2)"] and rules(table.findings) == ["column_again"]


def test_the_header_row_may_be_given(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.csv", "x,y\nid,name\na,b\n")
    assert list(files.read_table(file, header_row=2).frame.columns) == ["id", "name"]
    with pytest.raises(DataError, match="no header in row 9"):
        files.read_table(file, header_row=9)


# --- Excel ----------------------------------------------------------------------------------------


def test_a_bureau_workbook_is_read_as_a_person_reads_it(tmp_path: Path) -> None:
    rows = [
        ["威海市社区人口一览表", None, None, None],
        ["镇街", "编号", "人口", None],
        [None, None, "60岁以上", "80岁以上"],
        ["孙家疃", "a", "１２", 3],
        [None, "b", 5, 1],
        ["合计", None, 17, 4],
    ]
    file = workbook(tmp_path / "表.xlsx", rows, merged=("A1:D1", "A2:A3", "B2:B3", "C2:D2", "A4:A5"))
    table = files.read_table(file)
    assert list(table.frame.columns) == ["镇街", "编号", "人口_60岁以上", "人口_80岁以上"]
    assert table.frame["镇街"].tolist() == ["孙家疃", "孙家疃"] and table.frame["人口_60岁以上"].tolist() == [12, 5]
    assert rules(table.findings) == ["merged_filled", "totals_row"]
    assert table.sheet == "表1" and list(table.frame.index) == [4, 5]


def test_a_merged_number_is_not_counted_twice(tmp_path: Path) -> None:
    file = workbook(tmp_path / "a.xlsx", [["id", "older"], ["a", 9], ["b", None]], merged=("B2:B3",))
    table = files.read_table(file)
    assert table.frame["older"].sum() == 9 and rules(table.findings) == ["merged_number"]


def test_a_formula_without_a_result_is_told(tmp_path: Path) -> None:
    table = files.read_table(workbook(tmp_path / "a.xlsx", [["id", "older"], ["a", "=1+1"], ["b", 2]]))
    assert rules(table.findings) == ["formula_blank"] and table.findings["value"].tolist() == ["B2"]


def test_several_sheets_must_be_chosen_from(tmp_path: Path) -> None:
    file = workbook(tmp_path / "a.xlsx", [["id", "n"], ["a", 1]])
    book = openpyxl.load_workbook(file)
    book.create_sheet("二").append(["id", "m"])
    book.save(file)
    with pytest.raises(DataError, match="several sheets: 表1, 二"):
        files.read_table(file)
    with pytest.raises(DataError, match="no sheet '三'; it has: 表1, 二"):
        files.read_table(file, sheet="三")
    assert list(files.read_table(file, sheet="二").frame.columns) == ["id", "m"]


# --- layers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "parquet", "shp"])
def test_every_layer_format_gives_the_same_places(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"村.{suffix}"
    layer().to_parquet(path) if suffix == "parquet" else layer().to_file(path)
    kept, found = files.read_places(path, table="communities", crs=STUDY)
    assert kept["name"].tolist() == ["东北村"] * 2 and list(kept.index) == ["0", "1"] and found.empty
    assert kept.geometry.iloc[0].distance(layer().to_crs(STUDY).geometry.iloc[0]) < 1e-6


@pytest.mark.parametrize(
    ("suffix", "height"), [("gpkg", math.nan), ("gpkg", 12.5), ("parquet", math.nan), ("parquet", 12.5), ("shp", 12.5)]
)
def test_heights_of_a_layer_play_no_part(tmp_path: Path, suffix: str, height: float, raised: Any) -> None:
    """Communities on the map and as an exclusion layer."""
    path = tmp_path / f"村.{suffix}"
    high = raised(layer(), height)
    high.to_parquet(path) if suffix == "parquet" else high.to_file(path)
    kept, found = files.read_places(path, table="communities", crs=STUDY)
    drawn = files.read_roads_file(path, crs=STUDY)
    where = layer().to_crs(STUDY).geometry
    assert found.empty and not kept.has_z.any() and not drawn.has_z.any()
    for shapes in (kept.geometry, drawn.geometry):
        assert shapes.geom_equals_exact(where.set_axis(shapes.index), 1e-6).all()


@pytest.mark.parametrize("where", ["122.1,37.5,null", "122.1,37.5,NaN", "122.1,37.5,8", "122.1,37.5,8,1700000000"])
def test_what_follows_x_and_y_in_geojson_plays_no_part(tmp_path: Path, where: str) -> None:
    """RFC 7946 has no null heights and no fourth number; GPS tracks and offices do. Heights may be there for some."""
    shapes = (
        f'{{"type":"Point","coordinates":[{where}]}}',
        f'{{"type":"LineString","coordinates":[[{where}],[122.2,37.5]]}}',
    )
    both = f'{{"type":"GeometryCollection","geometries":[{",".join(shapes)}]}}'
    rows = ",".join(f'{{"type":"Feature","properties":{{}},"geometry":{s}}}' for s in (*shapes, both))
    saved(tmp_path / "a.geojson", f'{{"type":"FeatureCollection","features":[{rows}]}}')
    point, line, together = files.read_table(tmp_path / "a.geojson").frame.geometry
    assert point == Point(122.1, 37.5) and line == LineString([(122.1, 37.5), (122.2, 37.5)])
    assert list(together.geoms) == [point, line]


@pytest.mark.parametrize("suffix", [".shp", ".zip"])
def test_a_gbk_shapefile_without_cpg_is_not_mojibake(tmp_path: Path, suffix: str) -> None:
    layer().to_file(tmp_path / "a.shp", encoding="GBK")
    (tmp_path / "a.cpg").unlink()
    if suffix == ".zip":
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
            for part in ("shp", "shx", "dbf", "prj"):
                packed.write(tmp_path / f"a.{part}", f"../图层/a.{part}")
    table = files.read_table(tmp_path / f"a{suffix}")
    assert table.frame["name"].tolist() == ["东北村"] * 2
    assert table.encoding == "gb18030" and rules(table.findings) == ["encoding_taken"]


def test_several_layers_must_be_chosen_from(tmp_path: Path) -> None:
    files.write_layers(tmp_path / "a.gpkg", {"a": layer(), "b": layer(3)})
    with pytest.raises(DataError, match="these layers: a, b"):
        files.read_table(tmp_path / "a.gpkg")
    with pytest.raises(DataError, match="no layer 'c'"):
        files.read_table(tmp_path / "a.gpkg", layer="c")
    assert len(files.read_table(tmp_path / "a.gpkg", layer="b").frame) == 3


def test_roads_come_in_the_study_crs_and_tables_are_no_roads(tmp_path: Path) -> None:
    line = gpd.GeoDataFrame({"highway": ["trunk"]}, geometry=[LineString([(122, 37), (122.1, 37)])], crs=4326)
    line.to_file(tmp_path / "r.gpkg")
    roads = files.read_roads_file(tmp_path / "r.gpkg", crs=STUDY)
    assert roads.crs == STUDY and 8000 < roads.length.iloc[0] < 9500
    with pytest.raises(DataError, match="no geometry, so it cannot be roads"):
        files.read_roads_file(saved(tmp_path / "r.csv", ROWS), crs=STUDY)
    line.to_file(tmp_path / "n.shp")
    (tmp_path / "n.prj").unlink()
    with pytest.raises(DataError, match="names no coordinate reference system"):
        files.read_roads_file(tmp_path / "n.shp", crs=STUDY)
    assert len(files.read_roads_file(tmp_path / "n.shp", crs=STUDY, source_crs=4326)) == 1


# --- places of files ------------------------------------------------------------------------------


def test_places_of_a_csv_under_the_users_own_names(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.csv", "编码,标题,name,经度,纬度,老人\n007,甲,x,122.1,37.5,3\n008,乙,y,37.5,122.1,4\n")
    columns = {"id": "编码", "name": "标题", "older": "老人"}
    kept, found = files.read_places(file, table="c", crs=STUDY, columns=columns, people=["older"], kind="care_base")
    assert list(kept.index) == ["007"] and kept["name"].tolist() == ["甲"] and kept["kind"].tolist() == ["care_base"]
    assert kept["older"].tolist() == [3] and kept["name (file)"].tolist() == ["x"]
    assert rules(found) == ["swapped"] and found["row"].tolist() == [3] and found["file"].tolist() == [str(file)]


def test_baidu_coordinates_land_where_they_belong(tmp_path: Path) -> None:
    lon, lat = web_maps.from_wgs84(122.1, 37.5, datum="bd09")
    file = saved(tmp_path / "a.csv", f"id,name,x,y\na,甲,{lon!s},{lat!s}\n")
    kept, _ = files.read_places(file, table="c", crs=STUDY, datum="bd09")
    there = gpd.GeoSeries([Point(122.1, 37.5)], crs=4326).to_crs(STUDY).iloc[0]
    assert kept.geometry.iloc[0].distance(there) < 0.01
    with pytest.raises(DataError, match="datum = gcj02 is for longitudes"):
        files.read_places(file, table="c", crs=STUDY, datum="gcj02", source_crs=STUDY)


def test_a_column_named_but_absent_is_told_with_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"needs the columns 乡镇; it has: code, name, lon"):
        files.read_places(saved(tmp_path / "a.csv", ROWS), table="c", crs=STUDY, columns={"town": "乡镇"})
    with pytest.raises(DataError, match="needs the columns x, y"):
        files.read_places(saved(tmp_path / "b.csv", "id,name\na,b\n"), table="c", crs=STUDY)


def test_towns_may_have_no_place(tmp_path: Path) -> None:
    file = saved(tmp_path / "t.csv", "id,name\n1,甲\n2,乙\n")
    kept, found = files.read_places(file, table="towns", crs=STUDY, geometry="any")
    assert len(kept) == 2 and found.empty and kept.geometry.isna().all() and kept.crs == STUDY


# --- hostile --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/vsicurl/http://x/a.csv", "/VSIZIP/a.zip", "https://x/a.geojson", "GPKG:a.gpkg", "\\vsimem\\a", "a\0b"],
)
def test_addresses_and_gdal_paths_are_refused(path: str) -> None:
    with pytest.raises(DataError, match="no plain path"):
        files.read_table(path)
    with pytest.raises(DataError, match="no plain path"):
        files.sha256(path)


VRT = b'<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>'


@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "shp", "parquet", "xlsx", "zip", "csv", "json"])
def test_a_vrt_under_any_name_is_refused(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a.{suffix}").write_bytes(VRT)
    with pytest.raises(DataError, match=f"is not .{suffix}"):
        files.read_table(tmp_path / f"a.{suffix}")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [("a.xlsx", b"\xd0\xcf\x11\xe0" * 9, "take the password off"), ("a.xlsx", b"PK\x03\x04junk", "broken"),
     ("a.csv", b"", "is empty"), ("a.csv", b"id,name\n\xff\xff,1\n", "broken from byte 8"),
     ("a.csv", b'id,name\n"a,1\n', "quotes near line"), ("a.csv", b"id\0,b\n", "NUL"),
     ("a.csv", b"1,2\n3\n", "no header"),
     ("a.csv", b"\n\n\n", "no header"), ("a.geojson", b'{"type": "Feature', "broken"),
     ("a.geojson", b'{"type": "Catalog"}', "came Catalog"), ("a.geojson", b"{" + b'"a":[' * 9999, "broken"),
     ("a.geojson", b'{"type":"FeatureCollection","features":[3]}', "broken"),
     ("a.geojson", b'{"type":"FeatureCollection","crs":{"properties":{"name":"x"}},"features":[]}', "broken"),
     ("a.gpkg", b"SQLite format 3\0" + b"x" * 99, "is not .gpkg"), ("a.parquet", b"PAR1xxxxPAR1", "broken"),
     ("a.shp", b"\x00\x00\x27\x0a" + b"x" * 200, "broken"), ("a.xls", b"x", "is not .xls"),
     ("a.wps", b"x", "cannot be read")],
)  # fmt: skip
def test_broken_files_are_told_in_plain_words(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=message) as caught:
        files.read_table(tmp_path / name)
    assert name in str(caught.value) and name in caught.value.sentence("zh")


def ragged(folder: Path, rows: int) -> files.Table:
    return files.read_table(saved(folder / "a.csv", "id,name\n" + "1,a,b\n" * rows))


def calls(work: Callable[[], object]) -> int:
    """How often Python calls anything while it works: its work without a clock."""
    counted = 0

    def called(_frame: object, event: str, _what: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(before)
    return counted


def test_each_of_many_ragged_rows_is_told_and_costs_what_each_of_a_few_does(tmp_path: Path) -> None:
    table = ragged(tmp_path, 50_000)
    assert len(table.frame) == 0 and len(table.findings) == 50_000
    few, many = (calls(lambda n=n: ragged(tmp_path, n)) for n in (1_000, 2_000))  # type: ignore[misc]
    assert many < 2 * few


def test_a_zip_bomb_is_not_opened(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    with pytest.raises(DataError, match="unpacks to 60000000 bytes"):
        files.read_table(tmp_path / "a.xlsx")


def test_a_workbook_with_an_entity_bomb_is_refused(tmp_path: Path) -> None:
    file = workbook(tmp_path / "a.xlsx", [["id", "n"], ["a", 1]])
    with zipfile.ZipFile(file, "a") as packed:
        packed.writestr("xl/evil.xml", '<!DOCTYPE a [<!ENTITY b "cc">]><a>&b;</a>')
    with pytest.raises(DataError, match=r"DTD in xl/evil.xml"):
        files.read_table(file)


def test_one_cell_at_the_far_corner_of_a_sheet_is_told_and_no_row(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"], book.active["XFD1048576"] = "id", 1
    book.save(tmp_path / "a.xlsx")
    table = files.read_table(tmp_path / "a.xlsx")
    assert table.frame.shape == (0, 1) and rules(table.findings) == ["stray_cells"]
    assert table.findings["detail"].tolist() == ["XFD1048576"]


def test_a_missing_file_is_told_with_its_neighbours(tmp_path: Path) -> None:
    saved(tmp_path / "villages.csv", ROWS)
    with pytest.raises(MissingError, match=r"Names like it: villages\.csv"):
        files.read_table(tmp_path / "vilages.csv")
    with pytest.raises(DataError, match="is not a file"):
        files.read_table(tmp_path)
    with pytest.raises(DataError, match="encoding 'klingon' is not known"):
        files.read_table(tmp_path / "villages.csv", encoding="klingon")


def test_the_id_of_a_feature_outside_its_properties_is_kept(tmp_path: Path) -> None:
    feature = {"type": "Feature", "id": 7, "properties": None, "geometry": None}
    saved(tmp_path / "a.geojson", json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert files.read_table(tmp_path / "a.geojson").frame["id"].tolist() == [7]


# --- writing --------------------------------------------------------------------------------------


def test_the_same_layers_give_the_same_bytes(tmp_path: Path) -> None:
    layers = {"communities": layer().set_index("id"), "areas": layer().to_crs(STUDY).buffer(9).to_frame("geometry")}
    for name in ("a.gpkg", "b.gpkg"):
        files.write_layers(tmp_path / name, layers)
    assert files.sha256(tmp_path / "a.gpkg") == files.sha256(tmp_path / "b.gpkg")
    with sqlite3.connect(tmp_path / "a.gpkg") as base:
        days = [day for (day,) in base.execute("SELECT last_change FROM gpkg_contents")]
    base.close()
    assert days == [files.FIXED_DATE] * 2  # no word of today, which another day's bytes would differ by
    assert date.today().isoformat().encode() not in (tmp_path / "a.gpkg").read_bytes()
    assert [n for n, _ in pyogrio.list_layers(tmp_path / "a.gpkg")] == ["communities", "areas"]
    assert "id" in gpd.read_file(tmp_path / "a.gpkg", layer="communities").columns
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None
    with pytest.raises(DataError, match="written as .gpkg"):
        files.write_layers(tmp_path / "a.shp", layers)


def test_a_csv_opens_in_excel_and_runs_nothing(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"name": ["东", "=cmd|' /C calc'!A0", "-5"], "n": [1, 2, -3]}, index=pd.Index(list("abc"), name="id")
    )
    files.write_csv(tmp_path / "a.csv", frame)
    data = (tmp_path / "a.csv").read_bytes()
    assert data.startswith("\ufeffid,name,n,'=\na,东,1,\n".encode())
    assert b"\nb,'=cmd" in data and data.endswith(b"\nc,-5,-3,\n")


def test_a_failure_while_writing_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    target = saved(tmp_path / "a.txt", "old")
    with pytest.raises(RuntimeError), files.atomic(target) as growing:
        growing.write_text("half", encoding="utf-8")
        raise RuntimeError
    assert target.read_text(encoding="utf-8") == "old" and [p.name for p in tmp_path.iterdir()] == ["a.txt"]


KILLED = """
import os, signal, sys
from quarterhour.io import files
with files.atomic(sys.argv[1]) as growing:
    with growing.open("w", encoding="utf-8") as stream:
        stream.write("half")
        stream.flush()
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is not on Windows")
def test_a_kill_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    target = saved(tmp_path / "a.txt", "old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL and target.read_text(encoding="utf-8") == "old"
    files.write_text(target, "new\n")
    assert target.read_bytes() == b"new\n"


def test_a_folder_is_not_taken_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    with pytest.raises(WriteError, match="is a folder"):
        files.write_text(tmp_path / "kept", "new")
    assert [p.name for p in tmp_path.iterdir()] == ["kept"]


def test_a_held_target_keeps_the_result_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = saved(tmp_path / "a.txt", "old")

    def held(*_: object) -> None:
        raise PermissionError("in use")

    monkeypatch.setattr(os, "replace", held)
    monkeypatch.setattr(Path, "replace", lambda self, to: self.rename(to))
    with pytest.raises(WriteError, match=r"kept as '.*a\.txt\.new'") as caught:
        files.write_text(target, "new")
    assert "占用" in caught.value.sentence("zh") and target.read_text(encoding="utf-8") == "old"
    assert (tmp_path / "a.txt.new").read_text(encoding="utf-8") == "new"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "a.txt.new"]


def test_a_folder_that_is_a_file_cannot_be_written_into(tmp_path: Path) -> None:
    saved(tmp_path / "a", "x")
    with pytest.raises(WriteError, match="could not be written"):
        files.write_text(tmp_path / "a" / "b.txt", "x")


def test_the_villages_of_weihai_are_all_read(shared_data: Path) -> None:
    table = files.read_table(shared_data / "weihai" / "villages.csv")
    assert len(table.frame) == 2768 and findings.finding_sentences(table.findings, "zh").empty


@pytest.mark.parametrize(
    ("name", "data", "zh"),
    [
        ("a.xls", b"<table border=1><tr><td>id", "网页表格"),
        ("a.xls", "id\tname\n1\t东村\n".encode("gb18030"), "文本文件"),
        ("a.et", b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml", "新版 Excel 工作簿 .xlsx"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0" * 9, "旧版 Excel 工作簿 .xls 或加密的工作簿"),
        ("a.csv", b"%PDF-1.7", "PDF 文件"),
    ],
)
def test_a_file_of_another_kind_is_told_by_what_it_is(tmp_path: Path, name: str, data: bytes, zh: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError) as told:
        files.read_table(tmp_path / name)
    assert zh in told.value.sentence("zh") and "\\x" not in told.value.sentence("zh")
