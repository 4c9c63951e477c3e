"""Reading what offices keep, and writing so that a crash leaves the old file or the new one.

CSV (UTF-8, GB18030, UTF-16 with a mark), XLSX with its title rows and totals, GeoJSON, GeoPackage,
Shapefile and GeoParquet. The first bytes must fit the name: GDAL chooses by content, and a file of
another kind under a harmless name could read other files of the machine.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import difflib
import hashlib
import io
import json
import os
import re
import shutil
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyproj import CRS

from quarterhour import datum as datums
from quarterhour import places
from quarterhour.errors import DataError, MissingError, WriteError

LARGEST_BYTES = 2_000_000_000
LARGEST_UNPACKED_BYTES = 1_000_000_000
LARGEST_RATIO = 200
"""A workbook of real rows packs 5 to 40 times; a zip bomb a thousand times."""
LARGEST_CELLS = 20_000_000
FIXED_DATE = "2000-01-01T00:00:00Z"
"""Written into GeoPackages in place of the clock, so that the same study gives the same bytes."""

_MAGIC = {
    ".gpkg": b"SQLite format 3\0",
    ".shp": b"\x00\x00\x27\x0a",
    ".parquet": b"PAR1",
    ".geoparquet": b"PAR1",
    ".xlsx": b"PK\x03\x04",
    ".xlsm": b"PK\x03\x04",
    ".zip": b"PK\x03\x04",
}
_TEXT_SUFFIXES = (".csv", ".txt", ".tsv", ".geojson", ".json")
_SUFFIXES = (*_TEXT_SUFFIXES, *_MAGIC)
_NOT_TEXT = (b"PK\x03\x04", b"SQLite format 3", b"PAR1", b"\xd0\xcf\x11\xe0", b"%PDF", b"<OGRVRT", b"<VRT")
_TOTALS = re.compile(r"(合计|总计|小计|共计|总数|全市合计|total|subtotal|grandtotal|sum)[:：]?", re.IGNORECASE)
_FOOTNOTE = re.compile(r"(注|备注|说明|填表|制表|审核|数据来源|note|source)[^:：]{0,6}[:：]", re.IGNORECASE)
_NUMBERLIKE = re.compile(r"[+-]?[\d,]*\.?\d+")
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "ID", "code", "编号", "代码", "编码"),
    "name": ("name", "NAME", "名称"),
    "x": ("x", "X", "lon", "lng", "longitude", "经度"),
    "y": ("y", "Y", "lat", "latitude", "纬度"),
}
_MOST_TITLE_ROWS = 20

Cells = list[Any]


@dataclass(frozen=True, eq=False)
class Table:
    """A file as a table; the index ``row`` holds each row's number as the user sees it in Excel.

    ``first_row`` is the number of the first row of data, ``encoding`` what the text was read as
    ("" where the format says itself), ``findings`` what was set aside or assumed.
    """

    frame: pd.DataFrame
    file: str
    sheet: str = ""
    encoding: str = ""
    first_row: int = 1
    findings: pd.DataFrame = field(default_factory=places.no_findings)

    def __repr__(self) -> str:
        return f"<Table {self.file} {self.sheet}: {len(self.frame)} rows, {len(self.frame.columns)} columns>"


# --- reading ------------------------------------------------------------------------------------


def read_table(
    path: str | Path,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    header_row: int | None = None,
    layer: str | None = None,
) -> Table:
    """Any table or layer an office keeps; numbers become numbers where nothing is lost by it.

    ``header_row`` counts from 1 as in Excel; without it the header is found below the titles.
    Codes with leading zeros or more than 15 digits stay text. A layer comes as a GeoDataFrame.
    MissingError when the file is not there; DataError when it is not what its name says, is too
    large, is in no known encoding, or has several sheets or layers and none was named.
    """
    table = _read_raw(path, sheet=sheet, encoding=encoding, header_row=header_row, layer=layer)
    return _with_frame(table, _typed(table.frame, keep=()))


def read_places(
    path: str | Path,
    *,
    table: str,
    crs: object,
    columns: Mapping[str, str] | None = None,
    people: Sequence[str] = (),
    required: Sequence[str] = ("name",),
    source_crs: object = "EPSG:4326",
    datum: str = "wgs84",
    quality: str = "fact",
    source: str = "",
    kind: str = "",
    geometry: Literal["point", "any"] = "point",
    sheet: str | None = None,
    encoding: str | None = None,
    header_row: int | None = None,
    layer: str | None = None,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Places of a file through the door of ``places.as_places``, and every finding on the way.

    ``columns`` names the user's columns: our name -> theirs (id, name, x, y, town, county, people
    columns ...). ``source_crs`` counts where the file names no CRS; ``datum`` is for lon/lat taken
    from a web map. ``kind`` is given to every row. Errors as read_table and as_places.
    """
    read = _read_raw(path, sheet=sheet, encoding=encoding, header_row=header_row, layer=layer)
    frame = _renamed(read, dict(columns or {}), table=table)
    located, located_findings = _located(frame, read, crs=source_crs, table=table, geometry=geometry)
    located = _typed(located, keep=("id", "name", "town", "county", "kind", "quality", "source", *people))
    if kind:
        located["kind"] = kind
    located = _onto_wgs84(located, datum, file=read.file)
    kept, found = places.as_places(
        located, table=table, crs=crs, people=people, required=required, file=read.file, sheet=read.sheet,
        rows=[int(r) for r in read.frame.index], geometry=geometry, quality=quality, source=source,
    )  # fmt: skip
    first = read.findings.assign(table=table)
    return kept.drop(columns=["x", "y"], errors="ignore"), places.join_findings([first, located_findings, found])


