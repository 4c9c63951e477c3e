"""Every row of a file is used, set aside, or recognised as something else, in whatever state the file is."""

from __future__ import annotations

import csv
import random
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, Polygon

from quarterhour.base.errors import DataError
from quarterhour.io import files
from repeatable import some_of
from tables import STUDY, save_csv, save_xlsx

HEAD = ["id", "name", "town", "lon", "lat", "older"]
ODD_ROWS: list[list[Any]] = [
    ["", "无编号", "t", 122.1, 37.5, 3], ["v1", "又一", "t", 122.1, 37.5, 3], ["v90", "人数", "t", 122.1, 37.5, "951①"],
    ["v91", "无人", "t", 122.1, 37.5, ""], ["v92", "远", "t", 12.1, 37.5, 4], ["v93", "反", "t", 37.5, 122.1, 4],
    ["v94", "某镇小计", "t", 122.1, 37.5, 9999], ["合计", "", "", "", "", 99], ["注：截至2025年底", "", "", "", "", ""],
    HEAD,
    ["v95", "\u200b甲", "t", 122.1, 37.5, 4], ["v\u200b2", "乙", "t", 122.1, 37.5, 4],
    ["v96", "负", "t", 122.1, 37.5, -1],
]  # fmt: skip


def good(n: int) -> list[list[Any]]:
    return [[f"v{i}", f"村{i}", f"t{i % 3}", 122.1 + i / 1000, 37.5, 7 + i] for i in range(n)]


def account(path: Path) -> dict[str, Any]:
    kept, _, row = files.read_counted_places(path, table="communities", crs=STUDY, people=["older"])
    assert row["used"] == len(kept)
    return row


def balanced(row: dict[str, Any], rows: int) -> None:
    parts = ("used", "set_aside", "totals", "notes", "left_out")
    assert row["rows"] == rows == sum(row[p] for p in parts), row


def as_layer(path: Path, rows: list[list[Any]], suffix: str) -> Path:
    spots = [Point(r[3], r[4]) if r[3] != "" and r[3] != "lon" else None for r in rows]
    columns = {h: [str(r[i]) for r in rows] for i, h in enumerate(HEAD) if h not in ("lon", "lat")}
    frame = gpd.GeoDataFrame(columns, geometry=spots, crs=4326)
    target = path.with_suffix(suffix)
    frame.to_parquet(target) if suffix == ".parquet" else frame.to_file(target)
    return target


def counted_apart(path: Path) -> int:
    """Rows with something in them below the header, by a reader that is not ours."""
    if path.suffix == ".csv":
        rows: Any = list(csv.reader(path.read_text("utf-8").splitlines()))
    elif path.suffix == ".xlsx":
        rows = list(openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True))
    elif path.suffix == ".gpkg":
        with sqlite3.connect(path) as base:
            found = int(base.execute(f'SELECT count(*) FROM "{path.stem}"').fetchone()[0])
        base.close()
        return found
    else:
        return len(gpd.read_parquet(path) if path.suffix == ".parquet" else gpd.read_file(path))
    return sum(any(c not in ("", None) for c in row) for row in rows) - 1


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".gpkg", ".geojson", ".shp", ".parquet"])
@pytest.mark.parametrize("seed", some_of(40, 6))
def test_rows_shuffled_and_cut_are_all_accounted_for(tmp_path: Path, suffix: str, seed: int) -> None:
    chance = random.Random(seed)
    rows = good(chance.randrange(3, 12)) + chance.sample(ODD_ROWS, chance.randrange(len(ODD_ROWS) + 1))
    chance.shuffle(rows)
    if suffix in (".csv", ".xlsx"):
        path = (save_csv if suffix == ".csv" else save_xlsx)(tmp_path / "a", [HEAD, *rows])
    else:
        path = as_layer(tmp_path / "a", rows, suffix)
    row = account(path)
    balanced(row, counted_apart(path))
    assert row["rows"] == len(rows)


