"""Roads out of an OSM extract.

Ways are split at junctions, which are nodes that two roads share, that one road meets twice, or that end a road::

    way 1:  a---b---c          b is on way 2 as well, so way 1 becomes  w1.1 = a-b,  w1.2 = b-c
                |
    way 2:      b---d

and at nodes with a barrier that may stop somebody. A traffic signal counts once a passage: on the piece on which one
comes to it, inside or at its end, so that a junction with signals is paid for on arrival from any side.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray, ragged
from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding, no_findings
from quarterhour.io.osm.open import (
    Box,
    as_data_errors,
    box_text,
    corners_of,
    existing,
    metres_of,
    project,
    stream,
)
from quarterhour.io.osm.tags import (
    NODE_TAGS,
    WAY_TAGS,
    Tags,
    barrier_word,
    ferry_minutes,
    is_bridge,
    is_tunnel,
    limits,
    may_cycle,
    may_drive,
    may_walk,
    oneway,
    oneway_cycle,
    road_class,
    signal,
)

_UNITS_PER_DEGREE = 1e7  # osmium keeps coordinates as whole numbers of 1e-7 degrees
_NO_PLACE = 2**31 - 1  # osmium's mark for a node that the extract was cut off from
_EDGE_DEGREES = 0.05  # how far beyond a box a way may have its nearest node and still cross it
_log = logging.getLogger(__name__)


def read_osm_roads(path: str | Path, *, crs: object, bbox: Box | None = None) -> gpd.GeoDataFrame:
    """All roads of an OSM extract, cut at their junctions.

    Parameters
    ----------
    path : an ``.osm.pbf``, ``.osm.gz`` or ``.osm`` file.
    crs : projected, in metres; the CRS of the answer, or a function that gives it once it has seen where the roads lie
        (n x 2 degrees).
    bbox : west, south, east, north in degrees; only pieces that reach into it are kept. Ways without a node in it (or
        within some 5 km) are passed by as they are read, so that a large extract serves a small area.

    Returns
    -------
    Roads in file order, id ``w<way>.<piece>``: ``road_class``, ``oneway``, ``from_node`` and ``to_node``
    (OSM ids, which join the roads), ``walk``, ``drive`` and ``cycle`` (by access; what a class allows is the
    mode's business, except that nobody drives on steps or walks on a motorway), ``oneway_cycle``, ``name``,
    ``geometry``, and what ``speeds.py`` reads: ``maxspeed``, ``maxspeed_against``, ``surface``, ``bridge``,
    ``tunnel``, ``signals_along``, ``signals_against``, ``barrier_from``, ``barrier_to``; for ferries (class
    ``ferry``) ``minutes_along``, ``minutes_against`` (missing where no duration is tagged or the extract cuts the
    ferry) and ``ferry_share``. Where the extract cuts a way, what lies inside is kept and the cut makes a dead end.

    Raises
    ------
    MissingError, DataError : no such file, not an OSM file, no road in it, a CRS not in metres.
    """
    return read_roads_within(path, crs=crs, bbox=bbox)[0]


def read_roads_within(path: str | Path, *, crs: object, bbox: Box | None) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """The roads of `read_osm_roads`, and how many ways were left outside the box, as findings."""
    file, metres = existing(path), None if callable(crs) else metres_of(crs)
    ways, marks, outside = as_data_errors(file, lambda: _read_ways(file, _widened(bbox)))
    metres = metres or metres_of(crs(np.column_stack([ways.lon, ways.lat])))  # type: ignore[operator]
    pieces = _split(ways, marks)
    if len(pieces.way):
        roads = _as_frame(ways, pieces, marks, metres)
        here = roads if bbox is None else roads[_reach_into(roads, bbox, metres)]
        if len(here):
            return here, _told(outside + _ways_of(roads) - _ways_of(here), bbox, file.name)
    if outside and bbox is not None:
        raise DataError("osm.no_roads_here", file=file.name, box=box_text(bbox))
    raise DataError("osm.no_roads", file=file.name)


def _widened(bbox: Box | None) -> Box | None:
    if bbox is None:
        return None
    west, south, east, north = bbox
    return west - _EDGE_DEGREES, south - _EDGE_DEGREES, east + _EDGE_DEGREES, north + _EDGE_DEGREES


def _reach_into(roads: gpd.GeoDataFrame, bbox: Box, metres: CRS) -> BoolArray:
    border = shapely.segmentize(shapely.Polygon(corners_of(bbox)), _EDGE_DEGREES)  # parallels are bent in metres
    ground = shapely.Polygon(project(shapely.get_coordinates(border), metres))
    return np.asarray(shapely.intersects(ground, roads.geometry.to_numpy()))


def _ways_of(roads: gpd.GeoDataFrame) -> int:
    return int(roads.index.to_series().str.partition(".")[0].nunique())


def _told(outside: int, bbox: Box | None, file: str) -> pd.DataFrame:
    if not outside or bbox is None:
        return no_findings()
    return finding(
        "osm.roads_outside", severity="note", table="roads", file=file, value=str(outside), detail=box_text(bbox)
    )


@dataclass(frozen=True, eq=False)
class _Ways:
    """Ways as flat arrays: the nodes of all ways one after the other."""

    way_ids: IntArray
    tags: list[dict[str, str]]
    way: IntArray  # of each node: position of its way
    node: IntArray
    lon: FloatArray  # missing (nan) where the extract was cut
    lat: FloatArray


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Pieces between junctions: first and last position among the nodes of all ways."""

    way: IntArray
    first: IntArray
    last: IntArray


@dataclass(frozen=True, eq=False)
class _Marks:
    """What stands at nodes: whom a barrier stops, and which way a signal faces."""

    barrier: dict[int, str] = field(default_factory=dict)
    signal: dict[int, tuple[bool, bool]] = field(default_factory=dict)

    def take(self, node: int, tags: Tags) -> None:
        """Keep what a node's tags say."""
        word, faces = barrier_word(tags), signal(tags)
        if word:
            self.barrier[node] = word
        if any(faces):
            self.signal[node] = faces


def _read_ways(file: Path, box: Box | None) -> tuple[_Ways, _Marks, int]:
    """Roads and what stands on them; with a box those that have a node in it, and how many have none."""
    ids: list[int] = []
    tags: list[dict[str, str]] = []
    marks, outside, whole = _Marks(), 0, [round(side * _UNITS_PER_DEGREE) for side in box or ()]
    way, node, x, y = [], [], [], []
    for found in stream(file, osmium.osm.NODE | osmium.osm.WAY, ["highway", "route", "barrier"]):
        if found.is_node():
            marks.take(found.id, _kept(found.tags, NODE_TAGS))
            continue
        if not road_class(found.tags):
            continue
        if box is not None and not _has_node_in(found.nodes, whole):
            outside += 1
            continue
        said = _kept(found.tags, WAY_TAGS)
        way.extend([len(ids)] * len(found.nodes))
        for at in found.nodes:
            node.append(at.ref)
            x.append(at.x)
            y.append(at.y)
        ids.append(found.id)
        tags.append(said)
    lon, lat = _degrees(x), _degrees(y)
    ways = _without_repeats(_Ways(np.array(ids, np.int64), tags, _ints(way), _ints(node), lon, lat))
    return ways, marks, outside


def _has_node_in(nodes: Any, whole: Sequence[int]) -> bool:
    """Whether a node lies in a box in osmium's whole numbers; asked of every road of a large extract."""
    west, south, east, north = whole
    return any(west <= at.x <= east and south <= at.y <= north for at in nodes)


def _kept(tags: Any, keys: Sequence[str]) -> dict[str, str]:
    return {key: tags[key] for key in keys if key in tags}


def _ints(values: Iterable[int]) -> IntArray:
    return np.array(values, np.int64)


def _degrees(values: Sequence[int]) -> FloatArray:
    whole = np.array(values, np.int64)
    return np.where(whole == _NO_PLACE, np.nan, whole / _UNITS_PER_DEGREE)


def _without_repeats(ways: _Ways) -> _Ways:
    """A node named twice in a row is one node."""
    keep = np.ones(len(ways.node), bool)
    keep[1:] = (ways.node[1:] != ways.node[:-1]) | (ways.way[1:] != ways.way[:-1])
    return _Ways(ways.way_ids, ways.tags, ways.way[keep], ways.node[keep], ways.lon[keep], ways.lat[keep])


def _split(ways: _Ways, marks: _Marks) -> _Pieces:
    """Cut ways where they meet, where a barrier stands, and where the extract was cut."""
    known = np.isfinite(ways.lon)
    if not known.all():
        _log.info("%d of %d nodes of roads lie outside the extract", (~known).sum(), len(known))
    follows = np.zeros(len(known) + 1, bool)  # position i is reached from i - 1 on the same way
    follows[1:-1] = known[1:] & known[:-1] & (ways.way[1:] == ways.way[:-1])
    _, inverse, times = np.unique(ways.node[known], return_inverse=True, return_counts=True)
    shared = np.zeros(len(known), bool)
    shared[known] = times[inverse] > 1
    shared |= np.isin(ways.node, _ints(list(marks.barrier)))
    starts = follows[1:] & (shared | ~follows[:-1])
    ends = follows[:-1] & (shared | ~follows[1:])
    first, last = np.flatnonzero(starts), np.flatnonzero(ends)
    return _Pieces(ways.way[first], first, last)


def _as_frame(ways: _Ways, pieces: _Pieces, marks: _Marks, metres: CRS) -> gpd.GeoDataFrame:
    lines = _lines(np.column_stack([ways.lon, ways.lat]), pieces, metres)
    said = pd.DataFrame([_columns(tags) for tags in ways.tags]).iloc[pieces.way].reset_index(drop=True)
    ends = {"from_node": ways.node[pieces.first], "to_node": ways.node[pieces.last]}
    roads = said.assign(
        **ends,
        **_signals(ways, pieces, marks.signal),
        **{b: _barriers(ends[n], marks) for b, n in (("barrier_from", "from_node"), ("barrier_to", "to_node"))},
        **_crossings(ways, pieces, shapely.length(lines)),
    )
    front = ["road_class", "oneway", "from_node", "to_node", "walk", "drive", "cycle", "name"]
    roads = roads[[*front, *(c for c in roads if c not in front)]]
    return gpd.GeoDataFrame(roads.set_axis(_piece_ids(ways, pieces), axis=0), geometry=lines, crs=metres)


def _columns(tags: Tags) -> dict[str, Any]:
    """What a way says of all its pieces."""
    along, against = limits(tags)
    return {
        "road_class": road_class(tags),
        "oneway": np.int8(oneway(tags)),
        "oneway_cycle": np.int8(oneway_cycle(tags)),
        "walk": may_walk(tags),
        "drive": may_drive(tags),
        "cycle": may_cycle(tags),
        "name": tags.get("name", ""),
        "maxspeed": along,
        "maxspeed_against": against,
        "surface": tags.get("surface", ""),
        "bridge": is_bridge(tags),
        "tunnel": is_tunnel(tags),
    }


def _signals(ways: _Ways, pieces: _Pieces, facing: Mapping[int, tuple[bool, bool]]) -> dict[str, NDArray[np.int16]]:
    """Signals that one comes to along each piece and against it; the node where one starts is behind."""
    held = np.isin(ways.node, _ints(list(facing)))
    faces = np.zeros((len(held) + 1, 2), np.int64)  # up to each position
    faces[1:][held] = np.array([facing[node] for node in ways.node[held].tolist()]).reshape(-1, 2)
    before = np.cumsum(faces, axis=0)
    along = before[pieces.last + 1, 0] - before[pieces.first + 1, 0]
    against = before[pieces.last, 1] - before[pieces.first, 1]
    return {"signals_along": along.astype(np.int16), "signals_against": against.astype(np.int16)}


def _barriers(nodes: IntArray, marks: _Marks) -> list[str]:
    return [marks.barrier.get(node, "") for node in nodes.tolist()]


def _crossings(ways: _Ways, pieces: _Pieces, length_m: FloatArray) -> dict[str, FloatArray]:
    """The share of a ferry that each piece is, and its minutes."""
    count = len(ways.tags)
    ferry = np.array([road_class(tags) == "ferry" for tags in ways.tags])
    whole = np.bincount(ways.way, weights=np.isnan(ways.lon), minlength=count) == 0
    total = np.bincount(pieces.way, weights=length_m, minlength=count)
    minutes = np.array(
        [ferry_minutes(tags) if on else (np.nan, np.nan) for tags, on in zip(ways.tags, ferry, strict=True)]
    )
    share = np.where(ferry[pieces.way], length_m / np.maximum(total[pieces.way], 1e-9), 0.0)
    known = np.where(whole[pieces.way], share, np.nan)
    along, against = (known[:, None] * minutes[pieces.way]).T
    return {"minutes_along": along, "minutes_against": against, "ferry_share": share}


def _piece_ids(ways: _Ways, pieces: _Pieces) -> pd.Index:
    nth = pd.Series(pieces.way).groupby(pieces.way).cumcount() + 1
    return pd.Index([f"w{way}.{n}" for way, n in zip(ways.way_ids[pieces.way], nth, strict=True)], name="id")


def _lines(lonlat: FloatArray, pieces: _Pieces, metres: CRS) -> NDArray[np.object_]:
    size = pieces.last - pieces.first + 1
    piece, at = ragged(pieces.first, size)
    lines: NDArray[np.object_] = shapely.linestrings(project(lonlat[at], metres), indices=piece)
    return lines
