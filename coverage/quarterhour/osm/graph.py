"""Roads of a networkx or OSMnx graph, and of its GraphML file."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.errors import DataError, first_ids
from quarterhour.osm.doors import existing, metres_of, short
from quarterhour.osm.tags import ROAD_TAGS, Tags, may_drive, may_walk, oneway, table

if TYPE_CHECKING:
    import networkx as nx


def read_graphml_roads(path: str | Path, *, crs: object) -> gpd.GeoDataFrame:
    """Roads of a GraphML file as OSMnx saves it; the columns of `roads_from_graph`."""
    import networkx as nx

    file = existing(path)
    try:
        graph = nx.read_graphml(file, force_multigraph=True)
    except (SyntaxError, ValueError, KeyError, nx.NetworkXError) as why:
        raise DataError("osm.graph_broken", file=file.name, detail=short(why)) from why
    return roads_from_graph(graph, crs=crs, file=file.name)


def roads_from_graph(graph: nx.Graph[Any], *, crs: object, file: str = "graph") -> gpd.GeoDataFrame:
    """Roads of a networkx or OSMnx graph.

    Two arcs that run along the same line in opposite directions become one road open both ways; an arc
    without a mate is one-way. Of several classes on one edge (OSMnx joins ways) the least road counts,
    of several access rules the strictest. ``length_m`` is taken over where every edge has ``length``.
    Needs ``graph.graph["crs"]`` and ``x``, ``y`` on every node; raises DataError otherwise.
    """
    metres = metres_of(crs)
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
    every = [dict(zip(ROAD_TAGS, one, strict=True)) for one in _readings(data)]
    return {
        "road_class": min((t["highway"] for t in every), key=_least),
        "oneway": oneway(every[0]),
        "from_node": _node_id(u),
        "to_node": _node_id(v),
        "walk": all(may_walk(t) for t in every),
        "drive": all(may_drive(t) for t in every),
        "name": " / ".join(sorted(_listed(data.get("name")))),
        "length_m": float(data["length"]) if "length" in data else None,
        "coords": coords,
    }


def _readings(data: Tags) -> Iterator[tuple[str, ...]]:
    """Every way to read an edge that carries the tags of several ways."""
    unlisted = {"highway": ["unclassified"]}
    return itertools.product(*(_listed(data.get(tag)) or unlisted.get(tag, [""]) for tag in ROAD_TAGS))


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
    classes = table()["roads"]["classes"]
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
