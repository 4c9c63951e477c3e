"""Roads and places out of OpenStreetMap: an extract, a graph as OSMnx makes it, or the service.

Tags become columns by ``data/osm_kinds.toml``. Ways are split at junctions, which are nodes that two
roads share, that one road meets twice, or that end a road::

    way 1:  a---b---c          b is on way 2 as well, so way 1 becomes  w1.1 = a-b,  w1.2 = b-c
                |
    way 2:      b---d
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import logging
import re
import shutil
import socket
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from quarterhour.errors import DataError, MissingError, ServiceError, WriteError, first_ids

if TYPE_CHECKING:
    import networkx as nx

Area: TypeAlias = str | tuple[float, float, float, float] | shapely.Polygon | shapely.MultiPolygon
Tags: TypeAlias = Mapping[str, Any]
Rules: TypeAlias = Sequence[tuple[str, Mapping[str, Any]]]
_T = TypeVar("_T")

OVERPASS = "https://overpass-api.de/api"
_UNITS_PER_DEGREE = 1e7  # osmium keeps coordinates as whole numbers of 1e-7 degrees
_NO_PLACE = 2**31 - 1  # osmium's mark for a node that the extract was cut off from
_ROAD_TAGS = ("highway", "oneway", "junction", "foot", "motorcar", "motor_vehicle", "vehicle", "access", "motorroad")
_FETCHED = ("roads.graphml", "facilities.geojson", "communities.geojson", "query.json")
_log = logging.getLogger(__name__)


# --- the table of tags


@functools.cache
def _table() -> Mapping[str, Any]:
    text = (resources.files("quarterhour") / "data" / "osm_kinds.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


def known_kinds() -> tuple[str, ...]:
    """The kinds of places that have OSM tags."""
    return tuple(_table()["kinds"])


def _rules(kinds: Sequence[str]) -> list[tuple[str, Mapping[str, Any]]]:
    unknown = [kind for kind in kinds if kind not in _table()["kinds"]]
    if unknown:
        raise DataError("osm.unknown_kind", kinds=", ".join(unknown), known=", ".join(known_kinds()))
    return [(kind, tags) for kind in kinds for tags in _table()["kinds"][kind]["tags"]]


def _kind_of(tags: Tags, rules: Rules) -> str | None:
    """The first kind all of whose tags agree."""
    for kind, wanted in rules:
        if all(tags.get(k) in ([v] if isinstance(v, str) else v) for k, v in wanted.items()):
            return kind
    return None


def _oneway(tags: Tags) -> int:
    """0 both ways, 1 along the line, -1 against it."""
    said = str(tags.get("oneway", "")).lower()
    if said in ("yes", "true", "1"):
        return 1
    if said in ("-1", "reverse"):
        return -1
    if said in ("no", "false", "0"):
        return 0
    roads = _table()["roads"]
    implied = tags.get("highway") in roads["oneway_classes"] or tags.get("junction") in roads["oneway_junctions"]
    return int(implied)


def _open_to(tags: Tags, keys: Sequence[str]) -> bool:
    for key in keys:
        if tags.get(key):
            return tags[key] not in _table()["roads"]["closed"]
    return True


def _may_walk(tags: Tags) -> bool:
    roads = _table()["roads"]
    barred = tags["highway"] in roads["no_walkers"] or tags.get("motorroad") == "yes"
    return not barred and _open_to(tags, roads["walker_keys"])


def _may_drive(tags: Tags) -> bool:
    roads = _table()["roads"]
    return tags["highway"] not in roads["no_vehicles"] and _open_to(tags, roads["vehicle_keys"])


# --- extracts


def read_osm_roads(
    path: str | Path, *, crs: object, bbox: tuple[float, float, float, float] | None = None
) -> gpd.GeoDataFrame:
    """All roads of an OSM extract, cut at their junctions.

    Parameters
    ----------
    path : an ``.osm.pbf``, ``.osm.gz`` or ``.osm`` file.
    crs : projected, in metres; the CRS of the answer.
    bbox : west, south, east, north in degrees; only pieces that reach into it are kept.

    Returns
    -------
    Roads in file order, id ``w<way>.<piece>``: ``road_class``, ``oneway``, ``from_node`` and ``to_node``
    (OSM ids, which join the roads), ``walk`` and ``drive`` (by access; what a class allows is the
    mode's business, except that nobody drives on steps or walks on a motorway), ``name``, ``geometry``.
    Where the extract cuts a way, what lies inside is kept and the cut makes a dead end.

    Raises
    ------
    MissingError, DataError : no such file, not an OSM file, no road in it, a CRS not in metres.
    """
    file, metres = _existing(path), _metres(crs)
    ways = _told_as_data(file, lambda: _read_ways(file))
    pieces = _split(ways)
    if not len(pieces.way):
        raise DataError("osm.no_roads", file=file.name)
    roads = _as_frame(ways, pieces, metres)
    if bbox is None:
        return roads
    lonlat = _project(np.array(_outline(bbox)), metres)
    return roads[roads.intersects(shapely.Polygon(lonlat))]


@dataclass(frozen=True, eq=False)
class _Ways:
    """Ways as flat arrays: the nodes of all ways one after the other."""

    way_ids: NDArray[np.int64]
    tags: list[dict[str, str]]
    way: NDArray[np.int64]  # of each node: position of its way
    node: NDArray[np.int64]
    lon: NDArray[np.float64]  # missing (nan) where the extract was cut
    lat: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Pieces between junctions: first and last position among the nodes of all ways."""

    way: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]


