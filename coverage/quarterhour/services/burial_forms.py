"""Forms of burial: what land a place takes, how many urns it holds, and which share of the dead each form receives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from quarterhour.base.areal import whole_numbers
from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.base.cells import is_number
from quarterhour.base.errors import DataError

FORMS = ("grave", "grave_double", "flat_stone", "niche", "tree", "lawn", "sea")
GRAVES = ("grave", "grave_double", "flat_stone")
"""Forms that are graves; what says "graves" (free graves, graves a site holds) does not tell them apart."""
LEVELS = ("county", "town", "village")
PERIODS = ("near", "far", "later")
"""Until the near term, until the far term, and beyond; ``later`` goes by the shares of ``far``."""
_OWN_FIGURE = "site-per-{form}"
_LAND = MappingProxyType({"flat_stone": "site-per-grave"})
"""A grave with a flat stone takes the land of a grave where no figure of its own is known."""
_URNS = MappingProxyType({"grave_double": 2})
_OFF = 1e-6

Shares = Mapping[tuple[str, str], Mapping[str, float]]
"""By level and period the share of the dead that each form receives."""


@dataclass(frozen=True, slots=True)
class BurialForm:
    """A form of burial: the land a place takes, paths and planting included (NaN: nobody says), and urns a place."""

    name: str
    m2: float
    urns: int = 1


def burial_forms(
    figures: Mapping[str, float], *, m2: Mapping[str, float] | None = None, urns: Mapping[str, int] | None = None
) -> dict[str, BurialForm]:
    """Every form: its land from a study's own ``m2``, else from the figure ``site-per-FORM``, else unknown.

    The sea takes none. A double grave holds two urns unless ``urns`` says otherwise. DataError for an unknown form, an
    area below 0, urns below 1.
    """
    own, held = dict(m2 or {}), dict(urns or {})
    check_forms([*own, *held])
    wrong = [form for form, area in own.items() if not (is_number(area) and area >= 0)]
    wrong += [form for form, count in held.items() if not (is_number(count) and count >= 1 and count % 1 == 0)]
    if wrong:
        raise DataError("graves.bad_form", forms=", ".join(wrong))
    counts = {form: int(held.get(form, _URNS.get(form, 1))) for form in FORMS}
    return {form: BurialForm(form, _land(form, figures, own), counts[form]) for form in FORMS}


def _land(form: str, figures: Mapping[str, float], own: Mapping[str, float]) -> float:
    if form == "sea":
        return 0.0
    figure = _OWN_FIGURE.format(form=form.replace("_", "-"))
    said = (own.get(form), figures.get(figure), figures.get(_LAND.get(form, "")))
    return next((float(given) for given in said if given is not None), float("nan"))


def check_forms(names: Iterable[str]) -> None:
    """DataError for a form that nobody knows."""
    unknown = [name for name in names if name not in FORMS]
    if unknown:
        raise DataError("graves.unknown_form", form=unknown[0], known=", ".join(FORMS))


def two_forms(eco_share: float) -> Shares:
    """Everywhere and always alike: a share takes a niche, the rest a grave."""
    if not (is_number(eco_share) and 0 <= eco_share <= 1):
        raise DataError("graves.bad_share", share=eco_share)
    alike = {"grave": 1 - eco_share, "niche": float(eco_share)}
    return {(level, period): alike for level in LEVELS for period in PERIODS}


def shares_by_level(given: Mapping[tuple[str, str], Mapping[str, float]]) -> Shares:
    """Shares by level and period, checked; ``far`` goes by ``near`` where it is silent, ``later`` by ``far``.

    DataError where a form is unknown, a share is no number from 0 to 1, or the shares do not add up to 1.
    """
    made: dict[tuple[str, str], Mapping[str, float]] = {}
    for level in dict.fromkeys(level for level, _ in given):
        before: Mapping[str, float] | None = None
        for period in PERIODS:
            shares = given.get((level, period), before)
            if shares is None:
                raise DataError("graves.no_shares", level=level, period=period)
            _check_sum(shares, level, period)
            made[level, period] = before = shares
    return made


def _check_sum(shares: Mapping[str, float], level: str, period: str) -> None:
    check_forms(shares)
    if not all(is_number(s) and 0 <= s <= 1 for s in shares.values()) or abs(sum(shares.values()) - 1) > _OFF:
        said = ", ".join(f"{form} {share}" for form, share in shares.items())
        raise DataError("graves.bad_shares", level=level, period=period, shares=said or "-")


def shares_of_figures(figures: Mapping[str, float]) -> dict[tuple[str, str], dict[str, float]]:
    """The shares that a rule set has as figures ``form-share-LEVEL-PERIOD-FORM``; other forms receive none."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for level in LEVELS:
        for period in PERIODS:
            names = {form: f"form-share-{level}-{period}-{form.replace('_', '-')}" for form in FORMS}
            some = {form: float(figures[name]) for form, name in names.items() if name in figures}
            if some:
                found[level, period] = some
    return found


def apportion(total: int, parts: FloatArray) -> IntArray:
    """A whole number shared out in proportion to some parts, the largest remainders first; nothing is lost.

    Ties go to the earlier part. All parts 0: everything goes to the first.
    """
    if not len(parts):
        return np.empty(0, dtype=np.int64)
    weight = parts if parts.sum() > 0 else np.eye(1, len(parts))[0]
    # A hair beside a whole number is rounding, not somebody more.
    return whole_numbers(np.round(total * weight / weight.sum(), 6), total)
