"""How many burial places a study needs: its tables, its horizon, its forms of burial."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import pandas as pd

from quarterhour.base.cells import numbers, texts
from quarterhour.base.errors import DataError, first_ids
from quarterhour.services.burial_forms import Shares, burial_forms, shares_of_figures, two_forms
from quarterhour.services.burial_years import (
    Horizon,
    alike_each_year,
    by_area_and_year,
    in_their_years,
    on_every_year,
    spread_evenly,
)
from quarterhour.services.graves import GraveDemand, burial_need, shared_out
from quarterhour.standards.circle import CITY
from quarterhour.standards.rules import RuleSet
from quarterhour.study.file.services import BurialSharesFile, GravesFile
from quarterhour.study.file.study import StudyFile
from quarterhour.study.inputs import Inputs

_USUAL_ECO_SHARE = 0.6
_LOST = "town, deaths, backlog"
_Value = TypeVar("_Value")


@dataclass(frozen=True, eq=False)
class Needed:
    """What a study needs; ``demand`` None where ``lost`` (part, table, column) is not there.

    ``shared_out``: the city's deaths, by people.
    """

    demand: GraveDemand | None
    shared_out: bool = False
    lost: tuple[str, str, str] | None = None


def graves_needed(file: StudyFile, tables: Inputs, rules: RuleSet) -> Needed:
    """The places that the towns of a study need.

    Deaths come by town, by town and year, or are the city's and shared out by people. DataError where a figure, a share
    or a row cannot be used.
    """
    asked = file.graves
    assert asked is not None
    figures = {f.id: f.value for f in rules.figures}
    table = tables.tables.get(asked.table)
    if table is None:
        return Needed(None, lost=("graves", asked.table, _LOST))
    horizon = study_horizon(asked, file.study.reference_date, figures)
    if "town" in table and ("deaths" in table or year_columns(table, "deaths")):
        return Needed(_by_town(asked, tables, table, horizon, figures))
    city = _of_the_city(table, horizon)
    if city is None:
        missing = _LOST if not {"area", "level", "indicator", "value"} <= set(table) else "deaths"
        return Needed(None, lost=("graves", asked.table, missing))
    people = tables.communities.groupby(texts(tables.communities["town"]))[file.communities.people[0]].sum()
    now = shared_out(1.0, by=people)
    deaths = pd.DataFrame(now.to_numpy()[:, None] * city.loc[list(horizon.years)].to_numpy(), now.index, horizon.years)
    return Needed(_demand(asked, deaths, _none(deaths), horizon, figures, 0), shared_out=True)


def study_horizon(asked: GravesFile, reference: date, figures: Mapping[str, float]) -> Horizon:
    """The years of the need: from the year after the reference date, as long as the study or the rule set says."""
    first = asked.first_year or reference.year + 1
    if asked.until is not None:
        last = asked.until
    elif asked.years is not None:
        last = first + asked.years - 1
    elif figures.get("horizon-years", -1) >= 1:
        last = first + int(figures["horizon-years"]) - 1
    else:
        raise DataError("graves.no_figure", missing="horizon-years")
    return Horizon(first, last, asked.near_until, asked.far_until)


def _of_the_city(table: pd.DataFrame, horizon: Horizon) -> pd.Series | None:
    """The city's deaths of each year."""
    if not {"area", "level", "indicator", "value"} <= set(table):
        return None
    rows = table[texts(table["indicator"]).eq("deaths") & texts(table["level"]).eq(CITY)].iloc[:1]
    return None if rows.empty else _each_year(rows.set_axis([CITY]), "value", horizon)[0].iloc[0]


def year_columns(table: pd.DataFrame, column: str) -> dict[int, str]:
    """The columns that say a figure of single years (``deaths_2035``), by year."""
    found = ((re.fullmatch(rf"{column}_([12]\d{{3}})", str(name)), str(name)) for name in table)
    return {int(match[1]): name for match, name in found if match}


