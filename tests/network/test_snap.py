"""Snapping against shapely, and the places where users put them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point

from quarterhour.base import findings
from quarterhour.base.errors import DataError
from quarterhour.network.build import build_network
from quarterhour.network.modes import read_modes
from quarterhour.network.network import Network
from quarterhour.network.roads import as_roads
from quarterhour.network.snap import doubtful_snaps, snap_places
from quarterhour.network.testing import town as drawn_town
from repeatable import examples

CRS = "EPSG:32651"


@pytest.fixture(params=["compiled", "shapely"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to the answer."""
    if request.param == "shapely":
        monkeypatch.setattr("quarterhour.network.snap.COMPILED", False)
    return str(request.param)


def network_of(lines: list[LineString]) -> tuple[Network, list[LineString]]:
    frame = gpd.GeoDataFrame({"highway": "residential"}, geometry=lines, crs=CRS, index=range(len(lines)))
    return build_network(as_roads(frame, crs=CRS)[0], read_modes()["walk"]), lines


def points_at(*xy: tuple[float, float]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[Point(p) for p in xy], crs=CRS, index=[f"p{i}" for i in range(len(xy))])


@examples(12, 300)
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
    hill = drawn_town("""
         1


        A--B
    """)
    assert snap_places(hill.network(), hill.places(), limit_m=300)["snapped"].tolist() == [True]
    assert snap_places(hill.network(), hill.places(), limit_m=299.999)["snapped"].tolist() == [False]


def test_no_places_give_no_rows() -> None:
    net, _ = network_of([LineString([(0, 0), (100, 0)])])
    assert snap_places(net, points_at()).empty


def town(*extra: LineString, size: int = 8) -> Network:
    """A grid of size x size junctions, 100 m apart, and roads beside it."""
    along = [LineString([(100 * i, 100 * j), (100 * i + 100, 100 * j)]) for j in range(size) for i in range(size - 1)]
    across = [LineString([(100 * i, 100 * j), (100 * i, 100 * j + 100)]) for j in range(size - 1) for i in range(size)]
    return network_of([*extra, *along, *across])[0]


def test_a_yard_that_leads_nowhere_is_passed_over_for_the_street() -> None:
    """osmnx #1307, #1310: the nearest road joins nothing, and the place would reach nothing."""
    net = town(LineString([(10, 20), (90, 20)]))
    snapped = snap_places(net, points_at((50, 25)))
    assert snapped["gap_m"].tolist() == [25]
    assert snapped["doubt"].tolist() == ["passed_over"]
    assert net.component[net.tail[snapped["road"]]].tolist() == [0]
    plain = snap_places(net, points_at((50, 25)), smallest_component=1)
    assert plain[["road", "gap_m", "doubt"]].values.tolist() == [[0, 5, ""]]


def test_an_island_village_does_not_land_on_the_cape() -> None:
    """pandana #170: 600 m of water are no road."""
    net = town(LineString([(0, -600), (90, -600)]))
    places = points_at((50, -605), (50, -500)).assign(name=["岛上村", "渡口"])
    snapped = snap_places(net, places)
    assert snapped["road"].tolist() == [0, 0]
    assert snapped["doubt"].tolist() == ["island", "island"]
    across = snap_places(net, places, longest_detour_m=1e9)
    assert across["gap_m"].tolist() == [605, 500]
    told = doubtful_snaps(snapped, places, table="communities")
    assert told[["rule", "id", "value", "detail"]].values.tolist() == [
        ["snap.island", "p0", "5", "岛上村"],
        ["snap.island", "p1", "100", "渡口"],
    ]
    assert "cut off from the network" in findings.finding_sentences(told, "en").iloc[0]


def test_where_all_roads_are_islands_the_nearest_counts() -> None:
    islands = drawn_town("""
        A---B

         1
        C---D
    """, cell_m=30)  # fmt: skip
    assert snap_places(islands.network(), islands.places())[["road", "doubt"]].values.tolist() == [[1, ""]]


