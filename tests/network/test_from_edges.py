"""Networks from tables of edges and from arrays, against networkx and against the same roads drawn."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas import GeoDataFrame
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.base.errors import DataError
from quarterhour.network.build import build_network, network_from_arrays
from quarterhour.network.from_edges import network_from_edges
from quarterhour.network.modes import read_modes
from quarterhour.network.roads import as_roads
from quarterhour.network.snap import at_junctions, snap_places
from quarterhour.travel.matrix import travel_times
from repeatable import examples

CRS = "EPSG:32651"
WALK = read_modes()["walk"]


def edges(**more: object) -> pd.DataFrame:
    return pd.DataFrame({"u": ["a", "b"], "v": ["b", "c"], "minutes": [5, 7.5]} | more)


def spots(net, ids: list[str]) -> pd.DataFrame:
    return at_junctions(net, pd.Series(ids, index=[f"at {i}" for i in ids]))


@examples(60)
@given(st.data())
def test_times_equal_networkx_on_any_table(data) -> None:
    ends = st.integers(0, 7)
    rows = data.draw(st.lists(st.tuples(ends, ends, st.integers(0, 9), st.sampled_from([0, 1, -1])), min_size=1))
    table = pd.DataFrame(rows, columns=["u", "v", "minutes", "oneway"])
    net = network_from_edges(table)
    graph = nx.MultiDiGraph()
    for u, v, minutes, way in rows:
        for a, b in [(u, v)] * (way >= 0) + [(v, u)] * (way <= 0):
            graph.add_edge(str(a), str(b), cs=max(minutes * 6000, 1))
    ids = list(dict.fromkeys(str(e) for r in rows for e in r[:2]))
    times = travel_times(net, spots(net, ids), spots(net, ids), minutes=60, heading="to_site")
    found = {(c[3:], s[3:]): round(m * 6000) for c, s, m in times.pairs().itertuples(index=False)}
    every = dict(nx.all_pairs_dijkstra_path_length(graph, weight="cs"))
    assert found == {(a, b): cs for a in every for b, cs in every[a].items() if cs <= 360_000}


def test_without_coordinates_places_stand_on_junctions_alone() -> None:
    net = network_from_edges(edges())
    assert travel_times(net, spots(net, ["a"]), spots(net, ["c"]), minutes=15, heading="to_site").pairs()[
        "minutes"
    ].tolist() == [12.5]
    nowhere = GeoDataFrame(geometry=[shapely.Point(0, 0)], crs=CRS)
    with pytest.raises(DataError, match="no coordinates"):
        snap_places(net, nowhere)
    with pytest.raises(DataError, match="no junctions q; it has"):
        at_junctions(net, pd.Series(["q"]))


def test_a_table_with_places_equals_the_roads_drawn() -> None:
    rng = np.random.default_rng(3)
    xy = pd.DataFrame(rng.uniform(0, 5000, (40, 2)) + 400_000, columns=["x", "y"])
    ends = rng.integers(0, 40, (90, 2))
    ends = ends[ends[:, 0] != ends[:, 1]]
    lines = shapely.linestrings(np.stack([xy.to_numpy()[ends[:, 0]], xy.to_numpy()[ends[:, 1]]], axis=1))
    columns = {"u": ends[:, 0], "v": ends[:, 1], "highway": rng.choice(["primary", "footway", "rail"], len(ends))}
    drawn = build_network(as_roads(GeoDataFrame(columns, geometry=lines, crs=CRS), crs=CRS)[0], WALK)
    listed = network_from_edges(
        pd.DataFrame(columns).assign(length_m=shapely.length(lines)), nodes=xy, mode=WALK, crs=CRS
    )
    for name in ("x", "y", "tail", "head", "length_m", "forward_cs", "backward_cs", "coords", "component"):
        assert np.array_equal(getattr(drawn, name), getattr(listed, name)), name
    places = GeoDataFrame(geometry=shapely.points(rng.uniform(0, 5000, (20, 2)) + 400_000), crs=CRS)
    pd.testing.assert_frame_equal(snap_places(drawn, places), snap_places(listed, places))
    assert drawn.junction_ids.tolist() == listed.junction_ids.tolist()


def test_a_class_that_the_mode_may_not_use_is_left_out() -> None:
    table = edges().drop(columns="minutes").assign(length_m=[600, 900], **{"class": ["motorway", "footway"]})
    assert network_from_edges(table, mode=WALK).road_class.tolist() == ["footway"]
    with pytest.raises(DataError, match="may use none"):
        network_from_edges(table.assign(**{"class": "motorway"}), mode=WALK)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (edges().drop(columns="minutes"), "lacks length_m, road_class"),
        (edges().drop(columns="v"), "lacks v; it has u, minutes"),
        (edges().drop(columns="minutes").assign(length_m=1, road_class="x"), "name one with mode="),
        (edges(minutes=[1, -1]), "minutes must be a number not below 0; these rows are not: 1"),
        (edges(minutes=[float("nan"), 1]), "these rows are not: 0"),
        (edges(minutes=[1e9, 1]), "too long"),
        (edges(oneway=["?", 0]), "one-way mark of these rows is not understood: 0"),
        (edges(u=["a", None]), "blank in these rows: 1"),
        (edges()[:0], "no rows"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(table: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message.replace("?", r"\?")):
        network_from_edges(table)


def test_nodes_that_are_missing_or_stand_twice_are_told() -> None:
    nodes = pd.DataFrame({"x": [0.0, 1, 2], "y": 0.0}, index=["a", "b", "b"])
    with pytest.raises(DataError, match="twice in nodes: b"):
        network_from_edges(edges(), nodes=nodes, crs=CRS)
    with pytest.raises(DataError, match="no x and y for c"):
        network_from_edges(edges(), nodes=nodes[:2], crs=CRS)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"tail": [0, 1], "head": [1], "forward_cs": [5, 5]}, "one length, not empty; came 2, 1, 2, 2"),
        ({"tail": [], "head": [], "forward_cs": []}, "not empty"),
        ({"tail": [0], "head": [7], "forward_cs": [5], "xy": [[0, 0], [1, 1]]}, "up to 2 .* the highest is 7"),
        ({"tail": [-1], "head": [0], "forward_cs": [5]}, "up to 1"),
        ({"tail": [0], "head": [1], "forward_cs": [-5]}, "negative or over 31 days: 0"),
        ({"tail": [0], "head": [1], "forward_cs": [1.5]}, "whole numbers; came int64, int64, float64"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays: dict[str, list[float]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        network_from_arrays(mode=WALK, **{k: np.array(v) for k, v in arrays.items()})


def test_junctions_no_road_meets_do_no_harm() -> None:
    net = network_from_arrays(
        np.array([0]), np.array([4]), forward_cs=np.array([60]), mode=WALK, xy=np.eye(5, 2),
        junction_ids=pd.Index(list("abcde")),
    )  # fmt: skip
    assert len(net.x) == 5
    assert np.bincount(net.component).tolist() == [2, 1, 1, 1]
    assert spots(net, ["a", "e", "c"])[["share", "reason"]].fillna(-1).values.tolist() == [
        [0, ""], [1, ""], [-1, "no_roads"],
    ]  # fmt: skip
