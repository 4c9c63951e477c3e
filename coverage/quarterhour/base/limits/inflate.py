"""Packed bytes unpacked up to a limit, and counted without being kept."""

from __future__ import annotations

import base64
import bz2
import contextlib
import gzip
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from quarterhour.base import limits

_CHUNK = 1 << 20
_BEST_DEFLATE = 1_032
"""Deflate makes at most so many bytes of one."""
_NOT_SMALL, _LARGEST_RATIO = 200_000_000, 200
"""What people write packs 5 to 40 times, a bomb a thousand times; only much matters."""


def inflate(packed: bytes, name: str, *, of: object) -> bytes:
    """What zlib packed; DataError where it is more bytes than a limit.

    zlib.error where it is broken or cut short, or where more stands behind it.
    """
    unpacker, most = zlib.decompressobj(), limits.limit(name)
    data = unpacker.decompress(packed, most + 1)
    if len(data) > most:
        raise limits.too_much(name, of=of)
    if not unpacker.eof or unpacker.unused_data:
        raise zlib.error("incomplete or truncated stream, or more behind it")
    return data


def check_packed(held: Any, name: str, *, of: object) -> None:
    """DataError where all texts in a value that are zlib in base64 come to more bytes than a limit together.

    They are unpacked bit by bit and kept nowhere; what is no such text, or a broken one, counts nothing.
    """
    most, count = limits.limit(name), 0
    for text in _texts_in(held):
        for size in _pieces(text):
            count += size
            if count > most:
                raise limits.too_much(name, of=of)


def _texts_in(held: Any) -> Iterator[str]:
    waiting = [held]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, Mapping):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _pieces(text: str) -> Iterator[int]:
    """The sizes of what a text unpacks to, bit by bit, as far as it does."""
    unpacker = zlib.decompressobj()
    with contextlib.suppress(ValueError, zlib.error):
        rest = base64.b64decode(text, validate=True)
        while rest and not unpacker.eof:
            yield len(unpacker.decompress(rest, _CHUNK))
            rest = unpacker.unconsumed_tail


def check_unpacked(file: Path, name: str) -> None:
    """DataError where a .gz or .bz2 holds more than a limit; what is broken in it is left to who reads it.

    A .gz too small to hold so much is not opened; what unpacks to hundreds of times its size is left off.
    """
    suffix = file.suffix.lower()
    opened: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open}
    most = limits.limit(name)
    if suffix not in opened or (suffix == ".gz" and file.stat().st_size * _BEST_DEFLATE <= most):
        return
    count = 0
    try:
        with file.open("rb") as packed, opened[suffix](packed) as stream:
            while size := len(stream.read(_CHUNK)):
                count += size
                if count > most or (count > _NOT_SMALL and count > _LARGEST_RATIO * packed.tell()):
                    raise limits.too_much(name, f"> {min(count, most):,}", of=file)
    except (OSError, EOFError, zlib.error):
        return
