"""How fast whom: walker, older walker, frail walker, e-bike, car; and the turnout time."""

from __future__ import annotations

import functools
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal

from quarterhour.base.errors import DataError


def _nothing() -> Mapping[str, float]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Mode:
    """How fast somebody travels, by road class.

    ``speeds_kmh`` names the classes (OSM ``highway`` values) that the mode may use;
    ``other_kmh`` is for a class that no table names, None forbids it.
    ``gap_kmh`` is the speed between a place and its road. Sources are in ``data/modes.toml``.

    What roads may say beyond their class, and the mode heeds (``speeds.py`` says how): ``limit_share`` of a
    speed limit, ``surface_factors`` and ``surface_kmh``, ``signal_seconds`` at each signal,
    ``ferry_wait_minutes``, ``stopped_by`` barriers, and ``slope``: "tobler", ``{watts, mass_kg, rolling}``
    of a motor (at the wheel; with its rider), or None. ``uses``: the column of roads that says where it may go,
    "walk", "drive" or "cycle".

    What vehicles heed besides (``turns.py``): ``turn_seconds`` lost by a turn (``left``, ``right``, ``straight``,
    ``u_turn``, as where one ``drives_on`` the right) at a junction of three roads or more; ``counts_as``: the OSM
    words by which a turn restriction may exempt it.
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
    limit_share: float = 0.0
    surface_factors: Mapping[str, float] = field(default_factory=_nothing)
    surface_kmh: Mapping[str, float] = field(default_factory=_nothing)
    signal_seconds: float = 0.0
    ferry_wait_minutes: float = 0.0
    stopped_by: tuple[str, ...] = ()
    slope: str | Mapping[str, float] | None = None
    uses: str = ""
    turn_seconds: Mapping[str, float] = field(default_factory=_nothing)
    drives_on: str = "right"
    counts_as: tuple[str, ...] = ()

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


def as_mode(name: str, table: Mapping[str, Any]) -> Mode:
    """A mode from its TOML table (``data/modes.toml``, or ``[modes.NAME]`` of a study).

    ``speed_kmh`` holds for every class that ``speeds_kmh`` and ``forbidden`` do not name.
    Raises DataError for a speed that is no number or negative, and for an unknown ``travels``.
    """
    try:
        figures = _figures(table)
    except (AttributeError, TypeError, ValueError) as why:
        raise DataError("errors.bad_mode", mode=name) from why
    travels = table.get("travels")
    uses = table.get("uses", "walk" if travels == "walk" else "drive")
    if travels not in ("walk", "vehicle") or uses not in (("walk",) if travels == "walk" else ("drive", "cycle")):
        raise DataError("errors.bad_mode", mode=name)
    return Mode(
        id=name,
        zh=table.get("zh", name),
        en=table.get("en", name),
        travels=travels,
        uses=uses,
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
        **{
            name: _at_least_zero(table.get(name, 0)) for name in ("limit_share", "signal_seconds", "ferry_wait_minutes")
        },
        "surface_factors": _above_zero(table.get("surface_factors", {})),
        "surface_kmh": _above_zero(table.get("surface_kmh", {})),
        "stopped_by": tuple(str(kind) for kind in table.get("stopped_by", ())),
        "slope": _slope(table.get("slope")),
        "turn_seconds": _turn_seconds(table.get("turn_seconds", {})),
        "drives_on": _side(table.get("drives_on", "right")),
        "counts_as": tuple(str(word) for word in table.get("counts_as", ())),
    }


def _turn_seconds(table: Mapping[str, Any]) -> Mapping[str, float]:
    if set(table) - {"left", "right", "straight", "u_turn"}:
        raise ValueError(table)
    return MappingProxyType({str(turn): _at_least_zero(seconds) for turn, seconds in table.items()})


def _side(said: Any) -> str:
    if said not in ("left", "right"):
        raise ValueError(said)
    return str(said)


def _above_zero(table: Mapping[str, Any]) -> Mapping[str, float]:
    figures = {str(name): _at_least_zero(value) for name, value in table.items()}
    if 0 in figures.values():
        raise ValueError(figures)
    return MappingProxyType(figures)


def _slope(said: Any) -> str | Mapping[str, float] | None:
    if said is None or said == "tobler":
        return None if said is None else str(said)
    motor = _above_zero(said)
    if set(motor) != {"watts", "mass_kg", "rolling"}:
        raise ValueError(said)
    return motor


def _at_least_zero(value: Any) -> float:
    number = float(value)
    if not 0 <= number < math.inf:
        raise ValueError(value)
    return number


@functools.cache
def read_modes() -> Mapping[str, Mode]:
    """The modes that come with the program, by id."""
    text = (resources.files("quarterhour") / "data" / "modes.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    del tables["sources"]
    return MappingProxyType({name: as_mode(name, t) for name, t in tables.items()})
