"""The map of the house: who may import whom. A newcomer reads this first."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "coverage" / "quarterhour"
FLOORS = {
    "kernels": -1,
    "words": -1,
    "errors": 0,
    "units": 0,
    "hierarchy.heap": 0,
    "hierarchy.contract": 0.5,
    "beds": 1,
    "datum": 1,
    "equity": 1,
    "hierarchy.build": 1,
    "chains": 1,
    "chart": 1,
    "modes": 1,
    "osm.doors": 1,
    "osm.tags": 1.5,
    "places": 1,
    "rules": 1,
    "slope": 1.4,
    "roads": 1.5,
    "speeds": 1.5,
    "turns": 1.5,
    "files": 2.3,
    "files.checks": 2,
    "files.grid": 2,
    "files.excel": 2.1,
    "files.located": 2.1,
    "files.text": 2.1,
    "files.writing": 2.1,
    "files.layers": 2.2,
    "graves": 2,
    "hierarchy.buckets": 2,
    "league": 2,
    "network": 2,
    "osm.extract": 2,
    "osm.graph": 2,
    "osm.places": 2,
    "osm.turns": 2,
    "plain": 2,
    "studyfile.parts": 1.6,
    "studyfile.circles": 1.7,
    "studyfile.services": 1.7,
    "studyfile.siting": 1.7,
    "studyfile.mistakes": 1.8,
    "studyfile.whole": 1.8,
    "studyfile": 2,
    "osm.service": 2.5,
    "graph": 2.5,
    "edges": 3,
    "hierarchy": 3,
    "osm": 3,
    "search": 3,
    "blocks": 3,
    "snap": 3,
    "contour": 3,
    "prepared": 3.2,
    "entries": 3.5,
    "trips": 3.7,
    "method": 3.8,
    "nearest": 3.5,
    "tally": 3.5,
    "isochrone": 4,
    "reach": 4,
    "sums": 4,
    "siting.watch": 4,
    "siting.core": 4.5,
    "siting.aggregate": 4.7,
    "siting.exchange": 5,
    "siting.master": 5.2,
    "siting.frontier": 8.5,
    "siting.sequence": 7,
    "siting.phasing": 8.7,
    "siting.robust": 8.7,
    "siting.covertree": 6.5,
    "siting.sets": 7,
    "siting.cover": 7.2,
    "siting.placing": 6,
    "candidates": 5,
    "circle": 5,
    "siting.limits": 5,
    "siting.plan": 5,
    "siting.headline": 6,
    "siting.problem": 5,
    "siting.program": 4.8,
    "siting.solver": 5,
    "territories": 5,
    "tiers": 5,
    "siting.counting": 5.2,
    "siting.door": 5.3,
    "siting.matrix": 5.5,
    "siting.named": 5.1,
    "siting.wanted": 5.25,
    "siting.sites": 5.2,
    "siting.tally": 5.2,
    "siting.measure": 5.2,
    "lawful": 5.5,
    "measures": 5.5,
    "siting.patterns": 5.5,
    "siting.recount": 5.5,
    "siting.rows": 5.5,
    "siting.unlike": 5.7,
    "siting.rules": 5.5,
    "siting.verdict": 5.5,
    "suitability": 5.5,
    "siting.blocks": 5.7,
    "siting.record": 5.7,
    "access": 6,
    "rounds": 6,
    "siting.assemble": 6,
    "siting.heuristic": 6,
    "siting.median": 6,
    "siting.model": 6,
    "targets": 6,
    "uncertain": 6,
    "siting.chain": 6.5,
    "siting.lagrangian": 6.5,
    "siting.transport": 6.5,
    "siting.branch": 7,
    "siting.together": 5.7,
    "siting.needs": 5.75,
    "siting.causes": 5.8,
    "siting.explain": 8.7,
    "siting.prove": 8.7,
    "siting.relax": 8.5,
    "siting.elastic": 8.2,
    "siting.keep": 7,
    "siting.room": 7,
    "siting.capacitated": 7.5,
    "siting.centre": 7.5,
    "siting.compact": 7.5,
    "siting.mintime": 7.5,
    "siting.engines": 7.8,
    "siting.packing": 7.9,
    "siting.swaps": 7.9,
    "siting.exact": 8,
    "maps.page": 9,
    "maps.safe": 8.8,
    "maps.thin": 8.8,
    "maps.proposed": 8.9,
    "maps.picture": 9,
    "maps.notes": 9.5,
    "siting": 9,
    "maps.grounds": 9.5,
    "inputs": 10,
    "maps": 10,
    "report.said": 10,
    "report.tables": 10.1,
    "report.book": 10.2,
    "report.console": 10.2,
    "report.page": 10.3,
    "report": 10.4,
    "scoring": 10.5,
    "care": 10.6,
    "capacities": 10.65,
    "offered": 10.6,
    "study.asked": 10.7,
    "study.running": 10.8,
    "study.prospects": 10.85,
    "study.circles": 10.9,
    "study.questions": 10.85,
    "study.proposals": 10.9,
    "study.results": 10.95,
    "study": 11,
    "rulebook": 11.5,
    "caretables": 11.4,
    "sitingtables": 11.4,
    "carenotes": 11.5,
    "sections": 11.5,
    "outputs": 12,
    "starting": 12,
    "cli": 13,
    "__main__": 14,
}  # fmt: skip
ONLY_IN = {
    "highspy": {"siting.solver"},
    "folium": {"maps.page"},
    "branca": {"maps.page"},
    "osmium": {"osm.doors", "osm.extract", "osm.places", "osm.turns"},
    "osmnx": {"osm.service"},
    "rasterio": {"slope"},
    "pyogrio": {"files.layers", "files.writing"},
    "openpyxl": {"files.excel"},
    "ortools": {"rounds"},
    "numba": {"kernels"},
    "typer": {"cli"},
    "socket": {"osm.service"},
    "requests": {"osm.service"},
}


def rooms() -> dict[str, Path]:
    found = {}
    for path in SOURCE.rglob("*.py"):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        if name != "__init__":
            found[name] = path
    return found


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_every_room_has_a_floor() -> None:
    assert set(rooms()) == set(FLOORS)


@pytest.mark.parametrize("room", sorted(FLOORS))
def test_rooms_import_only_from_floors_below(room: str) -> None:
    others = {i.removeprefix("quarterhour.") for i in imports(rooms()[room]) if i.startswith("quarterhour.")}
    wrong = {o for o in others & set(FLOORS) if FLOORS[o] >= FLOORS[room]}
    assert not wrong, f"{room} (floor {FLOORS[room]}) may not import {wrong}"


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_a_library_is_known_in_its_room_alone(library: str) -> None:
    users = {r for r, path in rooms().items() if any(i.split(".")[0] == library for i in imports(path))}
    assert users <= ONLY_IN[library]


def test_the_source_root_is_no_package() -> None:
    assert not (ROOT / "coverage" / "__init__.py").exists()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert any(d.startswith("coverage>") for d in project["dependencies"])


def test_numba_and_the_front_door_open_from_the_repository_root() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import numba, quarterhour; print(quarterhour.__version__)"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_every_name_at_the_front_door_opens() -> None:
    import quarterhour

    for name in quarterhour.__all__:
        assert getattr(quarterhour, name) is not None


def test_the_front_door_opens_no_heavy_library() -> None:
    code = "import sys, quarterhour; print([m for m in ('pandas','numpy','geopandas','numba') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_both_languages_fill_the_same_placeholders() -> None:
    import re

    for page in (SOURCE / "data" / "words").glob("*.toml"):
        for key, entry in tomllib.loads(page.read_text(encoding="utf-8")).items():
            assert set(entry) == {"zh", "en"}, f"{page.name}: {key}"
            zh, en = (set(re.findall(r"\{(\w+)", entry[lang])) for lang in ("zh", "en"))
            assert zh == en, f"{page.name}: {key}: {zh ^ en}"


def test_the_environment_names_the_same_dependencies() -> None:
    import re

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[<>=~]", d)[0] for d in project["dependencies"]}
    listed = re.findall(r"^  - ([a-z0-9_\-]+)", (ROOT / "environment.yml").read_text(encoding="utf-8"), re.M)
    same = {"osmium": "pyosmium", "ortools": "ortools-python"}
    assert {same.get(w, w) for w in wanted} <= set(listed)


def test_the_lock_satisfies_the_project_and_names_no_host() -> None:
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name in ("requirements.txt", "requirements-test.txt", "requirements-bench.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text and "index-url" not in text
        lines = [line.rstrip(" \\") for line in text.splitlines() if line and line[0].isalnum()]
        pinned = [Requirement(line) for line in lines]
        for dependency in map(Requirement, project["dependencies"]):
            found = [p for p in pinned if p.name == dependency.name]
            assert found, f"{name} lacks {dependency.name}"
            for pin in found:
                version = str(pin.specifier).removeprefix("==")
                assert dependency.specifier.contains(version), f"{name}: {pin}"
