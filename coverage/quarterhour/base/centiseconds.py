"""Units of time: minutes outside, whole centiseconds inside."""

from __future__ import annotations

CENTISECONDS_PER_MINUTE = 6000
"""Times are whole centiseconds inside: sums are exact, and 15 minutes are 15 minutes."""


def centiseconds(minutes: float) -> int:
    """Minutes as whole centiseconds."""
    return round(minutes * CENTISECONDS_PER_MINUTE)
