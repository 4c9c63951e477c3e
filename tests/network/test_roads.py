"""Roads of any origin as one table: what is understood, what is set aside, what is told."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString, MultiLineString, Point

from quarterhour.base.errors import DataError
from quarterhour.network.modes import read_modes
from quarterhour.network.roads import as_roads
from quarterhour.network.testing import town

CRS = "EPSG:32651"
CAR, WALK = read_modes()["car"], read_modes()["walk"]
LINE = LineString([(0, 0), (100, 0)])


def table(**columns: object) -> gpd.GeoDataFrame:
    size = len(next(iter(columns.values())))  # type: ignore[arg-type]
    lines = [LineString([(100 * i, 0), (100 * i + 100, 0)]) for i in range(size)]
    return gpd.GeoDataFrame(columns, geometry=lines, crs=CRS)


def test_one_way_marks_of_all_makes_are_understood() -> None:
    marks = ["yes", True, "1", 1, 1.0, "FT", "-1", -1, "reverse", "no", False, None, "", 0, "['True', 'False']"]
    roads, found = as_roads(table(oneway=marks, highway=["residential"] * len(marks)), crs=CRS)
    assert roads["oneway"].tolist() == [1] * 6 + [-1] * 3 + [0] * 5 + [1]
    assert found.empty


def test_bridges_and_tunnels_of_all_makes_are_understood() -> None:
    marks = ["yes", True, "viaduct", "T", 1, "no", False, "F", 0, None, "", "building_passage"]
    roads, _ = as_roads(table(bridge=marks, tunnel=marks, highway=["residential"] * len(marks)), crs=CRS)
    assert roads["bridge"].tolist() == roads["tunnel"].tolist() == [True] * 5 + [False] * 7


def test_an_odd_mark_is_both_ways_and_told() -> None:
    roads, found = as_roads(table(oneway=["maybe"], highway=["residential"]), crs=CRS)
    assert roads["oneway"].tolist() == [0]
    assert found["rule"].tolist() == ["roads.odd_oneway"]


def test_lines_of_several_parts_are_taken_apart_and_points_set_aside() -> None:
    shapes = [MultiLineString([[(0, 0), (1, 0)], [(2, 0), (3, 0)]]), Point(0, 0), None, LINE]
    roads, found = as_roads(gpd.GeoDataFrame({"id": list("abcd")}, geometry=shapes, crs=CRS), crs=CRS)
    assert roads.index.tolist() == ["a.0", "a.1", "d"]
    assert found.loc[found["severity"] == "error", "id"].tolist() == ["b", "c"]


def test_no_line_no_geometry_and_no_column_are_told() -> None:
    with pytest.raises(DataError, match="none of the 1 rows"):
        as_roads(gpd.GeoDataFrame(geometry=[Point(0, 0)], crs=CRS), crs=CRS)
    with pytest.raises(DataError, match="no CRS"):
        as_roads(gpd.GeoDataFrame(geometry=[LINE]), crs=CRS)
    with pytest.raises(DataError, match="no column klasse"):
        as_roads(table(highway=["x"]), crs=CRS, columns={"road_class": "klasse"})


def test_flags_as_text_are_read_and_blank_is_open() -> None:
    roads, _ = as_roads(
        table(highway=["residential"] * 4, drive=["no", "yes", None, 0], walk=["0", 1, "", "否"]), crs=CRS
    )
    assert roads["drive"].tolist() == [False, True, True, False]
    assert roads["walk"].tolist() == [False, True, True, False]


def test_the_column_that_was_named_counts_and_not_its_namesake() -> None:
    raw = table(road_class=["x", "y"], level=["primary", "secondary"], oneway=["no", "no"], way=["yes", "-1"])
    roads, _ = as_roads(raw, crs=CRS, columns={"road_class": "level", "oneway": "way"})
    assert roads["road_class"].tolist() == ["primary", "secondary"]
    assert roads["oneway"].tolist() == [1, -1]


def test_blank_and_double_ids_lose_no_road() -> None:
    roads, found = as_roads(table(id=["a", None, "a", 5.0], highway=["residential"] * 4), crs=CRS)
    assert roads.index.tolist() == ["a", "row2", "a#1", "5"]
    assert found["rule"].tolist() == ["roads.ids_twice"]


def test_a_line_with_a_broken_coordinate_is_set_aside() -> None:
    shapes = [LineString([(0, 0), (float("inf"), 5), (9, 9)]), LINE]
    roads, found = as_roads(
        gpd.GeoDataFrame({"highway": "residential"}, geometry=shapes, crs=CRS, index=[0, 1]), crs=CRS
    )
    assert roads.index.tolist() == ["1"]
    assert found["severity"].tolist() == ["error"]


def test_vertices_drawn_twice_and_loops_do_no_harm() -> None:
    twice = LineString([(0, 0), (50, 0), (50, 0), (100, 0)])
    loop = LineString([(100, 0), (150, 50), (150, -50), (100, 0)])
    eight = LineString([(200, 0), (250, 0), (300, 50), (300, -50), (250, 0), (200, -90)])
    roads, _ = as_roads(gpd.GeoDataFrame({"id": list("tle")}, geometry=[twice, loop, eight], crs=CRS), crs=CRS)
    assert roads.index.tolist() == ["t", "l", "e/0", "e/1", "e/2"]
    assert (roads.length > 0).all()


def test_roads_that_are_not_joined_are_told() -> None:
    _, found = as_roads(town("A-B C-D E-F G-H I-J K-L M-N O-P Q-R").roads, crs=CRS)
    assert found["rule"].tolist() == ["roads.in_pieces"]


@pytest.mark.parametrize("height", [np.nan, 0.0, 250.0])
def test_heights_of_lines_play_no_part(height: float) -> None:
    """Two streets that meet at a corner, one of them in two parts, in degrees."""
    along, across = [(122.10, 37.5), (122.11, 37.5), (122.12, 37.5)], [(122.11, 37.5), (122.11, 37.6)]
    parts = [[(122.12, 37.5), (122.13, 37.5)], [(122.13, 37.5), (122.14, 37.5)]]

    def streets(*z: float) -> gpd.GeoDataFrame:
        a, b, *more = ([(*xy, *z) for xy in line] for line in (along, across, *parts))
        shapes = [LineString(a), LineString(b), MultiLineString(more)]
        return gpd.GeoDataFrame({"id": list("abc")}, geometry=shapes, crs="EPSG:4326")

    roads, found = as_roads(streets(height), crs=CRS)
    flat, same = as_roads(streets(), crs=CRS)
    assert roads.index.tolist() == ["a/0", "a/1", "b", "c.0", "c.1"]
    assert roads.to_wkb().equals(flat.to_wkb()) and found.equals(same)


def test_a_line_without_coordinates_in_the_study_crs_is_told_with_its_id() -> None:
    shapes = [LineString([(122.1, 37.5), (122.2, 37.5)]), LineString([(122.1, 37.5), (122.1, 95.0)])]
    roads, found = as_roads(gpd.GeoDataFrame({"id": ["a", "b"]}, geometry=shapes, crs="EPSG:4326"), crs=CRS)
    assert roads.index.tolist() == ["a"]
    assert found.loc[found["severity"] == "error", ["rule", "id"]].values.tolist() == [["roads.no_line", "b"]]
