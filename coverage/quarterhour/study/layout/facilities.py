"""Every facility of a layout plan with what becomes of it: kept, altered, enlarged, new, or closed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base.areas import with_areas
from quarterhour.base.cells import numbers, texts
from quarterhour.study.file.database import PlanFile
from quarterhour.study.layout.groups import INSTITUTIONS, Groups
from quarterhour.study.reading.reporting import units_of_places
from quarterhour.study.results import Proposal, Results
from quarterhour.study.siting.sizes import places_of
from quarterhour.study.study import study_question

KEEP, ALTER, EXTEND, BUILD, CLOSE = TREATMENTS = ("keep", "alter", "extend", "build", "close")
"""保留, 改建, 扩建, 新建, and what is planned to close."""
NEAR, FAR, UNDATED = PERIODS = ("near", "far", "undated")
_FLOOR = "area_m2"
"""Of an institution: its built area, as the rule of built area per bed reads it."""
_MONEY = {"yuan": "capital_yuan", "running_yuan": "running_yuan", "staff": "staff", "beds": "beds"}
_FIGURES = (
    "running_yuan",
    "staff",
    "land_m2",
    "floor_m2",
    "beds",
    "nursing_beds",
    "beds_now",
    "nursing_now",
    "graves",
    "year",
    "yuan",
    "gain",
)
COLUMNS = ("number", "site", "name", "kind", "group", "level", "treatment", "town", "county", "question", "unit",
           "period", "body", "quality", *_FIGURES)  # fmt: skip


def planned_facilities(results: Results, groups: Groups) -> gpd.GeoDataFrame:
    """A row a facility of the plan's kinds, standing or proposed; those that change first, by county and town.

    ``number`` counts from 1. ``treatment``: ``keep``; ``alter`` where beds are converted; ``extend`` where a site is
    raised to another kind or its table says ``beds_added``; ``build``; ``close`` where its table says when. ``beds``
    and ``nursing_beds`` as they are after the plan, ``beds_now`` and ``nursing_now`` today. ``year``: of building,
    missing where no result has one; ``period``: ``near``, ``far`` or ``undated``. ``gain``: people (``unit``) newly
    covered, or placed. ``graves``: free ones, or those of a new site. What no table holds is missing. Reporting units
    stand in a column where the study has them.
    """
    asked = results.study.file.plan
    rows = pd.concat([_standing(results, groups, asked), _proposed(results, groups, asked)], ignore_index=True)
    rows["year"] = rows["year"].astype("Float64")
    rows["period"] = _periods(rows, asked)
    rows = _in_order(rows, groups)
    made = gpd.GeoDataFrame(rows, geometry="geometry", crs=results.inputs.communities.crs)
    return units_of_places(made, results.inputs.communities, results.inputs.units)


def _standing(results: Results, groups: Groups, asked: PlanFile) -> pd.DataFrame:
    tables, group_of = results.inputs, groups.group_of()
    here = with_areas(tables.facilities, tables.towns, tables.communities)
    here = here[here["kind"].astype(str).isin(group_of)]
    made = _empty(len(here)).assign(site=here.index.astype(str), geometry=here.geometry.array)
    for column in ("name", "kind", "town", "county", "quality"):
        made[column] = texts(here[column]).array if column in here else ""
    made["level"] = _levels(here, groups).array
    for column, source in _sources(asked).items():
        made[column] = _number(here, source).array
    homes = made["kind"].map(group_of).eq(INSTITUTIONS)
    made["floor_m2"] = made["floor_m2"].fillna(pd.Series(_number(here, _FLOOR).array).where(homes))
    made["body"] = texts(here[asked.columns.body]).array if asked.columns.body in here else ""
    made["beds_now"], made["nursing_now"] = made["beds"], made["nursing_beds"]
    made["graves"] = _free_graves(results, made["site"])
    made = _altered(results, made)
    made = _extended(results, made.assign(added=_number(here, asked.columns.beds_added).fillna(0).array))
    return _closed(made.drop(columns="added"), _number(here, asked.columns.closes).array)


def _empty(rows: int) -> pd.DataFrame:
    table = pd.DataFrame({column: [""] * rows for column in COLUMNS}, dtype=object)
    return table.assign(**dict.fromkeys(_FIGURES, np.nan), treatment=KEEP)


def _sources(asked: PlanFile) -> dict[str, str]:
    return {"land_m2": asked.columns.land_m2, "floor_m2": asked.columns.floor_m2, "beds": "beds",
            "nursing_beds": "nursing_beds"}  # fmt: skip


def _number(table: pd.DataFrame, column: str) -> pd.Series:
    return numbers(table[column]) if column in table else pd.Series(np.nan, index=table.index, dtype="float64")


def _levels(table: pd.DataFrame, groups: Groups) -> pd.Series:
    """The level of each facility: its table's, else its kind's."""
    of_kind = table["kind"].astype(str).map(groups.levels).fillna("")
    if "facility_level" not in table:
        return of_kind
    own = texts(table["facility_level"])
    return own.where(own.ne(""), of_kind)


def _free_graves(results: Results, sites: pd.Series) -> list[float]:
    """What standing cemeteries have left, as the siting question that counts graves reads it."""
    known: dict[str, float] = {}
    for p in results.proposals:
        if p.unit == "graves" and "capacity" in p.sites:
            standing = p.sites[p.sites["state"].eq("existing")]
            known |= dict(zip(standing.index.astype(str), numbers(standing["capacity"]), strict=True))
    return [known.get(site, np.nan) for site in sites]


def _altered(results: Results, made: pd.DataFrame) -> pd.DataFrame:
    """Beds converted into nursing beds: what it costs, and how many there are then."""
    parts = [found.rows for found in results.care.conversions.values()]
    rows = pd.concat(parts) if parts else pd.DataFrame(columns=["convert", "cost_yuan"])
    some = rows[rows["convert"] > 0]
    converted = made["site"].map(pd.Series(some["convert"].to_numpy(), index=some.index.astype(str), dtype="float64"))
    cost = made["site"].map(pd.Series(some["cost_yuan"].to_numpy(), index=some.index.astype(str), dtype="float64"))
    hit = converted.notna()
    made["nursing_beds"] = made["nursing_beds"].where(~hit, made["nursing_beds"] + converted)
    made["yuan"] = made["yuan"].where(~hit, cost)
    return made.assign(treatment=made["treatment"].mask(hit, ALTER))


def _extended(results: Results, made: pd.DataFrame) -> pd.DataFrame:
    """Sites raised to another kind, and those whose table says how many beds are added."""
    for p in results.proposals:
        raised = [s for s in p.plan.chosen if p.sites.at[s, "state"] == "upgradeable"]
        hit = made["site"].isin([str(s) for s in raised])
        made.loc[hit, "treatment"], made.loc[hit, "kind"], made.loc[hit, "question"] = EXTEND, p.kind, p.id
        made.loc[hit, "unit"] = p.plan.unit
        years = p.years
        made.loc[hit, "year"] = [years.get(site, np.nan) for site in made.loc[hit, "site"]]
        made.loc[hit, "gain"] = [p.plan.gain.get(site, np.nan) for site in made.loc[hit, "site"]]
    hit = made["added"] > 0
    made.loc[hit, "treatment"] = EXTEND
    made["beds"] = made["beds"].where(~hit, made["beds"].fillna(0) + made["added"])
    return made


def _closed(made: pd.DataFrame, years: Any) -> pd.DataFrame:
    """A facility that its table says will close has no beds then."""
    hit = np.isfinite(years)
    made.loc[hit, "treatment"], made.loc[hit, "year"] = CLOSE, years[hit]
    had = hit & made["beds"].notna().to_numpy()
    made.loc[had, ["beds", "nursing_beds"]] = 0.0
    return made


def _proposed(results: Results, groups: Groups, asked: PlanFile) -> pd.DataFrame:
    parts = [_new_sites(results, p, groups, asked) for p in results.proposals if p.kind in groups.group_of()]
    made = [_with_money(results, part) for part in parts if len(part)]
    return pd.concat(made, ignore_index=True) if made else _empty(0)


def _new_sites(results: Results, p: Proposal, groups: Groups, asked: PlanFile) -> pd.DataFrame:
    new = [site for site in p.new_sites if p.sites.at[site, "state"] != "upgradeable"]
    sites, parcels = p.sites.loc[new], results.inputs.candidates
    years, places = p.years, places_of(p.sites, new)
    made = _empty(len(new)).assign(site=[str(s) for s in new], geometry=sites.geometry.array, treatment=BUILD)
    for column in ("name", "town", "county", "quality"):
        made[column] = texts(sites[column]).array if column in sites else ""
    made["kind"], made["question"], made["unit"] = p.kind, p.id, p.plan.unit
    made["level"] = groups.levels.get(p.kind, "")
    made["year"] = [years.get(site, np.nan) for site in new]
    made["gain"] = [p.plan.gain.get(site, np.nan) for site in new]
    for column, source in _sources(asked).items():
        made[column] = _of_parcels(parcels, source, places)
    made["body"] = (
        texts(parcels[asked.columns.body]).reindex(places).fillna("").array if asked.columns.body in parcels else ""
    )
    return made.assign(**dict(_of_question(results, p, sites)))


def _with_money(results: Results, made: pd.DataFrame) -> pd.DataFrame:
    """What the programme of money and staff says of new sites: cost, running cost, staff, beds."""
    if results.programme is None:
        return made
    known = results.programme.sites
    known = known.assign(site=known["site"].astype(str), question=known["question"].astype(str))
    found = made[["question", "site"]].merge(known.drop_duplicates(["question", "site"]), how="left")
    for column, source in _MONEY.items():
        made[column] = made[column].fillna(pd.Series(numbers(found[source]).to_numpy(), index=made.index))
    return made


def _of_parcels(parcels: pd.DataFrame, column: str, sites: list[str]) -> Any:
    return _number(parcels, column).reindex(sites).to_numpy(dtype="float64")


def _of_question(results: Results, p: Proposal, sites: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    """What a question says of its sites: land, what they hold, what they cost."""
    capacity = study_question(results.study, p.id).capacity
    if capacity is not None and capacity.land and capacity.land in sites:
        yield "land_m2", numbers(sites[capacity.land]).array
    if capacity is not None and "capacity" in sites and capacity.unit in ("beds", "graves"):
        yield capacity.unit, numbers(sites["capacity"]).array
    if "cost_yuan" in sites:
        yield "yuan", numbers(sites["cost_yuan"]).array


def _periods(rows: pd.DataFrame, asked: PlanFile) -> list[str]:
    """Near where the year is by the near term; far after it; without a year undated."""
    return [UNDATED if pd.isna(year) else NEAR if year <= asked.near else FAR for year in rows["year"]]


def _in_order(rows: pd.DataFrame, groups: Groups) -> pd.DataFrame:
    rows["group"] = rows["kind"].map(groups.group_of()).fillna(INSTITUTIONS)
    place = rows["kind"].map(groups.order()).fillna(len(groups.order()))
    keys = rows.assign(kept=rows["treatment"].eq(KEEP), place=place, when=rows["year"].fillna(9999))
    order = keys.sort_values(["kept", "county", "town", "place", "when", "site"], kind="stable").index
    made = rows.loc[order].reset_index(drop=True)
    return made.assign(number=np.arange(1, len(made) + 1))
