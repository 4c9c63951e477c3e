"""A made country as a study folder."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.country.extract import LINK, Extract
from benchmarks.country.places import (
    COMMUNITY_COLUMNS,
    FACILITY_COLUMNS,
    WITHOUT_PLACE,
    Areas,
    Rows,
    Towns,
    communities,
    facilities,
)
from benchmarks.country.plan import CROSSINGS, Prefecture, Sizes, gates, prefectures

FERRY = {"route": "ferry", "foot": "yes", "bicycle": "yes", "motor_vehicle": "yes"}
STUDY = """# A made country of {prefectures} prefectures: nothing in it is real (tests/benchmarks/country).

[study]
id = "made-country-{prefectures}"
zh = "虚构的国家（{prefectures} 个地级市）"
en = "A made country of {prefectures} prefectures"
crs = "EPSG:32650"
reference_date = 2025-12-31
seed = 1
snap_limit_m = 1000

[roads]
path = "roads.osm.pbf"
quality = "synthetic"

[communities]
path = "communities.csv"
columns = {{ id = "id", name = "name", x = "lon", y = "lat", town = "town", county = "county" }}
people = ["older", "hardship", "hardship_home"]
crs = "EPSG:4326"
quality = "synthetic"

[towns]
path = "towns.geojson"
columns = {{ id = "id", name = "name", county = "county" }}

[counties]
path = "counties.geojson"
columns = {{ id = "id", name = "name" }}

[[facilities]]
path = "facilities.csv"
columns = {{ id = "id", name = "name", kind = "kind", x = "lon", y = "lat", town = "town", county = "county" }}
crs = "EPSG:4326"
quality = "synthetic"

[[circles]]
id = "care-circle"
zh = "照料护理15分钟服务圈"
en = "15-minute care service circle"
kinds = ["care_base"]
mode = "ebike"
minutes = 15
heading = "to_community"
turnout_minutes = 3
people = "hardship_home"

[[circles]]
id = "home-care-circle"
zh = "社区“一刻钟”居家养老服务圈"
en = "quarter-hour home elderly-care circle"
kinds = ["day_care", "happiness_home"]
need = "any"
mode = "walk"
minutes = 15
heading = "to_site"
people = "older"

[[siting]]
id = "care-bases"
zh = "照料护理服务基地选址"
en = "Sites for care bases"
kind = "care_base"
mode = "ebike"
minutes = 15
turnout_minutes = 3
heading = "to_community"
people = "hardship_home"
objective = "max-cover"
new_sites = {new_bases}
candidates = "communities"
nodes = 2000

[[siting]]
id = "elderly-centres"
zh = "区域养老中心选址"
en = "Sites for regional elderly-care centres"
kind = "elderly_centre"
counts_kinds = ["care_institution"]
mode = "car"
minutes = 15
heading = "to_site"
people = "older"
objective = "max-cover"
new_sites = {new_centres}
candidates = "communities"
nodes = 2000
"""


def make_country(out: Path, *, count: int, sizes: Sizes, seed: int = 1) -> dict[str, int]:
    """Write the study folder, prefecture by prefecture; what it holds, which ``made.json`` says too."""
    out.mkdir(parents=True, exist_ok=True)
    extract = Extract(out / "roads.osm.pbf")
    homes, sites = Rows(out / "communities.csv", COMMUNITY_COLUMNS), Rows(out / "facilities.csv", FACILITY_COLUMNS)
    towns, counties = Areas(out / "towns.geojson"), Areas(out / "counties.geojson")
    doors: dict[int, dict[str, list[int]]] = {}
    for one in prefectures(count, sizes, seed):
        doors[one.number] = _add(one, extract, homes, sites, towns, counties)
    _join(prefectures(count, sizes, seed), doors, extract)
    for file in (homes, sites, towns, counties, extract):
        file.close()
    (out / "study.toml").write_text(
        STUDY.format(prefectures=count, new_bases=10 * count, new_centres=4 * count), encoding="utf-8"
    )
    made = {
        "prefectures": count, "junctions": extract.junctions, "nodes": extract.nodes, "ways": extract.ways,
        "turns": extract.relations, "communities": count * sizes.communities,
        "communities_without_place": count * WITHOUT_PLACE, "facilities": count * sizes.facilities,
    }  # fmt: skip
    (out / "made.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    return made


def _add(
    one: Prefecture, extract: Extract, homes: Rows, sites: Rows, towns: Areas, counties: Areas
) -> dict[str, list[int]]:
    """Write one prefecture; the nodes at which its main roads leave, by side, and the harbour of its island."""
    roads, island, own = one.roads(), one.island(), Towns(one)
    junctions = extract.add(one, roads)
    doors = {side: junctions[at].tolist() for side, at in gates(one, roads.xy).items()}
    if island is not None:
        harbour = extract.add(one, island)[island.xy[:, 1].argmax()]
        doors["island"] = [int(harbour)]
    xy, rows = communities(one, own, roads, island)
    homes.add(rows)
    sites.add(facilities(one, own, xy))
    towns.add(own.features())
    counties.add(own.county_features())
    return doors


def _join(every: list[Prefecture], doors: dict[int, dict[str, list[int]]], extract: Extract) -> None:
    """Main roads over the borders, a ferry to the island, and one along the coast of the first two prefectures."""
    back = {"east": "west", "north": "south"}
    for one in every:
        for side, other in one.neighbours.items():
            for nth in range(len(CROSSINGS)):
                extract.link((doors[one.number][side][nth], doors[other][back[side]][nth]), LINK)
    middle = len(CROSSINGS) // 2
    extract.link((doors[0]["south"][middle], doors[0]["island"][0]), FERRY | {"duration": "00:25"})
    if "east" in every[0].neighbours:
        extract.link((doors[0]["south"][middle], doors[1]["south"][middle]), FERRY | {"duration": "01:30"})
