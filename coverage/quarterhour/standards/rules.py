"""Dated, cited standards: which care a community must reach, and what the plan promised."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from quarterhour.base.area_codes.classes import COMMUNITY_CLASSES, FACILITY_LEVELS, TOWN_CLASSES
from quarterhour.base.errors import DataError

Heading = Literal["to_site", "to_community"]
LEVELS = ("facility", "community", "town", "county", "city")
"""Where a target holds; ``facility`` only for what a facility has of its own: a ratio, a least, a distance."""
SENSES = ("at_least", "at_most")
APPLIES_TO: Mapping[str, tuple[str, ...]] = MappingProxyType({"town": TOWN_CLASSES, "community": COMMUNITY_CLASSES})
"""By level the classes of areas that a promise can be made to."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a study or a rule file calls by an id, and by a name in each language."""

    id: str
    zh: str
    en: str

    def name(self, lang: str) -> str:
        """The name in a language."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Circle(Named):
    """A service circle as a question in figures, with its source.

    ``heading`` says who travels: ``to_site`` the older person walks to the facility,
    ``to_community`` the caregiver leaves the base after ``turnout_minutes``.
    ``need``: one of the ``kinds`` is enough (``any``), or each of them must be reached (``all``).
    ``people`` is the column of people it is promised to.
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


Measure = Literal[
    "circle_share", "reach_share", "count", "has_kind", "ratio", "rate", "total", "least", "mean_by_class", "distance",
    "share_with", "tiers",
]  # fmt: skip
_LISTS = ("kinds", "columns", "classes", "minutes", "modes", "road_classes", "applies_to")
_NUMBER = {"target": "threshold", "exclusion": "metres", "figure": "value"}
_SHARED = ("source", "date", "effective_from", "effective_to", "verified")
_NEEDED: Mapping[Measure, Mapping[str, int]] = MappingProxyType(
    {
        "circle_share": {"of": 1},
        "reach_share": {"kinds": 1, "minutes": 1, "modes": 1, "people": 1},
        "count": {"kinds": 1},
        "has_kind": {"kinds": 1},
        "ratio": {"columns": 2, "table": 1},
        "rate": {"columns": 2},
        "total": {"columns": 1, "table": 1},
        "least": {"columns": 1, "table": 1},
        "distance": {"kinds": 1, "of": 1},
        "mean_by_class": {"columns": 2, "classes": 1},
        "share_with": {"columns": 1, "table": 1},
        "tiers": {"kinds": 3, "columns": 1, "classes": 1},
    }
)


