"""The maps of the papers: who is left outside each circle, shares by town, sites to build, what stands today."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.base.kinds import kind_label
from quarterhour.base.labels import counted_label, percent
from quarterhour.report.papers.fonts import lettering
from quarterhour.report.papers.ground import Ground, build_ground, draw_discs, outline_path, points_of
from quarterhour.report.papers.map_labels import Box, inner_points, pushed_apart, write_labels
from quarterhour.report.papers.map_sheet import INK, Imprint, MapSheet, Mark, Print, print_sheet
from quarterhour.report.section import say_of
from quarterhour.standards.circle import CircleCheck
from quarterhour.study.file.siting import SitingFile
from quarterhour.study.results import Proposal, Results

INSIDE, OUTSIDE, GAINED, UNKNOWN = "#8fb8d8", "#d1430f", "#1d5fa8", "#8a94a3"
"""Blue and vermilion are told apart by everybody; what a plan gains is the darker blue."""
SHADES = ("#8c2d04", "#cc4c02", "#ec8a3a", "#fcc98f", "#fdefdc")
"""One hue, the worst the darkest: shares below 20, 40, 60, 80 and up to 100 percent."""
_STEPS = (0.2, 0.4, 0.6, 0.8)
_KINDS = (("#1d5fa8", "o"), ("#d1430f", "s"), ("#2e7d4f", "^"), ("#7b3fa0", "D"), ("#b8860b", "v"), ("#0e7c86", "P"),
          ("#6b4f2a", "X"), ("#c2478b", "<"), ("#4a5568", ">"), ("#111827", "*"))  # fmt: skip
_MOVED, _FEW_SITES = 40, 150
"""Sites up to which all are numbered and moved apart; facilities of a kind up to which their marks are large."""
_DISC_CM, _DISC_EDGE, _POINTS_PER_CM = 0.41, "#111827", 72 / 2.54
_say = partial(say_of, "papers_maps")


@dataclass(frozen=True, eq=False)
class MapPrint:
    """A map on paper: the stem of its files, ``kind`` (gap, towns, sites, facilities), what it is about, its title."""

    stem: str
    kind: str
    about: str
    title: str
    made: Print


def print_maps(results: Results, lang: str, *, ribbon: str = "") -> list[MapPrint]:
    """Every map of a run; none where no font on this machine has the letters. ``ribbon``: a demonstration is told."""
    tables = results.inputs
    names = (tables.towns.get("name", ()), tables.counties.get("name", ()), [results.study.name(lang)])
    fonts = lettering(lang, *names)
    if not fonts or not len(tables.communities):
        return []
    ground, imprint = build_ground(tables), Imprint(_source_line(results, lang), ribbon)
    return [
        MapPrint(sheet.stem, kind, about, sheet.title, print_sheet(sheet, ground, imprint, fonts=fonts, lang=lang))
        for kind, about, sheet in _sheets(results, ground, lang)
    ]


def _source_line(results: Results, lang: str) -> str:
    study = results.study
    return _say("source", lang, study=study.name(lang), day=study.file.study.reference_date.isoformat())


def _sheets(results: Results, ground: Ground, lang: str) -> Iterator[tuple[str, str, MapSheet]]:
    points = points_of(results.inputs.communities, ground.crs)
    for check in results.checks:
        yield "gap", check.circle.id, _gap_sheet(check, points, ground, lang)
    for check in results.checks:
        if len(ground.towns):
            yield "towns", check.circle.id, _town_sheet(check, ground, lang)
    for proposal in results.proposals:
        if len(proposal.plan.chosen):
            yield "sites", proposal.id, _site_sheet(results, proposal, points, ground, lang)
    if len(results.inputs.facilities):
        yield "facilities", "", _facility_sheet(results, ground, lang)


def file_stem(kind: str, about: str) -> str:
    """The name of a map's files: what it shows and the id of what it is about."""
    return "-".join(part for part in (kind, re.sub(r"[^\w.-]+", "-", about)) if part)


# --- who is left outside --------------------------------------------------------------------------


def _gap_line(check: CircleCheck, lang: str) -> str:
    count = check.count
    if count.left is None:
        return i18n.say("report.area_withheld", lang, name=check.circle.name(lang))
    return _say("gap_line", lang, mode=check.mode_name(lang), minutes=check.circle.minutes,
                people=counted_label(check.circle.people, lang), total=count.total, met=count.met,
                share=count.percent)  # fmt: skip


