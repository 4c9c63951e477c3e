"""Turns forbidden and turns that cost, against a search that remembers every road it came by, and by hand."""

from __future__ import annotations

import heapq
import itertools
import math
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString

from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding_sentences
from quarterhour.io import osm
from quarterhour.network.build import build_network, network_from_arrays
from quarterhour.network.from_edges import network_from_edges
from quarterhour.network.modes import as_mode, read_modes
from quarterhour.network.network import Mode, Network
from quarterhour.network.roads import as_roads
from quarterhour.network.search_graph import search_graph
from quarterhour.network.snap import at_junctions
from quarterhour.network.turns import contexts_of, forbidden_turns, lost_turns, rows_of, turns_of
from quarterhour.travel.matrix import travel_times
from repeatable import examples

CRS = "EPSG:32651"
CAR = as_mode(
    "toycar",
    {"travels": "vehicle", "speed_kmh": 36, "gap_kmh": 3.6, "counts_as": ["motorcar"], "stopped_by": ["closed"]},
)
SLOW = as_mode(
    "slowcar",
    {
        "travels": "vehicle",
        "stopped_by": ["closed"],
        "speed_kmh": 36,
        "turn_seconds": {"left": 11, "right": 4, "u_turn": 25, "straight": 1.5},
        "drives_on": "right",
    },
)


