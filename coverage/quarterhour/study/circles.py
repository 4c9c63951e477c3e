"""The circles of a study: who is inside, at one pace and at a range of paces, and the ground reached."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import geopandas as gpd
import pandas as pd

from quarterhour.base.i18n import LANGUAGES
from quarterhour.io.offices.territorial import coarse
from quarterhour.network.network import Mode
from quarterhour.network.paces import at_pace
from quarterhour.network.snap import doubtful_snaps
from quarterhour.standards.circle import CircleCheck, check_circle
from quarterhour.standards.rules import Circle
from quarterhour.standards.sensitivity import CoverageRange, Pair, check_slower, coverage_range, searched_minutes
from quarterhour.study.file.circles import CircleFile, PictureFile
from quarterhour.study.inputs import Inputs
from quarterhour.study.scorecards import SEARCHED_BEYOND
from quarterhour.study.session import Run, mode_fields
from quarterhour.study.study import study_circle, study_mode, study_range
from quarterhour.travel.accessibility import nearest_beyond
from quarterhour.travel.isochrone import isochrones
from quarterhour.travel.times import TravelTimes

_BESIDE = (0.8, 1.25)
"""Factors to search where a range does not name any."""


def check_circles(
    run: Run, tables: Inputs
) -> tuple[tuple[CircleCheck, ...], tuple[CircleCheck, ...], tuple[CoverageRange, ...]]:
    """The circles, the same at other walkers' pace, and those whose pace is known as a range."""
    study = run.study
    checks: list[CircleCheck] = []
    compare: list[CircleCheck] = []
    ranges: list[CoverageRange] = []
    for file in study.file.circles:
        for name in (file.mode, *file.compare_modes):
            mode = study_mode(study, name, file.id)
            circle = study_circle(file.model_copy(update={"mode": name}), mode)
            given = study_range(study, file) if name == file.mode else None
            known = run.circle_times.pop((circle.id, mode.id), None)
            times = _circle_times(run, tables, circle, mode, given) if known is None else known
            (checks if name == file.mode else compare).append(_circle(run, tables, circle, mode, times))
            if given is not None:
                ranges.append(_range(run, tables, file, circle, times, given))
    return tuple(checks), tuple(compare), tuple(ranges)


def checks_of(run: Run, tables: Inputs) -> tuple[CircleCheck, ...]:
    """The circles alone; one that was asked before of the same places is taken as it is."""
    checks = []
    for file in run.study.file.circles:
        mode = study_mode(run.study, file.mode, file.id)
        circle = study_circle(file, mode)
        sites = circle_sites(tables, circle)
        asked = [sites.index, sites.geometry.x, sites.geometry.y, sites["kind"], sites["quality"]]
        question = (
            circle, repr(mode_fields(mode)), *(tuple(column.tolist()) for column in asked), id(tables.communities),
            id(tables.roads), run.study.file.study.snap_limit_m,
        )  # fmt: skip

        def made(circle: Circle = circle, mode: Mode = mode) -> tuple[Inputs, CircleCheck]:
            return tables, _circle(run, tables, circle, mode, _circle_times(run, tables, circle, mode, None))

        checks.append(run.study.shared.made_once("circles", question, made)[1])
    return tuple(checks)


def whom_circles_reach(run: Run, tables: Inputs, people: Collection[str]) -> pd.Series:
    """By community which circles that count some columns of people reach it, as a text of 1 and 0."""
    reached = pd.Series("", index=tables.communities.index, dtype="str")
    for file in run.study.file.circles:
        if file.people not in people:
            continue
        mode = study_mode(run.study, file.mode, file.id)
        circle = study_circle(file, mode)
        times = _circle_times(run, tables, circle, mode, study_range(run.study, file))
        run.circle_times[circle.id, mode.id] = times
        met = check_circle(circle, times, tables.communities, kinds=circle_sites(tables, circle)["kind"]).communities
        reached += met["met"].reindex(reached.index).astype(int).astype(str)
    return reached


def _circle_times(
    run: Run, tables: Inputs, circle: Circle, mode: Mode, given: tuple[Pair, Pair] | None, pace: float = 1.0
) -> TravelTimes:
    """Minutes to the circle's facilities, past its standard and as far as its range asks."""
    net = at_pace(run.network(tables.roads, mode), pace)
    far = circle.minutes * SEARCHED_BEYOND
    if given is not None:
        asked = searched_minutes(circle, speed=given[0], turnout_minutes=given[1], turnout=circle.turnout_minutes)
        far = max(far, asked)
    sites = circle_sites(tables, circle)
    run.say("study.step_circle", name=f"{circle.name(run.lang)} · {mode.name(run.lang)}")
    with run.timed(f"circle {circle.id} {mode.id}"):
        times = run.travel_times(
            net, tables.communities, sites, minutes=far, heading=circle.heading,
            turnout_minutes=circle.turnout_minutes, progress=run.share,
        )  # fmt: skip
    if pace == 1:
        run.doubts.append(doubtful_snaps(times.community_snap, tables.communities, table="communities"))
        run.doubts.append(doubtful_snaps(times.site_snap, sites, table="facilities"))
    return times


