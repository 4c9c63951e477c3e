"""Lengths that a table gives, weighed against its lines: the unit that fits, and the drawn length where none does."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.base.arrays import BoolArray, FloatArray
from quarterhour.base.cells import numbers, texts
from quarterhour.base.findings import Severity, join_findings, no_findings
from quarterhour.network.roads.told import Where

METRES_IN = {"m": 1.0, "km": 1000.0, "ft": 0.3048, "mi": 1609.344, "cm": 0.01, "mm": 0.001, "里": 500.0}
"""Units that a column of lengths may be in; 里 is half a kilometre."""
ALIKE = (0.95, 1.06)
"""Given lengths over drawn ones, in the middle of the table, when the unit fits: slopes and bends are in it."""
WITHIN = 0.2
"""A length may differ from the drawn one by this share, and is never below the straight line between the ends."""
_CHORD, _MOSTLY, _WORTH_M = 0.98, 0.5, 5.0


def weighed_lengths(roads: gpd.GeoDataFrame, where: Where) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """``length_m`` in metres where it fits the line; missing, so that the drawn length counts, where it does not.

    All of it is told: the unit that was guessed, a column that fits in no unit, roads whose length is blank, not
    above 0, or not that of their line.
    """
    if "length_m" not in roads or not len(roads):
        return roads, no_findings()
    given = numbers(roads["length_m"]).to_numpy(dtype=float)
    drawn = roads.geometry.length.to_numpy()
    known = given > 0
    told = [_told_unknown(roads, known, where)]
    unit = _unit(given, drawn, known)
    metres = given * METRES_IN.get(unit, np.nan)
    good = known & _fits(roads, metres, drawn, _rounding_m(given[known], METRES_IN.get(unit, 1.0)))
    if known.any() and (not unit or good.sum() < _MOSTLY * known.sum()):
        told.append(where.say("length_unfit", value=f"{_ratio(given, drawn, known):,.3g}", column="length_m"))
        return roads.drop(columns="length_m"), join_findings(told)
    if known.any() and unit != "m":
        told.append(where.say("length_unit", value=unit, column="length_m"))
    off = known & ~good
    if off.any():
        told.append(where.about("length_off", roads.index[off]))
    return roads.assign(length_m=np.where(good, metres, np.nan)), join_findings(told)


def _told_unknown(roads: gpd.GeoDataFrame, known: BoolArray, where: Where) -> pd.DataFrame:
    """Roads without a length above 0: a note where the cell is blank, else a warning."""
    if known.all():
        return no_findings()
    said = texts(roads["length_m"])[~known]
    shown = ", ".join(said[said != ""].unique()[:3])
    severity: Severity = "warning" if shown else "note"
    rule = "length_bad" if shown else "length_blank"
    return where.about(rule, roads.index[~known], severity=severity, column=shown)


def _ratio(given: FloatArray, drawn: FloatArray, known: BoolArray) -> float:
    """Given over drawn in the middle of the table; roads of a few metres do not count where there are longer ones."""
    some = known & (drawn >= _WORTH_M)
    some = some if some.any() else known & (drawn > 0)
    return float(np.median(given[some] / drawn[some])) if some.any() else np.nan


def _unit(given: FloatArray, drawn: FloatArray, known: BoolArray) -> str:
    """The unit in which most lengths fit their lines, "" where none does."""
    ratio = _ratio(given, drawn, known)
    return next((u for u, metres in METRES_IN.items() if ALIKE[0] <= ratio * metres <= ALIKE[1]), "")


def _rounding_m(given: FloatArray, metres: float) -> float:
    """Half of the last digit that is written, in metres; a metre at most."""
    for digits in range(7):
        if np.allclose(given, np.round(given, digits), rtol=0, atol=1e-9):
            return min(0.5 * 10.0**-digits * metres, 1.0)
    return 0.0


def _fits(roads: gpd.GeoDataFrame, metres: FloatArray, drawn: FloatArray, rounding_m: float) -> BoolArray:
    parts, row = shapely.get_parts(roads.geometry.to_numpy(), return_index=True)
    straight = shapely.distance(shapely.get_point(parts, 0), shapely.get_point(parts, -1))
    chord = np.bincount(row, weights=straight, minlength=len(roads))
    low = np.maximum(_CHORD * chord, (1 - WITHIN) * drawn) - rounding_m
    good: BoolArray = (metres >= low) & (metres <= (1 + WITHIN) * drawn + rounding_m)
    return good
