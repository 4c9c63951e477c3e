"""Which reading of a table the roads speak for, and whether they speak for a shift that no datum explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quarterhour.base.arrays import BoolArray, FloatArray
from quarterhour.io.datum_fit.fits import Fit, Moved, Placed, apart_m, median_of
from quarterhour.io.datum_fit.odds import Odds, gaps_at, odds_by
from quarterhour.io.ground import Ground

BESIDE_M = 150.0
_SHIFTS = 128
_CLEARLY, _CLEARLY_EACH = 4.0, 0.1
"""By so much the log of the odds must pass all others', and by so much for each place: a grid has many shifts
that do as well."""
_CONFIRMED = 2.0
_STEP_M, _WITHIN_M = 25.0, 800.0
_FEW, _FEWEST_MOVED = 60, 30
_CANDIDATES, _PEAKS, _PEAK_M, _PEAKS_APART_M = 250, 6, 110.0, 150.0
_NEAR_SHIFTS, _OFF_M = 48, 30.0
_UNMOVED_M = 60.0
_MOVED_CLEARLY = 8.0


@dataclass(frozen=True, eq=False)
class Heard:
    """What the roads say of a table: the better reading, whether the declared one is confirmed."""

    fit: Fit | None
    confirmed: bool


def random_shifts() -> FloatArray:
    """Shifts of 150 to 1,500 m, spread evenly over the disk."""
    return _sunflower(_SHIFTS, BESIDE_M, 1500.0)


def _sunflower(count: int, least_m: float, most_m: float) -> FloatArray:
    k = np.arange(count) + 0.5
    radius = np.sqrt(least_m**2 + (most_m**2 - least_m**2) * k / count)
    angle = k * np.pi * (3 - np.sqrt(5))
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


@dataclass(frozen=True, eq=False)
class Around:
    """What shifts that mean nothing do to a table: metres to roads (shifts, places) and their odds."""

    shifts: FloatArray
    gap_m: FloatArray
    odds: Odds

    def __repr__(self) -> str:
        return f"<Around: {len(self.shifts)} shifts, {self.odds}>"


def around_of(now: Placed, ground: Ground) -> Around:
    """The random shifts of a table as it is declared."""
    shifts = random_shifts()
    gap_m = gaps_at(now.x, now.y, shifts, ground)
    return Around(shifts, gap_m, odds_by(gap_m))


def by_roads(now: Placed, others: Sequence[Placed], around: Around, ground: Ground) -> Heard:
    """The reading that fits the roads clearly better than the declared one, than the others and than any shift.

    Where a shift some way beside the reading fits clearly better still, it is another shift, and no reading.
    """
    odds = around.odds
    scores, rest = [_score(o, odds, ground) for o in others], odds.of(around.gap_m)
    mine = _score(now, odds, ground)
    confirmed = mine > max([rest.max(), *scores]) + _enough(len(now.x), _CONFIRMED)
    if confirmed or not others:
        return Heard(None, confirmed)
    best = int(np.argmax(scores))
    other = others[best]
    rivals = [s for s, o in zip(scores, others, strict=True) if apart_m(o, other) > BESIDE_M]
    most = max([mine, *rest[~beside(now, other, around.shifts)], *rivals])
    before, after = (median_of(ground.road_m(p.x, p.y)) for p in (now, other))
    close = float(odds.of(gaps_at(other.x, other.y, near_shifts(), ground)).max())
    enough = _enough(len(now.x), _CLEARLY)
    if scores[best] < most + enough or close > scores[best] + enough or not after < before:
        return Heard(None, False)
    return Heard(Fit(other.reading, "roads", 0.0, before, after, len(now.x)), False)


def _enough(places: int, least: float) -> float:
    return max(least, _CLEARLY_EACH * places)


def _score(there: Placed, odds: Odds, ground: Ground) -> float:
    return float(odds.of(gaps_at(there.x, there.y, np.zeros((1, 2)), ground))[0])


def near_shifts() -> FloatArray:
    """Shifts of 30 to 110 m: beside a reading, but another."""
    return _sunflower(_NEAR_SHIFTS, _OFF_M, _PEAK_M)


def beside(now: Placed, other: Placed, around: FloatArray) -> BoolArray:
    """The shifts that nearly are the one between two readings."""
    off = [float(np.nanmedian(other.x - now.x)), float(np.nanmedian(other.y - now.y))]
    return np.asarray(np.hypot(*(around - off).T) < BESIDE_M)


def moved_by_roads(now: Placed, ground: Ground) -> Moved | None:
    """The shift of 60 to 800 m after which places fit the roads, if no other does nearly as well.

    All shifts are asked of some places, the likely ones of all, and the likeliest of each neighbourhood is refined: the
    best must pass the second by what chance does not give. Of fewer than thirty places nothing is said.
    """
    there = np.isfinite(now.x) & np.isfinite(now.y)
    x, y = now.x[there], now.y[there]
    if len(x) < _FEWEST_MOVED:
        return None
    some = slice(None, None, -(-len(x) // _FEW))
    shifts = _sunflower(int(np.pi * _WITHIN_M**2 / _STEP_M**2), 0.0, _WITHIN_M)
    sample = gaps_at(x[some], y[some], shifts, ground)
    odds = odds_by(sample)
    likely = shifts[np.argsort(-odds.of(sample), kind="stable")[:_CANDIDATES]]
    peaks = _peaks(likely, odds.of(gaps_at(x, y, likely, ground)))
    refined = [_refined(p, x, y, odds, ground) for p in peaks]
    shift, score = max(refined, key=lambda r: r[1])
    _, unmoved = _refined(np.zeros(2), x, y, odds, ground)
    most = max([unmoved, *(s for at, s in refined if np.hypot(*(at - shift)) > _PEAK_M)])
    if np.hypot(*shift) < _UNMOVED_M or score < most + _enough(len(x), _MOVED_CLEARLY):
        return None
    before, after = (median_of(ground.road_m(x + dx, y + dy)) for dx, dy in (np.zeros(2), shift))
    return Moved(float(shift[0]), float(shift[1]), before, after, len(x)) if after < before else None


def _peaks(shifts: FloatArray, scores: FloatArray) -> list[FloatArray]:
    """The best shift, the best far from it, and so on."""
    found: list[FloatArray] = []
    for k in np.argsort(-scores, kind="stable"):
        if len(found) < _PEAKS and all(np.hypot(*(shifts[k] - p)) > _PEAKS_APART_M for p in found):
            found.append(shifts[k])
    return found


def _refined(shift: FloatArray, x: FloatArray, y: FloatArray, odds: Odds, ground: Ground) -> tuple[FloatArray, float]:
    """The best of the shifts within 24 m, and its score."""
    step = np.array([-24.0, -12.0, 0.0, 12.0, 24.0])
    near = shift + np.column_stack([np.tile(step, 5), np.repeat(step, 5)])
    scores = odds.of(gaps_at(x, y, near, ground))
    best = int(np.argmax(scores))
    return near[best], float(scores[best])
