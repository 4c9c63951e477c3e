"""Rows that sum up others: told by name, by code, by their figures, and never a village for its name alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest

from quarterhour.io import files
from quarterhour.io.files.totals import is_total, names_total
from tables import STUDY, save_csv, save_xlsx

HEAD = ["id", "name", "town", "lon", "lat", "older", "hardship"]
PEOPLE = ["older", "hardship"]
VILLAGES = [
    ["371002001001", "东村", "371002001", 122.10137, 37.500211, 120, 3],
    ["371002001002", "西村", "371002001", 122.11137, 37.500211, 80, 2],
    ["371002001003", "南村", "371002001", 122.12137, 37.500211, 210, 9],
    ["371002002001", "北村", "371002002", 122.13137, 37.500211, 95, 1],
    ["371002002002", "中村", "371002002", 122.14137, 37.500211, 61, 4],
    ["371002002003", "上村", "371002002", 122.15137, 37.500211, 33, 0],
]


def read(path: Path, people: Any = PEOPLE) -> tuple[Any, list[tuple[str, int]]]:
    kept, found = files.read_places(path, table="communities", crs=STUDY, people=people)
    return kept, [(r, int(n)) for r, n in zip(found["rule"], found["row"], strict=True)]


@pytest.mark.parametrize(
    "name",
    ["合计", "合 计", "总计：", "小计", "共计", "累计", "合計", "總計",
     "合计（人）", "小计(户)", "合计数", "全市合计", "环翠楼街道小计", "鲸园街道 小 计",
     "一、城区合计", "小计1",
     "小计：环翠楼", "全市", "全县", "平均", "Total", "TOTAL:", "Subtotal", "Sub-total",
     "Grand total", "Huancui subtotal",
     "Total: Huancui", "Σ", "其中：城镇", "其中:农村"],
)  # fmt: skip
def test_names_of_totals(name: str) -> None:
    assert names_total(name)


@pytest.mark.parametrize(
    "name",
    ["小计生村", "合计生村", "总计划庄", "计家村", "总部社区", "共建社区",
     "全福村", "全市民社区", "Totally", "Totales Hof", "Mount Sumner",
     "Summer Total Care",
     "合村", "总院", "", "371002", "平均台村", "Sumy", "合计家庄", "小计量局", "其中村"],
)  # fmt: skip
def test_names_of_places_that_only_look_like_totals(name: str) -> None:
    assert not names_total(name) and not is_total(name)


def test_a_whole_city_is_a_row_of_figures_but_no_place(tmp_path: Path) -> None:
    """In a table of figures the whole city is a record; 合计 in its first cell is not."""
    path = save_csv(tmp_path / "a", [["area", "beds"], ["全市", 9], ["环翠区小计", 4], ["合计", 13]])
    table = files.read_table(path)
    assert table.frame["area"].tolist() == ["全市", "环翠区小计"] and table.findings["rule"].tolist() == ["totals_row"]


@pytest.mark.parametrize("save", [save_csv, save_xlsx])
@pytest.mark.parametrize(("column", "said"), [(1, "环翠楼街道小计"), (1, "合计（人）"), (2, "小计"), (0, "合计")])
def test_a_total_with_code_and_point_is_no_place(tmp_path: Path, save: Any, column: int, said: str) -> None:
    total = ["371002009001", "某街道", "371002001", 122.11137, 37.510211, 9000, 100]
    total[column] = said
    path = save(tmp_path / "a", [HEAD, *VILLAGES[:3], total, *VILLAGES[3:]])
    kept, told = read(path)
    assert list(kept.index) == [v[0] for v in VILLAGES] and told == [("totals_row", 5)]


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "shp"])
def test_a_layer_has_totals_too(tmp_path: Path, suffix: str) -> None:
    rows = [*VILLAGES, ["371002001000", "环翠楼街道小计", "371002001", 122.11137, 37.510211, 9000, 100]]
    columns = {h: [r[i] for r in rows] for i, h in enumerate(HEAD)}
    spots = gpd.points_from_xy(columns.pop("lon"), columns.pop("lat"))
    gpd.GeoDataFrame(columns, geometry=spots, crs=4326).to_file(tmp_path / f"a.{suffix}")
    kept, told = read(tmp_path / f"a.{suffix}")
    assert len(kept) == 6 and told == [("totals_row", 7)]


@pytest.mark.parametrize(
    ("code", "name"),
    [("371002001000", "环翠楼街道"), ("371002001", "环翠楼街道"), ("371002000000", "环翠区"), ("371000", "威海市")],
)
def test_a_parent_code_whose_people_are_its_childrens_is_a_total(tmp_path: Path, code: str, name: str) -> None:
    below = [v for v in VILLAGES if v[0].startswith(code.rstrip("0"))]
    sums = [sum(v[i] for v in below) for i in (5, 6)]
    kept, told = read(save_csv(tmp_path / "a", [HEAD, [code, name, "", 122.11137, 37.510211, *sums], *VILLAGES]))
    assert len(kept) == 6 and told == [("totals_by_code", 2)]


def test_every_level_of_totals_is_one(tmp_path: Path) -> None:
    rows = [
        ["371000000000", "威海", "", 122.1137, 37.50211, 599, 19],
        ["371002000000", "环翠", "", 122.1137, 37.50211, 599, 19],
        ["371002001000", "环翠楼", "", 122.1137, 37.50211, 410, 14], *VILLAGES[:3],
        ["371002002000", "鲸园", "", 122.1137, 37.50211, 189, 5], *VILLAGES[3:],
    ]  # fmt: skip
    kept, told = read(save_csv(tmp_path / "a", [HEAD, *rows]))
    assert kept["older"].sum() == 599 and len(kept) == 6
    assert sorted(told) == [("totals_by_code", n) for n in (2, 3, 4, 8)]


def test_a_parent_code_with_other_people_is_told_and_stays(tmp_path: Path) -> None:
    rows = [*VILLAGES, ["371002001000", "街道直属", "371002001", 122.11137, 37.510211, 57, 1]]
    kept, told = read(save_csv(tmp_path / "a", [HEAD, *rows]))
    assert len(kept) == 7 and told == [("parent_code", 8)]


def test_any_code_that_others_begin_with_is_a_parent(tmp_path: Path) -> None:
    rows = [
        ["A", "镇", "", 122.1137, 37.50211, 300, 7],
        ["A-1", "东", "", 122.1137, 37.50211, 100, 3],
        ["A-2", "西", "", 122.1137, 37.50211, 200, 4],
    ]
    kept, told = read(save_csv(tmp_path / "a", [HEAD, *rows]))
    assert list(kept.index) == ["A-1", "A-2"] and told == [("totals_by_code", 2)]


def test_a_row_that_equals_all_others_is_a_total_whatever_it_is_called(tmp_path: Path) -> None:
    kept, told = read(
        save_csv(tmp_path / "a", [HEAD, *VILLAGES, ["X9", "威海", "371002", 122.1137, 37.50211, 599, 19]])
    )
    assert len(kept) == 6 and told == [("totals_by_sum", 8)]


def test_a_row_that_equals_its_town_is_a_total_in_two_counts_and_told_in_one(tmp_path: Path) -> None:
    rows = [*VILLAGES, ["X9", "街道", "371002001", 122.1137, 37.50211, 410, 14]]
    kept, told = read(save_csv(tmp_path / "a", [HEAD, *rows]))
    assert len(kept) == 6 and told == [("totals_by_sum", 8)]
    more = [[f"3710020010{i}", f"村{i}", "371002001", 122.1137 + i / 1000, 37.50211, 10 * i, 1] for i in range(10, 13)]
    rows = [*VILLAGES, *more, ["X9", "街道", "371002001", 122.1137, 37.50211, 740, 14]]
    kept, told = read(save_csv(tmp_path / "b", [HEAD, *rows]), people=["older"])
    assert len(kept) == 10 and told == [("maybe_total", 11)]


def test_a_row_of_no_town_that_equals_a_town_is_its_total(tmp_path: Path) -> None:
    sums = [["t1", "环翠楼", "", 122.105, 37.500211, 410, 14], ["t2", "鲸园", "", 122.135, 37.500211, 189, 5]]
    kept, found = read(save_csv(tmp_path / "a", [HEAD, *VILLAGES, *sums]))
    assert len(kept) == 6 and found[:2] == [("totals_by_sum", 8), ("totals_by_sum", 9)]


def test_where_some_towns_are_summed_up_a_town_of_two_is_so_too(tmp_path: Path) -> None:
    two = [["371002003001", "下村", "371002003", 122.16137, 37.500211, 44, 2],
           ["371002003002", "后村", "371002003", 122.17137, 37.500211, 58, 1]]  # fmt: skip
    sums = [["t1", "甲", "371002001", 122.105, 37.500211, 410, 14],
            ["t2", "乙", "371002002", 122.135, 37.500211, 189, 5],
            ["t3", "丙", "371002003", 122.165, 37.500211, 102, 3]]  # fmt: skip
    kept, found = read(save_csv(tmp_path / "a", [HEAD, *VILLAGES, *two, *sums]))
    assert len(kept) == 8 and [row for rule, row in found if rule == "totals_by_sum"] == [10, 11, 12]
    alone = read(save_csv(tmp_path / "b", [HEAD, *VILLAGES, *two, sums[2]]))
    assert len(alone[0]) == 9 and alone[1] == []


@pytest.mark.parametrize(("older", "hardship"), [(600, 19), (599, 20), (599, 0), (597, 19)])
def test_a_row_that_nearly_equals_all_others_is_told_and_stays(tmp_path: Path, older: int, hardship: int) -> None:
    same = [[*v[:2], "371002001", *v[3:]] for v in VILLAGES]
    total = ["t1", "甲", "371002001", 122.105, 37.500211, older, hardship]
    kept, found = read(save_csv(tmp_path / "a", [HEAD, *same, total]))
    assert len(kept) == 7 and ("maybe_total", 8) in found
    far = ["t1", "甲", "371002001", 122.105, 37.500211, 640, hardship]
    assert read(save_csv(tmp_path / "b", [HEAD, *same, far]))[1] == []


@pytest.mark.parametrize("ids", [range(1, 31), range(100_000, 100_030), range(1_000_000_000, 1_000_000_030)])
def test_running_numbers_are_no_parents(tmp_path: Path, ids: range) -> None:
    rows = [[str(i), f"村{n}", "t", 122.1137, 37.50211, 100 + n * 7, n % 5] for n, i in enumerate(ids)]
    kept, told = read(save_csv(tmp_path / "a", [HEAD, *rows]))
    assert len(kept) == 30 and told == []


def test_a_table_without_people_is_judged_by_names_alone(tmp_path: Path) -> None:
    codes = {"371002": "环翠区", "371002001": "环翠楼", "371002002": "鲸园"}
    path = save_csv(
        tmp_path / "a", [["id", "name", "lon", "lat"], *([c, n, 122.1137, 37.50211] for c, n in codes.items())]
    )
    kept, told = read(path, people=[])
    assert len(kept) == 3 and told == []
