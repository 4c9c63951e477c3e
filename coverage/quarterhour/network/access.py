"""Who may use a road: access, one-way streets, what a mode avoids, and barriers (gates, bollards) that stop it.

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
    """Where access lets the mode go, and it does not avoid what the road says; where no column says, everywhere.

    Cyclists without a column ``cycle`` go where ``drive`` lets vehicles.
    """
    column = _column(roads, mode)
    open_ = np.ones(len(roads), bool) if column is None else roads[column].to_numpy(dtype=bool)
    return open_ & ~_avoided(roads, mode)


def _column(roads: pd.DataFrame, mode: Mode) -> str | None:
    return next((c for c in (mode.uses, "walk" if mode.travels == "walk" else "drive") if c in roads), None)


def _avoided(roads: pd.DataFrame, mode: Mode) -> BoolArray:
    found = np.zeros(len(roads), bool)
    for entry in mode.avoids:
        of_class, _, said = entry.rpartition(" ")
        column, _, value = said.partition("=")
        if column in roads:
            there = by_value(roads[column], lambda cell, value=value: value in _parts(cell)) > 0
            if of_class:
                there &= (roads["road_class"] == of_class).to_numpy() & ~allowed(roads, mode)
            found |= there
    return found


def _parts(cell: object) -> list[str]:
    return [one.strip() for one in str(cell).split(";")]


def allowed(roads: pd.DataFrame, mode: Mode) -> BoolArray:
    """Where a road allows the mode by name, whatever its class (``walk_allowed``, ``drive_allowed``, ...)."""
    return _marked(roads, f"{mode.uses or mode.travels}_allowed")


def pushed(roads: pd.DataFrame, mode: Mode) -> BoolArray:
    """Where cyclists dismount and walk (``cycle_pushed``)."""
    return _marked(roads, f"{mode.uses}_pushed")


def _marked(roads: pd.DataFrame, column: str) -> BoolArray:
    return roads[column].to_numpy(dtype=bool) if column in roads else np.zeros(len(roads), bool)


def one_way(roads: pd.DataFrame, mode: Mode) -> NDArray[np.int8]:
    """1 along, -1 against, 0 both: vehicles obey every one-way road (cyclists ``oneway_cycle``, where it is there).

    Walkers obey ``oneway_foot``; without that column only the boat's timetable.
    """
    own = ("oneway_cycle" if mode.uses == "cycle" else "oneway") if mode.obeys_oneway else "oneway_foot"
    if own in roads:
        said: NDArray[np.int8] = roads[own].to_numpy(dtype=np.int8)
        return said
    way: NDArray[np.int8] = roads["oneway"].to_numpy(dtype=np.int8)
    ferry = (roads["road_class"] == "ferry").to_numpy()
    return way if mode.obeys_oneway else np.where(ferry, way, 0).astype(np.int8)


def ends_only(roads: pd.DataFrame, mode: Mode) -> BoolArray:
    """Where access lets the mode go only if its trip starts or ends there; where no column says, nowhere."""
    own = mode.uses or mode.travels
    return _marked(roads, f"{_column(roads, mode) or (own if own != 'vehicle' else 'drive')}_ends")


def barriers(mode: Mode) -> tuple[frozenset[str], frozenset[str]]:
    """Words for barriers that the mode cannot pass, and for those that it passes only where its trip starts or ends."""
    return frozenset(mode.stopped_by), frozenset({f"ends_{mode.uses or mode.travels}"} if mode.stopped_by else ())


def by_value(column: pd.Series, meaning: Any) -> FloatArray:
    """A meaning looked up once for each value that stands in the column."""
    codes, values = pd.factorize(as_keys(column), use_na_sentinel=False)
    known: FloatArray = np.array([meaning(value) for value in values], np.float64)
    return known[codes] if len(known) else np.empty(0)


def as_keys(column: pd.Series) -> pd.Series:
    """Cells as keys: a list becomes its members joined by ";"."""
    plain = column.dtype != object or pd.api.types.infer_dtype(column, skipna=True) in ("string", "empty")
    return column if plain else column.map(_hashable)


def _hashable(value: object) -> object:
    return ";".join(map(str, value)) if isinstance(value, list | tuple | np.ndarray) else value
