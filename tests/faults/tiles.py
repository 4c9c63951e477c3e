"""Runs whose travel times are cut into many small tiles, and to which something happens when some of them have come.

As a program, for a process of its own: ``python -m faults.tiles HAPPENS run STUDY --cluster local:2 ...``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

SOURCES = 2
"""Places to a tile."""
HUNGRY_BYTES = 2 << 30


@dataclass(frozen=True)
class Happens:
    """What happens to a run: a signal ``what`` when ``at`` tiles have come, or in a step of local workers' start.

    ``pid``: the process that gets it (0: its own; -1: all that a terminal would tell of Ctrl-C); ``told``: a file that
    the workers' process ids are written to before; ``starting``: the step, a method of dask's LocalCluster.
    """

    at: int = 0
    what: str = "SIGKILL"
    pid: int = 0
    told: str = ""
    starting: str = ""

    def __call__(self, client: Any = None) -> None:
        if self.told and client is not None:
            Path(self.told).write_text(json.dumps(list(client.run(os.getpid).values())), encoding="utf-8")
        number = getattr(signal, self.what)
        if self.pid < 0:
            os.killpg(os.getpgrp(), number)
        else:
            os.kill(self.pid or os.getpid(), number)

    def text(self) -> str:
        """As the program takes it."""
        return json.dumps(asdict(self))


class Counted:
    """Small tiles in this process from now on, and how many of them have come."""

    def __init__(
        self, happens: Callable[[Any], None], at: Collection[int], put: Callable[[Any, str, Any], None] = setattr,
        *, size: int = SOURCES,
    ) -> None:  # fmt: skip
        """``happens`` is called with the client at every count of tiles in ``at``; ``put`` sets an attribute; ``size``:
        places to a tile.
        """
        from quarterhour.io.cluster.workers import Workers
        from quarterhour.travel.tiles import times
        from quarterhour.travel.tiles.sizes import even_spans

        each, self.come, self.sent = Workers.each, 0, 0

        def counted(
            own: Workers, work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], **more: Any
        ) -> Iterator[tuple[int, Any]]:
            self.sent += len(tasks)
            for found in each(own, work, tasks, **more):
                self.come += 1
                if self.come in at:
                    happens(own.client)
                yield found

        put(Workers, "each", counted)
        put(times, "tile_spans", lambda question: even_spans(question.source_count, size))


def hungry_rows(shelved: Any, first: int, *more: Any) -> Any:
    """As ``spread.shelved_rows``; of one tile more than a worker has memory for."""
    from quarterhour.travel.tiles.spread import shelved_rows

    if first == 4 * SOURCES:
        np.ones(HUNGRY_BYTES // 8)
    return shelved_rows(shelved, first, *more)


def _as_they_start(happens: Happens, step: str) -> None:
    import distributed

    begin = getattr(distributed.LocalCluster, step)

    def begun(self: Any, *given: Any, **named: Any) -> Any:
        made = begin(self, *given, **named)
        happens()
        return made

    setattr(distributed.LocalCluster, step, begun)


def main(happens: Happens) -> None:
    """The command line with small tiles."""
    from quarterhour import cli

    Counted(happens, {happens.at})
    if happens.starting:
        _as_they_start(happens, happens.starting)
    cli.main()


if __name__ == "__main__":
    told = Happens(**json.loads(sys.argv.pop(1)))
    sys.argv[0] = "quarterhour"
    main(told)
