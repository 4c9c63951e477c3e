"""Files that are small on disk and large once they are read, or that claim to be; each by what makes it."""

from __future__ import annotations

import base64
import bz2
import gzip
import json
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

MEGABYTE = 1 << 20
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
HEAD = f'<?xml version="1.0"?><worksheet xmlns="{_MAIN}"><sheetData>'
_ROW = '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="B1" t="inlineStr"><is><t>n</t></is></c></row>'
END = "</sheetData></worksheet>"


# --- workbooks


def book(path: Path, sheet: Iterator[str], *, sheets: int = 1, shared: Iterator[str] | None = None) -> Path:
    """A workbook of one part, which all its sheets show; padded so that it packs like any other."""
    kinds = {"r1": ("worksheet", "worksheets/sheet1.xml"), "r2": ("sharedStrings", "sharedStrings.xml")}
    names = "".join(f'<sheet name="S{k}" sheetId="{k}" r:id="r1"/>' for k in range(1, sheets + 1))
    parts: list[tuple[str, Iterator[str]]] = [
        ("[Content_Types].xml", iter([f'<Types xmlns="{_PACKAGE}/content-types"/>'])),
        ("_rels/.rels", iter([_relations({"r1": ("officeDocument", "xl/workbook.xml")})])),
        ("xl/workbook.xml", iter([f'<workbook xmlns="{_MAIN}" xmlns:r="x"><sheets>{names}</sheets></workbook>'])),
        ("xl/_rels/workbook.xml.rels", iter([_relations(kinds if shared else {"r1": kinds["r1"]})])),
        ("xl/worksheets/sheet1.xml", sheet),
        *([("xl/sharedStrings.xml", shared)] if shared else []),
    ]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name, pieces in parts:
            with packed.open(name, "w") as stream:
                for piece in pieces:
                    stream.write(piece.encode())
        packed.writestr("xl/media/noise.bin", b"\0" * (2 * MEGABYTE), compress_type=zipfile.ZIP_STORED)
    return path


def _relations(targets: dict[str, tuple[str, str]]) -> str:
    lines = "".join(f'<Relationship Id="{k}" Type="x/{kind}" Target="{to}"/>' for k, (kind, to) in targets.items())
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{lines}</Relationships>'


def merged_whole_sheet(path: Path, *, rows: int = 1_048_576) -> Path:
    """A merge over all cells there are, and a cell in the last of them."""
    far = f'<row r="{rows}"><c r="XFD{rows}"><v>1</v></c></row></sheetData>'
    merge = f'<mergeCells><mergeCell ref="A1:XFD{rows}"/></mergeCells></worksheet>'
    return book(path / "a.xlsx", iter([HEAD, _ROW, far, merge]))


def many_merges(path: Path) -> Path:
    """A hundred thousand merges, one on the other, each of a column of a hundred thousand rows."""
    rows = "".join(f'<row r="{r}"><c r="A{r}" t="inlineStr"><is><t>x</t></is></c></row>' for r in range(2, 100_000))
    merges = '<mergeCell ref="A2:A100000"/>' * 100_000
    return book(
        path / "a.xlsx", iter([HEAD, _ROW, rows, "</sheetData><mergeCells>", merges, "</mergeCells></worksheet>"])
    )


def cells_beyond(path: Path) -> Path:
    """2.4 million cells and a few."""
    row = "".join(f"<c><v>{k}</v></c>" for k in range(48))
    return book(path / "a.xlsx", iter([HEAD, _ROW, *(f"<row>{row}</row>" for _ in range(50_001)), END]))


def far_cells(path: Path) -> Path:
    """A cell at the right edge in each of many rows."""
    return book(
        path / "a.xlsx",
        iter([HEAD, _ROW, *(f'<row r="{r}"><c r="XFD{r}"><v>1</v></c></row>' for r in range(2, 60_000)), END]),
    )


def empty_cells(path: Path) -> Path:
    """One row of fifty million cells that hold nothing."""
    return book(path / "a.xlsx", iter([HEAD, _ROW, "<row>", *("<c/>" * 500_000 for _ in range(100)), "</row>", END]))


def one_long_text(path: Path) -> Path:
    """A cell with 290 MB of text."""
    return book(
        path / "a.xlsx",
        iter(
            [
                HEAD,
                _ROW,
                '<row><c t="inlineStr"><is><t>',
                *(" x" * MEGABYTE for _ in range(140)),
                "</t></is></c></row>",
                END,
            ]
        ),
    )


