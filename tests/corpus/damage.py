"""Files of every format a reader takes, small, and what can happen to them on the way to it."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
from shapely.geometry import box

from corpus.city import (
    BASE,
    STUDY_CRS,
    City,
    base_roads,
    base_rows,
    csv_bytes,
    grid,
    numbers_in,
    save_gdb,
    zip_parts,
)
from corpus.of_roads import BOOK as ROADS
from quarterhour.base.errors import QuarterhourError
from quarterhour.io import files, osm, population
from quarterhour.network import slope
from quarterhour.network.roads import as_roads
from quarterhour.study.study import read_study

# ruff: noqa: E501 (wide signs count double)
NASTY = (
    "", " ", "\u200b", "\ufeff", "0", "-1", "1e999", "nan", "inf", "9" * 400, "1,5", "1.2.3", "３７", "951①", "=1+1", "'",
    '"', ",", ";", "\t", "合计", "小计", "注：", "id", "POINT (1 2)", "POINT EMPTY", "122°75′", "E122", "122,37", "TRUE",
    "None", "null", "#REF!", "\U0001f600", "\x07", "a" * 5000, "1 2 3 4", "[]", "{}", "-0", "+5", "0x1F", "1_0", "½", "٣",
    "2025-01-02", "EPSG:0",
)  # fmt: skip
"""What stands in cells that nobody expects."""


@dataclass(frozen=True)
class Format:
    """A kind of file: the bytes of a good one by the names of its parts, and its reader."""

    name: str
    parts: Callable[[Path], dict[str, Path]]
    read: Callable[[Path], Any]
    first: str


def read_places_of(path: Path) -> Any:
    """A table of communities, through the whole door."""
    columns = {"id": "id", "name": "name", "town": "town", "county": "county"}
    if path.suffix in (".kml", ".kmz"):
        columns["name"] = "Name"
    if path.suffix in (".csv", ".xlsx"):
        columns |= {"x": "lon", "y": "lat"}
    _, _, row = files.read_counted_places(
        path, table="communities", crs=STUDY_CRS, columns=columns, people=["older", "hardship"]
    )
    parts = ("used", "set_aside", "totals", "notes", "left_out")
    assert row["rows"] == sum(row[p] for p in parts), row
    return row


def _read_villages(path: Path) -> Any:
    """The same, as the old workbook of the tests names its columns."""
    columns = {"id": "编号", "name": "名称", "town": "镇街", "x": "经度", "y": "纬度", "older": "老年人"}
    return files.read_counted_places(path, table="communities", crs=STUDY_CRS, columns=columns, people=["older"])


def read_roads_of(path: Path) -> Any:
    """Roads of a vector file."""
    raw, _ = files.read_layer(path, table="roads", crs=STUDY_CRS)
    return as_roads(raw, crs=STUDY_CRS, file=path.name)


def read_extract(path: Path) -> Any:
    """Roads, turns and places of an extract."""
    roads, _ = osm.read_osm_roads(path, crs=STUDY_CRS, bbox=(122.09, 37.49, 122.16, 37.55))
    osm.read_osm_turns(path, roads)
    osm.read_places_within(path, osm.wanted_rules(("hospital",), own={}), crs=STUDY_CRS, table="f", bbox=None)
    return as_roads(roads, crs=STUDY_CRS, file=path.name)


def _read_graph(path: Path) -> Any:
    return as_roads(osm.read_graphml_roads(path, crs=STUDY_CRS), crs=STUDY_CRS, file=path.name)


def _read_people(path: Path) -> Any:
    west, south, _, _ = base_roads().total_bounds
    return population.people_of_grid(path, gpd.GeoSeries([box(west, south, west + 900, south + 900)], crs=STUDY_CRS))


def _read_heights(path: Path) -> Any:
    return slope.rise_m(as_roads(base_roads(), crs=STUDY_CRS)[0], path)


# --- good files ---------------------------------------------------------------------------------------------------


def _layer(name: str, **how: Any) -> Callable[[Path], dict[str, Path]]:
    def parts(folder: Path) -> dict[str, Path]:
        _layer_of().to_parquet(folder / name) if name.endswith("parquet") else _layer_of().to_file(folder / name, **how)
        return {p.name: p for p in sorted(folder.iterdir())}

    return parts


def _layer_of() -> gpd.GeoDataFrame:
    rows = numbers_in(base_rows("communities"))
    spots = gpd.points_from_xy([r["lon"] for r in rows], [r["lat"] for r in rows])
    kept = [{k: v for k, v in r.items() if k not in ("lon", "lat")} for r in rows]
    return gpd.GeoDataFrame(kept, geometry=spots, crs=4326)


def _kml(folder: Path) -> dict[str, Path]:
    _layer_of().rename(columns={"name": "Name"}).to_file(folder / "a.kml", driver="KML")
    return {"a.kml": folder / "a.kml"}


def _kmz(folder: Path) -> dict[str, Path]:
    with zipfile.ZipFile(folder / "a.kmz", "w") as packed:
        packed.write(_kml(folder)["a.kml"], "doc.kml")
    return {"a.kmz": folder / "a.kmz"}


def _gdb(folder: Path) -> dict[str, Path]:
    save_gdb(folder / "a.gdb", a=_layer_of())
    return {f"a.gdb/{p.name}": p for p in sorted((folder / "a.gdb").iterdir())}


def _gdb_zip(folder: Path) -> dict[str, Path]:
    zip_parts(folder / "a.gdb.zip", _gdb(folder))
    return {"a.gdb.zip": folder / "a.gdb.zip"}


def _csv(folder: Path) -> dict[str, Path]:
    (folder / "a.csv").write_bytes(csv_bytes(grid(base_rows("communities"))))
    return {"a.csv": folder / "a.csv"}


def _xlsx(folder: Path) -> dict[str, Path]:
    import openpyxl

    book = openpyxl.Workbook()
    for row in grid(numbers_in(base_rows("communities"))):
        book.worksheets[0].append(row)
    book.save(folder / "a.xlsx")
    return {"a.xlsx": folder / "a.xlsx"}


def _xls(folder: Path) -> dict[str, Path]:
    (folder / "a.xls").write_bytes((Path(__file__).parents[1] / "io" / "data" / "villages.xls").read_bytes())
    return {"a.xls": folder / "a.xls"}


def _ods(folder: Path) -> dict[str, Path]:
    names = "".join(f' xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text"))
    rows = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in _village_rows())
    body = f'<office:body><office:spreadsheet><table:table table:name="a">{rows}</table:table></office:spreadsheet>'
    content = f"<office:document-content{names}>{body}</office:body></office:document-content>"
    with zipfile.ZipFile(folder / "a.ods", "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("META-INF/manifest.xml", "<manifest/>")
        packed.writestr("content.xml", f'<?xml version="1.0" encoding="UTF-8"?>{content}')
    return {"a.ods": folder / "a.ods"}


def _village_rows() -> list[list[Any]]:
    rows = grid(numbers_in(base_rows("communities")))
    return [["编号", "名称", "镇街", "区市", "经度", "纬度", "老年人", "特困"], *rows[1:]]


def _ods_cell(value: Any) -> str:
    kind = "string" if isinstance(value, str) else "float"
    held = "" if kind == "string" else f' office:value="{value}"'
    return f'<table:table-cell office:value-type="{kind}"{held}><text:p>{value}</text:p></table:table-cell>'


def _zip(folder: Path) -> dict[str, Path]:
    inner = folder / "in"
    inner.mkdir()
    parts = _layer("a.shp")(inner)
    with zipfile.ZipFile(folder / "a.zip", "w") as packed:
        for name, path in parts.items():
            packed.write(path, name)
    return {"a.zip": folder / "a.zip"}


def _roads(name: str) -> Callable[[Path], dict[str, Path]]:
    def parts(folder: Path) -> dict[str, Path]:
        base_roads().iloc[:60].to_file(folder / name)
        return {p.name: p for p in sorted(folder.iterdir())}

    return parts


def _of_case(case: str, name: str) -> Callable[[Path], dict[str, Path]]:
    def parts(folder: Path) -> dict[str, Path]:
        kept = folder / "none"
        kept.mkdir()
        next(c for c in ROADS.cases if c.name == case).change(City(folder, kept))
        return {name: folder / name}

    return parts


def _tif(folder: Path) -> dict[str, Path]:
    west, _, _, north = base_roads().total_bounds
    cells = np.arange(10_000, dtype="float32").reshape(100, 100)
    about = {"driver": "GTiff", "height": 100, "width": 100, "count": 1, "dtype": "float32", "crs": STUDY_CRS}
    with rasterio.open(folder / "a.tif", "w", transform=rasterio.Affine(50, 0, west, 0, -50, north), **about) as out:
        out.write(cells, 1)
    return {"a.tif": folder / "a.tif"}


def _toml(folder: Path) -> dict[str, Path]:
    (folder / "study.toml").write_bytes((BASE / "study.toml").read_bytes())
    return {"study.toml": folder / "study.toml"}


FORMATS = (
    Format("csv", _csv, read_places_of, "a.csv"),
    Format("xlsx", _xlsx, read_places_of, "a.xlsx"),
    Format("xls", _xls, _read_villages, "a.xls"),
    Format("ods", _ods, _read_villages, "a.ods"),
    Format("geojson", _layer("a.geojson"), read_places_of, "a.geojson"),
    Format("geojsonl", _layer("a.geojsonl", driver="GeoJSONSeq"), read_places_of, "a.geojsonl"),
    Format("gpkg", _layer("a.gpkg"), read_places_of, "a.gpkg"),
    Format("shp", _layer("a.shp"), read_places_of, "a.shp"),
    Format("zip", _zip, read_places_of, "a.zip"),
    Format("parquet", _layer("a.parquet"), read_places_of, "a.parquet"),
    Format("kml", _kml, read_places_of, "a.kml"),
    Format("kmz", _kmz, read_places_of, "a.kmz"),
    Format("gdb", _gdb, read_places_of, "a.gdb"),
    Format("gdb.zip", _gdb_zip, read_places_of, "a.gdb.zip"),
    Format("fgb", _layer("a.fgb"), read_places_of, "a.fgb"),
    Format("roads.gpkg", _roads("a.gpkg"), read_roads_of, "a.gpkg"),
    Format("roads.geojson", _roads("a.geojson"), read_roads_of, "a.geojson"),
    Format("roads.shp", _roads("a.shp"), read_roads_of, "a.shp"),
    Format("osm.pbf", _of_case("osm_pbf", "r.osm.pbf"), read_extract, "r.osm.pbf"),
    Format("osm", _of_case("osm_xml", "r.osm"), read_extract, "r.osm"),
    Format("osm.gz", _of_case("osm_gz", "r.osm.gz"), read_extract, "r.osm.gz"),
    Format("graphml", _of_case("graphml", "r.graphml"), _read_graph, "r.graphml"),
    Format("people.tif", _tif, _read_people, "a.tif"),
    Format("heights.tif", _tif, _read_heights, "a.tif"),
    Format("study.toml", _toml, read_study, "study.toml"),
)
_TEXTS = (".csv", ".geojson", ".geojsonl", ".kml", ".osm", ".graphml", ".toml", ".prj", ".cpg")
_PACKED = (".xlsx", ".ods", ".zip", ".kmz")
_CELLS = {".csv": r"[^,\r\n]*", ".toml": r"= [^\n]*|[\w\"]+"}


def good_bytes(kind: Format, folder: Path) -> dict[str, bytes]:
    """The parts of a good file of a format."""
    return {name: path.read_bytes() for name, path in kind.parts(folder).items() if path.is_file()}


# --- damage -------------------------------------------------------------------------------------------------------


def damaged(good: dict[str, bytes], chance: random.Random) -> dict[str, bytes]:
    """The parts with something done to one of them, or to several."""
    parts = dict(good)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        name = chance.choice(sorted(parts))
        parts[name] = _one(name, parts[name], chance)
    if len(parts) > 1 and chance.random() < 0.1:
        del parts[chance.choice(sorted(parts))]
    return parts


def _one(name: str, data: bytes, chance: random.Random) -> bytes:
    suffix = Path(name).suffix
    if suffix in _PACKED and chance.random() < 0.6:
        return _repacked(data, chance)
    if suffix in (*_TEXTS, ".xml", ".rels") and chance.random() < 0.6:
        return _other_cells(data, suffix, chance)
    return _other_bytes(data, chance)


def _other_bytes(data: bytes, chance: random.Random) -> bytes:
    """Bits flipped, an end cut off, blocks lost, doubled or exchanged, noise put in."""
    out = bytearray(data)
    way = chance.randrange(7)
    at, size = chance.randrange(len(out) + 1), chance.randrange(1, max(2, len(out) // 4 + 1))
    if way == 0:
        del out[at:]
    elif way == 1:
        del out[at : at + size]
    elif way == 2:
        out[at:at] = out[at : at + size]
    elif way == 3:
        other = chance.randrange(len(out) + 1)
        out[at : at + size], out[other : other + size] = out[other : other + size], out[at : at + size]
    elif way == 4:
        out[at:at] = chance.randbytes(chance.randrange(1, 64))
    else:
        for _ in range(chance.choice((1, 1, 2, 8, 64))):
            if out:
                place = chance.randrange(len(out))
                out[place] = out[place] ^ (1 << chance.randrange(8)) if way == 5 else chance.choice((0, 255, 127, 128))
    return bytes(out)


def _other_cells(data: bytes, suffix: str, chance: random.Random) -> bytes:
    """Values of a text exchanged for each other and for what nobody expects, or its lines shuffled."""
    text = data.decode("utf-8", "replace")
    if chance.random() < 0.15:
        lines = text.splitlines(keepends=True)
        chance.shuffle(lines)
        return "".join(lines).encode("utf-8", "replace")
    spots = [m.span() for m in re.finditer(_CELLS.get(suffix, r"\"[^\"]*\"|-?\d+(?:\.\d+)?|(?<=>)[^<>]+(?=<)"), text)]
    for start, end in sorted(chance.sample(spots, min(len(spots), chance.choice((1, 1, 3, 9)))), reverse=True):
        other = chance.choice(NASTY) if chance.random() < 0.7 else text[slice(*chance.choice(spots))]
        quoted = text[start:end].startswith('"') and chance.random() < 0.7
        text = text[:start] + (f'"{other}"' if quoted else other) + text[end:]
    return text.encode("utf-8", "surrogatepass")


_DAMAGED_BEFORE = (
    zipfile.BadZipFile, ValueError, NotImplementedError, OSError, KeyError, EOFError, zipfile.zlib.error,  # none is swallowed: see where they are caught
)  # fmt: skip
"""What zipfile raises of a pack that another damage has met; its bytes are damaged then."""


def _repacked(data: bytes, chance: random.Random) -> bytes:
    """A packed file with one member damaged and the rest as it was."""
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            names = old.namelist()
            hit = chance.choice(names) if names else ""
            for name in names:
                if name != hit or chance.random() < 0.9:
                    new.writestr(name, _one(name, old.read(name), chance) if name == hit else old.read(name))
    except _DAMAGED_BEFORE:  # its members cannot be taken out any more: then its bytes are damaged
        return _other_bytes(data, chance)
    return out.getvalue()


def try_to_read(kind: Format, parts: dict[str, bytes], folder: Path) -> str:
    """Write the parts and read them: "read", or the key of what was said instead; any other error goes through."""
    for name, data in parts.items():
        (folder / name).parent.mkdir(exist_ok=True)  # a geodatabase is a folder
        (folder / name).write_bytes(data)
    try:
        kind.read(folder / kind.first)
    except QuarterhourError as error:
        assert error.sentence("zh") and error.sentence("en")
        return error.key
    return "read"
