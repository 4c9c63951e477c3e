"""What a study file cannot mean, seen only with its modes and its rule sets at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from quarterhour.network.network import Mode
from quarterhour.standards.rules import Rule, RuleSet
from quarterhour.study.file.mistakes import mistake
from quarterhour.study.file.study import StudyFile

ModeOf = Callable[[str, str], Mode]
"""A mode by its name and by who names it."""


def senseless(
    file: StudyFile, *, mode_of: ModeOf, named: Sequence[tuple[str, str]], rules: Sequence[RuleSet]
) -> list[dict[str, Any]]:
    """Mistakes: no time left to travel, a grid that nobody climbs, days on which no rule is in force.

    ``named``: every mode that the study names, and who does.
    """
    asked = {name: mode_of(name, where) for name, where in named}
    return [*_no_time_left(file, mode_of), *_unclimbed(file, asked), *_days_without_rules(file, rules)]


def _no_time_left(file: StudyFile, mode_of: ModeOf) -> Iterator[dict[str, Any]]:
    """Circles whose mode sets out when the minutes are over, and pictures of ground reached before anybody set out."""
    turnouts = {}
    for at, circle in enumerate(file.circles):
        if circle.turnout_minutes is None:
            for name in (circle.mode, *circle.compare_modes):
                turnout = mode_of(name, circle.id).turnout_minutes
                if turnout >= circle.minutes:
                    yield mistake(("circles", at, "minutes"), "turnout_of_mode", given=circle.minutes, mode=name,
                                  turnout=f"{turnout:g}")  # fmt: skip
        own = mode_of(circle.mode, circle.id).turnout_minutes
        turnouts[circle.id] = own if circle.turnout_minutes is None else circle.turnout_minutes
    for at, picture in enumerate(file.pictures):
        early = [minutes for minutes in picture.minutes if minutes <= turnouts[picture.circle]]
        if early and turnouts[picture.circle] > 0:
            yield mistake(("pictures", at, "minutes"), "picture_too_early", given=early[0], circle=picture.circle,
                          turnout=f"{turnouts[picture.circle]:g}")  # fmt: skip


def _unclimbed(file: StudyFile, asked: Mapping[str, Mode]) -> Iterator[dict[str, Any]]:
    given = file.roads.elevation
    if given is not None and not any(mode.slope for mode in asked.values()):
        yield mistake(("roads", "elevation"), "elevation_unused", given=given, modes=", ".join(asked) or "-")


def _days_without_rules(file: StudyFile, rules: Sequence[RuleSet]) -> Iterator[dict[str, Any]]:
    """Days on which nothing is in force of any rule set that the study names."""
    every = [rule for found in rules for rule in found.every()]
    days: list[tuple[tuple[str, str], date]] = [(("study", "reference_date"), file.study.reference_date)]
    days += [(("targets", "dates"), day) for day in file.targets.dates]
    for where, day in days:
        if every and not any(found.on(day).every() for found in rules):
            first, last = _span(every)
            yield mistake(where, "day_without_rules", given=day.isoformat(), first=first, last=last,
                          rules=", ".join(file.targets.rules))  # fmt: skip


def _span(rules: Sequence[Rule]) -> tuple[str, str]:
    first, last = [rule.effective_from for rule in rules], [rule.effective_to for rule in rules]
    return ("…" if "" in first else min(first)), ("…" if "" in last else max(last))
