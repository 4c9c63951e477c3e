"""Reporting units and classes of communities: read from their columns, none left blank, what is not known told."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import geopandas as gpd
import pandas as pd

from quarterhour.base.areas import with_unit
from quarterhour.base.cells import texts
from quarterhour.base.findings import finding, join_findings, no_findings
from quarterhour.standards.levels import CLASS, UNIT, UNKNOWN, in_order, whole_units
from quarterhour.study.doubts.parts import file_of, first
from quarterhour.study.file.circles import ReportingFile
from quarterhour.study.file.mistakes import mistake, refuse
from quarterhour.study.file.study import StudyFile

UNIT_COLUMNS = ("name", "county", "rest")


def with_reporting(
    file: StudyFile, communities: gpd.GeoDataFrame, counties: pd.DataFrame, *, path: Path
) -> tuple[gpd.GeoDataFrame, pd.DataFrame, pd.DataFrame]:
    """The communities with ``reporting_unit`` and ``reporting_class``, the units by id, and what is told.

    Units come from the column that ``[reporting]`` names; where it is blank the county stands in, else ``unknown``: so
    that they hold every community once. Units: ``name``, ``county`` ("" where it lies in several) and ``rest``
    (whether it is what is left of a county of the same id). Without a column there is no unit; without a column of
    classes that says town or countryside of any community, no class. StudyError for a column that is not there.
    """
    asked = file.reporting
    _check_columns(asked, communities, path)
    about = {"table": "communities", "file": file_of(file, "communities")}
    made, units, told = communities, no_units(), list[pd.DataFrame]()
    if asked.column is not None:
        made, found = _with_units(made, asked, about)
        units = _units(made, counties, asked)
        told = [found, *_names_unused(made, asked, about), *_mixed_up(made, units, asked, about)]
    made, found = _with_classes(made, asked, about)
    return made, units, join_findings([*told, found])


def units_of_places(places: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, units: pd.DataFrame) -> gpd.GeoDataFrame:
    """Places with their ``reporting_unit``: of their town, else of the nearest community; as they are without units."""
    if not len(units):
        return places
    return with_unit(places, communities, UNIT, whole=whole_units(communities))


def no_units() -> pd.DataFrame:
    """A table of reporting units without a row."""
    return pd.DataFrame({c: pd.Series(dtype=object) for c in UNIT_COLUMNS}).rename_axis("id")


def _check_columns(asked: ReportingFile, communities: pd.DataFrame, path: Path) -> None:
    known = ", ".join(str(c) for c in communities.columns if c != "geometry")
    named = {"column": asked.column, "class_column": asked.class_column}
    refuse(path, [
        mistake(("reporting", field), "no_reporting_column", given=column, known=known)
        for field, column in named.items()
        if field in asked.model_fields_set and column is not None and column not in communities
    ])  # fmt: skip


def _with_units(
    communities: gpd.GeoDataFrame, asked: ReportingFile, about: Mapping[str, str]
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    own = texts(communities[asked.column])
    county = texts(communities["county"])
    unit = own.where(own.ne(""), county)
    lost = unit.index[unit.eq("")]
    told = no_findings()
    if len(lost):
        told = finding("inputs.no_unit", severity="warning", column=asked.column, value=f"{len(lost):,}",
                       detail=first(lost), **about)  # fmt: skip
    return communities.assign(**{UNIT: unit.mask(unit.eq(""), UNKNOWN)}), told


def _units(communities: pd.DataFrame, counties: pd.DataFrame, asked: ReportingFile) -> pd.DataFrame:
    """The units by id, in the order in which they are told."""
    county = texts(communities["county"])
    ids = pd.Index(in_order("unit", communities), name="id")
    names = texts(counties["name"]).to_dict() if "name" in counties else {}
    rows = []
    for unit in ids:
        inside = set(county[communities[UNIT].eq(unit)])
        split = unit in set(county) and not communities.loc[county.eq(unit), UNIT].eq(unit).all()
        name = asked.names.get(unit) or str(names.get(unit) or unit)
        rows.append({"name": name, "county": inside.pop() if len(inside) == 1 else "",
                     "rest": split and unit not in asked.names})  # fmt: skip
    return pd.DataFrame(rows, index=ids, columns=list(UNIT_COLUMNS))


def _names_unused(communities: pd.DataFrame, asked: ReportingFile, about: Mapping[str, str]) -> list[pd.DataFrame]:
    idle = [unit for unit in asked.names if unit not in set(communities[UNIT])]
    if not idle:
        return []
    return [finding("inputs.unit_unused", severity="warning", column=asked.column, value=first(idle),
                    detail=first(dict.fromkeys(communities[UNIT])), **about)]  # fmt: skip


def _mixed_up(
    communities: pd.DataFrame, units: pd.DataFrame, asked: ReportingFile, about: Mapping[str, str]
) -> list[pd.DataFrame]:
    """Units that are called alike, and those that have a county's id though communities of another lie in them."""
    alike = units[units.duplicated(["name", "rest"], keep=False)]
    county, unit = texts(communities["county"]), communities[UNIT]
    astray = communities.index[unit.isin(set(county)) & county.ne("") & county.ne(unit)]
    told = []
    if len(alike):
        told.append(finding("inputs.unit_names_alike", severity="warning", column=asked.column,
                            value=first(alike.index), detail=first(dict.fromkeys(alike["name"])),
                            **about))  # fmt: skip
    if len(astray):
        told.append(finding("inputs.unit_of_other_county", severity="warning", column=asked.column,
                            value=f"{len(astray):,}", id=first(astray), detail=first(dict.fromkeys(unit[astray])),
                            **about))  # fmt: skip
    return told


def _with_classes(
    communities: gpd.GeoDataFrame, asked: ReportingFile, about: Mapping[str, str]
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    if asked.class_column not in communities:
        return communities, no_findings()
    given = texts(communities[asked.class_column])
    classes = given.map(lambda word: _class_words().get(_plain(word), UNKNOWN)).astype("str")
    if classes.eq(UNKNOWN).all() and "class_column" not in asked.model_fields_set:
        return communities, no_findings()  # a column of that name that says something else
    return communities.assign(**{CLASS: classes}), _unstated(given, classes, asked, about)


def _unstated(
    given: pd.Series, classes: pd.Series, asked: ReportingFile, about: Mapping[str, str]
) -> pd.DataFrame:  # fmt: skip
    rows = given.index[classes.eq(UNKNOWN)]
    if not len(rows):
        return no_findings()
    words = [w for w in dict.fromkeys(given[rows]) if w]
    rule = "inputs.class_not_understood" if words else "inputs.class_blank"
    return finding(rule, severity="warning", column=asked.class_column, value=f"{len(rows):,}", id=first(rows),
                   detail=first(words), **about)  # fmt: skip


def _plain(word: str) -> str:
    return "".join(word.split()).casefold()


@functools.cache
def _class_words() -> Mapping[str, str]:
    """Every word and code by the class that it means."""
    text = (resources.files("quarterhour") / "data" / "settlement.toml").read_text(encoding="utf-8")
    facts = tomllib.loads(text)
    return {_plain(word): name for part in facts.values() for name, words in part.items() for word in words}
