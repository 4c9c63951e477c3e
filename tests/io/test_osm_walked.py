"""What people walk that is no highway: piers, platforms, squares, ferries of relations; and what they avoid."""

from __future__ import annotations

from pathlib import Path

import pytest

from osm_world import Relation, Tags, Way, minutes, roads_of, told
from quarterhour.network.modes import as_mode

STREET = {"highway": "residential"}
SQUARE = [11, 12, 13, 23, 33, 32, 31, 21, 11]
"""200 m by 200 m, its corners 11, 13, 33, 31."""
ARMS: dict[int, Way] = {1: ([1, 11], STREET), 2: ([33, 43], STREET), 3: ([13, 14], STREET)}


# --- ground that is crossed


@pytest.mark.parametrize(
    "tags",
    [
        {"highway": "pedestrian", "area": "yes"},
        {"highway": "footway", "area": "yes"},
        {"man_made": "pier"},
        {"railway": "platform"},
        {"public_transport": "platform", "area": "yes"},
        {"highway": "platform"},
        {"indoor": "corridor", "area": "yes"},
    ],
)
def test_a_square_is_crossed_in_straight_lines(tmp_path: Path, tags: Tags) -> None:
    """From 1 over the square's diagonal to 43: 100 + 282.8 + 100 m; along its edge 100 + 400 + 100."""
    roads = roads_of(tmp_path, {9: (SQUARE, tags), **ARMS})
    assert minutes(roads, "walk", 1, 43) == pytest.approx(482.84 / 60, abs=0.02)
    assert roads.index.is_unique and set(roads.index.str.partition(".").get_level_values(0)) == {"w1", "w2", "w3", "w9"}


def test_a_ring_that_is_no_ground_is_walked_along_its_edge(tmp_path: Path) -> None:
    for tags in ({"highway": "pedestrian"}, {"man_made": "pier", "area": "no"}, {"highway": "service", "area": "yes"}):
        roads = roads_of(tmp_path, {9: (SQUARE, tags), **ARMS})
        assert minutes(roads, "walk", 1, 43) == pytest.approx(600 / 60, abs=0.02)


def test_a_line_leaves_no_ground(tmp_path: Path) -> None:
    """An L: corners 11, 14, 24, 22, 42, 41. From 14 to 41 one keeps to the edge; from 14 to 22 one goes straight."""
    bent = [11, 12, 13, 14, 24, 23, 22, 32, 42, 41, 31, 21, 11]
    arms: dict[int, Way] = {1: ([14, 15], STREET), 2: ([41, 51], STREET), 3: ([22, 33], STREET)}
    roads = roads_of(tmp_path, {9: (bent, {"highway": "pedestrian", "area": "yes"}), **arms})
    straight = (200**2 + 100**2) ** 0.5
    assert minutes(roads, "walk", 14, 22) == pytest.approx(straight / 60, abs=0.02)
    assert minutes(roads, "walk", 15, 51) == pytest.approx((100 + 2 * straight + 100) / 60, abs=0.02)


def test_a_square_of_several_ways_with_a_pond_is_crossed_beside_the_pond(tmp_path: Path) -> None:
    """Corners 1, 5, 45, 41; the pond's are 22, 24, 34, 32. From 1 to 45 and 5 to 41 the pond is in the way."""
    plaza: Tags = {"type": "multipolygon", "highway": "pedestrian", "name": "广场"}
    ways: dict[int, Way] = {
        7: ([1, 2, 3, 4, 5, 15, 25, 35, 45], {}),
        8: ([45, 44, 43, 42, 41, 31, 21, 11, 1], {"barrier": "kerb"}),
        9: ([22, 23, 24, 34, 33, 32, 22], {"natural": "water"}),
        1: ([1, 0], STREET),
        2: ([45, 46], STREET),
        3: ([3, 13], STREET),
        4: ([15, 16], STREET),
    }
    member: dict[int, Relation] = {70: ([(7, "outer"), (8, "outer"), (9, "inner")], plaza)}
    roads = roads_of(tmp_path, ways, relations=member)
    assert set(roads.loc[roads.index.str.startswith(("w7.", "w8.")), "road_class"]) == {"pedestrian"}
    assert not roads.index.str.startswith("w9.").any()
    assert minutes(roads, "walk", 3, 15) == pytest.approx((200**2 + 100**2) ** 0.5 / 60, abs=0.02)
    by_the_pond = 200 + (200**2 + 400**2) ** 0.5  # along the edge to 3, then past the pond's corner at 24
    assert minutes(roads, "walk", 1, 45) == pytest.approx(by_the_pond / 60, abs=0.02)
    assert set(roads["name"]) == {"", "广场"}
    found = told(tmp_path, ways, relations=member)
    assert "edge_only" not in found


