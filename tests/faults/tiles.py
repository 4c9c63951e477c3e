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
    """What happens to a run: ``what`` when ``at`` tiles have come, or as local workers are about to start.

    A signal to the process ``pid`` (0: its own); ``told``: a file that the workers' process ids are written to before.
    """

    at: int = 0
    what: str = "SIGKILL"
    pid: int = 0
    told: str = ""
    starting: bool = False

    def __call__(self, client: Any = None) -> None:
        if self.told and client is not None:
            Path(self.told).write_text(json.dumps(list(client.run(os.getpid).values())), encoding="utf-8")
        os.kill(self.pid or os.getpid(), getattr(signal, self.what))

    def text(self) -> str:
        """As the program takes it."""
        return json.dumps(asdict(self))


class Counted:
    """Small tiles in this process from now on, and how many of them have come."""

    def __init__(
        self, happens: Callable[[Any], None], at: Collection[int], put: Callable[[Any, str, Any], None] = setattr
    ) -> None:
        """``happens`` is called with the client at every count of tiles in ``at``; ``put`` sets an attribute."""
        from quarterhour.io.cluster.workers import Workers
        from quarterhour.travel.tiles import times
        from quarterhour.travel.tiles.sizes import even_spans

        each, self.come, self.sent = Workers.each, 0, 0

        def counted(
            own: Workers, work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], *, name: str
        ) -> Iterator[tuple[int, Any]]:
            self.sent += len(tasks)
            for found in each(own, work, tasks, name=name):
                self.come += 1
                if self.come in at:
                    happens(own.client)
                yield found

        put(Workers, "each", counted)
        put(times, "tile_spans", lambda question: even_spans(question.source_count, SOURCES))


def hungry_rows(shelved: Any, first: int, *more: Any) -> Any:
    """As ``spread.shelved_rows``; of one tile more than a worker has memory for."""
    from quarterhour.travel.tiles.spread import shelved_rows

    if first == 4 * SOURCES:
        np.ones(HUNGRY_BYTES // 8)
    return shelved_rows(shelved, first, *more)


def _before_start(happens: Happens) -> None:
    import distributed

    begin = distributed.LocalCluster.__init__

    def begun(self: Any, *given: Any, **named: Any) -> None:
        happens()
        begin(self, *given, **named)

    distributed.LocalCluster.__init__ = begun


def main(happens: Happens) -> None:
    """The command line with small tiles."""
    from quarterhour import cli

    Counted(happens, {happens.at})
    if happens.starting:
        _before_start(happens)
    cli.main()


if __name__ == "__main__":
    told = Happens(**json.loads(sys.argv.pop(1)))
    sys.argv[0] = "quarterhour"
    main(told)
