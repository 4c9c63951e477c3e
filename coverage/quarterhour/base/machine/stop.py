"""The signals that ask a program to end: Ctrl-C, the system's or a job's stop, a terminal that was closed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
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


_ASKED: ContextVar[threading.Event | None] = ContextVar("asked to end", default=None)
"""In a thread that works for another, whether that one was asked to end."""


@contextmanager
def interrupts() -> Iterator[threading.Event]:
    """A signal to end, once, sets the event; twice does what it did before.

    Ctrl-C in a notebook asks for what there is so far. Whoever hears signals himself, as the command does, hears them
    at the end of the block. A thread that works for another has the event of ``asked_through``; any other none is set.
    """
    given = _ASKED.get()
    if given is not None:
        yield given
        return
    asked, came = threading.Event(), list[int]()

    def heard(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            before[number](number, frame)
        came.append(number)
        asked.set()

    with hearing(*ENDING, heard=heard) as before:
        yield asked
    for number in came[:1]:
        if before[number] is not signal.default_int_handler:
            before[number](number, None)


def asked_through(event: threading.Event) -> Context:
    """What a thread is to run in that ends as soon as the event is set: a copy of the context here."""
    context = copy_context()
    context.run(_ASKED.set, event)
    return context


def heed() -> None:
    """KeyboardInterrupt where this thread works for another that was asked to end."""
    given = _ASKED.get()
    if given is not None and given.is_set():
        raise KeyboardInterrupt


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
