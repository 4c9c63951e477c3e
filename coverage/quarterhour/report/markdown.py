"""The report as Markdown: what a planner pastes into another text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.escape import escape_markdown
from quarterhour.report.glossary import glossary
from quarterhour.report.papers.blocks import Block, Grid, Heading, Paper, Picture, Points, grid_cells
from quarterhour.report.papers.paper import PaperExtras, build_paper
from quarterhour.report.section import Section
from quarterhour.study.results import Results


def report_markdown(
    results: Results, lang: str, *, sections: Sequence[Section] = (), charts: Mapping[str, str] | None = None
) -> str:
    """The results as a page of Markdown; text out of files is escaped, so it can be nothing but text.

    ``sections``: further tables. ``charts``: by id of a question the picture's file beside the page.
    """
    files = {question: (file, "") for question, file in (charts or {}).items()}
    return paper_markdown(build_paper(results, lang, PaperExtras(sections, files, terms=glossary(lang))), lang)


def paper_markdown(paper: Paper, lang: str) -> str:
    """A report as Markdown: every column of its tables, its pictures as files beside it."""
    head = [f"# {escape_markdown(paper.title)}", escape_markdown(i18n.say("papers.day", lang, day=paper.day))]
    head += [f"**{escape_markdown(paper.ribbon)}**"] if paper.ribbon else []
    return "\n\n".join([*head, *_set(paper.blocks(), lang)]) + "\n"


def _set(blocks: Iterable[Block], lang: str) -> Iterator[str]:
    """Each block; the caption of a table where no heading has said it."""
    heading = ""
    for block in blocks:
        heading = block.text if isinstance(block, Heading) else heading
        if isinstance(block, Grid) and block.caption != heading:
            yield f"**{escape_markdown(block.caption)}**"
        yield _block(block, lang)


def _block(block: Block, lang: str) -> str:
    if isinstance(block, Heading):
        return f"{'#' * (block.level + 1)} {escape_markdown(block.text)}"
    if isinstance(block, Points):
        marks = [f"{n}." if block.numbered else "-" for n in range(1, len(block.lines) + 1)]
        return "\n".join(f"{mark} {escape_markdown(line)}" for mark, line in zip(marks, block.lines, strict=True))
    if isinstance(block, Grid):
        return _grid(block, lang)
    if isinstance(block, Picture):
        return f"![{escape_markdown(block.caption)}]({block.file or f'maps/{block.stem}.svg'})"
    return escape_markdown(block.text)


def _grid(grid: Grid, lang: str) -> str:
    shown = grid.table.head(grid.rows)
    left = len(grid.table) - len(shown)
    return _markdown(shown) + (f"\n\n{i18n.say('report.more_rows', lang, count=left)}" if left else "")


def _markdown(table: pd.DataFrame) -> str:
    """A table of Markdown; every cell is escaped here and nowhere else."""
    heads, rows, _ = grid_cells(table)
    lines = [f"| {' | '.join(map(escape_markdown, heads))} |", f"|{'---|' * len(heads)}"]
    return "\n".join([*lines, *(f"| {' | '.join(map(escape_markdown, row))} |" for row in rows)])
