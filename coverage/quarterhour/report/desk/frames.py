"""Tables of results with a row a place, ready to be looked at, joined and drawn: ids as index, categories in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import geopandas as gpd
import pandas as pd

from quarterhour.base.cells import texts
from quarterhour.base.findings import QUALITIES
from quarterhour.report.layers.tables import chosen_sites
from quarterhour.standards.circle import CircleCheck
from quarterhour.study.results import Proposal, Results
from quarterhour.study.siting.coverage import coverage_by_community

REASONS = ("met", "too_long", "out_of_reach", "no_way", "not_snapped")
STATES = ("met", "planned", "not_met")


def in_classes(values: Iterable[object], classes: Sequence[str], *, ordered: bool = True) -> pd.Categorical:
    """Texts as classes in their order; further ones come behind, blank is missing."""
    told = texts(pd.Series(list(values), dtype=object))
    further = sorted(set(told[told.ne("")]) - set(classes))
    return pd.Categorical(told.where(told.ne("")), categories=[*classes, *further], ordered=ordered)


def places_frame(results: Results, table: gpd.GeoDataFrame) -> pd.DataFrame:
    """``name, town, county`` of places; towns and counties are ids, as classes in the order of their tables."""
    made = pd.DataFrame({"name": texts(table["name"])}, index=table.index)
    for level, areas in (("town", results.inputs.towns), ("county", results.inputs.counties)):
        known = [str(area) for area in areas.index]
        own = table[level] if level in table else pd.Series("", index=table.index)
        made[level] = in_classes(own, known, ordered=False)
    return made


def people_column(results: Results, people: str, counts: pd.Series) -> pd.Series:
    """Counts of a column of people by community; missing where they are few and the results are published."""
    whole = counts.reindex(results.inputs.communities.index)
    hidden = results.hidden(people)
    return whole.astype("Int64").mask(hidden) if hidden.any() or whole.isna().any() else whole.astype("int64")


def communities_frame(results: Results) -> gpd.GeoDataFrame:
    """A row a community: ``name, town, county``, its people, by circle ``ID_minutes`` and ``ID_met``, and its point."""
    table = results.inputs.communities
    made = places_frame(results, table)
    for people in results.study.file.communities.people:
        if people in table:
            made[people] = people_column(results, people, table[people])
    for check in results.checks:
        judged = check.communities.reindex(table.index)
        made[f"{check.circle.id}_minutes"] = judged["minutes"].astype("float64")
        made[f"{check.circle.id}_met"] = judged["met"].astype(bool)
    return gpd.GeoDataFrame(made, geometry=table.geometry.array, crs=table.crs)


def circle_frame(results: Results, check: CircleCheck) -> gpd.GeoDataFrame:
    """A row a community: ``name, town, county, people, minutes, met, reason, nearest, quality``, and its point."""
    table = results.inputs.communities
    judged = check.communities.reindex(table.index)
    made = places_frame(results, table).assign(
        people=people_column(results, check.circle.people, judged["people"]),
        minutes=judged["minutes"].astype("float64"),
        met=judged["met"].astype(bool),
        reason=in_classes(judged["reason"], REASONS),
        nearest=judged["nearest"],
        quality=in_classes(judged["quality"], QUALITIES),
    )
    return gpd.GeoDataFrame(made, geometry=table.geometry.array, crs=table.crs)


def covered_frame(results: Results, proposal: Proposal) -> gpd.GeoDataFrame:
    """A row a community: ``name, town, county, people, today, after``, and its point.

    ``today``, ``after``: ``met``, ``planned`` (by the plan), ``not_met``; missing where the question counts nobody.
    """
    table = results.inputs.communities
    found = coverage_by_community(proposal.problem, proposal.plan).reindex(table.index)
    made = places_frame(results, table)
    hidden = results.hidden(proposal.plan.unit)
    made["people"] = found["people"].fillna(0).round().astype("Int64").mask(hidden)
    for when in ("today", "after"):
        made[when] = in_classes(found[when].where(found["people"].gt(0), ""), STATES)
    return gpd.GeoDataFrame(made, geometry=table.geometry.array, crs=table.crs)


def sites_frame(results: Results, proposal: Proposal) -> gpd.GeoDataFrame:
    """A row a site to build, in the plan's order: ``order, name, town, county, year, gain, quality``, and its point.

    ``year`` is missing where the study names none; ``gain``: whom it adds in that order, in the plan's unit.
    """
    sites = chosen_sites(proposal)
    made = places_frame(results, sites)
    made.insert(0, "order", sites["order"])
    years = sites["year"] if "year" in sites else pd.Series(pd.NA, index=sites.index)
    made["year"] = years.astype("Int64")
    made["gain"] = proposal.plan.gain.reindex(sites.index)
    made["quality"] = in_classes(sites["quality"], QUALITIES)
    return gpd.GeoDataFrame(made, geometry=sites.geometry.array, crs=sites.crs)
