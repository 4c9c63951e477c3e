"""The report as one page of HTML: opens without a network, prints on A4, runs no script."""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterator
from importlib import resources

import quarterhour
from quarterhour.base import i18n
from quarterhour.base.escape import escape_html
from quarterhour.report.papers.blocks import (
    Block,
    Counter,
    Grid,
    Heading,
    Paper,
    Picture,
    Points,
    grid_cells,
    plain_text,
    text_width_em,
)

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_SHORT_EM = 8.0
_LANGUAGES = {"zh": "zh-CN", "en": "en"}


def write_html(paper: Paper, lang: str) -> str:
    """A report as a page that holds its style and its pictures; every text is escaped on its way in."""
    headings: list[tuple[int, str]] = []
    summary = [*_set(paper.summary[:1], paper, lang, [], Counter(lang), plain=True)]
    count = Counter(lang)
    summary += _set(paper.summary[1:], paper, lang, headings, count)
    parts = "\n".join(_set(paper.parts, paper, lang, headings, count))
    return "\n".join([*_head(paper, lang), *summary, _contents(headings, lang), parts, "</body>", "</html>", ""])


@functools.cache
def _style() -> str:
    return (resources.files("quarterhour") / "data" / "papers" / "report.css").read_text(encoding="utf-8")


def _head(paper: Paper, lang: str) -> Iterator[str]:
    title = _text(paper.title)
    yield f'<!DOCTYPE html>\n<html lang="{_LANGUAGES[lang]}">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title>\n<style>\n{_style()}</style>\n</head>\n<body>"
    yield f'<p class="ribbon">{_text(paper.ribbon)}</p>' if paper.ribbon else ""
    day = i18n.say("papers.day", lang, day=paper.day)
    made = i18n.say("papers.made_with", lang, version=quarterhour.__version__)
    yield f'<h1>{title}</h1>\n<p class="day">{_text(day)} · {_text(made)}</p>'


def _text(value: object) -> str:
    return escape_html(plain_text(value))


def _contents(headings: list[tuple[int, str]], lang: str) -> str:
    rows = [f'<li class="{"part" if level == 1 else "piece"}"><a href="#h{n}">{_text(text)}</a></li>'
            for n, (level, text) in enumerate(headings)]  # fmt: skip
    return f"<nav><h2>{i18n.say('papers.contents', lang)}</h2><ol>{''.join(rows)}</ol></nav>"


def _set(
    blocks: tuple[Block, ...],
    paper: Paper,
    lang: str,
    headings: list[tuple[int, str]],
    count: Counter,
    *,
    plain: bool = False,
) -> Iterator[str]:
    """Blocks as HTML; headings are numbered and noted down, or with ``plain`` neither."""
    for block in blocks:
        if isinstance(block, Heading):
            text = block.text if plain else count.heading(block)
            mark = "" if plain else f' id="h{len(headings)}"'
            headings.append((block.level, text))
            yield f"<h{block.level + 1}{mark}>{_text(text)}</h{block.level + 1}>"
        elif isinstance(block, Points):
            yield _points(block)
        elif isinstance(block, Grid):
            yield _grid(block, count.table(), lang)
        elif isinstance(block, Picture):
            yield _picture(block, paper, count, lang)
        else:
            yield f'<p class="{block.style}">{_text(block.text)}</p>'


def _points(points: Points) -> str:
    tag, style = ("ol", ' class="sources"') if points.numbered else ("ul", "")
    return f"<{tag}{style}>{''.join(f'<li>{_text(line)}</li>' for line in points.lines)}</{tag}>"


def _grid(grid: Grid, label: str, lang: str) -> str:
    shown = grid.on_paper()
    heads, rows, numeric = grid_cells(shown)
    marks = [_mark(number, [row[i] for row in rows]) for i, number in enumerate(numeric)]
    head = "".join(f'<th scope="col"{mark}>{_text(h)}</th>' for h, mark in zip(heads, marks, strict=True))
    body = "".join(
        f"<tr>{''.join(f'<td{mark}>{_text(cell)}</td>' for cell, mark in zip(row, marks, strict=True))}</tr>\n"
        for row in rows
    )
    left = len(grid.table) - len(shown)
    more = f'<p class="note">{i18n.say("papers.more_rows", lang, count=left)}</p>' if left else ""
    caption = _labelled(label, grid.caption, lang)
    return (f'<div class="wide"><table><caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n'
            f"<tbody>\n{body}</tbody></table></div>{more}")  # fmt: skip


def _mark(number: bool, cells: list[str]) -> str:
    """The class of a column: numbers stand to the right; what is short is not broken over lines."""
    if number:
        return ' class="n"'
    return ' class="s"' if max(map(text_width_em, cells), default=0.0) <= _SHORT_EM else ""


def _labelled(label: str, caption: str, lang: str) -> str:
    return f"{label}　{_text(caption)}" if lang == "zh" else f"{label}. {_text(caption)}"


def _picture(picture: Picture, paper: Paper, count: Counter, lang: str) -> str:
    """The picture inside the page; nothing where it was not drawn. An SVG as a picture runs no script."""
    known = picture.svg.encode() or paper.pictures.get(picture.stem, b"")
    if not known:
        return ""
    kind = "svg+xml" if picture.svg else "png"
    data = base64.b64encode(known).decode("ascii")
    caption = _labelled(count.picture(), picture.caption, lang)
    return (f'<figure><img alt="{_text(picture.caption)}" src="data:image/{kind};base64,{data}">'
            f"<figcaption>{caption}</figcaption></figure>")  # fmt: skip
