"""Where parcels may lie: an overlay of distances, slope and land cover on a grid, hard rules and soft weights."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import ndimage

from quarterhour.base.areas import nearest_m
from quarterhour.base.arrays import BoolArray, FloatArray
from quarterhour.base.errors import DataError
from quarterhour.network.slope import grid_cells, opened_grid
from quarterhour.standards.rules import Exclusion

MOST_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Weight:
    """A wish, not a rule: full marks at ``best``, none at ``worst`` (metres to a layer, or degrees of slope).

    ``layer``: of the study, or ``slope``. ``share``: of the whole score; the shares of all wishes add up to whatever
    they do.
    """

    layer: str
    best: float
    worst: float
    share: float = 1.0


@dataclass(frozen=True, eq=False)
class Overlay:
    """A grid laid over the study area.

    ``cells``: a row a cell inside it, ``x, y`` (its middle, metres), ``row, column``, ``lawful``, ``score`` (0 to 1),
    ``town``. ``removed``: by rule and town, how many cells of ``cells`` it speaks against (a cell may stand under
    several). ``unchecked``: rules whose layer is not there. ``reported``: of rules that only report, how many lawful
    cells each would take away.
    """

    cells: pd.DataFrame
    removed: pd.DataFrame
    cell_m: float
    crs: Any
    unchecked: tuple[str, ...]
    reported: Mapping[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        lawful = int(self.cells["lawful"].sum())
        return f"<Overlay: {lawful:,} of {len(self.cells):,} cells of {self.cell_m:g} m lawful>"


def lay_over(
    towns: gpd.GeoDataFrame,
    *,
    rules: Sequence[Exclusion],
    layers: Mapping[str, gpd.GeoDataFrame],
    cell_m: float = 250.0,
    elevation: str | Path | None = None,
    steepest_degrees: float | None = None,
    land_cover: str | Path | None = None,
    forbidden_cover: Sequence[int] = (),
    weights: Sequence[Weight] = (),
    reporting: Collection[str] = (),
) -> Overlay:
    """Hold every cell of a grid against every rule, and score what is left.

    Parameters
    ----------
    towns : outlines in metres; cells whose middle lies in none are left out.
    rules : distances to layers, as in the rule sets; measured from the middle of a cell.
    layers : vectors by name. cell_m : side of a cell.
    elevation, steepest_degrees : a grid of metres (GeoTIFF), and the steepest slope that may be built on.
    land_cover, forbidden_cover : a grid of classes, and those that may not be built on.
    weights : wishes for the score; without any every lawful cell scores 1.
    reporting : ids of rules that take no cell away and only tell how many they would.

    Raises
    ------
    DataError : towns are no outlines in metres, too many cells, a raster that cannot be read. MissingError : no such
    raster.
    """
    cells = _cells(towns, cell_m)
    spots = gpd.GeoDataFrame(geometry=gpd.points_from_xy(cells["x"], cells["y"]), crs=towns.crs)
    broken: dict[str, BoolArray] = {}
    unchecked = []
    distance: dict[tuple[str, tuple[str, ...]], FloatArray] = {}
    for rule in rules:
        if rule.layer not in layers:
            unchecked.append(rule.id)
            continue
        metres = _metres(spots, rule.layer, rule.road_classes, layers, distance)
        broken[rule.id] = (metres < rule.metres) | (metres == 0)
    slope = None if elevation is None else _slope_degrees(Path(elevation), spots)
    if slope is not None and steepest_degrees is not None:
        broken["slope"] = slope > steepest_degrees
    if land_cover is not None and forbidden_cover:
        broken["land_cover"] = np.isin(_sampled(Path(land_cover), spots)[0], list(forbidden_cover))
    binding = [flags for name, flags in broken.items() if name not in reporting]
    bad = np.logical_or.reduce(binding) if binding else np.zeros(len(cells), bool)
    would = {name: int((flags & ~bad).sum()) for name, flags in broken.items() if name in reporting}
    score = _score(spots, weights, layers, slope, distance)
    removed = pd.DataFrame({name: pd.Series(flags).groupby(cells["town"]).sum() for name, flags in broken.items()})
    return Overlay(cells.assign(lawful=~bad, score=score), removed, cell_m, towns.crs, tuple(unchecked), would)


def parcels(overlay: Overlay, *, least_m2: float = 33_333.0, most: int | None = None) -> gpd.GeoDataFrame:
    """Lawful cells that touch side by side in one town, as parcels with their area and score, best first in each town.

    ``least_m2``: smaller ones are left out (33,333 m2 are the 50 mu of the draft standard). ``most``: of each town at
    most so many. Ids ``TOWN-1``; the geometry is the middle of the best cell (nearest to the parcel's own middle among
    equals); columns ``name, town, area_m2, score, quality, source, shape`` (outline).
    """
    kept = overlay.cells[overlay.cells["lawful"]]
    rows = []
    for town, mine in kept.groupby("town", sort=True):
        large = [part for part in _patches(mine) if len(part) * overlay.cell_m**2 >= least_m2]
        best = sorted(large, key=lambda part: (-float(part["score"].mean()), -len(part)))[:most]
        parts = [_parcel(part, overlay) for part in best]
        rows += [{"id": f"{town}-{n}", "name": f"{town}-{n}", "town": town, **p} for n, p in enumerate(parts, 1)]
    columns = ["id", "name", "town", "area_m2", "score", "geometry", "shape"]
    table = pd.DataFrame(rows, columns=columns).assign(
        quality="estimated", source=f"overlay, cells of {overlay.cell_m:g} m"
    )
    return gpd.GeoDataFrame(table.set_index("id"), geometry="geometry", crs=overlay.crs)


def _cells(towns: gpd.GeoDataFrame, cell_m: float) -> pd.DataFrame:
    areas = towns[towns.geom_type.isin(["Polygon", "MultiPolygon"])]
    if areas.empty or towns.crs is None or towns.crs.is_geographic:
        raise DataError("overlay.no_outlines", towns=len(towns))
    low_x, low_y, high_x, high_y = areas.total_bounds
    shape = int((high_y - low_y) / cell_m) + 1, int((high_x - low_x) / cell_m) + 1
    if shape[0] * shape[1] > MOST_CELLS:
        raise DataError("overlay.too_many", cells=shape[0] * shape[1], most=MOST_CELLS, cell_m=cell_m)
    row, column = (a.ravel() for a in np.indices(shape))
    x, y = low_x + (column + 0.5) * cell_m, low_y + (row + 0.5) * cell_m
    place, area = shapely.STRtree(areas.geometry.to_numpy()).query(shapely.points(x, y), predicate="intersects")
    _, first = np.unique(place, return_index=True)
    at = place[first]
    told = {
        "x": x[at],
        "y": y[at],
        "row": row[at],
        "column": column[at],
        "town": areas.index[area[first]].astype("str"),
    }
    return pd.DataFrame(told)


def _metres(
    spots: gpd.GeoDataFrame,
    layer: str,
    classes: tuple[str, ...],
    layers: Mapping[str, gpd.GeoDataFrame],
    known: dict[tuple[str, tuple[str, ...]], FloatArray],
) -> FloatArray:
    """Metres to a layer, measured once; far off where the layer is empty."""
    if (layer, classes) not in known:
        things = layers[layer]
        things = things[things["road_class"].isin(classes)] if classes and "road_class" in things else things
        known[layer, classes] = nearest_m(spots, things)["distance_m"].fillna(np.inf).to_numpy(dtype=float)
    return known[layer, classes]


def _score(
    spots: gpd.GeoDataFrame,
    weights: Sequence[Weight],
    layers: Mapping[str, gpd.GeoDataFrame],
    slope: FloatArray | None,
    known: dict[tuple[str, tuple[str, ...]], FloatArray],
) -> FloatArray:
    total, whole = np.zeros(len(spots)), 0.0
    for wish in weights:
        if wish.layer == "slope":
            values = slope
        else:
            values = _metres(spots, wish.layer, (), layers, known) if wish.layer in layers else None
        if values is None:
            raise DataError("overlay.no_layer", layer=wish.layer, known=", ".join(["slope", *layers]))
        marks = np.clip((wish.worst - values) / (wish.worst - wish.best), 0, 1)
        total, whole = total + wish.share * np.nan_to_num(marks), whole + wish.share
    return total / whole if whole else np.ones(len(spots))


# --- rasters


def _opened(path: Path) -> tuple[FloatArray, Any, Any]:
    with opened_grid(path) as grid:
        return grid_cells(grid), grid.transform, grid.crs


def _sampled(path: Path, spots: gpd.GeoDataFrame, values: FloatArray | None = None) -> tuple[FloatArray, Any]:
    """The cell of a raster under each spot; missing beyond it."""
    cells, transform, crs = _opened(path)
    cells = cells if values is None else values
    xy = shapely.get_coordinates(spots.geometry.to_crs(crs.to_wkt()).to_numpy())
    back = ~transform
    column = np.floor(back.a * xy[:, 0] + back.b * xy[:, 1] + back.c).astype(np.int64)
    row = np.floor(back.d * xy[:, 0] + back.e * xy[:, 1] + back.f).astype(np.int64)
    inside = (row >= 0) & (column >= 0) & (row < cells.shape[0]) & (column < cells.shape[1])
    found = np.full(len(spots), np.nan)
    found[inside] = cells[row[inside], column[inside]]
    return found, crs


def _slope_degrees(path: Path, spots: gpd.GeoDataFrame) -> FloatArray:
    """Slope by Horn's 3 x 3 window, as GDAL and ArcGIS have it; missing at the rim and beside missing cells."""
    cells, transform, crs = _opened(path)
    east, north = abs(transform.a), abs(transform.e)
    if crs.is_geographic:  # degrees to metres, at the raster's middle
        middle = np.radians(transform.f + transform.e * cells.shape[0] / 2)
        east, north = east * 111_320 * float(np.cos(middle)), north * 110_574
    if min(cells.shape) < 3:
        return np.full(len(spots), np.nan)
    a, b, c, d, f, g, h, i = (
        cells[r : r - 2 or None, q : q - 2 or None] for r in range(3) for q in range(3) if (r, q) != (1, 1)
    )
    across = ((c + 2 * f + i) - (a + 2 * d + g)) / (8 * east)
    down = ((g + 2 * h + i) - (a + 2 * b + c)) / (8 * north)
    degrees = np.full(cells.shape, np.nan)
    degrees[1:-1, 1:-1] = np.degrees(np.arctan(np.hypot(across, down)))
    return _sampled(path, spots, degrees)[0]


# --- parcels


def _patches(mine: pd.DataFrame) -> list[pd.DataFrame]:
    row, column = mine["row"] - mine["row"].min(), mine["column"] - mine["column"].min()
    ground = np.zeros((int(row.max()) + 1, int(column.max()) + 1), bool)
    ground[row, column] = True
    label, _ = ndimage.label(ground)
    return [part for _, part in mine.groupby(label[row, column])]


def _parcel(part: pd.DataFrame, overlay: Overlay) -> dict[str, Any]:
    half = overlay.cell_m / 2
    x, y, score = (part[name].to_numpy() for name in ("x", "y", "score"))
    outline = shapely.union_all(shapely.box(x - half, y - half, x + half, y + half))
    off = np.hypot(x - x.mean(), y - y.mean())
    best = np.lexsort((part["column"].to_numpy(), part["row"].to_numpy(), off, -score))[0]
    return {
        "area_m2": len(part) * overlay.cell_m**2, "score": float(score.mean()),
        "geometry": shapely.Point(x[best], y[best]), "shape": outline,
    }  # fmt: skip
