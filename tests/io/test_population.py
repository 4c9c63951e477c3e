"""A grid of people counted by outlines, against counting with ever finer cells and by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine

from quarterhour.base.errors import DataError
from quarterhour.io.population import cells_inside, people_of_grid

UTM51 = "EPSG:32651"
X0, Y0 = 400_000.0, 4_150_000.0


def write_grid(path: Path, cells: Any, *, side: float = 100.0, nodata: float | None = None, **where: Any) -> Path:
    import rasterio

    values = np.asarray(cells, dtype="float32")
    placed = {"crs": UTM51, "transform": Affine(side, 0, X0, 0, -side, Y0), **where}
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1, dtype="float32",
        nodata=nodata, **placed,
    ) as grid:  # fmt: skip
        grid.write(values, 1)
    return path


def boxes(*corners: tuple[float, float, float, float]) -> gpd.GeoSeries:
    """Boxes in cells of 100 m from the upper left corner: column, row to column, row."""
    return gpd.GeoSeries(
        [shapely.box(X0 + a * 100, Y0 - d * 100, X0 + c * 100, Y0 - b * 100) for a, b, c, d in corners], crs=UTM51
    )


def test_a_cell_on_the_border_counts_by_the_share_inside(tmp_path: Path) -> None:
    grid = write_grid(tmp_path / "people.tif", [[10, 20], [30, 40]])
    found = people_of_grid(grid, boxes((0, 0, 1, 2), (1, 0, 1.5, 2), (0, 0, 2, 2)))
    assert found.people.tolist() == pytest.approx([40, 30, 100])
    assert found.known.tolist() == pytest.approx([1, 1, 1])


def test_any_shape_has_the_area_that_it_has() -> None:
    star = shapely.Polygon([(50 + r * math.cos(t), 50 + r * math.sin(t)) for t, r in
                            ((k * math.pi / 7, 45 if k % 2 else 11.3) for k in range(14))])  # fmt: skip
    ring = star.buffer(3).difference(star)
    for shape in (star, ring, star.boundary.buffer(0.2)):
        row, column, share = cells_inside(shape, 100, 100)
        assert share.sum() == pytest.approx(shape.area)
        assert len({*zip(row.tolist(), column.tolist(), strict=True)}) == len(row)
        assert share.min() >= 0
        assert share.max() <= 1 + 1e-9


def test_cells_agree_with_an_independent_count() -> None:
    """Every cell by itself, without blocks."""
    shape = shapely.Point(37.3, 41.9).buffer(33.3).difference(shapely.box(30, 30, 44, 60))
    row, column, share = cells_inside(shape, 80, 80)
    plain = np.array([[shape.intersection(shapely.box(x, y, x + 1, y + 1)).area for x in range(80)] for y in range(80)])
    mine = np.zeros((80, 80))
    mine[row, column] = share
    assert np.allclose(mine, plain)


def test_outlines_that_tile_the_grid_share_all_of_its_people(tmp_path: Path) -> None:
    cells = np.random.default_rng(1).uniform(0, 50, (70, 70))
    grid = write_grid(tmp_path / "people.tif", cells)
    cuts = [0, 13.37, 40.1, 70]
    tiles = boxes(*((a, c, b, d) for a, b in zip(cuts, cuts[1:], strict=False)
                    for c, d in zip(cuts, cuts[1:], strict=False)))  # fmt: skip
    assert people_of_grid(grid, tiles).people.sum() == pytest.approx(cells.astype("float32").sum(), rel=1e-6)


def test_a_grid_in_degrees_counts_the_same(tmp_path: Path) -> None:
    box = gpd.GeoSeries([shapely.box(122.0, 37.0, 122.3, 37.2)], crs=4326).to_crs(UTM51)
    where = {"crs": "EPSG:4326", "transform": Affine(0.01, 0, 121.9, 0, -0.01, 37.3)}
    grid = write_grid(tmp_path / "people.tif", np.ones((60, 60)), **where)
    found = people_of_grid(grid, box)
    assert found.people[0] == pytest.approx(30 * 20, rel=0.002)  # the box has straight edges in metres, not in degrees


def test_a_grid_that_is_turned_counts_the_same(tmp_path: Path) -> None:
    c, d = 100 * math.cos(math.pi / 6), 100 * math.sin(math.pi / 6)
    grid = write_grid(tmp_path / "people.tif", np.ones((50, 50)), transform=Affine(c, d, X0, d, -c, Y0))
    x, y = X0 + 25 * (c + d), Y0 + 25 * (d - c)
    found = people_of_grid(grid, gpd.GeoSeries([shapely.box(x - 300, y - 200, x + 300, y + 200)], crs=UTM51))
    assert found.people.tolist() == pytest.approx([24])


def test_cells_without_a_value_are_not_known(tmp_path: Path) -> None:
    grid = write_grid(tmp_path / "people.tif", [[10, -99], [math.nan, 40]], nodata=-99)
    found = people_of_grid(grid, boxes((0, 0, 2, 2), (1, 0, 2, 1), (1, 1, 3, 2), (8, 8, 9, 9)))
    assert found.people.tolist() == pytest.approx([50, 0, 40, 0])
    assert found.known.tolist() == pytest.approx([0.5, 0, 0.5, 0])


def test_fewer_than_no_people_are_refused(tmp_path: Path) -> None:
    grid = write_grid(tmp_path / "people.tif", [[10, -200]])
    with pytest.raises(DataError, match=r"people\.tif.*\(-200\).*nodata"):
        people_of_grid(grid, boxes((0, 0, 2, 1)))


def test_what_is_no_grid_is_told_as_one_of_people(tmp_path: Path) -> None:
    broken = tmp_path / "people.tif"
    broken.write_bytes(b"nothing")
    with pytest.raises(DataError, match="grid of people"):
        people_of_grid(broken, boxes((0, 0, 1, 1)))
