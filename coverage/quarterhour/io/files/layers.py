"""Layers with shapes: GeoJSON, GeoPackage, GeoParquet, KML, what GDAL reads; counted by other means than the reader."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyproj import CRS

from quarterhour.base import limits
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.escape import sql_name
from quarterhour.base.findings import finding, join_findings
from quarterhour.base.foreign import foreign
from quarterhour.base.planar import flat
from quarterhour.io.files.checks import bytes_of, check_json_values, json_of, read_checked
from quarterhour.io.files.header import Rows, Table
from quarterhour.io.files.parquet import check_parquet
from quarterhour.io.files.text import decoded, encoding_findings
from quarterhour.io.files.unseen import clean_frame
from quarterhour.io.geopackage.computed import check_computed
from quarterhour.io.geopackage.dress import STYLES

_DATABASES = (".gpkg", ".sqlite")
SEQUENCES = (".geojsonl", ".geojsons", ".ndjson")


def layer_table(
    frame: pd.DataFrame, file: Path, *, layer: str = "", encoding: str = "", rows: Rows | None = None
) -> Table:
    """A layer as a table, its shapes in the plane (``base/planar``); rows count from 1.

    Lists and structures in a column become JSON text. DataError where fewer or more rows were read than ``rows``
    counted in the file, and where two columns have one name.
    """
    if rows is not None and rows.found - rows.left_out != len(frame):
        raise DataError("files.rows_lost", file=str(file), rows=rows.found - rows.left_out, read=len(frame))
    if not frame.columns.is_unique:  # GDAL reads one of them for both
        again = first_ids(frame.columns[frame.columns.duplicated()].unique())
        raise DataError("files.columns_twice", file=str(file), columns=again)
    known = flat(frame) if isinstance(frame, gpd.GeoDataFrame) else frame
    numbered = known.reset_index(drop=known.index.name is None)
    numbered.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    plain, nested = _unnested(numbered, file=str(file), layer=layer)
    clean, unseen = clean_frame(plain, file=str(file), layer=layer)
    told = join_findings([encoding_findings(file, encoding), nested, unseen])
    return Table(clean, str(file), layer, encoding, 1, told, rows)


def _unnested(frame: pd.DataFrame, *, file: str, layer: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lists, arrays and structures as JSON text: no cell of a table holds a table."""
    shape = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    texty = [c for c in frame.columns if c != shape and frame[c].dtype == object]
    nested = [c for c in texty if frame[c].map(lambda v: isinstance(v, _NESTED)).any()]
    told = [finding("nested_column", severity="note", table="", file=file, sheet=layer, column=str(c)) for c in nested]
    plain = {c: frame[c].map(lambda v: _as_json(v) if isinstance(v, _NESTED) else v) for c in nested}
    return (frame.assign(**plain) if nested else frame), join_findings(told)


_SHOWN_LETTERS = 40
_NESTED = (list, tuple, dict, set, np.ndarray)


def _as_json(value: Any) -> str:
    def listed(inner: Any) -> Any:
        return inner.tolist() if hasattr(inner, "tolist") else str(inner)

    return json.dumps(value, ensure_ascii=False, default=listed)


def read_geojson(file: Path, *, encoding: str | None) -> Table:
    """A FeatureCollection, a Feature or a sequence of features, in the CRS it names (RFC 7946: WGS 84)."""
    text, used = decoded(bytes_of(file), file, encoding)
    with foreign(file):
        data = _sequence(text, file) if file.suffix.lower() in SEQUENCES else json_of(text, of=file)
    said = data.get("type") if isinstance(data, dict) else type(data).__name__
    features = [data] if said == "Feature" else data.get("features") if said == "FeatureCollection" else None
    if not isinstance(features, list):
        raise DataError("files.not_features", file=str(file), found=str(said)[:_SHOWN_LETTERS])
    frame = read_checked(file, lambda: _from_features(features, _json_crs(data)), slips=True)
    return layer_table(frame, file, encoding=used, rows=Rows(len(features)))


def _sequence(text: str, file: Path) -> dict[str, Any]:
    """A feature a line (RFC 8142), as the collection that it is."""
    check_json_values(text, of=file)
    lines = (line.strip("\x1e \t\r") for line in text.split("\n"))
    return {"type": "FeatureCollection", "features": [json.loads(line) for line in lines if line]}