def _read_ways(file: Path) -> _Ways:
    classes = frozenset(_table()["roads"]["classes"])
    ids: list[int] = []
    tags: list[dict[str, str]] = []
    way, node, x, y = [], [], [], []
    for found in _stream(file, osmium.osm.NODE | osmium.osm.WAY, ["highway"], osmium.osm.WAY):
        if found.tags.get("highway") not in classes:
            continue
        way.extend([len(ids)] * len(found.nodes))
        for at in found.nodes:
            node.append(at.ref)
            x.append(at.x)
            y.append(at.y)
        ids.append(found.id)
        tags.append({k: found.tags[k] for k in (*_ROAD_TAGS, "name") if k in found.tags})
    lon, lat = _degrees(x), _degrees(y)
    return _without_repeats(_Ways(np.array(ids, np.int64), tags, _ints(way), _ints(node), lon, lat))


def _stream(file: Path, entities: Any, keys: Sequence[str], kept: Any) -> Any:
    found = osmium.FileProcessor(str(file), entities).with_locations()
    return found.with_filter(osmium.filter.EntityFilter(kept)).with_filter(osmium.filter.KeyFilter(*keys))


def _ints(values: Iterable[int]) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def _degrees(values: Sequence[int]) -> NDArray[np.float64]:
    whole = np.array(values, np.int64)
    return np.where(whole == _NO_PLACE, np.nan, whole / _UNITS_PER_DEGREE)


def _without_repeats(ways: _Ways) -> _Ways:
    """A node named twice in a row is one node."""
    keep = np.ones(len(ways.node), bool)
    keep[1:] = (ways.node[1:] != ways.node[:-1]) | (ways.way[1:] != ways.way[:-1])
    return _Ways(ways.way_ids, ways.tags, ways.way[keep], ways.node[keep], ways.lon[keep], ways.lat[keep])


def _split(ways: _Ways) -> _Pieces:
    """Cut ways where they meet, and where the extract was cut."""
    known = np.isfinite(ways.lon)
    if not known.all():
        _log.info("%d of %d nodes of roads lie outside the extract", (~known).sum(), len(known))
    follows = np.zeros(len(known) + 1, bool)  # position i is reached from i - 1 on the same way
    follows[1:-1] = known[1:] & known[:-1] & (ways.way[1:] == ways.way[:-1])
    _, inverse, times = np.unique(ways.node[known], return_inverse=True, return_counts=True)
    shared = np.zeros(len(known), bool)
    shared[known] = times[inverse] > 1
    starts = follows[1:] & (shared | ~follows[:-1])
    ends = follows[:-1] & (shared | ~follows[1:])
    first, last = np.flatnonzero(starts), np.flatnonzero(ends)
    return _Pieces(ways.way[first], first, last)


