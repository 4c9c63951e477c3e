"""A network saved and opened again is the same network, or none."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from quarterhour.base.errors import DataError, MissingError, WriteError
from quarterhour.base.jit import COMPILED
from quarterhour.io.network_store import load_network, network_key, save_network, table_key
from quarterhour.network.build import build_network
from quarterhour.network.from_edges import network_from_edges
from quarterhour.network.modes import read_modes
from quarterhour.network.network import Network
from quarterhour.network.roads import as_roads
from quarterhour.network.search_graph import search_graph
from quarterhour.network.segment_grid import grid_of
from quarterhour.network.snap import at_junctions, snap_places
from quarterhour.travel.matrix import travel_times

CRS = "EPSG:32651"
CAR, WALK = read_modes()["car"], read_modes()["walk"]


def some_town(*, nodes: bool) -> Network:
    rng = np.random.default_rng(5)
    xy = rng.uniform(0, 3000, (60, 2)) + 400_000
    ends = rng.integers(0, 60, (150, 2))
    ends = ends[ends[:, 0] != ends[:, 1]]
    columns = {"highway": rng.choice(["primary", "residential"], len(ends)), "oneway": rng.choice([0, 1], len(ends))}
    if nodes:
        columns |= {"u": ends[:, 0], "v": ends[:, 1]}
    frame = gpd.GeoDataFrame(columns, geometry=shapely.linestrings(xy[ends]), crs=CRS)
    return build_network(as_roads(frame.set_axis([f"路{i}" for i in range(len(ends))]), crs=CRS)[0], CAR)


def places(count: int, seed: int) -> gpd.GeoDataFrame:
    spots = np.random.default_rng(seed).uniform(0, 3000, (count, 2)) + 400_000
    return gpd.GeoDataFrame(geometry=shapely.points(spots), index=[f"p{i}" for i in range(count)], crs=CRS)


@pytest.mark.parametrize("nodes", [True, False])
def test_what_is_loaded_equals_what_was_saved(tmp_path: Path, nodes: bool) -> None:
    net = some_town(nodes=nodes)
    save_network(net, tmp_path / "net", key="k")
    again = load_network(tmp_path / "net", key="k")
    for field in dataclasses.fields(Network):
        one, two = getattr(net, field.name), getattr(again, field.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == two.dtype, field.name
            assert np.array_equal(one, two), field.name
        elif isinstance(one, pd.Index):
            pd.testing.assert_index_equal(one, two)
        elif field.name != "kept":
            assert one == two, field.name
    assert np.array_equal(net.mutual, again.mutual)
    for heading in ("to_site", "to_community"):
        one, two = (travel_times(n, places(40, 1), places(9, 2), minutes=9, heading=heading) for n in (net, again))
        pd.testing.assert_frame_equal(one.pairs(), two.pairs())
        pd.testing.assert_frame_equal(one.community_snap, two.community_snap)


def test_places_are_looked_for_by_the_grid_that_was_saved(tmp_path: Path) -> None:
    net = some_town(nodes=True)
    save_network(net, tmp_path / "net")
    again = load_network(tmp_path / "net")
    if COMPILED:
        kept, anew = again.kept["grid"], grid_of(dataclasses.replace(net, kept={}))
        assert (kept.cell, kept.shape) == (anew.cell, anew.shape)
        for name in ("start", "held", "low"):
            one, two = getattr(kept, name), getattr(anew, name)
            assert one.dtype == two.dtype and np.array_equal(one, two)
    pd.testing.assert_frame_equal(snap_places(again, places(50, 3)), snap_places(net, places(50, 3)))


def test_what_is_searched_is_saved_with_its_bends_and_turns(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    edges = pd.DataFrame({"u": rng.integers(0, 40, 60), "v": rng.integers(0, 40, 60), "minutes": 1.0})
    rows = pd.DataFrame({"kind": "no", "from_road": range(30), "via_node": "", "to_road": rng.permutation(30)})
    rows["via_roads"], rows["source_id"] = [()] * 30, [f"r{i}" for i in range(30)]
    net = network_from_edges(edges, turns=rows)
    graph = search_graph(net)
    assert not graph.plain and net.turns.sequences() and net.turns.unmet
    save_network(net, tmp_path / "net")
    again = load_network(tmp_path / "net")
    assert again.turns.sequences() == net.turns.sequences()
    assert (again.turns.unmet, again.turns.elsewhere) == (net.turns.unmet, net.turns.elsewhere)
    kept = again.kept["graph"]
    assert isinstance(kept.arc.base, np.memmap)
    anew = search_graph(dataclasses.replace(again, kept={}))
    for one in (kept, anew):
        for field in dataclasses.fields(graph):
            if field.name not in ("plain", "kept"):
                assert np.array_equal(getattr(one, field.name), getattr(graph, field.name)), field.name
        for heading in ("to_site", "to_community"):
            for part in ("indptr", "head", "cs"):
                assert np.array_equal(getattr(one.arcs(heading), part), getattr(graph.arcs(heading), part))
    ends = at_junctions(net, pd.Series(net.junction_ids[:9], index=net.junction_ids[:9]))
    one, two = (travel_times(n, ends, ends, minutes=9, heading="to_site").pairs() for n in (net, again))
    pd.testing.assert_frame_equal(one, two)
    bent = tmp_path / "net" / "graph.arc.npy"
    bent.write_bytes(bent.read_bytes()[:-4] + b"\xff" * 4)
    with pytest.raises(DataError, match="is broken"):
        load_network(tmp_path / "net")


def test_arrays_stay_on_the_disk_and_need_no_new_kernels(tmp_path: Path) -> None:
    net = some_town(nodes=True)
    save_network(net, tmp_path / "net")
    again = load_network(tmp_path / "net")
    assert isinstance(again.coords.base, np.memmap)
    for name in ("coords", "tail", "forward_cs"):
        here, there = getattr(net, name), getattr(again, name)
        assert (here.flags.writeable, here.flags.c_contiguous) == (there.flags.writeable, there.flags.c_contiguous)
    again.forward_cs[0] = 7
    assert load_network(tmp_path / "net").forward_cs[0] == net.forward_cs[0]


def test_the_same_network_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save_network(some_town(nodes=True), tmp_path / name)
    files = sorted(p.name for p in (tmp_path / "one").iterdir())
    assert files == sorted(p.name for p in (tmp_path / "two").iterdir())
    assert all((tmp_path / "one" / f).read_bytes() == (tmp_path / "two" / f).read_bytes() for f in files)


def test_a_network_without_a_place_on_earth_is_saved_too(tmp_path: Path) -> None:
    net = network_from_edges(pd.DataFrame({"u": ["a", "b"], "v": ["b", "c"], "minutes": [1, 2]}))
    save_network(net, tmp_path / "net")
    again = load_network(tmp_path / "net")
    assert again.junction_ids.tolist() == net.junction_ids.tolist()
    assert again.road_ids.tolist() == [0, 1]
    assert again.crs == net.crs


def test_the_key_changes_with_whatever_has_a_say(tmp_path: Path) -> None:
    roads = tmp_path / "roads.geojson"
    roads.write_text("{}", encoding="utf-8")
    first = network_key(CAR, files=[roads], settings={"crs": CRS})
    assert first == network_key(CAR, files=[roads], settings={"crs": CRS})
    others = [
        network_key(WALK, files=[roads], settings={"crs": CRS}),
        network_key(dataclasses.replace(CAR, gap_kmh=3.0), files=[roads], settings={"crs": CRS}),
        network_key(CAR, files=[roads], settings={"crs": "EPSG:32650"}),
        network_key(CAR, settings={"crs": CRS}),
    ]
    roads.write_text("{ }", encoding="utf-8")
    assert len({first, network_key(CAR, files=[roads], settings={"crs": CRS}), *others}) == 6


def test_the_key_of_a_table_changes_with_any_value_in_it() -> None:
    table = gpd.GeoDataFrame(
        {"road_class": ["a", ["a", "b"]], "length_m": [1.0, np.nan]},
        geometry=[shapely.LineString([(0, 0), (1, 1)]), None], index=["x", "y"], crs=CRS,
    )  # fmt: skip
    others = [
        table.assign(length_m=[1.0, 2.0]),
        table.rename(index={"x": "z"}),
        table.rename(columns={"length_m": "long"}),
        table.set_crs("EPSG:32650", allow_override=True),
        table.set_geometry([shapely.LineString([(0, 0), (1, 1.1)]), None], crs=CRS),
        table.iloc[::-1],
    ]
    assert table_key(table) == table_key(table.copy(deep=True))
    assert len({table_key(t) for t in (table, *others)}) == 1 + len(others)


def test_a_network_of_other_inputs_is_not_used(tmp_path: Path) -> None:
    save_network(some_town(nodes=True), tmp_path / "net", key="old")
    with pytest.raises(DataError, match="other inputs"):
        load_network(tmp_path / "net", key="new")
    with pytest.raises(MissingError, match="no saved network"):
        load_network(tmp_path / "nothing")


def test_a_later_network_replaces_the_earlier_and_nothing_else(tmp_path: Path) -> None:
    for key in ("old", "new"):
        save_network(some_town(nodes=True), tmp_path / "net", key=key)
    load_network(tmp_path / "net", key="new")
    assert [p.name for p in tmp_path.iterdir()] == ["net"]
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "villages.csv").write_text("id", encoding="utf-8")
    with pytest.raises(WriteError, match="holds other files"):
        save_network(some_town(nodes=True), tmp_path / "study")
    assert (tmp_path / "study" / "villages.csv").exists()


def test_a_file_of_a_planner_beside_a_network_is_never_touched(tmp_path: Path) -> None:
    save_network(some_town(nodes=True), tmp_path / "net", key="old")
    (tmp_path / "net" / "mine.npy").write_bytes(b"mine")
    (tmp_path / "net" / "notes").mkdir()
    (tmp_path / "net" / "notes" / "a.txt").write_text("mine", encoding="utf-8")
    before = {p.name for p in (tmp_path / "net").iterdir()}
    save_network(some_town(nodes=False), tmp_path / "net", key="new")
    load_network(tmp_path / "net", key="new")
    after = {p.name for p in (tmp_path / "net").iterdir()}
    assert before - after <= {"junction_ids.end.npy", "junction_ids.text.npy", "junction_ids.whole.npy"} != set()
    assert (tmp_path / "net" / "mine.npy").read_bytes() == b"mine"
    assert (tmp_path / "net" / "notes" / "a.txt").read_text(encoding="utf-8") == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["net"]


def test_what_fails_half_way_leaves_the_earlier_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_network(some_town(nodes=True), tmp_path / "net", key="old")
    monkeypatch.setattr("quarterhour.io.network_store._label", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save_network(some_town(nodes=True), tmp_path / "net", key="new")
    load_network(tmp_path / "net", key="old")
    assert [p.name for p in tmp_path.iterdir()] == ["net"]


def test_broken_files_are_told_and_never_searched(tmp_path: Path) -> None:
    save_network(some_town(nodes=True), tmp_path / "net")
    whole = {p.name: p.read_bytes() for p in (tmp_path / "net").iterdir()}
    bent = {
        "head.npy": whole["head.npy"][:-4],
        "tail.npy": whole["x.npy"],
        "coords.npy": b"",
        "road_ids.end.npy": whole["road_ids.end.npy"][:-8] + b"\xff" * 8,
        "to_site.head.npy": whole["to_site.head.npy"][:-4] + b"\xff" * 4,
        "to_site.indptr.npy": whole["to_site.indptr.npy"][:-4] + b"\xff" * 4,
        "network.json": b"{}",
    }
    for name, data in bent.items():
        shutil.copytree(tmp_path / "net", tmp_path / "bent")
        (tmp_path / "bent" / name).write_bytes(data)
        with pytest.raises(DataError, match="is broken"):
            load_network(tmp_path / "bent")
        shutil.rmtree(tmp_path / "bent")
    for name, data in whole.items():  # any one byte: a time that is another time would not be seen otherwise
        for at in (len(data) // 2, len(data) - 1):
            (tmp_path / "net" / name).write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
            with pytest.raises(DataError, match="is broken|other inputs"):
                load_network(tmp_path / "net")
        (tmp_path / "net" / name).write_bytes(data)
    load_network(tmp_path / "net")
    (tmp_path / "net" / "x.npy").unlink()
    with pytest.raises(DataError, match=r"is broken \(x.npy\)"):
        load_network(tmp_path / "net")
