"""OpenStreetMap in: roads cut at junctions, places by tags, graphs, and the service (on loopback)."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import networkx as nx
import osmium
import pytest
import shapely

from quarterhour.base.errors import DataError, MissingError, ServiceError, WriteError
from quarterhour.io import osm
from quarterhour.io.osm.access import barrier_word
from quarterhour.io.osm.tags import is_area, road_class
from quarterhour.io.osm.ways import distinct_tags, read_ways

UTM32 = "EPSG:32632"

# 1---2---3---4   main street (way 10), 2 is met by the lane (way 11), 3 is a bend only
#     |
#     5-------6   lane; 6 is where the ring (way 12: 6-7-8-6) begins
NODES = {1: (9.500, 47.10), 2: (9.501, 47.10), 3: (9.502, 47.1001), 4: (9.503, 47.10)}
NODES |= {5: (9.501, 47.099), 6: (9.503, 47.099), 7: (9.504, 47.0995), 8: (9.504, 47.0985), 9: (9.51, 47.11)}
SAID: dict[int, dict[str, str]] = {}  # tags of nodes
WAYS: dict[int, tuple[list[int], dict[str, str]]] = {
    10: ([1, 2, 3, 4], {"highway": "primary", "name": "大街", "maxspeed": "50", "surface": "asphalt"}),
    11: ([2, 5, 5, 6], {"highway": "residential", "oneway": "-1"}),
    12: ([6, 7, 8, 6], {"highway": "tertiary", "junction": "roundabout"}),
    13: ([3, 9], {"highway": "construction"}),
}


def as_xml(ways: dict[int, tuple[list[int], dict[str, str]]], *, extra: str = "", absent: tuple[int, ...] = ()) -> str:
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">']
    for node, (x, y) in NODES.items():
        said = "".join(f'<tag k="{k}" v="{v}"/>' for k, v in SAID.get(node, {}).items())
        lines += [] if node in absent else [f'<node id="{node}" version="1" lon="{x}" lat="{y}">{said}</node>']
    for way, (nodes, tags) in ways.items():
        refs = "".join(f'<nd ref="{n}"/>' for n in nodes)
        said = "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items())
        lines.append(f'<way id="{way}" version="1">{refs}{said}</way>')
    return "\n".join([*lines, extra, "</osm>"])


def town(folder: Path, **more: Any) -> Path:
    path = folder / "town.osm"
    path.write_text(as_xml(more.pop("ways", WAYS), **more), encoding="utf-8")
    return path


# --- extracts


def test_ways_are_cut_where_they_meet(tmp_path: Path) -> None:
    roads = osm.read_osm_roads(town(tmp_path), crs=UTM32)[0]
    ends = {i: (r.from_node, r.to_node) for i, r in roads.iterrows()}
    assert ends == {"w10.1": (1, 2), "w10.2": (2, 4), "w11.1": (2, 6), "w12.1": (6, 6)}
    assert roads.index.name == "id"
    assert [len(line.coords) for line in roads.geometry] == [2, 3, 3, 4]
    assert roads.loc["w10.1"].geometry.length == pytest.approx(75.9, abs=0.5)  # 0.001 degrees of longitude at 47 north


def test_lines_made_in_parts_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = osm.read_osm_roads(town(tmp_path), crs=UTM32)[0]
    monkeypatch.setattr("quarterhour.io.osm.roads._LINES_AT_ONCE", 3)
    assert osm.read_osm_roads(town(tmp_path), crs=UTM32)[0].to_wkb().equals(whole.to_wkb())


def test_ways_that_say_the_same_hold_one_set_of_tags(tmp_path: Path) -> None:
    ways = {n: ([1, 2], {"highway": "road", "surface": ("mud", "sand")[n % 2]}) for n in range(20, 60)}
    read = read_ways(town(tmp_path, ways=ways), None).ways
    assert len({id(tags) for tags in read.tags}) == 2
    assert [len(of) for of in distinct_tags(read)] == [2, 40]


def test_oneway_is_read_with_its_implications(tmp_path: Path) -> None:
    said = {"yes": 1, "true": 1, "-1": -1, "reverse": -1, "no": 0, "reversible": 0}
    ways = {n: ([1, 2], {"highway": "road", "oneway": value}) for n, value in enumerate(said, 20)}
    ways |= {30: ([1, 2], {"highway": "motorway"}), 31: ([1, 2], {"highway": "motorway", "oneway": "no"})}
    ways |= {32: ([1, 2], {"highway": "road", "junction": "roundabout"}), 33: ([1, 2], {"highway": "road"})}
    roads = osm.read_osm_roads(town(tmp_path, ways=ways), crs=UTM32)[0]
    assert list(roads["oneway"]) == [*said.values(), 1, 0, 1, 0]
    assert roads["oneway"].dtype == "int8"


@pytest.mark.parametrize(
    ("tags", "walk", "drive"),
    [
        ({"highway": "residential"}, True, True),
        ({"highway": "residential", "access": "private"}, True, True),
        ({"highway": "residential", "access": "no"}, False, False),
        ({"highway": "residential", "access": "no", "foot": "yes"}, True, False),
        ({"highway": "residential", "motor_vehicle": "no"}, True, False),
        ({"highway": "residential", "access": "no", "motor_vehicle": "destination"}, False, True),
        ({"highway": "track", "motor_vehicle": "agricultural"}, True, False),
        ({"highway": "steps"}, True, False),
        ({"highway": "motorway"}, False, True),
        ({"highway": "trunk", "motorroad": "yes"}, False, True),
        ({"highway": "primary", "foot": "no"}, False, True),
    ],
)
def test_access_says_who_may_use_a_road(tmp_path: Path, tags: dict[str, str], walk: bool, drive: bool) -> None:
    roads = osm.read_osm_roads(town(tmp_path, ways={1: ([1, 2], tags)}), crs=UTM32)[0]
    assert (bool(roads["walk"].iloc[0]), bool(roads["drive"].iloc[0])) == (walk, drive)


def test_a_way_cut_by_the_extract_keeps_what_lies_inside(tmp_path: Path) -> None:
    ways = {40: ([1, 2, 5, 6, 7], {"highway": "road"}), 41: ([3, 4, 99], {"highway": "road"})}
    roads = osm.read_osm_roads(town(tmp_path, ways=ways, absent=(5,)), crs=UTM32)[0]
    assert {i: (r.from_node, r.to_node) for i, r in roads.iterrows()} == {
        "w40.1": (1, 2),
        "w40.2": (6, 7),
        "w41.1": (3, 4),
    }


def test_gzip_reads_the_same(tmp_path: Path) -> None:
    plain = town(tmp_path)
    packed = tmp_path / "town.osm.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert osm.read_osm_roads(packed, crs=UTM32)[0].equals(osm.read_osm_roads(plain, crs=UTM32)[0])


def test_bbox_keeps_what_reaches_into_it(tmp_path: Path) -> None:
    roads = osm.read_osm_roads(town(tmp_path), crs=UTM32, bbox=(9.4999, 47.0999, 9.5002, 47.1001))[0]
    assert list(roads.index) == ["w10.1"]


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="Download the extract"):
        osm.read_osm_roads(tmp_path / "none.osm.pbf", crs=UTM32)[0]
    broken = tmp_path / "broken.osm.pbf"
    broken.write_bytes(b"no extract at all")
    with pytest.raises(DataError, match=r"broken\.osm\.pbf.*download it again"):
        osm.read_osm_roads(broken, crs=UTM32)[0]
    with pytest.raises(DataError, match="no usable road"):
        osm.read_osm_roads(town(tmp_path, ways={13: WAYS[13]}), crs=UTM32)[0]
    with pytest.raises(DataError, match="metres"):
        osm.read_osm_roads(town(tmp_path), crs="EPSG:4326")[0]
    with pytest.raises(DataError, match="unknown_thing.*hospital"):
        osm.read_osm_places(town(tmp_path), kinds=["unknown_thing"], crs=UTM32)


PLACES = """
<node id="50" version="1" lon="9.5" lat="47.1"><tag k="place" v="village"/><tag k="name" v="甲村"/>
 <tag k="population" v="4 284"/></node>
