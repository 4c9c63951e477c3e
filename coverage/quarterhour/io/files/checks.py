"""The file itself: there, no address, no larger than may be, and what its name says.

The first bytes must fit the name: GDAL chooses by content, and a file of another kind under a harmless
name could read other files of the machine.
"""

from __future__ import annotations

import codecs
import difflib
import hashlib
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from quarterhour.base import i18n, limits
from quarterhour.base.errors import DataError, MissingError
from quarterhour.base.foreign import foreign

_T = TypeVar("_T")
_LARGEST_RATIO = 200
"""A workbook of real rows packs 5 to 40 times; a zip bomb a thousand times."""
_NOT_SMALL = 50_000_000
_MAGIC = {
    ".gpkg": b"SQLite format 3\0",
    ".shp": b"\x00\x00\x27\x0a",
    ".parquet": b"PAR1",
    ".geoparquet": b"PAR1",
    ".xlsx": b"PK\x03\x04",
    ".xlsm": b"PK\x03\x04",
    ".ods": b"PK\x03\x04",
    ".xls": b"\xd0\xcf\x11\xe0",
    ".et": b"\xd0\xcf\x11\xe0",
    ".zip": b"PK\x03\x04",
    ".kmz": b"PK\x03\x04",
    ".fgb": b"fgb\x03fgb",
    ".sqlite": b"SQLite format 3\0",
}
_LOCKED = 0x1
_PACKED_AS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Of these alone Python unpacks no more than the directory says: 4 kB of bzip2 may come to 4 GB at once."""
_OTHER_PACKING = {9: "Deflate64", 12: "BZIP2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
_JSON_SUFFIXES = (".geojson", ".json", ".geojsonl", ".geojsons", ".ndjson")
_TEXT_SUFFIXES = (".csv", ".txt", ".tsv", *_JSON_SUFFIXES, ".kml", ".tab", ".mif")
_BEGINS = {".tab": re.compile(rb"!table.*\bType\s+NATIVE\b", re.I | re.S), ".mif": re.compile(rb"Version\s", re.I)}
"""A MapInfo table of another type than its own names files to read elsewhere."""
_SUFFIXES = (*_TEXT_SUFFIXES, *_MAGIC, ".gdb")
_PACKED = (".xlsx", ".xlsm", ".ods", ".zip", ".kmz")
_BOOKS = (".xlsx", ".xlsm", ".ods")
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".emf", ".wmf")
_CATALOGUE, _CATALOGUE_BEGINS = "a00000001.gdbtable", (b"\x03\0\0\0", b"\x04\0\0\0")
"""The first table of a file geodatabase names all others; its format is 3 or 4."""
_NOT_TEXT = (b"PK\x03\x04", b"SQLite format 3", b"PAR1", b"\xd0\xcf\x11\xe0", b"%PDF", b"<OGRVRT", b"<VRT")


def json_of(text: str | bytes, *, of: object) -> Any:
    """What a text of JSON says; DataError where it holds more values than may be. ``of``: whose it is, for that."""
    check_json_values(text, of=of)
    return json.loads(text)


def check_json_values(text: str | bytes, *, of: object) -> None:
    """DataError where a text of JSON, or of lines of it, holds more values than may be."""
    count = sum(map(text.count, ",[{")) if isinstance(text, str) else sum(map(text.count, (b",", b"[", b"{")))
    limits.check("json_values", count, of=of)


def read_json(path: str | Path, *, size: str = "text_bytes") -> Any:
    """What a JSON file of the program's own holds; ``size``: the limit that holds for its bytes.

    MissingError when it is not there, DataError when it is no JSON or too large.
    """
    file = _found(path)
    limits.check(size, file.stat().st_size, of=path)
    with foreign(path, key="files.not_json"):
        return json_of(file.read_text(encoding="utf-8-sig"), of=path)


def bytes_of(file: Path) -> bytes:
    """All of a file; DataError where the system does not hand it out, or it does not fit into memory."""
    with foreign(file):
        return file.read_bytes()


def sha256(path: str | Path) -> str:
    """The fingerprint of a file, in hex; of a geodatabase that of its files' names and fingerprints."""
    file = _found(path)
    if file.is_dir():
        parts = "".join(f"{p.name} {sha256(p)}\n" for p in _tables_of(file))
        return hashlib.sha256(parts.encode()).hexdigest()
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_there(path: Path) -> bool:
    """Whether there is a file, or the folder that a geodatabase is."""
    return path.is_file() or _is_geodatabase(path)


