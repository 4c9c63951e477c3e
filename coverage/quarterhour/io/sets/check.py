"""A folder of results held against its manifest."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from quarterhour.base import i18n
from quarterhour.base.errors import DataError, QuarterhourError
from quarterhour.io.sets.handover import READY, Account, finish
from quarterhour.io.sets.listing import MANIFEST, Listed, Listing, earlier_listing, inside, is_as_listed, read_listing
from quarterhour.io.sets.lock import LOCK, MARK, holding

PARTS = ("plan",)
"""Folders in a folder of results that are sets by themselves."""
PLANS = ("plan.json",)
"""Files that a reader takes for results of the run whether it wrote them or not."""


def check_lines(folder: str | Path, lang: str) -> Iterator[str]:
    """Every file of a folder held against its manifest, and of the sets in it; what was found, as sentences.

    A set that a run left between its moves is finished first.

    Raises
    ------
    MissingError, DataError : there is no manifest, or the first file that is missing, altered or of another run.
    WriteError : a run works there now, or a set waits and the folder cannot be written.
    """
    home = Path(folder)
    if (home / READY).is_dir():
        with holding(home):
            finish(home)
        yield i18n.say("sets.finished", lang, folder=home)
    try:
        first = read_listing(home)
        for name in PLANS:
            if (home / name).is_file() and name not in first.every:
                raise DataError("sets.not_listed", file=str(home / name))
        yield from _of_one(home, first, lang)
        for part in (home / name for name in PARTS):
            if (part / MANIFEST).is_file():
                yield from _of_one(part, read_listing(part), lang, beside=first)
    except QuarterhourError:
        _say_who_writes(home)
        raise


def _of_one(home: Path, said: Listing, lang: str, beside: Listing | None = None) -> Iterator[str]:
    for name, one in said.every.items():
        _check(home, name, one)
    yield i18n.say("sets.whole", lang, folder=home, files=len(said.files), day=said.whole.get("day", "?"))
    if beside is not None and beside.run.get("asked") != said.run.get("asked"):
        yield i18n.say("sets.part_of_other", lang, folder=home)
    yield from kept_lines(said.others, said.run, lang)


def _check(home: Path, name: str, one: Listed) -> None:
    path = inside(home, name)
    if path is None:
        raise DataError("sets.manifest_broken", file=str(home / MANIFEST))
    if is_as_listed(path, one):
        return
    beside = path.with_name(f"{path.name}.new")
    if is_as_listed(beside, one):
        raise DataError("sets.held", file=str(path), kept=str(beside))
    raise DataError("sets.altered" if path.is_file() else "sets.missing", file=str(path))


def kept_lines(others: Mapping[str, Listed], run: Mapping[str, str], lang: str) -> Iterator[str]:
    """Of which run each file is that stands beside those of ``run``."""
    for name, one in others.items():
        same = one.of.get("asked") == run.get("asked")
        key = "sets.of_inspect" if one.of.get("command") == "inspect" else "sets.of_same" if same else "sets.of_other"
        yield i18n.say(key, lang, file=name, day=one.of.get("day", "?"))


def account_lines(account: Account, folder: str | Path, lang: str) -> Iterator[str]:
    """What became of other files that lay in a folder of results: finished, set aside, left, kept from which run."""
    if account.finished:
        yield i18n.say("sets.finished", lang, folder=folder)
    for file, kept in account.aside.items():
        yield i18n.say("sets.aside", lang, file=file, kept=kept)
    for file in account.left:
        yield i18n.say("sets.left", lang, file=file)
    now = earlier_listing(Path(folder))
    yield from kept_lines(account.kept, {} if now is None else now.run, lang)


def _say_who_writes(home: Path) -> None:
    """WriteError where a run works in the folder now, which explains what does not fit."""
    if os.access(home, os.W_OK) and ((home / LOCK).exists() or (home / MARK).exists()):
        with holding(home):
            pass
