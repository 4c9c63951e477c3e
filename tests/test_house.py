"""The map of the house: which wing may import which. A newcomer reads this first.

Ten wings stand on nine floors; a wing imports only wings that stand before it in the list, and inside a wing no
two rooms import each other in a circle.
"""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "coverage" / "quarterhour"
WINGS = ("base", "network", "io", "travel", "standards", "services", "siting", "study", "maps", "report", "cli")
"""From the ground up; ``cli`` is the door, everything else the user calls comes through ``__init__``."""
ONLY_IN = {
    "highspy": {"siting.methods.solver.highs"},
    "folium": {"maps.page"},
    "branca": {"maps.page"},
    "osmium": {"io.osm.cut.pieces", "io.osm.cut.survey", "io.osm.open", "io.osm.ways", "io.osm.places", "io.osm.turns"},
    "osmnx": {"io.osm.download"},
    "rasterio": {"network.slope"},
    "pyogrio": {"io.files.layers", "io.files.shapefile", "io.files.write"},
    "openpyxl": {"io.files.workbook"},
    "pypinyin": {"maps.pinyin"},
    "python_calamine": {"io.old_books"},
    "ortools": {"services.rounds"},
    "numba": {"base.jit"},
    "typer": {"cli", "cli.options"},
    "distributed": {"io.cluster.workers"},
    "dask": set(),
    "filelock": {"io.sets.lock"},
    "docx": {"report.papers.word", "report.papers.word_parts"},
    "typst": {"report.papers.leaflet"},
    "PIL": {"report.papers.map_sheet"},
    "sqlalchemy": {"io.postgis.connect", "io.postgis.read", "io.postgis.write"},
    "psycopg": {"io.postgis.connect", "io.postgis.write"},
    "socket": set(),
    "requests": {"io.http"},
    "urllib3": {"io.http"},
}  # fmt: skip


@cache
def rooms() -> dict[str, Path]:
    """Every module by its dotted name below ``quarterhour``; a package goes by its own name."""
    found = {}
    for path in SOURCE.rglob("*.py"):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        if name != "__init__":
            found[name] = path
    return found


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module and name that a file imports, wherever in it the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


@cache
def neighbours(room: str) -> frozenset[str]:
    """The rooms that a room imports; of a package and a module in it, the module."""
    seen = {i.removeprefix("quarterhour.") for i in imports(rooms()[room])} & set(rooms())
    return frozenset(s for s in seen if not any(o.startswith(f"{s}.") for o in seen)) - {room}


def wing(room: str) -> str:
    return room.split(".")[0]


@pytest.mark.parametrize("room", sorted(rooms()))
def test_a_wing_imports_only_wings_below_its_own(room: str) -> None:
    if wing(room) not in WINGS:
        return
    floor = WINGS.index(wing(room))
    wrong = {o for o in neighbours(room) if wing(o) in WINGS and WINGS.index(wing(o)) > floor}
    assert not wrong, f"{room} may not import {wrong}"


def test_no_rooms_import_each_other_in_a_circle() -> None:
    done: set[str] = set()

    def visit(room: str, path: tuple[str, ...]) -> None:
        assert room not in path, f"a circle: {' > '.join((*path[path.index(room) :], room))}"
        if room not in done:
            for other in neighbours(room):
                visit(other, (*path, room))
            done.add(room)

    for room in rooms():
        visit(room, ())


def test_the_package_shows_its_wings_and_nothing_else() -> None:
    shown = {p.name for p in SOURCE.iterdir() if p.name != "__pycache__"}
    assert shown == {*WINGS, "__init__.py", "__init__.pyi", "__main__.py", "data", "py.typed", "testing.pyi"}


