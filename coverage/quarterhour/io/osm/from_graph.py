"""Roads of a networkx or OSMnx graph, and of its GraphML file."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from quarterhour.base import limits
from quarterhour.base.arrays import FloatArray
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.foreign import foreign
from quarterhour.io.osm.access import access_columns, barrier_word, common_direction, sign
from quarterhour.io.osm.open import existing, metres_of
from quarterhour.io.osm.tags import (
    ACCESS_TAGS,
    FERRY_TAGS,
    HARD_TAGS,
    NODE_TAGS,
    SPEED_TAGS,
    Tags,
    ferry_minutes,
    hardships,
    is_bridge,
    is_ferry,
    is_tunnel,
    road_class,
    signal,
)
from quarterhour.io.osm.tags import (
    limits as speed_limits,
)
from quarterhour.network.modes import osm_words
from quarterhour.network.roads.permits import WHO

if TYPE_CHECKING:
    import networkx as nx

_MARKS = ("oneway", "oneway_cycle", "oneway_foot")
_SHOWN_LETTERS = 40


def read_graphml_roads(path: str | Path, *, crs: object) -> gpd.GeoDataFrame:
    """Roads of a GraphML file as OSMnx saves it; the columns of `roads_from_graph`."""
    import networkx as nx

    file = existing(path)
    with foreign(file.name, key="osm.graph_broken"):
        graph = nx.read_graphml(file, force_multigraph=True)
    return roads_from_graph(graph, crs=crs, file=file.name)


def roads_from_graph(graph: nx.Graph[Any], *, crs: object, file: str = "graph") -> gpd.GeoDataFrame:
    """Roads of a networkx or OSMnx graph; the columns of `read_osm_roads`, as far as edges and nodes have the tags.

    Two arcs that run along the same line in opposite directions become one road open both ways; an arc
    without a mate is one-way. Of several classes on one edge (OSMnx joins ways) the least road counts,
    of several access rules the strictest, of several limits the lowest, of several surfaces the worst; what was
    joined out of several ways is no bridge and no tunnel, since OSMnx forgets where they begin. Signals and
    barriers count where they stand at the ends of edges. ``length_m`` is taken over where every edge has ``length``.

    Parameters
    ----------
    graph : with ``graph.graph["crs"]`` and ``x``, ``y`` on every node.
    crs : of the answer, or a function that gives it once it has seen where the nodes lie (n x 2 degrees).
    file : what the user calls it, for the messages.

    Returns
    -------
    A row a road, as ``as_roads`` takes it.

    Raises
    ------
    DataError : no CRS, a node without a place, or no road.

    Examples
    --------
    >>> import networkx as nx, quarterhour as qh
    >>> graph = nx.MultiDiGraph(crs="EPSG:32651")
    >>> graph.add_nodes_from([(1, {"x": 400000, "y": 4150000}), (2, {"x": 400300, "y": 4150000})])
    >>> _ = graph.add_edge(1, 2, highway="residential"), graph.add_edge(2, 1, highway="residential")
    >>> qh.roads_from_graph(graph, crs="EPSG:32651")[["road_class", "oneway", "walk"]].to_dict("records")
    [{'road_class': 'residential', 'oneway': 0, 'walk': True}]
    """
    if not graph.graph.get("crs"):
        raise DataError("osm.graph_crs", file=file)
    with foreign(file, key="osm.graph_broken", part="crs"):
        said = CRS.from_user_input(graph.graph["crs"])
    nodes = _nodes(graph, file)
    metres = metres_of(crs(_degrees_of(nodes.values(), said)) if callable(crs) else crs)
    _check_readings(graph, file)
    edges = [_edge(u, v, data, nodes, file) for u, v, data in graph.edges(data=True)]
    if not edges:
        raise DataError("osm.no_roads", file=file)
    roads = pd.DataFrame(_paired(edges) if graph.is_directed() else edges)
    common = roads.pop("common")
    roads = roads.assign(**{c: pd.to_numeric(roads[c]).fillna(common).astype("int8") for c in _MARKS})
    roads.index = pd.Index([f"e{n}" for n in range(1, len(roads) + 1)], name="id")
    lines = gpd.GeoSeries([shapely.LineString(c) for c in roads.pop("coords")], index=roads.index)
    lines = lines.set_crs(said).to_crs(metres)
    if roads["length_m"].isna().any():
        roads = roads.drop(columns="length_m")
    return gpd.GeoDataFrame(_shared_out(roads, lines.length), geometry=lines)


@dataclass(frozen=True)
class _Node:
    place: tuple[float, float]
    barrier: str
    signal: tuple[bool, bool]


def _degrees_of(nodes: Iterable[_Node], crs: CRS) -> FloatArray:
    """Where the nodes of a graph lie, n x 2."""
    points = gpd.GeoSeries(shapely.points(np.array([n.place for n in nodes]).reshape(-1, 2)), crs=crs).to_crs(4326)
    degrees: FloatArray = shapely.get_coordinates(points.to_numpy())
    return degrees


def _nodes(graph: nx.Graph[Any], file: str) -> dict[Any, _Node]:
    places = {node: (_number(data.get("x")), _number(data.get("y"))) for node, data in graph.nodes(data=True)}
    bare = [node for node, place in places.items() if not all(map(math.isfinite, place))]
    if bare:
        raise DataError("osm.graph_nodes", file=file, ids=first_ids(bare))
    found = {}
    for node, data in graph.nodes(data=True):
        tags = {key: ";".join(_listed(data.get(key))) for key in NODE_TAGS}
        found[node] = _Node(places[node], barrier_word(tags), signal(tags))
    return found


def _number(value: Any) -> float:
    """A number as an attribute holds it; not a number for what is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _length(value: Any, file: str, edge: str) -> float | None:
    """The metres that an edge says; None where it says none. DataError for what can be no length."""
    length = _number(value)
    unsaid = value is None or str(value).strip().lower() in ("", "nan")
    if not unsaid and not (math.isfinite(length) and length >= 0):
        raise DataError("osm.graph_broken", file=file, detail=f"{edge}: length {str(value)[:_SHOWN_LETTERS]}")
    return None if unsaid else length