def turns(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Rows (kind, from road, via node, via roads, to road)."""
    frame = pd.DataFrame(rows, columns=["kind", "from_road", "via_node", "via_roads", "to_road"])
    return frame.assign(source_id=[f"rel{i}" for i in range(len(frame))], except_=[()] * len(frame))


def roads_of(ends: list[tuple[int, int]], xy: np.ndarray, oneway: list[int]) -> gpd.GeoDataFrame:
    lines = [
        LineString([xy[u], xy[v]]) if u != v else LineString([xy[u], xy[u] + [40, 3], xy[u] + [0, 60], xy[u]])
        for u, v in ends
    ]
    frame = gpd.GeoDataFrame(
        {"oneway": oneway, "from_node": [u for u, _ in ends], "to_node": [v for _, v in ends]}, geometry=lines, crs=CRS
    )
    return as_roads(frame.assign(road_class="residential"), crs=CRS)[0]


def snapped_at(spots: list[tuple[int, float]], prefix: str) -> pd.DataFrame:
    road, share = (np.array(c) for c in zip(*spots, strict=True))
    index = pd.Index([f"{prefix}{i}" for i in range(len(spots))])
    frame = pd.DataFrame({"road": road.astype(np.int32), "share": share, "gap_m": 0.0}, index=index)
    return frame.assign(x=0.0, y=0.0, snapped=True, reason="")


class Memory:
    """The second opinion: Dijkstra over whole memories of the last roads driven. An arc is (road, +1 or -1)."""

    def __init__(self, net: Network, table: pd.DataFrame, longest: int) -> None:
        self.net, self.rows, self.longest = net, list(table.itertuples()), longest
        self.arcs = [(r, s) for r in range(len(net.tail)) for s in (1, -1) if self.cs((r, s))]
        self.leaving = {j: [a for a in self.arcs if self.begin(a) == j] for j in range(len(net.x))}
        ends = [*net.tail.tolist(), *net.head.tolist()]
        self.degree = {j: ends.count(j) for j in set(ends)}
        open_ = ~net.ends_only
        self.public = {*net.tail[open_].tolist(), *net.head[open_].tolist()}

    def cs(self, arc: tuple[int, int]) -> int:
        return int((self.net.forward_cs if arc[1] > 0 else self.net.backward_cs)[arc[0]])

    def begin(self, arc: tuple[int, int]) -> int:
        return int((self.net.tail if arc[1] > 0 else self.net.head)[arc[0]])

    def end(self, arc: tuple[int, int]) -> int:
        return self.begin((arc[0], -arc[1]))

    def goes_on(self, junction: int) -> bool:
        """Two ends of roads alike meet there, and nothing else."""
        at = [(r, s) for r in range(len(self.net.tail)) for s in (1, -1) if self.begin((r, s)) == junction]
        if len(at) != 2:
            return False
        out, come = [bool(self.cs(a)) for a in at], [bool(self.cs((r, -s))) for r, s in at]
        return come[0] == out[1] and come[1] == out[0]

    def matches(self, row: Any, memory: tuple[Any, ...]) -> bool:
        """The memory ends with the first roads of a restriction, through its node."""
        beginning = [row.from_road, *row.via_roads]
        if len(memory) < len(beginning) or [a[0] for a in memory[-len(beginning) :]] != beginning:
            return False
        first_end = self.end(memory[-len(beginning)])
        return not row.via_node or self.net.junction_ids[first_end] == row.via_node

    def is_last(self, row: Any, memory: tuple[Any, ...], arc: tuple[int, int]) -> bool:
        back = arc == (memory[-1][0], -memory[-1][1])
        return arc[0] == row.to_road and (row.to_road != row.from_road or len(row.via_roads) > 0 or back)

    def may(self, memory: tuple[Any, ...], arc: tuple[int, int]) -> bool:
        if not memory:
            return True
        here = self.end(memory[-1])
        if self.goes_on(here) and arc == (memory[-1][0], -memory[-1][1]):
            return False
        on = self.leaving[here]
        only: dict[tuple[int, ...], list[bool]] = {}
        for row in self.rows:
            if not self.matches(row, memory):
                continue
            if row.kind == "no" and self.is_last(row, memory, arc):
                return False
            if row.kind == "only" and any(self.is_last(row, memory, a) for a in on):
                only.setdefault((row.from_road, *row.via_roads), []).append(self.is_last(row, memory, arc))
        return all(any(wanted) for wanted in only.values())

    def turn(self, memory: tuple[Any, ...], arc: tuple[int, int]) -> int:
        mode = self.net.mode
        if not memory or not mode.turn_seconds or self.degree[self.begin(arc)] < 3:
            return 0
        came = memory[-1]
        if arc == (came[0], -came[1]):
            return round(100 * mode.turn_seconds["u_turn"])
        (ax, ay), (bx, by) = self.away((came[0], -came[1])), self.away(arc)
        angle = math.degrees(math.atan2(-ax * by + ay * bx, -ax * bx - ay * by))
        return round(100 * mode.turn_seconds["left" if angle > 45 else "right" if angle < -45 else "straight"])

    def away(self, arc: tuple[int, int]) -> tuple[float, float]:
        line = LineString(self.net.coords[self.net.coord_start[arc[0]] : self.net.coord_start[arc[0] + 1]])
        line = line if arc[1] > 0 else line.reverse()
        a, b = line.interpolate(0), line.interpolate(10)
        return b.x - a.x, b.y - a.y

    def layer(self, before: int, road: int) -> int | None:
        """0: not yet out of the private roads where the trip began, 1: on open ones, 2: on those where it ends."""
        if self.net.ends_only[road]:
            return 2 if before else 0
        return None if before == 2 else 1

    def times(self, start: tuple[int, float], ends: dict[str, tuple[int, float]]) -> dict[str, int]:
        """From one place to others; places are (road, share)."""
        found: dict[str, int] = {}
        heap: list[tuple[int, int, tuple[Any, ...], int, int]] = []
        count = itertools.count()

        def offer(name: str, time: int) -> None:
            found[name] = min(time, found.get(name, time))

        at = self.standing(*start)
        ends_on = {name: spot for name, spot in ends.items() if not self.standing(*spot)}
        for junction in at:
            heapq.heappush(heap, (0, next(count), (), junction, int(junction in self.public)))
        for sign in (1, -1):
            arc = (start[0], sign)
            if self.cs(arc) and not at:
                mine = self.passed(arc, start[1])
                layer = int(not self.net.ends_only[arc[0]])
                heapq.heappush(heap, (self.cs(arc) - mine, next(count), (arc,), self.end(arc), layer))
                for name, (road, share) in ends_on.items():
                    if road == start[0] and self.passed(arc, share) >= mine:
                        offer(name, self.passed(arc, share) - mine)
        done = set()
        while heap:
            time, _, memory, here, before = heapq.heappop(heap)
            if (memory, here, before) in done:
                continue
            done.add((memory, here, before))
            for name, (road, share) in ends.items():
                if here in self.standing(road, share) and (before < 2 or here not in self.public):
                    offer(name, time)
            for arc in self.leaving[here]:
                layer = self.layer(before, arc[0])
                if layer is None or not self.may(memory, arc):
                    continue
                entered = time + self.turn(memory, arc)
                for name, (road, share) in ends_on.items():
                    if road == arc[0]:
                        offer(name, entered + self.passed(arc, share))
                longer = (*memory, arc)[-self.longest :]
                heapq.heappush(heap, (entered + self.cs(arc), next(count), longer, self.end(arc), layer))
        return found

    def passed(self, arc: tuple[int, int], share: float) -> int:
        """Centiseconds from where the arc begins to the place; measured from the tail, as pieces add up."""
        from_tail = round(share * self.cs(arc))
        return from_tail if arc[1] > 0 else self.cs(arc) - from_tail

    def standing(self, road: int, share: float) -> list[int]:
        at = []
        for end, left in ((self.net.tail, 0), (self.net.head, 1)):
            rests = [self.cs((road, s)) * left - round(share * self.cs((road, s))) for s in (1, -1)]
            if not any(rests):
                at.append(int(end[road]))
        gates = {int(self.net.gate[j]) for j in at} - {-1}
        return sorted({*at, *np.flatnonzero(np.isin(self.net.gate, list(gates))).tolist()})


def memory_pairs(net: Network, table: pd.DataFrame, homes: pd.DataFrame, bases: pd.DataFrame, heading: str) -> Any:
    longest = max([1, *(1 + len(v) for v in table["via_roads"])])
    memory = Memory(net, table, longest)
    homes_at, bases_at = ({i: (int(r), s) for i, r, s in f[["road", "share"]].itertuples()} for f in (homes, bases))
    if heading == "to_community":
        return {(h, b): t for b, at in bases_at.items() for h, t in memory.times(at, homes_at).items()}
    return {(h, b): t for h, at in homes_at.items() for b, t in memory.times(at, bases_at).items()}


def engine_pairs(net: Network, homes: pd.DataFrame, bases: pd.DataFrame, heading: Any) -> dict[Any, int]:
    found = travel_times(net, homes, bases, minutes=600, heading=heading).pairs()
    return {(r.community, r.site): round(r.minutes * 6000) for r in found.itertuples()}


BARRIERS = (("barrier_from", "from_node"), ("barrier_to", "to_node"))
LATTICE = [(0, 1), (1, 2), (3, 4), (4, 5), (0, 3), (1, 4), (2, 5)]


@st.composite
def restricted_towns(draw: st.DrawFn, modes: tuple[Mode, ...] = (CAR, SLOW)) -> Any:
    """A few blocks with lanes, loops and parallels; restrictions on walks through them; places on every road."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    xy = 400_000 + np.array([(a, b) for b in (0, 400) for a in (0, 500, 1100)]) + rng.integers(-150, 150, (6, 2))
    more = draw(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=3))
    xy = np.vstack([xy, xy[:1] - 300]).astype(float)
    ends = [e for e in LATTICE if draw(st.integers(0, 5))] + more or [(0, 0)]
    ways = st.sampled_from([0] * 6 + [1, -1])
    oneway = draw(st.lists(ways, min_size=len(ends), max_size=len(ends)))
    rows = []
    for _ in range(draw(st.integers(0, 4))):
        walk, size = [draw(st.integers(0, len(ends) - 1))], draw(st.sampled_from([2, 2, 3, 3, 4]))
        here = draw(st.sampled_from(ends[walk[0]]))
        named = str(here) if size == 2 and draw(st.booleans()) else ""
        while len(walk) < size:
            on = [i for i, e in enumerate(ends) if here in e and i != walk[-1]]
            walk.append(draw(st.sampled_from(on)) if on and draw(st.integers(0, 5)) else walk[-1])
            u, v = ends[walk[-1]]
            here = v if u == here else u
        rows.append((draw(st.sampled_from(["no", "no", "only"])), walk[0], named, tuple(walk[1:-1]), walk[-1]))
    table = turns(*rows)
    private = st.lists(st.sampled_from([False] * 3 + [True]), min_size=len(ends), max_size=len(ends))
    barriers = {str(j): draw(st.sampled_from(["", "", "", "closed", "ends_drive"])) for j in range(7)}
    roads = roads_of(ends, xy, oneway).assign(drive=True, drive_ends=draw(private) if draw(st.booleans()) else False)
    roads = (
        roads.assign(**{b: roads[n].astype(str).map(barriers) for b, n in BARRIERS}) if draw(st.booleans()) else roads
    )
    net = build_network(roads, draw(st.sampled_from(modes)), turns=table)
    every = [(i, 0.3) for i in range(len(ends))]
    spot = st.tuples(st.integers(0, len(ends) - 1), st.sampled_from([0.0, 1.0, 0.5, 0.7]))
    spots = st.lists(spot, max_size=2)
    return net, table, snapped_at(every + draw(spots), prefix="c"), snapped_at(every + draw(spots), prefix="s")


