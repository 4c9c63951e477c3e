"""Sizes asked of the unpacked thing: small bombs, and real ones that are told at once."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from faults import bombs
from quarterhour.base import limits
from quarterhour.base.errors import DataError, PlanError
from quarterhour.io import files, osm
from quarterhour.io.files.checks import checked_file
from quarterhour.siting.proof.plan_record import read_records, verify_record

ROWS = [["id", "n"], ["a", "1"], ["b", "2"]]


def csv(folder: Path) -> Path:
    """Three rows of two cells."""
    (folder / "a.csv").write_text("\n".join(",".join(row) for row in ROWS) + "\n", encoding="utf-8")
    return folder / "a.csv"


def small_book(folder: Path) -> Path:
    """A workbook of the same."""
    cells = ["".join(f'<c t="inlineStr"><is><t>{c}</t></is></c>' for c in row) for row in ROWS]
    rows = [f"<row>{row}</row>" for row in cells]
    return bombs.book(folder / "a.xlsx", iter([bombs.HEAD, *rows, bombs.END]))


@pytest.mark.parametrize("make", [csv, small_book])
@pytest.mark.parametrize(("name", "enough"), [("sheet_cells", 6), ("table_columns", 2)])
def test_a_table_may_have_so_many_cells_and_no_more(
    tmp_path: Path, make: Callable[[Path], Path], name: str, enough: int
) -> None:
    file = make(tmp_path)
    with limits.raised({name: enough}):
        assert files.read_table(file).frame.shape == (2, 2)
    with limits.raised({name: enough - 1}), pytest.raises(DataError, match=f"write a larger {name} under"):
        files.read_table(file)


@pytest.mark.parametrize("name", ["book_parts", "book_characters", "book_bytes", "zip_files"])
def test_a_workbook_may_be_so_large_and_no_larger(tmp_path: Path, name: str) -> None:
    file = small_book(tmp_path)
    with limits.raised({name: 3}), pytest.raises(DataError, match=f"write a larger {name} under"):
        files.read_table(file)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (partial(bombs.merged_whole_sheet, rows=2_000), r"A1:XFD2000 and others"),
        (bombs.entities, "DTD in xl/worksheets/sheet1.xml"),
        (bombs.zip_of_many, "number of files packed in it is > 20,000"),
        (bombs.gpkg_long_text, "size unfolded"),
        (bombs.parquet_dictionary, "size unfolded"),
        (bombs.geojson_deep, "RecursionError"),
    ],
)
def test_a_bomb_is_told_before_it_goes_off(tmp_path: Path, make: Callable[[Path], Path], said: str) -> None:
    with pytest.raises(DataError, match=said):
        files.read_table(make(tmp_path))


def test_a_view_that_counts_is_read_and_one_that_counts_too_far_is_not(tmp_path: Path) -> None:
    counts = "with recursive c(n) as (select 1 union all select n + 1 from c where n < 50) "
    file = bombs.gpkg_view(tmp_path, counts + "select n as fid, n, {geom} from c")
    assert len(files.read_table(file).frame) == 50
    with limits.raised({"layer_rows": 49}), pytest.raises(DataError, match="the number of its rows is 50"):
        files.read_table(file)


def test_lists_in_many_tags_of_a_road_are_never_multiplied(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.graphml: 1 - 2': the number of ways to read .* is 68,719,476,736"):
        osm.read_graphml_roads(bombs.graphml(tmp_path, 12, 8), crs="EPSG:32651")
    roads = osm.read_graphml_roads(bombs.graphml(tmp_path, 5, 4), crs="EPSG:32651")
    assert len(roads) == 1
    with limits.raised({"graph_readings": 1_022}), pytest.raises(DataError, match="all roads is 1,023"):
        osm.read_graphml_roads(bombs.graphml(tmp_path, 5, 4), crs="EPSG:32651")


def test_a_graph_has_a_size_of_its_own(tmp_path: Path) -> None:
    file = bombs.graphml(tmp_path, 1, 1)
    with limits.raised({"text_bytes": 1}):
        assert len(osm.read_graphml_roads(file, crs="EPSG:32651")) == 1
    with (
        limits.raised({"graph_bytes": 1}),
        pytest.raises(DataError, match="as a GraphML file is .* larger graph_bytes"),
    ):
        osm.read_graphml_roads(file, crs="EPSG:32651")


def test_a_graph_that_declares_entities_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="DTD"):
        osm.read_graphml_roads(bombs.graphml_entities(tmp_path), crs="EPSG:32651")


def test_blocks_of_an_extract_are_weighed_by_what_they_say(tmp_path: Path) -> None:
    file = bombs.pbf(tmp_path, 1_000, 5)
    with limits.raised({"osm_block_bytes": 2_000}), pytest.raises(DataError, match="the size of one of its blocks"):
        osm.read_osm_roads(file, crs="EPSG:32651")
    with limits.raised({"osm_bytes": 12_000}), pytest.raises(DataError, match="> 12,000"):
        osm.read_osm_roads(file, crs="EPSG:32651")
    with pytest.raises(DataError, match="no usable road"):
        osm.read_osm_roads(file, crs="EPSG:32651")


def test_nodes_of_a_large_block_are_counted(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the number of objects in one of its blocks is 400,000"):
        osm.read_osm_roads(bombs.pbf(tmp_path, 400_000, 1), crs="EPSG:32651")


def test_a_plan_is_weighed_before_its_columns_are_unpacked(tmp_path: Path) -> None:
    ((_, record),) = read_records(bombs.plan_columns(tmp_path, megabytes=3))
    with limits.raised({"plan_unpacked_bytes": 2 * bombs.MEGABYTE}), pytest.raises(DataError, match="packed columns"):
        verify_record(record)
    with pytest.raises(PlanError):
        verify_record(record)
    with limits.raised({"plan_bytes": 100}), pytest.raises(DataError, match=re.escape("plan.json")):
        read_records(tmp_path / "plan.json")


def test_photographs_in_a_workbook_are_no_cells(tmp_path: Path) -> None:
    pd.DataFrame({"id": ["a", "b"], "n": [1, 2]}).to_excel(tmp_path / "a.xlsx", index=False)
    with zipfile.ZipFile(tmp_path / "a.xlsx", "a") as packed:
        packed.writestr("xl/media/image1.JPEG", bytes(300_000))
    with limits.raised({"book_bytes": 200_000}):
        assert len(files.read_table(tmp_path / "a.xlsx").frame) == 2


def test_files_of_a_zip_are_counted_however_long_their_names(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    with zipfile.ZipFile(file, "w") as packed:
        for number in range(8):
            packed.writestr(f"{'各社区养老服务设施现状调查汇总' * 4}{number}.txt", "x")
        packed.writestr("a.csv", "id,n\na,1\n")
        packed.comment = b"PK" * 200
    with limits.raised({"zip_files": 9}):
        assert checked_file(file) == file
    with limits.raised({"zip_files": 8}), pytest.raises(DataError, match="number of files packed in it is > 8"):
        checked_file(file)


def test_a_directory_of_a_zip_that_is_all_comments_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("a.csv", "id,n\na,1\n")
        packed.infolist()[0].comment = b"x" * 60_000
    with limits.raised({"zip_files": 28}), pytest.raises(DataError, match="number of files packed in it is > 28"):
        checked_file(file)
