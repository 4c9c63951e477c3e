"""The templates of a plan's text: chapters, numbered articles, loops over tables, figures by name.

A template is plain text, a line a paragraph::

    # General            a chapter            [each towns] ... [end]      a row of a table after the other
    ## Near term         a section            [with forecast] ... [end]   only where that table or figure is there
    @ This plan ...      a numbered article   [without forecast] ... [end]
    - line               a line of a list     [table balance]             a table; [table balance wide]: across
    // remark            for who edits it     {beds_now}                  a figure by its name
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from quarterhour.base.errors import StudyError
from quarterhour.report.papers.blocks import Block, Grid, Heading, Paragraph, Points, chinese_number

_PLACE = re.compile(r"\{([A-Za-z0-9_\-]+)\}")
_COMMAND = re.compile(r"\[(each|with|without|table|end)(?:\s+([A-Za-z0-9_\-]+))?(?:\s+(wide))?\]")
_NARROW = 9
"""Columns of a table on an upright page: those of a plan are short."""
_NEAREST = 6
"""Names that are told where one is unknown."""
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a template: its number, its text; of a block the lines in it. ``kind``: what it is."""

    number: int
    kind: Literal["chapter", "section", "article", "item", "text", "table", "each", "with", "without"]
    text: str
    wide: bool = False
    inner: tuple[Line, ...] = ()


@dataclass(frozen=True, eq=False)
class Filling:
    """What a template is filled with.

    ``figures``: texts by name. ``rows``: by table the rows that a loop goes through, texts by column. ``within``: by
    table the column in which an outer loop's row stands, and that loop's column. ``grids``: tables by key. ``none``:
    what stands where nothing is known.
    """

    figures: Row
    rows: Mapping[str, Sequence[Row]]
    grids: Mapping[str, Grid]
    within: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    none: str = ""


def parse_template(text: str, file: str) -> tuple[Line, ...]:
    """The lines of a template. StudyError names file and line of a command that nobody knows or that is not closed."""
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), start=1)]
    kept = [(n, line) for n, line in lines if line and not line.startswith("//")]
    found, rest = _block(kept, file, opened=0)
    if rest:
        raise StudyError("plan_text.end_too_many", file=file, line=rest[0][0])
    return tuple(found)


def _block(
    lines: list[tuple[int, str]], file: str, *, opened: int
) -> tuple[list[Line], list[tuple[int, str]]]:  # fmt: skip
    """The lines up to the end of a block, and those behind it; ``opened``: the line that began it, 0 for none."""
    made: list[Line] = []
    while lines:
        (number, text), lines = lines[0], lines[1:]
        if not text.startswith("["):
            made.append(_plain(number, text))
            continue
        command = _COMMAND.fullmatch(text)
        if command is None or (command[1] != "end" and not command[2]):
            raise StudyError("plan_text.unknown_command", file=file, line=number, given=text)
        if command[1] == "end":
            return made, lines if opened else [(number, text)]
        if command[1] == "table":
            made.append(Line(number, "table", command[2], wide=bool(command[3])))
        else:
            inner, lines = _block(lines, file, opened=number)
            made.append(Line(number, command[1], command[2], inner=tuple(inner)))  # type: ignore[arg-type]
    if opened:
        raise StudyError("plan_text.no_end", file=file, line=opened)
    return made, []


def _plain(number: int, text: str) -> Line:
    for mark, kind in (("## ", "section"), ("# ", "chapter"), ("@ ", "article"), ("- ", "item")):
        if text.startswith(mark):
            return Line(number, kind, text.removeprefix(mark).strip())  # type: ignore[arg-type]
    return Line(number, "text", text)


def fill_template(lines: Sequence[Line], filling: Filling, *, file: str, lang: str) -> list[Block]:
    """The blocks of a filled template, chapters, sections and articles counted."""
    return list(_Filler(filling, file, lang).blocks(lines))