@examples(25, 600)
@given(restricted_towns(), st.sampled_from(["to_site", "to_community"]))
def test_times_equal_a_search_that_remembers_its_roads(town: Any, heading: str) -> None:
    net, table, homes, bases = town
    assert engine_pairs(net, homes, bases, heading) == memory_pairs(net, table, homes, bases, heading)


# --- by hand: a crossing of four roads of 500 m, 50 s each, and a block in the north-west
#
#     6 ---- 5
#     |      | north
#   4 +------+ 0 ------ 2
#      west  | south
#            1

EDGES = [("south", 1, 0), ("east", 0, 2), ("west", 0, 4), ("north", 0, 5), ("top", 5, 6), ("side", 6, 4)]
SPOTS = {0: (0, 0), 1: (0, -500), 2: (500, 0), 4: (-500, 0), 5: (0, 500), 6: (-500, 500)}


def town(*rows: tuple[Any, ...], mode: Mode = CAR, edges: Any = EDGES, **more: Any) -> Network:
    """``except_`` by keyword."""
    table = pd.DataFrame([(u, v, 500.0, "residential") for _, u, v in edges], columns=["u", "v", "length_m", "class"])
    table.index = pd.Index([name for name, _, _ in edges])
    nodes = pd.DataFrame(SPOTS, index=["x", "y"]).T.astype(float)
    given_ = turns(*rows).assign(**more) if rows else None
    return network_from_edges(table, nodes=nodes, mode=mode, crs=CRS, turns=given_)


