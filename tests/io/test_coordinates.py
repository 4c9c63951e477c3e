"""Coordinates as people write them, and what is told of them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from quarterhour.io import files
from quarterhour.io.coordinates import with_xy

AT = {"table": "communities", "file": "村.csv", "sheet": ""}
LON, LAT = 122 + 7 / 60 + 59.58 / 3600, 37 + 32 / 60 + 18 / 3600


def read(x: str, y: str = "37.5") -> tuple[float, float]:
    found, _ = with_xy(pd.DataFrame({"x": [x], "y": [y]}), degrees=True, at=AT)
    assert found is not None
    return float(found["x"].iloc[0]), float(found["y"].iloc[0])


def paired(*written: str, degrees: bool = True, column: str = "坐标") -> tuple[list[tuple[float, float]], pd.DataFrame]:
    found, told = with_xy(pd.DataFrame({column: list(written)}), degrees=degrees, at=AT)
    assert found is not None
    return list(zip(found["x"], found["y"], strict=True)), told


@pytest.mark.parametrize(
    "written",
    ["122°7'59.58\"E", "122°7'59.58''", "122°7′59.58″", "122º7’59.58”", "122度7分59.58秒", "东经122度7分59.58秒",
     "E122°7'59.58\"", "122 07 59.58", "122-07-59.58", "122:07:59.58", "１２２°７′５９．５８″Ｅ", "122° 7' 59.58\" e"],
)  # fmt: skip
def test_degrees_minutes_and_seconds_are_read(written: str) -> None:
    assert read(written)[0] == pytest.approx(LON, abs=1e-9)


@pytest.mark.parametrize(
    "written", ["122.13", "122.13E", "E122.13", "东经122.13", "１２２.１３", "122.13°", "122°7.8'"]
)
def test_degrees_with_a_side_a_mark_or_full_width_digits_are_read(written: str) -> None:
    assert read(written)[0] == pytest.approx(122.13, abs=1e-9)


def test_west_and_south_are_negative() -> None:
    assert read("71.05W", "33°30'S") == pytest.approx((-71.05, -33.5))


@pytest.mark.parametrize("written", ["abc", "122°61'", "122°7'60\"", "E122W", "122.5°30'", "122号", "", "北纬"])
def test_what_is_no_angle_is_missing(written: str) -> None:
    assert pd.isna(read(written)[0])


@pytest.mark.parametrize(
    "written",
    ["122.13,37.54", "122.13，37.54", "122.13、37.54", "(122.13, 37.54)", "122.13 37.54", "122.13;37.54",
     "POINT (122.13 37.54)", "经度:122.13,纬度:37.54", "E122.13 N37.54", "北纬37.54东经122.13", "37.54N,122.13E",
     "37.54,122.13"],
)  # fmt: skip
def test_both_coordinates_in_one_column_are_read_whichever_comes_first(written: str) -> None:
    assert paired(written)[0] == [pytest.approx((122.13, 37.54))]


def test_where_the_range_does_not_tell_the_rest_of_the_column_does() -> None:
    found, told = paired("51.5, 122.1", "52.0, 121.9", "50, 80")
    assert found[2] == (80, 50)
    assert told["rule"].tolist() == ["coordinates_latitude_first"] and told["value"].tolist() == ["3"]
    assert paired("9.52, 47.14", "9.53, 47.2")[0][0] == (9.52, 47.14)


def test_metres_in_one_column_keep_their_order() -> None:
    assert paired("400000,4150000", degrees=False, column="lonlat")[0] == [(400000, 4150000)]


def test_one_column_named_twice_is_both_coordinates() -> None:
    found, told = with_xy(pd.DataFrame({"x": ["122.1,37.5"], "y": ["122.1,37.5"]}), degrees=True, at=AT)
    assert found is not None and found[["x", "y"]].to_numpy().tolist() == [[122.1, 37.5]] and told.empty


def test_letters_against_the_columns_are_obeyed_and_told() -> None:
    found, told = with_xy(pd.DataFrame({"x": ["37.5N"], "y": ["122.1E"]}), degrees=True, at=AT)
    assert found is not None and found.to_numpy().tolist() == [[122.1, 37.5]]
    assert told["rule"].tolist() == ["coordinates_order"] and told["severity"].tolist() == ["note"]


def test_two_longitudes_are_no_place() -> None:
    assert all(map(pd.isna, read("122.1E", "122.1E")))


def test_a_table_without_coordinates_has_none() -> None:
    assert with_xy(pd.DataFrame({"坐标": ["见附图"]}), degrees=True, at=AT)[0] is None


TABLE = 'id,name,经纬度\na,甲,"122.13,37.54"\nb,乙,"122°7\'59.58""E 37°32\'18""N"\nc,丙,见附图\nd,丁,\n'


def test_a_file_with_one_column_of_coordinates_is_read_and_what_is_not_shows_its_text(tmp_path: Path) -> None:
    file = tmp_path / "村.csv"
    file.write_text(TABLE, encoding="utf-8")
    kept, found = files.read_places(file, table="communities", crs="EPSG:32651")
    there = kept.to_crs(4326).geometry
    assert list(zip(there.x, there.y, strict=True)) == [pytest.approx((122.13, 37.54)), pytest.approx((LON, LAT))]
    assert "x" not in kept and "y" not in kept and kept["经纬度"].iloc[0] == "122.13,37.54"
    told = list(zip(found["rule"], found["row"], found["value"], strict=True))
    assert told == [("coordinates_unread", 4, "见附图"), ("no_place", 5, "")]
    assert set(found["severity"]) == {"error"}


def test_two_columns_of_which_one_is_no_number_show_both(tmp_path: Path) -> None:
    file = tmp_path / "村.csv"
    file.write_text("id,name,lon,lat\na,甲,122.13,37度32分18秒\nb,乙,一二二,37.5\n", encoding="utf-8")
    kept, found = files.read_places(file, table="communities", crs="EPSG:32651")
    assert kept.to_crs(4326).geometry.y.tolist() == [pytest.approx(37 + 32 / 60 + 18 / 3600)]
    assert found["value"].tolist() == ["一二二 / 37.5"] and found["rule"].tolist() == ["coordinates_unread"]


@pytest.mark.parametrize(
    ("written", "degrees"),
    [
        ("lon=122.13", 122.13),
        ("经度 73.5W", -73.5),
        ("122°7'59,4\"E", 122.1331667),
        ("E122.13E", 122.13),
    ],
)
def test_words_before_a_coordinate_and_a_comma_in_its_seconds_are_read(written: str, degrees: float) -> None:
    assert read(written)[0] == pytest.approx(degrees)
