"""Sheets of an earlier atlas: what the program itself wrote and this run does not draw is cleared away."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection
from pathlib import Path

from quarterhour.report.plan.atlas.draw import MAKER

_SHEET = re.compile(r"\d{2,}-.+\.(?:pdf|png)")
_MARKS = {".pdf": f"/Creator ({MAKER})".encode(), ".png": b"tEXtSoftware\0" + MAKER.encode()}


def clear_old_sheets(folder: Path, kept: Collection[Path]) -> tuple[Path, ...]:
    """Delete numbered sheets that bear the program's mark and are not ``kept``, and say which; never another file.

    A sheet that somebody holds stays.
    """
    found = sorted(path for part in (folder, folder / "towns") if part.is_dir() for path in part.iterdir())
    old = [path for path in found if path not in kept and _ours(path)]
    for path in old:
        with contextlib.suppress(OSError):
            path.unlink()
    return tuple(old)


def _ours(path: Path) -> bool:
    if path.is_symlink() or not path.is_file() or not _SHEET.fullmatch(path.name):
        return False
    try:
        return _MARKS[path.suffix] in path.read_bytes()
    except OSError:
        return False