class _Filler:
    """Fills one template; holds what has been counted, and the row of each loop that it is in."""

    def __init__(self, filling: Filling, file: str, lang: str) -> None:
        self.filling, self.file, self.lang = filling, file, lang
        self.chapter = self.section = self.article = 0
        self.loops: list[tuple[str, Row]] = []

    def blocks(self, lines: Sequence[Line]) -> Iterator[Block]:
        """The blocks of some lines; items that follow one another are one list."""
        items: list[str] = []
        for block in self._each(lines):
            if isinstance(block, str):
                items.append(block)
                continue
            if items:
                yield Points(tuple(items))
                items = []
            yield block
        if items:
            yield Points(tuple(items))

    def _each(self, lines: Sequence[Line]) -> Iterator[Block | str]:
        for line in lines:
            if line.kind == "each":
                yield from self._loop(line)
            elif line.kind in ("with", "without"):
                if self._has(line.text) == (line.kind == "with"):
                    yield from self._each(line.inner)
            elif line.kind == "table":
                yield from self._table(line)
            else:
                yield self._said(line)

    def _loop(self, line: Line) -> Iterator[Block | str]:
        rows = self.filling.rows.get(line.text)
        if rows is None:
            raise self._unknown(line, line.text, self.filling.rows)
        for row in rows:
            if self._inside(line.text, row):
                self.loops.append((line.text, row))
                yield from self._each(line.inner)
                self.loops.pop()

    def _inside(self, table: str, row: Row) -> bool:
        """Whether a row belongs to the row of the loop around it, where one says so."""
        if table not in self.filling.within or not self.loops:
            return True
        column, outer = self.filling.within[table]
        around = self.loops[-1][1]
        return outer not in around or row.get(column) == around[outer]

    def _has(self, name: str) -> bool:
        here = [row[name] for _, row in self.loops if name in row] or [self.filling.figures.get(name, "")]
        known = here[-1] not in ("", self.filling.none)
        grid = self.filling.grids.get(name)
        return known or bool(self.filling.rows.get(name)) or (grid is not None and len(grid.table) > 0)

    def _table(self, line: Line) -> Iterator[Block]:
        grid = self.filling.grids.get(line.text)
        if grid is None:
            raise self._unknown(line, line.text, self.filling.grids)
        if len(grid.table):
            yield replace(grid, wide=line.wide, most=0 if line.wide else _NARROW)

    def _said(self, line: Line) -> Block | str:
        text = self._filled(line)
        if line.kind == "item":
            return text
        if line.kind == "chapter":
            self.chapter, self.section = self.chapter + 1, 0
            return Heading(self._counted("chapter", self.chapter, text), counted=False)
        if line.kind == "section":
            self.section += 1
            return Heading(self._counted("section", self.section, text), level=2, counted=False)
        if line.kind == "article":
            self.article += 1
            return Paragraph(text, mark=self._counted("article", self.article, ""))
        return Paragraph(text)

    def _counted(self, kind: str, number: int, text: str) -> str:
        if self.lang == "zh":
            word = {"chapter": "章", "section": "节", "article": "条"}[kind]
            return f"第{chinese_number(number)}{word}" + (f"　{text}" if text else "")
        return f"{kind.capitalize()} {number}" + (f". {text}" if text else "")

    def _filled(self, line: Line) -> str:
        def value(found: re.Match[str]) -> str:
            for _, row in reversed(self.loops):
                if found[1] in row:
                    return row[found[1]] or self.filling.none
            if found[1] not in self.filling.figures:
                known = [*self.filling.figures, *(name for _, row in self.loops for name in row)]
                raise self._unknown(line, found[1], known)
            return self.filling.figures[found[1]] or self.filling.none

        return _PLACE.sub(value, line.text)

    def _unknown(self, line: Line, given: str, known: Iterable[str]) -> StudyError:
        names = sorted(set(known))
        near = difflib.get_close_matches(given, names, n=_NEAREST, cutoff=0.3) or names[:_NEAREST]
        return StudyError("plan_text.unknown_name", file=self.file, line=line.number, given=given,
                          known=", ".join(near))  # fmt: skip
