"""Workers, schedulers and runs that are killed on the way, starved, or of another program: same bytes, or told why."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from command import quarterhour
from faults.machines import PATHS, ROOT, Machines, gone, until
from faults.tally import Tally
from faults.tiles import Counted, Happens, hungry_rows
from faults.towns import write_town
from faults.zygote import Fault, Zygote
from quarterhour.base.errors import DataError
from quarterhour.io.answer_store.rows import FOLDER
from quarterhour.io.cluster import workers
from quarterhour.io.cluster.workers import Workers, workers_at
from quarterhour.travel.tiles import spread

pytest.importorskip("distributed", reason="distributed is absent: install the extra `cluster`")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no SIGKILL and cannot fork")
WORKER_KILLS, RUNS, RUN_KILLS = 20, 5, 10
MARK = "QUARTERHOUR_FAULTS_RUN"
CIRCLE = """
[[circles]]
id = "care"
zh = "圈"
en = "circle"
kinds = ["day_care"]
mode = "walk"
minutes = 12
heading = "to_site"
people = "older"
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A town with a circle, a siting question and eight centres."""
    folder = write_town(tmp_path_factory.mktemp("town") / "study", "fewest")
    with (folder / "study.toml").open("a", encoding="utf-8") as text:
        text.write(CIRCLE)
    with (folder / "facilities.csv").open("a", encoding="utf-8") as rows:
        rows.writelines(f"d{i},日间照料{i},day_care,{400_000 + 300 * i},{4_150_700}\n" for i in range(7))
    return folder


@pytest.fixture(scope="module")
def whole(study: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run that nothing happens to, by nobody else."""
    out = tmp_path_factory.mktemp("whole") / "out"
    done = quarterhour("run", study, "--out", out, "--quiet", "--lang", "en")
    assert done.returncode == 0, done.stderr
    return files(out)


@pytest.fixture(scope="module")
def two() -> Iterator[Workers]:
    """Two processes of this machine, for all runs in this one."""
    with workers_at("local:2") as found:
        yield found


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """A scheduler and two workers with little memory."""
    with Machines(tmp_path_factory.mktemp("machines")) as made:
        made.scheduler()
        made.workers(2)
        yield made


def files(out: Path) -> dict[str, bytes]:
    """What is handed in, and whatever else lies beside it; the manifest tells seconds, and what is kept has no say."""
    every = (p for p in sorted(out.rglob("*")) if p.is_file() and p.name != "manifest.json")
    return {str(p.relative_to(out)): p.read_bytes() for p in every if not kept(p.relative_to(out))}


def kept(path: Path) -> bool:
    return path.parts[0] == "prepared" and not path.parts[1].startswith(".")


def rows_kept(out: Path) -> dict[str, int]:
    """The files of tiles that were done, each with the number that a file has when it is written anew."""
    return {path.name: path.stat().st_ino for path in (out / "prepared" / FOLDER).glob("*.npz")}


def command(study: Path, out: Path, where: str) -> tuple[object, ...]:
    return "run", study, "--out", out, "--quiet", "--lang", "en", "--cluster", where


def told_of(done: Any, whole: dict[str, bytes], out: Path) -> str:
    """What is wrong with a run that was to end well; "" for nothing."""
    if done.returncode:
        return f"exit {done.returncode}: {done.stderr}"
    now = files(out)
    return (
        "" if now == whole else f"differ: {sorted(n for n in now.keys() | whole.keys() if now.get(n) != whole.get(n))}"
    )


