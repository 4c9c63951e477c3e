"""How the ground slows who travels: hills made by hand, grids of elevations, and what they cost."""

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

from quarterhour.base.errors import DataError, MissingError
from quarterhour.network import build, slope, speeds
from quarterhour.network.modes import as_mode, read_modes
from quarterhour.network.network import Mode

UTM51 = "EPSG:32651"
X0, Y0 = 400_000.0, 4_150_000.0
WALK = {"travels": "walk", "speed_kmh": 3.6}


def road(*xy: tuple[float, float], **said: Any) -> gpd.GeoDataFrame:
    """One road through points in metres from the corner of the map."""
    columns = {"road_class": "residential", "oneway": 0} | said
    line = shapely.LineString([(X0 + x, Y0 + y) for x, y in xy])
    return gpd.GeoDataFrame({k: [v] for k, v in columns.items()}, index=["r"], geometry=[line], crs=UTM51)


def times(roads: gpd.GeoDataFrame, mode: Mode) -> tuple[int, int]:
    """Centiseconds along and against, as the network has them."""
    net = build.build_network(roads, mode)
    return int(net.forward_cs[0]), int(net.backward_cs[0])


# --- the formulas


def test_tobler_is_one_on_the_level_and_fastest_at_five_per_cent_down() -> None:
    assert slope.tobler_factor(0.0) == pytest.approx(1)
    assert slope.tobler_factor(0.1) == pytest.approx(6 * math.exp(-3.5 * 0.15) / (6 * math.exp(-3.5 * 0.05)))
    assert slope.tobler_factor(-0.05) == pytest.approx(math.exp(0.175))
    slopes = np.linspace(-1, 1, 201)
    assert slopes[np.argmax(slope.tobler_factor(slopes))] == pytest.approx(-0.05)


def test_a_motor_climbs_as_fast_as_its_watts_lift_it() -> None:
    motor = {"watts": 320, "mass_kg": 130, "rolling": 0.01}
    climbing = float(slope.power_kmh(0.1, motor))
    assert climbing == pytest.approx(320 / (130 * 9.80665 * 0.11) * 3.6)
    assert 8 < climbing < 9
    assert slope.power_kmh(-0.02, motor) == math.inf


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
    st.floats(1, 5000),
    st.floats(0, 800),
    st.floats(0, 800),
    st.floats(1e-6, 1),
    st.sampled_from(["walk-older", "ebike"]),
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


# --- the ground


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
    risen, found = slope.rise_m(hill, path)
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
    risen, _ = slope.rise_m(road((15, 0), (915, 0)), path)  # looked up at the centres of cells
    assert risen["climb_m"].iloc[0] == pytest.approx(30, abs=1e-3)
    assert risen["drop_m"].iloc[0] == pytest.approx(30, abs=1e-3)
    assert risen["climb_share"].iloc[0] == pytest.approx(1 / 3, abs=1e-6)


def test_a_walker_pays_for_every_slope_of_a_road(tmp_path: Path) -> None:
    """A tenth up for 300 m, a twentieth up for 600 m: not the time of their mean, a fifteenth for 900 m."""
    path = dem(tmp_path, ground(lambda x, y: np.where(x < 315, 0.1 * x, 31.5 + 0.05 * (x - 315)) + 0 * y))
    risen, _ = slope.rise_m(road((15, 0), (915, 0)), path)
    along = 30_000 * math.exp(0.35) + 60_000 * math.exp(0.175)
    against = 30_000 * math.exp(0.0) + 60_000 * math.exp(-0.175)
    walker = as_mode("walk", {**WALK, "slope": "tobler"})
    assert times(risen, walker) == pytest.approx((along, against), abs=1)
    mean = times(risen.drop(columns=["tobler_along", "tobler_against"]), walker)
    assert mean[0] == pytest.approx(90_000 * math.exp(3.5 / 15), abs=1)
    assert mean[0] < along


