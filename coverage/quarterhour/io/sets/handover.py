"""All files of a run into their places: made aside, made whole by one rename, then moved; never half of two runs.

The files grow in a hidden folder. Once every one of them is on the disk, its rename to ``READY`` decides: from then on
the set is finished, by this process or by the next that comes (``finish``). The manifest moves last, so until then
the folder's manifest is that of the run before, which tells what may be cleared away.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quarterhour.base.errors import WriteError
from quarterhour.base.machine.scratch import scratch_folder
from quarterhour.base.machine.stop import later
from quarterhour.io.files.write import flush, named, take_place, told
from quarterhour.io.sets.listing import (
    MANIFEST,
    Listed,
    Listing,
    earlier_listing,
    fits,
    inside,
    is_as_listed,
    listed,
    of_the_set,
    sealed,
)
from quarterhour.io.sets.lock import holding
from quarterhour.io.sets.owner import ours_in

READY = ".quarterhour.ready"
"""The folder of a set that is whole and takes its places."""


@dataclass(slots=True)
class Account:
    """What became of files that lay in the folder, by path.

    ``removed``: files of an earlier run that this one has not. ``aside``: changed by somebody since, or never ours, and
    where they lie now. ``left``: no longer of the set, but changed by somebody, so they stay. ``kept``: files of an
    earlier run that stay, by name, with that run. ``finished``: a set that an earlier run had left between its moves.
    """

    removed: list[str] = field(default_factory=list)
    aside: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    kept: dict[str, Listed] = field(default_factory=dict)
    finished: bool = False

    def after(self, before: Account) -> Account:
        """Both, where an earlier set was finished before this one."""
        aside = {**before.aside, **self.aside}
        left = [*before.left, *self.left]
        return Account([*before.removed, *self.removed], aside, left, self.kept, before.finished)


@dataclass(slots=True)
class Handing:
    """Where files of a set grow, and what their manifests say."""

    growing: Path
    account: Account = field(default_factory=Account)
    _manifests: dict[str, tuple[Mapping[str, Any], tuple[str, ...]]] = field(default_factory=dict)
    _amended: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def manifest(self, content: Mapping[str, Any], *, where: str = "", keeps: Collection[str] = ()) -> None:
        """A manifest for the files under ``where``; files of an earlier run that fit ``keeps`` stay beside them."""
        self._manifests[where] = (content, tuple(keeps))

    def amends(self, run: Mapping[str, str], *, where: str = "") -> None:
        """The files join what stands there, as those of another run; its manifest says so, where there is one."""
        self._amended[where] = run

    def seal(self, folder: Path) -> None:
        """Write the manifests, the innermost first."""
        for where in sorted({*self._manifests, *self._amended}, key=len, reverse=True):
            home = self.growing / where
            home.mkdir(parents=True, exist_ok=True)
            text = self._text(where, home, folder / where)
            if text:
                (home / MANIFEST).write_text(text, encoding="utf-8", newline="\n")

    def _text(self, where: str, home: Path, place: Path) -> str:
        before = earlier_listing(place)
        if where in self._amended:
            return _amended(home, before, self._amended[where])
        content, keeps = self._manifests[where]
        made = {name: listed(path) for name, path in of_the_set(home)}
        known = {} if before is None else before.every
        stays = {
            name: one for name, one in known.items()
            if name not in made and fits(name, keeps) and (at := inside(place, name)) and is_as_listed(at, one)
        }  # fmt: skip
        return sealed(content, made, stays)


def _amended(home: Path, before: Listing | None, run: Mapping[str, str]) -> str:
    if before is None:
        return ""
    made = {name: listed(path, run) for name, path in of_the_set(home)}
    files = {name: one for name, one in before.files.items() if name not in made}
    return sealed(before.whole, files, {**before.others, **made})


@contextlib.contextmanager
def one_set(folder: str | Path) -> Iterator[Handing]:
    """A hidden folder to write a run's files into; at the end all take their places, or, cut short, none does.

    What an earlier run wrote there and this one has not is removed, if nobody changed it since; a file that nobody
    knows for the program's is set aside (``map.earlier.html``). A file that somebody holds stays as ``name.new`` while
    the others move; WriteError names it at the end. WriteError at once where another run works there, or the folder
    cannot be written.
    """
    home = Path(folder)
    with holding(home), contextlib.ExitStack() as uncut:
        first = finish(home)
        with told(home), scratch_folder(home, "growing") as growing:
            handing = Handing(growing)
            with named(growing, home):
                yield handing
            handing.seal(home)
            uncut.enter_context(later())
            _make_whole(growing, home)
        handing.account = finish(home).after(first)


def hand_over(growing: Path, folder: str | Path) -> None:
    """Files that have grown elsewhere on the same disk take their places in a folder, all or none; no manifest is kept.

    WriteError as ``one_set``.
    """
    home = Path(folder)
    with holding(home), later():
        finish(home)
        _make_whole(growing, home)
        finish(home)


def _make_whole(growing: Path, home: Path) -> None:
    for path in sorted(growing.rglob("*"), reverse=True):
        flush(path)
    flush(growing)
    os.replace(growing, home / READY)  # noqa: PTH105 - the one call that every system makes in one step
    flush(home)


def finish(folder: str | Path) -> Account:
    """Put a set that is whole into its places; nothing where none waits. For whoever holds the folder.

    WriteError names a file that somebody holds, once the others are in place.
    """
    home, account, held = Path(folder), Account(), list[WriteError]()
    ready = home / READY
    if not ready.is_dir():
        return account
    account.finished = True
    sets = {path.parent for path in ready.rglob(MANIFEST)} | {ready}
    for part in sorted(sets, key=lambda path: len(path.parts), reverse=True):
        _settle(part, home / part.relative_to(ready), account, held)
    _drop_empty(ready)
    flush(home)
    for error in held:
        raise error
    return account


def _settle(part: Path, place: Path, account: Account, held: list[WriteError]) -> None:
    """One set: what is out of date goes, the files move, the manifest last."""
    before = earlier_listing(place)
    now = earlier_listing(part)
    ours = ours_in(place, before, lists=now is not None)
    if now is not None:
        account.kept |= now.others
        if before is not None:
            _clear(place, before, {*now.files, *now.others}, account)
    stuck = False
    for name, path in of_the_set(part):
        stuck |= not _moved(path, place / name, name, ours, account, held)
    if not stuck and (part / MANIFEST).is_file():
        _moved(part / MANIFEST, place / MANIFEST, MANIFEST, ours, account, held)
    if place.is_dir():
        flush(place)


def _clear(place: Path, before: Listing, now: Collection[str], account: Account) -> None:
    """Files that the run before wrote and this one has not, where nobody changed them; of their folders the empty."""
    for name, one in before.every.items():
        path = inside(place, name)
        if path is None:
            continue
        kept_aside = path.with_name(f"{path.name}.new")
        if is_as_listed(kept_aside, one):
            _remove(kept_aside, place)
        if name in now:
            continue
        if is_as_listed(path, one):
            _remove(path, place)
            account.removed.append(str(path))
        elif path.exists():
            account.left.append(str(path))


def _remove(path: Path, place: Path) -> None:
    with contextlib.suppress(OSError):  # held: it stays, and no manifest lists it
        path.unlink()
        for folder in path.parents:
            if folder == place or any(folder.iterdir()):
                break
            folder.rmdir()


def _moved(
    path: Path, target: Path, name: str, ours: Callable[[str, Path], bool], account: Account, held: list[WriteError]
) -> bool:
    """Whether the file left the waiting folder: into its place, or beside it where somebody holds that."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            raise WriteError("sets.folder_in_the_way", file=str(target))
        if not ours(name, path):
            account.aside[str(target)] = str(_set_aside(target))
        take_place(path, target)
    except WriteError as error:
        held.append(error)
    except OSError as error:  # a file stands where the folder of it is to be
        held.append(WriteError("files.cannot_write", file=str(target.parent), detail=str(error)))
    return not path.exists()


def _set_aside(target: Path) -> Path:
    """Where a file now lies whose place is wanted: ``map.earlier.html``, ``map.earlier-2.html`` ..."""
    number, free = 1, target.with_name(f"{target.stem}.earlier{target.suffix}")
    while free.exists() or free.is_symlink():
        number += 1
        free = target.with_name(f"{target.stem}.earlier-{number}{target.suffix}")
    return target.rename(free)


def _drop_empty(ready: Path) -> None:
    """The waiting folder, unless a file that could not move is still in it."""
    if not any(path.is_file() for path in ready.rglob("*")):
        shutil.rmtree(ready, ignore_errors=True)
