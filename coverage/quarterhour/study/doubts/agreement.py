"""A community's town against its id, its place and its county: where a few disagree they are slips, and where whole
towns do their codes are of another list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from quarterhour.base.area_codes.lists import other_names, translation
from quarterhour.base.area_codes.names import KnownAreas, code_of
from quarterhour.base.areas import with_areas
from quarterhour.base.cells import texts
from quarterhour.base.findings import finding
from quarterhour.base.labels import percent
from quarterhour.study.doubts.parts import declared_system, file_of, first, with_name
from quarterhour.study.file.study import StudyFile

_WHOLE = 0.8
"""So many of the rows whose ids begin alike say together where they belong."""
_FEW = 3
_MOSTLY = 0.5
_OURS = ("name", "town", "county", "source", "quality", "geometry")


@dataclass(frozen=True)
class _Told:
    """What every finding of this room says of itself."""

    file: str

    def warn(self, rule: str, column: str, **fields: object) -> pd.DataFrame:
        """A warning about communities."""
        return finding(rule, severity="warning", table="communities", file=self.file, column=column, **fields)

    def note(self, rule: str, column: str, **fields: object) -> pd.DataFrame:
        """A note about communities."""
        return finding(rule, severity="note", table="communities", file=self.file, column=column, **fields)


def disagreements(file: StudyFile, places: Mapping[str, gpd.GeoDataFrame]) -> list[pd.DataFrame]:
    """Every community whose town is not what its id, its place or its county says, by town where whole towns are."""
    communities, towns = places["communities"], places["towns"]
    told = _Told(file_of(file, "communities"))
    return [
        *_by_id(file, communities, towns, told),
        *_by_place(communities, towns, told),
        *_by_name(communities, towns, told),
        *_by_county(communities, towns, places["counties"], told),
    ]


def _by_id(file: StudyFile, communities: pd.DataFrame, towns: pd.DataFrame, told: _Told) -> list[pd.DataFrame]:
    """Ids of 12 digits begin with the code of their town."""
    own = pd.Series(communities.index, index=communities.index, dtype="str").map(code_of)
    town = communities["town"]
    use = own.str.len().eq(12) & town.ne("")
    if not use.any():
        return []
    begins, town = own[use].str[:9], town[use]
    id_system = declared_system(file, "communities", "id")
    town_system = declared_system(file, "towns", "id") or declared_system(file, "communities", "town")
    codes = translation(id_system, town_system)
    begins = begins.map(lambda code: codes.get(code) or code)
    sure = bool(id_system) and (bool(codes) or id_system == town_system)
    expected = _expected(begins, town, KnownAreas(dict.fromkeys(towns.index, "")), sure=sure)
    slips = expected.ne("") & town.ne(expected)
    found = []
    names = towns["name"].to_dict() if "name" in towns else {}
    if slips.any():
        shown = [f"{i} → {with_name(town[i], names)} (≠ {with_name(expected[i], names)})" for i in town.index[slips]]
        value = f"{slips.sum():,}"
        found.append(
            told.warn("doubts.town_not_id", "town", value=value, id=first(town.index[slips]), detail=first(shown))
        )
    other = ~slips & town.map(code_of).ne("") & town.map(code_of).ne(begins)
    if other.any():
        pairs = dict.fromkeys(zip(begins[other], town[other], strict=True))
        share = percent(1 - other.sum() / len(town))
        detail = f"{share}: {first(f'{a} → {with_name(b, names)}' for a, b in pairs)}"
        rule = "doubts.no_unit_in_the_list" if sure else "doubts.ids_of_another_list"
        found.append(told.note(rule, "town", value=f"{other.sum():,}", detail=detail))
    return found


def _expected(begins: pd.Series, town: pd.Series, known: KnownAreas, *, sure: bool) -> pd.Series:
    """By row the town that its id means: what nearly all ids that begin so say, else the code itself; "" if unclear.

    ``sure``: the lists are declared, so that a code that is a town means that town, whatever the rows say.
    """
    by_code = {}
    for code, rows in town.groupby(begins, sort=False):
        counted = rows.value_counts()
        itself = known.find(str(code)).id or next((v for v in counted.index if code_of(v) == code), "")
        agreed = len(rows) >= _FEW and counted.iloc[0] >= _WHOLE * len(rows)
        if agreed and not (sure and itself):
            by_code[code] = counted.index[0]
        else:
            by_code[code] = itself if sure or itself in counted.index or len(rows) < _FEW else ""
    return begins.map(by_code)


def _by_place(communities: gpd.GeoDataFrame, towns: gpd.GeoDataFrame, told: _Told) -> list[pd.DataFrame]:
    """Towns most of whose communities lie together in the outline of another town."""
    outlined = towns[towns.geom_type.isin(["Polygon", "MultiPolygon"])]
    if not len(outlined):
        return []
    inside = with_areas(communities.assign(town="", county=""), outlined)["town"]
    town = communities["town"]
    use = town.isin(outlined.index) & inside.ne("")
    if not use.any():
        return []
    moved = {}
    for code, there in inside[use].groupby(town[use], sort=True):
        where = there.value_counts()
        if len(there) >= _FEW and where.index[0] != code and where.iloc[0] > _MOSTLY * len(there):
            moved[code] = f"{code} → {where.index[0]} ({where.iloc[0]}/{len(there)})"
    if not moved:
        return []
    rows = town.index[town.isin(list(moved))]
    agreed = percent(town[use].eq(inside[use]).mean())
    detail = f"{agreed}: {first(moved.values(), most=8)}"
    return [told.warn("doubts.town_elsewhere", "town", value=f"{len(moved):,}", id=first(rows), detail=detail)]


def _by_name(communities: pd.DataFrame, towns: pd.DataFrame, told: _Told) -> list[pd.DataFrame]:
    """Where another column names the towns, code and name are of one town."""
    names = {str(i): str(name) for i, name in towns["name"].items()}
    known = KnownAreas(names, also=other_names(names))
    found = []
    for column in communities.columns.difference(list(_OURS)):
        given = communities[column]
        if pd.api.types.is_string_dtype(given) and given.nunique() <= 2 * len(towns) + _FEW:
            found += _named_apart(texts(given), communities["town"], known, told, column=str(column))
    return found


def _named_apart(
    given: pd.Series, town: pd.Series, known: KnownAreas, told: _Told, *, column: str
) -> list[pd.DataFrame]:
    """Rows whose name of a town, in a column that holds such names, is not that of their code."""
    ids = {v: f.id if f.how == "name" else "" for v in dict.fromkeys(given) if (f := known.find(v))}
    named = given.map(ids)
    if named.ne("").sum() < max(_WHOLE * given.ne("").sum(), _FEW):
        return []
    apart = named.ne("") & town.ne("") & named.ne(town)
    if not apart.any():
        return []
    some = zip(town.index[apart], town[apart], given[apart], named[apart], strict=True)
    shown = first(f"{i}: {code} ≠ {name} ({meant})" for i, code, name, meant in some)
    about = {"value": f"{apart.sum():,}", "id": first(town.index[apart]), "detail": shown}
    return [told.warn("doubts.town_not_name", column, **about)]


def _by_county(
    communities: pd.DataFrame, towns: pd.DataFrame, counties: pd.DataFrame, told: _Told
) -> list[pd.DataFrame]:
    """A community's county is that of its town."""
    if "county" not in towns or not len(towns):
        return []
    of_town = communities["town"].map(towns["county"].to_dict()).fillna("")
    mine = communities["county"]
    both = mine.ne("") & of_town.ne("")
    apart = both & mine.ne(of_town) & _comparable(mine, of_town)
    if not apart.any():
        return []
    rows = mine.index[apart]
    names = counties["name"].to_dict() if len(counties) else {}
    shown = [f"{i}: {mine[i]} {names.get(mine[i], '')} ≠ {of_town[i]} {names.get(of_town[i], '')}" for i in rows[:5]]
    share = percent(1 - apart.sum() / both.sum())
    detail = f"{share}: {first(shown)}"
    return [told.warn("doubts.county_not_towns", "county", value=f"{len(rows):,}", id=first(rows), detail=detail)]


def _comparable(mine: pd.Series, others: pd.Series) -> pd.Series:
    """Whether both are codes, or both are names: one of each says nothing."""
    return mine.map(code_of).ne("").eq(others.map(code_of).ne(""))
