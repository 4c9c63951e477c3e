"""Goals, standards and rules as a planner says them, in the form that a siting question keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.cells import is_number
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE, centiseconds
from quarterhour.base.errors import DataError
from quarterhour.siting.question.figures import is_whole, short_repr
from quarterhour.siting.question.problem import AREA_LEVELS, OBJECTIVES, QUOTA_LEVELS, Coverage, Goal, Standard
from quarterhour.siting.question.rules import EVERY_AREA, TOGETHER, Budget, Capacity, Quota, Spacing

Standards = Mapping[str, Standard]


# --- goals and standards --------------------------------------------------------------------------


def as_goals(objective: str | Goal | Sequence[str | Goal]) -> tuple[Goal, ...]:
    """The chain of goals; DataError where one is unknown, stands twice, or compares by no known level."""
    if not isinstance(objective, (str, Goal, Sequence)):
        raise DataError("question.bad_objective", objective=short_repr(objective), known=", ".join(OBJECTIVES))
    chain = (objective,) if isinstance(objective, (str, Goal)) else tuple(objective)
    goals = tuple(g if isinstance(g, Goal) else Goal(g) for g in chain)
    known = ", ".join(OBJECTIVES)
    for goal in goals:
        if goal.objective not in OBJECTIVES:
            raise DataError("question.bad_objective", objective=goal.objective, known=known)
        if goal.level not in AREA_LEVELS:
            raise DataError("explanation.area_level", level=goal.level, known=", ".join(AREA_LEVELS))
    if not goals:
        raise DataError("question.bad_objective", objective="", known=known)
    if len(set(goals)) < len(goals):
        raise DataError("question.goal_again", goals=", ".join(g.objective for g in goals))
    return goals


def as_standards(minutes: float | Standard | Mapping[str, float | Standard], times: Any) -> Standards:
    """The standard of each class of communities, "" where there is one for all."""
    named = minutes if isinstance(minutes, Mapping) else {"": minutes}
    if isinstance(times, Mapping) and not isinstance(minutes, Mapping):
        named = dict.fromkeys(times, minutes)
    standards = {str(c): m if isinstance(m, Standard) else Standard(m) for c, m in named.items()}
    if not standards:
        raise DataError("question.bad_minutes", minutes="")
    return {c: _checked_standard(s) for c, s in standards.items()}


_LEAST = f"1/{CENTISECONDS_PER_MINUTE}"
"""Of a minute, the unit of all times."""


def check_minutes(minutes: Any) -> None:
    """DataError unless a standard is a positive number, and one that is not 0 in whole centiseconds."""
    if not (is_number(minutes) and minutes > 0):
        raise DataError("question.bad_minutes", minutes=short_repr(minutes))
    if minutes < 1 and not centiseconds(minutes):
        raise DataError("question.minutes_too_few", minutes=short_repr(minutes), least=_LEAST)


def _checked_standard(standard: Standard) -> Standard:
    check_minutes(standard.minutes)
    if not all(isinstance(step, Sequence) and len(step) == 2 for step in standard.steps):
        raise DataError("question.bad_steps", steps=standard.steps)
    if not all(is_number(m) and m >= 0 and is_whole(p, 1) and p <= 100 for m, p in standard.steps):
        raise DataError("question.bad_steps", steps=standard.steps)
    plain = Standard(float(standard.minutes), tuple((_plain(m), int(p)) for m, p in standard.steps))
    ladder = plain.ladder()
    rising = all(a[0] < b[0] and a[1] > b[1] for a, b in zip(ladder, ladder[1:], strict=False))
    if not rising or ladder[-1][0] != centiseconds(plain.minutes):
        raise DataError("question.bad_steps", steps=standard.steps)
    return plain


def _plain(number: Any) -> Any:
    """A number of Python's own, which a record can hold."""
    return number.item() if isinstance(number, np.generic) else number


# --- rules ----------------------------------------------------------------------------------------


def as_budget(given: Any) -> Budget:
    """A budget; a number alone is yuan for building."""
    if given is None:
        return Budget()
    if isinstance(given, Budget):
        if not is_whole(given.years) or not (given.yuan is None or is_whole(given.yuan)):
            raise DataError("question.bad_budget", yuan=short_repr(given.yuan), years=short_repr(given.years))
        return Budget(None if given.yuan is None else int(given.yuan), int(given.years))
    if not is_number(given) or given != int(given):
        raise DataError("question.bad_kind", what="budget", wanted="Budget(yuan)", came=short_repr(given))
    return as_budget(Budget(int(given)))


def as_spacing(given: Any) -> Spacing | None:
    """A least distance between new sites; a number alone is metres."""
    if given is None:
        return given
    if isinstance(given, Spacing):
        if not (is_number(given.metres) and given.metres > 0):
            raise DataError("question.bad_spacing", metres=short_repr(given.metres))
        return replace(given, metres=float(given.metres), existing=_flag(given.existing, "existing"))
    if not is_number(given):
        raise DataError("question.bad_kind", what="spacing", wanted="Spacing(metres)", came=short_repr(given))
    return as_spacing(Spacing(float(given)))


