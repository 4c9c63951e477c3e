"""What sites are chosen in: communities and candidates made from a seed, and the graphs of OR-Library."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import shortest_path

from benchmarks.measure import Skipped
from benchmarks.places import SHARED
from quarterhour.travel.times import TravelTimes

Array = NDArray[Any]
MINUTES = 15
NEAR_CS = MINUTES * 6000
"""The standard: a trip of exactly so long counts."""
SIDE, TOWNS, NEAR_SITES = 30.0, 60, 12
"""A square of 30 x 30, 60 clusters; so many candidates are near a community in the mean, if spread evenly."""
BLOCK = 20_000
NOISE = {"rough": 0.2, "mild": 0.1}
"""Log-normal noise on each time. With 0.2 demands with the same sites make a question 1.3 times smaller, with 0.1
2.5 times, without any 10 times."""
PMED = SHARED / "pmed"
CENTRES = (127, 98, 93, 74, 48, 84, 64, 55, 37, 20, 59, 51, 36, 26, 18, 47, 39, 28, 18, 13, 40, 38, 22, 15, 11, 38, 32,
           18, 13, 9, 30, 29, 15, 11)  # fmt: skip
"""The p-center of pmed1 to pmed34 as published (Mladenovic, Labbe and Hansen 2003)."""


@dataclass(frozen=True, eq=False)
class Land:
    """Communities, sites and the pairs that are near, a row a community: ``site[start[i]:start[i + 1]]``, ``cs``.

    ``town``: of each site, 0 to 11. ``cost``: of each site, in 10,000 yuan.
    """

    people: Array
    start: Array
    site: Array
    cs: Array
    town: Array
    cost: Array
    minutes: float = MINUTES

    @property
    def rows(self) -> int:
        """How many communities."""
        return len(self.people)

    @property
    def sites(self) -> int:
        """How many sites."""
        return len(self.town)

    @cached_property
    def near(self) -> sparse.csr_array:
        """Centiseconds of the pairs that are near, communities x sites; a stored 0 is a trip of no time."""
        return sparse.csr_array((self.cs, self.site, self.start), shape=(self.rows, self.sites))

    def cover(self, *, within: int = NEAR_CS) -> sparse.csr_array:
        """Ones where a site is within so many centiseconds."""
        kept = self.cs <= within
        start = np.r_[0, np.cumsum(kept)][self.start]
        ones = np.ones(int(kept.sum()))
        return sparse.csr_array((ones, self.site[kept], start), shape=(self.rows, self.sites))

    def times(self) -> TravelTimes:
        """The table as a search on roads would give it."""
        ids = [pd.RangeIndex(n).astype("str") for n in (self.rows, self.sites)]
        nowhere = pd.DataFrame()
        return TravelTimes(
            self.start, self.site, self.cs, *ids, float(self.minutes), "to_site", 0.0, "made", nowhere, nowhere
        )

    def matrix(self, *, far: float) -> Array:
        """Minutes from each community to each site, dense; ``far`` beyond the standard."""
        minutes = np.full((self.rows, self.sites), far)
        minutes[np.repeat(np.arange(self.rows), np.diff(self.start)), self.site] = self.cs / 6000
        return minutes

    def site_table(self) -> pd.DataFrame:
        """Sites as a question wants them: all candidates, with town and cost."""
        ids = pd.RangeIndex(self.sites).astype("str")
        return pd.DataFrame(
            {"state": "candidate", "town": [f"T{t:02d}" for t in self.town], "county": "K", "name": ids,
             "quality": "synthetic", "cost_yuan": self.cost * 10_000, "running_yuan": 0},
            index=ids,
        )  # fmt: skip

    def coverable(self) -> Land:
        """Without the communities that no site is near."""
        kept = np.flatnonzero(np.diff(self.start))
        near = sparse.csr_array(self.near[kept])
        return Land(self.people[kept], near.indptr.astype(np.int64), near.indices, near.data, self.town, self.cost)


def made_land(kind: str, rows: int, sites: int, *, seed: int = 1) -> Land:
    """``uniform``; ``town``: people in clusters, half of the sites too; ``rough``, ``mild``: with noise.

    With noise on the times communities side by side have other sites near, as where roads wind.
    """
    draw = np.random.default_rng(seed)
    home, site = _places(kind, rows, sites, draw)
    radius = np.sqrt(NEAR_SITES / sites * SIDE * SIDE / np.pi)
    people = draw.integers(1, 101, rows)
    blocks = [_near(home[at : at + BLOCK], site, radius, NOISE.get(kind), draw) for at in range(0, rows, BLOCK)]
    count, index, cs = (np.concatenate(part) for part in zip(*blocks, strict=True))
    start = np.r_[0, np.cumsum(count)].astype(np.int64)
    town = np.clip(site[:, 0] / SIDE * 4, 0, 3).astype(int) * 3 + np.clip(site[:, 1] / SIDE * 3, 0, 2).astype(int)
    return Land(people, start, index, cs, town, draw.integers(100, 301, sites))


def _places(kind: str, rows: int, sites: int, draw: np.random.Generator) -> tuple[Array, Array]:
    if kind == "uniform":
        return draw.random((rows, 2)) * SIDE, draw.random((sites, 2)) * SIDE
    middle, weight = draw.random((TOWNS, 2)) * SIDE, draw.pareto(1.2, TOWNS) + 0.2
    spread = 0.3 + draw.random((rows, 1)) * 1.5
    home = middle[draw.choice(TOWNS, rows, p=weight / weight.sum())] + draw.normal(0, 1, (rows, 2)) * spread
    half = sites // 2
    inside = middle[draw.integers(0, TOWNS, half)] + draw.normal(0, 1.2, (half, 2))
    return home, np.vstack([inside, draw.random((sites - half, 2)) * SIDE])


def _near(
    home: Array, site: Array, radius: float, noise: float | None, draw: np.random.Generator
) -> tuple[Array, Array, Array]:
    far = np.hypot(home[:, None, 0] - site[None, :, 0], home[:, None, 1] - site[None, :, 1])
    if noise is not None:
        far *= np.exp(draw.normal(0, noise, far.shape))
    far *= NEAR_CS / radius
    row, column = np.nonzero(far <= NEAR_CS)
    cs = np.rint(far[row, column]).astype(np.int32)
    return np.bincount(row, minlength=len(home)), column.astype(np.int32), cs


def made_city(points: int, near: int, *, seed: int = 1) -> Land:
    """A city whose communities are the candidates: street blocks round several centres, a river without people.

    ``near``: how many communities are within the standard of one, in the mean.
    """
    draw = np.random.default_rng(seed)
    centre, reach = np.vstack([[15.0, 15.0], draw.random((5, 2)) * SIDE]), np.r_[10.0, 2 + 4 * draw.random(5)]
    turn, home = draw.random(6) * np.pi / 2, np.empty((0, 2))
    block = SIDE / np.sqrt(3.0 * points)
    while len(home) < points:
        spot = draw.random((points, 2)) * SIDE
        far = np.hypot(*(spot[:, None] - centre[None]).transpose(2, 0, 1)) / reach
        lived = draw.random(points) < 0.15 + 0.85 * np.exp(-far.min(axis=1))
        spot, mine = spot[lived], far[lived].argmin(axis=1)
        c, s = np.cos(turn[mine]), np.sin(turn[mine])
        street = np.stack([spot[:, 0] * c + spot[:, 1] * s, -spot[:, 0] * s + spot[:, 1] * c], axis=1)
        street = np.rint(street / block) * block + draw.normal(0, 0.08 * block, street.shape)
        spot = np.stack([street[:, 0] * c - street[:, 1] * s, street[:, 0] * s + street[:, 1] * c], axis=1)
        dry = np.abs(spot[:, 1] - SIDE * (0.35 + 0.12 * np.sin(spot[:, 0] / 6))) > 0.02 * SIDE
        home = np.vstack([home, spot[dry]])
    home = home[:points]
    # The radius at which so many are near in the mean, by a sample of communities.
    sample = home[draw.choice(points, min(points, 400), replace=False)]
    apart = np.hypot(*(sample[:, None] - home[None]).transpose(2, 0, 1))
    radius = float(np.quantile(apart, near / points))
    people = np.maximum(1, draw.lognormal(5.2, 0.9, points)).astype(np.int64)
    blocks = [_near(home[at : at + BLOCK // 20], home, radius, None, draw) for at in range(0, points, BLOCK // 20)]
    count, index, cs = (np.concatenate(part) for part in zip(*blocks, strict=True))
    town = np.clip(home[:, 0] / SIDE * 4, 0, 3).astype(int) * 3 + np.clip(home[:, 1] / SIDE * 3, 0, 2).astype(int)
    return Land(people, np.r_[0, np.cumsum(count)].astype(np.int64), index, cs, town, draw.integers(100, 301, points))


def county(rows: int, sites: int, *, seed: int = 3) -> Land:
    """A county in which every site is near enough for all, with times to each."""
    draw = np.random.default_rng(seed)
    home, site = draw.random((rows, 2)) * SIDE, draw.random((sites, 2)) * SIDE
    cs = (np.hypot(*(home[:, None] - site[None]).transpose(2, 0, 1)) * 6000).astype(np.int32)
    start = np.arange(rows + 1, dtype=np.int64) * sites
    town = (site[:, 0] // 7.5).astype(int) * 3 + (site[:, 1] // 10.01).astype(int)
    index = np.tile(np.arange(sites, dtype=np.int32), rows)
    return Land(draw.integers(1, 20, rows), start, index, cs.ravel(), town, draw.integers(100, 301, sites), 45)


def made_towns(rows: int, sites: int, *, seed: int = 1) -> tuple[Land, Array]:
    """Communities in towns, of which some are candidates, every one near enough for all; and rooms of five sizes.

    20 km/h on roads 1.3 times as long as the crow flies, in whole tenths of minutes. Rooms are shares of one in the
    mean.
    """
    draw = np.random.default_rng(seed)
    many = max(6, rows // 40)
    middle, weight = draw.random((many, 2)) * 2 * SIDE, draw.lognormal(0, 0.6, many)
    spread = 2.0 * draw.lognormal(0, 0.3, (rows, 1))
    home = middle[draw.choice(many, rows, p=weight / weight.sum())] + draw.normal(0, 1, (rows, 2)) * spread
    people = np.maximum(20, draw.lognormal(5.8, 0.8, rows)).astype(np.int64)
    site = home[draw.choice(rows, sites, replace=False)]
    room = draw.choice([0.6, 0.8, 1.0, 1.2, 1.4], sites)
    tenths = np.floor(np.hypot(*(home[:, None] - site[None]).transpose(2, 0, 1)) * 1.3 / 20 * 600)
    land = all_near((600 * tenths).astype(np.int64), people, minutes=float(tenths.max()) / 10)
    return land, room / room.mean()


# --- OR-Library ---------------------------------------------------------------------------------------


def pmed_names() -> list[str]:
    """The graphs of Beasley's pmed that are here."""
    return list(pmed_optima())


