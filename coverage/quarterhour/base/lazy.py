"""Names of a package that are opened when they are first asked for (PEP 562), so that importing it is quick."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def lazy_names(
    package: str, rooms: Mapping[str, Sequence[str]], *, elsewhere: Mapping[str, str] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """A package's ``__getattr__``, ``__dir__`` and ``__all__``.

    ``rooms``: by module below ``quarterhour``, the names that it gives; a module without names is given itself, by its
    last name. ``elsewhere``: names that moved, and where to: the AttributeError says so.
    """
    home = {name: room for room, names in rooms.items() for name in names or (room.rpartition(".")[2],)}
    moved = elsewhere or {}

    def opened(name: str) -> Any:
        if name not in home:
            hint = f"; it is {moved[name]}" if name in moved else ""
            raise AttributeError(f"module {package!r} has no attribute {name!r}{hint}")
        room = importlib.import_module(f"quarterhour.{home[name]}")
        return getattr(room, name) if name in rooms[home[name]] else room

    every = sorted(home)
    return opened, lambda: [*every, "__version__"], every
