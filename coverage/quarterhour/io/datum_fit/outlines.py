"""Whether places come to lie in the towns that they name when they are read otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quarterhour.base.arrays import AnyArray, FloatArray
from quarterhour.io.datum_fit.fits import Fit, Placed
from quarterhour.io.ground import Ground

_FEWEST = 4
_EXCUSED_M = 60.0
"""Outlines are drawn by hand: so far outside is not outside."""
_MOVED_IN = 5


def by_outlines(
    now: Placed, others: Sequence[Placed], town: AnyArray, ground: Ground, *, confirmed: bool, around: FloatArray
) -> Fit | None:
    """The reading that brings places into their towns: many that lay outside, and hardly one that lay inside goes.

    Where the roads confirm the declared reading, only outlines that are shifted themselves explain it. ``around``:
    other shifts, of which none may do as well.
    """
    some = town >= 0
    if some.sum() < _FEWEST:
        return None

    def outside(x: FloatArray, y: FloatArray) -> AnyArray:
        return np.asarray(ground.outside_m(x, y, town)[some] > _EXCUSED_M)

    mine = outside(now.x, now.y)
    if mine.sum() < _MOVED_IN:
        return None
    least = min(int(outside(now.x + dx, now.y + dy).sum()) for dx, dy in around)
    found: list[tuple[int, Fit]] = []
    for other in others:
        theirs = outside(other.x, other.y)
        came, went = int((mine & ~theirs).sum()), int((theirs & ~mine).sum())
        clear = came >= _MOVED_IN and went * 10 <= came and theirs.mean() <= 0.05
        if clear and theirs.sum() <= least and (other.reading.roads or not confirmed):
            inside = (float((~mine).sum()), float((~theirs).sum()))
            found.append((int(theirs.sum()), Fit(other.reading, "outlines", 0.0, *inside, int(some.sum()))))
    return min(found, key=lambda f: f[0])[1] if found else None
