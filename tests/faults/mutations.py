"""What can happen to the bytes of a file, also by somebody who knows its format; the same from the same seed."""

from __future__ import annotations

import bz2
import gzip
import io
import random
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from corpus.damage import damaged

Chance = random.Random
DEEP = 30_000
_TOKENS = {
    ".json": ("1" * 5000, "1e999", "-0", "NaN", "null", '"\\ud800"', "{}", "[[]]", '{"a":1,"a":2}', '"\\u0000"'),
    ".toml": ("1" * 5000, "1e999", "nan", "-inf", "9999-99-99", '"""', "[[a]]", "a.b = 1", "''", "0x" + "F" * 4000),
    ".xml": ("&amp;", "&#0;", "&x;", "<!DOCTYPE a>", "<![CDATA[", "-->", "</a>", 'a="', "NaN", "\0", "1" * 5000),
    ".csv": ('"', '""', '"\n', "\0", "\ufeff", "1" * 5000, "x" * 140_000, "\r", ";", "\t\t", "," * 2000, "'="),
    ".prj": ("GEOGCS[", "]", '"', "EPSG:0", "NaN", "PROJCS[" * 2000),
    ".cpg": ("UTF-99", "CP99999", "", "\0", "GBK"),
    "": ("\xff" * 10, "\x80" * 10, "\x7f\xff\xff\xff", "\xff\xff\xff\x7f", "\0" * 8, "PAR1", "PK\x05\x06", "\x78\x9c"),
}  # fmt: skip
_FAMILY = {
    ".geojson": ".json", ".geojsonl": ".json", ".kml": ".xml", ".osm": ".xml", ".graphml": ".xml", ".rels": ".xml",
    ".txt": ".toml", ".mif": ".csv", ".mid": ".csv", ".tab": ".csv",
}  # fmt: skip


def _family(name: str) -> str:
    suffix = Path(name).suffix
    known = _FAMILY.get(suffix, suffix)
    return known if known in _TOKENS else ""


def mutated(good: dict[str, bytes], seed: int) -> tuple[str, dict[str, bytes]]:
    """How the parts were changed, and the parts."""
    chance = Chance(seed)
    if chance.random() < 0.4:
        return "damage", damaged(good, chance)
    name = chance.choice([n for n in sorted(good) if good[n]] or sorted(good))
    way = chance.choice(_ways(name))
    return f"{way.__name__.strip('_')} {name}", {**good, name: way(good[name], name, chance)}


Way = Callable[[bytes, str, Chance], bytes]


def _ways(name: str) -> Sequence[Way]:
    suffix, family = Path(name).suffix, _family(name)
    plain: list[Way] = [_bits, _cut, _doubled, _zeros, _swapped, _token, _token]
    if family == "":
        plain += [_length, _length, _varint, _head, _tail]
    more: dict[str, list[Way]] = {
        ".json": [_deep_json, _deep_json, _big_number], ".toml": [_deep_toml, _deep_toml, _big_number],
        ".xml": [_deep_xml, _deep_xml, _big_number], ".csv": [_quotes, _quotes, _big_number],
    }  # fmt: skip
    packed: dict[str, list[Way]] = {
        s: [_catalogue, _catalogue, _member, _member] for s in (".xlsx", ".ods", ".zip", ".kmz")
    }
    pages: dict[str, list[Way]] = {s: [_page, _page, _schema] for s in (".gpkg", ".sqlite")}
    inside: dict[str, list[Way]] = {".pbf": [_blob] * 12, ".gz": [_inside] * 12, ".bz2": [_inside] * 12}
    return [*plain, *more.get(family, ()), *packed.get(suffix, ()), *pages.get(suffix, ()), *inside.get(suffix, ())]


def _at(data: bytes, chance: Chance, size: int = 1) -> int:
    return chance.randrange(max(1, len(data) - size + 1))


