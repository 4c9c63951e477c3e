"""Dated, cited standards: which care a community must reach, and what the plan promised."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import numpy as np

from quarterhour.base import limits
from quarterhour.base.errors import DataError
from quarterhour.base.foreign import foreign, parsed_toml
from quarterhour.standards.targets import Heading, Named, Target, check_number, check_target


@dataclass(frozen=True, slots=True)
class Circle(Named):
    """A service circle as a question in figures, with its source.

    ``heading`` says who travels: ``to_site`` the older person walks to the facility,
    ``to_community`` the caregiver leaves the base after ``turnout_minutes``.
    ``need``: one of the ``kinds`` is enough (``any``), or each of them must be reached (``all``).
    ``people`` is the column of people it is promised to.

    Examples
    --------
    >>> import quarterhour as qh
    >>> meals = qh.Circle(id="meals", zh="助餐", en="Meals", kinds=("canteen",), mode="walk",
    ...                   minutes=15, heading="to_site", people="older")
    >>> meals.minutes, meals.need, meals.turnout_minutes
    (15, 'any', 0.0)
    """

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

    def __post_init__(self) -> None:
        """DataError for what no circle can be: minutes that are none, an unknown heading, no kind."""
        kinds = self.kinds if isinstance(self.kinds, tuple | list) else ()
        wrong = [
            (field, getattr(self, field), needed)
            for field, holds, needed in (
                ("kinds", bool(kinds) and all(isinstance(k, str) and k for k in kinds), ("day_care",)),
                ("mode", isinstance(self.mode, str) and bool(self.mode), "walk"),
                ("minutes", is_minutes(self.minutes) and self.minutes > 0, "> 0"),
                ("heading", self.heading in get_args(Heading), " | ".join(get_args(Heading))),
                ("people", isinstance(self.people, str) and bool(self.people), "older"),
                ("need", self.need in ("any", "all"), "any | all"),
                ("turnout_minutes", is_minutes(self.turnout_minutes) and self.turnout_minutes >= 0, ">= 0"),
            )
            if not holds
        ]
        if wrong:
            field, came, needed = wrong[0]
            raise DataError("errors.bad_circle", circle=self.id, field=field, needed=needed, came=repr(came))


def is_minutes(value: object) -> bool:
    """Whether a value is a number of minutes that somebody could have."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and math.isfinite(value)


_LISTS = ("kinds", "columns", "classes", "minutes", "modes", "road_classes", "applies_to", "served_by")
_SWITCHES = ("verified", "to_fill", "about")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = {"target": "threshold", "exclusion": "metres", "figure": "value"}
_SHARED = ("source", "date", "effective_from", "effective_to", "verified")


def as_targets(table: Mapping[str, Any], *, where: str = "rules") -> tuple[Target, ...]:
    """The targets of a parsed rule file: one value per target and level.

    Raises DataError naming the file and the target when a field is missing or unknown, or when
    two targets have the same id and level.
    """
    return _rules_of(table, "target", _levels_of, where)


def _rules_of(
    table: Mapping[str, Any], kind: str, make: Callable[[dict[str, Any]], Sequence[_Rule]], where: str
) -> tuple[_Rule, ...]:
    """The rules of a kind in a parsed file; what the file's head says holds for every row that does not say."""
    head = table.get("rules", {})
    common = {**{k: head[k] for k in _SHARED if k in head}, "rule_set": str(head.get("id", ""))}
    made: dict[tuple[str, str], _Rule] = {}
    for row in table.get(kind, ()):
        try:
            values = {**common, **row}
            values |= {k: str(values.get(k, "")) for k in ("date", "effective_from", "effective_to")}
            _check_types(values)
            values |= {k: tuple(values[k]) for k in _LISTS if k in values}
            if values.get("to_fill") and values.get(_NUMBER[kind], "") == "":
                values[_NUMBER[kind]] = math.nan
            for rule in make(values):
                key = (rule.id, f"level {rule.level!r}" if isinstance(rule, Target) else rule.effective_from)
                if key in made:
                    raise ValueError(f"{key[1] or repr(rule.id)} twice")
                made[key] = rule
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as why:
            raise DataError("errors.bad_rule", where=where, target=row.get("id", "?"), why=str(why)) from why
    return tuple(made.values())


