"""Tiles on workers: the question goes to a shelf that they read, each task is a path, hashes and a span."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol, TypeVar

from quarterhour.base import i18n
from quarterhour.base.arrays import Csr
from quarterhour.base.errors import DataError
from quarterhour.base.machine.scratch import scratch_folder
from quarterhour.base.parallel import Progress
from quarterhour.io.answer_store.rows import FOLDER, RowsFolder
from quarterhour.io.cluster import workers
from quarterhour.io.cluster.shelf import forget_shelf, forgotten_with_shelf, from_shelf, put_on_shelf
from quarterhour.io.files.write import told
from quarterhour.io.network_store import program_sum
from quarterhour.travel.access_legs import Entries
from quarterhour.travel.tiles.question import Compute, TileQuestion, tiles_here

T = TypeVar("T")
_OF_ENTRIES = tuple(f.name for f in fields(Entries) if f.name not in ("turnout", "states"))


class TakesTasks(Protocol):
    """Whoever does tasks in any order, each once: ``io.cluster.workers.Workers``."""

    def each(
        self, work: Callable[..., T], tasks: Sequence[tuple[Any, ...]], *, name: str, what: workers.TaskKind
    ) -> Iterator[tuple[int, T]]:  # fmt: skip
        """The position of each task, and what came of it; ``what`` they are, where one fails."""


@dataclass(frozen=True)
class ShelvedQuestion:
    """A ``TileQuestion`` on a shelf: where, its arrays by the name of their content, and its numbers."""

    folder: str
    arrays: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class OnWorkers:
    """A ``Compute`` of workers: who ``takes`` tasks, and the ``folder`` that they see; for other tasks too."""

    compute: Compute
    takes: TakesTasks
    folder: Path

    def __call__(
        self, question: TileQuestion, spans: list[slice], progress: Progress | None = None
    ) -> Iterable[Csr]:  # fmt: skip
        """The rows of tiles."""
        return self.compute(question, spans, progress)


@contextlib.contextmanager
def computing_at(
    where: str, folder: Path, *, lang: str, tell: Callable[[str], None], fresh: bool = False
) -> Iterator[Compute | None]:
    """Who works out travel times, until the end: nobody else for ``none``, else workers (``io.cluster.workers_at``).

    ``folder``: where their shelf stands for the time being, and rows are kept for the next run; with ``fresh`` none of
    an earlier run is taken. ``tell`` hears who they are and where they can be watched, as soon as they are there
    (``io.cluster.workers_at_need``).
    """
    if where == "none":
        yield None
        return
    with contextlib.ExitStack() as held:
        with told(folder):
            folder.mkdir(parents=True, exist_ok=True)
            shelf = held.enter_context(scratch_folder(folder, "tiles"))  # goes after those who map its files

        def hear(found: workers.Workers) -> None:
            key = "cluster.told_page" if found.page else "cluster.told"
            tell(i18n.say(key, lang, count=found.count, page=found.page))

        takes = held.enter_context(workers.workers_at_need(where, tell=hear))
        yield spread_over(takes, shelf.absolute(), kept=RowsFolder(folder.absolute() / FOLDER, fresh))
        takes.everywhere(forget_shelf)


def spread_over(takes: TakesTasks, folder: Path, *, kept: RowsFolder | None = None) -> OnWorkers:
    """Tiles worked out by ``takes``, who see ``folder`` and ``kept`` under the same paths. One tile alone is worked out
    here.
    """

    def compute(question: TileQuestion, spans: list[slice], progress: Progress | None = None) -> list[Csr]:
        if len(spans) < 2:
            return list(tiles_here(kept=kept)(question, spans, progress))
        shelved = shelve(question, folder)
        tasks = [(shelved, span.start, span.stop, program_sum(), kept) for span in spans]
        parts: dict[int, Csr] = {}
        name, done = f"tiles-{_key(shelved, spans)}", 0
        for number, part in takes.each(shelved_rows, tasks, name=name, what="tile"):
            parts[number] = part
            done += spans[number].stop - spans[number].start
            if progress:
                progress(done / question.source_count)
        return [parts[number] for number in range(len(spans))]

    return OnWorkers(compute, takes, folder)


def _key(shelved: ShelvedQuestion, spans: Sequence[slice]) -> str:
    return hashlib.sha256(repr((shelved, spans)).encode()).hexdigest()[:16]


def shelve(question: TileQuestion, folder: Path) -> ShelvedQuestion:
    """Put a question on a shelf."""
    arrays = {"spot": question.spot}
    arrays |= {f"arcs.{i}": array for i, array in enumerate(question.arcs)}
    arrays |= {f"straight.{i}": array for i, array in enumerate(question.straight)}
    numbers = {"cut": question.cut, "leaving": int(question.leaving)}
    for side, entries in (("source", question.source), ("target", question.target)):
        arrays |= {f"{side}.{name}": getattr(entries, name) for name in _OF_ENTRIES}
        numbers |= {f"{side}.turnout": entries.turnout, f"{side}.states": entries.states}
    put = tuple((name, put_on_shelf(array, folder)) for name, array in arrays.items())
    return ShelvedQuestion(str(folder), put, tuple(numbers.items()))


@functools.lru_cache(maxsize=2)
def shelved_question(shelved: ShelvedQuestion) -> TileQuestion:
    """The question of a shelf; the last two are kept by each process."""
    folder, numbers = Path(shelved.folder), dict(shelved.numbers)
    arrays = {name: from_shelf(folder, held) for name, held in shelved.arrays}

    def csr(name: str) -> Csr:
        return arrays[f"{name}.0"], arrays[f"{name}.1"], arrays[f"{name}.2"]

    def entries(side: str) -> Entries:
        own = {name: arrays[f"{side}.{name}"] for name in _OF_ENTRIES}
        return Entries(**own, turnout=numbers[f"{side}.turnout"], states=numbers[f"{side}.states"])

    return TileQuestion(
        csr("arcs"), arrays["spot"], entries("source"), entries("target"), csr("straight"), bool(numbers["leaving"]),
        numbers["cut"],
    )  # fmt: skip


forgotten_with_shelf(shelved_question.cache_clear)


def shelved_rows(shelved: ShelvedQuestion, first: int, end: int, program: str, kept: RowsFolder | None = None) -> Csr:
    """What a worker does: the rows of a span of a shelved question. DataError where it is another program."""
    if program != program_sum():
        raise DataError("cluster.other_program", machine=platform.node())
    return shelved_question(shelved).rows(slice(first, end), kept=kept)
