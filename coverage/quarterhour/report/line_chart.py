"""A small line chart as SVG: our own shapes, every text escaped, the same bytes from the same figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from quarterhour.base.escape import escape_html

WIDE, HIGH = 300, 212
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 64
_FONT = "'Noto Sans CJK SC','Microsoft YaHei','PingFang SC',sans-serif"
_BESIDE = 120
"""How far from the first two names of a legend the next two stand."""
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Line:
    """Points in the order of x; ``labels``: a text at each (blank: none); ``dots``: whether points are marked."""

    name: str
    points: tuple[tuple[float, float], ...]
    colour: str
    dots: bool = False
    labels: tuple[str, ...] = ()


def line_chart(lines: Sequence[Line], *, title: str, x_label: str, lang: str, ticks: Sequence[float] = ()) -> str:
    """A chart of some lines, with ticks and a legend; "" where there is nothing to draw.

    ``ticks``: where they stand across (years that a line has); round numbers where nobody says.
    """
    drawn = [line for line in lines if line.points]
    if not drawn:
        return ""
    xs = [x for line in drawn for x, _ in line.points]
    ys = [y for line in drawn for _, y in line.points]
    across = list(ticks) or _ticks(min(xs), max(xs), 6, whole=True)
    up = _ticks(min(ys), max(ys), 4)
    frame = _Frame(across[0], across[-1], up[0], up[-1])
    parts = [f"<title>{escape_html(title)}</title>", f'<rect width="{WIDE}" height="{HIGH}" fill="#fff"/>']
    parts += [_across(frame, y, _number(y, max(up), lang)) for y in up]
    parts += [_below(frame, x, f"{x:g}") for x in across]
    parts.append(_text((_LEFT + WIDE - _RIGHT) / 2, HIGH - _BOTTOM + 26, x_label, anchor="middle"))
    parts += [_drawn(frame, line) for line in drawn]
    parts += [_legend(place, line) for place, line in enumerate(drawn)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" width="{2 * WIDE}" height="{2 * HIGH}" '
        f'role="img" font-family="{_FONT}" font-size="9.5">{"".join(parts)}</svg>'
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    x_low: float
    x_high: float
    y_low: float
    y_high: float

    def x(self, value: float) -> float:
        return _LEFT + (WIDE - _LEFT - _RIGHT) * (value - self.x_low) / (self.x_high - self.x_low)

    def y(self, value: float) -> float:
        return HIGH - _BOTTOM - (HIGH - _TOP - _BOTTOM) * (value - self.y_low) / (self.y_high - self.y_low)


def _ticks(low: float, high: float, about: int, *, whole: bool = False) -> list[float]:
    """Round numbers from at or below the least to at or above the most."""
    span = (high - low) or max(abs(high), 1.0)
    power = 10.0 ** math.floor(math.log10(span / about))
    step = next(s * power for s in _STEPS if span / (s * power) <= about + 1e-9)
    step = max(1.0, math.ceil(step)) if whole else step
    first, last = math.floor(low / step), math.ceil(high / step)
    return [k * step for k in range(first, max(last, first + 1) + 1)]


def _number(value: float, most: float, lang: str) -> str:
    if lang == "zh" and most >= 100_000:
        return f"{value / 10_000:,.4g}万"
    return f"{value:,.0f}" if most >= 10 else f"{value:g}"


def _at(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _text(x: float, y: float, said: str, *, anchor: str = "start", colour: str = "#4c525b") -> str:
    return f'<text x="{_at(x)}" y="{_at(y)}" text-anchor="{anchor}" fill="{colour}">{escape_html(said)}</text>'


def _across(frame: _Frame, value: float, said: str) -> str:
    y = frame.y(value)
    rule = f'<path d="M{_LEFT} {_at(y)}H{WIDE - _RIGHT}" stroke="#e4e6ea"/>'
    return rule + _text(_LEFT - 4, y + 3, said, anchor="end")


def _below(frame: _Frame, value: float, said: str) -> str:
    return _text(frame.x(value), HIGH - _BOTTOM + 12, said, anchor="middle")


def _drawn(frame: _Frame, line: Line) -> str:
    places = [(frame.x(x), frame.y(y)) for x, y in line.points]
    path = " ".join(f"{_at(x)},{_at(y)}" for x, y in places)
    made = f'<polyline points="{path}" fill="none" stroke="{line.colour}" stroke-width="1.6"/>'
    if line.dots:
        made += "".join(f'<circle cx="{_at(x)}" cy="{_at(y)}" r="2.6" fill="{line.colour}"/>' for x, y in places)
    for (x, y), said in zip(places, line.labels, strict=False):
        if said:
            inside = x < WIDE - 3 * _RIGHT
            made += _text(x + 3 if inside else x, y + 11, said, anchor="start" if inside else "end", colour=line.colour)
    return made


def _legend(place: int, line: Line) -> str:
    x, y = _LEFT + _BESIDE * (place // 2), HIGH - 19 + 12 * (place % 2)
    return f'<path d="M{x} {y}h14" stroke="{line.colour}" stroke-width="2"/>' + _text(x + 19, y + 3, line.name)
