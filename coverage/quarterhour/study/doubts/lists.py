"""From which list of codes tables are, as declared or as they look; told where tables joined by code differ."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import pandas as pd

from quarterhour.base.area_codes.lists import (
    known_systems,
    likely_system,
    likely_system_of_names,
    names_in,
    translation,
)
from quarterhour.base.area_codes.names import code_of
from quarterhour.base.cells import texts
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.findings import finding
from quarterhour.study.doubts.parts import LEVELS, USERS, declared_system, file_of, first, part_of
from quarterhour.study.file.study import StudyFile

_DIGITS = {"town": 9, "county": 6}
_SAME_LIST = 0.95
"""Ids that begin with the town's code in this share of the rows are of one list with it."""

_PROVINCES = frozenset({*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66)})
"""What codes of areas begin with (GB/T 2260)."""


def refuse_other_cities(
    file: StudyFile, places: Mapping[str, pd.DataFrame], tables: Mapping[str, pd.DataFrame]
) -> None:
    """DataError for a return whose area is of another city than the study's areas: it would be taken for this one.

    Weighed where ids of the study's areas are codes: their first four digits are the city's.
    """
    own = _cities(places)
    for name, table in tables.items():
        if not own or "area_code" not in table:
            continue
        strange = [c for c in dict.fromkeys(texts(table["area_code"])) if _city_of(c) and _city_of(c) not in own]
        if strange:
            theirs = ", ".join(dict.fromkeys(map(_city_of, strange)))
            raise DataError("offices.return_of_other_city", file=file_of(file, name), codes=first_ids(strange),
                            theirs=theirs, own=first_ids(sorted(own)))  # fmt: skip


def _cities(places: Mapping[str, pd.DataFrame]) -> set[str]:
    """The first four digits of the study's areas, where their ids are codes; ids that only count are none."""
    people = places["communities"]
    ids = {"county": [*places["counties"].index, *people["county"]], "town": [*places["towns"].index, *people["town"]]}
    codes = [code for level, of in ids.items() for code in map(code_of, map(str, of)) if len(code) == _DIGITS[level]]
    codes += [str(i) for i in people.index if len(code_of(str(i))) == 12]
    return {city for city in map(_city_of, codes) if city}


def _city_of(code: str) -> str:
    digits = code_of(code)
    return digits[:4] if digits and int(digits[:2]) in _PROVINCES else ""


def code_translation(file: StudyFile, table: str, level: str) -> dict[str, str]:
    """By code in a table, the code of the table of areas, where both declare their lists and these are known."""
    mine, theirs = _declared(file, table, level)
    return translation(mine, theirs, digits=_DIGITS[level]) if mine and theirs and mine != theirs else {}


def _declared(file: StudyFile, table: str, level: str) -> tuple[str, str]:
    areas = dict(LEVELS)[level]
    theirs = declared_system(file, areas, "id") if part_of(file, areas) else ""
    return declared_system(file, table, level), theirs


def systems_findings(file: StudyFile, places: Mapping[str, gpd.GeoDataFrame]) -> list[pd.DataFrame]:
    """Tables that are joined by code and are of different lists, as they say or as they look."""
    told = []
    for level, areas in LEVELS:
        if not len(places[areas]):
            continue
        for table in (*USERS[level], *(t.name for t in file.tables)):
            mine, theirs = _declared(file, table, level)
            if mine and theirs:
                told += _declared_apart(file, table, level, mine, theirs)
            elif level == "town" and not mine and table in USERS[level]:
                told += _look_apart(file, places, table, theirs)
    return told


def _declared_apart(file: StudyFile, table: str, level: str, mine: str, theirs: str) -> list[pd.DataFrame]:
    if mine == theirs or translation(mine, theirs, digits=_DIGITS[level]):
        return []
    about = {"table": table, "file": file_of(file, table), "column": level}
    detail = ", ".join(known_systems())
    return [finding("doubts.systems_apart", severity="warning", value=f"{mine} / {theirs}", detail=detail, **about)]


def _look_apart(
    file: StudyFile, places: Mapping[str, gpd.GeoDataFrame], table: str, declared: str
) -> list[pd.DataFrame]:
    """Town codes of one list joined to towns of another: the towns that would be others in silence, and their rows."""
    towns, rows = places["towns"], places[table]
    theirs = declared or likely_system_of_names({code_of(i): n for i, n in towns["name"].items()})
    codes = rows["town"].map(code_of)
    mine = _system_of_rows(rows, codes)
    if not mine or not theirs or mine == theirs:
        return []
    meant = translation(mine, theirs)
    other = codes.map(lambda code: meant.get(code, code)).ne(codes) & rows["town"].isin(towns.index)
    if not other.any():
        return []
    named, there = names_in(mine), names_in(theirs)
    swapped = [f"{c} {named[c]} ≠ {there.get(c, '')}" for c in dict.fromkeys(codes[other])]
    about = {"table": table, "file": file_of(file, table), "column": "town", "id": first(rows.index[other])}
    value = f"{int(other.sum()):,}"
    detail = f"{mine} / {theirs}: {first(swapped, most=8)}"
    return [finding("doubts.systems_look_apart", severity="warning", value=value, detail=detail, **about)]


def _system_of_rows(rows: pd.DataFrame, codes: pd.Series) -> str:
    """The list that town codes are from: by the codes alone, or because the rows' ids of 12 digits begin with them.

    Only the statistical office numbers villages.
    """
    some = codes[codes.ne("")]
    by_codes = likely_system(some)
    if by_codes:
        return by_codes
    ids = pd.Series(rows.index, index=rows.index, dtype="str").map(code_of)
    village = ids.str.len().eq(12) & codes.ne("")
    if village.sum() == 0 or ids[village].str[:9].eq(codes[village]).mean() < _SAME_LIST:
        return ""
    statistical = [s for s in known_systems() if s.startswith("nbs")]
    fitting = [s for s in statistical if set(some) <= set(names_in(s))]
    return fitting[0] if len(fitting) == 1 else ""