def nested_elements(path: Path) -> Path:
    """Elements in elements, forty million deep."""
    return book(path / "a.xlsx", iter([HEAD, *("<a>" * MEGABYTE for _ in range(40))]))


def shared_long_text(path: Path) -> Path:
    """A text of 32,000 characters shown in each of half a million cells."""
    row = '<row><c t="s"><v>0</v></c><c><v>1</v></c></row>'
    shared = iter([f'<sst xmlns="{_MAIN}"><si><t> {"村 " * 16_000}</t></si></sst>'])
    return book(path / "a.xlsx", iter([HEAD, _ROW, row * 500_000, END]), shared=shared)


def many_texts(path: Path) -> Path:
    """Ten million shared texts."""
    shared = iter([f'<sst xmlns="{_MAIN}">', *("<si><t>ab</t></si>" * 100_000 for _ in range(100)), "</sst>"])
    return book(path / "a.xlsx", iter([HEAD, _ROW, '<row><c t="s"><v>0</v></c></row>', END]), shared=shared)


def many_sheets(path: Path) -> Path:
    """Two thousand sheets that are all the same million empty rows."""
    return book(path / "a.xlsx", iter([HEAD, *("<row/>" * 100_000 for _ in range(10)), END]), sheets=2_000)


def entities(path: Path) -> Path:
    """Ten entities of ten entities of ten ..."""
    lines = "".join(f'<!ENTITY e{k} "{f"&e{k - 1};" * 10}">' for k in range(1, 10))
    return book(path / "a.xlsx", iter([f'<!DOCTYPE a [<!ENTITY e0 "laugh">{lines}]><a>&e9;</a>']))


def unpacked_too_large(path: Path) -> Path:
    """A workbook of 400 MB once unpacked."""
    return book(path / "a.xlsx", iter([HEAD, _ROW, *(" " * MEGABYTE for _ in range(400)), END]))


def ods(path: Path) -> Path:
    """An OpenDocument sheet that repeats a row of all columns for all rows."""
    space = "urn:oasis:names:tc:opendocument:xmlns"
    cell = '<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="16384"/>'
    content = (
        f'<office:document-content xmlns:office="{space}:office:1.0" xmlns:table="{space}:table:1.0" '
        f'xmlns:text="{space}:text:1.0"><office:body><office:spreadsheet><table:table table:name="a">'
        f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path / "a.ods", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        packed.writestr("META-INF/manifest.xml", f'<m:manifest xmlns:m="{space}:manifest:1.0"/>')
        packed.writestr("content.xml", content)
    return path / "a.ods"


# --- zips


def zip_of_many(path: Path) -> Path:
    """A directory of four hundred thousand files, all of them the same few bytes."""
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    directory = entry * 400_000
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(directory), len(local), 0)
    (path / "a.zip").write_bytes(local + directory + end)
    return path / "a.zip"


