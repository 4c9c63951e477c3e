"""A sheet of the atlas drawn: map, grid, panel, what it rests on; as PDF and as PNG."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from quarterhour.base.arrays import FloatArray
from quarterhour.report.papers.blocks import plain_text
from quarterhour.report.papers.ground import CM_PER_INCH, bare_axes
from quarterhour.report.papers.map_labels import Box, pushed_apart, write_labels
from quarterhour.report.papers.map_sheet import FAINT, INK, RIBBON, as_png, drawing, page_axes
from quarterhour.report.plan.atlas.graticule import Graticule, build_graticule
from quarterhour.report.plan.atlas.panel import draw_panel
from quarterhour.report.plan.atlas.sheet import (
    MAP_HIGH,
    MAP_LEFT,
    MAP_LOW,
    MAP_WIDE,
    PAGE_CM,
    PANEL_LEFT,
    PANEL_WIDE,
    Areas,
    Base,
    Frame,
    Names,
    Numbers,
    Points,
    Sheet,
    Strokes,
)

DPI = 150
MAKER = "Quarterhour"
"""Written into every sheet, so that a later atlas knows which files are the program's."""
_CORNER = 0.9
"""Centimetres from a corner within which no degree is written."""
_SEA, _GRID = "#e3eef4", "#8795a5"
_POINTS_PER_CM = 72 / CM_PER_INCH


@dataclass(frozen=True, slots=True)
class Drawing:
    """A sheet drawn. ``pdf`` keeps letters as letters."""

    pdf: bytes
    png: bytes


def draw_sheet(sheet: Sheet, fonts: tuple[str, ...]) -> Drawing:
    """A sheet as PDF and PNG; the same sheet gives the same bytes on a machine."""
    with drawing(fonts):
        figure = _laid_out(sheet)
        return Drawing(_as_pdf(figure, sheet), as_png(figure, DPI, software=MAKER))


def _as_pdf(figure: Any, sheet: Sheet) -> bytes:
    buffer = io.BytesIO()
    told = {"CreationDate": None, "Creator": MAKER, "Producer": None, "Title": plain_text(sheet.title)}
    figure.savefig(buffer, format="pdf", dpi=DPI, metadata=told)
    return buffer.getvalue()


def _laid_out(sheet: Sheet) -> Any:
    from matplotlib.figure import Figure

    wide, high = PAGE_CM
    figure = Figure(figsize=(wide / CM_PER_INCH, high / CM_PER_INCH), dpi=DPI, facecolor="white")
    place = (MAP_LEFT / wide, MAP_LOW / high, MAP_WIDE / wide, MAP_HIGH / high)
    axes = bare_axes(figure, place, sheet.frame.window)
    grid = build_graticule(sheet.frame, sheet.map_crs)
    _draw_map(axes, sheet, grid)
    page = page_axes(figure, wide, high)
    _draw_frames(page)
    _draw_grid_labels(page, sheet.frame, grid)
    _write_head(page, sheet)
    draw_panel(page, sheet)
    page.text(MAP_LEFT, 0.62, plain_text(sheet.imprint.source), size=7, color=FAINT, va="center")
    page.text(
        PANEL_LEFT + PANEL_WIDE, 0.62, plain_text(sheet.imprint.crs), size=7, color=FAINT, va="center", ha="right"
    )
    return figure


# --- the map --------------------------------------------------------------------------------------


def _draw_map(axes: Any, sheet: Sheet, grid: Graticule) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Rectangle

    west, south, east, north = sheet.frame.window
    axes.add_artist(Rectangle((west, south), east - west, north - south, facecolor=_SEA, edgecolor="none", zorder=0))
    taken: list[Box] = []
    for drawn in sorted(sheet.drawn, key=_late):
        if isinstance(drawn, Numbers):
            taken += _draw_numbers(axes, drawn, sheet.frame)
        elif isinstance(drawn, Names):
            taken = _draw_names(axes, drawn, sheet.frame, taken)
        else:
            _draw(axes, drawn)
            taken += _kept_off(drawn, sheet.frame)
    axes.add_collection(LineCollection(list(grid.lines), colors=_GRID, linewidths=0.3, alpha=0.6, zorder=3.5),
                        autolim=False)  # fmt: skip


def _kept_off(drawn: object, frame: Frame) -> list[Box]:
    """The boxes of marks that names keep off."""
    if not isinstance(drawn, Points) or not drawn.keeps:
        return []
    half = drawn.size / _POINTS_PER_CM / 2
    return [(x - half, y - half, x + half, y + half) for x, y in frame.centimetres(drawn.points).tolist()]


def _late(drawn: object) -> int:
    """Numbers first of what takes room, then names: they give way."""
    return 2 if isinstance(drawn, Names) else 1 if isinstance(drawn, Numbers) else 0


