"""What of a study's need for burial places stands and what its plan builds."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from quarterhour.base.areas import with_areas
from quarterhour.base.cells import numbers, texts
from quarterhour.services.burial_balance import KINDS, balance_of_city, burial_balance
from quarterhour.services.graves import GraveDemand
from quarterhour.study.file.services import GravesFile
from quarterhour.study.inputs import Inputs
from quarterhour.study.results import BurialBalance, Proposal

_GRAVES = "graves"


def study_balance(
    asked: GravesFile, demand: GraveDemand, tables: Inputs, proposals: Sequence[Proposal]
) -> BurialBalance:
    """Held against the first plan that places graves; free niches, trees and lawns as the facilities say."""
    standing = free_places(asked, demand, tables)
    plan = next((p for p in proposals if p.unit == _GRAVES and p.plan.served is not None), None)
    built = pd.DataFrame(0, index=demand.areas.index, columns=list(demand.horizon.periods))
    if plan is not None:
        placed = placed_by_town(plan, tables)
        old = placed["state"].eq("existing")
        standing[_GRAVES] = placed[old].groupby("town")["people"].sum().reindex(standing.index).fillna(0)
        built = _built(placed[~old], demand)
    towns = burial_balance(demand, standing=standing, built=built)
    return BurialBalance(towns, balance_of_city(towns), "" if plan is None else plan.id)


def free_places(asked: GravesFile, demand: GraveDemand, tables: Inputs) -> pd.DataFrame:
    """Towns x kinds of places, free in the cemeteries that stand there; NaN where a town's cemeteries do not say."""
    every = with_areas(tables.facilities, tables.towns, tables.communities)
    mine = every[texts(every["kind"]).isin(asked.kinds)] if "kind" in every else every.iloc[:0]
    town = texts(mine["town"]) if len(mine) else pd.Series(dtype="str")
    found = {}
    for place in KINDS:
        column = f"free_{place}"
        free = numbers(mine[column]) if column in mine else pd.Series(float("nan"), index=mine.index)
        known = free.groupby(town).sum(min_count=1).reindex(demand.areas.index)
        found[place] = known.where(demand.areas.index.isin(town), 0.0)
    return pd.DataFrame(found, index=demand.areas.index)


def placed_by_town(p: Proposal, tables: Inputs) -> pd.DataFrame:
    """Graves that a plan places: ``town`` of the dead, ``site``, its ``state`` and ``year`` (NA: none), ``people``."""
    assert p.plan.served is not None
    served, years = p.plan.served, p.years
    town = texts(tables.communities["town"])
    return served.assign(
        town=town.reindex(served["community"]).to_numpy(),
        state=p.sites["state"].reindex(served["site"]).to_numpy(),
        year=pd.array([years.get(str(site), pd.NA) for site in served["site"]], dtype="Int64"),
    )


def _built(placed: pd.DataFrame, demand: GraveDemand) -> pd.DataFrame:
    """Towns x periods: graves in new sites by the end of each; sites without a year count with the last one."""
    spans = demand.horizon.periods
    year = placed["year"].fillna(demand.horizon.last).astype("int64")
    made = {
        period: placed[year <= last].groupby("town")["people"].sum().reindex(demand.areas.index).fillna(0)
        for period, (_, last) in spans.items()
    }
    return pd.DataFrame(made).astype("int64")
