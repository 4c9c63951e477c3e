"""The circles of the embedded study while workers, or the run itself, are killed at tiles drawn by a seed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faults.machines import PATHS, gone
from faults.tally import Tally
from faults.tiles import Counted, Happens
from faults.weihai import SOURCES, circles
from quarterhour.io.answer_store.rows import FOLDER
from quarterhour.io.cluster import workers
from quarterhour.io.cluster.workers import Workers, workers_at
from quarterhour.study.new_study import demo_folder

pytest.importorskip("distributed", reason="distributed is absent: install the extra `cluster`")
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no SIGKILL and cannot fork"),
    pytest.mark.skipif(not (demo_folder() / "study.toml").is_file(), reason="the embedded study is not in this tree"),
]
WORKER_KILLS, RUNS, RUN_KILLS = 20, 5, 10
SEED = 19


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The circles by nobody else."""
    return circles(tmp_path_factory.mktemp("alone"), "none")


@pytest.fixture(scope="module")
def two() -> Iterator[Workers]:
    """Two processes of this machine, for all runs in this one."""
    with workers_at("local:2") as found:
        yield found


def spread(folder: Path, held: Workers, kill: Any = None, at: Collection[int] = ()) -> tuple[dict[str, bytes], int]:
    """The circles by these workers, in small tiles; and how many tiles came."""

    @contextmanager
    def there(_: str) -> Iterator[Workers]:
        yield held

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "workers_at", there)
        counted = Counted(kill, at, patch.setattr, size=SOURCES)
        return circles(folder, "local:2"), counted.come


@pytest.fixture(scope="module")
def drawn(alone: dict[str, bytes], two: Workers, tmp_path_factory: pytest.TempPathFactory) -> list[int]:
    """Counts of tiles at which something happens, as a seed draws them from all that come when nothing does."""
    found, tiles = spread(tmp_path_factory.mktemp("drawn"), two)
    assert found == alone and tiles > 2 * WORKER_KILLS
    return [int(at) for at in np.random.default_rng(SEED).choice(tiles, WORKER_KILLS + RUN_KILLS, replace=False) + 1]


def test_workers_killed_on_the_way_change_no_byte_of_the_circles(
    alone: dict[str, bytes], two: Workers, drawn: list[int], tmp_path: Path, tally: Tally
) -> None:
    for run in range(RUNS):
        at, killed = drawn[run:WORKER_KILLS:RUNS], list[int]()

        def kill(client: Any, killed: list[int] = killed) -> None:
            killed += sorted(client.run(os.getpid).values())[:1]
            os.kill(killed[-1], signal.SIGKILL)

        found, _ = spread(tmp_path / str(run), two, kill, at)
        assert len(killed) == len(at)
        for moment in at:
            tally.count("worker killed, Weihai", lost="" if found == alone else f"at one of the tiles {moment}")
        gone(*killed)


def test_a_run_killed_on_the_way_is_made_good_and_no_tile_is_done_twice(
    alone: dict[str, bytes], two: Workers, drawn: list[int], tmp_path: Path, tally: Tally
) -> None:
    for at in drawn[WORKER_KILLS:]:
        folder, told = tmp_path / str(at), tmp_path / f"pids-{at}"
        asked = [sys.executable, "-m", "faults.weihai", Happens(at, told=str(told)).text(), str(folder), "local:2"]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, PATHS))}
        # no test waits for this: it ends a run that hangs, which is a failure
        ended = subprocess.run(asked, env=env, check=False, capture_output=True, text=True, timeout=1200)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        gone(*json.loads(told.read_text(encoding="utf-8")))
        before = kept(folder)
        assert len(before) >= at
        found, _ = spread(folder, two)
        lost = "" if found == alone else f"at tile {at}: differ"
        lost = lost or ("" if before.items() <= kept(folder).items() else f"at tile {at}: tiles were done twice")
        tally.count("run killed, Weihai", lost=lost)
        shutil.rmtree(folder)


def kept(folder: Path) -> dict[str, int]:
    """The files of tiles that were done, each with the number that a file has when it is written anew."""
    return {path.name: path.stat().st_ino for path in (folder / FOLDER).glob("*.npz")}