def _corners(line: Any, file: str, edge: str) -> tuple[tuple[float, float], ...]:
    """The corners of an edge's line, shape or WKT; DataError where it is no line."""
    with foreign(file, key="osm.graph_broken", part=edge):
        shape = shapely.from_wkt(line) if isinstance(line, str) else line
    corners = shapely.get_coordinates(shape) if isinstance(shape, shapely.LineString) else np.empty((0, 2))
    if len(corners) == 0 or not np.isfinite(corners).all():
        raise DataError("osm.graph_broken", file=file, detail=f"{edge}: geometry {str(line)[:_SHOWN_LETTERS]}")
    return tuple((float(x), float(y)) for x, y in corners)


def _edge(u: Any, v: Any, data: Tags, nodes: Mapping[Any, _Node], file: str) -> dict[str, Any]:
    u, v = _drawn(u, v, data)
    line, named = data.get("geometry"), f"{u} - {v}"
    coords = _corners(line, file, named) if line is not None else (nodes[u].place, nodes[v].place)
    every = [dict(zip(ACCESS_TAGS, one, strict=True)) for one in _readings(data)]
    return {
        "road_class": min((road_class(t) or t["highway"] for t in every), key=_least),
        "from_node": _node_id(u),
        "to_node": _node_id(v),
        **_strictest([access_columns(t) for t in every], every[0], turned=_runs_against(data)),
        "name": " / ".join(sorted(_listed(data.get("name")))),
        **_speed_columns(data, nodes[u], nodes[v]),
        "length_m": _length(data.get("length"), file, named),
        "coords": coords,
    }


def _strictest(readings: list[dict[str, Any]], first: Tags, *, turned: bool) -> dict[str, Any]:
    """Who may use an edge, of several readings the least; one-way marks along the edge, of the first reading.

    Marks are missing where they are the common ones (``common``), which the arcs of a directed graph say.
    """
    flip, common = -1 if turned else 1, sign(common_direction(first))
    usual = {c: common for c in _MARKS if c != "oneway_foot" or is_ferry(first)}
    marks = {c: int(readings[0][c]) for c in _MARKS}
    ways = {c: None if way == usual.get(c) else way * flip for c, way in marks.items()}
    said = {c: all(one[c] for one in readings) for c in readings[0] if c not in (*_MARKS, "cycle_pushed")}
    ends = {f"{who}_ends": said[who] and any(one[f"{who}_ends"] for one in readings) for who in WHO}
    pushed = any(one["cycle_pushed"] for one in readings)
    return {**ways, "common": common * flip, **said, **ends, "cycle_pushed": pushed}


def _runs_against(data: Tags) -> bool:
    """Whether an edge runs against the way that it is a part of."""
    turned = str(data.get("reversed", ""))
    return "True" in turned and "False" not in turned