def test_a_square_that_the_extract_cuts_is_walked_along_its_edge_and_told(tmp_path: Path) -> None:
    plaza: Tags = {"type": "multipolygon", "highway": "pedestrian"}
    ways: dict[int, Way] = {7: ([11, 12, 13, 23, 33], {}), 1: ([1, 11], STREET), 2: ([33, 43], STREET)}
    member: dict[int, Relation] = {70: ([(7, "outer"), (8, "outer")], plaza)}
    assert minutes(roads_of(tmp_path, ways, relations=member), "walk", 1, 43) == pytest.approx(10, abs=0.02)
    assert told(tmp_path, ways, relations=member)["edge_only"] == ("1", "0")


def test_what_no_road_meets_is_left_out_and_told(tmp_path: Path) -> None:
    ways: dict[int, Way] = {
        1: ([0, 1, 2], STREET),
        2: ([2, 3], {"man_made": "pier"}),
        3: ([3, 4], {"man_made": "pier"}),
        4: ([53, 54], {"railway": "platform"}),
        5: ([63, 64], {"highway": "platform"}),
        6: ([73, 74], {"man_made": "pier"}),
    }
    roads = roads_of(tmp_path, ways)
    assert list(roads.index) == ["w1.1", "w2.1", "w3.1"]
    assert told(tmp_path, ways)["alone"] == ("3", "platform (2), pier (1)")
    assert minutes(roads, "walk", 0, 4) == pytest.approx(400 / 60, abs=0.02)


@pytest.mark.parametrize("tags", [{"man_made": "pier"}, {"railway": "platform"}, {"indoor": "corridor"}])
def test_piers_and_platforms_are_walked_and_ridden_only_by_permission(tmp_path: Path, tags: Tags) -> None:
    roads = roads_of(tmp_path, {1: ([0, 1], STREET), 2: ([1, 2], tags), 3: ([1, 11], tags | {"bicycle": "yes"})})
    assert roads[["walk", "cycle", "drive"]].to_numpy().tolist() == [
        [True] * 3,
        [True, False, False],
        [True, True, False],
    ]
    assert minutes(roads, "walk-frail", 0, 2) == pytest.approx(200 / 0.64 / 60, abs=0.03)


def test_steps_lifts_and_corridors_indoors_join_levels(tmp_path: Path) -> None:
    tags: list[Tags] = [{"highway": k, "indoor": "yes"} for k in ("corridor", "steps", "elevator", "footway")]
    ways: dict[int, Way] = {n + 1: ([n, n + 1], said) for n, said in enumerate(tags)}
    assert minutes(roads_of(tmp_path, ways), "walk", 0, 4) == pytest.approx(400 / 60, abs=0.02)


# --- ferries of relations


def test_a_ferry_route_makes_ferries_of_its_ways_and_shares_out_its_minutes(tmp_path: Path) -> None:
    """Two ways of 100 and 300 m without tags, 20 minutes in all; one goes 600 m on foot besides, and waits 10."""
    ways: dict[int, Way] = {
        1: ([0, 1], STREET), 2: ([1, 2], {}), 3: ([2, 3, 4, 5], {"seamark:type": "ferry_route"}), 4: ([5, 6], STREET),
    }  # fmt: skip
    route: Tags = {"type": "route", "route": "ferry", "duration": "00:20", "foot": "yes"}
    member: dict[int, Relation] = {70: ([(2, ""), (3, "")], route)}
    roads = roads_of(tmp_path, ways, relations=member)
    ferry = roads[roads["road_class"] == "ferry"]
    assert list(ferry.index) == ["w2.1", "w3.1"]
    assert list(ferry["minutes_along"]) == pytest.approx([5, 15], abs=0.02)
    assert list(ferry["ferry_share"]) == pytest.approx([0.25, 0.75], abs=1e-3)
    assert (ferry["walk"].all(), ferry["drive"].any()) == (True, False)
    assert minutes(roads, "walk-older", 0, 6) == pytest.approx(200 / 0.75 / 60 + 20 + 10, abs=0.03)
    cut = roads_of(tmp_path, ways, relations={70: ([(2, ""), (3, ""), (99, "")], route)})
    assert cut["minutes_along"].isna().all()  # how much of the crossing lies beyond nobody knows