def _check_tables(table: Mapping[str, Any], where: str) -> None:
    """DataError for a table that nobody knows, and for one that is no [rules] or [[target]] though it is called so."""
    for name, held in table.items():
        rows = [held] if name == "rules" else held
        if name not in ("rules", *_NUMBER):
            raise DataError("errors.bad_rule", where=where, target=name, why=f"unknown table [[{name}]]")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            wanted = "[rules]" if name == "rules" else f"[[{name}]]"
            raise DataError("errors.bad_rule", where=where, target=name, why=f"{wanted}: {type(held).__name__}")


def _check_types(values: Mapping[str, Any]) -> None:
    """ValueError for a text where a list or yes and no belong, and for days that are none: they would be misread."""
    for name in _LISTS:
        if isinstance(values.get(name), str):
            raise ValueError(f'{name} {values[name]!r}: a list, ["{values[name]}"]')
    for name in _SWITCHES:
        if not isinstance(values.get(name, False), bool):
            raise ValueError(f"{name} {values[name]!r}: true or false")
    for name in ("effective_from", "effective_to"):
        if values[name] and not _DAY.fullmatch(values[name]):
            raise ValueError(f"{name} {values[name]!r}: a day, YYYY-MM-DD")
        if values[name]:
            date.fromisoformat(values[name])
    if values["effective_to"] and values["effective_to"] < values["effective_from"]:
        raise ValueError(f"effective_to {values['effective_to']}: before effective_from {values['effective_from']}")


def _levels_of(row: dict[str, Any]) -> list[Target]:
    """A target of the file at each of its levels. ``binding_levels`` defaults to all of them."""
    levels = row.pop("levels", None) or [row.pop("level", None)]
    binding = row.pop("binding_levels", levels)
    row["threshold"] = row.get("threshold")
    own = {name: row.pop(f"{name}_by_level", {}) for name in ("threshold", "facility_level")}
    # What is said of a level that the promise is not made at would bind nowhere, and nobody would see it.
    for name, said in {"binding_levels": binding, **{f"{name}_by_level": said for name, said in own.items()}}.items():
        strange = [level for level in said if level not in levels]
        if strange:
            raise ValueError(f"{name} {', '.join(map(str, strange))}: one of {', '.join(map(str, levels))}")
    by_level = [{name: said[level] for name, said in own.items() if level in said} for level in levels]
    made = [
        Target(**{**row, **said}, level=level, binding=level in binding)
        for level, said in zip(levels, by_level, strict=True)
    ]
    for target in made:
        check_target(target)
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited(Named):
    """A dated rule with its source."""

    clause: str = ""
    source: str = ""
    date: str = ""
    effective_from: str = ""
    effective_to: str = ""
    verified: bool = False
    rule_set: str = ""
    to_fill: bool = False
    """The rule is known and its number is not: listed, never in force (the number is NaN)."""


@dataclass(frozen=True, slots=True)
class Exclusion(Cited):
    """Nothing of ``kinds`` nearer than ``metres`` to a layer (``road_classes``: of the layer ``roads``)."""

    layer: str
    metres: float
    kinds: tuple[str, ...]
    road_classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure(Cited):
    """A figure to plan with (square metres a grave, years of demand), with its source."""

    value: float
    unit: str


Rule = Target | Exclusion | Figure
_Rule = TypeVar("_Rule", bound=Rule)
_Numbered = TypeVar("_Numbered", Exclusion, Figure)


@dataclass(frozen=True, slots=True)
class RuleSet(Named):
    """A rule file: promises to keep, distances to keep, figures to plan with; all dated and cited."""

    targets: tuple[Target, ...]
    exclusions: tuple[Exclusion, ...]
    figures: tuple[Figure, ...]

    def on(self, day: date) -> RuleSet:
        """What of it is in force on a date."""
        return replace(
            self,
            targets=in_force(self.targets, day),
            exclusions=in_force(self.exclusions, day),
            figures=in_force(self.figures, day),
        )

    def every(self) -> tuple[Rule, ...]:
        """Its rules, one after the other."""
        return (*self.targets, *self.exclusions, *self.figures)


