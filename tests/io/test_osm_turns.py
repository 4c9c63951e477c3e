"""Turn restrictions of an extract, told in the pieces of the roads.

::

    1 --10-- 2 --11-- 3        way 12 goes through 2: 4-2-5; way 13 is one-way through 7: 6-7-8, way 14 is 3-7
             |                 way 15 is the link 8-9-10, cut at 9 by way 17: 9-11; way 16 is 10-12
    way 18: 2-1, one-way       way 20 is no road (a railway)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import osmium
import pytest

from quarterhour.io import osm
from quarterhour.network.roads import as_roads

UTM32 = "EPSG:32632"
PLACES = {n: (9.5 + 0.001 * (n % 4), 47.1 + 0.001 * (n // 4)) for n in range(1, 13)}
WAYS: dict[int, tuple[list[int], dict[str, str]]] = {
    10: ([1, 2], {}),
    11: ([2, 3], {}),
    12: ([4, 2, 5], {}),
    13: ([6, 7, 8], {"oneway": "yes"}),
    14: ([3, 7], {}),
    15: ([8, 9, 10], {}),
    16: ([10, 12], {}),
    17: ([9, 11], {}),
    18: ([2, 1], {"oneway": "yes"}),
    20: ([2, 9], {"highway": "proposed"}),
}
Members = list[tuple[str, str, int]]


def over(start: int, via: int, end: int) -> Members:
    return [("from", "way", start), ("via", "node", via), ("to", "way", end)]


def town(folder: Path, relations: list[tuple[Members, dict[str, str]]]) -> Path:
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">']
    lines += [f'<node id="{i}" version="1" lon="{x}" lat="{y}"/>' for i, (x, y) in PLACES.items()]
    for way, (nodes, tags) in WAYS.items():
        refs = "".join(f'<nd ref="{n}"/>' for n in nodes)
        said = "".join(f'<tag k="{k}" v="{v}"/>' for k, v in ({"highway": "residential"} | tags).items())
        lines.append(f'<way id="{way}" version="1">{refs}{said}</way>')
    for number, (members, tags) in enumerate(relations, 1):
        said = "".join(f'<tag k="{k}" v="{v}"/>' for k, v in ({"type": "restriction"} | tags).items())
        parts = "".join(f'<member type="{sort}" ref="{ref}" role="{role}"/>' for role, sort, ref in members)
        lines.append(f'<relation id="{number}" version="1">{parts}{said}</relation>')
    path = folder / "town.osm"
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return path


def read(folder: Path, *relations: tuple[Members, dict[str, str]]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The rows, and how many relations each reason keeps out."""
    path = town(folder, list(relations))
    turns, findings = osm.read_osm_turns(path, osm.read_osm_roads(path, crs=UTM32)[0])
    return turns.to_dict("records"), dict(zip(findings["rule"], findings["value"], strict=True))


def test_a_restriction_is_told_in_the_pieces_at_its_via(tmp_path: Path) -> None:
    rows, unused = read(tmp_path, (over(10, 2, 11), {"restriction": "no_straight_on", "except": "psv; bicycle"}))
    assert rows == [
        {
            "kind": "no", "from_road": "w10.1", "via_node": "2", "via_roads": (), "to_road": "w11.1",
            "except_": ("psv", "bicycle"), "restriction": "no_straight_on", "source_id": 1,
        }
    ]  # fmt: skip
    assert unused == {}


def test_where_a_way_goes_on_its_one_way_rule_says_which_piece(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, (over(13, 7, 14), {"restriction": "only_left_turn"}))
    assert [(r["kind"], r["from_road"], r["to_road"]) for r in rows] == [("only", "w13.1", "w14.1")]
    rows, _ = read(tmp_path, (over(14, 7, 13), {"restriction": "no_left_turn"}))
    assert [(r["kind"], r["from_road"], r["to_road"]) for r in rows] == [("no", "w14.1", "w13.2")]


def test_turning_back_is_forbidden_on_each_piece_of_a_way_that_goes_on(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, (over(12, 2, 12), {"restriction": "no_u_turn"}))
    assert [(r["from_road"], r["to_road"]) for r in rows] == [("w12.1", "w12.1"), ("w12.2", "w12.2")]


def test_over_a_way_every_piece_between_is_named_in_order(tmp_path: Path) -> None:
    link: Members = [("from", "way", 13), ("via", "way", 15), ("to", "way", 16)]
    rows, _ = read(tmp_path, (link, {"restriction": "no_u_turn"}))
    assert [(r["from_road"], r["via_node"], r["via_roads"], r["to_road"]) for r in rows] == [
        ("w13.2", "", ("w15.1", "w15.2"), "w16.1")
    ]


def test_no_entry_and_no_exit_name_several_roads(tmp_path: Path) -> None:
    entry: Members = [("from", "way", 10), ("from", "way", 20), *over(11, 2, 18)]
    rows, unused = read(tmp_path, (entry, {"restriction": "no_entry"}))
    assert [(r["from_road"], r["to_road"]) for r in rows] == [("w10.1", "w18.1"), ("w11.1", "w18.1")]
    assert unused == {}
    exits: Members = [*over(10, 2, 11), ("to", "way", 18)]
    rows, _ = read(tmp_path, (exits, {"restriction": "no_exit"}))
    assert [(r["from_road"], r["to_road"]) for r in rows] == [("w10.1", "w11.1"), ("w10.1", "w18.1")]


