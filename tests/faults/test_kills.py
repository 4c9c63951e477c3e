"""Runs killed at counted steps and at others: run again gives the undisturbed bytes, and nothing else is touched."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from faults import small_studies
from faults.layer import READS
from faults.tally import Tally
from faults.zygote import Fault, Zygote
from quarterhour.study.siting.answer.kept import FOLDER

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")
FOREIGN = {"notes.txt": "mine", "maps/mine.png": "mine", "prepared/walk/mine.txt": "mine", "plans/mine.json": "{}"}
"""Files of a planner's own in a folder of results."""
AIMED, ELSEWHERE, BY_TIME = 14, 8, 4
"""Kills of each study: from the one rename on, at other steps, after some share of the run's own seconds."""


@dataclass
class World:
    """A study with two questions, and their results as undisturbed runs write them."""

    zygote: Zygote
    studies: Path
    earlier: Path
    whole: Path
    points: tuple[str, ...]
    cpu_s: float


def run(world: World, out: Path, question: str = "near") -> tuple[object, ...]:
    return ("run", world.studies / question, "--out", out, "--quiet", "--lang", "en")


def held(folder: Path) -> dict[str, bytes]:
    """Every file but the manifest, whatever is hidden too: of a killed run nothing stays.

    Kept answers by name alone: like the manifest they hold the seconds of their search.
    """
    named = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    timed = f"prepared/{FOLDER}/"
    return {n: b"" if n.startswith(timed) else p.read_bytes() for n, p in named.items() if n != "manifest.json"}


def manifest(folder: Path) -> dict[str, object]:
    """What of a manifest is the same in each run."""
    whole = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return {k: v for k, v in whole.items() if k not in ("day", "seconds", "plans", "seal")}


@pytest.fixture(scope="module", params=["liechtenstein", "wuhan"])
def world(
    request: pytest.FixtureRequest, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    home = tmp_path_factory.mktemp(request.param)
    studies = getattr(small_studies, request.param)(shared_data, home / "studies")
    earlier, whole = home / "earlier", home / "whole"
    with Zygote(["run", str(studies / "wide"), "--out", str(earlier), "--quiet"], home / "zygote") as zygote:
        made = World(zygote, studies, earlier, whole, (), 0)
        for name, text in FOREIGN.items():
            path = earlier / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        shutil.copytree(earlier, whole)
        ended = zygote.run(*run(made, whole), fault=Fault((str(whole),)))
        assert ended.code in (0, 1) and (whole / "plans" / "near.json").is_file(), ended.said
        assert {name: (whole / name).read_text(encoding="utf-8") for name in FOREIGN} == FOREIGN
        yield World(zygote, studies, earlier, whole, ended.points, ended.cpu_s)


def chosen(points: tuple[str, ...]) -> list[int]:
    """Steps to be killed before: around the moves many, before them some, evenly."""
    steps = [place for place, name in enumerate(points) if not name.startswith(READS)]
    ready = next(step for step, place in enumerate(steps) if points[place].endswith(".quarterhour.ready"))
    return [steps[step] for step in (*_even(ready, len(steps), AIMED), *_even(0, ready, ELSEWHERE))]


def _even(low: int, high: int, count: int) -> list[int]:
    return sorted({low + (high - low - 1) * i // (count - 1) for i in range(count)})


def trouble(world: World, out: Path) -> str:
    """What a kill has cost: after it the folder is whole or says what to do; run again, it is as if undisturbed."""
    between = world.zygote.run("verify", out, "--lang", "en")
    if between.code and ("Traceback" in between.said or len(between.said.strip().splitlines()) > 3):
        return f"verify between: {between.said}"
    ended = world.zygote.run(*run(world, out))
    if ended.code not in (0, 1) or "Traceback" in ended.said:
        return f"run again: {ended.said}"
    now, wanted = held(out), held(world.whole)
    if now != wanted:
        differ = sorted(n for n in now.keys() | wanted.keys() if now.get(n) != wanted.get(n))
        return f"differ: {', '.join(differ)}"
    if manifest(out) != manifest(world.whole):
        return "another manifest"
    after = world.zygote.run("verify", out, "--lang", "en")
    return f"verify at the end: {after.said}" if after.code else ""


def test_a_killed_run_is_as_if_it_had_never_been(world: World, tmp_path: Path, tally: Tally) -> None:
    for place in chosen(world.points):
        out = tmp_path / f"at-{place}"
        shutil.copytree(world.earlier, out)
        ended = world.zygote.run(*run(world, out), fault=Fault((str(out),), at=place))
        assert ended.code == -9, ended
        lost = trouble(world, out)
        tally.count("kill at a step", lost=lost and f"before {place} ({world.points[place]}): {lost}")
        shutil.rmtree(out)


def test_a_run_killed_at_any_time_is_as_if_it_had_never_been(world: World, tmp_path: Path, tally: Tally) -> None:
    for part in range(1, BY_TIME + 1):
        out = tmp_path / f"after-{part}"
        shutil.copytree(world.earlier, out)
        fault = Fault(kill_after_cpu_s=0.9 * world.cpu_s * part / (BY_TIME + 1))
        world.zygote.run(*run(world, out), fault=fault)
        lost = trouble(world, out)
        tally.count("kill at a time", lost=lost and f"after {part} of {BY_TIME + 1}: {lost}")
        shutil.rmtree(out)
