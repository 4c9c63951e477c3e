"""Which care a community must reach, and whether it does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.arguments import takes
from quarterhour.base.cards import Card, Carded, CardRow, CardTable, Count
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.findings import QUALITIES, UNSTATED
from quarterhour.base.labels import people_label, unstated_said
from quarterhour.network.modes import mode_label
from quarterhour.standards.levels import AREA_COLUMNS, FURTHER_LEVELS, in_order, levels_of
from quarterhour.standards.rules import Circle
from quarterhour.travel.times import TravelTimes

CITY = "city"
"""The id of the one area of level ``city``."""
AreaNames = Mapping[str, Mapping[str, str]]
"""Names of areas by level and id."""

_QUALITIES = QUALITIES
_WORSE = {quality: rank for rank, quality in enumerate(QUALITIES)}


@dataclass(frozen=True, eq=False)
class CircleCheck(Carded):
    """What a circle came to. Every community is there.

    ``rows``: one row a community and kind, columns
    ``community, kind, nearest, minutes, within, needed, met`` (``nearest`` and ``minutes`` are
    missing where no site of the kind was reached within ``searched_minutes``;
    ``within`` counts the sites inside the standard; ``needed``: the circle asks for this very kind;
    ``met``: a site of the kind is inside the standard).

    ``communities``: indexed by community id, columns ``met`` (bool), ``nearest``, ``minutes``
    (of the nearest site of any kind of the circle), ``reason`` (``met``, ``too_long``: each kind asked
    for is reached but beyond the standard, ``out_of_reach``: none within ``searched_minutes``, ``no_way``: no way
    leads to one, however far, ``not_snapped``: the community itself has no road), ``site_quality`` (quality of that
    nearest site; missing past the cutoff of the times), ``quality`` (of the community's row and of its people, the
    worse of the two) and ``people``.

    ``shares``: one row an area, columns ``level`` (town, county, unit, class, city), ``area``, ``communities``,
    ``communities_met``, ``share_communities``, ``people``, ``people_met``, ``share_people``
    (missing where the area has no people), and ``people_fact, people_unstated, people_estimated, people_synthetic``:
    the people whose row is of that quality. A community without a road counts as not met.

    ``searched_minutes``: how far sites were looked for; infinite where they were however far.
    ``absent``: kinds of the circle of which there is not one facility.
    ``mode_names``: what a study calls the mode, by language; else it goes by its own name.
    """

    circle: Circle
    mode_id: str
    rows: pd.DataFrame
    communities: pd.DataFrame
    shares: pd.DataFrame
    searched_minutes: float = math.inf
    absent: tuple[str, ...] = ()
    mode_names: Mapping[str, str] = field(default_factory=dict)

    def own(self) -> CircleCheck:
        """The same with frames of its own: who edits one changes no other result that was made of it."""
        frames = {name: getattr(self, name).copy(deep=False) for name in ("rows", "communities", "shares")}
        return replace(self, **frames)

    def mode_name(self, lang: str) -> str:
        """Who travels, by name."""
        return mode_label(self.mode_id, lang, self.mode_names)

    @property
    def impossible(self) -> bool:
        """Whether nobody could be inside wherever they lived: what the circle asks for stands nowhere."""
        return bool(self.absent) and (self.circle.need == "all" or len(self.absent) == len(self.circle.kinds))

    def share(self, level: str = "city", area: str | None = None) -> float:
        """The share of people inside the circle, for one area; NaN where it has no people."""
        return area_share(self.shares, "share_people", level, area)

    def shown_shares(self, level: str) -> pd.Series:
        """The shares of people inside by area of a level; missing, not 0 %, where what it asks for stands nowhere."""
        shares = by_level(self.shares, level)["share_people"]
        return shares * math.nan if self.impossible else shares

    def counts(self, level: str) -> dict[str, Count]:
        """People inside and all of them by area of a level: what every output reads, in the order of ``shares``."""
        rows, shares = by_level(self.shares, level), self.shown_shares(level)
        told = zip(rows.index, rows["people_met"], rows["people"], shares, strict=True)
        return {str(area): Count.of(met, people, share) for area, met, people, share in told}

    @property
    def count(self) -> Count:
        """People inside and all of them in the whole area."""
        return self.counts(CITY).get(CITY, Count(0, 0))

    def card(self, lang: str = "zh", *, names: AreaNames | None = None) -> Card:
        """The circle at a glance; ``names``: of areas by level and id, which else go by their ids."""
        city, count, circle = by_level(self.shares, CITY).iloc[0], self.count, self.circle
        asked = {"mode": self.mode_name(lang), "minutes": circle.minutes, "turnout": circle.turnout_minutes}
        met = {"met": int(city["communities_met"]), "total": int(city["communities"])}
        said, lines = i18n.say("cards.withheld", lang), []
        if count.left is not None:
            people = people_label(circle.people, lang)
            said = i18n.say("cards.counted", lang, people=people, met=count.met, total=count.total)
            made: dict[str, Any] = {q: int(city[f"people_{q}"]) for q in _QUALITIES}
            lines = [i18n.say("cards.quality", lang, **made | {UNSTATED: unstated_said(made[UNSTATED], lang)})]
        lines = [
            i18n.say(f"cards.asked_{circle.heading}", lang, **asked),
            i18n.say("cards.communities", lang, **met),
            *lines,
        ]
        further = [
            CardTable(v, i18n.say(f"cards.by_{v}", lang), self._rows(v, names, lang)) for v in levels_of(self.shares)
        ]
        return Card(
            i18n.say("cards.circle", lang), circle.name(lang), count.percent, said, count.share,
            self._rows("county", names, lang), tuple(lines), id=circle.id, count=count, further=tuple(further),
        )  # fmt: skip

    def _rows(self, level: str, names: AreaNames | None, lang: str) -> tuple[CardRow, ...]:
        known = (names or {}).get(level, {})
        return tuple(area_row(area, known, count, lang) for area, count in self.counts(level).items())

    def __repr__(self) -> str:
        met = f"{int(self.communities['met'].sum())} of {len(self.communities)} communities"
        return f"<CircleCheck {self.circle.id} ({self.mode_id}): {met}, {self.count.percent} of {self.circle.people}>"


def area_row(area: str, names: Mapping[str, str], count: Count, lang: str, *, before: Count | None = None) -> CardRow:
    """An area of a card: its share of people with both counts, or that they are not published."""
    if count.left is None:
        said = i18n.say("cards.withheld", lang)
    else:
        said = i18n.say("cards.share_of", lang, share=count.percent, met=count.met, total=count.total)
    return CardRow(names.get(area) or area, said, count.share, area, count, before)


def by_level(shares: pd.DataFrame, level: str) -> pd.DataFrame:
    """The areas of one level out of a table of shares, by their id."""
    return shares[shares["level"] == level].set_index("area")


def reach_classes(shares: pd.DataFrame) -> pd.Series:
    """Of areas whose people are not told, whether ``all``, ``part`` or ``none`` of their communities are inside."""
    some = shares["communities_met"].gt(0)
    known = pd.Series("none", index=shares.index, dtype="str").mask(some, "part")
    known = known.mask(shares["communities_met"].eq(shares["communities"]), "all")
    return known.where(shares["people"].isna(), "")


def area_share(shares: pd.DataFrame, column: str, level: str, area: str | None = None) -> float:
    """A share of one area out of a table of shares; of the first of its level where none is named."""
    rows = by_level(shares, level)[column]
    return float((rows if area is None else rows[rows.index == area]).iloc[0])


@takes(circle=Circle, times=TravelTimes, communities=pd.DataFrame, kinds=pd.Series)
def check_circle(
    circle: Circle,
    times: TravelTimes,
    communities: pd.DataFrame,
    *,
    kinds: pd.Series,
    site_quality: pd.Series | None = None,
    beyond: pd.DataFrame | None = None,
) -> CircleCheck:
    """Whether each community is inside a circle, and which share of its people by area.

    Parameters
    ----------
    times : of all ``communities`` by at least the sites of the circle's kinds, with the circle's
        heading and turnout, searched at least as far as its standard; farther gives near misses minutes.
    communities : the table of places with the circle's people column.
    kinds : the kind of each site, by site id. site_quality : its quality, likewise.
    beyond : what ``nearest_beyond`` found past the cutoff of ``times``; then who has none still has no way to any.

    Returns
    -------
    A ``CircleCheck``: ``communities`` (a row each: ``met``, ``nearest``, ``minutes``, ``reason`` ...), ``shares`` by
    area.

    Raises
    ------
    DataError : a community without times, no people column, or times of another heading or turnout.
    CutoffError : the times were searched less far than the standard.

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> network = qh.network_from_edges(pd.DataFrame({"u": ["a", "b"], "v": ["b", "c"], "minutes": [5, 16]}))
    >>> homes = qh.at_junctions(network, pd.Series({"west": "a", "east": "c"}))
    >>> canteen = qh.at_junctions(network, pd.Series({"site": "b"}))
    >>> times = qh.travel_times(network, homes, canteen, minutes=30, heading="to_site")
    >>> meals = qh.Circle(id="meals", zh="助餐", en="Meals", kinds=("canteen",), mode="edges",
    ...                   minutes=15, heading="to_site", people="older")
    >>> people = pd.DataFrame({"older": [120, 40], "town": "", "county": ""}, index=["west", "east"])
    >>> qh.check_circle(meals, times, people, kinds=pd.Series({"site": "canteen"}))
    <CircleCheck meals (edges): 1 of 2 communities, 75.0% of older>
    """
    check_fits(circle, times, communities)
    _check_turnout(circle, times)
    rows = pd.concat([_rows_of_kind(circle, times, communities.index, kinds, k) for k in circle.kinds])
    met = _met(circle, rows, communities.index)
    judged = nearest_of(times, communities.index, kinds.index[kinds.isin(circle.kinds)])
    site_quality_of = judged["nearest"].map(_qualities_by_site(site_quality))
    if beyond is not None:
        rows, judged = _filled(rows, judged, beyond)
    judged.insert(0, "met", met)
    judged["reason"] = _reasons(circle, times, rows, met, without="out_of_reach" if beyond is None else "no_way")
    judged["site_quality"] = site_quality_of
    judged["quality"] = people_quality(communities, circle.people)
    judged["people"] = communities[circle.people].astype("int64")
    order = pd.MultiIndex.from_product([communities.index, circle.kinds], names=["community", "kind"])
    rows = rows.set_index(["community", "kind"]).reindex(order).reset_index()
    searched = times.cutoff_minutes if beyond is None else math.inf
    absent = tuple(kind for kind in circle.kinds if not (kinds == kind).any())
    return CircleCheck(circle, times.mode_id, rows, judged, _shares(judged, communities), searched, absent)


def _filled(rows: pd.DataFrame, judged: pd.DataFrame, beyond: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows a kind, and the nearest of any, with what was found past the cutoff where there was nothing."""
    keys = ["community", "kind"]
    known = rows.set_index(keys)
    told = ["nearest", "minutes"]
    known[told] = known[told].fillna(beyond.set_index(keys)[told].reindex(known.index))
    nearest = beyond.sort_values("minutes", kind="stable").drop_duplicates("community").set_index("community")
    return known.reset_index()[rows.columns], judged.fillna(nearest[told].reindex(judged.index))


