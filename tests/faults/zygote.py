"""A process that has the program in memory and forks for each run, so that a hundred runs cost their own work alone.

Started by a test (``Zygote``) and spoken to in lines of JSON. In each fork ``faults.layer`` numbers the calls to the
system below watched folders, and lets the one whose number the test names fail, or end the process there.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

LIBRARIES = ("folium", "matplotlib.pyplot", "xlsxwriter", "docx", "typst", "highspy", "ortools.sat.python.cp_model")
SECONDS = 120
"""Of a processor, after which a run has hung."""


@dataclass(frozen=True)
class Fault:
    """What happens to a run: at call ``at`` (from 0) of those below ``watch``, or after seconds of its own work.

    ``what``: as ``faults.layer.Layer`` takes it; ``writes``: whether each write of a file is a call.
    ``tiles``: travel times in small tiles, and what happens to them (``faults.tiles.Happens`` as text).
    """

    watch: tuple[str, ...] = ()
    at: int | None = None
    what: str = "SIGKILL"
    writes: bool = False
    tiles: str = ""
    kill_after_cpu_s: float = 0


@dataclass(frozen=True)
class Ended:
    """How a run ended: exit code (negative: the signal), what it printed, its calls and its CPU seconds."""

    code: int
    said: str
    points: tuple[str, ...]
    cpu_s: float


class Zygote:
    """The test's end of it."""

    def __init__(self, warm: Sequence[object], home: Path) -> None:
        """``warm``: a first run, which loads what runs need; ``home``: where what runs say and what is temporary go."""
        home.mkdir(parents=True, exist_ok=True)
        self.temp = home / "temp"
        self.temp.mkdir()
        self._home = home
        paths = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "coverage")]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "faults.zygote"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**env, "TMPDIR": str(self.temp)}, encoding="utf-8",
        )  # fmt: skip
        done = self.run(*warm)
        assert done.code in (0, 1) and "Traceback" not in done.said, done.said

    def run(self, *arguments: object, fault: Fault | None = None, temp: Path | None = None) -> Ended:
        """One run, to its end; ``temp``: a folder of its own for what is temporary."""
        return self.many([arguments], fault=fault, temp=temp)[0]

    def many(
        self, runs: Sequence[Sequence[object]], *, fault: Fault | None = None, temp: Path | None = None
    ) -> list[Ended]:
        """Runs at once, each to its end."""
        assert self._process.stdin is not None and self._process.stdout is not None
        logs = [self._home / f"said-{place}.txt" for place in range(len(runs))]
        asked = {
            "runs": [list(map(str, run)) for run in runs], "logs": list(map(str, logs)),
            "temp": str(temp or self.temp), "fault": fault and asdict(fault),
        }  # fmt: skip
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the process that forks has ended"
        ends = [_ended(log, code, cpu_s) for log, (code, cpu_s) in zip(logs, json.loads(answer), strict=True)]
        return ends

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:  # its input ends, so it does
            pass


def _ended(log: Path, code: int, cpu_s: float) -> Ended:
    points = _points(log)
    lines = points.read_text(encoding="utf-8").splitlines() if points.exists() else []
    return Ended(code, log.read_text(encoding="utf-8", errors="replace"), tuple(lines), cpu_s)


def _points(log: Path) -> Path:
    return log.with_suffix(".points")


def _serve() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup, the runs do not
    _load()
    first = True
    for line in sys.stdin:
        asked = json.loads(line)
        runs = list(zip(asked["runs"], asked["logs"], strict=True))
        # The first in this very process, so that every fork has what it loaded.
        ends = [(_command(*runs[0]), 0.0)] if first else [_waited(pid) for pid in [_forked(*r, asked) for r in runs]]
        if first:
            gc.freeze()  # a fork that looks through what was loaded would copy all of it
            first = False
        print(json.dumps(ends), file=answers, flush=True)


def _load() -> None:
    """Every room of the program, and what it works with."""
    import quarterhour

    rooms = [found.name for found in pkgutil.walk_packages(quarterhour.__path__, "quarterhour.")]
    for name in (*(room for room in rooms if not room.endswith("__main__")), *LIBRARIES):
        importlib.import_module(name)


def _waited(pid: int) -> tuple[int, float]:
    _, status, used = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime


def _forked(arguments: list[str], log: str, asked: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        _points(Path(log)).unlink(missing_ok=True)
        os.environ["TMPDIR"] = tempfile.tempdir = asked["temp"]
        code = _command(arguments, log, Fault(**(asked["fault"] or {})))
    finally:
        os._exit(code)


def _command(arguments: list[str], log: str, fault: Fault | None = None) -> int:
    """The command in this process; what it says goes to a file."""
    from quarterhour import cli

    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number in (1, 2):
        os.dup2(stream, number)
    os.close(stream)
    sys.argv = ["quarterhour", *arguments]
    if fault is not None:
        _hit(fault, _points(Path(log)))
    try:
        cli.main()
    except SystemExit as ended:
        return int(ended.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _hit(fault: Fault, told: Path) -> None:
    """From now on in this process."""
    import resource

    from faults.layer import Layer

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    if fault.watch:
        Layer(fault.watch, told, at=fault.at, fault=fault.what).watch(writes=fault.writes)
    if fault.tiles:
        from faults.tiles import Counted, Happens

        happens = Happens(**json.loads(fault.tiles))
        Counted(happens, {happens.at})
    if fault.kill_after_cpu_s:
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)  # ends the process as SIGKILL does
        signal.setitimer(signal.ITIMER_VIRTUAL, fault.kill_after_cpu_s)


if __name__ == "__main__":
    _serve()
