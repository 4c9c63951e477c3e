"""A siting question of a study file as the question that the search answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import geopandas as gpd
import pandas as pd

from quarterhour.base.area_codes.classes import class_of_name, town_classes
from quarterhour.base.cells import numbers, texts
from quarterhour.base.errors import StudyError, first_ids
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.levels import at_places
from quarterhour.siting.question.problem import Coverage, Goal, SitingProblem, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota, Spacing
from quarterhour.study.file.siting import QuotaFile, SitingFile
from quarterhour.study.inputs import Inputs
from quarterhour.study.siting.demand import Asked
from quarterhour.study.siting.sites import Offered
from quarterhour.study.siting.sizes import place_of_size, sizes_by_place
from quarterhour.travel.times import TravelTimes


def siting_problem(
    file: SitingFile, tables: Inputs, offered: Offered, *, times: Mapping[str, TravelTimes], asked: Asked | None
) -> SitingProblem:
    """The question with its sites and times.

    ``times``: by the name of a class of communities, by "" where the question has no classes. ``asked``: as
    ``demand.asked_of_sites`` has it. StudyError where a table lacks what the question names.
    """
    shared = asked is not None and file.capacity is not None and file.capacity.split
    standards = {s.name: Standard(s.minutes, s.steps) for s in file.standards}
    problem = as_problem(
        file.id,
        demand=_demand(file, tables, asked if shared else None),
        people=asked.unit if shared and asked is not None else file.people,
        sites=_sites(file, offered.sites, asked),
        times=times if file.classes else times[""],
        minutes=standards if file.classes else standards[""],
        classes=_classes(file, tables.communities) if file.classes else None,
        objective=[Goal(g.objective, _counted(file, g.people, shared=shared), g.level) for g in file.objective],
        new_sites=file.new_sites,
        quotas=[_quota(file, tables, quota) for quota in file.quotas],
        areas=tables.communities[["town", "county"]],
        coverage=Coverage(file.backup, file.tier, file.everyone, file.at_least, file.farthest),
        budget=Budget() if file.budget is None else Budget(file.budget.yuan, file.budget.years),
        capacity=_capacity(asked, shared=shared),
        spacing=None if file.min_distance_m is None else Spacing(file.min_distance_m, None, file.min_distance_existing),
        conflicts=list(_conflicts(file, tables, offered)),
    )
    return at_places(problem, place_of_size(offered.sites).reindex(problem.sites.index), offered.places)


def _demand(file: SitingFile, tables: Inputs, shared: Asked | None) -> pd.DataFrame:
    """What counts: columns of people, or what a capacity that is shared out is asked for, and the later goals' own."""
    if shared is None:
        return pd.DataFrame(tables.communities[list(file.columns)]).astype("int64")
    further = [c for c in file.columns if c not in file.people and c != shared.unit]
    return pd.DataFrame(tables.communities[further]).astype("int64").assign(**{shared.unit: shared.load})


def _counted(file: SitingFile, people: str, *, shared: bool) -> str:
    """The column of a goal; "" where it is what counts anyhow."""
    return "" if shared and people in file.people else people


def _capacity(asked: Asked | None, *, shared: bool) -> Capacity | None:
    if asked is None:
        return None
    return Capacity(asked.unit, split=True) if shared else Capacity(asked.unit, load=asked.load)


def _sites(file: SitingFile, offered: gpd.GeoDataFrame, asked: Asked | None) -> pd.DataFrame:
    """The table of sites with what each holds and costs, and where it stands."""
    sites = pd.DataFrame(offered.drop(columns="geometry")).assign(x=offered.geometry.x, y=offered.geometry.y)
    if asked is not None:
        sites["capacity"] = asked.rooms
    if file.least_load is not None:
        known = sites["least_load"] if "least_load" in sites else pd.Series(pd.NA, index=sites.index)
        sites["least_load"] = known.mask(texts(known).eq(""), file.least_load)
    if not file.money_counts:
        return sites
    budget, money = file.budget, file.money
    each = (None, 0) if budget is None else (budget.new_each, budget.running_each)
    if money is not None:
        run = each[1] if money.running_yuan is None else money.running_yuan
        each = (each[0] if money.cost_yuan is None else money.cost_yuan, run)
    for column, otherwise in zip(("cost_yuan", "running_yuan"), each, strict=True):
        if column not in sites and otherwise is None:
            continue
        given = sites[column] if column in sites else pd.Series(pd.NA, index=sites.index)
        blank = texts(given).eq("")
        read = numbers(given)
        sites[column] = given.where(read.isna() & ~blank, read.where(~blank, otherwise))
    return sites


def _classes(file: SitingFile, communities: pd.DataFrame) -> pd.Series:
    if file.class_column not in communities:
        known = ", ".join(str(c) for c in communities.columns if c != "geometry")
        raise StudyError("study.no_class_column", part=file.id, column=file.class_column, known=known)
    return texts(communities[file.class_column])


def _quota(file: SitingFile, tables: Inputs, asked: QuotaFile) -> Quota:
    areas = tables.towns if asked.level == "town" else tables.counties
    named = areas.index if len(areas) else pd.Index(sorted(set(tables.communities[asked.level]) - {""}))
    if asked.applies_to:
        classes = town_classes(areas) if len(areas) else pd.Series([class_of_name(n) for n in named], index=named)
        named = named[classes.reindex(named).isin(asked.applies_to)]
        if not len(named):
            raise StudyError("study.quota_of_no_area", part=file.id, classes=", ".join(asked.applies_to))
    known = set(map(str, named))
    every = {*map(str, areas.index), *known}
    strange = [area for group in asked.groups for area in group if area not in every]
    if strange:
        raise StudyError("sites.group_unknown", part=file.id, ids=first_ids(strange))
    for group in asked.groups:
        if not known & set(group):
            raise StudyError("sites.group_nowhere", part=file.id, group=", ".join(group))
    return Quota(asked.level, tuple(map(str, named)), asked.minimum, asked.maximum, asked.tier, asked.groups)


def _conflicts(file: SitingFile, tables: Inputs, offered: Offered) -> Iterator[tuple[str, ...]]:
    """Groups of sites of which at most one may be open; candidates that a rule removed are left off."""
    groups = [tuple(group) for group in file.conflicts]
    if file.conflict_table is not None:
        table = tables.tables[file.conflict_table]
        groups += zip(texts(table.iloc[:, 0]), texts(table.iloc[:, 1]), strict=True)
    removed, sizes = set(offered.ledger["candidate"]), sizes_by_place(offered.sites)
    yield from (tuple(own) for own in sizes.values() if len(own) > 1)
    for group in groups:
        sites = {i: _sites_called(i, offered.sites.index, sizes) for i in group}
        unknown = [i for i, known in sites.items() if not known and i not in removed]
        if unknown:
            raise StudyError("study.conflict_unknown", part=file.id, ids=first_ids(unknown))
        open_to = tuple(dict.fromkeys(site for known in sites.values() for site in known))
        if len(open_to) > 1:
            yield open_to


def _sites_called(said: str, sites: pd.Index, sizes: Mapping[str, list[str]]) -> list[str]:
    """The sites that an id means: itself, a candidate that was renamed, or all sizes of a candidate."""
    if said in sites:
        return [said]
    return [f"new-{said}"] if f"new-{said}" in sites else sizes.get(said, [])
