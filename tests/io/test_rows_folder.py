"""Rows of travel times in a folder: taken as they were put, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from quarterhour.base.errors import WriteError
from quarterhour.io.answer_store.rows import RowsFolder

ROWS = np.array([0, 2, 2]), np.array([4, 1], np.int32), np.array([70, 80], np.int32)


def taken(folder: RowsFolder, key: str = "k") -> list[list[int]] | None:
    found = folder.get(key)
    return None if found is None else [part.tolist() for part in found]


def test_rows_come_back_as_they_were_put(tmp_path: Path) -> None:
    folder = RowsFolder(tmp_path / "rows")
    assert taken(folder) is None
    folder.put("k", ROWS)
    assert taken(folder) == [[0, 2, 2], [4, 1], [70, 80]] and taken(folder, "other") is None
    assert taken(RowsFolder(tmp_path / "rows", fresh=True)) is None


def test_a_file_under_another_key_or_with_one_byte_changed_is_as_none(tmp_path: Path) -> None:
    folder = RowsFolder(tmp_path)
    folder.put("k", ROWS)
    path = tmp_path / "k.npz"
    whole = path.read_bytes()
    (tmp_path / "other.npz").write_bytes(whole)
    assert taken(folder, "other") is None
    told = []
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        told.append(taken(folder))
    assert all(found in (None, [[0, 2, 2], [4, 1], [70, 80]]) for found in told) and told.count(None) > 20
    for short in (b"", whole[:40], whole[:-30]):
        path.write_bytes(short)
        assert taken(folder) is None


def left(folder: RowsFolder) -> list[str]:
    return sorted(path.name for path in folder.folder.iterdir())


def old_rows(folder: RowsFolder, *keys: str) -> None:
    for key in keys:
        folder.put(key, ROWS)
        os.utime(folder.folder / f"{key}.npz", (1, 1))


def test_a_run_takes_away_what_it_did_not_use(tmp_path: Path) -> None:
    folder = RowsFolder(tmp_path)
    old_rows(folder, "old", "used")
    with folder.in_use(whole=False):
        assert taken(folder, "used")
        folder.put("new", ROWS)
    assert left(folder) == ["new.npz", "old.npz", "used.npz"]
    with suppress(ValueError), folder.in_use(whole=True):
        raise ValueError
    assert left(folder) == ["new.npz", "old.npz", "used.npz"]
    with folder.in_use(whole=True):
        assert taken(folder, "used")
        folder.put("new", ROWS)
    assert left(folder) == ["new.npz", "used.npz"]


def test_what_another_run_used_meanwhile_stays_until_that_has_ended(tmp_path: Path) -> None:
    """The first run used ``first`` before the second began, which ends sooner and has no use for it."""
    one, two = RowsFolder(tmp_path), RowsFolder(tmp_path)
    old_rows(one, "old", "first", "second")
    with one.in_use(whole=True):
        (mark,) = (path for path in tmp_path.iterdir() if path.is_dir())
        assert taken(one, "first")
        for path in (mark, tmp_path / "first.npz"):
            os.utime(path, (2, 2))
        with two.in_use(whole=True):
            assert taken(two, "second")
        assert left(one)[1:] == ["first.npz", "second.npz"]
        assert taken(one, "first")
    assert left(one) == ["first.npz", "second.npz"]


def test_a_run_that_was_killed_keeps_nothing_from_being_taken_away(tmp_path: Path) -> None:
    folder = RowsFolder(tmp_path)
    old_rows(folder, "old")
    with folder.in_use(whole=False):
        (mark,) = (path for path in tmp_path.iterdir() if path.is_dir())
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        dead = mark.with_name(mark.name.replace(f"-{os.getpid()}-", f"-{ended.pid}-"))
        dead.mkdir()
        os.utime(dead, (1, 1))
    with folder.in_use(whole=True):
        pass
    assert left(folder) == []


def test_a_file_that_cannot_be_taken_away_keeps_no_other(tmp_path: Path) -> None:
    folder = RowsFolder(tmp_path)
    old_rows(folder, "a", "c", "d")
    (tmp_path / "b.npz").mkdir()
    os.utime(tmp_path / "b.npz", (1, 1))
    with folder.in_use(whole=True):
        pass
    assert left(folder) == ["b.npz"]


def test_where_nothing_can_be_written_the_rows_are_worked_out_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = RowsFolder(tmp_path / "file" / "rows")
    folder.put("k", ROWS)
    assert taken(folder) is None
    with pytest.raises(WriteError), folder.in_use(whole=True):
        pass
