"""Names on a map, where they do not cover one another, and numbered marks pushed apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import shapely

from quarterhour.base.arrays import FloatArray
from quarterhour.report.papers.blocks import text_width_em
from quarterhour.report.papers.ground import CM_PER_INCH, Measured
from quarterhour.report.papers.map_sheet import INK

_LEADING = 1.25
_PUSHES = 60
_AROUND = tuple((right * ring, up * ring) for ring in (1.0, 2.0, 3.0, 4.0)
                for right, up in ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)))  # fmt: skip
Box: TypeAlias = tuple[float, float, float, float]
"""Left, low, right, high in centimetres of the map."""


def inner_points(shapes: Any) -> FloatArray:
    """A point well inside each polygon: the middle of the largest circle in its largest part."""
    return np.array([_inner(shape) for shape in shapes]).reshape(-1, 2)


def _inner(shape: shapely.Geometry) -> tuple[float, float]:
    parts = shapely.get_parts(shape)
    largest = parts[np.argmax(shapely.area(parts))]
    reach = max(largest.bounds[2] - largest.bounds[0], largest.bounds[3] - largest.bounds[1])
    line = shapely.maximum_inscribed_circle(largest, tolerance=reach / 50)
    x, y = shapely.get_coordinates(line)[0]
    return float(x), float(y)


def write_labels(
    axes: Any,
    ground: Measured,
    points: FloatArray,
    labels: Sequence[str],
    *,
    points_high: float,
    bold: bool = False,
    roam: bool = False,
    taken: Sequence[Box] = (),
    colours: Sequence[tuple[str, str]] | None = None,
) -> list[Box]:
    """Write labels at points (metres), the first before the others; one that would cover another is left out,
    or with ``roam`` moved a little.

    The boxes taken, in centimetres of the map, with those of ``taken``: names that stand there already.
    """
    boxes = list(taken)
    for place, label in enumerate(labels):
        at = _free_place(points[place], label, ground, points_high, boxes, roam=roam)
        if at is not None:
            boxes.append(_box(ground.centimetres(at), label, points_high))
            _write(axes, at, label, points_high, bold=bold, colours=colours[place] if colours else (INK, "white"))
    return boxes


def _free_place(
    point: FloatArray, label: str, ground: Measured, points_high: float, boxes: Sequence[Box], *, roam: bool
) -> FloatArray | None:
    """The point, or with ``roam`` the nearest of the places around it, at which a label covers no other."""
    step = points_high / 72 * CM_PER_INCH * ground.metres_per_cm
    tried = [(0.0, 0.0), *(_AROUND if roam else ())]
    for right, up in tried:
        at = point + np.array([right, up]) * step
        box = _box(ground.centimetres(at), label, points_high)
        if np.isfinite(at).all() and not any(_overlap(box, other) for other in boxes):
            return at
    return None


def _write(axes: Any, at: FloatArray, label: str, points_high: float, *, bold: bool, colours: tuple[str, str]) -> None:
    from matplotlib.patheffects import withStroke

    letters, rim = colours
    axes.text(*at, label, size=points_high, weight="bold" if bold else "normal", ha="center", va="center",
              color=letters, zorder=12, linespacing=_LEADING,
              path_effects=[withStroke(linewidth=points_high / 4, foreground=rim)])  # fmt: skip


def _box(middle: FloatArray, label: str, points_high: float) -> Box:
    em, lines = points_high / 72 * CM_PER_INCH, label.split("\n")
    half_wide, half_high = max(map(text_width_em, lines)) * em / 2, len(lines) * em * _LEADING / 2
    return (middle[0] - half_wide, middle[1] - half_high, middle[0] + half_wide, middle[1] + half_high)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def pushed_apart(points: FloatArray, distance: float) -> FloatArray:
    """Points moved until they lie ``distance`` from one another, or nearly; the same from the same points."""
    moved = points.astype(float).copy()
    turn = np.arange(len(points)) * 2.399963  # the golden angle: who lie on one spot part in different directions
    moved += np.column_stack([np.cos(turn), np.sin(turn)]) * distance * 1e-3
    for _ in range(_PUSHES):
        away = moved[:, None] - moved[None]
        apart = np.hypot(away[..., 0], away[..., 1])
        np.fill_diagonal(apart, np.inf)
        short = np.clip(distance - apart, 0, None)
        if not short.any():
            break
        moved += (away / apart[..., None] * (short / 2)[..., None]).sum(axis=1)
    return moved
