"""The ways themselves: their times are those of the table, their parts add up, their lines are whole."""

from __future__ import annotations

import random
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import quarterhour as qh
from oracles.cut_graph import CRS, cut_graph, roads_of, shortest
from osm_world import X0, Y0, Tags, Way, write_osm
from quarterhour.base.errors import DataError
from quarterhour.network.build import build_network
from quarterhour.network.modes import as_mode, read_modes
from quarterhour.network.network import Network
from quarterhour.network.snap import snap_places
from quarterhour.network.testing import strategies as drawn
from quarterhour.network.testing import town
from quarterhour.travel import dijkstra
from quarterhour.travel.paths import Paths, shortest_paths
from repeatable import examples, some_of

HEADINGS = ("to_site", "to_community")
SLOW = as_mode(
    "slowcar",
    {
        "travels": "vehicle",
        "speed_kmh": 36,
        "gap_kmh": 3.6,
        "turn_seconds": {"left": 11, "right": 4, "u_turn": 25, "straight": 1.5},
    },
)
MILLIMETRE = 0.001


def all_pairs(homes: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    every = pd.MultiIndex.from_product([homes.index, sites.index], names=["community", "site"])
    return every.to_frame(index=False)


def checked(net: Network, homes: Any, sites: Any, *, minutes: float, heading: Any, turnout: float = 0.0) -> Paths:
    """The paths of all pairs, held against the table and against themselves."""
    times = qh.travel_times(net, homes, sites, minutes=minutes, heading=heading, turnout_minutes=turnout)
    pairs = all_pairs(homes, sites)
    paths = shortest_paths(net, homes, sites, pairs, minutes=minutes, heading=heading, turnout_minutes=turnout)
    told = {(r.community, r.site): round(r.minutes * 6000) for r in times.pairs().itertuples()}
    found = {
        (c, s): int(cs) for c, s, cs, yes in zip(paths.community, paths.site, paths.cs, paths.found, strict=True) if yes
    }
    assert found == told
    parts = paths.parts
    way = np.repeat(np.arange(len(paths.cs)), np.diff(parts.start))
    roads = np.bincount(way, weights=parts.cs + parts.turn_cs, minlength=len(paths.cs)).astype(int)
    summed = roads + paths.access_cs.sum(axis=1) + paths.turnout_cs
    assert np.array_equal(summed[paths.found], paths.cs[paths.found])
    assert (parts.cs >= 0).all() and (parts.turn_cs >= 0).all()
    snaps = times.community_snap, times.site_snap
    for i, yes in enumerate(paths.found):
        assert (paths.lines[i] is not None) == yes
        if yes:
            whole_line(net, paths, i, *snaps)
            allowed(net, paths, i)
    return paths


def whole_line(net: Network, paths: Paths, i: int, homes: pd.DataFrame, sites: pd.DataFrame) -> None:
    line, metres = paths.lines[i], paths.metres[i]
    assert line.length == pytest.approx(metres, abs=MILLIMETRE)
    ends = homes.loc[paths.community[i]], sites.loc[paths.site[i]]
    begin, end = ends[::-1] if paths.heading == "to_community" else ends
    for place, xy in ((begin, line.coords[0]), (end, line.coords[-1])):
        assert xy == pytest.approx((place["place_x"], place["place_y"]), abs=1e-6)
    mine = slice(paths.parts.start[i], paths.parts.start[i + 1])
    for one, two in pairwise(range(mine.start, mine.stop)):
        here, there = at(net, paths, one, "to_share"), at(net, paths, two, "from_share")
        assert here == pytest.approx(there, abs=0.02)


def at(net: Network, paths: Paths, part: int, share: str) -> tuple[float, float]:
    road, along = paths.parts.road[part], getattr(paths.parts, share)[part]
    line = shapely.LineString(net.coords[net.coord_start[road] : net.coord_start[road + 1]])
    point = shapely.line_interpolate_point(line, along, normalized=True)
    return (point.x, point.y)


def allowed(net: Network, paths: Paths, i: int) -> None:
    """No road is gone against its direction, no turn is forbidden."""
    mine = slice(paths.parts.start[i], paths.parts.start[i + 1])
    road, back = paths.parts.road[mine], paths.parts.from_share[mine] > paths.parts.to_share[mine]
    closed = np.where(back, net.backward_cs[road], net.forward_cs[road]) == 0
    assert (paths.parts.cs[mine][closed] == 0).all()  # but for who stands at its very end
    arcs = (2 * road + back).tolist()
    for sequence in net.turns.sequences() if net.turns else ():
        for first in range(len(arcs) - len(sequence) + 1):
            assert tuple(arcs[first : first + len(sequence)]) != sequence


# --- by hand

MARKET = """
      h
A-----B-----C
      |     |
   s  D-->--E
"""


@pytest.fixture
def market() -> Any:
    return town(MARKET)


def test_a_way_worked_out_by_hand(market: Any) -> None:
    """100 m to B, 600 m east, 200 m south, 600 m back west against nothing: on foot, a metre a second."""
    homes, sites = market.places("h"), market.places("E")
    pairs = pd.DataFrame({"community": ["h"], "site": ["E"]})
    paths = shortest_paths(market.network(), homes, sites, pairs, minutes=60, heading="to_site", turnout_minutes=2)
    table = paths.table()
    assert table.loc[0, "minutes"] == pytest.approx(2 + (100 + 600 + 200) / 60, abs=1e-4)
    assert table.loc[0, "metres"] == pytest.approx(900)
    x, y = 400_000, 4_150_000
    assert table.crs == CRS
    steps = [(xy[0] - x, xy[1] - y) for xy in table.geometry[0].coords]
    assert steps in (
        [(600, 300), (600, 200), (1200, 200), (1200, 0)],
        [(600, 300), (600, 200), (600, 0), (1200, 0)],
    )
    roads = paths.roads(0)
    assert roads["minutes"].tolist() == pytest.approx([10, 200 / 60] if roads["road"][0] == "BC" else [200 / 60, 10])


def test_a_way_back_goes_round_a_one_way_street(market: Any) -> None:
    """By car from E to D: not along DE, so E C B D, 600 + 200 + 200 m more; the line begins where the trip does."""
    net, places = market.network("car"), market.places("DE")
    pairs = pd.DataFrame({"community": ["D", "E"], "site": ["E", "D"]})
    paths = checked(net, places, places, minutes=60, heading="to_site")
    there, back = (shortest_paths(net, places, places, pairs, minutes=60, heading=h) for h in HEADINGS)
    assert there.metres.tolist() == pytest.approx([600, 1000])
    assert back.metres.tolist() == pytest.approx([1000, 600])
    assert [a.coords[0] for a in there.lines] == [b.coords[-1] for b in there.lines[::-1]]
    assert there.roads(1)["road"].tolist() == ["CE", "BC", "BD"]
    assert there.roads(1)[["from_share", "to_share"]].to_numpy().tolist() == [[1, 0], [1, 0], [0, 1]]
    assert len(paths.cs) == 4


def test_paths_tell_what_they_hold(market: Any) -> None:
    pairs = pd.DataFrame({"community": ["h"] * 3, "site": ["E", "E", None]})
    net, homes, sites = market.network(), market.places("h"), market.places("E")
    paths = shortest_paths(net, homes, sites, pairs, minutes=60, heading="to_site")
    assert repr(paths) == "<Paths to_site: 2 of 3 pairs, 2 km>"  # twice 900 m


def test_a_line_begins_on_the_road_where_the_table_does_not_say_where_the_place_is(market: Any) -> None:
    """As in the way above: h lies 100 m north of the road, which it meets 600 m east of A."""
    net, pairs = market.network(), pd.DataFrame({"community": ["h"], "site": ["E"]})
    homes, sites = (snap_places(net, market.places(p)).drop(columns=["place_x", "place_y"]) for p in "hE")
    paths = shortest_paths(net, homes, sites, pairs, minutes=60, heading="to_site")
    assert paths.metres.tolist() == pytest.approx([900])
    steps = [(x - 400_000, y - 4_150_000) for x, y in paths.lines[0].coords]
    assert (steps[0], steps[-1], len(steps)) == ((600, 200), (1200, 0), 3)


def test_who_lives_on_the_same_road_goes_along_it() -> None:
    lane = town("A-1---2-->--B  3")
    places = lane.places("12")
    paths = checked(lane.network("car"), places, places, minutes=60, heading="to_site")
    to_the_east, to_the_west = 1, 2
    assert paths.metres[to_the_east] == pytest.approx(400)
    assert not paths.found[to_the_west]
    assert np.isnan(paths.table()["minutes"][to_the_west])
    assert paths.roads(to_the_east)[["from_share", "to_share"]].to_numpy() == pytest.approx(
        np.array([[2 / 12, 6 / 12]])
    )
    assert paths.roads(0).empty  # a place and itself
    assert paths.metres[0] == 0 and paths.lines[0].length == 0


def test_near_neighbours_go_straight_across() -> None:
    """Both 400 m off the road, 500 m apart."""
    valley = town("""
    a    b


    C-----------D
    """, cell_m=100)  # fmt: skip
    places = valley.places("ab")
    paths = checked(valley.network(), places, places, minutes=60, heading="to_site", turnout=3)
    assert paths.metres.tolist() == pytest.approx([0, 500, 500, 0])
    assert paths.parts.road.size == 0
    assert paths.table()["minutes"].tolist() == pytest.approx([3, 3 + 500 / 60, 3 + 500 / 60, 3], abs=1e-3)


def test_pairs_without_a_way_are_there() -> None:
    apart = town("A--1--B   C--2--D")
    pairs = pd.DataFrame({"community": ["1", "1", "2", "1"], "site": ["2", "1", None, "1"]})
    minutes = np.array([60.0, 60.0, 60.0, np.nan])
    places = apart.places("12")
    paths = shortest_paths(apart.network(), places, places, pairs, minutes=minutes, heading="to_site")
    assert paths.found.tolist() == [False, True, False, False]
    assert [line is None for line in paths.lines] == [True, False, True, True]
    table = paths.table()
    assert table["community"].tolist() == ["1", "1", "2", "1"]
    assert table["minutes"].isna().tolist() == table["metres"].isna().tolist() == [True, False, True, True]


def test_the_cutoff_of_a_pair_is_its_own_and_inclusive(market: Any) -> None:
    pairs = pd.DataFrame({"community": ["h"] * 3, "site": ["E"] * 3})
    asked: dict[str, Any] = {"heading": "to_site"}
    net, homes, sites = market.network(), market.places("h"), market.places("E")
    exact = shortest_paths(net, homes, sites, pairs[:1], minutes=60, **asked).cs[0] / 6000
    paths = shortest_paths(net, homes, sites, pairs, minutes=np.array([exact, exact - 0.001, 90]), **asked)
    assert paths.found.tolist() == [True, False, True]


def test_without_any_site_nobody_has_a_way(market: Any) -> None:
    pairs = pd.DataFrame({"community": ["h", "s"], "site": [None, None]}, dtype=object)
    homes, none = market.places("hs"), market.places("E").iloc[:0]
    paths = shortest_paths(market.network(), homes, none, pairs, minutes=np.full(2, np.nan), heading="to_site")
    assert paths.table()["minutes"].isna().all() and not paths.found.any()


def test_an_id_that_is_not_there_is_told(market: Any) -> None:
    pairs = pd.DataFrame({"community": ["h"], "site": ["nowhere"]})
    with pytest.raises(DataError, match="no id nowhere"):
        shortest_paths(market.network(), market.places("h"), market.places("E"), pairs, minutes=5, heading="to_site")


@pytest.mark.parametrize("minutes", [-1.0, 10.0**9])
def test_a_cutoff_that_cannot_be_meant_is_told(market: Any, minutes: float) -> None:
    pairs = pd.DataFrame({"community": ["h"], "site": ["E"]})
    net, homes, sites = market.network(), market.places("h"), market.places("E")
    with pytest.raises(DataError, match="cannot be used as a cutoff"):
        shortest_paths(net, homes, sites, pairs, minutes=minutes, heading="to_site")


def test_no_pairs_are_no_paths(market: Any) -> None:
    pairs = pd.DataFrame({"community": [], "site": []}, dtype=object)
    paths = shortest_paths(
        market.network(), market.places("h"), market.places("E"), pairs, minutes=5, heading="to_site"
    )
    assert len(paths.table()) == 0


# --- against the table, and a second opinion


def random_town(seed: int) -> tuple[Network, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Streets between random junctions, loops and twins among them, some one-way; places up to 300 m beside them."""
    rng = np.random.default_rng(seed)
    xy = np.array([400_000.0, 4_150_000.0]) + rng.integers(0, 1500, (9, 2))
    ends = rng.integers(0, 9, (16, 2)).tolist()
    oneway = rng.choice([0, 0, 0, 1, -1], len(ends)).tolist()
    mode = as_mode("toycar", {"travels": "vehicle", "speed_kmh": 36, "gap_kmh": 3.6})
    net = build_network(roads_of([tuple(e) for e in ends], xy, oneway), mode)
    homes, bases = (rng.integers(-300, 1800, (n, 2)) for n in (12, 8))
    bases[:3] = homes[[0, 5, 11]]
    bases[3] = xy[ends[0][0]] - [400_000, 4_150_000]
    made = [
        gpd.GeoDataFrame(
            index=[f"{p}{i}" for i in range(len(s))],
            geometry=gpd.points_from_xy(400_000.0 + s[:, 0], 4_150_000.0 + s[:, 1]),
            crs=CRS,
        )
        for p, s in (("c", homes), ("s", bases))
    ]
    return net, made[0], made[1]


@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize("seed", some_of(30, 8))
def test_times_are_the_tables_and_parts_add_up_in_random_towns(seed: int, heading: Any) -> None:
    net, homes, bases = random_town(seed)
    paths = checked(net, homes, bases, minutes=9, heading=heading, turnout=0.5)
    assert paths.found.sum() > 20


@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize("seed", some_of(12, 3))
def test_networkx_finds_no_shorter_way(seed: int, heading: Any) -> None:
    """On roads cut at every place; or straight across, where near neighbours may."""
    net, homes, bases = random_town(seed)
    spots = snap_places(net, homes), snap_places(net, bases)
    wanted = shortest(cut_graph(net, *spots), *spots, heading)
    for home, here in homes.geometry.items():
        metres = bases.geometry.distance(here)
        for base in bases.index[metres <= spots[0].at[home, "gap_m"] + spots[1]["gap_m"]]:
            wanted[home, base] = min(wanted.get((home, base), 10**9), round(metres[base] * 100))
    paths = shortest_paths(net, homes, bases, all_pairs(homes, bases), minutes=600, heading=heading)
    found = {(c, s): cs for c, s, cs, ok in zip(paths.community, paths.site, paths.cs, paths.found, strict=True) if ok}
    assert found == wanted


@examples(40)
@given(st.data())
def test_times_are_the_tables_in_drawn_towns(data: Any) -> None:
    here = data.draw(drawn.towns())
    homes, sites = (data.draw(drawn.places_on(here, prefix=p)) for p in "cs")
    heading, mode = data.draw(st.sampled_from(HEADINGS)), data.draw(st.sampled_from(["walk", "car"]))
    checked(here.network(mode), homes, sites, minutes=60, heading=heading)


@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize("seed", some_of(30, 8))
def test_forbidden_and_slow_turns_are_heeded(seed: int, heading: Any) -> None:
    draw = random.Random(seed)
    rng = np.random.default_rng(seed)
    xy = np.array([400_000.0, 4_150_000.0]) + rng.integers(0, 900, (7, 2))
    ends = [draw.choice(list(combinations(range(7), 2))) for _ in range(14)]
    roads = roads_of(ends, xy, [draw.choice([0, 0, 0, 1]) for _ in ends])
    rows = []
    for one, two, three in combinations(range(14), 3):
        over = [three] if draw.random() < 0.3 else []
        met = set(ends[one]) & set(ends[two])
        if met and draw.random() < 0.25:
            via = "" if over else str(met.pop())
            rows.append((draw.choice(["no", "no", "only"]), one, via, tuple(over), two))
    table = pd.DataFrame(rows, columns=["kind", "from_road", "via_node", "via_roads", "to_road"])
    table = table.assign(source_id=[str(i) for i in range(len(table))], except_=[()] * len(table))
    net = build_network(roads, SLOW, turns=table)
    spots = [xy[draw.randrange(7)] + [draw.choice([0, 20, 90]), draw.choice([0, -35, 60])] for _ in range(10)]
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*np.array(spots).T), crs=CRS)
    homes, sites = (points.set_axis([f"{p}{i}" for i in range(10)], axis=0) for p in "cs")
    paths = checked(net, homes, sites, minutes=60, heading=heading, turnout=1)
    assert paths.parts.turn_cs.any()


@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize("mode", ["walk", "ebike", "car"])
@pytest.mark.parametrize("seed", some_of(20, 4))
def test_private_roads_and_gates_are_heeded(tmp_path: Path, seed: int, mode: str, heading: Any) -> None:
    """Random streets, some private, some one-way, some in pieces; places beside them, on the gates and next to them."""
    draw = random.Random(seed)
    where = {n: (draw.randrange(1500), draw.randrange(1500)) for n in range(1, 12)}
    kinds: list[Tags] = [{}, {}, {}, {"access": "private"}, {"access": "private"}, {"foot": "no"}, {"oneway": "yes"}]
    ways: dict[int, Way] = {
        n: (draw.sample(list(where), draw.choice([2, 2, 3])), {"highway": "residential"} | draw.choice(kinds))
        for n in range(1, 16)
    }
    gates: dict[int, Tags] = {n: {"barrier": "gate", "access": draw.choice(["no", "private"])} for n in (3, 7)}
    spots = [(draw.uniform(-100, 1600), draw.uniform(-100, 1600)) for _ in range(8)]
    spots += [where[3], where[7], (where[3][0] + 0.4, where[3][1] - 0.3), where[1]]
    x, y = np.array(spots).T
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(X0 + x, Y0 + y), crs=CRS)
    raw = qh.read_osm_roads(write_osm(tmp_path, ways, nodes=gates, where=where), crs=CRS)[0]
    net = qh.build_network(qh.as_roads(raw, crs=CRS)[0], read_modes()[mode])
    homes, sites = (points.set_axis([f"{p}{i}" for i in range(len(spots))], axis=0) for p in "cs")
    paths = checked(net, homes, sites, minutes=200, heading=heading)
    assert paths.found.sum() > len(spots)


# --- the same whatever else is asked, and however it is searched


@pytest.mark.parametrize("heading", HEADINGS)
def test_of_ways_as_short_the_same_is_told_whatever_else_is_asked(heading: Any) -> None:
    """A lattice: almost every pair has many ways that take as long."""
    row = "+--+--+--+--+"
    lattice = town("\n".join([row, "|  |  |  |  |", "|  |  |  |  |"] * 4 + [row]))
    points = gpd.GeoDataFrame(index=lattice.nodes.index, geometry=lattice.nodes.to_numpy(), crs=CRS)
    net, every = lattice.network(), all_pairs(points, points)
    asked: dict[str, Any] = {"minutes": 90, "heading": heading}
    whole = shortest_paths(net, points, points, every, **asked)
    some = shortest_paths(net, points, points, every[::7], **asked)
    side_by_side = shortest_paths(net, points, points, every[::-1], threads=2, **asked)
    assert whole.found.all()
    assert [a.wkb for a in whole.lines[::7]] == [b.wkb for b in some.lines]
    assert [a.wkb for a in whole.lines] == [b.wkb for b in side_by_side.lines[::-1]]


@pytest.mark.parametrize("heading", HEADINGS)
def test_without_numba_the_ways_are_the_same(heading: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    net, homes, bases = random_town(4)
    asked: dict[str, Any] = {"minutes": 9, "heading": heading}
    compiled = shortest_paths(net, homes, bases, all_pairs(homes, bases), **asked)
    monkeypatch.setattr(dijkstra, "COMPILED", False)
    plain = shortest_paths(net, homes, bases, all_pairs(homes, bases), **asked)
    assert [a and a.wkb for a in compiled.lines] == [b and b.wkb for b in plain.lines]


def test_roads_without_coordinates_have_times_and_no_lines() -> None:
    edges = pd.DataFrame({"u": list("ABA"), "v": list("BCC"), "minutes": [4, 5, 12], "length_m": [300, 400, 600]})
    net = qh.network_from_edges(edges)
    spots = qh.at_junctions(net, pd.Series(["A", "C"], index=["a", "c"]))
    pairs = pd.DataFrame({"community": ["a"], "site": ["c"]})
    paths = shortest_paths(net, spots, spots, pairs, minutes=60, heading="to_site")
    assert paths.cs.tolist() == [9 * 6000]
    assert paths.lines.tolist() == [None]
    assert paths.metres.tolist() == [700]
    assert len(paths.roads(0)) == 2