def _as_frame(ways: _Ways, pieces: _Pieces, metres: CRS) -> gpd.GeoDataFrame:
    tags = [ways.tags[i] for i in pieces.way]
    roads = {
        "road_class": [t["highway"] for t in tags],
        "oneway": np.array([_oneway(t) for t in tags], np.int8),
        "from_node": ways.node[pieces.first],
        "to_node": ways.node[pieces.last],
        "walk": [_may_walk(t) for t in tags],
        "drive": [_may_drive(t) for t in tags],
        "name": [t.get("name", "") for t in tags],
    }
    lines = _lines(np.column_stack([ways.lon, ways.lat]), pieces, metres)
    return gpd.GeoDataFrame(roads, index=_piece_ids(ways, pieces), geometry=lines, crs=metres)


def _piece_ids(ways: _Ways, pieces: _Pieces) -> pd.Index:
    nth = pd.Series(pieces.way).groupby(pieces.way).cumcount() + 1
    return pd.Index([f"w{way}.{n}" for way, n in zip(ways.way_ids[pieces.way], nth, strict=True)], name="id")


def _lines(lonlat: NDArray[np.float64], pieces: _Pieces, metres: CRS) -> NDArray[np.object_]:
    size = pieces.last - pieces.first + 1
    begin = np.cumsum(size) - size
    at = np.arange(size.sum()) + np.repeat(pieces.first - begin, size)
    piece = np.repeat(np.arange(len(size)), size)
    lines: NDArray[np.object_] = shapely.linestrings(_project(lonlat[at], metres), indices=piece)
    return lines


def read_osm_places(path: str | Path, *, kinds: Sequence[str], crs: object) -> gpd.GeoDataFrame:
    """Places of some kinds out of an OSM extract, as points.

    ``id`` is ``n``, ``w`` or ``r`` and the OSM id; an outline is taken as a point inside it. One row an
    object: of two kinds that agree, the first asked for. Columns ``name`` ("" where none), ``kind``,
    and ``population`` (missing where not tagged) when any of them has it. A place whose outline the
    extract does not hold has no geometry: whoever checks the table sets it aside and says so.
    """
    file, metres = _existing(path), _metres(crs)
    rules = _rules(kinds)
    found = _told_as_data(file, lambda: _read_tagged(file, rules))
    ids = pd.Index(found, name="id", dtype="str")
    tags = [one.tags for one in found.values()]
    return _place_frame(ids, tags, rules, [one.point for one in found.values()], metres)


@dataclass(frozen=True)
class _Tagged:
    tags: dict[str, str]
    point: shapely.Point | None


def _read_tagged(file: Path, rules: Rules) -> dict[str, _Tagged]:
    keys = sorted({key for _, tags in rules for key in tags})
    wanted = osmium.filter.KeyFilter(*keys)
    found: dict[str, _Tagged] = {}
    for one in osmium.FileProcessor(str(file)).with_areas(wanted).with_filter(wanted):
        tags = dict(one.tags)
        if _kind_of(tags, rules) is None:
            continue
        place = _osm_id(one)
        point = _point_of(one)
        if point is not None or place not in found:
            found[place] = _Tagged(tags, point)
    return {place: found[place] for place in sorted(found, key=lambda p: ("nwr".index(p[0]), int(p[1:])))}


def _osm_id(one: Any) -> str:
    if one.is_area():
        return f"{'w' if one.from_way() else 'r'}{one.orig_id()}"
    return f"{one.type_str()}{one.id}"


