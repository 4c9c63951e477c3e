"""The map of a study, drawn: one HTML page that opens without a network.

The page is drawn by Folium, but carries its scripts, styles and pictures inside itself and may ask
nothing from outside (a Content-Security-Policy holds it). Folium reads what it is given as a template
and as script; so every string of a study passes :func:`escape` on its way in, and the bulk of the data
(thousands of communities, tens of thousands of roads) goes into the page beside Folium, as columns that
the scripts of ``data/map`` draw on canvas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from quarterhour.base.cards import Card
from quarterhour.base.escape import escape_html
from quarterhour.base.kinds import KindLooks
from quarterhour.maps.columns import PageWords, card_columns, coded
from quarterhour.maps.isochrones import ground_columns, range_columns
from quarterhour.maps.layers import county_columns, map_bounds, road_lines, town_columns, with_outlines
from quarterhour.maps.packing import packed_json
from quarterhour.maps.page import MapPage, draw_page
from quarterhour.maps.pinyin import search_columns
from quarterhour.maps.plans import plan_columns
from quarterhour.maps.popups import circle_columns, community_columns, kind_columns, promise_rows
from quarterhour.maps.questions import Asked, question_columns
from quarterhour.study.cards.names import names_by_area

if TYPE_CHECKING:
    from quarterhour.siting.question.plan import SitingPlan
    from quarterhour.standards.circle import CircleCheck
    from quarterhour.standards.scorecard import Scorecard
    from quarterhour.standards.sensitivity import CoverageRange


@dataclass(frozen=True, eq=False)
class Notes:
    """Texts in the page's language, as they are to be read.

    ``city``: by heading, sentences. ``communities``, ``towns``: by id, a column a heading; a blank or missing text is
    no line. ``charts``: by heading, pictures as SVG whose texts are escaped already. ``changed``: what the study shown
    changes of another, at the head of the page; "" where nothing.
    """

    city: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    communities: pd.DataFrame = field(default_factory=pd.DataFrame)
    towns: pd.DataFrame = field(default_factory=pd.DataFrame)
    charts: Mapping[str, str] = field(default_factory=dict)
    changed: str = ""

    def beside(self, other: Notes) -> Notes:
        """With the city's sentences and the columns of communities of others, which come first."""
        communities = other.communities.join(self.communities, how="outer", sort=False)
        return replace(self, city={**other.city, **self.city}, communities=communities)


