"""What plans count and are to be best at, as it is read: older people, graves, most of them covered."""

from __future__ import annotations

from collections.abc import Mapping

from quarterhour.base import i18n


def unit_said(unit: str, lang: str) -> str:
    """A unit as it stands behind a number: 人, 穴, older people; one that nobody knows is its own name."""
    return _said("unit", unit, lang)


def counted_said(unit: str, lang: str) -> str:
    """What is counted, as it stands in a sentence: 老年人, 墓穴, older people."""
    return _said("counted", unit, lang)


def goal_said(objective: str, unit: str, lang: str, *, placed: bool = False) -> str:
    """What a plan is to be best at, with what it counts; ``placed``: where sites have room for so many."""
    key = f"labels.goal_{objective}"
    own = f"{key}_room" if placed and i18n.entry(f"{key}_room") else key
    return i18n.say(own, lang, counted=counted_said(unit, lang))


def unit_words(unit: str) -> Mapping[str, str]:
    """A unit in both languages, for a message."""
    return {lang: unit_said(unit, lang) for lang in i18n.LANGUAGES}


def _said(what: str, unit: str, lang: str) -> str:
    found = i18n.entry(f"labels.{what}_{unit}")
    return unit if found is None else found[lang]
