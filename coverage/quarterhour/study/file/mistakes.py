"""Where a study file says it wrong, told by line and field."""

from __future__ import annotations

import difflib
import functools
import re
from typing import Any

from pydantic import BaseModel

from quarterhour.base import i18n
from quarterhour.study.file.fields import Part

_ALIKE = 0.7
"""How alike two names must be for one to be a slip for the other."""


def _fields_of(part: type[BaseModel]) -> set[str]:
    inner = [t for p in part.__subclasses__() for t in _fields_of(p)]
    return set(part.model_fields) | set(inner)


@functools.cache
def _fields() -> list[str]:
    """Every field that a study file knows."""
    return sorted(_fields_of(Part))


def mistake_sentence(name: str, text: str, parsed: Any, problem: Any, lang: str) -> str:
    """One mistake: file, line, field, what is wrong, what came."""
    where, values = _in_the_file(parsed, problem), dict(problem.get("ctx", {}))
    given = values.get("given", problem.get("input"))
    key = values.pop("key", f"field_{problem['type']}")
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(where[-1]), _fields(), n=1, cutoff=_ALIKE)
        values["instead"] = i18n.say("study.did_you_mean", lang, name=near[0]) if near else ""
    if "expected" in values:
        values["expected"] = str(values["expected"]).replace(" or ", ", ")
    if i18n.entry(f"study.{key}") is None:
        key, values = "field_other", {"said": problem["msg"]}
    line = _line_with(text, where, values.get("given"))
    field = ".".join(str(part) for part in where) or "study"
    shown = i18n.say("study.came", lang, given=repr(given)) if isinstance(given, str | int | float) else ""
    return f"{name}:{line}: {field}: {i18n.say(f'study.{key}', lang, **values)}{shown}"


def _in_the_file(parsed: Any, problem: Any) -> tuple[str | int, ...]:
    """Where it is wrong in the planner's own file, without the steps that only the checking knows."""
    here, kept = parsed, []
    for part in problem["loc"]:
        known = part in here if isinstance(here, dict) else isinstance(here, list) and part in range(len(here))
        if known:
            here = here[part]
        elif problem["type"] != "missing" or part != problem["loc"][-1]:
            continue
        kept.append(part)
    return tuple(kept)


def _line_with(text: str, where: tuple[str | int, ...], given: object) -> int:
    """The line of a field; where the mistake has no field, the first line that holds the value."""
    if where or given is None:
        return line_of(text, where)
    quoted = f'"{given}"'
    found = [n for n, line in enumerate(text.splitlines(), 1) if quoted in line.partition("#")[0]]
    return found[-1] if found else 1


def line_of(text: str, where: tuple[str | int, ...]) -> int:
    """The line on which a field stands (its table's line when the field is missing), counted from 1."""
    lines = text.splitlines()
    table = [str(p) for p in where if isinstance(p, str)]
    nth = next((p for p in where if isinstance(p, int)), 0)
    start = _table_line(lines, table[0], nth) if table else 1
    for key in reversed(table[1:]):
        for number in range(start, len(lines) + 1):
            if number > start and lines[number - 1].startswith("["):
                break
            if re.match(rf"\s*(\S*\.)?{re.escape(key)}\s*=", lines[number - 1]):
                return number
    return start


def _table_line(lines: list[str], name: str, nth: int) -> int:
    heads = [i for i, line in enumerate(lines, 1) if re.match(rf"\s*\[\[?\s*{re.escape(name)}\b", line)]
    plain = [i for i, line in enumerate(lines, 1) if re.match(rf"\s*{re.escape(name)}\s*=", line)]
    found = heads or plain
    return found[min(nth, len(found) - 1)] if found else 1
