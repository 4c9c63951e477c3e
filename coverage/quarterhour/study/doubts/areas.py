"""Towns and counties as rows name them, brought to the ids of their tables; what is not known told with the nearest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from quarterhour.base.area_codes.lists import other_names
from quarterhour.base.area_codes.names import Found, KnownAreas, code_of, name_forms
from quarterhour.base.cells import texts
from quarterhour.base.errors import first_ids
from quarterhour.base.findings import finding
from quarterhour.study.doubts.lists import code_translation
from quarterhour.study.doubts.parts import LEVELS, USERS, file_of, first, with_name
from quarterhour.study.file.study import StudyFile

FIGURE_LEVELS = ("city", "county", "unit", "town", "community", "facility", "class")
"""Levels that rows of a long table of figures may name."""


def with_known_areas(
    file: StudyFile, places: Mapping[str, gpd.GeoDataFrame], tables: Mapping[str, pd.DataFrame]
) -> tuple[dict[str, Any], list[pd.DataFrame]]:
    """Every table with its towns and counties under known ids, and what was matched or is not known."""
    out: dict[str, Any] = {**places, "tables": dict(tables)}
    told: list[pd.DataFrame] = []
    for level, areas in LEVELS:
        table = out[areas]
        told += _blanks(file, out["communities"], level, asked=len(table) > 0)
        if not len(table):
            out["communities"], found = _one_spelling(file, out["communities"], level)
            told += found
        names = table["name"].to_dict() if len(table) else _own(out["communities"], level)
        known = KnownAreas(names, also=other_names(names))
        for name in USERS[level]:
            out[name], found = _settled(file, out[name], name, level, known, strict=len(table) > 0)
            told += found
        for name, frame in out["tables"].items():
            out["tables"][name], found = _figures_settled(file, frame, name, level, known, strict=len(table) > 0)
            told += found
    told += [one for name, frame in out["tables"].items() for one in _figures_of_no_level(file, frame, name)]
    return out, told


def _own(communities: pd.DataFrame, level: str) -> dict[str, str]:
    """The areas that communities name, each by its own name."""
    return {v: v for v in dict.fromkeys(communities[level]) if v}


def _blanks(file: StudyFile, communities: pd.DataFrame, level: str, *, asked: bool) -> list[pd.DataFrame]:
    """Communities without an area, where others have one or the study names the areas (``asked``)."""
    blank = communities.index[communities[level].fillna("").eq("")]
    if not len(blank) or (len(blank) == len(communities) and not asked):
        return []
    about = {"table": "communities", "file": file_of(file, "communities"), "column": level}
    return [finding("inputs.no_area", severity="warning", value=str(len(blank)), detail=first_ids(blank), **about)]


def _settled(
    file: StudyFile, frame: Any, table: str, level: str, known: KnownAreas, *, strict: bool
) -> tuple[Any, list[pd.DataFrame]]:
    """A table with one level under known ids; ``strict``: what is not known is told, and translated by its list."""
    if level not in frame or not known.names or not len(frame):
        return frame, []
    given = texts(frame[level])
    meant = _meant(file, table, level, given) if strict else {}
    found = {v: known.find(meant.get(v, v)) for v in dict.fromkeys(given) if v}
    about = {"table": table, "file": file_of(file, table), "column": level}
    told = [*_translated(given, meant, known, about), *_matched(given, meant, found, known, about)]
    if strict:
        told += _unknown(given, [v for v, f in found.items() if not f.id], known, about)
    ids = {v: f.id for v, f in found.items() if f.id and f.id != v}
    return (frame.assign(**{level: given.map(lambda v: ids.get(v, v))}) if ids else frame), told


def _figures_settled(
    file: StudyFile, frame: pd.DataFrame, name: str, level: str, known: KnownAreas, *, strict: bool
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """A table of figures: by a column of the level, or by ``area`` in the rows of that ``level``."""
    if not {"area", "level"} <= set(frame):
        return _settled(file, frame, name, level, known, strict=strict)
    mine = texts(frame["level"]).eq(level)
    part = frame.loc[mine, ["area"]].rename(columns={"area": level})
    kept, told = _settled(file, part, name, level, known, strict=strict)
    if kept is part:
        return frame, told
    return frame.assign(area=texts(frame["area"]).mask(mine, kept[level].reindex(frame.index))), told


def _figures_of_no_level(file: StudyFile, frame: pd.DataFrame, name: str) -> list[pd.DataFrame]:
    """Rows of a long table of figures whose level is no word that is known (区县, 市): they stand for no area."""
    if not {"area", "level", "value"} <= set(frame):
        return []
    given = texts(frame["level"])
    odd = given.index[~given.isin(FIGURE_LEVELS)]
    if not len(odd):
        return []
    said = {"value": f"{len(odd):,}", "id": first(odd), "detail": first(dict.fromkeys(given[odd]))}
    about = {"table": name, "file": file_of(file, name), "column": "level"}
    return [finding("doubts.figure_level_unknown", severity="warning", **said, **about)]


def _meant(file: StudyFile, table: str, level: str, given: pd.Series) -> dict[str, str]:
    """By value, its code in the list of the table of areas, where it is another."""
    codes = code_translation(file, table, level)
    by_value = {v: codes.get(code_of(v), "") for v in dict.fromkeys(given) if v}
    return {v: code for v, code in by_value.items() if code and code != code_of(v)}


def _translated(
    given: pd.Series, meant: Mapping[str, str], known: KnownAreas, about: Mapping[str, str]
) -> list[pd.DataFrame]:
    rows = given.isin(list(meant))
    if not rows.any():
        return []
    detail = first(f"{v} → {with_name(code, known.names)}" for v, code in meant.items())
    return [finding("doubts.codes_translated", severity="note", value=f"{rows.sum():,}", detail=detail, **about)]


def _matched(
    given: pd.Series, meant: Mapping[str, str], found: Mapping[str, Found], known: KnownAreas, about: Mapping[str, str]
) -> list[pd.DataFrame]:
    other = {v: f.id for v, f in found.items() if f.how in ("code", "name") and v not in meant}
    rows = given.isin(list(other))
    if not rows.any():
        return []
    detail = first(f"{v} → {with_name(i, known.names)}" for v, i in other.items())
    return [finding("doubts.areas_matched", severity="note", value=f"{rows.sum():,}", detail=detail, **about)]


def _unknown(given: pd.Series, strange: list[str], known: KnownAreas, about: Mapping[str, str]) -> list[pd.DataFrame]:
    rows = given.index[given.isin(strange)]
    if not len(rows):
        return []
    near = {v: known.nearest(v) for v in strange[:5]}
    detail = first(f"{v} (≈ {near[v]})" if near.get(v) else v for v in strange)
    told = {"value": f"{len(rows):,}", "id": first(rows), "detail": detail}
    return [finding("inputs.unknown_area", severity="warning", **told, **about)]


def _one_spelling(
    file: StudyFile, communities: gpd.GeoDataFrame, level: str
) -> tuple[gpd.GeoDataFrame, list[pd.DataFrame]]:
    """Without a table of areas: one area under one spelling, the one that most rows have."""
    given = texts(communities[level])
    counted = given[given.ne("")].value_counts(sort=False)
    best: dict[str, str] = {}
    for value in sorted(counted.index, key=lambda v: (-counted[v], list(counted.index).index(v))):
        best.setdefault(code_of(value) or name_forms(value)[1], value)
    same = {v: best[code_of(v) or name_forms(v)[1]] for v in counted.index}
    other = {v: to for v, to in same.items() if v != to}
    if not other:
        return communities, []
    about = {"table": "communities", "file": file_of(file, "communities"), "column": level}
    rows = given.isin(list(other))
    detail = first(f"{v} → {to}" for v, to in other.items())
    note = finding("doubts.areas_one_spelling", severity="note", value=f"{rows.sum():,}", detail=detail, **about)
    return communities.assign(**{level: given.map(lambda v: other.get(v, v))}), [note]
