"""Whether numbers come out round when they are read otherwise, as no chance makes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quarterhour.base.arrays import FloatArray
from quarterhour.io import web_maps
from quarterhour.io.datum_fit.fits import Fit, Placed, median_of
from quarterhour.io.ground import Ground, Pair
from quarterhour.io.readings import Reading

_CORNERS, _FEWEST = 200, 4
_FEWEST_OF_PART, _PART = 3, 0.1
_DIGITS = (4, 5, 6, 7)
_TO = 0.02
_MOST_BY_CHANCE, _ALL = 0.2, 0.9


def by_roundness(raw: Pair, now: Placed, others: Sequence[Placed]) -> Fit | None:
    """The reading under which places come out at whole decimals of a degree, if they do not as declared.

    ``raw``: the numbers of the file; where they are round themselves, as on a web map, their decimals say nothing.
    """
    degrees = bool(np.abs(np.concatenate(raw)).max(initial=0.0) <= 360)
    if round_share(now.lonlat) > _MOST_BY_CHANCE or (degrees and round_share(raw) > _MOST_BY_CHANCE):
        return None
    for other in others:
        if not other.reading.roads and round_share(other.lonlat) >= _ALL:
            return Fit(other.reading, "round", 0.0, 0.0, 0.0, len(now.x))
    return None


def round_part(raw: Pair, declared: Reading, others: Sequence[Placed]) -> tuple[Reading, FloatArray] | None:
    """The reading under which places that are not round come out round, and which they are (0 or 1).

    Three are enough if they are nearly all that are not round as they stand or as declared; else a tenth, and four.
    """
    degrees = bool(np.abs(np.concatenate(raw)).max(initial=0.0) <= 360)
    ends = np.minimum(_ends(declared.lonlat(*raw)), _ends(raw) if degrees else np.inf)
    rough = ~np.isfinite(ends)
    if rough.sum() < _FEWEST_OF_PART:
        return None
    for other in others:
        then = _ends(other.reading.lonlat(*raw)) < ends
        many = int((then & rough).sum())
        if many >= max(_FEWEST, _PART * rough.sum()) or many >= max(_FEWEST_OF_PART, _ALL * rough.sum()):
            return other.reading, then.astype("float64")
    return None


def _ends(pair: Pair) -> FloatArray:
    """After how many decimals, four to seven, both numbers of a place end; infinity where they do not."""
    ends = np.full(len(pair[0]), np.inf)
    for many in reversed(_DIGITS):
        off = [np.abs(v * 10**many - np.round(v * 10**many)) < _TO for v in pair]
        ends[off[0] & off[1]] = many
    return ends


def round_share(pair: Pair, digits: Sequence[int] = _DIGITS) -> float:
    """The share of places whose degrees (or metres) end after so many decimals."""
    shares = [0.0]
    for many in digits:
        off = [np.abs(v * 10**many - np.round(v * 10**many)) < _TO for v in pair]
        shares.append(float((off[0] & off[1]).mean()))
    return max(shares)


def rounded_roads(ground: Ground) -> tuple[str, float] | None:
    """The datum that the roads have by their round corners, where it is not the declared one, and the metres between.

    Round are degrees of four to seven decimals, or whole metres of the study CRS. Degrees that are round in the file
    say nothing: a web map has them too.
    """
    x, y = ground.corners(_CORNERS)
    if len(x) < _FEWEST:
        return None
    lonlat = ground.to_lonlat((x, y))
    raw = web_maps.from_wgs84(*lonlat, datum=ground.datum)
    if max(round_share(lonlat), round_share(raw), round_share((x, y), (0,))) > _MOST_BY_CHANCE:
        return None
    for datum in web_maps.DATUMS:
        read = web_maps.to_wgs84(*raw, datum=datum)
        there = ground.to_xy(read)
        if datum != ground.datum and max(round_share(read), round_share(there, (0,))) >= _ALL:
            return datum, median_of(np.hypot(there[0] - x, there[1] - y))
    return None