def seconds(net: Network, begin: Any, end: Any) -> float | None:
    """From a junction, or the middle of a road, to another."""
    spots = []
    for name in (begin, end):
        if isinstance(name, int):
            spots.append(at_junctions(net, pd.Series([str(name)])))
        else:
            spots.append(snapped_at([(net.road_ids.get_loc(name), 0.5)], ""))
    homes, bases = (s.set_axis(pd.Index(["p"]), axis=0) for s in spots)
    minutes = travel_times(net, homes, bases, minutes=60, heading="to_site").minutes("p", "p")
    return None if minutes is None else round(minutes * 60, 2)


NO_TURNING = ("no", "east", "2", (), "east")
"""At the end of the east nobody turns round."""


def test_a_left_turn_that_is_forbidden_is_driven_round_the_block() -> None:
    assert seconds(town(NO_TURNING), "south", "west") == 50
    held = town(("no", "south", "0", (), "west"), NO_TURNING)
    assert seconds(held, "south", "west") == 25 + 3 * 50 + 25
    assert seconds(held, "west", "south") == 50
    assert seconds(held, "east", "west") == 50
    # who stands on the crossing comes from nowhere
    assert seconds(held, 0, "west") == 25
    assert seconds(held, "south", 0) == 25
    assert seconds(held, 1, 4) == 200
    # else one drives on to the end of the east, and back
    assert seconds(town(("no", "south", "0", (), "west")), "south", "west") == 25 + 2 * 50 + 25


