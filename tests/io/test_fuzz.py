"""Files of every format, damaged in every way: read, or refused in words; never an error of the program.

`make test-slow` draws other damages each time. A read table's rows are all accounted for (`corpus.damage`).
"""

from __future__ import annotations

import random
import warnings
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.damage import FORMATS, Format, damaged, good_bytes, try_to_read
from repeatable import examples

KINDS = {kind.name: kind for kind in FORMATS}


@cache
def _good(name: str) -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        return good_bytes(KINDS[name], Path(folder))


def _read(kind: Format, parts: dict[str, bytes]) -> str:
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, warnings.catch_warnings():
        # What GDAL warns of on the way to its error is no error of ours.
        warnings.simplefilter("ignore", RuntimeWarning)
        return try_to_read(kind, parts, Path(folder))


@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_nothing_happened_to_is_read(name: str) -> None:
    assert _read(KINDS[name], _good(name)) == "read"


@pytest.mark.parametrize("name", KINDS)
@examples(3, 60)
@given(seed=st.integers(0, 2**48))
def test_whatever_happens_to_a_file_it_is_read_or_refused_in_words(name: str, seed: int) -> None:
    assert _read(KINDS[name], damaged(_good(name), random.Random(seed)))
