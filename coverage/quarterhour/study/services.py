"""Capacity, access, beds, rounds and graves of a study: what its file asks beyond circles and sites."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import geopandas as gpd
import pandas as pd

from quarterhour.base.areas import with_areas
from quarterhour.base.cells import numbers, texts
from quarterhour.base.errors import StudyError
from quarterhour.services.beds import Conversion, cheapest_conversion
from quarterhour.services.equity import equity_by_area, measure_equity
from quarterhour.services.floating_catchments import assign_within, catchment_access
from quarterhour.services.graves import GraveDemand, grave_demand, shared_out
from quarterhour.services.rounds import RoundsPlan, RoundsRule, plan_rounds
from quarterhour.services.territories import Territories, draw_territories
from quarterhour.siting.candidates.exclusions import not_excluding
from quarterhour.siting.candidates.overlay import Overlay, Weight, lay_over, parcels
from quarterhour.standards.circle import CITY
from quarterhour.standards.rules import RuleSet
from quarterhour.study.file.services import AccessFile, BedsFile, GravesFile, OverlayFile, RoundsFile
from quarterhour.study.file.study import StudyFile
from quarterhour.study.inputs import Inputs
from quarterhour.study.results import Access, Care
from quarterhour.study.scorecards import Travel

Step = Callable[[str], None]


def care(
    file: StudyFile, tables: Inputs, *, folder: Path, travel: Travel, rules: Mapping[str, RuleSet], step: Step
) -> Care:
    """Compute what the study file asks for; a part whose column or kind is not there is told in ``missing``.

    ``folder``: of the study, for rasters. ``rules``: rule sets in force, by the name the study uses.
    """
    facilities = with_areas(tables.facilities, tables.towns, tables.communities)
    lost: list[tuple[str, str, str]] = []
    made = Care(access=_all_access(file, tables, facilities, travel, step, lost))
    if file.beds:
        homes = _sites(facilities, file.beds.kinds, "nursing_beds", "beds", lost)
        made = made if homes is None else replace(made, conversions=conversions(file.beds, homes))
    if file.rounds:
        bases = _sites(facilities, file.rounds.kinds, file.rounds.staff, "rounds", lost)
        if bases is not None:
            step("rounds")
            territories, plan = _rounds(file.rounds, tables, bases, travel, seed=file.study.seed)
            made = replace(made, territories=territories, rounds=plan)
    if file.graves:
        demand, shared = graves_needed(
            file.graves, tables, _set(rules, file.graves.rules, "graves"), lost, people=file.communities.people[0]
        )
        made = replace(made, graves=demand, graves_shared_out=shared)
    if file.overlay:
        step("overlay")
        chosen = [_set(rules, name, "overlay") for name in file.overlay.rules]
        overlay, found = _overlay(file.overlay, tables, folder, chosen)
        made = replace(made, overlay=overlay, parcels=found)
    return replace(made, missing=tuple(lost))


def _all_access(
    file: StudyFile, tables: Inputs, facilities: gpd.GeoDataFrame, travel: Travel, step: Step,
    lost: list[tuple[str, str, str]],
) -> tuple[Access, ...]:  # fmt: skip
    answers = []
    for asked in file.access:
        sites = _sites(facilities, asked.kinds, asked.capacity, asked.id, lost)
        if sites is not None:
            step(asked.id)
            answers.append(_access(asked, tables, sites, travel))
    return tuple(answers)


def _set(rules: Mapping[str, RuleSet], name: str, part: str) -> RuleSet:
    if name not in rules:
        raise StudyError("services.no_rules", part=part, name=name, known=", ".join(rules))
    return rules[name]


def _sites(
    facilities: gpd.GeoDataFrame, kinds: Sequence[str], column: str, part: str, lost: list[tuple[str, str, str]]
) -> gpd.GeoDataFrame | None:
    rows = facilities[facilities["kind"].isin(kinds)]
    if not len(rows):
        lost.append((part, "facilities", f"kind = {' | '.join(kinds)}"))
        return None
    if column not in rows or numbers(rows[column]).isna().all():
        lost.append((part, "facilities", column))
        return None
    return rows


def _whole(values: pd.Series) -> pd.Series:
    return numbers(values).fillna(0).round().astype("int64")


def _access(asked: AccessFile, tables: Inputs, sites: gpd.GeoDataFrame, travel: Travel) -> Access:
    people = (tables.communities[asked.people] * asked.share).round().astype("int64")
    capacity = _whole(sites[asked.capacity])
    times = travel(asked.mode, tables.communities, sites, minutes=asked.minutes, heading=asked.heading)
    columns = {
        m: catchment_access(times, people=people, capacity=capacity, minutes=asked.minutes, method=m)["access"]
        for m in asked.methods
    }
    access = pd.DataFrame(columns)
    first = access[asked.methods[0]]
    towns = texts(tables.communities["town"])
    return Access(
        asked, access, people, towns, assign_within(times, people=people, capacity=capacity, minutes=asked.minutes),
        measure_equity(first, people=people, areas=towns), equity_by_area(first, people=people, areas=towns),
    )  # fmt: skip


def conversions(asked: BedsFile, homes: pd.DataFrame) -> dict[str, Conversion]:
    """The cheapest conversion for the city, or for each county on its own."""
    table = homes.assign(beds=_whole(homes["beds"]), nursing_beds=_whole(homes["nursing_beds"]))
    if asked.level == "city":
        return {CITY: cheapest_conversion(table, share=asked.share)}
    groups = table.groupby(texts(table["county"]), sort=True)
    return {str(county): cheapest_conversion(mine, share=asked.share) for county, mine in groups}


def _rounds(
    asked: RoundsFile, tables: Inputs, bases: gpd.GeoDataFrame, travel: Travel, *, seed: int
) -> tuple[Territories, RoundsPlan]:
    homes, ways = tables.communities, partial(travel, asked.mode)
    people = homes[asked.people].astype("int64")
    out = ways(homes, bases, minutes=asked.farthest_minutes, heading="to_community")
    back = ways(homes, bases, minutes=asked.farthest_minutes, heading="to_site")
    some = homes[people > 0]
    between = ways(some, some, minutes=asked.farthest_minutes / 2, heading="to_community")
    staff = numbers(bases[asked.staff]).fillna(0)
    territories = draw_territories(
        out, work=people * asked.visits_a_week, staff=staff, minutes=asked.farthest_minutes, slack=asked.slack
    )
    rule = RoundsRule(
        asked.visits_a_week, asked.days_a_week, asked.visit_minutes, asked.between_homes_minutes, asked.shift_minutes,
        asked.turnout_minutes, asked.source,
    )  # fmt: skip
    served = territories.communities["site"].where(people > 0)
    plan = plan_rounds(
        served, people=people, out=out, back=back, between=between, minutes=asked.minutes, rule=rule,
        seconds=asked.seconds, seed=seed,
    )  # fmt: skip
    return territories, plan


def graves_needed(
    asked: GravesFile, tables: Inputs, rules: RuleSet, lost: list[tuple[str, str, str]], *, people: str
) -> tuple[GraveDemand | None, bool]:
    figures = {f.id: f.value for f in rules.figures}
    table = tables.tables.get(asked.table)
    if table is None or not ({"town", "deaths"} <= set(table) or {"area", "level", "indicator", "value"} <= set(table)):
        lost.append(("graves", asked.table, "town, deaths, backlog"))
        return None, False
    if "deaths" in table:
        by_town = table.assign(town=texts(table["town"])).set_index("town")
        areas = pd.DataFrame({c: numbers(by_town[c]).fillna(0) for c in ("deaths", "backlog") if c in by_town})
        return grave_demand(areas, figures=figures, eco_share=asked.eco_share), False
    rows = table[texts(table["indicator"]).eq("deaths") & texts(table["level"]).eq(CITY)]
    if not len(rows):
        lost.append(("graves", asked.table, "deaths"))
        return None, False
    by_town = tables.communities.groupby(texts(tables.communities["town"]))[people].sum()
    deaths = shared_out(float(numbers(rows["value"]).iloc[0]), by=by_town)
    return grave_demand(deaths.to_frame("deaths"), figures=figures, eco_share=asked.eco_share), True


def _overlay(
    asked: OverlayFile, tables: Inputs, folder: Path, rules: Sequence[RuleSet]
) -> tuple[Overlay, gpd.GeoDataFrame]:
    layers = {"communities": tables.communities, "roads": tables.roads, **tables.layers}
    every = [e for found in rules for e in found.exclusions if asked.kind in e.kinds]
    overlay = lay_over(
        tables.towns,
        rules=every,
        reporting=not_excluding(every, asked.exclude_unverified),
        layers=layers,
        cell_m=asked.cell_m,
        elevation=None if asked.elevation is None else folder / asked.elevation,
        steepest_degrees=asked.steepest_degrees,
        land_cover=None if asked.land_cover is None else folder / asked.land_cover,
        forbidden_cover=asked.forbidden_cover,
        weights=[Weight(w.layer, w.best, w.worst, w.share) for w in asked.wishes],
    )
    found = parcels(overlay, least_m2=asked.least_m2, most=asked.most_a_town)
    return overlay, found.assign(quality=asked.quality, source=asked.source or found["source"])