def zip_overlapping(path: Path) -> Path:
    """Fifty shapefile parts that are one and the same 100 MB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    size = 100 * MEGABYTE
    data = packer.compress(b"\0" * size) + packer.flush()
    crc = zlib.crc32(b"\0" * size)
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, crc, len(data), size, 5, 0) + b"a.shp" + data
    names = [b"a.shp", *(b"%05d" % k for k in range(49))]
    directory = b"".join(
        struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 0, crc, len(data), size, 5, 0, 0, 0, 0, 0, 0) + name
        for name in names
    )
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, len(names), len(names), len(directory), len(local), 0)
    (path / "a.zip").write_bytes(local + directory + end)
    return path / "a.zip"


def zip_that_lies(path: Path) -> Path:
    """A member of 3 GB in bzip2 whose directory says 1,000 bytes."""
    packer = bz2.BZ2Compressor(9)
    block = b"\0" * (16 * MEGABYTE)
    data = b"".join(packer.compress(block) for _ in range(64)) + packer.flush()
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 46, 0, 12, 0, 0, 0, len(data), 1_000, 5, 0) + b"a.shp" + data
    directory = (
        struct.pack("<4s6H3I5H2I", b"PK\1\2", 46, 46, 0, 12, 0, 0, 0, len(data), 1_000, 5, 0, 0, 0, 0, 0, 0) + b"a.shp"
    )
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(directory), len(local), 0)
    (path / "a.zip").write_bytes(local + directory + end)
    return path / "a.zip"


def zip_in_zip(path: Path) -> Path:
    """A zip that holds nothing but zips."""
    data = zlib.compress(b"\0" * (100 * MEGABYTE))
    with zipfile.ZipFile(path / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for k in range(40):
            packed.writestr(f"{k}.zip", data)
    return path / "a.zip"


def kmz(path: Path) -> Path:
    """A KML of 900 MB in a KMZ."""
    with zipfile.ZipFile(path / "a.kmz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        with packed.open("doc.kml", "w") as stream:
            stream.write(b'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>')
            for _ in range(900):
                stream.write(b"<Placemark/>  " * (MEGABYTE // 14))
        packed.writestr("noise", b"\0" * (6 * MEGABYTE), compress_type=zipfile.ZIP_STORED)
    return path / "a.kmz"


# --- text


def csv_wide(path: Path) -> Path:
    """A million columns."""
    (path / "a.csv").write_text(",".join(f"c{k}" for k in range(1_000_000)) + "\n", encoding="utf-8")
    return path / "a.csv"


def csv_commas(path: Path) -> Path:
    """A hundred million commas."""
    (path / "a.csv").write_bytes(b"id,n\n" + b"," * 100_000_000)
    return path / "a.csv"


def csv_one_line(path: Path) -> Path:
    """190 MB without a comma or the end of a line."""
    (path / "a.csv").write_bytes(b"x" * 190_000_000)
    return path / "a.csv"


def csv_gigabyte(path: Path) -> Path:
    """A gigabyte in one line, as a hole in the disk."""
    with (path / "a.csv").open("wb") as stream:
        stream.write(b"id,n\n")
        stream.truncate(1 << 30)
    return path / "a.csv"


def geojson_points(path: Path) -> Path:
    """Ten million corners."""
    with (path / "a.geojson").open("w", encoding="utf-8") as stream:
        stream.write('{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":'
                     '{"type":"LineString","coordinates":[')  # fmt: skip
        for _ in range(100):
            stream.write("[1,2]," * 100_000)
        stream.write("[1,2]]}}]}")
    return path / "a.geojson"


def geojson_deep(path: Path) -> Path:
    """A million brackets."""
    (path / "a.geojson").write_text('{"type":"FeatureCollection","features":' + "[" * 1_000_000, encoding="utf-8")
    return path / "a.geojson"


def geojson_lists(path: Path) -> Path:
    """Sixty million empty lists."""
    (path / "a.geojson").write_text('{"features":[' + "[]," * 60_000_000 + "[]]}", encoding="utf-8")
    return path / "a.geojson"


# --- layers


PLACE = "x'{}' as geom"


def gpkg_view(path: Path, query: str) -> Path:
    """A GeoPackage whose only layer is a view; ``{geom}`` in the query is a point."""
    import geopandas as gpd
    import shapely

    file = path / "a.gpkg"
    frame = gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.Point(122, 37)], crs=4326)
    frame.to_file(file, layer="t", SPATIAL_INDEX="NO")
    with closing(sqlite3.connect(file)) as base:
        (point,) = base.execute("select hex(geom) from t").fetchone()
        base.execute("drop table t")
        base.execute(f"create view v as {query.replace('{geom}', PLACE.format(point))}")
        base.execute("update gpkg_contents set table_name = 'v', identifier = 'v' where table_name = 't'")
        base.execute("update gpkg_geometry_columns set table_name = 'v' where table_name = 't'")
        base.commit()
    return file


def gpkg_endless(path: Path) -> Path:
    """A view that counts for ever."""
    endless = "with recursive c(n) as (select 1 union all select n + 1 from c) select n as fid, n, {geom} from c"
    return gpkg_view(path, endless)


def gpkg_long_text(path: Path) -> Path:
    """A view of 900 MB of text in each of 30 rows."""
    rows = "with recursive c(k) as (select 1 union all select k + 1 from c where k < 30) "
    return gpkg_view(path, rows + "select k as fid, printf('%.*c', 900000000, 'x') as s, {geom} from c")


def parquet_rows(path: Path) -> Path:
    """Two hundred million times the same number."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([("n", pa.int64())])
    with pq.ParquetWriter(path / "a.parquet", schema, compression="zstd") as out:
        piece = pa.table({"n": np.zeros(10_000_000, np.int64)}, schema=schema)
        for _ in range(20):
            out.write_table(piece)
    return path / "a.parquet"


