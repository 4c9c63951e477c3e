"""Who may go where, and in which direction: every tag of access, each with its right time in a tiny world.

Walkers 3.6 km/h, e-bikes 15 km/h, cars as the class says; nodes are those of ``osm_world``.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest

from osm_world import Tags, Way, minutes, roads_of
from quarterhour.io.osm.access import access_columns
from quarterhour.network.access import may_use
from quarterhour.network.modes import read_modes
from quarterhour.network.roads import as_roads
from quarterhour.network.roads.permits import grant, is_read
from quarterhour.network.speeds import road_speeds

STREET = {"highway": "residential"}
C, E, O = "closed", "ends", "open"  # noqa: E741


def leave(**tags: str) -> dict[str, str]:
    """What a way grants: by whom, as a word; keys with "__" for ":"."""
    row = access_columns({"highway": "residential"} | {k.replace("__", ":"): v for k, v in tags.items()})
    return {who: C if not row[who] else E if row[f"{who}_ends"] else O for who in ("walk", "cycle", "drive")}


def ways(**tags: str) -> tuple[int, int, int]:
    """One-way marks of walkers, cyclists and drivers."""
    row = access_columns({"highway": "residential"} | {k.replace("__", ":"): v for k, v in tags.items()})
    return int(row["oneway_foot"]), int(row["oneway_cycle"]), int(row["oneway"])


# --- the third value


@pytest.mark.parametrize(
    "word", ["private", "destination", "customers", "delivery", "permit", "residents", "visitors", "employees"]
)
def test_what_is_for_some_people_is_for_ends_only(word: str) -> None:
    assert leave(access=word) == {"walk": E, "cycle": E, "drive": E}
    assert leave(vehicle=word) == {"walk": O, "cycle": E, "drive": E}
    assert leave(motor_vehicle=word) == leave(motorcar=word) == {"walk": O, "cycle": O, "drive": E}
    assert leave(bicycle=word) == {"walk": O, "cycle": E, "drive": O}
    assert leave(foot=word) == {"walk": E, "cycle": O, "drive": O}


@pytest.mark.parametrize(
    ("tags", "walk", "cycle", "drive"),
    [
        ({"access": "no"}, C, C, C),
        ({"access": "no", "foot": "yes"}, O, C, C),
        ({"access": "no", "motor_vehicle": "destination"}, C, C, E),
        ({"access": "private", "foot": "yes", "bicycle": "permissive"}, O, O, E),
        ({"access": "private", "vehicle": "no"}, E, C, C),
        ({"vehicle": "no", "bicycle": "yes"}, O, O, C),
        ({"vehicle": "no", "motorcar": "yes"}, O, C, O),
        ({"access": "permissive"}, O, O, O),
        ({"access": "unknown"}, O, O, O),
        ({"access": "no", "foot": "unknown"}, C, C, C),
        ({"access": "no", "foot": "gibberish"}, C, C, C),
        # lists: the most that applies
        ({"access": "agricultural;forestry"}, C, C, C),
        ({"motor_vehicle": "agricultural;destination"}, O, O, E),
        ({"motor_vehicle": "agricultural; forestry"}, O, O, C),
        ({"access": "no;private"}, E, E, E),
        ({"vehicle": "destination;yes"}, O, O, O),
        # words of vehicles
        ({"access": "psv"}, C, C, C),
        ({"access": "bus;bicycle"}, C, O, C),
        ({"vehicle": "bus"}, O, C, C),
        ({"access": "emergency"}, C, C, C),
        ({"motor_vehicle": "military"}, O, O, C),
        ({"access": "motorcar"}, C, C, O),
        ({"access": "foot;bicycle"}, O, O, C),
    ],
)
def test_access_by_vehicle(tags: Tags, walk: str, cycle: str, drive: str) -> None:
    assert leave(**tags) == {"walk": walk, "cycle": cycle, "drive": drive}


def test_every_word_of_access_is_read_as_one_thing() -> None:
    assert [grant(word, "drive") for word in ("yes", "private", "no", "", "unknown", "是", "内部", "禁行")] == [
        2, 1, 0, None, None, 2, 1, 0,
    ]  # fmt: skip
    assert is_read("psv") and is_read("unknown") and not is_read("fine_gravel")


def test_a_compound_is_left_by_its_own_drive(tmp_path: Path) -> None:
    """Inside is 42; its private drive leads north to the street of row 5, the shop of the south is at 32.

    From 42 north 100 m, round by the east: 52-57 (500), 57-37 (200), 37-32 (500): 1,300 m on foot.
    """
    town: dict[int, Way] = {
        1: ([42, 52], STREET | {"access": "private"}),
        2: ([52, 53, 54, 55, 56, 57], STREET),
        3: ([57, 47, 37], STREET),
        4: ([37, 36, 35, 34, 33, 32], STREET),
    }
    roads = roads_of(tmp_path, town)
    assert minutes(roads, "walk", 42, 32) == pytest.approx(1300 / 60, abs=0.02)
    assert minutes(roads, "walk", 32, 42) == pytest.approx(1300 / 60, abs=0.02)
    assert minutes(roads, "walk", 42, 53) == pytest.approx(200 / 60, abs=0.02)


def test_a_base_behind_its_own_gate_reaches_out_and_nobody_passes(tmp_path: Path) -> None:
    """0-1-2-3 leads through a private gate at 1 to the base at 3; the street is 0-10-..-50, later also 50-53-3."""
    town: dict[int, Way] = {
        1: ([0, 1, 2, 3], {"highway": "service"}),
        2: ([0, 10, 20, 30, 40, 50], STREET),
    }
    gate = {1: {"barrier": "gate", "access": "private"}}
    roads = roads_of(tmp_path, town, nodes=gate)
    assert set(roads["barrier_to"]) == {"", "ends_walk;ends_cycle;ends_drive"}
    assert minutes(roads, "ebike", 3, 50) == minutes(roads, "ebike", 50, 3) == pytest.approx(0.8 / 15 * 60, abs=0.02)
    through: dict[int, Way] = town | {3: ([3, 13, 23, 33, 43, 53], STREET), 4: ([50, 51, 52, 53], STREET)}
    roads = roads_of(tmp_path, through, nodes=gate)
    # 0 to 13: by the gate 400 m, round 500 + 300 + 400
    assert minutes(roads, "walk", 0, 13) == pytest.approx(1200 / 60, abs=0.02)


# --- permission by name


def test_a_footway_that_cyclists_are_allowed_on_is_ridden(tmp_path: Path) -> None:
    """1 km of footway north, and a way round of 2.8 km."""
    path = [10 * row for row in range(11)]
    far = [0, *range(1, 10), *(10 * row + 9 for row in range(1, 11)), *(100 + c for c in range(8, -1, -1))]
    for said, expected in (({"bicycle": "designated"}, 4.0), ({}, 2.8 * 4), ({"bicycle": "no"}, 2.8 * 4)):
        roads = roads_of(tmp_path, {1: (path, {"highway": "footway"} | said), 2: (far, STREET)})
        assert minutes(roads, "ebike", 0, 100) == pytest.approx(expected, abs=0.02)
    walked = roads_of(tmp_path, {1: (path, {"highway": "footway", "bicycle": "dismount"}), 2: (far, STREET)})
    assert minutes(walked, "ebike", 0, 100) == pytest.approx(2.8 * 4, abs=0.02)  # pushing takes 16.7
    assert walked.loc[walked.index.str.startswith("w1."), "cycle_pushed"].all()


@pytest.mark.parametrize(
    ("tags", "mode", "kmh"),
    [
        ({"highway": "pedestrian", "bicycle": "yes"}, "ebike", 15),
        ({"highway": "pedestrian", "bicycle": "dismount"}, "ebike", 3.6),
        ({"highway": "path", "bicycle": "dismount"}, "ebike", 3.6),
        ({"highway": "footway", "bicycle": "permissive"}, "ebike", 15),
        ({"highway": "footway", "bicycle": "destination"}, "ebike", 15),
        ({"highway": "steps", "bicycle": "yes"}, "ebike", 2),
        ({"highway": "footway", "access": "yes"}, "ebike", None),
        ({"highway": "pedestrian", "motor_vehicle": "yes"}, "car", 10),
        ({"highway": "pedestrian", "motor_vehicle": "destination"}, "car", 10),
        ({"highway": "pedestrian", "access": "yes"}, "car", None),
        ({"highway": "path", "motorcar": "yes"}, "car", 10),
        ({"highway": "steps", "motor_vehicle": "yes"}, "car", None),
        ({"highway": "trunk", "foot": "yes"}, "walk", 3.6),
        ({"highway": "trunk_link", "foot": "yes"}, "walk-older", 2.7),
        ({"highway": "trunk_link"}, "walk", None),
        ({"highway": "trunk", "motorroad": "yes"}, "walk", None),
        ({"highway": "trunk", "motorroad": "yes", "foot": "yes"}, "walk", 3.6),
        ({"highway": "trunk", "motorroad": "yes"}, "ebike", None),
        ({"highway": "trunk", "motorroad": "yes", "access": "yes"}, "walk", None),
        ({"highway": "motorway", "oneway": "no", "bicycle": "yes"}, "ebike", 15),
        ({"highway": "motorway", "oneway": "no", "vehicle": "yes"}, "ebike", None),
        ({"highway": "primary", "foot": "use_sidepath"}, "walk", None),
        ({"highway": "primary", "bicycle": "use_sidepath"}, "ebike", None),
    ],
)
def test_permission_by_name_goes_before_the_class(tmp_path: Path, tags: Tags, mode: str, kmh: float | None) -> None:
    roads = roads_of(tmp_path, {1: ([0, 1, 2, 3, 4, 5], tags), 2: ([0, 10], STREET)})
    way = roads.loc[["w1.1"]]
    said = read_modes()[mode]
    speed = float(road_speeds(way, said)[0]) if may_use(way, said)[0] else 0.0
    assert speed == pytest.approx(kmh or 0.0)


def test_a_ferry_for_walkers_opens_no_ferry_to_the_standard_of_distance(tmp_path: Path) -> None:
    roads = roads_of(tmp_path, {1: ([0, 1, 2], {"route": "ferry", "foot": "yes"}), 2: ([2, 3, 4], STREET)})
    assert not roads["walk_allowed"].any()


# --- direction


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"oneway": "yes"}, (0, 1, 1)),
        ({"oneway": "-1"}, (0, -1, -1)),
        ({"junction": "roundabout"}, (0, 1, 1)),
        ({"junction": "circular", "oneway": "no"}, (0, 0, 0)),
        ({"highway": "motorway"}, (0, 1, 1)),
        ({"oneway": "alternating"}, (0, 0, 0)),
        ({"oneway": "sometimes"}, (0, 0, 0)),
        # by vehicle
        ({"oneway": "yes", "oneway:bicycle": "no"}, (0, 0, 1)),
        ({"oneway:bicycle": "yes"}, (0, 1, 0)),
        ({"oneway:bicycle": "-1"}, (0, -1, 0)),
        ({"oneway:motor_vehicle": "yes"}, (0, 0, 1)),
        ({"oneway:motorcar": "-1"}, (0, 0, -1)),
        ({"oneway": "yes", "oneway:motor_vehicle": "no"}, (0, 1, 0)),
        ({"oneway:vehicle": "yes"}, (0, 1, 1)),
        ({"oneway:vehicle": "yes", "oneway:bicycle": "no"}, (0, 0, 1)),
        ({"oneway:foot": "yes"}, (1, 0, 0)),
        ({"oneway": "yes", "oneway:foot": "-1"}, (-1, 1, 1)),
        # access by direction
        ({"access:backward": "no"}, (1, 1, 1)),
        ({"vehicle:forward": "no"}, (0, -1, -1)),
        ({"motor_vehicle:backward": "no"}, (0, 0, 1)),
        ({"bicycle:backward": "no"}, (0, 1, 0)),
        ({"foot:backward": "no"}, (1, 0, 0)),
        ({"vehicle:backward": "no", "bicycle": "yes"}, (0, 0, 1)),
        ({"motor_vehicle:backward": "private"}, (0, 0, 1)),
        ({"motor_vehicle:backward": "psv"}, (0, 0, 1)),
        ({"oneway": "yes", "bicycle:backward": "yes"}, (0, 0, 1)),
        ({"oneway": "yes", "motor_vehicle:backward": "no"}, (0, 1, 1)),
        # cyclists against
        ({"oneway": "yes", "cycleway": "opposite"}, (0, 0, 1)),
        ({"oneway": "yes", "cycleway": "opposite_lane"}, (0, 0, 1)),
        ({"oneway": "yes", "cycleway": "opposite_track"}, (0, 0, 1)),
        ({"oneway": "-1", "cycleway": "opposite"}, (0, 0, -1)),
        ({"oneway": "yes", "cycleway": "lane"}, (0, 1, 1)),
        ({"oneway": "yes", "cycleway:left": "opposite_lane"}, (0, 0, 1)),
        ({"oneway": "yes", "cycleway:left": "lane", "cycleway:left:oneway": "-1"}, (0, 0, 1)),
        ({"oneway": "yes", "cycleway:right": "track", "cycleway:right:oneway": "no"}, (0, 0, 1)),
        ({"oneway": "yes", "cycleway:both": "lane", "cycleway:both:oneway": "yes"}, (0, 1, 1)),
        ({"oneway": "-1", "cycleway:left": "lane", "cycleway:left:oneway": "yes"}, (0, 0, -1)),
        ({"oneway": "yes", "cycleway:left": "no", "cycleway:left:oneway": "-1"}, (0, 1, 1)),
        ({"oneway": "yes", "cycleway:left": "separate", "cycleway:left:oneway": "-1"}, (0, 1, 1)),
        ({"oneway": "yes", "oneway:bicycle": "yes", "cycleway": "opposite"}, (0, 1, 1)),
        ({"oneway": "yes", "bicycle": "dismount"}, (0, 0, 1)),
        # walkers
        ({"highway": "steps", "conveying": "forward"}, (1, 0, 0)),
        ({"highway": "steps", "conveying": "backward"}, (-1, 0, 0)),
    ],
)  # fmt: skip
def test_direction_by_vehicle(tags: Tags, expected: tuple[int, int, int]) -> None:
    assert ways(**tags) == expected


def test_a_reversible_street_is_driven_by_nobody_and_walked_by_all() -> None:
    assert leave(oneway="reversible") == {"walk": O, "cycle": C, "drive": C}
    assert leave(oneway="reversible", oneway__bicycle="no") == {"walk": O, "cycle": O, "drive": C}
    assert leave(oneway="alternating") == {"walk": O, "cycle": O, "drive": O}
    assert leave(vehicle__forward="no", vehicle__backward="no") == {"walk": O, "cycle": C, "drive": C}


def against(tmp_path: Path, tags: Tags) -> gpd.GeoDataFrame:
    """A street of 1 km north, driven along; the way round is 2.8 km."""
    street = [10 * row for row in range(11)]
    far = [0, *range(1, 10), *(10 * row + 9 for row in range(1, 11)), *(100 + c for c in range(8, -1, -1))]
    return roads_of(tmp_path, {1: (street, STREET | tags), 2: (far, STREET)})


@pytest.mark.parametrize(
    ("tags", "walk", "ebike", "car"),
    [
        ({"oneway": "yes"}, 1000, 2800, 2800),
        ({"oneway": "yes", "cycleway": "opposite"}, 1000, 1000, 2800),
        ({"motor_vehicle:backward": "no"}, 1000, 1000, 2800),
        ({"vehicle:backward": "no"}, 1000, 2800, 2800),
        ({"oneway:foot": "yes"}, 2800, 1000, 1000),
        ({"access:backward": "no"}, 2800, 2800, 2800),
    ],
)
def test_against_the_street_one_goes_round(tmp_path: Path, tags: Tags, walk: int, ebike: int, car: int) -> None:
    roads = against(tmp_path, tags)
    for mode, metres, kmh in (("walk", walk, 3.6), ("ebike", ebike, 15), ("car", car, 25)):
        assert minutes(roads, mode, 100, 0) == pytest.approx(metres / kmh * 0.06, rel=2e-3), mode
        assert minutes(roads, mode, 0, 100) == pytest.approx(1000 / kmh * 0.06, rel=2e-3), mode


def test_the_door_reads_the_columns_of_an_extract_as_they_are(tmp_path: Path) -> None:
    raw = against(tmp_path, {"oneway": "yes", "access": "private", "bicycle": "yes", "oneway:foot": "yes"})
    roads, found = as_roads(raw, crs=raw.crs)
    assert found.empty
    columns = [c for c in raw if c.startswith(("walk", "drive", "cycle", "oneway"))]
    assert roads[columns].equals(raw[columns])
