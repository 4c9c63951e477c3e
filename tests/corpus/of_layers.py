"""Layers of shapes: shapefiles and their parts, zips, GeoJSON in all its forms, GeoPackage, Parquet, KML, WKT."""

# ruff: noqa: ARG005, E501 (a case is a line of a table: what is changed, what must be said)

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import shapely
from shapely.geometry import Point

from corpus.city import City, csv_bytes, grid, moved, save_gdb, zip_parts
from corpus.verdict import Book

BOOK = Book()
add = BOOK.add
PARTS = ("shp", "shx", "dbf", "prj", "cpg")
TABLES = ("communities", "facilities")


def layer(suffix: str, change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame] = lambda f: f, *,
          table: str = "communities", **how: Any) -> Callable[[City], None]:  # fmt: skip
    """The table as a layer, changed before it is written."""
    return lambda city: (city.save_layer(table, change(city.layer(table)), f"{table}{suffix}", **how), None)[1]


def raised(z: float) -> Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]:
    """With a height; NaN too."""
    return lambda f: f.set_geometry(shapely.points(shapely.get_x(f.geometry), shapely.get_y(f.geometry), z), crs=f.crs)


def outlines(metres: float) -> Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]:
    """Squares around the points."""
    return lambda f: f.to_crs(32651).set_geometry(f.to_crs(32651).buffer(metres, cap_style="square")).to_crs(4326)


for _suffix in (".gpkg", ".geojson", ".shp", ".parquet", ".fgb", ".geojsonl", ".json"):
    _how = {"driver": "GeoJSONSeq"} if _suffix == ".geojsonl" else {"driver": "GeoJSON"} if _suffix == ".json" else {}
    for _table in TABLES:
        add(f"{_table}{_suffix}", layer(_suffix, table=_table, **_how), circles=_suffix == ".gpkg")
        if _suffix in (".gpkg", ".parquet", ".fgb"):  # the others cannot hold it
            add(f"{_table}{_suffix}-z_nan", layer(_suffix, raised(float("nan")), table=_table, **_how))
    add(f"z_7{_suffix}", layer(_suffix, raised(7.0), **_how))
    if _suffix not in (".geojson", ".geojsonl", ".json"):
        add(f"in_metres{_suffix}", layer(_suffix, lambda f: f.to_crs(32651), **_how))
        add(f"in_cgcs2000_zone{_suffix}", layer(_suffix, lambda f: f.to_crs(4549), **_how))
        add(f"in_cgcs2000_degrees{_suffix}", layer(_suffix, lambda f: f.set_crs(4490, allow_override=True), **_how))
        add(f"in_web_mercator{_suffix}", layer(_suffix, lambda f: f.to_crs(3857), **_how))
    add(f"outlines{_suffix}", layer(_suffix, outlines(60), **_how), "outline_to_point_many")
    if _suffix != ".fgb":
        add(f"one_without_shape{_suffix}", layer(_suffix, lambda f: f.set_geometry([None, *f.geometry[1:]], crs=f.crs), **_how),
            "no_place@1", right=False)  # fmt: skip
    add(f"multi_points{_suffix}", layer(_suffix, lambda f: f.set_geometry(shapely.multipoints([[p] for p in f.geometry]),
        crs=f.crs), **_how))  # fmt: skip
    add(f"rows_reversed{_suffix}", layer(_suffix, lambda f: f.iloc[::-1], **_how))
    add(
        f"same_id_twice{_suffix}",
        layer(_suffix, lambda f: f.iloc[[*range(24), 0]], **_how),
        "id_again@8" if _suffix == ".fgb" else "id_again@25",
    )
for _suffix in (".gpkg", ".shp"):
    add(f"no_crs{_suffix}", layer(_suffix, lambda f: f.set_crs(None, allow_override=True)), "crs_taken")
    add(f"no_crs_but_metres{_suffix}", layer(_suffix, lambda f: f.to_crs(32651).set_crs(None, allow_override=True)),
        error="inputs.no_communities")  # fmt: skip
