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
from quarterhour.io.osm.cut import LIST
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


CAR = as_mode(
    "car",
    {
        "travels": "vehicle",
        "speed_kmh": 36,
        "gap_kmh": 18,
        "ferry_wait_minutes": 0.1,
        "signal_seconds": 2,
        "stopped_by": ["closed", "bollard"],
        "turn_seconds": {"left": 11, "u_turn": 25},
    },
)
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
        found = [
            times(one, mode, 1.0, homes, sites, "to_site") for one in (path, tmp_path / "out" / made["file"].iloc[0])
        ]
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


def test_a_ferry_route_is_whole_or_not_there(tmp_path: Path) -> None:
    places = {i + 1: to_degrees(X0 + 2000.0 * i, Y0) for i in range(5)}
    ways = {i: ([i, i + 1], {}) for i in range(1, 4)} | {4: ([1, 5], {"highway": "residential"})}
    route = {"type": "route", "route": "ferry", "duration": "01:00"}
    relations = {7: ([("way", i, "") for i in range(1, 4)], route)}
    path = as_pbf(osm_file(tmp_path / "strait.osm", places, {}, ways, relations))
    made = osm.cut_osm(path, square_of(-50, 50), tmp_path / "out", margin_m=10.0)
    roads = [osm.read_osm_roads(one, crs=UTM51)[0] for one in (path, tmp_path / "out" / made["file"].iloc[0])]
    assert_geodataframe_equal(*roads)
    assert roads[0].loc["w1.1", "minutes_along"] == pytest.approx(20.0, abs=0.01)


# --- what a piece holds beside roads, and how it is written


def town(folder: Path) -> Path:
    """A street of two ways; a clinic on the ground and one as a house; a shop far off."""
    places = {i: to_degrees(X0 + 100.0 * i, Y0) for i in range(1, 10)} | {20: to_degrees(X0 + 50_000, Y0)}
    said = {7: {"amenity": "clinic", "name": "卫生室"}, 20: {"shop": "yes"}, 2: {"highway": "traffic_signals"}}
    house = {"amenity": "clinic", "building": "yes"}
    ways = {1: ([1, 2, 3], {"highway": "residential", "name": "海滨路"}), 2: ([3, 4], {"highway": "service"}),
            3: ([5, 6, 8, 5], house), 4: ([6, 8], {"building": "yes"})}  # fmt: skip
    return as_pbf(osm_file(folder / "town.osm", places, said, ways, {}))


def test_a_piece_holds_places_and_what_stands_at_roads(tmp_path: Path) -> None:
    made = osm.cut_osm(town(tmp_path), square_of(0, 1000), tmp_path / "out", margin_m=0.0)
    piece = tmp_path / "out" / "middle.osm.pbf"
    assert made.loc["middle", ["file", "nodes", "ways"]].tolist() == ["middle.osm.pbf", 8, 3]
    objects = [(one.type_str(), one.id, dict(one.tags)) for one in osmium.FileProcessor(str(piece))]
    assert objects == [
        ("n", 1, {}), ("n", 2, {"highway": "traffic_signals"}), ("n", 3, {}), ("n", 4, {}), ("n", 5, {}), ("n", 6, {}),
        ("n", 7, {"amenity": "clinic", "name": "卫生室"}), ("n", 8, {}),
        ("w", 1, {"highway": "residential", "name": "海滨路"}), ("w", 2, {"highway": "service"}),
        ("w", 3, {"amenity": "clinic", "building": "yes"}),
    ]  # fmt: skip
    assert list(osm.read_osm_places(piece, kinds=["clinic"], crs=UTM51).index) == ["n7", "w3"]
    with osmium.io.Reader(str(piece)) as reader:
        assert reader.header().get("sorting") == "Type_then_ID" and reader.header().get("generator") == "quarterhour"


def test_the_same_input_gives_the_same_bytes_and_a_piece_is_cut_again(tmp_path: Path) -> None:
    path, areas = country(tmp_path, 1), pd.concat([square_of(0, 4000, "a"), square_of(3000, 9000, "b")])
    tables = [osm.cut_osm(path, areas, tmp_path / out, margin_m=500.0) for out in ("one", "two")]
    pd.testing.assert_frame_equal(*tables)
    names = sorted(one.name for one in (tmp_path / "one").iterdir())
    assert names == ["a.osm.pbf", "b.osm.pbf", LIST]
    assert [n for n in names if (tmp_path / "one" / n).read_bytes() != (tmp_path / "two" / n).read_bytes()] == []
    again = osm.cut_osm(tmp_path / "one" / "a.osm.pbf", areas, tmp_path / "again", margin_m=500.0)
    assert again.loc["a", "ways"] == tables[0].loc["a", "ways"]


