"""What roads say about speed beyond their class, rule by rule, on roads small enough to work by hand."""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.network import build, speeds
from quarterhour.network.modes import as_mode, read_modes
from quarterhour.network.network import Mode

UTM51 = "EPSG:32651"
X0, Y0 = 400_000.0, 4_150_000.0
WALK = {"travels": "walk", "speed_kmh": 3.6}
RIDE = {"travels": "vehicle", "speed_kmh": 36}


def road(*xy: tuple[float, float], **said: Any) -> gpd.GeoDataFrame:
    """One road through points in metres from the corner of the map."""
    columns = {"road_class": "residential", "oneway": 0} | said
    line = shapely.LineString([(X0 + x, Y0 + y) for x, y in xy])
    return gpd.GeoDataFrame({k: [v] for k, v in columns.items()}, index=["r"], geometry=[line], crs=UTM51)


def times(roads: gpd.GeoDataFrame, mode: Mode) -> tuple[int, int]:
    """Centiseconds along and against, as the network has them."""
    net = build.build_network(roads, mode)
    return int(net.forward_cs[0]), int(net.backward_cs[0])


# --- limits


@pytest.mark.parametrize(
    ("said", "kmh"),
    [
        ("50", 50), ("50 km/h", 50), ("30 mph", 30 * 1.609344), ("7.5", 7.5), (50, 50), (50.0, 50),
        ("CN:urban", 50), ("CN:rural", 70), ("DE:rural", 100), ("IT:rural", 90), ("RU:urban", 60), ("urban", 50),
        ("DE:zone:30", 30), ("DE:zone30", 30), ("GB:zone:20", 20), ("walk", 7), ("DE:living_street", 7),
        ("50;70", 50), ("50|30|none", 30), ("['50', '30 mph']", 30 * 1.609344), (["70", "50"], 50),
        ("none", None), ("signals", None), ("variable", None), ("", None), (None, None), (float("nan"), None),
        ("0", None), ("fast", None), ("50 furlongs", None), ("zone:30", 30), ("zone30", 30), ("10 knots", 18.52),
        ("30mph", 30 * 1.609344), ("60公里/小时", 60), ("40 千米/小时", 40), ("40km/h", 40), ("GB:nsl_single", 96.56),
        ("gb:motorway", 112.65), ("5 kn", 9.26),
    ],
)  # fmt: skip
def test_limits_of_every_make_are_read(said: object, kmh: float | None) -> None:
    assert speeds.limit_kmh(said) == (None if kmh is None else pytest.approx(kmh))


@given(st.lists(st.integers(1, 200), min_size=1, max_size=5))
def test_of_several_limits_the_lowest_counts(limits: list[int]) -> None:
    assert speeds.limit_kmh([str(one) for one in limits]) == min(limits)
    assert speeds.limit_kmh(";".join(map(str, limits))) == min(limits)


@pytest.mark.parametrize(
    ("limit_share", "maxspeed", "kmh"),
    [(0.0, "50", 36), (0.0, "20", 20), (0.8, "50", 40), (0.8, "20", 16), (0.8, "none", 36), (1.5, "50", 50)],
)
def test_a_limit_caps_vehicles_and_its_share_is_their_speed(limit_share: float, maxspeed: str, kmh: float) -> None:
    mode = as_mode("ride", {**RIDE, "limit_share": limit_share})
    assert speeds.road_speeds(road((0, 0), (100, 0), maxspeed=maxspeed), mode) == pytest.approx([kmh])


def test_a_limit_does_not_touch_walkers_nor_open_a_road() -> None:
    limited = road((0, 0), (100, 0), maxspeed="2")
    assert speeds.road_speeds(limited, as_mode("walk", WALK)) == pytest.approx([3.6])
    closed = as_mode("ride", {**RIDE, "limit_share": 0.8, "forbidden": ["residential"]})
    assert speeds.road_speeds(limited, closed) == pytest.approx([0])


def test_a_limit_of_one_direction_holds_in_that_direction() -> None:
    both = road((0, 0), (100, 0), maxspeed="36", maxspeed_against="18")
    assert times(both, as_mode("ride", RIDE)) == (1000, 2000)
    assert times(both.assign(maxspeed_against=""), as_mode("ride", {**RIDE, "limit_share": 0.5})) == (2000, 1000)


# --- surface, steps, signals


def test_a_surface_slows_by_a_share_or_to_a_speed_and_others_change_nothing() -> None:
    shares = as_mode("walk", {**WALK, "surface_factors": {"gravel": 0.5, "sand": 0.25}})
    caps = as_mode("ride", {**RIDE, "surface_kmh": {"gravel": 18, "sand": 9, "metal": 80}})
    seen = {s: road((0, 0), (100, 0), surface=s) for s in ("gravel", "sand", "asphalt", "", "gravel;sand", "metal")}
    assert {s: float(speeds.road_speeds(r, shares)[0]) for s, r in seen.items()} == {
        "gravel": 1.8, "sand": 0.9, "asphalt": 3.6, "": 3.6, "gravel;sand": 0.9, "metal": 3.6,
    }  # fmt: skip
    assert {s: float(speeds.road_speeds(r, caps)[0]) for s, r in seen.items()} == {
        "gravel": 18, "sand": 9, "asphalt": 36, "": 36, "gravel;sand": 9, "metal": 36,
    }  # fmt: skip
    assert speeds.road_speeds(seen["sand"].assign(surface=None), caps) == pytest.approx([36])


