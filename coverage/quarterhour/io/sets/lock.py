"""One run at a time in a folder of results; a lock whose process is gone never stands in the way."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from quarterhour.base.errors import WriteError
from quarterhour.io.files.write import told

LOCK, MARK, HOLDER = ".quarterhour.lock", ".quarterhour.mark", ".quarterhour.holder"
"""What the system locks; what stands for it on shares that cannot lock; who holds it, for the other run's sentence."""
OF_LOCKS = (LOCK, MARK, HOLDER)
_CANNOT_LOCK = frozenset({errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL})
_LONGEST_HOLDER = 1000


@contextlib.contextmanager
def holding(folder: str | Path) -> Iterator[None]:
    """Nobody else writes into the folder meanwhile; it is made where it is not there.

    The system's own lock, which ends with its process; on shares that have none, a file with process and host. Whoever
    holds it already in this thread holds it on.

    Raises
    ------
    WriteError : another run works there (who, and since when), or the folder cannot be written.
    """
    home = Path(folder)
    with told(home):
        _check_way(home)
        home.mkdir(parents=True, exist_ok=True)
        try:
            lock = _taken(home)
        except Timeout as error:
            raise _busy(home, Path(error.lock_file)) from error
    try:
        if lock.lock_counter == 1:
            _say_who(home)
        yield
    finally:
        _let_go(lock, home)


def _check_way(home: Path) -> None:
    """WriteError where a file, or a link that leads nowhere, stands where the folder or one above it is to be."""
    there = next((way for way in (home, *home.parents) if way.is_symlink() or way.exists()), None)
    if there is not None and not there.is_dir():
        raise WriteError("sets.no_folder", folder=str(home), file=str(there))


def _taken(home: Path) -> BaseFileLock:
    lock: BaseFileLock = FileLock(home / LOCK, timeout=0, is_singleton=True, fallback_to_soft=False)
    try:
        lock.acquire()
    except OSError as error:
        if isinstance(error, Timeout) or error.errno not in _CANNOT_LOCK:
            raise
        lock = SoftFileLock(home / MARK, timeout=0, is_singleton=True)
        lock.acquire()
    return lock


def _let_go(lock: BaseFileLock, home: Path) -> None:
    """The lock's own file last: whoever opened it before that sees that it has no name any more, and looks again."""
    if lock.lock_counter == 1:
        names = (HOLDER,) if os.name == "nt" else (HOLDER, LOCK)
        for name in names:
            with contextlib.suppress(OSError):
                (home / name).unlink(missing_ok=True)
    lock.release()


def _say_who(home: Path) -> None:
    since = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    who = {"pid": os.getpid(), "host": platform.node(), "since": since}
    with contextlib.suppress(OSError):  # it is a sentence's, no lock's
        (home / HOLDER).write_text(json.dumps(who), encoding="utf-8")


def _busy(home: Path, taken: Path) -> WriteError:
    who = {"pid": "?", "host": "?", "since": "?", **_holder(home)}
    if taken.name == MARK:
        return WriteError("sets.busy_marked", folder=str(home), file=str(home / MARK), **who)
    return WriteError("sets.busy", folder=str(home), **who)


def _holder(home: Path) -> dict[str, Any]:
    try:
        with (home / HOLDER).open("rb") as file:
            who = json.loads(file.read(_LONGEST_HOLDER))
        return {name: " ".join(str(who[name]).split())[:80] for name in ("pid", "host", "since")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