def _each_year(rows: pd.DataFrame, column: str, horizon: Horizon) -> tuple[pd.DataFrame, int]:
    """A figure of each year: on a line between the years that have columns, else alike; and how many are filled in."""
    years = year_columns(rows, column)
    if not years:
        return alike_each_year(_known(rows, column), horizon), 0
    return on_every_year(pd.DataFrame({y: _known(rows, years[y]) for y in sorted(years)}), horizon)


def _by_town(
    asked: GravesFile, tables: Inputs, table: pd.DataFrame, horizon: Horizon, figures: Mapping[str, float]
) -> GraveDemand:
    filled = 0
    if "year" in table:
        deaths, filled = on_every_year(by_area_and_year(table, area="town", value="deaths"), horizon)
        moved = _none(deaths)
        if "backlog" in table and asked.moves is None:
            moved = in_their_years(by_area_and_year(table, area="town", value="backlog"), horizon)
    else:
        rows = _one_a_town(table)
        deaths, filled = _each_year(rows, "deaths", horizon)
        moved = _none(deaths)
        if "backlog" in rows and asked.moves is None:
            moved = spread_evenly(_known(rows, "backlog"), horizon, until=asked.moves_until)
    if asked.moves is not None:
        moved = _moves(asked.moves, tables, horizon, deaths.index)
    return _demand(asked, deaths, moved, horizon, figures, filled)


def _one_a_town(table: pd.DataFrame) -> pd.DataFrame:
    by_town = table.assign(town=texts(table["town"])).set_index("town")
    again = by_town.index[by_town.index.duplicated()].unique()
    if len(again):
        raise DataError("graves.twice", ids=first_ids(again))
    return by_town


def _known(rows: pd.DataFrame, column: str) -> pd.Series:
    """A column by town; what is blank is not known, and 0 only where 0 stands."""
    found = numbers(rows[column])
    bad = rows.index[found.isna() | found.lt(0)]
    if len(bad):
        raise DataError("graves.bad_column", column=column, ids=first_ids(bad))
    return found


def _moves(name: str, tables: Inputs, horizon: Horizon, towns: pd.Index) -> pd.DataFrame:
    table = tables.tables.get(name)
    if table is None or not {"town", "year", "backlog"} <= set(table):
        raise DataError("graves.no_moves", table=name)
    moved = in_their_years(by_area_and_year(table, area="town", value="backlog"), horizon)
    unknown = moved.index.difference(towns, sort=False)
    if len(unknown):
        raise DataError("graves.moves_nowhere", table=name, ids=first_ids(unknown))
    return moved


def _none(deaths: pd.DataFrame) -> pd.DataFrame:
    return deaths * 0.0


def _demand(
    asked: GravesFile, deaths: pd.DataFrame, moved: pd.DataFrame, horizon: Horizon, figures: Mapping[str, float],
    filled: int,
) -> GraveDemand:  # fmt: skip
    forms = burial_forms(figures, m2=_plain(asked.form_m2), urns=_plain(asked.form_urns))
    return burial_need(
        deaths, moved, horizon=horizon, shares=study_shares(asked, figures), levels=_plain(asked.levels) or None,
        forms=forms, figures=figures, years_filled=filled,
    )  # fmt: skip


def _plain(given: Mapping[Any, _Value]) -> dict[str, _Value]:
    """A table of the study file by plain names."""
    return {str(name): value for name, value in given.items()}


def study_shares(asked: GravesFile, figures: Mapping[str, float]) -> Shares:
    """The shares of forms by level and period: the study's, the rule set's, or niches and graves alone."""
    if asked.shares:
        return {key: shares for part in asked.shares for key, shares in _of_part(part).items()}
    if asked.shares_from_rules:
        found = shares_of_figures(figures)
        if not found:
            raise DataError("graves.no_figure", missing="form-share-...")
        return found
    return two_forms(_USUAL_ECO_SHARE if asked.eco_share is None else asked.eco_share)


def _of_part(part: BurialSharesFile) -> Shares:
    far = part.near if part.far is None else part.far
    terms = {"near": part.near, "far": far}
    return {(level, period): _plain(shares) for level in part.levels for period, shares in terms.items()}
