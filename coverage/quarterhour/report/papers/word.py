"""The report as a Word document: cover, summary, contents, parts and annexes on A4."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import quarterhour
from quarterhour.base import i18n
from quarterhour.report.papers.blocks import (
    Block,
    Counter,
    Grid,
    Heading,
    Paper,
    Paragraph,
    Picture,
    Points,
    grid_cells,
    plain_text,
    text_width_em,
)
from quarterhour.report.papers.word_parts import (
    Cells,
    add_field,
    add_link,
    add_table,
    bookmark,
    close_field,
    indent_two_letters,
    open_field,
    set_fonts,
    set_language,
    shade,
    share_widths,
    with_fixed_dates,
)

MADE = datetime(2020, 1, 1)  # noqa: DTZ001 - a document's own field; fixed, so that the same study gives the same bytes
BODY = {"zh": ("Times New Roman", "宋体"), "en": ("Times New Roman", "宋体")}
HEADS = {"zh": ("Arial", "黑体"), "en": ("Arial", "黑体")}
"""Latin and East Asian fonts, as every office's Word has them."""
_TEXT_CM, _ACROSS_CM = 16.0, 25.3
_NAVY, _HEAD_FILL, _LINE, _ORANGE = "1F3A5F", "E7EEF5", "B8C4D0", "B45309"
_KEPT_TOGETHER = 10
"""Rows up to which a table is not divided among pages."""


def write_word(paper: Paper, lang: str) -> bytes:
    """A report as a ``.docx``; the same report gives the same bytes.

    Text of files is text: no field, link or mark-up comes of it. Word counts the pages of the contents itself.
    """
    return with_fixed_dates(_Setter(paper, lang).document())


