"""The ground reached: against exact buffers, nested, with its holes, never in the sea."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import geopandas as gpd
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from scipy import sparse
from scipy.sparse import csgraph
from shapely import LineString, MultiPolygon, Point, Polygon, box
from shapely.ops import substring

from quarterhour.base.errors import DataError
from quarterhour.io.osm.roads import read_osm_roads
from quarterhour.network.build import build_network
from quarterhour.network.modes import as_mode, read_modes
from quarterhour.network.network import Network
from quarterhour.network.roads import as_roads
from quarterhour.network.snap import snap_places
from quarterhour.network.testing import town
from quarterhour.travel.isochrone import _Room, isochrones
from repeatable import examples

CRS = "EPSG:32651"
X0, Y0 = 400_000.0, 4_150_000.0
METRE_A_SECOND = as_mode("one", {"travels": "walk", "speed_kmh": 3.6})
RIDER = as_mode("rider", {"travels": "vehicle", "speed_kmh": 3.6})
TINY_M2 = 1e-3


def network(*lines: list[tuple[float, float]], oneway: object = 0, mode: object = METRE_A_SECOND) -> Network:
    shapes = [LineString([(X0 + x, Y0 + y) for x, y in line]) for line in lines]
    raw = gpd.GeoDataFrame({"oneway": np.broadcast_to(oneway, len(shapes))}, geometry=shapes, crs=CRS)
    raw["highway"] = "residential"
    return build_network(as_roads(raw, crs=CRS)[0], mode)


def sites(*points: tuple[float, float]) -> gpd.GeoDataFrame:
    names = [f"s{i}" for i in range(len(points))]
    return gpd.GeoDataFrame(geometry=[Point(X0 + x, Y0 + y) for x, y in points], index=names, crs=CRS)


def at(x: float, y: float) -> Point:
    return Point(X0 + x, Y0 + y)


def by_buffers(net: Network, places: gpd.GeoDataFrame, minutes: float, radius_m: float, heading: str) -> Polygon:
    """Second opinion: scipy's Dijkstra over an own graph, shapely's substrings, buffers and union."""
    cut = minutes * 6000
    graph, place = _graph(net, places, heading)
    time = csgraph.dijkstra(graph, indices=place)
    parts = [_part(net, r, time, cut, heading) for r in range(len(net.tail))]
    row = snap_places(net, places).iloc[0]
    line, f = _line(net, row.road), row.share
    up, down = _ways(net, row.road, heading)
    left = cut - row.gap_m * 360 / net.mode.gap_kmh
    site, on = Point(row.place_x, row.place_y), Point(row.x, row.y)
    if row.gap_m > 0:
        walked = min(1.0, cut * net.mode.gap_kmh / 360 / row.gap_m)
        parts.append(substring(LineString([site, on]), 0, walked, normalized=True))
    if left >= 0:
        ends = max(0, f - left / down) if down else f, min(1, f + left / up) if up else f
        parts.append(substring(line, *ends, normalized=True))
    return shapely.union_all(shapely.buffer([p for p in parts if p is not None], radius_m, quad_segs=32))


def _ways(net: Network, road: int, heading: str) -> tuple[int, int]:
    ways = int(net.forward_cs[road]), int(net.backward_cs[road])
    return ways if heading == "to_community" else ways[::-1]


def _line(net: Network, road: int) -> LineString:
    return LineString(net.coords[net.coord_start[road] : net.coord_start[road + 1]])


def _graph(net: Network, places: gpd.GeoDataFrame, heading: str) -> tuple[sparse.csr_array, int]:
    """Junctions and the one place; parallel roads give the quicker."""
    place, best = len(net.x), {}
    row = snap_places(net, places).iloc[0]
    up, down = _ways(net, row.road, heading)
    gap = row.gap_m * 360 / net.mode.gap_kmh + 1e-9
    # at the very end of a road one stands on the junction, whatever way the road runs
    at_tail, at_head = row.share * (up + down) < 0.5, (1 - row.share) * (up + down) < 0.5
    arcs = [(place, net.head[row.road], (up or at_head) and gap + up * (1 - row.share))]
    arcs += [(place, net.tail[row.road], (down or at_tail) and gap + down * row.share)]
    for road in range(len(net.tail)):
        up, down = _ways(net, road, heading)
        arcs += [(net.tail[road], net.head[road], up), (net.head[road], net.tail[road], down)]
    for a, b, cs in arcs:
        if cs:
            best[int(a), int(b)] = min(cs, best.get((int(a), int(b)), np.inf))
    rows, columns = np.array(list(best)).T
    return sparse.csr_array((list(best.values()), (rows, columns)), shape=(place + 1, place + 1)), place


def _part(net: Network, road: int, time: np.ndarray, cut: float, heading: str) -> LineString | None:
    up, down = _ways(net, road, heading)
    tail, head = time[net.tail[road]], time[net.head[road]]
    low = min(1.0, (cut - tail) / up) if up and tail < cut else 0.0
    high = 1 - min(1.0, (cut - head) / down) if down and head < cut else 1.0
    if low == 0 and high == 1:
        return None
    line = _line(net, road)
    pieces = [line] if low >= high else [substring(line, 0, low, normalized=True)] * bool(low > 0)
    pieces += [substring(line, high, 1, normalized=True)] * bool(low < high < 1)
    return shapely.multilinestrings([p for p in pieces if p.geom_type == "LineString"])


def lattice() -> Network:
    blocks = town("""
        A-B-C-D
        | | | |
        E-F-G-H
        | | | |
        I-J-K-L
        | | | |
        M-N-O-P
    """, cell_m=150)  # fmt: skip
    return blocks.network(METRE_A_SECOND)


STREET = town("A--1--------B", cell_m=300)
"""3,600 m, a site at 900."""


def test_the_road_is_cut_exactly_where_the_minutes_end() -> None:
    made = isochrones(STREET.network(METRE_A_SECOND), STREET.places("1"), minutes=[10], heading="to_site")
    west, _, east, north = made.total_bounds
    # 600 m each way and 50 m round about; the round ends are chords of the raster
    assert (west - X0, east - X0) == pytest.approx((250, 1550), abs=2)
    assert north - Y0 == pytest.approx(50, abs=0.01)
    assert made.loc[0, ["site", "from_minutes", "minutes", "radius_m"]].tolist() == ["1", 0.0, 10.0, 50.0]


def test_turnout_and_gap_take_their_time() -> None:
    net = network([(0, 0), (3600, 0)])
    made = isochrones(net, sites((1800, 60)), minutes=[10], heading="to_community", turnout_minutes=3)
    west, _, east, _ = made.total_bounds
    reach = 600 - 180 - 60 + 50
    assert (west - X0, east - X0) == pytest.approx((1800 - reach, 1800 + reach), abs=2)


def test_one_way_streets_reach_where_they_lead() -> None:
    lane = town("A-->--1-----B", cell_m=300)
    net, site = lane.network(RIDER), lane.places("1")
    carer = isochrones(net, site, minutes=[10], heading="to_community").total_bounds - X0
    people = isochrones(net, site, minutes=[10], heading="to_site").total_bounds - X0
    assert carer[[0, 2]] == pytest.approx([1750, 2450], abs=2)
    assert people[[0, 2]] == pytest.approx([1150, 1850], abs=2)


def test_holes_are_kept() -> None:
    made = isochrones(lattice(), sites((450, 300)), minutes=[30], heading="to_site").geometry[0]
    assert [len(p.interiors) for p in made.geoms] == [9]
    assert not made.contains(at(150, 150)) and made.contains(at(150, 290))


def test_no_place_eighteen_minutes_away_is_claimed_at_fourteen() -> None:
    """A valley with its hairpin: openrouteservice #972, a hull would fill it."""
    valley = town("""
        B-----+
              |
        A-----+
    """)
    made = isochrones(valley.network(METRE_A_SECOND), valley.places("A"), minutes=[14, 18], heading="to_site").geometry
    at_18_minutes = at(600 - (18 * 60 - 800), 200)
    assert not made[0].intersects(at_18_minutes) and made[1].contains(at_18_minutes)
    assert not made[1].contains(at(300, 100))