BOOK.cases = [c for c in BOOK.cases if not c.name.startswith("no_crs")]  # to be written without a warning: below

add("one_without_an_end.gpkg", layer(".gpkg", lambda f: f.set_geometry([Point(float("inf"), 37.5), *f.geometry[1:]], crs=f.crs)),
    "coordinates_unread@1", right=False)  # fmt: skip

# --- shapefiles ---------------------------------------------------------------------------------------------------


def shape(edit: Callable[[City, Path], None], *, table: str = "communities", **how: Any) -> Callable[[City], None]:
    """The table as a shapefile, and then something done to its parts."""

    def change(city: City) -> None:
        target = city.save_layer(table, city.layer(table), "a.shp", **how)
        edit(city, target)

    return change


def without(*parts: str) -> Callable[[City, Path], None]:
    return lambda _, path: [path.with_suffix(f".{p}").unlink() for p in parts] and None


for _part, _must in {
    "shx": {"error": "files.shape_lacks"},
    "dbf": {"error": "places.missing_columns"},
    "cpg": {},
    "prj": {"says": ("crs_taken",)},
}.items():
    _says: Any = _must.pop("says", ()) if "says" in _must else ()
    add(f"shp_without_{_part}", shape(without(_part)), *_says, **_must)
add("shp_gbk_without_cpg", shape(without("cpg"), encoding="GBK"))
add("shp_gbk_with_cpg", shape(lambda c, p: None, encoding="GBK"))
add("shp_gbk_cpg_says_utf8", shape(lambda c, p: p.with_suffix(".cpg").write_text("UTF-8") and None, encoding="GBK"),
    error="files.broken")  # fmt: skip
add("shp_gbk_declared", shape(lambda c, p: (without("cpg")(c, p), c.part("communities").update(encoding="gbk"))[0],
    encoding="GBK"))  # fmt: skip
add("shp_utf8_without_cpg", shape(without("cpg"), encoding="UTF-8"))


def _stale(rows: int) -> Callable[[City, Path], None]:
    """The .dbf of another export, with fewer rows."""

    def edit(city: City, path: Path) -> None:
        city.layer("communities").iloc[:rows].to_file(city.path("b.shp"))
        shutil.copyfile(city.path("b.dbf"), path.with_suffix(".dbf"))

    return edit


add("shp_dbf_of_fewer_rows", shape(_stale(21)), error="files.shape_parts")
add("shp_shx_of_fewer_rows", shape(lambda c, p: (_stale(21)(c, p), shutil.copyfile(c.path("b.shx"), p.with_suffix(".shx")),
    c.layer("communities").to_file(c.path("d.shp")), shutil.copyfile(c.path("d.dbf"), p.with_suffix(".dbf")))[0]),
    error="files.shape_parts")  # fmt: skip


def _delete_dbf_row(_: City, path: Path) -> None:
    data = bytearray(path.with_suffix(".dbf").read_bytes())
    head, width = int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little")
    data[head + 2 * width] = 0x2A
    path.with_suffix(".dbf").write_bytes(data)


add("shp_row_deleted", shape(_delete_dbf_row), "deleted_rows", right=False)
add("shp_cut", shape(lambda c, p: p.write_bytes(p.read_bytes()[:-200]) and None), error="files.broken")
add("shp_dbf_cut", shape(lambda c, p: p.with_suffix(".dbf").write_bytes(p.with_suffix(".dbf").read_bytes()[:-200]) and None),
    error="files.broken")  # fmt: skip
add("shp_prj_of_another", shape(lambda c, p: p.with_suffix(".prj").write_text(
    gpd.GeoSeries(crs=4549).crs.to_wkt("WKT1_ESRI")) and None), error="study.crs_untrue")  # fmt: skip
