"""What depends on chance or on time, made to depend on neither."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import settings


def examples(some: int, many: int | None = None) -> settings:
    """So many examples in the default run, always the same, and ``many`` (five times as many) drawn in the slow one."""
    return settings(max_examples=some if settings.default.derandomize else many or 5 * some)


def some_of(all_: int | Sequence[Any], few: int) -> list[Any]:
    """Cases for ``parametrize`` (a number: 0, 1 ...): a few in the default run, the others in the slow one."""
    cases = range(all_) if isinstance(all_, int) else all_
    return [*cases[:few], *(pytest.param(case, marks=pytest.mark.slow) for case in cases[few:])]


class Clock:
    """``time.perf_counter`` as it runs, and what a test adds to it: time passes when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._added, runs = 0.0, time.perf_counter
        monkeypatch.setattr(time, "perf_counter", lambda: runs() + self._added)

    def skip(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self._added += seconds
