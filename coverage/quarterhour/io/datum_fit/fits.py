"""What is found of a table: a reading that fits it better, or a shift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from quarterhour.base.arrays import FloatArray
from quarterhour.io.ground import Ground, Pair
from quarterhour.io.readings import Reading


@dataclass(frozen=True, eq=False)
class Fit:
    """A reading that fits a table better, why, and by how much.

    ``evidence``: far, round, roads or outlines. ``shift_m``: median metres between the two readings. ``now, then``:
    median metres to a road, or the number of places inside their town, as declared and as read. ``ground``: the datum
    that the roads (or outlines) would have if the table were right as declared; blank where none explains it.
    """

    reading: Reading
    evidence: str
    shift_m: float
    now: float
    then: float
    places: int
    ground: str = ""

    def __repr__(self) -> str:
        return f"<Fit: {self.evidence} {self.reading.key} {self.reading.value}, {self.shift_m:.0f} m>"


@dataclass(frozen=True)
class Moved:
    """A shift in metres of the study CRS after which a table fits the roads better, as no known datum has it.

    ``now, then``: median metres to a road, before and after.
    """

    east_m: float
    north_m: float
    now: float
    then: float
    places: int


@dataclass(frozen=True, eq=False)
class Part:
    """A reading that only some places of a table follow: about how many, and the clearest ids first.

    ``evidence``: round or ground (roads and outlines).
    """

    reading: Reading
    evidence: str
    shift_m: float
    count: int
    places: int
    ids: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Part: {self.evidence} {self.reading.key} {self.reading.value}, {self.count} of {self.places}>"


@dataclass(frozen=True, eq=False)
class Verdict:
    """What could be told of a table: a better reading or a shift, and whether the roads confirm the declared."""

    fit: Fit | None
    confirmed: bool
    xy: pd.DataFrame
    """``x, y`` in the study CRS by row of the file, as the better reading has them, else as declared."""
    moved: Moved | None = None
    part: Part | None = None


@dataclass(frozen=True, eq=False)
class Placed:
    """Places as one reading has them: degrees, and metres of the study CRS."""

    reading: Reading
    lonlat: Pair
    x: FloatArray
    y: FloatArray


def placed(reading: Reading, raw: pd.DataFrame, ground: Ground) -> Placed:
    """The numbers ``x, y`` of a file as a reading means them."""
    lonlat = reading.lonlat(raw["x"].to_numpy(), raw["y"].to_numpy())
    return Placed(reading, lonlat, *ground.to_xy(lonlat))


def apart_m(one: Placed, other: Placed) -> float:
    """Median metres between two readings."""
    return median_of(np.hypot(one.x - other.x, one.y - other.y))


def median_of(metres: FloatArray) -> float:
    """What is nowhere is infinitely far."""
    return float(np.median(np.nan_to_num(metres, nan=np.inf)))
