"""Where ways on foot differ from Valhalla's by over 100 m, counted by named cause.

    PYTHONPATH=tests python -m benchmarks.valhalla_differences heidelberg liechtenstein

30 x 200 random junctions. A pair of ours that is shorter goes to the first kind of roads without which it is not; of
those left, to Valhalla itself where 24 legs along our way, each asked of Valhalla, come to over 50 m less than its own
answer for the whole, else to the tags of what Valhalla walks round on its longest leg. A pair of ours that is longer
goes to places that Valhalla's way ends over 100 m off, to Valhalla's matrix where its route is as long as ours, to
private roads that it goes through, else to the tags of the ways that Valhalla walks and we do not.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
from numpy.typing import NDArray
from pyproj import Geod
from scipy.sparse import csgraph

from benchmarks.lands import Land
from benchmarks.measure import Figure, Skipped
from benchmarks.peers import plain_arcs
from benchmarks.places import CACHE, osm_file, real_roads
from benchmarks.valhalla import ON_FOOT, Valhalla, matrix_request, metres, metres_of, spots
from benchmarks.valhalla_rows import FAR_MINUTES, dense, picked, standing
from quarterhour.network.build import build_network
from quarterhour.network.modes import read_modes
from quarterhour.network.network import Network
from quarterhour.travel.matrix import travel_times

Array = NDArray[Any]
Tags = Mapping[str, str]
OVER_M, LEGS, LEGS_LESS_M = 100, 24, 50
ORIGINS, TARGETS = 30, 200
UNNAMED = {"heidelberg": 307.0, "liechtenstein": 92.0}
"""A fifth of the pairs that differed by over 100 m on 2026-11-28, before access was read by vehicle."""
DECIDE = ("highway", "access", "foot", "sidewalk", "sac_scale", "area", "railway", "public_transport", "motorroad")


def is_area(tags: Tags) -> bool:
    """Areas and platforms, which Valhalla does not cross."""
    return "platform" in (tags.get("railway"), tags.get("public_transport")) or tags.get("area") == "yes"


def walks_beyond_hiking(tags: Tags) -> bool:
    """Paths for sure feet: Valhalla's walker goes as far as ``hiking``."""
    return tags.get("sac_scale", "") not in ("", "hiking", "strolling", "yes")


def _cycleway(tags: Tags) -> bool:
    return tags.get("highway") == "cycleway" and not tags.get("foot")


CAUSES: Mapping[str, Callable[[Tags], bool]] = {
    "highway=cycleway without foot=*": _cycleway,
    "sac_scale beyond hiking": walks_beyond_hiking,
    "area=yes and platforms": is_area,
}


@dataclass(frozen=True, eq=False)
class Pairs:
    """Metres by origin and target: ours and Valhalla's; not a number where there is no way."""

    ours: Array
    theirs: Array

    @property
    def shorter(self) -> NDArray[np.bool_]:
        """Ours is shorter by over 100 m."""
        return np.nan_to_num(self.ours - self.theirs) < -OVER_M

    @property
    def longer(self) -> NDArray[np.bool_]:
        """Ours is longer by over 100 m."""
        return np.nan_to_num(self.ours - self.theirs) > OVER_M


def named_in_turn(pairs: Pairs, without: Mapping[str, Array]) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """The pairs that stay shorter, and how many each kind of roads explains; ``without``: ours, more and more left out.

    A pair that has no way left, or one that is longer than Valhalla's, is explained too.
    """
    left, named = pairs.shorter, {}
    for name, ours in without.items():
        still = left & Pairs(ours, pairs.theirs).shorter
        named[name] = int(left.sum() - still.sum())
        left = still
    return left, named


def by_name(tags: Tags) -> str:
    """The tags that decide who may walk there."""
    told = " ".join(f"{key}={tags[key]}" for key in DECIDE if key in tags)
    return told or "a way that the extract does not have"


