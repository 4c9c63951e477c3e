"""Three real studies with the rows of every file in another order: what is by id is the same, to the byte.

Findings name rows of the files and so differ in these; all else in the files that hold them must agree.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from faults.tally import Tally
from shuffled import other_files, shuffle_file, shuffle_study
from yardstick import ROOT, STUDIES, figures

TELL_ROWS = {"coverage.xlsx", "issues.csv", "report.docx", "report.html", "report.md"}
"""Files that quote findings."""
_ROW = re.compile(r'第 \d+ 行|row \d+|(?<=\.csv", )\d+|(?<=\.csv,,)\d+')


@pytest.mark.parametrize("name", STUDIES)
def test_shuffled_inputs_give_the_same_results(name: str, tmp_path: Path, tally: Tally) -> None:
    given = STUDIES[name]
    if given is not None and not given.is_file():
        pytest.skip("../shared/data is absent: the real road networks for tests lie beside the checkout")
    folder = ROOT / "data" / "raw" / name
    other = shuffle_study(folder, tmp_path / "shuffled" / name, seed=7)
    roads = None
    if given is not None:
        roads = tmp_path / "roads" / given.name
        roads.parent.mkdir()
        shuffle_file(given, roads, seed=7)
    outs = [_run(f, r, tmp_path / n) for f, r, n in ((folder, given, "one"), (other, roads, "other"))]
    apart = set(other_files(*outs))
    for path in sorted(p.relative_to(outs[0]).as_posix() for p in outs[0].rglob("*") if p.is_file()):
        lost = path if path in apart - TELL_ROWS else ""
        tally.count(f"{name}: files after shuffling", lost=lost)
    found = [_masked(out) for out in outs]
    for file in sorted(TELL_ROWS & found[0].keys()):
        for place in sorted(found[0][file].keys() | found[1][file].keys()):
            held = [f[file].get(place, "absent") for f in found]
            lost = "" if held[0] == held[1] else f"{file} {place}: {held[0][:200]} / {held[1][:200]}"
            tally.count(f"{name}: lines of files that quote findings", lost=lost)


def _masked(out: Path) -> dict[str, dict[str, str]]:
    return {
        file: {place: _ROW.sub("#", value) for place, value in held.items()}
        for file, held in figures(out).items()
        if file in TELL_ROWS
    }


def _run(folder: Path, roads: Path | None, out: Path) -> Path:
    given = [] if roads is None else ["--roads", str(roads)]
    command = [sys.executable, "-m", "quarterhour", "run", str(folder / "study.toml"), *given, "--out", str(out)]
    done = subprocess.run([*command, "--quiet"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return out
