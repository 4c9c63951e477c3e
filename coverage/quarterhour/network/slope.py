"""How the ground slows who travels: slope along each road, from a grid of elevations, and what it costs.

::

    walkers   Tobler's function of every slope of the road (columns ``tobler_along, tobler_against``)
    motors    their own speed, uphill no more than their watts lift: metres climbed beyond the slope that they still
              take at full speed (columns ``climb_m, climb_over_3 ...`` and, against, ``drop_m, drop_over_3 ...``)

Of a table that knows but ``climb_m``, ``drop_m`` and perhaps ``climb_share``, a road is one even climb and one even
descent, which is a few per cent too quick on hilly ground.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.base import limits
from quarterhour.base.arrays import AnyArray, FloatArray, IntArray, ragged
from quarterhour.base.errors import DataError, MissingError, first_ids
from quarterhour.base.findings import finding, no_findings
from quarterhour.base.foreign import foreign
from quarterhour.network.network import Mode

GRAVITY = 9.80665
SAMPLE_M = 30.0
"""Elevation is looked up this often along a road: the cell of the free world-wide models."""
STEEPEST = 1.0
"""Slopes beyond 45 degrees are faults of the grid."""
OVER = (0.03, 0.06, 0.1, 0.15, 0.25)
"""Slopes beyond which the climb is kept apart; in between one goes straight from one to the next."""
_LAND_M = (-500.0, 9_000.0)
"""No road lies lower (Dead Sea: -430 m) or higher (Everest: 8,849 m); -32768 and such mark cells without a value."""
_OWN_SLOPE = ("steps", "ferry", "elevator")  # their speed already holds their slope
_TOBLER = ("tobler_along", "tobler_against")
_UP = ("climb_m", *(f"climb_over_{100 * p:g}" for p in OVER))
_DOWN = ("drop_m", *(f"drop_over_{100 * p:g}" for p in OVER))


def tobler_factor(slope: AnyArray | float) -> FloatArray:
    """Walking speed on a slope (rise over run, uphill positive) as a share of that on the level; Tobler 1993."""
    return np.asarray(np.exp(-3.5 * (np.abs(np.asarray(slope) + 0.05) - 0.05)))


def power_kmh(slope: AnyArray | float, motor: Mapping[str, float]) -> FloatArray:
    """How fast a motor drives mass and rider uphill: watts = mass x g x (slope + rolling) x speed.

    Air is left out (26 W at 15 km/h); without limit on the level or downhill enough.
    """
    pull = motor["mass_kg"] * GRAVITY * (np.asarray(slope, float) + motor["rolling"])
    return np.asarray(np.where(pull > 0, motor["watts"] / np.maximum(pull, 1e-9) * 3.6, np.inf))


def slope_paces(
    roads: pd.DataFrame, mode: Mode, *, length_m: AnyArray, along_kmh: AnyArray, against_kmh: AnyArray
) -> tuple[FloatArray, FloatArray]:
    """Times along and against each road, in times on the level; 1 where the mode or the road has no slope."""
    known = set(roads.columns)
    if mode.slope == "tobler" and known.issuperset(_TOBLER):
        along, against = (known_numbers(roads[column], otherwise=1.0) for column in _TOBLER)
    elif isinstance(mode.slope, Mapping) and known.issuperset(_UP + _DOWN):
        along = _motor_pace(roads[list(_UP)], length_m, along_kmh, mode.slope)
        against = _motor_pace(roads[list(_DOWN)], length_m, against_kmh, mode.slope)
    elif mode.slope is not None and known.issuperset({"climb_m", "drop_m"}):
        along, against = _even(roads, mode, length_m, along_kmh, against_kmh)
    else:
        return np.ones(len(roads)), np.ones(len(roads))
    own = roads["road_class"].isin(_OWN_SLOPE).to_numpy()
    return np.where(own, 1.0, along), np.where(own, 1.0, against)


def _motor_pace(table: pd.DataFrame, length_m: AnyArray, kmh: AnyArray, motor: Mapping[str, float]) -> FloatArray:
    """1 + k x climb beyond the slope that is still taken at full speed / length, k = time lost for each metre."""
    lost = kmh / 3.6 * motor["mass_kg"] * GRAVITY / motor["watts"]
    full = np.clip(1 / lost - motor["rolling"], 0.0, STEEPEST)
    knots = np.array([0.0, *OVER, STEEPEST])
    at = np.clip(np.searchsorted(knots, full, side="right") - 1, 0, len(knots) - 2)
    share = (full - knots[at]) / (knots[at + 1] - knots[at])
    climbs = np.column_stack([np.nan_to_num(table.to_numpy(dtype=float)), np.zeros(len(table))])
    row = np.arange(len(climbs))
    beyond = climbs[row, at] * (1 - share) + climbs[row, at + 1] * share
    return 1.0 + lost * _ratio(beyond, length_m)


def _even(
    roads: pd.DataFrame, mode: Mode, length_m: AnyArray, along_kmh: AnyArray, against_kmh: AnyArray
) -> tuple[FloatArray, FloatArray]:
    climb, drop = known_numbers(roads["climb_m"]), known_numbers(roads["drop_m"])
    share = known_numbers(roads["climb_share"]) if "climb_share" in roads else _ratio(climb, climb + drop)
    rise, fall = _ratio(climb, share * length_m), _ratio(drop, (1 - share) * length_m)
    along = share * _pace(mode, rise, along_kmh) + (1 - share) * _pace(mode, -fall, along_kmh)
    against = share * _pace(mode, -rise, against_kmh) + (1 - share) * _pace(mode, fall, against_kmh)
    return along, against


def known_numbers(column: pd.Series, *, otherwise: float = 0.0) -> FloatArray:
    return np.asarray(np.nan_to_num(pd.to_numeric(column, errors="coerce").to_numpy(dtype=float), nan=otherwise))


def _ratio(part: AnyArray, whole: AnyArray) -> FloatArray:
    return np.asarray(np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0))


def _pace(mode: Mode, slope: AnyArray, speed_kmh: AnyArray) -> FloatArray:
    """Time on a slope in times on the level."""
    if isinstance(mode.slope, Mapping):
        return np.asarray(np.maximum(1.0, speed_kmh / power_kmh(slope, mode.slope)))
    return _tobler_pace(slope)


def _tobler_pace(slope: AnyArray) -> FloatArray:
    return np.asarray(1.0 / tobler_factor(np.clip(slope, -STEEPEST, STEEPEST)))


# --- the ground


def rise_m(
    roads: gpd.GeoDataFrame, dem_path: str | Path, *, table: str = "roads"
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Roads with the columns of their slope, from a grid of elevations in metres; and findings.

    Parameters
    ----------
    roads : in metres, as ``as_roads`` makes them; ``bridge`` and ``tunnel`` run evenly between their ends.
    dem_path : a grid that rasterio reads (GeoTIFF), of any CRS. Only the part around the roads is read.

    Returns
    -------
    roads : with the columns of the head of this room and ``climb_share``. Elevation is looked up every 30 m along each
        road, between the centres of the four cells around.
    findings : the roads that the grid does not hold in full (beyond it, over cells without a value or with one that no
        land has); they count as level.

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

    def total(of: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(row, weights=of, minlength=len(roads)))

    length, slope = total(run), _ratio(step, run)
    sides = ((_UP, step), (_DOWN, -step))
    climbs = {n: total(np.maximum(up - p * run, 0)) for c, up in sides for n, p in zip(c, (0.0, *OVER), strict=True)}
    paces = {n: total(run * _tobler_pace(s)) for n, s in zip(_TOBLER, (slope, -slope), strict=True)}
    risen = roads.assign(
        **climbs,
        climb_share=_ratio(total(np.where(step > 0, run, 0.0)), length),
        **{n: np.where(length > 0, _ratio(p, length), 1.0) for n, p in paces.items()},
    )
    return risen, _beyond(roads.index[~whole], table, dem.name)


def _beyond(ids: pd.Index, table: str, file: str) -> pd.DataFrame:
    if not len(ids):
        return no_findings()
    return finding(
        "speeds.beyond_dem", severity="warning", table=table, file=file, value=str(len(ids)), detail=first_ids(ids)
    )


def _sampled(roads: gpd.GeoDataFrame) -> tuple[AnyArray, IntArray, FloatArray]:
    """Each road's line, and where on it the ground is looked up: row and metres."""
    lines = roads.geometry.to_numpy()
    length = shapely.length(lines)
    pieces = np.maximum(1, np.ceil(length / SAMPLE_M)).astype(np.int64)
    for built in ("bridge", "tunnel"):
        if built in roads:
            pieces = np.where(roads[built].to_numpy(dtype=bool), 1, pieces)
    row, nth = ragged(np.zeros(len(roads), np.int64), pieces + 1)
    return lines, row, length[row] * nth / pieces[row]


