"""How fast whom."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from importlib import resources

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE, centiseconds
from quarterhour.base.errors import DataError
from quarterhour.network import access
from quarterhour.network.modes import as_mode, read_modes

WALK = {"travels": "walk", "speed_kmh": 3.6}


def test_every_mode_has_both_names_a_source_and_a_date() -> None:
    for mode in read_modes().values():
        assert mode.zh and mode.en and mode.source and mode.date
        assert mode.name("zh") == mode.zh and mode.name("en") == mode.en


@pytest.mark.parametrize(("name", "metres"), [("walk", 900), ("walk-older", 675), ("walk-frail", 576)])
def test_walkers_go_as_far_in_a_quarter_of_an_hour_as_their_source_says(name: str, metres: int) -> None:
    speed = read_modes()[name].speed_kmh("residential")
    assert speed is not None
    assert speed / 3.6 * 900 == pytest.approx(metres)


def test_vehicles_obey_one_way_streets_and_walkers_do_not() -> None:
    assert {m.id: m.obeys_oneway for m in read_modes().values()} == {
        "walk": False, "walk-older": False, "walk-frail": False, "ebike": True, "car": True,
    }  # fmt: skip


def test_forbidden_classes_have_no_speed_and_unknown_ones_the_common_speed() -> None:
    modes = read_modes()
    assert modes["walk"].speed_kmh("motorway") is None
    assert modes["walk"].speed_kmh("construction") is None
    assert modes["walk"].speed_kmh("a class of next year") == 3.6
    assert modes["ebike"].speed_kmh("footway") is None
    assert modes["car"].speed_kmh("footway") is None


def test_a_car_is_faster_on_the_greater_road() -> None:
    car = read_modes()["car"]
    speeds = [car.speed_kmh(c) or 0 for c in ("motorway", "trunk", "primary", "secondary", "tertiary", "residential")]
    assert speeds == sorted(speeds, reverse=True)


def test_modes_cannot_be_changed() -> None:
    walk = read_modes()["walk"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        walk.gap_kmh = 5  # type: ignore[misc]
    with pytest.raises(TypeError):
        walk.speeds_kmh["path"] = 9  # type: ignore[index]
    with pytest.raises(TypeError):
        read_modes()["fast"] = walk  # type: ignore[index]


def test_a_mode_says_its_top_speed() -> None:
    assert repr(read_modes()["ebike"]) == "<Mode ebike: vehicle, up to 15 km/h, turnout 3 min>"


@pytest.mark.parametrize(
    "wrong",
    [
        {"travels": "fly"},
        {"travels": None},
        {"speed_kmh": -1},
        {"speed_kmh": float("nan")},
        {"speed_kmh": float("inf")},
        {"speed_kmh": "fast"},
        {"speeds_kmh": {"primary": -5}},
        {"turnout_minutes": -1},
        {"gap_kmh": 0},
        {"turn_seconds": {"left": -1}},
        {"turn_seconds": {"back": 3}},
        {"drives_on": "middle"},
    ],
)
def test_a_mode_that_cannot_be_meant_is_named(wrong: dict[str, object]) -> None:
    with pytest.raises(DataError, match="mode 'mine'") as caught:
        as_mode("mine", {**WALK, **wrong})
    assert "mine" in caught.value.sentence("zh")


@given(st.integers(0, 600 * CENTISECONDS_PER_MINUTE))
def test_minutes_and_centiseconds_agree_both_ways(cs: int) -> None:
    assert centiseconds(cs / CENTISECONDS_PER_MINUTE) == cs


def test_every_figure_has_its_source_in_the_file() -> None:
    """``[sources]`` names each figure; a mode's own entry goes before the common one."""
    text = (resources.files("quarterhour") / "data" / "modes.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    sources = tables.pop("sources")
    said = ("zh", "en", "travels", "uses", "source", "date", "verified")
    figures = {(mode, name) for mode, table in tables.items() for name in table if name not in said}
    assert not {f"{mode}.{name}" for mode, name in figures if not {name, f"{mode}.{name}"} & set(sources)}
    used = {name for _, name in figures} | {f"{mode}.{name}" for mode, name in figures}
    used |= {f"speeds_kmh.{name}" for table in tables.values() for name in table.get("speeds_kmh", {})}
    assert set(sources) <= used
    for name, source in sources.items():
        assert re.search(r"\b(19|20)\d\d\b|assumed|`source`", source), name


def test_limits_have_their_source_in_the_file() -> None:
    text = (resources.files("quarterhour") / "data" / "speed_limits.toml").read_text(encoding="utf-8")
    assert "OSRM" in text and "405" in text
    table = tomllib.loads(text)
    assert all(0.5 < factor < 4 for factor in table.pop("units").values())
    assert all(0 < float(kmh) <= 140 for kmh in table.values())


def test_a_mode_uses_roads_as_walkers_drivers_or_cyclists_do() -> None:
    assert {m.id: m.uses for m in read_modes().values()} == {
        "walk": "walk", "walk-older": "walk", "walk-frail": "walk", "ebike": "cycle", "car": "drive",
    }  # fmt: skip
    assert as_mode("mine", {"travels": "vehicle", "speed_kmh": 20}).uses == "drive"
    with pytest.raises(DataError, match="mode 'mine'"):
        as_mode("mine", {**WALK, "uses": "drive"})


def test_an_e_bike_without_a_column_for_cyclists_goes_where_vehicles_may() -> None:
    roads = pd.DataFrame({"walk": [True, True], "drive": [False, True]})
    ebike = read_modes()["ebike"]
    assert access.may_use(roads, ebike).tolist() == [False, True]
    assert access.may_use(roads.assign(cycle=[True, False]), ebike).tolist() == [True, False]
    assert access.may_use(roads[[]], ebike).tolist() == [True, True]