def test_steps_take_an_older_walker_three_times_as_long_and_no_e_bike() -> None:
    modes = read_modes()
    steps = road((0, 0), (75, 0), road_class="steps")
    assert times(steps, modes["walk-older"]) == (30_000, 30_000)  # 75 m at 0.25 m/s
    assert times(road((0, 0), (75, 0)), modes["walk-older"]) == (10_000, 10_000)
    assert times(steps, modes["walk"]) == (7_500, 7_500)  # the standard of distance
    assert speeds.road_speeds(steps, modes["ebike"]) == pytest.approx([0])


def test_each_signal_costs_its_seconds_in_its_direction() -> None:
    signals = road((0, 0), (100, 0), signals_along=2, signals_against=1)
    assert times(signals, as_mode("walk", {**WALK, "signal_seconds": 2})) == (10_400, 10_200)
    assert times(signals, read_modes()["walk"]) == (10_000, 10_000)
    assert times(signals.assign(signals_along=None), as_mode("w", {**WALK, "signal_seconds": 2})) == (10_000, 10_200)


# --- ferries


def test_a_ferry_takes_its_minutes_and_the_wait() -> None:
    mode = as_mode("walk", {**WALK, "ferry_wait_minutes": 10})
    ferry = road((0, 0), (600, 0), road_class="ferry", minutes_along=20.0, minutes_against=15.0)
    assert times(ferry, mode) == (180_000, 150_000)
    silent = ferry.assign(minutes_along=np.nan, minutes_against=np.nan)
    assert times(silent, mode) == (120_000, 120_000)  # 600 m at 1 m/s, and the wait
    assert times(road((0, 0), (600, 0), minutes_along=20.0, minutes_against=20.0), mode) == (60_000, 60_000)


def test_the_wait_is_shared_by_the_pieces_of_one_ferry() -> None:
    mode = as_mode("walk", {**WALK, "ferry_wait_minutes": 10})
    pieces = pd.concat([
        road((0, 0), (300, 0), road_class="ferry", minutes_along=5.0, minutes_against=5.0, ferry_share=0.25),
        road((300, 0), (1200, 0), road_class="ferry", minutes_along=15.0, minutes_against=15.0, ferry_share=0.75),
    ])  # fmt: skip
    assert build.build_network(pieces, mode).forward_cs.sum() == 180_000


def test_a_boat_that_goes_one_way_takes_walkers_one_way() -> None:
    ferry = road((0, 0), (600, 0), road_class="ferry", minutes_along=20.0, minutes_against=20.0, oneway=1)
    assert times(ferry, as_mode("walk", WALK)) == (120_000, 0)
    assert times(road((0, 0), (600, 0), oneway=1), as_mode("walk", WALK)) == (60_000, 60_000)


# --- barriers


def street(barrier: str) -> gpd.GeoDataFrame:
    """Two roads that meet at a barrier."""
    west = road((0, 0), (100, 0), from_node="a", to_node="b", barrier_from="", barrier_to=barrier)
    east = road((100, 0), (200, 0), from_node="b", to_node="c", barrier_from=barrier, barrier_to="")
    return pd.concat([west.set_axis(["west"]), east.set_axis(["east"])])


@pytest.mark.parametrize(
    ("barrier", "stopped"),
    [
        ("", set()),
        ("gate", set()),
        ("bollard", {"car"}),
        ("stile", {"car", "ebike"}),
        ("fence", {"car", "ebike", "walk"}),
        ("no_cars", {"car"}),
        ("no_cycles", {"ebike"}),
        ("no_vehicles", {"car", "ebike"}),
        ("no_walkers;no_cycles", {"walk", "ebike"}),
        ("closed", {"car", "ebike", "walk"}),
    ],
)
def test_barriers_part_the_roads_of_those_whom_they_stop(barrier: str, stopped: set[str]) -> None:
    modes = {name: read_modes()[name] for name in ("walk", "ebike", "car")}
    parted = {n for n, m in modes.items() if build.build_network(street(barrier), m).component.max() > 0}
    assert parted == stopped


def test_a_study_may_name_barriers_of_its_own() -> None:
    mode = as_mode("van", {**RIDE, "stopped_by": ["gate"]})
    net = build.build_network(street("gate"), mode)
    assert (len(net.x), int(net.component.max())) == (4, 1)


# --- all together


def test_a_hand_worked_way_of_an_older_walker() -> None:
    """540 m of gravel, half of it up at a tenth, past two signals: 270 m each way at 0.5625 m/s.

    Up 480 s x e^0.35, level 480 s, two signals 4 s.
    """
    path = road(
        (0, 0), (540, 0), road_class="path", surface="gravel", climb_m=27.0, drop_m=0.0, climb_share=0.5,
        signals_along=2, signals_against=2, maxspeed="1",
    )  # fmt: skip
    up, level = 480 * math.exp(0.35), 480.0
    assert times(path, read_modes()["walk-older"]) == (round((up + level + 4) * 100), round((480 + level + 4) * 100))


def test_roads_that_say_nothing_go_at_the_speed_of_their_class() -> None:
    plain = road((0, 0), (100, 0))
    for mode in read_modes().values():
        kmh = mode.speed_kmh("residential")
        assert kmh is not None
        assert times(plain, mode) == (round(36_000 / kmh), round(36_000 / kmh))
