"""Longitude and latitude of CGCS2000 (EPSG:4490) over a map: lines, and degrees and minutes at its edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from quarterhour.base.arrays import FloatArray
from quarterhour.report.plan.atlas.sheet import Frame

GRID_CRS = "EPSG:4490"
_STEPS = (3600, 1800, 1200, 600, 300, 120, 60, 30, 10, 5)
"""Seconds between lines, the widest that gives enough."""
_LEAST, _ALONG = 3, 60


@dataclass(frozen=True, eq=False)
class Graticule:
    """``lines``: in metres. ``labels``: side (``low, high, left, right``), place along it in metres, text."""

    lines: tuple[FloatArray, ...]
    labels: tuple[tuple[str, float, str], ...]


def build_graticule(frame: Frame, map_crs: str) -> Graticule:
    """The grid of a frame."""
    from pyproj import Transformer

    there = Transformer.from_crs(map_crs, GRID_CRS, always_xy=True)
    back = Transformer.from_crs(GRID_CRS, map_crs, always_xy=True)
    west, south, east, north = frame.window
    across, up = np.linspace(west, east, _ALONG), np.linspace(south, north, _ALONG)
    rims = {"low": (across, np.full(_ALONG, south)), "high": (across, np.full(_ALONG, north)),
            "left": (np.full(_ALONG, west), up), "right": (np.full(_ALONG, east), up)}  # fmt: skip
    edges = {side: there.transform(x, y) for side, (x, y) in rims.items()}
    lon = np.concatenate([edge[0] for edge in edges.values()])
    lat = np.concatenate([edge[1] for edge in edges.values()])
    step = _step(min(np.ptp(lon), np.ptp(lat)))
    lines, labels = [], []
    for value in _values(lon, step):
        y = np.linspace(lat.min(), lat.max(), _ALONG)
        lines.append(np.column_stack(back.transform(np.full(_ALONG, value), y)))
        labels += [(side, at, _text(value, "E", "W", step)) for side in ("low", "high")
                   for at in _crossing(edges[side][0], across, value)]  # fmt: skip
    for value in _values(lat, step):
        x = np.linspace(lon.min(), lon.max(), _ALONG)
        lines.append(np.column_stack(back.transform(x, np.full(_ALONG, value))))
        labels += [(side, at, _text(value, "N", "S", step)) for side in ("left", "right")
                   for at in _crossing(edges[side][1], up, value)]  # fmt: skip
    return Graticule(tuple(lines), tuple(labels))


def _step(degrees: float) -> int:
    return next((step for step in _STEPS if degrees * 3600 / step >= _LEAST), _STEPS[-1])


def _values(degrees: FloatArray, step: int) -> list[float]:
    first, last = np.ceil(degrees.min() * 3600 / step), np.floor(degrees.max() * 3600 / step)
    return [float(k * step / 3600) for k in np.arange(first, last + 1)]


def _crossing(values: FloatArray, along: FloatArray, wanted: float) -> Iterator[float]:
    """Where an edge of the frame crosses a line of the grid; edges rise all along."""
    if values[0] < wanted < values[-1]:
        yield float(np.interp(wanted, values, along))


def _text(degrees: float, plus: str, minus: str, step: int) -> str:
    seconds = round(abs(degrees) * 3600)
    whole, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    told = f"{whole}°{minutes:02d}′" + (f"{left:02d}″" if step < 60 else "")
    return told + (plus if degrees >= 0 else minus)