def as_rule_set(table: Mapping[str, Any], *, where: str = "rules") -> RuleSet:
    """A parsed rule file: ``[rules]`` with id and names, ``[[target]]``, ``[[exclusion]]``, ``[[figure]]``.

    DataError names the file and the rule that is wrong, or that stands twice.
    """
    _check_tables(table, where)
    head = table.get("rules", {})
    return RuleSet(
        id=str(head.get("id", where)),
        zh=str(head.get("zh", "")),
        en=str(head.get("en", "")),
        targets=as_targets(table, where=where),
        exclusions=_rules_of(table, "exclusion", lambda row: [_checked(Exclusion(**row))], where),
        figures=_rules_of(table, "figure", lambda row: [_checked(Figure(**row))], where),
    )


def _checked(rule: _Numbered) -> _Numbered:
    value = rule.metres if isinstance(rule, Exclusion) else rule.value
    check_number("number", value, to_fill=rule.to_fill)
    if not rule.to_fill and not 0 <= value < float("inf"):
        raise ValueError(f"number {value!r}")
    return rule


def read_rule_set(name: str | Path) -> RuleSet:
    """A rule set that comes with the program, by name, or a rule file of one's own, by path.

    DataError for a name that nobody knows and for a file that is no TOML.
    """
    if str(name) in rule_sets():
        return _shipped(str(name))
    file = Path(name)
    if not file.is_file():
        raise DataError("errors.no_rules", name=str(name), known=", ".join(rule_sets()))
    limits.check("toml_bytes", file.stat().st_size, of=name)
    return _parsed(file, str(name))


@cache
def _shipped(name: str) -> RuleSet:
    return _parsed(resources.files("quarterhour") / "data" / "rules" / f"{name}.toml", name)


def _parsed(file: Traversable, name: str) -> RuleSet:
    with foreign(name, key="errors.no_rule_file"):
        parsed = parsed_toml(file.read_text(encoding="utf-8-sig"))
    return as_rule_set(parsed, where=file.name)


def read_rules(name: str) -> tuple[Target, ...]:
    """The targets of a rule set that comes with the program (``weihai-14fyp``).

    Parameters
    ----------
    name : as ``quarterhour rules`` lists them.

    Returns
    -------
    A tuple of ``Target``, one a target and level, each with its clause, source and days in force.

    Raises
    ------
    DataError : a rule set that nobody knows; the known ones are named.

    Examples
    --------
    >>> import quarterhour as qh
    >>> targets = qh.read_rules("weihai-14fyp")
    >>> targets[0].id, targets[0].threshold, targets[0].people
    ('care-circle', 1.0, 'hardship_home')
    """
    return read_rule_set(name).targets


@cache
def rule_sets() -> tuple[str, ...]:
    """Names of the rule sets that come with the program."""
    folder = resources.files("quarterhour") / "data" / "rules"
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


def in_force(rules: tuple[_Rule, ...], on: date) -> tuple[_Rule, ...]:
    """The rules in force on a date; an open end is open, and a rule to be filled binds nobody yet."""
    day = on.isoformat()
    return tuple(r for r in rules if not r.to_fill and (r.effective_from or day) <= day <= (r.effective_to or day))


def to_be_filled(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules that are known to exist and whose numbers nobody has seen yet."""
    return tuple(rule for rule in rules if rule.to_fill)


def compare_dates(rules: Sequence[Rule], before: date, after: date) -> list[tuple[str, Rule | None, Rule | None]]:
    """What changes between two dates: the rule's id with its level, what held before, what holds after.

    One that came into force has nothing before, one that ended nothing after; rules that stay are left out.
    """
    old, new = ({_key(r): r for r in in_force(tuple(rules), day)} for day in (before, after))
    return [(k, old.get(k), new.get(k)) for k in dict.fromkeys([*old, *new]) if old.get(k) != new.get(k)]


def _key(rule: Rule) -> str:
    return f"{rule.id} ({rule.level})" if isinstance(rule, Target) else rule.id
