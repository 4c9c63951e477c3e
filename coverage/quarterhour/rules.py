"""Dated, cited standards: which care a community must reach, and what the plan promised."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from typing import Any, Literal

from quarterhour.errors import DataError

Heading = Literal["to_site", "to_community"]
LEVELS = ("community", "town", "county", "city")


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


@dataclass(frozen=True, slots=True)
class Target:
    """One promise of a plan at one area level.

    ``measure`` says how its value is made:
    ``circle_share`` the weighted share of people inside the circle ``of``;
    ``count`` facilities of ``kinds`` in the area;
    ``has_kind`` share of the area's communities that have or are served by one of ``kinds``
    (inside the circle ``of``, or standing in the community);
    ``ratio`` sum of ``columns[0]`` over sum of ``columns[1]`` of ``table``;
    ``total`` sum of ``columns[0]`` of ``table``;
    ``mean_by_class`` mean of ``columns[0]`` over the communities whose ``columns[1]`` equals ``of``;
    ``tiers`` share of rural communities that have all of ``kinds`` at village, town and county.
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

    Raises DataError naming the file and the target when a field is missing or unknown.
    """
    head = table.get("rules", {})
    shared = ("source", "date", "effective_from", "effective_to", "verified")
    common: dict[str, Any] = {k: head[k] for k in shared if k in head}
    made = []
    for row in table.get("target", ()):
        row = {**common, **row}
        levels = row.pop("levels", None) or [row.pop("level", None)]
        thresholds = row.pop("threshold_by_level", {})
        binding = row.pop("binding_levels", levels)
        for level in levels:
            if level not in LEVELS:
                raise DataError("errors.bad_rule", where=where, target=row.get("id", "?"), why=f"level {level!r}")
            fields = {**row, "level": level, "binding": level in binding}
            fields["threshold"] = thresholds.get(level, row.get("threshold"))
            for name in ("kinds", "columns"):
                fields[name] = tuple(fields.get(name, ()))
            for name in ("date", "effective_from", "effective_to"):
                fields[name] = str(fields.get(name, ""))
            try:
                made.append(Target(**fields))
            except TypeError as why:
                raise DataError("errors.bad_rule", where=where, target=row.get("id", "?"), why=str(why)) from why
    return tuple(made)


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
