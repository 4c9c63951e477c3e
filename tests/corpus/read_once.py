"""Files whose bytes were read before, in the same way, are not read again: hundreds of cases share most of theirs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quarterhour.io import files
from quarterhour.study.reading import roads


def read_once(patch: pytest.MonkeyPatch) -> None:
    """Let a study's towns, counties, facilities and roads be read once for all cases that have the same."""
    patch.setattr(files, "read_counted_places", _by_bytes(files.read_counted_places))
    patch.setattr(files, "read_layer", _by_bytes(files.read_layer))
    patch.setattr(roads, "as_roads", _by_table(roads.as_roads))


def _by_bytes(read: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[Any, Any] = {}

    def again(path: Path, *, origin: Callable[[Any], None] | None = None, **how: Any) -> Any:
        if not path.is_file() or path.suffix == ".shp" or any(callable(v) for v in how.values()):
            return read(path, **({"origin": origin} if origin else {}), **how)
        key = (hashlib.sha256(path.read_bytes()).digest(), path.name, repr(sorted(how.items())))
        if key not in known:
            told: list[Any] = []
            known[key] = read(path, **({"origin": told.append} if origin else {}), **how), told
        made, told = known[key]
        for one in told if origin else ():
            origin(one)  # type: ignore[misc]
        return made

    return again


def _by_table(made: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[Any, Any] = {}

    def again(frame: Any, **how: Any) -> Any:
        key = (id(frame), repr(how))
        if key not in known:
            known[key] = (frame, made(frame, **how))  # the table is kept, so that its id stays its own
        return known[key][1]

    return again