<node id="51" version="1" lon="9.6" lat="47.1"><tag k="place" v="village"/><tag k="population" v="many"/></node>
<way id="60" version="1"><nd ref="6"/><nd ref="7"/><nd ref="8"/><nd ref="6"/>
 <tag k="landuse" v="cemetery"/><tag k="amenity" v="grave_yard"/></way>
<way id="61" version="1"><nd ref="98"/><nd ref="99"/><nd ref="98"/><tag k="landuse" v="cemetery"/></way>
<relation id="70" version="1"><member type="way" ref="12" role="outer"/>
 <tag k="type" v="multipolygon"/><tag k="amenity" v="hospital"/><tag k="name" v="医院"/></relation>
"""


def test_places_are_points_with_kind_name_and_population(tmp_path: Path) -> None:
    kinds = ["village", "hospital", "cemetery", "grave_yard"]
    places = osm.read_osm_places(town(tmp_path, extra=PLACES), kinds=kinds, crs=UTM32)
    assert dict(places["kind"]) == {
        "n50": "village",
        "n51": "village",
        "w60": "cemetery",
        "w61": "cemetery",
        "r70": "hospital",
    }
    assert list(places["name"]) == ["甲村", "", "", "", "医院"]
    assert places["population"].fillna(-1).tolist() == [4284, -1, -1, -1, -1]
    ring = osm.read_osm_roads(town(tmp_path), crs=UTM32)[0].loc["w12.1"].geometry
    assert shapely.Polygon(ring).contains(places.loc["w60"].geometry)
    assert shapely.Polygon(ring).contains(places.loc["r70"].geometry)
    assert places.loc["w61"].geometry is None  # its outline is not in the extract: for the checker to say


def test_no_place_of_a_kind_is_an_empty_table(tmp_path: Path) -> None:
    places = osm.read_osm_places(town(tmp_path), kinds=["hospital"], crs=UTM32)
    assert len(places) == 0
    assert {"name", "kind", "geometry"} <= set(places.columns)


# --- real places


def nodes_of_roads(extract: Path) -> list[list[int]]:
    """Plain reading, no arrays: the nodes of streets, paths and ferries, and of the piers, platforms and outlines of
    squares that these meet, if need be over one another."""
    by_relation: dict[int, Any] = {}
    for relation in osmium.FileProcessor(str(extract), osmium.osm.RELATION):
        said = dict(relation.tags)
        if said.get("type") == "multipolygon" and is_area({"area": "yes", **said}):
            by_relation |= {m.ref: said for m in relation.members if m.type == "w" and m.role != "inner"}
        elif said.get("type") == "route" and said.get("route") == "ferry":
            by_relation |= {m.ref: said for m in relation.members if m.type == "w"}
    streets, others = [], []
    for way in osmium.FileProcessor(str(extract), osmium.osm.WAY):
        said = dict(way.tags)
        nodes = [n.ref for n in way.nodes]
        nodes = [n for i, n in enumerate(nodes) if i == 0 or n != nodes[i - 1]]
        sort = road_class(said)
        if sort not in ("", "platform", "pier") and ("highway" in said or sort == "ferry"):
            streets.append(nodes)
        elif sort or way.id in by_relation:
            (streets if by_relation.get(way.id, {}).get("route") == "ferry" else others).append(nodes)
    while True:
        met = {n for nodes in streets for n in nodes}
        more = [nodes for nodes in others if met & set(nodes)]
        if not more:
            return streets
        streets += more
        others = [nodes for nodes in others if not met & set(nodes)]


def junctions_counted_apart(extract: Path) -> set[int]:
    """Nodes met twice by roads, ends of roads, and barriers on roads."""
    barriers = {n.id for n in osmium.FileProcessor(str(extract), osmium.osm.NODE) if barrier_word(dict(n.tags))}
    met: Counter[int] = Counter()
    ends: set[int] = set()
    for nodes in nodes_of_roads(extract):
        met.update(nodes)
        ends |= {nodes[0], nodes[-1]}
    return ends | {node for node, times in met.items() if times > 1} | (barriers & set(met))


@pytest.mark.parametrize("place", ["liechtenstein", "heidelberg"])
def test_junctions_equal_an_independent_count(shared_data: Path, place: str) -> None:
    extract = shared_data / "osm" / f"{place}.osm.pbf"
    roads = osm.read_osm_roads(extract, crs=UTM32)[0]
    assert set(roads["from_node"]) | set(roads["to_node"]) == junctions_counted_apart(extract)
    assert roads.index.is_unique


def test_liechtenstein_has_its_villages_and_cemeteries(shared_data: Path) -> None:
    extract = shared_data / "osm" / "liechtenstein.osm.pbf"
    villages = osm.read_osm_places(extract, kinds=["village"], crs=UTM32)
    assert (len(villages), villages["population"].notna().sum(), villages["population"].sum()) == (15, 12, 38195)
    others = osm.read_osm_places(extract, kinds=["hospital", "cemetery", "grave_yard"], crs=UTM32)
    assert others["kind"].value_counts().to_dict() == {"cemetery": 7, "grave_yard": 2, "hospital": 1}


# --- graphs


def toy_graph() -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph(crs="EPSG:4326")
    for node, (x, y) in NODES.items():
        graph.add_node(node, x=x, y=y)
    bend = shapely.LineString([NODES[2], NODES[3], NODES[4]])
    graph.add_edge(1, 2, highway="primary", oneway=False, length=76.0)
    graph.add_edge(2, 1, highway="primary", oneway=False, length=76.0)
    graph.add_edge(2, 4, highway=["residential", "steps"], oneway=False, length=153.0, geometry=bend)
    graph.add_edge(4, 2, highway=["steps", "residential"], oneway=False, length=153.0, geometry=bend.reverse())
    graph.add_edge(6, 5, highway="residential", oneway=True, length=152.0, access=["yes", "private"])
    return graph


def test_two_arcs_along_one_line_are_one_road() -> None:
    roads = osm.roads_from_graph(toy_graph(), crs=UTM32)
    assert list(zip(roads["from_node"], roads["to_node"], roads["oneway"], strict=True)) == [
        (1, 2, 0),
        (2, 4, 0),
        (6, 5, 1),
    ]
    assert list(roads["road_class"]) == ["primary", "steps", "residential"]
    assert list(roads["walk"]) == [True, True, True]
    assert list(roads["walk_ends"]) == [False, False, True]  # yes on one of its ways, private on another
    assert list(roads["drive"]) == [True, False, True]
    assert list(roads["length_m"]) == [76.0, 153.0, 152.0]
    assert len(roads.geometry.iloc[1].coords) == 3


def test_arcs_with_heights_are_one_road_too() -> None:
    """NaN is not equal to NaN: two arcs with such heights would pass for two one-way roads."""
    graph = toy_graph()
    for _, _, data in graph.edges(data=True):
        if "geometry" in data:
            data["geometry"] = shapely.LineString([(*xy, float("nan")) for xy in data["geometry"].coords])
    assert osm.roads_from_graph(graph, crs=UTM32).equals(osm.roads_from_graph(toy_graph(), crs=UTM32))


@pytest.mark.parametrize(
    ("edge", "node", "said"),
    [
        ({"length": "long"}, {}, "length long"),
        ({"length": "-5"}, {}, "length -5"),
        ({"length": "inf"}, {}, "length inf"),
        ({"geometry": "LINESTRING (1"}, {}, "ParseException"),
        ({"geometry": "POINT (9.5 47.1)"}, {}, "geometry POINT"),
        ({"geometry": "POLYGON ((1 2, 2 3, 3 3, 1 2))"}, {}, "geometry POLYGON"),
        ({}, {"x": "east"}, "no x and y: 2"),
        ({}, {"x": "nan"}, "no x and y: 2"),
        ({}, {"crs": "EPSG:zzz"}, "CRSError"),
    ],
)
def test_values_of_a_graph_that_are_none_are_told(edge: dict[str, str], node: dict[str, str], said: str) -> None:
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph(crs=node.pop("crs", "EPSG:4326"))
    graph.add_node(1, x="9.5", y="47.1")
    graph.add_node(2, **{"x": "9.6", "y": "47.1", **node})
    graph.add_edge(1, 2, highway="residential", **edge)
    with pytest.raises(DataError, match=said):
        osm.roads_from_graph(graph, crs=UTM32)


def test_a_graph_without_a_length_is_measured() -> None:
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph(crs="EPSG:4326")
    graph.add_node(1, x=9.5, y=47.1)
    graph.add_node(2, x="9.6", y="47.1")
    graph.add_edge(1, 2, highway="residential", length="nan")
    assert "length_m" not in osm.roads_from_graph(graph, crs=UTM32)


def test_graphml_of_osmnx_reads_as_the_graph_itself(tmp_path: Path) -> None:
    import osmnx as ox

    ox.save_graphml(toy_graph(), tmp_path / "roads.graphml")
    read = osm.read_graphml_roads(tmp_path / "roads.graphml", crs=UTM32)
    given = osm.roads_from_graph(toy_graph(), crs=UTM32)
    assert read.drop(columns="geometry").equals(given.drop(columns="geometry"))
    assert read.geometry.geom_equals_exact(given.geometry, 0.001).all()


def test_a_graph_without_crs_or_places_is_told(tmp_path: Path) -> None:
    graph = toy_graph()
    del graph.nodes[3]["x"]
    with pytest.raises(DataError, match="no x and y: 3"):
        osm.roads_from_graph(graph, crs=UTM32)
    del graph.graph["crs"]
    with pytest.raises(DataError, match="EPSG:4326"):
        osm.roads_from_graph(graph, crs=UTM32)
    broken = tmp_path / "broken.graphml"
    broken.write_text("<graphml><oops", encoding="utf-8")
    with pytest.raises(DataError, match="save_graphml"):
        osm.read_graphml_roads(broken, crs=UTM32)


# --- the service


def as_overpass(query: str) -> dict[str, Any]:
    """What Overpass answers: the nodes and ways of the toy town, or its places."""
    if "highway" in query:
        nodes: list[dict[str, Any]] = [
            {"type": "node", "id": i, "lon": x, "lat": y, "tags": SAID.get(i, {})} for i, (x, y) in NODES.items()
        ]
        kept = {w: both for w, both in WAYS.items() if both[1]["highway"] != "construction"}
        ways = [{"type": "way", "id": w, "nodes": refs, "tags": tags} for w, (refs, tags) in kept.items()]
        return {"version": 0.6, "elements": [*nodes, *ways]}
    village = {"place": "village", "name": "甲村", "population": "430"}
    hospital = {"amenity": "hospital", "name": "医院 <b>"}
    places: list[dict[str, Any]] = []
    if "place" in query:
        places.append({"type": "node", "id": 50, "lon": 9.502, "lat": 47.0995, "tags": village})
    if "amenity" in query:
        places.append({"type": "node", "id": 51, "lon": 9.501, "lat": 47.0995, "tags": hospital})
    return {"version": 0.6, "elements": places}


@dataclass
class Service:
    """A server on loopback: `fail` is the answer to every request from `fail_from` on."""

    address: str = ""
    fail: tuple[int, str] | None = None
    fail_from: int = 0
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    state = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802 - the name that http.server calls
            from urllib.parse import parse_qs

            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            state.asked.append(parse_qs(body)["data"][0])
            failing = state.fail is not None and len(state.asked) > state.fail_from
            code, text = state.fail if failing and state.fail else (200, json.dumps(as_overpass(state.asked[-1])))
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{server.server_port}/api"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


BOX = (9.495, 47.095, 9.515, 47.115)


def fetched(folder: Path, service: Service) -> osm.Fetched:
    return osm.fetch(
        BOX,
        folder,
        facility_kinds=["hospital", "cemetery"],
        community_kinds=["village"],
        endpoint=service.address,
        timeout=600,
        now=lambda: datetime(2026, 11, 24, tzinfo=UTC),
    )


def test_fetch_keeps_roads_places_and_the_query(tmp_path: Path, service: Service) -> None:
    import osmnx as ox

    folder = tmp_path / "raw" / "town"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text("stays", encoding="utf-8")
    before = (ox.settings.overpass_url, ox.settings.requests_kwargs, socket.getaddrinfo)
    got = fetched(folder, service)
    assert before == (ox.settings.overpass_url, ox.settings.requests_kwargs, socket.getaddrinfo)
    names = ["communities.geojson", "facilities.geojson", "query.json", "roads.graphml", "study.toml"]
    assert sorted(p.name for p in folder.iterdir()) == names
    assert [p.name for p in folder.parent.iterdir()] == ["town"]
    query = json.loads(got.query.read_text(encoding="utf-8"))
    assert query["date"] == "2026-11-24T00:00:00+00:00"
    assert (query["service"], query["facility_kinds"]) == (service.address, ["hospital", "cemetery"])
    (village,) = json.loads(got.communities.read_text(encoding="utf-8"))["features"]
    assert village["properties"] == {"id": "n50", "name": "甲村", "kind": "village", "population": 430}
    (hospital,) = json.loads(got.facilities.read_text(encoding="utf-8"))["features"]
    assert hospital["geometry"]["coordinates"] == [9.501, 47.0995]


def test_fetched_roads_are_those_of_the_extract(tmp_path: Path, service: Service) -> None:
    got = osm.read_graphml_roads(fetched(tmp_path / "town", service).roads, crs=UTM32)
    extract = osm.read_osm_roads(town(tmp_path), crs=UTM32)[0]
    assert got.geometry.length.sum() == pytest.approx(extract.geometry.length.sum(), abs=0.01)
    lane = got[got["road_class"] == "residential"]
    assert list(zip(lane["from_node"], lane["to_node"], lane["oneway"], strict=True)) == [(6, 2, 1)]


def test_fetched_roads_say_as_much_about_speed_as_the_extract(
    tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SAID, 3, {"highway": "traffic_signals", "traffic_signals:direction": "forward"})
    monkeypatch.setitem(SAID, 7, {"barrier": "gate", "access": "no"})
    got = osm.read_graphml_roads(fetched(tmp_path / "town", service).roads, crs=UTM32)
    extract = osm.read_osm_roads(town(tmp_path), crs=UTM32)[0]
    same = ["road_class", "walk", "drive", "cycle", "maxspeed", "maxspeed_against", "surface", "bridge", "tunnel"]
    assert set(got[same].itertuples(index=False)) == set(extract[same].itertuples(index=False))
    assert got["signals_along"].sum() + got["signals_against"].sum() == extract["signals_along"].sum() == 1
    for end in ("from", "to"):
        assert set(got.loc[got[f"barrier_{end}"] != "", f"{end}_node"]) == {7}
        assert set(got[f"barrier_{end}"]) == set(extract[f"barrier_{end}"]) == {"", "closed"}


@pytest.mark.parametrize("fail_from", [0, 1])
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((429, "Too Many Requests"), "busy .*429.*Try again"),
        ((504, "<html>timeout</html>"), "busy .*504.*smaller area"),
        ((400, "<html>parse error</html>"), "400.*downloaded extract"),
        ((200, "<html>maintenance</html>"), "maintenance"),
        ((200, '{"elements": [], "remark": "runtime error: Query timed out"}'), "incomplete .*timed out"),
    ],
)
def test_a_failing_service_is_told_and_nothing_is_written(
    tmp_path: Path, service: Service, answer: tuple[int, str], told: str, fail_from: int
) -> None:
    service.fail, service.fail_from = answer, fail_from
    with pytest.raises(ServiceError, match=told) as caught:
        fetched(tmp_path / "town", service)
    assert list(tmp_path.iterdir()) == []
    assert "未写任何文件" in caught.value.sentence("zh")


def test_an_area_without_roads_is_told(tmp_path: Path, service: Service) -> None:
    service.fail = (200, '{"elements": []}')
    with pytest.raises(ServiceError, match="no road"):
        fetched(tmp_path / "town", service)
    assert list(tmp_path.iterdir()) == []


def test_no_facility_there_is_an_empty_file(tmp_path: Path, service: Service) -> None:
    service.fail, service.fail_from = (200, '{"elements": []}'), 1
    got = fetched(tmp_path / "town", service)
    assert json.loads(got.facilities.read_text(encoding="utf-8"))["features"] == []


def test_nobody_listening_is_told(tmp_path: Path, service: Service) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        service.address = f"http://127.0.0.1:{free.getsockname()[1]}/api"
    with pytest.raises(ServiceError, match="Check the network"):
        fetched(tmp_path / "town", service)


def test_an_impossible_area_is_told(tmp_path: Path, service: Service) -> None:
    with pytest.raises(DataError, match="longitude|degrees"):
        osm.fetch((47.0, 9.5, 46.0, 9.6), tmp_path / "x", facility_kinds=["hospital"], endpoint=service.address)
    assert service.asked == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, service: Service) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(WriteError, match="could not be written"):
        fetched(tmp_path / "file" / "town", service)


def test_a_second_fetch_replaces_the_first_but_no_table_of_the_planner(tmp_path: Path, service: Service) -> None:
    fetched(tmp_path / "town", service)
    fetched(tmp_path / "town", service)
    own = tmp_path / "own"
    own.mkdir()
    (own / "communities.geojson").write_text("the planner's", encoding="utf-8")
    asked = len(service.asked)
    with pytest.raises(WriteError, match=r"communities\.geojson.*nothing was changed"):
        fetched(own, service)
    assert len(service.asked) == asked
    assert [p.name for p in own.iterdir()] == ["communities.geojson"]
