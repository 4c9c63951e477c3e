"""What is searched gives the times of the roads as they stand: against scipy, cut in pieces, and by hand."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse import csgraph
from shapely import LineString, Point

from benchmarks.places import real_network
from quarterhour.network.build import build_network, network_from_arrays
from quarterhour.network.modes import as_mode
from quarterhour.network.network import Network
from quarterhour.network.roads import as_roads
from quarterhour.network.search_graph import search_graph
from quarterhour.network.testing import town
from quarterhour.network.turns import turns_of
from quarterhour.travel.isochrone import isochrones
from quarterhour.travel.matrix import travel_times
from quarterhour.travel.times import Heading
from repeatable import examples

CAR = as_mode("toycar", {"travels": "vehicle", "speed_kmh": 36, "gap_kmh": 3.6})
HEADINGS: list[Heading] = ["to_site", "to_community"]


def network(roads: list[tuple[int, int, int, int]], *, turns: list[tuple[int, ...]] | None = None) -> Network:
    """Roads (tail, head, centiseconds along, against); turns are sequences of arcs."""
    tail, head, along, against = np.array(roads).T
    count = int(max(tail.max(), head.max())) + 1
    return network_from_arrays(
        tail, head, forward_cs=along, backward_cs=against, mode=CAR, junction_ids=pd.Index(range(count)),
        turns=turns_of(turns) if turns else None,
    )  # fmt: skip


def places(spots: list[tuple[int, float]], prefix: str = "p") -> pd.DataFrame:
    road, share = (np.array(c) for c in zip(*spots, strict=True))
    frame = pd.DataFrame({"road": road.astype(np.int32), "share": share.astype(float), "gap_m": 0.0})
    return frame.assign(snapped=road >= 0).set_axis(pd.Index([f"{prefix}{i}" for i in range(len(spots))]), axis=0)


def pairs(net: Network, homes: pd.DataFrame, bases: pd.DataFrame, heading: Any = "to_community") -> dict[Any, int]:
    found = travel_times(net, homes, bases, minutes=600, heading=heading).pairs()
    return {(r.community, r.site): round(r.minutes * 6000) for r in found.itertuples()}


def by_scipy(net: Network) -> np.ndarray:
    """All pairs of junctions on the roads as they stand; of parallel roads the quickest."""
    best: dict[tuple[int, int], int] = {}
    for u, v, along, against in zip(net.tail, net.head, net.forward_cs, net.backward_cs, strict=True):
        for a, b, cs in ((u, v, along), (v, u, against)):
            if cs:
                best[int(a), int(b)] = min(int(cs), best.get((int(a), int(b)), 2**31))
    rows, columns = np.array(list(best) or [(0, 0)]).T
    table = sparse.csr_array((list(best.values()) or [0], (rows, columns)), shape=(len(net.x),) * 2, dtype=float)
    return csgraph.dijkstra(table)


def from_junction(net: Network, junction: int, heading: Heading) -> np.ndarray:
    """Times from a junction to all, or to it from all; infinite where there is no way."""
    junctions, at = np.unique(np.r_[net.tail, net.head], return_index=True)
    every = places([(int(i % len(net.tail)), float(i >= len(net.tail))) for i in at])
    here = every[junctions == junction]
    times = travel_times(net, every, here, minutes=(2**30 - 1) / 6000, heading=heading)
    found = np.full(len(net.x), np.inf)
    found[junctions[np.repeat(np.arange(len(junctions)), np.diff(times.indptr))]] = times.cs
    return found


@st.composite
def networks(draw: st.DrawFn, *, most: int = 14) -> list[tuple[int, int, int, int]]:
    """Roads with loops, parallels, rings, dead ends and lanes; many junctions join two roads alone."""
    junction = st.integers(0, draw(st.integers(1, 12)))
    time = st.sampled_from([1, 2, 5, 60, 61, 700])
    road = st.tuples(junction, junction, time, time, st.sampled_from([3] * 6 + [1, 2, 0]))
    rows = draw(st.lists(road, min_size=1, max_size=most))
    return [(u, v, a * (way & 1), b * (way >> 1)) for u, v, a, b, way in rows]


@examples(50, 750)
@given(networks(), st.sampled_from(HEADINGS), st.data())
def test_every_junction_has_its_time_on_the_roads_as_they_stand(roads: Any, heading: str, data: Any) -> None:
    net = network(roads)
    exact = by_scipy(net)
    junction = data.draw(st.sampled_from(sorted({*net.tail.tolist(), *net.head.tolist()})))
    wanted = exact[junction] if heading == "to_community" else exact[:, junction]
    assert (from_junction(net, junction, heading) == wanted).all()


@pytest.mark.usefixtures("shared_data")
@pytest.mark.parametrize("place", ["liechtenstein", pytest.param("heidelberg", marks=pytest.mark.slow)])
@pytest.mark.parametrize("heading", HEADINGS)
def test_on_real_roads_every_junction_has_scipys_time(place: str, heading: Heading) -> None:
    net = real_network(place)
    graph = search_graph(net)
    assert graph.count < 0.9 * len(net.x)
    table, layers = layered(net), np.arange(3)[:, None] * len(net.x)
    junctions = np.random.default_rng(4).choice(np.unique(net.tail), 40, replace=False)
    of = np.where(net.gate < 0, np.arange(len(net.x)) + len(net.x), net.gate)
    for junction in junctions:
        sides = np.flatnonzero(of == of[junction])
        begins = sides + np.where(open_at(net)[sides], 1, 0 if heading == "to_community" else 2) * len(net.x)
        exact = csgraph.dijkstra(table if heading == "to_community" else table.T, indices=begins).min(axis=0)
        # inside at a junction with open roads one would have passed through
        through = 2 if heading == "to_community" else 0
        exact[through * len(net.x) + np.flatnonzero(open_at(net))] = np.inf
        least = pd.Series(exact[layers + np.arange(len(net.x))].min(axis=0)).groupby(of).transform("min")
        found = from_junction(net, int(junction), heading)
        here = np.isin(np.arange(len(net.x)), np.r_[net.tail, net.head])
        assert (found[here] == least.to_numpy()[here]).all()


def open_at(net: Network) -> np.ndarray:
    """Junctions where a road meets that is not for ends only."""
    return np.isin(np.arange(len(net.x)), np.r_[net.tail[~net.ends_only], net.head[~net.ends_only]])


def layered(net: Network) -> sparse.csr_array:
    """Junctions three times: in the private roads where a trip begins, on the open ones, in those where it ends."""
    best: dict[tuple[int, int], int] = {}
    for private, u, v, along, against in zip(
        net.ends_only, net.tail, net.head, net.forward_cs, net.backward_cs, strict=True
    ):
        for begin, end, cs in ((u, v, along), (v, u, against)):
            for one, two in [(0, 0), (1, 2), (2, 2)] if private else [(0, 1), (1, 1)]:
                arc = int(begin) + one * len(net.x), int(end) + two * len(net.x)
                if cs:
                    best[arc] = min(int(cs), best.get(arc, 2**31))
    rows, columns = np.array(list(best)).T
    return sparse.csr_array((list(best.values()), (rows, columns)), shape=(3 * len(net.x),) * 2, dtype=float)


def cut(
    roads: list[tuple[int, int, int, int]], rng: np.random.Generator
) -> tuple[list[tuple[int, int, int, int]], list[list[tuple[int, bool]]]]:
    """Roads in pieces that add up, and for each road its pieces in order, with the turned ones marked."""
    pieces: list[tuple[int, int, int, int]] = []
    parts: list[list[tuple[int, bool]]] = []
    fresh = 1 + max(max(u, v) for u, v, _, _ in roads)
    for u, v, along, against in roads:
        longest = min([cs for cs in (along, against) if cs], default=1)
        inner = np.sort(rng.choice(np.arange(1, longest), min(int(rng.integers(0, 4)), longest - 1), replace=False))
        nodes = [u, *range(fresh, fresh + len(inner)), v]
        fresh += len(inner)
        steps = [np.diff([0, *inner, cs]) if cs else np.zeros(len(inner) + 1, int) for cs in (along, against)]
        parts.append([])
        for p, (a, b) in enumerate(zip(*steps, strict=True)):
            turned = bool(rng.integers(0, 2))
            parts[-1].append((len(pieces), turned))
            ends = nodes[p : p + 2]
            pieces.append((ends[1], ends[0], b, a) if turned else (ends[0], ends[1], a, b))
    return pieces, parts


def arcs_of(parts: list[list[tuple[int, bool]]], arc: int) -> list[int]:
    """The arcs of the pieces of a road, one after the other."""
    found = [2 * piece + turned for piece, turned in parts[arc >> 1]]
    return [a ^ 1 for a in found[::-1]] if arc & 1 else found


def turns_cut(sequence: tuple[int, ...], parts: list[list[tuple[int, bool]]]) -> tuple[int, ...]:
    first, *via, last = (arcs_of(parts, arc) for arc in sequence)
    return (first[-1], *(a for arcs in via for a in arcs), last[0])


def walks(net: Network, rng: np.random.Generator, count: int) -> list[tuple[int, ...]]:
    """Sequences of arcs that may be driven, but for the turn that they forbid."""
    at = np.column_stack([net.tail, net.head]).ravel()
    open_ = np.column_stack([net.forward_cs, net.backward_cs]).ravel() > 0
    found: set[tuple[int, ...]] = set()
    for _ in range(count if open_.any() else 0):
        walk = [int(rng.choice(np.flatnonzero(open_)))]
        while len(walk) < rng.integers(2, 5):
            on = np.flatnonzero(open_ & (at == at[walk[-1] ^ 1]))
            if not len(on):
                break
            walk.append(int(rng.choice(on)))
        if len(walk) > 1:
            found.add(tuple(walk))
    return sorted(found)


@examples(50, 750)
@given(networks(most=9), st.integers(0, 10**6), st.booleans(), st.sampled_from(HEADINGS))
def test_a_road_cut_in_pieces_is_the_same_road(roads: Any, seed: int, restricted: bool, heading: Heading) -> None:
    rng = np.random.default_rng(seed)
    roads = [(u, v, max(a, b) * bool(a), max(a, b) * bool(b)) for u, v, a, b in roads]
    turns = walks(network(roads), rng, 3) if restricted else []
    pieces, parts = cut(roads, rng)
    whole, apart = [], []
    for road, (_, _, along, against) in enumerate(roads):
        cs = max(along, against)
        spot = int(rng.integers(0, cs + 1)) if cs else 0
        whole.append((road, spot / max(cs, 1)))
        begun = 0
        for piece, turned in parts[road]:
            mine = max(pieces[piece][2:])
            if begun <= spot <= begun + mine:
                share = (spot - begun) / max(mine, 1)
                apart.append((piece, 1 - share if turned else share))
                break
            begun += mine
    one = pairs(network(roads, turns=turns), places(whole), places(whole), heading)
    two = pairs(
        network(pieces, turns=[turns_cut(t, parts) for t in turns]), places(apart), places(apart), heading
    )  # fmt: skip
    assert one == two


def test_a_network_without_bends_and_turns_is_searched_as_it_stands() -> None:
    """A T and its ends: four junctions, three states would be too few."""
    net = network([(0, 1, 60, 60), (1, 2, 60, 60), (1, 3, 60, 0)])
    graph = search_graph(net)
    assert graph.plain and graph.count == 4
    assert graph.arcs("to_community") is net.arcs("to_community")
    back, wanted = graph.arcs("to_site"), net.arcs("to_site")
    for name in ("indptr", "head", "cs"):
        one, two = getattr(back, name), getattr(wanted, name)
        assert one.dtype == two.dtype and np.array_equal(one, two)


def test_a_lane_a_ring_and_a_lollipop_by_hand() -> None:
    """Bends go, one junction of a ring stays, and where a one-way street begins one may turn round.

    ::

        0 -> 1 -> 2 -- 3        4 -- 5 -- 4 (ring)        6 -- 7 == 8 (7-8-9-7 the head of a lollipop)
    """
    roads = [(0, 1, 10, 0), (1, 2, 20, 0), (2, 3, 40, 40), (4, 5, 10, 11), (5, 4, 12, 13)]
    roads += [(6, 7, 5, 5), (7, 8, 6, 6), (8, 9, 7, 7), (9, 7, 8, 8)]
    net = network(roads)
    graph = search_graph(net)
    order = net.junction_ids.get_indexer(range(10))
    states = np.diff(graph.states)[order]
    assert states[:4].tolist() == [1, 0, 1, 1]
    assert states[4:6].sum() == 1
    assert states[6:].tolist() == [1, 1, 0, 0]
    spots = places([(0, 0.5), (1, 0.5), (2, 1.0), (3, 0.5), (4, 0.0), (5, 0.0), (7, 0.0), (8, 0.5)])
    found = pairs(net, spots, spots)
    wanted = {("p1", "p0"): 15, ("p2", "p0"): 65, ("p4", "p3"): 5, ("p3", "p4"): 5, ("p6", "p5"): 11, ("p7", "p6"): 10}
    assert {pair: found.get(pair) for pair in wanted} == wanted
    assert ("p0", "p1") not in found and ("p1", "p2") not in found


def test_a_link_longer_than_any_cutoff_does_no_harm() -> None:
    month = 1 << 28
    net = network([(i, i + 1, month, month) for i in range(12)])
    ends = places([(0, 0.0), (11, 1.0), (11, 0.0), (3, 0.0)])
    times = travel_times(net, ends, ends, minutes=170_000, heading="to_site")
    assert times.minutes("p1", "p2") == month / 6000
    assert times.minutes("p3", "p0") == 3 * month / 6000
    assert times.minutes("p0", "p1") is None


X0, Y0, CRS = 400_000.0, 4_150_000.0, "EPSG:32651"


def drawn(lines: list[list[tuple[int, int]]], *, apart: bool = False, **columns: Any) -> Network:
    """Streets at a metre a second; ``apart``: every segment a road of its own."""
    turns = columns.pop("turns", None)
    row = [i for i, line in enumerate(lines) for _ in line[1:]] if apart else list(range(len(lines)))
    shapes = [line[k : k + 2] for line in lines for k in range(len(line) - 1)] if apart else lines
    told = {name: [values[i] for i in row] for name, values in columns.items()}
    placed = [LineString([(X0 + x, Y0 + y) for x, y in shape]) for shape in shapes]
    frame = gpd.GeoDataFrame(told, geometry=placed, crs=CRS).assign(highway="residential")
    mode = as_mode("rider", {"travels": "vehicle", "speed_kmh": 3.6})
    return build_network(as_roads(frame, crs=CRS)[0], mode, turns=turns)


def at(x: float, y: float) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[Point(X0 + x, Y0 + y)], index=["here"], crs=CRS)


@examples(8, 100)
@given(st.integers(0, 900), st.sampled_from([0, 300]), st.sampled_from(HEADINGS))
def test_pictures_do_not_depend_on_how_roads_are_cut(x: int, y: int, heading: Any) -> None:
    """A block with a winding one-way street across and a long way out, whole and in pieces."""
    block = [[(0, 0), (300, 0), (600, 0), (900, 0)], [(0, 300), (450, 300), (900, 300)], [(0, 0), (0, 300)]]
    block += [[(900, 0), (900, 100), (900, 300)], [(300, 0), (340, 100), (280, 200), (450, 300)]]
    block += [[(900, 300), (1000, 310), (1100, 300), (1500, 300)], [(0, 300), (-50, 400), (-100, 300), (0, 300)]]
    oneway = [0, 0, 1, 0, 1, 0, -1]
    whole, apart = (
        isochrones(drawn(block, apart=cut, oneway=oneway), at(x, y), minutes=[2, 7, 15], heading=heading)
        for cut in (False, True)
    )
    for one, two in zip(whole.geometry, apart.geometry, strict=True):
        assert one.symmetric_difference(two).area < 0.002 * one.area


def test_a_picture_obeys_the_turns() -> None:
    """No left turn from the south into the west; straight on and back again would take twenty minutes."""
    cross = town("""
        A-w-B-e-C
            |
            s
            D
    """)  # fmt: skip
    row = {"kind": "no", "from_road": "BD", "via_node": "", "via_roads": (), "to_road": "AB"}
    south, west, east = "swe"
    rider = as_mode("rider", {"travels": "vehicle", "speed_kmh": 3.6})
    carer, people = HEADINGS[1], HEADINGS[0]
    for heading, site, there, held in [
        (carer, south, west, True),
        (carer, south, east, False),
        (carer, west, south, False),
        (people, west, south, True),
        (people, west, east, False),
        (people, south, west, False),
    ]:
        for turns in (None, pd.DataFrame([row])):
            net = cross.network(rider, turns=turns)
            picture = isochrones(net, cross.places(site), minutes=[8], heading=heading).geometry[0]
            assert picture.contains(cross.places(there).geometry.iloc[0]) == (turns is None or not held)
