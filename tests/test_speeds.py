"""What roads say about speed beyond their class, rule by rule, on roads small enough to work by hand."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from quarterhour import network, speeds
from quarterhour.errors import DataError, MissingError
from quarterhour.modes import Mode, as_mode, read_modes

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
    net = network.build_network(roads, mode)
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
        ("0", None), ("fast", None), ("50 knots", None),
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
    assert network.build_network(pieces, mode).forward_cs.sum() == 180_000


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
    parted = {n for n, m in modes.items() if network.build_network(street(barrier), m).component.max() > 0}
    assert parted == stopped


def test_a_study_may_name_barriers_of_its_own() -> None:
    mode = as_mode("van", {**RIDE, "stopped_by": ["gate"]})
    net = network.build_network(street("gate"), mode)
    assert (len(net.x), int(net.component.max())) == (4, 1)


# --- slope: the formulas


def test_tobler_is_one_on_the_level_and_fastest_at_five_per_cent_down() -> None:
    assert speeds.tobler_factor(0.0) == pytest.approx(1)
    assert speeds.tobler_factor(0.1) == pytest.approx(6 * math.exp(-3.5 * 0.15) / (6 * math.exp(-3.5 * 0.05)))
    assert speeds.tobler_factor(-0.05) == pytest.approx(math.exp(0.175))
    slopes = np.linspace(-1, 1, 201)
    assert slopes[np.argmax(speeds.tobler_factor(slopes))] == pytest.approx(-0.05)


def test_a_motor_climbs_as_fast_as_its_watts_lift_it() -> None:
    motor = {"watts": 320, "mass_kg": 130, "rolling": 0.01}
    climbing = float(speeds.power_kmh(0.1, motor))
    assert climbing == pytest.approx(320 / (130 * 9.80665 * 0.11) * 3.6)
    assert 8 < climbing < 9
    assert speeds.power_kmh(-0.02, motor) == math.inf


def test_one_slope_up_and_down_costs_the_formula() -> None:
    """300 m that climb 30 m: a tenth."""
    walker = as_mode("walk", {**WALK, "slope": "tobler"})
    hill = road((0, 0), (300, 0), climb_m=30.0, drop_m=0.0, climb_share=1.0)
    up, down = math.exp(-3.5 * 0.1), math.exp(-3.5 * 0.0)  # |0.1 + 0.05| - 0.05 and |-0.1 + 0.05| - 0.05
    assert times(hill, walker) == (round(30_000 / up), round(30_000 / down))
    assert times(hill, read_modes()["walk"]) == (30_000, 30_000)
    ebike = read_modes()["ebike"]
    kmh = 320 / (130 * 9.80665 * 0.11) * 3.6
    assert times(hill, ebike) == (round(300 * 360 / kmh), round(300 * 360 / 15))


def test_a_ridge_costs_its_climb_and_its_descent() -> None:
    """200 m at a tenth up, then 400 m at a twentieth down."""
    walker = as_mode("walk", {**WALK, "slope": "tobler"})
    ridge = road((0, 0), (600, 0), climb_m=20.0, drop_m=20.0, climb_share=1 / 3)
    along = 20_000 * math.exp(0.35) + 40_000 * math.exp(-0.175)
    against = 20_000 * math.exp(0.0) + 40_000 * math.exp(0.175)
    assert times(ridge, walker) == (round(along), round(against))


def test_steps_and_ferries_hold_their_slope_already() -> None:
    older = read_modes()["walk-older"]
    steps = road((0, 0), (75, 0), road_class="steps", climb_m=40.0, drop_m=0.0, climb_share=1.0)
    assert times(steps, older) == (30_000, 30_000)


@given(
    st.floats(1, 5000), st.floats(0, 800), st.floats(0, 800), st.floats(0, 1), st.sampled_from(["walk-older", "ebike"])
)
def test_slope_never_makes_quicker_than_the_best_slope(
    length: float, climb: float, drop: float, share: float, name: str
) -> None:
    mode = read_modes()[name]
    kmh = mode.speed_kmh("residential") or 0.0
    share = share if climb and drop else float(climb > 0)
    hill = road((0, 0), (length, 0), climb_m=climb, drop_m=drop, climb_share=share)
    both = speeds.directed_cs(hill, mode, length_m=np.array([length]), speed_kmh=np.array([kmh]))
    best = math.exp(0.175) if name == "walk-older" else 1.0
    assert np.isfinite(both).all()
    assert np.min(both) >= length * 360 / kmh / best * (1 - 1e-9)


# --- slope: the ground


def dem(
    folder: Path, height: NDArray[Any], *, cell: float = 30.0, crs: str = UTM51, nodata: float | None = None
) -> Path:
    """A grid whose lower left corner lies 600 m west and south of the corner of the map, rows from the north."""
    import rasterio
    from affine import Affine

    path = folder / "dem.tif"
    west, north = X0 - 600, Y0 - 600 + cell * len(height)
    with rasterio.open(
        path, "w", driver="GTiff", width=height.shape[1], height=height.shape[0], count=1, dtype="float32", crs=crs,
        transform=Affine(cell, 0, west, 0, -cell, north), nodata=nodata,
    ) as grid:  # fmt: skip
        grid.write(height.astype("float32"), 1)
    return path


def ground(shape: Any, size: int = 80, cell: float = 30.0) -> NDArray[np.float64]:
    """Heights at the centres of the cells, for a function of metres from the corner of the map."""
    at = (np.arange(size) + 0.5) * cell - 600
    x, y = np.meshgrid(at, at[::-1])
    return np.asarray(shape(x, y), float)


def test_uphill_and_downhill_on_a_hill_equal_the_formula(tmp_path: Path) -> None:
    path = dem(tmp_path, ground(lambda x, y: 100 + 0.1 * x + 0 * y))
    hill = road((0, 300), (300, 300))
    risen, found = speeds.rise_m(hill, path)
    assert risen[["climb_m", "drop_m", "climb_share"]].to_numpy() == pytest.approx(np.array([[30, 0, 1]]), abs=1e-4)
    assert len(found) == 0
    assert list(hill.columns) == ["road_class", "oneway", "geometry"]
    walker = as_mode("walk", {**WALK, "slope": "tobler"})
    assert times(risen, walker) == pytest.approx((30_000 * math.exp(0.35), 30_000), abs=1)
    kmh = 320 / (130 * 9.80665 * 0.11) * 3.6
    assert times(risen, read_modes()["ebike"]) == pytest.approx((300 * 360 / kmh, 300 * 360 / 15), abs=1)
    assert times(road((300, 300), (0, 300)), walker)[0] == 30_000  # without elevation it is level


def test_a_ridge_on_the_ground_has_its_climb_its_descent_and_their_share(tmp_path: Path) -> None:
    path = dem(tmp_path, ground(lambda x, y: np.where(x < 315, 0.1 * x, 31.5 - 0.05 * (x - 315)) + 0 * y))
    risen, _ = speeds.rise_m(road((15, 0), (915, 0)), path)  # looked up at the centres of cells
    assert risen["climb_m"].iloc[0] == pytest.approx(30, abs=1e-3)
    assert risen["drop_m"].iloc[0] == pytest.approx(30, abs=1e-3)
    assert risen["climb_share"].iloc[0] == pytest.approx(1 / 3, abs=1e-6)


def test_bridges_and_tunnels_run_evenly_over_a_valley_and_through_a_hill(tmp_path: Path) -> None:
    path = dem(tmp_path, ground(lambda x, y: 50 * np.cos(x / 150 * np.pi) + 0.02 * x + 0 * y))
    line = (0.0, 0.0), (300.0, 0.0)
    kinds = {"ground": (False, False), "bridge": (True, False), "tunnel": (False, True)}
    roads = pd.concat([road(*line, bridge=b, tunnel=t) for b, t in kinds.values()]).set_axis(list(kinds))
    risen, _ = speeds.rise_m(roads, path)
    assert risen.loc["ground", "climb_m"] > 80
    for built in ("bridge", "tunnel"):
        assert risen.loc[built, ["climb_m", "drop_m"]].tolist() == pytest.approx([6, 0], abs=1e-3)


def test_roads_beyond_the_grid_and_over_gaps_are_level_and_told(tmp_path: Path) -> None:
    height = ground(lambda x, y: 0.1 * x + 0 * y)
    height[40:44, 40:44] = -9999
    path = dem(tmp_path, height, nodata=-9999)
    roads = pd.concat([road((0, 0), (300, 0)), road((0, 0), (9000, 0)), road((500, 580), (800, 580))])
    roads = roads.set_axis(["inside", "beyond", "gap"])
    risen, found = speeds.rise_m(roads, path)
    assert risen["climb_m"].tolist() == pytest.approx([30, 0, 0], abs=1e-4)
    assert found[["rule", "severity", "value", "detail"]].to_numpy().tolist() == [
        ["speeds.beyond_dem", "warning", "2", "beyond, gap"]
    ]
    far, found = speeds.rise_m(road((90_000, 90_000), (90_300, 90_000)), path)
    assert (far["climb_m"].iloc[0], list(found["value"])) == (0, ["1"])


def test_a_grid_in_degrees_gives_the_same_climb(tmp_path: Path) -> None:
    """A plane, written on a grid of arc seconds as the free world-wide models have it."""
    import rasterio
    from affine import Affine
    from pyproj import Transformer

    to_degrees = Transformer.from_crs(UTM51, 4326, always_xy=True)
    west, north = to_degrees.transform(X0 - 600, Y0 + 1500)
    second = 1 / 3600
    lon, lat = west + (np.arange(90) + 0.5) * second, north - (np.arange(90) + 0.5) * second
    x, y = to_degrees.transform(*np.meshgrid(lon, lat), direction="INVERSE")
    path = tmp_path / "degrees.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=90, height=90, count=1, dtype="float32", crs="EPSG:4326",
        transform=Affine(second, 0, west, 0, -second, north),
    ) as grid:  # fmt: skip
        grid.write((200 + 0.1 * (x - X0) + 0.03 * (y - Y0)).astype("float32"), 1)
    risen, found = speeds.rise_m(road((0, 0), (600, 300)), path)
    assert len(found) == 0
    assert risen["climb_m"].iloc[0] == pytest.approx(69, abs=0.01)
    assert risen["drop_m"].iloc[0] == 0


def test_heights_equal_scipys_between_the_cells(tmp_path: Path) -> None:
    from scipy.interpolate import RegularGridInterpolator

    chance = np.random.default_rng(7)
    height = chance.uniform(0, 100, (80, 80))
    at = (np.arange(80) + 0.5) * 30 - 600
    known = RegularGridInterpolator((at, at), height[::-1].T.astype("float32"))
    ends = chance.uniform(-500, 1700, (50, 2, 2))
    for (x1, y1), (x2, y2) in ends:
        line = road((x1, y1), (x2, y2))
        risen, _ = speeds.rise_m(line, dem(tmp_path, height))
        length = math.hypot(x2 - x1, y2 - y1)
        share = np.linspace(0, 1, max(1, math.ceil(length / speeds.SAMPLE_M)) + 1)[:, None]
        steps = np.diff(known(np.array([x1, y1]) * (1 - share) + np.array([x2, y2]) * share))
        assert risen["climb_m"].iloc[0] == pytest.approx(steps[steps > 0].sum(), abs=1e-3)
        assert risen["drop_m"].iloc[0] == pytest.approx(-steps[steps < 0].sum(), abs=1e-3)


def test_what_is_no_elevation_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hill = road((0, 0), (300, 0))
    with pytest.raises(MissingError, match="no elevation file"):
        speeds.rise_m(hill, tmp_path / "none.tif")
    text = tmp_path / "text.tif"
    text.write_text("no grid", encoding="utf-8")
    with pytest.raises(DataError, match=r"text\.tif.*GeoTIFF"):
        speeds.rise_m(hill, text)
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(DataError, match=r"rasterio") as caught:
        speeds.rise_m(hill, text)
    assert "rasterio" in caught.value.told("zh")


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
