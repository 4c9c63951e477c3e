"""Places out of OpenStreetMap by any tags, with outlines that are whole, cut or missing; and a part of an extract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from osm_world import osm_file
from quarterhour.base.errors import DataError
from quarterhour.io import osm
from quarterhour.io.osm.tags import kind_of, wanted_rules

UTM32 = "EPSG:32632"

# A square of side 0.002 degrees (nodes 1-4) with its middle at 9.501, 47.101; a shop as a node (5).
NODES = {1: (9.500, 47.100), 2: (9.502, 47.100), 3: (9.502, 47.102), 4: (9.500, 47.102), 5: (9.510, 47.100)}
NODES |= {6: (9.600, 47.100), 7: (9.601, 47.100), 8: (9.700, 47.100), 9: (9.701, 47.100)}


def write(
    folder: Path,
    *,
    nodes: dict[int, dict[str, str]] | None = None,
    ways: dict[int, tuple[list[int], dict[str, str]]] | None = None,
    relations: dict[int, tuple[list[tuple[str, int]], dict[str, str]]] | None = None,
) -> Path:
    members = {i: ([(*part, "outer") for part in parts], tags) for i, (parts, tags) in (relations or {}).items()}
    return osm_file(folder / "part.osm", NODES, nodes or {}, ways or {}, members)


def lonlat(places: Any, place: str) -> tuple[float, float]:
    point = places.to_crs(4326).geometry[place]
    return round(point.x, 4), round(point.y, 4)


# --- tags


def test_any_one_of_the_tags_is_enough_and_says_the_kind(tmp_path: Path) -> None:
    said = {1: {"amenity": "pharmacy"}, 2: {"shop": "bakery"}, 3: {"shop": "no"}, 4: {"amenity": "bar"}, 5: {}}
    extract = write(tmp_path, nodes=said)
    wanted = {"amenity": ["pharmacy"], "shop": True}
    found = osm.read_osm_places(extract, kinds=wanted, crs=UTM32)
    assert dict(found["kind"]) == {"n1": "pharmacy", "n2": "bakery"}
    named = osm.read_osm_places(extract, kinds=wanted, crs=UTM32, kind="daily")
    assert set(named["kind"]) == {"daily"}


def test_a_text_is_a_list_of_one_and_the_first_key_decides() -> None:
    rules = wanted_rules({"amenity": "pharmacy", "shop": True})
    assert kind_of({"shop": "chemist", "amenity": "pharmacy"}, rules) == "pharmacy"
    assert kind_of({"shop": "chemist", "amenity": "bar"}, rules) == "chemist"
    assert kind_of({"amenity": "bar"}, rules) is None


def test_a_tag_may_hold_several_values() -> None:
    rules = wanted_rules({"amenity": ["pharmacy"]})
    assert kind_of({"amenity": "clinic; pharmacy"}, rules) == "pharmacy"
    assert kind_of({"amenity": "clinic;hospital"}, wanted_rules(["hospital"])) == "hospital"
    assert kind_of({"amenity": "pharmacyx"}, rules) is None


def test_kinds_of_the_study_have_tags_of_their_own() -> None:
    own = {"gp": [{"healthcare": True, "access": ["yes", "customers"]}]}
    rules = wanted_rules(["gp", "hospital"], own=own)
    assert kind_of({"healthcare": "doctor", "access": "yes"}, rules) == "gp"
    assert kind_of({"healthcare": "doctor"}, rules) is None
    with pytest.raises(DataError, match=r"'bank'.*gp"):
        wanted_rules(["bank"], own=own)


def test_kinds_may_all_be_given_one_name(tmp_path: Path) -> None:
    extract = write(tmp_path, nodes={1: {"amenity": "hospital"}, 2: {"amenity": "clinic"}})
    found = osm.read_osm_places(extract, kinds=["hospital", "clinic"], crs=UTM32, kind="care")
    assert list(found["kind"]) == ["care", "care"]


# --- outlines


def within(extract: Path, **more: Any) -> Any:
    rules = wanted_rules({"building": True, "amenity": True})
    return osm.read_places_within(extract, rules, crs=UTM32, table="facilities", **more)


def test_a_building_is_a_point_inside_it(tmp_path: Path) -> None:
    found, told = within(write(tmp_path, ways={10: ([1, 2, 3, 4, 1], {"building": "yes"})}))
    assert lonlat(found, "w10") == (9.501, 47.101)
    assert told.empty


def test_an_outline_of_several_ways_is_whole_where_all_are_there(tmp_path: Path) -> None:
    ways: dict[int, Any] = {10: ([1, 2, 3], {}), 11: ([3, 4, 1], {})}
    campus = {"type": "multipolygon", "amenity": "hospital"}
    found, told = within(write(tmp_path, ways=ways, relations={20: ([("way", 10), ("way", 11)], campus)}))
    assert list(found.index) == ["r20"]
    assert lonlat(found, "r20") == (9.501, 47.101)
    assert told.empty


def test_an_outline_with_a_missing_way_is_put_in_the_middle_of_the_rest_and_told(tmp_path: Path) -> None:
    campus = {"type": "multipolygon", "amenity": "hospital", "name": "医院"}
    extract = write(
        tmp_path, ways={10: ([1, 2], {})}, relations={20: ([("way", 10), ("way", 99)], campus)}
    )  # fmt: skip
    found, told = within(extract)
    assert lonlat(found, "r20") == (9.501, 47.1)
    assert told[["rule", "severity", "value", "detail"]].to_numpy().tolist() == [
        ["osm.outline_in_part", "warning", "1", "r20"]
    ]


def test_an_outline_of_which_nothing_is_there_is_set_aside_by_name(tmp_path: Path) -> None:
    campus = {"type": "multipolygon", "amenity": "hospital", "name": "医院"}
    extract = write(tmp_path, nodes={5: {"amenity": "bar"}}, relations={20: ([("way", 99)], campus)})
    found, told = within(extract)
    assert list(found.index) == ["n5"]
    assert told[["rule", "severity", "id", "value"]].to_numpy().tolist() == [["osm.no_outline", "error", "r20", "医院"]]
    assert osm.read_osm_places(extract, kinds={"amenity": True}, crs=UTM32).geometry["r20"] is None


def test_a_site_without_an_outline_is_in_the_middle_of_its_members(tmp_path: Path) -> None:
    site = {"type": "site", "amenity": "school"}
    found, told = within(write(tmp_path, relations={20: ([("node", 1), ("node", 3)], site)}))
    assert lonlat(found, "r20") == (9.501, 47.101)
    assert list(told["rule"]) == ["osm.outline_in_part"]


def test_a_building_cut_by_the_extract_is_told(tmp_path: Path) -> None:
    found, told = within(write(tmp_path, ways={10: ([1, 2, 98, 99, 1], {"building": "yes"})}))
    assert lonlat(found, "w10")[1] == 47.1
    assert list(told["rule"]) == ["osm.outline_in_part"]


# --- a part of an extract


STREET: dict[int, tuple[list[int], dict[str, str]]] = {
    30: ([1, 2, 5], {"highway": "residential"}),
    31: ([5, 6, 7], {"highway": "residential"}),
    32: ([8, 9], {"highway": "residential"}),
    33: ([6, 8], {"railway": "rail"}),
}
HERE = (9.499, 47.099, 9.503, 47.103)


def test_roads_outside_the_part_are_left_out_and_counted(tmp_path: Path) -> None:
    extract = write(tmp_path, ways=STREET)
    roads, told = osm.read_osm_roads(extract, crs=UTM32, bbox=HERE)
    assert list(roads.index) == ["w30.1"]
    assert told[["rule", "severity", "value"]].to_numpy().tolist() == [["osm.roads_outside", "note", "2"]]
    assert "9.50" in told["detail"][0]


def test_a_part_that_holds_everything_is_the_whole(tmp_path: Path) -> None:
    extract = write(tmp_path, ways=STREET)
    roads, told = osm.read_osm_roads(extract, crs=UTM32, bbox=(9, 47, 10, 48))
    assert roads.equals(osm.read_osm_roads(extract, crs=UTM32)[0])
    assert told.empty


def test_a_part_without_roads_is_told_with_its_box(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no usable road within 20\.00 – 21\.00"):
        osm.read_osm_roads(write(tmp_path, ways=STREET), crs=UTM32, bbox=(20, 10, 21, 11))


def test_places_outside_the_part_are_left_out_and_counted(tmp_path: Path) -> None:
    extract = write(
        tmp_path,
        nodes={1: {"amenity": "bar"}, 8: {"amenity": "bar"}},
        relations={20: ([("way", 99)], {"type": "multipolygon", "amenity": "bar"})},
    )
    found, told = within(extract, bbox=HERE)
    assert list(found.index) == ["n1"]
    assert told[["rule", "severity", "value"]].to_numpy().tolist() == [["osm.places_outside", "note", "2"]]


def test_turns_beyond_the_part_are_no_fault(tmp_path: Path) -> None:
    extract = write(tmp_path, ways=STREET)
    text = extract.read_text(encoding="utf-8").replace(
        "</osm>",
        '<relation id="9" version="1"><member type="way" ref="31" role="from"/><member type="node" ref="8" role="via"/>'
        '<member type="way" ref="32" role="to"/><tag k="type" v="restriction"/><tag k="restriction" v="no_left_turn"/>'
        "</relation></osm>",
    )
    extract.write_text(text, encoding="utf-8")
    roads = osm.read_osm_roads(extract, crs=UTM32, bbox=HERE)[0]
    _, told = osm.read_osm_turns(extract, roads, cut=True)
    assert told[["rule", "severity"]].to_numpy().tolist() == [["osm.turns_outside", "note"]]
    _, told = osm.read_osm_turns(extract, roads)
    assert list(told["severity"]) == ["warning"]


@pytest.mark.parametrize("place", ["liechtenstein", "heidelberg"])
def test_a_part_of_a_real_extract_is_what_the_whole_has_there(shared_data: Path, place: str) -> None:
    """The ways that end beyond the part may be parted in fewer pieces there: what they meet was not read."""
    extract = shared_data / "osm" / f"{place}.osm.pbf"
    whole = osm.read_osm_roads(extract, crs=UTM32)[0]
    west, south, east, north = whole.to_crs(4326).total_bounds
    box = tuple(np.array([2 * west + east, 2 * south + north, west + 2 * east, south + 2 * north]) / 3)
    part = osm.read_osm_roads(extract, crs=UTM32, bbox=box)[0]
    border = shapely.Polygon([(box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3])])
    lonlat = whole.to_crs(4326)
    inside = whole[lonlat.within(border)]
    assert 0 < len(inside) < len(whole) / 2
    same = part.loc[inside.index]
    assert same.drop(columns="geometry").equals(inside.drop(columns="geometry"))
    assert same.geometry.geom_equals(inside.geometry).all()
