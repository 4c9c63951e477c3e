"""Whose a file is that lies where one of a set is to stand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from quarterhour.base.errors import DataError, MissingError
from quarterhour.io.sets.listing import MANIFEST, Listing, is_as_listed, listed, read_listing

_MARK_LINE = {".csv": 0, ".html": 3}
"""By suffix the line that is the same in every file of ours of a name: the heads of columns, what a page may load."""
_LONGEST_LINE = 2000


def ours_in(place: Path, before: Listing | None, *, lists: bool) -> Callable[[str, Path], bool]:
    """Whether the file of a name may be replaced by the one that comes.

    It may where the manifest there (``before``) lists it as it is, and where it is the very file that comes. Where no
    manifest tells, a file that looks like one of ours may; and all may by their names in a folder of a version that
    listed none, or for a set that keeps no list (``lists``) and whose files have no mark.
    """
    by_name = before is None and _is_of_earlier_version(place)
    known = None if before is None else before.every

    def ours(name: str, new: Path) -> bool:
        target = place / name
        if by_name or not target.is_file() or target.is_symlink():
            return True
        if name == MANIFEST:
            return known is not None
        if is_as_listed(target, listed(new)):
            return True
        if known is not None:
            return name in known and is_as_listed(target, known[name])
        return _mark(target) == _mark(new) != b"" if target.suffix in _MARK_LINE else not lists

    return ours


def _is_of_earlier_version(place: Path) -> bool:
    try:
        read_listing(place)
    except MissingError:
        return False
    except DataError as error:
        return error.key == "sets.no_files"
    return False


def _mark(path: Path) -> bytes:
    with path.open("rb") as file:
        lines = [file.readline(_LONGEST_LINE) for _ in range(_MARK_LINE[path.suffix] + 1)]
    return lines[-1].strip()
