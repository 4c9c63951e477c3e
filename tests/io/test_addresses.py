"""Rows placed by their address: at the one community it names, else set aside with what is near."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
from shapely import Point

from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding_sentences
from quarterhour.io import files
from quarterhour.io.addresses import AddressBook, AddressFinder, Answer, address_key
from tables import STUDY, save_csv

NAMES = {
    "1": ("东村村委会", "t1"), "2": ("望岛社区", "t1"), "3": ("望海社区", "t2"), "4": ("北山村", "t1"),
    "5": ("北山村", "t2"), "6": ("文化路社区", "t2"),
}  # fmt: skip
COMMUNITIES = gpd.GeoDataFrame(
    {"name": [n for n, _ in NAMES.values()], "town": [t for _, t in NAMES.values()]},
    geometry=[Point(400_000 + 1000 * i, 4_150_000) for i in range(6)], crs=STUDY, index=list(NAMES),
)  # fmt: skip
TOWNS = {"t1": "竹岛街道", "t2": "张村镇"}
BOOK = AddressBook(COMMUNITIES, towns=TOWNS)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("东村", "1"), ("东村 88号", "1"), ("東村村委会", "1"), ("威海市环翠区竹岛街道东村12号楼3单元", "1"),
        ("山东省威海市环翠区竹岛街道办事处望岛社区（南门）", "2"), ("环翠区望岛社区居民委员会", "2"),
        ("张村镇北山村", "5"), ("竹岛街道北山村7-2号", "4"), ("望海社区服务中心", "3"),
    ],
)  # fmt: skip
def test_an_address_that_names_one_community_is_there(address: str, place: str) -> None:
    found = BOOK.find(address)
    assert (found.outcome, found.place.split()[0], found.score) == ("taken", place, 1.0)


@pytest.mark.parametrize(
    ("address", "outcome", "near"),
    [
        ("北山村", "several", ("4 北山村 (1.00)", "5 北山村 (1.00)")),
        ("望岛小区", "like", ("2 望岛社区 (0.75)",)),
        ("张村镇东村", "none", ()),
        ("竹岛街道文化路社区", "none", ()),
        ("竹岛街道88号", "town", ()),
        ("竹岛街道", "town", ()),
        ("文化路88号", "like", ("6 文化路社区 (0.75)",)),
        ("上海市外滩", "none", ()),
        ("88号", "none", ()),
    ],
)
def test_what_is_not_sure_is_never_taken(address: str, outcome: str, near: tuple[str, ...]) -> None:
    found = BOOK.find(address)
    assert found.point is None and found.outcome in (outcome, "like", "town") and found.candidates[: len(near)] == near
    assert outcome not in ("several", "like") or found.outcome == outcome


def test_every_community_is_found_by_its_own_name_in_its_town() -> None:
    for i, (name, town) in NAMES.items():
        assert BOOK.find(f"{TOWNS[town]}{name}").place.split()[0] == i
        assert address_key(address_key(name)) == address_key(name)


class Service:
    name = "amap"

    def __init__(self, answer: Answer) -> None:
        self.answer, self.asked = answer, list[str]()

    def find(self, address: str) -> Answer:
        self.asked.append(address)
        return self.answer


HERE = tuple(COMMUNITIES.geometry.iloc[[0]].to_crs(4326).get_coordinates().iloc[0])
ROWS = [
    ["id", "name", "地址", "lon", "lat"],
    ["a", "甲", "东村", None, None],
    ["b", "乙", "北山村", None, None],
    ["c", "丙", "东村", 122.1, 37.5],
    ["d", "丁", None, None, None],
    ["e", "戊", "东村", "一二二", "37.5"],
]


def placed(
    tmp_path: Path, finder: AddressFinder, rows: list[list[object]] = ROWS
) -> tuple[gpd.GeoDataFrame, object, dict]:  # type: ignore[type-arg]
    file = save_csv(tmp_path / "a", rows)
    return files.read_counted_places(file, table="facilities", crs=STUDY, place=finder.place, quality="fact")


def test_rows_without_coordinates_are_placed_told_and_accounted_for(tmp_path: Path) -> None:
    finder = AddressFinder(BOOK, "地址", COMMUNITIES.geometry)
    kept, found, account = placed(tmp_path, finder)
    assert list(kept.index) == ["a", "c"] and kept.geometry["a"].distance(COMMUNITIES.geometry["1"]) < 0.01
    assert kept["quality"].tolist() == ["estimated", "fact"]
    told = {r: (s, int(n)) for r, s, n in zip(found["rule"], found["severity"], found["row"], strict=True)}
    assert told == {
        "address_taken": ("warning", 2), "address_several": ("error", 3), "no_place": ("error", 5),
        "coordinates_unread": ("error", 6),
    }  # fmt: skip
    assert [account[k] for k in ("rows", "used", "set_aside")] == [5, 2, 3]
    assert [(r["row"], r["outcome"], r["candidates"]) for r in finder.rows] == [
        (2, "taken", ""), (3, "several", "4 北山村 (1.00); 5 北山村 (1.00)"),
    ]  # fmt: skip
    assert "4 北山村" in finding_sentences(found[found["rule"] == "address_several"], "zh").iloc[0]


def test_many_are_one_sentence_and_the_table_needs_no_coordinates(tmp_path: Path) -> None:
    rows = [["id", "name", "地址"], *[[str(i), "站", "望岛社区"] for i in range(7)]]
    kept, found, _ = placed(tmp_path, AddressFinder(BOOK, "地址", COMMUNITIES.geometry), rows)
    assert len(kept) == 7 and list(found["rule"]).count("address_taken_many") == 1
    with pytest.raises(DataError, match="needs the columns 住址"):
        placed(tmp_path, AddressFinder(BOOK, "住址", COMMUNITIES.geometry), rows)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer((HERE,), ("北山村1号",), "门牌号", 1.0, day="2026-01-02"), "taken"),
        (Answer((HERE, HERE), ("北山村", "北山"), "村庄", 1.0, day="2026-01-02"), "several"),
        (Answer((HERE,), ("威海市",), "市", 1.0, coarse=True, day="2026-01-02"), "area"),
        (Answer(((116.4, 39.9),), ("北京",), "门牌号", 1.0, day="2026-01-02"), "far"),
        (Answer(day="2026-01-02"), "several"),
    ],
)
def test_a_geocoder_is_asked_only_where_names_do_not_say(tmp_path: Path, answer: Answer, outcome: str) -> None:
    service = Service(answer)
    finder = AddressFinder(BOOK, "地址", COMMUNITIES.geometry, service)
    kept, found, _ = placed(tmp_path, finder)
    assert service.asked == ["北山村"] and finder.rows[1]["outcome"] == outcome
    assert ("b" in kept.index) == (outcome == "taken") and (
        outcome == "taken" or f"address_{outcome}" in set(found["rule"])
    )
    if outcome == "taken":
        assert finder.rows[1]["place"] == "北山村1号 (门牌号, 2026-01-02)" and kept["quality"]["b"] == "estimated"
