"""A sheet for each town: its communities, facilities and proposals on a map, its figures and gaps beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.arrays import FloatArray
from quarterhour.base.cells import texts
from quarterhour.report.papers.map_sheet import Mark
from quarterhour.report.papers.static_maps import file_stem
from quarterhour.report.plan.atlas.ground import AtlasGround, facility_points, town_ground
from quarterhour.report.plan.atlas.looks import (
    INSIDE,
    OUTSIDE,
    PARTLY,
    numbered,
    project_table,
    treated,
    treatment_legend,
)
from quarterhour.report.plan.atlas.sheet import Drawn, Imprint, Lines, Names, Points, Sheet, Table, frame_around
from quarterhour.report.plan.shown import NOT_OF_IT, no_data
from quarterhour.report.plan.text import PlanContent
from quarterhour.report.plan.told import Told
from quarterhour.report.section import say_of
from quarterhour.study.layout.facilities import KEEP
from quarterhour.study.layout.groups import INSTITUTIONS

_say = partial(say_of, "plan_sheets")
_LONGEST = 30
"""Letters of a name or an id in the name of a file."""
_OF_TOWN = ("communities", "older", "area_km2", "older_per_km2", "older_near", "older_far", "institutions_now",
            "institutions_after", "beds_now", "nursing_now", "nursing_beds", "beds_need", "beds_balance",
            "beds_need_near", "beds_need_far", "community_now", "community_after", "cemetery_now", "cemetery_after",
            "graves_need", "graves_now", "graves_new", "graves_missing")  # fmt: skip


@dataclass(frozen=True, eq=False)
class TownAtlas:
    """What the towns' sheets share. ``points``: of the facilities of the layout. ``status``: of each community:
    how many of the circles it is inside, as a share; missing where there is none. ``first``: number of the first."""

    content: PlanContent
    ground: AtlasGround
    points: FloatArray
    status: FloatArray
    imprint: Imprint
    first: int

    @property
    def told(self) -> Told:
        """What the tables are told with."""
        return self.content.told


def town_atlas(content: PlanContent, ground: AtlasGround, imprint: Imprint, first: int) -> TownAtlas:
    """What the towns' sheets share, made once."""
    told = content.told
    points = facility_points(told.layout.facilities, ground.crs)
    return TownAtlas(content, ground, points, inside_share(told), imprint, first)


def inside_share(told: Told) -> FloatArray:
    """Of each community the share of the study's circles that it is inside."""
    communities = told.results.inputs.communities
    met = [c.communities["met"].reindex(communities.index).to_numpy(float) for c in told.results.checks]
    return np.mean(met, axis=0) if met else np.full(len(communities), np.nan)


def town_sheets(atlas: TownAtlas) -> Iterator[Sheet]:
    """The sheets in the order of the tables; a town without an outline is shown by its communities."""
    rows = {row["town_id"]: row for row in atlas.content.filling.rows["towns"]}
    for place, (town, row) in enumerate(rows.items()):
        yield _sheet(atlas, town, row, atlas.first + place)


def _sheet(atlas: TownAtlas, town: str, row: Mapping[str, str], number: int) -> Sheet:
    told, lang = atlas.told, atlas.told.lang
    here = texts(told.results.inputs.communities["town"]).eq(town).to_numpy()
    frame = frame_around(_bounds(atlas, town, here))
    facilities = told.layout.facilities
    mine = facilities["town"].eq(town).to_numpy()
    rows, points = facilities[mine], atlas.points[mine]
    title = _say("town_title", lang, name=row["name"], county=row["county"])
    return Sheet(
        town_stem(number, row["name"], town), _say("number", lang, number=number), title,
        _say("town_line", lang, day=atlas.content.filling.figures["day"]), frame, atlas.ground.crs,
        (*_beneath(atlas, town, frame), *_community_marks(atlas, here), *treated(rows, points, scale=1.25),
         numbered(rows, points, 0.5), _names(rows, points), _community_names(atlas, here)),
        (*_community_legend(told, lang), *treatment_legend(told, rows)),
        (_figures(atlas, row), _gaps(told, row), _projects(told, rows)), atlas.imprint, lang,
    )  # fmt: skip


def town_stem(number: int, name: str, town: str) -> str:
    """The files of a town's sheet: letters and digits of its name and id that every system takes, and not too many."""
    about = file_stem("", f"{name[:_LONGEST]}-{town[:_LONGEST]}").strip("-.")
    return f"towns/{number:02d}-{about}"


