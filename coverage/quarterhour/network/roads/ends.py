"""Named ends of roads against drawn ends: node ids join roads only where the lines agree with them.

OSMnx's undirected edges name a two-way street ``u, v`` and draw it from v to u. So the drawn line is the measure: a
road whose ends are named the other way round than it is drawn gets its names swapped. One-way marks, signals and
speeds are those of the drawn line; what stands at a node (``barrier_from``, ``barrier_to``) goes with its name.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.base.cells import texts
from quarterhour.base.errors import first_ids
from quarterhour.base.findings import Severity, no_findings
from quarterhour.network.roads.junctions import end_points, named_ends, spots_of, spots_within
from quarterhour.network.roads.told import Where

APART_M = 1.0
"""Ends of one node may lie so far apart; farther, and the node ids are not those of the lines."""
SPLIT = 0.05
"""With more than this share of the spots where roads end together under several names, the names do not join roads."""
_NODES = ["from_node", "to_node"]
_SWAPPED = {"from_node": "to_node", "to_node": "from_node", "barrier_from": "barrier_to", "barrier_to": "barrier_from"}


def fitted_ends(roads: gpd.GeoDataFrame, where: Where, *, sure: bool = True) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Roads whose from_node and to_node lie where their lines begin and end, or without these columns.

    Names that are incomplete, or cannot be made to fit the lines, are dropped, and ends join by coordinates; all is
    told. ``sure``: whether the columns can be meant for nothing else; if they can, dropping them is but a note.
    """
    ends = [c for c in _NODES if c in roads.columns]
    if not ends:
        return roads, no_findings()
    severity: Severity = "warning" if sure else "note"
    roads = roads.assign(**{c: texts(roads[c]) for c in ends})
    if len(ends) == 1 or (roads[ends] == "").to_numpy().any():
        return roads.drop(columns=ends), where.about("no_nodes", roads.index, severity="note")
    found = _ends_of(roads)
    turned = _turned(*found)
    if turned.any():
        roads = _with_names_swapped(roads, turned)
        found = _ends_of(roads)
    apart = _apart(*found)
    if len(apart):
        return roads.drop(columns=ends), where.about("nodes_apart", apart, severity=severity)
    split, share = _split(*found)
    if share > SPLIT:
        told = where.say("nodes_split", severity=severity, value=str(len(split)), detail=first_ids(split))
        return roads.drop(columns=ends), told
    if turned.any():
        return roads, where.about("nodes_turned", roads.index[turned], severity="note")
    return roads, no_findings()


def _ends_of(roads: gpd.GeoDataFrame) -> tuple[IntArray, FloatArray, pd.Index]:
    """All first ends, then all last ends: the node as a number, the place; and the names of the nodes."""
    xy = end_points(roads.geometry.to_numpy())
    node, names = named_ends(roads)
    return node, xy, names


def _with_names_swapped(roads: gpd.GeoDataFrame, turned: BoolArray) -> gpd.GeoDataFrame:
    pairs = {a: b for a, b in _SWAPPED.items() if a in roads and b in roads}
    return roads.assign(**{a: roads[a].where(~turned, roads[b]) for a, b in pairs.items()})


def _turned(node: IntArray, xy: FloatArray, names: pd.Index) -> BoolArray:
    """Roads that are named the other way round than they are drawn.

    A node lies where most of its roads touch; a node at which that is a draw (the end of one street) lies where its
    neighbours leave room. Where every node lies in one place as it is named, no road is.
    """
    if _in_one_place(node, xy, len(names)):
        return np.zeros(len(node) // 2, bool)
    (u, v), (s, t) = node.reshape(2, -1), spots_within(xy, APART_M).reshape(2, -1)
    at = _most_touched(u, v, s, t, len(names))
    turned = _says_turned(at, u, v, s, t)
    for here, there in ((u, v), (v, u)):
        lone = (at[here] < 0) & (at[there] >= 0)
        drawn = np.where(turned == (here is u), t, s)
        at[here[lone]] = drawn[lone]
    rest = np.flatnonzero((at[u] < 0) & (at[v] < 0))[::-1]  # a street between two such: as its first row is drawn
    at[u[rest]], at[v[rest]] = s[rest], t[rest]
    return _says_turned(at, u, v, s, t)


def _says_turned(at: IntArray, u: IntArray, v: IntArray, s: IntArray, t: IntArray) -> BoolArray:
    as_named = (at[u] == s).astype(int) + (at[v] == t)
    turned: BoolArray = (at[u] == t).astype(int) + (at[v] == s) > as_named
    return turned


def _most_touched(u: IntArray, v: IntArray, s: IntArray, t: IntArray, count: int) -> IntArray:
    """For each node the spot that the most of its roads touch, -1 where several are equal."""
    road = np.arange(len(u))
    pairs = pd.DataFrame({"node": np.r_[u, u, v, v], "spot": np.r_[s, t, s, t], "road": np.r_[road, road, road, road]})
    size = pairs.drop_duplicates().groupby(["node", "spot"]).size().reset_index(name="roads")
    top = size[size["roads"] == size.groupby("node")["roads"].transform("max")]
    top = top[~top["node"].duplicated(keep=False)]
    at = np.full(count, -1)
    at[top["node"].to_numpy()] = top["spot"].to_numpy()
    return at


def _in_one_place(node: IntArray, xy: FloatArray, count: int) -> bool:
    """Whether all ends of each node have the very same place, as they have in an OSM extract."""
    place = np.empty((count, 2))
    place[node] = xy
    return bool((place[node] == xy).all())


def _apart(node: IntArray, xy: FloatArray, names: pd.Index) -> pd.Index:
    """Nodes whose ends of roads do not lie together."""
    if _in_one_place(node, xy, len(names)):
        return names[:0]
    ends = pd.DataFrame(xy).groupby(node)
    spread = (ends.max() - ends.min()).max(axis=1)
    return names[spread.index[spread > APART_M]]


def _split(node: IntArray, xy: FloatArray, names: pd.Index) -> tuple[pd.Index, float]:
    """Nodes that share their spot with others, and the share of such spots among those where several roads end."""
    spot = spots_of(xy)
    several = np.bincount(spot) > 1
    nodes = pd.DataFrame({"spot": spot, "node": node}).drop_duplicates()
    shared = np.bincount(nodes["spot"]) > 1
    split = names[np.unique(nodes["node"].to_numpy()[shared[nodes["spot"]]])]
    return split, float(shared.sum() / max(int(several.sum()), 1))