def draw_map(
    *,
    title: str,
    communities: gpd.GeoDataFrame,
    towns: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    checks: Sequence[CircleCheck],
    scorecard: Scorecard | None,
    plans: Sequence[tuple[str, SitingPlan, gpd.GeoDataFrame]],
    roads: gpd.GeoDataFrame | None,
    quality_note: str,
    lang: str,
    ranges: Sequence[CoverageRange] = (),
    pictures: gpd.GeoDataFrame | None = None,
    notes: Notes | None = None,
    kinds: KindLooks | None = None,
    routes: Mapping[str, Any] | None = None,
    counties: gpd.GeoDataFrame | None = None,
    cards: Sequence[Card] = (),
    made_up: bool | None = None,
    asked: Sequence[Asked] = (),
    modes: Mapping[str, str] | None = None,
    sources: str = "",
    what_if: Mapping[str, Any] | None = None,
) -> MapPage:
    """The map of a study as one HTML page that opens anywhere, also without a network.

    The page shows one question at a time: who is not reached, what closes that, by county; the gap on the map or, at
    a switch, what the plan leaves of it. It finds a community by name and says of each one why it is inside or outside;
    shares by town, who is inside at every pace of a range, the ground reached and roads can be laid under it.

    Parameters
    ----------
    title, quality_note
        Headline, and the sentence on how much of the result rests on facts; both are on the page.
    communities, towns, facilities, roads
        Canonical tables (see ``io/places`` and ``network/roads``) in any CRS; drawn in WGS 84.
    checks, scorecard, plans
        Results. A plan comes as (its name, the plan, the places of its sites by site id).
        Nothing is computed here that a result does not hold.
    lang
        ``zh`` or ``en``.
    ranges, pictures
        Circles of ``checks`` at a range of paces; what ``isochrones`` made, with the column ``circle``.
    notes
        Further findings as texts: of the city, and by community and town (see ``Notes``).
    kinds
        Names, colours and marks that the study gives to kinds of facilities.
    routes
        The ways to the nearest facilities, as ``route_columns`` packs them.
    counties
        Their outlines and names; where there are none, towns' outlines are joined.
    cards
        The circles at a glance, in the order of ``checks``, as ``Results.card_of`` makes them; without them, their
        own cards with the names of ``counties``. The head of the page is read from these and from those of ``asked``.
    made_up
        Whether the results rest on rows that are made up for demonstration, which the page then says; None: as
        communities and facilities say.
    asked
        What each plan was asked, whom it covers, and its card, in the order of ``plans``: a plan then stands with the
        circle whose gap it closes.
    modes
        Names of those who travel, by the id of a circle's or a plan's mode.
    sources
        The sentence at the foot of map and print: date of reference, program and version.
    what_if
        What the page counts other choices of sites by, as ``what_if_columns`` makes it.

    Returns
    -------
    MapPage
        HTML as text, which a notebook shows; the same inputs give the same bytes.

    Raises
    ------
    DataError
        A table says no CRS.

    Examples
    --------
    >>> import tempfile, quarterhour as qh
    >>> from quarterhour.testing import small_study
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = qh.run_study(qh.read_study(small_study(folder)), circles_only=True)
    >>> have, towns = found.inputs, found.inputs.communities.assign(county="c1")
    >>> page = qh.draw_map(title="小镇", communities=have.communities, towns=towns, facilities=have.facilities,
    ...                    checks=found.checks, scorecard=None, plans=(), roads=None, quality_note="示例", lang="zh")
    >>> "小镇" in page
    True
    """
    say = PageWords(lang, kinds)
    outlines = county_columns(counties, towns, communities)
    names = {"county": {} if counties is None else names_by_area(counties)}
    shown = cards or [check.card(lang, names=names) for check in checks]
    known = [*asked, *[Asked()] * (len(plans) - len(asked))]
    of_plans = [a.card or plan.card(lang, name=name) for a, (name, plan, _) in zip(known, plans, strict=True)]
    picture: dict[str, Any] = {
        "title": escape_html(title),
        "note": escape_html(quality_note),
        "sources": escape_html(sources),
        "demonstration": any(map(_made_up, (communities, facilities))) if made_up is None else made_up,
        "words": say.page(),
        "communities": community_columns(communities, towns, checks, say),
        "counties": outlines,
        "sea": counties is not None and any(county["shape"] for county in outlines),
        "towns": town_columns(towns, checks, scorecard, say),
        "circles": [circle_columns(check, communities, facilities, say) for check in checks],
        "kinds": kind_columns(facilities, towns, checks, say),
        "plans": [plan_columns(plan, communities, facilities, say) for plan in plans],
        "promises": [row for rows in promise_rows(scorecard, "city", say).values() for row in rows],
        "roads": road_lines(roads),
        "bounds": with_outlines(map_bounds(communities, facilities, towns), outlines),
        "ranges": range_columns(ranges, checks, communities, say),
        "grounds": ground_columns(pictures, checks, say),
        "what_if": what_if,
        "routes": routes,
        "cards": {"circles": [card_columns(c) for c in shown], "plans": [card_columns(c) for c in of_plans]},
    }
    picture["questions"] = question_columns(
        checks, plans, known, picture=picture, cards=(shown, of_plans), communities=communities, modes=modes or {},
        say=say,
    )  # fmt: skip
    picture["search"] = search_columns(picture, communities, towns, lang)
    _add_notes(picture, notes or Notes(), communities=communities, towns=towns)
    return draw_page(picture, lang=lang)


def _made_up(table: pd.DataFrame) -> bool:
    """Whether a row or its people are made up for demonstration."""
    columns = [c for c in table if str(c) == "quality" or str(c).endswith("_quality")]
    return bool((table[columns] == "synthetic").to_numpy().any())


def _add_notes(picture: dict[str, Any], notes: Notes, *, communities: pd.DataFrame, towns: pd.DataFrame) -> None:
    """Put the notes on the page's picture, every text escaped."""
    picture["findings"] = [
        {"name": escape_html(name), "lines": [escape_html(line) for line in lines]}
        for name, lines in notes.city.items()
    ]
    picture["changed"] = escape_html(notes.changed)
    picture["charts"] = [{"name": escape_html(name), "svg": chart} for name, chart in notes.charts.items()]
    table = notes.communities.reindex(communities.index)
    by_heading = {escape_html(c): coded([_text(v) for v in table[c]]) for c in table}
    picture["communities"]["notes"] = packed_json(by_heading)
    of_towns = notes.towns.reindex(towns.index)
    for place, town in enumerate(picture["towns"]):
        row = of_towns.iloc[place] if len(of_towns) else pd.Series(dtype=object)
        town["notes"] = [[escape_html(str(c)), _text(v)] for c, v in row.items() if _text(v)]


def _text(value: Any) -> str:
    return "" if pd.isna(value) or value == "" else escape_html(value)
