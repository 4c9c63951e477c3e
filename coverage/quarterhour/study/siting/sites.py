"""Which sites a siting question may choose from, why not others, and what helps a town that is left with none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base.areas import with_areas, with_unit
from quarterhour.base.cells import texts
from quarterhour.base.errors import StudyError, first_ids
from quarterhour.network.network import Network
from quarterhour.siting.candidates.exclusions import (
    RELAXED,
    Lawful,
    candidate_relaxations,
    lawful_candidates,
    not_excluding,
)
from quarterhour.siting.candidates.generate import candidates_from_communities, candidates_from_network, no_ledger
from quarterhour.siting.question.sites import join_sites
from quarterhour.standards.levels import UNIT, whole_units
from quarterhour.standards.rules import Exclusion, RuleSet
from quarterhour.study.file.siting import QuotaFile, SitingFile
from quarterhour.study.inputs import Inputs
from quarterhour.study.siting.secrets import coarse_ledger, coarse_relaxations, secret_rules
from quarterhour.study.siting.sizes import SIZE_OF, by_size
from quarterhour.travel.times import TravelTimes

_YES = ("1", "true", "yes", "y", "是", "必建")
"""What the column ``required`` of a table says of a candidate that must be built."""
_COUNTED = "counted people"
ADDED = ("beds", "staff")
"""Columns of what a new site brings with it."""


@dataclass(frozen=True, eq=False)
class Offered:
    """The sites of a question, existing ones first, and what was decided on the way.

    ``sites`` (``state, town, county, name, quality, geometry``). ``ledger``: every rule that speaks against a
    candidate. ``relaxations``: for each town or county of a quota that has no lawful candidate and no site, the
    smallest relaxation, with ``serving, serving_area, serving_minutes``: the site outside that its people reach soonest
    (mean over those who reach it). ``unchecked``: rules without their layer. ``reported``: a ledger of
    rules that nobody verified: the candidates they speak against stay, unless the study says that such rules exclude.
    ``places``: candidates that must be built, in one of their sizes.
    """

    sites: gpd.GeoDataFrame
    ledger: pd.DataFrame
    relaxations: pd.DataFrame
    unchecked: tuple[str, ...]
    reported: pd.DataFrame = field(default_factory=no_ledger)
    places: tuple[str, ...] = ()


def offered_sites(
    file: SitingFile,
    tables: Inputs,
    *,
    network: Network,
    rules: Mapping[str, RuleSet],
    parcels: gpd.GeoDataFrame | None,
    seed: int,
) -> Offered:
    """Existing sites of the kind, and the candidates that no rule speaks against.

    Facilities of ``counts_kinds`` stand in for the kind (a county's institution serves as its town's centre); those of
    ``upgrade_kinds`` may be raised to it, which counts as a new site.
    Candidates that the question, or the column ``required`` of their table, says must be built are ``required``;
    StudyError where there is none such, or a rule speaks against it. The columns of a capacity and of costs come along
    as they are; ``tiers`` are blank only where neither the table nor the question says them.
    ``rules``: rule sets in force on the reference date, by the study's name for them; those that the question names in
    ``exclude_rules`` count, with the distances it gives itself. Rules that nobody verified report and do not exclude,
    but for those of ``exclude_unverified``. ``parcels``: of the study's overlay, if it has one.
    """
    wanted = with_areas(_wanted(file, tables, network, parcels, seed), tables.towns, tables.communities)
    layers = {"communities": tables.communities, "roads": tables.roads, **tables.layers}
    every = _exclusions(file, rules)
    telling = not_excluding(every, file.exclude_unverified)
    lawful = lawful_candidates(wanted, every, layers, reporting=telling) if every else None
    kept = wanted if lawful is None else lawful.kept
    standing = [file.kind, *file.counts_kinds, *file.upgrade_kinds]
    existing = tables.facilities[tables.facilities["kind"].isin(standing)]
    old = with_areas(existing, tables.towns, tables.communities)
    must = _required(file, wanted, kept, lawful)
    sized = by_size(file, kept)
    new = sized.rename(index=lambda i: f"new-{i}" if i in old.index else i)
    several = must if SIZE_OF in new and new[SIZE_OF].duplicated().any() else []
    alone = [] if several else new.index[(sized[SIZE_OF] if SIZE_OF in new else pd.Series(sized.index)).isin(must)]
    joined = join_sites(old, new, required=list(alone))
    if SIZE_OF in new:
        joined[SIZE_OF] = [*old.index, *new[SIZE_OF]]
    joined.loc[old.index[old["kind"].isin(file.upgrade_kinds)], "state"] = "upgradeable"
    for column in _figures_of(file):
        parts = [t[column] if column in t else pd.Series(pd.NA, index=t.index) for t in (old, new)]
        joined[column] = [*parts[0], *parts[1]]
    joined["tiers"] = _tiers(file, [*old["kind"], *[file.kind] * len(new)], joined)
    sites = gpd.GeoDataFrame(joined, geometry=pd.concat([old.geometry, new.geometry]), crs=tables.communities.crs)
    if len(tables.units):
        sites = with_unit(sites, tables.communities, UNIT, whole=whole_units(tables.communities))
    binding = [rule for rule in every if rule.id not in telling]
    asked = [quota for quota in file.quotas if quota.minimum and binding]
    relaxed = [_relaxations(wanted, binding, layers, tables, sites, quota) for quota in asked]
    told = pd.concat(relaxed, ignore_index=True) if relaxed else pd.DataFrame(columns=["level", *RELAXED])
    secret = secret_rules(every, tables)
    relaxations = coarse_relaxations(told, secret)
    if lawful is None:
        return Offered(sites, no_ledger(), relaxations, (), places=tuple(several))
    ledger, reported = (coarse_ledger(found, secret) for found in (lawful.ledger, lawful.reported))
    return Offered(sites, ledger, relaxations, lawful.unchecked, reported, tuple(several))


def counted_people(file: SitingFile, communities: pd.DataFrame) -> pd.Series:
    """The people who count, whole: a column, or several by their weights."""
    columns = [communities[column].astype("int64") * weight for column, weight in file.people.items()]
    return sum(columns[1:], start=columns[0])


def _required(file: SitingFile, wanted: gpd.GeoDataFrame, kept: gpd.GeoDataFrame, lawful: Lawful | None) -> list[str]:
    """The candidates that must be built, all of them lawful."""
    named = list(file.required)
    if "required" in wanted and file.candidates == "table":
        named += wanted.index[texts(wanted["required"]).str.lower().isin(_YES)].tolist()
    unknown = [i for i in named if i not in wanted.index]
    if unknown:
        raise StudyError("sites.required_unknown", part=file.id, ids=first_ids(unknown))
    removed = [i for i in named if i not in kept.index]
    if removed and lawful is not None:
        against = lawful.ledger.loc[lawful.ledger["candidate"].isin(removed), "rule"].unique()
        raise StudyError("sites.required_removed", part=file.id, ids=first_ids(removed), rules=", ".join(against))
    return list(dict.fromkeys(named))


def _tiers(file: SitingFile, kinds: Sequence[str], sites: pd.DataFrame) -> list[str]:
    """The tiers that each site counts for: as its table says, else as the question says of its kind."""
    said = texts(sites["tiers"]) if "tiers" in sites else pd.Series("", index=sites.index)
    return [own or " ".join(file.tiers.get(kind, ())) for own, kind in zip(said, kinds, strict=True)]


def _figures_of(file: SitingFile) -> list[str]:
    """The columns of facilities and candidates that a question's capacity, beds and staff are read from."""
    room = [] if file.capacity is None else [c for c in (file.capacity.column, file.capacity.land) if c]
    return list(dict.fromkeys([*room, *ADDED]))


