"""What ways and nodes of OpenStreetMap say about speed and passage, as columns of the roads.

::

    1 ---- 2 ---- 3 ---- 4 ---- 5        way 10; 2 and 4 are met by the lanes 11 (2-6) and 12 (4-7)
           |             |
           6             7
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import pytest

from quarterhour.io import osm
from quarterhour.io.osm import access as osm_access
from quarterhour.io.osm import tags as osm_tags
from quarterhour.network import build, modes, speeds

UTM32 = "EPSG:32632"
PLACES = {n: (9.5 + 0.001 * n, 47.1) for n in range(1, 6)} | {6: (9.502, 47.099), 7: (9.504, 47.099)}
Tags = dict[str, str]


def town(folder: Path, *, nodes: dict[int, Tags] | None = None, main: Tags | None = None, lanes: Tags | None = None,
         absent: tuple[int, ...] = ()) -> Path:  # fmt: skip
    ways = {10: ([1, 2, 3, 4, 5], main or {}), 11: ([2, 6], lanes or {}), 12: ([4, 7], lanes or {})}
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">']
    for node, (x, y) in PLACES.items():
        if node not in absent:
            said = "".join(f'<tag k="{k}" v="{v}"/>' for k, v in (nodes or {}).get(node, {}).items())
            lines.append(f'<node id="{node}" version="1" lon="{x}" lat="{y}">{said}</node>')
    for way, (refs, tags) in ways.items():
        if "route" not in tags:
            tags = {"highway": "residential"} | tags
        said = "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items())
        lines.append(f'<way id="{way}" version="1">{"".join(f"""<nd ref="{n}"/>""" for n in refs)}{said}</way>')
    path = folder / "town.osm"
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return path


def read(folder: Path, **what: Any) -> gpd.GeoDataFrame:
    return osm.read_osm_roads(town(folder, **what), crs=UTM32)[0]


# --- signals


def test_a_signal_counts_once_a_passage_on_arrival(tmp_path: Path) -> None:
    signal = {"highway": "traffic_signals"}
    roads = read(tmp_path, nodes={2: signal, 3: signal, 5: signal})
    counted = roads[["signals_along", "signals_against"]].T.to_dict("list")
    # w10.1 = 1-2, w10.2 = 2-3-4, w10.3 = 4-5, w11.1 = 2-6
    assert counted == {"w10.1": [1, 0], "w10.2": [1, 2], "w10.3": [1, 0], "w11.1": [0, 1], "w12.1": [0, 0]}


@pytest.mark.parametrize(("said", "along", "against"), [("forward", 1, 0), ("backward", 0, 1), ("both", 1, 1)])
def test_a_signal_counts_for_the_direction_it_faces(tmp_path: Path, said: str, along: int, against: int) -> None:
    signal = {"highway": "traffic_signals", "traffic_signals:direction": said}
    piece = read(tmp_path, nodes={3: signal}).loc["w10.2"]
    assert (piece["signals_along"], piece["signals_against"]) == (along, against)


def test_a_crossing_is_no_signal(tmp_path: Path) -> None:
    roads = read(tmp_path, nodes={3: {"highway": "crossing", "crossing": "traffic_signals"}})
    assert roads[["signals_along", "signals_against"]].to_numpy().sum() == 0


# --- limits, surface, bridges


@pytest.mark.parametrize(
    ("tags", "along", "against"),
    [
        ({}, "", ""),
        ({"maxspeed": "50"}, "50", "50"),
        ({"maxspeed": "50", "maxspeed:backward": "30 mph"}, "50", "30 mph"),
        ({"maxspeed:forward": "DE:urban"}, "DE:urban", ""),
        ({"maxspeed:forward": "70", "maxspeed:backward": "50"}, "70", "50"),
    ],
)
def test_a_limit_for_one_direction_goes_before_the_common_one(
    tmp_path: Path, tags: Tags, along: str, against: str
) -> None:
    piece = read(tmp_path, main=tags).loc["w10.1"]
    assert (piece["maxspeed"], piece["maxspeed_against"]) == (along, against)


def test_surface_bridge_and_tunnel_are_columns(tmp_path: Path) -> None:
    roads = read(tmp_path, main={"surface": "gravel", "bridge": "viaduct"}, lanes={"tunnel": "building_passage"})
    assert list(roads["surface"]) == ["gravel", "gravel", "gravel", "", ""]
    assert list(roads["bridge"]) == [True, True, True, False, False]
    assert not roads["tunnel"].any()
    assert read(tmp_path, lanes={"tunnel": "yes", "bridge": "no"}).loc["w11.1", ["tunnel", "bridge"]].tolist() == [1, 0]


# --- barriers


@pytest.mark.parametrize(
    ("tags", "word"),
    [
        ({}, ""),
        ({"barrier": "gate"}, "gate"),
        ({"barrier": "entrance"}, ""),
        ({"barrier": "toll_booth", "foot": "no"}, "no_walkers"),
        ({"barrier": "bollard"}, "bollard"),
        ({"barrier": "bollard", "foot": "yes", "bicycle": "yes"}, "no_cars"),
        ({"barrier": "bollard", "access": "yes"}, ""),
        ({"barrier": "block", "bicycle": "no"}, "no_vehicles"),
        ({"barrier": "gate", "access": "no"}, "closed"),
        ({"barrier": "gate", "access": "private"}, "ends_walk;ends_cycle;ends_drive"),
        ({"barrier": "gate", "access": "private", "foot": "yes"}, "ends_cycle;ends_drive"),
        ({"barrier": "gate", "access": "private", "foot": "yes", "bicycle": "permissive"}, "ends_drive"),
        ({"barrier": "gate", "access": "private", "vehicle": "no"}, "no_vehicles;ends_walk"),
        ({"barrier": "cycle_barrier", "bicycle": "dismount"}, "no_cars"),
        ({"barrier": "gate", "access": "psv;bicycle"}, "no_walkers;no_cars"),
        ({"barrier": "gate", "access": "unknown"}, "gate"),
        ({"barrier": "lift_gate", "motor_vehicle": "agricultural"}, "no_cars"),
        ({"barrier": "lift_gate", "vehicle": "private"}, "ends_cycle;ends_drive"),
        ({"barrier": "lift_gate", "foot": "no", "bicycle": "no"}, "no_walkers;no_cycles"),
        ({"barrier": "gate", "locked": "yes"}, "closed"),
        ({"barrier": "gate", "locked": "yes", "foot": "yes"}, "no_vehicles"),
        ({"barrier": "gate", "locked": "yes", "access": "private"}, "ends_walk;ends_cycle;ends_drive"),
        ({"barrier": "gate", "access": "customers"}, "ends_walk;ends_cycle;ends_drive"),
    ],
)
def test_a_barrier_says_whom_it_stops(tags: Tags, word: str) -> None:
    assert osm_access.barrier_word(tags) == word


def test_a_way_is_cut_at_a_barrier_that_may_stop_somebody(tmp_path: Path) -> None:
    roads = read(tmp_path, nodes={3: {"barrier": "bollard"}})
    assert roads.loc[["w10.2", "w10.3"], ["from_node", "to_node"]].to_numpy().tolist() == [[2, 3], [3, 4]]
    assert roads["barrier_to"].to_dict() == dict.fromkeys(roads.index, "") | {"w10.2": "bollard"}
    assert roads["barrier_from"].to_dict() == dict.fromkeys(roads.index, "") | {"w10.3": "bollard"}
    assert len(read(tmp_path, nodes={3: {"barrier": "cattle_grid"}})) == 5


def test_a_bollard_stops_cars_and_nobody_else(tmp_path: Path) -> None:
    roads = read(tmp_path, nodes={3: {"barrier": "bollard", "foot": "yes"}})
    parts = {
        m: int(build.build_network(roads, modes.read_modes()[m]).component.max()) for m in ("walk", "ebike", "car")
    }
    assert parts == {"walk": 0, "ebike": 0, "car": 1}


# --- ferries and cyclists


def test_a_ferry_is_a_road_with_its_minutes_shared_out(tmp_path: Path) -> None:
    ferry = {"route": "ferry", "duration": "00:20", "duration:backward": "PT30M", "foot": "yes"}
    roads = read(tmp_path, main=ferry).loc[["w10.1", "w10.2", "w10.3"]]
    assert set(roads["road_class"]) == {"ferry"}
    assert list(roads["ferry_share"]) == pytest.approx([0.25, 0.5, 0.25], abs=1e-4)
    assert list(roads["minutes_along"]) == pytest.approx([5, 10, 5], abs=2e-3)
    assert list(roads["minutes_against"]) == pytest.approx([7.5, 15, 7.5], abs=2e-3)
    assert (roads["walk"].all(), roads["drive"].any()) == (True, False)


def test_a_ferry_that_the_extract_cuts_has_no_minutes(tmp_path: Path) -> None:
    roads = read(tmp_path, main={"route": "ferry", "duration": "20"}, absent=(5,))
    assert roads.loc[["w10.1", "w10.2"], "minutes_along"].isna().all()
    assert roads.loc["w11.1", ["minutes_along", "ferry_share"]].fillna(-1).tolist() == [-1, 0]


@pytest.mark.parametrize(
    ("tags", "drive"),
    [({}, True), ({"foot": "yes"}, False), ({"foot": "yes", "motor_vehicle": "yes"}, True), ({"vehicle": "no"}, False)],
)
def test_a_ferry_takes_vehicles_unless_it_names_others_alone(tags: Tags, drive: bool) -> None:
    assert osm_access.access_columns({"route": "ferry"} | tags)["drive"] is drive


@pytest.mark.parametrize(
    ("said", "minutes"),
    [("20", 20), ("20 min", 20), ("00:20", 20), ("1:30:30", 90.5), ("PT20M", 20), ("PT1H30M", 90), ("P1DT1H", 1500),
     ("PT90S", 1.5), ("", math.nan), ("P", math.nan), ("an hour", math.nan), (None, math.nan)],
)  # fmt: skip
def test_durations_of_every_make_are_read(said: str | None, minutes: float) -> None:
    assert osm_tags.duration_minutes(said) == pytest.approx(minutes, nan_ok=True)


@pytest.mark.parametrize(
    ("tags", "cycle", "oneway"),
    [
        ({}, True, 0),
        ({"bicycle": "no"}, False, 0),
        ({"motor_vehicle": "no"}, True, 0),
        ({"vehicle": "no"}, False, 0),
        ({"vehicle": "no", "bicycle": "yes"}, True, 0),
        ({"motorroad": "yes"}, False, 0),
        ({"highway": "footway"}, False, 0),
        ({"highway": "footway", "bicycle": "yes"}, True, 0),
        ({"oneway": "yes"}, True, 1),
        ({"oneway": "yes", "oneway:bicycle": "no"}, True, 0),
        ({"oneway:bicycle": "-1"}, True, -1),
    ],
)
def test_cyclists_have_rules_of_their_own(tmp_path: Path, tags: Tags, cycle: bool, oneway: int) -> None:
    piece = read(tmp_path, main=tags).loc["w10.1"]
    assert (bool(piece["cycle"]), int(piece["oneway_cycle"])) == (cycle, oneway)


def test_an_e_bike_goes_where_cyclists_may(tmp_path: Path) -> None:
    roads = read(
        tmp_path, main={"motor_vehicle": "no", "oneway": "yes", "oneway:bicycle": "no"}, lanes={"bicycle": "no"}
    )
    ebike = build.build_network(roads, modes.read_modes()["ebike"])
    assert set(ebike.road_ids) == {"w10.1", "w10.2", "w10.3"}
    assert (ebike.backward_cs > 0).all()
    plain = roads.drop(columns=["cycle", "oneway_cycle"])
    assert set(build.build_network(plain, modes.read_modes()["ebike"]).road_ids) == {"w11.1", "w12.1"}


# --- graphs


def graph(**tags: Any) -> nx.MultiDiGraph:
    made = nx.MultiDiGraph(crs="EPSG:4326")
    for node in (1, 2, 3):
        made.add_node(node, x=PLACES[node][0], y=PLACES[node][1])
    for u, v, turned in ((1, 2, False), (2, 1, True), (2, 3, False), (3, 2, True)):
        made.add_edge(u, v, osmid=10, highway="primary", oneway=False, reversed=turned, length=76.0, **tags)
    return made


def test_a_graph_says_the_same_as_the_extract() -> None:
    made = graph(**{"maxspeed": "50", "maxspeed:backward": "30", "surface": "sett", "bridge": "yes"})
    made.nodes[2].update({"highway": "traffic_signals", "traffic_signals:direction": "forward"})
    made.nodes[3].update({"barrier": "gate", "access": "private"})
    roads = osm.roads_from_graph(made, crs=UTM32)
    assert (
        roads[["maxspeed", "maxspeed_against", "surface", "bridge"]].to_numpy().tolist()
        == [["50", "30", "sett", True]] * 2
    )
    assert roads[["signals_along", "signals_against"]].to_numpy().tolist() == [[1, 0], [0, 0]]
    assert roads[["barrier_from", "barrier_to"]].to_numpy().tolist() == [
        ["", ""],
        ["", "ends_walk;ends_cycle;ends_drive"],
    ]


def test_an_edge_against_its_way_turns_what_the_way_says() -> None:
    made = graph(**{"maxspeed:forward": "50", "maxspeed:backward": "30", "oneway:bicycle": "yes"})
    made.nodes[1].update({"highway": "traffic_signals", "traffic_signals:direction": "backward"})
    made.remove_edge(1, 2)
    roads = osm.roads_from_graph(made, crs=UTM32).set_index("from_node")
    back = roads.loc[2].iloc[0] if roads.loc[[2]].shape[0] > 1 else roads.loc[2]
    assert (back["maxspeed"], back["maxspeed_against"], back["oneway_cycle"]) == ("30", "50", -1)
    assert (back["signals_along"], back["signals_against"]) == (1, 0)


@pytest.mark.parametrize(
    ("tags", "marks", "open_"),
    [
        ({}, (0, 0, 0), ["walk", "drive", "cycle"]),
        ({"motor_vehicle:backward": "no"}, (1, 0, 0), ["walk", "drive", "cycle"]),
        ({"vehicle:forward": "no"}, (-1, -1, 0), ["walk", "drive", "cycle"]),
        ({"oneway:foot": "yes"}, (0, 0, 1), ["walk", "drive", "cycle"]),
        ({"access": "private"}, (0, 0, 0), ["walk", "drive", "cycle", "walk_ends", "cycle_ends", "drive_ends"]),
        ({"motor_vehicle": ["yes", "destination"]}, (0, 0, 0), ["walk", "drive", "cycle", "drive_ends"]),
        ({"motor_vehicle": ["no", "destination"]}, (0, 0, 0), ["walk", "cycle"]),
    ],
)
def test_an_edge_says_who_may_use_it_as_its_way_does(tags: Any, marks: tuple[int, int, int], open_: list[str]) -> None:
    roads = osm.roads_from_graph(graph(**tags), crs=UTM32)
    assert len(roads) == 2
    assert roads[["oneway", "oneway_cycle", "oneway_foot"]].to_numpy().tolist() == [list(marks)] * 2
    columns = [c for c in roads if c.partition("_")[0] in ("walk", "drive", "cycle") and not c.endswith("allowed")]
    assert {c for c in columns if roads[c].all()} == set(open_)
    assert {c for c in columns if roads[c].any()} == set(open_)


def test_an_edge_joined_out_of_ways_takes_the_lowest_limit_and_is_no_bridge() -> None:
    made = graph(surface=["asphalt", "gravel"], maxspeed=["70", "50"], bridge="yes")
    for *_, data in made.edges(data=True):
        data["osmid"] = [10, 11]
    roads = osm.roads_from_graph(made, crs=UTM32)
    assert (roads["maxspeed"].iloc[0], roads["surface"].iloc[0]) == ("50;70", "asphalt;gravel")
    assert not roads["bridge"].any()


def test_a_ferry_of_a_graph_has_its_minutes() -> None:
    made = graph(route="ferry", duration="00:20")
    for *_, data in made.edges(data=True):
        del data["highway"]
    roads = osm.roads_from_graph(made, crs=UTM32)
    assert list(roads["road_class"]) == ["ferry", "ferry"]
    assert list(roads["minutes_along"]) == pytest.approx([10, 10], abs=1e-3)


# --- a real place


@pytest.fixture(scope="module")
def heidelberg(shared_data: Path) -> gpd.GeoDataFrame:
    return osm.read_osm_roads(shared_data / "osm" / "heidelberg.osm.pbf", crs=UTM32)[0]


def test_signals_of_heidelberg_equal_a_plain_count(shared_data: Path, heidelberg: gpd.GeoDataFrame) -> None:
    """Walking each way node by node, the signals met along and against it; the first node is behind. Squares are left
    out, whose straight lines pass by some of the signals on their edge."""
    extract = shared_data / "osm" / "heidelberg.osm.pbf"
    facing = {n.id: osm_tags.signal(dict(n.tags)) for n in osmium.FileProcessor(str(extract), osmium.osm.NODE)}
    along, against, squares = 0, 0, set()
    way_of = heidelberg.index.str.partition(".").get_level_values(0).str[1:].astype(int)
    used = set(way_of)
    for way in osmium.FileProcessor(str(extract), osmium.osm.NODE | osmium.osm.WAY).with_locations():
        if way.is_way() and osm_tags.is_area(dict(way.tags)):
            squares.add(way.id)
        elif way.is_way() and way.id in used:
            inside = [n.ref for n in way.nodes if n.location.valid()]
            along += sum(facing[n][0] for n in inside[1:])
            against += sum(facing[n][1] for n in inside[:-1])
    counted = heidelberg.loc[~way_of.isin(squares), ["signals_along", "signals_against"]].sum()
    assert tuple(counted) == (along, against)


def test_speeds_of_heidelberg_are_sane(heidelberg: gpd.GeoDataFrame) -> None:
    """A car: seven tenths of the street kilometres are driven by their limit, and barriers cut few roads off."""
    net = build.build_network(heidelberg, modes.read_modes()["car"])
    used = heidelberg.loc[net.road_ids]
    street = ~used["road_class"].isin(["track", "service", "path", "cycleway"])
    km = used.geometry.length.to_numpy() / 1000
    limited = used["maxspeed"].map(lambda said: speeds.limit_kmh(said) is not None)
    assert np.average(limited[street], weights=km[street]) == pytest.approx(0.71, abs=0.02)
    kmh = speeds.road_speeds(used, net.mode)
    assert kmh.min() > 0 and kmh.max() <= 100
    assert np.average(kmh[street], weights=km[street]) == pytest.approx(36, abs=2)
    assert 0.95 < (net.component[net.tail] == 0).mean() < 0.97  # what lies behind private gates is joined by them
