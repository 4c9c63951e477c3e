"""What a table can hardly mean is told with its rows, and nothing else is."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point, Polygon

from quarterhour.base.findings import finding_sentences
from quarterhour.io import places

CRS = "EPSG:32651"


def table(rows: int = 6, **columns: Any) -> gpd.GeoDataFrame:
    """Communities 500 m apart, each with figures of its own."""
    given: dict[str, Any] = {"id": [f"v{i}" for i in range(rows)], "name": [f"{i}村" for i in range(rows)], "town": "t"}
    given |= {"older": [100 + 10 * i for i in range(rows)], "hardship": [i % 3 for i in range(rows)]}
    spots = columns.pop("spots", [(500.0 * i, 0.0) for i in range(rows)])
    points = [Point(400_000 + x, 4_150_000 + y) for x, y in spots]
    return gpd.GeoDataFrame({**given, **columns}, geometry=points, crs=CRS)


def told(frame: gpd.GeoDataFrame, people: tuple[str, ...] = ("older", "hardship"), **more: Any) -> pd.DataFrame:
    kept, found = places.as_places(frame, table="communities", crs=CRS, people=people, file="村.csv", **more)
    assert len(kept) == len(frame)  # nothing is set aside for a doubt
    assert set(found["severity"]) <= {"warning"}
    assert all(finding_sentences(found, lang).str.len().gt(20).all() for lang in ("zh", "en"))
    return found


def rules(found: pd.DataFrame) -> list[str]:
    return found["rule"].tolist()


def twice(frame: gpd.GeoDataFrame, rows: int | None = None, **changed: Any) -> gpd.GeoDataFrame:
    """The table and its first rows once more under other ids."""
    again = frame.iloc[:rows].assign(id="X" + frame["id"].iloc[:rows], **changed)
    return pd.concat([frame, again], ignore_index=True)


def test_a_plain_table_has_nothing_to_tell() -> None:
    assert told(table(30)).empty


# --- people ------------------------------------------------------------------------------------------------------


def test_a_part_above_its_whole_is_told_with_row_id_and_both_figures() -> None:
    found = told(table(hardship=[0, 1, 99_999, 0, 1, 2]), rows=range(2, 8))
    assert rules(found) == ["part_over_whole"]  # 50 times a median of 1 counts from five figures on
    row = found.iloc[0]
    assert (row["row"], row["id"], row["column"], row["value"], row["detail"]) == (
        4,
        "v2",
        "hardship",
        "99,999",
        "older = 120",
    )
    assert "99,999" in finding_sentences(found, "zh").iloc[0] and "第 4 行" in finding_sentences(found, "zh").iloc[0]


def test_older_people_above_the_population_are_told_under_any_known_name() -> None:
    people = ("60岁以上", "总人口")
    frame = table(**{"60岁以上": [10, 20, 30, 40, 50, 60], "总人口": [100, 200, 25, 400, 500, 600]})
    assert told(frame, people)["id"].tolist() == ["v2"]


def test_pairs_that_the_study_names_are_weighed() -> None:
    frame = table(disabled=[100, 90, 80, 70, 60, 600])
    assert told(frame, ("older", "disabled")).empty
    assert told(frame, ("older", "disabled"), parts={"disabled": "older"})["id"].tolist() == ["v5"]


def test_groups_are_known_by_the_names_that_offices_give_them() -> None:
    people = ("特困人员", "分散供养", "集中供养")
    given = {"特困人员": [5, 4, 3, 2, 1, 6], "分散供养": [3, 3, 2, 2, 0, 4], "集中供养": [2, 0, 1, 0, 1, 2]}
    assert told(table(**given).drop(columns="hardship"), people)["id"].tolist() == ["v1"]


def test_nursing_beds_above_the_beds_are_told_too() -> None:
    frame = table(beds=["20", "", "30", "10", "5", "8"], nursing_beds=["10", "5", "31", "", "0", "8"])
    assert told(frame, ())["id"].tolist() == ["v2"]


def test_people_at_home_and_in_institutions_come_to_all_in_special_hardship() -> None:
    parts = {"分散供养": [1, 2, 3, 4, 5, 0], "hardship_institution": [0, 1, 0, 0, 1, 2]}
    people = ("older", "hardship", "分散供养")
    assert told(table(hardship=[1, 3, 3, 4, 6, 2], **parts), people).empty
    found = told(table(hardship=[1, 3, 3, 5, 6, 2], **parts), people, rows=range(2, 8))
    assert rules(found) == ["parts_not_whole"] and found["id"].tolist() == ["v3"] and found["row"].tolist() == [5]
    assert "= 4" in finding_sentences(found, "zh").iloc[0]
    with_more = table(hardship=[1, 3, 3, 4, 4, 2], **parts)
    assert rules(told(with_more, people)) == ["part_over_whole", "parts_not_whole"]
    assert told(table(hardship=[9] * 5 + [8], **{"分散供养": [1, 2, 3, 4, 5, 0]}), people).empty


def test_columns_that_are_exchanged_are_one_sentence() -> None:
    found = told(table(10, older=list(range(10)), hardship=[200 + i * i for i in range(10)]))
    assert rules(found) == ["parts_exchanged"] and found["detail"].tolist() == ["older"]


def test_many_rows_are_one_sentence_with_the_first_ids_and_rows() -> None:
    older = [100 + i for i in range(40)]
    found = told(table(40, older=older, hardship=[500 if i < 7 else 1 + i % 4 for i in range(40)]))
    assert rules(found) == ["people_far_beyond_many", "part_over_whole_many"] or rules(found) == [
        "part_over_whole_many", "people_far_beyond_many",
    ]  # fmt: skip
    one = found[found["rule"].eq("part_over_whole_many")].iloc[0]
    assert one["value"] == "7" and one["detail"] == "1, 2, 3, 4, 5 …" and one["id"].startswith("v0 (500 > 100), v1")


def test_a_figure_of_fifty_times_the_median_is_told() -> None:
    found = told(table(older=[100, 110, 95_100, 120, 90, 100]))
    assert rules(found) == ["people_far_beyond"]
    assert found[["id", "value", "detail"]].to_numpy().tolist() == [["v2", "95,100", "105"]]
    assert told(table(older=[100, 110, 4_900, 120, 90, 100])).empty


@pytest.mark.parametrize(
    ("older", "rule"),
    [([0] * 6, "people_all_zero"), ([100] * 6, "people_all_equal")],
)
def test_a_column_that_says_nothing_is_told(older: list[int], rule: str) -> None:
    found = told(table(older=older, hardship=0), ("older",))
    assert rules(found) == [rule] and found["column"].tolist() == ["older"] and found["row"].isna().all()


def test_a_small_table_may_have_few_figures() -> None:
    assert told(table(4, older=[0] * 4, hardship=[0] * 4)).empty


def test_one_column_taken_twice_is_told() -> None:
    frame = table()
    assert rules(told(frame.assign(hardship=frame["older"]))) == ["people_same_column"]


# --- one place twice ---------------------------------------------------------------------------------------------


def test_a_table_pasted_twice_under_new_ids_is_one_warning() -> None:
    found = told(twice(table(24)))
    assert rules(found) == ["place_twice_many"] and found["value"].tolist() == ["24"]
    assert found["id"].iloc[0].startswith("Xv0 = v0, Xv1 = v1") and found["detail"].iloc[0].startswith("25, 26")
    assert "24" in finding_sentences(found, "en").iloc[0]


def test_a_handful_of_rows_pasted_twice_are_told_each_with_its_twin() -> None:
    found = told(twice(table(24), 2), rows=range(2, 28))
    assert rules(found) == ["place_twice"] * 2
    assert found[["row", "id", "detail"]].to_numpy().tolist() == [[26, "Xv0", "v0 (2)"], [27, "Xv1", "v1 (3)"]]


def test_blanks_and_full_width_letters_in_names_hide_no_twin() -> None:
    assert rules(told(twice(table(3, name=["A 村", "B村", "C村"]), 1, name="Ａ村"))) == ["place_twice"]


def test_one_place_with_another_name_and_the_same_people_is_told() -> None:
    found = told(twice(table(24), 1, name="〇村村委会"))
    assert rules(found) == ["people_twice"]


def test_a_village_and_its_committee_of_different_people_share_a_point_in_peace() -> None:
    assert told(twice(table(24), 1, name="〇村村委会", older=37)).empty
    assert (
        told(twice(table(24, older=1, hardship=0), 1, name="〇村村委会"), ("hardship",))
        .query("rule == 'people_twice'")
        .empty
    )


def test_rows_whose_coordinates_were_rounded_are_known_again() -> None:
    frame = table(24)
    again = frame.assign(id="X" + frame["id"], geometry=frame.translate(55, -48))
    found = told(pd.concat([frame, again], ignore_index=True))
    assert rules(found) == ["place_near_twice_many"] and found["value"].tolist() == ["24"]


def test_one_name_in_two_towns_or_with_other_people_is_no_twin() -> None:
    frame = table(24)
    shifted = {"id": "X" + frame["id"], "geometry": frame.translate(55, -48)}
    assert told(pd.concat([frame, frame.assign(**shifted, town="u")], ignore_index=True)).empty
    assert told(pd.concat([frame, frame.assign(**shifted, older=frame["older"] + 1)], ignore_index=True)).empty


def test_facilities_of_one_kind_name_and_house_are_told_and_of_two_kinds_not() -> None:
    frame = table(8, kind="day_care")
    assert rules(told(twice(frame, 1), ())) == ["place_twice"]
    assert told(twice(frame, 1, kind="canteen"), ()).empty
    near = frame.iloc[[0]].assign(id="X", geometry=frame.iloc[[0]].translate(8, 4))
    assert rules(told(pd.concat([frame, near], ignore_index=True), ())) == ["place_twice"]
    branch = frame.iloc[[0]].assign(id="X", geometry=frame.iloc[[0]].translate(80, 40))
    assert told(pd.concat([frame, branch], ignore_index=True), ()).empty


def test_rows_without_a_name_are_twins_only_as_facilities_of_a_kind() -> None:
    assert rules(told(twice(table(8, kind="day_care", name=""), 1), (), required=())) == ["place_twice"]
    assert told(twice(table(8, name=""), 1), (), required=()).empty


def test_areas_drawn_twice_are_told() -> None:
    square = Polygon([(4e5, 4.15e6), (4.01e5, 4.15e6), (4.01e5, 4.151e6), (4e5, 4.151e6)])
    frame = gpd.GeoDataFrame({"id": ["a", "b"], "name": "竹岛街道"}, geometry=[square, square], crs=CRS)
    assert rules(told(frame, (), geometry="any")) == ["place_twice"]


def test_a_row_that_was_set_aside_is_nobodys_twin() -> None:
    frame = twice(table(6), 1)
    frame["older"] = frame["older"].astype(object)
    frame.loc[0, "older"] = "八十"
    _, found = places.as_places(frame, table="communities", crs=CRS, people=["older"])
    assert rules(found) == ["people_not_number"]


def test_notes_on_many_rows_are_one_sentence() -> None:
    outlines = table(8).assign(geometry=lambda f: f.buffer(50))
    _, found = places.as_places(outlines, table="communities", crs=CRS, people=["older"])
    assert rules(found) == ["outline_to_point_many"] and found["value"].tolist() == ["8"]
    assert "v0, v1, v2, v3, v4 …" in finding_sentences(found, "en").iloc[0]
