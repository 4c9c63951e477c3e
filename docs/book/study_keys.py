"""The page of every key of ``study.toml``, from the program's own models and the words of ``keys.toml``."""

from __future__ import annotations

import inspect
import json
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from quarterhour.study.file.declared import KEYS_BY_FORMAT, KEYS_BY_PART
from quarterhour.study.file.fields import Part, Source
from quarterhour.study.file.study import StudyFile

Words = Mapping[str, Mapping[str, tuple[str, str]]]
_NAMES = {
    str: ("文字", "text"),
    float: ("数", "number"),
    int: ("整数", "whole number"),
    bool: ("`true`、`false`", "`true`, `false`"),
    date: ("日期", "day"),
}
_BY_FILE = (("键", "部分", "文件格式"), ("key", "parts", "kinds of file"))
_HEADS = (("键", "可以填什么", "默认", "说明"), ("key", "what it may be", "default", "what it says"))
_SAID = {
    "title": ("study.toml 的每一项", "Every key of study.toml"),
    "required": ("必填", "required"),
    "none": ("无", "none"),
    "list": ("若干：", "several: "),
    "table": ("表：", "table: "),
    "or": (" 或 ", " or "),
    "by_file": ("哪些部分、哪些格式认哪些项", "Keys by part and by kind of file"),
    "both": (
        "部分和文件格式都列出的才起作用，否则报错。",
        "A key counts where both the part and the kind of file are named; else it is an error.",
    ),
    "alike": ("下列各组中的格式写法相同：", "Files of each of these groups take the same keys: "),
    "places": ("各地点表", "tables of places"),
    "database": ("数据库", "database"),
    "below": ("见下", "see below"),
    "joined": ("、", ", "),
    "of_files": ("另有[各文件通用的项](#source)。", "Also [the keys of every file](#source)."),
    "of_places": ("另有[各地点表通用的项](#places)。", "Also [the keys of every table of places](#places)."),
    "of_dates": ("另有[预测年份的两项](#dated)。", "Also [the two keys of a forecast year](#dated)."),
    "of_addresses": ("另有[地址的两项](#addressed)。", "Also [the two keys of addresses](#addressed)."),
}
_INTRO = (
    "本页由程序自己的校验规则生成，因此不会与程序不一致。"
    "写错的项、不起作用的项都会报错，并指出文件、行和最接近的写法。"
    "`quarterhour init` 生成的 `study.toml` 里每项都有一行说明。",
    "This page is made from the program's own checks, so it cannot drift from them. A key that is wrong, or that would"
    " do nothing, is an error that names file, line and the key that was probably meant. The `study.toml` that"
    " `quarterhour init` writes has a word on each.",
)
_HEADINGS = {
    "StudyFile": ("各部分", "The parts"),
    "Source": ("各文件通用的项", "Keys of every file"),
    "Places": ("各地点表通用的项", "Keys of every table of places"),
    "NamedTable": ("表和图层的名称", "Names of tables and layers"),
    "Dated": ("预测年份", "A forecast year"),
}
_SHARED = {"Source": "of_files", "Places": "of_places", "Dated": "of_dates", "Addressed": "of_addresses"}


def read_words(path: Path) -> Words:
    """The words of ``keys.toml``: class, key, Chinese and English."""
    return tomllib.loads(path.read_text(encoding="utf-8"))  # type: ignore[return-value]


def parts() -> dict[type[BaseModel], str]:
    """Every part of a study file, in the order of the file, with where it stands (``siting.quotas``)."""
    found: dict[type[BaseModel], str] = {StudyFile: ""}
    _walk(StudyFile, "", found)
    return found


def _walk(part: type[BaseModel], where: str, found: dict[type[BaseModel], str]) -> None:
    for name, field in part.model_fields.items():
        for held in _models(field.annotation):
            if held not in found:
                found[held] = f"{where}.{name}".removeprefix(".")
                _walk(held, found[held], found)


def _models(hint: Any) -> Iterator[type[BaseModel]]:
    if inspect.isclass(hint) and issubclass(hint, BaseModel):
        yield hint
    for inner in typing.get_args(hint):
        yield from _models(inner)