def _gap_sheet(check: CircleCheck, points: FloatArray, ground: Ground, lang: str) -> MapSheet:
    rows = check.communities
    met = rows["met"].to_numpy(bool)
    unknown = rows["reason"].eq("not_snapped").to_numpy()
    people = rows["people"].to_numpy(float)
    line = _gap_line(check, lang)
    legend = [Mark(_say("inside", lang), INSIDE, size=3.5), Mark(_say("outside", lang), OUTSIDE, size=6.0)]
    legend += [Mark(_say("unknown", lang), "none", UNKNOWN, size=4.0)] if unknown.any() else []
    legend += [Mark(_say("county_share", lang), "none", shape="")] if len(ground.counties) else []

    def draw(axes: Any) -> None:
        _dots(axes, points[met], INSIDE, 2.0)
        _dots(axes, points[~met & ~unknown], OUTSIDE, _by_people(people[~met & ~unknown], people), over=True)
        _marks(axes, points[unknown], "o", "none", 3.0, UNKNOWN)
        _write_counties(axes, ground, check)

    return MapSheet(file_stem("gap", check.circle.id), _say("gap", lang, name=check.circle.name(lang)), line,
                    tuple(legend), draw)  # fmt: skip


def _by_people(people: FloatArray, all_people: FloatArray) -> FloatArray:
    """Dots whose areas grow with the people, so that the eye adds up people and not villages; in points across."""
    most = float(np.quantile(all_people, 0.98)) if len(all_people) else 0.0
    return np.sqrt(2.5 + 18.0 * np.clip(people / most, 0, 1)) if most > 0 else np.full(len(people), 2.0)


def _dots(axes: Any, points: FloatArray, colour: str, sizes: Any, *, over: bool = False) -> None:
    """Dots of one size, or of a few: ``sizes`` in points across, one for all or one each."""
    across = np.broadcast_to(np.round(np.asarray(sizes, dtype=float) * 2) / 2, len(points))
    known = np.isfinite(points).all(axis=1)
    for size in np.unique(across)[::-1]:
        draw_discs(axes, points[known & (across == size)], points_across=float(size), colour=colour,
                   alpha=0.85 if over else 1.0, zorder=7 if over else 6)  # fmt: skip


def _marks(axes: Any, points: FloatArray, mark: str, colour: str, size: float, edge: str) -> None:
    """Marks of a shape and an edge, above all dots."""
    axes.plot(points[:, 0], points[:, 1], linestyle="none", marker=mark, markersize=size, color=colour,
              markeredgecolor=edge, markeredgewidth=0.0 if edge == "none" else 0.6, zorder=8)  # fmt: skip


def _write_counties(axes: Any, ground: Ground, check: CircleCheck | None) -> list[Box]:
    """Names of counties, with the share of each inside a circle."""
    counties = ground.counties
    if not len(counties):
        return []
    names = counties["name"].tolist()
    if check is not None:
        known = check.shown_shares("county")
        shares = known.reindex(counties.index.astype(str))
        names = [f"{name}\n{percent(share)}" for name, share in zip(names, shares, strict=True)]
    high = 9.5 if len(counties) <= 8 else 7.0
    return write_labels(axes, ground, inner_points(counties.geometry), names, points_high=high, bold=True, roam=True)


# --- shares by town -------------------------------------------------------------------------------


def _town_sheet(check: CircleCheck, ground: Ground, lang: str) -> MapSheet:
    by_town = check.shown_shares("town")
    shares = by_town.reindex(ground.towns.index.astype(str)).to_numpy(float)
    shade = np.searchsorted(_STEPS, shares, side="right")
    known = np.isfinite(shares)
    legend = [Mark(text, colour, "#9aa5b1", "area") for text, colour in zip(_step_names(lang), SHADES, strict=True)]
    legend += [Mark(_say("no_people", lang), "#ffffff", "#9aa5b1", "area")] if not known.all() else []
    below = int((shares[known] < 0.5).sum())
    line = _say("towns_line", lang, towns=int(known.sum()), below=below)

    def draw(axes: Any) -> None:
        _fill_towns(axes, ground, np.where(known, shade, -1))
        counties = _write_counties(axes, ground, None)
        worst = np.argsort(np.where(known, shares, 2.0), kind="stable")
        labels = [f"{ground.towns['name'].iloc[t]}\n{percent(shares[t], decimals=0)}" for t in worst]
        points = inner_points(ground.towns.geometry)[worst]
        dark = [("white", SHADES[shade[t]]) if known[t] and shade[t] <= 1 else (INK, "white") for t in worst]
        write_labels(axes, ground, points, labels, points_high=6.0, taken=counties, colours=dark)

    title = _say("towns", lang, name=check.circle.name(lang))
    return MapSheet(file_stem("towns", check.circle.id), title, line, tuple(legend), draw)


