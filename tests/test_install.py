"""What gets installed: the wheel holds the rooms, the facts and the embedded study."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

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


def test_the_licences_of_all_that_is_installed_are_told() -> None:
    page = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| ([a-z0-9.-]+) \|", page, re.MULTILINE)) - {"package"}
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    needed = [Requirement(line.rstrip("\\ ")) for line in lines if re.match(r"[a-z0-9]", line)]
    here = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"}
    assert told == {r.name for r in needed if r.marker is None or r.marker.evaluate(here)}


def test_git_ignores_no_source() -> None:
    files = [str(p.relative_to(ROOT)) for p in (ROOT / "coverage").rglob("*.py")]
    done = subprocess.run(["git", "check-ignore", *files], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == ""
