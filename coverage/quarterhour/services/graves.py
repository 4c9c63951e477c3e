"""How many graves and niches each town needs, and on how much land."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quarterhour.base.errors import DataError
from quarterhour.services.columns import at_least_zero

M2_PER_MU = 10_000 / 15
NEEDED_FIGURES = ("horizon-years", "share-in-public", "site-per-grave", "niches-a-grave", "site-per-niche")
"""Figures of the rule set ``cemetery`` that the sizing rests on."""


@dataclass(frozen=True, eq=False)
class GraveDemand:
    """What the dead of the coming years need.

    ``areas``: by id ``deaths`` (a year), ``burials`` (over the horizon, in public cemeteries), ``backlog`` (graves to
    be moved), ``graves, niches, area_m2, area_mu``. ``figures``: what it was counted with.
    """

    areas: pd.DataFrame
    figures: Mapping[str, float]

    def __repr__(self) -> str:
        rows = self.areas
        return (
            f"<GraveDemand: {rows['graves'].sum():,.0f} graves, {rows['niches'].sum():,.0f} niches, "
            f"{rows['area_m2'].sum() / 10_000:,.1f} ha in {len(rows)} areas>"
        )


def grave_demand(areas: pd.DataFrame, *, figures: Mapping[str, float], eco_share: float) -> GraveDemand:
    """Graves, niches and land by area: burials of the horizon and the village graves that are to move.

    Parameters
    ----------
    areas : by id ``deaths`` (a year) and ``backlog`` (graves to be moved; 0 where absent).
    figures : ``horizon-years, share-in-public, site-per-grave, niches-a-grave, site-per-niche`` as the rule set
    ``cemetery``
        has them, or a bureau's own.
    eco_share : of burials and of moved graves, the share that takes a niche and no plot.

    burials = deaths x years x share in public cemeteries (DB34/T 4180-2022); graves = (burials + backlog) x (1 - eco);
    niches = the rest, and at least so many a grave as the draft standard asks. Whole numbers, rounded up.
    DataError when a figure or a column is missing or below 0.
    """
    missing = [name for name in NEEDED_FIGURES if not figures.get(name, -1) >= 0]
    if missing:
        raise DataError("graves.no_figure", missing=", ".join(missing))
    if not 0 <= eco_share <= 1:
        raise DataError("graves.bad_share", share=eco_share)
    nowhere, none = pd.Series(np.nan, index=["-"]), pd.Series(0.0, index=areas.index)
    deaths = at_least_zero(areas.get("deaths", nowhere), "graves.bad_column", column="deaths")
    backlog = at_least_zero(areas.get("backlog", none), "graves.bad_column", column="backlog")
    burials = deaths * figures["horizon-years"] * figures["share-in-public"]
    # A hair above a whole number is rounding, not one grave more.
    graves = np.ceil(np.round((burials + backlog) * (1 - eco_share), 6))
    niches = np.maximum(
        np.ceil(np.round((burials + backlog) * eco_share, 6)), np.ceil(graves * figures["niches-a-grave"])
    )
    land = graves * figures["site-per-grave"] + niches * figures["site-per-niche"]
    made = {
        "deaths": deaths, "burials": burials, "backlog": backlog, "graves": graves.astype(np.int64),
        "niches": niches.astype(np.int64), "area_m2": land, "area_mu": land / M2_PER_MU,
    }  # fmt: skip
    return GraveDemand(pd.DataFrame(made, index=areas.index), {n: float(figures[n]) for n in NEEDED_FIGURES})


def graves_on(area_m2: pd.Series, *, figures: Mapping[str, float]) -> pd.Series:
    """How many graves, with the niches that go with each, a parcel of so many square metres holds; missing stays so.

    Land of a grave: ``site-per-grave`` and ``niches-a-grave`` times ``site-per-niche``, paths and planting included.
    Whole numbers, rounded down. DataError when a figure is missing or the land of a grave is nothing.
    """
    missing = [name for name in NEEDED_FIGURES[2:] if not figures.get(name, -1) >= 0]
    each = 0.0 if missing else figures["site-per-grave"] + figures["niches-a-grave"] * figures["site-per-niche"]
    if missing or each <= 0:
        raise DataError("graves.no_figure", missing=", ".join(missing or NEEDED_FIGURES[2:]))
    area = pd.to_numeric(area_m2, errors="coerce").astype(float)
    return pd.Series(np.floor(np.round(area / each, 6)), index=area.index).astype("Int64")


def shared_by_people(areas: pd.Series, *, people: pd.Series, area: pd.Series) -> pd.Series:
    """An area's whole number shared out among its communities in proportion to people, the largest parts first.

    ``areas``: by area id. ``people``, ``area``: by community. Nothing is lost: an area's communities add up to it;
    where it has no people they share alike. What belongs to an area without communities is not shared out.
    """
    made = pd.Series(0, index=people.index, dtype="int64")
    for name, rows in people.groupby(area, sort=True):
        weight = rows.to_numpy(dtype=float) if rows.sum() > 0 else np.ones(len(rows))
        part = float(areas.get(name, 0)) * weight / weight.sum()
        whole = np.floor(part).astype(np.int64)
        left = int(areas.get(name, 0)) - int(whole.sum())
        whole[np.argsort(-(part - whole), kind="stable")[:left]] += 1
        made[rows.index] = whole
    return made


def shared_out(total: float, *, by: pd.Series) -> pd.Series:
    """A city's figure shared out in proportion to people: an estimate, to be replaced by the towns' own."""
    weight = by.astype(float)
    whole = float(weight.sum())
    return total * weight / whole if whole > 0 else weight * 0.0
