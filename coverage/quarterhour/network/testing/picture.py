"""Reads a map drawn with characters: where letters and places stand, and which lines join the letters."""

from __future__ import annotations

import string
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

Cell = tuple[int, int]
"""Row and column, from 0 at the top left."""
_EAST, _SOUTH, _SOUTH_EAST, _SOUTH_WEST = (0, 1), (1, 0), (1, 1), (1, -1)
_STROKES = {
    **dict.fromkeys("-.><", _EAST),
    **dict.fromkeys("|:v^", _SOUTH),
    "\\": _SOUTH_EAST,
    "/": _SOUTH_WEST,
}
"""The direction in which a stroke joins its two neighbours."""
_ARROWS = {">": 1, "v": 1, "<": -1, "^": -1}
PLACES = string.digits + string.ascii_lowercase.replace("v", "")


@dataclass(frozen=True)
class Line:
    """A drawn line: the names at its ends, its cells from end to end by its bends, 1 or -1 where arrows stand along it
    or against it, and whether it is dotted.
    """

    ends: tuple[str, str]
    cells: tuple[Cell, ...]
    oneway: int
    dotted: bool

    def turned(self) -> Line:
        """The same line from its other end."""
        return Line(self.ends[::-1], self.cells[::-1], -self.oneway, self.dotted)


@dataclass(frozen=True)
class Picture:
    """A drawn map. ``nodes``: letters and ``+1``, ``+2`` ... by their cells; ``places``: digits and small letters."""

    text: str
    nodes: dict[str, Cell]
    places: dict[str, Cell]
    lines: tuple[Line, ...]


def read_picture(drawing: str) -> Picture:
    """What is drawn, its lines from their upper or left end.

    ValueError, with row and column, for what has no meaning.
    """
    text = "\n".join(line.rstrip() for line in textwrap.dedent(drawing).strip("\n").rstrip().split("\n"))
    page = _Page(text)
    segments = list(page.segments())
    page.refuse_loose_strokes(segments)
    names = _names(page, segments)
    places = {c: cell for cell, c in page.cells.items() if c in PLACES}
    return Picture(text, {n: cell for cell, n in names.items()}, places, tuple(_lines(page, segments, names)))


@dataclass(frozen=True)
class _Segment:
    """Strokes in one direction between two letters or pluses."""

    begin: Cell
    end: Cell
    strokes: tuple[Cell, ...]


class _Page:
    def __init__(self, text: str) -> None:
        self.rows = text.split("\n")
        self.cells = {(r, c): char for r, row in enumerate(self.rows) for c, char in enumerate(row) if char != " "}
        seen: set[str] = set()
        for cell, char in self.cells.items():
            if not (char in _STROKES or char in PLACES or self.is_node(cell)):
                raise self.error(f"{char!r} has no meaning", cell)
            if char in seen:
                raise self.error(f"{char} stands here a second time", cell)
            seen |= {char} - {*_STROKES, "+"}

    def is_node(self, cell: Cell) -> bool:
        return self.cells.get(cell, " ") in string.ascii_uppercase + "+"

    def error(self, what: str, cell: Cell) -> ValueError:
        row, column = cell
        return ValueError(f"{what}: row {row + 1}, column {column + 1}\n{self.rows[row]}\n{' ' * column}^")

    def segments(self) -> Iterator[_Segment]:
        for cell in filter(self.is_node, self.cells):
            for step in (_EAST, _SOUTH_WEST, _SOUTH, _SOUTH_EAST):
                yield from self._segment(cell, step)

    def _segment(self, begin: Cell, step: Cell) -> Iterator[_Segment]:
        """The one that begins here in a direction, if there is one."""
        at, strokes = _next(begin, step), []
        while self._goes_on(at, step):
            strokes += [at] if self._is_stroke(at, step) else []
            at = _next(at, step)
        if strokes and not self.is_node(at):
            raise self.error("a line ends in nothing; lines begin and end at letters or +", strokes[-1])
        if strokes:
            yield _Segment(begin, at, tuple(strokes))

    def _goes_on(self, at: Cell, step: Cell) -> bool:
        """Along a stroke, past a place on the line, or across another line."""
        if self._is_stroke(at, step) or self.cells.get(at) in tuple(PLACES):
            return True
        across = self.cells.get(at) in _STROKES
        return across and self._is_stroke(_next(at, step), step) and self._is_stroke(_next(at, step, -1), step)

    def _is_stroke(self, at: Cell, step: Cell) -> bool:
        return _STROKES.get(self.cells.get(at, " ")) == step

    def refuse_loose_strokes(self, segments: list[_Segment]) -> None:
        joined = {stroke for segment in segments for stroke in segment.strokes}
        for cell, char in self.cells.items():
            if char in _STROKES and cell not in joined:
                raise self.error("a line begins at nothing; lines begin and end at letters or +", cell)


def _next(cell: Cell, step: Cell, by: int = 1) -> Cell:
    return cell[0] + by * step[0], cell[1] + by * step[1]


def _names(page: _Page, segments: list[_Segment]) -> dict[Cell, str]:
    """Letters by cell, and each + that is no mere bend, where two lines meet."""
    degree: dict[Cell, int] = defaultdict(int)
    for segment in segments:
        degree[segment.begin] += 1
        degree[segment.end] += 1
    names: dict[Cell, str] = {}
    for cell in filter(page.is_node, page.cells):
        if page.cells[cell] != "+":
            names[cell] = page.cells[cell]
        elif degree[cell] != 2:
            names[cell] = f"+{sum(name[0] == '+' for name in names.values()) + 1}"
    return names


def _lines(page: _Page, segments: list[_Segment], names: dict[Cell, str]) -> Iterator[Line]:
    """Segments joined at bends."""
    at: dict[Cell, list[_Segment]] = defaultdict(list)
    for segment in segments:
        at[segment.begin].append(segment)
        at[segment.end].append(segment)
    used: set[_Segment] = set()
    for begin in names:
        for first in at[begin]:
            if first not in used:
                yield _line(page, names, *_walk(begin, first, at, names, used))
    for segment in segments:
        if segment not in used:
            raise page.error("a ring needs a letter", segment.begin)


def _walk(
    begin: Cell, first: _Segment, at: dict[Cell, list[_Segment]], names: dict[Cell, str], used: set[_Segment]
) -> tuple[list[Cell], list[_Segment]]:
    """Cells and segments from a letter by bends to the next."""
    cells, walked = [begin], [first]
    while True:
        last = walked[-1]
        used.add(last)
        cells.append(last.end if last.begin == cells[-1] else last.begin)
        if cells[-1] in names:
            return cells, walked
        walked.append(next(other for other in at[cells[-1]] if other is not last))


def _line(page: _Page, names: dict[Cell, str], cells: list[Cell], walked: list[_Segment]) -> Line:
    way, dotted = 0, False
    for begin, segment in zip(cells, walked, strict=False):
        side = 1 if segment.begin == begin else -1
        for stroke in segment.strokes:
            arrow = side * _ARROWS.get(page.cells[stroke], 0)
            if arrow and way == -arrow:
                raise page.error("this arrow points against another of its line", stroke)
            way = arrow or way
            dotted |= page.cells[stroke] in ".:"
    return Line((names[cells[0]], names[cells[-1]]), tuple(cells), way, dotted)
