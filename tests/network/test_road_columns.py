"""Columns of roads weighed: lengths, speed limits, classes, one-way marks; what cannot be meant is told."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, MultiLineString

from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding_sentences
from quarterhour.base.i18n import LANGUAGES
from quarterhour.network.build import build_network
from quarterhour.network.modes import as_mode, read_modes
from quarterhour.network.roads import as_roads
from quarterhour.network.roads.account import doubtful_columns, road_account
from quarterhour.network.speeds import limit_kmh

CRS = "EPSG:32651"
CAR, WALK, EBIKE = (read_modes()[m] for m in ("car", "walk", "ebike"))
DRAWN = [300.0, 250.0, 400.0, 1200.0, 80.0]
"""Lengths of five streets in a row, the last but one with a bend."""


def streets(**columns: Any) -> gpd.GeoDataFrame:
    at = np.r_[0.0, np.cumsum(DRAWN)]
    lines = [LineString([(a, 0), ((a + b) / 2, 0), (b, 0)]) for a, b in zip(at[:-1], at[1:], strict=True)]
    frame = gpd.GeoDataFrame({"highway": "residential"}, geometry=lines, crs=CRS, index=list("abcde"))
    return frame.assign(**columns)


def read(**columns: Any) -> tuple[gpd.GeoDataFrame, list[str]]:
    roads, found = as_roads(streets(**columns), crs=CRS)
    for lang in LANGUAGES:
        assert finding_sentences(found, lang).str.len().gt(10).all()
    return roads, found["rule"].str.removeprefix("roads.").tolist()


def minutes(roads: gpd.GeoDataFrame, mode: Any = WALK) -> list[float]:
    return (build_network(roads, mode).forward_cs / 6000).round(3).tolist()


RIGHT = minutes(as_roads(streets(), crs=CRS)[0])


@pytest.mark.parametrize(
    ("metres", "unit"),
    [(1.0, None), (1000.0, "km"), (0.3048, "ft"), (1609.344, "mi"), (0.01, "cm"), (0.001, "mm"), (500.0, "里")],
)
def test_the_unit_of_lengths_is_guessed_and_told(metres: float, unit: str | None) -> None:
    roads, found = as_roads(streets(length_m=[d / metres for d in DRAWN]), crs=CRS)
    assert roads["length_m"].tolist() == pytest.approx(DRAWN)
    told = [] if unit is None else [["roads.length_unit", "warning", unit]]
    assert found[["rule", "severity", "value"]].values.tolist() == told
    assert minutes(roads) == pytest.approx(RIGHT, abs=0.001)


@pytest.mark.parametrize("given", [0.0, -1.0, "0", "-", "n/a", "100 steps"])
def test_lengths_that_are_no_lengths_are_told_and_the_drawn_ones_count(given: object) -> None:
    roads, rules = read(length_m=[given] * 5)
    assert rules == ["length_bad"]
    assert minutes(roads) == RIGHT


def test_some_bad_lengths_are_told_by_id_and_the_others_count() -> None:
    given = [306.0, 0.0, None, 90.0, 82.0]
    roads, found = as_roads(streets(length_m=given), crs=CRS)
    assert found[["rule", "value", "detail"]].values.tolist() == [
        ["roads.length_bad", "2", "b, c"],
        ["roads.length_off", "1", "d"],
    ]
    assert minutes(roads) == pytest.approx([306 / 60, *RIGHT[1:4], 82 / 60], abs=0.001)


def test_blank_lengths_are_but_a_note() -> None:
    roads, found = as_roads(streets(length_m=[303.0, None, 404.0, 1204.0, np.nan]), crs=CRS)
    assert found[["rule", "severity", "value", "detail"]].values.tolist() == [
        ["roads.length_blank", "note", "2", "b, e"]
    ]
    assert minutes(roads) == pytest.approx([303 / 60, RIGHT[1], 404 / 60, 1204 / 60, RIGHT[4]], abs=0.001)


def test_a_length_below_the_straight_line_or_far_above_the_drawn_one_does_not_count() -> None:
    roads, found = as_roads(streets(length_m=[300, 200, 404, 2600, 81]), crs=CRS)
    assert found[["rule", "severity", "value", "detail"]].values.tolist() == [
        ["roads.length_off", "warning", "2", "b, d"]
    ]
    assert minutes(roads)[1] == RIGHT[1] and minutes(roads)[3] == RIGHT[3]
    assert roads["length_m"].isna().tolist() == [False, True, False, True, False]


@pytest.mark.parametrize("factor", [1.26, 0.5, 9e-6, 4.0])
def test_lengths_that_fit_in_no_unit_are_not_used(factor: float) -> None:
    roads, rules = read(length_m=[d * factor for d in DRAWN])
    assert rules == ["length_unfit"]
    assert "length_m" not in roads and minutes(roads) == RIGHT


def test_lengths_rounded_to_whole_metres_or_written_with_commas_fit() -> None:
    roads, rules = read(length_m=["300", "250", "400", "1,200", " 80 "])
    assert rules == [] and minutes(roads) == RIGHT


def test_the_length_of_a_road_of_two_parts_is_weighed_as_a_whole() -> None:
    shapes = [MultiLineString([[(0, 0), (100, 0)], [(100, 0), (300, 0)]]), LineString([(300, 0), (600, 0)])]
    frame = gpd.GeoDataFrame({"highway": "residential", "length_m": [300.0, 303.0]}, geometry=shapes, crs=CRS)
    roads, found = as_roads(frame, crs=CRS)
    assert found.empty
    assert minutes(roads) == pytest.approx([100 / 60, 200 / 60, 303 / 60], abs=0.001)


# --- speed limits


@pytest.mark.parametrize(
    ("said", "kmh"),
    [
        ([8.3] * 5, [30] * 5),
        ([8.33, 13.89, 13.89, 16.67, 22.22], [30, 50, 50, 60, 80]),
        (["8.3", "13.9", "", None, "5.6"], [30, 50, None, None, 20]),
        ([8, 14, 14, 17, 22], [30, 50, 50, 60, 80]),
        ([8.333333, 11.111111, 13.888889, 13.888889, 27.777778], [30, 40, 50, 50, 100]),
    ],
)
def test_limits_in_metres_a_second_are_converted_and_told(said: list[Any], kmh: list[float | None]) -> None:
    roads, rules = read(maxspeed=said)
    assert rules == ["limit_ms"]
    found = [float(v) if isinstance(v, int | float) and v == v else None for v in roads["maxspeed"]]
    assert found == pytest.approx(kmh) if None not in kmh else found == kmh
    assert minutes(roads, EBIKE) == minutes(as_roads(streets(), crs=CRS)[0], EBIKE)


@pytest.mark.parametrize(
    "said",
    [
        [30, 50, 60, 80, 120],
        ["50", "30 km/h", "CN:urban", "walk", "none"],
        [7, 7, 20, 30, 30],
        [0, 0, 0, 50, 0],
        ["['50', '70']", [30, 50], None, "", np.nan],
        [5, 10, 15, 15, 20],
        [43.7, 28.1, 61.2, 33.9, 18.4],
    ],
)
def test_limits_that_can_be_meant_are_left_alone(said: list[Any]) -> None:
    frame = streets().assign(maxspeed=pd.Series(said, index=list("abcde"), dtype=object))
    roads, found = as_roads(frame, crs=CRS)
    assert found.empty
    assert [str(v) for v in roads["maxspeed"]] == [str(v) for v in frame["maxspeed"]]


def test_limits_beyond_all_sense_do_not_count() -> None:
    roads, found = as_roads(streets(maxspeed=[500, 50, 2, "1200", "50"]), crs=CRS)
    assert found[["rule", "severity", "value"]].values.tolist() == [["roads.limit_beyond", "warning", "3"]]
    assert "500 (1)" in found["detail"].iloc[0]
    net, plain = (build_network(r, CAR).forward_cs for r in (roads, as_roads(streets(), crs=CRS)[0]))
    assert net[[0, 2, 3]].tolist() == plain[[0, 2, 3]].tolist()


def test_limits_in_miles_and_slow_ones_are_told_and_stay() -> None:
    assert read(maxspeed=[25, 35, 35, 45, 30])[1] == ["limit_miles"]
    roads, rules = read(maxspeed=[9.7, 7.1, 12.4, 3.3 + 6, 10.9])
    assert rules == ["limit_slow"] and roads["maxspeed"].iloc[0] == 9.7


@pytest.mark.parametrize(
    ("said", "kmh"),
    [("30 mph", 48.28032), ("30mph", 48.28032), ("30 MPH", 48.28032), ("30 mi/h", 48.28032), ("10 m/s", 36.0)],
)
def test_limits_in_another_unit_are_read_and_told(said: str, kmh: float) -> None:
    roads, found = as_roads(streets(maxspeed=[said, "50", "50 km/h", "50公里/小时", ""]), crs=CRS)
    assert found[["rule", "severity", "value"]].values.tolist() == [["roads.limit_converted", "note", "1"]]
    assert f"{said} (1)" in found["detail"].iloc[0]
    assert limit_kmh(roads["maxspeed"].iloc[0]) == pytest.approx(kmh)


@pytest.mark.parametrize(
    ("said", "kmh"), [("60；80", 60), ("５０", 50), ("30,5", 30.5), ("50,30", 30), ("DE:30", 30), ("FR:zone30", 30)]
)
def test_limits_of_other_keyboards_and_countries_are_read(said: str, kmh: float) -> None:
    assert limit_kmh(said) == kmh


def test_limits_that_nobody_reads_are_told() -> None:
    for said, severity in ((["fast", "50", "60", "none", ""], "note"), (["fast"] * 5, "warning")):
        _, found = as_roads(streets(maxspeed=said), crs=CRS)
        assert found[["rule", "severity"]].values.tolist() == [["roads.limit_unread", severity]]


# --- classes and one-way marks


def test_classes_in_capitals_are_known_and_told() -> None:
    said = ["Residential", "PRIMARY", "Living Street", "living-street", "residential"]
    roads, found = as_roads(streets(highway=said), crs=CRS)
    assert roads["road_class"].tolist() == ["residential", "primary", "living_street", "living_street", "residential"]
    assert found[["rule", "severity", "value"]].values.tolist() == [["roads.class_spelt", "note", "4"]]
    assert "PRIMARY (1)" in found["column"].iloc[0]
    assert doubtful_columns(roads, [WALK]).empty


def test_a_mode_may_spell_classes_in_capitals_too() -> None:
    own = as_mode("own", {"travels": "vehicle", "speeds_kmh": {"Residential": 40, "41000": 20}, "forbidden": ["Trunk"]})
    assert dict(own.speeds_kmh) == {"residential": 40, "41000": 20, "trunk": 0}


def test_classes_that_nobody_knows_are_told_with_their_roads() -> None:
    roads, _ = as_roads(streets(highway=["41000", "41000", "42000", "residential", "residential"]), crs=CRS)
    found = doubtful_columns(roads, [WALK, CAR])
    assert found[["rule", "severity", "value", "detail"]].values.tolist() == [
        ["roads.unknown_class", "warning", "3", "41000 (2), 42000 (1)"]
    ]
    own = as_mode("own", {"travels": "vehicle", "speeds_kmh": {"41000": 40, "42000": 20, "residential": 20}})
    assert doubtful_columns(roads, [own]).empty


def test_a_mode_that_may_use_little_is_told_and_one_that_may_not_by_its_nature_is_not() -> None:
    roads, _ = as_roads(streets(drive=["no", "no", "no", "no", "yes"]), crs=CRS)
    assert doubtful_columns(roads, [WALK]).empty
    assert doubtful_columns(roads, [CAR])[["rule", "id", "value"]].values.tolist() == [
        ["roads.mode_few", "car", "3.6%"]
    ]
    paths, _ = as_roads(streets(highway=["footway", "footway", "path", "steps", "residential"]), crs=CRS)
    assert doubtful_columns(paths, [WALK, CAR]).empty


def test_the_account_counts_values_and_shares() -> None:
    roads, _ = as_roads(streets(highway=["primary", "41000", "primary", "steps", "steps"]), crs=CRS)
    table = road_account(roads, [CAR]).set_index(["column", "value"])
    assert table.loc["road_class", "roads"].to_dict() == {"steps": 2, "primary": 2, "41000": 1}
    assert not table.loc[("road_class", "41000"), "known"] and table.loc[("road_class", "steps"), "known"]
    assert table.loc[("mode", "car"), "share"] == pytest.approx(700 / 2230)


def test_marks_that_came_out_of_osm_are_not_guessed_at() -> None:
    roads = streets().iloc[[0, 1, 2, 3, 4] * 4].set_axis([f"r{i}" for i in range(20)])
    read, found = as_roads(roads.assign(oneway=np.ones(20, np.int8)), crs=CRS)
    assert (read["oneway"] == 1).all()
    assert not found["rule"].str.contains("oneway").any()


def test_odd_one_way_marks_are_listed_with_their_roads() -> None:
    _, found = as_roads(streets(oneway=["X", "Z", "X", "1", "0"]), crs=CRS)
    assert found[["rule", "column", "detail"]].values.tolist() == [["roads.odd_oneway", "X (2), Z (1)", "a, b, c"]]


@pytest.mark.parametrize(
    ("marks", "ways", "told"),
    [
        ([True, False, False, True, False], [1, 0, 0, 1, 0], ""),
        (["是", "否", "否", "是", ""], [1, 0, 0, 1, 0], ""),
        ([1.0, 0.0, 0.0, -1.0, None], [1, 0, 0, -1, 0], ""),
        (["顺向", "双向", "双向", "逆向", "单向"], [1, 0, 0, -1, 1], ""),
        (["FT", "", "N", "TF", "B"], [1, 0, 0, -1, 0], ""),
        (["T", "F", "F", "T", "F"], [1, 0, 0, 1, 0], "f = 0 (3), t = 1 (2)"),
        (["T", "F", "B", "B", "B"], [-1, 1, 0, 0, 0], "b = 0 (3), f = 1 (1), t = -1 (1)"),
        ([1, 2, 3, 1, 1], [0, 1, -1, 0, 0], "1 = 0 (3), 2 = 1 (1), 3 = -1 (1)"),
        (["1", "2", "1", "1", "0"], [0, 1, 0, 0, 0], "1 = 0 (3), 0 = 0 (1), 2 = 1 (1)"),
    ],
)
def test_a_one_way_column_is_read_in_one_vocabulary(marks: list[Any], ways: list[int], told: str) -> None:
    roads, found = as_roads(streets(oneway=marks), crs=CRS)
    assert roads["oneway"].tolist() == ways
    assert found["detail"].tolist() == ([told] if told else [])


@pytest.mark.parametrize(
    "marks",
    [
        ["1"] * 20,
        ["T"] * 15 + ["F"] * 5,
        [1] * 14 + [0] * 6,
        [1] * 4 + [2] * 16,  # 1 one-way, 2 both?
        [0] * 14 + [1] * 4 + [2] * 2,  # 0 both, 1 along, 2 against?
    ],
)
def test_bare_marks_that_make_most_roads_one_way_are_asked_for(marks: list[Any]) -> None:
    frame = pd.concat([streets().set_axis([f"{i}{k}" for i in "abcde"]).translate(0, 1000 * k) for k in range(4)])
    roads = streets().iloc[[0] * 20].set_geometry(frame.to_numpy(), crs=CRS).set_axis([f"r{i}" for i in range(20)])
    with pytest.raises(DataError, match="oneway_values"):
        as_roads(roads.assign(oneway=marks), crs=CRS)
    meant = {"both": [1, "T"], "along": [0, "F", 2]}
    read, found = as_roads(roads.assign(oneway=marks), crs=CRS, oneway_values=meant)
    assert (read["oneway"] == 0).sum() == sum(str(m) in "1T" for m in marks)
    assert not found["rule"].str.contains("oneway").any()


def test_navigation_data_is_not_asked_for() -> None:
    marks = [1] * 12 + [0] * 5 + [2] * 7 + [3]
    lines = [line for k in range(5) for line in streets().translate(0, 1000 * k)]
    roads, found = as_roads(gpd.GeoDataFrame({"highway": "path", "oneway": marks}, geometry=lines, crs=CRS), crs=CRS)
    assert roads["oneway"].tolist() == [0] * 17 + [1] * 7 + [-1]
    assert "roads.oneway_read" in set(found["rule"])


def test_marks_of_ones_own_are_those_of_the_column_that_is_written_in_them() -> None:
    """``oneway`` as navigation data, ``oneway_cycle`` in words."""
    meant = {"both": [1], "along": [2], "against": [3]}
    frame = streets(oneway=[1, 2, 3, 1, 1], oneway_cycle=["yes", "no", "no", "-1", ""], oneway_foot=[2, 1, 1, 1, 3])
    roads, found = as_roads(frame, crs=CRS, oneway_values=meant)
    assert roads["oneway"].tolist() == [0, 1, -1, 0, 0]
    assert roads["oneway_cycle"].tolist() == [1, 0, 0, -1, 0]
    assert roads["oneway_foot"].tolist() == [1, 0, 0, 0, -1]
    assert found.empty


@pytest.mark.parametrize("no", ["no", "N", "0", "０", "禁止", "否", "无", "forbidden", False])
def test_a_road_is_closed_by_any_word_that_says_so(no: object) -> None:
    roads, rules = read(walk=[no, "yes", "yes", "", None])
    assert (roads["walk"].tolist(), rules) == ([False, True, True, True, True], [])


def test_an_access_column_of_t_and_f_is_true_and_false() -> None:
    assert read(drive=["T", "F", "F", "T", "F"])[0]["drive"].tolist() == [True, False, False, True, False]


def test_words_of_access_that_nobody_knows_are_told_and_open() -> None:
    roads, found = as_roads(streets(cycle=["二级", "二级", "是", "", "3"]), crs=CRS)
    assert roads["cycle"].all()
    told = ["roads.odd_access", "cycle", "二级 (2), 3 (1)", "a, b, e"]
    assert found[["rule", "id", "column", "detail"]].values.tolist() == [told]


@pytest.mark.parametrize(
    ("mark", "way"),
    [("０", 0), ("无", 0), ("双向通行", 0), ("单行线", 1), ("１", 1), ("－1", -1), ("逆行", -1), ("顺", 1), ("双", 0)],
)
def test_one_way_marks_of_chinese_tables_are_known(mark: str, way: int) -> None:
    roads, rules = read(oneway=[mark, "否", "否", "否", "否"])
    assert (roads["oneway"].tolist()[0], rules) == (way, [])


def test_a_word_for_none_is_no_bridge_and_bridges_everywhere_are_told() -> None:
    roads, rules = read(bridge=["无", "无", "无", "无", "桥"])
    assert (roads["bridge"].tolist(), rules) == ([False] * 4 + [True], [])
    assert read(bridge=["平地"] * 4 + ["桥"])[1] == ["many_built"]
