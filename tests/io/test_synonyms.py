"""Columns known by their headings: taken and told where one can be meant, refused where two can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding_sentences
from quarterhour.io import files
from quarterhour.io.synonyms import heading_key, headings
from tables import STUDY, save_csv, save_xlsx

TABLES = ("communities", "facilities", "candidates", "towns", "counties")
ROW = ["371002001001", "东村", "371002001", "371002", 122.1, 37.5, 120, 3]


def read(path: Path, head: list[str], row: list[Any], **more: Any) -> Any:
    asked = {"table": "communities", "crs": STUDY, "people": ["older", "hardship"], **more}
    return files.read_places(save_csv(path / "a", [head, row]), **asked)


@pytest.mark.parametrize(
    "head",
    [
        ["统计用区划代码", "村（居）名称", "所属镇街", "区县", "东经", "北纬", "60岁以上人口", "特困人员"],
        [
            "社区编号",
            "社区名称",
            "镇（街道）",
            "县（市、区）",
            "坐标X",
            "坐标Y",
            "老年人口（人）",
            "特困供养人员数（人）",
        ],
        ["community_id", "Community Name", "TOWN_CODE", "district", "POINT_X", "POINT_Y", "60岁及以上人口", "hardship"],
        ["行政区划代码", "村 居", "乡镇街道", "区市", "经度（°）", "Y坐标(米)", "老年人", "特困人数"],
    ],
)
def test_offices_headings_are_known_and_told_once(tmp_path: Path, head: list[str]) -> None:
    columns = {} if "特困供养人员数（人）" not in head else {"hardship": "特困供养人员数（人）"}
    kept, found = read(tmp_path, head, ROW, columns=columns)
    row = kept.loc["371002001001"]
    assert [row[c] for c in ("name", "town", "county", "older", "hardship")] == ["东村", "371002001", "371002", 120, 3]
    assert found["rule"].tolist() == ["column_by_heading"] and found["severity"].tolist() == ["note"]
    assert "= name" in found["detail"][0] and "= older" in finding_sentences(found, "zh")[0]


def test_plain_headings_and_our_own_names_are_taken_without_a_word(tmp_path: Path) -> None:
    head = ["ID", "Name", "town", "county", "LON", "纬度", "older", "hardship"]
    kept, found = read(tmp_path, head, ROW)
    assert list(kept.index) == [ROW[0]] and kept["name"].tolist() == ["东村"] and found.empty


def test_our_own_name_comes_before_others(tmp_path: Path) -> None:
    kept, found = read(tmp_path, ["x", "y", "lon", "lat", "id", "编号", "name", "名称"],
                       [122.1, 37.5, 4e6, 5e5, "a", "b", "甲", "乙"], people=[])  # fmt: skip
    assert list(kept.index) == ["a"] and kept["name"].tolist() == ["甲"] and found.empty


@pytest.mark.parametrize(
    ("head", "row", "said"),
    [
        (["编号", "社区代码", "name", "x", "y"], ["1", "2", "甲", 122.1, 37.5], "any of 编号, 社区代码 could be 'id'"),
        (["id", "村名", "社区名称", "x", "y"], ["1", "甲", "乙", 122.1, 37.5], "any of 村名, 社区名称 could be 'name'"),
        (["id", "name", "经度", "lng", "y"], ["1", "甲", 122.1, 122.2, 37.5], "any of 经度, lng could be 'x'"),
        (["id", "name", "x", "y", "老年人", "60岁以上"], ["1", "甲", 122.1, 37.5, 3, 4], "could be 'older'"),
    ],
)
def test_two_columns_that_could_be_meant_are_refused(tmp_path: Path, head: Any, row: Any, said: str) -> None:
    people = ["older"] if "older" in said else []
    with pytest.raises(DataError, match=said):
        read(tmp_path, head, row, people=people)
    named = {said.rpartition(" ")[2].strip("'"): head[-1] if people else head[1] if "id" in said else head[2]}
    kept, _ = read(tmp_path, head, row, people=people, columns=named)
    assert len(kept) == 1


def test_two_columns_that_say_the_same_are_no_question(tmp_path: Path) -> None:
    kept, found = read(tmp_path, ["编号", "代码", "名称", "x", "y"], ["007", "007", "甲", 122.1, 37.5], people=[])
    assert list(kept.index) == ["007"] and found.empty


def test_an_open_question_about_a_column_that_may_be_absent_is_told(tmp_path: Path) -> None:
    head = ["id", "name", "x", "y", "镇街名称", "镇街代码"]
    kept, found = read(tmp_path, head, ["1", "甲", 122.1, 37.5, "环翠楼", "371002001"], people=[])
    assert kept["town"].tolist() == [""] and found[["rule", "severity", "column"]].values.tolist() == [
        ["column_ambiguous", "warning", "town"]
    ]
    assert 'town = "镇街名称"' in finding_sentences(found, "en")[0]


def test_older_people_are_never_those_over_65(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="needs the columns older"):
        read(tmp_path, ["id", "name", "x", "y", "65岁及以上人口"], ["1", "甲", 122.1, 37.5, 4], people=["older"])


def test_facilities_have_kinds_and_beds_and_communities_have_none(tmp_path: Path) -> None:
    head, row = ["id", "机构名称", "x", "y", "机构类型", "床位数"], ["1", "甲", 122.1, 37.5, "day_care", 40]
    kept, found = read(tmp_path, head, row, table="facilities", people=[])
    assert kept["kind"].tolist() == ["day_care"] and kept["beds"].tolist() == [40]
    assert found["detail"].tolist() == ["机构名称 = name, 机构类型 = kind, 床位数 = beds"]
    kept, found = read(tmp_path, head, row, table="facilities", people=[], kind="care_base")
    assert kept["kind"].tolist() == ["care_base"] and "kind" not in found["detail"][0]
    with pytest.raises(DataError, match="needs the columns name"):
        read(tmp_path, head, row, people=[])


def test_merged_codes_under_a_known_heading_are_filled_and_stay_text(tmp_path: Path) -> None:
    head = ["社区编号", "社区名称", "镇街代码", "lon", "lat", "老年人"]
    rows = [["001", "甲", "0371", 122.1, 37.5, 3], ["002", "乙", None, 122.2, 37.5, 4]]
    path = save_xlsx(tmp_path / "a", [head, *rows], merged=("C2:C3",))
    kept, _ = files.read_places(path, table="communities", crs=STUDY, people=["older"])
    assert list(kept.index) == ["001", "002"] and kept["town"].tolist() == ["0371", "0371"]


def test_rows_without_ids_are_numbered_only_if_the_study_says_so(tmp_path: Path) -> None:
    head, row = ["name", "x", "y"], ["甲", 122.1, 37.5]
    with pytest.raises(DataError, match=r'has no column of ids; it has: name, x, y.* id = "#row"'):
        read(tmp_path, head, row, people=[])
    kept, found = read(tmp_path, head, row, people=[], columns={"id": "#row"})
    assert list(kept.index) == ["a.csv-2"] and found["rule"].tolist() == ["ids_of_rows"]
    kept, _ = read(tmp_path, ["id", *head], ["x", *row], people=[], columns={"id": "#row"})
    assert list(kept.index) == ["a.csv-2"] and kept["id (file)"].tolist() == ["x"]


def test_missing_columns_come_with_the_line_to_write(tmp_path: Path) -> None:
    """An office's table under the names of the template: what to write is read off its headings."""
    head = ["序号", "所属镇街", "村（社区）名称", "60周岁以上老年人口数", "其中：特困人员", "经度", "纬度"]
    asked = {"id": "id", "name": "name", "x": "lon", "y": "lat", "town": "town", "county": "county"}
    with pytest.raises(DataError, match="needs the columns id, name, lon, lat, town, county") as told:
        read(tmp_path, head, [1, "甲镇", "东村", "415人", 2, 122.1, 37.5], people=["older"], columns=asked)
    line = 'id = "#row", name = "村(社区)名称", x = "经度", y = "纬度", town = "所属镇街", older = "60周岁以上'
    assert line in told.value.sentence("zh") and line in str(told.value)
    assert told.value.sentence("zh").startswith("社区（村）表（")
    with pytest.raises(DataError, match="needs the columns older, hardship_home") as told:
        read(tmp_path, ["id", "name", "x", "y"], ["1", "甲", 122.1, 37.5], people=["older", "hardship_home"])
    assert "表里没有的人数（older, hardship_home），请从 people 中删去。" in told.value.sentence("zh")
    columns = {"id": "#row"}
    kept, _ = read(
        tmp_path, head, [1, "甲镇", "东村", "415人", 2, 122.1, 37.5], people=["older", "hardship"], columns=columns
    )
    assert kept[["name", "town", "older", "hardship"]].values.tolist() == [["东村", "甲镇", 415, 2]]


@pytest.mark.parametrize("table", TABLES)
def test_a_heading_means_one_thing_in_a_table(table: str) -> None:
    seen: dict[str, str] = {}
    for ours, keys in headings(table).items():
        for key in keys:
            assert seen.setdefault(key, ours) == ours, key
    assert heading_key(" 经 度（°）") == heading_key("经度") and heading_key("TOWN_ID") == "townid"
