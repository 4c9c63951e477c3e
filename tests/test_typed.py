"""A user's script is understood by type checkers: the front door opens its names late, and they read its stubs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

FOUND = [
    "quarterhour.report.desk.results.Results",
    "pandas.core.frame.DataFrame",
    "quarterhour.travel.times.TravelTimes",
    "tuple[str, ...]",
    "int | None",
]


@pytest.mark.slow
def test_a_users_script_finds_the_types(root: Path) -> None:
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", "tests/typed_script.py"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r'Revealed type is "(.*)"', done.stdout) == FOUND
