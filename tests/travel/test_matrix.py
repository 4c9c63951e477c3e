"""Travel times against networkx on a graph cut at every place, against scipy, and by hand."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra

from oracles.cut_graph import CRS, cut_graph, roads_of, shortest
from quarterhour.base.errors import CutoffError, DataError
from quarterhour.network.build import build_network
from quarterhour.network.modes import as_mode, read_modes
from quarterhour.network.network import Network
from quarterhour.network.snap import snap_places
from quarterhour.network.testing import town
from quarterhour.travel.matrix import travel_time_blocks, travel_times
from quarterhour.travel.times import TravelTimes, times_from_matrix
from repeatable import examples

CAR = as_mode("toycar", {"travels": "vehicle", "speed_kmh": 36, "gap_kmh": 3.6})


def snapped_at(spots: list[tuple[int, float, float]], prefix: str) -> pd.DataFrame:
    road, share, gap = (np.array(c) for c in zip(*spots, strict=True))
    index = pd.Index([f"{prefix}{i}" for i in range(len(spots))])
    frame = pd.DataFrame({"road": road.astype(np.int32), "share": share, "gap_m": gap}, index=index)
    return frame.assign(x=0.0, y=0.0, snapped=road >= 0, reason="")


@st.composite
def towns(draw: st.DrawFn) -> tuple[Network, pd.DataFrame, pd.DataFrame]:
    n = draw(st.integers(2, 9))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    xy = 400_000 + rng.integers(0, 2000, (n, 2)).astype(float)
    ends = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), min_size=1, max_size=16))
    ends = [(u, v) for u, v in ends if u == v or (xy[u] != xy[v]).any()] or [(0, 0)]
    oneway = draw(st.lists(st.sampled_from([0, 0, 0, 0, 0, 0, 0, 1, 1, -1]), min_size=len(ends), max_size=len(ends)))
    net = build_network(roads_of(ends, xy, oneway), CAR)
    share = st.sampled_from([0.0, 1.0, 0.5, 0.25, 0.7]) | st.floats(0, 1)
    spot = st.tuples(st.integers(-1, len(ends) - 1), share, st.sampled_from([0.0, 0.0, 7.3]))
    spots = st.lists(spot, min_size=1, max_size=6)
    return net, snapped_at(draw(spots), prefix="c"), snapped_at(draw(spots), prefix="s")


@examples(150)
@given(towns(), st.sampled_from(["to_site", "to_community"]))
def test_times_equal_networkx_on_a_graph_cut_at_every_place(drawn: Any, heading: Any) -> None:
    net, homes, bases = drawn
    found = travel_times(net, homes, bases, minutes=100, heading=heading).pairs()
    got = {(r.community, r.site): round(r.minutes * 6000) for r in found.itertuples()}
    assert got == shortest(cut_graph(net, homes, bases), homes, bases, heading)


def street() -> Network:
    return town("A---B", cell_m=225).network()


def test_a_trip_of_exactly_the_standard_counts() -> None:
    street = town("A---B", cell_m=225)
    times = travel_times(street.network(), street.places("A"), street.places("B"), minutes=15, heading="to_site")
    assert times.minutes("A", "B") == 15
    assert times.count_within(15).tolist() == [1]
    assert times.count_within(14.9999).tolist() == [0]


def test_two_places_on_one_one_way_road_go_one_way_only() -> None:
    lane = town("A-1->-2-B", cell_m=75)
    net, homes, bases = lane.network(CAR), lane.places("1"), lane.places("2")
    assert travel_times(net, homes, bases, minutes=60, heading="to_site").minutes("1", "2") == 0.5
    assert travel_times(net, homes, bases, minutes=60, heading="to_community").minutes("1", "2") is None


def test_turnout_and_gaps_are_part_of_the_time() -> None:
    lane = town("""
        1
        A---B
    """, cell_m=36)  # fmt: skip
    asked: dict[str, Any] = {"minutes": 15, "heading": "to_community", "turnout_minutes": 3}
    times = travel_times(lane.network(), lane.places("1"), lane.places("A"), **asked)
    assert times.minutes("1", "A") == pytest.approx(3 + 36 / 60)


def test_zero_minutes_is_reachable_and_a_place_off_the_road_is_not() -> None:
    lane = town("A--1--B     2", cell_m=225)
    times = travel_times(lane.network(), lane.places("12"), lane.places("1"), minutes=0, heading="to_site")
    assert times.minutes("1", "1") == 0
    assert times.minutes("2", "1") is None
    assert list(times.communities) == ["1", "2"]


def grid_town(side: int, seed: int) -> Network:
    rng = np.random.default_rng(seed)
    xy = (
        400_000
        + np.array([(x, y) for y in range(side) for x in range(side)]) * 200.0
        + rng.uniform(-60, 60, (side * side, 2))
    )
    ends = [(i, i + 1) for i in range(side * side) if (i + 1) % side] + [
        (i, i + side) for i in range(side * (side - 1))
    ]
    kept = [e for e in ends if rng.random() > 0.1]
    return build_network(roads_of(kept, xy, list(rng.choice([0, 1, -1], len(kept), p=[0.7, 0.2, 0.1]))), CAR)


@pytest.mark.parametrize("heading", ["to_site", "to_community"])
def test_junction_to_junction_equals_scipy(heading: Any) -> None:
    from scipy.sparse import csr_array

    net = grid_town(24, 3)
    arcs = net.arcs("to_community")
    graph = csr_array(
        (arcs.cs.astype(float), arcs.head.astype(np.int32), arcs.indptr.astype(np.int32)), shape=(len(net.x),) * 2
    )
    places = snapped_at([(r, 0.0, 0.0) for r in range(0, len(net.tail), 3)], prefix="p")
    node = net.tail[places["road"].to_numpy()]
    times = travel_times(net, places, places, minutes=400, heading=heading, threads=2).to_scipy().toarray()
    exact = dijkstra(graph)[np.ix_(node, node)]
    free = (net.forward_cs > 0)[places["road"]] & (net.backward_cs > 0)[places["road"]]
    wanted = np.where(np.isfinite(exact), exact, 0)
    wanted = wanted if heading == "to_site" else wanted.T
    assert (times[np.ix_(free, free)] == wanted[np.ix_(free, free)]).all()


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterhour.base.parallel.FIRST", 7)
    net = grid_town(12, 1)
    rng = np.random.default_rng(5)
    places = snapped_at(
        [(int(r), float(s), 3.0) for r, s in zip(rng.integers(0, len(net.tail), 90), rng.random(90), strict=True)],
        "p",
    )
    one, two = (travel_times(net, places, places, minutes=9, heading="to_site", threads=t) for t in (1, 2))
    for name in ("indptr", "site_index", "cs"):
        assert (getattr(one, name) == getattr(two, name)).all()


def test_a_stop_is_heard_between_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterhour.base.parallel.FIRST", 1)
    net = grid_town(6, 1)
    places = snapped_at([(0, 0.5, 0.0)] * 50, prefix="p")
    heard: list[float] = []

    def stop(share: float) -> None:
        heard.append(share)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        travel_times(net, places, places, minutes=5, heading="to_site", progress=stop)
    assert len(heard) == 1
    assert threading.active_count() < 10


def toy() -> TravelTimes:
    matrix = [[5, 15, np.nan], [7, 7, 30], [np.inf, 31, 40]]
    return times_from_matrix(matrix, communities=["a", "b", "c"], sites=["x", "y", "z"], cutoff=30)


def test_the_nearest_of_equals_is_the_first_by_id() -> None:
    nearest = toy().nearest()
    assert nearest["site"].tolist()[:2] == ["x", "x"]
    assert nearest["site"].isna().tolist() == [False, False, True]
    assert nearest["minutes"].iloc[1] == 7
    assert np.isnan(nearest["minutes"].iloc[2])
    assert toy().nearest(["y", "x"])["site"].tolist()[:2] == ["x", "x"]


def test_only_keeps_the_order_asked_for() -> None:
    less = toy().only(["z", "x"])
    assert less.pairs().values.tolist() == [["a", "x", 5.0], ["b", "z", 30.0], ["b", "x", 7.0]]


def test_rows_and_columns_by_id_hold_the_same_pairs() -> None:
    turned = toy().rows(pd.Index(["b", "c", "a"])).only(["z", "y", "x"])
    assert turned.pairs().to_numpy().tolist() == [
        ["b", "z", 30.0], ["b", "y", 7.0], ["b", "x", 7.0], ["a", "y", 15.0], ["a", "x", 5.0],
    ]  # fmt: skip
    assert same(turned.by_id(), toy()) and turned.by_id().communities.tolist() == ["a", "b", "c"]
    assert same(toy().by_id(), toy())


def test_snapped_places_go_with_their_rows() -> None:
    net = street()
    homes, bases = snapped_at([(0, 0.5, 0.0), (0, 0.25, 0.0)], prefix="c"), snapped_at([(0, 0.0, 0.0)], prefix="s")
    times = travel_times(net, homes, bases, minutes=60, heading="to_site").rows(pd.Index(["c1", "c0"]))
    assert times.community_snap["share"].to_dict() == {"c1": 0.25, "c0": 0.5}
    assert list(times.community_snap.index) == ["c1", "c0"]


def test_a_table_tells_what_it_holds() -> None:
    assert repr(toy()) == "<TravelTimes matrix to_site: 3 communities x 3 sites, 5 pairs within 30 min>"


def test_beyond_the_cutoff_is_refused() -> None:
    with pytest.raises(CutoffError, match="as far as 30"):
        toy().within(31)


def test_unknown_ids_and_headings_are_told() -> None:
    with pytest.raises(DataError, match="known are"):
        toy().minutes("a", "q")
    with pytest.raises(DataError, match="no id q, r; known are x, y, z"):
        toy().only(["q", "y", "r"])
    net = street()
    spots = snapped_at([(0, 0.5, 0.0)], prefix="p")
    with pytest.raises(DataError, match="to_site or to_community"):
        travel_times(net, spots, spots, minutes=5, heading="there")  # type: ignore[arg-type]


def test_snapped_places_and_points_give_the_same() -> None:
    net = grid_town(6, 2)
    rng = np.random.default_rng(0)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*(400_000 + rng.uniform(0, 1000, (2, 20)))), crs=CRS)
    direct = travel_times(net, points, points, minutes=5, heading="to_site")
    snapped = snap_places(net, points)
    assert (direct.cs == travel_times(net, snapped, snapped, minutes=5, heading="to_site").cs).all()


def star(oneway: list[int]) -> gpd.GeoDataFrame:
    xy = 400_000 + np.array([[0, 0], [600, 0], [0, 600], [-600, 0], [0, -600]], dtype=float)
    return roads_of([(0, 1), (2, 0), (0, 3), (4, 0)], xy, oneway)


@examples(40)
@given(st.permutations(range(4)), st.lists(st.sampled_from([0, 1, -1]), min_size=4, max_size=4))
def test_at_a_junction_the_order_of_the_roads_does_not_matter(order: list[int], oneway: list[int]) -> None:
    spots = 400_000 + np.array([[0, 0], [300, 0], [0, 600], [-100, 20], [0, 0]], dtype=float)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*spots.T), index=list("abcde"), crs=CRS)
    roads = star(oneway)
    one, two = (
        travel_times(build_network(r, CAR), points, points, minutes=60, heading="to_site").pairs()
        for r in (roads, roads.iloc[list(order)])
    )
    pd.testing.assert_frame_equal(one, two)


def test_an_island_has_no_times_and_is_there() -> None:
    coast = town("M-----A      I-----B")
    points = coast.places("MI")
    times = travel_times(coast.network(CAR), points, points, minutes=9999, heading="to_site")
    assert times.pairs()[["community", "site"]].values.tolist() == [["M", "M"], ["I", "I"]]
    assert times.nearest(["M"])["site"].fillna("nowhere").tolist() == ["M", "nowhere"]


@pytest.mark.parametrize("minutes", [-1, float("nan"), float("inf"), 1e12])
def test_minutes_that_cannot_be_meant_are_refused(minutes: float) -> None:
    net, spots = street(), snapped_at([(0, 0.5, 0.0)], prefix="p")
    with pytest.raises(DataError, match="cutoff or a turnout"):
        travel_times(net, spots, spots, minutes=minutes, heading="to_site")
    with pytest.raises(DataError, match="cutoff or a turnout"):
        travel_times(net, spots, spots, minutes=5, turnout_minutes=minutes, heading="to_site")


def test_ids_that_stand_twice_and_tables_of_another_kind_are_refused() -> None:
    net, spots = street(), snapped_at([(0, 0.5, 0.0)], prefix="p")
    with pytest.raises(DataError, match="ids stand twice: p0"):
        travel_times(net, pd.concat([spots, spots]), spots, minutes=5, heading="to_site")
    with pytest.raises(DataError, match="columns missing: gap_m"):
        travel_times(net, spots.drop(columns="gap_m"), spots, minutes=5, heading="to_site")
    with pytest.raises(DataError, match="this network has 1 roads"):
        travel_times(net, spots.assign(road=7), spots, minutes=5, heading="to_site")
    with pytest.raises(DataError, match="ids stand twice: x"):
        toy().only(["x", "x"])


def test_no_sites_and_no_communities_are_no_trouble() -> None:
    net, spots = street(), snapped_at([(0, 0.5, 0.0)], prefix="p")
    none = travel_times(net, spots, spots.iloc[:0], minutes=5, heading="to_site")
    assert none.nearest()["site"].isna().tolist() == [True]
    assert travel_times(net, spots.iloc[:0], spots, minutes=5, heading="to_site").pairs().empty


@pytest.mark.parametrize("pieces", [1, 3, 7, 9, 11, 13])
def test_exactly_the_standard_counts_however_the_road_is_cut(pieces: int) -> None:
    """900 m at 1 m/s are 15 minutes; with sums of floats some of these are lost."""
    at = np.linspace(0, 900, pieces + 1)
    xy = np.column_stack([400_000 + at, np.full(len(at), 4_150_000.0)])
    roads = roads_of([(i, i + 1) for i in range(pieces)], xy, [0] * pieces).assign(length_m=900 / pieces)
    net = build_network(roads, read_modes()["walk"])
    ends = snapped_at([(0, 0.0, 0.0), (pieces - 1, 1.0, 0.0)], prefix="p")
    times = travel_times(net, ends, ends, minutes=30, heading="to_site")
    total = int(np.sum(net.forward_cs))
    assert times.minutes("p0", "p1") == total / 6000
    assert times.count_within(total / 6000).tolist() == [2, 2]


def spread_town(seed: int, homes: int, bases: int) -> tuple[Network, pd.DataFrame, pd.DataFrame]:
    net, rng = grid_town(16, seed), np.random.default_rng(seed)

    def spots(count: int, prefix: str) -> pd.DataFrame:
        roads, shares = rng.integers(-1, len(net.tail), count), rng.choice([0, 0.3, 0.5, 1], count)
        return snapped_at([(int(r), float(s), 3.0) for r, s in zip(roads, shares, strict=True)], prefix)

    return net, spots(homes, "c"), spots(bases, "s")


def same(one: TravelTimes, two: TravelTimes) -> bool:
    arrays = all(np.array_equal(getattr(one, a), getattr(two, a)) for a in ("indptr", "site_index", "cs"))
    return arrays and one.communities.equals(two.communities) and one.sites.equals(two.sites)


@pytest.mark.parametrize("blocks_of", ["sites", "communities"])
@pytest.mark.parametrize("threads", [1, 2])
def test_blocks_hold_every_pair_once(blocks_of: Any, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    net, homes, bases = spread_town(2, 90, 70)
    asked: dict[str, Any] = {"minutes": 5, "heading": "to_site", "turnout_minutes": 0.5}
    whole = travel_times(net, homes, bases, **asked)
    monkeypatch.setattr("quarterhour.travel.matrix.FIXED_MB", 0)
    monkeypatch.setattr("quarterhour.travel.matrix.PAIR_B", 1000)
    blocks = list(travel_time_blocks(net, homes, bases, memory_mb=2.3, blocks_of=blocks_of, threads=threads, **asked))
    assert len(blocks) >= 2
    names = [n for b in blocks for n in (b.sites if blocks_of == "sites" else b.communities)]
    assert sorted(names) == sorted(bases.index if blocks_of == "sites" else homes.index)
    pairs = pd.concat([b.pairs() for b in blocks]).sort_values(["community", "site"], ignore_index=True)
    pd.testing.assert_frame_equal(pairs, whole.pairs().sort_values(["community", "site"], ignore_index=True))
    assert all(
        (np.diff(b.site_index[b.indptr[i] : b.indptr[i + 1]]) > 0).all()
        for b in blocks
        for i in range(len(b.communities))
    )


def test_a_cap_too_small_and_blocks_of_something_else_are_told() -> None:
    net, homes, bases = spread_town(2, 9, 7)
    asked: dict[str, Any] = {"minutes": 5, "heading": "to_site"}
    with pytest.raises(DataError, match=r"at least 3\d MB are needed"):
        travel_time_blocks(net, homes, bases, memory_mb=5, **asked)
    with pytest.raises(DataError, match="sites or communities"):
        travel_time_blocks(net, homes, bases, memory_mb=500, blocks_of="towns", **asked)  # type: ignore[arg-type]


def test_no_places_make_no_blocks() -> None:
    net, homes, bases = spread_town(2, 9, 7)
    assert list(travel_time_blocks(net, homes, bases[:0], minutes=5, heading="to_site", memory_mb=500)) == []


@pytest.mark.slow
def test_a_table_of_a_province_stays_under_the_cap_that_was_set() -> None:
    """3,000 sites x 100,000 communities within 15 minutes on 200,000 junctions."""
    done = subprocess.run([sys.executable, "-c", UNDER_A_CAP], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pairs, taken_mb, blocks = (float(x) for x in done.stdout.split())
    assert pairs > 10**7
    assert blocks > 1
    assert taken_mb < 250


UNDER_A_CAP = """
import resource
import numpy as np, pandas as pd
from oracles.cut_graph import CRS, cut_graph, roads_of, shortest
import quarterhour as qh
from quarterhour.network.build import network_from_arrays
from quarterhour.network.modes import as_mode