def _step_names(lang: str) -> list[str]:
    ends = (0.0, *_STEPS, 1.0)
    return [
        _say("share_step", lang, low=percent(a, decimals=0), high=percent(b, decimals=0))
        for a, b in zip(ends, ends[1:], strict=False)
    ]


def _fill_towns(axes: Any, ground: Ground, shade: Any) -> None:
    from matplotlib.patches import PathPatch

    shapes = ground.towns.geometry.to_numpy()
    for step, colour in (*enumerate(SHADES), (-1, "#ffffff")):
        if (shade == step).any():
            path = outline_path(shapes[shade == step])
            axes.add_artist(PathPatch(path, facecolor=colour, edgecolor="#ffffff", linewidth=0.5, zorder=2.5))


# --- what is to be built --------------------------------------------------------------------------


def _site_sheet(results: Results, proposal: Proposal, points: FloatArray, ground: Ground, lang: str) -> MapSheet:
    plan, sites = proposal.plan, proposal.sites
    chosen, standing = list(plan.chosen), sites.index[sites["state"].eq("existing")]
    served = plan.assignment.reindex(results.inputs.communities.index)
    by_new, by_old = served.isin(chosen).to_numpy(), served.isin(standing).to_numpy() & ~served.isin(chosen).to_numpy()
    wanted = _wanting(proposal, results)
    left = ~by_new & ~by_old & wanted
    kind = _kinds_said(results, standing, proposal.kind, lang)
    legend = [
        Mark(
            _say("new_site" if len(chosen) <= _MOVED else "new_site_many", lang, sites=len(chosen)),
            "#ffffff",
            "#111827",
            size=7.0,
        ),
        Mark(_say("standing", lang, kind=kind, sites=len(standing)), "#3d4854", "#ffffff", "s", 4.5),
        Mark(_say("served_new", lang), GAINED, size=3.5),
        Mark(_say("served_old", lang), INSIDE, size=3.0),
        Mark(_say("left", lang), OUTSIDE, size=3.5),
    ]

    def draw(axes: Any) -> None:
        for rows, colour, area in ((by_old, INSIDE, 1.5), (by_new, GAINED, 2.0), (left, OUTSIDE, 2.5)):
            _dots(axes, points[rows], colour, area, over=colour != INSIDE)
        at = points_of(sites, ground.crs)
        old = sites.index.isin(standing) & ~sites.index.isin(chosen)
        few = len(standing) <= _FEW_SITES
        _marks(axes, at[old], "s", "#3d4854", 3.5 if few else 2.0, "#ffffff" if few else "none")
        new = pd.DataFrame(at, index=sites.index).reindex(chosen).to_numpy()
        boxes = _number_sites(axes, ground, new)
        write_labels(axes, ground, inner_points(ground.counties.geometry), ground.counties["name"].tolist(),
                     points_high=8.5, bold=True, roam=True, taken=boxes)  # fmt: skip

    line = _say("sites_line", lang, sites=len(chosen), mode=results.study.mode_name(plan_mode(results, proposal), lang),
                minutes=plan_minutes(results, proposal))  # fmt: skip
    title = _say("sites", lang, name=proposal.name(lang))
    return MapSheet(file_stem("sites", proposal.id), title, line, tuple(legend), draw)


def _kinds_said(results: Results, standing: pd.Index, own: str, lang: str) -> str:
    """What the standing sites of a question are; what it builds where none stands."""
    kinds = results.inputs.facilities["kind"].reindex(standing).dropna().astype(str)
    said = [kind_label(k, lang, results.study.kinds) for k in sorted(set(kinds)) or [own]]
    return ("、" if lang == "zh" else ", ").join(said)


def plan_mode(results: Results, proposal: Proposal) -> str:
    """How people travel in a siting question."""
    asked = _asked(results, proposal)
    return asked.mode if asked else ""


def plan_minutes(results: Results, proposal: Proposal) -> float:
    """The standard of a siting question."""
    asked = _asked(results, proposal)
    return asked.minutes if asked else float("nan")


def _asked(results: Results, proposal: Proposal) -> SitingFile | None:
    return next((q for q in results.study.file.siting if q.id == proposal.id), None)


