"""The network that a mode may use: its junctions, times, and what it makes of roads of any origin."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString

from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding_sentences
from quarterhour.network.build import build_network
from quarterhour.network.modes import as_mode, read_modes
from quarterhour.network.roads import as_roads
from quarterhour.network.testing import town

CRS = "EPSG:32651"
CAR, WALK = read_modes()["car"], read_modes()["walk"]
LINE = LineString([(0, 0), (100, 0)])


def table(**columns: object) -> gpd.GeoDataFrame:
    size = len(next(iter(columns.values())))  # type: ignore[arg-type]
    lines = [LineString([(100 * i, 0), (100 * i + 100, 0)]) for i in range(size)]
    return gpd.GeoDataFrame(columns, geometry=lines, crs=CRS)


def test_cyclists_may_have_a_one_way_rule_of_their_own() -> None:
    named = table(oneway=["yes", "yes"], oneway_cycle=["no", "yes"], cycle=["yes", "no"], highway=["residential"] * 2)
    roads, _ = as_roads(named, crs=CRS)
    net = build_network(roads, read_modes()["ebike"])
    assert (net.road_ids.tolist(), (net.backward_cs > 0).tolist()) == ([roads.index[0]], [True])


def test_ends_join_by_coordinate_or_by_node_id() -> None:
    roads, _ = as_roads(town("A---B---C---D").roads, crs=CRS)
    assert len(build_network(roads, WALK).x) == 4
    bridge = roads.assign(from_node=[1, 3, 5], to_node=[2, 4, 6])
    assert len(build_network(bridge, WALK).x) == 6


def test_a_node_is_one_node_as_a_whole_number_and_as_a_float() -> None:
    roads, _ = as_roads(town("A---B---C---D").roads, crs=CRS)
    big = 2**52
    for ends in (([1, 2, 3], [2.0, 3.0, 4.0]), ([big, big + 1, big + 2], [big + 1.0, big + 2.0, big + 3.0])):
        net = build_network(roads.assign(from_node=ends[0], to_node=ends[1]), WALK)
        assert (len(net.x), net.junction_ids.tolist()[1]) == (4, str(ends[0][1]))  # type: ignore[union-attr]


def test_vehicles_obey_one_way_and_walkers_do_not() -> None:
    street = town("A->-B-<-C---D")
    car, walk = street.network(CAR), street.network(WALK)
    assert (car.forward_cs > 0).tolist() == [True, False, True]
    assert (car.backward_cs > 0).tolist() == [False, True, True]
    assert (walk.forward_cs > 0).all()
    assert (walk.backward_cs == walk.forward_cs).all()


def test_times_are_whole_and_positive() -> None:
    shapes = [LineString([(0, 0), (0.001, 0)]), LINE]
    roads, _ = as_roads(gpd.GeoDataFrame({"highway": ["residential"] * 2}, geometry=shapes, crs=CRS), crs=CRS)
    assert build_network(roads, WALK).forward_cs.tolist() == [1, 10_000]


def test_a_mode_uses_its_classes_alone() -> None:
    road = town("A---B...C---D", ways={"AB": {"highway": "motorway"}})
    assert road.network(WALK).road_class.tolist() == ["footway", "residential"]
    assert "footway" not in road.network(CAR).road_class.tolist()
    nobody = as_mode("rail", {"travels": "vehicle", "speeds_kmh": {"rail": 80}})
    with pytest.raises(DataError, match="their classes are footway, motorway, residential"):
        road.network(nobody)


def test_access_of_each_road_counts() -> None:
    road = town("A---B---C", ways={"AB": {"drive": True, "walk": False}, "BC": {"drive": False, "walk": True}})
    assert road.network(CAR).road_ids.tolist() == ["AB"]
    assert road.network(WALK).road_ids.tolist() == ["BC"]


def test_the_largest_component_is_0_and_arcs_reverse() -> None:
    net = town("A->-B     C->-D->-E").network(CAR)
    assert np.bincount(net.component).tolist() == [3, 2]
    out, back = net.arcs("to_community"), net.arcs("to_site")
    assert sorted(out.cs) == sorted(back.cs)
    assert (np.repeat(np.arange(5), np.diff(out.indptr)) != np.repeat(np.arange(5), np.diff(back.indptr))).any()
    assert "3 roads" in repr(net)


def test_a_real_chinese_network_builds(shared_data: Path) -> None:
    raw = gpd.read_parquet(shared_data / "roads/wuhan_8989_simplified.parquet")
    roads, _ = as_roads(raw, crs="EPSG:32650")
    assert roads.index.str.split("/").str[0].nunique() == 16_408
    net = build_network(roads, WALK)
    assert np.bincount(net.component)[0] > 0.9 * len(net.x)


def test_edges_as_osmnx_indexes_them_keep_their_nodes() -> None:
    raw = table(highway=["residential", "['primary', 'tertiary']"])
    raw.index = pd.MultiIndex.from_tuples([(7, 8, 0), (8, 7, 1)], names=["u", "v", "key"])
    raw.geometry = [LINE, LineString([(100, 0), (50, 20), (0, 0)])]
    roads, _ = as_roads(raw, crs=CRS)
    assert roads.index.tolist() == ["7-8-0", "8-7-1"]
    assert roads["road_class"].tolist() == ["residential", "primary"]
    assert len(build_network(roads, WALK).x) == 2


def test_node_ids_join_whatever_number_they_are_typed_as() -> None:
    roads, found = as_roads(table(highway=["residential"] * 2, u=[1.0, 2.0], v=[2, 3]), crs=CRS)
    assert found.empty
    assert len(build_network(roads, WALK).x) == 3


def test_node_ids_that_are_missing_or_lie_apart_are_told() -> None:
    roads, found = as_roads(table(highway=["residential"] * 2, u=[1.0, np.nan], v=[2, 3]), crs=CRS)
    assert found["rule"].tolist() == ["roads.no_nodes"]
    assert len(build_network(roads, WALK).x) == 3
    roads, found = as_roads(table(highway=["residential"] * 3, u=[1, 2, 1], v=[2, 3, 4]), crs=CRS)
    assert len(build_network(roads, WALK).x) == 4
    assert found[["rule", "severity", "value", "detail"]].values.tolist() == [
        ["roads.nodes_apart", "warning", "1", "1"]
    ]
    assert "over 1 m apart: 1" in finding_sentences(found, "en").iloc[0]


def test_a_road_of_a_month_is_refused() -> None:
    shape = LineString([(0, 0), (9e9, 0)])
    roads, _ = as_roads(gpd.GeoDataFrame({"highway": ["residential"]}, geometry=[shape], crs=CRS), crs=CRS)
    with pytest.raises(DataError, match="too long"):
        build_network(roads, WALK)


def test_the_same_roads_give_the_same_network() -> None:
    rng = np.random.default_rng(1)
    lines = [LineString(p) for p in rng.integers(0, 900, (50, 2, 2)).astype(float)]
    raw = gpd.GeoDataFrame({"highway": "residential"}, geometry=lines, crs=CRS, index=range(50))
    one, two = (build_network(as_roads(raw, crs=CRS)[0], WALK) for _ in range(2))
    for name in ("x", "y", "tail", "head", "forward_cs", "component"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()


def test_roads_meet_where_they_share_a_vertex_and_not_on_bridges() -> None:
    ways = {"EBF": {"length_m": 100.0}, "GH": {"length_m": 100.0}, "ABCD": {"length_m": 330.0}}
    drawn = town("""
            E     G
            |     |
        A---B---C-|-D
            |     |
            F     H
    """, cell_m=25, ways=ways)  # fmt: skip
    roads, found = as_roads(drawn.roads, crs=CRS)
    assert roads.index.tolist() == ["EBF/0", "EBF/1", "GH", "ABCD/0", "ABCD/1"]
    assert roads["length_m"].tolist() == pytest.approx([50, 50, 100, 110, 220])
    assert np.bincount(build_network(roads, WALK).component).tolist() == [5, 2]
    assert found["rule"].tolist() == []
