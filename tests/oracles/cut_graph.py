"""Travel times read off a networkx graph that is cut at every place: random towns, and what they must come to."""

from __future__ import annotations

import itertools
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
from shapely import LineString

from quarterhour.network.network import Network
from quarterhour.network.roads import as_roads

CRS = "EPSG:32651"


def roads_of(ends: list[tuple[int, int]], xy: np.ndarray, oneway: list[int]) -> gpd.GeoDataFrame:
    lines = [
        LineString([xy[u], xy[v]]) if u != v else LineString([xy[u], xy[u] + 40, xy[u] + [0, 60], xy[u]])
        for u, v in ends
    ]
    frame = gpd.GeoDataFrame(
        {"oneway": oneway, "from_node": [u for u, _ in ends], "to_node": [v for _, v in ends]}, geometry=lines, crs=CRS
    ).assign(road_class="residential")
    return as_roads(frame, crs=CRS)[0]


def cut_graph(net: Network, homes: pd.DataFrame, bases: pd.DataFrame) -> nx.MultiDiGraph:
    """Every road cut at every place on it; the pieces of a road add up to the road, in each direction."""
    graph = nx.MultiDiGraph()
    places = [(i, r.road, r.share, r.gap_m) for frame in (homes, bases) for i, r in frame.iterrows()]
    for road in range(len(net.tail)):
        on = [(i, share) for i, at, share, _ in places if at == road]
        for cs, sign in ((int(net.forward_cs[road]), 1), (int(net.backward_cs[road]), -1)):
            if not cs:
                continue
            stops = [(0, ("j", int(net.tail[road])))] + [(round(share * cs), ("on", i)) for i, share in on]
            stops = sorted(stops, key=lambda s: s[0]) + [(cs, ("j", int(net.head[road])))]
            for (a, one), (b, two) in itertools.pairwise(stops):
                edge = (one, two) if sign > 0 else (two, one)
                graph.add_edge(*edge, weight=b - a)
                if a == b:  # one spot
                    graph.add_edge(*edge[::-1], weight=0)
    for i, road, _, gap in places:
        if road >= 0:
            off = round(gap * 360 / net.mode.gap_kmh)
            graph.add_edge(("off", i), ("on", i), weight=off)
            graph.add_edge(("on", i), ("off", i), weight=off)
    return graph


def shortest(graph: nx.MultiDiGraph, homes: pd.DataFrame, bases: pd.DataFrame, heading: str) -> dict[Any, int]:
    """Centiseconds of every pair that the graph joins."""
    view, found = graph if heading == "to_community" else graph.reverse(copy=False), {}
    for base in bases.index:
        if ("off", base) in view:
            lengths = nx.single_source_dijkstra_path_length(view, ("off", base))
            found |= {(h, base): lengths[("off", h)] for h in homes.index if ("off", h) in lengths}
    return found
