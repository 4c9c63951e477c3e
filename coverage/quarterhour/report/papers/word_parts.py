"""What python-docx has no words for: East Asian fonts, fields, borders, rows that stay whole, fixed bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn

from quarterhour.report.papers.blocks import plain_text

FIXED_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def element(tag: str, /, **attributes: object) -> Any:
    """An element of WordprocessingML; attributes by their names without ``w:``."""
    made = OxmlElement(tag)
    for key, value in attributes.items():
        made.set(qn(f"w:{key}"), str(value))
    return made


def set_fonts(style: Any, *, latin: str, east_asian: str) -> None:
    """Both fonts of a style: Word takes Chinese from ``w:eastAsia`` and falls to another font without it."""
    style.font.name = latin
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), east_asian)
    fonts.set(qn("w:cs"), latin)


def set_language(style: Any, lang: str) -> None:
    """The language of the words, for spelling and line breaks."""
    properties = style.element.get_or_add_rPr()
    for old in properties.findall(qn("w:lang")):
        properties.remove(old)
    properties.append(element("w:lang", val="en-GB", eastAsia="zh-CN" if lang == "zh" else "en-GB"))


def indent_two_letters(style: Any) -> None:
    """Chinese paragraphs begin two letters in, whatever the size."""
    properties = style.element.get_or_add_pPr()
    properties.append(element("w:ind", firstLineChars=200, firstLine=420))


def add_field(paragraph: Any, instruction: str, shown: str) -> None:
    """A field with what it shows until Word counts it."""
    field = element("w:fldSimple", instr=f" {instruction} ")
    field.append(_text_run(shown))
    paragraph._p.append(field)


def open_field(paragraph: Any, instruction: str) -> None:
    """The beginning of a field that reaches over paragraphs, and that Word counts anew when it opens the file."""
    for part in (_mark("begin", dirty="true"), _instruction(instruction), _mark("separate")):
        paragraph._p.append(part)


def close_field(paragraph: Any) -> None:
    """The end of such a field."""
    paragraph._p.append(_mark("end"))


def _run(content: Any) -> Any:
    run = OxmlElement("w:r")
    run.append(content)
    return run


def _text_run(text: str) -> Any:
    words = OxmlElement("w:t")
    words.text = text
    return _run(words)


def _mark(kind: str, **more: str) -> Any:
    return _run(element("w:fldChar", fldCharType=kind, **more))


def _instruction(instruction: str) -> Any:
    words = OxmlElement("w:instrText")
    words.set(qn("xml:space"), "preserve")
    words.text = f" {instruction} "
    return _run(words)


def bookmark(paragraph: Any, name: str, number: int) -> None:
    """A bookmark around a paragraph's text."""
    start, end = element("w:bookmarkStart", id=number, name=name), element("w:bookmarkEnd", id=number)
    place = 1 if paragraph._p.pPr is not None else 0
    paragraph._p.insert(place, start)
    paragraph._p.append(end)


def add_link(paragraph: Any, name: str, text: str) -> None:
    """A text that leads to a bookmark."""
    link = element("w:hyperlink", anchor=name, history=1)
    link.append(_text_run(text))
    paragraph._p.append(link)


def shade(properties: Any, colour: str) -> None:
    """A background: of a cell's or a paragraph's properties."""
    properties.append(element("w:shd", val="clear", color="auto", fill=colour))


@dataclass(frozen=True, slots=True)
class Cells:
    """A table of texts: headings, rows, which columns hold numbers, and how wide each is in centimetres."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: Sequence[bool]
    widths_cm: Sequence[float]


def add_table(document: Any, cells: Cells, *, style: str, head_fill: str, line: str, kept: bool) -> None:
    """A table with thin lines between its rows and a heading that is repeated on each page; no row is divided.

    ``style``: id of the paragraphs' style. ``kept``: not divided among pages either. Written as one piece of XML:
    python-docx takes a second for a hundred cells.
    """
    rows = [_row_xml(cells.heads, cells, style, kept=True, fill=head_fill)]
    last = len(cells.rows) - 1
    rows += [_row_xml(row, cells, style, kept=kept and n < last) for n, row in enumerate(cells.rows)]
    twips = [round(width * _TWIPS_PER_CM) for width in cells.widths_cm]
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in twips)
    rules = "".join(f'<w:{side} w:val="single" w:sz="{size}" w:space="0" w:color="{line}"/>'
                    for side, size in (("top", 8), ("bottom", 8), ("insideH", 4)))  # fmt: skip
    table = (
        f'<w:tbl {_NAMESPACE}><w:tblPr><w:tblW w:w="{sum(twips)}" w:type="dxa"/><w:jc w:val="center"/>'
        f'<w:tblBorders>{rules}</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar>'
        f'<w:top w:w="34" w:type="dxa"/><w:left w:w="90" w:type="dxa"/><w:bottom w:w="34" w:type="dxa"/>'
        f'<w:right w:w="90" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{"".join(rows)}</w:tbl>'
    )
    body = document.element.body
    body.insert(len(body) - 1, parse_xml(table))  # before the section's own settings, which end the body


_TWIPS_PER_CM = 567
_NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def _row_xml(texts: Sequence[str], cells: Cells, style: str, *, kept: bool, fill: str = "") -> str:
    repeated = "<w:tblHeader/>" if fill else ""
    parts = [_cell_xml(*cell, style, kept=kept, fill=fill)
             for cell in zip(texts, cells.numeric, cells.widths_cm, strict=True)]  # fmt: skip
    return f"<w:tr><w:trPr><w:cantSplit/>{repeated}</w:trPr>{''.join(parts)}</w:tr>"


def _cell_xml(text: str, number: bool, width_cm: float, style: str, *, kept: bool, fill: str) -> str:
    shading = f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>' if fill else ""
    bold = "<w:rPr><w:b/></w:rPr>" if fill else ""
    keep = "<w:keepNext/>" if kept else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{round(width_cm * _TWIPS_PER_CM)}" w:type="dxa"/>{shading}'
        f'<w:vAlign w:val="center"/></w:tcPr><w:p><w:pPr><w:pStyle w:val="{style}"/>{keep}'
        f'<w:jc w:val="{"right" if number else "left"}"/></w:pPr><w:r>{bold}'
        f'<w:t xml:space="preserve">{escape(plain_text(text))}</w:t></w:r></w:p></w:tc>'
    )


def with_fixed_dates(document: bytes) -> bytes:
    """A document's bytes without the clock: the same parts give the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=_content_types_first):
            entry = zipfile.ZipInfo(name, FIXED_ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0
            new.writestr(entry, old.read(name))
    return made.getvalue()


def _content_types_first(name: str) -> tuple[bool, str]:
    return (name != "[Content_Types].xml", name)


_PADDING_EM = 1.8


def share_widths(cells: Sequence[Sequence[float]], total: float, *, least: float, most: float) -> list[float]:
    """Widths of columns from how wide their cells are, none below ``least`` ems nor counted above ``most``."""
    wanted = [min(max(max(column, default=0.0), least), most) + _PADDING_EM for column in cells]
    return [total * width / sum(wanted) for width in wanted]
