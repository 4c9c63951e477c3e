"""What the map page writes of a choice of sites that was tried on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quarterhour.base.errors import DataError, MissingError
from quarterhour.base.foreign import foreign

FORMAT, VERSION = "quarterhour-what-if", 1
_LARGEST_B = 10_000_000


@dataclass(frozen=True)
class Tried:
    """What the page wrote: a question as it was tried, the sites opened and closed, and what the browser counted.

    ``circle``, ``question``: ids, "" where none asks it. ``pace``: percent of the mode's. ``before``, ``after``,
    ``total``: people, as the browser counted them.
    """

    study: str
    circle: str
    question: str
    mode: str
    people: str
    minutes: float
    turnout_minutes: float
    pace: int
    opened: tuple[str, ...]
    closed: tuple[str, ...]
    before: int
    after: int
    total: int


def read_tried(path: str | Path) -> Tried:
    """What the page wrote, checked; DataError where the file is no such thing, MissingError where it is not there."""
    file = Path(path)
    if not file.is_file():
        raise MissingError("tried.no_file", file=str(path))
    if file.stat().st_size > _LARGEST_B:
        raise DataError("tried.not_one", file=file.name, detail=f"> {_LARGEST_B:,}")
    with foreign(file.name, key="tried.not_one"):
        given = json.loads(file.read_text(encoding="utf-8-sig"), parse_constant=_no_number)
    try:
        return _as_tried(given)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as why:
        raise DataError("tried.not_one", file=file.name, detail=_detail(why)) from why


def _no_number(text: str) -> float:
    raise ValueError(text)


def _detail(why: Exception) -> str:
    return " ".join(str(why).split())[:120]


def _as_tried(given: Any) -> Tried:
    if (given["format"], given["version"]) != (FORMAT, VERSION):
        raise ValueError(f"format {given['format']!r}, version {given['version']!r}")
    counted = given["counted"]
    made = Tried(
        study=_text(given, "study"),
        circle=_text(given, "circle"),
        question=_text(given, "question"),
        mode=_text(given, "mode"),
        people=_text(given, "people"),
        minutes=_number(given, "minutes", most=600),
        turnout_minutes=_number(given, "turnout_minutes", most=600),
        pace=int(_number(given, "pace_percent", most=1000)),
        opened=_ids(given, "open"),
        closed=_ids(given, "closed"),
        before=_whole(counted, "before"),
        after=_whole(counted, "after"),
        total=_whole(counted, "total"),
    )
    if not (made.circle or made.question) or made.pace < 1:
        raise ValueError("circle, question, pace_percent")
    return made


def _text(given: Mapping[str, Any], name: str) -> str:
    if not isinstance(given[name], str):
        raise TypeError(name)
    return str(given[name])


def _number(given: Mapping[str, Any], name: str, *, most: float) -> float:
    value = given[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ValueError(name)
    return float(value)


def _whole(given: Mapping[str, Any], name: str) -> int:
    value = given[name]
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(name)
    return value


def _ids(given: Mapping[str, Any], name: str) -> tuple[str, ...]:
    ids = given[name]
    if not isinstance(ids, list) or not all(isinstance(i, str) for i in ids) or len(set(ids)) < len(ids):
        raise ValueError(name)
    return tuple(ids)
