"""The signals that ask a program to end: Ctrl-C, the system's or a job's stop, a terminal that was closed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

Heard = Callable[[int, FrameType | None], Any]

ENDING: tuple[signal.Signals, ...] = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)
"""Those that this system has (SIGHUP: not on Windows; SIGBREAK: there alone)."""


@contextmanager
def hearing(*numbers: int, heard: Heard) -> Iterator[dict[int, Heard]]:
    """Each signal goes to ``heard`` for the time being; what heard it before, by number, and hears it again after.

    Only signals that somebody hears in Python: what the system does by itself, or was told to ignore, stays so.
    Outside the main thread nothing changes, as no signal comes there.
    """
    before: dict[int, Heard] = {}
    if threading.current_thread() is threading.main_thread():
        found = {number: signal.getsignal(number) for number in numbers}
        before = {number: handler for number, handler in found.items() if callable(handler)}
    try:
        for number in before:
            signal.signal(number, heard)
        yield before
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def later() -> Iterator[None]:
    """A step of moments that is better finished than cut: signals that come meanwhile are heard after it."""
    came: list[int] = []
    before: dict[int, Heard] = {}
    try:
        with hearing(*ENDING, heard=lambda number, _: came.append(number)) as before:
            yield
    finally:
        for number in came[:1]:
            before[number](number, None)


@contextmanager
def deaf() -> Iterator[None]:
    """Signals wait in this thread until the end, and a process that is started meanwhile never hears them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # with the first process, it would let SIGINT and SIGTERM through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent() -> None:
    """For a process that works for another: deaf to signals, which the other hears, and at its end ended at once."""
    import os
    from multiprocessing import parent_process

    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
