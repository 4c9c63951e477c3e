"""Groups of ages as offices write them: 60-64, 60～64岁, 85岁及以上, 85+."""

from __future__ import annotations

import re
from dataclasses import dataclass

WIDTH = 5
"""Years of a group: what censuses publish, and the step of a forecast."""
OLDER, OLDEST = 60, 80
_DASH = r"\s*(?:-|－|−|‐|–|—{1,2}|―|~|～|至|到|to)\s*"
_YEARS = r"\s*(?:周?岁|years?|yrs?)?\s*"
_CLOSED = re.compile(rf"(\d{{1,3}}){_YEARS}{_DASH}(\d{{1,3}}){_YEARS}", re.IGNORECASE)
_OPEN = re.compile(
    rf"(?:[≥>]=?\s*)(\d{{1,3}}){_YEARS}|(\d{{1,3}}){_YEARS}(?:\+|＋|及以上|以上|and\s+(?:over|above|older))(?:人口数?|人数)?",
    re.IGNORECASE,
)
_SINGLE = re.compile(r"(\d{1,3})\s*(?:周?岁|years?)?", re.IGNORECASE)
_OLDEST_KNOWN = 130


@dataclass(frozen=True, slots=True, order=True)
class AgeGroup:
    """Ages from ``first`` to ``last`` in whole years, both in it; ``last`` is None where the group has no end."""

    first: int
    last: int | None

    def __str__(self) -> str:
        return f"{self.first}+" if self.last is None else f"{self.first}-{self.last}"


def age_group(text: str) -> AgeGroup | None:
    """The group that a text names; None for what is no group of ages.

    >>> str(age_group("60～64岁")), str(age_group("85岁及以上")), age_group("2026-05-09")
    ('60-64', '85+', None)
    """
    plain = text.strip().replace("＞", ">")
    if found := _CLOSED.fullmatch(plain):
        first, last = int(found[1]), int(found[2])
        return AgeGroup(first, last) if first <= last <= _OLDEST_KNOWN else None
    if found := _OPEN.fullmatch(plain):
        first = int(found[1] or found[2])
        return AgeGroup(first, None) if first <= _OLDEST_KNOWN else None
    found = _SINGLE.fullmatch(plain)
    return AgeGroup(int(found[1]), int(found[1])) if found and int(found[1]) <= _OLDEST_KNOWN else None


def five_year_first(age: int) -> int:
    """The first age of the five years that an age lies in."""
    return age - age % WIDTH
