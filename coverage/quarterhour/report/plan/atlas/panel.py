"""The panel beside a map of the atlas: legend, tables, sentences, and at its foot scale and north."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quarterhour.report.papers.blocks import plain_text, text_width_em
from quarterhour.report.papers.ground import CM_PER_INCH
from quarterhour.report.papers.map_sheet import FAINT, INK, Mark, round_length
from quarterhour.report.plan.atlas.sheet import MAP_HIGH, MAP_LOW, PANEL_LEFT, PANEL_WIDE, Lines, Sheet, Table
from quarterhour.report.section import say_of

_TOP, _FOOT = MAP_LOW + MAP_HIGH + 0.6, MAP_LOW - 0.6 + 2.05
_ROW, _LEGEND_ROW, _TITLE = 0.44, 0.52, 0.72
_TEXT_PT, _TITLE_PT = 7.6, 10.0
_EM = _TEXT_PT / 72 * CM_PER_INCH
_INSIDE = PANEL_WIDE - 0.7


def draw_panel(page: Any, sheet: Sheet) -> None:
    """Everything of the panel from its top down; what has no room is left to the tables, and said so."""
    y = _draw_legend(page, sheet, _TOP - 0.15)
    for block in sheet.panel:
        y = _draw_table(page, block, y, sheet.lang) if isinstance(block, Table) else _draw_lines(page, block, y)
    _draw_scale(page, sheet)


def _title(page: Any, text: str, y: float) -> float:
    page.text(
        PANEL_LEFT + 0.35, y - _TITLE / 2, plain_text(text), size=_TITLE_PT, weight="bold", color=INK, va="center"
    )
    return y - _TITLE


def _draw_legend(page: Any, sheet: Sheet, y: float) -> float:
    if not sheet.legend:
        return y
    y = _title(page, say_of("plan_sheets", "legend", sheet.lang), y)
    columns = 2 if max(text_width_em(mark.text) for mark in sheet.legend) * _EM < _INSIDE / 2 - 0.75 else 1
    rows = -(-len(sheet.legend) // columns)
    for place, mark in enumerate(sheet.legend):
        x = PANEL_LEFT + 0.65 + place // rows * _INSIDE / 2
        _draw_mark(page, mark, x, y - (place % rows + 0.5) * _LEGEND_ROW)
    return y - rows * _LEGEND_ROW - 0.15


def _draw_mark(page: Any, mark: Mark, x: float, y: float) -> None:
    from matplotlib.patches import Rectangle

    if mark.shape == "area":
        page.add_artist(
            Rectangle((x - 0.28, y - 0.15), 0.56, 0.3, facecolor=mark.face, edgecolor=mark.edge, linewidth=0.6)
        )
    elif mark.shape == "line":
        page.plot([x - 0.28, x + 0.28], [y, y], color=mark.face, linewidth=mark.size)
    elif mark.shape:
        page.plot([x], [y], marker=mark.shape, markersize=mark.size, color=mark.face, markeredgecolor=mark.edge,
                  markeredgewidth=0.8, linestyle="none")  # fmt: skip
    page.text(x + 0.45, y, plain_text(mark.text), size=_TEXT_PT, color=INK, va="center")


def _draw_table(page: Any, table: Table, y: float, lang: str) -> float:
    """A table, its rows as far as there is room."""
    from matplotlib.patches import Rectangle

    if not table.rows or y - _TITLE - 2 * _ROW < _FOOT:
        return y
    y = _title(page, table.title, y)
    left, wide = PANEL_LEFT + 0.35, _INSIDE
    edges = [left]
    for share in table.widths:
        edges.append(edges[-1] + share * wide / sum(table.widths))
    heads = [_folded(text, edges[i + 1] - edges[i]) for i, text in enumerate(table.heads)]
    high = _high(heads)
    page.add_artist(Rectangle((left, y - high), wide, high, facecolor="#e7eef5", edgecolor="none"))
    _draw_row(page, ["\n".join(h) for h in heads], edges, y, table.left, bold=True, high=high)
    y -= high
    for row in table.rows:
        cells = [_folded(text, edges[i + 1] - edges[i]) for i, text in enumerate(row)]
        high = _high(cells)
        if y - high - _ROW < _FOOT:
            page.text(left + 0.08, y - _ROW / 2, say_of("plan_sheets", "rest_in_tables", lang), size=_TEXT_PT - 0.6,
                      color=FAINT, va="center")  # fmt: skip
            return y - _ROW - 0.1
        _draw_row(page, ["\n".join(c) for c in cells], edges, y, table.left, high=high)
        y -= high
        page.plot([left, left + wide], [y, y], color="#c9d1da", linewidth=0.4)
    return y - 0.15


def _high(cells: Sequence[Sequence[str]]) -> float:
    """How high a row of folded cells is."""
    return _ROW + (max(map(len, cells), default=1) - 1) * 0.3


def _folded(text: str, wide: float) -> list[str]:
    """A text in as many lines as it needs in a column."""
    room, lines = (wide - 0.16) / _EM, [""]
    for letter in plain_text(text):
        if text_width_em(lines[-1] + letter) > room and lines[-1]:
            lines.append("")
        lines[-1] += letter
    return lines


def _draw_row(
    page: Any, texts: Sequence[str], edges: Sequence[float], y: float, left: Sequence[int], *, bold: bool = False,
    high: float = _ROW,
) -> None:  # fmt: skip
    for place, text in enumerate(texts):
        at_left = place in left
        x = edges[place] + 0.08 if at_left else edges[place + 1] - 0.08
        page.text(x, y - high / 2, text, size=_TEXT_PT, color=INK, weight="bold" if bold else "normal", va="center",
                  ha="left" if at_left else "right", linespacing=1.1)  # fmt: skip


def _draw_lines(page: Any, block: Lines, y: float) -> float:
    if not block.lines or y - _TITLE - _ROW < _FOOT:
        return y
    y = _title(page, block.title, y)
    for line in block.lines:
        folded = _folded(line, _INSIDE)
        if y - len(folded) * 0.36 < _FOOT:
            break
        for text in folded:
            page.text(PANEL_LEFT + 0.43, y - 0.2, text, size=_TEXT_PT, color=INK, va="center")
            y -= 0.36
        y -= 0.06
    return y - 0.15


def _draw_scale(page: Any, sheet: Sheet) -> None:
    """The scale in figures and as a bar of a round length, and north beside it."""
    from matplotlib.patches import Polygon, Rectangle

    low = MAP_LOW - 0.6
    page.plot([PANEL_LEFT, PANEL_LEFT + PANEL_WIDE], [low + 1.95, low + 1.95], color=INK, linewidth=0.6)
    length_m = round_length(6.0 * sheet.frame.metres_per_cm)
    wide, x, y = length_m / sheet.frame.metres_per_cm, PANEL_LEFT + 0.6, low + 0.5
    for part in range(4):
        page.add_artist(Rectangle((x + part * wide / 4, y), wide / 4, 0.13, facecolor=INK if part % 2 == 0 else "white",
                                  edgecolor=INK, linewidth=0.5))  # fmt: skip
    for share in (0, 0.5, 1):
        metres = length_m * share
        said = f"{metres / 1000:g}" if length_m >= 1000 else f"{metres:g}"
        unit = ("km" if length_m >= 1000 else "m") if share == 1 else ""
        page.text(x + wide * share, y + 0.2, f"{said} {unit}".strip(), size=7, color=INK, ha="center", va="bottom")
    scale = say_of("plan_sheets", "scale", sheet.lang, scale=sheet.frame.scale)
    page.text(x, low + 1.45, scale, size=9, weight="bold", color=INK, va="center")
    tip = PANEL_LEFT + PANEL_WIDE - 0.9
    page.add_artist(Polygon([(tip, low + 1.5), (tip - 0.22, low + 0.6), (tip, low + 0.8), (tip + 0.22, low + 0.6)],
                            facecolor=INK, edgecolor="none"))  # fmt: skip
    page.text(tip, low + 0.35, say_of("plan_sheets", "north", sheet.lang), size=8, color=INK, ha="center", va="center")