def circle_sites(tables: Inputs, circle: Circle) -> gpd.GeoDataFrame:
    """The facilities of a circle's kinds."""
    return tables.facilities[tables.facilities["kind"].isin(circle.kinds)]


def _circle(run: Run, tables: Inputs, circle: Circle, mode: Mode, times: TravelTimes) -> CircleCheck:
    sites = circle_sites(tables, circle)
    with run.timed(f"beyond {circle.id} {mode.id}"):
        net = run.network(tables.roads, mode)
        beyond = nearest_beyond(net, times, kinds=sites["kind"], threads=run.threads)
    found = check_circle(
        circle, times, tables.communities, kinds=sites["kind"], site_quality=sites["quality"], beyond=beyond
    )
    return replace(found, mode_names=_names(mode))


def _names(mode: Mode) -> dict[str, str]:
    return {lang: mode.name(lang) for lang in LANGUAGES}


def _range(
    run: Run, tables: Inputs, file: CircleFile, circle: Circle, times: TravelTimes, given: tuple[Pair, Pair]
) -> CoverageRange:
    """Who the circle covers always, sometimes, never; of two modes, each is searched, and the own lies between."""
    asked = {"kinds": circle_sites(tables, circle)["kind"], "speed": given[0], "turnout_minutes": given[1]}
    pair = file.uncertain.modes if file.uncertain else None
    own = study_mode(run.study, file.mode, file.id)

    def at(mode: Mode, pace: float = 1.0) -> TravelTimes:
        return _circle_times(run, tables, replace(circle, mode=mode.id), mode, given, pace)

    if pair is None:
        paced = {pace: at(own, pace) for pace in _paces(given[0])} if times.fixed_time else None
        return coverage_range(circle, times, tables.communities, **asked, paced=paced)
    slow, fast = (study_mode(run.study, name, file.id) for name in pair)
    for one, other in ((slow, own), (own, fast)):
        check_slower(run.network(tables.roads, one), run.network(tables.roads, other))
    ends = at(slow), at(fast)
    factors = zip((slow, fast), given[0], ends, strict=True)
    paced = {f: at(mode, f) for mode, f, found in factors if f != 1 and found.fixed_time}
    found = coverage_range(circle, ends[0], tables.communities, **asked, fast=ends[1], paced=paced)
    return replace(found, mode_names=(_names(slow), _names(fast)))


def _paces(speed: Pair) -> list[float]:
    """The factors to search beside 1: the ends of a range, and where one is 1 another, to tell where coverage flips."""
    slow, fast = speed
    return [slow if slow < 1 else _BESIDE[0], fast if fast > 1 else _BESIDE[1]]


def pictures(run: Run, tables: Inputs) -> gpd.GeoDataFrame | None:
    """The ground reached from the facilities of circles, as the study asks for it."""
    drawn = [_picture(run, tables, picture) for picture in run.study.file.pictures]
    return gpd.GeoDataFrame(pd.concat(drawn, ignore_index=True), crs=drawn[0].crs) if drawn else None


def _picture(run: Run, tables: Inputs, file: PictureFile) -> gpd.GeoDataFrame:
    of = next(c for c in run.study.file.circles if c.id == file.circle)
    mode = study_mode(run.study, of.mode, of.id)
    circle, net = study_circle(of, mode), run.network(tables.roads, mode)
    run.say("study.step_picture", name=circle.name(run.lang))
    wet = [_ground(tables, name) for name in (("water",) if file.water is None else file.water)]
    with run.timed(f"picture {circle.id}"):
        made = isochrones(
            net,
            circle_sites(tables, circle),
            minutes=file.minutes,
            heading=circle.heading,
            turnout_minutes=circle.turnout_minutes,
            radius_m=file.radius_m,
            cell_m=file.cell_m,
            land=_ground(tables, file.land or "land"),
            water=pd.concat([w for w in wet if w is not None]) if any(w is not None for w in wet) else None,
            union=not file.each,
            bands=file.bands,
            limit_m=run.study.file.study.snap_limit_m,
            threads=run.threads,
            progress=run.share,
        )
    made.insert(0, "circle", circle.id)
    return made


def _ground(tables: Inputs, name: str) -> gpd.GeoSeries | None:
    """The shapes of a layer, of the towns or counties; None where the study has no such layer.

    A picture shows where it was cut: of a secret layer only coarse shapes.
    """
    areas = {"towns": tables.towns, "counties": tables.counties, **tables.layers}
    shapes = areas[name].geometry if name in areas else None
    return coarse(shapes) if shapes is not None and name in tables.secret else shapes