add("shp_prj_empty", shape(lambda c, p: p.with_suffix(".prj").write_text("") or None), "crs_taken")
add("shp_prj_broken", shape(lambda c, p: p.with_suffix(".prj").write_text("GEOGCS[x") and None), error="files.broken")
add("shp_names_in_capitals", shape(lambda c, p: [p.with_suffix(f".{e}").rename(c.path(f"A.{e.upper()}")) for e in PARTS]
    and (c.use("communities", "A.SHP"), None)[1]))  # fmt: skip

# --- zips ---------------------------------------------------------------------------------------------------------


def packed(names: Callable[[str], str] = "{}".format, *, lacks: str = "", more: Any = None) -> Callable[[City], None]:
    """The table as a zipped shapefile."""

    def edit(city: City, path: Path) -> None:
        parts = {names(f"a.{e}"): path.with_suffix(f".{e}") for e in PARTS if e != lacks}
        zip_parts(city.use("communities", "a.zip"), parts)
        if more is not None:
            more(city, city.path("a.zip"))

    return shape(edit)


def _append(name: str, data: bytes) -> Callable[[City, Path], None]:
    def more(_: City, path: Path) -> None:
        with zipfile.ZipFile(path, "a") as growing:
            growing.writestr(name, data)

    return more


def _second(city: City, path: Path) -> None:
    with zipfile.ZipFile(path, "a") as growing:
        for part in PARTS:
            growing.write(city.path(f"a.{part}"), f"b.{part}")


add("zip", packed(), circles=True)
add("zip_in_a_folder", packed("图层/{}".format))
add("zip_in_two_folders", packed("a/b/{}".format))
add("zip_with_mac_litter", packed(more=_append("__MACOSX/._a.shp", b"\0\5\x16\7" * 9)))
add("zip_with_a_readme", packed(more=_append("readme.txt", b"x")))
add("zip_with_metadata", packed(more=_append("a.shp.xml", b"<metadata/>")))
add("zip_climbing_out", packed("../{}".format))
add("zip_of_chinese_names", packed("社区{}".format))
add("zip_of_two_layers", packed(more=_second), error="files.zip_shapes")
add("zip_without_prj", packed(lacks="prj"), "crs_taken")
add("zip_without_shx", packed(lacks="shx"), error="files.shape_lacks")
add("zip_without_dbf", packed(lacks="dbf"), error="places.missing_columns")
add("zip_without_shp", packed(lacks="shp"), error="files.zip_shapes")
add("zip_cut", packed(more=lambda c, p: p.write_bytes(p.read_bytes()[:-90])), error="files.broken")
add("zip_of_a_csv", lambda c: zip_parts(c.use_layer("communities", "a.zip"), {"a.csv": c.path("communities.csv")}),
    error="files.zip_shapes")  # fmt: skip
add("zip_in_a_zip", packed(more=lambda c, p: (p.rename(c.path("in.zip")), zip_parts(p, {"in.zip": c.path("in.zip")}))),
    error="files.zip_shapes")  # fmt: skip


def _locked(_: City, path: Path) -> None:
    """The bit that says encrypted, in each header."""
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = -1
        while (start := data.find(mark, start + 1)) >= 0:
            data[start + at] |= 1
    path.write_bytes(data)


add("zip_locked", packed(more=_locked), error="files.zip_locked")

# --- GeoJSON ------------------------------------------------------------------------------------------------------


def geojson(
    edit: Callable[[dict[str, Any]], Any], *, table: str = "communities", name: str = ""
) -> Callable[[City], None]:
    """The table as GeoJSON, changed; what ``edit`` returns is written, or what it was given."""

    def change(city: City) -> None:
        made = city.features(table)
        city.save_json(table, edit(made) or made, name)

    return change


def _crs(name: str) -> dict[str, Any]:
    return {"type": "name", "properties": {"name": name}}