def _is_geodatabase(path: Path) -> bool:
    return path.suffix.lower() == ".gdb" and path.is_dir()


def _tables_of(folder: Path) -> list[Path]:
    """The files of a geodatabase; not the locks of whoever has it open."""
    return sorted(p for p in folder.iterdir() if p.is_file() and p.suffix.lower() != ".lock")


def _found(path: str | Path) -> Path:
    said = str(path).replace("\\", "/")
    # GDAL would open /vsicurl/, https:// and GPKG:file; a drive letter is one letter only.
    if said.lower().startswith("/vsi") or "://" in said or "\0" in said or re.match(r"[A-Za-z][\w+.-]+:", said):
        raise DataError("files.refused", file=str(path))
    file = Path(path)
    if not file.exists():
        raise MissingError("files.missing", file=str(path), near=_near(file))
    if not is_there(file):
        raise DataError("files.not_a_file", file=str(path))
    return file


def _near(file: Path) -> str:
    names = sorted(p.name for p in file.parent.iterdir()) if file.parent.is_dir() else []
    return ", ".join(difflib.get_close_matches(file.name, names, n=3)) or "-"


def checked_file(path: str | Path) -> Path:
    """The file, once its size, its first bytes and what is packed in it fit its name."""
    file = _found(path)
    suffix, parts = file.suffix.lower(), _tables_of(file) if file.is_dir() else [file]
    size = sum(part.stat().st_size for part in parts)
    if suffix not in _SUFFIXES:
        raise DataError("files.unknown_format", file=str(path), suffix=suffix, known=" ".join(_SUFFIXES))
    if size == 0:
        raise DataError("files.empty", file=str(path))
    limits.check("text_bytes" if suffix in _TEXT_SUFFIXES else "file_bytes", size, of=path)
    check_geodatabase(file) if file.is_dir() else check_magic(file, suffix)
    if suffix in _PACKED:
        _check_zip(file)
    return file


_LOOKS = (
    ("old_book", re.compile(rb"\xd0\xcf\x11\xe0")),
    ("book", re.compile(rb"PK\x03\x04.*(?:\[Content_Types\]|xl/)", re.S)),
    ("zip", re.compile(rb"PK\x03\x04")), ("html", re.compile(rb"\s*<(?:!doctype html|html|head|meta|table)", re.I)),
    ("xml", re.compile(rb"\s*<")), ("pdf", re.compile(rb"%PDF")), ("database", re.compile(rb"SQLite format 3")),
    ("parquet", re.compile(rb"PAR1")), ("json", re.compile(rb"\s*[\[{]")), ("text", re.compile(rb"[^\x00-\x08]+\Z")),
)  # fmt: skip
"""What a file is by its first bytes, for people: the first that fits."""


def _looks(head: bytes) -> dict[str, str]:
    plain = head.removeprefix(codecs.BOM_UTF8)
    kind = next((name for name, begins in _LOOKS if begins.match(plain)), "other")
    return {lang: i18n.say(f"files.looks_{kind}", lang) for lang in i18n.LANGUAGES}


def check_magic(file: Path, suffix: str) -> None:
    """DataError unless the first bytes are those of a file of this suffix."""
    with file.open("rb") as stream:
        head = stream.read(512)
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if suffix in _MAGIC:
        fits = head.startswith(_MAGIC[suffix])
        # A GeoPackage says so in the header of its database, else GDAL would open it as plain SQLite.
        fits &= suffix != ".gpkg" or head[68:72] in (b"GPKG", b"GP10", b"GP11")
    elif suffix in _JSON_SUFFIXES:
        fits = text.removeprefix(b"\x1e").startswith(b"{")
    elif suffix == ".kml":
        fits = re.search(rb"<kml[\s>]", head) is not None and not declares_entities(file.read_bytes())
    elif suffix in _BEGINS:
        fits = _BEGINS[suffix].match(text) is not None
    else:
        fits = suffix != ".gdb" and not text.startswith(_NOT_TEXT)
    if not fits:
        raise DataError("files.not_what_it_says", file=str(file), suffix=suffix, looks=_looks(head))


