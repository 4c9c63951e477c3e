"""What is declared of a file's coordinates: obeyed where the file is silent, told where it says otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, Point, Polygon

from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding_sentences
from quarterhour.io import files, web_maps

STUDY = "EPSG:32651"
LINE = LineString([(122.10, 37.50), (122.11, 37.51), (122.12, 37.51)])


def shifted(shape: Any, datum: str) -> Any:
    return shapely.transform(shape, lambda xy: np.column_stack(web_maps.from_wgs84(xy[:, 0], xy[:, 1], datum=datum)))


def saved(frame: gpd.GeoDataFrame, path: Path) -> Path:
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_file(path)
    return path


def layer(*shapes: Any, crs: Any = 4326) -> gpd.GeoDataFrame:
    named = {"id": [str(i) for i in range(len(shapes))], "name": ["东北村"] * len(shapes)}
    return gpd.GeoDataFrame(named, geometry=list(shapes), crs=crs)


def rules(found: pd.DataFrame) -> list[str]:
    return found["rule"].tolist()


# --- web maps -------------------------------------------------------------------------------------


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "shp", "parquet"])
@pytest.mark.parametrize("shape", [LINE, Polygon([(122.1, 37.5), (122.2, 37.5), (122.2, 37.6)])])
def test_layers_off_a_web_map_are_set_right(tmp_path: Path, datum: str, suffix: str, shape: Any) -> None:
    path = saved(layer(shifted(shape, datum)), tmp_path / f"a.{suffix}")
    there = layer(shape).to_crs(STUDY).geometry.iloc[0]
    for moved in (
        files.read_layer(path, table="water", crs=STUDY, datum=datum)[0],
        files.read_roads_file(path, crs=STUDY, datum=datum),
    ):
        assert moved.crs == STUDY
        assert moved.geometry.iloc[0].hausdorff_distance(there) < 0.05
    assert files.read_roads_file(path, crs=STUDY).geometry.iloc[0].hausdorff_distance(there) > 300


def test_a_web_maps_datum_is_no_matter_of_metres(tmp_path: Path) -> None:
    path = saved(layer(LINE).to_crs(STUDY), tmp_path / "a.gpkg")
    with pytest.raises(DataError, match="datum = gcj02 is for longitudes"):
        files.read_roads_file(path, crs=STUDY, datum="gcj02")


# --- a CRS beside the file's own ------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "shp", "parquet"])
@pytest.mark.parametrize(("own", "declared"), [("EPSG:4326", "EPSG:4610"), (STUDY, "EPSG:32652")])
def test_a_files_own_crs_counts_and_the_contradiction_is_told(
    tmp_path: Path, suffix: str, own: str, declared: str
) -> None:
    path = saved(layer(Point(122.1, 37.5)).to_crs(own), tmp_path / f"a.{suffix}")
    places, found = files.read_places(path, table="communities", crs=STUDY, source_crs=declared)
    drawn, told = files.read_layer(path, table="water", crs=STUDY, source_crs=declared)
    there = layer(Point(122.1, 37.5)).to_crs(STUDY).geometry.iloc[0]
    for shapes, warned in ((places, found), (drawn, told)):
        assert shapes.geometry.iloc[0].distance(there) < 0.01
        assert rules(warned) == ["crs_own_used"] and warned["severity"].tolist() == ["warning"]
        said = finding_sentences(warned, "en").iloc[0]
        assert "WGS 84" in said and ("Xian 1980" in said or "zone 52N" in said)


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "shp", "parquet"])
@pytest.mark.parametrize(
    ("own", "declared"),
    [("EPSG:4326", "EPSG:4326"), ("EPSG:4326", "OGC:CRS84"), ("EPSG:4326", "EPSG:4490"), (STUDY, STUDY),
     ("EPSG:4550", "EPSG:4550"), (STUDY, "+proj=utm +zone=51 +datum=WGS84 +units=m"), ("EPSG:4490", "EPSG:4326")],
)  # fmt: skip
def test_a_crs_declared_as_the_file_has_it_is_no_matter(tmp_path: Path, suffix: str, own: str, declared: str) -> None:
    """CGCS2000 and WGS 84 put a place within a metre; a shapefile's .prj has other names for the same."""
    path = saved(layer(Point(122.1, 37.5)).to_crs(own), tmp_path / f"a.{suffix}")
    _, found = files.read_places(path, table="communities", crs=STUDY, source_crs=declared)
    assert rules(found) == []