add("geojson_crs84", geojson(lambda g: {**g, "crs": _crs("urn:ogc:def:crs:OGC:1.3:CRS84")}))
add("geojson_epsg4326", geojson(lambda g: {**g, "crs": _crs("EPSG:4326")}))
add("geojson_urn_4326", geojson(lambda g: {**g, "crs": _crs("urn:ogc:def:crs:EPSG::4326")}))
add("geojson_cgcs2000", geojson(lambda g: {**g, "crs": _crs("urn:ogc:def:crs:EPSG::4490")}))
add("geojson_crs_null", geojson(lambda g: {**g, "crs": None}))
add("geojson_crs_unknown", geojson(lambda g: {**g, "crs": _crs("EPSG:999999")}), error="files.broken")
add("geojson_indented", lambda c: c.use_layer("communities", "c.geojson").write_text(
    json.dumps(c.features("communities"), indent=1), encoding="utf-8"))  # fmt: skip
add("geojson_bom", lambda c: c.use_layer("communities", "c.geojson").write_text(
    json.dumps(c.features("communities"), ensure_ascii=False), encoding="utf-8-sig"))  # fmt: skip
add("geojson_gb18030", lambda c: c.use_layer("communities", "c.geojson", encoding="gb18030").write_text(
    json.dumps(c.features("communities"), ensure_ascii=False), encoding="gb18030"))  # fmt: skip
add("geojson_gb18030_undeclared", lambda c: c.use_layer("communities", "c.geojson").write_text(
    json.dumps(c.features("communities"), ensure_ascii=False), encoding="gb18030"))  # fmt: skip
add("geojson_utf16", lambda c: c.use_layer("communities", "c.geojson").write_text(
    json.dumps(c.features("communities"), ensure_ascii=False), encoding="utf-16"), error="files.not_what_it_says")  # fmt: skip
add("geojson_of_a_geometry", geojson(lambda g: g["features"][0]["geometry"]), error="files.not_features")
add(
    "geojson_feature_null_geometry",
    geojson(lambda g: g["features"][0].update(geometry=None)),
    "no_place@1",
    right=False,
)
add("geojson_feature_empty_point", geojson(lambda g: g["features"][0]["geometry"].update(coordinates=[])), "no_place@1",
    right=False)  # fmt: skip
add("geojson_properties_null", geojson(lambda g: g["features"][0].update(properties=None)), "no_id@1", right=False)
add("geojson_mixed_types", geojson(lambda g: g["features"][0]["properties"].update(older="951")))
add(
    "geojson_people_text",
    geojson(lambda g: [f["properties"].update(older=str(f["properties"]["older"])) for f in g["features"]] and g),
)
add(
    "geojson_people_missing",
    geojson(lambda g: (g["features"][0]["properties"].pop("older"), g)[1]),
    "people_missing@1",
    right=False,
)
add(
    "geojson_people_null",
    geojson(lambda g: g["features"][0]["properties"].update(older=None)),
    "people_missing@1",
    right=False,
)
add(
    "geojson_people_nested",
    geojson(lambda g: g["features"][0]["properties"].update(older={"n": 951})),
    "people_not_number@1",
    right=False,
)
add("geojson_line_for_a_point", geojson(lambda g: g["features"][0].update(geometry={"type": "LineString",
    "coordinates": [[122.13, 37.53], [122.14, 37.53]]})), "not_a_point@1", right=False)  # fmt: skip
add("geojson_swapped", geojson(lambda g: [f["geometry"]["coordinates"].reverse() for f in g["features"]] and g),
    error="inputs.no_communities")  # fmt: skip