def _point_of(one: Any) -> shapely.Point | None:
    if one.is_node():
        return shapely.Point(one.location.lon, one.location.lat) if one.location.valid() else None
    if one.is_way():
        known = [(n.lon, n.lat) for n in one.nodes if n.location.valid()]
        return None if not known else shapely.MultiPoint(known).centroid
    if one.is_area():
        outline = shapely.from_wkb(osmium.geom.WKBFactory().create_multipolygon(one))
        return shapely.point_on_surface(outline)
    return None


def _place_frame(
    ids: pd.Index,
    tags: Sequence[Tags],
    rules: Rules,
    points: Sequence[shapely.Point | None],
    crs: CRS,
) -> gpd.GeoDataFrame:
    columns: dict[str, Any] = {
        "name": pd.Series([str(t.get("name") or "") for t in tags], ids, dtype="str"),
        "kind": pd.Series([_kind_of(t, rules) or "" for t in tags], ids, dtype="str"),
    }
    counted = pd.Series([_count(t.get("population")) for t in tags], ids, dtype="Int64")
    if counted.notna().any():
        columns["population"] = counted
    lonlat = gpd.GeoSeries(list(points), index=ids, crs="EPSG:4326")
    return gpd.GeoDataFrame(columns, index=ids, geometry=lonlat.to_crs(crs), crs=crs)


def _count(text: object) -> int | None:
    """A number of people as mappers write it: 4284, 4 284, 4,284, 4'284."""
    plain = re.sub(r"(?<=\d)[\s,.'’](?=\d{3}\b)", "", str(text).strip())
    return int(plain) if re.fullmatch(r"\d{1,10}", plain) else None


# --- graphs


def read_graphml_roads(path: str | Path, *, crs: object) -> gpd.GeoDataFrame:
    """Roads of a GraphML file as OSMnx saves it; the columns of `roads_from_graph`."""
    import networkx as nx

    file = _existing(path)
    try:
        graph = nx.read_graphml(file, force_multigraph=True)
    except (SyntaxError, ValueError, KeyError, nx.NetworkXError) as why:
        raise DataError("osm.graph_broken", file=file.name, detail=_short(why)) from why
    return roads_from_graph(graph, crs=crs, file=file.name)


def roads_from_graph(graph: nx.Graph[Any], *, crs: object, file: str = "graph") -> gpd.GeoDataFrame:
    """Roads of a networkx or OSMnx graph.

    Two arcs that run along the same line in opposite directions become one road open both ways; an arc
    without a mate is one-way. Of several classes on one edge (OSMnx joins ways) the least road counts,
    of several access rules the strictest. ``length_m`` is taken over where every edge has ``length``.
    Needs ``graph.graph["crs"]`` and ``x``, ``y`` on every node; raises DataError otherwise.
    """
    metres = _metres(crs)
    if not graph.graph.get("crs"):
        raise DataError("osm.graph_crs", file=file)
    places = _node_places(graph, file)
    edges = [_edge(u, v, data, places) for u, v, data in graph.edges(data=True)]
    if not edges:
        raise DataError("osm.no_roads", file=file)
    roads = pd.DataFrame(_paired(edges) if graph.is_directed() else edges)
    roads.index = pd.Index([f"e{n}" for n in range(1, len(roads) + 1)], name="id")
    lines = gpd.GeoSeries([shapely.LineString(c) for c in roads.pop("coords")], index=roads.index)
    roads["oneway"] = roads["oneway"].astype("int8")
    if roads["length_m"].isna().any():
        roads = roads.drop(columns="length_m")
    return gpd.GeoDataFrame(roads, geometry=lines, crs=graph.graph["crs"]).to_crs(metres)


def _node_places(graph: nx.Graph[Any], file: str) -> dict[Any, tuple[float, float]]:
    bare = [node for node, data in graph.nodes(data=True) if "x" not in data or "y" not in data]
    if bare:
        raise DataError("osm.graph_nodes", file=file, ids=first_ids(bare))
    return {node: (float(data["x"]), float(data["y"])) for node, data in graph.nodes(data=True)}


