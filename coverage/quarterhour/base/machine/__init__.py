"""What the machine refuses, as sentences: room on the disk, memory, threads, open files, names, folders.

A library tells the same refusal in many ways: the number of the system, a number in its text, or its own words. All
come down to one kind, and a kind is told with what is there, what was needed and what to do.
"""

from __future__ import annotations

import errno
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from quarterhour.base import i18n
from quarterhour.base.errors import MachineError, QuarterhourError, WriteError

_NUMBERS = {
    "no_space": ("ENOSPC", "EDQUOT"),
    "file_limit": ("EFBIG",),
    "read_only": ("EROFS",),
    "not_allowed": ("EACCES", "EPERM"),
    "no_memory": ("ENOMEM",),
    "no_threads": ("EAGAIN",),
    "open_files": ("EMFILE", "ENFILE"),
    "long_name": ("ENAMETOOLONG",),
    "gone": ("ENOENT", "ENOTDIR", "ESTALE", "ENODEV"),
    "faulty": ("EIO", "ENXIO"),
    "no_locks": ("ENOLCK", "ENOSYS", "EOPNOTSUPP"),
}
_BY_NUMBER = {getattr(errno, name): kind for kind, names in _NUMBERS.items() for name in names if hasattr(errno, name)}
_OTHER_KIND = (errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ELOOP)
_ANYWHERE = ("no_space", "file_limit", "read_only", "no_memory", "open_files", "long_name", "faulty", "no_locks")
"""Kinds that a number means wherever it comes; the others can be a mistake of ours outside of writing."""
_WORDS = (
    ("no_temp", re.compile(r"No usable temporary directory")),
    ("no_space", re.compile(r"No space left|disk (is )?full|disk quota|requested and \d+ written", re.I)),
    ("file_limit", re.compile(r"File too large", re.I)),
    ("read_only", re.compile(r"read-?only (file ?system|database)", re.I)),
    ("no_threads", re.compile(r"can't start new thread|pthread_create|Resource temporarily unavailable", re.I)),
    ("no_memory", re.compile(r"(Unable to|Cannot) allocate|bad_alloc|failed to map segment|out of memory", re.I)),
    ("open_files", re.compile(r"Too many open files", re.I)),
    ("faulty", re.compile(r"Input/output error|disk I/O error", re.I)),
)  # fmt: skip
_NUMBER = re.compile(r"\[Errno (\d+)\]")
_LIBRARIES = ("pyogrio", "sqlite3", "xlsxwriter", "zipfile", "docx", "PIL", "typst", "fiona", "pyarrow")
"""Whose own errors on a disk that is full name it in no way."""
_FULL_BYTES = 64 << 10
_LEAST_BYTES = 1_000_000_000
"""Address space without which the libraries cannot be loaded; below it some wait for ever instead of giving up."""


def machine_kind(error: BaseException, *, writing: bool = False) -> str | None:
    """Which refusal of the machine an error tells of; None where it is something else.

    ``writing``: whether a result was being written, where a missing folder or a refusal is the machine's too.
    """
    for each in _chain(error):
        kind = _kind(each)
        if kind in _ANYWHERE or (kind is not None and (writing or kind in ("no_threads", "no_temp", "locale"))):
            return kind
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    now: BaseException | None = error
    while now is not None and id(now) not in seen and not isinstance(now, QuarterhourError):
        seen.add(id(now))
        yield now
        now = now.__cause__


def _kind(error: BaseException) -> str | None:
    if isinstance(error, MemoryError):
        return "no_memory"
    if isinstance(error, UnicodeEncodeError):
        return "locale" if error.encoding.lower() == sys.getfilesystemencoding().lower() != "utf-8" else None
    text = str(error)
    number = error.errno if isinstance(error, OSError) else None
    if number is None and (told := _NUMBER.search(text)):
        number = int(told[1])
    worded = next((kind for kind, words in _WORDS if words.search(text)), None)
    if worded == "no_temp" or number is None:
        return worded if not isinstance(error, KeyError | TypeError | AttributeError | IndexError) else None
    return _BY_NUMBER.get(number)


