"""Shapefiles: three files that must tell of the same rows, counted without the library that reads.

The .shp says how long each shape is, the .shx where each begins, the .dbf how many rows it has and which of them were
deleted (ESRI 1998; dBASE III).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

import pandas as pd
import pyogrio

from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding, join_findings
from quarterhour.io.files.checks import read_checked
from quarterhour.io.files.header import Rows, Table
from quarterhour.io.files.layers import layer_table
from quarterhour.io.files.text import decoded

PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_HEADER = 100
_SHOWN = 5


def read_shp(file: Path, *, encoding: str | None) -> Table:
    """A shapefile; its text in the encoding named, its own (.cpg) or the one its bytes are.

    DataError where its parts tell of different numbers of rows, or the index of the shapes is missing.
    """
    parts = _parts(file)
    shapes, deleted = read_checked(file, lambda: _agree(file, parts))
    used = encoding or _shape_encoding(parts)
    frame = read_checked(file, lambda: pyogrio.read_dataframe(file, encoding=used))
    rows = Rows(found=shapes, left_out=len(deleted))
    table = layer_table(frame, file, encoding=(used or "").lower(), rows=rows)
    return replace(table, findings=join_findings([*_told(file, parts, deleted), table.findings]))


def _told(file: Path, parts: Mapping[str, Path], deleted: Sequence[int]) -> list[pd.DataFrame]:
    told = []
    if ".dbf" not in parts:
        told.append(finding("shape_no_table", severity="warning", table="", file=str(file)))
    if deleted:
        shown = ", ".join(map(str, deleted[:_SHOWN])) + (" …" if len(deleted) > _SHOWN else "")
        count = str(len(deleted))
        told.append(finding("deleted_rows", severity="warning", table="", file=str(file), value=count, detail=shown))
    return told


def _parts(file: Path) -> dict[str, Path]:
    beside = sorted(p for p in file.parent.iterdir() if p.stem == file.stem)
    return {p.suffix.lower(): p for p in beside}


def _agree(file: Path, parts: Mapping[str, Path]) -> tuple[int, list[int]]:
    """How many shapes there are, once index and table have as many rows, and the deleted rows, counted from 1."""
    with file.open("rb") as stream:
        shapes = _shapes(stream, file.stat().st_size)
    if ".shx" not in parts:
        raise DataError("files.shape_lacks", file=str(file), part=".shx")
    index = (parts[".shx"].stat().st_size - _HEADER) // 8
    rows, deleted = _table_rows(parts[".dbf"]) if ".dbf" in parts else (shapes, [])
    if not shapes == index == rows:
        raise DataError("files.shape_parts", file=str(file), shp=shapes, shx=index, dbf=rows)
    return shapes, deleted


def _shapes(stream: IO[bytes], size: int) -> int:
    """How many shapes a .shp holds, by the lengths that stand before each; it may not end within one."""
    end = 2 * int.from_bytes(stream.read(_HEADER)[24:28], "big")
    if end > size:
        raise ValueError(f"the .shp says {end} bytes and has {size}")
    count, at = 0, _HEADER
    while at < end:
        stream.seek(at + 4)
        at += 8 + 2 * int.from_bytes(stream.read(4), "big")
        count += 1
    if at > end:
        raise ValueError(f"the .shp ends within shape {count}")
    return count


def _table_rows(table: Path) -> tuple[int, list[int]]:
    """The rows of a .dbf, and those of them that were deleted."""
    data = table.read_bytes()
    said, start, length = (int.from_bytes(data[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12)))
    there = (len(data) - start) // length if length else 0
    if there < said:
        raise ValueError(f"the .dbf says {said} rows and ends after {there}")
    return said, [i + 1 for i in range(said) if data[start + i * length] == ord("*")]


def _shape_encoding(parts: Mapping[str, Path]) -> str | None:
    """None where a .cpg says it; else UTF-8 if the bytes are, else GB18030 (never a silent guess)."""
    if ".cpg" in parts or ".dbf" not in parts:
        return None
    data = parts[".dbf"].read_bytes()
    start = int.from_bytes(data[8:10], "little")
    names = b"".join(data[i : i + 11].split(b"\0")[0] for i in range(32, max(start - 1, 32), 32))
    return decoded(names + data[start:], parts[".dbf"], None)[1].upper()
