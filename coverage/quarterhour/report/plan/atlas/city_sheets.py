"""The sheets of the whole: location, what stands, density, reach, gaps, layouts, near term, cemeteries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import shapely

from quarterhour.base.arrays import BoolArray, FloatArray
from quarterhour.base.labels import counted_label, percent
from quarterhour.report.papers.ground import in_crs, points_of
from quarterhour.report.papers.map_sheet import Mark
from quarterhour.report.papers.static_maps import SHADES, file_stem
from quarterhour.report.plan.atlas.ground import (
    AtlasGround,
    areas_of,
    city_ground,
    county_names,
    facility_points,
    town_names,
)
from quarterhour.report.plan.atlas.looks import COLOURS, SHAPES, numbered, project_table, treated, treatment_legend
from quarterhour.report.plan.atlas.sheet import Drawn, Imprint, Names, Numbers, Points, Sheet, Table
from quarterhour.report.plan.text import PlanContent
from quarterhour.report.plan.told import Told
from quarterhour.report.section import say_of
from quarterhour.standards.circle import CircleCheck
from quarterhour.study.layout.facilities import BUILD, KEEP, NEAR
from quarterhour.study.layout.groups import CEMETERY, COMMUNITY, INSTITUTIONS

_say = partial(say_of, "plan_sheets")
_INSIDE, _OUTSIDE, _UNKNOWN = "#8fb8d8", "#d1430f", "#8a94a3"
_DENSITY = ("#fef0d9", "#fdcc8a", "#fc8d59", "#e34a33", "#b30000")
_STEPS = (0.2, 0.4, 0.6, 0.8)
_COUNTIES = ("#f3e3c3", "#d9e8cf", "#d6e4f0", "#ecdcec", "#f6d9d0", "#dfe3e8", "#e9ecc8", "#cfe6e4")
_KIND_COLOURS = ("#1d5fa8", "#c2185b", "#2e7d4f", "#d9822b", "#7b3fa0", "#0e7c86", "#6b4f2a", "#111827", "#b8860b")
_YEARS = ("#b30000", "#e34a33", "#fc8d59", "#e0a500", "#2e7d4f", "#1d5fa8", "#7b3fa0", "#4a5568")
_WORST, _APART_CM = 22, 0.46


@dataclass(frozen=True, eq=False)
class CityAtlas:
    """What the sheets of the whole share. ``points``: of the facilities of the layout."""

    content: PlanContent
    ground: AtlasGround
    points: FloatArray
    imprint: Imprint

    @property
    def told(self) -> Told:
        """What the tables are told with."""
        return self.content.told

    @property
    def facilities(self) -> pd.DataFrame:
        """The facilities of the layout."""
        return pd.DataFrame(self.told.layout.facilities)


def city_sheets(content: PlanContent, ground: AtlasGround, imprint: Imprint) -> list[Sheet]:
    """The sheets of the whole in their order; one that has nothing to show is left out."""
    points = facility_points(content.told.layout.facilities, ground.crs)
    atlas = CityAtlas(content, ground, points, imprint)
    made = [_location(atlas), _present(atlas), *_density(atlas)]
    made += [sheet for check in content.told.results.checks for sheet in (_reach(atlas, check), *_gap(atlas, check))]
    made += [*_layout(atlas, INSTITUTIONS), *_layout(atlas, COMMUNITY), *_near(atlas), *_cemeteries(atlas)]
    lang = content.told.lang
    return [_counted(sheet, number, lang) for number, sheet in enumerate(made, start=1)]


def _counted(sheet: Sheet, number: int, lang: str) -> Sheet:
    return replace(sheet, stem=f"{number:02d}-{sheet.stem}", number=_say("number", lang, number=number))


def _sheet(
    atlas: CityAtlas, key: str, drawn: Sequence[Drawn], legend: Sequence[Mark], panel: Sequence[Table],
    *, stem: str = "", **said: object,
) -> Sheet:  # fmt: skip
    lang, figures = atlas.told.lang, atlas.content.filling.figures
    line = _say(f"line_{key}", lang, day=figures["day"], **said)
    return Sheet(stem or key, "", _say(f"title_{key}", lang, **said), line, atlas.ground.frame, atlas.ground.crs,
                 tuple(drawn), tuple(legend), tuple(panel), atlas.imprint, lang)  # fmt: skip


def _area_table(atlas: CityAtlas, key: str, columns: Sequence[str], *, level: str = "county") -> Table:
    """Some columns of a table by area: the whole and its counties, or the towns."""
    table, areas = atlas.content.table(key), atlas.told.layout.areas
    shown = table.shown(atlas.told.lang)
    rows = shown[areas["level"].isin(["city", level]).to_numpy()]
    kept = [c for c in columns if c in table.heads]
    heads = (_say("area", atlas.told.lang), *(table.heads[c] for c in kept))
    return Table(_say("by_county", atlas.told.lang), tuple(_short(h) for h in heads),
                 tuple((r["name"], *(r[c] for c in kept)) for r in rows.to_dict("records")),
                 (1.3, *([1.2] * len(kept))))  # fmt: skip


def _short(head: str) -> str:
    """A heading for a narrow column: what stands before its unit, behind the name of what it is of."""
    return head.rpartition("：")[2].rpartition(": ")[2].partition("（")[0]


# --- what is there --------------------------------------------------------------------------------


def _location(atlas: CityAtlas) -> Sheet:
    ground, lang = atlas.ground, atlas.told.lang
    drawn = city_ground(ground, names=False)
    for place, shape in enumerate(ground.counties.geometry):
        colour = _COUNTIES[place % len(_COUNTIES)]
        drawn.append(areas_of([shape], ground.frame, face=colour, order=1.5, alpha=0.55))
    drawn += [county_names(ground)] if len(ground.counties) else []
    drawn += [town_names(ground)] if len(ground.towns) else []
    legend = [
        Mark(name, _COUNTIES[i % len(_COUNTIES)], "#9aa5b1", "area") for i, name in enumerate(ground.counties["name"])
    ]
    legend.append(Mark(_say("main_road", lang), "#d9d4cb", shape="line", size=1.5))
    return _sheet(atlas, "location", drawn, legend, [_area_table(atlas, "people", ["communities", "older", "area_km2"]),
                   _first_towns(atlas, "people", "older", "most_people")])  # fmt: skip


def _present(atlas: CityAtlas) -> Sheet:
    told, facilities = atlas.told, atlas.facilities
    standing = facilities["treatment"].ne(BUILD)
    drawn, legend = city_ground(atlas.ground), []
    kinds = [k for k in told.layout.groups.order() if (facilities["kind"].eq(k) & standing).any()]
    group_of = told.layout.groups.group_of()
    for place, kind in enumerate(kinds):
        hit = (facilities["kind"].eq(kind) & standing).to_numpy()
        many = hit.sum() > 150
        colour, shape = _KIND_COLOURS[place % len(_KIND_COLOURS)], SHAPES[group_of[kind]]
        drawn.append(Points(atlas.points[hit], shape, colour, "none" if many else "#ffffff", 2.6 if many else 6.0,
                            5.0 if many else 6.0))  # fmt: skip
        text = told.say("said_kind", kind=told.kind(kind)) + told.say("legend_count", count=int(hit.sum()))
        legend.append(Mark(text, colour, "#ffffff", shape, 6.0))
    panel = [_area_table(atlas, "balance", ["institutions_now", "beds_now", "nursing_now"]),
             _area_table(atlas, "services", ["community_now"])]  # fmt: skip
    return _sheet(atlas, "present", drawn, legend, panel)


def _density(atlas: CityAtlas) -> Iterator[Sheet]:
    areas, ground, lang = atlas.told.layout.areas, atlas.ground, atlas.told.lang
    towns = areas[areas["level"].eq("town")].set_index("area")["older_per_km2"]
    known = towns.reindex(ground.towns.index).to_numpy(dtype=float)
    if not np.isfinite(known).any():
        return
    steps = np.unique(np.round(np.nanquantile(known, [0.2, 0.4, 0.6, 0.8]), -1))
    shade = np.searchsorted(steps, known, side="right")
    drawn = [*city_ground(ground, names=False), *_shaded(ground, np.where(np.isfinite(known), shade, -1), _DENSITY)]
    drawn.append(town_names(ground, 7.0, [f"{n}\n{v:,.0f}" if np.isfinite(v) else n for n, v in
                                          zip(ground.towns["name"], known, strict=True)]))  # fmt: skip
    ends = [0.0, *steps.tolist()]
    legend = [Mark(_say("density_step", lang, low=low, high=high), colour, "#9aa5b1", "area")
              for low, high, colour in zip(ends, ends[1:], _DENSITY, strict=False)]  # fmt: skip
    legend.append(Mark(_say("density_top", lang, low=ends[-1]), _DENSITY[len(steps)], "#9aa5b1", "area"))
    panel = [_area_table(atlas, "people", ["older", "area_km2", "older_per_km2"]),
             _first_towns(atlas, "people", "older_per_km2", "densest")]  # fmt: skip
    yield _sheet(atlas, "density", drawn, legend, panel)


def _shaded(ground: AtlasGround, shade: Any, colours: Sequence[str]) -> list[Drawn]:
    shapes = ground.towns.geometry.to_numpy()
    return [areas_of(shapes[shade == step], ground.frame, face=colour, edge="#ffffff", width=0.5, order=2.6)
            for step, colour in (*enumerate(colours), (-1, "#ffffff")) if (shade == step).any()]  # fmt: skip


def _first_towns(atlas: CityAtlas, key: str, column: str, title: str, *, least: bool = False) -> Table:
    """The towns with most (or least) of a column, as the table has it."""
    areas, table, lang = atlas.told.layout.areas, atlas.content.table(key), atlas.told.lang
    values = pd.to_numeric(areas[column], errors="coerce").where(areas["level"].eq("town"))
    order = values.dropna().sort_values(ascending=least, kind="stable").index[:_WORST]
    shown = table.shown(lang).loc[order]
    return Table(
        _say(title, lang),
        (_say("area", lang), atlas.told.say("col_county"), _short(table.heads[column])),
        tuple(zip(shown["name"], shown["county"], shown[column], strict=True)),
        (1.6, 1.2, 1.0),
        left=(0, 1),
    )


# --- reach and gaps -------------------------------------------------------------------------------


def _reach(atlas: CityAtlas, check: CircleCheck) -> Sheet:
    told, lang, ground = atlas.told, atlas.told.lang, atlas.ground
    rows, of = check.communities, check.circle.id
    met, unknown = rows["met"].to_numpy(bool), rows["reason"].eq("not_snapped").to_numpy()
    drawn = [*city_ground(ground), *_pictures(atlas, check)]
    drawn.append(Points(ground.communities[met], "o", "#1d5fa8", "none", 3.2, 6.0))
    drawn.append(Points(ground.communities[~met & ~unknown], "o", _OUTSIDE, "none", 3.2, 6.1))
    drawn.append(Points(ground.communities[unknown], "o", "none", _UNKNOWN, 3.5, 6.2))
    legend = [Mark(_say("inside", lang), "#1d5fa8", size=4.0), Mark(_say("outside", lang), _OUTSIDE, size=4.0)]
    legend += [Mark(_say("unknown", lang), "none", _UNKNOWN, size=4.0)] if unknown.any() else []
    legend += [
        Mark(_say("ground_reached", lang, minutes=m), colour, shape="area")
        for m, colour in _picture_steps(atlas, check)
    ]
    panel = [_area_table(atlas, "services", [f"{of}_people", f"{of}_met", f"{of}_share"]),
             _first_towns(atlas, "services", f"{of}_share", "least_share", least=True)]  # fmt: skip
    return _sheet(atlas, "reach", drawn, legend, panel, stem=file_stem("reach", of), name=check.circle.name(lang),
                  mode=check.mode_name(lang), minutes=f"{check.circle.minutes:g}",
                  people=counted_label(check.circle.people, told.lang))  # fmt: skip


_GROUND = ("#cfe0ee", "#b3cfe4", "#93bad8")


def _picture_steps(atlas: CityAtlas, check: CircleCheck) -> list[tuple[float, str]]:
    pictures = atlas.told.results.pictures
    if pictures is None or not {"circle", "minutes"} <= set(pictures):
        return []
    minutes = sorted({float(m) for m in pictures.loc[pictures["circle"].eq(check.circle.id), "minutes"]}, reverse=True)
    return [(m, _GROUND[min(place, len(_GROUND) - 1)]) for place, m in enumerate(minutes)]


def _pictures(atlas: CityAtlas, check: CircleCheck) -> Iterator[Drawn]:
    """The ground reached, as the study draws it: the widest first."""
    for place, (minutes, colour) in enumerate(_picture_steps(atlas, check)):
        pictures: Any = atlas.told.results.pictures
        mine = pictures[pictures["circle"].eq(check.circle.id) & pictures["minutes"].astype(float).eq(minutes)]
        shapes = in_crs(mine, atlas.ground.crs).geometry.to_numpy()
        yield areas_of(shapes, atlas.ground.frame, face=colour, order=1.6 + place / 10)


def _gap(atlas: CityAtlas, check: CircleCheck) -> Iterator[Sheet]:
    ground, areas, lang = atlas.ground, atlas.told.layout.areas, atlas.told.lang
    if not len(ground.towns):
        return
    of = check.circle.id
    share = areas[areas["level"].eq("town")].set_index("area")[f"{of}_share"].reindex(ground.towns.index)
    known = pd.to_numeric(share, errors="coerce").to_numpy(dtype=float)
    shade = np.where(np.isfinite(known), np.searchsorted(_STEPS, known, side="right"), -1)
    drawn = [*city_ground(ground, names=False), *_shaded(ground, shade, SHADES)]
    drawn.append(_share_names(ground, known))
    ends = (0.0, *_STEPS, 1.0)
    steps = [_say("share_step", lang, low=percent(a, decimals=0), high=percent(b, decimals=0))
             for a, b in zip(ends, ends[1:], strict=False)]  # fmt: skip
    legend = [Mark(text, colour, "#9aa5b1", "area") for text, colour in zip(steps, SHADES, strict=True)]
    panel = [_first_towns(atlas, "services", f"{of}_outside", "most_outside")]
    yield _sheet(atlas, "gap", drawn, legend, panel, stem=file_stem("gap", of), name=check.circle.name(lang),
                 people=counted_label(check.circle.people, lang))  # fmt: skip


def _share_names(ground: AtlasGround, shares: FloatArray) -> Names:
    """Names of towns with their share, the worst first."""
    order = np.argsort(np.where(np.isfinite(shares), shares, 2.0), kind="stable")
    names = ground.towns["name"].to_numpy()
    texts = tuple(f"{names[i]}\n{percent(shares[i], decimals=0)}" for i in order)
    return Names(ground.town_points[order], texts, 7.0, roam=True)


# --- layouts --------------------------------------------------------------------------------------


def _layout(atlas: CityAtlas, group: str) -> Iterator[Sheet]:
    told, facilities = atlas.told, atlas.facilities
    mine = facilities["group"].eq(group).to_numpy()
    if not mine.any():
        return
    rows, points = facilities[mine], atlas.points[mine]
    drawn = [*city_ground(atlas.ground), *treated(rows, points, scale=0.75), *_numbers(rows, points, atlas)]
    keys = {INSTITUTIONS: ("balance", ["institutions_now", "institutions_new", "institutions_after"]),
            COMMUNITY: ("services", ["community_now", "community_new", "community_after"])}  # fmt: skip
    panel = [_area_table(atlas, *keys[group])]
    if group == INSTITUTIONS:
        panel.append(
            _area_table(atlas, "balance", ["beds_now", "converted", "nursing_beds", "beds_need", "beds_balance"])
        )
    panel.append(project_table(told, rows, _say("projects", told.lang)))
    yield _sheet(atlas, f"layout_{group}", drawn, treatment_legend(told, rows), panel)


def _numbers(rows: pd.DataFrame, points: FloatArray, atlas: CityAtlas) -> Iterator[Numbers]:
    """The numbers of what changes, as many as cover no other."""
    every = numbered(rows, points, 0.4)
    kept = _apart(atlas.ground.frame.centimetres(every.points))
    if kept.any():
        pick = np.flatnonzero(kept)
        yield Numbers(
            every.points[pick], tuple(every.numbers[i] for i in pick), tuple(every.edges[i] for i in pick), 0.4
        )


def _apart(points_cm: FloatArray) -> BoolArray:
    """The points that are far enough from every one kept before."""
    kept = np.zeros(len(points_cm), dtype=bool)
    for i, point in enumerate(points_cm):
        others = points_cm[kept]
        kept[i] = not len(others) or np.hypot(*(others - point).T).min() >= _APART_CM
    return kept


def _near(atlas: CityAtlas) -> Iterator[Sheet]:
    told, facilities, lang = atlas.told, atlas.facilities, atlas.told.lang
    soon = facilities["period"].eq(NEAR) & facilities["treatment"].ne(KEEP)
    if not soon.any():
        return
    drawn, legend = city_ground(atlas.ground), []
    for place, year in enumerate(sorted({int(y) for y in facilities.loc[soon, "year"]})):
        colour, of_year = _YEARS[min(place, len(_YEARS) - 1)], soon & facilities["year"].eq(year).fillna(False)
        for group, shape in SHAPES.items():
            hit = (of_year & facilities["group"].eq(group)).to_numpy(bool)
            drawn.append(Points(atlas.points[hit], shape, colour, "#ffffff", 7.5, 6.0 + place / 10))
        text = _say("of_year", lang, year=year) + told.say("legend_count", count=int(of_year.sum()))
        legend.append(Mark(text, colour, "#ffffff", "s", 7.0))
    legend += [Mark(told.say(f"group_{g}"), "none", COLOURS[KEEP], shape, 6.5) for g, shape in SHAPES.items()]
    table = atlas.content.table("years")
    keys = ("year", "kind", "treatment", "sites")
    rows = tuple(tuple(r[k] for k in keys) for r in table.shown(lang).to_dict("records"))
    panel = [
        Table(table.title, tuple(_short(table.heads[k]) for k in keys), rows, (0.8, 1.6, 0.9, 0.7), left=(0, 1, 2))
    ]
    yield _sheet(atlas, "near", drawn, legend, panel, year=told.years["near"])


def _cemeteries(atlas: CityAtlas) -> Iterator[Sheet]:
    told, facilities, care, lang = atlas.told, atlas.facilities, atlas.told.results.care, atlas.told.lang
    mine = facilities["group"].eq(CEMETERY).to_numpy()
    if not mine.any() and care.overlay is None:
        return
    rows, points = facilities[mine], atlas.points[mine]
    drawn, legend = city_ground(atlas.ground), []
    if care.overlay is not None:
        drawn.append(areas_of(_lawful_cells(atlas), atlas.ground.frame, face="#cfe3c8", order=1.7))
        legend.append(Mark(_say("lawful", lang), "#cfe3c8", "#9aa5b1", "area"))
    if care.parcels is not None and len(care.parcels):
        drawn.append(Points(points_of(care.parcels, atlas.ground.crs), "s", "none", "#2e7d4f", 3.4, 5.0))
        legend.append(Mark(_say("parcel", lang), "none", "#2e7d4f", "s", 4.0))
    drawn += [*treated(rows, points), *_numbers(rows, points, atlas)]
    panel = [_area_table(atlas, "graves", ["cemetery_now", "cemetery_new"]),
             _area_table(atlas, "graves", ["graves_need", "graves_now", "graves_new", "graves_missing"]),
             project_table(told, rows, _say("projects", lang))]  # fmt: skip
    yield _sheet(atlas, "cemeteries", drawn, [*legend, *treatment_legend(told, rows)], panel)


def _lawful_cells(atlas: CityAtlas) -> Any:
    import geopandas as gpd

    overlay: Any = atlas.told.results.care.overlay
    cells, half = overlay.cells[overlay.cells["lawful"]], overlay.cell_m / 2
    x, y = cells["x"].to_numpy(), cells["y"].to_numpy()
    boxes = shapely.union_all(shapely.box(x - half, y - half, x + half, y + half))
    return gpd.GeoSeries([boxes], crs=overlay.crs).to_crs(atlas.ground.crs).to_numpy()
