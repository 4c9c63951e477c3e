"""The page that a planner hands on, as Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import blank, is_number
from quarterhour.base.escape import escape_markdown
from quarterhour.base.findings import SEVERITIES, UNSTATED, finding_sentences
from quarterhour.base.labels import gap_percent, percent, qualities_shown, unit_label, unstated_said
from quarterhour.report.section import (
    Section,
    absent_lines,
    area_labels,
    area_names,
    circle_name,
    city_row,
    figures,
    headed,
    heading,
    labels,
    met_of,
    mode_name,
    paces,
    rule_names,
    rules_said,
    shown_shares,
)
from quarterhour.report.tables import plan_line, quality_table, site_table, sites_by_quality, unmet_table
from quarterhour.standards.circle import CircleCheck, by_level
from quarterhour.standards.scorecard import Scorecard, note_sentences
from quarterhour.study.results import Proposal, Results

_MOST_FINDINGS = 20


def report_markdown(
    results: Results, lang: str, *, sections: Sequence[Section] = (), charts: Mapping[str, str] | None = None
) -> str:
    """The results as a page of Markdown; text out of files is escaped, so it can be nothing but text.

    ``sections``: further tables. ``charts``: by id of a question the picture's file beside the page.
    """
    names, checks = area_names(results), results.checks
    title = i18n.say("study.title", lang, name=results.study.name(lang))
    head = [f"**{escape_markdown(line)}**" for line in absent_lines(results, lang)]
    parts = [f"# {escape_markdown(title)}", *head, _quality_part(results.inputs.quality, lang)]
    if checks:
        parts += [_circles_part(checks, results.compare, lang), _counties_part(checks, names, lang)]
    if results.scorecard is not None and len(results.scorecard.rows):
        parts += [_scorecard_part(results.scorecard, lang)]
    if results.proposals:
        parts += [f"## {i18n.say('report.plans', lang)}"]
        rules = rule_names(results, lang)
        parts += [part for p in results.proposals
                  for part in _plan_parts(p, names, rules, lang, (charts or {}).get(p.id, ""))]  # fmt: skip
    parts += [_section_part(section, lang) for section in sections]
    parts += [_findings_part(results.findings, lang)]
    return "\n\n".join(p for p in parts if p) + "\n"


def _section_part(section: Section, lang: str) -> str:
    shown = section.table.head(section.page_rows)
    parts = [f"## {i18n.say(f'report.part_{section.key}', lang)}", *map(escape_markdown, section.lines)]
    if len(shown):
        parts.append(_markdown(headed(shown, lang)))
    if len(section.table) > len(shown):
        key = "report.more_rows" if len(shown) else "report.rows_in_book"
        parts.append(i18n.say(key, lang, count=len(section.table) - len(shown)))
    return "\n\n".join(parts)


def _markdown(table: pd.DataFrame) -> str:
    """A table of Markdown; every cell is escaped here and nowhere else."""
    heads = [escape_markdown(str(c).partition("\t")[2]) for c in table.columns]
    keys = [str(c).partition("\t")[0].partition("@")[0] for c in table.columns]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for row in table.itertuples(index=False, name=None):
        lines.append(f"| {' | '.join(_cell(v, k) for v, k in zip(row, keys, strict=True))} |")
    return "\n".join(lines)


def _cell(value: Any, key: str) -> str:
    if blank(value):
        return "—" if key.endswith(("share", "gap")) else ""
    if isinstance(value, str | bool) or not is_number(value):
        return escape_markdown(value)
    if key.endswith("gap"):
        return gap_percent(value)
    return percent(value) if key.endswith("share") else _decimal(float(value))


def _decimal(value: float) -> str:
    """One decimal; of what is below one, three."""
    said = f"{value:,.1f}" if value == 0 or abs(value) >= 1 else f"{value:.3f}".rstrip("0")
    return said.removesuffix(".0").removesuffix(".")


def _quality_part(quality: pd.DataFrame, lang: str) -> str:
    head = f"## {i18n.say('report.quality', lang)}\n\n{i18n.say('report.quality_why', lang)}\n\n"
    return head + _markdown(quality_table(quality, lang))


def _circles_part(checks: Sequence[CircleCheck], compare: Sequence[CircleCheck], lang: str) -> str:
    """The city's share, every walker of a circle beside the others."""
    rows = [(check, shown) for check in checks for shown in (check, *paces(check, compare))]
    here = [city_row(shown) for _, shown in rows]
    table = headed(
        {
            "circle": [check.circle.name(lang) for check, _ in rows],
            "mode": [mode_name(shown.mode_id, lang) for _, shown in rows],
            "heading": labels("report.heading_", [shown.circle.heading for _, shown in rows], lang),
            "minutes": [shown.circle.minutes for _, shown in rows],
            "turnout": [shown.circle.turnout_minutes for _, shown in rows],
            "people_of": labels("people.", [shown.circle.people for _, shown in rows], lang),
            **{k: [r[k] for r in here] for k in ("people_met", "people")},
            "people_share": [
                math.nan if c.impossible else r["share_people"] for r, (c, _) in zip(here, rows, strict=True)
            ],
            **{k: [r[k] for r in here] for k in ("communities_met", "communities")},
            **{
                f"people_{q}": [r[f"people_{q}"] for r in here]
                for q in qualities_shown(pd.DataFrame(here), "people_{}")
            },
        },
        lang,
    )
    reasons = "\n".join(_reason_line(check, lang) for check in checks)
    return f"## {i18n.say('report.circles', lang)}\n\n{_markdown(table)}\n\n{reasons}"


_REASONS = ("met", "too_long", "out_of_reach", "no_way", "not_snapped")


