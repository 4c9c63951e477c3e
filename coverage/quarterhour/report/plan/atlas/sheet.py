"""A sheet of the atlas as plain values, before anybody draws it: frame, what is drawn, legend, panel.

A sheet can be handed to another process.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from quarterhour.base.arrays import FloatArray
from quarterhour.report.papers.map_sheet import Mark

PAGE_CM = (42.0, 29.7)
"""A3 across."""
MAP_LEFT, MAP_LOW, MAP_WIDE, MAP_HIGH = 1.7, 1.75, 28.2, 24.95
PANEL_LEFT, PANEL_WIDE = 30.7, 10.3
"""Where map and panel stand on the page, in centimetres."""
_STEPS = (1, 1.1, 1.2, 1.4, 1.6, 1.8, 2, 2.2, 2.5, 2.8, 3, 3.5, 4, 4.5, 5, 5.5, 6, 7, 8, 9, 10)
_EDGE = 0.025


@dataclass(frozen=True, eq=False)
class Frame:
    """The ground that a map shows. ``window``: west, south, east, north in metres; ``scale``: one to so many."""

    window: tuple[float, float, float, float]
    scale: int

    @property
    def metres_per_cm(self) -> float:
        """How much ground a centimetre of the map shows."""
        return self.scale / 100

    def centimetres(self, points: FloatArray) -> FloatArray:
        """Points in metres as centimetres from the frame's lower left corner."""
        return np.asarray((points - np.array(self.window[:2])) / self.metres_per_cm, dtype=np.float64)


def frame_around(bounds: FloatArray) -> Frame:
    """The frame at a round scale that holds bounds (west, south, east, north in metres) with an edge around them."""
    size = np.maximum(bounds[2:] - bounds[:2], 400.0) * (1 + 2 * _EDGE)
    scale = _round_scale(max(size[0] / MAP_WIDE, size[1] / MAP_HIGH) * 100)
    middle, half = (bounds[:2] + bounds[2:]) / 2, np.array([MAP_WIDE, MAP_HIGH]) * scale / 200
    west, south, east, north = (*(middle - half), *(middle + half))
    return Frame((float(west), float(south), float(east), float(north)), scale)


def _round_scale(least: float) -> int:
    power = 10.0 ** math.floor(math.log10(least))
    return round(next(step * power for step in _STEPS if step * power >= least * (1 - 1e-9)))


@dataclass(frozen=True, eq=False)
class Areas:
    """Polygons as one path: ``corners`` and matplotlib's ``codes``."""

    corners: FloatArray
    codes: npt.NDArray[np.uint8]
    face: str = "none"
    edge: str = "none"
    width: float = 0.5
    order: float = 2.0
    alpha: float = 1.0


@dataclass(frozen=True, eq=False)
class Strokes:
    """Lines of a colour and a width in points."""

    lines: tuple[FloatArray, ...]
    colour: str
    width: float
    order: float = 2.5


@dataclass(frozen=True, eq=False)
class Points:
    """Marks of matplotlib at points; ``size`` in points across. ``keeps``: names keep off them."""

    points: FloatArray
    marker: str
    face: str
    edge: str = "none"
    size: float = 4.0
    order: float = 6.0
    keeps: bool = False


@dataclass(frozen=True, eq=False)
class Names:
    """Names at points, those before others; one that would cover another is left out, or with ``roam`` moved.

    ``below_cm``: how far below its point a name stands.
    """

    points: FloatArray
    texts: tuple[str, ...]
    size: float
    bold: bool = False
    roam: bool = False
    colour: str = ""
    below_cm: float = 0.0


@dataclass(frozen=True, eq=False)
class Numbers:
    """Numbered discs at points; moved apart where they would cover one another, a line to where they lie."""

    points: FloatArray
    numbers: tuple[int, ...]
    edges: tuple[str, ...]
    size_cm: float = 0.42


@dataclass(frozen=True, eq=False)
class Base:
    """A picture of land, sea and roads that fills a window, drawn once for all sheets that show it."""

    picture: npt.NDArray[np.uint8]
    window: tuple[float, float, float, float]


Drawn: TypeAlias = Base | Areas | Strokes | Points | Names | Numbers


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the panel. ``widths``: shares of the panel; the first column and ``left`` stand left."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    left: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True)
class Lines:
    """Sentences of the panel."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imprint:
    """What stands on every sheet of an atlas: the plan, the source with the date of reference, the CRS, the ribbon."""

    plan: str
    source: str
    crs: str
    ribbon: str = ""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A sheet of the atlas. ``number``: as it stands on it. ``map_crs``: EPSG code or WKT of the frame's metres."""

    stem: str
    number: str
    title: str
    line: str
    frame: Frame
    map_crs: str
    drawn: tuple[Drawn, ...]
    legend: tuple[Mark, ...]
    panel: tuple[Table | Lines, ...]
    imprint: Imprint
    lang: str
