"""What a kernel searches: from where to where, as arrays in one layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from quarterhour.base.arrays import Csr, StopFlag


class Queue(NamedTuple):
    """Measures of the queue; no answer depends on them.

    Buckets are 2**shift centiseconds wide, less than most roads take; so many of them (an hour and a half) that
    their heads fit into the nearest cache. ``room``: junctions that wait at once, at first.
    """

    shift: int = 7
    buckets: int = 1 << 12
    room: int | None = None


QUEUE = Queue()


@dataclass(frozen=True, eq=False)
class SearchArrays:
    """From where to where, in the one layout that kernels are compiled for; made by ``search_arrays``."""

    arcs: Csr
    sources: Csr
    targets: Csr | None
    direct: Csr
    target_count: int
    queue: Queue
    stop: StopFlag

    @property
    def source_count(self) -> int:
        """How many sources there are."""
        return len(self.sources[0]) - 1


def search_arrays(
    arcs: Csr,
    sources: Csr,
    *,
    targets: Csr | None = None,
    direct: Csr | None = None,
    target_count: int | None = None,
    queue: Queue = QUEUE,
    stop: StopFlag | None = None,
) -> SearchArrays:
    """What a kernel searches.

    Parameters
    ----------
    arcs : CSR of the network: start of each junction's arcs, their heads, their centiseconds (0 or more).
    sources : start of each source's entries, the junctions it enters by, the centiseconds until there.
    targets, target_count : start of each junction's targets, the targets, the centiseconds from the junction to them,
        and how many there are; without them the junctions are the targets.
    direct : start of each source's direct legs (both on one road, or straight across), the targets, the whole time;
        they need ``targets``.
    queue : its measures; no answer depends on them.
    stop : set its one element and the search ends soon; what is returned then is not whole.
    """
    arcs, sources = as_csr(arcs), as_csr(sources, start=np.int64)
    if direct is None:
        direct = np.zeros(len(sources[0]), np.int64), np.empty(0, np.uint32), np.empty(0, np.int32)
    return SearchArrays(
        arcs,
        sources,
        None if targets is None else as_csr(targets),
        as_csr(direct, start=np.int64),
        len(arcs[0]) - 1 if target_count is None else target_count,
        queue,
        np.zeros(1, np.uint8) if stop is None else stop,
    )


def as_csr(csr: Csr, *, start: type = np.uint32) -> Csr:
    """One layout a kernel: another would be compiled anew."""
    first, second, third = csr
    return (
        np.ascontiguousarray(first, start),
        np.ascontiguousarray(second, np.uint32),
        np.ascontiguousarray(third, np.int32),
    )
