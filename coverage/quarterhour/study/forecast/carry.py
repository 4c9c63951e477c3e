"""People of a year of the forecast, community by community, as columns beside those of today.

Whatever is asked for a year asks these columns, so that circles, plans, page and workbook count the same people.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import pandas as pd

from quarterhour.base.cells import numbers, texts
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.labels import dated_name
from quarterhour.services.forecast.census import finest_level
from quarterhour.services.forecast.rake import whole_people
from quarterhour.services.forecast.values import VARIANTS, Forecast
from quarterhour.services.graves import shared_by_people
from quarterhour.standards.circle import CITY
from quarterhour.study.burial.need import year_columns
from quarterhour.study.file.circles import CircleFile
from quarterhour.study.file.services import AccessFile, BedsFile, GravesFile
from quarterhour.study.file.siting import GoalFile, SitingFile
from quarterhour.study.file.study import StudyFile
from quarterhour.study.forecast.years import asked_columns, people_year
from quarterhour.study.inputs import Inputs

_Asked = TypeVar("_Asked", CircleFile, AccessFile, BedsFile)


def with_years(file: StudyFile, tables: Inputs, forecast: Forecast | None) -> tuple[StudyFile, Inputs]:
    """The study file and its tables with the people and deaths of the years that its parts ask for.

    Each part names the new columns (``older_2035``) and tables (``deaths_2035``) in the stead of today's.
    """
    if forecast is None:
        return file, tables
    wanted = dict.fromkeys(asked_columns(file))
    made = {dated_name(c, y, v): carried(file, tables, forecast, c, y, v) for c, y, v in wanted}
    if not made and (file.graves is None or file.graves.year is None):
        return file, tables
    communities = tables.communities.assign(**made)
    figures = dict(tables.tables)
    graves = file.graves
    if graves is not None and graves.year is not None and graves.table in figures:
        name = dated_name(graves.table, graves.year, graves.variant)
        figures[name] = _deaths(file, figures[graves.table], forecast, graves)
        graves = graves.model_copy(update={"table": name})
    people = (*file.communities.people, *made)
    changed = {
        "communities": file.communities.model_copy(update={"people": people}),
        "circles": tuple(_of_year(c) for c in file.circles), "access": tuple(_of_year(a) for a in file.access),
        "siting": tuple(_question(q) for q in file.siting), "beds": file.beds and _of_year(file.beds), "graves": graves,
    }  # fmt: skip
    return file.model_copy(update=changed), replace(tables, communities=communities, tables=figures)


def carried(
    file: StudyFile, tables: Inputs, forecast: Forecast, column: str, year: int, variant: str
) -> pd.Series:  # fmt: skip
    """A column of people as it will be: each town grows as the forecast has it, its communities keep their shares.

    A town that has as many people as the forecast counted in the column's own year (``year`` of [communities], else the
    last count) has exactly those of the forecast; else it grows by as much. Whole people; towns add up.
    DataError for people of areas that the forecast has not, who would stay as many as today.
    """
    group = file.forecast.group_of(column) if file.forecast is not None else None
    if group is None:
        raise DataError("years.no_group", column=column)
    level = finest_level(forecast.rows)
    communities = tables.communities
    people = communities[column].astype("int64")
    area = texts(communities[level]) if level != CITY else pd.Series(CITY, index=people.index)
    now = forecast.at(level, group, people_year(file, tables, column) or forecast.base_year, variant)
    then = forecast.at(level, group, year, variant)
    lost = people.index[people.gt(0) & ~area.isin(then.index)]
    if len(lost):
        raise DataError("years.no_area", column=column, year=year, areas=first_ids(lost))
    present = people.groupby(area).sum()
    factor = (then / now.where(now > 0)).reindex(present.index).fillna(1.0)
    wanted = (present * factor).astype(float)
    total = round(float(then.sum()) if _same(present, now) else float(wanted.sum()))
    whole = pd.Series(whole_people(wanted.to_numpy(), total), index=present.index)
    return shared_by_people(whole, people=people, area=area)


def _same(present: pd.Series, now: pd.Series) -> bool:
    """Whether the communities have the very people that the forecast starts from."""
    return bool((present.reindex(now.index).fillna(0) == now).all()) and not len(present.index.difference(now.index))


def _of_year(part: _Asked) -> _Asked:
    if part.year is None:
        return part
    return part.model_copy(update={"people": dated_name(part.people, part.year, part.variant)})


def _question(question: SitingFile) -> SitingFile:
    if question.year is None:
        return question
    year, variant = question.year, question.variant

    def goal(of: GoalFile) -> GoalFile:
        return of.model_copy(update={"people": dated_name(of.people, year, variant)}) if of.people else of

    people = {dated_name(c, year, variant): weight for c, weight in question.people.items()}
    return question.model_copy(update={"people": people, "objective": tuple(map(goal, question.objective))})


def _deaths(file: StudyFile, table: pd.DataFrame, forecast: Forecast, asked: GravesFile) -> pd.DataFrame:
    """The table of deaths, which are those of the year of reference, with those of each year up to the one asked for.

    Each town's grow as the forecast's of 60 and over do (columns ``deaths_2027`` ...), the city's one figure as the
    city's (``value_2027`` ...). DataError for a table that says its deaths of several years itself.
    """
    assert asked.year is not None
    level = "town" if "deaths" in table and "town" in set(forecast.rows["level"]) else CITY
    now = forecast.at(level, "deaths", _within(file.study.reference_date.year, forecast), asked.variant)

    def factor(year: int) -> pd.Series:
        return forecast.at(level, "deaths", year, asked.variant) / now.where(now > 0)

    by_town = "town" in table
    if year_columns(table, "deaths" if by_town else "value") or (by_town and "year" in table):
        raise DataError("years.own_years", table=asked.table, year=asked.year)
    years = range(forecast.base_year + 1, asked.year + 1)
    if "deaths" in table:
        towns = texts(table["town"]) if level == "town" else pd.Series(CITY, index=table.index)
        deaths = numbers(table["deaths"])
        return table.assign(**{f"deaths_{y}": deaths * towns.map(factor(y)).fillna(1.0) for y in years})
    city = texts(table["indicator"]).eq("deaths") if "indicator" in table else pd.Series(False, index=table.index)
    if not city.any() or "value" not in table:
        return table
    value = numbers(table["value"]).where(city)
    return table.assign(**{f"value_{y}": value * float(factor(y)[CITY]) for y in years})


def _within(year: int, forecast: Forecast) -> int:
    """A year, or the nearest one of the forecast."""
    return min(max(year, forecast.base_year), max(forecast.years))


def scenarios(file: StudyFile, tables: Inputs, forecast: Forecast, asked: SitingFile) -> list[tuple[str, pd.DataFrame]]:
    """The people of a question in each year and variant of the forecast, by the names of its columns."""
    made = []
    for year in forecast.years:
        for variant in VARIANTS:
            columns: dict[str, Any] = {
                column: carried(file, tables, forecast, _today(column, asked), year, variant)
                for column in asked.columns
            }
            made.append((f"{year} {variant}", pd.DataFrame(columns)))
    return made


def _today(column: str, asked: SitingFile) -> str:
    """The column of today behind one of a year."""
    if asked.year is None:
        return column
    return column.removesuffix(dated_name("", asked.year, asked.variant))
