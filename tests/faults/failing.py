"""A run in which one call to the system fails: the child of `test_sweep.py`, never imported by it.

The process loads the program and its kernels once. For each line of JSON on its input it forks; the fork runs the
command with every open, write, fsync, rename, removal and solver call numbered, and lets one of them fail. The line
that it answers with says how many were counted and how the run ended.
"""

from __future__ import annotations

import builtins
import errno
import importlib
import io
import json
import os
import pkgutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.listdir", "os.scandir", "sqlite3.connect",
          "tempfile.mkdtemp", "shutil.rmtree", "os.truncate", "os.link", "os.symlink")  # fmt: skip


class Layer:
    """Numbers the calls below watched folders; one of them fails."""

    def __init__(self, watched: list[str], number: int, fault: str) -> None:
        self.watched, self.number, self.fault, self.count, self.failed = watched, number, fault, 0, ""

    def called(self, what: str, path: object) -> None:
        """Count a call; fail if it is the one."""
        name = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
        if name and not any(name.startswith(folder) for folder in self.watched):
            return
        self.count += 1
        if self.count == self.number:
            self.failed = f"{what} {Path(name).name}"
            self.fail(name)

    def fail(self, name: str) -> None:
        """As the system would."""
        if self.fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == "no memory":
            raise MemoryError
        code = errno.ENOSPC if self.fault == "no space" else errno.EIO
        raise OSError(code, os.strerror(code), name)

    def watch(self) -> None:
        """From here on in this process."""
        import highspy

        sys.addaudithook(lambda event, args: self.called(event, args[0] if args else "") if event in EVENTS else None)
        _before(os, "fsync", lambda *_: self.called("fsync", ""))
        _before(highspy.Highs, "run", lambda *_: self.called("solver", ""))
        _before(highspy.Highs, "solve", lambda *_: self.called("solver", ""))
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
            layer.called("write", path if isinstance(path, (str, bytes, os.PathLike)) else "")
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


def load() -> None:
    """Every room of the program, and what it works with."""
    import quarterhour

    for found in pkgutil.walk_packages(quarterhour.__path__, "quarterhour."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    for name in (
        "folium",
        "matplotlib.pyplot",
        "xlsxwriter",
        "docx",
        "typst",
        "highspy",
        "ortools.sat.python.cp_model",
    ):
        importlib.import_module(name)


def command(arguments: list[str], said: Path) -> int:
    """The command in this process; what it says goes to a file."""
    from quarterhour import cli

    stream = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    sys.argv = ["quarterhour", *arguments]
    try:
        cli.main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def run(asked: dict[str, Any]) -> None:
    """In the fork: the command, one of whose calls fails; how many there were goes into a file."""
    said = Path(asked["said"])
    os.environ["TMPDIR"] = tempfile.tempdir = asked["temp"]
    layer = Layer(asked["watched"], asked["number"], asked["fault"])
    layer.watch()
    code = command(asked["arguments"], said)
    sys.stdout.flush()
    sys.stderr.flush()
    layer.number = -1
    said.with_suffix(".count").write_text(json.dumps([layer.count, layer.failed]), encoding="utf-8")
    os._exit(code)


def main() -> None:
    """Answer until the input ends. The first line is a command that loads the kernels."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    load()
    for line in sys.stdin:
        asked = json.loads(line)
        fork = os.fork() if asked["number"] >= 0 else 0
        if fork == 0 and asked["number"] >= 0:
            run(asked)
        code = command(asked["arguments"], Path(asked["said"])) if not fork else os.waitstatus_to_exitcode(
            os.waitpid(fork, 0)[1]
        )  # fmt: skip
        answers.write(f"{json.dumps(code)}\n")
        answers.flush()


if __name__ == "__main__":
    main()