def _over(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def _bits(data: bytes, _: str, chance: Chance) -> bytes:
    out = bytearray(data)
    for _n in range(chance.choice((1, 1, 1, 4, 32))):
        out[_at(data, chance)] ^= 1 << chance.randrange(8)
    return bytes(out)


def _cut(data: bytes, _: str, chance: Chance) -> bytes:
    return data[: _at(data, chance)]


def _doubled(data: bytes, _: str, chance: Chance) -> bytes:
    at, size = _at(data, chance), chance.choice((1, 16, 256, 4096))
    return data[:at] + data[at : at + size] * chance.choice((2, 3, 50)) + data[at + size :]


def _zeros(data: bytes, _: str, chance: Chance) -> bytes:
    at, zeros = _at(data, chance), bytes(chance.choice((1, 4, 512)))
    return _over(data, at, zeros) if chance.random() < 0.5 else data[:at] + zeros + data[at:]


def _swapped(data: bytes, _: str, chance: Chance) -> bytes:
    size = chance.choice((2, 4, 8))
    at = _at(data, chance, size)
    return _over(data, at, data[at : at + size][::-1])


def _token(data: bytes, name: str, chance: Chance) -> bytes:
    family = _family(name)
    token = chance.choice(_TOKENS[family]).encode("utf-8" if family else "latin-1", "surrogatepass")
    at = _at(data, chance)
    return data[:at] + token + data[at + chance.choice((0, len(token))) :]


_LENGTHS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 2**64 - 1)


def _length(data: bytes, _: str, chance: Chance) -> bytes:
    size = chance.choice((2, 4, 4, 8))
    value = chance.choice([v for v in _LENGTHS if v < 1 << (8 * size)])
    return _over(data, _at(data, chance, size), value.to_bytes(size, chance.choice(("little", "big"))))[: len(data)]


def _varint(data: bytes, _: str, chance: Chance) -> bytes:
    return _over(data, _at(data, chance), b"\xff" * chance.choice((1, 4, 9)) + b"\x01")[: len(data)]


def _head(data: bytes, name: str, chance: Chance) -> bytes:
    part = min(len(data), chance.choice((16, 64, 256)))
    return chance.choice((_bits, _length, _zeros))(data[:part], name, chance) + data[part:]


def _tail(data: bytes, name: str, chance: Chance) -> bytes:
    part = max(0, len(data) - chance.choice((16, 64, 1024)))
    return data[:part] + chance.choice((_bits, _length, _zeros))(data[part:], name, chance)


def _spots(data: bytes, pattern: bytes) -> list[tuple[int, int]]:
    return [m.span() for m in re.finditer(pattern, data)] or [(0, 0)]


def _deep_json(data: bytes, _: str, chance: Chance) -> bytes:
    start, end = chance.choice(_spots(data, rb'(?<=:)\s*(?:"[^"]*"|-?[\d.]+|null|true)'))
    depth = chance.choice((500, DEEP))
    opened, closed = chance.choice(
        ((b"[", b"]"), (b'{"a":', b"}"), (b'{"type":"GeometryCollection","geometries":[', b"]}"))
    )
    return data[:start] + opened * depth + b"1" + closed * chance.choice((depth, depth - 1)) + data[end:]


def _deep_toml(data: bytes, _: str, chance: Chance) -> bytes:
    start, end = chance.choice(_spots(data, rb"(?<== )[^\n]+"))
    depth = chance.choice((300, 3000))
    inner = chance.choice(
        (
            b"[" * depth + b"]" * depth,
            b"{a=" * depth + b"1" + b"}" * depth,
            b"1\n" + b".".join([b"a"] * depth) + b" = 1",
        )
    )
    return data[:start] + inner + data[end:]


def _deep_xml(data: bytes, _: str, chance: Chance) -> bytes:
    _start, end = chance.choice(_spots(data, rb">"))
    depth = chance.choice((200, 20_000))
    tag = chance.choice((b"a", b"Folder", b"MultiGeometry", b"graph", b"row", b"r", b"osm"))
    return data[:end] + b"<%s>" % tag * depth + b"</%s>" % tag * chance.choice((depth, 0)) + data[end:]


def _big_number(data: bytes, _: str, chance: Chance) -> bytes:
    start, end = chance.choice(_spots(data, rb"-?\d+(?:\.\d+)?"))
    number = chance.choice(
        (b"9" * 5000, b"1e400", b"-1", b"1" + b"0" * 400, b"0.1e-999", b"18446744073709551616", b"NaN", b"1_0")
    )
    return data[:start] + number + data[end:]


