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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray, ragged
from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding, join_findings, no_findings
from quarterhour.io.osm.access import access_columns
from quarterhour.io.osm.areas import with_crossings
from quarterhour.io.osm.open import Box, as_data_errors, box_text, corners_of, existing, metres_of, project
from quarterhour.io.osm.tags import (
    Tags,
    ferry_minutes,
    hardships,
    is_bridge,
    is_tunnel,
    limits,
    road_class,
)
from quarterhour.io.osm.told import About
from quarterhour.io.osm.ways import Marks, Ways, distinct_tags, read_ways

_LINES_AT_ONCE = 100_000
_EDGE_DEGREES = 0.05  # how far beyond a box a way may have its nearest node and still cross it
_log = logging.getLogger(__name__)


def read_osm_roads(path: str | Path, *, crs: object, bbox: Box | None = None) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """All roads of an OSM extract, cut at their junctions, and what was decided about their tags, as findings.

    Parameters
    ----------
    path : an ``.osm.pbf``, ``.osm.gz`` or ``.osm`` file.
    crs : projected, in metres; the CRS of the answer, or a function that gives it once it has seen where the roads lie
        (n x 2 degrees).
    bbox : west, south, east, north in degrees; only pieces that reach into it are kept. Ways without a node in it (or
        within some 5 km) are passed by as they are read, so that a large extract serves a small area.

    Returns
    -------
    roads : in file order, id ``w<way>.<piece>``: ``road_class``, ``oneway`` (of vehicles), ``from_node`` and
        ``to_node`` (OSM ids, which join the roads), ``walk``, ``drive`` and ``cycle`` (by access; what a class allows
        is the mode's business, except that nobody drives on steps or walks on a motorway), ``walk_ends`` and such
        (open only to trips that start or end there), ``walk_allowed`` and such (by a tag of their own, whatever the
        class), ``cycle_pushed``, ``oneway_cycle``, ``oneway_foot``, ``sac_scale``, ``trail_visibility``, ``sidewalk``,
        ``name``, ``geometry``, and what ``speeds.py`` reads: ``maxspeed``, ``maxspeed_against``, ``surface``,
        ``bridge``, ``tunnel``, ``signals_along``, ``signals_against``, ``barrier_from``, ``barrier_to``; for ferries
        (class ``ferry``) ``minutes_along``, ``minutes_against`` (missing where no duration is tagged or the extract
        cuts the ferry) and ``ferry_share``. Where the extract cuts a way, what lies inside is kept and the cut makes a
        dead end.
        Squares, piers and platforms have, beside their edge, a straight piece between any two entrances.
    findings : ways outside the box; rules for some hours that are not obeyed, values that are not understood, ways that
        are no road, ground that is walked along its edge only.

    Raises
    ------
    MissingError, DataError : no such file, not an OSM file, no road in it, a CRS not in metres.

    Examples
    --------
    >>> import pathlib, tempfile, quarterhour as qh
    >>> extract = '''<osm version="0.6"><node id="1" version="1" lat="37.5" lon="122.1"/>
    ... <node id="2" version="1" lat="37.5" lon="122.2"/>
    ... <way id="7" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way></osm>'''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "town.osm")
    ...     _ = path.write_text(extract, encoding="utf-8")
    ...     roads, findings = qh.read_osm_roads(path, crs="EPSG:32651")
    >>> roads[["road_class", "walk", "drive"]].to_dict("index")
    {'w7.1': {'road_class': 'residential', 'walk': True, 'drive': True}}
    """
    file, metres = existing(path), None if callable(crs) else metres_of(crs)
    read = as_data_errors(file, lambda: read_ways(file, _widened(bbox)))
    ways, chords, crossed, edge_only = with_crossings(read.ways)
    metres = metres or metres_of(crs(np.column_stack([ways.lon, ways.lat])))  # type: ignore[operator]
    pieces = _split(read.ways, read.marks).followed_by(ways.way[chords], chords, chords + 1)
    if len(pieces.way):
        said = distinct_tags(ways)
        roads = _as_frame(ways, pieces, said, read.marks, metres)
        inside = np.ones(len(roads), bool) if bbox is None else _reach_into(roads, bbox, metres)
        here = roads if inside.all() else roads[inside]
        if len(here):
            outside = read.outside + _ways_of(roads) - _ways_of(here)
            about = About(file.name)
            told = [
                _told(outside, bbox, file.name),
                *about.tags(*said, pieces.way[inside], here.length.to_numpy() / 1000),
                *about.left_out(read.no_roads, read.alone),
                *about.ground(crossed, edge_only),
            ]
            return here, join_findings(told)
    if read.outside and bbox is not None:
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
    shapely.prepare(ground)
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
class _Pieces:
    """Pieces between junctions: first and last position among the nodes of all ways."""

    way: IntArray
    first: IntArray
    last: IntArray

    def followed_by(self, way: IntArray, first: IntArray, last: IntArray) -> _Pieces:
        """With more pieces, each behind those of its way."""
        way, first, last = np.r_[self.way, way], np.r_[self.first, first], np.r_[self.last, last]
        order = np.argsort(way, kind="stable")
        return _Pieces(way[order], first[order], last[order])


def _ints(values: Iterable[int]) -> IntArray:
    return np.array(values, np.int64)


