"""Files that are small on disk and large in memory: each ends in a sentence, within 1.5 GB and 20 s of work."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from faults import bombs
from faults.tally import Tally

MOST_SECONDS, MOST_KB, ROOM = 20.0, 1_500_000, 4 << 30
_SORT = {
    **dict.fromkeys(bombs.TABLES, "table"), **dict.fromkeys(bombs.PLANS, "plan"),
    **dict.fromkeys(bombs.RULES, "rules"), bombs.study_long: "study", bombs.grid: "grid",
    **{make: "graph" if "graphml" in make.__name__ else "osm" for make in bombs.ROADS},
}  # fmt: skip


def read_alone(what: str, file: Path) -> str:
    """What a process of 4 GB lost on a bomb; "" where it told it in time and small."""

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM))

    child = Path(__file__).with_name("one_bomb.py")
    try:
        done = subprocess.run(
            [sys.executable, str(child), what, str(file)], capture_output=True, text=True, preexec_fn=small,
            timeout=4 * MOST_SECONDS, check=False, env=_environment(),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "no end"
    if done.returncode or not done.stdout.startswith("{"):
        return f"ended with {done.returncode}: {done.stderr[-200:]}"
    told = json.loads(done.stdout)
    lost = [] if told["kind"] == "told" else [told["said"] or "taken as it is"]
    lost += [f"{told['seconds']:.0f} s"] if told["seconds"] > MOST_SECONDS else []
    lost += [f"{told['peak']:,} kB"] if told["peak"] > MOST_KB else []
    print(f"{told['seconds']:5.1f} s {told['peak'] // 1000:6} MB {told['said']}")
    return ", ".join(lost)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": ":".join(p for p in sys.path if p)}


@pytest.mark.parametrize("make", _SORT, ids=lambda make: make.__name__)
def test_a_bomb_is_told_and_does_not_go_off(tmp_path: Path, tally: Tally, make: Callable[[Path], Path]) -> None:
    lost = read_alone(_SORT[make], make(tmp_path))
    tally.count("bomb", lost=f"{make.__name__}: {lost}" if lost else "")
