"""Layers with shapes: GeoJSON, GeoPackage, Shapefile (alone or in a zip), GeoParquet."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely
from pyproj import CRS

from quarterhour.base.errors import DataError
from quarterhour.base.planar import flat
from quarterhour.io.files.checks import check_magic, read_checked
from quarterhour.io.files.header import Table
from quarterhour.io.files.text import decoded, encoding_findings


def read_zip(file: Path, *, encoding: str | None) -> Table:
    """A shapefile as it is mailed: one .shp with its companions in a zip."""
    with zipfile.ZipFile(file) as packed:
        members = [m for m in packed.infolist() if not m.is_dir()]
        shapes = [m for m in members if m.filename.lower().endswith(".shp")]
        if len(shapes) != 1:
            raise DataError("files.zip_shapes", file=str(file), count=len(shapes))
        stem = shapes[0].filename[:-4].lower()
        with tempfile.TemporaryDirectory() as folder:
            for member in members:
                suffix = member.filename.lower().removeprefix(stem)
                if suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
                    # Names inside a zip are never used as paths.
                    with packed.open(member) as there, (Path(folder) / f"layer{suffix}").open("wb") as here:
                        shutil.copyfileobj(there, here)
            shape = Path(folder) / "layer.shp"
            check_magic(shape, ".shp")
            read = read_shp(shape, encoding=encoding)
    return Table(read.frame, str(file), "", read.encoding, 1, read.findings.assign(file=str(file)))


def layer_table(frame: pd.DataFrame, file: Path, *, layer: str = "", encoding: str = "") -> Table:
    """A layer as a table, its shapes in the plane (``base/planar``); rows count from 1."""
    known = flat(frame) if isinstance(frame, gpd.GeoDataFrame) else frame
    numbered = known.reset_index(drop=known.index.name is None)
    numbered.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return Table(numbered, str(file), layer, encoding, 1, encoding_findings(file, encoding))


def read_geojson(file: Path, *, encoding: str | None) -> Table:
    """A FeatureCollection, in the CRS it names (RFC 7946: WGS 84)."""
    text, used = decoded(file.read_bytes(), file, encoding)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError("files.broken", file=str(file), detail=str(error)) from error
    features = data.get("features")
    if data.get("type") != "FeatureCollection" or not isinstance(features, list):
        raise DataError("files.not_features", file=str(file), found=str(data.get("type")))
    frame = read_checked(file, lambda: _from_features(features, _json_crs(data)))
    return layer_table(frame, file, encoding=used)


def _from_features(features: list[Any], crs: CRS) -> gpd.GeoDataFrame:
    properties = [dict(f.get("properties") or {}) for f in features]
    for feature, own in zip(features, properties, strict=True):
        if "id" in feature:
            own.setdefault("id", feature["id"])
    shapes = [None if f.get("geometry") is None else shapely.geometry.shape(_flat(f["geometry"])) for f in features]
    return gpd.GeoDataFrame(pd.DataFrame(properties, index=range(len(features))), geometry=shapes, crs=crs)


def _flat(shape: Mapping[str, Any]) -> dict[str, Any]:
    """A GeoJSON geometry with x and y alone: heights may be null, there for some corners only, or followed by more."""
    if "geometries" in shape:
        return {**shape, "geometries": [_flat(part) for part in shape["geometries"]]}
    return {**shape, "coordinates": _xy(shape["coordinates"])}


def _xy(coordinates: list[Any]) -> list[Any]:
    many = bool(coordinates) and isinstance(coordinates[0], list)
    return [_xy(one) for one in coordinates] if many else coordinates[:2]


def _json_crs(data: Mapping[str, Any]) -> CRS:
    """RFC 7946 says WGS 84; older files name another in ``crs``."""
    old = data.get("crs")
    name = old.get("properties", {}).get("name") if isinstance(old, dict) else None
    return CRS.from_user_input(name or "EPSG:4326")


def read_parquet(file: Path) -> pd.DataFrame:
    """A Parquet file; with shapes where it has them."""
    import pyarrow.parquet

    schema = read_checked(file, lambda: pyarrow.parquet.read_schema(file))
    spatial = b"geo" in (schema.metadata or {})
    frame = read_checked(file, lambda: gpd.read_parquet(file) if spatial else pd.read_parquet(file))
    return pd.DataFrame(frame) if not spatial else frame


def read_gpkg(file: Path, *, layer: str | None) -> Table:
    """A layer of a GeoPackage; the only one where none is named."""
    names = [str(n) for n, _ in read_checked(file, lambda: pyogrio.list_layers(file))]
    if layer is not None and layer not in names:
        raise DataError("files.no_layer", file=str(file), layer=layer, found=", ".join(names))
    if layer is None and len(names) != 1:
        raise DataError("files.which_layer", file=str(file), found=", ".join(names))
    name = layer or names[0]
    frame = read_checked(file, lambda: pyogrio.read_dataframe(file, layer=name))
    return layer_table(frame, file, layer=name)


def read_shp(file: Path, *, encoding: str | None) -> Table:
    """A shapefile; its text in the encoding named, its own (.cpg) or the one its bytes are."""
    used = encoding or _shape_encoding(file)
    frame = read_checked(file, lambda: pyogrio.read_dataframe(file, encoding=used))
    return layer_table(frame, file, encoding=(used or "").lower())


def _shape_encoding(file: Path) -> str | None:
    """None where a .cpg says it; else UTF-8 if the bytes are, else GB18030 (never a silent guess)."""
    beside = {p.suffix.lower(): p for p in file.parent.glob(f"{_escaped(file.stem)}.*")}
    if ".cpg" in beside or ".dbf" not in beside:
        return None
    data = beside[".dbf"].read_bytes()
    start = int.from_bytes(data[8:10], "little")
    names = b"".join(data[i : i + 11].split(b"\0")[0] for i in range(32, max(start - 1, 32), 32))
    return decoded(names + data[start:], beside[".dbf"], None)[1].upper()


def _escaped(stem: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", stem)
