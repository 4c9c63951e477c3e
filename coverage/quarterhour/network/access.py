"""Who may use a road: access, one-way streets, and barriers (gates, bollards) that stop a mode.

The columns are described in ``speeds.py``; all of them are optional.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quarterhour.base.arrays import BoolArray, FloatArray
from quarterhour.network.network import Mode


def may_use(roads: pd.DataFrame, mode: Mode) -> BoolArray:
    """Where the roads' access lets the mode go; where no column says, everywhere.

    Cyclists without a column ``cycle`` go where ``drive`` lets vehicles.
    """
    column = next((c for c in (mode.uses, "walk" if mode.travels == "walk" else "drive") if c in roads), None)
    return np.ones(len(roads), bool) if column is None else roads[column].to_numpy(dtype=bool)


def one_way(roads: pd.DataFrame, mode: Mode) -> NDArray[np.int8]:
    """1 along, -1 against, 0 both: vehicles obey every one-way road, walkers only the boat's timetable."""
    column = "oneway_cycle" if mode.uses == "cycle" and "oneway_cycle" in roads else "oneway"
    way: NDArray[np.int8] = roads[column].to_numpy(dtype=np.int8)
    ferry = (roads["road_class"] == "ferry").to_numpy()
    return way if mode.obeys_oneway else np.where(ferry, way, 0).astype(np.int8)


def parted_at_barriers(roads: gpd.GeoDataFrame, mode: Mode) -> gpd.GeoDataFrame:
    """Roads that no longer meet where a barrier stops the mode: the end gets a node of its own."""
    for end, barrier in (("from_node", "barrier_from"), ("to_node", "barrier_to")):
        if end not in roads or barrier not in roads or not mode.stopped_by:
            continue
        stops = by_value(roads[barrier], lambda said: not set(str(said).split(";")).isdisjoint(mode.stopped_by))
        stopped = stops.astype(bool)
        if stopped.any():
            own = roads[end].astype(str) + "|" + roads.index.astype(str) + "|" + end
            roads = roads.assign(**{end: roads[end].astype(str).where(~stopped, own)})
    return roads


def by_value(column: pd.Series, meaning: Any) -> FloatArray:
    """A meaning looked up once for each value that stands in the column."""
    codes, values = pd.factorize(column.map(hashable), use_na_sentinel=False)
    known: FloatArray = np.array([meaning(value) for value in values], np.float64)
    return known[codes] if len(known) else np.empty(0)


def hashable(value: object) -> object:
    """A cell as a key: a list becomes its members joined by ";"."""
    return ";".join(map(str, value)) if isinstance(value, list | tuple | np.ndarray) else value
