"""Need and balance of burial places of a layout plan by area, as the results' balance of burial has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from quarterhour.base.cells import numbers
from quarterhour.services.burial_balance import KINDS
from quarterhour.study.results import Results

GRAVES = KINDS[0]
PARTS = {"need": "needed_so_far", "now": "standing", "new": "built_so_far", "missing": "missing"}
"""Columns of a place by area, and those of the results' balance at the end of the horizon."""


def places_needed(results: Results) -> tuple[str, ...]:
    """The kinds of places that a plan tells of: graves, and what else the study's need has."""
    found = results.burial
    some = set() if found is None else set(found.towns.loc[found.towns["needed_so_far"] > 0, "place"].astype(str))
    return tuple(place for place in KINDS if place == GRAVES or place in some)


def burial_by_area(
    results: Results, areas: pd.DataFrame, summed: Callable[[pd.Series], pd.Series]
) -> pd.DataFrame:  # fmt: skip
    """``deaths`` a year; by kind of place ``PLACE_need, PLACE_now, PLACE_new, PLACE_missing`` over the horizon.

    ``summed``: values by town summed to each area. An area with a town of which a figure is not known has none of it;
    all are missing where the results have no balance.
    """
    made: dict[str, pd.Series] = {}
    if results.care.graves is not None:
        made["deaths"] = summed(_plain(results.care.graves.areas["deaths"]))
    if results.burial is not None:
        made |= dict(_of_places(results.burial.towns, places_needed(results), summed))
    every = ["deaths", *(f"{place}_{part}" for place in places_needed(results) for part in PARTS)]
    return pd.DataFrame(made, index=areas.index).reindex(columns=every).astype("float64")


def _of_places(
    towns: pd.DataFrame, places: tuple[str, ...], summed: Callable[[pd.Series], pd.Series]
) -> Iterator[tuple[str, pd.Series]]:
    last = towns[towns["last_year"].eq(towns["last_year"].max())]
    for place in places:
        rows = last[last["place"].eq(place)].set_index("town")
        for part, column in PARTS.items():
            yield f"{place}_{part}", summed(_plain(rows[column]))


def _plain(values: pd.Series) -> pd.Series:
    return numbers(values).astype("float64").rename(index=str)
