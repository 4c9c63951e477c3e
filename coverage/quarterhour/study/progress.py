"""What a run calls at each step."""

from __future__ import annotations

from typing import Protocol


class RunProgress(Protocol):
    """Called with the text of each step, and within a long one with the share done."""

    def __call__(self, text: str, share: float | None = None, /) -> None:
        """Show it."""


def no_progress(text: str, share: float | None = None, /) -> None:
    """Show nothing."""
