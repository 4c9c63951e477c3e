"""Names of a package that are opened when they are first asked for (PEP 562), so that importing it is quick."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
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


class _Alias(MetaPathFinder, Loader):
    """Finds one module under a second name."""

    def __init__(self, alias: str, home: str) -> None:
        self.alias, self.home = alias, home

    def find_spec(self, fullname: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname == self.alias else None

    def create_module(self, _spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self.home)
        self.own = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.own


def alias_module(alias: str, home: str) -> None:
    """Let a module be imported under a second name: ``from quarterhour.testing import town``."""
    sys.meta_path.append(_Alias(alias, home))
