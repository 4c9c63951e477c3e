"""A workbook as stored (ECMA-376): its sheets, and of a sheet the cells, merged ranges, hidden and struck-out rows.

Read from the parts of the package, row by row: a cell at the sheet's far edge costs what one cell costs, and whatever
the page of a bureau hides is seen.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

from quarterhour.base import limits
from quarterhour.base.errors import DataError
from quarterhour.io.files.header import Cells
from quarterhour.io.files.parts import Parts
from quarterhour.io.old_books import LOCKED, NO_ROOM, TOO_WIDE, OldBookError, ask_book

_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_CHINESE_DATES = frozenset((*range(27, 37), *range(50, 59)))
"""Built-in formats of dates in Chinese, Japanese and Korean Excel (ECMA-376 part 1, 18.8.30)."""
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_FLAT = re.compile(r"0(\.[0-9]*)?")
"""Heights of rows, in points, that show nothing."""
Span = tuple[int, int, int, int]
"""First row, first column, last row, last column of a merged range, from 0."""


@dataclass(frozen=True)
class SheetPart:
    """A sheet by its name, whether the book hides it, and where it is stored."""

    name: str
    hidden: bool
    path: str


@dataclass(eq=False)
class Page:
    """What a sheet holds: rows of cells from the top, each as long as its own last cell; rows by number from 1."""

    grid: list[Cells] = field(default_factory=list)
    merged: list[Span] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)
    struck: set[int] = field(default_factory=set)
    struck_cells: list[tuple[int, int]] = field(default_factory=list)
    """Row from 1 and column from 0 of cells whose text is struck out, all or part of it, in rows that are not."""
    folded: bool = False
    """Whether rows without cells are hidden."""
    no_height: bool = False
    """Whether rows that give no height of their own have none."""
    formulas: list[tuple[int, str]] = field(default_factory=list)
    """Row and cell of every formula whose result was never saved."""


class Book:
    """The parts of a workbook that is open. Any library's error passes; DataError where a part declares entities."""

    def __init__(self, packed: zipfile.ZipFile, file: Path) -> None:
        self._packed, self._file, self._parts = packed, file, Parts(packed, file)
        self._main = self._main_part()
        root = self._tree(self._main)
        properties = next((n for n in root.iter() if _tag(n) == "workbookPr"), None)
        mac = properties is not None and properties.get("date1904") in ("1", "true")
        self._epoch = MAC_EPOCH if mac else WINDOWS_EPOCH
        kinds = self._related("worksheet")
        self.sheets = [
            SheetPart(str(n.get("name")), n.get("state", "visible") != "visible", kinds[_relation(n)])
            for n in root.iter()
            if _tag(n) == "sheet" and _relation(n) in kinds
        ]
        self._dates, self._struck = self._styles()
        self._struck_words: dict[str, bool] = {}
        self._filled: dict[str, bool] = {}

    def has_cells(self, sheet: SheetPart) -> bool:
        """Whether a sheet holds more than one value."""
        if sheet.path not in self._filled:
            self._filled[sheet.path] = self._shows_two(sheet.path)
        return self._filled[sheet.path]

    def _shows_two(self, part: str) -> bool:
        found = 0
        for node in self._nodes(part):
            found += _tag(node) in ("v", "is") and bool(node.text or len(node))
            if found > 1:
                return True
            if node.tag.endswith("}row"):
                node.clear()
        return False

    def page(self, sheet: SheetPart) -> Page:
        """The cells of a sheet; DataError for more than may be."""
        named = f"{self._file} / {sheet.name}"
        self._parts.check(sheet.path, named)
        words = self._shared_strings()
        page, count, letters = Page(), 0, 0
        most_cells, most_letters = limits.limit("sheet_cells"), limits.limit("book_characters")
        kept: dict[str, str] = {}
        for node in self._nodes(sheet.path):
            name = node.tag
            if name.endswith("}row"):
                number = int(node.get("r", len(page.grid) + 1))
                if not 1 <= number <= _LAST_ROW:
                    raise ValueError(f"row {number}")
                cells = self._row(page, node, number, words, kept)
                count += len(cells)
                letters += sum([len(c) for c in cells if c.__class__ is str])
                if count > most_cells:
                    raise limits.too_much("sheet_cells", of=named)
                if letters > most_letters:
                    raise limits.too_much("book_characters", of=named)
                _put(page.grid, number, cells)
                node.clear()
            elif name.endswith("}sheetFormatPr"):
                page.folded = node.get("zeroHeight") in ("1", "true")
                page.no_height = bool(_FLAT.fullmatch(node.get("defaultRowHeight", "")))
            elif name.endswith("}mergeCell"):
                left, top, right, bottom = range_boundaries(str(node.get("ref")))
                page.merged.append((top - 1, left - 1, bottom - 1, right - 1))
        return page

    def _row(self, page: Page, row: ElementTree.Element, number: int, words: list[str], kept: dict[str, str]) -> Cells:
        """The cells of a row; what it says of itself goes to the page."""
        cells: Cells = []
        filled = 0
        struck: dict[int, bool] = {}
        column = -1
        space = row.tag[:-3]
        stored, inline = f"{space}v", f"{space}is"
        for node in row:
            place = node.get("r")
            column = column + 1 if place is None else _column_of(place.rstrip("0123456789"))
            value = self._value(node, stored, inline, words, kept)
            if value is None:
                # A formula may well come to no text ("str"), but not to no number.
                if node.get("t") != "str" and node.find(f"{space}f") is not None:
                    page.formulas.append((number, place or f"{number}"))
                continue
            if column != len(cells):
                cells.extend([None] * (column + 1 - len(cells)))
                cells[column] = value
            else:
                cells.append(value)
            filled += 1
            whole = self._struck_out(node, stored, inline)
            if whole is not None:
                struck[column] = whole
        if row.get("hidden") in ("1", "true") or _FLAT.fullmatch(row.get("ht", "0" if page.no_height else "")):
            page.hidden.add(number)
        if filled and sum(struck.values()) * 2 > filled:
            page.struck.add(number)
        else:
            page.struck_cells += [(number, c) for c in struck]
        return cells

    def _struck_out(self, cell: ElementTree.Element, stored: str, inline: str) -> bool | None:
        """Whether all of a cell's text is struck out; None where none of it is."""
        if self._struck and int(cell.get("s", 0)) in self._struck:
            return True
        kind = cell.get("t")
        if kind == "s":
            return self._struck_words.get(cell.findtext(stored, "")) if self._struck_words else None
        inside = cell.find(inline) if kind == "inlineStr" else None
        return None if inside is None else _runs_struck(inside)

    def _value(
        self, node: ElementTree.Element, stored: str, inline: str, words: list[str], kept: dict[str, str]
    ) -> Any:
        """What a cell holds; ``stored`` and ``inline`` are the names of the elements that hold it."""
        kind = node.get("t", "n")
        if kind == "inlineStr":
            inside = node.find(inline)
            text = "" if inside is None else _written(inside)
            return kept.setdefault(text, text)
        text = node.findtext(stored, "")
        if not text:
            return None
        if kind == "s":
            return words[int(text)]
        if kind == "b":
            return text.strip() in ("1", "true")
        if kind != "n":
            return kept.setdefault(text, _ESCAPED.sub(_letter, text))
        number = _number(text)
        style = int(node.get("s", 0)) if self._dates else 0
        return self._date(number, timed=self._dates[style]) if style in self._dates else number

    def _date(self, number: Any, *, timed: bool) -> Any:
        try:
            return from_excel(number, self._epoch, timedelta=timed)
        except (OverflowError, ValueError, TypeError):
            return number

    def _shared_strings(self) -> list[str]:
        paths = list(self._related("sharedStrings").values())
        words: list[str] = []
        for path in paths[:1]:
            self._parts.check(path, f"{self._file} / {path}")
        for node in self._nodes(paths[0]) if paths else ():
            if _tag(node) == "si":
                whole = _runs_struck(node)
                if whole is not None:
                    self._struck_words[str(len(words))] = whole
                words.append(_written(node))
                node.clear()
        return words

    def _styles(self) -> tuple[dict[int, bool], set[int]]:
        """The styles of cells that show dates (True: spans of time), and those whose text is struck out."""
        paths = list(self._related("styles").values())
        if not paths:
            return {}, set()
        root = self._tree(paths[0])
        codes = {n: str(code) for n, code in BUILTIN_FORMATS.items()}
        codes |= {int(n.get("numFmtId", 0)): str(n.get("formatCode")) for n in root.iter() if _tag(n) == "numFmt"}
        fonts = [_is_struck(n) for n in _list(root, "fonts")]
        dates, struck = {}, set()
        for style, cell in enumerate(_list(root, "cellXfs")):
            number, font = int(cell.get("numFmtId", 0)), int(cell.get("fontId", 0))
            code = codes.get(number, "General")
            if number in _CHINESE_DATES and number not in codes:
                dates[style] = False
            elif code != "General" and is_date_format(code):
                dates[style] = bool(is_timedelta_format(code))
            if font < len(fonts) and fonts[font]:
                struck.add(style)
        return dates, struck

    def _main_part(self) -> str:
        for node in self._tree("_rels/.rels"):
            if str(node.get("Type")).endswith("/officeDocument"):
                return posixpath.normpath(str(node.get("Target")).lstrip("/"))
        raise ValueError("no workbook in the package")

    def _related(self, kind: str) -> dict[str, str]:
        """Parts of a kind that belong to the workbook, by the name that it gives them."""
        folder, name = posixpath.split(self._main)
        found = {}
        for node in self._tree(f"{folder}/_rels/{name}.rels".lstrip("/")):
            if str(node.get("Type")).endswith(f"/{kind}"):
                target = str(node.get("Target"))
                inside = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
                found[str(node.get("Id"))] = posixpath.normpath(inside)
        return found

    def _tree(self, part: str) -> ElementTree.Element:
        root = None
        for root in self._nodes(part):  # noqa: B007
            pass
        if root is None:
            raise DataError("files.broken", file=str(self._file), detail=f"{part}: -")
        return root

    def _nodes(self, part: str) -> Iterator[ElementTree.Element]:
        return self._parts.elements(part)