def _from_features(features: list[Any], crs: CRS) -> gpd.GeoDataFrame:
    objects = [_object(feature, "feature") for feature in features]
    properties = [dict(_object(f.get("properties") or {}, "properties")) for f in objects]
    for feature, own in zip(objects, properties, strict=True):
        if "id" in feature:
            own.setdefault("id", feature["id"])
    shapes = [None if f.get("geometry") is None else shapely.geometry.shape(_flat(f["geometry"])) for f in objects]
    return gpd.GeoDataFrame(pd.DataFrame(properties, index=range(len(objects))), geometry=shapes, crs=crs)


def _object(value: Any, what: str) -> dict[str, Any]:
    """An object of GeoJSON. ValueError where something else came, which is the file's fault."""
    if not isinstance(value, dict):
        raise ValueError(f"{what}: {type(value).__name__}")
    return value


def _flat(given: Any) -> dict[str, Any]:
    """A GeoJSON geometry with x and y alone: heights may be null, there for some corners only, or followed by more."""
    shape = _object(given, "geometry")
    if "geometries" in shape:
        return {**shape, "geometries": [_flat(part) for part in shape["geometries"]]}
    if not {"type", "coordinates"} <= set(shape):
        raise ValueError(f"geometry: {', '.join(map(str, shape))[:_SHOWN_LETTERS]}")
    return {**shape, "coordinates": _xy(shape["coordinates"])}


def _xy(coordinates: list[Any]) -> list[Any]:
    many = bool(coordinates) and isinstance(coordinates[0], list)
    return [_xy(one) for one in coordinates] if many else coordinates[:2]


def _json_crs(data: Mapping[str, Any]) -> CRS:
    """RFC 7946 says WGS 84; older files name another in ``crs``."""
    old = data.get("crs")
    said = old.get("properties") if isinstance(old, dict) else None
    name = said.get("name") if isinstance(said, dict) else None
    return CRS.from_user_input(name or "EPSG:4326")


def read_parquet(file: Path) -> Table:
    """A Parquet file; with shapes where it has them."""
    import pyarrow.parquet

    facts = read_checked(file, lambda: pyarrow.parquet.read_metadata(file))
    read_checked(file, lambda: check_parquet(file, facts))
    spatial = b"geo" in (facts.metadata or {})
    frame = read_checked(file, lambda: _decoded(gpd.read_parquet(file) if spatial else pd.read_parquet(file)))
    return layer_table(frame if spatial else pd.DataFrame(frame), file, rows=Rows(facts.num_rows))


def _decoded(frame: Any) -> Any:
    """The table whose texts are texts: Arrow looks at their bytes only when it must. Its error where they are not."""
    import pyarrow

    for column in frame.select_dtypes("str"):
        pyarrow.array(frame[column]).validate(full=True)
    return frame


def read_gpkg(file: Path, *, layer: str | None) -> Table:
    """A layer of a GeoPackage; the only one where none is named."""
    name = chosen_layer(file, layer)
    frame = read_checked(file, lambda: pyogrio.read_dataframe(file, layer=name), part=name)
    return layer_table(frame, file, layer=name, rows=read_checked(file, lambda: _gpkg_rows(file, name), part=name))


def read_other(file: Path, *, layer: str | None, encoding: str | None) -> Table:
    """A layer of a format that GDAL alone reads: FlatGeobuf, MapInfo, Spatialite, file geodatabases."""
    name = chosen_layer(file, layer)
    rows = read_checked(file, lambda: _features(file, name), part=name)
    frame = read_checked(file, lambda: pyogrio.read_dataframe(file, layer=name, encoding=encoding), part=name)
    return layer_table(frame, file, layer=name, encoding=encoding or "", rows=Rows(rows))


_OUTSIDE_TEXT = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)
_ELEMENTS = ("Placemark", "NetworkLink", "GroundOverlay")


