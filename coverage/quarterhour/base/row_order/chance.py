"""Chance keyed by id and seed: a row has its draw whatever row it stands in, and whoever else is there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from quarterhour.base.arrays import FloatArray, IntArray


def drawn_normal(ids: Iterable[Any], *, seed: tuple[int, ...]) -> FloatArray:
    """A standard normal number for each id; the same id and seed draw the same.

    >>> drawn_normal(["a", "b"], seed=(0, 1))[0] == drawn_normal(["c", "a"], seed=(0, 1))[1]
    np.True_
    """
    return np.asarray(ndtri((_hashes(ids, seed) >> np.uint64(11)).astype(float) / 2.0**53 + 2.0**-54), float)


def drawn_turns(ids: pd.Index, *, groups: pd.Series, seed: int, turns: int) -> IntArray:
    """Which of so many turns each id has, drawn evenly within its group: the turns of a group differ by at most one id.

    ``groups``: of each id, on an index of its own; ids without one are a group too.
    """
    rank = pd.Series(_hashes(ids, (seed,)), index=range(len(ids))).groupby(groups.to_numpy(dtype=object), dropna=False)
    return np.asarray(rank.rank(method="first").to_numpy(dtype=float) - 1, np.int64) % turns


def _hashes(ids: Iterable[Any], seed: tuple[int, ...]) -> NDArray[np.uint64]:
    key = hashlib.blake2b(repr(tuple(int(s) for s in seed)).encode(), digest_size=32).digest()
    every = [hashlib.blake2b(str(i).encode(), key=key, digest_size=8).digest() for i in ids]
    return np.frombuffer(b"".join(every), dtype="<u8").astype(np.uint64)
