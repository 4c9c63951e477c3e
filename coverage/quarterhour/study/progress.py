"""What a run calls at each step, and what the command hears of its rooms meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol


class RunProgress(Protocol):
    """Called with the text of each step, and within a long one with the share done."""

    def __call__(self, text: str, share: float | None = None, /) -> None:
        """Show it."""


def no_progress(text: str, share: float | None = None, /) -> None:
    """Show nothing."""


@contextmanager
def relayed(say: Callable[[str], None], *, verbose: bool) -> Iterator[None]:
    """What the program's rooms log is said for the time being; unless ``verbose``, only what a planner should heed."""
    level = logging.INFO if verbose else logging.WARNING

    class Relay(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(record.getMessage())

    rooms, relay = logging.getLogger("quarterhour"), Relay(level)
    before = rooms.level
    rooms.addHandler(relay)
    rooms.setLevel(level)
    try:
        yield
    finally:
        rooms.removeHandler(relay)
        rooms.setLevel(before)
