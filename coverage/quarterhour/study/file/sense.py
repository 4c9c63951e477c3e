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
    return [
        *_no_time_left(file, mode_of),
        *_unclimbed(file, asked),
        *_days_without_rules(file, rules),
        *_no_such_unverified(file, rules),
    ]


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


def _no_such_unverified(file: StudyFile, rules: Sequence[RuleSet]) -> Iterator[dict[str, Any]]:
    """Rules that are to exclude though nobody verified them, and are none such of the sets that the part names."""
    asked: list[tuple[tuple[Any, ...], Sequence[str], bool | Sequence[str], str]] = [
        (("siting", at), part.exclude_rules, part.exclude_unverified, part.kind) for at, part in enumerate(file.siting)
    ]
    if file.overlay is not None:
        asked.append((("overlay",), file.overlay.rules, file.overlay.exclude_unverified, file.overlay.kind))
    by_name = dict(zip(file.targets.rules, rules, strict=False))
    for where, sets, named, kind in asked:
        held = [e for name in sets if name in by_name for e in by_name[name].exclusions if kind in e.kinds]
        known = [rule.id for rule in held if not rule.verified and not rule.to_fill]
        for odd in () if isinstance(named, bool) else [one for one in named if one not in known]:
            yield mistake((*where, "exclude_unverified"), "not_unverified", given=odd, known=", ".join(known) or "-")


def _span(rules: Sequence[Rule]) -> tuple[str, str]:
    first, last = [rule.effective_from for rule in rules], [rule.effective_to for rule in rules]
    return ("…" if "" in first else min(first)), ("…" if "" in last else max(last))