def _edge(u: Any, v: Any, data: Tags, places: Mapping[Any, tuple[float, float]]) -> dict[str, Any]:
    line = data.get("geometry")
    shape = shapely.from_wkt(line) if isinstance(line, str) else line
    coords = tuple(shape.coords) if shape is not None else (places[u], places[v])
    every = [dict(zip(_ROAD_TAGS, one, strict=True)) for one in _readings(data)]
    return {
        "road_class": min((t["highway"] for t in every), key=_least),
        "oneway": _oneway(every[0]),
        "from_node": _node_id(u),
        "to_node": _node_id(v),
        "walk": all(_may_walk(t) for t in every),
        "drive": all(_may_drive(t) for t in every),
        "name": " / ".join(sorted(_listed(data.get("name")))),
        "length_m": float(data["length"]) if "length" in data else None,
        "coords": coords,
    }


def _readings(data: Tags) -> Iterator[tuple[str, ...]]:
    """Every way to read an edge that carries the tags of several ways."""
    unlisted = {"highway": ["unclassified"]}
    return itertools.product(*(_listed(data.get(tag)) or unlisted.get(tag, [""]) for tag in _ROAD_TAGS))


def _listed(value: object) -> list[str]:
    """The values of a tag as OSMnx keeps them: one, a list, or a list written as text."""
    if value is None or value == "" or (isinstance(value, float) and np.isnan(value)):
        return []
    if isinstance(value, str) and value.startswith("["):
        return [a or b for a, b in re.findall(r"'([^']*)'|\"([^\"]*)\"", value)]
    if isinstance(value, list | tuple | set):
        return sorted(str(v) for v in value)
    return [str(value)]


def _least(road_class: str) -> tuple[int, str]:
    classes = _table()["roads"]["classes"]
    return (-classes.index(road_class) if road_class in classes else -len(classes), road_class)


def _node_id(node: Any) -> int | str:
    text = str(node)
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else text