def check_geodatabase(folder: Path) -> None:
    """DataError unless a folder holds the tables of a file geodatabase."""
    first = next((p for p in _tables_of(folder) if p.name.lower() == _CATALOGUE), None)
    if first is None or not first.read_bytes()[:4].startswith(_CATALOGUE_BEGINS):
        raise DataError("files.not_geodatabase", file=str(folder), part=_CATALOGUE)


def declares_entities(data: bytes) -> bool:
    """Whether a piece of XML declares a document type or entities (entity bombs), in UTF-16 too."""
    plain = data.replace(b"\0", b"")
    return b"<!DOCTYPE" in plain or b"<!ENTITY" in plain


def _check_zip(file: Path) -> None:
    book = file.suffix.lower() in _BOOKS
    if read_checked(file, lambda: _count_members(file)) > limits.limit("zip_files"):
        raise limits.too_much("zip_files", of=file)
    members = read_checked(file, lambda: _members(file))
    size = sum(m.file_size for m in members)
    ratio = size / file.stat().st_size
    if book:  # photographs that are pasted into it stay packed
        shown = sum(m.file_size for m in members if Path(m.filename).suffix.lower() not in _PICTURES)
        limits.check("book_bytes", shown, of=file)
    limits.check("unpacked_bytes", size, of=file)
    # The small print of a small workbook packs well; only much matters.
    if size > _NOT_SMALL and ratio > _LARGEST_RATIO:
        raise DataError("files.bomb", file=str(file), size=size, ratio=round(ratio))
    for member in members:
        if member.flag_bits & _LOCKED:
            raise DataError("files.zip_locked", file=str(file), member=member.filename)
        if member.compress_type not in _PACKED_AS:
            way = _OTHER_PACKING.get(member.compress_type, str(member.compress_type))
            raise DataError("files.zip_packed", file=str(file), member=member.filename, way=way)


def _count_members(file: Path) -> int:
    """How many files the directory of a zip lists, counted up to one beyond the limit, before it is read at once.

    A directory that is longer than so many could need counts as of more: each has a name, an extra field, a comment.
    """
    with file.open("rb") as stream:
        end = stream.seek(0, 2)
        tail_at = stream.seek(max(0, end - _END_OF_ZIP))
        tail = stream.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0:
            return 0
        length = int.from_bytes(tail[at + 12 : at + 16], "little")
        if length == 0xFFFF_FFFF and (large := tail.rfind(b"PK\x06\x06", 0, at)) >= 0:
            at, length = large, int.from_bytes(tail[large + 40 : large + 48], "little")
        length = min(length, tail_at + at)
        return max(_listed(stream, tail_at + at - length, length), length // _LONGEST_ENTRY)


def _listed(stream: BinaryIO, start: int, length: int) -> int:
    """The entries of a directory that begins at ``start``, as far as it is one, up to one beyond the limit."""
    most, count, at = limits.limit("zip_files"), 0, start
    while count <= most and at < start + length:
        stream.seek(at)
        entry = stream.read(46)
        if len(entry) < 46 or not entry.startswith(b"PK\x01\x02"):
            break
        at += 46 + sum(int.from_bytes(entry[k : k + 2], "little") for k in (28, 30, 32))
        count += 1
    return count


_END_OF_ZIP = 22 + (1 << 16) + 20 + 56
"""At most so far before the end of a zip its directory says its length: a comment, the records of a large one."""
_LONGEST_ENTRY = 2_048
"""Bytes of an entry: 255 Chinese letters as name and once more as extra field, with room."""


def _members(file: Path) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(file) as packed:
        return packed.infolist()


def read_checked(file: Path, read: Callable[[], _T], *, part: str = "", slips: bool = False) -> _T:
    """What a library reads, behind the guard (``base.foreign``): whatever it raises says that the file is broken.

    ``part``: the member, sheet or layer of it that is read. ``slips``: code of ours runs between, whose wrong keys and
    names are no fault of the file.
    """
    with foreign(file, part=part, slips=slips):
        return read()
