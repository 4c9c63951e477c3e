"""What the scenarios of a study have in common, made once: tables as read, networks, circles checked."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")
_NOTHING = object()
_MOST = 64
"""Of each sort, so many at most are remembered; the oldest goes first."""


@dataclass(eq=False, repr=False)
class Shared:
    """A memory by sort and question. What is kept for a question is what would be made for it again.

    Several threads may ask: what two make at once is the same, and one of it is kept. A copy, and what is pickled,
    begins without memory.
    """

    known: dict[str, dict[Hashable, Any]] = field(default_factory=dict)
    lock: Any = field(default_factory=Lock)

    def made_once(self, sort: str, question: Hashable, make: Callable[[], T]) -> T:
        """What is known of a question; made where nothing is."""
        with self.lock:
            found: Any = self.known.get(sort, {}).get(question, _NOTHING)
        if found is not _NOTHING:
            return found  # type: ignore[no-any-return]
        made = make()
        with self.lock:
            kept = self.known.setdefault(sort, {})
            while len(kept) >= _MOST:
                del kept[next(iter(kept))]
            first: T = kept.setdefault(question, made)
        return first

    def forget(self) -> None:
        """Everything is made anew, as after files have changed."""
        with self.lock:
            self.known.clear()

    def __reduce__(self) -> tuple[type[Shared], tuple[()]]:
        return Shared, ()