add(
    "geojson_one_swapped",
    geojson(lambda g: g["features"][0]["geometry"]["coordinates"].reverse()),
    "swapped@1",
    right=False,
)
add(
    "geojson_coordinates_text",
    geojson(lambda g: g["features"][0]["geometry"].update(coordinates=["122.133217", "37.538352"])),
)
add(
    "geojson_coordinates_null",
    geojson(lambda g: g["features"][0]["geometry"].update(coordinates=[None, None])),
    "no_place@1",
    right=False,
)
add("geojson_z_null", geojson(lambda g: [f["geometry"]["coordinates"].append(None) for f in g["features"]] and g))
add("geojson_collection_cut", lambda c: c.use_layer("communities", "c.geojson").write_text(
    json.dumps(c.features("communities"), ensure_ascii=False)[:-300], encoding="utf-8"), error="files.broken")  # fmt: skip
add("geojson_of_no_features", geojson(lambda g: {**g, "features": []}), error="places.missing_columns")
add("geojson_is_a_list", geojson(lambda g: g["features"]), error="files.not_what_it_says")
add("geojson_twice_a_key", lambda c: c.use_layer("communities", "c.geojson").write_text(
    json.dumps(c.features("communities")).replace('"older": 951', '"older": 950, "older": 951'), encoding="utf-8"))  # fmt: skip
add("geojson_lines_of_features", lambda c: c.use_layer("communities", "c.geojsonl").write_text(
    "\n".join(json.dumps(f) for f in c.features("communities")["features"]), encoding="utf-8"))  # fmt: skip
add("geojson_lines_one_broken", lambda c: c.use_layer("communities", "c.geojsonl").write_text(
    "\n".join(json.dumps(f) for f in c.features("communities")["features"])[:-20], encoding="utf-8"), error="files.broken")  # fmt: skip
add("geojson_in_metres_by_crs", geojson(lambda g: _in_metres(g, _crs("urn:ogc:def:crs:EPSG::32651"))))
add("geojson_in_metres_declared", lambda c: (c.save_json("communities", _in_metres(c.features("communities"), None)),
    c.part("communities").update(crs="EPSG:32651"))[1], "crs_declared_used")  # fmt: skip
add("geojson_in_metres_unsaid", geojson(lambda g: _in_metres(g, None)), error="inputs.no_communities")


def _in_metres(made: dict[str, Any], crs: Any) -> dict[str, Any]:
    spots = gpd.GeoSeries([Point(f["geometry"]["coordinates"]) for f in made["features"]], crs=4326).to_crs(32651)
    for feature, spot in zip(made["features"], spots, strict=True):
        feature["geometry"]["coordinates"] = [spot.x, spot.y]
    return {**made, "crs": crs} if crs else made


# --- GeoPackage, KML, WKT and the rest ----------------------------------------------------------------------------


def _two_layers(asked: str | None) -> Callable[[City], None]:
    def change(city: City) -> None:
        frame = city.layer("communities")
        frame.to_file(city.path("c.gpkg"), layer="社区")
        frame.iloc[:3].to_file(city.path("c.gpkg"), layer="旧")
        city.use_layer("communities", "c.gpkg", layer=asked)

    return change


add("gpkg_two_layers", _two_layers(None), error="files.which_layer")
add("gpkg_two_layers_named", _two_layers("社区"))
add("gpkg_two_layers_wrong_name", _two_layers("社"), error="files.no_layer")
add("gpkg_two_layers_the_old_named", _two_layers("旧"), right=False)
BOOK.cases.pop()  # what was asked for; nothing can show that it was not meant
add("gpkg_geometry_called_geom", layer(".gpkg", lambda f: f.rename_geometry("geom")))
add("gpkg_geometry_called_shape", layer(".gpkg", lambda f: f.rename_geometry("SHAPE")))
add("parquet_two_geometries", layer(".parquet", lambda f: f.assign(other=outlines(60)(f).geometry)))
add("parquet_id_as_index", layer(".parquet", lambda f: f.set_index("id")))
add(
    "parquet_codes_as_numbers",
    layer(".parquet", lambda f: f.astype({"id": "int64", "town": "int64", "county": "int64"})),
)
add("parquet_codes_as_floats", layer(".parquet", lambda f: f.astype({"id": "float64", "town": "float64"})))
add("parquet_categories", layer(".parquet", lambda f: f.astype({"town": "category", "name": "category"})))
add("parquet_cut", lambda c: (p := c.save_layer("communities", c.layer("communities"), "a.parquet"),
    p.write_bytes(p.read_bytes()[:-50]))[1] and None, error="files.broken")  # fmt: skip
