"""The overlay: cells against rules, slope against its formula, parcels and their scores."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString, Point, box

from quarterhour.base.errors import DataError, MissingError
from quarterhour.siting.candidates.overlay import Weight, lay_over, parcels
from quarterhour.standards.rules import Exclusion

CRS = "EPSG:32651"
X0, Y0 = 400_000.0, 4_100_000.0
TOWNS = gpd.GeoDataFrame(geometry=[box(X0, Y0, X0 + 1000, Y0 + 1000), box(X0 + 1000, Y0, X0 + 2000, Y0 + 1000)],
                         index=["a", "b"], crs=CRS)  # fmt: skip
WATER = Exclusion("water", "水", "water", "water", 300, ("town_cemetery",))
LAYERS = {
    "water": gpd.GeoDataFrame(geometry=[Point(X0, Y0)], index=["w"], crs=CRS),
    "roads": gpd.GeoDataFrame(geometry=[LineString([(X0, Y0 + 1000), (X0 + 2000, Y0 + 1000)])], index=["r"], crs=CRS),
}


def raster(path: Path, values: object, cell: float = 100, north: float = Y0 + 1100) -> Path:
    rasterio = pytest.importorskip("rasterio")
    cells = np.asarray(values, dtype="float32")
    from affine import Affine

    shape = {"height": cells.shape[0], "width": cells.shape[1], "count": 1, "dtype": "float32", "nodata": -9999}
    where = {"crs": CRS, "transform": Affine(cell, 0, X0 - 100, 0, -cell, north)}
    with rasterio.open(path, "w", driver="GTiff", **shape, **where) as grid:
        grid.write(cells, 1)
    return path


def test_cells_near_water_are_not_lawful() -> None:
    """Middles stand at 50, 150, 250 ... metres: within 300 m of the corner are eight of them."""
    found = lay_over(TOWNS, rules=[WATER], layers=LAYERS, cell_m=100)
    near = np.hypot(found.cells["x"] - X0, found.cells["y"] - Y0) < 300
    assert len(found.cells) == 200 and (found.cells["lawful"] == ~near).all()
    assert found.removed.loc["a", "water"] == near.sum() == 8 and found.removed.loc["b", "water"] == 0


def test_a_rule_without_its_layer_is_told() -> None:
    rail = Exclusion("rail", "铁", "rail", "railways", 500, ("town_cemetery",))
    assert lay_over(TOWNS, rules=[rail], layers=LAYERS).unchecked == ("rail",)


def test_slope_is_that_of_an_even_hill(tmp_path: Path) -> None:
    """Ten metres up in a hundred towards the east: atan(0.1) = 5.71 degrees; 20 in town b: 11.3."""
    x = np.arange(22) * 100.0 - 50
    height = np.where(x < 1000, x * 0.1, 100 + (x - 1000) * 0.2)
    path = raster(tmp_path / "dem.tif", np.tile(height, (12, 1)))
    found = lay_over(TOWNS, rules=[], layers={}, cell_m=100, elevation=path, steepest_degrees=8)
    inside_a = found.cells["x"] < X0 + 900
    inside_b = found.cells["x"] > X0 + 1100
    assert found.cells.loc[inside_a, "lawful"].all() and not found.cells.loc[inside_b, "lawful"].any()


def test_land_cover_of_some_classes_is_no_ground(tmp_path: Path) -> None:
    cover = np.full((12, 22), 1.0)
    cover[:, :11] = 4
    path = raster(tmp_path / "cover.tif", cover)
    found = lay_over(TOWNS, rules=[], layers={}, cell_m=100, land_cover=path, forbidden_cover=[4])
    assert set(found.cells.loc[found.cells["lawful"], "town"]) == {"b"}


def test_parcels_are_patches_of_a_town_best_first() -> None:
    wall = Exclusion("wall", "墙", "wall", "wall", 60, ("town_cemetery",))
    layers = {**LAYERS, "wall": gpd.GeoDataFrame(geometry=[LineString([(X0, Y0 + 450), (X0 + 980, Y0 + 450)])],
                                                 index=["l"], crs=CRS)}  # fmt: skip
    found = lay_over(TOWNS, rules=[wall], layers=layers, cell_m=100, weights=[Weight("roads", best=0, worst=1000)])
    made = parcels(found)
    assert made["town"].tolist() == ["a", "a", "b"] and list(made.index) == ["a-1", "a-2", "b-1"]
    assert made["area_m2"].tolist() == [500_000, 400_000, 1_000_000]
    assert made.loc["a-1"].geometry.y > Y0 + 450 > made.loc["a-2"].geometry.y  # nearer to the road scores more
    assert made.loc["a-1", "score"] == pytest.approx(0.75) and made.loc["a-2", "score"] == pytest.approx(0.2)
    assert list(parcels(found, least_m2=450_000).index) == ["a-1", "b-1"]
    assert list(parcels(found, most=1).index) == ["a-1", "b-1"]


def test_what_cannot_be_overlaid_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="outlines"):
        lay_over(TOWNS.set_geometry(TOWNS.centroid), rules=[], layers={})
    with pytest.raises(DataError, match="larger cell_m"):
        lay_over(TOWNS, rules=[], layers={}, cell_m=0.5)
    with pytest.raises(DataError, match="railways"):
        lay_over(TOWNS, rules=[], layers={}, weights=[Weight("railways", 0, 1)])
    with pytest.raises(MissingError, match=r"dem\.tif"):
        lay_over(TOWNS, rules=[], layers={}, elevation=tmp_path / "dem.tif")


def test_a_rule_that_only_reports_takes_no_cell_and_tells_how_many() -> None:
    """Of the eight cells within 300 m of the water one lies within 100 m; a rule of 100 m leaves it seven to tell."""
    near = Exclusion("near", "近", "near", "water", 100, ("town_cemetery",), verified=True)
    found = lay_over(TOWNS, rules=[WATER, near], layers=LAYERS, cell_m=100, reporting=["water"])
    assert int((~found.cells["lawful"]).sum()) == 1 and found.reported == {"water": 7}
    assert found.removed.loc["a", "water"] == 8
