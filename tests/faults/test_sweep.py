"""Every open, write, fsync, rename, removal and solver call of a run fails once: nothing is lost, nothing half there.

Not a sample: the calls of a run on a small town are numbered, and number 1, 2, 3 ... fails in turn, each in another way
(no space, an I/O error, a kill, no memory); with ``QUARTERHOUR_SWEEP=all`` each in all four. After each the command
ended with a sentence and no traceback, and the next run gives the bytes of one that nothing disturbed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from conftest import write_toy_study
from faults.tally import Tally
from faults.zygote import Ended, Fault, Zygote

FAULTS = ("no space", "I/O error", "SIGKILL", "no memory")
PARTS = 4
"""Tests that share the numbers, so that two workers are busy."""
ANEW = ("manifest.json",)
"""Holds the day and the seconds."""


@dataclass
class Town:
    """A study, the folder of its results, and the process that runs it."""

    home: Path
    zygote: Zygote
    seen: dict[str, str] = field(default_factory=dict)

    def run(self, at: int | None = None, what: str = "") -> Ended:
        """To its end, or to what happens at call ``at``."""
        toy, out = self.home / "toy", self.home / "out"
        fault = Fault((str(toy), str(out), str(self.zygote.temp)), at=at, what=what, writes=True)
        return self.zygote.run("run", toy, "--out", out, "--lang", "en", fault=fault)

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
    # In its process the kernels are loaded; a solver that runs before a fork would not run after it.
    with Zygote(["check", study, "--out", tmp_path / "warm"], tmp_path / "zygote") as zygote:
        yield Town(tmp_path, zygote)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork a run that is loaded")
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_call_fails_the_next_run_gives_the_undisturbed_bytes(town: Town, tally: Tally, part: int) -> None:
    first = town.run()
    assert first.code == 0, first.said
    whole = town.results()
    second = town.run()  # networks are kept now
    assert town.results() == whole
    calls = len(second.points)
    assert calls > 100, "the layer counts nothing"
    standing = town.home / "standing"
    shutil.copytree(town.home / "out", standing)
    town.seen[town.state()] = ""
    print(f"{calls} calls, each fails once")
    faults = FAULTS if os.environ.get("QUARTERHOUR_SWEEP") == "all" else None
    for at in range(part, calls, PARTS):
        for fault in faults or (FAULTS[(at // PARTS + part) % len(FAULTS)],):
            ended = town.run(at, fault)
            lost = _wrong_end(ended.code, ended.said, fault) or _lost_after(town, whole)
            tally.count(f"call fails: {fault}", lost=lost and f"{at} of {calls} ({_call(ended, at)}): {lost}")
            if lost or fault == "SIGKILL":
                shutil.rmtree(town.home / "out")
                shutil.copytree(standing, town.home / "out")


def _call(ended: Ended, at: int) -> str:
    return "".join(ended.points[at : at + 1]) or "none"


def _one_circle(toml: str) -> str:
    """The study without promises, with one circle on foot: each call that fails is a run."""
    head, circle, _ = toml.split("[[circles]]")
    alone = circle.replace('compare_modes = ["walk-frail"]\n', "")
    return f"{head}[[circles]]{alone}{toml[toml.index('[[siting]]') :]}"


def _wrong_end(code: int, said: str, fault: str) -> str:
    if "Traceback" in said:
        return f"a traceback: {said.strip().splitlines()[-1][:200]}"
    if fault == "SIGKILL":
        return "" if code == -signal.SIGKILL else f"exit {code} after a kill: {said[-200:]}"
    return "" if code in (0, 1) else f"exit {code}: {said[-300:]}"


def _lost_after(town: Town, whole: dict[str, str]) -> str:
    """What is wrong after the next run; a state that was met before is not run again."""
    state = town.state()
    if state not in town.seen:
        ended = town.run()
        found = town.results()
        wrong = sorted(name for name in {*whole, *found} if whole.get(name) != found.get(name))
        left = [p.name for p in (town.home / "out").iterdir() if p.name.startswith(".") and p.is_dir()]
        town.seen[state] = (
            f"exit {ended.code}, differs: {', '.join(wrong)}, left: {left} {ended.said[-200:]}" if wrong or left else ""
        )
    return town.seen[state]
