"""Units of time: minutes outside, whole centiseconds inside."""

from __future__ import annotations

import numpy as np

CENTISECONDS_PER_MINUTE = 6000
"""Times are whole centiseconds inside: sums are exact, and 15 minutes are 15 minutes."""


def centiseconds(minutes: float) -> int:
    """Minutes as whole centiseconds."""
    plain = minutes.item() if isinstance(minutes, np.generic) else minutes  # numpy's int8 ends at 127
    return round(plain * CENTISECONDS_PER_MINUTE)
