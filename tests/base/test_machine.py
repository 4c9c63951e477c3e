"""What the machine refuses, as sentences; scratch folders and who sweeps them; which signals are heard."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from quarterhour.base import machine
from quarterhour.base.errors import DataError, MachineError, WriteError
from quarterhour.base.machine import machine_error, machine_kind, memory_too_small, scratch, write_error
from quarterhour.base.machine.scratch import clear_scratch, scratch_folder, sweep, temporary_folder
from quarterhour.base.machine.stop import deaf, hearing, later


class FeatureError(RuntimeError):
    """As GDAL's own, which names no number."""


REFUSALS = [
    (OSError(errno.ENOSPC, "No space left on device"), "no_space"),
    (OSError(errno.EDQUOT, "Disk quota exceeded"), "no_space"),
    (OSError("200000 requested and 12784 written"), "no_space"),
    (sqlite3.OperationalError("database or disk is full"), "no_space"),
    (RuntimeError("[Errno 28] No space left on device"), "no_space"),
    (OSError(errno.EFBIG, "File too large"), "file_limit"),
    (OSError(errno.EROFS, "Read-only file system"), "read_only"),
    (sqlite3.OperationalError("attempt to write a readonly database"), "read_only"),
    (MemoryError("Unable to allocate 9. GiB"), "no_memory"),
    (OSError(errno.ENOMEM, "Cannot allocate memory"), "no_memory"),
    (ImportError("libgdal.so: failed to map segment from shared object"), "no_memory"),
    (RuntimeError("can't start new thread"), "no_threads"),
    (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "no_threads"),
    (OSError(errno.EMFILE, "Too many open files"), "open_files"),
    (OSError(errno.ENAMETOOLONG, "File name too long"), "long_name"),
    (OSError(errno.EIO, "Input/output error"), "faulty"),
    (OSError(errno.ENOLCK, "No locks available"), "no_locks"),
    (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"), "no_temp"),
]


@pytest.mark.parametrize(("error", "kind"), REFUSALS, ids=[f"{k}-{type(e).__name__}" for e, k in REFUSALS])
def test_a_refusal_of_the_machine_is_known_by_any_name(error: Exception, kind: str, tmp_path: Path) -> None:
    assert machine_kind(error) == kind
    told = write_error(error, tmp_path / "map.html")
    assert told is not None and "map.html" in told.sentence("zh") and "map.html" in str(told)
    refused = machine_error(error)
    assert isinstance(refused, MachineError) and refused.sentence("zh") != str(refused)


@pytest.mark.parametrize(
    "error",
    [
        KeyError("File too large"),
        TypeError("out of memory"),
        ValueError("x"),
        OSError(errno.EACCES, "Permission denied"),
        FileNotFoundError(errno.ENOENT, "no vendor file"),
    ],
    ids=str,
)
def test_a_fault_of_the_program_stays_one(error: Exception) -> None:
    assert machine_error(error) is None


def test_what_a_library_raised_is_known_by_its_cause(tmp_path: Path) -> None:
    error = RuntimeError("Failed to commit")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    told = write_error(error, tmp_path / "a.gpkg")
    assert told is not None and "disk is full" in str(told)


def test_an_error_of_a_library_on_a_full_disk_is_the_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = FeatureError("Could not add feature")
    monkeypatch.setattr(FeatureError, "__module__", "pyogrio.errors")
    assert "disk is full" in str(write_error(FeatureError("Failed to commit transaction"), tmp_path / "a.gpkg"))
    assert write_error(error, tmp_path / "a.gpkg") is None
    monkeypatch.setattr(machine, "_limit", lambda _: 102_400)
    assert "no file larger than 102,400" in str(write_error(error, tmp_path / "a.gpkg"))
    monkeypatch.setattr(machine, "_free", lambda _: 0)
    assert "disk is full" in str(write_error(error, tmp_path / "a.gpkg"))


def test_a_folder_that_went_during_the_run_is_told_and_a_file_of_ours_is_not(tmp_path: Path) -> None:
    missing = FileNotFoundError(errno.ENOENT, "No such file", str(tmp_path / "gone" / "x"))
    assert "removed during the run" in str(write_error(missing, tmp_path / "gone" / "map.html"))
    proc = FileNotFoundError(errno.ENOENT, "No such file", "/proc/none")
    assert "'/proc/none' could not be written" in str(write_error(proc, "/proc/none"))
    file = NotADirectoryError(errno.ENOTDIR, "Not a directory", "/dev/null/none")
    assert "'/dev/null' is a file, where a folder belongs" in str(write_error(file, "/dev/null/none"))
    ours = FileNotFoundError(errno.ENOENT, "No such file", str(tmp_path / "vendor.js"))
    assert write_error(ours, tmp_path / "map.html") is None


def test_too_little_memory_is_told_before_the_libraries_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_limit", lambda _: 300_000_000)
    assert "300.0 MB" in str(memory_too_small())
    monkeypatch.setattr(machine, "_limit", lambda _: None)
    assert memory_too_small() is None


# --- scratch folders ----------------------------------------------------------------------------


def ended_process() -> int:
    """A process that was there."""
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    return child.pid


def name_of(folder: Path, **other: str) -> str:
    """As a scratch folder would be called, with parts of another process or machine."""
    with scratch_folder(folder, "growing") as mine:
        machine_, boot, pid, rest = mine.name.removeprefix(".growing.").replace(".", "-").split("-")
    given = {"machine": machine_, "boot": boot, "pid": pid, **other}
    return f".growing.{given['machine']}-{given['boot']}-{given['pid']}-{rest}"


def test_what_a_dead_process_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    dead = str(ended_process())
    left = tmp_path / name_of(tmp_path, pid=dead)
    stay = [
        tmp_path / name_of(tmp_path, pid=str(os.getppid())),
        tmp_path / name_of(tmp_path, machine="00000000", pid=dead),
        tmp_path / ".growing.abc",
        tmp_path / ".git",
        tmp_path / "plain",
    ]
    for folder in (left, *stay):
        (folder / "deep").mkdir(parents=True)
    (tmp_path / left.name.replace(".growing.", ".notes.")).write_text("a planner's own file", encoding="utf-8")
    sweep(tmp_path, tmp_path / "not there")
    assert not left.exists()
    assert all(folder.is_dir() for folder in stay)
    assert len(list(tmp_path.iterdir())) == len(stay) + 1


def test_what_an_earlier_start_of_the_machine_left_is_swept_once_it_is_older(tmp_path: Path) -> None:
    old, new = (tmp_path / name_of(tmp_path, boot="00000000") for _ in range(2))
    for folder in (old, new):
        folder.mkdir()
    os.utime(old, (1, 1))
    sweep(tmp_path)
    assert new.exists()
    if Path("/proc/uptime").exists():
        assert not old.exists()


def test_a_scratch_folder_goes_with_the_process_whatever_came_between(tmp_path: Path) -> None:
    held = scratch_folder(tmp_path, "x" * 300)
    with held as folder:
        (folder / "file").write_text("half", encoding="utf-8")
        clear_scratch()
        assert not folder.exists()
    with pytest.raises(KeyboardInterrupt), scratch_folder(tmp_path, "y"):
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_a_temporary_folder_lies_where_the_system_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with temporary_folder() as folder:
        assert folder.parent == tmp_path
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "no"))
    with pytest.raises(FileNotFoundError), temporary_folder():
        pass