def test_no_ground_is_claimed_in_the_sea() -> None:
    net, site = STREET.network(METRE_A_SECOND), STREET.places("1")
    shore = gpd.GeoSeries([box(X0 - 500, Y0 - 500, X0 + 1200, Y0 + 45)], crs=CRS)
    lake = gpd.GeoDataFrame(geometry=[Point(X0 + 700, Y0).buffer(40)], crs=CRS)
    made = isochrones(net, site, minutes=[5, 10], heading="to_site", land=shore.to_crs("EPSG:4326"), water=lake)
    sea = box(X0 - 9e3, Y0 - 9e3, X0 + 9e3, Y0 + 9e3).difference(shore[0])
    for shape in made.geometry:
        assert shape.area > 0 and shape.geom_type == "MultiPolygon"
        assert shape.intersection(sea).area < TINY_M2 and shape.intersection(lake.geometry[0]).area < TINY_M2
    assert len(made.geometry[1].geoms[0].interiors) == 1
    inland = isochrones(net, site, minutes=[5], heading="to_site", land=at(9e4, 0).buffer(1))
    assert inland.geometry[0].is_empty


def test_heights_of_land_and_water_play_no_part(raised) -> None:  # type: ignore[no-untyped-def]
    net, site, asked = STREET.network(METRE_A_SECOND), STREET.places("1"), {"minutes": [10], "heading": "to_site"}
    shore = gpd.GeoDataFrame(geometry=[box(X0 - 500, Y0 - 500, X0 + 1200, Y0 + 45)], crs=CRS).to_crs("EPSG:4326")
    lake = gpd.GeoDataFrame(geometry=[Point(X0 + 700, Y0).buffer(40)], crs=CRS).to_crs("EPSG:4326")
    flat = isochrones(net, site, **asked, land=shore, water=lake).geometry[0]
    high = isochrones(net, site, **asked, land=raised(shore, np.nan), water=raised(lake, np.nan)).geometry[0]
    assert flat.area > 0 and high.symmetric_difference(flat).area < TINY_M2


