"""Frames drawn with matplotlib as geopandas draws them: on axes of the caller's, lettered in Chinese or English."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.errors import DataError, UnknownIdError
from quarterhour.base.labels import people_label
from quarterhour.report.papers.blocks import plain_text
from quarterhour.report.papers.fonts import PLAIN, lettering
from quarterhour.report.papers.ground import COUNTY_LINE, LAND, TOWN_LINE, outlines
from quarterhour.report.papers.map_sheet import RIBBON
from quarterhour.report.papers.paper import demonstration_ribbon
from quarterhour.report.papers.static_maps import GAINED, INSIDE, OUTSIDE, UNKNOWN
from quarterhour.study.inputs import Inputs
from quarterhour.study.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FAR, _FAINT = "#f0a878", "#b9c0c9"
LOOKS: Mapping[str, Mapping[str, tuple[str, str, float]]] = {
    "met": {"True": ("desk.met_true", INSIDE, 6.0), "False": ("desk.met_false", OUTSIDE, 9.0)},
    "reason": {
        "met": ("report.reason_met", INSIDE, 6.0),
        "too_long": ("report.reason_too_long", _FAR, 9.0),
        "out_of_reach": ("report.reason_out_of_reach", OUTSIDE, 9.0),
        "no_way": ("report.reason_no_way", "#8c2d04", 12.0),
        "not_snapped": ("report.reason_not_snapped", UNKNOWN, 12.0),
    },
    "quality": {
        "fact": ("report.quality_fact", GAINED, 6.0),
        "unstated": ("report.quality_unstated", UNKNOWN, 6.0),
        "estimated": ("report.quality_estimated", _FAR, 6.0),
        "synthetic": ("report.quality_synthetic", OUTSIDE, 6.0),
    },
    "state": {
        "met": ("desk.state_met", INSIDE, 6.0),
        "planned": ("desk.state_planned", GAINED, 9.0),
        "not_met": ("desk.state_not_met", OUTSIDE, 9.0),
    },
    "change": {
        "stays_in": ("desk.change_stays_in", INSIDE, 6.0),
        "stays_out": ("desk.change_stays_out", _FAINT, 6.0),
        "gained": ("desk.change_gained", GAINED, 12.0),
        "lost": ("desk.change_lost", OUTSIDE, 12.0),
    },
}
"""By sort of column and value: key of the words, colour, and points across, squared; drawn in this order."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """What every picture of a run stands on: its tables, the language, and what the caller asked for."""

    results: Results
    lang: str
    legend: bool
    style: Mapping[str, Any]


@contextlib.contextmanager
def lettered(lang: str) -> Iterator[str]:
    """Texts made inside are in a font of this machine that has the letters; the language that it allows.

    Without a Chinese font the words are English, and a warning says so. Names are never taken for formulas ($x$).
    """
    import matplotlib

    fonts = lettering(lang)
    if not fonts:
        warnings.warn(i18n.say("papers.no_chinese_font", "en"), stacklevel=4)
    own: Any = {"font.family": list(fonts or (PLAIN,)), "text.parse_math": False, "text.usetex": False}
    with matplotlib.rc_context(own):
        yield lang if fonts else "en"


def letters() -> dict[str, Any]:
    """The same for a title of axes that were there before."""
    import matplotlib

    return {"fontfamily": matplotlib.rcParams["font.family"], "parse_math": False, "usetex": False}


def axes_of(ax: Axes | None, figsize: tuple[float, float] | None) -> Axes:
    """The caller's axes, or new ones; without ticks, as wide as high."""
    if ax is not None and not hasattr(ax, "set_axis_off"):
        raise DataError("desk.no_axes", came=type(ax).__name__)
    if ax is None:
        from matplotlib import pyplot

        _, ax = pyplot.subplots(figsize=figsize or (8.0, 6.5), layout="constrained")
    ax.set_axis_off()
    ax.set_aspect("equal", adjustable="datalim")
    return ax


def check_column(frame: pd.DataFrame, column: str) -> None:
    """UnknownIdError unless the frame has the column."""
    known = [str(name) for name in frame.columns if name != "geometry"]
    if column not in known:
        raise UnknownIdError("desk.no_column", column=column, **told_known(column, known))


def told_known(asked: object, known: Sequence[str]) -> dict[str, Any]:
    """What an error about an unknown name says of the known ones: all, and those that are nearly spelled so."""
    near = ", ".join(get_close_matches(str(asked), known, n=3))
    close = {lang: i18n.say("desk.close", lang, ids=near) if near else "" for lang in i18n.LANGUAGES}
    return {"known": ", ".join(known) or "-", "close": close}


def draw_frame(ax: Axes, frame: gpd.GeoDataFrame, column: str, sheet: Sheet, *, looks: str = "") -> None:
    """A column of a frame on axes, over the outlines; ``looks``: the sort of column it is, of `LOOKS`; "": any.

    A column of any sort is drawn by ``GeoDataFrame.plot`` with the caller's own ``scheme``, ``cmap`` and so on.
    """
    draw_outlines(ax, sheet.results.inputs, frame.crs)
    if looks and not {"scheme", "cmap", "color"} & set(sheet.style):
        _draw_classes(ax, frame, frame[column].astype(str), looks, sheet)
    else:
        _draw_any(ax, frame, column, sheet)


