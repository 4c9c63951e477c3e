"""Regions on workers: each region's question goes to a shelf that they read, a task is a path, hashes and numbers."""

from __future__ import annotations

import functools
import hashlib
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import scipy.sparse as sp

from quarterhour.base.errors import DataError
from quarterhour.io.cluster.shelf import forgotten_with_shelf, from_shelf, put_on_shelf
from quarterhour.io.network_store import program_sum
from quarterhour.siting.methods.covering.cover_instance import CoverInstance
from quarterhour.siting.regions.each import Each, here
from quarterhour.siting.regions.split import RegionQuestion
from quarterhour.travel.tiles.spread import TakesTasks

T = TypeVar("T")


@dataclass(frozen=True)
class ShelvedRegion:
    """A ``RegionQuestion`` on a shelf: where, its arrays by the name of their content, and its numbers."""

    folder: str
    arrays: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[str, int], ...]


def each_on(takes: TakesTasks, folder: Path) -> Each:
    """Regions answered by ``takes``, who see ``folder`` under the same path. One alone is answered here."""

    def each(work: Callable[..., T], tasks: Sequence[tuple[Any, ...]]) -> Iterator[T]:
        if len(tasks) < 2:
            return here(work, tasks)
        shelved = [(work, shelve_region(task[0], folder), task[1:], program_sum()) for task in tasks]
        name = hashlib.sha256(repr([(work.__name__, *task[1:]) for task in shelved]).encode()).hexdigest()[:16]
        parts = dict(takes.each(answer_shelved, shelved, name=f"regions-{name}", what="region"))
        return (parts[number] for number in range(len(tasks)))

    return each


def shelve_region(question: RegionQuestion, folder: Path) -> ShelvedRegion:
    """Put a question on a shelf."""
    core = question.core
    arrays = {
        "people": core.people, "start": core.cover.indptr, "site": core.cover.indices, "group": core.group,
        "sites": core.sites.to_numpy(dtype=np.int64), "low": core.low, "high": core.high,
        "cost": question.cost,
    }  # fmt: skip
    numbers = {"limit": core.limit, "all_rows": int(core.all_rows), "most": question.most, "seed": question.seed}
    put = tuple((name, put_on_shelf(array, folder)) for name, array in arrays.items())
    return ShelvedRegion(str(folder), put, tuple(numbers.items()))


@functools.lru_cache(maxsize=8)
def shelved_region(shelved: ShelvedRegion) -> RegionQuestion:
    """The question of a shelf; the last few are kept by each process."""
    arrays = {name: from_shelf(Path(shelved.folder), held) for name, held in shelved.arrays}
    numbers, sites = dict(shelved.numbers), pd.Index(arrays["sites"])
    ones = np.ones(len(arrays["site"]), dtype=np.int64)
    cover = sp.csr_array((ones, arrays["site"], arrays["start"]), shape=(len(arrays["people"]), len(sites)))
    core = CoverInstance(
        arrays["people"], cover, sites, arrays["group"], arrays["low"], arrays["high"], numbers["limit"],
        bool(numbers["all_rows"]),
    )  # fmt: skip
    return RegionQuestion(core, numbers["most"], numbers["seed"], arrays["cost"])


forgotten_with_shelf(shelved_region.cache_clear)


def answer_shelved(work: Callable[..., T], shelved: ShelvedRegion, told: tuple[Any, ...], program: str) -> T:
    """What a worker does: ``work`` on a shelved question. DataError where it is another program."""
    if program != program_sum():
        raise DataError("cluster.other_program", machine=platform.node())
    return work(shelved_region(shelved), *told)