class _Setter:
    """Sets one report; holds the document and what has been counted so far."""

    def __init__(self, paper: Paper, lang: str) -> None:
        from docx import Document

        self.paper, self.lang = paper, lang
        self.doc: Any = Document()
        self.count = Counter(lang)
        self.headings: list[tuple[int, str, str]] = []
        self.across = False

    def document(self) -> bytes:
        self._prepare()
        self._cover()
        self._summary()
        for block in self.paper.parts:
            self._turn(isinstance(block, Grid) and block.wide)
            self._add(block)
        self._contents()
        buffer = io.BytesIO()
        self.doc.save(buffer)
        return buffer.getvalue()

    # --- page and styles ---

    def _prepare(self) -> None:
        from docx.shared import Cm

        section = self.doc.sections[0]
        section.page_width, section.page_height = Cm(21.0), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.5)
        section.top_margin, section.bottom_margin = Cm(2.4), Cm(2.2)
        section.different_first_page_header_footer = True
        self._styles()
        self._running_heads(section)
        core = self.doc.core_properties
        core.title, core.author = plain_text(self.paper.title)[:250], "Quarterhour"
        core.last_modified_by, core.comments, core.revision = "Quarterhour", "", 1
        core.created = core.modified = core.last_printed = MADE

    def _styles(self) -> None:
        from docx.enum.style import WD_STYLE_TYPE
        from docx.shared import Pt, RGBColor

        styles, lang = self.doc.styles, self.lang
        self._style("Normal", BODY, 10.5, before=0, after=5, line=1.35)
        set_language(styles["Normal"], lang)
        for name, size, before, after in (("Heading 1", 15, 20, 8), ("Heading 2", 12, 14, 5), ("Title", 26, 150, 18)):
            self._style(name, HEADS, size, before=before, after=after, line=1.15)
            styles[name].font.color.rgb = RGBColor.from_string(_NAVY)
            styles[name].font.bold, styles[name].font.italic = True, False
            styles[name].paragraph_format.keep_with_next = True
        for border in styles["Title"].element.xpath(".//w:pBdr"):
            border.getparent().remove(border)
        self._style("Caption", HEADS, 9, before=8, after=4, line=1.15)
        styles["Caption"].font.color.rgb, styles["Caption"].font.bold = RGBColor.from_string(_NAVY), False
        for name, points in (
            ("Body", 10.5),
            ("Lead", 10.5),
            ("Note", 9),
            ("Cell", 9),
            ("Front", 15),
            ("toc 1", 10.5),
            ("toc 2", 10),
        ):
            made = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            made.base_style, made.font.size = styles["Normal"], Pt(points)
        if lang == "zh":
            for name in ("Body", "Lead"):
                indent_two_letters(styles[name])
        self._style("Front", HEADS, 15, before=20, after=8, line=1.15)
        styles["Front"].font.color.rgb, styles["Front"].font.bold = RGBColor.from_string(_NAVY), True
        styles["Note"].paragraph_format.space_before = Pt(3)
        styles["Cell"].paragraph_format.space_after = Pt(0)
        styles["Cell"].paragraph_format.line_spacing = 1.1
        styles["Note"].font.color.rgb = RGBColor.from_string("5B6675")
        self._contents_styles()

    def _contents_styles(self) -> None:
        from docx.enum.text import WD_TAB_ALIGNMENT, WD_TAB_LEADER
        from docx.shared import Cm, Pt

        for name, left in (("toc 1", 0.0), ("toc 2", 0.7)):
            form = self.doc.styles[name].paragraph_format
            form.left_indent, form.space_after, form.line_spacing = Cm(left), Pt(1), 1.15
            form.tab_stops.add_tab_stop(Cm(_TEXT_CM), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)

    def _style(
        self, name: str, fonts: dict[str, tuple[str, str]], size: float, *, before: float, after: float, line: float
    ) -> None:
        from docx.shared import Pt

        style = self.doc.styles[name]
        set_fonts(style, latin=fonts[self.lang][0], east_asian=fonts[self.lang][1])
        style.font.size = Pt(size)
        form = style.paragraph_format
        form.space_before, form.space_after, form.line_spacing = Pt(before), Pt(after), line

    def _running_heads(self, section: Any) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        said = " · ".join(t for t in (self.paper.title, self.paper.ribbon) if t)
        head = section.header.paragraphs[0]
        head.style = self.doc.styles["Note"]
        head.add_run(plain_text(said))
        foot = section.footer.paragraphs[0]
        foot.style, foot.alignment = self.doc.styles["Note"], WD_ALIGN_PARAGRAPH.CENTER
        before, _, behind = i18n.say("papers.page_of", self.lang, page="\t").partition("\t")
        foot.add_run(before)
        add_field(foot, "PAGE", "1")
        foot.add_run(behind)

    # --- cover, summary, contents ---

    def _cover(self) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK

        if self.paper.ribbon:
            self._ribbon()
        kind = self.paper.kind or i18n.say("papers.report", self.lang)
        lines = [("Title", self.paper.title), ("Body", kind),
                 ("Body", i18n.say("papers.day", self.lang, day=self.paper.day))]  # fmt: skip
        for style, text in lines:
            paragraph = self.doc.add_paragraph(plain_text(text), style=style)
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            paragraph.paragraph_format.first_line_indent = 0
        made = i18n.say("papers.made_with", self.lang, version=quarterhour.__version__)
        last = self.doc.add_paragraph(made, style="Note")
        last.alignment = WD_ALIGN_PARAGRAPH.CENTER
        last.add_run().add_break(WD_BREAK.PAGE)

    def _ribbon(self) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import RGBColor

        paragraph = self.doc.add_paragraph(style="Note")
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        run = paragraph.add_run(f" {self.paper.ribbon} ")
        run.font.bold, run.font.color.rgb = True, RGBColor(255, 255, 255)
        shade(run._r.get_or_add_rPr(), _ORANGE)

    def _summary(self) -> None:
        """The summary, if there is one, and where the contents are put once they are known."""
        for place, block in enumerate(self.paper.summary):
            if place == 0:
                self.doc.add_paragraph(plain_text(getattr(block, "text", "")), style="Front")
            else:
                self._add(block)
        self.contents_at = self.doc.add_paragraph(i18n.say("papers.contents", self.lang), style="Front")
        self.contents_at.paragraph_format.page_break_before = bool(self.paper.summary)

    def _contents(self) -> None:
        """The headings: a field that Word fills with their pages when it opens the file.

        Until then, and in programs that count no fields, the headings stand there as links, without a page: a number
        that nobody has counted would be false.
        """
        from docx.text.paragraph import Paragraph as WordParagraph

        place = self.contents_at
        for number, (level, name, text) in enumerate(self.headings):
            new = WordParagraph(self.doc.add_paragraph(style=f"toc {level}")._p, place._parent)
            place._p.addnext(new._p)
            if number == 0:
                open_field(new, 'TOC \\o "1-2" \\h \\z')
            add_link(new, name, text)
            place = new
        if self.headings:
            close_field(place)

    # --- blocks ---

    def _turn(self, across: bool) -> None:
        """A new page that lies across, or stands upright again, where the block before was set the other way."""
        from docx.enum.section import WD_ORIENT, WD_SECTION
        from docx.shared import Cm

        if across == self.across:
            return
        self.across = across
        section = self.doc.add_section(WD_SECTION.NEW_PAGE)
        section.orientation = WD_ORIENT.LANDSCAPE if across else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = (Cm(29.7), Cm(21.0)) if across else (Cm(21.0), Cm(29.7))
        section.left_margin = section.right_margin = Cm(2.2 if across else 2.5)
        section.different_first_page_header_footer = False

    def _add(self, block: Block) -> None:
        if isinstance(block, Heading):
            self._heading(block)
        elif isinstance(block, Grid):
            self._grid(block)
        elif isinstance(block, Picture):
            self._picture(block)
        elif isinstance(block, Points):
            self._points(block)
        else:
            self._paragraph(block)

    def _heading(self, heading: Heading) -> None:
        text, name = plain_text(self.count.heading(heading)), f"_Toc{len(self.headings) + 1:08d}"
        paragraph = self.doc.add_paragraph(text, style=f"Heading {heading.level}")
        bookmark(paragraph, name, len(self.headings) + 1)
        if heading.level == 1:
            paragraph.paragraph_format.page_break_before = not self.headings
        self.headings.append((heading.level, name, text))

    def _paragraph(self, paragraph: Paragraph) -> None:
        style = {"text": "Body", "lead": "Lead", "note": "Note"}[paragraph.style]
        made = self.doc.add_paragraph(style=style)
        if paragraph.mark:
            made.add_run(f"{plain_text(paragraph.mark)}　").font.bold = True
        made.add_run(plain_text(paragraph.text))

    def _points(self, points: Points) -> None:
        from docx.shared import Cm, Pt

        for number, line in enumerate(points.lines, start=1):
            mark = f"[{number}]" if points.numbered else "•"
            paragraph = self.doc.add_paragraph(f"{mark}\t{plain_text(line)}")
            form = paragraph.paragraph_format
            form.left_indent, form.first_line_indent = Cm(0.8), Cm(-0.8)
            form.space_after, form.line_spacing = Pt(3), 1.25
            form.tab_stops.add_tab_stop(Cm(0.8))

    def _caption(self, label: str, text: str, *, above: bool) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        paragraph = self.doc.add_paragraph(style="Caption")
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.keep_with_next = above
        word = label.rstrip("0123456789").rstrip()
        paragraph.add_run(word + ("" if self.lang == "zh" else " "))
        add_field(paragraph, f"SEQ {word} \\* ARABIC", label.removeprefix(word).strip())
        paragraph.add_run(f"　{plain_text(text)}" if self.lang == "zh" else f". {plain_text(text)}")

    def _picture(self, picture: Picture) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Cm

        known = self.paper.pictures.get(picture.stem)
        if known is None:
            return
        paragraph = self.doc.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.keep_with_next = True
        shape = paragraph.add_run().add_picture(io.BytesIO(known), width=Cm(_TEXT_CM * picture.share))
        shape._inline.docPr.set("descr", plain_text(picture.caption))
        self._caption(self.count.picture(), picture.caption, above=False)

    def _grid(self, grid: Grid) -> None:
        shown = grid.on_paper()
        heads, rows, numeric = grid_cells(shown)
        self._caption(self.count.table(), grid.caption, above=True)
        cells = Cells(heads, rows, numeric, _widths(heads, rows, _ACROSS_CM if grid.wide else _TEXT_CM))
        add_table(self.doc, cells, style="Cell", head_fill=_HEAD_FILL, line=_LINE, kept=len(rows) <= _KEPT_TOGETHER)
        left = len(grid.table) - len(shown)
        said = i18n.say("papers.more_rows", self.lang, count=left) if left else ""
        self.doc.add_paragraph(said, style="Note")


def _widths(heads: Sequence[str], rows: Sequence[Sequence[str]], total: float) -> list[float]:
    """A heading may take two lines, so that half of it counts."""
    ems = [[*(text_width_em(row[i]) for row in rows), text_width_em(head) / 2] for i, head in enumerate(heads)]
    return share_widths(ems, total, least=3.6, most=14.0 if len(heads) > 3 else 40.0)
