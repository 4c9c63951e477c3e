"""An empty kernel cache and a warm one give the same bytes: no clock has a say in an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.tally import Tally
from faults.towns import QUESTIONS, contents, run, write_town
from quarterhour.base.jit import COMPILED

pytestmark = pytest.mark.skipif(not COMPILED, reason="numba is not on this machine")


@pytest.mark.parametrize("question", QUESTIONS)
def test_cold_and_warm_runs_write_the_same_bytes(question: str, tmp_path: Path, tally: Tally) -> None:
    study, cache = write_town(tmp_path / "town", question), tmp_path / "cache"
    told = {}
    for state in ("cold", "warm"):
        done = run(study, tmp_path / state, cache)
        assert done.returncode == 0, done.stderr
        assert "preparing the search" in done.stdout + done.stderr or not done.stderr
        told[state] = contents(tmp_path / state)
    assert len(told["cold"]) > 5
    differ = sorted(name for name in told["cold"] | told["warm"] if told["cold"].get(name) != told["warm"].get(name))
    tally.count("cold and warm", lost=", ".join(differ))
