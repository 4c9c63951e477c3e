"""A scheduler and its workers as processes of their own, as three office computers have them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from quarterhour.base.machine.scratch import is_alive

ROOT = Path(__file__).resolve().parents[2]
PATHS = (ROOT / "coverage", ROOT / "tests")
PATIENCE_S = 120
"""After which whatever is waited for does not come."""


class Machines:
    """Processes of dask on this machine: one scheduler, and workers with one thread each; all end with the block."""

    def __init__(self, home: Path, *, paths: tuple[Path, ...] = PATHS) -> None:
        self.home, self.paths, self._held = home, paths, ExitStack()
        self.file = home / "scheduler.json"
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, program: str, *arguments: object, paths: tuple[Path, ...] = ()) -> subprocess.Popen[bytes]:
        """``dask scheduler`` or ``dask worker``; what it says goes to a file beside the scheduler's."""
        said = self._held.enter_context((self.home / f"{program}-{len(self.processes)}.txt").open("wb"))
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths or self.paths))}
        env["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] = "1"  # of three, the third tells nothing more
        made = subprocess.Popen(
            [sys.executable, "-m", "dask", program, "--no-dashboard", *map(str, arguments)],
            cwd=self.home, env=env, stdout=said, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.processes.append(made)
        return made

    def scheduler(self, port: int = 0) -> subprocess.Popen[bytes]:
        """A scheduler, once its file is written."""
        self.file.unlink(missing_ok=True)
        made = self.start("scheduler", "--host", "127.0.0.1", "--port", port, "--scheduler-file", self.file)
        until(lambda: self.file.exists() and bool(self.file.read_bytes()))
        return made

    def workers(self, count: int, *, memory: str = "1GB", paths: tuple[Path, ...] = ()) -> subprocess.Popen[bytes]:
        """One command that keeps so many workers alive."""
        return self.start(
            "worker", "--scheduler-file", self.file, "--nworkers", count, "--nthreads", 1, "--memory-limit", memory,
            "--local-directory", self.home, paths=paths,
        )  # fmt: skip

    @property
    def address(self) -> str:
        """Of the scheduler."""
        return str(json.loads(self.file.read_text(encoding="utf-8"))["address"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for made in reversed(self.processes):
            made.send_signal(signal.SIGTERM if made.poll() is None else 0)
        for made in reversed(self.processes):
            try:
                made.wait(20)
            except subprocess.TimeoutExpired:
                made.kill()
                made.wait()
        self._held.close()


def until(true: object) -> None:
    """Wait until something is so, which it is sooner or later."""
    assert callable(true)
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.02)


def gone(*pids: int) -> None:
    """Wait until processes have ended."""
    until(lambda: not any(map(is_alive, pids)))
