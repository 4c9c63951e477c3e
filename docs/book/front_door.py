"""The page of every public name: signature and docstring as ``help()`` shows them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import quarterhour as qh

_SAID = {
    "title": ("接口参考", "API reference"),
    "intro": (
        "`import quarterhour as qh` 之后可用的全部名称，由程序里的说明生成，与 `help()` 所见一致（说明为英文）。",
        "Every name that `import quarterhour as qh` gives, made from the docstrings that `help()` shows.",
    ),
    "siting": ("qh.siting：选址", "qh.siting: where to build"),
    "errors": ("qh.errors：出错", "qh.errors: what goes wrong"),
}


def api_page(at: int) -> str:
    """The page in Chinese (0) or English (1); docstrings are English in both."""
    lines = [f"# {_SAID['title'][at]}", "", _SAID["intro"][at], ""]
    rooms = ("siting", "errors")
    lines += [line for name in qh.__all__ if name not in rooms for line in _entry(f"qh.{name}", getattr(qh, name), 2)]
    for room in rooms:
        lines += [f"## {_SAID[room][at]} {{ #{room} }}", ""]
        module = getattr(qh, room)
        lines += [line for name in names_of(module) for line in _entry(f"qh.{room}.{name}", getattr(module, name), 3)]
    return "\n".join(lines) + "\n"


def names_of(module: Any) -> list[str]:
    """The public names of a room: what it lists, else the classes that it makes."""
    listed = getattr(module, "__all__", None)
    return listed or [n for n, held in vars(module).items() if inspect.isclass(held) and held.__module__ == module.__name__]


def _entry(name: str, held: Any, level: int) -> Iterator[str]:
    yield f"{'#' * level} {name} {{ #{name.replace('.', '-').lower()} }}"
    yield ""
    yield "```text"
    yield _signature(name, held)
    yield "```"
    yield ""
    yield "```text"
    yield from (inspect.getdoc(held) or "").splitlines()
    yield "```"
    yield ""
    for method, function in _methods(held):
        yield f"`.{method}{_arguments(function)}`"
        yield ""
        first = (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ")
        yield f":   {first.replace('``', '`')}"
        yield ""


def _methods(held: Any) -> Iterator[tuple[str, Any]]:
    if inspect.isclass(held) and not issubclass(held, Exception):
        for name, value in vars(held).items():
            made = value.__func__ if isinstance(value, classmethod | staticmethod) else value
            if not name.startswith("_") and inspect.isfunction(made) and made.__doc__:
                yield name, made


def _signature(name: str, held: Any) -> str:
    """One argument a line where it would be long."""
    said = _arguments(held)
    if len(name + said) > 100:
        said = re.sub(r", (?=[\w*]+(?:[:,=)]))", ",\n    ", said).replace("(", "(\n    ", 1)
    return name + said


def _arguments(held: Any) -> str:
    try:
        said = str(inspect.signature(held))
    except (TypeError, ValueError):
        return ""
    return re.sub(r"'([^']*)'", r"\1", re.sub(r"(?:quarterhour|collections|typing)\.(?:\w+\.)*", "", said))