def people_quality(communities: pd.DataFrame, people: str) -> pd.Series:
    """How well a people column is known: the worse of the row's ``quality`` and ``<people>_quality``."""
    row = communities["quality"] if "quality" in communities else pd.Series(UNSTATED, index=communities.index)
    own = communities.get(f"{people}_quality")
    return row if own is None else worse_quality(row, own)


def worse_quality(one: pd.Series, other: pd.Series) -> pd.Series:
    """The worse of two qualities row by row; a missing one does not count, an unknown one is synthetic."""
    ranks = [_ranks(q) for q in (one, other.reindex(one.index))]
    worst = np.maximum(*ranks).astype(int)
    return pd.Series(np.array(_QUALITIES)[worst], index=one.index, dtype="str", name=one.name)


def _ranks(quality: pd.Series) -> np.ndarray:
    ranks = quality.map(_WORSE).astype("float64")
    ranks = ranks.where(ranks.notna() | quality.isna() | quality.eq(""), _WORSE["synthetic"])
    return ranks.fillna(0).to_numpy()


def check_fits(circle: Circle, times: TravelTimes, communities: pd.DataFrame) -> None:
    """DataError unless the times have every community and the circle's heading, and its people are counted."""
    if circle.people not in communities:
        found = ", ".join(map(str, communities.columns))
        raise DataError("circle.no_people", circle=circle.id, people=circle.people, found=found)
    lost = communities.index.difference(times.communities, sort=False)
    if len(lost):
        raise DataError("circle.no_times", circle=circle.id, ids=first_ids(lost))
    if times.heading != circle.heading:
        raise DataError("circle.other_heading", circle=circle.id, needed=circle.heading, found=times.heading)


