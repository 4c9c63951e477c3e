"""The blocks of a ``.osm.pbf``, and its nodes many at a time.

A country has hundreds of millions of nodes, nearly all of them without a tag: as columns they cost a hundredth of what
one object each does. Ways and relations are left to osmium, which is given blocks of one kind. The format: OSM's
fileformat.proto and osmformat.proto.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple, ParamSpec, TypeVar

import numpy as np

from quarterhour.base.arrays import AnyArray, BoolArray, IntArray, ragged
from quarterhour.base.errors import DataError
from quarterhour.io.osm.size import fields

_P = ParamSpec("_P")
_T = TypeVar("_T")
NODES, WAYS, RELATIONS = 0, 1, 2
_KIND_OF_GROUP = {1: NODES, 2: NODES, 3: WAYS, 4: RELATIONS}
_LARGEST_HEAD, _LARGEST_BLOCK = 1 << 16, 1 << 25
_NODES_A_BLOCK = 8000
_NANO = 100
"""Billionths of a degree that a place is whole in: osmium's 1e-7 degrees."""


def _told(read: Callable[_P, _T]) -> Callable[_P, _T]:
    """Reading by which bytes that are not of the format become a DataError, wherever they lead."""

    @functools.wraps(read)
    def reading(*args: _P.args, **more: _P.kwargs) -> _T:
        try:
            return read(*args, **more)
        except DataError:
            raise
        except (LookupError, ValueError, ArithmeticError, zlib.error) as why:
            raise DataError("osm.cut_broken") from why

    return reading


class Block(NamedTuple):
    """Where a block lies in the file, its head with it, and what it holds."""

    at: int
    size: int
    kind: int


@dataclass(frozen=True, eq=False)
class Nodes:
    """Nodes side by side: ids, places in 1e-7 degrees, and their tags.

    ``tags``: numbers of texts, key and value in turn, a 0 behind those of each node, as the format has them.
    ``texts``: what the numbers mean.
    """

    ids: IntArray
    x: IntArray
    y: IntArray
    tags: IntArray
    texts: Sequence[bytes]

    @property
    def tagged(self) -> BoolArray:
        """Who has a tag."""
        return self._spans[1] > 1

    def take(self, rows: AnyArray) -> Nodes:
        """Some of them."""
        first, count = self._spans
        tags = self.tags[ragged(first[rows], count[rows])[1]]
        return Nodes(self.ids[rows], self.x[rows], self.y[rows], tags, self.texts)

    @functools.cached_property
    def _spans(self) -> tuple[IntArray, IntArray]:
        """Where the tags of each begin, and how many numbers they are, the closing 0 counted."""
        end = _ends(self.tags)
        first = np.r_[0, end + 1][:-1]
        return first, end + 1 - first


def blocks_of(stream: IO[bytes]) -> Iterator[tuple[int, bytes, bytes]]:
    """Every block of a file: where it begins, its type, and the whole of it with its head."""
    while head := stream.read(4):
        at, length = stream.tell() - 4, int.from_bytes(head, "big")
        _check(len(head) == 4 and 0 < length <= _LARGEST_HEAD)
        told = stream.read(length)
        known = {number: (value, begin) for number, value, begin in fields(told)}
        size, kind = known[3][0], known[1]
        _check(0 <= size <= _LARGEST_BLOCK)
        body = stream.read(size)
        _check(len(body) == size)
        yield at, told[kind[1] : kind[1] + kind[0]], head + told + body


@_told
def kind_of(block: bytes) -> int:
    """What a block of data holds; DataError for one that holds several kinds."""
    kinds = {_KIND_OF_GROUP[number] for number, _ in _groups(unpacked(block)) if number in _KIND_OF_GROUP}
    _check(len(kinds) <= 1)
    return kinds.pop() if kinds else NODES


@_told
def unpacked(block: bytes) -> bytes:
    """What a block holds, its head left out."""
    begin = 4 + int.from_bytes(block[:4], "big")
    body = block[begin:]
    known = {number: (value, at) for number, value, at in fields(body)}
    size, at = known.get(1) or known.get(3) or (0, 0)
    if not at:
        raise DataError("osm.cut_packed")
    _check(known.get(2, (0, 0))[0] <= _LARGEST_BLOCK)
    data = body[at : at + size]
    if 1 in known or not known[2][0]:
        return data if 1 in known else b""
    return zlib.decompressobj().decompress(data, known[2][0])


