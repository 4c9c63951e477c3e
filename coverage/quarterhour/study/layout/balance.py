"""Need and balance of a layout plan by town, county and city, as sums of what the results hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base.cells import numbers, texts
from quarterhour.standards.circle import CITY
from quarterhour.standards.levels import UNIT, whole_units
from quarterhour.study.closing import closes
from quarterhour.study.layout.burial import burial_by_area
from quarterhour.study.layout.facilities import ALTER, BUILD, CLOSE, NEAR
from quarterhour.study.layout.forecast import forecast_people
from quarterhour.study.layout.groups import GROUPS, INSTITUTIONS
from quarterhour.study.results import Access, Results
from quarterhour.study.siting.coverage import coverage_by_area, coverage_by_community

LEVELS = ("city", "county", "unit", "town")
_COLUMNS = {"county": "county", "unit": UNIT, "town": "town"}


def area_balance(results: Results, facilities: gpd.GeoDataFrame) -> pd.DataFrame:
    """A row an area: the city, its counties, its reporting units (``standards/levels``), its towns; what no result
    holds is missing.

    ``level, area, name, county, communities, older, area_km2, older_per_km2``. Beds: ``beds_now, nursing_now``,
    ``beds, nursing_beds`` (after the plan), ``beds_unknown`` (institutions whose beds nobody says), ``beds_need,
    beds_balance`` (beds less need: below 0 some are short), and of the years of the forecast, by the beds that stand
    in the near term and after the plan, ``older_near, beds_need_near, beds_balance_near`` and the same ``_far``.
    ``converted, convert_yuan``: beds into nursing beds, and what it costs. By group of kinds ``GROUP_now, GROUP_new,
    GROUP_after``. By circle ``ID_people, ID_met, ID_outside, ID_villages_outside, ID_share``, and ``ID_after_share``
    where a question closes it. Burial as ``burial_by_area`` has it.
    """
    rows = _areas(results)
    rows = rows.join(_people(results, rows)).join(_beds(results, facilities, rows))
    rows = rows.join(_counts(facilities, rows)).join(_circles(results, rows)).join(_graves(results, rows))
    return rows.reset_index()


def beds_question(results: Results) -> Access | None:
    """The study's first question of access to beds: what it counts on is the need in beds."""
    return next((a for a in results.care.access if a.asked.capacity == "beds"), None)


def people_column(results: Results) -> str:
    """The column of people that a plan counts: of the question of beds, else the study's first."""
    asked = beds_question(results)
    return results.study.file.communities.people[0] if asked is None else asked.asked.people


def _areas(results: Results) -> pd.DataFrame:
    """Level, name and county of each area; the index is ``level`` and ``area``."""
    tables = results.inputs
    rows = [(CITY, CITY, "", "")]
    for level, table in (("county", tables.counties), ("town", tables.towns)):
        named = table.index.astype(str).tolist() if len(table) else _named(tables.communities, level)
        names = texts(table["name"]).tolist() if len(table) and "name" in table else named
        counties = texts(table["county"]).tolist() if len(table) and "county" in table else _county_of(tables, named)
        rows += list(zip([level] * len(named), named, names, counties if level == "town" else named, strict=True))
    made = pd.DataFrame(rows, columns=["level", "area", "name", "county"])
    order = made.assign(place=made["level"].map(LEVELS.index)).sort_values(["place", "county", "area"], kind="stable")
    units = pd.DataFrame({"level": "unit", "area": tables.units.index.astype(str),
                          "name": texts(tables.units["name"]).array, "county": ""})  # fmt: skip
    parts = [order[order["level"].ne("town")], units, order[order["level"].eq("town")]]
    return pd.concat(parts, ignore_index=True).drop(columns="place").set_index(["level", "area"])


def _named(communities: pd.DataFrame, level: str) -> list[str]:
    return sorted(set(texts(communities[level])) - {""}) if level in communities else []


def _county_of(tables: Any, towns: list[str]) -> list[str]:
    communities = tables.communities
    if not {"town", "county"} <= set(communities):
        return [""] * len(towns)
    known = communities.groupby(texts(communities["town"]))["county"].first()
    return [str(known.get(town, "")) for town in towns]