def test_a_ferry_with_a_duration_of_its_own_keeps_it(tmp_path: Path) -> None:
    ways: dict[int, Way] = {
        1: ([0, 1], STREET), 2: ([1, 2], {"route": "ferry", "duration": "7 min"}), 3: ([1, 11], {"route": "ferry"}),
    }  # fmt: skip
    route: Tags = {"type": "route", "route": "ferry", "duration": "25分钟"}
    roads = roads_of(tmp_path, ways, relations={70: ([(2, ""), (3, "")], route)})
    assert roads["minutes_along"].fillna(-1).tolist() == pytest.approx([-1, 7, 25], abs=1e-6)


# --- what is hard to walk


@pytest.mark.parametrize(
    ("tags", "who"),
    [
        ({"highway": "path", "sac_scale": "hiking"}, {"walk", "walk-older", "walk-frail"}),
        ({"highway": "path", "sac_scale": "mountain_hiking"}, {"walk"}),
        ({"highway": "path", "sac_scale": "hiking;alpine_hiking", "foot": "yes"}, {"walk"}),
        ({"highway": "path", "trail_visibility": "intermediate"}, {"walk", "walk-older", "walk-frail"}),
        ({"highway": "path", "trail_visibility": "horrible"}, {"walk"}),
        ({"highway": "primary", "sidewalk": "no"}, {"walk"}),
        ({"highway": "primary", "sidewalk": "none"}, {"walk"}),
        ({"highway": "secondary", "sidewalk:both": "no"}, {"walk"}),
        ({"highway": "primary", "sidewalk": "left"}, {"walk", "walk-older", "walk-frail"}),
        ({"highway": "primary", "sidewalk": "no", "foot": "yes"}, {"walk", "walk-older", "walk-frail"}),
        ({"highway": "residential", "sidewalk": "no"}, {"walk", "walk-older", "walk-frail"}),
        ({"highway": "primary"}, {"walk", "walk-older", "walk-frail"}),
    ],
)
def test_older_and_frail_walkers_avoid_what_they_cannot_walk(tmp_path: Path, tags: Tags, who: set[str]) -> None:
    """500 m of it, or 700 m by a street beside it."""
    ways: dict[int, Way] = {1: ([0, 1, 2, 3, 4, 5], tags), 2: ([0, 10, 11, 12, 13, 14, 15, 5], STREET)}
    roads = roads_of(tmp_path, ways)
    for name in ("walk", "walk-older", "walk-frail"):
        pace_ms = {"walk": 1.0, "walk-older": 0.75, "walk-frail": 0.64}[name]
        expected = (500 if name in who else 700) / pace_ms / 60
        assert minutes(roads, name, 0, 5) == pytest.approx(expected, rel=5e-3), name


def test_a_study_says_what_a_mode_avoids(tmp_path: Path) -> None:
    ways: dict[int, Way] = {1: ([0, 1, 2], {"highway": "track"}), 2: ([0, 10, 11, 12, 2], STREET)}
    roads = roads_of(tmp_path, ways).assign(lit=["no", "yes"])
    mine = as_mode("mine", {"travels": "walk", "speed_kmh": 3.6, "avoids": ["track lit=no"]})
    assert minutes(roads, mine, 0, 2) == pytest.approx(400 / 60, abs=0.02)
    assert minutes(roads.drop(columns="lit"), mine, 0, 2) == pytest.approx(200 / 60, abs=0.02)
    with pytest.raises(ValueError, match="mine"):
        as_mode("mine", {"travels": "walk", "speed_kmh": 3.6, "avoids": ["dark"]})