add("parquet_without_geometry", lambda c: (city_table(c).to_parquet(c.use("communities", "a.parquet")), None)[1])
add("gpkg_cut", lambda c: (p := c.save_layer("communities", c.layer("communities"), "a.gpkg"),
    p.write_bytes(p.read_bytes()[:9000]))[1] and None, error="files.broken")  # fmt: skip
add("no_such_suffix", lambda c: shutil.copyfile(c.path("communities.csv"), c.use("communities", "c.dat")) and None,
    error="files.unknown_format")  # fmt: skip


def city_table(city: City) -> Any:
    """The communities as a table without shapes."""
    frame = city.layer("communities")
    return frame.drop(columns="geometry").assign(lon=frame.geometry.x, lat=frame.geometry.y)


def _kml(city: City) -> None:
    frame = city.layer("facilities").rename(columns={"name": "Name"})
    pyogrio.write_dataframe(frame, city.use_layer("facilities", "f.kml"), driver="KML")
    city.part("facilities")["columns"] = {"id": "id", "name": "Name", "kind": "kind"}


add("kml", _kml)


def _kml_of(city: City, table: str) -> str:
    """The rows of a table as the placemarks of a KML, as Google Earth writes them."""
    marks = []
    for r in city.rows(table):
        said = "".join(
            f'<Data name="{k}"><value>{v}</value></Data>' for k, v in r.items() if k not in ("name", "lon", "lat")
        )
        marks.append(f"<Placemark><name>{r['name']}</name><ExtendedData>{said}</ExtendedData>"
                     f"<Point><coordinates>{r['lon']},{r['lat']},0</coordinates></Point></Placemark>")  # fmt: skip
    return "".join(marks)


LINK = "<NetworkLink><name>更多</name><Link><href>http://maps.invalid/b.kml</href></Link></NetworkLink>"
PICTURE = (
    "<GroundOverlay><name>图</name><Icon><href>files/a.png</href></Icon><LatLonBox><north>37.6</north><south>37.4</south>"
    "<east>122.2</east><west>122.0</west></LatLonBox></GroundOverlay>"
)