def _check_turnout(circle: Circle, times: TravelTimes) -> None:
    # A matrix of an analyst's own holds whatever turnout it holds.
    if times.mode_id != "matrix" and times.turnout_minutes != circle.turnout_minutes:
        needed, found = f"{circle.turnout_minutes:g}", f"{times.turnout_minutes:g}"
        raise DataError("circle.other_turnout", circle=circle.id, needed=needed, found=found)


def nearest_of(times: TravelTimes, communities: pd.Index, sites: pd.Index) -> pd.DataFrame:
    """By community the ``nearest`` of these sites and its ``minutes``; missing where none is within the cutoff."""
    # In the order of the times: ties go to the site that the table names first.
    here = times.sites[times.sites.isin(sites)]
    if not len(here):
        blank = {"nearest": pd.Series(dtype="str"), "minutes": pd.Series(dtype="float64")}
        return pd.DataFrame(blank).reindex(communities)
    return times.nearest(here).rename(columns={"site": "nearest"})[["nearest", "minutes"]].reindex(communities)


def _rows_of_kind(
    circle: Circle, times: TravelTimes, communities: pd.Index, kinds: pd.Series, kind: str
) -> pd.DataFrame:
    here = times.sites[times.sites.isin(kinds.index[kinds == kind])]
    rows = nearest_of(times, communities, here)
    inside = times.within(circle.minutes)
    within = inside.only(here).count_within(circle.minutes) if len(here) else pd.Series(0, index=communities)
    rows["within"] = within.reindex(communities).fillna(0).astype("int64")
    rows["needed"] = circle.need == "all" or len(circle.kinds) == 1
    rows["met"] = rows["within"] > 0
    return rows.rename_axis("community").reset_index().assign(kind=kind)


