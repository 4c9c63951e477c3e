"""What the scenarios of a study have in common, made once: tables as read, networks, circles checked."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")
_MOST = 64
"""Of each sort, so many at most are remembered; the oldest goes first."""


@dataclass(eq=False, repr=False)
class Shared:
    """A memory by sort and question. What is kept for a question is what would be made for it again."""

    known: dict[str, dict[Hashable, Any]] = field(default_factory=dict)

    def made_once(self, sort: str, question: Hashable, make: Callable[[], T]) -> T:
        """What is known of a question; made where nothing is."""
        kept = self.known.setdefault(sort, {})
        if question not in kept:
            made = make()
            while len(kept) >= _MOST:
                del kept[next(iter(kept))]
            kept[question] = made
        found: T = kept[question]
        return found

    def forget(self) -> None:
        """Everything is made anew, as after files have changed."""
        self.known.clear()