def read_roads_file(
    path: str | Path,
    *,
    crs: object,
    layer: str | None = None,
    source_crs: object | None = None,
    encoding: str | None = None,
) -> gpd.GeoDataFrame:
    """Roads of a vector file as they are, in the study CRS; ``roads.as_roads`` makes them ours.

    ``source_crs`` is for a file that names none. DataError without geometry, without a CRS, or
    where coordinates do not fit the CRS they claim.
    """
    read = _read_raw(path, sheet=None, encoding=encoding, header_row=None, layer=layer)
    if not isinstance(read.frame, gpd.GeoDataFrame):
        raise DataError("files.no_geometry", file=read.file, found=_names(read.frame))
    roads = read.frame.reset_index(drop=True)
    if roads.crs is None and source_crs is None:
        raise DataError("files.no_crs", file=read.file)
    roads = roads.set_crs(source_crs) if roads.crs is None else roads
    moved = roads.to_crs(CRS.from_user_input(crs))
    bounds = moved.bounds[~(moved.geometry.isna() | moved.geometry.is_empty)]
    if not np.isfinite(bounds.to_numpy()).all():
        raise DataError("files.bad_coordinates", file=read.file, crs=CRS(roads.crs).name)
    return moved


def read_json(path: str | Path) -> Any:
    """What a JSON file of the program's own holds. MissingError when it is not there, DataError when it is no JSON."""
    file = _found(path)
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise DataError("files.not_json", file=str(path), detail=str(error)) from error


