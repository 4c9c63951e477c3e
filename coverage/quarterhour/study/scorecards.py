"""The scorecards of a study: what its rules ask to be travelled, and what each date's rules come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

import geopandas as gpd
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.area_codes.classes import of_classes
from quarterhour.base.areas import with_areas
from quarterhour.standards.circle import CircleCheck, check_circle
from quarterhour.standards.rules import Circle
from quarterhour.standards.scorecard import Scorecard, score_targets
from quarterhour.standards.targets import Target
from quarterhour.standards.tiers import TierCheck, check_tiers
from quarterhour.study.inputs import Inputs
from quarterhour.travel.times import Heading, TravelTimes

SEARCHED_BEYOND = 2.0
"""How far past a standard one searches, so that a near miss has its minutes."""


class Travel(Protocol):
    """Times by a mode's name, as the study sets them: how far off a road, over how many threads."""

    def __call__(
        self, mode: str, communities: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, *, minutes: float, heading: Heading
    ) -> TravelTimes: ...


def scorecards(
    by_date: Mapping[date, Sequence[Target]],
    tables: Inputs,
    *,
    checks: Mapping[str, CircleCheck],
    travel: Travel,
) -> tuple[dict[date, Scorecard], dict[str, TierCheck]]:
    """A scorecard a date, and the tiers by target.

    Circles and tiers that rules ask for themselves are travelled once, whatever the date.
    """
    travelled: dict[tuple[object, ...], CircleCheck | TierCheck] = {}
    scored: dict[Target, pd.DataFrame] = {}
    made, every = {}, dict[str, TierCheck]()
    for day, targets in by_date.items():
        own, tiers = dict(checks), {}
        for target in targets:
            key = _question(target)
            if not key or not _answerable(target, tables):
                continue
            if key not in travelled:
                travelled[key] = _travelled(target, tables, travel)
            found = travelled[key]
            if isinstance(found, TierCheck):
                tiers[target.id] = found
            else:
                own[target.id] = found
        every |= {t: found for t, found in tiers.items() if t not in every}
        made[day] = score_targets(
            targets, communities=tables.communities, towns=tables.towns, counties=tables.counties,
            facilities=tables.facilities, checks=own, tables=tables.tables, layers=_layers(tables), tiers=tiers,
            units=tables.units.assign(name=_unit_names(tables.units)), scored=scored,
        )  # fmt: skip
    return made, every


def _question(target: Target) -> tuple[object, ...]:
    """What is travelled for a target, whatever its level; () for nothing."""
    if _own_circle(target) or (target.measure == "tiers" and target.minutes):
        return (
            target.measure,
            target.kinds,
            target.minutes,
            target.modes,
            target.heading,
            target.people,
            target.classes,
        )
    return ()


def _own_circle(target: Target) -> bool:
    """Whether it asks for a circle of its own."""
    return target.measure == "reach_share" or (target.measure == "served_share" and "reach" in target.served_by)


def _answerable(target: Target, tables: Inputs) -> bool:
    """Whether the kinds and people are there at all; else the scorecard says what to supply."""
    kinds = set(tables.facilities["kind"])
    if _own_circle(target):
        return target.people in tables.communities and bool(kinds & set(target.kinds))
    return target.columns[0] in tables.communities and all(kinds & set(tier.split("|")) for tier in target.kinds)


def _travelled(target: Target, tables: Inputs, travel: Travel) -> CircleCheck | TierCheck:
    facilities = with_areas(tables.facilities, tables.towns, tables.communities)
    if _own_circle(target):
        sites = facilities[facilities["kind"].isin(target.kinds)]
        circle = Circle(
            target.id, target.zh, target.en, target.kinds, target.modes[0], target.minutes[0], target.heading,
            target.people, clause=target.clause, source=target.source, date=target.date, verified=target.verified,
        )  # fmt: skip
        searched = circle.minutes * SEARCHED_BEYOND
        times = travel(circle.mode, tables.communities, sites, minutes=searched, heading=circle.heading)
        return check_circle(circle, times, tables.communities, kinds=sites["kind"], site_quality=sites["quality"])
    village, town, county = (facilities[facilities["kind"].isin(tier.split("|"))] for tier in target.kinds[:3])
    rural = tables.communities[of_classes(tables.communities[target.columns[0]], target.classes)]
    steps = [(rural, village), (rural, town), (town, county)]
    times_up = [
        travel(mode, below, above, minutes=minutes * SEARCHED_BEYOND, heading="to_site")
        for (below, above), minutes, mode in zip(steps, target.minutes, target.modes, strict=True)
    ]  # fmt: skip
    return check_tiers(rural, facilities, times=times_up, minutes=target.minutes)


def _unit_names(units: pd.DataFrame) -> list[str]:
    """Units by name; what is left of a county says so, in the language of such names."""
    rows = zip(units.get("name", ()), units.get("rest", ()), strict=True)
    return [i18n.say("report.unit_rest", "zh", name=name) if rest else str(name) for name, rest in rows]


def _layers(tables: Inputs) -> dict[str, gpd.GeoDataFrame]:
    return {"communities": tables.communities, "roads": tables.roads, **tables.layers}
