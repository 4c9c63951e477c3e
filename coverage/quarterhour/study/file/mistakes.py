"""Where a study file says it wrong, told by line and field."""

from __future__ import annotations

import difflib
import functools
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from quarterhour.base import i18n
from quarterhour.base.errors import StudyError
from quarterhour.study.file.fields import Part

_PASSWORD = re.compile(r"(?<=://)[^\s/]*(?=@)")
"""Who asks, and with what word, in an address: shown to nobody."""
_FULL_WIDTH = re.compile(r"[\uff01-\uff5e\u3000\u3001\u3002\u3010\u3011\u201c\u201d\u2018\u2019]")
_LONGEST_LINE = 60
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
    field, said = problem_sentence(parsed, problem, lang)
    line = _line_with(text, _where(parsed, problem), problem.get("ctx", {}).get("given"))
    return _PASSWORD.sub("***", f"{name}:{line}: {field}: {said}")


def problem_sentence(parsed: Any, problem: Any, lang: str) -> tuple[str, str]:
    """One mistake: the field, by the steps to it, and what is wrong and what came."""
    where, values = _where(parsed, problem), dict(problem.get("ctx", {}))
    values.pop("at", None)
    given = values.get("given", problem.get("input"))
    key = values.pop("key", f"field_{problem['type']}")
    if problem["type"] == "extra_forbidden" and where[-1] in _fields() and len(where) > 1:
        key, values["part"] = "key_not_of_part", where[0]
    elif problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(where[-1]), _fields(), n=1, cutoff=_ALIKE)
        values["instead"] = i18n.say("study.did_you_mean", lang, name=near[0]) if near else ""
    if "near" in values:
        near = values.pop("near")
        values["instead"] = i18n.say("study.did_you_mean", lang, name=near) if near else ""
    if "expected" in values:
        values["expected"] = str(values["expected"]).replace(" or ", ", ")
    if i18n.entry(f"study.{key}") is None:
        key, values = "field_other", {"said": problem["msg"]}
    shown = i18n.say("study.came", lang, given=_as_toml(given)) if isinstance(given, str | int | float) else ""
    return ".".join(str(part) for part in where) or "study", f"{i18n.say(f'study.{key}', lang, **values)}{shown}"


def _where(parsed: Any, problem: Any) -> tuple[str | int, ...]:
    """The steps to a field, in the planner's own file."""
    ctx = problem.get("ctx", {})
    return _in_the_file(parsed, problem) + ((ctx["at"],) if "at" in ctx else ())


def mistake(loc: tuple[str | int, ...], key: str, **values: object) -> dict[str, Any]:
    """A mistake that shows only once the parts of a file are held together, as pydantic tells those of one part."""
    return {"type": "ours", "loc": loc, "ctx": {"key": key, **values}, "msg": key}


def refuse(file: Path, problems: Sequence[Any]) -> None:
    """StudyError with the line and the field of everything that is wrong; nothing where nothing is."""
    if not problems:
        return
    text = file.read_text(encoding="utf-8-sig")
    parsed = tomllib.loads(text)
    told = {
        lang: "\n".join(dict.fromkeys(mistake_sentence(file.name, text, parsed, p, lang) for p in problems))
        for lang in i18n.LANGUAGES
    }
    raise StudyError("study.bad_fields", problems=told)


def not_toml(file: Path, text: str, why: tomllib.TOMLDecodeError) -> StudyError:
    """The error for a file that is no TOML: its line, and what of it is probably wrong."""
    found = re.search(r"line (\d+)", str(why))
    lines = text.splitlines() or [""]
    number = min(int(found.group(1)), len(lines)) if found else len(lines)
    line = lines[number - 1].strip()
    outside = re.sub(r"\"[^\"]*\"|'[^']*'|#.*", "", line)
    marks = " ".join(dict.fromkeys(_FULL_WIDTH.findall(outside)))
    key = "toml_full_width" if marks else "toml_other"
    hint = {lang: i18n.say(f"study.{key}", lang, marks=marks) for lang in i18n.LANGUAGES}
    return StudyError("study.not_toml", file=file.name, line=number, text=line[:_LONGEST_LINE], hint=hint)


def _as_toml(given: str | int | float) -> str:
    return str(given).lower() if isinstance(given, bool) else f"{given:g}" if isinstance(given, float) else repr(given)


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
    table = [p for p in where if isinstance(p, str)]
    start, keys = _table_line(lines, table[0], _number_in(where[1:2])) if table else 1, table[1:]
    while len(keys) > 1 and (own := _part_line(lines, start, table[: len(table) - len(keys) + 1])):
        start, keys = own, keys[1:]
    line = _key_line(lines, start, keys[0]) if keys else start
    return line if len(keys) < 2 else _line_inside(lines, line, keys[-1], _number_in(where[where.index(keys[0]) :]))


def _number_in(where: Sequence[str | int]) -> int:
    return next((p for p in where if isinstance(p, int)), 0)


def _key_line(lines: list[str], start: int, key: str) -> int:
    """The line of a key of the table that begins on a line; that line where it has none."""
    for number in range(start, len(lines) + 1):
        if number > start and lines[number - 1].startswith("["):
            break
        if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?(\.\S+)?\s*=", lines[number - 1]):
            return number
    return start


def _line_inside(lines: list[str], start: int, key: str, nth: int) -> int:
    """The line of a key inside a value that may stand on several lines: of its nth row, or the first of the value."""
    depth, found = 0, []
    for number in range(start, len(lines) + 1):
        line = lines[number - 1].partition("#")[0]
        if re.search(rf"\b{re.escape(key)}[\"']?\s*=", line):
            found.append(number)
        depth += sum(line.count(c) for c in "[{") - sum(line.count(c) for c in "]}")
        if depth <= 0:
            break
    return found[nth] if nth < len(found) else start


def _part_line(lines: list[str], start: int, table: list[str]) -> int:
    """The line of ``[siting.capacity]`` below its ``[[siting]]``, where the file writes it so; else 0."""
    own = re.compile(r"\s*\[\[?\s*" + r"\s*\.\s*".join(map(re.escape, table)) + r"\s*\]")
    next_one = re.compile(rf"\s*\[\[?\s*{re.escape(table[0])}\s*\]")
    for number in range(start, len(lines) + 1):
        if number > start and next_one.match(lines[number - 1]):
            break
        if own.match(lines[number - 1]):
            return number
    return 0


def _table_line(lines: list[str], name: str, nth: int) -> int:
    heads = [i for i, line in enumerate(lines, 1) if re.match(rf"\s*\[\[?\s*{re.escape(name)}\b", line)]
    plain = [i for i, line in enumerate(lines, 1) if re.match(rf"\s*{re.escape(name)}\s*=", line)]
    found = heads or plain
    return found[min(nth, len(found) - 1)] if found else 1
