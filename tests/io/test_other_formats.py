"""Formats that offices have beside tables and layers of our own: each read through the same door, its type checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import pytest
from shapely.geometry import Point

from quarterhour.base.errors import DataError
from quarterhour.io import files
from tables import STUDY, save_csv

DRIVERS = {".fgb": "FlatGeobuf", ".sqlite": "SQLite", ".tab": "MapInfo File", ".mif": "MapInfo File"}


def layer() -> gpd.GeoDataFrame:
    spots = [Point(122.1, 37.5), Point(122.2, 37.6)]
    return gpd.GeoDataFrame({"id": ["a1", "a2"], "name": ["甲村", "乙村"]}, geometry=spots, crs=4326)


def read(path: Path) -> gpd.GeoDataFrame:
    return files.read_places(path, table="communities", crs=STUDY)[0]


@pytest.mark.parametrize("suffix", sorted(DRIVERS))
def test_layers_of_other_programs_give_the_same_places(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    more: dict[str, Any] = {"SPATIALITE": "YES"} if suffix == ".sqlite" else {}
    if suffix in (".tab", ".mif"):
        more["encoding"] = "UTF-8"
    pyogrio.write_dataframe(layer(), path, driver=DRIVERS[suffix], **more)
    kept = read(path).sort_index()  # FlatGeobuf keeps neighbours together
    assert list(kept.index) == ["a1", "a2"] and kept["name"].tolist() == ["甲村", "乙村"]
    assert kept.geometry.distance(layer().to_crs(STUDY).set_index(kept.index).geometry).max() < 0.2


KML = """<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>点</name>
<Placemark><name>甲村</name><Point><coordinates>122.1,37.5,0</coordinates></Point></Placemark></Document></kml>"""


def test_a_kml_is_read_and_one_that_declares_entities_refused(tmp_path: Path) -> None:
    (tmp_path / "a.kml").write_text(KML, encoding="utf-8")
    kept, _ = files.read_places(tmp_path / "a.kml", table="c", crs=STUDY, columns={"id": "Name", "name": "Name"})
    assert kept["name"].tolist() == ["甲村"] and not kept.has_z.any()
    (tmp_path / "b.kml").write_text(KML.replace("<kml", '<!DOCTYPE k [<!ENTITY a "b">]><kml'), encoding="utf-8")
    with pytest.raises(DataError, match=r"is not \.kml"):
        read(tmp_path / "b.kml")


def test_a_map_table_that_points_elsewhere_is_refused(tmp_path: Path) -> None:
    text = '!table\n!version 300\nDefinition Table\n  File "/etc/passwd"\n  Type ASCII Delimiter 9\n'
    (tmp_path / "a.tab").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"is not \.tab"):
        read(tmp_path / "a.tab")


def test_a_feature_and_a_sequence_of_features_are_layers(tmp_path: Path) -> None:
    features = json.loads(layer().to_json())["features"]
    (tmp_path / "one.geojson").write_text(json.dumps(features[0]), encoding="utf-8")
    assert list(read(tmp_path / "one.geojson").index) == ["a1"]
    lines = "".join(f"\x1e{json.dumps(f, ensure_ascii=False)}\n" for f in features)
    for text in (lines, lines.replace("\x1e", "")):
        (tmp_path / "many.geojsonl").write_text(text, encoding="utf-8")
        assert read(tmp_path / "many.geojsonl")["name"].tolist() == ["甲村", "乙村"]
    (tmp_path / "cut.geojsonl").write_text(lines[:-9], encoding="utf-8")
    with pytest.raises(DataError, match=r"cut\.geojsonl' is broken"):
        read(tmp_path / "cut.geojsonl")


def test_a_csv_may_hold_its_shapes_as_text(tmp_path: Path) -> None:
    shapes = {"a1": "POINT (122.1 37.5)", "a2": "SRID=4326;Point Z (122.2 37.5 nan)", "a3": "POINT (122.2"}
    rows = [["id", "name", "WKT"], *([code, "村", shape] for code, shape in shapes.items())]
    kept, found = files.read_places(save_csv(tmp_path / "a", rows), table="c", crs=STUDY)
    assert list(kept.index) == ["a1", "a2"]
    assert found[["rule", "row"]].values.tolist() == [["no_place", 4]]
