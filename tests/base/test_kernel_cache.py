"""What is torn among kept kernels is compiled anew, in one line; nothing that lies there ends a run."""

from __future__ import annotations

import errno
import importlib.util
import logging
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quarterhour.base import jit
from quarterhour.base.jit import kept

pytestmark = pytest.mark.skipif(not jit.COMPILED, reason="numba is not on this machine")

Damage = Callable[[Path], object]
HALF = """
def total(one, other):
    return one + other
"""


def cut(at: float) -> Damage:
    return lambda path: path.write_bytes((kept := path.read_bytes())[: int(at * len(kept))])


def flipped(at: float) -> Damage:
    def flip(path: Path) -> None:
        kept = bytearray(path.read_bytes())
        kept[min(len(kept) - 1, int(at * len(kept)))] ^= 1
        path.write_bytes(kept)

    return flip


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def full_folder(path: Path) -> None:
    folder(path)
    (path / "mine").write_text("kept")


DAMAGES: dict[str, Damage] = {
    "empty": lambda path: path.write_bytes(b""),
    **{f"cut at {at}": cut(at) for at in (0.001, 0.01, 0.1, 0.5, 0.9, 0.999)},
    **{f"flipped at {at}": flipped(at) for at in (0.0, 0.05, 0.3, 0.5, 0.8, 1.0)},
    "garbage": lambda path: path.write_bytes(bytes(range(256)) * 9),
    "another pickle": lambda path: path.write_bytes(pickle.dumps(("0.61.0", {"a": 1}))),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "text": lambda path: path.write_text("<<<<<<< HEAD\n"),
    "folder": folder,
    "folder with files": full_folder,
    "gone": Path.unlink,
    "link to nowhere": lambda path: (path.unlink(), path.symlink_to(path.parent / "nowhere")),
}


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """A new process's view of a kernel whose cache is in a folder of the test."""
    import numba

    source = tmp_path / "half.py"
    source.write_text(HALF)
    cache = tmp_path / "cache"
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(cache))
    monkeypatch.setattr(kept, "_told", set())

    def made() -> Any:
        spec = importlib.util.spec_from_file_location("half", source)
        assert spec is not None and spec.loader is not None
        half = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(half)
        kept._told.clear()
        return jit.kernel(half.total)

    return made


def hits(made: Any) -> int:
    return sum(made.stats.cache_hits.values())


def files(folder: Path, suffix: str) -> list[Path]:
    return sorted(folder.rglob(f"*{suffix}"))


def test_a_kernel_is_kept_for_the_next_process(kernels: Callable[[], Any]) -> None:
    first, then = kernels(), kernels()
    assert (first(1, 2), hits(first)) == (3, 0)
    assert (then(1, 2), hits(then)) == (3, 1)


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_file_heals_and_is_told_once(
    kernels: Callable[[], Any], tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str, suffix: str
) -> None:
    assert kernels()(1, 2) == 3
    (path,) = files(tmp_path, suffix)
    DAMAGES[kind](path)
    with caplog.at_level(logging.WARNING):
        torn = kernels()
        assert (torn(1, 2), hits(torn)) == (3, 0)
        assert (torn(1.5, 2), hits(torn)) == (3.5, 0)  # another signature, whose file is beside it
    told = [r.getMessage() for r in caplog.records if "compiled anew" in r.getMessage()]
    silent = kind in ("gone", "link to nowhere")
    assert bool(told) != silent
    assert sum("is torn" in line for line in told) == (0 if silent else 1)
    healed = kernels()
    assert healed(1, 2) == 3
    assert hits(healed) == (0 if kind == "folder with files" else 1)
    if kind == "folder with files":
        assert (path / "mine").read_text() == "kept"


def test_code_of_another_signature_is_not_taken_for_ones_own(kernels: Callable[[], Any], tmp_path: Path) -> None:
    """As two processes that write at once would mix them up."""
    first = kernels()
    assert (first(1, 2), first(1.5, 2.5)) == (3, 4.0)
    one, other = files(tmp_path, ".nbc")
    shutil.copy(one, other)
    again = kernels()
    assert (again(1, 2), again(1.5, 2.5)) == (3, 4.0)
    assert hits(again) == 1


def test_code_of_another_processor_lies_beside_and_is_not_run(
    kernels: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kernels()(1, 2)
    key = type(kernels()._cache._plain)._index_key
    monkeypatch.setattr(
        type(kernels()._cache._plain), "_index_key", lambda self, *given: ("other", *key(self, *given)[1:])
    )
    there = kernels()
    assert (there(1, 2), hits(there)) == (3, 0)
    assert len(files(tmp_path, ".nbc")) == 2


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.EMFILE, errno.EDQUOT])
def test_a_disk_that_takes_nothing_ends_no_run(
    kernels: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path,
    code: int,
) -> None:  # fmt: skip
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(kept.Path, "replace", refuse)
    with caplog.at_level(logging.WARNING):
        made = kernels()
        assert (made(1, 2), made(1.5, 2.5)) == (3, 4.0)
    assert [r.getMessage() for r in caplog.records if "cannot be kept" in r.getMessage()] == [
        f"compiled kernels cannot be kept, each run compiles them anew ([Errno {code}] {os.strerror(code)})"
    ]
    assert not files(tmp_path, ".nbc") and not list(tmp_path.rglob("*.tmp.*"))


def test_what_a_killed_process_left_half_written_is_no_obstacle(kernels: Callable[[], Any], tmp_path: Path) -> None:
    kernels()(1, 2)
    (path,) = files(tmp_path, ".nbc")
    path.with_name(path.name + ".tmp.0123456789abcdef").write_bytes(path.read_bytes()[:40])
    again = kernels()
    assert (again(1, 2), hits(again)) == (3, 1)


def test_a_changed_source_is_compiled_anew_without_a_word(
    kernels: Callable[[], Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kernels()(1, 2)
    (tmp_path / "half.py").write_text(HALF.replace("one + other", "one + other + 3"))
    made = kernels()
    assert (made(1, 2), hits(made)) == (6, 0)
    assert not caplog.records


def test_a_cache_can_be_emptied(kernels: Callable[[], Any]) -> None:
    made = kernels()
    made(1, 2)
    made._cache.flush()
    again = kernels()
    assert (again(1, 2), hits(again)) == (3, 0)
