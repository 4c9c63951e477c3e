"""Results as a map for the meeting: one HTML page that opens without a network.

The page is drawn by Folium, but carries its scripts, styles and pictures inside itself and may ask
nothing from outside (a Content-Security-Policy holds it). Folium reads what it is given as a template
and as script; so every string of a study passes :func:`escape` on its way in, and the bulk of the data
(thousands of communities, tens of thousands of roads) goes into the page beside Folium, as columns that
``data/map/map.js`` draws on canvas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import geopandas as gpd

from quarterhour.maps.escape import Say, escape
from quarterhour.maps.isochrones import ground_columns, range_columns
from quarterhour.maps.layers import layer_list, map_columns
from quarterhour.maps.notes import Notes, add_notes
from quarterhour.maps.page import draw_page

if TYPE_CHECKING:
    from quarterhour.siting.question.plan import SitingPlan
    from quarterhour.standards.circle import CircleCheck
    from quarterhour.standards.scorecard import Scorecard
    from quarterhour.standards.sensitivity import CoverageRange

__all__ = ["Notes", "draw_map", "escape"]


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
) -> str:
    """The map of a study as one HTML page that opens anywhere, also without a network.

    The page shows each circle's gap (one circle at a time), facilities by kind, proposed sites numbered
    in order of building, the share of people inside each circle by town, who is inside at every pace of
    a range, the ground reached, roads and towns as a schematic base; it finds a community by name and says
    of each one why it is inside or outside.

    Parameters
    ----------
    title, quality_note
        Headline, and the sentence on how much of the result rests on facts; both are on the page.
    communities, towns, facilities, roads
        Canonical tables (see ``places`` and ``network``) in any CRS; drawn in WGS 84.
    checks, scorecard, plans
        Results. A plan comes as (its name, the plan, the places of its sites by site id).
        Nothing is computed here that a result does not hold.
    lang
        ``zh`` or ``en``.
    ranges, pictures
        Circles of ``checks`` at a range of paces; what ``isochrones`` made, with the column ``circle``.
    notes
        Further findings as texts: of the city, and by community and town (see ``Notes``).

    Returns
    -------
    str
        HTML; the same inputs give the same bytes.

    Raises
    ------
    DataError
        A table says no CRS.
    """
    picture = map_columns(
        title=title,
        communities=communities,
        towns=towns,
        facilities=facilities,
        checks=checks,
        scorecard=scorecard,
        plans=plans,
        roads=roads,
        quality_note=quality_note,
        lang=lang,
    )
    say = Say(lang)
    picture["ranges"] = range_columns(ranges, checks, communities, say)
    picture["grounds"] = ground_columns(pictures, checks, say)
    add_notes(picture, notes or Notes(), communities=communities, towns=towns)
    return draw_page(picture, layer_list(picture, lang), lang=lang)
