"""The browser of the page's tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import chromium as cut_off


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with cut_off.chromium() as opened:
        yield opened


@pytest.fixture
def browser(chromium: Any) -> Iterator[Any]:
    """The browser, whose pages close with the test."""
    yield chromium
    for context in chromium.contexts:
        context.close()