def _met(circle: Circle, rows: pd.DataFrame, communities: pd.Index) -> pd.Series:
    by_community = rows.groupby("community", sort=False)["met"]
    met = by_community.all() if circle.need == "all" else by_community.any()
    return met.reindex(communities).astype(bool)


def _reasons(circle: Circle, times: TravelTimes, rows: pd.DataFrame, met: pd.Series, *, without: str) -> pd.Series:
    """Why; where each kind is asked for, the kinds that fail give the reason. ``without``: where none was found."""
    failing = rows[~rows["met"]]
    reached = failing["minutes"].notna().groupby(failing["community"], sort=False)
    near = (reached.all() if circle.need == "all" else reached.any()).reindex(met.index)
    reason = pd.Series(without, index=met.index, dtype="str")
    reason = reason.mask(near.eq(True), "too_long").mask(met, "met")
    snap = times.community_snap
    if snap is not None and "snapped" in snap:
        reason = reason.mask(snap["snapped"].reindex(met.index).eq(False) & ~met, "not_snapped")
    return reason


def _qualities_by_site(site_quality: pd.Series | None) -> dict[str, str]:
    return {} if site_quality is None else {str(k): str(v) for k, v in site_quality.items()}


def _shares(judged: pd.DataFrame, communities: pd.DataFrame) -> pd.DataFrame:
    counted = pd.DataFrame({"communities": 1, "communities_met": judged["met"].astype(int)})
    counted["people"] = judged["people"]
    counted["people_met"] = judged["people"].where(judged["met"], 0)
    for quality in _QUALITIES:
        counted[f"people_{quality}"] = judged["people"].where(judged["quality"] == quality, 0)
    shares = area_sums(counted, communities)
    shares.insert(4, "share_communities", _part(shares, "communities"))
    shares.insert(7, "share_people", _part(shares, "people"))
    return shares


def area_sums(counted: pd.DataFrame, communities: pd.DataFrame) -> pd.DataFrame:
    """What is counted a community, summed by each level of ``standards/levels`` and for the city.

    A row an area: ``level, area`` and the sums. Units and classes add up to the city, where the communities have them.
    """
    there = [(level, c) for level, c in AREA_COLUMNS.items() if c in communities]
    orders = [in_order(level, communities) if level in FURTHER_LEVELS else None for level, _ in there]
    tables = [_sums(counted, communities[c], v, order) for (v, c), order in zip(there, orders, strict=True)]
    whole = _sums(counted, pd.Series(CITY, index=counted.index), CITY)
    return pd.concat([*[t for t in tables if len(t)], whole], ignore_index=True)


def _sums(counted: pd.DataFrame, areas: pd.Series, level: str, order: list[str] | None = None) -> pd.DataFrame:
    areas = areas.where(areas.notna() & areas.ne(""))
    summed = counted.groupby(areas).sum()
    sums = (summed if order is None else summed.reindex(order)).rename_axis("area").reset_index()
    sums.insert(0, "level", level)
    return sums


def _part(shares: pd.DataFrame, what: str) -> pd.Series:
    return shares[f"{what}_met"] / shares[what].where(shares[what] > 0).astype("float64")
