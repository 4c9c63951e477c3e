"""The report of a run, built once for Markdown, HTML and Word alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from quarterhour.base import i18n
from quarterhour.report.forecast.sections import FORECAST
from quarterhour.report.needs.budget_sections import OF_BUDGETS, budget_charts
from quarterhour.report.papers.annexes import (
    certificate_blocks,
    method_blocks,
    quality_blocks,
    source_blocks,
    term_blocks,
)
from quarterhour.report.papers.blocks import Block, Heading, Paper, Picture, Sources
from quarterhour.report.papers.parts import circle_blocks, plan_blocks, promise_blocks, section_blocks
from quarterhour.report.papers.static_maps import MapPrint
from quarterhour.report.papers.summary import summary_blocks
from quarterhour.report.section import Section, area_names, rule_names
from quarterhour.study.results import Results


@dataclass(frozen=True, eq=False)
class PaperExtras:
    """What a report shows beside the results. ``charts``: by question its file and its SVG."""

    sections: Sequence[Section] = ()
    charts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    maps: Sequence[MapPrint] = ()
    terms: Sequence[tuple[str, str]] = ()


def demonstration_ribbon(results: Results, lang: str) -> str:
    """What every sheet says where rows are made up, or ""."""
    return i18n.say("papers_maps.ribbon", lang) if results.made_up else ""


def build_paper(results: Results, lang: str, extras: PaperExtras) -> Paper:
    """The report before it is set: summary, parts, annexes. No figure here that the results do not hold."""
    ribbon = demonstration_ribbon(results, lang)
    title = i18n.say("study.title", lang, name=results.study.name(lang))
    day = results.study.file.study.reference_date.isoformat()
    summary = [Heading(i18n.say("papers.summary", lang)), *summary_blocks(results, lang, ribbon=ribbon)]
    parts = tuple(_parts(results, lang, extras))
    pictures = {m.stem: m.made.png for m in extras.maps}
    return Paper(title, results.study.name(lang), day, ribbon, tuple(summary), parts, pictures)


_PROOFS, _IN_BOOK = ("levels", "robust_runs"), ("certificate", "glossary")
"""Sections that stand with the certificates, and those that are told there in a shorter table."""


def _parts(results: Results, lang: str, extras: PaperExtras) -> Iterator[Block]:
    sources, names = Sources(), area_names(results)
    pictures = _maps(extras, "gap", "towns")
    yield from circle_blocks(results.checks, results.compare, sources, lang, pictures, names=names)
    if results.scorecard is not None and len(results.scorecard.rows):
        yield from promise_blocks(results.scorecard, sources, lang)
    charts, maps = _charts(results, extras, lang), {p.id: _maps(extras, "sites", of=p.id) for p in results.proposals}
    rules = rule_names(results, lang)
    yield from plan_blocks(results.proposals, names, lang, rules=rules, charts=charts, maps=maps)
    behind = [s for s in extras.sections if s.key not in (*_PROOFS, *_IN_BOOK)]
    if behind:
        yield Heading(i18n.say("papers.behind", lang))
        for section in behind:
            yield from section_blocks(section, lang)
            if section.key == "forecast" and FORECAST in extras.charts:
                file, svg = extras.charts[FORECAST]
                yield Picture(i18n.say("report.part_forecast", lang), file=file, svg=svg)
            if section.key == "budgets":
                drawn = budget_charts(results, lang)
                yield from (
                    Picture(drawn[key][0], file=file, svg=svg)
                    for key, (file, svg) in extras.charts.items()
                    if key.endswith(OF_BUDGETS)
                )
    facilities = _maps(extras, "facilities")
    if facilities:
        yield Heading(i18n.say("papers.today", lang))
        yield from facilities
    yield from method_blocks(results, lang)
    yield from quality_blocks(results, lang)
    yield from certificate_blocks(results, lang)
    yield from (block for s in extras.sections if s.key in _PROOFS for block in section_blocks(s, lang))
    yield from source_blocks(sources, lang)
    yield from term_blocks(extras.terms, lang)


_MAP_SHARE = 0.84
"""Of the width of a page's text, so that two maps stand on one page."""


def _maps(extras: PaperExtras, *kinds: str, of: str | None = None) -> list[Picture]:
    return [
        Picture(m.title, m.stem, share=_MAP_SHARE) for m in extras.maps if m.kind in kinds and of in (None, m.about)
    ]


def _charts(results: Results, extras: PaperExtras, lang: str) -> dict[str, Picture]:
    return {
        p.id: Picture(i18n.say("report.chart", lang, name=p.name(lang)), file=extras.charts[p.id][0],
                      svg=extras.charts[p.id][1])
        for p in results.proposals
        if p.id in extras.charts
    }  # fmt: skip