def tags_of(place: str) -> dict[int, dict[str, str]]:
    """The tags of all ways that may be walked."""
    found: dict[int, dict[str, str]] = {}

    class Ways(osmium.SimpleHandler):  # type: ignore[misc]
        def way(self, way: Any) -> None:
            if any(key in way.tags for key in ("highway", "railway", "public_transport", "man_made", "route")):
                found[way.id] = {t.k: t.v for t in way.tags}

    Ways().apply_file(str(osm_file(place)))
    return found


def differences(land: Land) -> dict[str, Any]:
    """Counts of pairs that differ by over 100 m, by cause."""
    if osm_file(land.name) is None:
        raise Skipped(f"{land.name} has no OSM tags to name")
    valhalla, roads, tags = Valhalla.on(land), real_roads(land.name), tags_of(land.name)
    way = roads.index.to_series().astype(str).str.extract(r"w(\d+)")[0].fillna("-1").astype(np.int64).to_numpy()
    network = whole = _walking(roads)
    at = picked(network, ORIGINS + TARGETS, seed=1)
    places = standing(network, at)
    there = spots(network, at)
    request = matrix_request(there[:ORIGINS], there[ORIGINS:])
    pairs = Pairs(_ours(network, places), metres(valhalla.answers("matrix", [request])[0]))
    kept, without = np.ones(len(roads), bool), {}
    for name, is_such in CAUSES.items():
        kept &= ~np.array([is_such(tags.get(w, {})) for w in way])
        network = _walking(roads[kept])
        without[f"shorter: {name}"] = _ours(network, places)
    left, named = named_in_turn(pairs, without)
    led = _led_along(network, valhalla, places, there, pairs.theirs, left, tags)
    longer = _longer(valhalla, there, pairs, whole, set(way.tolist()), tags)
    shares = (pairs.ours / np.maximum(pairs.theirs, 1))[np.isfinite(pairs.ours + pairs.theirs)]
    nameless = {"shorter: no name": led.pop("shorter: no name", 0), "longer: no name": longer.pop("", 0)}
    return {
        "pairs": len(shares),
        "median_share": round(float(np.median(shares)) - 1, 5),
        "shorter": int(pairs.shorter.sum()),
        "longer": int(pairs.longer.sum()),
        "causes": {**named, **dict(led.most_common()), **longer, **nameless},
        "without_a_name": sum(nameless.values()),
    }


def differences_figure(land: Land) -> Figure:
    """Pairs that differ by over 100 m and have no named cause, against a fifth of those of before."""
    told = differences(land)
    wrong = "" if abs(told["median_share"]) <= 0.01 else f"the median is {told['median_share']:.1%} off"
    return Figure(told["without_a_name"], UNNAMED[land.name], "pairs without a named cause", wrong, told)


def _walking(roads: gpd.GeoDataFrame) -> Network:
    return build_network(roads, read_modes()["walk"])


def _ours(network: Network, places: gpd.GeoDataFrame) -> Array:
    homes, sites = places.iloc[:ORIGINS], places.iloc[ORIGINS:]
    return dense(travel_times(network, homes, sites, minutes=FAR_MINUTES, heading="to_site"))


@dataclass(frozen=True, eq=False)
class Legs:
    """Pairs led along our way in ``LEGS`` legs each: stations, Valhalla's metres of each leg, our ways in it."""

    stations: list[list[Any]]
    metres: Array
    ways: list[list[dict[int, float]]]

    @classmethod
    def along(
        cls, network: Network, valhalla: Valhalla, places: Any, there: Sequence[Any], left: Array
    ) -> tuple[Legs, list[tuple[int, int]]]:
        """The legs of the pairs that are left, and which pairs they are."""
        asked, ways, pairs, stations = [], [], [], []
        road = _roads_between(network)
        for row in np.flatnonzero(left.any(axis=1)):
            targets = np.flatnonzero(left[row])
            for target, path in zip(targets, _paths(network, places, row, ORIGINS + targets), strict=True):
                cut = np.linspace(0, len(path) - 1, LEGS + 1).astype(int)
                stops = [there[row], *spots(network, path[cut[1:-1]]), there[ORIGINS + target]]
                asked += [matrix_request([a], [b]) for a, b in zip(stops[:-1], stops[1:], strict=True)]
                ways.append([_lengths(network, road, path[a : b + 1]) for a, b in zip(cut[:-1], cut[1:], strict=True)])
                stations.append(stops)
                pairs.append((int(row), int(target)))
        whole = metres_of(valhalla.answers("matrix", asked)) if asked else np.empty(0)
        return cls(stations, whole.reshape(-1, LEGS), ways), pairs


