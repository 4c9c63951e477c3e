"""Commands of one study, each in a process forked from one that has loaded the libraries, hit at a counted point.

``python -m faults.forked TRIALS.json`` runs one trial after the other and prints a line of JSON for each. A point is an
event of the system about a file of the trial: opened, made, moved, taken away. Given a number, that event is the one at
which the process sends itself a signal; without one the events are counted. As a module it knows nothing of pytest.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

EVENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "sqlite3.connect")
LOADED = ("pandas", "geopandas", "scipy.optimize", "highspy", "numba", "xlsxwriter", "docx", "matplotlib.pyplot",
          "quarterhour.report.write", "quarterhour.report.console", "quarterhour.study.run", "quarterhour.study.study",
          "quarterhour.siting.audit")  # fmt: skip
SECONDS = 120
"""Of a processor, after which a trial has hung."""


def main(trials: str) -> None:
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup, the trials do not
    for name in LOADED:
        importlib.import_module(name)
    for trial in json.loads(Path(trials).read_text(encoding="utf-8")):
        pid = os.fork()
        if pid == 0:
            _run(trial)
        _, status = os.waitpid(pid, 0)
        told = {"code": os.waitstatus_to_exitcode(status), "points": _points(trial)}
        print(json.dumps(told), flush=True)


def _points(trial: dict[str, Any]) -> int:
    file = Path(trial["told"] + ".points")
    return int(file.read_text(encoding="utf-8")) if file.exists() else 0


def _run(trial: dict[str, Any]) -> None:
    code = 70
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(f"{trial['told']}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        tempfile.tempdir = trial["temp"]
        sys.argv = ["quarterhour", *trial["words"]]
        from quarterhour import cli

        counted = _count(trial)
        try:
            cli.main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        if not trial.get("at"):
            Path(trial["told"] + ".points").write_text(str(counted[0]), encoding="utf-8")
    finally:
        os._exit(code)


def _count(trial: dict[str, Any]) -> list[int]:
    counted, places = [0], tuple(trial["places"])

    def hear(event: str, given: tuple[Any, ...]) -> None:
        if event not in EVENTS or not given or not str(given[0]).startswith(places):
            return
        counted[0] += 1
        if counted[0] == trial.get("at"):
            os.kill(os.getpid(), trial["signal"])

    sys.addaudithook(hear)
    return counted


if __name__ == "__main__":
    main(sys.argv[1])
