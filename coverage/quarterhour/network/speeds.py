"""What roads say about speed beyond their class: limits, surface, slope, signals, ferries.

All of it is optional: a road without these columns takes its length at the speed of its class.

============================== =======================================================================================
``maxspeed``                   the limit as OSM writes it: "50", "30 mph", "CN:urban", "walk", a list
``maxspeed_against``           the same against the road, where a table has it; else ``maxspeed`` holds both ways
``surface``                    OSM value, e.g. "gravel"
``signals_along, _against``    traffic signals that are passed in each direction
``climb_m, drop_m``            metres up and down along the road, ``climb_share``: share of it that climbs
                               (``slope.py`` has more of them)
``minutes_along, _against``    time of a ferry; ``ferry_share``: share of its way that this piece is
``bridge, tunnel``             true: it runs evenly from end to end, whatever the ground does
``barrier_from, barrier_to``   what stands at each end: an OSM barrier, "closed", "no_walkers", "no_cycles", "no_cars",
                               "no_vehicles" (several joined by ";") or ""
``walk, drive, cycle``         who may use it (``access.py``)
``oneway``                     1, -1 or 0; cyclists heed ``oneway_cycle`` before it, walkers only ``oneway_foot``
``walk_ends, ...``             true: open only to trips that start or end there
``walk_allowed, ...``          true: a tag of the mode's own allows it, whatever the class
``cycle_pushed``               true: cyclists dismount
``sac_scale, trail_visibility, sidewalk``  as OSM has them; what a mode ``avoids``
============================== =======================================================================================
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.arrays import AnyArray, BoolArray, FloatArray
from quarterhour.base.cells import half_width
from quarterhour.network.access import allowed, by_value, pushed
from quarterhour.network.network import Mode
from quarterhour.network.slope import known_numbers, slope_paces, tobler_factor

KMH_PER_MS = 3.6
_LIMIT = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*([^\d\s].*)?")
_CS_PER_MINUTE = 6000


@functools.cache
def _table() -> Mapping[str, Any]:
    text = (resources.files("quarterhour") / "data" / "speed_limits.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


@functools.cache
def _words() -> Mapping[str, float]:
    return MappingProxyType({name.lower(): float(kmh) for name, kmh in _table().items() if name != "units"})


@functools.cache
def _units() -> Mapping[str, float]:
    return MappingProxyType({name.lower(): float(kmh) for name, kmh in _table()["units"].items()})


def fastest_limit_kmh() -> float:
    """The highest limit that any country sets."""
    return max(_words().values())


def fastest_kmh(mode: Mode) -> float:
    """The most that a mode makes on any road or off it, but for ferries with minutes of their own; walkers gain
    downhill.

    Of limits that no ceiling of the mode holds down, those that no country sets (999) are not believed.
    """
    shared = min(mode.limit_share, 1.0) * fastest_limit_kmh() if mode.limit_share else 0.0
    downhill = float(tobler_factor(-0.05)) if mode.slope == "tobler" else 1.0
    speeds = [*mode.speeds_kmh.values(), *mode.allowed_kmh.values(), mode.other_kmh or 0.0, mode.gap_kmh, shared]
    return max(speeds) * max([1.0, *mode.surface_factors.values()]) * downhill


def limit_kmh(said: object) -> float | None:
    """The speed limit that a ``maxspeed`` means; None where it means none or cannot be read.

    Of several values the lowest counts. ``CN:urban`` and such are in ``data/speed_limits.toml``; a country that is
    not there has the common value of its zone.

    >>> limit_kmh("30 mph"), limit_kmh("CN:urban"), limit_kmh("['50', '70']"), limit_kmh("none")
    (48.28032, 50.0, 50.0, None)
    """
    if isinstance(said, list | tuple | np.ndarray):
        found = [limit_kmh(one) for one in said]
    else:
        text = re.sub(r"(?<=\d),(?=\d\b)", ".", half_width(str(said)).strip("[]"))  # 30,5 is no list of 30 and 5
        found = [_one_limit(part.strip(" '\"").lower()) for part in re.split(r"[;；|,、]", text)]
    return min((kmh for kmh in found if kmh is not None), default=None)


def _one_limit(text: str) -> float | None:
    number = _LIMIT.fullmatch(text)
    if number:
        factor = _units().get(re.sub(r"\s", "", number[2] or "km/h"))
        return (float(number[1]) * factor or None) if factor else None
    zone = re.fullmatch(r"(?:[a-z]{2}(?:-[a-z]+)?:(?:zone:?)?|zone:?)(\d{1,3})", text)  # DE:zone:30, zone30, DE:30
    if zone:
        return float(zone[1]) or None
    known = _words()
    return known.get(text, known.get(text.rpartition(":")[2]))


def other_unit(said: str) -> bool:
    """Whether a limit is written in another unit than kilometres an hour.

    >>> other_unit("30 mph"), other_unit("50 km/h"), other_unit("50")
    (True, False, False)
    """
    number = _LIMIT.fullmatch(said.strip().lower())
    return number is not None and _units().get(re.sub(r"\s", "", number[2] or ""), 1.0) != 1.0


def road_speeds(roads: pd.DataFrame, mode: Mode, *, against: bool = False) -> FloatArray:
    """Kilometres an hour along each road (or against it), on the level; 0 where the mode may not go.

    The speed of the class, or of what the road allows by name; where a limit is known (up to the ceiling of the class)
    and the mode has a ``limit_share``, that share of the limit instead; vehicles never above the limit; then what the
    surface allows. Who pushes a bicycle walks.
    """
    speed = by_value(roads["road_class"], lambda said: mode.speed_kmh(str(said)) or 0.0)
    permitted = by_value(roads["road_class"], lambda said: mode.allowed_kmh.get(str(said), 0.0))
    speed = np.where((speed == 0) & allowed(roads, mode), permitted, speed)
    walked = np.where(permitted > 0, np.minimum(permitted, mode.gap_kmh), mode.gap_kmh)
    on_foot = pushed(roads, mode)
    open_to = (speed > 0) | on_foot
    said_by = "maxspeed_against" if against and "maxspeed_against" in roads else "maxspeed"
    if said_by in roads and mode.travels == "vehicle":
        limit = np.minimum(by_value(roads[said_by], lambda said: limit_kmh(said) or np.nan), _ceiling(roads, mode))
        shared = limit * mode.limit_share if mode.limit_share else speed
        speed = np.where(np.isfinite(limit), np.minimum(shared, limit), speed)
    if "surface" in roads and (mode.surface_factors or mode.surface_kmh):
        speed = speed * by_value(roads["surface"], lambda said: _worst(said, mode.surface_factors, 1.0))
        speed = np.minimum(speed, by_value(roads["surface"], lambda said: _worst(said, mode.surface_kmh, np.inf)))
    return np.where(open_to, np.where(on_foot, walked, speed), 0.0)


def _ceiling(roads: pd.DataFrame, mode: Mode) -> FloatArray:
    """What a limit on each road can be; infinite where the mode has none for its class."""
    return by_value(roads["road_class"], lambda said: mode.ceiling_kmh.get(str(said), np.inf))


def above_ceiling(roads: pd.DataFrame, mode: Mode) -> BoolArray:
    """Roads whose limit, in one direction at least, is above what the mode believes of their class."""
    found = np.zeros(len(roads), bool)
    for column in (c for c in ("maxspeed", "maxspeed_against") if c in roads and mode.ceiling_kmh):
        found |= by_value(roads[column], lambda said: limit_kmh(said) or 0.0) > _ceiling(roads, mode)
    return found


def _worst(said: object, table: Mapping[str, float], otherwise: float) -> float:
    every = re.split(r"[;|,]", str(said).strip("[]"))
    return min((table.get(one.strip(" '\""), otherwise) for one in every), default=otherwise)


def directed_cs(
    roads: pd.DataFrame, mode: Mode, *, length_m: AnyArray, speed_kmh: AnyArray
) -> tuple[FloatArray, FloatArray]:
    """Centiseconds along and against each road, before they are rounded: slope, signals and ferries count.

    ``speed_kmh``: along, above 0, as `road_speeds` has it.
    """
    back_kmh = road_speeds(roads, mode, against=True) if "maxspeed_against" in roads else speed_kmh
    up, down = slope_paces(roads, mode, length_m=length_m, along_kmh=speed_kmh, against_kmh=back_kmh)
    along, against = length_m * 360.0 / speed_kmh * up, length_m * 360.0 / back_kmh * down
    if "minutes_along" in roads and "minutes_against" in roads:
        along = _ferries(roads, mode, "minutes_along", along)
        against = _ferries(roads, mode, "minutes_against", against)
    for name, times in (("signals_along", along), ("signals_against", against)):
        if name in roads and mode.signal_seconds:
            times += known_numbers(roads[name]) * mode.signal_seconds * 100
    return along, against


def _ferries(roads: pd.DataFrame, mode: Mode, name: str, otherwise: AnyArray) -> FloatArray:
    ferry = (roads["road_class"] == "ferry").to_numpy()
    minutes = pd.to_numeric(roads[name], errors="coerce").to_numpy(dtype=float)
    share = known_numbers(roads["ferry_share"]) if "ferry_share" in roads else np.ones(len(roads))
    crossing = np.where(np.isfinite(minutes), minutes * _CS_PER_MINUTE, otherwise)
    return np.where(ferry, crossing + share * mode.ferry_wait_minutes * _CS_PER_MINUTE, otherwise)
