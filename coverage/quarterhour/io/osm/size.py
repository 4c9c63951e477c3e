"""How large an OSM file or a GraphML is once unpacked, before it is.

The blocks of a .pbf say so themselves, and osmium reads none that says it wrong; a .gz or .bz2 is unpacked once and
kept nowhere.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO

import numpy as np

from quarterhour.base import limits
from quarterhour.base.errors import DataError
from quarterhour.base.limits.inflate import check_unpacked
from quarterhour.io.files.checks import declares_entities

_LARGEST_HEAD = 1 << 16
_AT_ONCE = 1 << 20
_NAMES = ("osm_bytes", "osm_block_bytes", "osm_block_objects", "graph_bytes", "graph_parts")
_RAW, _RAW_SIZE, _ZLIB = 1, 2, 3
"""Fields of a block (OSM's fileformat.proto): its bytes as they are, or how many there are of the packed ones."""
_GROUP, _DENSE = 2, 2
"""Fields of an unpacked block (osmformat.proto): its groups, and of a group the nodes that lie side by side."""
_LARGE_BLOCK, _BEGINNING = 1 << 20, 64


def check_size(file: Path) -> None:
    """DataError where a file is larger unpacked than may be. One that stays as it is is looked at once."""
    facts = file.stat()
    known = tuple(map(limits.limit, _NAMES))
    found = _too_much(file, facts.st_size, facts.st_mtime_ns, known)
    if found is not None:
        raise found


@cache
def _too_much(file: Path, size: int, _when: int, _known: tuple[int, ...]) -> DataError | None:
    try:
        limits.check("osm_bytes", size, of=file)
        check_unpacked(file, "osm_bytes")
        if file.suffix.lower() == ".pbf":
            _check_blocks(file)
        if file.suffix.lower() == ".graphml":
            _check_graph(file)
    except DataError as error:
        return error
    return None


def _check_blocks(file: Path) -> None:
    total, most = 0, limits.limit("osm_bytes")
    with file.open("rb") as stream:
        for size, packed in _blocks(stream):
            limits.check("osm_block_bytes", size, of=file)
            if size > _LARGE_BLOCK:
                limits.check("osm_block_objects", _objects(packed, size), of=file)
            total += size
            if total > most:
                raise limits.too_much("osm_bytes", of=file)


def _blocks(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """What each block of a .pbf says that it unpacks to, and large ones as they are packed; ends where the file is none
    (osmium then says why)."""
    while len(head := stream.read(4)) == 4:
        length = int.from_bytes(head, "big")
        told = stream.read(length) if length <= _LARGEST_HEAD else b""
        size = next((value for number, value, _ in _fields(told) if number == 3), -1)
        if size < 0:
            return
        begin, block = stream.tell(), stream.read(min(size, _BEGINNING))
        raw = max((value for number, value, _ in _fields(block) if number in (_RAW, _RAW_SIZE)), default=0)
        large = _LARGE_BLOCK < raw <= limits.limit("osm_block_bytes")
        stream.seek(begin)
        yield raw, stream.read(min(size, raw + _BEGINNING)) if large else b""
        stream.seek(begin + size)


def _objects(packed: bytes, size: int) -> int:
    """How many nodes, ways and relations a block holds; the most that it could where it cannot be unpacked here."""
    known = {number: packed[at : at + value] for number, value, at in _fields(packed)}
    raw = known.get(_RAW) if _RAW in known and _RAW_SIZE not in known else None
    if raw is None and _ZLIB in known:
        raw = zlib.decompressobj().decompress(known[_ZLIB], size)
    if raw is None:
        return size // 3
    groups = [raw[at : at + value] for number, value, at in _fields(raw) if number == _GROUP]
    return sum(_objects_of(group) for group in groups)


def _objects_of(group: bytes) -> int:
    count = 0
    for number, value, at in _fields(group):
        if number == _DENSE:
            ids = [group[at : at + value][a : a + n] for k, n, a in _fields(group[at : at + value]) if k == 1]
            count += sum(int((np.frombuffer(one, np.uint8) < 0x80).sum()) for one in ids)
        else:
            count += 1
    return count


def _fields(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The fields of a protocol buffer: number, value (of bytes how many there are), and where it stands."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        if key & 7 == 0:
            value, at = _varint(data, at)
            yield key >> 3, value, at
        elif key & 7 == 2:
            value, at = _varint(data, at)
            yield key >> 3, value, at
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
    limits.check("graph_bytes", file.stat().st_size, of=file)
    parts, tail = 0, b""
    with file.open("rb") as stream:
        while data := stream.read(_AT_ONCE):
            if declares_entities(tail + data):
                raise DataError("osm.graph_broken", file=file.name, detail="DTD")
            parts += data.count(b"<") - data.count(b"</")
            tail = data[-20:]
    limits.check("graph_parts", parts, of=file)