def test_only_straight_on_leaves_one_way() -> None:
    held = town(("only", "south", "0", (), "north"))
    assert seconds(held, "south", "north") == 50
    assert seconds(held, "south", "east") == 25 + 4 * 50 + 25
    assert seconds(held, "north", "east") == 50
    two = town(("only", "south", "0", (), "north"), ("only", "south", "0", (), "east"), NO_TURNING)
    assert seconds(two, "south", "east") == 50
    assert seconds(two, "south", "west") == 25 + 3 * 50 + 25


def test_turning_round_is_free_unless_it_is_forbidden() -> None:
    lane = [("lane", 0, 1), *EDGES[1:]]
    one_way = ("no", "lane", "1", (), "lane")
    assert seconds(town(edges=lane), 1, "lane") == 25
    held = town(("no", "south", "0", (), "west"), ("no", "south", "0", (), "north"), ("no", "south", "0", (), "east"))
    assert seconds(held, "south", "west") is None
    stub = town(("no", "north", "0", (), "west"), ("no", "north", "0", (), "south"))
    assert seconds(stub, "north", "south") == 25 + 50 + 50 + 25  # round at the end of the east
    stuck = town(("no", "north", "0", (), "west"), ("no", "north", "0", (), "south"), ("no", "east", "2", (), "east"))
    assert seconds(stuck, "north", "south") == 25 + 3 * 50 + 25
    assert seconds(town(one_way, edges=lane), "lane", "east") == 50


def test_a_way_over_a_road_is_forbidden_to_those_who_came_that_way() -> None:
    """South, north, top: not one after the other, yet each pair of them."""
    held = town(("no", "south", "", ("north",), "top"))
    assert seconds(held, "south", "north") == 50
    assert seconds(held, "north", "top") == 50
    assert seconds(held, "east", "top") == 100
    assert seconds(held, "south", "top") == 25 + 2 * 50 + 25  # the other way round the block
    assert seconds(held, 0, "top") == 75
    only = town(("only", "south", "", ("north",), "top"))
    assert seconds(only, "south", "east") == 50


def test_forbidden_ways_that_overlap_hold_both() -> None:
    """graphhopper #3153: a short one begins inside a long one."""
    both = town(("no", "south", "", ("north", "top"), "side"), ("no", "north", "", ("top",), "side"))
    assert seconds(both, "north", "side") == 25 + 50 + 25
    line = [("a", 1, 0), ("b", 0, 5), ("c", 5, 6), ("d", 6, 4), ("e", 6, 2)]
    both = town(("no", "a", "", ("b", "c"), "d"), ("no", "b", "", ("c",), "e"), edges=line)
    assert seconds(both, "b", "d") == 100 and seconds(both, "c", "e") == 50
    # after a, b, c neither is left; after b, c there is d, and its end to turn round at
    assert seconds(both, "a", "d") is None and seconds(both, "a", "e") is None
    assert seconds(both, "b", "e") == 25 + 50 + 2 * 50 + 25


