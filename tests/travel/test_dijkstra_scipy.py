"""Without numba: the same answers, in a process where it cannot be imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from packaging.requirements import Requirement
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

ROOT = Path(__file__).resolve().parents[2]

TOY = """
import json, sys
if sys.argv[1] == "blocked":
    sys.modules["numba"] = None
import quarterhour as qh

results = qh.run_study(qh.read_study(sys.argv[2]))
plans = [(p.id, p.plan.status, [str(c) for c in p.plan.chosen], float(p.plan.value)) for p in results.proposals]
checks = [c.communities.to_json() for c in results.checks]
print(json.dumps([checks, plans, sorted(set(results.findings["rule"]))]))
"""

PLACES = """
import sys
if sys.argv[1] == "blocked":
    sys.modules["numba"] = None
import geopandas as gpd
import numpy as np
import quarterhour as qh

metres = "EPSG:32632"
roads = qh.as_roads(qh.read_osm_roads(sys.argv[2], crs=metres)[0], crs=metres)[0]
found = {}
for mode in ("walk", "car"):
    net = qh.build_network(roads, qh.read_modes()[mode])
    rng = np.random.default_rng(3)
    at = rng.integers(0, len(net.x), 700)
    xy = np.column_stack([net.x[at], net.y[at]]) + rng.normal(0, 150, (len(at), 2)) * rng.integers(0, 2, (len(at), 1))
    homes = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T), crs=metres)
    for column, values in qh.snap_places(net, homes).items():
        plain = values.dtype.kind in "bif"
        found[f"{mode} {column}"] = values.to_numpy() if plain else values.to_numpy().astype("U")
    for heading in ("to_site", "to_community"):
        times = qh.travel_times(net, homes, homes[:30], minutes=15, heading=heading, turnout_minutes=1)
        found |= {f"{mode} {heading} {a}": getattr(times, a) for a in ("indptr", "site_index", "cs")}
    picture = qh.isochrones(net, homes[:1], minutes=[5], heading="to_site", radius_m=100, cell_m=25)
    found[f"{mode} picture"] = np.frombuffer(picture.geometry.iloc[0].wkb, np.uint8)
np.savez(sys.argv[3], **{k: np.asarray(v) for k, v in found.items()})
"""


def run(code: str, *arguments: object) -> str:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "coverage")}
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.compiled
def test_a_study_comes_out_the_same_and_says_how(toy_study: Path) -> None:
    (checks, plans, rules), (same_checks, same_plans, more) = (
        json.loads(run(TOY, way, toy_study / "study.toml").splitlines()[-1]) for way in ("compiled", "blocked")
    )
    assert same_checks == checks
    assert same_plans == plans
    assert set(more) - set(rules) == {"jit.uncompiled"}


@pytest.mark.compiled
def test_liechtenstein_comes_out_the_same(shared_data: Path, tmp_path: Path) -> None:
    extract = shared_data / "osm" / "liechtenstein.osm.pbf"
    for way in ("compiled", "blocked"):
        run(PLACES, way, extract, tmp_path / f"{way}.npz")
    with np.load(tmp_path / "compiled.npz") as one, np.load(tmp_path / "blocked.npz") as two:
        assert one.files == two.files
        for name in one.files:
            if name.endswith("picture"):  # of a raster with numba, of exact buffers without: the bar of all pictures
                drawn, exact = (shapely.from_wkb(found[name].tobytes()) for found in (one, two))
                assert drawn.symmetric_difference(exact).area <= 0.015 * exact.area
            else:
                assert np.array_equal(one[name], two[name], equal_nan=one[name].dtype.kind == "f"), name


def test_scipy_takes_an_arc_of_no_time_for_an_arc() -> None:
    """0 -0-> 1 -5-> 2: an explicit zero of a sparse graph is an edge; were it none, nothing would be reached."""
    graph = sparse.csr_array((np.array([0.0, 5.0]), np.array([1, 2]), np.array([0, 1, 2, 2])), shape=(3, 3))
    assert dijkstra(graph, indices=0).tolist() == [0, 0, 5]
    assert dijkstra(graph, indices=0, limit=0).tolist() == [0, 0, np.inf]


@pytest.mark.parametrize("file", ["pyproject.toml", "requirements.txt", "requirements-test.txt"])
def test_intel_macs_are_not_asked_for_numba(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    lines: list[Any] = (
        tomllib.loads(text)["project"]["dependencies"]
        if file.endswith(".toml")
        else [line.rstrip(" \\") for line in text.splitlines() if line and line[0].isalnum()]
    )
    wanted = [r for r in map(Requirement, lines) if r.name in ("numba", "llvmlite")]
    assert wanted
    for requirement in wanted:
        assert requirement.marker is not None
        asked = {
            (system, machine): requirement.marker.evaluate({"sys_platform": system, "platform_machine": machine})
            for system, machine in [("darwin", "x86_64"), ("darwin", "arm64"), ("linux", "x86_64"), ("win32", "AMD64")]
        }
        assert list(asked.values()) == [False, True, True, True]
