"""A siting question of a run, with the places that its plan is about: frames, a picture, a page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd

from quarterhour.base import i18n
from quarterhour.base.cards import Card, Carded
from quarterhour.maps.page import MapPage
from quarterhour.report.desk.frames import covered_frame, sites_frame
from quarterhour.report.desk.pages import siting_page
from quarterhour.report.desk.plots import (
    Sheet,
    axes_of,
    check_column,
    draw_frame,
    lettered,
    mark_places,
    number_sites,
    write_legend,
    write_title,
)
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.study.results import Proposal, Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class SitingResult(Carded):
    """A siting question of a run: ``results["centres"]``; ``proposal`` holds every figure of it."""

    results: Results
    proposal: Proposal

    @property
    def plan(self) -> SitingPlan:
        """The plan with its proof."""
        return self.proposal.plan

    @property
    def gdf(self) -> gpd.GeoDataFrame:
        """A row a site to build by id, in the plan's order: ``order, name, town, county, year, gain, quality``, place.

        ``town``, ``county`` are ids; ``year`` is missing where the study names none; ``gain``: whom the site adds in
        that order, in the plan's unit; ``quality`` is an ordered class.
        """
        return sites_frame(self.results, self.proposal)

    @property
    def communities(self) -> gpd.GeoDataFrame:
        """A row a community by id: ``name, town, county, people, today, after``, and its point.

        ``today``, ``after``: ordered classes ``met``, ``planned`` (by a site of the plan), ``not_met``; missing where
        the question counts nobody. ``people``: whom it counts.
        """
        return covered_frame(self.results, self.proposal)

    def card(self, lang: str = "zh") -> Card:
        """The plan at a glance, with its counties by name."""
        made = self.results.card_of(self.proposal, lang)
        return replace(made, lines=(*made.lines, *self.results.truth_lines(lang)))

    def plot(
        self,
        column: str = "after",
        *,
        ax: Axes | None = None,
        legend: bool = True,
        figsize: tuple[float, float] | None = None,
        lang: str = "zh",
        **style: Any,
    ) -> Axes:
        """Draws the plan's sites, numbered in order, over a column of ``communities``; the axes.

        ``column``: ``after``, ``today`` (without the sites to build), or another. Otherwise as `CircleResult.plot`.
        """
        frame, sites = self.communities, self.proposal.sites
        check_column(frame, column)
        standing = sites[sites["state"].ne("candidate") & ~sites.index.isin(self.proposal.new_sites)]
        with lettered(lang) as said:
            drawn = axes_of(ax, figsize)
            sort = "state" if column in ("today", "after") else ""
            sheet = Sheet(self.results, said, legend, style)
            draw_frame(drawn, frame, column, sheet, looks=sort)
            mark_places(drawn, standing, frame.crs, i18n.say("desk.old_site", said))
            if column != "today":
                number_sites(drawn, self.gdf, frame.crs, i18n.say("desk.new_site", said))
            if legend and sort:
                write_legend(drawn)
            write_title(drawn, self.proposal.name(said), sheet)
        return drawn

    def explore(self, lang: str = "zh") -> MapPage:
        """The page of the question, with the circle whose gap its plan closes; it opens without a network.

        Where the study guards persons it has what may be published; DataError where nothing of it may.
        """
        return siting_page(self.results, self.proposal, lang)

    def __repr__(self) -> str:
        return repr(self.proposal)
