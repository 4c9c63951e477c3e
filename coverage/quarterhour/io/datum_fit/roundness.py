"""Whether numbers come out round when they are read otherwise, as no chance makes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quarterhour.io import web_maps
from quarterhour.io.datum_fit.fits import Fit, Placed, median_of
from quarterhour.io.ground import Ground, Pair

_CORNERS, _FEWEST = 200, 4
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
