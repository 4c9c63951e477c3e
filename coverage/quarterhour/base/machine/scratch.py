"""Folders for what is half made: hidden, named after the process that made them, gone when it ends.

The name tells machine, start of the machine and process, so that a later run knows what a dead one left and takes it
away. What a live run, or another machine, is working in stays.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import platform
import re
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_LONGEST_STEM = 40
"""Letters of the target's name that a scratch folder repeats: with the rest of its name it stays short enough."""
_NAME = re.compile(r"\..+\.(?P<machine>[0-9a-f]{8})-(?P<boot>[0-9a-f]{8})-(?P<pid>\d+)-[0-9a-f]{8}")
_TEMPORARY = "quarterhour"
_mine: set[Path] = set()
"""What this process has made and not yet taken away: a signal may come between any two steps."""
_swept: set[Path] = set()


@contextlib.contextmanager
def scratch_folder(parent: str | Path, stem: str) -> Iterator[Path]:
    """A new hidden folder in ``parent``, taken away at the end with all that is in it.

    What dead processes left in ``parent`` is swept before, once a process. OSError where there can be none.
    """
    home = Path(parent)
    if home not in _swept:
        _swept.add(home)
        sweep(home)
    folder = home / f".{stem[:_LONGEST_STEM]}.{_machine()}-{_boot()}-{os.getpid()}-{secrets.token_hex(4)}"
    _mine.add(folder)
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        _take_away(folder)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """The same in the system's folder for what is temporary. OSError where it cannot be written or is full."""
    with scratch_folder(tempfile.gettempdir(), _TEMPORARY) as folder:
        yield folder


def sweep(*folders: Path) -> None:
    """Take away the scratch folders that dead processes of this machine left in ``folders``."""
    for folder in folders:
        with contextlib.suppress(OSError):
            for path in sorted(folder.iterdir()):
                if _is_left(path):
                    shutil.rmtree(path, ignore_errors=True)


def clear_scratch() -> None:
    """Take away what this process has made and was kept from taking away."""
    for folder in sorted(_mine):
        _take_away(folder)


def _take_away(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _mine.discard(folder)


def _is_left(path: Path) -> bool:
    told = _NAME.fullmatch(path.name)
    if told is None or told["machine"] != _machine() or path.is_symlink() or not path.is_dir():
        return False
    if told["boot"] != _boot():
        return path.stat().st_mtime < time.time() - _up_seconds()
    return not is_alive(int(told["pid"]))


def is_alive(pid: int) -> bool:
    """Whether a process of this machine goes on; True where nobody can say."""
    if os.name == "nt":
        return _is_alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Ended, and nobody has asked yet how."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] in "ZX"
    return False


def _is_alive_on_windows(pid: int) -> bool:
    import ctypes

    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - there on Windows alone
    handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
    if not handle:
        return bool(kernel.GetLastError() == 5)  # access denied: it is there
    code = ctypes.c_ulong()
    kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return code.value == 259  # STILL_ACTIVE


@functools.cache
def _machine() -> str:
    """This machine, by its name, its id and the processes that it sees (a container sees its own alone)."""
    return _digest(platform.node(), _read("/etc/machine-id"), _link("/proc/self/ns/pid"))


@functools.cache
def _boot() -> str:
    """This start of the machine; the same for ever where the system does not tell them apart."""
    return _digest(_read("/proc/sys/kernel/random/boot_id"))


def _up_seconds() -> float:
    """Since the machine was started; for ever where the system does not tell."""
    told = _read("/proc/uptime").split()
    return float(told[0]) if told else float(sys.maxsize)


def _read(path: str) -> str:
    with contextlib.suppress(OSError):
        return Path(path).read_text(encoding="utf-8").strip()
    return ""


def _link(path: str) -> str:
    with contextlib.suppress(OSError):
        return str(Path(path).readlink())
    return ""


def _digest(*told: str) -> str:
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:8]
