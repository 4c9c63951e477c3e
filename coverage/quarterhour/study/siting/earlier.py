"""The plan that an earlier run left, kept until the search of this one is over: its first plans may be worse."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from quarterhour.base.errors import DataError
from quarterhour.io import files


def before_plan(keep: Path) -> Path:
    """Where the plan of an earlier run lies while this one searches; no question has this name."""
    return keep.with_name(f"{keep.stem}.before.json")


@contextlib.contextmanager
def kept_before(keep: Path | None, mine: Sequence[Path]) -> Iterator[None]:
    """A copy of the plan that stands at ``keep``, while plans of this run (``mine``, once there is one) replace it.

    It goes when the search is over, or where it ended with no plan of this run. After a run that was killed or stopped
    it stays, and of it and the plan at ``keep`` the next run keeps the better. WriteError where it cannot be made.
    """
    if keep is None:
        yield
        return
    copy, over = before_plan(keep), False
    if keep.is_file() and (not copy.is_file() or _is_better(keep, copy)):
        with files.atomic(copy) as growing:
            shutil.copyfile(keep, growing)
    try:
        yield
        over = True
    finally:
        if over or not mine:
            with contextlib.suppress(OSError):
                copy.unlink(missing_ok=True)


def _is_better(plan: Path, than: Path) -> bool:
    """Whether a plan is proven to be nearer to the best of the same question; also where the other cannot be read."""
    new, old = _told(plan), _told(than)
    return old is None or (new is not None and new[0] == old[0] and new[1] <= old[1])


def _told(plan: Path) -> tuple[Any, float] | None:
    """Of a plan its question and its gap; None where it cannot be read."""
    try:
        record = files.read_json(plan)
        return record["input_hash"], float("inf") if record["gap"] is None else float(record["gap"])
    except (DataError, KeyError, TypeError, ValueError):
        return None
