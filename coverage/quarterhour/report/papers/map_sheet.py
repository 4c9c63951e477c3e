"""A map as it is printed: title, frame, legend, scale, north, what it rests on; as SVG and as PNG."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quarterhour.base import i18n
from quarterhour.report.papers.blocks import plain_text, text_width_em
from quarterhour.report.papers.ground import CM_PER_INCH, DOTS_PER_INCH, WIDTH_CM, Ground, bare_axes, draw_ground

INK, FAINT, RIBBON = "#1f2933", "#5b6675", "#b45309"
_TOP_CM, _LEGEND_ROW_CM, _FOOT_CM = 1.3, 0.46, 0.62
_SCALE_CM = 3.4
"""Room for the scale bar beside the legend."""
_SALT = "quarterhour"
_COLOURS, _NEARLY_WHITE = 128, 249
_COMMENT = re.compile(rb"\s*<!--.*?-->", re.DOTALL)
_TITLE_PT, _TEXT_PT, _SMALL_PT = 11.0, 7.5, 6.2


@dataclass(frozen=True, slots=True)
class Mark:
    """A row of a legend: ``shape`` is a marker of matplotlib, ``area``, or "" for words alone; ``size`` in points."""

    text: str
    face: str
    edge: str = "none"
    shape: str = "o"
    size: float = 5.0


@dataclass(frozen=True, eq=False)
class MapSheet:
    """A map: the file's stem, what is written around it, and what draws it onto axes over the ground."""

    stem: str
    title: str
    line: str
    legend: tuple[Mark, ...]
    draw: Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Imprint:
    """What every map of a run says: what it rests on with the date of reference, and that it is a demonstration."""

    source: str
    ribbon: str = ""


@dataclass(frozen=True, slots=True)
class Print:
    """A map as SVG (letters are outlines, so no font is needed to read it) and as PNG."""

    svg: bytes
    png: bytes


def print_sheet(sheet: MapSheet, ground: Ground, imprint: Imprint, *, fonts: Sequence[str], lang: str) -> Print:
    """A map drawn; the same results give the same bytes on a machine. ``fonts``: families, the best first."""
    with drawing(fonts):
        figure = _laid_out(sheet, ground, imprint, lang)
        return Print(_as_svg(figure), as_png(figure))


@contextlib.contextmanager
def drawing(fonts: Sequence[str]) -> Iterator[None]:
    """Matplotlib's own settings whatever the user's are; names are never taken for formulas ($x$)."""
    import matplotlib

    own: dict[str, Any] = {
        "font.family": list(fonts), "svg.hashsalt": _SALT, "svg.fonttype": "path", "text.parse_math": False,
        "text.usetex": False, "axes.unicode_minus": False, "legend.frameon": False,
    }  # fmt: skip
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        settings: Any = matplotlib.rcParams
        settings.update(own)
        # A letter that no font has is drawn as a box; a village's rare name is no reason for a run to end.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def _as_svg(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "Quarterhour"}, dpi=DOTS_PER_INCH)
    return _COMMENT.sub(b"", buffer.getvalue())  # they repeat each text, whatever a file put there