def kmz(change: Callable[[str], str] = lambda m: m, *, table: str = "communities", doc: str = "doc.kml",
        more: dict[str, bytes] | None = None) -> Callable[[City], None]:  # fmt: skip
    """The table as a KMZ: its placemarks changed, under a name, beside other members."""

    def made(city: City) -> None:
        text = '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>'
        with zipfile.ZipFile(city.use_layer(table, "a.kmz"), "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(doc, text.format(change(_kml_of(city, table))))
            for name, data in (more or {}).items():
                packed.writestr(name, data)
        city.part(table).setdefault("columns", {})["name"] = "Name"

    return made


def _halves(marks: str) -> str:
    """In two folders, as an office draws its towns."""
    parts = marks.split("<Placemark>")[1:]
    return "".join(f"<Folder><name>{name}</name>{''.join(f'<Placemark>{p}' for p in some)}</Folder>"
                   for name, some in (("东", parts[:9]), ("西", parts[9:])))  # fmt: skip


add("kmz", kmz(), circles=True)
add("kmz_facilities", kmz(table="facilities"))
add("kmz_under_another_name", kmz(doc="社区/社区分布.KML"))
add("kmz_with_pictures_beside", kmz(more={"files/a.png": b"\x89PNG", "images/b.jpg": b"\xff\xd8"}))
add("kmz_with_mac_litter", kmz(more={"__MACOSX/._doc.kml": b"\0\5\x16\7" * 9}))
add("kmz_in_one_folder", kmz(lambda m: f"<Folder><name>社区</name>{m}</Folder>"))
add("kmz_with_an_empty_folder", kmz(lambda m: f"<Folder><name>空</name></Folder><Folder><name>社区</name>{m}</Folder>"))
add("kmz_in_two_folders", kmz(_halves), error="files.which_layer")
add("kmz_with_a_link", kmz(lambda m: m + LINK), "kml_links")
add("kmz_with_a_picture_on_the_ground", kmz(lambda m: PICTURE + m), "kml_pictures")
add("kmz_of_a_link_alone", kmz(lambda m: LINK), error="files.kml_no_places")
add("kmz_of_a_picture_alone", kmz(lambda m: PICTURE), error="files.kml_no_places")
add("kmz_of_nothing", kmz(lambda m: ""), error="files.kml_no_places")
add("kmz_placemarks_in_a_comment", kmz(lambda m: f"<!--{m}-->"), error="files.kml_no_places")
add("kmz_of_two_documents", kmz(more={"b.kml": b"<kml/>"}), error="files.kmz_documents")
add("kmz_without_a_document", kmz(doc="doc.txt"), error="files.kmz_documents")
add("kmz_that_declares_entities", kmz(doc="readme.txt", more={"doc.kml": b'<!DOCTYPE k [<!ENTITY a "b">]><kml></kml>'}),
    error="files.not_what_it_says")  # fmt: skip
add("kmz_that_is_a_kml", lambda c: c.use_layer("communities", "a.kmz").write_text("<kml></kml>") and None,
    error="files.not_what_it_says")  # fmt: skip


# --- file geodatabases --------------------------------------------------------------------------------------------


def gdb(*tables: str, name: str = "city.gdb", layers: bool = True, **keys: Any) -> Callable[[City], None]:
    """Tables as layers of one file geodatabase."""

    def made(city: City) -> None:
        save_gdb(city.path("city.gdb"), **{t: city.layer(t) for t in tables})
        for table in tables:
            city.use_layer(table, name, **({"layer": table} if layers else {}), **keys)

    return made


def gdb_zip(*tables: str, inside: str = "city.gdb/", name: str = "city.gdb.zip", **how: Any) -> Callable[[City], None]:
    """The same, zipped under a folder's name."""

    def made(city: City) -> None:
        gdb(*tables, name=name, **how)(city)
        zip_parts(city.path(name), {f"{inside}{p.name}": p for p in sorted(city.path("city.gdb").iterdir())})

    return made


def _tables_lost(*names: str) -> Callable[[City], None]:
    """Some files of the folder were not copied."""
    return lambda c: (gdb("communities")(c), [p.unlink() for n in names for p in c.path("city.gdb").glob(n)])[0]


add("gdb", gdb("communities"), circles=True)
add("gdb_of_two_layers", gdb("communities", "facilities"))
add("gdb_of_one_layer_unnamed", gdb("communities", layers=False))
add("gdb_of_two_layers_unnamed", gdb("communities", "facilities", layers=False), error="files.which_layer")
add("gdb_layer_of_another_name", gdb("communities", layer="villages", layers=False), error="files.no_layer")
add("gdb_that_somebody_has_open", lambda c: (gdb("communities")(c),
    c.path("city.gdb/city.gdb.PC1.1.2.sr.lock").write_bytes(b""))[0])  # fmt: skip
add("gdb_without_its_catalogue", _tables_lost("a00000001.gdbtable"), error="files.not_geodatabase")
add("gdb_without_its_rows", _tables_lost("a00000009.*", "a0000000a.*"), error="files.broken")
add("gdb_an_empty_folder", lambda c: c.use_layer("communities", "city.gdb").mkdir(), error="files.empty")
add("gdb_that_is_a_file", lambda c: c.use_layer("communities", "city.gdb").write_bytes(b"\3\0\0\0") and None,
    error="files.not_what_it_says")  # fmt: skip
add("gdb_zip", gdb_zip("communities"), circles=True)
add("gdb_zip_of_two_layers", gdb_zip("communities", "facilities"))
add("gdb_zip_in_a_folder", gdb_zip("communities", inside="数据/city.gdb/"))
add("gdb_zip_without_a_folder", gdb_zip("communities", inside=""))
add("gdb_zip_unnamed_layers", gdb_zip("communities", "facilities", layers=False), error="files.which_layer")
add("gdb_zip_named_zip", gdb_zip("communities", name="city.zip", layers=False), error="files.zip_geodatabase")
add("gdb_zip_of_a_csv", lambda c: zip_parts(c.use_layer("communities", "a.gdb.zip"), {"a.csv": c.path("communities.csv")}),
    error="files.zip_geodatabases")  # fmt: skip


def _wkt(text: Callable[[Point], str], *, name: str = "wkt") -> Callable[[City], None]:
    def change(city: City) -> None:
        rows = [{**{k: v for k, v in r.items() if k not in ("lon", "lat")},
                 name: text(Point(float(r["lon"]), float(r["lat"])))} for r in city.communities]  # fmt: skip
        city.use_layer("communities", "communities.csv").write_bytes(csv_bytes(grid(rows)))

    return change


add("csv_wkt", _wkt(lambda p: p.wkt))
add("csv_wkt_capital", _wkt(lambda p: p.wkt, name="WKT"))
add("csv_wkt_geometry", _wkt(lambda p: p.wkt, name="geometry"))
add("csv_wkt_geom", _wkt(lambda p: p.wkt, name="geom"))
add("csv_ewkt", _wkt(lambda p: f"SRID=4326;{p.wkt}", name="geom"))
add("csv_wkt_polygons", _wkt(lambda p: p.buffer(0.0005, cap_style="square").wkt), "outline_to_point_many")
add("csv_wkt_one_broken", _wkt(lambda p: "POINT (x y)" if p.x > 122.1485 else p.wkt), "no_place@11", right=False)
add("csv_wkt_swapped", _wkt(lambda p: f"POINT ({p.y} {p.x})"), error="inputs.no_communities")

# --- towns --------------------------------------------------------------------------------------------------------


def _towns(change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame], name: str = "t.gpkg") -> Callable[[City], None]:
    def made(city: City) -> None:
        change(gpd.read_file(city.path("towns.geojson"))).to_file(city.use("towns", name))

    return made