@_told
def read_nodes(data: bytes) -> Nodes:
    """The nodes of an unpacked block; DataError for the rare file that does not lay them side by side."""
    told = {number: value for number, value, _ in fields(data) if number in (17, 19, 20)}
    step, south, west = told.get(17, _NANO), _signed(told.get(19, 0)), _signed(told.get(20, 0))
    parts, tags = [], []
    for number, group in _groups(data):
        if number == 1:
            raise DataError("osm.cut_packed")
        dense = _slices(group).get(2, b"") if number == 2 else b""
        said = _slices(dense)
        ids, lat, lon = (np.cumsum(_zigzag(_numbers(said.get(field, b"")))) for field in (1, 8, 9))
        _check(len(ids) == len(lat) == len(lon))
        parts.append((ids, np.trunc((west + step * lon) / _NANO), np.trunc((south + step * lat) / _NANO)))
        one = _numbers(said.get(10, b"")).astype(np.int64)
        tags.append(one if len(one) else np.zeros(len(ids), np.int64))
    ids, x, y = (
        np.concatenate([np.zeros(0, np.int64), *(part[i] for part in parts)]).astype(np.int64) for i in range(3)
    )
    whole = np.concatenate([np.zeros(0, np.int64), *tags]).astype(np.int64)
    table = [*_table(data), b""] if whole.any() else [b""]
    _check(int(whole.max(initial=0)) < len(table))
    if len(_ends(whole)) != len(ids):
        whole = _with_empty_values(whole, len(table) - 1)
    _check(len(_ends(whole)) == len(ids))
    return Nodes(ids, x, y, whole, table)


def _with_empty_values(tags: IntArray, empty: int) -> IntArray:
    """Tags in which a 0 only ends those of a node: a value that is no text has the number ``empty``."""
    told, at_value = tags.tolist(), False
    for i, number in enumerate(told):
        told[i] = empty if at_value and not number else number
        at_value = not at_value and number > 0
    return np.array(told, np.int64)


@_told
def read_refs(data: bytes) -> tuple[IntArray, IntArray, IntArray]:
    """Of the ways of an unpacked block the ids, how many nodes each has, and the ids of these one after the other."""
    parts = [_refs_of(group) for number, group in _groups(data) if number == 3]
    ids, sizes, refs = (
        np.concatenate([np.zeros(0, np.int64), *(part[i] for part in parts)]).astype(np.int64) for i in range(3)
    )
    return ids, sizes, refs


def _refs_of(group: bytes) -> tuple[IntArray, IntArray, IntArray]:
    """Those of a group: a field of all ways is read at once, then the next of all."""
    bounds = np.array([(at, at + value) for number, value, at in fields(group) if number == 3], np.int64)
    raw, at, end = np.frombuffer(group + bytes(16), np.uint8), bounds[:, 0], bounds[:, 1]
    ids, first, count = (np.zeros(len(bounds), np.int64) for _ in range(3))
    left = np.flatnonzero(at < end)
    while len(left):
        key = raw[at[left]]
        value, after = _varints_at(raw, at[left] + 1)
        own, nodes = key == 1 << 3, key == 8 << 3 | 2
        _check(not count[left[nodes]].any())
        ids[left[own]] = value[own]
        first[left[nodes]], count[left[nodes]] = after[nodes], value[nodes]
        _check(bool(((key & 5 == 0) & (key < 128) & (key != 8 << 3)).all()))
        at[left] = after + np.where(key & 7 == 2, value, 0)
        _check(bool(((at[left] > 0) & (at[left] <= end[left])).all()))
        left = left[at[left] < end[left]]
    way, byte = ragged(first, count)
    steps = _zigzag(_numbers(raw[byte].tobytes()))
    sizes = np.bincount(way[raw[byte] < 128], minlength=len(ids))
    total, begin = np.cumsum(steps), np.cumsum(sizes) - sizes
    before = np.r_[0, total][begin]
    return ids, sizes, total - np.repeat(before, sizes)


def _varints_at(raw: AnyArray, at: IntArray) -> tuple[IntArray, IntArray]:
    """The varint at each of some positions, and where it ends."""
    value, end, more = np.zeros(len(at), np.int64), at.copy(), np.arange(len(at))
    for k in range(10):
        byte = raw[np.minimum(end[more], len(raw) - 1)]
        value[more] |= (byte & 127).astype(np.int64) << (7 * k)
        end[more] += 1
        more = more[byte >= 128]
        if not len(more):
            break
    return value, end


def joined(some: Sequence[Nodes]) -> Nodes:
    """Nodes of several blocks, in their order."""
    number: dict[bytes, int] = {}
    tags = []
    for one in some:
        known = np.array([0, *(number.setdefault(text, len(number) + 1) for text in one.texts[1:])], np.int64)
        tags.append(known[one.tags])
    ids, x, y = (np.concatenate([getattr(one, name) for one in some]) for name in ("ids", "x", "y"))
    return Nodes(ids, x, y, np.concatenate(tags), [b"", *number])


def write_nodes(nodes: Nodes) -> bytes:
    """Nodes as blocks of a file."""
    made = []
    for first in range(0, len(nodes.ids), _NODES_A_BLOCK):
        made.append(_data_block(nodes.take(np.arange(first, min(first + _NODES_A_BLOCK, len(nodes.ids))))))
    return b"".join(made)


