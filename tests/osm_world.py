"""Tiny worlds of OpenStreetMap for tests: nodes on a lattice of 100 m, ways and relations with their tags.

Node ``10 * row + column`` lies ``column`` steps east and ``row`` steps north of the corner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from pyproj import Transformer

from quarterhour.io import osm
from quarterhour.network.build import build_network
from quarterhour.network.modes import read_modes
from quarterhour.network.network import Mode
from quarterhour.network.snap import snap_places
from quarterhour.travel.matrix import travel_times

UTM51 = "EPSG:32651"
X0, Y0, STEP_M = 400_000.0, 4_150_000.0, 100.0
Tags = dict[str, str]
Way = tuple[Sequence[int], Tags]
Spot = int | tuple[float, float]
Relation = tuple[Sequence[tuple[int, str]], Tags]
"""Member ways with their roles, and tags."""
_TO_DEGREES = Transformer.from_crs(UTM51, 4326, always_xy=True)


def at(node: int) -> tuple[float, float]:
    """Where a node lies, in metres."""
    row, column = divmod(node, 10)
    return X0 + STEP_M * column, Y0 + STEP_M * row


def to_degrees(x: float, y: float) -> tuple[float, float]:
    """A point in metres as longitude and latitude."""
    lon, lat = _TO_DEGREES.transform(x, y)
    return lon, lat


def write_osm(
    folder: Path,
    ways: Mapping[int, Way],
    *,
    nodes: Mapping[int, Tags] | None = None,
    relations: Mapping[int, Relation] | None = None,
    where: Mapping[int, tuple[float, float]] | None = None,
) -> Path:
    """A world as a file; ``nodes``: tags of some nodes; ``where``: metres from the corner of those off the lattice."""
    said, off = nodes or {}, where or {}
    used = sorted({n for refs, _ in ways.values() for n in refs} | set(said))
    places = {n: to_degrees(*((X0 + off[n][0], Y0 + off[n][1]) if n in off else at(n))) for n in used}
    members = {i: ([("way", ref, role) for ref, role in part], tags) for i, (part, tags) in (relations or {}).items()}
    return osm_file(folder / "world.osm", places, said, ways, members)


def osm_file(
    path: Path,
    places: Mapping[int, tuple[float, float]],
    said: Mapping[int, Tags],
    ways: Mapping[int, Way],
    relations: Mapping[int, tuple[Sequence[tuple[str, int, str]], Tags]],
) -> Path:
    """Nodes by their degrees and tags, ways, and relations of members (type, id, role), as OSM XML."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">']
    for node, (lon, lat) in places.items():
        lines.append(f'<node id="{node}" version="1" lon="{lon:.7f}" lat="{lat:.7f}">{_xml(said.get(node, {}))}</node>')
    for way, (refs, tags) in ways.items():
        body = "".join(f'<nd ref="{n}"/>' for n in refs)
        lines.append(f'<way id="{way}" version="1">{body}{_xml(tags)}</way>')
    for relation, (members, tags) in relations.items():
        body = "".join(f'<member type="{sort}" ref="{ref}" role="{role}"/>' for sort, ref, role in members)
        lines.append(f'<relation id="{relation}" version="1">{body}{_xml(tags)}</relation>')
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return path


def _xml(tags: Tags) -> str:
    return "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items())


def roads_of(folder: Path, ways: Mapping[int, Way], **more: Any) -> gpd.GeoDataFrame:
    """The roads of a world."""
    return osm.read_osm_roads(write_osm(folder, ways, **more), crs=UTM51)[0]


def told(folder: Path, ways: Mapping[int, Way], **more: Any) -> dict[str, tuple[str, str]]:
    """What is told of a world: value and detail by rule."""
    found = osm.read_osm_roads(write_osm(folder, ways, **more), crs=UTM51)[1]
    rows = found[["rule", "value", "detail"]].itertuples(index=False)
    return {rule.removeprefix("osm."): (value, detail) for rule, value, detail in rows}


def minutes(roads: gpd.GeoDataFrame, mode: Mode | str, start: Spot, end: Spot) -> float | None:
    """From a node (or a point in metres) to another, without turnout, waiting at no signal."""
    net = build_network(roads, read_modes()[mode] if isinstance(mode, str) else mode)
    spots = [snap_places(net, _place(p, name), smallest_component=1) for p, name in ((start, "c"), (end, "s"))]
    return travel_times(net, *spots, minutes=600, heading="to_site").minutes("c", "s")


def _place(spot: Spot, name: str) -> gpd.GeoDataFrame:
    x, y = at(spot) if isinstance(spot, int) else spot
    points = gpd.points_from_xy([x], [y])
    return gpd.GeoDataFrame(index=pd.Index([name], name="id"), geometry=points, crs=UTM51)