def test_hidden_rows_and_a_second_table_are_accounted_for(tmp_path: Path) -> None:
    rows = [HEAD, *good(6), [], ["类型", "数量", "床位", "x", "y", "z"], ["日间", 3, 4, 5, 6, 7], ["合计", 3]]
    path = save_xlsx(tmp_path / "a", rows)
    book = openpyxl.load_workbook(path)
    book.worksheets[0].row_dimensions[3].hidden = True
    book.save(path)
    _, _, row = files.read_counted_places(path, table="c", crs=STUDY, people=["older"], hidden_rows="skip")
    balanced(row, 9)
    assert (row["used"], row["left_out"], row["set_aside"]) == (5, 1, 3)


def test_outlines_lines_and_empty_shapes_are_accounted_for(tmp_path: Path) -> None:
    outline, bow = ([(122, 37), (122.1, 37), (122.1, 37.1)], [(122, 37), (122.1, 37.1), (122.1, 37), (122, 37.1)])
    shapes = [Polygon(outline), LineString(outline), None, Point(), Polygon(bow), Point(122.1, 37.5)]
    frame = gpd.GeoDataFrame({"id": list("abcdef"), "name": "甲", "older": 1}, geometry=shapes, crs=4326)
    frame.to_file(tmp_path / "a.gpkg")
    row = account(tmp_path / "a.gpkg")
    balanced(row, 6)
    assert row["used"] == 2


# --- what a library cannot read -------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".gpkg", ".geojson", ".shp", ".parquet", ".zip"])
@pytest.mark.parametrize("seed", some_of(100, 12))
def test_a_damaged_file_is_read_or_told_and_never_an_error_of_the_program(
    tmp_path: Path, suffix: str, seed: int
) -> None:
    chance = random.Random(seed)
    rows = good(20)
    if suffix in (".csv", ".xlsx"):
        path = (save_csv if suffix == ".csv" else save_xlsx)(tmp_path / "a", [HEAD, *rows])
    elif suffix == ".zip":
        as_layer(tmp_path / "a", rows, ".shp")
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w") as packed:
            for part in ("shp", "shx", "dbf", "prj", "cpg"):
                packed.write(tmp_path / f"a.{part}", f"a.{part}")
    else:
        path = as_layer(tmp_path / "a", rows, suffix)
    data = bytearray(path.read_bytes())
    if chance.random() < 0.4:
        del data[chance.randrange(len(data)) :]
    for _ in range(chance.randrange(1, 6)):
        if data:
            data[chance.randrange(len(data))] = chance.randrange(256)
    path.write_bytes(data)
    try:
        row = account(path)
    except DataError as error:
        assert path.stem in str(error)
    else:
        balanced(row, row["rows"])


def test_lists_and_structures_in_a_table_are_text(tmp_path: Path) -> None:
    nested = pd.DataFrame({"id": ["a", "b"], "tags": [["x", "y"], []], "more": [{"k": 1}, None], "n": [1, 2]})
    nested.to_parquet(tmp_path / "a.parquet")
    table = files.read_table(tmp_path / "a.parquet")
    assert table.frame["tags"].tolist() == ['["x", "y"]', "[]"] and table.frame["n"].tolist() == [1, 2]
    assert table.findings["rule"].tolist() == ["nested_column"] * 2


def test_a_system_of_nowhere_is_told_and_one_that_is_not_known_is_asked_for(tmp_path: Path) -> None:
    layer = gpd.GeoDataFrame({"id": ["a"], "name": ["甲"]}, geometry=[Point(122.1, 37.5)])
    local = 'ENGCRS["城建坐标系",EDATUM["local"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'
    layer.set_crs(local).to_file(tmp_path / "a.gpkg")
    with pytest.raises(DataError, match="leads to no place on Earth"):
        files.read_places(tmp_path / "a.gpkg", table="c", crs=STUDY)
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        layer.to_file(tmp_path / "b.gpkg")
    kept, found = files.read_places(tmp_path / "b.gpkg", table="c", crs=STUDY)
    assert len(kept) == 1 and found["rule"].tolist() == ["crs_taken"]
