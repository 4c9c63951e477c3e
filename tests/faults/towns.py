"""Small towns with a siting question each, run by the command as a user runs it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from streets import X0, Y0, grid, write_streets

ROOT = Path(__file__).resolve().parents[2]
_HEAD = """
[study]
id = "town"
zh = "小镇"
en = "Town"
crs = "EPSG:32651"
reference_date = 2025-12-31
seed = 1

[roads]
path = "roads.geojson"
quality = "synthetic"

[outputs]
papers = false

[communities]
path = "communities.csv"
columns = { id = "id", name = "name", x = "x", y = "y", town = "town", county = "county" }
people = ["older"]
crs = "EPSG:32651"

[[facilities]]
path = "facilities.csv"
columns = { id = "id", name = "name", kind = "kind", x = "x", y = "y" }
crs = "EPSG:32651"

[[siting]]
id = "centres"
zh = "选址"
en = "sites"
kind = "day_care"
mode = "walk"
minutes = 12
people = "older"
candidates = "communities"
nodes = 40
"""
QUESTIONS = {
    "cover": "new_sites = 4\nfrontier = 5\nphases = { per_year = 1, first_year = 2026 }\nvalues = true",
    "time": 'new_sites = 4\nobjective = "min-time"\neveryone = false\nrobust = { scenarios = 3 }',
    "fewest": 'objective = ["min-sites", "min-time"]',
    "farthest": 'new_sites = 5\nobjective = ["min-worst", "min-time"]\neveryone = false',
    "two near": "new_sites = 4\nbackup = 50",
}
_STEP_M, _SIDE = 350.0, 7


def write_town(folder: Path, question: str) -> Path:
    """A grid of streets and thirty-six villages on it; the study's folder."""
    folder.mkdir(parents=True)
    rng, last = np.random.default_rng(7), _STEP_M * (_SIDE - 1)
    write_streets(folder, grid(_SIDE, _SIDE, _STEP_M))
    places, people = rng.uniform(0, last, (36, 2)), rng.integers(20, 900, 36)
    rows = [
        f"v{i:02},村{i},{X0 + x:.2f},{Y0 + y:.2f},t{i % 3},c1,{older}"
        for i, ((x, y), older) in enumerate(zip(places, people, strict=True))
    ]
    (folder / "communities.csv").write_text("id,name,x,y,town,county,older\n" + "\n".join(rows) + "\n", "utf-8")
    site = f"d,日间照料,day_care,{X0 + _STEP_M},{Y0}\n"
    (folder / "facilities.csv").write_text("id,name,kind,x,y\n" + site, "utf-8")
    (folder / "study.toml").write_text(_HEAD + QUESTIONS[question] + "\n", "utf-8")
    return folder


def run(study: Path, out: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    """The command with a kernel cache of its own."""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "coverage"), "NUMBA_CACHE_DIR": str(cache)}
    command = [sys.executable, "-m", "quarterhour", "run", str(study), "--out", str(out), "--lang", "en"]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=900)


def contents(out: Path) -> dict[str, str]:
    """The hash of every file of the results but the manifest, which tells the time, and what is kept for later."""
    files = [p for p in sorted(out.rglob("*")) if p.is_file() and p.name != "manifest.json"]
    return {
        str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in files
        if p.relative_to(out).parts[0] != "prepared"
    }