def _bounds(atlas: TownAtlas, town: str, here: Any) -> FloatArray:
    if town in atlas.ground.towns.index:
        return np.asarray(atlas.ground.towns.geometry.loc[[town]].total_bounds)
    known = atlas.ground.communities[here]
    known = known[np.isfinite(known).all(axis=1)]
    return np.concatenate([known.min(axis=0), known.max(axis=0)]) if len(known) else np.asarray(_whole(atlas))


def _whole(atlas: TownAtlas) -> FloatArray:
    return np.asarray(atlas.ground.frame.window)


def _beneath(atlas: TownAtlas, town: str, frame: Any) -> list[Drawn]:
    if town in atlas.ground.towns.index:
        return town_ground(atlas.ground, town, frame)
    return list(atlas.ground.roads_in(frame))


def _community_marks(atlas: TownAtlas, here: Any) -> Iterator[Points]:
    status = atlas.status
    for hit, colour in ((status >= 1, INSIDE), ((status > 0) & (status < 1), PARTLY), (status <= 0, OUTSIDE)):
        yield Points(atlas.ground.communities[here & hit], "o", colour, "#ffffff", 6.5, 5.0, keeps=True)
    unknown = here & np.isnan(status)
    yield Points(atlas.ground.communities[unknown], "o", "#9aa5b1", "#ffffff", 6.5, 5.0)


def _community_legend(told: Told, lang: str) -> Iterator[Mark]:
    circles = len(told.results.checks)
    if circles:
        yield Mark(_say("inside_all", lang), INSIDE, "#ffffff", "o", 6.5)
    if circles > 1:
        yield Mark(_say("inside_some", lang), PARTLY, "#ffffff", "o", 6.5)
    yield Mark(
        _say("inside_none" if circles else "community", lang), OUTSIDE if circles else "#9aa5b1", "#ffffff", "o", 6.5
    )


def _names(rows: pd.DataFrame, points: FloatArray) -> Names:
    """Names of institutions; what is proposed is numbered and stands in the panel."""
    hit = (rows["group"].eq(INSTITUTIONS) & rows["treatment"].eq(KEEP)).to_numpy()
    return Names(points[hit], tuple(rows["name"][hit]), 7.0, bold=True, roam=True, below_cm=0.34)


def _community_names(atlas: TownAtlas, here: Any) -> Names:
    names = texts(atlas.told.results.inputs.communities["name"])[here]
    return Names(atlas.ground.communities[here], tuple(names), 6.0, roam=True, colour="#3d4854", below_cm=0.26)


# --- the panel ------------------------------------------------------------------------------------


def _figures(atlas: TownAtlas, row: Mapping[str, str]) -> Table:
    """The town's figures as the tables have them; what nobody knows says so, once for all years of a forecast."""
    told, lang = atlas.told, atlas.told.lang
    heads = {key: head for table in atlas.content.tables for key, head in table.heads.items() if key in row}
    keys = [key for key in _OF_TOWN if key in row and (key in _ALWAYS or row[key] != no_data(lang))]
    for check in told.results.checks:
        keys += [f"{check.circle.id}_{part}" for part in ("share", "after_share") if f"{check.circle.id}_{part}" in row]
    return Table(_say("figures", lang), (_say("item", lang), _say("value", lang)),
                 tuple((heads.get(key, key), row[key]) for key in keys), (3.2, 1.0))  # fmt: skip


_ALWAYS = ("older", "older_near", "older_far", "beds_now", "beds_need")


def _gaps(told: Told, row: Mapping[str, str]) -> Lines:
    """Who is outside which circle, and what is short, in sentences."""
    lang, lines = told.lang, []
    for check in told.results.checks:
        of = check.circle.id
        if f"{of}_outside" in row:
            lines.append(_say("gap_circle", lang, name=check.circle.name(lang), outside=row[f"{of}_outside"],
                              villages=row[f"{of}_villages_outside"]))  # fmt: skip
    for key in ("beds_balance", "graves_missing"):
        if row.get(key, "").startswith("-"):
            lines.append(_say(f"gap_{key}", lang, value=row[key]))
    return Lines(_say("gaps", lang), tuple(lines or [_say("gap_none", lang)]))


def _projects(told: Told, rows: pd.DataFrame) -> Table:
    """What becomes of the town's facilities; that all are kept, where they are."""
    table = project_table(told, rows, _say("projects", told.lang))
    kept = (NOT_OF_IT, _say("all_kept", told.lang), told.say("treatment_keep"), NOT_OF_IT)
    return table if table.rows else replace(table, rows=(kept,))
