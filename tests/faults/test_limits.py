"""What the machine can refuse: disk, memory, files, threads, streams, names. One sentence each, nothing half made."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conftest import write_toy_study
from faults.tally import Tally

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and small disks are set as Linux sets them")
COMMAND = f"{sys.executable} -m quarterhour"
WRITERS = """
import sys
from pathlib import Path
import geopandas as gpd, numpy as np, pandas as pd, shapely
from quarterhour.cli.door import through_the_door
from quarterhour.io import files
from quarterhour.report.plan.book import write_plan_book

kind, target = sys.argv[1], Path(sys.argv[2])
points = shapely.points(np.random.default_rng(0).random((3000, 2)))
frame = gpd.GeoDataFrame({"name": ["村名" * 9] * 3000}, geometry=points, crs=4326)

def book(path):
    import xlsxwriter
    with files.atomic(path) as growing, xlsxwriter.Workbook(str(growing), {"in_memory": True}) as made:
        sheet = made.add_worksheet()
        for row in range(3000):
            sheet.write_row(row, 0, [row * 1.234 * place for place in range(10)])

def word(path):
    import docx
    made = docx.Document()
    for row in range(3000):
        made.add_paragraph(str(row * 1.234))
    with files.atomic(path) as growing:
        made.save(str(growing))

def picture(path):
    from matplotlib.figure import Figure
    with files.atomic(path) as growing:
        Figure(figsize=(9, 9)).savefig(growing, format="png", dpi=900)

def array(path):
    with files.atomic(path) as growing:
        np.save(growing, np.arange(200_000))

def several(path):
    with files.together(path.parent) as growing:
        files.write_text(growing / "a.txt", "new")
        files.write_text(growing / path.name, "x" * 900_000)

DO = {
    "text": lambda path: files.write_text(path, "x" * 900_000),
    "csv": lambda path: files.write_csv(path, pd.DataFrame({"x": np.random.default_rng(0).random(40_000)})),
    "layers": lambda path: files.write_layers(path.with_suffix(".gpkg"), {"one": frame, "two": frame}),
    "book": book, "word": word, "picture": picture, "array": array, "several": several,
}
sys.argv = ["quarterhour", "--lang", "en"]
through_the_door(lambda: DO[kind](target))
"""
"""Every way in which a result is written, through the command's door."""
KINDS = ("text", "csv", "layers", "book", "word", "picture", "array", "several")


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A disk of so much room. Skipped where none can be mounted."""
    folder.mkdir(exist_ok=True)
    mounted = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mounted, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A line of bash, with the package to be found."""
    there = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment}
    return subprocess.run(["bash", "-c", f"set -o pipefail; {line}"], capture_output=True, text=True, check=False,
                          env=there, encoding="utf-8", errors="replace")  # fmt: skip


def wrong(done: subprocess.CompletedProcess[str], code: int, said: str = "") -> str:
    """What is not as promised: exit, no traceback, the word that tells the kind."""
    lines = [line for line in done.stderr.splitlines() if "kept kernel" not in line]  # of an older program's cache
    found = [
        f"exit {done.returncode}: {done.stderr[-300:]}" if done.returncode != code else "",
        "traceback" if "Traceback" in done.stderr or "Exception ignored" in done.stderr else "",
        f"not told: {done.stderr[-300:]}" if said and said not in done.stderr else "",
        f"{len(lines)} lines: {lines[0][:200]}" if said and len(lines) > 1 else "",
    ]
    return ", ".join(filter(None, found))


def kept(folder: Path) -> dict[str, str]:
    return {p.name: p.read_text(encoding="utf-8") for p in folder.rglob("*") if p.is_file()}


def test_a_disk_that_is_full_leaves_what_stood_before(tmp_path: Path, tally: Tally) -> None:
    script = tmp_path / "writers.py"
    script.write_text(WRITERS, encoding="utf-8")
    for kind in KINDS:
        with small_disk(tmp_path / "disk", 40 if kind == "word" else 150) as disk:
            for name in ("a.txt", "out.txt", "out.gpkg"):
                (disk / name).write_text("as before", encoding="utf-8")
            before = kept(disk)
            done = shell(f"{sys.executable} {script} {kind} {disk / 'out.txt'}")
            lost = wrong(done, 1, "could not be written: the disk is full")
            lost = lost or ("something else stands there" if kept(disk) != before else "")
            tally.count("full disk", lost=lost and f"{kind}: {lost}")


def test_a_file_that_may_be_no_larger_leaves_what_stood_before(tmp_path: Path, tally: Tally) -> None:
    script, home = tmp_path / "writers.py", tmp_path / "home"
    script.write_text(WRITERS, encoding="utf-8")
    home.mkdir()
    (home / "out.txt").write_text("as before", encoding="utf-8")
    for kind in ("text", "layers", "book", "several"):
        done = shell(f"ulimit -f 100; {sys.executable} {script} {kind} {home / 'out.txt'}")
        lost = wrong(done, 1, "could not be written") or ("changed" if kept(home) != {"out.txt": "as before"} else "")
        tally.count("file-size limit", lost=lost and f"{kind}: {lost}")


