"""The elements of a workbook's XML, counted as they come: no part of it fills the memory."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from quarterhour.base import limits
from quarterhour.base.errors import DataError
from quarterhour.base.foreign import each, foreign
from quarterhour.io.files.checks import declares_entities

_PIECE = 1 << 12
"""Small: elements that live no longer than their piece never reach the older generations of the garbage collector."""
_CHUNK = 1 << 20
_OVERLAP = 40
_CELLS = (b"<v>", b"<is>")
_XML = (".xml", ".rels")
_EMPTIED = ("}row", "}si")


class Parts:
    """The parts of a package that is open, looked through once; all elements that are read are counted.

    DataError where one declares a document type (entity bombs).
    """

    def __init__(self, packed: zipfile.ZipFile, file: Path) -> None:
        self._packed, self._file, self._count = packed, file, 0
        self._told = {name: self._looked_through(name) for name in packed.namelist() if name.endswith(_XML)}

    def check(self, part: str, of: str) -> None:
        """DataError where a part's text alone shows more than may be: sooner than by reading it."""
        cells, elements = self._told.get(part, (0, 0))
        limits.check("sheet_cells", cells, of=of)
        limits.check("book_parts", elements, of=of)

    def _looked_through(self, part: str) -> tuple[int, int]:
        """The values of cells and the elements that a part holds by its text."""
        tail, cells, elements = b"", 0, 0
        with foreign(self._file, part=part), self._packed.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                data = tail + chunk
                if declares_entities(data):
                    raise DataError("files.broken", file=str(self._file), detail=f"DTD in {part}")
                cells += sum(chunk.count(mark) for mark in _CELLS)
                elements += chunk.count(b"</") + chunk.count(b"/>")
                tail = data[-_OVERLAP:]
        return cells, elements

    def elements(self, part: str) -> Iterator[ElementTree.Element]:
        """The elements of a part, each when it ends; whoever takes a row or a shared text empties it.

        DataError where elements pile up, or bytes come in which none ends (``limits``).
        """
        waiting = silent = 0
        for events, size in each(self._file, self._pieces(part), part=part):
            silent = 0 if events else silent + size
            waiting = 0 if any(n.tag.endswith(_EMPTIED) for _, n in reversed(events)) else waiting + len(events)
            self._count += len(events)
            for name, found in (("part_bytes", silent), ("row_parts", waiting), ("book_parts", self._count)):
                limits.check(name, found, of=f"{self._file} / {part}")
            for _, node in events:
                yield node

    def _pieces(self, part: str) -> Iterator[tuple[list[Any], int]]:
        """What ended in each piece of a part, and the bytes of the piece."""
        parser: Any = ElementTree.XMLPullParser(events=("end",))
        with self._packed.open(part) as stream:
            while data := stream.read(_PIECE):
                parser.feed(data)
                yield list(parser.read_events()), len(data)
        parser.close()
        yield list(parser.read_events()), 0
