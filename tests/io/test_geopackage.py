"""Names and styles written into a GeoPackage, and read past."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import pytest
from shapely import Point

from quarterhour.io import files
from quarterhour.io.geopackage import LayerDress
from quarterhour.io.geopackage.qml import Entry, Label, Symbol, rgba, style


def places() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"name": ["东", "西"], "n": [1, 2]}, geometry=[Point(0, 0), Point(1, 1)], crs="EPSG:32651")


def test_a_layer_with_a_style_is_still_the_only_layer(tmp_path: Path) -> None:
    """As a GeoPackage out of QGIS, which keeps its default style in it."""
    files.write_layers(tmp_path / "a.gpkg", {"a": places()}, dresses={"a": LayerDress("甲", "", qml="<qgis/>")})
    assert files.read_table(tmp_path / "a.gpkg").frame["name"].tolist() == ["东", "西"]


def test_two_columns_of_one_name_are_told_apart_and_unknown_layers_passed_over(tmp_path: Path) -> None:
    dress = LayerDress("甲", "两个点", {"name": "名称", "n": "名称", "absent": "无"}, "<qgis/>")
    files.write_layers(tmp_path / "a.gpkg", {"a": places()}, dresses={"a": dress, "b": dress})
    with closing(sqlite3.connect(tmp_path / "a.gpkg")) as base:
        names = base.execute("SELECT column_name, name FROM gpkg_data_columns ORDER BY column_name").fetchall()
        rows = base.execute("SELECT f_table_name, f_geometry_column, update_time FROM layer_styles").fetchall()
    assert names == [("n", "名称 (n)"), ("name", "名称")]
    assert rows == [("a", "geom", files.FIXED_DATE)]


@pytest.mark.parametrize(
    ("entries", "column", "kind"),
    [
        ([Entry("所有", Symbol("#112233"))], "", "singleSymbol"),
        ([Entry("一", Symbol("#112233"), 1), Entry("其他", Symbol("#445566"))], "n", "categorizedSymbol"),
        ([Entry("低", Symbol("#112233"), 0.0, 0.5), Entry("高", Symbol("#445566"), 0.5, 1.0)], "n", "graduatedSymbol"),
    ],
)
@pytest.mark.parametrize(
    ("geometry", "layer"), [("point", "SimpleMarker"), ("line", "SimpleLine"), ("polygon", "SimpleFill")]
)
def test_a_style_is_what_qgis_writes(geometry: str, layer: str, entries: list[Entry], column: str, kind: str) -> None:
    root = ET.fromstring(style(geometry, entries, column=column, label=Label("name"), aliases=[("n", "数")]))  # type: ignore[arg-type]
    renderer = root.find("renderer-v2")
    assert renderer is not None and renderer.attrib["type"] == kind and renderer.attrib.get("attr", "") == column
    assert [s.attrib["class"] for s in renderer.findall("symbols/symbol/layer")] == [layer] * len(entries)
    assert root.attrib["labelsEnabled"] == "1" and root.find("labeling/settings/text-style") is not None
    assert [dict(a.attrib) for a in root.findall("aliases/alias")] == [{"index": "0", "field": "n", "name": "数"}]


def test_characters_that_xml_forbids_are_left_out() -> None:
    root = ET.fromstring(style("point", [Entry("a\x07b\x00c", Symbol("#112233"), "v\x08")], column="n"))
    assert [(c.attrib["label"], c.attrib["value"]) for c in root.iter("category")] == [("abc", "v")]
    assert rgba("#0072b2") == "0,114,178,255"
