"""Named ends against drawn ends: node ids join roads only where the lines agree with them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString

from quarterhour.base.findings import finding_sentences
from quarterhour.network.build import build_network
from quarterhour.network.modes import read_modes
from quarterhour.network.network import Network
from quarterhour.network.roads import as_roads, ends
from repeatable import examples

CRS = "EPSG:32651"
CAR, WALK = read_modes()["car"], read_modes()["walk"]
SIDE = 4


def grid() -> gpd.GeoDataFrame:
    """Streets of 4 x 4 junctions, 300 m apart, with right node ids; some one-way."""
    nodes = {(x, y): 100 + SIDE * y + x for x in range(SIDE) for y in range(SIDE)}
    pairs = [(p, (p[0] + dx, p[1] + dy)) for p in nodes for dx, dy in ((1, 0), (0, 1))]
    pairs = [(p, q) for p, q in pairs if q in nodes]
    lines = [LineString([(300 * x, 300 * y) for x, y in pair]) for pair in pairs]
    columns = {"u": [nodes[p] for p, _ in pairs], "v": [nodes[q] for _, q in pairs]}
    frame = gpd.GeoDataFrame(columns, geometry=lines, crs=CRS).rename_axis("id")
    return frame.assign(highway="residential", oneway=[i % 5 == 0 for i in range(len(frame))])


def turned(frame: gpd.GeoDataFrame, rows: np.ndarray) -> gpd.GeoDataFrame:
    """Some roads under their ends' names the other way round; the lines stay as they are drawn."""
    return frame.assign(u=frame["u"].where(~rows, frame["v"]), v=frame["v"].where(~rows, frame["u"]))


def same(one: Network, other: Network) -> bool:
    names = ("x", "y", "tail", "head", "forward_cs", "backward_cs")
    return all(np.array_equal(getattr(one, n), getattr(other, n)) for n in names)


RIGHT = build_network(as_roads(grid(), crs=CRS)[0], CAR)


def network(frame: gpd.GeoDataFrame) -> tuple[Network, list[list[str]]]:
    roads, found = as_roads(frame, crs=CRS)
    assert finding_sentences(found, "zh").str.len().gt(10).all()
    return build_network(roads, CAR), found[["rule", "severity", "value"]].values.tolist()


@examples(30, 300)
@given(st.lists(st.booleans(), min_size=24, max_size=24))
def test_roads_named_the_other_way_round_are_turned_and_stay_one_way_as_drawn(rows: list[bool]) -> None:
    net, told = network(turned(grid(), np.array(rows)))
    assert same(net, RIGHT)
    assert told == ([["roads.nodes_turned", "note", str(sum(rows))]] if any(rows) else [])


def test_every_road_turned_is_as_good_as_none() -> None:
    net, told = network(turned(grid(), np.ones(24, bool)))
    assert same(net, RIGHT) and told == [["roads.nodes_turned", "note", "24"]]


def test_two_rows_of_a_two_way_street_are_nothing_wrong() -> None:
    there = grid().assign(oneway=False, reversed=False)
    back = there.assign(u=there["v"], v=there["u"], reversed=True, geometry=there.geometry.reverse())
    net, told = network(pd.concat([there, back], ignore_index=True))
    assert told == [] and len(net.x) == SIDE**2
    assert build_network(as_roads(there, crs=CRS)[0], WALK).component.max() == 0


@pytest.mark.parametrize(
    "names", [("from", "to"), ("FNODE_", "TNODE_"), ("source", "target"), ("From", "To"), ("u", "v")]
)
def test_known_names_of_ends_are_read(names: tuple[str, str]) -> None:
    frame = grid().rename(columns=dict(zip("uv", names, strict=True)))
    roads, found = as_roads(frame, crs=CRS)
    assert "from_node" in roads and found.empty


def test_ends_of_osmnx_stand_beside_each_other() -> None:
    """``u, v`` in any order, ``from, to`` along the line, as its own GeoPackage has them."""
    net, told = network(turned(grid(), np.arange(24) % 2 == 0).assign(**{"from": grid()["u"], "to": grid()["v"]}))
    assert same(net, RIGHT) and told == [["roads.nodes_turned", "note", "12"]]


