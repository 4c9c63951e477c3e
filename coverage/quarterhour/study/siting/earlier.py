"""What earlier runs left among the plans: kept until a plan of this run stands; what is of no question here, aside.

A plan is the program's where its seal fits, and a question's where it answers the very same one (``input_hash``).
Anything else by the name of a plan is a planner's own file, or of another study: it is neither taken up nor lost.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from quarterhour.base.errors import DataError, WriteError
from quarterhour.io import files
from quarterhour.siting.proof.seal import sealed


def kept_plan(folder: Path, question: str) -> Path:
    """Where the best plan so far of a question stands."""
    return folder / f"{question}.json"


def before_plan(keep: Path) -> Path:
    """Where the plan of an earlier run lies while this one searches; no question has this name."""
    return keep.with_name(f"{keep.stem}.before.json")


def earlier_plan(folder: Path, question: str) -> Path:
    """Where what stood at ``kept_plan`` lies once it is no answer any more; no question has this name.

    A plan of the program's there gives way; beside anything else it is ``.earlier-2.json``, ``.earlier-3.json`` ...
    """
    return next(path for path in _names(folder, question) if not _is_taken(path) or _told(path) is not None)


def _names(folder: Path, question: str) -> Iterator[Path]:
    yield folder / f"{question}.earlier.json"
    yield from (folder / f"{question}.earlier-{number}.json" for number in itertools.count(2))


def _is_taken(path: Path) -> bool:
    return path.exists() or path.is_symlink()


@contextlib.contextmanager
def kept_before(keep: Path | None, mine: Sequence[Path], question: str) -> Iterator[Path | None]:
    """A copy of the plan that stands at ``keep``, while plans of this run (``mine``, once there is one) replace it.

    It goes when the search is over, or where it ended with no plan of this run. After a run that was killed or stopped
    it stays, and of it and the plan at ``keep`` the next run keeps the better. What stands there and is no plan of the
    ``question`` (its ``input_hash``) is copied to ``earlier_plan``, which is given, and stays. WriteError where a copy
    cannot be made.
    """
    if keep is None:
        yield None
        return
    copy, over = before_plan(keep), False
    if copy.is_file() and not _answers(copy, question):
        set_aside(copy, earlier_plan(keep.parent, keep.stem))
    others: contextlib.AbstractContextManager[Path | None] = contextlib.nullcontext()
    if keep.is_file() and not _answers(keep, question):
        others = _beside(keep, mine)
    elif keep.is_file() and (not copy.is_file() or _is_better(keep, copy)):
        _copy(keep, copy)
    try:
        with others as aside:
            yield aside
        over = True
    finally:
        if over or not mine:
            with contextlib.suppress(OSError):
                copy.unlink(missing_ok=True)


@contextlib.contextmanager
def _beside(keep: Path, mine: Sequence[Path]) -> Iterator[Path]:
    """A copy of what is no plan of the question, which stays where a plan of this run took the place."""
    aside = earlier_plan(keep.parent, keep.stem)
    copy = aside if not _is_taken(aside) else next(p for p in _names(keep.parent, keep.stem) if not _is_taken(p))
    _copy(keep, copy)
    try:
        yield aside
    finally:
        with contextlib.suppress(OSError):
            copy.replace(aside) if mine else copy.unlink()


def others_aside(folder: Path, questions: Collection[str]) -> dict[Path, Path]:
    """Plans of the program's of no question of this study are set aside: where each lay, and where it lies."""
    found = sorted(folder.glob("*.json")) if folder.is_dir() else []
    stale = [path for path in found if "." not in path.stem and path.stem not in questions and _told(path) is not None]
    return {path: set_aside(path, earlier_plan(folder, path.stem)) for path in stale}


def set_aside(path: Path, aside: Path) -> Path:
    """A file under another name, which is given back; WriteError where that cannot be."""
    try:
        return path.replace(aside)
    except OSError as error:
        raise WriteError("files.cannot_write", file=str(aside), detail=str(error)) from error


def _copy(path: Path, to: Path) -> None:
    with files.atomic(to) as growing:
        shutil.copyfile(path, growing)


def _answers(plan: Path, question: str) -> bool:
    told = _told(plan)
    return told is not None and told[0] == question


def _is_better(plan: Path, than: Path) -> bool:
    """Whether a plan is proven to be nearer to the best of the same question."""
    new, old = _told(plan), _told(than)
    return new is not None and old is not None and new[1] <= old[1]


def _told(plan: Path) -> tuple[Any, float] | None:
    """Of a plan its question and its gap; None where it is none of the program's, or was changed by somebody."""
    try:
        record = files.read_json(plan, size="plan_bytes")
        whole = {key: value for key, value in record.items() if key != "seal"}
        if "seal" in record and record["seal"] != sealed(whole):
            return None
        return record["input_hash"], float("inf") if record["gap"] is None else float(record["gap"])
    except (DataError, OSError, AttributeError, KeyError, TypeError, ValueError):
        return None