def test_geojson_in_metres_without_a_crs_is_what_the_study_says(tmp_path: Path) -> None:
    """By RFC 7946 it would be WGS 84, which these numbers cannot be."""
    x, y = (float(v) for v in layer(Point(122.1, 37.5)).to_crs(STUDY).geometry.iloc[0].coords[0])
    where = {"type": "Point", "coordinates": [x, y]}
    feature = {"type": "Feature", "properties": {"id": "a", "name": "甲"}, "geometry": where}
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    kept, found = files.read_places(path, table="c", crs=STUDY, source_crs=STUDY)
    assert kept.geometry.iloc[0].distance(Point(x, y)) < 0.01
    assert rules(found) == ["crs_declared_used"]
    again, found = files.read_places(path, table="c", crs=STUDY, source_crs="EPSG:4326")
    assert not len(again) and rules(found) == ["outside"]


def test_a_layer_that_names_no_crs_is_as_declared_or_in_degrees_if_it_can_be(tmp_path: Path) -> None:
    there = layer(LINE).to_crs(STUDY)
    for name, drawn in (("degrees", layer(LINE)), ("metres", there)):
        saved(drawn, tmp_path / f"{name}.shp")
        (tmp_path / f"{name}.prj").unlink()
    taken, found = files.read_layer(tmp_path / "degrees.shp", table="water", crs=STUDY)
    declared, also = files.read_layer(tmp_path / "metres.shp", table="water", crs=STUDY, source_crs=STUDY)
    for shapes in (taken, declared):
        assert shapes.geometry.iloc[0].hausdorff_distance(there.geometry.iloc[0]) < 0.01
    assert rules(found) == rules(also) == ["crs_taken"]
    with pytest.raises(DataError, match="names no coordinate reference system"):
        files.read_layer(tmp_path / "metres.shp", table="water", crs=STUDY)
    with pytest.raises(DataError, match="names no coordinate reference system"):
        files.read_roads_file(tmp_path / "degrees.shp", crs=STUDY)
    web = files.read_roads_file(tmp_path / "degrees.shp", crs=STUDY, datum="gcj02")
    assert 300 < web.geometry.iloc[0].hausdorff_distance(there.geometry.iloc[0]) < 900


# --- columns --------------------------------------------------------------------------------------


def test_columns_of_a_layer_go_by_our_names(tmp_path: Path) -> None:
    path = saved(layer(LINE).assign(fclass="primary", road_class="x"), tmp_path / "a.gpkg")
    drawn, _ = files.read_layer(path, table="rails", crs=STUDY, columns={"road_class": "fclass"})
    assert drawn["road_class"].tolist() == ["primary"]
    with pytest.raises(DataError, match="rails .*needs the columns klass"):
        files.read_layer(path, table="rails", crs=STUDY, columns={"road_class": "klass"})


@pytest.mark.parametrize("suffix", ["gpkg", "parquet"])
def test_an_x_beside_shapes_is_refused(tmp_path: Path, suffix: str) -> None:
    path = saved(layer(Point(122.1, 37.5)).assign(lon=1.0, lat=2.0), tmp_path / f"a.{suffix}")
    with pytest.raises(DataError, match="has shapes of its own"):
        files.read_places(path, table="c", crs=STUDY, columns={"x": "lon", "y": "lat"})


def test_the_crs_of_the_answer_may_depend_on_where_the_places_lie(tmp_path: Path) -> None:
    seen = []

    def zone(lonlat: np.ndarray[Any, Any]) -> str:
        seen.append(lonlat.round(4).tolist())
        return STUDY

    path = saved(layer(Point(122.1, 37.5)).to_crs("EPSG:4550"), tmp_path / "a.gpkg")
    kept, _ = files.read_places(path, table="c", crs=zone)
    drawn, _ = files.read_layer(path, table="c", crs=zone)
    assert kept.crs == drawn.crs == STUDY
    assert seen == [[[122.1, 37.5]]] * 2