def as_png(figure: Any, dpi: int = DOTS_PER_INCH, *, software: str = "") -> bytes:
    """A picture of few colours: a third of the bytes, and nobody sees it. ``software``: written into it, if any."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image, PngImagePlugin

    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    few = picture.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    shades = np.array(few.getpalette()).reshape(-1, 3)
    shades[shades.min(axis=1) >= _NEARLY_WHITE] = 255  # paper is white
    few.putpalette(shades.ravel().tolist())
    buffer = io.BytesIO()
    told = PngImagePlugin.PngInfo()
    if software:
        told.add_text("Software", software)
    few.save(buffer, format="png", dpi=(dpi, dpi), pnginfo=told)
    return buffer.getvalue()


def _laid_out(sheet: MapSheet, ground: Ground, imprint: Imprint, lang: str) -> Any:
    from matplotlib.figure import Figure

    columns = _legend_columns(sheet.legend)
    rows = -(-len(sheet.legend) // columns)
    below = max(rows * _LEGEND_ROW_CM, 1.0) + _FOOT_CM
    height = _TOP_CM + ground.height_cm + below
    figure = Figure(figsize=(WIDTH_CM / CM_PER_INCH, height / CM_PER_INCH), dpi=DOTS_PER_INCH, facecolor="white")
    axes = bare_axes(figure, (0, below / height, 1, ground.height_cm / height), ground.window)
    draw_ground(axes, ground)
    sheet.draw(axes)
    _frame(axes, ground)
    page = page_axes(figure, WIDTH_CM, height)
    _write_head(page, sheet, imprint, height)
    _write_legend(page, sheet.legend, columns, below)
    _draw_scale(page, ground, below, lang)
    page.text(0, 0.12, plain_text(imprint.source), size=_SMALL_PT, color=FAINT, va="bottom", wrap=False)
    return figure


def page_axes(figure: Any, wide: float, high: float) -> Any:
    """Axes over the whole figure, in centimetres."""
    page = figure.add_axes((0, 0, 1, 1), zorder=5)
    page.set_axis_off()
    page.set_xlim(0, wide)
    page.set_ylim(0, high)
    return page


def _frame(axes: Any, ground: Ground) -> None:
    from matplotlib.patches import Rectangle

    west, south, east, north = ground.window
    axes.add_artist(Rectangle((west, south), east - west, north - south, fill=False, edgecolor="#9aa5b1",
                             linewidth=1.2, zorder=20))  # fmt: skip


def _write_head(page: Any, sheet: MapSheet, imprint: Imprint, height: float) -> None:
    page.text(0, height - 0.1, plain_text(sheet.title), size=_TITLE_PT, weight="bold", color=INK, va="top")
    page.text(0, height - 0.74, plain_text(sheet.line), size=_TEXT_PT, color=FAINT, va="top")
    if imprint.ribbon:
        page.text(WIDTH_CM - 0.15, height - 0.16, imprint.ribbon, size=_TEXT_PT, weight="bold", color="white",
                  va="top", ha="right", bbox={"facecolor": RIBBON, "edgecolor": "none", "pad": 3})  # fmt: skip


def _legend_columns(legend: Sequence[Mark]) -> int:
    """As many columns as the longest row leaves room for."""
    longest = max((text_width_em(mark.text) for mark in legend), default=1.0) * _TEXT_PT / 72 * CM_PER_INCH + 0.9
    return max(1, min(len(legend), int((WIDTH_CM - _SCALE_CM) / longest)))


def _write_legend(page: Any, legend: Sequence[Mark], columns: int, below: float) -> None:
    rows = -(-len(legend) // columns) if legend else 0
    wide = (WIDTH_CM - _SCALE_CM) / columns
    for place, mark in enumerate(legend):
        x, y = place // rows * wide + 0.25, below - 0.32 - place % rows * _LEGEND_ROW_CM
        shape, size, line = ("s", 8.0, 0.5) if mark.shape == "area" else (mark.shape, mark.size, 0.8)
        if shape:
            page.plot([x], [y], marker=shape, markersize=size, color=mark.face, markeredgecolor=mark.edge,
                      markeredgewidth=line, linestyle="none")  # fmt: skip
        page.text(x + 0.3 if shape else x - 0.1, y, plain_text(mark.text), size=_TEXT_PT, color=INK, va="center")


def _draw_scale(page: Any, ground: Ground, below: float, lang: str) -> None:
    """A bar of a round length, and north beside it."""
    from matplotlib.patches import Polygon, Rectangle

    length_m = round_length(2.6 * ground.metres_per_cm)
    wide, y = length_m / ground.metres_per_cm, below - 0.62
    x = WIDTH_CM - 0.75 - wide
    for part, colour in ((0, INK), (1, "white")):
        page.add_artist(
            Rectangle((x + part * wide / 2, y), wide / 2, 0.1, facecolor=colour, edgecolor=INK, linewidth=0.5)
        )
    said = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    page.text(x, y + 0.16, "0", size=_SMALL_PT, color=INK, ha="center", va="bottom")
    page.text(x + wide, y + 0.16, said, size=_SMALL_PT, color=INK, ha="center", va="bottom")
    tip = WIDTH_CM - 0.22
    page.add_artist(Polygon([(tip, y + 0.34), (tip - 0.13, y - 0.06), (tip, y + 0.03), (tip + 0.13, y - 0.06)],
                           facecolor=INK, edgecolor="none"))  # fmt: skip
    page.text(tip, y - 0.12, i18n.say("papers_maps.north", lang), size=_SMALL_PT, color=INK, ha="center", va="top")


def round_length(most: float) -> float:
    """The longest of 1, 2, 5, 10, 20, 50 ... that is not above ``most``."""
    power = 10.0
    while power * 10 <= most:
        power *= 10
    return next(step * power for step in (5, 2, 1) if step * power <= most or step == 1)
