"""Workers of dask.distributed: found or started, handed tasks, and heard until each task is done once.

A task is a function of the program with small arguments, so it may be done again: where a worker dies, another takes
its tasks over. Which worker did what, and in which order, nobody can tell from what is returned.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import logging
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from quarterhour.base import i18n
from quarterhour.base.errors import DataError, MissingError, QuarterhourError, ServiceError, first_ids
from quarterhour.base.foreign import short
from quarterhour.base.machine.stop import deaf, later
from quarterhour.io.network_store import program_sum

T = TypeVar("T")
TaskKind = Literal["tile", "region"]
"""What a task is called where it fails."""
MOST_LOCAL = 256
RETRIES = 3
"""How often a task that failed is begun again, and how many workers may die over it beside."""
WAIT_SECONDS = 60
IDLE_SECONDS = 120
"""If for so long no task ends and no worker does anything, nobody will."""
LOOK_SECONDS = 5
"""How often it is looked whether anybody works, while no task ends."""
LAST_SECONDS = 10
"""How long the end of a run waits for its workers to let go of its files."""
_LOGGERS = ("asyncio", "distributed", "tornado")
_LOCAL = re.compile(r"local:([0-9]{1,4})")
_ADDRESS = re.compile(r"(tcp|tls)://\S+:[0-9]+")


def _nobody() -> None:
    """Whoever started them sees to it."""


@dataclass(frozen=True, eq=False)
class Workers:
    """Workers that take tasks.

    ``count``: how many there were at first; ``page``: where they can be watched, or ""; ``revive``: starts those anew
    that nobody else starts (dask gives up whoever takes longer than 15 s to come again, or is killed as it comes).
    """

    client: Any
    count: int
    page: str
    revive: Callable[[], object] = _nobody

    def each(
        self, work: Callable[..., T], tasks: Sequence[tuple[Any, ...]], *, name: str, what: TaskKind = "tile"
    ) -> Iterator[tuple[int, T]]:  # fmt: skip
        """What ``work`` makes of each task, as they end: the position of the task, and what came of it.

        What is left when the caller turns away is given up. An error of ours is of the kind that its task raised, and
        names the task (``what`` they are); ServiceError where workers died over one task again and again, all of them
        stand still, or the scheduler is gone.
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
                    try:
                        found = _result(future, what, number, len(futures))
                    except _LostError:
                        continue
                    left.discard(future)
                    future.release()
                    yield number, found
        finally:
            with contextlib.suppress(Exception):  # whoever is gone need not be told
                self.client.cancel(list(left))

    def _done(self, left: set[Any]) -> set[Any]:
        """Those that have ended, as soon as there is one; ServiceError where nobody is left to work, or can."""
        from distributed import wait

        absent = idle = 0
        while True:
            with _at_the_scheduler():
                with contextlib.suppress(TimeoutError):
                    done: set[Any] = wait(left, timeout=LOOK_SECONDS, return_when="FIRST_COMPLETED").done
                    return done
                self.revive()
                count, at_work = self.client.run_on_scheduler(_at_work)
            absent = 0 if count else absent + LOOK_SECONDS
            idle = 0 if at_work else idle + LOOK_SECONDS
            if absent >= WAIT_SECONDS:
                raise ServiceError("cluster.no_workers", seconds=WAIT_SECONDS)
            if idle >= IDLE_SECONDS:
                raise ServiceError("cluster.idle", count=count, seconds=IDLE_SECONDS)


class _LostError(Exception):
    """What a task returned went with its worker before it came here; the task is done again."""


def _at_work(dask_scheduler: Any) -> tuple[int, int]:
    """Of a scheduler: how many workers it has, and how many of them do something."""
    found = dask_scheduler.workers.values()
    return len(found), sum(bool(worker.executing) for worker in found)


@contextlib.contextmanager
def _at_the_scheduler() -> Iterator[None]:
    """Whatever a call to the scheduler raises says that it is gone."""
    try:
        yield
    except QuarterhourError:
        raise
    except Exception as error:
        raise ServiceError("cluster.scheduler_lost", detail=_reason(error)) from error


def _result(future: Any, what: TaskKind, number: int, count: int) -> Any:
    """What a task returned; what went wrong with it, as an error of ours that names it."""
    if future.status in ("lost", "pending"):  # of many that came at once; to wait for each would take minutes
        raise _LostError
    named = {code: i18n.say(f"cluster.{what}", code, task=number + 1, tasks=count) for code in i18n.LANGUAGES}
    try:
        return future.result(timeout=WAIT_SECONDS)
    except QuarterhourError as error:
        why = {code: error.sentence(code) for code in i18n.LANGUAGES}
        raise type(error)("cluster.at_task", what=named, why=why) from error
    except Exception as error:
        if isinstance(error, TimeoutError) and future.status != "error":
            raise _LostError from error
        if future.cancelled():
            raise ServiceError("cluster.scheduler_lost", detail=_reason(error)) from error
        died = getattr(error, "last_worker", None)  # of a KilledWorker
        if died is not None:
            raise ServiceError("cluster.task_kills", what=named, machine=died.address) from error
        raise ServiceError("cluster.task_lost", what=named, detail=short(error)) from error


def _reason(error: Exception) -> str:
    """Why the scheduler is gone: where tasks were cancelled for it, the reason without their names."""
    first = next(iter(getattr(error, "error_groups", ())), error)
    return str(getattr(first, "reason", "")) or short(error)


