"""Work on workers: arrays on a shelf, what is refused, and a worker that is killed on the way."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from quarterhour.base.errors import DataError, MissingError, ServiceError
from quarterhour.io.cluster.shelf import from_shelf, put_on_shelf
from quarterhour.io.cluster.workers import Workers, WorkersAtNeed, _check_programs, _result, workers_at
from quarterhour.io.network_store import program_sum, sum_of_program


@pytest.mark.parametrize("size", [0, 3, 100_000])
@pytest.mark.parametrize("kind", ["int32", "float64", "bool"])
def test_an_array_comes_from_the_shelf_as_it_was_put_there(tmp_path: Path, size: int, kind: str) -> None:
    array = np.arange(size).astype(kind)
    name = put_on_shelf(array, tmp_path)
    found = from_shelf(tmp_path, name)
    assert found.dtype == array.dtype and found.tobytes() == array.tobytes()
    assert put_on_shelf(array, tmp_path) == name and len(list(tmp_path.iterdir())) == 1
    assert put_on_shelf(array.astype("int64"), tmp_path) != name


def test_what_is_not_on_the_shelf_or_was_changed_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"does not see the file .*nothing\.npy"):
        from_shelf(tmp_path, "nothing")
    name = put_on_shelf(np.arange(5), tmp_path)
    np.save(tmp_path / f"{name}.npy", np.arange(6))
    with pytest.raises(DataError, match="as a worker read it is not what the program wrote"):
        from_shelf(tmp_path, name)
    (tmp_path / f"{name}.npy").write_bytes(b"cut")
    with pytest.raises(DataError, match="as a worker read it is not what the program wrote"):
        from_shelf(tmp_path, name)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("everywhere", "--cluster cannot be everywhere"),
        ("tcp://host", "--cluster cannot be tcp://host"),
        ("http://host:80", "--cluster cannot be http://host:80"),
        ("local:0", "must be 1 to 256, got 0"),
        ("local:1000", "must be 1 to 256, got 1000"),
        ("lost/scheduler.json", "there is no scheduler file lost/scheduler.json"),
    ],
)
def test_where_nobody_can_be_is_refused_before_anything_starts(where: str, said: str) -> None:
    with pytest.raises((DataError, MissingError), match=said), workers_at(where):
        pass


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DataError, match=r"quarterhour\[cluster\]"), workers_at("local:1"):
        pass


def square(number: int) -> int:
    return number * number


def refuse(number: int) -> int:
    raise DataError("cluster.bad_count", count=number, most=2)


def stumble(number: int) -> int:
    raise ZeroDivisionError(number)


def die(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def pid(_: int) -> int:
    return os.getpid()


@pytest.fixture(scope="module")
def two() -> Iterator[Workers]:
    pytest.importorskip("distributed", reason="distributed is absent: install the extra `cluster`")
    with workers_at("local:2") as found:
        yield found


def test_every_task_is_done_once(two: Workers) -> None:
    assert two.count == 2
    assert dict(two.each(square, [(i,) for i in range(9)], name="squares")) == {i: i * i for i in range(9)}


def test_an_error_of_a_task_is_told_as_it_is_or_with_its_number(two: Workers) -> None:
    with pytest.raises(DataError, match="tile 1 of 1 was not computed: .*must be 1 to 2, got 7"):
        list(two.each(refuse, [(7,)], name="refused"))
    with pytest.raises(ServiceError, match=r"tile 1 of 1 could not be finished.*ZeroDivisionError"):
        list(two.each(stumble, [(7,)], name="stumbled"))
    with pytest.raises(DataError, match="region 1 of 1 of a siting question was not computed: .*got 7"):
        list(two.each(refuse, [(7,)], name="refused too", what="region"))


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_a_worker_that_is_killed_on_the_way_is_made_up_for(two: Workers) -> None:
    found: dict[int, Any] = {}
    for number, process in two.each(pid, [(i,) for i in range(20)], name="pids"):
        if not found:
            os.kill(process, signal.SIGKILL)
        found[number] = process
    assert sorted(found) == list(range(20))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_a_task_that_kills_every_worker_is_given_up_and_named(two: Workers) -> None:
    with pytest.raises(
        ServiceError, match=r"tile 1 of 1 was not computed: worker after worker ended over it, the last at tcp://"
    ):
        list(two.each(die, [(1,)], name="deadly"))


def test_a_scheduler_is_found_by_address_and_by_file(two: Workers, tmp_path: Path) -> None:
    address = two.client.scheduler.address
    file = tmp_path / "scheduler.json"
    file.write_text(json.dumps({"address": address}), encoding="utf-8")
    for where in (address, str(file)):
        with workers_at(where) as found:
            assert dict(found.each(square, [(3,)], name=f"found {len(where)}")) == {0: 9}


def test_a_scheduler_that_is_gone_on_the_way_is_told() -> None:
    """As a cancelled future looks, whatever cancelled it."""

    class Gone:
        status = "cancelled"

        def result(self, **_: float) -> int:
            raise RuntimeError("scheduler-connection-lost")

        def cancelled(self) -> bool:
            return True

    with pytest.raises(ServiceError, match=r"the connection to the scheduler was lost.*scheduler-connection-lost"):
        _result(Gone(), "tile", 0, 1)


def test_what_went_with_its_worker_before_it_came_is_waited_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a future looks that was done, and whose worker then died with what it had returned."""
    distributed = pytest.importorskip("distributed", reason="distributed is absent: install the extra `cluster`")

    class Once:
        said, results = ["lost", "pending", "finished", "pending", "finished"], [TimeoutError(), 9]

        @property
        def status(self) -> str:
            return self.said.pop(0)

        def result(self, *, timeout: float) -> object:
            assert timeout
            found = self.results.pop(0)
            if isinstance(found, BaseException):
                raise found
            return found

        def cancelled(self) -> bool:
            return False

        def release(self) -> None:
            pass

    class Client:
        def submit(self, *_: Any, **__: Any) -> Once:
            return Once()

        def cancel(self, left: list[Any]) -> None:
            assert not left

    monkeypatch.setattr(distributed, "wait", lambda left, **_: SimpleNamespace(done=set(left)))
    client: Any = Client()
    assert list(Workers(client, 1, "").each(square, [(3,)], name="lost")) == [(0, 9)]
    assert not Once.said
    Once.said, Once.results = ["error", "error"], [TimeoutError("of the task itself")]
    with pytest.raises(ServiceError, match="tile 1 of 1 could not be finished.*of the task itself"):
        list(Workers(client, 1, "").each(square, [(3,)], name="late"))


