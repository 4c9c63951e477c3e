"""Layers that a database computes (views, generated columns): how much they come to, before anybody reads them.

A view of a few words may count for ever, or say a gigabyte in each row. It is evaluated once within a budget of the
database's own steps, which are the same on any machine, and kept nowhere.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path

from quarterhour.base import limits
from quarterhour.base.escape import sql_name

_STEPS, _AT_ONCE = 400_000_000, 1_000_000
"""Instructions of SQLite's machine: some ten seconds, ten million rows of a plain view."""
_LONGEST_VALUE = 50_000_000
_COMPUTED = re.compile(r"^\s*create\s+(temp\w*\s+)?view\b|\bas\s*\(|\bgenerated\b", re.IGNORECASE)
_NO_FUNCTION = re.compile(r"no such function: (\w+)")
_MOST_FUNCTIONS = 40
_NOT_ALLOWED = "not authorized"
_SLOW = ("printf", "format")
"""Functions that make a gigabyte in one step of the machine, which nothing can stop."""


def check_computed(file: Path) -> None:
    """DataError where a layer is computed and comes to more rows or bytes than may be; before GDAL opens the file.

    What SQLite cannot evaluate is left to GDAL, with functions that it does not know taken for nothing.
    """
    there = f"{file.resolve().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(there, uri=True)) as base:
        for layer in _computed(base):
            with contextlib.suppress(sqlite3.DatabaseError):
                rows, size = _weighed(base, layer, file)
                limits.check("layer_rows", rows, of=f"{file} / {layer}")
                limits.check("layer_bytes", size, of=f"{file} / {layer}")


def _computed(base: sqlite3.Connection) -> list[str]:
    with contextlib.suppress(sqlite3.DatabaseError):
        found = base.execute("select name, sql from sqlite_master where type in ('table', 'view') order by name")
        return [str(name) for name, sql in found if isinstance(sql, str) and _COMPUTED.search(sql)]
    return []


def _weighed(base: sqlite3.Connection, layer: str, file: Path) -> tuple[int, int]:
    steps = 0

    def on() -> int:
        nonlocal steps
        steps += _AT_ONCE
        return int(steps > _STEPS)

    base.set_authorizer(
        lambda action, _, name, *__: sqlite3.SQLITE_DENY if _is_slow(action, name) else sqlite3.SQLITE_OK
    )
    base.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    base.set_progress_handler(on, _AT_ONCE)
    quoted = sql_name(layer)
    for _ in range(_MOST_FUNCTIONS):
        try:
            names = [row[1] for row in base.execute(f"pragma table_xinfo({quoted})")]
            sizes = [f"ifnull(length(cast({sql_name(n)} as blob)), 0)" for n in names]
            rows, size = base.execute(f"select count(*), total({'+'.join(sizes) or 0}) from {quoted}").fetchone()
            return int(rows), int(size)
        except (sqlite3.DatabaseError, OverflowError, MemoryError) as why:
            unknown = _NO_FUNCTION.search(str(why))
            if steps > _STEPS:
                raise limits.too_much("layer_rows", of=f"{file} / {layer}") from why
            if _NOT_ALLOWED in str(why) or not isinstance(why, sqlite3.OperationalError):
                raise limits.too_much("layer_bytes", f"> {_LONGEST_VALUE:,}", of=f"{file} / {layer}") from why
            if unknown is None:
                raise
            base.create_function(unknown[1], -1, lambda *_: None)
    return 0, 0


def _is_slow(action: int, name: str | None) -> bool:
    return action == sqlite3.SQLITE_FUNCTION and name in _SLOW
