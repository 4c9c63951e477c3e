"""Settings of a study file by their paths: ``circles.home-care-circle.minutes``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from quarterhour.base import i18n
from quarterhour.base.errors import StudyError
from quarterhour.study.file.mistakes import problem_sentence
from quarterhour.study.file.study import StudyFile

_NAMES = ("id", "name", "people")
"""What a row of a list of tables goes by, the first of these that it has."""


@dataclass(frozen=True)
class Setting:
    """One setting that was changed; ``was`` is None where the file does not say it.

    ``of``: what the row that holds it is called, Chinese and English; blank where it has no names.
    """

    path: str
    was: Any
    now: Any
    of: tuple[str, str] = ("", "")

    def name(self, lang: str) -> str:
        """What was changed, as a planner calls it; else its path."""
        of, key = self.of[lang != "zh"], self.path.rpartition(".")[2]
        if not of or i18n.entry(f"scenario.key_{key}") is None:
            return self.path
        return f"{of}{'：' if lang == 'zh' else ': '}{i18n.say(f'scenario.key_{key}', lang)}"


def joined_settings(asked: Mapping[str, Any], further: Any) -> dict[str, Any]:
    """The settings that arguments stand for with further ones by their paths.

    StudyError for what is no mapping of paths, and for a path that both say, each another value.
    """
    given = {} if further is None else further
    if not isinstance(given, Mapping) or not all(isinstance(path, str) for path in given):
        raise StudyError("scenario.not_settings", came=f"{type(given).__name__} {str(given)[:60]}")
    for path, value in given.items():
        if path in asked and asked[path] != value:
            raise StudyError("scenario.said_twice", path=path, one=asked[path], other=value)
    return {**asked, **given}


def with_settings(file: StudyFile, settings: Mapping[str, Any]) -> tuple[StudyFile, tuple[Setting, ...]]:
    """The study file with other settings, checked as if they stood in it; and what each was.

    ``settings``: by path, parts joined by dots; a row of a list (a circle, a siting question) goes by its id, or its
    number from 0. StudyError for a path that leads nowhere, and for a value that the file may not have.
    """
    told = _lists(file.model_dump(exclude_unset=True, by_alias=True))
    made = []
    for path, value in settings.items():
        home, key = _home(told, path)
        before = home.get(key) if isinstance(home, dict) else home[key]
        home[key] = value
        named = home if isinstance(home, dict) else {}
        made.append(Setting(path, before, value, (str(named.get("zh", "")), str(named.get("en", "")))))
    try:
        return StudyFile.model_validate(told), tuple(made)
    except ValidationError as why:
        problems = {lang: "\n".join(_problems(told, why, lang)) for lang in i18n.LANGUAGES}
        raise StudyError("scenario.bad_setting", paths=", ".join(settings), problems=problems) from why


def _problems(told: Any, why: ValidationError, lang: str) -> list[str]:
    return [": ".join(problem_sentence(told, problem, lang)) for problem in why.errors()]


def parsed_setting(text: str) -> tuple[str, Any]:
    """``PATH=VALUE`` as it is typed; the value as TOML has it, else the text itself. StudyError without ``=``."""
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise StudyError("scenario.no_equals", given=text)
    try:
        return path.strip(), tomllib.loads(f"value = {value.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        return path.strip(), value.strip()


def _home(told: dict[str, Any], path: str) -> tuple[Any, Any]:
    """The table or list that holds the last part of a path, and its key there."""
    parts = path.split(".")
    here: Any = told
    for n, part in enumerate(parts):
        key = _key(here, part, path)
        if n == len(parts) - 1:
            return here, key
        if isinstance(here, dict) and here.get(key) is None:
            here[key] = {}
        here = here[key]
    raise StudyError("scenario.no_path", path=path, part=path, known=", ".join(told))


def _lists(told: Any) -> Any:
    if isinstance(told, dict):
        return {key: _lists(value) for key, value in told.items()}
    return [_lists(value) for value in told] if isinstance(told, list | tuple) else told


def _key(here: Any, part: str, path: str) -> Any:
    if isinstance(here, dict):
        return part
    rows = list(here) if isinstance(here, list) else []
    names = [next((row[n] for n in _NAMES if n in row), str(k)) for k, row in enumerate(rows) if isinstance(row, dict)]
    if part in names:
        return names.index(part)
    if part.isdecimal() and int(part) < len(rows):
        return int(part)
    raise StudyError("scenario.no_path", path=path, part=part, known=", ".join(names) or "-")
