"""Rows of travel times in a folder: taken as they were put, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

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


def test_a_run_takes_away_what_it_did_not_use(tmp_path: Path) -> None:
    folder = RowsFolder(tmp_path)
    for key in ("old", "used"):
        folder.put(key, ROWS)
        os.utime(tmp_path / f"{key}.npz", (1, 1))
    folder.begin()
    assert taken(folder, "used")
    folder.put("new", ROWS)
    folder.end()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["begun", "new.npz", "used.npz"]


def test_a_file_that_cannot_be_taken_away_keeps_no_other(tmp_path: Path) -> None:
    folder = RowsFolder(tmp_path)
    names = [f"{letter}.npz" for letter in "abcd"]
    for name in names:
        (tmp_path / name).mkdir() if name == "b.npz" else folder.put(name[0], ROWS)
    folder.begin()
    for name in names:
        os.utime(tmp_path / name, (1, 1))
    folder.end()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.npz", "begun"]


def test_where_nothing_can_be_written_the_rows_are_worked_out_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = RowsFolder(tmp_path / "file" / "rows")
    folder.put("k", ROWS)
    assert taken(folder) is None
    folder.end()
