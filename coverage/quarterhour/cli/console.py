"""What a command says while it works and at the end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from quarterhour.study.progress import relayed

if TYPE_CHECKING:
    from quarterhour.study.progress import RunProgress


@contextmanager
def progress(quiet: bool, *, verbose: bool = False) -> Iterator[RunProgress | None]:
    """A bar on a terminal, a line a step in a log, nothing when quiet; ``verbose``: what the rooms log between."""

    if quiet:
        yield None
    elif not sys.stderr.isatty():
        with relayed(lambda text: say(text, err=True), verbose=verbose):
            yield _tell_log
    else:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns: list[Any] = [TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn()]
        console = Console(stderr=True)
        with (
            Progress(*columns, console=console, transient=True) as bar,
            relayed(lambda text: console.print(text, markup=False, highlight=False), verbose=verbose),
        ):
            task = bar.add_task("...", total=None)
            yield lambda text, share=None: bar.update(
                task, description=text, total=None if share is None else 1.0, completed=share or 0.0
            )


def _tell_log(text: str, share: float | None = None, /) -> None:
    if share is None:
        say(text, err=True)


def say(text: str, *, err: bool = False) -> None:
    print(text, file=sys.stderr if err else sys.stdout)
