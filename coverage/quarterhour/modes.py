"""How fast whom: walker, older walker, frail walker, e-bike, car; and the turnout time."""

from __future__ import annotations

import functools
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal

from quarterhour.errors import DataError

CENTISECONDS_PER_MINUTE = 6000
"""Times are whole centiseconds inside: sums are exact, and 15 minutes are 15 minutes."""


@dataclass(frozen=True, slots=True)
class Mode:
    """How fast somebody travels, by road class.

    ``speeds_kmh`` names the classes (OSM ``highway`` values) that the mode may use;
    ``other_kmh`` is for a class that no table names, None forbids it.
    ``gap_kmh`` is the speed between a place and its road. Sources are in ``data/modes.toml``.
    """

    id: str
    zh: str
    en: str
    travels: Literal["walk", "vehicle"]
    speeds_kmh: Mapping[str, float]
    other_kmh: float | None
    gap_kmh: float
    turnout_minutes: float
    source: str
    date: str
    verified: bool

    @property
    def obeys_oneway(self) -> bool:
        """Vehicles respect one-way streets, walkers go both ways."""
        return self.travels == "vehicle"

    def speed_kmh(self, road_class: str) -> float | None:
        """The speed on a road class; None where the mode may not go."""
        if road_class in self.speeds_kmh:
            return self.speeds_kmh[road_class] or None
        return self.other_kmh

    def name(self, lang: str) -> str:
        """The mode's name in a language."""
        return self.zh if lang == "zh" else self.en

    def __repr__(self) -> str:
        top = max(*self.speeds_kmh.values(), self.other_kmh or 0, 0)
        return f"<Mode {self.id}: {self.travels}, up to {top:g} km/h, turnout {self.turnout_minutes:g} min>"


def centiseconds(minutes: float) -> int:
    """Minutes as whole centiseconds."""
    return round(minutes * CENTISECONDS_PER_MINUTE)


def as_mode(name: str, table: Mapping[str, Any]) -> Mode:
    """A mode from its TOML table (``data/modes.toml``, or ``[modes.NAME]`` of a study).

    ``speed_kmh`` holds for every class that ``speeds_kmh`` and ``forbidden`` do not name.
    Raises DataError for a speed that is no number or negative, and for an unknown ``travels``.
    """
    try:
        figures = _figures(table)
    except (TypeError, ValueError) as why:
        raise DataError("errors.bad_mode", mode=name) from why
    if table.get("travels") not in ("walk", "vehicle"):
        raise DataError("errors.bad_mode", mode=name)
    return Mode(
        id=name,
        zh=table.get("zh", name),
        en=table.get("en", name),
        travels=table["travels"],
        source=table.get("source", ""),
        date=str(table.get("date", "")),
        verified=bool(table.get("verified", False)),
        **figures,
    )


def _figures(table: Mapping[str, Any]) -> dict[str, Any]:
    flat = _at_least_zero(table["speed_kmh"]) if "speed_kmh" in table else None
    speeds = {str(k): _at_least_zero(v) for k, v in table.get("speeds_kmh", {}).items()}
    speeds |= dict.fromkeys(table.get("forbidden", ()), 0.0)
    gap = _at_least_zero(table.get("gap_kmh", flat or 3.6))
    if gap == 0:
        raise ValueError(gap)
    return {
        "speeds_kmh": MappingProxyType(speeds),
        "other_kmh": _at_least_zero(table.get("other_kmh", flat) or 0) or None,
        "gap_kmh": gap,
        "turnout_minutes": _at_least_zero(table.get("turnout_minutes", 0)),
    }


def _at_least_zero(value: Any) -> float:
    number = float(value)
    if not 0 <= number < math.inf:
        raise ValueError(value)
    return number


@functools.cache
def read_modes() -> Mapping[str, Mode]:
    """The modes that come with the program, by id."""
    text = (resources.files("quarterhour") / "data" / "modes.toml").read_text(encoding="utf-8")
    return MappingProxyType({name: as_mode(name, t) for name, t in tomllib.loads(text).items()})
