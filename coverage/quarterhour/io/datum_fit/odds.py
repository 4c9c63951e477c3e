"""How much likelier distances to roads are for places that were put beside roads than for places at random.

Places of one table keep one distance to roads, more or less: houses stand 15 m off, villages 100 m. Where a table is
laid wrong its distances are those of any place around. So for every shift of the table the log of the odds is asked of
its distances: under the log-normal law that fits them best (each place with a chance to be an exception), against the
distances at all shifts. It needs no law known before, and 20 houses show what no median does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quarterhour.base.arrays import FloatArray
from quarterhour.io.ground import FARTHEST_M, Ground

_LEAST_M = 2.0
SITED_M = 4.0
"""Nearer than this is on the road, by the accuracy of both."""
NARROWEST = 0.5
"""Of the law: a spread in the log, a factor of 1.6. Narrower ones fit a few places by chance."""
SITED = 0.8
"""The share of places that keep the law."""
_STREET_M = 15.0
_NEARER = 0.5
"""What it counts besides that places come nearer, per unit of the log of the distance."""
_BINS = np.linspace(np.log(_LEAST_M) - 1e-6, np.log(FARTHEST_M) + 1e-6, 26)
_EMPTY = 0.01


@dataclass(frozen=True, eq=False)
class Odds:
    """What distances at random are around a table."""

    density: FloatArray
    median: float

    def __repr__(self) -> str:
        return f"<Odds: {np.exp(self.median):.0f} m at random>"

    def of(self, gap_m: FloatArray) -> FloatArray:
        """The log of the odds, by shift, of distances (shifts, places)."""
        log = np.log(np.maximum(gap_m, SITED_M))
        middle = np.median(log, axis=1, keepdims=True)
        spread = np.maximum(1.4826 * np.median(np.abs(log - middle), axis=1, keepdims=True), NARROWEST)
        law = np.exp(-0.5 * ((log - middle) / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
        sited = np.log(SITED * law / self.usual(gap_m) + 1 - SITED).sum(axis=1)
        nearer = np.log(gap_m + _STREET_M).sum(axis=1)
        return np.asarray(np.where(middle[:, 0] < self.median, sited, 0.0) - _NEARER * nearer)

    def usual(self, gap_m: FloatArray) -> FloatArray:
        """The density of each distance at random, in its log."""
        return np.asarray(self.density[np.digitize(np.log(np.maximum(gap_m, _LEAST_M)), _BINS) - 1])


def odds_by(at_random_m: FloatArray) -> Odds:
    """From distances (shifts, places) at shifts that mean nothing."""
    log = np.log(np.maximum(at_random_m, _LEAST_M))
    density, _ = np.histogram(log, bins=_BINS, density=True)
    return Odds(np.asarray(density + _EMPTY), float(np.median(log)))


def gaps_at(x: FloatArray, y: FloatArray, shifts: FloatArray, ground: Ground) -> FloatArray:
    """Metres to the nearest road, (shifts, places), where all places are moved by each shift (metres east, north)."""
    moved = np.column_stack([x, y])[None] + shifts[:, None]
    return ground.about_m(moved.reshape(-1, 2)).reshape(len(shifts), len(x))
