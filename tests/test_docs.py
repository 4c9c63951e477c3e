"""What the documents promise: the notebook, the scripts, the README."""

from __future__ import annotations

import json
import re
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_are_kept_stripped(path: Path) -> None:
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        assert not cell.get("outputs") and cell.get("execution_count") is None


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_run(path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    from nbclient import NotebookClient

    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=None, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}).execute()


@pytest.mark.parametrize("path", [*sorted((ROOT / "scripts").glob("*.py")), *NOTEBOOKS], ids=lambda p: p.name)
def test_examples_use_the_front_door_alone(path: Path) -> None:
    if path.name == "make_weihai.py":
        return
    assert not re.search(r"(from|import) quarterhour\.", path.read_text(encoding="utf-8"))


def test_the_scripts_run_on_a_toy_study(toy_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, page, ground = tmp_path / "nearest.csv", tmp_path / "map.html", tmp_path / "ground.gpkg"
    for script, *arguments in (
        ("nearest_table.py", toy_study, "day_care", "30", table),
        ("gap_map.py", toy_study, page),
        ("ground_reached.py", toy_study, "care-circle", "5", "10", ground),
    ):
        monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
        runpy.run_path(str(ROOT / "scripts" / script), run_name="__main__")
    assert "东村" in table.read_text(encoding="utf-8-sig")
    assert page.stat().st_size > 100_000
    assert ground.stat().st_size > 10_000


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_what_the_readme_shows_runs(number: int, toy_study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The embedded study gives way to the toy one; whatever warns is an error here."""
    code = EXAMPLES[number].replace("data/raw/weihai", toy_study.as_posix())
    exec(compile(code, "<README>", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out


def test_the_pictures_of_the_readme_are_there_and_small() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert len(pictures) == 2
    for name in pictures:
        assert 10_000 < (ROOT / name).stat().st_size < 200_000


def test_the_readme_names_every_command() -> None:
    from quarterhour.cli import app

    for command in app.registered_commands:
        assert command.callback is not None
        assert f"quarterhour {command.name or command.callback.__name__}" in README
