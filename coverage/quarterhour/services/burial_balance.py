"""Burial places needed, standing, built by a plan and missing, by town, kind of place and period."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from quarterhour.services.burial_forms import GRAVES
from quarterhour.services.columns import sums_if_known
from quarterhour.services.graves import GraveDemand

PLACES: Mapping[str, str] = MappingProxyType(
    {**dict.fromkeys(GRAVES, "graves"), "niche": "niches", "tree": "trees", "lawn": "lawns"}
)
"""The kind of place that a form takes; the sea takes none. What stands is not told apart by kinds of graves."""
KINDS = tuple(dict.fromkeys(PLACES.values()))
BALANCE = (
    "town", "place", "period", "first_year", "last_year", "needed", "area_m2", "needed_so_far", "standing",
    "built_so_far", "missing", "missing_m2",
)  # fmt: skip


def burial_balance(demand: GraveDemand, *, standing: pd.DataFrame, built: pd.DataFrame) -> pd.DataFrame:
    """A row a town, kind of place and period, in the columns ``BALANCE``.

    Parameters
    ----------
    standing : towns x kinds of places, free today; NaN where nobody says.
    built : towns x periods: graves that a plan has built for the town's dead by the end of the period. Niches and trees
        are built with them as the town needs them for each grave.

    needed, area_m2 (m2): of the period; ``needed_so_far``: since the first year; missing = needed so far - standing -
    built so far, never below 0, and missing (NA) where it is not known what stands. ``missing_m2``: at the land a place
    that the need has; NaN where that is not known.
    """
    spans, places = demand.horizon.periods, demand.cells["form"].map(PLACES)
    cells = demand.cells.assign(place=places)[places.notna()]
    sums, rows = sums_if_known(cells, ["town", "place", "period"], ["places", "area_m2"]), []
    for (town, place), mine in sums.groupby(level=["town", "place"], sort=False):
        needed, land = (mine[column].droplevel(["town", "place"]) for column in ("places", "area_m2"))
        whole, each = int(needed.sum()), float("nan")
        if whole:
            each = float(land.sum(skipna=False)) / whole
        stands = float(standing[place].get(town, np.nan)) if place in standing else np.nan
        graves = int(demand.areas["graves"].get(town, 0))
        so_far = 0
        for period, (first, last) in spans.items():
            so_far += int(needed.get(period, 0))
            made = int(built[period].get(town, 0)) if period in built else 0
            made = made if place == "graves" else _with_graves(made, whole, graves)
            lacking = np.nan if np.isnan(stands) else max(0.0, so_far - stands - made)
            rows.append((
                town, place, period, first, last, int(needed.get(period, 0)), float(land.get(period, 0.0)), so_far,
                stands, made, lacking, 0.0 if lacking == 0 else lacking * each,
            ))  # fmt: skip
    table = pd.DataFrame(rows, columns=list(BALANCE))
    return table.astype(dict.fromkeys(("needed", "needed_so_far", "standing", "built_so_far", "missing"), "Int64"))


def _with_graves(graves_built: int, needed: int, graves_needed: int) -> int:
    """Places of another kind that come with so many graves, all of them with all graves."""
    return needed * graves_built // graves_needed if graves_needed else 0


def balance_of_city(balance: pd.DataFrame) -> pd.DataFrame:
    """The same for all towns together; NA where a town's is not known. ``towns_unknown``: how many those are."""
    keys = ["place", "period", "first_year", "last_year"]
    sums = [c for c in BALANCE if c not in ("town", *keys)]
    made = sums_if_known(balance, keys, sums).reset_index()
    unknown = balance["standing"].isna().groupby([balance[key] for key in keys], sort=False)
    made["towns_unknown"] = unknown.sum().astype("int64").to_numpy()
    return made
