"""Work in blocks, or works side by side, on threads: told how far they are, stopped by Ctrl-C within a moment.

Compiled kernels let other threads run. The main thread only waits, so that it hears Ctrl-C; it then sets the flag
that every kernel looks at.
"""

from __future__ import annotations

import math
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Literal, TypeVar

import numpy as np

from quarterhour.base.arrays import StopFlag
from quarterhour.base.machine.stop import ENDING, Heard, asked_through, hearing, heed

T = TypeVar("T")
Progress = Callable[[float], None]
"""Called with the share done."""
FIRST = 16
"""Rows of the first block, when nobody knows yet how long a row takes."""
SECONDS = 0.2
"""How long a block should take: often enough to tell how far it is, seldom enough to cost nothing."""
POLL_S = 0.2
"""Where a lock is deaf to Ctrl-C (Windows), it is heard so often."""
MOST_THREADS = 256
_GROUP = Path("/sys/fs/cgroup")
"""Where Linux tells what a container may use."""


def thread_count(asked: int | Literal["auto"] = "auto") -> int:
    """How many threads to work on: as many as are asked for; ``"auto"``: as many as this process has processors.

    Those it was given (``taskset``), and no more than its container is given the time of. From 1 to ``MOST_THREADS``.
    No answer depends on it.
    """
    if asked != "auto":
        return max(1, min(asked, MOST_THREADS))
    given = getattr(os, "process_cpu_count", _processors)() or 1
    return max(1, min(given, math.ceil(_quota()), MOST_THREADS))


def _processors() -> int:
    """As Python 3.13 counts them."""
    given = getattr(os, "sched_getaffinity", None)
    return len(given(0)) if given else os.cpu_count() or 1


def _quota() -> float:
    """Processors whose time a container is given; without a container, and without a limit, ``MOST_THREADS``."""
    for names in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        with suppress(OSError, ValueError):
            share, period = " ".join((_GROUP / name).read_text(encoding="ascii") for name in names).split()
            if float(share) > 0:  # "max", or -1: no limit
                return float(share) / float(period)
    return MOST_THREADS


def in_blocks(
    work: Callable[[slice, StopFlag], T],
    count: int,
    *,
    threads: int = 1,
    progress: Progress | None = None,
    size: int | None = None,
    done: Callable[[T], int] | None = None,
) -> Iterator[tuple[slice, T]]:
    """What ``work`` makes of rows 0 to ``count``, block by block, in order.

    Parameters
    ----------
    work : called with the rows and a flag; when the flag is set, what it returns is thrown away.
    threads : blocks side by side.
    progress : called with the share done.
    size : rows to a block; without it, as many as take a fraction of a second. Where sums of floating point
        must not depend on the machine's mood, give it.
    done : how many rows a block came to, where it may end before its time; the others are begun again.
    """
    stop, side_by_side = np.zeros(1, np.uint8), max(1, threads)
    begun, rows = 0, size or FIRST
    under_way: deque[tuple[slice, Future[tuple[T, float]]]] = deque()
    pool = ThreadPoolExecutor(side_by_side)
    try:
        while begun < count or under_way:
            while begun < count and len(under_way) <= side_by_side:
                span = slice(begun, min(begun + rows, count))
                under_way.append((span, pool.submit(_timed, work, span, stop)))
                begun = span.stop
            span, future = under_way.popleft()
            while not future.done():
                heed()
                wait([future], timeout=POLL_S)
            part, seconds = future.result()
            ended = span.stop if done is None else span.start + done(part)
            if ended < span.stop:
                left = slice(ended, span.stop)
                under_way.appendleft((left, pool.submit(_timed, work, left, stop)))
            if progress:
                progress(ended / count)
            if size is None:
                rows = _paced(ended - span.start, seconds)
            yield slice(span.start, ended), part
    finally:
        stop[0] = 1
        pool.shutdown(wait=True, cancel_futures=True)


def _timed(work: Callable[[slice, StopFlag], T], span: slice, stop: StopFlag) -> tuple[T, float]:
    begin = time.perf_counter()
    return work(span, stop), time.perf_counter() - begin


def _paced(rows: int, seconds: float) -> int:
    """Rows of the next block; never more than four times as many at once."""
    return max(1, min(int(rows * SECONDS / max(seconds, 1e-9)), 4 * rows))


Call = Callable[..., None]
"""``call(function, *arguments)``: has it called by the thread that all the works are for, in the order of the calls."""


def side_by_side(works: Sequence[Callable[[Call], T]], *, threads: int) -> list[T]:
    """What some long works come to, in their order, so many at once, each in a thread; or here one after the other.

    Each is called with a ``Call``. A signal to end is heard by all that are under way (``interrupts``, ``heed``), and
    goes to whoever heard it before when they have ended. An error ends what comes after it, and waits for what comes
    before: the first in their order is raised, as if one work followed the other.
    """
    if threads < 2 or len(works) < 2:
        return [work(_called_here) for work in works]
    asked, came = [threading.Event() for _ in works], list[int]()
    before: dict[int, Heard] = {}
    calls: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
    under_way: list[Future[T]] = []

    def heard(number: int, frame: FrameType | None) -> None:
        if came:
            before[number](number, frame)
        came.append(number)
        _set(asked)

    def call(function: Callable[..., object], *arguments: Any) -> None:
        calls.put(partial(function, *arguments))

    def one(place: int) -> T:
        heed()
        try:
            return works[place](call)
        except BaseException as why:
            _set(asked[place:] if isinstance(why, Exception) else asked)
            raise

    pool = ThreadPoolExecutor(threads)
    try:
        with hearing(*ENDING, heard=heard) as before:
            for place, event in enumerate(asked):
                under_way.append(pool.submit(asked_through(event).run, one, place))
                under_way[-1].add_done_callback(lambda _: call(_set, ()))  # be awake: it may have been the last
            # in this order: a work calls before it ends
            while not (all(future.done() for future in under_way) and calls.empty()):
                with suppress(queue.Empty):
                    calls.get(timeout=POLL_S)()
    finally:
        _set(asked)
        pool.shutdown(wait=True, cancel_futures=True)
    for number in came[:1]:
        before[number](number, None)
    return [future.result() for future in under_way]


def _called_here(function: Callable[..., object], *arguments: Any) -> None:
    function(*arguments)


def _set(events: Iterable[threading.Event]) -> None:
    for event in events:
        event.set()
