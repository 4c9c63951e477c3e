"""A mode at another pace, as a study's own mode."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from quarterhour.base import i18n
from quarterhour.base.errors import StudyError
from quarterhour.network.network import Mode

_KMH = ("speeds_kmh", "other_kmh", "gap_kmh", "surface_kmh", "allowed_kmh", "ceiling_kmh", "limit_share")
_FASTEST = 10
"""Times as fast as the mode, at most."""


def paced_mode(mode: Mode, given: Any) -> tuple[str, dict[str, Any]]:
    """The name and the table (``[modes.NAME]``) of a mode that goes ``given`` times as fast on every way.

    What does not depend on who travels stays: waiting for ferries and signals, turns, turnout. StudyError for a factor
    that is not above 0, or far beyond any.
    """
    if isinstance(given, bool) or not isinstance(given, numbers.Real) or not 0 < float(given) <= _FASTEST:
        raise StudyError("scenario.bad_speed", given=given, most=_FASTEST)
    factor = float(given)  # numpy's numbers are no plain values of a study file
    told = {f.name: getattr(mode, f.name) for f in fields(mode) if f.name != "id"}
    told |= {name: _times(told[name], factor) for name in _KMH}
    times = f"{factor:g}"
    said = {lang: i18n.say("scenario.paced", lang, mode=mode.name(lang), factor=times) for lang in i18n.LANGUAGES}
    plain = {k: dict(v) if isinstance(v, Mapping) else v for k, v in told.items()}
    given = {k: v for k, v in plain.items() if v not in (None, "", {}, ())}
    return f"{mode.id}-x{factor:g}".replace(".", "_"), given | said


def _times(value: Any, factor: float) -> Any:
    if isinstance(value, Mapping):
        return {key: speed * factor for key, speed in value.items()}
    return value if value is None else value * factor