def _roads_between(network: Network) -> dict[tuple[int, int], int]:
    """The quicker road between two junctions that are next to each other, by both directions."""
    found: dict[tuple[int, int], int] = {}
    for road in np.argsort(-network.forward_cs, kind="stable").tolist():
        ends = int(network.tail[road]), int(network.head[road])
        found[ends] = found[ends[::-1]] = road
    return found


def _lengths(network: Network, road: Mapping[tuple[int, int], int], path: Array) -> dict[int, float]:
    """Metres by OSM way along some junctions."""
    found: dict[int, float] = {}
    for ends in zip(path[:-1].tolist(), path[1:].tolist(), strict=True):
        if ends in road:
            way = _way_id(network.road_ids[road[ends]])
            found[way] = found.get(way, 0.0) + float(network.length_m[road[ends]])
    return found


def _led_along(
    network: Network, valhalla: Valhalla, places: Any, there: Sequence[Any], theirs: Array, left: Array,
    tags: Mapping[int, Tags],
) -> Counter[str]:  # fmt: skip
    """Pairs that Valhalla walks in less than it says when it is led along our way; of the others what it walks round.

    That is the longest of our ways on the leg where it goes farthest out of its way, by its tags.
    """
    legs, pairs = Legs.along(network, valhalla, places, there, left)
    whole = np.array([theirs[pair] for pair in pairs])
    own = legs.metres.sum(axis=1) < whole - LEGS_LESS_M
    excess = legs.metres - np.array([[sum(ways.values()) for ways in row] for row in legs.ways]).reshape(-1, LEGS)
    found = Counter({"shorter: Valhalla's own detour": int(own.sum())})
    rest = [(i, int(np.nan_to_num(excess[i], nan=np.inf).argmax())) for i in np.flatnonzero(~own)]
    traced = _ways_walked(valhalla, [(legs.stations[i][leg], legs.stations[i][leg + 1]) for i, leg in rest])
    for (i, leg), theirs_ways in zip(rest, traced, strict=True):
        round_about = {way: m for way, m in legs.ways[i][leg].items() if way not in theirs_ways}
        if excess[i, leg] < LEGS_LESS_M or not round_about:
            found["shorter: no name"] += 1
        else:
            found[
                f"shorter: it walks round {by_name(tags.get(max(round_about, key=round_about.__getitem__), {}))}"
            ] += 1
    return found


def _ways_walked(valhalla: Valhalla, ends: Sequence[tuple[Any, Any]]) -> list[set[int]]:
    """The OSM ways of Valhalla's routes."""
    routes = valhalla.answers("route", [{"locations": list(pair), **ON_FOOT} for pair in ends])
    traced = [_to_trace(route) for route in routes]
    edges = iter(valhalla.answers("traceAttributes", [t for t in traced if t]))
    return [{e["way_id"] for e in (next(edges) or {}).get("edges", [])} if t else set() for t in traced]


def _paths(network: Network, places: Any, origin: int, targets: Array) -> list[Array]:
    """The junctions of our ways from one place to others."""
    node = [int(np.hypot(network.x - p.x, network.y - p.y).argmin()) for p in places.geometry.iloc[[origin, *targets]]]
    graph = plain_arcs(network, "to_community").scipy()
    _, before = csgraph.dijkstra(graph, indices=node[0], return_predecessors=True)
    paths = []
    for end in node[1:]:
        path = [end]
        while before[path[-1]] >= 0:
            path.append(before[path[-1]])
        paths.append(np.array(path[::-1]))
    return paths


