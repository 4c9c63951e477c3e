"""The one guard around foreign readers: libraries that read what others wrote.

Each has errors of its own, and more of them than its pages say: whatever one of them raises says that the file cannot
be read, and which file. The guard encloses the foreign call alone, never what we do with its answer: an error of ours
stays one.
"""

from __future__ import annotations

import errno
import re
import tomllib
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from quarterhour.base.errors import DataError, QuarterhourError
from quarterhour.base.machine import machine_error, machine_kind

_T = TypeVar("_T")
_LONGEST_DETAIL = 300
_LONG_KEY = re.compile(r"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){50}")
"""Begins at the beginning of a word and never goes back: a file of one long word is gone through once."""
_FOLDERS = re.compile(r"(?:[A-Za-z]:)?[^\s'\"]*[/\\](?=[^\s/\\])")
_OF_FILES = (None, errno.EINVAL, errno.ENOENT)
"""Errors of the system that mean what is in the file: a seek to nowhere, a part that is not there."""
_OF_CODE = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, NameError, AssertionError)
_OF_SLIPS = (KeyError, AttributeError, NameError, AssertionError)
_OF_THE_MACHINE = ("no_space", "file_limit", "open_files", "no_threads", "no_temp")
"""What a reader can meet that is no fault of the file: room for what it unpacks, files and threads of its own."""
_PANIC = "PanicException"
"""What Rust raises through pyo3 when it gives up: no Exception, and no module to import it from."""
_END: Any = object()


@contextmanager
def foreign(
    file: str | Path, *, key: str = "files.broken", error: type[QuarterhourError] = DataError, part: str = "",
    mixed: bool = False, slips: bool = False, **about: object,
) -> Iterator[None]:  # fmt: skip
    """A call into a library that reads ``file``; whatever it raises becomes an error that names the file.

    ``key``: the sentence, filled with ``file``, ``detail`` and ``about``; where the system refuses the file or memory
    runs out the sentence says so instead. Our own errors, Ctrl-C and the end of the program pass; the cause is kept.
    ``part``: what of the file was read (a member of a zip, a sheet, a layer), told with the detail.
    ``mixed``: code of ours runs between the calls (a library that hands out one object after the other, each asked for
    its parts); a wrong key or type in that code passes too, as the fault of the program that it is.
    """
    try:
        yield
    except BaseException as why:
        if (mixed and _is_ours(why, _OF_CODE)) or (slips and _is_ours(why, _OF_SLIPS)):
            raise
        told = _as_told(why, file, key=key, error=error, part=part, **about)
        if told is why:
            raise
        raise told from why


def _is_ours(why: BaseException, kinds: tuple[type[Exception], ...]) -> bool:
    """Whether a line of this program raised an error, and one of the kinds that wrong code raises."""
    frames = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(why.__traceback__)]
    return isinstance(why, kinds) and not isinstance(why, UnicodeError) and frames[-1].startswith("quarterhour.")


def each(
    file: str | Path, source: Iterable[_T], *, key: str = "files.broken", part: str = ""
) -> Iterator[_T]:  # fmt: skip
    """What a library yields of ``file``, one by one; what it raises on the way is told as ``foreign`` does.

    What is done with each between is outside the guard.
    """
    with foreign(file, key=key, part=part):
        found = iter(source)
    while True:
        with foreign(file, key=key, part=part):
            one = next(found, _END)
        if one is _END:
            return
        yield one


def heard(library: str, read: Callable[[], _T]) -> tuple[_T, list[str]]:
    """What is read, and what the library warned of meanwhile (a column left out, a number cut short), each text once.

    Folders are taken off the names of files in it: some of them are gone when it is told. Other warnings go on.
    """
    with warnings.catch_warnings(record=True) as every:
        warnings.filterwarnings("always", module=rf"{library}\b")
        found = read()
    own = [w for w in every if library in Path(w.filename).parts]
    for other in (w for w in every if w not in own):
        warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    texts = (" ".join(_FOLDERS.sub("", str(w.message)).split()) for w in own)
    return found, list(dict.fromkeys(text[:_LONGEST_DETAIL] for text in texts))


def parsed_toml(text: str) -> dict[str, Any]:
    """What a TOML file says. ValueError (TOMLDecodeError) where it is none, and for a key of over fifty parts, over
    which the library would sit for minutes."""
    if _LONG_KEY.search(text):
        raise ValueError("a key of more than 50 parts")
    return tomllib.loads(text)


def _as_told(
    why: BaseException, file: str | Path, *, key: str = "files.broken", error: type[QuarterhourError] = DataError,
    part: str = "", **about: object,
) -> BaseException:  # fmt: skip
    """The error that tells what a library raised; the same one where it is ours or ends the program."""
    if isinstance(why, QuarterhourError) or not (isinstance(why, Exception) or type(why).__name__ == _PANIC):
        return why
    named = {"file": str(file), "detail": f"{part}: {short(why)}" if part else short(why), **about}
    kind = machine_kind(why)
    if kind == "no_memory":
        return error("errors.too_much_memory", **named)
    refused = machine_error(why) if kind in _OF_THE_MACHINE else None
    if refused is not None:
        return refused
    if isinstance(why, OSError) and why.errno not in _OF_FILES:
        return error("errors.unreadable", **{**named, "detail": why.strerror or short(why)})
    return error(key, **named)


def short(why: BaseException) -> str:
    """What a library says, on one line, with the kind of its error."""
    return " ".join(f"{type(why).__name__}: {why}".split())[:_LONGEST_DETAIL]
