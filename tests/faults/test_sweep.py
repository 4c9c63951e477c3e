"""Every open, write, fsync, rename, removal and solver call of a run fails once: nothing is lost, nothing half there.

Not a sample: the calls of a run on a small town are numbered, and number 1, 2, 3 ... fails in turn, each in another way
(no space, an I/O error, a kill, no memory); with ``QUARTERHOUR_SWEEP=all`` each in all four. After each the command
ended with a sentence and no traceback, and the next run gives the bytes of one that nothing disturbed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from conftest import write_toy_study
from faults.tally import Tally

FAULTS = ("no space", "I/O error", "kill", "no memory")
PARTS = 4
"""Tests that share the numbers, so that two workers are busy."""
ANEW = ("manifest.json",)
"""Holds the day and the seconds."""


@dataclass
class Town:
    """A study, the folder of its results, and the process that runs it."""

    home: Path
    process: subprocess.Popen[str]
    seen: dict[str, str] = field(default_factory=dict)

    def run(self, number: int = 0, fault: str = "") -> tuple[int, str, int, str]:
        """Exit code, what was said, how many calls were counted, which one failed."""
        said, out = self.home / "said.txt", self.home / "out"
        count = said.with_suffix(".count")
        count.unlink(missing_ok=True)
        arguments = ["run", str(self.home / "toy"), "--out", str(out), "--lang", "en"]
        watched = [str(self.home)]
        code = self.ask(number=number, fault=fault, arguments=arguments, watched=watched)
        counted, failed = json.loads(count.read_text()) if count.exists() else (0, "")
        return code, said.read_text(encoding="utf-8", errors="replace"), counted, failed

    def ask(self, **asked: Any) -> int:
        told = {**asked, "said": str(self.home / "said.txt"), "temp": str(self.home / "temp")}
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(told) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def state(self) -> str:
        """All that lies in the folder of results."""
        digest = hashlib.sha256()
        for path in sorted(p for p in (self.home / "out").rglob("*") if p.is_file()):
            name = path.relative_to(self.home / "out").as_posix()
            told = b"" if path.name in ANEW or name.endswith(".lock") else path.read_bytes()
            digest.update(name.encode() + b"\0" + hashlib.sha256(told).digest())
        return digest.hexdigest()

    def results(self) -> dict[str, str]:
        """Every file a reader sees and its bytes, but for the manifest's day and seconds."""
        found = sorted(p for p in (self.home / "out").iterdir() if p.is_file() and not p.name.startswith("."))
        return {p.name: "" if p.name in ANEW else hashlib.sha256(p.read_bytes()).hexdigest() for p in found}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The toy town without promises, in a process of its own."""
    study = tmp_path / "toy"
    study.mkdir()
    write_toy_study(study)
    toml = (study / "study.toml").read_text(encoding="utf-8")
    (study / "study.toml").write_text(_one_circle(toml), encoding="utf-8")
    (tmp_path / "temp").mkdir()
    path = os.pathsep.join(str(p) for p in sys.path if p)
    environment = {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    command = [sys.executable, str(Path(__file__).with_name("failing.py"))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, encoding="utf-8"
    ) as process:
        made = Town(tmp_path, process)
        # In this process the kernels are loaded; a solver that runs before a fork would not run after it.
        made.ask(number=-1, fault="", watched=[], arguments=["check", str(study), "--out", str(tmp_path / "warm")])
        yield made
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork a run that is loaded")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_call_fails_the_next_run_gives_the_undisturbed_bytes(town: Town, tally: Tally, part: int) -> None:
    code, said, _, _ = town.run()
    assert code == 0, said
    whole = town.results()
    code, said, calls, _ = town.run()  # networks are kept now
    assert town.results() == whole
    assert calls > 100, "the layer counts nothing"
    standing = town.home / "standing"
    shutil.copytree(town.home / "out", standing)
    town.seen[town.state()] = ""
    print(f"{calls} calls, each fails once")
    faults = FAULTS if os.environ.get("QUARTERHOUR_SWEEP") == "all" else None
    for number in range(part + 1, calls + 1, PARTS):
        for fault in faults or (FAULTS[(number // PARTS + part) % len(FAULTS)],):
            code, said, _, failed = town.run(number, fault)
            lost = _wrong_end(code, said, fault) or _lost_after(town, whole)
            tally.count(f"call fails: {fault}", lost=lost and f"{number} of {calls} ({failed}): {lost}")
            if lost or fault == "kill":
                shutil.rmtree(town.home / "out")
                shutil.copytree(standing, town.home / "out")


def _one_circle(toml: str) -> str:
    """The study without promises, with one circle on foot: each call that fails is a run."""
    head, circle, _ = toml.split("[[circles]]")
    alone = circle.replace('compare_modes = ["walk-frail"]\n', "")
    return f"{head}[[circles]]{alone}{toml[toml.index('[[siting]]') :]}"


def _wrong_end(code: int, said: str, fault: str) -> str:
    if "Traceback" in said:
        return f"a traceback: {said.strip().splitlines()[-1][:200]}"
    if fault == "kill":
        return "" if code == -signal.SIGKILL else f"exit {code} after a kill: {said[-200:]}"
    return "" if code in (0, 1) else f"exit {code}: {said[-300:]}"


def _lost_after(town: Town, whole: dict[str, str]) -> str:
    """What is wrong after the next run; a state that was met before is not run again."""
    state = town.state()
    if state not in town.seen:
        code, said, _, _ = town.run()
        found = town.results()
        wrong = sorted(name for name in {*whole, *found} if whole.get(name) != found.get(name))
        left = [p.name for p in (town.home / "out").iterdir() if p.name.startswith(".") and p.is_dir()]
        town.seen[state] = (
            f"exit {code}, differs: {', '.join(wrong)}, left: {left} {said[-200:]}" if wrong or left else ""
        )
    return town.seen[state]
