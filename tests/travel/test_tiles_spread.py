"""Tiles on workers: the shelf, tasks that end in any order, and a worker killed in the middle."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from countries import country
from quarterhour.base.errors import DataError
from quarterhour.io.cluster import workers
from quarterhour.travel.matrix import travel_times
from quarterhour.travel.tiles.spread import computing_at, shelved_rows, spread_over
from quarterhour.travel.tiles.times import tiled_travel_times
from quarterhour.travel.times import TravelTimes

ASKED: dict[str, Any] = {"minutes": 5, "heading": "to_site", "turnout_minutes": 0.5}


def bytes_of(times: TravelTimes) -> list[bytes]:
    return [np.asarray(getattr(times, name)).tobytes() for name in ("indptr", "site_index", "cs")]


class Backwards:
    """Does tasks here, the last first."""

    count, page = 3, ""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.tasks: list[tuple[Any, ...]] = []

    def each(self, work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], *, name: str, **_: str) -> Iterator[Any]:
        self.names.append(name)
        self.tasks += tasks
        for number in reversed(range(len(tasks))):
            yield number, work(*tasks[number])


def test_tiles_that_end_in_any_order_are_joined_in_theirs(tmp_path: Path) -> None:
    net, homes, bases = country(2, side=16, homes=90, bases=70)
    whole, told, slow = travel_times(net, homes, bases, **ASKED), [0.0], Backwards()
    for size in (3, 20, 69):
        found = tiled_travel_times(
            net, homes, bases, compute=spread_over(slow, tmp_path), tile_sources=size, progress=told.append, **ASKED
        )
        assert bytes_of(found) == bytes_of(whole) and told[-1] == 1
    assert len(slow.names) == 3 and len(slow.tasks) == 24 + 4 + 2
    assert all(len(repr(task)) < 4000 for task in slow.tasks)  # paths and hashes


def test_one_tile_goes_nowhere(tmp_path: Path) -> None:
    net, homes, bases = country(2, side=16, homes=9, bases=7)
    slow = Backwards()
    found = tiled_travel_times(net, homes, bases, compute=spread_over(slow, tmp_path), **ASKED)
    assert bytes_of(found) == bytes_of(travel_times(net, homes, bases, **ASKED))
    assert not slow.tasks and not list(tmp_path.iterdir())


def test_a_worker_with_another_program_is_not_used(tmp_path: Path) -> None:
    net, homes, bases = country(2, side=16, homes=9, bases=7)
    slow = Backwards()
    tiled_travel_times(net, homes, bases, compute=spread_over(slow, tmp_path), tile_sources=3, **ASKED)
    with pytest.raises(DataError, match="has another version of the program"):
        shelved_rows(*slow.tasks[0][:3], "0")


def test_the_shelf_stands_for_the_time_being_and_who_computes_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, told = Backwards(), []

    @contextmanager
    def there(where: str) -> Iterator[Backwards]:
        assert where in ("local:3", "tcp://127.0.0.1:1")
        yield slow

    monkeypatch.setattr(workers, "workers_at", there)
    with computing_at("none", tmp_path, lang="en", tell=told.append) as compute:
        assert compute is None and not told
    net, homes, bases = country(2, side=16, homes=20, bases=20)
    folder = tmp_path / "prepared"
    with computing_at("local:3", folder, lang="en", tell=told.append) as compute:
        assert compute is not None and not told
        found = tiled_travel_times(net, homes, bases, compute=compute, tile_sources=3, **ASKED)
        assert len(list(folder.rglob("*.npy"))) > 10
    assert bytes_of(found) == bytes_of(travel_times(net, homes, bases, **ASKED))
    assert told == ["Travel times, and siting questions by region, are computed by 3 workers."]
    assert [path.name for path in folder.iterdir()] == ["travel.tiles"]  # rows, for the next run
    slow.page = "http://127.0.0.1:1/status"
    with computing_at("tcp://127.0.0.1:1", folder, lang="zh", tell=told.append):  # looked for before it is needed
        assert told[-1].endswith("监控页：http://127.0.0.1:1/status")


class Killed:
    """Workers of which one is killed when the first tile has come."""

    def __init__(self, held: workers.Workers) -> None:
        self.held, self.killed = held, 0

    def each(self, work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], **asked: Any) -> Iterator[Any]:
        for number, found in self.held.each(work, tasks, **asked):
            if not self.killed:
                self.killed = next(iter(self.held.client.run(os.getpid).values()))
                os.kill(self.killed, signal.SIGKILL)
            yield number, found


@pytest.mark.compiled
@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_a_worker_killed_on_the_way_changes_no_byte(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="distributed is absent: install the extra `cluster`")
    net, homes, bases = country(5, side=16, homes=400, bases=300)
    whole = travel_times(net, homes, bases, **ASKED)
    with workers.workers_at("local:2") as held:
        for size in (7, 60):
            watched = Killed(held)
            compute = spread_over(watched, tmp_path)
            found = tiled_travel_times(net, homes, bases, compute=compute, tile_sources=size, **ASKED)
            assert bytes_of(found) == bytes_of(whole) and watched.killed