@pytest.mark.compiled
def test_no_ground_is_claimed_in_the_sea_of_weihai(root: Path) -> None:
    """The embedded study's coast and reservoirs: valhalla #3212 drew over water."""
    folder = root / "data" / "raw" / "weihai"
    roads = gpd.read_parquet(folder / "roads.parquet").to_crs(CRS)
    net = build_network(as_roads(roads, crs=CRS)[0], read_modes()["ebike"])
    table = pd.read_csv(folder / "facilities.csv").query("kind == 'care_base'").set_index("id")
    bases = gpd.GeoDataFrame(geometry=gpd.points_from_xy(table["lon"], table["lat"]), index=table.index, crs=4326)
    land, water = (gpd.read_file(folder / f"{name}.geojson").to_crs(CRS) for name in ("counties", "water"))
    asked = {"minutes": [8, 15], "heading": "to_community", "turnout_minutes": 3, "radius_m": 200, "union": True}
    wet = isochrones(net, bases.to_crs(CRS), **asked).geometry[1]
    dry = isochrones(net, bases.to_crs(CRS), **asked, land=land, water=water).geometry
    coast, lakes = land.union_all(), water.union_all()
    assert wet.difference(coast).area > 1e6 and wet.intersection(lakes).area > 1e4
    assert dry[1].difference(coast).area < 1 and dry[1].intersection(lakes).area < 1
    assert dry[1].area == pytest.approx(wet.intersection(coast).difference(lakes).area, rel=1e-9)
    assert 0 < dry[0].area < dry[1].area and dry[0].difference(dry[1]).area < 1


def test_without_sites_the_columns_are_there() -> None:
    for union in (False, True):
        made = isochrones(lattice(), sites(), heading="to_site", union=union)
        assert list(made.columns) == ["site", "from_minutes", "minutes", "radius_m", "geometry"]
        assert made.empty and made.crs == CRS
        assert {made[c].dtype.kind for c in ("from_minutes", "minutes", "radius_m")} == {"f"}


def test_a_site_far_from_every_road_keeps_its_rows() -> None:
    made = isochrones(lattice(), sites((450, 300), (90_000, 0)), minutes=[10, 5], heading="to_site")
    assert made["site"].tolist() == ["s0", "s0", "s1", "s1"] and made["minutes"].tolist() == [5, 10, 5, 10]
    assert made.is_empty.tolist() == [False, False, True, True]
    late = isochrones(lattice(), sites((0, 0)), minutes=[2, 9], heading="to_site", turnout_minutes=5)
    assert late.is_empty.tolist() == [True, False]