def parquet_dictionary(path: Path) -> Path:
    """A text of 100 kB, named by each of two hundred thousand rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    column = pa.DictionaryArray.from_arrays(pa.array([0] * 200_000, pa.int32()), pa.array(["x" * 100_000]))
    pq.write_table(pa.table({"s": column}), path / "a.parquet", store_schema=False)
    return path / "a.parquet"


# --- roads


def graphml(path: Path, tags: int, values: int) -> Path:
    """A road joined of many, with lists in many tags."""
    names = [
        "highway", "route", "man_made", "railway", "public_transport", "indoor", "oneway", "junction", "motorroad",
        "conveying", "foot", "bicycle", "motorcar", "access",
    ][:tags]  # fmt: skip
    listed = str([f"v{k}" for k in range(values)])
    keys = "".join(f'<key id="{k}" for="edge" attr.name="{n}" attr.type="string"/>' for k, n in enumerate(names))
    data = "".join(f'<data key="{k}">{listed}</data>' for k in range(len(names)))
    (path / "a.graphml").write_text(
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="x" for="node" attr.name="x" attr.type="double"'
        '/><key id="y" for="node" attr.name="y" attr.type="double"/><key id="c" for="graph" attr.name="crs" '
        f'attr.type="string"/>{keys}<graph edgedefault="directed"><data key="c">epsg:4326</data>'
        '<node id="1"><data key="x">122</data><data key="y">37</data></node>'
        '<node id="2"><data key="x">122.01</data><data key="y">37</data></node>'
        f'<edge source="1" target="2">{data}</edge></graph></graphml>',
        encoding="utf-8",
    )
    return path / "a.graphml"


def graphml_lists(path: Path) -> Path:
    """Eight values in each of twelve tags: 68,719,476,736 readings in 2 kB."""
    return graphml(path, 12, 8)


def graphml_elements(path: Path) -> Path:
    """Sixteen million empty elements."""
    with (path / "a.graphml").open("w", encoding="utf-8") as stream:
        stream.write("<graphml>")
        for _ in range(160):
            stream.write("<a/>" * 100_000)
    return path / "a.graphml"


def graphml_entities(path: Path) -> Path:
    """Ten entities of ten entities of ten ..."""
    lines = "".join(f'<!ENTITY e{k} "{f"&e{k - 1};" * 10}">' for k in range(1, 10))
    (path / "a.graphml").write_text(f'<!DOCTYPE a [<!ENTITY e0 "laugh">{lines}]><graphml>&e9;</graphml>', "utf-8")
    return path / "a.graphml"


def osm_gz(path: Path) -> Path:
    """Blanks without end after the first mark of an .osm.gz."""
    piece = gzip.compress(b" " * (64 * MEGABYTE), 1)
    (path / "a.osm.gz").write_bytes(gzip.compress(b'<osm version="0.6">') + piece * 100)
    return path / "a.osm.gz"


def osm_bz2(path: Path) -> Path:
    """The same in bzip2, repeated without packing it anew."""
    piece = bz2.compress(b" " * (64 * MEGABYTE))
    (path / "a.osm.bz2").write_bytes(bz2.compress(b'<osm version="0.6">') + piece * 100)
    return path / "a.osm.bz2"


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _block(kind: bytes, raw: bytes) -> bytes:
    blob = _varint(2 << 3) + _varint(len(raw)) + _field(3, zlib.compress(raw, 1))
    head = _field(1, kind) + _varint(3 << 3) + _varint(len(blob))
    return struct.pack(">I", len(head)) + head + blob


def pbf(path: Path, nodes: int, blocks: int) -> Path:
    """An extract of so many blocks with so many nodes each, all at one place."""
    header = _block(b"OSMHeader", _field(4, b"OsmSchema-V0.6") + _field(4, b"DenseNodes"))
    zeros = b"\0" * nodes
    dense = _field(1, b"\2" + zeros[1:]) + _field(8, zeros) + _field(9, zeros)
    block = _block(b"OSMData", _field(1, _field(1, b"")) + _field(2, _field(2, dense)))
    (path / "a.osm.pbf").write_bytes(header + block * blocks)
    return path / "a.osm.pbf"


def pbf_blocks(path: Path) -> Path:
    """A thousand blocks of 30 MB in 30 MB."""
    return pbf(path, 10_000_000, 200)


def pbf_dense(path: Path) -> Path:
    """Sixty blocks of 7 MB, each of 2,300,000 nodes."""
    return pbf(path, 2_300_000, 60)


def pbf_many(path: Path) -> Path:
    """Five thousand blocks of a megabyte."""
    return pbf(path, 340_000, 5_000)


# --- the program's own


def _packed(data: Iterator[bytes]) -> str:
    packer = zlib.compressobj(1)
    return base64.b64encode(b"".join([*map(packer.compress, data), packer.flush()])).decode()


def plan(path: Path, **packed: Any) -> Path:
    """A plan whose packed columns hold what they should not."""
    question = {"format": 5, "communities": _packed(iter([b"[]"])), "people": {}, "sites": "", "near": {}, **packed}
    record = {"problem_id": "p", "reasons": [], "question": question}
    (path / "plan.json").write_text(json.dumps([record]), encoding="utf-8")
    return path / "plan.json"


def plan_columns(path: Path, *, megabytes: int = 6_000) -> Path:
    """A column of people of 6 GB."""
    packer = zlib.compressobj(9)
    first, piece = (packer.compress(b"\0" * MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    packed = base64.b64encode(first + piece * (megabytes - 1) + packer.flush()).decode()
    return plan(path, people={"older": packed})


def plan_many_columns(path: Path) -> Path:
    """Forty columns of 200 MB each."""
    column = _packed(b"\0" * MEGABYTE for _ in range(200))
    return plan(path, people={f"c{k}": column for k in range(40)})


def plan_texts(path: Path) -> Path:
    """Ninety million ids."""
    ids = (b'"a",' * (MEGABYTE // 4) for _ in range(280))
    return plan(path, communities=_packed(iter([b"[[", *ids, b'"a"]]'])))


def plan_deep(path: Path) -> Path:
    """A million brackets."""
    (path / "plan.json").write_text("[" * 1_000_000 + "]" * 1_000_000, encoding="utf-8")
    return path / "plan.json"


def rules_long(path: Path) -> Path:
    """A hundred megabytes of rules."""
    (path / "rules.toml").write_bytes(b'[[target]]\nid = "x"\n' * 5_000_000)
    return path / "rules.toml"


def rules_deep(path: Path) -> Path:
    """Half a million brackets."""
    (path / "rules.toml").write_text("a = " + "[" * 500_000 + "]" * 500_000, encoding="utf-8")
    return path / "rules.toml"


def study_long(path: Path) -> Path:
    """A study file of a hundred megabytes."""
    (path / "study.toml").write_bytes(
        b"# a remark of a hundred letters, again and again and again and again\n" * 1_500_000
    )
    return path / "study.toml"


def grid(path: Path) -> Path:
    """A grid of people of 100,000 x 100,000 cells, all of them empty."""
    import rasterio

    with rasterio.open(
        path / "a.tif", "w", driver="GTiff", width=100_000, height=100_000, count=1, dtype="float32", tiled=True,
        blockxsize=1024, blockysize=1024, compress="deflate", sparse_ok=True, crs="EPSG:32651", BIGTIFF="YES",
        transform=rasterio.Affine(1, 0, 400_000, 0, -1, 4_200_000),
    ):  # fmt: skip
        pass
    return path / "a.tif"


TABLES: tuple[Callable[[Path], Path], ...] = (
    merged_whole_sheet, many_merges, cells_beyond, far_cells, empty_cells, one_long_text, nested_elements,
    shared_long_text, many_texts, many_sheets, entities, unpacked_too_large, ods, zip_of_many, zip_overlapping,
    zip_that_lies, zip_in_zip, kmz, csv_wide, csv_commas, csv_one_line, csv_gigabyte, geojson_points, geojson_deep,
    geojson_lists, gpkg_endless, gpkg_long_text, parquet_rows, parquet_dictionary,
)  # fmt: skip
ROADS: tuple[Callable[[Path], Path], ...] = (
    graphml_lists, graphml_elements, graphml_entities, osm_gz, osm_bz2, pbf_blocks, pbf_dense, pbf_many,
)  # fmt: skip
PLANS: tuple[Callable[[Path], Path], ...] = (plan_columns, plan_many_columns, plan_texts, plan_deep)
RULES: tuple[Callable[[Path], Path], ...] = (rules_long, rules_deep)