def _draw(axes: Any, drawn: Any) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if isinstance(drawn, Base):
        west, south, east, north = drawn.window
        axes.imshow(drawn.picture, extent=(west, east, south, north), aspect="auto", zorder=1, interpolation="none")
    elif isinstance(drawn, Areas) and len(drawn.corners):
        path = Path(drawn.corners, drawn.codes)
        axes.add_artist(PathPatch(path, facecolor=drawn.face, edgecolor=drawn.edge, linewidth=drawn.width,
                                  alpha=drawn.alpha, zorder=drawn.order, joinstyle="round"))  # fmt: skip
    elif isinstance(drawn, Strokes) and drawn.lines:
        axes.add_collection(LineCollection(list(drawn.lines), colors=drawn.colour, linewidths=drawn.width,
                                           zorder=drawn.order), autolim=False)  # fmt: skip
    elif isinstance(drawn, Points) and len(drawn.points):
        axes.plot(drawn.points[:, 0], drawn.points[:, 1], linestyle="none", marker=drawn.marker, markersize=drawn.size,
                  color=drawn.face, markeredgecolor=drawn.edge, markeredgewidth=0.6 if drawn.edge != "none" else 0.0,
                  zorder=drawn.order)  # fmt: skip


def _draw_names(axes: Any, names: Names, frame: Frame, taken: list[Box]) -> list[Box]:
    inside = [i for i, box in enumerate(frame.centimetres(names.points)) if _within(box)]
    colours = [(names.colour or INK, "white")] * len(inside)
    points = names.points[inside] - np.array([0.0, names.below_cm * frame.metres_per_cm])
    return write_labels(axes, frame, points, [names.texts[i] for i in inside], points_high=names.size,
                        bold=names.bold, roam=names.roam, taken=taken, colours=colours)  # fmt: skip


def _within(point: FloatArray, edge: float = 0.3) -> bool:
    return bool(edge < point[0] < MAP_WIDE - edge and edge < point[1] < MAP_HIGH - edge)


def _draw_numbers(axes: Any, drawn: Numbers, frame: Frame) -> list[Box]:
    from matplotlib.lines import Line2D

    inside = [i for i, at in enumerate(frame.centimetres(drawn.points)) if np.isfinite(at).all() and _within(at, 0.0)]
    points = drawn.points[inside]
    if not len(points):
        return []
    shown, half = pushed_apart(points, drawn.size_cm * frame.metres_per_cm), drawn.size_cm / 2
    boxes = []
    for (x, y), (sx, sy), place in zip(points, shown, inside, strict=True):
        axes.add_artist(Line2D([x, sx], [y, sy], color=INK, linewidth=0.5, zorder=9))
        axes.plot(sx, sy, marker="o", markersize=drawn.size_cm * _POINTS_PER_CM * 0.95, color="white",
                  markeredgecolor=drawn.edges[place], markeredgewidth=1.3, zorder=10)  # fmt: skip
        number = drawn.numbers[place]
        axes.text(sx, sy, str(number), size=6.5 if number < 100 else 5.4, weight="bold", color=INK, ha="center",
                  va="center_baseline", zorder=11)  # fmt: skip
        cx, cy = frame.centimetres(np.array([sx, sy]))
        boxes.append((float(cx) - half, float(cy) - half, float(cx) + half, float(cy) + half))
    return boxes


# --- around the map -------------------------------------------------------------------------------


def _draw_frames(page: Any) -> None:
    from matplotlib.patches import Rectangle

    for out, width in ((0.0, 0.8), (0.6, 1.8)):
        page.add_artist(Rectangle((MAP_LEFT - out, MAP_LOW - out), MAP_WIDE + 2 * out, MAP_HIGH + 2 * out, fill=False,
                                  edgecolor=INK, linewidth=width))  # fmt: skip
    page.add_artist(Rectangle((PANEL_LEFT, MAP_LOW - 0.6), PANEL_WIDE, MAP_HIGH + 1.2, fill=False, edgecolor=INK,
                              linewidth=0.8))  # fmt: skip


def _draw_grid_labels(page: Any, frame: Frame, grid: Graticule) -> None:
    west, south, *_ = frame.window
    for side, at, text in grid.labels:
        upright = side in ("low", "high")
        along = (at - (west if upright else south)) / frame.metres_per_cm
        if not _CORNER < along < (MAP_WIDE if upright else MAP_HIGH) - _CORNER:
            continue
        if upright:
            x, y = MAP_LEFT + along, MAP_LOW - 0.3 if side == "low" else MAP_LOW + MAP_HIGH + 0.3
        else:
            x, y = MAP_LEFT - 0.3 if side == "left" else MAP_LEFT + MAP_WIDE + 0.3, MAP_LOW + along
        page.text(x, y, text, size=6.5, color=INK, ha="center", va="center", rotation=0 if upright else 90)


def _write_head(page: Any, sheet: Sheet) -> None:
    top = PAGE_CM[1]
    page.text(MAP_LEFT - 0.6, top - 0.95, plain_text(sheet.title), size=18, weight="bold", color=INK, va="center")
    page.text(MAP_LEFT - 0.6, top - 1.83, plain_text(sheet.line), size=9.5, color=FAINT, va="center")
    right = PANEL_LEFT + PANEL_WIDE
    page.text(right, top - 1.83, f"{plain_text(sheet.imprint.plan)}　{sheet.number}", size=9.5, color=INK, va="center",
              ha="right")  # fmt: skip
    if sheet.imprint.ribbon:
        page.text(right - 0.15, top - 0.95, sheet.imprint.ribbon, size=10, weight="bold", color="white", va="center",
                  ha="right", bbox={"facecolor": RIBBON, "edgecolor": "none", "pad": 4})  # fmt: skip