def summed(table: pd.DataFrame, values: pd.Series, areas: pd.DataFrame) -> pd.Series:
    """Values of rows with ``town``, ``county`` and reporting unit summed to each area; missing where no row has one."""
    found = [pd.Series({(CITY, CITY): values.sum(min_count=1)})]
    for level, column in _COLUMNS.items():
        if column in table:
            sums = values.groupby(texts(table[column]).to_numpy()).sum(min_count=1)
            found.append(pd.Series(sums.to_numpy(), index=pd.MultiIndex.from_product([[level], sums.index])))
    return pd.concat(found).reindex(areas.index)


def _by_area(table: pd.DataFrame) -> pd.DataFrame:
    """A table of ``level`` and ``area`` by these, as the index of ``_areas`` has them."""
    return table.assign(area=table["area"].astype(str)).set_index(["level", "area"])


def _people(results: Results, areas: pd.DataFrame) -> pd.DataFrame:
    tables, column = results.inputs, people_column(results)
    older = numbers(tables.communities[column])
    every = pd.Series(1.0, index=older.index)
    made = pd.DataFrame({"communities": summed(tables.communities, every, areas),
                         "older": _of_persons(results, column, older, areas)})  # fmt: skip
    made["area_km2"] = _square_km(results, areas)
    made["older_per_km2"] = (made["older"] / made["area_km2"]).round(1)
    return made


def _of_persons(results: Results, column: str, people: pd.Series, areas: pd.DataFrame) -> pd.Series:
    """People by area. Where counts of persons are guarded the sums of a circle that counts them, which may be known;
    else no sum with a community whose count is not shown."""
    sums, guarded = summed(results.inputs.communities, people, areas), results.protection
    if guarded is None or column not in guarded.columns:
        return sums
    for check in results.checks:
        if check.circle.people == column:
            shares = _by_area(check.shares)
            return pd.to_numeric(shares["people"].reindex(areas.index), errors="coerce").astype("float64")
    hidden = summed(results.inputs.communities, guarded.hidden(column).astype(float), areas)
    return sums.where(hidden.fillna(0).eq(0))


def _square_km(results: Results, areas: pd.DataFrame) -> pd.Series:
    """Of outlines, to a tenth; the counties' and the city's are sums of the towns'."""
    tables, towns = results.inputs, results.inputs.towns
    known = towns[towns.geom_type.isin(["Polygon", "MultiPolygon"])] if len(towns) else towns
    if not len(known) or known.crs is None or not known.crs.is_projected:
        return pd.Series(np.nan, index=areas.index)
    size = pd.Series(known.area.to_numpy() / 1e6, index=known.index).round(1)
    frame = pd.DataFrame({"town": known.index.astype(str)}, index=known.index)
    if "county" in known:
        frame["county"] = texts(known["county"])
    whole = _whole_units(tables.communities)
    frame[UNIT] = [whole.get(town, "") for town in frame["town"]]
    return summed(frame, size, areas).where(_not_cut(results, areas)).round(1)