def own_fields(part: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys that a part has of its own, or whose type or default it changes, by their names in the file."""
    told = part.__dict__.get("__annotations__", {})
    return {field.alias or name: field for name, field in part.model_fields.items() if name in told}


def missing_words(words: Words) -> list[str]:
    """Keys without words, and words without a key; a book with any is not made."""
    wanted = {f"{p.__name__}.{key}" for p in _pages() for key in ("_", *own_fields(p))}
    return sorted(wanted ^ {f"{part}.{key}" for part, keys in words.items() for key in keys})


def _pages() -> list[type[BaseModel]]:
    """The parts, and before them what several have in common."""
    every: dict[type[BaseModel], None] = {}
    for part in parts():
        for base in reversed(part.__mro__):
            if inspect.isclass(base) and issubclass(base, Part) and base is not Part:
                every[base] = None
    return list(every)


def keys_page(words: Words, at: int) -> str:
    """The page in Chinese (0) or English (1)."""
    places = parts()
    lines = [f"# {_SAID['title'][at]}", "", _INTRO[at], ""]
    for part in _pages():
        lines += _section(part, places.get(part), words, at)
        lines += _by_file(at) if part is Source else []
    return "\n".join(lines) + "\n"


def _section(part: type[BaseModel], where: str | None, words: Words, at: int) -> Iterator[str]:
    about = words[part.__name__]["_"][at]
    heading = _HEADINGS[part.__name__][at] if part.__name__ in _HEADINGS else f"`{_written(where or '')}`"
    yield f"## {heading} {{ #{part.__name__.lower()} }}"
    yield ""
    shared = [_SAID[key][at] for base in part.__mro__[1:] if (key := _SHARED.get(base.__name__))]
    yield " ".join([about, *shared])
    yield ""
    yield "| " + " | ".join(_HEADS[at]) + " |"
    yield "|---|---|---|---|"
    for key, field in own_fields(part).items():
        cells = (f"`{key}`", _kind(field, at), _default(field, at), words[part.__name__][key][at])
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def _by_file(at: int) -> Iterator[str]:
    """Which of these keys mean something for which part and which kind of file; any other is refused."""
    yield from (f"### {_SAID['by_file'][at]} {{ #by-file }}", "", _SAID["both"][at], "")
    yield "| " + " | ".join(_BY_FILE[at]) + " |"
    yield "|---|---|---|"
    for key in sorted({key for keys in KEYS_BY_PART.values() for key in keys}):
        parts = [_SAID["places"][at] if p == "places" else f"`{p}`" for p, keys in KEYS_BY_PART.items() if key in keys]
        files = [ends[0] if ends else _SAID[kind][at] for kind, (ends, keys) in KEYS_BY_FORMAT.items() if key in keys]
        yield f"| `{key}` | {_SAID['joined'][at].join(parts)} | {_SAID['joined'][at].join(files)} |"
    yield from (
        "",
        f"{_SAID['alike'][at]}{'; '.join(' '.join(ends) for ends, _ in KEYS_BY_FORMAT.values() if ends[1:])}",
        "",
    )


def _written(where: str) -> str:
    """``siting.quotas`` as a study file writes it."""
    first, *rest = where.split(".")
    hint = StudyFile.model_fields[first].annotation
    origin = typing.get_origin(hint)
    head = f"[[{first}]]" if origin is tuple else f"[{first}.NAME]" if origin is dict else f"[{first}]"
    return "` · `".join([head, *rest])


def _kind(field: FieldInfo, at: int) -> str:
    return _hint(field.annotation, at) + _range(field.metadata)


def _hint(hint: Any, at: int) -> str:
    """A type in words."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _hint(inner[0], at) + _range(inner[1:])
    if hint in _NAMES:
        return _NAMES[hint][at]
    if origin is Literal:
        return _SAID["joined"][at].join(f"`{json.dumps(v)}`" if not isinstance(v, bool) else "`true`" for v in inner)
    if origin in (typing.Union, types.UnionType):
        return _SAID["or"][at].join(dict.fromkeys(_hint(one, at) for one in inner if one is not type(None)))
    if origin in (tuple, list):
        held = [one for one in inner if one is not Ellipsis]
        if Ellipsis in inner or origin is list:
            return _SAID["list"][at] + _hint(held[0], at)
        return "[" + ", ".join(_hint(one, at) for one in held) + "]"
    if origin is dict:
        return f"{_SAID['table'][at]}{_hint(inner[0], at)} = {_hint(inner[1], at)}"
    if inspect.isclass(hint) and issubclass(hint, BaseModel):
        return f"[{_SAID['below'][at]}](#{hint.__name__.lower()})"
    return str(hint)


def _range(metadata: Any) -> str:
    """The limits of a number, and how many there must be."""
    signs = (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤"))
    held: dict[str, Any] = {}
    for one in (m for rule in metadata for m in (rule, *getattr(rule, "metadata", ()))):
        held |= {name: limit for name, _ in signs if (limit := getattr(one, name, None)) is not None}
    said = [f"{sign} {held[name]:,}" for name, sign in signs if name in held]
    return f" ({', '.join(said)})" if said else ""


def _default(field: FieldInfo, at: int) -> str:
    if field.is_required():
        return _SAID["required"][at]
    value = field.get_default(call_default_factory=True)
    empty = isinstance(value, str | tuple | dict | list) and not value
    if value is None or empty or isinstance(value, BaseModel):
        return _SAID["none"][at]
    return f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, BaseModel):
        return " ".join(str(v) for v in value.model_dump(exclude_defaults=True).values())
    return json.dumps(value) if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