def read_kml(file: Path, *, layer: str | None) -> Table:
    """A layer (a folder of placemarks) of a KML; the only one with placemarks where none is named.

    Pictures laid on the ground are no places, and what network links lead to is not in the file: both are told.
    DataError for a KML without a placemark, and where GDAL finds fewer than it has.
    """
    limits.check("text_bytes", file.stat().st_size, of=file)
    placemarks, links, pictures = (_elements(file, name) for name in _ELEMENTS)
    if not placemarks:
        raise DataError("files.kml_no_places", file=str(file), links=links, pictures=pictures)
    names = layer_names(file)
    counts = read_checked(file, lambda: {name: _features(file, name) for name in names})
    if sum(counts.values()) < placemarks:
        raise DataError("files.rows_lost", file=str(file), rows=placemarks, read=sum(counts.values()))
    name = chosen_layer(file, layer, names=[n for n, rows in counts.items() if rows] if layer is None else None)
    frame = read_checked(file, lambda: pyogrio.read_dataframe(file, layer=name), part=name)
    frame = _own_columns(frame, file)
    places = frame[~_laid_on_the_ground(frame)] if pictures else frame
    rows = Rows(counts[name], left_out=len(frame) - len(places))
    found = {"kml_links": links, "kml_pictures": rows.left_out}
    told = [finding(r, severity="warning", table="", file=str(file), value=str(n)) for r, n in found.items() if n]
    table = layer_table(places, file, layer=name, rows=rows)
    return replace(table, findings=join_findings([*told, table.findings]))


_FIELD = re.compile(rb"<SimpleField\b[^>]*\bname=[\"'](id|name)[\"']", re.IGNORECASE)


def _own_columns(frame: pd.DataFrame, file: Path) -> pd.DataFrame:
    """With id and name of the table that was made a KML, which GDAL calls id2 and name2, before those of the KML."""
    for field in dict.fromkeys(f.decode() for f in _FIELD.findall(file.read_bytes())):
        theirs, kml = f"{field}2", "Name" if field.lower() == "name" else "id"
        if theirs in frame and kml in frame and frame[theirs].notna().any():
            frame = frame.assign(**{kml: frame[theirs]}).drop(columns=theirs)
    return frame


def _elements(file: Path, name: str) -> int:
    """How many elements of a name a KML has, by its text alone."""
    text = _OUTSIDE_TEXT.sub(b"", file.read_bytes())
    return len(re.findall(rb"<(?:[\w.-]+:)?" + name.encode() + rb"[\s/>]", text))


def _laid_on_the_ground(frame: pd.DataFrame) -> pd.Series:
    """The rows that GDAL makes of ground overlays: they alone have a picture of their own."""
    pictured = frame["icon"].notna() if "icon" in frame else pd.Series(False, index=frame.index)
    outlined: pd.Series = frame.geometry.geom_type.eq("Polygon")
    return pictured & outlined


def _features(file: Path, layer: str) -> int:
    return int(pyogrio.read_info(file, layer=layer, force_feature_count=True)["features"])


def layer_names(file: Path) -> list[str]:
    """The layers of a file; the table in which QGIS keeps their styles is none."""
    if file.suffix.lower() in _DATABASES:
        read_checked(file, lambda: check_computed(file))
    return [str(n) for n, _ in read_checked(file, lambda: pyogrio.list_layers(file)) if n != STYLES]


def chosen_layer(file: Path, layer: str | None, *, names: Sequence[str] | None = None) -> str:
    """The layer that is named, or the only one (of ``names``: those that can be meant)."""
    names = layer_names(file) if names is None else names
    if layer is not None and layer not in names:
        raise DataError("files.no_layer", file=str(file), layer=layer, found=", ".join(names))
    if not names:
        raise DataError("files.broken", file=str(file), detail="no layer")
    if layer is None and len(names) != 1:
        raise DataError("files.which_layer", file=str(file), found=", ".join(names))
    return layer or names[0]


def _gpkg_rows(file: Path, layer: str) -> Rows | None:
    """The rows of a layer as the database counts them; None for a view that only GDAL can compute."""
    with contextlib.closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as base:
        try:
            return Rows(int(base.execute(f"SELECT count(*) FROM {sql_name(layer)}").fetchone()[0]))
        except sqlite3.OperationalError:
            return None
