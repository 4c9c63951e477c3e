"""Folders of results as one set: nothing of two runs, nothing foreign lost, one run at a time."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from quarterhour.base.errors import DataError, MissingError, QuarterhourError, WriteError
from quarterhour.io import sets
from quarterhour.io.files.write import write_text
from quarterhour.io.sets import handover, lock
from quarterhour.io.sets.listing import inside


def hand_in(
    folder: Path, files: Mapping[str, str], *, day: str = "2026-01-01", asked: str = "q", keeps: tuple[str, ...] = ()
) -> sets.Account:
    with sets.one_set(folder) as handing:
        for name, text in files.items():
            path = handing.growing / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        handing.manifest({"study": {}, "day": day, "asked": asked}, keeps=keeps)
        if (handing.growing / "plan").is_dir():
            handing.manifest({"study": {}, "day": day, "asked": asked}, where="plan")
    return handing.account


def held(folder: Path) -> dict[str, str]:
    """Every file of a folder but manifests, by name."""
    return {
        p.relative_to(folder).as_posix(): p.read_text(encoding="utf-8")
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != sets.MANIFEST
    }


def said(folder: Path, lang: str = "en") -> list[str]:
    return list(sets.check_lines(folder, lang))


ONE = {"map.html": "1", "coverage.xlsx": "1", "maps/01.png": "1", "plan/text.docx": "1"}
TWO = {"map.html": "2", "coverage.xlsx": "2", "maps/02.png": "2", "plan/text.docx": "2"}


def test_a_set_lists_its_files_and_holds(tmp_path: Path) -> None:
    hand_in(tmp_path, ONE)
    assert held(tmp_path) == ONE
    listing = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert sorted(listing["files"]) == ["coverage.xlsx", "map.html", "maps/01.png"]
    assert [line.rsplit(":", 1)[1] for line in said(tmp_path)] == [
        " all 3 files are there, as the run of 2026-01-01 wrote them.",
        " all 1 files are there, as the run of 2026-01-01 wrote them.",
    ]


def test_files_of_the_earlier_run_leave_with_it(tmp_path: Path) -> None:
    hand_in(tmp_path, ONE)
    account = hand_in(tmp_path, TWO)
    assert held(tmp_path) == TWO and account.removed == [str(tmp_path / "maps/01.png")]


def test_what_is_not_ours_is_never_removed_nor_overwritten(tmp_path: Path) -> None:
    foreign = {"notes.txt": "x", "maps/mine.png": "x", "report.md": "mine"}
    hand_in(tmp_path, ONE)
    for name, text in foreign.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "coverage.xlsx").write_text("with my notes", encoding="utf-8")
    (tmp_path / "maps/01.png").write_text("drawn upon", encoding="utf-8")
    account = hand_in(tmp_path, {**TWO, "report.md": "2"})
    aside = {"report.earlier.md": "mine", "coverage.earlier.xlsx": "with my notes", "maps/01.png": "drawn upon"}
    assert held(tmp_path) == {**TWO, **foreign, **aside, "report.md": "2"}
    assert sorted(Path(p).name for p in account.aside) == ["coverage.xlsx", "report.md"]
    assert account.left == [str(tmp_path / "maps/01.png")]
    for lang, word in (("zh", "原样另存为"), ("en", "was kept as")):
        assert sum(word in line for line in sets.account_lines(account, tmp_path, lang)) == 2


def test_a_folder_of_an_earlier_version_is_taken_for_ours_by_name(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"study": {}}', encoding="utf-8")
    (tmp_path / "map.html").write_text("0", encoding="utf-8")
    (tmp_path / "od.csv").write_text("0", encoding="utf-8")
    with pytest.raises(DataError, match="earlier version"):
        said(tmp_path)
    hand_in(tmp_path, ONE)
    assert held(tmp_path) == {**ONE, "od.csv": "0"}


def test_a_folder_that_was_never_ours_loses_nothing_to_the_first_run(tmp_path: Path) -> None:
    mine = {"map.html": "<html>mine", "coverage.xlsx": "mine", "issues.csv": "mine,x\n", "plan/text.docx": "mine"}
    (tmp_path / "plan").mkdir()
    for name, text in {**mine, "manifest.json": '{"name": "a page of mine"}'}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    account = hand_in(tmp_path, {**ONE, "issues.csv": "id,finding\n1,a\n"})
    kept = {name.replace(".", ".earlier."): text for name, text in mine.items()}
    there = held(tmp_path)
    assert {name: there[name] for name in kept} == kept
    assert there["manifest.earlier.json"] == '{"name": "a page of mine"}' and len(account.aside) == 5
    assert not hand_in(tmp_path, {**ONE, "issues.csv": "id,finding\n"}).aside


def test_tables_and_pages_of_ours_that_no_manifest_lists_are_replaced(tmp_path: Path) -> None:
    page = "<!DOCTYPE html>\n<html>\n<head>\n<meta of ours>\n<title>{}</title>"
    for text in "12":
        with sets.one_set(tmp_path) as handing:
            (handing.growing / "issues.csv").write_text(f"id,finding\n{text},a\n", encoding="utf-8")
            (handing.growing / "inspect.html").write_text(page.format(text), encoding="utf-8")
            handing.amends({"command": "inspect"})
        assert not handing.account.aside
    assert not hand_in(tmp_path, {"issues.csv": "id,finding\n3,a\n", "inspect.html": page.format(3)}).aside


def test_a_kept_file_is_told_with_its_run(tmp_path: Path) -> None:
    hand_in(tmp_path, {"map.html": "1", "plan.json": "1"}, day="2026-01-01", asked="old")
    account = hand_in(tmp_path, {"map.html": "2"}, day="2026-02-02", asked="new", keeps=("plan.json",))
    assert held(tmp_path) == {"map.html": "2", "plan.json": "1"}
    assert account.kept["plan.json"].of == {"day": "2026-01-01", "asked": "old"}
    assert said(tmp_path)[1] == "plan.json is of the run of 2026-01-01, by other inputs or settings."
    hand_in(tmp_path, {"map.html": "3"}, day="2026-03-03", asked="old", keeps=("plan.json",))
    assert said(tmp_path)[1] == "plan.json is of the run of 2026-01-01, by the same inputs and settings."
    (tmp_path / "plan.json").write_text("9", encoding="utf-8")
    with pytest.raises(DataError, match=r"plan\.json' is not the file"):
        said(tmp_path)


def test_files_that_join_are_another_runs(tmp_path: Path) -> None:
    hand_in(tmp_path, {"map.html": "1", "issues.csv": "1"})
    for _ in range(2):
        with sets.one_set(tmp_path) as handing:
            (handing.growing / "issues.csv").write_text("2", encoding="utf-8")
            handing.amends({"command": "inspect", "day": "2026-05-05"})
        assert held(tmp_path) == {"map.html": "1", "issues.csv": "2"}
        assert said(tmp_path)[1:] == ["issues.csv was written by `inspect` on 2026-05-05."]


def test_files_that_join_nothing_have_no_manifest(tmp_path: Path) -> None:
    for text in "12":
        with sets.one_set(tmp_path) as handing:
            (handing.growing / "issues.csv").write_text(f"id\n{text}", encoding="utf-8")
            handing.amends({"command": "inspect"})
    assert held(tmp_path) == {"issues.csv": "id\n2"} and not (tmp_path / "manifest.json").exists()


# --- cut short -----------------------------------------------------------------------------------


class Died(BaseException):
    """Stands for the end of the process: nothing of ours catches it."""


@pytest.mark.parametrize("place", range(8))
def test_a_run_that_dies_anywhere_leaves_one_of_the_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    """Before its one rename the old set stands; after it whoever comes next finishes the new one."""
    hand_in(tmp_path, ONE)
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    count, replace = [0], os.replace

    def dying(*args: str) -> None:
        if count[0] == place:
            raise Died
        count[0] += 1
        replace(*args)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", dying)
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        try:
            hand_in(tmp_path, TWO)
        except Died:
            assert place == 0 or (tmp_path / handover.READY).is_dir()
    lines = said(tmp_path)
    for folder in tmp_path.glob(".growing.*"):
        shutil.rmtree(folder)
    assert held(tmp_path) == {**(TWO if place else ONE), "notes.txt": "mine"}
    assert any("took their places" in line for line in lines) == (place > 0)
    assert not (tmp_path / handover.READY).exists()


def test_a_run_that_is_stopped_while_it_writes_changes_nothing(tmp_path: Path) -> None:
    hand_in(tmp_path, ONE)
    with pytest.raises(KeyboardInterrupt), sets.one_set(tmp_path) as handing:
        (handing.growing / "map.html").write_text("2", encoding="utf-8")
        raise KeyboardInterrupt
    assert held(tmp_path) == ONE and len(said(tmp_path)) == 2


def test_a_file_that_somebody_holds_is_told_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_in(tmp_path, ONE)
    replace = os.replace

    def busy(source: Path, target: Path) -> None:
        if target.name == "coverage.xlsx":
            raise PermissionError("in use")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", busy)
        patch.setattr(Path, "replace", lambda self, to: self.rename(to))
        with pytest.raises(WriteError, match="held by another program"):
            hand_in(tmp_path, TWO)
    assert held(tmp_path) == {**TWO, "coverage.xlsx": "1", "coverage.xlsx.new": "2"}
    with pytest.raises(DataError, match=r"coverage\.xlsx' is of an earlier run.*\.new"):
        said(tmp_path)
    hand_in(tmp_path, {**TWO, "coverage.xlsx": "3"})
    assert held(tmp_path) == {**TWO, "coverage.xlsx": "3", "coverage.earlier.xlsx": "1"}


@pytest.mark.parametrize("time", [1, 2, 3])
def test_a_manifest_that_cannot_be_read_now_is_no_strangers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, time: int
) -> None:
    """A disk that fails while a manifest is read ends the run; the next one finds all files its own."""
    hand_in(tmp_path, ONE)
    read, times = Path.read_text, []

    def failing(self: Path, *args: str, **more: str) -> str:
        if self.name == sets.MANIFEST:
            times.append(self)
            if len(times) == time:
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(self))
        return read(self, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", failing)
        with pytest.raises((OSError, QuarterhourError)):
            hand_in(tmp_path, TWO)
    hand_in(tmp_path, TWO)
    assert held(tmp_path) == TWO
    assert not list(tmp_path.rglob("*.earlier*"))


def test_a_folder_in_the_way_of_a_file_loses_neither(tmp_path: Path) -> None:
    (tmp_path / "map.html").mkdir()
    (tmp_path / "map.html" / "mine.txt").write_text("x", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(WriteError, match="is a folder, where a file of the results belongs"):
            hand_in(tmp_path, ONE)
    with pytest.raises(WriteError, match="is a folder, where a file of the results belongs"):
        said(tmp_path)
    (tmp_path / "map.html").rename(tmp_path / "mine")
    assert "took their places" in said(tmp_path)[0]
    assert held(tmp_path) == {**ONE, "mine/mine.txt": "x"}


# --- what does not hold --------------------------------------------------------------------------


def test_every_flipped_file_and_every_flipped_manifest_is_told(tmp_path: Path) -> None:
    hand_in(tmp_path, ONE)
    for name in [*ONE, "manifest.json", "plan/manifest.json"]:
        whole = (tmp_path / name).read_bytes()
        for place in range(0, len(whole), max(1, len(whole) // 40)):
            (tmp_path / name).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            with pytest.raises(DataError):
                said(tmp_path)
        (tmp_path / name).unlink()
        if name != "plan/manifest.json":
            with pytest.raises(DataError if name in ONE else MissingError):
                said(tmp_path)
        (tmp_path / name).write_bytes(whole)
    assert len(said(tmp_path)) == 2


def test_a_manifest_that_leads_out_of_its_folder_removes_nothing(tmp_path: Path) -> None:
    for name in ("../x", "/etc/passwd", "a/../../x", "c:x", "a\\b", ""):
        assert inside(tmp_path, name) is None
    (tmp_path / "out").mkdir()
    (tmp_path / "away").mkdir()
    (tmp_path / "out/link").symlink_to(tmp_path / "away")
    assert inside(tmp_path / "out", "link/x") is None
    assert inside(tmp_path, "maps/x.png") == tmp_path / "maps" / "x.png"


# --- one run at a time ---------------------------------------------------------------------------

HOLDING = """
import sys
from quarterhour.io import sets
from quarterhour.io.files.write import write_text
with sets.holding(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def in_another_process(folder: Path) -> subprocess.Popen[str]:
    run = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None and run.stdout.readline() == "held\n"
    return run


def test_a_second_run_is_told_who_works_there_and_a_dead_one_never_blocks(tmp_path: Path) -> None:
    hand_in(tmp_path, ONE)
    with in_another_process(tmp_path) as run:
        try:
            with pytest.raises(WriteError, match=f"process {run.pid} on .*, since 20") as told:
                hand_in(tmp_path, TWO)
            assert "--out" in told.value.sentence("zh")
            assert len(said(tmp_path)) == 2  # what stands there can be verified meanwhile
            (tmp_path / "map.html").unlink()
            with pytest.raises(WriteError, match="another run works"):
                said(tmp_path)
        finally:
            run.kill()
    hand_in(tmp_path, TWO)
    assert held(tmp_path) == TWO


def test_the_same_run_holds_on_and_leaves_no_lock_behind(tmp_path: Path) -> None:
    with sets.holding(tmp_path / "out"), sets.holding(tmp_path / "out"):
        assert (tmp_path / "out" / lock.HOLDER).is_file()
    assert list((tmp_path / "out").iterdir()) == []


def test_another_thread_is_another_run(tmp_path: Path) -> None:
    told: list[QuarterhourError] = []

    def second() -> None:
        try:
            with sets.holding(tmp_path):
                pass
        except QuarterhourError as error:
            told.append(error)

    with sets.holding(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert [error.key for error in told] == ["sets.busy"]


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_a_share_that_cannot_lock_has_a_mark_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def cannot(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", cannot)
    hand_in(tmp_path, ONE)
    with sets.holding(tmp_path):
        pass
    assert held(tmp_path) == ONE
    (tmp_path / lock.MARK).write_text("7\nelsewhere.example\n", encoding="utf-8")
    with pytest.raises(WriteError, match=f"cannot lock files.*{lock.MARK}"):
        hand_in(tmp_path, TWO)
    (tmp_path / lock.MARK).write_text("", encoding="utf-8")
    with pytest.raises(WriteError, match="cannot lock files"):
        hand_in(tmp_path, TWO)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"pid": 1}', '{"pid": "' + "x" * 5000])
def test_a_torn_note_of_who_holds_is_no_traceback(tmp_path: Path, text: str) -> None:
    with in_another_process(tmp_path) as run:
        try:
            (tmp_path / lock.HOLDER).write_text(text, encoding="utf-8")
            with pytest.raises(WriteError, match=r"process \? on \?"), sets.holding(tmp_path):
                pass
        finally:
            run.kill()


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name, file in (("file", "file"), ("file/a/b", "file"), ("link", "link")):
        with pytest.raises(WriteError, match=rf"could not be written: '.*{file}' is no folder"):
            hand_in(tmp_path / name, ONE)


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own on Windows")
@pytest.mark.parametrize(
    ("name", "odd", "said"),
    [
        (handover.READY, "file", "is a file, where a folder belongs"),
        (handover.READY, "link", "is a link that leads nowhere"),
        (lock.LOCK, "folder", "is a folder, where a file belongs"),
        (lock.LOCK, "link", "is a link that leads nowhere"),
        ("plans", "file", "is a file, where a folder belongs"),
        ("plans", "link", "is a link that leads nowhere"),
    ],
)
def test_an_odd_thing_by_a_name_of_ours_is_told_in_words_and_left(
    tmp_path: Path, name: str, odd: str, said: str
) -> None:
    path = tmp_path / name
    {"file": path.touch, "folder": path.mkdir, "link": lambda: path.symlink_to(path)}[odd]()
    with pytest.raises(WriteError) as told:
        if name == "plans":
            write_text(path / "q.json", "{}")
        hand_in(tmp_path, ONE)
    assert f"'{path}' {said}" in str(told.value) and "Errno" not in str(told.value)
    assert str(path) in told.value.sentence("zh")
    assert [*tmp_path.iterdir()] == [path]