add("towns_gpkg", _towns(lambda f: f))
add("towns_shp", _towns(lambda f: f, "t.shp"))
add("towns_in_metres", _towns(lambda f: f.to_crs(32651)))
add("towns_one_missing", _towns(lambda f: f.iloc[1:]), "inputs.unknown_area", right=True)
add("towns_id_again", _towns(lambda f: f.iloc[[0, 1, 2, 0]]), "id_again@4")
add("towns_elsewhere", _towns(lambda f: moved(f, lambda xy: xy + [1.0, 0.0])), "where.outside_town_many")
add("towns_exchanged", _towns(lambda f: f.assign(id=["371002003", "371002002", "371002001"])), "doubts.town_elsewhere")
add("towns_without_shapes", lambda c: c.use("towns", "t.csv").write_text(
    "id,name,county\n371002001,环翠楼街道,371002\n371002002,鲸园街道,371002\n371002003,竹岛街道,371002\n", encoding="utf-8"))  # fmt: skip
add("towns_bow_tie", _towns(lambda f: f.set_geometry([shapely.Polygon([(122.1, 37.5), (122.2, 37.55), (122.2, 37.5), (122.1, 37.55)]),
    *f.geometry[1:]], crs=f.crs)), "broken_shape@1")  # fmt: skip
add("counties_none", lambda c: c.study.pop("counties") and None)
add("towns_none", lambda c: c.study.pop("towns") and None)
