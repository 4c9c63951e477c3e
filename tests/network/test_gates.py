"""Private roads and gates: open to trips that start or end behind them, closed to through traffic."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString

from quarterhour.network.build import build_network
from quarterhour.network.modes import as_mode
from quarterhour.network.network import Network
from quarterhour.travel.matrix import travel_times

CRS = "EPSG:32651"
WALK = as_mode("walk", {"travels": "walk", "speed_kmh": 3.6, "stopped_by": ["closed"]})
XY = [(400_000 + 100 * (i % 4), 4_150_000 + 100 * (i // 4)) for i in range(12)]
Road = tuple[int, int, int, bool]
"""Nodes at its ends, one way (1, -1) or both (0), whether it is for ends only."""


def roads_of(rows: list[Road], barriers: dict[int, str]) -> gpd.GeoDataFrame:
    """Straight roads between the nodes of a lattice of 100 m."""
    u, v, oneway, private = (list(c) for c in zip(*rows, strict=True))
    columns = {
        "road_class": "residential",
        "oneway": np.array(oneway, np.int8),
        "from_node": u,
        "to_node": v,
        "walk": True,
        "walk_ends": private,
        "barrier_from": [barriers.get(a, "") for a in u],
        "barrier_to": [barriers.get(a, "") for a in v],
    }
    lines = [LineString([XY[a], XY[b]]) for a, b, _, _ in rows]
    return gpd.GeoDataFrame(columns, index=[f"r{i}" for i in range(len(rows))], geometry=lines, crs=CRS)


def spots(where: list[tuple[int, float]], prefix: str) -> pd.DataFrame:
    road, share = (np.array(c) for c in zip(*where, strict=True))
    frame = pd.DataFrame({"road": road.astype(np.int32), "share": share.astype(float), "gap_m": 0.0, "snapped": True})
    return frame.set_axis([f"{prefix}{i}" for i in range(len(where))], axis=0)


def minutes(net: Network, here: tuple[int, float], there: tuple[int, float]) -> float | None:
    times = travel_times(net, spots([here], "c"), spots([there], "s"), minutes=600, heading="to_site")
    return times.minutes("c0", "s0")


# --- worlds worked out by hand; 100 m are 1 2/3 minutes


def test_a_private_road_is_no_short_cut_but_serves_who_lives_on_it() -> None:
    """0-1-5-4 is a square of which 0-4 is private: from 0 to 4 one goes round."""
    net = build_network(roads_of([(0, 1, 0, False), (1, 5, 0, False), (5, 4, 0, False), (0, 4, 0, True)], {}), WALK)
    round_, within = (0, 0.0), (3, 0.5)
    assert minutes(net, round_, (2, 1.0)) == pytest.approx(3 * 100 / 60, abs=1e-3)
    assert minutes(net, within, (2, 1.0)) == minutes(net, (2, 1.0), within) == pytest.approx(50 / 60, abs=1e-3)
    assert minutes(net, (3, 0.2), (3, 0.7)) == pytest.approx(50 / 60, abs=1e-3)


def test_a_compound_is_left_by_its_drive() -> None:
    """A drive leads north from inside (5) to the street at 1; who lives inside goes there and round."""
    rows = [(0, 1, 0, False), (1, 2, 0, False), (1, 5, 0, True), (5, 6, 0, True)]
    net = build_network(roads_of(rows, {}), WALK)
    assert minutes(net, (3, 1.0), (0, 0.0)) == pytest.approx(300 / 60, abs=1e-3)


def test_what_only_a_private_gate_joins_lies_behind_it() -> None:
    """0-1-2 is the street; at 1 a gate, behind it 5-6-2: no way through, though no road is private by its own tags."""
    rows = [(0, 1, 0, False), (1, 5, 0, False), (5, 6, 0, False), (0, 4, 0, False), (4, 8, 0, False), (8, 9, 0, False)]
    net = build_network(roads_of(rows, {1: "ends_walk"}), WALK)
    assert net.ends_only.tolist() == [False, True, True, False, False, False]
    assert minutes(net, (2, 1.0), (0, 0.0)) == minutes(net, (0, 0.0), (2, 1.0)) == pytest.approx(300 / 60, abs=1e-3)
    ring = [*rows, (6, 2, 0, False), (2, 1, 0, False)]
    net = build_network(roads_of(ring, {1: "ends_walk", 2: "ends_walk"}), WALK)
    assert minutes(net, (0, 1.0), (2, 0.0)) == pytest.approx(100 / 60, abs=1e-3)


def test_a_private_gate_across_a_through_road_is_shut() -> None:
    """0-1-2 with the gate at 1; 0-4-5-6-2 is the way round, longer than either side."""
    rows = [(0, 1, 0, False), (1, 2, 0, False), (0, 4, 0, False), (4, 5, 0, False), (5, 6, 0, False), (6, 2, 0, False)]
    net = build_network(roads_of(rows, {1: "ends_walk"}), WALK)
    assert not net.ends_only.any()
    assert minutes(net, (0, 0.0), (1, 1.0)) == pytest.approx(400 / 60, abs=1e-3)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("word", ["closed", "ends_walk"])
def test_a_place_at_a_gate_belongs_to_both_sides(order: tuple[int, int], word: str) -> None:
    rows: list[Road] = [(0, 1, 0, False), (1, 2, 0, False)]
    net = build_network(roads_of([rows[i] for i in order], {1: word}), WALK)
    here = (order[0], 1.0 - order[0])  # at 1, on whichever row came first
    west, east = (order.index(0), 0.0), (order.index(1), 1.0)
    for side in (west, east):
        assert minutes(net, side, (0, here[1])) == minutes(net, (0, here[1]), side) == pytest.approx(100 / 60, abs=1e-3)
    through = None if word == "closed" else pytest.approx(200 / 60, abs=1e-3)  # one side lies behind a private gate
    assert minutes(net, west, east) == through