def test_rows_of_one_id_are_one_area_and_names_are_safe(tmp_path: Path) -> None:
    ids = ["../../etc/passwd", "青岛市", "con", "a/b", "A:B", "A:B", "?"]
    areas = pd.concat([square_of(100.0 * i, 100.0 * i + 50, name) for i, name in enumerate(ids)])
    made = osm.cut_osm(town(tmp_path), areas, tmp_path / "out", margin_m=1000.0)
    assert made["file"].str.removesuffix(".osm.pbf").to_dict() == {
        "../../etc/passwd": "etc_passwd", "?": "area", "A:B": "A_B", "a/b": "a_b_", "con": "con_", "青岛市": "青岛市",
    }  # fmt: skip
    assert {one.name for one in (tmp_path / "out").iterdir()} == {*made["file"], LIST}
    assert {one.name for one in tmp_path.iterdir()} == {"out", "town.osm", "town.osm.pbf"}


def test_more_pieces_than_are_written_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    areas = pd.concat([square_of(100.0 * i, 100.0 * i + 50, f"p{i}") for i in range(7)])
    whole = osm.cut_osm(town(tmp_path), areas, tmp_path / "whole", margin_m=50.0)
    monkeypatch.setattr("quarterhour.io.osm.cut.pieces._WRITERS_AT_ONCE", 3)
    monkeypatch.setattr("quarterhour.io.osm.cut.pieces._ROWS", 2)
    monkeypatch.setattr("quarterhour.io.osm.cut.belonging._ROWS", 3)
    monkeypatch.setattr("quarterhour.io.osm.cut.survey._NODES_AT_ONCE", 4)
    monkeypatch.setattr("quarterhour.io.osm.cut.survey._REFS_AT_ONCE", 1)
    pd.testing.assert_frame_equal(osm.cut_osm(town(tmp_path), areas, tmp_path / "parts", margin_m=50.0), whole)
    for name in whole["file"][whole["file"] != ""]:
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()


def test_a_piece_has_nodes_and_day_as_the_extract_has_them(tmp_path: Path) -> None:
    rng, path, header = np.random.default_rng(1), tmp_path / "nodes.osm.pbf", osmium.io.Header()
    header.set("osmosis_replication_timestamp", "2026-11-30T12:00:00Z")
    texts = ["", "a", "海", "x" * 300]
    with osmium.SimpleWriter(osmium.io.File(str(path), "pbf,pbf_dense_nodes=false"), header=header) as writer:
        for one in np.cumsum(rng.integers(1, 1 << 30, 900)).tolist():
            said = {str(rng.choice(texts[1:])): str(rng.choice(texts)) for _ in range(rng.integers(1, 3))}
            writer.add_node(mutable.Node(id=one, location=tuple(rng.uniform([-180, -80], [180, 80])), tags=said))
        writer.add_way(mutable.Way(id=1, nodes=[one - 1, one], tags={"highway": "service"}))
    box = gpd.GeoDataFrame(index=pd.Index(["all"], name="id"), geometry=[shapely.box(-180, -90, 180, 90)], crs=4326)
    assert osm.cut_osm(path, box, tmp_path / "out", margin_m=0.0).loc["all", ["nodes", "ways"]].tolist() == [900, 1]
    files = path, tmp_path / "out" / "all.osm.pbf"
    whole, piece = (
        [(n.id, n.location.x, n.location.y, dict(n.tags)) for n in osmium.FileProcessor(str(some), osmium.osm.NODE)]
        for some in files
    )
    assert piece == whole
    with osmium.io.Reader(str(files[1])) as reader:
        assert reader.header().get("osmosis_replication_timestamp") == "2026-11-30T12:00:00Z"


# --- regions


def test_a_region_holds_every_box_within_the_margin_and_few_more() -> None:
    rng, sets = np.random.default_rng(1), AreaSets()
    shapes = [shapely.box(121.0, 30.0, 121.5, 30.4), shapely.Point(122.0, 30.2).buffer(0.2)]
    regions = Regions(shapes, 5000.0, sets)
    low = rng.uniform([120.5, 29.5], [122.8, 31.0], (4000, 2))
    high = low + rng.uniform(0, 1, (4000, 1)) ** 8 * rng.uniform(0, 0.5, (4000, 2))
    found = regions.near(*(np.r_["1", low, high] * 1e7).astype(np.int64).T)
    boxes = gpd.GeoSeries(shapely.box(*low.T, *high.T), crs=4326).to_crs(UTM51)
    for bit, shape in enumerate(gpd.GeoSeries(shapes, crs=4326).to_crs(UTM51)):
        said = np.array([sets.masks[one] >> bit & 1 for one in found], bool)
        metres = boxes.distance(shape).to_numpy()
        assert said[metres <= 4990].all()
        assert not said[metres > 5200 + boxes.length.to_numpy() / 4].any()


