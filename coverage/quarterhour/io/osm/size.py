"""How large an OSM file or a GraphML is once unpacked, before it is.

The blocks of a .pbf say so themselves, and osmium reads none that says it wrong; a .gz or .bz2 is unpacked once and
kept nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO

from quarterhour.base import limits
from quarterhour.base.errors import DataError
from quarterhour.base.limits.inflate import check_unpacked

_LARGEST_HEAD = 1 << 16
_AT_ONCE = 1 << 20
_RAW, _RAW_SIZE = 1, 2
"""Fields of a block (OSM's fileformat.proto): its bytes as they are, or how many there are of the packed ones."""


def check_size(file: Path) -> None:
    """DataError where a file is larger unpacked than may be. One that stays as it is is looked at once."""
    facts = file.stat()
    found = _too_much(file, facts.st_size, facts.st_mtime_ns, limits.limit("osm_bytes"))
    if found is not None:
        raise found


@cache
def _too_much(file: Path, size: int, _when: int, most: int) -> DataError | None:
    try:
        limits.check("osm_bytes", size, of=file)
        check_unpacked(file, "osm_bytes")
        if file.suffix.lower() == ".pbf":
            _check_blocks(file, most)
        if file.suffix.lower() == ".graphml":
            _check_graph(file)
    except DataError as error:
        return error
    return None


def _check_blocks(file: Path, most: int) -> None:
    total = 0
    with file.open("rb") as stream:
        for size in _block_sizes(stream):
            limits.check("osm_block_bytes", size, of=file)
            total += size
            if total > most:
                raise limits.too_much("osm_bytes", f"> {most:,}", of=file)


def _block_sizes(stream: IO[bytes]) -> Iterator[int]:
    """What each block of a .pbf says that it unpacks to; ends where the file is none (osmium then says why)."""
    while len(head := stream.read(4)) == 4:
        length = int.from_bytes(head, "big")
        told = stream.read(length) if length <= _LARGEST_HEAD else b""
        size = dict(_fields(told)).get(3)
        if not isinstance(size, int) or size < 0:
            return
        begin, block = stream.tell(), stream.read(min(size, 64))
        known = dict(_fields(block))
        yield max(known.get(_RAW_SIZE, 0), known.get(_RAW, 0))
        stream.seek(begin + size)


def _fields(data: bytes) -> Iterator[tuple[int, int]]:
    """The fields of a protocol buffer by their numbers: numbers as they are, of bytes how many there are."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        if key & 7 == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
        elif key & 7 == 2:
            value, at = _varint(data, at)
            yield key >> 3, value
            at += value
        else:
            return


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        value, shift, at = value | (byte & 0x7F) << shift, shift + 7, at + 1
        if byte < 0x80 or shift > 63:
            break
    return value, at


def _check_graph(file: Path) -> None:
    """DataError for more elements than may be, or where entities are declared (networkx would unfold them)."""
    limits.check("text_bytes", file.stat().st_size, of=file)
    parts, tail = 0, b""
    with file.open("rb") as stream:
        while data := stream.read(_AT_ONCE):
            plain = (tail + data).replace(b"\0", b"")
            if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
                raise DataError("osm.graph_broken", file=file.name, detail="DTD")
            parts += data.count(b"<") - data.count(b"</")
            tail = data[-20:]
    limits.check("graph_parts", parts, of=file)
