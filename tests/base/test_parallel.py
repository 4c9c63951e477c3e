"""Blocks side by side: in order, told, begun again where they ended early, and stopped."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from quarterhour.base import parallel
from quarterhour.base.arrays import StopFlag as Stop
from quarterhour.base.machine.stop import heed, interrupts
from quarterhour.base.parallel import MOST_THREADS, Call, in_blocks, side_by_side, thread_count

ROOT = Path(__file__).resolve().parents[2]


def rows_of(span: slice, _: Stop) -> list[int]:
    return list(range(span.start, span.stop))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("size", [None, 1, 7, 1000])
def test_every_row_comes_once_and_in_order(threads: int, size: int | None) -> None:
    told: list[float] = []
    found = list(in_blocks(rows_of, 100, threads=threads, size=size, progress=told.append))
    assert [r for _, part in found for r in part] == list(range(100))
    assert [r for span, _ in found for r in range(span.start, span.stop)] == list(range(100))
    assert told == sorted(told)
    assert told[-1] == 1


def test_blocks_grow_to_a_fraction_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row takes a millionth of a second."""

    def timed(work: Any, span: slice, stop: Stop) -> tuple[Any, float]:
        return work(span, stop), 1e-6 * (span.stop - span.start)

    monkeypatch.setattr(parallel, "_timed", timed)
    sizes = [span.stop - span.start for span, _ in in_blocks(rows_of, 100_000)]
    assert sizes[0] == 16
    assert max(sizes) > 1000
    assert all(b <= 4 * a for a, b in zip(sizes, sizes[2:], strict=False))


def test_what_a_block_left_over_is_begun_again() -> None:
    found = list(in_blocks(lambda span, stop: rows_of(span, stop)[:3], 20, threads=2, size=8, done=len))
    assert [r for _, part in found for r in part] == list(range(20))
    assert max(span.stop - span.start for span, _ in found) == 3


def test_nothing_to_do_is_done_at_once() -> None:
    assert list(in_blocks(rows_of, 0)) == []


def test_an_error_of_one_block_ends_all_and_no_thread_stays() -> None:
    seen: list[Any] = []

    def fail(span: slice, stop: Stop) -> None:
        if span.start == 2:
            raise ValueError("broken")
        seen.append(stop)

    with pytest.raises(ValueError, match="broken"):
        list(in_blocks(fail, 100, threads=2, size=1))
    assert seen[0][0] == 1
    assert threading.active_count() < 10


def test_who_stops_asking_stops_the_work() -> None:
    stops: list[Stop] = []
    blocks = in_blocks(lambda _, stop: stops.append(stop), 1000, size=1)
    next(blocks)
    blocks.close()
    assert stops[0][0] == 1
    assert len(stops) < 10


@pytest.fixture
def eight(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with eight processors, and where its container's limits would stand."""
    monkeypatch.setattr(os, "process_cpu_count", lambda: 8, raising=False)
    monkeypatch.setattr(parallel, "_GROUP", tmp_path)
    return tmp_path


def test_as_many_threads_as_asked_for(eight: Path) -> None:
    assert [thread_count(asked) for asked in (1, 3, 20, 9999, 0)] == [1, 3, 20, MOST_THREADS, 1]
    assert (eight / "cpu.max").exists() is False


@pytest.mark.usefixtures("eight")
def test_as_many_threads_as_the_process_has_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    assert thread_count() == 8
    monkeypatch.setattr(os, "process_cpu_count", lambda: None)
    assert thread_count("auto") == 1
    monkeypatch.setattr(os, "process_cpu_count", lambda: 1000)
    assert thread_count("auto") == MOST_THREADS


@pytest.mark.usefixtures("eight")
def test_before_python_tells_it_the_system_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "process_cpu_count")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert thread_count() == 3
    monkeypatch.delattr(os, "sched_getaffinity")  # as on macOS and Windows
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert thread_count() == 5


@pytest.mark.parametrize(
    ("files", "threads"),
    [
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu.max": "250000 100000\n"}, 3),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu.max": "odd\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2),
    ],
)
def test_a_container_gives_no_more_than_its_share(eight: Path, files: dict[str, str], threads: int) -> None:
    for name, text in files.items():
        (eight / name).parent.mkdir(exist_ok=True)
        (eight / name).write_text(text, encoding="ascii")
    assert thread_count() == threads


# --- works side by side -------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_works_give_in_their_order_and_call_in_the_callers_thread(threads: int) -> None:
    here, heard = threading.get_ident(), list[tuple[int, int]]()

    def hear(place: int, step: int) -> None:
        heard.append((place, step if threading.get_ident() == here else -1))

    def work(place: int, call: Call) -> tuple[int, bool]:
        for step in range(3):
            call(hear, place, step)
        return place, threading.get_ident() == here

    found = side_by_side([partial(work, place) for place in range(4)], threads=threads)
    assert found == [(place, threads == 1) for place in range(4)]
    assert sorted(heard) == [(place, step) for place in range(4) for step in range(3)]
    assert [[step for place, step in heard if place == one] for one in range(4)] == [[0, 1, 2]] * 4