def _quotes(data: bytes, _: str, chance: Chance) -> bytes:
    start, end = chance.choice(_spots(data, rb"[^,;\r\n]+"))
    cell = data[start:end]
    new = chance.choice(
        (b'"' + cell, cell + b'"', b'"' + cell + b'"x', b'"' + cell + b'\n"', b"'" + cell, b'""' + cell)
    )
    return data[:start] + new + data[end:]


def _catalogue(data: bytes, _: str, chance: Chance) -> bytes:
    """A field of an entry of a zip's central directory, or of its end."""
    entry = chance.choice([m.start() for m in re.finditer(rb"PK\x01\x02|PK\x05\x06|PK\x03\x04", data)])
    field, size = chance.choice(
        ((6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (42, 4), (46, 4))
    )
    value = chance.choice([v for v in (*_LENGTHS, 8, 12, 14, 99) if v < 1 << (8 * size)])
    return _over(data, entry + field, value.to_bytes(size, "little"))[: len(data)]


def _member(data: bytes, _: str, chance: Chance) -> bytes:
    """A member changed as one of its own format is, its checksum set right; left out; there twice; renamed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        hit = chance.choice(old.namelist())
        what = chance.choice(("change", "change", "change", "lose", "rename"))
        for name in old.namelist():
            inner = old.read(name)
            if name == hit and what == "lose":
                continue
            if name == hit and what == "change" and inner:
                inner = chance.choice(_ways(name))(inner, name, chance)
            new.writestr(f"../{name}" if name == hit and what == "rename" else name, inner)
    return out.getvalue()


def _page(data: bytes, name: str, chance: Chance) -> bytes:
    """The head of a page of a database, where its cells are counted and placed."""
    size = int.from_bytes(data[16:18], "big") or 65536
    at = chance.randrange(max(1, len(data) // size)) * size + (100 if chance.random() < 0.1 else 0)
    part = data[at : at + 64]
    return (
        data[:at]
        + chance.choice((_bits, _length, _zeros, _varint))(part or b"\0", name, chance)[: len(part)]
        + data[at + len(part) :]
    )


def _schema(data: bytes, _: str, chance: Chance) -> bytes:
    """A word of the tables that say what the layers are."""
    words = (
        b"gpkg_contents",
        b"geometry_columns",
        b"POINT",
        b"INTEGER",
        b"TEXT",
        b"features",
        b"CREATE TABLE",
        b"geom",
        b"4326",
    )
    start, end = chance.choice(_spots(data, chance.choice(words)))
    return _over(data, start, chance.choice((b"\0", b"x", b"'", b"(", b"9")) * (end - start))


def _inside(data: bytes, name: str, chance: Chance) -> bytes:
    """What is packed changed as its own format is."""
    pack = {".gz": gzip, ".bz2": bz2}[Path(name).suffix]
    inner = name.removesuffix(Path(name).suffix)
    return pack.compress(chance.choice(_ways(inner))(pack.decompress(data), inner, chance))


def _blob(data: bytes, name: str, chance: Chance) -> bytes:
    """A block of a PBF changed inside its packing, its lengths set right: header block or data."""
    blocks = list(_blocks(data))
    hit = chance.randrange(len(blocks))
    out = b""
    for at, (kind, inner) in enumerate(blocks):
        new = (
            chance.choice((_bits, _bits, _varint, _length, _cut, _swapped, _token))(inner, name, chance)
            if at == hit
            else inner
        )
        blob = b"\x0a" + _number(len(new)) + new  # raw = 1
        head = b"\x0a" + _number(len(kind)) + kind + b"\x18" + _number(len(blob))
        out += len(head).to_bytes(4, "big") + head + blob
    return out


def _blocks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        head = at + 4 + int.from_bytes(data[at : at + 4], "big")
        told = dict(_fields(data[at + 4 : head]))
        at = head + int(told[3])
        blob = dict(_fields(data[head:at]))
        yield bytes(told[1]), zlib.decompress(blob[3]) if 3 in blob else bytes(blob[1])


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a protocol buffer: whole numbers, and bytes."""
    at = 0
    while at < len(data):
        key, at = _read_number(data, at)
        value, at = _read_number(data, at)
        if key & 7 == 2:
            yield key >> 3, data[at : at + value]
            at += value
        else:
            yield key >> 3, value


def _read_number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