def test_a_folder_and_a_room_are_read_in_one_sitting() -> None:
    folders: dict[Path, int] = {}
    for path in rooms().values():
        folders[path.parent] = folders.get(path.parent, 0) + 1
    assert max(folders.values()) <= 16, max(folders, key=lambda f: folders[f])
    long = {room: lines for room, path in rooms().items() if (lines := len(path.read_text("utf-8").splitlines())) > 400}
    assert not long, long


def test_proof_knows_no_method() -> None:
    """What recounts a plan shares no line with what found it."""
    proofs = [r for r in rooms() if r.startswith("siting.proof")]
    known = {r: {o for o in neighbours(r) if o.startswith("siting.methods")} for r in proofs}
    assert not any(known.values()), known


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


def test_the_front_door_has_at_most_forty_names_and_siting_its_own() -> None:
    import quarterhour as qh

    assert len(qh.__all__) <= 40
    for name in qh.siting.__all__:
        assert getattr(qh.siting, name) is not None
    with pytest.raises(AttributeError, match=r"it is under qh\.siting"):
        _ = qh.Budget


def test_every_name_that_left_the_front_door_says_where_it_is() -> None:
    """As ``docs/names.md`` lists them; each is where the message says."""
    import quarterhour as qh

    listed = re.findall(
        r"\| `qh\.(\w+)` \| `([\w.]+)` \|", (SOURCE.parents[1] / "docs" / "names.md").read_text("utf-8")
    )
    assert len(listed) > 40
    for old, now in listed:
        with pytest.raises(AttributeError, match=f"{old}'; it is ") as told:
            getattr(qh, old)
        room, _, name = now.rpartition(".")
        home = importlib.import_module(
            room.replace("qh.errors", "quarterhour.base.errors").replace("qh", "quarterhour")
        )
        assert hasattr(home, name)
        assert room.removeprefix("quarterhour.") in str(told.value)


def test_towns_for_tests_come_under_their_short_name_too() -> None:
    import quarterhour as qh
    from quarterhour.testing import town

    assert town is qh.testing.town
    assert qh.testing.__name__ == qh.testing.__spec__.name == "quarterhour.network.testing"


def test_the_front_door_opens_no_heavy_library() -> None:
    code = "import sys, quarterhour; print([m for m in ('pandas','numpy','geopandas','numba') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_both_languages_fill_the_same_placeholders() -> None:
    for page in (SOURCE / "data" / "words").rglob("*.toml"):
        for key, entry in tomllib.loads(page.read_text(encoding="utf-8")).items():
            assert set(entry) == {"zh", "en"}, f"{page.name}: {key}"
            zh, en = (set(re.findall(r"\{(\w+)", entry[lang])) for lang in ("zh", "en"))
            assert zh == en, f"{page.name}: {key}: {zh ^ en}"


def test_the_environment_names_the_same_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[<>=~]", d)[0] for d in project["dependencies"]}
    listed = re.findall(r"^ +- ([a-z0-9_\-]+)", (ROOT / "environment.yml").read_text(encoding="utf-8"), re.M)
    same = {"matplotlib": "matplotlib-base", "osmium": "pyosmium", "ortools": "ortools-python"}
    assert {same.get(w, w) for w in wanted} <= set(listed)


def test_the_page_of_dependencies_names_each_once_and_every_one_is_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[<>=~]", d)[0] for d in project["dependencies"]}
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    told = [name for cell in re.findall(r"^\| ([a-z][^|]*) \|", page, re.MULTILINE) for name in cell.split(", ")]
    assert sorted(n for n in told if n != "library") == sorted(wanted)
    under = {"python-docx": "docx", "python-calamine": "python_calamine", "scikit-learn": "sklearn"}
    used = {i.split(".")[0] for path in rooms().values() for i in imports(path)}
    assert {w for w in wanted if under.get(w, w) not in used} == {"coverage"}  # numba's


def test_the_lock_satisfies_the_project_and_names_no_host() -> None:
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name in ("requirements.txt", "requirements-test.txt", "requirements-bench.txt", "requirements-cluster.txt"):
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
