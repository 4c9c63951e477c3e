"""Compiled kernels on disk, used only where they are whole; what is torn goes, and is compiled anew.

numba trusts the files of its cache: one that a full disk, a killed copy or a bad sector left torn ends every later run,
and one with a flipped bit runs as other machine code than was compiled. Here every file begins with the checksum of the
rest, taken together with what the code is for, so that two processes that write at once cannot mix theirs up either.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import pickle
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)
_MARK = b"quarterhour kernels 1\n"
_SUM = hashlib.sha256().digest_size
_told: set[str] = set()
"""What this process said already: one line is enough for however many files."""


class KernelCache:
    """Stands where numba keeps the cache of one function, and goes by the same names.

    ``plain``: that cache, which knows where files go and how compiled code becomes bytes. ``dumps``: numba's pickle.
    """

    def __init__(self, plain: Any, *, dumps: Callable[[object], bytes], version: str) -> None:
        files = plain._cache_file
        self._plain, self._dumps = plain, dumps
        self._folder, self._index = Path(files._cache_path), Path(files._index_path)
        self._fresh = version, files._source_stamp

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)

    def load_overload(self, sig: object, target_context: Any) -> Any:
        """Compiled code for a signature; None where it is to be compiled."""
        if not self._plain._enabled:
            return None
        target_context.refresh()
        name = self._name(sig, target_context.codegen())
        if self._names().get(name) != name:
            return None
        kept = self._read(self._folder / name, name)
        try:
            fresh, data = (None, None) if kept is None else pickle.loads(kept)
            return None if fresh != self._fresh else self._plain._impl.rebuild(target_context, data)
        except Exception as error:  # whole, but not to be built up: whatever is the matter, it can be compiled
            self._torn(self._folder / name, error)
            return None

    def save_overload(self, sig: object, data: Any) -> None:
        """Keep compiled code for the next process; where that cannot be, say so and go on."""
        plain = self._plain
        if not plain._enabled or not plain._impl.check_cachable(data):
            return
        name = self._name(sig, data.codegen)
        try:
            plain._impl.locator.ensure_cache_path()
            _write(self._folder / name, name, self._dumps((self._fresh, plain._impl.reduce(data))))
            self._note({**self._names(), name: name})
        except (OSError, pickle.PicklingError) as error:
            _say_once("not_kept", "compiled kernels cannot be kept, each run compiles them anew (%s)", error)

    def flush(self) -> None:
        """Forget what is kept of this function."""
        self._note({})

    def _name(self, sig: object, codegen: Any) -> str:
        """The file of a signature on this kind of processor."""
        key = repr(self._plain._index_key(sig, codegen)).encode()
        return f"{self._index.stem}.{hashlib.sha256(key).hexdigest()[:16]}.nbc"

    def _names(self) -> Mapping[str, str]:
        kept = self._read(self._index, self._index.name)
        return {} if kept is None else dict(json.loads(kept))

    def _note(self, names: Mapping[str, str]) -> None:
        _write(self._index, self._index.name, json.dumps(names, sort_keys=True).encode())

    def _read(self, path: Path, name: str) -> bytes | None:
        """What a file holds, None where there is none or it is not whole; such a one is taken away."""
        try:
            kept = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._torn(path, error)
            return None
        begin = len(_MARK) + _SUM
        if kept[:begin] == _MARK + _sum(name, kept[begin:]):
            return kept[begin:]
        self._torn(path, "checksum")
        return None

    def _torn(self, path: Path, why: object) -> None:
        _say_once("torn", "a kept kernel is torn and is compiled anew: %s (%s)", path, why)
        with contextlib.suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()


def _sum(name: str, rest: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\0" + rest).digest()


def _write(path: Path, name: str, rest: bytes) -> None:
    """A file whole or not at all."""
    growing = path.with_name(f"{path.name}.tmp.{uuid.uuid4().hex[:16]}")
    try:
        growing.write_bytes(_MARK + _sum(name, rest) + rest)
        growing.replace(path)
    finally:
        with contextlib.suppress(OSError):
            growing.unlink(missing_ok=True)


def _say_once(what: str, line: str, *values: object) -> None:
    if what not in _told:
        _told.add(what)
        _log.warning(line, *values)
