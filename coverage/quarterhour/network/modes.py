"""How fast whom: walker, older walker, frail walker, e-bike, car; and the turnout time."""

from __future__ import annotations

import functools
import math
import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any

from quarterhour.base.errors import DataError
from quarterhour.network.network import Mode


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
    speeds = {osm_class(str(k)): _at_least_zero(v) for k, v in table.get("speeds_kmh", {}).items()}
    speeds |= dict.fromkeys(map(osm_class, table.get("forbidden", ())), 0.0)
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
        "allowed_kmh": _above_zero(table.get("allowed_kmh", {})),
        "ceiling_kmh": _above_zero(table.get("ceiling_kmh", {})),
        "avoids": tuple(_avoided(said) for said in table.get("avoids", ())),
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


def _avoided(said: Any) -> str:
    """ "COLUMN=VALUE" or "CLASS COLUMN=VALUE"."""
    if not re.fullmatch(r"(\S+ )?[^\s=]+=[^\s=]+", str(said)):
        raise ValueError(said)
    return str(said)


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
def osm_words() -> Mapping[str, Any]:
    """``data/osm_kinds.toml``: what OpenStreetMap's words mean here."""
    text = (resources.files("quarterhour") / "data" / "osm_kinds.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


@functools.cache
def osm_classes() -> frozenset[str]:
    """Road classes of OpenStreetMap."""
    return frozenset({*osm_words()["roads"]["classes"], "ferry"})


def osm_class(said: str) -> str:
    """A road class as OpenStreetMap spells it, where only capitals, blanks or hyphens differ; else as it came.

    >>> osm_class("Residential"), osm_class("Living Street"), osm_class("41000")
    ('residential', 'living_street', '41000')
    """
    plain = re.sub(r"[\s\-]+", "_", said.strip().lower())
    return plain if plain in osm_classes() else said


def mode_label(mode: str, lang: str, own: Mapping[str, str] | None = None) -> str:
    """The name of a mode: ``own`` by language, else that of the program's mode of this id, else the id."""
    if own and own.get(lang):
        return own[lang]
    known = read_modes().get(mode)
    return mode if known is None else known.name(lang) or mode


@functools.cache
def read_modes() -> Mapping[str, Mode]:
    """The modes that come with the program, by id: who travels, and how fast on which roads.

    Returns
    -------
    A mapping of id to ``Mode``, not to be changed. Speeds in km/h, with their source and date (``data/modes.toml``).

    Examples
    --------
    >>> import quarterhour as qh
    >>> qh.read_modes()["ebike"]
    <Mode ebike: vehicle, up to 15 km/h, turnout 3 min>
    >>> "walk-frail" in qh.read_modes()
    True
    """
    text = (resources.files("quarterhour") / "data" / "modes.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    del tables["sources"]
    return MappingProxyType({name: as_mode(name, t) for name, t in tables.items()})
