"""People on some ground shared out among areas: by the ground that they have in common, totals kept.

::

    source, 100 people        areas A and B             A 75, B 20, outside 5
    +---------+               +------+--+
    |         |               |  A   |B |
    +---------+               +------+--+ (B is narrower than the rest of the source)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from quarterhour.base.arrays import FloatArray, IntArray

Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Shared:
    """``people`` of each area; ``outside`` all of them; ``known``: the share of each area's ground that was told of."""

    people: FloatArray
    outside: float
    known: FloatArray


def whole_numbers(parts: FloatArray, total: int) -> IntArray:
    """Parts that add up to a whole number as whole numbers that do: the largest remainders are rounded up.

    Of equal remainders the first goes up. ValueError where the parts do not add up to the total.

    >>> whole_numbers(np.array([1.4, 1.4, 1.2]), 4).tolist()
    [2, 1, 1]
    """
    whole = np.floor(parts).astype(np.int64)
    left = total - int(whole.sum())
    if not 0 <= left <= len(parts) or abs(float(parts.sum()) - total) > 0.5 + 1e-6 * total:
        raise ValueError(f"{parts.sum()} is not {total}")
    whole[np.argsort(-(parts - whole), kind="stable")[:left]] += 1
    return whole


def apart(areas: Shapes) -> tuple[Shapes, FloatArray]:
    """Areas without the ground that an earlier one has too, and which share of each that was."""
    one, other = shapely.STRtree(areas).query(areas, predicate="intersects")
    first, later = one[one < other], other[one < other]
    common = shapely.area(shapely.intersection(areas[first], areas[later])) > 0
    trimmed = areas.copy()
    for earlier, place in zip(first[common], later[common], strict=True):
        trimmed[place] = shapely.difference(trimmed[place], areas[earlier])
    whole = shapely.area(areas)
    return trimmed, _ratio(whole - shapely.area(trimmed), whole)


def share_out(sources: Shapes, people: FloatArray, areas: Shapes) -> Shared:
    """The people of sources shared out among areas that do not overlap.

    A polygon's people lie evenly on its ground; those of a point go to the first area that holds it. What no area has
    is ``outside``, so that all add up to what the sources had.
    """
    source, area = shapely.STRtree(areas).query(sources, predicate="intersects")
    ground = shapely.area(sources)
    common = shapely.area(shapely.intersection(sources[source], areas[area]))
    weight = np.where(ground[source] > 0, _ratio(common, ground[source]), _firsts(source, area))
    parts = _sums(area, weight * people[source], len(areas))
    known = np.minimum(_ratio(_sums(area, common, len(areas)), shapely.area(areas)), 1.0)
    outside = max(0.0, float(people.sum() - parts.sum()))
    return Shared(parts, outside, known if (ground > 0).any() else np.ones(len(areas)))


def _sums(of: npt.NDArray[Any], values: FloatArray, count: int) -> FloatArray:
    return np.bincount(of, weights=values, minlength=count).astype(float)


def _firsts(source: npt.NDArray[Any], area: npt.NDArray[Any]) -> FloatArray:
    """1 for each source's first area, 0 for further ones."""
    order = np.lexsort((area, source))
    first = np.r_[True, source[order][1:] != source[order][:-1]] if len(order) else np.zeros(0, bool)
    found = np.zeros(len(order))
    found[order[first]] = 1.0
    return found


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.asarray(np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0))
