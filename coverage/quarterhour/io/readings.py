"""Ways in which the numbers of a file may be meant: datum, CRS, zone, order of axes.

Each reading gives degrees of WGS 84 for the same numbers, and names the key of the study file that makes it so. The
CRS asked are those that PROJ's database knows for the place: CGCS2000, Xian 1980, Beijing 1954 and UTM, zones of three
and of six degrees, with the zone before the easting and without.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from pyproj import CRS, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_crs_info
from pyproj.enums import PJType

from quarterhour.base.arrays import FloatArray
from quarterhour.io import web_maps

WGS84 = "EPSG:4326"
_FAMILIES = ("CGCS2000 / ", "WGS 84 / UTM zone ", "Xian 1980 / ", "Beijing 1954 / ")
_DEGREES = (WGS84, "EPSG:4610", "EPSG:4214")
_NEXT_ZONES_DEGREES = 4.0
"""A table may be in the zone beside the right one: so far do we look for CRS."""
_ROUGHLY_DEGREES = 2.0
Pair = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, eq=False)
class Reading:
    """One way to mean numbers: ``key = "value"`` in the study file, or what no key says (``key`` blank).

    ``swapped``: y stands where x should be; ``value`` is the CRS. ``roads``: the datum that the roads (or outlines)
    have, where it is not the declared one: then places that are right lie where such roads were read to. ``datum``:
    the datum that the numbers themselves have, where one is meant.
    """

    key: str
    value: str
    lonlat: Callable[[FloatArray, FloatArray], Pair]
    roads: str = ""
    datum: str = ""
    swapped: bool = False

    def __repr__(self) -> str:
        return f"<Reading: {self.key} {self.value}>"


def declared_reading(crs: CRS, datum: str) -> Reading:
    """The numbers as the study says that they are meant."""
    plain = _plain(crs)
    return Reading("", "", lambda x, y: web_maps.to_wgs84(*plain(x, y), datum=datum))


def other_readings(
    x: FloatArray, y: FloatArray, *, crs: CRS, datum: str, near: Pair, frame: str = "wgs84", study: CRS | None = None
) -> list[Reading]:
    """How else numbers may be meant that should lie near (lon, lat), likelier readings first.

    Every reading is another than the declared one, but some may come to the same places. ``frame``: the datum that is
    declared of the roads or outlines that they are held against. ``study``: the study's CRS, likelier than other grids.
    """
    degrees = bool(np.abs(np.median(x)) <= 180 and np.abs(np.median(y)) <= 180)
    found = [*_datums(crs, datum, frame)] if degrees == crs.is_geographic else []
    if degrees:
        found += [*_in_degrees(crs)]
    else:
        found += [*_in_metres(x, y, crs, near, study)]
    return found


def _datums(crs: CRS, datum: str, frame: str) -> Iterator[Reading]:
    """The table is of another datum; then the roads are; then both."""
    plain, both = _plain(crs), list[Reading]()
    for other in web_maps.DATUMS:
        if other != datum:
            yield Reading(*_named(crs, other), functools.partial(_off_web_map, plain, other), datum=other)
    for roads in web_maps.DATUMS:
        if roads != frame:
            alone = functools.partial(_beside_roads, plain, datum, roads, frame)
            yield Reading("", roads, alone, roads=roads, datum=datum)
            for other in web_maps.DATUMS:
                if other != datum:
                    meant = functools.partial(_beside_roads, plain, other, roads, frame)
                    both.append(Reading(*_named(crs, other), meant, roads=roads, datum=other))
    yield from both


def _named(crs: CRS, datum: str) -> tuple[str, str]:
    return ("datum", datum) if crs.is_geographic else ("", f"{datum}, {_name(crs)}")


def _in_degrees(crs: CRS) -> Iterator[Reading]:
    for code in _DEGREES:
        if not crs.is_geographic or crs.datum != CRS(code).datum:
            yield Reading("crs", code, _plain(CRS(code)))
    yield Reading("", WGS84, _swapped(_plain(CRS(WGS84))), swapped=True)


def _in_metres(x: FloatArray, y: FloatArray, crs: CRS, near: Pair, study: CRS | None) -> Iterator[Reading]:
    if study is not None and study.is_projected and study != crs and study.to_authority():
        yield Reading("crs", _name(study), _plain(study))
    lon, lat = float(near[0][0]), float(near[1][0])
    grids, (east, north) = _grids_near(round(lon, 1), round(lat, 1)), (float(np.median(x)), float(np.median(y)))
    for grid in grids:
        if grid.code != _name(crs) and grid.roughly(east, north, lon=lon, lat=lat):
            yield Reading("crs", grid.code, _plain(CRS(grid.code)))
    if not crs.is_geographic:
        yield Reading("", _name(crs), _swapped(_plain(crs)), swapped=True)
    for grid in grids:
        if grid.roughly(north, east, lon=lon, lat=lat):
            yield Reading("", grid.code, _swapped(_plain(CRS(grid.code))), swapped=True)


def _name(crs: CRS) -> str:
    return ":".join(crs.to_authority() or ()) or crs.name


@dataclass(frozen=True)
class _Grid:
    """A grid of metres by its central meridian and the easting there, as its name tells them."""

    code: str
    meridian: float
    easting_m: float

    def roughly(self, x: float, y: float, *, lon: float, lat: float) -> bool:
        """Whether a place comes within some degrees of another, on a globe."""
        degree_m = 111_320.0
        there = self.meridian + (x - self.easting_m) / (degree_m * np.cos(np.radians(lat)))
        return bool(abs(there - lon) < _ROUGHLY_DEGREES and abs(y / degree_m - lat) < _ROUGHLY_DEGREES)


@functools.lru_cache(maxsize=8)
def _grids_near(lon: float, lat: float) -> tuple[_Grid, ...]:
    """The grids in use around a place, CGCS2000 first and of each datum those of three degrees."""
    wide = _NEXT_ZONES_DEGREES
    around = AreaOfInterest(lon - wide, max(lat - 1, -80), lon + wide, min(lat + 1, 84))
    known = query_crs_info(auth_name="EPSG", pj_types=PJType.PROJECTED_CRS, area_of_interest=around)
    rank = {info: k for info in known for k, f in enumerate(_FAMILIES) if info.name.startswith(f)}
    ordered = sorted(rank, key=lambda info: (rank[info], "3-degree" not in info.name, int(info.code)))
    return tuple(grid for info in ordered if (grid := _grid(f"EPSG:{info.code}", info.name)) is not None)


def _grid(code: str, name: str) -> _Grid | None:
    number = re.search(r"(CM|zone) (\d+)([EN]?)$", name)
    if number is None:
        return None
    zone = float(number[2])
    if number[1] == "CM":
        return _Grid(code, zone, 500_000.0)
    if "UTM" in name:
        return _Grid(code, zone * 6 - 183, 500_000.0)
    return _Grid(code, zone * 3 if "3-degree" in name else zone * 6 - 3, zone * 1e6 + 500_000.0)


def _plain(crs: CRS) -> Callable[[FloatArray, FloatArray], Pair]:
    def lonlat(x: FloatArray, y: FloatArray) -> Pair:
        lon, lat = map(np.asarray, _to_degrees(crs).transform(x, y))
        lost = ~(np.isfinite(lon) & np.isfinite(lat))
        return np.where(lost, np.nan, lon), np.where(lost, np.nan, lat)

    return lonlat


def _swapped(plain: Callable[[FloatArray, FloatArray], Pair]) -> Callable[[FloatArray, FloatArray], Pair]:
    return lambda x, y: plain(y, x)


def _off_web_map(plain: Callable[[FloatArray, FloatArray], Pair], datum: str, x: FloatArray, y: FloatArray) -> Pair:
    return web_maps.to_wgs84(*plain(x, y), datum=datum)


def _beside_roads(
    plain: Callable[[FloatArray, FloatArray], Pair], datum: str, roads: str, frame: str, x: FloatArray, y: FloatArray
) -> Pair:
    """Where numbers of a datum come to lie if they are read as the roads were: of one datum, taken for another."""
    true = web_maps.to_wgs84(*plain(x, y), datum=datum)
    return web_maps.to_wgs84(*web_maps.from_wgs84(*true, datum=roads), datum=frame)


@functools.lru_cache(maxsize=256)
def _to_degrees(crs: CRS) -> Transformer:
    return Transformer.from_crs(crs, WGS84, always_xy=True)
