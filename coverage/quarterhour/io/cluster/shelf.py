"""Arrays on the disk by the name of their content, which other processes map and check."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np

from quarterhour.base.arrays import AnyArray
from quarterhour.base.errors import DataError, MissingError
from quarterhour.base.foreign import foreign
from quarterhour.io.files.write import told

_MAPPED_BYTES = 1 << 16
"""Smaller files are read; an empty one cannot be mapped."""
_CACHES: list[Callable[[], object]] = []
"""What empties each memory of this process that holds arrays of a shelf."""


def put_on_shelf(array: AnyArray, folder: Path) -> str:
    """Write an array into a folder unless it lies there; its name there, the SHA-256 of what it holds.

    WriteError where it cannot be written.
    """
    whole = np.ascontiguousarray(array)
    name = _sum(whole)
    path = folder / f"{name}.npy"
    if not path.exists():
        growing = folder / f"{name}.new"
        with told(path):
            with growing.open("wb") as file:
                np.save(file, whole, allow_pickle=False)
            growing.replace(path)
    return name


@functools.lru_cache(maxsize=256)
def from_shelf(folder: Path, name: str) -> AnyArray:
    """An array of a shelf, mapped into memory and checked, once a process.

    MissingError where this machine or account does not see the folder or the file; DataError where it holds something
    else.
    """
    path, seen = folder / f"{name}.npy", False
    with contextlib.suppress(OSError):
        seen = path.is_file()
    if not seen:
        raise MissingError("cluster.not_seen", file=str(path), machine=platform.node())
    with foreign(path, key="cluster.broken"):
        # "c" and not "r": the kernels are compiled for arrays that can be written to
        mode: Literal["c"] | None = "c" if path.stat().st_size > _MAPPED_BYTES else None
        found = np.asarray(np.load(path, mmap_mode=mode, allow_pickle=False))
    if _sum(found) != name:
        raise DataError("cluster.broken", file=str(path), detail=platform.node())
    return found


def forgotten_with_shelf(empty: Callable[[], object]) -> None:
    """Have another memory emptied by ``forget_shelf``: one that holds what was made of arrays of a shelf."""
    _CACHES.append(empty)


def forget_shelf() -> None:
    """For a worker whose run has ended well: no file of the shelf is mapped any more, so that it can go."""
    for empty in (*_CACHES, from_shelf.cache_clear):
        empty()


def _sum(array: AnyArray) -> str:
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape} ".encode())
    digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
