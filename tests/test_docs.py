"""What the documents promise: the notebooks, the README."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_are_kept_stripped(path: Path) -> None:
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        assert not cell.get("outputs") and cell.get("execution_count") is None


@pytest.fixture(scope="module")
def kernel() -> Iterator[Any]:
    """One kernel for all notebooks, which Python and the program are loaded into once."""
    pytest.importorskip("nbclient")
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(ROOT))
    try:
        yield manager
    finally:
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


BEFORE = """
%reset -f
import quarterhour as qh
if "run_study" not in vars(qh):
    def answered_once(work, held={}):
        def run_study(study, **asked):
            study = study if isinstance(study, qh.Study) else qh.read_study(study)
            if study.path.parent != qh.demo_folder() or study.changes:
                return work(study, **asked)
            key = tuple(sorted(asked.items()))
            held[key] = held[key] if key in held else work(study, **asked)
            return held[key]
        return run_study
    qh.run_study = answered_once(qh.run_study)
del qh
"""
"""Nothing of the notebook before is left; what a notebook asks of the embedded study is answered once for all."""


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_run(path: Path, kernel: Any) -> None:
    nbformat = pytest.importorskip("nbformat")
    from nbclient import NotebookClient

    book = nbformat.read(path, as_version=4)
    book.cells.insert(0, nbformat.v4.new_code_cell(BEFORE))
    client = NotebookClient(book, timeout=None, km=kernel)
    try:
        client.execute()
    finally:
        if client.kc is not None:
            client.kc.stop_channels()  # the kernel goes on
    assert kernel.is_alive()


@pytest.mark.parametrize("path", [*sorted((ROOT / "scripts").glob("*.py")), *NOTEBOOKS], ids=lambda p: p.name)
def test_examples_use_the_front_door_alone(path: Path) -> None:
    if path.name == "make_weihai.py":
        return
    assert not re.search(r"(from|import) quarterhour\.", path.read_text(encoding="utf-8"))


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
