"""How many sites each region gets: the division of a number that is worth most, by the regions' frontiers.

Frontiers need not be concave, so it is found by dynamic programming over regions and not by marginal gains alone;
where they are concave, it is the division at which one more site gains about the same everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quarterhour.base.arrays import IntArray

_IMPOSSIBLE = -(2**62)


def divide(worth: Sequence[IntArray], most: int) -> tuple[int, IntArray] | None:
    """The largest sum of one entry a region whose positions add up to ``most`` at the most, and these positions.

    ``worth``: by region what 0, 1, 2, ... sites are worth; below 0: not to be had. Among equals the division that
    gives the last regions least. None where no division can be had.
    """
    best = np.full(most + 1, _IMPOSSIBLE, dtype=np.int64)
    best[0] = 0
    taken: list[IntArray] = []
    for region in worth:
        best, number = _with_region(best, region)
        taken.append(number)
    end = int(best.argmax())
    if best[end] < 0:
        return None
    total, numbers = int(best[end]), np.zeros(len(worth), dtype=np.int64)
    for r in range(len(worth) - 1, -1, -1):
        numbers[r] = taken[r][end]
        end -= int(numbers[r])
    return total, numbers


def _with_region(before: IntArray, worth: IntArray) -> tuple[IntArray, IntArray]:
    """The best sum at each number in all with one more region, and how many of these are the region's."""
    best = np.full(len(before), _IMPOSSIBLE, dtype=np.int64)
    number = np.zeros(len(before), dtype=np.int64)
    for n in np.flatnonzero(worth[: len(before)] >= 0).tolist():
        sums = np.where(before[: len(before) - n] < 0, _IMPOSSIBLE, before[: len(before) - n] + worth[n])
        better = sums > best[n:]
        best[n:][better], number[n:][better] = sums[better], n
    return best, number