def _reason_line(check: CircleCheck, lang: str) -> str:
    counted = check.communities["reason"].value_counts().reindex(list(_REASONS))
    said: dict[str, Any] = {str(k): int(v) for k, v in counted.fillna(0).items()}
    known = check.searched_minutes
    far = said.pop("no_way") if math.isinf(known) else said.pop("out_of_reach")
    key = "reasons_no_way" if math.isinf(known) else "reasons_searched"
    said["none"] = i18n.say(f"report.{key}", lang, count=far, minutes=known)
    name = escape_markdown(circle_name(check, lang))
    cited = escape_markdown(" · ".join(t for t in (check.circle.clause, check.circle.source, check.circle.date) if t))
    return f"- {i18n.say('report.reasons', lang, name=name, **said)}" + (f" {cited}" if cited else "")


def _counties_part(checks: Sequence[CircleCheck], names: Mapping[tuple[str, str], str], lang: str) -> str:
    tables = [shown_shares(c, by_level(c.shares, "county")["share_people"]) for c in checks]
    areas = tables[0].index
    if not len(areas):
        return ""
    columns: dict[str, Any] = {"county": area_labels(areas, "county", names, lang)}
    columns |= {f"share_people_share@{circle_name(c, lang)}": t.reindex(areas).array
                for c, t in zip(checks, tables, strict=True)}  # fmt: skip
    return f"### {i18n.say('report.by_county', lang)}\n\n{_markdown(headed(columns, lang))}"


def _scorecard_part(scorecard: Scorecard, lang: str) -> str:
    table = scorecard.summary()
    shown = headed(
        {
            "name": table[lang],
            "level": labels("report.level_", table["level"], lang),
            "threshold": figures(table, "threshold"),
            "value": figures(table, "value"),
            "areas_met": [met_of(r, lang) for r in table.itertuples()],
            "synthetic_share": table["synthetic_share"],
            "note": [_note(r, s, lang) for r, s in zip(table.itertuples(), note_sentences(table, lang), strict=True)],
            "source": [_source(r, lang) for r in table.itertuples()],
        },
        lang,
    )
    return f"## {i18n.say('report.scorecard', lang)}\n\n{_markdown(shown)}"


def _note(row: Any, said: str, lang: str) -> str:
    aim = "" if row.binding else i18n.say("report.reported_only", lang)
    unknown = ""
    if 0 < row.areas_no_data < row.areas:
        unknown = i18n.say("report.some_no_data", lang, count=row.areas_no_data)
    return " ".join(t for t in (aim, unknown, said) if t)


def _source(row: Any, lang: str) -> str:
    mark = "" if row.verified else i18n.say("report.unverified", lang)
    return " ".join(t for t in (row.clause, row.source, row.date, mark) if t)


def _plan_parts(
    p: Proposal, names: Mapping[tuple[str, str], str], rules: Mapping[str, str], lang: str, chart: str
) -> list[str]:
    name, plan = p.name(lang), p.plan
    parts = [f"### {escape_markdown(name)}", escape_markdown(plan_line(p, lang))]
    if chart:
        parts.append(f"![{escape_markdown(i18n.say('report.chart', lang, name=name))}]({chart})")
    if len(plan.chosen):
        known = sites_by_quality(p)
        made_up = known["estimated"] or known["synthetic"]
        key = "report.site_quality_made_up" if made_up else "report.site_quality"
        by_word: dict[str, Any] = {**known, UNSTATED: unstated_said(known[UNSTATED], lang)}
        parts += [_markdown(_own_sites(p, names, lang)), escape_markdown(i18n.say(key, lang, **by_word))]
    if len(plan.unmet):
        parts.append(escape_markdown(i18n.say("report.unmet", lang, count=len(plan.unmet))))
        parts.append(_markdown(unmet_table([p], names, lang).iloc[:, 1:]))
    if len(p.ledger):
        by_rule = p.ledger.groupby(["rule", "clause"], sort=False)["candidate"].nunique().reset_index()
        said = [i18n.say("report.ledger", lang, candidate=row["candidate"], clause=row["clause"],
                         rule=rules_said([row["rule"]], rules, lang))
                for row in by_rule.to_dict("records")]  # fmt: skip
        parts.append("\n".join(f"- {escape_markdown(t)}" for t in said))
    return parts


def _own_sites(p: Proposal, names: Mapping[tuple[str, str], str], lang: str) -> pd.DataFrame:
    """The sites of one plan: its name goes without saying, and what it counts into the heading."""
    table = site_table([p], names, lang)
    table.columns = pd.Index([str(c).partition("\t")[0] for c in table.columns])
    key = "report.gain_room" if p.plan.placed else "report.gain_cover"
    gain = i18n.say(key, lang, unit=unit_label(p.plan.unit, lang))
    kept = [c for c in table.columns if c not in ("question", "counted", "id")]
    return table[kept].set_axis([f"{c}\t{gain if c == 'gain' else heading(c, lang)}" for c in kept], axis=1)


def _findings_part(findings: pd.DataFrame, lang: str) -> str:
    head = f"## {i18n.say('report.findings', lang)}\n\n"
    if not len(findings):
        return head + i18n.say("report.no_findings", lang)
    order = findings["severity"].map({s: i for i, s in enumerate(SEVERITIES)})
    first = findings.loc[order.sort_values(kind="stable").index].head(_MOST_FINDINGS)
    marks = labels("report.severity_", first["severity"], lang)
    lines = [
        f"- {escape_markdown(m)}: {escape_markdown(t)}"
        for m, t in zip(marks, finding_sentences(first, lang), strict=True)
    ]
    if len(findings) > len(first):
        lines.append(f"- {i18n.say('report.more_findings', lang, count=len(findings) - len(first))}")
    return head + "\n".join(lines)
