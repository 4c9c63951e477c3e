"""SIGTERM, SIGHUP and Ctrl-C at counted points of a run: exit, words, folders, the kept plan, the bytes of the next."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import write_toy_study
from faults.tally import Tally
from quarterhour.base.machine.scratch import is_alive

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for another process")
TRIALS = 24
ROOT = Path(__file__).resolve().parents[1]


def of(home: Path, study: Path, words: list[object], **hit: int) -> dict[str, Any]:
    """A trial as ``faults.forked`` takes it; ``home``: its own folder."""
    (home / "temp").mkdir(parents=True, exist_ok=True)
    told = home / f"told{len(list(home.glob('*.err')))}"
    told.with_suffix(".err").touch()
    places = [str(home / "out"), str(home / "temp"), str(study)]
    return {"words": [*map(str, words)], "temp": str(home / "temp"), "places": places, "told": str(told), **hit}


def forked(folder: Path, trials: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """How each trial ended, and what it said on standard error."""
    file = folder / "trials.json"
    file.write_text(json.dumps(trials), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-m", "faults.forked", str(file)], capture_output=True, text=True, check=True, env=environment
    )
    ended = [json.loads(line) for line in done.stdout.splitlines()]
    for trial, end in zip(trials, ended, strict=True):
        end["err"] = Path(trial["told"] + ".err").read_text(encoding="utf-8")
    return ended


def content(out: Path) -> dict[str, str]:
    """Every file of a results folder but the day's manifest, and the lock, by its fingerprint."""
    files = [p for p in out.rglob("*") if p.is_file() and p.name not in ("manifest.json", ".quarterhour.lock")]
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def left_over(home: Path) -> list[str]:
    """Temporary folders of a trial that are still there."""
    hidden = [p for p in (home / "out").rglob(".*") if p.name != ".quarterhour.lock"]
    return [str(p) for p in [*hidden, *(home / "temp").iterdir()]]


def wrong(home: Path, end: dict[str, Any], number: int) -> str:
    """What is not as promised of a run that was asked to end; "" where all is."""
    said = end["err"].splitlines()
    found = [
        f"exit {end['code']}" if end["code"] != 128 + number else "",
        "traceback" if "Traceback" in end["err"] or "Exception ignored" in end["err"] else "",
        "not told" if sum(line.startswith("stopped.") for line in said) != 1 else "",
        f"left {left}" if (left := left_over(home)) else "",
    ]
    return ", ".join(filter(None, found))


@pytest.mark.timeout(3600)
def test_a_signal_at_any_point_loses_nothing(tmp_path: Path, tally: Tally) -> None:
    (tmp_path / "toy").mkdir()
    study = write_toy_study(tmp_path / "toy")
    homes = [tmp_path / str(place) for place in range(TRIALS + 1)]

    def run(home: Path, **hit: int) -> dict[str, Any]:
        return of(home, study, ["run", study, "--out", home / "out", "--lang", "en"], **hit)

    whole = forked(tmp_path, [run(homes[0])])[0]
    assert whole["code"] == 0 and whole["points"] > TRIALS, whole
    signals = itertools.cycle([signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
    hits = [(1 + place * whole["points"] // TRIALS, int(next(signals))) for place in range(TRIALS)]
    ended = forked(tmp_path, [run(h, at=at, signal=n) for h, (at, n) in zip(homes[1:], hits, strict=True)])
    found = [wrong(home, end, number) for home, end, (_, number) in zip(homes[1:], ended, hits, strict=True)]
    plans = [home for home in homes[1:] if (home / "out" / "plans" / "centres.json").exists()]
    kept = forked(tmp_path, [of(h, study, ["verify", h / "out" / "plans" / "centres.json"]) for h in plans])
    again = forked(tmp_path, [run(home) for home in homes[1:]])
    for home, (at, number), lost, end in zip(homes[1:], hits, found, again, strict=True):
        bad = home in plans and kept[plans.index(home)]["code"] != 0
        other = end["code"] != 0 or content(home / "out") != content(homes[0] / "out")
        told = [lost, "the kept plan does not hold" if bad else "", "other bytes when run again" if other else ""]
        lost = "; ".join(filter(None, told))
        tally.count(signal.Signals(number).name, lost=lost and f"point {at} of {whole['points']}: {lost}")


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