def test_a_loop_at_its_junction_and_roads_side_by_side() -> None:
    loop = [*EDGES, ("loop", 0, 0), ("second", 1, 0)]
    held = town(("no", "south", "0", (), "west"), edges=loop)
    assert seconds(held, "south", "west") == 25 + 50 + 25  # round the loop
    assert seconds(held, "second", "west") == 50
    into = town(("no", "south", "0", (), "loop"), edges=loop)
    assert seconds(into, "south", "loop") == 25 + 50 + 25  # back, and in by the second
    assert seconds(into, "second", "loop") == 50


def test_who_is_exempt_and_who_walks_does_not_obey() -> None:
    row = ("no", "south", "0", (), "west")
    assert seconds(town(row, except_=[("psv", "motorcar")]), "south", "west") == 50
    assert seconds(town(row, except_=[("bicycle",)]), "south", "west") == 150
    assert town(row, mode=read_modes()["walk"]).turns is None


def test_restrictions_that_cannot_be_taken_are_told() -> None:
    net = town(
        ("no", "south", "0", (), "motorway"),
        ("no", "south", "0", (), "top"),
        ("no", "south", "2", (), "east"),
        ("only", "east", "", ("gone",), "top"),
        ("no", "south", "0", (), "west"),
    )
    assert net.turns is not None and net.turns.sequences() == [(0, 4)]
    found = lost_turns(net.turns, CAR)
    assert found[["rule", "value", "detail"]].to_numpy().tolist() == [
        ["turns.elsewhere", "2", "rel0, rel3"],
        ["turns.unmet", "2", "rel1, rel2"],
    ]
    assert any("toycar" in s for s in finding_sentences(found, "zh"))
    assert any("rel0, rel3" in s for s in finding_sentences(found, "en"))
    assert lost_turns(town(("no", "south", "0", (), "west")).turns, CAR).empty  # type: ignore[arg-type]


def test_a_restriction_that_one_way_streets_make_idle_is_no_loss() -> None:
    ids, ends = pd.Index(["a", "b"]), (["x", "y"], ["y", "z"])
    for open_, kind, unmet in [([1, 0, 0, 1], "no", 0), ([0, 1, 1, 1], "only", 0), ([1, 1, 0, 1], "only", 1)]:
        made = forbidden_turns(
            turns((kind, "a", "y", (), "b")), road_ids=ids, ends=ends, open_=np.array(open_, bool), mode=CAR
        )
        assert made.sequences() == [] and len(made.unmet) == unmet


@pytest.mark.parametrize("ids", [pd.Index([str(i) for i in range(1000)]), pd.Index(range(1000))])
def test_of_all_roads_only_those_that_restrictions_name_are_kept(ids: pd.Index) -> None:
    assert rows_of(ids, {"7", "500", "gone"}) == {"7": 7, "500": 500}


def test_ends_may_be_numbers_with_names() -> None:
    ids, open_ = pd.Index(["a", "b"]), np.ones(4, bool)
    table = turns(("no", "a", "y", (), "b"))
    by_name = forbidden_turns(table, road_ids=ids, ends=(["x", "y"], ["y", "z"]), open_=open_, mode=CAR)
    numbers, names = ([0, 1], [1, 2]), pd.Index(["x", "y", "z"])
    found = forbidden_turns(table, road_ids=ids, ends=numbers, open_=open_, mode=CAR, names=names)
    assert found.sequences() == by_name.sequences() == [(0, 2)]


def test_what_cannot_be_meant_is_said() -> None:
    with pytest.raises(DataError, match="must be no or only; got maybe"):
        town(("maybe", "south", "0", (), "west"))
    with pytest.raises(DataError, match="lacks via_roads; it has kind"):
        network_from_edges(
            pd.DataFrame({"u": [0], "v": [1], "minutes": [1]}),
            turns=turns(("no", 0, "", (), 0)).drop(columns="via_roads"),
        )
    one = np.array([0])
    with pytest.raises(DataError, match="up to 2 .* the highest is 2"):
        network_from_arrays(one, one + 1, forward_cs=one + 9, mode=CAR, turns=turns_of([(0, 2)]))
    table = pd.DataFrame({"u": [0, 0, 0], "v": [1, 2, 3], "length_m": 5, "class": "residential"})
    net = network_from_edges(table, mode=SLOW)
    with pytest.raises(DataError, match="no coordinates to tell left from right"):
        search_graph(net)


