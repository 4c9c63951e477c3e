"""Snapping against shapely, and the places where users put them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point

from quarterhour.errors import DataError
from quarterhour.modes import read_modes
from quarterhour.network import Network, as_roads, build_network
from quarterhour.snap import snap_places

CRS = "EPSG:32651"


def network_of(lines: list[LineString]) -> tuple[Network, list[LineString]]:
    frame = gpd.GeoDataFrame({"highway": "residential"}, geometry=lines, crs=CRS, index=range(len(lines)))
    return build_network(as_roads(frame, crs=CRS)[0], read_modes()["walk"]), lines


def points_at(*xy: tuple[float, float]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[Point(p) for p in xy], crs=CRS, index=[f"p{i}" for i in range(len(xy))])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40), st.sampled_from([50.0, 800.0, 20_000.0]))
def test_the_gap_equals_shapely_and_the_share_lies_there(seed: int, count: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    lines = [LineString(rng.uniform(0, size, (rng.integers(2, 5), 2)) + 400_000) for _ in range(count)]
    net, lines = network_of(lines)
    places = points_at(*map(tuple, rng.uniform(-size, 2 * size, (30, 2)) + 400_000))
    snapped = snap_places(net, places, limit_m=1e9)
    truth = shapely.distance(places.geometry.to_numpy()[:, None], np.array(lines)[None, :])
    assert np.allclose(snapped["gap_m"], truth.min(axis=1), rtol=1e-9, atol=1e-6)
    on = shapely.line_interpolate_point(np.array(lines)[snapped["road"]], snapped["share"], normalized=True)
    assert np.allclose(shapely.get_coordinates(on), snapped[["x", "y"]], atol=1e-4)


def test_no_place_is_lost() -> None:
    net, _ = network_of([LineString([(0, 0), (100, 0)])])
    places = points_at((50, 10), (50, 5000), (20, 1000))
    places.loc["empty"] = [Point()]
    snapped = snap_places(net, places, limit_m=1000)
    assert list(snapped.index) == ["p0", "p1", "p2", "empty"]
    assert list(snapped["reason"]) == ["", "too_far", "", "no_point"]
    assert snapped.loc["p1", "road"] == -1
    assert snapped.loc["p0", ["share", "gap_m"]].tolist() == [0.5, 10]


def test_at_a_shared_end_the_first_road_counts() -> None:
    net, _ = network_of(
        [LineString([(100, 0), (200, 0)]), LineString([(0, 0), (100, 0)]), LineString([(100, 0), (100, 90)])]
    )
    assert snap_places(net, points_at((100, 0), (100, -7)))["road"].tolist() == [0, 0]


def test_another_crs_is_refused() -> None:
    net, _ = network_of([LineString([(0, 0), (100, 0)])])
    with pytest.raises(DataError, match="one CRS"):
        snap_places(net, points_at((1, 1)).to_crs("EPSG:4326"))


def test_one_very_long_road_does_not_size_the_grid() -> None:
    net, _ = network_of([LineString([(0, 0), (900_000, 600_000)]), LineString([(0, 50), (10, 50)])])
    assert snap_places(net, points_at((5, 52)))["road"].tolist() == [1]


def test_rounding_does_not_choose_between_roads_that_lie_on_each_other() -> None:
    rng = np.random.default_rng(4)
    lines = [LineString(p) for p in rng.uniform(400_000, 401_000, (60, 2, 2))]
    both = [line for pair in ((a, a.reverse()) for a in lines) for line in pair]
    snapped = snap_places(network_of(both)[0], points_at(*map(tuple, rng.uniform(400_000, 401_000, (400, 2)))))
    assert (snapped["road"] % 2 == 0).all()


def test_a_place_too_far_is_told_how_far() -> None:
    net, _ = network_of([LineString([(0, 0), (100, 0)]), LineString([(0, 900), (100, 900)])])
    snapped = snap_places(net, points_at((50, 200), (50, 4900), (-3e7, 0), (1e30, 0)), limit_m=100)
    assert snapped["gap_m"].tolist() == [200, 4000, 3e7, 1e30]
    assert snapped["road"].tolist() == [-1] * 4
    assert snapped["share"].isna().all()


def test_a_gap_of_exactly_the_limit_is_near_enough() -> None:
    net, _ = network_of([LineString([(0, 0), (100, 0)])])
    assert snap_places(net, points_at((40, 300)), limit_m=300)["snapped"].tolist() == [True]
    assert snap_places(net, points_at((40, 300)), limit_m=299.999)["snapped"].tolist() == [False]


def test_no_places_give_no_rows() -> None:
    net, _ = network_of([LineString([(0, 0), (100, 0)])])
    assert snap_places(net, points_at()).empty