def as_coverage(given: Any) -> Coverage:
    """When a community is covered, in plain numbers."""
    if not isinstance(given, Coverage):
        raise DataError("question.bad_kind", what="coverage", wanted="Coverage(...)", came=short_repr(given))
    if given.backup is not None and not (is_whole(given.backup) and given.backup < 100):
        raise DataError("question.bad_backup", backup=short_repr(given.backup))
    if not is_whole(given.at_least):
        raise DataError("question.bad_at_least", at_least=short_repr(given.at_least))
    if given.farthest is not None and not (is_number(given.farthest) and given.farthest > 0):
        raise DataError("question.bad_farthest", minutes=short_repr(given.farthest))
    return Coverage(
        backup=None if given.backup is None else int(given.backup),
        tier=as_text(given.tier, "tier"),
        everyone=None if given.everyone is None else _flag(given.everyone, "everyone"),
        at_least=int(given.at_least),
        farthest=None if given.farthest is None else float(given.farthest),
    )


def as_capacity(given: Any) -> Capacity | None:
    """What sites can serve, its unit as text."""
    if given is None:
        return None
    if not isinstance(given, Capacity):
        raise DataError("question.bad_kind", what="capacity", wanted="Capacity(...)", came=short_repr(given))
    return replace(given, unit=as_text(given.unit, "unit"), split=_flag(given.split, "split"))


def as_new_sites(given: Any, *, spends: bool) -> int | None:
    """How many sites to build at most; None where the question limits them otherwise."""
    if given is None and spends:
        return None
    if not is_whole(given):
        raise DataError("question.bad_new_sites", new_sites=short_repr(given))
    return int(given)


def as_text(given: Any, what: str) -> str:
    """A name; DataError where it is no text, or none that a file can hold."""
    if not isinstance(given, str) or given != given.encode(errors="replace").decode():
        raise DataError("question.bad_text", what=what, came=ascii(given))
    return str(given)


def _flag(given: Any, what: str) -> bool:
    if not isinstance(given, (bool, np.bool_)):
        raise DataError("question.bad_flag", what=what, came=short_repr(given))
    return bool(given)


def as_quotas(given: Quota | Sequence[Quota], sites: pd.DataFrame, areas: pd.DataFrame) -> tuple[Quota, ...]:
    """The quotas, their areas as text; all areas that sites or communities lie in where none is named."""
    quotas = (given,) if isinstance(given, Quota) else given
    if isinstance(quotas, (str, Mapping)) or not isinstance(quotas, Iterable):
        raise DataError("question.bad_kind", what="quotas", wanted="[Quota(...), ...]", came=short_repr(given))
    quotas = tuple(quotas)
    for quota in quotas:
        if not isinstance(quota, Quota):
            raise DataError("question.bad_kind", what="quotas", wanted="[Quota(...), ...]", came=short_repr(quota))
    quotas = tuple(_checked_quota(quota) for quota in quotas)
    return tuple(_together(replace(q, areas=_areas_of(q, sites, areas))) for q in quotas)


def _checked_quota(quota: Quota) -> Quota:
    if quota.level not in QUOTA_LEVELS:
        raise DataError("question.quota_level", level=quota.level, known=", ".join(QUOTA_LEVELS))
    low, high = quota.minimum, quota.maximum
    if not is_whole(low) or not (high is None or (is_whole(high) and low <= high)):
        shown = {"minimum": short_repr(low), "maximum": short_repr(high)}
        raise DataError("question.quota_bounds", level=quota.level, **shown)
    high = None if high is None else int(high)
    return replace(quota, minimum=int(low), maximum=high, tier=as_text(quota.tier, "tier"))


def _together(quota: Quota) -> Quota:
    """The quota with each group among its areas in the stead of the areas that are in it."""
    if not quota.groups:
        return quota
    groups = tuple(tuple(map(str, group)) for group in quota.groups)
    every = [area for group in groups for area in group]
    again = [area for area in dict.fromkeys(every) if every.count(area) > 1 or not area]
    if again or min(map(len, groups)) < 2 or quota.level not in AREA_LEVELS:
        raise DataError("question.quota_groups", level=quota.level, ids=", ".join(again) or "-")
    made = replace(quota, groups=groups)
    names = made.group_of
    strange = [TOGETHER.join(g) for g in groups if not {*g, TOGETHER.join(g)} & set(quota.areas)]
    if strange:
        raise DataError("question.quota_group_nowhere", level=quota.level, ids=", ".join(strange))
    return replace(made, areas=tuple(dict.fromkeys(names.get(area, area) for area in quota.areas)))


def _areas_of(quota: Quota, sites: pd.DataFrame, areas: pd.DataFrame) -> tuple[str, ...]:
    if quota.areas == EVERY_AREA:
        every = {*sites[quota.level], *areas[quota.level]} - {""} if quota.level in AREA_LEVELS else set()
        if not every and quota.level in AREA_LEVELS:
            raise DataError("question.quota_nowhere", level=quota.level)
        return tuple(sorted(every))
    given: object = quota.areas
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise DataError("question.quota_areas", level=quota.level, ids=short_repr(given))
    return tuple(map(str, given))