@pytest.mark.parametrize(
    ("members", "tags", "reason"),
    [
        (over(10, 2, 12), {"restriction": "no_left_turn"}, "osm.turns_unclear"),
        (over(10, 2, 20), {"restriction": "no_left_turn"}, "osm.turns_no_road"),
        (over(10, 2, 14), {"restriction": "no_left_turn"}, "osm.turns_apart"),
        ([("from", "way", 10), ("via", "way", 15), ("to", "way", 16)], {"restriction": "no_u_turn"}, "osm.turns_apart"),
        (over(18, 2, 11), {"restriction": "no_left_turn"}, "osm.turns_oneway"),
        (over(10, 2, 11), {"restriction": "no_way"}, "osm.turns_malformed"),
        (over(10, 2, 11), {}, "osm.turns_malformed"),
        (over(10, 2, 11)[:2], {"restriction": "no_left_turn"}, "osm.turns_malformed"),
        ([*over(10, 2, 11), ("via", "node", 3)], {"restriction": "no_left_turn"}, "osm.turns_malformed"),
        ([*over(10, 2, 11), ("to", "way", 18)], {"restriction": "only_straight_on"}, "osm.turns_malformed"),
        (over(10, 2, 11), {"restriction:hgv": "no_left_turn"}, "osm.turns_others"),
        (over(10, 2, 11), {"type": "restriction:bus", "restriction:bus": "no_u_turn"}, "osm.turns_others"),
        (over(10, 2, 11), {"restriction:conditional": "no_left_turn @ (07:00-19:00)"}, "osm.turns_conditional"),
        (over(10, 2, 11), {"restriction": "no_left_turn", "hour_on": "07:00"}, "osm.turns_conditional"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_reason(
    tmp_path: Path, members: Members, tags: dict[str, str], reason: str
) -> None:
    assert read(tmp_path, (members, tags)) == ([], {reason: "1"})


def test_the_common_rule_is_obeyed_and_that_of_some_hours_told(tmp_path: Path) -> None:
    tags = {"restriction": "no_left_turn", "restriction:conditional": "none @ (19:00-07:00)"}
    rows, unused = read(tmp_path, (over(10, 2, 11), tags))
    assert (len(rows), unused) == (1, {"osm.turns_hours": "1"})


@pytest.mark.parametrize(
    ("key", "free"),
    [
        ("restriction:vehicle", ()),
        ("restriction:motor_vehicle", ("bicycle",)),
        ("restriction:motorcar", ("bicycle",)),
        ("restriction:bicycle", ("motor_vehicle",)),
    ],
)
def test_a_restriction_for_one_vehicle_leaves_the_others_free(tmp_path: Path, key: str, free: tuple[str, ...]) -> None:
    rows, _ = read(tmp_path, (over(10, 2, 11), {key: "no_left_turn"}))
    assert [r["except_"] for r in rows] == [free]


def test_roads_checked_or_not_give_the_same_turns(tmp_path: Path) -> None:
    path = town(tmp_path, [(over(10, 2, 11), {"restriction": "no_left_turn"})])
    raw = osm.read_osm_roads(path, crs=UTM32)[0]
    checked, _ = as_roads(raw, crs=UTM32)
    assert osm.read_osm_turns(path, raw)[0].equals(osm.read_osm_turns(path, checked)[0])


def test_roads_of_another_origin_have_no_turns(tmp_path: Path) -> None:
    path = town(tmp_path, [(over(10, 2, 11), {"restriction": "no_left_turn"})])
    roads = osm.read_osm_roads(path, crs=UTM32)[0].rename(index=lambda i: f"e{i}")
    turns, findings = osm.read_osm_turns(path, roads)
    assert list(turns.columns) == list(osm.no_turns().columns)
    assert (len(turns), list(findings["rule"])) == (0, ["osm.turns_no_road"])


def test_every_restriction_of_heidelberg_is_used_or_told(shared_data: Path) -> None:
    extract = shared_data / "osm" / "heidelberg.osm.pbf"
    roads = osm.read_osm_roads(extract, crs=UTM32)[0]
    turns, findings = osm.read_osm_turns(extract, roads)
    told = dict(zip(findings["rule"], findings["value"].astype(int), strict=True))
    assert turns["source_id"].nunique() + sum(told.values()) == 476
    # two are one-way streets, two are closed against (access:backward=no) or ends only along (motor_vehicle:forward)
    assert told == {"osm.turns_no_road": 6, "osm.turns_oneway": 4}
    assert turns["restriction"].value_counts().to_dict() == {
        "only_straight_on": 218, "no_u_turn": 84, "only_right_turn": 66, "no_left_turn": 42, "no_right_turn": 25,
        "only_left_turn": 20, "no_entry": 8, "no_straight_on": 3,
    }  # fmt: skip
    members = {
        r.id: {m.role: m.ref for m in r.members} for r in osmium.FileProcessor(str(extract), osmium.osm.RELATION)
    }
    ends = roads[["from_node", "to_node"]].astype(str)
    for turn in turns.itertuples():
        said = members[turn.source_id]
        assert (turn.from_road.split(".")[0], turn.to_road.split(".")[0]) == (f"w{said['from']}", f"w{said['to']}")
        assert turn.via_node == str(said["via"])
        assert all(turn.via_node in set(ends.loc[road]) for road in (turn.from_road, turn.to_road))
