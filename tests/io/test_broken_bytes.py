"""Files that a library opens and then falls over: each is refused in words, with its name."""

from __future__ import annotations

import contextlib
import sqlite3
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
from shapely.geometry import Point, box

from quarterhour.base.errors import DataError
from quarterhour.io import files, osm, population, web_maps
from tables import STUDY


def test_a_parquet_file_whose_texts_are_no_utf8_is_broken(tmp_path: Path) -> None:
    texts = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(np.array([0, 2, 4], np.int32)), pa.py_buffer(b"ab\xff\xfe")]
    )
    pq.write_table(pa.table({"id": texts}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet' is broken"):
        files.read_table(tmp_path / "a.parquet")


def test_a_geopackage_without_layers_is_broken_and_asks_for_none(tmp_path: Path) -> None:
    gpd.GeoDataFrame({"id": ["a"]}, geometry=[Point(122.1, 37.5)], crs=4326).to_file(tmp_path / "a.gpkg")
    with contextlib.closing(sqlite3.connect(tmp_path / "a.gpkg")) as base:
        base.executescript("DELETE FROM gpkg_contents; DELETE FROM gpkg_geometry_columns; DROP TABLE a;")
    with pytest.raises(DataError, match=r"a\.gpkg' is broken"):
        files.read_table(tmp_path / "a.gpkg")


def test_an_extract_with_words_for_coordinates_is_broken(tmp_path: Path) -> None:
    nodes = '<node id="1" lat="37.5" lon="122.1"/><node id="2" lat="north" lon="122.2"/>'
    way = '<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way>'
    (tmp_path / "a.osm").write_text(f'<osm version="0.6">{nodes}{way}</osm>', encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.osm' cannot be read"):
        osm.read_osm_roads(tmp_path / "a.osm", crs=STUDY)[0]


@pytest.mark.parametrize("transform", [None, rasterio.Affine(0, 0, 4e5, 0, 0, 4e6)])
def test_a_grid_whose_cells_lie_nowhere_is_refused(tmp_path: Path, transform: rasterio.Affine | None) -> None:
    about = {"driver": "GTiff", "height": 9, "width": 9, "count": 1, "dtype": "float32", "crs": STUDY}
    where = {} if transform is None else {"transform": transform}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(tmp_path / "a.tif", "w", **about, **where) as out:
            out.write(np.ones((9, 9), "float32"), 1)
    with pytest.raises(DataError, match=r"a\.tif' cannot be read as a grid of people"):
        population.people_of_grid(tmp_path / "a.tif", gpd.GeoSeries([box(0, 0, 9, 9)], crs=STUDY))


def test_what_can_be_no_degrees_is_left_alone_by_web_maps() -> None:
    far = np.array([122_133_217.0, 1e300, np.inf, np.nan])
    lon, lat = web_maps.to_wgs84(far, np.full(4, 37.5), datum="gcj02")
    assert np.array_equal(lon, far, equal_nan=True) and lat.tolist() == [37.5] * 4
