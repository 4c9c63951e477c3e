"""Three tiers of rural care: is each there, and is it reached from the one below?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quarterhour.base.cells import texts
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE, centiseconds
from quarterhour.base.errors import DataError
from quarterhour.travel.times import TravelTimes

TIERS = ("village", "town", "county")


@dataclass(frozen=True, eq=False)
class TierCheck:
    """Which tiers each community has, from its village point up.

    ``communities``: by id ``village, town, county`` (ids of the facilities that serve it: the nearest village point,
    the nearest centre of its town, the institution of its county nearest to that centre; missing where none
    was reached), ``village_minutes, town_minutes, county_minutes`` (each from the tier below; the town's from the
    community), ``met`` (all three within their minutes) and ``gap``: the lowest tier that fails, as ``village_none``
    (there is none, or none was reached), ``village_far`` (beyond its minutes), ``town_none`` ...; "" where met.
    """

    communities: pd.DataFrame
    minutes: tuple[float, float, float]

    def __repr__(self) -> str:
        met = int(self.communities["met"].sum())
        return f"<TierCheck: {met} of {len(self.communities)} communities have all three tiers>"


def check_tiers(
    communities: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    times: Sequence[TravelTimes],
    minutes: Sequence[float],
) -> TierCheck:
    """Follow each community from its village point to its town's centre and its county's institution.

    Parameters
    ----------
    communities, facilities : places with ``town`` and ``county``; a facility may stand in several tiers (a county
        institution that serves as its town's centre).
    times : communities x village points; communities x town centres; town centres x county institutions (the centres
        in the place of communities). Searched at least as far as ``minutes``; farther tells near misses.
    minutes : standard of each step, inclusive.

    A village point may stand in another town; a centre counts in its own town alone, an institution in its county.
    DataError when there are not three of each.
    """
    if len(times) != len(TIERS) or len(minutes) != len(TIERS):
        raise DataError("tiers.not_three", times=len(times), minutes=len(minutes))
    village, town, county = times
    rows = pd.DataFrame(index=communities.index)
    _step(rows, "village", village.pairs(), minutes[0])
    _step(rows, "town", _inside(town.pairs(), communities, facilities, "town"), minutes[1])
    up = pd.DataFrame(index=town.sites)
    _step(up, "county", _inside(county.pairs(), facilities, facilities, "county"), minutes[2])
    for column in ("county", "county_minutes", "county_gap"):
        rows[column] = up[column].reindex(rows["town"]).to_numpy()
    rows["county_gap"] = rows["county_gap"].fillna("county_none")
    gaps = rows[[f"{tier}_gap" for tier in TIERS]].to_numpy(dtype=object)
    lowest = [next((g for g in row if g), "") for row in gaps]
    made = rows.drop(columns=[f"{tier}_gap" for tier in TIERS]).assign(gap=pd.Series(lowest, rows.index, dtype="str"))
    return TierCheck(made.assign(met=made["gap"] == ""), (minutes[0], minutes[1], minutes[2]))


def _inside(pairs: pd.DataFrame, below: pd.DataFrame, facilities: pd.DataFrame, level: str) -> pd.DataFrame:
    """The pairs whose two ends lie in one area."""
    one = texts(below[level]).reindex(pairs["community"]).to_numpy(dtype=object)
    other = texts(facilities[level]).reindex(pairs["site"]).to_numpy(dtype=object)
    inside: pd.DataFrame = pairs[(one == other) & (one != "")]
    return inside


def _step(rows: pd.DataFrame, tier: str, pairs: pd.DataFrame, minutes: float) -> None:
    nearest = pairs.sort_values("minutes", kind="stable").drop_duplicates("community").set_index("community")
    rows[tier] = nearest["site"].reindex(rows.index)
    took = nearest["minutes"].reindex(rows.index)
    rows[f"{tier}_minutes"] = took
    within = np.rint(took * CENTISECONDS_PER_MINUTE) <= centiseconds(minutes)
    rows[f"{tier}_gap"] = np.select([took.isna(), ~within], [f"{tier}_none", f"{tier}_far"], "")
