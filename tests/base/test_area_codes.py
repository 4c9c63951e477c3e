"""Codes and names of areas, however an office writes them."""

from __future__ import annotations

import pytest

from quarterhour.base.area_codes.lists import (
    known_lists,
    known_systems,
    likely_system,
    likely_system_of_names,
    names_in,
    other_names,
    translation,
)
from quarterhour.base.area_codes.names import KnownAreas, code_of, name_forms, same_area_name

TOWNS = KnownAreas(
    {"371002001": "环翠楼街道", "371002003": "竹岛街道办事处", "371083100": "夏村镇", "371003400": "开发区办事处"}
)


@pytest.mark.parametrize(
    "written",
    ["371002003", "371002003000", "'371002003", "‘371002003", "371002003.0", "３７１００２００３", " 371002003 ",
     "371002003\u200b", "371002003012", '="371002003"'],
)  # fmt: skip
def test_a_code_is_known_however_it_is_written(written: str) -> None:
    assert TOWNS.find(written).id == "371002003"


@pytest.mark.parametrize(
    "written",
    ["竹岛街道", "竹岛街道办事处", "竹岛街道办", "竹岛街办", "竹岛办事处", "竹岛",
     "竹島街道", "竹島街道辦事處", " 竹 岛 街 道",
     "环翠区竹岛街道", "山东省威海市环翠区竹岛街道", "竹岛街道(371002003)", "371002003 竹岛街道"],
)  # fmt: skip
def test_a_town_is_known_by_its_name_however_it_is_written(written: str) -> None:
    found = TOWNS.find(written)
    assert (found.id, found.how) == ("371002003", "name")


def test_a_town_that_became_a_street_office_is_known_and_a_village_is_not() -> None:
    assert TOWNS.find("夏村街道").id == TOWNS.find("夏村镇人民政府").id == "371083100"
    assert TOWNS.find("夏村居委会").id == ""


def test_what_is_not_known_names_the_nearest() -> None:
    assert TOWNS.find("竹岛接道").id == TOWNS.find("371002").id == TOWNS.find("t1").id == ""
    assert TOWNS.nearest("竹岛接道") == "371002003 竹岛街道办事处" and TOWNS.nearest("t1") == ""


def test_a_form_that_fits_two_areas_is_none_of_them() -> None:
    both = KnownAreas({"1": "夏村镇", "2": "夏村街道"})
    assert both.find("夏村").id == "" and both.find("夏村镇").id == "1" and both.find("夏村街道办").id == "2"


def test_a_town_is_known_by_the_name_that_another_list_has_for_it() -> None:
    names = {"371003001": "龙山路街道", "371003002": "天福路街道", "371002001": "环翠楼街道"}
    assert other_names(names) == {"371003001": ("龙山街道",), "371003002": ("天福街道",)}
    known = KnownAreas(names, also=other_names(names))
    assert known.find("龙山街道办").id == "371003001" and known.find("龙山路街道").id == "371003001"
    assert other_names({"371003001": "别的街道", "t1": "龙山路街道"}) == {}


def test_a_county_is_known_by_name_and_by_the_codes_of_what_lies_in_it() -> None:
    counties = KnownAreas({"371002": "环翠区", "371082": "荣成市"})
    assert counties.find("371002001").id == counties.find("371002000000").id == counties.find("環翠區").id == "371002"
    assert counties.find("荣成").id == counties.find("威海市荣成市").id == "371082"


def test_names_without_a_stem_of_their_own_stay() -> None:
    assert name_forms("城区街道")[2] == "城区街道" and name_forms("市中区")[3] == "市中"
    assert not same_area_name("夏村镇", "夏村街道") and same_area_name("夏村街道", "夏村街道办事处")


def test_zeros_of_lower_levels_are_no_part_of_a_code() -> None:
    assert [code_of(c) for c in ("371002000000", "371002000", "371000", "3710", "x")] == ["371002"] * 2 + [
        "371000",
        "",
        "",
    ]


def test_eight_codes_of_weihai_name_another_town_in_the_other_list() -> None:
    to = translation("nbs-2023", "mca-2026")
    there = set(names_in("mca-2026"))
    assert sorted(c for c, other in to.items() if c in there and other != c) == [
        "371002109", "371082001", "371082002", "371082003", "371082005", "371082006", "371082008", "371082010",
    ]  # fmt: skip
    assert sum(c != other for c, other in to.items() if other) == 22
    assert to["371003400"] == "" and to["371002109"] == "371002106"


def test_counties_are_translated_by_their_towns() -> None:
    to = translation("nbs-2023", "mca-2026", digits=6)
    assert to["371071"] == to["371072"] == to["371073"] == to["371002"] == "371002"
    assert translation("nbs-2023", "nbs-1999") == {}


def test_a_list_is_known_by_its_codes_or_by_their_names() -> None:
    known = known_lists()
    assert known_systems() == ["mca-2026", "nbs-2023"]
    for system in known_systems():
        mine = names_in(system)
        assert likely_system(mine) == likely_system_of_names(mine) == system
    assert likely_system(["371003100", "371003101"]) == ""  # in both
    assert likely_system([]) == likely_system_of_names({}) == likely_system(["440300001"]) == ""
    assert len(known) == 146
