"""What a public function takes: an argument of another sort is refused at the door, in words."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from quarterhour.base import i18n
from quarterhour.base.errors import DataError

F = TypeVar("F", bound=Callable[..., Any])
_LONGEST = 60


def takes(**needed: type | tuple[type, ...]) -> Callable[[F], F]:
    """A function whose named arguments are of these types; DataError names the argument, what it needs and what came.

    An argument that is not given, or is None where None is its default, is as it was.
    """

    def at_the_door(work: F) -> F:
        signature = inspect.signature(work)
        optional = {name for name, p in signature.parameters.items() if p.default is None}
        places = [(name, list(signature.parameters).index(name), kinds) for name, kinds in needed.items()]

        @functools.wraps(work)
        def checked(*args: Any, **kwargs: Any) -> Any:
            for name, place, kinds in places:
                came = args[place] if place < len(args) else kwargs.get(name, _ABSENT)
                if came is _ABSENT or (came is None and name in optional) or isinstance(came, kinds):
                    continue
                raise DataError("errors.wrong_argument", function=work.__name__, argument=name, **_told(kinds, came))
            return work(*args, **kwargs)

        return checked  # type: ignore[return-value]

    return at_the_door


_ABSENT = object()


def _told(kinds: type | tuple[type, ...], came: object) -> dict[str, object]:
    names = [kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,))]
    shown = repr(came).splitlines()[0]
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    hints = [i18n.entry(f"errors.make_{name}") for name in names]
    hint = next((found for found in hints if found), dict.fromkeys(i18n.LANGUAGES, ""))
    return {"needed": " | ".join(names), "came": f"{type(came).__name__} {shown}", "hint": hint}