def write_head(said: Sequence[tuple[str, str]]) -> bytes:
    """The block that begins a file of nodes, ways and relations by rising ids; ``said``: day and source of the data."""
    number = {"osmosis_replication_timestamp": 32, "osmosis_replication_base_url": 34}
    told = [(4, b"OsmSchema-V0.6"), (4, b"DenseNodes"), (5, b"Sort.Type_then_ID"), (16, b"quarterhour")]
    head = b"".join(_field(field, text) for field, text in told)
    for name, value in said:
        text = value.encode()
        head += _number_field(number[name], int(value)) if number[name] == 32 else _field(number[name], text)
    return _block(b"OSMHeader", head)


def _data_block(nodes: Nodes) -> bytes:
    used = np.unique(nodes.tags[nodes.tags > 0])
    table = [b"", *(nodes.texts[i] for i in used.tolist())]
    dense = b"".join(
        _field(field, _packed(_zagged(np.diff(values, prepend=0))))
        for field, values in ((1, nodes.ids), (8, nodes.y), (9, nodes.x))
    )
    if len(used):
        dense += _field(10, _packed(np.where(nodes.tags > 0, np.searchsorted(used, nodes.tags) + 1, 0)))
    return _block(b"OSMData", _field(1, b"".join(_field(1, text) for text in table)) + _field(2, _field(2, dense)))


def _block(kind: bytes, data: bytes) -> bytes:
    body = _number_field(2, len(data)) + _field(3, zlib.compress(data, 6))
    head = _field(1, kind) + _number_field(3, len(body))
    return len(head).to_bytes(4, "big") + head + body


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _number_field(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    return bytes([*made, value])


def _packed(values: AnyArray) -> bytes:
    """Whole numbers at or above 0 as varints."""
    left = values.astype(np.uint64)
    bits = np.frexp(left.astype(np.float64))[1]  # one too many now and then of very large ones: a 0 more at the end
    count = np.maximum((bits + 6) // 7, 1)
    end = np.cumsum(count)
    made = np.empty(int(count.sum()), np.uint8)
    for k in range(int(count.max(initial=0))):
        longer = np.flatnonzero(count > k) if k else slice(None)
        more = np.where(count[longer] > k + 1, 128, 0)
        made[(end - count)[longer] + k] = (left[longer] >> np.uint64(7 * k)).astype(np.uint8) & 127 | more
    return made.tobytes()


def _numbers(data: bytes) -> AnyArray:
    """Varints that follow each other, as unsigned whole numbers."""
    raw = np.frombuffer(data, np.uint8)
    last = np.flatnonzero(raw < 128)
    _check(not len(raw) or bool(raw[-1] < 128))
    first = np.r_[0, last[:-1] + 1][: len(last)]
    length = last - first + 1
    _check(int(length.max(initial=0)) <= 10)
    found = np.zeros(len(last), np.uint64)
    for k in range(int(length.max(initial=0))):
        longer = length > k if k else slice(None)
        found[longer] |= (raw[first[longer] + k] & np.uint64(127)).astype(np.uint64) << np.uint64(7 * k)
    return found


def _zigzag(values: AnyArray) -> IntArray:
    half = (values >> np.uint64(1)).astype(np.int64)
    return np.where(values & np.uint64(1), ~half, half)


def _zagged(values: IntArray) -> AnyArray:
    return ((values << 1) ^ (values >> 63)).view(np.uint64)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _ends(tags: IntArray) -> IntArray:
    """Where the tags of each node end."""
    return np.flatnonzero(tags == 0)


def _groups(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The groups of a block: what each holds, by its first field."""
    for number, value, at in fields(data):
        if number == 2 and value:
            group = data[at : at + value]
            yield next((field for field, _, _ in fields(group)), 0), group


def _slices(data: bytes) -> dict[int, bytes]:
    """The fields of bytes; of one that comes several times all of them."""
    found: dict[int, bytes] = {}
    for number, value, at in fields(data):
        found[number] = found.get(number, b"") + data[at : at + value]
    return found


def _table(data: bytes) -> list[bytes]:
    """The texts of a block."""
    begin = next(((at, value) for number, value, at in fields(data) if number == 1), (0, 0))
    table = data[begin[0] : begin[0] + begin[1]]
    return [table[at : at + value] for number, value, at in fields(table) if number == 1]


def _check(good: bool) -> None:
    if not good:
        raise DataError("osm.cut_broken")


@_told
def index_of(path: Path) -> tuple[bytes, list[Block]]:
    """The first block of a file, and where all others lie; DataError where nodes, ways and relations are mixed."""
    head, found = b"", []
    with path.open("rb") as stream:
        for at, kind, block in blocks_of(stream):
            if kind == b"OSMHeader":
                head = head or block
            elif kind == b"OSMData":
                found.append(Block(at, len(block), kind_of(block)))
    _check(bool(head))
    if any(one.kind > other.kind for one, other in zip(found, found[1:], strict=False)):
        raise DataError("osm.cut_unsorted")
    return head, found
