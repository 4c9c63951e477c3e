"""Whether places fit roads, outlines of towns or round numbers better when their numbers mean another datum.

A datum that nobody declared moves a whole table by the same 20 to 700 metres: too little to be seen on a map of the
city, enough to change who is reached. Evidence of several kinds is asked, each by itself:

- the whole table lies far from every road, and with another CRS among them;
- round numbers: all coordinates come out at whole decimals of a degree, as no chance makes them;
- roads: the places keep their distance to roads as at none of many other shifts, and as chance does not have it;
- outlines: places outside their town come to lie in it, and hardly any leaves it;
- a shift that no datum explains, after which the places fit the roads;
- a part of the table that comes out round, or fits roads and outlines, when read otherwise, while the rest does not.

Silence is no proof: where places lie far from roads and deep in their towns, no shift can be told from another.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from quarterhour.base.arrays import AnyArray, FloatArray
from quarterhour.io.datum_fit.fits import Fit, Moved, Part, Placed, Verdict, apart_m, median_of, placed
from quarterhour.io.datum_fit.outlines import by_outlines
from quarterhour.io.datum_fit.parts import Mixture, by_parts, witness
from quarterhour.io.datum_fit.roundness import by_roundness, round_part
from quarterhour.io.datum_fit.shifts import Around, around_of, by_roads, moved_by_roads, random_shifts
from quarterhour.io.files.account import Origin
from quarterhour.io.ground import Ground
from quarterhour.io.readings import Reading, declared_reading, other_readings

__all__ = ["Fit", "Moved", "Part", "Verdict", "datum_verdict"]

_FEWEST = 4
_LOOKED_AT = 200
_FAR_M, _AMONG_M = 5000.0, 1000.0
_SAME_M = 15.0
"""Readings that come no farther apart than this make no difference."""


def datum_verdict(origin: Origin, towns: pd.Series, ground: Ground) -> Verdict:
    """How the numbers of a table of places fit best. ``towns``: the town that each row of the file names, by row."""
    declared = placed(declared_reading(origin.crs, origin.datum), origin.raw, ground)
    every = pd.DataFrame({"x": declared.x, "y": declared.y}, index=origin.raw.index)
    some = origin.raw[:: max(1, -(-len(origin.raw) // _LOOKED_AT))]
    if len(some) < _FEWEST or not len(ground.roads):
        return Verdict(None, False, every)
    asked = _Asked(origin, some, ground)
    town = ground.town_of(towns.reindex(some.index).fillna(""))
    found, confirmed = asked.best(town)
    part = asked.part(town, towns) if asked.partly(found) else None
    if found is None or part is not None:
        moved = None if part or confirmed or asked.afar else moved_by_roads(asked.now, ground)
        moved = None if moved is None else replace(moved, places=len(origin.raw))
        return Verdict(None, confirmed, every, moved, part)
    then = placed(found.reading, origin.raw, ground)
    shift = median_of(np.hypot(then.x - declared.x, then.y - declared.y))
    better = pd.DataFrame({"x": then.x, "y": then.y}, index=origin.raw.index)
    told = replace(found, shift_m=shift, places=len(origin.raw), ground=asked.ground_of(found))
    return Verdict(told, confirmed, better)


class _Asked:
    """A table of which some places are asked, and its readings."""

    def __init__(self, origin: Origin, some: pd.DataFrame, ground: Ground) -> None:
        self.origin, self.some, self.ground = origin, some, ground
        self.now = placed(declared_reading(origin.crs, origin.datum), some, ground)
        self.gap = ground.road_m(self.now.x, self.now.y, most=None)
        self.afar = not median_of(self.gap) < _FAR_M
        self.others = functools.cache(self._others)

    def _others(self, frame: str) -> list[Placed]:
        """Readings that put the table near the roads, and elsewhere than those before them.

        ``frame``: the datum that is declared of what the places are held against.
        """
        x, y = self.some["x"].to_numpy(), self.some["y"].to_numpy()
        kept: list[Placed] = []
        middle = pd.DataFrame({"x": [float(np.median(x))], "y": [float(np.median(y))]})
        crs, datum, near = self.origin.crs, self.origin.datum, self.ground.centre()
        for reading in other_readings(x, y, crs=crs, datum=datum, near=near, frame=frame, study=self.ground.crs):
            there = placed(reading, middle, self.ground)
            if self.ground.near(float(there.x[0]), float(there.y[0]), within=_FAR_M):
                one = placed(reading, self.some, self.ground)
                if all(apart_m(one, other) > _SAME_M for other in (self.now, *kept)):
                    kept.append(one)
        return kept

    def best(self, town: AnyArray) -> tuple[Fit | None, bool]:
        """The reading that fits best, if one clearly does, and whether the roads confirm the declared one."""
        others = self.others(self.ground.datum)
        if self.afar:
            return _from_afar(self.now, others, self.gap, self.ground), False
        others = [o for o in others if not o.reading.swapped]
        raw = (self.some["x"].to_numpy(), self.some["y"].to_numpy())
        rounded = by_roundness(raw, self.now, others)
        if rounded is not None:
            return rounded, False
        heard = by_roads(self.now, others, self.around, self.ground)
        return heard.fit or self.by_outlines(others, town, confirmed=heard.confirmed), heard.confirmed

    def partly(self, found: Fit | None) -> bool:
        """Whether a part of the table may follow another reading, given what fits it all best."""
        fits_all = found is not None and (found.evidence not in ("roads", "outlines") or bool(found.reading.roads))
        return not (self.afar or fits_all)

    @functools.cached_property
    def around(self) -> Around:
        """What shifts that mean nothing do to the table."""
        return around_of(self.now, self.ground)

    def part(self, town: AnyArray, towns: pd.Series) -> Part | None:
        """The reading that some of the places follow."""
        others = [o for o in self.others(self.ground.datum) if not (o.reading.swapped or o.reading.roads)]
        every = self.origin.raw
        rounded = round_part((every["x"].to_numpy(), every["y"].to_numpy()), self.now.reading, others)
        if rounded is not None:
            reading, likely = rounded
            return self.part_of(reading, "round", likely)
        found = by_parts(self.now, others, self.around, town, self.ground)
        if found is None:
            return None
        return self.part_of(found[0].reading, "ground", self.likely(found[0].reading, found[1], towns))

    def likely(self, reading: Reading, mixed: Mixture, towns: pd.Series) -> FloatArray:
        """How likely each row of the file follows a reading that a part follows."""
        every, ground = self.origin.raw, self.ground
        town = ground.town_of(towns.reindex(every.index).fillna(""))
        mine, other = (witness(placed(r, every, ground), town, ground) for r in (self.now.reading, reading))
        return np.asarray(mixed.of_other(mine, other, self.around.odds)[0])

    def part_of(self, reading: Reading, evidence: str, likely: FloatArray) -> Part:
        """What is told of the rows that likely follow another reading."""
        every, ground = self.origin.raw, self.ground
        order = np.argsort(-likely, kind="stable")[: int((likely > 0.5).sum())]
        some = every.iloc[order]
        shift = apart_m(placed(self.now.reading, some, ground), placed(reading, some, ground))
        ids = pd.Series(self.origin.rows.index.astype("str"), index=self.origin.rows.to_numpy())
        named = tuple(ids.reindex(some.index).dropna())
        return Part(reading, evidence, shift, round(float(likely.sum())), len(every), named)

    def by_outlines(self, others: list[Placed], town: AnyArray, *, confirmed: bool) -> Fit | None:
        """The reading that the outlines speak for."""
        frame = self.ground.towns_datum
        mine = others if frame == self.ground.datum else [o for o in self.others(frame) if not o.reading.swapped]
        return by_outlines(self.now, mine, town, self.ground, confirmed=confirmed, around=random_shifts())

    def ground_of(self, fit: Fit) -> str:
        """The datum of roads or outlines that explains a fit with the table as it is declared; else blank."""
        if fit.evidence not in ("roads", "outlines"):
            return ""
        frame = self.ground.datum if fit.evidence == "roads" else self.ground.towns_datum
        best = placed(fit.reading, self.some, self.ground)
        origin = self.origin
        x, y = self.some["x"].to_numpy(), self.some["y"].to_numpy()
        readings = other_readings(x, y, crs=origin.crs, datum=origin.datum, near=self.ground.centre(), frame=frame)
        alone = [r for r in readings if r.roads and r.datum == origin.datum]
        return next((r.roads for r in alone if apart_m(placed(r, self.some, self.ground), best) <= _SAME_M), "")


def _from_afar(now: Placed, others: Sequence[Placed], gap: FloatArray, ground: Ground) -> Fit | None:
    """A table that lies elsewhere: the reading that brings it to the roads; of those as near, the likelier."""
    medians = [median_of(ground.road_m(o.x, o.y)) for o in others]
    if not medians or min(medians) > _AMONG_M:
        return None
    best = next(k for k, m in enumerate(medians) if m <= min(medians) * 1.5 + _SAME_M)
    return Fit(others[best].reading, "far", 0.0, median_of(gap), medians[best], len(now.x))
