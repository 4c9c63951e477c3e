"""The page of every public name: signature and docstring as ``help()`` has them."""

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
_ROOMS = ("siting", "errors")
_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)
_WIDE = 90


def api_page(at: int) -> str:
    """The page in Chinese (0) or English (1); docstrings are English in both."""
    lines = [f"# {_SAID['title'][at]}", "", _SAID["intro"][at], ""]
    lines += [line for name in qh.__all__ if name not in _ROOMS for line in _entry(f"qh.{name}", getattr(qh, name), 2)]
    for room in _ROOMS:
        lines += [f"## {_SAID[room][at]} {{ #{room} }}", ""]
        module = getattr(qh, room)
        lines += [line for name in names_of(module) for line in _entry(f"qh.{room}.{name}", getattr(module, name), 3)]
    return "\n".join(lines) + "\n"


def names_of(module: Any) -> list[str]:
    """The public names of a room: what it lists, else the classes that it makes."""
    listed: list[str] | None = getattr(module, "__all__", None)
    made = [name for name, held in vars(module).items() if inspect.isclass(held) and held.__module__ == module.__name__]
    return listed or made


def _entry(name: str, held: Any, level: int) -> Iterator[str]:
    yield f"{'#' * level} {name} {{ #{name.replace('.', '-').lower()} }}"
    yield from ("", "```text", _signature(name, held), "```", "")
    yield from _docstring(inspect.getdoc(held) or "")
    for method, function in _methods(held):
        yield from (f"`.{method}`", "")
        yield from _docstring(inspect.getdoc(function) or "")


def _docstring(text: str) -> Iterator[str]:
    """Paragraphs as they are, numpydoc's sections under a bold line, examples as code."""
    about, *rest = _SECTION.split(text)
    yield from _paragraphs(about)
    for title, body in zip(rest[::2], rest[1::2], strict=True):
        yield from (f"**{title}**", "")
        if title == "Examples":
            yield from ("```pycon", body.strip(), "```", "")
        else:
            yield from (f"- {_prose(entry)}" for entry in re.split(r"\n(?! )", body.strip()) if entry)
            yield ""


def _paragraphs(text: str) -> Iterator[str]:
    """``::`` at the end of a paragraph makes code of the indented lines after it."""
    for part in filter(None, (part.strip("\n") for part in re.split(r"\n{2,}", text))):
        if part.startswith("    "):
            yield from ("```text", inspect.cleandoc(part), "```", "")
        else:
            yield from (_prose(part.replace("::", ":")), "")


def _prose(text: str) -> str:
    """Text of a docstring as Markdown; only what stands between ``two`` marks is code."""
    parts = re.split(r"``?([^`]+)``?", " ".join(text.split()))
    plain = [re.sub(r"([\\*_\[\]<>|#])", r"\\\1", part) for part in parts[::2]]
    code = [*(f"`{part}`" for part in parts[1::2]), ""]
    return "".join(said for pair in zip(plain, code, strict=True) for said in pair)


def _methods(held: Any) -> Iterator[tuple[str, Any]]:
    if inspect.isclass(held) and not issubclass(held, Exception):
        for name, value in vars(held).items():
            made = value.__func__ if isinstance(value, classmethod | staticmethod) else value
            if not name.startswith("_") and inspect.isfunction(made) and made.__doc__:
                yield name + _arguments(made), made


def _signature(name: str, held: Any) -> str:
    """One argument a line where it would be long."""
    said = _arguments(held)
    return name + (_arguments(held, "\n    ") if len(name + said) > _WIDE else said)


def _arguments(held: Any, between: str = " ") -> str:
    try:
        whole = inspect.signature(held)
    except (TypeError, ValueError):
        return ""
    told, named = [], False
    for one in whole.parameters.values():
        if one.kind is one.KEYWORD_ONLY and not named:
            told.append("*")
        named = named or one.kind in (one.KEYWORD_ONLY, one.VAR_POSITIONAL)
        told.append(_argument(one))
    start, end = ("\n    ", ",\n") if "\n" in between else ("", "")
    return f"({start}{f',{between}'.join(told)}{end}){_returned(whole)}"


def _argument(one: inspect.Parameter) -> str:
    mark = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
    hint = "" if one.annotation is one.empty else f": {_hint(one.annotation)}"
    default = "" if one.default is one.empty else f" = {'...' if '<' in repr(one.default) else repr(one.default)}"
    return f"{mark}{one.name}{hint}{default}"


def _returned(whole: inspect.Signature) -> str:
    return "" if whole.return_annotation in (whole.empty, None, "None") else f" -> {_hint(whole.return_annotation)}"


def _hint(hint: Any) -> str:
    return re.sub(r"(?:quarterhour|collections|typing)\.(?:\w+\.)*", "", hint if isinstance(hint, str) else str(hint))