def test_a_stream_that_takes_nothing_is_no_traceback(tmp_path: Path, tally: Tally) -> None:
    (tmp_path / "toy").mkdir()
    study = write_toy_study(tmp_path / "toy")
    lines = {
        "rules > /dev/full": (1, "not all could be printed"),
        "--help > /dev/full": (1, "not all could be printed"),
        f"inspect {study} --quiet --out {tmp_path / 'i'} > /dev/full": (1, "not all could be printed"),
        "rules 2> /dev/full": (0, ""),
        f"inspect {tmp_path / 'none'} 2> /dev/full": (1, ""),
        "rules >&-": (0, ""),
        "rules >&- 2>&-": (0, ""),
        "rules <&- >&- 2>&-": (0, ""),
        "rules | head -1": (0, ""),
        "rules | true": (0, ""),
        f"inspect {study} --out {tmp_path / 'i'} 2>&1 | head -1": (0, ""),
        "--help | true": (0, ""),
    }
    for line, (code, said) in lines.items():
        done = shell(f"{COMMAND} {line}" if "--help" in line else f"{COMMAND} {line.replace(' ', ' --lang en ', 1)}")
        if "--help" in line:
            said = ""
        tally.count("streams", lost=(lost := wrong(done, code, said)) and f"{line}: {lost}")


NO_THREADS = """
import sys, threading

def refused(*_):
    raise RuntimeError("can't start new thread")

threading._start_new_thread = refused
from quarterhour import cli
sys.argv = ["quarterhour", *sys.argv[1:]]
cli.main()
"""
"""As on a machine that starts no further thread (a limit that root does not feel)."""


def test_a_thread_that_cannot_start_is_a_sentence(tmp_path: Path, tally: Tally) -> None:
    (tmp_path / "toy").mkdir()
    study, script = write_toy_study(tmp_path / "toy"), tmp_path / "threads.py"
    script.write_text(NO_THREADS, encoding="utf-8")
    done = shell(f"{sys.executable} {script} check {study} --lang en --quiet --out {tmp_path / 'out'}")
    tally.count("threads", lost=wrong(done, 1, "starts no further thread"))


def test_limits_of_a_process_are_sentences(tmp_path: Path, tally: Tally) -> None:
    (tmp_path / "toy").mkdir()
    study, out = write_toy_study(tmp_path / "toy"), tmp_path / "out"
    asked = f"{COMMAND} inspect {study} --lang en --quiet --out"
    lines = {
        f"ulimit -v 300000; {asked} {out}": "memory",
        f"ulimit -v 500000; {asked} {out}": "memory",
        f"ulimit -v 900000; {asked} {out}": "memory",
        f"ulimit -v 1100000; {asked} {out}": "memory",
        f"ulimit -n 9; {asked} {out}": "open",
        f"{asked} {out / ('x' * 300)}": "too long",
        f"{asked} /proc/none": "could not be written",
        f"{asked} /dev/null/none": "could not be written",
    }
    for line, said in lines.items():
        done = shell(line)
        fine = done.returncode == 0 and "ulimit -n" in line
        tally.count("limits", lost="" if fine else (lost := wrong(done, 1, said)) and f"{line}: {lost}")


def test_folders_that_are_not_to_be_had(tmp_path: Path, tally: Tally) -> None:
    """No home, no temporary folder: what only keeps or speeds up is done without."""
    (tmp_path / "toy").mkdir()
    study = write_toy_study(tmp_path / "toy")
    for name, environment in {
        "no TMPDIR": {"TMPDIR": str(tmp_path / "none")},
        "no HOME": {"HOME": "/proc/none", "XDG_CACHE_HOME": "/proc/none", "MPLCONFIGDIR": "/proc/none"},
        "ASCII locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    }.items():
        line = f"{COMMAND} inspect {study} --lang en --quiet --out {tmp_path / 'i'}"
        tally.count("folders", lost=(lost := wrong(shell(line, **environment), 0)) and f"{name}: {lost}")


@pytest.mark.parametrize("kilobytes", [60, 500])
def test_a_run_on_a_full_disk_moves_nothing(tmp_path: Path, tally: Tally, kilobytes: int) -> None:
    """The old set stays, whole; with room again the run gives what it gives."""
    (tmp_path / "toy").mkdir()
    study = write_toy_study(tmp_path / "toy")
    with small_disk(tmp_path / "disk", kilobytes) as disk:
        out = disk / "out"
        out.mkdir()
        (out / "report.md").write_text("of an earlier run", encoding="utf-8")
        done = shell(f"{COMMAND} run {study} --lang en --quiet --out {out}")
        lost = wrong(done, 1, "disk is full")
        old = (out / "report.md").read_text(encoding="utf-8") == "of an earlier run"
        there = {p.name for p in out.iterdir()} - {"prepared", "plans", ".quarterhour.lock"}
        plans = [json.loads(p.read_text(encoding="utf-8"))["status"] for p in out.rglob("plans/*.json")]
        lost = lost or ("" if old and there == {"report.md"} and len(plans) < 2 else f"{there}, {plans}")
    tally.count("a run on a full disk", lost=lost and f"{kilobytes} kB: {lost}")
