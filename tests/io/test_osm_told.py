"""What is told of the tags of an extract: hours, what is not understood, what is no road, who may use how much."""

from __future__ import annotations

from pathlib import Path

import pytest

from osm_world import Way, roads_of, told, write_osm
from quarterhour.base.findings import finding_sentences
from quarterhour.base.i18n import LANGUAGES
from quarterhour.io import osm
from quarterhour.io.osm.tags import duration_minutes
from quarterhour.network.modes import read_modes
from quarterhour.network.roads import as_roads
from quarterhour.network.roads.account import doubtful_columns, road_account
from quarterhour.network.speeds import road_speeds

STREET = {"highway": "residential"}


def test_a_plain_town_has_nothing_to_tell(tmp_path: Path) -> None:
    plain: dict[int, Way] = {
        1: ([0, 1, 2], STREET | {"oneway": "yes", "maxspeed": "30", "access": "private"}),
        2: ([2, 3], {"highway": "footway", "bicycle": "designated", "oneway:bicycle": "no"}),
        3: ([3, 4], {"route": "ferry", "duration": "00:20", "access": "unknown"}),
        4: ([4, 14], STREET | {"hgv:conditional": "no @ (Mo-Fr)", "maxspeed": "none", "cycleway": "opposite"}),
    }
    assert told(tmp_path, plain) == {}


def test_rules_for_some_hours_are_not_obeyed_and_told_with_their_kilometres(tmp_path: Path) -> None:
    ways: dict[int, Way] = {
        1: ([0, 1, 2, 3], STREET | {"access:conditional": "no @ (22:00-06:00)"}),
        2: (
            [3, 4],
            STREET | {"motor_vehicle:conditional": "destination @ (Su)", "maxspeed:conditional": "30 @ (Mo-Fr)"},
        ),
        3: ([4, 5, 6], STREET | {"oneway:bicycle:conditional": "yes @ (Mo)", "maxspeed:hgv:conditional": "30 @ (Mo)"}),
    }
    roads, found = osm.read_osm_roads(write_osm(tmp_path, ways), crs="EPSG:32651")
    assert roads[["walk", "drive", "cycle"]].to_numpy().all() and not roads["oneway_cycle"].any()
    rows = found.set_index("rule")
    assert rows.loc["osm.access_hours", ["value", "column"]].tolist() == ["3", "0.6"]
    assert "access:conditional (1)" in rows.loc["osm.access_hours", "detail"]
    assert rows.loc["osm.limit_hours", ["value", "column"]].tolist() == ["1", "0.1"]
    assert set(rows["severity"]) == {"note"}
    for lang in LANGUAGES:
        assert finding_sentences(found, lang).str.count("world.osm").eq(1).all()


def test_values_that_nobody_understands_are_counted(tmp_path: Path) -> None:
    ways: dict[int, Way] = {
        1: ([0, 1], STREET | {"access": "fine_gravel"}),
        2: ([1, 2], STREET | {"access": "fine_gravel", "oneway": "perhaps"}),
        3: ([2, 3], {"route": "ferry", "duration": "a while"}),
        4: ([3, 4], STREET | {"cycleway:left:oneway": "left", "bicycle": "yes;06:00-11:00"}),
    }
    assert told(tmp_path, ways) == {
        "unread": (
            "5",
            "access=fine_gravel (2), cycleway:left:oneway=left (1), duration=a while (1), oneway=perhaps (1)",
        )
    }


def test_ways_that_are_no_road_are_counted_by_their_tag(tmp_path: Path) -> None:
    ways: dict[int, Way] = {
        1: ([0, 1], STREET),
        2: ([1, 2], {"highway": "construction"}),
        3: ([2, 3], {"highway": "construction"}),
        4: ([3, 4], {"highway": "proposed"}),
        5: ([4, 5], {"railway": "rail"}),
    }
    assert told(tmp_path, ways) == {"no_road": ("3", "highway=construction (2), highway=proposed (1)")}


def test_a_street_that_turns_round_is_told(tmp_path: Path) -> None:
    ways: dict[int, Way] = {1: ([0, 1, 2], STREET | {"oneway": "reversible"}), 2: ([2, 3], STREET)}
    assert told(tmp_path, ways) == {"reversible": ("1", "oneway=reversible (1)")}
    half: dict[int, Way] = {1: ([0, 1], STREET | {"motor_vehicle:backward": "destination"}), 2: ([1, 2], STREET)}
    assert told(tmp_path, half) == {"one_direction": ("1", "drive (1)")}


def test_the_account_says_what_each_mode_may_use_and_how(tmp_path: Path) -> None:
    ways: dict[int, Way] = {
        1: ([0, 1, 2, 3], STREET | {"access": "private"}),
        2: ([3, 4], STREET | {"oneway": "yes"}),
        3: ([4, 5, 6], {"highway": "footway", "bicycle": "yes"}),
        4: ([6, 7], {"highway": "footway", "bicycle": "dismount"}),
        5: ([7, 8], {"highway": "footway"}),
    }
    roads = roads_of(tmp_path, ways)
    table = road_account(roads, [read_modes()[m] for m in ("walk", "ebike")]).set_index(["column", "value"])["km"]
    assert {k: round(v, 2) for k, v in table.items() if k[0].startswith("mode")} == {
        ("mode", "walk"): 0.8, ("mode", "ebike"): 0.7, ("mode_ends", "walk"): 0.3, ("mode_ends", "ebike"): 0.3,
        ("mode_oneway", "ebike"): 0.1, ("mode_allowed", "ebike"): 0.3, ("mode_pushed", "ebike"): 0.1,
    }  # fmt: skip


@pytest.mark.parametrize(("highway", "kmh"), [("residential", 100), ("track", 30), ("service", 40), ("motorway", 140)])
def test_a_limit_is_believed_up_to_the_ceiling_of_its_class(tmp_path: Path, highway: str, kmh: float) -> None:
    """Beyond 160 it is no limit at all, and the speed of the class counts."""
    car = read_modes()["car"]
    raw = roads_of(tmp_path, {1: ([0, 1], {"highway": highway, "maxspeed": "150"}), 2: ([1, 2], STREET)})
    assert float(road_speeds(raw, car)[0]) == pytest.approx(0.8 * kmh)
    found = doubtful_columns(as_roads(raw, crs=raw.crs)[0], [car])
    expected = ["roads.limit_capped", "note", "car", f"{highway} 150 (1)"]
    assert found[["rule", "severity", "id", "detail"]].to_numpy().tolist() == [expected]
    wild = raw.assign(maxspeed=["500", ""], maxspeed_against=["500", ""])
    assert float(road_speeds(wild, car)[0]) == pytest.approx(0.8 * kmh)
    known, told_ = as_roads(wild, crs=raw.crs)
    assert float(road_speeds(known, car)[0]) == car.speed_kmh(highway)
    assert list(told_["rule"]) == ["roads.limit_beyond"]


@pytest.mark.parametrize(
    ("said", "minutes"),
    [("1h", 60), ("25分钟", 25), ("00:25", 25), ("1 h 30 min", 90), ("1小时30分", 90), ("2 个小时", 120), ("1h30", 90),
     ("90 min.", 90), ("1.5 h", 90), ("25m", 25), ("45 seconds", 0.75), ("PT25M", 25), ("pt1h", 60), ("1：30", 90),
     ("00:75", None), ("-5", None), ("1 d", 1440), ("20-30", None)],
)  # fmt: skip
def test_durations_with_units_are_read(said: str, minutes: float | None) -> None:
    assert duration_minutes(said) == pytest.approx(float("nan") if minutes is None else minutes, nan_ok=True)
