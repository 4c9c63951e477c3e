"""Hundreds of inputs as offices send them: the right figures, or what must be said of them, or a clear refusal.

`tests/corpus` makes each from one small city. In none may a false figure come with nothing said.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.city import keep_base
from corpus.read_once import read_once
from corpus.verdict import Case, judge, outcome
from repeatable import some_of

BOOKS = ("text", "cells", "sheets", "layers", "places", "roads", "study", "offices")
CASES = {f"{book}/{c.name}": c for book in BOOKS for c in importlib.import_module(f"corpus.of_{book}").BOOK.cases}
EVERY = 8
"""Of so many cases one is in the default run, the others in the slow one."""


def _spread() -> list[str]:
    """The names of all cases, those of the default run first."""
    names = list(CASES)
    first = names[::EVERY]
    return [*first, *(n for n in names if n not in set(first))]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the base city."""
    return keep_base(tmp_path_factory.mktemp("city"))


@pytest.fixture(scope="module", autouse=True)
def _read_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        read_once(patch)
        yield


@pytest.mark.parametrize("name", some_of(_spread(), -(-len(CASES) // EVERY)))
def test_what_must_be_said_is_said_and_no_false_figure_is_silent(name: str, tmp_path: Path, kept: Path) -> None:
    case: Case = CASES[name]
    assert judge(case, outcome(case, tmp_path, kept)) == []


def test_the_corpus_is_large_and_each_case_has_a_name_of_its_own() -> None:
    written = sum(len(importlib.import_module(f"corpus.of_{book}").BOOK.cases) for book in BOOKS)
    assert len(CASES) == written >= 300
