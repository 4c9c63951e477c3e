"""What roads say about speed beyond their class: limits, surface, slope, signals, ferries, barriers.

All of it is optional: a road without these columns takes its length at the speed of its class.

============================== =======================================================================================
``maxspeed``                   the limit as OSM writes it: "50", "30 mph", "CN:urban", "walk", a list
``maxspeed_against``           the same against the road, where a table has it; else ``maxspeed`` holds both ways
``surface``                    OSM value, e.g. "gravel"
``signals_along, _against``    traffic signals that are passed in each direction
``climb_m, drop_m``            metres up and down along the road, ``climb_share``: share of it that climbs
``minutes_along, _against``    time of a ferry; ``ferry_share``: share of its way that this piece is
``bridge, tunnel``             true: it runs evenly from end to end, whatever the ground does
``barrier_from, barrier_to``   what stands at each end: an OSM barrier, "closed", "no_walkers", "no_cycles", "no_cars",
                               "no_vehicles" (several joined by ";") or ""
``walk, drive, cycle``         who may use it; ``oneway`` and, for cyclists, ``oneway_cycle``
============================== =======================================================================================
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from quarterhour import places
from quarterhour.errors import DataError, MissingError, first_ids
from quarterhour.modes import Mode

KMH_PER_MPH = 1.609344
GRAVITY = 9.80665
SAMPLE_M = 30.0
"""Elevation is looked up this often along a road: the cell of the free world-wide models."""
STEEPEST = 1.0
"""Slopes beyond 45 degrees are faults of the grid."""
_CS_PER_MINUTE = 6000
_OWN_SLOPE = ("steps", "ferry", "elevator")  # their speed already holds their slope


@functools.cache
def _words() -> Mapping[str, float]:
    text = (resources.files("quarterhour") / "data" / "limits.toml").read_text(encoding="utf-8")
    return MappingProxyType({name.lower(): float(kmh) for name, kmh in tomllib.loads(text).items()})


def limit_kmh(said: object) -> float | None:
    """The speed limit that a ``maxspeed`` means; None where it means none or cannot be read.

    Of several values the lowest counts. ``CN:urban`` and such are in ``data/limits.toml``; a country that is
    not there has the common value of its zone.

    >>> limit_kmh("30 mph"), limit_kmh("CN:urban"), limit_kmh("['50', '70']"), limit_kmh("none")
    (48.28032, 50.0, 50.0, None)
    """
    if isinstance(said, list | tuple | np.ndarray):
        found = [limit_kmh(one) for one in said]
    else:
        parts = re.split(r"[;|,]", str(said).strip("[]"))
        found = [_one_limit(part.strip(" '\"").lower()) for part in parts]
    return min((kmh for kmh in found if kmh is not None), default=None)


def _one_limit(text: str) -> float | None:
    number = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*(km/h|kmh|kph|mph)?", text)
    if number:
        kmh = float(number[1]) * (KMH_PER_MPH if number[2] == "mph" else 1)
        return kmh or None
    zone = re.fullmatch(r"[a-z]{2}(?:-[a-z]+)?:zone:?(\d{1,3})", text)  # DE:zone:30, DE:zone30
    if zone:
        return float(zone[1]) or None
    known = _words()
    return known.get(text, known.get(text.rpartition(":")[2]))


def may_use(roads: pd.DataFrame, mode: Mode) -> NDArray[np.bool_]:
    """Where the roads' access lets the mode go; where no column says, everywhere.

    Cyclists without a column ``cycle`` go where ``drive`` lets vehicles.
    """
    column = next((c for c in (mode.uses, "walk" if mode.travels == "walk" else "drive") if c in roads), None)
    return np.ones(len(roads), bool) if column is None else roads[column].to_numpy(dtype=bool)


def one_way(roads: pd.DataFrame, mode: Mode) -> NDArray[np.int8]:
    """1 along, -1 against, 0 both: vehicles obey every one-way road, walkers only the boat's timetable."""
    column = "oneway_cycle" if mode.uses == "cycle" and "oneway_cycle" in roads else "oneway"
    way: NDArray[np.int8] = roads[column].to_numpy(dtype=np.int8)
    ferry = (roads["road_class"] == "ferry").to_numpy()
    return way if mode.obeys_oneway else np.where(ferry, way, 0).astype(np.int8)


