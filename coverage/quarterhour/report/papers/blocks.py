"""What a paper is made of, before anybody says how it looks: headings, sentences, tables, pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import pandas as pd

from quarterhour.base.cells import blank, is_number
from quarterhour.base.labels import gap_percent, percent


@dataclass(frozen=True, slots=True)
class Heading:
    """``level``: 1 a part, 2 a piece of it. ``annex``: the part is counted among the annexes.

    ``counted``: False where its number stands in the text already.
    """

    text: str
    level: int = 1
    annex: bool = False
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph. ``style``: ``lead`` is what a leader reads, ``note`` what stands small beneath.

    ``mark``: what stands bold before it, as the number of an article.
    """

    text: str
    style: Literal["text", "lead", "note"] = "text"
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Points:
    """Lines of a list; ``numbered``: counted from 1."""

    lines: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True, eq=False)
class Grid:
    """A table with its caption.

    ``table``: columns named ``key TAB heading`` (``section.headed``). ``kept``: keys of the columns that a sheet of
    paper has room for, at most six; none: the first six. ``rows``: how many rows are shown. ``paper_rows``: on paper.
    ``wide``: on a page across, which has room for more than twice as many. ``most``: columns that are shown of one
    whose columns are narrow; 0: as many as a page usually has room for.
    """

    caption: str
    table: pd.DataFrame
    kept: tuple[str, ...] = ()
    rows: int = 1_000_000
    paper_rows: int = 1_000_000
    wide: bool = False
    most: int = 0

    def on_paper(self) -> pd.DataFrame:
        """The columns and rows that stand on a sheet of paper."""
        keys = [_key(label) for label in self.table.columns]
        found = [i for kept in self.kept for i, key in enumerate(keys) if key == kept] or list(range(len(keys)))
        most = self.most or (MOST_ACROSS if self.wide else MOST_COLUMNS)
        return self.table.iloc[: min(self.rows, self.paper_rows), found[:most]]


MOST_COLUMNS, MOST_ACROSS = 6, 15
"""Of a table on a sheet of A4 that can still be read; of one on a sheet across."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture by the stem of its file beside the papers (``maps/STEM.png``), or by its own SVG; with its caption.

    ``share``: of the width of a page's text that it takes.
    """

    caption: str
    stem: str = ""
    file: str = ""
    svg: str = ""
    share: float = 1.0


Block: TypeAlias = Heading | Paragraph | Points | Grid | Picture


@dataclass(frozen=True, eq=False)
class Paper:
    """A report before it is set: what stands on its cover, its summary, its parts and annexes in their order.

    ``ribbon``: what every sheet says of demonstration rows, or "". ``day``: the date of reference. ``kind``: what
    the cover calls it; "" a report.
    """

    title: str
    study: str
    day: str
    ribbon: str
    summary: tuple[Block, ...]
    parts: tuple[Block, ...]
    pictures: dict[str, bytes] = field(default_factory=dict)
    kind: str = ""

    def blocks(self) -> Iterator[Block]:
        """Summary, parts and annexes, one after the other."""
        yield from self.summary
        yield from self.parts


_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufddf\ufffe\uffff]")


def plain_text(value: object) -> str:
    """A text on one line that XML can hold: what is no letter is dropped, whatever a file put there."""
    return " ".join(_ILLEGAL.sub("", str(value)).split())


def text_width_em(text: str) -> float:
    """How wide a text is in ems, near enough to lay it out: a Chinese character is one, a Latin letter about half."""
    return sum(1.0 if ord(c) > 0x2E7F else 0.56 for c in text)


def cell_text(value: Any, key: str) -> str:
    """A cell as it is read; ``key`` of its column says whether it is a share or a gap."""
    if blank(value):
        return "—" if key.endswith(("share", "gap")) else ""
    if isinstance(value, str | bool) or not is_number(value):
        return str(value)
    if key.endswith("gap"):
        return gap_percent(value)
    return percent(value) if key.endswith("share") else _decimal(float(value))


