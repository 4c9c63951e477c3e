"""How findings and the quality of the data are said, on the console and in every output."""

from __future__ import annotations

from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.findings import QUALITIES, finding_sentences
from quarterhour.base.labels import percent
from quarterhour.report.format import sites_by_quality
from quarterhour.study.inputs import Inputs
from quarterhour.study.results import Proposal, Results


def findings_count(results: Results | Inputs) -> int:
    """How many rows were set aside or unusable: what the planner must act on."""
    return int((results.findings["severity"] == "error").sum())


def quality_note(results: Results, lang: str) -> str:
    """Which share of the result rests on facts, estimates and made-up rows, the sites to be built included."""
    shares = results.inputs.quality.set_index("table")[list(QUALITIES)].to_dict("index")
    parts: dict[str, Any] = {
        t: i18n.say("study.quality_part", lang, **{str(q): percent(share) for q, share in shares[t].items()})
        if t in shares
        else i18n.say("study.quality_none", lang)
        for t in ("communities", "facilities", "roads", "candidates")
    }
    made_up = "".join(_made_up(proposal, lang) for proposal in results.proposals)
    facts = all(row["fact"] == 1 for row in shares.values()) and not made_up
    return i18n.say("study.quality_facts" if facts else "study.quality_note", lang, made_up=made_up, **parts)


def _made_up(proposal: Proposal, lang: str) -> str:
    """How many sites of a plan nobody has seen; "" where all are facts."""
    known = sites_by_quality(proposal.plan, proposal.sites)
    if not (known["estimated"] or known["synthetic"]):
        return ""
    return i18n.say("study.quality_sites", lang, name=proposal.name(lang), **known)


def input_lines(tables: Inputs, lang: str, *, most: int = 20) -> list[str]:
    """What came in and what is wrong with it, a line each; many of a kind are counted."""
    lines = [_told_table(row, lang) for row in tables.quality.to_dict("records")]
    told = finding_lines(tables.findings, lang, most=most)
    return [*lines, *(told or [i18n.say("cli.no_findings", lang)])]


def finding_lines(findings: pd.DataFrame, lang: str, *, most: int) -> list[str]:
    """Findings as sentences, at most so many of a kind."""
    lines: list[str] = []
    for (severity, _), group in findings.groupby(["severity", "rule"], sort=False):
        head = i18n.say(f"cli.severity_{severity}", lang)
        lines += [f"[{head}] {text}" for text in finding_sentences(group.head(most), lang)]
        if len(group) > most:
            lines.append(i18n.say("cli.more_like_it", lang, count=len(group) - most))
    return lines


def _told_table(row: dict[Any, Any], lang: str) -> str:
    shares = {quality: percent(row[quality]) for quality in QUALITIES}
    table = i18n.label("tables", row["table"], lang)
    return i18n.say("cli.came_in", lang, table=table, rows=row["rows"], **shares)
