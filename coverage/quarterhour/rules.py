"""Dated, cited standards: which care a community must reach, and what the plan promised."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal, get_args

from quarterhour.errors import DataError

Heading = Literal["to_site", "to_community"]
LEVELS = ("facility", "community", "town", "county", "city")
"""Where a target holds; ``facility`` only for a ratio of the facilities' own columns."""


@dataclass(frozen=True, slots=True)
class Circle:
    """A service circle as a question in figures, with its source.

    ``heading`` says who travels: ``to_site`` the older person walks to the facility,
    ``to_community`` the caregiver leaves the base after ``turnout_minutes``.
    ``need``: one of the ``kinds`` is enough (``any``), or each of them must be reached (``all``).
    ``people`` is the column of people it is promised to.
    """

    id: str
    zh: str
    en: str
    kinds: tuple[str, ...]
    mode: str
    minutes: float
    heading: Heading
    people: str
    need: Literal["any", "all"] = "any"
    turnout_minutes: float = 0.0
    clause: str = ""
    source: str = ""
    date: str = ""
    verified: bool = False

    def name(self, lang: str) -> str:
        """The circle's name in a language."""
        return self.zh if lang == "zh" else self.en


Measure = Literal["circle_share", "count", "has_kind", "ratio", "total", "mean_by_class", "tiers"]
MEASURES: tuple[Measure, ...] = get_args(Measure)

_SHARED = ("source", "date", "effective_from", "effective_to", "verified")
_NEEDED: Mapping[Measure, Mapping[str, int]] = MappingProxyType(
    {
        "circle_share": {"of": 1},
        "count": {"kinds": 1},
        "has_kind": {"kinds": 1},
        "ratio": {"columns": 2, "table": 1},
        "total": {"columns": 1, "table": 1},
        "mean_by_class": {"columns": 2, "classes": 1},
        "tiers": {"kinds": 3, "columns": 1, "classes": 1},
    }
)


@dataclass(frozen=True, slots=True)
class Target:
    """One promise of a plan at one area level.

    ``measure`` says how its value is made:
    ``circle_share`` the weighted share of people inside the circle ``of``;
    ``count`` facilities of ``kinds`` in the area;
    ``has_kind`` share of the area's communities that have or are served by one of ``kinds``
    (inside the circle ``of``, or standing in the community);
    ``ratio`` sum of ``columns[0]`` over sum of ``columns[1]`` of ``table`` (facilities: of ``kinds``);
    ``total`` sum of ``columns[0]`` of ``table``;
    ``mean_by_class`` mean of ``columns[0]`` over the communities whose ``columns[1]`` is one of ``classes``;
    ``tiers`` share of the communities whose ``columns[0]`` is one of ``classes`` that are served by
    ``kinds[0]`` (as in ``has_kind``) and have ``kinds[1]`` in their town and ``kinds[2]`` in their county;
    ``a|b`` is either kind.
    """

    id: str
    zh: str
    en: str
    level: str
    measure: Measure
    threshold: float
    unit: str
    kinds: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    table: str = ""
    of: str = ""
    binding: bool = True
    """False: reported, but the promise does not bind at this level."""
    clause: str = ""
    source: str = ""
    date: str = ""
    effective_from: str = ""
    effective_to: str = ""
    verified: bool = False

    def name(self, lang: str) -> str:
        """The target's name in a language."""
        return self.zh if lang == "zh" else self.en


def as_targets(table: Mapping[str, Any], *, where: str = "rules") -> tuple[Target, ...]:
    """The targets of a parsed rule file: one value per target and level.

    Raises DataError naming the file and the target when a field is missing or unknown, or when
    two targets have the same id and level.
    """
    head = table.get("rules", {})
    common = {k: head[k] for k in _SHARED if k in head}
    made: list[Target] = []
    for row in table.get("target", ()):
        try:
            made += _levels_of({**common, **row})
        except (TypeError, ValueError) as why:
            raise DataError("errors.bad_rule", where=where, target=row.get("id", "?"), why=str(why)) from why
    seen: set[tuple[str, str]] = set()
    for target in made:
        if (target.id, target.level) in seen:
            raise DataError("errors.bad_rule", where=where, target=target.id, why=f"level {target.level!r} twice")
        seen.add((target.id, target.level))
    return tuple(made)


def _levels_of(row: dict[str, Any]) -> list[Target]:
    """A target of the file at each of its levels. ``binding_levels`` defaults to all of them."""
    levels = row.pop("levels", None) or [row.pop("level", None)]
    thresholds = row.pop("threshold_by_level", {})
    binding = row.pop("binding_levels", levels)
    for name in ("kinds", "columns", "classes"):
        row[name] = tuple(row.get(name, ()))
    for name in ("date", "effective_from", "effective_to"):
        row[name] = str(row.get(name, ""))
    common = row.pop("threshold", None)
    made = [
        Target(**row, level=level, binding=level in binding, threshold=thresholds.get(level, common))
        for level in levels
    ]
    for target in made:
        _check_target(target)
    return made


def _check_target(target: Target) -> None:
    if target.level not in LEVELS:
        raise ValueError(f"level {target.level!r}")
    if target.measure not in MEASURES:
        raise ValueError(f"measure {target.measure!r}")
    if isinstance(target.threshold, bool) or not isinstance(target.threshold, int | float):
        raise ValueError(f"threshold {target.threshold!r}")
    needed = _NEEDED[target.measure]
    for name, count in needed.items():
        if len(getattr(target, name)) < count:
            raise ValueError(f"{target.measure} needs {name}")
    if target.level == "facility" and (target.measure, target.table) != ("ratio", "facilities"):
        raise ValueError("level 'facility' is for a ratio of facilities")


def read_rules(name: str) -> tuple[Target, ...]:
    """The targets of a rule set that comes with the program (``weihai-14fyp``)."""
    file = resources.files("quarterhour") / "data" / "rules" / f"{name}.toml"
    if not file.is_file():
        raise DataError("errors.no_rules", name=name, known=", ".join(rule_sets()))
    return as_targets(tomllib.loads(file.read_text(encoding="utf-8")), where=f"rules/{name}.toml")


def rule_sets() -> tuple[str, ...]:
    """Names of the rule sets that come with the program."""
    folder = resources.files("quarterhour") / "data" / "rules"
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


def in_force(targets: tuple[Target, ...], on: date) -> tuple[Target, ...]:
    """The targets in force on a date; an open end is open."""
    day = on.isoformat()
    return tuple(t for t in targets if (t.effective_from or day) <= day <= (t.effective_to or day))