def draw_outlines(ax: Axes, tables: Inputs, crs: Any) -> None:
    """Land, towns and counties under what follows, as far as the study has their outlines."""
    towns, counties = (outlines(frame, crs) for frame in (tables.towns, tables.counties))
    land = counties if len(counties) else towns
    for areas, line, width in ((land, "none", 0.0), (towns, TOWN_LINE, 0.5), (counties, COUNTY_LINE, 1.0)):
        if len(areas):
            areas.plot(ax=ax, facecolor=LAND if line == "none" else "none", edgecolor=line, linewidth=width, zorder=1)


def _draw_classes(ax: Axes, frame: gpd.GeoDataFrame, values: pd.Series, looks: str, sheet: Sheet) -> None:
    """Each class in its own colour; the legend counts them."""
    for value, (key, colour, size) in LOOKS[looks].items():
        some = frame[values.eq(value).to_numpy()]
        if not len(some):
            continue
        own = {"markersize": size, "color": colour, "zorder": 3, **sheet.style}
        some.plot(
            ax=ax, label=i18n.say("desk.class", sheet.lang, name=i18n.say(key, sheet.lang), count=len(some)), **own
        )
    if sheet.legend:
        write_legend(ax)


def write_legend(ax: Axes) -> None:
    """A legend of what has a label; none where nothing has."""
    if ax.get_legend_handles_labels()[1]:
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, borderaxespad=0.0)


def _draw_any(ax: Axes, frame: gpd.GeoDataFrame, column: str, sheet: Sheet) -> None:
    number = pd.api.types.is_numeric_dtype(frame[column]) and not pd.api.types.is_bool_dtype(frame[column])
    own: dict[str, Any] = {"markersize": 7.0, "zorder": 3, **sheet.style}
    shown = frame
    if number:  # geopandas reads NA as an object
        shown = frame.assign(**{column: frame[column].astype("float64")})
        own = {"cmap": "viridis_r", **own}
        if shown[column].isna().any():
            own.setdefault("missing_kwds", {"color": UNKNOWN, "label": i18n.say("desk.missing", sheet.lang)})
        if sheet.legend and not own.get("scheme"):
            own.setdefault("legend_kwds", {"label": _heading(column, sheet.lang), "shrink": 0.6})
    elif isinstance(frame[column].dtype, pd.CategoricalDtype):
        shown = frame.assign(**{column: _by_name(frame[column].cat.remove_unused_categories(), sheet.results)})
    if not number or own.get("scheme"):
        own.setdefault("legend_kwds", {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "frameon": False})
    shown.plot(column=column, ax=ax, legend=sheet.legend, **own)


def _by_name(values: pd.Series, results: Results) -> pd.Series:
    """Areas by name in a legend, those whose names no other has."""
    names = results.names(str(values.name)) if values.name in ("town", "county") else {}
    ids = [str(area) for area in values.cat.categories]
    told = [plain_text(names.get(area, area)) for area in ids]
    once = [name if told.count(name) == 1 else area for name, area in zip(told, ids, strict=True)]
    return values.cat.rename_categories(once) if names else values


def _heading(column: str, lang: str) -> str:
    if column.rpartition("_")[2] == "minutes" or column.startswith("minutes_"):
        return i18n.say("desk.minutes", lang)
    return i18n.say("desk.people", lang) if column == "people" else people_label(column, lang)


def write_title(ax: Axes, title: str, sheet: Sheet) -> None:
    """The title of axes, and below whether data are made up; what is no letter is dropped."""
    ax.set_title(plain_text(title), fontsize=11, **letters())
    ribbon = demonstration_ribbon(sheet.results, sheet.lang)
    if ribbon:
        ax.text(0.0, -0.02, ribbon, transform=ax.transAxes, fontsize=9, color=RIBBON, va="top")


def number_sites(ax: Axes, sites: gpd.GeoDataFrame, crs: Any, label: str) -> None:
    """Sites as numbered discs above all else."""
    if not len(sites):
        return
    there = sites.geometry.to_crs(crs) if crs is not None and sites.crs is not None else sites.geometry
    points = np.column_stack([there.x, there.y])
    ax.plot(points[:, 0], points[:, 1], linestyle="none", marker="o", markersize=9.0, markerfacecolor="#ffffff",
            markeredgecolor="#111827", zorder=8, label=label)  # fmt: skip
    for (x, y), order in zip(points, sites["order"], strict=True):
        ax.annotate(str(order), (x, y), fontsize=6.0, ha="center", va="center", zorder=9)


def mark_places(ax: Axes, places: gpd.GeoDataFrame, crs: Any, label: str) -> None:
    """Places that stand today, as dark squares."""
    there = places.geometry.to_crs(crs) if crs is not None and places.crs is not None else places.geometry
    if len(there):
        ax.plot(there.x, there.y, linestyle="none", marker="s", markersize=3.0, markerfacecolor="#3d4854",
                markeredgecolor="#ffffff", markeredgewidth=0.3, zorder=7, label=label)  # fmt: skip