def _wanted(
    file: SitingFile, tables: Inputs, network: Network, parcels: gpd.GeoDataFrame | None, seed: int
) -> gpd.GeoDataFrame:
    if file.candidates == "table":
        return tables.candidates
    if file.candidates == "communities":
        return candidates_from_communities(tables.communities)
    if file.candidates == "overlay":
        if parcels is None:
            raise StudyError("sites.no_overlay", part=file.id)
        return parcels.drop(columns="shape")
    known = tables.communities.assign(**{_COUNTED: counted_people(file, tables.communities)})
    return candidates_from_network(network, known, people=_COUNTED, count=file.candidate_count, seed=seed)


def _exclusions(file: SitingFile, rules: Mapping[str, RuleSet]) -> list[Exclusion]:
    """The rules of the sets that the question names, for its kind, and its own distances."""
    made: list[Exclusion] = []
    for name in file.exclude_rules:
        if name not in rules:
            raise StudyError("services.no_rules", part=file.id, name=name, known=", ".join(rules))
        made += [rule for rule in rules[name].exclusions if file.kind in rule.kinds]
    return made + [
        Exclusion(
            own.layer,
            own.layer,
            own.layer,
            own.layer,
            own.metres,
            (file.kind,),
            own.road_classes,
            clause=own.clause,
            verified=True,  # the study's own word
        )
        for own in file.exclude
    ]


def _relaxations(
    wanted: gpd.GeoDataFrame, rules: Sequence[Exclusion], layers: Mapping[str, gpd.GeoDataFrame], tables: Inputs,
    sites: gpd.GeoDataFrame, quota: QuotaFile,
) -> pd.DataFrame:  # fmt: skip
    level, have = quota.level, set(sites[quota.level])
    have |= {town for group in quota.groups if have & set(group) for town in group}
    areas = tables.towns if level == "town" else tables.counties
    named = areas.index if len(areas) else sorted(set(tables.communities[level]) - {""})
    without = [str(a) for a in named if str(a) not in have]
    found = candidate_relaxations(wanted, rules, layers, areas=without, level=level)
    found.insert(0, "level", level)
    return found


def with_neighbours(offered: Offered, times: TravelTimes, *, communities: pd.DataFrame, people: pd.Series) -> Offered:
    """The same, and for each area without a lawful site the site elsewhere that its people reach soonest."""
    if offered.relaxations.empty:
        return offered
    named = zip(map(str, offered.relaxations["level"]), map(str, offered.relaxations["area"]), strict=True)
    rows = [_serving(offered.sites, times, communities, people, level, area) for level, area in named]
    told = pd.DataFrame(rows, columns=["serving", "serving_area", "serving_minutes"], index=offered.relaxations.index)
    return replace(offered, relaxations=offered.relaxations.join(told))


def _serving(
    sites: gpd.GeoDataFrame, times: TravelTimes, communities: pd.DataFrame, people: pd.Series, level: str, area: str
) -> tuple[object, object, float]:
    """Most of the area's people first, then the fewest minutes."""
    inside = texts(communities[level]).reindex(times.communities).eq(area).to_numpy()
    weight = np.where(inside, people.reindex(times.communities).to_numpy(dtype=float), 0.0)
    row = np.repeat(np.arange(len(weight)), np.diff(times.indptr))
    reached = np.bincount(times.site_index, weights=weight[row], minlength=len(times.sites))
    spent = np.bincount(times.site_index, weights=weight[row] * times.cs, minlength=len(times.sites))
    if not reached.any():
        return None, None, float("nan")
    mean = np.divide(spent, reached, out=np.full(len(reached), np.inf), where=reached > 0)
    best = int(np.lexsort((mean, -reached))[0])
    site = times.sites[best]
    return site, sites.at[site, level], float(mean[best]) / 6000
