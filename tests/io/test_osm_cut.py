"""A country cut into pieces: each gives the times of the whole."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from osmium.osm import mutable

from command import quarterhour
from osm_world import UTM51, X0, Y0, osm_file, to_degrees
from quarterhour.base.errors import DataError, MissingError
from quarterhour.cli.door import Stopped
from quarterhour.io import osm
from quarterhour.io.osm.cut import LIST, blocks
from quarterhour.io.osm.cut.margin import Asked, Ferry
from quarterhour.io.osm.cut.regions import AreaSets, Regions, with_ferries
from quarterhour.network.build import build_network
from quarterhour.network.modes import as_mode, read_modes
from quarterhour.network.network import Mode
from quarterhour.network.snap import snap_places
from quarterhour.travel.matrix import travel_times

Tags = dict[str, str]
SIDE, STEP_M = 30, 300.0
SNAP_M = 150.0
CLASSES = ("motorway", "primary", "residential", "residential", "footway", "service", "track")


def as_pbf(path: Path) -> Path:
    """A file of any format as ``.osm.pbf``."""
    target = path.with_name(f"{path.name.partition('.')[0]}.osm.pbf")
    with osmium.SimpleWriter(str(target), overwrite=True) as writer:
        for one in osmium.FileProcessor(str(path)):
            writer.add(one)
    return target


def country(folder: Path, seed: int) -> Path:
    """Roads along a lattice, bent, of one piece or many; long ones without a node on the way, ferries quick and slow,
    some in two ways and cut short, squares, barriers, signals, and forbidden turns."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(-90, 90, (SIDE**2, 2)) + STEP_M * np.c_[np.arange(SIDE**2) % SIDE, np.arange(SIDE**2) // SIDE]
    places = {i + 1: to_degrees(X0 + x, Y0 + y) for i, (x, y) in enumerate(at)}
    ways: dict[int, tuple[list[int], Tags]] = {}

    def add(nodes: Any, **tags: str) -> int:
        ways[len(ways) + 1] = ([int(n) + 1 for n in nodes], tags)
        return len(ways)

    def spots(count: int, reach: int = 4) -> list[int]:
        """Some nodes that lie not far from each other."""
        corner = rng.integers(0, SIDE - reach, 2)
        return [int(r * SIDE + c) for r, c in corner + rng.integers(0, reach, (count, 2))]

    lines = [range(r * SIDE, (r + 1) * SIDE) for r in range(SIDE)] + [range(c, SIDE**2, SIDE) for c in range(SIDE)]
    for line in lines:
        nodes = list(line)
        while len(nodes) > 1:
            count = min(int(rng.integers(2, 7)), len(nodes))
            tags = {"highway": str(rng.choice(CLASSES))} | ({"oneway": "yes"} if rng.random() < 0.15 else {})
            tags |= {"access": "private"} if rng.random() < 0.05 else {}
            if rng.random() > 0.1:
                add(nodes[:count], **tags)
            nodes = nodes[count - 1 :]
    for _ in range(20):
        add(spots(2), highway=str(rng.choice(CLASSES)))
    for _ in range(12):
        add(spots(2), route="ferry", duration=str(rng.choice(["00:01", "00:05", "00:20"])))
    for corner in rng.integers(0, SIDE - 2, (12, 2)):
        a = int(corner[0] * SIDE + corner[1])
        add([a, a + 1, a + SIDE + 1, a + SIDE, a], highway="pedestrian", area="yes")
    a, b, c = spots(3)
    parts, half = [add([a, b]), add([b, c])], add(spots(2))
    ferry = {"type": "route", "route": "ferry", "foot": "yes"}
    relations: dict[int, tuple[list[tuple[str, int, str]], Tags]] = {
        1: ([("way", part, "") for part in parts], ferry | {"duration": "00:03"}),
        2: ([("way", half, ""), ("way", 99_999, "")], ferry | {"duration": "00:02"}),
    }
    a = int(rng.integers(0, SIDE - 1) * SIDE + rng.integers(0, SIDE - 1))
    ring = [add([a, a + 1, a + SIDE + 1]), add([a + SIDE + 1, a + SIDE, a])]
    square = {"type": "multipolygon", "highway": "pedestrian"}
    relations[3] = ([("way", part, "outer") for part in ring], square)
    roads = [way for way, (_, tags) in ways.items() if "highway" in tags]
    for kind in ["no_left_turn", "only_straight_on", "no_u_turn", "no_entry"] * 25:
        begin = int(rng.choice(roads))
        via = ways[begin][0][-1]
        others = [way for way in roads if via in ways[way][0]]
        members = [("way", begin, "from"), ("node", via, "via"), ("way", int(rng.choice(others)), "to")]
        relations[len(relations) + 1] = (members, {"type": "restriction", "restriction": kind})
    said: dict[int, Tags] = {}
    for kind in ({"highway": "traffic_signals"}, {"barrier": "bollard"}, {"barrier": "gate", "access": "no"}):
        said |= {int(n): kind for n in rng.choice(SIDE**2, 25, replace=False) + 1}
    return as_pbf(osm_file(folder / f"country{seed}.osm", places, said, ways, relations))