@pytest.mark.parametrize(("watts", "kmh"), [(100, 6), (320, 15), (320, 25), (900, 15)])
def test_a_motor_pays_step_by_step(tmp_path: Path, watts: int, kmh: int) -> None:
    """Hills of many slopes: at most a hundredth slower than every 30 m by itself, and never quicker."""
    height = ground(lambda x, y: 40 * np.sin(x / 180) + 25 * np.sin(y / 130 + x / 400))
    path = dem(tmp_path, height)
    whole = pd.concat([road((-500, y), (1600, y)) for y in range(0, 900, 60)]).set_axis(range(15))
    steps = pd.concat([road((x, y), (x + 30, y)) for y in range(0, 900, 60) for x in range(-500, 1600, 30)])
    pieces = steps.set_axis(range(len(steps)))
    motor = {"watts": watts, "mass_kg": 130, "rolling": 0.01}
    mode = as_mode("ride", {"travels": "vehicle", "speed_kmh": kmh, "slope": motor})
    taken = []
    for roads in (whole, pieces):
        risen, _ = slope.rise_m(roads, path)
        length = roads.geometry.length.to_numpy()
        speed = np.full(len(roads), float(kmh))
        if roads is pieces:
            rise = (risen["climb_m"] - risen["drop_m"]).to_numpy() / length
            paces = [np.maximum(1, kmh / slope.power_kmh(s, motor)) for s in (rise, -rise)]
        else:
            paces = list(slope.slope_paces(risen, mode, length_m=length, along_kmh=speed, against_kmh=speed))
        taken.append(np.array([(length * pace).sum() / length.sum() for pace in paces]))
    assert (taken[0] >= taken[1] * (1 - 1e-9)).all()
    assert (taken[0] <= taken[1] * 1.01).all()


def test_bridges_and_tunnels_run_evenly_over_a_valley_and_through_a_hill(tmp_path: Path) -> None:
    path = dem(tmp_path, ground(lambda x, y: 50 * np.cos(x / 150 * np.pi) + 0.02 * x + 0 * y))
    line = (0.0, 0.0), (300.0, 0.0)
    kinds = {"ground": (False, False), "bridge": (True, False), "tunnel": (False, True)}
    roads = pd.concat([road(*line, bridge=b, tunnel=t) for b, t in kinds.values()]).set_axis(list(kinds))
    risen, _ = slope.rise_m(roads, path)
    assert risen.loc["ground", "climb_m"] > 80
    for built in ("bridge", "tunnel"):
        assert risen.loc[built, ["climb_m", "drop_m"]].tolist() == pytest.approx([6, 0], abs=1e-3)


def test_roads_beyond_the_grid_and_over_gaps_are_level_and_told(tmp_path: Path) -> None:
    height = ground(lambda x, y: 0.1 * x + 0 * y)
    height[40:44, 40:44] = -9999
    path = dem(tmp_path, height, nodata=-9999)
    roads = pd.concat([road((0, 0), (300, 0)), road((0, 0), (9000, 0)), road((500, 580), (800, 580))])
    roads = roads.set_axis(["inside", "beyond", "gap"])
    risen, found = slope.rise_m(roads, path)
    assert risen["climb_m"].tolist() == pytest.approx([30, 0, 0], abs=1e-4)
    assert found[["rule", "severity", "value", "detail"]].to_numpy().tolist() == [
        ["speeds.beyond_dem", "warning", "2", "beyond, gap"]
    ]
    far, found = slope.rise_m(road((90_000, 90_000), (90_300, 90_000)), path)
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
    risen, found = slope.rise_m(road((0, 0), (600, 300)), path)
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
        risen, _ = slope.rise_m(line, dem(tmp_path, height))
        length = math.hypot(x2 - x1, y2 - y1)
        share = np.linspace(0, 1, max(1, math.ceil(length / slope.SAMPLE_M)) + 1)[:, None]
        steps = np.diff(known(np.array([x1, y1]) * (1 - share) + np.array([x2, y2]) * share))
        assert risen["climb_m"].iloc[0] == pytest.approx(steps[steps > 0].sum(), abs=1e-3)
        assert risen["drop_m"].iloc[0] == pytest.approx(-steps[steps < 0].sum(), abs=1e-3)


def test_what_is_no_elevation_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hill = road((0, 0), (300, 0))
    with pytest.raises(MissingError, match="no elevation file"):
        slope.rise_m(hill, tmp_path / "none.tif")
    text = tmp_path / "text.tif"
    text.write_text("no grid", encoding="utf-8")
    with pytest.raises(DataError, match=r"text\.tif.*GeoTIFF"):
        slope.rise_m(hill, text)
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(DataError, match="rasterio") as caught:
        slope.rise_m(hill, text)
    assert "rasterio" in caught.value.sentence("zh")