@dataclass(frozen=True, eq=False)
class WorkersAtNeed:
    """Workers who are there from the first tasks on.

    ``begun``: finds or starts them, once; ``lasting``: whether they go on when this run has ended.
    """

    begun: Callable[[], Workers]
    lasting: bool

    def each(
        self, work: Callable[..., T], tasks: Sequence[tuple[Any, ...]], *, name: str, what: TaskKind = "tile"
    ) -> Iterator[tuple[int, T]]:  # fmt: skip
        """As ``Workers.each``."""
        return self.begun().each(work, tasks, name=name, what=what)

    def everywhere(self, work: Callable[[], object]) -> None:
        """Done by every worker of a scheduler, who goes on for others; what goes wrong is of no matter here, and
        nobody waits for a worker that stands still.
        """
        if self.lasting:
            with contextlib.suppress(Exception):
                _within(LAST_SECONDS, self.begun().client.run, work)


def _within(seconds: float, ask: Callable[..., T], *given: Any) -> T:
    """What a call gives; TimeoutError where it takes too long: dask asks all workers at once and waits for each."""
    answer: Future[T] = Future()

    def asked() -> None:
        try:
            answer.set_result(ask(*given))
        except BaseException as error:  # for whoever waits
            answer.set_exception(error)

    threading.Thread(target=asked, daemon=True).start()
    return answer.result(timeout=seconds)


@contextlib.contextmanager
def workers_at_need(where: str, *, tell: Callable[[Workers], None]) -> Iterator[WorkersAtNeed]:
    """Workers as ``workers_at`` has them, until the end; processes of this machine start when the first tasks come.

    Those of a scheduler are looked for at once: that nobody answers is better told before the work than after an hour.
    ``tell`` hears who they are. DataError, MissingError and ServiceError at once, where they can be known.
    """
    _check_where(where)
    with contextlib.ExitStack() as held:

        @functools.cache
        def begun() -> Workers:
            found = held.enter_context(workers_at(where))
            tell(found)
            return found

        lasting = not _LOCAL.fullmatch(where)
        if lasting:
            begun()
        yield WorkersAtNeed(begun, lasting)


def _check_where(where: str) -> Path | None:
    """The scheduler's file, where ``where`` is one; errors as of ``workers_at``."""
    local = _LOCAL.fullmatch(where)
    if local is not None and not 1 <= int(local[1]) <= MOST_LOCAL:
        raise DataError("cluster.bad_count", count=local[1], most=MOST_LOCAL)
    file = None if local or _ADDRESS.fullmatch(where) else _scheduler_file(where)
    if importlib.util.find_spec("distributed") is None:
        raise DataError("cluster.no_extra", detail="distributed")
    return file


@contextlib.contextmanager
def workers_at(where: str) -> Iterator[Workers]:
    """Workers by where they are, until the end: ``local:N`` processes of this machine, ``tcp://HOST:PORT`` of a
    scheduler, or the file that a scheduler wrote (``--scheduler-file``).

    DataError for another text, or without the extra ``cluster``; MissingError for a file that is not there;
    ServiceError where no scheduler answers, or no worker comes within a minute.
    """
    file, local = _check_where(where), _LOCAL.fullmatch(where)
    from distributed import Client

    with contextlib.ExitStack() as held:
        held.enter_context(_silent())
        revive: Callable[[], object] = _nobody
        try:
            if local is not None:
                cluster = _cluster_here(held, count := int(local[1]))
                client, revive = Client(cluster), functools.partial(cluster.scale, count)
            else:
                client = Client(scheduler_file=str(file)) if file else Client(where, timeout=WAIT_SECONDS)
            held.enter_context(client)
            revive()
            client.wait_for_workers(1, timeout=WAIT_SECONDS)
        except (OSError, TimeoutError, ValueError, RuntimeError) as error:
            raise ServiceError("cluster.no_answer", where=where, detail=short(error)) from error
        if local is None:
            _check_programs(client)
        yield Workers(client, count if local else len(client.ncores()), _page(client), revive)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """What dask and its loop log of dead workers and lost connections, in the loggers they set up, is told by us."""
    own = {n: logging.getLogger(n) for n in logging.root.manager.loggerDict if n.split(".")[0] in _LOGGERS}
    before = {name: logger.level for name, logger in own.items()}
    try:
        for logger in own.values():
            logger.setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for name, logger in own.items():
            logger.setLevel(before[name])


def _cluster_here(held: contextlib.ExitStack, count: int) -> Any:
    """A scheduler of this process, without workers as yet; for ``count`` of them, each with its part of the memory.

    They end with ``held``, and with this process, however it ends. Ctrl-C is for this process alone: they are started
    from a thread that begins here, and never hear it.
    """
    from distributed import LocalCluster

    with later(), deaf():
        return held.enter_context(
            LocalCluster(
                n_workers=0, threads_per_worker=1, processes=True, host="127.0.0.1", memory_limit=1 / count,
                dashboard_address="127.0.0.1:0", silence_logs=logging.ERROR,
            )
        )  # fmt: skip


def _check_programs(client: Any) -> None:
    """That scheduler and workers have this very program, before anything else reaches them: DataError; ServiceError
    where one of them does not answer.

    Of an older one the first task would end the worker, and the next would have nobody.
    """
    for ask, there in ((client.run_on_scheduler, "scheduler"), (client.run, "worker")):
        try:
            found = _within(WAIT_SECONDS, ask, program_sum)
        except TimeoutError as error:
            raise ServiceError("cluster.silent", seconds=WAIT_SECONDS) from error
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
