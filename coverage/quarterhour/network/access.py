"""Who may use a road: access, one-way streets, and barriers (gates, bollards) that stop a mode.

The columns are described in ``speeds.py``; all of them are optional.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quarterhour.base.arrays import BoolArray, FloatArray
from quarterhour.network.network import Mode


def may_use(roads: pd.DataFrame, mode: Mode) -> BoolArray:
    """Where the roads' access lets the mode go; where no column says, everywhere.

    Cyclists without a column ``cycle`` go where ``drive`` lets vehicles.
    """
    column = _column(roads, mode)
    return np.ones(len(roads), bool) if column is None else roads[column].to_numpy(dtype=bool)


def _column(roads: pd.DataFrame, mode: Mode) -> str | None:
    return next((c for c in (mode.uses, "walk" if mode.travels == "walk" else "drive") if c in roads), None)


def one_way(roads: pd.DataFrame, mode: Mode) -> NDArray[np.int8]:
    """1 along, -1 against, 0 both: vehicles obey every one-way road, walkers only the boat's timetable."""
    column = "oneway_cycle" if mode.uses == "cycle" and "oneway_cycle" in roads else "oneway"
    way: NDArray[np.int8] = roads[column].to_numpy(dtype=np.int8)
    ferry = (roads["road_class"] == "ferry").to_numpy()
    return way if mode.obeys_oneway else np.where(ferry, way, 0).astype(np.int8)


def ends_only(roads: pd.DataFrame, mode: Mode) -> BoolArray:
    """Where access lets the mode go only if its trip starts or ends there; where no column says, nowhere."""
    column = f"{_column(roads, mode)}_ends"
    return roads[column].to_numpy(dtype=bool) if column in roads else np.zeros(len(roads), bool)


def barriers(mode: Mode) -> tuple[frozenset[str], frozenset[str]]:
    """Words for barriers that the mode cannot pass, and for those that it passes only where its trip starts or ends."""
    return frozenset(mode.stopped_by), frozenset({f"ends_{mode.uses or mode.travels}"} if mode.stopped_by else ())


def by_value(column: pd.Series, meaning: Any) -> FloatArray:
    """A meaning looked up once for each value that stands in the column."""
    codes, values = pd.factorize(column.map(hashable), use_na_sentinel=False)
    known: FloatArray = np.array([meaning(value) for value in values], np.float64)
    return known[codes] if len(known) else np.empty(0)


def hashable(value: object) -> object:
    """A cell as a key: a list becomes its members joined by ";"."""
    return ";".join(map(str, value)) if isinstance(value, list | tuple | np.ndarray) else value
