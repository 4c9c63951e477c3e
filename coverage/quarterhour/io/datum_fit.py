"""Whether places fit roads, outlines of towns or round numbers better when their numbers mean another datum.

A datum that nobody declared moves a whole table by the same 20 to 700 metres: too little to be seen on a map of the
city, enough to change who is reached. Three kinds of evidence are asked, each by itself:

- the whole table lies far from every road, and with another CRS among them;
- round numbers: all coordinates come out at whole millionths of a degree, as no chance makes them;
- roads: the places lie nearer to roads than at any of many other shifts, and than chance has it;
- outlines: places outside their town come to lie in it, and hardly any leaves it.

Silence is no proof: where places lie far from roads and deep in their towns, no shift can be told from another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtr

from quarterhour.base.arrays import AnyArray, BoolArray, FloatArray
from quarterhour.io import web_maps
from quarterhour.io.files.account import Origin
from quarterhour.io.ground import Ground, Pair
from quarterhour.io.readings import Reading, declared_reading, other_readings

_FEWEST = 4
_LOOKED_AT = 200
_FAR_M, _AMONG_M = 5000.0, 1000.0
_SAME_M = 15.0
"""Readings that come no farther apart than this make no difference."""
_NEAR_M = 15.0
"""How near counts as on the road: the width of a street and of a survey."""
_BESIDE_M = 150.0
_CHANCE = 1e-4
_BETTER = 0.2
"""Places must come nearer to roads by a fifth, as a rule."""
_CLEARLY = 0.08
"""And so much nearer than by any of the shifts at random: a grid of streets has many that do as well."""
_SHIFTS = 128
_EXCUSED_M = 60.0
"""Outlines are drawn by hand: so far outside is not outside."""
_MOVED_IN = 5
_ROUND_DIGITS = (4, 5, 6)
_ROUND_TO = 0.02


@dataclass(frozen=True, eq=False)
class Fit:
    """A reading that fits a table better, why, and by how much.

    ``evidence``: far, round, roads or outlines. ``shift_m``: median metres between the two readings. ``now, then``:
    median metres to a road, or the number of places inside their town, as declared and as read.
    """

    reading: Reading
    evidence: str
    shift_m: float
    now: float
    then: float
    places: int

    def __repr__(self) -> str:
        return f"<Fit: {self.evidence} {self.reading.key} {self.reading.value}, {self.shift_m:.0f} m>"


@dataclass(frozen=True, eq=False)
class Verdict:
    """What could be told of a table: a better reading if there is one, and whether the roads confirm the declared."""

    fit: Fit | None
    confirmed: bool
    xy: pd.DataFrame
    """``x, y`` in the study CRS by row of the file, as the better reading has them, else as declared."""


@dataclass(frozen=True, eq=False)
class _Placed:
    reading: Reading
    lonlat: Pair
    x: FloatArray
    y: FloatArray


def datum_verdict(origin: Origin, towns: pd.Series, ground: Ground) -> Verdict:
    """How the numbers of a table of places fit best. ``towns``: the town that each row of the file names, by row."""
    declared = _placed(declared_reading(origin.crs, origin.datum), origin.raw, ground)
    every = pd.DataFrame({"x": declared.x, "y": declared.y}, index=origin.raw.index)
    some = origin.raw[:: max(1, -(-len(origin.raw) // _LOOKED_AT))]
    if len(some) < _FEWEST or not len(ground.roads):
        return Verdict(None, False, every)
    now = _placed(declared.reading, some, ground)
    others = _others(origin, some, now, ground)
    town = ground.town_of(towns.reindex(some.index).fillna(""))
    found, confirmed = _best(now, others, town, ground)
    if found is None:
        return Verdict(None, confirmed, every)
    then = _placed(found.reading, origin.raw, ground)
    shift = _median(np.hypot(then.x - declared.x, then.y - declared.y))
    better = pd.DataFrame({"x": then.x, "y": then.y}, index=origin.raw.index)
    return Verdict(replace(found, shift_m=shift, places=len(origin.raw)), confirmed, better)


def _placed(reading: Reading, raw: pd.DataFrame, ground: Ground) -> _Placed:
    lonlat = reading.lonlat(raw["x"].to_numpy(), raw["y"].to_numpy())
    return _Placed(reading, lonlat, *ground.to_xy(lonlat))


def _others(origin: Origin, some: pd.DataFrame, now: _Placed, ground: Ground) -> list[_Placed]:
    """Readings that put the table near the roads, and elsewhere than those before them."""
    x, y = some["x"].to_numpy(), some["y"].to_numpy()
    kept: list[_Placed] = []
    middle = pd.DataFrame({"x": [float(np.median(x))], "y": [float(np.median(y))]})
    for reading in other_readings(x, y, crs=origin.crs, datum=origin.datum, near=ground.centre()):
        there = _placed(reading, middle, ground)
        if ground.near(float(there.x[0]), float(there.y[0]), within=_FAR_M):
            placed = _placed(reading, some, ground)
            if all(_apart(placed, other) > _SAME_M for other in (now, *kept)):
                kept.append(placed)
    return kept


def _apart(one: _Placed, other: _Placed) -> float:
    return _median(np.hypot(one.x - other.x, one.y - other.y))


def _median(metres: FloatArray) -> float:
    """What is nowhere is infinitely far."""
    return float(np.median(np.nan_to_num(metres, nan=np.inf)))


def _best(now: _Placed, others: list[_Placed], town: AnyArray, ground: Ground) -> tuple[Fit | None, bool]:
    gap = ground.road_m(now.x, now.y, most=None)
    if not _median(gap) < _FAR_M:
        return _from_afar(now, others, gap, ground), False
    others = [o for o in others if not o.reading.swapped]
    if not others:
        return None, False
    rounded = _rounded(now, others)
    if rounded is not None:
        return rounded, False
    by_roads, confirmed = _by_roads(now, others, ground)
    return by_roads or _by_outlines(now, others, town, ground, confirmed=confirmed), confirmed


def _from_afar(now: _Placed, others: list[_Placed], gap: FloatArray, ground: Ground) -> Fit | None:
    """A table that lies elsewhere: the reading that brings it to the roads; of those as near, the likelier."""
    medians = [_median(ground.road_m(o.x, o.y)) for o in others]
    if not medians or min(medians) > _AMONG_M:
        return None
    best = next(k for k, m in enumerate(medians) if m <= min(medians) * 1.5 + _NEAR_M)
    return Fit(others[best].reading, "far", 0.0, _median(gap), medians[best], len(now.x))


def _rounded(now: _Placed, others: list[_Placed]) -> Fit | None:
    if _round_share(now.lonlat) > 0.2:
        return None
    for other in others:
        if not other.reading.undone and _round_share(other.lonlat) >= 0.9:
            return Fit(other.reading, "round", 0.0, 0.0, 0.0, len(now.x))
    return None


def _round_share(pair: Pair, digits: Sequence[int] = _ROUND_DIGITS) -> float:
    """The share of places whose degrees (or metres) end after so many decimals."""
    shares = [0.0]
    for many in digits:
        off = [np.abs(v * 10**many - np.round(v * 10**many)) < _ROUND_TO for v in pair]
        shares.append(float((off[0] & off[1]).mean()))
    return max(shares)


def rounded_roads(ground: Ground) -> tuple[str, float] | None:
    """The web map whose datum the roads have, and the metres between: their corners come out round when it is undone.

    Round are degrees of four to six decimals, or whole metres of the study CRS.
    """
    x, y = ground.corners(_LOOKED_AT)
    if len(x) < _FEWEST:
        return None
    lonlat = ground.to_lonlat((x, y))
    if max(_round_share(lonlat), _round_share((x, y), (0,))) > 0.2:
        return None
    for datum in ("gcj02", "bd09"):
        undone = web_maps.to_wgs84(*lonlat, datum=datum)
        there = ground.to_xy(undone)
        if max(_round_share(undone), _round_share(there, (0,))) >= 0.9:
            return datum, _median(np.hypot(there[0] - x, there[1] - y))
    return None


def _by_roads(now: _Placed, others: list[_Placed], ground: Ground) -> tuple[Fit | None, bool]:
    """The reading that the roads speak for, and whether they speak for the declared one."""
    around = _shifts()
    at_random = np.array([_nearness(ground.road_m(now.x + dx, now.y + dy)) for dx, dy in around])
    mine = _nearness(ground.road_m(now.x, now.y))
    confirmed = _chance(mine.mean(), at_random) < _CHANCE
    scores = [_nearness(ground.road_m(o.x, o.y)) for o in others]
    best = int(np.argmin([s.mean() for s in scores]))
    other, theirs = others[best], scores[best]
    likely = _chance(theirs.mean(), at_random) * len(others) < _CHANCE
    rivals = [s.mean() for o, s in zip(others, scores, strict=True) if _apart(o, other) > _BESIDE_M]
    elsewhere = min([*at_random[~_beside(now, other, around)].mean(axis=1), *rivals], default=np.inf)
    nearer = mine.mean() - theirs.mean() > _BETTER and (theirs < mine).mean() > 0.5
    if not (likely and nearer and theirs.mean() < elsewhere - _CLEARLY):
        return None, confirmed
    before, after = (_median(ground.road_m(p.x, p.y)) for p in (now, other))
    return Fit(other.reading, "roads", 0.0, before, after, len(now.x)), confirmed


def _shifts() -> FloatArray:
    """Shifts of 150 to 1,500 m, spread evenly over the disk."""
    k = np.arange(_SHIFTS) + 0.5
    radius, angle = np.sqrt(150.0**2 + (1500.0**2 - 150.0**2) * k / _SHIFTS), k * np.pi * (3 - np.sqrt(5))
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _beside(now: _Placed, other: _Placed, around: FloatArray) -> BoolArray:
    """The shifts that nearly are the one between two readings."""
    there = np.isfinite(other.x - now.x)
    off = [float(np.median((other.x - now.x)[there])), float(np.median((other.y - now.y)[there]))]
    return np.asarray(np.hypot(*(around - off).T) < _BESIDE_M)


def _nearness(gap_m: FloatArray) -> FloatArray:
    """Low near a road; a place twice as far off counts the same whether it is 50 m or 500 m."""
    return np.asarray(np.log(np.nan_to_num(gap_m, nan=gap_m[np.isfinite(gap_m)].max(initial=1.0)) + _NEAR_M))


def _chance(mean: float, at_random: FloatArray) -> float:
    """How often places that know nothing of the roads have so low a mean, by their own scores at other shifts.

    Each of few places draws one of its scores; many together are as good as normal. That places move together (along
    a valley, over a grid of streets) is not in it: the caller compares with whole shifts.
    """
    shifts, places = at_random.shape
    if places <= 60:
        rows = np.random.default_rng(0).integers(0, shifts, (40_000, places))
        drawn = at_random[rows, np.arange(places)].mean(axis=1)
        return (np.count_nonzero(drawn <= mean) + 0.5) / len(drawn)
    alone = float(np.sqrt(at_random.var(axis=0).sum())) / places
    return float(ndtr((mean - at_random.mean()) / max(alone, 1e-9)))


def _by_outlines(now: _Placed, others: list[_Placed], town: AnyArray, ground: Ground, *, confirmed: bool) -> Fit | None:
    """The reading that brings places into their towns: many that lay outside, and hardly one that lay inside goes.

    Where the roads confirm the declared reading, only outlines that are shifted themselves explain it.
    """
    some = town >= 0
    if some.sum() < _FEWEST:
        return None
    mine = ground.outside_m(now.x, now.y, town)[some] > _EXCUSED_M
    around = np.array([ground.outside_m(now.x + dx, now.y + dy, town)[some] > _EXCUSED_M for dx, dy in _shifts()])
    found: list[tuple[int, Fit]] = []
    for other in others:
        theirs = ground.outside_m(other.x, other.y, town)[some] > _EXCUSED_M
        came, went = int((mine & ~theirs).sum()), int((theirs & ~mine).sum())
        clear = came >= _MOVED_IN and went * 10 <= came and theirs.mean() <= 0.05
        if clear and theirs.sum() <= around.sum(axis=1).min() and (other.reading.undone or not confirmed):
            inside = (float((~mine).sum()), float((~theirs).sum()))
            found.append((int(theirs.sum()), Fit(other.reading, "outlines", 0.0, *inside, int(some.sum()))))
    return min(found, key=lambda f: f[0])[1] if found else None
