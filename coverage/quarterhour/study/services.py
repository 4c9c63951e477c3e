"""Capacity, access, beds, rounds and graves of a study: what its file asks beyond circles and sites."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import geopandas as gpd
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.areas import with_areas
from quarterhour.base.cells import numbers, texts
from quarterhour.base.errors import StudyError
from quarterhour.network.network import Mode
from quarterhour.services.beds import Conversion, bed_need, cheapest_conversion
from quarterhour.services.equity import equity_by_area, measure_equity
from quarterhour.services.floating_catchments import assign_within, catchment_access
from quarterhour.services.rounds import RoundsPlan, RoundsRule, plan_rounds
from quarterhour.services.territories import Territories, draw_territories
from quarterhour.siting.candidates.exclusions import not_excluding
from quarterhour.siting.candidates.overlay import Overlay, Weight, lay_over, parcels
from quarterhour.standards.circle import CITY
from quarterhour.standards.rules import RuleSet
from quarterhour.study.burial.need import graves_needed
from quarterhour.study.file.services import AccessFile, BedsFile, OverlayFile, RoundsFile
from quarterhour.study.file.study import StudyFile
from quarterhour.study.inputs import Inputs
from quarterhour.study.results import Access, Care
from quarterhour.study.scorecards import Travel
from quarterhour.study.study import Study, study_mode

Step = Callable[[str], None]


def care_modes(study: Study) -> list[Mode]:
    """The modes whose networks ``care`` asks for."""
    rounds = study.file.rounds
    asked = [*(part.mode for part in study.file.access), *([rounds.mode] if rounds else [])]
    return [study_mode(study, mode, "care") for mode in asked]


def part_name(study: Study, part: str, lang: str) -> str:
    """What is worked out: a part of the program by its label, a question of the study by its name."""
    asked = {a.id: a.zh if lang == "zh" else a.en for a in study.file.access}
    return asked.get(part) or i18n.label("services", f"part_{part}", lang)


def care(file: StudyFile, tables: Inputs, *, travel: Travel, rules: Mapping[str, RuleSet], step: Step) -> Care:
    """Compute what the study file asks for but where parcels may lie (``parcels_found``); a part whose column or kind
    is not there is told in ``missing``.

    ``rules``: rule sets in force, by the name the study uses.
    """
    facilities = with_areas(tables.facilities, tables.towns, tables.communities)
    lost: list[tuple[str, str, str]] = []
    made = Care(access=_all_access(file, tables, facilities, travel, step, lost))
    if file.beds:
        homes = _sites(facilities, file.beds.kinds, "nursing_beds", "beds", lost)
        if homes is not None:
            made = replace(
                made, conversions=conversions(file.beds, homes), bed_need=_bed_need(file.beds, tables, homes)
            )
    if file.rounds:
        bases = _sites(facilities, file.rounds.kinds, file.rounds.staff, "rounds", lost)
        if bases is not None:
            step("rounds")
            territories, plan = _rounds(file.rounds, tables, bases, travel, seed=file.study.seed)
            made = replace(made, territories=territories, rounds=plan)
    if file.graves:
        needed = graves_needed(file, tables, _set(rules, file.graves.rules, "graves"))
        lost += [needed.lost] if needed.lost else []
        made = replace(made, graves=needed.demand, graves_shared_out=needed.shared_out)
    return replace(made, missing=tuple(lost))


def parcels_found(file: StudyFile, tables: Inputs, *, folder: Path, rules: Mapping[str, RuleSet], step: Step) -> Care:
    """Where parcels may lie, if the study file asks for it; siting questions may ask for them.

    ``folder``: of the study, for rasters. ``rules``: as ``care`` has them.
    """
    if not file.overlay:
        return Care()
    step("overlay")
    chosen = [_set(rules, name, "overlay") for name in file.overlay.rules]
    overlay, found = _overlay(file.overlay, tables, folder, chosen)
    return Care(overlay=overlay, parcels=found)


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
    """The cheapest conversion for the city, or for each county on its own.

    Without a column ``bed_yuan`` it is the fewest beds, and what they cost is missing.
    """
    table = homes.assign(beds=_whole(homes["beds"]), nursing_beds=_whole(homes["nursing_beds"]))
    groups = [(CITY, table)] if asked.level == "city" else table.groupby(texts(table["county"]), sort=True)
    made = {str(area): cheapest_conversion(mine, share=asked.share) for area, mine in groups}
    if "bed_yuan" in homes:
        return made
    return {area: replace(found, rows=found.rows.assign(cost_yuan=float("nan"))) for area, found in made.items()}


def _bed_need(asked: BedsFile, tables: Inputs, homes: pd.DataFrame) -> pd.DataFrame | None:
    """What older people want in beds and what there is, by county; None where the study does not say who wants one."""
    if asked.wanted is None:
        return None
    people = tables.communities[asked.people].groupby(texts(tables.communities["county"])).sum()
    beds = _whole(homes["beds"]).groupby(texts(homes["county"])).sum()
    return bed_need(people, beds=beds, share=asked.wanted)


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
        seconds=math.inf if asked.seconds is None else asked.seconds, seed=seed,
    )  # fmt: skip
    return territories, plan


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
