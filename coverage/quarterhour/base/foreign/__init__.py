"""The one guard around foreign readers: libraries that read what others wrote.

Each has errors of its own, and more of them than its pages say: whatever one of them raises says that the file cannot
be read, and which file. The guard encloses the foreign call alone, never what we do with its answer: an error of ours
stays one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from quarterhour.base.errors import DataError, QuarterhourError

_T = TypeVar("_T")
_LONGEST_DETAIL = 300
_PANIC = "PanicException"
"""What Rust raises through pyo3 when it gives up: no Exception, and no module to import it from."""


@contextmanager
def foreign(file: str | Path, *, key: str = "files.broken", error: type[QuarterhourError] = DataError,
            **about: object) -> Iterator[None]:  # fmt: skip
    """A call into a library that reads ``file``; whatever it raises becomes an error that names the file.

    ``key``: the sentence, filled with ``file``, ``detail`` and ``about``; where the system refuses the file or memory
    runs out the sentence says so instead. Our own errors, Ctrl-C and the end of the program pass; the cause is kept.
    """
    try:
        yield
    except BaseException as why:
        told = as_told(why, file, key=key, error=error, **about)
        if told is why:
            raise
        raise told from why


def each(file: str | Path, source: Iterable[_T], *, key: str = "files.broken") -> Iterator[_T]:
    """What a library yields of ``file``, one by one; what it raises on the way is told as ``foreign`` does.

    What is done with each between is outside the guard.
    """
    with foreign(file, key=key):
        found = iter(source)
    while True:
        try:
            one = next(found)
        except StopIteration:
            return
        except BaseException as why:
            told = as_told(why, file, key=key)
            if told is why:
                raise
            raise told from why
        yield one


def as_told(
    why: BaseException, file: str | Path, *, key: str = "files.broken", error: type[QuarterhourError] = DataError,
    **about: object,
) -> BaseException:  # fmt: skip
    """The error that tells what a library raised; the same one where it is ours or ends the program."""
    if isinstance(why, QuarterhourError) or not (isinstance(why, Exception) or type(why).__name__ == _PANIC):
        return why
    named = {"file": str(file), "detail": short(why), **about}
    if isinstance(why, MemoryError):
        return error("errors.too_much_memory", **named)
    # EINVAL is what a seek to nowhere gives: the file's fault. Other numbers are the system's.
    if isinstance(why, OSError) and why.errno not in (None, 22):
        return error("errors.unreadable", **{**named, "detail": why.strerror or short(why)})
    return error(key, **named)


def short(why: BaseException) -> str:
    """What a library says, on one line, with the kind of its error."""
    return " ".join(f"{type(why).__name__}: {why}".split())[:_LONGEST_DETAIL]