@pytest.mark.parametrize("side", ["right", "left"])
def test_turns_cost_by_their_angle(side: str) -> None:
    mode = as_mode(
        "m",
        {
            "travels": "vehicle",
            "speed_kmh": 36,
            "drives_on": side,
            "turn_seconds": {"left": 20, "right": 5, "straight": 1, "u_turn": 30},
        },
    )
    net = town(mode=mode)
    left, right = (20, 5) if side == "right" else (5, 20)
    assert seconds(net, "south", "west") == 50 + left
    assert seconds(net, "south", "east") == 50 + right
    assert seconds(net, "south", "north") == 50 + 1
    assert seconds(net, "north", "side") == 25 + 50 + 25  # bends of one road cost nothing
    assert seconds(net, 0, "west") == 25
    ahead = town(("only", "south", "0", (), "east"), mode=mode)
    assert seconds(ahead, "south", "west") == 25 + right + 50 + 50 + 1 + 25


@examples(200)
@given(
    st.lists(st.lists(st.integers(0, 3), min_size=2, max_size=5).map(tuple), min_size=1, max_size=6),
    st.lists(st.integers(0, 3), max_size=12),
)
def test_contexts_forbid_exactly_the_sequences(forbidden: list[tuple[int, ...]], walk: list[int]) -> None:
    contexts = contexts_of(forbidden)
    stops = {tuple(s) for s in contexts.stops.tolist()}
    moves = {(c, a): to for c, a, to in contexts.moves.tolist()}
    short = {int(a): i for i, (a, s) in enumerate(zip(contexts.arc, contexts.short, strict=True)) if s}
    here, driven = -1, ()
    for arc in walk:
        wrong = any((*driven, arc)[-len(f) :] == f for f in forbidden)
        assert ((here, arc) in stops) == wrong
        if wrong:
            continue
        here, driven = moves.get((here, arc), short.get(arc, -1)), (*driven, arc)


# --- a real town: Heidelberg's relations


def edge_graph(net: Network, rows: pd.DataFrame) -> nx.DiGraph:
    """One node an arc and phase of a trip, one edge a turn that may be made, as the table of restrictions has it (over
    nodes alone)."""
    number = {road: i for i, road in enumerate(net.road_ids)}
    banned: set[tuple[int, int, int]] = set()
    only: dict[tuple[int, int], set[int]] = {}
    place = {node: i for i, node in enumerate(net.junction_ids)}
    for row in rows.itertuples():
        if {row.from_road, row.to_road} <= set(number) and not set(row.except_) & set(net.mode.counts_as):
            come, via, go = number[row.from_road], place[row.via_node], number[row.to_road]
            if row.kind == "no":
                banned.add((come, via, go))
            else:
                only.setdefault((come, via), set()).add(go)
    arcs = [(r, 1) for r in np.flatnonzero(net.forward_cs).tolist()]
    arcs += [(r, -1) for r in np.flatnonzero(net.backward_cs).tolist()]
    ends = {(r, s): (net.tail[r], net.head[r])[::s] for r in range(len(net.tail)) for s in (1, -1)}
    begin: dict[int, list[tuple[int, int]]] = {}
    touching: dict[int, list[tuple[int, int]]] = {}
    for arc in arcs:
        begin.setdefault(int(ends[arc][0]), []).append(arc)
    for arc, (here, _) in ends.items():
        touching.setdefault(int(here), []).append(arc)
    open_ = set(arcs)
    graph = nx.DiGraph()
    for road, side in arcs:
        via = int(ends[road, side][1])
        at = touching[via]
        bend = len(at) == 2 and [a in open_ for a in at] == [(r, -s) in open_ for r, s in at[::-1]]
        wanted = only.get((road, via))
        for on in begin.get(via, []):
            back = on == (road, -side)
            if (road, via, on[0]) in banned or (wanted and on[0] not in wanted) or (bend and back):
                continue
            cs = net.forward_cs if on[1] > 0 else net.backward_cs
            for before, after in _phases(net, road, on[0]):
                graph.add_edge((road, side, before), (*on, after), weight=int(cs[on[0]]))
    return graph