def test_ferries_lead_on_to_ferries() -> None:
    sets, unit = AreaSets(), 1e7
    boxes = (np.array([[0.05, 0, 1, 0.01], [1.05, 0, 2, 0.01], [5, 5, 6, 6]]) * unit).astype(np.int64)
    regions = with_ferries([shapely.box(0, 0, 0.01, 0.01)], 8000.0, sets, boxes=boxes, carried_m=np.full(3, 2e5))
    spots = (np.array([0.5, 2.05, 5.5, 2.5]) * unit).astype(np.int64)
    flat = np.zeros(4, np.int64)
    assert regions.near(spots, flat, spots, flat).tolist() == [1, 1, 0, 0]


# --- what cannot be cut


def refused(key: str, *arguments: Any, **more: Any) -> None:
    with pytest.raises(DataError) as caught:
        osm.cut_osm(*arguments, **({"margin_m": 10.0} | more))
    assert caught.value.key == key and caught.value.sentence("zh") != caught.value.sentence("en")


def test_what_cannot_be_cut_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    path, area, out = town(tmp_path), square_of(0, 1000), tmp_path / "out"
    with pytest.raises(MissingError):
        osm.cut_osm(tmp_path / "none.osm.pbf", area, out, margin_m=1.0)
    refused("osm.cut_not_pbf", tmp_path / "town.osm", area, out)
    refused("osm.cut_no_crs", path, area.set_crs(None, allow_override=True), out)
    refused("osm.cut_bad_areas", path, area.iloc[:0], out)
    refused("osm.cut_bad_areas", path, area.set_geometry(area.centroid), out)
    refused("osm.cut_bad_areas", path, area.set_crs(4326, allow_override=True), out)  # metres called degrees
    refused("osm.cut_bad_areas", path, area.set_axis([""]), out)
    refused("osm.cut_nothing", path, square_of(90_000, 90_100), out)
    for more in ({"margin_m": None}, {"margin_m": -1.0}, {"margin_m": np.nan}):
        refused("osm.cut_margin", path, area, out, **more)
    refused("osm.cut_margin", path, area, out, margin_m=None, minutes=-5.0, modes=[read_modes()["car"]])
    assert not out.exists() or not list(out.iterdir())


NODES = [
    mutable.Node(id=i, location=to_degrees(X0 + 100.0 * i, Y0), tags=said) for i, said in enumerate([{}, {"a": "b"}])
]
WAY = mutable.Way(id=1, nodes=[0, 1], tags={"highway": "residential"})
HOUSE = mutable.Way(id=2, nodes=[0, 1], tags={"building": "yes"})
RELATION = mutable.Relation(id=1, members=[("w", 1, "")], tags={"type": "site"})


def written(path: Path, *objects: Any) -> Path:
    """A file of objects in the order given."""
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for one in objects:
            writer.add(one)
    return path


def test_files_of_another_order_or_cut_short_are_refused(tmp_path: Path) -> None:
    path, area, out, [first, second] = tmp_path / "some.osm.pbf", square_of(0, 1000), tmp_path / "out", NODES
    for order in ([WAY, first, second], [HOUSE, first], [first, WAY, second], [second, first], [first, first],
                  [first, second, RELATION, WAY], [first, RELATION, HOUSE], [RELATION, second],
                  [first, second, WAY, WAY], [first, second, HOUSE, WAY], [first, second, HOUSE, HOUSE]):  # fmt: skip
        refused("osm.cut_unsorted", written(path, *order), area, out)
    refused("osm.cut_nothing", written(path, *NODES), area, out)
    refused("osm.cut_nothing", written(path, WAY), area, out)
    path.write_bytes(written(path, *NODES, WAY, RELATION).read_bytes()[:-5])
    refused("osm.broken", path, area, out)
    assert not out.exists() or not list(out.iterdir())


