"""Workbooks that are no Office Open XML (.xls, .et, .ods), read by a process of their own.

calamine follows a damaged file for ever, or asks for more memory than there is and takes its process with it; so it
has one to lose. The module is that process too: ``python old_books.py CELLS FILE`` prints the sheets,
``... FILE SHEET`` the cells of one, as JSON. As such it knows nothing of the package.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LEAST_S, BYTES_A_SECOND = 10.0, 200_000
"""A process has so many seconds, and one more for so many bytes: ten times what a sound file takes."""
LOCKED, TOO_WIDE, NO_ROOM = 10, 11, 12
"""How the process ends for a book with a password, for more cells than may be, and where they need too much memory."""
_LEAST_MEMORY_BYTES, _BYTES_A_CELL = 600_000_000, 250
"""The process has so much memory, and so much more for each cell that may be."""


class OldBookError(Exception):
    """A book could not be read; ``code``: how the process ended, ``detail``: the last that it said."""

    def __init__(self, code: int | None, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


def ask_book(file: Path, *sheet: str, most_cells: int) -> Any:
    """The sheets of a book, or what one of them holds. OldBookError where the process did not come back with it."""
    command = [sys.executable, "-I", __file__, str(most_cells), str(file.absolute()), *sheet]
    longest_s = LEAST_S + file.stat().st_size / BYTES_A_SECOND
    try:
        done = subprocess.run(command, capture_output=True, timeout=longest_s, check=False)
    except subprocess.TimeoutExpired as late:
        raise OldBookError(None, f"> {longest_s:.0f} s") from late
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise OldBookError(done.returncode, said[-1][:200] if said else str(done.returncode))
    return json.loads(done.stdout)


def _answer(most_cells: int, file: str, *sheet: str) -> Any:
    from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_path(file)
    except PasswordError:
        raise SystemExit(LOCKED) from None
    if sheet:
        return _page(book.get_sheet_by_name(sheet[0]), most_cells)
    shown = [part for part in book.sheets_metadata if part.typ == SheetTypeEnum.WorkSheet]
    here = {part.name: book.get_sheet_by_name(part.name) for part in shown}
    return [
        {
            "name": part.name,
            "hidden": part.visible != SheetVisibleEnum.Visible,
            "filled": here[part.name].height * here[part.name].width > 1,
        }
        for part in shown
    ]


def _page(sheet: Any, most_cells: int) -> dict[str, Any]:
    if sheet.total_height * sheet.total_width > most_cells:
        raise SystemExit(TOO_WIDE)
    grid = [[_cell(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    return {"grid": grid, "merged": [[*first, *last] for first, last in sheet.merged_cell_ranges or ()]}


def _cell(value: Any) -> Any:
    """Nothing is null, what is whole is a whole number, a day is text."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value == "":
        return None
    return value if isinstance(value, str | int | float) else value.isoformat() if _is_day(value) else str(value)


def _is_day(value: Any) -> bool:
    return hasattr(value, "isoformat")


def _main(most_cells: int, *about: str) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # no such limits on Windows
        import resource

        room = _LEAST_MEMORY_BYTES + _BYTES_A_CELL * most_cells
        resource.setrlimit(resource.RLIMIT_AS, (room, room))
    try:
        sys.stdout.buffer.write(json.dumps(_answer(most_cells, *about)).encode())
    except MemoryError:
        raise SystemExit(NO_ROOM) from None


if __name__ == "__main__":
    _main(int(sys.argv[1]), *sys.argv[2:])