def road_speeds(roads: pd.DataFrame, mode: Mode, *, against: bool = False) -> NDArray[np.float64]:
    """Kilometres an hour along each road (or against it), on the level; 0 where the mode may not go.

    The speed of the class; where a limit is known and the mode has a ``limit_share``, that share of the
    limit instead; vehicles never above the limit; then what the surface allows.
    """
    speed = _by_value(roads["road_class"], lambda said: mode.speed_kmh(str(said)) or 0.0)
    open_to = speed > 0
    said_by = "maxspeed_against" if against and "maxspeed_against" in roads else "maxspeed"
    if said_by in roads and mode.travels == "vehicle":
        limit = _by_value(roads[said_by], lambda said: limit_kmh(said) or np.nan)
        shared = limit * mode.limit_share if mode.limit_share else speed
        speed = np.where(np.isfinite(limit), np.minimum(shared, limit), speed)
    if "surface" in roads and (mode.surface_factors or mode.surface_kmh):
        speed = speed * _by_value(roads["surface"], lambda said: _worst(said, mode.surface_factors, 1.0))
        speed = np.minimum(speed, _by_value(roads["surface"], lambda said: _worst(said, mode.surface_kmh, np.inf)))
    return np.where(open_to, speed, 0.0)


def _by_value(column: pd.Series, meaning: Any) -> NDArray[np.float64]:
    """A meaning looked up once for each value that stands in the column."""
    codes, values = pd.factorize(column.map(_hashable), use_na_sentinel=False)
    known: NDArray[np.float64] = np.array([meaning(value) for value in values], np.float64)
    return known[codes] if len(known) else np.empty(0)


def _hashable(value: object) -> object:
    return ";".join(map(str, value)) if isinstance(value, list | tuple | np.ndarray) else value


def _worst(said: object, table: Mapping[str, float], otherwise: float) -> float:
    every = re.split(r"[;|,]", str(said).strip("[]"))
    return min((table.get(one.strip(" '\""), otherwise) for one in every), default=otherwise)


def directed_cs(
    roads: pd.DataFrame, mode: Mode, *, length_m: NDArray[Any], speed_kmh: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centiseconds along and against each road, before they are rounded: slope, signals and ferries count.

    ``speed_kmh``: along, above 0, as `road_speeds` has it.
    """
    back_kmh = road_speeds(roads, mode, against=True) if "maxspeed_against" in roads else speed_kmh
    along = length_m * 360.0 / speed_kmh * _slopes(roads, mode, length_m, speed_kmh)[0]
    against = length_m * 360.0 / back_kmh * _slopes(roads, mode, length_m, back_kmh)[1]
    if "minutes_along" in roads and "minutes_against" in roads:
        along = _ferries(roads, mode, "minutes_along", along)
        against = _ferries(roads, mode, "minutes_against", against)
    for name, times in (("signals_along", along), ("signals_against", against)):
        if name in roads and mode.signal_seconds:
            times += _numbers(roads[name]) * mode.signal_seconds * 100
    return along, against


def _numbers(column: pd.Series) -> NDArray[np.float64]:
    return np.asarray(np.nan_to_num(pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)))


def _ferries(roads: pd.DataFrame, mode: Mode, name: str, otherwise: NDArray[Any]) -> NDArray[np.float64]:
    ferry = (roads["road_class"] == "ferry").to_numpy()
    minutes = pd.to_numeric(roads[name], errors="coerce").to_numpy(dtype=float)
    share = _numbers(roads["ferry_share"]) if "ferry_share" in roads else np.ones(len(roads))
    crossing = np.where(np.isfinite(minutes), minutes * _CS_PER_MINUTE, otherwise)
    return np.where(ferry, crossing + share * mode.ferry_wait_minutes * _CS_PER_MINUTE, otherwise)


# --- slope


def tobler_factor(slope: NDArray[Any] | float) -> NDArray[np.float64]:
    """Walking speed on a slope (rise over run, uphill positive) as a share of that on the level; Tobler 1993."""
    return np.asarray(np.exp(-3.5 * (np.abs(np.asarray(slope) + 0.05) - 0.05)))


def power_kmh(slope: NDArray[Any] | float, motor: Mapping[str, float]) -> NDArray[np.float64]:
    """How fast a motor drives mass and rider uphill: watts = mass x g x (slope + rolling) x speed.

    Air is left out (26 W at 15 km/h); without limit on the level or downhill enough.
    """
    pull = motor["mass_kg"] * GRAVITY * (np.asarray(slope, float) + motor["rolling"])
    return np.asarray(np.where(pull > 0, motor["watts"] / np.maximum(pull, 1e-9) * 3.6, np.inf))


def _slopes(
    roads: pd.DataFrame, mode: Mode, length_m: NDArray[Any], speed_kmh: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Times along and against, in times on the level: one even climb and one even descent a road."""
    level = np.ones(len(roads))
    if mode.slope is None or not {"climb_m", "drop_m"} <= set(roads.columns):
        return level, level
    climb, drop = _numbers(roads["climb_m"]), _numbers(roads["drop_m"])
    even = _ratio(climb, climb + drop)
    share = _numbers(roads["climb_share"]) if "climb_share" in roads else even
    rise, fall = _ratio(climb, share * length_m), _ratio(drop, (1 - share) * length_m)
    along = share * _pace(mode, rise, speed_kmh) + (1 - share) * _pace(mode, -fall, speed_kmh)
    against = share * _pace(mode, -rise, speed_kmh) + (1 - share) * _pace(mode, fall, speed_kmh)
    own = roads["road_class"].isin(_OWN_SLOPE).to_numpy()
    return np.where(own, 1.0, along), np.where(own, 1.0, against)


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0))