def test_a_process_that_ended_is_not_alive() -> None:
    assert scratch.is_alive(os.getpid())
    assert not scratch.is_alive(ended_process())


# --- signals ------------------------------------------------------------------------------------


def test_a_signal_that_nobody_hears_in_python_stays_with_the_system() -> None:
    number, came = signal.SIGTERM, list[int]()
    before = signal.signal(number, signal.SIG_DFL)
    try:
        with hearing(number, heard=lambda n, _: came.append(n)) as heard:
            assert signal.getsignal(number) == signal.SIG_DFL and not heard
        signal.signal(number, lambda *_: None)
        with hearing(number, heard=lambda n, _: came.append(n)):
            signal.raise_signal(number)
        assert came == [number]
    finally:
        signal.signal(number, before)


def test_a_step_that_is_better_finished_hears_a_signal_after_it() -> None:
    steps: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda *_: steps.append("heard"))
    try:
        with later():
            signal.raise_signal(signal.SIGTERM)
            steps.append("finished")
        with pytest.raises(OSError, match="full"), later():
            signal.raise_signal(signal.SIGTERM)
            raise OSError("full")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert steps == ["finished", "heard", "heard"]


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows has no mask of signals")
def test_a_process_that_starts_meanwhile_is_born_deaf() -> None:
    asks = "import signal; print(*sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])))"
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with deaf():
        told = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True).stdout
    assert {int(signal.SIGINT), int(signal.SIGTERM), int(signal.SIGHUP)} <= {int(n) for n in told.split()}
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


def test_an_error_can_be_told_from_both_its_parents() -> None:
    assert issubclass(MachineError, OSError) and not issubclass(MachineError, DataError | WriteError)
