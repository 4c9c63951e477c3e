"""SIGTERM, SIGHUP and Ctrl-C at counted points of a run: exit, words, folders, the kept plan, the bytes of the next."""

from __future__ import annotations

import hashlib
import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import write_toy_study
from faults.tally import Tally
from faults.zygote import Ended, Fault, Zygote
from quarterhour.base.machine.scratch import is_alive
from quarterhour.study.siting.answer.kept import FOLDER

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for another process")
TRIALS = 28
"""Of every seven five are SIGTERM: twenty."""


def content(out: Path) -> dict[str, str]:
    """Every file of a results folder but the day's manifest, and the lock, by its fingerprint.

    Kept answers by name alone: like the manifest they hold the seconds of their search.
    """
    files = [p for p in out.rglob("*") if p.is_file() and p.name not in ("manifest.json", ".quarterhour.lock")]
    timed = {p for p in files if p.parent.name == FOLDER}
    return {str(p.relative_to(out)): "" if p in timed else hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def left_over(home: Path) -> list[str]:
    """Temporary folders of a trial that are still there."""
    hidden = [p for p in (home / "out").rglob(".*") if p.name != ".quarterhour.lock"]
    return [str(p) for p in [*hidden, *(home / "temp").iterdir()]]


def wrong(home: Path, ended: Ended, number: int) -> str:
    """What is not as promised of a run that was asked to end; "" where all is."""
    found = [
        f"exit {ended.code}" if ended.code != 128 + number else "",
        "traceback" if "Traceback" in ended.said or "Exception ignored" in ended.said else "",
        "not told" if sum(line.startswith("stopped.") for line in ended.said.splitlines()) != 1 else "",
        f"left {left}" if (left := left_over(home)) else "",
    ]
    return ", ".join(filter(None, found))


def test_a_signal_at_any_point_loses_nothing(tmp_path: Path, tally: Tally) -> None:
    (tmp_path / "toy").mkdir()
    study = write_toy_study(tmp_path / "toy")
    with Zygote(["check", study, "--out", tmp_path / "warm"], tmp_path / "zygote") as zygote:

        def run(home: Path, at: int | None = None, what: str = "") -> Ended:
            (home / "temp").mkdir(parents=True, exist_ok=True)
            fault = Fault((str(home / "out"), str(home / "temp"), str(study)), at=at, what=what)
            return zygote.run("run", study, "--out", home / "out", "--lang", "en", fault=fault, temp=home / "temp")

        whole = run(tmp_path / "whole")
        points, wanted = len(whole.points), content(tmp_path / "whole" / "out")
        assert whole.code == 0 and points > TRIALS, whole
        signals = itertools.cycle([*[signal.SIGTERM] * 5, signal.SIGHUP, signal.SIGINT])
        for place in range(TRIALS):
            home, number, at = tmp_path / str(place), next(signals), place * points // TRIALS
            lost = [wrong(home, run(home, at, number.name), number)]
            plan = home / "out" / "plans" / "centres.json"
            if plan.exists() and zygote.run("verify", plan).code != 0:
                lost.append("the kept plan does not hold")
            if run(home).code != 0 or content(home / "out") != wanted:
                lost.append("other bytes when run again")
            told = "; ".join(filter(None, lost))
            tally.count(number.name, lost=told and f"point {at} of {points} ({whole.points[at]}): {told}")


WORKERS = """
import sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from quarterhour.base.machine.stop import deaf, end_with_parent

def work():
    import os
    return os.getpid()

if __name__ == "__main__":
    pool = ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=end_with_parent)
    with deaf():
        found = [pool.submit(work) for _ in range(8)]
    print(*{each.result() for each in found}, flush=True)
    time.sleep(600)
"""


def test_processes_that_draw_end_with_the_one_they_draw_for(tmp_path: Path, tally: Tally) -> None:
    """Also where that one is killed and can tell them nothing; a signal to all of the group is heard by it alone."""
    script = tmp_path / "workers.py"
    script.write_text(WORKERS, encoding="utf-8")
    for number in (signal.SIGKILL, signal.SIGTERM):
        with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}) as parent:  # fmt: skip
            assert parent.stdout is not None and parent.stderr is not None
            workers = [int(pid) for pid in parent.stdout.readline().split()]
            os.kill(workers[0], signal.SIGINT)
            parent.send_signal(number)
            parent.wait()
            until = time.monotonic() + 20
            while any(map(is_alive, workers)) and time.monotonic() < until:
                time.sleep(0.05)
            alive = [pid for pid in workers if is_alive(pid)]
        tally.count("processes that draw", lost=f"{number!r}: {alive} go on" if alive else "")
