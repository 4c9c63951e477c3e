"""The road network: junctions, roads, integer travel times along them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy import sparse
from scipy.sparse import csgraph

from quarterhour import places, speeds
from quarterhour.errors import DataError, first_ids
from quarterhour.modes import Mode
from quarterhour.turns import Turns, forbidden_turns

MAX_CS = 1 << 28
"""Longest time along one road, 31 days: sums of a search stay inside int32."""
MOSTLY = 0.8
"""With less than this share of the roads in one connected part, the roads are probably not joined."""
JOIN_M = 0.01
"""Ends of roads within this many metres are one junction, where no node ids say so."""
APART_M = 1.0
"""Ends of one node farther apart than this make us doubt the node ids."""

NOWHERE = CRS.from_wkt(
    'ENGCRS["no place on earth",EDATUM["none"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'
)
"""The CRS of a network without one."""

_NO_STOPPING = ("motorway", "motorway_link")
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


@dataclass(frozen=True, eq=False)
class Arcs:
    """Roads as directed arcs in CSR form: arcs ``indptr[i]:indptr[i + 1]`` leave junction i."""

    indptr: NDArray[np.uint32]
    head: NDArray[np.uint32]
    cs: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Network:
    """Junctions and the roads that a mode may use.

    ``x, y``: junctions, metres in ``crs``. ``tail, head``: junctions of each road. ``forward_cs``,
    ``backward_cs``: whole centiseconds along and against the road, at least 1; 0: not that way.
    ``coords[coord_start[i]:coord_start[i + 1]]``: the line of road i. ``component``: weak component of each
    junction, 0 the largest. ``no_stopping``: roads on which no place stands while another is near (tunnels,
    motorways). ``junction_ids``: the user's ids of the junctions, where they have some. ``turns``: sequences of roads
    that nobody may drive. ``kept``: what was worked out once (arcs, grid, what is searched). Junctions stand in
    Hilbert order, so that neighbours share cache lines.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    length_m: NDArray[np.float64]
    forward_cs: NDArray[np.int32]
    backward_cs: NDArray[np.int32]
    coords: NDArray[np.float64]
    coord_start: NDArray[np.int64]
    road_ids: pd.Index
    road_class: NDArray[Any]
    component: NDArray[np.int32]
    mode: Mode
    crs: CRS
    no_stopping: NDArray[np.bool_]
    junction_ids: pd.Index | None = None
    turns: Turns | None = None
    kept: dict[str, Any] = field(default_factory=dict, repr=False)

    def arcs(self, heading: str = "to_community") -> Arcs:
        """Every road as arcs between junctions, for a search from the sites: along the roads when the carer leaves,
        reversed when people come. Searches run on ``graph.search_graph``, which knows turns too.
        """
        if heading not in self.kept:
            self.kept[heading] = _arcs(self, reverse=heading == "to_site")
        found: Arcs = self.kept[heading]
        return found

    @property
    def mutual(self) -> NDArray[np.int32]:
        """The strong component of each junction, 0 the largest: between two of one there is a way there and back."""
        if "mutual" not in self.kept:
            both_ways = ((self.forward_cs > 0) & (self.backward_cs > 0)).all()
            self.kept["mutual"] = self.component if both_ways else _mutual(self.arcs())
        found: NDArray[np.int32] = self.kept["mutual"]
        return found

    @functools.cached_property
    def line_m(self) -> NDArray[np.float64]:
        """Metres along its road's line to each vertex of ``coords``."""
        step = np.r_[0.0, np.hypot(*np.diff(self.coords, axis=0).T)] if len(self.coords) else np.empty(0)
        total = np.cumsum(step)
        first = np.repeat(total[self.coord_start[:-1]], np.diff(self.coord_start))
        return total - first if len(total) else total

    def __repr__(self) -> str:
        km = self.length_m.sum() / 1000
        oneway = int(((self.forward_cs == 0) | (self.backward_cs == 0)).sum())
        islands = int(self.component.max()) if len(self.component) else 0
        return (
            f"<Network for {self.mode.id}: {len(self.x):,} junctions, {len(self.tail):,} roads, {km:,.0f} km, "
            f"{oneway:,} one-way, {islands} islands>"
        )


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
    a class counts as unclassified, one without ``walk`` or ``drive`` is open to both.
    DataError when there is no geometry, no line, or a named column is missing.
    """
    metres = CRS.from_user_input(crs)
    if not isinstance(frame, gpd.GeoDataFrame) or frame.crs is None:
        raise DataError("network.no_geometry", file=file or table)
    missing = [theirs for theirs in (columns or {}).values() if theirs not in frame.columns]
    if missing:
        raise DataError(
            "network.no_column", file=file or table, missing=", ".join(missing), found=first_ids(frame.columns)
        )
    roads = frame if metres == frame.crs else frame.to_crs(metres)
    roads, found = _with_ids(_renamed(roads, columns or {}), table, file)
    roads, aside = _lines_alone(roads, table, file)
    if not len(roads):
        raise DataError("network.no_roads", file=file or table, rows=len(frame))
    roads, doubtful = _with_columns(roads, table, file)
    if "from_node" not in roads:
        roads = cut_at_shared_vertices(roads)
    return roads, places.join_findings([found, aside, doubtful, _in_pieces(roads, table, file)])


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


def _pieces(roads: gpd.GeoDataFrame, row: NDArray[np.int64], lines: gpd.GeoSeries) -> gpd.GeoDataFrame:
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
    tail, head, spots, _ = _junctions(roads, xy, start)
    share = float((_components(tail, head, len(spots))[tail] == 0).mean())
    if share >= MOSTLY:
        return places.no_findings()
    return places.finding("network.in_pieces", severity="warning", table=table, file=file, value=f"{share:.0%}")


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
    given = places.texts(pd.Series(roads.index, dtype=object))
    counted = "row" + pd.Series(range(1, len(roads) + 1)).astype("str")
    roads = roads.set_axis(pd.Index(given.where(given != "", counted).to_numpy(dtype=object), name="id"), axis=0)
    twice = roads.index.duplicated()
    if not twice.any():
        return roads, places.no_findings()
    told = places.finding(
        "network.ids_twice", severity="note", table=table, file=file, detail=first_ids(roads.index[twice].unique())
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
        places.finding("network.no_line", severity="error", table=table, file=file, id=i, value=str(t or "-"))
        for i, t in zip(bad, roads.geom_type[~good], strict=True)
    ]
    kept = _taken_apart(roads[good])
    if "from_node" in roads.columns and "from_node" not in kept.columns:
        told.append(_about("network.no_nodes", kept.index, table, file, severity="note"))
    return kept.set_geometry(shapely.force_2d(kept.geometry.to_numpy()), crs=roads.crs), places.join_findings(told)


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
        told.append(_about("network.no_class", roads.index[unknown], table, file))
    roads = roads.assign(road_class=classes.where(~unknown, "unclassified").astype(object))
    oneway, odd = oneway_of(roads)
    if len(odd):
        told.append(_about("network.odd_oneway", odd, table, file))
    open_to: dict[str, NDArray[Any]] = {c: _open(roads[c]) for c in ("walk", "drive", "cycle") if c in roads}
    for built in [b for b in ("bridge", "tunnel") if b in roads]:
        said = roads[built].map(_first).str.lower().str.removesuffix(".0")
        open_to[built] = ~said.isin({*_BOTH, *_HOUSES_ABOVE, "f"}).to_numpy(dtype=bool)  # T, F: Geofabrik
    if "oneway_cycle" in roads:
        open_to["oneway_cycle"], _ = oneway_of(roads.assign(oneway=roads["oneway_cycle"]))
    roads, nodes = _with_nodes(roads.assign(oneway=oneway, **open_to), table, file)
    return roads, places.join_findings([*told, nodes])


def _open(values: pd.Series) -> NDArray[np.bool_]:
    closed: NDArray[np.bool_] = values.map(_first).str.lower().str.removesuffix(".0").isin(_NO).to_numpy(dtype=bool)
    return ~closed


def _with_nodes(roads: gpd.GeoDataFrame, table: str, file: str) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    ends = [c for c in ("from_node", "to_node") if c in roads.columns]
    if not ends:
        return roads, places.no_findings()
    roads = roads.assign(**{c: places.texts(roads[c]) for c in ends})
    if len(ends) == 1 or (roads[ends] == "").to_numpy().any():
        return roads.drop(columns=ends), _about("network.no_nodes", roads.index, table, file, severity="note")
    apart = _apart(roads)
    told = _about("network.nodes_apart", apart, table, file) if len(apart) else places.no_findings()
    return roads, told


def _apart(roads: gpd.GeoDataFrame) -> pd.Index:
    """Nodes whose ends of roads do not lie together: ids from before the lines were moved?"""
    lines = roads.geometry.to_numpy()
    xy = np.vstack([shapely.get_coordinates(shapely.get_point(lines, k)) for k in (0, -1)])
    ends = pd.DataFrame(xy).groupby(np.concatenate([roads["from_node"], roads["to_node"]]))
    spread = (ends.max() - ends.min()).max(axis=1)
    return spread.index[spread > APART_M]


def _about(rule: str, ids: pd.Index, table: str, file: str, *, severity: Any = "warning") -> pd.DataFrame:
    return places.finding(rule, severity=severity, table=table, file=file, value=str(len(ids)), detail=first_ids(ids))


def oneway_of(roads: pd.DataFrame) -> tuple[NDArray[np.int8], pd.Index]:
    """One-way marks of any make as 1 (along), -1 (against), 0 (both), and the rows not understood."""
    if "oneway" not in roads:
        return np.zeros(len(roads), np.int8), roads.index[:0]
    text = roads["oneway"].map(_first).str.lower().str.removesuffix(".0")
    values = np.where(text.isin(_ALONG), 1, np.where(text.isin(_AGAINST), -1, 0)).astype(np.int8)
    return values, roads.index[~text.isin(_ALONG | _AGAINST | _BOTH)]


def build_network(roads: gpd.GeoDataFrame, mode: Mode, *, turns: pd.DataFrame | None = None) -> Network:
    """The network that a mode may use, its times in whole centiseconds.

    ``roads`` as ``as_roads`` makes it; what they say beyond length and class counts by ``speeds.py``. Each
    road is quantised once: round(length / speed), at least one centisecond. ``turns``: restrictions that vehicles
    obey (``turns.py`` names the columns). DataError when the mode may use none of the roads.
    """
    speed = speeds.road_speeds(roads, mode)
    usable = (speed > 0) & speeds.may_use(roads, mode)
    if not usable.any():
        raise DataError(
            "network.none_usable", mode=mode.id, classes=first_ids(sorted(set(roads["road_class"].astype(str))))
        )
    used, speed = speeds.parted_at_barriers(roads[usable], mode), speed[usable]
    length, along, against = _quantised(used, mode, speed)
    way = speeds.one_way(used, mode)
    coords, owner = shapely.get_coordinates(used.geometry.to_numpy(), return_index=True)
    start = np.searchsorted(owner, np.arange(len(used) + 1)).astype(np.int64)
    tail, head, xy, ids = _junctions(used, coords, start)
    along, against = np.where(way >= 0, along, 0), np.where(way <= 0, against, 0)
    return network_from_arrays(
        tail,
        head,
        forward_cs=along,
        backward_cs=against,
        xy=xy,
        mode=mode,
        crs=roads.crs,
        length_m=length,
        lines=(coords, start),
        road_ids=used.index,
        road_class=used["road_class"].to_numpy(),
        no_stopping=_no_stopping(used),
        junction_ids=ids,
        turns=obeyed_turns(
            turns, used.index, (tail, head) if ids is None else (ids[tail], ids[head]), (along, against), mode
        ),
    )


def obeyed_turns(
    table: pd.DataFrame | None,
    road_ids: pd.Index,
    ends: tuple[Any, Any],
    times: tuple[NDArray[Any], NDArray[Any]],
    mode: Mode,
) -> Turns | None:
    """The turn restrictions that a mode obeys on its roads; walkers obey none."""
    if table is None or mode.travels != "vehicle":
        return None
    open_ = np.column_stack(times).ravel() > 0
    return forbidden_turns(table, road_ids=road_ids, ends=ends, open_=open_, mode=mode)


def _no_stopping(roads: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    tunnel = roads["tunnel"].to_numpy(dtype=bool) if "tunnel" in roads else np.zeros(len(roads), bool)
    return np.asarray(tunnel | roads["road_class"].isin(_NO_STOPPING).to_numpy(dtype=bool))


def network_from_arrays(
    tail: NDArray[Any],
    head: NDArray[Any],
    *,
    forward_cs: NDArray[Any],
    mode: Mode,
    backward_cs: NDArray[Any] | None = None,
    xy: NDArray[Any] | None = None,
    crs: object = None,
    length_m: NDArray[Any] | None = None,
    lines: tuple[NDArray[Any], NDArray[Any]] | None = None,
    road_ids: pd.Index | None = None,
    road_class: NDArray[Any] | None = None,
    no_stopping: NDArray[Any] | None = None,
    junction_ids: pd.Index | None = None,
    turns: Turns | None = None,
) -> Network:
    """A network straight from arrays, one entry a road; no geometry is needed.

    Parameters
    ----------
    tail, head : junctions 0..n-1 at the ends of each road.
    forward_cs, backward_cs : whole centiseconds along and against the road, 0 where one may not go;
        without ``backward_cs`` the same both ways.
    mode : who travels; its speed off the roads counts.
    xy, crs : junctions (n x 2) in metres, and the CRS; without them places can only stand on junctions.
    length_m : else the length of the lines, else nothing is known and it is NaN.
    lines : vertices of all lines and where each begins (one more at the end); else straight from end to end.
    road_ids, road_class, no_stopping, junction_ids : else 0.., "", False and no ids.
    turns : what ``forbidden_turns`` made of restrictions.

    Junctions are put in another order inside (Hilbert, or Cuthill-McKee without ``xy``); ``junction_ids`` follow.
    DataError for sizes that differ, a junction out of range, a time that is negative or too long.
    """
    tail, head = np.asarray(tail), np.asarray(head)
    times = [np.asarray(t) for t in (forward_cs, forward_cs if backward_cs is None else backward_cs)]
    count = _checked_count(tail, head, times, xy, junction_ids)
    xy = np.full((count, 2), np.nan) if xy is None else np.asarray(xy, float)
    order = _order(tail, head, xy)
    new = np.empty(count, np.int32)
    new[order] = np.arange(count, dtype=np.int32)
    tail, head, xy = new[tail], new[head], xy[order]
    coords, start = _straight(tail, head, xy) if lines is None else lines
    size = len(tail)
    return Network(
        x=xy[:, 0].copy(),
        y=xy[:, 1].copy(),
        tail=tail,
        head=head,
        length_m=_lengths(coords, start) if length_m is None else np.asarray(length_m, float),
        forward_cs=times[0].astype(np.int32),
        backward_cs=times[1].astype(np.int32),
        coords=np.ascontiguousarray(coords, float),
        coord_start=np.asarray(start, np.int64),
        road_ids=pd.RangeIndex(size) if road_ids is None else road_ids,
        road_class=np.full(size, "", object) if road_class is None else road_class,
        component=_components(tail, head, count),
        mode=mode,
        crs=NOWHERE if crs is None else CRS.from_user_input(crs),
        no_stopping=np.zeros(size, bool) if no_stopping is None else np.asarray(no_stopping, bool),
        junction_ids=None if junction_ids is None else junction_ids[order],
        turns=turns,
    )


def _checked_count(
    tail: NDArray[Any], head: NDArray[Any], times: list[NDArray[Any]], xy: Any, ids: pd.Index | None
) -> int:
    """How many junctions there are, once everything fits together."""
    if not len(tail) or len({len(tail), len(head), *map(len, times)}) > 1:
        raise DataError("network.sizes", sizes=", ".join(str(len(a)) for a in (tail, head, *times)))
    if any(a.dtype.kind not in "iu" for a in (tail, head, *times)):
        raise DataError("network.not_whole", types=", ".join(str(a.dtype) for a in (tail, head, *times)))
    known = {len(a) for a in (xy, ids) if a is not None}
    count = known.pop() if known else int(max(tail.max(), head.max())) + 1
    if known or min(tail.min(), head.min()) < 0 or max(tail.max(), head.max()) >= count:
        raise DataError("network.out_of_range", count=count, most=int(max(tail.max(), head.max())))
    if min(t.min() for t in times) < 0 or max(t.max() for t in times) > MAX_CS:
        bad = np.flatnonzero((np.minimum(*times) < 0) | (np.maximum(*times) > MAX_CS))
        raise DataError("network.bad_times", roads=first_ids(bad))
    return count


def _order(tail: NDArray[Any], head: NDArray[Any], xy: NDArray[np.float64]) -> NDArray[np.int64]:
    """Junctions so that neighbours lie side by side; searches are four times as quick."""
    if np.isfinite(xy).all():
        points = gpd.GeoSeries(gpd.points_from_xy(*xy.T))
        return np.argsort(points.hilbert_distance().to_numpy(), kind="stable")
    both = (np.r_[tail, head], np.r_[head, tail])
    joined = sparse.csr_array((np.ones(2 * len(tail), np.int8), both), shape=(len(xy), len(xy)))
    return np.asarray(csgraph.reverse_cuthill_mckee(joined, symmetric_mode=True), np.int64)


def _straight(
    tail: NDArray[Any], head: NDArray[Any], xy: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    ends = np.column_stack([tail, head]).ravel()
    return xy[ends], np.arange(0, len(ends) + 1, 2, dtype=np.int64)


def _lengths(coords: NDArray[np.float64], start: NDArray[np.int64]) -> NDArray[np.float64]:
    step = np.r_[np.hypot(*np.diff(coords, axis=0).T), 0.0]
    step[start[1:] - 1] = 0.0  # from the end of one line to the beginning of the next
    return np.add.reduceat(step, start[:-1])


def _quantised(
    roads: gpd.GeoDataFrame, mode: Mode, speed_kmh: NDArray[np.float64]
) -> tuple[NDArray[Any], NDArray[np.int32], NDArray[np.int32]]:
    """Metres, and centiseconds along and against, rounded once."""
    length = roads.geometry.length.to_numpy()
    if "length_m" in roads:
        given = pd.to_numeric(roads["length_m"], errors="coerce").to_numpy(dtype=float)
        length = np.where(np.isfinite(given) & (given >= 0), given, length)
    cs = np.rint(speeds.directed_cs(roads, mode, length_m=length, speed_kmh=speed_kmh))
    if (cs > MAX_CS).any():
        raise DataError("network.too_long", ids=first_ids(roads.index[(cs > MAX_CS).any(axis=0)]))
    along, against = np.maximum(cs, 1).astype(np.int32)
    return length, along, against


def _junctions(
    roads: gpd.GeoDataFrame, coords: NDArray[np.float64], start: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], pd.Index | None]:
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


def _components(tail: NDArray[np.int32], head: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    joined = sparse.coo_array((np.ones(len(tail), np.int32), (tail, head)), shape=(count, count))
    return _by_size(csgraph.connected_components(joined, directed=False)[1])


def _mutual(arcs: Arcs) -> NDArray[np.int32]:
    count = len(arcs.indptr) - 1
    joined = sparse.csr_array((np.ones(len(arcs.head), np.int8), arcs.head, arcs.indptr), shape=(count, count))
    return _by_size(csgraph.connected_components(joined, connection="strong")[1])


def _by_size(label: NDArray[Any]) -> NDArray[np.int32]:
    """Labels renumbered, the most frequent first."""
    bysize = np.argsort(-np.bincount(label), kind="stable")
    rank = np.empty(len(bysize), np.int32)
    rank[bysize] = np.arange(len(bysize), dtype=np.int32)
    return np.asarray(rank[label], np.int32)


def _arcs(net: Network, *, reverse: bool) -> Arcs:
    along, against = net.forward_cs > 0, net.backward_cs > 0
    start = np.concatenate([net.tail[along], net.head[against]])
    end = np.concatenate([net.head[along], net.tail[against]])
    cs = np.concatenate([net.forward_cs[along], net.backward_cs[against]])
    if reverse:
        start, end = end, start
    order = np.lexsort((cs, end, start))
    indptr = np.zeros(len(net.x) + 1, np.uint32)
    indptr[1:] = np.cumsum(np.bincount(start, minlength=len(net.x)))
    return Arcs(indptr, end[order].astype(np.uint32), cs[order].astype(np.int32))
