"""Columns of whole numbers as little text: small numbers take a byte, what repeats is deflated, then base64."""

from __future__ import annotations

import base64
import zlib

import numpy as np

from quarterhour.base.arrays import AnyArray

_EFFORT = 9


def packed_columns(*columns: AnyArray) -> str:
    """Columns one after the other, each with its length in front; ``columnsOf`` of the page's scripts reads them.

    A number is zigzagged (0, -1, 1, -2 ... are 0, 1, 2, 3), then seven bits a byte, the lowest first.
    """
    parts = [np.r_[len(c), np.asarray(c, np.int64)] for c in columns]
    whole = np.concatenate(parts) if parts else np.empty(0, np.int64)
    return deflated(_bytes(whole))


def _bytes(values: AnyArray) -> bytes:
    left = ((values << 1) ^ (values >> 63)).astype(np.uint64)
    count = np.ones(len(left), np.int64)
    for bits in range(7, 64, 7):
        count += left >= np.uint64(1) << np.uint64(bits)
    at = np.cumsum(count) - count
    found = np.zeros(int(count.sum()), np.uint8)
    for place in range(int(count.max(initial=0))):
        some = count > place
        more = (count[some] > place + 1).astype(np.uint64) << np.uint64(7)
        found[at[some] + place] = (left[some] >> np.uint64(7 * place) & np.uint64(127)) | more
    return found.tobytes()


def packed_text(text: str) -> str:
    """A text deflated; ``quarterhourText`` of the page's scripts reads it."""
    return deflated(text.encode("utf-8"))


def deflated(raw: bytes) -> str:
    """Bytes deflated, in base64; ``quarterhourInflated`` of the page's scripts gives them back."""
    return base64.b64encode(zlib.compress(raw, _EFFORT)).decode("ascii")