side, rng = 450, np.random.default_rng(1)
at = np.arange(side * side).reshape(side, side)
ends = [np.r_[at[:, :-1].ravel(), at[:-1].ravel()], np.r_[at[:, 1:].ravel(), at[1:].ravel()]]
mode = as_mode("car", {"travels": "vehicle", "speed_kmh": 36})
xy = np.column_stack([at.ravel() % side, at.ravel() // side]) * 100.0
times = rng.integers(600, 2200, len(ends[0]))
net = network_from_arrays(*ends, forward_cs=times, mode=mode, xy=xy, crs="EPSG:32651")

def places(count):
    road = rng.integers(0, len(net.tail), count).astype(np.int32)
    made = {"road": road, "share": rng.random(count), "gap_m": 9.0, "x": 0.0, "y": 0.0}
    return pd.DataFrame({**made, "snapped": True, "reason": ""})

def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

homes, sites = places(100_000), places(3000)
asked = {"minutes": 15, "heading": "to_site", "memory_mb": 250}
for _ in qh.travel_time_blocks(net, homes[:100], sites[:10], **asked):
    pass
before, pairs, blocks = peak_mb(), 0, 0
for block in qh.travel_time_blocks(net, homes, sites, **asked):
    pairs += len(block.cs)
    blocks += 1
print(pairs, peak_mb() - before, blocks)
"""