def test_a_site_without_a_point_does_not_end_the_others() -> None:
    """openrouteservice #2310: one bad origin killed the batch."""
    places = sites((450, 300), (0, 0), (0, 300))
    places.geometry = [places.geometry.iloc[0], None, Point()]
    made = isochrones(lattice(), places, minutes=[5], heading="to_site")
    assert made["site"].tolist() == ["s0", "s1", "s2"] and made.is_empty.tolist() == [False, True, True]


def test_a_ring_road_is_a_shell_with_its_hole_and_what_stands_inside_it() -> None:
    """planwise #231 and graphhopper #2160: no picture at all, or a hole without a shell."""
    ring = town("""
          +-----+
          |     |
          |  C  |
        A-B  2  |
          |  |  |
          |  D  |
          +--1--+
    """, cell_m=150)  # fmt: skip
    net, places = ring.network(METRE_A_SECOND), ring.places("12")
    made = isochrones(net, places, minutes=[40], heading="to_site", union=True).geometry[0]
    shell, island = sorted(made.geoms, key=lambda part: -part.area)
    assert len(shell.interiors) == 1 and not island.interiors
    assert Polygon(shell.interiors[0]).contains(island) and made.contains(places.geometry["2"])


def test_a_larger_picture_has_no_hole_where_the_smaller_is_filled() -> None:
    """openrouteservice #468 and #1062."""
    small, large = isochrones(lattice(), sites((450, 300)), minutes=[6, 30], heading="to_site").geometry
    holes = shapely.union_all([Polygon(hole) for part in large.geoms for hole in part.interiors])
    assert small.intersection(holes).area < TINY_M2 < holes.area


def test_bands_meet_without_overlap_and_make_up_the_largest() -> None:
    asked = {"minutes": [15, 5, 10], "heading": "to_site", "water": at(430, 280).buffer(70)}
    whole = isochrones(lattice(), sites((450, 300), (90_000, 0)), **asked)
    bands = isochrones(lattice(), sites((450, 300), (90_000, 0)), **asked, bands=True)
    assert bands["from_minutes"].tolist() == [0, 5, 10] * 2 and bands["minutes"].tolist() == [5, 10, 15] * 2
    assert (bands.geom_type == "MultiPolygon").all() and bands.is_valid.all()
    assert bands.is_empty.tolist() == [False] * 3 + [True] * 3
    first, second, third = bands.geometry[:3]
    assert first.equals(whole.geometry[0]) and min(second.area, third.area) > 1000
    assert max(a.intersection(b).area for a, b in [(first, second), (second, third), (first, third)]) < TINY_M2
    assert shapely.union_all([first, second, third]).symmetric_difference(whole.geometry[2]).area < TINY_M2


def test_a_dead_end_and_a_long_road_are_cut_beyond_the_last_junction() -> None:
    """A base halfway along 9 km without a junction, a lane that ends in a field: the minutes end on the road itself."""
    valley = town("""
                                            C
                                            |
        A-----------------1-----------------B
    """, cell_m=250)  # fmt: skip
    net, base = valley.network(METRE_A_SECOND), valley.places("1")
    made = isochrones(net, base, minutes=[10, 78], heading="to_community").geometry
    west, _, east, _ = made[0].bounds
    assert (west - X0, east - X0) == pytest.approx((3850, 5150), abs=2)
    west, _, east, north = made[1].bounds
    # the lane's last 320 m are not reached; the road's west end is
    assert (west - X0, east - X0, north - Y0) == pytest.approx((-50, 9050, 180 + 50), abs=5)


def test_the_union_is_the_union_of_its_sites() -> None:
    places = sites((450, 300), (460, 310), (0, 900), (90_000, 0))
    done: list[float] = []
    alone = isochrones(lattice(), places, minutes=[3, 9], heading="to_site", progress=done.append)
    assert done == [1]
    both = isochrones(lattice(), places, minutes=[3, 9], heading="to_site", union=True)
    assert both["site"].tolist() == ["", ""]
    for minutes, together in zip(both["minutes"], both.geometry, strict=True):
        apart = alone.loc[alone["minutes"] == minutes].union_all()
        assert together.symmetric_difference(apart).area < 0.01 * apart.area