def test_a_car_does_not_start_on_a_street_that_only_leads_out() -> None:
    lines = [LineString([(700, 0), (1500, 0)]), *[LineString(shapely.get_coordinates(e)) for e in edges_of(8)]]
    frame = gpd.GeoDataFrame({"oneway": ["yes", *["no"] * (len(lines) - 1)]}, geometry=lines, crs=CRS)
    roads = as_roads(frame.assign(highway="residential"), crs=CRS)[0]
    car, walk = (build_network(roads, read_modes()[m]) for m in ("car", "walk"))
    assert np.bincount(car.mutual).tolist() == [64, 1]
    assert np.bincount(walk.mutual).tolist() == [65]
    place = points_at((800, 0))
    assert snap_places(car, place)[["gap_m", "doubt"]].values.tolist() == [[100, "passed_over"]]
    assert snap_places(walk, place)[["gap_m", "doubt"]].values.tolist() == [[0, ""]]


def edges_of(size: int) -> list[LineString]:
    net = town(size=size)
    return [LineString(net.coords[a:b]) for a, b in zip(net.coord_start[:-1], net.coord_start[1:], strict=True)]


def test_nobody_gets_off_in_a_tunnel_or_on_a_motorway() -> None:
    """openrouteservice #1137: the place stands on the hill, the nearest line runs through it."""
    lines = [LineString([(0, 0), (900, 0)]), LineString([(0, 0), (0, 60), (900, 60)]), LineString([(0, 0), (0, -700)])]
    frame = gpd.GeoDataFrame({"highway": ["primary", "residential", "motorway"]}, geometry=lines, crs=CRS)
    roads = as_roads(frame.assign(tunnel=["yes", None, "no"]), crs=CRS)[0]
    net = build_network(roads, read_modes()["car"])
    assert net.no_stopping.tolist() == [True, False, True]
    snapped = snap_places(net, points_at((450, 10), (30, -65), (0, -690)))
    assert snapped["road"].tolist() == [1, 1, 2]
    assert snapped["doubt"].tolist() == ["passed_over", "passed_over", "no_stopping"]


def test_doubtful_snaps_tell_each_place_once() -> None:
    net = town()
    places = points_at((350, 350), (-400, 0), (9000, 9000))
    places.loc["empty"] = [Point()]
    told = doubtful_snaps(snap_places(net, places), places, table="facilities")
    assert told[["rule", "id", "value"]].values.tolist() == [
        ["snap.far_off", "p1", "400"],
        ["snap.too_far", "p2", "11738"],
        ["snap.no_point", "empty", ""],
    ]
    assert doubtful_snaps(snap_places(net, places[:1]), places, table="facilities").empty


@examples(11, 150)
@given(st.integers(0, 10**6), st.sampled_from([1.0, 60.0, 250.0, 1e6]), st.sampled_from([2, 3, 6]))
def test_the_road_taken_is_the_one_a_slow_rule_takes(seed: int, detour: float, smallest: int) -> None:
    rng = np.random.default_rng(seed)
    chains = [
        np.cumsum(rng.uniform(-90, 90, (rng.integers(2, 8), 2)), axis=0) + rng.uniform(0, 900, 2) for _ in range(9)
    ]
    net, lines = network_of([LineString(c[i : i + 2]) for c in chains for i in range(len(c) - 1)])
    spots = rng.uniform(-200, 1100, (40, 2))
    snapped = snap_places(
        net, points_at(*map(tuple, spots)), limit_m=300, smallest_component=smallest, longest_detour_m=detour
    )
    off = shapely.distance(shapely.points(spots)[:, None], np.array(lines)[None, :])
    size = np.bincount(net.component)[net.component[net.tail]]
    main = size >= smallest if size.max() >= smallest else np.ones(len(size), bool)
    nearest, on_main = off.min(axis=1), off[:, main].min(axis=1)
    wanted = np.where(on_main <= np.minimum(nearest + detour, 300), on_main, nearest)
    assert np.allclose(snapped["gap_m"], wanted, rtol=1e-9, atol=1e-5)
    assert (snapped["snapped"] == (nearest <= 300)).all()