def test_where_no_scheduler_answers_the_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="distributed is absent: install the extra `cluster`")
    monkeypatch.setattr("quarterhour.io.cluster.workers.WAIT_SECONDS", 1)
    with (
        pytest.raises(ServiceError, match="no scheduler or worker answers at tcp://127.0.0.1:9"),
        workers_at("tcp://127.0.0.1:9"),
    ):
        pass


class Reached:
    """A client whose scheduler and workers say what they are told to."""

    def __init__(self, scheduler: Any, worker: Any) -> None:
        self.scheduler, self.worker = scheduler, worker

    def run_on_scheduler(self, _: Any) -> Any:
        return self.scheduler if isinstance(self.scheduler, str) else self._refuse()

    def run(self, _: Any) -> Any:
        return {"tcp://a:1": self.worker} if isinstance(self.worker, str) else self._refuse()

    def _refuse(self) -> None:
        raise AttributeError("no module of that name")


@pytest.mark.parametrize(
    ("scheduler", "worker", "said"),
    [
        (None, program_sum(), "scheduler: AttributeError: no module of that name has another version"),
        (program_sum(), None, "worker: AttributeError: no module of that name has another version"),
        ("older", program_sum(), "scheduler has another version"),
        (program_sum(), "older", "tcp://a:1 has another version"),
    ],
    ids=["no such room", "no such room of a worker", "older scheduler", "older worker"],
)
def test_another_program_is_refused_before_any_task_reaches_it(scheduler: Any, worker: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        _check_programs(Reached(scheduler, worker))
    _check_programs(Reached(program_sum(), program_sum()))


class Still:
    """A client one of whose workers was stopped: whoever asks all of them waits."""

    def __init__(self) -> None:
        self.asked: SimpleQueue[Any] = SimpleQueue()
        self.gone_on = Event()

    def run_on_scheduler(self, ask: Any) -> Any:
        return ask()

    def run(self, ask: Any) -> Any:
        self.asked.put(ask)
        self.gone_on.wait()


def test_a_worker_that_stands_still_holds_neither_the_beginning_nor_the_end_of_a_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("WAIT_SECONDS", "LAST_SECONDS"):
        monkeypatch.setattr(f"quarterhour.io.cluster.workers.{name}", 0)
    still: Any = Still()
    with pytest.raises(ServiceError, match="a worker is connected and has not answered for 0 seconds"):
        _check_programs(still)
    WorkersAtNeed(lambda: Workers(still, 1, ""), lasting=True).everywhere(still.gone_on.set)
    WorkersAtNeed(lambda: Workers(still, 1, ""), lasting=False).everywhere(still.gone_on.set)
    assert [still.asked.get(), still.asked.get()] == [program_sum, still.gone_on.set]
    assert still.asked.empty()
    still.gone_on.set()


def test_ends_of_lines_make_no_other_program(tmp_path: Path) -> None:
    sums = []
    for number, text in enumerate((b"a = 1\nb = 2\n", b"a = 1\r\nb = 2\r\n", b"a = 1\nb = 3\n")):
        home = tmp_path / str(number)
        home.mkdir()
        (home / "rooms.py").write_bytes(text)
        sums.append(sum_of_program(home))
    assert sums[0] == sums[1] != sums[2]


def test_where_no_worker_is_left_or_no_scheduler_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed", reason="distributed is absent: install the extra `cluster`")

    class Alone:
        def submit(self, *_: Any, **__: Any) -> object:
            return object()

        def run_on_scheduler(self, _: Any) -> tuple[int, int]:
            return said.pop(0)

        def cancel(self, _: Any) -> None:
            raise OSError

    def late(*_: Any, **__: Any) -> None:
        raise TimeoutError

    monkeypatch.setattr(distributed, "wait", late)
    client: Any = Alone()
    said, revived = 12 * [(0, 0)], list[int]()
    with pytest.raises(ServiceError, match="no worker has been there for 60 seconds"):
        list(Workers(client, 1, "", lambda: revived.append(1)).each(square, [(1,)], name="alone"))
    said = [*20 * [(3, 0)], (3, 1), *24 * [(3, 0)]]  # they stand still, and one of them goes on for a while
    with pytest.raises(ServiceError, match=r"none of 3 workers has computed for 120 seconds.*--memory-limit"):
        list(Workers(client, 1, "").each(square, [(1,)], name="alone"))
    assert not said and len(revived) == 12
    client.run_on_scheduler = late
    with pytest.raises(ServiceError, match="connection to the scheduler was lost"):
        list(Workers(client, 1, "").each(square, [(1,)], name="alone"))
    client.submit = late
    with pytest.raises(ServiceError, match="connection to the scheduler was lost"):
        list(Workers(client, 1, "").each(square, [(1,)], name="alone"))


def test_a_shelf_that_another_account_cannot_open_is_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Path) -> bool:
        raise PermissionError

    monkeypatch.setattr(Path, "is_file", refused)
    with pytest.raises(MissingError, match="under the same path and account"):
        from_shelf(tmp_path, "another")
