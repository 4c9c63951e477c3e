"""Every kernel of a whole run, kept on disk and then damaged: the run goes on, heals, and gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from faults.tally import Tally
from faults.towns import contents, run, write_town
from quarterhour.base.jit import COMPILED

pytestmark = pytest.mark.skipif(not COMPILED, reason="numba is not on this machine")

_RUNS, _FILES = 5, 12


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[Path, np.random.Generator], object]] = {
    "truncated": lambda path, rng: path.write_bytes(path.read_bytes()[: rng.integers(max(path.stat().st_size, 1))]),
    "empty": lambda path, _: path.write_bytes(b""),
    "flipped": lambda path, rng: _flip(path, rng),
    "garbage": lambda path, rng: path.write_bytes(rng.bytes(500)),
    "folder": lambda path, _: _folder(path),
    "gone": lambda path, _: path.unlink(),
    "another file": lambda path, rng: path.write_bytes(rng.choice(_kept_in(path.parent)).read_bytes()),
}


def _kept_in(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.glob("*.nb?")) if p.is_file()]


def _flip(path: Path, rng: np.random.Generator) -> None:
    kept = bytearray(path.read_bytes())
    if kept:
        kept[rng.integers(len(kept))] ^= 1 << int(rng.integers(8))
    path.write_bytes(kept)


def test_damaged_kernels_of_a_whole_run_heal(tmp_path: Path, tally: Tally) -> None:
    study, cache, rng = write_town(tmp_path / "town", "cover"), tmp_path / "cache", np.random.default_rng(11)
    first = run(study, tmp_path / "first", cache)
    assert first.returncode == 0, first.stderr
    wanted = contents(tmp_path / "first")
    for turn in range(_RUNS):
        files = [p for p in sorted(cache.rglob("*.nb?")) if p.is_file()]
        hit = [(files[k], str(rng.choice(sorted(DAMAGES)))) for k in rng.choice(len(files), _FILES, replace=False)]
        for path, kind in hit:
            DAMAGES[kind](path, rng)
        done = run(study, tmp_path / f"out-{turn}", cache)
        same = done.returncode == 0 and contents(tmp_path / f"out-{turn}") == wanted
        why = "" if same else f"exit {done.returncode}: {done.stderr[-200:]}"
        for path, kind in hit:
            tally.count(f"kernel cache, {kind}", lost=why and f"{path.name}: {why}")
    last = run(study, tmp_path / "last", cache)
    assert "torn" not in last.stderr


def test_a_cache_that_cannot_be_written_ends_no_run(tmp_path: Path, tally: Tally) -> None:
    study, cache = write_town(tmp_path / "town", "time"), tmp_path / "cache"
    cache.write_text("no folder")
    done = run(study, tmp_path / "out", cache)
    tally.count("kernel cache, not a folder", lost="" if done.returncode == 0 else done.stderr[-300:])
