"""A circle of a run, with the places that it is about: a frame, a picture, a page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cards import Card, Carded
from quarterhour.maps.page import MapPage
from quarterhour.report.desk.frames import circle_frame
from quarterhour.report.desk.pages import circle_page
from quarterhour.report.desk.plots import Sheet, axes_of, check_column, draw_frame, lettered, write_title
from quarterhour.report.section import area_names
from quarterhour.standards.circle import CircleCheck
from quarterhour.standards.sensitivity import CoverageRange
from quarterhour.study.cards.names import area_labels
from quarterhour.study.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class CircleResult(Carded):
    """A circle of a run: ``results["home-care-circle"]``; ``check`` holds every figure of it."""

    results: Results
    check: CircleCheck

    @property
    def gdf(self) -> gpd.GeoDataFrame:
        """A row a community by id: ``name, town, county, people, minutes, met, reason, nearest, quality``, its point.

        ``town``, ``county`` are ids, as classes in the order of their tables; ``people`` of the circle's column,
        missing where they are few and the results are published; ``minutes`` to the nearest facility, missing where no
        way leads to one; ``reason`` and ``quality`` are ordered classes (see ``CircleCheck``). The study's CRS.
        """
        return circle_frame(self.results, self.check)

    @property
    def areas(self) -> pd.DataFrame:
        """A row an area by ``level, area``: its ``name``, and the columns of ``check.shares``."""
        shares, names = self.check.shares, area_names(self.results)
        parts = [
            rows.assign(name=area_labels(rows["area"], str(level), names, "zh"))
            for level, rows in shares.groupby("level", sort=False)
        ]
        made = pd.concat(parts).set_index(["level", "area"])
        return made[["name", *(c for c in made if c != "name")]]

    @property
    def range(self) -> CoverageRange | None:
        """Who is inside at every pace, where the study knows the pace as a range."""
        return next((known for known in self.results.ranges if known.circle.id == self.check.circle.id), None)

    @property
    def compare(self) -> dict[str, CircleResult]:
        """The same circle for others who travel, by the id of their mode, where the study asks for them."""
        same = [check for check in self.results.compare if check.circle.id == self.check.circle.id]
        return {check.mode_id: replace(self, check=check) for check in same}

    def card(self, lang: str = "zh") -> Card:
        """The circle at a glance, with its counties by name."""
        made = self.results.card_of(self.check, lang)
        return replace(made, lines=(*made.lines, *self.results.truth_lines(lang)))

    def plot(
        self,
        column: str = "met",
        *,
        ax: Axes | None = None,
        legend: bool = True,
        figsize: tuple[float, float] | None = None,
        lang: str = "zh",
        **style: Any,
    ) -> Axes:
        """Draws a column of ``gdf`` over the outlines of towns and counties; the axes.

        ``ax``: axes to draw on, new ones if None. ``style``: as of ``GeoDataFrame.plot`` (``scheme``, ``cmap``,
        ``markersize`` ...). UnknownIdError for a column that ``gdf`` has not.
        """
        frame = self.gdf
        check_column(frame, column)
        with lettered(lang) as said:
            drawn = axes_of(ax, figsize)
            sort = column if column in ("met", "reason", "quality") else ""
            sheet = Sheet(self.results, said, legend, style)
            draw_frame(drawn, frame, column, sheet, looks=sort)
            write_title(drawn, circle_title(self.check, said), sheet)
        return drawn

    def explore(self, lang: str = "zh") -> MapPage:
        """The page of the circle with the plans that close its gap: it shows itself, and opens without a network.

        Where the study guards persons it has what may be published.
        """
        return circle_page(self.results, self.check, lang)

    def __repr__(self) -> str:
        return repr(self.check)


def circle_title(check: CircleCheck, lang: str) -> str:
    """The circle, the share inside, and who travels how long."""
    return i18n.say(
        "desk.title", lang, name=check.circle.name(lang), share=check.count.percent, mode=check.mode_name(lang),
        minutes=check.circle.minutes,
    )  # fmt: skip
