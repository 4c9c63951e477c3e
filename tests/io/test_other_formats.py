"""Formats that offices have beside tables and layers of our own: each read through the same door, its type checked."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import pytest
from shapely.geometry import Point

from corpus.city import save_gdb, zip_parts
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


def test_the_ids_of_the_table_that_was_made_a_kml_are_kept(tmp_path: Path) -> None:
    """GDAL calls them id2 where KML has ids of its own (``a.1``)."""
    pyogrio.write_dataframe(layer().rename(columns={"name": "Name"}), tmp_path / "a.kml", driver="KML")
    kept, _ = files.read_places(tmp_path / "a.kml", table="c", crs=STUDY, columns={"id": "id", "name": "Name"})
    assert kept["name"].to_dict() == {"a1": "甲村", "a2": "乙村"}


def kmz(path: Path, **members: str) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in members.items():
            packed.writestr(f"{name}.kml", text)
    return path


def test_a_kmz_gives_the_places_of_its_kml(tmp_path: Path) -> None:
    columns = {"id": "Name", "name": "Name"}
    kept, _ = files.read_places(kmz(tmp_path / "点.kmz", doc=KML), table="c", crs=STUDY, columns=columns)
    assert kept["name"].tolist() == ["甲村"]


def test_a_kmz_of_several_kml_names_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds 2 \(a\.kml, b\.kml\)"):
        read(kmz(tmp_path / "a.kmz", a=KML, b=KML))


def test_a_kmz_that_unpacks_to_too_much_is_not_opened(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.kmz", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("doc.kml", KML + " " * 60_000_000)
    with pytest.raises(DataError, match="unpacks to"):
        read(tmp_path / "a.kmz")


def test_links_and_pictures_of_a_kml_are_counted_and_told(tmp_path: Path) -> None:
    odd = "<NetworkLink/><GroundOverlay><Icon><href>a.png</href></Icon><LatLonBox><north>38</north><south>37</south>" \
        "<east>123</east><west>122</west></LatLonBox></GroundOverlay>"  # fmt: skip
    (tmp_path / "a.kml").write_text(KML.replace("<Placemark>", f"{odd}<Placemark>"), encoding="utf-8")
    columns = {"id": "Name", "name": "Name"}
    kept, found, row = files.read_counted_places(tmp_path / "a.kml", table="c", crs=STUDY, columns=columns)
    assert kept["name"].tolist() == ["甲村"]
    told = found.set_index("rule")["value"]
    assert (told["kml_links"], told["kml_pictures"]) == ("1", "1")
    assert (row["rows"], row["used"], row["left_out"]) == (2, 1, 1)


def test_a_geodatabase_is_a_folder_or_a_zip_with_the_same_places(tmp_path: Path) -> None:
    save_gdb(tmp_path / "a.gdb", 村=layer())
    zip_parts(tmp_path / "a.gdb.zip", {f"a.gdb/{p.name}": p for p in sorted((tmp_path / "a.gdb").iterdir())})
    alone, packed = read(tmp_path / "a.gdb"), read(tmp_path / "a.gdb.zip")
    assert alone["name"].tolist() == ["甲村", "乙村"]
    assert alone.drop(columns="source").equals(packed.drop(columns="source"))


def test_the_fingerprint_of_a_geodatabase_is_that_of_its_tables(tmp_path: Path) -> None:
    save_gdb(tmp_path / "a.gdb", a=layer())
    before = files.sha256(tmp_path / "a.gdb")
    (tmp_path / "a.gdb" / "a.PC.1.2.sr.lock").write_bytes(b"")
    assert files.sha256(tmp_path / "a.gdb") == before
    (tmp_path / "a.gdb" / "timestamps").write_bytes(b"other")
    assert files.sha256(tmp_path / "a.gdb") != before


def test_a_number_that_the_library_cut_short_is_told(tmp_path: Path) -> None:
    frame = layer().assign(beds=[4_000_000_001, 4_000_000_002])
    pyogrio.write_dataframe(frame, tmp_path / "a.mif", driver="MapInfo File", encoding="UTF-8")
    rows = (tmp_path / "a.mid").read_text("utf-8")
    (tmp_path / "a.mid").write_text(rows.replace("4000000001", "9" * 30), encoding="utf-8")
    told = files.read_table(tmp_path / "a.mif").findings.set_index("rule")
    assert "overflow" in told.loc["reader_warned", "value"]
