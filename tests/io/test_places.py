"""The door: every row goes through or is told, in order, with its reason."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from string import Formatter
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPoint, Point, Polygon

from quarterhour.base.errors import DataError
from quarterhour.base.findings import FINDING_COLUMNS, finding, finding_sentences, join_findings, no_findings
from quarterhour.io import files, places
from repeatable import examples

STUDY = "EPSG:32651"


def town(*, crs: Any = 4326, geometry: Any = None, **columns: Any) -> gpd.GeoDataFrame:
    """Communities at Weihai, a hundredth of a degree apart."""
    n = len(next(iter(columns.values())))
    spots = [Point(122.1 + i / 100, 37.5) for i in range(n)] if geometry is None else geometry
    columns.setdefault("name", [f"村{i}" for i in range(n)])
    return gpd.GeoDataFrame(columns, geometry=spots, crs=crs)


def door(frame: gpd.GeoDataFrame, **more: Any) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    return places.as_places(frame, table="communities", crs=STUDY, file="村.csv", **more)


def rules(found: pd.DataFrame) -> list[tuple[str, int]]:
    return [(r, int(n)) for r, n in zip(found["rule"], found["row"], strict=True)]


def test_good_rows_come_in_order_in_metres_with_their_columns_filled() -> None:
    kept, found = door(town(id=[7, 3], older=["１２", "1,234"], extra=[1.5, 2.5]), people=["older"], source="民政局")
    assert list(kept.index) == ["7", "3"] and kept.index.name == "id"
    assert kept["older"].tolist() == [12, 1234] and kept["older"].dtype == np.int64
    assert kept.crs == STUDY and kept.geometry.x.between(4e5, 5e5).all()
    assert kept["quality"].tolist() == ["unstated"] * 2 and kept["source"].tolist() == ["民政局"] * 2
    assert kept["town"].tolist() == ["", ""] and kept["extra"].tolist() == [1.5, 2.5]
    assert found.empty and list(found.columns) == list(FINDING_COLUMNS)


def test_bad_ids_are_set_aside_and_the_first_good_one_stays() -> None:
    older = [1, -1, 2, 3, 4, 5]
    kept, found = door(town(id=["a", "b", "b", "b", " ", "3.71E+11"], older=older), people=["older"])
    assert kept["older"].tolist() == [1, 2]
    assert rules(found) == [("people_impossible", 2), ("id_again", 4), ("no_id", 5), ("id_mangled", 6)]


def test_ids_read_as_numbers_keep_their_digits() -> None:
    kept, _ = door(town(id=[371002001001.0, 5.0]))
    assert list(kept.index) == ["371002001001", "5"]


@pytest.mark.parametrize(
    ("typed", "rule"),
    [("八十", "people_not_number"), ("#REF!", "people_not_number"), ("", "people_missing"), (None, "people_missing"),
     ("-1", "people_impossible"), ("inf", "people_not_number"), ("1e99", "people_impossible"),
     ("1,2", "people_not_number"), ("٣x", "people_not_number"), (True, "people_not_number")],
)  # fmt: skip
def test_people_that_cannot_be_counted_are_told(typed: Any, rule: str) -> None:
    kept, found = door(town(id=["a", "b"], older=["3", typed]), people=["older"])
    assert list(kept.index) == ["a"]
    assert rules(found) == [(rule, 2)] and found["severity"].tolist() == ["error"]


def test_half_a_person_is_rounded_and_told() -> None:
    kept, found = door(town(id=["a", "b"], older=["2.5", 0]), people=["older"])
    assert kept["older"].tolist() == [3, 0]
    assert rules(found) == [("people_rounded", 1)] and found["severity"].tolist() == ["warning"]


def test_places_swapped_far_off_or_missing_are_set_aside() -> None:
    spots = [Point(37.5, 122.1), Point(0, 0), None, Point(), Point(np.inf, 37), Point(122.1, 37.5)]
    kept, found = door(town(id=list("abcdef"), geometry=spots))
    assert list(kept.index) == ["f"]
    assert rules(found) == [("swapped", 1), ("outside", 2), ("no_place", 3), ("no_place", 4), ("coordinates_unread", 5)]


def test_an_outline_becomes_a_point_inside_it_and_a_line_does_not() -> None:
    hook = Polygon([(122, 37), (122.1, 37), (122.1, 37.1), (122.09, 37.1), (122.09, 37.01), (122, 37.01)])
    bow = Polygon([(122, 37), (122.1, 37.1), (122.1, 37), (122, 37.1)])
    shapes = [hook, LineString([(122, 37), (122.1, 37)]), MultiPoint([(122, 37)]), bow]
    kept, found = door(town(id=list("abcd"), geometry=shapes))
    assert list(kept.index) == ["a", "c"] and set(kept.geom_type) == {"Point"}
    assert kept.to_crs(4326).geometry.iloc[0].within(hook.buffer(1e-9))
    assert rules(found) == [("outline_to_point", 1), ("not_a_point", 2), ("broken_shape", 4)]


def test_areas_may_be_polygons_or_missing() -> None:
    shapes = [Polygon([(122, 37), (122.1, 37), (122.1, 37.1)]), None]
    kept, found = door(town(id=["a", "b"], geometry=shapes), geometry="any")
    assert list(kept.index) == ["a", "b"] and found.empty and kept.geometry.isna().tolist() == [False, True]


def test_an_unknown_quality_and_silence_never_pass_for_a_fact() -> None:
    kept, found = door(town(id=["a", "b", "c"], quality=["真", "", "estimated"]))
    assert kept["quality"].tolist() == ["synthetic", "unstated", "estimated"]
    assert rules(found) == [("bad_quality", 1)]


def test_an_empty_table_is_an_empty_table() -> None:
    kept, found = door(town(id=[], older=[], geometry=[]), people=["older"])
    assert len(kept) == 0 and found.empty and kept["older"].dtype == np.int64 and kept.crs == STUDY


@examples(11, 200)
@given(st.lists(st.tuples(st.text(max_size=4), st.text(max_size=6) | st.floats() | st.integers()), max_size=8))
def test_no_community_is_lost(rows: list[tuple[str, Any]]) -> None:
    frame = town(id=[r[0] for r in rows], older=pd.Series([r[1] for r in rows], dtype=object))
    kept, found = door(frame, people=["older"])
    aside = found.loc[found["severity"].eq("error"), "row"].nunique()
    assert len(kept) + aside == len(rows) and kept.index.is_unique
    assert (kept["older"] >= 0).all()


def test_the_same_table_gives_the_same_answer_and_is_not_touched() -> None:
    frame = town(id=["a", "a"], older=["x", "1"])
    before = frame.copy()
    first, second = door(frame, people=["older"]), door(frame, people=["older"])
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(first[1], second[1])


def test_missing_columns_are_named_with_what_was_found() -> None:
    with pytest.raises(DataError, match=r"needs the columns older, beds; it has: id, name") as caught:
        door(town(id=["a"]), people=["older", "beds"])
    assert "缺少列" in caught.value.sentence("zh")


def test_a_crs_is_never_guessed() -> None:
    with pytest.raises(DataError, match="says no coordinate reference system"):
        door(town(id=["a"], crs=None))
    with pytest.raises(DataError, match="projected, in metres"):
        places.as_places(town(id=["a"]), table="t", crs=4326)
    with pytest.raises(DataError, match="quality 'true'"):
        door(town(id=["a"]), quality="true")


def test_a_finding_is_told_with_its_file_and_row_in_both_languages() -> None:
    one = finding(
        "people_not_number", severity="error", table="c", file="村.xlsx", sheet="表1", row=7,
        column="older", id="a", value="八十",
    )  # fmt: skip
    assert finding_sentences(one, "zh").tolist() == [
        "村.xlsx 表1 第 7 行：“older”人数“八十”不是数字（编号 a），该行未采用。请填阿拉伯数字。"
    ]
    assert finding_sentences(one, "en").iloc[0].startswith("村.xlsx 表1 row 7: 'older' is '八十', not a number (id a)")
    assert one["row"].dtype == "Int64"


def test_findings_join_and_hold_braces_and_long_values() -> None:
    nasty = finding("no_id", severity="error", table="t", value="{x}" * 99, detail="{0.__class__}")
    both = join_findings([no_findings(), nasty, nasty])
    assert both.index.tolist() == [0, 1] and both["value"].str.len().max() == 80
    assert finding_sentences(both, "en").str.startswith("no id").all() and both["row"].isna().all()
    assert finding_sentences(no_findings(), "zh").empty
    with pytest.raises(TypeError, match="colour"):
        finding("no_id", severity="error", table="t", colour="red")


@pytest.mark.parametrize("page", ["base/findings", "io/places", "io/files", "io/web_maps"])
def test_both_languages_fill_the_same_placeholders(page: str) -> None:
    file = resources.files("quarterhour") / "data" / "words" / f"{page}.toml"
    for name, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
        fields = {lang: {f for _, f, _, _ in Formatter().parse(entry[lang]) if f} for lang in ("zh", "en")}
        assert set(entry) == {"zh", "en"} and fields["zh"] == fields["en"], name
        if page == "base/findings":
            assert fields["en"] <= set(FINDING_COLUMNS), name


def test_forty_thousand_rows_pass_in_seconds() -> None:
    n = 40_000
    frame = town(id=np.arange(n), older=["x"] * n, geometry=gpd.points_from_xy(np.full(n, 122.1), np.full(n, 37.5)))
    kept, found = door(frame, people=["older"])
    assert len(kept) == 0 and len(found) == n


# --- heights --------------------------------------------------------------------------------


@pytest.mark.parametrize("height", ["Z ({} {} nan)", "Z ({} {} 31.5)", "M ({} {} nan)", "ZM ({} {} nan nan)"])
def test_heights_and_measures_of_points_play_no_part(height: str) -> None:
    flat, _ = door(town(id=["a", "b"]))
    spots = [shapely.from_wkt(f"POINT {height.format(x, 37.5)}") for x in (122.1, 122.11)]
    kept, found = door(town(id=["a", "b"], geometry=spots))
    assert found.empty
    assert shapely.to_wkb(kept.geometry.to_numpy()).tolist() == shapely.to_wkb(flat.geometry.to_numpy()).tolist()


def test_points_in_the_study_crs_stay_as_written_whatever_their_height() -> None:
    spots = [Point(420_448.1, 4_150_721.7, 12.0), Point(421_000.2, 4_150_000.3, np.nan)]
    kept, found = door(town(id=["a", "b"], crs=STUDY, geometry=spots))
    assert found.empty and not kept.has_z.any()
    assert kept.geometry.x.tolist() == [420_448.1, 421_000.2] and kept.geometry.y.tolist() == [4_150_721.7, 4_150_000.3]


def test_outlines_with_heights_are_outlines() -> None:
    outline = Polygon([(122.1, 37.5, np.nan), (122.2, 37.5, np.nan), (122.2, 37.6, np.nan)])
    kept, found = door(town(id=["a", "b"], geometry=[outline, None]), geometry="any")
    assert found.empty and not kept.has_z.any()
    assert np.isfinite(kept.geometry.iloc[0].bounds).all() and kept.geometry.isna().tolist() == [False, True]


def test_a_point_without_coordinates_in_the_study_crs_is_told_with_its_row() -> None:
    """A CRS that names no area cannot tell that a place lies outside it, but this one has no metres at all."""
    frame = town(id=["a", "b"], geometry=[Point(122.1, 37.5), Point(122.1, 95.0)])
    utm = "+proj=utm +zone=51 +datum=WGS84 +units=m"
    kept, found = places.as_places(frame, table="communities", crs=utm, rows=[2, 9])
    assert list(kept.index) == ["a"] and np.isfinite(kept.total_bounds).all()
    assert found[["severity", "rule", "row", "id"]].values.tolist() == [["error", "no_metres", 9, "b"]]
    assert "122.10000, 95.00000" in finding_sentences(found, "en").iloc[0]


def test_of_a_row_set_aside_it_is_not_said_that_it_was_kept(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,name,x,y,older\n1,,122.13321,37.53835,951①\n2,东村,122.11269,37.51344,570\n")
    _, found = files.read_places(tmp_path / "a.csv", table="communities", crs="EPSG:32651", people=("older",))
    assert found["rule"].tolist() == ["people_not_number"]


def test_a_missing_column_is_told_with_the_columns_of_the_file_alone(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("编号,社区名称,经度,纬度,老人甲\n1,东村,122.13321,37.53835,951\n")
    with pytest.raises(DataError) as told:
        files.read_places(tmp_path / "a.csv", table="communities", crs="EPSG:32651", people=("older",))
    assert "编号, 社区名称, 经度, 纬度, 老人甲。" in told.value.sentence("zh")
