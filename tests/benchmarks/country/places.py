"""Towns, communities and facilities of a prefecture, as rows of the files of a study."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from benchmarks.country.plan import CRS, GAP_M, Prefecture
from benchmarks.synthetic import MadeRoads

KINDS = {
    "day_care": 0.42, "happiness_home": 0.36, "care_base": 0.13, "elderly_centre": 0.06, "care_institution": 0.03,
}  # fmt: skip
"""Shares of kinds among the facilities of a prefecture."""
WITHOUT_PLACE = 2
"""So many more communities of each prefecture have no coordinates: a run sets them aside and says so."""
IN_TOWNS = 0.45
"""So many communities stand wherever streets are dense; the others over the land, a few beside each other."""
COMMUNITY_COLUMNS = (
    "id", "name", "town", "county", "prefecture", "class", "lon", "lat", "older", "hardship", "hardship_home",
)  # fmt: skip
FACILITY_COLUMNS = ("id", "name", "kind", "town", "county", "prefecture", "lon", "lat", "beds", "staff")

Floats = NDArray[np.float64]
_lonlat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)


class Towns:
    """Towns of a prefecture: a grid whose inner corners are moved, so that borders run askew and fit each other."""

    def __init__(self, of: Prefecture) -> None:
        self.of, count = of, of.sizes.towns_a_side
        whole = of.sizes.side_m + GAP_M
        steps = np.linspace(0, whole, count + 1)
        corners = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1)
        move = of.rng(2).uniform(-0.25, 0.25, corners.shape) * whole / count
        corners[1:-1, 1:-1] += move[1:-1, 1:-1]
        self._corners = corners + of.corner - GAP_M / 2
        at = [(i, j) for i in range(count) for j in range(count)]
        self.counties = [f"{of.code}{1 + 3 * (2 * i // count) + 3 * j // count:02d}" for i, j in at]
        self.ids = [f"{county}{n:03d}" for n, county in enumerate(self.counties, 1)]
        quads = [[corners_of[i, j], corners_of[i + 1, j], corners_of[i + 1, j + 1], corners_of[i, j + 1]]
                 for corners_of in [self._corners] for i, j in at]  # fmt: skip
        self.areas = shapely.polygons(np.array(quads))
        if of.number == 0:
            self._with_island()

    def _with_island(self) -> None:
        """The island's town: the sea off the coast of the first prefecture's first county."""
        west, south = self._corners[0, 0]
        self.counties.append(self.counties[0])
        self.ids.append(f"{self.counties[0]}{len(self.ids) + 1:03d}")
        sea = shapely.box(west, south - 12_000, west + self.of.sizes.side_m + GAP_M, south)
        self.areas = np.append(self.areas, sea)

    def of_points(self, xy: Floats) -> NDArray[np.int64]:
        """Position of the town that holds each point, else of the nearest."""
        tree = shapely.STRtree(self.areas)
        _, town = tree.query_nearest(shapely.points(xy), all_matches=False)
        found: NDArray[np.int64] = town
        return found

    def features(self) -> Iterable[dict[str, Any]]:
        """The towns, as GeoJSON has them."""
        for i, (town, county, area) in enumerate(zip(self.ids, self.counties, self.areas, strict=True)):
            ending, sort = ("街道", "sub_district") if i % 5 == 0 else ("镇", "town")
            said = {"id": town, "name": f"{town[4:]}{ending}", "county": county, "prefecture": self.of.code}
            yield _feature({**said, "class": sort}, area)

    def county_features(self) -> Iterable[dict[str, Any]]:
        """The counties, as GeoJSON has them: the towns of each, joined."""
        for county in dict.fromkeys(self.counties):
            area = shapely.union_all(self.areas[np.array(self.counties) == county])
            yield _feature({"id": county, "name": f"{county[2:]}县", "prefecture": self.of.code}, area)


def _feature(said: dict[str, str], area: shapely.Polygon) -> dict[str, Any]:
    rings = [np.round(np.column_stack(_lonlat.transform(*shapely.get_coordinates(ring).T)), 6).tolist()
             for part in shapely.get_parts(area) for ring in [part.exterior]]  # fmt: skip
    geometry = (
        {"type": "Polygon", "coordinates": rings}
        if len(rings) == 1
        else {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}
    )
    return {"type": "Feature", "properties": said, "geometry": geometry}


def communities(of: Prefecture, towns: Towns, roads: MadeRoads, island: MadeRoads | None) -> tuple[Floats, list[Any]]:
    """Where the communities stand, and their rows; those without a place are among the rows alone."""
    rng, count = of.rng(3), of.sizes.communities
    urban = round(IN_TOWNS * count)
    dense = rng.choice(len(roads.xy), urban, replace=False)
    spread = _spread(roads.xy, count - urban, rng)
    xy = roads.xy[np.concatenate([dense, spread])]
    if island is not None:
        at = rng.choice(len(island.xy), min(5, count), replace=False)
        xy[-len(at) :] = island.xy[at]
    xy = xy + rng.normal(0, 60, xy.shape)
    older = np.maximum(np.rint(rng.lognormal(5.1, 0.7, count)), 3).astype(int)
    hardship = rng.binomial(older, 0.02)
    home = rng.binomial(hardship, 0.8)
    lon, lat = (np.round(v, 6) for v in _lonlat.transform(*xy.T))
    town = towns.of_points(xy)
    rows = []
    for i in range(count):
        code, sort = towns.ids[town[i]], "urban" if i < urban else "rural"
        place = (lon[i], lat[i])
        rows.append(_community(code, i, towns.counties[town[i]], of, sort, place, (older[i], hardship[i], home[i])))
    for i in range(count, count + WITHOUT_PLACE):
        rows.append(_community(towns.ids[0], i, towns.counties[0], of, "rural", ("", ""), (10, 0, 0)))
    return xy, rows


def _community(
    town: str, number: int, county: str, of: Prefecture, sort: str, place: Sequence[Any], people: Sequence[int]
) -> tuple[Any, ...]:
    """A row of ``COMMUNITY_COLUMNS``; ids are unlike within the prefecture and begin with its code."""
    return (f"{town}{number:05d}", f"{town[4:]}第{number}村", town, county, of.code, sort, *place, *people)


def _spread(xy: Floats, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Junctions in clusters over the land, however many lie in a square of it: one to four beside each other."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    centres = rng.uniform(low, high, (count // 2 + 1, 2))
    nth = rng.integers(0, len(centres), count)
    spots = centres[nth] + rng.normal(0, 500, (count, 2))
    tree = shapely.STRtree(shapely.points(xy))
    found: NDArray[np.int64] = tree.query_nearest(shapely.points(spots), all_matches=False)[1]
    return found


def facilities(of: Prefecture, towns: Towns, homes: Floats) -> list[Any]:
    """Rows of ``FACILITY_COLUMNS``: beside communities drawn at random, two in one place at times."""
    rng, count = of.rng(4), of.sizes.facilities
    bounds = np.rint(np.cumsum(list(KINDS.values())) * count).astype(int)
    kind = np.searchsorted(bounds, np.arange(count), side="right")
    xy = homes[rng.integers(0, len(homes), count)] + rng.normal(0, 120, (count, 2))
    lon, lat = (np.round(v, 6) for v in _lonlat.transform(*xy.T))
    town, names = towns.of_points(xy), list(KINDS)
    beds, staff = rng.integers(1, 13, count) * 10, rng.integers(2, 9, count)
    return [
        (
            f"{of.code}-{i:05d}", f"{of.code}第{i}号", names[kind[i]], towns.ids[town[i]], towns.counties[town[i]],
            of.code, lon[i], lat[i], beds[i], staff[i],
        )
        for i in range(count)
    ]  # fmt: skip


class Rows:
    """A CSV file that grows."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.file: TextIOWrapper = path.open("w", encoding="utf-8", newline="")
        self._write = csv.writer(self.file, lineterminator="\n")
        self._write.writerow(columns)

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Further rows."""
        self._write.writerows(rows)

    def close(self) -> None:
        """The file is whole."""
        self.file.close()


class Areas:
    """A GeoJSON file that grows."""

    def __init__(self, path: Path) -> None:
        self.file: TextIOWrapper = path.open("w", encoding="utf-8", newline="")
        self.file.write('{"type":"FeatureCollection","features":[')
        self._between = "\n"

    def add(self, features: Iterable[dict[str, Any]]) -> None:
        """Further areas."""
        for one in features:
            self.file.write(self._between + json.dumps(one, ensure_ascii=False, separators=(",", ":")))
            self._between = ",\n"

    def close(self) -> None:
        """The file is whole."""
        self.file.write("\n]}\n")
        self.file.close()
