"""Tiny worlds through the public door: an OSM file in, minutes out, each worked out by hand.

Walkers go 3.6 km/h (a metre a second), e-bikes 15, cars 25 on a residential street.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import combinations, permutations
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString

import quarterhour as qh
from osm_world import X0, Y0, Tags, Way, to_degrees, write_osm
from quarterhour.network.modes import read_modes
from quarterhour.network.network import Network

CRS = "EPSG:32651"
STREET: Tags = {"highway": "residential"}
PRIVATE: Tags = {"highway": "service", "access": "private"}
XY = tuple[float, float]


def network(
    folder: Path,
    where: Mapping[int, XY],
    ways: Mapping[int, Way],
    mode: str,
    *,
    nodes: Mapping[int, Tags] | None = None,
) -> Network:
    """A world of nodes (metres east and north of a corner) and ways."""
    raw = qh.read_osm_roads(write_osm(folder, ways, nodes=nodes, where=where), crs=CRS)[0]
    return qh.build_network(qh.as_roads(raw, crs=CRS)[0], read_modes()[mode])


def place(spot: XY, name: str, digits: int | None = None) -> gpd.GeoDataFrame:
    """A place; with ``digits`` as a table of degrees has it."""
    x, y = X0 + spot[0], Y0 + spot[1]
    if digits is None:
        return gpd.GeoDataFrame(index=[name], geometry=gpd.points_from_xy([x], [y]), crs=CRS)
    lon, lat = (round(v, digits) for v in to_degrees(x, y))
    return gpd.GeoDataFrame(index=[name], geometry=gpd.points_from_xy([lon], [lat]), crs=4326).to_crs(CRS)


def minutes(net: Network, home: XY, site: XY, *, digits: int | None = None, turnout: float = 0.0) -> float | None:
    """The same to the site and from it, else both."""
    found = {
        heading: qh.travel_times(
            net, place(home, "c"), place(site, "s", digits), minutes=300, heading=heading, turnout_minutes=turnout
        ).minutes("c", "s")
        for heading in ("to_site", "to_community")
    }
    assert found["to_site"] == found["to_community"]
    return found["to_site"]


# --- gates


@pytest.mark.parametrize("mode", ["walk", "ebike", "car"])
@pytest.mark.parametrize("digits", [None, 7, 6, 5])
@pytest.mark.parametrize("tags", [{}, {"access": "private"}, {"access": "no"}, {"locked": "yes"}, {"foot": "private"}])
def test_a_gate_under_a_site_parts_it_from_no_side(tmp_path: Path, tags: Tags, digits: int | None, mode: str) -> None:
    """A street that bends a little, a gate in its midst, a site on the gate as a table of rounded degrees has it."""
    where = {1: (0.0, 0.0), 2: (611.3, 377.7), 3: (1201.1, 850.9)}
    ways: dict[int, Way] = {1: ([1, 2, 3], STREET)}
    net = network(tmp_path, where, ways, mode, nodes={2: {"barrier": "gate", **tags}})
    speed = {"walk": 3.6, "ebike": 15.0, "car": 25.0}[mode]
    for end, metres in ((where[1], 718.58), (where[3], 756.16)):
        assert minutes(net, end, where[2], digits=digits) == pytest.approx(metres / speed * 0.06, abs=0.02)


def test_a_place_some_metres_behind_a_gate_is_behind_it(tmp_path: Path) -> None:
    where = {1: (0.0, 0.0), 2: (600.0, 0.0), 3: (1200.0, 0.0)}
    net = network(tmp_path, where, {1: ([1, 2, 3], STREET)}, "walk", nodes={2: {"barrier": "gate", "access": "no"}})
    assert minutes(net, where[1], (603, 0)) is None
    assert minutes(net, where[3], (603, 0)) == pytest.approx(9.95, abs=0.01)
    assert minutes(net, where[1], (600.5, 0)) == pytest.approx(600.5 / 60, abs=0.01)


@pytest.mark.parametrize("rows", list(permutations((1, 2, 3))))
@pytest.mark.parametrize(
    ("tags", "walk", "ebike", "car"),
    [
        ({"access": "private"}, 50, 12, 7.2),
        ({"access": "private", "foot": "yes"}, 20, 12, 7.2),
        ({"foot": "private"}, 50, 4.8, 2.88),
        ({"access": "no", "foot": "private"}, 50, 12, 7.2),
        ({"motor_vehicle": "private"}, 20, 4.8, 7.2),
        ({"access": "customers", "bicycle": "no"}, 50, 12, 7.2),
        ({"locked": "yes", "foot": "yes"}, 20, 12, 7.2),
        ({"bicycle": "no"}, 20, 12, 2.88),
        ({"access": "unknown"}, 20, 4.8, 2.88),
    ],
)
def test_a_gate_stops_whom_it_names(
    tmp_path: Path, rows: Sequence[int], tags: Tags, walk: float, ebike: float, car: float
) -> None:
    """1,200 m through the gate in the midst of a street, 3,000 m round; whichever way comes first in the file."""
    where = {1: (0.0, 0.0), 2: (600.0, 0.0), 3: (1200.0, 0.0), 4: (0.0, 900.0), 5: (1200.0, 900.0)}
    all_: dict[int, Way] = {1: ([1, 2], STREET), 2: ([2, 3], STREET), 3: ([1, 4, 5, 3], STREET)}
    ways = {row: all_[row] for row in rows}
    for mode, expected in (("walk", walk), ("ebike", ebike), ("car", car)):
        net = network(tmp_path, where, ways, mode, nodes={2: {"barrier": "gate", **tags}})
        assert minutes(net, where[1], where[3]) == pytest.approx(expected, abs=0.02), mode
        for end in (where[1], where[3]):
            assert minutes(net, end, where[2]) == pytest.approx(expected_half(mode), abs=0.02), mode


def expected_half(mode: str) -> float:
    return {"walk": 10.0, "ebike": 2.4, "car": 1.44}[mode]


# --- walls


def test_a_walled_compound_is_left_by_its_drive(tmp_path: Path) -> None:
    """The home at (0, 40); its drive leads 560 m north. The shop of the south is 40 m away as the crow flies."""
    where = {1: (0.0, 40.0), 2: (0.0, 600.0), 3: (300.0, 600.0), 4: (300.0, 0.0), 5: (0.0, 0.0)}
    ways: dict[int, Way] = {1: ([1, 2], PRIVATE), 2: ([2, 3, 4, 5], STREET)}
    net = network(tmp_path, where, ways, "walk")
    assert minutes(net, where[1], where[5]) == pytest.approx(29.33, abs=0.01)
    assert minutes(net, where[1], where[2]) == pytest.approx(9.33, abs=0.01)
    assert minutes(net, (20, 50), where[5]) == pytest.approx((20 + 550 + 1200) / 60, abs=0.01)


def test_from_one_compound_into_the_next_leads_no_straight_line(tmp_path: Path) -> None:
    """Two drives end 40 m apart on the two sides of a wall; from house to house one goes round by the street."""
    where = {1: (0.0, 0.0), 2: (0.0, 600.0), 3: (300.0, 600.0), 4: (300.0, -640.0), 5: (0.0, -640.0), 6: (0.0, -40.0)}
    ways: dict[int, Way] = {1: ([1, 2], PRIVATE), 2: ([2, 3, 4, 5], STREET), 3: ([5, 6], PRIVATE)}
    net = network(tmp_path, where, ways, "walk")
    round_ = 600 + 300 + 1240 + 300 + 600
    assert minutes(net, where[1], where[6]) == pytest.approx(round_ / 60, abs=0.01)
    assert minutes(net, (25, 0), (25, -40)) == pytest.approx((25 + round_ + 25) / 60, abs=0.01)
    assert minutes(net, (25, 300), (25, 330)) == pytest.approx(30 / 60, abs=0.01)  # within one compound
    assert minutes(net, (25, 0), (25, 0)) == 0


def test_a_base_behind_its_own_gate_reaches_out(tmp_path: Path) -> None:
    """300 m of drive behind a private gate: 310 m to the street, 500 m along it, three minutes of turnout."""
    where = {1: (0.0, 0.0), 2: (0.0, 10.0), 3: (0.0, 310.0), 4: (1000.0, 0.0), 5: (-500.0, 0.0)}
    ways: dict[int, Way] = {1: ([1, 2, 3], {"highway": "service"}), 2: ([5, 1, 4], STREET)}
    net = network(tmp_path, where, ways, "ebike", nodes={2: {"barrier": "gate", "access": "private"}})
    assert minutes(net, where[1], where[3], turnout=3) == pytest.approx(3 + 310 / 250, abs=0.01)
    assert minutes(net, (500, 0), where[3], turnout=3) == pytest.approx(3 + 810 / 250, abs=0.01)


# --- the order of rows


@pytest.mark.parametrize("mode", ["walk", "ebike"])
@pytest.mark.parametrize("seed", [8, 12, 21, 27, 44, 86])
def test_no_row_of_a_file_has_a_say_by_its_place(tmp_path: Path, seed: int, mode: str) -> None:
    """Random streets, some private, some one-way, two with gates; places beside them and on the gates."""
    draw = random.Random(seed)
    where = {n: (draw.randrange(1500), draw.randrange(1500)) for n in range(1, 10)}
    pairs = draw.sample(list(combinations(where, 2)), 14)
    kinds: list[Tags] = [{}, {}, {}, {"access": "private"}, {"access": "customers"}, {"foot": "no"}, {"oneway": "yes"}]
    ways: dict[int, Way] = {n: (pair, STREET | draw.choice(kinds)) for n, pair in enumerate(pairs, start=1)}
    gates: dict[int, Tags] = {n: {"barrier": "gate", "access": draw.choice(["no", "private"])} for n in (3, 7)}
    spots = [(draw.uniform(-100, 1600), draw.uniform(-100, 1600)) for _ in range(8)] + [where[n] for n in gates]
    x, y = zip(*spots, strict=True)
    places = gpd.GeoDataFrame(geometry=gpd.points_from_xy([X0 + a for a in x], [Y0 + b for b in y]), crs=CRS)
    homes, sites = (places.set_axis([f"{p}{i}" for i in range(len(spots))], axis=0) for p in "cs")
    found = []
    for rows in (ways, dict(reversed(ways.items()))):
        net = network(tmp_path, where, rows, mode, nodes=gates)
        by_heading = {
            h: qh.travel_times(net, homes, sites, minutes=200, heading=h)
            .pairs()
            .set_index(["community", "site"])["minutes"]
            for h in ("to_site", "to_community")
        }
        assert all(by_heading["to_site"].get((f"c{i}", f"s{i}"), 0.0) == 0 for i in range(len(spots)))
        turned = by_heading["to_community"].rename(lambda name: ("s" if name[0] == "c" else "c") + name[1:])
        turned.index = turned.index.swaplevel().set_names(["community", "site"])
        pd.testing.assert_series_equal(turned.sort_index(), by_heading["to_site"].sort_index(), atol=0.02, rtol=0)
        found.append(by_heading["to_site"].sort_index())
    pd.testing.assert_series_equal(*found, atol=0.02, rtol=0)


# --- who may go which way


@pytest.mark.parametrize(
    ("tags", "mode", "along", "against"),
    [
        ({"highway": "footway", "bicycle": "designated"}, "ebike", 4.0, 4.0),
        ({"highway": "footway"}, "ebike", 44.0, 44.0),
        ({"highway": "footway", "bicycle": "dismount"}, "ebike", 16.67, 16.67),
        ({"highway": "pedestrian", "motor_vehicle": "yes"}, "car", 6.0, 6.0),
        (STREET | {"oneway": "yes", "cycleway": "opposite"}, "ebike", 4.0, 4.0),
        (STREET | {"oneway": "-1", "cycleway": "opposite_lane"}, "ebike", 4.0, 4.0),
        (STREET | {"oneway": "-1", "cycleway:right": "opposite_track"}, "car", 26.4, 2.4),
        (STREET | {"oneway": "-1", "cycleway:left": "lane", "cycleway:left:oneway": "-1"}, "ebike", 44.0, 4.0),
        (STREET | {"oneway": "yes"}, "ebike", 4.0, 44.0),
        (STREET | {"motor_vehicle:backward": "no"}, "car", 2.4, 26.4),
        (STREET | {"motor_vehicle:forward": "destination"}, "car", 26.4, 2.4),
        (STREET | {"oneway": "yes", "bus:backward": "yes"}, "car", 2.4, 26.4),
    ],
)
def test_a_street_of_a_kilometre_with_a_long_way_round(
    tmp_path: Path, tags: Tags, mode: str, along: float, against: float
) -> None:
    """1 km north, or 11 km round by a residential street."""
    where = {1: (0.0, 0.0), 2: (0.0, 1000.0), 3: (5000.0, 0.0), 4: (5000.0, 1000.0)}
    ways: dict[int, Way] = {1: ([1, 2], tags), 2: ([1, 3, 4, 2], STREET)}
    net = network(tmp_path, where, ways, mode)
    for home, site, expected in ((where[1], where[2], along), (where[2], where[1], against)):
        times = qh.travel_times(net, place(home, "c"), place(site, "s"), minutes=300, heading="to_site")
        assert times.minutes("c", "s") == pytest.approx(expected, abs=0.02)
        back = qh.travel_times(net, place(site, "c"), place(home, "s"), minutes=300, heading="to_community")
        assert back.minutes("c", "s") == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("rows", [(1, 2, 3, 4), (4, 3, 2, 1)])
def test_a_private_piece_in_a_one_way_street_is_entered_and_left_along_it(tmp_path: Path, rows: Sequence[int]) -> None:
    """300 m, 300 m private, 300 m, all one-way east; round by a street of 2,700 m."""
    where = {1: (0.0, 0.0), 2: (300.0, 0.0), 3: (600.0, 0.0), 4: (900.0, 0.0), 5: (0.0, 900.0), 6: (900.0, 900.0)}
    along: Tags = STREET | {"oneway": "yes"}
    all_: dict[int, Way] = {
        1: ([1, 2], along), 2: ([2, 3], along | {"access": "private"}), 3: ([3, 4], along), 4: ([4, 6, 5, 1], STREET),
    }  # fmt: skip
    net = network(tmp_path, where, {row: all_[row] for row in rows}, "ebike")
    middle = (450.0, 0.0)
    for home, site, metres in (
        (where[1], where[4], 2700),  # not through
        (where[1], middle, 450),
        (middle, where[4], 450),
        (middle, where[1], 450 + 2700),
        ((350.0, 0.0), (550.0, 0.0), 200),
        ((550.0, 0.0), (350.0, 0.0), 350 + 2700 + 350),
    ):
        times = qh.travel_times(net, place(home, "c"), place(site, "s"), minutes=300, heading="to_site")
        assert times.minutes("c", "s") == pytest.approx(metres / 250, abs=0.01)


# --- lines of a table


@pytest.mark.parametrize("short_m", [0.0, 0.5, -0.5, 0.9])
def test_an_estate_whose_street_ends_on_a_through_roads_line_is_reached(short_m: float) -> None:
    """500 m along the through road, which has no vertex there, and 740 m up the street."""
    lines = [LineString([(0, 0), (1000, 0)]), LineString([(500, short_m), (500, 740)])]
    table = gpd.GeoDataFrame({"highway": "residential"}, geometry=lines, crs=CRS, index=["through", "estate"])
    table = table.translate(X0, Y0).to_frame("geometry").set_geometry("geometry").assign(highway="residential")
    net = qh.build_network(qh.as_roads(table, crs=CRS, join_m=1.0)[0], read_modes()["walk"])
    assert minutes(net, (0, 0), (500, 740)) == pytest.approx(20.67, abs=0.02)


WEST, EAST, SOUTH, NORTH, HERE = (-500, 0), (500, 0), (0, -500), (0, 500), (0, 0)


@pytest.mark.parametrize(
    ("lines", "column", "levels", "meet"),
    [
        ([(WEST, HERE, EAST), (SOUTH, HERE, NORTH)], "bridge", "TF", False),
        ([(WEST, HERE), (HERE, EAST), (SOUTH, HERE, NORTH)], "bridge", "TTF", False),
        ([(WEST, HERE, EAST), (SOUTH, HERE), (HERE, NORTH)], "bridge", "TFF", False),
        ([(WEST, HERE), (HERE, EAST), (SOUTH, HERE), (HERE, NORTH)], "bridge", "TTFF", False),
        ([(EAST, HERE), (NORTH, HERE), (HERE, WEST), (HERE, SOUTH)], "layer", "1010", False),
        ([(WEST, HERE), (HERE, EAST), (SOUTH, HERE), (HERE, NORTH)], "tunnel", "TTFF", False),
        # a bridge that begins at a street's corner; two that begin on its one side
        ([(WEST, HERE), (HERE, EAST), (SOUTH, HERE), (HERE, NORTH)], "bridge", "TFFF", True),
        ([(WEST, HERE), (HERE, (-500, 300)), (SOUTH, HERE), (HERE, NORTH)], "bridge", "TTFF", True),
        # and with an alley between them
        (
            [(WEST, HERE), (HERE, (-300, 500)), (SOUTH, HERE), (HERE, (-500, 250)), (HERE, NORTH)],
            "bridge",
            "TTFFF",
            True,
        ),
        ([(WEST, HERE), (HERE, EAST), (SOUTH, HERE), (HERE, NORTH)], "bridge", "FFFF", True),
    ],
)
def test_a_bridge_meets_no_street_below_it_wherever_both_are_cut(
    lines: Sequence[Sequence[XY]], column: str, levels: str, meet: bool
) -> None:
    table = gpd.GeoDataFrame(geometry=[LineString([(X0 + x, Y0 + y) for x, y in line]) for line in lines], crs=CRS)
    roads = qh.as_roads(table.assign(highway="residential", **{column: list(levels)}), crs=CRS, join_m=1.0)[0]
    net = qh.build_network(roads, read_modes()["walk"])
    assert minutes(net, WEST, NORTH) == (pytest.approx(1000 / 60, abs=0.01) if meet else None)
    assert minutes(net, SOUTH, NORTH) == pytest.approx(1000 / 60, abs=0.01)


def test_a_kilometre_of_web_mercator_is_refused_and_not_made_longer() -> None:
    """At 37.4 degrees north 1,000 m would take 20.96 minutes instead of 16.67."""
    line = gpd.GeoSeries([LineString([(X0, Y0), (X0 + 1000, Y0)])], crs=CRS)
    table = gpd.GeoDataFrame({"highway": ["residential"]}, geometry=line)
    walk = read_modes()["walk"]
    true = qh.build_network(qh.as_roads(table, crs=CRS)[0], walk)
    assert true.forward_cs.tolist() == [100_000]
    for wrong in ("EPSG:3857", "EPSG:3395"):
        roads = qh.as_roads(table.to_crs(wrong), crs=wrong)[0]
        with pytest.raises(qh.errors.DataError, match=wrong):
            qh.build_network(roads, walk)


def test_the_care_circle_of_the_estate_stays_however_one_way_is_written(root: Path, tmp_path: Path) -> None:
    """40 of 40 of the care circle with true and false, and with every other word for the same."""
    case = root.parent / "shared" / "cases" / "travel" / "estate"
    if not case.is_dir():
        pytest.skip("../shared/cases is absent: the inputs on which a program may go wrong lie beside the checkout")
    for file in case.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    roads = gpd.read_file(case / "roads.gpkg")
    said = roads["oneway"].astype(str).str.lower() == "true"
    for yes, no in (("true", "false"), ("T", "F"), ("F", "B"), ("2", "1"), ("FT", ""), ("单向", "双向"), ("是", "否")):
        column = pd.Series(yes, index=roads.index, dtype=object).where(said, no)
        roads.assign(oneway=column).to_file(tmp_path / "roads.gpkg", driver="GPKG")
        checks = {check.circle.id: check for check in qh.run_study(qh.read_study(tmp_path)).checks}
        assert checks["care-circle"].communities["met"].tolist() == [True] * 4, yes
        assert checks["home-care-circle"].communities.at["v1", "minutes"] == 0