@dataclass(frozen=True, slots=True)
class Target(Named):
    """One promise of a plan at one area level.

    ``measure`` says how its value is made:
    ``circle_share`` the weighted share of people inside the study's circle ``of``, told where the circle counts
    other people than ``people``;
    ``reach_share`` the share of ``people`` within ``minutes[0]`` of one of ``kinds`` by ``modes[0]``, ``heading``
    (the rule's own circle);
    ``count`` facilities of ``kinds`` in the area (``facility_level``: only those that serve this level);
    ``has_kind`` share of the area's communities that have one of ``kinds`` or are assigned to one (the column
    ``community`` of facilities): who only reaches one is counted by ``circle_share``;
    ``ratio`` sum of ``columns[0]`` over sum of ``columns[1]`` of ``table`` (facilities: of ``kinds``);
    ``rate`` sum of ``columns[0]`` over sum of ``columns[1]``, times ``per``; each names its table
    (``facilities.beds``, ``communities.older``);
    ``total`` sum of ``columns[0]`` of ``table``;
    ``least`` the least of ``columns[0]`` of ``table`` (facilities: of ``kinds``);
    ``distance`` metres from the nearest of ``kinds`` to the layer ``of`` (a layer of the study, ``communities``, or
    ``roads``, with ``classes``: those road classes);
    ``mean_by_class`` mean of ``columns[0]`` over the communities whose ``columns[1]`` is one of ``classes``;
    ``share_with`` share of the rows of ``table`` (of those whose ``columns[1]`` is one of ``classes``) whose
    ``columns[0]`` is ``each_sense`` (at least, at most) ``each``; rows without a figure leave open what they could
    turn;
    ``tiers`` share of the communities whose ``columns[0]`` is one of ``classes`` that are served by
    ``kinds[0]`` (it stands there, or inside the circle ``of``) and have ``kinds[1]`` in their town and ``kinds[2]``
    in their county; with ``minutes`` and ``modes``, three of each, every tier must be reached from the one below
    (``tiers.check_tiers``).
    ``a|b`` is either kind. ``sense``: the threshold is reached ``at_least`` or ``at_most``; ``about``: it is about so
    many (左右), and what is short by the share ``about_within`` still counts as met.
    ``applies_to``: the promise is made to areas of these classes alone (`APPLIES_TO`).
    """

    level: str
    measure: Measure
    threshold: float
    unit: str
    kinds: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    table: str = ""
    of: str = ""
    per: float = 1.0
    minutes: tuple[float, ...] = ()
    modes: tuple[str, ...] = ()
    heading: Heading = "to_site"
    people: str = ""
    applies_to: tuple[str, ...] = ()
    facility_level: str = ""
    each: float | None = None
    each_sense: str = "at_least"
    sense: str = "at_least"
    about: bool = False
    about_within: float = 0.0
    rule_set: str = ""
    binding: bool = True
    """False: reported, but the promise does not bind at this level."""
    clause: str = ""
    source: str = ""
    date: str = ""
    effective_from: str = ""
    effective_to: str = ""
    verified: bool = False
    to_fill: bool = False
    """The promise is known and its threshold is not: listed, never in force and never judged (``threshold`` NaN)."""


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
            values |= {k: tuple(values[k]) for k in _LISTS if k in values}
            if values.get("to_fill") and values.get(_NUMBER[kind], "") == "":
                values[_NUMBER[kind]] = math.nan
            for rule in make(values):
                key = (rule.id, f"level {rule.level!r}" if isinstance(rule, Target) else rule.effective_from)
                if key in made:
                    raise ValueError(f"{key[1] or repr(rule.id)} twice")
                made[key] = rule
        except (TypeError, ValueError) as why:
            raise DataError("errors.bad_rule", where=where, target=row.get("id", "?"), why=str(why)) from why
    return tuple(made.values())


def _levels_of(row: dict[str, Any]) -> list[Target]:
    """A target of the file at each of its levels. ``binding_levels`` defaults to all of them."""
    levels = row.pop("levels", None) or [row.pop("level", None)]
    binding = row.pop("binding_levels", levels)
    row["threshold"] = row.get("threshold")
    own = {name: row.pop(f"{name}_by_level", {}) for name in ("threshold", "facility_level")}
    by_level = [{name: said[level] for name, said in own.items() if level in said} for level in levels]
    made = [
        Target(**{**row, **said}, level=level, binding=level in binding)
        for level, said in zip(levels, by_level, strict=True)
    ]
    for target in made:
        _check_target(target)
    return made


def _check_target(target: Target) -> None:
    if target.level not in LEVELS:
        raise ValueError(f"level {target.level!r}")
    if target.measure not in _NEEDED:
        raise ValueError(f"measure {target.measure!r}")
    _check_number("threshold", target.threshold, to_fill=target.to_fill)
    for name in ("sense", "each_sense"):
        if getattr(target, name) not in SENSES:
            raise ValueError(f"{name} {getattr(target, name)!r}")
    _check_to_whom(target)
    if (
        target.measure == "tiers"
        and (target.minutes or target.modes)
        and {3} != {len(target.minutes), len(target.modes)}
    ):
        raise ValueError("tiers: three minutes and three modes, or none")
    if target.measure == "rate" and not all("." in c for c in target.columns[:2]):
        raise ValueError("rate: columns are TABLE.COLUMN")
    needed = _NEEDED[target.measure]
    for name, count in needed.items():
        if len(getattr(target, name)) < count:
            raise ValueError(f"{target.measure} needs {name}")
    own = (target.measure in ("ratio", "least") and target.table == "facilities") or target.measure == "distance"
    if target.level == "facility" and not own:
        raise ValueError("level 'facility' is for a ratio or least of facilities, or a distance")