def _pace(mode: Mode, slope: NDArray[Any], speed_kmh: NDArray[Any]) -> NDArray[np.float64]:
    """Time on a slope in times on the level."""
    if isinstance(mode.slope, Mapping):
        return np.asarray(np.maximum(1.0, speed_kmh / power_kmh(slope, mode.slope)))
    return np.asarray(1.0 / tobler_factor(np.clip(slope, -STEEPEST, STEEPEST)))


def rise_m(
    roads: gpd.GeoDataFrame, dem_path: str | Path, *, table: str = "roads"
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Roads with ``climb_m``, ``drop_m`` and ``climb_share``, from a grid of elevations in metres; and findings.

    Parameters
    ----------
    roads : in metres, as ``as_roads`` makes them; ``bridge`` and ``tunnel`` run evenly between their ends.
    dem_path : a grid that rasterio reads (GeoTIFF), of any CRS. Only the part around the roads is read.

    Returns
    -------
    roads : elevation is looked up every 30 m along each road, between the centres of the four cells around.
    findings : the roads that the grid does not hold in full (beyond it, or over cells without a value); they count
        as level.

    Raises
    ------
    MissingError, DataError : no such file, no grid with a CRS, no rasterio.
    """
    dem = Path(dem_path)
    lines, row, at = _sampled(roads)
    height = _heights(shapely.line_interpolate_point(lines[row], at), roads.crs, dem)
    step = np.r_[np.nan, np.diff(height)]
    run = np.r_[0.0, np.diff(at)]
    first = np.r_[True, row[1:] != row[:-1]]
    step[first], run[first] = 0.0, 0.0
    whole = np.bincount(row, weights=np.isnan(step), minlength=len(roads)) == 0
    step = np.where(whole[row], step, 0.0)
    summed = (np.bincount(row, weights=w, minlength=len(roads)) for w in (
        np.maximum(step, 0), np.maximum(-step, 0), np.where(step > 0, run, 0.0), run,
    ))  # fmt: skip
    climb, drop, climbing, length = summed
    risen = roads.assign(climb_m=climb, drop_m=drop, climb_share=_ratio(climbing, length))
    return risen, _beyond(roads.index[~whole], table, dem.name)


def _beyond(ids: pd.Index, table: str, file: str) -> pd.DataFrame:
    if not len(ids):
        return places.no_findings()
    return places.finding(
        "speeds.beyond_dem", severity="warning", table=table, file=file, value=str(len(ids)), detail=first_ids(ids)
    )


def _sampled(roads: gpd.GeoDataFrame) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.float64]]:
    """Each road's line, and where on it the ground is looked up: row and metres."""
    lines = roads.geometry.to_numpy()
    length = shapely.length(lines)
    pieces = np.maximum(1, np.ceil(length / SAMPLE_M)).astype(np.int64)
    for built in ("bridge", "tunnel"):
        if built in roads:
            pieces = np.where(roads[built].to_numpy(dtype=bool), 1, pieces)
    row = np.repeat(np.arange(len(roads)), pieces + 1)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(pieces + 1) - pieces - 1, pieces + 1)
    return lines, row, length[row] * nth / pieces[row]


