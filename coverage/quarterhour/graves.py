"""How many graves and niches each town needs, and on how much land."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quarterhour.errors import DataError, first_ids

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
    deaths = _column(areas, "deaths")
    backlog = _column(areas, "backlog") if "backlog" in areas else np.zeros(len(areas))
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


def shared_out(total: float, *, by: pd.Series) -> pd.Series:
    """A city's figure shared out in proportion to people: an estimate, to be replaced by the towns' own."""
    weight = by.astype(float)
    whole = float(weight.sum())
    return total * weight / whole if whole > 0 else weight * 0.0


def _column(areas: pd.DataFrame, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values = pd.to_numeric(areas[name], errors="coerce").to_numpy(dtype=float) if name in areas else np.array([np.nan])
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        ids = first_ids(areas.index[bad]) if name in areas else "-"
        raise DataError("graves.bad_column", column=name, ids=ids)
    return values