@pytest.mark.parametrize("asked", [{}, {"bands": True, "heading": "to_community"}, {"union": True}])
def test_threads_change_nothing(asked: dict[str, object]) -> None:
    """More sites than a block has; some on one road, one far off."""
    rng = np.random.default_rng(5)
    places = sites(*[tuple(p) for p in rng.uniform(0, 900, (40, 2)).tolist()], (450, 300), (455, 300), (90_000, 0))
    settings = {"minutes": [3, 9], "heading": "to_site", **asked}
    one, three = (isochrones(lattice(), places, threads=threads, **settings) for threads in (1, 3))
    assert one.geometry.to_wkb().tolist() == three.geometry.to_wkb().tolist()
    pd.testing.assert_frame_equal(pd.DataFrame(one.drop(columns="geometry")), three.drop(columns="geometry"))


def test_rasters_drawn_side_by_side_are_no_more_than_one_may_be() -> None:
    room, held, most = _Room(10), [0], [0]
    lock = threading.Lock()

    def draw(cells: int) -> None:
        with room.taken(cells):
            with lock:
                held[0] += cells
                most[0] = max(most[0], held[0])
            time.sleep(0)
            with lock:
                held[0] -= cells

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(draw, [6, 4, 10, 5, 5, 1, 9] * 20))
    assert (most[0], held[0], room.left) == (10, 0, 10)


def test_the_picture_does_not_depend_on_company() -> None:
    one = isochrones(lattice(), sites((0, 300), (700, 0)), minutes=[5], heading="to_site")
    two = isochrones(lattice(), sites((0, 300)), minutes=[5, 9], heading="to_site")
    assert one.geometry[0].equals(two.geometry[0])


def test_where_nothing_is_compiled_the_pictures_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    places, asked = sites((430, 310), (90_000, 0)), {"minutes": [0.05, 4, 9, 30], "heading": "to_site"}
    made = isochrones(lattice(), places, **asked, turnout_minutes=0.1)
    monkeypatch.setattr("quarterhour.travel.isochrone.COMPILED", False)
    plain = isochrones(lattice(), places, **asked, turnout_minutes=0.1)
    assert made.drop(columns="geometry").equals(plain.drop(columns="geometry"))
    assert (plain.geom_type == "MultiPolygon").all() and plain.is_empty.equals(made.is_empty)
    there = ~made.is_empty
    assert (made.symmetric_difference(plain).area[there] <= 0.02 * plain.area[there]).all()
    small, large = plain.geometry[2], plain.geometry[3]
    assert small.difference(large).area < TINY_M2 and len(large.geoms[0].interiors) == 9


def test_the_smallest_picture_is_the_ground_round_the_site() -> None:
    lane = town("A->-B", cell_m=225)
    made = isochrones(lane.network(RIDER), lane.places("B"), minutes=[1], heading="to_community")
    assert made.area[0] == pytest.approx(np.pi * 50**2, rel=0.06) and made.geometry[0].contains(at(900, 0))


@st.composite
def towns(draw: st.DrawFn) -> Network:
    corner = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda c: (c[0] * 50.0, c[1] * 50.0))
    bent = st.lists(corner, min_size=2, max_size=4).filter(lambda c: len(set(c)) > 1)
    lines = draw(st.lists(bent, min_size=1, max_size=8))
    oneway = draw(st.lists(st.sampled_from([-1, 0, 1]), min_size=len(lines), max_size=len(lines)))
    return network(*lines, oneway=oneway, mode=draw(st.sampled_from([METRE_A_SECOND, RIDER])))