def points(rng: np.random.Generator, count: int, low: float, high: float, prefix: str) -> gpd.GeoDataFrame:
    xy = rng.uniform(low, high, (count, 2))
    ids = pd.Index([f"{prefix}{i}" for i in range(count)], name="id")
    return gpd.GeoDataFrame(index=ids, geometry=gpd.points_from_xy(X0 + xy[:, 0], Y0 + xy[:, 1]), crs=UTM51)


def square_of(low: float, high: float, name: str = "middle") -> gpd.GeoDataFrame:
    box = shapely.box(X0 + low, Y0 + low, X0 + high, Y0 + high)
    return gpd.GeoDataFrame(index=pd.Index([name], name="id"), geometry=[box], crs=UTM51)


def times(path: Path, mode: Mode, minutes: float, homes: Any, sites: Any, heading: str) -> Mapping[Any, float]:
    roads, _ = osm.read_osm_roads(path, crs=UTM51)
    turns, _ = osm.read_osm_turns(path, roads)
    net = build_network(roads, mode, turns=turns)
    placed = [snap_places(net, some, limit_m=SNAP_M, smallest_component=1) for some in (homes, sites)]
    found = travel_times(net, *placed, minutes=minutes, heading=heading).pairs()
    return dict(zip(zip(found["community"], found["site"], strict=True), found["minutes"], strict=True))


CAR = as_mode("car", {"travels": "vehicle", "speed_kmh": 36, "gap_kmh": 18, "ferry_wait_minutes": 0.1, "signal_seconds": 2,
                      "stopped_by": ["closed", "bollard"], "turn_seconds": {"left": 11, "u_turn": 25}})
ASKED = [(read_modes()["walk-older"], 12.0), (read_modes()["ebike"], 3.0), (CAR, 1.2)]


@pytest.mark.parametrize(("mode", "minutes"), ASKED)
@pytest.mark.parametrize("seed", range(4))
def test_times_on_a_piece_are_those_on_the_whole(seed: int, mode: Mode, minutes: float, tmp_path: Path) -> None:
    path, rng = country(tmp_path, seed), np.random.default_rng(seed)
    middle = (SIDE - 1) * STEP_M * np.array([0.42, 0.58])
    made = osm.cut_osm(path, square_of(*middle), tmp_path / "out", modes=[mode], minutes=minutes, snap_limit_m=SNAP_M)
    piece = tmp_path / "out" / made.loc["middle", "file"]
    homes, sites = points(rng, 60, *middle, "c"), points(rng, 1500, -STEP_M, SIDE * STEP_M, "s")
    for heading in ("to_site", "to_community"):
        whole = times(path, mode, minutes, homes, sites, heading)
        assert times(piece, mode, minutes, homes, sites, heading) == whole
        assert len(whole) > 50
    roads, whole_roads = (osm.read_osm_roads(some, crs=UTM51)[0] for some in (piece, path))
    near = whole_roads.distance(square_of(*middle).geometry.iloc[0]) <= made.loc["middle", "margin_m"]
    assert_geodataframe_equal(roads.loc[whole_roads.index[near]], whole_roads[near])  # cut at the same junctions
    assert made.loc["middle", "ways"] < 0.8 * sum(1 for _ in osmium.FileProcessor(str(path), osmium.osm.WAY))


