"""The workbook that a clerk hands on: a cover, charts, a sheet a table, and how to read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from quarterhour.base import i18n
from quarterhour.report.book.charts import book_charts, write_charts
from quarterhour.report.book.cover import write_cover
from quarterhour.report.book.key_numbers import key_numbers
from quarterhour.report.book.leaves import book_leaves
from quarterhour.report.book.looks import FONT, Looks
from quarterhour.report.book.notes import write_notes
from quarterhour.report.book.sheets import Shelf, leaf_about, leaf_name, write_leaf
from quarterhour.report.section import Section
from quarterhour.study.results import Results

MADE = datetime(2020, 1, 1)  # noqa: DTZ001 - a workbook's own field; fixed, so that the same study gives the same bytes
OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
            "nan_inf_to_errors": False, "in_memory": True}  # fmt: skip


def write_workbook(path: str | Path, results: Results, lang: str, *, sections: Sequence[Section] = ()) -> None:
    """The results as an Excel workbook, a sheet a table; text is never taken for a formula or a link.

    ``sections``: further tables, a sheet each. The same results give the same bytes. The file is written at ``path``
    itself: whoever calls puts it in its place.
    """
    import xlsxwriter

    title = i18n.say("study.title", lang, name=results.study.name(lang))
    with xlsxwriter.Workbook(str(path), OPTIONS) as book:
        book.set_properties({"created": MADE, "title": title})
        book.formats[0].set_font_name(FONT)
        made_up = bool(results.inputs.quality["synthetic"].gt(0).any())
        warning = i18n.say("workbook.foot_warning", lang) if made_up else ""
        _write_sheets(Shelf(book, Looks(book), lang, title, warning), results, sections)


def _write_sheets(shelf: Shelf, results: Results, sections: Sequence[Section]) -> None:
    lang = shelf.lang
    leaves, charts, notes = book_leaves(results, sections, lang), book_charts(results, lang, shelf), _notes(sections)
    names = {leaf.key: leaf_name(leaf, lang) for leaf in reversed(leaves)}
    contents: list[tuple[str, str, int | None]] = []
    contents += [(shelf.say("charts"), shelf.say("about_charts"), None)] if charts else []
    contents += [(leaf_name(leaf, lang), leaf_about(leaf, lang), len(leaf.table)) for leaf in leaves]
    contents += [(shelf.say("notes"), shelf.say("about_notes"), len(notes))] if notes else []
    write_cover(shelf, results, key_numbers(results, lang), contents, names).activate()
    if charts:
        write_charts(shelf, charts)
    for leaf in leaves:
        write_leaf(shelf, leaf)
    if notes:
        told = [(i18n.say(f"report.part_{key}", lang), names.get(key, ""), line) for key, line in notes]
        write_notes(shelf, told)


def _notes(sections: Sequence[Section]) -> list[tuple[str, str]]:
    return [(section.key, line) for section in sections for line in section.lines]
