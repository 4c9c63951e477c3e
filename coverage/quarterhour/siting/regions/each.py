"""Who answers the regions' questions: this process, or whoever is handed them; the answers are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Each(Protocol):
    """Whatever does some tasks, here or on other machines, and gives the answers in the order of the tasks.

    A task is the arguments of a function of this package, the first of them a ``RegionQuestion``; what it answers
    depends on nothing else.
    """

    def __call__(self, work: Callable[..., T], tasks: Sequence[tuple[Any, ...]]) -> Iterator[T]:
        """What ``work`` makes of each task."""


def here(work: Callable[..., T], tasks: Sequence[tuple[Any, ...]]) -> Iterator[T]:
    """One task after the other in this process."""
    return (work(*task) for task in tasks)