def alone(happens: Happens, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A run in a process of its own, to its very end and that of whoever it started."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, PATHS))}
    asked = [sys.executable, "-m", "faults.tiles", happens.text(), *map(str, arguments)]
    env[MARK] = run = secrets.token_hex(8)
    done = subprocess.run(
        asked, capture_output=True, text=True, check=False, env=env, timeout=600, start_new_session=True
    )
    until(lambda: not left_of(run))
    return done


def in_here(monkeypatch: pytest.MonkeyPatch, held: Workers) -> None:
    """Whoever asks for workers in this process gets these."""

    @contextmanager
    def there(_: str) -> Iterator[Workers]:
        yield held

    monkeypatch.setattr(workers, "workers_at", there)


def test_a_worker_killed_at_any_tile_changes_no_byte(
    study: Path, whole: dict[str, bytes], two: Workers, tmp_path: Path, tally: Tally
) -> None:
    """Twenty tiles of all that come, in five runs with four kills each; before them a run without."""
    tiles = 0
    for run in range(-1, RUNS):
        out, killed = tmp_path / str(run), list[int]()
        at = {1 + (run + RUNS * i) * (tiles - 1) // WORKER_KILLS for i in range(WORKER_KILLS // RUNS)} if tiles else {}

        def kill(client: Any, killed: list[int] = killed) -> None:
            killed += sorted(client.run(os.getpid).values())[:1]
            os.kill(killed[-1], signal.SIGKILL)

        with pytest.MonkeyPatch.context() as patch:
            in_here(patch, two)
            counted = Counted(kill, at, patch.setattr)
            lost = told_of(quarterhour(*command(study, out, "local:2")), whole, out)
        tiles = tiles or counted.come
        assert tiles > WORKER_KILLS and len(killed) == len(at)
        if counted.come != tiles:
            lost += f"; {counted.come} tiles came, of {tiles}"
        for moment in sorted(at):
            tally.count("worker killed", lost=lost and f"at one of the tiles {moment}: {lost}")
        gone(*killed)
        shutil.rmtree(out)


def test_a_run_killed_at_any_tile_is_made_good_by_the_next(
    study: Path, whole: dict[str, bytes], machines: Machines, tmp_path: Path, tally: Tally
) -> None:
    with Zygote(["check", study, "--out", tmp_path / "warm"], tmp_path / "zygote") as zygote:
        for number in range(RUN_KILLS):
            out, told = tmp_path / f"out-{number}", tmp_path / f"pids-{number}"
            where = "local:2" if number % 5 == 4 else machines.address
            happens = Happens(1 + 4 * number, told=str(told) if where == "local:2" else "")
            ended = zygote.run(*command(study, out, where), fault=Fault(tiles=happens.text()))
            assert ended.code == -signal.SIGKILL, ended
            if happens.told:
                gone(*json.loads(told.read_text(encoding="utf-8")))
            lost = "something was handed in" if (out / "manifest.json").exists() else ""
            done_before = rows_kept(out)
            assert len(done_before) >= happens.at
            again = zygote.run(*command(study, out, machines.address), fault=Fault(tiles=Happens().text()))
            done = subprocess.CompletedProcess([], again.code, again.said, again.said)
            lost = lost or ("" if done_before.items() <= rows_kept(out).items() else "tiles were done twice")
            tally.count("run killed", lost=lost or told_of(done, whole, out))
            shutil.rmtree(out)


@pytest.mark.parametrize("step", ["", "__init__", "scale"], ids=["at a tile", "begun", "starting"])
def test_ctrl_c_ends_local_workers_and_leaves_nobody(step: str, study: Path, tmp_path: Path, tally: Tally) -> None:
    """All that the terminal tells hear it; workers do not."""
    told, out = tmp_path / "pids", tmp_path / "out"
    happens = Happens(0 if step else 7, "SIGINT", -1, str(told), step)
    done = alone(happens, *command(study, out, "local:2"))
    lines = [line.partition(".")[0] for line in done.stderr.splitlines()]
    said = ["stopped", "no plan of a siting question was found by then"]
    lost = "" if (done.returncode, lines) == (130, said) else f"{done.returncode}: {done.stderr}"
    assert told.exists() == (not step)
    if told.exists():
        gone(*json.loads(told.read_text(encoding="utf-8")))
    tally.count("Ctrl-C with workers", lost=lost or ", ".join(files(out)))


def left_of(run: str) -> list[str]:
    """Processes that have the environment of a run, where the system tells."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"{MARK}={run}".encode() in path.read_bytes().split(b"\0"):
                found.append(path.parts[2])
    return found


def mapped_of(out: Path) -> set[str]:
    """Files of a run that any process still maps, where the system tells: Windows would not let them go."""
    found = set[str]()
    for path in Path("/proc").glob("[0-9]*/maps"):
        with suppress(OSError):
            found |= {line for line in path.read_text(errors="replace").splitlines() if f"{out}/" in line}
    return found


def test_a_shelf_that_is_broken_is_told_with_tile_and_file(
    study: Path, whole: dict[str, bytes], two: Workers, tmp_path: Path, tally: Tally
) -> None:
    out, broken = tmp_path / "out", list[str]()
    shelve = spread.shelve

    def shelve_badly(question: Any, folder: Path) -> Any:
        made = shelve(question, folder)
        path = folder / f"{dict(made.arrays)['spot']}.npy"
        path.write_bytes(path.read_bytes()[:-8] + b"another!")
        broken.append(str(path))
        return made

    with pytest.MonkeyPatch.context() as patch:
        in_here(patch, two)
        Counted(lambda _: None, (), patch.setattr)
        with pytest.MonkeyPatch.context() as once:
            once.setattr(spread, "shelve", shelve_badly)
            done = quarterhour(*command(study, out, "local:2"))
        said = rf"tile \d+ of \d+ was not computed: the file {re.escape(broken[0])} as a worker read it is not what"
        lost = [] if done.returncode == 1 and re.search(said, done.stderr) else [done.stderr]
        lost += [f"left {name}" for name in files(out)]
        lost += filter(None, [told_of(quarterhour(*command(study, out, "local:2")), whole, out)])
    tally.count("broken shelf", lost="; ".join(lost))


def test_a_tile_that_no_worker_has_memory_for_is_told(
    study: Path, whole: dict[str, bytes], machines: Machines, tmp_path: Path, tally: Tally
) -> None:
    out = tmp_path / "out"
    with workers_at(machines.address) as held, pytest.MonkeyPatch.context() as patch:
        in_here(patch, held)
        Counted(lambda _: None, (), patch.setattr)
        with pytest.MonkeyPatch.context() as once:
            once.setattr(spread, "shelved_rows", hungry_rows)
            done = quarterhour(*command(study, out, machines.address))
        said = "tile 5 of 18 was not computed: worker after worker ended over it, the last at tcp://127.0.0.1:"
        lost = [] if done.returncode == 1 and said in done.stderr else [done.stderr]
        lost += [f"left {name}" for name in files(out)]
        lost += filter(None, [told_of(quarterhour(*command(study, out, machines.address)), whole, out)])
    tally.count("no memory", lost="; ".join(lost))


def test_a_worker_of_another_program_is_refused_and_told(
    study: Path, whole: dict[str, bytes], machines: Machines, tmp_path: Path, tally: Tally
) -> None:
    """By real workers: nothing hangs when the run closes after it."""
    other = tmp_path / "coverage"
    shutil.copytree(ROOT / "coverage", other, ignore=shutil.ignore_patterns("__pycache__", "vendor"))
    with (other / "quarterhour" / "travel" / "dijkstra.py").open("a", encoding="utf-8") as text:
        text.write("\n# another\n")
    joined = machines.workers(1, paths=(other, ROOT / "tests"))

    def is_refused() -> bool:
        try:
            with workers_at(machines.address):
                return False
        except DataError as error:
            return error.key == "cluster.other_program"

    until(is_refused)
    out = tmp_path / "out"
    done = alone(Happens(), *command(study, out, machines.address))
    lost = "" if done.returncode == 1 and "has another version of the program" in done.stderr else done.stderr
    lost += "" if len(done.stderr.splitlines()) == 1 else f"not in one line: {done.stderr}"
    joined.send_signal(signal.SIGTERM)
    joined.wait()
    until(lambda: not is_refused())
    again = alone(Happens(), *command(study, out, machines.address))
    lost = lost or told_of(again, whole, out) or (f"mapped: {held}" if (held := mapped_of(out)) else "")
    tally.count("another program", lost=lost)


def test_a_scheduler_that_is_lost_is_told_and_the_next_run_ends(
    study: Path, whole: dict[str, bytes], machines: Machines, tmp_path: Path, tally: Tally
) -> None:
    """The last one: nobody of these machines is left but a new scheduler at the same address, and new workers."""
    out, scheduler, workers_ = tmp_path / "out", machines.processes[0], machines.processes[1]
    port = machines.address.rpartition(":")[2]
    done = alone(Happens(9, pid=scheduler.pid), *command(study, out, machines.address))
    said = "the connection to the scheduler was lost, and no results were written ("
    lost = [] if done.returncode == 1 and done.stderr.startswith(said) else [f"exit {done.returncode}: {done.stderr}"]
    lost += [f"left {name}" for name in files(out)]
    scheduler.wait()
    workers_.wait()  # they end when nobody is left to work for
    machines.scheduler(int(port))
    machines.workers(2)
    again = alone(Happens(), *command(study, out, machines.address))
    tally.count("scheduler lost", lost="; ".join([*lost, *filter(None, [told_of(again, whole, out)])]))
