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


class Turns:
    """One voice for works that are told side by side: as if one followed the other.

    The first that has not ended is heard; what a later one tells waits until it is its turn, so the texts and their
    order do not depend on which work was quicker.
    """

    def __init__(self, tell: RunProgress, count: int) -> None:
        self._tell, self._turn = tell, 0
        self._waiting: list[list[tuple[str, float | None]]] = [[] for _ in range(count)]
        self._over: set[int] = set()

    def tell(self, place: int, text: str, share: float | None = None) -> None:
        """One work tells a step, or how much of it is done."""
        if place == self._turn:
            self._tell(text, share)
            return
        kept = self._waiting[place]
        if kept and kept[-1][0] == text and kept[-1][1] is not None and share is not None:
            kept.pop()  # how far it was before
        kept.append((text, share))

    def end(self, place: int) -> None:
        """One work has told all it had to tell."""
        self._over.add(place)
        while self._turn in self._over:
            self._turn += 1
            for text, share in self._waiting[self._turn] if self._turn < len(self._waiting) else ():
                self._tell(text, share)


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
