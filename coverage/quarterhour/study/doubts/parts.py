"""The parts of a study file by the name of their table, and how findings name rows and areas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from quarterhour.study.file.fields import Places
from quarterhour.study.file.study import StudyFile

LEVELS = (("county", "counties"), ("town", "towns"))
"""Levels of areas and their tables, the greater first."""
USERS = {
    "county": ("towns", "communities", "facilities", "candidates"),
    "town": ("communities", "facilities", "candidates"),
}
"""By level, the tables whose rows name an area of it."""


def parts_of(file: StudyFile, table: str) -> tuple[Places, ...]:
    """The parts of the study file that a table of places is read from; none for other tables."""
    found = getattr(file, table, None)
    every = found if isinstance(found, tuple) else (found,)
    return tuple(p for p in every if isinstance(p, Places))


def part_of(file: StudyFile, table: str) -> Places | None:
    """The one part that a table is read from; None where there is none, or several."""
    parts = parts_of(file, table)
    return parts[0] if len(parts) == 1 else None


def file_of(file: StudyFile, table: str) -> str:
    """The names of the files of a table, for a finding."""
    named = [t for t in file.tables if t.name == table]
    every = (*parts_of(file, table), *named)
    stored = [f"{p.database}.{p.table}" if p.database else PurePath(p.path or "").name for p in every]
    return ", ".join(dict.fromkeys(filter(None, stored)))


def declared_system(file: StudyFile, table: str, column: str) -> str:
    """The list that a column's codes are from, if every part of the table says the same."""
    said = {p.system_of(column) for p in parts_of(file, table)} or {
        t.code_system for t in file.tables if t.name == table
    }
    return said.pop() if len(said) == 1 else ""


def systems_said(file: StudyFile, table: str) -> str:
    """What the parts of a table declare of their codes, as it is carried on: nbs-2023, or by column."""
    said = [p.code_system for p in parts_of(file, table)] or [t.code_system for t in file.tables if t.name == table]
    texts = [s if isinstance(s, str) else ", ".join(f"{column} {name}" for column, name in s.items()) for s in said]
    return "; ".join(dict.fromkeys(t for t in texts if t))


def with_name(area: object, names: Mapping[Any, Any]) -> str:
    """An area by its id and its name, where it has another."""
    name = str(names.get(str(area), ""))
    return f"{area} {name}" if name and name != area else str(area)


def first(names: Iterable[object], *, most: int = 5) -> str:
    """The first few names, in a form that both languages read."""
    every = [str(n) for n in names]
    return ", ".join(every[:most]) + (f" … ({len(every):,})" if len(every) > most else "")