def _wanting(proposal: Proposal, results: Results) -> BoolArray:
    """Which communities have anybody that the question is about."""
    asked = _asked(results, proposal)
    communities = results.inputs.communities
    columns = [c for c in (asked.columns if asked else ()) if c in communities]
    return communities[columns].gt(0).any(axis=1).to_numpy() if columns else np.ones(len(communities), dtype=bool)


def _number_sites(axes: Any, ground: Ground, points: FloatArray) -> list[Box]:
    """Sites as numbered discs; the boxes taken, in centimetres.

    Few that are too near one another are moved aside, a line to where they lie. Of many, one that would cover an
    earlier number is a small ring without one.
    """
    from matplotlib.lines import Line2D

    if len(points) <= _MOVED:
        shown = pushed_apart(points, _DISC_CM * ground.metres_per_cm)
        for (x, y), (sx, sy) in zip(points, shown, strict=True):
            axes.add_artist(Line2D([x, sx], [y, sy], color=_DISC_EDGE, linewidth=0.6, zorder=9))
        numbered = np.arange(len(points))
    else:
        shown, numbered = points, _apart(ground.centimetres(points))
        rest = np.setdiff1d(np.arange(len(points)), numbered)
        _marks(axes, points[rest], "o", "#ffffff", 3.5, _DISC_EDGE)
    return [_number(axes, ground, shown[i], int(i) + 1) for i in numbered]


def _apart(points_cm: FloatArray) -> IntArray:
    """The rows, the first before the others, whose discs cover no disc of a row before."""
    kept: list[int] = []
    for i, point in enumerate(points_cm):
        if not kept or np.hypot(*(points_cm[kept] - point).T).min() >= _DISC_CM:
            kept.append(i)
    return np.array(kept, dtype=np.int64)


def _number(axes: Any, ground: Ground, point: FloatArray, number: int) -> Box:
    axes.plot(*point, marker="o", markersize=_DISC_CM * _POINTS_PER_CM * 0.96, color="#ffffff",
              markeredgecolor=_DISC_EDGE, markeredgewidth=0.8, zorder=10)  # fmt: skip
    axes.text(*point, str(number), size=6.4 if number < 100 else 5.0, weight="bold", color=_DISC_EDGE, ha="center",
              va="center_baseline", zorder=11)  # fmt: skip
    (x, y), half = ground.centimetres(point), _DISC_CM / 2
    return (x - half, y - half, x + half, y + half)


# --- what stands today ----------------------------------------------------------------------------


def _facility_sheet(results: Results, ground: Ground, lang: str) -> MapSheet:
    facilities, own = results.inputs.facilities, results.study.kinds
    points, kinds = points_of(facilities, ground.crs), facilities["kind"].astype(str)
    counted = kinds.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    shown = [k for k in _kinds_asked(results) if k in counted.index] or list(counted.index)
    looks = [(kind, *_look(kind, i, results)) for i, kind in enumerate(shown[: len(_KINDS)])]
    legend = tuple(
        Mark(_say("kind", lang, kind=kind_label(kind, lang, own), count=int(counted[kind])), colour, "none", mark, 5.0)
        for kind, colour, mark in looks
    )

    def draw(axes: Any) -> None:
        for kind, colour, mark in sorted(looks, key=lambda look: -counted[look[0]]):
            few = counted[kind] <= _FEW_SITES
            at = points[kinds.eq(kind).to_numpy()]
            _marks(axes, at, mark, colour, 5.0 if few else 2.5, "#ffffff" if few else "none")
        _write_counties(axes, ground, None)

    count = int(counted.reindex([kind for kind, _, _ in looks]).sum())
    line = _say("facilities_line", lang, count=count, kinds=len(looks), every=len(facilities))
    return MapSheet("facilities", _say("facilities", lang), line, legend, draw)


def _kinds_asked(results: Results) -> list[str]:
    """The kinds that the study's circles and siting questions are about."""
    file = results.study.file
    asked = [kind for circle in file.circles for kind in circle.kinds]
    asked += [kind for q in file.siting for kind in (q.kind, *q.counts_kinds)]
    return list(dict.fromkeys(asked))


def _look(kind: str, place: int, results: Results) -> tuple[str, str]:
    """Colour and mark of a kind: the study's colour where it names one."""
    colour, mark = _KINDS[place]
    own = results.study.kinds.get(kind)
    return (own.colour if own is not None and own.colour else colour), mark