def _check_to_whom(target: Target) -> None:
    """The areas and facilities that a promise speaks of, and how exactly."""
    known = APPLIES_TO.get(target.level, ())
    if set(target.applies_to) - set(known):
        said = f"one of {', '.join(known)}" if known else "for the levels town and community"
        raise ValueError(f"applies_to {', '.join(target.applies_to)}: {said}")
    if target.facility_level and (target.measure != "count" or target.facility_level not in FACILITY_LEVELS):
        raise ValueError(f"facility_level {target.facility_level!r}: of a count, one of {', '.join(FACILITY_LEVELS)}")
    if target.measure == "has_kind" and target.of:
        raise ValueError("has_kind takes no 'of': to reach one is circle_share or reach_share")
    if target.measure == "share_with":
        _check_number("each", target.each, to_fill=False)
        if bool(target.classes) != (len(target.columns) > 1):
            raise ValueError("share_with: classes and columns[1] go together")
    if not 0 <= target.about_within < 1 or target.about != (target.about_within > 0):
        raise ValueError(f"about {target.about}, about_within {target.about_within!r}: both, and a share below 1")


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
    head = table.get("rules", {})
    unknown = sorted(set(table) - {"rules", "target", "exclusion", "figure"})
    if unknown:
        raise DataError("errors.bad_rule", where=where, target=unknown[0], why=f"unknown table [[{unknown[0]}]]")
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
    _check_number("number", value, to_fill=rule.to_fill)
    if not rule.to_fill and not 0 <= value < float("inf"):
        raise ValueError(f"number {value!r}")
    return rule


def _check_number(name: str, value: object, *, to_fill: bool) -> None:
    """A number; of a rule to be filled there is none yet."""
    if isinstance(value, bool) or not isinstance(value, int | float) or (to_fill and not math.isnan(value)):
        raise ValueError(f"{name} {value!r}" + (" of a rule to be filled" if to_fill else ""))


def read_rule_set(name: str | Path) -> RuleSet:
    """A rule set that comes with the program, by name, or a rule file of one's own, by path.

    DataError for a name that nobody knows and for a file that is no TOML.
    """
    shipped = resources.files("quarterhour") / "data" / "rules" / f"{name}.toml"
    file = shipped if str(name) in rule_sets() else Path(name)
    if not file.is_file():
        raise DataError("errors.no_rules", name=str(name), known=", ".join(rule_sets()))
    try:
        parsed = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as why:
        raise DataError("errors.bad_rule", where=str(name), target="?", why=str(why)) from why
    return as_rule_set(parsed, where=file.name)


def read_rules(name: str) -> tuple[Target, ...]:
    """The targets of a rule set that comes with the program (``weihai-14fyp``)."""
    return read_rule_set(name).targets


def rule_sets() -> tuple[str, ...]:
    """Names of the rule sets that come with the program."""
    folder = resources.files("quarterhour") / "data" / "rules"
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


def in_force(rules: tuple[_Rule, ...], on: date) -> tuple[_Rule, ...]:
    """The rules in force on a date; an open end is open, and a rule to be filled binds nobody yet."""
    day = on.isoformat()
    return tuple(r for r in rules if not r.to_fill and (r.effective_from or day) <= day <= (r.effective_to or day))


def compare_dates(rules: Sequence[Rule], before: date, after: date) -> list[tuple[str, Rule | None, Rule | None]]:
    """What changes between two dates: the rule's id with its level, what held before, what holds after.

    One that came into force has nothing before, one that ended nothing after; rules that stay are left out.
    """
    old, new = ({_key(r): r for r in in_force(tuple(rules), day)} for day in (before, after))
    return [(k, old.get(k), new.get(k)) for k in dict.fromkeys([*old, *new]) if old.get(k) != new.get(k)]


def _key(rule: Rule) -> str:
    return f"{rule.id} ({rule.level})" if isinstance(rule, Target) else rule.id
