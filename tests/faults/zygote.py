"""A process that has the program in memory and forks for each run, so that a hundred runs cost their own work alone.

Started by a test (``Zygote``) and spoken to in lines of JSON. In each fork a thin layer numbers every open for
writing, flush, move and removal below one folder (``points``), and at a number that the test names the process kills
itself, before that step.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

_MOVES = ("replace", "rename", "unlink", "rmdir", "fsync")


@dataclass(frozen=True)
class Ended:
    """How a run ended: exit code (negative: the signal), what it printed, its points and its CPU seconds."""

    code: int
    said: str
    points: tuple[str, ...]
    cpu_s: float


class Zygote:
    """The test's end of it."""

    def __init__(self, warm: Sequence[str], log: Path) -> None:
        """``warm``: a first run, which loads what runs need."""
        command = [sys.executable, "-m", "faults.zygote"]
        paths = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "coverage")]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True)
        self._log = log
        done = self.many([list(warm)])[0]
        assert done.code in (0, 1) and "Traceback" not in done.said, done.said

    def run(
        self, *arguments: object, watch: Path | None = None, kill_at: int | None = None, kill_after_cpu_s: float = 0
    ) -> Ended:
        """One run, to its end; killed before its point ``kill_at`` or after so many seconds of its own work."""
        asked = {"watch": str(watch or ""), "at": kill_at, "after": kill_after_cpu_s}
        return self.many([[*map(str, arguments)]], **asked)[0]

    def many(self, runs: list[list[str]], **asked: Any) -> list[Ended]:
        """Runs at once, each to its end."""
        assert self._process.stdin is not None and self._process.stdout is not None
        logs = [f"{self._log}.{place}" for place in range(len(runs))]
        self._process.stdin.write(json.dumps({"runs": runs, "logs": logs, **asked}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the process that forks has ended"
        return [
            Ended(code, Path(log).read_text("utf-8"), tuple(Path(f"{log}.points").read_text("utf-8").splitlines()), cpu)
            for log, (code, cpu) in zip(logs, json.loads(answer), strict=True)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:  # its input ends, so it does
            pass


def _serve() -> None:
    import quarterhour.report.write
    import quarterhour.siting.audit
    import quarterhour.study.run  # noqa: F401

    first = True
    for line in sys.stdin:
        asked = json.loads(line)
        if first:  # in this very process, so that every fork has what it loaded
            first = False
            print(json.dumps([[_command(asked["runs"][0], asked["logs"][0]), 0.0]]), flush=True)
            continue
        begun = [(_forked(run, log, asked), log) for run, log in zip(asked["runs"], asked["logs"], strict=True)]
        ends = []
        for pid, _ in begun:
            _, status, used = os.wait4(pid, 0)
            ends.append([os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime])
        print(json.dumps(ends), flush=True)


def _forked(arguments: list[str], log: str, asked: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        if asked.get("watch"):
            _number(Path(asked["watch"]), asked["at"], Path(f"{log}.points"))
        if asked.get("after"):
            signal.signal(signal.SIGVTALRM, signal.SIG_DFL)  # ends the process as SIGKILL does
            signal.setitimer(signal.ITIMER_VIRTUAL, asked["after"])
        code = _command(arguments, log)
    finally:
        os._exit(code)


def _command(arguments: list[str], log: str) -> int:
    from quarterhour import cli

    Path(f"{log}.points").touch()
    sys.argv = ["quarterhour", *arguments]
    kept = sys.stdout, sys.stderr
    with open(log, "w", encoding="utf-8", buffering=1) as stream:  # noqa: PTH123 - before what is counted
        sys.stdout = sys.stderr = stream
        try:
            cli.main()
        except SystemExit as ended:
            return int(ended.code or 0)
        finally:
            sys.stdout, sys.stderr = kept
    return 0


def _number(folder: Path, kill_at: int | None, told: Path) -> None:
    """From now on each step below the folder has a number, and the process ends before one of them."""
    below, count = str(folder), [0]
    lines = os.open(told, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)

    def step(name: str) -> None:
        if count[0] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)
        count[0] += 1
        os.write(lines, f"{name}\n".encode())

    def counted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(first: Any, *rest: Any, **more: Any) -> Any:
            if name == "fsync":
                step("fsync")
            elif isinstance(first, (str, os.PathLike)) and str(first).startswith(below):
                step(f"{name} {Path(first).name} {Path(rest[0]).name if rest else ''}")
            return call(first, *rest, **more)

        return wrapped

    for name in _MOVES:
        setattr(os, name, counted(name, getattr(os, name)))
    plain = io.open

    def opened(file: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
        if set(mode) & set("wax+") and str(file).startswith(below):
            step(f"open {Path(file).name}")
        return plain(file, mode, *rest, **more)

    io.open = opened  # type: ignore[assignment]


if __name__ == "__main__":
    _serve()
