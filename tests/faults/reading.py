"""A process that reads files for a test, and is lost instead of it: little memory, a time for each file.

As a program (``python -m faults.reading``) it is that process: a line of JSON in (kind, folder), a line out.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LONGEST_S, PEAK_MB = 20.0, 1_500
MORE_MEMORY_B = 2 << 30
"""So much may be taken beyond what the libraries, once loaded, have of addresses."""


@dataclass(frozen=True)
class Outcome:
    """What became of one file. ``lost``: what went wrong, "" for nothing; ``said``: "read" or the key of an error."""

    said: str
    lost: str = ""


class Reading:
    """A process that reads, started anew when it was lost."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self.home = Path(tempfile.mkdtemp(prefix="mutated."))
        self.folder = self.home / "in"

    def ask(self, kind: str) -> Outcome:
        """Have the files in ``folder`` read."""
        process = self._process or self._start()
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps([kind, str(self.folder)]) + "\n")
        process.stdin.flush()
        if not _comes_back(process):
            return self._gone(f"not back after {LONGEST_S:.0f} s")
        line = process.stdout.readline()
        if not line:
            return self._gone("the process ended")
        return Outcome(**json.loads(line))

    def _start(self) -> subprocess.Popen[str]:
        scratch = self.home / "tmp"
        scratch.mkdir(exist_ok=True)
        own = {
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            "TMPDIR": str(scratch),
            "OPENBLAS_NUM_THREADS": "1",
        }
        with (self.home / "stderr").open("a") as told:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "faults.reading"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env={**os.environ, **own}, stderr=told, cwd=Path(__file__).parents[1],
            )  # fmt: skip
        assert self._process.stdout
        assert self._process.stdout.readline() == "loaded\n"  # loading its libraries is no file's time
        return self._process

    def _gone(self, why: str) -> Outcome:
        process, self._process = self._process, None
        assert process
        code = _end(process)
        said = (self.home / "stderr").read_text("utf-8", "replace")[-300:]
        shutil.rmtree(self.home / "tmp", ignore_errors=True)
        return Outcome("lost", f"{why} ({code}): {said}")

    def close(self) -> None:
        """End the process and clear its folder."""
        if self._process:
            _end(self._process)
        shutil.rmtree(self.home, ignore_errors=True)


def _comes_back(process: subprocess.Popen[str]) -> bool:
    """Whether an answer comes before the process has worked too long, however much else the machine has to do."""
    before = _worked_s(process.pid)
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)  # type: ignore[arg-type]
        for _ in range(10 * int(LONGEST_S)):
            if waiting.select(1):
                return True
            if _worked_s(process.pid) - before > LONGEST_S:
                return False
    return False


def _worked_s(pid: int) -> float:
    """Seconds that a process and those it waited for have had a processor."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(n) for n in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _end(process: subprocess.Popen[str]) -> int:
    process.kill()
    with process:  # closes the pipes
        return process.wait()


def _answer(name: str, folder: Path) -> dict[str, str]:
    from faults.readers import BY_NAME, UNNAMED
    from quarterhour.base.errors import QuarterhourError

    kind = BY_NAME[name]
    before = sorted(str(p) for p in folder.rglob("*"))
    said, lost = "read", ""
    try:
        kind.read(folder / kind.first)
    except QuarterhourError as error:
        said, sentence = error.key, error.sentence("zh")
        if name not in UNNAMED and not any(
            n in sentence and n in error.sentence("en") for n in _names(before, kind.first)
        ):
            lost = f"does not name the file: {sentence}"
    except BaseException as error:
        said, lost = "traceback", _where(error)
    left = sorted(p.name for p in Path(tempfile.gettempdir()).iterdir())
    changed = [Path(p).name for p in sorted(str(p) for p in folder.rglob("*")) if p not in before]
    lost = lost or (f"left {left} {changed}" if left or changed else "")
    return {"said": said, "lost": lost or _peak()}


def _names(paths: list[str], first: str) -> set[str]:
    return {Path(p).name for p in paths} | {first}


def _where(error: BaseException) -> str:
    frames = [f"{Path(f.filename).name}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)][-4:]
    return f"{type(error).__name__}: {str(error)[:120]} at {' > '.join(frames)}"


def _peak() -> str:
    import resource

    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{peak_mb:.0f} MB at the peak" if peak_mb > PEAK_MB else ""


def _serve() -> None:
    import resource
    import warnings

    from faults import readers

    warnings.simplefilter("ignore")
    answers: Any = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    most_b = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + MORE_MEMORY_B
    resource.setrlimit(resource.RLIMIT_AS, (most_b, most_b))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    assert readers.BY_NAME
    answers.write("loaded\n")
    answers.flush()
    for line in sys.stdin:
        name, folder = json.loads(line)
        answers.write(json.dumps(_answer(name, Path(folder))) + "\n")
        answers.flush()


if __name__ == "__main__":
    _serve()
