"""What a table of roads must hold.

``as_roads`` is the door: behind it every road is one line in metres with an id, a class, a one-way mark, and ends that
meet those of others. What did not pass, and what was assumed, is told as findings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy import sparse
from scipy.sparse import csgraph

from quarterhour.base.arrays import AnyArray, BoolArray, FloatArray, IntArray
from quarterhour.base.cells import texts
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.findings import finding, join_findings, no_findings
from quarterhour.base.labels import percent
from quarterhour.base.planar import flat
from quarterhour.network.network import by_size

MOSTLY = 0.8
"""With less than this share of the roads in one connected part, the roads are probably not joined."""
JOIN_M = 0.01
"""Ends of roads within this many metres are one junction, where no node ids say so."""
APART_M = 1.0
"""Ends of one node farther apart than this make us doubt the node ids."""

_HOUSES_ABOVE = ("building_passage", "culvert", "avalanche_protector")
"""Values of OSM's ``tunnel`` that are no tunnel to somebody who lives there."""
_THEIRS = {
    "road_class": ("road_class", "highway", "fclass", "class", "道路等级", "等级"),
    "oneway": ("oneway", "one_way", "单行"),
    "from_node": ("from_node", "u"),
    "to_node": ("to_node", "v"),
    "length_m": ("length_m",),
    "tunnel": ("tunnel", "隧道"),
    "bridge": ("bridge", "桥梁"),
}
_ALONG = {"yes", "true", "1", "f", "ft", "forward", "是"}
_AGAINST = {"-1", "reverse", "t", "tf", "backward"}
_NO = {"no", "false", "0", "否"}
_BOTH = {"", "no", "false", "0", "b", "both", "none", "nan", "否", "reversible", "alternating"}


