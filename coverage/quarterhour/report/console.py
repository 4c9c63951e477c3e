"""What the console tells: what came in, what is wrong with it, and the results in a sentence each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.findings import QUALITIES, UNSTATED, finding_sentences
from quarterhour.base.labels import figure, people_label, percent, unstated_said
from quarterhour.report.needs.budget_sections import budget_lines
from quarterhour.report.needs.near_plans import near_plan_sections
from quarterhour.report.needs.relocation_sections import relocation_lines
from quarterhour.report.needs.size_lines import size_lines
from quarterhour.report.score_sections import pace_lines
from quarterhour.report.section import (
    area_names,
    circle_name,
    city_row,
    further_lines,
    level_said,
    met_of,
    opening_lines,
    paces,
    threshold_said,
)
from quarterhour.report.siting_sections import reported_lines, unchecked_lines
from quarterhour.report.tables import plan_line, quality_note, quota_line
from quarterhour.standards.circle import CircleCheck
from quarterhour.study.inputs import Inputs
from quarterhour.study.results import Results
from quarterhour.study.run import publishable


def summary_lines(results: Results, lang: str) -> list[str]:
    """The results in a sentence each."""
    results = publishable(results, lang)
    shown = [check for check in results.checks if not check.impossible]
    lines = [*opening_lines(results, lang)]
    lines += [line for check in shown for line in _circle_lines(results, check, lang)]
    if results.scorecard is not None:
        table = results.scorecard.summary()
        table = table[table["binding"].astype(bool)]
        lines += [_target_line(rows, lang) for _, rows in table.groupby("target", sort=False)]
    lines += [
        i18n.say("report.plan_told", lang, name=p.name(lang), line=plan_line(p, lang)) + quota_line(p, lang)
        for p in results.proposals
    ]
    lines += [*unchecked_lines(results, lang), *reported_lines(results, lang)]
    near = [line for section in near_plan_sections(results, lang) for line in section.lines]
    return [
        *lines,
        *(line for p in results.proposals for line in size_lines(results, p, lang)),
        *budget_lines(results, lang),
        *relocation_lines(results, lang),
        *near,
        *pace_lines(results, lang),
        quality_note(results.inputs.quality, results.proposals, lang),
    ]


def _circle_lines(results: Results, check: CircleCheck, lang: str) -> list[str]:
    """A circle, the same by unit and by class, and at other walkers' pace."""
    others = [_circle_line(c, lang) for c in paces(check, results.compare)]
    return [_circle_line(check, lang), *further_lines(check, area_names(results), lang), *others]


def _circle_line(check: CircleCheck, lang: str) -> str:
    row, count = city_row(check), check.count
    if count.left is None:
        return i18n.say("report.area_withheld", lang, name=circle_name(check, lang))
    made: dict[str, Any] = {q: int(row[f"people_{q}"]) for q in QUALITIES}
    made[UNSTATED] = unstated_said(made[UNSTATED], lang)
    people = people_label(check.circle.people, lang)
    counted = {"share": count.percent, "met": count.met, "total": count.total}
    return i18n.say("report.circle_line", lang, name=circle_name(check, lang), people=people, **counted, **made)


def _target_line(rows: pd.DataFrame, lang: str) -> str:
    """A promise in one line, its levels side by side."""
    parts = [_level_said(row, lang) for row in rows.itertuples()]
    between = i18n.say("report.between", lang)
    return i18n.say("report.target_line", lang, name=rows[lang].iloc[0], said=between.join(parts))


def _level_said(row: Any, lang: str) -> str:
    level, threshold = level_said(row.level, row.applies_to, lang), threshold_said(row, lang)
    value = figure(row.value, row.unit, against=row.threshold)
    key = "report.target_value" if value else "report.target_areas"
    made_up = (
        i18n.say("report.on_synthetic", lang, share=percent(row.synthetic_share)) if row.synthetic_share > 0 else ""
    )
    met = met_of(row, lang)
    if "/" in met:
        met = i18n.say("report.areas_met_of", lang, met=row.areas_met, all=row.areas - row.areas_no_data)
    return i18n.say(key, lang, level=level, value=value, threshold=threshold, met=met + made_up)


def findings_count(results: Results | Inputs) -> int:
    """How many rows were set aside or unusable: what the planner must act on."""
    return int((results.findings["severity"] == "error").sum())


def input_lines(tables: Inputs, lang: str, *, most: int = 20) -> list[str]:
    """What came in and what is wrong with it, a line each; many of a kind are counted."""
    told = finding_lines(tables.findings, lang, most=most)
    return [*table_lines(tables, lang), *(told or [i18n.say("cli.no_findings", lang)])]


def table_lines(tables: Inputs, lang: str) -> list[str]:
    """Each table that came in, in a line: its rows and how well they are known; and where the rows of its file went."""
    lines = [_told_table(row, lang) for row in tables.quality.to_dict("records")]
    return lines + [_account_line(row, lang) for row in tables.account.to_dict("records")]


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
    shares[UNSTATED] = unstated_said(row[UNSTATED], lang)
    table = i18n.label("tables", row["table"], lang)
    return i18n.say("cli.came_in", lang, table=table, rows=row["rows"], **shares)


def _account_line(row: dict[Any, Any], lang: str) -> str:
    """Where the rows of a file went."""
    table = i18n.label("tables", row["table"], lang)
    return i18n.say("cli.account", lang, **{**row, "table": table, "file": Path(row["file"]).name})
