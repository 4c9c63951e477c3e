"""Where the prefectures of a made country lie, what each holds, and where its roads cross to the next."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks import synthetic
from benchmarks.synthetic import MadeRoads, made_roads

CRS = "EPSG:32650"
ORIGIN = np.array([340_000.0, 3_900_000.0])
"""South-west corner of the country; 20 prefectures reach 310 km to the east, so that the zone still fits."""
GAP_M = 2000.0
"""Between the roads of two prefectures; the border runs in the middle."""
ISLAND_JUNCTIONS = 300
ISLAND_M = 9000.0
"""The island lies so far off the south coast of the first prefecture."""
CROSSINGS = (0.2, 0.5, 0.8)
"""Where main roads cross a border, as shares of its length."""


@dataclass(frozen=True)
class Sizes:
    """What one prefecture holds; the defaults are a twentieth of 4 million junctions, 55,000 and 10,000 places."""

    junctions: int = 200_000
    communities: int = 2750
    facilities: int = 500
    towns_a_side: int = 8

    @property
    def side_m(self) -> float:
        """Length of the square on which the roads of a prefecture lie, as ``made_roads`` lays it out."""
        largest = synthetic.LARGEST * synthetic.UNIT_M
        return math.ceil(math.sqrt(self.junctions * synthetic.KM2_A_JUNCTION) * 1000 / largest) * largest


@dataclass(frozen=True)
class Prefecture:
    """One region of the lattice: its place in it and its code of four digits."""

    number: int
    columns: int
    prefectures: int
    sizes: Sizes
    seed: int

    @property
    def code(self) -> str:
        """Province and prefecture, 20 of them a province."""
        return f"{41 + self.number // 20:02d}{self.number % 20 + 1:02d}"

    @property
    def corner(self) -> NDArray[np.float64]:
        """South-west corner of its roads."""
        at = np.array([self.number % self.columns, self.number // self.columns], float)
        return ORIGIN + at * (self.sizes.side_m + GAP_M)

    @property
    def neighbours(self) -> dict[str, int]:
        """The prefectures to the east and to the north, by number."""
        east, north = self.number + 1, self.number + self.columns
        found = {"east": east} if east % self.columns else {}
        found |= {"north": north}
        return {side: other for side, other in found.items() if other < self.prefectures}

    def rng(self, part: int) -> np.random.Generator:
        """Numbers of its own for a part of it, whatever the other prefectures draw."""
        return np.random.default_rng([self.seed, self.number, part])

    def roads(self) -> MadeRoads:
        """Its roads, in the country's metres."""
        made = made_roads(self.sizes.junctions, seed=1000 * self.seed + self.number)
        return _moved(made, self.corner)

    def island(self) -> MadeRoads | None:
        """Roads of the island off its south coast, which the first prefecture alone has."""
        if self.number:
            return None
        made = made_roads(min(ISLAND_JUNCTIONS, self.sizes.junctions), seed=1000 * self.seed + 999)
        return _moved(made, self.corner + [self.sizes.side_m / 2, -ISLAND_M])


def prefectures(count: int, sizes: Sizes, seed: int) -> list[Prefecture]:
    """A lattice nearly square, filled row by row."""
    return [Prefecture(i, math.ceil(math.sqrt(count)), count, sizes, seed) for i in range(count)]


def gates(of: Prefecture, xy: NDArray[np.float64]) -> dict[str, NDArray[np.int64]]:
    """By side: the junctions at which main roads leave for the next prefecture, in the order of ``CROSSINGS``."""
    side = of.sizes.side_m
    off = xy - of.corner
    ends = {"west": (0, 0.0), "east": (0, side), "south": (1, 0.0), "north": (1, side)}
    found = {}
    for name, (axis, at) in ends.items():
        far = (off[:, axis] - at) ** 2
        spots = [far + (off[:, 1 - axis] - share * side) ** 2 for share in CROSSINGS]
        found[name] = np.array([int(np.argmin(spot)) for spot in spots], np.int64)
    return found


def _moved(roads: MadeRoads, corner: NDArray[np.float64]) -> MadeRoads:
    step = corner - synthetic.ORIGIN
    return MadeRoads(
        roads.xy + step, roads.tail, roads.head, roads.length_m, roads.kmh, roads.class_code, roads.oneway,
        roads.coords + step, roads.coord_start,
    )  # fmt: skip
