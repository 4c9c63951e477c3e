"""A promise of a plan as one value, and what makes it whole."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from quarterhour.base.area_codes.classes import COMMUNITY_CLASSES, FACILITY_LEVELS, TOWN_CLASSES

Heading = Literal["to_site", "to_community"]
LEVELS = ("facility", "community", "town", "county", "unit", "city")
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


Measure = Literal[
    "circle_share", "reach_share", "count", "has_kind", "ratio", "rate", "total", "least", "mean_by_class", "distance",
    "share_with", "tiers", "served_share", "area_per_households",
]  # fmt: skip
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
        "served_share": {"kinds": 1, "table": 1, "served_by": 1},
        "area_per_households": {"kinds": 1, "columns": 3, "classes": 1},
    }
)
_SHARES = ("circle_share", "reach_share", "has_kind", "share_with", "tiers", "served_share")
"""Measures whose value is a share of what there is."""


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
    (``tiers.check_tiers``);
    ``served_share`` share of the ``table`` (``towns`` or ``communities``, of ``classes`` if any are named) that is
    served by one of ``kinds``, in one of the ways of ``served_by``: ``has`` (it stands there), ``assigned`` (a facility
    names it), ``reach`` (at least ``least_share`` of its ``people`` within ``minutes[0]`` by ``modes[0]``);
    ``area_per_households`` the sum of ``columns[0]`` of facilities of ``kinds`` a ``per`` households (``columns[1]`` of
    communities), over the communities whose ``columns[2]`` is one of ``classes``.
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
    served_by: tuple[str, ...] = ()
    least_share: float = 0.5
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


def check_target(target: Target) -> None:
    """ValueError with what is missing, unknown or contradicts itself."""
    if target.level not in LEVELS:
        raise ValueError(f"level {target.level!r}")
    if target.measure not in _NEEDED:
        raise ValueError(f"measure {target.measure!r}")
    check_number("threshold", target.threshold, to_fill=target.to_fill)
    _check_figures(target)
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
    if target.measure == "served_share":
        _check_served(target)
    own = (target.measure in ("ratio", "least") and target.table == "facilities") or target.measure == "distance"
    if target.level == "facility" and not own:
        raise ValueError("level 'facility' is for a ratio or least of facilities, or a distance")


def _check_figures(target: Target) -> None:
    """Figures that no area could ever reach, or every one would."""
    if target.measure in _SHARES and target.threshold > 1:
        raise ValueError(f"threshold {target.threshold!r}: a share, at most 1 (0.6 for 60 %)")
    if not 0 < target.least_share <= 1:
        raise ValueError(f"least_share {target.least_share!r}: a share above 0, at most 1")
    if not 0 < target.per < math.inf:
        raise ValueError(f"per {target.per!r}")


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
        check_number("each", target.each, to_fill=False)
        if bool(target.classes) != (len(target.columns) > 1):
            raise ValueError("share_with: classes and columns[1] go together")
    if not 0 <= target.about_within < 1 or target.about != (target.about_within > 0):
        raise ValueError(f"about {target.about}, about_within {target.about_within!r}: both, and a share below 1")


def _check_served(target: Target) -> None:
    """What is served, and in which ways."""
    if target.table not in ("towns", "communities"):
        raise ValueError(f"table {target.table!r}: served_share is of towns or communities")
    known = TOWN_CLASSES if target.table == "towns" else COMMUNITY_CLASSES
    if set(target.classes) - set(known):
        raise ValueError(f"classes {', '.join(target.classes)}: one of {', '.join(known)}")
    unknown = [way for way in target.served_by if way not in ("has", "assigned", "reach")]
    if unknown:
        raise ValueError(f"served_by {unknown[0]!r}: has, assigned, reach")
    if "reach" in target.served_by and not (target.minutes and target.modes and target.people):
        raise ValueError("served_by reach needs minutes, modes, people")
    if target.level == "community" and target.table == "towns":
        raise ValueError("level 'community': towns do not lie in communities")


def check_number(name: str, value: object, *, to_fill: bool) -> None:
    """A number; of a rule to be filled there is none yet."""
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    if number is None or (not math.isnan(number) if to_fill else not math.isfinite(number)):
        raise ValueError(f"{name} {value!r}" + (" of a rule to be filled" if to_fill else ""))
