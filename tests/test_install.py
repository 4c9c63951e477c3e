"""What gets installed: the wheel holds the rooms, the facts and the embedded study."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_every_room_and_fact(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.split("\0"):
        if name.startswith("coverage/quarterhour/"):
            assert name.removeprefix("coverage/") in held
        if name.startswith("data/raw/weihai/"):
            assert f"quarterhour/data/weihai/{name.removeprefix('data/raw/weihai/')}" in held
    assert not any(name.startswith("coverage/") for name in held)


def test_the_embedded_study_is_under_5_mb() -> None:
    assert sum(p.stat().st_size for p in (ROOT / "data/raw/weihai").rglob("*")) < 5_000_000


def test_git_ignores_no_source() -> None:
    files = [str(p.relative_to(ROOT)) for p in (ROOT / "coverage").rglob("*.py")]
    done = subprocess.run(["git", "check-ignore", *files], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == ""