@pytest.mark.parametrize("kind", ["float", "text", "text of float", "mixed"])
def test_node_ids_of_any_type_join(kind: str) -> None:
    frame = grid()
    u = {"float": frame["u"].astype(float), "text": frame["u"].astype(str)}.get(kind, frame["u"].astype(str) + ".0")
    net, told = network(frame.assign(u=u if kind != "mixed" else frame["u"].astype(object)))
    assert len(net.x) == SIDE**2
    assert not [rule for rule, *_ in told if rule == "roads.nodes_apart"]


@pytest.mark.parametrize("kind", ["shuffled", "all one", "row numbers", "one wrong", "each its own", "streets"])
def test_names_that_do_not_fit_the_lines_are_not_used(kind: str) -> None:
    frame, count = grid(), len(grid())
    other = {
        "shuffled": lambda: frame.assign(u=np.random.default_rng(1).permutation(frame["u"].to_numpy())),
        "all one": lambda: frame.assign(u=0, v=0),
        "row numbers": lambda: frame.assign(u=range(count), v=range(count)),
        "one wrong": lambda: frame.assign(u=[115, *frame["u"].iloc[1:]]),
        "each its own": lambda: frame.assign(u=range(count), v=range(count, 2 * count)),
        "streets": lambda: frame.drop(columns=["u", "v"]).assign(**{"from": "解放路", "to": "人民路"}),
    }[kind]()
    net, told = network(other)
    assert len(net.x) == SIDE**2 and np.array_equal(np.sort(net.forward_cs), np.sort(RIGHT.forward_cs))
    rule = "roads.nodes_split" if kind == "each its own" else "roads.nodes_apart"
    assert [t[:2] for t in told] == [[rule, "note" if kind == "streets" else "warning"]]


def test_names_of_one_end_or_of_some_roads_are_not_used() -> None:
    for frame in (grid().drop(columns="v"), grid().assign(u=[100, *[None] * 23])):
        net, told = network(frame)
        assert len(net.x) == SIDE**2 and [t[0] for t in told] == ["roads.no_nodes"]


def test_a_node_may_be_drawn_a_few_decimetres_apart() -> None:
    frame = grid()
    shifted = [LineString([(x + 0.1 * (i % 3), y) for x, y in line.coords]) for i, line in enumerate(frame.geometry)]
    net, told = network(frame.set_geometry(shifted, crs=CRS))
    assert (len(net.x), told) == (SIDE**2, [])


def test_streets_of_two_ends_and_loops_are_not_turned() -> None:
    loop = LineString([(0, 0), (50, 50), (50, -50), (0, 0)])
    lines = [
        LineString([(0, 0), (100, 0)]),
        LineString([(0, 0), (50, 9), (100, 0)]),
        loop,
        LineString([(500, 0), (600, 0)]),
    ]
    frame = gpd.GeoDataFrame({"u": [1, 1, 1, 8], "v": [2, 2, 1, 9]}, geometry=lines, crs=CRS).assign(highway="path")
    roads, found = as_roads(frame, crs=CRS)
    assert found["rule"].tolist() == ["roads.in_pieces"]
    assert roads["from_node"].tolist() == ["1", "1", "1", "8"]


def test_what_stands_at_a_node_goes_with_its_name() -> None:
    frame = grid().assign(barrier_from="", barrier_to="")
    frame.loc[0, ["u", "v", "barrier_from"]] = [frame.loc[0, "v"], frame.loc[0, "u"], "bollard"]
    roads, _ = as_roads(frame, crs=CRS)
    assert roads.iloc[0][["barrier_from", "barrier_to"]].tolist() == ["", "bollard"]


def test_where_every_node_has_one_place_nothing_is_voted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    before, _ = as_roads(grid(), crs=CRS)
    monkeypatch.setattr(ends, "_most_touched", None)
    after, told = as_roads(grid(), crs=CRS)
    pd.testing.assert_frame_equal(pd.DataFrame(after), pd.DataFrame(before))
    assert told.empty