def line(folder: Path, *, step_m: float = 100.0, count: int = 100, aside: float = 0.0) -> Path:
    """A straight road, a way each step, so that a trip is as quick as can be; its nodes are numbered from west to
    east."""
    places = {i + 1: to_degrees(X0 + step_m * i, Y0 + aside) for i in range(count)}
    ways = {i: ([i, i + 1], {"highway": "residential"}) for i in range(1, count)}
    return as_pbf(osm_file(folder / "line.osm", places, {}, ways, {}))


def test_a_trip_at_full_speed_to_the_last_second_lies_in_the_piece(tmp_path: Path) -> None:
    path, mode = line(tmp_path, step_m=10.0, count=300), as_mode("quick", {"travels": "vehicle", "speed_kmh": 36})
    made = osm.cut_osm(path, square_of(-50, 50), tmp_path / "out", modes=[mode], minutes=1.0, snap_limit_m=SNAP_M)
    homes, sites = points(np.random.default_rng(1), 1, 0, 0, "c"), points(np.random.default_rng(1), 1, 0, 0, "s")
    homes.geometry, sites.geometry = [[shapely.Point(X0 + x, Y0)] for x in (50, 650)]  # 60.00 s
    for end in (650, 651):
        sites.geometry = [shapely.Point(X0 + end, Y0)]
        found = [times(one, mode, 1.0, homes, sites, "to_site") for one in (path, tmp_path / "out" / made["file"].iloc[0])]
        assert found[0] == found[1] == ({("c0", "s0"): 1.0} if end == 650 else {})
    assert made["ways"].iloc[0] < 100


def test_a_fast_ferry_brings_the_ground_at_its_other_end(tmp_path: Path) -> None:
    places = {i + 1: to_degrees(X0 + 100.0 * i, Y0) for i in range(400)}
    ways = {i: ([i, i + 1], {"highway": "residential"}) for i in range(1, 400) if i not in range(10, 390)}
    ways |= {1000: ([4, 200], {"route": "ferry", "duration": "00:01"}), 1001: ([200, 392], {"route": "ferry"})}
    ways[1001][1]["duration"] = "00:02"
    path = as_pbf(osm_file(tmp_path / "strait.osm", places, {}, ways, {}))
    mode = as_mode("walker", {"travels": "walk", "speed_kmh": 3.6})
    made = osm.cut_osm(path, square_of(0, 50), tmp_path / "out", modes=[mode], minutes=20.0, snap_limit_m=SNAP_M)
    homes, sites = points(np.random.default_rng(1), 1, 0, 50, "c"), points(np.random.default_rng(1), 1, 0, 50, "s")
    sites.geometry = [shapely.Point(X0 + 39_300, Y0)]
    found = [times(one, mode, 20.0, homes, sites, "to_site") for one in (path, tmp_path / "out" / made["file"].iloc[0])]
    assert found[0] == found[1] and len(found[0]) == 1
    slow = Asked([mode], 20.0).fast_ferries([Ferry(0, -1, 30.0, "")], {0: 1.4})  # 2.8 km/h
    assert slow == [] and made["margin_m"].iloc[0] == pytest.approx(1.02 * 1200 + SNAP_M)


def test_a_long_road_without_a_node_near_is_there(tmp_path: Path) -> None:
    places = {1: to_degrees(X0 - 9000, Y0 - 9000), 2: to_degrees(X0 + 9000, Y0 + 9000), 3: to_degrees(X0 + 9e3, Y0)}
    ways = {1: ([1, 2], {"highway": "primary"}), 2: ([2, 3], {"highway": "primary"})}
    path = as_pbf(osm_file(tmp_path / "long.osm", places, {}, ways, {}))
    made = osm.cut_osm(path, square_of(-50, 50), tmp_path / "out", margin_m=100.0)
    assert made.loc["middle", ["nodes", "ways"]].tolist() == [3, 2]  # and the road that it meets