@examples(40)
@given(
    towns(),
    st.tuples(st.floats(-100, 700), st.floats(-100, 700)),
    st.lists(st.floats(0.5, 25), min_size=2, max_size=5),
    st.sampled_from(["to_site", "to_community"]),
    st.sampled_from([(50, 25), (50, 20), (30, 7)]),
    st.booleans(),
)
def test_every_larger_cutoff_contains_every_smaller(net, point, minutes, heading, raster, clipped) -> None:  # type: ignore[no-untyped-def]
    sea = {"land": box(X0 - 50, Y0 + 33, X0 + 480, Y0 + 900), "water": at(210, 300).buffer(90)} if clipped else {}
    radius_m, cell_m = raster
    made = isochrones(net, sites(point), minutes=minutes, heading=heading, radius_m=radius_m, cell_m=cell_m, **sea)
    shapes = list(made.geometry)
    assert all(s.is_valid and isinstance(s, MultiPolygon) for s in shapes)
    for small, large in zip(shapes[:-1], shapes[1:], strict=True):
        assert small.difference(large).area < 1e-6
        assert small.is_empty or large.buffer(1e-6).covers(small)


@examples(25)
@given(towns(), st.tuples(st.floats(0, 600), st.floats(0, 600)), st.sampled_from(["to_site", "to_community"]))
def test_a_fine_raster_equals_the_buffers(net, point, heading) -> None:  # type: ignore[no-untyped-def]
    made = isochrones(net, sites(point), minutes=[7], heading=heading, cell_m=5).geometry[0]
    truth = by_buffers(net, sites(point), 7, 50, heading)
    assert made.symmetric_difference(truth).area <= 0.01 * truth.area if not truth.is_empty else made.is_empty


def real_place(folder: Path, place: str) -> Network:
    if place == "wuhan":
        metres, raw = "EPSG:32650", gpd.read_parquet(folder / "roads" / "wuhan_8989_simplified.parquet")
    else:
        metres = "EPSG:32632"
        raw = read_osm_roads(folder / "osm" / f"{place}.osm.pbf", crs=metres)[0]
    return build_network(as_roads(raw, crs=metres)[0], read_modes()["car" if place == "liechtenstein" else "walk"])


@pytest.mark.compiled
@pytest.mark.parametrize(
    ("place", "radius_m"),
    [("wuhan", 50), ("wuhan", 100), ("liechtenstein", 50), pytest.param("heidelberg", 50, marks=pytest.mark.slow)],
)
def test_areas_of_real_places_are_those_of_exact_buffers(shared_data: Path, place: str, radius_m: float) -> None:
    net = real_place(shared_data, place)
    middle = np.random.default_rng(3).choice(np.flatnonzero(net.component == 0), 3)
    points = gpd.points_from_xy(net.x[middle] + 20, net.y[middle] - 10)
    for i, point in enumerate(points):
        base = gpd.GeoDataFrame(geometry=[point], index=[f"s{i}"], crs=net.crs)
        made = isochrones(net, base, minutes=[8, 15, 30], heading="to_community", radius_m=radius_m)
        for minutes, picture in zip(made["minutes"], made.geometry, strict=True):
            truth = by_buffers(net, base, minutes, radius_m, "to_community")
            assert picture.is_valid and abs(picture.area / truth.area - 1) <= 0.015


def test_the_area_of_a_toy_is_that_of_exact_buffers() -> None:
    for minutes in (4, 9, 15):
        made = isochrones(lattice(), sites((430, 310)), minutes=[minutes], heading="to_site").geometry[0]
        truth = by_buffers(lattice(), sites((430, 310)), minutes, 50, "to_site")
        assert abs(made.area / truth.area - 1) <= 0.015


def test_what_cannot_be_meant_is_said() -> None:
    net, here = lattice(), sites((0, 0))
    wrong = [
        ({"minutes": []}, "one or more above 0"),
        ({"minutes": [0, 5]}, "0, 5"),
        ({"minutes": [float("nan")]}, "nan"),
        ({"turnout_minutes": -1}, "-1"),
        ({"heading": "both"}, "to_site or to_community, got both"),
        ({"cell_m": 30}, "cells of 30 m do not suit a radius of 50 m"),
        ({"radius_m": 0}, "radius of 0 m"),
        ({"cell_m": 0.05}, "larger cell_m (now 0.05 m)"),
        ({"land": gpd.GeoSeries([box(0, 0, 1, 1)])}, "land layer has no CRS"),
        ({"sites": sites((0, 0)).iloc[[0, 0]]}, "s0"),
    ]
    for given_, told in wrong:
        with pytest.raises(DataError) as caught:
            isochrones(net, given_.pop("sites", here), **{"heading": "to_site", **given_})
        assert told in str(caught.value) and caught.value.sentence("zh")