def as_roads(
    frame: gpd.GeoDataFrame,
    *,
    crs: object,
    columns: Mapping[str, str] | None = None,
    table: str = "roads",
    file: str = "",
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Roads of any origin as the canonical table, and what was set aside or assumed.

    ``columns`` names the user's columns (ours -> theirs); ``highway``, ``u``, ``v`` and such are known.
    Lines of several parts are taken apart; a row without a line is set aside and told. Where from_node
    and to_node stand in every row, they join the roads; otherwise ends within a centimetre do. A road without
    a class counts as unclassified, one without ``walk`` or ``drive`` is open to both. Heights and measures of the
    lines go.
    DataError when there is no geometry, no line, or a named column is missing.
    """
    metres = CRS.from_user_input(crs)
    if not isinstance(frame, gpd.GeoDataFrame) or frame.crs is None:
        raise DataError("roads.no_geometry", file=file or table)
    missing = [theirs for theirs in (columns or {}).values() if theirs not in frame.columns]
    if missing:
        raise DataError(
            "roads.no_column", file=file or table, missing=", ".join(missing), found=first_ids(frame.columns)
        )
    roads = flat(frame)
    roads = roads if metres == frame.crs else roads.to_crs(metres)
    roads, found = _with_ids(_renamed(roads, columns or {}), table, file)
    roads, aside = _lines_alone(roads, table, file)
    if not len(roads):
        raise DataError("roads.no_roads", file=file or table, rows=len(frame))
    roads, doubtful = _with_columns(roads, table, file)
    if "from_node" not in roads:
        roads = cut_at_shared_vertices(roads)
    return roads, join_findings([found, aside, doubtful, _in_pieces(roads, table, file)])


def cut_at_shared_vertices(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Roads cut wherever a vertex of one is also a vertex of another (or of itself): there they meet.

    Lines that cross without a common vertex are bridges and tunnels, and stay whole. Pieces are named
    ``road/0``, ``road/1``; a given length is shared out by the metres of each piece.
    """
    xy, owner = shapely.get_coordinates(roads.geometry.to_numpy(), return_index=True)
    whole = np.rint(xy / JOIN_M).astype(np.int64)
    spot, _ = pd.factorize(pd.MultiIndex.from_arrays([whole[:, 0], whole[:, 1]]))
    starts = np.r_[True, owner[1:] != owner[:-1]]
    ends = np.r_[starts[1:], True]
    fresh = starts | np.r_[True, spot[1:] != spot[:-1]]  # a vertex drawn twice in a row is one vertex
    cut = fresh & ~starts & ~ends & (np.bincount(spot[fresh])[spot] > 1)
    if not cut.any():
        return roads
    copies = np.repeat(np.arange(len(xy)), 1 + cut)
    opens = starts[copies] | np.r_[False, copies[1:] == copies[:-1]]
    lines = shapely.linestrings(xy[copies], indices=np.cumsum(opens) - 1)
    row = owner[copies[opens]]
    return _pieces(roads, row, gpd.GeoSeries(lines, crs=roads.crs))


def _pieces(roads: gpd.GeoDataFrame, row: IntArray, lines: gpd.GeoSeries) -> gpd.GeoDataFrame:
    pieces = roads.iloc[row]
    several = np.bincount(row)[row] > 1
    number = pd.Series(row).groupby(row).cumcount()
    names = [f"{i}/{n}" if s else i for i, n, s in zip(pieces.index, number, several, strict=True)]
    if "length_m" in pieces:
        share = lines.length.to_numpy() / np.bincount(row, weights=lines.length)[row]
        pieces = pieces.assign(length_m=pd.to_numeric(pieces["length_m"], errors="coerce") * share)
    return pieces.set_geometry(lines.to_numpy(), crs=roads.crs).set_axis(pd.Index(names, name="id"), axis=0)


def _in_pieces(roads: gpd.GeoDataFrame, table: str, file: str) -> pd.DataFrame:
    """A warning where the largest connected part holds less than most of the roads."""
    xy, owner = shapely.get_coordinates(roads.geometry.to_numpy(), return_index=True)
    start = np.searchsorted(owner, np.arange(len(roads) + 1)).astype(np.int64)
    tail, head, spots, _ = junctions_of(roads, xy, start)
    share = float((components_of(tail, head, len(spots))[tail] == 0).mean())
    if share >= MOSTLY:
        return no_findings()
    return finding("roads.in_pieces", severity="warning", table=table, file=file, value=percent(share))


def _renamed(roads: gpd.GeoDataFrame, columns: Mapping[str, str]) -> gpd.GeoDataFrame:
    if isinstance(roads.index, pd.MultiIndex):
        levels = [n for n in roads.index.names if n is not None and n not in roads.columns]
        keys = ["-".join(map(str, key)) for key in roads.index]
        roads = roads.reset_index(level=levels).set_axis(pd.Index(keys), axis=0)
    names = {theirs: ours for ours, theirs in columns.items()}
    lower = {str(c).lower(): c for c in roads.columns}
    for ours, known in _THEIRS.items():
        if ours in names.values():
            continue
        theirs = next((lower[k] for k in known if k in lower and lower[k] not in names), None)
        if theirs is not None:
            names[theirs] = ours
    # A column that the user did not mean would stand beside the one that was meant.
    clash = [c for c in names.values() if c in roads.columns and c not in names]
    roads = roads.drop(columns=clash).rename(columns=names)
    return roads if roads.active_geometry_name == "geometry" else roads.rename_geometry("geometry")


def _with_ids(roads: gpd.GeoDataFrame, table: str, file: str) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    if "id" in roads.columns:
        roads = roads.set_index("id")
    given = texts(pd.Series(roads.index, dtype=object))
    counted = "row" + pd.Series(range(1, len(roads) + 1)).astype("str")
    roads = roads.set_axis(pd.Index(given.where(given != "", counted).to_numpy(dtype=object), name="id"), axis=0)
    twice = roads.index.duplicated()
    if not twice.any():
        return roads, no_findings()
    told = finding(
        "roads.ids_twice", severity="note", table=table, file=file, detail=first_ids(roads.index[twice].unique())
    )
    number = pd.Series(roads.index).groupby(roads.index.to_numpy()).cumcount().to_numpy()
    roads.index = pd.Index([i if n == 0 else f"{i}#{n}" for i, n in zip(roads.index, number, strict=True)], name="id")
    return roads, told


def _lines_alone(roads: gpd.GeoDataFrame, table: str, file: str) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    whole = ~(roads.geometry.isna() | roads.is_empty).to_numpy()
    good = roads.geom_type.isin(["LineString", "MultiLineString"]).to_numpy() & whole
    xy, owner = shapely.get_coordinates(roads.geometry.to_numpy(), return_index=True)
    good[owner[~np.isfinite(xy).all(axis=1)]] = False
    bad = roads.index[~good]
    told = [
        finding("roads.no_line", severity="error", table=table, file=file, id=i, value=str(t or "-"))
        for i, t in zip(bad, roads.geom_type[~good], strict=True)
    ]
    kept = _taken_apart(roads[good])
    if "from_node" in roads.columns and "from_node" not in kept.columns:
        told.append(_about("roads.no_nodes", kept.index, table, file, severity="note"))
    return kept, join_findings(told)


def _taken_apart(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if not (roads.geom_type == "MultiLineString").any():
        return roads
    parts = roads.explode()
    several = parts.index.duplicated(keep=False)
    number = parts.groupby(level=0, sort=False).cumcount()
    names = [f"{i}.{n}" if s else i for i, n, s in zip(parts.index, number, several, strict=True)]
    parts.index = pd.Index(names, name="id")
    # Nodes and length of a road of several parts are not those of each part.
    if "length_m" in parts:
        parts["length_m"] = parts["length_m"].where(~several)
    return parts.drop(columns=["from_node", "to_node"], errors="ignore") if several.any() else parts


def _first(value: object) -> str:
    """OSMnx keeps lists, or their text, where merged roads differ: the first counts."""
    if isinstance(value, list | tuple | np.ndarray):
        return str(value[0]) if len(value) else ""
    text = "" if value is None or value is pd.NA or value != value else str(value)
    return text.strip("[]").split(",")[0].strip(" '\"") if text.startswith("[") else text.strip()


def _with_columns(roads: gpd.GeoDataFrame, table: str, file: str) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    told = []
    classes = roads["road_class"].map(_first) if "road_class" in roads else pd.Series("", index=roads.index)
    unknown = classes == ""
    if unknown.any():
        told.append(_about("roads.no_class", roads.index[unknown], table, file))
    roads = roads.assign(road_class=classes.where(~unknown, "unclassified").astype(object))
    oneway, odd = oneway_of(roads)
    if len(odd):
        told.append(_about("roads.odd_oneway", odd, table, file))
    open_to: dict[str, AnyArray] = {c: _open(roads[c]) for c in ("walk", "drive", "cycle") if c in roads}
    for built in [b for b in ("bridge", "tunnel") if b in roads]:
        said = roads[built].map(_first).str.lower().str.removesuffix(".0")
        open_to[built] = ~said.isin({*_BOTH, *_HOUSES_ABOVE, "f"}).to_numpy(dtype=bool)  # T, F: Geofabrik
    if "oneway_cycle" in roads:
        open_to["oneway_cycle"], _ = oneway_of(roads.assign(oneway=roads["oneway_cycle"]))
    roads, nodes = _with_nodes(roads.assign(oneway=oneway, **open_to), table, file)
    return roads, join_findings([*told, nodes])


def _open(values: pd.Series) -> BoolArray:
    closed: BoolArray = values.map(_first).str.lower().str.removesuffix(".0").isin(_NO).to_numpy(dtype=bool)
    return ~closed


def _with_nodes(roads: gpd.GeoDataFrame, table: str, file: str) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    ends = [c for c in ("from_node", "to_node") if c in roads.columns]
    if not ends:
        return roads, no_findings()
    roads = roads.assign(**{c: texts(roads[c]) for c in ends})
    if len(ends) == 1 or (roads[ends] == "").to_numpy().any():
        return roads.drop(columns=ends), _about("roads.no_nodes", roads.index, table, file, severity="note")
    apart = _apart(roads)
    told = _about("roads.nodes_apart", apart, table, file) if len(apart) else no_findings()
    return roads, told


def _apart(roads: gpd.GeoDataFrame) -> pd.Index:
    """Nodes whose ends of roads do not lie together: ids from before the lines were moved?"""
    lines = roads.geometry.to_numpy()
    xy = np.vstack([shapely.get_coordinates(shapely.get_point(lines, k)) for k in (0, -1)])
    ends = pd.DataFrame(xy).groupby(np.concatenate([roads["from_node"], roads["to_node"]]))
    spread = (ends.max() - ends.min()).max(axis=1)
    return spread.index[spread > APART_M]


def _about(rule: str, ids: pd.Index, table: str, file: str, *, severity: Any = "warning") -> pd.DataFrame:
    return finding(rule, severity=severity, table=table, file=file, value=str(len(ids)), detail=first_ids(ids))


def oneway_of(roads: pd.DataFrame) -> tuple[NDArray[np.int8], pd.Index]:
    """One-way marks of any make as 1 (along), -1 (against), 0 (both), and the rows not understood."""
    if "oneway" not in roads:
        return np.zeros(len(roads), np.int8), roads.index[:0]
    text = roads["oneway"].map(_first).str.lower().str.removesuffix(".0")
    values = np.where(text.isin(_ALONG), 1, np.where(text.isin(_AGAINST), -1, 0)).astype(np.int8)
    return values, roads.index[~text.isin(_ALONG | _AGAINST | _BOTH)]


def junctions_of(
    roads: gpd.GeoDataFrame, coords: FloatArray, start: IntArray
) -> tuple[NDArray[np.int32], NDArray[np.int32], FloatArray, pd.Index | None]:
    """Tail and head of each road, where the junctions lie, and their ids where the roads name them.

    ``coords[start[i]:start[i + 1]]``: the line of road i.
    """
    ends = np.vstack([coords[start[:-1]], coords[start[1:] - 1]])
    ids = None
    if "from_node" in roads and "to_node" in roads:
        position, named = pd.factorize(np.concatenate([roads["from_node"], roads["to_node"]]).astype(str))
        ids = pd.Index(named)
    else:
        whole = np.rint(ends / JOIN_M).astype(np.int64)
        position, _ = pd.factorize(pd.MultiIndex.from_arrays([whole[:, 0], whole[:, 1]]))
    xy = np.empty((int(position.max()) + 1, 2))
    xy[position[::-1]] = ends[::-1]
    half = len(roads)
    return position[:half].astype(np.int32), position[half:].astype(np.int32), xy, ids


def components_of(tail: NDArray[np.int32], head: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """The weak component of each junction, 0 the largest."""
    joined = sparse.coo_array((np.ones(len(tail), np.int32), (tail, head)), shape=(count, count))
    return by_size(csgraph.connected_components(joined, directed=False)[1])
