"""``help()`` of every public name shows how it is used, and what it shows is so; type checkers see the names."""

from __future__ import annotations

import ast
import doctest
import inspect
from pathlib import Path
from typing import Any

import pytest

import quarterhour as qh
from quarterhour import testing

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FRONT, SITING = (Path(qh.__file__).with_suffix(".pyi"), Path(qh.siting.__file__).with_suffix(".pyi"))


def shown() -> dict[str, Any]:
    """Functions and classes of the front door and of ``qh.siting``, and the small study that they are shown on."""
    doors = {"qh": (qh, qh.__all__), "qh.siting": (qh.siting, qh.siting.__all__)}
    every = {f"{door}.{name}": getattr(room, name) for door, (room, names) in doors.items() for name in names}
    public = {name: thing for name, thing in every.items() if callable(thing)}
    return {**public, "qh.testing.small_study": testing.small_study}


@pytest.mark.parametrize("name", shown())
def test_every_public_name_has_an_example_that_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a class also those of its methods; each stands by itself, as somebody would copy it."""
    thing = shown()[name]
    assert ">>> " in (thing.__doc__ or ""), f"help({name}) shows no example"
    monkeypatch.chdir(tmp_path)
    for example in doctest.DocTestFinder(exclude_empty=True).find(thing, name, globs={}):
        told: list[str] = []
        done = doctest.DocTestRunner(optionflags=FLAGS).run(example, out=told.append)
        assert done.failed == 0, "".join(told)
    assert not list(tmp_path.iterdir()), "an example leaves files behind"


@pytest.mark.parametrize("name", shown())
def test_a_function_says_what_it_takes_and_gives(name: str) -> None:
    thing = shown()[name]
    said = inspect.getdoc(thing) or ""
    assert said.splitlines()[0].endswith((".", ":")) or inspect.isclass(thing), "the first line is no sentence"
    if inspect.isclass(thing) or name == "qh.testing.small_study":
        return
    if inspect.signature(thing).parameters:
        assert "Parameters\n-------" in said, f"{name} does not say what it takes"
    assert "Returns\n-------" in said, f"{name} does not say what it gives"


@pytest.mark.parametrize(("stub", "door"), [(FRONT, qh), (SITING, qh.siting)])
def test_type_checkers_see_every_name_in_its_room(stub: Path, door: Any) -> None:
    rooms = {
        (f"quarterhour.{room}", name) if names else (f"quarterhour.{room}".rpartition(".")[0], room.rpartition(".")[2])
        for room, names in door._ROOMS.items()
        for name in names or ("",)
    }
    lines = [line for line in ast.parse(stub.read_text(encoding="utf-8")).body if isinstance(line, ast.ImportFrom)]
    seen = {(line.module, one.name) for line in lines for one in line.names}
    assert seen == rooms
    assert all(one.asname == one.name for line in lines for one in line.names), "a stub hands on only `x as x`"


def test_type_checkers_see_the_towns_for_tests() -> None:
    stub = Path(qh.__file__).with_name("testing.pyi")
    lines = [line for line in ast.parse(stub.read_text(encoding="utf-8")).body if isinstance(line, ast.ImportFrom)]
    assert sorted(one.name for line in lines for one in line.names) == testing.__all__
