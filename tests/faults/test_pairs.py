"""Two runs into one folder at once: one wins, the other is told so, and the folder is of one run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from faults import small_studies
from faults.tally import Tally
from faults.zygote import Zygote

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")
PAIRS = 10


def files_of(folder: Path) -> dict[str, bytes]:
    """The results, by name."""
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.is_file() and p.name != "manifest.json"}


def test_of_two_runs_at_once_one_wins(shared_data: Path, tmp_path: Path, tally: Tally) -> None:
    studies = small_studies.wuhan(shared_data, tmp_path / "studies")
    known = {q: tmp_path / f"whole-{q}" for q in small_studies.QUESTIONS}

    def command(question: str, out: Path) -> list[str]:
        return ["run", str(studies / question), "--out", str(out), "--quiet", "--lang", "en"]

    with Zygote(command("wide", known["wide"]), tmp_path / "zygote") as zygote:
        zygote.many([command("near", known["near"])])
        for number in range(PAIRS):
            out = tmp_path / "out" if number % 2 else tmp_path / f"out-{number}"
            asked = ["wide", "near"] if number % 4 < 2 else ["near", "wide"]
            ends = zygote.many([command(question, out) for question in asked])
            told = ["another run works in" in ended.said for ended in ends]
            checked = zygote.run("verify", out, "--lang", "en")
            won = files_of(known[asked[told.index(False)]]) if False in told else {}
            lost = ""
            if sum(told) != 1 or any("Traceback" in ended.said for ended in ends):
                lost = f"{[ended.said for ended in ends]}"
            elif files_of(out) != won:
                lost = "files are not the winner's"
            elif checked.code:
                lost = f"verify: {checked.said}"
            tally.count("two runs at once", lost=lost)
