"""The annexes of a report: method, what the data are worth, certificates of plans, sources, words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.findings import SEVERITIES, finding_sentences
from quarterhour.base.kinds import kind_label
from quarterhour.base.labels import proof_label
from quarterhour.report.papers.blocks import Block, Grid, Heading, Paragraph, Points, Sources
from quarterhour.report.section import headed, labels, say_of
from quarterhour.report.tables import plan_row, quality_table
from quarterhour.study.results import Results

_MOST_FINDINGS = 20
_METHOD = ("method_times", "method_inside", "method_share", "method_plans", "method_limits")
_SEAL = 16
"""Characters of a hash that a page shows."""
_say = partial(say_of, "papers")


def method_blocks(results: Results, lang: str) -> Iterator[Block]:
    """How it was counted, and what each circle asks for."""
    yield Heading(_say("method", lang), annex=True)
    yield Points(tuple(_say(key, lang) for key in _METHOD))
    if results.checks:
        yield Grid(_say("questions", lang), _question_table(results, lang))


def _question_table(results: Results, lang: str) -> pd.DataFrame:
    circles = [check.circle for check in results.checks]
    own, between = results.study.kinds, "、" if lang == "zh" else ", "
    return headed(
        {
            "circle": [c.name(lang) for c in circles],
            "kinds_asked": [between.join(kind_label(k, lang, own) for k in c.kinds) for c in circles],
            "heading": labels("report.heading_", [c.heading for c in circles], lang),
            "mode": [check.mode_name(lang) for check in results.checks],
            "minutes": [c.minutes for c in circles],
            "turnout": [c.turnout_minutes for c in circles],
        },
        lang,
    )


def quality_blocks(results: Results, lang: str) -> Iterator[Block]:
    """What the results rest on, and what was found wrong in it, the worst first."""
    name = i18n.say("report.quality", lang)
    yield Heading(name, annex=True)
    yield Paragraph(i18n.say("report.quality_why", lang))
    yield Grid(name, quality_table(results.inputs.quality, lang))
    yield Heading(i18n.say("report.findings", lang), level=2)
    yield from _finding_blocks(results.findings, lang)


def _finding_blocks(findings: pd.DataFrame, lang: str) -> Iterator[Block]:
    if not len(findings):
        yield Paragraph(i18n.say("report.no_findings", lang))
        return
    order = findings["severity"].map({s: i for i, s in enumerate(SEVERITIES)})
    first = findings.loc[order.sort_values(kind="stable").index].head(_MOST_FINDINGS)
    marks = labels("report.severity_", first["severity"], lang)
    lines = [f"{m}: {t}" for m, t in zip(marks, finding_sentences(first, lang), strict=True)]
    if len(findings) > len(first):
        lines.append(i18n.say("report.more_findings", lang, count=len(findings) - len(first)))
    yield Points(tuple(lines))


def certificate_blocks(results: Results, lang: str) -> Iterator[Block]:
    """The proof of each plan, and how anybody counts it again."""
    if not results.proposals:
        return
    yield Heading(_say("certificates", lang), annex=True)
    yield Paragraph(_say("certificates_why", lang))
    rows = [plan_row(p, lang) | {"input_hash": p.plan.input_hash[:_SEAL]} for p in results.proposals]
    table = pd.DataFrame(rows)[["name", "plan_value", "bound", "gap", "status", "input_hash"]]
    yield Grid(_say("certificates", lang), headed(table, lang))
    yield Points(tuple(_say("proved_by", lang, name=p.name(lang), how=proof_label(p.plan.proved_by, lang))
                       for p in results.proposals if p.plan.proved_by), numbered=True)  # fmt: skip


def source_blocks(sources: Sources, lang: str) -> Iterator[Block]:
    """Every source that the report cites, once."""
    if sources.listed(lang):
        yield Heading(_say("sources", lang), annex=True)
        yield Points(sources.listed(lang), numbered=True)


def term_blocks(terms: Sequence[tuple[str, str]], lang: str) -> Iterator[Block]:
    """What each word of the report means."""
    if terms:
        yield Heading(_say("terms", lang), annex=True)
        yield Grid(_say("terms", lang), headed({"term": [t for t, _ in terms], "means": [m for _, m in terms]}, lang))
