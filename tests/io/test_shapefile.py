"""Shapefiles whose parts disagree and zips that cannot be opened: a sentence with counts, never fewer rows unsaid."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely.geometry import Point

from quarterhour.base.errors import DataError
from quarterhour.io import files
from tables import STUDY


def shape(path: Path, n: int) -> Path:
    spots = [Point(122.1 + i / 100, 37.5) for i in range(n)]
    frame = gpd.GeoDataFrame({"id": [f"v{i}" for i in range(n)], "name": ["村"] * n}, geometry=spots, crs=4326)
    frame.to_file(path.with_suffix(".shp"))
    return path.with_suffix(".shp")


def read(path: Path) -> tuple[Any, Any]:
    return files.read_places(path, table="communities", crs=STUDY)


@pytest.mark.parametrize(
    ("part", "counts"),
    [
        ("dbf", ".shp 24, .shx 24, .dbf 21"),
        ("shx", ".shp 24, .shx 21, .dbf 24"),
        ("shp", ".shp 21, .shx 24, .dbf 24"),
    ],
)
def test_parts_of_two_exports_are_told_with_their_counts(tmp_path: Path, part: str, counts: str) -> None:
    shape(tmp_path / "a", 24)
    shutil.copy(shape(tmp_path / "b", 21).with_suffix(f".{part}"), tmp_path / f"a.{part}")
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a.shp")
    assert counts in str(caught.value) and "a.shp" in str(caught.value)


@pytest.mark.parametrize("part", ["shp", "shx", "dbf"])
def test_a_part_that_was_cut_short_is_told(tmp_path: Path, part: str) -> None:
    file = shape(tmp_path / "a", 24).with_suffix(f".{part}")
    file.write_bytes(file.read_bytes()[:-70])
    with pytest.raises(DataError, match=r"a\.shp"):
        read(tmp_path / "a.shp")


def test_deleted_rows_are_left_out_and_told(tmp_path: Path) -> None:
    table = shape(tmp_path / "a", 5).with_suffix(".dbf")
    data = bytearray(table.read_bytes())
    start, length = (int.from_bytes(data[a : a + 2], "little") for a in (8, 10))
    data[start + length] = ord("*")
    table.write_bytes(data)
    kept, found, account = files.read_counted_places(tmp_path / "a.shp", table="communities", crs=STUDY)
    assert list(kept.index) == ["v0", "v2", "v3", "v4"]
    assert found[["severity", "rule", "value", "detail"]].values.tolist() == [["warning", "deleted_rows", "1", "2"]]
    assert account["rows"] == 5 and account["used"] == 4 and account["left_out"] == 1


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    shape(tmp_path / "a", 3).with_suffix(".shx").unlink()
    with pytest.raises(DataError, match=r"without its \.shx"):
        read(tmp_path / "a.shp")
    shape(tmp_path / "b", 3).with_suffix(".dbf").unlink()
    table = files.read_table(tmp_path / "b.shp")
    assert len(table.frame) == 3 and table.findings["rule"].tolist() == ["shape_no_table"]


def test_parts_in_capitals_are_parts(tmp_path: Path) -> None:
    shape(tmp_path / "a", 3)
    for part in ("shx", "dbf", "prj", "cpg"):
        (tmp_path / f"a.{part}").rename(tmp_path / f"a.{part.upper()}")
    assert len(read(tmp_path / "a.shp")[0]) == 3


# --- in a zip -------------------------------------------------------------------------------------


def packed(tmp_path: Path, *, folder: str = "", more: dict[str, bytes] | None = None) -> Path:
    shape(tmp_path / "a", 4)
    target = tmp_path / "z.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for part in ("shp", "shx", "dbf", "prj", "cpg"):
            file.write(tmp_path / f"a.{part}", f"{folder}a.{part}")
        for name, data in (more or {}).items():
            file.writestr(name, data)
    return target


def flagged(path: Path, *, flag: int = 0, method: int | None = None) -> Path:
    """The zip with every member's flag or way of packing changed, in both places where a zip says it."""
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        where = data.find(mark)
        while where >= 0:
            data[where + at] |= flag
            if method is not None:
                data[where + at + 2] = method
            where = data.find(mark, where + 4)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("folder", ["", "图层/", "a/b/c/"])
def test_a_zip_is_read_whatever_its_folders(tmp_path: Path, folder: str) -> None:
    beside = {"__MACOSX/._a.shp": b"x", "._a.shp": b"x", "readme.txt": b"x"}
    kept, found = read(packed(tmp_path, folder=folder, more=beside))
    assert len(kept) == 4 and found.empty


def test_a_locked_zip_and_one_packed_another_way_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="locked by a password"):
        read(flagged(packed(tmp_path), flag=1))
    with pytest.raises(DataError, match="packed as Deflate64"):
        read(flagged(packed(tmp_path), method=9))


def test_a_zip_with_several_layers_or_none_names_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds 2 \(a\.shp, b\.shp\)"):
        read(packed(tmp_path, more={"b.shp": b"x"}))
    with zipfile.ZipFile(tmp_path / "n.zip", "w") as file:
        file.writestr("inner.zip", b"x")
    with pytest.raises(DataError, match=r"holds 0 \(inner\.zip\)"):
        read(tmp_path / "n.zip")


def test_a_damaged_member_is_told_with_the_zip(tmp_path: Path) -> None:
    path = packed(tmp_path)
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"z\.zip"):
        read(path)


def test_parts_in_a_zip_must_agree_too(tmp_path: Path) -> None:
    few = shape(tmp_path / "b", 2).with_suffix(".dbf").read_bytes()
    shape(tmp_path / "a", 4)
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as file:
        for part in ("shp", "shx", "prj", "cpg"):
            file.write(tmp_path / f"a.{part}", f"a.{part}")
        file.writestr("a.dbf", few)
    with pytest.raises(DataError, match=r"z\.zip.*\.dbf 2"):
        read(tmp_path / "z.zip")


def test_a_field_that_comes_twice_is_refused(tmp_path: Path) -> None:
    points = gpd.GeoDataFrame({"older": [5], "oldest": [2]}, geometry=[Point(122, 37)], crs="EPSG:4326")
    points.to_file(tmp_path / "a.shp")
    table = tmp_path / "a.dbf"
    table.write_bytes(table.read_bytes().replace(b"oldest\0", b"older\0\0", 1))
    with pytest.raises(DataError, match="older"):
        files.read_layer(tmp_path / "a.shp", table="places", crs="EPSG:32651")