@pytest.mark.parametrize("lon", [-179.9, 179.9])
def test_an_area_that_reaches_over_the_date_line_is_refused(lon: float, tmp_path: Path) -> None:
    path, box = written(tmp_path / "some.osm.pbf", *NODES, WAY), shapely.box(lon - 0.05, -17, lon + 0.05, -16.9)
    area = gpd.GeoDataFrame(geometry=[box], index=pd.Index(["fj"], name="id"), crs=4326)
    refused("osm.cut_date_line", path, area, tmp_path / "out", margin_m=30_000.0)
    refused("osm.cut_nothing", path, area, tmp_path / "out", margin_m=100.0)


def test_broken_bytes_are_told(tmp_path: Path) -> None:
    rng, area, plain, cut = np.random.default_rng(1), square_of(0, 1000), tmp_path / "plain.osm.pbf", 0
    with osmium.SimpleWriter(osmium.io.File(str(plain), "pbf,pbf_compression=none")) as writer:
        for one in osmium.FileProcessor(str(town(tmp_path))):
            writer.add(one)
    for turn in range(80):
        data = bytearray(plain.read_bytes())
        for at in rng.integers(0, len(data), rng.integers(1, 4)):
            data[at] = rng.integers(0, 256)
        (tmp_path / "bad.osm.pbf").write_bytes(data[: None if turn % 5 else -turn - 1])
        try:
            osm.cut_osm(tmp_path / "bad.osm.pbf", area, tmp_path / "out", margin_m=10.0)
            cut += 1
        except DataError as error:
            assert error.sentence("zh") != error.sentence("en")
    assert 0 < cut < 60


# --- the command


def areas_file(folder: Path, *areas: gpd.GeoDataFrame) -> Path:
    path = folder / "areas.geojson"
    pd.concat(areas).to_crs(4326).reset_index().rename(columns={"id": "code"}).to_file(path, driver="GeoJSON")
    return path


def test_the_command_cuts_and_says_what_it_made(tmp_path: Path) -> None:
    areas = areas_file(tmp_path, square_of(0, 1000, "3701"), square_of(80_000, 80_100, "3702"))
    command = ["cut", town(tmp_path), "--areas", areas, "--id", "code", "--out", tmp_path / "out"]
    done = quarterhour(*command, "--minutes", "15", "--mode", "walk", "--mode", "ebike", "--lang", "en")
    assert done.returncode == 1 and "3702: no road" in done.stderr
    assert "3701: 3701.osm.pbf, 3 ways" in done.stdout
    assert "1 pieces, each with a margin of 4.8 km" in done.stdout
    assert "reading town.osm.pbf" in done.stderr and "writing the pieces" in done.stderr
    assert {one.name for one in (tmp_path / "out").iterdir()} == {"3701.osm.pbf", LIST}
    chinese = quarterhour(*command, "--margin-km", "2", "--quiet")
    assert "每片外扩 2.0 公里" in chinese.stdout and "没有道路" in chinese.stderr


def test_wrong_use_of_the_command_is_exit_2_and_bad_input_1(tmp_path: Path) -> None:
    areas = areas_file(tmp_path, square_of(0, 1000))
    command = ["cut", town(tmp_path), "--areas", areas, "--out", tmp_path / "out", "--lang", "en", "--id"]
    for wrong in ([], ["--minutes", "15"], ["--mode", "car"], ["--margin-km", "5", "--mode", "car"],
                  ["--minutes", "15", "--mode", "rocket"]):  # fmt: skip
        assert quarterhour(*command, "code", *wrong).returncode == 2
    done = quarterhour(*command, "codes", "--margin-km", "1")
    assert done.returncode == 1 and "codes" in done.stderr and "code" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("moment", range(5))
def test_ctrl_c_leaves_nothing_half_written(moment: int, tmp_path: Path) -> None:
    heard = iter(range(100))

    def stop(_step: str, _share: float | None) -> None:
        if next(heard) == moment:
            raise Stopped(signal.SIGINT)

    with pytest.raises(Stopped):
        osm.cut_osm(town(tmp_path), square_of(0, 1000), tmp_path / "out", margin_m=10.0, tell=stop)
    assert list((tmp_path / "out").iterdir()) == []


def test_the_share_of_the_file_is_told(tmp_path: Path) -> None:
    heard: list[tuple[str, float | None]] = []
    osm.cut_osm(
        town(tmp_path), square_of(0, 1000), tmp_path / "out", margin_m=10.0, tell=lambda *one: heard.append(one)
    )
    shares = [share for step, share in heard if step == "write"]
    assert shares == sorted(shares, key=lambda share: share or 0.0) and shares[-1] == 1.0
    assert heard[0] == ("read", None) and heard[-1][0] == "write"