def _phases(net: Network, road: int, on: int) -> list[tuple[str, str]]:
    """A trip sets out from private ground, goes over open roads, and comes to private ground; never through it."""
    if not net.ends_only[road]:
        return [("on", "in" if net.ends_only[on] else "on")]
    return [("out", "out"), ("in", "in")] if net.ends_only[on] else [("out", "on")]


def times_by_edges(graph: nx.DiGraph, net: Network, begin: int, cut: int) -> dict[int, int]:
    """From the middle of a road to the middle of every other, within a cutoff."""
    found = {begin: 0}
    times = {1: net.forward_cs, -1: net.backward_cs}
    for side in (s for s in (1, -1) if times[s][begin]):
        half = {way: (round(0.5 * int(cs[begin])), int(cs[begin])) for way, cs in times.items()}[side]
        rest = half[1] - half[0] if side > 0 else half[0]
        # an edge ends where its road ends: the middle lies before
        start = (begin, side, "out" if net.ends_only[begin] else "on")
        for (road, way, _), cs in nx.single_source_dijkstra_path_length(graph, start, cutoff=2 * cut).items():
            whole = int(times[way][road])
            past = whole - round(0.5 * whole) if way > 0 else round(0.5 * whole)
            if (road, way) != (begin, side):
                found[road] = min(found.get(road, cut + 1), rest + cs - past)
    return {road: time for road, time in found.items() if time <= cut}


def test_heidelberg_obeys_its_restrictions(shared_data: Path) -> None:
    """No left turn and only straight on, on the ground: every time equals networkx on a graph of its turns."""
    extract, mode, cut = shared_data / "osm" / "heidelberg.osm.pbf", read_modes()["car"], 15_000
    raw = osm.read_osm_roads(extract, crs="EPSG:32632")[0]
    table, _ = osm.read_osm_turns(extract, raw)
    roads, _ = as_roads(raw, crs="EPSG:32632")
    net, free = build_network(roads, mode, turns=table), build_network(roads, mode)
    assert len(table) == 466 and net.turns is not None and len(net.turns.start) > 400
    graph, row_of = edge_graph(net, table), {road: i for i, road in enumerate(net.road_ids)}
    every = snapped_at([(road, 0.5) for road in range(len(net.tail))], prefix="r")
    here = table[table["from_road"].isin(row_of) & table["to_road"].isin(row_of)]
    longer = {"no_left_turn": 0, "only_straight_on": 0}
    for value in longer:
        for row in here[here["restriction"] == value][:8].itertuples():
            begin, end = row_of[row.from_road], row_of[row.to_road]
            tables = [
                travel_times(n, every.iloc[[begin]], every, minutes=cut / 6000, heading="to_site").to_scipy()
                for n in (net, free)
            ]
            found, quick = (dict(zip(t.indices.tolist(), t.data.tolist(), strict=True)) for t in tables)
            assert found == times_by_edges(graph, net, begin, cut)
            assert all(time >= quick[road] for road, time in found.items())
            longer[value] += sum(found.get(road, cut + 1) > time for road, time in quick.items())
            assert (found.get(end, cut + 1) > quick[end]) == (value == "no_left_turn")
    assert min(longer.values()) > 10
