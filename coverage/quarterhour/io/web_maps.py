"""Coordinates of Chinese web maps (GCJ-02, BD-09) to WGS 84 and back.

Amap and Tencent publish GCJ-02, Baidu BD-09: some 300 to 700 m off in Weihai, more than the
radius of many a rule. Tianditu and CGCS2000 need nothing. The forward shift is the published
reverse-engineered one (wuyongzheng, eviltransform); the way back is iterated until it closes.
Shifted is what lies in mainland China, Hong Kong or Macao (``data/web_map_border.geojson``, with its source);
Korea, Mongolia, Vietnam, Taiwan and all the rest are as in WGS 84.
"""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike

from quarterhour.base.arrays import BoolArray, FloatArray
from quarterhour.base.errors import DataError

Datum = Literal["wgs84", "gcj02", "bd09"]
DATUMS = ("wgs84", "gcj02", "bd09")

Pair = tuple[FloatArray, FloatArray]

_AXIS_M = 6378245.0
_ECCENTRICITY2 = 0.00669342162296594323
_BAIDU_PI = np.pi * 3000.0 / 180.0
_MOST_DEGREES = 360.0
_CLOSED_DEGREES = 1e-11
_MOST_ROUNDS = 30


def to_wgs84(lon: ArrayLike, lat: ArrayLike, *, datum: str) -> Pair:
    """Longitudes and latitudes of a web map as WGS 84, to about a millimetre.

    Degrees in and out, same shape. Whose true place lies outside China is left as it is, and so is NaN. Within the
    shift of the border two places have one place on the web map; the one in China is meant.
    DataError for an unknown datum.
    """
    x, y = _pair(lon, lat, datum)
    return (x, y) if datum == "wgs84" else _undo(x, y, datum)


def from_wgs84(lon: ArrayLike, lat: ArrayLike, *, datum: str) -> Pair:
    """WGS 84 longitudes and latitudes as a web map would show them; the way back of to_wgs84."""
    x, y = _pair(lon, lat, datum)
    return (x, y) if datum == "wgs84" else _where(shifted_there(x, y), _shift(x, y, datum), (x, y))


def _pair(lon: ArrayLike, lat: ArrayLike, datum: str) -> Pair:
    if datum not in DATUMS:
        raise DataError("web_maps.unknown", datum=datum, known=", ".join(DATUMS))
    x, y = np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64)
    if x.shape != y.shape:
        raise DataError("web_maps.shapes", lon=x.shape, lat=y.shape)
    return x, y


def shifted_there(lon: ArrayLike, lat: ArrayLike) -> BoolArray:
    """Whether web maps shift what truly lies at these WGS 84 degrees; not at NaN."""
    return np.asarray(shapely.contains_xy(_border(), np.asarray(lon, np.float64), np.asarray(lat, np.float64)))


@functools.cache
def _border() -> shapely.Geometry:
    text = (resources.files("quarterhour") / "data" / "web_map_border.geojson").read_text(encoding="utf-8")
    border = shapely.geometry.shape(json.loads(text)["features"][0]["geometry"])
    shapely.prepare(border)
    return border


def _where(inside: BoolArray, there: Pair, here: Pair) -> Pair:
    return np.where(inside, there[0], here[0]), np.where(inside, there[1], here[1])


def _undo(x: FloatArray, y: FloatArray, datum: str) -> Pair:
    """Fixed point: the shift varies so slowly that every round gains two digits or more."""
    lon, lat = x.copy(), y.copy()
    for _ in range(_MOST_ROUNDS):
        there = _shift(lon, lat, datum)
        off_x, off_y = there[0] - x, there[1] - y
        lon, lat = lon - off_x, lat - off_y
        if not (np.fmax(np.abs(off_x), np.abs(off_y)) > _CLOSED_DEGREES).any():
            break
    return _where(shifted_there(lon, lat), (lon, lat), (x, y))


def _shift(lon: FloatArray, lat: FloatArray, datum: str) -> Pair:
    """Where web maps show a place; NaN for what cannot be degrees, whose squares would overflow."""
    on_earth = (np.abs(lon) <= _MOST_DEGREES) & (np.abs(lat) <= _MOST_DEGREES)
    shifted = _gcj02(np.where(on_earth, lon, np.nan), np.where(on_earth, lat, np.nan))
    return _bd09(*shifted) if datum == "bd09" else shifted


def _gcj02(lon: FloatArray, lat: FloatArray) -> Pair:
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    common = _wave(x, (20.0, 6.0), (20.0, 2.0))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
    north = north + _wave(y, (20.0, 1.0), (40.0, 1 / 3)) + _wave(y, (160.0, 1 / 12), (320.0, 1 / 30))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
    east = east + _wave(x, (20.0, 1.0), (40.0, 1 / 3)) + _wave(x, (150.0, 1 / 12), (300.0, 1 / 30))
    phi = np.radians(lat)
    magic = 1 - _ECCENTRICITY2 * np.sin(phi) ** 2
    metres_north = _AXIS_M * (1 - _ECCENTRICITY2) / (magic * np.sqrt(magic))
    metres_east = _AXIS_M / np.sqrt(magic) * np.cos(phi)
    return lon + np.degrees(east / metres_east), lat + np.degrees(north / metres_north)


def _wave(v: FloatArray, *waves: tuple[float, float]) -> Any:
    return sum(size * np.sin(turns * np.pi * v) for size, turns in waves) * 2 / 3


def _bd09(lon: FloatArray, lat: FloatArray) -> Pair:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BAIDU_PI)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BAIDU_PI)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006