def _paired(arcs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One road for two arcs there and back; an arc alone is one-way along its line."""
    roads: list[dict[str, Any]] = []
    waiting: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for arc in arcs:
        back = (arc["to_node"], arc["from_node"], arc["coords"][::-1], arc["road_class"])
        mates = waiting.get(back)
        if mates:
            mates.pop(0)["oneway"] = 0
            continue
        road = {**arc, "oneway": 1}
        roads.append(road)
        waiting.setdefault((arc["from_node"], arc["to_node"], arc["coords"], arc["road_class"]), []).append(road)
    return roads


# --- the service


@dataclass(frozen=True)
class Fetched:
    """What a download left in its folder."""

    folder: Path
    roads: Path
    facilities: Path
    communities: Path
    query: Path
    counts: Mapping[str, int]

    def __repr__(self) -> str:
        return f"<Fetched {', '.join(f'{n} {what}' for what, n in self.counts.items())} in {self.folder}>"


def fetch(
    area: Area,
    folder: str | Path,
    *,
    facility_kinds: Sequence[str],
    community_kinds: Sequence[str] = ("village", "town", "suburb", "neighbourhood"),
    endpoint: str | None = None,
    nominatim: str | None = None,
    timeout: float = 180,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Fetched:
    """Download roads, facilities and communities of an area from OpenStreetMap, through OSMnx.

    Parameters
    ----------
    area : a place name (asked of Nominatim), (west, south, east, north) in degrees, or a polygon in degrees.
    folder : receives ``roads.graphml``, ``facilities.geojson``, ``communities.geojson``, ``query.json``
        (area, polygon, kinds, date, service, counts). Other files in it stay. Everything is
        downloaded before the first file is put in place; ``query.json`` comes last.
    endpoint, nominatim : other services than the public ones, up to the folder before ``/interpreter``.
    timeout : seconds that one request may take.

    Raises
    ------
    ServiceError : busy (429, 504), refused, cut short, or no road there. Nothing was written.
    DataError, WriteError : the area or a kind cannot be used; the folder cannot be written, or holds
        files of these names that no download left there.
    """
    rules = {"facilities": _rules(facility_kinds), "communities": _rules(community_kinds)}
    _check_ours(Path(folder))
    service = endpoint or OVERPASS
    with _osmnx_asking(service, nominatim=nominatim, timeout=timeout, public=endpoint is None) as ox:
        polygon = _polygon(area, ox)
        graph = _download_roads(ox, polygon, service)
        places = {name: _download_places(ox, polygon, part) for name, part in rules.items()}
    counts = {"roads": graph.number_of_edges(), **{name: len(found) for name, found in places.items()}}
    query = {
        "date": now().isoformat(timespec="seconds"),
        "service": service,
        "area": area if isinstance(area, str) else list(polygon.bounds),
        "polygon": polygon.wkt,
        "facility_kinds": list(facility_kinds),
        "community_kinds": list(community_kinds),
        "counts": counts,
        "licence": "OpenStreetMap contributors, ODbL 1.0",
    }
    _write_folder(Path(folder), ox, graph, places, query)
    at = Path(folder)
    roads, facilities, communities, told = (at / name for name in _FETCHED)
    return Fetched(at, roads, facilities, communities, told, counts=MappingProxyType(counts))


@contextlib.contextmanager
def _osmnx_asking(service: str, *, nominatim: str | None, timeout: float, public: bool) -> Iterator[Any]:
    """OSMnx with its settings for one download; it keeps them, and the name look-up, for the whole process."""
    import osmnx as ox
    import requests

    wanted: dict[str, Any] = {
        "overpass_url": service,
        "overpass_rate_limit": public,
        "requests_timeout": timeout,
        "requests_kwargs": {"hooks": {"response": functools.partial(_check_answer, service)}},
        "use_cache": False,
        "doh_url_template": None,
        "useful_tags_way": [*_ROAD_TAGS, "name"],
    }
    if nominatim is not None:
        wanted["nominatim_url"] = nominatim
    before = {name: getattr(ox.settings, name) for name in wanted}
    look_up = socket.getaddrinfo
    try:
        for name, value in wanted.items():
            setattr(ox.settings, name, value)
        yield ox
    except (requests.RequestException, OSError, ox._errors.ResponseStatusCodeError) as why:
        if isinstance(why, ServiceError | WriteError):
            raise
        raise ServiceError("osm.refused", service=service, detail=_short(why)) from why
    finally:
        socket.getaddrinfo = look_up
        for name, value in before.items():
            setattr(ox.settings, name, value)


def _check_answer(service: str, answer: Any, *_: object, **__: object) -> None:
    """Stop where OSMnx would try again for ever, or take half an answer for a whole one."""
    with answer:  # read to the end and give the connection back, also when we stop here
        text = answer.text
    if answer.status_code in (429, 504):
        raise ServiceError("osm.busy", service=service, status=f"{answer.status_code} {answer.reason}")
    if answer.status_code >= 400:
        raise ServiceError("osm.refused", service=service, detail=f"{answer.status_code} {answer.reason}")
    if answer.request.method != "POST":
        return
    try:
        said = answer.json()
    except ValueError as why:
        raise ServiceError("osm.refused", service=service, detail=_short(text)) from why
    if not isinstance(said, dict) or "elements" not in said:
        raise ServiceError("osm.refused", service=service, detail="no elements in the answer")
    if "remark" in said:
        raise ServiceError("osm.cut_short", service=service, detail=_short(said["remark"]))


def _polygon(area: Area, ox: Any) -> shapely.Polygon | shapely.MultiPolygon:
    if isinstance(area, str):
        try:
            outline = ox.geocode_to_gdf(area).geometry.iloc[0]
        except (ox._errors.InsufficientResponseError, TypeError) as why:
            raise DataError("osm.bad_area", area=area) from why
    elif isinstance(area, tuple):
        outline = shapely.Polygon(_outline(area)) if area[0] < area[2] and area[1] < area[3] else shapely.Polygon()
    else:
        outline = area
    west, south, east, north = outline.bounds or (1, 1, 0, 0)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90 and outline.is_valid):
        raise DataError("osm.bad_area", area=str(area)[:80])
    return outline


def _download_roads(ox: Any, polygon: Any, service: str) -> Any:
    asked = f'["highway"~"^({"|".join(_table()["roads"]["classes"])})$"]'
    try:
        whole = ox.graph_from_polygon(
            polygon,
            simplify=False,
            retain_all=True,
            truncate_by_edge=True,
            custom_filter=asked,
        )
    except (ox._errors.InsufficientResponseError, ValueError) as why:
        raise ServiceError("osm.nothing_there", service=service) from why
    return ox.simplify_graph(whole, edge_attrs_differ=[*_ROAD_TAGS])


def _download_places(ox: Any, polygon: Any, rules: Rules) -> gpd.GeoDataFrame:
    asked: dict[str, list[str]] = {}
    for _, tags in rules:
        key, values = next(iter(tags.items()))
        asked.setdefault(key, []).extend([values] if isinstance(values, str) else values)
    try:
        found = ox.features_from_polygon(polygon, {key: sorted(set(v)) for key, v in asked.items()})
    except ox._errors.InsufficientResponseError:
        found = gpd.GeoDataFrame(geometry=[], crs="EPSG:4326", index=pd.MultiIndex.from_arrays([[], []]))
    records = found.drop(columns="geometry").to_dict("records")
    said = [{str(key): value for key, value in one.items() if isinstance(value, str)} for one in records]
    ids = pd.Index([f"{element[0]}{number}" for element, number in found.index], name="id", dtype="str")
    places = _place_frame(ids, said, rules, list(found.geometry.representative_point()), CRS(4326))
    return places[places["kind"] != ""].sort_index()


def _check_ours(folder: Path) -> None:
    """Never write over a planner's own table of the same name."""
    there = [name for name in _FETCHED if (folder / name).exists()]
    if there and "query.json" not in there:
        raise WriteError("osm.not_ours", folder=str(folder), files=", ".join(there))


def _write_folder(folder: Path, ox: Any, graph: Any, places: Mapping[str, gpd.GeoDataFrame], query: object) -> None:
    """All files made beside the folder, then put in place."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        growing = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            ox.save_graphml(graph, growing / "roads.graphml")
            for name, found in places.items():
                text = found.reset_index().to_json(drop_id=True, ensure_ascii=False)
                (growing / f"{name}.geojson").write_text(text, encoding="utf-8")
            told = json.dumps(query, ensure_ascii=False, indent=2) + "\n"
            (growing / "query.json").write_text(told, encoding="utf-8")
            folder.mkdir(exist_ok=True)
            for name in _FETCHED:
                (growing / name).replace(folder / name)
        finally:
            shutil.rmtree(growing, ignore_errors=True)
    except OSError as why:
        raise WriteError("osm.cannot_write", folder=str(folder), detail=_short(why)) from why


# --- doors


def _existing(path: str | Path) -> Path:
    file = Path(path)
    if not file.is_file():
        raise MissingError("osm.missing", file=str(path))
    return file


def _told_as_data(file: Path, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except (RuntimeError, ValueError) as why:
        if isinstance(why, DataError):
            raise
        raise DataError("osm.broken", file=file.name, detail=_short(why)) from why


def _metres(crs: object) -> CRS:
    known = CRS.from_user_input(crs)
    if not known.is_projected or known.axis_info[0].unit_name != "metre":
        raise DataError("places.not_metres", crs=known.to_string())
    return known


def _project(lonlat: NDArray[np.float64], metres: CRS) -> NDArray[np.float64]:
    x, y = Transformer.from_crs(4326, metres, always_xy=True).transform(lonlat[:, 0], lonlat[:, 1])
    return np.column_stack([x, y])


def _outline(bbox: tuple[float, float, float, float]) -> list[tuple[float, float]]:
    west, south, east, north = bbox
    return [(west, south), (east, south), (east, north), (west, north)]


def _short(why: object) -> str:
    return " ".join(str(why).split())[:160]
