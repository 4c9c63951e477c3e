"""Heidelberg's turn restrictions, obeyed on its real roads: against an edge-based graph in networkx."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from quarterhour.modes import read_modes
from quarterhour.network import Network, as_roads, build_network
from quarterhour.osm import read_osm_roads, read_osm_turns
from quarterhour.reach import travel_times

METRES = "EPSG:32632"


@dataclass(frozen=True, eq=False)
class Town:
    """The network with its restrictions and without, and the roads as nodes of a graph."""

    net: Network
    free: Network
    turns: pd.DataFrame
    graph: nx.DiGraph


@pytest.fixture(scope="module")
def heidelberg(shared_data: Path) -> Town:
    extract = shared_data / "osm" / "heidelberg.osm.pbf"
    roads, _ = as_roads(read_osm_roads(extract, crs=METRES), crs=METRES)
    turns, _ = read_osm_turns(extract, roads)
    car = read_modes()["car"]
    net = build_network(roads, car, turns=turns)
    return Town(net, build_network(roads, car), turns, edge_based(net))


def edge_based(net: Network) -> nx.DiGraph:
    """A node an arc (2r along road r, 2r + 1 against it), an edge a turn that nothing forbids; its time the next arc's.

    Where only two road ends meet and one may go on, nobody turns round.
    """
    assert net.turns is not None
    pairs = {s for s in net.turns.sequences() if len(s) == 2}
    assert len(pairs) == len(net.turns.sequences())  # Heidelberg has no ways in between
    at = np.column_stack([net.tail, net.head]).ravel()
    cs = np.column_stack([net.forward_cs, net.backward_cs]).ravel()
    leaving: dict[int, list[int]] = {}
    for arc, node in enumerate(at.tolist()):
        leaving.setdefault(node, []).append(arc)
    graph = nx.DiGraph()
    for arc in range(len(at)):
        if cs[arc] == 0:
            continue
        graph.add_node(arc)
        node = int(at[arc ^ 1])
        ends = leaving[node]
        through = len(ends) == 2 and all((cs[a ^ 1] > 0) == (cs[b] > 0) for a, b in (ends, ends[::-1]))
        for further in ends:
            turned = through and further == arc ^ 1 and ends[0] ^ 1 != ends[1]
            if cs[further] and (arc, further) not in pairs and not turned:
                graph.add_edge(arc, further, cs=int(cs[further]))
    return graph


def on_road(ids: list[str], net: Network) -> pd.DataFrame:
    """Places in the middle of roads."""
    road = net.road_ids.get_indexer(pd.Index(ids)).astype(np.int32)
    assert (road >= 0).all()
    frame = {"road": road, "share": 0.5, "gap_m": 0.0, "x": 0.0, "y": 0.0, "snapped": True, "reason": "", "doubt": ""}
    return pd.DataFrame(frame, index=pd.Index([f"{i}" for i in range(len(ids))]))


def by_networkx(town: Town, start: int, end: int, *, share: float = 0.5) -> int | None:
    """From the middle of one road to the middle of another, in centiseconds, along allowed turns alone."""
    net, best = town.net, None
    for first in (2 * start, 2 * start + 1):
        if first not in town.graph:
            continue
        lengths = nx.single_source_dijkstra_path_length(town.graph, first, cutoff=250_000, weight="cs")
        for last in (2 * end, 2 * end + 1):
            if last in lengths and last != first:
                forward = last % 2 == 0
                whole = int((net.forward_cs if forward else net.backward_cs)[end])
                to = round(share * whole) if forward else whole - round(share * whole)
                out = int((net.forward_cs if first % 2 == 0 else net.backward_cs)[start])
                passed = round(share * out) if first % 2 == 0 else out - round(share * out)
                took = lengths[last] - whole + to + out - passed
                best = took if best is None else min(best, took)
    return best


def whole(minutes: float | None) -> int | None:
    return None if minutes is None else round(minutes * 6000)


def within(cs: int | None, cut: int) -> int | None:
    return cs if cs is not None and cs <= cut else None


@pytest.mark.slow
@pytest.mark.parametrize("restriction", ["no_left_turn", "only_straight_on", "no_right_turn", "only_right_turn"])
def test_a_route_obeys_the_restriction_as_an_edge_based_graph_does(heidelberg: Town, restriction: str) -> None:
    town = heidelberg
    rows = town.turns[town.turns["restriction"] == restriction]
    here = rows["from_road"].isin(town.net.road_ids) & rows["to_road"].isin(town.net.road_ids)
    rows = rows[here & (rows["from_road"] != rows["to_road"])].head(12)
    ends = rows["to_road"]
    if restriction.startswith("only"):  # where one may not go: another road that leaves the junction
        ends = pd.Series(
            [other_way(town.net, r.from_road, r.via_node, r.to_road) for r in rows.itertuples()], rows.index
        )
    rows, ends = rows[ends.notna()], ends.dropna()
    assert len(rows) >= 5
    homes, bases = on_road(list(ends), town.net), on_road(list(rows["from_road"]), town.net)
    minutes = {}
    for name, net in (("obeyed", town.net), ("free", town.free)):
        minutes[name] = travel_times(net, homes, bases, minutes=10, heading="to_community")
    longer = 0
    for k in range(len(rows)):
        obeyed, free = (minutes[n].minutes(str(k), str(k)) for n in ("obeyed", "free"))
        told = by_networkx(town, int(bases["road"].iloc[k]), int(homes["road"].iloc[k]))
        assert whole(obeyed) == within(told, 60_000)
        longer += obeyed is None or (free is not None and obeyed > free)
    assert longer >= 1  # the restriction is felt


def other_way(net: Network, road: str, via: str, to: str) -> str | None:
    """A road beside the one that is allowed, by which one could leave the junction."""
    assert net.junction_ids is not None
    node = int(net.junction_ids.get_indexer(pd.Index([via]))[0])
    away = (net.tail == node) & (net.forward_cs > 0), (net.head == node) & (net.backward_cs > 0)
    out = np.concatenate([np.flatnonzero(a) for a in away])
    ids = [str(net.road_ids[r]) for r in out if str(net.road_ids[r]) not in (road, to)]
    return ids[0] if ids else None


@pytest.mark.slow
@pytest.mark.parametrize("heading", ["to_community", "to_site"])
def test_times_are_those_of_the_edge_based_graph_all_over_the_town(heidelberg: Town, heading: str) -> None:
    town = heidelberg
    draw = np.random.default_rng(5)
    main = np.flatnonzero((town.net.component[town.net.tail] == 0) & (town.net.length_m > 20))
    homes = on_road([str(i) for i in town.net.road_ids[draw.choice(main, 150, replace=False)]], town.net)
    bases = on_road([str(i) for i in town.net.road_ids[draw.choice(main, 4, replace=False)]], town.net)
    times = travel_times(town.net, homes, bases, minutes=15, heading=heading)  # type: ignore[arg-type]
    found = 0
    for base in bases.index:
        for home in homes.index[:40]:
            a, b = int(bases.at[base, "road"]), int(homes.at[home, "road"])
            if a == b:
                continue
            start, end = (a, b) if heading == "to_community" else (b, a)
            told = by_networkx(town, start, end)
            mine = times.minutes(home, base)
            assert whole(mine) == within(told, 90_000)
            found += mine is not None
    assert found > 30