def pmed_optima() -> dict[str, int]:
    """The published optima of the p-median."""
    path = PMED / "optima.csv"
    if not path.is_file():
        raise Skipped("../shared/data/pmed is absent")
    with path.open(encoding="utf-8") as lines:
        return {r["instance"]: int(r["optimum"]) for r in csv.DictReader(lines)}


def pmed(name: str) -> tuple[Array, int]:
    """A graph as distances and p; of an edge that stands there again the last counts."""
    path = PMED / f"{name}.txt"
    if not path.is_file():
        raise Skipped(f"../shared/data/pmed/{name}.txt is absent")
    figures = np.array(path.read_text(encoding="utf-8").split(), dtype=np.int64)
    n, edges, p = figures[:3].tolist()
    graph = np.zeros((n, n))
    for a, b, length in figures[3 : 3 + 3 * edges].reshape(-1, 3) - [1, 1, 0]:
        graph[a, b] = graph[b, a] = length
    return shortest_path(graph).astype(np.int64), p


def all_near(cs: Array, people: Array, *, minutes: float) -> Land:
    """A land from a whole table of centiseconds."""
    rows, sites = cs.shape
    start = np.arange(rows + 1, dtype=np.int64) * sites
    index = np.tile(np.arange(sites, dtype=np.int32), rows)
    none = np.zeros(sites, dtype=np.int64)
    return Land(people, start, index, cs.ravel().astype(np.int32), none, none + 100, minutes)
