"""How evenly something is shared: Gini, Theil, the worst-off tenth, and the curve behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quarterhour.base.arrays import FloatArray
from quarterhour.base.row_order import id_order
from quarterhour.services.columns import at_least_zero

WORST = 0.1
"""The worst-off tenth of the people."""


@dataclass(frozen=True, eq=False)
class Equity:
    """How evenly a value is shared among people.

    ``gini``: 0 all alike, towards 1 one has all. ``theil``: 0 all alike, at most ln(people); ``theil_between``: the
    part of it that lies between the areas (NaN without areas). ``worst``: mean of the worst-off tenth of the people;
    ``mean``: of all. ``curve``: ``people, value``, shares of both from 0 to 1, the worst off first (Lorenz 1905).
    """

    gini: float
    theil: float
    theil_between: float
    worst: float
    mean: float
    people: float
    curve: pd.DataFrame

    def __repr__(self) -> str:
        return (
            f"<Equity: Gini {self.gini:.3f}, Theil {self.theil:.3f}, worst tenth {self.worst:.3g} of {self.mean:.3g}>"
        )


def measure_equity(value: pd.Series, *, people: pd.Series, areas: pd.Series | None = None) -> Equity:
    """How evenly a value (capacity a person, minutes saved) is shared; each community counts by its people.

    ``value``, ``people``, ``areas`` by community id; communities without people do not count. Everything is NaN where
    nobody is, Gini and Theil where nobody has anything. DataError for a value below 0 or missing where people are.
    Source: Gini as the mean difference, Theil's T with 0 ln 0 = 0; equal to ``inequality`` where all weights are one.
    """
    value = value.iloc[id_order(value.index)]
    x, w = _checked(value, people)
    if not len(x):
        nan, nobody = float("nan"), pd.DataFrame({"people": [0.0, 1.0], "value": [0.0, 1.0]})
        return Equity(nan, nan, nan, nan, nan, 0.0, nobody)
    order = np.argsort(x, kind="stable")
    x, w = x[order], w[order]
    share, held = np.r_[0.0, np.cumsum(w)] / w.sum(), np.r_[0.0, np.cumsum(w * x)]
    whole = float(held[-1])
    if whole > 0:
        held = held / whole
        gini = float(1 - ((held[1:] + held[:-1]) * np.diff(share)).sum())
        theil, between = _theil(x, w), float("nan")
        if areas is not None:
            between = _theil_between(
                x, w, areas.reindex(value.index)[people.reindex(value.index) > 0].to_numpy()[order]
            )
    else:
        gini = theil = between = float("nan")
    curve = pd.DataFrame({"people": share, "value": held})
    return Equity(gini, theil, between, _worst(x, w), float(np.average(x, weights=w)), float(w.sum()), curve)


def equity_by_area(value: pd.Series, *, people: pd.Series, areas: pd.Series) -> pd.DataFrame:
    """By area: ``gini, theil, worst, mean, people``; areas in their order of name."""
    rows = {}
    for area, inside in value.groupby(areas.reindex(value.index)):
        found = measure_equity(inside, people=people.reindex(inside.index))
        rows[area] = {c: getattr(found, c) for c in ("gini", "theil", "worst", "mean", "people")}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["gini", "theil", "worst", "mean", "people"])


def _checked(value: pd.Series, people: pd.Series) -> tuple[FloatArray, FloatArray]:
    w = at_least_zero(people.reindex(value.index), "equity.bad_people")
    return at_least_zero(value[w > 0], "equity.bad_value"), w[w > 0]


def _theil(x: FloatArray, w: FloatArray) -> float:
    """T = mean of (x / mean) ln (x / mean), by people."""
    ratio = x / np.average(x, weights=w)
    each = ratio * np.log(np.where(ratio > 0, ratio, 1.0))
    return float(np.average(each, weights=w))


def _theil_between(x: FloatArray, w: FloatArray, areas: NDArray[np.object_]) -> float:
    code, _ = pd.factorize(areas, use_na_sentinel=False)
    people = np.bincount(code, weights=w).astype(float)
    return _theil(np.bincount(code, weights=w * x) / people, people)


def _worst(x: FloatArray, w: FloatArray) -> float:
    """The mean of the worst-off tenth; the community on the border counts in part. ``x`` rises."""
    room = WORST * w.sum()
    taken = np.minimum(w, np.maximum(0.0, room - np.r_[0.0, np.cumsum(w)[:-1]]))
    return float((taken * x).sum() / room)