def _decimal(value: float) -> str:
    """One decimal; of what is below one, three."""
    said = f"{value:,.1f}" if value == 0 or abs(value) >= 1 else f"{value:.3f}".rstrip("0")
    return said.removesuffix(".0").removesuffix(".")


def _key(label: object) -> str:
    """The key of a column (``key@of TAB heading``), without what it is of."""
    return str(label).partition("\t")[0].partition("@")[0]


def grid_cells(table: pd.DataFrame) -> tuple[list[str], list[list[str]], list[bool]]:
    """Headings, rows of cells as they are read, and which columns hold numbers."""
    keys, heads = [_key(c) for c in table.columns], [str(c).partition("\t")[2] for c in table.columns]
    rows = [[cell_text(v, k) for v, k in zip(row, keys, strict=True)]
            for row in table.itertuples(index=False, name=None)]  # fmt: skip
    numeric = [_holds_numbers(table.iloc[:, i].tolist()) for i in range(len(keys))]
    return heads, rows, numeric


_FIGURE = re.compile(r"[<>]?-?[0-9][0-9,]*(\.[0-9]+)?%?|—")


def _holds_numbers(values: Sequence[Any]) -> bool:
    known = [v for v in values if not blank(v)]
    return bool(known) and all((is_number(v) and not isinstance(v, bool)) or _FIGURE.fullmatch(str(v)) for v in known)


@dataclass(slots=True)
class Counter:
    """Counts parts, pieces, tables and pictures as a paper is set: 一、（一）, 图1, 表1, 附件1."""

    lang: str
    part: int = 0
    piece: int = 0
    annex: int = 0
    tables: int = 0
    pictures: int = 0

    def heading(self, heading: Heading) -> str:
        """The heading with its number."""
        if not heading.counted:
            return heading.text
        if heading.level > 1:
            self.piece += 1
            return self._piece(heading.text)
        self.piece = 0
        if heading.annex:
            self.annex += 1
            return f"附件{self.annex}　{heading.text}" if self.lang == "zh" else f"Annex {self.annex}. {heading.text}"
        self.part += 1
        return f"{chinese_number(self.part)}、{heading.text}" if self.lang == "zh" else f"{self.part}. {heading.text}"

    def _piece(self, text: str) -> str:
        return f"（{chinese_number(self.piece)}）{text}" if self.lang == "zh" else text

    def table(self) -> str:
        """The next table's label."""
        self.tables += 1
        return f"表{self.tables}" if self.lang == "zh" else f"Table {self.tables}"

    def picture(self) -> str:
        """The next picture's label."""
        self.pictures += 1
        return f"图{self.pictures}" if self.lang == "zh" else f"Figure {self.pictures}"


_DIGITS = "零一二三四五六七八九十"


def chinese_number(number: int) -> str:
    """1 to 999 as headings count: 一, 十, 十一, 二十, 一百零一, 一百一十."""
    if number <= 10:
        return _DIGITS[number]
    if number >= 100:
        hundreds, rest = divmod(number, 100)
        between = "" if not rest or rest >= 20 else "零" if rest < 10 else "一"
        return _DIGITS[hundreds] + "百" + (between + chinese_number(rest) if rest else "")
    tens, ones = divmod(number, 10)
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")


class Sources:
    """Gives each document a number when it is first cited; the list of them stands in an annex, each with what was
    cited of it."""

    def __init__(self) -> None:
        self._clauses: dict[str, list[str]] = {}

    def cite(self, clause: str, source: str, date: str) -> str:
        """The mark of a document as it stands in a text; "" where nothing is named."""
        document = " · ".join(part for part in (source, date) if part) or clause
        if not document:
            return ""
        clauses = self._clauses.setdefault(document, [])
        if clause and clause != document and clause not in clauses:
            clauses.append(clause)
        return f"[{list(self._clauses).index(document) + 1}]"

    def listed(self, lang: str) -> tuple[str, ...]:
        """Every document cited, in the order of the numbers, with its clauses."""
        colon, between = ("：", "；") if lang == "zh" else (": ", "; ")
        return tuple(doc + (colon + between.join(said) if said else "") for doc, said in self._clauses.items())