def _longer(
    valhalla: Valhalla, there: Sequence[Any], pairs: Pairs, network: Network, ours: set[int], tags: Mapping[int, Tags]
) -> Counter[str]:
    """Pairs that Valhalla walks in less: where its way ends, what it goes through, else the tags of what we lack."""
    at = np.argwhere(pairs.longer)
    ends = [{"locations": [there[i], there[ORIGINS + j]], **ON_FOOT} for i, j in at]
    routes = valhalla.answers("route", ends)
    traced = [_to_trace(route) for route in routes]
    edges = iter(valhalla.answers("traceAttributes", [t for t in traced if t]))
    private = {_way_id(road) for road in network.road_ids[network.ends_only]}
    found: Counter[str] = Counter()
    for (i, j), route, shape_of in zip(at, routes, traced, strict=True):
        walked = (next(edges) or {}).get("edges", []) if shape_of else []
        line = decoded(shape_of["encoded_polyline"]) if shape_of else None
        if line is not None and max(_apart_m(line[0], there[i]), _apart_m(line[-1], there[ORIGINS + j])) > OVER_M:
            name = "longer: Valhalla's way ends over 100 m off the place"
        elif route and 1000 * route["trip"]["summary"]["length"] > pairs.ours[i, j] - OVER_M:
            name = "longer: Valhalla's own route is as long"
        elif any(edge["way_id"] in private for edge in walked):
            name = "longer: Valhalla goes through what is for ends only (private, destination)"
        else:
            name = _missing(walked, ours, tags)
        found[name] += 1
    return found


def _to_trace(route: Any) -> dict[str, Any] | None:
    if not route:
        return None
    shape = {"shape_match": "edge_walk", **ON_FOOT, "filters": _EDGES}
    return {"encoded_polyline": route["trip"]["legs"][0]["shape"], **shape}


def _way_id(road: object) -> int:
    way = str(road).split(".")[0].removeprefix("w")
    return int(way) if way.isdigit() else -1


def decoded(polyline: str) -> Array:
    """Longitudes and latitudes of a line as Valhalla packs it: steps of 1e-6 degrees, latitude first."""
    steps, value, shift = [], 0, 0
    for letter in polyline:
        bits = ord(letter) - 63
        value |= (bits & 31) << shift
        shift += 5
        if bits < 32:
            steps.append(~(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    return np.array(steps).reshape(-1, 2).cumsum(axis=0)[:, ::-1] / 1e6


def _apart_m(spot: Array, place: Mapping[str, float]) -> float:
    return float(Geod(ellps="WGS84").inv(*spot, place["lon"], place["lat"])[2])


_EDGES = {"attributes": ["edge.way_id", "edge.length"], "action": "include"}


def _missing(walked: Sequence[Any], ours: set[int], tags: Mapping[int, Tags]) -> str:
    length: Counter[str] = Counter()
    for edge in walked:
        if edge["way_id"] not in ours:
            length[by_name(tags.get(edge["way_id"], {}))] += edge["length"]
    return f"longer: {length.most_common(1)[0][0]}" if length else ""


def main() -> None:
    """Print a table for each place."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("place", nargs="*", default=[*UNNAMED])
    ask.add_argument("--fetch", action="store_true", help="install Valhalla if it is not here")
    given = ask.parse_args()
    for place in given.place:
        try:
            print(table(place, differences(Land(place, CACHE, fetch=given.fetch))))
        except Skipped as why:
            print(f"{place}: skipped, {why}")


def table(place: str, told: Mapping[str, Any]) -> str:
    """The counts as a table."""
    head = f"{place}: {told['pairs']} pairs, median {told['median_share']:+.2%}, over 100 m: " + (
        f"{told['shorter']} shorter, {told['longer']} longer"
    )
    rows = [f"| {name} | {count} |" for name, count in told["causes"].items() if count]
    return "\n".join([head, "", "| cause | pairs |", "|---|---:|", *rows, ""])


if __name__ == "__main__":
    main()