def _heights(points: NDArray[Any], crs: Any, dem: Path) -> NDArray[np.float64]:
    try:
        import rasterio
    except ImportError as why:
        raise DataError("speeds.no_rasterio", file=dem.name) from why
    if not dem.is_file():
        raise MissingError("speeds.no_dem", file=str(dem))
    try:
        with rasterio.open(dem) as grid:
            if grid.crs is None:
                raise DataError("speeds.bad_dem", file=dem.name)
            xy = shapely.get_coordinates(gpd.GeoSeries(points, crs=crs).to_crs(grid.crs.to_wkt()).to_numpy())
            a, b, c, d, e, f = tuple(~grid.transform)[:6]
            column, line = a * xy[:, 0] + b * xy[:, 1] + c - 0.5, d * xy[:, 0] + e * xy[:, 1] + f - 0.5
            left, right = _around(column, grid.width)
            top, bottom = _around(line, grid.height)
            part = rasterio.windows.Window(left, top, right - left, bottom - top)
            cells = grid.read(1, window=part, masked=True).astype(float).filled(np.nan)
    except rasterio.errors.RasterioIOError as why:
        raise DataError("speeds.bad_dem", file=dem.name) from why
    return _between_cells(cells, column - left, line - top)


def _around(at: NDArray[np.float64], size: int) -> tuple[int, int]:
    """The cells from which the ones around every place can be read: first, and one past the last."""
    known = at[np.isfinite(at)]
    low, high = (known.min(), known.max()) if len(known) else (0.0, 0.0)
    first = int(np.clip(np.floor(low), 0, size - 1))
    return first, int(np.clip(np.ceil(high) + 1, first + 1, size))


def _between_cells(cells: NDArray[Any], x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """Bilinear between the centres of four cells; missing outside the grid, and beside missing cells."""
    rows, columns = cells.shape
    inside = (x >= -0.5) & (y >= -0.5) & (x <= columns - 0.5) & (y <= rows - 0.5)
    x, y = np.clip(x, 0, columns - 1), np.clip(y, 0, rows - 1)
    i = np.minimum(np.nan_to_num(x).astype(np.int64), max(columns - 2, 0))
    j = np.minimum(np.nan_to_num(y).astype(np.int64), max(rows - 2, 0))
    i1, j1, u, v = np.minimum(i + 1, columns - 1), np.minimum(j + 1, rows - 1), x - i, y - j
    top = cells[j, i] * (1 - u) + cells[j, i1] * u
    low = cells[j1, i] * (1 - u) + cells[j1, i1] * u
    return np.where(inside, top * (1 - v) + low * v, np.nan)


# --- barriers


def parted_at_barriers(roads: gpd.GeoDataFrame, mode: Mode) -> gpd.GeoDataFrame:
    """Roads that no longer meet where a barrier stops the mode: the end gets a node of its own."""
    for end, barrier in (("from_node", "barrier_from"), ("to_node", "barrier_to")):
        if end not in roads or barrier not in roads or not mode.stopped_by:
            continue
        stops = _by_value(roads[barrier], lambda said: not set(str(said).split(";")).isdisjoint(mode.stopped_by))
        stopped = stops.astype(bool)
        if stopped.any():
            own = roads[end].astype(str) + "|" + roads.index.astype(str) + "|" + end
            roads = roads.assign(**{end: roads[end].astype(str).where(~stopped, own)})
    return roads