def _beds(results: Results, facilities: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    homes = facilities[facilities["group"].eq(INSTITUTIONS)]
    made = pd.DataFrame(
        {c: summed(homes, homes[c], areas) for c in ("beds_now", "nursing_now", "beds", "nursing_beds")}
    )
    altered = homes[homes["treatment"].eq(ALTER)]
    made["converted"] = summed(altered, altered["nursing_beds"] - altered["nursing_now"], areas)
    made["convert_yuan"] = summed(altered, altered["yuan"], areas)
    if results.care.conversions:
        some = summed(altered, pd.Series(1.0, index=altered.index), areas).notna()
        made["convert_yuan"] = made["convert_yuan"].where(some, 0.0)
        made["converted"] = made["converted"].fillna(0)
    standing = homes[homes["treatment"].ne(BUILD)]
    none = summed(standing, pd.Series(1.0, index=standing.index), areas).isna()
    made.loc[none, ["beds_now", "nursing_now", "beds", "nursing_beds"]] = 0.0
    made["beds_unknown"] = summed(standing, standing["beds_now"].isna().astype(float), areas).fillna(0)
    asked = beds_question(results)
    need = pd.Series(np.nan, index=areas.index)
    if asked is not None:
        places = results.inputs.communities.reindex(asked.people.index)
        need = summed(places, asked.people.astype(float), areas)
    made["beds_need"], made["beds_balance"] = need, made["beds_now"].fillna(0) - need
    for when, older in forecast_people(results, areas.index).items():
        share = np.nan if asked is None else asked.asked.share
        made[f"older_{when}"], made[f"beds_need_{when}"] = older, (older * share).round()
        stands = summed(homes, _then(homes), areas) if when == NEAR else made["beds"]
        made[f"beds_balance_{when}"] = stands.fillna(0) - made[f"beds_need_{when}"]
    return made


def _then(homes: pd.DataFrame) -> pd.Series:
    """Beds in the near term: as planned where the change is dated to it, else those of today."""
    return homes["beds"].where(homes["period"].eq(NEAR), homes["beds_now"])


def _counts(facilities: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Facilities of each group today, new ones, and how many there are then."""
    made = {}
    for group in GROUPS:
        mine = facilities[facilities["group"].eq(group)]
        new, gone = mine["treatment"].eq(BUILD), mine["treatment"].eq(CLOSE)
        made[f"{group}_now"] = summed(mine, (~new).astype(float), areas).fillna(0)
        made[f"{group}_new"] = summed(mine, new.astype(float), areas).fillna(0)
        made[f"{group}_after"] = summed(mine, (~gone).astype(float), areas).fillna(0)
    return pd.DataFrame(made)


def _circles(results: Results, areas: pd.DataFrame) -> pd.DataFrame:
    made: dict[str, pd.Series] = {}
    for check in results.checks:
        shares = _by_area(check.shares)
        here, of = shares.reindex(areas.index), check.circle.id
        made[f"{of}_people"], made[f"{of}_met"] = here["people"], here["people_met"]
        made[f"{of}_outside"] = here["people"] - here["people_met"]
        made[f"{of}_villages_outside"] = here["communities"] - here["communities_met"]
        made[f"{of}_share"] = here["share_people"] * (np.nan if check.impossible else 1.0)
        made |= dict(_closed_shares(results, check, areas))
    return pd.DataFrame(made, index=areas.index)


def _closed_shares(results: Results, check: Any, areas: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """The share inside a circle when the plan that closes it is built."""
    for p in results.proposals:
        if closes(results.study, p, check) and len(p.plan.chosen):
            found = coverage_by_area(p.problem, coverage_by_community(p.problem, p.plan), results.inputs.communities)
            found = _by_area(found)
            share = (found["after"] / found["people"].where(found["people"] > 0)).reindex(areas.index)
            share.loc[(CITY, CITY)] = np.nan if p.plan.count.share is None else p.plan.count.share
            yield f"{check.circle.id}_after_share", share
            return


def _graves(results: Results, areas: pd.DataFrame) -> pd.DataFrame:
    """Of the results' balance of burial; by town, so that a unit that cuts a town has none."""
    towns = areas.reset_index().query("level == 'town'").set_index("area")["county"]
    whole = _whole_units(results.inputs.communities)

    def sums(values: pd.Series) -> pd.Series:
        frame = pd.DataFrame({"town": values.index, "county": towns.reindex(values.index).fillna("").to_numpy()})
        frame[UNIT] = [whole.get(town, "") for town in values.index]
        return _if_known(frame, values.reset_index(drop=True), areas).where(_not_cut(results, areas))

    return burial_by_area(results, areas, sums)


def _if_known(table: pd.DataFrame, values: pd.Series, areas: pd.DataFrame) -> pd.Series:
    """Sums; missing where the value of a row of the area is."""
    lost = summed(table, values.isna().astype(float), areas)
    return summed(table, values, areas).where(lost.eq(0))


def _whole_units(communities: pd.DataFrame) -> dict[str, str]:
    """By town that lies in one reporting unit alone, that unit."""
    return whole_units(communities) if {"town", UNIT} <= set(communities) else {}


def _not_cut(results: Results, areas: pd.DataFrame) -> pd.Series:
    """Whether an area is made of whole towns: a reporting unit may hold a part of one."""
    communities, cut = results.inputs.communities, set[str]()
    if {"town", UNIT} <= set(communities):
        whole = list(_whole_units(communities))
        cut = set(communities.loc[~texts(communities["town"]).isin(whole), UNIT].astype(str))
    return pd.Series([level != "unit" or area not in cut for level, area in areas.index], index=areas.index)