def _split(ways: Ways, marks: Marks) -> _Pieces:
    """Cut ways where they meet, where a barrier stands, and where the extract was cut."""
    known = np.isfinite(ways.lon)
    if not known.all():
        _log.info("%d of %d nodes of roads lie outside the extract", (~known).sum(), len(known))
    follows = np.zeros(len(known) + 1, bool)  # position i is reached from i - 1 on the same way
    follows[1:-1] = known[1:] & known[:-1] & (ways.way[1:] == ways.way[:-1])
    rising = np.sort(ways.node[known])
    met = rising[1:][rising[1:] == rising[:-1]]
    shared = np.isin(ways.node, met) & known
    shared |= np.isin(ways.node, _ints(list(marks.barrier)))
    starts = follows[1:] & (shared | ~follows[:-1])
    ends = follows[:-1] & (shared | ~follows[1:])
    first, last = np.flatnonzero(starts), np.flatnonzero(ends)
    return _Pieces(ways.way[first], first, last)


def _as_frame(
    ways: Ways, pieces: _Pieces, tags: tuple[list[dict[str, str]], IntArray], marks: Marks, metres: CRS
) -> gpd.GeoDataFrame:
    """``tags``: what `distinct_tags` makes of the ways."""
    lines = _lines(ways, pieces, metres)
    said = _said(ways, *tags).iloc[pieces.way].reset_index(drop=True)
    ends = {"from_node": ways.node[pieces.first], "to_node": ways.node[pieces.last]}
    roads = said.assign(
        **ends,
        **_signals(ways, pieces, marks.signal),
        **{b: _barriers(ends[n], marks) for b, n in (("barrier_from", "from_node"), ("barrier_to", "to_node"))},
        **_crossings(ways, pieces, (said["road_class"] == "ferry").to_numpy(), shapely.length(lines)),
    )
    front = ["road_class", "oneway", "from_node", "to_node", "walk", "drive", "cycle", "name"]
    roads = roads[[*front, *(c for c in roads if c not in front)]]
    return gpd.GeoDataFrame(roads.set_axis(_piece_ids(ways, pieces), axis=0), geometry=lines, crs=metres)


def _said(ways: Ways, tags: list[dict[str, str]], code: IntArray) -> pd.DataFrame:
    """What each way says of all its pieces; ways of the same tags are looked at once."""
    rows = pd.DataFrame([_columns(one) for one in tags])
    names = [one.get("name", "") for one in ways.tags]
    return rows.iloc[code].reset_index(drop=True).assign(name=names)


def _columns(tags: Tags) -> dict[str, Any]:
    along, against = limits(tags)
    return {
        "road_class": road_class(tags),
        **access_columns(tags),
        "maxspeed": along,
        "maxspeed_against": against,
        "surface": tags.get("surface", ""),
        **hardships(tags),
        "bridge": is_bridge(tags),
        "tunnel": is_tunnel(tags),
    }


def _signals(ways: Ways, pieces: _Pieces, facing: Mapping[int, tuple[bool, bool]]) -> dict[str, NDArray[np.int16]]:
    """Signals that one comes to along each piece and against it; the node where one starts is behind."""
    held = np.isin(ways.node, _ints(list(facing)))
    faces = np.zeros((len(held) + 1, 2), np.int64)  # up to each position
    faces[1:][held] = np.array([facing[node] for node in ways.node[held].tolist()]).reshape(-1, 2)
    before = np.cumsum(faces, axis=0)
    along = before[pieces.last + 1, 0] - before[pieces.first + 1, 0]
    against = before[pieces.last, 1] - before[pieces.first, 1]
    return {"signals_along": along.astype(np.int16), "signals_against": against.astype(np.int16)}


def _barriers(nodes: IntArray, marks: Marks) -> list[str]:
    return [marks.barrier.get(node, "") for node in nodes.tolist()]


def _crossings(ways: Ways, pieces: _Pieces, ferry: BoolArray, length_m: FloatArray) -> dict[str, FloatArray]:
    """The share of a ferry's crossing that each piece is, and its minutes; ``ferry``: which pieces are a ferry's."""
    journey = pd.factorize(ways.journey)[0]
    count = len(journey)
    whole = np.bincount(journey[ways.way], weights=np.isnan(ways.lon), minlength=count) == 0
    total = np.bincount(journey[pieces.way], weights=length_m, minlength=count)
    of = journey[pieces.way]
    share = np.where(ferry, length_m / np.maximum(total[of], 1e-9), 0.0)
    minutes = np.full((len(ferry), 2), np.nan)
    minutes[ferry] = np.array([ferry_minutes(ways.tags[way]) for way in pieces.way[ferry]]).reshape(-1, 2)
    along, against = (np.where(whole[of], share, np.nan)[:, None] * minutes).T
    return {"minutes_along": along, "minutes_against": against, "ferry_share": share}


def _piece_ids(ways: Ways, pieces: _Pieces) -> pd.Index:
    nth = pd.Series(pieces.way).groupby(pieces.way).cumcount() + 1
    return pd.Index([f"w{way}.{n}" for way, n in zip(ways.way_ids[pieces.way], nth, strict=True)], name="id")


def _lines(ways: Ways, pieces: _Pieces, metres: CRS) -> NDArray[np.object_]:
    """The lines of pieces, so many at once that their vertices take little beside them."""
    lines = np.empty(len(pieces.first), object)
    for begin in range(0, len(lines), _LINES_AT_ONCE):
        part = slice(begin, begin + _LINES_AT_ONCE)
        piece, at = ragged(pieces.first[part], pieces.last[part] - pieces.first[part] + 1)
        lonlat = np.column_stack([ways.lon[at], ways.lat[at]])
        lines[part] = shapely.linestrings(project(lonlat, metres), indices=piece)
    return lines
