"""Every byte of a folder as text to be searched: what is packed is unpacked, what is deflated is inflated."""

from __future__ import annotations

import base64
import io
import re
import shutil
import sqlite3
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

_PACKED = re.compile(rb"[A-Za-z0-9+/]{40,}={0,2}")
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.S)
_ENCODINGS = ("utf-8", "gb18030", "utf-16-le")


def readable(folder: Path) -> Iterator[tuple[str, str]]:
    """Name and text of each file and of each part that is packed in it."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        yield str(path.relative_to(folder)), ""  # its name as well
        for name, data in _parts(path.name, path.read_bytes()):
            yield from ((f"{path.relative_to(folder)}: {name}", data.decode(e, "ignore")) for e in _ENCODINGS)
        if path.suffix in (".gpkg", ".sqlite"):
            yield str(path), "\n".join(_rows(path))
        if path.suffix == ".pdf" and shutil.which("pdftotext"):
            told = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True)
            yield str(path), told.stdout.decode("utf-8")


def found_in(folder: Path, words: list[str]) -> list[tuple[str, str]]:
    """Which words stand where."""
    every = re.compile("|".join(sorted(map(re.escape, words), key=len, reverse=True)))
    return [(where, hit) for where, text in readable(folder) for hit in sorted(set(every.findall(f"{where} {text}")))]


def _parts(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    yield name, data
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for member in packed.namelist():
                yield from _parts(member, packed.read(member))
    for match in _PACKED.finditer(data):
        yield from ((f"{name} packed", more) for more in _unpacked(match.group()))
    for match in _STREAM.finditer(data):
        yield from ((f"{name} stream", more) for more in _inflated(match.group(1)))
    text = data.decode("utf-8", "ignore")
    if "\\u" in text:
        yield f"{name} unescaped", re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text).encode()


def _unpacked(text: bytes) -> Iterator[bytes]:
    whole = text[: len(text) // 4 * 4]
    plain = base64.b64decode(whole)
    yield plain
    yield from _inflated(plain)


def _inflated(data: bytes) -> Iterator[bytes]:
    for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS, 31):
        try:
            yield zlib.decompress(data, bits)
        except zlib.error:
            continue


def _rows(path: Path) -> Iterator[str]:
    with sqlite3.connect(path) as base:
        for (table,) in base.execute("select name from sqlite_master where type = 'table'").fetchall():
            head = [column[1] for column in base.execute(f'pragma table_info("{table}")')]
            yield " ".join([table, *head])
            yield from (" ".join(map(str, row)) for row in base.execute(f'select * from "{table}"'))
