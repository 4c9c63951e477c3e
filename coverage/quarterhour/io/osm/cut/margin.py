"""How much ground around an area a piece must hold, so that every trip within the minutes lies in it.

The bound is that of ``travel.tiles.ground``, taken before there is a network: a trip of t minutes over roads ends no
farther from where it began than t times the greatest speed of the mode, by class, limit, slope and surface
(``fastest_kmh``). Places lie within the limit of snapping from their roads, and the way to the road counts as time. So
what a trip of an area uses, the place at its other end, and every road at which this place could be taken to lie are
within ``speed x minutes + limit`` of the area. Two hundredths are added: times are rounded to hundredths of a second
road by road, and metres on a map are not those on the ground. (Rounding alone could use them up only on a trip over
four roads a second, all of them rounded down.)

A ferry whose tagged minutes make it faster does not widen the margin of all. Where it comes within the margin of an
area, the ground around it, as far as it carries one in the minutes, belongs to that area as well, and so on from there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from quarterhour.base.errors import DataError
from quarterhour.network.network import Mode
from quarterhour.network.speeds import fastest_kmh, limit_kmh

_MORE = 1.02
_LEAST_MINUTES = 0.01


class Ferry(NamedTuple):
    """A way that is a ferry's: its position among the ways, the crossing that it is part of, how long that takes (not
    a number where nobody says), and the limit as written."""

    way: int
    journey: int
    minutes: float
    limit: str


class Asked(NamedTuple):
    """What pieces are to hold: every trip of so many minutes by some modes, of places that lie no farther from their
    roads than the limit of snapping."""

    modes: Sequence[Mode]
    minutes: float
    snap_limit_m: float = 1000.0

    def margin_m(self) -> float:
        """The margin in metres; DataError where there is none."""
        known = (self.minutes, self.snap_limit_m)
        if not self.modes or not all(map(math.isfinite, known)) or self.minutes <= 0 or self.snap_limit_m < 0:
            raise DataError("osm.cut_margin")
        return self._carried_m(max(map(fastest_kmh, self.modes))) + self.snap_limit_m

    def _carried_m(self, kmh: float) -> float:
        return kmh / 60 * 1000 * self.minutes * _MORE

    def fast_ferries(self, ferries: Iterable[Ferry], km: Mapping[int, float]) -> list[tuple[list[int], float]]:
        """Crossings faster than any road: the positions of their ways, and how far one carries in the minutes.

        ``km``: the length of each ferry's way, by its position.
        """
        crossings: dict[int, list[Ferry]] = {}
        for one in ferries:
            crossings.setdefault(one.journey, []).append(one)
        road, found = max(map(fastest_kmh, self.modes)), []
        for parts in crossings.values():
            kmh = max((self._kmh(mode, parts, km) for mode in self.modes if mode.speed_kmh("ferry")), default=0.0)
            if kmh > road:
                found.append(([one.way for one in parts], self._carried_m(kmh)))
        return found

    @staticmethod
    def _kmh(mode: Mode, parts: Sequence[Ferry], km: Mapping[int, float]) -> float:
        said = [one.minutes for one in parts if not math.isnan(one.minutes)]
        limit = max(limit_kmh(one.limit) or 0.0 for one in parts) * min(mode.limit_share, 1.0)
        if not said:
            return limit
        minutes = max(min(said) + mode.ferry_wait_minutes, _LEAST_MINUTES)
        return max(limit, sum(km[one.way] for one in parts) / minutes * 60)