def sha256(path: str | Path) -> str:
    """The fingerprint of a file, in hex."""
    with _found(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_raw(
    path: str | Path, *, sheet: str | None, encoding: str | None, header_row: int | None, layer: str | None
) -> Table:
    file = _checked(path)
    suffix = file.suffix.lower()
    if suffix in (".csv", ".txt", ".tsv"):
        return _read_csv(file, encoding=encoding, header_row=header_row)
    if suffix in (".xlsx", ".xlsm"):
        return _read_xlsx(file, sheet=sheet, header_row=header_row)
    if suffix in (".geojson", ".json"):
        return _read_geojson(file, encoding=encoding)
    if suffix in (".parquet", ".geoparquet"):
        return _layer_table(_read_parquet(file), file)
    if suffix == ".zip":
        return _read_zip(file, encoding=encoding)
    return _read_gpkg(file, layer=layer) if suffix == ".gpkg" else _read_shp(file, encoding=encoding)


def _with_frame(table: Table, frame: pd.DataFrame) -> Table:
    return Table(frame, table.file, table.sheet, table.encoding, table.first_row, table.findings)


# --- the file itself ----------------------------------------------------------------------------


def _found(path: str | Path) -> Path:
    said = str(path).replace("\\", "/")
    # GDAL would open /vsicurl/, https:// and GPKG:file; a drive letter is one letter only.
    if said.lower().startswith("/vsi") or "://" in said or "\0" in said or re.match(r"[A-Za-z][\w+.-]+:", said):
        raise DataError("files.refused", file=str(path))
    file = Path(path)
    if not file.exists():
        raise MissingError("files.missing", file=str(path), near=_near(file))
    if not file.is_file():
        raise DataError("files.not_a_file", file=str(path))
    return file


def _near(file: Path) -> str:
    names = sorted(p.name for p in file.parent.iterdir()) if file.parent.is_dir() else []
    return ", ".join(difflib.get_close_matches(file.name, names, n=3)) or "-"


def _checked(path: str | Path) -> Path:
    file = _found(path)
    suffix, size = file.suffix.lower(), file.stat().st_size
    if suffix not in _SUFFIXES:
        raise DataError("files.unknown_format", file=str(path), suffix=suffix, known=" ".join(_SUFFIXES))
    if size == 0:
        raise DataError("files.empty", file=str(path))
    if size > LARGEST_BYTES:
        raise DataError("files.too_large", file=str(path), size=size, largest=LARGEST_BYTES)
    _check_magic(file, suffix)
    if suffix in (".xlsx", ".xlsm", ".zip"):
        _check_zip(file)
    return file


def _check_magic(file: Path, suffix: str) -> None:
    with file.open("rb") as stream:
        head = stream.read(512)
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if suffix in _MAGIC:
        fits = head.startswith(_MAGIC[suffix])
        # A GeoPackage says so in the header of its database, else GDAL would open it as plain SQLite.
        fits &= suffix != ".gpkg" or head[68:72] in (b"GPKG", b"GP10", b"GP11")
    elif suffix in (".geojson", ".json"):
        fits = text.startswith(b"{")
    else:
        fits = not text.startswith(_NOT_TEXT)
    if not fits:
        raise DataError("files.not_what_it_says", file=str(file), suffix=suffix, head=repr(head[:8]))


def _check_zip(file: Path) -> None:
    try:
        with zipfile.ZipFile(file) as packed:
            members = packed.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise DataError("files.broken", file=str(file), detail=str(error)) from error
    size = sum(m.file_size for m in members)
    ratio = size / file.stat().st_size
    # The small print of a small workbook packs well; only much matters.
    if size > LARGEST_UNPACKED_BYTES or (size > 50_000_000 and ratio > LARGEST_RATIO):
        raise DataError("files.bomb", file=str(file), size=size, ratio=round(ratio), largest=LARGEST_UNPACKED_BYTES)


def _read_zip(file: Path, *, encoding: str | None) -> Table:
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
            _check_magic(shape, ".shp")
            read = _read_shp(shape, encoding=encoding)
    return Table(read.frame, str(file), "", read.encoding, 1, read.findings.assign(file=str(file)))


# --- text ---------------------------------------------------------------------------------------


def _decoded(data: bytes, file: Path, encoding: str | None) -> tuple[str, str]:
    """The text and the encoding it was read as: named, by its mark, strict UTF-8, strict GB18030."""
    if encoding:
        return _decoded_as(data, file, encoding)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded_as(data, file, "utf-16")
    for guess in ("utf-8-sig", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(guess), guess.removesuffix("-sig")
    raise DataError("files.encoding", file=str(file), encoding="UTF-8, GB18030", at=_broken_at(data, "gb18030"))


def _decoded_as(data: bytes, file: Path, encoding: str) -> tuple[str, str]:
    try:
        return data.decode(encoding).removeprefix("\ufeff"), encoding
    except LookupError as error:
        raise DataError("files.unknown_encoding", file=str(file), encoding=encoding) from error
    except UnicodeError as error:
        at = _broken_at(data, encoding)
        raise DataError("files.encoding", file=str(file), encoding=encoding, at=at) from error


def _broken_at(data: bytes, encoding: str) -> int:
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start
    return 0


def _encoding_told(file: Path, encoding: str) -> pd.DataFrame:
    if encoding in ("utf-8", ""):
        return places.no_findings()
    return places.finding("encoding_taken", severity="note", table="", file=str(file), value=encoding.upper())


def _read_csv(file: Path, *, encoding: str | None, header_row: int | None) -> Table:
    text, used = _decoded(file.read_bytes(), file, encoding)
    if "\0" in text:
        raise DataError("files.broken", file=str(file), detail="NUL")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        grid: list[Cells] = [[_cell(c) for c in row] for row in reader]
    except csv.Error as error:
        raise DataError("files.csv_broken", file=str(file), line=reader.line_num, detail=str(error)) from error
    frame, first, found = _from_grid(grid, file=str(file), sheet="", header_row=header_row, ragged=True)
    return Table(frame, str(file), "", used, first, places.join_findings([_encoding_told(file, used), found]))


def _delimiter(text: str) -> str:
    lines = [line for line in text[:20_000].splitlines() if line.strip()]
    counts = {d: sum(line.count(d) for line in lines) for d in (",", "\t", ";")}
    return max(counts, key=lambda d: counts[d])


def _cell(value: Any) -> Any:
    """A cell as kept: None for blank, full-width digits as digits; names stay as written."""
    if not isinstance(value, str):
        return value.isoformat() if hasattr(value, "isoformat") else value
    text = value.strip()
    if text.isascii():
        return text or None
    plain = unicodedata.normalize("NFKC", text).strip()
    return plain if _NUMBERLIKE.fullmatch(plain) else text


# --- from cells to a table ------------------------------------------------------------------------


def _from_grid(
    grid: list[Cells], *, file: str, sheet: str, header_row: int | None, ragged: bool = False, depth: int = 1
) -> tuple[pd.DataFrame, int, pd.DataFrame]:
    """The table below the header; totals, footnotes and rows of a wrong length are told."""
    head = _header_at(grid, file=file, header_row=header_row)
    names, found = _column_names(grid[head : head + depth], file=file, sheet=sheet)
    width, rows, body, odds = len(names), [], [], []
    for number, cells in enumerate(grid[head + depth :], start=head + depth + 1):
        if not any(c is not None for c in cells):
            continue
        odd = _odd_row(cells, width, ragged=ragged)
        if odd:
            odds.append({**odd, "file": file, "sheet": sheet, "row": number, "detail": str(width)})
        if not odd or odd["rule"] == "short_row":
            rows.append(number)
            body.append((cells + [None] * width)[:width])
    found.append(places.findings_from(odds))
    index = pd.Index(rows, dtype="int64", name="row")
    columns = {n: pd.Series([r[i] for r in body], index=index, dtype="object") for i, n in enumerate(names)}
    return pd.DataFrame(columns, index=index), head + depth + 1, places.join_findings(found)


def _odd_row(cells: Cells, width: int, *, ragged: bool) -> dict[str, str] | None:
    filled = [c for c in cells if c is not None]
    first = re.sub(r"\s", "", str(filled[0]))
    if _TOTALS.fullmatch(first):
        return {"rule": "totals_row", "severity": "warning", "value": str(filled[0])}
    if len(filled) == 1 and _FOOTNOTE.match(first) and width > 1:
        return {"rule": "footnote_row", "severity": "note", "value": str(filled[0])}
    if any(c is not None for c in cells[width:]):
        return {"rule": "ragged_row", "severity": "error", "value": str(len(cells))}
    if ragged and len(cells) < width:
        return {"rule": "short_row", "severity": "warning", "value": str(len(cells))}
    return None


def _header_at(grid: list[Cells], *, file: str, header_row: int | None) -> int:
    """The first row that names most columns: below the title, above the first number."""
    if header_row is not None:
        if not 1 <= header_row <= len(grid) or not any(c is not None for c in grid[header_row - 1]):
            raise DataError("files.header_row", file=file, header_row=header_row, rows=len(grid))
        return header_row - 1
    filled = [sum(c is not None for c in row) for row in grid[: _MOST_TITLE_ROWS * 2]]
    wide = max(filled, default=0)
    for at, row in enumerate(grid[:_MOST_TITLE_ROWS]):
        named = [c for c in row if c is not None]
        if named and len(named) >= max(min(2, wide), 0.6 * wide) and not any(map(_is_number, named)):
            return at
    raise DataError("files.no_header", file=file, rows=min(len(grid), _MOST_TITLE_ROWS))


def _is_number(cell: Any) -> bool:
    return not isinstance(cell, str) or _NUMBERLIKE.fullmatch(cell) is not None


def _column_names(header: list[Cells], *, file: str, sheet: str) -> tuple[list[str], list[pd.DataFrame]]:
    width = max((i + 1 for row in header for i, c in enumerate(row) if c is not None), default=0)
    names: list[str] = []
    found: list[pd.DataFrame] = []
    for i in range(width):
        parts = dict.fromkeys(_column_name(row[i]) for row in header if i < len(row) and row[i] is not None)
        plain = name = "_".join(parts) or f"column_{i + 1}"
        turn = 2
        while name in names:
            name, turn = f"{plain} ({turn})", turn + 1
        if name != plain:
            at = {"file": file, "sheet": sheet, "value": plain, "column": name}
            found.append(places.finding("column_again", severity="warning", table="", **at))
        names.append(name)
    return names, found


def _column_name(cell: Any) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", str(cell))).strip()


def _typed(frame: pd.DataFrame, *, keep: Sequence[str]) -> pd.DataFrame:
    """Columns of text that are all numbers become numbers, unless a code would lose by it."""
    out = frame.copy()
    active = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    for column in out.columns:
        if column == active or column in keep or not _is_texty(out[column]):
            continue
        text = places.texts(out[column])
        out[column] = _numeric(text) if _all_plain_numbers(text) else _inferred(out[column])
    return out


def _is_texty(values: pd.Series) -> bool:
    return values.dtype == object or pd.api.types.is_string_dtype(values)


def _inferred(values: pd.Series) -> pd.Series:
    """Mixed columns as text, so that they can be written and compared."""
    kinds = {type(v) for v in values if v is not None and v == v}
    if kinds <= {str}:
        return values.astype("str")
    return places.texts(values).where(values.notna(), None).astype("str") if len(kinds) > 1 else values.infer_objects()


def _all_plain_numbers(text: pd.Series) -> bool:
    some = text[text.ne("")]
    code = some.str.match(r"[+-]?0\d") | (some.str.count(r"\d") > 15)
    return len(some) > 0 and not code.any() and bool(places.numbers(some).notna().all())


def _numeric(text: pd.Series) -> pd.Series:
    numbers = places.numbers(text)
    whole = numbers.notna().all() and numbers.eq(np.floor(numbers)).all()
    return numbers.astype("int64") if whole else numbers


# --- Excel ----------------------------------------------------------------------------------------


def _read_xlsx(file: Path, *, sheet: str | None, header_row: int | None) -> Table:
    import openpyxl

    formulas = _formulas_in(file)
    try:
        book = openpyxl.load_workbook(file, data_only=True)
        written = openpyxl.load_workbook(file) if formulas else None
    except DataError:
        raise
    except Exception as error:  # openpyxl raises whatever the broken part makes it raise
        raise DataError("files.broken", file=str(file), detail=f"{type(error).__name__}: {error}") from error
    name = _sheet_name(book, file, sheet)
    page = book[name]
    if page.max_row * page.max_column > LARGEST_CELLS:
        raise DataError("files.too_wide", file=str(file), sheet=name, cells=page.max_row * page.max_column)
    grid = [[_cell(c) for c in row] for row in page.iter_rows(values_only=True)]
    at = {"table": "", "file": str(file), "sheet": name}
    found = _blank_formulas(page, written[name], at) if written else []
    head = _header_at(grid, file=str(file), header_row=header_row)
    depth = _header_depth(page, head)
    found += _unmerge(grid, page, head + depth, at)
    frame, first, more = _from_grid(grid, file=str(file), sheet=name, header_row=head + 1, depth=depth)
    return Table(frame, str(file), name, "", first, places.join_findings([*found, more]))


def _formulas_in(file: Path) -> bool:
    """Whether any sheet has formulas; a DTD in any part is refused (entity bombs)."""
    some = False
    with zipfile.ZipFile(file) as packed:
        for member in packed.namelist():
            if not member.endswith((".xml", ".rels")):
                continue
            try:
                data = packed.read(member)
            except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError) as error:
                raise DataError("files.broken", file=str(file), detail=str(error)) from error
            if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
                raise DataError("files.broken", file=str(file), detail=f"DTD in {member}")
            some |= "worksheets/" in member and (b"<f>" in data or b"<f " in data)
    return some


def _sheet_name(book: Any, file: Path, sheet: str | None) -> str:
    names = [s.title for s in book.worksheets]
    if sheet is not None and sheet not in names:
        raise DataError("files.no_sheet", file=str(file), sheet=sheet, found=", ".join(names))
    filled = [s.title for s in book.worksheets if s.max_row > 1 or s.max_column > 1]
    if sheet is None and len(filled) > 1:
        raise DataError("files.which_sheet", file=str(file), found=", ".join(filled))
    return sheet or (filled or names)[0]


def _blank_formulas(values: Any, written: Any, at: Mapping[str, str]) -> list[pd.DataFrame]:
    return [
        places.finding("formula_blank", severity="warning", row=c.row, value=c.coordinate, **_any(at))
        for row in written.iter_rows()
        for c in row
        if c.data_type == "f" and values[c.coordinate].value is None
    ]


def _any(at: Mapping[str, str]) -> dict[str, Any]:
    return dict(at)


def _header_depth(page: Any, head: int) -> int:
    """Two rows when a heading spans several columns (人口 over 60岁以上, 80岁以上)."""
    spans = [m for m in page.merged_cells.ranges if m.min_row == head + 1]
    deep = max((m.max_row - head for m in spans), default=1)
    across = any(m.max_col > m.min_col for m in spans)
    return max(deep, 2) if across else deep


def _unmerge(grid: list[Cells], page: Any, body_at: int, at: Mapping[str, str]) -> list[pd.DataFrame]:
    found = []
    for merged in sorted(page.merged_cells.ranges, key=lambda m: (m.min_row, m.min_col)):
        value = grid[merged.min_row - 1][merged.min_col - 1]
        in_body = merged.min_row > body_at
        if value is None or (in_body and merged.max_col > merged.min_col):
            continue
        # A number that is repeated in every row would count its people several times.
        if not (in_body and _is_number(value)):
            for r in range(merged.min_row - 1, merged.max_row):
                for c in range(merged.min_col - 1, merged.max_col):
                    grid[r][c] = value
        if in_body:
            rule = "merged_number" if _is_number(value) else "merged_filled"
            severity: places.Severity = "warning" if _is_number(value) else "note"
            told = places.finding(rule, severity=severity, row=merged.min_row, value=merged.coord, **_any(at))
            found.append(told)
    return found


# --- layers ---------------------------------------------------------------------------------------


def _layer_table(frame: pd.DataFrame, file: Path, *, layer: str = "", encoding: str = "") -> Table:
    numbered = frame.reset_index(drop=frame.index.name is None)
    numbered.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return Table(numbered, str(file), layer, encoding, 1, _encoding_told(file, encoding))


def _broken_told(file: Path, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (DataError, MemoryError):
        raise
    except Exception as error:  # GDAL, GEOS and Arrow each have their own; all mean the file
        detail = f"{type(error).__name__}: {error}"[:300]
        raise DataError("files.broken", file=str(file), detail=detail) from error


def _read_geojson(file: Path, *, encoding: str | None) -> Table:
    text, used = _decoded(file.read_bytes(), file, encoding)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError("files.broken", file=str(file), detail=str(error)) from error
    features = data.get("features")
    if data.get("type") != "FeatureCollection" or not isinstance(features, list):
        raise DataError("files.not_features", file=str(file), found=str(data.get("type")))
    frame = _broken_told(file, lambda: _from_features(features, _json_crs(data)))
    return _layer_table(frame, file, encoding=used)


def _from_features(features: list[Any], crs: CRS) -> gpd.GeoDataFrame:
    properties = [dict(f.get("properties") or {}) for f in features]
    for feature, own in zip(features, properties, strict=True):
        if "id" in feature:
            own.setdefault("id", feature["id"])
    shapes = [None if f.get("geometry") is None else shapely.geometry.shape(f["geometry"]) for f in features]
    return gpd.GeoDataFrame(pd.DataFrame(properties, index=range(len(features))), geometry=shapes, crs=crs)


def _json_crs(data: Mapping[str, Any]) -> CRS:
    """RFC 7946 says WGS 84; older files name another in ``crs``."""
    old = data.get("crs")
    name = old.get("properties", {}).get("name") if isinstance(old, dict) else None
    return CRS.from_user_input(name or "EPSG:4326")


def _read_parquet(file: Path) -> pd.DataFrame:
    import pyarrow.parquet

    schema = _broken_told(file, lambda: pyarrow.parquet.read_schema(file))
    spatial = b"geo" in (schema.metadata or {})
    frame = _broken_told(file, lambda: gpd.read_parquet(file) if spatial else pd.read_parquet(file))
    return pd.DataFrame(frame) if not spatial else frame


def _read_gpkg(file: Path, *, layer: str | None) -> Table:
    names = [str(n) for n, _ in _broken_told(file, lambda: pyogrio.list_layers(file))]
    if layer is not None and layer not in names:
        raise DataError("files.no_layer", file=str(file), layer=layer, found=", ".join(names))
    if layer is None and len(names) != 1:
        raise DataError("files.which_layer", file=str(file), found=", ".join(names))
    name = layer or names[0]
    frame = _broken_told(file, lambda: pyogrio.read_dataframe(file, layer=name))
    return _layer_table(frame, file, layer=name)


def _read_shp(file: Path, *, encoding: str | None) -> Table:
    used = encoding or _shape_encoding(file)
    frame = _broken_told(file, lambda: pyogrio.read_dataframe(file, encoding=used))
    return _layer_table(frame, file, encoding=(used or "").lower())


def _shape_encoding(file: Path) -> str | None:
    """None where a .cpg says it; else UTF-8 if the bytes are, else GB18030 (never a silent guess)."""
    beside = {p.suffix.lower(): p for p in file.parent.glob(f"{_escaped(file.stem)}.*")}
    if ".cpg" in beside or ".dbf" not in beside:
        return None
    data = beside[".dbf"].read_bytes()
    start = int.from_bytes(data[8:10], "little")
    names = b"".join(data[i : i + 11].split(b"\0")[0] for i in range(32, max(start - 1, 32), 32))
    return _decoded(names + data[start:], beside[".dbf"], None)[1].upper()


def _escaped(stem: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", stem)


# --- from tables to places ------------------------------------------------------------------------


def _names(frame: pd.DataFrame) -> str:
    return ", ".join(str(c) for c in frame.columns)


def _renamed(read: Table, columns: dict[str, str], *, table: str) -> pd.DataFrame:
    """The user's columns under our names; a column that had our name by chance steps aside."""
    frame = read.frame
    missing = [theirs for theirs in columns.values() if theirs not in frame.columns]
    if missing:
        told = ", ".join(missing)
        raise DataError("places.missing_columns", table=table, file=read.file, missing=told, found=_names(frame))
    for ours, theirs in _ALIASES.items():
        known = [n for n in theirs if n in frame.columns and n not in columns.values()]
        if ours not in columns and known:
            columns[ours] = known[0]
    out = frame.copy()
    shape = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    aside = {c: f"{c} (file)" for c in frame.columns if c in columns and columns[c] != c and c != shape}
    out = out.rename(columns=aside)
    # One column of theirs may serve twice (a code that is also the name).
    return out.assign(**{ours: frame[theirs] for ours, theirs in columns.items()})


def _located(
    frame: pd.DataFrame, read: Table, *, crs: object, table: str, geometry: str
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    if isinstance(frame, gpd.GeoDataFrame):
        if frame.crs is not None:
            return frame, places.no_findings()
        taken = CRS.from_user_input(crs)
        note = places.finding("crs_taken", severity="note", table=table, file=read.file, value=taken.name)
        return frame.set_crs(taken), note
    if "x" in frame.columns and "y" in frame.columns:
        x, y = places.numbers(frame["x"]), places.numbers(frame["y"])
        points = np.where(x.isna() | y.isna(), None, shapely.points(x.to_numpy(), y.to_numpy()))
        return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(points, index=frame.index, crs=crs)), places.no_findings()
    if geometry == "any":
        return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([None] * len(frame), index=frame.index, crs=crs)), (
            places.no_findings()
        )
    raise DataError("places.missing_columns", table=table, file=read.file, missing="x, y", found=_names(frame))


def _onto_wgs84(frame: gpd.GeoDataFrame, datum: str, *, file: str) -> gpd.GeoDataFrame:
    if datum == "wgs84":
        return frame
    if not CRS(frame.crs).is_geographic:
        raise DataError("files.datum_metres", file=file, datum=datum, crs=CRS(frame.crs).name)

    def shift(xy: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.column_stack(datums.to_wgs84(xy[:, 0], xy[:, 1], datum=datum))

    return frame.set_geometry(gpd.GeoSeries(shapely.transform(frame.geometry.values, shift), frame.index, crs=4326))


# --- writing --------------------------------------------------------------------------------------


@contextlib.contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """A path to write to; the target is replaced at the end, whole, or stays as it was.

    The file grows in a hidden folder beside the target, is flushed to the disk and moved. When
    somebody holds the target (Excel, QGIS on Windows) the result stays as ``name.new``: WriteError.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise WriteError("files.cannot_write", file=str(target), detail=str(error)) from error
    try:
        growing = folder / target.name
        yield growing
        _flush(growing)
        _put(growing, target)
        _flush(target.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def together(folder: str | Path) -> Iterator[Path]:
    """A hidden folder to write several files into; at the end all of them move into ``folder``.

    Nothing moves when the writing is cut short. A file that somebody holds stays as ``name.new``
    while the others move; WriteError names it at the end. WriteError at once where the folder
    cannot be made or written.
    """
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        growing = Path(tempfile.mkdtemp(prefix=".growing.", dir=target))
    except OSError as error:
        raise WriteError("files.cannot_write", file=str(target), detail=str(error)) from error
    try:
        yield growing
        moved = [_moved(path, target / path.name) for path in sorted(growing.iterdir())]
        _flush(target)
        for held in filter(None, moved):
            raise held
    finally:
        shutil.rmtree(growing, ignore_errors=True)


def _moved(path: Path, target: Path) -> WriteError | None:
    try:
        _flush(path)
        _put(path, target)
    except WriteError as error:
        return error
    return None


def _put(growing: Path, target: Path) -> None:
    try:
        os.replace(growing, target)  # noqa: PTH105 - the one call that every system makes in one step
    except OSError as error:
        aside = target.with_name(f"{target.name}.new")
        try:
            growing.replace(aside)
        except OSError:
            raise WriteError("files.cannot_write", file=str(target), detail=str(error)) from error
        raise WriteError("files.held", file=str(target), kept=str(aside)) from error


def _flush(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open a folder
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path: str | Path, text: str) -> None:
    """Text as UTF-8 with plain line ends, whole or not at all."""
    with atomic(path) as growing:
        growing.write_text(text, encoding="utf-8", newline="\n")


def write_csv(path: str | Path, frame: pd.DataFrame, *, index: bool = True) -> None:
    """A table as CSV that Excel opens in Chinese (UTF-8 with a mark), whole or not at all.

    Text that Excel would run as a formula (=, +, -, @ in front, and no number) gets a ' in front.
    """
    safe = frame.reset_index() if index else frame.copy()
    for column in safe.columns:
        if _is_texty(safe[column]):
            safe[column] = safe[column].map(_unarmed)
    with atomic(path) as growing:
        safe.to_csv(growing, index=False, encoding="utf-8-sig", lineterminator="\n")


def _unarmed(value: Any) -> Any:
    armed = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{value}" if armed and not _NUMBERLIKE.fullmatch(value) else value


def write_layers(path: str | Path, layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Layers as one GeoPackage, the same bytes from the same layers, whole or not at all.

    A named index becomes a column. DataError for another suffix or for no layers.
    """
    if Path(path).suffix.lower() != ".gpkg" or not layers:
        raise DataError("files.not_gpkg", file=str(path), layers=", ".join(layers))
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    with atomic(path) as growing:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
        try:
            for name, frame in layers.items():
                whole = frame.reset_index(drop=frame.index.name is None)
                pyogrio.write_dataframe(whole, growing, layer=name, driver="GPKG")
        finally:
            pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