def test_what_is_called_as_the_last_work_ends_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """All works end between two looks: at whether they have ended, and at whether anything is called."""
    may_end, under_way, heard = threading.Event(), list[Future[None]](), list[int]()

    class Looked(queue.SimpleQueue[Any]):
        def empty(self) -> bool:
            nothing = super().empty()
            may_end.set()
            wait(under_way)
            return nothing

        def get(self, block: bool = True, timeout: float | None = None) -> Any:
            may_end.set()
            return super().get(block, timeout)

    class Seen(ThreadPoolExecutor):
        def submit(self, *asked: Any, **more: Any) -> Any:
            under_way.append(super().submit(*asked, **more))
            return under_way[-1]

    def work(place: int, call: Call) -> None:
        assert may_end.wait(60)
        call(heard.append, place)

    monkeypatch.setattr(parallel, "ThreadPoolExecutor", Seen)
    monkeypatch.setattr(parallel, "queue", SimpleNamespace(SimpleQueue=Looked, Empty=queue.Empty))
    side_by_side([partial(work, 0), partial(work, 1)], threads=2)
    assert sorted(heard) == [0, 1]


def test_two_works_are_under_way_at_once() -> None:
    both = threading.Barrier(2)
    assert sorted(side_by_side([lambda _: both.wait(60), lambda _: both.wait(60)], threads=2)) == [0, 1]


def test_the_first_error_in_the_order_of_works_is_raised() -> None:
    """The second fails while the first is under way, which then fails too; the third ends as soon as it heeds."""
    failed, went_on = threading.Event(), list[str]()

    def first(_: Call) -> None:
        assert failed.wait(60)
        raise ValueError("first")

    def second(_: Call) -> None:
        failed.set()
        raise ValueError("second")

    def third(_: Call) -> None:
        went_on.append("third")
        while True:
            heed()

    with pytest.raises(ValueError, match="first"):
        side_by_side([first, second, third, lambda _: went_on.append("fourth")], threads=3)
    with pytest.raises(ValueError, match="second"):
        side_by_side([lambda _: failed.wait(60), second, third], threads=3)
    assert set(went_on) <= {"third"}


def test_an_interrupt_in_one_work_ends_all() -> None:
    def long(_: Call) -> None:
        with interrupts() as asked:
            assert asked.wait(60)
        heed()

    def interrupted(_: Call) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        side_by_side([long, interrupted], threads=2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_works_and_comes_to_who_heard_it_before(number: int) -> None:
    """When they have ended, and though nobody of them minds; those that wait for blocks are ended by them."""
    ready, heard, over = threading.Barrier(3), list[int](), list[str]()
    before = signal.signal(number, lambda given, _: heard.append(given))

    def searching(_: Call) -> None:
        with interrupts() as asked:
            ready.wait(60)
            assert asked.wait(60)
        over.append("searching")

    def in_parts(_: Call) -> None:
        ready.wait(60)
        try:
            list(in_blocks(lambda _, stop: stop.any() or threading.Event().wait(0.01), 10**9, size=1))
        finally:
            over.append("in parts")

    def signals(call: Call) -> None:
        ready.wait(60)
        call(signal.raise_signal, number)

    try:
        with pytest.raises(KeyboardInterrupt):
            side_by_side([searching, in_parts, signals], threads=3)
        assert (heard, sorted(over)) == ([number], ["in parts", "searching"])
    finally:
        signal.signal(number, before)


LONG = """
import sys
import numpy as np, pandas as pd
import quarterhour as qh
from quarterhour.network.build import network_from_arrays
from quarterhour.network.modes import as_mode

side = int(sys.argv[1])
at = np.arange(side * side).reshape(side, side)
ends = [np.r_[at[:, :-1].ravel(), at[:-1].ravel()], np.r_[at[:, 1:].ravel(), at[1:].ravel()]]
mode = as_mode("car", {"travels": "vehicle", "speed_kmh": 36})
xy = np.column_stack([at.ravel() % side, at.ravel() // side]) * 100.0
net = network_from_arrays(*ends, forward_cs=np.full(len(ends[0]), 900), mode=mode, xy=xy, crs="EPSG:32651")
rng = np.random.default_rng(1)
road = rng.integers(0, len(net.tail), 9000).astype(np.int32)
places = pd.DataFrame({"road": road, "share": 0.5, "gap_m": 0.0, "x": 0.0, "y": 0.0, "snapped": True, "reason": ""})
shares = []

def under_way(share):
    shares.append(share)
    if len(shares) == 2:
        print("under way", flush=True)

asked = {"minutes": 9999, "heading": "to_site", "threads": 2}
qh.travel_times(net, places[:1], places[:1], **asked)
try:
    qh.travel_times(net, places, places, progress=under_way, **asked)
except KeyboardInterrupt:
    print("stopped", shares[-1] < 1, flush=True)
"""


def interrupted(side: int) -> str:
    """What a long table prints when Ctrl-C comes after its second block; what is left of it would take minutes."""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "coverage")}
    with subprocess.Popen(
        [sys.executable, "-c", LONG, str(side)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    ) as child:  # fmt: skip
        assert child.stdout is not None and child.stderr is not None
        try:
            if child.stdout.readline() != "under way\n":
                raise AssertionError(child.stderr.read())
            child.send_signal(signal.SIGINT)
            return child.communicate()[0]
        finally:
            child.kill()


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a whole console")
def test_ctrl_c_ends_a_long_table() -> None:
    assert interrupted(400) == "stopped True\n"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a whole console")
def test_ctrl_c_ends_a_table_of_two_million_junctions() -> None:
    assert interrupted(1414) == "stopped True\n"