class OtherBook:
    """A workbook that is no Office Open XML (.xls and .et, .ods); the same doors as ``Book``, in a process of its own.

    Formulas are what was saved; which rows are hidden or struck out is not known, and of .ods no merged ranges.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        told = self._asked()
        self.sheets = [SheetPart(part["name"], part["hidden"], "") for part in told]
        self._filled = {part["name"]: bool(part["filled"]) for part in told}

    def _asked(self, *sheet: str) -> Any:
        try:
            return ask_book(self._file, *sheet, most_cells=limits.limit("sheet_cells"))
        except OldBookError as error:
            if error.code == LOCKED:
                raise DataError("files.book_locked", file=str(self._file)) from error
            if error.code in (TOO_WIDE, NO_ROOM):
                raise limits.too_much("sheet_cells", of=" / ".join([str(self._file), *sheet])) from error
            raise DataError("files.broken", file=str(self._file), detail=error.detail) from error

    def has_cells(self, sheet: SheetPart) -> bool:
        """Whether a sheet holds more than one value."""
        return self._filled[sheet.name]

    def page(self, sheet: SheetPart) -> Page:
        """The cells of a sheet; DataError for more than may be."""
        found = self._asked(sheet.name)
        return Page(found["grid"], [(a, b, c, d) for a, b, c, d in found["merged"]])


def _put(grid: list[Cells], number: int, cells: Cells) -> None:
    if number <= len(grid):  # a row written in two pieces
        grid[number - 1] = [a if b is None else b for a, b in zip_longest(grid[number - 1], cells)]
        return
    grid.extend([[]] * (number - 1 - len(grid)))
    grid.append(cells)


def _tag(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2]


def _child(node: ElementTree.Element, name: str) -> ElementTree.Element | None:
    for child in node:
        if child.tag.endswith(name) and _tag(child) == name:
            return child
    return None


def _list(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return next((list(n) for n in root if _tag(n) == name), [])


def _relation(node: ElementTree.Element) -> str:
    return next((v for k, v in node.attrib.items() if k.endswith("}id")), "")


def _written(node: ElementTree.Element) -> str:
    """The text of a cell, its parts in different fonts joined; how it is pronounced is left out."""
    pieces = []
    for child in node:
        if child.tag.endswith("}t"):
            pieces.append(child.text or "")
        elif child.tag.endswith("}r"):
            pieces += [t.text or "" for t in child if t.tag.endswith("}t")]
    text = "".join(pieces)
    return _ESCAPED.sub(_letter, text) if "_x" in text else text


def _runs_struck(text: ElementTree.Element) -> bool | None:
    """Whether all parts of a rich text are struck out; None where none is."""
    runs = [r for r in text if r.tag.endswith("}r")]
    fonts = [_child(r, "rPr") for r in runs]
    struck = [f is not None and _is_struck(f) for f in fonts]
    return all(struck) if any(struck) else None


def _letter(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def _is_struck(font: ElementTree.Element) -> bool:
    strike = _child(font, "strike")
    return strike is not None and strike.get("val", "1") not in ("0", "false")


def _number(text: str) -> Any:
    try:
        return float(text) if "." in text or "e" in text or "E" in text else int(text)
    except ValueError:
        return text


@cache
def _column_of(letters: str) -> int:
    """The column that letters name, from 0; ValueError beyond the last that a sheet has."""
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    if not 1 <= column <= _LAST_COLUMN:
        raise ValueError(f"column {letters}")
    return column - 1
