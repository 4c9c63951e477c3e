"""The one place that knows numba: kernels are compiled where there is a wheel, and stay plain Python where not.

Numba has no wheel for Intel Macs. There ``COMPILED`` is False, ``kernel`` hands its function back as it is, and the
rooms with much to compute take another way to the same answer (``travel/dijkstra_scipy``, ``network/snap_scipy``).
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from quarterhour.base.jit.kept import KernelCache

_numba: Any = None
with contextlib.suppress(ImportError):
    import numba

    _numba = numba

COMPILED = _numba is not None
_log = logging.getLogger(__name__)
if not COMPILED:
    _log.warning("numba is not on this machine: the same answers through scipy and shapely, slower")


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel when it is first called, and keep what was compiled for the next process."""
    if not COMPILED:
        return function
    try:
        return _compiled(function, keep=True)
    except RuntimeError:  # neither beside the source nor in the home folder may numba write
        return _kept_elsewhere(function)


def _compiled(function: Callable[..., Any], *, keep: bool) -> Any:
    made = _numba.njit(cache=keep, nogil=True, error_model="numpy")(function)
    if keep and not _numba.config.DISABLE_JIT:
        _heed_damage(made)
    return made


def _heed_damage(made: Any) -> None:
    """Let a kernel load what was kept of it only where that is whole."""
    try:
        from numba.core.serialize import dumps

        made._cache = KernelCache(made._cache, dumps=dumps, version=_numba.__version__)
    except (ImportError, AttributeError):  # a numba that keeps its cache in another way
        _log.warning("kernels are kept by numba alone: what is torn in its cache is not recognised")


def _kept_elsewhere(function: Callable[..., Any]) -> Any:
    folder = _cache_folder()
    if folder is None:
        return _compiled(function, keep=False)
    before = _numba.config.CACHE_DIR
    _numba.config.CACHE_DIR = str(folder)  # read when a function is decorated; other libraries keep theirs
    try:
        return _compiled(function, keep=True)
    except RuntimeError:
        return _compiled(function, keep=False)
    finally:
        _numba.config.CACHE_DIR = before


def _cache_folder() -> Path | None:
    """A folder for compiled code in which nobody else can put any; None where there can be none."""
    user = os.getuid() if hasattr(os, "getuid") else None
    folder = Path(tempfile.gettempdir()) / f"quarterhour-kernels-{'user' if user is None else user}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    ours = user is None or (found.st_uid == user and found.st_mode & 0o077 == 0)
    return folder if ours and not folder.is_symlink() else None