def write_error(error: BaseException, file: str | Path) -> WriteError | None:
    """The sentence for what came between while ``file`` was written; None where the machine has no part in it."""
    kind = machine_kind(error, writing=True)
    if kind == "gone" and not _is_gone(error, Path(file)):
        kind = None
    if kind is None and type(error).__module__.split(".")[0] in _LIBRARIES:
        kind = _unnamed(error, Path(file))
    if kind is not None:
        return WriteError("machine.write", file=str(file), **_told(kind, Path(file)))
    if isinstance(error, OSError) and (odd := _in_the_way(error, Path(file))) is not None:
        return WriteError("machine.write", file=str(file), **_told(_odd_kind(odd), odd))
    if isinstance(error, OSError) and not isinstance(error, QuarterhourError) and not _is_a_file_of_ours(error, file):
        return WriteError("files.cannot_write", file=str(file), detail=str(error))
    return None


def machine_error(error: BaseException) -> MachineError | None:
    """The sentence for what the machine refused anywhere else; None where the program itself is at fault."""
    kind = machine_kind(error)
    if kind is None:
        return None
    named = error.filename if isinstance(error, OSError) else None
    return MachineError("machine.refused", **_told(kind, Path(str(named or tempfile.gettempdir()))))


def memory_too_small() -> MachineError | None:
    """Told before the libraries are loaded, where they cannot be: some of them then neither load nor end."""
    limit = _limit("RLIMIT_AS")
    if limit is None or limit >= _LEAST_BYTES:
        return None
    return MachineError("machine.refused", **_told("little_memory", Path()))


def _unnamed(error: BaseException, file: Path) -> str | None:
    """What a library ran into that says only that it failed: SQLite has given the room back by then."""
    if _free(file) < _FULL_BYTES:
        return "no_space"
    if _limit("RLIMIT_FSIZE") is not None:
        return "file_limit"
    return "no_space" if "commit transaction" in str(error) else None


def _is_a_file_of_ours(error: OSError, file: str | Path) -> bool:
    """Whether what is missing is nothing on the way to the result: a part of the program."""
    way = (Path(file), *Path(file).parents)
    return isinstance(error, FileNotFoundError) and Path(str(error.filename)) not in way


def _in_the_way(error: OSError, file: Path) -> Path | None:
    """What stands where another kind of thing belongs: a folder for a file, a file for a folder, a link to itself."""
    if error.errno not in _OTHER_KIND:
        return None
    way = Path(str(error.filename2 or error.filename or file))
    return next((path for path in (way, *way.parents) if path.is_symlink() or path.exists()), None)


def _odd_kind(path: Path) -> str:
    return "odd_folder" if path.is_dir() else "odd_file" if path.exists() else "odd_link"


def _is_gone(error: BaseException, file: Path) -> bool:
    """Whether the folder that was written into is no longer there."""
    if isinstance(error, NotADirectoryError):  # a file stands where a folder should
        return False
    name = getattr(error, "filename", None)
    return not file.parent.is_dir() or (name is not None and not Path(str(name)).parent.is_dir())


def _told(kind: str, file: Path) -> dict[str, dict[str, str]]:
    figures = _figures(kind, file)
    return {
        part: {lang: i18n.say(f"machine.{kind}_{part}", lang, **figures) for lang in i18n.LANGUAGES}
        for part in ("why", "do")
    }


def _figures(kind: str, file: Path) -> dict[str, object]:
    if kind == "no_space":
        return {"free": _megabytes(_free(file))}
    if kind in ("no_memory", "little_memory"):
        limit = _limit("RLIMIT_AS")
        return {"limit": "-" if limit is None else _megabytes(limit), "least": _megabytes(_LEAST_BYTES)}
    limits = {"file_limit": "RLIMIT_FSIZE", "open_files": "RLIMIT_NOFILE"}
    found = _limit(limits[kind]) if kind in limits else None
    places = {"no_temp": tempfile.tempdir or "-", "locale": sys.getfilesystemencoding(), "long_name": len(file.name)}
    way = str(file) if kind.startswith("odd_") else "-"
    return {"limit": "-" if found is None else f"{found:,}", "found": places.get(kind, way)}


def _limit(name: str) -> int | None:
    """A limit that the system sets this process; None where there is none, as on Windows."""
    with suppress(ImportError, AttributeError, ValueError, OSError):
        import resource

        soft = resource.getrlimit(getattr(resource, name))[0]
        return None if soft == resource.RLIM_INFINITY else soft
    return None


def _free(file: Path) -> int:
    """Bytes that are free where ``file`` lies, or is to lie."""
    for place in (file, *file.absolute().parents):
        with suppress(OSError):
            return shutil.disk_usage(place).free
    return sys.maxsize


def _megabytes(count: float) -> str:
    return f"{count / 1e6:,.1f} MB"