@contextmanager
def opened_grid(path: Path, *, page: str = "speeds") -> Iterator[Any]:
    """A raster, open for reading; MissingError, or DataError where it is none, has no CRS, or rasterio is not there.

    ``page``: whose words say so.
    """
    try:
        import rasterio
    except ImportError as why:
        raise DataError(f"{page}.no_rasterio", file=path.name) from why
    if not path.is_file():
        raise MissingError(f"{page}.no_grid", file=str(path))
    with foreign(path.name, key=f"{page}.bad_grid"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            grid = rasterio.open(path)
        about = (grid.crs, grid.transform)
    with grid:
        if about[0] is None or not _lies_somewhere(about[1]):
            raise DataError(f"{page}.bad_grid", file=path.name)
        yield grid


def in_grid_crs(shapes: gpd.GeoSeries, grid: Any, *, page: str = "speeds") -> AnyArray:
    """Shapes where they lie in the CRS of an open grid; DataError where that CRS is none."""
    with foreign(Path(grid.name).name, key=f"{page}.bad_grid"):
        return np.asarray(shapes.to_crs(grid.crs.to_wkt()).to_numpy())


def grid_cells(grid: Any, *, page: str = "speeds", window: Any = None) -> FloatArray:
    """The values of an open grid, or of a window ((top, bottom), (left, right)) of it; NaN where it has none.

    DataError where they cannot be read, or are more than may be at once.
    """
    (top, bottom), (left, right) = window or ((0, grid.height), (0, grid.width))
    limits.check("grid_cells", (bottom - top) * (right - left), of=Path(grid.name).name)
    with foreign(Path(grid.name).name, key=f"{page}.bad_grid"), np.errstate(invalid="ignore"):
        return np.asarray(grid.read(1, window=window, masked=True).astype(float).filled(np.nan))


def _lies_somewhere(transform: Any) -> bool:
    """Whether cells have a place: a grid without one has a cell in each unit, from 0 on."""
    return bool(np.isfinite(transform[:6]).all()) and not transform.is_degenerate and not transform.is_identity


def _heights(points: AnyArray, crs: Any, dem: Path) -> FloatArray:
    with opened_grid(dem) as grid:
        xy = shapely.get_coordinates(in_grid_crs(gpd.GeoSeries(points, crs=crs), grid))
        a, b, c, d, e, f = tuple(~grid.transform)[:6]
        column, line = a * xy[:, 0] + b * xy[:, 1] + c - 0.5, d * xy[:, 0] + e * xy[:, 1] + f - 0.5
        left, right = _around(column, grid.width)
        top, bottom = _around(line, grid.height)
        cells = grid_cells(grid, window=((top, bottom), (left, right)))
        cells[(cells < _LAND_M[0]) | (cells > _LAND_M[1])] = np.nan
    return _between_cells(cells, column - left, line - top)


def _around(at: FloatArray, size: int) -> tuple[int, int]:
    """The cells from which the ones around every place can be read: first, and one past the last."""
    known = at[np.isfinite(at)]
    low, high = (known.min(), known.max()) if len(known) else (0.0, 0.0)
    first = int(np.clip(np.floor(low), 0, size - 1))
    return first, int(np.clip(np.ceil(high) + 1, first + 1, size))


def _between_cells(cells: AnyArray, x: AnyArray, y: AnyArray) -> FloatArray:
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
