"""What a town is (镇 or 街道), at which level a facility serves, and which communities have it, as tables say it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from quarterhour.base.cells import texts

TOWN_CLASSES = ("town", "sub_district")
"""``town``: a town in the narrow sense (镇, 乡, 民族乡); ``sub_district``: 街道."""
COMMUNITY_CLASSES = ("urban", "rural", "village", "rural_community")
FACILITY_LEVELS = ("city", "county", "town", "community")

_CLASSES = {
    **dict.fromkeys(("town", "township", "镇", "乡", "民族乡", "乡镇"), "town"),
    **dict.fromkeys(("sub_district", "sub-district", "subdistrict", "街道", "街道办", "街道办事处"), "sub_district"),
}
_ENDINGS = {"town": ("镇", "乡"), "sub_district": ("街道", "街道办", "街道办事处")}
_COMMUNITIES = {
    **dict.fromkeys(("城市", "城镇", "城区", "城市社区", "城镇社区"), "urban"),
    **dict.fromkeys(("农村", "乡村"), "rural"),
    **dict.fromkeys(("村", "行政村", "村庄", "建制村"), "village"),
    "农村社区": "rural_community",
}
_LEVELS = {
    said: level
    for level, ways in {
        "city": ("city", "市级", "市本级", "地市级"),
        "county": ("county", "县级", "区级", "区市级", "县区级", "区县级", "县(市、区)级", "县（市、区）级"),
        "town": ("town", "镇级", "乡级", "乡镇级", "镇街级", "街道级", "镇(街道)级", "镇（街道）级"),
        "community": ("community", "村级", "社区级", "村居级", "村(社区)级", "村（社区）级"),
    }.items()
    for said in ways
}
_HOUSING = {
    **dict.fromkeys(("新建", "新建小区", "新建住宅区", "新建生活区", "新建居住区"), "new"),
    **dict.fromkeys(("已建成", "已建", "建成", "已建成小区", "已建成住宅区", "已建成生活区", "已建成居住区"), "old"),
}
_BETWEEN = re.compile(r"[;；]")


def town_classes(towns: pd.DataFrame) -> pd.Series:
    """By town its class, one of `TOWN_CLASSES`; "" where neither its ``class`` nor the end of its name tells.

    What the column ``class`` says stands, also where it is neither; only a blank one is derived from the name.

    >>> town_classes(pd.DataFrame({"name": ["汪疃镇", "鲸园街道", "经济区"]})).tolist()
    ['town', 'sub_district', '']
    """
    said = _column(towns, "class")
    derived = _column(towns, "name").map(class_of_name)
    return said.map(lambda text: _CLASSES.get(text.casefold(), "")).where(said.ne(""), derived).astype("str")


def class_of_name(name: str) -> str:
    """The class that the end of an official name tells; "" where it tells none."""
    return next((known for known, ends in _ENDINGS.items() if str(name).endswith(ends)), "")


def community_classes(said: pd.Series) -> pd.Series:
    """By community its class, one of `COMMUNITY_CLASSES`, also where it is said in Chinese; other words stay.

    >>> community_classes(pd.Series(["行政村", "农村社区", "urban", "园区", None])).tolist()
    ['village', 'rural_community', 'urban', '园区', '']
    """
    return texts(said).map(lambda text: _COMMUNITIES.get(text, text)).astype("str")


def of_classes(said: pd.Series, classes: Sequence[str]) -> pd.Series:
    """Which communities are of one of some classes, as the column says it or as it is meant."""
    given = texts(said)
    return given.isin(classes) | community_classes(said).isin(classes) | given.map(_HOUSING).isin(classes)


def unread_classes(said: pd.Series, classes: Sequence[str]) -> pd.Series:
    """Which communities say neither one of some classes nor any class or kind of housing that is known."""
    given = texts(said)
    known = given.isin([*classes, *_HOUSING.values(), *_HOUSING])
    return ~known & ~community_classes(said).isin(COMMUNITY_CLASSES)


def facility_levels(facilities: pd.DataFrame) -> pd.Series:
    """By facility the level that it serves, one of `FACILITY_LEVELS`, from ``facility_level``; "" where it says none.

    >>> facility_levels(pd.DataFrame({"facility_level": ["市级", "county", "", "大"]})).tolist()
    ['city', 'county', '', '']
    """
    return _column(facilities, "facility_level").map(lambda text: _LEVELS.get(text.casefold(), "")).astype("str")


def communities_of(facilities: pd.DataFrame, column: str = "community") -> pd.Series:
    """The communities that have each facility, a row a pair: ids, indexed by facility; none where it names none.

    ``column`` holds one id, or several with ``;`` between: those it is assigned to.

    >>> communities_of(pd.DataFrame({"community": ["a", "b; c", ""]})).tolist()
    ['a', 'b', 'c']
    """
    each = _column(facilities, column).map(lambda text: [i.strip() for i in _BETWEEN.split(text)]).explode()
    return each[each.fillna("").ne("")].astype("str")


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    return texts(table[name]) if name in table else pd.Series("", index=table.index, dtype="str")
