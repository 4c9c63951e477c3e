"""Roads out of an OSM extract.

Ways are split at junctions, which are nodes that two roads share, that one road meets twice, or that end a road::

    way 1:  a---b---c          b is on way 2 as well, so way 1 becomes  w1.1 = a-b,  w1.2 = b-c
                |
    way 2:      b---d
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from quarterhour.errors import DataError
from quarterhour.osm.doors import corners_of, existing, metres_of, project, stream, told_as_data
from quarterhour.osm.tags import ROAD_TAGS, may_drive, may_walk, oneway, table

_UNITS_PER_DEGREE = 1e7  # osmium keeps coordinates as whole numbers of 1e-7 degrees
_NO_PLACE = 2**31 - 1  # osmium's mark for a node that the extract was cut off from
_log = logging.getLogger(__name__)


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
    file, metres = existing(path), metres_of(crs)
    ways = told_as_data(file, lambda: _read_ways(file))
    pieces = _split(ways)
    if not len(pieces.way):
        raise DataError("osm.no_roads", file=file.name)
    roads = _as_frame(ways, pieces, metres)
    if bbox is None:
        return roads
    lonlat = project(np.array(corners_of(bbox)), metres)
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
    classes = frozenset(table()["roads"]["classes"])
    ids: list[int] = []
    tags: list[dict[str, str]] = []
    way, node, x, y = [], [], [], []
    for found in stream(file, osmium.osm.NODE | osmium.osm.WAY, ["highway"], osmium.osm.WAY):
        if found.tags.get("highway") not in classes:
            continue
        way.extend([len(ids)] * len(found.nodes))
        for at in found.nodes:
            node.append(at.ref)
            x.append(at.x)
            y.append(at.y)
        ids.append(found.id)
        tags.append({k: found.tags[k] for k in (*ROAD_TAGS, "name") if k in found.tags})
    lon, lat = _degrees(x), _degrees(y)
    return _without_repeats(_Ways(np.array(ids, np.int64), tags, _ints(way), _ints(node), lon, lat))


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
        "oneway": np.array([oneway(t) for t in tags], np.int8),
        "from_node": ways.node[pieces.first],
        "to_node": ways.node[pieces.last],
        "walk": [may_walk(t) for t in tags],
        "drive": [may_drive(t) for t in tags],
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
    lines: NDArray[np.object_] = shapely.linestrings(project(lonlat[at], metres), indices=piece)
    return lines
