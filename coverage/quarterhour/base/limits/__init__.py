"""How much the program takes of one thing (``data/limits.toml``), and who has more.

A limit is asked of the unpacked thing before it is in memory. It holds for everybody but within ``raised``, which a
study enters with the limits of its own file.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import resources
from types import MappingProxyType

from quarterhour.base import i18n
from quarterhour.base.errors import DataError

_RAISED: ContextVar[Mapping[str, int]] = ContextVar("limits", default=MappingProxyType({}))


@functools.cache
def limits() -> Mapping[str, int]:
    """Every limit by its name, as the program has it."""
    text = (resources.files("quarterhour") / "data" / "limits.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


def limit(name: str) -> int:
    """A limit as it stands here: the program's, or what ``raised`` says."""
    return _RAISED.get().get(name, limits()[name])


@contextmanager
def raised(known: Mapping[str, int]) -> Iterator[None]:
    """Other limits for what is done within, by name; KeyError for a name that is none."""
    unknown = sorted(set(known) - set(limits()))
    if unknown:
        raise KeyError(unknown[0])
    before = _RAISED.set(MappingProxyType({**_RAISED.get(), **known}))
    try:
        yield
    finally:
        _RAISED.reset(before)


def too_much(name: str, found: int | str | None = None, *, of: object) -> DataError:
    """The error for a thing beyond a limit: what it is, how much came, how much may come, and how to raise it.

    ``found``: None where the counting ended at the limit.
    """
    what = {lang: i18n.say(f"limits.{name}", lang) for lang in i18n.LANGUAGES}
    most = f"{limit(name):,}"
    said = f"> {most}" if found is None else f"{found:,}" if isinstance(found, int) else found
    return DataError("limits.too_much", of=str(of), what=what, found=said, most=most, name=name)


def check(name: str, found: int, *, of: object) -> None:
    """DataError where more was found than may be. ``of``: the file or the part that has it."""
    if found > limit(name):
        raise too_much(name, found, of=of)
