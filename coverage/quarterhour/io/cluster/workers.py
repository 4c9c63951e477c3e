"""Workers of dask.distributed: found or started, handed tasks, and heard until each task is done once.

A task is a function of the program with small arguments, so it may be done again: where a worker dies, another takes
its tasks over. Which worker did what, and in which order, nobody can tell from what is returned.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from quarterhour.base.errors import DataError, MissingError, QuarterhourError, ServiceError, first_ids
from quarterhour.base.foreign import short
from quarterhour.base.machine.stop import deaf
from quarterhour.io.network_store import program_sum

T = TypeVar("T")
MOST_LOCAL = 256
RETRIES = 3
"""How often a task that failed is begun again, and how many workers may die over it beside."""
WAIT_SECONDS = 60
_LOCAL = re.compile(r"local:([0-9]{1,4})")
_ADDRESS = re.compile(r"(tcp|tls)://\S+:[0-9]+")


@dataclass(frozen=True, eq=False)
class Workers:
    """Workers that take tasks. ``count``: how many there were at first; ``page``: where they can be watched, or ""."""

    client: Any
    count: int
    page: str

    def each(
        self, work: Callable[..., T], tasks: Sequence[tuple[Any, ...]], *, name: str
    ) -> Iterator[tuple[int, T]]:  # fmt: skip
        """What ``work`` makes of each task, as they end: the position of the task, and what came of it.

        What is left when the caller turns away is given up. An error of ours is that of its task; ServiceError where
        workers died over one task again and again, or the scheduler is gone.
        """
        with _at_the_scheduler():
            futures = {
                self.client.submit(work, *task, key=f"{name}-{number}", retries=RETRIES, pure=False): number
                for number, task in enumerate(tasks)
            }
        left = set(futures)
        try:
            while left:
                for future in sorted(self._done(left), key=futures.__getitem__):
                    number = futures[future]
                    found = _result(future, number, len(futures))
                    left.discard(future)
                    future.release()
                    yield number, found
        finally:
            with contextlib.suppress(Exception):  # whoever is gone need not be told
                self.client.cancel(list(left))

    def _done(self, left: set[Any]) -> set[Any]:
        """Those that have ended, as soon as there is one; ServiceError where nobody is left to work."""
        from distributed import wait

        while True:
            with contextlib.suppress(TimeoutError):
                done: set[Any] = wait(left, timeout=WAIT_SECONDS, return_when="FIRST_COMPLETED").done
                return done
            with _at_the_scheduler():
                some = bool(self.client.ncores())
            if not some:
                raise ServiceError("cluster.no_workers", seconds=WAIT_SECONDS)


@contextlib.contextmanager
def _at_the_scheduler() -> Iterator[None]:
    """Whatever a call to the scheduler raises says that it is gone."""
    try:
        yield
    except QuarterhourError:
        raise
    except Exception as error:
        raise ServiceError("cluster.scheduler_lost", detail=short(error)) from error


def _result(future: Any, number: int, count: int) -> Any:
    """What a task returned; what went wrong with it, as an error of ours."""
    try:
        return future.result()
    except QuarterhourError:
        raise
    except Exception as error:
        if future.cancelled():
            raise ServiceError("cluster.scheduler_lost", detail=short(error)) from error
        raise ServiceError("cluster.task_lost", task=number + 1, tasks=count, detail=short(error)) from error


@contextlib.contextmanager
def workers_at(where: str) -> Iterator[Workers]:
    """Workers by where they are, until the end: ``local:N`` processes of this machine, ``tcp://HOST:PORT`` of a
    scheduler, or the file that a scheduler wrote (``--scheduler-file``).

    DataError for another text, or without the extra ``cluster``; MissingError for a file that is not there;
    ServiceError where no scheduler answers, or no worker comes within a minute.
    """
    local = _LOCAL.fullmatch(where)
    if local is not None and not 1 <= int(local[1]) <= MOST_LOCAL:
        raise DataError("cluster.bad_count", count=local[1], most=MOST_LOCAL)
    file = None if local or _ADDRESS.fullmatch(where) else _scheduler_file(where)
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise DataError("cluster.no_extra", detail=str(error)) from error
    with contextlib.ExitStack() as held:
        try:
            if local is not None:
                with deaf():  # Ctrl-C is for the one who asked
                    started = LocalCluster(
                        n_workers=int(local[1]), threads_per_worker=1, processes=True, host="127.0.0.1",
                        dashboard_address="127.0.0.1:0", silence_logs=logging.ERROR,
                    )  # fmt: skip
                client = Client(held.enter_context(started))
            else:
                client = Client(scheduler_file=str(file)) if file else Client(where, timeout=WAIT_SECONDS)
            held.enter_context(client)
            client.wait_for_workers(1, timeout=WAIT_SECONDS)
        except (OSError, TimeoutError, ValueError, RuntimeError) as error:
            raise ServiceError("cluster.no_answer", where=where, detail=short(error)) from error
        if local is None:
            _check_programs(client)
        yield Workers(client, len(client.ncores()), _page(client))


def _check_programs(client: Any) -> None:
    """That scheduler and workers have this very program, before anything else reaches them: DataError.

    Of an older one the first task would end the worker, and the next would have nobody.
    """
    for ask, there in ((client.run_on_scheduler, "scheduler"), (client.run, "worker")):
        try:
            found = ask(program_sum)
        except Exception as error:
            raise DataError("cluster.other_program", machine=f"{there}: {short(error)}") from error
        sums = found if isinstance(found, dict) else {there: found}
        others = sorted(str(name) for name, program in sums.items() if program != program_sum())
        if others:
            raise DataError("cluster.other_program", machine=first_ids(others))


def _scheduler_file(where: str) -> Path:
    path = Path(where)
    if "://" in where:
        raise DataError("cluster.bad_where", where=where)
    if path.is_file():
        return path
    if path.suffix or len(path.parts) > 1:
        raise MissingError("cluster.no_file", file=where)
    raise DataError("cluster.bad_where", where=where)


def _page(client: Any) -> str:
    """The address of the scheduler's dashboard, which needs bokeh; "" where there is none."""
    served = client.scheduler_info().get("services", {})
    return str(client.dashboard_link) if "dashboard" in served and importlib.util.find_spec("bokeh") else ""
