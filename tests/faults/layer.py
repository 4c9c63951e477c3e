"""The calls of a run that reach its files, each with a number, and one of them that fails.

Counted are what the system tells of (a file opened, made, moved, taken away), every fsync and every solver call; with
``writes`` also each write of a file that Python opened. Only what lies below the watched folders has a number.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

READS = ("read", "os.listdir", "os.scandir")
"""Calls that change nothing."""
_EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.listdir", "os.scandir", "sqlite3.connect",
           "tempfile.mkdtemp", "shutil.rmtree", "os.truncate", "os.link", "os.symlink")  # fmt: skip
_CHANGING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Layer:
    """Numbers the calls below watched folders and writes a line for each; at number ``at`` comes the fault.

    ``fault``: "no space", "I/O error", "no memory", or the name of a signal that the process sends itself.
    """

    def __init__(self, watched: list[str], told: Path, *, at: int | None, fault: str) -> None:
        self.watched, self.at, self.fault, self.count = tuple(watched), at, fault, 0
        self.lines = os.open(told, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)

    def called(self, what: str, *paths: object) -> None:
        """Count a call; fail if it is the one."""
        names = [os.fsdecode(path) for path in paths if isinstance(path, (str, bytes, os.PathLike))]
        if any(names) and not names[0].startswith(self.watched):
            return
        os.write(self.lines, f"{' '.join([what, *(Path(name).name for name in names)])}\n".encode())
        self.count += 1
        if self.count - 1 == self.at:
            self._fail(names[0] if names else "")

    def _fail(self, name: str) -> None:
        """As the system would."""
        if self.fault.startswith("SIG"):
            os.kill(os.getpid(), getattr(signal, self.fault))
            return
        if self.fault == "no memory":
            raise MemoryError
        code = errno.ENOSPC if self.fault == "no space" else errno.EIO
        raise OSError(code, os.strerror(code), name)

    def watch(self, *, writes: bool) -> None:
        """From here on in this process."""
        import sys

        import highspy

        sys.addaudithook(self._heard)
        _before(os, "fsync", lambda *_: self.called("fsync"))
        _before(highspy.Highs, "run", lambda *_: self.called("solver"))
        _before(highspy.Highs, "solve", lambda *_: self.called("solver"))
        if writes:
            self._count_writes()

    def _heard(self, event: str, args: tuple[Any, ...]) -> None:
        if event not in _EVENTS:
            return
        if event == "open":
            self.called("open" if args[2] & _CHANGING else "read", args[0])
        else:
            self.called(event, *args[: 2 if event in ("os.rename", "os.link") else 1])

    def _count_writes(self) -> None:
        opened = io.open

        def counted(file: Any, mode: str = "r", buffering: int = -1, *args: Any, **more: Any) -> Any:
            made = opened(file, mode, buffering, *args, **more)
            return _counted(made, self, file) if set(mode) & set("wax+") else made

        io.open = builtins.open = counted  # type: ignore[assignment]


def _before(where: Any, name: str, first: Callable[..., None]) -> None:
    inner = getattr(where, name)

    def wrapped(*args: Any, **more: Any) -> Any:
        first(*args)
        return inner(*args, **more)

    setattr(where, name, wrapped)


def _counted(file: Any, layer: Layer, path: object) -> Any:
    """The file, whose writes to the system are counted."""

    class Raw(io.RawIOBase):
        def __init__(self, raw: Any) -> None:
            self.raw = raw

        def write(self, data: Any) -> int | None:
            layer.called("write", path)
            return int(self.raw.write(data))

        def __getattr__(self, name: str) -> Any:
            return getattr(self.raw, name)

        def close(self) -> None:
            self.raw.close()
            super().close()

        def readable(self) -> bool:
            return bool(self.raw.readable())

        def writable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return bool(self.raw.seekable())

        def readinto(self, buffer: Any) -> int | None:
            return int(self.raw.readinto(buffer))

        def seek(self, offset: int, whence: int = 0) -> int:
            return int(self.raw.seek(offset, whence))

        def tell(self) -> int:
            return int(self.raw.tell())

        def truncate(self, size: int | None = None) -> int:
            return int(self.raw.truncate(size))

        def fileno(self) -> int:
            return int(self.raw.fileno())

    if isinstance(file, io.TextIOWrapper):
        told = {"encoding": file.encoding, "errors": file.errors, "newline": getattr(file, "_newline", None)}
        inner = file.buffer
        raw = inner.raw
        file.detach()
        inner.detach()
        return io.TextIOWrapper(io.BufferedWriter(Raw(raw)), **told, write_through=False)
    if isinstance(file, io.BufferedWriter):
        return io.BufferedWriter(Raw(file.detach()))
    if isinstance(file, io.BufferedRandom):
        return io.BufferedRandom(Raw(file.detach()))
    return file