def _drawn(u: Any, v: Any, data: Tags) -> tuple[Any, Any]:
    """The ends in the order of the line: of undirected edges OSMnx keeps it in ``from`` and ``to``."""
    turned = str(data.get("from")) == str(v) and str(data.get("to")) == str(u)
    return (v, u) if turned else (u, v)


def _speed_columns(data: Tags, start: _Node, end: _Node) -> dict[str, Any]:
    """What tags say along and against the edge, which may run against its way."""
    tags = {tag: ";".join(_listed(data.get(tag))) for tag in (*SPEED_TAGS, *FERRY_TAGS, *HARD_TAGS)}
    flip = -1 if _runs_against(data) else 1
    limit, minutes = speed_limits(tags)[::flip], ferry_minutes(tags)[::flip]
    one_way = not str(data.get("osmid", "")).startswith("[")
    return {
        "maxspeed": limit[0],
        "maxspeed_against": limit[1],
        "surface": tags["surface"],
        **hardships(tags),
        "bridge": one_way and is_bridge(tags),
        "tunnel": one_way and is_tunnel(tags),
        "signals_along": int(end.signal[::flip][0]),
        "signals_against": int(start.signal[::flip][1]),
        "barrier_from": start.barrier,
        "barrier_to": end.barrier,
        "minutes_along": minutes[0],
        "minutes_against": minutes[1],
        "osmid": str(data.get("osmid", "")),
    }


def _shared_out(roads: pd.DataFrame, length: pd.Series) -> pd.DataFrame:
    """The minutes of a ferry shared out by the length of its pieces."""
    ferry = roads["road_class"] == "ferry"
    way = roads.pop("osmid").where(lambda said: said != "", roads.index.to_series())
    share = (length / length.groupby(way).transform("sum").clip(lower=1e-9)).where(ferry, 0.0)
    minutes = {c: (roads[c] * share).where(ferry) for c in ("minutes_along", "minutes_against")}
    return roads.assign(**minutes, ferry_share=share)


def _readings(data: Tags) -> Iterator[tuple[str, ...]]:
    """Every way to read an edge that carries the tags of several ways; `_check_readings` saw how many there are."""
    other = road_class({tag: one[0] for tag in ACCESS_TAGS if (one := _listed(data.get(tag)))})
    unlisted = {"highway": [""] if other else ["unclassified"]}
    return itertools.product(*(_listed(data.get(tag)) or unlisted.get(tag, [""]) for tag in ACCESS_TAGS))


def _check_readings(graph: nx.Graph[Any], file: str) -> None:
    """DataError where the lists in the tags of an edge, or of all edges, combine in more ways than may be."""
    every = 0
    for u, v, data in graph.edges(data=True):
        ways = math.prod(len(_listed(data[tag])) or 1 for tag in ACCESS_TAGS if tag in data)
        limits.check("edge_readings", ways, of=f"{file}: {u} - {v}")
        every += ways - 1
    limits.check("graph_readings", every, of=file)


def _listed(value: object) -> list[str]:
    """The values of a tag as OSMnx keeps them: one, a list, or a list written as text."""
    if value is None or value == "" or (isinstance(value, float) and np.isnan(value)):
        return []
    if isinstance(value, str) and value.startswith("["):
        return [a or b for a, b in re.findall(r"'([^']*)'|\"([^\"]*)\"", value)]
    if isinstance(value, list | tuple | set):
        return sorted(str(v) for v in value)
    return [str(value)]


def _least(said: str) -> tuple[int, str]:
    classes = osm_words()["roads"]["classes"]
    return (-classes.index(said) if said in classes else -len(classes), said)


def _node_id(node: Any) -> int | str:
    text = str(node)
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else text


def _paired(arcs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One road for two arcs there and back, open both ways but for whom its tags say otherwise; an arc alone is one-way
    along its line."""
    roads: list[dict[str, Any]] = []
    waiting: dict[tuple[Any, ...], list[tuple[dict[str, Any], Any]]] = {}
    for arc in arcs:
        back = (arc["to_node"], arc["from_node"], arc["coords"][::-1], arc["road_class"])
        mates = waiting.get(back)
        if mates:
            mate, said = mates.pop(0)
            mate |= {"common": 0, "oneway": said}
            continue
        road = {**arc, "common": 1, "oneway": 1}
        roads.append(road)
        here = (arc["from_node"], arc["to_node"], arc["coords"], arc["road_class"])
        waiting.setdefault(here, []).append((road, arc["oneway"]))
    return roads
